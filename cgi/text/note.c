#include "text/note.h"

#include <string.h>

#include "base/enc.h"
#include "text/utf8.h"

#define NOTE_ED25519 0x01
#define VKEY_KEY_BYTES (1 + CRYPT_SIGN_PUBLIC_BYTES)
#define SIGNATURE_BYTES (NOTE_ID_BYTES + CRYPT_SIGN_BYTES)

static const struct slice dash = SLICE_LIT("\xe2\x80\x94 ");

/* White space of Unicode above ASCII (property White_Space, Unicode 15). */
static bool unicode_space(uint32_t c)
{
	return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029
	    || c == 0x202f || c == 0x205f || c == 0x3000;
}

bool note_name_ok(struct slice name)
{
	size_t at = 0;

	if (!name.len || name.len > NOTE_NAME_MAX_BYTES || !utf8_valid(name))
		return false;
	while (at < name.len) {
		uint32_t c = utf8_next(name, &at);
		if (c <= 0x20 || c == 0x7f || c == '+' || unicode_space(c))
			return false;
	}
	return true;
}

void note_key_id(const struct note_key *k, unsigned char id[NOTE_ID_BYTES])
{
	static const unsigned char between[2] = {'\n', NOTE_ED25519};
	const struct crypt_part parts[] = {
	    {k->name.ptr, k->name.len}, {between, sizeof(between)}, {k->pub, sizeof(k->pub)}};
	unsigned char hash[CRYPT_HASH_BYTES];

	crypt_sha256_parts(hash, parts, 3);
	memcpy(id, hash, NOTE_ID_BYTES);
}

void note_vkey_add(struct buf *out, const struct note_key *k)
{
	unsigned char id[NOTE_ID_BYTES], key[VKEY_KEY_BYTES] = {NOTE_ED25519};
	char hex[ENC_HEX_BYTES(NOTE_ID_BYTES)];

	note_key_id(k, id);
	memcpy(key + 1, k->pub, sizeof(k->pub));
	buf_add_slice(out, k->name);
	buf_printf(out, "+%s+", enc_hex(id, sizeof(id), hex));
	enc_b64_add(out, key, sizeof(key));
}

/* Exactly n bytes, n <= 128. */
static bool b64_exact(struct slice s, unsigned char *dst, size_t n)
{
	struct buf b;
	bool ok;

	if (s.len != (n + 2) / 3 * 4)
		return false;
	buf_init(&b, n);
	ok = enc_b64_decode(s, &b) && b.len == n;
	if (ok)
		memcpy(dst, b.data, n);
	buf_free(&b);
	return ok;
}

bool note_vkey_read(struct slice s, struct note_key *out)
{
	unsigned char id[NOTE_ID_BYTES], want[NOTE_ID_BYTES], key[VKEY_KEY_BYTES];
	struct slice name, hex;

	/* '+' is also a character of base64, so only the first two part. */
	if (!slice_split(&s, '+', &name) || !slice_split(&s, '+', &hex) || !note_name_ok(name))
		return false;
	if (!enc_hex_decode(hex, id, sizeof(id)) || !b64_exact(s, key, sizeof(key)) || key[0] != NOTE_ED25519)
		return false;
	out->name = name;
	memcpy(out->pub, key + 1, sizeof(out->pub));
	note_key_id(out, want);
	return memcmp(id, want, sizeof(id)) == 0;
}

/* UTF-8 without ASCII controls but newline; not empty, ends in newline. */
static bool text_ok(struct slice text)
{
	if (!text.len || text.ptr[text.len - 1] != '\n' || !utf8_valid(text))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.ptr[i] < 0x20 && text.ptr[i] != '\n')
			return false;
	}
	return true;
}

void note_sign(struct buf *out, struct slice text, struct slice name, const struct crypt_key *seed)
{
	unsigned char sig[SIGNATURE_BYTES];
	struct note_key k = {.name = name};

	if (!text_ok(text) || !note_name_ok(name)) {
		buf_fail(out);
		return;
	}
	crypt_sign_public(k.pub, seed);
	note_key_id(&k, sig);
	crypt_sign(sig + NOTE_ID_BYTES, seed, text.ptr, text.len);
	buf_add_slice(out, text);
	buf_add_char(out, '\n');
	buf_add_slice(out, dash);
	buf_add_slice(out, name);
	buf_add_char(out, ' ');
	enc_b64_add(out, sig, sizeof(sig));
	buf_add_char(out, '\n');
}

/* Text and signature lines, at the last empty line. */
static bool note_part(struct slice note, struct slice *text, struct slice *sigs)
{
	if (note.len > NOTE_MAX_BYTES || !text_ok(note))
		return false;
	for (size_t i = note.len - 1; i-- > 0;) {
		if (note.ptr[i] != '\n' || note.ptr[i + 1] != '\n')
			continue;
		*text = slice_sub(note, 0, i + 1);
		*sigs = slice_sub(note, i + 2, note.len);
		return sigs->len > 0;
	}
	return false;
}

struct note_signature {
	struct slice name;
	struct buf raw; /* key id and signature, of whatever kind of key */
};

static bool signature_read(struct slice line, struct note_signature *s)
{
	buf_reset(&s->raw);
	if (!slice_starts(line, dash))
		return false;
	line = slice_sub(line, dash.len, line.len);
	return slice_split(&line, ' ', &s->name) && note_name_ok(s->name) && enc_b64_decode(line, &s->raw)
	    && s->raw.len > NOTE_ID_BYTES;
}

/* UNKNOWN: not this key's. */
static enum note_verdict signature_check(const struct note_signature *s, const struct note_key *k, struct slice text)
{
	const unsigned char *raw = (const unsigned char *)s->raw.data;
	unsigned char id[NOTE_ID_BYTES];

	note_key_id(k, id);
	if (!slice_eq(s->name, k->name) || memcmp(raw, id, sizeof(id)) != 0)
		return NOTE_UNKNOWN;
	if (s->raw.len != SIGNATURE_BYTES || !crypt_verify(raw + NOTE_ID_BYTES, k->pub, text.ptr, text.len))
		return NOTE_FORGED;
	return NOTE_GOOD;
}

/* One line: what it adds to the verdict. */
static enum note_verdict signature_line(struct slice line, struct note_signature *s, const struct note_key *keys,
    size_t count, struct slice text, size_t *signer)
{
	if (!signature_read(line, s))
		return NOTE_MALFORMED;
	for (size_t i = 0; i < count; i++) {
		enum note_verdict v = signature_check(s, &keys[i], text);
		if (v == NOTE_UNKNOWN)
			continue;
		*signer = i;
		return v;
	}
	return NOTE_UNKNOWN;
}

enum note_verdict note_verify(struct slice note, const struct note_key *keys, size_t count, struct slice *text,
    size_t *signer)
{
	enum note_verdict all = NOTE_UNKNOWN, v = NOTE_UNKNOWN;
	struct note_signature s;
	struct slice sigs, line;
	size_t by = 0;

	*text = slice_make(NULL, 0);
	if (!note_part(note, text, &sigs))
		return NOTE_MALFORMED;
	sigs.len--; /* the last newline */
	buf_init(&s.raw, sigs.len);
	for (unsigned n = 0; v != NOTE_MALFORMED && slice_split(&sigs, '\n', &line); n++) {
		v = n < NOTE_SIGNATURES_MAX ? signature_line(line, &s, keys, count, *text, &by) : NOTE_MALFORMED;
		if (v == NOTE_GOOD && all == NOTE_UNKNOWN && signer)
			*signer = by;
		if (v == NOTE_FORGED || (v == NOTE_GOOD && all == NOTE_UNKNOWN))
			all = v;
	}
	buf_free(&s.raw);
	return v == NOTE_MALFORMED ? v : all;
}

/* ---- checkpoints */

void note_checkpoint_add(struct buf *out, struct slice origin, uint64_t size,
    const unsigned char root[CRYPT_HASH_BYTES])
{
	if (!note_name_ok(origin)) {
		buf_fail(out);
		return;
	}
	buf_add_slice(out, origin);
	buf_add_char(out, '\n');
	buf_add_u64(out, size);
	buf_add_char(out, '\n');
	enc_b64_add(out, root, CRYPT_HASH_BYTES);
	buf_add_char(out, '\n');
}

bool note_checkpoint_read(struct slice text, struct note_checkpoint *out)
{
	struct slice size, root, line, rest;
	unsigned long long n;

	if (!text_ok(text))
		return false;
	text.len--;
	if (!slice_split(&text, '\n', &out->origin) || !slice_split(&text, '\n', &size)
	    || !slice_split(&text, '\n', &root))
		return false;
	if (!out->origin.len || !slice_u64(size, &n) || (size.len > 1 && size.ptr[0] == '0'))
		return false;
	out->size = n;
	out->rest = rest = text;
	while (slice_split(&rest, '\n', &line)) {
		if (!line.len)
			return false;
	}
	return b64_exact(root, out->root, sizeof(out->root));
}

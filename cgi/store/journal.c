/* journal: its lines, read and written. What is in them and when: journal_keep.c. */
#include "store/journal.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/bug.h"
#include "base/clock.h"
#include "base/enc.h"
#include "base/file.h"

#define FIRST "jawort-journal 1 "
#define LINE_MAX_BYTES 512

static const struct shape {
	const char *name;
	unsigned ints, blob;
	bool word;
} shapes[JOURNAL_KIND__MAX] = {
	[JOURNAL_ERASED] = {"erased", 1, 0, false},
	[JOURNAL_LEFT] = {"left", 2, 0, false},
	[JOURNAL_BLOCKED] = {"blocked", 4, 16, true},
	[JOURNAL_SIGNED] = {"signed", 1, 32, false},
	[JOURNAL_ALIVE] = {"alive", 4, 0, false},
	[JOURNAL_RESTORED] = {"restored", 2, 0, false},
	[JOURNAL_KEPT] = {"kept", 2, 0, false},
};

const char *journal_kind_name(enum journal_kind k)
{
	return k > 0 && k < JOURNAL_KIND__MAX ? shapes[k].name : "?";
}

static enum journal_kind kind_of(struct slice name)
{
	int k = 1;

	while (k < JOURNAL_KIND__MAX && !slice_eq_str(name, shapes[k].name))
		k++;
	return (enum journal_kind)k;
}

/* The MAC of a line (without it) behind another. */
static void line_mac(const struct keyring *ring, const unsigned char before[JOURNAL_MAC_BYTES], struct slice line,
    unsigned char out[JOURNAL_MAC_BYTES])
{
	unsigned char text[JOURNAL_MAC_BYTES + LINE_MAX_BYTES];
	struct crypt_key key;

	bug_if(line.len > LINE_MAX_BYTES);
	memcpy(text, before, JOURNAL_MAC_BYTES);
	memcpy(text + JOURNAL_MAC_BYTES, line.ptr, line.len);
	crypt_key_derive(&key, keyring_lookup(ring), "journal");
	crypt_keyed(out, JOURNAL_MAC_BYTES, &key, text, JOURNAL_MAC_BYTES + line.len);
	crypt_wipe(&key, sizeof(key));
}

/* What a line says about ids and checkpoints, for those who must not use them again. */
static void end_note(struct journal_end *end, const struct journal_record *r)
{
	end->n = r->n;
	end->at_ms = r->at_ms;
	if (!end->first_ms)
		end->first_ms = r->at_ms;
	for (int i = 0; r->kind == JOURNAL_ALIVE && i < JOURNAL_INTS; i++)
		if (r->v[i] > end->ids[i])
			end->ids[i] = r->v[i];
	if ((r->kind == JOURNAL_ERASED || r->kind == JOURNAL_LEFT || r->kind == JOURNAL_KEPT) && r->v[0] > end->ids[0])
		end->ids[0] = r->v[0];
	if (r->kind == JOURNAL_RESTORED)
		end->turn = r->v[1];
	if (r->kind != JOURNAL_SIGNED || r->v[0] < end->signed_size)
		return;
	end->signed_size = r->v[0];
	memcpy(end->signed_root, r->blob, sizeof(end->signed_root));
}

static bool take_int(struct slice *line, int64_t *out)
{
	unsigned long long n;
	struct slice word;

	if (!slice_split(line, ' ', &word) || !slice_u64(word, &n) || n > INT64_MAX)
		return false;
	*out = (int64_t)n;
	return true;
}

/* "N TIME KIND ..." without the MAC. */
static bool record_read(struct slice line, struct journal_record *r)
{
	struct slice word;

	memset(r, 0, sizeof(*r));
	if (!take_int(&line, &r->n) || !slice_split(&line, ' ', &word))
		return false;
	r->at_ms = clock_parse_iso(word.ptr, word.len);
	if (r->at_ms < 0 || !slice_split(&line, ' ', &word))
		return false;
	r->kind = kind_of(word);
	if (r->kind == JOURNAL_KIND__MAX)
		return false;
	for (unsigned i = 0; i < shapes[r->kind].ints; i++)
		if (!take_int(&line, &r->v[i]))
			return false;
	if (shapes[r->kind].blob && (!slice_split(&line, ' ', &word) || !enc_hex_decode(word, r->blob, shapes[r->kind].blob)))
		return false;
	if (shapes[r->kind].word && (!slice_split(&line, ' ', &word) || !word.len || !slice_copy(word, r->word, sizeof(r->word))))
		return false;
	return line.ptr == NULL;
}

/* Splits "TEXT MAC" and checks the chain. */
static bool line_check(const struct keyring *ring, struct slice line, struct journal_end *end, struct slice *text)
{
	unsigned char said[JOURNAL_MAC_BYTES], mac[JOURNAL_MAC_BYTES];
	const size_t tail = 1 + 2 * JOURNAL_MAC_BYTES;

	if (line.len <= tail || line.len - tail > LINE_MAX_BYTES || line.ptr[line.len - tail] != ' ' ||
	    !enc_hex_decode(slice_sub(line, line.len - tail + 1, tail - 1), said, sizeof(said)))
		return false;
	*text = slice_sub(line, 0, line.len - tail);
	line_mac(ring, end->mac, *text, mac);
	if (!crypt_equal(mac, said, sizeof(mac)))
		return false;
	memcpy(end->mac, mac, sizeof(mac));
	return true;
}

/* "jawort-journal 1 SITE RING N MAC0 MAC". */
static enum err first_line(struct slice line, const struct keyring *ring, const char *site, struct journal_end *end,
    struct errinfo *ei)
{
	unsigned char print[KEYRING_FINGERPRINT_BYTES], have[KEYRING_FINGERPRINT_BYTES], begin[JOURNAL_MAC_BYTES];
	struct slice rest = line, name, ring_hex, mac_hex, text;
	bool fits = slice_starts(rest, SLICE(FIRST));

	rest = fits ? slice_sub(rest, sizeof(FIRST) - 1, rest.len) : rest;
	fits = fits && slice_split(&rest, ' ', &name) && slice_split(&rest, ' ', &ring_hex) && take_int(&rest, &end->n) &&
	    slice_split(&rest, ' ', &mac_hex) && enc_hex_decode(ring_hex, have, sizeof(have)) &&
	    enc_hex_decode(mac_hex, begin, sizeof(begin));
	if (!fits)
		return err_set(ei, E_INVALID, "line 1 is not \"" FIRST "SITE...\"; is this a journal of erasures?");
	keyring_fingerprint(ring, print);
	if (!slice_eq_str(name, site) || memcmp(print, have, sizeof(print)) != 0)
		return err_set(ei, E_DENIED, "this journal belongs to site %.*s%s, not to %s", SLICE_FMT(slice_sub(name, 0, 40)),
		    slice_eq_str(name, site) ? " with other keys" : "", site);
	memset(end->mac, 0, sizeof(end->mac));
	if (!line_check(ring, line, end, &text))
		return err_set(ei, E_DENIED, "line 1 was altered: its checksum does not fit");
	memcpy(end->mac, begin, sizeof(begin));
	memcpy(end->base_mac, begin, sizeof(begin));
	end->base_n = end->n;
	return OK;
}

static enum err next_line(struct slice line, int no, const struct keyring *ring, struct journal_end *end,
    struct journal_record *r, struct errinfo *ei)
{
	struct slice text;

	if (!line_check(ring, line, end, &text))
		return err_set(ei, E_DENIED, "line %d was altered, or lines before it are missing: its checksum does not fit the "
		    "line before", no);
	if (!record_read(text, r) || r->n != end->n + 1)
		return err_set(ei, E_INVALID, "line %d is not one of this program; was the journal written by a newer one?", no);
	end_note(end, r);
	return OK;
}

enum err journal_parse(struct slice text, const struct keyring *ring, const char *site,
    bool (*cb)(const struct journal_record *r, const unsigned char mac[JOURNAL_MAC_BYTES], void *arg), void *arg,
    struct journal_end *end, struct errinfo *ei)
{
	struct journal_record r;
	size_t at = 0, nl;
	enum err rc = OK;

	memset(end, 0, sizeof(*end));
	for (int no = 1; !rc && (nl = slice_find(text, '\n', at)) < text.len; no++) {
		struct slice line = slice_sub(text, at, nl - at);

		rc = no == 1 ? first_line(line, ring, site, end, ei) : next_line(line, no, ring, end, &r, ei);
		if (!rc && no > 1 && cb && !cb(&r, end->mac, arg))
			cb = NULL;
		at = nl + 1;
	}
	if (!rc && at == 0)
		rc = err_set(ei, E_INVALID, "no whole line; is this a journal of erasures?");
	end->bytes = at;
	end->torn = at < text.len;
	return rc;
}

enum err journal_read(const char *path, const struct keyring *ring, const char *site,
    bool (*cb)(const struct journal_record *r, const unsigned char mac[JOURNAL_MAC_BYTES], void *arg), void *arg,
    struct journal_end *end, struct errinfo *ei)
{
	struct buf b;
	enum err rc;

	memset(end, 0, sizeof(*end));
	buf_init(&b, JOURNAL_FILE_MAX_BYTES);
	rc = file_read(&b, path, ei);
	if (!rc) {
		rc = journal_parse(buf_slice(&b), ring, site, cb, arg, end, ei);
		if (rc)
			err_wrap(ei, "%s", path);
	}
	buf_free(&b);
	return rc;
}

/* Puts " MAC\n" behind the line that begins at start. */
static void line_end(struct buf *out, size_t start, const struct keyring *ring, const unsigned char before[JOURNAL_MAC_BYTES],
    unsigned char mac[JOURNAL_MAC_BYTES])
{
	char hex[ENC_HEX_BYTES(JOURNAL_MAC_BYTES)];

	if (!buf_ok(out))
		return;
	line_mac(ring, before, slice_make(out->data + start, out->len - start), mac);
	buf_printf(out, " %s\n", enc_hex(mac, JOURNAL_MAC_BYTES, hex));
}

void journal_begin(struct buf *out, const struct keyring *ring, const char *site, int64_t n,
    const unsigned char mac[JOURNAL_MAC_BYTES], struct journal_end *end)
{
	static const unsigned char nothing[JOURNAL_MAC_BYTES];
	unsigned char print[KEYRING_FINGERPRINT_BYTES], own[JOURNAL_MAC_BYTES];
	char hex[ENC_HEX_BYTES(JOURNAL_MAC_BYTES)];
	size_t start = out->len;

	memset(end, 0, sizeof(*end));
	keyring_fingerprint(ring, print);
	buf_printf(out, FIRST "%s %s", site, enc_hex(print, sizeof(print), hex));
	buf_printf(out, " %" PRId64 " %s", n, enc_hex(mac, JOURNAL_MAC_BYTES, hex));
	line_end(out, start, ring, nothing, own);
	end->n = end->base_n = n;
	memcpy(end->mac, mac, sizeof(end->mac));
	memcpy(end->base_mac, mac, sizeof(end->base_mac));
	end->bytes = out->len - start;
}

void journal_line(struct buf *out, const struct keyring *ring, struct journal_record *r, struct journal_end *end)
{
	const struct shape *s = &shapes[r->kind];
	char hex[ENC_HEX_BYTES(STORE_HASH_BYTES)], when[CLOCK_ISO_BYTES];
	size_t start = out->len;

	r->n = end->n + 1;
	buf_printf(out, "%" PRId64 " %s %s", r->n, clock_iso(r->at_ms, when), s->name);
	for (unsigned i = 0; i < s->ints; i++)
		buf_printf(out, " %" PRId64, r->v[i]);
	if (s->blob)
		buf_printf(out, " %s", enc_hex(r->blob, s->blob, hex));
	if (s->word)
		buf_printf(out, " %s", r->word);
	journal_seal(out, start, ring, end);
	end_note(end, r);
}

void journal_seal(struct buf *out, size_t start, const struct keyring *ring, struct journal_end *end)
{
	line_end(out, start, ring, end->mac, end->mac);
	end->bytes += out->len - start;
}

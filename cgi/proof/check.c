#include "proof/check_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "text/utf8.h"

#define FORMAT "jawort-bundle 1"
#define HEAD "{\"bundle\":\n"
#define MIDDLE ",\"signature\":"

static const char *const fault_names[CHECK_FAULT__MAX] = {
    [CHECK_FRAME] = "frame", [CHECK_JSON] = "json", [CHECK_MEMBER] = "member", [CHECK_FORMAT] = "format",
    [CHECK_SIGNATURE] = "signature", [CHECK_KEY] = "key", [CHECK_PART] = "part", [CHECK_COMMITMENT] = "commitment",
    [CHECK_CORE] = "core", [CHECK_CHAIN] = "chain", [CHECK_TEXT] = "text", [CHECK_TEXT_GONE] = "text_gone",
    [CHECK_TEXT_LOOSE] = "text_loose", [CHECK_RECORD] = "record", [CHECK_CHECKPOINT] = "checkpoint",
    [CHECK_PATH] = "path", [CHECK_PATH_GONE] = "path_gone", [CHECK_STAMP] = "stamp",
};

const char *check_fault_name(enum check_fault_kind k)
{
	return k >= 0 && k < CHECK_FAULT__MAX ? fault_names[k] : "?";
}

void check_fault(struct check *c, enum check_fault_kind kind, const char *detail, const char *place, ...)
{
	char text[CHECK_PLACE_BYTES];
	struct check_fault *f;
	va_list ap;

	if (c->r->nfaults++ >= CHECK_FAULTS_MAX)
		return;
	f = &c->r->fault[c->r->nfaults - 1];
	f->kind = kind;
	check_plain(slice_from(detail), f->detail, sizeof(f->detail));
	va_start(ap, place);
	vsnprintf(text, sizeof(text), place, ap);
	va_end(ap);
	check_plain(slice_from(text), f->place, sizeof(f->place));
}

void check_plain(struct slice s, char *dst, size_t size)
{
	size_t at = 0, n = 0;

	while (at < s.len) {
		struct slice one = slice_sub(s, at, s.len);
		size_t len = 0;
		if (utf8_next(one, &len) == UINT32_MAX)
			len = 1;
		one = slice_sub(one, 0, len);
		at += len;
		if (!utf8_valid(one) || utf8_has_control(one, false))
			one = SLICE("?");
		if (n + one.len >= size)
			break;
		memcpy(dst + n, one.ptr, one.len);
		n += one.len;
	}
	dst[n] = '\0';
}

struct slice check_str(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_string(v) ? slice_make(json_string_value(v), json_string_length(v)) : SLICE("");
}

bool check_hex(const json_t *o, const char *key, unsigned char out[32])
{
	return enc_hex_decode(check_str(o, key), out, 32);
}

/* ---- keys that were given */

static bool key_line(struct check_keys *out, struct slice line)
{
	struct note_key k;

	if (line.len == ENC_B64URL_BYTES(CRYPT_SIGN_PUBLIC_BYTES) - 1
	    && enc_b64url_decode(line, out->pub[out->n], CRYPT_SIGN_PUBLIC_BYTES))
		return true;
	if (!note_vkey_read(line, &k))
		return false;
	memcpy(out->pub[out->n], k.pub, CRYPT_SIGN_PUBLIC_BYTES);
	return true;
}

/* `jawort key show-public` says more behind a key. */
static size_t word_end(struct slice line)
{
	size_t n = 0;

	while (n < line.len && line.ptr[n] != ' ' && line.ptr[n] != '\t')
		n++;
	return n;
}

enum err check_keys_read(struct check_keys *out, struct slice text, struct errinfo *ei)
{
	struct slice rest = text, line;
	unsigned no = 0;

	while (slice_split(&rest, '\n', &line)) {
		line = slice_trim(line);
		line = slice_sub(line, 0, word_end(line));
		no++;
		if (!line.len || line.ptr[0] == '#')
			continue;
		if (out->n == CHECK_KEYS_MAX)
			return err_set(ei, E_LIMIT, "more than %d keys", CHECK_KEYS_MAX);
		if (!key_line(out, line))
			return err_set(ei, E_INVALID, "line %u is no public key (`jawort key show-public` prints one)", no);
		out->n++;
	}
	return OK;
}

static bool key_given(const struct check_keys *given, const unsigned char pub[CRYPT_SIGN_PUBLIC_BYTES])
{
	for (size_t i = 0; i < given->n; i++)
		if (memcmp(given->pub[i], pub, CRYPT_SIGN_PUBLIC_BYTES) == 0)
			return true;
	return given->n == 0;
}

/* The bundle's own list; only keys that were given count, if any were. */
static void keys_read(struct check *c)
{
	const json_t *keys = json_object_get(c->root, "keys"), *one;
	struct note_key k;
	size_t i;

	json_array_foreach(keys, i, one) {
		if (!note_vkey_read(slice_make(json_string_value(one), json_string_length(one)), &k))
			check_fault(c, CHECK_KEY, "not a verifier key of Ed25519", "/bundle/keys/%zu", i);
		else if (c->nkeys < CHECK_KEYS_MAX && key_given(c->given, k.pub))
			c->key[c->nkeys++] = k;
	}
}

/* ---- frame and signature */

struct frame {
	struct slice body, signature;
};

/* Line by line, from the end: "}", the signature, the middle. */
static bool frame_read(struct slice file, struct frame *f)
{
	static const char tail[] = "\n}\n";
	struct slice rest;
	size_t at, middle = sizeof(MIDDLE) - 1;

	if (!slice_starts(file, SLICE(HEAD)) || !slice_ends(file, SLICE(tail)))
		return false;
	rest = slice_sub(file, 0, file.len - (sizeof(tail) - 1));
	for (at = rest.len; at && rest.ptr[at - 1] != '\n'; at--)
		;
	f->signature = slice_sub(rest, at, rest.len);
	if (at < sizeof(HEAD) - 1 + middle + 1)
		return false;
	rest = slice_sub(rest, 0, at - 1);
	if (!slice_ends(rest, SLICE("\n" MIDDLE)))
		return false;
	f->body = slice_sub(rest, sizeof(HEAD) - 1, rest.len - middle - (sizeof(HEAD) - 1));
	return f->body.len > 0;
}

static bool signature_good(struct slice body, const unsigned char *sig, const unsigned char *pub)
{
	unsigned char text[sizeof(FORMAT) + CRYPT_HASH_BYTES] = FORMAT "\n";

	crypt_sha256(text + sizeof(FORMAT), body.ptr, body.len);
	return crypt_verify(sig, pub, text, sizeof(text));
}

/* The one spelling of a signature line. */
static bool signature_line(struct buf *out, struct slice key, struct slice sig)
{
	buf_add_str(out, "{\"key\":\"");
	buf_add_slice(out, key);
	buf_add_str(out, "\",\"ed25519\":\"");
	buf_add_slice(out, sig);
	buf_add_str(out, "\"}");
	return buf_ok(out);
}

static void signature_check(struct check *c, const struct frame *f)
{
	json_t *o = json_loadb(f->signature.ptr, f->signature.len, JSON_REJECT_DUPLICATES, NULL);
	struct slice key = check_str(o, "key"), text = check_str(o, "ed25519");
	struct note_key k;
	struct buf line, sig;

	buf_init(&line, 1024);
	buf_init(&sig, CRYPT_SIGN_BYTES);
	if (!signature_line(&line, key, text) || !slice_eq(buf_slice(&line), f->signature) || !note_vkey_read(key, &k)
	    || !enc_b64_decode(text, &sig) || sig.len != CRYPT_SIGN_BYTES) {
		check_fault(c, CHECK_FRAME, "the line of the signature", "/signature");
	} else if (!signature_good(f->body, (const unsigned char *)sig.data, k.pub)) {
		check_fault(c, CHECK_SIGNATURE, "", "/signature/ed25519");
	} else {
		check_plain(key, c->r->signer, sizeof(c->r->signer));
		if (!key_given(c->given, k.pub))
			check_fault(c, CHECK_KEY, "", "/signature/key");
		else
			c->r->keys_given = c->given->n > 0;
	}
	buf_free(&line);
	buf_free(&sig);
	json_decref(o);
}

/* The signer stands in the bundle's own list as well, so that a list of keys speaks for itself. */
static void signer_listed(struct check *c)
{
	const json_t *keys = json_object_get(c->root, "keys"), *one;
	size_t i;

	json_array_foreach(keys, i, one)
		if (strcmp(json_string_value(one), c->r->signer) == 0)
			return;
	if (*c->r->signer)
		check_fault(c, CHECK_KEY, "the signing key is not among the keys of the bundle", "/bundle/keys");
}

/* ---- the whole */

static void facts(struct check *c)
{
	const json_t *site = json_object_get(c->root, "site"), *person = json_object_get(c->root, "person");

	c->r->person = json_integer_value(json_object_get(person, "number"));
	check_plain(check_str(site, "id"), c->r->site, sizeof(c->r->site));
	check_plain(check_str(site, "base_url"), c->r->base_url, sizeof(c->r->base_url));
	check_plain(check_str(site, "controller"), c->r->controller, sizeof(c->r->controller));
	check_plain(check_str(person, "address"), c->r->address, sizeof(c->r->address));
	check_plain(check_str(c->root, "made"), c->r->made, sizeof(c->r->made));
}

static void body_check(struct check *c, struct slice body)
{
	json_error_t je;

	c->root = json_loadb(body.ptr, body.len, JSON_REJECT_DUPLICATES, &je);
	if (!c->root) {
		char detail[CHECK_DETAIL_BYTES];
		snprintf(detail, sizeof(detail), "line %d, column %d: %.70s", je.line + 1, je.column, je.text);
		check_fault(c, CHECK_JSON, detail, "/bundle");
		return;
	}
	if (!slice_eq_str(check_str(c->root, "format"), FORMAT)) {
		check_fault(c, CHECK_FORMAT, "", "/bundle/format");
		return;
	}
	if (!check_schema(c, c->root))
		return;
	facts(c);
	keys_read(c);
	signer_listed(c);
	check_events(c);
	check_texts(c);
	check_records(c);
	check_points(c);
	check_paths(c);
}

enum err check_bundle(struct slice file, const struct check_keys *keys, struct check_report *out, struct errinfo *ei)
{
	struct check c = {.given = keys, .r = out};
	struct frame f;

	memset(out, 0, sizeof(*out));
	if (file.len > CHECK_FILE_MAX_BYTES)
		return err_set(ei, E_LIMIT, "the file is over %u MiB", CHECK_FILE_MAX_BYTES >> 20);
	if (!frame_read(file, &f)) {
		check_fault(&c, CHECK_FRAME, "the first line and the last three", "%s", "");
		return OK;
	}
	signature_check(&c, &f);
	body_check(&c, f.body);
	json_decref(c.root);
	free(c.event);
	free(c.good);
	return OK;
}

/* ---- time stamps */

static bool stamp_hand(const json_t *point, size_t i, size_t k, void (*cb)(const struct check_stamp *s, void *arg),
    void *arg)
{
	const json_t *one = json_array_get(json_object_get(point, "stamps"), k);
	struct slice note = check_str(point, "note");
	struct check_stamp s = {.size = json_integer_value(json_object_get(point, "size"))};
	char place[CHECK_PLACE_BYTES];
	struct buf token;
	bool ok;

	snprintf(place, sizeof(place), "/bundle/checkpoints/%zu/stamps/%zu", i, k);
	buf_init(&token, json_string_length(one) + 1);
	ok = enc_b64_decode(slice_make(json_string_value(one), json_string_length(one)), &token);
	s.place = place;
	s.token = buf_slice(&token);
	crypt_sha256(s.digest, note.ptr, note.len);
	if (ok)
		cb(&s, arg);
	buf_free(&token);
	return ok;
}

enum err check_stamps(struct slice file, void (*cb)(const struct check_stamp *s, void *arg), void *arg,
    struct errinfo *ei)
{
	struct frame f;
	json_t *root = frame_read(file, &f) ? json_loadb(f.body.ptr, f.body.len, JSON_REJECT_DUPLICATES, NULL) : NULL;
	const json_t *points = json_object_get(root, "checkpoints"), *point;
	bool ok = root != NULL;
	size_t i;

	json_array_foreach(points, i, point)
		for (size_t k = 0; ok && k < json_array_size(json_object_get(point, "stamps")); k++)
			ok = stamp_hand(point, i, k, cb, arg);
	json_decref(root);
	return ok ? OK : err_set(ei, E_INVALID, "this is no bundle");
}

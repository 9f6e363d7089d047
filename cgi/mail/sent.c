#include "mail/sent.h"

#include <jansson.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/enc.h"
#include "mail/sent_priv.h"
#include "text/jsonw.h"

#define SENT_URL_ARENA_BYTES 4096

_Static_assert(SENT_HASH_BYTES == CRYPT_HASH_BYTES, "SHA-256");

/* Slots whose values hold a token. */
static bool slot_is_secret(int slot)
{
	return slot == MESSAGE_LINK || slot == MESSAGE_UNSUBSCRIBE;
}

struct slice sent_mask(struct arena *a, struct slice url)
{
	size_t from = url.len;
	struct buf b;

	while (from > 0 && url.ptr[from - 1] != '/')
		from--;
	from += SENT_TOKEN_SHOWN_CHARS;
	buf_init_arena(&b, a, url.len + 1);
	buf_add_slice(&b, slice_sub(url, 0, from));
	while (b.len < url.len && buf_ok(&b))
		buf_add_char(&b, '*');
	return buf_slice(&b);
}

/* Length and sum of the mail as it leaves, with whole tokens. */
static enum err sent_sum(struct jsonw *w, const struct message *m, struct errinfo *ei)
{
	char date[CLOCK_RFC5322_BYTES], zone[64], hex[ENC_HEX_BYTES(SENT_HASH_BYTES)];
	unsigned char hash[SENT_HASH_BYTES];
	struct buf mime;
	bool ok;

	if (!slice_copy(m->zone, zone, sizeof(zone)))
		return err_set(ei, E_INVALID, "mail: the time zone is too long");
	clock_rfc5322(m->date_ms, zone, date);
	buf_init(&mime, MESSAGE_MIME_MAX_BYTES);
	sent1_mime(&mime, m, slice_from(date));
	ok = buf_ok(&mime);
	crypt_sha256(hash, mime.data, mime.len);
	jsonw_kcstr(w, "date_header", date);
	jsonw_kint(w, "bytes", (int64_t)mime.len);
	jsonw_kcstr(w, "sha256", enc_hex(hash, sizeof(hash), hex));
	buf_free(&mime);
	return ok ? OK : err_set(ei, E_INVALID, "mail: it cannot be written as a message");
}

enum err sent_write(struct buf *out, const struct message *m, const struct message_slots *v, struct errinfo *ei)
{
	struct arena a;
	struct jsonw w;
	enum err rc;

	arena_init(&a, SENT_URL_ARENA_BYTES);
	jsonw_init(&w, out);
	jsonw_object(&w);
	jsonw_kint(&w, "v", SENT_FORMAT);
	for (int i = 0; i < MESSAGE_SLOT__MAX; i++)
		if (v->value[i].len)
			jsonw_kstr(&w, message_slot_name((enum message_slot)i),
			    slot_is_secret(i) ? sent_mask(&a, v->value[i]) : v->value[i]);
	rc = sent_sum(&w, m, ei);
	jsonw_end_object(&w);
	if (!rc && !arena_ok(&a))
		rc = err_set(ei, E_NOMEM, "mail: no memory to hide a token");
	arena_free(&a);
	if (!rc && !buf_ok(out))
		rc = err_set(ei, E_LIMIT, "mail: its evidence does not fit into %zu bytes", out->max_bytes);
	return rc;
}

static struct slice text_of(struct arena *a, const json_t *root, const char *key)
{
	const json_t *v = json_object_get(root, key);

	return json_is_string(v) ? arena_dup(a, slice_make(json_string_value(v), json_string_length(v))) : SLICE("");
}

static enum err sent_take(struct arena *a, const json_t *root, struct sent *out, struct errinfo *ei)
{
	const json_t *version = json_object_get(root, "v");

	memset(out, 0, sizeof(*out));
	if (!json_is_integer(version) || json_integer_value(version) != SENT_FORMAT)
		return err_set(ei, E_INVALID, "mail: its evidence is not of format %d", SENT_FORMAT);
	for (int i = 0; i < MESSAGE_SLOT__MAX; i++)
		out->slot[i] = text_of(a, root, message_slot_name((enum message_slot)i));
	out->date_header = text_of(a, root, "date_header");
	out->bytes = json_integer_value(json_object_get(root, "bytes"));
	if (!enc_hex_decode(text_of(a, root, "sha256"), out->sha256, sizeof(out->sha256)) || !out->date_header.len)
		return err_set(ei, E_INVALID, "mail: its evidence lacks date_header or sha256");
	return arena_ok(a) ? OK : err_set(ei, E_NOMEM, "mail: no memory for its evidence");
}

enum err sent_read(struct arena *a, struct slice json, struct sent *out, struct errinfo *ei)
{
	json_t *root = json_loadb(json.ptr ? json.ptr : "", json.len, JSON_REJECT_DUPLICATES, NULL);
	enum err rc = sent_take(a, root, out, ei);

	json_decref(root);
	return rc;
}

enum err sent_fill(struct arena *a, struct slice stored, const struct sent *s, struct message *out, struct errinfo *ei)
{
	return sent1_fill(a, stored, s->slot, out, ei);
}

void sent_mime(struct buf *out, const struct message *m, const struct sent *s)
{
	sent1_mime(out, m, s->date_header);
}

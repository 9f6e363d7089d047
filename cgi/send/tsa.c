#include "send/tsa.h"

#include <string.h>

#include "send/http.h"
#include "store/anchor.h"
#include "store/checkpoint.h"

#define NOTE_ROOM_BYTES (64u * 1024u)

static enum err note_read(struct store *st, struct checkpoint *cp, unsigned char digest[CRYPT_HASH_BYTES],
    struct errinfo *ei)
{
	struct buf note;
	struct db *db;
	enum err rc = store_read(st, &db, ei);

	if (rc)
		return rc;
	buf_init(&note, NOTE_ROOM_BYTES);
	rc = checkpoint_last(db, cp, &note, ei);
	store_read_end(st, db);
	if (!rc)
		crypt_sha256(digest, note.data, note.len);
	buf_free(&note);
	return rc;
}

/* An answer is taken whatever its type says: what counts is whether it holds. */
static enum err ask(const struct conf_site *c, struct slice question, struct buf *answer, struct errinfo *ei)
{
	const struct http_opts opts = {.parallel = 1, .total_timeout_ms = TSA_TIMEOUT_MS};
	struct http_call call = {.method = "POST", .url = c->log.tsa_url, .body = question};
	struct http *h = http_new(&opts);
	enum err rc;

	if (!h)
		return err_set(ei, E_NOMEM, "no memory for a request");
	call.headers[0].name = "Content-Type";
	call.headers[0].value = STAMP_ASK_TYPE;
	call.headers[1].name = "Accept";
	call.headers[1].value = STAMP_ANSWER_TYPE;
	call.nheaders = 2;
	rc = http_do(h, &call, ei);
	if (!rc && call.outcome != HTTP_ANSWER)
		rc = err_set(ei, E_UPSTREAM, "time stamp authority %s: no answer: %s", c->log.tsa_url, call.error);
	else if (!rc && call.status != 200)
		rc = err_set(ei, E_UPSTREAM, "time stamp authority %s: status %d", c->log.tsa_url, call.status);
	if (!rc)
		buf_add_slice(answer, buf_slice(&call.reply));
	http_call_free(&call);
	http_free(h);
	return rc || buf_ok(answer) ? rc : err_set(ei, E_INVALID, "time stamp authority %s: an answer of more than 64 KiB",
	    c->log.tsa_url);
}

static enum err keep(const struct conf_site *c, struct store *st, const struct checkpoint *cp, const struct stamp *s,
    struct slice token, struct errinfo *ei)
{
	const struct anchor a = {.size = cp->size, .kind = ANCHOR_STAMP, .at_ms = s->time_ms,
	    .source = slice_from(c->log.tsa_url), .data = token};
	struct db *db;
	enum err rc = store_write_begin(st, &db, ei);

	if (rc)
		return rc;
	rc = anchor_put(db, &a, ei);
	if (rc)
		store_write_rollback(st);
	else
		rc = store_write_commit(st, ei);
	return rc;
}

enum err tsa_stamp(const struct conf_site *c, struct store *st, struct stamp *out, struct errinfo *ei)
{
	unsigned char digest[CRYPT_HASH_BYTES], nonce[STAMP_NONCE_BYTES];
	struct buf question, answer, token;
	struct checkpoint cp;
	enum err rc;

	crypt_random(nonce, sizeof(nonce));
	buf_init(&question, STAMP_MAX_BYTES);
	buf_init(&answer, STAMP_MAX_BYTES);
	buf_init(&token, ANCHOR_DATA_MAX_BYTES);
	rc = note_read(st, &cp, digest, ei);
	if (!rc)
		rc = stamp_ask(digest, nonce, &question, ei);
	if (!rc)
		rc = ask(c, buf_slice(&question), &answer, ei);
	if (!rc)
		rc = stamp_take(buf_slice(&answer), buf_slice(&question), c->log.tsa_ca_file, out, &token, ei);
	if (!rc)
		rc = keep(c, st, &cp, out, buf_slice(&token), ei);
	buf_free(&question);
	buf_free(&answer);
	buf_free(&token);
	return rc;
}

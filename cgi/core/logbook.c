#include "core/logbook.h"

#include <stdlib.h>
#include <string.h>

#include "base/bug.h"
#include "core/logbook_priv.h"
#include "store/event.h"
#include "store/keyring.h"
#include "store/meta.h"
#include "store/tile.h"

/* ---- name and keys */

enum err logbook_origin(struct db *db, const struct conf_site *c, struct buf *out, struct errinfo *ei)
{
	struct note_checkpoint cp;
	struct checkpoint last;
	struct buf note;
	enum err rc = db ? meta_get(db, LOGBOOK_META_ORIGIN, out, ei) : E_NOT_FOUND;

	if (rc != E_NOT_FOUND)
		return rc;
	buf_init(&note, NOTE_MAX_BYTES);
	rc = db ? checkpoint_last(db, &last, &note, ei) : E_NOT_FOUND;
	if (!rc && !note_checkpoint_read(logbook_text(buf_slice(&note)), &cp))
		rc = err_set(ei, E_IO, "the last checkpoint cannot be read");
	if (!rc)
		buf_add_slice(out, cp.origin);
	buf_free(&note);
	if (rc != E_NOT_FOUND)
		return rc;
	logbook_origin_new(c, 1, out);
	return buf_ok(out) ? OK : err_set(ei, E_LIMIT, "base_url is too long for the name of a log");
}

void logbook_origin_new(const struct conf_site *c, unsigned turn, struct buf *out)
{
	struct slice url = slice_from(c->base_url), rest = url;
	size_t at = slice_find(url, ':', 0);

	if (at + 3 <= url.len)
		rest = slice_sub(url, at + 3, url.len); /* behind "://" */
	buf_add_slice(out, rest);
	buf_add_str(out, "/log");
	if (turn > 1)
		buf_printf(out, "/%u", turn);
	if (!note_name_ok(buf_slice(out)))
		buf_fail(out);
}

unsigned logbook_turn(struct slice origin)
{
	size_t at = origin.len;
	unsigned long long n;

	while (at && origin.ptr[at - 1] != '/')
		at--;
	if (slice_ends(slice_sub(origin, 0, at), SLICE("/log/")) && slice_u64(slice_sub(origin, at, origin.len), &n)
	    && n < 1000000)
		return (unsigned)n;
	return 1;
}

struct slice logbook_text(struct slice note)
{
	for (size_t i = 0; i + 1 < note.len; i++) {
		if (note.ptr[i] == '\n' && note.ptr[i + 1] == '\n')
			return slice_sub(note, 0, i + 1);
	}
	return slice_make(NULL, 0);
}

size_t logbook_keys(const struct keyring *k, struct slice origin, struct note_key out[LOGBOOK_KEYS_MAX])
{
	const struct crypt_key *seed;
	size_t n = 0;

	while (n < LOGBOOK_KEYS_MAX && (seed = keyring_sign_at(k, n, NULL))) {
		out[n].name = origin;
		crypt_sign_public(out[n++].pub, seed);
	}
	return n;
}

/* ---- reading the tree */

struct logbook {
	struct db *db;
	struct {
		bool filled;
		uint64_t number;
		unsigned width;
		unsigned char hashes[MERKLE_TILE_BYTES];
	} tile[MERKLE_TILE_LEVELS]; /* the one used last of each level */
	struct merkle_source source;
};

static enum err source_tile(void *arg, unsigned level, uint64_t number, unsigned width, const unsigned char **hashes,
    struct errinfo *ei)
{
	struct logbook *l = arg;
	enum err rc = OK;

	if (level >= MERKLE_TILE_LEVELS)
		return err_set(ei, E_NOT_FOUND, "no tiles of level %u", level);
	if (!l->tile[level].filled || l->tile[level].number != number || l->tile[level].width < width) {
		l->tile[level].filled = false;
		rc = tile_get(l->db, level, number, width, l->tile[level].hashes, ei);
	}
	if (rc)
		return rc;
	if (!l->tile[level].filled) {
		l->tile[level].number = number;
		l->tile[level].width = width;
		l->tile[level].filled = true;
	}
	*hashes = l->tile[level].hashes;
	return OK;
}

enum err logbook_open(struct logbook **out, struct db *db, struct errinfo *ei)
{
	struct logbook *l = calloc(1, sizeof(*l));

	*out = l;
	if (!l)
		return err_set(ei, E_NOMEM, "no memory for tiles");
	l->db = db;
	l->source = (struct merkle_source){source_tile, l};
	return OK;
}

void logbook_close(struct logbook *l)
{
	free(l);
}

const struct merkle_source *logbook_source(struct logbook *l)
{
	return &l->source;
}

/* A tree that lost hashes below a checkpoint is damaged, not "not there". */
static enum err damaged(enum err rc, struct errinfo *ei)
{
	if (rc == E_NOT_FOUND)
		return err_set(ei, E_CONFLICT, "the log is damaged: events or tiles that a checkpoint covers are missing");
	return rc;
}

enum err logbook_root(struct logbook *l, int64_t size, struct merkle_hash *out, struct errinfo *ei)
{
	return merkle_root_at(&l->source, (uint64_t)size, out, ei);
}

static bool leaf_take(int64_t seq, const unsigned char commitment[STORE_HASH_BYTES], void *arg)
{
	struct logbook_proof *p = arg;

	if (seq != p->seq)
		return false;
	memcpy(p->leaf.b, commitment, sizeof(p->leaf.b));
	p->at.size = 0; /* found */
	return false;
}

static enum err leaf_find(struct logbook *l, struct logbook_proof *p, struct errinfo *ei)
{
	enum err rc;

	p->at.size = -1;
	rc = event_commitments(l->db, p->seq - 1, 1, leaf_take, p, ei);
	if (!rc && p->at.size < 0)
		rc = err_set(ei, E_NOT_FOUND, "no event %lld", (long long)p->seq);
	return rc;
}

enum err logbook_prove_at(struct logbook *l, int64_t seq, int64_t size, struct logbook_proof *out, struct buf *note,
    struct errinfo *ei)
{
	struct merkle_hash root;
	enum err rc;

	memset(out, 0, sizeof(*out));
	out->seq = seq;
	if (seq < 1)
		return err_set(ei, E_NOT_FOUND, "events are numbered from 1");
	rc = leaf_find(l, out, ei);
	if (!rc)
		rc = checkpoint_covering(l->db, size > seq ? size : seq, &out->at, note, ei);
	if (rc)
		return rc;
	memcpy(root.b, out->at.root, sizeof(root.b));
	rc = damaged(merkle_prove(&l->source, (uint64_t)seq - 1, (uint64_t)out->at.size, &out->path, ei), ei);
	if (!rc && !merkle_verify(&out->leaf, (uint64_t)seq - 1, (uint64_t)out->at.size, out->path.hash, out->path.n, &root))
		rc = err_set(ei, E_CONFLICT, "event %lld does not lead to the checkpoint of size %lld: events, tiles or the "
		    "checkpoint were altered. \"jawort verify\" names the place", (long long)seq, (long long)out->at.size);
	return rc;
}

enum err logbook_prove(struct logbook *l, int64_t seq, struct logbook_proof *out, struct buf *note,
    struct errinfo *ei)
{
	return logbook_prove_at(l, seq, seq, out, note, ei);
}

enum err logbook_consistency(struct logbook *l, int64_t old, int64_t size, struct merkle_proof *out,
    struct errinfo *ei)
{
	struct checkpoint last;
	enum err rc = checkpoint_last(l->db, &last, NULL, ei);

	out->n = 0;
	if (!rc && size > last.size)
		rc = err_set(ei, E_NOT_FOUND, "no checkpoint covers %lld events yet", (long long)size);
	if (!rc && (old < 1 || old > size))
		rc = err_set(ei, E_INVALID, "no proof from a tree of %lld leaves to one of %lld", (long long)old,
		    (long long)size);
	return rc ? rc : damaged(merkle_prove_consistency(&l->source, (uint64_t)old, (uint64_t)size, out, ei), ei);
}

enum err logbook_tile(struct logbook *l, unsigned level, uint64_t number, unsigned width, struct buf *out,
    struct errinfo *ei)
{
	const unsigned char *hashes;
	struct checkpoint last;
	enum err rc = checkpoint_last(l->db, &last, NULL, ei);

	if (rc)
		return rc;
	if (level >= MERKLE_TILE_LEVELS || width < 1 || width > MERKLE_TILE_HASHES
	    || number > (uint64_t)last.size / MERKLE_TILE_HASHES
	    || number * MERKLE_TILE_HASHES + width > (uint64_t)last.size >> 8 * level)
		return err_set(ei, E_NOT_FOUND, "the last checkpoint has no such tile");
	rc = damaged(source_tile(l, level, number, width, &hashes, ei), ei);
	if (!rc)
		buf_add(out, hashes, (size_t)width * MERKLE_HASH_BYTES);
	return rc || buf_ok(out) ? rc : err_set(ei, E_LIMIT, "a tile is larger than the caller allows");
}

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bug.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "core/logbook_priv.h"
#include "store/event.h"
#include "store/keyring.h"
#include "store/meta.h"
#include "store/tile.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define TILES_MAX (LOGBOOK_STEP / MERKLE_TILE_HASHES + MERKLE_TILE_LEVELS)

/* One complete tile on its way into the store. */
struct ready {
	unsigned level;
	uint64_t number;
	struct merkle_hash root;
	unsigned char hashes[MERKLE_TILE_BYTES];
};

struct growing {
	const struct conf_site *conf;
	struct store *store;
	struct errinfo *ei;
	/* What is signed already: from the store, or from the file beside it. */
	struct checkpoint last;
	int64_t before;       /* size of last when we began */
	struct buf note;      /* of last */
	struct buf origin;
	struct buf filed;     /* log.signed as it is; empty: not there */
	struct checkpoint ahead; /* of the file, if it is larger than last; size 0: none */
	int64_t target;       /* events that there were when we began */
	/* The tree so far. Edge tiles are filled up leaf by leaf; a full one becomes ready, its root goes one level up. */
	struct merkle_tree tree;
	struct merkle_hash edge[MERKLE_TILE_LEVELS][MERKLE_TILE_HASHES];
	unsigned filled[MERKLE_TILE_LEVELS];
	struct ready ready[TILES_MAX];
	unsigned nready;
	enum err rc; /* of a walk */
};

/* ---- the last word that was signed */

static enum err note_check(struct growing *g, struct slice note, struct checkpoint *cp, const char *where)
{
	struct note_key keys[LOGBOOK_KEYS_MAX];
	struct note_checkpoint c;
	struct slice text;
	size_t n;

	if (!note_checkpoint_read(logbook_text(note), &c))
		return err_set(g->ei, E_CONFLICT, "%s: the last checkpoint of the log cannot be read", where);
	n = logbook_keys(store_keyring(g->store), c.origin, keys);
	switch (note_verify(note, keys, n, &text, NULL)) {
	case NOTE_GOOD:
		cp->size = (int64_t)c.size;
		memcpy(cp->root, c.root, sizeof(cp->root));
		return OK;
	case NOTE_UNKNOWN:
		return err_set(g->ei, E_DENIED, "%s: the last checkpoint of the log is signed by a key that this process does not "
		    "have. After \"key rotate\" it must load its keys anew (reload); else put the old line back into the key file",
		    where);
	default:
		return err_set(g->ei, E_CONFLICT, "%s: the signature of the last checkpoint of the log is wrong: it was altered",
		    where);
	}
}

static enum err signed_path(const struct store *st, struct buf *path)
{
	buf_printf(path, "%s/%s", store_dir(st), LOGBOOK_SIGNED_FILE);
	return buf_ok(path) ? OK : E_NOMEM;
}

/* The file beside the data: is it further than they are? */
static enum err filed_read(struct growing *g)
{
	struct checkpoint cp = {.at_ms = 0};
	struct note_checkpoint c;
	struct buf path;
	enum err rc;

	buf_init(&path, 4096);
	rc = signed_path(g->store, &path);
	if (!rc)
		rc = file_read(&g->filed, path.data, g->ei);
	if (!rc)
		rc = note_check(g, buf_slice(&g->filed), &cp, path.data);
	buf_free(&path);
	if (rc == E_NOT_FOUND)
		return OK;
	if (rc)
		return rc;
	/* Under the name from before a restart it belongs to a log that ended. */
	if (note_checkpoint_read(logbook_text(buf_slice(&g->filed)), &c) && !slice_eq(c.origin, buf_slice(&g->origin))) {
		if (logbook_turn(c.origin) < logbook_turn(buf_slice(&g->origin)))
			return OK;
		return err_set(g->ei, E_CONFLICT, "%s/%s is of the log %.*s, the data are of %.*s: older data? Nothing is signed: "
		    "see \"restored data\" in docs/evidence.md", store_dir(g->store), LOGBOOK_SIGNED_FILE, SLICE_FMT(c.origin),
		    SLICE_FMT(buf_slice(&g->origin)));
	}
	if (cp.size == g->last.size && memcmp(cp.root, g->last.root, sizeof(cp.root)) != 0)
		return err_set(g->ei, E_CONFLICT, "%s/%s and the data disagree about the log at %lld events. Nothing is signed: see "
		    "\"restored data\" in docs/evidence.md", store_dir(g->store), LOGBOOK_SIGNED_FILE, (long long)cp.size);
	if (cp.size > g->last.size)
		g->ahead = cp;
	return OK;
}

enum err logbook_filed(const struct conf_site *c, struct store *st, struct checkpoint *out, struct errinfo *ei)
{
	struct growing *g = calloc(1, sizeof(*g));
	struct db *db;
	enum err rc;

	memset(out, 0, sizeof(*out));
	if (!g)
		return err_set(ei, E_NOMEM, "no memory for the log");
	*g = (struct growing){.conf = c, .store = st, .ei = ei};
	buf_init(&g->filed, NOTE_MAX_BYTES);
	buf_init(&g->origin, NOTE_NAME_MAX_BYTES);
	rc = store_read(st, &db, ei);
	if (!rc) {
		rc = logbook_origin(db, c, &g->origin, ei);
		store_read_end(st, db);
	}
	if (!rc)
		rc = filed_read(g);
	*out = g->ahead;
	buf_free(&g->filed);
	buf_free(&g->origin);
	free(g);
	return rc;
}

static enum err filed_write(struct growing *g)
{
	struct buf path;
	enum err rc;

	if (!g->note.len || slice_eq(buf_slice(&g->filed), buf_slice(&g->note)))
		return OK;
	buf_init(&path, 4096);
	rc = signed_path(g->store, &path);
	if (!rc)
		rc = file_write(path.data, buf_slice(&g->note), file_mode_at(path.data, 0600), g->ei);
	buf_free(&path);
	return rc;
}

static enum err last_read(struct growing *g, struct db *db)
{
	struct checkpoint from_note;
	enum err rc = checkpoint_last(db, &g->last, &g->note, g->ei);

	if (rc == E_NOT_FOUND) {
		memset(&g->last, 0, sizeof(g->last));
		rc = OK;
	} else if (!rc) {
		rc = note_check(g, buf_slice(&g->note), &from_note, store_dir(g->store));
		if (!rc && (from_note.size != g->last.size || memcmp(from_note.root, g->last.root, sizeof(g->last.root)) != 0))
			rc = err_set(g->ei, E_CONFLICT, "%s: the last checkpoint and its note disagree: it was altered",
			    store_dir(g->store));
	}
	g->before = g->last.size;
	if (!rc)
		rc = logbook_origin(db, g->conf, &g->origin, g->ei);
	if (!rc)
		rc = event_size(db, &g->target, g->ei);
	return rc;
}

/* ---- growing */

static void leaf_add(struct growing *g, unsigned level, uint64_t number, const struct merkle_hash *h)
{
	struct ready *r;

	g->edge[level][g->filled[level]++] = *h;
	if (g->filled[level] < MERKLE_TILE_HASHES)
		return;
	bug_if(g->nready >= TILES_MAX);
	r = &g->ready[g->nready++];
	r->level = level;
	r->number = number / MERKLE_TILE_HASHES;
	memcpy(r->hashes, g->edge[level], sizeof(r->hashes));
	merkle_tile_root(&r->root, r->hashes, MERKLE_TILE_HASHES);
	g->filled[level] = 0;
	/* The level above must exist: 256^8 events do not. */
	if (level + 1 < MERKLE_TILE_LEVELS)
		leaf_add(g, level + 1, r->number, &r->root);
}

/* Tree and edges as they were at the last multiple of 256 below the last checkpoint. */
static enum err start(struct growing *g, struct logbook *l)
{
	const struct merkle_source *s = logbook_source(l);
	uint64_t from = (uint64_t)g->last.size / MERKLE_TILE_HASHES * MERKLE_TILE_HASHES;
	const unsigned char *hashes;
	enum err rc = merkle_load(s, from, &g->tree, g->ei);

	for (unsigned level = 1; !rc && level < MERKLE_TILE_LEVELS; level++) {
		uint64_t n = from >> 8 * level;
		g->filled[level] = n % MERKLE_TILE_HASHES;
		if (!g->filled[level])
			continue;
		rc = s->tile(s->arg, level, n / MERKLE_TILE_HASHES, g->filled[level], &hashes, g->ei);
		if (!rc)
			memcpy(g->edge[level], hashes, (size_t)g->filled[level] * MERKLE_HASH_BYTES);
	}
	if (rc == E_NOT_FOUND)
		rc = err_set(g->ei, E_CONFLICT, "%s: tiles of the log that the last checkpoint covers are missing",
		    store_dir(g->store));
	return rc;
}

static enum err differs(struct growing *g, const struct checkpoint *cp)
{
	return err_set(g->ei, E_CONFLICT, "%s: the first %lld events do not give the tree that was signed%s%s. Nothing is "
	    "signed. \"jawort verify\" names the place; for restored data see docs/evidence.md", store_dir(g->store),
	    (long long)cp->size, cp->at_ms ? "" : " according to ", cp->at_ms ? "" : LOGBOOK_SIGNED_FILE);
}

static bool event_take(int64_t seq, const unsigned char commitment[STORE_HASH_BYTES], void *arg)
{
	const struct checkpoint *marks[2];
	struct growing *g = arg;
	struct merkle_hash h;

	marks[0] = &g->last;
	marks[1] = &g->ahead;
	if ((uint64_t)seq != g->tree.size + 1) {
		g->rc = err_set(g->ei, E_CONFLICT, "%s: event %lld of the log is missing. Nothing is signed",
		    store_dir(g->store), (long long)g->tree.size + 1);
		return false;
	}
	memcpy(h.b, commitment, sizeof(h.b));
	leaf_add(g, 0, g->tree.size, &h);
	merkle_add(&g->tree, &h);
	for (int i = 0; i < 2; i++) {
		if (marks[i]->size != seq)
			continue;
		merkle_root(&g->tree, &h);
		if (memcmp(h.b, marks[i]->root, sizeof(h.b)) != 0)
			g->rc = differs(g, marks[i]);
	}
	return g->rc == OK;
}

/* The next events, with a read handle: nobody waits for it. */
static enum err step_read(struct growing *g)
{
	uint64_t left = (uint64_t)g->target - g->tree.size, before = g->tree.size;
	struct db *db;
	enum err rc = store_read(g->store, &db, g->ei);

	if (rc)
		return rc;
	rc = event_commitments(db, (int64_t)g->tree.size, left < LOGBOOK_STEP ? (unsigned)left : LOGBOOK_STEP, event_take, g,
	    g->ei);
	store_read_end(g->store, db);
	if (!rc)
		rc = g->rc;
	if (!rc && g->tree.size == before)
		rc = err_set(g->ei, E_CONFLICT, "%s: event %lld of the log is missing. Nothing is signed", store_dir(g->store),
		    (long long)before + 1);
	return rc;
}

static enum err step_write(struct growing *g)
{
	struct db *db;
	enum err rc;

	if (!g->nready)
		return OK;
	rc = store_write_begin(g->store, &db, g->ei);
	if (rc)
		return rc;
	for (unsigned i = 0; !rc && i < g->nready; i++)
		rc = tile_put(db, g->ready[i].level, g->ready[i].number, g->ready[i].hashes, &g->ready[i].root, g->ei);
	if (rc)
		store_write_rollback(g->store);
	else
		rc = store_write_commit(g->store, g->ei);
	g->nready = 0;
	if (!rc)
		rc = store_checkpoint(g->store, g->ei);
	return rc == E_BUSY ? OK : rc;
}

/* ---- signing */

/* Nobody signed meanwhile: then what was computed holds, for events never change. */
static enum err still_last(struct growing *g, struct db *db)
{
	struct checkpoint now = {.size = 0};
	enum err rc = checkpoint_last(db, &now, NULL, g->ei);

	if (rc == E_NOT_FOUND)
		rc = OK;
	if (!rc && now.size != g->last.size)
		rc = err_set(g->ei, E_BUSY, "%s: another process made a checkpoint meanwhile", store_dir(g->store));
	return rc;
}

static enum err put(struct growing *g, const struct checkpoint *cp, struct slice note)
{
	struct db *db;
	enum err rc = store_write_begin(g->store, &db, g->ei);

	if (rc)
		return rc;
	rc = still_last(g, db);
	if (!rc)
		rc = checkpoint_put(db, cp, note, g->ei);
	if (rc)
		store_write_rollback(g->store);
	else
		rc = store_write_commit(g->store, g->ei);
	if (!rc)
		g->last = *cp;
	return rc;
}

/* What the file says was signed and never reached the data (or was restored away) is taken as it is. */
static enum err adopt(struct growing *g, int64_t now_ms)
{
	struct checkpoint cp = g->ahead;
	enum err rc;

	if (!cp.size)
		return OK;
	cp.at_ms = now_ms;
	rc = put(g, &cp, buf_slice(&g->filed));
	if (rc)
		return rc;
	buf_reset(&g->note);
	buf_add_slice(&g->note, buf_slice(&g->filed));
	return buf_ok(&g->note) ? OK : err_set(g->ei, E_NOMEM, "no memory");
}

static enum err sign(struct growing *g, int64_t now_ms)
{
	struct checkpoint cp = {.size = g->target, .at_ms = now_ms};
	struct merkle_hash root;
	struct buf text;
	enum err rc;

	buf_init(&text, NOTE_MAX_BYTES);
	buf_reset(&g->note);
	merkle_root(&g->tree, &root);
	memcpy(cp.root, root.b, sizeof(cp.root));
	note_checkpoint_add(&text, buf_slice(&g->origin), (uint64_t)cp.size, cp.root);
	if (buf_ok(&text))
		note_sign(&g->note, buf_slice(&text), buf_slice(&g->origin), keyring_sign(store_keyring(g->store)));
	rc = buf_ok(&text) && buf_ok(&g->note) ? put(g, &cp, buf_slice(&g->note))
	    : err_set(g->ei, E_NOMEM, "no memory for a checkpoint");
	buf_free(&text);
	return rc;
}

static enum err begin(struct growing *g)
{
	struct logbook *l = NULL;
	struct db *db;
	enum err rc = store_read(g->store, &db, g->ei);

	if (rc)
		return rc;
	rc = last_read(g, db);
	if (!rc)
		rc = filed_read(g);
	if (!rc && g->target < (g->ahead.size ? g->ahead.size : g->last.size))
		rc = err_set(g->ei, E_CONFLICT, "%s: there are %lld events, but a log of %lld was signed: events were removed, or "
		    "the data come from an older backup. Nothing is signed: see \"restored data\" in docs/evidence.md",
		    store_dir(g->store), (long long)g->target, (long long)(g->ahead.size ? g->ahead.size : g->last.size));
	if (!rc)
		rc = logbook_open(&l, db, g->ei);
	if (!rc)
		rc = start(g, l);
	logbook_close(l);
	store_read_end(g->store, db);
	return rc;
}

static enum err advance(struct growing *g, int64_t now_ms)
{
	enum err rc = begin(g);
	struct merkle_hash root;

	/* Sizes that are multiples of 256 are met before the first leaf. */
	merkle_root(&g->tree, &root);
	if (!rc && g->last.size && g->tree.size == (uint64_t)g->last.size
	    && memcmp(root.b, g->last.root, sizeof(root.b)) != 0)
		rc = differs(g, &g->last);
	while (!rc && g->tree.size < (uint64_t)g->target) {
		rc = step_read(g);
		if (!rc)
			rc = step_write(g);
	}
	if (!rc)
		rc = adopt(g, now_ms);
	if (!rc && g->target > g->last.size)
		rc = sign(g, now_ms);
	return rc ? rc : filed_write(g);
}

static enum err advance_once(const struct conf_site *c, struct store *st, int64_t now_ms, struct logbook_report *out,
    struct errinfo *ei)
{
	struct growing *g = calloc(1, sizeof(*g));
	enum err rc;

	if (!g)
		return err_set(ei, E_NOMEM, "no memory for the log");
	*g = (struct growing){.conf = c, .store = st, .ei = ei};
	buf_init(&g->note, NOTE_MAX_BYTES);
	buf_init(&g->filed, NOTE_MAX_BYTES);
	buf_init(&g->origin, NOTE_NAME_MAX_BYTES);
	rc = advance(g, now_ms);
	out->last = g->last;
	out->added = rc ? 0 : g->last.size - g->before;
	buf_free(&g->note);
	buf_free(&g->filed);
	buf_free(&g->origin);
	free(g);
	return rc;
}

enum err logbook_advance(const struct conf_site *c, struct store *st, int64_t now_ms, struct logbook_report *out,
    struct errinfo *ei)
{
	enum err rc = advance_once(c, st, now_ms, out, ei);

	if (rc == E_BUSY)
		rc = advance_once(c, st, now_ms, out, ei);
	return rc;
}

enum err logbook_due(struct db *db, int64_t every_s, int64_t now_ms, bool *due, struct errinfo *ei)
{
	struct checkpoint last = {.size = 0};
	int64_t size;
	enum err rc = checkpoint_last(db, &last, NULL, ei);

	*due = false;
	if (rc == E_NOT_FOUND)
		rc = OK;
	if (!rc)
		rc = event_size(db, &size, ei);
	if (!rc && size != last.size)
		/* Fewer events than signed is due as well: advancing says what is wrong. A clock set back is no reason to wait. */
		*due = !last.size || size < last.size || now_ms < last.at_ms || now_ms - last.at_ms >= every_s * 1000
		    || now_ms / DAY_MS != last.at_ms / DAY_MS;
	return rc;
}

/* The turn that the file beside the data speaks of; 0: none. */
static unsigned filed_turn(struct store *st)
{
	struct note_checkpoint c;
	struct buf path, note;
	unsigned turn = 0;

	buf_init(&path, 4096);
	buf_init(&note, NOTE_MAX_BYTES);
	if (!signed_path(st, &path) && !file_read(&note, path.data, NULL)
	    && note_checkpoint_read(logbook_text(buf_slice(&note)), &c))
		turn = logbook_turn(c.origin);
	buf_free(&note);
	buf_free(&path);
	return turn;
}

enum err logbook_restart(const struct conf_site *c, struct store *st, struct errinfo *ei)
{
	unsigned turn = filed_turn(st);
	struct buf origin;
	struct db *db;
	enum err rc = store_write_begin(st, &db, ei);

	if (rc)
		return rc;
	buf_init(&origin, NOTE_NAME_MAX_BYTES);
	rc = logbook_origin(db, c, &origin, ei);
	if (!rc && logbook_turn(buf_slice(&origin)) > turn)
		turn = logbook_turn(buf_slice(&origin));
	buf_reset(&origin);
	logbook_origin_new(c, turn + 1, &origin);
	if (!rc)
		rc = buf_ok(&origin) ? meta_put(db, LOGBOOK_META_ORIGIN, buf_slice(&origin), ei)
		    : err_set(ei, E_LIMIT, "base_url is too long for the name of a log");
	if (rc)
		store_write_rollback(st);
	else
		rc = store_write_commit(st, ei);
	if (!rc)
		log_event(LOG_WARN, "log_restart", LOG_S("site", c->id), LOG_S("origin", origin.data));
	buf_free(&origin);
	return rc;
}

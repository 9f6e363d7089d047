#include "core/audit.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/merkle.h"
#include "core/entry.h"
#include "core/logbook.h"
#include "store/checkpoint.h"
#include "store/event.h"
#include "store/notice.h"
#include "store/shown.h"
#include "store/text.h"
#include "store/tile.h"
#include "text/note.h"

#define POINTS_STEP 4096

static const char *const kind_names[AUDIT__MAX] = {
    [AUDIT_GAP] = "gap", [AUDIT_COMMITMENT] = "commitment", [AUDIT_ROOT] = "root", [AUDIT_CUT] = "cut",
    [AUDIT_CHECKPOINT] = "checkpoint", [AUDIT_TILE] = "tile", [AUDIT_TEXT] = "text",
    [AUDIT_TEXT_GONE] = "text_gone", [AUDIT_CONTENT] = "content", [AUDIT_TEXT_NAMED] = "text_named",
    [AUDIT_ADDED] = "added", [AUDIT_FILED] = "filed",
};

/* A checkpoint as far as it is needed while events go by. */
struct point {
	int64_t size;
	unsigned char root[STORE_HASH_BYTES];
};

struct audit {
	struct db *db;
	struct audit_report *r;
	struct point *point; /* read ahead, POINTS_STEP at a time */
	size_t npoints, at_point;
	int64_t last_point;
	bool points_end;
	int64_t next, last_good;
	bool root_bad; /* one root said it: all later ones differ as well */
	struct point filed; /* size 0: none */
	/* The tree in two: complete tiles, and the leaves behind them. So a tile's root costs nothing. */
	struct merkle_tree tree, edge;
	struct {
		uint64_t done; /* complete ones before */
		unsigned filled;
		unsigned char hashes[MERKLE_TILE_BYTES];
	} tile[MERKLE_TILE_LEVELS];
	int64_t tiles; /* rows that were found */
	unsigned char (*texts)[STORE_HASH_BYTES]; /* sorted */
	size_t ntexts, texts_room;
	enum err rc;
	struct errinfo *ei;
};

const char *audit_kind_name(enum audit_kind k)
{
	return k >= 0 && k < AUDIT__MAX ? kind_names[k] : "?";
}

void audit_fault_add(struct audit_report *r, enum audit_kind kind, int64_t seq, int64_t from, const unsigned char *hash)
{
	struct audit_fault *f;

	if (r->nfaults++ >= AUDIT_FAULTS_MAX)
		return;
	f = &r->fault[r->nfaults - 1];
	*f = (struct audit_fault){.kind = kind, .seq = seq, .from = from};
	if (hash)
		memcpy(f->hash, hash, STORE_HASH_BYTES);
}

static void fault(struct audit *a, enum audit_kind kind, int64_t seq, int64_t from, const unsigned char *hash)
{
	audit_fault_add(a->r, kind, seq, from, hash);
}

/* ---- checkpoints: signatures first, roots while the events go by */

static bool point_good(const struct audit *a, const struct checkpoint *c, struct slice note)
{
	const struct keyring *ring = db_keyring(a->db);
	struct note_key keys[LOGBOOK_KEYS_MAX];
	struct note_checkpoint text;
	struct slice origin = slice_sub(note, 0, slice_find(note, '\n', 0)), signed_text;
	size_t n = note_name_ok(origin) ? logbook_keys(ring, origin, keys) : 0;

	return note_verify(note, keys, n, &signed_text, NULL) == NOTE_GOOD && note_checkpoint_read(signed_text, &text)
	    && text.size == (uint64_t)c->size && memcmp(text.root, c->root, STORE_HASH_BYTES) == 0;
}

static bool point_read(const struct checkpoint *c, struct slice note, void *arg)
{
	struct audit *a = arg;
	struct point *p;

	if (a->npoints == POINTS_STEP)
		return false;
	p = &a->point[a->npoints++];
	p->size = a->last_point = c->size;
	memcpy(p->root, c->root, sizeof(p->root));
	a->r->checkpoints++;
	a->r->covered = c->size;
	if (!point_good(a, c, note))
		fault(a, AUDIT_CHECKPOINT, c->size, 0, NULL);
	return true;
}

static void points_more(struct audit *a)
{
	a->npoints = a->at_point = 0;
	if (!a->points_end && !a->rc)
		a->rc = checkpoint_each(a->db, a->last_point, point_read, a, a->ei);
	a->points_end = a->npoints < POINTS_STEP;
}

static void root_now(const struct audit *a, struct merkle_hash *out)
{
	struct merkle_tree all = a->tree;

	memcpy(all.peak, a->edge.peak, 8 * sizeof(all.peak[0]));
	all.size += a->edge.size;
	merkle_root(&all, out);
}

/* The tree of the events so far against a root that was signed. */
static void root_look(struct audit *a, const struct point *p, int64_t size)
{
	struct merkle_hash root;

	if (a->root_bad)
		return;
	root_now(a, &root);
	a->root_bad = p->size != size || memcmp(root.b, p->root, STORE_HASH_BYTES) != 0;
	if (a->root_bad)
		fault(a, AUDIT_ROOT, p->size, a->last_good, NULL);
	else
		a->last_good = p->size;
}

/* If there is a checkpoint of that size. */
static void points_look(struct audit *a, int64_t size)
{
	if (a->filed.size == size)
		root_look(a, &a->filed, size);
	if (a->at_point == a->npoints || a->point[a->at_point].size > size)
		return;
	root_look(a, &a->point[a->at_point++], size);
	if (a->at_point == a->npoints && !a->points_end)
		points_more(a);
}

/* ---- events */

/* A complete tile that events give, against the one that is stored. */
static void tile_look(struct audit *a, unsigned level, const struct merkle_hash *root)
{
	int64_t end = (int64_t)((a->tile[level].done + 1) << 8 * (level + 1));
	unsigned char stored[MERKLE_TILE_BYTES];
	struct errinfo ei = {.code = OK};
	struct merkle_hash has;
	enum err rc = tile_row(a->db, level, a->tile[level].done, stored, &has, &ei);

	if (rc == E_NOT_FOUND && end > a->r->covered && a->points_end)
		return; /* not needed before the next checkpoint */
	if (rc || memcmp(stored, a->tile[level].hashes, sizeof(stored)) != 0 || !merkle_equal(&has, root))
		fault(a, AUDIT_TILE, end, 0, NULL);
	a->tiles += rc != E_NOT_FOUND;
}

static void tile_add(struct audit *a, unsigned level, const struct merkle_hash *h)
{
	struct merkle_hash root;

	memcpy(a->tile[level].hashes + (size_t)a->tile[level].filled++ * STORE_HASH_BYTES, h->b, STORE_HASH_BYTES);
	if (a->tile[level].filled < MERKLE_TILE_HASHES)
		return;
	if (level)
		merkle_tile_root(&root, a->tile[level].hashes, MERKLE_TILE_HASHES);
	else
		root = a->edge.peak[8];
	if (!a->root_bad)
		tile_look(a, level, &root);
	a->tile[level].filled = 0;
	a->tile[level].done++;
	if (level + 1 < MERKLE_TILE_LEVELS)
		tile_add(a, level + 1, &root);
}

static void tree_add(struct audit *a, const struct merkle_hash *leaf)
{
	merkle_add(&a->edge, leaf);
	tile_add(a, 0, leaf);
	if (a->edge.size < MERKLE_TILE_HASHES)
		return;
	merkle_add_subtree(&a->tree, 8, &a->edge.peak[8]);
	merkle_init(&a->edge);
}

static void tiles_count(struct audit *a)
{
	int64_t n;

	if (a->rc || a->root_bad)
		return;
	a->rc = tile_rows(a->db, &n, a->ei);
	if (!a->rc && n != a->tiles)
		fault(a, AUDIT_TILE, a->r->events, 0, NULL);
}

static bool leaf_look(const struct event_leaf *l, void *arg)
{
	unsigned char real[STORE_HASH_BYTES];
	struct audit *a = arg;
	struct merkle_hash leaf;

	if (l->seq < 1) {
		fault(a, AUDIT_ADDED, l->seq, 0, NULL);
		return true;
	}
	if (l->seq != a->next) {
		fault(a, AUDIT_GAP, a->next, 0, NULL);
		a->root_bad = true;
	}
	event_leaf_commitment(l->c, real);
	if (memcmp(real, l->commitment, sizeof(real)) != 0)
		fault(a, AUDIT_COMMITMENT, l->seq, 0, NULL);
	memcpy(leaf.b, l->commitment, sizeof(leaf.b));
	tree_add(a, &leaf);
	points_look(a, l->seq);
	a->r->events = l->seq;
	a->next = l->seq < INT64_MAX ? l->seq + 1 : l->seq;
	return !a->rc;
}

static void events_look(struct audit *a)
{
	points_more(a);
	if (!a->rc)
		a->rc = event_leaves(a->db, INT64_MIN, leaf_look, a, a->ei);
	while (!a->rc && a->at_point < a->npoints) {
		if (!a->root_bad)
			fault(a, AUDIT_CUT, a->point[a->npoints - 1].size, a->r->events, NULL);
		a->root_bad = true;
		points_more(a);
	}
	if (!a->rc && !a->root_bad && a->filed.size > a->r->events)
		fault(a, AUDIT_CUT, a->filed.size, a->r->events, NULL);
	tiles_count(a);
}

/* ---- texts */

static bool text_look(const struct text_info *info, struct slice body, void *arg)
{
	unsigned char real[STORE_HASH_BYTES];
	struct audit *a = arg;

	a->r->texts++;
	crypt_sha256(real, body.ptr, body.len);
	if (memcmp(real, info->hash, sizeof(real)) != 0)
		fault(a, AUDIT_TEXT, 0, 0, info->hash);
	if (a->ntexts == a->texts_room) {
		size_t room = a->texts_room ? a->texts_room * 2 : 256;
		void *more = realloc(a->texts, room * STORE_HASH_BYTES);
		if (!more) {
			a->rc = err_set(a->ei, E_NOMEM, "texts");
			return false;
		}
		a->texts = more;
		a->texts_room = room;
	}
	memcpy(a->texts[a->ntexts++], info->hash, STORE_HASH_BYTES);
	return true;
}

static int hash_order(const void *x, const void *y)
{
	return memcmp(x, y, STORE_HASH_BYTES);
}

static bool text_there(const struct audit *a, const unsigned char *hash)
{
	return a->ntexts && bsearch(hash, a->texts, a->ntexts, STORE_HASH_BYTES, hash_order);
}

static bool notice_look(const struct notice_version *v, void *arg)
{
	struct audit *a = arg;

	if (!text_there(a, v->hash))
		fault(a, AUDIT_TEXT_GONE, 0, 0, v->hash);
	return true;
}

static bool shown_look(const unsigned char page_hash[STORE_HASH_BYTES], void *arg)
{
	struct audit *a = arg;

	if (!text_there(a, page_hash))
		fault(a, AUDIT_TEXT_GONE, 0, 0, page_hash);
	return true;
}

static void texts_look(struct audit *a)
{
	if (!a->rc)
		a->rc = text_each(a->db, text_look, a, a->ei);
	if (a->ntexts)
		qsort(a->texts, a->ntexts, STORE_HASH_BYTES, hash_order);
	if (!a->rc)
		a->rc = notice_each(a->db, NULL, notice_look, a, a->ei);
	if (!a->rc)
		a->rc = shown_each(a->db, shown_look, a, a->ei);
}

/* ---- content, where the key is there */

static bool core_fits(const struct event_row *r)
{
	struct slice core = r->plain[EVENT_CORE], when = entry_str(core, "time");

	return entry_int(core, "seq") == r->seq && entry_int(core, "person") == r->person_id
	    && clock_parse_iso(when.ptr ? when.ptr : "", when.len) == r->time_ms
	    && slice_eq_str(entry_str(core, "kind"), event_kind_name(r->kind))
	    && slice_eq(entry_str(core, "form"), r->form);
}

static void names_look(struct audit *a, const struct event_row *r)
{
	static const char *const keys[] = {"text_hash", "mail_hash", "notice_hash", "config_hash"};
	unsigned char hash[STORE_HASH_BYTES];

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (entry_hash(r->plain[EVENT_CORE], keys[i], hash) && !text_there(a, hash))
			fault(a, AUDIT_TEXT_NAMED, r->seq, 0, hash);
}

static bool content_look(const struct event_row *r, bool damaged, void *arg)
{
	struct audit *a = arg;

	a->r->opened++;
	if (damaged || !event_verify(r) || (r->present[EVENT_CORE] && !core_fits(r)))
		fault(a, AUDIT_CONTENT, r->seq, 0, NULL);
	else if (r->present[EVENT_CORE])
		names_look(a, r);
	return true;
}

static void contents_look(struct audit *a, bool deep)
{
	int64_t after = deep ? 0 : a->r->covered;
	unsigned limit = deep ? UINT32_MAX >> 1 : AUDIT_BEHIND_MAX;

	if (!a->rc && a->r->events > after)
		a->rc = event_open_each(a->db, after, limit, content_look, a, a->ei);
}

enum err audit_site(struct db *db, const struct checkpoint *filed, bool deep, struct audit_report *out,
    struct errinfo *ei)
{
	struct audit *a = calloc(1, sizeof(*a));
	enum err rc;

	memset(out, 0, sizeof(*out));
	if (a)
		a->point = calloc(POINTS_STEP, sizeof(*a->point));
	if (!a || !a->point) {
		free(a);
		return err_set(ei, E_NOMEM, "the check of a site");
	}
	a->db = db;
	a->r = out;
	a->ei = ei;
	a->next = 1;
	if (filed) {
		a->filed.size = filed->size;
		memcpy(a->filed.root, filed->root, sizeof(a->filed.root));
	}
	merkle_init(&a->tree);
	merkle_init(&a->edge);
	events_look(a);
	texts_look(a);
	contents_look(a, deep);
	rc = a->rc;
	free(a->texts);
	free(a->point);
	free(a);
	return rc;
}

#include "unit/store/store_test.h"

#include "base/clock.h"
#include "core/logbook.h"
#include "store/db_priv.h"
#include "store/event.h"
#include "store/meta.h"
#include "store/person.h"
#include "store/tile.h"

#define ORIGIN "www.example.org/j/log"
#define HOUR_MS INT64_C(3600000)

static const struct conf_site conf = {.id = "example", .base_url = "https://www.example.org/j"};

/* What happened does not matter here: rows with random commitments. */
static void events(struct site *t, int64_t n)
{
	char sql[600];
	int64_t size;
	struct db *w;

	snprintf(sql, sizeof sql, "WITH RECURSIVE x(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM x WHERE i < %lld)"
	    " INSERT INTO event(person_id, time_ms, kind, form, commitment, c_core, c_ip, c_fields)"
	    " SELECT 1, 1, 1, '', randomblob(32), zeroblob(32), zeroblob(32), zeroblob(32) FROM x", (long long)n);
	assert_ok(store_write_begin(t->store, &w, EI));
	assert_ok(event_size(w, &size, EI));
	if (!size)
		assert_ok(person_insert(w, &(struct person_new){.channel = STORE_EMAIL, .address = SLICE("a@example.org"),
		    .now_ms = NOW}, &size, EI));
	assert_ok(db_exec(w->conn, sql, EI));
	assert_ok(store_write_commit(t->store, EI));
}

/* What nobody may do: past triggers and authorizer, as somebody with the file at hand. */
static void forge(struct site *t, const char *sql)
{
	static const char *const triggers[] = {"event_update", "event_delete", "tile_update", "tile_delete",
	    "checkpoint_update", "checkpoint_delete"};
	char path[200], drop[80];
	sqlite3 *conn;

	store_close(t->store);
	assert_ok(db_connect(&conn, site_file(t, "data.db", path), SQLITE_OPEN_READWRITE, EI));
	for (size_t i = 0; i < sizeof triggers / sizeof *triggers; i++) {
		snprintf(drop, sizeof drop, "DROP TRIGGER IF EXISTS %s", triggers[i]);
		assert_ok(db_exec(conn, drop, EI));
	}
	assert_ok(db_exec(conn, sql, EI));
	sqlite3_close(conn);
	assert_ok(site_open(t, false));
}

static enum err advance(struct site *t, struct logbook_report *rep)
{
	static int64_t at = NOW;

	memset(EI, 0, sizeof *EI);
	return logbook_advance(&conf, t->store, at += HOUR_MS, rep, EI);
}

static int64_t grow(struct site *t, int64_t n)
{
	struct logbook_report rep;

	if (n)
		events(t, n);
	assert_ok(advance(t, &rep));
	assert_int_equal(rep.added, n);
	return rep.last.size;
}

static void signed_file(struct site *t, struct buf *out)
{
	char path[200];

	buf_init(out, NOTE_MAX_BYTES);
	assert_ok(file_read(out, site_file(t, LOGBOOK_SIGNED_FILE, path), EI));
}

/* ---- */

static void test_empty(void **state)
{
	struct site *t = *state;
	struct logbook_report rep;
	struct logbook_proof p;
	struct logbook *l;
	struct db *r;
	bool due = true;
	char path[200];

	assert_ok(advance(t, &rep));
	assert_int_equal(rep.last.size, 0);
	assert_int_equal(rep.added, 0);
	assert_false(file_exists(site_file(t, LOGBOOK_SIGNED_FILE, path)));
	assert_ok(store_read(t->store, &r, EI));
	assert_ok(logbook_due(r, 3600, NOW, &due, EI));
	assert_false(due);
	assert_ok(logbook_open(&l, r, EI));
	assert_int_equal(logbook_prove(l, 1, &p, NULL, EI), E_NOT_FOUND);
	assert_int_equal(logbook_prove(l, 0, &p, NULL, EI), E_NOT_FOUND);
	logbook_close(l);
	store_read_end(t->store, r);
}

/* The note is what C2SP wants, under our name and key, and stands beside the data as well. */
static void test_first(void **state)
{
	struct site *t = *state;
	struct logbook_report rep;
	struct note_key keys[LOGBOOK_KEYS_MAX];
	struct note_checkpoint c;
	struct buf note, filed;
	struct slice text;
	struct checkpoint cp;
	struct db *r;

	events(t, 3);
	assert_ok(advance(t, &rep));
	assert_int_equal(rep.last.size, 3);
	assert_int_equal(rep.added, 3);
	assert_ok(store_read(t->store, &r, EI));
	buf_init(&note, NOTE_MAX_BYTES);
	assert_ok(checkpoint_last(r, &cp, &note, EI));
	store_read_end(t->store, r);
	assert_int_equal(logbook_keys(store_keyring(t->store), SLICE(ORIGIN), keys), 1);
	assert_int_equal(note_verify(buf_slice(&note), keys, 1, &text, NULL), NOTE_GOOD);
	assert_true(note_checkpoint_read(text, &c));
	assert_true(slice_eq_str(c.origin, ORIGIN));
	assert_int_equal(c.size, 3);
	assert_memory_equal(c.root, cp.root, 32);
	signed_file(t, &filed);
	assert_string_equal(filed.data, note.data);
	buf_free(&filed);
	/* Nothing new: nothing signed, the same checkpoint. */
	assert_ok(advance(t, &rep));
	assert_int_equal(rep.added, 0);
	assert_int_equal(rep.last.size, 3);
	assert_int_equal(rep.last.at_ms, cp.at_ms);
	buf_free(&note);
}

struct plain {
	struct merkle_tree tree;
	struct merkle_hash root[16];
	const int64_t *sizes;
	size_t n;
};

static bool plain_add(int64_t seq, const unsigned char commitment[32], void *arg)
{
	struct plain *p = arg;
	struct merkle_hash h;

	memcpy(h.b, commitment, 32);
	merkle_add(&p->tree, &h);
	for (size_t i = 0; i < p->n; i++) {
		if (p->sizes[i] == seq)
			merkle_root(&p->tree, &p->root[i]);
	}
	return true;
}

static void check_proofs(struct logbook *l, const struct plain *p, int64_t seq)
{
	struct logbook_proof proof;
	struct buf note;
	size_t i = 0;

	while (p->sizes[i] < seq)
		i++;
	buf_init(&note, NOTE_MAX_BYTES);
	assert_ok(logbook_prove(l, seq, &proof, &note, EI));
	assert_int_equal(proof.at.size, p->sizes[i]);
	assert_true(merkle_verify(&proof.leaf, (uint64_t)seq - 1, (uint64_t)p->sizes[i], proof.path.hash, proof.path.n,
	    &p->root[i]));
	assert_true(note.len > 100);
	assert_ok(logbook_prove_at(l, seq, p->sizes[p->n - 1], &proof, NULL, EI));
	assert_true(merkle_verify(&proof.leaf, (uint64_t)seq - 1, (uint64_t)p->sizes[p->n - 1], proof.path.hash,
	    proof.path.n, &p->root[p->n - 1]));
	buf_free(&note);
}

/* Over edges of tiles of two levels, in uneven steps: every root is that of a tree grown in memory. */
static void test_many(void **state)
{
	static const int64_t sizes[] = {1, 2, 255, 256, 257, 512, 5000, 65535, 65536, 65537, 66000, 70000};
	struct site *t = *state;
	struct plain p = {.sizes = sizes, .n = sizeof sizes / sizeof *sizes};
	struct merkle_proof grown;
	struct merkle_hash root;
	struct logbook *l;
	struct db *r;
	uint64_t tiles;

	for (size_t i = 0; i < p.n; i++)
		assert_int_equal(grow(t, sizes[i] - (i ? sizes[i - 1] : 0)), sizes[i]);
	assert_ok(store_read(t->store, &r, EI));
	merkle_init(&p.tree);
	assert_ok(event_commitments(r, 0, 100000, plain_add, &p, EI));
	assert_int_equal(p.tree.size, 70000);
	assert_ok(tile_count(r, 0, &tiles, EI));
	assert_int_equal(tiles, 273);
	assert_ok(tile_count(r, 1, &tiles, EI));
	assert_int_equal(tiles, 1);
	assert_ok(logbook_open(&l, r, EI));
	for (size_t i = 0; i < p.n; i++) {
		assert_ok(logbook_root(l, sizes[i], &root, EI));
		assert_true(merkle_equal(&root, &p.root[i]));
		for (size_t k = 0; k <= i; k++) {
			assert_ok(logbook_consistency(l, sizes[k], sizes[i], &grown, EI));
			assert_true(merkle_verify_consistency((uint64_t)sizes[k], &p.root[k], (uint64_t)sizes[i], &p.root[i],
			    grown.hash, grown.n));
		}
	}
	for (int64_t seq = 1; seq <= 70000; seq += 977)
		check_proofs(l, &p, seq);
	check_proofs(l, &p, 65536);
	check_proofs(l, &p, 70000);
	assert_int_equal(logbook_consistency(l, 1, 70001, &grown, EI), E_NOT_FOUND);
	assert_int_equal(logbook_consistency(l, 0, 3, &grown, EI), E_INVALID);
	logbook_close(l);
	store_read_end(t->store, r);
}

/* What is public ends with the last checkpoint, tile by tile as C2SP counts them. */
static void test_public_tiles(void **state)
{
	static const struct {
		int line;
		unsigned level;
		uint64_t number;
		unsigned width;
		enum err want;
	} rows[] = {
	    {__LINE__, 0, 0, 256, OK}, {__LINE__, 0, 272, 256, OK}, {__LINE__, 0, 273, 112, OK}, {__LINE__, 0, 273, 1, OK},
	    {__LINE__, 0, 273, 113, E_NOT_FOUND}, {__LINE__, 0, 273, 256, E_NOT_FOUND}, {__LINE__, 0, 274, 1, E_NOT_FOUND},
	    {__LINE__, 1, 0, 256, OK}, {__LINE__, 1, 1, 17, OK}, {__LINE__, 1, 1, 18, E_NOT_FOUND},
	    {__LINE__, 1, 2, 1, E_NOT_FOUND}, {__LINE__, 2, 0, 1, OK}, {__LINE__, 2, 0, 2, E_NOT_FOUND},
	    {__LINE__, 3, 0, 1, E_NOT_FOUND}, {__LINE__, 63, 0, 1, E_NOT_FOUND}, {__LINE__, 0, UINT64_MAX, 1, E_NOT_FOUND},
	    {__LINE__, 0, 0, 0, E_NOT_FOUND}, {__LINE__, 0, 0, 257, E_NOT_FOUND},
	};
	struct site *t = *state;
	struct logbook *l;
	struct buf out;
	struct db *r;

	grow(t, 70000);
	events(t, 300); /* not signed yet */
	assert_ok(store_read(t->store, &r, EI));
	assert_ok(logbook_open(&l, r, EI));
	buf_init(&out, MERKLE_TILE_BYTES);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		buf_reset(&out);
		enum err e = logbook_tile(l, rows[i].level, rows[i].number, rows[i].width, &out, EI);
		if (e != rows[i].want || (!e && out.len != 32 * rows[i].width))
			fail_msg("line %d: %s, %zu bytes", rows[i].line, err_name(e), out.len);
	}
	buf_free(&out);
	logbook_close(l);
	store_read_end(t->store, r);
}

/* Nothing is signed over a past that is not the one signed. */
static void test_altered(void **state)
{
	static const struct {
		int line;
		const char *sql;
		enum err want;
	} rows[] = {
	    {__LINE__, "UPDATE event SET commitment = zeroblob(32) WHERE seq = 600", E_CONFLICT}, /* right edge */
	    {__LINE__, "UPDATE event SET commitment = zeroblob(32) WHERE seq = 513", E_CONFLICT},
	    {__LINE__, "DELETE FROM event WHERE seq = 600", E_CONFLICT},
	    {__LINE__, "DELETE FROM event WHERE seq = 560", E_CONFLICT},
	    {__LINE__, "DELETE FROM event WHERE seq > 500", E_CONFLICT},
	    {__LINE__, "UPDATE event SET seq = seq + 1000 WHERE seq = 601", E_CONFLICT}, /* a gap in what is new */
	    {__LINE__, "UPDATE tile SET root = zeroblob(32) WHERE n = 1", E_CONFLICT},
	    {__LINE__, "DELETE FROM tile WHERE n = 1", E_CONFLICT},
	    {__LINE__, "UPDATE checkpoint SET root = zeroblob(32)", E_CONFLICT},
	    {__LINE__, "UPDATE checkpoint SET size = 599", E_CONFLICT},
	    {__LINE__, "UPDATE checkpoint SET note = replace(note, '600', '599')", E_CONFLICT},
	    {__LINE__, "UPDATE checkpoint SET note = 'x'", E_CONFLICT},
	    {__LINE__, "DELETE FROM checkpoint; UPDATE event SET commitment = zeroblob(32) WHERE seq = 3", E_CONFLICT},
	    {__LINE__, "DELETE FROM checkpoint; DELETE FROM tile; DELETE FROM event WHERE seq > 5", E_CONFLICT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct site *t;
		struct logbook_report rep;
		void *s;
		struct buf before, after;

		site_setup(&s);
		t = s;
		grow(t, 600);
		events(t, 5);
		signed_file(t, &before);
		forge(t, rows[i].sql);
		enum err e = advance(t, &rep);
		if (e != rows[i].want)
			fail_msg("line %d: %s: %s", rows[i].line, err_name(e), EI->text);
		assert_int_equal(rep.added, 0);
		signed_file(t, &after);
		assert_string_equal(before.data, after.data);
		buf_free(&before);
		buf_free(&after);
		site_teardown(&s);
	}
}

/* Proofs are not given where they would not hold. */
static void test_altered_proof(void **state)
{
	struct site *t = *state;
	struct logbook_proof p;
	struct logbook *l;
	struct db *r;

	grow(t, 600);
	forge(t, "UPDATE event SET commitment = zeroblob(32) WHERE seq = 3; DELETE FROM event WHERE seq = 590");
	assert_ok(store_read(t->store, &r, EI));
	assert_ok(logbook_open(&l, r, EI));
	assert_int_equal(logbook_prove(l, 3, &p, NULL, EI), E_CONFLICT);
	assert_int_equal(logbook_prove(l, 590, &p, NULL, EI), E_NOT_FOUND);
	assert_int_equal(logbook_prove(l, 591, &p, NULL, EI), E_CONFLICT);
	assert_int_equal(logbook_prove(l, 4, &p, NULL, EI), E_CONFLICT); /* its path ends in a gap */
	logbook_close(l);
	store_read_end(t->store, r);
	site_teardown(state);
	site_setup(state);
	t = *state;
	grow(t, 600);
	forge(t, "UPDATE tile SET hashes = zeroblob(8192) WHERE n = 0");
	assert_ok(store_read(t->store, &r, EI));
	assert_ok(logbook_open(&l, r, EI));
	assert_int_equal(logbook_prove(l, 3, &p, NULL, EI), E_CONFLICT);
	assert_ok(logbook_prove(l, 300, &p, NULL, EI)); /* goes by other tiles, which are whole */
	logbook_close(l);
	store_read_end(t->store, r);
}

/* ---- the file beside the data */

/* Signed and committed, then the data fell back to before: the same tree is not signed twice, the note is taken. */
static void test_adopt(void **state)
{
	struct site *t = *state;
	struct logbook_report rep;
	struct buf before, after;

	grow(t, 10);
	grow(t, 300);
	signed_file(t, &before);
	forge(t, "DELETE FROM checkpoint WHERE size = 310");
	assert_ok(advance(t, &rep));
	assert_int_equal(rep.last.size, 310);
	signed_file(t, &after);
	assert_string_equal(before.data, after.data);
	buf_free(&after);
	forge(t, "DELETE FROM checkpoint WHERE size = 310");
	events(t, 5);
	assert_ok(advance(t, &rep));
	assert_int_equal(rep.last.size, 315);
	buf_free(&before);
}

static void copy_file(const char *from, const char *to)
{
	struct buf b;

	buf_init(&b, 64u * 1024 * 1024);
	assert_ok(file_read(&b, from, EI));
	assert_ok(file_write(to, buf_slice(&b), 0600, EI));
	buf_free(&b);
}

/* Data from an older backup with another future: nothing is signed before somebody says so, and then under a new name. */
static void test_restored(void **state)
{
	struct site *t = *state;
	struct logbook_report rep;
	struct buf origin, filed;
	char data[200], old[200];
	struct db *r;

	grow(t, 10);
	site_close(t);
	copy_file(site_file(t, "data.db", data), site_file(t, "old", old));
	assert_ok(site_open(t, false));
	grow(t, 10);
	site_close(t);
	copy_file(old, data);
	assert_ok(site_open(t, false));
	assert_int_equal(advance(t, &rep), E_CONFLICT); /* fewer events than signed */
	events(t, 10);
	assert_int_equal(advance(t, &rep), E_CONFLICT); /* as many, but others */
	events(t, 10);
	assert_int_equal(advance(t, &rep), E_CONFLICT);
	assert_ok(logbook_restart(&conf, t->store, EI));
	assert_ok(advance(t, &rep));
	assert_int_equal(rep.last.size, 30);
	signed_file(t, &filed);
	assert_true(slice_starts(buf_slice(&filed), SLICE(ORIGIN "/2\n30\n")));
	buf_free(&filed);
	/* The same old data once more: they know nothing of the second log, but the file does. */
	site_close(t);
	copy_file(old, data);
	assert_ok(site_open(t, false));
	events(t, 100);
	assert_int_equal(advance(t, &rep), E_CONFLICT);
	assert_ok(logbook_restart(&conf, t->store, EI));
	assert_ok(advance(t, &rep));
	assert_ok(store_read(t->store, &r, EI));
	buf_init(&origin, NOTE_NAME_MAX_BYTES);
	assert_ok(logbook_origin(r, &conf, &origin, EI));
	assert_string_equal(origin.data, ORIGIN "/3");
	buf_free(&origin);
	store_read_end(t->store, r);
}

static void test_origin(void **state)
{
	struct conf_site moved = {.id = "example", .base_url = "https://elsewhere.example"};
	struct site *t = *state;
	struct logbook_report rep;
	struct buf b;
	struct db *r;

	assert_ok(store_read(t->store, &r, EI));
	buf_init(&b, NOTE_NAME_MAX_BYTES);
	assert_ok(logbook_origin(r, &moved, &b, EI));
	assert_string_equal(b.data, "elsewhere.example/log");
	store_read_end(t->store, r);
	grow(t, 1);
	events(t, 1);
	assert_ok(logbook_advance(&moved, t->store, NOW, &rep, EI));
	assert_int_equal(rep.last.size, 2);
	buf_reset(&b);
	assert_ok(store_read(t->store, &r, EI));
	assert_ok(logbook_origin(r, &moved, &b, EI));
	assert_string_equal(b.data, ORIGIN); /* kept */
	store_read_end(t->store, r);
	buf_free(&b);
}

/* ---- keys */

static void test_rotated(void **state)
{
	struct site *t = *state;
	struct note_key keys[LOGBOOK_KEYS_MAX];
	struct logbook_report rep;
	struct buf first, second, ring;
	struct slice text;
	size_t by = 9;

	grow(t, 3);
	signed_file(t, &first);
	site_close(t);
	buf_init(&ring, 65536);
	assert_ok(file_read(&ring, t->keys, EI));
	assert_ok(keyring_rotate_sign(t->keys, EI));
	assert_ok(site_open(t, false));
	grow(t, 3);
	signed_file(t, &second);
	assert_int_equal(logbook_keys(store_keyring(t->store), SLICE(ORIGIN), keys), 2);
	assert_int_equal(note_verify(buf_slice(&first), keys, 2, &text, &by), NOTE_GOOD);
	assert_int_equal(by, 0);
	assert_int_equal(note_verify(buf_slice(&second), keys, 2, &text, &by), NOTE_GOOD);
	assert_int_equal(by, 1);
	assert_int_equal(note_verify(buf_slice(&second), keys, 1, &text, &by), NOTE_UNKNOWN);
	/* Who has the ring of before does not go on: it cannot tell a rotation from a forgery. */
	site_close(t);
	assert_ok(file_write(t->keys, buf_slice(&ring), 0600, EI));
	assert_ok(site_open(t, false));
	events(t, 1);
	assert_int_equal(advance(t, &rep), E_DENIED);
	assert_non_null(strstr(EI->text, "key rotate"));
	buf_free(&ring);
	buf_free(&first);
	buf_free(&second);
}

static void test_due(void **state)
{
	struct site *t = *state;
	struct logbook_report rep;
	struct db *r;
	const int64_t noon = clock_parse_iso("2026-11-21T12:00:00.000Z", 24);
	const struct {
		int64_t at;
		bool want;
	} rows[] = {{noon + 1000, false}, {noon + HOUR_MS - 1, false}, {noon + HOUR_MS, true}, {noon + 12 * HOUR_MS, true},
	    {noon - 1, true}};

	events(t, 1);
	assert_ok(logbook_advance(&conf, t->store, noon, &rep, EI));
	for (int fresh = 0; fresh < 2; fresh++) {
		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
			bool due;
			assert_ok(store_read(t->store, &r, EI));
			assert_ok(logbook_due(r, 3600, rows[i].at, &due, EI));
			assert_int_equal(due, fresh && rows[i].want);
			/* With a day between, midnight alone makes it due. */
			assert_ok(logbook_due(r, 100 * 86400, noon + 12 * HOUR_MS, &due, EI));
			assert_int_equal(due, fresh);
			store_read_end(t->store, r);
		}
		events(t, 1);
	}
}

/* Two at once: one signs, and the other sees it. */
static void test_two_writers(void **state)
{
	struct site *t = *state;
	struct store *mine = t->store;
	struct logbook_report rep;

	grow(t, 5);
	assert_ok(site_open(t, false)); /* a second one on the same files */
	events(t, 5);
	assert_ok(logbook_advance(&conf, t->store, NOW, &rep, EI));
	assert_int_equal(rep.added, 5);
	assert_ok(logbook_advance(&conf, mine, NOW, &rep, EI));
	assert_int_equal(rep.added, 0);
	assert_int_equal(rep.last.size, 10);
	store_close(mine);
}

/* Tiles and checkpoints take no change, not even from the writer. */
static void test_append_only(void **state)
{
	static const char *const sql[] = {"UPDATE tile SET n = 7", "DELETE FROM tile", "UPDATE checkpoint SET size = 7",
	    "DELETE FROM checkpoint", "UPDATE anchor SET size = 7", "DELETE FROM anchor"};
	struct site *t = *state;
	struct db *w;

	grow(t, 300);
	for (size_t i = 0; i < sizeof sql / sizeof *sql; i++) {
		assert_ok(store_write_begin(t->store, &w, EI));
		assert_int_equal(db_exec(w->conn, sql[i], EI), E_DENIED);
		store_write_rollback(t->store);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define EACH(f) cmocka_unit_test_setup_teardown(f, site_setup, site_teardown)
	    EACH(test_empty), EACH(test_first), EACH(test_many), EACH(test_public_tiles), cmocka_unit_test(test_altered),
	    EACH(test_altered_proof), EACH(test_adopt), EACH(test_restored), EACH(test_origin), EACH(test_rotated),
	    EACH(test_due), EACH(test_two_writers), EACH(test_append_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A whole site: whatever is changed, removed, added, swapped or cut in its evidence is found. */
#include "lib/world.h"

#include <sqlite3.h>

#include "lib/bundles.h"

#include "cmd/cmd.h"
#include "core/audit.h"
#include "core/embed.h"
#include "core/selftest.h"
#include "store/erasure.h"

#define PEOPLE 150

static struct {
	struct world w;
	char path[300];
	struct buf clean; /* data.db at rest */
} made;

/* The file as it lies on the disk, with nothing in the WAL. */
static sqlite3 *database(void)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open_v2(made.path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	return db;
}

static void run(sqlite3 *db, const char *sql)
{
	char *why = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &why))
		fail_msg("%s: %s", sql, why);
}

/* Whoever tampers has the file: neither triggers nor checks hold. */
static void unlocked(sqlite3 *db)
{
	static const char *const gone[] = {"event_delete", "event_update", "text_update", "text_delete", "notice_update",
	    "notice_delete", "checkpoint_update", "checkpoint_delete", "tile_update", "tile_delete"};
	char sql[100];

	run(db, "PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF");
	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
		snprintf(sql, sizeof(sql), "DROP TRIGGER IF EXISTS %s", gone[i]);
		run(db, sql);
	}
}

static void rest(void)
{
	writer_pool_free(made.w.writers);
	store_close(made.w.store);
	made.w.store = NULL;
}

static void wake(void)
{
	const struct conf_site *c = made.w.conf->sites[0];
	char dir[200], keys[200];
	struct store_opts o = {.site = c->id, .dir = dir, .keys_path = keys};

	snprintf(dir, sizeof(dir), "%s/%s", made.w.conf->data, c->id);
	snprintf(keys, sizeof(keys), "%s/%s.keys", made.w.conf->keys, c->id);
	assert_ok(store_open(&made.w.store, &o, EI));
}

static int site_up(void **state)
{
	char address[64];
	sqlite3 *db;

	(void)state;
	world_open(&made.w, WORLD_SITE);
	for (unsigned i = 0; i < PEOPLE; i++) {
		bundles_person(&made.w, i, address);
		if (i % 40 == 39)
			bundles_checkpoint(&made.w);
	}
	bundles_checkpoint(&made.w);
	snprintf(made.path, sizeof(made.path), "%s/%s/data.db", made.w.conf->data, made.w.conf->sites[0]->id);
	rest();
	db = database();
	run(db, "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE");
	sqlite3_close(db);
	buf_init(&made.clean, 256u * 1024u * 1024u);
	assert_ok(file_read(&made.clean, made.path, EI));
	return 0;
}

static int site_down(void **state)
{
	(void)state;
	buf_free(&made.clean);
	wake();
	made.w.writers = NULL;
	world_close(&made.w);
	return 0;
}

static void restore(void)
{
	assert_ok(file_write(made.path, buf_slice(&made.clean), 0600, EI));
}

static void audit(struct audit_report *r, bool deep)
{
	struct checkpoint filed;
	struct db *db;

	wake();
	enum err file = logbook_filed(made.w.conf->sites[0], made.w.store, &filed, EI);
	assert_true(file == E_CONFLICT || filed.size > 0);
	assert_ok(store_read(made.w.store, &db, EI));
	assert_ok(audit_site(db, &filed, deep, r, EI));
	if (file)
		audit_fault_add(r, AUDIT_FILED, 0, 0, NULL);
	store_read_end(made.w.store, db);
	store_close(made.w.store);
	made.w.store = NULL;
}

/* The same handle over a connection that tampers and rolls back: thousands of tries in seconds. */
static void test_clean(void **state)
{
	struct audit_report r;

	(void)state;
	restore();
	audit(&r, true);
	for (size_t i = 0; i < r.nfaults && i < AUDIT_FAULTS_MAX; i++)
		print_error("%s %lld %lld\n", audit_kind_name(r.fault[i].kind), (long long)r.fault[i].seq,
		    (long long)r.fault[i].from);
	assert_int_equal(r.nfaults, 0);
	assert_int_equal(r.opened, r.events);
	assert_int_equal(r.covered, r.events);
	assert_true(r.events > 256);
	assert_int_equal(r.checkpoints, 4);
	assert_true(r.texts > 8);
}

/* ---- one thing done by hand, and what must be said of it */

static void test_said(void **state)
{
	static const struct {
		int row;
		const char *sql;
		bool deep;
		enum audit_kind want;
		int64_t seq;
	} rows[] = {
	    {__LINE__, "DELETE FROM event WHERE seq = 100", false, AUDIT_GAP, 100},
	    {__LINE__, "UPDATE event SET commitment = zeroblob(32) WHERE seq = 7", false, AUDIT_COMMITMENT, 7},
	    {__LINE__, "UPDATE event SET c_ip = zeroblob(32) WHERE seq = 8", false, AUDIT_COMMITMENT, 8},
	    {__LINE__, "DELETE FROM event WHERE seq > 200", false, AUDIT_CUT, 0},
	    {__LINE__, "UPDATE event SET seq = -seq WHERE seq IN (5, 6);"
	        "UPDATE event SET seq = 5 WHERE seq = -6; UPDATE event SET seq = 6 WHERE seq = -5", false, AUDIT_ROOT, 0},
	    {__LINE__, "UPDATE checkpoint SET root = zeroblob(32) WHERE size = (SELECT min(size) FROM checkpoint)",
	        false, AUDIT_CHECKPOINT, 0},
	    {__LINE__, "UPDATE checkpoint SET note = replace(note, 'verein', 'anders')", false, AUDIT_CHECKPOINT, 0},
	    {__LINE__, "UPDATE text SET body = CAST(body || 'x' AS BLOB) WHERE hash = (SELECT min(hash) FROM text)", false, AUDIT_TEXT, 0},
	    {__LINE__, "DELETE FROM text WHERE hash IN (SELECT hash FROM notice)", false, AUDIT_TEXT_GONE, 0},
	    {__LINE__, "DELETE FROM text WHERE hash = (SELECT max(page_hash) FROM shown)", false, AUDIT_TEXT_GONE, 0},
	    {__LINE__, "UPDATE event SET time_ms = time_ms + 1 WHERE seq = 9", true, AUDIT_CONTENT, 9},
	    {__LINE__, "UPDATE event SET kind = 5 WHERE seq = 1", true, AUDIT_CONTENT, 1},
	    {__LINE__, "UPDATE event SET person_id = person_id + 1 WHERE seq = 11", true, AUDIT_CONTENT, 11},
	    {__LINE__, "UPDATE event SET ip_ct = zeroblob(60) WHERE seq = 12", true, AUDIT_CONTENT, 12},
	    {__LINE__, "UPDATE tile SET hashes = zeroblob(length(hashes))", false, AUDIT_TILE, 0},
	    {__LINE__, "UPDATE tile SET root = zeroblob(32)", false, AUDIT_TILE, 0},
	    {__LINE__, "DELETE FROM tile", false, AUDIT_TILE, 0},
	    {__LINE__, "INSERT INTO tile SELECT 1, 0, root, hashes FROM tile LIMIT 1", false, AUDIT_TILE, 0},
	    {__LINE__, "INSERT INTO event SELECT -3, person_id, time_ms, kind, form, commitment, c_core, c_ip, c_fields, core_ct,"
	        " ip_ct, fields_ct FROM event WHERE seq = 4", false, AUDIT_ADDED, -3},
	    /* The end cut off with all that was signed about it: the file beside the data still knows. */
	    {__LINE__, "DELETE FROM event WHERE seq > 200; DELETE FROM checkpoint WHERE size > 200; DELETE FROM tile", false,
	        AUDIT_CUT, 0},
	    {__LINE__, "DELETE FROM text WHERE kind = 'mail'", true, AUDIT_TEXT_NAMED, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct audit_report r;
		bool found = false;
		sqlite3 *db;
		restore();
		db = database();
		unlocked(db);
		run(db, rows[i].sql);
		sqlite3_close(db);
		audit(&r, rows[i].deep);
		for (size_t k = 0; k < r.nfaults && k < AUDIT_FAULTS_MAX; k++)
			found = found || (r.fault[k].kind == rows[i].want && (!rows[i].seq || r.fault[k].seq == rows[i].seq));
		if (!found)
			fail_msg("row %d: not found, %zu others", rows[i].row, r.nfaults);
	}
}

/* The file beside the data is of this site, or it is a finding. */
static void test_filed(void **state)
{
	const struct conf_site *c = made.w.conf->sites[0];
	struct checkpoint filed;
	struct buf was, text;
	char path[300];

	(void)state;
	restore();
	wake();
	snprintf(path, sizeof(path), "%s/%s/%s", made.w.conf->data, c->id, LOGBOOK_SIGNED_FILE);
	buf_init(&was, NOTE_MAX_BYTES);
	buf_init(&text, NOTE_MAX_BYTES);
	assert_ok(file_read(&was, path, EI));
	buf_add_slice(&text, buf_slice(&was));
	text.data[text.len - 8] ^= 1;
	assert_ok(file_write(path, buf_slice(&text), 0600, EI));
	assert_int_equal(logbook_filed(c, made.w.store, &filed, EI), E_CONFLICT);
	assert_int_equal(unlink(path), 0);
	assert_ok(logbook_filed(c, made.w.store, &filed, EI));
	assert_int_equal(filed.size, 0);
	assert_ok(file_write(path, buf_slice(&was), 0600, EI));
	buf_free(&was);
	buf_free(&text);
	store_close(made.w.store);
	made.w.store = NULL;
}

/* Tiles of the level above, which stand for 65,536 events each. */
static void test_levels(void **state)
{
	static const char *const tampers[] = {NULL, "UPDATE tile SET root = zeroblob(32) WHERE level = 1",
	    "UPDATE tile SET hashes = zeroblob(8192) WHERE level = 1", "DELETE FROM tile WHERE level = 1",
	    "DELETE FROM tile WHERE level = 0 AND n = 255", "INSERT INTO tile SELECT 2, 0, root, hashes FROM tile WHERE level = 1"};
	unsigned char c[3][STORE_HASH_BYTES], commitment[STORE_HASH_BYTES];
	struct logbook_report rep;
	struct buf clean;
	sqlite3_stmt *q;
	sqlite3 *db;

	(void)state;
	restore();
	db = database();
	run(db, "PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; BEGIN");
	assert_int_equal(sqlite3_prepare_v2(db, "INSERT INTO event(person_id, time_ms, kind, form, commitment, c_core, c_ip,"
	    " c_fields) VALUES(1, 1, 1, 'news', ?1, ?2, ?3, ?4)", -1, &q, NULL), SQLITE_OK);
	for (unsigned i = 0; i < 65536; i++) {
		crypt_random(c, sizeof(c));
		event_leaf_commitment(c, commitment);
		sqlite3_bind_blob(q, 1, commitment, STORE_HASH_BYTES, NULL);
		for (int k = 0; k < 3; k++)
			sqlite3_bind_blob(q, 2 + k, c[k], STORE_HASH_BYTES, NULL);
		assert_int_equal(sqlite3_step(q), SQLITE_DONE);
		sqlite3_reset(q);
	}
	sqlite3_finalize(q);
	run(db, "COMMIT");
	sqlite3_close(db);
	wake();
	assert_ok(logbook_advance(made.w.conf->sites[0], made.w.store, made.w.now_ms, &rep, EI));
	store_close(made.w.store);
	db = database();
	run(db, "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE");
	sqlite3_close(db);
	buf_init(&clean, 256u * 1024u * 1024u);
	assert_ok(file_read(&clean, made.path, EI));
	for (size_t i = 0; i < sizeof(tampers) / sizeof(tampers[0]); i++) {
		struct audit_report r;
		assert_ok(file_write(made.path, buf_slice(&clean), 0600, EI));
		db = database();
		unlocked(db);
		if (tampers[i])
			run(db, tampers[i]);
		sqlite3_close(db);
		audit(&r, false);
		if (r.nfaults != (tampers[i] ? 1 : 0) || (r.nfaults && r.fault[0].kind != AUDIT_TILE))
			fail_msg("%s: %zu faults", tampers[i] ? tampers[i] : "clean", r.nfaults);
	}
	buf_free(&clean);
}

/* An event that nobody can open is not taken for one, although its sums fit and no checkpoint covers it yet. */
static void test_added_at_the_end(void **state)
{
	unsigned char c[3][STORE_HASH_BYTES], commitment[STORE_HASH_BYTES];
	struct audit_report r;
	sqlite3_stmt *q;
	sqlite3 *db;

	(void)state;
	restore();
	crypt_random(c, sizeof(c));
	event_leaf_commitment(c, commitment);
	db = database();
	assert_int_equal(sqlite3_prepare_v2(db, "INSERT INTO event SELECT max(seq) + 1, person_id, time_ms, kind, form, ?1, ?2,"
	    " ?3, ?4, core_ct, ip_ct, fields_ct FROM event", -1, &q, NULL), SQLITE_OK);
	sqlite3_bind_blob(q, 1, commitment, STORE_HASH_BYTES, NULL);
	for (int i = 0; i < 3; i++)
		sqlite3_bind_blob(q, 2 + i, c[i], STORE_HASH_BYTES, NULL);
	assert_int_equal(sqlite3_step(q), SQLITE_DONE);
	sqlite3_finalize(q);
	sqlite3_close(db);
	audit(&r, false);
	assert_int_equal(r.nfaults, 1);
	assert_int_equal(r.fault[0].kind, AUDIT_CONTENT);
}

/* ---- at random */

static const char *const columns[] = {"commitment", "c_core", "c_ip", "c_fields", "core_ct", "ip_ct", "fields_ct", "form"};

/* One byte of one column of one row; a text column gets another text. */
static void flip(sqlite3 *db, int64_t events)
{
	int64_t seq = 1 + crypt_random_below((uint32_t)events);
	const char *column = columns[crypt_random_below(8)];
	unsigned char byte;
	sqlite3_blob *blob;

	if (strcmp(column, "form") == 0) {
		char sql[100];
		snprintf(sql, sizeof(sql), "UPDATE event SET form = form || 'x' WHERE seq = %lld", (long long)seq);
		run(db, sql);
		return;
	}
	if (sqlite3_blob_open(db, "main", "event", column, seq, 1, &blob) != SQLITE_OK)
		fail_msg("%s of %lld: %s", column, (long long)seq, sqlite3_errmsg(db));
	int at = (int)crypt_random_below((uint32_t)sqlite3_blob_bytes(blob));
	assert_int_equal(sqlite3_blob_read(blob, &byte, 1, at), SQLITE_OK);
	byte ^= (unsigned char)(1 + crypt_random_below(255));
	assert_int_equal(sqlite3_blob_write(blob, &byte, 1, at), SQLITE_OK);
	sqlite3_blob_close(blob);
}

static void shuffle(sqlite3 *db, int64_t events, unsigned what)
{
	int64_t seq = 2 + crypt_random_below((uint32_t)events - 3);
	char sql[500];

	switch (what % 4) {
	case 0:
		snprintf(sql, sizeof(sql), "DELETE FROM event WHERE seq = %lld", (long long)seq);
		break;
	case 1: /* the rows change places, each whole */
		snprintf(sql, sizeof(sql), "UPDATE event SET seq = -1 WHERE seq = %lld; UPDATE event SET seq = %lld WHERE seq ="
		    " %lld + 1; UPDATE event SET seq = %lld + 1 WHERE seq = -1", (long long)seq, (long long)seq, (long long)seq,
		    (long long)seq);
		break;
	case 2: /* a copy of one row in between */
		snprintf(sql, sizeof(sql), "UPDATE event SET seq = -seq WHERE seq > %lld; UPDATE event SET seq = 1 - seq WHERE"
		    " seq < 0; INSERT INTO event SELECT seq + 1, person_id, time_ms, kind, form, commitment, c_core, c_ip,"
		    " c_fields, core_ct, ip_ct, fields_ct FROM event WHERE seq = %lld", (long long)seq, (long long)seq);
		break;
	default:
		snprintf(sql, sizeof(sql), "DELETE FROM event WHERE seq > %lld", (long long)seq);
		break;
	}
	run(db, sql);
}

static unsigned tries(unsigned few, unsigned many)
{
	const char *soak = getenv("SOAK");

	return soak && *soak == '1' ? many : few;
}

static void tampered(unsigned i, bool bytes, int64_t events)
{
	struct audit_report r;
	sqlite3 *db;

	restore();
	db = database();
	run(db, "PRAGMA synchronous = OFF");
	unlocked(db);
	if (bytes)
		flip(db, events);
	else
		shuffle(db, events, i);
	sqlite3_close(db);
	audit(&r, bytes);
	if (!r.nfaults)
		fail_msg("try %u (%s): not found", i, bytes ? "byte" : "row");
}

static int64_t events_of(void)
{
	struct audit_report r;

	restore();
	audit(&r, false);
	return r.events;
}

static void test_bytes(void **state)
{
	int64_t events = events_of();

	(void)state;
	for (unsigned i = 0; i < tries(120, 2000); i++)
		tampered(i, true, events);
}

static void test_rows(void **state)
{
	int64_t events = events_of();

	(void)state;
	for (unsigned i = 0; i < tries(80, 500); i++)
		tampered(i, false, events);
}

/* ---- people who were erased leave a log that still holds; and a look at random proofs */

static void test_erased(void **state)
{
	struct audit_report r;
	struct selftest t;

	(void)state;
	restore();
	wake();
	assert_ok(person_erase(made.w.store, 3, ERASURE_REQUEST, made.w.now_ms, EI));
	assert_ok(selftest_run(made.w.site, made.w.store, 60, made.w.now_ms, &t, EI));
	assert_int_equal(t.proofs, 60);
	assert_int_equal(t.proofs_bad + t.sheets_bad, 0);
	store_close(made.w.store);
	audit(&r, true);
	assert_int_equal(r.nfaults, 0);
}

static void test_selftest_finds(void **state)
{
	struct selftest t;
	sqlite3 *raw;

	(void)state;
	restore();
	raw = database();
	unlocked(raw);
	run(raw, "UPDATE event SET c_core = zeroblob(32) WHERE seq % 2 = 0");
	sqlite3_close(raw);
	wake();
	assert_ok(selftest_run(made.w.site, made.w.store, 60, made.w.now_ms, &t, EI));
	store_close(made.w.store);
	made.w.store = NULL;
	assert_true(t.proofs_bad > 5 && t.proofs_bad < 55);
	assert_true(t.seq > 0 && t.seq % 2 == 0);
}

/* Each kind of fault has its words, here and in bundles. */
static void test_words(void **state)
{
	static const char *const files[] = {"de/verify.txt", "en/verify.txt"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const struct embedded_file *f = embed_find(files[i]);
		char key[80];
		assert_non_null(f);
		for (int k = 0; k < AUDIT__MAX; k++) {
			snprintf(key, sizeof(key), "[verify.site.fault.%s]", audit_kind_name((enum audit_kind)k));
			if (!memmem(f->data, f->len, key, strlen(key)))
				fail_msg("%s lacks %s", files[i], key);
		}
		for (int k = 0; k < CHECK_FAULT__MAX; k++) {
			snprintf(key, sizeof(key), "[verify.fault.%s]", check_fault_name((enum check_fault_kind)k));
			if (!memmem(f->data, f->len, key, strlen(key)))
				fail_msg("%s lacks %s", files[i], key);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_clean), cmocka_unit_test(test_said), cmocka_unit_test(test_added_at_the_end),
	    cmocka_unit_test(test_bytes), cmocka_unit_test(test_rows), cmocka_unit_test(test_erased),
	    cmocka_unit_test(test_selftest_finds), cmocka_unit_test(test_words), cmocka_unit_test(test_filed), cmocka_unit_test(test_levels),
	};

	return cmocka_run_group_tests(tests, site_up, site_down);
}

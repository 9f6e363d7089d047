/* The log of events as others see it: C2SP's addresses, and nothing beyond the last checkpoint. */
#include "lib/web.h"

#include "core/logbook.h"
#include "store/db_priv.h"

#define TILES "mode: live\ntransparency: { publish: tiles }\n"

static void events(struct web *t, int n)
{
	char sql[600];
	struct db *w;

	snprintf(sql, sizeof(sql), "WITH RECURSIVE x(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM x WHERE i < %d)"
	    " INSERT INTO event(person_id, time_ms, kind, form, commitment, c_core, c_ip, c_fields)"
	    " SELECT 1, 1, 1, '', randomblob(32), zeroblob(32), zeroblob(32), zeroblob(32) FROM x", n);
	assert_ok(store_write_begin(t->w.store, &w, EI));
	assert_ok(db_exec(w->conn, sql, EI));
	assert_ok(store_write_commit(t->w.store, EI));
}

static int64_t grow(struct web *t, int upto)
{
	struct logbook_report rep;
	struct db *db = world_read(&t->w);
	int64_t have;

	assert_ok(event_size(db, &have, EI));
	store_read_end(t->w.store, db);
	if (have < upto)
		events(t, upto - (int)have);
	assert_ok(logbook_advance(site_conf(t->w.site), t->w.store, t->w.now_ms, &rep, EI));
	return rep.last.size;
}

static void test_checkpoint(void **state)
{
	struct web *t = *state;
	struct note_key keys[LOGBOOK_KEYS_MAX];
	struct slice text;

	assert_int_equal(web_get(t, "/j/log/checkpoint"), 404); /* none yet */
	web_signup(t, "news", "ada@example.org");
	assert_int_equal(web_get(t, "/j/log/checkpoint"), 404);
	grow(t, 10);
	assert_int_equal(web_get(t, "/j/log/checkpoint"), 200);
	logbook_keys(store_keyring(t->w.store), SLICE("www.verein.test/j/log"), keys);
	assert_int_equal(note_verify(slice_from(t->body), keys, 1, &text, NULL), NOTE_GOOD);
	assert_true(slice_starts(text, SLICE("www.verein.test/j/log\n10\n")));
	assert_string_equal(t->res.content_type, "text/plain; charset=utf-8");
	assert_string_equal(web_header(t, "Cache-Control"), "no-cache");
	assert_int_equal(web_get(t, "/j/log/tile/0/000.p/10"), 404); /* not published */
}

static void test_tiles(void **state)
{
	static const struct {
		int line;
		const char *path;
		unsigned status, hashes;
	} rows[] = {
	    {__LINE__, "0/000", 200, 256}, {__LINE__, "0/272", 200, 256}, {__LINE__, "0/273.p/112", 200, 112},
	    {__LINE__, "0/273.p/1", 200, 1}, {__LINE__, "0/273", 404, 0}, {__LINE__, "0/273.p/113", 404, 0},
	    {__LINE__, "1/000", 200, 256}, {__LINE__, "1/001.p/17", 200, 17}, {__LINE__, "2/000.p/1", 200, 1},
	    {__LINE__, "2/000", 404, 0}, {__LINE__, "3/000.p/1", 404, 0}, {__LINE__, "63/000", 404, 0},
	    {__LINE__, "64/000", 404, 0}, {__LINE__, "00/000", 404, 0}, {__LINE__, "0/0", 404, 0}, {__LINE__, "0/00", 404, 0},
	    {__LINE__, "0/0000", 404, 0}, {__LINE__, "0/x000/000", 404, 0}, {__LINE__, "0/x001/000", 404, 0},
	    {__LINE__, "0/x001", 404, 0}, {__LINE__, "0/001/000", 404, 0}, {__LINE__, "0/000.p", 404, 0},
	    {__LINE__, "0/000.p/0", 404, 0}, {__LINE__, "0/000.p/01", 404, 0}, {__LINE__, "0/000.p/256", 404, 0},
	    {__LINE__, "0/000.p/5/6", 404, 0}, {__LINE__, "0/000/5", 404, 0}, {__LINE__, "0/x000.p/5", 404, 0},
	    {__LINE__, "0", 404, 0}, {__LINE__, "a/000", 404, 0}, {__LINE__, "-1/000", 404, 0}, {__LINE__, "0/-01", 404, 0},
	    {__LINE__, "entries/000", 404, 0}, {__LINE__, "0/x999/x999/x999/x999/x999/x999/x999/999", 404, 0},
	    {__LINE__, "0/", 404, 0}, {__LINE__, "0/000.p/", 404, 0},
	};
	struct web t;
	char *yaml = world_replace(WORLD_SITE, "mode: live\n", TILES), path[200];

	(void)state;
	web_open(&t, yaml);
	web_signup(&t, "news", "ada@example.org");
	assert_int_equal(grow(&t, 70000), 70000);
	events(&t, 300); /* not signed yet: nobody sees them */
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(path, sizeof(path), "/j/log/tile/%s", rows[i].path);
		unsigned status = web_get(&t, path);
		if (status != rows[i].status)
			fail_msg("line %d: %u", rows[i].line, status);
		if (status == 200 && t.res.body.len != 32 * rows[i].hashes)
			fail_msg("line %d: %zu bytes", rows[i].line, t.res.body.len);
	}
	assert_int_equal(web_get(&t, "/j/log/tile/0/000"), 200);
	assert_string_equal(t.res.content_type, "application/octet-stream");
	assert_non_null(strstr(web_header(&t, "Cache-Control"), "immutable"));
	web_close(&t);
	free(yaml);
}

static void test_none(void **state)
{
	struct web t;
	char *yaml = world_replace(WORLD_SITE, "mode: live\n", "mode: live\ntransparency: { publish: none }\n");

	(void)state;
	web_open(&t, yaml);
	web_signup(&t, "news", "ada@example.org");
	grow(&t, 10);
	assert_int_equal(web_get(&t, "/j/log/checkpoint"), 404);
	assert_int_equal(web_get(&t, "/j/log/tile/0/000.p/10"), 404);
	web_close(&t);
	free(yaml);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_checkpoint, web_setup, web_teardown),
	    cmocka_unit_test(test_tiles),
	    cmocka_unit_test(test_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

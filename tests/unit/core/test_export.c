/* Exports: who is in them, what stands in a row, and that nobody restricted or erased is. */
#include "lib/world.h"

#include "core/dpv.h"
#include "core/export.h"
#include "core/selftest.h"
#include "core/logbook.h"
#include "store/erasure.h"

static bool collect(struct slice bytes, void *arg)
{
	buf_add_slice(arg, bytes);
	return true;
}

static bool refuse(struct slice bytes, void *arg)
{
	(void)bytes;
	(void)arg;
	return false;
}

static void confirmed(struct world *w, const char *address, const char *form, const char *purposes, const char *name)
{
	world_signup_as(w, form, address, purposes, "de", name);
	world_act(w, world_last_mail(w).confirm, CONFIRM_ACT_CONFIRM, NULL);
	world_wait(w, MINUTE_MS);
}

/* a on the list; b pending; c has left; d restricted; e erased; f with a name that a spreadsheet would run. */
static void people(struct world *w)
{
	struct db *db;
	int64_t id;

	confirmed(w, "a@example.org", "both", "news,events", "Lovelace");
	world_signup(w, "news", "b@example.org", "news", "en");
	confirmed(w, "c@example.org", "news", "news", "");
	world_leave(w, world_last_mail(w).out, WITHDRAW_PAGE, NULL);
	confirmed(w, "d@example.org", "news", "news", "");
	world_state(w, "d@example.org", &id);
	assert_ok(store_write_begin(w->store, &db, EI));
	assert_ok(person_set_state(db, id, PERSON_RESTRICTED, w->now_ms, EI));
	assert_ok(store_write_commit(w->store, EI));
	confirmed(w, "e@example.org", "news", "news", "");
	world_state(w, "e@example.org", &id);
	assert_ok(person_erase(w->store, id, ERASURE_REQUEST, w->now_ms, EI));
	confirmed(w, "f@example.org", "both", "news", "%3D1%2B1%22%2Cx");
}

static char *export(struct world *w, enum export_format f, int64_t *n)
{
	struct db *db = world_read(w);
	struct buf out;
	char *text;

	buf_init(&out, 16u * 1024u * 1024u);
	assert_ok(export_write(f, db, w->site, collect, &out, n, EI));
	store_read_end(w->store, db);
	text = arena_str(&w->arena, buf_slice(&out));
	assert_non_null(text);
	buf_free(&out);
	return text;
}

static void test_csv(void **state)
{
	struct world *w = *state;
	int64_t n;
	char *text;

	people(w);
	text = export(w, EXPORT_CSV, &n);
	assert_int_equal(n, 2);
	assert_non_null(strstr(text, "\"address\",\"lang\",\"purposes\",\"created\",\"confirmed\",\"first_name\",\"last_name\","
	    "\"organization\"\r\n"));
	assert_non_null(strstr(text, "\"a@example.org\",\"de\",\"events news\",\"2026-11-21T14:05:09.123Z\","));
	assert_non_null(strstr(text, ",\"\",\"Lovelace\",\"\"\r\n"));
	assert_null(strstr(text, "\"=1+1"));
	for (const char *c = "bcde"; *c; c++) {
		char address[20];
		snprintf(address, sizeof(address), "%c@example.org", *c);
		assert_null(strstr(text, address));
	}
}

static void test_json(void **state)
{
	struct world *w = *state;
	int64_t n;
	char *text;

	people(w);
	text = export(w, EXPORT_JSON, &n);
	assert_int_equal(n, 2);
	assert_true(strncmp(text, "[\n{\"address\":\"a@example.org\"", 28) == 0);
	assert_non_null(strstr(text, "\"fields\":{\"last_name\":\"Lovelace\"}}"));
	assert_true(strcmp(text + strlen(text) - 4, "}\n]\n") == 0);
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

/* Who ever confirmed, also who has left since; by number, without address or name. */
static void test_records(void **state)
{
	struct world *w = *state;
	int64_t n;
	char *text;

	people(w);
	text = export(w, EXPORT_27560, &n);
	assert_int_equal(n, 3);
	assert_null(strstr(text, "@example.org"));
	assert_null(strstr(text, "Lovelace"));
	assert_int_equal(count(text, "\"dpv:ConsentRecord\""), 4); /* a has two purposes */
	assert_int_equal(count(text, "\"dpv:ConsentGiven\""), 4);
	assert_int_equal(count(text, "\"dpv:ConsentRequested\""), 4);
	assert_int_equal(count(text, "\"dpv:ConsentWithdrawn\""), 1);
	assert_int_equal(count(text, "\"dpv:RenewedConsentGiven\""), 0);
	/* The same record has the same name in every export. */
	assert_string_equal(text, export(w, EXPORT_27560, NULL));
}

static void test_empty(void **state)
{
	struct world *w = *state;
	int64_t n;

	assert_string_equal(export(w, EXPORT_JSON, &n), "[\n]\n");
	assert_int_equal(n, 0);
	assert_int_equal(count(export(w, EXPORT_27560, &n), "ConsentRecord"), 0);
	assert_int_equal(n, 0);
}

static void test_sink_fails(void **state)
{
	struct world *w = *state;
	struct db *db;

	people(w);
	db = world_read(w);
	for (int f = 0; f < EXPORT__MAX; f++)
		assert_int_equal(export_write((enum export_format)f, db, w->site, refuse, NULL, NULL, EI), E_IO);
	store_read_end(w->store, db);
	assert_int_equal(export_format_from_name("xml"), EXPORT__MAX);
	assert_int_equal(export_format_from_name("27560"), EXPORT_27560);
}

/* Somebody who left and came back: the second consent is one of its own, asked for anew. */
static void test_again(void **state)
{
	struct world *w = *state;
	char *text;

	confirmed(w, "a@example.org", "news", "news", "");
	world_leave(w, world_last_mail(w).out, WITHDRAW_PAGE, NULL);
	world_wait(w, DAY_MS);
	confirmed(w, "a@example.org", "news", "news", "");
	text = export(w, EXPORT_27560, NULL);
	assert_int_equal(count(text, "\"dpv:ConsentRecord\""), 1);
	assert_int_equal(count(text, "\"dpv:ConsentGiven\""), 2);
	assert_int_equal(count(text, "\"dpv:ConsentWithdrawn\""), 1);
}

/* ---- the worker's look at itself */

static struct selftest selftest(struct world *w)
{
	struct selftest r, noted;
	struct db *db;
	bool due;

	db = world_read(w);
	assert_ok(selftest_due(db, w->now_ms, &due, EI));
	store_read_end(w->store, db);
	assert_true(due);
	assert_ok(selftest_run(w->site, w->store, 30, w->now_ms, &r, EI));
	db = world_read(w);
	assert_ok(selftest_due(db, w->now_ms, &due, EI));
	assert_false(due);
	assert_ok(selftest_last(db, &noted, EI));
	store_read_end(w->store, db);
	assert_memory_equal(&r, &noted, sizeof(r));
	return r;
}

static void test_selftest(void **state)
{
	struct world *w = *state;
	struct logbook_report rep;
	struct selftest r;
	struct db *db;

	db = world_read(w);
	assert_int_equal(selftest_last(db, &r, EI), E_NOT_FOUND);
	store_read_end(w->store, db);
	r = selftest(w); /* nothing there is nothing wrong */
	assert_int_equal(r.proofs + r.sheets, 0);
	people(w);
	assert_ok(logbook_advance(site_conf(w->site), w->store, w->now_ms, &rep, EI));
	world_wait(w, DAY_MS);
	r = selftest(w);
	assert_int_equal(r.proofs, 30);
	assert_true(r.sheets > 10);
	assert_int_equal(r.proofs_bad, 0);
	assert_int_equal(r.sheets_bad, 0);
	assert_int_equal(r.seq, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_csv, world_setup, world_teardown),
	    cmocka_unit_test_setup_teardown(test_json, world_setup, world_teardown),
	    cmocka_unit_test_setup_teardown(test_records, world_setup, world_teardown),
	    cmocka_unit_test_setup_teardown(test_empty, world_setup, world_teardown),
	    cmocka_unit_test_setup_teardown(test_sink_fails, world_setup, world_teardown),
	    cmocka_unit_test_setup_teardown(test_again, world_setup, world_teardown),
	    cmocka_unit_test_setup_teardown(test_selftest, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

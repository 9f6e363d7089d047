/* The register of requests: terms, what acts do to it, what an erasure leaves of it, and when rows go. */
#include "lib/world.h"

#include "core/register.h"
#include "core/retention.h"
#include "core/rights.h"

#define DAY(s) (clock_parse_iso(s, 10) / DAY_MS)

static void test_terms(void **state)
{
	static const struct {
		int line;
		const char *from;
		int months;
		const char *to;
	} rows[] = {
	    {__LINE__, "2026-11-02", 1, "2026-12-02"}, {__LINE__, "2026-12-31", 1, "2027-01-31"},
	    {__LINE__, "2027-01-29", 1, "2027-02-28"}, {__LINE__, "2028-01-31", 1, "2028-02-29"},
	    {__LINE__, "2026-03-31", 1, "2026-04-30"}, {__LINE__, "2026-11-30", 3, "2027-02-28"},
	    {__LINE__, "2026-11-02", 3, "2027-02-02"}, {__LINE__, "2026-12-01", 3, "2027-03-01"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[REGISTER_DAY_BYTES];

		register_day_text(register_term(DAY(rows[i].from), rows[i].months), text);
		if (strcmp(text, rows[i].to) != 0)
			fail_msg("line %d: %s", rows[i].line, text);
	}
}

/* By the clock of the site: what comes at half past midnight in Berlin came that day. */
static void test_day(void **state)
{
	struct world *w = *state;

	assert_int_equal(register_day(site_conf(w->site), clock_parse_iso("2026-11-21T23:30:00.000Z", 24)), DAY("2026-11-22"));
	assert_int_equal(register_day(site_conf(w->site), clock_parse_iso("2026-11-21T22:30:00.000Z", 24)), DAY("2026-11-21"));
}

struct rows {
	struct dsar d[16];
	size_t n;
};

static bool keep_row(const struct dsar *d, void *arg)
{
	struct rows *r = arg;

	assert_true(r->n < 16);
	r->d[r->n++] = *d;
	return true;
}

static struct rows all(struct world *w)
{
	struct db *db = world_read(w);
	struct rows r = {.n = 0};

	assert_ok(dsar_each(db, 16, keep_row, &r, EI));
	store_read_end(w->store, db);
	return r;
}

static struct dsar put(struct world *w, int64_t person, const char *address, enum dsar_right right, const char *day)
{
	struct dsar d;
	struct db *db;

	assert_ok(store_write_begin(w->store, &db, EI));
	assert_ok(register_add(db, w->site, person, slice_from(address), right, SLICE("letter"), DAY(day), &d, EI));
	assert_ok(store_write_commit(w->store, EI));
	return d;
}

/* Address and note as they can be read; "" where there is none. */
static void parts(struct world *w, int64_t id, const char *address, const char *note)
{
	struct db *db = world_read(w);
	struct buf a, n;
	struct dsar d;

	buf_init_arena(&a, &w->arena, 400);
	buf_init_arena(&n, &w->arena, DSAR_NOTE_MAX_BYTES);
	assert_ok(dsar_get(db, id, &d, &a, &n, EI));
	store_read_end(w->store, db);
	assert_string_equal(a.data, address);
	assert_string_equal(n.data, note);
}

static enum err settle(struct world *w, int64_t id, enum dsar_state to, const char *note)
{
	struct db *db;
	enum err rc;

	assert_ok(store_write_begin(w->store, &db, EI));
	rc = dsar_settle(db, id, to, slice_from(note), w->now_ms, EI);
	if (rc)
		store_write_rollback(w->store);
	else
		assert_ok(store_write_commit(w->store, EI));
	return rc;
}

static enum err extend(struct world *w, int64_t id, struct dsar *d)
{
	struct db *db;
	enum err rc;

	assert_ok(store_write_begin(w->store, &db, EI));
	rc = register_extend(db, w->site, id, SLICE("many systems"), d, EI);
	if (rc)
		store_write_rollback(w->store);
	else
		assert_ok(store_write_commit(w->store, EI));
	return rc;
}

static int64_t person(struct world *w, const char *address)
{
	int64_t id;

	world_signup(w, "news", address, "news", "de");
	world_act(w, world_last_mail(w).confirm, CONFIRM_ACT_CONFIRM, NULL);
	world_state(w, address, &id);
	return id;
}

static struct dsar_counts counts(struct world *w)
{
	struct db *db = world_read(w);
	struct dsar_counts c;

	assert_ok(dsar_counts(db, register_day(site_conf(w->site), w->now_ms), &c, EI));
	store_read_end(w->store, db);
	return c;
}

/* The day itself is still in time. */
static void test_overdue(void **state)
{
	struct world *w = *state;
	struct dsar d = put(w, 0, "a@example.org", DSAR_ACCESS, "2026-11-20");

	assert_int_equal(d.due_day, DAY("2026-12-20"));
	assert_int_equal(counts(w).open, 1);
	assert_int_equal(counts(w).overdue, 0);
	assert_int_equal(counts(w).next_due_day, d.due_day);
	world_clock(w, clock_parse_iso("2026-12-20T22:59:00.000Z", 24));
	assert_int_equal(counts(w).overdue, 0);
	world_clock(w, clock_parse_iso("2026-12-20T23:01:00.000Z", 24));
	assert_int_equal(counts(w).overdue, 1);
	assert_ok(settle(w, d.id, DSAR_ANSWERED, ""));
	assert_int_equal(counts(w).open + counts(w).overdue, 0);
	assert_int_equal(settle(w, d.id, DSAR_ANSWERED, ""), E_CONFLICT);
	assert_int_equal(settle(w, 77, DSAR_ANSWERED, ""), E_NOT_FOUND);
}

static void test_received(void **state)
{
	struct world *w = *state;
	struct dsar d;
	struct db *db;

	assert_ok(store_write_begin(w->store, &db, EI));
	assert_int_equal(register_add(db, w->site, 0, SLICE("a@example.org"), DSAR_ACCESS, SLICE("letter"),
	    DAY("2026-11-22"), &d, EI), E_INVALID);
	assert_int_equal(register_add(db, w->site, 0, SLICE("a@example.org"), DSAR_ACCESS, SLICE("letter"),
	    DAY("2025-11-01"), &d, EI), E_INVALID);
	store_write_rollback(w->store);
}

/* The address of somebody whom we do not know goes with the answer. */
static void test_stranger(void **state)
{
	struct world *w = *state;
	struct dsar d = put(w, 0, "stranger@example.org", DSAR_ERASE, "2026-11-20");

	parts(w, d.id, "stranger@example.org", "");
	assert_ok(settle(w, d.id, DSAR_REFUSED, "nothing is held"));
	parts(w, d.id, "", "nothing is held");
	assert_int_equal(all(w).d[0].state, DSAR_REFUSED);
}

/* Two months more, from receipt; once, and while the first month runs. */
static void test_extend(void **state)
{
	struct world *w = *state;
	struct dsar d = put(w, 0, "a@example.org", DSAR_ACCESS, "2026-11-20"), late, e;

	late = put(w, 0, "b@example.org", DSAR_ACCESS, "2026-10-20");
	assert_int_equal(extend(w, late.id, &e), E_CONFLICT);
	assert_non_null(strstr(world_ei.text, "only while the first month runs"));
	assert_ok(extend(w, d.id, &e));
	assert_int_equal(e.due_day, DAY("2027-02-20"));
	assert_int_equal(e.extended_day, DAY("2026-11-21"));
	parts(w, d.id, "a@example.org", "many systems");
	assert_int_equal(extend(w, d.id, &e), E_CONFLICT);
	assert_ok(settle(w, d.id, DSAR_ANSWERED, ""));
	assert_int_equal(extend(w, d.id, &e), E_CONFLICT);
}

/* An act answers what waits for it; what nobody waited for is noted as answered at once, unless it is the owner's wish. */
static void test_acts(void **state)
{
	struct world *w = *state;
	struct rights r = {.site = w->site, .store = w->store, .way = WITHDRAW_HUB};
	int64_t id = person(w, "a@example.org");
	struct dsar access = put(w, id, "a@example.org", DSAR_ACCESS, "2026-11-20");
	struct rights_done done;
	struct rows now;
	struct buf out;

	parts(w, access.id, "", "");
	buf_init(&out, RIGHTS_EXPORT_MAX_BYTES);
	assert_ok(rights_export(&r, &w->arena, id, RIGHTS_JSON, &out, EI));
	buf_free(&out);
	now = all(w);
	assert_int_equal(now.n, 1);
	assert_int_equal(now.d[0].state, DSAR_ANSWERED);
	assert_int_equal(now.d[0].settled_ms, w->now_ms);
	assert_string_equal(now.d[0].way, "letter");
	assert_ok(rights_restrict(&r, &w->arena, id, &done, EI));
	now = all(w);
	assert_int_equal(now.n, 2);
	assert_int_equal(now.d[0].right, DSAR_RESTRICT);
	assert_int_equal(now.d[0].state, DSAR_ANSWERED);
	assert_string_equal(now.d[0].way, "hub");
	assert_int_equal(now.d[0].received_day, DAY("2026-11-21"));
	/* Nothing to do: nothing to note. */
	assert_ok(rights_restrict(&r, &w->arena, id, &done, EI));
	assert_int_equal(all(w).n, 2);
	r.way = WITHDRAW_OWNER;
	assert_ok(rights_release(&r, &w->arena, id, &done, EI));
	assert_int_equal(all(w).n, 2);
}

/* A withdrawal is no request of its own, but answers a letter that asked for it. */
static void test_withdrawal(void **state)
{
	struct world *w = *state;
	const struct rights r = {.site = w->site, .store = w->store, .way = WITHDRAW_LETTER};
	int64_t id = person(w, "a@example.org"), other = person(w, "b@example.org");
	struct rights_done done;

	put(w, id, "", DSAR_WITHDRAW, "2026-11-20");
	put(w, other, "", DSAR_WITHDRAW, "2026-11-20");
	assert_ok(rights_withdraw(&r, &w->arena, id, SLICE(""), &done, EI));
	assert_int_equal(counts(w).open, 1);
	assert_ok(rights_withdraw(&r, &w->arena, other, SLICE(""), &done, EI));
	assert_int_equal(counts(w).open, 0);
	assert_int_equal(all(w).n, 2);
}

/* After an erasure the register says that it was answered in time, and nothing about whom. */
static void test_erased(void **state)
{
	struct world *w = *state;
	const struct rights r = {.site = w->site, .store = w->store, .way = WITHDRAW_LETTER};
	int64_t id = person(w, "a@example.org");
	struct dsar other = put(w, id, "", DSAR_OTHER, "2026-11-20"), e;
	struct rights_done done;
	struct rows now;

	put(w, id, "", DSAR_ERASE, "2026-11-20");
	assert_ok(extend(w, other.id, &e));
	parts(w, other.id, "", "many systems");
	assert_ok(rights_erase(&r, &w->arena, id, false, false, &done, EI));
	parts(w, other.id, "", "");
	now = all(w);
	assert_int_equal(now.n, 2);
	assert_int_equal(now.d[1].right, DSAR_ERASE);
	assert_int_equal(now.d[1].state, DSAR_ANSWERED);
	assert_ok(rights_erase(&r, &w->arena, id, false, true, &done, EI));
	assert_int_equal(settle(w, other.id, DSAR_ANSWERED, "a name"), E_CONFLICT);
	assert_ok(settle(w, other.id, DSAR_ANSWERED, ""));
}

/* Answered rows go after retention.requests; open ones stay. */
static void test_retention(void **state)
{
	struct world *w = *state;
	struct dsar d = put(w, 0, "a@example.org", DSAR_ACCESS, "2026-11-20");
	struct retention_report rep;
	struct db *db;

	put(w, 0, "b@example.org", DSAR_ACCESS, "2026-11-20");
	assert_ok(settle(w, d.id, DSAR_ANSWERED, ""));
	world_wait(w, keep_period(site_conf(w->site), KEEP_REQUESTS).seconds * 1000 - 1000);
	assert_ok(retention_run(w->site, w->store, w->now_ms, &rep, EI));
	assert_int_equal(rep.dsars, 0);
	world_wait(w, 2000);
	db = world_read(w);
	assert_ok(retention_look(db, site_conf(w->site), w->now_ms, &rep, EI));
	store_read_end(w->store, db);
	assert_int_equal(rep.dsars, 1);
	assert_int_equal(all(w).n, 2);
	assert_ok(retention_run(w->site, w->store, w->now_ms, &rep, EI));
	assert_int_equal(rep.dsars, 1);
	assert_int_equal(all(w).n, 1);
	assert_int_equal(all(w).d[0].state, DSAR_OPEN);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_terms), TEST(test_day), TEST(test_overdue), TEST(test_received), TEST(test_stranger),
	    TEST(test_extend), TEST(test_acts), TEST(test_withdrawal), TEST(test_erased), TEST(test_retention),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "lib/world.h"

#include <sqlite3.h>

#include "core/keep.h"
#include "core/retention.h"
#include "store/budget.h"
#include "store/daily.h"
#include "store/erasure.h"
#include "store/hook.h"
#include "store/suppression.h"

/*
 * Ten years of a site in which one of everything happened in its first weeks. The clock goes month by month, and to the
 * second before and after each moment at which something is promised to go. After each pass everything is looked at: what
 * is over is gone, and nothing else.
 */

#define YEAR_MS (365 * DAY_MS)
#define SECOND INT64_C(1000)

struct promise {
	const char *what;
	int64_t at_ms;  /* gone from then on; INT64_MAX: never */
	const char *sql; /* counts it; ?1: who */
	int64_t who;
};

struct life {
	struct world w;
	sqlite3 *conn;
	struct promise all[32];
	size_t n;
};

static int64_t ask(struct life *l, const char *sql, int64_t who)
{
	sqlite3_stmt *q;
	int64_t n;

	assert_int_equal(sqlite3_prepare_v2(l->conn, sql, -1, &q, NULL), SQLITE_OK);
	if (sqlite3_bind_parameter_count(q))
		sqlite3_bind_int64(q, 1, who);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	n = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	return n;
}

static void promise(struct life *l, const char *what, int64_t at_ms, const char *sql, int64_t who)
{
	assert_true(l->n < sizeof(l->all) / sizeof(l->all[0]));
	l->all[l->n++] = (struct promise){what, at_ms, sql, who};
	assert_true(ask(l, sql, who) > 0);
}

static int64_t person_confirmed(struct life *l, const char *address)
{
	int64_t id;
	bool fresh;

	world_signup(&l->w, "news", address, "news", "de");
	world_act(&l->w, world_last_mail(&l->w).confirm, CONFIRM_ACT_CONFIRM, &fresh);
	assert_int_equal(world_state(&l->w, address, &id), PERSON_ACTIVE);
	return id;
}

static void set_state(struct life *l, int64_t id, enum person_state state)
{
	struct db *db;

	assert_ok(store_write_begin(l->w.store, &db, EI));
	assert_ok(person_set_state(db, id, state, l->w.now_ms, EI));
	assert_ok(store_write_commit(l->w.store, EI));
}

#define HELD "SELECT count(*) FROM person WHERE id = ?1 AND state <> 6 AND address_ct IS NOT NULL"
#define PROOF "SELECT count(*) FROM event WHERE person_id = ?1 AND core_ct IS NOT NULL"
#define IP_PART "SELECT count(*) FROM event WHERE person_id = ?1 AND ip_ct IS NOT NULL"

/* 31 December of the third year after: literal dates, not the program's own reckoning. */
static int64_t day(const char *iso)
{
	int64_t ms = clock_parse_iso(iso, strlen(iso));

	assert_true(ms > 0);
	return ms;
}

static void people(struct life *l)
{
	struct world *w = &l->w;
	struct world_mail mail;
	int64_t id, start = w->now_ms;
	bool fresh;

	world_signup(w, "news", "pending@verein.test", "news", "de");
	world_state(w, "pending@verein.test", &id);
	promise(l, "nobody confirmed", start + 7 * DAY_MS, HELD, id);
	promise(l, "proof of a request that nobody confirmed", start + 7 * DAY_MS, PROOF, id);

	id = person_confirmed(l, "stays@verein.test");
	promise(l, "on the list", INT64_MAX, HELD, id);
	promise(l, "proof of who is on the list", INT64_MAX, PROOF, id);
	promise(l, "IP address of who is on the list", start + 30 * DAY_MS, IP_PART, id);

	id = person_confirmed(l, "leaves@verein.test");
	mail = world_last_mail(w);
	world_leave(w, mail.out, WITHDRAW_PAGE, &fresh);
	assert_true(fresh);
	promise(l, "proof of who left in 2026", day("2030-01-01"), PROOF, id);
	promise(l, "address of who left in 2026", day("2030-01-01"), HELD, id);

	id = person_confirmed(l, "bounces@verein.test");
	set_state(l, id, PERSON_BOUNCED);
	promise(l, "proof of a mailbox that is gone", day("2030-01-01"), PROOF, id);

	id = person_confirmed(l, "complains@verein.test");
	set_state(l, id, PERSON_SUPPRESSED);
	promise(l, "proof of who complained", day("2030-01-01"), PROOF, id);

	id = person_confirmed(l, "restricted@verein.test");
	set_state(l, id, PERSON_RESTRICTED);
	promise(l, "restricted: Art. 18", INT64_MAX, HELD, id);
	promise(l, "proof of who is restricted", INT64_MAX, PROOF, id);
}

/* Calls: five years, where the end of the third year comes earlier. */
static void caller(struct life *l)
{
	struct person_new n = {.channel = STORE_VOICE, .state = PERSON_ACTIVE, .address = SLICE("+4930123456"),
	    .now_ms = l->w.now_ms};
	struct event_new e = {.time_ms = l->w.now_ms, .kind = EVENT_CONFIRMED};
	struct db *db;
	int64_t id;

	assert_ok(store_write_begin(l->w.store, &db, EI));
	assert_ok(person_insert(db, &n, &id, EI));
	e.person_id = id;
	assert_ok(event_append(db, &e, NULL, EI));
	assert_ok(person_set_state(db, id, PERSON_ACTIVE, l->w.now_ms, EI));
	assert_ok(person_set_state(db, id, PERSON_UNSUBSCRIBED, l->w.now_ms, EI));
	assert_ok(store_write_commit(l->w.store, EI));
	promise(l, "consent to calls", day("2031-11-21T14:05:09.123Z"), PROOF, id);
}

static void other_rows(struct life *l)
{
	static const unsigned char body[] = "{\"event\":\"sent\"}";
	struct suppression s = {.channel = STORE_EMAIL, .reason = SUPPRESSION_DENIED, .since_ms = l->w.now_ms,
	    .until_ms = l->w.now_ms + 30 * DAY_MS};
	int64_t mail, hook, today = daily_day(l->w.now_ms);
	struct hook h;
	struct buf b;
	struct db *db;

	buf_init(&b, 1 << 16);
	mail = world_last_mail(&l->w).id;
	assert_ok(store_write_begin(l->w.store, &db, EI));
	memset(s.lookup, 1, sizeof(s.lookup));
	assert_ok(suppression_add(db, &s, EI));
	s.reason = SUPPRESSION_OBJECTED;
	s.until_ms = 0;
	memset(s.lookup, 2, sizeof(s.lookup));
	assert_ok(suppression_add(db, &s, EI));
	assert_ok(hook_put(db, SLICE("mailjet"), slice_make(body, sizeof(body) - 1), l->w.now_ms, NULL, EI));
	assert_ok(hook_next(db, 0, &h, &b, EI));
	hook = h.id;
	assert_ok(hook_done(db, hook, EI));
	assert_ok(daily_add(db, today, SLICE("news"), DAILY_SHOWN, 3, EI));
	assert_ok(outbox_drop(db, mail, l->w.now_ms, EI));
	assert_ok(store_write_commit(l->w.store, EI));
	buf_free(&b);
	promise(l, "a mail that was settled", l->w.now_ms + 30 * DAY_MS, "SELECT count(*) FROM outbox WHERE id = ?1", mail);
	promise(l, "block after \"That was not me\"", l->w.now_ms + 30 * DAY_MS,
	    "SELECT count(*) FROM suppression WHERE reason = ?1", SUPPRESSION_DENIED);
	promise(l, "block after an objection", INT64_MAX, "SELECT count(*) FROM suppression WHERE reason = ?1",
	    SUPPRESSION_OBJECTED);
	promise(l, "code of a report", l->w.now_ms + 7 * DAY_MS, "SELECT count(*) FROM hook WHERE id = ?1", hook);
	/* Whole days: gone when the day is over that lies 3 * 366 days behind it. */
	promise(l, "counts of a day", (today + RETENTION_DAILY_DAYS + 1) * DAY_MS,
	    "SELECT count(*) FROM daily WHERE day = ?1", today);
	promise(l, "texts that were shown", INT64_MAX, "SELECT count(*) FROM text", 0);
	promise(l, "commitments", INT64_MAX, "SELECT count(commitment) FROM event", 0);
}

/* Somebody who was erased, and whose evidence stays for a time of its own. */
static void kept(struct life *l)
{
	int64_t id = person_confirmed(l, "kept@verein.test"), until = l->w.now_ms + 400 * DAY_MS;
	struct db *db;

	assert_ok(store_write_begin(l->w.store, &db, EI));
	assert_ok(erasure_ask_keep(db, id, ERASURE_REQUEST, until, l->w.now_ms, EI));
	assert_ok(store_write_commit(l->w.store, EI));
	assert_ok(erasure_finish(l->w.store, l->w.now_ms, NULL, EI));
	promise(l, "evidence that outlived an erasure", until, PROOF, id);
}

static int setup(void **state)
{
	struct life *l = calloc(1, sizeof(*l));
	char path[300];

	world_open(&l->w, WORLD_SITE);
	snprintf(path, sizeof(path), "%s/club/data.db", l->w.conf->data);
	assert_int_equal(sqlite3_open_v2(path, &l->conn, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	*state = l;
	return 0;
}

static int teardown(void **state)
{
	struct life *l = *state;

	sqlite3_close(l->conn);
	world_close(&l->w);
	free(l);
	return 0;
}

/* What purge -n says is what the pass then does. */
static void pass(struct life *l, int64_t now_ms)
{
	struct retention_report look, done;
	size_t n;
	const struct retention_row *rows = retention_rows(&n);
	struct db *db;

	world_clock(&l->w, now_ms);
	db = world_read(&l->w);
	assert_ok(retention_look(db, l->w.conf->sites[0], now_ms, &look, EI));
	store_read_end(l->w.store, db);
	assert_ok(retention_run(l->w.site, l->w.store, now_ms, &done, EI));
	for (size_t i = 0; i < n; i++)
		/* An erasure takes IP addresses and mails with it, which were counted by themselves before. */
		if (rows[i].kind != KEEP_IP && rows[i].kind != KEEP_MAILS && retention_count(&look, &rows[i]) != retention_count(&done, &rows[i]))
			fail_msg("%s: purge -n said %u, the pass did %u", rows[i].id, retention_count(&look, &rows[i]), retention_count(&done, &rows[i]));
	for (size_t i = 0; i < l->n; i++) {
		const struct promise *p = &l->all[i];
		bool there = ask(l, p->sql, p->who) > 0, wanted = now_ms <= p->at_ms;
		char iso[CLOCK_ISO_BYTES];

		if (there != wanted)
			fail_msg("%s: %s %s", clock_iso(now_ms, iso), p->what, there ? "is still there" : "has gone too early");
	}
}

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void test_ten_years(void **state)
{
	struct life *l = *state;
	int64_t at[256];
	size_t n = 0;

	people(l);
	caller(l);
	kept(l);
	other_rows(l);
	for (int month = 1; month <= 120; month++)
		at[n++] = WORLD_NOW + month * (YEAR_MS / 12);
	for (size_t i = 0; i < l->n; i++) {
		if (l->all[i].at_ms == INT64_MAX)
			continue;
		at[n++] = l->all[i].at_ms - SECOND;
		at[n++] = l->all[i].at_ms + SECOND;
	}
	qsort(at, n, sizeof(at[0]), by_time);
	for (size_t i = 0; i < n; i++)
		pass(l, at[i]);
	assert_true(l->w.now_ms >= WORLD_NOW + 9 * YEAR_MS);
	assert_ok(store_check(l->w.store, EI));
}

/* More open requests of known people than one portion: all end in one pass, whoever is restricted holds up nobody. */
static void test_requests_keep_up(void **state)
{
	struct life *l = *state;
	struct request_new r = {.form = SLICE("news"), .purposes = SLICE("news"), .created_ms = WORLD_NOW};
	struct retention_report rep;
	struct db *db;
	int64_t id = person_confirmed(l, "many@verein.test"), frozen = person_confirmed(l, "frozen@verein.test"), x;

	set_state(l, frozen, PERSON_RESTRICTED);
	assert_ok(store_write_begin(l->w.store, &db, EI));
	for (int i = 0; i < 550; i++) {
		r.person_id = i < 150 ? frozen : id;
		r.expires_ms = WORLD_NOW + 1 + i;
		assert_ok(request_insert(db, &r, &x, EI));
	}
	assert_ok(store_write_commit(l->w.store, EI));
	assert_ok(retention_run(l->w.site, l->w.store, WORLD_NOW + 8 * DAY_MS, &rep, EI));
	assert_int_equal(rep.requests, 400);
	assert_int_equal(ask(l, "SELECT count(*) FROM request WHERE state = 0 AND person_id = ?1", id), 0);
	assert_int_equal(ask(l, "SELECT count(*) FROM request WHERE state = 0 AND person_id = ?1", frozen), 150);
}

/* Counters of the host: two days for keys, a day for slots, 90 days for tallies. */
static void test_budget(void **state)
{
	struct life *l = *state;
	const struct budget_ask a = {.class = BUDGET_PREFIX, .scope = SLICE("club"), .subject = SLICE("192.0.2.0"),
	    .rate = {.count = 5, .per = {.seconds = 3600, .n = 1, .unit = 'h'}}};
	char path[300];
	struct budget *b;
	size_t denied;
	sqlite3 *conn, *data = l->conn;

	assert_ok(budget_open(&b, l->w.conf->data, EI));
	assert_ok(budget_take(b, &a, 1, WORLD_NOW, &denied, NULL, EI));
	assert_ok(budget_count(b, "club", SLICE("news"), BUDGET_T_INPUT, 1, WORLD_NOW, EI));
	budget_tick(b);
	budget_close(b);
	snprintf(path, sizeof(path), "%s/budget.db", l->w.conf->data);
	assert_int_equal(sqlite3_open_v2(path, &conn, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	l->conn = conn;
	assert_true(ask(l, "SELECT count(*) FROM secret", 0) > 0);
	assert_true(ask(l, "SELECT count(*) FROM slot", 0) > 0);
	for (int64_t d = 1; d <= 100; d++) {
		assert_ok(budget_open(&b, l->w.conf->data, EI));
		assert_ok(budget_purge(b, WORLD_NOW + d * DAY_MS, EI));
		budget_close(b);
		if (d >= keep_period(l->w.conf->sites[0], KEEP_ABUSE).n)
			assert_int_equal(ask(l, "SELECT count(*) FROM secret WHERE day <= ?1", daily_day(WORLD_NOW)) + ask(l, "SELECT count(*) FROM slot", 0), 0);
		assert_int_equal(ask(l, "SELECT count(*) FROM tally", 0), d <= keep_of(KEEP_REFUSED)->fixed.n);
	}
	sqlite3_close(conn);
	l->conn = data;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_ten_years, setup, teardown),
		cmocka_unit_test_setup_teardown(test_requests_keep_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_budget, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* From a sign-up to a person, a request, an event and a mail: what, how often, and never half. */
#include "lib/world.h"

#include <pthread.h>

#include "store/budget.h"
#include "store/suppression.h"
#include "store/writer.h"
#include "store/writer_priv.h"

#define ADA "ada@example.org"

static size_t mails_since(struct world *w, int64_t after, struct world_mail *v)
{
	return world_mails(w, after, v, 16);
}

static void test_new(void **state)
{
	struct world *w = *state;
	struct world_event v[4];
	struct world_mail m;
	struct db *db;
	struct buf address;
	int64_t id;

	world_signup(w, "news", ADA, "news", "de");
	assert_int_equal(world_intake(w), 0);
	assert_int_equal(world_state(w, ADA, &id), PERSON_PENDING);
	assert_int_equal(world_purpose(w, id, "news"), PURPOSE_PENDING);
	assert_int_equal(world_purpose(w, id, "events"), PURPOSE_STATE__MAX);
	assert_int_equal(world_pending(w, id), 1);
	m = world_last_mail(w);
	assert_int_equal(m.kind, OUTBOX_CONFIRM);
	assert_int_equal(m.person_id, id);
	assert_slice(m.slots.value[MESSAGE_TO], ADA);
	assert_slice(m.slots.value[MESSAGE_DATE], "21. November 2026, 15:05 Uhr");
	assert_int_equal(world_events(w, id, 0, v, 4), 1);
	assert_int_equal(v[0].kind, EVENT_REQUESTED);
	assert_true(v[0].verified);
	assert_string_equal(v[0].ip, "192.0.2.0");
	db = world_read(w);
	buf_init_arena(&address, &w->arena, 320);
	assert_ok(person_address(db, id, &address, EI));
	store_read_end(w->store, db);
	assert_string_equal(address.data, ADA);
}

/* Times are those of the visit, not of the worker that came later. */
static void test_late(void **state)
{
	struct world *w = *state;
	struct world_event v[4];
	char body[200];
	int64_t id;

	snprintf(body, sizeof(body), "email=" ADA "&ok=1&v=%s", world_consent(w, "news", "de")->v);
	assert_int_equal(world_gate(w, "news", body).result, GATE_ACCEPTED);
	world_wait(w, 3 * HOUR_MS);
	world_turn(w);
	world_state(w, ADA, &id);
	assert_int_equal(world_events(w, id, 0, v, 4), 1);
	assert_non_null(strstr(v[0].json, "2026-11-21T14:05:09.123Z"));
	assert_slice(world_last_mail(w).slots.value[MESSAGE_DATE], "21. November 2026, 15:05 Uhr");
	/* The link lives from when it was sent. */
	world_wait(w, 48 * HOUR_MS - 2000);
	assert_int_equal(world_look(w, world_last_mail(w).confirm).state, CONFIRM_OPEN);
	world_wait(w, 2000);
	assert_int_equal(world_look(w, world_last_mail(w).confirm).state, CONFIRM_EXPIRED);
}

/* { wait before, form, purposes, lang, mails, kind } on one pending address. */
static void test_repeat(void **state)
{
	static const struct {
		int row;
		int64_t wait_ms;
		const char *form, *purposes, *lang;
		size_t mails, pending;
	} rows[] = {
	    {__LINE__, 0, "news", "news", "de", 1, 1},
	    {__LINE__, 0, "news", "news", "de", 0, 1},
	    {__LINE__, TURN_COOL_DOWN_MS - 1, "news", "news", "de", 0, 1},
	    {__LINE__, 1, "news", "news", "de", 1, 1},                /* the same request once more */
	    {__LINE__, TURN_COOL_DOWN_MS, "news", "news", "en", 1, 2}, /* other words: a request of its own */
	    {__LINE__, 0, "both", "events", "de", 1, 3},
	    {__LINE__, 49 * HOUR_MS, "news", "news", "en", 1, 4},     /* the link has run out */
	};
	struct world *w = *state;
	int64_t last = 0, id;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world_mail v[16];
		size_t n;
		world_wait(w, rows[i].wait_ms);
		world_signup(w, rows[i].form, ADA, rows[i].purposes, rows[i].lang);
		n = mails_since(w, last, v);
		last = n ? v[n - 1].id : last;
		if (n != rows[i].mails)
			fail_msg("row %d: %zu mails", rows[i].row, n);
		world_state(w, ADA, &id);
		if (world_pending(w, id) != rows[i].pending)
			fail_msg("row %d: %zu requests", rows[i].row, world_pending(w, id));
	}
}

/* Both links of one request lead to it, whichever mail is found first. */
static void test_two_mails(void **state)
{
	struct world *w = *state;
	struct world_mail first, second;

	world_signup(w, "news", ADA, "news", "de");
	first = world_last_mail(w);
	world_wait(w, TURN_COOL_DOWN_MS);
	world_signup(w, "news", ADA, "news", "de");
	second = world_last_mail(w);
	assert_int_equal(first.request_id, second.request_id);
	assert_int_equal(world_act(w, first.confirm, CONFIRM_ACT_CONFIRM, NULL).state, CONFIRM_DONE);
	assert_int_equal(world_look(w, second.confirm).state, CONFIRM_DONE);
}

static void test_known(void **state)
{
	struct world *w = *state;
	struct world_mail m, v[16];
	int64_t id;

	world_signup(w, "news", ADA, "news", "de");
	m = world_last_mail(w);
	world_act(w, m.confirm, CONFIRM_ACT_CONFIRM, NULL);
	/* Within the cool-down: nothing. Later: word that it is on the list, with the way out and no other link. */
	world_signup(w, "news", ADA, "news", "de");
	assert_int_equal(mails_since(w, m.id, v), 0);
	world_wait(w, TURN_COOL_DOWN_MS);
	world_signup(w, "news", ADA, "news", "de");
	assert_int_equal(mails_since(w, m.id, v), 1);
	assert_int_equal(v[0].kind, OUTBOX_ALREADY);
	assert_string_equal(v[0].confirm, "");
	assert_string_equal(v[0].out, m.out);
	world_signup(w, "news", ADA, "news", "de");
	assert_int_equal(mails_since(w, m.id, v), 1);
	world_state(w, ADA, &id);
	assert_int_equal(world_pending(w, id), 0);
	/* One purpose more is a new question, and changes nothing until it is answered. */
	world_signup(w, "both", ADA, "news,events", "de");
	assert_int_equal(mails_since(w, m.id, v), 2);
	assert_int_equal(v[1].kind, OUTBOX_CONFIRM);
	assert_int_equal(world_purpose(w, id, "events"), PURPOSE_STATE__MAX);
	assert_int_equal(world_purpose(w, id, "news"), PURPOSE_ACTIVE);
}

/* Details of somebody on the list change only when that person says so. */
static void test_changed_fields(void **state)
{
	struct world *w = *state;
	struct buf held;
	struct db *db;
	int64_t id;

	world_signup_as(w, "both", ADA, "news", "de", "Lovelace");
	world_act(w, world_last_mail(w).confirm, CONFIRM_ACT_CONFIRM, NULL);
	world_wait(w, HOUR_MS);
	world_signup_as(w, "both", ADA, "news", "de", "Mallory");
	assert_int_equal(world_last_mail(w).kind, OUTBOX_CONFIRM);
	world_state(w, ADA, &id);
	for (int round = 0; round < 2; round++) {
		buf_init_arena(&held, &w->arena, PERSON_FIELDS_MAX_BYTES);
		db = world_read(w);
		assert_ok(person_fields(db, id, &held, EI));
		store_read_end(w->store, db);
		assert_string_equal(held.data, round ? "{\"last_name\":\"Mallory\"}" : "{\"last_name\":\"Lovelace\"}");
		world_act(w, world_last_mail(w).confirm, CONFIRM_ACT_CONFIRM, NULL);
	}
}

static void block(struct world *w, const char *address, enum suppression_reason why, int64_t until_ms)
{
	struct suppression s = {.channel = STORE_EMAIL, .reason = why, .since_ms = w->now_ms, .until_ms = until_ms};
	struct db *db;

	person_lookup(store_keyring(w->store), STORE_EMAIL, slice_from(address), s.lookup);
	assert_ok(store_write_begin(w->store, &db, EI));
	assert_ok(suppression_add(db, &s, EI));
	assert_ok(store_write_commit(w->store, EI));
}

static void test_blocked(void **state)
{
	struct world *w = *state;

	block(w, ADA, SUPPRESSION_OBJECTED, 0);
	block(w, "eve@example.org", SUPPRESSION_DENIED, w->now_ms + DAY_MS);
	world_signup(w, "news", ADA, "news", "de");
	world_signup(w, "news", "eve@example.org", "news", "de");
	assert_int_equal(world_mail_count(w), 0);
	assert_int_equal(world_state(w, ADA, NULL), PERSON_STATE__MAX);
	world_wait(w, DAY_MS);
	world_signup(w, "news", ADA, "news", "de");
	world_signup(w, "news", "eve@example.org", "news", "de");
	assert_int_equal(world_mail_count(w), 1);
	assert_int_equal(world_state(w, "eve@example.org", NULL), PERSON_PENDING);
	/* The row is gone also for those who got nothing. */
	assert_int_equal(world_intake(w), 0);
}

/* At most two mails a day for one address, however it is spelled, and no trace beyond. */
static void test_budget(void **state)
{
	static const char *const spelled[] = {"bob@example.org", "BOB@example.org", "Bob@Example.ORG", "bOb@example.org"};
	struct world *w = *state;

	assert_ok(budget_open(&w->turn.budget, w->conf->data, EI));
	for (int i = 0; i < 24; i++) {
		world_signup(w, "news", spelled[i % 4], "news", "de");
		world_signup(w, "both", spelled[(i + 1) % 4], "events", "de");
		world_wait(w, 11 * MINUTE_MS);
	}
	assert_int_equal(world_mail_count(w), 2);
	world_wait(w, 26 * HOUR_MS);
	world_signup(w, "news", spelled[0], "news", "de");
	assert_int_equal(world_mail_count(w), 3);
	budget_close(w->turn.budget);
	w->turn.budget = NULL;
}

/* Many at once: all are done, in portions, each with exactly one mail. */
static void test_many(void **state)
{
	struct world *w = *state;
	const char *v = world_consent(w, "news", "de")->v;
	struct db *db;
	int64_t counts[OUTBOX_STATE__MAX];
	const int n = TURN_BATCH_MAX + 40;

	for (int i = 0; i < n; i++) {
		char body[200];
		snprintf(body, sizeof(body), "email=p%d@example.org&ok=1&v=%s", i, v);
		assert_int_equal(world_gate(w, "news", body).result, GATE_ACCEPTED);
		arena_reset(&w->arena);
	}
	assert_int_equal(world_intake(w), n);
	world_turn(w);
	assert_int_equal(world_intake(w), 0);
	db = world_read(w);
	assert_ok(outbox_counts(db, counts, EI));
	store_read_end(w->store, db);
	assert_int_equal(counts[OUTBOX_QUEUED], n);
}

static void put_rows(struct world *w, const unsigned char *hash, const char *address, int n)
{
	struct intake in = {.at_ms = w->now_ms, .channel = STORE_EMAIL, .form = SLICE("news"), .lang = SLICE("de"),
	    .address = slice_from(address), .purposes = SLICE("news")};
	struct db *db;
	int64_t id;

	memcpy(in.consent_hash, hash, STORE_HASH_BYTES);
	assert_ok(store_write_begin(w->store, &db, EI));
	for (int i = 0; i < n; i++)
		assert_ok(intake_put(db, &in, &id, EI));
	assert_ok(store_write_commit(w->store, EI));
}

static void quiet(const char *line, void *arg)
{
	++*(size_t *)arg;
	assert_null(strstr(line, "example.org"));
}

/* A row whose wording nobody knows stops nobody else, and does not vanish without a word. */
static void test_unknown_wording(void **state)
{
	static const unsigned char nobody[STORE_HASH_BYTES] = {1, 2, 3};
	struct world *w = *state;
	size_t lines = 0;

	put_rows(w, nobody, "lost@example.org", 1);
	put_rows(w, world_consent(w, "news", "de")->hash, ADA, 1);
	log_capture(quiet, &lines);
	world_turn(w);
	log_capture(NULL, NULL);
	assert_true(lines > 0);
	assert_int_equal(world_state(w, ADA, NULL), PERSON_PENDING);
	assert_int_equal(world_intake(w), 1);
}

/* More of such rows than one portion holds: it ends, and what comes behind them is done. */
static void test_unknown_many(void **state)
{
	static const unsigned char nobody[STORE_HASH_BYTES] = {1, 2, 3};
	struct world *w = *state;
	size_t lines = 0;

	put_rows(w, nobody, "lost@example.org", TURN_BATCH_MAX + 10);
	put_rows(w, world_consent(w, "news", "de")->hash, ADA, 1);
	log_capture(quiet, &lines);
	world_turn(w);
	log_capture(NULL, NULL);
	assert_int_equal(world_state(w, ADA, NULL), PERSON_PENDING);
	assert_int_equal(world_intake(w), TURN_BATCH_MAX + 10);
}

/* Two jobs of the pool: the first is under way and waits for the write lock, the second waits for the first. */
struct queued {
	struct world *w;
	pthread_t thread;
	struct writer_job job[2];
};

static enum err job_nothing(struct db *db, void *arg, struct errinfo *ei)
{
	(void)db;
	(void)arg;
	(void)ei;
	return OK;
}

static void job_done(struct writer_job *job)
{
	(void)job;
}

static void *queued_main(void *arg)
{
	struct queued *q = arg;

	for (int i = 0; i < 2; i++) {
		struct errinfo ei = {0};
		q->job[i] = (struct writer_job){.run = job_nothing, .done = job_done};
		if (writer_submit(q->w->writers, q->w->store, &q->job[i], &ei))
			return NULL;
		while (i == 0 && writer_queue_length(q->w->writers, q->w->store))
			usleep(1000);
	}
	return arg;
}

/* One portion. Returns how many it did. */
static int64_t one_portion(struct world *w, bool pressed, bool *more)
{
	static struct queued q;
	int64_t before = world_intake(w);
	struct db *db;
	void *ok = &q;

	q.w = w;
	assert_ok(store_write_begin(w->store, &db, EI));
	if (pressed) {
		assert_int_equal(pthread_create(&q.thread, NULL, queued_main, &q), 0);
		pthread_join(q.thread, &ok);
	}
	assert_ptr_equal(ok, &q);
	assert_int_equal(writer_pressed(db), pressed);
	assert_ok(turn_after(db, &w->turn, more, EI));
	assert_ok(store_write_commit(w->store, EI));
	while (!writer_quiet(w->writers, w->store))
		usleep(1000);
	return before - world_intake(w);
}

/* While visitors wait the portions are small, but not for sign-ups that are late already. */
static void test_pressed(void **state)
{
	static const unsigned char nobody[STORE_HASH_BYTES] = {1, 2, 3};
	static const struct {
		int row, n, lost;
		int64_t age_ms;
		bool pressed;
		int done;
		bool more;
	} rows[] = {
	    {__LINE__, TURN_BATCH_MAX + 1, 0, 0, false, TURN_BATCH_MAX, true},
	    {__LINE__, TURN_BATCH_MAX + 1, 0, 0, true, TURN_PRESSED_MAX, true},
	    {__LINE__, TURN_PRESSED_MAX - 1, 0, 0, true, TURN_PRESSED_MAX - 1, false},
	    {__LINE__, TURN_PRESSED_MAX + 1, 0, TURN_LATE_MS, true, TURN_PRESSED_MAX, true},
	    {__LINE__, TURN_BATCH_MAX + 1, 0, TURN_LATE_MS + 1, true, TURN_BATCH_MAX, true},
	    {__LINE__, TURN_PRESSED_MAX + 1, 0, TURN_LATE_MS + 1, true, TURN_PRESSED_MAX + 1, false},
	    /* what nobody can work on grows old, and makes nothing else late */
	    {__LINE__, TURN_BATCH_MAX + 1, 1, 0, true, TURN_PRESSED_MAX, true},
	};
	struct world *w = *state;
	size_t lines = 0;

	world_signup(w, "news", ADA, "news", "de"); /* the pool is there */
	log_capture(quiet, &lines);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t done;
		bool more;
		if (rows[i].lost) {
			put_rows(w, nobody, "lost@example.org", rows[i].lost);
			world_wait(w, TURN_LATE_MS + 1);
		}
		put_rows(w, world_consent(w, "news", "de")->hash, ADA, rows[i].n);
		world_wait(w, rows[i].age_ms);
		done = one_portion(w, rows[i].pressed, &more);
		if (done != rows[i].done || more != rows[i].more)
			fail_msg("row %d: %lld done, %s", rows[i].row, (long long)done, more ? "more" : "no more");
		world_turn(w);
		assert_int_equal(world_intake(w), rows[i].lost);
	}
	log_capture(NULL, NULL);
}

#define T(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_new), T(test_late), T(test_repeat), T(test_two_mails), T(test_known), T(test_changed_fields),
	    T(test_blocked), T(test_budget), T(test_many), T(test_unknown_wording), T(test_unknown_many),
	    T(test_pressed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

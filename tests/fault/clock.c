/*
 * clock: wall time that jumps while the service runs: a day back, ten years ahead, back again.
 * What holds: links expire by wall clock, as it is; the order of the evidence is the number of the event;
 * nothing is sent twice because of a jump, nothing that waits is lost for long, nobody spins.
 */
#include "lib/world.h"

#include <time.h>

#define YEAR_MS (365 * DAY_MS)

struct seen {
	int64_t last;
	size_t n;
	bool ordered;
};

static bool order_row(int64_t seq, const unsigned char commitment[STORE_HASH_BYTES], void *arg)
{
	struct seen *s = arg;
	(void)commitment;
	s->ordered &= seq == s->last + 1;
	s->last = seq;
	s->n++;
	return true;
}

static void assert_log(struct world *w, size_t least)
{
	struct seen s = {.ordered = true};
	struct db *db = world_read(w);
	assert_ok(event_commitments(db, 0, 100000, order_row, &s, EI));
	store_read_end(w->store, db);
	assert_true(s.ordered);
	assert_true(s.n >= least);
	assert_ok(store_check(w->store, EI));
}

static void assert_verified(struct world *w, int64_t person)
{
	struct world_event v[64];
	size_t n = world_events(w, person, 0, v, 64);
	assert_true(n > 0);
	for (size_t i = 0; i < n; i++) {
		assert_true(v[i].verified);
		assert_true(i == 0 || v[i].seq > v[i - 1].seq);
	}
}

/* A step back between sign-up and confirmation, and between two persons. */
static void test_back(void **state)
{
	struct world *w = *state;
	struct world_mail ada, bob;
	int64_t id;

	world_signup(w, "news", "ada@example.org", "news", "de");
	ada = world_last_mail(w);
	world_wait(w, -DAY_MS);
	world_signup(w, "news", "bob@example.org", "news", "de");
	bob = world_last_mail(w);
	assert_int_equal(world_act(w, ada.confirm, CONFIRM_ACT_CONFIRM, NULL).state, CONFIRM_DONE);
	world_wait(w, -DAY_MS);
	assert_int_equal(world_act(w, bob.confirm, CONFIRM_ACT_CONFIRM, NULL).state, CONFIRM_DONE);
	assert_int_equal(world_state(w, "ada@example.org", &id), PERSON_ACTIVE);
	assert_verified(w, id);
	assert_int_equal(world_state(w, "bob@example.org", &id), PERSON_ACTIVE);
	assert_verified(w, id);
	assert_log(w, 4);
}

/* The same sign-up again, from before the first: still one mail; after the pause by any clock, a second. */
static void test_no_second_mail(void **state)
{
	struct world *w = *state;
	size_t n;

	world_signup(w, "news", "ada@example.org", "news", "de");
	n = world_mail_count(w);
	world_wait(w, -MINUTE_MS);
	world_signup(w, "news", "ada@example.org", "news", "de");
	assert_int_equal(world_mail_count(w), n);
	world_wait(w, -DAY_MS);
	world_signup(w, "news", "ada@example.org", "news", "de");
	assert_int_equal(world_mail_count(w), n);
	/* red where the pause is not looked at: by the right clock it is over */
	world_clock(w, WORLD_NOW + TURN_COOL_DOWN_MS + MINUTE_MS);
	world_signup(w, "news", "ada@example.org", "news", "de");
	assert_int_equal(world_mail_count(w), n + 1);
}

/* Ten years ahead: links have expired, a new one works; back again, what was confirmed stays so. */
static void test_ahead_and_back(void **state)
{
	struct world *w = *state;
	struct world_mail old, new;
	int64_t id;

	world_signup(w, "news", "ada@example.org", "news", "de");
	old = world_last_mail(w);
	world_wait(w, 10 * YEAR_MS);
	assert_int_equal(world_look(w, old.confirm).state, CONFIRM_EXPIRED);
	assert_int_equal(world_act(w, old.confirm, CONFIRM_ACT_CONFIRM, NULL).state, CONFIRM_EXPIRED);
	assert_int_equal(world_purpose(w, world_last_mail(w).person_id, "news") == PURPOSE_ACTIVE, false);
	assert_int_equal(world_act(w, old.confirm, CONFIRM_ACT_RENEW, NULL).state, CONFIRM_RENEWED);
	new = world_last_mail(w);
	assert_int_equal(world_act(w, new.confirm, CONFIRM_ACT_CONFIRM, NULL).state, CONFIRM_DONE);
	world_clock(w, WORLD_NOW + MINUTE_MS);
	assert_int_equal(world_look(w, new.confirm).state, CONFIRM_DONE);
	assert_int_equal(world_state(w, "ada@example.org", &id), PERSON_ACTIVE);
	assert_verified(w, id);
	/* an unsubscribe link knows no time */
	assert_int_equal(world_leave(w, new.out, WITHDRAW_ONE_CLICK, NULL).state, WITHDRAW_DONE);
	/* and the spent link brings nobody back, whatever the clock says */
	assert_int_equal(world_act(w, new.confirm, CONFIRM_ACT_CONFIRM, NULL).state, CONFIRM_LEFT);
	world_wait(w, -2 * DAY_MS);
	assert_int_equal(world_act(w, old.confirm, CONFIRM_ACT_CONFIRM, NULL).state, CONFIRM_LEFT);
	assert_int_equal(world_state(w, "ada@example.org", NULL), PERSON_UNSUBSCRIBED);
	assert_log(w, 4);
}

static void count_row(const struct outbox_row *r, void *arg)
{
	(void)r;
	++*(unsigned *)arg;
}

static unsigned claimed(struct world *w)
{
	struct db *db;
	unsigned n = 0;
	assert_ok(store_write_begin(w->store, &db, EI));
	assert_ok(outbox_claim(db, w->now_ms, 100, SLICE("a1"), count_row, &n, NULL, EI));
	assert_ok(store_write_commit(w->store, EI));
	return n;
}

/* A mail made while the clock was ten years ahead goes out when it is right again, once. */
static void test_mail_from_the_future(void **state)
{
	struct world *w = *state;

	world_wait(w, 10 * YEAR_MS);
	world_signup(w, "news", "ada@example.org", "news", "de");
	world_clock(w, WORLD_NOW);
	assert_int_equal(claimed(w), 1);
	assert_int_equal(claimed(w), 0);
}

/* The writer's follow-up counts by the other clock: a jump neither stops it nor makes it run for nothing. */
static void test_nobody_spins(void **state)
{
	struct world *w = *state;
	clock_t before;

	assert_int_equal(world_gate(w, "news", "email=x@example.org&v=none").result, GATE_CHANGED);
	writer_poke(w->writers, w->store);
	for (int i = 0; i < 3; i++) {
		static const int64_t jumps[] = {-DAY_MS, 10 * YEAR_MS, -10 * YEAR_MS};
		world_wait(w, jumps[i]);
		before = clock();
		usleep(200000);
		assert_true(clock() - before < CLOCKS_PER_SEC / 10);
	}
	world_signup(w, "news", "ada@example.org", "news", "de");
	assert_int_equal(world_mail_count(w), 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {T(test_back), T(test_no_second_mail), T(test_ahead_and_back),
	    T(test_mail_from_the_future), T(test_nobody_spins)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

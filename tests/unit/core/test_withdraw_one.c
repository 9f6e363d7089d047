/* Leaving one purpose of several: what ends, what stays, what the evidence says, and what a second click does. */
#include "lib/world.h"

#define ADA "ada@example.org"

static struct withdraw_info leave_one(struct world *w, const char *token, const char *purpose, bool *fresh)
{
	struct withdraw_info info;

	assert_ok(withdraw_act_purpose(w->site, w->store, w->writers, &w->arena, slice_from(token),
	    slice_from(purpose), WITHDRAW_PAGE, SLICE("192.0.2.99"), &info, fresh, EI));
	return info;
}

/* Signed up for both, confirmed; the unsubscribe token in out. */
static int64_t join_both(struct world *w, char out[static 64])
{
	struct world_mail m;
	int64_t id;

	world_signup(w, "both", ADA, "news,events", "de");
	m = world_last_mail(w);
	world_act(w, m.confirm, CONFIRM_ACT_CONFIRM, NULL);
	memcpy(out, m.out, 64);
	assert_int_equal(world_state(w, ADA, &id), PERSON_ACTIVE);
	return id;
}

static size_t events_of(struct world *w, int64_t id, struct world_event v[static 32])
{
	return world_events(w, id, 0, v, 32);
}

static void test_one_of_two(void **state)
{
	struct world *w = *state;
	struct world_event e[32];
	struct withdraw_info info;
	char out[64];
	int64_t id = join_both(w, out), at;
	size_t before = events_of(w, id, e), n;
	bool fresh;

	info = world_look_out(w, out);
	assert_int_equal(info.state, WITHDRAW_OPEN);
	assert_slice(info.purposes, "events,news");
	world_wait(w, HOUR_MS);
	info = leave_one(w, out, "news", &fresh);
	at = w->now_ms;
	assert_true(fresh);
	assert_int_equal(info.state, WITHDRAW_DONE);
	assert_slice(info.purposes, "news");
	assert_slice(info.rest, "events");
	assert_int_equal(info.nconsents, 1);
	assert_slice(info.consent_purpose[0], "news");
	assert_true(info.date_ms == at);
	assert_int_equal(world_state(w, ADA, NULL), PERSON_ACTIVE);
	assert_int_equal(world_purpose(w, id, "news"), PURPOSE_ENDED);
	assert_int_equal(world_purpose(w, id, "events"), PURPOSE_ACTIVE);
	n = events_of(w, id, e);
	assert_int_equal(n, before + 1);
	assert_int_equal(e[n - 1].kind, EVENT_WITHDRAWN);
	assert_true(e[n - 1].verified);
	assert_non_null(strstr(e[n - 1].json, "\"purposes\":[\"news\"]"));

	/* The same button again, an hour later: the same page, nothing new. */
	world_wait(w, HOUR_MS);
	info = leave_one(w, out, "news", &fresh);
	assert_false(fresh);
	assert_int_equal(info.state, WITHDRAW_DONE);
	assert_slice(info.purposes, "news");
	assert_slice(info.rest, "events");
	assert_true(info.date_ms == at);
	assert_int_equal(events_of(w, id, e), n);

	/* The link shows what is left. */
	info = world_look_out(w, out);
	assert_int_equal(info.state, WITHDRAW_OPEN);
	assert_slice(info.purposes, "events");

	/* The last one: as if all had been withdrawn. */
	info = leave_one(w, out, "events", &fresh);
	assert_true(fresh);
	assert_int_equal(info.state, WITHDRAW_DONE);
	assert_int_equal(info.rest.len, 0);
	assert_int_equal(world_state(w, ADA, NULL), PERSON_UNSUBSCRIBED);
	assert_int_equal(world_purpose(w, id, "events"), PURPOSE_ENDED);
	n = events_of(w, id, e);
	assert_int_equal(n, before + 2);
	assert_non_null(strstr(e[n - 1].json, "\"purposes\":[\"events\"]"));
	info = leave_one(w, out, "events", &fresh);
	assert_false(fresh);
	assert_int_equal(info.state, WITHDRAW_DONE);
}

/* Names that are no active purpose end nothing. */
static void test_no_such_purpose(void **state)
{
	static const char *const names[] = {"unknown", "NEWS", "news,events", "events,news", "new", " news", ","};
	struct world *w = *state;
	struct world_event e[32];
	char out[64];
	int64_t id = join_both(w, out);
	size_t n = events_of(w, id, e);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		bool fresh;
		struct withdraw_info info = leave_one(w, out, names[i], &fresh);
		if (fresh || info.state != WITHDRAW_OPEN || events_of(w, id, e) != n)
			fail_msg("\"%s\" did something", names[i]);
	}
	assert_int_equal(world_purpose(w, id, "news"), PURPOSE_ACTIVE);
}

static void test_all_and_one_click(void **state)
{
	struct world *w = *state;
	struct withdraw_info info;
	char out[64];
	int64_t id = join_both(w, out);
	bool fresh;

	info = world_leave(w, out, WITHDRAW_ONE_CLICK, &fresh);
	assert_true(fresh);
	assert_slice(info.purposes, "events,news");
	assert_int_equal(info.rest.len, 0);
	assert_int_equal(world_state(w, ADA, NULL), PERSON_UNSUBSCRIBED);
	assert_int_equal(world_purpose(w, id, "news"), PURPOSE_ENDED);
	assert_int_equal(world_purpose(w, id, "events"), PURPOSE_ENDED);
}

/* Never confirmed: there is nothing to choose from, everything goes. */
static void test_pending_goes_whole(void **state)
{
	struct world *w = *state;
	struct world_mail m;
	bool fresh;

	world_signup(w, "both", ADA, "news,events", "de");
	m = world_last_mail(w);
	assert_int_equal(leave_one(w, m.out, "news", &fresh).state, WITHDRAW_GONE);
	assert_true(fresh);
	assert_int_equal(world_state(w, ADA, NULL), PERSON_STATE__MAX);
}

/* A request that waits for the purpose ends with it: its link must not bring back who has left. One for others stays. */
static void test_open_requests(void **state)
{
	struct world *w = *state;
	struct world_mail first, events, news;
	int64_t id;
	bool fresh;

	world_signup(w, "both", ADA, "news,events", "de");
	first = world_last_mail(w);
	world_act(w, first.confirm, CONFIRM_ACT_CONFIRM, NULL);
	world_wait(w, HOUR_MS);
	world_signup_as(w, "both", ADA, "events", "de", "Byron"); /* changed details wait for a confirmation */
	events = world_last_mail(w);
	world_wait(w, HOUR_MS);
	world_signup_as(w, "both", ADA, "news", "de", "King");
	news = world_last_mail(w);
	assert_int_equal(world_state(w, ADA, &id), PERSON_ACTIVE);
	assert_int_equal(world_pending(w, id), 2);
	leave_one(w, first.out, "news", &fresh);
	assert_true(fresh);
	assert_int_equal(world_pending(w, id), 1);
	world_act(w, news.confirm, CONFIRM_ACT_CONFIRM, &fresh);
	assert_false(fresh);
	assert_int_equal(world_purpose(w, id, "news"), PURPOSE_ENDED);
	world_act(w, events.confirm, CONFIRM_ACT_CONFIRM, &fresh);
	assert_true(fresh);
	assert_int_equal(world_purpose(w, id, "events"), PURPOSE_ACTIVE);
	assert_int_equal(world_purpose(w, id, "news"), PURPOSE_ENDED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_one_of_two, world_setup, world_teardown),
	    cmocka_unit_test_setup_teardown(test_no_such_purpose, world_setup, world_teardown),
	    cmocka_unit_test_setup_teardown(test_all_and_one_click, world_setup, world_teardown),
	    cmocka_unit_test_setup_teardown(test_pending_goes_whole, world_setup, world_teardown),
	    cmocka_unit_test_setup_teardown(test_open_requests, world_setup, world_teardown),
	};

	return cmocka_run_group_tests_name("core/withdraw, one of several", tests, NULL, NULL);
}

/* Leaving: as easy as coming, at once, for ever, and the link can do nothing else. */
#include "lib/world.h"

#include "base/enc.h"

#define ADA "ada@example.org"

static struct world_mail member(struct world *w, const char *purposes)
{
	struct world_mail m;

	world_signup(w, "both", ADA, purposes, "de");
	m = world_last_mail(w);
	assert_int_equal(world_act(w, m.confirm, CONFIRM_ACT_CONFIRM, NULL).state, CONFIRM_DONE);
	return m;
}

static void test_leave(void **state)
{
	static const enum withdraw_way ways[] = {WITHDRAW_PAGE, WITHDRAW_ONE_CLICK, WITHDRAW_OWNER};
	static const char *const names[] = {"\"page\"", "\"one-click\"", "\"owner\""};
	struct world *w = *state;

	for (int i = 0; i < 3; i++) {
		struct world_mail m = member(w, "news,events");
		struct withdraw_info info = world_look_out(w, m.out);
		struct world_event v[32];
		int64_t id, at;
		bool fresh;
		size_t n;
		assert_int_equal(info.state, WITHDRAW_OPEN);
		assert_slice(info.masked, "a\xe2\x81\xa0…\xe2\x81\xa0" "a@example.org");
		assert_string_equal(info.lang, "de");
		assert_slice(info.form, "both");
		assert_int_equal(info.nconsents, 2);
		at = w->now_ms;
		info = world_leave(w, m.out, ways[i], &fresh);
		assert_int_equal(info.state, WITHDRAW_DONE);
		assert_true(fresh);
		assert_int_equal(info.date_ms, at);
		assert_int_equal(world_state(w, ADA, &id), PERSON_UNSUBSCRIBED);
		assert_int_equal(world_purpose(w, id, "news"), PURPOSE_ENDED);
		assert_int_equal(world_purpose(w, id, "events"), PURPOSE_ENDED);
		n = world_events(w, id, 0, v, 32);
		assert_int_equal(v[n - 1].kind, EVENT_WITHDRAWN);
		assert_non_null(strstr(v[n - 1].json, names[i]));
		assert_true(v[n - 1].verified);
		/* A second time, years later: the same answer, nothing new. */
		world_wait(w, 700 * DAY_MS);
		info = world_leave(w, m.out, WITHDRAW_ONE_CLICK, &fresh);
		assert_int_equal(info.state, WITHDRAW_DONE);
		assert_false(fresh);
		assert_int_equal(info.date_ms, at);
		assert_int_equal(world_events(w, id, 0, v, 32), n);
	}
}

/* Only a withdrawal that the owner put down is told by mail, and only of what was in force. */
static void test_goodbye(void **state)
{
	static const enum withdraw_way silent[] = {WITHDRAW_PAGE, WITHDRAW_ONE_CLICK};
	struct world *w = *state;
	struct world_mail m = member(w, "news,events"), bye;
	struct world_event v[32];
	char mail[ENC_HEX_BYTES(STORE_HASH_BYTES)];
	struct message msg;
	size_t mails;
	bool fresh;

	for (int i = 0; i < 2; i++) {
		mails = world_mail_count(w);
		world_leave(w, m.out, silent[i], NULL);
		assert_int_equal(world_mail_count(w), mails);
		m = member(w, "news,events");
	}
	mails = world_mail_count(w);
	world_leave(w, m.out, WITHDRAW_OWNER, &fresh);
	assert_true(fresh);
	assert_int_equal(world_mail_count(w), mails + 1);
	bye = world_last_mail(w);
	assert_int_equal(bye.kind, OUTBOX_GOODBYE);
	assert_string_equal(bye.confirm, "");
	assert_string_equal(bye.out, m.out);
	msg = world_message(w, &bye);
	assert_slice(msg.to, ADA);
	assert_slice(msg.subject, "Abbestellt: Ausfahrten und Vereinspost");
	assert_slice(msg.list_id, "both.verein.test");
	assert_non_null(memmem(msg.text.ptr, msg.text.len, "21. November 2026, 15:05 Uhr", 28));
	/* The event names the mail, so that it can be shown with the rest. */
	mails = world_events(w, m.person_id, 0, v, 32);
	assert_int_equal(v[mails - 1].kind, EVENT_WITHDRAWN);
	assert_non_null(strstr(v[mails - 1].json, enc_hex(bye.hash, STORE_HASH_BYTES, mail)));
	/* Once more: nothing ends, nothing is sent. */
	mails = world_mail_count(w);
	world_leave(w, m.out, WITHDRAW_OWNER, &fresh);
	assert_false(fresh);
	assert_int_equal(world_mail_count(w), mails);
}

/* Who was never on the list is not told that the list is left. */
static void test_goodbye_pending(void **state)
{
	struct world *w = *state;
	struct world_mail m;
	size_t mails;

	world_signup(w, "news", "pending@example.org", "news", "de");
	m = world_last_mail(w);
	mails = world_mail_count(w);
	assert_int_equal(world_leave(w, m.out, WITHDRAW_OWNER, NULL).state, WITHDRAW_GONE);
	assert_true(world_mail_count(w) <= mails);
	if (world_mail_count(w))
		assert_int_not_equal(world_last_mail(w).kind, OUTBOX_GOODBYE);
}

/* Never confirmed: the request is cancelled and the data erased. */
static void test_pending(void **state)
{
	struct world *w = *state;
	struct world_mail m;
	char data[200];
	bool fresh;

	world_signup_as(w, "both", ADA, "news", "en", "Seltenername");
	m = world_last_mail(w);
	assert_int_equal(world_look_out(w, m.out).state, WITHDRAW_PENDING);
	assert_string_equal(world_look_out(w, m.out).lang, "en");
	assert_int_equal(world_leave(w, m.out, WITHDRAW_ONE_CLICK, &fresh).state, WITHDRAW_GONE);
	assert_true(fresh);
	assert_int_equal(world_state(w, ADA, NULL), PERSON_STATE__MAX);
	assert_int_equal(world_leave(w, m.out, WITHDRAW_ONE_CLICK, &fresh).state, WITHDRAW_GONE);
	assert_false(fresh);
	snprintf(data, sizeof(data), "%s/data", w->root);
	assert_int_equal(world_files_with(data, ADA, strlen(ADA)), 0);
	assert_int_equal(world_files_with(data, "Seltenername", 12), 0);
	assert_int_equal(world_look(w, m.confirm).state, CONFIRM_GONE);
	/* Cancelled is not "not me": the address may come again at once. */
	world_signup(w, "news", ADA, "news", "de");
	assert_int_equal(world_state(w, ADA, NULL), PERSON_PENDING);
}

/* The way back is a new sign-up; a link of the old time still works for what came later. */
static void test_back(void **state)
{
	struct world *w = *state;
	struct world_mail m = member(w, "news"), second;

	world_leave(w, m.out, WITHDRAW_PAGE, NULL);
	world_signup(w, "both", ADA, "news", "de");
	second = world_last_mail(w);
	assert_int_equal(world_state(w, ADA, NULL), PERSON_UNSUBSCRIBED);
	/* The new mail's unsubscribe link cancels the question. */
	assert_int_equal(world_look_out(w, second.out).state, WITHDRAW_DONE);
	world_act(w, second.confirm, CONFIRM_ACT_CONFIRM, NULL);
	assert_int_equal(world_state(w, ADA, NULL), PERSON_ACTIVE);
	assert_int_equal(world_leave(w, m.out, WITHDRAW_PAGE, NULL).state, WITHDRAW_DONE);
	assert_int_equal(world_state(w, ADA, NULL), PERSON_UNSUBSCRIBED);
}

static void test_cancels_question(void **state)
{
	struct world *w = *state;
	struct world_mail m = member(w, "news"), more;
	bool fresh;

	world_leave(w, m.out, WITHDRAW_PAGE, NULL);
	world_signup(w, "both", ADA, "news", "de");
	more = world_last_mail(w);
	world_leave(w, more.out, WITHDRAW_ONE_CLICK, &fresh);
	assert_true(fresh);
	assert_int_equal(world_act(w, more.confirm, CONFIRM_ACT_CONFIRM, NULL).state, CONFIRM_LEFT);
	assert_int_equal(world_state(w, ADA, NULL), PERSON_UNSUBSCRIBED);
}

/* An unsubscribe link is not a confirmation link, nor one of another site or person. */
static void test_unknown(void **state)
{
	struct world *w = *state;
	struct world_mail m = member(w, "news");
	const struct token confirm = {.purpose = TOKEN_CONFIRM, .id = m.person_id, .expires_ms = w->now_ms + DAY_MS},
	    hub = {.purpose = TOKEN_HUB, .id = m.person_id}, elsewhere = {.purpose = TOKEN_UNSUBSCRIBE, .id = m.person_id},
	    nobody = {.purpose = TOKEN_UNSUBSCRIBE, .id = 4001};
	char bad[4][TOKEN_BYTES];
	bool fresh;

	token_make(store_keyring(w->store), "club", &confirm, bad[0]);
	token_make(store_keyring(w->store), "club", &hub, bad[1]);
	token_make(store_keyring(w->store), "clubb", &elsewhere, bad[2]);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(world_look_out(w, bad[i]).state, WITHDRAW_UNKNOWN);
		assert_int_equal(world_leave(w, bad[i], WITHDRAW_ONE_CLICK, &fresh).state, WITHDRAW_UNKNOWN);
		assert_false(fresh);
	}
	token_make(store_keyring(w->store), "club", &nobody, bad[3]);
	assert_int_equal(world_leave(w, bad[3], WITHDRAW_PAGE, &fresh).state, WITHDRAW_GONE);
	assert_int_equal(world_state(w, ADA, NULL), PERSON_ACTIVE);
}

/* The wording of each purpose is that of its own consent, also where they were given at different times. */
static void test_texts_of_then(void **state)
{
	struct world *w = *state;
	struct world_mail m;
	struct withdraw_info info;
	char *yaml;

	world_signup(w, "news", ADA, "news", "de");
	m = world_last_mail(w);
	world_act(w, m.confirm, CONFIRM_ACT_CONFIRM, NULL);
	yaml = world_replace(WORLD_SITE, "de: Ausfahrten am", "de: Touren am");
	world_reload(w, yaml);
	world_wait(w, HOUR_MS);
	world_signup(w, "both", ADA, "events", "de");
	world_act(w, world_last_mail(w).confirm, CONFIRM_ACT_CONFIRM, NULL);
	info = world_leave(w, m.out, WITHDRAW_PAGE, NULL);
	assert_int_equal(info.nconsents, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct consent_item *item = consent_item(info.consents[i], info.consent_purpose[i]);
		bool news = slice_eq_str(info.consent_purpose[i], "news");
		assert_non_null(item);
		assert_slice(info.consents[i]->form, news ? "news" : "both");
		assert_int_equal(memmem(item->text.ptr, item->text.len, "Touren", 6) != NULL, !news);
	}
	free(yaml);
}

static struct withdraw_info leave_one(struct world *w, const char *token, const char *purpose, bool *fresh)
{
	struct withdraw_info info;

	assert_ok(withdraw_act_purpose(w->site, w->store, w->writers, &w->arena, slice_from(token), slice_from(purpose),
	    WITHDRAW_PAGE, SLICE("192.0.2.99"), &info, fresh, EI));
	return info;
}

/* One purpose of two ends; open questions about it end with it; the other one goes on. */
static void test_one_purpose(void **state)
{
	struct world *w = *state;
	struct world_mail m = member(w, "news,events"), more;
	struct withdraw_info info;
	int64_t id, at;
	bool fresh;

	world_wait(w, HOUR_MS);
	at = w->now_ms;
	/* A question about both, because the name is another one. */
	world_signup_as(w, "both", ADA, "news,events", "de", "King");
	more = world_last_mail(w);
	assert_int_equal(more.kind, OUTBOX_CONFIRM);
	info = leave_one(w, m.out, "events", &fresh);
	assert_true(fresh);
	assert_int_equal(info.state, WITHDRAW_DONE);
	assert_slice(info.purposes, "events");
	assert_slice(info.rest, "news");
	assert_int_equal(info.nconsents, 1);
	assert_int_equal(world_state(w, ADA, &id), PERSON_ACTIVE);
	assert_int_equal(world_purpose(w, id, "news"), PURPOSE_ACTIVE);
	assert_int_equal(world_purpose(w, id, "events"), PURPOSE_ENDED);
	assert_int_equal(world_act(w, more.confirm, CONFIRM_ACT_CONFIRM, NULL).state, CONFIRM_LEFT);
	assert_int_equal(world_purpose(w, id, "events"), PURPOSE_ENDED);
	/* Twice: the same, with the first date. What nobody has is not ended. */
	world_wait(w, HOUR_MS);
	info = leave_one(w, m.out, "events", &fresh);
	assert_false(fresh);
	assert_slice(info.rest, "news");
	assert_int_equal(info.date_ms, at);
	info = leave_one(w, m.out, "nothing", &fresh);
	assert_false(fresh);
	assert_int_equal(world_state(w, ADA, &id), PERSON_ACTIVE);
	/* The last one takes the person out. */
	info = leave_one(w, m.out, "news", &fresh);
	assert_true(fresh);
	assert_int_equal(world_state(w, ADA, &id), PERSON_UNSUBSCRIBED);
	assert_int_equal(info.state, WITHDRAW_DONE);
}

#define T(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_leave), T(test_goodbye), T(test_goodbye_pending), T(test_pending), T(test_back), T(test_cancels_question), T(test_unknown),
	    T(test_texts_of_then), T(test_one_purpose),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

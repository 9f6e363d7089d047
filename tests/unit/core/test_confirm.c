/* What a confirmation link shows and does. */
#include "lib/world.h"

#include "store/suppression.h"

#define ADA "ada@example.org"

static struct world_mail asked(struct world *w, const char *purposes)
{
	world_signup(w, "both", ADA, purposes, "de");
	return world_last_mail(w);
}

/* ---- tokens that are none */

static void test_unknown(void **state)
{
	struct world *w = *state;
	struct world_mail m = asked(w, "news");
	const struct token other = {.purpose = TOKEN_UNSUBSCRIBE, .id = m.request_id},
	    hub = {.purpose = TOKEN_HUB, .id = m.request_id, .expires_ms = w->now_ms + DAY_MS},
	    strange = {.purpose = TOKEN_CONFIRM, .id = m.request_id, .generation = 1, .expires_ms = w->now_ms + DAY_MS};
	char bad[8][80];
	int64_t id;

	token_make(store_keyring(w->store), "club", &other, bad[0]);
	token_make(store_keyring(w->store), "club", &hub, bad[1]);
	token_make(store_keyring(w->store), "verein", &strange, bad[2]);
	snprintf(bad[3], 80, "%s", m.confirm);
	bad[3][10] = bad[3][10] == 'A' ? 'B' : 'A';
	snprintf(bad[4], 80, "%.42s", m.confirm);
	snprintf(bad[5], 80, "%sA", m.confirm);
	snprintf(bad[6], 80, "%s", m.out);
	bad[7][0] = '\0';
	for (int i = 0; i < 8; i++) {
		struct confirm_info info = world_look(w, bad[i]);
		bool fresh = true;
		assert_int_equal(info.state, CONFIRM_UNKNOWN);
		assert_int_equal(info.masked.len + info.form.len + info.purposes.len, 0);
		for (int a = 0; a < CONFIRM_ACTION__MAX; a++) {
			assert_int_equal(world_act(w, bad[i], (enum confirm_action)a, &fresh).state, CONFIRM_UNKNOWN);
			assert_false(fresh);
		}
	}
	assert_int_equal(world_state(w, ADA, &id), PERSON_PENDING);
	assert_int_equal(world_pending(w, id), 1);
}

/* ---- confirm */

static void test_confirm(void **state)
{
	struct world *w = *state;
	struct world_mail m = asked(w, "news,events");
	struct confirm_info info = world_look(w, m.confirm);
	struct world_event v[8];
	int64_t id;
	bool fresh;

	assert_int_equal(info.state, CONFIRM_OPEN);
	assert_string_equal(info.lang, "de");
	assert_slice(info.form, "both");
	assert_slice(info.purposes, "news,events");
	assert_slice(info.masked, "a\xe2\x81\xa0…\xe2\x81\xa0" "a@example.org");
	assert_int_equal(info.asked_ms, WORLD_NOW);
	assert_memory_equal(info.consent.hash, world_consent(w, "both", "de")->hash, CRYPT_HASH_BYTES);
	world_wait(w, HOUR_MS);
	info = world_act(w, m.confirm, CONFIRM_ACT_CONFIRM, &fresh);
	assert_int_equal(info.state, CONFIRM_DONE);
	assert_true(fresh);
	assert_int_equal(world_state(w, ADA, &id), PERSON_ACTIVE);
	assert_int_equal(world_purpose(w, id, "news"), PURPOSE_ACTIVE);
	assert_int_equal(world_purpose(w, id, "events"), PURPOSE_ACTIVE);
	assert_int_equal(world_events(w, id, 0, v, 8), 2);
	assert_int_equal(v[1].kind, EVENT_CONFIRMED);
	assert_string_equal(v[1].ip, "192.0.2.0");
	assert_non_null(strstr(v[1].json, "2026-11-21T15:05:09.123Z"));
	/* Again and again, also after the link has run out: the same page with the first date. */
	for (int i = 0; i < 3; i++) {
		world_wait(w, 2 * DAY_MS);
		info = world_act(w, m.confirm, i == 1 ? CONFIRM_ACT_DENY : CONFIRM_ACT_CONFIRM, &fresh);
		assert_int_equal(info.state, CONFIRM_DONE);
		assert_int_equal(info.date_ms, WORLD_NOW + HOUR_MS);
		assert_false(fresh);
	}
	assert_int_equal(world_events(w, id, 0, v, 8), 2);
}

/* The consent that was shown is the consent that holds, although the form has changed since. */
static void test_wording_of_then(void **state)
{
	struct world *w = *state;
	struct world_mail m = asked(w, "news");
	unsigned char then[CRYPT_HASH_BYTES];
	char *yaml = world_replace(WORLD_SITE, "de: monatlich", "de: täglich");

	memcpy(then, world_consent(w, "both", "de")->hash, sizeof(then));
	world_reload(w, yaml);
	assert_memory_not_equal(then, world_consent(w, "both", "de")->hash, sizeof(then));
	assert_memory_equal(world_look(w, m.confirm).consent.hash, then, sizeof(then));
	assert_memory_equal(world_act(w, m.confirm, CONFIRM_ACT_CONFIRM, NULL).consent.hash, then, sizeof(then));
	assert_memory_equal(world_look_out(w, m.out).consents[0]->hash, then, sizeof(then));
	free(yaml);
}

/* A spent link never brings back who has left, whatever is pressed. */
static void test_never_back(void **state)
{
	struct world *w = *state;
	struct world_mail m = asked(w, "news");
	struct world_event v[16];
	int64_t id;

	world_act(w, m.confirm, CONFIRM_ACT_CONFIRM, NULL);
	world_wait(w, HOUR_MS);
	world_leave(w, m.out, WITHDRAW_ONE_CLICK, NULL);
	world_wait(w, MINUTE_MS);
	for (int i = 0; i < 6; i++) {
		struct confirm_info info = world_act(w, m.confirm, (enum confirm_action)(i % 3), NULL);
		assert_int_equal(info.state, CONFIRM_LEFT);
		assert_int_equal(info.date_ms, WORLD_NOW + HOUR_MS);
		world_wait(w, i == 2 ? 3 * DAY_MS : 0);
	}
	assert_int_equal(world_state(w, ADA, &id), PERSON_UNSUBSCRIBED);
	assert_int_equal(world_purpose(w, id, "news"), PURPOSE_ENDED);
	assert_int_equal(world_events(w, id, 0, v, 16), 3);
}

/* However many questions are open: after leaving, none of their links works. */
static void test_never_back_by_many(void **state)
{
	static const char *const rotate[] = {"news", "events", "news,events"};
	struct world *w = *state;
	struct world_mail *all = calloc(128, sizeof(*all));
	int64_t id;
	size_t n;

	world_act(w, asked(w, "news").confirm, CONFIRM_ACT_CONFIRM, NULL);
	for (int i = 0; i < 100; i++) {
		char name[16];
		snprintf(name, sizeof(name), "N%d", i);
		world_signup_as(w, "both", ADA, rotate[i % 3], "de", name);
	}
	world_state(w, ADA, &id);
	n = world_mails(w, 0, all, 128);
	assert_true(world_pending(w, id) > 64);
	assert_int_equal(world_leave(w, all[0].out, WITHDRAW_PAGE, NULL).state, WITHDRAW_DONE);
	assert_int_equal(world_pending(w, id), 0);
	for (size_t i = 0; i < n; i++)
		if (all[i].confirm[0])
			assert_int_equal(world_act(w, all[i].confirm, CONFIRM_ACT_CONFIRM, NULL).state, CONFIRM_LEFT);
	assert_int_equal(world_state(w, ADA, NULL), PERSON_UNSUBSCRIBED);
	free(all);
}

/* ---- expired, renewed */

static void test_renew(void **state)
{
	struct world *w = *state;
	struct world_mail first = asked(w, "news"), second;
	bool fresh;

	/* Not before it has run out. */
	assert_int_equal(world_act(w, first.confirm, CONFIRM_ACT_RENEW, &fresh).state, CONFIRM_OPEN);
	assert_false(fresh);
	world_wait(w, 48 * HOUR_MS);
	assert_int_equal(world_look(w, first.confirm).state, CONFIRM_EXPIRED);
	assert_int_equal(world_act(w, first.confirm, CONFIRM_ACT_CONFIRM, &fresh).state, CONFIRM_EXPIRED);
	assert_false(fresh);
	assert_int_equal(world_state(w, ADA, NULL), PERSON_PENDING);
	assert_int_equal(world_act(w, first.confirm, CONFIRM_ACT_RENEW, &fresh).state, CONFIRM_RENEWED);
	assert_true(fresh);
	second = world_last_mail(w);
	assert_string_not_equal(first.confirm, second.confirm);
	assert_int_equal(first.request_id, second.request_id);
	/* "Request of" names the day of the form. */
	assert_slice(second.slots.value[MESSAGE_DATE], "21. November 2026, 15:05 Uhr");
	/* Pressing twice sends one mail; ten minutes later it may be another one. */
	assert_int_equal(world_act(w, first.confirm, CONFIRM_ACT_RENEW, &fresh).state, CONFIRM_RENEWED);
	assert_false(fresh);
	assert_int_equal(world_mail_count(w), 2);
	world_wait(w, TURN_COOL_DOWN_MS);
	assert_int_equal(world_act(w, first.confirm, CONFIRM_ACT_RENEW, &fresh).state, CONFIRM_RENEWED);
	assert_int_equal(world_mail_count(w), 3);
	/* Both new links work, the old one has run out. */
	assert_int_equal(world_look(w, first.confirm).state, CONFIRM_EXPIRED);
	assert_int_equal(world_act(w, second.confirm, CONFIRM_ACT_CONFIRM, NULL).state, CONFIRM_DONE);
	assert_int_equal(world_look(w, world_last_mail(w).confirm).state, CONFIRM_DONE);
	assert_int_equal(world_look(w, first.confirm).state, CONFIRM_DONE);
}

static void test_renew_budget(void **state)
{
	struct world *w = *state;
	struct world_mail m = asked(w, "news");
	struct confirm c = {.site = w->site, .store = w->store, .writers = w->writers, .letters = w->letters};
	struct confirm_info info;
	int mails = 0;

	assert_ok(budget_open(&c.budget, w->conf->data, EI));
	world_wait(w, 49 * HOUR_MS);
	for (int i = 0; i < 20; i++) {
		bool fresh;
		assert_ok(confirm_act(&c, &w->arena, slice_from(m.confirm), CONFIRM_ACT_RENEW, SLICE(""), &info, &fresh, EI));
		assert_int_equal(info.state, CONFIRM_RENEWED);
		mails += fresh;
		world_wait(w, 11 * MINUTE_MS);
	}
	assert_int_equal(mails, 2);
	budget_close(c.budget);
}

/* ---- deny */

static void test_deny(void **state)
{
	static const char word[] = "Zweigeteiltname";
	struct world *w = *state;
	struct world_mail m;
	struct world_event v[8];
	char data[200];
	bool fresh;

	snprintf(data, sizeof(data), "%s/data", w->root);
	world_signup_as(w, "both", ADA, "news", "de", word);
	m = world_last_mail(w);
	assert_int_equal(world_act(w, m.confirm, CONFIRM_ACT_DENY, &fresh).state, CONFIRM_DENIED);
	assert_true(fresh);
	/* Nothing of the person is left, not even as ciphertext that a key opens. */
	assert_int_equal(world_state(w, ADA, NULL), PERSON_STATE__MAX);
	assert_int_equal(world_files_with(data, ADA, strlen(ADA)), 0);
	assert_int_equal(world_files_with(data, word, strlen(word)), 0);
	assert_int_equal(world_mail_count(w), 0);
	assert_true(world_events(w, m.person_id, 0, v, 8) > 0);
	assert_false(v[0].core);
	/* All its links are dead. */
	assert_int_equal(world_look(w, m.confirm).state, CONFIRM_GONE);
	assert_int_equal(world_look_out(w, m.out).state, WITHDRAW_GONE);
	assert_int_equal(world_act(w, m.confirm, CONFIRM_ACT_CONFIRM, &fresh).state, CONFIRM_GONE);
	assert_false(fresh);
	/* deny_block: 30 days of silence, then a new beginning. */
	world_signup(w, "news", ADA, "news", "de");
	assert_int_equal(world_mail_count(w), 0);
	world_wait(w, 30 * DAY_MS - 1);
	world_signup(w, "news", ADA, "news", "de");
	assert_int_equal(world_mail_count(w), 0);
	world_wait(w, 1);
	world_signup(w, "news", ADA, "news", "de");
	assert_int_equal(world_mail_count(w), 1);
}

/* Somebody else's request for a person on the list: only the request goes. */
static void test_deny_known(void **state)
{
	struct world *w = *state;
	struct world_event v[8];
	struct world_mail m = asked(w, "news");
	int64_t id;
	size_t n;

	world_act(w, m.confirm, CONFIRM_ACT_CONFIRM, NULL);
	world_wait(w, HOUR_MS);
	m = asked(w, "events");
	for (int i = 0; i < 3; i++)
		assert_int_equal(world_act(w, m.confirm, CONFIRM_ACT_DENY, NULL).state, CONFIRM_DENIED);
	assert_int_equal(world_act(w, m.confirm, CONFIRM_ACT_CONFIRM, NULL).state, CONFIRM_DENIED);
	assert_int_equal(world_state(w, ADA, &id), PERSON_ACTIVE);
	assert_int_equal(world_purpose(w, id, "news"), PURPOSE_ACTIVE);
	assert_int_equal(world_purpose(w, id, "events"), PURPOSE_STATE__MAX);
	n = world_events(w, id, 0, v, 8);
	assert_int_equal(n, 4);
	assert_int_equal(v[3].kind, EVENT_DENIED);
}

/* ---- looking */

/* Scanners open every link many times: not one byte of the database changes. */
static void test_look_changes_nothing(void **state)
{
	struct world *w = *state;
	struct world_mail m = asked(w, "news");
	unsigned char before[CRYPT_HASH_BYTES], after[CRYPT_HASH_BYTES];
	char path[200];
	struct buf all;

	snprintf(path, sizeof(path), "%s/data/club/data.db", w->root);
	buf_init(&all, 64u * 1024u * 1024u);
	for (int i = 0; i < 2; i++) {
		buf_reset(&all);
		assert_ok(file_read(&all, path, EI));
		snprintf(path, sizeof(path), "%s/data/club/data.db-wal", w->root);
		assert_ok(file_read(&all, path, EI));
		snprintf(path, sizeof(path), "%s/data/club/data.db", w->root);
		crypt_sha256(i ? after : before, all.data, all.len);
		for (int k = 0; k < 20; k++) {
			assert_int_equal(world_look(w, m.confirm).state, CONFIRM_OPEN);
			assert_int_equal(world_look_out(w, m.out).state, WITHDRAW_PENDING);
		}
	}
	assert_memory_equal(before, after, sizeof(before));
	buf_free(&all);
}

#define T(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_unknown), T(test_confirm), T(test_wording_of_then), T(test_never_back), T(test_never_back_by_many),
	    T(test_renew), T(test_renew_budget), T(test_deny), T(test_deny_known), T(test_look_changes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What providers tell: who it is about, what it does, and that repeats, order and inventions do no harm. */
#include "lib/told.h"

#include <sqlite3.h>

#include "base/enc.h"

#include "core/retention.h"
#include "store/daily.h"
#include "store/suppression.h"

#define ADA "ada@example.org"

/* A person with one mail that has left. */
static struct world_mail begin(struct world *w)
{
	struct world_mail m;

	world_signup(w, "both", ADA, "news,events", "de");
	told_send(w);
	m = world_last_mail(w);
	world_wait(w, MINUTE_MS);
	return m;
}

static struct world_mail begin_active(struct world *w)
{
	struct world_mail m = begin(w);

	assert_int_equal(world_act(w, m.confirm, CONFIRM_ACT_CONFIRM, NULL).state, CONFIRM_DONE);
	world_wait(w, MINUTE_MS);
	return m;
}

static bool blocked(struct world *w, enum suppression_reason *reason)
{
	unsigned char lookup[PERSON_LOOKUP_BYTES];
	struct db *db = world_read(w);
	bool has;

	person_lookup(db_keyring(db), STORE_EMAIL, SLICE(ADA), lookup);
	assert_ok(suppression_has(db, STORE_EMAIL, lookup, SLICE(""), w->now_ms, &has, reason, EI));
	store_read_end(w->store, db);
	return has;
}

static bool add_day(int64_t day, struct slice form, enum daily_what what, int64_t n, void *arg)
{
	(void)day;
	(void)form;
	((int64_t *)arg)[what] += n;
	return true;
}

static int64_t counted(struct world *w, enum daily_what what)
{
	int64_t n[DAILY_WHAT__MAX] = {0};
	struct db *db = world_read(w);

	assert_ok(daily_each(db, 0, INT64_MAX, add_day, n, EI));
	store_read_end(w->store, db);
	return n[what];
}

/* The issue's own case: a hard bounce on a confirmation mail, and no further mail goes there. */
static void test_bounce_stops_mails(void **state)
{
	struct world *w = *state;
	struct world_mail m = begin(w);
	struct world_event v[8];
	enum suppression_reason reason;
	struct events_report rep;
	size_t n, mails;

	rep = told_at(w, m.id, TOLD_HARD, 0);
	assert_int_equal(rep.bodies, 1);
	assert_int_equal(rep.events, 1);
	assert_int_equal(rep.applied, 1);
	assert_int_equal(world_state(w, ADA, NULL), PERSON_BOUNCED);
	assert_true(blocked(w, &reason));
	assert_int_equal(reason, SUPPRESSION_BOUNCED);
	n = world_events(w, m.person_id, 0, v, 8);
	assert_int_equal(v[n - 1].kind, EVENT_BOUNCED);
	assert_non_null(strstr(v[n - 1].json, "mailjet"));
	assert_non_null(strstr(v[n - 1].json, "bounce-hard"));
	mails = world_mail_count(w);
	for (int i = 0; i < 3; i++) {
		world_wait(w, DAY_MS);
		world_signup(w, "both", ADA, "news", "de");
	}
	assert_int_equal(world_mail_count(w), mails);
	assert_int_equal(counted(w, DAILY_BOUNCED), 1);
}

/* What was queued and not sent yet is dropped. */
static void test_waiting_mails_go(void **state)
{
	struct world *w = *state;
	struct world_mail m = begin(w);
	const struct outbox_filter f = {.state = OUTBOX_DROPPED};
	struct world_mail dropped[4];
	struct world_mails list = {.w = w, .v = dropped, .max = 4};
	struct db *db;

	world_wait(w, TURN_COOL_DOWN_MS);
	world_signup(w, "both", ADA, "news", "de");
	assert_int_equal(world_mail_count(w), 2);
	told_at(w, m.id, TOLD_SPAM, 0);
	db = world_read(w);
	assert_ok(outbox_each(db, &f, world_mail_row, &list, EI));
	store_read_end(w->store, db);
	assert_int_equal(list.n, 1);
	assert_int_not_equal(dropped[0].id, m.id);
}

static void test_only_counted(void **state)
{
	static const struct {
		int row;
		const char *what;
		enum daily_what count;
	} rows[] = {{__LINE__, TOLD_SOFT, DAILY_BOUNCED}, {__LINE__, TOLD_BLOCKED, DAILY_BLOCKED}, {__LINE__, "\"event\":\"open\"", 0}, {__LINE__, "\"event\":\"x\"", 0}};
	struct world *w = *state;
	struct world_mail m = begin_active(w);
	struct world_event v[8];
	size_t n = world_events(w, m.person_id, 0, v, 8);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct events_report rep = told_at(w, m.id, rows[i].what, 0);
		if (rep.applied || rep.unknown || rep.events != 1)
			fail_msg("row %d", rows[i].row);
		if (rows[i].count && counted(w, rows[i].count) != 1)
			fail_msg("row %d: not counted", rows[i].row);
		assert_int_equal(world_state(w, ADA, NULL), PERSON_ACTIVE);
		assert_int_equal(world_events(w, m.person_id, 0, v, 8), n);
	}
	assert_false(blocked(w, NULL));
}

/* That the mailbox took a mail is evidence: once for each mail, however often it is told. */
static void test_delivered(void **state)
{
	struct world *w = *state;
	struct world_mail m = begin_active(w);
	char hex[ENC_HEX_BYTES(STORE_HASH_BYTES)];
	struct world_event v[8];
	size_t n = world_events(w, m.person_id, 0, v, 8);

	for (int i = 0; i < 3; i++) {
		told_at(w, m.id, TOLD_SENT, 0);
		assert_int_equal(counted(w, DAILY_DELIVERED), i + 1);
		assert_int_equal(world_events(w, m.person_id, 0, v, 8), n + 1);
	}
	assert_int_equal(v[n].kind, EVENT_DELIVERED);
	assert_true(v[n].verified);
	assert_non_null(strstr(v[n].json, "\"provider\":\"mailjet\""));
	assert_non_null(strstr(v[n].json, enc_hex(m.hash, STORE_HASH_BYTES, hex)));
	assert_int_equal(world_state(w, ADA, NULL), PERSON_ACTIVE);
}

/* Names that are not those of a mail of ours that has left: nothing happens, nothing is counted. */
static void test_forged(void **state)
{
	struct world *w = *state;
	struct world_mail m = begin_active(w);
	const char *name = told_name(w, m.id);
	long long created = atoll(strrchr(name, '-') + 1);
	char rows[24][200];
	size_t n = 0;

	snprintf(rows[n++], 200, "\"CustomID\":\"club-%lld-%lld\"", (long long)m.id, created + 1);
	snprintf(rows[n++], 200, "\"CustomID\":\"club-%lld-%lld\"", (long long)m.id + 1, created);
	snprintf(rows[n++], 200, "\"CustomID\":\"clu-%lld-%lld\"", (long long)m.id, created);
	snprintf(rows[n++], 200, "\"CustomID\":\"x-club-%lld-%lld\"", (long long)m.id, created);
	snprintf(rows[n++], 200, "\"CustomID\":\"-%lld-%lld\"", (long long)m.id, created);
	snprintf(rows[n++], 200, "\"CustomID\":\"%lld-%lld\"", (long long)m.id, created);
	snprintf(rows[n++], 200, "\"CustomID\":\"club-%lld-\"", (long long)m.id);
	snprintf(rows[n++], 200, "\"CustomID\":\"club-%lld-0\"", (long long)m.id);
	snprintf(rows[n++], 200, "\"CustomID\":\"club--%lld\"", created);
	snprintf(rows[n++], 200, "\"CustomID\":\"club-%lld\"", (long long)m.id);
	snprintf(rows[n++], 200, "\"CustomID\":\"club\"");
	snprintf(rows[n++], 200, "\"CustomID\":\"-\"");
	snprintf(rows[n++], 200, "\"CustomID\":\"--\"");
	snprintf(rows[n++], 200, "\"CustomID\":\"club-99999999999999999999-%lld\"", created);
	snprintf(rows[n++], 200, "\"CustomID\":\"club-18446744073709551615-%lld\"", created);
	snprintf(rows[n++], 200, "\"CustomID\":\"%s\",\"email\":\"eve@example.org\"", name);
	snprintf(rows[n++], 200, "\"CustomID\":\"%s\",\"email\":\"ada@example.org.evil.test\"", name);
	snprintf(rows[n++], 200, "\"MessageID\":7");
	snprintf(rows[n++], 200, "\"CustomID\":\"club-1-1\",\"MessageID\":%lld", 7000000000000000000LL + (long long)m.id);
	snprintf(rows[n++], 200, "\"email\":\"" ADA "\"");
	snprintf(rows[n++], 200, "\"mj_contact_id\":1");
	for (size_t i = 0; i < n; i++)
		for (int k = 0; k < 3; k++) {
			static const char *const whats[] = {TOLD_HARD, TOLD_SPAM, TOLD_UNSUB};
			char body[400];
			struct events_report rep;
			snprintf(body, sizeof(body), "{%s,\"time\":%lld,%.190s}", whats[k], (long long)w->now_ms / 1000, rows[i]);
			rep = told_body(w, body);
			if (rep.applied || rep.unknown != 1 || world_state(w, ADA, NULL) != PERSON_ACTIVE)
				fail_msg("%s", body);
		}
	assert_false(blocked(w, NULL));
	assert_int_equal(counted(w, DAILY_BOUNCED) + counted(w, DAILY_COMPLAINED), 0);
}

/* A mail that nobody has sent yet cannot have bounced. One that is under way can: the event is faster. */
static void test_not_left_yet(void **state)
{
	struct world *w = *state;
	struct world_mail m;
	struct db *db;
	int64_t ids[OUTBOX_CLAIM_MAX + 1] = {0};

	world_signup(w, "both", ADA, "news", "de");
	m = world_last_mail(w);
	assert_int_equal(told_at(w, m.id, TOLD_HARD, 0).unknown, 1);
	assert_int_equal(world_state(w, ADA, NULL), PERSON_PENDING);
	assert_ok(store_write_begin(w->store, &db, EI));
	assert_ok(outbox_claim(db, w->now_ms, 10, SLICE("try"), told_claimed, ids, NULL, EI));
	assert_ok(store_write_commit(w->store, EI));
	assert_int_equal(told_at(w, m.id, TOLD_HARD, 0).applied, 1);
	assert_int_equal(world_state(w, ADA, NULL), PERSON_BOUNCED);
}

/* Without our name of it the provider's id counts; the address in any letter case. */
static void test_by_message_id(void **state)
{
	struct world *w = *state;
	struct world_mail m = begin_active(w);
	char body[300];

	snprintf(body, sizeof(body), "{" TOLD_UNSUB ",\"time\":%lld,\"MessageID\":%lld,\"email\":\"ADA@Example.org\"}",
	    (long long)w->now_ms / 1000, 7000000000000000000LL + (long long)m.id);
	assert_int_equal(told_body(w, body).applied, 1);
	assert_int_equal(world_state(w, ADA, NULL), PERSON_UNSUBSCRIBED);
}

static void test_unsubscribe(void **state)
{
	struct world *w = *state;
	struct world_mail m = begin_active(w);
	struct world_event v[8];
	size_t n;

	assert_int_equal(told_at(w, m.id, TOLD_UNSUB, 0).applied, 1);
	assert_int_equal(world_state(w, ADA, NULL), PERSON_UNSUBSCRIBED);
	assert_int_equal(world_purpose(w, m.person_id, "news"), PURPOSE_ENDED);
	assert_int_equal(world_purpose(w, m.person_id, "events"), PURPOSE_ENDED);
	n = world_events(w, m.person_id, 0, v, 8);
	assert_int_equal(v[n - 1].kind, EVENT_WITHDRAWN);
	assert_non_null(strstr(v[n - 1].json, "provider"));
	/* Again, and with a page pressed before: nothing new. */
	assert_int_equal(told_at(w, m.id, TOLD_UNSUB, 0).applied, 0);
	assert_int_equal(world_events(w, m.person_id, 0, v, 8), n);
	assert_int_equal(counted(w, DAILY_WITHDRAWN), 1);
	assert_false(blocked(w, NULL));
}

/* Never confirmed: everything is gone, key and rows, as with our own link. */
static void test_unsubscribe_pending(void **state)
{
	struct world *w = *state;
	struct world_mail m = begin(w);
	struct events_report rep = told_at(w, m.id, TOLD_UNSUB, 0);
	struct buf b;
	struct db *db;

	assert_int_equal(rep.applied, 1);
	assert_int_equal(world_state(w, ADA, NULL), PERSON_STATE__MAX);
	db = world_read(w);
	buf_init(&b, 400);
	assert_int_equal(person_address(db, m.person_id, &b, EI), E_NOT_FOUND);
	store_read_end(w->store, db);
	assert_int_equal(told_at(w, m.id, TOLD_HARD, 0).unknown, 1);
}

/* Older than the newest confirmation: the past. The second that both share counts as after it. */
static void test_order(void **state)
{
	static const struct {
		int row;
		const char *what;
		int64_t after_ms; /* of the second confirmation */
		enum person_state to;
	} rows[] = {
	    {__LINE__, TOLD_HARD, -DAY_MS, PERSON_ACTIVE}, {__LINE__, TOLD_HARD, -2000, PERSON_ACTIVE},
	    {__LINE__, TOLD_HARD, 0, PERSON_BOUNCED}, {__LINE__, TOLD_HARD, 2000, PERSON_BOUNCED},
	    {__LINE__, TOLD_HARD, 300 * DAY_MS, PERSON_BOUNCED},
	    {__LINE__, TOLD_UNSUB, -DAY_MS, PERSON_ACTIVE}, {__LINE__, TOLD_UNSUB, -2000, PERSON_ACTIVE},
	    {__LINE__, TOLD_UNSUB, 0, PERSON_UNSUBSCRIBED}, {__LINE__, TOLD_UNSUB, 2000, PERSON_UNSUBSCRIBED},
	    {__LINE__, TOLD_SPAM, -DAY_MS, PERSON_SUPPRESSED}, {__LINE__, TOLD_SPAM, 2000, PERSON_SUPPRESSED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world w;
		struct world_mail first, m;
		int64_t confirmed;
		world_open(&w, WORLD_SITE);
		/* Has left once and come back: the first confirmation does not count. */
		first = begin_active(&w);
		world_leave(&w, first.out, WITHDRAW_PAGE, NULL);
		world_wait(&w, 2 * DAY_MS);
		m = begin(&w);
		world_act(&w, m.confirm, CONFIRM_ACT_CONFIRM, NULL);
		confirmed = w.now_ms;
		world_wait(&w, HOUR_MS);
		told_at(&w, first.id, rows[i].what, confirmed + rows[i].after_ms);
		if (world_state(&w, ADA, NULL) != rows[i].to)
			fail_msg("row %d: %s", rows[i].row, person_state_name(world_state(&w, ADA, NULL)));
		world_close(&w);
	}
}

/* One body with everything, twice, shuffled, and once more after the person has come back. */
static void test_replay(void **state)
{
	struct world *w = *state;
	struct world_mail m = begin_active(w);
	struct world_event v[16];
	long long at = (long long)w->now_ms / 1000;
	const char *id = told_name(w, m.id);
	char one[600], two[600];
	size_t n;

	snprintf(one, sizeof(one), "[{" TOLD_HARD ",\"time\":%lld,\"CustomID\":\"%s\"},{" TOLD_UNSUB
	    ",\"time\":%lld,\"CustomID\":\"%s\"},{" TOLD_SENT ",\"time\":%lld,\"CustomID\":\"%s\"}]", at, id, at, id, at, id);
	snprintf(two, sizeof(two), "[{" TOLD_SENT ",\"time\":%lld,\"CustomID\":\"%s\"},{" TOLD_HARD
	    ",\"time\":%lld,\"CustomID\":\"%s\"},{" TOLD_HARD ",\"time\":%lld,\"CustomID\":\"%s\"}]", at, id, at, id, at, id);
	assert_int_equal(told_body(w, one).events, 3);
	assert_int_equal(world_state(w, ADA, NULL), PERSON_BOUNCED);
	n = world_events(w, m.person_id, 0, v, 16);
	assert_int_equal(told_body(w, one).bodies, 0); /* known */
	assert_int_equal(told_body(w, two).applied, 0);
	assert_int_equal(world_events(w, m.person_id, 0, v, 16), n);
	assert_int_equal(counted(w, DAILY_DELIVERED), 2);
}

/* The link of a mail that had bounced and came all the same: the address works, the block is lifted. */
static void test_confirm_after_bounce(void **state)
{
	struct world *w = *state;
	struct world_mail m = begin(w);
	int64_t bounced = w->now_ms;
	enum suppression_reason reason;

	told_at(w, m.id, TOLD_HARD, 0);
	assert_true(blocked(w, NULL));
	world_wait(w, HOUR_MS);
	assert_int_equal(world_act(w, m.confirm, CONFIRM_ACT_CONFIRM, NULL).state, CONFIRM_DONE);
	assert_int_equal(world_state(w, ADA, NULL), PERSON_ACTIVE);
	assert_false(blocked(w, NULL));
	assert_int_equal(told_at(w, m.id, TOLD_HARD, bounced).applied, 0);
	assert_int_equal(world_state(w, ADA, NULL), PERSON_ACTIVE);
	/* A complaint is not lifted by anything, and a bounce does not replace it. */
	told_at(w, m.id, TOLD_SPAM, 0);
	told_at(w, m.id, TOLD_HARD, 0);
	world_act(w, m.confirm, CONFIRM_ACT_CONFIRM, NULL);
	assert_int_equal(world_state(w, ADA, NULL), PERSON_SUPPRESSED);
	assert_true(blocked(w, &reason));
	assert_int_equal(reason, SUPPRESSION_COMPLAINED);
}

/* Bounced or complained without ever having confirmed: gone after retention.unconfirmed; the block stays. */
static void test_retention(void **state)
{
	static const char *const whats[] = {TOLD_HARD, TOLD_SPAM};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct world w;
		struct world_mail m;
		struct retention_report rep;
		world_open(&w, WORLD_SITE);
		m = begin(&w);
		told_at(&w, m.id, whats[i], 0);
		assert_ok(retention_run(w.site, w.store, w.now_ms, &rep, EI));
		assert_int_equal(rep.unconfirmed, 0);
		world_wait(&w, 8 * DAY_MS);
		assert_ok(retention_run(w.site, w.store, w.now_ms, &rep, EI));
		assert_int_equal(rep.unconfirmed, 1);
		assert_int_equal(world_state(&w, ADA, NULL), PERSON_STATE__MAX);
		assert_true(blocked(&w, NULL));
		world_close(&w);
	}
	for (int i = 0; i < 2; i++) {
		struct world w;
		struct world_mail m;
		struct retention_report rep;
		world_open(&w, WORLD_SITE);
		m = begin_active(&w);
		told_at(&w, m.id, whats[i], 0);
		world_wait(&w, 8 * DAY_MS);
		assert_ok(retention_run(w.site, w.store, w.now_ms, &rep, EI));
		assert_int_equal(rep.unconfirmed + rep.evidence, 0);
		assert_int_not_equal(world_state(&w, ADA, NULL), PERSON_STATE__MAX);
		world_wait(&w, 5 * 366 * DAY_MS);
		assert_ok(retention_run(w.site, w.store, w.now_ms, &rep, EI));
		assert_int_equal(rep.evidence, 1);
		assert_int_equal(world_state(&w, ADA, NULL), PERSON_STATE__MAX);
		world_close(&w);
	}
}

/* Nothing of a body is left when it was worked on, and of other bodies nothing is lost. */
static void test_many_bodies(void **state)
{
	struct world *w = *state;
	struct events_report rep;
	struct db *db;
	bool waits;

	assert_ok(store_write_begin(w->store, &db, EI));
	for (int i = 0; i < 5; i++) {
		char body[100];
		snprintf(body, sizeof(body), i == 2 ? "not json %d" : "[{\"event\":\"sent\",\"time\":%d},{}]", i);
		assert_ok(hook_put(db, SLICE("mailjet"), slice_from(body), w->now_ms, NULL, EI));
	}
	assert_ok(store_write_commit(w->store, EI));
	assert_ok(events_waiting(w->store, &waits, EI));
	assert_true(waits);
	assert_ok(events_all(w->site, w->store, &rep, EI));
	assert_int_equal(rep.bodies, 5);
	assert_int_equal(rep.events, 8);
	assert_ok(events_waiting(w->store, &waits, EI));
	assert_false(waits);
}

static void damage(struct world *w, int64_t person)
{
	char path[200], sql[120];
	sqlite3 *c;

	snprintf(path, sizeof(path), "%s/data/club/data.db", w->root);
	snprintf(sql, sizeof(sql), "UPDATE person SET address_ct = zeroblob(length(address_ct)) WHERE id = %lld", (long long)person);
	assert_int_equal(sqlite3_open_v2(path, &c, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(c, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(c);
}

/* One person whose address cannot be read any more: the events of all others do not wait behind hers. */
static void test_one_that_cannot_be_worked_on(void **state)
{
	struct world *w = *state;
	struct world_mail ada = begin(w), bob;
	struct events_report rep;
	char body[300];
	struct db *db;
	bool waits;

	world_signup(w, "both", "bob@example.org", "news", "de");
	told_send(w);
	bob = world_last_mail(w);
	damage(w, ada.person_id);
	assert_ok(store_write_begin(w->store, &db, EI));
	for (int i = 0; i < 2; i++) {
		snprintf(body, sizeof(body), "[{" TOLD_HARD ",\"time\":%lld,\"email\":\"%s\",\"CustomID\":\"%s\"}]", (long long)w->now_ms / 1000,
		    i ? "bob@example.org" : ADA, told_name(w, i ? bob.id : ada.id));
		assert_ok(hook_put(db, SLICE("mailjet"), slice_from(body), w->now_ms, NULL, EI));
	}
	assert_ok(store_write_commit(w->store, EI));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(events_all(w->site, w->store, &rep, EI), E_DENIED);
		assert_int_equal(rep.applied, i ? 0 : 1);
		assert_int_equal(world_state(w, "bob@example.org", NULL), PERSON_BOUNCED);
		assert_ok(events_waiting(w->store, &waits, EI));
		assert_true(waits);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {T(test_bounce_stops_mails), T(test_waiting_mails_go), T(test_only_counted), T(test_delivered),
	    T(test_forged), T(test_not_left_yet), T(test_by_message_id), T(test_unsubscribe), T(test_unsubscribe_pending),
	    cmocka_unit_test(test_order), T(test_replay), T(test_confirm_after_bounce), cmocka_unit_test(test_retention),
	    T(test_many_bodies), T(test_one_that_cannot_be_worked_on)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

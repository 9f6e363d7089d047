/*
 * What happens to a consent reaches the list at the provider: rules, queue and worker together, against the fake
 * Mailjet. Time stands still unless a test moves it.
 */
#include "lib/told.h"
#include "unit/send/fake.h"

#include "core/contact.h"
#include "core/retention.h"
#include "send/worker.h"

#define ADA "ada@example.org"

static struct world w;
static struct fake fake;
static char log_lines[100000];

static void on_log(const char *line, void *arg)
{
	size_t n = strlen(log_lines);

	(void)arg;
	snprintf(log_lines + n, sizeof(log_lines) - n, "%s\n", line);
}

/* The world's site with Mailjet: news has a list there, events has none. */
static void site_write(const char *list, const char *mode)
{
	static const char *const from[] = {"post@verein.test", "    frequency: { de: monatlich, en: monthly }\n",
	    "  route: [dir]\n", "hosting: self\n", "mode: live\n"};
	char mail[300], purpose[200], end[30];
	const char *to[] = {"post@example.org", purpose, mail,
	    "processors:\n  mailjet: { contract_party: Mailjet SAS, address: [75012 Paris], country: FR, us_affiliate: true,\n"
	    "    contract: { date: 2026-03-01 }, privacy_url: https://mailjet.test/p,\n"
	    "    subprocessors_url: https://mailjet.test/s,\n"
	    "    transfer: { mechanism: [scc], scc_module: 2, tia_date: 2026-03-01 } }\nhosting: self\n", end};
	char *text = strdup(WORLD_SITE);

	snprintf(purpose, sizeof(purpose), "    frequency: { de: monatlich, en: monthly }\n%s", list);
	snprintf(mail, sizeof(mail), "  route: [mailjet, dir]\n  mailjet: { key_file: mailjet.key, endpoint: \"%s\" }\n",
	    fake.endpoint);
	snprintf(end, sizeof(end), "mode: %s\n", mode);
	for (size_t i = 0; i < 5; i++) {
		char *next = world_replace(text, from[i], to[i]);
		free(text);
		text = next;
	}
	world_write(&w, "sites/club.yaml", text);
	free(text);
}

static int begin(const char *list, const char *mode)
{
	char journal[100];

	log_lines[0] = '\0';
	world_folder(&w);
	log_setup(LOG_DEBUG, LOG_LOGFMT);
	log_capture(on_log, NULL);
	snprintf(journal, sizeof(journal), "%s/journal", w.root);
	fake_start(&fake, "KEY:SECRET", journal);
	world_write(&w, "jawort.yaml", WORLD_HOST);
	world_write(&w, "sites/mailjet.key", "KEY:SECRET\n");
	site_write(list, mode);
	world_load(&w);
	world_start(&w);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	return begin("    provider_list: \"12345\"\n", "live");
}

static int teardown(void **state)
{
	(void)state;
	fake_stop(&fake);
	world_close(&w);
	log_capture(NULL, NULL);
	return 0;
}

static void work(void)
{
	const struct worker_opts o = {.conf = w.conf, .once = true, .stop_fd = -1, .timeout_ms = 2000};

	assert_ok(worker_run(&o, EI));
}

static int64_t waiting(int64_t *refused)
{
	struct db *db = world_read(&w);
	int64_t n;

	assert_ok(contact_counts(db, &n, refused, EI));
	store_read_end(w.store, db);
	return n;
}

static void trouble_is(int line, bool refused, enum contact_action action, const char *purpose, const char *code)
{
	struct db *db = world_read(&w);
	struct contact_trouble t;
	enum err e = contact_trouble(db, &t, EI);

	store_read_end(w.store, db);
	if (e != (*code ? OK : E_NOT_FOUND) || t.refused != refused || t.action != action || strcmp(t.purpose, purpose) != 0
	    || strcmp(t.code, code) != 0 || (*code && strcmp(t.provider, "mailjet") != 0))
		fail_msg("line %d: %d %s %s %s (%s)", line, t.refused, t.provider, contact_action_name(t.action), t.purpose, t.code);
}

#define ADDED "\"Action\":\"addnoforce\""
#define ADDED_AGAIN "\"Action\":\"addforce\""
#define UNSUBBED "\"Action\":\"unsub\""
#define DELETED "\"method\":\"DELETE\",\"url\":\"/v4/contacts/"

static void counts(int line, int added, int again, int unsubbed, int deleted)
{
	if (fake_count(&fake, ADDED) != added || fake_count(&fake, ADDED_AGAIN) != again
	    || fake_count(&fake, UNSUBBED) != unsubbed || fake_count(&fake, DELETED) != deleted)
		fail_msg("line %d: %d added, %d again, %d unsubscribed, %d deleted\n%s", line, fake_count(&fake, ADDED),
		    fake_count(&fake, ADDED_AGAIN), fake_count(&fake, UNSUBBED), fake_count(&fake, DELETED), log_lines);
}

static struct world_mail signed_up(void)
{
	struct world_mail m;

	world_signup(&w, "both", ADA, "news,events", "de");
	m = world_last_mail(&w);
	work();
	return m;
}

/* On the list when confirmed and not before; off it; on it again; and nothing is left after the erasure. */
static void test_life(void **state)
{
	struct retention_report rep;
	struct world_mail m;

	(void)state;
	m = signed_up();
	counts(__LINE__, 0, 0, 0, 0);
	world_act(&w, m.confirm, CONFIRM_ACT_CONFIRM, NULL);
	assert_int_equal(waiting(NULL), 1);
	work();
	counts(__LINE__, 1, 0, 0, 0);
	assert_int_equal(fake_count(&fake, "/v3/REST/contactslist/12345/managecontact"), 1);
	assert_int_equal(waiting(NULL), 0);
	work();
	counts(__LINE__, 1, 0, 0, 0);
	world_leave(&w, m.out, WITHDRAW_ONE_CLICK, NULL);
	work();
	counts(__LINE__, 1, 0, 1, 0);
	world_leave(&w, m.out, WITHDRAW_PAGE, NULL);
	work();
	counts(__LINE__, 1, 0, 1, 0);
	/* Comes back: that is newer than what the list has. */
	world_wait(&w, DAY_MS);
	m = signed_up();
	world_act(&w, m.confirm, CONFIRM_ACT_CONFIRM, NULL);
	work();
	counts(__LINE__, 1, 1, 1, 0);
	world_leave(&w, m.out, WITHDRAW_PAGE, NULL);
	world_wait(&w, 5 * 366 * DAY_MS);
	assert_ok(retention_run(w.site, w.store, w.now_ms, &rep, EI));
	assert_int_equal(rep.evidence, 1);
	work();
	counts(__LINE__, 1, 1, 1, 1); /* the word "unsub" that still waited has become pointless */
	assert_int_equal(waiting(NULL), 0);
	assert_null(strstr(log_lines, "ada@"));
}

/* Confirmed and left before the worker came: only the last word counts. */
static void test_last_word(void **state)
{
	struct world_mail m;

	(void)state;
	m = signed_up();
	world_act(&w, m.confirm, CONFIRM_ACT_CONFIRM, NULL);
	world_leave(&w, m.out, WITHDRAW_PAGE, NULL);
	assert_int_equal(waiting(NULL), 1);
	work();
	counts(__LINE__, 0, 0, 1, 0);
}

/* Everybody who got a mail is a contact there, also who never confirmed: denied, left, or run out. */
static void test_never_confirmed(void **state)
{
	struct retention_report rep;
	struct world_mail m;

	(void)state;
	m = signed_up();
	world_act(&w, m.confirm, CONFIRM_ACT_DENY, NULL);
	assert_int_equal(world_state(&w, ADA, NULL), PERSON_STATE__MAX);
	assert_int_equal(waiting(NULL), 1);
	/* The address waits sealed. */
	assert_int_equal(world_files_with(w.conf->data, ADA, strlen(ADA)), 0);
	work();
	counts(__LINE__, 0, 0, 0, 1);
	world_wait(&w, 40 * DAY_MS);
	m = signed_up();
	world_leave(&w, m.out, WITHDRAW_PAGE, NULL);
	work();
	counts(__LINE__, 0, 0, 0, 2);
	world_wait(&w, 40 * DAY_MS);
	signed_up();
	world_wait(&w, 10 * DAY_MS);
	assert_ok(retention_run(w.site, w.store, w.now_ms, &rep, EI));
	assert_int_equal(rep.unconfirmed, 1);
	work();
	counts(__LINE__, 0, 0, 0, 3);
	assert_int_equal(waiting(NULL), 0);
}

/* Bounce and complaint end what is active, so the list hears it; an unsubscribe there as well. */
static void test_told(void **state)
{
	static const char *const whats[] = {TOLD_HARD, TOLD_UNSUB, TOLD_SPAM};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct world_mail m;
		if (i)
			setup(NULL);
		m = signed_up();
		world_act(&w, m.confirm, CONFIRM_ACT_CONFIRM, NULL);
		work();
		world_wait(&w, MINUTE_MS);
		assert_int_equal(told_at(&w, m.id, whats[i], 0).applied, 1);
		work();
		counts(__LINE__, 1, 0, 1, 0);
		if (i < 2)
			teardown(NULL);
	}
}

/* A contact that Mailjet does not have (any more): done. */
static void test_absent(void **state)
{
	struct db *db;

	(void)state;
	assert_ok(store_write_begin(w.store, &db, EI));
	assert_ok(contact_put_delete(db, SLICE("mailjet"), 77, SLICE("nobody@example.org"), w.now_ms, EI));
	assert_ok(store_write_commit(w.store, EI));
	work();
	counts(__LINE__, 0, 0, 0, 0);
	assert_int_equal(waiting(NULL), 0);
}

/* Wrong key: on hold, one loud line, and it goes on when the key is right. */
static void test_hold(void **state)
{
	struct world_mail m;

	(void)state;
	m = signed_up();
	world_act(&w, m.confirm, CONFIRM_ACT_CONFIRM, NULL);
	world_write(&w, "sites/mailjet.key", "KEY:WRONG\n");
	work();
	assert_int_equal(waiting(NULL), 1);
	assert_non_null(strstr(log_lines, "contacts_hold"));
	assert_null(strstr(log_lines, "WRONG"));
	trouble_is(__LINE__, false, CONTACT_ADD, "news", "http-401");
	world_write(&w, "sites/mailjet.key", "KEY:SECRET\n");
	work();
	assert_int_equal(waiting(NULL), 0);
	trouble_is(__LINE__, false, 0, "", "");
	assert_int_equal(fake_count(&fake, "\"status\":201"), 1);
}

/* Nobody there: again later, with growing pauses; a newer word is due at once. */
static void test_no_answer(void **state)
{
	struct world_mail m;
	int64_t next;
	struct db *db;

	(void)state;
	m = signed_up();
	world_act(&w, m.confirm, CONFIRM_ACT_CONFIRM, NULL);
	kill(fake.pid, SIGKILL);
	waitpid(fake.pid, NULL, 0);
	work();
	assert_int_equal(waiting(NULL), 1);
	db = world_read(&w);
	assert_ok(contact_next_due(db, SLICE("mailjet"), &next, EI));
	store_read_end(w.store, db);
	assert_in_range(next, w.now_ms + WORKER_RETRY_MIN_S * 1000, w.now_ms + 60000);
	world_leave(&w, m.out, WITHDRAW_PAGE, NULL);
	db = world_read(&w);
	assert_ok(contact_next_due(db, SLICE("mailjet"), &next, EI));
	store_read_end(w.store, db);
	assert_int_equal(next, w.now_ms);
	fake_start(&fake, "KEY:SECRET", fake.journal);
}

/* A list that is no number: refused and shown, not tried for ever; once more when somebody asks for it. */
static void test_bad_list(void **state)
{
	struct world_mail m;
	int64_t refused;
	unsigned count;
	struct db *db;

	(void)state;
	begin("    provider_list: letters\n", "live");
	m = signed_up();
	world_act(&w, m.confirm, CONFIRM_ACT_CONFIRM, NULL);
	work();
	assert_int_equal(waiting(&refused), 0);
	assert_int_equal(refused, 1);
	assert_non_null(strstr(log_lines, "contact_refused"));
	trouble_is(__LINE__, true, CONTACT_ADD, "news", "bad-list");
	assert_ok(store_write_begin(w.store, &db, EI));
	assert_ok(contact_retry_all(db, w.now_ms, &count, EI));
	assert_ok(store_write_commit(w.store, EI));
	assert_int_equal(count, 1);
	assert_int_equal(waiting(&refused), 1);
	assert_int_equal(refused, 0);
	work();
	assert_int_equal(waiting(&refused), 0);
	assert_int_equal(refused, 1);
	teardown(NULL);
}

/* No list, or only trying out: nothing is queued. Deletion does not need a list. */
static void test_not_told(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct world_mail m;
		begin(i ? "    provider_list: \"12345\"\n" : "", i ? "try-out" : "live");
		world_signup(&w, "both", ADA, "news,events", "de");
		m = world_last_mail(&w);
		world_act(&w, m.confirm, CONFIRM_ACT_CONFIRM, NULL);
		assert_int_equal(waiting(NULL), 0);
		world_signup(&w, "both", "eve@example.org", "news", "de");
		world_act(&w, world_last_mail(&w).confirm, CONFIRM_ACT_DENY, NULL);
		assert_int_equal(waiting(NULL), i ? 0 : 1);
		teardown(NULL);
	}
}

/* The answer to an older word does not settle the newer one. */
static void test_turn(void **state)
{
	struct contact old, now;
	struct buf b;
	struct db *db;

	(void)state;
	signed_up();
	buf_init(&b, 1000);
	assert_ok(store_write_begin(w.store, &db, EI));
	assert_ok(contact_put(db, SLICE("mailjet"), 1, SLICE("news"), CONTACT_ADD, w.now_ms, EI));
	assert_ok(contact_next(db, SLICE("mailjet"), w.now_ms, &old, &b, EI));
	assert_true(old.readable);
	assert_true(slice_eq_str(buf_slice(&b), ADA));
	assert_ok(contact_put(db, SLICE("mailjet"), 1, SLICE("news"), CONTACT_UNSUB, w.now_ms, EI));
	assert_ok(contact_done(db, &old, EI));
	assert_ok(contact_again(db, &old, 0, SLICE("x"), EI));
	assert_ok(contact_next(db, SLICE("mailjet"), w.now_ms, &now, &b, EI));
	assert_int_equal(now.id, old.id);
	assert_int_equal(now.action, CONTACT_UNSUB);
	assert_int_equal(now.attempt, 0);
	assert_int_equal(contact_next(db, SLICE("mailjet"), w.now_ms - 1, &now, &b, EI), E_NOT_FOUND);
	assert_int_equal(contact_next(db, SLICE("brevo"), w.now_ms, &now, &b, EI), E_NOT_FOUND);
	assert_ok(contact_done(db, &now, EI));
	assert_int_equal(contact_next(db, SLICE("mailjet"), w.now_ms, &now, &b, EI), E_NOT_FOUND);
	store_write_rollback(w.store);
	buf_free(&b);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {T(test_life), T(test_last_word), T(test_never_confirmed), T(test_told),
	    T(test_absent), T(test_hold), T(test_no_answer), cmocka_unit_test(test_bad_list),
	    cmocka_unit_test(test_not_told), T(test_turn)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

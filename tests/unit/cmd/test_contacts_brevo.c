/*
 * What happens to a consent reaches the list at Brevo, and an erasure its log of mails too: rules, queue and worker
 * together, against the fake Brevo. Time stands still unless a test moves it.
 */
#include "lib/told.h"
#include "unit/send/fake.h"

#include "core/contact.h"
#include "core/retention.h"
#include "send/worker.h"

#define ADA "ada@example.org"

static struct world w;
static struct fake fake, mailjet;
static char log_lines[100000];

static void on_log(const char *line, void *arg)
{
	size_t n = strlen(log_lines);

	(void)arg;
	snprintf(log_lines + n, sizeof(log_lines) - n, "%s\n", line);
}

#define PROCESSOR(name)                                                                                  \
	"  " name ": { contract_party: Firma SAS, address: [75012 Paris], country: FR, contract: { date: 2026-03-01 } }\n"

static void site_write(const char *route)
{
	static const char *const from[] = {"post@verein.test", "    frequency: { de: monatlich, en: monthly }\n",
	    "  route: [dir]\n", "hosting: self\n"};
	char mail[400];
	const char *to[] = {"post@example.org", "    frequency: { de: monatlich, en: monthly }\n    provider_list: \"7\"\n", mail,
	    "processors:\n" PROCESSOR("mailjet") PROCESSOR("brevo") "hosting: self\nmode: live\n"};
	char *text = strdup(WORLD_SITE);
	char *live = world_replace(text, "mode: live\n", "");

	snprintf(mail, sizeof(mail), "  route: [%s]\n  mailjet: { key_file: mailjet.key, endpoint: \"%s\" }\n"
	    "  brevo: { key_file: brevo.key, endpoint: \"%s\" }\n", route, mailjet.endpoint, fake.endpoint);
	free(text);
	text = live;
	for (size_t i = 0; i < 4; i++) {
		char *next = world_replace(text, from[i], to[i]);
		free(text);
		text = next;
	}
	world_write(&w, "sites/club.yaml", text);
	free(text);
}

static int begin(const char *route)
{
	char journal[120];

	log_lines[0] = '\0';
	world_folder(&w);
	log_setup(LOG_DEBUG, LOG_LOGFMT);
	log_capture(on_log, NULL);
	snprintf(journal, sizeof(journal), "%s/journal", w.root);
	fake_start_as(&fake, "tests/fakes/brevo.mjs", "xkeysib-17", journal, "--list", "7");
	snprintf(journal, sizeof(journal), "%s/mailjet-journal", w.root);
	fake_start(&mailjet, "KEY:SECRET", journal);
	world_write(&w, "jawort.yaml", WORLD_HOST);
	world_write(&w, "sites/brevo.key", "xkeysib-17\n");
	world_write(&w, "sites/mailjet.key", "KEY:SECRET\n");
	site_write(route);
	world_load(&w);
	world_start(&w);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	return begin("brevo, dir");
}

static int teardown(void **state)
{
	(void)state;
	fake_stop(&fake);
	fake_stop(&mailjet);
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

#define ADDED "\"method\":\"POST\",\"url\":\"/v3/contacts\""
#define REMOVED "\"decoded\":{\"unlinkListIds\":[7]}"
#define DELETED "\"method\":\"DELETE\",\"url\":\"/v3/contacts/"
#define FORGOTTEN "\"method\":\"DELETE\",\"url\":\"/v3/smtp/log/"

static void counts(int line, int added, int removed, int deleted, int forgotten)
{
	if (fake_count(&fake, ADDED) != added || fake_count(&fake, REMOVED) != removed
	    || fake_count(&fake, DELETED) != deleted || fake_count(&fake, FORGOTTEN) != forgotten)
		fail_msg("line %d: %d added, %d removed, %d deleted, %d forgotten\n%s", line, fake_count(&fake, ADDED),
		    fake_count(&fake, REMOVED), fake_count(&fake, DELETED), fake_count(&fake, FORGOTTEN), log_lines);
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
	work();
	counts(__LINE__, 1, 0, 0, 0);
	world_leave(&w, m.out, WITHDRAW_ONE_CLICK, NULL);
	work();
	counts(__LINE__, 1, 1, 0, 0);
	world_wait(&w, DAY_MS);
	m = signed_up();
	world_act(&w, m.confirm, CONFIRM_ACT_CONFIRM, NULL);
	work();
	counts(__LINE__, 2, 1, 0, 0);
	/* Nobody is taken off Brevo's own block list. */
	assert_int_equal(fake_count(&fake, "emailBlacklisted"), 0);
	world_leave(&w, m.out, WITHDRAW_PAGE, NULL);
	world_wait(&w, 5 * 366 * DAY_MS);
	assert_ok(retention_run(w.site, w.store, w.now_ms, &rep, EI));
	assert_int_equal(rep.evidence, 1);
	work();
	counts(__LINE__, 2, 1, 1, 1);
	assert_int_equal(fake_count(&fake, FORGOTTEN "ada%40example.org\""), 1);
	assert_int_equal(waiting(NULL), 0);
	assert_null(strstr(log_lines, "ada@"));
}

/* Who never confirmed is no contact there, but stands in the log of mails. */
static void test_never_confirmed(void **state)
{
	struct world_mail m;

	(void)state;
	m = signed_up();
	world_act(&w, m.confirm, CONFIRM_ACT_DENY, NULL);
	work();
	counts(__LINE__, 0, 0, 1, 1);
	assert_int_equal(fake_count(&fake, "\"status\":404"), 1);
	assert_int_equal(fake_count(&fake, "\"status\":204"), 1);
	assert_int_equal(waiting(NULL), 0);
}

/* The list belongs to whoever stands first; of an erasure both hear. */
static void test_both(void **state)
{
	struct world_mail m;

	(void)state;
	for (int i = 0; i < 2; i++) {
		begin(i ? "mailjet, brevo" : "brevo, mailjet");
		m = signed_up();
		world_act(&w, m.confirm, CONFIRM_ACT_CONFIRM, NULL);
		work();
		counts(__LINE__, i ? 0 : 1, 0, 0, 0);
		assert_int_equal(fake_count(&mailjet, "\"Action\":\"addnoforce\""), i);
		world_wait(&w, DAY_MS);
		world_signup(&w, "both", "eve@example.org", "news", "de");
		m = world_last_mail(&w);
		work();
		world_act(&w, m.confirm, CONFIRM_ACT_DENY, NULL);
		assert_int_equal(waiting(NULL), 2);
		work();
		counts(__LINE__, i ? 0 : 1, 0, 1, 1);
		assert_int_equal(fake_count(&mailjet, "/v3/REST/contact/eve%40example.org"), 1);
		assert_int_equal(waiting(NULL), 0);
		teardown(NULL);
	}
}

/* One of the two does not let us in: the other one is told all the same. */
static void test_one_is_held(void **state)
{
	struct db *db;

	(void)state;
	begin("brevo, mailjet");
	world_write(&w, "sites/brevo.key", "wrong\n");
	assert_ok(store_write_begin(w.store, &db, EI));
	assert_ok(contact_put_delete(db, SLICE("brevo"), 77, SLICE("nobody@example.org"), w.now_ms, EI));
	assert_ok(contact_put_delete(db, SLICE("mailjet"), 77, SLICE("nobody@example.org"), w.now_ms, EI));
	assert_ok(store_write_commit(w.store, EI));
	work();
	assert_int_equal(waiting(NULL), 1);
	assert_non_null(strstr(log_lines, "contacts_hold site=club provider=brevo code=http-401"));
	assert_null(strstr(log_lines, "provider=mailjet code=http-401"));
	world_write(&w, "sites/brevo.key", "xkeysib-17\n");
	work();
	assert_int_equal(waiting(NULL), 0);
	counts(__LINE__, 0, 0, 2, 1);
	teardown(NULL);
}

/* What Brevo tells: by our tag, or by its own id of the mail. */
static void test_told_by_brevo(void **state)
{
	static const char *const events[] = {"hard_bounce", "invalid_email", "spam", "unsubscribed", "soft_bounce", "opened"};
	static const unsigned applied[] = {1, 1, 1, 1, 0, 0};

	(void)state;
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		struct events_report rep;
		struct world_mail m;
		struct db *db;
		char body[300];

		begin("brevo, dir");
		m = signed_up();
		world_act(&w, m.confirm, CONFIRM_ACT_CONFIRM, NULL);
		world_wait(&w, MINUTE_MS);
		snprintf(body, sizeof(body), "{\"event\":\"%s\",\"email\":\"%s\",\"ts_epoch\":%lld,\"tag\":\"[\\\"%s\\\"]\",\"tags\":[\"%s\"]}",
		    events[i], ADA, (long long)w.now_ms, told_name(&w, m.id), told_name(&w, m.id));
		assert_ok(store_write_begin(w.store, &db, EI));
		assert_ok(hook_put(db, SLICE("brevo"), slice_from(body), w.now_ms, NULL, EI));
		assert_ok(store_write_commit(w.store, EI));
		assert_ok(events_all(w.site, w.store, &rep, EI));
		assert_int_equal(rep.events, 1);
		if (rep.applied != applied[i] || rep.unknown)
			fail_msg("%s: %u applied, %u unknown", events[i], rep.applied, rep.unknown);
		work();
		/* What ends the consent takes the person off the list; had it not been told yet, there is one word only. */
		counts(__LINE__, applied[i] ? 0 : 1, applied[i] ? 1 : 0, 0, 0);
		teardown(NULL);
	}
}

static void provider_id_copy(const struct outbox_row *r, void *arg)
{
	slice_copy(r->provider_id, arg, 100);
}

static void test_told_by_id(void **state)
{
	struct events_report rep;
	struct world_mail m;
	struct db *db;
	char id[100] = "", body[300];

	(void)state;
	m = signed_up();
	db = world_read(&w);
	assert_ok(outbox_get(db, m.id, provider_id_copy, id, EI));
	store_read_end(w.store, db);
	assert_int_equal(id[0], '<');
	world_wait(&w, MINUTE_MS);
	snprintf(body, sizeof(body), "{\"event\":\"hard_bounce\",\"email\":\"%s\",\"message-id\":\"%s\"}", ADA, id);
	assert_ok(store_write_begin(w.store, &db, EI));
	/* From another provider the same id says nothing. */
	assert_ok(hook_put(db, SLICE("mailjet"), slice_from(body), w.now_ms, NULL, EI));
	assert_ok(store_write_commit(w.store, EI));
	assert_ok(events_all(w.site, w.store, &rep, EI));
	assert_int_equal(rep.applied, 0);
	strcat(body, " ");
	assert_ok(store_write_begin(w.store, &db, EI));
	assert_ok(hook_put(db, SLICE("brevo"), slice_from(body), w.now_ms, NULL, EI));
	assert_ok(store_write_commit(w.store, EI));
	assert_ok(events_all(w.site, w.store, &rep, EI));
	assert_int_equal(rep.applied, 1);
	assert_int_equal(world_state(&w, ADA, NULL), PERSON_BOUNCED);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {T(test_life), T(test_never_confirmed), cmocka_unit_test(test_both),
	    cmocka_unit_test(test_one_is_held), cmocka_unit_test(test_told_by_brevo), T(test_told_by_id)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Telling people of a changed notice: who, of what, once, and never who is not on the list. */
#include "lib/world.h"

#include <signal.h>
#include <sys/wait.h>

#include "core/announce.h"
#include "store/notice.h"
#include "store/suppression.h"

#define PEOPLE_MAX 600

static const char OTHER_LOGS[] = "retention: { unconfirmed: 7d, deny_block: 30d, requests: 5y }\n";

static char *site_changed(const char *to)
{
	return world_replace(WORLD_SITE, "retention: { unconfirmed: 7d, deny_block: 30d }\n", to);
}

static void reload(struct world *w, const char *to)
{
	char *site = site_changed(to);

	world_wait(w, DAY_MS);
	world_reload(w, site);
	world_wait(w, MINUTE_MS);
	free(site);
}

static struct world_mail join(struct world *w, const char *address, const char *lang)
{
	struct world_mail m;

	world_signup(w, "news", address, "news", lang);
	m = world_last_mail(w);
	assert_int_equal(world_act(w, m.confirm, CONFIRM_ACT_CONFIRM, NULL).state, CONFIRM_DONE);
	return m;
}

static struct announce_count count(struct world *w)
{
	struct announce_count n;
	struct announce *an;

	assert_ok(announce_new(&an, w->site, w->store, EI));
	assert_ok(announce_count(an, &n, EI));
	announce_free(an);
	return n;
}

/* All, in batches of limit; batches 0: until the end. */
static unsigned announce(struct world *w, unsigned limit, unsigned batches)
{
	unsigned queued = 0, all = 0, done = 0;
	struct announce *an;
	bool more = true;

	assert_ok(announce_new(&an, w->site, w->store, EI));
	while (more && (!batches || done < batches)) {
		assert_ok(announce_batch(an, limit, &queued, &more, EI));
		assert_true(queued <= limit);
		all += queued;
		done++;
	}
	announce_free(an);
	return all;
}

static unsigned notices_of(struct world *w, int64_t person)
{
	struct world_mail *all = calloc(512, sizeof(*all));
	size_t n = world_mails(w, 0, all, 512);
	unsigned found = 0;

	for (size_t i = 0; i < n; i++)
		found += all[i].kind == OUTBOX_NOTICE && (!person || all[i].person_id == person);
	free(all);
	return found;
}

/* One mail about exactly this change, and the evidence that it was queued. */
static void test_told(void **state)
{
	struct world *w = *state;
	struct world_mail m = join(w, "ada@example.org", "de"), told;
	struct world_event v[32];
	struct notice_version now;
	struct message msg;
	struct db *db;
	char *sub;
	size_t n;

	assert_int_equal(count(w).present, 1);
	assert_int_equal(announce(w, 500, 0), 0);
	reload(w, OTHER_LOGS);
	assert_int_equal(count(w).due, 1);
	assert_int_equal(count(w).consent, 0);
	assert_int_equal(announce(w, 500, 0), 1);
	told = world_last_mail(w);
	assert_int_equal(told.kind, OUTBOX_NOTICE);
	assert_int_equal(told.person_id, m.person_id);
	assert_string_equal(told.out, m.out);
	msg = world_message(w, &told);
	assert_slice(msg.to, "ada@example.org");
	assert_slice(msg.subject, "Neu in unseren Hinweisen zum Datenschutz");
	assert_true(slice_ends(msg.list_unsubscribe, slice_from(m.out)));
	assert_non_null(memmem(msg.text.ptr, msg.text.len, "22. November 2026", 17));
	assert_non_null(memmem(msg.text.ptr, msg.text.len, "/n/diff?from=", 13));
	assert_non_null(memmem(msg.text.ptr, msg.text.len, "Wie lange wir", 13));
	assert_null(memmem(msg.text.ptr, msg.text.len, "In vier", 7));
	n = world_events(w, m.person_id, 0, v, 32);
	assert_int_equal(v[n - 1].kind, EVENT_NOTICE_ANNOUNCED);
	assert_true(v[n - 1].verified);
	db = world_read(w);
	assert_ok(notice_current(db, "de", &now, EI));
	store_read_end(w->store, db);
	sub = arena_alloc(&w->arena, 64);
	snprintf(sub, 64, "\"detail\":\"%lld\"", (long long)now.no);
	assert_non_null(strstr(v[n - 1].json, sub));
	assert_non_null(strstr(v[n - 1].json, "\"kind\":\"notice_announced\""));
	assert_non_null(strstr(v[n - 1].json, "\"mail_hash\":\""));
	/* A second run finds nobody. */
	assert_int_equal(count(w).due, 0);
	assert_int_equal(count(w).present, 1);
	assert_int_equal(announce(w, 500, 0), 0);
	assert_int_equal(notices_of(w, 0), 1);
	/* Back to what it was is a change again, from what was told. */
	reload(w, "retention: { unconfirmed: 7d, deny_block: 30d }\n");
	assert_int_equal(announce(w, 500, 0), 1);
	assert_int_equal(announce(w, 500, 0), 0);
	assert_int_equal(notices_of(w, m.person_id), 2);
}

/* A clock that was set back brings nobody a second mail, and a new language is not a new notice. */
static void test_clock(void **state)
{
	struct world *w = *state;
	struct world_mail m = join(w, "ada@example.org", "de");
	struct db *db;

	reload(w, OTHER_LOGS);
	world_wait(w, -2 * DAY_MS);
	assert_int_equal(announce(w, 500, 0), 1);
	assert_int_equal(announce(w, 500, 0), 0);
	assert_ok(store_write_begin(w->store, &db, EI));
	assert_ok(person_set_lang(db, m.person_id, SLICE("en"), w->now_ms, EI));
	assert_ok(store_write_commit(w->store, EI));
	assert_int_equal(announce(w, 500, 0), 0);
	reload(w, "retention: { unconfirmed: 7d, deny_block: 30d, requests: 6y }\n");
	world_wait(w, 4 * DAY_MS);
	assert_int_equal(announce(w, 500, 0), 1);
	assert_int_equal(notices_of(w, m.person_id), 2);
}

/* What was not announced is not lost: the next announcement tells of both; what needs no telling leads to no mail. */
static void test_between(void **state)
{
	struct world *w = *state;
	struct announce_count n;
	char *site;

	join(w, "ada@example.org", "de");
	site = world_replace(WORLD_SITE, "email: daten@verein.test\n", "email: daten@verein.test\n  phone: \"+49 30 123456\"\n");
	world_wait(w, DAY_MS);
	world_reload(w, site);
	free(site);
	n = count(w);
	assert_int_equal(n.due, 0);
	assert_int_equal(n.needless, 1);
	assert_int_equal(announce(w, 500, 0), 0);
	assert_int_equal(notices_of(w, 0), 0);
	reload(w, OTHER_LOGS);
	world_wait(w, DAY_MS);
	site = site_changed("retention: { unconfirmed: 7d, deny_block: 30d, requests: 5y }\nlook: { accent: \"#17604f\" }\n");
	free(site);
	site = world_replace(WORLD_SITE, "retention: { unconfirmed: 7d, deny_block: 30d }\n", OTHER_LOGS);
	{
		char *phone = world_replace(site, "email: daten@verein.test\n",
		    "email: daten@verein.test\n  phone: \"+49 30 654321\"\n");
		world_reload(w, phone);
		free(phone);
	}
	free(site);
	/* Only a telephone number since the version before, but a period since ada confirmed. */
	assert_int_equal(announce(w, 500, 0), 1);
	/* Who comes now has read the present one. */
	join(w, "bob@example.org", "de");
	assert_int_equal(announce(w, 500, 0), 0);
	assert_int_equal(notices_of(w, 0), 1);
}

/* What people consented to is another matter, and is counted apart. */
static void test_consent(void **state)
{
	struct world *w = *state;
	char *site = world_replace(WORLD_SITE, "frequency: { de: monatlich, en: monthly }", "frequency: { de: täglich, en: daily }");

	join(w, "ada@example.org", "en");
	world_wait(w, DAY_MS);
	world_reload(w, site);
	free(site);
	assert_int_equal(count(w).due, 1);
	assert_int_equal(count(w).consent, 1);
}

/* Each in their language, with the heading of that language. */
static void test_languages(void **state)
{
	struct world *w = *state;
	struct world_mail *all = calloc(512, sizeof(*all));
	size_t n, seen = 0;

	join(w, "ada@example.org", "de");
	join(w, "eve@example.org", "en");
	reload(w, OTHER_LOGS);
	assert_int_equal(announce(w, 500, 0), 2);
	n = world_mails(w, 0, all, 512);
	for (size_t i = 0; i < n; i++) {
		struct message m;
		if (all[i].kind != OUTBOX_NOTICE)
			continue;
		m = world_message(w, &all[i]);
		assert_slice(m.subject, slice_starts(m.to, SLICE("ada")) ? "Neu in unseren Hinweisen zum Datenschutz" :
		    "Changes to our privacy notice");
		seen++;
	}
	assert_int_equal(seen, 2);
	free(all);
}

static void set_state(struct world *w, int64_t id, enum person_state s)
{
	struct db *db;

	assert_ok(store_write_begin(w->store, &db, EI));
	assert_ok(person_set_state(db, id, s, w->now_ms, EI));
	assert_ok(store_write_commit(w->store, EI));
}

/* Nobody who is not on the list: every state, an address that is blocked, and who leaves before it is sent. */
static void test_nobody_else(void **state)
{
	static const enum person_state others[] = {PERSON_PENDING, PERSON_UNSUBSCRIBED, PERSON_BOUNCED, PERSON_SUPPRESSED,
	    PERSON_RESTRICTED};
	struct world *w = *state;
	struct world_mail m = join(w, "ada@example.org", "de");
	struct suppression s = {.channel = STORE_EMAIL, .reason = SUPPRESSION_OBJECTED};
	struct outbox_filter waiting = {.state = OUTBOX_QUEUED};
	struct person p;
	struct db *db;

	reload(w, OTHER_LOGS);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		set_state(w, m.person_id, others[i]);
		assert_int_equal(count(w).due, 0);
		assert_int_equal(announce(w, 500, 0), 0);
	}
	set_state(w, m.person_id, PERSON_ACTIVE);
	assert_ok(store_write_begin(w->store, &db, EI));
	assert_ok(person_get(db, m.person_id, &p, EI));
	memcpy(s.lookup, p.lookup, sizeof(s.lookup));
	assert_ok(suppression_add(db, &s, EI));
	assert_ok(store_write_commit(w->store, EI));
	assert_int_equal(count(w).blocked, 1);
	assert_int_equal(announce(w, 500, 0), 0);
	assert_ok(store_write_begin(w->store, &db, EI));
	assert_ok(suppression_remove(db, STORE_EMAIL, p.lookup, SLICE(""), EI));
	assert_ok(store_write_commit(w->store, EI));
	assert_int_equal(announce(w, 500, 0), 1);
	/* Still waiting in the outbox when she leaves. */
	world_leave(w, m.out, WITHDRAW_ONE_CLICK, NULL);
	waiting.person_id = m.person_id;
	waiting.after_id = world_last_mail(w).id - 1;
	db = world_read(w);
	m.id = 0;
	assert_ok(outbox_each(db, &waiting, world_mail_row, &(struct world_mails){.w = w, .v = &m, .max = 1}, EI));
	store_read_end(w->store, db);
	assert_int_equal(m.id, 0);
}

/* Broken off between two batches, as by a kill, or within one: the next run goes on, and each has one mail. */
static void test_resume(void **state)
{
	struct world *w = *state;
	struct world_mail m[7];
	struct announce *an;
	unsigned queued;
	struct db *db;
	bool more;

	for (int i = 0; i < 7; i++) {
		char address[32];
		snprintf(address, sizeof(address), "p%d@example.org", i);
		m[i] = join(w, address, i % 2 ? "en" : "de");
	}
	reload(w, OTHER_LOGS);
	assert_int_equal(announce(w, 2, 2), 4);
	assert_int_equal(count(w).due, 3);
	assert_int_equal(count(w).present, 4);
	/* Found and then changed by somebody else before the transaction. */
	assert_ok(announce_new(&an, w->site, w->store, EI));
	assert_ok(announce_batch(an, 1, &queued, &more, EI));
	assert_int_equal(queued, 1);
	assert_true(more);
	assert_int_equal(announce(w, 500, 0), 2);
	assert_ok(announce_batch(an, 500, &queued, &more, EI));
	assert_int_equal(queued, 0);
	assert_false(more);
	announce_free(an);
	for (int i = 0; i < 7; i++)
		assert_int_equal(notices_of(w, m[i].person_id), 1);
	/* A transaction that is rolled back leaves neither mail nor event. */
	reload(w, "retention: { unconfirmed: 7d, deny_block: 30d, requests: 6y }\n");
	assert_ok(announce_new(&an, w->site, w->store, EI));
	assert_ok(store_write_begin(w->store, &db, EI));
	{
		unsigned char config[STORE_HASH_BYTES], text[STORE_HASH_BYTES];
		int64_t no;
		assert_ok(text_put(db, TEXT_NOTICE, "de", 1, SLICE("<p>other</p>"), text, EI));
		assert_ok(text_put(db, TEXT_CONFIG, "", 1, SLICE("jawort-conf 1\n"), config, EI));
		assert_ok(notice_put(db, "de", text, config, w->now_ms, &no, EI));
	}
	assert_ok(store_write_commit(w->store, EI));
	assert_int_equal(announce_batch(an, 500, &queued, &more, EI), E_CONFLICT);
	assert_int_equal(queued, 0);
	announce_free(an);
	for (int i = 0; i < 7; i++)
		assert_int_equal(notices_of(w, m[i].person_id), 1);
}

/* One person per transaction, each told to the parent, until it is killed. */
static _Noreturn void child_run(const struct world *w, int fd)
{
	char dir[100], keys[100];
	const struct store_opts o = {.site = "club", .dir = dir, .keys_path = keys};
	struct announce *an;
	struct store *st;
	unsigned queued;
	bool more = true;

	snprintf(dir, sizeof(dir), "%s/data/club", w->root);
	snprintf(keys, sizeof(keys), "%s/keys/club.keys", w->root);
	if (store_open(&st, &o, NULL) != OK || announce_new(&an, w->site, st, NULL) != OK)
		_exit(1);
	while (more)
		if (announce_batch(an, 1, &queued, &more, NULL) != OK || write(fd, "x", 1) != 1)
			_exit(1);
	_exit(0);
}

/* kill -9 at any moment: whoever was told has mail and event, nobody has two. */
static void test_kill(void **state)
{
	struct world *w = *state;
	int64_t id[40];
	unsigned before;
	int fds[2], status;
	char byte;
	pid_t pid;

	for (int i = 0; i < 40; i++) {
		char address[32];
		snprintf(address, sizeof(address), "p%d@example.org", i);
		id[i] = join(w, address, "de").person_id;
	}
	reload(w, OTHER_LOGS);
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		child_run(w, fds[1]);
	close(fds[1]);
	for (int i = 0; i < 5; i++)
		assert_int_equal(read(fds[0], &byte, 1), 1);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	close(fds[0]);
	before = notices_of(w, 0);
	assert_in_range(before, 5, 39);
	assert_int_equal(count(w).present, before);
	assert_int_equal(announce(w, 500, 0), 40 - before);
	for (int i = 0; i < 40; i++)
		assert_int_equal(notices_of(w, id[i]), 1);
}

/* Mails fall due in portions, so that check mails do not queue behind them. */
static bool due_row(const struct outbox_row *r, void *arg)
{
	int64_t *v = arg;

	if (r->kind == OUTBOX_NOTICE)
		v[++v[0]] = r->next_ms;
	return true;
}

static void test_portions(void **state)
{
	const struct outbox_filter all = {.state = OUTBOX_STATE__MAX, .limit = 1000};
	int64_t *due = calloc(PEOPLE_MAX, sizeof(*due));
	struct world *w = *state;
	struct db *db;

	for (int i = 0; i < ANNOUNCE_PORTION + 5; i++) {
		char address[32];
		snprintf(address, sizeof(address), "p%d@example.org", i);
		join(w, address, "de");
	}
	reload(w, OTHER_LOGS);
	assert_int_equal(announce(w, 40, 0), ANNOUNCE_PORTION + 5);
	db = world_read(w);
	assert_ok(outbox_each(db, &all, due_row, due, EI));
	store_read_end(w->store, db);
	assert_int_equal(due[0], ANNOUNCE_PORTION + 5);
	for (int i = 0; i < ANNOUNCE_PORTION + 5; i++)
		assert_int_equal(due[1 + i], w->now_ms + (i >= ANNOUNCE_PORTION ? ANNOUNCE_PORTION_MS : 0));
	free(due);
}

/* Nothing is in force: said, not guessed. */
static void test_first(void **state)
{
	struct world *w = *state;
	struct announce *an;
	struct store *st;
	char dir[100], keys[100];
	struct store_opts o = {.site = "club", .dir = dir, .keys_path = keys, .create = true};

	snprintf(dir, sizeof(dir), "%s/data/new", w->root);
	snprintf(keys, sizeof(keys), "%s/keys/new.keys", w->root);
	assert_ok(store_open(&st, &o, EI));
	assert_int_equal(announce_new(&an, w->site, st, NULL), E_NOT_FOUND);
	assert_null(an);
	announce_free(NULL);
	store_close(st);
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_told), EACH(test_clock), EACH(test_between), EACH(test_consent), EACH(test_languages), EACH(test_nobody_else),
		EACH(test_resume), EACH(test_kill), EACH(test_portions), EACH(test_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

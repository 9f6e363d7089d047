#include "store_test.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "store/db_priv.h"
#include "store/intake.h"
#include "store/outbox.h"
#include "store/person.h"
#include "store/writer.h"
#include "store/writer_priv.h"

struct signup {
	struct intake in;
	char address[64];
	int64_t id;
};

static void signup_fill(struct signup *s, int n)
{
	snprintf(s->address, sizeof s->address, "person%d@example.org", n);
	s->in = (struct intake){.at_ms = NOW + n, .channel = STORE_EMAIL, .form = SLICE("news"), .lang = SLICE("de"),
	    .consent_hash = {1, 2, 3}, .address = slice_from(s->address), .page = SLICE("https://www.example.org/"),
	    .ip = SLICE("192.0.2.0"), .fields = SLICE("{\"first_name\":\"Ada\"}"), .purposes = SLICE("news")};
}

static enum err job_intake(struct db *db, void *arg, struct errinfo *ei)
{
	struct signup *s = arg;
	return intake_put(db, &s->in, &s->id, ei);
}

static enum err job_fails(struct db *db, void *arg, struct errinfo *ei)
{
	struct signup *s = arg;
	enum err e = intake_put(db, &s->in, &s->id, ei);
	return e ? e : err_set(ei, E_INVALID, "this job always fails");
}

/* Jobs that nobody waits for. */
struct sent {
	struct writer_job job;
	struct signup s;
	sem_t *all;
	atomic_int calls;
};

static void sent_done(struct writer_job *job)
{
	struct sent *s = (struct sent *)job;
	atomic_fetch_add(&s->calls, 1);
	sem_post(s->all);
}

static int64_t rows(struct store *s);

/* Handed in without waiting: each is told once, after it is durable, and only the one that fails has its error. */
static void test_submitted_jobs(void **state)
{
	struct site *t = *state;
	struct writer_pool *p = writer_pool_new(2);
	static struct sent sent[100];
	sem_t all;
	assert_ok(writer_attach(p, t->store, NULL, NULL, EI));
	sem_init(&all, 0, 0);
	for (int i = 0; i < 100; i++) {
		sent[i] = (struct sent){.job = {.run = i == 50 ? job_fails : job_intake, .arg = &sent[i].s, .done = sent_done},
		    .all = &all};
		signup_fill(&sent[i].s, i);
		assert_ok(writer_submit(p, t->store, &sent[i].job, EI));
	}
	for (int i = 0; i < 100; i++)
		assert_int_equal(sem_wait(&all), 0);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(sent[i].calls, 1);
		assert_int_equal(sent[i].job.result, i == 50 ? E_INVALID : OK);
	}
	assert_string_equal(sent[50].job.ei.text, "this job always fails");
	assert_int_equal(rows(t->store), 99);
	/* a full queue says so at once, and tells nobody later */
	writer_queue_limit(p, 0);
	struct errinfo ei = {0};
	assert_int_equal(writer_submit(p, t->store, &sent[0].job, &ei), E_BUSY);
	writer_detach(p, t->store);
	assert_int_equal(sent[0].calls, 1);
	writer_pool_free(p);
	sem_destroy(&all);
}

#define CLIENTS 16

struct client {
	struct writer_pool *pool;
	struct store *store;
	pthread_t thread;
	int first, count;
	bool bad; /* every fifth job fails */
	int ok, failed, wrong;
	int64_t ids[512];
};

static void *client_main(void *arg)
{
	struct client *c = arg;
	for (int i = 0; i < c->count; i++) {
		struct signup s;
		struct errinfo ei = {0};
		bool bad = c->bad && i % 5 == 0;
		signup_fill(&s, c->first + i);
		enum err e = writer_run(c->pool, c->store, bad ? job_fails : job_intake, &s, &ei);
		if (e == OK && !bad)
			c->ids[c->ok++] = s.id;
		else if (e == E_INVALID && bad && strcmp(ei.text, "this job always fails") == 0)
			c->failed++;
		else
			c->wrong++;
	}
	return NULL;
}

static int64_t rows(struct store *s)
{
	struct db *db;
	int64_t n = -1;
	assert_ok(store_read(s, &db, EI));
	assert_ok(intake_count(db, &n, EI));
	store_read_end(s, db);
	return n;
}

static void clients_run(struct client *c, unsigned n, struct writer_pool *p, struct store *s, int each,
    bool bad)
{
	for (unsigned i = 0; i < n; i++) {
		c[i] = (struct client){.pool = p, .store = s, .first = (int)i * 1000, .count = each, .bad = bad &&
		    i % 4 == 0};
		assert_int_equal(pthread_create(&c[i].thread, NULL, client_main, &c[i]), 0);
	}
	for (unsigned i = 0; i < n; i++)
		pthread_join(c[i].thread, NULL);
}

static void test_group_commit(void **state)
{
	struct site *t = *state;
	static struct client c[CLIENTS];
	struct writer_stats st;
	struct writer_pool *p = writer_pool_new(4);
	assert_ok(writer_attach(p, t->store, NULL, NULL, EI));
	clients_run(c, CLIENTS, p, t->store, 200, false);
	writer_stats(p, &st);
	for (int i = 0; i < CLIENTS; i++) {
		assert_int_equal(c[i].ok, 200);
		assert_int_equal(c[i].wrong, 0);
	}
	assert_int_equal(st.jobs, CLIENTS * 200);
	assert_true(st.batches < st.jobs); /* mean batch > 1 */
	assert_int_equal(rows(t->store), CLIENTS * 200);
	writer_pool_free(p);
}

static void test_failing_job_fails_alone(void **state)
{
	struct site *t = *state;
	static struct client c[CLIENTS];
	struct writer_pool *p = writer_pool_new(2);
	int ok = 0;
	assert_ok(writer_attach(p, t->store, NULL, NULL, EI));
	clients_run(c, CLIENTS, p, t->store, 50, true);
	for (int i = 0; i < CLIENTS; i++) {
		assert_int_equal(c[i].wrong, 0);
		assert_int_equal(c[i].failed, i % 4 == 0 ? 10 : 0);
		ok += c[i].ok;
	}
	/* What a failing job wrote is not there. */
	assert_int_equal(rows(t->store), ok);
	writer_pool_free(p);
}

struct follow {
	atomic_int calls, seen, wrong, fails;
	int portion;
};

/* Deletes rows of earlier commits; notes if it was shown one of the running transaction. */
static enum err follow_up(struct db *db, void *arg, bool *more, struct errinfo *ei)
{
	struct follow *f = arg;
	struct arena a;
	struct intake_row row;
	int64_t floor = intake_committed_id(db), at = 0;
	enum err e = OK;
	f->calls++;
	if (f->fails > 0) {
		f->fails--;
		return err_set(ei, E_IO, "follow-up fails for the test");
	}
	arena_init(&a, ARENA_REQUEST_MAX_BYTES);
	for (int i = 0; !e && i < f->portion; i++) {
		e = intake_next(db, at, floor, &a, &row, ei);
		if (e)
			break;
		if (row.id > floor || !row.readable || !slice_eq_str(row.in.form, "news"))
			f->wrong++;
		at = row.id;
		e = intake_delete(db, row.id, ei);
		f->seen++;
	}
	arena_free(&a);
	*more = !e;
	return e == E_NOT_FOUND ? OK : e;
}

static void wait_empty(struct store *s)
{
	for (int i = 0; i < 6000 && rows(s) > 0; i++)
		usleep(10000);
	assert_int_equal(rows(s), 0);
}

static void test_after_sees_earlier_commits_only(void **state)
{
	struct site *t = *state;
	static struct client c[CLIENTS];
	static struct follow f = {.portion = 7};
	struct writer_pool *p = writer_pool_new(4);
	assert_ok(writer_attach(p, t->store, follow_up, &f, EI));
	clients_run(c, CLIENTS, p, t->store, 100, false);
	wait_empty(t->store);
	assert_int_equal(f.seen, CLIENTS * 100);
	assert_int_equal(f.wrong, 0);
	writer_detach(p, t->store);
	writer_pool_free(p);
}

static void test_after_failure_spares_jobs(void **state)
{
	struct site *t = *state;
	static struct client c[1];
	static struct follow f = {.portion = 100, .fails = 1};
	struct writer_pool *p = writer_pool_new(1);
	assert_ok(writer_attach(p, t->store, follow_up, &f, EI));
	clients_run(c, 1, p, t->store, 20, false);
	assert_int_equal(c[0].ok, 20);
	wait_empty(t->store); /* a second later it is tried again */
	assert_int_equal(f.seen, 20);
	writer_pool_free(p);
}

/* A store that is closed has nothing left to do: also not what would begin in a moment. */
static void test_detach_finishes(void **state)
{
	struct site *t = *state;
	static struct client c[1];
	static struct follow f = {.portion = 7};
	struct writer_pool *p = writer_pool_new(2);
	for (int i = 1; i <= 10; i++) {
		assert_ok(writer_attach(p, t->store, follow_up, &f, EI));
		clients_run(c, 1, p, t->store, 20, false);
		assert_false(writer_quiet(p, t->store));
		assert_true(writer_detach(p, t->store));
		assert_true(writer_quiet(p, t->store));
		assert_int_equal(rows(t->store), 0);
		assert_int_equal(f.seen, i * 20);
	}
	writer_pool_free(p);
}

/* Work that fails is not waited for: it may fail for an hour. It is done after the next attach. */
static void test_detach_leaves_failed_work(void **state)
{
	struct site *t = *state;
	static struct client c[1];
	static struct follow f = {.portion = 100, .fails = 100000};
	struct writer_pool *p = writer_pool_new(1);
	assert_ok(writer_attach(p, t->store, follow_up, &f, EI));
	clients_run(c, 1, p, t->store, 20, false);
	for (int i = 0; i < 60000 && !writer_quiet(p, t->store); i++)
		usleep(1000);
	alarm(60); /* it fails for a day: whoever waits for it ends the test */
	assert_false(writer_detach(p, t->store));
	alarm(0);
	f.fails = 0;
	assert_int_equal(rows(t->store), 20);
	assert_ok(writer_attach(p, t->store, follow_up, &f, EI));
	assert_true(writer_detach(p, t->store));
	assert_int_equal(rows(t->store), 0);
	writer_pool_free(p);
}

/* Follow-up work that lasts until so many jobs wait. */
struct slow {
	struct writer_pool *pool;
	struct store *store;
	atomic_bool once, begun;
};

static enum err follow_slowly(struct db *db, void *arg, bool *more, struct errinfo *ei)
{
	struct slow *s = arg;
	(void)db;
	(void)ei;
	*more = false;
	if (!atomic_exchange(&s->once, false))
		return OK;
	s->begun = true;
	for (int i = 0; i < 60000 && writer_queue_length(s->pool, s->store) < CLIENTS; i++)
		usleep(1000);
	return OK;
}

/* What comes while follow-up work runs is in the same commit: one for all of them. */
static void test_jobs_join_the_follow_up(void **state)
{
	struct site *t = *state;
	static struct client c[CLIENTS];
	static struct slow slow;
	struct writer_stats before, after;
	struct writer_pool *p = writer_pool_new(1);
	struct signup s;
	slow.pool = p;
	slow.store = t->store;
	assert_ok(writer_attach(p, t->store, follow_slowly, &slow, EI));
	signup_fill(&s, 99999);
	assert_ok(writer_run(p, t->store, job_intake, &s, EI));
	slow.once = true;
	assert_ok(writer_run(p, t->store, job_intake, &s, EI));
	for (int i = 0; i < 60000 && !slow.begun; i++)
		usleep(1000);
	assert_true(slow.begun);
	writer_stats(p, &before);
	clients_run(c, CLIENTS, p, t->store, 1, false);
	writer_stats(p, &after);
	assert_int_equal(after.jobs - before.jobs, CLIENTS);
	assert_int_equal(after.batches - before.batches, 1);
	writer_detach(p, t->store);
	writer_pool_free(p);
}

static enum err follow_outbox(struct db *db, void *arg, bool *more, struct errinfo *ei)
{
	struct person_new n = {.channel = STORE_EMAIL, .address = SLICE("a@example.org"), .now_ms = NOW};
	struct outbox_new o = {.channel = STORE_EMAIL, .kind = OUTBOX_CONFIRM, .slots = SLICE("{}"), .next_ms = NOW};
	int64_t id;
	*more = false;
	if (*(int *)arg)
		return OK;
	enum err e = person_insert(db, &n, &o.person_id, ei);
	if (!e)
		e = outbox_add(db, &o, &id, ei);
	*(int *)arg = 1;
	return e;
}

static void woken(void *arg, struct store *s)
{
	(void)s;
	atomic_fetch_add((atomic_int *)arg, 1);
}

static void test_wake_hook_after_outbox_rows(void **state)
{
	struct site *t = *state;
	static atomic_int wakes;
	static int done;
	struct signup s;
	struct writer_pool *p = writer_pool_new(2);
	writer_wake_hook(p, woken, &wakes);
	assert_ok(writer_attach(p, t->store, follow_outbox, &done, EI));
	signup_fill(&s, 1);
	assert_ok(writer_run(p, t->store, job_intake, &s, EI));
	for (int i = 0; i < 12000 && !wakes; i++)
		usleep(5000);
	assert_int_equal(wakes, 1);
	assert_ok(writer_run(p, t->store, job_intake, &s, EI));
	writer_detach(p, t->store);
	assert_int_equal(wakes, 1); /* intake rows alone wake nobody */
	writer_pool_free(p);
}

/* A child that commits small transactions through the same lock. */
static void child_main(const struct site *t, int pipe_fd)
{
	struct site own = *t;
	int done = 0;
	char c;
	own.store = NULL;
	if (site_open(&own, false) != OK)
		_exit(1);
	fcntl(pipe_fd, F_SETFL, O_NONBLOCK);
	while (read(pipe_fd, &c, 1) < 0) {
		struct db *db;
		struct signup s;
		signup_fill(&s, 100000 + done);
		if (store_write_begin(own.store, &db, EI) != OK || intake_put(db, &s.in, &s.id, EI) != OK ||
		    store_write_commit(own.store, EI) != OK)
			_exit(2);
		done++;
	}
	site_close(&own);
	_exit(done > 20 ? 0 : 3);
}

static void test_two_processes_take_turns(void **state)
{
	struct site *t = *state;
	static struct client c[4];
	struct writer_pool *p;
	int fds[2], status = -1;
	site_close(t); /* not across fork */
	assert_int_equal(pipe(fds), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		child_main(t, fds[0]);
	assert_ok(site_open(t, false));
	p = writer_pool_new(2);
	assert_ok(writer_attach(p, t->store, NULL, NULL, EI));
	int64_t start = clock_mono_ms();
	do
		clients_run(c, 4, p, t->store, 50, false);
	while (clock_mono_ms() - start < 500);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(c[i].ok, 50);
	writer_pool_free(p);
	close(fds[0]);
	close(fds[1]);
}

static sem_t gate, entered;

static enum err job_waits(struct db *db, void *arg, struct errinfo *ei)
{
	(void)db;
	(void)arg;
	(void)ei;
	sem_post(&entered);
	while (sem_wait(&gate) < 0)
		;
	return OK;
}

static void *blocker_main(void *arg)
{
	struct client *c = arg;
	c->ok = writer_run(c->pool, c->store, job_waits, NULL, NULL) == OK;
	return NULL;
}

/* One job runs, two wait: with a limit of two the next is refused at once. */
static void test_full_queue_refuses(void **state)
{
	struct site *t = *state;
	struct client c[3];
	struct signup s;
	struct writer_stats st;
	struct writer_pool *p = writer_pool_new(1);
	sem_init(&gate, 0, 0);
	sem_init(&entered, 0, 0);
	writer_queue_limit(p, 2);
	assert_ok(writer_attach(p, t->store, NULL, NULL, EI));
	for (int i = 0; i < 3; i++) {
		c[i] = (struct client){.pool = p, .store = t->store};
		assert_int_equal(pthread_create(&c[i].thread, NULL, blocker_main, &c[i]), 0);
		if (i == 0)
			sem_wait(&entered);
	}
	while (writer_queue_length(p, t->store) < 2)
		usleep(1000);
	signup_fill(&s, 1);
	assert_int_equal(writer_run(p, t->store, job_intake, &s, EI), E_BUSY);
	for (int i = 0; i < 3; i++)
		sem_post(&gate);
	for (int i = 0; i < 3; i++) {
		pthread_join(c[i].thread, NULL);
		assert_true(c[i].ok);
	}
	assert_ok(writer_run(p, t->store, job_intake, &s, EI));
	writer_stats(p, &st);
	assert_int_equal(st.refused, 1);
	writer_pool_free(p);
}

/* Ends the transaction behind the writer's back, as SQLite itself does after some errors. */
static enum err job_commit_fails(struct db *db, void *arg, struct errinfo *ei)
{
	return db_exec(db->conn, arg, ei);
}

static char rollback[] = "ROLLBACK";

static void test_commit_failure_reaches_every_job(void **state)
{
	struct site *t = *state;
	struct signup s;
	struct writer_pool *p = writer_pool_new(1);
	assert_ok(writer_attach(p, t->store, NULL, NULL, EI));
	assert_int_equal(writer_run(p, t->store, job_commit_fails, rollback, EI), E_IO);
	signup_fill(&s, 7);
	assert_ok(writer_run(p, t->store, job_intake, &s, EI));
	assert_int_equal(rows(t->store), 1);
	writer_pool_free(p);
}

/* Two stores: one whose job lasts holds up neither a job nor the follow-up of the other, whoever kept the alarm for it. */
static void test_stores_do_not_wait(void **state)
{
	struct site *a = *state, b;
	static struct follow f;
	struct client c;
	struct signup s;
	struct writer_pool *p = writer_pool_new(2);
	f = (struct follow){.portion = 100};
	site_folder(&b);
	assert_ok(site_open(&b, true));
	sem_init(&gate, 0, 0);
	sem_init(&entered, 0, 0);
	assert_ok(writer_attach(p, a->store, NULL, NULL, EI));
	assert_ok(writer_attach(p, b.store, follow_up, &f, EI));
	for (int i = 0; i < 10; i++) {
		/* its follow-up is due in a moment: before it is, or when the other store already has a thread */
		signup_fill(&s, i);
		if (i % 2 == 0)
			assert_ok(writer_run(p, b.store, job_intake, &s, EI));
		c = (struct client){.pool = p, .store = a->store};
		assert_int_equal(pthread_create(&c.thread, NULL, blocker_main, &c), 0);
		sem_wait(&entered);
		if (i % 2)
			assert_ok(writer_run(p, b.store, job_intake, &s, EI));
		for (int k = 0; k < 5000 && rows(b.store) > 0; k++)
			usleep(1000);
		assert_int_equal(rows(b.store), 0);
		sem_post(&gate);
		pthread_join(c.thread, NULL);
		assert_true(c.ok);
	}
	writer_pool_free(p);
	site_close(&b);
	site_remove(b.root);
}

static enum err job_first_waits(struct db *db, void *arg, struct errinfo *ei)
{
	struct signup *s = arg;
	return slice_eq_str(s->in.address, "person0@example.org") ? job_waits(db, arg, ei) : job_intake(db, arg, ei);
}

/* A hundred jobs at once for a store that nobody is at: one thread comes, the seven others sleep on. */
static void test_one_thread_is_called(void **state)
{
	struct site *t = *state;
	static struct sent sent[100];
	struct writer_stats before, after;
	struct writer_pool *p = writer_pool_new(8);
	sem_t all;
	sem_init(&all, 0, 0);
	sem_init(&gate, 0, 0);
	sem_init(&entered, 0, 0);
	assert_ok(writer_attach(p, t->store, NULL, NULL, EI));
	usleep(100000); /* all have begun and are idle */
	writer_stats(p, &before);
	for (int i = 0; i < 100; i++) {
		sent[i] = (struct sent){.job = {.run = job_first_waits, .arg = &sent[i].s, .done = sent_done}, .all = &all};
		signup_fill(&sent[i].s, i);
		assert_ok(writer_submit(p, t->store, &sent[i].job, EI));
	}
	sem_wait(&entered);
	usleep(20000);
	sem_post(&gate);
	for (int i = 0; i < 100; i++)
		assert_int_equal(sem_wait(&all), 0);
	writer_stats(p, &after);
	assert_int_equal(after.jobs - before.jobs, 100);
	assert_int_equal(after.calls - before.calls, 1);
	writer_pool_free(p);
}

/* What follow-up work saw of the jobs that wait. */
struct pressed {
	struct writer_pool *pool;
	struct store *store;
	atomic_int calls;
	atomic_bool begun, none, some;
};

static enum err follow_pressed(struct db *db, void *arg, bool *more, struct errinfo *ei)
{
	struct pressed *f = arg;
	(void)ei;
	*more = false;
	if (f->calls++)
		return OK;
	f->none = !writer_pressed(db);
	f->begun = true;
	for (int i = 0; i < 5000 && writer_queue_length(f->pool, f->store) == 0; i++)
		usleep(1000);
	f->some = writer_pressed(db);
	return OK;
}

static void test_pressed(void **state)
{
	struct site *t = *state;
	static struct pressed f;
	struct signup s;
	struct db *db;
	struct writer_pool *p = writer_pool_new(1);
	f = (struct pressed){.pool = p, .store = t->store};
	assert_ok(writer_attach(p, t->store, follow_pressed, &f, EI));
	for (int i = 0; i < 5000 && !f.begun; i++)
		usleep(1000);
	signup_fill(&s, 1);
	assert_ok(writer_run(p, t->store, job_intake, &s, EI));
	assert_true(f.none);
	assert_true(f.some);
	assert_true(writer_detach(p, t->store));
	writer_pool_free(p);
	/* without a pool nobody waits */
	assert_ok(store_write_begin(t->store, &db, EI));
	assert_false(writer_pressed(db));
	store_write_rollback(t->store);
}

static enum err follow_poked(struct db *db, void *arg, bool *more, struct errinfo *ei)
{
	struct pressed *f = arg;
	(void)db;
	(void)ei;
	*more = false;
	if (f->calls++ == 0)
		writer_poke(f->pool, f->store);
	return OK;
}

/* Work that another process leaves while follow-up work runs was not seen by that: it runs once more. */
static void test_poke_while_it_runs(void **state)
{
	struct site *t = *state;
	static struct pressed f;
	struct writer_pool *p = writer_pool_new(2);
	f = (struct pressed){.pool = p, .store = t->store};
	assert_ok(writer_attach(p, t->store, follow_poked, &f, EI));
	for (int i = 0; i < 5000 && f.calls < 2; i++)
		usleep(1000);
	assert_int_equal(f.calls, 2);
	assert_true(writer_detach(p, t->store));
	assert_int_equal(f.calls, 2);
	writer_pool_free(p);
}

static off_t bytes_of(const char *path)
{
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

static char write_mebibyte[] = "INSERT OR REPLACE INTO intake(id, at_ms, channel, form, lang, consent_hash, sealed) "
	"VALUES(1, 1, 1, 'news', 'de', zeroblob(32), zeroblob(1048576))";
#define WAL_WRITTEN_MIB 200

/* Written without a pause: the WAL begins anew all the same, and never exceeds the size at which batches wait for it. */
static void test_wal_begins_anew(void **state)
{
	struct site *t = *state;
	char wal[200];
	off_t most = 0;
	struct writer_pool *p = writer_pool_new(2);
	snprintf(wal, sizeof wal, "%s/data.db-wal", t->dir);
	assert_ok(writer_attach(p, t->store, NULL, NULL, EI));
	for (int i = 0; i < WAL_WRITTEN_MIB; i++) {
		assert_ok(writer_run(p, t->store, job_commit_fails, write_mebibyte, EI));
		off_t now = bytes_of(wal);
		most = now > most ? now : most;
	}
	writer_pool_free(p);
	assert_true(most > 16 << 20);
	assert_true(most <= (off_t)(2 * 64 + 8) << 20);
}

static void *write_main(void *arg)
{
	struct client *c = arg;
	for (int i = 0; i < WAL_WRITTEN_MIB; i++)
		c->ok += writer_run(c->pool, c->store, job_commit_fails, write_mebibyte, NULL) == OK;
	return NULL;
}

/* A checkpoint beside the batches that takes long, as on a slow disk, holds them up before the WAL is of any length. */
static void test_wal_waits_for_a_slow_checkpoint(void **state)
{
	struct site *t = *state;
	char wal[200];
	pthread_t thread;
	struct client c = {.pool = writer_pool_new(2), .store = t->store};
	snprintf(wal, sizeof wal, "%s/data.db-wal", t->dir);
	assert_ok(writer_attach(c.pool, t->store, NULL, NULL, EI));
	pthread_mutex_lock(&t->store->ckpt_mu);
	assert_int_equal(pthread_create(&thread, NULL, write_main, &c), 0);
	off_t before = -1, now = bytes_of(wal);
	while (now != before || now < 64 << 20) {
		sleep(1);
		before = now;
		now = bytes_of(wal);
	}
	pthread_mutex_unlock(&t->store->ckpt_mu);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(c.ok, WAL_WRITTEN_MIB);
	writer_pool_free(c.pool);
	assert_true(now <= (off_t)(2 * 64 + 8) << 20);
}

static void *detach_main(void *arg)
{
	struct client *c = arg;
	c->ok = writer_detach(c->pool, c->store);
	return NULL;
}

/* Whoever takes a store out of the pool while it is put to rest is told when that is over. */
static void test_detach_beside_rest(void **state)
{
	struct site *t = *state;
	char wal[200];
	struct signup s;
	struct writer_pool *p = writer_pool_new(2);
	struct client c = {.pool = p, .store = t->store};
	snprintf(wal, sizeof wal, "%s/data.db-wal", t->dir);
	assert_ok(writer_attach(p, t->store, NULL, NULL, EI));
	for (int i = 0; bytes_of(wal) < 2 << 20; i++) {
		signup_fill(&s, i);
		assert_ok(writer_run(p, t->store, job_intake, &s, EI));
	}
	while (!writer_quiet(p, t->store))
		usleep(1000);
	pthread_mutex_lock(&t->store->ckpt_mu);
	for (int i = 0; i < 20000 && writer_quiet(p, t->store); i++)
		usleep(1000);
	assert_false(writer_quiet(p, t->store));
	alarm(60); /* who is not told waits for ever */
	assert_int_equal(pthread_create(&c.thread, NULL, detach_main, &c), 0);
	usleep(50000);
	pthread_mutex_unlock(&t->store->ckpt_mu);
	pthread_join(c.thread, NULL);
	alarm(0);
	assert_true(c.ok);
	writer_pool_free(p);
}

/*
 * Nobody writes any more: what waits in the WAL is carried into the database, so that an erasure finds little there. One
 * thread does that, the follow-up before it, and the jobs.
 */
static void test_rest_empties_the_wal(void **state)
{
	struct site *t = *state;
	char data[200], wal[200];
	static struct follow f;
	struct signup s;
	struct writer_pool *p = writer_pool_new(1);
	f = (struct follow){.portion = 100};
	snprintf(data, sizeof data, "%s/data.db", t->dir);
	snprintf(wal, sizeof wal, "%s/data.db-wal", t->dir);
	assert_ok(writer_attach(p, t->store, follow_up, &f, EI));
	int n = 0;
	for (; bytes_of(wal) < 3 << 20; n++) {
		signup_fill(&s, n);
		assert_ok(writer_run(p, t->store, job_intake, &s, EI));
	}
	off_t before = bytes_of(data);
	wait_empty(t->store);
	assert_int_equal(f.seen, n);
	for (int i = 0; i < 1200 && bytes_of(data) == before; i++)
		usleep(50000);
	assert_true(bytes_of(data) > before);
	writer_pool_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_group_commit, site_setup, site_teardown),
	    cmocka_unit_test_setup_teardown(test_submitted_jobs, site_setup, site_teardown),
	    cmocka_unit_test_setup_teardown(test_failing_job_fails_alone, site_setup, site_teardown),
	    cmocka_unit_test_setup_teardown(test_after_sees_earlier_commits_only, site_setup, site_teardown),
	    cmocka_unit_test_setup_teardown(test_after_failure_spares_jobs, site_setup, site_teardown),
	    cmocka_unit_test_setup_teardown(test_detach_finishes, site_setup, site_teardown),
	    cmocka_unit_test_setup_teardown(test_detach_leaves_failed_work, site_setup, site_teardown),
	    cmocka_unit_test_setup_teardown(test_jobs_join_the_follow_up, site_setup, site_teardown),
	    cmocka_unit_test_setup_teardown(test_wake_hook_after_outbox_rows, site_setup, site_teardown),
	    cmocka_unit_test_setup_teardown(test_two_processes_take_turns, site_setup, site_teardown),
	    cmocka_unit_test_setup_teardown(test_rest_empties_the_wal, site_setup, site_teardown),
	    cmocka_unit_test_setup_teardown(test_full_queue_refuses, site_setup, site_teardown),
	    cmocka_unit_test_setup_teardown(test_commit_failure_reaches_every_job, site_setup, site_teardown),
	    cmocka_unit_test_setup_teardown(test_stores_do_not_wait, site_setup, site_teardown),
	    cmocka_unit_test_setup_teardown(test_one_thread_is_called, site_setup, site_teardown),
	    cmocka_unit_test_setup_teardown(test_pressed, site_setup, site_teardown),
	    cmocka_unit_test_setup_teardown(test_poke_while_it_runs, site_setup, site_teardown),
	    cmocka_unit_test_setup_teardown(test_wal_begins_anew, site_setup, site_teardown),
	    cmocka_unit_test_setup_teardown(test_wal_waits_for_a_slow_checkpoint, site_setup, site_teardown),
	    cmocka_unit_test_setup_teardown(test_detach_beside_rest, site_setup, site_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

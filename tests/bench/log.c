/*
 * log: what the log of events costs.
 *     log grow [EVENTS]     one checkpoint over so many new events, then proofs at random; 1 million without more
 *     log signup [COUNT]    sign-ups with their follow-up work, with and without their events and the tree above them
 */
#include "lib/world.h"

#include <time.h>

#include "core/logbook.h"
#include "store/db_priv.h"

#define STEP 100000
#define PROOFS 1000
/* Follow-up work is done in portions where sign-ups come close together (core/turn.h). */
#define BATCH 32

static bool no_events;

enum err __real_event_append(struct db *db, const struct event_new *n, int64_t *seq, struct errinfo *ei);
enum err __wrap_event_append(struct db *db, const struct event_new *n, int64_t *seq, struct errinfo *ei);
enum err __wrap_event_append(struct db *db, const struct event_new *n, int64_t *seq, struct errinfo *ei)
{
	return no_events ? OK : __real_event_append(db, n, seq, ei);
}

static double now_s(clockid_t c)
{
	struct timespec t;

	clock_gettime(c, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fill(struct store *st, int64_t n)
{
	char sql[600];
	struct db *w;

	for (int64_t at = 0; at < n; at += STEP) {
		/* As large as real rows: three parts of ciphertext. */
		snprintf(sql, sizeof(sql), "WITH RECURSIVE x(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM x WHERE i < %lld)"
		    " INSERT INTO event(person_id, time_ms, kind, form, commitment, c_core, c_ip, c_fields, core_ct, ip_ct, fields_ct)"
		    " SELECT 1, 1, 1, 'news', randomblob(32), randomblob(32), randomblob(32), randomblob(32), randomblob(420),"
		    " randomblob(80), randomblob(90) FROM x", (long long)(n - at < STEP ? n - at : STEP));
		assert_ok(store_write_begin(st, &w, EI));
		assert_ok(db_exec(w->conn, sql, EI));
		assert_ok(store_write_commit(st, EI));
		assert_ok(store_checkpoint(st, EI));
	}
}

static int by_value(const void *a, const void *b)
{
	double d = *(const double *)a - *(const double *)b;
	return (d > 0) - (d < 0);
}

static void grow(int64_t n)
{
	static double took[PROOFS];
	struct logbook_report rep;
	struct logbook_proof p;
	struct logbook *l;
	struct world w;
	struct db *db;
	double cpu, wall;

	world_open(&w, WORLD_SITE);
	world_signup(&w, "news", "a@example.org", "news", "de");
	fill(w.store, n);
	cpu = now_s(CLOCK_PROCESS_CPUTIME_ID);
	wall = now_s(CLOCK_MONOTONIC);
	assert_ok(logbook_advance(site_conf(w.site), w.store, w.now_ms, &rep, EI));
	cpu = now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	wall = now_s(CLOCK_MONOTONIC) - wall;
	printf("checkpoint over %lld new events: %.2f s, %.2f s of processor, %.2f us an event\n", (long long)rep.added, wall,
	    cpu, cpu * 1e6 / (double)rep.added);
	cpu = now_s(CLOCK_PROCESS_CPUTIME_ID);
	for (int i = 0; i < PROOFS; i++) {
		int64_t seq = 1 + (int64_t)(crypt_random_below((uint32_t)rep.last.size));
		double t = now_s(CLOCK_MONOTONIC);
		assert_ok(store_read(w.store, &db, EI));
		assert_ok(logbook_open(&l, db, EI));
		assert_ok(logbook_prove(l, seq, &p, NULL, EI));
		logbook_close(l);
		store_read_end(w.store, db);
		took[i] = now_s(CLOCK_MONOTONIC) - t;
	}
	cpu = now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	qsort(took, PROOFS, sizeof(took[0]), by_value);
	printf("a proof among %lld: %.2f ms of processor, median %.2f ms, 99 of 100 below %.2f ms, worst %.2f ms\n", (long long)rep.last.size,
	    cpu * 1e3 / PROOFS, took[PROOFS / 2] * 1e3, took[PROOFS * 99 / 100] * 1e3, took[PROOFS - 1] * 1e3);
	world_close(&w);
}

static double signups(unsigned n, bool without)
{
	struct logbook_report rep;
	struct world w;
	char body[200];
	const char *v;
	double cpu;

	no_events = false;
	world_open(&w, WORLD_SITE);
	world_signup(&w, "news", "first@example.org", "news", "de");
	no_events = without;
	cpu = now_s(CLOCK_PROCESS_CPUTIME_ID);
	v = world_consent(&w, "news", "de")->v;
	for (unsigned i = 0; i < n; i++) {
		snprintf(body, sizeof(body), "email=p%u%%40example.org&v=%s&ok=1&first_name=Ada", i, v);
		bug_if(world_gate(&w, "news", body).result != GATE_ACCEPTED);
		if (i % BATCH == BATCH - 1 || i + 1 == n)
			world_turn(&w);
	}
	if (!without)
		assert_ok(logbook_advance(site_conf(w.site), w.store, w.now_ms, &rep, EI));
	cpu = now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	world_close(&w);
	return cpu * 1e6 / n;
}

static void compare(unsigned n)
{
	double with[5], without[5];

	signups(n / 4, false);
	for (int i = 0; i < 5; i++) {
		with[i] = signups(n, false);
		without[i] = signups(n, true);
	}
	qsort(with, 5, sizeof(with[0]), by_value);
	qsort(without, 5, sizeof(without[0]), by_value);
	printf("a sign-up with its follow-up work: %.0f us of processor with events and log, %.0f without: %.1f %%\n", with[2],
	    without[2], (with[2] - without[2]) * 100 / with[2]);
}

int main(int argc, char **argv)
{
	long n = argc > 2 ? strtol(argv[2], NULL, 10) : 0;

	if (crypt_init(EI) || argc < 2)
		return 2;
	log_setup(LOG_ERROR, LOG_LOGFMT);
	if (strcmp(argv[1], "grow") == 0)
		grow(n > 0 ? n : 1000000);
	else
		compare(n > 0 ? (unsigned)n : 1000);
	return 0;
}

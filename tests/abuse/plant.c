/*
 * plant: what a careless server would do, put around the gate by the linker
 * (--wrap): it looks up whether the address is suppressed before it answers.
 * PLANT_DELAY_US: answers those later. PLANT_SKIP: stores nothing for them.
 * With one of these the test of enumeration must fail.
 */
#include <time.h>

#include "base/clock.h"
#include "core/ask.h"
#include "core/gate.h"
#include "store/person.h"
#include "store/suppression.h"
#include "text/addr.h"

enum err __real_gate_judge(const struct gate *g, struct arena *a, const struct gate_input *in,
    struct gate_answer *out, struct intake *row, struct errinfo *ei);
enum err __wrap_gate_judge(const struct gate *g, struct arena *a, const struct gate_input *in,
    struct gate_answer *out, struct intake *row, struct errinfo *ei);
enum err __real_ask_accept(const struct gate *g, struct arena *a, const struct ask_input *in, struct ask_answer *out,
    struct errinfo *ei);
enum err __wrap_ask_accept(const struct gate *g, struct arena *a, const struct ask_input *in, struct ask_answer *out,
    struct errinfo *ei);
enum err __real_writer_submit(struct writer_pool *p, struct store *s, struct writer_job *job, struct errinfo *ei);
enum err __wrap_writer_submit(struct writer_pool *p, struct store *s, struct writer_job *job, struct errinfo *ei);
enum err __real_writer_run(struct writer_pool *p, struct store *s,
    enum err (*run)(struct db *db, void *arg, struct errinfo *ei), void *arg, struct errinfo *ei);
enum err __wrap_writer_run(struct writer_pool *p, struct store *s,
    enum err (*run)(struct db *db, void *arg, struct errinfo *ei), void *arg, struct errinfo *ei);

static _Thread_local bool skip;

static bool suppressed(const struct gate *g, struct arena *a, struct slice typed)
{
	unsigned char lookup[PERSON_LOOKUP_BYTES];
	bool has = false;
	struct addr addr;
	struct db *db;

	if (addr_parse(a, typed, &addr) != ADDR_OK || store_read(g->store, &db, NULL) != OK)
		return false;
	person_lookup(store_keyring(g->store), STORE_EMAIL, addr.full, lookup);
	if (suppression_has(db, STORE_EMAIL, lookup, SLICE(""), clock_now_ms(), &has, NULL, NULL) != OK)
		has = false;
	store_read_end(g->store, db);
	return has;
}

#ifdef PLANT_DELAY_US
static void delay_us(long us)
{
	struct timespec from, now;

	clock_gettime(CLOCK_MONOTONIC, &from);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - from.tv_sec) * 1000000 + (now.tv_nsec - from.tv_nsec) / 1000 < us);
}
#endif

static void careless(const struct gate *g, struct arena *a, const struct form *fields)
{
	bool known = suppressed(g, a, form_get(fields, "email"));

#ifdef PLANT_DELAY_US
	if (known)
		delay_us(PLANT_DELAY_US);
#else
	skip = known;
#endif
}

enum err __wrap_gate_judge(const struct gate *g, struct arena *a, const struct gate_input *in,
    struct gate_answer *out, struct intake *row, struct errinfo *ei)
{
	careless(g, a, in->fields);
	return __real_gate_judge(g, a, in, out, row, ei);
}

/* The page where people ask what is held about them. */
enum err __wrap_ask_accept(const struct gate *g, struct arena *a, const struct ask_input *in, struct ask_answer *out,
    struct errinfo *ei)
{
	careless(g, a, in->fields);
	return __real_ask_accept(g, a, in, out, ei);
}

enum err __wrap_writer_submit(struct writer_pool *p, struct store *s, struct writer_job *job, struct errinfo *ei)
{
	bool skipped = skip;

	skip = false;
	if (!skipped)
		return __real_writer_submit(p, s, job, ei);
	job->result = OK;
	job->done(job);
	return OK;
}

enum err __wrap_writer_run(struct writer_pool *p, struct store *s,
    enum err (*run)(struct db *db, void *arg, struct errinfo *ei), void *arg, struct errinfo *ei)
{
	bool skipped = skip;

	skip = false;
	return skipped ? OK : __real_writer_run(p, s, run, arg, ei);
}

/*
 * erase: how long one erasure takes among many people.
 *     erase PEOPLE [FOLDER]
 * Makes that many confirmed people through the store's own functions, below FOLDER (a disk, since an erasure waits for
 * it several times; build/bench without more), then erases 200 of them at random by core/rights.h, which does all steps
 * before it answers: with the evidence kept and without, each with and without a journal on a second path. Then some
 * that find a WAL full of sign-ups, as it is in a busy hour. All are judged: the first, the 99th of 100, and these.
 */
#include "lib/world.h"

#include <time.h>

#include "core/evidence.h"
#include "core/rights.h"
#include "store/keyslot.h"
#include "store/person.h"

#define BATCH 500
#define ROUNDS 200
#define MUST_MS 50.0
/* As many pages as the writers let wait (WRITER_CKPT_PAGES), by sign-ups of which some share a commit. */
#define BUSY 5
#define BUSY_BATCH 16
#define BUSY_WAL_BYTES (16 << 20)

static double wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void event(struct world *w, struct db *db, int64_t id, enum event_kind kind, const unsigned char *text)
{
	struct event_new e = {.person_id = id, .time_ms = w->now_ms, .kind = kind, .form = SLICE("news"), .request_id = id,
	    .lang = SLICE("de"), .text_hash = text, .ip = SLICE("192.0.2.0"), .purposes = SLICE("news"),
	    .fields = SLICE("{\"first_name\":\"Ada\"}")};

	assert_ok(evidence_append(db, w->site, &e, EI));
}

static void person(struct world *w, struct db *db, unsigned long i, const unsigned char *text)
{
	char address[64];
	struct person_new n = {.channel = STORE_EMAIL, .state = PERSON_PENDING, .fields = SLICE("{\"first_name\":\"Ada\"}"),
	    .lang = SLICE("de"), .now_ms = w->now_ms};
	int64_t id;

	snprintf(address, sizeof(address), "person%lu@example.org", i);
	n.address = slice_from(address);
	assert_ok(person_insert(db, &n, &id, EI));
	assert_ok(purpose_set(db, id, SLICE("news"), PURPOSE_ACTIVE, w->now_ms, 0, text, EI));
	assert_ok(person_set_state(db, id, PERSON_ACTIVE, w->now_ms, EI));
	for (int k = 0; k < 3; k++)
		event(w, db, id, k == 0 ? EVENT_REQUESTED : k == 1 ? EVENT_MAIL_ACCEPTED : EVENT_CONFIRMED, text);
}

static void some_people(struct world *w, unsigned long from, unsigned n)
{
	struct db *db;

	assert_ok(keyslot_reserve(w->store, EI));
	assert_ok(store_write_begin(w->store, &db, EI));
	for (unsigned k = 0; k < n; k++)
		person(w, db, from + k, world_consent(w, "news", "de")->hash);
	assert_ok(store_write_commit(w->store, EI));
}

static void people(struct world *w, unsigned long count)
{
	double t = wall_ms();

	for (unsigned long i = 0; i < count; i += BATCH) {
		some_people(w, i, count - i < BATCH ? (unsigned)(count - i) : BATCH);
		assert_ok(store_checkpoint(w->store, EI)); /* as the writers do */
	}
	printf("made people=%lu seconds=%.1f\n", count, (wall_ms() - t) / 1e3);
}

static int by_value(const void *a, const void *b)
{
	double d = *(const double *)a - *(const double *)b;

	return (d > 0) - (d < 0);
}

/* Somebody who is still there. */
static int64_t pick(struct world *w, unsigned long count)
{
	struct db *db = world_read(w);
	struct person p = {.id = 0};

	do
		assert_ok(person_get(db, 1 + (int64_t)crypt_random_below((uint32_t)count), &p, EI));
	while (p.state != PERSON_ACTIVE);
	store_read_end(w->store, db);
	return p.id;
}

static bool round_of(struct world *w, unsigned long count, bool evidence_too, bool journal)
{
	const struct rights r = {.site = w->site, .store = w->store, .letters = w->letters, .way = WITHDRAW_OWNER};
	double took[ROUNDS], first;

	for (int i = 0; i < ROUNDS; i++) {
		int64_t id = pick(w, count);
		struct rights_done d;
		double t = wall_ms();
		assert_ok(rights_erase(&r, &w->arena, id, false, evidence_too, &d, EI));
		took[i] = wall_ms() - t;
		assert_true(d.fresh);
	}
	first = took[0];
	qsort(took, ROUNDS, sizeof(took[0]), by_value);
	printf("erase evidence=%-4s journal=%-3s p50_ms=%.2f p99_ms=%.2f max_ms=%.2f first_ms=%.2f\n",
	    evidence_too ? "gone" : "kept",
	    journal ? "yes" : "no", took[ROUNDS / 2], took[ROUNDS * 99 / 100], took[ROUNDS - 1], first);
	return took[ROUNDS * 99 / 100] < MUST_MS && first < MUST_MS;
}

static off_t wal_bytes(const struct world *w)
{
	char path[300];
	struct stat st;

	snprintf(path, sizeof(path), "%s/data.db-wal", store_dir(w->store));
	return stat(path, &st) == 0 ? st.st_size : 0;
}

/* The writers leave up to this much to be carried into the database; an erasure has to wait for it. */
static bool round_busy(struct world *w, unsigned long *count)
{
	const struct rights r = {.site = w->site, .store = w->store, .letters = w->letters, .way = WITHDRAW_OWNER};
	double worst = 0, sum = 0;

	for (int i = 0; i < BUSY; i++) {
		struct rights_done d;
		int64_t id;
		double t;
		while (wal_bytes(w) < BUSY_WAL_BYTES) {
			some_people(w, *count, BUSY_BATCH);
			*count += BUSY_BATCH;
		}
		id = pick(w, *count);
		t = wall_ms();
		assert_ok(rights_erase(&r, &w->arena, id, false, false, &d, EI));
		t = wall_ms() - t;
		sum += t;
		worst = t > worst ? t : worst;
	}
	printf("erase behind_wal_mib=%d mean_ms=%.2f max_ms=%.2f\n", BUSY_WAL_BYTES >> 20, sum / BUSY, worst);
	return worst < MUST_MS;
}

/* The same data, opened with another host file. */
static void reopen(struct world *w, const char *host)
{
	writer_pool_free(w->writers);
	store_close(w->store);
	w->store = NULL;
	world_write(w, "jawort.yaml", host);
	world_reload(w, WORLD_SITE);
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	char host[300], journal[100];
	struct world w;
	bool good;

	if (!count) {
		fprintf(stderr, "usage: erase PEOPLE [FOLDER]\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	world_folder(&w);
	world_remove(w.root);
	snprintf(w.root, sizeof(w.root), "%s/erase-XXXXXX", argc > 2 ? argv[2] : "build/bench");
	assert_non_null(mkdtemp(w.root));
	world_write(&w, "jawort.yaml", WORLD_HOST);
	world_write(&w, "sites/club.yaml", WORLD_SITE);
	world_load(&w);
	world_start(&w);
	people(&w, count);
	good = round_of(&w, count, false, false);
	good = round_of(&w, count, true, false) && good;
	snprintf(journal, sizeof(journal), "%s/journal", w.root);
	assert_ok(file_mkdir(journal, 0700, EI));
	snprintf(host, sizeof(host), "%sbackup: { journal: journal }\n", WORLD_HOST);
	reopen(&w, host);
	good = round_of(&w, count, false, true) && good;
	good = round_of(&w, count, true, true) && good;
	good = round_busy(&w, &count) && good;
	if (!good)
		printf("must: every first, p99 and max behind a WAL below %.0f ms\n", MUST_MS);
	world_close(&w);
	return good ? 0 : 1;
}

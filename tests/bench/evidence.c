/*
 * evidence: figures of bundle, verify and export with many people, as docs/performance.md names them.
 *     evidence PEOPLE
 * Makes a site with that many confirmed people (three events each: requested, mail_accepted, confirmed) through the store's own
 * functions, then measures on one core: verify of the site (events/s, memory), a bundle (ms), the exports (people/s), a backup (MB/s),
 * and prints the size per person on disk.
 */
#include "lib/world.h"

#include <sys/resource.h>
#include <time.h>

#include "lib/bundles.h"

#include "core/audit.h"
#include "core/evidence.h"
#include "core/export.h"
#include "store/backup.h"
#include "store/keyslot.h"

#define BATCH 5000
#define ROUNDS 200

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double wall(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static long peak_mib(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return r.ru_maxrss / 1024;
}

static void event(struct world *w, struct db *db, int64_t id, enum event_kind kind, const unsigned char *text,
    const unsigned char *mail, struct slice ip, struct slice fields)
{
	struct event_new e = {.person_id = id, .time_ms = w->now_ms, .kind = kind, .form = SLICE("news"), .request_id = id,
	    .lang = SLICE("de"), .text_hash = text, .mail_hash = mail, .ip = ip, .fields = fields};

	if (kind != EVENT_MAIL_ACCEPTED)
		e.purposes = SLICE("news");
	else
		e.provider = SLICE("mailjet");
	if (kind == EVENT_REQUESTED)
		e.page = SLICE("https://www.verein.test/newsletter/");
	assert_ok(evidence_append(db, w->site, &e, EI));
}

static void person(struct world *w, struct db *db, unsigned long i, const unsigned char *text, const unsigned char *mail)
{
	char address[64], slots[700];
	struct person_new n = {.channel = STORE_EMAIL, .state = PERSON_ACTIVE, .fields = SLICE("{\"first_name\":\"Ada\"}"),
	    .lang = SLICE("de"), .now_ms = w->now_ms};
	int64_t id;

	snprintf(address, sizeof(address), "person%lu@example.org", i);
	n.address = slice_from(address);
	snprintf(slots, sizeof(slots), "{\"v\":1,\"to\":\"%s\",\"link\":\"https://www.verein.test/j/c/AbCd%039d\","
	    "\"unsubscribe\":\"https://www.verein.test/j/u/AbCd%039d\",\"date\":\"23. November 2026, 15:05 Uhr\","
	    "\"message_id\":\"%lu.0123456789abcdef@verein.test\",\"boundary\":\"=_0123456789abcdef\","
	    "\"date_header\":\"Sat, 21 Nov 2026 15:15:09 +0100\",\"bytes\":8123,\"sha256\":\"%064d\"}", address, 0, 0, i, 0);
	assert_ok(person_insert(db, &n, &id, EI));
	assert_ok(purpose_set(db, id, SLICE("news"), PURPOSE_ACTIVE, w->now_ms, 0, text, EI));
	event(w, db, id, EVENT_REQUESTED, text, mail, SLICE("192.0.2.0"), SLICE("{\"first_name\":\"Ada\"}"));
	event(w, db, id, EVENT_MAIL_ACCEPTED, NULL, mail, SLICE(""), slice_from(slots));
	event(w, db, id, EVENT_CONFIRMED, text, NULL, SLICE("192.0.2.0"), SLICE(""));
}

static void people(struct world *w, unsigned long count)
{
	unsigned char mail[STORE_HASH_BYTES];
	double t = wall();

	for (unsigned long i = 0; i < count;) {
		struct db *db;
		assert_ok(keyslot_reserve(w->store, EI));
		assert_ok(store_write_begin(w->store, &db, EI));
		if (i == 0)
			assert_ok(text_put(db, TEXT_MAIL, "de", 1, SLICE("a mail"), mail, EI));
		for (unsigned k = 0; k < BATCH / 10 && i < count; k++, i++)
			person(w, db, i, world_consent(w, "news", "de")->hash, mail);
		assert_ok(store_write_commit(w->store, EI));
		world_wait(w, 250);
	}
	printf("made            people=%lu seconds=%.1f\n", count, wall() - t);
	t = wall();
	bundles_checkpoint(w);
	printf("checkpoint      seconds=%.1f\n", wall() - t);
}

static void bench_audit(struct world *w, bool deep)
{
	struct audit_report r;
	struct db *db = world_read(w);
	double t = seconds(), real = wall();

	assert_ok(audit_site(db, NULL, deep, &r, EI));
	t = seconds() - t;
	real = wall() - real;
	store_read_end(w->store, db);
	assert_int_equal(r.nfaults, 0);
	printf("verify%-9s events=%lld events_per_cpu_s=%.0f wall_s=%.2f peak_mib=%ld\n", deep ? " --deep" : "",
	    (long long)r.events, (double)r.events / t, real, peak_mib());
}

/* The copy as well as the locked file are written where the world is: in memory. */
static void bench_backup(struct world *w)
{
	unsigned char pub[BOX_PUBLIC_BYTES];
	struct crypt_key *secret = crypt_key_new();
	struct pack_manifest read;
	struct backup_done d;
	char path[200];
	double t, cpu, mb;

	assert_non_null(secret);
	box_pair(pub, secret);
	snprintf(path, sizeof(path), "%s/data.jwb", w->root);
	t = wall();
	cpu = seconds();
	assert_ok(backup_write(w->store, PACK_DATA, path, pub, w->now_ms, &d, EI));
	t = wall() - t;
	cpu = seconds() - cpu;
	mb = (double)d.bytes / 1e6;
	printf("backup          mb=%.0f wall_s=%.2f mb_per_s=%.0f mb_per_cpu_s=%.0f\n", mb, t, mb / t, mb / cpu);
	t = wall();
	assert_ok(pack_read(path, secret, NULL, &read, EI));
	t = wall() - t;
	printf("  read again    mb=%.0f wall_s=%.2f mb_per_s=%.0f\n", mb, t, mb / t);
	crypt_key_free(secret);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void bench_bundle(struct world *w, unsigned long count)
{
	double took[ROUNDS], check = 0;
	struct check_keys none = {.n = 0};
	struct check_report r;
	char address[64];
	struct buf out;

	buf_init(&out, BUNDLE_MAX_BYTES);
	for (int i = 0; i < ROUNDS; i++) {
		double t;
		snprintf(address, sizeof(address), "person%lu@example.org", (unsigned long)crypt_random_below((uint32_t)count));
		buf_reset(&out);
		t = wall();
		bundles_make(w, address, &out);
		took[i] = (wall() - t) * 1e3;
		t = wall();
		assert_ok(check_bundle(buf_slice(&out), &none, &r, EI));
		check += (wall() - t) * 1e3;
		assert_int_equal(r.nfaults, 0);
	}
	qsort(took, ROUNDS, sizeof(took[0]), by_value);
	printf("bundle          p50_ms=%.2f p99_ms=%.2f max_ms=%.2f kib=%zu check_ms=%.2f\n", took[ROUNDS / 2],
	    took[ROUNDS * 99 / 100], took[ROUNDS - 1], out.len >> 10, check / ROUNDS);
	buf_free(&out);
}

static bool count_bytes(struct slice bytes, void *arg)
{
	*(size_t *)arg += bytes.len;
	return true;
}

static void bench_export(struct world *w, enum export_format f)
{
	struct db *db = world_read(w);
	double t = seconds();
	size_t bytes = 0;
	int64_t n;

	assert_ok(export_write(f, db, w->site, count_bytes, &bytes, &n, EI));
	t = seconds() - t;
	store_read_end(w->store, db);
	printf("export %-8s people=%lld people_per_cpu_s=%.0f mib=%zu peak_mib=%ld\n", export_format_name(f), (long long)n,
	    (double)n / t, bytes >> 20, peak_mib());
}

static void sizes(struct world *w, unsigned long count)
{
	static const char *const files[] = {"data.db", "keys.db"};
	char path[300];
	struct stat st;

	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s/%s", w->conf->data, w->conf->sites[0]->id, files[i]);
		if (stat(path, &st) == 0)
			printf("size            %s bytes_per_person=%.0f\n", files[i], (double)st.st_size / (double)count);
	}
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	struct world w;

	if (!count) {
		fprintf(stderr, "usage: evidence PEOPLE\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	world_open(&w, WORLD_SITE);
	people(&w, count);
	store_checkpoint(w.store, EI);
	bench_audit(&w, false);
	bench_audit(&w, true);
	bench_bundle(&w, count);
	for (int f = 0; f < EXPORT__MAX; f++)
		bench_export(&w, (enum export_format)f);
	bench_backup(&w);
	sizes(&w, count);
	world_close(&w);
	return 0;
}

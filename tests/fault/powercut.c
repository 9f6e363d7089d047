/*
 * powercut: the real store, writer, gate, follow-up and confirmation on a disk that loses its power.
 * Each life is a process: it looks whether all that earlier lives acknowledged is there, then works with
 * several threads until the cut (crashvfs.h). Every LIVES lives a new site is begun: creation is cut too.
 *     JAWORT_CUTS=1000 powercut [control]   JAWORT_SEED=N repeats a run's cuts
 * control: the same with synchronous=NORMAL and must do harm; exit 0 if it did.
 */
#include "lib/world.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "fault/crashvfs.h"
#include "fault/invariants.h"
#include "store/db.h"
#include "store/erasure.h"
#include "store/writer.h"

#define LIVES 20
#define SIGNERS 4
#define PEOPLE 16384
#define LIFE_MS 2000
#define RUN_MAX_S 60

/* What one address got acknowledged; T: tried, so that either outcome is right. */
enum { A_SIGNED = 1, A_CONFIRMED = 2, A_LEFT = 4, A_ERASED = 8, T_LEFT = 16, T_ERASED = 32 };

/* Survives the lives. */
struct shared {
	atomic_uint next;
	atomic_uint flags[PEOPLE];
	atomic_llong person[PEOPLE];
	uint64_t signed_up, confirmed, left, erased, lost, corrupt, unopened, sectors, idle, checkpoints;
	char cut[96];
};
static struct shared *shared;
static bool control;
static char data_path[220];

/* ---- hooks of the linker: what the program asks for, changed for the control run and noted for the cut */

typedef int row_fn(void *arg, int n, char **values, char **names);
int __real_sqlite3_exec(sqlite3 *db, const char *sql, row_fn *cb, void *arg, char **err);
int __wrap_sqlite3_exec(sqlite3 *db, const char *sql, row_fn *cb, void *arg, char **err);
int __wrap_sqlite3_exec(sqlite3 *db, const char *sql, row_fn *cb, void *arg, char **err)
{
	int rc = __real_sqlite3_exec(db, sql, cb, arg, err);
	if (control && rc == SQLITE_OK && strstr(sql, "synchronous=FULL"))
		rc = __real_sqlite3_exec(db, "PRAGMA synchronous=NORMAL", NULL, NULL, NULL);
	return rc;
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	char link[64], path[300];
	struct stat st;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof(path) - 1);
	if (n > 0 && !fstat(fd, &st) && S_ISDIR(st.st_mode)) {
		path[n] = '\0';
		crash_folder_synced(path);
	}
	return 0;
}

static void note_cut(void *arg, const char *what)
{
	(void)arg;
	snprintf(shared->cut, sizeof(shared->cut), "%s", what);
}

/* ---- looking at what is left */

__attribute__((format(printf, 2, 3))) static void damage(uint64_t *count, const char *fmt, ...)
{
	va_list ap;
	if (++*count > 5 || control)
		return;
	fprintf(stderr, "after \"%s\": ", shared->cut);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

static bool kinds_row(const struct event_row *r, void *arg)
{
	unsigned *kinds = arg;
	*kinds |= 1u << r->kind;
	if (!event_verify(r) || !r->present[EVENT_CORE])
		*kinds |= 1;
	return true;
}

/* Addresses that wait in the intake. */
static void look_intake(struct db *db, bool *waiting)
{
	struct intake_row row;
	struct arena a;
	arena_init(&a, 64u * 1024u * 1024u);
	for (int64_t id = 0; intake_next(db, id, INT64_MAX, &a, &row, EI) == OK; id = row.id) {
		unsigned n = 0;
		if (!row.readable)
			damage(&shared->corrupt, "intake row %lld cannot be read", (long long)row.id);
		else if (sscanf(arena_str(&a, row.in.address), "c%u@", &n) == 1 && n < PEOPLE)
			waiting[n] = true;
		arena_reset(&a);
	}
	arena_free(&a);
}

static void look_erased(struct db *db, unsigned n)
{
	unsigned kinds = 0;
	int64_t id = atomic_load(&shared->person[n]);
	event_each(db, id, 0, kinds_row, &kinds, EI);
	if (kinds && !(kinds & 1))
		damage(&shared->lost, "erased person %lld can be read again", (long long)id);
}

static void look_person(struct db *db, unsigned n, const struct person *p, unsigned flags)
{
	struct buf b;
	unsigned kinds = 0;
	buf_init(&b, 1024);
	if (person_address(db, p->id, &b, EI) || event_each(db, p->id, 0, kinds_row, &kinds, EI))
		damage(&shared->corrupt, "person of c%u: %s", n, EI->text);
	else if (kinds & 1)
		damage(&shared->corrupt, "evidence of c%u does not verify", n);
	buf_free(&b);
	if (!(kinds & (1u << EVENT_REQUESTED)))
		damage(&shared->lost, "c%u: no event of its request (%x)", n, kinds);
	if ((flags & A_CONFIRMED) && !(kinds & (1u << EVENT_CONFIRMED)))
		damage(&shared->lost, "c%u: its confirmation is gone", n);
	if ((flags & A_LEFT) && !(kinds & (1u << EVENT_WITHDRAWN)))
		damage(&shared->lost, "c%u: its withdrawal is gone", n);
	if ((flags & A_CONFIRMED) && !(flags & T_LEFT) && p->state != PERSON_ACTIVE)
		damage(&shared->lost, "c%u: is %s", n, person_state_name(p->state));
}

static void look_all(struct store *s)
{
	static bool waiting[PEOPLE];
	struct db *db;
	int64_t rows;
	if (store_check(s, EI))
		damage(&shared->corrupt, "%s", EI->text);
	const char *broken = invariants_broken(data_path, &rows);
	if (broken)
		damage(&shared->corrupt, "not so: %s (%lld)", broken, (long long)rows);
	if (store_read(s, &db, EI)) {
		damage(&shared->corrupt, "%s", EI->text);
		return;
	}
	look_intake(db, waiting);
	for (unsigned n = 0; n < atomic_load(&shared->next) && n < PEOPLE; n++) {
		unsigned flags = atomic_load(&shared->flags[n]);
		char address[40];
		struct person p;
		snprintf(address, sizeof(address), "c%u@example.org", n);
		if (!(flags & A_SIGNED))
			continue;
		enum err e = person_find_address(db, STORE_EMAIL, slice_from(address), &p, EI);
		if (e == OK && (flags & A_ERASED))
			damage(&shared->lost, "%s: erased and back", address);
		else if (e == OK)
			look_person(db, n, &p, flags);
		else if (e != E_NOT_FOUND)
			damage(&shared->corrupt, "%s: %s", address, EI->text);
		else if (flags & A_ERASED)
			look_erased(db, n);
		else if (!(flags & T_ERASED) && !waiting[n])
			damage(&shared->lost, "%s: acknowledged, and nothing is there", address);
		else
			continue;
		if (control && shared->lost) /* once is enough */
			atomic_store(&shared->flags[n], e == OK ? flags : 0);
	}
	store_read_end(s, db);
}

/* ---- working */

struct life {
	struct world *w;
	struct store *store;
	struct writer_pool *writers;
	int64_t until_ms;
};

static void signer_one(struct life *l, struct arena *a, const char *v)
{
	const struct gate g = {.site = l->w->site, .store = l->store, .writers = l->writers};
	unsigned n = atomic_fetch_add(&shared->next, 1);
	struct gate_input in = {.lang = "de", .remote_ip = SLICE("192.0.2.77"), .origin = GATE_ORIGIN_OWN};
	struct gate_answer out;
	struct errinfo ei;
	struct form f;
	char body[200];
	if (n >= PEOPLE)
		return;
	snprintf(body, sizeof(body), "email=c%u@example.org&v=%s&ok=1&first_name=Ada", n, v);
	in.form = conf_form_by_id(site_conf(l->w->site), SLICE("news"));
	in.fields = &f;
	bug_if(form_parse(a, slice_from(body), &f, &ei) != OK);
	if (gate_accept(&g, a, &in, &out, &ei) != OK) {
		fprintf(stderr, "sign-up without a fault: %s\n", ei.text);
		_exit(3);
	}
	bug_if(out.result != GATE_ACCEPTED);
	atomic_fetch_or(&shared->flags[n], A_SIGNED);
	__atomic_fetch_add(&shared->signed_up, 1, __ATOMIC_RELAXED);
}

static void *signer(void *arg)
{
	struct life *l = arg;
	struct arena a;
	const char *v = site_consent(l->w->site, conf_form_by_id(site_conf(l->w->site), SLICE("news")), "de")->v;
	arena_init(&a, ARENA_REQUEST_MAX_BYTES);
	while (clock_mono_ms() < l->until_ms) {
		signer_one(l, &a, v);
		arena_reset(&a);
	}
	arena_free(&a);
	return NULL;
}

struct letter_box {
	struct arena *a;
	int64_t id, person;
	bool found;
	char link[200], out[200], to[100];
};

static bool box_row(const struct outbox_row *r, void *arg)
{
	struct letter_box *b = arg;
	b->found = true;
	b->id = r->id;
	b->person = r->person_id;
	return false;
}

static void box_slots(const struct outbox_row *r, void *arg)
{
	struct letter_box *b = arg;
	struct message_slots s;
	if (!r->readable || message_slots_read(b->a, arena_dup(b->a, r->slots), &s, EI) != OK)
		return;
	slice_copy(s.value[MESSAGE_LINK], b->link, sizeof(b->link));
	slice_copy(s.value[MESSAGE_UNSUBSCRIBE], b->out, sizeof(b->out));
	slice_copy(s.value[MESSAGE_TO], b->to, sizeof(b->to));
}

/* The next mail of the outbox after *after. */
static bool box_next(struct life *l, int64_t *after, struct letter_box *b)
{
	const struct outbox_filter f = {.state = OUTBOX_STATE__MAX, .after_id = *after, .limit = 1};
	struct db *db;
	b->found = false;
	b->link[0] = b->out[0] = b->to[0] = '\0';
	if (store_read(l->store, &db, EI) != OK)
		return false;
	if (outbox_each(db, &f, box_row, b, EI) == OK && b->found)
		outbox_get(db, b->id, box_slots, b, EI);
	store_read_end(l->store, db);
	if (b->found)
		*after = b->id;
	return b->found;
}

static void decide(struct life *l, struct arena *a, const struct letter_box *b)
{
	const struct confirm c = {.site = l->w->site, .store = l->store, .writers = l->writers,
	    .letters = l->w->letters};
	const char *link = strstr(b->link, "/c/"), *out = strstr(b->out, "/u/");
	struct confirm_info ci;
	struct withdraw_info wi;
	struct errinfo ei;
	unsigned n;
	if (!link || !out || sscanf(b->to, "c%u@", &n) != 1 || n >= PEOPLE)
		return;
	atomic_store(&shared->person[n], b->person);
	if (confirm_act(&c, a, slice_from(link + 3), CONFIRM_ACT_CONFIRM, SLICE("192.0.2.99"), &ci, NULL,
	    &ei) != OK || ci.state != CONFIRM_DONE)
		return;
	atomic_fetch_or(&shared->flags[n], A_CONFIRMED);
	__atomic_fetch_add(&shared->confirmed, 1, __ATOMIC_RELAXED);
	if (n % 3 == 0) {
		atomic_fetch_or(&shared->flags[n], T_LEFT);
		if (withdraw_act(l->w->site, l->store, l->writers, a, slice_from(out + 3), WITHDRAW_PAGE,
		    SLICE("192.0.2.99"), &wi, NULL, &ei) == OK && wi.state == WITHDRAW_DONE) {
			atomic_fetch_or(&shared->flags[n], A_LEFT);
			__atomic_fetch_add(&shared->left, 1, __ATOMIC_RELAXED);
		}
	}
	if (n % 5 == 0) {
		atomic_fetch_or(&shared->flags[n], T_ERASED);
		if (person_erase(l->store, b->person, ERASURE_REQUEST, clock_now_ms(), &ei) == OK) {
			atomic_fetch_or(&shared->flags[n], A_ERASED);
			__atomic_fetch_add(&shared->erased, 1, __ATOMIC_RELAXED);
		}
	}
}

static void *decider(void *arg)
{
	struct life *l = arg;
	struct letter_box b;
	struct arena a;
	int64_t after = 0;
	arena_init(&a, ARENA_REQUEST_MAX_BYTES);
	b.a = &a;
	while (clock_mono_ms() < l->until_ms) {
		if (box_next(l, &after, &b))
			decide(l, &a, &b);
		else
			usleep(500);
		arena_reset(&a);
	}
	arena_free(&a);
	return NULL;
}

static _Noreturn void life_run(struct world *w, uint64_t seed, int64_t cut_at, bool last)
{
	const struct crash_opts co = {.seed = seed, .cut_at = last ? 0 : cut_at, .sync_us = 150,
	    .at_cut = note_cut};
	char dir[200], keys[200];
	struct store_opts o = {.site = "club", .dir = dir, .keys_path = keys, .create = true};
	struct texts_report rep;
	struct life l = {.w = w};
	pthread_t t[SIGNERS + 1];
	snprintf(dir, sizeof(dir), "%s/club", w->conf->data);
	snprintf(keys, sizeof(keys), "%s/club.keys", w->conf->keys);
	snprintf(data_path, sizeof(data_path), "%s/data.db", dir);
	crash_start(&co);
	if (store_open(&l.store, &o, EI) != OK) {
		damage(&shared->unopened, "the site does not open any more: %s", EI->text);
		_exit(2);
	}
	look_all(l.store);
	if (last) {
		store_close(l.store);
		_exit(0);
	}
	l.writers = writer_pool_new(2);
	w->turn = (struct turn){.site = w->site, .letters = w->letters};
	if (texts_apply(w->site, l.store, false, &rep, EI) != OK ||
	    writer_attach(l.writers, l.store, turn_after, &w->turn, EI) != OK)
		_exit(4);
	l.until_ms = clock_mono_ms() + LIFE_MS;
	for (size_t i = 0; i <= SIGNERS; i++)
		bug_if(pthread_create(&t[i], NULL, i ? signer : decider, &l));
	for (size_t i = 0; i <= SIGNERS; i++)
		pthread_join(t[i], NULL);
	shared->idle++;
	crash_cut("end of life");
}

/* ---- the run */

static void world_begin(struct world *w)
{
	world_folder(w);
	world_write(w, "jawort.yaml", WORLD_HOST);
	world_write(w, "sites/club.yaml", WORLD_SITE);
	world_load(w);
	bug_if(site_new(&w->site, w->conf, w->conf->sites[0], EI) != OK);
	bug_if(!(w->letters = letter_cache_new()));
	atomic_store(&shared->next, 0);
	for (size_t i = 0; i < PEOPLE; i++)
		atomic_store(&shared->flags[i], 0);
}

static void world_end(struct world *w)
{
	letter_cache_free(w->letters);
	site_free(w->site);
	conf_free(w->conf);
	conf_report_free(&w->rep);
	arena_free(&w->arena);
	world_remove(w->root);
}

/* Exit status of one life; a signal counts as one. */
static int life(struct world *w, uint64_t seed, int64_t cut_at, bool last)
{
	int status;
	fflush(stdout);
	pid_t pid = fork();
	bug_if(pid < 0);
	if (!pid)
		life_run(w, seed, cut_at, last);
	bug_if(waitpid(pid, &status, 0) != pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 31)) * 0x9e3779b97f4a7c15u;
	return x ^ (x >> 29);
}

/* Cuts of one site; returns how many. */
static unsigned site_run(uint64_t seed, unsigned most, const char **failed)
{
	struct world w;
	unsigned n = 0;
	world_begin(&w);
	while (n < most && n < LIVES && !*failed) {
		uint64_t s = mix(seed + n);
		/* the first lives also make the files, which takes thousands of calls */
		int64_t at = (int64_t)(1 + s % (n < 2 ? 4000 : n % 4 == 3 ? 3000 : 700));
		int rc = life(&w, s, at, false);
		size_t wal = 0, file = 0;
		if (rc != CRASH_EXIT) {
			fprintf(stderr, "life %u of this site, cut at call %lld: ended with %d\n", n, (long long)at, rc);
			*failed = "a life did not end by its cut";
		}
		const char *at_wal = strstr(shared->cut, "wal=");
		if (at_wal && sscanf(at_wal, "wal=%zu file=%zu", &wal, &file) == 2) {
			shared->sectors += wal + file > 0;
			shared->checkpoints += file > 0;
		}
		n++;
	}
	if (!*failed && life(&w, seed, 0, true) != 0)
		*failed = "the last look";
	world_end(&w);
	return n;
}

int main(int argc, char **argv)
{
	const char *cuts_s = getenv("JAWORT_CUTS"), *seed_s = getenv("JAWORT_SEED"), *failed = NULL;
	unsigned cuts = cuts_s ? (unsigned)atol(cuts_s) : 150, done = 0;
	uint64_t seed = seed_s ? strtoull(seed_s, NULL, 10) : (uint64_t)time(NULL);
	int64_t start = clock_mono_ms();
	control = argc > 1 && strcmp(argv[1], "control") == 0;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	bug_if(shared == MAP_FAILED);
	while (done < cuts && !failed && (cuts_s || clock_mono_ms() - start < RUN_MAX_S * 1000)) {
		done += site_run(mix(seed) + done, cuts - done, &failed);
		if (control && (shared->lost || shared->corrupt || shared->unopened))
			break;
	}
	printf("%s: %u cuts (seed %ju), %ju with unsynced sectors, %ju of them in a database file;\n"
	    "  acknowledged %ju sign-ups, %ju confirmations, %ju withdrawals, %ju erasures:\n"
	    "  %ju lost, %ju corrupt, %ju did not open\n",
	    control ? "control run with synchronous=NORMAL" : "synchronous=FULL", done, (uintmax_t)seed,
	    (uintmax_t)shared->sectors, (uintmax_t)shared->checkpoints, (uintmax_t)shared->signed_up,
	    (uintmax_t)shared->confirmed, (uintmax_t)shared->left, (uintmax_t)shared->erased,
	    (uintmax_t)shared->lost, (uintmax_t)shared->corrupt, (uintmax_t)shared->unopened);
	if (control)
		return shared->lost || shared->corrupt || shared->unopened ? 0 : 1;
	if (failed)
		printf("failed: %s\n", failed);
	return failed || shared->lost || shared->corrupt || shared->unopened || !shared->signed_up;
}

/*
 * logcut: the log of events under kill -9 and power cuts (crashvfs.h). Each life is a process: it looks whether the
 * log is still the one that earlier lives signed, then appends events, makes checkpoints and rotates the key until the
 * end. Whatever was ever signed is noted beside, when it is signed and not when it is stored.
 *     logcut power|kill [LIVES]   200 by default; JAWORT_SEED=N repeats a run
 *     logcut control              signs a log that lost its newest events; exit 0 if that was noticed
 * Broken: two roots for one size, a published checkpoint that is gone or does not follow, a note that no key verifies.
 */
#include "unit/store/store_test.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "base/bug.h"
#include "base/clock.h"
#include "core/logbook.h"
#include "fault/crashvfs.h"
#include "store/db_priv.h"
#include "store/event.h"
#include "store/keyring.h"
#include "store/person.h"

#define SIGNED_MAX 65536
#define SITE_LIVES 25
#define LIFE_MS 400

struct one {
	int64_t size;
	unsigned char root[32];
	bool published; /* logbook_advance() said so */
};
static struct shared {
	unsigned n, broken, lives, checkpoints, rotations, events, unopened;
	struct one all[SIGNED_MAX]; /* of one site */
} *shared;
static const struct conf_site conf = {.id = "example", .base_url = "https://www.example.org/j"};
static struct site site;
static uint64_t state;

static uint64_t draw(uint64_t below)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (state >> 33) % below;
}

__attribute__((format(printf, 1, 2))) static void broken(const char *fmt, ...)
{
	va_list ap;

	if (++shared->broken > 5)
		return;
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

/* What is signed at this size must be what was signed at it before. */
static struct one *note_signed(int64_t size, const unsigned char root[32])
{
	for (unsigned i = 0; i < shared->n; i++) {
		if (shared->all[i].size != size)
			continue;
		if (memcmp(shared->all[i].root, root, 32) != 0)
			broken("two trees of %lld events were signed", (long long)size);
		return &shared->all[i];
	}
	bug_if(shared->n == SIGNED_MAX);
	shared->all[shared->n] = (struct one){.size = size};
	memcpy(shared->all[shared->n].root, root, 32);
	return &shared->all[shared->n++];
}

enum err __real_checkpoint_put(struct db *db, const struct checkpoint *c, struct slice note, struct errinfo *ei);
enum err __wrap_checkpoint_put(struct db *db, const struct checkpoint *c, struct slice note, struct errinfo *ei);
enum err __wrap_checkpoint_put(struct db *db, const struct checkpoint *c, struct slice note, struct errinfo *ei)
{
	note_signed(c->size, c->root);
	return __real_checkpoint_put(db, c, note, ei);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	char link[64], path[300];
	struct stat st;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n > 0 && !fstat(fd, &st) && S_ISDIR(st.st_mode)) {
		path[n] = '\0';
		crash_folder_synced(path);
	}
	return 0;
}

/* ---- looking */

static void look_one(struct logbook *l, struct db *db, const struct one *o, const struct note_key *keys, size_t n)
{
	struct merkle_hash root;
	struct checkpoint cp;
	struct slice text;
	struct buf note;

	buf_init(&note, NOTE_MAX_BYTES);
	if (checkpoint_covering(db, o->size, &cp, &note, EI) || cp.size != o->size)
		broken("the checkpoint of %lld events is gone", (long long)o->size);
	else if (memcmp(cp.root, o->root, 32) != 0)
		broken("the checkpoint of %lld events is another one", (long long)o->size);
	else if (note_verify(buf_slice(&note), keys, n, &text, NULL) != NOTE_GOOD)
		broken("no key verifies the note of %lld events", (long long)o->size);
	if (logbook_root(l, o->size, &root, EI) || memcmp(root.b, o->root, 32) != 0)
		broken("the log does not contain the tree of %lld events that was published", (long long)o->size);
	buf_free(&note);
}

static void look(void)
{
	static struct note_key keys[LOGBOOK_KEYS_MAX];
	size_t n = logbook_keys(store_keyring(site.store), SLICE("www.example.org/j/log"), keys);
	struct logbook *l;
	struct db *db;

	if (store_read(site.store, &db, EI) || logbook_open(&l, db, EI)) {
		broken("%s", EI->text);
		return;
	}
	for (unsigned i = 0; i < shared->n; i++) {
		if (shared->all[i].published)
			look_one(l, db, &shared->all[i], keys, n);
	}
	logbook_close(l);
	store_read_end(site.store, db);
}

/* ---- working */

static void append(int64_t person, unsigned n)
{
	struct db *w;

	if (store_write_begin(site.store, &w, EI))
		return;
	for (unsigned i = 0; i < n; i++) {
		const struct event_new e = {.person_id = person, .time_ms = NOW, .kind = EVENT_CONFIRMED};
		if (event_append(w, &e, NULL, EI)) {
			store_write_rollback(site.store);
			return;
		}
	}
	if (store_write_commit(site.store, EI) == OK)
		shared->events += n;
}

static int64_t person(void)
{
	const struct person_new n = {.channel = STORE_EMAIL, .address = SLICE("a@example.org"), .now_ms = NOW};
	struct person p;
	struct db *w;
	int64_t id = 0;

	if (store_write_begin(site.store, &w, EI))
		return 0;
	if (person_find_address(w, STORE_EMAIL, n.address, &p, EI) == OK)
		id = p.id;
	else
		person_insert(w, &n, &id, EI);
	return store_write_commit(site.store, EI) ? 0 : id;
}

static void checkpoint(void)
{
	struct logbook_report rep;
	enum err rc = logbook_advance(&conf, site.store, clock_now_ms(), &rep, EI);

	if (rc)
		broken("refused without a fault: %s", EI->text);
	else if (rep.last.size) {
		note_signed(rep.last.size, rep.last.root)->published = true;
		shared->checkpoints++;
	}
}

static void rotate(void)
{
	if (keyring_rotate_sign(site.keys, EI))
		return;
	site_close(&site);
	if (site_open(&site, false))
		broken("after a rotation: %s", EI->text);
	shared->rotations++;
}

static void work(void)
{
	int64_t until = clock_mono_ms() + LIFE_MS, id = person();

	while (id && clock_mono_ms() < until && !shared->broken) {
		append(id, 1 + (unsigned)draw(200));
		if (draw(3) == 0)
			checkpoint();
		if (draw(10) == 0)
			rotate();
	}
}

static _Noreturn void life(bool power, bool last)
{
	const struct crash_opts co = {.seed = draw(UINT32_MAX), .cut_at = last ? 0 : 1 + (int64_t)draw(1200), .sync_us = 50};

	if (power)
		crash_start(&co);
	if (site_open(&site, true)) {
		broken("the site does not open any more: %s", EI->text);
		_exit(2);
	}
	look();
	checkpoint();
	if (last) {
		site_close(&site);
		_exit(0);
	}
	work();
	if (power)
		crash_cut("end of life");
	pause();
	_exit(1);
}

static void lives(bool power, unsigned most)
{
	for (unsigned i = 0; i < most && !shared->broken; i++) {
		bool last = i % SITE_LIVES == SITE_LIVES - 1 || i + 1 == most;
		int status;
		pid_t pid;

		if (i % SITE_LIVES == 0) {
			site_folder(&site);
			shared->n = 0;
		}
		draw(2);
		pid = fork();
		bug_if(pid < 0);
		if (!pid)
			life(power, last);
		if (!power && !last) {
			usleep((useconds_t)draw(LIFE_MS * 1000));
			kill(pid, SIGKILL);
		}
		bug_if(waitpid(pid, &status, 0) != pid);
		if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
			broken("a life ended by signal %d", WTERMSIG(status));
		shared->lives++;
		if (last)
			site_remove(site.root);
	}
}

/* Does the looking see a log that was cut and grown anew? */
static int control(void)
{
	int64_t id;
	struct db *w;

	site_folder(&site);
	assert_ok(site_open(&site, true));
	id = person();
	append(id, 300);
	checkpoint();
	assert_ok(store_write_begin(site.store, &w, EI));
	sqlite3_set_authorizer(w->conn, NULL, NULL);
	assert_ok(db_exec(w->conn, "DROP TRIGGER event_delete; DELETE FROM event WHERE seq > 290", EI));
	assert_ok(store_write_commit(site.store, EI));
	append(id, 30);
	checkpoint();
	look();
	site_close(&site);
	site_remove(site.root);
	return shared->broken >= 2 ? 0 : 1;
}

int main(int argc, char **argv)
{
	const char *seed = getenv("JAWORT_SEED");
	unsigned most = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 200;

	state = seed ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	bug_if(shared == MAP_FAILED || crypt_init(EI));
	if (argc > 1 && strcmp(argv[1], "control") == 0)
		return control();
	if (argc < 2 || (strcmp(argv[1], "power") != 0 && strcmp(argv[1], "kill") != 0))
		return 2;
	printf("log, %s, seed %llu: ", argv[1], (unsigned long long)state);
	fflush(stdout);
	lives(strcmp(argv[1], "power") == 0, most);
	printf("%u lives, %u events, %u checkpoints, %u rotations, %u broken\n", shared->lives, shared->events,
	    shared->checkpoints, shared->rotations, shared->broken);
	return shared->broken ? 1 : 0;
}

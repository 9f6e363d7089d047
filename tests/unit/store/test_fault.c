/*
 * One I/O error at every place, one after the other: the n-th write, sync or truncation of a sign-up fails,
 * for n = 1, 2, 3 until a run meets no error. What was acknowledged is there, what was refused may be
 * tried again, and the next sign-up works. The system calls of this program are its own.
 */
#include "store_test.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#include "store/db_priv.h"
#include "store/erasure.h"
#include "store/event.h"
#include "store/intake.h"
#include "store/person.h"
#include "store/text.h"
#include "store/walfile_priv.h"
#include "store/writer.h"

#define BODY_BYTES (5 * WALFILE_GATHER_BYTES)

enum fault { F_NONE, F_FDATASYNC, F_FSYNC, F_PWRITE, F_FTRUNCATE, F_PREAD, F__MAX };
static const char *const fault_names[F__MAX] = {"none", "fdatasync", "fsync", "pwrite64", "ftruncate64", "pread64"};

static atomic_int fault_kind, fault_at, fault_hits;
static int fault_errno;

static bool fails(enum fault kind)
{
	if (fault_kind != (int)kind || atomic_fetch_sub(&fault_at, 1) != 1)
		return false;
	fault_hits++;
	errno = fault_errno;
	return true;
}

int fdatasync(int fd)
{
	return fails(F_FDATASYNC) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
	return fails(F_FSYNC) ? -1 : (int)syscall(SYS_fsync, fd);
}

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at)
{
	return fails(F_PWRITE) ? -1 : (ssize_t)syscall(SYS_pwrite64, fd, p, n, at);
}

ssize_t pread64(int fd, void *p, size_t n, off64_t at)
{
	return fails(F_PREAD) ? -1 : (ssize_t)syscall(SYS_pread64, fd, p, n, at);
}

int ftruncate64(int fd, off64_t len)
{
	return fails(F_FTRUNCATE) ? -1 : (int)syscall(SYS_ftruncate, fd, len);
}

static void inject(enum fault kind, int nth, int errno_value)
{
	fault_hits = 0;
	fault_errno = errno_value;
	fault_at = nth;
	fault_kind = (int)kind;
}

static int heal(void)
{
	fault_kind = F_NONE;
	return fault_hits;
}

static enum err job(struct db *db, void *arg, struct errinfo *ei)
{
	struct intake in = {.at_ms = *(int *)arg, .channel = STORE_EMAIL, .form = SLICE("news"),
	    .address = SLICE("ada@example.org")};
	struct person_new p = {.channel = STORE_EMAIL, .now_ms = NOW};
	struct event_new e = {.time_ms = NOW, .kind = EVENT_REQUESTED};
	char address[40];
	snprintf(address, sizeof address, "p%d@example.org", *(int *)arg);
	p.address = slice_from(address);
	static char page[BODY_BYTES];
	unsigned char hash[STORE_HASH_BYTES];
	snprintf(page, sizeof page, "page %d", *(int *)arg);
	enum err r = intake_put(db, &in, NULL, ei);
	if (!r) /* so that one commit is several writes of the WAL (store/walfile_priv.h gathers) */
		r = text_put(db, TEXT_FORM, "de", 1, slice_make(page, sizeof page), hash, ei);
	if (!r)
		r = person_insert(db, &p, &e.person_id, ei);
	return r ? r : event_append(db, &e, NULL, ei);
}

static int64_t count(struct site *t, const char *sql)
{
	sqlite3 *conn;
	int64_t n = -1;
	assert_ok(db_connect(&conn, t->store->data_path, SQLITE_OPEN_READONLY, EI));
	assert_ok(db_exec_int(conn, sql, &n, EI));
	sqlite3_close(conn);
	return n;
}

static int number;

/* Sign-ups with the n-th call failing; returns whether an error was met at all. */
static bool round_of(struct site *t, struct writer_pool *p, enum fault kind, int nth, int errno_value, int64_t *acked)
{
	enum err e;
	inject(kind, nth, errno_value);
	number++;
	e = writer_run(p, t->store, job, &number, EI);
	int hits = heal();
	if (e != OK && e != E_IO)
		fail_msg("%s %d: %s %s", fault_names[kind], nth, err_name(e), EI->text);
	if (e && !hits)
		fail_msg("%s %d: error without a fault: %s", fault_names[kind], nth, EI->text);
	/* A sync or write that failed must never be acknowledged. */
	if (!e && hits && kind != F_PREAD && kind != F_FTRUNCATE)
		fail_msg("%s %d: acknowledged in spite of the fault", fault_names[kind], nth);
	*acked += e == OK;
	number++;
	assert_ok(writer_run(p, t->store, job, &number, EI)); /* heals by itself */
	++*acked;
	return hits > 0;
}

static void test_every_single_fault(void **state)
{
	struct site *t = *state;
	static const int errnos[] = {EIO, ENOSPC};
	struct writer_pool *p = writer_pool_new(1);
	int64_t acked = 0;
	int faults[F__MAX] = {0};
	assert_ok(writer_attach(p, t->store, NULL, NULL, EI));
	for (int kind = F_FDATASYNC; kind < F__MAX; kind++) {
		for (size_t i = 0; i < 2; i++) {
			for (int nth = 1; nth < 60 && round_of(t, p, (enum fault)kind, nth, errnos[i], &acked); nth++)
				faults[kind]++;
		}
	}
	/* The injection itself works: both errors, at one sync and each of several writes. */
	assert_true(faults[F_FDATASYNC] + faults[F_FSYNC] >= 2);
	assert_true(faults[F_PWRITE] >= 2 * (BODY_BYTES / WALFILE_GATHER_BYTES));
	assert_int_equal(count(t, "SELECT count(*) FROM intake"), acked);
	assert_int_equal(count(t, "SELECT count(*) FROM person"), acked);
	assert_int_equal(count(t, "SELECT max(seq) FROM event"), acked); /* no gap in the log */
	assert_ok(store_check(t->store, EI));
	writer_pool_free(p);
	site_close(t);
	assert_ok(site_open(t, false));
	assert_int_equal(count(t, "SELECT count(*) FROM intake"), acked);
}

/* An erasure that meets an error is not done, but is finished by the next pass. */
static void test_erasure_under_faults(void **state)
{
	struct site *t = *state;
	int faults = 0;
	for (int kind = F_FDATASYNC; kind <= F_FTRUNCATE; kind++) {
		for (int nth = 1; nth < 40; nth++) {
			struct db *w;
			struct errinfo ei;
			char address[40];
			int64_t id;
			snprintf(address, sizeof address, "e%d@example.org", number++);
			struct person_new p = {.channel = STORE_EMAIL, .address = slice_from(address), .now_ms = NOW};
			assert_ok(store_write_begin(t->store, &w, EI));
			assert_ok(person_insert(w, &p, &id, EI));
			assert_ok(store_write_commit(t->store, EI));
			inject((enum fault)kind, nth, EIO);
			enum err e = person_erase(t->store, id, ERASURE_REQUEST, NOW, &ei);
			int hits = heal();
			if (e && !hits)
				fail_msg("%s %d: %s", fault_names[kind], nth, ei.text);
			/* Asked for again, it is done. */
			assert_ok(person_erase(t->store, id, ERASURE_REQUEST, NOW, EI));
			if (!hits)
				break;
			faults++;
		}
	}
	assert_true(faults >= 6);
	assert_int_equal(count(t, "SELECT count(*) FROM person WHERE state <> 6 OR address_ct IS NOT NULL"), 0);
	assert_int_equal(count(t, "SELECT count(*) FROM erasure WHERE done_ms IS NULL"), 0);
	assert_ok(store_check(t->store, EI));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, site_setup, site_teardown)
	const struct CMUnitTest tests[] = {T(test_every_single_fault), T(test_erasure_under_faults)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[] = "/tmp/jawort-file-XXXXXX";
static struct errinfo ei;

static int setup(void **state)
{
	(void)state;
	umask(077); /* modes must come out as asked all the same */
	return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int entries(void)
{
	DIR *d = opendir(".");
	int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void empty_dir(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	char sub[600];

	while ((e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		snprintf(sub, sizeof(sub), "%s/%s", path, e->d_name);
		if (e->d_type == DT_DIR)
			empty_dir(sub);
		assert_int_equal(remove(sub), 0);
	}
	closedir(d);
}

static int clear(void **state)
{
	(void)state;
	empty_dir(".");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return chdir("/") == 0 && rmdir(dir) == 0 ? 0 : -1;
}

static unsigned mode_of(const char *path)
{
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	return (unsigned)st.st_mode & 07777;
}

static void assert_content(const char *path, const char *want)
{
	struct buf b;

	buf_init(&b, 100000);
	assert_int_equal(file_read(&b, path, &ei), OK);
	assert_string_equal(b.data, want);
	buf_free(&b);
}

static void test_read(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10);
	assert_int_equal(file_read(&b, "none", &ei), E_NOT_FOUND);
	assert_string_equal(ei.text, "cannot open none: No such file or directory");
	assert_int_equal(file_read(&b, ".", NULL), E_IO);
	assert_int_equal(file_write("f", SLICE("12345"), 0600, NULL), OK);
	assert_int_equal(file_read(&b, "f", NULL), OK);
	assert_int_equal(file_read(&b, "f", NULL), OK); /* appends, exactly to the limit */
	assert_string_equal(b.data, "1234512345");
	assert_int_equal(file_read(&b, "f", &ei), E_LIMIT);
	assert_string_equal(b.data, "1234512345"); /* what was there stays */
	assert_true(buf_ok(&b));
	assert_int_equal(file_write("empty", SLICE(""), 0600, NULL), OK);
	assert_int_equal(file_read(&b, "empty", NULL), OK);
	buf_fail(&b);
	assert_int_equal(file_read(&b, "f", NULL), E_NOMEM);
	buf_free(&b);
}

/* Around the chunk size, through a size that is known and one that is not (FIFO). */
static void test_read_sizes(void **state)
{
	static const size_t sizes[] = { 1, 4095, 4096, 4097, 8192, 70000 };
	static char data[70000];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i % 251);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct buf b;
		struct slice s = slice_make(data, sizes[i]);
		assert_int_equal(file_write("f", s, 0600, NULL), OK);
		buf_init(&b, sizes[i]);
		assert_int_equal(file_read(&b, "f", NULL), OK);
		assert_true(slice_eq(buf_slice(&b), s));
		for (size_t less = 0; less < 2; less++) {
			pid_t pid = fork();
			if (pid == 0) {
				FILE *f = fopen("fifo", "w");
				signal(SIGPIPE, SIG_IGN);
				fwrite(data, 1, sizes[i], f);
				fclose(f);
				_exit(0);
			}
			struct buf c;
			buf_init(&c, sizes[i] - less);
			assert_int_equal(file_read(&c, "fifo", NULL), less ? E_LIMIT : OK);
			assert_int_equal(c.len, less ? 0 : sizes[i]);
			buf_free(&c);
			waitpid(pid, NULL, 0);
		}
		buf_free(&b);
	}
}

static void test_secret_modes(void **state)
{
	static const struct {
		int line;
		mode_t mode;
		bool ok;
	} rows[] = {
		{ __LINE__, 0600, true },  { __LINE__, 0400, true },  { __LINE__, 0640, true },
		{ __LINE__, 0440, true },  { __LINE__, 0700, true },  { __LINE__, 0660, false },
		{ __LINE__, 0620, false }, { __LINE__, 0604, false }, { __LINE__, 0602, false },
		{ __LINE__, 0601, false }, { __LINE__, 0644, false }, { __LINE__, 0777, false },
	};
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(file_write("key", SLICE("s3cret"), rows[i].mode, NULL), OK);
		buf_reset(&b);
		enum err rc = file_read_secret(&b, "key", &ei);
		if (rc != (rows[i].ok ? OK : E_DENIED) || b.len != (rows[i].ok ? 6 : 0))
			fail_msg("row in line %d: %s", rows[i].line, err_name(rc));
	}
	assert_non_null(strstr(ei.text, "mode 0777"));
	assert_non_null(strstr(ei.text, "chmod g-w,o= 'key'"));
	assert_null(strstr(ei.text, "s3cret"));
	buf_free(&b);
}

static void test_secret_kinds(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	assert_int_equal(file_read_secret(&b, "none", &ei), E_NOT_FOUND);
	assert_int_equal(file_write("key", SLICE("s3cret"), 0600, NULL), OK);
	assert_int_equal(symlink("key", "link"), 0);
	assert_int_equal(file_read_secret(&b, "link", &ei), E_DENIED);
	assert_non_null(strstr(ei.text, "symbolic link"));
	assert_int_equal(file_read(&b, "link", NULL), OK); /* only secrets are that strict */
	buf_reset(&b);
	assert_int_equal(mkdir("d", 0700), 0);
	assert_int_equal(file_read_secret(&b, "d", &ei), E_DENIED);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(file_read_secret(&b, "fifo", &ei), E_DENIED); /* and does not hang */
	if (geteuid() == 0) {
		assert_int_equal(chown("key", 12345, 0), 0);
		assert_int_equal(file_read_secret(&b, "key", &ei), E_DENIED);
		assert_non_null(strstr(ei.text, "chown 0 'key'"));
		/* root's file for a service user who may read it by group */
		assert_int_equal(file_write("key", SLICE("s3cret"), 0640, NULL), OK);
		assert_int_equal(chown("key", 0, 12345) | chmod(dir, 0755), 0);
		assert_int_equal(setegid(12345) | seteuid(12345), 0);
		assert_int_equal(file_read_secret(&b, "key", &ei), OK);
		assert_int_equal(file_write("new", SLICE(""), 0600, &ei), E_DENIED);
		assert_non_null(strstr(ei.text, "user id 12345"));
		assert_int_equal(seteuid(0) | setegid(0), 0);
	}
	assert_int_equal(b.len, geteuid() == 0 ? 6 : 0);
	buf_free(&b);
}

static void test_write(void **state)
{
	(void)state;
	assert_int_equal(file_write("f", SLICE("old"), 0600, NULL), OK);
	assert_int_equal(file_write("f", SLICE("new"), 0644, NULL), OK);
	assert_content("f", "new");
	assert_int_equal(mode_of("f"), 0644);
	assert_int_equal(entries(), 1); /* nothing left beside it */
	assert_int_equal(file_write("none/f", SLICE("x"), 0600, &ei), E_NOT_FOUND);
	assert_non_null(strstr(ei.text, "none/f"));
	assert_int_equal(mkdir("d", 0700), 0);
	assert_int_not_equal(file_write("d", SLICE("x"), 0600, &ei), OK);
	assert_int_equal(entries(), 2);
	/* a link is replaced; where it points to stays */
	assert_int_equal(symlink("f", "link"), 0);
	assert_int_equal(file_write("link", SLICE("mine"), 0600, NULL), OK);
	assert_content("f", "new");
	assert_content("link", "mine");
	char path[300];
	snprintf(path, sizeof(path), "%s/abs", dir);
	assert_int_equal(file_write(path, SLICE("abs"), 0600, NULL), OK);
	assert_content("abs", "abs");
}

/* A reader beside a writer sees one of the two contents, never a mixture, never nothing. */
static void test_write_atomic(void **state)
{
	static char a[20001], b[20001];
	struct buf got;

	(void)state;
	memset(a, 'a', 20000);
	memset(b, 'b', 20000);
	assert_int_equal(file_write("f", slice_from(a), 0600, NULL), OK);
	pid_t pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 100; i++)
			file_write("f", slice_from(i % 2 ? a : b), 0600, NULL);
		_exit(0);
	}
	buf_init(&got, 30000);
	while (waitpid(pid, NULL, WNOHANG) == 0) {
		buf_reset(&got);
		assert_int_equal(file_read(&got, "f", &ei), OK);
		assert_true(slice_eq_str(buf_slice(&got), a) || slice_eq_str(buf_slice(&got), b));
	}
	buf_free(&got);
}

static void test_create(void **state)
{
	(void)state;
	assert_int_equal(file_create("key", SLICE("first"), 0640, &ei), OK);
	assert_int_equal(mode_of("key"), 0640);
	assert_int_equal(file_create("key", SLICE("second"), 0600, &ei), E_CONFLICT);
	assert_non_null(strstr(ei.text, "key"));
	assert_content("key", "first");
	assert_int_equal(mode_of("key"), 0640);
	assert_int_equal(symlink("nowhere", "dangling"), 0);
	assert_int_equal(file_create("dangling", SLICE("x"), 0600, NULL), E_CONFLICT);
	assert_int_equal(entries(), 2);
	/* of several at once exactly one wins */
	int wins = 0;
	for (int i = 0; i < 4; i++) {
		if (fork() == 0)
			_exit(file_create("race", SLICE("x"), 0600, NULL) == OK ? 0 : 1);
	}
	int status;
	while (wait(&status) > 0)
		wins += status == 0;
	assert_int_equal(wins, 1);
	assert_int_equal(entries(), 3);
}

static void test_mkdir(void **state)
{
	(void)state;
	assert_int_equal(file_mkdir("a/b//c/", 0750, &ei), OK);
	assert_int_equal(mode_of("a"), 0750);
	assert_int_equal(mode_of("a/b/c"), 0750);
	assert_int_equal(file_mkdir("a/b/d", 0700, &ei), OK);
	assert_int_equal(mode_of("a/b"), 0750); /* existing ones keep theirs */
	assert_int_equal(mode_of("a/b/d"), 0700);
	assert_int_equal(file_mkdir("a/b/d", 0755, &ei), OK);
	assert_int_equal(mode_of("a/b/d"), 0700);
	assert_int_equal(file_mkdir("/", 0755, &ei), OK);
	assert_int_equal(file_mkdir(dir, 0755, &ei), OK);
	assert_int_equal(file_mkdir("./x/../y", 0755, &ei), OK);
	assert_true(file_exists("x") && file_exists("y"));
	assert_int_equal(file_write("f", SLICE(""), 0600, NULL), OK);
	assert_int_equal(file_mkdir("f", 0755, &ei), E_CONFLICT);
	assert_int_equal(file_mkdir("f/g", 0755, &ei), E_CONFLICT);
	assert_int_equal(file_mkdir("", 0755, &ei), OK); /* the directory we are in */
	assert_false(file_exists("nothing"));
}

/* A setgid directory is shared by the group; what is made in it must be as well, whatever the umask. */
static void test_shared(void **state)
{
	static const struct {
		int line;
		mode_t dir, ask, want;
	} rows[] = {
		{ __LINE__, 0700, 0600, 0600 },
		{ __LINE__, 0770, 0600, 0600 },
		{ __LINE__, 02770, 0600, 0660 },
		{ __LINE__, 02770, 0640, 0660 },
		{ __LINE__, 02770, 0400, 0440 },
		{ __LINE__, 02700, 0600, 0660 },
		{ __LINE__, 01777, 0600, 0600 },
		{ __LINE__, 02770, 0604, 0664 },
	};
	int fd;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(mkdir("d", 0700), 0);
		assert_int_equal(chmod("d", rows[i].dir), 0);
		if (file_mode_at("d/f", rows[i].ask) != rows[i].want)
			fail_msg("row in line %d: %o", rows[i].line, file_mode_at("d/f", rows[i].ask));
		assert_int_equal(file_make("d/f", rows[i].ask), 0);
		fd = file_open("d/g", O_RDWR, rows[i].ask);
		assert_true(fd >= 0);
		close(fd);
		if (mode_of("d/f") != rows[i].want || mode_of("d/g") != rows[i].want)
			fail_msg("row in line %d: files %o %o", rows[i].line, mode_of("d/f"), mode_of("d/g"));
		assert_int_equal(file_mkdir("d/a/b", 0750, &ei), OK);
		assert_int_equal(mode_of("d/a"), 0750 | (rows[i].dir & 02000));
		assert_int_equal(mode_of("d/a/b"), 0750 | (rows[i].dir & 02000));
		empty_dir(".");
	}
}

static void test_make(void **state)
{
	int fd;

	(void)state;
	/* What is there keeps its mode and its bytes. */
	assert_int_equal(file_write("f", SLICE("old"), 0604, &ei), OK);
	assert_int_equal(file_make("f", 0600), 0);
	assert_int_equal(mode_of("f"), 0604);
	fd = file_open("f", O_RDONLY, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(lseek(fd, 0, SEEK_END), 3);
	close(fd);
	/* A link may point at a file of somebody else. */
	assert_int_equal(symlink("f", "l"), 0);
	assert_int_equal(file_open("l", O_RDWR, 0600), -1);
	assert_int_equal(errno, ELOOP);
	assert_int_equal(symlink("nowhere", "m"), 0);
	assert_int_equal(file_open("m", O_RDWR, 0600), -1);
	assert_false(file_exists("nowhere"));
	assert_int_equal(file_make("no/f", 0600), -1);
	assert_int_equal(errno, ENOENT);
}

/* Closing any descriptor of a file takes the process's POSIX locks on it, SQLite's among them. */
static void test_make_keeps_locks(void **state)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = file_open("f", O_RDWR, 0600), status = 0;
	pid_t pid;

	(void)state;
	assert_int_equal(fcntl(fd, F_SETLK, &lock), 0);
	assert_int_equal(file_make("f", 0600), 0);
	pid = fork();
	if (pid == 0) {
		lock.l_type = F_WRLCK;
		_exit(fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type == F_WRLCK ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(fd);
}

static void test_resolve(void **state)
{
	static const struct {
		int line;
		const char *base, *rel, *want;
	} rows[] = {
		{ __LINE__, "/etc/jawort/jawort.yaml", "keys", "/etc/jawort/keys" },
		{ __LINE__, "/etc/jawort/jawort.yaml", "/srv/keys", "/srv/keys" },
		{ __LINE__, "jawort.yaml", "keys", "keys" },
		{ __LINE__, "/jawort.yaml", "keys", "/keys" },
		{ __LINE__, "conf/", "../x", "conf/../x" },
		{ __LINE__, "a/b", "", "a/" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *got = file_resolve(rows[i].base, rows[i].rel);
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("row in line %d: %s", rows[i].line, got);
		free(got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_read, clear), cmocka_unit_test_teardown(test_read_sizes, clear),
		cmocka_unit_test_teardown(test_secret_modes, clear),
		cmocka_unit_test_teardown(test_secret_kinds, clear),
		cmocka_unit_test_teardown(test_write, clear), cmocka_unit_test_teardown(test_write_atomic, clear),
		cmocka_unit_test_teardown(test_create, clear), cmocka_unit_test_teardown(test_mkdir, clear),
		cmocka_unit_test_teardown(test_shared, clear), cmocka_unit_test_teardown(test_make, clear),
		cmocka_unit_test_teardown(test_make_keeps_locks, clear),
		cmocka_unit_test(test_resolve),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}

/*
 * Two users, one data directory: what is made in a setgid directory belongs to the group as well. As root the
 * other user is really there: a child with other ids reads and writes the site.
 */
#include "store_test.h"

#include <grp.h>
#include <sys/wait.h>

#include "store/budget.h"
#include "store/keyring.h"

#define GROUP 54000
#define ONE 54001
#define OTHER 54002

static mode_t mode_of(const char *dir, const char *name)
{
	char path[256];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (lstat(path, &st) != 0)
		fail_msg("%s is not there", path);
	return st.st_mode & 07777;
}

static void world_make(struct site *t, mode_t data, mode_t keys)
{
	memset(t, 0, sizeof(*t));
	snprintf(t->root, sizeof(t->root), "/tmp/jawort-shared-XXXXXX");
	assert_non_null(mkdtemp(t->root));
	snprintf(t->dir, sizeof(t->dir), "%s/data/example", t->root);
	snprintf(t->keys, sizeof(t->keys), "%s/keys", t->root);
	assert_int_equal(mkdir(t->keys, 0700), 0);
	assert_int_equal(chmod(t->keys, keys), 0);
	snprintf(t->keys, sizeof(t->keys), "%s/data", t->root);
	assert_int_equal(mkdir(t->keys, 0700), 0);
	assert_int_equal(chmod(t->keys, data), 0);
	snprintf(t->keys, sizeof(t->keys), "%s/keys/example.keys", t->root);
}

static void world_remove(const struct site *t)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execlp("rm", "rm", "-rf", t->root, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void modes_are(const struct site *t, mode_t dir, mode_t file, mode_t ring)
{
	static const char *const files[] = {"data.db", "data.db-wal", "data.db-shm", "keys.db", "write.lock"};
	char root[96];

	snprintf(root, sizeof(root), "%s/data", t->root);
	assert_int_equal(mode_of(root, "example"), dir);
	assert_int_equal(mode_of(root, "budget.db"), file);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (mode_of(t->dir, files[i]) != file)
			fail_msg("%s: %04o instead of %04o", files[i], mode_of(t->dir, files[i]), file);
	assert_int_equal(mode_of(t->root, "keys/example.keys"), ring);
}

static void modes_try(mode_t data, mode_t keys, mode_t mask, mode_t dir, mode_t file, mode_t ring)
{
	struct site t;
	struct budget *b = NULL;
	char root[96];
	mode_t old = umask(mask);

	world_make(&t, data, keys);
	snprintf(root, sizeof(root), "%s/data", t.root);
	assert_ok(site_open(&t, true));
	assert_ok(budget_open(&b, root, EI));
	modes_are(&t, dir, file, ring);
	assert_ok(keyring_rotate_token(t.keys, EI));
	assert_int_equal(mode_of(t.root, "keys/example.keys"), ring);
	budget_close(b);
	site_close(&t);
	umask(old);
	world_remove(&t);
}

static void test_modes(void **state)
{
	(void)state;
	modes_try(0750, 0700, 022, 0700, 0600, 0600);
	modes_try(0770, 0770, 000, 0700, 0600, 0600);
	modes_try(02770, 0700, 022, 02770, 0660, 0600);
	modes_try(02770, 0700, 077, 02770, 0660, 0600);
	/* The group may read keys, never write them. */
	modes_try(02770, 02750, 000, 02770, 0660, 0640);
}

/* In a child with ids of its own: opens the site and writes to it. */
static int as_user(const struct site *t, uid_t uid, bool create)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		struct site mine = *t;
		struct budget *b = NULL;
		struct db *db;
		char root[96];
		gid_t group = GROUP;

		snprintf(root, sizeof(root), "%s/data", t->root);
		umask(022);
		if (setgroups(1, &group) || setregid(GROUP, GROUP) || setreuid(uid, uid))
			_exit(10);
		if (site_open(&mine, create) != OK) {
			print_error("user %d: %s\n", (int)uid, site_ei.text);
			_exit(11);
		}
		if (store_write_begin(mine.store, &db, EI) != OK || store_write_commit(mine.store, EI) != OK)
			_exit(12);
		if (store_checkpoint(mine.store, EI) != OK)
			_exit(13);
		if (budget_open(&b, root, EI) != OK || budget_purge(b, NOW, EI) != OK)
			_exit(14);
		budget_close(b);
		store_close(mine.store);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_two_users(void **state)
{
	struct site t;
	char path[128];

	(void)state;
	if (geteuid() != 0)
		skip();
	world_make(&t, 02770, 02750);
	assert_int_equal(chmod(t.root, 0755), 0);
	snprintf(path, sizeof(path), "%s/data", t.root);
	assert_int_equal(chown(path, ONE, GROUP), 0);
	assert_int_equal(chmod(path, 02770), 0);
	snprintf(path, sizeof(path), "%s/keys", t.root);
	assert_int_equal(chown(path, 0, GROUP), 0);
	assert_int_equal(chmod(path, 02750), 0);
	/* The administrator makes the site; then both users, in turn and each first once. */
	assert_ok(site_open(&t, true));
	site_close(&t);
	assert_int_equal(as_user(&t, ONE, false), 0);
	assert_int_equal(as_user(&t, OTHER, false), 0);
	assert_int_equal(as_user(&t, ONE, false), 0);
	/* While one has it open, so that -wal and -shm are somebody else's. */
	assert_ok(site_open(&t, false));
	assert_int_equal(as_user(&t, OTHER, false), 0);
	site_close(&t);
	world_remove(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_modes), cmocka_unit_test(test_two_users)};

	assert_int_equal(crypt_init(NULL), OK);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#ifndef JAWORT_TESTS_STORE_TEST_H
#define JAWORT_TESTS_STORE_TEST_H
/* A site in a folder of its own, removed afterwards. Include before anything else of a test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/crypt.h"
#include "base/file.h"
#include "store/db.h"

struct site {
	char root[64];
	char dir[96];
	char keys[96];
	struct store *store;
	struct errinfo ei;
};

#define NOW INT64_C(1795269909123) /* 2026-11-21T14:05:09.123Z */

/* Says the text of the error, not only its number. */
#define assert_ok(call)                                                        \
	do {                                                                    \
		enum err e_ = (call);                                           \
		if (e_)                                                         \
			print_error("%s:%d: %s: %s\n", __FILE__, __LINE__, err_name(e_), site_ei.text); \
		assert_int_equal(e_, OK);                                       \
	} while (0)

static struct errinfo site_ei;
#define EI (&site_ei)

static inline struct store_opts site_opts(const struct site *t, bool create)
{
	return (struct store_opts){.site = "example", .dir = t->dir, .keys_path = t->keys, .create = create};
}

static inline enum err site_open(struct site *t, bool create)
{
	struct store_opts o = site_opts(t, create);
	memset(&site_ei, 0, sizeof site_ei);
	return store_open(&t->store, &o, &site_ei);
}

static inline void site_close(struct site *t)
{
	store_close(t->store);
	t->store = NULL;
}

static inline void site_folder(struct site *t)
{
	memset(t, 0, sizeof *t);
	snprintf(t->root, sizeof t->root, "/tmp/jawort-store-XXXXXX");
	assert_non_null(mkdtemp(t->root));
	snprintf(t->dir, sizeof t->dir, "%s/data/example", t->root);
	snprintf(t->keys, sizeof t->keys, "%s/keys/example.keys", t->root);
	assert_int_equal(crypt_init(EI), OK);
}

static inline void site_remove(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	while (d && (e = readdir(d)) != NULL) {
		char *sub = NULL;
		struct stat st;
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		assert_true(asprintf(&sub, "%s/%s", path, e->d_name) > 0);
		if (lstat(sub, &st) == 0 && S_ISDIR(st.st_mode))
			site_remove(sub);
		else
			unlink(sub);
		free(sub);
	}
	if (d)
		closedir(d);
	rmdir(path);
}

static inline int site_setup(void **state)
{
	struct site *t = calloc(1, sizeof *t);
	site_folder(t);
	assert_ok(site_open(t, true));
	*state = t;
	return 0;
}

static inline int site_teardown(void **state)
{
	struct site *t = *state;
	store_close(t->store);
	site_remove(t->root);
	free(t);
	return 0;
}

static inline char *site_file(const struct site *t, const char *name, char dst[static 200])
{
	snprintf(dst, 200, "%s/%s", t->dir, name);
	return dst;
}

/* Whether the bytes occur anywhere in a file. */
static inline bool site_file_has(const struct site *t, const char *name, const void *bytes, size_t n)
{
	char path[200];
	FILE *f = fopen(site_file(t, name, path), "rb");
	bool found = false;
	if (!f)
		return false;
	fseek(f, 0, SEEK_END);
	long size = ftell(f);
	rewind(f);
	char *all = malloc((size_t)size + 1);
	size_t len = fread(all, 1, (size_t)size, f);
	fclose(f);
	found = len >= n && memmem(all, len, bytes, n) != NULL;
	free(all);
	return found;
}

#endif

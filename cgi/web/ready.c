#include "web/ready.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/enc.h"
#include "core/formpage.h"
#include "web/headers_priv.h"
#include "web/page_priv.h"
#include "web/ready_priv.h"

/* As routes and handlers have them. */
static const struct {
	const char *name;
	enum page_class class;
} kinds[READY__MAX] = {
    [READY_FORM] = {"form-", PAGE_PUBLIC},
    [READY_NOTICE] = {"notice", PAGE_NOTICE},
    [READY_PART] = {"part", PAGE_NOTICE},
};

static const char *kind_template(enum ready_kind kind)
{
	return kind == READY_FORM ? formpage_template(FORMPAGE_PAGE) : kind == READY_NOTICE ? "page/notice.html" : NULL;
}

enum err ready_headers(const struct site *s, enum ready_kind kind, struct response *res, char key[READY_KEY_CHARS + 1],
    struct errinfo *ei)
{
	struct request req = {.method = REQUEST_GET, .arena = res->arena};
	struct page p = {.site = s, .req = &req, .res = res, .arena = res->arena, .class = kinds[kind].class};
	unsigned char hash[CRYPT_HASH_BYTES];
	struct buf b;

	headers_class(&p, kind_template(kind));
	buf_init_arena(&b, res->arena, 64 * 1024);
	buf_printf(&b, "%s\n", site_conf(s)->base_url);
	for (size_t i = 0; i < res->count; i++) {
		buf_printf(&b, "%s: ", res->fields[i].name);
		buf_add_slice(&b, res->fields[i].value);
		buf_add_char(&b, '\n');
	}
	if (!response_ok(res) || !buf_ok(&b))
		return err_set(ei, E_NOMEM, "headers of site %s", site_conf(s)->id);
	crypt_sha256(hash, b.data, b.len);
	enc_hex(hash, READY_KEY_CHARS / 2, key);
	return OK;
}

void ready_name(struct buf *b, enum ready_kind kind, const char *form, const char *lang, const char *key)
{
	buf_printf(b, "%s%s.%s.%s.html", kinds[kind].name, kind == READY_FORM ? form : "", lang, key);
}

bool ready_name_is(const char *name)
{
	struct slice s = slice_from(name), key;
	bool known = false;

	if (slice_starts(s, SLICE(READY_TMP)))
		return true;
	for (size_t i = 0; i < READY__MAX; i++)
		known = known || slice_starts(s, slice_from(kinds[i].name));
	if (slice_ends(s, SLICE(".gz")))
		s = slice_sub(s, 0, s.len - 3);
	if (!known || !slice_ends(s, SLICE(".html")) || s.len < 5 + 1 + READY_KEY_CHARS)
		return false;
	key = slice_sub(s, s.len - 5 - READY_KEY_CHARS, READY_KEY_CHARS);
	for (size_t i = 0; i < key.len; i++)
		if (!strchr("0123456789abcdef", key.ptr[i]))
			return false;
	return key.ptr[-1] == '.';
}

enum err ready_sweep(const char *dir, const char *site, bool (*wanted)(void *arg, const char *name), void *arg,
    struct errinfo *ei)
{
	char path[PATH_MAX];
	enum err rc = OK;
	struct dirent *e;
	DIR *d;

	if (snprintf(path, sizeof(path), "%s/%s", dir, site) >= (int)sizeof(path))
		return err_set(ei, E_LIMIT, "%s: the path is too long", dir);
	d = opendir(path);
	if (!d)
		return errno == ENOENT || errno == ENOTDIR ? OK : err_errno(ei, E_IO, errno, "cannot look into %s", path);
	while ((e = readdir(d)))
		if (ready_name_is(e->d_name) && !(wanted && wanted(arg, e->d_name)) && unlinkat(dirfd(d), e->d_name, 0) != 0 &&
		    errno != ENOENT && !rc)
			rc = err_errno(ei, E_IO, errno, "cannot remove %s/%s, which is out of date", path, e->d_name);
	closedir(d);
	if (!wanted)
		rmdir(path); /* only when it is empty */
	return rc;
}

enum err ready_drop(const char *dir, const char *site, struct errinfo *ei)
{
	return ready_sweep(dir, site, NULL, NULL, ei);
}

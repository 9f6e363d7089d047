#include "conf/secret.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/crypt.h"
#include "base/file.h"
#include "conf/key.h"

#define SECRET_MAX_BYTES 4096
#define SECRET_PATH_MAX_BYTES 4096

/* "../provider/mailjet.key" as systemd names it: "provider_mailjet.key". */
static void secret_flat(const char *name, char flat[static SECRET_PATH_MAX_BYTES])
{
	size_t n = 0;

	while (strncmp(name, "../", 3) == 0 || strncmp(name, "./", 2) == 0)
		name = strchr(name, '/') + 1;
	for (; *name && n + 1 < SECRET_PATH_MAX_BYTES; name++)
		flat[n++] = *name == '/' ? '_' : *name;
	flat[n] = '\0';
}

static bool secret_in(const char *dir, const char *name, char path[static SECRET_PATH_MAX_BYTES])
{
	return *dir && snprintf(path, SECRET_PATH_MAX_BYTES, "%s/%s", dir, name) < SECRET_PATH_MAX_BYTES &&
	    file_exists(path);
}

/* Where the file is; false if nowhere. Absolute names have one place only. */
static bool secret_place(const struct conf *c, const struct conf_site *s, const char *name,
    char path[static SECRET_PATH_MAX_BYTES])
{
	char flat[SECRET_PATH_MAX_BYTES], *beside = file_resolve(s->file, name);
	bool found = beside && slice_copy(slice_from(beside), path, SECRET_PATH_MAX_BYTES) && file_exists(path);

	free(beside);
	if (found || name[0] == '/')
		return found;
	secret_flat(name, flat);
	return secret_in(c->credentials_dir, name, path) || secret_in(c->credentials_dir, flat, path) ||
	    secret_in(c->keys, name, path);
}

void conf_keyring_path(const struct conf *c, const char *site, struct buf *out)
{
	char path[SECRET_PATH_MAX_BYTES], name[SECRET_PATH_MAX_BYTES];

	snprintf(name, sizeof(name), "%s.keys", site);
	if (*c->credentials_dir && strcmp(c->keys, c->credentials_dir) == 0 && !secret_in(c->keys, name, path)) {
		snprintf(name, sizeof(name), "keys_%s.keys", site);
		if (!secret_in(c->keys, name, path))
			snprintf(name, sizeof(name), "%s.keys", site);
	}
	buf_printf(out, "%s/%s", c->keys, name);
}

static enum err secret_line(struct slice text, const char *which, const char *path, struct slice *line,
    struct errinfo *ei)
{
	*line = text;
	if (line->len && line->ptr[line->len - 1] == '\n')
		line->len--;
	if (line->len && line->ptr[line->len - 1] == '\r')
		line->len--;
	if (line->len == 0)
		return err_set(ei, E_INVALID, "%s: %s is empty. Write the secret into it, one line", which, path);
	for (size_t i = 0; i < line->len; i++)
		if ((unsigned char)line->ptr[i] < 0x20 || line->ptr[i] == 0x7f)
			return err_set(ei, E_INVALID, "%s: %s must be one line without control characters", which, path);
	return OK;
}

enum err conf_secret_read(const struct conf *c, const struct conf_site *s, const char *which, struct buf *out,
    struct errinfo *ei)
{
	const struct conf_key *k = conf_key_find(false, which);
	const char *name = k && k->type == CONF_T_SECRET ? conf_item_value(s, which) : NULL;
	char path[SECRET_PATH_MAX_BYTES];
	struct buf text;
	struct slice line;
	enum err e;

	if (!name)
		return err_set(ei, E_NOT_FOUND, "%s is not configured for site %s", which, s->id);
	if (!secret_place(c, s, name, path))
		return err_set(ei, E_NOT_FOUND, "%s: there is no file \"%s\" beside %s%s%s or in %s", which, name, s->file,
		    *c->credentials_dir ? ", in " : "", c->credentials_dir, c->keys);
	buf_init(&text, SECRET_MAX_BYTES);
	e = file_read_secret(&text, path, ei);
	if (!e)
		e = secret_line(buf_slice(&text), which, path, &line, ei);
	if (!e)
		buf_add_slice(out, line);
	if (!e && !buf_ok(out))
		e = err_set(ei, E_LIMIT, "%s: %s is longer than expected", which, path);
	crypt_wipe(text.data, text.len);
	buf_free(&text);
	return e;
}

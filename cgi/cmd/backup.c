#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/file.h"
#include "base/log.h"
#include "cmd/backup_priv.h"
#include "store/backup.h"
#include "store/journal.h"
#include "text/jsonw.h"

#define NAME_END ".jwb"

/* One backup of one site: where to, and what has run out there. */
struct job {
	const struct cmd_args *args;
	const struct conf_site *site;
	enum pack_kind kind;
	const char *to; /* as given */
	bool dir;       /* into this folder, under a name of ours */
	int64_t keep_ms, now_ms;
	char path[PATH_MAX];
	int64_t bytes, took_ms;
	unsigned removed;
};

static bool is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* "example-data-20261122T041500Z.jwb": sorts by time, and no colon that a file system could dislike. */
static enum err job_path(struct job *j, struct errinfo *ei)
{
	char when[CLOCK_ISO_BYTES], flat[CLOCK_ISO_BYTES];
	size_t n = 0;
	int len;

	clock_iso(j->now_ms, when);
	for (size_t i = 0; when[i] && when[i] != '.'; i++)
		if (when[i] != '-' && when[i] != ':')
			flat[n++] = when[i];
	flat[n] = '\0';
	len = j->dir ? snprintf(j->path, sizeof(j->path), "%s/%s-%s-%sZ" NAME_END, j->to, j->site->id, pack_kind_name(j->kind), flat)
	    : snprintf(j->path, sizeof(j->path), "%s", j->to);
	return len > 0 && (size_t)len < sizeof(j->path) ? OK : err_set(ei, E_LIMIT, "%s: path too long", j->to);
}

/* What a crash left half, or a backup of this site and kind whose time is over. */
static bool has_run_out(const struct job *j, const char *path, const char *name)
{
	char prefix[128];
	struct errinfo ei;
	struct pack_head h;

	snprintf(prefix, sizeof(prefix), "%s-%s-", j->site->id, pack_kind_name(j->kind));
	if (!slice_starts(slice_from(name), slice_from(prefix)) || strcmp(path, j->path) == 0)
		return false;
	if (slice_ends(slice_from(name), SLICE(NAME_END ".part")))
		return true;
	return slice_ends(slice_from(name), SLICE(NAME_END)) && pack_head_read(path, &h, &ei) == OK && h.kind == j->kind &&
	    strcmp(h.site, j->site->id) == 0 && h.made_ms < j->now_ms - j->keep_ms;
}

static enum err rotate(struct job *j, struct errinfo *ei)
{
	DIR *d = j->dir ? opendir(j->to) : NULL;
	char path[PATH_MAX + 256];
	struct dirent *e;
	enum err rc = OK;

	while (d && (e = readdir(d)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", j->to, e->d_name);
		if (!has_run_out(j, path, e->d_name))
			continue;
		if (!j->args->dry && unlink(path) < 0)
			rc = err_errno(ei, E_IO, errno, "%s: its time is over, and it cannot be removed", path);
		else
			j->removed++;
		if (j->args->dry && !j->args->json)
			printf("would remove %s\n", path);
	}
	if (d)
		closedir(d);
	return rc;
}

static void job_print(const struct job *j, struct jsonw *w)
{
	if (j->args->json) {
		jsonw_object(w);
		jsonw_kcstr(w, "site", j->site->id);
		jsonw_kcstr(w, "kind", pack_kind_name(j->kind));
		jsonw_kcstr(w, "file", j->path);
		jsonw_kint(w, "bytes", j->bytes);
		jsonw_kint(w, "ms", j->took_ms);
		jsonw_kint(w, "removed", j->removed);
		jsonw_end_object(w);
		return;
	}
	if (j->args->dry)
		printf("would write %s\n", j->path);
	else
		printf("%s: %s, %lld bytes in %lld ms%s\n", j->site->id, j->path, (long long)j->bytes, (long long)j->took_ms,
		    j->removed ? "; older ones removed" : "");
}

/* The journal first: what the backup does not hold yet is written down before, and its time is known. */
static void journal_now(struct store *st, int64_t now_ms)
{
	struct errinfo ei = {.code = OK};

	if (journal_flush(st, now_ms, &ei) != OK)
		log_err(LOG_ERROR, "journal_failed", &ei);
}

static enum err job_run(struct job *j, const struct conf *c, const unsigned char pub[BOX_PUBLIC_BYTES], struct errinfo *ei)
{
	int64_t start = clock_mono_ms();
	struct backup_done done;
	struct store *st;
	enum err rc = job_path(j, ei);

	if (!rc && !j->args->dry) {
		rc = cmd_store(c, j->site, false, &st, ei);
		if (rc)
			return rc;
		journal_now(st, j->now_ms);
		rc = backup_write(st, j->kind, j->path, pub, j->now_ms, &done, ei);
		store_close(st);
		j->bytes = done.bytes;
		j->took_ms = clock_mono_ms() - start;
	}
	return rc ? rc : rotate(j, ei);
}

/* One site: data, keys, or both. */
static int site_run(const struct cmd_args *a, const struct conf *c, const struct conf_site *s,
    const unsigned char pub[BOX_PUBLIC_BYTES], struct jsonw *w)
{
	const struct {
		const char *to;
		enum pack_kind kind;
		struct conf_duration keep;
	} both[] = {{a->n ? a->words[0] : NULL, PACK_DATA, s->retention.backups}, {a->keys, PACK_KEYS, s->retention.backup_keys}};
	struct errinfo ei = {.code = OK};
	int rc = CMD_DONE;

	for (size_t i = 0; i < 2; i++) {
		struct job j = {.args = a, .site = s, .kind = both[i].kind, .to = both[i].to, .keep_ms = both[i].keep.seconds * 1000,
		    .now_ms = clock_now_ms()};

		if (!j.to)
			continue;
		j.dir = is_dir(j.to);
		if (job_run(&j, c, pub, &ei) != OK)
			rc = cmd_fail("backup", &ei);
		else
			job_print(&j, w);
	}
	return rc;
}

/* All sites into folders; a file is for one. */
static int backup_all(const struct cmd_args *a, const struct conf *c, const unsigned char pub[BOX_PUBLIC_BYTES],
    struct jsonw *w)
{
	const bool dirs = (!a->n || is_dir(a->words[0])) && (!a->keys || is_dir(a->keys));
	const struct conf_site *one;
	int rc = CMD_DONE;

	if (a->site || !dirs || c->nsites == 1) {
		one = cmd_site(a, c);
		return one ? site_run(a, c, one, pub, w) : CMD_USAGE;
	}
	for (size_t i = 0; i < c->nsites; i++) {
		int e = site_run(a, c, c->sites[i], pub, w);

		rc = e ? e : rc;
	}
	return rc;
}

int cmd_backup(const struct cmd_args *a)
{
	unsigned char pub[BOX_PUBLIC_BYTES];
	struct conf *c;
	struct jsonw w;
	struct buf b;
	int rc, e;

	if (a->n > 1 || (!a->n && !a->keys))
		return cmd_usage("backup FILE|FOLDER, backup --keys FILE|FOLDER, or both");
	rc = cmd_load(a, &c);
	if (rc)
		return rc;
	if (!enc_b64url_decode(slice_from(c->backup.public_key), pub, sizeof(pub))) {
		struct errinfo ei = {.code = OK};

		err_set(&ei, E_NOT_FOUND, "%s: backup.public_key is missing. jawort key new --backup makes it", c->file);
		conf_free(c);
		cmd_fail("backup", &ei);
		return CMD_BAD_CONFIG;
	}
	buf_init(&b, 1u << 20);
	jsonw_init(&w, &b);
	jsonw_array(&w);
	rc = backup_all(a, c, pub, &w);
	jsonw_end_array(&w);
	buf_add_char(&b, '\n');
	e = a->json ? cmd_print(&b) : CMD_DONE;
	buf_free(&b);
	conf_free(c);
	return rc ? rc : e;
}

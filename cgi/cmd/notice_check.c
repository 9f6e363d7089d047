/* notice check DIR: which exported notices and pasted forms of a built site are out of date. Fetches nothing. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "cmd/notice_priv.h"
#include "core/formpage.h"
#include "core/mark.h"
#include "text/jsonw.h"

#define FILE_MAX_BYTES (16u * 1024u * 1024u)
#define PATH_MAX_BYTES 4096u
#define DEPTH_MAX 64
#define OUT_MAX_BYTES (64u * 1024u * 1024u)

/* What a site says now: made when its first mark is met. */
struct now {
	struct site *site;
	bool tried;
};

struct check {
	const struct cmd_args *args;
	const struct conf *conf;
	struct now *now;       /* [conf->nsites] */
	struct arena arena;    /* of one rendering */
	struct arena urls;
	struct slice *forms;   /* addresses of all forms */
	size_t nforms;
	struct buf path, text, out;
	struct jsonw json;
	size_t files, notices, pasted, drifted, unread;
};

static size_t line_of(struct slice text, size_t at)
{
	size_t n = 1;

	for (size_t i = 0; i < at; i++)
		n += text.ptr[i] == '\n';
	return n;
}

static void finding(struct check *c, size_t at, const char *what, struct slice who, const char *why)
{
	size_t line = line_of(buf_slice(&c->text), at);

	c->drifted++;
	if (!c->args->json) {
		buf_printf(&c->out, "%s:%zu: %s %.*s: %s\n", c->path.data, line, what, SLICE_FMT(who), why);
		return;
	}
	jsonw_object(&c->json);
	jsonw_kstr(&c->json, "file", buf_slice(&c->path));
	jsonw_kint(&c->json, "line", (int64_t)line);
	jsonw_kcstr(&c->json, "what", what);
	jsonw_kstr(&c->json, "name", who);
	jsonw_kcstr(&c->json, "text", why);
	jsonw_end_object(&c->json);
}

static struct site *site_of(struct check *c, size_t i)
{
	struct errinfo ei = {.code = OK};

	if (!c->now[i].tried && site_new(&c->now[i].site, c->conf, c->conf->sites[i], &ei))
		cmd_fail(c->conf->sites[i]->id, &ei);
	c->now[i].tried = true;
	return c->now[i].site;
}

/* ---- notices ---- */

static const char *notice_state(struct check *c, const struct mark *m)
{
	char hex[ENC_HEX_BYTES(CRYPT_HASH_BYTES)];
	unsigned char hash[CRYPT_HASH_BYTES];
	struct errinfo ei = {.code = OK};
	struct site *s = NULL;
	struct buf body;
	const char *lang;

	for (size_t i = 0; i < c->conf->nsites && !s; i++)
		if (slice_eq_str(m->site, c->conf->sites[i]->id))
			s = site_of(c, i);
	if (!s)
		return "no such site is in this configuration, or it is broken";
	lang = site_lang(s, m->lang);
	if (!lang || !slice_eq_str(m->lang, lang))
		return "the site no longer has this language";
	arena_reset(&c->arena);
	buf_init_arena(&body, &c->arena, NOTICE_MAX_BYTES);
	if (notice_body(s, &c->arena, lang, &body, &ei)) {
		cmd_fail("notice", &ei);
		return "the notice of today cannot be made, see above";
	}
	crypt_sha256(hash, body.data, body.len);
	return slice_eq_str(m->hash_hex, enc_hex(hash, sizeof(hash), hex)) ? NULL :
	    "out of date. Build anew with `jawort notice export`";
}

static void notices_look(struct check *c)
{
	struct slice text = buf_slice(&c->text);
	struct mark m;

	for (size_t at = 0; mark_next(text, &at, &m);) {
		const char *why = notice_state(c, &m);
		struct slice who = slice_make(m.site.ptr, m.site.len + 1 + m.lang.len);
		c->notices++;
		if (why)
			finding(c, m.at, "notice", who, why);
	}
}

/* ---- forms ---- */

static bool form_current(struct check *c, size_t i, const struct conf_form *form, struct slice v)
{
	const struct conf_list *langs = &c->conf->sites[i]->languages;
	const struct site *s = site_of(c, i);

	for (size_t l = 0; s && l < langs->n; l++) {
		const struct consent *k = site_consent(s, form, langs->v[l]);
		if (k && consent_v_matches(k, v))
			return true;
	}
	return false;
}

static void forms_look(struct check *c)
{
	struct slice text = buf_slice(&c->text);
	size_t n = 0;

	for (size_t i = 0; i < c->conf->nsites; i++)
		for (size_t f = 0; f < c->conf->sites[i]->nforms; f++, n++) {
			const struct conf_form *form = &c->conf->sites[i]->forms[f];
			struct mark_form m;
			for (size_t at = 0; mark_form_next(text, c->forms[n], &at, &m);) {
				if (!m.v.len)
					continue;
				c->pasted++;
				if (!form_current(c, i, form, m.v))
					finding(c, m.at, "form", slice_from(form->id),
					    "the wording in it is not that of today. Paste or build it anew");
			}
		}
}

static bool urls_make(struct check *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->conf->nsites; i++)
		n += c->conf->sites[i]->nforms;
	c->forms = arena_alloc(&c->urls, (n + 1) * sizeof(*c->forms));
	for (size_t i = 0; c->forms && i < c->conf->nsites; i++)
		for (size_t f = 0; f < c->conf->sites[i]->nforms; f++) {
			struct buf b;
			buf_init_arena(&b, &c->urls, PATH_MAX_BYTES);
			buf_printf(&b, "%s/s/%s", c->conf->sites[i]->base_url, c->conf->sites[i]->forms[f].id);
			c->forms[c->nforms++] = buf_slice(&b);
		}
	return arena_ok(&c->urls);
}

/* ---- the folder ---- */

static void file_look(struct check *c)
{
	struct errinfo ei = {.code = OK};

	buf_reset(&c->text);
	if (file_read(&c->text, c->path.data, &ei)) {
		c->unread++;
		fprintf(stderr, "jawort: not looked at: %s\n", ei.text);
		return;
	}
	c->files++;
	notices_look(c);
	if (memmem(c->text.data, c->text.len, "/s/", 3))
		forms_look(c);
}

static int folder_walk(struct check *c, int depth);

static void entry_look(struct check *c, const char *name, int depth)
{
	size_t len = c->path.len;
	struct stat st;

	if (len + strlen(name) + 2 > PATH_MAX_BYTES) {
		c->unread++;
		return;
	}
	buf_printf(&c->path, "%s%s", len && c->path.data[len - 1] == '/' ? "" : "/", name);
	if (lstat(c->path.data, &st) != 0)
		c->unread++;
	else if (S_ISREG(st.st_mode) && st.st_size <= FILE_MAX_BYTES) /* larger ones are films */
		file_look(c);
	else if (S_ISDIR(st.st_mode) && folder_walk(c, depth + 1) != 0)
		c->unread++;
	buf_truncate(&c->path, len);
}

/* In the order of names; hidden folders and links are left alone. */
static int folder_walk(struct check *c, int depth)
{
	struct dirent **names;
	int n = depth < DEPTH_MAX ? scandir(c->path.data, &names, NULL, alphasort) : -1;

	if (n < 0)
		return -1;
	for (int i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.')
			entry_look(c, names[i]->d_name, depth);
		free(names[i]);
	}
	free(names);
	return 0;
}

static int check_end(struct check *c)
{
	if (c->args->json) {
		jsonw_end_array(&c->json);
		jsonw_kint(&c->json, "files", (int64_t)c->files);
		jsonw_kint(&c->json, "notices", (int64_t)c->notices);
		jsonw_kint(&c->json, "forms", (int64_t)c->pasted);
		jsonw_end_object(&c->json);
		buf_add_char(&c->out, '\n');
	} else {
		buf_printf(&c->out, "%zu files, %zu exported notices, %zu pasted forms, %zu out of date\n", c->files,
		    c->notices, c->pasted, c->drifted);
		if (!c->notices && !c->pasted)
			buf_printf(&c->out, "Nothing of Jawort was found in %s. Notices that `jawort notice export` made and forms "
			    "with the field \"v\" can be checked; elements with a script always show the live text.\n",
			    c->args->words[1]);
	}
	if (cmd_print(&c->out) != CMD_DONE || c->unread)
		return CMD_FAILED;
	return c->drifted || (!c->notices && !c->pasted) ? CMD_FINDINGS : CMD_DONE;
}

static int check_run(struct check *c)
{
	buf_add_str(&c->path, c->args->words[1]);
	if (c->args->json) {
		jsonw_init(&c->json, &c->out);
		jsonw_object(&c->json);
		jsonw_key(&c->json, "findings");
		jsonw_array(&c->json);
	}
	if (!urls_make(c)) {
		fputs("jawort: notice check: no memory\n", stderr);
		return CMD_FAILED;
	}
	if (folder_walk(c, 0) != 0) {
		fprintf(stderr, "jawort: notice check: %s cannot be read as a folder\n", c->args->words[1]);
		return CMD_FAILED;
	}
	return check_end(c);
}

int notice_check(const struct cmd_args *a, const struct conf *conf)
{
	struct check c = {.args = a, .conf = conf};
	int code;

	c.now = calloc(conf->nsites + 1, sizeof(*c.now));
	if (!c.now)
		return CMD_FAILED;
	arena_init(&c.arena, NOTICE_ARENA_BYTES);
	arena_init(&c.urls, NOTICE_ARENA_BYTES);
	buf_init(&c.path, PATH_MAX_BYTES);
	buf_init(&c.text, FILE_MAX_BYTES);
	buf_init(&c.out, OUT_MAX_BYTES);
	code = check_run(&c);
	for (size_t i = 0; i < conf->nsites; i++)
		site_free(c.now[i].site);
	free(c.now);
	buf_free(&c.out);
	buf_free(&c.text);
	buf_free(&c.path);
	arena_free(&c.urls);
	arena_free(&c.arena);
	return code;
}

#include "conf/conf.h"
#include <glob.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "base/bug.h"
#include "base/crypt.h"
#include "base/enc.h"
#include "base/file.h"
#include "conf/conf_priv.h"
#include "conf/show.h"

#define LOAD_SITES_MAX 4096
/* A usual site takes 6 KiB; a thousand of them stay in memory, and what a block has left over as well. */
#define LOAD_SITE_BLOCK_BYTES 1024u
#define LOAD_ARENA_MAX_BYTES (16u * 1024u * 1024u)

/* A site lives as long as any configuration that lists it. */
struct site_box {
	struct conf_site site; /* first: a site's address is its box's */
	struct arena arena;
	atomic_uint refs;
};

struct host_box {
	struct conf conf;
	struct arena arena;
};

struct load {
	const struct conf_opts *opts;
	struct conf_report *rep;
	struct host_box *box;
	struct conf_site **sites;
	struct conf_broken *broken;
	struct arena tmp; /* nodes of the file being read */
};

static void site_box_drop(const struct conf_site *s)
{
	struct site_box *box = (struct site_box *)(uintptr_t)s;

	if (!box || atomic_fetch_sub(&box->refs, 1) != 1)
		return;
	arena_free(&box->arena);
	free(box);
}

void conf_free(struct conf *c)
{
	struct host_box *box;

	if (!c)
		return;
	box = c->priv;
	for (size_t i = 0; i < c->nsites; i++)
		site_box_drop(c->sites[i]);
	arena_free(&box->arena);
	free(box);
}

static const char *load_str(struct arena *a, const char *s)
{
	const char *p = arena_str(a, slice_from(s));

	return p ? p : "";
}

/* One file from disk to bound struct. Errors are in the sink. */
static enum err load_text(struct buf *text, const char *path, struct conf_sink *sink, struct errinfo *ei)
{
	struct errinfo mine;
	enum err e;

	buf_init(text, CONF_FILE_MAX_BYTES);
	e = file_read(text, path, &mine);
	if (e == E_LIMIT)
		conf_sink_error(sink, 0, 0, "the file is larger than 1 MiB. Split it");
	else if (e)
		conf_sink_error(sink, 0, 0, "%s", mine.text);
	if (e && ei)
		*ei = mine;
	return e;
}

static bool load_is_tryout(const struct conf_node *root)
{
	const struct conf_node *mode = conf_node_child(root, "mode");

	return mode && mode->kind == CONF_N_SCALAR && slice_eq_str(mode->value, "try-out");
}

static void load_site_hash(struct conf_site *s)
{
	conf_hash(s, s->hash);
	enc_hex(s->hash, sizeof(s->hash), s->hash_hex);
}

bool conf_load_site(struct conf_bind *b, struct slice text, struct conf_node **root, struct conf_site *s)
{
	if (!conf_parse(b->tmp, b->sink, text, root))
		return false;
	b->sink->tryout = load_is_tryout(*root);
	conf_bind_root(b, *root, CONF_S_SITE, s);
	conf_finish_site(b, *root, s);
	conf_check_site(b, s);
	s->items = conf_bind_items(b, &s->nitems);
	if (!arena_ok(b->a) || !arena_ok(b->tmp))
		conf_sink_error(b->sink, 0, 0, "out of memory");
	if (b->sink->errors)
		return false;
	load_site_hash(s);
	return true;
}

/* id and address as far as a broken file gives them: for status and the 503 page. */
static void load_broken(struct load *l, const char *file, const struct conf_node *root, const struct conf_sink *sink)
{
	struct arena *a = &l->box->arena;
	struct conf_broken *k = &l->broken[l->box->conf.nbroken++];
	const struct conf_node *id = conf_node_child(root, "site"), *base = conf_node_child(root, "base_url");
	const char *stem = strrchr(file, '/');
	struct slice name;

	*k = (struct conf_broken){.file = load_str(a, file), .nerrors = sink->errors,
		.first = load_str(a, sink->first ? sink->first : ""), .base_url = "", .base_host = "", .base_path = ""};
	name = slice_from(stem ? stem + 1 : file);
	name = slice_sub(name, 0, slice_find(name, '.', 1));
	k->id = arena_str(a, name);
	if (id && id->kind == CONF_N_SCALAR && conf_value_id(id->value))
		k->id = arena_str(a, id->value);
	k->id = k->id ? k->id : "";
	if (base && base->kind == CONF_N_SCALAR)
		conf_base_split(a, base->value, &k->base_url, &k->base_host, &k->base_path);
}

/* The last good state of a file that is broken now. */
static void load_keep(struct load *l, const char *file)
{
	const struct conf *last = l->opts->last;
	struct conf *c = &l->box->conf;

	for (size_t i = 0; last && i < last->nsites; i++) {
		struct site_box *box = (struct site_box *)(uintptr_t)last->sites[i];

		if (strcmp(box->site.file, file) != 0)
			continue;
		atomic_fetch_add(&box->refs, 1);
		l->sites[c->nsites++] = &box->site;
		l->broken[c->nbroken - 1].kept = true;
		return;
	}
}

/* Two files must not claim the same data folder or the same address. */
static void load_unique(const struct load *l, struct conf_bind *b, const struct conf_site *s)
{
	const struct conf *c = &l->box->conf;
	int line, col;

	for (size_t i = 0; i < c->nsites; i++) {
		const struct conf_site *o = l->sites[i];

		if (strcmp(o->id, s->id) == 0) {
			conf_bind_place(b, "site", &line, &col);
			conf_sink_error(b->sink, line, col, "site: \"%s\" is taken by %s. Give each site its own name", s->id,
			    o->file);
		}
		if (strcmp(o->base_host, s->base_host) == 0 && strcmp(o->base_path, s->base_path) == 0) {
			conf_bind_place(b, "base_url", &line, &col);
			conf_sink_error(b->sink, line, col, "base_url: %s is taken by %s. Give each site its own address",
			    s->base_url, o->file);
		}
	}
}

static struct site_box *load_box(const char *file)
{
	struct site_box *box = calloc(1, sizeof(*box));

	if (!box)
		return NULL;
	arena_init_blocks(&box->arena, LOAD_ARENA_MAX_BYTES, LOAD_SITE_BLOCK_BYTES);
	atomic_init(&box->refs, 1);
	box->site.file = load_str(&box->arena, file);
	return box;
}

static enum err load_site(struct load *l, const char *file)
{
	struct site_box *box = load_box(file);
	struct conf_sink sink;
	struct conf_node *root = NULL;
	struct conf_bind b = {.sink = &sink, .tmp = &l->tmp, .file = file};
	struct buf text;
	bool good;

	if (!box)
		return E_NOMEM;
	b.a = &box->arena;
	arena_reset(&l->tmp);
	conf_sink_init(&sink, l->rep, file);
	good = load_text(&text, file, &sink, NULL) == OK && conf_load_site(&b, buf_slice(&text), &root, &box->site);
	if (good) {
		load_unique(l, &b, &box->site);
		good = sink.errors == 0;
	}
	if (good) {
		l->sites[l->box->conf.nsites++] = &box->site;
	} else {
		load_broken(l, file, root, &sink);
		load_keep(l, file);
		site_box_drop(&box->site);
	}
	buf_free(&text);
	conf_sink_free(&sink);
	return OK;
}

static bool load_wanted(const struct load *l, const char *file, bool by_stem)
{
	const char *stem = strrchr(file, '/');
	size_t n = l->opts->only_site ? strlen(l->opts->only_site) : 0;

	if (!l->opts->only_site || !by_stem)
		return true;
	stem = stem ? stem + 1 : file;
	return strncmp(stem, l->opts->only_site, n) == 0 && (stem[n] == '.' || stem[n] == '\0');
}

static int load_path_cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Only the site that is asked for stays. */
static void load_filter(struct load *l)
{
	struct conf *c = &l->box->conf;
	size_t kept = 0;

	for (size_t i = 0; l->opts->only_site && i < c->nsites; i++) {
		if (strcmp(l->sites[i]->id, l->opts->only_site) == 0)
			l->sites[kept++] = l->sites[i];
		else
			site_box_drop(l->sites[i]);
	}
	if (!l->opts->only_site)
		return;
	c->nsites = kept;
	kept = 0;
	for (size_t i = 0; i < c->nbroken; i++)
		if (strcmp(l->broken[i].id, l->opts->only_site) == 0)
			l->broken[kept++] = l->broken[i];
	c->nbroken = kept;
}

static enum err load_files(struct load *l, char **paths, size_t n)
{
	struct conf *c = &l->box->conf;
	enum err e = OK;

	l->sites = arena_alloc(&l->box->arena, (n + 1) * sizeof(*l->sites));
	l->broken = arena_alloc(&l->box->arena, (n + 1) * sizeof(*l->broken));
	if (!l->sites || !l->broken)
		return E_NOMEM;
	c->sites = (const struct conf_site *const *)l->sites;
	c->broken = l->broken;
	for (size_t i = 0; i < n && !e; i++)
		if (load_wanted(l, paths[i], true))
			e = load_site(l, paths[i]);
	if (!l->opts->only_site || e)
		return e;
	load_filter(l);
	/* The file may have another name than its site. */
	for (size_t i = 0; i < n && !e && c->nsites + c->nbroken == 0; i++) {
		e = load_site(l, paths[i]);
		load_filter(l);
	}
	return e;
}

static enum err load_sites(struct load *l, struct errinfo *ei)
{
	glob_t g = {0};
	struct conf_sink sink;
	enum err e = OK;
	int rc = glob(l->box->conf.sites_glob, GLOB_NOSORT, NULL, &g);
	size_t n = rc == 0 ? g.gl_pathc : 0;

	conf_sink_init(&sink, l->rep, l->box->conf.file);
	if (rc != 0 && rc != GLOB_NOMATCH) {
		e = err_set(ei, rc == GLOB_NOSPACE ? E_NOMEM : E_IO, "cannot list the site files %s: check the folder's mode",
		    l->box->conf.sites_glob);
	} else if (n > LOAD_SITES_MAX) {
		e = err_set(ei, E_LIMIT, "%zu site files match %s; 4096 is the limit", n, l->box->conf.sites_glob);
	} else {
		if (n == 0)
			conf_sink_add(&sink, CONF_WARNING, "", 0, 0, "", "no site file matches %s", l->box->conf.sites_glob);
		if (n)
			qsort(g.gl_pathv, n, sizeof(*g.gl_pathv), load_path_cmp);
		e = load_files(l, g.gl_pathv, n);
		if (e == E_NOMEM)
			err_set(ei, e, "out of memory while reading site files");
	}
	conf_sink_free(&sink);
	globfree(&g);
	return e;
}

void conf_load_host(struct conf_bind *b, struct slice text, struct conf *c)
{
	struct conf_node *root = NULL;

	if (!conf_parse(b->tmp, b->sink, text, &root))
		return;
	conf_bind_root(b, root, CONF_S_HOST, c);
	conf_finish_host(b, c);
	conf_check_host(b, c);
	c->items = conf_bind_items(b, &c->nitems);
	if (!arena_ok(b->a) || !arena_ok(b->tmp))
		conf_sink_error(b->sink, 0, 0, "out of memory");
}

static enum err load_host(struct load *l, struct errinfo *ei)
{
	struct conf *c = &l->box->conf;
	struct conf_sink sink;
	struct conf_bind b = {.sink = &sink, .a = &l->box->arena, .tmp = &l->tmp, .file = l->opts->path, .host = true,
		.credentials_dir = l->opts->credentials_dir};
	struct buf text;
	enum err e;

	conf_sink_init(&sink, l->rep, l->opts->path);
	e = load_text(&text, l->opts->path, &sink, ei);
	if (!e)
		conf_load_host(&b, buf_slice(&text), c);
	if (!e && sink.errors)
		e = err_set(ei, E_INVALID, "%s", sink.first ? sink.first : "configuration is broken");
	if (e == E_LIMIT)
		e = E_INVALID;
	buf_free(&text);
	conf_sink_free(&sink);
	return e;
}

enum err conf_load(const struct conf_opts *opts, struct conf **out, struct conf_report *rep, struct errinfo *ei)
{
	struct load l = {.opts = opts, .rep = rep};
	enum err e;

	*out = NULL;
	l.box = calloc(1, sizeof(*l.box));
	if (!l.box)
		return err_set(ei, E_NOMEM, "out of memory");
	arena_init(&l.box->arena, LOAD_ARENA_MAX_BYTES);
	arena_init(&l.tmp, CONF_TREE_MAX_BYTES);
	l.box->conf.priv = l.box;
	l.box->conf.file = load_str(&l.box->arena, opts->path);
	e = load_host(&l, ei);
	if (!e)
		e = load_sites(&l, ei);
	arena_free(&l.tmp);
	if (!e && !arena_ok(&l.box->arena))
		e = err_set(ei, E_NOMEM, "out of memory");
	if (e) {
		conf_free(&l.box->conf);
		return e;
	}
	*out = &l.box->conf;
	return OK;
}

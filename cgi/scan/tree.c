#include "scan/tree.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/file.h"

#define SLOTS 65536u /* of the table of entries; a power of two above TREE_ENTRIES_MAX */
#define MEMORY_BYTES (256u * 1024u * 1024u)
#define DEPTH_MAX 64

struct priv {
	struct arena mem;
	unsigned slots[SLOTS]; /* index of the entry, plus one */
	struct page page;
	struct buf text;
	struct tree *tree;
	const char *file;
	bool failed;
};

static unsigned hash_of(enum page_way way, struct slice host, struct slice own)
{
	unsigned h = 2166136261u ^ (unsigned)way;

	for (size_t i = 0; i < host.len + own.len; i++)
		h = (h ^ (unsigned char)(i < host.len ? host.ptr[i] : own.ptr[i - host.len])) * 16777619u;
	return h;
}

/* Scripts of one's own are told apart by the module they are a copy of, everything else by its host. */
static struct tree_entry *entry_at(struct priv *p, const struct page_seen *s, const struct module *m)
{
	struct slice own = slice_from(!s->host.len && m ? m->id : "");
	struct tree *t = p->tree;
	struct tree_entry *e;
	unsigned i = hash_of(s->way, s->host, own);

	for (;; i++) {
		unsigned *slot = &p->slots[i & (SLOTS - 1)];
		e = *slot ? &t->entries[*slot - 1] : NULL;
		if (e && e->way == s->way && slice_eq_str(s->host, e->host) && e->module == m)
			return e;
		if (e)
			continue;
		if (t->n == TREE_ENTRIES_MAX) {
			t->dropped++;
			return NULL;
		}
		e = &t->entries[t->n];
		*e = (struct tree_entry){.way = s->way, .host = arena_str(&p->mem, s->host),
		    .url = arena_str(&p->mem, s->url), .module = m};
		e->host = e->host ? e->host : "";
		e->url = e->url ? e->url : "";
		*slot = (unsigned)++t->n;
		return e;
	}
}

static const struct module *module_for(const struct page_seen *s)
{
	if (s->host.len)
		return module_of_host(s->host);
	return s->way == PAGE_SCRIPT ? module_of_script(s->url) : NULL;
}

static void seen(const struct page_seen *s, void *arg)
{
	struct priv *p = arg;
	struct tree_entry *e;

	if (s->way >= PAGE_WORDING)
		return;
	/* Files of one's own say nothing, but for scripts and forms. */
	if (!s->host.len && (s->way <= PAGE_HINT || s->way == PAGE_LATER || s->way == PAGE_LINK) &&
	    !(s->way == PAGE_SCRIPT && module_for(s)))
		return;
	e = entry_at(p, s, module_for(s));
	if (!e)
		return;
	e->count++;
	if (e->nplaces < TREE_PLACES)
		e->places[e->nplaces++] = (struct tree_place){p->file, s->line, s->column};
}

static const struct {
	const char *ending;
	enum { KIND_HTML, KIND_CSS, KIND_SCRIPT } kind;
} kinds[] = {
	{".html", KIND_HTML}, {".htm", KIND_HTML}, {".xhtml", KIND_HTML}, {".svg", KIND_HTML}, {".css", KIND_CSS},
	{".js", KIND_SCRIPT}, {".mjs", KIND_SCRIPT},
};

static void unread(struct priv *p)
{
	if (p->tree->nunread < TREE_UNREAD_MAX)
		p->tree->unread[p->tree->nunread++] = p->file;
}

static void file_look(struct priv *p, const char *path, int kind)
{
	struct errinfo ei = {.code = OK};
	enum err rc;

	buf_reset(&p->text);
	rc = file_read(&p->text, path, &ei);
	p->tree->html += kind == KIND_HTML;
	p->tree->css += kind == KIND_CSS;
	p->tree->scripts += kind == KIND_SCRIPT;
	if (!rc && kind == KIND_HTML)
		rc = page_html(&p->page, buf_slice(&p->text), &ei);
	else if (!rc && kind == KIND_CSS)
		page_css(&p->page, buf_slice(&p->text), 1);
	else if (!rc)
		page_script(&p->page, buf_slice(&p->text), 1);
	if (rc)
		unread(p);
}

static void entry_look(struct priv *p, const FTSENT *f, size_t skip)
{
	const char *name = strrchr(f->fts_name, '.');

	for (size_t i = 0; name && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcasecmp(name, kinds[i].ending) != 0)
			continue;
		p->file = arena_str(&p->mem, slice_from(f->fts_path + skip));
		p->failed |= !p->file;
		if (p->file)
			file_look(p, f->fts_accpath, kinds[i].kind);
		return;
	}
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static enum err walk(struct priv *p, const char *dir, struct errinfo *ei)
{
	char *const roots[] = {(char *)(uintptr_t)dir, NULL};
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	size_t skip = strlen(dir);
	FTSENT *f;

	if (!fts)
		return err_errno(ei, E_IO, errno, "%s", dir);
	while (skip && dir[skip - 1] == '/')
		skip--;
	while (!p->failed && (f = fts_read(fts)) != NULL) {
		if (f->fts_info == FTS_D && f->fts_level > DEPTH_MAX)
			fts_set(fts, f, FTS_SKIP);
		if (f->fts_info == FTS_F)
			entry_look(p, f, strlen(f->fts_path) > skip + 1 ? skip + 1 : 0);
	}
	fts_close(fts);
	return p->failed ? err_set(ei, E_NOMEM, "%s", dir) : OK;
}

enum err tree_read(struct tree **out, const char *dir, struct errinfo *ei)
{
	struct tree *t = calloc(1, sizeof(*t));
	struct priv *p = calloc(1, sizeof(*p));
	struct stat st;
	enum err rc = OK;

	*out = NULL;
	if (stat(dir, &st) != 0 || !S_ISDIR(st.st_mode))
		rc = err_set(ei, E_NOT_FOUND, "%s is no folder", dir);
	if (!rc && (!t || !p || !(t->entries = calloc(TREE_ENTRIES_MAX, sizeof(*t->entries)))))
		rc = err_set(ei, E_NOMEM, "%s", dir);
	if (rc) {
		free(p);
		free(t);
		return rc;
	}
	t->priv = p;
	p->tree = t;
	arena_init(&p->mem, MEMORY_BYTES);
	buf_init(&p->text, PAGE_MAX_BYTES);
	page_init(&p->page, seen, p);
	rc = walk(p, dir, ei);
	page_free(&p->page);
	buf_free(&p->text);
	if (rc)
		tree_free(t);
	else
		*out = t;
	return rc;
}

void tree_free(struct tree *t)
{
	struct priv *p;

	if (!t)
		return;
	p = t->priv;
	arena_free(&p->mem);
	free(p);
	free(t->entries);
	free(t);
}

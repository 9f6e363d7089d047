#include "scan/finding.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* One line per kind: word, row of the notice, what to do. */
static const struct {
	const char *word, *row;
	bool needless;
	const char *de, *en;
} kinds[FINDING__MAX] = {
	[FINDING_AT_ONCE] = {"at-once", "W6", false,
	    "lädt schon beim Öffnen der Seite. Zeigen Sie zuerst ein Bild mit einem Knopf, oder setzen Sie einen Link",
	    "loads as soon as the page opens. Show a picture with a button first, or set a link"},
	[FINDING_EMBED] = {"embed", "W6", false,
	    "fehlt im Hinweis. Tragen Sie den Dienst unter website.embeds ein",
	    "is missing in the notice. Add the service under website.embeds"},
	[FINDING_FONTS] = {"fonts", "W2", false,
	    "liefert Schriften. Legen Sie die Schriften auf den eigenen Server (vgl. LG München I, 3 O 17493/20); sonst "
	    "processors und website.cdn",
	    "delivers fonts. Put the fonts on your own server (cf. LG München I, 3 O 17493/20); else processors and "
	    "website.cdn"},
	[FINDING_FILES] = {"files", "W2", false,
	    "liefert Dateien. Legen Sie die Dateien auf den eigenen Server; sonst processors und website.cdn",
	    "delivers files. Put the files on your own server; else processors and website.cdn"},
	[FINDING_STATISTICS] = {"statistics", "W5", false,
	    "zählt Besuche. Tragen Sie das unter website.statistics ein, oder nehmen Sie es heraus",
	    "counts visits. Add it under website.statistics, or take it out"},
	[FINDING_CONSENT] = {"consent", "N17", false,
	    "braucht eine Einwilligung, und kein Satz des Hinweises deckt es. Nehmen Sie es heraus",
	    "needs consent, and no sentence of the notice covers it. Take it out"},
	[FINDING_FORM] = {"form", "W3", false,
	    "bekommt die Eingaben eines Formulars. Tragen Sie die Firma unter processors (mit hosts) und in "
	    "website.contact.processor ein",
	    "gets what is entered into a form. Add the firm under processors (with hosts) and in website.contact.processor"},
	[FINDING_UNKNOWN] = {"unknown", "W2", false,
	    "ist ein fremder Server, den keine Liste kennt. Ist es Ihrer: website.hosts; sonst processors mit hosts, und "
	    "website.cdn",
	    "is a foreign server that no list knows. If it is yours: website.hosts; else processors with hosts, and "
	    "website.cdn"},
	[FINDING_NETWORK] = {"network", "W7", false,
	    "ist verlinkt. Tragen Sie das Netz unter website.links ein",
	    "is linked. Add the network under website.links"},
	[FINDING_MAIL] = {"mail", "W3", false, "Mail wird angeboten. Tragen Sie mail unter website.contact.by ein",
	    "mail is offered. Add mail to website.contact.by"},
	[FINDING_PHONE] = {"phone", "W3", false, "Telefon wird angeboten. Tragen Sie phone unter website.contact.by ein",
	    "telephone is offered. Add phone to website.contact.by"},
	[FINDING_CONTACT] = {"contact", "W3", false,
	    "ein Kontaktformular wird angeboten. Tragen Sie form unter website.contact.by ein",
	    "a contact form is offered. Add form to website.contact.by"},
	[FINDING_STORE] = {"store", "N14", false,
	    "ein Skript merkt sich etwas auf dem Gerät. Sagen Sie unter website.storage, was, wozu und wie lange",
	    "a script keeps something on the device. Say under website.storage what, why and how long"},
	[FINDING_UNREAD] = {"unread", "-", false, "konnte nicht ganz gelesen werden (zu groß oder zu tief geschachtelt)",
	    "could not be read to the end (too large or nested too deeply)"},
	[FINDING_NEEDLESS_MAIL] = {"needless-mail", "W3", true,
	    "nennt mail, aber auf keiner Seite steht eine Mail-Adresse",
	    "names mail, but no page shows a mail address"},
	[FINDING_NEEDLESS_PHONE] = {"needless-phone", "W3", true,
	    "nennt phone, aber auf keiner Seite steht eine Telefonnummer",
	    "names phone, but no page shows a telephone number"},
	[FINDING_NEEDLESS_CONTACT] = {"needless-contact", "W3", true,
	    "nennt form, aber keine Seite hat ein Kontaktformular", "names form, but no page has a contact form"},
	[FINDING_NEEDLESS_EMBED] = {"needless-embed", "W6", true,
	    "steht im Hinweis, aber keine Seite zeigt es. Nehmen Sie es heraus, oder nennen Sie seine hosts",
	    "stands in the notice, but no page shows it. Take it out, or name its hosts"},
	[FINDING_NEEDLESS_FILES] = {"needless-files", "W2", true,
	    "steht im Hinweis, aber keine Seite lädt etwas von dort. Nehmen Sie es heraus, oder nennen Sie seine hosts",
	    "stands in the notice, but no page loads anything from there. Take it out, or name its hosts"},
	[FINDING_NEEDLESS_STATISTICS] = {"needless-statistics", "W5", true,
	    "steht im Hinweis, aber keine Seite lädt ein solches Skript",
	    "stands in the notice, but no page loads such a script"},
	[FINDING_NEEDLESS_NETWORK] = {"needless-network", "W7", true,
	    "steht im Hinweis, aber keine Seite verlinkt es", "stands in the notice, but no page links to it"},
};

const char *finding_word(enum finding_kind k)
{
	return kinds[k].word;
}

const char *finding_row(enum finding_kind k)
{
	return kinds[k].row;
}

bool finding_needless(enum finding_kind k)
{
	return kinds[k].needless;
}

const char *finding_text(enum finding_kind k, const char *lang)
{
	return lang && strncmp(lang, "de", 2) == 0 ? kinds[k].de : kinds[k].en;
}

struct maker {
	struct findings *out;
	struct arena *a;
	const struct tree *t;
	const struct conf_site *c;
	bool ok;
};

static struct finding *add(struct maker *m, enum finding_kind kind)
{
	struct findings *f = m->out;

	if (f->n == f->room) {
		size_t room = f->room ? f->room * 2 : 64;
		struct finding *more = arena_alloc(m->a, room * sizeof(*more));
		if (!more) {
			m->ok = false;
			return NULL;
		}
		if (f->n)
			memcpy(more, f->v, f->n * sizeof(*more));
		f->v = more;
		f->room = room;
	}
	f->v[f->n] = (struct finding){.kind = kind, .name = "", .file = ""};
	return &f->v[f->n++];
}

static void lacks(struct maker *m, enum finding_kind kind, const struct tree_entry *e, const char *name)
{
	struct finding *f = add(m, kind);

	if (!f)
		return;
	f->entry = e;
	f->name = name;
	f->file = e->places[0].file;
	f->line = e->places[0].line;
	f->column = e->places[0].column;
}

static void needless(struct maker *m, enum finding_kind kind, const char *key)
{
	struct finding *f = add(m, kind);
	int line = 1, col = 1;
	char path[300];

	if (!f)
		return;
	f->name = arena_str(m->a, slice_from(key));
	f->name = f->name ? f->name : "";
	f->file = m->c->file;
	/* A mapping has no line of its own; its first key has. */
	snprintf(path, sizeof(path), "%s[0]", key);
	if (!conf_item_place(m->c, key, &line, &col) && !conf_item_place(m->c, path, &line, &col)) {
		snprintf(path, sizeof(path), "%s.name", key);
		if (!conf_item_place(m->c, path, &line, &col)) {
			snprintf(path, sizeof(path), "%s.tool", key);
			conf_item_place(m->c, path, &line, &col);
		}
	}
	f->line = (unsigned)line;
	f->column = (unsigned)col;
}

/* ---- what covers what */

static bool in_hosts(const struct conf_list *hosts, const char *host)
{
	for (size_t i = 0; i < hosts->n; i++)
		if (module_host_in(slice_from(host), slice_from(hosts->v[i])))
			return true;
	return false;
}

static bool host_of_url(const char *url, const char *host)
{
	char buf[PAGE_HOST_BYTES];

	return slice_eq_str(page_host(slice_from(url), buf), host);
}

static bool host_own(const struct conf_site *c, const char *host)
{
	bool own = !*host || host_of_url(c->base_url, host) || host_of_url(c->look.home, host) ||
	    host_of_url(c->controller.imprint, host) || in_hosts(&c->website.hosts, host);

	for (size_t i = 0; !own && i < c->origins.n; i++)
		own = host_of_url(c->origins.v[i], host);
	return own;
}

static bool is_module(const struct tree_entry *e, const char *id, const char *name)
{
	return e->module && (strcmp(e->module->id, id) == 0 || (name && strcasecmp(e->module->name, name) == 0));
}

static bool is_processor(const struct conf_site *c, const char *id, const struct tree_entry *e)
{
	const struct conf_processor *p = conf_processor_by_id(c, id);

	return p && (is_module(e, p->id, NULL) || in_hosts(&p->hosts, e->host));
}

static bool by_cdn(const struct conf_site *c, const struct tree_entry *e)
{
	for (size_t i = 0; i < c->website.cdn.n; i++)
		if (is_processor(c, c->website.cdn.v[i], e))
			return true;
	return false;
}

static bool is_embed(const struct conf_embed *x, const struct tree_entry *e)
{
	return is_module(e, x->id, x->name) || in_hosts(&x->hosts, e->host);
}

static const struct conf_embed *by_embed(const struct conf_site *c, const struct tree_entry *e)
{
	for (size_t i = 0; i < c->website.nembeds; i++)
		if (is_embed(&c->website.embeds[i], e))
			return &c->website.embeds[i];
	return NULL;
}

static bool by_statistics(const struct conf_site *c, const struct tree_entry *e)
{
	if (c->website.statistics_kind != CONF_NAMED)
		return false;
	return is_module(e, "", c->website.statistics.tool) || is_processor(c, c->website.statistics.processor, e);
}

static bool by_name(const struct conf_site *c, const struct tree_entry *e)
{
	for (size_t i = 0; i < c->website.links.n; i++)
		if (is_module(e, "", c->website.links.v[i]) || (!e->module && module_host_in(slice_from(e->host),
		    slice_from(c->website.links.v[i]))))
			return true;
	for (size_t i = 0; i < c->website.nprofiles; i++)
		if (is_module(e, c->website.profiles[i].id, c->website.profiles[i].name))
			return true;
	return false;
}

/* ---- one entry */

static bool kind_is(const struct module *m, const char *words)
{
	struct slice rest = slice_from(words), one;

	while (m && slice_split(&rest, ' ', &one))
		if (slice_eq_str(one, m->kind))
			return true;
	return false;
}

static void foreign_load(struct maker *m, const struct tree_entry *e)
{
	bool later = e->way == PAGE_LATER || e->way == PAGE_MENTION;

	if (kind_is(e->module, "video map audio social") || by_embed(m->c, e)) {
		if (!later)
			lacks(m, FINDING_AT_ONCE, e, e->host);
		else if (!by_embed(m->c, e))
			lacks(m, FINDING_EMBED, e, e->host);
		return;
	}
	if (by_cdn(m->c, e) || by_statistics(m->c, e))
		return;
	if (kind_is(e->module, "statistics"))
		lacks(m, FINDING_STATISTICS, e, e->host);
	else if (kind_is(e->module, "tags ads captcha chat comments payment consent form"))
		lacks(m, FINDING_CONSENT, e, e->host);
	else if (e->module && !later)
		lacks(m, kind_is(e->module, "fonts") ? FINDING_FONTS : FINDING_FILES, e, e->host);
	else if (!e->module && !later)
		lacks(m, e->way == PAGE_FRAME ? FINDING_AT_ONCE : FINDING_UNKNOWN, e, e->host);
}

static bool jawort_form(const struct conf_site *c, const struct tree_entry *e)
{
	return strncmp(e->url, c->base_url, strlen(c->base_url)) == 0 || (*c->base_path &&
	    strncmp(e->url, c->base_path, strlen(c->base_path)) == 0);
}

static void form(struct maker *m, const struct tree_entry *e)
{
	const char *processor = m->c->website.contact.processor;
	bool own = host_own(m->c, e->host);

	if (!own && !(*processor && is_processor(m->c, processor, e)))
		lacks(m, FINDING_FORM, e, e->host);
	if (e->way == PAGE_CONTACT && !(own && jawort_form(m->c, e)) && !conf_list_has(&m->c->website.contact.by, "form"))
		lacks(m, FINDING_CONTACT, e, *e->host ? e->host : "form");
}

static void entry(struct maker *m, const struct tree_entry *e)
{
	const struct conf_website *w = &m->c->website;

	if (e->way == PAGE_FORM || e->way == PAGE_CONTACT)
		form(m, e);
	else if (e->way == PAGE_LINK && kind_is(e->module, "social") && !by_name(m->c, e))
		lacks(m, FINDING_NETWORK, e, e->module->name);
	else if (e->way == PAGE_MAIL && !conf_list_has(&w->contact.by, "mail"))
		lacks(m, FINDING_MAIL, e, "mailto:");
	else if (e->way == PAGE_PHONE && !conf_list_has(&w->contact.by, "phone"))
		lacks(m, FINDING_PHONE, e, "tel:");
	else if (e->way == PAGE_STORE && w->nstorage == 0)
		lacks(m, FINDING_STORE, e, e->places[0].file);
	else if (e->way == PAGE_SCRIPT && !*e->host && e->module && !by_statistics(m->c, e))
		lacks(m, FINDING_STATISTICS, e, e->module->name);
	else if ((e->way <= PAGE_HINT || e->way == PAGE_LATER || e->way == PAGE_MENTION) && !host_own(m->c, e->host))
		foreign_load(m, e);
}

/* ---- what is declared without need */

typedef bool match_fn(const struct maker *m, const struct tree_entry *e, const void *what);

static bool any(const struct maker *m, match_fn *match, const void *what)
{
	for (size_t i = 0; i < m->t->n; i++)
		if (match(m, &m->t->entries[i], what))
			return true;
	return false;
}

static bool match_mail(const struct maker *m, const struct tree_entry *e, const void *what)
{
	(void)m;
	(void)what;
	return e->way == PAGE_MAIL || e->way == PAGE_ADDRESS;
}

static bool match_phone(const struct maker *m, const struct tree_entry *e, const void *what)
{
	(void)m;
	(void)what;
	return e->way == PAGE_PHONE || e->way == PAGE_NUMBER;
}

static bool match_contact(const struct maker *m, const struct tree_entry *e, const void *what)
{
	(void)what;
	return e->way == PAGE_CONTACT && !(host_own(m->c, e->host) && jawort_form(m->c, e));
}

static bool match_embed(const struct maker *m, const struct tree_entry *e, const void *what)
{
	(void)m;
	return e->way != PAGE_LINK && is_embed(what, e);
}

static bool match_processor(const struct maker *m, const struct tree_entry *e, const void *what)
{
	return is_processor(m->c, what, e);
}

static bool match_statistics(const struct maker *m, const struct tree_entry *e, const void *what)
{
	(void)what;
	return by_statistics(m->c, e);
}

static bool match_network(const struct maker *m, const struct tree_entry *e, const void *what)
{
	(void)m;
	return e->way == PAGE_LINK && (is_module(e, "", what) || module_host_in(slice_from(e->host), slice_from(what)));
}

/* A name that the table knows can be looked for; of others nothing can be said. */
static bool network_known(const char *name)
{
	const struct module *x;

	for (size_t i = 0; (x = module_at(i)) != NULL; i++)
		if (strcasecmp(x->name, name) == 0)
			return true;
	return false;
}

static void contact_needless(struct maker *m)
{
	static const struct {
		const char *word;
		match_fn *match;
		enum finding_kind kind;
	} ways[] = {
		{"mail", match_mail, FINDING_NEEDLESS_MAIL}, {"phone", match_phone, FINDING_NEEDLESS_PHONE},
		{"form", match_contact, FINDING_NEEDLESS_CONTACT},
	};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (conf_list_has(&m->c->website.contact.by, ways[i].word) && !any(m, ways[i].match, NULL))
			needless(m, ways[i].kind, "website.contact.by");
}

static void all_needless(struct maker *m)
{
	const struct conf_website *w = &m->c->website;
	char key[120];

	contact_needless(m);
	for (size_t i = 0; i < w->nembeds; i++) {
		snprintf(key, sizeof(key), "website.embeds.%s", w->embeds[i].id);
		if (!any(m, match_embed, &w->embeds[i]))
			needless(m, FINDING_NEEDLESS_EMBED, key);
	}
	for (size_t i = 0; i < w->cdn.n; i++) {
		snprintf(key, sizeof(key), "website.cdn[%zu]", i);
		if (!any(m, match_processor, w->cdn.v[i]))
			needless(m, FINDING_NEEDLESS_FILES, key);
	}
	if (w->statistics_kind == CONF_NAMED && !any(m, match_statistics, NULL))
		needless(m, FINDING_NEEDLESS_STATISTICS, "website.statistics");
	for (size_t i = 0; i < w->links.n; i++) {
		snprintf(key, sizeof(key), "website.links[%zu]", i);
		if (network_known(w->links.v[i]) && !any(m, match_network, w->links.v[i]))
			needless(m, FINDING_NEEDLESS_NETWORK, key);
	}
}

bool findings_make(struct findings *f, struct arena *a, const struct tree *t, const struct conf_site *c)
{
	struct maker m = {.out = f, .a = a, .t = t, .c = c, .ok = true};

	*f = (struct findings){0};
	for (size_t i = 0; i < t->n; i++)
		entry(&m, &t->entries[i]);
	for (size_t i = 0; i < t->nunread; i++) {
		struct finding *x = add(&m, FINDING_UNREAD);
		if (!x)
			return false;
		x->name = x->file = t->unread[i];
		x->line = x->column = 1;
	}
	all_needless(&m);
	return m.ok;
}

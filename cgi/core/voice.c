#include "core/voice.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "core/embed.h"
#include "core/site.h"

#define SITE_FILE_MAX_BYTES (256u * 1024u)

struct voice_language {
	struct phrases *base;     /* de */
	struct phrases *informal; /* de-du over it, or NULL */
};

struct voice {
	struct voice_language langs[SITE_LANGS_MAX];
	size_t nlangs;
	enum conf_address address;
	struct tpl_set *tpl;
	struct voice *next;
};

/* A file of an owner, as it was when it was first read. */
struct voice_file {
	struct voice_file *next;
	char *path;
	struct buf text;
};

struct voices {
	pthread_mutex_t lock; /* guards all below */
	const struct conf *host;
	struct voice *first;
	struct voice_file *files;
	bool settled; /* what is not among files is not there */
};

/* Where files of owners are looked for. */
struct source {
	struct voices *set;
	const struct conf *host;
	const struct conf_site *conf;
};

static const char *const word_files[] = {"form.txt", "error.txt", "page.txt", "mail.txt", "notice.txt", "hub.txt",
    "evidence.txt", "word.txt", "web.txt", "versions.txt"};

static const char *const need_form[] = {"consents", "v", "honeypot", "form_action", "notice_url",
    "@form.notice.link", NULL};
static const char *const need_confirm[] = {"consents", "form_action", NULL};
static const char *const need_unsub[] = {"form_action", NULL};
static const char *const need_mail[] = {"consents", "link", "unsubscribe", "notice_url", "controller_block", NULL};
/* The box on objections stands apart (GDPR Art. 21(4)); rows and periods cannot be left out either. */
static const char *const need_notice[] = {"summary", "objection", "interests", "sections", "blocks", "keeps", "foot",
    "@notice.n23.objection.title", NULL};
static const struct tpl_duty duties[] = {
    {"part/notice.html", need_notice},
    {"page/form.html", need_form},
    {"part/form.html", need_form},
    {"page/changed.html", need_form},
    {"page/later.html", need_form},
    {"page/confirm.html", need_confirm},
    {"page/unsub.html", need_unsub},
    {"mail/confirm.html", need_mail},
    {"mail/confirm.txt", need_mail},
};

static void file_free(struct voice_file *f)
{
	if (!f)
		return;
	free(f->path);
	buf_free(&f->text);
	free(f);
}

/* E_NOT_FOUND: the owner has no such file. */
static enum err file_get(struct voices *v, const char *path, const struct voice_file **out, struct errinfo *ei)
{
	struct voice_file *f;
	enum err rc;

	for (f = v->files; f; f = f->next)
		if (strcmp(f->path, path) == 0) {
			*out = f;
			return OK;
		}
	if (v->settled)
		return E_NOT_FOUND;
	f = calloc(1, sizeof(*f));
	if (!f || !(f->path = strdup(path))) {
		file_free(f);
		return err_set(ei, E_NOMEM, "%s", path);
	}
	buf_init(&f->text, SITE_FILE_MAX_BYTES);
	rc = file_read(&f->text, path, ei);
	if (rc) {
		file_free(f);
		return rc;
	}
	f->next = v->files;
	v->files = f;
	*out = f;
	return OK;
}

/* Gives FOLDER/name if the owner has it; what is not there is not an error. */
static enum err owner_file(const struct source *s, const char *folder, const char *name, struct slice *text, bool *found,
    struct errinfo *ei)
{
	const struct voice_file *f = NULL;
	struct buf path;
	enum err rc;

	*found = false;
	if (!*folder)
		return OK;
	buf_init(&path, 4096);
	buf_printf(&path, "%s/%s", folder, name);
	rc = buf_ok(&path) ? file_get(s->set, path.data, &f, ei) : err_set(ei, E_LIMIT, "%s: path too long", name);
	buf_free(&path);
	if (rc == E_NOT_FOUND)
		return OK;
	*found = rc == OK;
	if (*found)
		*text = buf_slice(&f->text);
	return rc;
}

static enum err words_add(struct phrases *p, const struct source *s, const char *folder, const char *file, bool *any,
    struct errinfo *ei)
{
	const char *const owners[] = {s->host->templates, s->conf->templates};
	const struct embedded_file *own;
	struct buf name;
	struct slice text;
	enum err rc = OK;
	bool found;

	buf_init(&name, 256);
	buf_printf(&name, "%s/%s", folder, file);
	own = embed_find(name.data);
	if (own) {
		*any = true;
		rc = phrases_load_shipped(p, own->name, slice_make(own->data, own->len), ei);
	}
	for (size_t i = 0; !rc && i < 2; i++) {
		rc = owner_file(s, owners[i], name.data, &text, &found, ei);
		if (!rc && found) {
			*any = true;
			rc = phrases_load(p, name.data, text, true, ei);
		}
	}
	buf_free(&name);
	return rc;
}

/* "by: NAME" in the folder's reviewer.txt: somebody who knows language and matter stands for the words. */
static enum err reviewed(const struct source *s, const char *folder, bool *yes, struct errinfo *ei)
{
	const char *const owners[] = {s->host->templates, s->conf->templates};
	struct buf name;
	struct slice text;
	enum err rc = OK;
	bool found;

	*yes = false;
	buf_init(&name, 256);
	buf_printf(&name, "%s/reviewer.txt", folder);
	for (size_t i = 0; !rc && i < 2; i++) {
		struct slice rest, line;
		rc = owner_file(s, owners[i], name.data, &text, &found, ei);
		rest = found ? text : (struct slice){NULL, 0};
		while (!rc && slice_split(&rest, '\n', &line))
			*yes |= slice_starts(line, SLICE("by:")) && slice_trim(slice_sub(line, 3, line.len)).len > 2;
	}
	buf_free(&name);
	return rc;
}

/* A language that is not built in is a draft until somebody is named who read it; a draft must be wanted. */
static enum err words_draft(const struct source *s, const char *folder, struct errinfo *ei)
{
	struct buf name;
	bool own, yes;
	enum err rc;

	buf_init(&name, 256);
	buf_printf(&name, "%s/%s", folder, word_files[0]);
	own = embed_find(name.data) != NULL;
	buf_free(&name);
	if (own)
		return OK;
	rc = reviewed(s, folder, &yes, ei);
	if (rc || yes)
		return rc;
	if (!s->conf->accept_draft)
		return err_set(ei, E_INVALID, "%s: the words of language \"%s\" are a draft: nobody is named who read them. "
		    "Write \"by: NAME\" into %s/reviewer.txt, or accept_draft: true into the site file", s->conf->file,
		    folder, folder);
	log_event(LOG_WARN, "language_draft", LOG_S("site", s->conf->id), LOG_S("lang", folder));
	return OK;
}

static enum err words_new(struct phrases **out, const struct source *s, const char *folder, struct errinfo *ei)
{
	bool any = false;
	enum err rc = OK;

	*out = phrases_new(folder);
	if (!*out)
		return err_set(ei, E_NOMEM, "words of %s", folder);
	for (size_t i = 0; !rc && i < sizeof(word_files) / sizeof(word_files[0]); i++)
		rc = words_add(*out, s, folder, word_files[i], &any, ei);
	if (!rc && !any)
		rc = err_set(ei, E_INVALID, "%s: no words for language \"%s\". Built in are de and en; for another "
		    "language put a folder %s/ with its texts into \"templates\"", s->conf->file, folder, folder);
	return rc;
}

/* The same languages in the same order, and the same form of address. */
static bool voice_is(const struct voice *v, const struct conf_site *c)
{
	if (v->nlangs != c->languages.n || v->address != c->address)
		return false;
	for (size_t i = 0; i < v->nlangs; i++)
		if (strcmp(phrases_lang(v->langs[i].base), c->languages.v[i]) != 0)
			return false;
	return true;
}

static enum err load_words(struct voice *v, const struct source *s, struct errinfo *ei)
{
	enum err rc = OK;

	for (size_t i = 0; !rc && i < s->conf->languages.n; i++) {
		struct voice_language *l = &v->langs[i];
		const char *tag = s->conf->languages.v[i];
		if (i == SITE_LANGS_MAX)
			return err_set(ei, E_LIMIT, "%s: more than %d languages", s->conf->file, SITE_LANGS_MAX);
		v->nlangs++;
		rc = words_new(&l->base, s, tag, ei);
		if (!rc && s->conf->address == CONF_DU && strcmp(tag, "de") == 0) {
			rc = words_new(&l->informal, s, "de-du", ei);
			if (!rc)
				phrases_fallback(l->informal, l->base);
		}
	}
	return rc;
}

static enum err load_template(struct voice *v, const struct source *s, const struct embedded_file *f,
    struct errinfo *ei)
{
	const char *const owners[] = {s->host->templates, s->conf->templates};
	enum err rc = tpl_set_add(v->tpl, f->name, slice_make(f->data, f->len), ei);
	struct slice text;
	bool found;

	for (size_t i = 0; !rc && i < 2; i++) {
		rc = owner_file(s, owners[i], f->name, &text, &found, ei);
		if (!rc && found)
			rc = tpl_set_add(v->tpl, f->name, text, ei);
	}
	return rc;
}

static bool is_template(const char *name)
{
	return strncmp(name, "page/", 5) == 0 || strncmp(name, "part/", 5) == 0 || strncmp(name, "mail/", 5) == 0;
}

static enum err load_templates(struct voice *v, const struct source *s, struct errinfo *ei)
{
	const struct phrases *langs[SITE_LANGS_MAX];
	enum err rc = OK;

	v->tpl = tpl_set_new();
	if (!v->tpl)
		return err_set(ei, E_NOMEM, "templates");
	for (size_t i = 0; !rc && i < embedded_count; i++)
		if (is_template(embedded_files[i].name))
			rc = load_template(v, s, &embedded_files[i], ei);
	for (size_t i = 0; i < v->nlangs; i++)
		langs[i] = voice_words(v, i);
	if (!rc)
		rc = tpl_set_compile(v->tpl, langs, v->nlangs, duties, sizeof(duties) / sizeof(duties[0]), ei);
	return rc;
}

static void voice_free(struct voice *v)
{
	tpl_set_free(v->tpl);
	for (size_t i = 0; i < v->nlangs; i++) {
		phrases_free(v->langs[i].informal);
		phrases_free(v->langs[i].base);
	}
	free(v);
}

static enum err voice_new(struct voice **out, const struct source *s, struct errinfo *ei)
{
	struct voice *v = calloc(1, sizeof(*v));
	enum err rc;

	if (!v)
		return err_set(ei, E_NOMEM, "words");
	v->address = s->conf->address;
	rc = load_words(v, s, ei);
	if (!rc)
		rc = load_templates(v, s, ei);
	if (rc)
		voice_free(v);
	else
		*out = v;
	return rc;
}

struct voices *voices_new(const struct conf *host)
{
	struct voices *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	pthread_mutex_init(&v->lock, NULL);
	v->host = host;
	return v;
}

static void voices_drop(struct voices *v)
{
	while (v->first) {
		struct voice *next = v->first->next;
		voice_free(v->first);
		v->first = next;
	}
}

void voices_rest(struct voices *v)
{
	pthread_mutex_lock(&v->lock);
	voices_drop(v);
	v->settled = true;
	pthread_mutex_unlock(&v->lock);
}

void voices_free(struct voices *v)
{
	if (!v)
		return;
	voices_drop(v);
	while (v->files) {
		struct voice_file *next = v->files->next;
		file_free(v->files);
		v->files = next;
	}
	pthread_mutex_destroy(&v->lock);
	free(v);
}

enum err voices_get(struct voices *v, const struct conf_site *conf, const struct voice **out, struct errinfo *ei)
{
	const struct source s = {.set = v, .host = v->host, .conf = conf};
	struct voice *it;
	enum err rc = OK;

	pthread_mutex_lock(&v->lock);
	for (it = v->first; it && !voice_is(it, conf); it = it->next)
		;
	if (!it) {
		rc = voice_new(&it, &s, ei);
		if (!rc) {
			it->next = v->first;
			v->first = it;
		}
	}
	/* Each site answers for itself whether it wants words that nobody read. */
	for (size_t i = 0; !rc && i < conf->languages.n; i++)
		rc = words_draft(&s, conf->languages.v[i], ei);
	pthread_mutex_unlock(&v->lock);
	*out = it;
	return rc;
}

size_t voices_count(struct voices *v)
{
	size_t n = 0;

	pthread_mutex_lock(&v->lock);
	for (const struct voice *it = v->first; it; it = it->next)
		n++;
	pthread_mutex_unlock(&v->lock);
	return n;
}

const struct phrases *voice_words(const struct voice *v, size_t lang)
{
	const struct voice_language *l = &v->langs[lang];

	return l->informal ? l->informal : l->base;
}

const struct tpl_set *voice_templates(const struct voice *v)
{
	return v->tpl;
}

#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "core/formpage.h"
#include "core/snippet.h"
#include "text/jsonw.h"

#define OUT_MAX_BYTES (1024u * 1024u)
#define ARENA_BYTES (8u * 1024u * 1024u)

/* One call of the verb: a site ready to speak, and where the answer goes. */
struct call {
	const struct cmd_args *args;
	const struct site *site;
	const struct conf_form *form; /* NULL: list */
	const char *lang;             /* as asked for, checked; NULL */
	struct arena *arena;
	struct buf *out;
};

static void list_json(const struct call *c)
{
	const struct conf_site *s = site_conf(c->site);
	struct jsonw w;

	jsonw_init(&w, c->out);
	jsonw_array(&w);
	for (size_t f = 0; f < s->nforms; f++) {
		jsonw_object(&w);
		jsonw_kcstr(&w, "id", s->forms[f].id);
		jsonw_kstr(&w, "url", formpage_url(c->site, c->arena, &s->forms[f], ""));
		jsonw_key(&w, "purposes");
		jsonw_array(&w);
		for (size_t i = 0; i < s->forms[f].npurposes; i++)
			jsonw_cstr(&w, s->forms[f].purposes[i]->id);
		jsonw_end_array(&w);
		jsonw_key(&w, "languages");
		jsonw_array(&w);
		for (size_t i = 0; i < s->languages.n; i++)
			jsonw_cstr(&w, s->languages.v[i]);
		jsonw_end_array(&w);
		jsonw_end_object(&w);
	}
	jsonw_end_array(&w);
	buf_add_char(c->out, '\n');
}

static enum err form_list(const struct call *c, struct errinfo *ei)
{
	const struct conf_site *s = site_conf(c->site);

	(void)ei;
	if (c->args->json) {
		list_json(c);
		return OK;
	}
	for (size_t f = 0; f < s->nforms; f++) {
		buf_printf(c->out, "%-16s ", s->forms[f].id);
		buf_add_slice(c->out, formpage_url(c->site, c->arena, &s->forms[f], ""));
		for (size_t i = 0; i < s->forms[f].npurposes; i++)
			buf_printf(c->out, "%s%s", i ? ", " : "  purposes: ", s->forms[f].purposes[i]->id);
		buf_add_char(c->out, '\n');
	}
	return OK;
}

static void show_json(const struct call *c, const struct consent *k, struct slice url)
{
	struct jsonw w;

	jsonw_init(&w, c->out);
	jsonw_object(&w);
	jsonw_kcstr(&w, "id", c->form->id);
	jsonw_kstr(&w, "url", url);
	jsonw_kstr(&w, "lang", k->lang);
	jsonw_kcstr(&w, "v", k->v);
	jsonw_key(&w, "fields");
	jsonw_array(&w);
	for (size_t i = 0; i < c->form->nfields; i++) {
		jsonw_object(&w);
		jsonw_kcstr(&w, "name", c->form->fields[i].name);
		jsonw_kbool(&w, "required", c->form->fields[i].required);
		jsonw_end_object(&w);
	}
	jsonw_end_array(&w);
	jsonw_key(&w, "next");
	jsonw_array(&w);
	for (size_t i = 0; i < c->form->next.n; i++)
		jsonw_cstr(&w, c->form->next.v[i]);
	jsonw_end_array(&w);
	jsonw_key(&w, "consents");
	jsonw_array(&w);
	for (size_t i = 0; i < k->n; i++) {
		jsonw_object(&w);
		jsonw_kstr(&w, "purpose", k->items[i].purpose);
		jsonw_kstr(&w, "text", k->items[i].text);
		jsonw_end_object(&w);
	}
	jsonw_end_array(&w);
	jsonw_end_object(&w);
	buf_add_char(c->out, '\n');
}

static enum err form_show(const struct call *c, struct errinfo *ei)
{
	const struct consent *k = site_consent(c->site, c->form, c->lang ? c->lang : site_lang_default(c->site));
	struct slice url = formpage_url(c->site, c->arena, c->form, "");

	(void)ei;
	if (c->args->json) {
		show_json(c, k, url);
		return OK;
	}
	buf_printf(c->out, "form %s (%.*s), v=%s\n%.*s\n", c->form->id, SLICE_FMT(k->lang), k->v, SLICE_FMT(url));
	buf_add_str(c->out, "fields: email");
	for (size_t i = 0; i < c->form->nfields; i++)
		buf_printf(c->out, ", %s%s", c->form->fields[i].name, c->form->fields[i].required ? "" : " (optional)");
	buf_add_char(c->out, '\n');
	for (size_t i = 0; i < c->form->next.n; i++)
		buf_printf(c->out, "next may be below: %s\n", c->form->next.v[i]);
	for (size_t i = 0; i < k->n; i++)
		buf_printf(c->out, "\n%.*s:\n%.*s\n", SLICE_FMT(k->items[i].purpose), SLICE_FMT(k->items[i].text));
	return OK;
}

static enum err form_snippet(const struct call *c, struct errinfo *ei)
{
	const char *as = c->args->as ? c->args->as : snippet_name(0);

	return snippet_render(c->site, c->arena, as, c->form, c->lang, c->out, ei);
}

static const struct form_verb {
	const char *name;
	bool needs_form;
	enum err (*run)(const struct call *c, struct errinfo *ei);
} verbs[] = {{"list", false, form_list}, {"show", true, form_show}, {"snippet", true, form_snippet}};

static const struct form_verb *verb_find(const struct cmd_args *a)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (a->n && strcmp(verbs[i].name, a->words[0]) == 0)
			return a->n == 1u + verbs[i].needs_form ? &verbs[i] : NULL;
	return NULL;
}

static enum err call_check(struct call *c, const struct form_verb *v, struct errinfo *ei)
{
	const struct conf_site *s = site_conf(c->site);

	c->lang = c->args->lang ? site_lang(c->site, slice_from(c->args->lang)) : NULL;
	if (c->args->lang && !c->lang)
		return err_set(ei, E_INVALID, "%s has no language \"%s\"", s->id, c->args->lang);
	if (!v->needs_form)
		return OK;
	c->form = conf_form_by_id(s, slice_from(c->args->words[1]));
	if (!c->form)
		return err_set(ei, E_NOT_FOUND, "%s has no form \"%s\"; `jawort form list` names them", s->id,
		    c->args->words[1]);
	return OK;
}

static int form_run(const struct cmd_args *a, const struct conf *conf, const struct conf_site *s,
    const struct form_verb *v)
{
	struct errinfo ei = {.code = OK};
	struct site *site = NULL;
	struct arena ar;
	struct buf out;
	struct call c = {.args = a, .arena = &ar, .out = &out};
	enum err rc = site_new(&site, conf, s, &ei);
	int code;

	if (rc)
		return cmd_fail(s->id, &ei);
	c.site = site;
	arena_init(&ar, ARENA_BYTES);
	buf_init(&out, OUT_MAX_BYTES);
	rc = call_check(&c, v, &ei);
	if (!rc)
		rc = v->run(&c, &ei);
	code = rc ? cmd_fail("form", &ei) : cmd_print(&out);
	buf_free(&out);
	arena_free(&ar);
	site_free(site);
	return code;
}

int cmd_form(const struct cmd_args *a)
{
	const struct form_verb *v = verb_find(a);
	const struct conf_site *s;
	struct conf *c;
	int rc;

	if (!v)
		return cmd_usage("form list | show FORM | snippet FORM [--as WAY]");
	rc = cmd_load(a, &c);
	if (rc)
		return rc;
	s = cmd_site(a, c);
	rc = s ? form_run(a, c, s, v) : CMD_USAGE;
	conf_free(c);
	return rc;
}

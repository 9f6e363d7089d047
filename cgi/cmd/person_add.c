/* A sign-up that came on paper: through the same gate as all others, and still to be confirmed by its person. */
#include <stdio.h>

#include "base/log.h"
#include "cmd/person_priv.h"
#include "core/gate.h"
#include "core/turn.h"
#include "send/wake.h"
#include "text/form.h"

#define VERB "person add"

static int field_put(struct form *f, const char *name, struct slice value)
{
	if (f->count == FORM_FIELDS_MAX)
		return cmd_usage("too many fields");
	f->fields[f->count++] = (struct form_field){slice_from(name), value};
	return CMD_DONE;
}

static int purposes_put(struct form *f, const struct conf_form *form, const char *list)
{
	struct slice rest = slice_from(list), one;

	while (slice_split(&rest, ',', &one)) {
		bool known = false;
		for (size_t i = 0; i < form->npurposes; i++)
			known = known || slice_eq_str(one, form->purposes[i]->id);
		if (!known)
			return cmd_usage("form %s has no purpose \"%.*s\"", form->id, SLICE_FMT(one));
		if (field_put(f, "p", one))
			return CMD_USAGE;
	}
	return CMD_DONE;
}

static int words_put(struct form *f, const struct conf_form *form, const struct cmd_args *a, struct arena *ar)
{
	for (size_t i = 2; i < a->n; i++) {
		struct slice value = slice_from(a->words[i]), name;
		bool known = false;
		if (slice_find(value, '=', 0) == value.len || !slice_split(&value, '=', &name))
			return cmd_usage("\"%s\" is not FIELD=VALUE", a->words[i]);
		for (size_t k = 0; k < form->nfields; k++)
			known = known || slice_eq_str(name, form->fields[k].name);
		if (!known)
			return cmd_usage("form %s has no field \"%.*s\"", form->id, SLICE_FMT(name));
		if (field_put(f, arena_str(ar, name), value.ptr ? value : SLICE("")))
			return CMD_USAGE;
	}
	return CMD_DONE;
}

static int refused(const struct gate_answer *g)
{
	struct errinfo ei = {.code = OK};
	const struct gate_error *e = g->nerrors ? &g->errors[0] : NULL;

	err_set(&ei, E_INVALID, "not taken: %s%s%s", e ? e->field : g->result == GATE_CHANGED ? "the wording" : "the gate",
	    e ? ": " : "", e ? e->key : "");
	return cmd_fail(VERB, &ei);
}

static int added(struct person_desk *d)
{
	struct turn t = {.site = d->site, .letters = NULL};
	struct errinfo ei = {.code = OK};

	if (turn_all(d->store, &t, &ei) != OK)
		return cmd_fail(VERB, &ei);
	if (wake_site(d->call->conf->data, d->call->site->id, &ei) != OK)
		log_err(LOG_WARN, "wake", &ei);
	if (d->call->args->json)
		puts("{\"done\":true}");
	else
		puts("Taken in. The person gets the confirmation mail, unless the address is blocked or had too many; "
		    "`jawort person find` says what came of it.");
	return CMD_DONE;
}

static int add_run(struct person_desk *d, struct form *fields)
{
	const struct cmd_args *a = d->call->args;
	const struct conf_form *form = conf_form_by_id(d->call->site, slice_from(a->form));
	const char *lang = a->lang ? site_lang(d->site, slice_from(a->lang)) : site_lang_default(d->site);
	const struct gate g = {.site = d->site, .store = d->store};
	struct gate_input in = {.form = form, .fields = fields, .lang = lang, .origin = GATE_ORIGIN_OWN,
	    .source = slice_from(a->source)};
	struct errinfo ei = {.code = OK};
	struct gate_answer out;
	int code;

	if (!form || !lang)
		return cmd_usage(form ? "the site has no language \"%s\"" : "there is no form \"%s\"", form ? a->lang : a->form);
	if (field_put(fields, "email", d->call->addr.full) || field_put(fields, "lang", slice_from(lang))
	    || field_put(fields, "v", slice_from(site_consent(d->site, form, lang)->v))
	    || purposes_put(fields, form, a->purposes) || words_put(fields, form, a, &d->arena))
		return CMD_USAGE;
	code = person_desk_agreed(d, "sends a confirmation mail to this address");
	if (code)
		return code < 0 ? CMD_DONE : code;
	if (gate_accept(&g, &d->arena, &in, &out, &ei) != OK)
		return cmd_fail(VERB, &ei);
	return out.result == GATE_ACCEPTED ? added(d) : refused(&out);
}

int person_verb_add(const struct person_call *c)
{
	const struct cmd_args *a = c->args;
	struct person_desk d;
	struct form *fields;
	int code;

	if (!a->form || !a->purposes || !a->source || !*a->source)
		return cmd_usage("person add needs --form, --purposes and --source, for example --source \"paper form 2026-11-02\"");
	code = person_desk_open(&d, c, VERB);
	fields = arena_alloc(&d.arena, sizeof(*fields));
	if (fields)
		fields->count = 0;
	if (!code)
		code = fields ? add_run(&d, fields) : CMD_FAILED;
	person_desk_close(&d);
	return code;
}

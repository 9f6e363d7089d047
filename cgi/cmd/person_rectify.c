#include <string.h>

#include "cmd/person_priv.h"

#define VERB "person rectify"

/* FIELD=VALUE words behind the address; email=NEW goes its own way. */
static int words_read(const struct cmd_args *a, struct rights_change *c, struct slice *email)
{
	for (size_t i = 2; i < a->n; i++) {
		struct slice value = slice_from(a->words[i]), name;
		if (slice_find(value, '=', 0) == value.len || !slice_split(&value, '=', &name) || !name.len)
			return cmd_usage("\"%s\" is not FIELD=VALUE", a->words[i]);
		if (slice_eq_str(name, "email"))
			*email = value;
		else if (c->n == RIGHTS_FIELDS_MAX)
			return cmd_usage("too many fields");
		else
			c->fields[c->n++] = (struct rights_field){name, value.ptr ? value : SLICE("")};
	}
	c->lang = slice_from(a->lang ? a->lang : "");
	return c->n || c->lang.len || email->len ? CMD_DONE : cmd_usage("what shall change? FIELD=VALUE, --lang L or email=NEW");
}

static int refused(const struct rights_error *bad)
{
	struct errinfo ei = {.code = OK};

	if (!bad->key)
		err_set(&ei, E_INVALID, "%.*s: no form of this site has such a field, or the site no such language",
		    SLICE_FMT(bad->field));
	else if (strcmp(bad->key, "error.email.domain") == 0)
		err_set(&ei, E_INVALID, "email: addresses.allow or addresses.deny of this site do not let this domain in");
	else
		err_set(&ei, E_INVALID, "%.*s: too long (%zu characters at most), or it holds characters that are not allowed",
		    SLICE_FMT(bad->field), bad->max);
	return cmd_fail(VERB, &ei);
}

static int rectify_run(struct person_desk *d)
{
	struct rights_change change = {.n = 0};
	struct errinfo ei = {.code = OK};
	struct slice email = SLICE("");
	struct rights_error bad = {.max = 0};
	struct rights_done done = {.fresh = false}, moving = {.fresh = false};
	int code = words_read(d->call->args, &change, &email);

	if (code)
		return code;
	if (!d->found.person_id) {
		err_set(&ei, E_NOT_FOUND, "nothing is held about this address");
		return cmd_fail(VERB, &ei);
	}
	code = person_desk_agreed(d, email.len ? "sends a link to the new address, and corrects the rest at once"
	    : "corrects these details at once");
	if (code)
		return code < 0 ? CMD_DONE : code;
	if (rights_rectify(&d->rights, &d->arena, d->found.person_id, &change, &done, &bad, &ei) != OK)
		return cmd_fail(VERB, &ei);
	if (!bad.field.len && email.len
	    && rights_move_ask(&d->rights, &d->arena, d->found.person_id, email, &moving, &bad, &ei) != OK)
		return cmd_fail(VERB, &ei);
	if (bad.field.len)
		return refused(&bad);
	done.fresh = done.fresh || moving.fresh;
	return person_desk_told(d, &done, moving.fresh ? "A link was sent to the new address" : "Corrected");
}

int person_verb_rectify(const struct person_call *c)
{
	struct person_desk d;
	int code = person_desk_open(&d, c, VERB);

	if (!code)
		code = rectify_run(&d);
	person_desk_close(&d);
	return code;
}

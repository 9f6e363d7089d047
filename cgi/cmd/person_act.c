/* restrict, release, object, block: one function of core/rights.h each. */
#include <string.h>

#include "cmd/person_priv.h"

static const struct act {
	const char *name, *verb;
	enum err (*run)(const struct rights *r, struct arena *a, int64_t person_id, struct rights_done *out,
	    struct errinfo *ei);
	const char *will, *was;
} acts[] = {
    {"restrict", "person restrict", rights_restrict, "freezes all data: nothing is sent, nothing is erased",
        "Restricted"},
    {"release", "person release", rights_release, "tells the person by mail that the restriction ends in 7 days; with --by, if they asked for it, ends it at once",
        "Released"},
    {"object", "person object", rights_object, "ends all subscriptions and blocks the address for ever", "Objection noted"},
    {"block", "person block", rights_block, "ends all subscriptions and blocks the address for ever", "Blocked"},
};

static const struct act *act_find(const char *name)
{
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		if (strcmp(acts[i].name, name) == 0)
			return &acts[i];
	return NULL;
}

/* An address may be blocked before anybody has it. */
static int block_unknown(struct person_desk *d)
{
	struct errinfo ei = {.code = OK};
	struct rights_done done = {.state = PERSON_SUPPRESSED};
	int code = person_desk_agreed(d, "blocks an address about which nothing is held");

	if (code)
		return code < 0 ? CMD_DONE : code;
	if (rights_block_address(&d->rights, d->call->addr.full, &done.fresh, &ei) != OK)
		return cmd_fail("person block", &ei);
	return person_desk_told(d, &done, "Blocked");
}

static int act_run(struct person_desk *d, const struct act *act)
{
	struct errinfo ei = {.code = OK};
	struct rights_done done;
	int code;

	if (!d->found.person_id && act->run == rights_block)
		return block_unknown(d);
	if (!d->found.person_id) {
		err_set(&ei, E_NOT_FOUND, "nothing is held about this address");
		return cmd_fail(act->verb, &ei);
	}
	code = person_desk_agreed(d, act->will);
	if (code)
		return code < 0 ? CMD_DONE : code;
	if (act->run(&d->rights, &d->arena, d->found.person_id, &done, &ei) != OK)
		return cmd_fail(act->verb, &ei);
	return person_desk_told(d, &done, act->was);
}

int person_verb_act(const struct person_call *c)
{
	const struct act *act = act_find(c->args->words[0]);
	struct person_desk d;
	int code = person_desk_open(&d, c, act->verb);

	if (!code)
		code = act_run(&d, act);
	person_desk_close(&d);
	return code;
}

#include "cmd/person_priv.h"

static int withdraw_run(struct person_desk *d)
{
	struct slice purpose = slice_from(d->call->args->purposes ? d->call->args->purposes : "");
	struct errinfo ei = {.code = OK};
	struct rights_done done;
	int code;

	if (slice_find(purpose, ',', 0) < purpose.len)
		return cmd_usage("--purposes names one of them, or leave it out for all");
	if (purpose.len && !conf_purpose_by_id(d->call->site, purpose))
		return cmd_usage("there is no purpose \"%.*s\" on site %s", SLICE_FMT(purpose), d->call->site->id);
	if (!d->found.person_id) {
		err_set(&ei, E_NOT_FOUND, "nothing is held about this address");
		return cmd_fail("person withdraw", &ei);
	}
	code = person_desk_agreed(d, purpose.len ? "ends one subscription" : "ends all subscriptions");
	if (code)
		return code < 0 ? CMD_DONE : code;
	if (rights_withdraw(&d->rights, &d->arena, d->found.person_id, purpose, &done, &ei) != OK)
		return cmd_fail("person withdraw", &ei);
	return person_desk_told(d, &done, "Withdrawn");
}

int person_verb_withdraw(const struct person_call *c)
{
	struct person_desk d;
	int code = person_desk_open(&d, c, "person withdraw");

	if (!code)
		code = withdraw_run(&d);
	person_desk_close(&d);
	return code;
}

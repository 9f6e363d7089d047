#include <string.h>

#include "cmd/person_priv.h"

static const struct person_verb {
	const char *name;
	int (*run)(const struct person_call *c);
	const char *usage; /* behind "jawort person " */
	bool words;        /* takes more words behind the address */
} verbs[] = {
    {"find", person_verb_find, "find ADDRESS", false},
    {"add", person_verb_add, "add ADDRESS --form F --purposes P,P --source \"paper form 2026-11-02\" [--lang L] [FIELD=VALUE ...]",
        true},
    {"withdraw", person_verb_withdraw, "withdraw ADDRESS [--purposes P] [--by reply|letter|phone] [--yes] [-n]", false},
    {"export", person_verb_export, "export ADDRESS [--format json|csv|html|data] [-o FILE] [--by reply|letter|phone]", false},
    {"rectify", person_verb_rectify, "rectify ADDRESS FIELD=VALUE ... [--lang L] [--by reply|letter|phone] [--yes] [-n]",
        true},
    {"restrict", person_verb_act, "restrict ADDRESS [--by reply|letter|phone] [--yes] [-n]", false},
    {"release", person_verb_act, "release ADDRESS [--yes] [-n]", false},
    {"object", person_verb_act, "object ADDRESS [--by reply|letter|phone] [--yes] [-n]", false},
    {"block", person_verb_act, "block ADDRESS [--yes] [-n]", false},
    {"erase", person_verb_erase, "erase ADDRESS [--never-again] [--with-evidence] [--by reply|letter|phone] [--yes] [-n]",
        false},
    {"evidence", person_verb_evidence, "evidence ADDRESS [--lang de|en] [--as html|bundle|form|mail|notice] [--event N] [-o FILE]",
        false},
};
#define NVERBS (sizeof(verbs) / sizeof(verbs[0]))

enum err person_call_find(const struct person_call *c, struct db *db, struct person *out, struct errinfo *ei)
{
	enum err rc = person_find_address(db, STORE_EMAIL, c->addr.full, out, ei);

	return rc == E_NOT_FOUND ? err_set(ei, E_NOT_FOUND, "nothing is held about this address") : rc;
}

static const struct person_verb *verb_find(const char *name)
{
	for (size_t i = 0; i < NVERBS; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

static int verb_list(void)
{
	struct buf names;
	int rc;

	buf_init(&names, 1024);
	for (size_t i = 0; i < NVERBS; i++)
		buf_printf(&names, "%s%s", i ? "|" : "", verbs[i].name);
	rc = cmd_usage("person %s ADDRESS", buf_ok(&names) ? names.data : "VERB");
	buf_free(&names);
	return rc;
}

static int verb_run(const struct person_verb *v, const struct cmd_args *a, const struct conf *c,
    const struct conf_site *s)
{
	struct person_call call = {.args = a, .conf = c, .site = s};
	struct errinfo ei = {.code = OK};
	struct arena ar;
	int rc;

	arena_init(&ar, ARENA_REQUEST_MAX_BYTES);
	call.arena = &ar;
	if (addr_parse(&ar, slice_from(a->words[1]), &call.addr) != ADDR_OK) {
		err_set(&ei, E_INVALID, "this is not an e-mail address");
		rc = cmd_fail("person", &ei);
	} else {
		rc = v->run(&call);
	}
	arena_free(&ar);
	return rc;
}

int cmd_person(const struct cmd_args *a)
{
	const struct person_verb *v = a->n ? verb_find(a->words[0]) : NULL;
	const struct conf_site *s;
	struct conf *c;
	int rc;

	if (!v)
		return verb_list();
	if (a->n < 2 || (a->n > 2 && !v->words))
		return cmd_usage("person %s", v->usage);
	rc = cmd_load(a, &c);
	if (rc)
		return rc;
	s = cmd_site(a, c);
	rc = s ? verb_run(v, a, c, s) : CMD_USAGE;
	conf_free(c);
	return rc;
}

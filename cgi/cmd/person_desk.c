/* What the verbs about rights share: store and site, agreement, and the word about what was done. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cmd/person_priv.h"
#include "send/wake.h"
#include "text/jsonw.h"

#define DESK_ARENA_BYTES (32u * 1024u * 1024u)

static int way_read(const struct cmd_args *a, enum withdraw_way *way)
{
	static const enum withdraw_way known[] = {WITHDRAW_REPLY, WITHDRAW_LETTER, WITHDRAW_PHONE};

	*way = WITHDRAW_OWNER;
	if (!a->by)
		return CMD_DONE;
	*way = withdraw_way_from_name(slice_from(a->by));
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (*way == known[i])
			return CMD_DONE;
	return cmd_usage("--by is reply, letter or phone, not \"%s\"", a->by);
}

static enum err desk_ready(struct person_desk *d, struct errinfo *ei)
{
	const struct person_call *c = d->call;
	struct db *db;
	enum err rc = site_new(&d->site, c->conf, c->site, ei);

	if (!rc)
		rc = cmd_store(c->conf, c->site, false, &d->store, ei);
	if (!rc)
		rc = store_read(d->store, &db, ei);
	if (rc)
		return rc;
	rc = rights_find(db, c->addr.full, &d->found, ei);
	store_read_end(d->store, db);
	d->rights.site = d->site;
	d->rights.store = d->store;
	return rc;
}

int person_desk_open(struct person_desk *d, const struct person_call *c, const char *verb)
{
	struct errinfo ei = {.code = OK};
	int code;

	memset(d, 0, sizeof(*d));
	d->call = c;
	d->verb = verb;
	arena_init(&d->arena, DESK_ARENA_BYTES);
	code = way_read(c->args, &d->rights.way);
	if (code)
		return code;
	return desk_ready(d, &ei) ? cmd_fail(verb, &ei) : CMD_DONE;
}

void person_desk_close(struct person_desk *d)
{
	store_close(d->store);
	site_free(d->site);
	arena_free(&d->arena);
}

static bool yes_typed(const char *what)
{
	static const char *const words[] = {"y", "yes", "j", "ja"};
	char line[16];

	fprintf(stderr, "This %s. Do it? [y/N] ", what);
	if (!fgets(line, sizeof(line), stdin))
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_ieq(slice_trim(slice_from(line)), slice_from(words[i])))
			return true;
	return false;
}

int person_desk_agreed(const struct person_desk *d, const char *what)
{
	const struct cmd_args *a = d->call->args;

	if (a->dry) {
		if (!a->json)
			printf("This %s. Nothing was done.\n", what);
		return -1;
	}
	if (a->yes)
		return CMD_DONE;
	if (!isatty(STDIN_FILENO))
		return cmd_usage("this %s: say --yes, or look first with -n", what);
	if (yes_typed(what))
		return CMD_DONE;
	fputs("Nothing was done.\n", stderr);
	return -1;
}

static int told_json(const struct rights_done *done)
{
	char iso[CLOCK_ISO_BYTES];
	struct jsonw w;
	struct buf b;
	int code;

	buf_init(&b, 4096);
	jsonw_init(&w, &b);
	jsonw_object(&w);
	jsonw_kbool(&w, "done", done->fresh);
	jsonw_kcstr(&w, "state", person_state_name(done->state));
	jsonw_kstr(&w, "ended", done->purposes);
	jsonw_kstr(&w, "active", done->rest);
	if (done->ends_ms)
		jsonw_kcstr(&w, "ends", clock_iso(done->ends_ms, iso));
	jsonw_end_object(&w);
	buf_add_char(&b, '\n');
	code = cmd_print(&b);
	buf_free(&b);
	return code;
}

int person_desk_told(const struct person_desk *d, const struct rights_done *done, const char *what)
{
	struct errinfo ei = {.code = OK};
	char iso[CLOCK_ISO_BYTES];

	if (done->fresh && wake_site(d->call->conf->data, d->call->site->id, &ei) != OK)
		log_err(LOG_WARN, "wake", &ei);
	if (d->call->args->json)
		return told_json(done);
	if (done->ends_ms)
		printf("%s. It ends on %.10s, if that mail is handed over until then. If it cannot be, tell them otherwise, and use "
		    "--by letter or phone.\n", done->fresh ? "Announced by mail" : "Announced before", clock_iso(done->ends_ms, iso));
	else if (done->fresh)
		printf("%s. State: %s.\n", what, person_state_name(done->state));
	else
		printf("There was nothing to do. State: %s.\n", person_state_name(done->state));
	return CMD_DONE;
}

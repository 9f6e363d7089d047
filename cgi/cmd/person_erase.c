/* Erasure with its preview: what goes now, what stays restricted, why, until when. */
#include "base/clock.h"
#include "cmd/person_priv.h"
#include "text/jsonw.h"

#define VERB "person erase"

static void preview_lines(const struct rights_erasure *e, const struct cmd_args *a, struct buf *out)
{
	char iso[CLOCK_ISO_BYTES];

	buf_printf(out, "goes now:   %zu details, %zu purposes, %zu requests, %zu notes of mails, parts of %zu events\n",
	    e->fields, e->purposes, e->requests, e->mails, e->events);
	if (e->told)
		buf_printf(out, "told:       %s\n", *e->recipients ? e->recipients : "the provider that keeps the lists");
	if (e->keeps && !a->with_evidence)
		buf_printf(out, "stays:      the proof of the consent, with the address, restricted until %.10s\n"
		    "            (Art. 17(3)(b), (e) GDPR: claims about the mails). --with-evidence erases it too\n",
		    clock_iso(e->until_ms, iso));
	else
		buf_add_str(out, "stays:      commitments of the log, which say nothing about anybody\n");
	if (e->blocked || a->never_again)
		buf_add_str(out, "stays:      a block on the address, as a keyed code (Art. 21(3), 17(3)(b) GDPR)\n");
	buf_printf(out, "backups:    run out within %lld days\n", (long long)(e->backups_ms / INT64_C(86400000)));
}

static void preview_json(const struct rights_erasure *e, const struct cmd_args *a, struct buf *out)
{
	bool keeps = e->keeps && !a->with_evidence;
	char iso[CLOCK_ISO_BYTES];
	struct jsonw w;

	jsonw_init(&w, out);
	jsonw_object(&w);
	jsonw_kint(&w, "fields", (int64_t)e->fields);
	jsonw_kint(&w, "purposes", (int64_t)e->purposes);
	jsonw_kint(&w, "requests", (int64_t)e->requests);
	jsonw_kint(&w, "mails", (int64_t)e->mails);
	jsonw_kint(&w, "events", (int64_t)e->events);
	jsonw_kcstr(&w, "told", e->recipients);
	jsonw_kbool(&w, "evidence_kept", keeps);
	jsonw_kcstr(&w, "kept_until", keeps ? clock_iso(e->until_ms, iso) : NULL);
	jsonw_kbool(&w, "blocked", e->blocked || a->never_again);
	jsonw_end_object(&w);
	buf_add_char(out, '\n');
}

static int preview(struct person_desk *d, int64_t id)
{
	const struct cmd_args *a = d->call->args;
	struct rights_erasure e;
	struct errinfo ei = {.code = OK};
	struct buf out;
	struct db *db;
	enum err rc = store_read(d->store, &db, &ei);
	int code;

	if (rc)
		return cmd_fail(VERB, &ei);
	rc = rights_erase_look(db, d->site, &d->arena, id, &e, &ei);
	store_read_end(d->store, db);
	if (rc)
		return cmd_fail(VERB, &ei);
	buf_init(&out, 8192);
	(a->json ? preview_json : preview_lines)(&e, a, &out);
	/* With --json there is one answer: what would be done, or what was. */
	code = a->json && !a->dry ? CMD_DONE : cmd_print(&out);
	buf_free(&out);
	return code;
}

/* The present person first, then what earlier erasures kept, if that is to go as well. */
static int erase_all(struct person_desk *d)
{
	const struct cmd_args *a = d->call->args;
	struct rights_done done = {.state = PERSON_ERASED}, one;
	struct errinfo ei = {.code = OK};

	if (d->found.person_id
	    && rights_erase(&d->rights, &d->arena, d->found.person_id, a->never_again, a->with_evidence, &done, &ei) != OK)
		return cmd_fail(VERB, &ei);
	for (size_t i = 0; a->with_evidence && i < d->found.nkept; i++) {
		if (rights_erase(&d->rights, &d->arena, d->found.kept[i], false, true, &one, &ei) != OK)
			return cmd_fail(VERB, &ei);
		done.fresh = done.fresh || one.fresh;
	}
	return person_desk_told(d, &done, "Erased");
}

static int erase_run(struct person_desk *d)
{
	const struct rights_found *f = &d->found;
	int64_t id = f->person_id ? f->person_id : f->nkept ? f->kept[f->nkept - 1] : 0;
	struct errinfo ei = {.code = OK};
	int code;

	if (!id) {
		err_set(&ei, E_NOT_FOUND, "nothing is held about this address");
		return cmd_fail(VERB, &ei);
	}
	code = preview(d, id);
	if (code)
		return code;
	code = person_desk_agreed(d, "erases, and cannot be undone");
	if (code)
		return code < 0 ? CMD_DONE : code;
	return erase_all(d);
}

int person_verb_erase(const struct person_call *c)
{
	struct person_desk d;
	int code = person_desk_open(&d, c, VERB);

	if (!code)
		code = erase_run(&d);
	person_desk_close(&d);
	return code;
}

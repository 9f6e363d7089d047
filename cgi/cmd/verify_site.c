/* `jawort verify` of a whole site. */
#include <stdio.h>
#include <string.h>

#include "base/enc.h"
#include "cmd/verify_priv.h"
#include "core/audit.h"
#include "core/logbook.h"
#include "text/jsonw.h"

static void hex_of(const struct audit_fault *f, char *hex)
{
	enc_hex(f->hash, STORE_HASH_BYTES, hex);
}

static void say_faults(struct verify_words *w, const struct audit_report *r)
{
	size_t shown = r->nfaults < AUDIT_FAULTS_MAX ? r->nfaults : AUDIT_FAULTS_MAX;
	char key[80], hex[ENC_HEX_BYTES(STORE_HASH_BYTES)];

	for (size_t i = 0; i < shown; i++) {
		const struct audit_fault *f = &r->fault[i];
		hex_of(f, hex);
		view_int(w->view, "seq", f->seq);
		view_int(w->view, "from", f->from);
		view_cstr(w->view, "hash", hex);
		snprintf(key, sizeof(key), "verify.site.fault.%s", audit_kind_name(f->kind));
		verify_say(w, key, 0);
	}
	if (r->nfaults > shown) {
		verify_count(w, "count", r->nfaults - shown);
		verify_say(w, "verify.more", 0);
	}
}

static void site_words(struct verify_words *w, const char *site, const struct audit_report *r, bool deep)
{
	int64_t behind = r->events > r->covered ? r->events - r->covered : 0;

	view_cstr(w->view, "site", site);
	verify_count(w, "count", r->nfaults);
	view_int(w->view, "events", r->events);
	view_int(w->view, "checkpoints", r->checkpoints);
	view_int(w->view, "texts", r->texts);
	verify_say(w, r->nfaults ? "verify.site.bad" : "verify.site.good", 0);
	say_faults(w, r);
	if (!r->checkpoints && r->events)
		verify_say(w, "verify.site.none", 0);
	view_int(w->view, "count", behind);
	if (r->checkpoints && behind)
		verify_say(w, r->opened >= behind ? "verify.site.behind" : "verify.site.behind.closed", 0);
	view_int(w->view, "count", r->opened);
	if (deep)
		verify_say(w, "verify.site.opened", 0);
}

static void site_json(struct verify_words *w, const char *site, const struct audit_report *r)
{
	char hex[ENC_HEX_BYTES(STORE_HASH_BYTES)];
	struct jsonw j;

	jsonw_init(&j, &w->out);
	jsonw_object(&j);
	jsonw_kcstr(&j, "site", site);
	jsonw_kbool(&j, "ok", r->nfaults == 0);
	jsonw_kint(&j, "events", r->events);
	jsonw_kint(&j, "covered", r->covered);
	jsonw_kint(&j, "checkpoints", r->checkpoints);
	jsonw_kint(&j, "texts", r->texts);
	jsonw_kint(&j, "opened", r->opened);
	jsonw_kint(&j, "fault_count", (int64_t)r->nfaults);
	jsonw_key(&j, "faults");
	jsonw_array(&j);
	for (size_t i = 0; i < r->nfaults && i < AUDIT_FAULTS_MAX; i++) {
		hex_of(&r->fault[i], hex);
		jsonw_object(&j);
		jsonw_kcstr(&j, "kind", audit_kind_name(r->fault[i].kind));
		jsonw_kint(&j, "event", r->fault[i].seq);
		jsonw_kint(&j, "from", r->fault[i].from);
		jsonw_kcstr(&j, "hash", hex);
		jsonw_end_object(&j);
	}
	jsonw_end_array(&j);
	jsonw_end_object(&j);
	buf_add_char(&w->out, '\n');
}

static enum err site_look(const struct cmd_args *a, const struct conf *c, const struct conf_site *s,
    struct audit_report *r, struct errinfo *ei)
{
	struct checkpoint filed;
	struct store *st;
	struct db *db;
	enum err rc = cmd_store(c, s, false, &st, ei), file;

	if (rc)
		return rc;
	/* First: what is signed meanwhile is in the data before it is in the file. */
	file = logbook_filed(s, st, &filed, ei);
	rc = file == E_CONFLICT || file == E_DENIED ? OK : file;
	if (!rc)
		rc = store_read(st, &db, ei);
	if (!rc) {
		rc = audit_site(db, &filed, a->deep, r, ei);
		store_read_end(st, db);
	}
	if (!rc && file)
		audit_fault_add(r, AUDIT_FILED, 0, 0, NULL);
	store_close(st);
	return rc;
}

int verify_site(const struct cmd_args *a, struct verify_words *w)
{
	struct errinfo ei = {.code = OK};
	const struct conf_site *s;
	struct audit_report r;
	struct conf *c;
	int code = cmd_load(a, &c);

	if (code)
		return code;
	s = cmd_site(a, c);
	if (!s)
		code = CMD_USAGE;
	else if (site_look(a, c, s, &r, &ei) != OK)
		code = cmd_fail("verify", &ei);
	else {
		if (a->json)
			site_json(w, s->id, &r);
		else
			site_words(w, s->id, &r, a->deep);
		code = cmd_print(&w->out);
		code = code ? code : r.nfaults ? CMD_FINDINGS : CMD_DONE;
	}
	conf_free(c);
	return code;
}

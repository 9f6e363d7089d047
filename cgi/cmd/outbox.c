#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "send/wake.h"
#include "store/contact.h"
#include "store/outbox.h"
#include "text/jsonw.h"

#define OUT_MAX_BYTES (64u * 1024u * 1024u)
#define PAGE_ROWS 500

struct listing {
	struct jsonw w;
	struct buf *out;
	bool json;
	int64_t last_id;
	unsigned rows;
};

static void list_json(struct listing *l, const struct outbox_row *r)
{
	char iso[CLOCK_ISO_BYTES];
	struct jsonw *w = &l->w;

	jsonw_object(w);
	jsonw_kint(w, "id", r->id);
	jsonw_kcstr(w, "kind", outbox_kind_name(r->kind));
	jsonw_kcstr(w, "state", outbox_state_name(r->state));
	jsonw_kint(w, "attempt", r->attempt);
	jsonw_kcstr(w, "created", clock_iso(r->created_ms, iso));
	jsonw_kcstr(w, "next", r->done_ms ? NULL : clock_iso(r->next_ms, iso));
	jsonw_kstr(w, "provider", r->provider);
	jsonw_kstr(w, "provider_id", r->provider_id);
	jsonw_kstr(w, "code", r->result_code);
	jsonw_kstr(w, "text", r->result_text);
	jsonw_end_object(w);
}

/* Who a mail goes to is sealed; the list is about what became of it. */
static bool list_row(const struct outbox_row *r, void *arg)
{
	struct listing *l = arg;
	char iso[CLOCK_ISO_BYTES];

	l->last_id = r->id;
	l->rows++;
	if (l->json) {
		list_json(l, r);
		return true;
	}
	buf_printf(l->out, "%7lld  %s  %-8s  %-8s  try %d  %.*s %.*s %.*s\n", (long long)r->id,
	    clock_iso(r->created_ms, iso), outbox_kind_name(r->kind), outbox_state_name(r->state), r->attempt,
	    SLICE_FMT(r->provider), SLICE_FMT(r->result_code), SLICE_FMT(r->result_text));
	return true;
}

static int outbox_list(const struct cmd_args *a, struct store *st)
{
	struct outbox_filter f = {.state = OUTBOX_STATE__MAX, .limit = PAGE_ROWS};
	struct errinfo ei = {.code = OK};
	struct listing l = {.json = a->json};
	struct buf out;
	struct db *db;
	enum err rc = store_read(st, &db, &ei);
	int code;

	if (rc)
		return cmd_fail("outbox", &ei);
	buf_init(&out, OUT_MAX_BYTES);
	l.out = &out;
	jsonw_init(&l.w, &out);
	if (a->json)
		jsonw_array(&l.w);
	do {
		l.rows = 0;
		f.after_id = l.last_id;
		rc = outbox_each(db, &f, list_row, &l, &ei);
	} while (!rc && l.rows == PAGE_ROWS);
	store_read_end(st, db);
	if (a->json) {
		jsonw_end_array(&l.w);
		buf_add_char(&out, '\n');
	}
	code = rc ? cmd_fail("outbox", &ei) : cmd_print(&out);
	buf_free(&out);
	return code;
}

/* Each id, or everything that waits if none is named: mails, and what a contact list has still to be told. */
static enum err change(struct db *db, const struct cmd_args *a, bool retry, unsigned *count, unsigned *contacts,
    struct errinfo *ei)
{
	unsigned long long id;
	enum err rc = OK;

	if (retry && a->n == 1) {
		rc = outbox_retry_all(db, clock_now_ms(), count, ei);
		return rc ? rc : contact_retry_all(db, clock_now_ms(), contacts, ei);
	}
	for (size_t i = 1; !rc && i < a->n; i++) {
		if (!slice_u64(slice_from(a->words[i]), &id) || id > STORE_ID_MAX)
			return err_set(ei, E_INVALID, "\"%s\" is not the number of a mail (see outbox list)",
			    a->words[i]);
		rc = retry ? outbox_retry(db, (int64_t)id, clock_now_ms(), ei)
		    : outbox_drop(db, (int64_t)id, clock_now_ms(), ei);
		*count += !rc;
	}
	return rc;
}

static int outbox_change(const struct cmd_args *a, const struct conf *c, struct store *st, bool retry)
{
	struct errinfo ei = {.code = OK};
	unsigned count = 0, contacts = 0;
	struct db *db;
	enum err rc = store_write_begin(st, &db, &ei);

	if (rc)
		return cmd_fail("outbox", &ei);
	rc = change(db, a, retry, &count, &contacts, &ei);
	if (rc || a->dry)
		store_write_rollback(st);
	else
		rc = store_write_commit(st, &ei);
	if (rc)
		return cmd_fail("outbox", &ei);
	if (!a->dry && (retry ? wake_retry : wake_site)(c->data, store_site(st), &ei) != OK)
		log_err(LOG_WARN, "wake", &ei);
	printf("%u %s%s\n", count, retry ? "due now" : "dropped", a->dry ? " (not done: -n)" : "");
	if (contacts)
		printf("%u for contact lists due now%s\n", contacts, a->dry ? " (not done: -n)" : "");
	return CMD_DONE;
}

static int outbox_run(const struct cmd_args *a, const struct conf *c, const struct conf_site *s)
{
	struct errinfo ei = {.code = OK};
	struct store *st;
	int rc;

	if (cmd_store(c, s, false, &st, &ei) != OK)
		return cmd_fail(s->id, &ei);
	if (strcmp(a->words[0], "list") == 0)
		rc = outbox_list(a, st);
	else
		rc = outbox_change(a, c, st, strcmp(a->words[0], "retry") == 0);
	store_close(st);
	return rc;
}

int cmd_outbox(const struct cmd_args *a)
{
	const struct conf_site *s;
	struct conf *c;
	int rc;

	if (!a->n || (strcmp(a->words[0], "list") != 0 && strcmp(a->words[0], "retry") != 0
	        && strcmp(a->words[0], "drop") != 0))
		return cmd_usage("outbox list, outbox retry [ID ...] or outbox drop ID ...");
	if (strcmp(a->words[0], "drop") == 0 && a->n == 1)
		return cmd_usage("outbox drop which? The numbers stand in outbox list");
	rc = cmd_load(a, &c);
	if (rc)
		return rc;
	s = cmd_site(a, c);
	rc = s ? outbox_run(a, c, s) : CMD_USAGE;
	conf_free(c);
	return rc;
}

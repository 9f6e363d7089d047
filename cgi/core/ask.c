#include "core/ask.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/rights.h"
#include "text/addr.h"

/* A long line is no address; what is behind it is not looked at. */
#define ASK_EMAIL_MAX_BYTES 1024

static enum err ask_job(struct db *db, void *arg, struct errinfo *ei)
{
	return intake_put(db, arg, NULL, ei);
}

bool ask_is(const struct intake *in)
{
	return in->form.len == 0;
}

static const char *ask_check(struct arena *a, const struct ask_input *in, struct slice *email, struct addr *addr)
{
	*email = form_get(in->fields, "email");
	if (form_count(in->fields, "email") > 1)
		return "error.field.twice";
	if (email->len > ASK_EMAIL_MAX_BYTES) {
		*email = SLICE("");
		return "error.email.long";
	}
	return gate_address_error(addr_parse(a, *email, addr));
}

static void ask_tally(struct budget *b, const struct site *s, enum budget_tally what, int64_t now_ms)
{
	struct errinfo ei = {.code = OK};

	if (b && budget_count(b, site_conf(s)->id, SLICE(ASK_TALLY), what, 1, now_ms, &ei) != OK)
		log_err(LOG_WARN, "budget", &ei);
}

/* Of a broken counter nobody suffers. False: used up. */
static bool ask_take(struct budget *b, const struct budget_ask *asks, size_t n, int64_t now_ms, int64_t *retry_s)
{
	struct errinfo ei = {.code = OK};
	size_t denied = n;

	if (b && budget_take(b, asks, n, now_ms, &denied, retry_s, &ei) != OK) {
		log_err(LOG_WARN, "budget", &ei);
		return true;
	}
	return denied == n;
}

/* The network only: what sign-ups use up of the site's budget must not lock out who asks for their rights. */
static bool ask_limited(const struct gate *g, struct arena *a, const struct ask_input *in, struct ask_answer *out)
{
	const struct budget_ask prefix = {BUDGET_PREFIX, SLICE(""), gate_prefix(a, in->remote_ip),
	    site_host(g->site)->budgets.per_prefix};
	int64_t now_ms = clock_now_ms();

	if (ask_take(g->budget, &prefix, 1, now_ms, &out->retry_s))
		return false;
	ask_tally(g->budget, g->site, BUDGET_T_PREFIX, now_ms);
	return true;
}

enum err ask_accept(const struct gate *g, struct arena *a, const struct ask_input *in, struct ask_answer *out,
    struct errinfo *ei)
{
	struct intake row = {.channel = STORE_EMAIL, .lang = slice_from(in->lang)};
	struct addr addr;

	memset(out, 0, sizeof(*out));
	out->error_key = ask_check(a, in, &out->email, &addr);
	if (!arena_ok(a))
		return err_set(ei, E_NOMEM, "question about data");
	if (out->error_key) {
		out->result = ASK_INPUT;
		return OK;
	}
	if (ask_limited(g, a, in, out)) {
		out->result = ASK_LIMITED;
		return OK;
	}
	row.at_ms = clock_now_ms();
	row.address = addr.full;
	return writer_run(g->writers, g->store, ask_job, &row, ei);
}

/* ---- behind the answer */

static bool ask_allowed(const struct turn *t, struct arena *a, struct slice address, int64_t now_ms)
{
	const struct addr whole = {.full = address};
	struct slice folded = addr_fold(a, &whole), site = slice_from(site_conf(t->site)->id);
	struct buf apart;

	buf_init_arena(&apart, a, 128);
	buf_printf(&apart, "%s/once", site_conf(t->site)->id);
	const struct budget_ask asks[] = {
	    {BUDGET_RIGHTS, buf_slice(&apart), folded, {1, {ASK_COOL_DOWN_S, ASK_COOL_DOWN_S / 60, 'm'}}},
	    {BUDGET_RIGHTS, site, folded, site_host(t->site)->budgets.rights},
	};

	if (ask_take(t->budget, asks, sizeof(asks) / sizeof(asks[0]), now_ms, NULL))
		return true;
	ask_tally(t->budget, t->site, BUDGET_T_SILENT, now_ms);
	return false;
}

/* Whose data a link would lead to: the person of today, else the newest of whom evidence is kept; 0: nobody's. */
static int64_t ask_whose(const struct rights_found *f)
{
	if (f->person_id || !f->nkept)
		return f->person_id;
	return f->kept[f->nkept - 1];
}

enum err ask_turn(struct db *db, const struct turn *t, struct arena *a, const struct intake *in, int64_t now_ms,
    struct errinfo *ei)
{
	const char *lang = site_lang(t->site, in->lang);
	struct letter_send send = {.letter = {.kind = OUTBOX_LINK, .lang = lang ? lang : site_lang_default(t->site)},
	    .asked_ms = in->at_ms, .now_ms = now_ms, .address = in->address};
	unsigned char mail_hash[STORE_HASH_BYTES];
	struct rights_found found;
	enum err rc;

	if (!ask_allowed(t, a, in->address, now_ms))
		return OK;
	rc = rights_find(db, in->address, &found, ei);
	if (rc)
		return rc;
	send.person_id = ask_whose(&found);
	send.expires_ms = conf_duration_after(site_conf(t->site)->links.rights, now_ms);
	if (!send.person_id)
		send.letter.kind = OUTBOX_NOTHING;
	/* nothing, except that nothing may be sent */
	if (!send.person_id && found.blocked)
		send.letter.variant = LETTER_NOTHING_BLOCKED;
	return letter_queue(db, t->site, t->letters, a, &send, mail_hash, ei);
}

/* A new address: it counts when the link sent there is pressed, GDPR Art. 16 with the double opt-in of sign-ups. */
#include "core/rights_priv.h"

#include <string.h>

#include "base/clock.h"
#include "core/gate.h"
#include "core/token.h"
#include "core/turn.h"
#include "store/move.h"
#include "text/addr.h"
#include "text/jsonw.h"

/* Where such mails are counted among the forms, as questions at /my are. */
#define MOVE_TALLY "/my"

/* ---- asking */

static enum err present_address(struct db *db, struct arena *a, int64_t id, struct slice *out, struct errinfo *ei)
{
	struct buf b;
	enum err rc;

	buf_init_arena(&b, a, PERSON_ADDRESS_MAX_BYTES);
	rc = person_address(db, id, &b, ei);
	*out = buf_slice(&b);
	return rc;
}

static enum err address_blocked(struct db *db, enum store_channel channel, struct slice address, int64_t now_ms,
    bool *blocked, struct errinfo *ei)
{
	unsigned char lookup[PERSON_LOOKUP_BYTES];

	person_lookup(db_keyring(db), channel, address, lookup);
	return suppression_has(db, channel, lookup, SLICE(""), now_ms, blocked, NULL, ei);
}

static enum err ask_do(struct db *db, struct rights_act *w, void *arg, struct errinfo *ei)
{
	const struct slice *to = arg;
	const struct conf_site *c = site_conf(w->r->site);
	struct letter_send send = {.letter = {.kind = OUTBOX_MOVE}, .person_id = w->person_id, .address = *to,
	    .expires_ms = conf_duration_after(c->links.confirm, w->now_ms)};
	unsigned char hash[STORE_HASH_BYTES];
	bool blocked = false;
	struct slice now;
	int generation;
	enum err rc = present_address(db, w->a, w->person_id, &now, ei);

	if (rc || slice_eq(now, *to))
		return rc;
	rc = move_put(db, w->person_id, *to, w->now_ms, send.expires_ms, &generation, ei);
	if (!rc)
		rc = address_blocked(db, w->person.channel, *to, w->now_ms, &blocked, ei);
	w->out->fresh = !rc;
	if (rc || blocked || !turn_mail_allowed(w->r->site, w->r->budget, w->a, SLICE(MOVE_TALLY), *to, w->now_ms))
		return rc;
	send.generation = (unsigned)generation;
	/* The old mailbox may be gone: that is a reason to move, not one against it. */
	w->person.state = w->person.state == PERSON_BOUNCED ? PERSON_UNSUBSCRIBED : w->person.state;
	return rights_letter(db, w, &send, NULL, hash, ei);
}

enum err rights_move_ask(const struct rights *r, struct arena *a, int64_t person_id, struct slice typed,
    struct rights_done *out, struct rights_error *bad, struct errinfo *ei)
{
	struct addr addr;
	enum addr_result res = addr_parse(a, typed, &addr);

	*bad = (struct rights_error){.max = 0};
	memset(out, 0, sizeof(*out));
	if (!arena_ok(a))
		return err_set(ei, E_NOMEM, "new address");
	if (res != ADDR_OK) {
		*bad = (struct rights_error){SLICE("email"), gate_address_error(res), ADDR_MAX_BYTES};
		return OK;
	}
	if (!gate_domain_welcome(site_conf(r->site), addr.domain)) {
		*bad = (struct rights_error){SLICE("email"), "error.email.domain", 0};
		return OK;
	}
	return rights_run(r, a, person_id, false, ask_do, &addr.full, out, ei);
}

/* ---- the link */

struct link {
	struct token token;
	struct move move;
	struct person person;
	struct slice from, to;
};

static enum rights_move link_state(const struct link *l, int64_t now_ms)
{
	if (l->move.generation != (int)l->token.generation)
		return RIGHTS_MOVE_UNKNOWN;
	if (!l->move.open)
		return RIGHTS_MOVE_DONE;
	return l->token.expires_ms > now_ms && l->move.expires_ms > now_ms ? RIGHTS_MOVE_OPEN : RIGHTS_MOVE_EXPIRED;
}

static enum err link_read(struct db *db, struct arena *a, struct link *l, struct errinfo *ei)
{
	struct buf to;
	enum err rc = person_get(db, l->token.id, &l->person, ei);

	if (!rc && l->person.state == PERSON_ERASED)
		return E_NOT_FOUND;
	buf_init_arena(&to, a, PERSON_ADDRESS_MAX_BYTES);
	if (!rc)
		rc = move_get(db, l->token.id, &l->move, &to, ei);
	/* somebody who is here and has no such wish (data from before it): the link is unknown, the person is not gone */
	if (rc == E_NOT_FOUND && l->person.id) {
		l->move.generation = -1;
		rc = OK;
	}
	l->to = buf_slice(&to);
	return rc ? rc : present_address(db, a, l->token.id, &l->from, ei);
}

static enum err link_look(struct db *db, const struct site *s, struct arena *a, struct slice token, int64_t now_ms,
    struct link *l, struct rights_moving *out, struct errinfo *ei)
{
	enum err rc;

	memset(out, 0, sizeof(*out));
	memset(l, 0, sizeof(*l));
	out->lang = site_lang_default(s);
	if (!token_read(db_keyring(db), site_conf(s)->id, token, &l->token) || l->token.purpose != TOKEN_MOVE)
		return OK;
	rc = link_read(db, a, l, ei);
	if (rc == E_NOT_FOUND) {
		out->state = RIGHTS_MOVE_GONE;
		return OK;
	}
	if (rc)
		return rc;
	out->state = link_state(l, now_ms);
	if (out->state == RIGHTS_MOVE_UNKNOWN)
		return OK;
	out->lang = rights_lang(s, &l->person);
	out->person_id = l->person.id;
	out->from = addr_mask(a, l->from);
	out->to = l->to.len ? addr_mask(a, l->to) : out->from;
	out->asked_ms = l->move.asked_ms;
	return OK;
}

enum err rights_move_look(struct db *db, const struct site *s, struct arena *a, struct slice token,
    struct rights_moving *out, struct errinfo *ei)
{
	struct link l;

	return link_look(db, s, a, token, clock_now_ms(), &l, out, ei);
}

/* ---- pressed */

struct pressing {
	struct slice token;
	struct rights_moving *out;
};

static enum err is_taken(struct db *db, const struct rights_act *w, struct slice to, bool *taken, struct errinfo *ei)
{
	struct person other;
	enum err rc = person_find_address(db, w->person.channel, to, &other, ei);

	*taken = !rc;
	return rc && rc != E_NOT_FOUND ? rc
	    : *taken ? OK : address_blocked(db, w->person.channel, to, w->now_ms, taken, ei);
}

static struct slice moved_fields(struct arena *a, struct slice to)
{
	struct jsonw w;
	struct buf b;

	buf_init_arena(&b, a, 1024);
	jsonw_init(&w, &b);
	jsonw_object(&w);
	jsonw_kstr(&w, "email", to);
	jsonw_end_object(&w);
	return buf_slice(&b);
}

/* The old address leaves the provider's lists, the new one takes its place; consents stay those of the person. */
static enum err move_do(struct db *db, struct rights_act *w, const struct link *l, struct errinfo *ei)
{
	struct letter_send send = {.letter = {.kind = OUTBOX_MOVED}, .address = l->from};
	unsigned char hash[STORE_HASH_BYTES];
	struct event_new e = {.detail = SLICE("address"), .fields = moved_fields(w->a, l->to)};
	enum err rc = contact_erased(db, w->r->site, w->person_id, w->now_ms, ei);

	if (!rc)
		rc = person_set_address(db, w->person_id, l->to, w->now_ms, ei);
	if (!rc)
		rc = move_end(db, w->person_id, ei);
	if (!rc && w->person.state != PERSON_RESTRICTED)
		rc = rights_lists(db, w, CONTACT_ADD, ei);
	if (!rc)
		rc = rights_letter(db, w, &send, &e, hash, ei);
	if (!rc && w->person.state == PERSON_BOUNCED)
		rc = person_set_state(db, w->person_id, PERSON_UNSUBSCRIBED, w->now_ms, ei);
	return rc ? rc : rights_event(db, w, &e, EVENT_CHANGED, ei);
}

static enum err press_do(struct db *db, struct rights_act *w, void *arg, struct errinfo *ei)
{
	const struct pressing *p = arg;
	struct link l;
	bool taken = false;
	enum err rc = link_look(db, w->r->site, w->a, p->token, w->now_ms, &l, p->out, ei);

	if (rc || p->out->state != RIGHTS_MOVE_OPEN)
		return rc;
	rc = is_taken(db, w, l.to, &taken, ei);
	if (rc || taken) {
		p->out->state = taken ? RIGHTS_MOVE_TAKEN : p->out->state;
		return rc;
	}
	rc = move_do(db, w, &l, ei);
	p->out->state = RIGHTS_MOVE_DONE;
	w->out->fresh = !rc;
	return rc;
}

enum err rights_move_confirm(const struct rights *r, struct arena *a, struct slice token, struct rights_moving *out,
    bool *fresh, struct errinfo *ei)
{
	struct pressing p = {token, out};
	struct rights_done done = {.fresh = false};
	struct token t;
	enum err rc;

	memset(out, 0, sizeof(*out));
	out->lang = site_lang_default(r->site);
	if (fresh)
		*fresh = false;
	if (!token_read(store_keyring(r->store), site_conf(r->site)->id, token, &t) || t.purpose != TOKEN_MOVE)
		return OK;
	rc = rights_run(r, a, t.id, false, press_do, &p, &done, ei);
	if (!rc && done.gone)
		out->state = RIGHTS_MOVE_GONE;
	if (fresh)
		*fresh = !rc && done.fresh;
	return rc;
}

#include "core/rights_priv.h"

#include <string.h>

#include "base/clock.h"
#include "core/contact.h"
#include "core/register.h"

/* ---- a decision in its transaction */

struct running {
	struct rights_act act;
	rights_fn *fn;
	void *arg;
	bool kept;
};

static enum err running_job(struct db *db, void *arg, struct errinfo *ei)
{
	struct running *j = arg;
	struct rights_act *w = &j->act;
	enum err rc = person_get(db, w->person_id, &w->person, ei);

	w->erase = false;
	memset(w->out, 0, sizeof(*w->out));
	w->out->at_ms = w->now_ms;
	w->out->state = PERSON_ERASED;
	if (rc == E_NOT_FOUND || (!rc && w->person.state == PERSON_ERASED && !j->kept)) {
		w->out->gone = true;
		return OK;
	}
	if (rc)
		return rc;
	w->out->state = w->person.state;
	return j->fn(db, w, j->arg, ei);
}

static enum err running_alone(struct store *st, struct running *j, struct errinfo *ei)
{
	struct db *db;
	enum err rc = store_write_begin(st, &db, ei);

	if (rc)
		return rc;
	rc = running_job(db, j, ei);
	if (!rc)
		return store_write_commit(st, ei);
	store_write_rollback(st);
	return rc;
}

enum err rights_run(const struct rights *r, struct arena *a, int64_t person_id, bool kept, rights_fn *fn, void *arg,
    struct rights_done *out, struct errinfo *ei)
{
	struct running j = {.act = {.r = r, .a = a, .person_id = person_id, .now_ms = clock_now_ms(), .out = out},
	    .fn = fn, .arg = arg, .kept = kept};
	enum err rc;

	j.act.ip = evidence_ip(a, site_conf(r->site), r->ip);
	rc = r->writers ? writer_run(r->writers, r->store, running_job, &j, ei) : running_alone(r->store, &j, ei);
	if (!rc && j.act.erase)
		rc = erasure_finish(r->store, j.act.now_ms, NULL, ei);
	return rc;
}

/* ---- what decisions share */

const char *rights_lang(const struct site *s, const struct person *p)
{
	const char *lang = site_lang(s, slice_from(p->lang));

	return lang ? lang : site_lang_default(s);
}

/* The register of requests hears of every act (core/register.h). */
static enum err rights_registered(struct db *db, const struct rights_act *w, enum event_kind kind, struct errinfo *ei)
{
	return register_act(db, w->r->site, w->person_id, kind, withdraw_way_name(w->r->way), w->r->way != WITHDRAW_OWNER,
	    w->now_ms, ei);
}

enum err rights_event(struct db *db, struct rights_act *w, struct event_new *e, enum event_kind kind,
    struct errinfo *ei)
{
	enum err rc;

	e->person_id = w->person_id;
	e->time_ms = w->now_ms;
	e->kind = kind;
	e->ip = w->ip;
	if (!e->lang.len)
		e->lang = slice_from(rights_lang(w->r->site, &w->person));
	if (!e->detail.len)
		e->detail = slice_from(withdraw_way_name(w->r->way));
	rc = evidence_append(db, w->r->site, e, ei);
	return rc ? rc : rights_registered(db, w, kind, ei);
}

enum err rights_letter(struct db *db, struct rights_act *w, struct letter_send *send, struct event_new *e,
    unsigned char *hash, struct errinfo *ei)
{
	enum err rc = OK;

	if (w->person.channel != STORE_EMAIL || w->person.state == PERSON_BOUNCED)
		return OK;
	if (!send->letter.lang)
		send->letter.lang = rights_lang(w->r->site, &w->person);
	if (!send->address.len) {
		struct buf address;
		buf_init_arena(&address, w->a, PERSON_ADDRESS_MAX_BYTES);
		rc = person_address(db, w->person_id, &address, ei);
		send->address = buf_slice(&address);
	}
	send->now_ms = w->now_ms;
	if (!send->asked_ms)
		send->asked_ms = w->now_ms;
	if (!rc)
		rc = letter_queue(db, w->r->site, w->r->letters, w->a, send, hash, ei);
	if (!rc && e)
		e->mail_hash = hash;
	return rc;
}

/* The event of an act, with the letter that confirms it. */
static enum err event_and_letter(struct db *db, struct rights_act *w, struct event_new *e, enum event_kind kind,
    enum outbox_kind letter, struct errinfo *ei)
{
	struct letter_send send = {.letter = {.kind = letter}, .person_id = w->person_id};
	unsigned char hash[STORE_HASH_BYTES];
	enum err rc = letter ? rights_letter(db, w, &send, e, hash, ei) : OK;

	return rc ? rc : rights_event(db, w, e, kind, ei);
}

struct listing {
	enum purpose_state want;
	struct buf list;
};

static bool list_purpose(const struct purpose *p, void *arg)
{
	struct listing *l = arg;

	if (p->state != l->want)
		return true;
	if (l->list.len)
		buf_add_char(&l->list, ',');
	buf_add_slice(&l->list, p->id);
	return true;
}

enum err rights_purposes(struct db *db, struct arena *a, int64_t person_id, enum purpose_state want,
    struct slice *out, struct errinfo *ei)
{
	struct listing l = {.want = want};
	enum err rc;

	buf_init_arena(&l.list, a, 4096);
	rc = purpose_each(db, person_id, list_purpose, &l, ei);
	*out = buf_slice(&l.list);
	return rc;
}

enum err rights_lists(struct db *db, struct rights_act *w, enum contact_action action, struct errinfo *ei)
{
	struct slice active;
	enum err rc = rights_purposes(db, w->a, w->person_id, PURPOSE_ACTIVE, &active, ei);

	return rc ? rc : contact_changed(db, w->r->site, w->person_id, active, action, w->now_ms, ei);
}

/* ---- finding */

static bool keep_found(const struct erasure_kept *k, void *arg)
{
	struct rights_found *f = arg;

	f->kept[f->nkept++] = k->person_id;
	return f->nkept < RIGHTS_KEPT_MAX;
}

enum err rights_find(struct db *db, struct slice address, struct rights_found *out, struct errinfo *ei)
{
	unsigned char lookup[PERSON_LOOKUP_BYTES];
	struct person p;
	enum err rc;

	memset(out, 0, sizeof(*out));
	person_lookup(db_keyring(db), STORE_EMAIL, address, lookup);
	rc = person_find(db, STORE_EMAIL, lookup, &p, ei);
	if (!rc) {
		out->person_id = p.id;
		out->state = p.state;
	}
	if (rc && rc != E_NOT_FOUND)
		return rc;
	rc = erasure_kept_each(db, STORE_EMAIL, lookup, keep_found, out, ei);
	return rc ? rc : suppression_has(db, STORE_EMAIL, lookup, SLICE(""), clock_now_ms(), &out->blocked,
	    &out->block_reason, ei);
}

/* ---- withdrawal */

static enum err withdraw_do(struct db *db, struct rights_act *w, void *arg, struct errinfo *ei)
{
	const struct slice *purpose = arg;
	struct withdraw_info *info = arena_alloc(w->a, sizeof(*info));
	struct person after;
	enum err rc;

	if (!info)
		return err_set(ei, E_NOMEM, "withdrawal");
	rc = withdraw_person_purpose(db, w->r->site, w->a, w->person_id, *purpose, w->r->way, w->ip, w->now_ms, info,
	    &w->out->fresh, &w->erase, ei);
	if (!rc && w->out->fresh)
		rc = rights_registered(db, w, EVENT_WITHDRAWN, ei);
	if (!rc)
		rc = person_get(db, w->person_id, &after, ei);
	if (rc)
		return rc;
	w->out->state = after.state;
	w->out->purposes = info->purposes;
	return rights_purposes(db, w->a, w->person_id, PURPOSE_ACTIVE, &w->out->rest, ei);
}

enum err rights_withdraw(const struct rights *r, struct arena *a, int64_t person_id, struct slice purpose,
    struct rights_done *out, struct errinfo *ei)
{
	return rights_run(r, a, person_id, false, withdraw_do, &purpose, out, ei);
}

/* ---- restriction */

static enum err restrict_do(struct db *db, struct rights_act *w, void *arg, struct errinfo *ei)
{
	const struct state_edge *edge = state_edge(w->person.state, STATE_RESTRICT);
	bool freeze = edge->act == STATE_FREEZE, announced = false;
	struct event_new e = {.person_id = 0};
	enum err rc = OK;

	(void)arg;
	/* Once more: the end that was announced is taken back. */
	if (w->person.state == PERSON_RESTRICTED)
		rc = rights_release_announced(db, w, &announced, ei);
	if (rc || (!freeze && !announced))
		return rc;
	rc = rights_purposes(db, w->a, w->person_id, PURPOSE_ACTIVE, &e.purposes, ei);
	if (!rc && freeze)
		rc = rights_lists(db, w, CONTACT_UNSUB, ei);
	if (!rc)
		rc = letter_drop_waiting(db, w->person_id, w->now_ms, ei);
	if (!rc && freeze)
		rc = person_set_state(db, w->person_id, edge->to, w->now_ms, ei);
	if (!rc)
		rc = event_and_letter(db, w, &e, EVENT_RESTRICTED, OUTBOX_RESTRICTED, ei);
	w->out->state = edge->to;
	w->out->rest = e.purposes;
	w->out->fresh = !rc;
	return rc;
}

enum err rights_restrict(const struct rights *r, struct arena *a, int64_t person_id, struct rights_done *out,
    struct errinfo *ei)
{
	return rights_run(r, a, person_id, false, restrict_do, NULL, out, ei);
}

/* ---- objection and block */

struct blocking {
	enum suppression_reason reason;
	enum event_kind kind;
	enum outbox_kind letter; /* 0: none */
};

static enum err block_lookup(struct db *db, enum store_channel channel,
    const unsigned char lookup[PERSON_LOOKUP_BYTES], enum suppression_reason reason, int64_t now_ms,
    struct errinfo *ei)
{
	struct suppression s = {.channel = channel, .reason = reason, .since_ms = now_ms};

	memcpy(s.lookup, lookup, sizeof(s.lookup));
	return suppression_add(db, &s, ei);
}

/* Said once: the block is there for this reason, and the person is no longer reached. */
static enum err block_known(struct db *db, const struct rights_act *w, const struct blocking *b, bool *known,
    struct errinfo *ei)
{
	enum suppression_reason have = 0;
	bool has = false;
	enum err rc = suppression_has(db, w->person.channel, w->person.lookup, SLICE(""), w->now_ms, &has, &have, ei);

	*known = has && have == b->reason
	    && (w->person.state == PERSON_SUPPRESSED || w->person.state == PERSON_RESTRICTED);
	return rc;
}

static enum err block_do(struct db *db, struct rights_act *w, void *arg, struct errinfo *ei)
{
	const struct state_edge *edge = state_edge(w->person.state, STATE_OBJECT);
	struct withdraw_info *info = arena_alloc(w->a, sizeof(*info));
	const struct blocking *b = arg;
	struct event_new e = {.person_id = 0};
	bool known = false, changed;
	enum err rc = info ? block_known(db, w, b, &known, ei) : err_set(ei, E_NOMEM, "objection");

	if (rc || known || edge->act == STATE_NOTHING)
		return rc;
	rc = withdraw_everything(db, w->r->site, w->a, &w->person, true, w->now_ms, info, &changed, ei);
	if (!rc)
		rc = block_lookup(db, w->person.channel, w->person.lookup, b->reason, w->now_ms, ei);
	if (!rc)
		rc = letter_drop_waiting(db, w->person_id, w->now_ms, ei);
	if (!rc)
		rc = person_set_state(db, w->person_id, edge->to, w->now_ms, ei);
	e.form = info->form;
	e.purposes = w->out->purposes = info->purposes;
	if (!rc)
		rc = event_and_letter(db, w, &e, b->kind, b->letter, ei);
	w->out->state = edge->to;
	w->out->fresh = !rc;
	return rc;
}

enum err rights_object(const struct rights *r, struct arena *a, int64_t person_id, struct rights_done *out,
    struct errinfo *ei)
{
	struct blocking b = {SUPPRESSION_OBJECTED, EVENT_OBJECTED, OUTBOX_OBJECTED};

	return rights_run(r, a, person_id, false, block_do, &b, out, ei);
}

enum err rights_block(const struct rights *r, struct arena *a, int64_t person_id, struct rights_done *out,
    struct errinfo *ei)
{
	struct blocking b = {SUPPRESSION_OWNER, EVENT_SUPPRESSED, 0};

	return rights_run(r, a, person_id, false, block_do, &b, out, ei);
}

enum err rights_block_address(const struct rights *r, struct slice address, bool *fresh, struct errinfo *ei)
{
	unsigned char lookup[PERSON_LOOKUP_BYTES];
	enum suppression_reason have = 0;
	int64_t now_ms = clock_now_ms();
	struct db *db;
	bool has = false;
	enum err rc = store_write_begin(r->store, &db, ei);

	*fresh = false;
	if (rc)
		return rc;
	person_lookup(db_keyring(db), STORE_EMAIL, address, lookup);
	rc = suppression_has(db, STORE_EMAIL, lookup, SLICE(""), now_ms, &has, &have, ei);
	if (!rc && !(has && have == SUPPRESSION_OWNER))
		rc = block_lookup(db, STORE_EMAIL, lookup, SUPPRESSION_OWNER, now_ms, ei);
	*fresh = !rc && !has;
	if (!rc)
		return store_write_commit(r->store, ei);
	store_write_rollback(r->store);
	return rc;
}

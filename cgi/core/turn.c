#include "core/turn.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/ask.h"
#include "core/evidence.h"
#include "core/state.h"
#include "store/daily.h"
#include "store/event.h"
#include "store/intake.h"
#include "store/person.h"
#include "store/request.h"
#include "store/suppression.h"
#include "store/text.h"
#include "store/writer.h"
#include "text/addr.h"

/* One row on its way. */
struct turning {
	struct db *db;
	const struct turn *t;
	struct arena *a;
	const struct intake *in;
	struct consent consent;
	struct slice purposes;
	const char *lang;
	struct person person; /* id 0: new */
	int64_t now_ms;
};

/* The wording the visitor saw: the live one, or an older one from the text store. */
static enum err turn_consent(struct turning *w, struct errinfo *ei)
{
	const struct site *s = w->t->site;
	const struct conf_form *form = conf_form_by_id(site_conf(s), w->in->form);
	const struct consent *live = form ? site_consent(s, form, w->lang) : NULL;
	struct buf body;
	enum err rc;

	if (live && memcmp(live->hash, w->in->consent_hash, CRYPT_HASH_BYTES) == 0) {
		w->consent = *live;
		return OK;
	}
	buf_init_arena(&body, w->a, CONSENT_MAX_BYTES);
	rc = text_get(w->db, w->in->consent_hash, &body, NULL, ei);
	return rc ? rc : consent_parse(&w->consent, buf_slice(&body), ei);
}

static enum err turn_event(struct turning *w, enum event_kind kind, int64_t request_id,
    const unsigned char *mail_hash, struct errinfo *ei)
{
	struct event_new e = {.person_id = w->person.id, .time_ms = w->in->at_ms, .kind = kind,
	    .form = w->in->form, .purposes = w->purposes, .page = w->in->page, .lang = w->in->lang,
	    .text_hash = w->consent.hash, .mail_hash = mail_hash, .request_id = request_id,
	    .ip = w->in->ip, .fields = w->in->fields, .detail = w->in->source};

	return evidence_append(w->db, w->t->site, &e, ei);
}

bool turn_mail_allowed(const struct site *s, struct budget *b, struct arena *a, struct slice form,
    struct slice address, int64_t now_ms)
{
	const struct conf *host = site_host(s);
	const struct addr whole = {.full = address};
	struct slice folded = addr_fold(a, &whole);
	const struct budget_ask asks[] = {
	    {BUDGET_CONFIRM, slice_from(site_conf(s)->id), folded, host->budgets.confirm},
	    {BUDGET_CONFIRM_HOST, SLICE(""), folded, host->budgets.confirm_host},
	};
	struct errinfo ei = {.code = OK};
	size_t denied = 2;

	if (!b)
		return true;
	if (budget_take(b, asks, 2, now_ms, &denied, NULL, &ei) != OK)
		log_err(LOG_WARN, "budget", &ei);
	if (denied < 2 && budget_count(b, site_conf(s)->id, form, BUDGET_T_SILENT, 1, now_ms, &ei) != OK)
		log_err(LOG_WARN, "budget", &ei);
	return denied == 2;
}

static bool turn_allowed(struct turning *w)
{
	return turn_mail_allowed(w->t->site, w->t->budget, w->a, w->in->form, w->in->address, w->now_ms);
}

static enum err turn_mail(struct turning *w, enum outbox_kind kind, const struct request_row *r,
    unsigned char *mail_hash, struct errinfo *ei)
{
	const struct letter_send send = {
	    .letter = {.kind = kind, .lang = w->lang, .consent = &w->consent, .purposes = w->purposes},
	    .person_id = w->person.id,
	    .request_id = r ? r->id : 0,
	    .generation = r ? (unsigned)r->generation : 0,
	    .expires_ms = r ? r->expires_ms : 0,
	    .asked_ms = w->in->at_ms,
	    .now_ms = w->now_ms,
	    .address = w->in->address,
	};
	enum err rc = letter_queue(w->db, w->t->site, w->t->letters, w->a, &send, mail_hash, ei);

	if (!rc && r && r->mails)
		rc = request_mailed(w->db, r->id, w->now_ms, ei);
	return rc;
}

static enum err turn_purposes_pending(struct turning *w, struct errinfo *ei)
{
	struct slice rest = w->purposes, one;
	enum err rc = OK;

	while (!rc && slice_split(&rest, ',', &one))
		rc = purpose_set(w->db, w->person.id, one, PURPOSE_PENDING, w->now_ms, 0, w->consent.hash, ei);
	return rc;
}

/* A new request with its mail and its event. */
static enum err turn_ask(struct turning *w, struct errinfo *ei)
{
	const struct conf_site *c = site_conf(w->t->site);
	struct request_new n = {.person_id = w->person.id, .form = w->in->form, .lang = slice_from(w->lang),
	    .purposes = w->purposes, .intake_ms = w->in->at_ms, .created_ms = w->now_ms,
	    .fields = w->in->fields, .page = w->in->page, .mailed_ms = w->now_ms};
	struct request_row r = {.generation = 1};
	unsigned char mail_hash[STORE_HASH_BYTES];
	enum err rc;

	n.expires_ms = conf_duration_after(c->links.confirm, w->now_ms);
	memcpy(n.consent_hash, w->consent.hash, STORE_HASH_BYTES);
	rc = request_insert(w->db, &n, &r.id, ei);
	if (rc)
		return rc;
	r.expires_ms = n.expires_ms;
	if (w->person.state == PERSON_PENDING)
		rc = turn_purposes_pending(w, ei);
	if (!rc)
		rc = turn_mail(w, OUTBOX_CONFIRM, &r, mail_hash, ei);
	if (!rc)
		rc = turn_event(w, EVENT_REQUESTED, r.id, mail_hash, ei);
	return rc;
}

static enum err turn_new_person(struct turning *w, struct errinfo *ei)
{
	const struct person_new n = {.channel = w->in->channel, .state = PERSON_PENDING,
	    .address = w->in->address, .lang = slice_from(w->lang), .now_ms = w->now_ms};
	enum err rc = person_insert(w->db, &n, &w->person.id, ei);

	w->person.state = PERSON_PENDING;
	return rc ? rc : turn_ask(w, ei);
}

struct active_search {
	struct slice wanted;
	size_t active;
};

static bool count_active(const struct purpose *p, void *arg)
{
	struct active_search *s = arg;

	s->active += p->state == PURPOSE_ACTIVE && consent_list_has(s->wanted, p->id);
	return true;
}

static enum err all_active(struct turning *w, bool *yes, struct errinfo *ei)
{
	struct active_search s = {.wanted = w->purposes};
	struct slice rest = w->purposes, one;
	size_t asked = 0;
	enum err rc = purpose_each(w->db, w->person.id, count_active, &s, ei);

	while (slice_split(&rest, ',', &one))
		asked++;
	*yes = !rc && asked > 0 && s.active == asked;
	return rc;
}

/* Does the form bring other values than those that hold? They count only after a confirmation. */
static enum err new_fields(struct turning *w, bool *yes, struct errinfo *ei)
{
	struct buf held;
	enum err rc;

	*yes = false;
	if (!w->in->fields.len)
		return OK;
	buf_init_arena(&held, w->a, PERSON_FIELDS_MAX_BYTES);
	rc = person_fields(w->db, w->person.id, &held, ei);
	*yes = !rc && !slice_eq(buf_slice(&held), w->in->fields);
	return rc;
}

/* Is the open request word for word this sign-up, so that its link may be sent once more? */
static enum err same_request(struct turning *w, const struct request_row *last, bool *yes, struct errinfo *ei)
{
	struct buf asked;
	enum err rc;

	*yes = false;
	if (last->state != REQUEST_PENDING || last->expires_ms <= w->now_ms || !slice_eq(last->purposes, w->purposes)
	    || memcmp(last->consent_hash, w->consent.hash, STORE_HASH_BYTES) != 0)
		return OK;
	buf_init_arena(&asked, w->a, PERSON_FIELDS_MAX_BYTES);
	rc = request_fields(w->db, last->id, &asked, ei);
	*yes = !rc && slice_eq(buf_slice(&asked), w->in->fields);
	return rc;
}

/* Same form and address within ten minutes: the first answer stands (double click, lost connection). */
static bool cooling(const struct turning *w, const struct request_row *last, bool known)
{
	if (!last->mailed_ms || w->now_ms - last->mailed_ms >= TURN_COOL_DOWN_MS)
		return false;
	if (!slice_eq(last->purposes, w->purposes))
		return false;
	return last->state == REQUEST_PENDING || (known && last->state == REQUEST_CONFIRMED);
}

/* "You are on the list already", with the way out. */
static enum err turn_tell(struct turning *w, const struct request_row *last, struct errinfo *ei)
{
	unsigned char mail_hash[STORE_HASH_BYTES];
	enum err rc = last->id ? request_mailed(w->db, last->id, w->now_ms, ei) : OK;

	if (!rc)
		rc = turn_mail(w, OUTBOX_ALREADY, NULL, mail_hash, ei);
	return rc ? rc : turn_event(w, EVENT_REQUESTED, 0, mail_hash, ei);
}

/* Known address: the same request once more, a further one, or word that it is on the list already. */
static enum err turn_again(struct turning *w, struct errinfo *ei)
{
	unsigned char mail_hash[STORE_HASH_BYTES];
	struct request_row last;
	bool known = false, changed = false, same = false;
	enum err rc = all_active(w, &known, ei);

	if (!rc && known)
		rc = new_fields(w, &changed, ei);
	if (rc)
		return rc;
	known = known && !changed;
	rc = request_latest(w->db, w->person.id, w->in->form, w->a, &last, ei);
	if (rc == E_NOT_FOUND)
		memset(&last, 0, sizeof(last));
	else if (rc)
		return rc;
	else if (cooling(w, &last, known))
		return OK;
	if (!turn_allowed(w))
		return OK;
	if (known)
		return turn_tell(w, &last, ei);
	rc = last.id ? same_request(w, &last, &same, ei) : OK;
	if (rc || !same)
		return rc ? rc : turn_ask(w, ei);
	rc = turn_mail(w, OUTBOX_CONFIRM, &last, mail_hash, ei);
	return rc ? rc : turn_event(w, EVENT_REQUESTED, last.id, mail_hash, ei);
}

static enum err turn_known(struct turning *w, struct errinfo *ei)
{
	unsigned char lookup[PERSON_LOOKUP_BYTES];
	bool blocked = false;
	enum person_state from;
	enum err rc;

	person_lookup(db_keyring(w->db), w->in->channel, w->in->address, lookup);
	rc = suppression_has(w->db, w->in->channel, lookup, SLICE(""), w->now_ms, &blocked, NULL, ei);
	if (rc || blocked)
		return rc;
	rc = person_find(w->db, w->in->channel, lookup, &w->person, ei);
	if (rc && rc != E_NOT_FOUND)
		return rc;
	from = rc == E_NOT_FOUND ? STATE_NEW : w->person.state;
	switch (state_edge(from, STATE_SIGNUP)->act) {
	case STATE_ASK:
		return turn_allowed(w) ? turn_new_person(w, ei) : OK;
	case STATE_ASK_MORE:
		return turn_again(w, ei);
	default:
		return OK;
	}
}

/* E_NOT_FOUND: its wording is not there, nothing was done. */
static enum err turn_one(struct db *db, const struct turn *t, struct arena *a, const struct intake_row *row,
    struct errinfo *ei)
{
	struct turning w = {.db = db, .t = t, .a = a, .in = &row->in, .now_ms = clock_now_ms()};
	enum err rc;

	w.lang = site_lang(t->site, row->in.lang);
	if (!w.lang)
		w.lang = site_lang_default(t->site);
	rc = ask_is(w.in) ? OK : turn_consent(&w, ei);
	if (rc)
		return rc;
	w.purposes = consent_purposes(a, &w.consent, row->in.purposes);
	if (!arena_ok(a))
		return err_set(ei, E_NOMEM, "sign-up %lld", (long long)row->id);
	if (ask_is(w.in))
		rc = ask_turn(db, t, a, w.in, w.now_ms, ei);
	else if (w.purposes.len)
		rc = turn_known(&w, ei);
	return rc == E_NOT_FOUND ? err_set(ei, E_IO, "sign-up %lld: a row is missing", (long long)row->id) : rc;
}

/* Sign-ups of a portion that have the same day and form: one line of `daily`, changed once. */
struct turn_daily {
	int64_t day, n;
	char form[64];
};

static enum err turn_daily_end(struct db *db, struct turn_daily *d, struct errinfo *ei)
{
	enum err rc = d->n ? daily_add(db, d->day, slice_from(d->form), DAILY_SENT, d->n, ei) : OK;

	d->n = 0;
	return rc;
}

static enum err turn_daily_add(struct db *db, struct turn_daily *d, const struct intake *in, struct errinfo *ei)
{
	int64_t day = daily_day(in->at_ms);
	enum err rc = OK;

	if (d->day != day || !slice_eq_str(in->form, d->form))
		rc = turn_daily_end(db, d, ei);
	if (in->form.len >= sizeof(d->form))
		return rc ? rc : daily_add(db, day, in->form, DAILY_SENT, 1, ei);
	memcpy(d->form, in->form.ptr, in->form.len);
	d->form[in->form.len] = '\0';
	d->day = day;
	d->n++;
	return rc;
}

/* Rows that nobody can work on stay where they are, for the owner who may bring back what they need. */
struct turn_left {
	unsigned rows;
	int64_t first;
};

static void left_add(struct turn_left *l, int64_t id)
{
	if (!l->rows++)
		l->first = id;
}

static void left_log(const struct turn *t, const struct turn_left *l)
{
	if (l->rows)
		log_event(LOG_ERROR, "intake_unreadable", LOG_S("site", site_conf(t->site)->id),
		    LOG_I("rows", l->rows), LOG_I("first", l->first),
		    LOG_S("mend", "sealed under another intake key, or their consent text is not in data.db; put the "
		    "old key file or the backup back"));
}

/* One portion. Rows left behind do not count, so that they never hide those that come after them. */
static enum err turn_portion(struct db *db, const struct turn *t, struct arena *a, unsigned *done, bool *full,
    struct turn_left *left, struct errinfo *ei)
{
	int64_t max = intake_committed_id(db), at = 0, late_ms = clock_now_ms() - TURN_LATE_MS;
	unsigned most = writer_pressed(db) ? TURN_PRESSED_MAX : TURN_BATCH_MAX;
	struct turn_daily daily = {.n = 0};
	struct intake_row row;
	enum err rc;

	*full = false;
	while (*done < most) {
		arena_reset(a);
		rc = intake_next(db, at, max, a, &row, ei);
		if (rc == E_NOT_FOUND)
			break;
		if (rc)
			return rc;
		at = row.id;
		rc = row.readable ? turn_one(db, t, a, &row, ei) : E_NOT_FOUND;
		if (rc == E_NOT_FOUND) {
			left_add(left, row.id);
			continue;
		}
		if (!rc)
			rc = intake_delete(db, row.id, ei);
		if (!rc && !ask_is(&row.in))
			rc = turn_daily_add(db, &daily, &row.in, ei);
		if (rc)
			return rc;
		++*done;
		/* not for those left behind, which would make all portions full for ever */
		if (row.in.at_ms < late_ms)
			most = TURN_BATCH_MAX;
	}
	*full = *done == most;
	return turn_daily_end(db, &daily, ei);
}

enum err turn_after(struct db *db, void *arg, bool *more, struct errinfo *ei)
{
	const struct turn *t = arg;
	struct turn_left left = {.rows = 0};
	struct arena a;
	unsigned done = 0;
	enum err rc;

	arena_init(&a, ARENA_REQUEST_MAX_BYTES);
	if (t->budget)
		budget_hold(t->budget);
	rc = turn_portion(db, t, &a, &done, more, &left, ei);
	if (t->budget)
		budget_release(t->budget);
	left_log(t, &left);
	arena_free(&a);
	return rc;
}

enum err turn_all(struct store *st, struct turn *t, struct errinfo *ei)
{
	bool more = true;
	enum err rc = OK;

	while (!rc && more) {
		struct db *db;
		rc = store_write_begin(st, &db, ei);
		if (rc)
			return rc;
		rc = turn_after(db, t, &more, ei);
		if (rc)
			store_write_rollback(st);
		else
			rc = store_write_commit(st, ei);
	}
	return rc;
}

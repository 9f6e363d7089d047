/*
 * The end of a restriction. Who asked for it may end it at once; where the owner decides, the person is told first (GDPR
 * Art. 18(3)) and has some days to object. The evidence is what remembers it: an event that announces, and the one that
 * says that its mail was handed over.
 */
#include "core/rights_priv.h"

#include <string.h>

#define RELEASE_BATCH 100

struct announced {
	struct arena *a;
	bool is, handed;
	int64_t at_ms;
	unsigned char mail[STORE_HASH_BYTES];
	enum err rc;
};

static bool announced_row(const struct event_row *r, void *arg)
{
	struct announced *n = arg;
	struct eventcore core;

	if (r->kind == EVENT_RESTRICTED || r->kind == EVENT_UNRESTRICTED)
		n->is = n->handed = false;
	if (r->kind != EVENT_RELEASE_ANNOUNCED && !(n->is && r->kind == EVENT_MAIL_ACCEPTED))
		return true;
	n->rc = eventcore_read(n->a, r->plain[EVENT_CORE], &core, NULL);
	if (n->rc)
		return false;
	if (r->kind == EVENT_MAIL_ACCEPTED) {
		n->handed = n->handed || (core.has[EVENTCORE_MAIL] &&
		    memcmp(core.hash[EVENTCORE_MAIL], n->mail, sizeof(n->mail)) == 0);
		return true;
	}
	n->is = true;
	n->handed = false;
	n->at_ms = r->time_ms;
	memcpy(n->mail, core.hash[EVENTCORE_MAIL], sizeof(n->mail));
	return true;
}

static enum err announced_read(struct db *db, struct arena *a, int64_t person_id, struct announced *out,
    struct errinfo *ei)
{
	enum err rc;

	*out = (struct announced){.a = a};
	rc = event_each(db, person_id, 0, announced_row, out, ei);
	if (!rc && out->rc)
		rc = err_set(ei, out->rc, "the announced end of a restriction cannot be read");
	return rc;
}

static bool announced_over(const struct announced *n, int64_t now_ms)
{
	return n->is && n->handed && now_ms >= n->at_ms + RIGHTS_RELEASE_NOTICE_MS;
}

enum err rights_release_announced(struct db *db, const struct rights_act *w, bool *is, struct errinfo *ei)
{
	struct announced n;
	enum err rc = announced_read(db, w->a, w->person_id, &n, ei);

	*is = !rc && n.is;
	return rc;
}

static enum err release_event(struct db *db, struct rights_act *w, struct letter_send *send, enum event_kind kind,
    struct errinfo *ei)
{
	struct event_new e = {.purposes = w->out->rest};
	unsigned char hash[STORE_HASH_BYTES];
	enum err rc;

	send->letter.kind = OUTBOX_RELEASED;
	send->person_id = w->person_id;
	rc = rights_letter(db, w, send, &e, hash, ei);
	if (!rc)
		rc = rights_event(db, w, &e, kind, ei);
	w->out->fresh = !rc;
	return rc;
}

/* What held before: a consent, else a block, else that there was one once. */
static enum err state_before(struct db *db, struct rights_act *w, enum person_state *to, struct errinfo *ei)
{
	enum suppression_reason reason = 0;
	bool has = false;
	enum err rc = rights_purposes(db, w->a, w->person_id, PURPOSE_ACTIVE, &w->out->rest, ei);

	if (!rc)
		rc = suppression_has(db, w->person.channel, w->person.lookup, SLICE(""), w->now_ms, &has, &reason, ei);
	*to = w->person.confirmed_ms ? PERSON_UNSUBSCRIBED : PERSON_PENDING;
	if (has && reason != SUPPRESSION_DENIED)
		*to = reason == SUPPRESSION_BOUNCED ? PERSON_BOUNCED : PERSON_SUPPRESSED;
	if (w->out->rest.len)
		*to = PERSON_ACTIVE;
	return rc;
}

static enum err lift_do(struct db *db, struct rights_act *w, void *arg, struct errinfo *ei)
{
	struct letter_send send = {.asked_ms = w->now_ms};
	enum person_state to;
	enum err rc;

	(void)arg;
	if (state_edge(w->person.state, STATE_RELEASE)->act != STATE_THAW)
		return OK;
	rc = state_before(db, w, &to, ei);
	if (!rc)
		rc = person_set_state(db, w->person_id, to, w->now_ms, ei);
	/* We took them off the list, nobody else did: that is newer than what the list says. */
	if (!rc)
		rc = rights_lists(db, w, CONTACT_ADD_AGAIN, ei);
	if (!rc)
		rc = release_event(db, w, &send, EVENT_UNRESTRICTED, ei);
	w->out->state = to;
	return rc;
}

/* The owner's decision: announced the first time, carried out when its time has come. */
static enum err announce_do(struct db *db, struct rights_act *w, void *arg, struct errinfo *ei)
{
	struct letter_send send = {.letter = {.variant = LETTER_RELEASE_SOON},
	    .asked_ms = w->now_ms + RIGHTS_RELEASE_NOTICE_MS};
	struct announced n;
	enum err rc;

	if (state_edge(w->person.state, STATE_RELEASE)->act != STATE_THAW)
		return OK;
	rc = announced_read(db, w->a, w->person_id, &n, ei);
	if (!rc && announced_over(&n, w->now_ms))
		return lift_do(db, w, NULL, ei);
	w->out->ends_ms = (n.is ? n.at_ms : w->now_ms) + RIGHTS_RELEASE_NOTICE_MS;
	if (rc || n.is || arg)
		return rc;
	rc = rights_purposes(db, w->a, w->person_id, PURPOSE_ACTIVE, &w->out->rest, ei);
	return rc ? rc : release_event(db, w, &send, EVENT_RELEASE_ANNOUNCED, ei);
}

enum err rights_release(const struct rights *r, struct arena *a, int64_t person_id, struct rights_done *out,
    struct errinfo *ei)
{
	return rights_run(r, a, person_id, false, r->way == WITHDRAW_OWNER ? announce_do : lift_do, NULL, out, ei);
}

/* ---- those whose time has come */

struct frozen {
	int64_t id[RELEASE_BATCH];
	size_t n;
};

static bool frozen_row(const struct person *p, void *arg)
{
	struct frozen *f = arg;

	f->id[f->n++] = p->id;
	return f->n < RELEASE_BATCH;
}

/* The next portion of restricted people behind *after, and which of them are over. */
static enum err frozen_next(struct db *db, struct arena *a, int64_t now_ms, int64_t *after, struct frozen *over,
    bool *more, struct errinfo *ei)
{
	struct frozen f = {.n = 0};
	struct announced n;
	enum err rc = person_each(db, PERSON_RESTRICTED, *after, RELEASE_BATCH, frozen_row, &f, ei);

	over->n = 0;
	*more = f.n == RELEASE_BATCH;
	for (size_t i = 0; !rc && i < f.n; i++) {
		*after = f.id[i];
		rc = announced_read(db, a, f.id[i], &n, ei);
		if (!rc && announced_over(&n, now_ms))
			over->id[over->n++] = f.id[i];
	}
	return rc;
}

enum err rights_release_waits(struct db *db, struct arena *a, int64_t now_ms, bool *waits, struct errinfo *ei)
{
	struct frozen over = {.n = 0};
	int64_t after = 0;
	bool more = true;
	enum err rc = OK;

	while (!rc && more && !over.n)
		rc = frozen_next(db, a, now_ms, &after, &over, &more, ei);
	*waits = !rc && over.n > 0;
	return rc;
}

enum err rights_release_due(const struct rights *r, struct arena *a, int64_t now_ms, unsigned *count, struct errinfo *ei)
{
	struct rights_done done;
	struct frozen over;
	int64_t after = 0;
	bool more = true;
	enum err rc = OK;

	*count = 0;
	while (!rc && more) {
		struct db *db;
		rc = store_read(r->store, &db, ei);
		if (rc)
			return rc;
		rc = frozen_next(db, a, now_ms, &after, &over, &more, ei);
		store_read_end(r->store, db);
		for (size_t i = 0; !rc && i < over.n; i++) {
			/* Looked at once more in its transaction: the owner may have frozen again. */
			rc = rights_run(r, a, over.id[i], false, announce_do, r->store, &done, ei);
			*count += !rc && done.fresh;
		}
	}
	return rc;
}

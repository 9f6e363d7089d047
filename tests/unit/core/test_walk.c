/*
 * A random walk over the states of several persons: a model (the table of edges, and
 * what the rules say about requests, links and periods) goes the same way as the
 * database, and after every step both must say the same. Links of all mails ever sent are
 * kept and pressed later, also twice, in any order.
 * JAWORT_WALK_STEPS and JAWORT_WALK_SEED make it longer and other.
 */
#include "lib/world.h"

#include <time.h>

#include "core/retention.h"
#include "core/state.h"
#include "store/erasure.h"

#define STEPS 20000
#define PERSONS 6
#define PURPOSES 2
#define LINKS 64
#define FORMS 3
#define UNCONFIRMED_MS (7 * DAY_MS)
#define LINK_MS (48 * HOUR_MS)

static const char *const forms[FORMS] = {"news", "both", "extra"};
static const unsigned form_mask[FORMS] = {1, 3, 1};
static const char *const purposes[PURPOSES] = {"news", "events"};
static const char *const langs[2] = {"de", "en"};
/* What the form "both" asks for besides; the other forms ask for nothing (0). */
static const char *const names[3] = {"", "Lovelace", "King"};

struct m_request {
	int inc, form, lang, name;
	unsigned mask;
	enum request_state state;
	int64_t id, created_ms, expires_ms, mailed_ms;
};

/* One life of an address: from the first sign-up to its erasure. */
struct m_life {
	int64_t person;
	bool erased;
};

struct m_link {
	char text[64];
	enum token_purpose what;
	int inc, request;
	int64_t expires_ms;
};

struct m_person {
	char address[32];
	int inc; /* -1: none */
	enum person_state state;
	enum purpose_state purpose[PURPOSES];
	int name;
	int64_t changed_ms, blocked_until_ms, last_seq;
	int *own; /* requests of the present life, oldest first */
	int nown, max_own;
	struct m_link links[LINKS];
	size_t nlinks;
};

struct walk {
	struct world *w;
	uint64_t rng;
	long step;
	unsigned calm; /* links end in 2106: in a longer walk long waits are rarer */
	struct m_person persons[PERSONS];
	struct m_life *lives;
	struct m_request *requests;
	int nlives, nrequests, max;
	int64_t last_mail, events;
	/* what the present step must have left behind */
	struct m_person *who;
	enum event_kind event[4];
	size_t nevents;
	int mail_request; /* -1: none */
	enum outbox_kind mail;
	long seen[STATE_INPUT__MAX][STATE_ACT__MAX];
};

static unsigned draw(struct walk *k, unsigned below)
{
	k->rng ^= k->rng >> 12;
	k->rng ^= k->rng << 25;
	k->rng ^= k->rng >> 27;
	return (unsigned)((k->rng * UINT64_C(2685821657736338717)) >> 33) % below;
}

#define must_equal(k, got, want)                                               \
	do {                                                                    \
		int g_ = (int)(got), w_ = (int)(want);                          \
		if (g_ != w_)                                                   \
			fail_msg("step %ld, %s: %s is %d, the model says %d (%s)", (k)->step, (k)->who->address, \
			    #got, g_, w_, #want);                               \
	} while (0)
#define must(k, cond)                                                          \
	do {                                                                    \
		if (!(cond))                                                    \
			fail_msg("step %ld, %s: %s", (k)->step, (k)->who ? (k)->who->address : "-", #cond); \
	} while (0)

static struct m_request *request_at(struct walk *k, int i)
{
	return &k->requests[i];
}

static void expect_event(struct walk *k, enum event_kind kind)
{
	k->event[k->nevents++] = kind;
}

static void expect_mail(struct walk *k, enum outbox_kind kind, int request)
{
	k->mail = kind;
	k->mail_request = request;
	if (request >= 0)
		request_at(k, request)->mailed_ms = k->w->now_ms;
}

static void *grow(void *p, int n, int *max, size_t size)
{
	if (n < *max)
		return p;
	*max = *max ? *max * 2 : 1024;
	p = realloc(p, (size_t)*max * size);
	assert_non_null(p);
	return p;
}

/* ---- the model */

static int latest(const struct walk *k, const struct m_person *p, int form)
{
	for (int i = p->nown - 1; i >= 0; i--)
		if (k->requests[p->own[i]].form == form)
			return p->own[i];
	return -1;
}

static void m_ask(struct walk *k, struct m_person *p, int form, unsigned mask, int lang, int name)
{
	struct m_request *r;

	k->requests = grow(k->requests, k->nrequests, &k->max, sizeof(*k->requests));
	p->own = grow(p->own, p->nown, &p->max_own, sizeof(*p->own));
	p->own[p->nown++] = k->nrequests;
	r = &k->requests[k->nrequests++];
	*r = (struct m_request){.inc = p->inc, .form = form, .lang = lang, .name = name, .mask = mask, .state = REQUEST_PENDING,
	    .created_ms = k->w->now_ms, .expires_ms = k->w->now_ms + LINK_MS};
	for (int i = 0; p->state == PERSON_PENDING && i < PURPOSES; i++)
		if (mask & 1u << i)
			p->purpose[i] = PURPOSE_PENDING;
	expect_mail(k, OUTBOX_CONFIRM, k->nrequests - 1);
	expect_event(k, EVENT_REQUESTED);
}

static bool m_active(const struct m_person *p, unsigned mask)
{
	for (int i = 0; i < PURPOSES; i++)
		if (mask & 1u << i && p->purpose[i] != PURPOSE_ACTIVE)
			return false;
	return true;
}

static void m_again(struct walk *k, struct m_person *p, int form, unsigned mask, int lang, int name)
{
	bool known = m_active(p, mask) && (!name || name == p->name);
	int at = latest(k, p, form);
	struct m_request *last = at < 0 ? NULL : request_at(k, at);

	if (last && k->w->now_ms - last->mailed_ms < TURN_COOL_DOWN_MS && last->mask == mask
	    && (last->state == REQUEST_PENDING || (known && last->state == REQUEST_CONFIRMED)))
		return;
	if (known) {
		if (last)
			last->mailed_ms = k->w->now_ms;
		expect_mail(k, OUTBOX_ALREADY, -1);
		expect_event(k, EVENT_REQUESTED);
	} else if (last && last->state == REQUEST_PENDING && last->mask == mask && last->lang == lang
	    && last->name == name && last->expires_ms > k->w->now_ms) {
		expect_mail(k, OUTBOX_CONFIRM, at);
		expect_event(k, EVENT_REQUESTED);
	} else {
		m_ask(k, p, form, mask, lang, name);
	}
}

static void m_signup(struct walk *k, struct m_person *p, int form, unsigned mask, int lang, int name)
{
	const struct state_edge *e = state_edge(p->state, STATE_SIGNUP);

	if (p->blocked_until_ms > k->w->now_ms)
		return;
	k->seen[STATE_SIGNUP][e->act]++;
	if (e->act == STATE_ASK_MORE) {
		m_again(k, p, form, mask, lang, name);
	} else if (e->act == STATE_ASK) {
		static int max_lives;
		k->lives = grow(k->lives, k->nlives, &max_lives, sizeof(*k->lives));
		k->lives[k->nlives] = (struct m_life){.person = 0};
		p->inc = k->nlives++;
		p->state = PERSON_PENDING;
		p->changed_ms = k->w->now_ms;
		p->last_seq = 0;
		p->nown = 0;
		p->name = 0;
		for (int i = 0; i < PURPOSES; i++)
			p->purpose[i] = PURPOSE_STATE__MAX;
		m_ask(k, p, form, mask, lang, name);
	}
	assert_int_equal(p->state, e->to);
}

static void m_forget(struct walk *k, struct m_person *p)
{
	k->lives[p->inc].erased = true;
	p->inc = -1;
	p->state = STATE_NEW;
}

/* What a confirmation link shows. */
static enum confirm_state m_look(const struct walk *k, const struct m_person *p, const struct m_link *l)
{
	const struct m_request *r = &k->requests[l->request];

	if (k->lives[l->inc].erased)
		return CONFIRM_GONE;
	switch (r->state) {
	case REQUEST_PENDING:
		return l->expires_ms > k->w->now_ms ? CONFIRM_OPEN : CONFIRM_EXPIRED;
	case REQUEST_EXPIRED:
		return CONFIRM_EXPIRED;
	case REQUEST_DENIED:
		return CONFIRM_DENIED;
	case REQUEST_CONFIRMED:
		for (int i = 0; i < PURPOSES; i++)
			if (r->mask & 1u << i && p->purpose[i] == PURPOSE_ACTIVE)
				return CONFIRM_DONE;
		return CONFIRM_LEFT;
	default:
		return CONFIRM_LEFT;
	}
}

static enum confirm_state m_accept(struct walk *k, struct m_person *p, struct m_request *r,
    const struct state_edge *e)
{
	bool any = false, all = m_active(p, r->mask);

	for (int i = 0; i < PURPOSES; i++)
		any = any || p->purpose[i] == PURPOSE_ACTIVE;
	r->state = REQUEST_CONFIRMED;
	for (int i = 0; i < PURPOSES; i++)
		if (r->mask & 1u << i)
			p->purpose[i] = PURPOSE_ACTIVE;
	if (r->name)
		p->name = r->name;
	p->state = e->to;
	p->changed_ms = k->w->now_ms;
	expect_event(k, !any ? EVENT_CONFIRMED : all ? EVENT_RECONFIRMED : EVENT_PURPOSE_ADDED);
	return CONFIRM_DONE;
}

static enum confirm_state m_deny(struct walk *k, struct m_person *p, struct m_request *r, const struct state_edge *e)
{
	r->state = REQUEST_DENIED;
	expect_event(k, EVENT_DENIED);
	if (e->act == STATE_FORGET) {
		p->blocked_until_ms = k->w->now_ms + 30 * DAY_MS;
		m_forget(k, p);
	}
	return CONFIRM_DENIED;
}

static enum confirm_state m_press(struct walk *k, struct m_person *p, const struct m_link *l, enum confirm_action a)
{
	static const enum state_input inputs[] = {STATE_CONFIRM, STATE_DENY, STATE_RENEW};
	enum confirm_state now = m_look(k, p, l);
	struct m_request *r = request_at(k, l->request);
	const struct state_edge *e;

	if (now != CONFIRM_OPEN && now != CONFIRM_EXPIRED)
		return now;
	e = state_edge(p->state, inputs[a]);
	k->seen[inputs[a]][e->act]++;
	if (e->act == STATE_ACCEPT && now == CONFIRM_OPEN)
		return m_accept(k, p, r, e);
	if (e->act == STATE_FORGET || (e->act == STATE_REFUSE && r->state == REQUEST_PENDING))
		return m_deny(k, p, r, e);
	if (e->act != STATE_RELINK || now != CONFIRM_EXPIRED)
		return now;
	if (r->expires_ms > k->w->now_ms && k->w->now_ms - r->mailed_ms < TURN_COOL_DOWN_MS)
		return CONFIRM_RENEWED;
	r->state = REQUEST_PENDING;
	r->expires_ms = k->w->now_ms + LINK_MS;
	expect_mail(k, OUTBOX_CONFIRM, l->request);
	expect_event(k, EVENT_RENEWED);
	return CONFIRM_RENEWED;
}

static enum withdraw_state m_leave(struct walk *k, struct m_person *p, const struct m_link *l)
{
	const struct state_edge *e = state_edge(p->state, STATE_WITHDRAW);
	bool any = false;

	if (k->lives[l->inc].erased)
		return WITHDRAW_GONE;
	k->seen[STATE_WITHDRAW][e->act]++;
	if (e->act == STATE_FORGET) {
		expect_event(k, EVENT_WITHDRAWN);
		m_forget(k, p);
		return WITHDRAW_GONE;
	}
	for (int i = 0; i < p->nown; i++)
		if (request_at(k, p->own[i])->state == REQUEST_PENDING) {
			request_at(k, p->own[i])->state = REQUEST_CANCELLED;
			any = true;
		}
	for (int i = 0; i < PURPOSES; i++)
		if (p->purpose[i] == PURPOSE_ACTIVE || p->purpose[i] == PURPOSE_PENDING) {
			p->purpose[i] = PURPOSE_ENDED;
			any = true;
		}
	if (any) {
		p->state = e->to;
		p->changed_ms = k->w->now_ms;
		expect_event(k, EVENT_WITHDRAWN);
	}
	return WITHDRAW_DONE;
}

/* One purpose. Of several that are active only this one ends, with the questions about it. */
static enum withdraw_state m_leave_one(struct walk *k, struct m_person *p, const struct m_link *l, int purpose)
{
	bool others = false;

	if (k->lives[l->inc].erased || state_edge(p->state, STATE_WITHDRAW)->act != STATE_END)
		return m_leave(k, p, l);
	for (int i = 0; i < PURPOSES; i++)
		others |= i != purpose && p->purpose[i] == PURPOSE_ACTIVE;
	if (!others)
		return m_leave(k, p, l);
	if (p->purpose[purpose] != PURPOSE_ACTIVE)
		return p->purpose[purpose] == PURPOSE_ENDED ? WITHDRAW_DONE : WITHDRAW_OPEN;
	for (int i = 0; i < p->nown; i++) {
		struct m_request *r = request_at(k, p->own[i]);
		if (r->state == REQUEST_PENDING && r->mask & 1u << purpose)
			r->state = REQUEST_CANCELLED;
	}
	p->purpose[purpose] = PURPOSE_ENDED;
	k->seen[STATE_WITHDRAW][STATE_REFUSE]++;
	expect_event(k, EVENT_WITHDRAWN);
	return WITHDRAW_DONE;
}

/* ---- the database beside it */

static void keep_link(struct walk *k, struct m_person *p, const char *text, enum token_purpose what, int request,
    int64_t expires_ms)
{
	struct m_link *l;

	if (!*text)
		return;
	l = p->nlinks < LINKS ? &p->links[p->nlinks++] : &p->links[draw(k, LINKS)];
	*l = (struct m_link){.what = what, .inc = p->inc, .request = request, .expires_ms = expires_ms};
	snprintf(l->text, sizeof(l->text), "%s", text);
}

static void check_mail(struct walk *k, struct m_person *p)
{
	struct world_mail m[4];
	size_t n = world_mails(k->w, k->last_mail, m, 4);

	must_equal(k, n, (k->mail ? 1u : 0u));
	if (!n)
		return;
	k->last_mail = m[0].id;
	must_equal(k, m[0].kind, k->mail);
	if (!k->lives[p->inc].person)
		k->lives[p->inc].person = m[0].person_id;
	must_equal(k, m[0].person_id, k->lives[p->inc].person);
	must(k, slice_eq_str(m[0].slots.value[MESSAGE_TO], p->address));
	must(k, (m[0].confirm[0] != '\0') == (k->mail == OUTBOX_CONFIRM));
	if (k->mail_request >= 0) {
		struct m_request *r = request_at(k, k->mail_request);
		if (!r->id)
			r->id = m[0].request_id;
		must_equal(k, m[0].request_id, r->id);
		keep_link(k, p, m[0].confirm, TOKEN_CONFIRM, k->mail_request, r->expires_ms / 1000 * 1000);
	}
	keep_link(k, p, m[0].out, TOKEN_UNSUBSCRIBE, -1, 0);
}

/* What holds about the person is what was confirmed last, never what somebody typed since. */
static void check_fields(struct walk *k, const struct m_person *p, int64_t id)
{
	struct db *db = world_read(k->w);
	struct buf held;
	char want[64] = "";

	if (p->name)
		snprintf(want, sizeof(want), "{\"last_name\":\"%s\"}", names[p->name]);
	buf_init_arena(&held, &k->w->arena, PERSON_FIELDS_MAX_BYTES);
	assert_ok(person_fields(db, id, &held, EI));
	store_read_end(k->w->store, db);
	must(k, strcmp(held.data, want) == 0);
}

/* Every change has its event, and nothing else has one. */
static void check_events(struct walk *k, struct m_person *p, int64_t person, bool erased)
{
	struct world_event v[8];
	size_t n = person ? world_events(k->w, person, p->last_seq, v, 8) : 0;
	struct db *db = world_read(k->w);
	int64_t size;

	assert_ok(event_size(db, &size, EI));
	store_read_end(k->w->store, db);
	must_equal(k, n, k->nevents);
	for (size_t i = 0; i < n; i++) {
		must_equal(k, v[i].kind, k->event[i]);
		must(k, v[i].verified);
		must(k, v[i].core == !erased);
		p->last_seq = v[i].seq;
	}
	k->events += (int64_t)n;
	must(k, size == k->events);
}

static void check_person(struct walk *k, struct m_person *p)
{
	int64_t id;
	size_t pending = 0;

	must_equal(k, world_state(k->w, p->address, &id), p->state);
	must(k, (id != 0) == (p->inc >= 0));
	if (!id)
		return;
	must(k, id == k->lives[p->inc].person);
	for (int i = 0; i < PURPOSES; i++)
		must_equal(k, world_purpose(k->w, id, purposes[i]), p->purpose[i]);
	for (int i = 0; i < p->nown; i++)
		pending += request_at(k, p->own[i])->state == REQUEST_PENDING;
	must_equal(k, world_pending(k->w, id), pending);
	check_fields(k, p, id);
}

/* ---- steps */

static void step_signup(struct walk *k, struct m_person *p)
{
	int form = (int)draw(k, FORMS), lang = draw(k, 4) == 0;
	unsigned mask = form_mask[form] == 3 ? 1 + draw(k, 3) : 1;
	int name = form_mask[form] == 3 ? 1 + (draw(k, 4) == 0) : 0;

	m_signup(k, p, form, mask, lang, name);
	world_signup_as(k->w, forms[form], p->address, mask == 3 ? "news,events" : purposes[mask - 1], langs[lang],
	    names[name]);
}

static const struct m_link *any_link(struct walk *k, const struct m_person *p, enum token_purpose what)
{
	size_t from = p->nlinks ? draw(k, (unsigned)p->nlinks) : 0;

	/* Often one of the newest, so that more than scanners' presses happen. */
	if (p->nlinks > 4 && draw(k, 2))
		from = p->nlinks - 1 - draw(k, 4);
	for (size_t i = 0; i < p->nlinks; i++)
		if (p->links[(from + i) % p->nlinks].what == what)
			return &p->links[(from + i) % p->nlinks];
	return NULL;
}

static void step_press(struct walk *k, struct m_person *p)
{
	static const enum confirm_action often[] = {CONFIRM_ACT_CONFIRM, CONFIRM_ACT_CONFIRM, CONFIRM_ACT_CONFIRM,
	    CONFIRM_ACT_RENEW, CONFIRM_ACT_RENEW, CONFIRM_ACT_DENY};
	const struct m_link *l = any_link(k, p, TOKEN_CONFIRM);
	enum confirm_action a = often[draw(k, 6)];
	enum confirm_state before, want;
	size_t events;
	bool fresh;

	if (!l)
		return;
	before = m_look(k, p, l);
	must_equal(k, world_look(k->w, l->text).state, before);
	want = m_press(k, p, l, a);
	events = k->nevents;
	must_equal(k, world_act(k->w, l->text, a, &fresh).state, want);
	must(k, fresh == (events > 0));
	/* The second press of an impatient finger: the same page, nothing more. */
	if (draw(k, 4) == 0 && a == CONFIRM_ACT_CONFIRM) {
		must_equal(k, world_act(k->w, l->text, a, &fresh).state, want);
		must(k, !fresh);
	}
}

static void step_leave_one(struct walk *k, struct m_person *p, const struct m_link *l)
{
	int purpose = (int)draw(k, PURPOSES);
	enum withdraw_state want = m_leave_one(k, p, l, purpose);
	struct withdraw_info info;
	bool fresh;

	assert_ok(withdraw_act_purpose(k->w->site, k->w->store, k->w->writers, &k->w->arena, slice_from(l->text),
	    slice_from(purposes[purpose]), WITHDRAW_PAGE, SLICE("192.0.2.99"), &info, &fresh, EI));
	must_equal(k, info.state, want);
	must(k, fresh == (k->nevents > 0));
}

static void step_leave(struct walk *k, struct m_person *p)
{
	const struct m_link *l = any_link(k, p, TOKEN_UNSUBSCRIBE);
	enum withdraw_way way = draw(k, 2) ? WITHDRAW_PAGE : WITHDRAW_ONE_CLICK;
	enum withdraw_state want;
	size_t events;
	bool fresh;

	if (!l)
		return;
	if (draw(k, 2)) {
		step_leave_one(k, p, l);
		return;
	}
	want = m_leave(k, p, l);
	events = k->nevents;
	must_equal(k, world_leave(k->w, l->text, way, &fresh).state, want);
	must(k, fresh == (events > 0));
	if (draw(k, 4) == 0) {
		must_equal(k, world_leave(k->w, l->text, way, &fresh).state, want);
		must(k, !fresh);
	}
}

static void step_look(struct walk *k, struct m_person *p)
{
	const struct m_link *l = any_link(k, p, TOKEN_CONFIRM);

	if (l)
		must_equal(k, world_look(k->w, l->text).state, m_look(k, p, l));
	l = any_link(k, p, TOKEN_UNSUBSCRIBE);
	if (l)
		must(k, (world_look_out(k->w, l->text).state == WITHDRAW_GONE) == k->lives[l->inc].erased);
}

/* On behalf of the person; so that there are many first times. */
static void step_erase(struct walk *k, struct m_person *p)
{
	if (p->inc < 0)
		return;
	assert_ok(person_erase(k->w->store, k->lives[p->inc].person, ERASURE_OWNER, k->w->now_ms, EI));
	m_forget(k, p);
}

static void step_time(struct walk *k)
{
	static const int64_t waits[] = {MINUTE_MS, 9 * MINUTE_MS, TURN_COOL_DOWN_MS, 11 * MINUTE_MS, HOUR_MS, DAY_MS,
	    LINK_MS - MINUTE_MS, LINK_MS, 3 * DAY_MS, 29 * DAY_MS};
	unsigned i = draw(k, 40 * k->calm);

	world_wait(k->w, i < 10 ? waits[i] : (int64_t)draw(k, 120) * MINUTE_MS);
}

/* ---- the periods */

static int64_t last_request_ms(const struct walk *k, const struct m_person *p)
{
	int64_t last = 0;

	for (int i = 0; i < p->nown; i++)
		if (k->requests[p->own[i]].created_ms > last)
			last = k->requests[p->own[i]].created_ms;
	return last;
}

static void m_retention(struct walk *k, struct m_person *p)
{
	const struct conf_site *c = site_conf(k->w->site);
	int64_t now = k->w->now_ms, before = now - UNCONFIRMED_MS;

	if (p->state == PERSON_PENDING && p->changed_ms < before && last_request_ms(k, p) < before) {
		k->seen[STATE_UNCONFIRMED][state_edge(p->state, STATE_UNCONFIRMED)->act]++;
		expect_event(k, EVENT_EXPIRED);
		m_forget(k, p);
		return;
	}
	if (p->inc < 0 || state_edge(p->state, STATE_UNCONFIRMED)->act != STATE_REFUSE)
		return;
	for (int i = 0; i < p->nown; i++) {
		struct m_request *r = request_at(k, p->own[i]);
		if (r->state == REQUEST_PENDING && r->expires_ms < now && r->created_ms < before) {
			r->state = REQUEST_EXPIRED;
			k->seen[STATE_UNCONFIRMED][STATE_REFUSE]++;
			k->nevents++;
		}
	}
	if (p->state == PERSON_UNSUBSCRIBED && conf_duration_after_year_end(c->retention.evidence, p->changed_ms) <= now) {
		k->nevents++;
		m_forget(k, p);
	}
}

static void check_expired(struct walk *k, struct m_person *p, int64_t person)
{
	struct world_event v[600];
	size_t n = person ? world_events(k->w, person, p->last_seq, v, 600) : 0;

	must_equal(k, n, k->nevents);
	for (size_t i = 0; i < n; i++) {
		must(k, v[i].verified);
		must(k, v[i].kind == EVENT_EXPIRED || v[i].kind == EVENT_ERASED);
		p->last_seq = v[i].seq;
	}
	k->events += (int64_t)n;
}

/* All persons at once; requests of one pass are bounded, so it runs until nothing is left. */
static void step_retention(struct walk *k)
{
	struct retention_report rep;

	do
		assert_ok(retention_run(k->w->site, k->w->store, k->w->now_ms, &rep, EI));
	while (rep.requests >= RETENTION_BATCH);
	for (size_t i = 0; i < PERSONS; i++) {
		struct m_person *p = &k->persons[i];
		int64_t person = p->inc < 0 ? 0 : k->lives[p->inc].person;
		k->who = p;
		k->nevents = 0;
		m_retention(k, p);
		check_expired(k, p, person);
		check_person(k, p);
		arena_reset(&k->w->arena);
	}
}

static void one_step(struct walk *k)
{
	struct m_person *p = &k->persons[draw(k, PERSONS)];
	int64_t person = p->inc < 0 ? 0 : k->lives[p->inc].person;
	unsigned what = draw(k, 100);

	k->who = p;
	k->nevents = 0;
	k->mail = 0;
	k->mail_request = -1;
	if (what < 35)
		step_signup(k, p);
	else if (what < 65)
		step_press(k, p);
	else if (what < 74)
		step_leave(k, p);
	else if (what < 80)
		step_look(k, p);
	else if (what < 97)
		step_time(k);
	else if (what < 99)
		step_erase(k, p);
	else {
		step_retention(k);
		return;
	}
	check_mail(k, p);
	if (!person && p->inc >= 0)
		person = k->lives[p->inc].person;
	check_events(k, p, person, p->inc < 0);
	check_person(k, p);
	arena_reset(&k->w->arena);
}

static long from_environment(const char *name, long otherwise)
{
	const char *v = getenv(name);

	return v && *v ? strtol(v, NULL, 10) : otherwise;
}

/* A walk that never comes by a kind of edge proves nothing about it. */
static void check_seen(const struct walk *k)
{
	static const struct {
		enum state_input in;
		enum state_act act;
	} all[] = {
	    {STATE_SIGNUP, STATE_ASK}, {STATE_SIGNUP, STATE_ASK_MORE}, {STATE_CONFIRM, STATE_ACCEPT},
	    {STATE_DENY, STATE_FORGET}, {STATE_DENY, STATE_REFUSE}, {STATE_RENEW, STATE_RELINK},
	    {STATE_WITHDRAW, STATE_END}, {STATE_WITHDRAW, STATE_REFUSE /* one of several */},
	    {STATE_WITHDRAW, STATE_FORGET}, {STATE_UNCONFIRMED, STATE_FORGET},
	    {STATE_UNCONFIRMED, STATE_REFUSE},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (k->seen[all[i].in][all[i].act] < 5)
			fail_msg("%s/%s happened %ld times", state_input_name(all[i].in), state_act_name(all[i].act),
			    k->seen[all[i].in][all[i].act]);
}

static void test_walk(void **state)
{
	struct world *w = *state;
	struct walk k = {.w = w, .rng = UINT64_C(88172645463325252)};
	long steps = from_environment("JAWORT_WALK_STEPS", STEPS);

	k.calm = 1 + (unsigned)(steps / (2 * STEPS));
	k.rng += (uint64_t)from_environment("JAWORT_WALK_SEED", 1);
	for (int i = 0; i < PERSONS; i++) {
		snprintf(k.persons[i].address, sizeof(k.persons[i].address), "p%d@example.org", i);
		k.persons[i].inc = -1;
		k.persons[i].state = STATE_NEW;
	}
	for (k.step = 1; k.step <= steps; k.step++)
		one_step(&k);
	print_message("%ld steps, %d lives, %d requests, %lld events\n", steps, k.nlives, k.nrequests,
	    (long long)k.events);
	if (steps >= STEPS)
		check_seen(&k);
	assert_ok(store_check(w->store, EI));
	for (int i = 0; i < PERSONS; i++)
		free(k.persons[i].own);
	free(k.lives);
	free(k.requests);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_walk, world_setup, world_teardown)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The table of edges, cell by cell: a person is brought into the state by the functions that
 * visitors reach, the input is applied in the same way, and what was done and the new
 * state are compared with the table. No cell is left out.
 */
#include "lib/told.h"
#include "lib/rights.h"

#include "core/retention.h"
#include "core/state.h"

#define ADDRESS "ada@example.org"
#define CELLS ((PERSON_STATE__MAX + 1) * STATE_INPUT__MAX)

/* ---- the table by itself */

static void test_complete(void **state)
{
	(void)state;
	for (int f = 0; f <= PERSON_STATE__MAX; f++)
		for (int i = 0; i < STATE_INPUT__MAX; i++) {
			const struct state_edge *e = state_edge((enum person_state)f, (enum state_input)i);
			/* A cell that was left out would be all zero, so would not name itself. */
			assert_int_equal(e->from, f);
			assert_int_equal(e->input, i);
			assert_true((int)e->act < STATE_ACT__MAX && (int)e->to <= STATE_BEFORE);
			assert_int_equal((int)e->to == STATE_BEFORE, e->act == STATE_THAW);
		}
	for (int i = 0; i < STATE_INPUT__MAX; i++)
		for (int k = 0; k < i; k++)
			assert_string_not_equal(state_input_name((enum state_input)i), state_input_name((enum state_input)k));
	for (int i = 0; i < STATE_ACT__MAX; i++)
		for (int k = 0; k < i; k++)
			assert_string_not_equal(state_act_name((enum state_act)i), state_act_name((enum state_act)k));
	assert_string_equal(state_input_name(STATE_INPUT__MAX), "?");
	assert_string_equal(state_act_name(STATE_ACT__MAX), "?");
}

/* What must hold whatever the table says in detail. */
static void test_law(void **state)
{
	(void)state;
	for (int f = 0; f <= PERSON_STATE__MAX; f++)
		for (int i = 0; i < STATE_INPUT__MAX; i++) {
			const struct state_edge *e = state_edge((enum person_state)f, (enum state_input)i);
			/* Only a confirmation makes a consent. */
			if (e->to == PERSON_ACTIVE && e->from != PERSON_ACTIVE)
				assert_int_equal(e->input, STATE_CONFIRM);
			assert_int_equal(e->act == STATE_ACCEPT, e->to == PERSON_ACTIVE && e->input == STATE_CONFIRM);
			/* Nobody is left active who withdrew, and nobody pending who said no. */
			if (i == STATE_WITHDRAW || i == STATE_BOUNCE || i == STATE_COMPLAIN)
				assert_true(e->to != PERSON_ACTIVE && e->to != PERSON_PENDING);
			if (i == STATE_DENY || i == STATE_UNCONFIRMED)
				assert_true(e->to != PERSON_PENDING && (e->to == e->from || e->to == STATE_NEW));
			if (e->act == STATE_NOTHING)
				assert_int_equal(e->to, e->from);
			/* Only what was never confirmed is forgotten; of all others the evidence may stay. */
			assert_int_equal(e->act == STATE_FORGET, e->from == PERSON_PENDING && e->to == STATE_NEW);
			assert_int_equal(e->act == STATE_REMOVE, e->from != PERSON_ERASED && e->to == PERSON_ERASED);
			/* Nothing ends a restriction but its end and an erasure, which the person asks for. */
			if (f == PERSON_RESTRICTED && i != STATE_RELEASE && i != STATE_ERASE)
				assert_int_equal(e->to, PERSON_RESTRICTED);
			/* Whoever objects is reached no more, in whatever state. */
			if (i == STATE_OBJECT && f != STATE_NEW && f != PERSON_ERASED)
				assert_true(e->act == STATE_BLOCK || e->act == STATE_END);
			/* Erased stays erased. */
			if (f == PERSON_ERASED)
				assert_int_equal(e->to, PERSON_ERASED);
			/* Those who must be left alone get no mail. */
			if (f == PERSON_SUPPRESSED || f == PERSON_RESTRICTED || f == PERSON_ERASED)
				assert_true(e->act != STATE_ASK && e->act != STATE_ASK_MORE && e->act != STATE_RELINK);
		}
}

/* ---- the table against the program */

struct cell {
	struct world *w;
	int64_t person;        /* 0: none */
	char confirm[64];      /* of an open request, or of one that no longer is */
	char out[64];
	int64_t last_event, last_mail;
	int64_t mail;          /* one that has left; of nobody: a number that was never given */
	size_t pending;
};

static void keep_mail(struct cell *c)
{
	struct world_mail m = world_last_mail(c->w);

	told_send(c->w);
	c->person = m.person_id;
	c->mail = m.id;
	c->last_mail = m.id;
	snprintf(c->confirm, sizeof(c->confirm), "%s", m.confirm);
	snprintf(c->out, sizeof(c->out), "%s", m.out);
}

static void sign_up(struct cell *c, const char *purposes)
{
	world_signup(c->w, "both", ADDRESS, purposes, "de");
}

/* A link for something that never was. */
static void strange_links(struct cell *c)
{
	const struct token in = {.purpose = TOKEN_CONFIRM, .id = 4000, .generation = 1,
	    .expires_ms = c->w->now_ms + DAY_MS};
	const struct token out = {.purpose = TOKEN_UNSUBSCRIBE, .id = 4000};

	c->mail = 4000;
	token_make(store_keyring(c->w->store), "club", &in, c->confirm);
	token_make(store_keyring(c->w->store), "club", &out, c->out);
}

/* Leaves a person in the state, with an open request wherever one can be. */
static void bring(struct cell *c, enum person_state from)
{
	if (from == STATE_NEW) {
		strange_links(c);
		return;
	}
	sign_up(c, "news");
	keep_mail(c);
	if (from == PERSON_PENDING)
		return;
	if (from == PERSON_ERASED) {
		assert_int_equal(world_leave(c->w, c->out, WITHDRAW_PAGE, NULL).state, WITHDRAW_GONE);
		c->last_mail = 0;
		return;
	}
	assert_int_equal(world_act(c->w, c->confirm, CONFIRM_ACT_CONFIRM, NULL).state, CONFIRM_DONE);
	if (from == PERSON_UNSUBSCRIBED)
		assert_int_equal(world_leave(c->w, c->out, WITHDRAW_PAGE, NULL).state, WITHDRAW_DONE);
	sign_up(c, "news,events");
	keep_mail(c);
	world_wait(c->w, MINUTE_MS);
	if (from == PERSON_BOUNCED || from == PERSON_SUPPRESSED)
		told_at(c->w, c->mail, from == PERSON_BOUNCED ? TOLD_HARD : TOLD_SPAM, 0);
	if (from == PERSON_RESTRICTED) {
		assert_int_equal(rights_do(c->w, c->person, DO_RESTRICT, WITHDRAW_HUB).state, from);
		c->last_mail = world_last_mail(c->w).id;
	}
}

static enum person_state state_now(struct cell *c)
{
	struct db *db;
	struct person p;
	enum err rc;

	if (!c->person)
		return world_state(c->w, ADDRESS, &c->person);
	db = world_read(c->w);
	rc = person_get(db, c->person, &p, EI);
	store_read_end(c->w->store, db);
	assert_ok(rc);
	return p.state;
}

static void apply(struct cell *c, enum state_input in)
{
	struct retention_report rep;

	switch (in) {
	case STATE_SIGNUP:
		world_wait(c->w, TURN_COOL_DOWN_MS);
		sign_up(c, "news,events");
		return;
	case STATE_CONFIRM:
		world_act(c->w, c->confirm, CONFIRM_ACT_CONFIRM, NULL);
		return;
	case STATE_DENY:
		world_act(c->w, c->confirm, CONFIRM_ACT_DENY, NULL);
		return;
	case STATE_RENEW:
		world_wait(c->w, 3 * DAY_MS);
		world_act(c->w, c->confirm, CONFIRM_ACT_RENEW, NULL);
		return;
	case STATE_WITHDRAW:
		world_leave(c->w, c->out, WITHDRAW_ONE_CLICK, NULL);
		return;
	case STATE_UNCONFIRMED:
		world_wait(c->w, 8 * DAY_MS);
		assert_ok(retention_run(c->w->site, c->w->store, c->w->now_ms, &rep, EI));
		return;
	case STATE_BOUNCE:
		world_wait(c->w, MINUTE_MS);
		told_at(c->w, c->mail, TOLD_HARD, 0);
		return;
	case STATE_COMPLAIN:
		world_wait(c->w, MINUTE_MS);
		told_at(c->w, c->mail, TOLD_SPAM, 0);
		return;
	case STATE_RESTRICT:
		rights_do(c->w, c->person, DO_RESTRICT, WITHDRAW_HUB);
		return;
	case STATE_RELEASE:
		rights_do(c->w, c->person, DO_RELEASE, WITHDRAW_HUB);
		return;
	case STATE_OBJECT:
		rights_do(c->w, c->person, DO_OBJECT, WITHDRAW_HUB);
		return;
	case STATE_ERASE:
		rights_do(c->w, c->person, DO_ERASE, WITHDRAW_HUB);
		return;
	default:
		fail();
	}
}

/* What an act leaves behind: the kinds of events, the mails, the open requests. */
struct trace {
	enum event_kind event; /* 0: none */
	enum outbox_kind mail; /* 0: none */
	int pending;           /* change of the number of open requests; 99: all are gone */
};

/* A mailbox that does not exist gets no confirmation either. */
static enum outbox_kind to_mailbox(const struct state_edge *e, enum outbox_kind kind)
{
	return e->from == PERSON_BOUNCED ? 0 : kind;
}

static struct trace trace_of(const struct state_edge *e)
{
	switch (e->act) {
	case STATE_ASK:
		return (struct trace){EVENT_REQUESTED, OUTBOX_CONFIRM, 1};
	case STATE_ASK_MORE:
		return (struct trace){EVENT_REQUESTED, OUTBOX_CONFIRM, e->from == PERSON_PENDING ? 1 : 0};
	case STATE_ACCEPT:
		/* One more purpose beside what is in force, or the first. */
		return (struct trace){e->from == PERSON_ACTIVE ? EVENT_PURPOSE_ADDED : EVENT_CONFIRMED, 0, -1};
	case STATE_REFUSE:
		return (struct trace){e->input == STATE_DENY ? EVENT_DENIED : EVENT_EXPIRED, 0, -1};
	case STATE_RELINK:
		return (struct trace){EVENT_RENEWED, OUTBOX_CONFIRM, 0};
	case STATE_END:
		if (e->input == STATE_OBJECT)
			return (struct trace){EVENT_OBJECTED, OUTBOX_OBJECTED, 99};
		return (struct trace){e->input == STATE_COMPLAIN ? EVENT_COMPLAINED : EVENT_WITHDRAWN, 0, 99};
	case STATE_FREEZE:
		return (struct trace){EVENT_RESTRICTED, to_mailbox(e, OUTBOX_RESTRICTED), 0};
	case STATE_THAW:
		return (struct trace){EVENT_UNRESTRICTED, OUTBOX_RELEASED, 0};
	case STATE_REMOVE:
		return (struct trace){EVENT_ERASED, to_mailbox(e, OUTBOX_ERASED), 99};
	case STATE_BLOCK:
		if (e->input == STATE_OBJECT)
			return (struct trace){EVENT_OBJECTED, to_mailbox(e, OUTBOX_OBJECTED), 99};
		return (struct trace){e->input == STATE_BOUNCE ? EVENT_BOUNCED : EVENT_COMPLAINED, 0, 0};
	case STATE_FORGET:
		return (struct trace){EVENT_ERASED, e->input == STATE_ERASE ? OUTBOX_ERASED : 0, 99};
	default:
		return (struct trace){0, 0, 0};
	}
}

static int64_t newest_event(struct cell *c)
{
	struct world_event v[64];
	size_t n = c->person ? world_events(c->w, c->person, 0, v, 64) : 0;

	return n ? v[n - 1].seq : 0;
}

static void check_trace(struct cell *c, const struct state_edge *e)
{
	struct trace want = trace_of(e);
	struct world_event v[64];
	struct world_mail mails[8];
	size_t n = c->person ? world_events(c->w, c->person, c->last_event, v, 64) : 0;
	size_t m = world_mails(c->w, c->last_mail, mails, 8), pending = c->person ? world_pending(c->w, c->person) : 0;

	for (size_t i = 0; i < n; i++)
		assert_true(v[i].verified);
	if (!want.event)
		assert_int_equal(n, 0);
	else if (e->act == STATE_FORGET)
		/* What happened, without a word about whom. */
		assert_true(n >= 1 && !v[0].core);
	else {
		assert_int_equal(n, 1);
		assert_int_equal(v[0].kind, want.event);
	}
	assert_int_equal(m, want.mail ? 1 : 0);
	if (m)
		assert_int_equal(mails[0].kind, want.mail);
	assert_int_equal(pending, want.pending == 99 ? 0 : (int)c->pending + want.pending);
}

static void test_cell(const struct state_edge *e)
{
	struct world w;
	struct cell c = {.w = &w};
	enum person_state to;

	world_open(&w, WORLD_SITE);
	bring(&c, e->from);
	assert_int_equal(state_now(&c), e->from);
	c.last_event = newest_event(&c);
	c.pending = c.person ? world_pending(&w, c.person) : 0;
	apply(&c, e->input);
	to = state_now(&c);
	/* Forgotten: the row is a shell without a name, and the address is new again. */
	if (e->to == STATE_NEW && to == PERSON_ERASED)
		to = world_state(&w, ADDRESS, NULL);
	/* Everybody here was active before. */
	assert_int_equal(to, (int)e->to == STATE_BEFORE ? PERSON_ACTIVE : e->to);
	if (e->from == PERSON_ERASED && e->input == STATE_SIGNUP)
		/* The erased row is left alone; the address starts as a new person. */
		assert_int_equal(world_state(&w, ADDRESS, NULL), PERSON_PENDING);
	else
		check_trace(&c, e);
	world_close(&w);
}

static void run_cell(void **state)
{
	const struct state_edge *e = *state;

	test_cell(e);
}

int main(void)
{
	static struct CMUnitTest tests[CELLS + 2];
	static char names[CELLS][80];
	size_t n = 0;

	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_complete);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_law);
	for (int f = 0; f <= PERSON_STATE__MAX; f++)
		for (int i = 0; i < STATE_INPUT__MAX; i++) {
			const struct state_edge *e = state_edge((enum person_state)f, (enum state_input)i);
			char *name = names[f * STATE_INPUT__MAX + i];
			snprintf(name, sizeof(names[0]), "%s + %s", f == STATE_NEW ? "new" : person_state_name(e->from),
			    state_input_name(e->input));
			tests[n++] = (struct CMUnitTest){.name = name, .test_func = run_cell, .initial_state = (void *)(uintptr_t)e};
		}
	return _cmocka_run_group_tests("state", tests, n, NULL, NULL);
}

/* What people can do about their own data, and the owner for them: each act once, with its event, and nothing besides. */
#include "lib/told.h"
#include "lib/rights.h"

#include "base/enc.h"
#include "core/retention.h"
#include "store/contact.h"

#define ADA "ada@example.org"

static int64_t member(struct world *w, const char *address, const char *purposes)
{
	struct world_mail m;

	world_signup(w, "both", address, purposes, "de");
	m = world_last_mail(w);
	assert_int_equal(world_act(w, m.confirm, CONFIRM_ACT_CONFIRM, NULL).state, CONFIRM_DONE);
	return m.person_id;
}

static struct world_event newest(struct world *w, int64_t id)
{
	struct world_event v[64];
	size_t n = world_events(w, id, 0, v, 64);

	assert_true(n > 0);
	return v[n - 1];
}

static size_t events_of(struct world *w, int64_t id)
{
	struct world_event v[64];

	return world_events(w, id, 0, v, 64);
}

static void test_look(void **state)
{
	struct world *w = *state;
	int64_t id = member(w, ADA, "news,events");
	struct rights_person *p;

	told_send(w);
	p = rights_seen(w, id);
	assert_slice(p->address, ADA);
	assert_slice(p->masked, "a\xe2\x81\xa0…\xe2\x81\xa0" "a@example.org");
	assert_int_equal(p->state, PERSON_ACTIVE);
	assert_string_equal(p->lang, "de");
	assert_int_equal(p->npurposes, 2);
	assert_slice(p->purposes[1].id, "news");
	assert_slice(p->purposes[1].title, "Vereinspost");
	assert_non_null(memmem(p->purposes[1].text.ptr, p->purposes[1].text.len, "Termine & Berichte", 18));
	assert_int_equal(p->purposes[1].since_ms, w->now_ms);
	assert_int_equal(p->nfields, 1);
	assert_slice(p->fields[0].name, "last_name");
	assert_slice(p->fields[0].value, "Lovelace");
	assert_int_equal(p->nrequests, 1);
	assert_int_equal(p->requests[0].state, REQUEST_CONFIRMED);
	assert_int_equal(p->nmails, 1);
	assert_slice(p->mails[0].provider, "mailjet");
	assert_int_equal(p->nevents, 2);
	assert_int_equal(p->events[0].kind, EVENT_REQUESTED);
	assert_slice(p->events[0].ip, "192.0.2.0");
	assert_slice(p->events[1].core.purposes, "news,events");
	assert_true(p->events[1].verified);
	assert_false(p->blocked || p->kept || p->moving);
	/* Address and lists while the consent lasts, IP after 30 days, the note of the mail too, then the evidence. */
	assert_int_equal(p->nuntil, 5);
	assert_int_equal(p->until[0].what, RIGHTS_SENDING);
	assert_int_equal(p->until[1].what, RIGHTS_IP);
	assert_int_equal(p->until[1].at_ms, w->now_ms + 30 * DAY_MS);
	assert_int_equal(p->until[2].what, RIGHTS_MAILS);
	assert_int_equal(p->until[3].what, RIGHTS_EVIDENCE);
	assert_int_equal(p->until[3].at_ms, 0);
	assert_int_equal(p->until[4].what, RIGHTS_BACKUPS);
	rights_do(w, id, DO_WITHDRAW, WITHDRAW_HUB);
	p = rights_seen(w, id);
	/* End of 2029: three years after the year of the end. */
	assert_int_equal(p->until[3].at_ms, conf_duration_after_year_end(site_conf(w->site)->retention.evidence, w->now_ms));
	assert_int_equal(rights_seen_rc(w, 4000), E_NOT_FOUND);
}

static void test_look_pending(void **state)
{
	struct world *w = *state;
	struct rights_person *p;
	int64_t id;

	world_signup(w, "news", ADA, "news", "en");
	assert_int_equal(world_state(w, ADA, &id), PERSON_PENDING);
	p = rights_seen(w, id);
	assert_string_equal(p->lang, "en");
	assert_int_equal(p->until[0].what, RIGHTS_UNCONFIRMED);
	assert_int_equal(p->until[0].at_ms, w->now_ms + 7 * DAY_MS);
	rights_do(w, id, DO_RESTRICT, WITHDRAW_HUB);
	assert_int_equal(rights_seen(w, id)->until[0].at_ms, 0);
}

static void test_withdraw(void **state)
{
	static const enum withdraw_way ways[] = {WITHDRAW_HUB, WITHDRAW_OWNER, WITHDRAW_REPLY, WITHDRAW_LETTER,
	    WITHDRAW_PHONE};
	struct world *w = *state;

	for (size_t i = 0; i < 5; i++) {
		const struct rights r = rights_of(w, ways[i]);
		int64_t id = member(w, ADA, "news,events");
		size_t mails = world_mail_count(w);
		struct rights_done d;
		char want[32];
		assert_ok(rights_withdraw(&r, &w->arena, id, SLICE("events"), &d, EI));
		assert_true(d.fresh);
		assert_int_equal(d.state, PERSON_ACTIVE);
		assert_slice(d.purposes, "events");
		assert_slice(d.rest, "news");
		snprintf(want, sizeof(want), "\"detail\":\"%s\"", withdraw_way_name(ways[i]));
		assert_non_null(strstr(newest(w, id).json, want));
		assert_int_equal(world_mail_count(w), mails + 1);
		assert_ok(rights_withdraw(&r, &w->arena, id, SLICE("events"), &d, EI));
		assert_false(d.fresh);
		assert_ok(rights_withdraw(&r, &w->arena, id, SLICE(""), &d, EI));
		assert_true(d.fresh);
		assert_int_equal(d.state, PERSON_UNSUBSCRIBED);
		assert_slice(d.rest, "");
		assert_int_equal(world_mail_count(w), mails + 2);
		assert_int_equal(world_last_mail(w).kind, OUTBOX_GOODBYE);
		world_wait(w, DAY_MS);
	}
	assert_int_equal(withdraw_way_from_name(SLICE("letter")), WITHDRAW_LETTER);
	assert_int_equal(withdraw_way_from_name(SLICE("dream")), WITHDRAW_WAY__MAX);
}

/* Nothing is sent, nothing expires, and afterwards all is as it was. */
static void test_restrict(void **state)
{
	struct world *w = *state;
	int64_t id = member(w, ADA, "news");
	struct retention_report rep;
	struct rights_done d;
	size_t mails, events;

	d = rights_do(w, id, DO_RESTRICT, WITHDRAW_HUB);
	assert_true(d.fresh);
	assert_int_equal(d.state, PERSON_RESTRICTED);
	assert_slice(d.rest, "news");
	assert_int_equal(newest(w, id).kind, EVENT_RESTRICTED);
	assert_string_equal(newest(w, id).ip, "192.0.2.0");
	assert_int_equal(world_purpose(w, id, "news"), PURPOSE_ACTIVE);
	events = events_of(w, id);
	d = rights_do(w, id, DO_RESTRICT, WITHDRAW_OWNER);
	assert_false(d.fresh);
	assert_int_equal(events_of(w, id), events);
	/* A sign-up changes nothing and sends nothing. */
	mails = world_mail_count(w);
	world_wait(w, HOUR_MS);
	world_signup(w, "both", ADA, "news,events", "de");
	assert_int_equal(world_mail_count(w), mails);
	/* Ten years later everything is still there. */
	world_wait(w, 3653 * DAY_MS);
	assert_ok(retention_run(w->site, w->store, w->now_ms, &rep, EI));
	assert_int_equal(rep.evidence + rep.unconfirmed, 0);
	assert_int_equal(world_state(w, ADA, NULL), PERSON_RESTRICTED);
	assert_slice(rights_seen(w, id)->fields[0].value, "Lovelace");
	/* Their own wish, whichever way it came: at once. */
	d = rights_do(w, id, DO_RELEASE, WITHDRAW_PHONE);
	assert_true(d.fresh);
	assert_int_equal(d.ends_ms, 0);
	assert_int_equal(d.state, PERSON_ACTIVE);
	assert_int_equal(newest(w, id).kind, EVENT_UNRESTRICTED);
	assert_false(rights_do(w, id, DO_RELEASE, WITHDRAW_OWNER).fresh);
}

/* The provider took the newest mail to somebody. */
static void handed_over(struct world *w, int64_t id)
{
	struct world_mail m = world_last_mail(w);
	struct event_new e = {.person_id = id, .time_ms = w->now_ms, .kind = EVENT_MAIL_ACCEPTED, .mail_hash = m.hash};
	struct db *db;

	assert_int_equal(m.person_id, id);
	assert_ok(store_write_begin(w->store, &db, EI));
	assert_ok(event_append(db, &e, NULL, EI));
	assert_ok(store_write_commit(w->store, EI));
}

static unsigned released(struct world *w)
{
	const struct rights r = rights_of(w, WITHDRAW_OWNER);
	struct db *db = world_read(w);
	unsigned n;
	bool waits;

	assert_ok(rights_release_waits(db, &w->arena, w->now_ms, &waits, EI));
	store_read_end(w->store, db);
	assert_ok(rights_release_due(&r, &w->arena, w->now_ms, &n, EI));
	assert_int_equal(waits, n > 0);
	return n;
}

/* The owner's decision: told first, GDPR Art. 18(3); it ends on the day that the mail named, and not unless it was sent. */
static void test_release_is_announced(void **state)
{
	struct world *w = *state;
	int64_t id = member(w, ADA, "news"), bob = member(w, "bob@example.org", "news");
	struct rights_done d;
	struct world_mail m;
	struct message msg;
	size_t mails;

	rights_do(w, id, DO_RESTRICT, WITHDRAW_HUB);
	rights_do(w, bob, DO_RESTRICT, WITHDRAW_HUB);
	d = rights_do(w, id, DO_RELEASE, WITHDRAW_OWNER);
	assert_true(d.fresh);
	assert_int_equal(d.state, PERSON_RESTRICTED);
	assert_int_equal(d.ends_ms, w->now_ms + 7 * DAY_MS);
	assert_int_equal(newest(w, id).kind, EVENT_RELEASE_ANNOUNCED);
	m = world_last_mail(w);
	msg = world_message(w, &m);
	assert_int_equal(m.kind, OUTBOX_RELEASED);
	assert_slice(msg.subject, "Die Sperre Ihrer Daten endet");
	assert_non_null(memmem(msg.text.ptr, msg.text.len, "28. November 2026", 17));
	/* Once is enough. */
	mails = world_mail_count(w);
	d = rights_do(w, id, DO_RELEASE, WITHDRAW_OWNER);
	assert_false(d.fresh);
	assert_int_equal(world_mail_count(w), mails);
	/* Not before the day, and not if nobody took the mail. */
	world_wait(w, 8 * DAY_MS);
	assert_int_equal(released(w), 0);
	assert_int_equal(rights_do(w, id, DO_RELEASE, WITHDRAW_OWNER).state, PERSON_RESTRICTED);
	handed_over(w, id);
	world_clock(w, w->now_ms - 8 * DAY_MS + HOUR_MS);
	assert_int_equal(released(w), 0);
	world_wait(w, 7 * DAY_MS);
	assert_int_equal(released(w), 1);
	assert_int_equal(released(w), 0);
	assert_int_equal(world_state(w, ADA, NULL), PERSON_ACTIVE);
	assert_int_equal(world_state(w, "bob@example.org", NULL), PERSON_RESTRICTED);
	assert_int_equal(newest(w, id).kind, EVENT_UNRESTRICTED);
	m = world_last_mail(w);
	msg = world_message(w, &m);
	assert_slice(msg.subject, "Die Sperre Ihrer Daten ist aufgehoben");
}

/* They are against it: the owner freezes once more, and the announcement means nothing any more. */
static void test_release_is_taken_back(void **state)
{
	struct world *w = *state;
	int64_t id = member(w, ADA, "news");

	rights_do(w, id, DO_RESTRICT, WITHDRAW_HUB);
	rights_do(w, id, DO_RELEASE, WITHDRAW_OWNER);
	handed_over(w, id);
	assert_true(rights_do(w, id, DO_RESTRICT, WITHDRAW_REPLY).fresh);
	assert_int_equal(newest(w, id).kind, EVENT_RESTRICTED);
	assert_false(rights_do(w, id, DO_RESTRICT, WITHDRAW_REPLY).fresh);
	world_wait(w, 8 * DAY_MS);
	assert_int_equal(released(w), 0);
	assert_int_equal(world_state(w, ADA, NULL), PERSON_RESTRICTED);
	/* Announced anew, and the person ends it at /my before. */
	assert_true(rights_do(w, id, DO_RELEASE, WITHDRAW_OWNER).fresh);
	handed_over(w, id);
	assert_int_equal(rights_do(w, id, DO_RELEASE, WITHDRAW_HUB).state, PERSON_ACTIVE);
	world_wait(w, 8 * DAY_MS);
	assert_int_equal(released(w), 0);
}

/* Each state comes back. */
static void test_release_states(void **state)
{
	static const struct {
		const char *told; /* what the provider says first; NULL */
		bool leave, confirm;
		enum person_state back;
	} rows[] = {{NULL, false, false, PERSON_PENDING}, {NULL, false, true, PERSON_ACTIVE},
	    {NULL, true, true, PERSON_UNSUBSCRIBED}, {TOLD_HARD, false, true, PERSON_BOUNCED},
	    {TOLD_SPAM, false, true, PERSON_SUPPRESSED}};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char address[32];
		struct world_mail m;
		snprintf(address, sizeof(address), "n%zu@example.org", i);
		world_signup(w, "both", address, "news", "de");
		m = world_last_mail(w);
		told_send(w);
		if (rows[i].confirm)
			world_act(w, m.confirm, CONFIRM_ACT_CONFIRM, NULL);
		world_wait(w, MINUTE_MS);
		if (rows[i].told)
			told_at(w, m.id, rows[i].told, 0);
		if (rows[i].leave)
			world_leave(w, m.out, WITHDRAW_PAGE, NULL);
		assert_int_equal(world_state(w, address, NULL), rows[i].back);
		rights_do(w, m.person_id, DO_RESTRICT, WITHDRAW_HUB);
		assert_int_equal(rights_do(w, m.person_id, DO_RELEASE, WITHDRAW_HUB).state, rows[i].back);
		assert_int_equal(world_state(w, address, NULL), rows[i].back);
	}
}

static void test_object(void **state)
{
	struct world *w = *state;
	int64_t id = member(w, ADA, "news,events");
	struct rights_done d = rights_do(w, id, DO_OBJECT, WITHDRAW_HUB);
	struct rights_person *p;
	size_t mails, events = events_of(w, id);

	assert_true(d.fresh);
	assert_int_equal(d.state, PERSON_SUPPRESSED);
	assert_slice(d.purposes, "events,news");
	assert_int_equal(newest(w, id).kind, EVENT_OBJECTED);
	p = rights_seen(w, id);
	assert_true(p->blocked);
	assert_int_equal(p->block_reason, SUPPRESSION_OBJECTED);
	assert_int_equal(p->block_until_ms, 0);
	assert_false(rights_do(w, id, DO_OBJECT, WITHDRAW_HUB).fresh);
	assert_int_equal(events_of(w, id), events);
	mails = world_mail_count(w);
	world_wait(w, 400 * DAY_MS);
	world_signup(w, "news", ADA, "news", "de");
	assert_int_equal(world_mail_count(w), mails);
	/* A block by the owner is another matter, and has its own event. */
	assert_true(rights_do(w, id, DO_BLOCK, WITHDRAW_OWNER).fresh);
	assert_int_equal(newest(w, id).kind, EVENT_SUPPRESSED);
}

static void test_block_address(void **state)
{
	struct world *w = *state;
	const struct rights r = rights_of(w, WITHDRAW_OWNER);
	bool fresh;

	assert_ok(rights_block_address(&r, SLICE("nobody@example.org"), &fresh, EI));
	assert_true(fresh);
	assert_ok(rights_block_address(&r, SLICE("nobody@example.org"), &fresh, EI));
	assert_false(fresh);
	assert_true(rights_found_of(w, "nobody@example.org").blocked);
	world_signup(w, "news", "nobody@example.org", "news", "de");
	assert_int_equal(world_state(w, "nobody@example.org", NULL), PERSON_STATE__MAX);
}

/* ---- correction */

static struct rights_done change(struct world *w, int64_t id, const char *name, const char *value, const char *lang,
    struct rights_error *bad)
{
	const struct rights r = rights_of(w, WITHDRAW_HUB);
	struct rights_change c = {.lang = slice_from(lang)};
	struct rights_done d;

	if (*name)
		c.fields[c.n++] = (struct rights_field){slice_from(name), slice_from(value)};
	assert_ok(rights_rectify(&r, &w->arena, id, &c, &d, bad, EI));
	return d;
}

static void test_rectify(void **state)
{
	struct world *w = *state;
	int64_t id = member(w, ADA, "news");
	struct rights_person *p;
	struct rights_error bad;
	size_t events;

	assert_true(change(w, id, "last_name", " King ", "en", &bad).fresh);
	p = rights_seen(w, id);
	assert_slice(p->fields[0].value, "King");
	assert_string_equal(p->lang, "en");
	assert_int_equal(newest(w, id).kind, EVENT_CHANGED);
	assert_string_equal(newest(w, id).fields, "{\"last_name\":\"King\",\"lang\":\"en\"}");
	events = events_of(w, id);
	assert_false(change(w, id, "last_name", "King", "en", &bad).fresh);
	assert_int_equal(events_of(w, id), events);
	/* A field of another form may be given, an empty value takes one away. */
	assert_true(change(w, id, "first_name", "Ada", "", &bad).fresh);
	assert_int_equal(rights_seen(w, id)->nfields, 2);
	assert_true(change(w, id, "first_name", "", "", &bad).fresh);
	assert_true(change(w, id, "last_name", "  ", "", &bad).fresh);
	assert_int_equal(rights_seen(w, id)->nfields, 0);
	assert_true(change(w, id, "last_name", "Byron", "", &bad).fresh);
	assert_slice(rights_seen(w, id)->fields[0].value, "Byron");
}

static void test_rectify_bad(void **state)
{
	static const struct {
		const char *name, *value, *lang, *field, *key;
	} rows[] = {{"shoe_size", "43", "", "shoe_size", NULL}, {"last_name", "a\nb", "", "last_name", "error.field.characters"},
	    {"last_name", "\xff", "", "last_name", "error.field.characters"}, {"", "", "fr", "lang", NULL}};
	struct world *w = *state;
	int64_t id = member(w, ADA, "news");
	struct rights_error bad;
	size_t events = events_of(w, id);
	char lots[300];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_false(change(w, id, rows[i].name, rows[i].value, rows[i].lang, &bad).fresh);
		assert_slice(bad.field, rows[i].field);
		if (rows[i].key)
			assert_string_equal(bad.key, rows[i].key);
		else
			assert_null(bad.key);
	}
	memset(lots, 'a', 101);
	lots[101] = '\0';
	assert_false(change(w, id, "last_name", lots, "", &bad).fresh);
	assert_string_equal(bad.key, "error.field.long");
	assert_int_equal(events_of(w, id), events);
	assert_slice(rights_seen(w, id)->fields[0].value, "Lovelace");
}

/* ---- export */

static char *exported(struct world *w, int64_t id, enum rights_format f)
{
	const struct rights r = rights_of(w, WITHDRAW_HUB);
	struct buf out;

	buf_init_arena(&out, &w->arena, RIGHTS_EXPORT_MAX_BYTES);
	assert_ok(rights_export(&r, &w->arena, id, f, &out, EI));
	return arena_str(&w->arena, buf_slice(&out));
}

static bool holds(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

static void test_export(void **state)
{
	struct world *w = *state;
	struct rights_error bad;
	int64_t id = member(w, ADA, "news");
	char *data, *csv;

	told_send(w);
	change(w, id, "last_name", "=1+1", "", &bad);
	data = exported(w, id, RIGHTS_DATA);
	assert_true(holds(data, "\"format\":\"jawort-person 1\""));
	assert_true(holds(data, "\"address\":\"ada@example.org\""));
	assert_true(holds(data, "\"fields\":{\"last_name\":\"=1+1\"}"));
	assert_true(holds(data, "\"ip\":\"192.0.2.0\""));
	/* That it was handed over stands in it. */
	assert_true(holds(data, "\"kind\":\"exported\""));
	assert_int_equal(newest(w, id).kind, EVENT_EXPORTED);
	assert_true(holds(newest(w, id).json, "\"detail\":\"hub data\""));
	/* No link with power leaves the house. */
	assert_false(holds(data, "/c/"));
	assert_false(holds(data, "/u/"));
	csv = exported(w, id, RIGHTS_CSV);
	assert_true(holds(csv, "\"field\",\"last_name\",\"'=1+1\""));
	assert_true(holds(csv, "\"purpose\",\"news\",\"active\""));
	for (int f = 0; f < RIGHTS_FORMAT__MAX; f++)
		assert_int_equal(rights_format_from_name(slice_from(rights_format_name((enum rights_format)f))), f);
	assert_int_equal(rights_format_from_name(SLICE("pdf")), RIGHTS_FORMAT__MAX);
}

/* The bundle that `jawort verify` takes (tests/unit/cmd/test_bundle.c): signed, and with the event of its own making. */
static void test_export_bundle(void **state)
{
	struct world *w = *state;
	int64_t id = member(w, ADA, "news");
	char *b;

	b = exported(w, id, RIGHTS_JSON);
	assert_int_equal(strncmp(b, "{\"bundle\":\n{\"format\":\"jawort-bundle 1\"", 38), 0);
	assert_true(holds(b, "\n,\"signature\":\n{\"key\":\"www.verein.test/j/log+"));
	assert_true(holds(b, "hub json"));
	assert_false(holds(b, "\"state\":\"restricted\""));
	rights_do(w, id, DO_RESTRICT, WITHDRAW_HUB);
	assert_true(holds(exported(w, id, RIGHTS_JSON), "\"state\":\"restricted\""));
	rights_do(w, id, DO_ERASE, WITHDRAW_HUB);
	b = exported(w, id, RIGHTS_JSON); /* the proof outlives the erasure, and who asks gets it */
	assert_true(holds(b, "\"state\":\"erased\""));
	assert_true(holds(b, "\"address\":\"ada@example.org\""));
}

static void test_export_page(void **state)
{
	struct world *w = *state;
	struct rights r = rights_of(w, WITHDRAW_LETTER);
	struct rights_error bad;
	int64_t id = member(w, ADA, "news");
	struct buf out;
	char *page;

	told_send(w);
	change(w, id, "last_name", "<b>King", "", &bad);
	page = exported(w, id, RIGHTS_PAGE);
	assert_true(holds(page, "<h1>Alles, was wir zu Ihnen haben</h1>"));
	assert_true(holds(page, "<strong>ada@example.org</strong>"));
	assert_true(holds(page, "&lt;b&gt;King"));
	assert_true(holds(page, "<blockquote class=\"jawort-slip\" data-state=\"given\">"));
	assert_true(holds(page, "IP-Adresse: 192.0.2.0"));
	assert_true(holds(page, "Daten abgeholt"));
	assert_false(holds(page, "<form"));
	assert_false(holds(page, "<script"));
	assert_false(holds(page, "Zurück"));
	r.lang = "en";
	r.back = SLICE("https://www.verein.test/j/my/x");
	buf_init_arena(&out, &w->arena, RIGHTS_EXPORT_MAX_BYTES);
	assert_ok(rights_export(&r, &w->arena, id, RIGHTS_PAGE, &out, EI));
	page = arena_str(&w->arena, buf_slice(&out));
	assert_true(holds(page, "<h1>Everything we hold about you</h1>"));
	assert_true(holds(page, "href=\"https://www.verein.test/j/my/x\""));
}

/* A button pressed twice, or a second form behind the same link: one mail, and no event more than there are forms. */
static void test_export_twice(void **state)
{
	struct world *w = *state;
	int64_t id = member(w, ADA, "news");
	size_t events = events_of(w, id), mails = world_mail_count(w);

	for (int i = 0; i < 3; i++)
		exported(w, id, RIGHTS_CSV);
	assert_int_equal(events_of(w, id), events + 1);
	exported(w, id, RIGHTS_JSON);
	exported(w, id, RIGHTS_CSV);
	assert_int_equal(events_of(w, id), events + 2);
	assert_int_equal(world_mail_count(w), mails + 1);
	world_wait(w, 16 * MINUTE_MS); /* another link */
	exported(w, id, RIGHTS_CSV);
	assert_int_equal(events_of(w, id), events + 3);
	assert_int_equal(world_mail_count(w), mails + 2);
}

/* ---- erasure */

static void test_erase_keeps(void **state)
{
	struct world *w = *state;
	int64_t id = member(w, ADA, "news"), again;
	struct rights_erasure e = rights_preview(w, id);
	struct rights_done d;
	struct rights_person *p;
	struct world_event v[16];
	struct rights_found f;
	char data[200];
	int64_t until = conf_duration_after_year_end(site_conf(w->site)->retention.evidence, w->now_ms);
	size_t n;

	assert_true(e.keeps && e.confirmed);
	assert_int_equal(e.until_ms, until);
	assert_int_equal(e.fields, 1);
	assert_int_equal(e.purposes, 1);
	assert_int_equal(e.mails, 1);
	assert_int_equal(e.events, 1); /* what was typed */
	assert_int_equal(world_state(w, ADA, NULL), PERSON_ACTIVE);
	d = rights_do(w, id, DO_ERASE, WITHDRAW_HUB);
	assert_true(d.fresh);
	assert_int_equal(d.state, PERSON_ERASED);
	/* Nobody is found, nothing is counted; only who asks for evidence finds it. */
	assert_int_equal(world_state(w, ADA, NULL), PERSON_STATE__MAX);
	f = rights_found_of(w, ADA);
	assert_int_equal(f.person_id, 0);
	assert_int_equal(f.nkept, 1);
	assert_int_equal(f.kept[0], id);
	p = rights_seen(w, id);
	assert_true(p->kept);
	assert_int_equal(p->kept_until_ms, until);
	assert_slice(p->address, ADA);
	assert_int_equal(p->npurposes + p->nfields + p->nrequests + p->nmails, 0);
	n = world_events(w, id, 0, v, 16);
	assert_int_equal(n, 3);
	assert_int_equal(v[2].kind, EVENT_ERASED);
	for (size_t i = 0; i < n; i++) {
		assert_true(v[i].verified && v[i].core);
		assert_string_equal(v[i].fields, "");
	}
	snprintf(data, sizeof(data), "%s/data", w->root);
	assert_int_equal(world_files_with(data, "Lovelace", 8), 0);
	/* Again: nothing. All other decisions: gone. */
	assert_false(rights_do(w, id, DO_ERASE, WITHDRAW_HUB).fresh);
	d = rights_do(w, id, DO_RESTRICT, WITHDRAW_HUB);
	assert_true(d.gone && !d.fresh);
	assert_int_equal(events_of(w, id), 3);
	/* Comes back as a new person, goes again: two pieces of evidence. */
	world_wait(w, DAY_MS);
	again = member(w, ADA, "news");
	assert_int_not_equal(again, id);
	rights_do(w, again, DO_ERASE, WITHDRAW_HUB);
	assert_int_equal(rights_found_of(w, ADA).nkept, 2);
}

static void test_erase_all(void **state)
{
	struct world *w = *state;
	char *yaml = world_replace(WORLD_SITE, "deny_block: 30d", "deny_block: 30d, erase_evidence_on_request: true");
	struct world_event v[16];
	int64_t id;
	size_t n;

	world_reload(w, yaml);
	free(yaml);
	id = member(w, ADA, "news");
	assert_false(rights_preview(w, id).keeps);
	assert_true(rights_do(w, id, DO_ERASE, WITHDRAW_HUB).fresh);
	n = world_events(w, id, 0, v, 16);
	assert_int_equal(n, 3);
	for (size_t i = 0; i < n; i++)
		assert_true(v[i].verified && !v[i].core);
	assert_int_equal(rights_found_of(w, ADA).nkept, 0);
	assert_int_equal(rights_seen_rc(w, id), E_NOT_FOUND);
	/* New again. */
	assert_int_not_equal(member(w, ADA, "news"), id);
}

/* Never confirmed: there is nothing to prove, so everything goes. Block only where it was asked for. */
static void test_erase_pending(void **state)
{
	struct world *w = *state;
	const struct rights r = rights_of(w, WITHDRAW_HUB);
	struct rights_done d;
	int64_t id;

	world_signup(w, "news", ADA, "news", "de");
	world_state(w, ADA, &id);
	assert_false(rights_preview(w, id).keeps);
	assert_ok(rights_erase(&r, &w->arena, id, true, false, &d, EI));
	assert_true(d.fresh);
	assert_int_equal(rights_seen_rc(w, id), E_NOT_FOUND);
	assert_true(rights_found_of(w, ADA).blocked);
	world_signup(w, "news", ADA, "news", "de");
	assert_int_equal(world_state(w, ADA, NULL), PERSON_STATE__MAX);
}

/* The owner may give up the evidence, at once or later; and time takes it. */
static void test_evidence_ends(void **state)
{
	struct world *w = *state;
	const struct rights r = rights_of(w, WITHDRAW_OWNER);
	struct retention_report rep;
	struct rights_done d;
	int64_t id = member(w, ADA, "news"), bob;

	rights_do(w, id, DO_ERASE, WITHDRAW_HUB);
	assert_ok(rights_erase(&r, &w->arena, id, false, true, &d, EI));
	assert_true(d.fresh);
	assert_int_equal(rights_seen_rc(w, id), E_NOT_FOUND);
	assert_ok(rights_erase(&r, &w->arena, id, false, true, &d, EI));
	assert_false(d.fresh);
	bob = member(w, "bob@example.org", "news");
	rights_do(w, bob, DO_ERASE, WITHDRAW_HUB);
	world_clock(w, rights_seen(w, bob)->kept_until_ms - 1);
	assert_ok(retention_run(w->site, w->store, w->now_ms, &rep, EI));
	assert_int_equal(rep.evidence, 0);
	assert_ok(rights_seen_rc(w, bob));
	world_wait(w, 2);
	assert_ok(retention_run(w->site, w->store, w->now_ms, &rep, EI));
	assert_int_equal(rep.evidence, 1);
	assert_int_equal(rights_seen_rc(w, bob), E_NOT_FOUND);
	assert_int_equal(rights_found_of(w, "bob@example.org").nkept, 0);
}

/* ---- mails that confirm */

static void test_mails(void **state)
{
	static const struct {
		enum rights_verb verb;
		enum outbox_kind mail; /* 0: none */
	} rows[] = {{DO_RESTRICT, OUTBOX_RESTRICTED}, {DO_RELEASE, OUTBOX_RELEASED}, {DO_OBJECT, OUTBOX_OBJECTED},
	    {DO_BLOCK, 0}};
	struct world *w = *state;
	int64_t id = member(w, ADA, "news");
	char hex[ENC_HEX_BYTES(STORE_HASH_BYTES)];
	struct world_mail m;
	struct message msg;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t mails = world_mail_count(w);
		assert_true(rights_do(w, id, rows[i].verb, WITHDRAW_HUB).fresh);
		assert_int_equal(world_mail_count(w), mails + !!rows[i].mail);
		if (!rows[i].mail)
			continue;
		m = world_last_mail(w);
		assert_int_equal(m.kind, rows[i].mail);
		assert_int_equal(m.person_id, id);
		/* The event names it. */
		assert_non_null(strstr(newest(w, id).json, enc_hex(m.hash, STORE_HASH_BYTES, hex)));
	}
	/* The certificate belongs to nobody, and still reaches its address after the key is gone. */
	rights_do(w, id, DO_ERASE, WITHDRAW_HUB);
	m = world_last_mail(w);
	assert_int_equal(m.kind, OUTBOX_ERASED);
	assert_int_equal(m.person_id, 0);
	msg = world_message(w, &m);
	assert_slice(msg.to, ADA);
	assert_non_null(memmem(msg.text.ptr, msg.text.len, "Nachweis Ihrer Einwilligung", 27));
	assert_int_equal(world_mail_count(w), 1);
}

/* ---- another address */

#define LOVE "lovelace@example.net"

static struct rights_done move_ask(struct world *w, int64_t id, const char *to, struct rights_error *bad)
{
	const struct rights r = rights_of(w, WITHDRAW_HUB);
	struct rights_done d;

	assert_ok(rights_move_ask(&r, &w->arena, id, slice_from(to), &d, bad, EI));
	return d;
}

static char *move_link(struct world *w)
{
	struct world_mail m = world_last_mail(w);
	char *token = arena_alloc(&w->arena, 64);

	assert_int_equal(m.kind, OUTBOX_MOVE);
	world_token(w, m.slots.value[MESSAGE_LINK], "/my/", token);
	return token;
}

static struct rights_moving move_press(struct world *w, const char *token, bool *fresh)
{
	const struct rights r = rights_of(w, WITHDRAW_HUB);
	struct rights_moving m;

	assert_ok(rights_move_confirm(&r, &w->arena, slice_from(token), &m, fresh, EI));
	return m;
}

static struct rights_moving move_look(struct world *w, const char *token)
{
	struct rights_moving m;
	struct db *db = world_read(w);

	assert_ok(rights_move_look(db, w->site, &w->arena, slice_from(token), &m, EI));
	store_read_end(w->store, db);
	return m;
}

/* The lists of domains are asked as at a form: the same words, no wish is kept, no mail leaves. */
static void test_move_by_the_lists(void **state)
{
	static const struct {
		const char *addresses, *to;
		bool welcome;
	} rows[] = {
	    {"addresses: { deny: [example.net] }\nmode:", LOVE, false},
	    {"addresses: { deny: [example.net] }\nmode:", "lovelace@mail.EXAMPLE.net", false},
	    {"addresses: { deny: [example.net] }\nmode:", "lovelace@example.org", true},
	    {"addresses: { allow: [verein.test] }\nmode:", LOVE, false},
	    {"addresses: { allow: [verein.test] }\nmode:", "lovelace@verein.test", true},
	};
	struct world *w = *state;
	int64_t id = member(w, ADA, "news");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *yaml = world_replace(WORLD_SITE, "mode:", rows[i].addresses);
		size_t mails = world_mail_count(w);
		struct rights_error bad;
		struct rights_done d;

		world_reload(w, yaml);
		free(yaml);
		d = move_ask(w, id, rows[i].to, &bad);
		assert_int_equal(d.fresh, rows[i].welcome);
		assert_int_equal(world_mail_count(w) - mails, rows[i].welcome ? 1 : 0);
		if (rows[i].welcome)
			continue;
		assert_slice(bad.field, "email");
		assert_string_equal(bad.key, "error.email.domain");
		assert_int_equal(rights_seen(w, id)->moving, i > 2); /* by a row before */
	}
}

static void test_move(void **state)
{
	struct world *w = *state;
	int64_t id = member(w, ADA, "news"), now;
	struct rights_moving m;
	struct rights_error bad;
	struct world_mail told;
	char *link, *newer;
	bool fresh;

	assert_true(move_ask(w, id, "Lovelace@example.NET", &bad).fresh);
	link = move_link(w);
	/* Only a wish: nothing has changed. */
	assert_int_equal(world_state(w, ADA, NULL), PERSON_ACTIVE);
	assert_true(rights_seen(w, id)->moving);
	m = move_look(w, link);
	assert_int_equal(m.state, RIGHTS_MOVE_OPEN);
	assert_slice(m.to, "L\xe2\x81\xa0…\xe2\x81\xa0" "e@example.net");
	/* A newer wish replaces it. */
	assert_true(move_ask(w, id, LOVE, &bad).fresh);
	newer = move_link(w);
	assert_int_equal(move_press(w, link, &fresh).state, RIGHTS_MOVE_UNKNOWN);
	m = move_press(w, newer, &fresh);
	assert_int_equal(m.state, RIGHTS_MOVE_DONE);
	assert_true(fresh);
	assert_int_equal(world_state(w, ADA, NULL), PERSON_STATE__MAX);
	assert_int_equal(world_state(w, LOVE, &now), PERSON_ACTIVE);
	assert_int_equal(now, id);
	assert_int_equal(newest(w, id).kind, EVENT_CHANGED);
	assert_string_equal(newest(w, id).fields, "{\"email\":\"" LOVE "\"}");
	/* The old address is told, and is nobody's any more. */
	told = world_last_mail(w);
	assert_int_equal(told.kind, OUTBOX_MOVED);
	assert_int_equal(told.person_id, 0);
	assert_slice(told.slots.value[MESSAGE_TO], ADA);
	/* Twice: done, nothing new. */
	assert_int_equal(move_press(w, newer, &fresh).state, RIGHTS_MOVE_DONE);
	assert_false(fresh);
	assert_false(rights_seen(w, id)->moving);
	rights_do(w, id, DO_ERASE, WITHDRAW_HUB);
	assert_int_equal(move_look(w, newer).state, RIGHTS_MOVE_GONE);
	assert_int_equal(move_look(w, "nonsense").state, RIGHTS_MOVE_UNKNOWN);
}

static void test_move_refused(void **state)
{
	struct world *w = *state;
	const struct rights owner = rights_of(w, WITHDRAW_OWNER);
	int64_t id = member(w, ADA, "news");
	struct rights_error bad;
	size_t mails;
	char *link;
	bool fresh;

	assert_false(move_ask(w, id, "no address", &bad).fresh);
	assert_slice(bad.field, "email");
	assert_false(move_ask(w, id, ADA, &bad).fresh);
	/* Blocked: silence, and the same answer. */
	assert_ok(rights_block_address(&owner, SLICE("blocked@example.org"), &fresh, EI));
	mails = world_mail_count(w);
	assert_true(move_ask(w, id, "blocked@example.org", &bad).fresh);
	assert_int_equal(world_mail_count(w), mails);
	/* Somebody else's: known only to who reads that mailbox. */
	member(w, "bob@example.org", "news");
	assert_true(move_ask(w, id, "bob@example.org", &bad).fresh);
	link = move_link(w);
	assert_int_equal(move_press(w, link, &fresh).state, RIGHTS_MOVE_TAKEN);
	assert_false(fresh);
	assert_int_equal(world_state(w, ADA, NULL), PERSON_ACTIVE);
	/* Too late. */
	assert_true(move_ask(w, id, LOVE, &bad).fresh);
	link = move_link(w);
	world_wait(w, 3 * DAY_MS);
	assert_int_equal(move_look(w, link).state, RIGHTS_MOVE_EXPIRED);
	assert_int_equal(move_press(w, link, &fresh).state, RIGHTS_MOVE_EXPIRED);
	assert_int_equal(world_state(w, ADA, NULL), PERSON_ACTIVE);
}

/* ---- residue: in no file and in no spelling */

static size_t spelled(struct world *w, const char *text)
{
	size_t n = strlen(text), found = world_files_with(w->root, text, n);
	char wide[200] = {0}, other[400];

	for (size_t i = 0; i < n; i++)
		wide[2 * i] = text[i];
	found += world_files_with(w->root, wide, 2 * n);
	enc_hex((const unsigned char *)text, n, other);
	found += world_files_with(w->root, other, 2 * n);
	/* Base64 at the three places a text can stand; without the characters that depend on what is beside it. */
	for (size_t shift = 0; shift < 3; shift++) {
		char padded[100] = "xxx";
		snprintf(padded + shift, sizeof(padded) - shift, "%s", text);
		enc_b64url((const unsigned char *)padded, n + shift, other);
		found += world_files_with(w->root, other + (shift ? 4 : 0), (n + shift) / 3 * 4 - (shift ? 4 : 0));
	}
	return found;
}

static void test_residue(void **state)
{
	struct world *w = *state;
	const struct rights r = rights_of(w, WITHDRAW_HUB);
	char mine[] = "zerlinda.quark@example.org";
	struct rights_error bad;
	struct rights_done d;
	int64_t id = member(w, mine, "news,events");

	change(w, id, "last_name", "Quarkinger", "", &bad);
	move_ask(w, id, "zerlinda.neu@example.net", &bad);
	told_send(w);
	assert_ok(rights_erase(&r, &w->arena, id, true, true, &d, EI));
	assert_true(d.fresh);
	told_send(w);
	assert_int_equal(spelled(w, mine), 0);
	assert_int_equal(spelled(w, "Quarkinger"), 0);
	assert_int_equal(spelled(w, "zerlinda.neu"), 0);
	assert_int_equal(spelled(w, "192.0.2.0"), 0);
	assert_int_equal(spelled(w, "192.0.2.77"), 0);
	/* The search finds what is there. */
	world_write(w, "data/here", mine);
	assert_true(spelled(w, mine) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	    T(test_look), T(test_look_pending), T(test_withdraw), T(test_restrict), T(test_release_states), T(test_release_is_announced),
	    T(test_release_is_taken_back), T(test_object),
	    T(test_block_address), T(test_rectify), T(test_rectify_bad), T(test_export),
	    T(test_export_bundle), T(test_export_page), T(test_export_twice), T(test_erase_keeps),
	    T(test_erase_all), T(test_erase_pending), T(test_evidence_ends), T(test_mails),
	    T(test_move), T(test_move_by_the_lists), T(test_move_refused), T(test_residue),
	};

	return cmocka_run_group_tests_name("rights", tests, NULL, NULL);
}

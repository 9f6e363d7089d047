/*
 * Evidence sheets: golden pages of the states a person can be in, in both languages; every kind of event has its
 * words; texts come out byte for byte as they were; hostile content stays content.
 */
#include "core/sheet.h"

#include "lib/world.h"

#include <sqlite3.h>

#include "core/formpage.h"
#include "core/logbook.h"
#include "core/notice.h"
#include "mail/sent.h"
#include "store/anchor.h"
#include "store/erasure.h"
#include "text/html.h"

#define BIG (64u * 1024u * 1024u)

/* --- what the worker does --------------------------------------------------------------- */

struct taken {
	int64_t id, person, request;
	unsigned char hash[STORE_HASH_BYTES];
	struct message_slots slots;
	struct world *w;
	bool any;
};

static void take_row(const struct outbox_row *r, void *arg)
{
	struct taken *t = arg;

	t->id = r->id;
	t->person = r->person_id;
	t->request = r->request_id;
	memcpy(t->hash, r->mail_hash, sizeof(t->hash));
	assert_ok(message_slots_read(&t->w->arena, arena_dup(&t->w->arena, r->slots), &t->slots, EI));
	t->any = true;
}

static struct slice proof_of(struct world *w, const struct taken *t)
{
	const struct world_mail m = {.slots = t->slots};
	struct world_mail with = m;
	struct message msg;
	struct buf b;

	memcpy(with.hash, t->hash, sizeof(with.hash));
	msg = world_message(w, &with);
	buf_init_arena(&b, &w->arena, SENT_MAX_BYTES);
	assert_ok(sent_write(&b, &msg, &t->slots, EI));
	return buf_slice(&b);
}

static bool deliver_one(struct world *w, enum event_kind kind, bool with_proof)
{
	struct taken t = {.w = w};
	struct event_new e = {.kind = kind, .time_ms = w->now_ms, .provider = SLICE("mailjet"),
	    .provider_id = kind == EVENT_MAIL_ACCEPTED ? SLICE("1152921504606846976") : SLICE(""),
	    .detail = kind == EVENT_MAIL_ACCEPTED ? SLICE("ok") : SLICE("mj-0013"), .mail_hash = t.hash};
	struct outbox_result r = {.state = kind == EVENT_MAIL_ACCEPTED ? OUTBOX_ACCEPTED : OUTBOX_FAILED, .now_ms = w->now_ms};
	struct db *db;

	assert_ok(store_write_begin(w->store, &db, EI));
	assert_ok(outbox_claim(db, w->now_ms, 1, SLICE("try"), take_row, &t, NULL, EI));
	assert_ok(store_write_commit(w->store, EI));
	if (!t.any)
		return false;
	if (with_proof)
		e.fields = proof_of(w, &t);
	e.person_id = t.person;
	e.request_id = t.request;
	e.outbox_id = t.id;
	assert_ok(store_write_begin(w->store, &db, EI));
	assert_ok(outbox_settle(db, t.id, SLICE("try"), &r, EI));
	assert_ok(event_append(db, &e, NULL, EI));
	assert_ok(store_write_commit(w->store, EI));
	return true;
}

static void deliver(struct world *w)
{
	world_wait(w, 1500);
	while (deliver_one(w, EVENT_MAIL_ACCEPTED, true))
		;
}

static void append(struct world *w, struct event_new e)
{
	struct db *db;

	e.time_ms = w->now_ms;
	assert_ok(store_write_begin(w->store, &db, EI));
	assert_ok(event_append(db, &e, NULL, EI));
	assert_ok(store_write_commit(w->store, EI));
}

static int64_t person_of(struct world *w, const char *address)
{
	int64_t id;

	assert_int_not_equal(world_state(w, address, &id), PERSON_STATE__MAX);
	return id;
}

static void checkpoint(struct world *w)
{
	struct logbook_report rep;

	assert_ok(logbook_advance(site_conf(w->site), w->store, w->now_ms, &rep, EI));
	assert_true(rep.last.size > 0);
}

static void set_state(struct world *w, int64_t person, enum person_state state)
{
	struct db *db;

	assert_ok(store_write_begin(w->store, &db, EI));
	assert_ok(person_set_state(db, person, state, w->now_ms, EI));
	assert_ok(store_write_commit(w->store, EI));
}

/* --- the sheet -------------------------------------------------------------------------- */

static struct slice sheet(struct world *w, int64_t person, const char *lang)
{
	const struct sheet_opts o = {.lang = lang, .now_ms = w->now_ms};
	struct db *db = world_read(w);
	struct arena a;
	struct buf b;

	arena_init(&a, BIG);
	buf_init_arena(&b, &w->arena, SHEET_MAX_BYTES);
	assert_ok(sheet_html(db, w->site, &a, person, &o, &b, EI));
	store_read_end(w->store, db);
	arena_free(&a);
	assert_true(buf_ok(&b));
	return buf_slice(&b);
}

static bool has(struct slice s, const char *what)
{
	return memmem(s.ptr, s.len, what, strlen(what)) != NULL;
}

static size_t count(struct slice s, const char *what)
{
	size_t n = 0;

	for (const char *p = s.ptr; (p = memmem(p, (size_t)(s.ptr + s.len - p), what, strlen(what))) != NULL; p++)
		n++;
	return n;
}

/* Style and annexes are looked at elsewhere; sums, keys and what is left of tokens differ with every key. */
static struct slice steady(struct world *w, struct slice s)
{
	static const char *const cut[][2] = {{"<style>", "</style>"}, {"<section class=\"jawort-annex\">", "</main>"},
	    {"<code>", "</code>"}, {"\n\xe2\x80\x94 ", "</pre>"}};
	struct buf b;

	buf_init_arena(&b, &w->arena, SHEET_MAX_BYTES);
	for (size_t i = 0; i < s.len; i++) {
		struct slice rest = slice_sub(s, i, s.len);
		bool done = false;

		for (size_t c = 0; c < sizeof(cut) / sizeof(cut[0]) && !done; c++) {
			const char *end;

			if (!slice_starts(rest, slice_from(cut[c][0])))
				continue;
			end = memmem(rest.ptr, rest.len, cut[c][1], strlen(cut[c][1]));
			assert_non_null(end);
			buf_add_str(&b, cut[c][0]);
			i += (size_t)(end - rest.ptr) - 1;
			done = true;
		}
		if (done)
			continue;
		buf_add_char(&b, s.ptr[i]);
		if (s.ptr[i] == '*' && b.len > 5 && b.data[b.len - 6] == '/')
			memset(b.data + b.len - 5, 'x', 4);
	}
	/* The root of the tree, inside the checkpoint's text. */
	for (char *p = b.data; (p = strstr(p, "<pre class=\"jawort-mail\" tabindex=\"0\">www.")) != NULL; p++) {
		char *line = strchr(strchr(p, '\n') + 1, '\n') + 1;

		for (; *line && *line != '\n'; line++)
			*line = 'x';
	}
	return buf_slice(&b);
}

static void golden(struct world *w, const char *name, int64_t person)
{
	static const char *const langs[] = {"de", "en"};

	for (int l = 0; l < 2; l++) {
		struct slice whole = sheet(w, person, langs[l]), got = steady(w, whole);
		const char *out = getenv("SHEETS_TO"); /* a folder: the whole pages, to be looked at and checked as HTML */
		char path[256];
		struct buf want;

		snprintf(path, sizeof(path), "%s/%s.%s.html", out ? out : "", name, langs[l]);
		if (out)
			assert_ok(file_write(path, whole, 0644, EI));

		snprintf(path, sizeof(path), "tests/golden/sheet/%s.%s.html", name, langs[l]);
		if (getenv("UPDATE_GOLDEN") || getenv("GOLDEN")) {
			assert_ok(file_write(path, got, 0644, EI));
			continue;
		}
		buf_init(&want, SHEET_MAX_BYTES);
		if (file_read(&want, path, EI))
			fail_msg("%s (UPDATE_GOLDEN=1 writes it)", EI->text);
		if (!slice_eq(buf_slice(&want), got)) {
			size_t at = 0;

			while (at < got.len && at < want.len && got.ptr[at] == want.data[at])
				at++;
			fail_msg("%s differs at byte %zu; got \"%.*s\"", path, at, (int)(got.len - at > 300 ? 300 : got.len - at),
			    got.ptr + at);
		}
		buf_free(&want);
	}
}

/* --- states ------------------------------------------------------------------------------ */

static int64_t signed_up(struct world *w, const char *form, const char *address, const char *purposes, const char *lang)
{
	world_signup(w, form, address, purposes, lang);
	deliver(w);
	return person_of(w, address);
}

static int64_t confirmed(struct world *w, const char *form, const char *address, const char *purposes, const char *lang)
{
	int64_t id = signed_up(w, form, address, purposes, lang);
	bool fresh;

	world_wait(w, 7 * MINUTE_MS);
	world_act(w, world_last_mail(w).confirm, CONFIRM_ACT_CONFIRM, &fresh);
	assert_true(fresh);
	return id;
}

static void pending(void **state)
{
	struct world *w = *state;

	golden(w, "pending", signed_up(w, "both", "ada@example.net", "news,events", "de"));
}

static void active(void **state)
{
	struct world *w = *state;
	int64_t id = confirmed(w, "both", "ada@example.net", "news,events", "de");
	struct anchor a = {.kind = ANCHOR_MAIL, .source = SLICE("17")};
	struct checkpoint c;
	struct db *db;

	world_wait(w, HOUR_MS);
	checkpoint(w);
	assert_ok(store_write_begin(w->store, &db, EI));
	assert_ok(checkpoint_last(db, &c, NULL, EI));
	a.size = c.size;
	a.at_ms = w->now_ms;
	assert_ok(anchor_put(db, &a, EI));
	assert_ok(store_write_commit(w->store, EI));
	golden(w, "active", id);
}

static bool says(struct slice page, const char *text)
{
	return memmem(page.ptr, page.len, text, strlen(text)) != NULL;
}

/* What was anchored stays so when something happens afterwards; which mail and which way are said in words. */
static void anchored_and_then(void **state)
{
	struct world *w = *state;
	int64_t id = confirmed(w, "news", "ada@example.net", "news", "de");
	struct anchor a = {.kind = ANCHOR_MAIL, .source = SLICE("17")};
	struct checkpoint c;
	struct slice page;
	struct db *db;

	checkpoint(w);
	assert_ok(store_write_begin(w->store, &db, EI));
	assert_ok(checkpoint_last(db, &c, NULL, EI));
	a.size = c.size;
	a.at_ms = w->now_ms;
	assert_ok(anchor_put(db, &a, EI));
	assert_ok(store_write_commit(w->store, EI));
	world_wait(w, DAY_MS);
	append(w, (struct event_new){.person_id = id, .kind = EVENT_EXPORTED, .detail = SLICE("hub csv")});
	append(w, (struct event_new){.person_id = id, .kind = EVENT_WITHDRAWN, .detail = SLICE("journal")});
	page = sheet(w, id, "de");
	assert_true(says(page, "zum Versand an den Betreiber übergeben: alle Ereignisse bis Nr."));
	assert_false(says(page, "Noch nicht verankert"));
	assert_true(says(page, "Betreff: Bitte bestätigen: Vereinspost"));
	assert_true(says(page, "Auf der Seite „Meine Daten“") && says(page, "Format: CSV") && !says(page, "hub csv"));
	assert_true(says(page, "aus dem Journal") && !says(page, "Angabe: journal"));
	assert_true(says(page, "Gezeigt ist: Wer das Postfach") && says(page, "-1.json --key SCHLÜSSEL<"));
	world_signup(w, "news", "bob@example.net", "news", "de");
	page = sheet(w, person_of(w, "bob@example.net"), "de");
	assert_true(says(page, "Den Knopf, der bestätigt, hat niemand gedrückt.") && !says(page, "Gezeigt ist: Wer das Postfach"));
}

/* In a checkpoint but for the last event. */
static void left(void **state)
{
	struct world *w = *state;
	int64_t id = confirmed(w, "news", "ada@example.net", "news", "en");
	char out[64];
	bool fresh;

	checkpoint(w);
	snprintf(out, sizeof(out), "%s", world_last_mail(w).out);
	world_wait(w, DAY_MS);
	world_leave(w, out, WITHDRAW_ONE_CLICK, &fresh);
	golden(w, "left", id);
}

static void bounced(void **state)
{
	struct world *w = *state;
	int64_t id;

	world_signup(w, "news", "ada@example.net", "news", "de");
	world_wait(w, 1000);
	assert_true(deliver_one(w, EVENT_MAIL_FAILED, true));
	id = person_of(w, "ada@example.net");
	append(w, (struct event_new){.person_id = id, .kind = EVENT_BOUNCED, .provider = SLICE("mailjet"),
	    .detail = SLICE("bounce-hard")});
	set_state(w, id, PERSON_BOUNCED);
	golden(w, "bounced", id);
}

static void blocked(void **state)
{
	struct world *w = *state;
	int64_t id = confirmed(w, "news", "ada@example.net", "news", "de");

	world_wait(w, DAY_MS);
	append(w, (struct event_new){.person_id = id, .kind = EVENT_COMPLAINED, .provider = SLICE("mailjet"),
	    .detail = SLICE("complaint")});
	set_state(w, id, PERSON_SUPPRESSED);
	golden(w, "blocked", id);
}

static void restricted(void **state)
{
	struct world *w = *state;
	int64_t id = confirmed(w, "news", "ada@example.net", "news", "de");

	append(w, (struct event_new){.person_id = id, .kind = EVENT_RESTRICTED});
	set_state(w, id, PERSON_RESTRICTED);
	golden(w, "restricted", id);
}

/* A year later: the IP is gone, the proof is not. */
static void old(void **state)
{
	struct world *w = *state;
	int64_t id = confirmed(w, "both", "ada@example.net", "events", "de");
	unsigned dropped;
	struct slice page;

	world_wait(w, 365 * DAY_MS);
	checkpoint(w);
	assert_ok(event_drop_ip(w->store, w->now_ms, 100, &dropped, EI));
	assert_true(dropped >= 2);
	golden(w, "old", id);
	page = sheet(w, id, "de");
	assert_false(has(page, "192.0.2"));
	assert_true(has(page, "IP-Adressen zu Ereignis "));
	assert_false(has(page, "jawort-alarm\">"));
}

/* Written by a version that did not keep what was filled in; and a renewed link that nobody used. */
static void before(void **state)
{
	struct world *w = *state;
	int64_t id;

	world_signup(w, "news", "ada@example.net", "news", "de");
	world_wait(w, 1000);
	assert_true(deliver_one(w, EVENT_MAIL_ACCEPTED, false));
	id = person_of(w, "ada@example.net");
	world_wait(w, 3 * DAY_MS);
	append(w, (struct event_new){.person_id = id, .kind = EVENT_RENEWED, .form = SLICE("news"), .lang = SLICE("de")});
	append(w, (struct event_new){.person_id = id, .kind = EVENT_EXPIRED});
	golden(w, "before", id);
}

/* Erased, and the evidence was kept: nothing typed, no purposes, and still the whole way. */
static void kept(void **state)
{
	struct world *w = *state;
	int64_t id = confirmed(w, "both", "ada@example.net", "news,events", "de");
	struct slice page;
	struct db *db;

	world_wait(w, DAY_MS);
	assert_ok(store_write_begin(w->store, &db, EI));
	assert_ok(erasure_ask_keep(db, id, ERASURE_REQUEST, w->now_ms + 3 * 365 * DAY_MS, w->now_ms, EI));
	assert_ok(store_write_commit(w->store, EI));
	assert_ok(erasure_finish(w->store, w->now_ms, NULL, EI));
	golden(w, "kept", id);
	page = sheet(w, id, "de");
	assert_false(has(page, "Lovelace"));
	assert_true(has(page, "ada@example.net"));
	assert_true(has(page, "data-state=\"ended\""));
	assert_false(has(page, "data-state=\"given\""));
}

/* A second yes is a yes, whatever its name. */
static void again(void **state)
{
	struct world *w = *state;
	int64_t id = signed_up(w, "both", "ada@example.net", "news,events", "de");

	append(w, (struct event_new){.person_id = id, .kind = EVENT_PURPOSE_ADDED, .request_id = 1, .form = SLICE("both"),
	    .lang = SLICE("de"), .purposes = SLICE("news,events"), .ip = SLICE("192.0.2.0")});
	set_state(w, id, PERSON_ACTIVE);
	assert_true(has(sheet(w, id, "de"), "data-state=\"given\""));
	assert_false(has(sheet(w, id, "de"), "hat niemand gedrückt"));
}

static void nothing_but_a_person(void **state)
{
	struct world *w = *state;
	const struct person_new n = {.channel = STORE_EMAIL, .state = PERSON_PENDING, .address = SLICE("ada@example.net"),
	    .lang = SLICE("de"), .now_ms = w->now_ms};
	struct db *db;
	int64_t id;

	assert_ok(store_write_begin(w->store, &db, EI));
	assert_ok(person_insert(db, &n, &id, EI));
	assert_ok(store_write_commit(w->store, EI));
	golden(w, "empty", id);
}

/* --- every kind --------------------------------------------------------------------------- */

static void every_kind_has_its_words(void **state)
{
	static const char *const nobody[] = {"hat dafür keine Worte", "has no words for it"};
	static const char *const langs[] = {"de", "en"};
	struct world *w = *state;
	int64_t id = signed_up(w, "news", "ada@example.net", "news", "de");

	for (int k = 1; k < EVENT_KIND__MAX; k++)
		append(w, (struct event_new){.person_id = id, .kind = (enum event_kind)k});
	for (int l = 0; l < 2; l++) {
		struct slice page = sheet(w, id, langs[l]);

		if (has(page, nobody[l]))
			fail_msg("a kind of event has no words: add evidence.kind.NAME and .text to templates/%s/evidence.txt:\n%s",
			    langs[l], (const char *)memmem(page.ptr, page.len, nobody[l], strlen(nobody[l])) - 200);
		assert_int_equal(count(page, "<tr><td><time"), EVENT_KIND__MAX - 1 + 2);
	}
}

/* --- texts as they were --------------------------------------------------------------------- */

static struct slice text(struct world *w, int64_t person, int64_t seq, enum sheet_part part)
{
	struct db *db = world_read(w);
	struct buf b;

	buf_init_arena(&b, &w->arena, MESSAGE_MIME_MAX_BYTES);
	assert_ok(sheet_text(db, &w->arena, person, seq, part, &b, EI));
	store_read_end(w->store, db);
	return buf_slice(&b);
}

static struct slice live_form(struct world *w, const char *form, const char *lang)
{
	const struct formpage f = {.form = world_form(w, form), .lang = lang};
	struct buf b;

	buf_init_arena(&b, &w->arena, SITE_PAGE_MAX_BYTES);
	assert_ok(formpage_render(w->site, &w->arena, FORMPAGE_PAGE, &f, &b, EI));
	return buf_slice(&b);
}

static struct slice live_notice(struct world *w, const char *lang)
{
	struct buf b;

	buf_init_arena(&b, &w->arena, NOTICE_MAX_BYTES);
	assert_ok(notice_body(w->site, &w->arena, lang, &b, EI));
	return buf_slice(&b);
}

static struct slice escaped(struct world *w, struct slice s)
{
	struct buf b;

	buf_init_arena(&b, &w->arena, SHEET_MAX_BYTES);
	html_attr(&b, s);
	return buf_slice(&b);
}

/* Configuration, words of the form and templates of page and mail change; an old event comes out as it was. */
static void texts_stay_as_they_were(void **state)
{
	struct world *w = *state;
	char *other = world_replace(WORLD_SITE, "de: monatlich", "de: jeden Tag");
	char *third = world_replace(other, "look: { accent: \"#17604f\" }", "look: { accent: \"#aa0000\" }");
	struct slice form = live_form(w, "news", "de"), notice = live_notice(w, "de"), mail, page, now;
	int64_t id = confirmed(w, "news", "ada@example.net", "news", "de");
	struct message sent = {.to = SLICE("")};
	struct world_mail m = world_last_mail(w);
	struct buf live;

	sent = world_message(w, &m);
	buf_init_arena(&live, &w->arena, MESSAGE_MIME_MAX_BYTES);
	message_mime(&live, &sent);
	mail = text(w, id, 0, SHEET_MAIL);
	world_write(w, "templates/page/form.html", "<!doctype html><html lang=\"{{lang}}\"><head><meta charset=\"utf-8\">"
	    "<title>x</title>{{>part/head.html}}<h1>Ganz anders</h1><form action=\"{{form_action}}\" method=\"post\">"
	    "{{>part/fields.html}}</form>{{>part/foot.html}}");
	world_reload(w, third);
	page = sheet(w, id, "de");
	assert_false(slice_eq(live_form(w, "news", "de"), form));
	assert_false(slice_eq(live_notice(w, "de"), notice));
	assert_true(slice_eq(text(w, id, 0, SHEET_FORM), form));
	assert_true(slice_eq(text(w, id, 1, SHEET_FORM), form));
	assert_true(slice_eq(text(w, id, 1, SHEET_NOTICE), notice));
	assert_true(slice_eq(text(w, id, 0, SHEET_MAIL), mail));
	assert_int_equal(mail.len, live.len);
	for (size_t i = 0; i < mail.len; i++)
		assert_true(mail.ptr[i] == live.data[i] || mail.ptr[i] == '*');
	now = escaped(w, form);
	assert_non_null(memmem(page.ptr, page.len, now.ptr, now.len));
	assert_non_null(memmem(page.ptr, page.len, notice.ptr, notice.len));
	free(other);
	free(third);
}

static void texts_that_are_not_there(void **state)
{
	struct world *w = *state;
	int64_t id = signed_up(w, "news", "ada@example.net", "news", "de");
	struct db *db = world_read(w);
	struct buf b;

	buf_init_arena(&b, &w->arena, MESSAGE_MIME_MAX_BYTES);
	assert_int_equal(sheet_text(db, &w->arena, id, 99, SHEET_MAIL, &b, EI), E_NOT_FOUND);
	assert_int_equal(sheet_text(db, &w->arena, id, 1, SHEET_MAIL, &b, EI), E_NOT_FOUND);
	assert_int_equal(sheet_text(db, &w->arena, id, 2, SHEET_FORM, &b, EI), E_NOT_FOUND);
	assert_int_equal(sheet_text(db, &w->arena, id + 1, 0, SHEET_MAIL, &b, EI), E_NOT_FOUND);
	store_read_end(w->store, db);
}

/* --- what must not happen -------------------------------------------------------------------- */

#define RLO "\xe2\x80\xae"

static void hostile_content_stays_content(void **state)
{
	struct world *w = *state;
	int64_t id = signed_up(w, "news", "ada@example.net", "news", "de");
	struct slice page;
	struct db *db;

	append(w, (struct event_new){.person_id = id, .kind = EVENT_REQUESTED, .form = SLICE("news"), .lang = SLICE("de"),
	    .purposes = SLICE("news,</td><script>1</script>"), .request_id = 77,
	    .page = SLICE("https://x.test/\"><script>alert(1)</script><bdi>" RLO), .detail = SLICE("</bdi><img src=x>"),
	    .ip = SLICE("<b>1.2.3.0"), .provider = SLICE("<i>"), .provider_id = SLICE("{{@evidence.title}}"),
	    .fields = SLICE("{\"first_name\":\"</dd></dl><script>\\u202e{{css}}\",\"<x>\":\"<y>\"}")});
	assert_ok(store_write_begin(w->store, &db, EI));
	assert_ok(person_set_fields(db, id, SLICE("{\"first_name\":\"</bdi><iframe src=//x.test>" RLO "\"}"), w->now_ms, EI));
	assert_ok(store_write_commit(w->store, EI));
	page = sheet(w, id, "de");
	assert_int_equal(count(page, "<script"), 0);
	assert_int_equal(count(page, "<iframe"), 0);
	assert_int_equal(count(page, "<img"), 0);
	assert_int_equal(count(page, "<x>") + count(page, "<y>") + count(page, "<b>") + count(page, "<i>"), 0);
	assert_true(has(page, "{{@evidence.title}}"));
	/* Whatever turns the direction of writing is shut in. */
	for (const char *p = page.ptr; (p = memmem(p, (size_t)(page.ptr + page.len - p), RLO, 3)) != NULL; p++) {
		const char *open = p, *close = memmem(p, (size_t)(page.ptr + page.len - p), "</bdi>", 6);

		while (open > page.ptr && strncmp(open, "<bdi>", 5) != 0 && strncmp(open, "</bdi>", 6) != 0)
			open--;
		assert_true(strncmp(open, "<bdi>", 5) == 0);
		assert_non_null(close);
	}
}

/* Nothing is loaded, nothing runs, and no token stands whole. */
static void self_contained(void **state)
{
	struct world *w = *state;
	int64_t id = confirmed(w, "news", "ada@example.net", "news", "de");
	struct world_mail m = world_last_mail(w);
	struct slice page = sheet(w, id, "de");
	const char *frame = memmem(page.ptr, page.len, "<iframe", 7);
	struct slice head = slice_sub(page, 0, (size_t)(frame - page.ptr));

	assert_false(has(page, m.confirm));
	assert_false(has(page, m.out));
	assert_true(has(page, "************"));
	assert_int_equal(count(page, "<script") + count(page, "<link") + count(page, "<img") + count(page, "@import"), 0);
	assert_int_equal(count(head, " src=") + count(head, "url("), 0);
	assert_true(has(page, "default-src 'none'"));
	assert_true(has(page, "sandbox=\"\""));
}

/* As somebody would who has the file: the guard is taken away, then a row is changed. */
static void tamper(struct world *w, const char *sql)
{
	char path[200], *why = NULL;
	sqlite3 *conn;

	snprintf(path, sizeof(path), "%s/%s/data.db", w->conf->data, site_conf(w->site)->id);
	assert_int_equal(sqlite3_open(path, &conn), SQLITE_OK);
	if (sqlite3_exec(conn, "DROP TRIGGER event_update", NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_exec(conn, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s", why);
	sqlite3_close(conn);
}

static void whole_is_not_altered(void **state)
{
	struct world *w = *state;
	int64_t id = confirmed(w, "news", "ada@example.net", "news", "de");
	unsigned dropped;

	assert_false(has(sheet(w, id, "de"), "jawort-alarm\">"));
	assert_ok(event_drop_ip(w->store, INT64_MAX / 2, 100, &dropped, EI));
	assert_false(has(sheet(w, id, "en"), "jawort-alarm\">"));
}

static void altered_part_is_said(void **state)
{
	struct world *w = *state;
	int64_t id = confirmed(w, "news", "ada@example.net", "news", "de");

	tamper(w, "UPDATE event SET c_fields = zeroblob(32) WHERE seq = 2");
	assert_true(has(sheet(w, id, "de"), "jawort-alarm\">"));
	assert_int_equal(count(sheet(w, id, "de"), "Passt nicht zur Prüfsumme"), 1);
}

/* Consistent in itself, and not what was signed: only the tree can tell. */
static void swapped_rows_are_said(void **state)
{
	struct world *w = *state;
	int64_t id = confirmed(w, "news", "ada@example.net", "news", "de");

	confirmed(w, "news", "bea@example.net", "news", "de");
	checkpoint(w);
	assert_false(has(sheet(w, id, "de"), "jawort-alarm\">"));
	tamper(w, "UPDATE event SET core_ct = NULL, ip_ct = NULL, fields_ct = NULL,"
	    " commitment = (SELECT commitment FROM event WHERE seq = 5), c_core = (SELECT c_core FROM event WHERE seq = 5),"
	    " c_ip = (SELECT c_ip FROM event WHERE seq = 5), c_fields = (SELECT c_fields FROM event WHERE seq = 5) WHERE seq = 2");
	assert_true(has(sheet(w, id, "de"), "jawort-alarm\">"));
	assert_true(has(sheet(w, id, "de"), "0 von 3 Ereignissen"));
}

static void who_is_not_there(void **state)
{
	struct world *w = *state;
	int64_t id = signed_up(w, "news", "ada@example.net", "news", "de");
	struct sheet_opts o = {.lang = "fr", .now_ms = w->now_ms};
	struct db *db = world_read(w);
	struct buf b;

	buf_init_arena(&b, &w->arena, SHEET_MAX_BYTES);
	assert_int_equal(sheet_html(db, w->site, &w->arena, id, &o, &b, EI), E_INVALID);
	o.lang = "de";
	assert_int_equal(sheet_html(db, w->site, &w->arena, id + 1, &o, &b, EI), E_NOT_FOUND);
	store_read_end(w->store, db);
	assert_ok(person_erase(w->store, id, ERASURE_OWNER, w->now_ms, EI));
	db = world_read(w);
	assert_int_equal(sheet_html(db, w->site, &w->arena, id, &o, &b, EI), E_NOT_FOUND);
	store_read_end(w->store, db);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		T(pending), T(active), T(anchored_and_then), T(left), T(bounced), T(blocked), T(restricted), T(old), T(before),
		T(kept), T(again), T(nothing_but_a_person), T(every_kind_has_its_words), T(texts_stay_as_they_were), T(texts_that_are_not_there),
		T(hostile_content_stays_content), T(self_contained), T(whole_is_not_altered), T(altered_part_is_said), T(swapped_rows_are_said), T(who_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

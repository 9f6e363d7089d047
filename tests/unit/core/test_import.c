/* Import: who is put on the list, who is only asked, who is refused; and that it never changes anybody who is here. */
#include "lib/world.h"

#include "core/import.h"
#include "core/rights.h"
#include "core/sheet.h"
#include "store/contact.h"
#include "store/erasure.h"
#include "store/suppression.h"

#define HEAD "address,first_name,purposes,consent_time,consent_source,consent_wording\n"
#define PROOF "2024-03-14 09:12:31,form on the old page,\"Yes, please.\"\n"

struct noted {
	struct import_note n[64];
	char text[64][300];
	size_t count;
};

static void note(const struct import_note *n, void *arg)
{
	struct noted *t = arg;

	assert_true(t->count < 64);
	t->n[t->count] = *n;
	snprintf(t->text[t->count], sizeof(t->text[0]), "%s", n->text);
	t->count++;
}

static struct noted notes;

static struct import_report run(struct world *w, const char *file, struct import_opts o)
{
	struct import_report r;

	notes.count = 0;
	assert_ok(import_run(w->site, w->store, slice_from(file), &o, note, &notes, &r, EI));
	return r;
}

static struct import_report import(struct world *w, const char *file)
{
	return run(w, file, (struct import_opts){.form = NULL});
}

static struct rights_person look(struct world *w, const char *address)
{
	struct rights_person p;
	struct rights_found f;
	struct db *db = world_read(w);

	assert_ok(rights_find(db, slice_from(address), &f, EI));
	assert_true(f.person_id > 0);
	assert_ok(rights_look(db, w->site, &w->arena, f.person_id, &p, EI));
	store_read_end(w->store, db);
	return p;
}

static int64_t events(struct world *w)
{
	struct db *db = world_read(w);
	int64_t n;

	assert_ok(event_size(db, &n, EI));
	store_read_end(w->store, db);
	return n;
}

static void test_taken(void **state)
{
	struct world *w = *state;
	struct import_report r = import(w, "address,first_name,last_name,lang,purposes,consent_time,consent_source,"
	    "consent_wording,consent_method,confirm_time,consent_ip,proof,secret\n"
	    "ada@example.org,Ada,'=Lovelace,en,news events,14.03.2024 09:12,https://old.example.org/form,"
	    "\"Yes, I want it.\",double opt-in,2024-03-14T09:14:00Z,192.0.2.77,ticket 17,x\n");
	struct rights_person p = look(w, "ada@example.org");

	assert_int_equal(r.n[IMPORT_TAKEN], 1);
	assert_true(r.written);
	assert_string_equal(r.unused, "secret");
	assert_int_equal(p.state, PERSON_ACTIVE);
	assert_string_equal(p.lang, "en");
	assert_int_equal(p.npurposes, 2);
	assert_int_equal(p.purposes[0].state, PURPOSE_ACTIVE);
	assert_int_equal(p.purposes[0].text.len, 0);
	assert_int_equal(p.nfields, 2);
	assert_slice(p.fields[1].value, "=Lovelace");
	assert_int_equal(p.nevents, 1);
	assert_int_equal(p.events[0].kind, EVENT_IMPORTED);
	assert_true(p.events[0].verified);
	assert_slice(p.events[0].ip, "192.0.2.0");
	assert_slice(p.events[0].core.purposes, "news,events");
	assert_true(p.events[0].core.has[EVENTCORE_CONFIG]);
	assert_slice(p.events[0].fields, "{\"consent_time\":\"14.03.2024 09:12\",\"consent_source\":"
	    "\"https://old.example.org/form\",\"consent_wording\":\"Yes, I want it.\",\"consent_method\":\"double opt-in\","
	    "\"confirm_time\":\"2024-03-14T09:14:00Z\",\"proof\":\"ticket 17\"}");
	assert_int_equal(notes.count, 0);
}

/* Time, place and words: one of them missing, and nobody is on the list. */
static void test_without_proof(void **state)
{
	static const struct {
		const char *row, *lacks;
	} rows[] = {
	    {"a@example.org,,news,,here,words\n", "consent_time"}, {"a@example.org,,news,2024-01-01,,words\n", "consent_source"},
	    {"a@example.org,,news,2024-01-01,here,\n", "consent_wording"}, {"a@example.org,,news,,,\n", "consent_time"},
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char file[400];
		struct import_report r;

		snprintf(file, sizeof(file), HEAD "%s", rows[i].row);
		r = import(w, file);
		assert_int_equal(r.n[IMPORT_UNPROVEN], 1);
		assert_int_equal(notes.count, 1);
		assert_int_equal(notes.n[0].line, 2);
		assert_non_null(strstr(notes.text[0], rows[i].lacks));
		assert_int_equal(world_state(w, "a@example.org", NULL), PERSON_STATE__MAX);
	}
	assert_int_equal(events(w), 0);
}

/* What the command line says for all. */
static void test_for_all(void **state)
{
	struct world *w = *state;
	const struct import_opts o = {.map = SLICE("address=Mail Adresse,consent_time=seit"), .purposes = SLICE("events"),
	    .source = SLICE("box 3"), .wording = SLICE("Ja."), .lang = "en"};
	struct import_report r = run(w, "Mail Adresse;seit\na@example.org;2024-01-01\n", o);

	assert_int_equal(r.n[IMPORT_TAKEN], 1);
	assert_slice(look(w, "a@example.org").events[0].fields,
	    "{\"consent_time\":\"2024-01-01\",\"consent_source\":\"box 3\",\"consent_wording\":\"Ja.\"}");
	assert_string_equal(look(w, "a@example.org").lang, "en");
}

static void test_wishes(void **state)
{
	static const struct {
		struct import_opts o;
		const char *text;
	} wrong[] = {
	    {{.map = SLICE_LIT("address")}, "OURS=COLUMN"},
	    {{.map = SLICE_LIT("nonsense=a")}, "there is no \"nonsense\""},
	    {{.map = SLICE_LIT("address=b")}, "has no column \"b\""},
	    {{.map = SLICE_LIT("address=a,lang=a")}, "twice"},
	    {{.purposes = SLICE_LIT("news,other")}, "no purpose \"other\""},
	    {{.lang = "fr"}, "no language \"fr\""},
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct import_report r;

		assert_int_equal(import_run(w->site, w->store, SLICE("a\nx@example.org\n"), &wrong[i].o, note, &notes, &r, EI),
		    E_INVALID);
		assert_non_null(strstr(world_ei.text, wrong[i].text));
	}
}

/* Nothing is written where one row is wrong; each fault has its place. */
static void test_faults(void **state)
{
	static const struct {
		size_t line, column;
		const char *text;
	} want[] = {
	    {3, 1, "no e-mail address"}, {4, 16, "no purpose \"sport\""}, {5, 21, "not a time"}, {6, 21, "in the future"},
	    {7, 21, "before 1995"}, {8, 1, "has 2 cells"}, {9, 15, "more than 100 characters"}, {10, 1, "no address"},
	    {11, 21, "not a time"}, {12, 1, "for which purpose"},
	};
	struct world *w = *state;
	char name[200] = "";
	struct buf f;
	struct import_report r;

	memset(name, 'x', 101);
	buf_init(&f, 65536);
	buf_add_str(&f, HEAD "good@example.org,,news," PROOF);
	buf_add_str(&f, "nobody,,news," PROOF);
	buf_add_str(&f, "a@example.org,,sport," PROOF);
	buf_printf(&f, "a@example.org,,news,03/14/2024,here,words\n");
	buf_printf(&f, "a@example.org,,news,2999-03-14,here,words\n");
	buf_printf(&f, "a@example.org,,news,1994-03-14,here,words\n");
	buf_printf(&f, "a@example.org,x\n");
	buf_printf(&f, "a@example.org,%s,news,2024-01-01,here,words\n", name);
	buf_printf(&f, ",,news,2024-01-01,here,words\n");
	buf_printf(&f, "a@example.org,,news,2024-02-31,here,words\n");
	buf_printf(&f, "a@example.org,,,2024-02-01,here,words\n");
	r = import(w, f.data);
	assert_int_equal(r.n[IMPORT_FAULTY], sizeof(want) / sizeof(want[0]));
	assert_false(r.written);
	assert_int_equal(events(w), 0);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		if (notes.n[i].line != want[i].line || notes.n[i].column != want[i].column || !strstr(notes.text[i], want[i].text))
			fail_msg("%zu:%zu %s", notes.n[i].line, notes.n[i].column, notes.text[i]);
	r = run(w, f.data, (struct import_opts){.skip = true});
	assert_int_equal(r.n[IMPORT_TAKEN], 1);
	assert_true(r.written);
	assert_int_equal(events(w), 1);
	buf_free(&f);
}

static void test_file_faults(void **state)
{
	struct world *w = *state;

	assert_int_equal(import(w, "").n[IMPORT_FAULTY], 1);
	assert_non_null(strstr(notes.text[0], "is empty"));
	assert_int_equal(import(w, "name,when\nx,y\n").n[IMPORT_FAULTY], 1);
	assert_non_null(strstr(notes.text[0], "no column is called address"));
	assert_int_equal(import(w, HEAD "x,\"y\n").n[IMPORT_FAULTY], 1);
	assert_int_equal(notes.n[0].line, 2);
	assert_int_equal(notes.n[0].column, 3);
	assert_int_equal(import(w, "address\nM\xfcller@example.org\n").n[IMPORT_FAULTY], 1);
	assert_non_null(strstr(notes.text[0], "UTF-8"));
	assert_int_equal(events(w), 0);
}

/* Nobody who is here becomes weaker or stronger. */
static void test_here(void **state)
{
	struct world *w = *state;
	struct import_report r;
	int64_t n;

	world_signup(w, "news", "pending@example.org", "news", "de");
	world_signup(w, "news", "active@example.org", "news", "de");
	world_act(w, world_last_mail(w).confirm, CONFIRM_ACT_CONFIRM, NULL);
	world_signup(w, "news", "left@example.org", "news", "de");
	world_act(w, world_last_mail(w).confirm, CONFIRM_ACT_CONFIRM, NULL);
	world_leave(w, world_last_mail(w).out, WITHDRAW_PAGE, NULL);
	n = events(w);
	r = run(w, "address,state,purposes,consent_time,consent_source,consent_wording\n"
	    "pending@example.org,active,news," PROOF "active@example.org,blocked,news," PROOF
	    "left@example.org,active,news," PROOF "active@example.org,active,events," PROOF,
	    (struct import_opts){.form = world_form(w, "both")});
	assert_int_equal(r.n[IMPORT_HERE], 3);
	assert_int_equal(r.n[IMPORT_TWICE], 1);
	assert_int_equal(events(w), n);
	assert_int_equal(world_state(w, "pending@example.org", NULL), PERSON_PENDING);
	assert_int_equal(world_state(w, "active@example.org", NULL), PERSON_ACTIVE);
	assert_int_equal(world_state(w, "left@example.org", NULL), PERSON_UNSUBSCRIBED);
}

static void test_twice_does_nothing(void **state)
{
	struct world *w = *state;
	const char *file = HEAD "a@example.org,A,news," PROOF "b@example.org,B,events," PROOF;

	assert_int_equal(import(w, file).n[IMPORT_TAKEN], 2);
	assert_int_equal(import(w, file).n[IMPORT_HERE], 2);
	assert_int_equal(events(w), 2);
}

/* Blocks stay, and what objected there is blocked here; who had left there is not taken over. */
static void test_blocks(void **state)
{
	struct world *w = *state;
	const struct rights rights = {.site = w->site, .store = w->store, .way = WITHDRAW_OWNER};
	const char *file = "address,status,purposes,consent_time,consent_source,consent_wording\n"
	    "blocked@example.org,active,news," PROOF "o@example.org,objected,news," PROOF "c@example.org,complained,news," PROOF
	    "k@example.org,blocklisted,news," PROOF "u@example.org,unsubscribed,news," PROOF "p@example.org,pending,news," PROOF;
	struct rights_found f;
	struct import_report r;
	struct db *db;
	bool fresh;

	assert_ok(rights_block_address(&rights, SLICE("blocked@example.org"), &fresh, EI));
	r = import(w, file);
	assert_int_equal(r.n[IMPORT_BLOCKED], 1);
	assert_int_equal(r.n[IMPORT_BLOCKING], 3);
	assert_int_equal(r.n[IMPORT_LEFT], 1);
	assert_int_equal(r.n[IMPORT_UNPROVEN], 1);
	assert_int_equal(events(w), 0);
	db = world_read(w);
	assert_ok(rights_find(db, SLICE("o@example.org"), &f, EI));
	assert_true(f.blocked && f.block_reason == SUPPRESSION_OBJECTED && !f.person_id);
	assert_ok(rights_find(db, SLICE("c@example.org"), &f, EI));
	assert_true(f.blocked && f.block_reason == SUPPRESSION_COMPLAINED);
	assert_ok(rights_find(db, SLICE("k@example.org"), &f, EI));
	assert_true(f.blocked && f.block_reason == SUPPRESSION_OWNER);
	assert_ok(rights_find(db, SLICE("u@example.org"), &f, EI));
	assert_false(f.blocked);
	store_read_end(w->store, db);
	assert_int_equal(import(w, file).n[IMPORT_BLOCKED], 4);
}

/* Who was erased does not come back by an old list. */
static void test_erased(void **state)
{
	struct world *w = *state;
	const struct rights rights = {.site = w->site, .store = w->store, .way = WITHDRAW_OWNER};
	const char *file = HEAD "a@example.org,A,news," PROOF;
	struct rights_person p;
	struct rights_done done;
	struct db *db;
	int64_t id;

	assert_int_equal(import(w, file).n[IMPORT_TAKEN], 1);
	world_state(w, "a@example.org", &id);
	assert_ok(rights_erase(&rights, &w->arena, id, false, false, &done, EI));
	assert_int_equal(import(w, file).n[IMPORT_ERASED], 1);
	assert_int_equal(world_state(w, "a@example.org", NULL), PERSON_STATE__MAX);
	/* What was declared is the proof that is kept; the name is not. */
	db = world_read(w);
	assert_ok(rights_look(db, w->site, &w->arena, id, &p, EI));
	store_read_end(w->store, db);
	assert_true(p.kept && p.nfields == 0);
	assert_int_equal(p.events[0].kind, EVENT_IMPORTED);
	assert_non_null(strstr(arena_str(&w->arena, p.events[0].fields), "Yes, please."));
}

static void test_dry(void **state)
{
	struct world *w = *state;
	struct import_report r = run(w, HEAD "a@example.org,A,news," PROOF "a@example.org,A,news," PROOF
	    "b@example.org,B,news,,,\n", (struct import_opts){.form = world_form(w, "news"), .dry = true});

	assert_int_equal(r.n[IMPORT_TAKEN], 1);
	assert_int_equal(r.n[IMPORT_TWICE], 1);
	assert_int_equal(r.n[IMPORT_ASKED], 1);
	assert_false(r.written);
	world_turn(w);
	assert_int_equal(events(w), 0);
	assert_int_equal(world_state(w, "b@example.org", NULL), PERSON_STATE__MAX);
}

/* Asked means: through the gate, a mail, and nothing before its button. */
static void test_asked(void **state)
{
	struct world *w = *state;
	const struct import_opts o = {.form = world_form(w, "news")};
	struct import_report r = run(w, HEAD "a@example.org,Ada,news,,old list,\n" "b@example.org,,events,,,\n"
	    "c@example.org,C,news," PROOF, o);
	struct rights_person p;

	assert_int_equal(r.n[IMPORT_ASKED], 1);
	assert_int_equal(r.n[IMPORT_REFUSED], 1); /* the form has no such purpose */
	assert_int_equal(r.n[IMPORT_TAKEN], 1);
	assert_int_equal(world_state(w, "a@example.org", NULL), PERSON_STATE__MAX);
	world_turn(w);
	p = look(w, "a@example.org");
	assert_int_equal(p.state, PERSON_PENDING);
	assert_int_equal(p.events[0].kind, EVENT_REQUESTED);
	assert_slice(p.events[0].core.detail, "old list");
	assert_int_equal(run(w, HEAD "a@example.org,Ada,news,,old list,\n", o).n[IMPORT_HERE], 1);
	world_act(w, world_last_mail(w).confirm, CONFIRM_ACT_CONFIRM, NULL);
	assert_int_equal(world_state(w, "a@example.org", NULL), PERSON_ACTIVE);
	assert_slice(look(w, "a@example.org").fields[0].value, "Ada");
}

/* No more in one go than a day may bring by the form. */
static void test_asked_no_more_than_a_day(void **state)
{
	struct world *w = *state;
	struct conf *host = w->conf;
	struct import_report r;

	host->budgets.per_site.count = 2;
	r = run(w, "address,purposes\na@example.org,news\nb@example.org,news\nc@example.org,news\n",
	    (struct import_opts){.form = world_form(w, "news")});
	assert_int_equal(r.n[IMPORT_ASKED], 2);
	assert_int_equal(r.n[IMPORT_LATER], 1);
}

/* Over several transactions, in order. */
static void test_batches(void **state)
{
	struct world *w = *state;
	struct buf f;

	buf_init(&f, 1u << 20);
	buf_add_str(&f, HEAD);
	for (int i = 0; i < 2 * IMPORT_BATCH + 7; i++)
		buf_printf(&f, "p%d@example.org,,news,%s", i, PROOF);
	assert_int_equal(import(w, f.data).n[IMPORT_TAKEN], 2 * IMPORT_BATCH + 7);
	assert_int_equal(events(w), 2 * IMPORT_BATCH + 7);
	assert_int_equal(world_state(w, "p2006@example.org", NULL), PERSON_ACTIVE);
	buf_free(&f);
}

/* The sheet says that it is declared, not recorded; in both languages. */
static void test_sheet(void **state)
{
	static const struct {
		const char *lang, *lead, *label, *act;
	} words[] = {
	    {"de", "aus einem anderen System übernommen", "Einwilligung am", "Hier hat niemand einen Knopf"},
	    {"en", "was taken over from another system", "Consent given on", "Nobody pressed a button here"},
	};
	struct world *w = *state;
	int64_t id;

	import(w, HEAD "a@example.org,A,news,2024-03-14 09:12:31,<b>here</b>,\"Yes, please.\"\n");
	world_state(w, "a@example.org", &id);
	for (size_t i = 0; i < 2; i++) {
		const struct sheet_opts o = {words[i].lang, w->now_ms};
		struct db *db = world_read(w);
		struct buf out;

		buf_init(&out, SHEET_MAX_BYTES);
		assert_ok(sheet_html(db, w->site, &w->arena, id, &o, &out, EI));
		store_read_end(w->store, db);
		assert_non_null(strstr(out.data, words[i].lead));
		assert_non_null(strstr(out.data, words[i].label));
		assert_non_null(strstr(out.data, words[i].act));
		assert_non_null(strstr(out.data, "2024-03-14 09:12:31"));
		assert_non_null(strstr(out.data, "&lt;b&gt;here"));
		assert_null(strstr(out.data, "<b>here"));
		buf_free(&out);
	}
}

/* Names of columns as Mailchimp and listmonk write them. */
static void test_products(void **state)
{
	struct world *w = *state;
	struct import_report r = run(w, "\"Email Address\",\"First Name\",\"Last Name\",MEMBER_RATING,OPTIN_TIME,OPTIN_IP,"
	    "CONFIRM_TIME,CONFIRM_IP,LATITUDE,LONGITUDE,GMTOFF,DSTOFF,TIMEZONE,CC,REGION,LAST_CHANGED,LEID,EUID,NOTES\n"
	    "a@example.org,A,,2,\"2015-03-16 14:40:47\",192.0.2.7,\"2015-03-16 14:41:00\",192.0.2.7,,,,,,,,,,,\n"
	    "b@example.org,B,,2,,,\"2015-03-16 14:40:47\",,,,,,,,,,,,\n",
	    (struct import_opts){.purposes = SLICE("news"), .source = SLICE("form"), .wording = SLICE("Yes")});

	/* Mailchimp fills CONFIRM_TIME also for lists that were loaded up: without OPTIN_TIME there is no proof. */
	assert_int_equal(r.n[IMPORT_TAKEN], 1);
	assert_int_equal(r.n[IMPORT_UNPROVEN], 1);
	r = run(w, "uuid,email,name,attributes,status,created_at,updated_at\n"
	    "1,c@example.org,C D,\"{\"\"city\"\": \"\"Berlin\"\"}\",enabled,2024-01-01T00:00:00Z,2024-01-01T00:00:00Z\n"
	    "2,d@example.org,D E,{},blocklisted,2024-01-01T00:00:00Z,2024-01-01T00:00:00Z\n"
	    "3,e@example.org,E F,{},disabled,2024-01-01T00:00:00Z,2024-01-01T00:00:00Z\n",
	    (struct import_opts){.purposes = SLICE("news"), .source = SLICE("form"), .wording = SLICE("Yes")});
	assert_int_equal(r.n[IMPORT_UNPROVEN], 1);
	assert_int_equal(r.n[IMPORT_BLOCKING], 1);
	assert_int_equal(r.n[IMPORT_LEFT], 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_taken), TEST(test_without_proof), TEST(test_for_all), TEST(test_wishes), TEST(test_faults),
	    TEST(test_file_faults), TEST(test_here), TEST(test_twice_does_nothing), TEST(test_blocks), TEST(test_erased),
	    TEST(test_dry), TEST(test_asked), TEST(test_asked_no_more_than_a_day), TEST(test_batches), TEST(test_sheet),
	    TEST(test_products),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

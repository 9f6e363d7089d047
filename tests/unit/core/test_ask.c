/*
 * "What do you hold about me?": one row for every address, one mail as the answer, how often, and what no budget
 * of sign-ups can take away.
 */
#include "lib/world.h"

#include <sqlite3.h>

#include "core/ask.h"
#include "core/rights.h"
#include "core/token.h"
#include "store/budget.h"
#include "store/erasure.h"
#include "store/suppression.h"

#define ADA "ada@example.org"
#define EVE "eve@example.org"

static const char HOST[] = "data: data\nkeys: keys\nsites: sites/*.yaml\n"
    "budgets: { confirm: 1/24h, confirm_host: 1/24h, rights: 3/24h, per_prefix: 12/1h, per_site: 2/1h }\n";

static int setup(void **state)
{
	struct world *w = malloc(sizeof(*w));

	assert_non_null(w);
	world_folder(w);
	world_write(w, "jawort.yaml", HOST);
	world_write(w, "sites/club.yaml", WORLD_SITE);
	world_load(w);
	world_start(w);
	assert_ok(budget_open(&w->turn.budget, w->conf->data, EI));
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	budget_close(w->turn.budget);
	return world_teardown(state);
}

static struct ask_answer ask_body(struct world *w, const char *body, const char *lang)
{
	const struct gate g = {.site = w->site, .store = w->store, .writers = w->writers, .budget = w->turn.budget};
	struct form *f = arena_alloc(&w->arena, sizeof(*f));
	struct ask_input in = {.fields = f, .lang = lang, .remote_ip = SLICE("192.0.2.77")};
	struct ask_answer out;

	assert_ok(form_parse(&w->arena, slice_from(arena_str(&w->arena, slice_from(body))), f, EI));
	assert_ok(ask_accept(&g, &w->arena, &in, &out, EI));
	return out;
}

static void ask(struct world *w, const char *address)
{
	char body[300];

	snprintf(body, sizeof(body), "email=%s", address);
	assert_int_equal(ask_body(w, body, "de").result, ASK_TAKEN);
	world_turn(w);
}

static bool says(struct world *w, const struct world_mail *m, const char *text)
{
	struct message msg = world_message(w, m);
	char *flat = arena_str(&w->arena, msg.text);

	for (char *s = flat; *s; s++)
		*s = *s == '\n' ? ' ' : *s;
	return strstr(flat, text) != NULL;
}

static void test_nobody(void **state)
{
	struct world *w = *state;
	struct world_mail m;

	ask(w, ADA);
	assert_int_equal(world_intake(w), 0);
	assert_int_equal(world_state(w, ADA, NULL), PERSON_STATE__MAX);
	assert_int_equal(world_mail_count(w), 1);
	m = world_last_mail(w);
	assert_int_equal(m.kind, OUTBOX_NOTHING);
	assert_int_equal(m.person_id, 0);
	assert_slice(m.slots.value[MESSAGE_TO], ADA);
	assert_string_equal(m.out, "");
	assert_int_equal(m.slots.value[MESSAGE_LINK].len, 0);
	assert_true(says(w, &m, "Die Antwort: nichts."));
	assert_true(says(w, &m, "https://www.verein.test/j/my?lang=de"));
}

/* A block is not data about a person that we could show; that it is there is said. */
static void test_blocked(void **state)
{
	struct world *w = *state;
	struct suppression s = {.channel = STORE_EMAIL, .reason = SUPPRESSION_DENIED, .since_ms = w->now_ms,
	    .until_ms = w->now_ms + DAY_MS};
	struct world_mail m;
	struct db *db;

	assert_ok(store_write_begin(w->store, &db, EI));
	person_lookup(db_keyring(db), STORE_EMAIL, SLICE(ADA), s.lookup);
	assert_ok(suppression_add(db, &s, EI));
	assert_ok(store_write_commit(w->store, EI));
	ask(w, ADA);
	m = world_last_mail(w);
	assert_int_equal(m.kind, OUTBOX_NOTHING);
	assert_true(says(w, &m, "Die Antwort: nur eine Sperre."));
	world_wait(w, DAY_MS + 1);
	ask(w, ADA);
	m = world_last_mail(w);
	assert_true(says(w, &m, "Die Antwort: nichts."));
}

static struct token hub_token(struct world *w, const struct world_mail *m)
{
	char text[64];
	struct token t;
	struct db *db = world_read(w);

	world_token(w, m->slots.value[MESSAGE_LINK], "/my/", text);
	assert_true(token_read(db_keyring(db), "club", slice_from(text), &t));
	store_read_end(w->store, db);
	return t;
}

/* In whatever state a person is: the link, for this person alone, as long as links.rights says. */
static void test_known(void **state)
{
	static const struct {
		int row;
		enum person_state state;
	} rows[] = {{__LINE__, PERSON_PENDING}, {__LINE__, PERSON_ACTIVE}, {__LINE__, PERSON_UNSUBSCRIBED},
	    {__LINE__, PERSON_BOUNCED}, {__LINE__, PERSON_SUPPRESSED}, {__LINE__, PERSON_RESTRICTED}};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct person_new n = {.channel = STORE_EMAIL, .state = rows[i].state, .lang = SLICE("de"),
		    .now_ms = w->now_ms};
		char address[40];
		struct world_mail m;
		struct token t;
		struct db *db;
		int64_t id;

		snprintf(address, sizeof(address), "p%zu@example.org", i);
		n.address = slice_from(address);
		assert_ok(store_write_begin(w->store, &db, EI));
		assert_ok(person_insert(db, &n, &id, EI));
		assert_ok(store_write_commit(w->store, EI));
		ask(w, address);
		m = world_last_mail(w);
		t = hub_token(w, &m);
		if (m.kind != OUTBOX_LINK || m.person_id != id || t.purpose != TOKEN_HUB || t.id != id)
			fail_msg("row %d: %s to %lld", rows[i].row, outbox_kind_name(m.kind), (long long)m.person_id);
		assert_int_equal(t.expires_ms, (w->now_ms + 15 * MINUTE_MS) / 1000 * 1000);
		assert_int_equal(world_state(w, address, NULL), rows[i].state);
	}
}

/* Other spellings of the domain, the language of the page, and the erased who are nobody again. */
static void test_details(void **state)
{
	struct world *w = *state;
	struct world_mail m;
	struct message msg;
	int64_t id;

	world_signup(w, "news", ADA, "news", "de");
	assert_int_equal(ask_body(w, "email=ada%40EXAMPLE.org", "en").result, ASK_TAKEN);
	world_turn(w);
	m = world_last_mail(w);
	assert_int_equal(m.kind, OUTBOX_LINK);
	msg = world_message(w, &m);
	assert_slice(msg.lang, "en");
	world_state(w, ADA, &id);
	assert_ok(person_erase(w->store, id, ERASURE_REQUEST, w->now_ms, EI));
	world_wait(w, ASK_COOL_DOWN_S * 1000 + 10000);
	ask(w, ADA);
	m = world_last_mail(w);
	assert_int_equal(m.kind, OUTBOX_NOTHING);
	assert_int_equal(m.person_id, 0);
}

/* Erased, and the evidence is kept: who asks sees what is left. Come back as somebody new: that one is meant. */
static void test_kept(void **state)
{
	struct world *w = *state;
	struct world_mail m;
	struct rights r = {.site = w->site, .store = w->store, .way = WITHDRAW_HUB};
	struct rights_done done;
	int64_t id, other;

	world_signup(w, "news", ADA, "news", "de");
	world_act(w, world_last_mail(w).confirm, CONFIRM_ACT_CONFIRM, NULL);
	world_state(w, ADA, &id);
	assert_ok(rights_erase(&r, &w->arena, id, false, false, &done, EI));
	assert_int_equal(world_state(w, ADA, NULL), PERSON_STATE__MAX);
	ask(w, ADA);
	m = world_last_mail(w);
	assert_int_equal(m.kind, OUTBOX_LINK);
	assert_int_equal(m.person_id, id);
	assert_int_equal(hub_token(w, &m).id, id);
	world_wait(w, DAY_MS + HOUR_MS);
	world_signup(w, "news", ADA, "news", "de");
	world_state(w, ADA, &other);
	assert_int_not_equal(other, id);
	world_wait(w, HOUR_MS);
	ask(w, ADA);
	assert_int_equal(world_last_mail(w).person_id, other);
}

/* { wait before, mails after } for one address. */
static void test_how_often(void **state)
{
	static const struct {
		int row;
		int64_t wait_s;
		size_t mails;
	} rows[] = {{__LINE__, 0, 1}, {__LINE__, 0, 1}, {__LINE__, ASK_COOL_DOWN_S - 10, 1}, {__LINE__, 20, 2},
	    {__LINE__, 200, 3}, {__LINE__, 3600, 3}, {__LINE__, 25 * 3600, 4}};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		world_wait(w, rows[i].wait_s * 1000);
		ask(w, i % 2 ? ADA : "ADA@example.org"); /* letter case makes no other address of it */
		if (world_mail_count(w) != rows[i].mails)
			fail_msg("row %d: %zu mails", rows[i].row, world_mail_count(w));
	}
	ask(w, EVE);
	assert_int_equal(world_mail_count(w), 5);
}

/* The mails of the day to this address and the sign-ups of the site are used up: the answer comes all the same. */
static void test_never_blocked_by_signups(void **state)
{
	struct world *w = *state;

	world_signup(w, "news", ADA, "news", "de");
	world_wait(w, TURN_COOL_DOWN_MS + 1);
	world_signup(w, "news", ADA, "news", "de");
	assert_int_equal(world_mail_count(w), 1);
	ask(w, ADA);
	assert_int_equal(world_mail_count(w), 2);
	assert_int_equal(world_last_mail(w).kind, OUTBOX_LINK);
}

static void test_network_waits(void **state)
{
	struct world *w = *state;
	struct ask_answer a;
	char body[60];

	for (int i = 0; i < 12; i++) {
		snprintf(body, sizeof(body), "email=n%d%%40example.org", i);
		assert_int_equal(ask_body(w, body, "de").result, ASK_TAKEN);
	}
	a = ask_body(w, "email=" ADA, "de");
	assert_int_equal(a.result, ASK_LIMITED);
	assert_true(a.retry_s > 0 && a.retry_s <= 3600 + 150);
	/* What is no address is said at once: it tells nothing and costs nothing. */
	assert_int_equal(ask_body(w, "email=x", "de").result, ASK_INPUT);
	world_turn(w);
	assert_int_equal(world_mail_count(w), 12);
}

static void test_input(void **state)
{
	static const struct {
		int row;
		const char *body, *key;
	} rows[] = {
	    {__LINE__, "", "error.email.missing"}, {__LINE__, "email=", "error.email.missing"},
	    {__LINE__, "email=ada", "error.email.invalid"}, {__LINE__, "email=a%40b.de%0d%0aBcc: x%40y.de", "error.email.invalid"},
	    {__LINE__, "email=a%40b.de,c%40d.de", "error.email.many"}, {__LINE__, "email=a%40b.de&email=c%40d.de", "error.field.twice"},
	};
	struct world *w = *state;
	char *line = malloc(2000);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ask_answer a = ask_body(w, rows[i].body, "de");
		if (a.result != ASK_INPUT || strcmp(a.error_key, rows[i].key) != 0)
			fail_msg("row %d: %d %s", rows[i].row, a.result, a.error_key ? a.error_key : "-");
	}
	assert_int_equal(ask_body(w, "phone=1&email=" ADA "&v=x", "de").result, ASK_TAKEN); /* unknown ones are dropped */
	memset(line, 'a', 1999);
	memcpy(line, "email=", 6);
	line[1999] = '\0';
	assert_string_equal(ask_body(w, line, "de").error_key, "error.email.long");
	free(line);
	assert_int_equal(world_intake(w), 1);
}

/* Of all rows together, as intake_put() wrote them: read from the file, where the sizes are open. */
static int64_t sealed_bytes(struct world *w)
{
	char path[200];
	sqlite3_stmt *q;
	sqlite3 *c;
	int64_t n;

	snprintf(path, sizeof(path), "%s/data/club/data.db", w->root);
	assert_int_equal(sqlite3_open_v2(path, &c, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(c, "SELECT sum(length(sealed)) FROM intake", -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	n = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	sqlite3_close(c);
	return n;
}

/* The row tells nothing: the same size whether the address is known, unknown, long or short. */
static void test_shape(void **state)
{
	static const char *const addresses[] = {"a%40b.de", ADA, "somebody.with.a.long.name.indeed%40mail.department.example.org"};
	struct world *w = *state;
	int64_t first = 0;
	char body[200];

	world_signup(w, "news", ADA, "news", "de");
	for (size_t i = 0; i < 3; i++) {
		int64_t n;
		snprintf(body, sizeof(body), "email=%s", addresses[i]);
		assert_int_equal(ask_body(w, body, "de").result, ASK_TAKEN);
		n = sealed_bytes(w);
		if (!first)
			first = n;
		assert_true(n >= 512);
		assert_int_equal(n, first);
		world_turn(w);
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {T(test_nobody), T(test_blocked), T(test_known), T(test_details), T(test_kept), T(test_how_often),
	    T(test_never_blocked_by_signups), T(test_network_waits), T(test_input), T(test_shape)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "store_test.h"

#include "store/db_priv.h"
#include "store/keyslot.h"
#include "store/outbox.h"
#include "store/person.h"
#include "store/suppression.h"

static int64_t person(struct db *w, const char *address)
{
	struct person_new n = {.channel = STORE_EMAIL, .address = slice_from(address), .now_ms = NOW};
	int64_t id;
	assert_ok(person_insert(w, &n, &id, EI));
	return id;
}

static int64_t add(struct db *w, int64_t person_id, int64_t next)
{
	struct outbox_new o = {.channel = STORE_EMAIL, .person_id = person_id, .request_id = 3,
	    .kind = OUTBOX_CONFIRM,
	    .mail_hash = {8}, .slots = SLICE("{\"to\":\"ada@example.org\"}"), .created_ms = NOW, .next_ms = next};
	int64_t id;
	assert_ok(outbox_add(w, &o, &id, EI));
	return id;
}

struct seen {
	int64_t ids[200];
	int n;
	char slots[100];
	struct outbox_row last;
	char provider[40], provider_id[40], code[40], text[60];
};

static void see(const struct outbox_row *r, void *arg)
{
	struct seen *s = arg;
	s->ids[s->n++] = r->id;
	s->last = *r;
	slice_copy(r->slots, s->slots, sizeof s->slots);
	slice_copy(r->provider, s->provider, sizeof s->provider);
	slice_copy(r->provider_id, s->provider_id, sizeof s->provider_id);
	slice_copy(r->result_code, s->code, sizeof s->code);
	slice_copy(r->result_text, s->text, sizeof s->text);
}

static bool see_all(const struct outbox_row *r, void *arg)
{
	see(r, arg);
	return true;
}

static void test_claim_and_settle(void **state)
{
	struct site *t = *state;
	static struct seen s;
	struct db *w;
	int64_t p, early, late, next, id, whose, counts[OUTBOX_STATE__MAX];
	unsigned n;
	struct outbox_result ok = {.state = OUTBOX_ACCEPTED, .result_class = 2, .code = SLICE("200"),
	    .text = SLICE("fine"),
	    .provider = SLICE("mailjet"), .provider_id = SLICE("4711"), .now_ms = NOW + 9};
	memset(&s, 0, sizeof s);
	assert_ok(store_write_begin(t->store, &w, EI));
	assert_ok(outbox_next_due(w, &next, EI));
	assert_true(next == INT64_MAX);
	p = person(w, "ada@example.org");
	late = add(w, p, NOW + 100);
	early = add(w, p, NOW + 1);
	assert_true(w->wakes);
	assert_ok(outbox_next_due(w, &next, EI));
	assert_int_equal(next, NOW + 1);
	assert_ok(outbox_claim(w, NOW, 10, SLICE("w1"), see, &s, &n, EI));
	assert_int_equal(n, 0);
	assert_ok(outbox_claim(w, NOW + 1, 10, SLICE("w1"), see, &s, &n, EI));
	assert_int_equal(n, 1);
	assert_int_equal(s.ids[0], early);
	assert_string_equal(s.slots, "{\"to\":\"ada@example.org\"}");
	assert_int_equal(s.last.state, OUTBOX_SENDING);
	assert_int_equal(s.last.attempt, 1);
	assert_int_equal(s.last.started_ms, NOW + 1);
	assert_int_equal(s.last.person_id, p);
	assert_int_equal(s.last.request_id, 3);
	assert_int_equal(s.last.mail_hash[0], 8);
	assert_ok(outbox_claim(w, NOW + 1, 10, SLICE("w2"), see, &s, &n, EI)); /* nobody else gets it */
	assert_int_equal(n, 0);
	assert_int_equal(outbox_settle(w, early, SLICE("w2"), &ok, EI), E_CONFLICT);
	assert_int_equal(outbox_drop(w, early, NOW, EI), E_CONFLICT);
	assert_int_equal(outbox_retry(w, early, NOW, EI), E_CONFLICT);
	assert_ok(outbox_settle(w, early, SLICE("w1"), &ok, EI));
	assert_int_equal(outbox_settle(w, early, SLICE("w1"), &ok, EI), E_CONFLICT); /* once */
	assert_int_equal(outbox_retry(w, early, NOW, EI), E_CONFLICT); /* accepted is final */
	assert_ok(outbox_get(w, early, see, &s, EI));
	assert_int_equal(s.last.state, OUTBOX_ACCEPTED);
	assert_int_equal(s.last.done_ms, NOW + 9);
	assert_int_equal(s.last.result_class, 2);
	assert_string_equal(s.provider, "mailjet");
	assert_string_equal(s.code, "200");
	assert_ok(outbox_find_provider(w, SLICE("mailjet"), SLICE("4711"), &id, &whose, EI));
	assert_int_equal(id, early);
	assert_int_equal(whose, p);
	assert_int_equal(outbox_find_provider(w, SLICE("brevo"), SLICE("4711"), &id, &whose, EI), E_NOT_FOUND);
	assert_ok(outbox_counts(w, counts, EI));
	assert_int_equal(counts[OUTBOX_QUEUED], 1);
	assert_int_equal(counts[OUTBOX_ACCEPTED], 1);
	assert_ok(outbox_drop(w, late, NOW, EI));
	assert_int_equal(outbox_drop(w, late, NOW, EI), E_CONFLICT);
	assert_int_equal(outbox_retry(w, late, NOW, EI), E_CONFLICT); /* dropped stays dropped */
	assert_int_equal(outbox_drop(w, 99, NOW, EI), E_NOT_FOUND);
	assert_int_equal(outbox_get(w, 99, see, &s, EI), E_NOT_FOUND);
	store_write_rollback(t->store);
}

/* Where a settled row goes: is it due again, is it done, can the owner retry it? */
static void test_results(void **state)
{
	struct site *t = *state;
	static struct seen s;
	static const struct {
		int line;
		enum outbox_state state;
		int64_t next_ms;
		bool done, retry;
	} rows[] = {
		{__LINE__, OUTBOX_QUEUED, NOW + 50, false, true},
		{__LINE__, OUTBOX_ACCEPTED, 0, true, false},
		{__LINE__, OUTBOX_FAILED, 0, true, true},
		{__LINE__, OUTBOX_UNKNOWN, 0, true, true},
		{__LINE__, OUTBOX_UNKNOWN, NOW + 50, false, true}, /* to be looked up */
		{__LINE__, OUTBOX_HELD, 0, false, true},
		{__LINE__, OUTBOX_DROPPED, 0, true, false},
	};
	struct db *w;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct outbox_result r = {.state = rows[i].state, .next_ms = rows[i].next_ms, .now_ms = NOW + 2};
		unsigned n;
		memset(&s, 0, sizeof s);
		assert_ok(store_write_begin(t->store, &w, EI));
		int64_t id = add(w, person(w, "ada@example.org"), NOW);
		assert_ok(outbox_claim(w, NOW, 1, SLICE("w"), see, &s, NULL, EI));
		assert_ok(outbox_settle(w, id, SLICE("w"), &r, EI));
		assert_ok(outbox_claim(w, NOW + 49, 1, SLICE("x"), see, &s, &n, EI));
		assert_int_equal(n, 0);
		assert_ok(outbox_get(w, id, see, &s, EI));
		if ((s.last.done_ms != 0) != rows[i].done)
			fail_msg("line %d: done", rows[i].line);
		if ((outbox_retry(w, id, NOW + 50, EI) == OK) != rows[i].retry)
			fail_msg("line %d: retry", rows[i].line);
		assert_ok(outbox_claim(w, NOW + 50, 1, SLICE("x"), see, &s, &n, EI));
		if (n != (rows[i].retry ? 1 : 0))
			fail_msg("line %d: due after retry", rows[i].line);
		if (n)
			assert_int_equal(s.last.attempt, 2);
		store_write_rollback(t->store);
	}
}

static void test_claim_takes_the_oldest_and_at_most_100(void **state)
{
	struct site *t = *state;
	static struct seen s;
	struct db *w;
	unsigned n;
	memset(&s, 0, sizeof s);
	assert_ok(store_write_begin(t->store, &w, EI));
	int64_t p = person(w, "ada@example.org");
	for (int i = 0; i < 150; i++)
		add(w, p, NOW - i);
	assert_ok(outbox_claim(w, NOW, 1000, SLICE("w"), see, &s, &n, EI));
	assert_int_equal(n, OUTBOX_CLAIM_MAX);
	assert_int_equal(s.ids[0], 150); /* the longest overdue */
	assert_ok(outbox_claim(w, NOW, 3, SLICE("w"), see, &s, &n, EI));
	assert_int_equal(n, 3);
	store_write_rollback(t->store);
}

static void test_dead_worker_and_dead_person(void **state)
{
	struct site *t = *state;
	static struct seen s;
	struct db *w;
	unsigned n;
	int64_t ada, bob, id, counts[OUTBOX_STATE__MAX];
	memset(&s, 0, sizeof s);
	assert_ok(store_write_begin(t->store, &w, EI));
	ada = person(w, "ada@example.org");
	bob = person(w, "bob@example.org");
	id = add(w, ada, NOW);
	assert_ok(outbox_claim(w, NOW, 1, SLICE("w"), see, &s, NULL, EI));
	assert_ok(outbox_requeue_stale(w, NOW, NOW + 1, &n, EI)); /* started at NOW, not before */
	assert_int_equal(n, 0);
	assert_ok(outbox_requeue_stale(w, NOW + 1, NOW + 1, &n, EI));
	assert_int_equal(n, 1);
	assert_ok(outbox_get(w, id, see, &s, EI));
	assert_int_equal(s.last.state, OUTBOX_UNKNOWN);
	add(w, bob, NOW);
	assert_ok(store_write_commit(t->store, EI));
	assert_ok(keyslot_erase(t->store, bob, EI));
	assert_ok(store_write_begin(t->store, &w, EI));
	assert_ok(outbox_claim(w, NOW, 10, SLICE("w"), see, &s, &n, EI));
	assert_int_equal(n, 0); /* nobody to send to: dropped, not shown */
	assert_ok(outbox_counts(w, counts, EI));
	assert_int_equal(counts[OUTBOX_DROPPED], 1);
	store_write_rollback(t->store);
}

static void test_lists_and_purge(void **state)
{
	struct site *t = *state;
	static struct seen s;
	struct db *w;
	unsigned n;
	memset(&s, 0, sizeof s);
	assert_ok(store_write_begin(t->store, &w, EI));
	int64_t ada = person(w, "ada@example.org"), bob = person(w, "bob@example.org");
	for (int i = 0; i < 6; i++)
		add(w, i % 3 ? ada : bob, NOW + 10 + i);
	assert_ok(outbox_drop(w, 1, NOW + 1, EI));
	assert_ok(outbox_drop(w, 2, NOW + 2, EI));
	struct outbox_filter all = {.state = OUTBOX_STATE__MAX}, queued = {.state = OUTBOX_QUEUED, .after_id = 3,
	    .limit = 2},
	    of_bob = {.state = OUTBOX_STATE__MAX, .person_id = bob};
	assert_ok(outbox_each(w, &all, see_all, &s, EI));
	assert_int_equal(s.n, 6);
	assert_int_equal(s.last.slots.len, 0);
	s.n = 0;
	assert_ok(outbox_each(w, &queued, see_all, &s, EI));
	assert_int_equal(s.n, 2);
	assert_int_equal(s.ids[0], 4);
	s.n = 0;
	assert_ok(outbox_each(w, &of_bob, see_all, &s, EI));
	assert_int_equal(s.n, 2);
	s.n = 0;
	assert_ok(outbox_open_each(w, OUTBOX_QUEUED, NOW + 14, 10, see_all, &s, EI));
	assert_int_equal(s.n, 3);
	assert_int_equal(s.ids[0], 3);
	s.n = 0;
	assert_ok(outbox_open_each(w, OUTBOX_DROPPED, NOW + 99, 10, see_all, &s, EI)); /* not open */
	assert_int_equal(s.n, 0);
	assert_ok(outbox_retry_all(w, NOW, &n, EI));
	assert_int_equal(n, 4);
	s.n = 0;
	assert_ok(outbox_claim(w, NOW, 10, SLICE("w"), see, &s, &n, EI));
	assert_int_equal(n, 4);
	assert_ok(outbox_purge(w, NOW + 2, 10, &n, EI)); /* open rows and later ones stay */
	assert_int_equal(n, 1);
	store_write_rollback(t->store);
}

static bool count_suppression(const struct suppression *s, void *arg)
{
	(void)s;
	++*(int *)arg;
	return true;
}

static void test_suppression(void **state)
{
	struct site *t = *state;
	struct db *w;
	struct suppression s = {.channel = STORE_EMAIL, .lookup = {1}, .purpose = SLICE("news"),
	    .reason = SUPPRESSION_DENIED,
	    .since_ms = NOW, .until_ms = NOW + 100};
	unsigned char other[16] = {2};
	enum suppression_reason why = 0;
	bool has = true;
	unsigned n;
	int rows = 0;
	assert_ok(store_write_begin(t->store, &w, EI));
	assert_ok(suppression_has(w, STORE_EMAIL, s.lookup, SLICE("news"), NOW, &has, NULL, EI));
	assert_false(has);
	assert_ok(suppression_add(w, &s, EI));
	static const struct {
		int line;
		const char *purpose;
		int after_ms;
		bool has;
	} asked[] = {{__LINE__, "news", 0, true}, {__LINE__, "news", 99, true}, {__LINE__, "news", 100, false},
	    {__LINE__, "events", 0, false}, {__LINE__, "", 0, false}};
	for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
		assert_ok(suppression_has(w, STORE_EMAIL, s.lookup, slice_from(asked[i].purpose),
		    NOW + asked[i].after_ms, &has,
		    &why, EI));
		if (has != asked[i].has)
			fail_msg("line %d", asked[i].line);
	}
	assert_int_equal(why, SUPPRESSION_DENIED);
	assert_ok(suppression_has(w, STORE_SMS, s.lookup, SLICE("news"), NOW, &has, NULL, EI));
	assert_false(has);
	assert_ok(suppression_has(w, STORE_EMAIL, other, SLICE("news"), NOW, &has, NULL, EI));
	assert_false(has);
	s.until_ms = NOW + 50; /* never shorter */
	assert_ok(suppression_add(w, &s, EI));
	assert_ok(suppression_has(w, STORE_EMAIL, s.lookup, SLICE("news"), NOW + 99, &has, NULL, EI));
	assert_true(has);
	s.until_ms = 0; /* for ever */
	s.reason = SUPPRESSION_OBJECTED;
	assert_ok(suppression_add(w, &s, EI));
	s.until_ms = NOW + 100;
	assert_ok(suppression_add(w, &s, EI));
	assert_ok(suppression_has(w, STORE_EMAIL, s.lookup, SLICE("news"), NOW * 10, &has, &why, EI));
	assert_true(has);
	s.purpose = SLICE("");
	assert_ok(suppression_add(w, &s, EI)); /* all purposes */
	assert_ok(suppression_has(w, STORE_EMAIL, s.lookup, SLICE("events"), NOW, &has, NULL, EI));
	assert_true(has);
	assert_ok(suppression_each(w, count_suppression, &rows, EI));
	assert_int_equal(rows, 2);
	assert_ok(suppression_purge(w, NOW + 100, &n, EI));
	assert_int_equal(n, 0);
	assert_ok(suppression_purge(w, NOW + 101, &n, EI));
	assert_int_equal(n, 1);
	assert_ok(suppression_remove(w, STORE_EMAIL, s.lookup, SLICE("news"), EI));
	assert_int_equal(suppression_remove(w, STORE_EMAIL, s.lookup, SLICE("news"), EI), E_NOT_FOUND);
	store_write_rollback(t->store);
}

static void test_names(void **state)
{
	(void)state;
	for (int i = 0; i < OUTBOX_STATE__MAX; i++)
		assert_int_equal(outbox_state_from_name(slice_from(outbox_state_name((enum outbox_state)i))), i);
	for (int i = 1; i < OUTBOX_KIND__MAX; i++)
		assert_int_equal(outbox_kind_from_name(slice_from(outbox_kind_name((enum outbox_kind)i))), i);
	for (int i = 1; i < SUPPRESSION_REASON__MAX; i++)
		assert_int_equal(suppression_reason_from_name(slice_from(suppression_reason_name((enum suppression_reason)i))), i);
}

/* Claimed, and its turn never came: no attempt, and what is known of an earlier one stays. */
static void test_put_back(void **state)
{
	struct site *t = *state;
	static struct seen s;
	struct db *w;
	unsigned n;
	int64_t id;
	struct outbox_result r = {.state = OUTBOX_UNKNOWN, .result_class = 5, .code = SLICE("no-answer"),
	    .text = SLICE("lost"), .provider = SLICE("mailjet"), .now_ms = NOW, .next_ms = NOW + 1};
	struct outbox_result back = {.state = OUTBOX_QUEUED, .code = SLICE("put-back"), .provider = SLICE("smtp"),
	    .now_ms = NOW, .next_ms = NOW + 2, .untried = true};

	assert_ok(store_write_begin(t->store, &w, EI));
	id = add(w, person(w, "ada@example.org"), NOW);
	assert_ok(outbox_claim(w, NOW, 10, SLICE("a1"), see, &s, &n, EI));
	assert_ok(outbox_settle(w, id, SLICE("a1"), &back, EI));
	assert_ok(outbox_get(w, id, see, &s, EI));
	assert_int_equal(s.last.attempt, 0);
	assert_int_equal(s.last.state, OUTBOX_QUEUED);
	assert_int_equal(s.last.next_ms, NOW + 2);
	assert_string_equal(s.provider, "");

	assert_ok(outbox_claim(w, NOW + 2, 10, SLICE("a2"), see, &s, &n, EI));
	assert_ok(outbox_settle(w, id, SLICE("a2"), &r, EI));
	assert_ok(outbox_retry(w, id, NOW + 3, EI));
	assert_ok(outbox_claim(w, NOW + 3, 10, SLICE("a3"), see, &s, &n, EI));
	back.state = OUTBOX_UNKNOWN;
	assert_int_equal(outbox_settle(w, id, SLICE("a2"), &back, EI), E_CONFLICT);
	assert_ok(outbox_settle(w, id, SLICE("a3"), &back, EI));
	assert_ok(outbox_get(w, id, see, &s, EI));
	assert_int_equal(s.last.attempt, 1);
	assert_int_equal(s.last.state, OUTBOX_UNKNOWN);
	assert_int_equal(s.last.done_ms, 0);
	assert_string_equal(s.provider, "mailjet");
	assert_string_equal(s.code, "no-answer");
	assert_ok(store_write_commit(t->store, EI));
}

/* A row of nobody: readable as long as it waits, wiped with its end, whatever the end is. */
static bool has_slots(struct db *w, int64_t id)
{
	static struct seen s;
	memset(&s, 0, sizeof s);
	assert_ok(outbox_get(w, id, see, &s, EI));
	return s.last.readable;
}

static bool sealed_left(struct db *w, int64_t id)
{
	sqlite3_stmt *q;
	bool left;
	assert_int_equal(sqlite3_prepare_v2(w->conn, "SELECT slots_ct IS NOT NULL FROM outbox WHERE id = ?1", -1, &q,
	    NULL), SQLITE_OK);
	sqlite3_bind_int64(q, 1, id);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	left = sqlite3_column_int(q, 0);
	sqlite3_finalize(q);
	return left;
}

static void test_nobody(void **state)
{
	struct site *t = *state;
	static struct seen s;
	static const struct {
		int line;
		enum outbox_state state;
		int64_t next_ms;
		bool wiped;
	} rows[] = {
		{__LINE__, OUTBOX_QUEUED, NOW + 50, false},
		{__LINE__, OUTBOX_ACCEPTED, 0, true},
		{__LINE__, OUTBOX_FAILED, 0, true},
		{__LINE__, OUTBOX_UNKNOWN, 0, true},
		{__LINE__, OUTBOX_UNKNOWN, NOW + 50, false},
		{__LINE__, OUTBOX_HELD, 0, false},
		{__LINE__, OUTBOX_DROPPED, 0, true},
	};
	struct db *w;
	int64_t id, whose;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct outbox_result r = {.state = rows[i].state, .next_ms = rows[i].next_ms, .now_ms = NOW + 2,
		    .provider = SLICE("mailjet"), .provider_id = SLICE("4712")};
		unsigned n;
		memset(&s, 0, sizeof s);
		assert_ok(store_write_begin(t->store, &w, EI));
		id = add(w, 0, NOW);
		assert_true(has_slots(w, id));
		assert_ok(outbox_claim(w, NOW, 1, SLICE("w"), see, &s, &n, EI));
		assert_int_equal(n, 1);
		assert_string_equal(s.slots, "{\"to\":\"ada@example.org\"}");
		assert_int_equal(s.last.person_id, 0);
		assert_ok(outbox_settle(w, id, SLICE("w"), &r, EI));
		if (has_slots(w, id) == rows[i].wiped || sealed_left(w, id) == rows[i].wiped)
			fail_msg("line %d: wiped", rows[i].line);
		if ((outbox_retry(w, id, NOW + 50, EI) == OK) == rows[i].wiped)
			fail_msg("line %d: retry", rows[i].line);
		assert_ok(outbox_find_provider(w, SLICE("mailjet"), SLICE("4712"), &id, &whose, EI));
		assert_int_equal(whose, 0);
		store_write_rollback(t->store);
	}
	assert_ok(store_write_begin(t->store, &w, EI));
	id = add(w, 0, NOW);
	assert_ok(outbox_drop(w, id, NOW, EI));
	assert_false(sealed_left(w, id));
	store_write_rollback(t->store);
}

/* Sealed under a key ring that is not there any more: dropped and wiped, the queue goes on. */
static void test_nobody_damaged(void **state)
{
	struct site *t = *state;
	static struct seen s;
	struct db *w;
	unsigned n;
	assert_ok(store_write_begin(t->store, &w, EI));
	int64_t id = add(w, 0, NOW), other = add(w, 0, NOW);
	assert_int_equal(sqlite3_exec(w->conn, "UPDATE outbox SET slots_ct = (SELECT slots_ct FROM outbox ORDER BY id DESC"
	    " LIMIT 1)", NULL, NULL, NULL), SQLITE_OK); /* bound to its row: does not open in another */
	memset(&s, 0, sizeof s);
	assert_ok(outbox_claim(w, NOW, 10, SLICE("w"), see, &s, &n, EI));
	assert_int_equal(n, 1);
	assert_int_equal(s.ids[0], other);
	assert_ok(outbox_get(w, id, see, &s, EI));
	assert_int_equal(s.last.state, OUTBOX_DROPPED);
	assert_string_equal(s.text, "sealed under another key");
	assert_false(sealed_left(w, id));
	store_write_rollback(t->store);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, site_setup, site_teardown)
	const struct CMUnitTest tests[] = {T(test_claim_and_settle), T(test_results),
	    T(test_claim_takes_the_oldest_and_at_most_100), T(test_dead_worker_and_dead_person),
	    T(test_lists_and_purge), T(test_nobody), T(test_nobody_damaged),
	    T(test_suppression), T(test_put_back), cmocka_unit_test(test_names)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

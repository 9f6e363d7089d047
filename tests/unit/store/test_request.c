#include "store_test.h"

#include "store/db_priv.h"
#include "store/person.h"
#include "store/request.h"

static int64_t person(struct db *w)
{
	struct person_new n = {.channel = STORE_EMAIL, .address = SLICE("ada@example.org"), .now_ms = NOW};
	int64_t id;
	assert_ok(person_insert(w, &n, &id, EI));
	return id;
}

static struct request_new sample(int64_t person_id, int64_t expires)
{
	return (struct request_new){.person_id = person_id, .form = SLICE("news"), .lang = SLICE("de"),
	    .purposes = SLICE("news,events"), .consent_hash = {5}, .intake_ms = NOW - 1, .created_ms = NOW,
	    .expires_ms = expires, .fields = SLICE("{\"first_name\":\"Ada\"}"),
	    .page = SLICE("https://www.example.org/p")};
}

static void test_round_trip(void **state)
{
	struct site *t = *state;
	struct db *w;
	struct arena a;
	struct buf b;
	struct request_row r;
	int64_t id, bare;
	arena_init(&a, ARENA_REQUEST_MAX_BYTES);
	buf_init(&b, 1000);
	assert_ok(store_write_begin(t->store, &w, EI));
	struct request_new n = sample(person(w), NOW + 100);
	assert_ok(request_insert(w, &n, &id, EI));
	n.fields.len = n.page.len = 0;
	assert_ok(request_insert(w, &n, &bare, EI));
	assert_int_equal(bare, id + 1);
	assert_ok(request_get(w, id, &a, &r, EI));
	assert_true(slice_eq_str(r.form, "news"));
	assert_true(slice_eq_str(r.lang, "de"));
	assert_true(slice_eq_str(r.purposes, "news,events"));
	assert_memory_equal(r.consent_hash, n.consent_hash, 32);
	assert_int_equal(r.person_id, n.person_id);
	assert_int_equal(r.intake_ms, NOW - 1);
	assert_int_equal(r.state, REQUEST_PENDING);
	assert_int_equal(r.expires_ms, NOW + 100);
	assert_int_equal(r.settled_ms, 0);
	assert_int_equal(r.mailed_ms, 0);
	assert_int_equal(r.mails, 0);
	assert_int_equal(r.generation, 1);
	assert_ok(request_fields(w, id, &b, EI));
	assert_string_equal(b.data, "{\"first_name\":\"Ada\"}");
	buf_reset(&b);
	assert_ok(request_page(w, id, &b, EI));
	assert_string_equal(b.data, "https://www.example.org/p");
	buf_reset(&b);
	assert_ok(request_page(w, bare, &b, EI));
	assert_int_equal(b.len, 0);
	assert_int_equal(request_get(w, 99, &a, &r, EI), E_NOT_FOUND);
	assert_int_equal(request_fields(w, 99, &b, EI), E_NOT_FOUND);
	n.person_id = 99;
	assert_int_equal(request_insert(w, &n, &id, EI), E_CONFLICT); /* no such person */
	store_write_rollback(t->store);
	buf_free(&b);
	arena_free(&a);
}

/* Every edge of the states: settle from pending only, renew from pending and expired only. */
static void test_states(void **state)
{
	struct site *t = *state;
	struct db *w;
	struct arena a;
	struct request_row r;
	arena_init(&a, ARENA_REQUEST_MAX_BYTES);
	assert_ok(store_write_begin(t->store, &w, EI));
	struct request_new n = sample(person(w), NOW + 100);
	for (int s = REQUEST_CONFIRMED; s < REQUEST_STATE__MAX; s++) {
		int64_t id;
		int generation = 0;
		bool renewable = s == REQUEST_EXPIRED;
		assert_ok(request_insert(w, &n, &id, EI));
		assert_ok(request_settle(w, id, (enum request_state)s, NOW + 5, EI));
		assert_int_equal(request_settle(w, id, REQUEST_CONFIRMED, NOW + 6, EI), E_CONFLICT);
		assert_ok(request_get(w, id, &a, &r, EI));
		assert_int_equal(r.state, s);
		assert_int_equal(r.settled_ms, NOW + 5);
		assert_int_equal(request_renew(w, id, NOW + 500, &generation, EI), renewable ? OK : E_CONFLICT);
		assert_int_equal(generation, renewable ? 2 : 0);
		assert_ok(request_get(w, id, &a, &r, EI));
		assert_int_equal(r.state, renewable ? REQUEST_PENDING : s);
		assert_int_equal(r.expires_ms, renewable ? NOW + 500 : NOW + 100);
	}
	int64_t id;
	assert_ok(request_insert(w, &n, &id, EI));
	assert_ok(request_renew(w, id, NOW + 7, NULL, EI));
	assert_ok(request_mailed(w, id, NOW + 8, EI));
	assert_ok(request_mailed(w, id, NOW + 9, EI));
	assert_ok(request_get(w, id, &a, &r, EI));
	assert_int_equal(r.mails, 2);
	assert_int_equal(r.mailed_ms, NOW + 9);
	assert_int_equal(r.generation, 2);
	assert_int_equal(request_mailed(w, 99, NOW, EI), E_NOT_FOUND);
	store_write_rollback(t->store);
	arena_free(&a);
}

struct seen {
	int64_t ids[20];
	int n;
};

static bool see(const struct request_row *r, void *arg)
{
	struct seen *s = arg;
	s->ids[s->n++] = r->id;
	return true;
}

static void test_lists(void **state)
{
	struct site *t = *state;
	struct db *w;
	struct arena a;
	struct request_row r;
	struct seen pending = {0}, all = {0}, expired = {0}, two = {0};
	int64_t id, ids[5];
	arena_init(&a, ARENA_REQUEST_MAX_BYTES);
	assert_ok(store_write_begin(t->store, &w, EI));
	id = person(w);
	for (int i = 0; i < 5; i++) {
		struct request_new n = sample(id, NOW + 100 - i * 10);
		if (i == 4)
			n.form = SLICE("other");
		assert_ok(request_insert(w, &n, &ids[i], EI));
	}
	assert_ok(request_settle(w, ids[1], REQUEST_CONFIRMED, NOW, EI));
	assert_ok(request_pending(w, id, see, &pending, EI));
	assert_int_equal(pending.n, 4);
	assert_ok(request_each(w, id, see, &all, EI));
	assert_int_equal(all.n, 5);
	assert_int_equal(all.ids[0], ids[0]);
	assert_ok(request_latest(w, id, SLICE("news"), &a, &r, EI));
	assert_int_equal(r.id, ids[3]);
	assert_int_equal(request_latest(w, id, SLICE("none"), &a, &r, EI), E_NOT_FOUND);
	assert_ok(request_expired_each(w, 0, NOW + 100, 10, see, &expired, EI));
	assert_int_equal(expired.n, 3); /* not the confirmed one, not the one that ends just then */
	assert_int_equal(expired.ids[0], ids[4]); /* by expiry */
	assert_ok(request_expired_each(w, 0, NOW + 1000, 2, see, &two, EI));
	assert_int_equal(two.n, 2);
	store_write_rollback(t->store);
	arena_free(&a);
}

static void test_names(void **state)
{
	(void)state;
	for (int i = 0; i < REQUEST_STATE__MAX; i++)
		assert_int_equal(request_state_from_name(slice_from(request_state_name((enum request_state)i))), i);
	assert_int_equal(request_state_from_name(SLICE("")), REQUEST_STATE__MAX);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, site_setup, site_teardown)
	const struct CMUnitTest tests[] = {T(test_round_trip), T(test_states), T(test_lists),
	    cmocka_unit_test(test_names)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

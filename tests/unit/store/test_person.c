#include "store_test.h"

#include "store/db_priv.h"
#include "store/person.h"

static int64_t add(struct db *w, const char *address, enum person_state s)
{
	struct person_new n = {.channel = STORE_EMAIL, .state = s, .address = slice_from(address),
	    .fields = SLICE("{\"first_name\":\"Ada\"}"), .lang = SLICE("de"), .now_ms = NOW};
	int64_t id = 0;
	assert_ok(person_insert(w, &n, &id, EI));
	return id;
}

static void test_insert_and_find(void **state)
{
	struct site *t = *state;
	struct db *w;
	struct person p;
	struct buf b;
	struct person_new twice = {.channel = STORE_EMAIL, .address = SLICE("ada@example.org"), .now_ms = NOW};
	struct person_new sms = {.channel = STORE_SMS, .address = SLICE("ada@example.org"), .now_ms = NOW};
	int64_t id, other;
	buf_init(&b, 1000);
	assert_ok(store_write_begin(t->store, &w, EI));
	assert_int_equal(person_find_address(w, STORE_EMAIL, SLICE("ada@example.org"), &p, EI), E_NOT_FOUND);
	id = add(w, "ada@example.org", PERSON_PENDING);
	assert_ok(person_find_address(w, STORE_EMAIL, SLICE("ada@example.org"), &p, EI));
	assert_int_equal(p.id, id);
	assert_int_equal(p.state, PERSON_PENDING);
	assert_int_equal(p.channel, STORE_EMAIL);
	assert_string_equal(p.lang, "de");
	assert_int_equal(p.created_ms, NOW);
	assert_int_equal(p.confirmed_ms, 0);
	assert_int_equal(person_find_address(w, STORE_EMAIL, SLICE("Ada@example.org"), &p, EI), E_NOT_FOUND);
	assert_int_equal(person_find_address(w, STORE_EMAIL, SLICE("ada@example.or"), &p, EI), E_NOT_FOUND);
	assert_int_equal(person_insert(w, &twice, &other, EI), E_CONFLICT);
	assert_ok(person_insert(w, &sms, &other, EI)); /* another channel is another person */
	assert_int_not_equal(other, id);
	assert_ok(person_address(w, id, &b, EI));
	assert_string_equal(b.data, "ada@example.org");
	buf_reset(&b);
	assert_ok(person_fields(w, id, &b, EI));
	assert_string_equal(b.data, "{\"first_name\":\"Ada\"}");
	buf_reset(&b);
	assert_ok(person_fields(w, other, &b, EI));
	assert_int_equal(b.len, 0);
	assert_int_equal(person_address(w, 99, &b, EI), E_NOT_FOUND);
	assert_int_equal(person_get(w, 99, &p, EI), E_NOT_FOUND);
	assert_ok(store_write_commit(t->store, EI));
	assert_false(site_file_has(t, "data.db-wal", "ada@example", 11));
	buf_free(&b);
}

static void test_limits(void **state)
{
	struct site *t = *state;
	static char filler[PERSON_FIELDS_MAX_BYTES + 1];
	struct db *w;
	struct person_new n = {.channel = STORE_EMAIL, .now_ms = NOW};
	int64_t id;
	memset(filler, 'x', sizeof filler);
	assert_ok(store_write_begin(t->store, &w, EI));
	assert_int_equal(person_insert(w, &n, &id, EI), E_LIMIT);
	n.address = slice_make(filler, PERSON_ADDRESS_MAX_BYTES + 1);
	assert_int_equal(person_insert(w, &n, &id, EI), E_LIMIT);
	n.address.len--;
	n.fields = slice_make(filler, sizeof filler);
	assert_int_equal(person_insert(w, &n, &id, EI), E_LIMIT);
	n.fields.len--;
	assert_ok(person_insert(w, &n, &id, EI));
	assert_int_equal(person_set_fields(w, id, slice_make(filler, sizeof filler), NOW, EI), E_LIMIT);
	store_write_rollback(t->store);
}

static void test_changes(void **state)
{
	struct site *t = *state;
	struct db *w;
	struct person p;
	struct buf b;
	int64_t id, second, counts[PERSON_STATE__MAX];
	buf_init(&b, 1000);
	assert_ok(store_write_begin(t->store, &w, EI));
	id = add(w, "ada@example.org", PERSON_PENDING);
	second = add(w, "bob@example.org", PERSON_ACTIVE);
	assert_ok(person_get(w, second, &p, EI));
	assert_int_equal(p.confirmed_ms, NOW);
	assert_ok(person_set_state(w, id, PERSON_ACTIVE, NOW + 5, EI));
	assert_ok(person_set_state(w, id, PERSON_UNSUBSCRIBED, NOW + 6, EI));
	assert_ok(person_set_state(w, id, PERSON_ACTIVE, NOW + 7, EI));
	assert_ok(person_get(w, id, &p, EI));
	assert_int_equal(p.confirmed_ms, NOW + 5); /* the first time */
	assert_int_equal(p.changed_ms, NOW + 7);
	assert_int_equal(p.created_ms, NOW);
	assert_ok(person_set_lang(w, id, SLICE("en"), NOW + 8, EI));
	assert_ok(person_set_fields(w, id, SLICE("{}"), NOW + 8, EI));
	assert_ok(person_fields(w, id, &b, EI));
	assert_string_equal(b.data, "{}");
	buf_reset(&b);
	assert_ok(person_set_fields(w, id, SLICE(""), NOW + 8, EI));
	assert_ok(person_fields(w, id, &b, EI));
	assert_int_equal(b.len, 0);
	assert_int_equal(person_set_address(w, id, SLICE("bob@example.org"), NOW + 9, EI), E_CONFLICT);
	assert_ok(person_set_address(w, id, SLICE("countess@example.org"), NOW + 9, EI));
	assert_ok(person_find_address(w, STORE_EMAIL, SLICE("countess@example.org"), &p, EI));
	assert_int_equal(p.id, id);
	assert_string_equal(p.lang, "en");
	assert_int_equal(person_find_address(w, STORE_EMAIL, SLICE("ada@example.org"), &p, EI), E_NOT_FOUND);
	assert_ok(person_address(w, id, &b, EI));
	assert_string_equal(b.data, "countess@example.org");
	assert_int_equal(person_set_state(w, 99, PERSON_ACTIVE, NOW, EI), E_NOT_FOUND);
	assert_ok(person_counts(w, counts, EI));
	assert_int_equal(counts[PERSON_ACTIVE], 2);
	assert_int_equal(counts[PERSON_PENDING], 0);
	store_write_rollback(t->store);
	buf_free(&b);
}

/* Ciphertext moved to another row or column does not open. */
static void test_values_are_bound_to_their_place(void **state)
{
	struct site *t = *state;
	struct db *w;
	struct buf b;
	int64_t id, other;
	buf_init(&b, 1000);
	assert_ok(store_write_begin(t->store, &w, EI));
	id = add(w, "ada@example.org", PERSON_ACTIVE);
	other = add(w, "bob@example.org", PERSON_ACTIVE);
	assert_ok(db_exec(w->conn, "UPDATE person SET fields_ct = address_ct", EI));
	assert_int_equal(person_fields(w, id, &b, EI), E_DENIED);
	assert_ok(db_exec(w->conn, "UPDATE person SET address_ct = (SELECT address_ct FROM person WHERE id = 1)",
	    EI));
	assert_int_equal(person_address(w, other, &b, EI), E_DENIED);
	assert_ok(person_address(w, id, &b, EI));
	store_write_rollback(t->store);
	buf_free(&b);
}

struct seen {
	int64_t ids[20];
	int n, stop;
};

static bool see_person(const struct person *p, void *arg)
{
	struct seen *s = arg;
	s->ids[s->n++] = p->id;
	return s->n != s->stop;
}

static void test_each(void **state)
{
	struct site *t = *state;
	struct db *w;
	struct seen a = {0}, b = {0}, c = {.stop = 2}, d = {0};
	assert_ok(store_write_begin(t->store, &w, EI));
	for (int i = 0; i < 10; i++) {
		char address[40];
		snprintf(address, sizeof address, "p%d@example.org", i);
		add(w, address, i % 2 ? PERSON_ACTIVE : PERSON_PENDING);
	}
	assert_ok(person_set_lang(w, 1, SLICE("en"), NOW + 100, EI));
	assert_ok(person_each(w, PERSON_STATE__MAX, 3, 4, see_person, &a, EI));
	assert_int_equal(a.n, 4);
	assert_int_equal(a.ids[0], 4);
	assert_ok(person_each(w, PERSON_ACTIVE, 0, 100, see_person, &b, EI));
	assert_int_equal(b.n, 5);
	assert_int_equal(b.ids[4], 10);
	assert_ok(person_each(w, PERSON_STATE__MAX, 0, 100, see_person, &c, EI));
	assert_int_equal(c.n, 2);
	assert_ok(person_idle_each(w, PERSON_PENDING, NOW + 1, 0, 100, see_person, &d, EI));
	assert_int_equal(d.n, 4); /* 1 was changed later */
	assert_int_equal(d.ids[0], 3);
	store_write_rollback(t->store);
}

struct purposes {
	char text[200];
};

static bool see_purpose(const struct purpose *p, void *arg)
{
	struct purposes *s = arg;
	size_t n = strlen(s->text);
	snprintf(s->text + n, sizeof s->text - n, "%.*s:%s:%d:%d:%d ", SLICE_FMT(p->id),
	    purpose_state_name(p->state),
	    (int)(p->since_ms - NOW), (int)p->request_id, p->consent_hash[0]);
	return true;
}

static bool see_id(int64_t id, void *arg)
{
	struct seen *s = arg;
	s->ids[s->n++] = id;
	return true;
}

static void test_purposes(void **state)
{
	struct site *t = *state;
	struct db *w;
	struct purposes s = {0};
	struct seen on = {0};
	unsigned char one[32] = {1}, two[32] = {2};
	int64_t id, other, changed;
	assert_ok(store_write_begin(t->store, &w, EI));
	id = add(w, "ada@example.org", PERSON_PENDING);
	other = add(w, "bob@example.org", PERSON_PENDING);
	assert_ok(purpose_set(w, id, SLICE("news"), PURPOSE_PENDING, NOW, 4, one, EI));
	assert_ok(purpose_set(w, id, SLICE("events"), PURPOSE_ACTIVE, NOW + 1, 0, NULL, EI));
	assert_ok(purpose_set(w, other, SLICE("news"), PURPOSE_ACTIVE, NOW, 5, two, EI));
	assert_ok(purpose_each(w, id, see_purpose, &s, EI));
	assert_string_equal(s.text, "events:active:1:0:0 news:pending:0:4:1 ");
	assert_ok(purpose_set(w, id, SLICE("news"), PURPOSE_ACTIVE, NOW + 2, 0, NULL,
	    EI)); /* keeps request and text */
	assert_ok(purpose_set(w, id, SLICE("events"), PURPOSE_ACTIVE, NOW + 3, 9, two, EI));
	s.text[0] = '\0';
	assert_ok(purpose_each(w, id, see_purpose, &s, EI));
	assert_string_equal(s.text, "events:active:3:9:2 news:active:2:4:1 ");
	assert_ok(purpose_persons(w, SLICE("news"), PURPOSE_ACTIVE, 0, 10, see_id, &on, EI));
	assert_int_equal(on.n, 2);
	assert_ok(purpose_set_all(w, id, PURPOSE_ENDED, NOW + 4, &changed, EI));
	assert_int_equal(changed, 2);
	assert_ok(purpose_set_all(w, id, PURPOSE_ENDED, NOW + 5, &changed, EI));
	assert_int_equal(changed, 0);
	on.n = 0;
	assert_ok(purpose_persons(w, SLICE("news"), PURPOSE_ACTIVE, 0, 10, see_id, &on, EI));
	assert_int_equal(on.n, 1);
	assert_int_equal(on.ids[0], other);
	assert_int_equal(purpose_set(w, 99, SLICE("news"), PURPOSE_ACTIVE, NOW, 0, NULL, EI),
	    E_CONFLICT); /* no person */
	store_write_rollback(t->store);
}

static void test_names(void **state)
{
	(void)state;
	for (int i = 0; i < PERSON_STATE__MAX; i++)
		assert_int_equal(person_state_from_name(slice_from(person_state_name((enum person_state)i))), i);
	for (int i = 0; i < PURPOSE_STATE__MAX; i++)
		assert_int_equal(purpose_state_from_name(slice_from(purpose_state_name((enum purpose_state)i))), i);
	assert_int_equal(person_state_from_name(SLICE("new")), PERSON_STATE__MAX);
	assert_string_equal(person_state_name(PERSON_STATE__MAX), "?");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, site_setup, site_teardown)
	const struct CMUnitTest tests[] = {T(test_insert_and_find), T(test_limits), T(test_changes),
	    T(test_values_are_bound_to_their_place), T(test_each), T(test_purposes), cmocka_unit_test(test_names)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

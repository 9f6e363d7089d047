#include "store_test.h"

#include "store/db_priv.h"
#include "store/erasure.h"
#include "store/event.h"
#include "store/keyslot.h"
#include "store/outbox.h"
#include "store/person.h"
#include "store/request.h"
#include "store/suppression.h"

#define ADDRESS "ada.lovelace@example.org"

/* A person with everything that can be attached to one. */
static int64_t full_person(struct site *t, const char *address)
{
	struct db *w;
	struct person_new n = {.channel = STORE_EMAIL, .state = PERSON_ACTIVE, .address = slice_from(address),
	    .fields = SLICE("{\"first_name\":\"Ada\"}"), .lang = SLICE("de"), .now_ms = NOW};
	struct request_new r = {.form = SLICE("news"), .purposes = SLICE("news"), .created_ms = NOW,
	    .expires_ms = NOW + 1,
	    .fields = SLICE("{\"first_name\":\"Ada\"}"), .page = SLICE("https://www.example.org/")};
	struct outbox_new o = {.channel = STORE_EMAIL, .kind = OUTBOX_CONFIRM, .slots = slice_from(address),
	    .next_ms = NOW};
	struct event_new e = {.time_ms = NOW, .kind = EVENT_REQUESTED, .form = SLICE("news"),
	    .ip = SLICE("192.0.2.0"),
	    .fields = SLICE("{\"first_name\":\"Ada\"}")};
	struct suppression s = {.channel = STORE_EMAIL, .reason = SUPPRESSION_OBJECTED, .since_ms = NOW};
	int64_t id, x;
	assert_ok(store_write_begin(t->store, &w, EI));
	assert_ok(person_insert(w, &n, &id, EI));
	r.person_id = o.person_id = e.person_id = id;
	assert_ok(request_insert(w, &r, &x, EI));
	assert_ok(outbox_add(w, &o, &x, EI));
	assert_ok(purpose_set(w, id, SLICE("news"), PURPOSE_ACTIVE, NOW, x, NULL, EI));
	assert_ok(event_append(w, &e, NULL, EI));
	e.kind = EVENT_CONFIRMED;
	assert_ok(event_append(w, &e, NULL, EI));
	person_lookup(db_keyring(w), STORE_EMAIL, n.address, s.lookup);
	assert_ok(suppression_add(w, &s, EI));
	assert_ok(store_write_commit(t->store, EI));
	return id;
}

static int64_t count(struct site *t, const char *sql)
{
	sqlite3 *conn;
	int64_t n = -1;
	assert_ok(db_connect(&conn, t->store->data_path, SQLITE_OPEN_READONLY, EI));
	assert_ok(db_exec_int(conn, sql, &n, EI));
	sqlite3_close(conn);
	return n;
}

struct log {
	unsigned char commitments[10][32];
	int n, verified, readable;
};

static bool note_event(const struct event_row *r, void *arg)
{
	struct log *l = arg;
	memcpy(l->commitments[l->n++], r->commitment, 32);
	l->verified += event_verify(r);
	l->readable += r->present[EVENT_CORE];
	return true;
}

static void read_log(struct site *t, int64_t person, struct log *l)
{
	struct db *r;
	memset(l, 0, sizeof *l);
	assert_ok(store_read(t->store, &r, EI));
	assert_ok(event_each(r, person, 0, note_event, l, EI));
	store_read_end(t->store, r);
}

static void assert_erased(struct site *t, int64_t id, const struct log *before, const unsigned char key[32],
    const unsigned char lookup[16])
{
	struct db *r;
	struct person p;
	struct log after;
	struct buf b;
	bool has = false;
	buf_init(&b, 1000);
	read_log(t, id, &after);
	assert_int_equal(after.n, before->n);
	assert_memory_equal(after.commitments, before->commitments, sizeof after.commitments);
	assert_int_equal(after.verified, after.n); /* the log still verifies */
	assert_int_equal(after.readable, 0);
	assert_ok(store_read(t->store, &r, EI));
	assert_int_equal(person_find(r, STORE_EMAIL, lookup, &p, EI), E_NOT_FOUND);
	assert_ok(person_get(r, id, &p, EI));
	assert_int_equal(p.state, PERSON_ERASED);
	assert_memory_not_equal(p.lookup, lookup, 16);
	assert_int_equal(person_address(r, id, &b, EI), E_NOT_FOUND);
	assert_ok(suppression_has(r, STORE_EMAIL, lookup, SLICE("news"), NOW, &has, NULL, EI));
	assert_true(has); /* survives */
	store_read_end(t->store, r);
	assert_false(site_file_has(t, "keys.db", key, 32));
	assert_false(site_file_has(t, "keys.db-wal", key, 32));
	assert_false(site_file_has(t, "data.db", "lovelace", 8));
	assert_false(site_file_has(t, "data.db-wal", "lovelace", 8));
	buf_free(&b);
}

static void key_and_lookup(struct site *t, int64_t id, struct crypt_key *key, unsigned char lookup[16])
{
	struct db *r;
	assert_ok(store_read(t->store, &r, EI));
	assert_ok(keyslot_get(r, id, key, EI));
	store_read_end(t->store, r);
	person_lookup(store_keyring(t->store), STORE_EMAIL, SLICE(ADDRESS), lookup);
}

static void test_erase(void **state)
{
	struct site *t = *state;
	struct crypt_key key;
	struct log before;
	unsigned char lookup[16];
	struct db *w;
	int64_t other = full_person(t, "bob@example.org"), id = full_person(t, ADDRESS);
	key_and_lookup(t, id, &key, lookup);
	read_log(t, id, &before);
	assert_int_equal(before.n, 2);
	assert_int_equal(before.readable, 2);
	assert_ok(person_erase(t->store, id, ERASURE_REQUEST, NOW + 1, EI));
	assert_erased(t, id, &before, key.bytes, lookup);
	assert_int_equal(count(t, "SELECT count(*) FROM person_purpose"), 1);
	assert_int_equal(count(t, "SELECT count(*) FROM request"), 1);
	assert_int_equal(count(t, "SELECT count(*) FROM outbox"), 1);
	assert_int_equal(count(t, "SELECT count(*) FROM event WHERE core_ct IS NULL"), 2);
	assert_int_equal(count(t, "SELECT count(*) FROM erasure WHERE done_ms IS NOT NULL AND keys_done_ms IS "
	    "NOT NULL"), 1);
	/* The lookup as it was is nowhere but in the block list. */
	assert_int_equal(count(t, "SELECT count(*) FROM person WHERE lookup IN (SELECT lookup FROM "
	    "suppression)"), 1);
	read_log(t, other, &before);
	assert_int_equal(before.readable, 2);
	assert_ok(person_erase(t->store, id, ERASURE_REQUEST, NOW + 2, EI)); /* twice does no harm */
	assert_int_equal(person_erase(t->store, 99, ERASURE_REQUEST, NOW, EI), E_NOT_FOUND);
	/* An erased person takes no more changes, and the address may sign up anew. */
	assert_ok(store_write_begin(t->store, &w, EI));
	assert_int_equal(person_set_state(w, id, PERSON_ACTIVE, NOW, EI), E_CONFLICT);
	assert_int_equal(person_set_lang(w, id, SLICE("en"), NOW, EI), E_CONFLICT);
	assert_int_equal(event_append(w, &(struct event_new){.person_id = id, .kind = EVENT_CHANGED}, NULL, EI),
	    E_NOT_FOUND);
	store_write_rollback(t->store);
	assert_true(full_person(t, ADDRESS) > id);
}

/* Cut short at each step; the next start finishes it. */
static void test_half_done_erasures(void **state)
{
	struct site *t = *state;
	for (int step = 1; step <= 2; step++) {
		struct crypt_key key;
		struct log before;
		unsigned char lookup[16];
		struct db *w;
		int64_t id = full_person(t, ADDRESS);
		key_and_lookup(t, id, &key, lookup);
		read_log(t, id, &before);
		assert_ok(store_write_begin(t->store, &w, EI));
		assert_ok(erasure_ask(w, id, ERASURE_REQUEST, NOW, EI));
		/* The event of the erasure itself still finds the key. */
		assert_ok(event_append(w, &(struct event_new){.person_id = id, .kind = EVENT_ERASED, .time_ms = NOW},
		    NULL, EI));
		assert_ok(store_write_commit(t->store, EI));
		read_log(t, id, &before);
		if (step == 2)
			assert_ok(keyslot_erase(t->store, id, EI));
		if (step == 2)
			read_log(t, id, &before); /* between the steps: unreadable, no error */
		site_close(t);
		assert_ok(site_open(t, false));
		assert_erased(t, id, &before, key.bytes, lookup);
		assert_int_equal(count(t, "SELECT count(*) FROM erasure WHERE done_ms IS NULL"), 0);
	}
}

static void test_many_at_once(void **state)
{
	struct site *t = *state;
	unsigned done = 0;
	struct db *w;
	for (int i = 0; i < 230; i++) {
		char address[40];
		snprintf(address, sizeof address, "p%d@example.org", i);
		full_person(t, address);
	}
	assert_ok(store_write_begin(t->store, &w, EI));
	for (int64_t id = 1; id <= 225; id++)
		assert_ok(erasure_ask(w, id, ERASURE_UNCONFIRMED, NOW, EI));
	assert_ok(store_write_commit(t->store, EI));
	assert_ok(erasure_finish(t->store, NOW, &done, EI));
	assert_int_equal(done, 225);
	assert_int_equal(count(t, "SELECT count(*) FROM person WHERE state <> 6"), 5);
	assert_ok(erasure_finish(t->store, NOW, &done, EI));
	assert_int_equal(done, 0);
	assert_ok(store_check(t->store, EI));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, site_setup, site_teardown)
	const struct CMUnitTest tests[] = {T(test_erase), T(test_half_done_erasures), T(test_many_at_once)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

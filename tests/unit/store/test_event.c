#include "store_test.h"

#include "store/db_priv.h"
#include "store/event.h"
#include "store/person.h"

static int64_t person(struct site *t, const char *address)
{
	struct db *w;
	struct person_new n = {.channel = STORE_EMAIL, .address = slice_from(address), .now_ms = NOW};
	int64_t id;
	assert_ok(store_write_begin(t->store, &w, EI));
	assert_ok(person_insert(w, &n, &id, EI));
	assert_ok(store_write_commit(t->store, EI));
	return id;
}

static int64_t append(struct site *t, const struct event_new *e)
{
	struct db *w;
	int64_t seq = 0;
	assert_ok(store_write_begin(t->store, &w, EI));
	assert_ok(event_append(w, e, &seq, EI));
	assert_ok(store_write_commit(t->store, EI));
	return seq;
}

struct copy {
	struct event_row row;
	char plain[EVENT_PART__MAX][1000];
};

struct log {
	struct copy e[10];
	int n;
};

static bool note(const struct event_row *r, void *arg)
{
	struct log *l = arg;
	struct copy *c = &l->e[l->n++];
	c->row = *r;
	for (int i = 0; i < EVENT_PART__MAX; i++) {
		assert_true(slice_copy(r->plain[i], c->plain[i], sizeof c->plain[i]));
		c->row.plain[i] = slice_from(c->plain[i]);
	}
	return true;
}

static void read_log(struct site *t, int64_t id, int64_t after, struct log *l)
{
	struct db *r;
	l->n = 0;
	assert_ok(store_read(t->store, &r, EI));
	assert_ok(event_each(r, id, after, note, l, EI));
	store_read_end(t->store, r);
}

#define HEX32(pair) pair pair pair pair pair pair pair pair pair pair pair pair pair pair pair pair \
	pair pair pair pair pair pair pair pair pair pair pair pair pair pair pair pair

/* The bytes that are hashed are a promise: docs/evidence.md shows this very line. */
static void test_canonical_core(void **state)
{
	struct site *t = *state;
	static unsigned char h[4][32];
	static struct log l;
	int64_t ada = person(t, "ada@example.org");
	for (int i = 0; i < 4; i++)
		memset(h[i], 0xa0 + i, 32);
	struct event_new e = {.person_id = ada, .time_ms = NOW, .kind = EVENT_REQUESTED, .form = SLICE("news"),
	    .purposes = SLICE("news,events"), .page = SLICE("https://www.example.org/?a=1&b=\"<ü>\""),
	    .lang = SLICE("de"),
	    .text_hash = h[0], .mail_hash = h[1], .notice_hash = h[2], .config_hash = h[3], .request_id = 4,
	    .outbox_id = 5,
	    .provider = SLICE("mailjet"), .provider_id = SLICE("17"), .detail = SLICE("x"), .ip = SLICE("192.0.2.0"),
	    .fields = SLICE("{\"first_name\":\"Ada\"}")};
	append(t, &e);
	append(t, &(struct event_new){.person_id = ada, .time_ms = NOW + 1, .kind = EVENT_CONFIRMED});
	read_log(t, ada, 0, &l);
	assert_int_equal(l.n, 2);
	assert_string_equal(l.e[0].plain[EVENT_CORE],
	    "{\"v\":1,\"seq\":1,\"person\":1,\"time\":\"2026-11-21T14:05:09.123Z\",\"kind\":\"requested\",\"form\":\"news\","
	    "\"purposes\":[\"news\",\"events\"],\"page\":\"https://www.example.org/?a=1&b=\\\"\\u003cü>\\\"\",\"lang\":\"de\","
	    "\"text_hash\":\"" HEX32("a0") "\",\"mail_hash\":\"" HEX32("a1") "\",\"notice_hash\":\"" HEX32("a2")
	    "\",\"config_hash\":\"" HEX32("a3") "\",\"request\":4,\"outbox\":5,\"provider\":\"mailjet\",\"provider_id\":\"17\","
	    "\"detail\":\"x\"}");
	assert_string_equal(l.e[1].plain[EVENT_CORE],
	    "{\"v\":1,\"seq\":2,\"person\":1,\"prev\":1,\"time\":\"2026-11-21T14:05:09.124Z\",\"kind\":\"confirmed\"}");
	assert_string_equal(l.e[0].plain[EVENT_IP], "192.0.2.0");
	assert_string_equal(l.e[0].plain[EVENT_FIELDS], "{\"first_name\":\"Ada\"}");
	assert_string_equal(l.e[1].plain[EVENT_IP], "");
	assert_true(l.e[1].row.present[EVENT_IP]); /* absent, but with its salt */
	assert_int_equal(l.e[0].row.kind, EVENT_REQUESTED);
	assert_true(event_verify(&l.e[0].row));
	assert_true(event_verify(&l.e[1].row));
}

/* The formula by hand, without event_verify(). */
static void test_commitment_formula(void **state)
{
	struct site *t = *state;
	static struct log l;
	unsigned char part[1100], all[1 + 3 * 32] = {0}, hash[32];
	int64_t ada = person(t, "ada@example.org");
	append(t, &(struct event_new){.person_id = ada, .time_ms = NOW, .kind = EVENT_REQUESTED,
	    .ip = SLICE("192.0.2.0")});
	read_log(t, ada, 0, &l);
	for (int i = 0; i < EVENT_PART__MAX; i++) {
		size_t n = strlen(l.e[0].plain[i]);
		memcpy(part, l.e[0].row.salt[i], 32);
		memcpy(part + 32, l.e[0].plain[i], n);
		crypt_sha256(all + 1 + 32 * i, part, 32 + n);
		assert_memory_equal(all + 1 + 32 * i, l.e[0].row.c[i], 32);
	}
	crypt_sha256(hash, all, sizeof all);
	assert_memory_equal(hash, l.e[0].row.commitment, 32);
	assert_memory_not_equal(l.e[0].row.salt[0], l.e[0].row.salt[1], 32);
	assert_memory_not_equal(l.e[0].row.salt[1], l.e[0].row.salt[2], 32);
}

static void test_verify_finds_every_change(void **state)
{
	struct site *t = *state;
	static struct log l;
	int64_t ada = person(t, "ada@example.org");
	append(t, &(struct event_new){.person_id = ada, .time_ms = NOW, .kind = EVENT_REQUESTED,
	    .ip = SLICE("192.0.2.0"),
	    .fields = SLICE("{}")});
	read_log(t, ada, 0, &l);
	struct event_row *r = &l.e[0].row;
	assert_true(event_verify(r));
	for (int part = 0; part < EVENT_PART__MAX; part++) {
		unsigned char *const bytes[] = {r->salt[part], r->c[part], (unsigned char *)l.e[0].plain[part],
		    r->commitment};
		for (size_t i = 0; i < 4; i++) {
			bytes[i][1] ^= 1;
			assert_false(event_verify(r));
			bytes[i][1] ^= 1;
		}
		/* Taken away: what is left still verifies. */
		r->present[part] = false;
		assert_true(event_verify(r));
		r->present[part] = true;
	}
	r->plain[EVENT_IP].len--;
	assert_false(event_verify(r));
}

struct leaves {
	int64_t seq[20];
	int n;
};

static bool leaf(int64_t seq, const unsigned char commitment[32], void *arg)
{
	struct leaves *l = arg;
	(void)commitment;
	l->seq[l->n++] = seq;
	return true;
}

static void test_chain_and_leaves(void **state)
{
	struct site *t = *state;
	static struct log l;
	struct leaves a = {0}, b = {0};
	struct db *w, *r;
	int64_t ada = person(t, "ada@example.org"), bob = person(t, "bob@example.org"), n = -1;
	struct event_new e = {.time_ms = NOW, .kind = EVENT_CHANGED};
	for (int i = 0; i < 6; i++) {
		e.person_id = i % 2 ? bob : ada;
		assert_int_equal(append(t, &e), i + 1);
	}
	/* A rolled back event leaves no gap. */
	assert_ok(store_write_begin(t->store, &w, EI));
	assert_ok(event_append(w, &e, NULL, EI));
	assert_ok(event_append(w, &e, NULL, EI));
	store_write_rollback(t->store);
	assert_int_equal(append(t, &e), 7);
	read_log(t, bob, 2, &l);
	assert_int_equal(l.n, 3);
	assert_int_equal(l.e[0].row.seq, 4);
	assert_non_null(strstr(l.e[0].plain[EVENT_CORE], "\"prev\":2,"));
	assert_non_null(strstr(l.e[2].plain[EVENT_CORE], "\"prev\":6,"));
	assert_ok(store_read(t->store, &r, EI));
	assert_ok(event_size(r, &n, EI));
	{
		int64_t newest, one;
		assert_ok(event_newest(r, 1000, &newest, EI));
		assert_ok(event_newest(r, 1, &one, EI));
		assert_true(newest >= one && one > 0);
	}
	assert_int_equal(n, 7);
	assert_ok(event_commitments(r, 0, 100, leaf, &a, EI));
	assert_int_equal(a.n, 7);
	for (int i = 0; i < 7; i++)
		assert_int_equal(a.seq[i], i + 1);
	assert_ok(event_commitments(r, 3, 2, leaf, &b, EI));
	assert_int_equal(b.n, 2);
	assert_int_equal(b.seq[0], 4);
	store_read_end(t->store, r);
}

static void test_ip_expires(void **state)
{
	struct site *t = *state;
	static struct log l;
	int64_t ada = person(t, "ada@example.org");
	unsigned dropped;
	for (int i = 0; i < 5; i++)
		append(t, &(struct event_new){.person_id = ada, .time_ms = NOW + i, .kind = EVENT_CHANGED,
		    .ip = SLICE("192.0.2.0")});
	assert_ok(event_drop_ip(t->store, NOW + 3, 2, &dropped, EI));
	assert_int_equal(dropped, 2);
	assert_ok(event_drop_ip(t->store, NOW + 3, 2, &dropped, EI));
	assert_int_equal(dropped, 1);
	assert_ok(event_drop_ip(t->store, NOW + 3, 2, &dropped, EI));
	assert_int_equal(dropped, 0);
	read_log(t, ada, 0, &l);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(l.e[i].row.present[EVENT_IP], i >= 3);
		assert_true(l.e[i].row.present[EVENT_CORE]);
		assert_true(event_verify(&l.e[i].row));
	}
}

static void test_limits(void **state)
{
	struct site *t = *state;
	static char filler[70000];
	struct db *w;
	int64_t ada = person(t, "ada@example.org");
	struct event_new e = {.person_id = ada, .kind = EVENT_CHANGED, .fields = slice_make(filler, sizeof filler)};
	memset(filler, 'x', sizeof filler);
	assert_ok(store_write_begin(t->store, &w, EI));
	assert_int_equal(event_append(w, &e, NULL, EI), E_LIMIT);
	e.fields.len = 100;
	e.person_id = 99;
	assert_int_equal(event_append(w, &e, NULL, EI), E_CONFLICT); /* slot is there, person is not */
	store_write_rollback(t->store);
}

static void test_names(void **state)
{
	(void)state;
	for (int i = 1; i < EVENT_KIND__MAX; i++)
		assert_int_equal(event_kind_from_name(slice_from(event_kind_name((enum event_kind)i))), i);
	assert_int_equal(event_kind_from_name(SLICE("?")), EVENT_KIND__MAX);
	assert_string_equal(event_kind_name(0), "?");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, site_setup, site_teardown)
	const struct CMUnitTest tests[] = {T(test_canonical_core), T(test_commitment_formula),
	    T(test_verify_finds_every_change), T(test_chain_and_leaves), T(test_ip_expires), T(test_limits),
	    cmocka_unit_test(test_names)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Events point to the notice and the configuration of their time; addresses are shortened as promised. */
#include "core/evidence.h"

#include "lib/world.h"

#include "base/enc.h"
#include "conf/show.h"
#include "store/notice.h"
#include "store/text.h"

static void test_ip(void **state)
{
	static const struct {
		int row;
		enum conf_ip policy;
		const char *ip, *want;
	} rows[] = {
	    {__LINE__, CONF_IP_TRUNCATED, "192.0.2.255", "192.0.2.0"}, {__LINE__, CONF_IP_TRUNCATED, "0.0.0.1", "0.0.0.0"},
	    {__LINE__, CONF_IP_TRUNCATED, "2001:db8:1:2:3:4:5:6", "2001:db8:1::"},
	    {__LINE__, CONF_IP_TRUNCATED, "2001:DB8::1", "2001:db8::"}, {__LINE__, CONF_IP_TRUNCATED, "::1", "::"},
	    {__LINE__, CONF_IP_FULL, "192.0.2.255", "192.0.2.255"},
	    {__LINE__, CONF_IP_FULL, "2001:0DB8:0:0::0001", "2001:db8::1"},
	    {__LINE__, CONF_IP_NONE, "192.0.2.255", ""}, {__LINE__, CONF_IP_NONE, "2001:db8::1", ""},
	    /* What is no address is not kept: it could be anything. */
	    {__LINE__, CONF_IP_FULL, "", ""}, {__LINE__, CONF_IP_FULL, "localhost", ""},
	    {__LINE__, CONF_IP_FULL, "192.0.2", ""}, {__LINE__, CONF_IP_FULL, "192.0.2.1.5", ""},
	    {__LINE__, CONF_IP_FULL, "192.0.2.1 ", ""}, {__LINE__, CONF_IP_FULL, "192.0.2.01x", ""},
	    {__LINE__, CONF_IP_FULL, "fe80::1%eth0", ""}, {__LINE__, CONF_IP_FULL, "[::1]", ""},
	    {__LINE__, CONF_IP_FULL, "<script>", ""}, {__LINE__, CONF_IP_TRUNCATED, "unix:", ""},
	    {__LINE__, CONF_IP_FULL, "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001", ""},
	};
	struct world *w = *state;
	struct conf_site c = *site_conf(w->site);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slice got;
		c.ip = rows[i].policy;
		got = evidence_ip(&w->arena, &c, slice_from(rows[i].ip));
		if (!slice_eq_str(got, rows[i].want))
			fail_msg("row %d: \"%.*s\"", rows[i].row, SLICE_FMT(got));
	}
}

static struct notice_version current(struct world *w, const char *lang)
{
	struct db *db = world_read(w);
	struct notice_version v;

	assert_ok(notice_current(db, lang, &v, EI));
	store_read_end(w->store, db);
	return v;
}

static void holds(const char *json, const unsigned char *hash)
{
	char hex[ENC_HEX_BYTES(STORE_HASH_BYTES)];

	enc_hex(hash, STORE_HASH_BYTES, hex);
	if (!strstr(json, hex))
		fail_msg("%s is not in %s", hex, json);
}

/* An event of before a change names the notice and configuration of before, in its language. */
static void test_links(void **state)
{
	struct world *w = *state;
	struct notice_version de = current(w, "de"), en = current(w, "en"), de2;
	unsigned char config[STORE_HASH_BYTES];
	struct world_event v[8];
	char *yaml = world_replace(WORLD_SITE, "unconfirmed: 7d", "unconfirmed: 5d");
	struct world_mail m;
	int64_t id;

	assert_memory_not_equal(de.hash, en.hash, sizeof(de.hash));
	memcpy(config, site_conf(w->site)->hash, sizeof(config));
	world_signup(w, "news", "a@example.org", "news", "de");
	world_signup(w, "news", "b@example.org", "news", "en");
	m = world_last_mail(w);
	world_state(w, "a@example.org", &id);
	assert_int_equal(world_events(w, id, 0, v, 8), 1);
	holds(v[0].json, de.hash);
	holds(v[0].json, config);
	holds(v[0].json, world_consent(w, "news", "de")->hash);
	assert_int_equal(world_events(w, m.person_id, 0, v, 8), 1);
	holds(v[0].json, en.hash);
	world_wait(w, DAY_MS);
	world_reload(w, yaml);
	de2 = current(w, "de");
	assert_memory_not_equal(de.hash, de2.hash, sizeof(de.hash));
	assert_int_equal(de2.valid_from_ms, w->now_ms);
	world_act(w, m.confirm, CONFIRM_ACT_CONFIRM, NULL);
	assert_int_equal(world_events(w, m.person_id, v[0].seq, v, 8), 1);
	holds(v[0].json, current(w, "en").hash);
	holds(v[0].json, site_conf(w->site)->hash);
	free(yaml);
}

/* Hashes that the caller set stay. */
static void test_given(void **state)
{
	static const unsigned char mine[STORE_HASH_BYTES] = {0xaa, 0xbb};
	struct world *w = *state;
	struct world_event v[8];
	struct event_new e = {.time_ms = w->now_ms, .kind = EVENT_CHANGED, .notice_hash = mine, .config_hash = mine};
	struct db *db;
	size_t n;

	world_signup(w, "news", "c@example.org", "news", "de");
	world_state(w, "c@example.org", &e.person_id);
	assert_ok(store_write_begin(w->store, &db, EI));
	assert_ok(evidence_append(db, w->site, &e, EI));
	assert_ok(store_write_commit(w->store, EI));
	n = world_events(w, e.person_id, 0, v, 8);
	holds(v[n - 1].json, mine);
	e.person_id = 4001;
	assert_ok(store_write_begin(w->store, &db, EI));
	assert_int_equal(evidence_append(db, w->site, &e, NULL), E_NOT_FOUND);
	store_write_rollback(w->store);
}

/* The worker or the command line may be the first that run with a configuration: an event never names one that is not kept. */
static void test_configuration_is_kept(void **state)
{
	struct world *w = *state;
	struct conf_site *c = (struct conf_site *)(uintptr_t)site_conf(w->site); /* as after an edit without config apply */
	struct event_new e = {.time_ms = w->now_ms, .kind = EVENT_CHANGED};
	unsigned char was[STORE_HASH_BYTES], hash[STORE_HASH_BYTES];
	struct db *db;

	world_signup(w, "news", "d@example.org", "news", "de");
	world_state(w, "d@example.org", &e.person_id);
	memcpy(was, c->hash, sizeof(was));
	c->nitems--;
	conf_hash(c, hash);
	memcpy((unsigned char *)(uintptr_t)c->hash, hash, sizeof(hash));
	assert_ok(store_write_begin(w->store, &db, EI));
	assert_int_equal(text_get(db, hash, NULL, NULL, NULL), E_NOT_FOUND);
	assert_ok(evidence_append(db, w->site, &e, EI));
	e.config_hash = NULL;
	assert_ok(evidence_append(db, w->site, &e, EI));
	assert_ok(store_write_commit(w->store, EI));
	db = world_read(w);
	assert_ok(text_get(db, hash, NULL, NULL, EI));
	store_read_end(w->store, db);
	c->nitems++;
	memcpy((unsigned char *)(uintptr_t)c->hash, was, sizeof(was));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_ip), cmocka_unit_test(test_links), cmocka_unit_test(test_given),
	    cmocka_unit_test(test_configuration_is_kept),
	};
	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}

/* Bundles: what is written is accepted; each way to forge one is found at its place; so is every changed byte. */
#include "lib/world.h"

#include "lib/bundles.h"
#include "lib/rights.h"

#include "cmd/cmd.h"
#include "stamp/stamp.h"
#include "store/anchor.h"
#include "text/utf8.h"
#include "unit/stamp/openssl_tsa.h"

#define PEOPLE 12

static struct {
	struct world w;
	struct check_keys keys;
	struct buf bundle[PEOPLE];
} made;

static int people_up(void **state)
{
	char address[64];
	struct buf keys;

	(void)state;
	world_open(&made.w, WORLD_SITE);
	for (unsigned i = 0; i < PEOPLE; i++)
		bundles_person(&made.w, i, address);
	bundles_checkpoint(&made.w);
	for (unsigned i = 0; i < PEOPLE; i++) {
		snprintf(address, sizeof(address), "person%u@example.org", i);
		buf_init(&made.bundle[i], BUNDLE_MAX_BYTES);
		bundles_make(&made.w, address, &made.bundle[i]);
	}
	buf_init(&keys, 65536);
	bundles_keys(&made.w, &keys);
	assert_ok(check_keys_read(&made.keys, buf_slice(&keys), EI));
	buf_free(&keys);
	return 0;
}

static int people_down(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PEOPLE; i++)
		buf_free(&made.bundle[i]);
	world_close(&made.w);
	return 0;
}

static void look(const struct buf *b, struct check_report *r)
{
	assert_ok(check_bundle(buf_slice(b), &made.keys, r, EI));
}

static void print_faults(const struct check_report *r)
{
	for (size_t i = 0; i < r->nfaults && i < CHECK_FAULTS_MAX; i++)
		print_error("%s %s %s\n", check_fault_name(r->fault[i].kind), r->fault[i].place, r->fault[i].detail);
}

static void test_good(void **state)
{
	struct check_report r;

	(void)state;
	for (unsigned i = 0; i < PEOPLE; i++) {
		char address[64];
		snprintf(address, sizeof(address), "person%u@example.org", i);
		look(&made.bundle[i], &r);
		print_faults(&r);
		assert_int_equal(r.nfaults, 0);
		assert_true(r.keys_given);
		assert_string_equal(r.address, address);
		assert_string_equal(r.site, "club");
		assert_true(r.events > 0 && r.texts >= 3 && r.records > 0);
		assert_int_equal(r.parts, 3 * r.events);
		assert_int_equal(r.uncovered, 0);
		assert_true(r.newest_size > PEOPLE);
		assert_int_equal(r.nlines, r.events);
		assert_string_equal(r.line[0].kind, "requested");
	}
}

static void handed_over(int64_t id, const char *state)
{
	const struct rights r = rights_of(&made.w, WITHDRAW_HUB);
	struct check_report rep;
	struct arena a;
	struct buf b;

	arena_init(&a, 64u << 20);
	buf_init(&b, RIGHTS_EXPORT_MAX_BYTES);
	assert_ok(rights_export(&r, &a, id, RIGHTS_JSON, &b, EI));
	look(&b, &rep);
	print_faults(&rep);
	assert_int_equal(rep.nfaults, 0);
	assert_non_null(memmem(b.data, b.len, state, strlen(state)));
	assert_true(rep.uncovered > 0); /* that it was handed over is newer than any checkpoint, and stands in it */
	b.data[b.len / 2] ^= 1;
	look(&b, &rep);
	assert_true(rep.nfaults > 0);
	buf_free(&b);
	arena_free(&a);
}

/* What people take with them at the hub is such a file, in every state that leaves something to take. */
static void test_handed_over(void **state)
{
	int64_t id = 0;

	(void)state;
	world_state(&made.w, "person10@example.org", &id);
	handed_over(id, "\"state\":\"active\",\"created\"");
	rights_do(&made.w, id, DO_RESTRICT, WITHDRAW_HUB);
	handed_over(id, "\"state\":\"restricted\",\"created\"");
	rights_do(&made.w, id, DO_ERASE, WITHDRAW_HUB);
	handed_over(id, "\"state\":\"erased\",\"created\"");
}

/* Without a key the file still fits together, and the report does not say that it was signed by the site. */
static void test_no_key(void **state)
{
	const struct check_keys none = {.n = 0};
	struct check_report r;

	(void)state;
	assert_ok(check_bundle(buf_slice(&made.bundle[1]), &none, &r, EI));
	assert_int_equal(r.nfaults, 0);
	assert_false(r.keys_given);
	assert_non_null(strstr(r.signer, "www.verein.test/j/log+"));
}

static void test_forged(void **state)
{
	struct check_report r;
	struct buf b;

	(void)state;
	buf_init(&b, BUNDLE_MAX_BYTES);
	for (int how = 0; how < FORGED__MAX; how++) {
		bool found = false;
		buf_reset(&b);
		buf_add_slice(&b, buf_slice(&made.bundle[3]));
		bundles_forge(&made.w, &b, (enum bundles_forgery)how);
		look(&b, &r);
		for (size_t i = 0; i < r.nfaults && i < CHECK_FAULTS_MAX; i++)
			found = found || (r.fault[i].kind == bundles_faults[how] && r.fault[i].place[0] == '/');
		if (!found) {
			print_faults(&r);
			fail_msg("forged by %s: not found", bundles_forgeries[how]);
		}
	}
	buf_free(&b);
}

/* A stranger's file is in order in itself: only a key from elsewhere shows it. */
static void test_stranger(void **state)
{
	const struct check_keys none = {.n = 0};
	struct check_report r;
	struct buf b;

	(void)state;
	buf_init(&b, BUNDLE_MAX_BYTES);
	buf_add_slice(&b, buf_slice(&made.bundle[3]));
	bundles_forge(&made.w, &b, FORGED_STRANGER);
	assert_ok(check_bundle(buf_slice(&b), &none, &r, EI));
	assert_int_equal(r.fault[0].kind, CHECK_CHECKPOINT);
	buf_free(&b);
}

static bool plain(const char *s)
{
	return utf8_valid(slice_from(s)) && !utf8_has_control(slice_from(s), false);
}

/* Whoever forges a file cannot write on the terminal of who checks it: no "in order" of their own, no hidden lines. */
static void test_terminal(void **state)
{
	const struct check_keys none = {.n = 0};
	struct crypt_key *k = bundles_stranger();
	struct check_report r;
	struct buf b;

	(void)state;
	buf_init(&b, BUNDLE_MAX_BYTES);
	buf_add_slice(&b, buf_slice(&made.bundle[4]));
	bundles_change(&b, "\"controller\":\"", 1, "\"controller\":\"\\u001b[2J\\nx.json: in order.\\u202e");
	bundles_change(&b, "\"address\":\"", 1, "\"address\":\"\\u009b1A");
	bundles_change(&b, "\\\"kind\\\":\\\"", 1, "\\\"kind\\\":\\\"\\\\u001b[8m");
	bundles_change(&b, "\\\"purposes\\\":[\\\"", 1, "\\\"purposes\\\":[\\\"\\\\n\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc"
	    "\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc");
	bundles_resign(&b, k);
	assert_ok(check_bundle(buf_slice(&b), &none, &r, EI));
	assert_int_equal(r.nlines, r.events);
	assert_string_equal(r.controller, "?[2J?x.json: in order.?Radverein Nordstadt & Söhne e. V.");
	assert_true(strncmp(r.address, "?1A", 3) == 0);
	assert_string_equal(r.line[0].kind, "?[8mrequested");
	assert_true(plain(r.line[0].purposes) && r.line[0].purposes[0] == '?');
	bundles_change(&b, "\"controller\":\"", 1, "\"c\\u001b\\n\":1,\"controller\":\"");
	bundles_resign(&b, k);
	assert_ok(check_bundle(buf_slice(&b), &none, &r, EI));
	assert_true(r.nfaults > 0);
	for (size_t i = 0; i < r.nfaults && i < CHECK_FAULTS_MAX; i++)
		assert_true(plain(r.fault[i].place) && plain(r.fault[i].detail));
	crypt_key_free(k);
	buf_free(&b);
}

/* Every changed byte, and every cut, is found. SOAK=1 tries all of them. */
static void test_bytes(void **state)
{
	const char *soak = getenv("SOAK");
	struct buf *b = &made.bundle[4];
	size_t tries = soak && *soak == '1' ? b->len : 2000;
	struct check_report r;

	(void)state;
	for (size_t i = 0; i < tries; i++) {
		size_t at = tries == b->len ? i : crypt_random_below((uint32_t)b->len);
		char was = b->data[at];
		b->data[at] = (char)(was ^ (1 + (int)crypt_random_below(255)));
		look(b, &r);
		b->data[at] = was;
		if (!r.nfaults)
			fail_msg("byte %zu of %zu changed, and nothing was found", at, b->len);
	}
	for (size_t i = 0; i < 500; i++) {
		size_t len = crypt_random_below((uint32_t)b->len);
		assert_ok(check_bundle(slice_make(b->data, len), &made.keys, &r, EI));
		assert_true(r.nfaults > 0);
	}
	look(b, &r);
	assert_int_equal(r.nfaults, 0);
}

/* After the period of IP addresses only C is left of them, and all else still holds. */
static void test_ip_gone(void **state)
{
	struct check_report r;
	struct buf b;
	unsigned n;

	(void)state;
	assert_ok(event_drop_ip(made.w.store, made.w.now_ms + 1, 1000, &n, EI));
	assert_true(n > 0);
	buf_init(&b, BUNDLE_MAX_BYTES);
	bundles_make(&made.w, "person4@example.org", &b);
	look(&b, &r);
	print_faults(&r);
	assert_int_equal(r.nfaults, 0);
	assert_int_equal(r.parts_gone, r.events);
	buf_free(&b);
}

/* An event behind the newest checkpoint has no path, and the report says so. */
static void test_behind(void **state)
{
	struct check_report r;
	struct buf b;

	(void)state;
	world_signup(&made.w, "news", "late@example.org", "news", "de");
	buf_init(&b, BUNDLE_MAX_BYTES);
	bundles_make(&made.w, "late@example.org", &b);
	look(&b, &r);
	print_faults(&r);
	assert_int_equal(r.nfaults, 0);
	assert_int_equal(r.uncovered, 1);
	buf_free(&b);
}

struct seen {
	const char *ca;
	size_t good, bad;
	int64_t size;
};

static void stamp_seen(const struct check_stamp *s, void *arg)
{
	struct seen *seen = arg;
	struct stamp got;
	bool ok = stamp_verify(s->token, s->digest, seen->ca, &got, EI) == OK;

	seen->good += ok;
	seen->bad += !ok;
	seen->size = s->size;
	assert_true(strncmp(s->place, "/bundle/checkpoints/", 20) == 0);
}

/* The checkpoint's stamp of an authority that openssl plays. */
static void stamp_put(const struct openssl_tsa *tsa, const char *ca)
{
	unsigned char digest[32], nonce[STAMP_NONCE_BYTES] = {1};
	struct buf note, question, answer, token;
	struct checkpoint last;
	struct stamp got;
	struct db *db;

	buf_init(&note, 65536);
	buf_init(&question, 4096);
	buf_init(&answer, STAMP_MAX_BYTES);
	buf_init(&token, STAMP_MAX_BYTES);
	assert_ok(store_write_begin(made.w.store, &db, EI));
	assert_ok(checkpoint_last(db, &last, &note, EI));
	crypt_sha256(digest, note.data, note.len);
	assert_ok(stamp_ask(digest, nonce, &question, EI));
	openssl_answer(tsa, buf_slice(&question), &answer);
	assert_ok(stamp_take(buf_slice(&answer), buf_slice(&question), ca, &got, &token, EI));
	const struct anchor at = {.size = last.size, .kind = ANCHOR_STAMP, .at_ms = got.time_ms,
	    .source = SLICE("https://tsa.example"), .data = buf_slice(&token)};
	assert_ok(anchor_put(db, &at, EI));
	assert_ok(store_write_commit(made.w.store, EI));
	buf_free(&note);
	buf_free(&question);
	buf_free(&answer);
	buf_free(&token);
}

/* `jawort verify FILE --ca CA`: its exit code. */
static int verify_with(const struct buf *b, const char *ca)
{
	char path[] = "/tmp/jawort-bundle-XXXXXX";
	struct cmd_args a = {.n = 1, .ca = ca, .json = true};
	int fd = mkstemp(path), code;

	assert_true(fd >= 0);
	close(fd);
	assert_ok(file_write(path, buf_slice(b), 0600, EI));
	a.words[0] = path;
	code = cmd_verify(&a);
	unlink(path);
	return code;
}

static void test_stamp(void **state)
{
	struct openssl_tsa tsa, other;
	struct check_report r;
	struct seen seen = {.good = 0};
	char ca[120], ca2[120];
	struct buf b;

	(void)state;
	openssl_tsa_make(&tsa);
	openssl_tsa_make(&other);
	openssl_path(&tsa, "ca.crt", ca);
	openssl_path(&other, "ca.crt", ca2);
	stamp_put(&tsa, ca);
	buf_init(&b, BUNDLE_MAX_BYTES);
	bundles_make(&made.w, "person1@example.org", &b);
	look(&b, &r);
	print_faults(&r);
	assert_int_equal(r.nfaults, 0);
	assert_int_equal(r.stamps, 1);
	seen.ca = ca;
	assert_ok(check_stamps(buf_slice(&b), stamp_seen, &seen, EI));
	assert_int_equal(seen.good, 1);
	assert_int_equal(seen.bad, 0);
	assert_int_equal(seen.size, r.newest_size);
	seen.ca = ca2; /* an authority that did not stamp it */
	assert_ok(check_stamps(buf_slice(&b), stamp_seen, &seen, EI));
	assert_int_equal(seen.bad, 1);
	assert_int_equal(check_stamps(SLICE("x"), stamp_seen, &seen, EI), E_INVALID);
	assert_int_equal(verify_with(&b, ca), CMD_DONE);
	assert_int_equal(verify_with(&b, ca2), CMD_FINDINGS);
	/* Certificates that cannot be read say nothing about the file. */
	assert_int_equal(verify_with(&b, "/nowhere/ca.crt"), CMD_FAILED);
	assert_int_equal(verify_with(&b, "/dev/null"), CMD_FAILED);
	buf_free(&b);
	openssl_tsa_remove(&tsa);
	openssl_tsa_remove(&other);
}

static void test_keys(void **state)
{
	static const struct {
		int row;
		const char *text;
		enum err want;
		size_t n;
	} rows[] = {
	    {__LINE__, "", OK, 0},
	    {__LINE__, "# nothing\n\n", OK, 0},
	    {__LINE__, "x\n", E_INVALID, 0},
	    {__LINE__, "  AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA  signs, since 2026-11-21\n", OK, 1},
	    {__LINE__, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n", OK, 1},
	    {__LINE__, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB\n", E_INVALID, 0},
	    {__LINE__, "name+00000000+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n", E_INVALID, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct check_keys k = {.n = 0};
		if (check_keys_read(&k, slice_from(rows[i].text), NULL) != rows[i].want
		    || (!rows[i].want && k.n != rows[i].n))
			fail_msg("row %d", rows[i].row);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_good), cmocka_unit_test(test_no_key), cmocka_unit_test(test_forged),
	    cmocka_unit_test(test_stranger), cmocka_unit_test(test_terminal), cmocka_unit_test(test_bytes), cmocka_unit_test(test_ip_gone),
	    cmocka_unit_test(test_stamp), cmocka_unit_test(test_behind), cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_handed_over),
	};

	return cmocka_run_group_tests(tests, people_up, people_down);
}

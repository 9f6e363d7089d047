/* How long a form was open: what is believed, what makes doubt, and what the gate does then. */
#include "lib/world.h"

#include "core/formtoken.h"

#define SECOND_MS INT64_C(1000)

static const struct keyring *keys_of(struct world *w)
{
	return store_keyring(w->store);
}

static enum formtoken check(struct world *w, const char *form, const char *text)
{
	return formtoken_check(keys_of(w), form, slice_from(text), w->now_ms);
}

static void test_age(void **state)
{
	static const struct {
		int line;
		int64_t age_ms;
		enum formtoken want;
	} rows[] = {
		{__LINE__, 0, FORMTOKEN_YOUNG},
		{__LINE__, FORMTOKEN_MIN_AGE_S * SECOND_MS - 1000, FORMTOKEN_YOUNG},
		{__LINE__, FORMTOKEN_MIN_AGE_S * SECOND_MS, FORMTOKEN_GOOD},
		{__LINE__, HOUR_MS, FORMTOKEN_GOOD},
		{__LINE__, FORMTOKEN_MAX_AGE_S * SECOND_MS, FORMTOKEN_GOOD},
		{__LINE__, FORMTOKEN_MAX_AGE_S * SECOND_MS + 1000, FORMTOKEN_OLD},
		{__LINE__, 3650 * DAY_MS, FORMTOKEN_OLD},
		/* a clock that was set back */
		{__LINE__, -1 * SECOND_MS, FORMTOKEN_YOUNG},
		{__LINE__, -DAY_MS, FORMTOKEN_YOUNG},
	};
	struct world *w = *state;
	char token[FORMTOKEN_BYTES];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum formtoken got;
		formtoken_make(keys_of(w), "news", w->now_ms, token);
		got = formtoken_check(keys_of(w), "news", slice_from(token), w->now_ms + rows[i].age_ms);
		if (got != rows[i].want)
			fail_msg("row of line %d: %d", rows[i].line, (int)got);
	}
}

/* Two seconds are two seconds, wherever in a second the token was made. */
static void test_part_of_a_second(void **state)
{
	struct world *w = *state;
	char token[FORMTOKEN_BYTES];

	for (int64_t ms = 0; ms < 1000; ms += 37) {
		int64_t at = WORLD_NOW / 1000 * 1000 + ms;
		formtoken_make(keys_of(w), "news", at, token);
		assert_int_equal(formtoken_check(keys_of(w), "news", slice_from(token), at + 2000), FORMTOKEN_GOOD);
		assert_int_equal(formtoken_check(keys_of(w), "news", slice_from(token), at + 900), FORMTOKEN_YOUNG);
	}
}

static void test_false(void **state)
{
	static const struct {
		int line;
		const char *text;
		enum formtoken want;
	} rows[] = {
		{__LINE__, "", FORMTOKEN_ABSENT},
		{__LINE__, "x", FORMTOKEN_FALSE},
		{__LINE__, ".", FORMTOKEN_FALSE},
		{__LINE__, "1795269909", FORMTOKEN_FALSE},
		{__LINE__, "1795269909.", FORMTOKEN_FALSE},
		{__LINE__, "1795269909.AAAAAAAAAAAAAAAAAAAAAA", FORMTOKEN_FALSE},
		{__LINE__, "-1795269909.AAAAAAAAAAAAAAAAAAAAAA", FORMTOKEN_FALSE},
		{__LINE__, "99999999999999999999999.AAAAAAAAAAAAAAAAAAAAAA", FORMTOKEN_FALSE},
		{__LINE__, "9223372036854775807.AAAAAAAAAAAAAAAAAAAAAA", FORMTOKEN_FALSE},
		{__LINE__, "1795269909.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", FORMTOKEN_FALSE},
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (check(w, "news", rows[i].text) != rows[i].want)
			fail_msg("row of line %d", rows[i].line);
}

/* Any other byte anywhere, another form, another spelling of the same time: not ours. */
static void test_altered(void **state)
{
	struct world *w = *state;
	char token[FORMTOKEN_BYTES], other[FORMTOKEN_BYTES + 1];
	size_t n;

	formtoken_make(keys_of(w), "news", w->now_ms - HOUR_MS, token);
	n = strlen(token);
	assert_int_equal(check(w, "news", token), FORMTOKEN_GOOD);
	assert_int_equal(check(w, "both", token), FORMTOKEN_FALSE);
	assert_int_equal(check(w, "new", token), FORMTOKEN_FALSE);
	for (size_t i = 0; i < n; i++) {
		snprintf(other, sizeof(other), "%s", token);
		other[i] = other[i] == '1' ? '2' : '1';
		assert_int_equal(check(w, "news", other), FORMTOKEN_FALSE);
	}
	snprintf(other, sizeof(other), "0%s", token);
	assert_int_equal(check(w, "news", other), FORMTOKEN_FALSE);
	snprintf(other, sizeof(other), "%.*s", (int)n - 1, token);
	assert_int_equal(check(w, "news", other), FORMTOKEN_FALSE);
}

/* A token made before the key was changed is as good after it. */
static void test_rotation(void **state)
{
	struct world *w = *state;
	struct keyring *newer, *strange;
	char token[FORMTOKEN_BYTES], path[200];

	formtoken_make(keys_of(w), "news", w->now_ms - HOUR_MS, token);
	snprintf(path, sizeof(path), "%s/keys/club.keys", w->root);
	assert_ok(keyring_rotate_token(path, EI));
	assert_ok(keyring_load(&newer, path, EI));
	assert_int_equal(formtoken_check(newer, "news", slice_from(token), w->now_ms), FORMTOKEN_GOOD);
	formtoken_make(newer, "news", w->now_ms - HOUR_MS, token);
	assert_int_equal(formtoken_check(newer, "news", slice_from(token), w->now_ms), FORMTOKEN_GOOD);
	assert_int_equal(check(w, "news", token), FORMTOKEN_FALSE);
	snprintf(path, sizeof(path), "%s/strange.keys", w->root);
	assert_ok(keyring_create(&strange, path, EI));
	assert_int_equal(formtoken_check(strange, "news", slice_from(token), w->now_ms), FORMTOKEN_FALSE);
	keyring_free(strange);
	keyring_free(newer);
}

/* The gate: nothing said is fine, all that is not good leads to the review page, and its button works. */
static void test_gate(void **state)
{
	struct world *w = *state;
	const char *v = world_consent(w, "news", "de")->v;
	char body[400], token[FORMTOKEN_BYTES];
	struct gate_answer a;

	snprintf(body, sizeof(body), "email=a@example.org&ok=1&v=%s", v);
	assert_int_equal(world_gate(w, "news", body).result, GATE_ACCEPTED);
	snprintf(body, sizeof(body), "email=b@example.org&ok=1&v=%s&t=", v);
	assert_int_equal(world_gate(w, "news", body).result, GATE_ACCEPTED);
	formtoken_make(keys_of(w), "news", w->now_ms - 3 * SECOND_MS, token);
	snprintf(body, sizeof(body), "email=c@example.org&ok=1&v=%s&t=%s", v, token);
	assert_int_equal(world_gate(w, "news", body).result, GATE_ACCEPTED);
	formtoken_make(keys_of(w), "news", w->now_ms, token);
	snprintf(body, sizeof(body), "email=d@example.org&ok=1&v=%s&t=%s", v, token);
	a = world_gate(w, "news", body);
	assert_int_equal(a.result, GATE_REVIEW);
	snprintf(body, sizeof(body), "email=d@example.org&ok=1&v=%s&t=%s&r=%s", v, token, a.review);
	assert_int_equal(world_gate(w, "news", body).result, GATE_ACCEPTED);
	snprintf(body, sizeof(body), "email=e@example.org&ok=1&v=%s&t=1.x", v);
	assert_int_equal(world_gate(w, "news", body).result, GATE_REVIEW);
	assert_int_equal(world_intake(w), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_age, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_part_of_a_second, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_false, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_altered, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_rotation, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_gate, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What a changed configuration means for the people on the list. */
#include "core/notice_change.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "conf/key.h"

#define CONF "jawort-conf 1\n"

static const struct {
	int line;
	const char *before, *after, *want; /* "path duty;path duty" */
} CASES[] = {
	{__LINE__, CONF, CONF, ""},
	{__LINE__, CONF "retention.logs = 7d\n", CONF "retention.logs = 7d\n", ""},
	{__LINE__, CONF "retention.logs = 7d\n", CONF "retention.logs = 14d\n", "retention.logs 1"},
	{__LINE__, CONF "look.accent = #111111\n", CONF "look.accent = #222222\n", "look.accent 0"},
	{__LINE__, CONF "controller.phone = 1\n", CONF "controller.phone = 2\n", "controller.phone 0"},
	{__LINE__, CONF "controller.name = A\n", CONF "controller.name = B\n", "controller.name 2"},
	{__LINE__, CONF, CONF "joint.with[0] = B\n", "joint.with[0] 2"},
	{__LINE__, CONF "joint.with[0] = B\n", CONF, "joint.with[0] 0"},
	{__LINE__, CONF "purposes.a.content.de = x\n", CONF "purposes.a.content.de = y\n", "purposes.a.content.de 2"},
	{__LINE__, CONF, CONF "purposes.b.title.de = x\n", "purposes.b.title.de 2"},
	{__LINE__, CONF "purposes.b.title.de = x\n", CONF, "purposes.b.title.de 0"},
	{__LINE__, CONF, CONF "processors.m.contract_party = M\n", "processors.m.contract_party 1"},
	{__LINE__, CONF "processors.m.us_affiliate = false\n", CONF "processors.m.us_affiliate = true\n",
	    "processors.m.us_affiliate 1"},
	{__LINE__, CONF "hosting.country = DE\n", CONF "hosting.country = US\n", "hosting.country 1"},
	{__LINE__, CONF "hosting = self\n", CONF "hosting.contract_party = H\n", "hosting 1;hosting.contract_party 1"},
	{__LINE__, CONF "a = = b\nevidence.ip = none\n", CONF "evidence.ip = full\n", "a 0;evidence.ip 1"},
	{__LINE__, "", "x", ""},
};

static void test_cases(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 1u << 20);
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		const struct notice_change *c = notice_changes(&a, slice_from(CASES[i].before), slice_from(CASES[i].after));
		struct buf b;
		buf_init(&b, 4096);
		for (; c; c = c->next) {
			buf_printf(&b, "%s%.*s %d", b.len ? ";" : "", SLICE_FMT(c->path), (int)c->duty);
			assert_int_equal(c->duty != NOTICE_DUTY_NONE, *c->why != '\0');
		}
		if (strcmp(b.data, CASES[i].want) != 0)
			fail_msg("row of line %d: %s", CASES[i].line, b.data);
		buf_free(&b);
		arena_reset(&a);
	}
	arena_free(&a);
}

/* What people consented to is named in the keys of a purpose: each that shows in the notice has a duty. */
static void test_keys_of_a_purpose(void **state)
{
	size_t n;
	const struct conf_key *keys = conf_keys(&n);
	const char *why;

	(void)state;
	for (size_t i = 0; i < n; i++)
		if (strncmp(keys[i].path, "purposes.*.", 11) == 0 && keys[i].notice && strcmp(keys[i].path + 11, "basis") != 0)
			if (notice_duty_of(keys[i].path, false, &why) == NOTICE_DUTY_NONE || !*why)
				fail_msg("%s: nothing follows from it?", keys[i].path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_keys_of_a_purpose),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

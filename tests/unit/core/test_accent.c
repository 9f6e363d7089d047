#include "core/accent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"

/* Expected values: an independent calculation in another language with its own rounding and powers. */
static const struct {
	int line;
	const char *colour, *css;
} CSS[] = {
	{__LINE__, "#17604f",
	    ":root{--jawort-accent:#17604f;--jawort-accent-text:#ffffff}"
	    "@media(prefers-color-scheme:dark){"
	    ":root{--jawort-accent:#7fa89e;--jawort-accent-text:#0c100e}}"},
	{__LINE__, "#f5b70a",
	    ":root{--jawort-accent:#f5b70a;--jawort-accent-text:#0c100e;--jawort-link:#8e6a06}"
	    "@media(prefers-color-scheme:dark){"
	    ":root{--jawort-accent:#f5b70a;--jawort-accent-text:#0c100e;--jawort-link:#f5b70a}}"},
	{__LINE__, "#1c4da1",
	    ":root{--jawort-accent:#1c4da1;--jawort-accent-text:#ffffff}"
	    "@media(prefers-color-scheme:dark){"
	    ":root{--jawort-accent:#87a1cd;--jawort-accent-text:#0c100e}}"},
	{__LINE__, "#ffffff",
	    ":root{--jawort-accent:#ffffff;--jawort-accent-text:#0c100e;--jawort-link:#707070}"
	    "@media(prefers-color-scheme:dark){"
	    ":root{--jawort-accent:#ffffff;--jawort-accent-text:#0c100e;--jawort-link:#ffffff}}"},
	{__LINE__, "#000000",
	    ":root{--jawort-accent:#000000;--jawort-accent-text:#ffffff}"
	    "@media(prefers-color-scheme:dark){"
	    ":root{--jawort-accent:#a1a1a1;--jawort-accent-text:#0c100e}}"},
	{__LINE__, "#808080",
	    ":root{--jawort-accent:#808080;--jawort-accent-text:#0c100e;--jawort-link:#6f6f6f}"
	    "@media(prefers-color-scheme:dark){"
	    ":root{--jawort-accent:#a0a0a0;--jawort-accent-text:#0c100e;--jawort-link:#a0a0a0}}"},
	{__LINE__, "#e30613",
	    ":root{--jawort-accent:#e30613;--jawort-accent-text:#ffffff;--jawort-link:#e10613}"
	    "@media(prefers-color-scheme:dark){"
	    ":root{--jawort-accent:#f07e84;--jawort-accent-text:#0c100e;--jawort-link:#f07e84}}"},
	/* case of the digits does not matter, the answer is in lower case */
	{__LINE__, "#17604F",
	    ":root{--jawort-accent:#17604f;--jawort-accent-text:#ffffff}"
	    "@media(prefers-color-scheme:dark){"
	    ":root{--jawort-accent:#7fa89e;--jawort-accent-text:#0c100e}}"},
	/* what is no colour counts as the default */
	{__LINE__, "17604f",
	    ":root{--jawort-accent:#1c4da1;--jawort-accent-text:#ffffff}"
	    "@media(prefers-color-scheme:dark){"
	    ":root{--jawort-accent:#87a1cd;--jawort-accent-text:#0c100e}}"},
	{__LINE__, "",
	    ":root{--jawort-accent:#1c4da1;--jawort-accent-text:#ffffff}"
	    "@media(prefers-color-scheme:dark){"
	    ":root{--jawort-accent:#87a1cd;--jawort-accent-text:#0c100e}}"},
};

static void test_css(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(CSS) / sizeof(CSS[0]); i++) {
		struct buf b;

		buf_init(&b, 4096);
		accent_css(&b, slice_from(CSS[i].colour));
		assert_true(buf_ok(&b));
		if (strcmp(b.data, CSS[i].css) != 0) {
			fprintf(stderr, "row of line %d: %s\n", CSS[i].line, b.data);
			fail();
		}
		buf_free(&b);
	}
}

static const struct {
	int line;
	const char *colour;
	bool valid;
} VALID[] = {
	{__LINE__, "#17604f", true},
	{__LINE__, "#ABCDEF", true},
	{__LINE__, "#17604", false},
	{__LINE__, "#17604ff", false},
	{__LINE__, "17604ff", false},
	{__LINE__, "#17604g", false},
	{__LINE__, "#1760 4", false},
	{__LINE__, "#abc", false},
	{__LINE__, "", false},
	{__LINE__, "#", false},
};

static void test_valid(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(VALID) / sizeof(VALID[0]); i++)
		if (accent_valid(slice_from(VALID[i].colour)) != VALID[i].valid)
			fail_msg("row of line %d", VALID[i].line);
}

static const struct {
	int line;
	const char *colour, *fill, *text;
} PAIRS[] = {
	{__LINE__, "#17604f", "#17604f", "#ffffff"},
	{__LINE__, "#f5b70a", "#f5b70a", "#0c100e"},
	{__LINE__, "#FFFFFF", "#ffffff", "#0c100e"},
	{__LINE__, "#767676", "#767676", "#ffffff"}, /* 4.54: the lightest grey that takes white */
	{__LINE__, "#777777", "#777777", "#0c100e"}, /* 4.48 */
	{__LINE__, "red", "#1c4da1", "#ffffff"},
};

static void test_pair(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(PAIRS) / sizeof(PAIRS[0]); i++) {
		struct accent_pair p = accent_pair(slice_from(PAIRS[i].colour));

		if (strcmp(p.fill, PAIRS[i].fill) != 0 || strcmp(p.text, PAIRS[i].text) != 0)
			fail_msg("row of line %d: %s on %s", PAIRS[i].line, p.text, p.fill);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_css),
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

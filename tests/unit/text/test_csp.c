/* What a Content-Security-Policy allows: a table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "text/csp.h"

static const struct {
	int row;
	const char *policy;
	enum csp_use use;
	bool allowed;
} rows[] = {
    {__LINE__, "", CSP_SCRIPT, true},
    {__LINE__, "img-src 'none'", CSP_SCRIPT, true},
    {__LINE__, "default-src 'none'", CSP_SCRIPT, false},
    {__LINE__, "default-src 'none'", CSP_FRAME, false},
    {__LINE__, "default-src 'none'", CSP_FORM, true},
    {__LINE__, "form-action 'self'", CSP_FORM, false},
    {__LINE__, "form-action 'self' https://j.test", CSP_FORM, true},
    {__LINE__, "form-action", CSP_FORM, false},
    {__LINE__, "script-src 'self'", CSP_SCRIPT, false},
    {__LINE__, "SCRIPT-SRC  HTTPS://J.TEST", CSP_SCRIPT, true},
    {__LINE__, "script-src http://j.test:443", CSP_SCRIPT, true},
    {__LINE__, "script-src j.test", CSP_SCRIPT, true},
    {__LINE__, "script-src j.test:*", CSP_SCRIPT, true},
    {__LINE__, "script-src j.test:8443", CSP_SCRIPT, false},
    {__LINE__, "script-src *.test", CSP_SCRIPT, true},
    {__LINE__, "script-src *.j.test", CSP_SCRIPT, false},
    {__LINE__, "script-src *", CSP_SCRIPT, true},
    {__LINE__, "script-src https:", CSP_SCRIPT, true},
    {__LINE__, "script-src data:", CSP_SCRIPT, false},
    {__LINE__, "script-src https://j.test/j/", CSP_SCRIPT, true},
    {__LINE__, "script-src https://j.test/x/", CSP_SCRIPT, false},
    {__LINE__, "script-src https://j.test/j/jawort.js", CSP_SCRIPT, true},
    {__LINE__, "script-src https://j.test/j", CSP_SCRIPT, false},
    {__LINE__, "script-src 'nonce-abc'", CSP_SCRIPT, true},
    {__LINE__, "script-src 'strict-dynamic' 'unsafe-inline'", CSP_SCRIPT, true},
    {__LINE__, "script-src 'unsafe-inline'", CSP_SCRIPT, false},
    {__LINE__, "script-src-elem 'none'; script-src *", CSP_SCRIPT, false},
    {__LINE__, "script-src *; script-src 'none'", CSP_SCRIPT, true},
    {__LINE__, "script-src *, script-src 'none'", CSP_SCRIPT, false},
    {__LINE__, "script-src *\nscript-src 'none'\n", CSP_SCRIPT, false},
    {__LINE__, "child-src 'none'; default-src *", CSP_FRAME, false},
    {__LINE__, "frame-src *; child-src 'none'", CSP_FRAME, true},
    {__LINE__, "connect-src 'none'", CSP_CONNECT, false},
    {__LINE__, "style-src 'self'", CSP_STYLE, false},
    {__LINE__, ";;  ; ,", CSP_STYLE, true},
};

static void test_rows(void **state)
{
	struct url what, page;

	(void)state;
	assert_true(url_parse(SLICE("https://j.test/j/jawort.js"), &what));
	assert_true(url_parse(SLICE("https://www.verein.test/seite"), &page));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (csp_allows(slice_from(rows[i].policy), rows[i].use, &what, &page) != rows[i].allowed)
			fail_msg("row %d: %s", rows[i].row, rows[i].policy);
	/* The page's own origin. */
	assert_true(csp_allows(SLICE("script-src 'self'"), CSP_SCRIPT, &page, &page));
	for (int u = 0; u < CSP_USE__MAX; u++)
		assert_non_null(csp_directive((enum csp_use)u));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

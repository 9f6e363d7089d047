/* The table of routes: each row is found by its own path and by no other. */
#include "web/route_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void test_rows(void **state)
{
	(void)state;
	assert_true(route_count >= 12);
	for (size_t i = 0; i < route_count; i++) {
		const struct route *r = &routes[i];
		struct slice arg;
		char path[100];
		snprintf(path, sizeof(path), "%s%s%s", r->path, r->arg == ROUTE_PLAIN ? "" : "xyz", r->tail);
		assert_ptr_equal(route_find(slice_from(path), &arg), r);
		assert_int_equal(arg.len, r->arg == ROUTE_PLAIN ? 0 : 3);
		assert_true(r->get || r->post);
		/* Bodies are announced where they are taken, and only there. */
		assert_int_equal(r->post != NULL, r->body_max_bytes > 0);
		assert_true(r->body_max_bytes <= (strncmp(r->path, "/hook/", 6) == 0 ? ROUTE_HOOK_MAX_BYTES
		    : ROUTE_BODY_MAX_BYTES));
		assert_true((int)r->class < PAGE_CLASS__MAX);
		/* A link from a mail is never cached and never passed on. */
		if (r->arg == ROUTE_TOKEN)
			assert_int_equal(r->class, PAGE_TOKEN);
		if (r->arg == ROUTE_PATH)
			continue;
		/* Names are matched whole, and by case. */
		snprintf(path, sizeof(path), "%s%s%s/", r->path, r->arg == ROUTE_PLAIN ? "" : "xyz", r->tail);
		assert_null(route_find(slice_from(path), &arg));
		snprintf(path, sizeof(path), "/x%s%s%s", r->path, r->arg == ROUTE_PLAIN ? "" : "xyz", r->tail);
		assert_null(route_find(slice_from(path), &arg));
	}
}

static void test_find(void **state)
{
	static const struct {
		int row;
		const char *path, *found, *arg;
	} rows[] = {
	    {__LINE__, "", NULL, ""}, {__LINE__, "/", NULL, ""}, {__LINE__, "s/news", NULL, ""},
	    {__LINE__, "/s/", NULL, ""}, {__LINE__, "/s", NULL, ""}, {__LINE__, "/s/news", "/s/", "news"},
	    {__LINE__, "/s/news/sent", "/s/", "news"}, {__LINE__, "/s/sent", "/s/", "sent"},
	    {__LINE__, "/s//sent", NULL, ""}, {__LINE__, "/s/a/b", NULL, ""}, {__LINE__, "/s/a/b/sent", NULL, ""},
	    {__LINE__, "/my", "/my", ""}, {__LINE__, "/my/sent", "/my/sent", ""},
	    {__LINE__, "/myx", NULL, ""}, {__LINE__, "/c/", NULL, ""}, {__LINE__, "/c/a", "/c/", "a"}, {__LINE__, "/c/a/sent", NULL, ""},
	    {__LINE__, "/hook/mailjet/a", "/hook/mailjet/", "a"}, {__LINE__, "/hook/mailjet", "/hook/mailjet", ""},
	    {__LINE__, "/hook/mailjet/", NULL, ""}, {__LINE__, "/hook/mailjet/a/b", NULL, ""},
	    {__LINE__, "/hook/", NULL, ""}, {__LINE__, "/hook/brevo/a", "/hook/brevo/", "a"},
	    {__LINE__, "/hook/brevo", "/hook/brevo", ""}, {__LINE__, "/hook/smtp/a", NULL, ""},
	    {__LINE__, "/C/a", NULL, ""}, {__LINE__, "/n", "/n", ""}, {__LINE__, "/n.html", "/n.html", ""},
	    {__LINE__, "/n/v/ab.html", "/n/v/", "ab"}, {__LINE__, "/n/v/", NULL, ""}, {__LINE__, "/n/v/a/b", NULL, ""},
	    {__LINE__, "/n/diff", "/n/diff", ""}, {__LINE__, "/n/versions", "/n/versions", ""}, {__LINE__, "/n.htm", NULL, ""}, {__LINE__, "/nx", NULL, ""}, {__LINE__, "/healthz", "/healthz", ""},
	    {__LINE__, "/log/checkpoint", "/log/checkpoint", ""}, {__LINE__, "/log/tile/0/x001/234", "/log/tile/", "0/x001/234"},
	    {__LINE__, "/log/tile/", NULL, ""}, {__LINE__, "/log/tile", NULL, ""}, {__LINE__, "/log", NULL, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slice arg;
		const struct route *r = route_find(slice_from(rows[i].path), &arg);
		if ((r != NULL) != (rows[i].found != NULL) || (r && strcmp(r->path, rows[i].found) != 0))
			fail_msg("row %d: %s", rows[i].row, r ? r->path : "nothing");
		if (r && !slice_eq_str(arg, rows[i].arg))
			fail_msg("row %d: argument %.*s", rows[i].row, SLICE_FMT(arg));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_find)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

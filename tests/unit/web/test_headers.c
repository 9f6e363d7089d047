/* What every answer carries, by class of page. */
#include "lib/web.h"

#include "web/headers_priv.h"
#include "web/page_priv.h"

struct asked {
	struct page p;
	struct request req;
	struct response res;
};

static struct asked *ask(struct web *t, enum page_class class, const char *tpl, const char *origin, bool shared)
{
	struct asked *a = arena_alloc(&t->w.arena, sizeof(*a));

	a->req.origin = slice_from(origin);
	response_init(&a->res, &t->w.arena);
	a->p = (struct page){.site = t->w.site, .req = &a->req, .res = &a->res, .arena = &t->w.arena, .lang = "de",
	    .class = class, .shared = shared};
	headers_class(&a->p, tpl);
	return a;
}

static const char *of(struct web *t, struct asked *a, const char *name)
{
	struct slice v = response_header_get(&a->res, name);

	return v.ptr ? arena_str(&t->w.arena, v) : "";
}

static void test_classes(void **state)
{
	static const struct {
		enum page_class class;
		const char *cache, *referrer, *cors, *frames;
		bool index;
	} rows[] = {
	    {PAGE_PUBLIC, "public, max-age=60", "strict-origin-when-cross-origin", "", "frame-ancestors 'none'", true},
	    {PAGE_NOTICE, "public, max-age=60", "strict-origin-when-cross-origin", "*", "frame-ancestors 'none'", true},
	    {PAGE_TOKEN, "no-store", "no-referrer", "", "frame-ancestors 'none'", false},
	    {PAGE_ASSET, "public, max-age=86400", "strict-origin-when-cross-origin", "*", "frame-ancestors 'none'", true},
	    {PAGE_DATA, "no-cache", "no-referrer", "*", "frame-ancestors 'none'", false},
	    {PAGE_FRAME, "public, max-age=60", "strict-origin-when-cross-origin", "", "frame-ancestors 'self' https://",
	        false},
	};
	struct web *t = *state;

	assert_int_equal(sizeof(rows) / sizeof(rows[0]), PAGE_CLASS__MAX);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct asked *a = ask(t, rows[i].class, NULL, "", false);
		const char *csp = of(t, a, "Content-Security-Policy");
		assert_string_equal(of(t, a, "Cache-Control"), rows[i].cache);
		assert_string_equal(of(t, a, "Referrer-Policy"), rows[i].referrer);
		assert_string_equal(of(t, a, "X-Content-Type-Options"), "nosniff");
		assert_string_equal(of(t, a, "Access-Control-Allow-Origin"), rows[i].cors);
		assert_int_equal(*of(t, a, "X-Robots-Tag") == '\0', rows[i].index);
		assert_int_equal(strncmp(csp, "default-src 'none'; ", 20), 0);
		assert_non_null(strstr(csp, rows[i].frames));
		assert_non_null(strstr(csp, "form-action "));
		assert_non_null(strstr(csp, "base-uri 'none'"));
		assert_int_equal(strstr(csp, "script-src") != NULL, rows[i].class == PAGE_FRAME);
		assert_null(strstr(csp, "style-src"));
		/* A page with a token may send its form to nowhere but here. */
		if (rows[i].class == PAGE_TOKEN)
			assert_non_null(strstr(csp, "form-action 'self';"));
		/* Twice gives each header once. */
		headers_class(&a->p, "page/form.html");
		for (size_t k = 0; k < a->res.count; k++)
			for (size_t l = 0; l < k; l++)
				assert_string_not_equal(a->res.fields[k].name, a->res.fields[l].name);
		assert_non_null(strstr(of(t, a, "Content-Security-Policy"), "style-src 'sha256-"));
	}
}

/* Scripts may read the answers to a form on pages of the listed origins only. */
static void test_shared(void **state)
{
	static const struct {
		int row;
		const char *origin;
		bool shared, allowed;
	} rows[] = {
	    {__LINE__, "https://www.verein.test", true, true}, {__LINE__, "https://shop.verein.test:8443", true, true},
	    {__LINE__, "https://www.verein.test", false, false}, {__LINE__, "https://evil.example", true, false},
	    {__LINE__, "null", true, false}, {__LINE__, "", true, false}, {__LINE__, "http://www.verein.test", true, false},
	};
	struct web *t = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (int class = 0; class < 2; class++) {
			struct asked *a = ask(t, class ? PAGE_TOKEN : PAGE_PUBLIC, NULL, rows[i].origin, rows[i].shared);
			const char *want = rows[i].allowed ? rows[i].origin : "";
			if (strcmp(of(t, a, "Access-Control-Allow-Origin"), want) != 0)
				fail_msg("row %d: %s", rows[i].row, of(t, a, "Access-Control-Allow-Origin"));
			assert_string_equal(of(t, a, "Access-Control-Allow-Credentials"), "");
			/* Caches keep the answers apart. */
			if (rows[i].allowed || !class)
				assert_non_null(strstr(of(t, a, "Vary"), "Origin"));
		}
}

static void test_retry_words(void **state)
{
	static const struct {
		int64_t seconds;
		const char *de, *en;
	} rows[] = {
	    {1, "1\u00a0Minute", "1\u00a0minute"}, {60, "1\u00a0Minute", "1\u00a0minute"},
	    {61, "2\u00a0Minuten", "2\u00a0minutes"}, {181, "5\u00a0Minuten", "5\u00a0minutes"},
	    {1201, "30\u00a0Minuten", "30\u00a0minutes"}, {3599, "1\u00a0Stunde", "1\u00a0hour"},
	    {3600, "1\u00a0Stunde", "1\u00a0hour"}, {3661, "90\u00a0Minuten", "90\u00a0minutes"},
	    {5401, "2\u00a0Stunden", "2\u00a0hours"}, {50000, "18\u00a0Stunden", "18\u00a0hours"},
	    {86400, "24\u00a0Stunden", "24\u00a0hours"}, {86401, "2\u00a0Tage", "2\u00a0days"},
	    {8 * 86400, "8\u00a0Tage", "8\u00a0days"},
	};
	struct web *t = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct asked *a = ask(t, PAGE_TOKEN, NULL, "", false);
		assert_slice(headers_retry_words(&a->p, rows[i].seconds), rows[i].de);
		a->p.lang = "en";
		assert_slice(headers_retry_words(&a->p, rows[i].seconds), rows[i].en);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_classes), cmocka_unit_test(test_shared), cmocka_unit_test(test_retry_words),
	};
	return cmocka_run_group_tests(tests, web_setup, web_teardown);
}

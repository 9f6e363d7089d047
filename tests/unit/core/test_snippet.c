/*
 * What owners paste. Golden files below tests/golden/snippet (GOLDEN=write writes
 * them): where the form itself is in a snippet, only its ends are kept, so that a new word in it
 * changes nothing here. The frozen script's hash is in them on purpose: jawort.v1.js never changes.
 */
#include "lib/world.h"

#include "core/embed.h"
#include "core/snippet.h"

#define GOLDEN_DIR "tests/golden/snippet"

static struct slice snippet(struct world *w, const char *as, const char *form, const char *lang)
{
	struct buf b;

	buf_init_arena(&b, &w->arena, 1u << 20);
	assert_ok(snippet_render(w->site, &w->arena, as, world_form(w, form), lang, &b, EI));
	return buf_slice(&b);
}

/* Without what stands between the form's first tag and its button. */
static struct slice ends_only(struct world *w, struct slice s)
{
	const char *from = memmem(s.ptr, s.len, "<form ", 6), *to = memmem(s.ptr, s.len, "<p class=\"jawort-do\">", 21);
	struct buf b;

	if (!from || !to)
		return s;
	buf_init_arena(&b, &w->arena, 1u << 20);
	buf_add_slice(&b, slice_make(s.ptr, (size_t)(from - s.ptr)));
	buf_add_str(&b, "<form ...\n");
	buf_add_slice(&b, slice_make(to, (size_t)(s.ptr + s.len - to)));
	return buf_slice(&b);
}

static void golden(const char *name, struct slice got)
{
	const char *mode = getenv("GOLDEN");
	char path[200];
	struct buf want;

	snprintf(path, sizeof(path), GOLDEN_DIR "/%s", name);
	if (mode && strcmp(mode, "write") == 0) {
		assert_ok(file_write(path, got, 0644, EI));
		return;
	}
	buf_init(&want, 1u << 20);
	assert_ok(file_read(&want, path, EI));
	if (!slice_eq(buf_slice(&want), got))
		fail_msg("%s differs; got:\n%.*s", path, SLICE_FMT(got));
	buf_free(&want);
}

static void test_golden(void **state)
{
	struct world *w = *state;
	char name[100];

	for (size_t i = 0; i < snippet_count; i++) {
		const char *as = snippet_name(i);
		snprintf(name, sizeof(name), "%s.txt", as);
		golden(name, ends_only(w, snippet(w, as, "news", NULL)));
		snprintf(name, sizeof(name), "%s.both.en.txt", as);
		golden(name, ends_only(w, snippet(w, as, "both", "en")));
	}
}

/* What stands in a page must be the form itself: its text, its "v", its honeypot. */
static void test_whole_form(void **state)
{
	static const char *const ways[] = {"html", "jekyll"};
	struct world *w = *state;
	char v[60];

	for (size_t i = 0; i < 2; i++) {
		struct slice s = snippet(w, ways[i], "news", "en");
		const char *text = memmem(s.ptr, s.len, "Yes, I consent", 14);
		snprintf(v, sizeof(v), "name=\"v\" value=\"%s\"", world_consent(w, "news", "en")->v);
		assert_non_null(text);
		assert_non_null(memmem(s.ptr, s.len, v, strlen(v)));
		assert_non_null(memmem(s.ptr, s.len, "method=\"post\"", 13));
	}
}

/* Names and titles come from the configuration: they must not break out of an attribute or a tag. */
static void test_hostile_words(void **state)
{
	struct world *w = *state;
	char *site = world_replace(WORLD_SITE, "title: { de: Vereinspost, en: Club mail }",
	    "title: { de: \"A\\\"><script>x</script>\", en: \"B\\\">\" }");

	world_reload(w, site);
	free(site);
	for (size_t i = 0; i < snippet_count; i++) {
		struct slice s = snippet(w, snippet_name(i), "news", NULL);
		if (memmem(s.ptr, s.len, "<script>x", 9))
			fail_msg("%s", snippet_name(i));
	}
}

static void test_unknown_way(void **state)
{
	struct world *w = *state;
	struct buf b;

	buf_init_arena(&b, &w->arena, 4096);
	assert_int_equal(snippet_render(w->site, &w->arena, "php", world_form(w, "news"), NULL, &b, EI), E_NOT_FOUND);
	assert_int_equal(b.len, 0);
	assert_non_null(strstr(world_ei.text, "two-line, html, iframe, ssi, hugo, jekyll, eleventy, astro"));
}

/* The first version: until a second one is released, both are the same. */
static void test_frozen(void **state)
{
	const struct embedded_file *live = embed_find("static/jawort.js"), *one = embed_find("static/jawort.v1.js");

	(void)state;
	assert_non_null(live);
	assert_non_null(one);
	assert_int_equal(live->len, one->len);
	assert_memory_equal(live->data, one->data, one->len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_golden, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_whole_form, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_hostile_words, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_unknown_way, world_setup, world_teardown),
		cmocka_unit_test(test_frozen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

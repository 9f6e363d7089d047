#include "text/view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"

static struct arena arena;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, ARENA_REQUEST_MAX_BYTES);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static void expect_text(const struct view *v, const char *name, const char *want)
{
	struct view_value val;
	assert_true(view_get(v, slice_from(name), &val));
	if (!slice_eq_str(val.text, want))
		fail_msg("%s is \"%.*s\", not \"%s\"", name, SLICE_FMT(val.text), want);
}

static void test_kinds(void **state)
{
	(void)state;
	struct view *v = view_new(&arena);
	const struct phrase *ph = (const struct phrase *)(const void *)&arena; /* only its address matters */
	view_text(v, "t", SLICE("text"));
	view_url(v, "u", SLICE("https://x/"));
	view_email(v, "e", SLICE("a@b.example"));
	view_lines(v, "l", SLICE("a\nb"));
	view_html(v, "h", SLICE("<b>"));
	view_bool(v, "yes", true);
	view_bool(v, "no", false);
	view_phrase(v, "p", ph);
	view_phrase(v, "p0", NULL);
	view_list(v, "empty");
	view_text(v, "t0", SLICE(""));
	view_cstr(v, "c0", NULL);
	static const struct {
		int line;
		const char *name;
		enum view_kind kind;
		bool truth;
	} rows[] = {
		{__LINE__, "t", VIEW_TEXT, true},
		{__LINE__, "u", VIEW_URL, true},
		{__LINE__, "e", VIEW_EMAIL, true},
		{__LINE__, "l", VIEW_LINES, true},
		{__LINE__, "h", VIEW_HTML, true},
		{__LINE__, "yes", VIEW_BOOL, true},
		{__LINE__, "no", VIEW_BOOL, false},
		{__LINE__, "p", VIEW_PHRASE, true},
		{__LINE__, "p0", VIEW_PHRASE, false},
		{__LINE__, "empty", VIEW_LIST, false},
		{__LINE__, "t0", VIEW_TEXT, false},
		{__LINE__, "c0", VIEW_TEXT, false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct view_value val;
		if (!view_get(v, slice_from(rows[i].name), &val) || val.kind != rows[i].kind ||
		    val.truth != rows[i].truth)
			fail_msg("line %d: %s", rows[i].line, rows[i].name);
	}
	struct view_value val;
	assert_true(view_get(v, SLICE("p"), &val));
	assert_ptr_equal(val.phrase, ph);
	assert_true(view_ok(v));
	assert_ptr_equal(view_arena(v), &arena);
}

static void test_integers(void **state)
{
	(void)state;
	struct view *v = view_new(&arena);
	view_int(v, "zero", 0);
	view_int(v, "max", INT64_MAX);
	view_int(v, "min", INT64_MIN);
	view_int(v, "neg", -10);
	expect_text(v, "zero", "0");
	expect_text(v, "max", "9223372036854775807");
	expect_text(v, "min", "-9223372036854775808");
	expect_text(v, "neg", "-10");
}

static void test_unknown(void **state)
{
	(void)state;
	struct view *v = view_new(&arena);
	struct view_value val;
	memset(&val, 0xAA, sizeof val);
	assert_false(view_get(v, SLICE("nothing"), &val));
	assert_int_equal(val.kind, VIEW_TEXT);
	assert_false(val.truth);
	assert_int_equal(val.text.len, 0);
	assert_null(val.first);
	view_text(v, "abc", SLICE("x"));
	assert_false(view_get(v, SLICE("ab"), &val)); /* no prefixes */
	assert_false(view_get(v, SLICE("abcd"), &val));
	assert_false(view_get(v, SLICE(""), &val));
}

static void test_values_are_copied(void **state)
{
	(void)state;
	struct view *v = view_new(&arena);
	char text[] = "before";
	view_text(v, "t", slice_from(text));
	memcpy(text, "AFTER!", 6);
	expect_text(v, "t", "before");
}

static void test_last_value_counts(void **state)
{
	(void)state;
	struct view *v = view_new(&arena);
	view_text(v, "x", SLICE("one"));
	view_text(v, "x", SLICE("two"));
	expect_text(v, "x", "two");
	view_item(v, "x"); /* becomes a list */
	struct view_value val;
	assert_true(view_get(v, SLICE("x"), &val));
	assert_int_equal(val.kind, VIEW_LIST);
	assert_int_equal(val.text.len, 0);
	view_text(v, "x", SLICE("three")); /* and a text again, without items */
	assert_true(view_get(v, SLICE("x"), &val));
	assert_int_equal(val.kind, VIEW_TEXT);
	assert_null(val.first);
}

static void test_scopes(void **state)
{
	(void)state;
	struct view *root = view_new(&arena);
	view_text(root, "name", SLICE("outer"));
	view_text(root, "only", SLICE("root"));
	struct view *a = view_item(root, "list");
	view_text(a, "name", SLICE("inner"));
	struct view *b = view_item(root, "list");
	struct view *c = view_child(a);
	expect_text(a, "name", "inner");
	expect_text(b, "name", "outer");
	expect_text(c, "name", "inner");
	expect_text(c, "only", "root");
	view_text(root, "late", SLICE("set after the child was made"));
	expect_text(c, "late", "set after the child was made");
	struct view_value val;
	view_text(b, "secret", SLICE("x"));
	assert_false(view_get(root, SLICE("secret"), &val)); /* not inwards */
	assert_false(view_get(a, SLICE("secret"), &val));    /* not sideways */
}

static void test_items_in_order(void **state)
{
	(void)state;
	struct view *v = view_new(&arena);
	for (int i = 0; i < 100; i++)
		view_int(view_item(v, "n"), "i", i);
	struct view_value list, val;
	assert_true(view_get(v, SLICE("n"), &list));
	assert_true(list.truth);
	int i = 0;
	for (struct view *item = list.first; item; item = view_next_item(item), i++) {
		char want[16];
		snprintf(want, sizeof want, "%d", i);
		assert_true(view_get(item, SLICE("i"), &val));
		assert_true(slice_eq_str(val.text, want));
	}
	assert_int_equal(i, 100);
}

static void test_item_of_item_is_its_own_list(void **state)
{
	(void)state;
	struct view *v = view_new(&arena);
	struct view *a = view_item(v, "x");
	view_item(a, "x"); /* same name, inner scope: must not grow the outer list */
	struct view_value val;
	assert_true(view_get(v, SLICE("x"), &val));
	assert_ptr_equal(val.first, a);
	assert_null(view_next_item(a));
}

static void test_many_names(void **state)
{
	(void)state;
	static char names[300][16];
	struct view *v = view_new(&arena);
	for (int i = 0; i < 300; i++) {
		snprintf(names[i], sizeof names[i], "k%d", i);
		view_int(v, names[i], i);
	}
	expect_text(v, "k0", "0");
	expect_text(v, "k7", "7");
	expect_text(v, "k8", "8");
	expect_text(v, "k299", "299");
}

static void test_hash_matches(void **state)
{
	(void)state;
	struct view *v = view_new(&arena);
	struct view_value val;
	view_text(v, "key", SLICE("x"));
	assert_true(view_get_hashed(v, SLICE("key"), view_hash(SLICE("key")), &val));
	assert_false(view_get_hashed(v, SLICE("key"), view_hash(SLICE("other")), &val));
	assert_int_equal(view_hash(SLICE("a")), 0xE40C292C); /* FNV-1a */
}

static void test_no_memory(void **state)
{
	(void)state;
	struct arena small;
	arena_init(&small, 2000);
	struct view *v = view_new(&small);
	assert_non_null(v);
	assert_true(view_ok(v));
	for (int i = 0; i < 1000; i++)
		view_int(view_item(v, "n"), "i", i);
	assert_false(view_ok(v));
	view_text(v, "more", SLICE("text"));
	assert_null(view_new(&small));
	arena_free(&small);
}

static void test_null_views(void **state)
{
	(void)state;
	struct view_value val;
	view_text(NULL, "a", SLICE("x"));
	view_bool(NULL, "a", true);
	view_list(NULL, "a");
	view_phrase(NULL, "a", NULL);
	assert_null(view_item(NULL, "a"));
	assert_null(view_child(NULL));
	assert_null(view_next_item(NULL));
	assert_null(view_arena(NULL));
	assert_false(view_ok(NULL));
	assert_false(view_get(NULL, SLICE("a"), &val));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_kinds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_integers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown, setup, teardown),
		cmocka_unit_test_setup_teardown(test_values_are_copied, setup, teardown),
		cmocka_unit_test_setup_teardown(test_last_value_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_scopes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_items_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_item_of_item_is_its_own_list, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hash_matches, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_null_views, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

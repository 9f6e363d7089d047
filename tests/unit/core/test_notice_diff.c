/* What changed between two versions, as people read it. */
#include "core/notice_diff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"

static void parts_write(struct buf *b, const char *open, const char *close, const struct notice_diff_part *p)
{
	for (; p; p = p->next)
		buf_printf(b, "%s%.*s%s", p->changed ? open : "", SLICE_FMT(p->text), p->changed ? close : "");
}

/* "Section|-gone" "Section|+new" "Section|a [-b-] => a {+c+}" */
static struct slice write_all(struct arena *a, const char *before, const char *after)
{
	struct errinfo ei = {0};
	struct notice_diff d;
	struct buf b;

	buf_init_arena(&b, a, 65536);
	if (notice_diff_make(&d, a, slice_from(before), slice_from(after), &ei))
		fail_msg("%s", ei.text);
	for (const struct notice_diff_item *it = d.first; it; it = it->next) {
		buf_printf(&b, "%s%.*s|", b.len ? ";" : "", SLICE_FMT(it->section));
		if (it->kind == NOTICE_DIFF_GONE)
			parts_write(&b, "-", "", it->before);
		if (it->kind == NOTICE_DIFF_NEW)
			parts_write(&b, "+", "", it->after);
		if (it->kind == NOTICE_DIFF_CHANGED) {
			parts_write(&b, "[-", "-]", it->before);
			buf_add_str(&b, " => ");
			parts_write(&b, "{+", "+}", it->after);
		}
	}
	return buf_slice(&b);
}

static const struct {
	int line;
	const char *before, *after, *want;
} CASES[] = {
	{__LINE__, "", "", ""},
	{__LINE__, "<p>a</p>", "<div><p>a</div>", ""},
	{__LINE__, "<p>a</p>", "<p>a</p><p>b</p>", "|+b"},
	{__LINE__, "<p>a</p><p>b</p>", "<p>b</p>", "|-a"},
	{__LINE__, "<h2>1. X</h2><p>a</p>", "<h2>2. X</h2><p>a</p>", ""},
	{__LINE__, "<h2>1. X</h2><p>wir speichern 7 Tage</p>", "<h2>1. X</h2><p>wir speichern 30 Tage</p>",
	    "X|wir speichern[- 7-] Tage => wir speichern{+ 30+} Tage"},
	{__LINE__, "<h2>1. X</h2><p>a b c d</p>", "<h2>1. X</h2><p>e f g h</p>", "X|-a b c d;X|+e f g h"},
	{__LINE__, "<h2>1. X</h2><p>a</p><h2>2. Y</h2><p>b</p>", "<h2>1. Y</h2><p>b</p>", "X|-X;X|-a"},
	{__LINE__, "<h2>1. X</h2><h3>Z</h3><p>a b</p>", "<h2>1. X</h2><h3>Z</h3><p>a c</p>", "X|a[- b-] => a{+ c+}"},
	{__LINE__, "<ul><li>a</li></ul>", "<p>a</p>", ""},
	{__LINE__, "<p>A<br>B</p>", "<p>A<br>C</p>", "|A[-\nB-] => A{+\nC+}"},
	{__LINE__, "<table><tr><th>Logs</th><td>7 Tage</td></tr></table>",
	    "<table><tr><th>Logs</th><td>9 Tage</td></tr></table>", "|Logs[-\t7-] Tage => Logs{+\t9+} Tage"},
};

static void test_cases(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 16u << 20);
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct slice got = write_all(&a, CASES[i].before, CASES[i].after);
		if (!slice_eq_str(got, CASES[i].want))
			fail_msg("row of line %d: \"%.*s\"", CASES[i].line, SLICE_FMT(got));
		arena_reset(&a);
	}
	arena_free(&a);
}

/* Thousands of blocks, all different: bounded, and complete all the same. */
static void test_large(void **state)
{
	struct errinfo ei = {0};
	struct notice_diff d;
	struct buf x, y;
	struct arena a;

	(void)state;
	arena_init(&a, 64u << 20);
	buf_init(&x, 1u << 20);
	buf_init(&y, 1u << 20);
	for (int i = 0; i < 2000; i++) {
		buf_printf(&x, "<p>old%d", i);
		buf_printf(&y, "<p>new%d", i);
	}
	assert_int_equal(notice_diff_make(&d, &a, buf_slice(&x), buf_slice(&y), &ei), OK);
	assert_int_equal(d.n, 4000);
	buf_free(&x);
	buf_free(&y);
	arena_free(&a);
}

static void test_little_memory(void **state)
{
	const char *text = "<h2>1. X</h2><p>a b c</p><p>d</p>", *other = "<h2>1. X</h2><p>a b e</p><p>f</p>";
	struct errinfo ei = {0};
	struct notice_diff d;

	(void)state;
	for (size_t max = 64; max < 9000; max += 64) {
		struct arena a;
		arena_init(&a, max);
		if (notice_diff_make(&d, &a, slice_from(text), slice_from(other), &ei) == OK)
			assert_int_equal(d.n, 3);
		arena_free(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_little_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The words of all languages against each other and against the templates. */
#include "core/embed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/slice.h"
#include "text/phrase.h"
#include "text/phrase_priv.h"
#include "text/tpl.h"
#include "store/event.h"
#include "store/outbox.h"
#include "unit/core/embedded_set.h"

#define NAMES_MAX 32

/* Phrases that no template names: the code does, or will. A star at the end stands for any rest. */
static const char *const CODE_KEYS[] = {
	"diff.gone", "diff.new", "diff.before", "diff.after",
	"form.title.*", "form.button.*", "form.label.*", "form.hint.*", "form.consent.*", "form.soft.*",
	"form.required.reason", "form.notice.transfer.*", "form.fallback.link",
	"error.page.title", "error.summary.*", "error.email.*", "error.phone.*", "error.consent.*", "error.field.*", "error.form.*",
	"error.code.wrong", "error.age.missing",
	"page.large.*", "page.format.*", "page.bytes.*", "page.busy.*", "page.down.*", "page.notfound.*",
	"page.replaced.*", "page.lang.name", "page.sent.text", "page.sent.again", "page.sms.*", "page.slip.*",
	"page.unsub.tracking", "page.unsub.oneclick", "page.unsubbed.reason",
	"page.bare.*", "page.noform.*", "page.nopage.*", "page.method.*", "page.action.*",
	"hub.*", "init.*", "ropa.*", "verify.*", "evidence.*", "word.*", "notice.*", "mail.*",
};

/* ---- words of the languages against each other */

struct compare {
	const struct phrases *other;
	const char *name;
	size_t seen, wrong;
};

static bool names_hold(const struct slice *names, size_t n, struct slice want)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(names[i], want))
			return true;
	return false;
}

static bool same_placeholders(const struct phrase *a, const struct phrase *b)
{
	struct slice x[NAMES_MAX], y[NAMES_MAX];
	size_t nx = phrase_placeholders(a, x, NAMES_MAX), ny = phrase_placeholders(b, y, NAMES_MAX);

	for (size_t i = 0; i < nx; i++)
		if (!names_hold(y, ny, x[i]))
			return false;
	for (size_t i = 0; i < ny; i++)
		if (!names_hold(x, nx, y[i]))
			return false;
	return true;
}

static void compare_one(struct slice key, const struct phrase *ph, void *arg)
{
	struct compare *c = arg;
	const struct phrase *o = phrases_get(c->other, key);

	c->seen++;
	if (o && same_placeholders(ph, o))
		return;
	c->wrong++;
	fprintf(stderr, "%.*s: %s %s\n", SLICE_FMT(key), o ? "other placeholders in" : "missing in", c->name);
}

static const struct {
	int line;
	int from, in;
} COMPARED[] = {{__LINE__, DE, EN}, {__LINE__, EN, DE}, {__LINE__, DU, DE}};

static void test_languages_say_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(COMPARED) / sizeof(COMPARED[0]); i++) {
		struct compare c = {all.words[COMPARED[i].in], FOLDERS[COMPARED[i].in], 0, 0};

		phrases_each(all.words[COMPARED[i].from], compare_one, &c);
		assert_true(c.seen > 100);
		if (c.wrong)
			fail_msg("row of line %d: %zu keys", COMPARED[i].line, c.wrong);
	}
}

static void differs_one(struct slice key, const struct phrase *ph, void *arg)
{
	const struct phrase *formal = phrases_get(all.words[DE], key);
	size_t *same = arg;

	if (!formal || !slice_eq(phrase_source(ph), phrase_source(formal)))
		return;
	fprintf(stderr, "%.*s: the same in de and de-du\n", SLICE_FMT(key));
	(*same)++;
}

static void test_informal_holds_only_differences(void **state)
{
	size_t same = 0;

	(void)state;
	phrases_each(all.words[DU], differs_one, &same);
	assert_int_equal(same, 0);
}

/* " Sie " or " Ihr" at the start of a word that is capital although it does not begin a sentence. */
static void formal_one(struct slice key, const struct phrase *ph, void *arg)
{
	static const char *const WORDS[] = {" Sie ", " Sie.", " Sie,", " Ihnen", " Ihre", " Ihr "};
	struct slice s = phrase_source(ph);
	size_t *wrong = arg;

	for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++) {
		const char *at = memmem(s.ptr, s.len, WORDS[i], strlen(WORDS[i]));

		if (!at || at == s.ptr || strchr(".:?*", at[-1]))
			continue;
		fprintf(stderr, "%.*s: \"%s\" in de-du\n", SLICE_FMT(key), WORDS[i]);
		(*wrong)++;
	}
}

static void test_informal_is_informal(void **state)
{
	size_t wrong = 0;

	(void)state;
	phrases_each(all.words[DU], formal_one, &wrong);
	assert_int_equal(wrong, 0);
}

/* ---- words against templates */

struct usage {
	struct slice key;
	bool used;
};

static void use_one(char sigil, struct slice key, void *arg)
{
	struct usage *u = arg;

	if (sigil == '@' && slice_eq(key, u->key))
		u->used = true;
}

static void use_template(const char *name, void *arg)
{
	tpl_uses(all.set, name, use_one, arg);
}

static bool pattern_matches(const char *pattern, struct slice key)
{
	size_t len = strlen(pattern);

	if (pattern[len - 1] == '*')
		return slice_starts(key, slice_make(pattern, len - 1));
	return slice_eq_str(key, pattern);
}

static void find_user(struct slice key, const struct phrase *ph, void *arg)
{
	struct usage u = {key, false};
	size_t *unused = arg;

	(void)ph;
	for (size_t i = 0; i < sizeof(CODE_KEYS) / sizeof(CODE_KEYS[0]); i++)
		if (pattern_matches(CODE_KEYS[i], key))
			return;
	tpl_set_each(all.set, use_template, &u);
	if (u.used)
		return;
	fprintf(stderr, "%.*s: nobody says it\n", SLICE_FMT(key));
	(*unused)++;
}

static void test_every_phrase_has_a_user(void **state)
{
	size_t unused = 0;

	(void)state;
	phrases_each(all.words[DE], find_user, &unused);
	assert_int_equal(unused, 0);
}

/* What happened, which mail, and what became of it: every kind has its words on the page "my data". */
static void test_every_kind_has_words(void **state)
{
	char key[96];

	(void)state;
	for (int lang = 0; lang < LANGS; lang++) {
		for (int k = 1; k < EVENT_KIND__MAX; k++) {
			snprintf(key, sizeof(key), "hub.event.%s", event_kind_name((enum event_kind)k));
			if (!phrases_get(all.words[lang], slice_from(key)))
				fail_msg("%s: %s", FOLDERS[lang], key);
		}
		for (int k = 1; k < OUTBOX_KIND__MAX; k++) {
			snprintf(key, sizeof(key), "hub.mail.%s", outbox_kind_name((enum outbox_kind)k));
			if (!phrases_get(all.words[lang], slice_from(key)))
				fail_msg("%s: %s", FOLDERS[lang], key);
		}
		for (int k = 0; k < OUTBOX_STATE__MAX; k++) {
			snprintf(key, sizeof(key), "hub.mailstate.%s", outbox_state_name((enum outbox_state)k));
			if (!phrases_get(all.words[lang], slice_from(key)))
				fail_msg("%s: %s", FOLDERS[lang], key);
		}
	}
}

struct pattern {
	const char *text;
	bool found;
};

static void match_pattern(struct slice key, const struct phrase *ph, void *arg)
{
	struct pattern *p = arg;

	(void)ph;
	p->found = p->found || pattern_matches(p->text, key);
}

static void test_every_code_key_exists(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(CODE_KEYS) / sizeof(CODE_KEYS[0]); i++) {
		struct pattern p = {CODE_KEYS[i], false};

		phrases_each(all.words[DE], match_pattern, &p);
		if (!p.found)
			fail_msg("%s matches no phrase", CODE_KEYS[i]);
	}
}

/* ---- templates against their documentation */

struct manual {
	char text[64 * 1024];
	size_t missing;
	const char *template;
};

static void find_in_manual(char sigil, struct slice key, void *arg)
{
	struct manual *m = arg;
	char quoted[96];

	if (sigil == '@' || sigil == '>')
		return;
	snprintf(quoted, sizeof(quoted), "`%.*s`", SLICE_FMT(key));
	if (strstr(m->text, quoted))
		return;
	fprintf(stderr, "%s: %.*s is not in docs/templates.md\n", m->template, SLICE_FMT(key));
	m->missing++;
}

static void read_template(const char *name, void *arg)
{
	struct manual *m = arg;

	m->template = name;
	if (!name_part(name, "part/").len && !strstr(m->text, name))
		fail_msg("%s is not in docs/templates.md", name);
	tpl_uses(all.set, name, find_in_manual, m);
}

static void test_every_key_is_documented(void **state)
{
	static struct manual m;
	FILE *f = fopen("docs/templates.md", "rb");

	(void)state;
	if (!f)
		fail_msg("run this test in the root of the repository");
	else
		assert_true(fread(m.text, 1, sizeof(m.text) - 1, f) > 1000 && feof(f) && !fclose(f));
	tpl_set_each(all.set, read_template, &m);
	assert_int_equal(m.missing, 0);
}

static void same_body(struct slice key, const struct phrase *late, void *arg)
{
	const struct phrase *ph = phrases_get(arg, key);
	const struct phrase_body *a = phrase_body_of(ph), *b = phrase_body_of(late);

	if (!a || !b || a->nblocks != b->nblocks || a->nruns != b->nruns)
		fail_msg("[%.*s] is another one when it is parsed late", SLICE_FMT(key));
	for (size_t i = 0; i < a->nblocks; i++)
		assert_memory_equal(&a->blocks[i], &b->blocks[i], sizeof(a->blocks[i]));
	for (size_t i = 0; i < a->nruns; i++)
		assert_true(a->runs[i].kind == b->runs[i].kind && slice_eq(a->runs[i].text, b->runs[i].text));
}

/* The program believes its own words to be right and parses each when it is used: as the parser that checks does. */
static void test_shipped_words_are_right(void **state)
{
	struct errinfo ei = {.text = ""};

	(void)state;
	for (int lang = 0; lang < LANGS; lang++) {
		struct phrases *late = phrases_new(FOLDERS[lang]);
		char prefix[16];

		snprintf(prefix, sizeof(prefix), "%s/", FOLDERS[lang]);
		for (size_t i = 0; i < embedded_count; i++)
			if (name_part(embedded_files[i].name, prefix).len &&
			    phrases_load_shipped(late, embedded_files[i].name,
			        slice_make(embedded_files[i].data, embedded_files[i].len), &ei))
				fail_msg("%s", ei.text);
		phrases_each(late, same_body, all.words[lang]);
		phrases_free(late);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_languages_say_the_same),
		cmocka_unit_test(test_shipped_words_are_right),
		cmocka_unit_test(test_informal_holds_only_differences),
		cmocka_unit_test(test_informal_is_informal),
		cmocka_unit_test(test_every_phrase_has_a_user), cmocka_unit_test(test_every_kind_has_words),
		cmocka_unit_test(test_every_code_key_exists),
		cmocka_unit_test(test_every_key_is_documented),
	};

	return cmocka_run_group_tests(tests, set_load, set_free);
}

#ifndef JAWORT_TESTS_EMBEDDED_SET_H
#define JAWORT_TESTS_EMBEDDED_SET_H
/*
 * The whole embedded set, compiled once per test program: words of all
 * languages and all templates. For tests that include cmocka.h before.
 */
#include "base/slice.h"
#include "core/embed.h"
#include "text/phrase.h"
#include "text/tpl.h"

enum { DE, DU, EN, LANGS };
static const char *const FOLDERS[LANGS] = {"de", "de-du", "en"};

static struct {
	struct phrases *words[LANGS];
	struct tpl_set *set;
} all;

/* What a template must use, so that an owner's version cannot leave it out by accident. */
static const char *const FORM_DUTIES[] = {"consents", "box_name", "paragraphs", "notice_url",
	"@form.notice.link",
	"@form.notice.short", "@form.notice.objection", "@form.next.step", "v", "honeypot", NULL};
static const char *const CONFIRM_DUTIES[] = {"consents", "form_action", "@page.confirm.button",
	"@page.confirm.deny", NULL};
static const char *const UNSUB_DUTIES[] = {"form_action", "@page.unsub.button", NULL};
static const char *const MAIL_DUTIES[] = {"link", "unsubscribe", "consents", "controller_block", "notice_url",
	"@mail.confirm.objection", NULL};
static const struct tpl_duty DUTIES[] = {
	{"page/form.html", FORM_DUTIES},
	{"part/form.html", FORM_DUTIES},
	{"page/changed.html", FORM_DUTIES},
	{"page/confirm.html", CONFIRM_DUTIES},
	{"page/unsub.html", UNSUB_DUTIES},
	{"mail/confirm.html", MAIL_DUTIES},
	{"mail/confirm.txt", MAIL_DUTIES},
};

static struct slice name_part(const char *name, const char *prefix)
{
	struct slice s = slice_from(name);

	return slice_starts(s, slice_from(prefix)) ? slice_sub(s, strlen(prefix), s.len) : (struct slice){NULL, 0};
}

static bool is_template(const char *name)
{
	return name_part(name, "page/").len || name_part(name, "part/").len || name_part(name, "mail/").len;
}

static void load_words(int lang)
{
	char prefix[16];

	snprintf(prefix, sizeof(prefix), "%s/", FOLDERS[lang]);
	all.words[lang] = phrases_new(FOLDERS[lang]);
	assert_non_null(all.words[lang]);
	for (size_t i = 0; i < embedded_count; i++) {
		const struct embedded_file *f = &embedded_files[i];
		struct errinfo ei;

		if (name_part(f->name, prefix).len &&
		    phrases_load(all.words[lang], f->name, slice_make(f->data, f->len), false, &ei))
			fail_msg("%s", ei.text);
	}
}

static int set_load(void **state)
{
	struct errinfo ei;

	(void)state;
	for (int lang = 0; lang < LANGS; lang++)
		load_words(lang);
	phrases_fallback(all.words[DU], all.words[DE]);
	all.set = tpl_set_new();
	for (size_t i = 0; i < embedded_count; i++)
		if (is_template(embedded_files[i].name) &&
		    tpl_set_add(all.set, embedded_files[i].name,
		        slice_make(embedded_files[i].data, embedded_files[i].len), &ei))
			fail_msg("%s", ei.text);
	if (tpl_set_compile(all.set, (const struct phrases *const *)all.words, LANGS, DUTIES,
	        sizeof(DUTIES) / sizeof(DUTIES[0]), &ei))
		fail_msg("%s", ei.text);
	return 0;
}

static int set_free(void **state)
{
	(void)state;
	tpl_set_free(all.set);
	for (int lang = LANGS - 1; lang >= 0; lang--)
		phrases_free(all.words[lang]);
	return 0;
}

#endif

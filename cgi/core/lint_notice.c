/* Rules about the privacy notice as rendered, and about the pages behind links, with the owner's templates and words. */
#include "core/lint_priv.h"

#include <string.h>

#include "core/notice.h"

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char *const PAGE[] = {"page/notice.html", "part/notice.html", "page/notice_fragment.html", NULL};
static const char *const BODY[] = {"part/notice.html", "page/notice.html", "page/notice_fragment.html", NULL};

struct read {
	struct lint *l;
	const char *lang;
	struct slice html;
};

static void read_add(const struct read *r, const char *words, const char *const *files, const char *needle,
    const char *value)
{
	struct lint_place p = lint_owner_find(r->l, files, needle);

	lint_at(r->l, CONF_ERROR, words, p.file, p.line, p.col, p.name, r->lang, value, NULL);
}

/* Where the element with this id begins; the length of the page: nowhere. */
static size_t anchor(const struct read *r, const char *id)
{
	struct lint_tag t;
	struct slice v;
	size_t at = 0;

	while (lint_tag_next(r->html, &at, &t))
		if (lint_tag_attr(&t, "id", &v) && slice_eq_str(v, id))
			return t.at;
	return r->html.len;
}

static void notice_sections(const struct read *r)
{
	static const char *const must[] = {"data", "must", "withdraw", "automated"};

	for (size_t i = 0; i < sizeof(must) / sizeof(must[0]); i++)
		if (anchor(r, must[i]) == r->html.len)
			read_add(r, "L26-section", BODY, NULL, must[i]);
	if (anchor(r, "objection") == r->html.len || anchor(r, "objection") > anchor(r, "controller"))
		read_add(r, "L25-box", BODY, NULL, NULL);
}

static void notice_again(const struct read *r)
{
	static const char *const words[] = {"schauen Sie regelmäßig", "schau regelmäßig", "sehen Sie regelmäßig",
	    "prüfen Sie regelmäßig", "prüfen Sie diese Seite", "regelmäßig zu lesen", "check back", "check this page",
	    "review this notice", "review this page", "review this policy", NULL};
	const char *files[] = {lint_text(r->l, "%s/notice.txt", r->lang), "part/notice.html", "page/notice.html", NULL};
	size_t at;
	const char *word = lint_word(words, lint_tag_text(r->l->a, r->html), &at);

	if (word)
		read_add(r, "L42-again", files, word, word);
}

static void notice_one(struct lint *l, const char *lang)
{
	const struct notice_stamp stamp = {.no = 1, .hash_hex = HASH, .valid_from_ms = 0};
	struct read r = {.l = l, .lang = lang};
	struct errinfo ei = {.code = OK};
	struct buf b;

	buf_init_arena(&b, l->a, NOTICE_MAX_BYTES);
	/* A transfer that nothing protects has no notice in mode live; L21 says so. */
	if (notice_page(l->site, l->a, lang, &stamp, &b, &ei) != OK)
		return;
	r.html = buf_slice(&b);
	if (!lint_has(lint_tag_text(l->a, r.html), SLICE(HASH)))
		read_add(&r, "L10-version", PAGE, NULL, NULL);
	notice_sections(&r);
	notice_again(&r);
}

void lint_notice(struct lint *l)
{
	for (size_t i = 0; i < l->conf->languages.n; i++)
		notice_one(l, l->conf->languages.v[i]);
}

/* ---- pages behind links: the web room renders them, so the owner's source is looked at ---- */

static void source_post(struct lint *l, const char *name)
{
	const char *const files[] = {name, NULL};
	struct lint_place p;
	struct slice text, method;
	const char *file;
	bool post = false, other = false;
	struct lint_tag t;
	size_t at = 0;

	if (!lint_owner_read(l, name, &text, &file))
		return;
	while (lint_tag_next(text, &at, &t)) {
		if (t.end || !lint_tag_is(&t, "form"))
			continue;
		if (lint_tag_attr(&t, "method", &method) && slice_ieq(method, SLICE("post")))
			post = true;
		else
			other = true;
	}
	if (post && !other)
		return;
	p = lint_owner_find(l, files, "<form");
	lint_at(l, CONF_ERROR, "L15-get", p.file, p.line, p.col, name, NULL);
}

/* RFC 8058 in spirit: one press of a button, nothing to type. */
static void source_press(struct lint *l, const char *name)
{
	static const char *const quiet[] = {"hidden", "submit", "button"};
	const char *const files[] = {name, NULL};
	struct slice text, type, field;
	struct lint_place p;
	const char *file;
	struct lint_tag t;
	size_t at = 0;

	if (!lint_owner_read(l, name, &text, &file))
		return;
	while (lint_tag_next(text, &at, &t)) {
		bool asks = lint_tag_is(&t, "select") || lint_tag_is(&t, "textarea") || lint_tag_is(&t, "input");
		field = type = SLICE("");
		lint_tag_attr(&t, "type", &type);
		for (size_t i = 0; asks && i < sizeof(quiet) / sizeof(quiet[0]); i++)
			asks = !slice_ieq(type, slice_from(quiet[i]));
		if (!asks || t.end)
			continue;
		lint_tag_attr(&t, "name", &field);
		p = lint_owner_find(l, files, arena_str(l->a, field));
		lint_at(l, CONF_ERROR, "L28-more", p.file, p.line, p.col, name, arena_str(l->a, field), NULL);
	}
}

/* "{{#known}}": what the page of everybody must not ask. */
static void source_same(struct lint *l, const char *name)
{
	static const char *const fine[] = {"email", "tryout", "my_url", "mails_url"};
	const char *const files[] = {name, NULL};
	struct slice text, word;
	struct lint_place p;
	const char *file;

	if (!lint_owner_read(l, name, &text, &file))
		return;
	for (size_t i = 0; i + 3 < text.len; i++) {
		bool ok = false;
		if (text.ptr[i] != '{' || text.ptr[i + 1] != '{' || (text.ptr[i + 2] != '#' && text.ptr[i + 2] != '^'))
			continue;
		word = slice_trim(slice_sub(text, i + 3, slice_find(text, '}', i) - i - 3));
		for (size_t k = 0; !ok && k < sizeof(fine) / sizeof(fine[0]); k++)
			ok = slice_eq_str(word, fine[k]);
		if (ok)
			continue;
		p = lint_owner_find(l, files, lint_text(l, "{{%c%.*s", text.ptr[i + 2], SLICE_FMT(word)));
		lint_at(l, CONF_ERROR, "L34-condition", p.file, p.line, p.col, name, arena_str(l->a, word), NULL);
	}
}

void lint_source(struct lint *l)
{
	source_post(l, "page/confirm.html");
	source_post(l, "page/unsub.html");
	source_press(l, "page/unsub.html");
	source_press(l, "page/unsub_pending.html");
	source_same(l, "page/sent.html");
}

/*
 * Any bytes as a template. Invariants: compiling never crashes; a template that
 * compiles lets no "<" and no quote of a hostile value through to the page.
 * The values carry signs (U+E100, U+E101) on both sides of what must be escaped.
 */
#include <string.h>

#include "fuzz.h"
#include "base/arena.h"
#include "text/tpl.h"

#define OPEN "\xEE\x84\x80"
#define CLOSE "\xEE\x84\x81"
#define EVIL OPEN "<\"'>" CLOSE

static const char fuzz_phrases[] = "[p]\n**a** {a}\n\n* {b}\n[q]\n## h\n{u} {m} {l}\n";

static void fuzz_fill(struct view *v, const struct phrases *ph)
{
	view_cstr(v, "a", EVIL);
	view_cstr(v, "b", "javascript:" EVIL);
	view_url(v, "u", SLICE("https://x/" EVIL));
	view_email(v, "m", SLICE(EVIL "@x"));
	view_lines(v, "l", SLICE(EVIL "\n" EVIL));
	view_phrase(v, "p", phrases_get(ph, SLICE("q")));
	view_cstr(v, "k", "p");
	view_bool(v, "t", true);
	view_bool(v, "f", false);
	view_html(v, "h", SLICE("<i>"));
	view_html(v, "css", SLICE("a{}"));
	view_cstr(view_item(v, "i"), "a", EVIL);
	view_cstr(view_item(v, "i"), "b", EVIL);
}

/* Between the signs, all of it came from a value: no markup, no end of an attribute. */
static void fuzz_check(const struct buf *out)
{
	bool inside = false;
	for (size_t i = 0; i < out->len; i++) {
		if (!strncmp(out->data + i, OPEN, 3))
			inside = true;
		else if (!strncmp(out->data + i, CLOSE, 3))
			inside = false;
		FUZZ_MUST(!inside || !strchr("<>\"'", out->data[i]));
	}
}

static void fuzz_one(const char *name, struct slice source, const struct phrases *ph)
{
	struct tpl_set *s = tpl_set_new();
	struct errinfo ei = {.text = ""};
	const struct phrases *langs[] = {ph};
	struct arena arena;
	struct buf out;
	arena_init(&arena, ARENA_REQUEST_MAX_BYTES);
	buf_init(&out, 1u << 20);
	struct view *v = view_new(&arena);
	fuzz_fill(v, ph);
	if (!tpl_set_add(s, "part.html", SLICE("{{a}}"), &ei) && !tpl_set_add(s, name, source, &ei)) {
		enum err e = tpl_set_compile(s, langs, 1, NULL, 0, &ei);
		if (!e)
			e = tpl_render(s, name, ph, v, &out, &ei);
		if (!e && strstr(name, ".html"))
			fuzz_check(&out);
		FUZZ_MUST(!e || ei.text[0]); /* every refusal says why */
	}
	buf_free(&out);
	arena_free(&arena);
	tpl_set_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct errinfo ei;
	struct slice source = slice_make(data, size);
	struct phrases *ph = phrases_new("de");
	FUZZ_MUST(ph && phrases_load(ph, "p", slice_from(fuzz_phrases), false, &ei) == OK);
	if (!memmem(data, size, OPEN, strlen(OPEN))) { /* signs only from values */
		fuzz_one("t.html", source, ph);
		fuzz_one("t.txt", source, ph);
	}
	phrases_free(ph);
	return 0;
}

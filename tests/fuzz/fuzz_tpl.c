/*
 * Any bytes as a template. Invariants: compiling never crashes; a template that
 * compiles lets no "<" and no quote of a hostile value through to the page.
 * The values carry a sign (U+E100) on both sides of what must be escaped.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "text/tpl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SIGN "\xEE\x84\x80"
#define EVIL SIGN "<\"'>" SIGN

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

/* A sign is followed by another sign or by text; a raw sign of markup right behind it came from a value. */
static void fuzz_check(const struct buf *out)
{
	const char *at = out->data;
	while ((at = strstr(at, SIGN))) {
		at += strlen(SIGN);
		if (!strncmp(at, "<\"'>", 4))
			abort();
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
		if (e && !ei.text[0])
			abort(); /* every refusal says why */
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
	if (!ph || phrases_load(ph, "p", slice_from(fuzz_phrases), false, &ei))
		abort();
	if (!memmem(data, size, SIGN, strlen(SIGN))) { /* signs only from values */
		fuzz_one("t.html", source, ph);
		fuzz_one("t.txt", source, ph);
	}
	phrases_free(ph);
	return 0;
}

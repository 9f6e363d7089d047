/* tag: HTML that an owner's templates made, as the compliance check reads it. */
#include <string.h>

#include "core/lint_priv.h"
#include "fuzz.h"

static void check_inside(struct slice whole, struct slice part)
{
	FUZZ_MUST(part.len == 0 || (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len));
}

static void check_tag(struct slice s, const struct lint_tag *t)
{
	static const char *const names[] = {"src", "href", "checked", "type", "id", ""};
	struct slice v = SLICE("");

	check_inside(s, t->name);
	check_inside(s, t->attrs);
	FUZZ_MUST(t->name.len > 0 && s.ptr[t->at] == '<');
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (lint_tag_attr(t, names[i], &v))
			check_inside(s, v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = slice_make(data, size), text;
	struct arena a;
	struct lint_tag t;
	size_t at = 0, before = 0, last = 0;

	if (size > 65536)
		return 0;
	arena_init(&a, 16u << 20);
	while (lint_tag_next(s, &at, &t)) {
		FUZZ_MUST(at > before || at == s.len);
		FUZZ_MUST(before == 0 || t.at > last);
		check_tag(s, &t);
		before = at;
		last = t.at;
	}
	FUZZ_MUST(at == s.len);
	text = lint_tag_text(&a, s);
	FUZZ_MUST(text.len <= s.len);
	FUZZ_MUST(!text.len || (text.ptr[0] != ' ' && text.ptr[text.len - 1] != ' '));
	FUZZ_MUST(!memmem(text.ptr, text.len, "  ", 2) && !memchr(text.ptr, '\n', text.len));
	arena_free(&a);
	return 0;
}

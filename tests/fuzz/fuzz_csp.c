/* csp: the input is "POLICIES LF-LF MORE POLICIES"; several together allow what each of them allows, and nothing else. */
#include <string.h>

#include "base/arena.h"
#include "fuzz.h"
#include "text/csp.h"

static const char *const WHAT[] = {"https://www.example.org/j/jawort.js", "http://localhost:8080/j/s/news",
	"https://a.b.example:8443/x/y?z", "https://www.example.org/"};

static void check_use(struct slice one, struct slice two, struct slice both, const struct url *what, const struct url *page,
    enum csp_use use)
{
	bool a = csp_allows(one, use, what, page), b = csp_allows(two, use, what, page);

	FUZZ_MUST(csp_allows(both, use, what, page) == (a && b));
	FUZZ_MUST(*csp_directive(use));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = slice_make(data, size), one = s, two = SLICE("");
	struct buf strict;
	struct url what, page;

	if (memchr(s.len ? s.ptr : "", '\0', s.len))
		return 0;
	for (size_t i = 0; i + 1 < s.len; i++)
		if (s.ptr[i] == '\n' && s.ptr[i + 1] == '\n') {
			one = slice_sub(s, 0, i);
			two = slice_sub(s, i + 2, s.len);
			break;
		}
	FUZZ_MUST(url_parse(SLICE("https://www.example.org/blog/"), &page));
	for (size_t i = 0; i < sizeof(WHAT) / sizeof(WHAT[0]); i++)
		for (enum csp_use use = 0; use < CSP_USE__MAX; use++) {
			FUZZ_MUST(url_parse(slice_from(WHAT[i]), &what));
			FUZZ_MUST(csp_allows(SLICE(""), use, &what, &page));
			check_use(one, two, s, &what, &page, use);
			buf_init(&strict, s.len + 64);
			buf_add_slice(&strict, s);
			buf_add_str(&strict, "\ndefault-src 'none'; form-action 'none'");
			FUZZ_MUST(buf_ok(&strict) && !csp_allows(buf_slice(&strict), use, &what, &page));
			buf_free(&strict);
		}
	return 0;
}

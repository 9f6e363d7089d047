/* url: the input is "PREFIX LF URL"; without LF the prefix is fixed. */
#include <string.h>

#include "fuzz.h"
#include "text/url.h"
#include "text/utf8.h"

static void check_parts(struct slice s, const struct url *u)
{
	struct buf b;
	struct url again;

	FUZZ_MUST(u->port >= 1 && u->port <= 65535 && u->host.len > 0);
	for (size_t i = 0; i < s.len; i++)
		FUZZ_MUST(s.ptr[i] > 0x20 && s.ptr[i] < 0x7f && s.ptr[i] != '\\');
	FUZZ_MUST(slice_find(u->host, '@', 0) == u->host.len);
	FUZZ_MUST(u->path.len == 0 || u->path.ptr[0] == '/');
	FUZZ_MUST(slice_find(u->path, '?', 0) == u->path.len && slice_find(u->query, '#', 0) == u->query.len);
	/* the origin is an URL of the same origin and its own origin */
	buf_init(&b, s.len + 16);
	url_add_origin(&b, u);
	FUZZ_MUST(buf_ok(&b) && url_parse(buf_slice(&b), &again));
	FUZZ_MUST(url_same_origin(u, &again) && again.path.len == 0);
	buf_free(&b);
}

static void check_codec(struct arena *a, struct slice s)
{
	struct buf b;
	struct slice back, plain;

	buf_init(&b, 3 * s.len + 1);
	url_encode(&b, s);
	FUZZ_MUST(buf_ok(&b) && url_decode(a, buf_slice(&b), true, &back));
	FUZZ_MUST(slice_eq(back, s));
	if (url_decode(a, s, false, &plain))
		FUZZ_MUST(plain.len <= s.len);
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = slice_make(data, size), prefix_text = SLICE("https://a.example/danke/");
	struct arena a;
	struct url u, prefix;
	size_t end = slice_find(s, '\n', 0);

	if (end < s.len) {
		prefix_text = slice_sub(s, 0, end);
		s = slice_sub(s, end + 1, s.len);
	}
	arena_init(&a, ARENA_REQUEST_MAX_BYTES);
	check_codec(&a, s);
	if (url_parse(s, &u)) {
		check_parts(s, &u);
		if (url_parse(prefix_text, &prefix) && url_below(&u, &prefix)) {
			FUZZ_MUST(url_same_origin(&u, &prefix) && slice_starts(u.path.len ? u.path : SLICE("/"),
			    prefix.path));
			FUZZ_MUST(!memmem(u.path.ptr, u.path.len, "/../", 4));
			FUZZ_MUST(!memmem(u.path.ptr, u.path.len, "/%2e%2e/", 8));
			FUZZ_MUST(!slice_ends(u.path, SLICE("/..")));
		}
	}
	arena_free(&a);
	return 0;
}

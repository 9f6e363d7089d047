/* utf8, html, jsonw: any bytes. The three must agree on what is well-formed. */
#include <string.h>

#include "fuzz.h"
#include "text/html.h"
#include "text/jsonw.h"
#include "text/utf8.h"

/* A second decoder, by arithmetic instead of by table. */
static bool other_valid(const uint8_t *p, size_t n)
{
	for (size_t i = 0, k; i < n; i += k) {
		uint32_t cp, least;
		if (p[i] < 0x80) {
			k = 1;
			continue;
		}
		k = p[i] >= 0xf0 ? 4 : p[i] >= 0xe0 ? 3 : 2;
		least = k == 4 ? 0x10000 : k == 3 ? 0x800 : 0x80;
		if (p[i] < 0xc0 || p[i] > 0xf7 || k > n - i)
			return false;
		cp = p[i] & (0x7fu >> k);
		for (size_t j = 1; j < k; j++) {
			if ((p[i + j] & 0xc0) != 0x80)
				return false;
			cp = cp << 6 | (p[i + j] & 0x3fu);
		}
		if (cp < least || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
			return false;
	}
	return true;
}

static void check_html(struct slice s, struct buf *b)
{
	void (*const calls[])(struct buf *, struct slice) = {html_text, html_attr, html_url_attr};

	for (size_t i = 0; i < 3; i++) {
		buf_reset(b);
		calls[i](b, s);
		FUZZ_MUST(buf_ok(b));
		for (size_t k = 0; k < b->len; k++)
			FUZZ_MUST(!memchr("<>\"'", b->data[k], 4));
	}
	/* the URL: whatever scheme is left, it is one of four */
	struct slice url = buf_slice(b);
	size_t colon = slice_find(url, ':', 0);
	size_t stop = strcspn(b->data, "/?#");
	if (colon < url.len && colon < stop) {
		struct slice scheme = slice_sub(url, 0, colon);
		FUZZ_MUST(slice_ieq(scheme, SLICE("http")) || slice_ieq(scheme, SLICE("https")) ||
		    slice_ieq(scheme, SLICE("mailto")) || slice_ieq(scheme, SLICE("tel")));
	}
	FUZZ_MUST(!slice_starts(url, SLICE("//")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = slice_make(data, size);
	struct buf b;
	struct jsonw w;
	size_t at = 0, steps = 0;

	bool valid = utf8_valid(s);
	FUZZ_MUST(valid == other_valid(data, size));
	while (utf8_next(s, &at) != UINT32_MAX)
		steps++;
	FUZZ_MUST((at == size) == valid);
	FUZZ_MUST(utf8_count(s) == steps);
	FUZZ_MUST(utf8_valid(utf8_prefix(s, size / 2)));
	FUZZ_MUST(utf8_count(utf8_prefix(s, size / 2)) <= size / 2);
	FUZZ_MUST(!utf8_has_control(s, true) || utf8_has_control(s, false));
	buf_init(&b, size * 6 + 64);
	check_html(s, &b);
	buf_reset(&b);
	jsonw_init(&w, &b);
	jsonw_str(&w, s);
	FUZZ_MUST(buf_ok(&b) && utf8_valid(buf_slice(&b)));
	FUZZ_MUST(!memchr(b.data, '<', b.len) && !memchr(b.data, '\n', b.len));
	buf_free(&b);
	return 0;
}

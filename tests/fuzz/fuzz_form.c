/*
 * form: the first byte chooses: 'm' multipart ("m" CONTENT-TYPE LF BODY), else
 * urlencoded. Accepted fields are UTF-8 without NUL and, written again, read the same.
 */
#include <string.h>

#include "fuzz.h"
#include "text/form.h"
#include "text/url.h"
#include "text/utf8.h"

static struct form form, again;

static void check_fields(void)
{
	FUZZ_MUST(form.count <= FORM_FIELDS_MAX);
	for (size_t i = 0; i < form.count; i++) {
		const struct form_field *f = &form.fields[i];
		FUZZ_MUST(utf8_valid(f->name) && utf8_valid(f->value));
		FUZZ_MUST(f->value.ptr);
		FUZZ_MUST(slice_find(f->name, '\0', 0) == f->name.len && slice_find(f->value, '\0',
		    0) == f->value.len);
	}
}

static void check_lookup(struct arena *a)
{
	for (size_t i = 0; i < form.count; i++) {
		char *name = arena_str(a, form.fields[i].name);
		FUZZ_MUST(name && form_get(&form, name).ptr);
		size_t n = form_count(&form, name);
		FUZZ_MUST(n >= 1 && form_nth(&form, name, n - 1).ptr && !form_nth(&form, name, n).ptr);
	}
}

static void check_rewrite(struct arena *a, size_t size)
{
	struct buf b;

	buf_init(&b, 3 * size + 256);
	for (size_t i = 0; i < form.count; i++) {
		url_encode(&b, form.fields[i].name);
		buf_add_char(&b, '=');
		url_encode(&b, form.fields[i].value);
		buf_add_char(&b, '&');
	}
	FUZZ_MUST(buf_ok(&b) && form_parse(a, buf_slice(&b), &again, NULL) == OK);
	FUZZ_MUST(again.count == form.count);
	for (size_t i = 0; i < form.count; i++)
		FUZZ_MUST(slice_eq(again.fields[i].name, form.fields[i].name) &&
		    slice_eq(again.fields[i].value, form.fields[i].value));
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = slice_make(data, size);
	struct errinfo ei;
	struct arena a;
	enum err e;

	arena_init(&a, ARENA_REQUEST_MAX_BYTES);
	if (size > 0 && data[0] == 'm') {
		size_t end = slice_find(s, '\n', 0);
		e = form_parse_multipart(&a, slice_sub(s, end + 1, size), slice_sub(s, 1, end - 1), &form, &ei);
	} else {
		e = form_parse(&a, s, &form, &ei);
	}
	FUZZ_MUST(e == OK || e == E_INVALID || e == E_LIMIT || (e == E_NOMEM && !arena_ok(&a)));
	if (e == OK) {
		check_fields();
		check_lookup(&a);
		check_rewrite(&a, size);
	}
	arena_free(&a);
	return 0;
}

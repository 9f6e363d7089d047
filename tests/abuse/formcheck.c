/* formcheck: reads percent-encoded bodies, one a line, and prints what the form parser makes of each, encoded again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "text/form.h"
#include "text/url.h"

static void print_form(const struct form *f)
{
	struct buf b;

	buf_init(&b, 1u << 20);
	for (size_t i = 0; i < f->count; i++) {
		buf_add_str(&b, i ? "&" : "");
		url_encode(&b, f->fields[i].name);
		buf_add_char(&b, '=');
		url_encode(&b, f->fields[i].value);
	}
	printf("ok %s\n", b.data);
	buf_free(&b);
}

int main(void)
{
	static char line[1u << 20];
	struct form *f = calloc(1, sizeof(*f));
	struct arena a;

	arena_init(&a, 4u << 20);
	while (f && fgets(line, sizeof(line), stdin)) {
		struct slice typed = slice_make(line, strcspn(line, "\n")), body;
		struct errinfo ei = {.code = OK};
		enum err rc;
		arena_reset(&a);
		if (!url_decode(&a, typed, false, &body))
			return 2;
		rc = form_parse(&a, body, f, &ei);
		if (rc)
			printf("no %s\n", err_name(rc));
		else
			print_form(f);
	}
	arena_free(&a);
	free(f);
	return 0;
}

#include <stdio.h>

#include "cmd/cmd.h"
#include "core/version.h"
#include "text/jsonw.h"

int cmd_version(const struct cmd_args *a)
{
	struct jsonw w;
	struct buf b;
	int rc;

	buf_init(&b, 1024);
	if (a->json) {
		jsonw_init(&w, &b);
		jsonw_object(&w);
		jsonw_kcstr(&w, "version", JAWORT_VERSION);
		jsonw_kint(&w, "schema", store_schema_version());
		jsonw_end_object(&w);
		buf_add_char(&b, '\n');
	} else {
		buf_printf(&b, "jawort %s (schema %d)\n", JAWORT_VERSION, store_schema_version());
	}
	rc = cmd_print(&b);
	buf_free(&b);
	return rc;
}

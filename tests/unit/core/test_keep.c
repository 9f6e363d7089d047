#include "lib/world.h"

#include <sqlite3.h>

#include "core/keep.h"
#include "core/retention.h"
#include "store/budget.h"
#include "store/due.h"

/* ---- every stored column has its kind, and every line of the table is a column */

struct walk {
	const char *db;
	unsigned missing, seen;
};

static void see_column(const char *table, const char *column, void *arg)
{
	struct walk *w = arg;

	w->seen++;
	if (keep_column_find(w->db, table, column))
		return;
	print_error("%s.db, table %s, column %s: which kind is it? cgi/core/keep_column.c\n", w->db, table, column);
	w->missing++;
}

static void walk_file(const char *path, struct walk *w)
{
	sqlite3 *conn;
	sqlite3_stmt *q;

	assert_int_equal(sqlite3_open_v2(path, &conn, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(conn, "SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c"
	    " WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'", -1, &q, NULL), SQLITE_OK);
	while (sqlite3_step(q) == SQLITE_ROW)
		see_column((const char *)sqlite3_column_text(q, 0), (const char *)sqlite3_column_text(q, 1), w);
	sqlite3_finalize(q);
	sqlite3_close(conn);
}

static void test_every_column(void **state)
{
	struct world *w = *state;
	struct walk data = {.db = "data"}, keys = {.db = "keys"}, budget = {.db = "budget"};
	struct budget *b;
	struct db *db = world_read(w);
	char path[300];
	size_t n, listed = 0;
	const struct keep_column *c = keep_columns(&n);

	assert_ok(due_columns(db, see_column, &data, EI));
	store_read_end(w->store, db);
	snprintf(path, sizeof(path), "%s/club/keys.db", w->conf->data);
	walk_file(path, &keys);
	assert_ok(budget_open(&b, w->conf->data, EI));
	budget_close(b);
	snprintf(path, sizeof(path), "%s/budget.db", w->conf->data);
	walk_file(path, &budget);
	assert_int_equal(data.missing + keys.missing + budget.missing, 0);
	assert_true(data.seen > 100 && keys.seen == 3 && budget.seen >= 10);
	for (size_t i = 0; i < n; i++) {
		struct slice rest = slice_from(c[i].columns), one;

		assert_true(c[i].nkinds > 0);
		while (slice_split(&rest, ' ', &one))
			listed++;
	}
	/* As many as there are: none is listed that is not there, and none twice. */
	assert_int_equal(listed, data.seen + keys.seen + budget.seen);
}

/* ---- the kinds */

static void test_kinds(void **state)
{
	struct world *w = *state;
	const struct conf_site *c = w->conf->sites[0];

	for (int k = 0; k < KEEP__MAX; k++) {
		const struct keep *one = keep_of((enum keep_kind)k);
		struct conf_duration d = keep_period(c, (enum keep_kind)k);

		assert_non_null(one->id);
		assert_true(*one->what && *one->purpose && *one->basis);
		assert_int_equal(one->personal, strncmp(one->basis, "not about people", 16) != 0);
		/* A period where there is a rule for one, and only there; a key of the configuration or a figure. */
		if (one->rule == KEEP_FOR || one->rule == KEEP_YEAR_END) {
			assert_true(d.n > 0);
			assert_int_equal(one->key == NULL, one->fixed.n > 0);
			assert_true(keep_end(c, (enum keep_kind)k, WORLD_NOW) > WORLD_NOW);
		} else {
			assert_int_equal(d.n, 0);
			assert_true(keep_end(c, (enum keep_kind)k, WORLD_NOW) == INT64_MAX);
		}
		if (one->key) {
			const char *value = conf_item_value(c, one->key);
			struct conf_duration conf;

			assert_non_null(value);
			assert_true(conf_duration_parse(slice_from(value), &conf));
			assert_int_equal(conf.seconds, d.seconds);
		}
	}
}

/* The page in docs/ is the table. JAWORT_WRITE_DOCS=1 build/unit/core/test_keep writes it. */
static void test_docs(void **state)
{
	static const char from[] = "<!-- reference: begin -->\n", to[] = "<!-- reference: end -->";
	struct buf doc, ref, out;
	char *begin, *end;

	(void)state;
	buf_init(&doc, 1 << 20);
	buf_init(&ref, 1 << 20);
	buf_init(&out, 1 << 20);
	assert_ok(file_read(&doc, "docs/retention.md", EI));
	keep_reference(&ref);
	assert_true(buf_ok(&ref));
	begin = strstr(doc.data, from);
	assert_non_null(begin);
	begin += sizeof(from) - 1;
	end = strstr(begin, to);
	assert_non_null(end);
	buf_add(&out, doc.data, (size_t)(begin - doc.data));
	buf_add_slice(&out, buf_slice(&ref));
	buf_add_str(&out, end);
	if (getenv("JAWORT_WRITE_DOCS"))
		assert_ok(file_write("docs/retention.md", buf_slice(&out), 0644, EI));
	else if (strcmp(out.data, doc.data) != 0)
		fail_msg("docs/retention.md is behind the table: JAWORT_WRITE_DOCS=1 build/unit/core/test_keep");
	buf_free(&doc);
	buf_free(&ref);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_every_column, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_kinds, world_setup, world_teardown),
		cmocka_unit_test(test_docs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

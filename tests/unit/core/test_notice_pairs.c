/*
 * A pair of configurations for each row of the notice, tests/golden/pairs/pairs.txt: they differ in one key; with it
 * the row fires, without it not. The notices with the key are golden files, in both languages; and what they name
 * must come from the configuration, and all that the configuration names must be in them.
 */
#include "core/notice.h"

#include "lib/world.h"

#include <jansson.h>

#include "conf/key.h"
#include "core/authority.h"
#include "core/when.h"

#define PAIRS "tests/golden/pairs/"
#define TEXT_MAX (1u << 20)

struct pair {
	char name[16], row[8], key[64];
	bool always;
	struct slice lines; /* what follows the heading */
};

static struct {
	struct buf base, list;
	struct pair v[96];
	size_t n;
	char root[64];
	struct arena arena;
} all;

static bool line_next(struct slice *rest, struct slice *line)
{
	return slice_split(rest, '\n', line);
}

static void heading_read(struct slice line)
{
	struct pair *p = &all.v[all.n];
	struct slice rest = slice_sub(line, 1, line.len - 2), word;

	assert_true(all.n < sizeof(all.v) / sizeof(all.v[0]));
	memset(p, 0, sizeof(*p));
	assert_true(slice_split(&rest, ' ', &word) && slice_copy(word, p->name, sizeof(p->name)));
	assert_true(slice_split(&rest, ' ', &word) && slice_copy(word, p->row, sizeof(p->row)));
	assert_true(slice_split(&rest, ' ', &word) && slice_copy(word, p->key, sizeof(p->key)));
	p->always = strcmp(p->key, "always") == 0;
	all.n++;
}

static int pairs_up(void **state)
{
	struct errinfo ei = {0};
	struct slice rest, line;

	(void)state;
	buf_init(&all.base, TEXT_MAX);
	buf_init(&all.list, TEXT_MAX);
	if (file_read(&all.base, PAIRS "base.yaml", &ei) || file_read(&all.list, PAIRS "pairs.txt", &ei))
		fail_msg("%s", ei.text);
	rest = buf_slice(&all.list);
	while (line_next(&rest, &line)) {
		if (slice_starts(line, SLICE("#")) || !slice_trim(line).len)
			continue;
		if (slice_starts(line, SLICE("["))) {
			heading_read(line);
			all.v[all.n - 1].lines.ptr = line.ptr + line.len;
			continue;
		}
		assert_true(all.n > 0);
		all.v[all.n - 1].lines.len = (size_t)(line.ptr + line.len - all.v[all.n - 1].lines.ptr);
	}
	snprintf(all.root, sizeof(all.root), "%s/jawort-pairs-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(all.root));
	arena_init(&all.arena, 32u << 20);
	return 0;
}

static int pairs_down(void **state)
{
	(void)state;
	world_remove(all.root);
	arena_free(&all.arena);
	buf_free(&all.base);
	buf_free(&all.list);
	return 0;
}

/* ---- a configuration of a pair ---- */

/* Replaces the first line that is "from" by all of "to"; from empty: adds at the end. */
static struct slice text_change(struct slice text, struct slice from, struct slice to)
{
	struct slice rest = text, line;
	bool done = from.len == 0;
	struct buf b;

	buf_init_arena(&b, &all.arena, TEXT_MAX);
	while (line_next(&rest, &line)) {
		bool here = !done && slice_eq(line, from);
		if (here || line.len)
			buf_add_slice(&b, here ? to : line);
		if (!here && line.len)
			buf_add_char(&b, '\n');
		done |= here;
	}
	if (from.len == 0)
		buf_add_slice(&b, to);
	if (!done)
		fail_msg("\"%.*s\" is not a line of the configuration", SLICE_FMT(from));
	return buf_slice(&b);
}

/* Lines of one sign that follow each other, without it. */
static struct slice signed_lines(struct slice *rest, char sign)
{
	struct buf b;

	buf_init_arena(&b, &all.arena, TEXT_MAX);
	while (rest->len >= 2 && rest->ptr[0] == sign && rest->ptr[1] == ' ') {
		struct slice line;
		line_next(rest, &line);
		buf_add_slice(&b, slice_sub(line, 2, line.len));
		buf_add_char(&b, '\n');
	}
	return buf_slice(&b);
}

/* away: the sign of the line that goes; add: of those that come. */
static struct slice apply(struct slice text, struct slice lines, char away, char add)
{
	struct slice rest = lines, line, to;

	while (rest.len) {
		if (rest.len >= 2 && (rest.ptr[0] == away || rest.ptr[0] == add) && rest.ptr[1] == ' ') {
			struct slice from = SLICE("");
			if (rest.ptr[0] == away) {
				line_next(&rest, &line);
				from = slice_sub(line, 2, line.len);
			}
			to = signed_lines(&rest, add);
			text = text_change(text, from, to);
		} else {
			line_next(&rest, &line);
		}
	}
	return text;
}

static struct conf *conf_of(const struct pair *p, bool with)
{
	struct slice text = apply(buf_slice(&all.base), p->lines, '~', '=');
	char path[128], host[128];
	struct conf_opts o = {.path = host};
	struct errinfo ei = {0};
	struct conf_report rep;
	struct conf *c;

	if (with)
		text = apply(text, p->lines, '-', '+');
	snprintf(host, sizeof(host), "%s/jawort.yaml", all.root);
	snprintf(path, sizeof(path), "%s/site.yaml", all.root);
	assert_int_equal(file_write(host, SLICE("data: data\nkeys: keys\nsites: site.yaml\n"), 0600, &ei), OK);
	assert_int_equal(file_write(path, text, 0600, &ei), OK);
	conf_report_init(&rep);
	if (conf_load(&o, &c, &rep, &ei))
		fail_msg("%s", ei.text);
	if (c->nbroken)
		fail_msg("%s (%s): %s\n%.*s", p->name, with ? "with" : "without", c->broken[0].first, SLICE_FMT(text));
	conf_report_free(&rep);
	return c;
}

typedef enum err render_fn(const struct site *, struct arena *, const char *, const struct notice_stamp *,
    struct buf *, struct errinfo *);

static struct slice render(const struct conf *c, render_fn *fn, const char *lang)
{
	struct errinfo ei = {0};
	struct site *s;
	struct buf b;

	buf_init_arena(&b, &all.arena, NOTICE_MAX_BYTES);
	if (site_new(&s, c, c->sites[0], &ei) || fn(s, &all.arena, lang, NULL, &b, &ei))
		fail_msg("%s", ei.text);
	site_free(s);
	return buf_slice(&b);
}

/* ---- what a notice holds ---- */

static bool has_id(json_t *doc, struct slice id)
{
	size_t i, k;
	json_t *section, *row;

	json_array_foreach(json_object_get(doc, "sections"), i, section)
		json_array_foreach(json_object_get(section, "rows"), k, row)
			if (slice_eq_str(id, json_string_value(json_object_get(row, "id"))))
				return true;
	return false;
}

/* what NULL: is there such a row at all? */
static bool row_says(json_t *doc, const char *name, struct slice what)
{
	size_t i, k;
	json_t *section, *row;

	json_array_foreach(json_object_get(doc, "sections"), i, section)
		json_array_foreach(json_object_get(section, "rows"), k, row) {
			const char *text = json_string_value(json_object_get(row, "text"));
			if (strcmp(json_string_value(json_object_get(row, "row")), name) == 0 &&
			    (!what.len || memmem(text, strlen(text), what.ptr, what.len)))
				return true;
		}
	return false;
}

static json_t *doc_of(const struct conf *c, const char *lang)
{
	struct slice text = render(c, notice_json, lang);
	json_t *doc = json_loadb(text.ptr, text.len, 0, NULL);

	assert_non_null(doc);
	return doc;
}

static void pair_try(const struct pair *p, json_t *with, json_t *without)
{
	struct slice rest = p->lines, line;
	size_t asked = 0;

	while (line_next(&rest, &line)) {
		bool id = slice_starts(line, SLICE("id: ")), says = slice_starts(line, SLICE("says: "));
		struct slice what = slice_sub(line, id ? 4 : 6, line.len);
		if (!id && !says)
			continue;
		asked++;
		if (id ? !has_id(with, what) : !row_says(with, p->row, what))
			fail_msg("%s: with %s the row is silent: %.*s", p->name, p->key, SLICE_FMT(what));
		if (id ? has_id(without, what) : row_says(without, p->row, what))
			fail_msg("%s: without %s the row fires: %.*s", p->name, p->key, SLICE_FMT(what));
	}
	assert_true(asked > 0);
}

static void test_pairs(void **state)
{
	(void)state;
	for (size_t i = 0; i < all.n; i++) {
		const struct pair *p = &all.v[i];
		struct conf *with = p->always ? NULL : conf_of(p, true), *without = p->always ? NULL : conf_of(p, false);
		if (p->always)
			continue;
		json_t *a = doc_of(with, "de"), *b = doc_of(without, "de"), *en = doc_of(with, "en");
		pair_try(p, a, b);
		/* and what always stands does */
		for (size_t k = 0; k < all.n; k++)
			if (all.v[k].always && (!row_says(a, all.v[k].row, SLICE("")) || !row_says(en, all.v[k].row, SLICE(""))))
				fail_msg("%s: %s is missing", p->name, all.v[k].row);
		json_decref(a);
		json_decref(b);
		json_decref(en);
		conf_free(with);
		conf_free(without);
		arena_reset(&all.arena);
	}
}

/* ---- golden files ---- */

static void golden(const char *name, const char *lang, struct slice got)
{
	struct errinfo ei = {0};
	char path[128];
	struct buf want;

	snprintf(path, sizeof(path), PAIRS "%s.%s.md", name, lang);
	if (getenv("UPDATE_GOLDEN")) {
		assert_int_equal(file_write(path, got, 0644, &ei), OK);
		return;
	}
	buf_init(&want, TEXT_MAX);
	if (file_read(&want, path, &ei))
		fail_msg("%s (UPDATE_GOLDEN=1 writes it)", ei.text);
	if (!slice_eq(buf_slice(&want), got))
		fail_msg("%s differs (UPDATE_GOLDEN=1 writes it)", path);
	buf_free(&want);
}

static void test_golden(void **state)
{
	(void)state;
	for (size_t i = 0; i < all.n; i++) {
		struct conf *c;
		if (all.v[i].always)
			continue;
		c = conf_of(&all.v[i], true);
		golden(all.v[i].name, "de", render(c, notice_markdown, "de"));
		golden(all.v[i].name, "en", render(c, notice_markdown, "en"));
		conf_free(c);
		arena_reset(&all.arena);
	}
}

/* ---- names, links and dates come from the configuration, and all of them do ---- */

/* Values that stand in the notice as something else: a name of a country, a host, a period in words. */
static const char *const OTHER_WORDS[] = {"controller.state", "notice.authority", "base_url", "origins", "look.home",
    "mail.hooks.*.secret_file", "mail.route", "purposes.*.provider_list", "forms.*.purposes", "forms.*.fields",
    "website.host", "website.cdn", "website.contact.processor", "website.statistics.processor", "website.files",
    "website.device", "website.storage.*.basis", "website.statistics.ip", "website.embeds.*.kind",
    "website.embeds.*.remember"};

static bool said_as_is(const struct conf_key *k)
{
	for (size_t i = 0; i < sizeof(OTHER_WORDS) / sizeof(OTHER_WORDS[0]); i++)
		if (strcmp(OTHER_WORDS[i], k->path) == 0)
			return false;
	return k->notice && (k->type == CONF_T_STRING || k->type == CONF_T_EMAIL || k->type == CONF_T_URL ||
	    k->type == CONF_T_LIST || k->type == CONF_T_DATE || k->type == CONF_T_TEXT);
}

static bool in(struct slice text, struct slice what)
{
	return memmem(text.ptr, text.len, what.ptr, what.len) != NULL;
}

static void values_try(const char *name, const struct conf_site *s, const char *lang, struct slice text)
{
	for (size_t i = 0; i < s->nitems; i++) {
		const struct conf_item *it = &s->items[i];
		const struct conf_key *k = conf_key_find(false, it->path);
		struct slice value = slice_from(it->value);
		size_t len = strlen(it->path);
		if (!k || !it->line || !said_as_is(k))
			continue;
		if (k->type == CONF_T_TEXT && (len < 3 || it->path[len - 3] != '.' || strcmp(it->path + len - 2, lang) != 0))
			continue;
		if (k->type == CONF_T_DATE)
			value = when_date(&all.arena, clock_parse_iso(it->value, strlen(it->value)), "UTC", lang);
		if (slice_ends(value, SLICE(".")))
			value.len--;
		if (!in(text, value))
			fail_msg("%s, %s: %s is \"%.*s\", and the notice does not say it", name, lang, it->path, SLICE_FMT(value));
	}
}

static bool known(const struct conf_site *s, struct slice word)
{
	const struct authority *au;

	/* the page where people find their own data lies below the address of the service */
	if (slice_starts(word, slice_from(s->base_url)) && slice_starts(slice_sub(word, strlen(s->base_url), word.len), SLICE("/my")))
		return true;
	for (size_t i = 0; i < s->nitems; i++)
		if (in(slice_from(s->items[i].value), word))
			return true;
	for (size_t i = 0; (au = authority_at(i)) != NULL; i++)
		if ((au->web && in(slice_from(au->web), word)) || (au->address && in(slice_from(au->address), word)))
			return true;
	return false;
}

/* Every word with "://" or "@". */
static void words_try(const char *name, const struct conf_site *s, struct slice text)
{
	struct slice rest = text, line, word;

	while (line_next(&rest, &line))
		while (slice_split(&line, ' ', &word)) {
			while (word.len && strchr(".,;:()", word.ptr[word.len - 1]))
				word.len--;
			if ((in(word, SLICE("://")) || in(word, SLICE("@"))) && !known(s, word))
				fail_msg("%s: the notice names \"%.*s\", which is not in its configuration", name, SLICE_FMT(word));
		}
}

static struct slice all_text(const struct conf *c, const char *lang)
{
	json_t *doc = doc_of(c, lang), *section, *row;
	struct buf b;
	size_t i, k;

	buf_init_arena(&b, &all.arena, TEXT_MAX);
	json_array_foreach(json_object_get(doc, "sections"), i, section) {
		buf_printf(&b, "%s\n", json_string_value(json_object_get(section, "title")));
		json_array_foreach(json_object_get(section, "rows"), k, row) {
			json_t *title = json_object_get(row, "title");
			buf_printf(&b, "%s\n%s\n", title ? json_string_value(title) : "",
			    json_string_value(json_object_get(row, "text")));
		}
	}
	json_decref(doc);
	return buf_slice(&b);
}

static void test_values(void **state)
{
	static const char *const langs[] = {"de", "en"};

	(void)state;
	for (size_t i = 0; i < all.n; i++) {
		struct conf *c;
		if (all.v[i].always)
			continue;
		c = conf_of(&all.v[i], true);
		for (size_t l = 0; l < 2; l++) {
			struct slice text = all_text(c, langs[l]);
			values_try(all.v[i].name, c->sites[0], langs[l], text);
			words_try(all.v[i].name, c->sites[0], text);
			arena_reset(&all.arena);
		}
		conf_free(c);
	}
}

/* ---- docs/notice.md lists them ---- */

static void test_docs(void **state)
{
	struct errinfo ei = {0};
	struct buf doc;
	char want[160];

	(void)state;
	buf_init(&doc, TEXT_MAX);
	assert_int_equal(file_read(&doc, "docs/notice.md", &ei), OK);
	for (size_t i = 0; i < all.n; i++) {
		snprintf(want, sizeof(want), all.v[i].always ? "| %s | always |" : "| %s | `%s` |", all.v[i].row, all.v[i].key);
		if (!in(buf_slice(&doc), slice_from(want)))
			fail_msg("docs/notice.md lacks \"%s\"", want);
	}
	buf_free(&doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_docs),
	};

	return cmocka_run_group_tests(tests, pairs_up, pairs_down);
}

#include "conf_test.h"
#include "conf/conf_priv.h"

/* ---- the table itself */

static void test_rows(void **state)
{
	size_t n;
	const struct conf_key *keys = conf_keys(&n);

	(void)state;
	assert_true(n > 80);
	for (size_t i = 0; i < n; i++) {
		const struct conf_key *k = &keys[i];
		bool needs_words = k->type == CONF_T_ENUM || k->type == CONF_T_WORD || k->type == CONF_T_ENUM_LIST ||
		    k->type == CONF_T_NONE || k->type == CONF_T_FIELDS || k->type == CONF_T_INT;

		if (!k->doc || strlen(k->doc) < 15 || k->doc[strlen(k->doc) - 1] != '.')
			fail_msg("%s: the doc is no sentence", k->path);
		if (!k->since || !k->since[0])
			fail_msg("%s: since", k->path);
		if (k->type >= CONF_T__MAX || !conf_type_name(k->type)[0])
			fail_msg("%s: type", k->path);
		if (needs_words && !k->words)
			fail_msg("%s: words", k->path);
		if (k->finding && (strlen(k->finding) != 3 || k->finding[0] != 'L'))
			fail_msg("%s: finding", k->path);
		if (k->value && k->required != CONF_OPTIONAL)
			fail_msg("%s: required and a default", k->path);
		if (k->host != (k->scope == CONF_S_HOST))
			fail_msg("%s: scope", k->path);
		for (size_t j = 0; j < i; j++)
			if (strcmp(keys[j].path, k->path) == 0 && keys[j].host == k->host)
				fail_msg("%s twice", k->path);
		for (size_t j = 0; j < i; j++)
			if (keys[j].scope == k->scope && keys[j].offset == k->offset)
				fail_msg("%s and %s share a place", k->path, keys[j].path);
	}
}

/* A group's keys stand together: the reference has one table per group. */
static void test_order(void **state)
{
	size_t n;
	const struct conf_key *keys = conf_keys(&n);

	(void)state;
	for (size_t i = 2; i < n; i++) {
		size_t top = strcspn(keys[i].path, ".");

		if (keys[i].path[top] != '.' || strncmp(keys[i].path, keys[i - 1].path, top + 1) == 0)
			continue;
		for (size_t j = 0; j + 1 < i; j++)
			if (keys[j].host == keys[i].host && strncmp(keys[j].path, keys[i].path, top + 1) == 0)
				fail_msg("%s stands apart from its group", keys[i].path);
	}
}

static void test_find(void **state)
{
	size_t n;
	const struct conf_key *keys = conf_keys(&n);

	(void)state;
	for (size_t i = 0; i < n; i++)
		assert_ptr_equal(conf_key_find(keys[i].host, keys[i].path), &keys[i]);
	assert_string_equal(conf_key_find(false, "purposes.news.title")->path, "purposes.*.title");
	assert_string_equal(conf_key_find(false, "purposes.news.title.de")->path, "purposes.*.title");
	assert_string_equal(conf_key_find(false, "hosting.contract.date")->path, "processors.*.contract.date");
	assert_string_equal(conf_key_find(false, "hosting")->path, "hosting");
	assert_string_equal(conf_key_find(false, "origins[3]")->path, "origins");
	assert_null(conf_key_find(false, "purposes"));
	assert_null(conf_key_find(false, "purposes.news"));
	assert_null(conf_key_find(false, "purposes..title"));
	assert_null(conf_key_find(false, "site.x"));
	assert_null(conf_key_find(false, ""));
	assert_null(conf_key_find(true, "site"));
	assert_null(conf_key_find(false, "threads"));
}

/* ---- each row through the parser */

/* A site that has everything, so that any row can be taken out or spoiled. */
static const char FULL_SITE[] =
    "templates: t\nregime: gdpr\ntime_zone: UTC\naddress: du\nevidence: { ip: none }\n"
    "look: { accent: '#000000', home: https://x.test/ }\n"
    "representative: { name: R, address: A, country: FR, email: r@x.test }\n"
    "joint: { with: [J], essence: { de: a, en: b }, contact: C }\n"
    "notice: { target_countries: [CH], log_fields: { de: a, en: b }, authority: deberlbdi }\n";

static const char *bad_value(enum conf_type t)
{
	switch (t) {
	case CONF_T_TEXT:
		return "word";
	case CONF_T_LIST:
	case CONF_T_URL_LIST:
	case CONF_T_COUNTRY_LIST:
	case CONF_T_ENUM_LIST:
	case CONF_T_FIELDS:
		return "{ a: b }";
	default:
		return "[[a]]";
	}
}

/* Builds nested flow mappings: purposes.*.title -> {purposes: {x: {title: VALUE}}} */
static void nest(char *out, size_t max, const char *path, const char *value)
{
	size_t n = 0, depth = 0;

	for (const char *p = path; *p;) {
		size_t len = strcspn(p, ".");

		n += (size_t)snprintf(out + n, max - n, "{ %.*s: ", *p == '*' ? 1 : (int)len, *p == '*' ? "x" : p);
		depth++;
		p += len + (p[len] == '.');
	}
	n += (size_t)snprintf(out + n, max - n, "%s", value);
	while (depth--)
		n += (size_t)snprintf(out + n, max - n, " }");
}

/* Every row is wired: a wrong value in its place is seen as a wrong value of that key. */
static void test_each_row_parses(void **state)
{
	size_t n;
	const struct conf_key *keys = conf_keys(&n);
	struct world w;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < n; i++) {
		char text[1000], want[200];
		bool said = false;

		nest(text, sizeof(text), keys[i].path, bad_value(keys[i].type));
		snprintf(want, sizeof(want), "%s", keys[i].path);
		if (strchr(want, '*'))
			*strchr(want, '*') = 'x';
		if (keys[i].host)
			world_write(&w, "jawort.yaml", text);
		else
			world_write(&w, "sites/club.yaml", text);
		world_load(&w);
		for (size_t j = 0; j < w.rep.n; j++)
			said = said || (strncmp(w.rep.items[j].text, want, strlen(want)) == 0 &&
			    strstr(w.rep.items[j].text, " must be "));
		if (!said)
			fail_msg("%s: a wrong value was not seen in %s", keys[i].path, text);
		world_write(&w, "jawort.yaml", "data: data\n");
	}
	world_close(&w);
}

/* Every required row is missed by name; every default is in effect. */
static void test_required_and_defaults(void **state)
{
	size_t n;
	const struct conf_key *keys = conf_keys(&n);
	struct world w;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < n; i++) {
		char text[1000], group[200], want[200];
		char *dot;
		bool said = false;

		if (keys[i].required == CONF_OPTIONAL)
			continue;
		snprintf(group, sizeof(group), "%s", keys[i].path);
		dot = strrchr(group, '.');
		if (dot)
			*dot = '\0';
		nest(text, sizeof(text), dot ? group : "zzz", "{ }");
		snprintf(want, sizeof(want), "%s", keys[i].path);
		if (strchr(want, '*'))
			*strchr(want, '*') = 'x';
		snprintf(want + strlen(want), sizeof(want) - strlen(want), " is missing");
		world_write(&w, "sites/club.yaml", text);
		world_load(&w);
		for (size_t j = 0; j < w.rep.n; j++)
			if (strncmp(w.rep.items[j].text, want, strlen(want)) == 0) {
				said = true;
				assert_int_equal(w.rep.items[j].severity, CONF_ERROR);
				assert_string_equal(w.rep.items[j].id,
				    keys[i].required != CONF_ALWAYS && keys[i].finding ? keys[i].finding : "");
			}
		if (!said)
			fail_msg("%s: nobody missed it in %s", keys[i].path, text);
	}
	world_site(&w, GOOD_SITE);
	for (size_t i = 0; i < n; i++)
		if (keys[i].scope == CONF_S_SITE && keys[i].value && keys[i].value[0] != '=' &&
		    keys[i].type != CONF_T_LIST && !strstr(keys[i].path, "smtp") && !strstr(keys[i].path, "brevo")) {
			const char *v = conf_item_value(w.conf->sites[0], keys[i].path);

			if (!v || strcmp(v, keys[i].value) != 0)
				fail_msg("%s: default %s is not in effect: %s", keys[i].path, keys[i].value, v ? v : "(none)");
		}
	world_close(&w);
}

/* Derived defaults ("=") come out as items, too. */
static void test_derived(void **state)
{
	static const struct {
		const char *key, *path, *value;
	} rows[] = {
		{"origins", "origins[0]", "https://www.verein.test"},
		{"look.home", "look.home", "https://www.verein.test"},
		{"mail.from.name", "mail.from.name", "Radverein Nordstadt e. V."},
		{"evidence.anchor_to", "evidence.anchor_to", "daten@verein.test"},
		{"purposes.*.advertiser", "purposes.news.advertiser", "Radverein Nordstadt e. V."},
	};
	size_t n, derived = 0;
	const struct conf_key *keys = conf_keys(&n);
	struct world w;
	char *a = text_replace(GOOD_SITE, "origins: [https://www.verein.test]\n", "");
	char *b = text_replace(a, "name: Radverein, ", "");

	(void)state;
	world_open(&w);
	world_site(&w, b);
	assert_int_equal(w.conf->nsites, 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(conf_key_find(false, rows[i].key)->value[0], '=');
		assert_string_equal(conf_item_value(w.conf->sites[0], rows[i].path), rows[i].value);
	}
	for (size_t i = 0; i < n; i++)
		derived += keys[i].value && keys[i].value[0] == '=' && !keys[i].host;
	assert_int_equal(derived, sizeof(rows) / sizeof(rows[0]));
	assert_string_equal(w.conf->sites[0]->mail.from.name, "Radverein Nordstadt e. V.");
	free(a);
	free(b);
	world_close(&w);
}

static void test_full_site(void **state)
{
	struct world w;
	char text[8000], want[200];
	const struct conf_site *s;

	(void)state;
	world_open(&w);
	snprintf(text, sizeof(text), "%s%s", GOOD_SITE, FULL_SITE);
	world_site(&w, text);
	assert_int_equal(w.rep.n, 0);
	s = w.conf->sites[0];
	snprintf(want, sizeof(want), "%s/sites/t", w.dir);
	assert_string_equal(s->templates, want);
	assert_int_equal(s->address, CONF_DU);
	assert_int_equal(s->ip, CONF_IP_NONE);
	assert_true(s->representative_set);
	assert_string_equal(s->representative.country, "FR");
	assert_string_equal(s->joint.with.v[0], "J");
	assert_string_equal(s->notice.authority, "deberlbdi");
	world_close(&w);
}

/* ---- explain and reference */

static void explain(const char *path, bool want, const char *say)
{
	struct buf b;

	buf_init(&b, 1 << 16);
	if (conf_explain(&b, path) != want || !strstr(b.data, say))
		fail_msg("%s: %s", path, b.data);
	buf_free(&b);
}

static void test_explain(void **state)
{
	size_t n;
	const struct conf_key *keys = conf_keys(&n);

	(void)state;
	for (size_t i = 0; i < n; i++)
		explain(keys[i].path, true, keys[i].doc);
	explain("retention.unconfirmed", true, "default:  7d");
	explain("retention.unconfirmed", true, "finding:  L17 (Articles 5(1)(e)");
	explain("purposes.news.title", true, "purposes.*.title");
	explain("hosting.country", true, "processors.*.country");
	explain("mail", true, "mail.mailjet.key_file");
	explain("mode", true, "one word of a list: live try-out");
	explain("threads", true, "1 to 256");
	explain("look.home", true, "first of origins");
	explain("templates", true, "(host file");
	explain("templates", true, "(site file");
	explain("retention.unconfirmd", false, "Did you mean \"retention.unconfirmed\"?");
	explain("accent", false, "Did you mean \"look.accent\"?");
	explain("", false, "There is no key \"\"");
	explain("xyzzyxyzzy", false, "There is no key");
}

static void test_reference(void **state)
{
	size_t n;
	const struct conf_key *keys = conf_keys(&n);
	struct buf a, b;
	char cell[200];

	(void)state;
	buf_init(&a, 1 << 20);
	buf_init(&b, 1 << 20);
	conf_reference(&a);
	conf_reference(&b);
	assert_true(buf_ok(&a));
	assert_string_equal(a.data, b.data);
	for (size_t i = 0; i < n; i++) {
		snprintf(cell, sizeof(cell), "| `%s` | ", keys[i].path);
		assert_non_null(strstr(a.data, cell));
	}
	/* Each row has seven cells. */
	for (const char *line = a.data; *line; line = strchr(line, '\n') + 1) {
		unsigned bars = 0;

		for (const char *p = line; *p != '\n'; p++)
			bars += *p == '|' && (p == line || p[-1] != '\\');
		assert_true(bars == 0 || bars == 8);
	}
	buf_free(&a);
	buf_free(&b);
}

/*
 * docs/config.md and the manual page hold the reference as it is, between two marks. After a
 * change of the key table: JAWORT_WRITE_DOCS=1 build/unit/conf/test_key
 */
static void docs_try(const char *file, const char *from, const char *to, void (*make)(struct buf *out))
{
	struct buf doc, ref;
	const char *begin, *end;
	struct errinfo ei = {0};

	buf_init(&doc, 1 << 20);
	buf_init(&ref, 1 << 20);
	assert_int_equal(file_read(&doc, file, &ei), OK);
	make(&ref);
	begin = strstr(doc.data, from);
	assert_non_null(begin);
	begin += strlen(from);
	end = strstr(begin, to);
	assert_non_null(end);
	if (getenv("JAWORT_WRITE_DOCS")) {
		struct buf out;

		buf_init(&out, 1 << 21);
		buf_add(&out, doc.data, (size_t)(begin - doc.data));
		buf_add_slice(&out, buf_slice(&ref));
		buf_add_str(&out, end);
		assert_int_equal(file_write(file, buf_slice(&out), 0644, &ei), OK);
		buf_free(&out);
	} else if ((size_t)(end - begin) != ref.len || memcmp(begin, ref.data, ref.len) != 0) {
		fail_msg("%s is behind the key table: JAWORT_WRITE_DOCS=1 build/unit/conf/test_key", file);
	}
	buf_free(&doc);
	buf_free(&ref);
}

static void test_docs(void **state)
{
	(void)state;
	docs_try("docs/config.md", "<!-- reference: begin -->\n", "<!-- reference: end -->", conf_reference);
	docs_try("docs/jawort.yaml.5", ".\\\" reference: begin\n", ".\\\" reference: end", conf_reference_mdoc);
}

/* Every key is there, and no text of ours is taken for a request or an escape. */
static void test_mdoc(void **state)
{
	size_t n;
	const struct conf_key *keys = conf_keys(&n);
	struct buf b;
	char item[200];

	(void)state;
	buf_init(&b, 1 << 20);
	conf_reference_mdoc(&b);
	assert_true(buf_ok(&b));
	for (size_t i = 0; i < n; i++) {
		snprintf(item, sizeof(item), ".It Ic %s\n", keys[i].path);
		assert_non_null(strstr(b.data, item));
	}
	for (const char *line = b.data; *line; line = strchr(line, '\n') + 1) {
		bool known = false;
		static const char *const requests[] = {".It Ic ", ".Sh ", ".Bl ", ".El\n", ".br\n"};

		for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
			known = known || strncmp(line, requests[i], strlen(requests[i])) == 0;
		if ((*line == '.' || *line == '\'') && !known)
			fail_msg("a line that is a request: %.60s", line);
		assert_int_not_equal(*line, ' ');
		assert_int_not_equal(*line, '\n');
	}
	for (const char *p = b.data; (p = strchr(p, '\\')) != NULL; p += 2)
		assert_true(p[1] == '&' || p[1] == 'e');
	buf_free(&b);
}

static void test_near(void **state)
{
	static const char *const names[] = {"controller", "languages", "site", "ip"};
	static const struct {
		const char *word, *want;
	} rows[] = {
		{"contoller", "controller"}, {"controler", "controller"}, {"cnotroller", "controller"}, {"language", "languages"},
		{"siet", "site"}, {"sites", "site"}, {"xx", NULL}, {"zzzz", NULL}, {"", NULL}, {"i", NULL},
	};
	char longer[100];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *got = conf_near(slice_from(rows[i].word), names, 4);

		if ((got == NULL) != (rows[i].want == NULL) || (got && strcmp(got, rows[i].want) != 0))
			fail_msg("%s: %s", rows[i].word, got ? got : "(none)");
	}
	memset(longer, 'a', sizeof(longer));
	assert_null(conf_near(slice_make(longer, sizeof(longer)), names, 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_each_row_parses),
		cmocka_unit_test(test_required_and_defaults),
		cmocka_unit_test(test_derived),
		cmocka_unit_test(test_full_site),
		cmocka_unit_test(test_explain),
		cmocka_unit_test(test_reference),
		cmocka_unit_test(test_docs), cmocka_unit_test(test_mdoc),
		cmocka_unit_test(test_near),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

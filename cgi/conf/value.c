#include "conf/conf_priv.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "conf/law.h"
#include "text/addr.h"
#include "text/url.h"
#include "text/utf8.h"

struct value {
	struct conf_bind *b;
	const struct conf_key *k;
	const char *path;
	const struct conf_node *n;
	char *at; /* where it goes; NULL: nowhere */
};

_Static_assert(sizeof(enum conf_mode) == sizeof(int) && sizeof(enum log_level) == sizeof(int),
    "enums are stored through int");

bool conf_value_word(const char *words, struct slice s, unsigned *index)
{
	struct slice rest = slice_from(words), w;

	for (*index = 0; slice_split(&rest, ' ', &w); ++*index)
		if (slice_eq(w, s))
			return true;
	return false;
}

bool conf_value_id(struct slice s)
{
	if (s.len == 0 || s.len > 32)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		bool alnum = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

		if (!alnum && (i == 0 || (c != '-' && c != '_')))
			return false;
	}
	return true;
}

bool conf_value_language(struct slice s)
{
	size_t i = 0;

	while (i < s.len && s.ptr[i] >= 'a' && s.ptr[i] <= 'z')
		i++;
	if (i < 2 || i > 3 || s.len > 16)
		return false;
	for (; i < s.len; i++) {
		char c = s.ptr[i];

		if (c == '-' ? i + 1 == s.len || s.ptr[i - 1] == '-' :
		    !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')))
			return false;
	}
	return true;
}

static bool value_digits(struct slice s, size_t from, size_t len, int *out)
{
	unsigned long long n;

	if (!slice_u64(slice_sub(s, from, len), &n))
		return false;
	*out = (int)n;
	return true;
}

bool conf_value_date(struct slice s, struct conf_date *out)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	struct conf_date d = {0};
	bool leap;

	if (s.len != 10 || s.ptr[4] != '-' || s.ptr[7] != '-' || !value_digits(s, 0, 4, &d.year) ||
	    !value_digits(s, 5, 2, &d.month) || !value_digits(s, 8, 2, &d.day))
		return false;
	leap = (d.year % 4 == 0 && d.year % 100 != 0) || d.year % 400 == 0;
	if (d.year < 1900 || d.year > 2999 || d.month < 1 || d.month > 12 || d.day < 1 ||
	    d.day > days[d.month - 1] + (leap && d.month == 2))
		return false;
	out->year = d.year;
	out->month = d.month;
	out->day = d.day;
	return true;
}

static bool value_wrong(const struct value *v, const struct conf_node *n, const char *what, const char *mend)
{
	conf_sink_error(v->b->sink, n->line, n->col, "%s: \"%.*s\" is %s. %s", v->path,
	    n->value.len > 80 ? 80 : SLICE_FMT(n->value), what, mend);
	return false;
}

/* Any scalar: there, of sane size, one line. */
static bool value_plain(const struct value *v, const struct conf_node *n)
{
	if (n->kind != CONF_N_SCALAR) {
		conf_sink_error(v->b->sink, n->line, n->col, "%s must be a single value (%s), not a %s", v->path,
		    conf_type_name(v->k->type), n->kind == CONF_N_MAP ? "mapping" : "list");
		return false;
	}
	if (slice_trim(n->value).len == 0) {
		conf_sink_error(v->b->sink, n->line, n->col,
		    "%s has no value. Write one (%s) or take the key out", v->path, conf_type_name(v->k->type));
		return false;
	}
	if (n->value.len > CONF_VALUE_MAX_BYTES) {
		conf_sink_error(v->b->sink, n->line, n->col, "%s is longer than 4000 bytes. Shorten it", v->path);
		return false;
	}
	if (utf8_has_control(n->value, false)) {
		conf_sink_error(v->b->sink, n->line, n->col,
		    "%s holds a line end or a control character. It must be one line; use > instead of |", v->path);
		return false;
	}
	return true;
}

static bool value_color(struct slice s)
{
	if (s.len != 7 || s.ptr[0] != '#')
		return false;
	for (size_t i = 1; i < 7; i++)
		if (!strchr("0123456789abcdefABCDEF", s.ptr[i]))
			return false;
	return true;
}

static bool value_email(const struct value *v, const struct conf_node *n)
{
	struct addr ad;

	return addr_parse(v->b->tmp, n->value, &ad) == ADDR_OK ||
	    value_wrong(v, n, "no e-mail address", "Write it as name@example.org, without a display name");
}

static bool value_words_wrong(const struct value *v, const struct conf_node *n)
{
	const char *names[64];
	char copy[1024];
	struct slice rest = slice_from(v->k->words), w;
	size_t count = 0, used = 0;
	const char *near;

	while (count < 64 && slice_split(&rest, ' ', &w) && used + w.len + 1 < sizeof(copy)) {
		slice_copy(w, copy + used, sizeof(copy) - used);
		names[count++] = copy + used;
		used += w.len + 1;
	}
	near = conf_near(n->value, names, count);
	conf_sink_error(v->b->sink, n->line, n->col, "%s: \"%.*s\" is not known here. %s%s%sPossible: %s", v->path,
	    n->value.len > 80 ? 80 : SLICE_FMT(n->value), near ? "Did you mean \"" : "", near ? near : "",
	    near ? "\"? " : "", v->k->words);
	return false;
}

/* Types that are kept as text. */
static bool value_text_ok(const struct value *v, const struct conf_node *n)
{
	enum conf_type t = v->k->type;
	struct url u;
	unsigned i;

	if (!value_plain(v, n))
		return false;
	switch (t) {
	case CONF_T_ID:
		return conf_value_id(n->value) ||
		    value_wrong(v, n, "no name for this", "Use 1 to 32 of a-z 0-9 - _, a letter or digit first");
	case CONF_T_URL:
	case CONF_T_URL_LIST:
		return url_parse(n->value, &u) ||
		    value_wrong(v, n, "no http(s) address", "Write it whole: https://www.example.org/page");
	case CONF_T_EMAIL:
		return value_email(v, n);
	case CONF_T_COUNTRY:
	case CONF_T_COUNTRY_LIST: {
		char code[4];
		bool known = slice_copy(n->value, code, sizeof(code)) && conf_country_known(code);

		return known || value_wrong(v, n, "no country code", "Use two capital letters of ISO 3166-1, such as DE");
	}
	case CONF_T_COLOR:
		return value_color(n->value) ||
		    value_wrong(v, n, "no colour", "Use six hex digits in quotes: \"#1c4da1\"");
	case CONF_T_WORD:
	case CONF_T_ENUM_LIST:
		return conf_value_word(v->k->words, n->value, &i) || value_words_wrong(v, n);
	case CONF_T_LIST:
		if (v->k->words && strcmp(v->k->words, "language") == 0 && !conf_value_language(n->value))
			return value_wrong(v, n, "no language code", "Use two small letters, such as de or en");
		return true;
	default:
		return true;
	}
}

static const char *value_cstr(const struct value *v, struct slice s)
{
	char *p = arena_str(v->b->a, s);

	return p ? p : "";
}

static void value_note(const struct value *v, const char *path, const struct conf_node *n, const char *text)
{
	conf_bind_item(v->b, path, text, n->line, n->col);
}

static bool value_string(struct value *v)
{
	struct addr ad;
	const char *text;

	if (!value_text_ok(v, v->n))
		return false;
	if (v->k->type == CONF_T_EMAIL && addr_parse(v->b->tmp, v->n->value, &ad) == ADDR_OK)
		text = value_cstr(v, ad.full); /* the domain in A-labels: what goes into a header */
	else
		text = value_cstr(v, v->n->value);
	if (v->at)
		*(const char **)(void *)v->at = text;
	value_note(v, v->path, v->n, text);
	return true;
}

static bool value_path(struct value *v)
{
	char *joined;
	const char *text;

	if (!value_text_ok(v, v->n))
		return false;
	text = value_cstr(v, v->n->value);
	value_note(v, v->path, v->n, text);
	if (slice_eq_str(v->n->value, "$CREDENTIALS_DIRECTORY")) {
		if (!v->b->credentials_dir)
			return value_wrong(v, v->n, "not set", "Start Jawort through systemd with LoadCredential=, or name a folder");
		*(const char **)(void *)v->at = value_cstr(v, slice_from(v->b->credentials_dir));
		return true;
	}
	joined = file_resolve(v->b->file, text);
	*(const char **)(void *)v->at = value_cstr(v, slice_from(joined));
	free(joined);
	return true;
}

static bool value_enum(struct value *v)
{
	unsigned index;
	int stored;

	if (!value_plain(v, v->n))
		return false;
	if (!conf_value_word(v->k->words, v->n->value, &index))
		return value_words_wrong(v, v->n);
	stored = v->k->type == CONF_T_NONE ? (int)CONF_NONE : (int)index;
	memcpy(v->at, &stored, sizeof(stored));
	value_note(v, v->path, v->n, value_cstr(v, v->n->value));
	return true;
}

static bool value_bool(struct value *v)
{
	if (!value_plain(v, v->n))
		return false;
	if (!slice_eq_str(v->n->value, "true") && !slice_eq_str(v->n->value, "false"))
		return value_wrong(v, v->n, "neither true nor false", "Write true or false");
	*(bool *)v->at = v->n->value.ptr[0] == 't';
	value_note(v, v->path, v->n, value_cstr(v, v->n->value));
	return true;
}

static bool value_int(struct value *v)
{
	unsigned long long n, low, high;
	struct slice range = slice_from(v->k->words), a, z;
	int stored;

	if (!value_plain(v, v->n))
		return false;
	if (!slice_split(&range, ' ', &a) || !slice_split(&range, ' ', &z) || !slice_u64(a, &low) || !slice_u64(z, &high))
		return value_wrong(v, v->n, "without a range in the key table", "This is a defect of Jawort");
	if (!slice_u64(v->n->value, &n) || n < low || n > high) {
		conf_sink_error(v->b->sink, v->n->line, v->n->col, "%s must be a whole number from %llu to %llu",
		    v->path, low, high);
		return false;
	}
	stored = (int)n;
	memcpy(v->at, &stored, sizeof(stored));
	value_note(v, v->path, v->n, value_cstr(v, v->n->value));
	return true;
}

static bool value_measure(struct value *v)
{
	bool ok;

	if (!value_plain(v, v->n))
		return false;
	switch (v->k->type) {
	case CONF_T_DURATION:
		ok = conf_duration_parse(v->n->value, (struct conf_duration *)(void *)v->at) ||
		    value_wrong(v, v->n, "no duration", "Write number and unit without a space: 30s 10m 48h 7d 3y");
		break;
	case CONF_T_RATE:
		ok = conf_rate_parse(v->n->value, (struct conf_rate *)(void *)v->at) ||
		    value_wrong(v, v->n, "no rate", "Write COUNT/DURATION, such as 2/24h");
		break;
	default:
		ok = conf_value_date(v->n->value, (struct conf_date *)(void *)v->at) ||
		    value_wrong(v, v->n, "no date", "Write year-month-day, such as 2026-03-01");
		if (ok)
			((struct conf_date *)(void *)v->at)->text = value_cstr(v, v->n->value);
	}
	if (ok)
		value_note(v, v->path, v->n, value_cstr(v, v->n->value));
	return ok;
}

static bool value_one_is_enough(const struct value *v)
{
	return v->k->type == CONF_T_ENUM_LIST ||
	    (v->k->type == CONF_T_LIST && v->k->words && strcmp(v->k->words, "one") == 0);
}

/* Members of a list; a single scalar where one is enough, or a default. */
static bool value_members(struct value *v, const struct conf_node **first, size_t *n)
{
	if (v->n->kind == CONF_N_SEQ) {
		*first = v->n->first;
		*n = v->n->children;
		return true;
	}
	if (v->n->kind == CONF_N_SCALAR && (v->n->line == 0 || value_one_is_enough(v))) {
		*first = v->n;
		*n = 1;
		return true;
	}
	conf_sink_error(v->b->sink, v->n->line, v->n->col, "%s must be a list. Write [%s]", v->path,
	    v->n->kind == CONF_N_SCALAR && v->n->value.len && v->n->value.len < 60 ? v->n->value.ptr : "first, second");
	return false;
}

static bool value_member_twice(const struct value *v, const char *const *have, size_t n, const struct conf_node *m)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq_str(m->value, have[i])) {
			conf_sink_error(v->b->sink, m->line, m->col, "%s: \"%s\" stands in the list twice", v->path, have[i]);
			return true;
		}
	return false;
}

static bool value_list(struct value *v)
{
	const struct conf_node *m;
	struct conf_list list = {0};
	const char **items;
	char path[CONF_PATH_MAX_BYTES + 16];
	size_t n;
	bool ok = true;

	if (!value_members(v, &m, &n))
		return false;
	items = arena_alloc(v->b->a, (n + 1) * sizeof(*items));
	if (!items)
		return false;
	for (; m && list.n < n; m = m == v->n ? NULL : m->next) {
		if (!value_text_ok(v, m) || value_member_twice(v, items, list.n, m)) {
			ok = false;
			continue;
		}
		snprintf(path, sizeof(path), "%s[%zu]", v->path, list.n);
		items[list.n] = value_cstr(v, m->value);
		value_note(v, path, m, items[list.n++]);
	}
	list.v = items;
	if (v->at)
		*(struct conf_list *)(void *)v->at = list;
	return ok;
}

static bool value_field(struct value *v, const struct conf_node *m, struct conf_field *f)
{
	struct conf_node name = *m;
	unsigned i;

	if (!value_plain(v, m))
		return false;
	f->required = !slice_ends(m->value, SLICE("?"));
	if (!f->required)
		name.value.len--;
	if (!conf_value_word(v->k->words, name.value, &i))
		return value_words_wrong(v, &name);
	f->name = value_cstr(v, name.value);
	return true;
}

static bool value_fields(struct value *v, void *base)
{
	struct conf_form *form = base;
	const struct conf_node *m;
	struct conf_field *fields;
	char path[CONF_PATH_MAX_BYTES + 16];
	size_t n, done = 0;
	bool ok = true;

	if (!value_members(v, &m, &n))
		return false;
	fields = arena_alloc(v->b->a, (n + 1) * sizeof(*fields));
	if (!fields)
		return false;
	for (; m; m = m->next) {
		bool twice = false;

		if (!value_field(v, m, &fields[done])) {
			ok = false;
			continue;
		}
		for (size_t i = 0; i < done && !twice; i++)
			twice = strcmp(fields[i].name, fields[done].name) == 0;
		if (twice) {
			ok = value_wrong(v, m, "in the list twice", "Keep one of them");
			continue;
		}
		snprintf(path, sizeof(path), "%s[%zu]", v->path, done++);
		value_note(v, path, m, value_cstr(v, m->value));
	}
	form->fields = fields;
	form->nfields = done;
	return ok;
}

static bool value_texts(struct value *v)
{
	struct conf_text text = {0};
	struct conf_text_item *items;
	char path[CONF_PATH_MAX_BYTES + 24];
	bool ok = true;

	if (v->n->kind != CONF_N_MAP) {
		conf_sink_error(v->b->sink, v->n->line, v->n->col,
		    "%s must be a text per language. Write { de: \"...\", en: \"...\" }", v->path);
		return false;
	}
	items = arena_alloc(v->b->a, (v->n->children + 1) * sizeof(*items));
	if (!items)
		return false;
	for (const struct conf_node *m = v->n->first; m; m = m->next) {
		if (!conf_value_language(m->key)) {
			conf_sink_error(v->b->sink, m->key_line, m->key_col,
			    "%s: \"%.*s\" is no language code. Use two small letters, such as de or en", v->path,
			    m->key.len > 40 ? 40 : SLICE_FMT(m->key));
			ok = false;
			continue;
		}
		if (!value_plain(v, m)) {
			ok = false;
			continue;
		}
		items[text.n].lang = value_cstr(v, m->key);
		items[text.n].value = value_cstr(v, m->value);
		snprintf(path, sizeof(path), "%s.%s", v->path, items[text.n].lang);
		value_note(v, path, m, items[text.n++].value);
	}
	text.v = items;
	*(struct conf_text *)(void *)v->at = text;
	return ok;
}

/* "L39" */
static bool value_rule(const struct value *v, const struct conf_node *m)
{
	char id[8];

	if (slice_copy(m->key, id, sizeof(id)) && law_rule_find(id))
		return true;
	conf_sink_error(v->b->sink, m->key_line, m->key_col, "%s: there is no rule \"%.*s\". Possible: L01 to L52", v->path,
	    m->key.len > 40 ? 40 : SLICE_FMT(m->key));
	return false;
}

static bool value_reasons(struct value *v)
{
	struct conf_text text = {0};
	struct conf_text_item *items;
	char path[CONF_PATH_MAX_BYTES + 24];
	bool ok = true;

	if (v->n->kind != CONF_N_MAP) {
		conf_sink_error(v->b->sink, v->n->line, v->n->col,
		    "%s must be a reason per rule. Write { L39: \"no children among our readers\" }", v->path);
		return false;
	}
	items = arena_alloc(v->b->a, (v->n->children + 1) * sizeof(*items));
	if (!items)
		return false;
	for (const struct conf_node *m = v->n->first; m; m = m->next) {
		if (!value_rule(v, m) || !value_plain(v, m)) {
			ok = false;
			continue;
		}
		items[text.n].lang = value_cstr(v, m->key);
		items[text.n].value = value_cstr(v, m->value);
		snprintf(path, sizeof(path), "%s.%s", v->path, items[text.n].lang);
		value_note(v, path, m, items[text.n++].value);
	}
	text.v = items;
	*(struct conf_text *)(void *)v->at = text;
	return ok;
}

bool conf_value_set(struct conf_bind *b, const struct conf_key *k, const char *path, const struct conf_node *n,
    void *base)
{
	struct value v = {b, k, path, n, k->offset == CONF_NOWHERE ? NULL : (char *)base + k->offset};

	switch (k->type) {
	case CONF_T_TEXT:
		return value_texts(&v);
	case CONF_T_BOOL:
		return value_bool(&v);
	case CONF_T_INT:
		return value_int(&v);
	case CONF_T_DURATION:
	case CONF_T_RATE:
	case CONF_T_DATE:
		return value_measure(&v);
	case CONF_T_ENUM:
	case CONF_T_NONE:
		return value_enum(&v);
	case CONF_T_PATH:
		return value_path(&v);
	case CONF_T_LIST:
	case CONF_T_URL_LIST:
	case CONF_T_COUNTRY_LIST:
	case CONF_T_ENUM_LIST:
		return value_list(&v);
	case CONF_T_FIELDS:
		return value_fields(&v, base);
	case CONF_T_REASONS:
		return value_reasons(&v);
	default:
		return value_string(&v);
	}
}

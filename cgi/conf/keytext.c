#include "conf/key.h"
#include <string.h>
#include "conf/conf_priv.h"

static const char *const REQUIRED[CONF_REQUIRED__MAX] = {
	[CONF_OPTIONAL] = "no", [CONF_WITH_GROUP] = "with its group", [CONF_LIVE_ONLY] = "in mode live",
	[CONF_ALWAYS] = "yes",
};

static void keytext_default(struct buf *out, const struct conf_key *k)
{
	if (!k->value)
		buf_add_str(out, "none");
	else if (k->value[0] == '=')
		buf_printf(out, "%s%s", strchr(k->value, ' ') ? "" : "value of ", k->value + 1);
	else
		buf_add_str(out, k->value);
}

static void keytext_words(struct buf *out, const struct conf_key *k, const char *before)
{
	if (!k->words || strcmp(k->words, "one") == 0 || strcmp(k->words, "language") == 0)
		return;
	buf_add_str(out, before);
	if (k->type == CONF_T_INT) {
		const char *space = strchr(k->words, ' ');

		buf_printf(out, "%.*s to %s", (int)(space - k->words), k->words, space + 1);
	} else {
		buf_add_str(out, k->words);
	}
}

static void keytext_one(struct buf *out, const struct conf_key *k)
{
	buf_printf(out, "%s  (%s file, since %s)\n", k->path, k->host ? "host" : "site", k->since);
	buf_printf(out, "    %s\n", k->doc);
	buf_printf(out, "    type:     %s", conf_type_name(k->type));
	keytext_words(out, k, ": ");
	buf_add_str(out, "\n    default:  ");
	keytext_default(out, k);
	buf_printf(out, "\n    required: %s\n", REQUIRED[k->required]);
	if (k->finding)
		buf_printf(out, "    finding:  %s%s%s%s\n", k->finding, *conf_law_basis(k->finding) ? " (" : "",
		    conf_law_basis(k->finding), *conf_law_basis(k->finding) ? ")" : "");
	if (k->notice)
		buf_printf(out, "    notice:   %s\n", k->notice);
}

static size_t keytext_group(struct buf *out, const char *path)
{
	size_t n, found = 0, len = strlen(path);
	const struct conf_key *keys = conf_keys(&n);

	for (size_t i = 0; i < n && len; i++) {
		if (strncmp(keys[i].path, path, len) != 0 || keys[i].path[len] != '.')
			continue;
		if (found++ == 0)
			buf_printf(out, "%s is a group of keys:\n", path);
		buf_printf(out, "    %-42s %s\n", keys[i].path, conf_type_name(keys[i].type));
	}
	return found;
}

bool conf_explain(struct buf *out, const char *path)
{
	const struct conf_key *rows[2] = {conf_key_find(true, path), conf_key_find(false, path)};
	const char *names[200], *near;
	size_t n, count = 0;
	const struct conf_key *keys = conf_keys(&n);

	for (size_t i = 0; i < 2; i++)
		if (rows[i])
			keytext_one(out, rows[i]);
	if (keytext_group(out, path) || rows[0] || rows[1])
		return true;
	for (size_t i = 0; i < n && count < 200; i++)
		names[count++] = keys[i].path;
	near = conf_near(slice_from(path), names, count);
	/* "accent" for "look.accent" */
	for (size_t i = 0; i < n && !near; i++) {
		const char *last = strrchr(keys[i].path, '.');

		if (last && strcmp(last + 1, path) == 0)
			near = keys[i].path;
	}
	buf_printf(out, "There is no key \"%.100s\".", path);
	if (near)
		buf_printf(out, " Did you mean \"%s\"?", near);
	buf_add_char(out, '\n');
	return false;
}

/* "|" would end a cell, "<" would begin markup. */
static void keytext_cell(struct buf *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '|' || *s == '*' || *s == '<')
			buf_add_char(out, '\\');
		buf_add_char(out, *s);
	}
}

static void keytext_row(struct buf *out, const struct conf_key *k)
{
	buf_printf(out, "| `%s` | %s", k->path, conf_type_name(k->type));
	keytext_words(out, k, ": ");
	buf_add_str(out, " | ");
	if (k->value && k->value[0] != '=') {
		buf_add_char(out, '`');
		keytext_default(out, k);
		buf_add_char(out, '`');
	} else if (k->value) {
		keytext_default(out, k);
	}
	buf_printf(out, " | %s | %s | %s | ", REQUIRED[k->required], k->finding ? k->finding : "",
	    k->notice ? k->notice : "");
	keytext_cell(out, k->doc);
	buf_add_str(out, " |\n");
}

void conf_reference(struct buf *out)
{
	size_t n;
	const struct conf_key *keys = conf_keys(&n);
	const char *head = "| key | type | default | required | finding | notice | meaning |\n"
			   "|---|---|---|---|---|---|---|\n";

	for (size_t i = 0; i < n; i++) {
		size_t top = strcspn(keys[i].path, ".");
		bool group = keys[i].path[top] == '.';
		bool first = i == 0 || keys[i].host != keys[i - 1].host;
		size_t before = i ? strcspn(keys[i - 1].path, ".") : 0;
		bool same = !first && ((group && top == before && memcmp(keys[i].path, keys[i - 1].path, top) == 0) ||
		    (!group && keys[i - 1].path[before] == '\0'));

		if (first)
			buf_printf(out, "%s## %s file\n", i ? "\n" : "", keys[i].host ? "Host" : "Site");
		if (!same && group)
			buf_printf(out, "\n### `%.*s`\n\n%s", (int)top, keys[i].path, head);
		else if (!same)
			buf_printf(out, "\n%s", head);
		keytext_row(out, &keys[i]);
	}
}

/* A backslash begins an escape, a dot or an apostrophe at the start of a line a request. */
static void mdoc_text(struct buf *out, const char *s)
{
	if (*s == '.' || *s == '\'')
		buf_add_str(out, "\\&");
	for (const char *start = s; *s; s++) {
		/* A sentence of its own starts on a line of its own. */
		if (*s == ' ' && s > start && s[-1] == '.' && s[1] >= 'A' && s[1] <= 'Z') {
			buf_add_char(out, '\n');
			continue;
		}
		if (*s == '\\')
			buf_add_str(out, "\\e");
		else
			buf_add_char(out, *s);
	}
}

static void mdoc_fact(struct buf *out, const char *name, const char *value)
{
	if (value && *value) {
		buf_printf(out, ".br\n%s: ", name);
		mdoc_text(out, value);
		buf_add_char(out, '\n');
	}
}

static void mdoc_row(struct buf *out, const struct conf_key *k)
{
	struct buf word;

	buf_init(&word, 4096);
	buf_printf(out, ".It Ic %s\n", k->path);
	mdoc_text(out, k->doc);
	buf_add_char(out, '\n');
	buf_add_str(&word, conf_type_name(k->type));
	keytext_words(&word, k, ": ");
	mdoc_fact(out, "Type", word.data);
	buf_reset(&word);
	if (k->value)
		keytext_default(&word, k);
	mdoc_fact(out, "Default", word.len ? word.data : NULL);
	mdoc_fact(out, "Required", k->required == CONF_OPTIONAL ? NULL : REQUIRED[k->required]);
	mdoc_fact(out, "Finding", k->finding);
	mdoc_fact(out, "Notice", k->notice);
	buf_free(&word);
}

void conf_reference_mdoc(struct buf *out)
{
	size_t n;
	const struct conf_key *keys = conf_keys(&n);

	for (size_t i = 0; i < n; i++) {
		bool first = i == 0 || keys[i].host != keys[i - 1].host;

		if (first && i)
			buf_add_str(out, ".El\n");
		if (first)
			buf_printf(out, ".Sh %s\n.Bl -tag -width Ds\n",
			    keys[i].host ? "KEYS OF THE HOST FILE" : "KEYS OF A SITE FILE");
		mdoc_row(out, &keys[i]);
	}
	buf_add_str(out, ".El\n");
}

/* The rules as a page of documentation, from the same table that the check runs on. */
#include "core/lint.h"

#include <string.h>

/* "|" would end a cell, "<" would begin markup. */
static void cell(struct buf *out, const char *s)
{
	for (; *s; s++) {
		if (strchr("|*<\\", *s))
			buf_add_char(out, '\\');
		buf_add_char(out, *s);
	}
}

static void code(struct buf *out, const char *s)
{
	buf_add_char(out, '`');
	for (; *s; s++) {
		if (*s == '|')
			buf_add_char(out, '\\');
		buf_add_char(out, *s);
	}
	buf_add_char(out, '`');
}

static void rule_row(struct buf *out, const struct law_rule *r, enum law_lang lang)
{
	const char *later = lang == LAW_DE ? r->later_de : r->later_en;

	buf_printf(out, "| %s | **", r->id);
	cell(out, lang == LAW_DE ? r->title_de : r->title_en);
	buf_add_str(out, "** ");
	cell(out, lang == LAW_DE ? r->why_de : r->why_en);
	if (later) {
		buf_add_char(out, ' ');
		cell(out, later);
	}
	buf_printf(out, " | %s%s | %s | ", r->severity, r->waive ? " (waivable)" : "", r->seen);
	cell(out, lang == LAW_DE ? r->basis_de : r->basis_en);
	buf_add_str(out, " |\n");
}

static void pair_row(struct buf *out, const struct law_rule *r)
{
	buf_printf(out, "| %s | `%s` | ", r->id, r->pair_in);
	code(out, r->pair_silent);
	buf_add_str(out, " | ");
	code(out, r->pair_fires);
	buf_add_str(out, " |\n");
}

static void ruling_item(struct buf *out, const struct law_ruling *r, enum law_lang lang)
{
	bool first = true;

	buf_printf(out, "- **%s**: %s State: %s. Checked by: %s. Behind:", lang == LAW_DE ? r->name_de : r->name_en,
	    lang == LAW_DE ? r->says_de : r->says_en, r->state, r->checked);
	for (size_t i = 0; law_rule_at(i); i++) {
		const struct law_rule *rule = law_rule_at(i);
		struct slice rest = slice_from(rule->rulings), id;
		while (slice_split(&rest, ' ', &id))
			if (slice_eq_str(id, r->id)) {
				buf_printf(out, "%s %s", first ? "" : ",", rule->id);
				first = false;
			}
	}
	buf_add_str(out, ".\n");
}

void lint_reference(struct buf *out, enum law_lang lang)
{
	buf_add_str(out, "## Rules\n\n| rule | what and why | severity | seen in | basis |\n|---|---|---|---|---|\n");
	for (size_t i = 0; law_rule_at(i); i++)
		rule_row(out, law_rule_at(i), lang);
	buf_add_str(out, "\n## Pairs\n\n| rule | in | silent | speaks |\n|---|---|---|---|\n");
	for (size_t i = 0; law_rule_at(i); i++)
		pair_row(out, law_rule_at(i));
	buf_printf(out, "\n## Rulings\n\nAs of %s, told in our own words.\n\n", law_rulings_as_of());
	for (size_t i = 0; law_ruling_at(i); i++)
		ruling_item(out, law_ruling_at(i), lang);
}

/* A record as a page, as CSV and as JSON, all from the one model. */
#include "core/ropa_priv.h"

#include <string.h>

#include "base/clock.h"
#include "core/embed.h"
#include "core/when.h"
#include "text/csv.h"
#include "text/jsonw.h"
#include "text/tpl.h"

#define PAGE "sheet/ropa.html"

static const struct {
	const char *name, *title, *lead; /* name: in JSON and CSV */
} kinds[ROPA__MAX] = {
	[ROPA_OWNER] = {"owner", "ropa.owner.title", "ropa.owner.lead"},
	[ROPA_HOST] = {"host", "ropa.host.title", "ropa.host.lead"},
	[ROPA_AVV] = {"avv", "ropa.avv.title", "ropa.avv.lead"},
	[ROPA_TIA] = {"tia", "ropa.tia.title", "ropa.tia.lead"},
};

static bool is_draft(const struct ropa *r)
{
	for (size_t i = 0; i < r->nsites; i++)
		if (site_conf(r->sites[i])->mode != CONF_LIVE)
			return true;
	return false;
}

static enum err full(const struct buf *out, struct errinfo *ei)
{
	return buf_ok(out) ? OK : err_set(ei, E_LIMIT, "the record is longer than %zu bytes", out->max_bytes);
}

/* ---- page */

static void rows_view(struct view *sv, const struct ropa_section *s, size_t no)
{
	for (const struct ropa_row *row = s->rows; row; row = row->next) {
		struct view *rv = view_item(sv, "rows");

		view_text(rv, "label", row->label);
		view_cstr(rv, "articles", row->articles);
		view_bool(rv, "open", row->open);
		view_list(rv, "values");
		for (const struct ropa_value *v = row->values; v; v = v->next)
			view_text(view_item(rv, "values"), "text", v->text);
	}
	view_int(sv, "number", (int64_t)no);
}

static enum err page_render(const struct ropa *r, const struct view *v, struct buf *out, struct errinfo *ei)
{
	const struct embedded_file *f = embed_find(PAGE);
	const struct phrases *words = r->words;
	struct tpl_set *set = tpl_set_new();
	enum err rc = set && f ? OK : err_set(ei, E_NOMEM, "record");

	if (!rc)
		rc = tpl_set_add(set, f->name, slice_make(f->data, f->len), ei);
	if (!rc)
		rc = tpl_set_compile(set, &words, 1, NULL, 0, ei);
	if (!rc)
		rc = tpl_render(set, PAGE, words, v, out, ei);
	tpl_set_free(set);
	return rc;
}

enum err ropa_html(const struct ropa *r, struct buf *out, struct errinfo *ei)
{
	const struct site *site = r->sites[0];
	struct view *v = site_view(site, r->a, r->lang);
	const char *as_of = strcmp(authority_as_of(), adequacy_as_of()) < 0 ? authority_as_of() : adequacy_as_of();
	char hash[17];
	size_t no = 0;
	enum err rc;

	site_view_page(site, v, PAGE, r->lang, NULL);
	view_cstr(v, "title_key", kinds[r->kind].title);
	view_cstr(v, "lead_key", kinds[r->kind].lead);
	view_bool(v, "draft", is_draft(r));
	view_text(v, "date", when_date(r->a, r->now_ms, site_conf(site)->time_zone, r->lang));
	slice_copy(slice_sub(slice_from(site_conf(site)->hash_hex), 0, sizeof(hash) - 1), hash, sizeof(hash));
	view_cstr(v, "config_hash", hash);
	view_text(v, "legal_data_as_of", when_date(r->a, clock_parse_iso(as_of, strlen(as_of)), "UTC", r->lang));
	view_list(v, "sections");
	for (const struct ropa_section *s = r->sections; s; s = s->next) {
		struct view *sv = view_item(v, "sections");

		view_text(sv, "anchor", s->id);
		view_text(sv, "heading", s->title);
		rows_view(sv, s, ++no);
	}
	if (!view_ok(v))
		return err_set(ei, E_NOMEM, "record");
	rc = page_render(r, v, out, ei);
	return rc ? rc : full(out, ei);
}

/* ---- CSV */

static void csv_row(struct csv *c, const struct ropa *r, const struct ropa_section *s, const struct ropa_row *row,
    struct slice value)
{
	csv_cstr(c, kinds[r->kind].name);
	csv_field(c, s->id);
	csv_field(c, s->title);
	csv_cstr(c, row->id);
	csv_field(c, row->label);
	csv_cstr(c, row->articles);
	csv_field(c, value);
	csv_cstr(c, row->open ? "open" : "");
	csv_end(c);
}

enum err ropa_csv(const struct ropa *r, struct buf *out, struct errinfo *ei)
{
	static const char *const head[] = {"record", "section", "section_title", "row", "label", "articles", "value", "open"};
	struct csv c;

	csv_init(&c, out);
	for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++)
		csv_cstr(&c, head[i]);
	csv_end(&c);
	for (const struct ropa_section *s = r->sections; s; s = s->next)
		for (const struct ropa_row *row = s->rows; row; row = row->next) {
			for (const struct ropa_value *v = row->values; v; v = v->next)
				csv_row(&c, r, s, row, v->text);
			if (!row->values)
				csv_row(&c, r, s, row, SLICE(""));
		}
	return full(out, ei);
}

/* ---- JSON */

static void row_json(struct jsonw *j, const struct ropa_row *row)
{
	jsonw_object(j);
	jsonw_kcstr(j, "id", row->id);
	jsonw_kstr(j, "label", row->label);
	jsonw_kcstr(j, "articles", row->articles);
	jsonw_key(j, "values");
	jsonw_array(j);
	for (const struct ropa_value *v = row->values; v; v = v->next)
		jsonw_str(j, v->text);
	jsonw_end_array(j);
	jsonw_kbool(j, "open", row->open);
	jsonw_end_object(j);
}

static void head_json(struct jsonw *j, const struct ropa *r, struct slice title)
{
	char iso[CLOCK_ISO_BYTES];

	jsonw_kcstr(j, "record", kinds[r->kind].name);
	jsonw_kcstr(j, "lang", r->lang);
	jsonw_kstr(j, "date", slice_sub(slice_from(clock_iso(r->now_ms, iso)), 0, 10));
	jsonw_kbool(j, "draft", is_draft(r));
	jsonw_key(j, "sites");
	jsonw_array(j);
	for (size_t i = 0; i < r->nsites; i++) {
		jsonw_object(j);
		jsonw_kcstr(j, "id", site_conf(r->sites[i])->id);
		jsonw_kcstr(j, "config", site_conf(r->sites[i])->hash_hex);
		jsonw_end_object(j);
	}
	jsonw_end_array(j);
	jsonw_kstr(j, "title", title);
}

enum err ropa_json(const struct ropa *r, struct buf *out, struct errinfo *ei)
{
	const struct phrase *title = phrases_get(r->words, slice_from(kinds[r->kind].title));
	struct jsonw j;

	jsonw_init(&j, out);
	jsonw_object(&j);
	head_json(&j, r, title ? slice_trim(phrase_source(title)) : SLICE(""));
	jsonw_key(&j, "sections");
	jsonw_array(&j);
	for (const struct ropa_section *s = r->sections; s; s = s->next) {
		jsonw_object(&j);
		jsonw_kstr(&j, "id", s->id);
		jsonw_kstr(&j, "title", s->title);
		jsonw_key(&j, "rows");
		jsonw_array(&j);
		for (const struct ropa_row *row = s->rows; row; row = row->next)
			row_json(&j, row);
		jsonw_end_array(&j);
		jsonw_end_object(&j);
	}
	jsonw_end_array(&j);
	jsonw_end_object(&j);
	buf_add_char(out, '\n');
	return full(out, ei);
}

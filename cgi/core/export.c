#include "core/export.h"

#include <string.h>

#include "base/clock.h"
#include "core/dpv.h"
#include "store/event.h"
#include "store/eventcore.h"
#include "store/person.h"
#include "text/csv.h"
#include "text/jsonw.h"

#define FLUSH_BYTES (256u * 1024u)
#define OUT_MAX_BYTES (2u * 1024u * 1024u)
#define PAGE 1000
#define FIELDS_MAX 16
#define PURPOSES_MAX_BYTES 4096

static const char *const format_names[EXPORT__MAX] = {
    [EXPORT_CSV] = "csv", [EXPORT_JSON] = "json", [EXPORT_27560] = "27560"};

struct export {
	struct db *db;
	const struct site *s;
	export_sink *sink;
	void *arg;
	struct buf out, address, fields, purposes;
	struct jsonw w;
	struct csv csv;
	const char *field[FIELDS_MAX]; /* that forms of this site ask for: columns */
	size_t nfields;
	bool json, first;
	int64_t people, last;
	struct dpv_person *records;
	enum err rc;
	struct errinfo *ei;
};

const char *export_format_name(enum export_format f)
{
	return f >= 0 && f < EXPORT__MAX ? format_names[f] : "?";
}

enum export_format export_format_from_name(const char *name)
{
	int f = 0;

	while (f < EXPORT__MAX && strcmp(name, format_names[f]) != 0)
		f++;
	return (enum export_format)f;
}

static void flush(struct export *x, bool all)
{
	if (x->rc || (!all && x->out.len < FLUSH_BYTES))
		return;
	if (!buf_ok(&x->out))
		x->rc = err_set(x->ei, E_LIMIT, "person %lld does not fit into an export", (long long)x->last);
	else if (!x->sink(buf_slice(&x->out), x->arg))
		x->rc = err_set(x->ei, E_IO, "the export could not be written");
	buf_reset(&x->out);
}

/* ---- lists */

/* Columns in the order of the configuration, each once. */
static void fields_collect(struct export *x)
{
	const struct conf_site *c = site_conf(x->s);

	for (size_t f = 0; f < c->nforms; f++)
		for (size_t i = 0; i < c->forms[f].nfields; i++) {
			const char *name = c->forms[f].fields[i].name;
			size_t k = 0;
			while (k < x->nfields && strcmp(x->field[k], name) != 0)
				k++;
			if (k == x->nfields && k < FIELDS_MAX)
				x->field[x->nfields++] = name;
		}
}

static bool add_purpose(const struct purpose *p, void *arg)
{
	struct export *x = arg;
	char iso[CLOCK_ISO_BYTES];

	if (p->state != PURPOSE_ACTIVE)
		return true;
	if (!x->json) {
		buf_printf(&x->purposes, "%s%.*s", x->purposes.len ? " " : "", SLICE_FMT(p->id));
		return true;
	}
	jsonw_object(&x->w);
	jsonw_kstr(&x->w, "id", p->id);
	jsonw_kcstr(&x->w, "since", clock_iso(p->since_ms, iso));
	jsonw_end_object(&x->w);
	return true;
}

static void take_field(struct slice name, struct slice value, void *arg)
{
	struct export *x = arg;

	for (size_t i = 0; i < x->nfields; i++)
		if (slice_eq_str(name, x->field[i]))
			csv_field(&x->csv, value);
}

/* Cells of the fields: each column looks for its own, so the order in the store does not matter. */
static void csv_fields(struct export *x)
{
	const char *all[FIELDS_MAX];
	size_t n = x->nfields;

	memcpy(all, x->field, sizeof(all));
	for (size_t i = 0; i < n; i++) {
		size_t before = x->out.len;
		x->field[0] = all[i];
		x->nfields = 1;
		if (x->fields.len)
			eventcore_fields(buf_slice(&x->fields), take_field, x, NULL);
		if (x->out.len == before)
			csv_cstr(&x->csv, "");
	}
	memcpy(x->field, all, sizeof(all));
	x->nfields = n;
}

static void csv_person(struct export *x, const struct person *p)
{
	char created[CLOCK_ISO_BYTES], confirmed[CLOCK_ISO_BYTES];

	buf_reset(&x->purposes);
	x->rc = purpose_each(x->db, p->id, add_purpose, x, x->ei);
	csv_field(&x->csv, buf_slice(&x->address));
	csv_cstr(&x->csv, p->lang);
	csv_field(&x->csv, buf_slice(&x->purposes));
	csv_cstr(&x->csv, clock_iso(p->created_ms, created));
	csv_cstr(&x->csv, clock_iso(p->confirmed_ms, confirmed));
	csv_fields(x);
	csv_end(&x->csv);
}

static void json_person(struct export *x, const struct person *p)
{
	char iso[CLOCK_ISO_BYTES];

	buf_add_str(&x->out, x->first ? "\n" : ",\n");
	x->first = false;
	jsonw_init(&x->w, &x->out);
	jsonw_object(&x->w);
	jsonw_kstr(&x->w, "address", buf_slice(&x->address));
	jsonw_kcstr(&x->w, "channel", store_channel_name(p->channel));
	jsonw_kcstr(&x->w, "lang", p->lang);
	jsonw_kcstr(&x->w, "created", clock_iso(p->created_ms, iso));
	jsonw_kcstr(&x->w, "confirmed", clock_iso(p->confirmed_ms, iso));
	jsonw_key(&x->w, "purposes");
	jsonw_array(&x->w);
	x->rc = purpose_each(x->db, p->id, add_purpose, x, x->ei);
	jsonw_end_array(&x->w);
	jsonw_key(&x->w, "fields");
	jsonw_raw(&x->w, x->fields.len ? buf_slice(&x->fields) : SLICE("{}"));
	jsonw_end_object(&x->w);
}

static bool list_person(const struct person *p, void *arg)
{
	struct export *x = arg;

	x->last = p->id;
	buf_reset(&x->address);
	buf_reset(&x->fields);
	x->rc = person_address(x->db, p->id, &x->address, x->ei);
	if (!x->rc)
		x->rc = person_fields(x->db, p->id, &x->fields, x->ei);
	if (x->rc)
		return false;
	if (x->json)
		json_person(x, p);
	else
		csv_person(x, p);
	x->people++;
	flush(x, false);
	return !x->rc;
}

static void list_write(struct export *x)
{
	int64_t before;

	do {
		before = x->last;
		x->rc = person_each(x->db, PERSON_ACTIVE, x->last, PAGE, list_person, x, x->ei);
	} while (!x->rc && x->last != before);
}

static void csv_write(struct export *x)
{
	static const char *const columns[] = {"address", "lang", "purposes", "created", "confirmed"};

	csv_init(&x->csv, &x->out);
	fields_collect(x);
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		csv_cstr(&x->csv, columns[i]);
	for (size_t i = 0; i < x->nfields; i++)
		csv_cstr(&x->csv, x->field[i]);
	csv_end(&x->csv);
	list_write(x);
}

static void json_write(struct export *x)
{
	x->json = x->first = true;
	buf_add_char(&x->out, '[');
	list_write(x);
	buf_add_str(&x->out, "\n]\n");
}

/* ---- consent records */

static void records_end(struct export *x)
{
	if (!x->last || x->rc)
		return;
	x->rc = dpv_person_end(x->records, &x->out, x->ei);
	x->people++;
	flush(x, false);
}

static bool record_event(const struct event_row *r, void *arg)
{
	struct export *x = arg;

	if (r->person_id != x->last) {
		records_end(x);
		dpv_person_begin(x->records, r->person_id);
		x->last = r->person_id;
	}
	dpv_event(x->records, r);
	return !x->rc;
}

static void records_write(struct export *x)
{
	uint64_t kinds = 0;
	enum err rc;

	for (int k = 1; k < EVENT_KIND__MAX; k++)
		if (dpv_kind((enum event_kind)k))
			kinds |= UINT64_C(1) << k;
	x->records = dpv_person_new(x->s);
	if (!x->records) {
		x->rc = err_set(x->ei, E_NOMEM, "records");
		return;
	}
	x->rc = dpv_open(x->s, &x->out, x->ei);
	if (!x->rc) {
		rc = event_core_each(x->db, kinds, record_event, x, x->ei);
		x->rc = x->rc ? x->rc : rc;
	}
	records_end(x);
	dpv_close(&x->out);
	dpv_person_free(x->records);
}

enum err export_write(enum export_format f, struct db *db, const struct site *s, export_sink *sink, void *arg,
    int64_t *people, struct errinfo *ei)
{
	struct export x = {.db = db, .s = s, .sink = sink, .arg = arg, .ei = ei};

	buf_init(&x.out, OUT_MAX_BYTES);
	buf_init(&x.address, PERSON_ADDRESS_MAX_BYTES);
	buf_init(&x.fields, PERSON_FIELDS_MAX_BYTES);
	buf_init(&x.purposes, PURPOSES_MAX_BYTES);
	if (f == EXPORT_CSV)
		csv_write(&x);
	else if (f == EXPORT_JSON)
		json_write(&x);
	else
		records_write(&x);
	flush(&x, true);
	if (people)
		*people = x.people;
	buf_free(&x.out);
	buf_free(&x.address);
	buf_free(&x.fields);
	buf_free(&x.purposes);
	return x.rc;
}

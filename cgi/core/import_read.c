/* A file of another product as rows: which column is what, and what a row must say. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/consent.h"
#include "core/gate.h"
#include "core/import_priv.h"
#include "text/addr.h"
#include "text/jsonw.h"
#include "text/utf8.h"

#define UNUSED ((size_t)-1)
#define OLDEST "1995"

static const struct {
	const char *name;
	size_t max_bytes;
} columns[IMPORT_COLUMN__MAX] = {
    [IMPORT_ADDRESS] = {"address", 1024},
    [IMPORT_LANG] = {"lang", 16},
    [IMPORT_PURPOSES] = {"purposes", IMPORT_PURPOSES_MAX_BYTES},
    [IMPORT_STATE] = {"state", 64},
    [IMPORT_TIME] = {"consent_time", 64},
    [IMPORT_SOURCE] = {"consent_source", IMPORT_PROOF_MAX_BYTES},
    [IMPORT_WORDING] = {"consent_wording", IMPORT_PROOF_MAX_BYTES},
    [IMPORT_METHOD] = {"consent_method", IMPORT_PROOF_MAX_BYTES},
    [IMPORT_CONFIRMED] = {"confirm_time", 64},
    [IMPORT_PROOF] = {"proof", IMPORT_PROOF_MAX_BYTES},
    [IMPORT_IP] = {"consent_ip", 64},
};

/*
 * What others call the same. Only names whose meaning is certain: a "created_at" (listmonk) says when a row was made, not
 * when somebody agreed.
 */
static const struct {
	const char *theirs, *ours;
} aliases[] = {
    {"email", "address"}, {"e-mail", "address"},
    {"email address", "address"}, {"first name", "first_name"}, {"last name", "last_name"}, /* Mailchimp */
    {"optin_time", "consent_time"}, {"optin_ip", "consent_ip"},                              /* Mailchimp */
    {"status", "state"},                                                                    /* listmonk */
};

static const struct {
	const char *word;
	enum import_there there;
} states[] = {
    {"", IMPORT_THERE_ACTIVE}, {"active", IMPORT_THERE_ACTIVE}, {"confirmed", IMPORT_THERE_ACTIVE},
    {"subscribed", IMPORT_THERE_ACTIVE}, {"enabled", IMPORT_THERE_ACTIVE},
    {"pending", IMPORT_THERE_PENDING}, {"unconfirmed", IMPORT_THERE_PENDING},
    {"unsubscribed", IMPORT_THERE_LEFT}, {"disabled", IMPORT_THERE_LEFT}, {"removed", IMPORT_THERE_LEFT},
    {"bounced", IMPORT_THERE_LEFT}, {"cleaned", IMPORT_THERE_LEFT},
    {"objected", IMPORT_THERE_OBJECTED}, {"complained", IMPORT_THERE_COMPLAINED},
    {"blocked", IMPORT_THERE_BLOCKED}, {"blocklisted", IMPORT_THERE_BLOCKED}, {"blacklisted", IMPORT_THERE_BLOCKED},
    {"suppressed", IMPORT_THERE_BLOCKED},
};

const char *import_column_name(enum import_column c)
{
	return columns[c].name;
}

static enum err fault(struct import_reader *r, size_t at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static enum err fault(struct import_reader *r, size_t at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->text, sizeof(r->text), fmt, ap);
	va_end(ap);
	r->bad = (struct import_note){.fate = IMPORT_FAULTY, .text = r->text};
	csvread_place(&r->csv, at, &r->bad.line, &r->bad.column);
	return E_INVALID;
}

/* ---- the first row */

/* Columns of persons: what the forms of the site ask for, each once. */
static void fields_collect(struct import_reader *r)
{
	const struct conf_site *c = site_conf(r->s);

	for (size_t f = 0; f < c->nforms; f++)
		for (size_t i = 0; i < c->forms[f].nfields; i++) {
			const char *name = c->forms[f].fields[i].name;
			size_t k = 0;
			while (k < r->nfields && strcmp(r->field[k], name) != 0)
				k++;
			if (k == r->nfields && k < IMPORT_FIELDS_MAX)
				r->field[r->nfields++] = name;
		}
}

static size_t ours_find(const struct import_reader *r, struct slice name)
{
	for (size_t i = 0; i < IMPORT_COLUMN__MAX; i++)
		if (slice_eq_str(name, columns[i].name))
			return i;
	for (size_t i = 0; i < r->nfields; i++)
		if (slice_eq_str(name, r->field[i]))
			return IMPORT_COLUMN__MAX + i;
	return UNUSED;
}

static bool taken(const struct import_reader *r, size_t what)
{
	for (size_t i = 0; i < r->csv.n; i++)
		if (r->column[i] == what)
			return true;
	return false;
}

static enum err map_one(struct import_reader *r, struct slice pair, struct errinfo *ei)
{
	struct slice theirs = pair, ours;
	size_t what, i = 0;

	if (slice_find(pair, '=', 0) == pair.len || !slice_split(&theirs, '=', &ours))
		return err_set(ei, E_INVALID, "--map takes OURS=COLUMN, not \"%.*s\"", SLICE_FMT(pair));
	what = ours_find(r, slice_trim(ours));
	if (what == UNUSED)
		return err_set(ei, E_INVALID, "--map: there is no \"%.*s\"; a column can be address, lang, purposes, state, "
		    "consent_time, consent_source, consent_wording, consent_method, confirm_time, consent_ip, proof, or a field "
		    "that a form of the site asks for", SLICE_FMT(ours));
	while (i < r->csv.n && !slice_ieq(slice_trim(r->csv.cells[i].text), slice_trim(theirs)))
		i++;
	if (i == r->csv.n)
		return err_set(ei, E_INVALID, "--map: the file has no column \"%.*s\"", SLICE_FMT(theirs));
	if (r->column[i] != UNUSED || taken(r, what))
		return err_set(ei, E_INVALID, "--map: \"%.*s\" stands there twice", SLICE_FMT(pair));
	r->column[i] = what;
	return OK;
}

/* What the name of a column says by itself. */
static size_t named(const struct import_reader *r, struct slice name)
{
	char lower[64];
	size_t n = 0;

	for (; n < name.len && n + 1 < sizeof(lower); n++)
		lower[n] = name.ptr[n] >= 'A' && name.ptr[n] <= 'Z' ? (char)(name.ptr[n] | 0x20) : name.ptr[n];
	lower[n] = '\0';
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (strcmp(lower, aliases[i].theirs) == 0)
			return ours_find(r, slice_from(aliases[i].ours));
	return ours_find(r, slice_from(lower));
}

static enum err head_read(struct import_reader *r, char *unused, size_t unused_bytes, struct errinfo *ei)
{
	struct slice rest = r->o->map, one;
	struct buf names;
	enum err rc = OK;

	for (size_t i = 0; i < r->csv.n; i++)
		r->column[i] = UNUSED;
	while (!rc && rest.len && slice_split(&rest, ',', &one))
		rc = map_one(r, one, ei);
	if (rc)
		return rc;
	buf_init(&names, unused_bytes - 1);
	for (size_t i = 0; i < r->csv.n; i++) {
		struct slice name = slice_trim(r->csv.cells[i].text);
		size_t what = r->column[i] == UNUSED ? named(r, name) : UNUSED;
		if (what != UNUSED && !taken(r, what))
			r->column[i] = what;
		else if (r->column[i] == UNUSED && names.len + name.len + 3 < unused_bytes)
			buf_printf(&names, "%s%.*s", names.len ? ", " : "", SLICE_FMT(name));
	}
	slice_copy(buf_slice(&names), unused, unused_bytes);
	buf_free(&names);
	if (!taken(r, IMPORT_ADDRESS))
		return fault(r, r->csv.row_at, "no column is called address, email or \"Email Address\"; say which it is: --map "
		    "address=COLUMN");
	return OK;
}

/* Those of the command line must all exist. */
static enum err purposes_check(struct import_reader *r, struct errinfo *ei)
{
	const struct conf_site *c = site_conf(r->s);
	struct slice rest = r->o->purposes, one;

	r->purposes = r->o->purposes;
	if (!r->purposes.len && c->npurposes == 1)
		r->purposes = slice_from(c->purposes[0].id);
	while (rest.len && slice_split(&rest, ',', &one))
		if (!conf_purpose_by_id(c, one))
			return err_set(ei, E_INVALID, "the site has no purpose \"%.*s\"", SLICE_FMT(one));
	return OK;
}

static enum err csv_fault(struct import_reader *r, const struct errinfo *ei)
{
	return fault(r, r->csv.bad_at, "%s", ei->text);
}

enum err import_reader_open(struct import_reader *r, const struct site *s, struct arena *a, struct slice file,
    const struct import_opts *o, char *unused, size_t unused_bytes, struct errinfo *ei)
{
	char iso[CLOCK_ISO_BYTES];
	enum err rc;

	memset(r, 0, sizeof(*r));
	r->s = s;
	r->o = o;
	unused[0] = '\0';
	snprintf(r->today, sizeof(r->today), "%.10s", clock_iso(clock_now_ms() + 24 * 60 * 60 * 1000, iso));
	r->lang = o->lang ? site_lang(s, slice_from(o->lang)) : site_lang_default(s);
	if (!r->lang)
		return err_set(ei, E_INVALID, "the site has no language \"%s\"", o->lang);
	rc = purposes_check(r, ei);
	if (rc)
		return rc;
	fields_collect(r);
	rc = csvread_init(&r->csv, file, ei);
	if (!rc)
		rc = csvread_row(&r->csv, a, ei);
	if (rc == E_NOT_FOUND)
		return fault(r, 0, "the file is empty; its first row has the names of the columns");
	if (rc)
		return rc == E_NOMEM ? rc : csv_fault(r, ei);
	return head_read(r, unused, unused_bytes, ei);
}

/* ---- one row */

/* "2026-11-21", "2026-11-21 14:05[:09[.123]]", with T, Z or +01:00; "21.11.2026" with the same behind it. */
static bool day_read(struct slice s, char day[static 11], size_t *at)
{
	static const char *const shapes[] = {"dddd-dd-dd", "dd.dd.dddd"};
	size_t shape = s.len > 2 && s.ptr[2] == '.';

	if (s.len < 10)
		return false;
	for (size_t i = 0; i < 10; i++)
		if (shapes[shape][i] == 'd' ? s.ptr[i] < '0' || s.ptr[i] > '9' : s.ptr[i] != shapes[shape][i])
			return false;
	if (shape)
		snprintf(day, 11, "%.4s-%.2s-%.2s", s.ptr + 6, s.ptr + 3, s.ptr);
	else
		snprintf(day, 11, "%.10s", s.ptr);
	*at = 10;
	return clock_parse_iso(day, 10) >= 0;
}

static bool time_read(struct slice s, char day[static 11])
{
	size_t at, digits = 0;

	if (!day_read(s, day, &at))
		return false;
	if (at == s.len)
		return true;
	if (s.ptr[at] != ' ' && s.ptr[at] != 'T')
		return false;
	for (at++; at < s.len; at++) {
		digits += s.ptr[at] >= '0' && s.ptr[at] <= '9';
		if (!memchr("0123456789:.+-Z ", s.ptr[at], 16))
			return false;
	}
	return digits >= 4;
}

static enum err time_check(struct import_reader *r, const struct csvread_cell *cell, const char *name, struct slice v)
{
	char day[11];

	if (!v.len)
		return OK;
	if (!time_read(v, day))
		return fault(r, cell->at, "%s is not a time; write 2026-11-21, 2026-11-21 14:05:09 or 21.11.2026", name);
	if (strcmp(day, r->today) > 0 || strcmp(day, OLDEST) < 0)
		return fault(r, cell->at, "%s lies %s; look whether day and month were swapped", name,
		    strcmp(day, OLDEST) < 0 ? "before " OLDEST : "in the future");
	return OK;
}

static enum err purposes_read(struct import_reader *r, struct arena *a, const struct csvread_cell *cell, struct slice v,
    struct slice *out)
{
	struct buf b;

	buf_init_arena(&b, a, IMPORT_PURPOSES_MAX_BYTES);
	for (size_t at = 0, end; at < v.len; at = end + 1) {
		struct slice one;
		for (end = at; end < v.len && !memchr(" ,;|", v.ptr[end], 4); end++)
			;
		one = slice_sub(v, at, end - at);
		if (!one.len || consent_list_has(buf_slice(&b), one))
			continue;
		if (!conf_purpose_by_id(site_conf(r->s), one))
			return fault(r, cell->at, "the site has no purpose \"%.*s\"; correct the cell, or the purposes of the site",
			    SLICE_FMT(utf8_prefix(one, 40)));
		buf_printf(&b, "%s%.*s", b.len ? "," : "", SLICE_FMT(one));
	}
	*out = buf_slice(&b);
	return OK;
}

static enum err state_read(struct import_reader *r, const struct csvread_cell *cell, struct slice v,
    enum import_there *out)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (slice_ieq(v, slice_from(states[i].word))) {
			*out = states[i].there;
			return OK;
		}
	return fault(r, cell->at, "the state \"%.*s\" is not known; write active, pending, unsubscribed, bounced, objected, "
	    "complained or blocked", SLICE_FMT(utf8_prefix(v, 40)));
}

static enum err address_read(struct import_reader *r, struct arena *a, const struct csvread_cell *cell, struct slice v,
    struct import_row *out)
{
	struct addr addr;
	enum addr_result res = addr_parse(a, v, &addr);

	csvread_place(&r->csv, cell->at, &out->line, &out->column);
	if (!arena_ok(a))
		return E_NOMEM;
	out->address = addr.full;
	if (res == ADDR_OK)
		return OK;
	return fault(r, cell->at, res == ADDR_EMPTY ? "there is no address in this row; take the row out" :
	    res == ADDR_MANY ? "there is more than one address in this cell; make a row of each" :
	    res == ADDR_NON_ASCII ? "letters such as ä before the @ cannot be mailed to; ask the person for another address" :
	    "this is no e-mail address; correct it or take the row out");
}

/* Our own export puts an apostrophe before what a spreadsheet would compute (text/csv.h). */
static struct slice plain(struct slice v)
{
	v = slice_trim(v);
	if (v.len > 1 && v.ptr[0] == '\'' && memchr("=+-@", v.ptr[1], 4))
		return slice_sub(v, 1, v.len);
	return v;
}

static enum err field_read(struct import_reader *r, const struct csvread_cell *cell, size_t n, struct slice v,
    struct import_row *out)
{
	if (utf8_count(v) > GATE_FIELD_MAX_CHARS)
		return fault(r, cell->at, "%s has more than %d characters", r->field[n], GATE_FIELD_MAX_CHARS);
	if (utf8_has_control(v, false))
		return fault(r, cell->at, "%s has a line break or a control character in it", r->field[n]);
	out->field[n] = v;
	return OK;
}

static enum err cell_read(struct import_reader *r, struct arena *a, size_t i, struct import_row *out)
{
	const struct csvread_cell *cell = &r->csv.cells[i];
	size_t what = r->column[i];
	struct slice v = plain(cell->text);

	if (what == UNUSED)
		return OK;
	if (what >= IMPORT_COLUMN__MAX)
		return field_read(r, cell, what - IMPORT_COLUMN__MAX, v, out);
	if (v.len > columns[what].max_bytes)
		return fault(r, cell->at, "%s has more than %zu bytes", columns[what].name, columns[what].max_bytes);
	if (utf8_has_control(v, what >= IMPORT_SOURCE && what <= IMPORT_PROOF))
		return fault(r, cell->at, "%s has a control character in it", columns[what].name);
	out->value[what] = v;
	switch (what) {
	case IMPORT_ADDRESS:
		return address_read(r, a, cell, v, out);
	case IMPORT_PURPOSES:
		return purposes_read(r, a, cell, v, &out->purposes);
	case IMPORT_STATE:
		return state_read(r, cell, v, &out->there);
	case IMPORT_TIME:
	case IMPORT_CONFIRMED:
		return time_check(r, cell, columns[what].name, v);
	default:
		return OK;
	}
}

/* What the file does not say, the command line may say for all. */
static void row_complete(struct import_reader *r, struct import_row *out)
{
	static const struct {
		enum import_column c;
		const char *text;
	} needed[] = {
	    {IMPORT_TIME, "no proof: nothing says when (consent_time)"},
	    {IMPORT_SOURCE, "no proof: nothing says where (consent_source, or --source for all)"},
	    {IMPORT_WORDING, "no proof: nothing says with which words (consent_wording, or --wording FILE for all)"},
	};

	if (!out->value[IMPORT_SOURCE].len)
		out->value[IMPORT_SOURCE] = r->o->source;
	if (!out->value[IMPORT_WORDING].len)
		out->value[IMPORT_WORDING] = r->o->wording;
	out->lang = site_lang(r->s, out->value[IMPORT_LANG]);
	if (!out->lang)
		out->lang = r->lang;
	for (size_t i = 0; !out->lacks && i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!out->value[needed[i].c].len)
			out->lacks = needed[i].text;
	if (out->there == IMPORT_THERE_PENDING)
		out->lacks = "was not confirmed there either (state)";
}

enum err import_reader_next(struct import_reader *r, struct arena *a, struct import_row *out, struct errinfo *ei)
{
	enum err rc = csvread_row(&r->csv, a, ei);

	memset(out, 0, sizeof(*out));
	if (rc == E_INVALID || rc == E_LIMIT)
		return csv_fault(r, ei);
	for (size_t i = 0; !rc && i < r->csv.n; i++)
		rc = cell_read(r, a, i, out);
	if (rc)
		return rc;
	row_complete(r, out);
	if (!out->purposes.len)
		out->purposes = r->purposes;
	if (!out->purposes.len)
		return fault(r, r->csv.row_at, "nothing says for which purpose; add a column purposes, or say --purposes");
	return arena_ok(a) ? OK : err_set(ei, E_NOMEM, "import");
}

/* ---- what is kept */

struct slice import_fields(const struct import_reader *r, struct arena *a, const struct import_row *row)
{
	struct jsonw w;
	struct buf b;
	bool any = false;

	buf_init_arena(&b, a, 16384);
	jsonw_init(&w, &b);
	jsonw_object(&w);
	for (size_t i = 0; i < r->nfields; i++) {
		if (!row->field[i].len)
			continue;
		jsonw_kstr(&w, r->field[i], row->field[i]);
		any = true;
	}
	jsonw_end_object(&w);
	return any ? buf_slice(&b) : SLICE("");
}

struct slice import_proof(struct arena *a, const struct import_row *row)
{
	struct jsonw w;
	struct buf b;

	buf_init_arena(&b, a, 8 * IMPORT_PROOF_MAX_BYTES);
	jsonw_init(&w, &b);
	jsonw_object(&w);
	for (int c = IMPORT_TIME; c <= IMPORT_PROOF; c++)
		if (row->value[c].len)
			jsonw_kstr(&w, columns[c].name, row->value[c]);
	jsonw_end_object(&w);
	return buf_slice(&b);
}

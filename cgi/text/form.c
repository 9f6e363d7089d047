#include "text/form.h"

#include <string.h>

#include "text/url.h"
#include "text/utf8.h"

#define FORM_BOUNDARY_MAX_BYTES 70 /* RFC 2046 section 5.1.1 */

static bool form_text_valid(struct slice s)
{
	return utf8_valid(s) && slice_find(s, '\0', 0) == s.len;
}

static enum err form_add(struct form *f, struct slice name, struct slice value, struct errinfo *ei)
{
	if (!form_text_valid(name) || !form_text_valid(value))
		return err_set(ei, E_INVALID, "field %zu of the form is not UTF-8 or holds a NUL", f->count + 1);
	if (f->count == FORM_FIELDS_MAX)
		return err_set(ei, E_LIMIT, "the form has more than %d fields", FORM_FIELDS_MAX);
	/* An empty value is still there: only a missing one has ptr NULL. */
	if (!value.ptr)
		value = slice_make("", 0);
	f->fields[f->count++] = (struct form_field){.name = name, .value = value};
	return OK;
}

static enum err form_decode(struct arena *a, struct slice coded, struct slice *out, struct errinfo *ei)
{
	if (url_decode(a, coded, true, out))
		return OK;
	if (!arena_ok(a))
		return err_set(ei, E_NOMEM, "no memory for the fields of a form");
	return err_set(ei, E_INVALID, "the form holds a percent sign that no two hex digits follow");
}

enum err form_parse(struct arena *a, struct slice body, struct form *out, struct errinfo *ei)
{
	struct slice rest = body, pair;

	out->count = 0;
	while (slice_split(&rest, '&', &pair)) {
		struct slice name, value;
		if (pair.len == 0)
			continue;
		size_t equals = slice_find(pair, '=', 0);
		enum err e = form_decode(a, slice_sub(pair, 0, equals), &name, ei);
		if (e == OK)
			e = form_decode(a, slice_sub(pair, equals + 1, pair.len), &value, ei);
		if (e == OK)
			e = form_add(out, name, value, ei);
		if (e != OK)
			return e;
	}
	return OK;
}

/*
 * Takes the next "; name=value" of a header value (RFC 2045 section 5.1).
 * false at the end; *bad is set if the rest is no parameter.
 */
static bool form_param_next(struct slice *rest, struct slice *name, struct slice *value, bool *bad)
{
	*rest = slice_trim(*rest);
	if (rest->len == 0 || slice_eq_str(*rest, ";"))
		return false;
	size_t equals = slice_find(*rest, '=', 0);
	*bad = true;
	if (rest->ptr[0] != ';' || equals == rest->len)
		return false;
	*name = slice_trim(slice_sub(*rest, 1, equals - 1));
	*rest = slice_trim(slice_sub(*rest, equals + 1, rest->len));
	size_t end = slice_find(*rest, ';', 0);
	if (rest->len > 0 && rest->ptr[0] == '"') {
		size_t close = slice_find(*rest, '"', 1);
		if (close == rest->len)
			return false;
		*value = slice_sub(*rest, 1, close - 1);
		end = close + 1;
	} else {
		*value = slice_trim(slice_sub(*rest, 0, end));
	}
	/* Two programs can disagree about a backslash; browsers never send one. */
	if (name->len == 0 || slice_find(*value, '\\', 0) < value->len)
		return false;
	*rest = slice_sub(*rest, end, rest->len);
	*bad = false;
	return true;
}

/* Value of one parameter, ptr NULL if absent; a second one of the same name is bad. */
static struct slice form_param_get(struct slice params, const char *wanted, bool *bad)
{
	struct slice name, value, found = {NULL, 0};

	*bad = false;
	while (form_param_next(&params, &name, &value, bad)) {
		if (!slice_ieq(name, slice_from(wanted)))
			continue;
		*bad = found.ptr != NULL;
		if (*bad)
			break;
		found = slice_make(value.ptr ? value.ptr : "", value.len);
	}
	return found;
}

static bool form_boundary_valid(struct slice b)
{
	static const char marks[] = "'()+_,-./:=? ";

	if (b.len == 0 || b.len > FORM_BOUNDARY_MAX_BYTES || b.ptr[b.len - 1] == ' ')
		return false;
	for (size_t i = 0; i < b.len; i++) {
		char c = b.ptr[i];
		bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (!alnum && (c == '\0' || !strchr(marks, c)))
			return false;
	}
	return true;
}

static enum err form_boundary_get(struct slice content_type, struct slice *boundary, struct errinfo *ei)
{
	size_t semicolon = slice_find(content_type, ';', 0);
	bool bad;

	if (!slice_ieq(slice_trim(slice_sub(content_type, 0, semicolon)), SLICE("multipart/form-data")))
		return err_set(ei, E_INVALID, "the content type is not multipart/form-data");
	*boundary = form_param_get(slice_sub(content_type, semicolon, content_type.len), "boundary", &bad);
	if (bad || !form_boundary_valid(*boundary))
		return err_set(ei, E_INVALID, "multipart/form-data without a usable boundary");
	return OK;
}

/* Next line without its LF or CR LF; some senders of one-click requests write bare LF. */
static bool form_line_next(struct slice *rest, struct slice *line)
{
	if (rest->len == 0)
		return false;
	size_t end = slice_find(*rest, '\n', 0);
	*line = slice_sub(*rest, 0, end);
	*rest = slice_sub(*rest, end + 1, rest->len);
	if (line->len > 0 && line->ptr[line->len - 1] == '\r')
		line->len--;
	return true;
}

enum form_line { FORM_LINE_DATA, FORM_LINE_DELIMITER, FORM_LINE_END };

static enum form_line form_line_class(struct slice line, struct slice boundary)
{
	if (!slice_starts(line, SLICE("--")))
		return FORM_LINE_DATA;
	struct slice rest = slice_sub(line, 2, line.len);
	if (!slice_starts(rest, boundary))
		return FORM_LINE_DATA;
	rest = slice_trim(slice_sub(rest, boundary.len, rest.len));
	if (rest.len == 0)
		return FORM_LINE_DELIMITER;
	return slice_eq(rest, SLICE("--")) ? FORM_LINE_END : FORM_LINE_DATA;
}

static enum err form_disposition_read(struct slice value, struct slice *name, struct errinfo *ei)
{
	size_t semicolon = slice_find(value, ';', 0);
	struct slice params = slice_sub(value, semicolon, value.len);
	bool bad, bad_file;

	*name = form_param_get(params, "name", &bad);
	struct slice file = form_param_get(params, "filename", &bad_file);
	if (!slice_ieq(slice_trim(slice_sub(value, 0, semicolon)), SLICE("form-data")))
		return err_set(ei, E_INVALID, "a part of the form is no form-data");
	if (bad || bad_file || !name->ptr)
		return err_set(ei, E_INVALID, "a part of the form has no readable name");
	if (file.ptr)
		return err_set(ei, E_INVALID, "a part of the form is a file; only text fields are taken");
	return OK;
}

/* Only what leaves the bytes as they are; RFC 7578 section 4.7 deprecates the rest. */
static bool form_transfer_valid(struct slice value)
{
	return slice_ieq(value, SLICE("7bit")) || slice_ieq(value, SLICE("8bit")) ||
	    slice_ieq(value, SLICE("binary"));
}

/* Reads the headers of a part up to and with the empty line. */
static enum err form_part_head(struct slice *rest, struct slice *name, struct errinfo *ei)
{
	struct slice line;

	*name = slice_make(NULL, 0);
	while (form_line_next(rest, &line)) {
		if (line.len == 0)
			return name->ptr ? OK : err_set(ei, E_INVALID, "a part of the form has no name");
		size_t colon = slice_find(line, ':', 0);
		struct slice header = slice_sub(line, 0, colon);
		struct slice value = slice_trim(slice_sub(line, colon + 1, line.len));
		if (slice_ieq(header, SLICE("Content-Disposition"))) {
			if (name->ptr)
				return err_set(ei, E_INVALID, "a part of the form has two names");
			enum err e = form_disposition_read(value, name, ei);
			if (e != OK)
				return e;
		} else if (slice_ieq(header, SLICE("Content-Transfer-Encoding")) && !form_transfer_valid(value)) {
			return err_set(ei, E_INVALID, "a part of the form is encoded; send it as it is");
		}
	}
	return err_set(ei, E_INVALID, "the form ends inside a part's header");
}

/* Reads a part's bytes up to the next delimiter; the line end before that is not part of the value. */
static bool form_part_value(struct slice *rest, struct slice boundary, struct slice *value, bool *last)
{
	const char *start = rest->ptr;
	struct slice line;

	while (form_line_next(rest, &line)) {
		enum form_line class = form_line_class(line, boundary);
		if (class == FORM_LINE_DATA)
			continue;
		size_t len = (size_t)(line.ptr - start);
		if (len > 0)
			len--;
		if (len > 0 && start[len - 1] == '\r')
			len--;
		*value = slice_make(start, len);
		*last = class == FORM_LINE_END;
		return true;
	}
	return false;
}

static enum err form_part_read(struct arena *a, struct slice *rest, struct slice boundary, struct form *out,
    bool *last, struct errinfo *ei)
{
	struct slice name, value;
	enum err e = form_part_head(rest, &name, ei);

	if (e != OK)
		return e;
	if (!form_part_value(rest, boundary, &value, last))
		return err_set(ei, E_INVALID, "the form ends before its last boundary");
	name = arena_dup(a, name);
	value = arena_dup(a, value);
	if (!arena_ok(a))
		return err_set(ei, E_NOMEM, "no memory for the fields of a form");
	return form_add(out, name, value, ei);
}

enum err form_parse_multipart(struct arena *a, struct slice body, struct slice content_type, struct form *out,
    struct errinfo *ei)
{
	struct slice boundary, rest = body, line;
	enum form_line class = FORM_LINE_DATA;

	out->count = 0;
	enum err e = form_boundary_get(content_type, &boundary, ei);
	if (e != OK)
		return e;
	/* A preamble has no meaning (RFC 2046 section 5.1.1). */
	while (class == FORM_LINE_DATA && form_line_next(&rest, &line))
		class = form_line_class(line, boundary);
	if (class == FORM_LINE_DATA)
		return err_set(ei, E_INVALID, "the form does not hold its own boundary");
	for (bool last = class == FORM_LINE_END; !last && e == OK;)
		e = form_part_read(a, &rest, boundary, out, &last, ei);
	return e;
}

struct slice form_nth(const struct form *f, const char *name, size_t n)
{
	struct slice wanted = slice_from(name);

	for (size_t i = 0; i < f->count; i++)
		if (slice_eq(f->fields[i].name, wanted) && n-- == 0)
			return f->fields[i].value;
	return slice_make(NULL, 0);
}

struct slice form_get(const struct form *f, const char *name)
{
	return form_nth(f, name, 0);
}

size_t form_count(const struct form *f, const char *name)
{
	struct slice wanted = slice_from(name);
	size_t n = 0;

	for (size_t i = 0; i < f->count; i++)
		n += slice_eq(f->fields[i].name, wanted);
	return n;
}

#include "text/eml.h"

#include <string.h>

#include "base/buf.h"
#include "base/enc.h"

struct walk {
	struct eml *out;
	struct arena *a;
	size_t parts;
};

/* The next line without its end; rest moves on. false: nothing is left. */
static bool line_next(struct slice *rest, struct slice *line)
{
	size_t end = slice_find(*rest, '\n', 0);

	if (!rest->len)
		return false;
	*line = slice_sub(*rest, 0, end);
	*rest = slice_sub(*rest, end + 1, rest->len);
	if (line->len && line->ptr[line->len - 1] == '\r')
		line->len--;
	return true;
}

/* Header fields end at the first empty line; body is what follows. */
static void head_split(struct slice raw, struct slice *head, struct slice *body)
{
	struct slice rest = raw, line;

	while (line_next(&rest, &line))
		if (!line.len)
			break;
	*head = slice_sub(raw, 0, raw.len - rest.len);
	*body = rest;
}

static bool folded(struct slice line)
{
	return line.len && (line.ptr[0] == ' ' || line.ptr[0] == '\t');
}

static bool line_names(struct slice line, const char *name)
{
	size_t colon = slice_find(line, ':', 0);

	return colon < line.len && slice_ieq(slice_trim(slice_sub(line, 0, colon)), slice_from(name));
}

bool eml_field(struct slice head, struct arena *a, const char *name, size_t n, struct slice *out)
{
	struct slice rest = head, line;
	bool ours = false;
	struct buf b;

	buf_init_arena(&b, a, EML_MAX_BYTES);
	while (line_next(&rest, &line)) {
		if (ours && folded(line)) {
			buf_add_char(&b, ' ');
			buf_add_slice(&b, slice_trim(line));
			continue;
		}
		if (ours)
			break;
		if (folded(line) || !line_names(line, name) || n-- > 0)
			continue;
		ours = true;
		buf_add_slice(&b, slice_trim(slice_sub(line, slice_find(line, ':', 0) + 1, line.len)));
	}
	*out = slice_trim(buf_slice(&b));
	return ours && buf_ok(&b);
}

/* "; name=value" of a field, quoted or not. Empty: it is not there. */
static struct slice param(struct slice field, const char *name)
{
	struct slice rest = field, piece;
	size_t n = strlen(name);

	slice_split(&rest, ';', &piece);
	while (slice_split(&rest, ';', &piece)) {
		piece = slice_trim(piece);
		if (piece.len <= n || piece.ptr[n] != '=' || !slice_ieq(slice_sub(piece, 0, n), slice_from(name)))
			continue;
		piece = slice_trim(slice_sub(piece, n + 1, piece.len));
		if (piece.len >= 2 && piece.ptr[0] == '"' && piece.ptr[piece.len - 1] == '"')
			piece = slice_sub(piece, 1, piece.len - 2);
		return piece;
	}
	return SLICE("");
}

/* What stands before the first ";". */
static struct slice value(struct slice field)
{
	return slice_trim(slice_sub(field, 0, slice_find(field, ';', 0)));
}

/* ---- what a part holds */

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 2045 section 6.7; an escape that is none stays as it is. */
static void quoted_decode(struct buf *out, struct slice body)
{
	struct slice line;

	while (line_next(&body, &line)) {
		bool soft;
		while (line.len && (line.ptr[line.len - 1] == ' ' || line.ptr[line.len - 1] == '\t'))
			line.len--;
		soft = line.len && line.ptr[line.len - 1] == '=';
		line.len -= soft;
		for (size_t i = 0; i < line.len; i++) {
			int high = line.ptr[i] == '=' && i + 2 < line.len ? hex_digit(line.ptr[i + 1]) : -1;
			int low = high >= 0 ? hex_digit(line.ptr[i + 2]) : -1;
			buf_add_char(out, low >= 0 ? (char)(high * 16 + low) : line.ptr[i]);
			i += low >= 0 ? 2 : 0;
		}
		if (!soft)
			buf_add_char(out, '\n');
	}
}

static void base64_decode(struct buf *out, struct arena *a, struct slice body)
{
	struct buf b;

	buf_init_arena(&b, a, EML_MAX_BYTES);
	for (size_t i = 0; i < body.len; i++)
		if (!strchr(" \t\r\n", body.ptr[i]) || !body.ptr[i])
			buf_add_char(&b, body.ptr[i]);
	/* What is no base64 is shown as it came: nothing may be hidden by an error. */
	if (!enc_b64_decode(buf_slice(&b), out))
		buf_add_slice(out, body);
}

static struct slice decoded(struct walk *w, struct slice head, struct slice body)
{
	struct slice how;
	struct buf b;

	if (!eml_field(head, w->a, "Content-Transfer-Encoding", 0, &how))
		return body;
	buf_init_arena(&b, w->a, EML_MAX_BYTES);
	if (slice_ieq(value(how), SLICE("quoted-printable")))
		quoted_decode(&b, body);
	else if (slice_ieq(value(how), SLICE("base64")))
		base64_decode(&b, w->a, body);
	else
		return body;
	return buf_slice(&b);
}

/* ---- the tree of parts */

static void part(struct walk *w, struct slice raw, unsigned depth);

/* "--boundary" or, at the end, "--boundary--"; white space may follow (RFC 2046 section 5.1.1). */
static bool delimits(struct slice line, struct slice boundary, bool *last)
{
	struct slice rest;

	if (!slice_starts(line, SLICE("--")) || !slice_starts(slice_sub(line, 2, line.len), boundary))
		return false;
	rest = slice_sub(line, 2 + boundary.len, line.len);
	*last = slice_starts(rest, SLICE("--"));
	return !slice_trim(*last ? slice_sub(rest, 2, rest.len) : rest).len;
}

static void parts(struct walk *w, struct slice body, struct slice boundary, unsigned depth)
{
	struct slice rest = body, line;
	const char *from = NULL;
	bool last = false;

	while (!last && line_next(&rest, &line)) {
		if (!delimits(line, boundary, &last))
			continue;
		if (from)
			part(w, slice_make(from, (size_t)(line.ptr - from)), depth + 1);
		from = rest.ptr;
	}
	/* A mail that was cut off has no end. */
	if (from && !last)
		part(w, slice_make(from, (size_t)(body.ptr + body.len - from)), depth + 1);
}

static void part(struct walk *w, struct slice raw, unsigned depth)
{
	struct slice head, body, type, name;

	if (++w->parts > EML_PARTS_MAX || depth > EML_DEPTH_MAX)
		return;
	head_split(raw, &head, &body);
	name = eml_field(head, w->a, "Content-Type", 0, &type) ? value(type) : SLICE("text/plain");
	if (name.len > 10 && slice_ieq(slice_sub(name, 0, 10), SLICE("multipart/")) && param(type, "boundary").len)
		parts(w, body, param(type, "boundary"), depth);
	else if (slice_ieq(name, SLICE("text/plain")) && !w->out->text.len)
		w->out->text = decoded(w, head, body);
	else if (slice_ieq(name, SLICE("text/html")) && !w->out->html.len)
		w->out->html = decoded(w, head, body);
}

enum err eml_read(struct eml *out, struct arena *a, struct slice raw, struct errinfo *ei)
{
	struct walk w = {.out = out, .a = a};
	struct slice body;

	memset(out, 0, sizeof(*out));
	if (raw.len > EML_MAX_BYTES)
		return err_set(ei, E_LIMIT, "mail of over %u bytes", EML_MAX_BYTES);
	/* A line that an old mailbox or a program puts in front. */
	if (slice_starts(raw, SLICE("From ")))
		raw = slice_sub(raw, slice_find(raw, '\n', 0) + 1, raw.len);
	head_split(raw, &out->head, &body);
	if (slice_find(out->head, ':', 0) == out->head.len)
		return err_set(ei, E_INVALID, "no mail: there is no header field");
	part(&w, raw, 0);
	return arena_ok(a) ? OK : err_set(ei, E_NOMEM, "mail");
}

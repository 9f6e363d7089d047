/*
 * Mails of format 1, made again. Frozen since the first release: do not change it, and share nothing with the live
 * writer. A new way to write mails is a new file beside this one (include/mail/sent.h).
 *
 * It trusts its input: what is read here was checked when it was stored, by rules that may have become stricter
 * since, and old evidence must stay readable.
 */
#include "mail/sent_priv.h"

#include <jansson.h>
#include <stddef.h>
#include <string.h>

#include "base/enc.h"

#define SENT1_LINE_BYTES 76       /* RFC 2047 section 2, RFC 2045 section 6.7 */
#define SENT1_WORD_MAX_BYTES 75   /* RFC 2047 section 2 */
#define SENT1_WORD_EXTRA_BYTES 12 /* "=?UTF-8?Q?" and "?=" */
#define SENT1_ROOM_MIN_BYTES 24   /* below this the line is folded before an encoded-word starts */
#define SENT1_ANGLE_BYTES 1000

/* --- the stored text, filled -------------------------------------------------------- */

#define OPEN "\xee\x80\x80"
#define CLOSE "\xee\x80\x81"
#define MARK_BYTES 3

static const char *const slot_names[MESSAGE_SLOT__MAX] = {
	[MESSAGE_TO] = "to", [MESSAGE_LINK] = "link", [MESSAGE_UNSUBSCRIBE] = "unsubscribe", [MESSAGE_DATE] = "date",
	[MESSAGE_MESSAGE_ID] = "message_id", [MESSAGE_BOUNDARY] = "boundary",
};

static const struct {
	const char *name;
	size_t at;
} fields[] = {
	{"from_name", offsetof(struct message, from_name)},
	{"from_addr", offsetof(struct message, from_addr)},
	{"reply_to", offsetof(struct message, reply_to)},
	{"to", offsetof(struct message, to)},
	{"subject", offsetof(struct message, subject)},
	{"list_unsubscribe", offsetof(struct message, list_unsubscribe)},
	{"list_id", offsetof(struct message, list_id)},
	{"message_id", offsetof(struct message, message_id)},
	{"boundary", offsetof(struct message, boundary)},
	{"zone", offsetof(struct message, zone)},
	{"lang", offsetof(struct message, lang)},
	{"text", offsetof(struct message, text)},
	{"html", offsetof(struct message, html)},
};
#define NFIELDS (sizeof(fields) / sizeof(fields[0]))

static void value_add(struct buf *out, struct slice v, bool html)
{
	for (size_t i = 0; i < v.len; i++) {
		char c = v.ptr[i];

		if (html && c == '&')
			buf_add_str(out, "&amp;");
		else if (html && c == '<')
			buf_add_str(out, "&lt;");
		else if (html && c == '>')
			buf_add_str(out, "&gt;");
		else if (html && c == '"')
			buf_add_str(out, "&quot;");
		else if (html && c == '\'')
			buf_add_str(out, "&#39;");
		else
			buf_add_char(out, c);
	}
}

/* A whole mark at the start of s: its slot and, in *used, its length. -1: there is none. */
static int mark_at(struct slice s, size_t *used)
{
	for (int i = 0; i < MESSAGE_SLOT__MAX; i++) {
		size_t n = strlen(slot_names[i]);

		if (s.len >= n + (size_t)2 * MARK_BYTES && memcmp(s.ptr + MARK_BYTES, slot_names[i], n) == 0 &&
		    memcmp(s.ptr + MARK_BYTES + n, CLOSE, MARK_BYTES) == 0) {
			*used = n + (size_t)2 * MARK_BYTES;
			return i;
		}
	}
	return -1;
}

static enum err fill_text(struct buf *out, struct slice s, const struct slice *value, bool html, const char *where,
    struct errinfo *ei)
{
	size_t used;
	int slot;

	while (s.len) {
		const char *p = memmem(s.ptr, s.len, OPEN, MARK_BYTES);
		size_t before = p ? (size_t)(p - s.ptr) : s.len;

		buf_add_slice(out, slice_sub(s, 0, before));
		s = slice_sub(s, before, s.len);
		if (!s.len)
			break;
		slot = mark_at(s, &used);
		if (slot < 0)
			return err_set(ei, E_INVALID, "mail: %s has a mark that names no slot", where);
		if (!value[slot].len)
			return err_set(ei, E_INVALID, "mail: slot %s stands in %s and no value was kept", slot_names[slot],
			    where);
		value_add(out, value[slot], html);
		s = slice_sub(s, used, s.len);
	}
	return OK;
}

static enum err fill_fields(struct arena *a, const json_t *root, const struct slice *value, struct message *out,
    struct errinfo *ei)
{
	const json_t *format = json_object_get(root, "format");

	if (!json_is_integer(format) || json_integer_value(format) != 1)
		return err_set(ei, E_INVALID, "mail: stored message is not of format 1");
	for (size_t i = 0; i < NFIELDS; i++) {
		const json_t *v = json_object_get(root, fields[i].name);
		struct buf b;
		enum err rc;

		if (!json_is_string(v))
			return err_set(ei, E_INVALID, "mail: stored message: %s is missing or no text", fields[i].name);
		buf_init_arena(&b, a, MESSAGE_MIME_MAX_BYTES);
		rc = fill_text(&b, slice_make(json_string_value(v), json_string_length(v)), value,
		    strcmp(fields[i].name, "html") == 0, fields[i].name, ei);
		if (rc)
			return rc;
		if (!buf_ok(&b))
			return err_set(ei, E_NOMEM, "mail: no memory to fill %s", fields[i].name);
		*(struct slice *)(void *)((char *)out + fields[i].at) = buf_slice(&b);
	}
	return OK;
}

enum err sent1_fill(struct arena *a, struct slice stored, const struct slice value[MESSAGE_SLOT__MAX],
    struct message *out, struct errinfo *ei)
{
	json_t *root = json_loadb(stored.ptr ? stored.ptr : "", stored.len, JSON_REJECT_DUPLICATES, NULL);
	enum err rc;

	memset(out, 0, sizeof(*out));
	rc = fill_fields(a, root, value, out, ei);
	json_decref(root);
	return rc;
}

/* --- headers ------------------------------------------------------------------------ */

/* A header while it is written: column counts bytes of the present line. */
struct line {
	struct buf *out;
	size_t column;
	bool empty; /* nothing but the name yet */
};

static const char hex[] = "0123456789ABCDEF";

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_ascii(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] >= 0x80)
			return false;
	return true;
}

static bool has_pair(struct slice s, const char *two)
{
	for (size_t i = 0; i + 1 < s.len; i++)
		if (s.ptr[i] == two[0] && s.ptr[i + 1] == two[1])
			return true;
	return false;
}

/* Bytes of the code point at i, never beyond the end. */
static size_t unit_at(struct slice s, size_t i)
{
	unsigned char c = (unsigned char)s.ptr[i];
	size_t n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;

	return n < s.len - i ? n : s.len - i;
}

static struct line line_start(struct buf *out, const char *name)
{
	buf_add_str(out, name);
	buf_add_char(out, ':');
	return (struct line){.out = out, .column = strlen(name) + 1, .empty = true};
}

static void line_gap(struct line *l, bool fold)
{
	if (fold) {
		buf_add_str(l->out, "\r\n");
		l->column = 0;
	}
	buf_add_char(l->out, ' ');
	l->column++;
}

/* " word", on a new line if this one would grow beyond 76; never right behind the name. */
static void line_word(struct line *l, struct slice word)
{
	line_gap(l, !l->empty && word.len > 0 && l->column + 1 + word.len > SENT1_LINE_BYTES);
	buf_add_slice(l->out, word);
	l->column += word.len;
	l->empty = false;
}

/* Bytes that stand for themselves in a Q word anywhere in a header (RFC 2047 section 5 (3)). */
static bool q_is_plain(char c)
{
	return is_alnum(c) || c == '!' || c == '*' || c == '+' || c == '-' || c == '/';
}

static size_t q_bytes(struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += q_is_plain(s.ptr[i]) || s.ptr[i] == ' ' ? 1 : 3;
	return n;
}

static size_t b_bytes(struct slice s)
{
	return (s.len + 2) / 3 * 4;
}

static void escape_add(struct buf *out, char c)
{
	unsigned char u = (unsigned char)c;
	const char code[3] = {'=', hex[u >> 4], hex[u & 15]};

	buf_add(out, code, sizeof(code));
}

static void q_add(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == ' ')
			buf_add_char(out, '_');
		else if (q_is_plain(s.ptr[i]))
			buf_add_char(out, s.ptr[i]);
		else
			escape_add(out, s.ptr[i]);
	}
}

/* The longest piece of whole code points whose encoding fits into room bytes. */
static struct slice piece_take(struct slice *rest, size_t room, bool q)
{
	struct slice piece;
	size_t end = 0;

	while (end < rest->len) {
		piece = slice_sub(*rest, 0, end + unit_at(*rest, end));
		if ((q ? q_bytes(piece) : b_bytes(piece)) > room)
			break;
		end = piece.len;
	}
	piece = slice_sub(*rest, 0, end);
	*rest = slice_sub(*rest, end, rest->len);
	return piece;
}

/* Text as encoded-words, each on its own line after the first. */
static void line_encode(struct line *l, struct slice text)
{
	bool q = q_bytes(text) <= b_bytes(text);
	bool first = true;

	while (text.len > 0 && buf_ok(l->out)) {
		bool fold = !first || l->column + 1 + SENT1_WORD_EXTRA_BYTES + SENT1_ROOM_MIN_BYTES > SENT1_LINE_BYTES;
		struct slice piece;
		size_t room, before;

		line_gap(l, fold && !l->empty);
		room = SENT1_LINE_BYTES - l->column;
		if (room > SENT1_WORD_MAX_BYTES)
			room = SENT1_WORD_MAX_BYTES;
		piece = piece_take(&text, room - SENT1_WORD_EXTRA_BYTES, q);
		before = l->out->len;
		buf_add_str(l->out, q ? "=?UTF-8?Q?" : "=?UTF-8?B?");
		if (q)
			q_add(l->out, piece);
		else
			enc_b64_add(l->out, piece.ptr, piece.len);
		buf_add_str(l->out, "?=");
		l->column += buf_ok(l->out) ? l->out->len - before : 0;
		l->empty = false;
		first = false;
	}
}

/* Bytes [from, to) between the first and the last word that cannot stand as they are; from == to: none. */
static void encode_span(struct slice value, size_t max, size_t *from, size_t *to)
{
	bool loose = value.ptr[0] == ' ' || value.ptr[value.len - 1] == ' ' || has_pair(value, "  ");

	*from = 0;
	*to = loose ? value.len : 0;
	for (size_t start = 0, end; !loose && start < value.len; start = end + 1) {
		struct slice word;

		end = slice_find(value, ' ', start);
		word = slice_sub(value, start, end - start);
		if (word.len <= max && is_ascii(word) && !has_pair(word, "=?"))
			continue;
		if (*from == *to)
			*from = start;
		*to = end;
	}
}

static void line_words(struct line *l, struct slice words)
{
	struct slice word;

	while (slice_split(&words, ' ', &word))
		line_word(l, word);
}

static void line_text(struct line *l, struct slice value)
{
	size_t from, to;

	encode_span(value, SENT1_LINE_BYTES - 1 - l->column, &from, &to);
	if (from == to) {
		line_words(l, value);
		return;
	}
	if (from > 0)
		line_words(l, slice_sub(value, 0, from - 1));
	line_encode(l, slice_sub(value, from, to - from));
	if (to < value.len)
		line_words(l, slice_sub(value, to + 1, value.len));
}

static void header(struct buf *out, const char *name, struct slice value)
{
	struct line l = line_start(out, name);

	if (value.len > 0)
		line_text(&l, value);
	buf_add_str(out, "\r\n");
}

static void header_raw(struct buf *out, const char *name, struct slice value)
{
	struct line l = line_start(out, name);

	if (value.len > 0)
		line_words(&l, value);
	buf_add_str(out, "\r\n");
}

static void header_wrapped(struct buf *out, const char *name, const char *before, struct slice value,
    const char *after)
{
	struct buf b;

	buf_init(&b, SENT1_ANGLE_BYTES);
	buf_add_str(&b, before);
	buf_add_slice(&b, value);
	buf_add_str(&b, after);
	if (buf_ok(&b))
		header_raw(out, name, buf_slice(&b));
	else
		buf_fail(out);
	buf_free(&b);
}

/* Atoms with single spaces between them (RFC 5322 section 3.2.3) need no quotes. */
static bool phrase_is_atoms(struct slice phrase)
{
	bool space = true;

	for (size_t i = 0; i < phrase.len; i++) {
		char c = phrase.ptr[i];

		if (c == ' ' && space)
			return false;
		if (c != ' ' && !is_alnum(c) && !strchr("!#$%&'*+-/=?^_`{|}~", c))
			return false;
		space = c == ' ';
	}
	return phrase.len > 0 && !space;
}

/* false if the quoted phrase does not fit behind the name: nothing is written. */
static bool line_quoted(struct line *l, struct slice phrase)
{
	char quoted[2 * SENT1_LINE_BYTES + 2];
	size_t n = 0;

	if (phrase.len > SENT1_LINE_BYTES)
		return false;
	quoted[n++] = '"';
	for (size_t i = 0; i < phrase.len; i++) {
		if (phrase.ptr[i] == '"' || phrase.ptr[i] == '\\')
			quoted[n++] = '\\';
		quoted[n++] = phrase.ptr[i];
	}
	quoted[n++] = '"';
	if (l->column + 1 + n > SENT1_LINE_BYTES)
		return false;
	line_word(l, slice_make(quoted, n));
	return true;
}

static void line_phrase(struct line *l, struct slice phrase)
{
	bool plain = is_ascii(phrase) && !has_pair(phrase, "=?");

	if (plain && phrase_is_atoms(phrase))
		line_text(l, phrase);
	else if (!plain || !line_quoted(l, phrase))
		line_encode(l, phrase);
}

static void header_mailbox(struct buf *out, const char *name, struct slice phrase, struct slice addr)
{
	struct line l = line_start(out, name);
	struct buf b;

	if (phrase.len == 0) {
		line_word(&l, addr);
	} else {
		line_phrase(&l, phrase);
		buf_init(&b, SENT1_ANGLE_BYTES);
		buf_add_char(&b, '<');
		buf_add_slice(&b, addr);
		buf_add_char(&b, '>');
		line_word(&l, buf_slice(&b));
		buf_free(&b);
	}
	buf_add_str(out, "\r\n");
}

/* --- body --------------------------------------------------------------------------- */

/* A byte that must be written as =XX: RFC 2045 section 6.7, and what some relays change. */
static bool qp_needs_escape(struct slice line, size_t i, size_t column)
{
	unsigned char c = (unsigned char)line.ptr[i];

	if (c == ' ' || c == '\t')
		return i + 1 == line.len;
	if (c < 0x21 || c > 0x7e || c == '=')
		return true;
	if (column > 0)
		return false;
	return c == '.' || slice_starts(slice_sub(line, i, 5), SLICE("From "));
}

/* Bytes from i on that stand for themselves wherever they are but at an end of the line; at most so many. */
static size_t qp_plain(struct slice line, size_t i, size_t most)
{
	size_t n = 0;

	while (n < most && line.ptr[i + n] >= ' ' && line.ptr[i + n] <= '~' && line.ptr[i + n] != '=')
		n++;
	return n;
}

/* How many may follow in a line of which `column` are filled: the last byte of the text is looked at by itself. */
static size_t qp_room(struct slice line, size_t i, size_t column)
{
	size_t room = column ? SENT1_LINE_BYTES - 1 - column : 0, left = line.len - i - 1;

	return room < left ? room : left;
}

static void qp_line(struct buf *out, struct slice line)
{
	size_t column = 0, from = 0; /* from: what stands for itself and is not written yet */

	for (size_t i = 0, unit; i < line.len; i += unit) {
		size_t plain = qp_plain(line, i, qp_room(line, i, column)), width;
		i += plain;
		column += plain;
		bool escape = qp_needs_escape(line, i, column);

		unit = unit_at(line, i);
		width = escape ? unit * 3 : 1;
		/* The last unit of a line may fill column 76, others leave it to the "=". */
		if (column + width > SENT1_LINE_BYTES - (i + unit < line.len)) {
			buf_add_slice(out, slice_sub(line, from, i - from));
			from = i;
			buf_add_str(out, "=\r\n");
			column = 0;
			escape = qp_needs_escape(line, i, column);
			width = escape ? unit * 3 : 1;
		}
		column += width;
		if (!escape)
			continue;
		buf_add_slice(out, slice_sub(line, from, i - from));
		from = i + unit;
		for (size_t k = i; k < from; k++)
			escape_add(out, line.ptr[k]);
	}
	buf_add_slice(out, slice_sub(line, from, line.len));
	buf_add_str(out, "\r\n");
}

static void quoted_printable(struct buf *out, struct slice rest)
{
	do {
		size_t end = slice_find(rest, '\n', 0);

		qp_line(out, slice_sub(rest, 0, end));
		rest = slice_sub(rest, end + 1, rest.len);
	} while (rest.len > 0 && buf_ok(out));
}

static void part_head(struct buf *out, const char *type)
{
	header_wrapped(out, "Content-Type", type, SLICE(""), "; charset=utf-8");
	header_raw(out, "Content-Transfer-Encoding", SLICE("quoted-printable"));
	buf_add_str(out, "\r\n");
}

static void part(struct buf *out, struct slice boundary, const char *type, struct slice text)
{
	buf_add_str(out, "--");
	buf_add_slice(out, boundary);
	buf_add_str(out, "\r\n");
	part_head(out, type);
	quoted_printable(out, text);
}

/* --- the message -------------------------------------------------------------------- */

static void headers(struct buf *out, const struct message *m, struct slice date_header)
{
	header_mailbox(out, "From", m->from_name, m->from_addr);
	header_mailbox(out, "To", SLICE(""), m->to);
	if (m->reply_to.len)
		header_mailbox(out, "Reply-To", SLICE(""), m->reply_to);
	header(out, "Subject", m->subject);
	header_raw(out, "Date", date_header);
	header_wrapped(out, "Message-ID", "<", m->message_id, ">");
	header_raw(out, "Auto-Submitted", SLICE("auto-generated"));
	header_raw(out, "X-Auto-Response-Suppress", SLICE("All"));
	if (m->list_unsubscribe.len) {
		if (m->list_id.len)
			header_wrapped(out, "List-Id", "<", m->list_id, ">");
		header_wrapped(out, "List-Unsubscribe", "<", m->list_unsubscribe, ">");
		header_raw(out, "List-Unsubscribe-Post", SLICE("List-Unsubscribe=One-Click"));
	}
	if (m->lang.len)
		header_raw(out, "Content-Language", m->lang);
	header_raw(out, "MIME-Version", SLICE("1.0"));
}

void sent1_mime(struct buf *out, const struct message *m, struct slice date_header)
{
	headers(out, m, date_header);
	if (!m->html.len) {
		part_head(out, "text/plain");
		quoted_printable(out, m->text);
		return;
	}
	header_wrapped(out, "Content-Type", "multipart/alternative; boundary=\"", m->boundary, "\"");
	buf_add_str(out, "\r\n");
	part(out, m->boundary, "text/plain", m->text);
	part(out, m->boundary, "text/html", m->html);
	buf_add_str(out, "--");
	buf_add_slice(out, m->boundary);
	buf_add_str(out, "--\r\n");
}

#include "text/mime.h"

#include <string.h>

#include "base/enc.h"
#include "text/utf8.h"

#define MIME_LINE_BYTES 76       /* RFC 2047 section 2, RFC 2045 section 6.7 */
#define MIME_LINE_MAX_BYTES 998  /* RFC 5322 section 2.1.1 */
#define MIME_WORD_MAX_BYTES 75   /* RFC 2047 section 2 */
#define MIME_WORD_EXTRA_BYTES 12 /* "=?UTF-8?Q?" and "?=" */
#define MIME_ROOM_MIN_BYTES 24   /* below this the line is folded before an encoded-word starts */
#define MIME_NAME_MAX_BYTES 40   /* leaves room for an encoded-word behind the name */

/* A header while it is written: column counts bytes of the present line. */
struct mime_line {
	struct buf *out;
	size_t column;
	bool empty; /* nothing but the name yet */
};

static const char mime_hex[] = "0123456789ABCDEF";

static bool mime_is_alnum(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool mime_is_ascii(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] >= 0x80)
			return false;
	return true;
}

/* Neither control characters nor bad bytes; TAB is a control here. */
static bool mime_text_valid(struct slice s)
{
	return utf8_valid(s) && !utf8_has_control(s, false);
}

static bool mime_contains(struct slice s, const char *two)
{
	for (size_t i = 0; i + 1 < s.len; i++)
		if (s.ptr[i] == two[0] && s.ptr[i + 1] == two[1])
			return true;
	return false;
}

/* ftext of RFC 5322 section 3.6.8, and short. */
static bool mime_name_valid(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] <= 0x20 || name.ptr[i] >= 0x7f || name.ptr[i] == ':')
			return false;
	return name.len > 0 && name.len <= MIME_NAME_MAX_BYTES;
}

/* Starts "Name:"; fails the buffer if name or value cannot stand in a header. */
static struct mime_line mime_line_start(struct buf *out, const char *name, bool valid)
{
	struct slice n = slice_from(name);

	if (!valid || !mime_name_valid(n))
		buf_fail(out);
	buf_add_slice(out, n);
	buf_add_char(out, ':');
	return (struct mime_line){.out = out, .column = n.len + 1, .empty = true};
}

static void mime_line_add(struct mime_line *l, struct slice s)
{
	buf_add_slice(l->out, s);
	l->column += s.len;
	l->empty = false;
}

/* The space before the next word, as a fold if fold is true. */
static void mime_line_gap(struct mime_line *l, bool fold)
{
	if (fold) {
		buf_add_str(l->out, "\r\n");
		l->column = 0;
	}
	buf_add_char(l->out, ' ');
	l->column++;
}

/*
 * Adds " word"; in front of it the line is folded if it would grow beyond 76.
 * Never folds right behind the name: that is allowed, but breaks mail programs.
 */
static void mime_line_word(struct mime_line *l, struct slice word)
{
	bool fold = !l->empty && word.len > 0 && l->column + 1 + word.len > MIME_LINE_BYTES;

	mime_line_gap(l, fold);
	mime_line_add(l, word);
	if (l->column > MIME_LINE_MAX_BYTES)
		buf_fail(l->out);
}

/* Bytes that stand for themselves in a Q word anywhere in a header (RFC 2047 section 5 (3)). */
static bool mime_q_is_plain(unsigned char c)
{
	return mime_is_alnum(c) || c == '!' || c == '*' || c == '+' || c == '-' || c == '/';
}

static size_t mime_q_bytes(struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += mime_q_is_plain((unsigned char)s.ptr[i]) || s.ptr[i] == ' ' ? 1 : 3;
	return n;
}

static size_t mime_b_bytes(struct slice s)
{
	return (s.len + 2) / 3 * 4;
}

static void mime_q_add(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		if (c == ' ') {
			buf_add_char(out, '_');
		} else if (mime_q_is_plain(c)) {
			buf_add_char(out, (char)c);
		} else {
			const char escape[3] = {'=', mime_hex[c >> 4], mime_hex[c & 15]};
			buf_add(out, escape, sizeof(escape));
		}
	}
}

/* The longest piece of whole code points whose encoding fits into room bytes. */
static struct slice mime_piece_take(struct slice *rest, size_t room, bool q)
{
	size_t end = 0, at = 0;

	while (utf8_next(*rest, &at) != UINT32_MAX) {
		struct slice piece = slice_sub(*rest, 0, at);
		if ((q ? mime_q_bytes(piece) : mime_b_bytes(piece)) > room)
			break;
		end = at;
	}
	struct slice piece = slice_sub(*rest, 0, end);
	*rest = slice_sub(*rest, end, rest->len);
	return piece;
}

/* Writes text as encoded-words, each on its own line after the first. */
static void mime_line_encode(struct mime_line *l, struct slice text)
{
	bool q = mime_q_bytes(text) <= mime_b_bytes(text);
	bool first = true;

	while (text.len > 0 && buf_ok(l->out)) {
		bool fold = !first ||
		    l->column + 1 + MIME_WORD_EXTRA_BYTES + MIME_ROOM_MIN_BYTES > MIME_LINE_BYTES;
		mime_line_gap(l, fold && !l->empty);
		size_t room = MIME_LINE_BYTES - l->column;
		if (room > MIME_WORD_MAX_BYTES)
			room = MIME_WORD_MAX_BYTES;
		struct slice piece = mime_piece_take(&text, room - MIME_WORD_EXTRA_BYTES, q);
		size_t before = l->out->len;
		buf_add_str(l->out, q ? "=?UTF-8?Q?" : "=?UTF-8?B?");
		if (q)
			mime_q_add(l->out, piece);
		else
			enc_b64_add(l->out, piece.ptr, piece.len);
		buf_add_str(l->out, "?=");
		l->column += buf_ok(l->out) ? l->out->len - before : 0;
		l->empty = false;
		first = false;
	}
}

/* Spaces that folding and readers would lose: at an end, or two in a row. */
static bool mime_has_loose_space(struct slice value)
{
	return value.ptr[0] == ' ' || value.ptr[value.len - 1] == ' ' || mime_contains(value, "  ");
}

/*
 * Bytes [from, to) between the first and the last word that cannot stand as
 * they are: not ASCII, longer than max, or looking like an encoded-word.
 * from == to: none.
 */
static void mime_encode_span(struct slice value, size_t max, size_t *from, size_t *to)
{
	bool loose = mime_has_loose_space(value);

	*from = 0;
	*to = loose ? value.len : 0;
	for (size_t start = 0, end; !loose && start < value.len; start = end + 1) {
		end = slice_find(value, ' ', start);
		struct slice word = slice_sub(value, start, end - start);
		if (word.len <= max && mime_is_ascii(word) && !mime_contains(word, "=?"))
			continue;
		if (*from == *to)
			*from = start;
		*to = end;
	}
}

static void mime_line_words(struct mime_line *l, struct slice words)
{
	struct slice word;

	while (slice_split(&words, ' ', &word))
		mime_line_word(l, word);
}

/* Words before the span, the span encoded, words behind it. */
static void mime_line_text(struct mime_line *l, struct slice value)
{
	size_t from, to;

	mime_encode_span(value, MIME_LINE_BYTES - 1 - l->column, &from, &to);
	if (from == to) {
		mime_line_words(l, value);
		return;
	}
	if (from > 0)
		mime_line_words(l, slice_sub(value, 0, from - 1));
	mime_line_encode(l, slice_sub(value, from, to - from));
	if (to < value.len)
		mime_line_words(l, slice_sub(value, to + 1, value.len));
}

void mime_header(struct buf *out, const char *name, struct slice value)
{
	struct mime_line l = mime_line_start(out, name, mime_text_valid(value));

	if (value.len > 0 && buf_ok(out))
		mime_line_text(&l, value);
	buf_add_str(out, "\r\n");
}

void mime_header_raw(struct buf *out, const char *name, struct slice value)
{
	struct mime_line l = mime_line_start(out, name, mime_text_valid(value) && mime_is_ascii(value));

	if (value.len > 0 && buf_ok(out))
		mime_line_words(&l, value);
	buf_add_str(out, "\r\n");
}

/* One address of visible ASCII without anything that ends or splits it. */
static bool mime_addr_valid(struct slice addr)
{
	size_t at = slice_find(addr, '@', 0);

	for (size_t i = 0; i < addr.len; i++) {
		unsigned char c = (unsigned char)addr.ptr[i];
		if (c <= 0x20 || c >= 0x7f || strchr("<>()[]\\,;:\"", c))
			return false;
	}
	return at > 0 && at + 1 < addr.len && addr.len <= 254 && slice_find(addr, '@', at + 1) == addr.len;
}

/* Atoms with single spaces between them (RFC 5322 section 3.2.3) need no quotes. */
static bool mime_phrase_is_atoms(struct slice phrase)
{
	bool space = true;

	for (size_t i = 0; i < phrase.len; i++) {
		unsigned char c = (unsigned char)phrase.ptr[i];
		if (c == ' ' && space)
			return false;
		if (c != ' ' && !mime_is_alnum(c) && !strchr("!#$%&'*+-/=?^_`{|}~", c))
			return false;
		space = c == ' ';
	}
	return phrase.len > 0 && !space;
}

/* false if the quoted phrase does not fit behind the name: nothing is written. */
static bool mime_line_quoted(struct mime_line *l, struct slice phrase)
{
	char quoted[2 * MIME_LINE_BYTES + 2];
	size_t n = 0;

	if (phrase.len > MIME_LINE_BYTES)
		return false;
	quoted[n++] = '"';
	for (size_t i = 0; i < phrase.len; i++) {
		if (phrase.ptr[i] == '"' || phrase.ptr[i] == '\\')
			quoted[n++] = '\\';
		quoted[n++] = phrase.ptr[i];
	}
	quoted[n++] = '"';
	if (l->column + 1 + n > MIME_LINE_BYTES)
		return false;
	mime_line_word(l, slice_make(quoted, n));
	return true;
}

static void mime_line_phrase(struct mime_line *l, struct slice phrase)
{
	bool plain = mime_is_ascii(phrase) && !mime_contains(phrase, "=?");

	if (plain && mime_phrase_is_atoms(phrase))
		mime_line_text(l, phrase);
	else if (!plain || !mime_line_quoted(l, phrase))
		mime_line_encode(l, phrase);
}

void mime_header_mailbox(struct buf *out, const char *name, struct slice phrase, struct slice addr)
{
	struct mime_line l = mime_line_start(out, name, mime_text_valid(phrase) && mime_addr_valid(addr));
	char angle[260];

	if (!buf_ok(out))
		return;
	if (phrase.len == 0) {
		mime_line_word(&l, addr);
	} else {
		mime_line_phrase(&l, phrase);
		angle[0] = '<';
		memcpy(angle + 1, addr.ptr, addr.len);
		angle[addr.len + 1] = '>';
		mime_line_word(&l, slice_make(angle, addr.len + 2));
	}
	buf_add_str(out, "\r\n");
}

/*
 * A byte that must be written as =XX. Besides RFC 2045 section 6.7: white space
 * before a line end, "." and "From " at the start of a line, because some
 * relays still change those.
 */
static bool mime_qp_needs_escape(struct slice line, size_t i, size_t column)
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

/* Bytes of the code point at i (1 for a bad byte): soft breaks do not cut through letters. */
static size_t mime_qp_unit(struct slice line, size_t i)
{
	size_t at = i;

	return utf8_next(line, &at) == UINT32_MAX ? 1 : at - i;
}

static void mime_qp_line(struct buf *out, struct slice line)
{
	size_t column = 0;

	for (size_t i = 0, unit; i < line.len; i += unit) {
		unit = mime_qp_unit(line, i);
		bool escape = mime_qp_needs_escape(line, i, column);
		size_t width = escape ? unit * 3 : 1;
		/* The last unit of a line may fill column 76, others leave it to the "=". */
		if (column + width > MIME_LINE_BYTES - (i + unit < line.len)) {
			buf_add_str(out, "=\r\n");
			column = 0;
			escape = mime_qp_needs_escape(line, i, column);
			width = escape ? unit * 3 : 1;
		}
		for (size_t k = i; k < i + unit; k++) {
			unsigned char c = (unsigned char)line.ptr[k];
			const char code[3] = {'=', mime_hex[c >> 4], mime_hex[c & 15]};
			buf_add(out, escape ? code : line.ptr + k, escape ? sizeof(code) : 1);
		}
		column += width;
	}
	buf_add_str(out, "\r\n");
}

void mime_quoted_printable(struct buf *out, struct slice text)
{
	struct slice rest = text;

	do {
		size_t end = slice_find(rest, '\n', 0);
		struct slice line = slice_sub(rest, 0, end);
		bool ended = end < rest.len;
		if (ended && line.len > 0 && line.ptr[line.len - 1] == '\r')
			line.len--;
		if (slice_find(line, '\r', 0) < line.len)
			buf_fail(out);
		mime_qp_line(out, line);
		rest = slice_sub(rest, end + 1, rest.len);
	} while (rest.len > 0 && buf_ok(out));
}

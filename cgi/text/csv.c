#include "text/csv.h"

#include "text/utf8.h"

#define BOM "\xef\xbb\xbf"

void csv_init(struct csv *c, struct buf *out)
{
	*c = (struct csv){.out = out};
	buf_add_str(out, BOM);
}

/* "=", "+", "-", "@", TAB, CR, LF, and U+FF1D, U+FF0B, U+FF0D, U+FF20; also behind spaces, which some cut. */
static bool computes(struct slice s)
{
	size_t at = 0;
	uint32_t c;

	do
		c = utf8_next(s, &at);
	while (c == ' ' || c == 0xa0);
	return c == '=' || c == '+' || c == '-' || c == '@' || c == '\t' || c == '\r' || c == '\n' || c == 0xff1d ||
	    c == 0xff0b || c == 0xff0d || c == 0xff20;
}

void csv_field(struct csv *c, struct slice s)
{
	buf_add_str(c->out, c->begun ? ",\"" : "\"");
	c->begun = true;
	if (computes(s))
		buf_add_char(c->out, '\'');
	for (size_t i = 0; i < s.len; i++) {
		unsigned char b = (unsigned char)s.ptr[i];

		if (b == '\r' && i + 1 < s.len && s.ptr[i + 1] == '\n')
			continue;
		if (b == '"')
			buf_add_char(c->out, '"');
		if (b == '\r')
			b = '\n';
		buf_add_char(c->out, b == 0x7f || (b < 0x20 && b != '\n') ? ' ' : (char)b);
	}
	buf_add_char(c->out, '"');
}

void csv_cstr(struct csv *c, const char *s)
{
	csv_field(c, slice_from(s));
}

void csv_end(struct csv *c)
{
	buf_add_str(c->out, "\r\n");
	c->begun = false;
}

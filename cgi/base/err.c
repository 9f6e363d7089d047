#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const err_names[E__MAX] = {
	[OK] = "OK",
	[E_INVALID] = "E_INVALID",
	[E_NOT_FOUND] = "E_NOT_FOUND",
	[E_CONFLICT] = "E_CONFLICT",
	[E_LIMIT] = "E_LIMIT",
	[E_BUSY] = "E_BUSY",
	[E_DENIED] = "E_DENIED",
	[E_UPSTREAM] = "E_UPSTREAM",
	[E_IO] = "E_IO",
	[E_NOMEM] = "E_NOMEM",
};

const char *err_name(enum err code)
{
	return (unsigned)code < E__MAX ? err_names[code] : "E_UNKNOWN";
}

/* A cut must not leave half a UTF-8 character: terminals and JSON readers choke on it. */
static void text_mend_end(char *text, size_t len)
{
	size_t start = len;
	size_t want = 1;

	while (start > 0 && len - start < 3 && ((unsigned char)text[start - 1] & 0xC0) == 0x80)
		start--;
	if (start == 0)
		return;
	unsigned char lead = (unsigned char)text[start - 1];
	if (lead >= 0xF0)
		want = 4;
	else if (lead >= 0xE0)
		want = 3;
	else if (lead >= 0xC0)
		want = 2;
	if (len - (start - 1) < want)
		text[start - 1] = '\0';
}

/* n is what snprintf() returned: the length the whole text would have had. */
static void text_take(char dst[ERR_TEXT_BYTES], char src[ERR_TEXT_BYTES], int n)
{
	if (n < 0)
		src[0] = '\0';
	if (n >= ERR_TEXT_BYTES)
		text_mend_end(src, ERR_TEXT_BYTES - 1);
	memcpy(dst, src, ERR_TEXT_BYTES);
}

enum err err_set_at(struct errinfo *ei, enum err code, const char *file, int line, const char *fmt, ...)
{
	char text[ERR_TEXT_BYTES] = ""; /* apart: arguments may point into ei->text */
	va_list ap;

	if (!ei)
		return code;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	text_take(ei->text, text, n);
	ei->code = code;
	ei->file = file;
	ei->line = line;
	return code;
}

enum err err_wrap(struct errinfo *ei, const char *fmt, ...)
{
	char what[ERR_TEXT_BYTES] = "";
	char text[ERR_TEXT_BYTES] = "";
	va_list ap;

	if (!ei)
		return E_IO;
	va_start(ap, fmt);
	int n = vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (n < 0)
		return ei->code;
	n = snprintf(text, sizeof(text), "%s: %s", what, ei->text);
	text_take(ei->text, text, n);
	return ei->code;
}

enum err err_errno_at(struct errinfo *ei, enum err code, const char *file, int line, int errno_value,
    const char *fmt, ...)
{
	char what[ERR_TEXT_BYTES] = "";
	char reason[128];
	va_list ap;

	if (!ei)
		return code;
	va_start(ap, fmt);
	int n = vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (n < 0)
		what[0] = '\0';
	return err_set_at(ei, code, file, line, "%s: %s", what,
	    err_strerror(errno_value, reason, sizeof(reason)));
}

const char *err_strerror(int errno_value, char *buf, size_t buf_bytes)
{
	/* The GNU form: never fails, returns a static string or buf. */
	return strerror_r(errno_value, buf, buf_bytes);
}

#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/clock.h"

/*
 * A line never passes PIPE_BUF: up to there the kernel keeps writes of several
 * processes into one pipe apart (POSIX write()). Fields that find no room are
 * left out whole, and the line says cut=1.
 */
#define LOG_LINE_BYTES PIPE_BUF
#define LOG_VALUE_BYTES 500
#define LOG_TAIL_BYTES sizeof(",\"cut\":1}\n")

struct line {
	char data[LOG_LINE_BYTES];
	size_t len;
	bool json;
};

static const char *const level_names[LOG_LEVEL__MAX] = {
	[LOG_ERROR] = "error",
	[LOG_WARN] = "warn",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};

static atomic_int log_max = LOG_INFO;
static atomic_int log_format_now = LOG_LOGFMT;

static pthread_mutex_t capture_lock = PTHREAD_MUTEX_INITIALIZER;
static void (*capture_fn)(const char *line, void *arg);
static void *capture_arg;
static atomic_bool capture_on;

void log_setup(enum log_level max, enum log_format format)
{
	atomic_store(&log_max, (int)max);
	atomic_store(&log_format_now, (int)format);
}

void log_capture(void (*fn)(const char *line, void *arg), void *arg)
{
	pthread_mutex_lock(&capture_lock);
	capture_fn = fn;
	capture_arg = arg;
	atomic_store(&capture_on, fn != NULL);
	pthread_mutex_unlock(&capture_lock);
}

/* Length of the well-formed UTF-8 character at s[at] (Unicode table 3-7), its code point in *cp; else 0. */
static size_t utf8_len(struct slice s, size_t at, unsigned *cp)
{
	const unsigned char *p = (const unsigned char *)s.ptr + at;
	static const unsigned least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xC0 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : p[0] < 0xF8 ? 4 : 0;

	if (n == 0 || n > s.len - at)
		return 0;
	*cp = n == 1 ? p[0] : p[0] & (0x7Fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 0;
		*cp = *cp << 6 | (p[i] & 0x3Fu);
	}
	if (*cp < least[n] || *cp > 0x10FFFF || (*cp >= 0xD800 && *cp <= 0xDFFF))
		return 0;
	return n;
}

/* What must not reach a terminal or a line reader: controls, line separators, direction marks. */
static bool is_unsafe(unsigned cp)
{
	return cp < 0x20 || (cp >= 0x7F && cp <= 0x9F) || cp == 0x200E || cp == 0x200F ||
	    (cp >= 0x2028 && cp <= 0x202E) || (cp >= 0x2066 && cp <= 0x2069) || cp == 0xFEFF;
}

/* One character of a value as it stands in the line. Returns the bytes taken from s. */
static size_t char_escape(char out[static 20], size_t *out_len, struct slice s, size_t at, bool json)
{
	static const char digits[] = "0123456789abcdef";
	unsigned cp = 0;
	size_t n = utf8_len(s, at, &cp);
	size_t len = 0;

	if (n > 0 && !is_unsafe(cp)) {
		if (cp == '"' || cp == '\\')
			out[len++] = '\\';
		memcpy(out + len, s.ptr + at, n);
		*out_len = len + n;
		return n;
	}
	if (n > 0 && json) {
		*out_len = (size_t)snprintf(out, 20, "\\u%04x", cp & 0xFFFF);
		return n;
	}
	n = n > 0 ? n : 1;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s.ptr[at + i];
		out[len++] = '\\';
		if (json) /* JSON knows no \x; the reader gets the four characters */
			out[len++] = '\\';
		out[len++] = 'x';
		out[len++] = digits[c >> 4];
		out[len++] = digits[c & 15];
	}
	*out_len = len;
	return n;
}

static bool needs_quotes(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c >= 0x7F)
			return true;
	}
	return s.len == 0;
}

/* False, with the line as it was, when there is no room. */
static bool line_add(struct line *l, const char *bytes, size_t n)
{
	if (n > sizeof(l->data) - LOG_TAIL_BYTES - l->len)
		return false;
	memcpy(l->data + l->len, bytes, n);
	l->len += n;
	return true;
}

/* The value, escaped, at most LOG_VALUE_BYTES, never cut within a character or an escape. */
static bool line_add_value(struct line *l, struct slice s)
{
	bool quotes = l->json || needs_quotes(s);
	size_t used = 0;
	char one[20];
	size_t one_len;

	if (quotes && !line_add(l, "\"", 1))
		return false;
	for (size_t at = 0; at < s.len; used += one_len) {
		at += char_escape(one, &one_len, s, at, l->json);
		if (used + one_len > LOG_VALUE_BYTES)
			break;
		if (!line_add(l, one, one_len))
			return false;
	}
	return !quotes || line_add(l, "\"", 1);
}

static bool line_add_key(struct line *l, const char *key)
{
	const char *before = l->len > 0 && !(l->json && l->len == 1) ? (l->json ? "," : " ") : "";

	if (!line_add(l, before, strlen(before)))
		return false;
	if (!l->json)
		return line_add(l, key, strlen(key)) && line_add(l, "=", 1);
	return line_add(l, "\"", 1) && line_add(l, key, strlen(key)) && line_add(l, "\":", 2);
}

static bool key_ok(const char *key)
{
	return key && key[0] && key[strspn(key, "abcdefghijklmnopqrstuvwxyz_")] == '\0';
}

static bool line_add_field(struct line *l, const struct log_field *f)
{
	size_t before = l->len;
	char num[32];
	bool ok;

	if (never(!key_ok(f->key)))
		return true;
	ok = line_add_key(l, f->key);
	switch (f->kind) {
	case LOG_V_STR:
		ok = ok && line_add_value(l, slice_from(f->str));
		break;
	case LOG_V_SLICE:
		ok = ok && line_add_value(l, f->slice);
		break;
	case LOG_V_INT:
		snprintf(num, sizeof(num), "%" PRId64, f->num);
		ok = ok && line_add(l, num, strlen(num));
		break;
	}
	if (!ok)
		l->len = before;
	return ok;
}

/* The room that LOG_TAIL_BYTES keeps is spent here. */
static void line_end(struct line *l, bool cut)
{
	const char *tail = l->json ? (cut ? ",\"cut\":1}\n" : "}\n") : (cut ? " cut=1\n" : "\n");
	size_t n = strlen(tail);

	memcpy(l->data + l->len, tail, n);
	l->len += n;
}

static void write_all(const char *p, size_t n)
{
	while (n > 0) {
		ssize_t done = write(STDERR_FILENO, p, n);
		if (done < 0 && errno == EINTR)
			continue;
		/* A log that cannot be written must not stop the service. */
		if (done <= 0)
			return;
		p += done;
		n -= (size_t)done;
	}
}

/* Lines of this thread between log_hold() and log_release(). */
static _Thread_local struct held {
	unsigned depth;
	size_t len;
	char data[LOG_LINE_BYTES];
} held;

static void held_write(void)
{
	write_all(held.data, held.len);
	held.len = 0;
}

static void line_write(const struct line *l)
{
	if (l->len > sizeof(held.data) - held.len)
		held_write();
	if (!held.depth || l->len > sizeof(held.data)) {
		write_all(l->data, l->len);
		return;
	}
	memcpy(held.data + held.len, l->data, l->len);
	held.len += l->len;
}

void log_hold(void)
{
	held.depth++;
}

void log_release(void)
{
	if (!never(!held.depth) && !--held.depth && held.len)
		held_write();
}

static void line_send(struct line *l)
{
	if (!atomic_load(&capture_on)) {
		line_write(l);
		return;
	}
	l->data[l->len - 1] = '\0'; /* the newline */
	pthread_mutex_lock(&capture_lock);
	if (capture_fn)
		capture_fn(l->data, capture_arg);
	pthread_mutex_unlock(&capture_lock);
}

void log_event_n(enum log_level level, const char *event, const struct log_field *fields, size_t n)
{
	int saved = errno;
	char ts[CLOCK_ISO_BYTES];
	struct line l; /* data is filled up to len before it is read */
	bool cut = false;

	if ((int)level > atomic_load(&log_max) || never((unsigned)level >= LOG_LEVEL__MAX))
		return;
	l.len = 0;
	l.json = atomic_load(&log_format_now) == LOG_JSON;
	if (l.json)
		line_add(&l, "{", 1);
	line_add_field(&l, &LOG_S("ts", clock_iso(clock_now_ms(), ts)));
	line_add_field(&l, &LOG_S("level", level_names[level]));
	line_add_field(&l, &LOG_S("event", event));
	for (size_t i = 1; i < n; i++)
		cut = !line_add_field(&l, &fields[i]) || cut;
	line_end(&l, cut);
	line_send(&l);
	/* after an error the process may not live to write it later */
	if (level == LOG_ERROR && held.len)
		held_write();
	errno = saved;
}

void log_err(enum log_level level, const char *event, const struct errinfo *ei)
{
	log_event(level, event, LOG_S("code", err_name(ei->code)), LOG_S("text", ei->text),
	    LOG_S("file", ei->file), LOG_I("line", ei->line));
}

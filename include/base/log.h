#ifndef JAWORT_BASE_LOG_H
#define JAWORT_BASE_LOG_H
/*
 * log: one line per event on stderr, logfmt or JSON, never an address, a
 * token or a key in clear. A line is
 *     ts=2026-11-21T14:05:09.123Z level=info event=signup site=example form=news
 * Keys are [a-z_]+; values are escaped (\xNN for controls, quotes when
 * needed), cut at 500 bytes. A line is never split over two write(2), so lines of
 * several processes do not mix.
 * Threads: any thread.
 */
#include <stdint.h>
#include "base/err.h"
#include "base/slice.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_LEVEL__MAX };
enum log_format { LOG_LOGFMT, LOG_JSON };

struct log_field {
	const char *key;
	enum { LOG_V_STR, LOG_V_INT, LOG_V_SLICE } kind;
	const char *str;
	int64_t num;
	struct slice slice;
};
#define LOG_S(k, v) ((struct log_field){.key = (k), .kind = LOG_V_STR, .str = (v)})
#define LOG_I(k, v) ((struct log_field){.key = (k), .kind = LOG_V_INT, .num = (v)})
#define LOG_SL(k, v) ((struct log_field){.key = (k), .kind = LOG_V_SLICE, .slice = (v)})

void log_setup(enum log_level max, enum log_format format);
/* Tests: every line goes to fn instead of stderr; NULL undoes. */
void log_capture(void (*fn)(const char *line, void *arg), void *arg);

/* log_event(LOG_INFO, "signup", LOG_S("site", s), LOG_I("ms", 3)) */
#define log_event(level, event, ...)                                                         \
	log_event_n(level, event, (const struct log_field[]){{.key = 0}, ##__VA_ARGS__},      \
	    sizeof((const struct log_field[]){{.key = 0}, ##__VA_ARGS__}) / sizeof(struct log_field))
/* fields[0] is a filler and skipped. */
void log_event_n(enum log_level level, const char *event, const struct log_field *fields, size_t n);
/* An errinfo as a line: code, text, place. */
void log_err(enum log_level level, const char *event, const struct errinfo *ei);
/*
 * Between the two, lines of this thread are gathered and written together, PIPE_BUF at a time; an error at once, with what
 * came before it. For a batch of work of which nobody is told before log_release(). They may be nested.
 */
void log_hold(void);
void log_release(void);

#endif

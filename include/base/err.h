#ifndef JAWORT_BASE_ERR_H
#define JAWORT_BASE_ERR_H
/*
 * err: what went wrong, as a class for code and as a sentence for admins.
 *
 * Functions that can fail return enum err; 0 is success. Where the reason
 * matters they take a struct errinfo and fill it with err_set(), which also
 * notes the place in the source. The text is for logs and the command line:
 * what, where, why and how to mend it. It never reaches a visitor and never
 * holds an address, a token or a key.
 *
 * Threads: a struct errinfo belongs to one thread at a time.
 */
#include <stddef.h>

enum err {
	OK = 0,
	E_INVALID,   /* the input is wrong; the one who sent it can mend it */
	E_NOT_FOUND, /* no such thing */
	E_CONFLICT,  /* the state does not allow it (any more) */
	E_LIMIT,     /* a stated maximum is reached */
	E_BUSY,      /* try again later: lock, full queue */
	E_DENIED,    /* not permitted: key, mode, signature, secret */
	E_UPSTREAM,  /* another service answered wrongly or not at all */
	E_IO,        /* disk, socket, database */
	E_NOMEM,     /* memory */
	E__MAX
};

#define ERR_TEXT_BYTES 400

struct errinfo {
	enum err code;
	const char *file; /* place in our source, static string */
	int line;
	char text[ERR_TEXT_BYTES]; /* NUL-terminated, cut at the end if too long */
};

/* Fills ei (may be NULL) and returns code, so that callers can write return err_set(...). */
#define err_set(ei, code, ...) err_set_at(ei, code, __FILE__, __LINE__, __VA_ARGS__)
enum err err_set_at(struct errinfo *ei, enum err code, const char *file, int line,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* Puts "what: " in front of the text already there, returns its code; E_IO if ei is NULL (code lost). */
enum err err_wrap(struct errinfo *ei, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* As err_set(), with ": <meaning of errno value>" behind the text. */
#define err_errno(ei, code, errno_value, ...) \
	err_errno_at(ei, code, __FILE__, __LINE__, errno_value, __VA_ARGS__)
enum err err_errno_at(struct errinfo *ei, enum err code, const char *file, int line, int errno_value,
    const char *fmt, ...) __attribute__((format(printf, 6, 7)));
/* "E_INVALID" and so on, for logs. */
const char *err_name(enum err code);
/* Meaning of an errno value; thread-safe; the string is static or lies in buf. */
const char *err_strerror(int errno_value, char *buf, size_t buf_bytes);

#endif

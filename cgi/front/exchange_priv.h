#ifndef JAWORT_FRONT_EXCHANGE_PRIV_H
#define JAWORT_FRONT_EXCHANGE_PRIV_H
/*
 * exchange: one request in, one answer out, the same for FastCGI and CGI:
 * parameters checked, body read to its last byte, application asked, answer as
 * bytes. Owns the memory that a worker uses again and again.
 * Threads: one exchange belongs to one thread at a time.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "front/front.h"

struct exchange {
	const struct front_app *app;
	struct arena arena;
	struct request req;
	struct response res;
	struct buf body;
	struct buf out;
	unsigned refused; /* status with which it is refused without asking the application; 0: not */
};

struct exchange_source {
	request_next_fn *next;
	void *next_ctx;
	/* Up to n bytes of the body; fewer only at its end or on an error. */
	size_t (*read)(void *ctx, char *dst, size_t n);
	void *read_ctx;
	bool malformed; /* known to be broken before: answer 400 */
};

void exchange_init(struct exchange *x, const struct front_app *app);
void exchange_free(struct exchange *x);
/* Drains the body and makes an answer: the three below, one after the other. */
void exchange_run(struct exchange *x, const struct exchange_source *src);
/* Forgets the last request and reads one. */
void exchange_read(struct exchange *x, const struct exchange_source *src);
/* Asks the application. It may have parked the request: then x is not the caller's any more. */
void exchange_handle(struct exchange *x);
/* Makes the bytes of the answer. */
void exchange_end(struct exchange *x);
/* Forgets the request; the memory stays for the next. */
void exchange_clear(struct exchange *x);
/* The answer's bytes, until the next run; where memory ended a bare 503. Never empty. */
struct slice exchange_answer(const struct exchange *x);

/* Walks "NAME=VALUE" strings, the form of environ; ctx is a char *** that moves on. */
bool exchange_next_env(void *ctx, struct slice *name, struct slice *value);

#endif

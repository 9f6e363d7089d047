#ifndef JAWORT_CMD_FCGI_ASK_PRIV_H
#define JAWORT_CMD_FCGI_ASK_PRIV_H
/*
 * fcgi_ask: one FastCGI request, as a web server would send it, and its answer. Source: FastCGI Specification 1.0.
 */
#include <stddef.h>
#include "base/buf.h"
#include "base/err.h"

struct fcgi_param {
	const char *name, *value;
};

struct fcgi_answer {
	unsigned status;   /* of the Status header; 200 without one */
	struct slice body; /* in out */
};

/*
 * Sends the parameters with an empty body to the socket at path and reads what comes to its end; out holds it, heads
 * included. E_NOT_FOUND no socket there; E_IO it does not take the connection, or broke it off; E_BUSY no complete
 * answer in timeout_ms; E_UPSTREAM something that is not FastCGI.
 */
enum err fcgi_ask(const char *path, const struct fcgi_param *params, size_t n, int timeout_ms, struct buf *out,
    struct fcgi_answer *answer, struct errinfo *ei);

#endif

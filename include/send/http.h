#ifndef JAWORT_SEND_HTTP_H
#define JAWORT_SEND_HTTP_H
/*
 * http: outgoing requests, many at once from one thread (curl multi), with
 * kept connections. The only door to libcurl.
 *
 * HTTPS and SMTP over TLS with verified certificates; plain http and smtp only
 * towards loopback (127.0.0.0/8, [::1], localhost). No redirects, no proxy, no cookies, no .netrc: what the
 * configuration names is what is called.
 *
 * An outcome tells whether a repeat is harmless: HTTP_NOT_SENT as long as no
 * byte of the request can have reached the other side (name, connect, TLS),
 * HTTP_LOST from the first byte on.
 * Threads: one struct http belongs to one thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

#define HTTP_CONNECT_TIMEOUT_MS 5000
#define HTTP_TOTAL_TIMEOUT_MS 30000
#define HTTP_BODY_MAX_BYTES (1024u * 1024u)
#define HTTP_PARALLEL_MAX 64
#define HTTP_HEADERS_MAX 8
#define HTTP_WANTED_MAX_BYTES 65536u

struct http;

struct http_opts {
	unsigned parallel;           /* connections at once per host; 0: 16 */
	unsigned connect_timeout_ms; /* 0: HTTP_CONNECT_TIMEOUT_MS */
	unsigned total_timeout_ms;   /* 0: HTTP_TOTAL_TIMEOUT_MS */
	const char *ca_file;         /* NULL: the system's */
};

enum http_outcome {
	HTTP_PENDING,
	HTTP_ANSWER,   /* status and body are complete */
	HTTP_NOT_SENT,
	HTTP_LOST
};

/* One request and its answer. Request fields are borrowed until the call is done. */
struct http_call {
	/* request */
	const char *method; /* "GET", "POST", "PUT", "DELETE"; SMTP: NULL */
	const char *mail_from; /* SMTP: envelope; body is the message. NULL: HTTP */
	const char *rcpt_to;
	bool smtp_login;       /* SMTP without a mail: log in, NOOP, leave. Envelope NULL */
	bool starttls;         /* smtp:// with STARTTLS demanded */
	const char *source;    /* address to connect from; NULL: the system's choice */
	const char *url;
	struct {
		const char *name;
		const char *value;
	} headers[HTTP_HEADERS_MAX];
	size_t nheaders;
	struct slice body;     /* empty: none */
	struct slice user;     /* Basic auth; empty: none */
	struct slice password;
	void *tag;             /* the caller's */
	const char *want;      /* name of a header whose values are wanted; NULL: none */
	/* answer */
	enum http_outcome outcome;
	int status;
	bool refused_us;       /* SMTP, status 4xx or 5xx: said before a recipient was named, so not about the mail */
	struct buf reply;      /* heap; freed by http_call_free() */
	struct buf wanted;     /* its values as they came, each ended by LF, up to HTTP_WANTED_MAX_BYTES; freed with reply */
	char retry_after[64];
	char date[64];         /* Date header as it came; "" if none */
	char local_ip[46];     /* our end of the connection; "" if there was none */
	char error[200];       /* HTTP_NOT_SENT, HTTP_LOST: why; clean */
	/* private */
	void *impl;
	struct http_call *next;
};

/* NULL without memory. */
struct http *http_new(const struct http_opts *o);
/* Ends what is under way without waiting. */
void http_free(struct http *h);
/*
 * Starts a call; c must stay where it is until http_wait() returned it.
 * E_DENIED: not https and not loopback; E_INVALID: method, URL or header with
 * controls; E_LIMIT: HTTP_PARALLEL_MAX calls are under way; E_NOMEM.
 */
enum err http_start(struct http *h, struct http_call *c, struct errinfo *ei);
/*
 * Waits up to timeout_ms (-1: as long as it takes) for a finished call and
 * returns it; NULL on timeout, when nothing is under way, or when fd (-1: none)
 * became readable.
 */
struct http_call *http_wait(struct http *h, int timeout_ms, int fd);
/*
 * Another call that is finished already; NULL: none. It does not look at the network, which http_wait() does for all calls,
 * so many that end together are taken at the price of one.
 */
struct http_call *http_finished(struct http *h);
size_t http_active(const struct http *h);
/* Start and wait for one call. */
enum err http_do(struct http *h, struct http_call *c, struct errinfo *ei);
void http_call_free(struct http_call *c);

#endif

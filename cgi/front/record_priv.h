#ifndef JAWORT_FRONT_RECORD_PRIV_H
#define JAWORT_FRONT_RECORD_PRIV_H
/*
 * record: looks over FastCGI records (FastCGI specification 1.0, sections 3 to 5)
 * before libfcgi may read them. libfcgi 2.4.2 aborts the process on parameter
 * lengths near 2^31, overruns a 64-byte array when FCGI_GET_VALUES asks for many
 * names, treats an aborted or cut-off request like a whole one, and after a
 * foreign empty record skips the next one of ours, and takes the padding of the
 * record that ends PARAMS for the next header. What passes here is the
 * plainest form: BEGIN, PARAMS to their end, STDIN to its end, one id.
 *
 * Pure: no system calls, no memory of its own. One scan serves one connection.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_HEADER_BYTES 8u
#define RECORD_REPLY_BYTES 96u
/* Body bytes that are thrown away so that a 413 can be answered; more ends the connection. */
#define RECORD_DROP_MAX_BYTES (8u * 1024u * 1024u)

enum record_verdict {
	RECORD_MORE,  /* nothing wrong; the request is not whole yet */
	RECORD_WHOLE, /* a whole request ends at scan->at */
	RECORD_CUT,   /* scan->cut_bytes at scan->cut_at are not for libfcgi: send the reply, record_cut(), go on */
	RECORD_BAD    /* send the reply, close */
};

enum record_pair_state { PAIR_NAME_LEN, PAIR_VALUE_LEN, PAIR_NAME, PAIR_VALUE };

struct record_scan {
	size_t at; /* start of the first record that was not looked at */
	bool begun;
	bool keep; /* FCGI_KEEP_CONN */
	bool params_done;
	bool malformed; /* NUL, an empty name or "=" in a name: to be answered with 400 */
	uint16_t id;
	size_t params_bytes;
	size_t stdin_bytes; /* announced so far, those cut out included */
	size_t cut_at;
	size_t cut_bytes;
	/* the name/value pair in which we are; pairs may span records */
	enum record_pair_state pair;
	unsigned len_have;
	unsigned len_want;
	uint32_t len_now;
	uint32_t name_len;
	uint32_t value_len;
	size_t need_bytes;
	unsigned char reply[RECORD_REPLY_BYTES];
	size_t reply_len;
};

void record_scan_init(struct record_scan *s);
/* Goes on at s->at; p is always the start of the same request. reply_len is set at each call. */
enum record_verdict record_scan(struct record_scan *s, const unsigned char *p, size_t len);
/* After RECORD_CUT: takes the bytes out of p and returns the new length. */
size_t record_cut(const struct record_scan *s, unsigned char *p, size_t len);

#endif

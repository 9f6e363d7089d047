#ifndef JAWORT_TESTS_HTTP_FCGI_H
#define JAWORT_TESTS_HTTP_FCGI_H
/*
 * fcgi: a FastCGI client for tests (the web server's side). Builds single
 * records, so that broken streams can be built too, and reads answers record
 * by record, so that what was really sent can be looked at.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum {
	FC_BEGIN = 1,
	FC_ABORT = 2,
	FC_END = 3,
	FC_PARAMS = 4,
	FC_STDIN = 5,
	FC_STDOUT = 6,
	FC_STDERR = 7,
	FC_DATA = 8,
	FC_GET_VALUES = 9,
	FC_GET_VALUES_RESULT = 10,
	FC_UNKNOWN_TYPE = 11
};
#define FC_KEEP 1

struct fc_answer {
	bool ended;        /* END_REQUEST seen */
	bool closed;       /* the peer closed before or instead */
	bool timed_out;
	unsigned protocol; /* protocol status of END_REQUEST */
	unsigned status;   /* of the CGI head; 0 without one */
	unsigned id;
	unsigned cant_mpx; /* END_REQUESTs of other ids with that status */
	unsigned unknown_types;
	unsigned value_results;
	struct buf raw;    /* STDOUT */
	struct slice head, body;
};

/* -1 on failure (errno). */
int fc_connect(const char *path);

void fc_record(struct buf *b, unsigned type, unsigned id, const void *content, size_t len, unsigned padding);
void fc_begin(struct buf *b, unsigned id, unsigned role, unsigned flags);
void fc_pair(struct buf *pairs, const char *name, const char *value);
void fc_pair_bytes(struct buf *pairs, struct slice name, struct slice value, bool long_form);
/* Only the two lengths, 4 bytes each. */
void fc_pair_lengths(struct buf *pairs, uint32_t name_len, uint32_t value_len);
/* A stream in records of at most chunk bytes, and its end. */
void fc_stream(struct buf *b, unsigned type, unsigned id, struct slice content, size_t chunk);
/* Parameters as nginx sends them, without the end. content_length -1: none. */
void fc_common_pairs(struct buf *pairs, const char *method, const char *uri, long long content_length);
/* A whole good request. */
void fc_request(struct buf *b, unsigned id, unsigned flags, const char *method, const char *uri,
    struct slice body);

bool fc_send(int fd, const void *p, size_t n);
void fc_answer_init(struct fc_answer *a);
void fc_answer_free(struct fc_answer *a);
/* Reads to END_REQUEST, the peer's close or the end of time. True if ended. */
bool fc_read(int fd, unsigned id, int timeout_ms, struct fc_answer *a);
/* Value of a header of the CGI head. */
struct slice fc_header(const struct fc_answer *a, const char *name);

#endif

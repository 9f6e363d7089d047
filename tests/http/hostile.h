#ifndef JAWORT_TESTS_HTTP_HOSTILE_H
#define JAWORT_TESTS_HTTP_HOSTILE_H
/*
 * hostile: streams that no web server sends, and some unusual ones that are
 * in order. The first row is a good request.
 */
#include "http/fcgi.h"

enum expect {
	EXPECT_ANSWER,  /* answered with the status given, no effect unless 200 */
	EXPECT_CLOSED,  /* closed without an answer */
	EXPECT_NOTHING, /* we close first */
};

struct hostile {
	int line;
	const char *name;
	void (*build)(struct buf *b, int arg);
	int arg;
	enum expect expect;
	unsigned status;
	/* what comes besides the answer */
	unsigned value_results, unknown_types, cant_mpx, protocol;
	bool elsewhere; /* a path without effect */
};

extern const struct hostile hostile[];
extern const size_t hostile_count;

#endif

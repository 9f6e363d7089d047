#ifndef JAWORT_SEND_TAG_PRIV_H
#define JAWORT_SEND_TAG_PRIV_H
/* tag: what http_call.tag points to in the worker: whom a finished call belongs to. First member of its struct. */
struct tag {
	void (*done)(struct tag *t);
};

#endif

#ifndef JAWORT_STORE_WRITER_PRIV_H
#define JAWORT_STORE_WRITER_PRIV_H
/* writer_priv: what the tests of the queue need. */
#include "store/writer.h"

/* Instead of WRITER_QUEUE_MAX. */
void writer_queue_limit(struct writer_pool *p, unsigned limit);
/* Jobs that wait and have not been taken yet. */
unsigned writer_queue_length(struct writer_pool *p, struct store *s);

#endif

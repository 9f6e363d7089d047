/* Which subjects the file may hold; see budget_priv.h. */
#include "store/budget_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define FILTER_BITS (1u << 20)
/* With more, so many bits are set that it would seldom save a look. */
#define FILTER_ROWS_MAX 200000
#define FILTER_AGAIN_MS 10000

/* The bytes are those of a keyed hash: any of them are as good as another hash. */
static uint32_t filter_bit(const unsigned char subject[SUBJECT_BYTES], size_t i)
{
	uint32_t word;

	memcpy(&word, subject + i * sizeof(word), sizeof(word));
	return word % FILTER_BITS;
}

void budget_filter_note(struct budget *b, const unsigned char subject[SUBJECT_BYTES])
{
	if (!b->filter)
		return;
	for (size_t i = 0; i < SUBJECT_BYTES / sizeof(uint32_t); i++) {
		uint32_t bit = filter_bit(subject, i);
		b->filter[bit / 8] |= (unsigned char)(1u << bit % 8);
	}
}

bool budget_filter_may_have(const struct budget *b, const unsigned char subject[SUBJECT_BYTES])
{
	if (!b->filtered)
		return true;
	for (size_t i = 0; i < SUBJECT_BYTES / sizeof(uint32_t); i++) {
		uint32_t bit = filter_bit(subject, i);
		if (!(b->filter[bit / 8] >> bit % 8 & 1))
			return false;
	}
	return true;
}

/* False: too many, or the file failed. */
static bool filter_fill(struct budget *b)
{
	sqlite3_stmt *q = b->q[Q_SUBJECTS];
	int rows = 0, rc;

	sqlite3_bind_int(q, 1, FILTER_ROWS_MAX + 1);
	while ((rc = sqlite3_step(q)) == SQLITE_ROW && rows++ < FILTER_ROWS_MAX)
		if (sqlite3_column_bytes(q, 0) == SUBJECT_BYTES)
			budget_filter_note(b, sqlite3_column_blob(q, 0));
	sqlite3_reset(q);
	return rc == SQLITE_DONE;
}

void budget_filter_make(struct budget *b)
{
	int64_t now = clock_mono_ms();

	if (b->filtered || (b->filter && now - b->filter_ms < FILTER_AGAIN_MS))
		return;
	b->filter_ms = now;
	if (b->filter)
		memset(b->filter, 0, FILTER_BITS / 8);
	else
		b->filter = calloc(1, FILTER_BITS / 8);
	/* first: what another process writes from here on is noticed as a change */
	if (b->filter)
		budget_file_look(b);
	b->filtered = b->filter && filter_fill(b);
}

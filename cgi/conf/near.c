#include "conf/conf_priv.h"
#include <string.h>

#define NEAR_MAX_BYTES 40

/* Damerau-Levenshtein (neighbours swapped count once); words above 40 bytes are far from everything. */
static unsigned near_distance(struct slice a, struct slice b)
{
	unsigned row[3][NEAR_MAX_BYTES + 1];

	if (a.len > NEAR_MAX_BYTES || b.len > NEAR_MAX_BYTES)
		return NEAR_MAX_BYTES;
	for (unsigned j = 0; j <= b.len; j++)
		row[0][j] = j;
	for (unsigned i = 1; i <= a.len; i++) {
		unsigned *now = row[i % 3], *up = row[(i + 2) % 3], *upup = row[(i + 1) % 3];

		now[0] = i;
		for (unsigned j = 1; j <= b.len; j++) {
			unsigned best = up[j - 1] + (a.ptr[i - 1] != b.ptr[j - 1]);

			if (up[j] + 1 < best)
				best = up[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] && a.ptr[i - 2] == b.ptr[j - 1] &&
			    upup[j - 2] + 1 < best)
				best = upup[j - 2] + 1;
			now[j] = best;
		}
	}
	return row[a.len % 3][b.len];
}

const char *conf_near(struct slice word, const char *const *names, size_t n)
{
	const char *best = NULL;
	unsigned best_distance = word.len / 3 > 2 ? (unsigned)(word.len / 3) + 1 : 3;

	for (size_t i = 0; i < n; i++) {
		unsigned d = near_distance(word, slice_from(names[i]));

		/* A distance as long as the word itself says nothing. */
		if (d < best_distance && d < strlen(names[i]) && d < word.len) {
			best_distance = d;
			best = names[i];
		}
	}
	return best;
}

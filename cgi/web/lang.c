#include "web/lang.h"

/* "0.8" in thousandths; 1000 for anything that is no quality. */
static unsigned quality(struct slice params)
{
	struct slice one;
	unsigned q = 0, scale = 1000;

	while (params.ptr && slice_split(&params, ';', &one)) {
		one = slice_trim(one);
		if (!slice_starts(one, SLICE("q=")) && !slice_starts(one, SLICE("Q=")))
			continue;
		for (size_t i = 2; i < one.len; i++) {
			if (one.ptr[i] == '.')
				continue;
			if (one.ptr[i] < '0' || one.ptr[i] > '9')
				return 1000;
			q += (unsigned)(one.ptr[i] - '0') * scale;
			scale /= 10;
		}
		return q > 1000 ? 1000 : q;
	}
	return 1000;
}

static bool range_fits(struct slice range, const char *tag)
{
	struct slice primary = slice_sub(range, 0, slice_find(range, '-', 0));

	return slice_ieq(range, slice_from(tag)) || slice_ieq(primary, slice_from(tag));
}

static unsigned wanted(struct slice accept, const char *tag)
{
	struct slice one, range;
	unsigned best = 0, any = 0;
	bool named = false;

	while (accept.ptr && slice_split(&accept, ',', &one)) {
		size_t semi = slice_find(one, ';', 0);
		unsigned q = semi < one.len ? quality(slice_sub(one, semi + 1, one.len)) : 1000;
		range = slice_trim(slice_sub(one, 0, semi));
		if (slice_eq(range, SLICE("*")))
			any = q;
		else if (range.len && range_fits(range, tag)) {
			named = true;
			best = q > best ? q : best;
		}
	}
	/* "*" stands for what is not named: who writes "de;q=0, *" wants anything but German */
	return named ? best : any ? 1 : 0;
}

const char *lang_pick(struct slice accept_language, const char *const *tags, size_t n)
{
	const char *best = tags[0];
	unsigned best_q = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned q = wanted(accept_language, tags[i]);
		if (q > best_q) {
			best_q = q;
			best = tags[i];
		}
	}
	return best;
}

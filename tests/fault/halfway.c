/*
 * halfway: the program with a planted fault, put around it by the linker (--wrap): keys are overwritten after the rows
 * are gone and said to be done, not before. Whoever is not interrupted sees no difference; erase.test.mjs must.
 */
#include "store/db_priv.h"

#define HELD_MAX 256

enum err __real_keyslots_erase(struct store *s, const int64_t *ids, size_t count, struct errinfo *ei);
enum err __wrap_keyslots_erase(struct store *s, const int64_t *ids, size_t count, struct errinfo *ei);
enum err __real_store_truncate_wal(struct store *s, struct errinfo *ei);
enum err __wrap_store_truncate_wal(struct store *s, struct errinfo *ei);

static int64_t held[HELD_MAX];
static size_t nheld;

enum err __wrap_keyslots_erase(struct store *s, const int64_t *ids, size_t count, struct errinfo *ei)
{
	(void)s;
	(void)ei;
	for (size_t i = 0; i < count && nheld < HELD_MAX; i++)
		held[nheld++] = ids[i];
	return OK;
}

enum err __wrap_store_truncate_wal(struct store *s, struct errinfo *ei)
{
	enum err rc = nheld ? __real_keyslots_erase(s, held, nheld, ei) : OK;

	nheld = 0;
	return rc ? rc : __real_store_truncate_wal(s, ei);
}

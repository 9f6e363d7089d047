/* seal: personal columns. Each value is bound to its table, column and row. */
#include <string.h>

#include "base/enc.h"
#include "store/db_priv.h"
#include "store/keyslot.h"

struct slice seal_ad(char dst[static SEAL_AD_BYTES], const char *place, int64_t id)
{
	size_t n = strlen(place);
	bug_if(n + 1 + ENC_DECIMAL_BYTES > SEAL_AD_BYTES);
	memcpy(dst, place, n);
	dst[n] = ':';
	return slice_make(dst, n + 1 + enc_i64(id, dst + n + 1));
}

/* The person's key into db->key, where it stays for the next value of the same person. */
static enum err seal_key(struct db *db, int64_t person_id, struct errinfo *ei)
{
	if (db->key_person == person_id)
		return OK;
	db->key_person = 0;
	enum err e = keyslot_get(db, person_id, db->key, ei);
	if (!e)
		db->key_person = person_id;
	return e;
}

enum err seal_put(struct db *db, int64_t person_id, const char *place, int64_t id, struct slice plain,
    struct buf *out, struct errinfo *ei)
{
	char ad[SEAL_AD_BYTES];
	enum err e = seal_key(db, person_id, ei);
	if (e)
		return e;
	crypt_seal(out, db->key, plain, seal_ad(ad, place, id));
	return buf_ok(out) ? OK : err_set(ei, E_LIMIT, "%s: too large to be stored", place);
}

enum err seal_get(struct db *db, int64_t person_id, const char *place, int64_t id, struct slice sealed,
    struct buf *out, struct errinfo *ei)
{
	char ad[SEAL_AD_BYTES];
	enum err e = seal_key(db, person_id, ei);
	if (e)
		return e;
	e = crypt_open(out, db->key, sealed, seal_ad(ad, place, id));
	if (e)
		return err_set(ei, e, "%s: %s of row %lld cannot be read: keys.db does not belong to this data, or the "
		    "row is "
		    "damaged", db->store->data_path, place, (long long)id);
	return buf_ok(out) ? OK : err_set(ei, E_LIMIT, "%s: larger than the caller allows", place);
}

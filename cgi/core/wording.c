#include "core/wording.h"

#include "store/text.h"

static enum err wording_stored(struct db *db, struct arena *a, const unsigned char hash[CRYPT_HASH_BYTES],
    const struct consent **out, struct errinfo *ei)
{
	struct consent *c = arena_alloc(a, sizeof(*c));
	struct buf body;
	enum err rc;

	if (!c)
		return err_set(ei, E_NOMEM, "a consent text");
	buf_init_arena(&body, a, CONSENT_MAX_BYTES);
	rc = text_get(db, hash, &body, NULL, ei);
	if (!rc)
		rc = consent_parse(c, buf_slice(&body), ei);
	*out = c;
	return rc;
}

enum err wording_get(struct db *db, const struct site *s, struct arena *a, const unsigned char hash[CRYPT_HASH_BYTES],
    const struct consent **out, struct errinfo *ei)
{
	*out = site_consent_by_hash(s, hash);
	return *out ? OK : wording_stored(db, a, hash, out, ei);
}

/* Keys that somebody added to the file of a site that is open: `jawort key rotate` beside a running service. */
#include "store/db_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"

static size_t ring_count(const struct keyring *k)
{
	size_t sign = 0, token = 0;

	while (keyring_sign_at(k, sign, NULL))
		sign++;
	while (keyring_token_at(k, token, NULL))
		token++;
	return sign + token;
}

static bool ring_same_site(const struct keyring *a, const struct keyring *b)
{
	unsigned char x[KEYRING_FINGERPRINT_BYTES], y[KEYRING_FINGERPRINT_BYTES];

	keyring_fingerprint(a, x);
	keyring_fingerprint(b, y);
	return crypt_equal(x, y, sizeof(x));
}

/* Keys are only ever added to a file; one with fewer is not newer. */
static bool ring_swap(struct store *s, struct keyring *fresh, struct store_ring *keep)
{
	struct keyring *now;
	bool newer;

	pthread_mutex_lock(&s->read_mu);
	now = atomic_load(&s->ring);
	newer = ring_count(fresh) > ring_count(now);
	if (newer) {
		*keep = (struct store_ring){.ring = now, .before = s->ring_before};
		s->ring_before = keep;
		atomic_store(&s->ring, fresh);
	}
	pthread_mutex_unlock(&s->read_mu);
	return newer;
}

enum err store_rekey(struct store *s, struct errinfo *ei)
{
	struct keyring *fresh = NULL;
	struct store_ring *keep;
	enum err e = keyring_load(&fresh, s->ring_path, ei);

	if (e)
		return e;
	keep = malloc(sizeof(*keep));
	if (!keep)
		e = err_set(ei, E_NOMEM, "%s: keys", s->site);
	else if (!ring_same_site(fresh, s->ring))
		e = err_set(ei, E_DENIED, "%s does not hold the keys of %s any more: it was exchanged. Restore the key file of "
		    "this site from its own backup", s->ring_path, s->data_path);
	else if (ring_swap(s, fresh, keep))
		return OK;
	free(keep);
	keyring_free(fresh);
	return e;
}

void store_ring_free(struct store *s)
{
	struct store_ring *r;

	keyring_free(s->ring);
	while ((r = s->ring_before) != NULL) {
		s->ring_before = r->before;
		keyring_free(r->ring);
		free(r);
	}
}

/* The worker's nightly look at a few proofs. */
#include "core/audit.h"

#include <string.h>

#include "base/crypt.h"
#include "core/logbook.h"
#include "store/event.h"

struct sample {
	int64_t seq;
	bool seen, good;
};

static bool sample_look(const struct event_row *r, bool damaged, void *arg)
{
	struct sample *s = arg;

	s->seen = r->seq == s->seq;
	s->good = s->seen && !damaged && event_verify(r);
	return false;
}

static enum err sample_one(struct db *db, struct logbook *l, int64_t seq, bool *good, struct errinfo *ei)
{
	struct sample s = {.seq = seq};
	struct logbook_proof p;
	struct merkle_hash root;
	enum err rc = event_open_each(db, seq - 1, 1, sample_look, &s, ei);

	*good = s.good;
	if (rc || !s.good)
		return rc;
	rc = logbook_prove(l, seq, &p, NULL, ei);
	if (rc == E_CONFLICT) {
		*good = false;
		return OK;
	}
	if (rc)
		return rc == E_NOT_FOUND ? OK : rc; /* no checkpoint covers it yet */
	memcpy(root.b, p.at.root, sizeof(root.b));
	*good = merkle_verify(&p.leaf, (uint64_t)seq - 1, (uint64_t)p.at.size, p.path.hash, p.path.n, &root);
	return OK;
}

enum err audit_sample(struct db *db, unsigned n, unsigned *looked, unsigned *bad, struct errinfo *ei)
{
	struct logbook *l = NULL;
	int64_t size;
	bool good;
	enum err rc = event_size(db, &size, ei);

	*looked = *bad = 0;
	if (!rc && size)
		rc = logbook_open(&l, db, ei);
	for (unsigned i = 0; !rc && size && i < n; i++) {
		uint32_t top = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
		rc = sample_one(db, l, 1 + (int64_t)crypt_random_below(top), &good, ei);
		*looked += !rc;
		*bad += !rc && !good;
	}
	logbook_close(l);
	return rc;
}

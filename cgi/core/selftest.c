#include "core/selftest.h"

#include <string.h>

#include "base/arena.h"
#include "base/crypt.h"
#include "core/logbook.h"
#include "core/sheet.h"
#include "store/daily.h"
#include "store/event.h"
#include "store/meta.h"

#define META_KEY "selftest"
#define NUMBERS 6

struct looking {
	struct db *db;
	const struct site *s;
	struct logbook *log;
	struct selftest *r;
	int64_t now_ms, seq, person;
	bool seen, good, open; /* the event; its key is still there */
	struct errinfo *ei;
};

static bool look(const struct event_row *r, bool damaged, void *arg)
{
	struct looking *l = arg;

	l->seen = r->seq == l->seq;
	l->good = l->seen && !damaged && event_verify(r);
	l->open = l->seen && r->present[EVENT_CORE];
	l->person = r->person_id;
	return false;
}

static void bad(struct looking *l, unsigned *count)
{
	++*count;
	if (!l->r->seq)
		l->r->seq = l->seq;
}

/* E_NOT_FOUND of the log: no checkpoint covers the event yet, and so nothing can be wrong with its path. */
static enum err look_at_proof(struct looking *l)
{
	struct logbook_proof p;
	struct merkle_hash root;
	enum err rc;

	l->seen = l->good = l->open = false;
	rc = event_open_each(l->db, l->seq - 1, 1, look, l, l->ei);
	if (rc)
		return rc;
	l->r->proofs++;
	rc = l->good ? logbook_prove(l->log, l->seq, &p, NULL, l->ei) : OK;
	if (rc == E_IO || rc == E_NOMEM || rc == E_BUSY)
		return rc;
	if (!rc && l->good) {
		memcpy(root.b, p.at.root, sizeof(root.b));
		l->good = merkle_verify(&p.leaf, (uint64_t)l->seq - 1, (uint64_t)p.at.size, p.path.hash, p.path.n, &root);
	}
	if (!l->good || (rc && rc != E_NOT_FOUND))
		bad(l, &l->r->proofs_bad);
	return OK;
}

static void look_at_sheet(struct looking *l)
{
	const char *lang = site_lang(l->s, SLICE("de")) ? "de" : "en"; /* the two that the sheet speaks */
	const struct sheet_opts o = {.lang = lang, .now_ms = l->now_ms};
	struct arena a;
	struct buf out;
	enum err rc;

	if (!l->open || !site_lang(l->s, slice_from(lang)))
		return;
	arena_init(&a, SHEET_ARENA_BYTES);
	buf_init(&out, SHEET_MAX_BYTES);
	rc = sheet_html(l->db, l->s, &a, l->person, &o, &out, l->ei);
	if (rc != E_NOT_FOUND) { /* erased in between */
		l->r->sheets++;
		if (rc || !out.len)
			bad(l, &l->r->sheets_bad);
	}
	buf_free(&out);
	arena_free(&a);
}

static enum err looks(struct looking *l, unsigned n)
{
	int64_t size;
	enum err rc = event_size(l->db, &size, l->ei);
	uint32_t top = size > (int64_t)UINT32_MAX ? UINT32_MAX : (uint32_t)size;

	if (rc || !size)
		return rc;
	rc = logbook_open(&l->log, l->db, l->ei);
	for (unsigned i = 0; !rc && i < n; i++) {
		l->seq = 1 + (int64_t)crypt_random_below(top);
		rc = look_at_proof(l);
		if (!rc)
			look_at_sheet(l);
	}
	logbook_close(l->log);
	return rc;
}

static enum err note(struct store *st, const struct selftest *r, struct errinfo *ei)
{
	struct buf text;
	struct db *db;
	enum err rc = store_write_begin(st, &db, ei);

	if (rc)
		return rc;
	buf_init(&text, 200);
	buf_printf(&text, "%lld %u %u %u %u %lld", (long long)r->at_ms, r->proofs, r->proofs_bad, r->sheets, r->sheets_bad,
	    (long long)r->seq);
	rc = meta_put(db, META_KEY, buf_slice(&text), ei);
	buf_free(&text);
	if (rc)
		store_write_rollback(st);
	else
		rc = store_write_commit(st, ei);
	return rc;
}

enum err selftest_run(const struct site *s, struct store *st, unsigned n, int64_t now_ms, struct selftest *out,
    struct errinfo *ei)
{
	struct looking l = {.s = s, .r = out, .now_ms = now_ms, .ei = ei};
	enum err rc;

	*out = (struct selftest){.at_ms = now_ms};
	rc = store_read(st, &l.db, ei);
	if (rc)
		return rc;
	rc = looks(&l, n);
	store_read_end(st, l.db);
	return rc ? rc : note(st, out, ei);
}

enum err selftest_last(struct db *db, struct selftest *out, struct errinfo *ei)
{
	unsigned long long v[NUMBERS] = {0};
	struct slice rest, one;
	struct buf text;
	size_t n = 0;
	enum err rc;

	buf_init(&text, 200);
	rc = meta_get(db, META_KEY, &text, ei);
	rest = buf_slice(&text);
	while (!rc && n < NUMBERS && slice_split(&rest, ' ', &one) && slice_u64(one, &v[n]))
		n++;
	buf_free(&text);
	if (!rc && n < NUMBERS)
		rc = err_set(ei, E_INVALID, "what the last self-test noted cannot be read");
	if (!rc)
		*out = (struct selftest){(int64_t)v[0], (unsigned)v[1], (unsigned)v[2], (unsigned)v[3], (unsigned)v[4],
		    (int64_t)v[5]};
	return rc;
}

enum err selftest_due(struct db *db, int64_t now_ms, bool *due, struct errinfo *ei)
{
	struct selftest last;
	enum err rc = selftest_last(db, &last, ei);

	*due = rc || daily_day(last.at_ms) != daily_day(now_ms);
	return rc == E_NOT_FOUND || rc == E_INVALID ? OK : rc;
}

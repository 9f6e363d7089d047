/* Counters of networks and sites in memory; see budget_priv.h. */
#include "store/budget_priv.h"

#include <string.h>

static int32_t *window_slot(struct window *w, int64_t at)
{
	return &w->n[at % WINDOW_SLOTS];
}

static void slot_add(struct window *w, int64_t at, int64_t n)
{
	int64_t sum = *window_slot(w, at) + n;

	*window_slot(w, at) = sum < 0 ? 0 : sum > INT32_MAX ? INT32_MAX : (int32_t)sum;
}

/*
 * The bytes of a subject are those of a keyed hash: nobody outside can choose places. The first two decide, so that
 * the shelves have the order of the file, where neighbours share a page.
 */
static unsigned window_at(const struct asking *k)
{
	return ((unsigned)k->subject[0] << 8 | k->subject[1]) / (65536 / (SHELVES * SHELF_WINDOWS));
}

static unsigned shelf_of(const struct asking *k)
{
	return window_at(k) / SHELF_WINDOWS;
}

/* A shelf with room for a take has a free place even if all its asks come here, so the search ends. */
_Static_assert(BUDGET_ASKS_MAX <= SHELF_FULL && SHELF_FULL < SHELF_WINDOWS && SHELVES % SHELF_PORTION == 0
    && SHELVES <= 32, "shelves");

/* The window of these bytes, or the free place where it belongs. */
static struct window *window_place(struct budget *b, const struct asking *k)
{
	struct window *shelf = b->windows[shelf_of(k)];

	for (unsigned i = window_at(k);; i++) {
		struct window *w = &shelf[i % SHELF_WINDOWS];
		if (!w->class || (w->class == k->ask->class && w->width == k->width
		        && memcmp(w->subject, k->subject, SUBJECT_BYTES) == 0))
			return w;
	}
}

/* Slots of one day's key. What a clock that ran ahead counted, counts as now. */
static bool window_read(struct budget *b, struct window *w, const struct asking *k,
    const unsigned char subject[SUBJECT_BYTES])
{
	sqlite3_stmt *q = b->q[Q_SLOTS];
	int rc;

	if (!budget_filter_may_have(b, subject))
		return true;
	sqlite3_bind_int(q, 1, w->class);
	sqlite3_bind_blob(q, 2, subject, SUBJECT_BYTES, SQLITE_STATIC);
	sqlite3_bind_int64(q, 3, w->width);
	sqlite3_bind_int64(q, 4, k->at - k->back);
	while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
		int64_t at = sqlite3_column_int64(q, 0);
		slot_add(w, at < k->at ? at : k->at, sqlite3_column_int64(q, 1));
	}
	sqlite3_reset(q);
	return rc == SQLITE_DONE;
}

/* Where that fails, what lay there stays: those that were put behind it are found over it. */
static bool window_load(struct budget *b, struct window *w, const struct asking *k)
{
	struct window fresh = {.class = k->ask->class, .width = (int32_t)k->width, .at = k->at};
	unsigned char before[SUBJECT_BYTES];

	memcpy(fresh.subject, k->subject, SUBJECT_BYTES);
	budget_subject(b, 1, k->ask, before);
	if (!window_read(b, &fresh, k, fresh.subject) || !window_read(b, &fresh, k, before))
		return false;
	b->shelf_used[shelf_of(k)] += !w->class;
	*w = fresh;
	return true;
}

/* One that has read cannot begin to write if another process has written since. */
static void read_end(struct budget *b)
{
	if (b->open && b->deferred)
		b->open = !budget_done(b, Q_COMMIT);
}

static bool window_write(struct budget *b, struct window *w)
{
	if (!w->pending)
		return true;
	if (!budget_slot_add(b, w->class, w->subject, w->width, w->at, w->pending))
		return false;
	b->windows_added -= w->pending;
	w->pending = 0;
	return true;
}

/* Time went on: the slots that come into the window begin at nothing. */
static bool window_advance(struct budget *b, struct window *w, int64_t at)
{
	if (at == w->at)
		return true;
	if (w->pending)
		read_end(b);
	if (!window_write(b, w))
		return false;
	for (int i = 0; i < WINDOW_SLOTS && w->at < at; i++)
		*window_slot(w, ++w->at) = 0;
	if (w->at < at) {
		memset(w->n, 0, sizeof(w->n));
		w->at = at;
	}
	return true;
}

struct window *budget_window(struct budget *b, const struct asking *k)
{
	struct window *w = window_place(b, k);

	if (w->class && k->at >= w->at)
		return window_advance(b, w, k->at) ? w : NULL;
	/* The clock went back: the file knows what lies in the window now. */
	if (w->pending)
		read_end(b);
	if (!window_write(b, w))
		return NULL;
	return window_load(b, w, k) ? w : NULL;
}

void budget_window_sum(const struct window *w, const struct asking *k, int64_t *sum, int64_t *oldest)
{
	for (int64_t at = k->at - k->back < 0 ? 0 : k->at - k->back; at <= k->at; at++) {
		int64_t n = w->n[at % WINDOW_SLOTS];
		*sum += n;
		if (n && at < *oldest)
			*oldest = at;
	}
}

void budget_window_add(struct budget *b, struct window *w)
{
	slot_add(w, w->at, 1);
	w->pending++;
	b->windows_added++;
}

void budget_file_look(struct budget *b)
{
	int64_t version = b->version;

	if (sqlite3_step(b->q[Q_VERSION]) == SQLITE_ROW)
		version = sqlite3_column_int64(b->q[Q_VERSION], 0);
	sqlite3_reset(b->q[Q_VERSION]);
	bool changed = version != b->version;
	b->version = version;
	if (changed) {
		b->filtered = false;
		b->shelves_old = UINT32_MAX;
	}
}

/* What is not in the file is lost. */
static void shelf_forget(struct budget *b, unsigned shelf)
{
	for (int i = 0; b->shelf_used[shelf] && i < SHELF_WINDOWS; i++)
		b->windows_added -= b->windows[shelf][i].pending;
	if (b->shelf_used[shelf])
		memset(b->windows[shelf], 0, sizeof(b->windows[shelf]));
	b->shelf_used[shelf] = 0;
	b->shelves_old &= ~(UINT32_C(1) << shelf);
}

void budget_windows_forget(struct budget *b)
{
	for (unsigned i = 0; i < SHELVES; i++)
		shelf_forget(b, i);
	bug_if(b->windows_added);
}

static bool shelf_write_class(struct budget *b, unsigned shelf, enum budget_class class)
{
	for (int i = 0; b->shelf_used[shelf] && i < SHELF_WINDOWS; i++)
		if (b->windows[shelf][i].class == class && !window_write(b, &b->windows[shelf][i]))
			return false;
	return true;
}

static bool shelves_pending(const struct budget *b, unsigned from, unsigned n)
{
	for (unsigned i = from; b->windows_added && i < from + n; i++)
		for (int k = 0; b->shelf_used[i] && k < SHELF_WINDOWS; k++)
			if (b->windows[i][k].pending)
				return true;
	return false;
}

/* So many from this one on. */
static enum err shelves_write(struct budget *b, unsigned from, unsigned n, int64_t now_ms, struct errinfo *ei)
{
	read_end(b);
	bool own = !b->open, ok = true;
	if (own)
		budget_file_look(b);
	bool pending = shelves_pending(b, from, n);
	b->windows_ms = now_ms;
	if (pending && own && !budget_done(b, Q_BEGIN))
		return budget_err(b, ei, "begin");
	for (int c = 1; pending && ok && c < BUDGET_CLASS__MAX; c++)
		for (unsigned i = from; ok && i < from + n; i++)
			ok = shelf_write_class(b, i, (enum budget_class)c);
	ok = ok && (!pending || !own || budget_done(b, Q_COMMIT));
	enum err rc = ok ? OK : budget_err(b, ei, "write");
	if (!ok && own)
		budget_done(b, Q_ROLLBACK);
	/* What these takes were is lost with the transaction; the file says what counts. */
	for (unsigned i = from; i < from + n; i++)
		if (!ok || b->shelves_old >> i & 1)
			shelf_forget(b, i);
	return rc;
}

enum err budget_windows_write(struct budget *b, int64_t now_ms, struct errinfo *ei)
{
	return shelves_write(b, 0, SHELVES, now_ms, ei);
}

enum err budget_windows_portion(struct budget *b, int64_t now_ms, struct errinfo *ei)
{
	unsigned from = b->shelf_next;

	b->shelf_next = (from + SHELF_PORTION) % SHELVES;
	return shelves_write(b, from, SHELF_PORTION, now_ms, ei);
}

enum err budget_windows_due(struct budget *b, int64_t now_ms, struct errinfo *ei)
{
	int64_t since_ms = now_ms - b->windows_ms;

	if (b->deferred)
		return since_ms >= 0 && since_ms < WINDOW_WRITE_MS * SHELF_PORTION / SHELVES ? OK
		    : budget_windows_portion(b, now_ms, ei);
	if (b->windows_added < WINDOW_WRITE_TAKES && since_ms >= 0 && since_ms < WINDOW_WRITE_MS)
		return OK;
	return budget_windows_write(b, now_ms, ei);
}

enum err budget_windows_drop(struct budget *b, struct errinfo *ei)
{
	enum err rc = b->windows_added || b->open ? budget_windows_write(b, b->windows_ms, ei) : OK;

	if (!rc)
		budget_windows_forget(b);
	return rc;
}

enum err budget_windows_room(struct budget *b, const struct asking *k, size_t n, struct errinfo *ei)
{
	enum err rc = OK;

	for (size_t i = 0; i < n && !rc; i++) {
		unsigned shelf = shelf_of(&k[i]);

		if (b->shelf_used[shelf] + BUDGET_ASKS_MAX <= SHELF_FULL)
			continue;
		/* where another process is writing, all stays as it is until the next take */
		rc = shelves_write(b, shelf, 1, b->windows_ms, ei);
		if (!rc)
			shelf_forget(b, shelf);
	}
	return rc;
}

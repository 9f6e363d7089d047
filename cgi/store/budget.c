#include "store/budget.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/budget_priv.h"

#define SUBJECT_TEXT_BYTES 512
#define TALLY_DAYS 90
/* A transaction serves so many takes at most while others wait. */
#define TAKES_MAX 64

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS secret(day INTEGER PRIMARY KEY, key BLOB NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS slot(class INTEGER NOT NULL, subject BLOB NOT NULL, width INTEGER NOT NULL,"
    " at INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY(class, subject, width, at)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS tally(day INTEGER NOT NULL, site TEXT NOT NULL, form TEXT NOT NULL,"
    " what INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY(site, day, form, what)) STRICT, WITHOUT ROWID;";

static const char pragmas[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA secure_delete=ON; PRAGMA trusted_schema=OFF;"
    "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-256; PRAGMA wal_autocheckpoint=2000;";

static const char *const sql[Q__MAX] = {
    [Q_BEGIN] = "BEGIN IMMEDIATE",
    [Q_READ] = "BEGIN",
    [Q_COMMIT] = "COMMIT",
    [Q_ROLLBACK] = "ROLLBACK",
    [Q_KEY] = "SELECT key FROM secret WHERE day = ?1",
    [Q_KEY_ADD] = "INSERT OR IGNORE INTO secret(day, key) VALUES(?1, ?2)",
    [Q_SUM] = "SELECT coalesce(sum(n), 0), coalesce(min(at), 0) FROM slot WHERE class = ?1 AND subject = ?2"
	" AND width = ?3 AND at >= ?4",
    [Q_SLOTS] = "SELECT at, n FROM slot WHERE class = ?1 AND subject = ?2 AND width = ?3 AND at >= ?4",
    [Q_ADD] = "INSERT INTO slot(class, subject, width, at, n) VALUES(?1, ?2, ?3, ?4, ?5)"
	" ON CONFLICT(class, subject, width, at) DO UPDATE SET n = n + excluded.n",
    [Q_TALLY] = "INSERT INTO tally(day, site, form, what, n) VALUES(?1, ?2, ?3, ?4, ?5)"
	" ON CONFLICT(site, day, form, what) DO UPDATE SET n = n + excluded.n",
    [Q_EACH] = "SELECT day, form, what, n FROM tally WHERE site = ?1 AND day >= ?2 ORDER BY day, form, what",
    /* What a clock that ran ahead left behind goes too. */
    [Q_FORGET_KEYS] = "DELETE FROM secret WHERE day < ?1 OR day > ?1 + 3",
    [Q_FORGET_SLOTS] = "DELETE FROM slot WHERE (at + 25) * width <= ?1 OR at * width > ?1 + 172800",
    [Q_FORGET_TALLIES] = "DELETE FROM tally WHERE day < ?1",
    [Q_VERSION] = "PRAGMA data_version",
    [Q_SUBJECTS] = "SELECT subject FROM slot LIMIT ?1",
};

static const char *const tally_names[BUDGET_TALLY__MAX] = {"?", "accepted", "input", "changed", "review", "honeypot",
    "foreign_origin", "form_token", "limited_network", "limited_site", "silent", "unknown_fields", "shown"};

const char *budget_tally_name(enum budget_tally t)
{
	return t > 0 && t < BUDGET_TALLY__MAX ? tally_names[t] : "?";
}

enum err budget_err(struct budget *b, struct errinfo *ei, const char *what)
{
	return err_set(ei, E_IO, "budget.db: %s: %s. It holds counters only and may be deleted", what,
	    sqlite3_errmsg(b->conn));
}

static enum err budget_prepare(struct budget *b, struct errinfo *ei)
{
	for (int i = 0; i < Q__MAX; i++)
		if (sqlite3_prepare_v3(b->conn, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &b->q[i], NULL) != SQLITE_OK)
			return budget_err(b, ei, sql[i]);
	return OK;
}

enum err budget_open(struct budget **out, const char *data, struct errinfo *ei)
{
	struct budget *b = calloc(1, sizeof(*b));
	struct buf path;
	enum err rc = OK;

	*out = NULL;
	if (!b || !(b->key[0] = crypt_key_new()) || !(b->key[1] = crypt_key_new())) {
		budget_close(b);
		return err_set(ei, E_NOMEM, "budgets");
	}
	pthread_mutex_init(&b->lock, NULL);
	pthread_mutex_init(&b->shown_lock, NULL);
	b->key_day = -1;
	buf_init(&path, 4096);
	buf_printf(&path, "%s/budget.db", data);
	db_library();
	rc = db_touch(path.data, ei);
	if (!rc && sqlite3_open_v2(path.data, &b->conn, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
	        | SQLITE_OPEN_NOFOLLOW, NULL) != SQLITE_OK)
		rc = budget_err(b, ei, path.data);
	buf_free(&path);
	if (!rc) {
		sqlite3_busy_timeout(b->conn, 2000);
		if (sqlite3_exec(b->conn, pragmas, NULL, NULL, NULL) != SQLITE_OK
		    || sqlite3_exec(b->conn, schema, NULL, NULL, NULL) != SQLITE_OK)
			rc = budget_err(b, ei, "schema");
	}
	if (!rc)
		rc = budget_prepare(b, ei);
	if (rc)
		budget_close(b);
	else
		*out = b;
	return rc;
}

void budget_close(struct budget *b)
{
	struct errinfo ei = {.code = OK};

	if (!b)
		return;
	if (b->conn && budget_windows_drop(b, &ei) != OK)
		log_err(LOG_WARN, "budget", &ei);
	if (b->conn && b->q[Q_TALLY])
		budget_shown_write(b, clock_now_ms());
	for (int i = 0; i < Q__MAX; i++)
		sqlite3_finalize(b->q[i]);
	sqlite3_close(b->conn);
	free(b->filter);
	crypt_key_free(b->key[0]);
	crypt_key_free(b->key[1]);
	pthread_mutex_destroy(&b->lock);
	pthread_mutex_destroy(&b->shown_lock);
	free(b);
}

bool budget_done(struct budget *b, int i)
{
	int rc = sqlite3_step(b->q[i]);

	sqlite3_reset(b->q[i]);
	return rc == SQLITE_DONE;
}

/* The key of a day; made at first use. Inside a transaction. */
static bool key_of(struct budget *b, int64_t day, bool make, struct crypt_key *out)
{
	sqlite3_stmt *q = b->q[Q_KEY];
	bool found;

	if (make) {
		unsigned char fresh[CRYPT_KEY_BYTES];
		crypt_random(fresh, sizeof(fresh));
		sqlite3_bind_int64(b->q[Q_KEY_ADD], 1, day);
		sqlite3_bind_blob(b->q[Q_KEY_ADD], 2, fresh, sizeof(fresh), SQLITE_TRANSIENT);
		crypt_wipe(fresh, sizeof(fresh));
		if (!budget_done(b, Q_KEY_ADD))
			return false;
	}
	sqlite3_bind_int64(q, 1, day);
	found = sqlite3_step(q) == SQLITE_ROW && sqlite3_column_bytes(q, 0) == CRYPT_KEY_BYTES;
	if (found)
		memcpy(out->bytes, sqlite3_column_blob(q, 0), CRYPT_KEY_BYTES);
	else
		crypt_random(out->bytes, CRYPT_KEY_BYTES);
	sqlite3_reset(q);
	return found || !make;
}

static enum err keys_today(struct budget *b, int64_t day, struct errinfo *ei)
{
	if (b->key_day == day)
		return OK;
	enum err rc = budget_windows_drop(b, ei);
	if (rc)
		return rc;
	if (!key_of(b, day, true, b->key[0]) || !key_of(b, day - 1, false, b->key[1]))
		return budget_err(b, ei, "key");
	b->key_day = day;
	return OK;
}

/* "scope NUL subject" under the key of a day. Longer than any address or id: its hash, which has another length. */
void budget_subject(const struct budget *b, int which, const struct budget_ask *a, unsigned char out[SUBJECT_BYTES])
{
	char text[SUBJECT_TEXT_BYTES];
	size_t n = a->scope.len + 1 + a->subject.len;
	const struct crypt_part parts[] = {{a->scope.ptr, a->scope.len}, {"\0", 1}, {a->subject.ptr, a->subject.len}};

	memset(text, 0, sizeof(text));
	if (n < sizeof(text)) {
		if (a->scope.len)
			memcpy(text, a->scope.ptr, a->scope.len);
		if (a->subject.len)
			memcpy(text + a->scope.len + 1, a->subject.ptr, a->subject.len);
	} else {
		crypt_sha256_parts((unsigned char *)text, parts, sizeof(parts) / sizeof(parts[0]));
		n = sizeof(text);
	}
	crypt_keyed(out, SUBJECT_BYTES, b->key[which], text, n);
}

/* Durations over a day count as a day. */
static int64_t rate_s(const struct conf_rate *r)
{
	return r->per.seconds < DAY_S ? (r->per.seconds > 0 ? r->per.seconds : 1) : DAY_S;
}

/* Rounded up, so that SLOTS of them are never shorter than the duration. */
static int64_t slot_width_s(const struct conf_rate *r)
{
	return (rate_s(r) + SLOTS - 1) / SLOTS;
}

/* Adds what was used within the window to *sum; *oldest: first slot in use, unchanged if there is none. */
static bool used(struct budget *b, const struct asking *k, const unsigned char subject[SUBJECT_BYTES], int64_t *sum,
    int64_t *oldest)
{
	sqlite3_stmt *q = b->q[Q_SUM];
	bool row;

	sqlite3_bind_int(q, 1, k->ask->class);
	sqlite3_bind_blob(q, 2, subject, SUBJECT_BYTES, SQLITE_STATIC);
	sqlite3_bind_int64(q, 3, k->width);
	sqlite3_bind_int64(q, 4, k->at - k->back);
	row = sqlite3_step(q) == SQLITE_ROW;
	if (row) {
		int64_t n = sqlite3_column_int64(q, 0), first = sqlite3_column_int64(q, 1);
		*sum += n;
		if (n && first < *oldest)
			*oldest = first;
	}
	sqlite3_reset(q);
	return row;
}

/* Under today's key and, if the window reaches back behind midnight, under yesterday's. */
static bool used_all(struct budget *b, const struct asking *k, int64_t *sum, int64_t *oldest)
{
	unsigned char before[SUBJECT_BYTES];

	if (!used(b, k, k->subject, sum, oldest))
		return false;
	if ((k->at - k->back) * k->width >= b->key_day * DAY_S)
		return true;
	budget_subject(b, 1, k->ask, before);
	return used(b, k, before, sum, oldest);
}

bool budget_slot_add(struct budget *b, enum budget_class class, const unsigned char subject[SUBJECT_BYTES],
    int64_t width, int64_t at, int64_t n)
{
	sqlite3_stmt *q = b->q[Q_ADD];

	budget_filter_note(b, subject);
	sqlite3_bind_int(q, 1, class);
	sqlite3_bind_blob(q, 2, subject, SUBJECT_BYTES, SQLITE_STATIC);
	sqlite3_bind_int64(q, 3, width);
	sqlite3_bind_int64(q, 4, at);
	sqlite3_bind_int64(q, 5, n);
	return budget_done(b, Q_ADD);
}

/* Networks and sites are few and asked for by everybody: these are counted in memory, and written now and then. */
static bool in_memory(const struct budget *b, enum budget_class class)
{
	return b->deferred || class == BUDGET_PREFIX || class == BUDGET_SITE;
}

static bool in_file(const struct budget *b, const struct budget_ask *asks, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!in_memory(b, asks[i].class))
			return true;
	return false;
}

static bool sum_of(struct budget *b, struct asking *k, int64_t *sum, int64_t *oldest)
{
	if (!in_memory(b, k->ask->class))
		return used_all(b, k, sum, oldest);
	k->window = budget_window(b, k);
	if (!k->window)
		return false;
	budget_window_sum(k->window, k, sum, oldest);
	return true;
}

static bool add(struct budget *b, const struct asking *k)
{
	if (!k->window)
		return budget_slot_add(b, k->ask->class, k->subject, k->width, k->at, 1);
	budget_window_add(b, k->window);
	return true;
}

static void asking_init(const struct budget *b, const struct budget_ask *ask, int64_t now_s, struct asking *k)
{
	*k = (struct asking){.ask = ask, .width = slot_width_s(&ask->rate)};
	k->back = (rate_s(&ask->rate) + k->width - 1) / k->width;
	k->at = now_s / k->width;
	budget_subject(b, 0, ask, k->subject);
}

/* Looks at all, then adds to all. *denied == n: granted. */
static enum err take_all(struct budget *b, const struct budget_ask *asks, size_t n, int64_t now_s, size_t *denied,
    int64_t *retry_s, struct errinfo *ei)
{
	struct asking asking[BUDGET_ASKS_MAX];
	size_t count = 0;
	enum err rc = keys_today(b, now_s / DAY_S, ei);

	bug_if(n > BUDGET_ASKS_MAX);
	for (size_t i = 0; !rc && i < n; i++)
		if (asks[i].rate.count)
			asking_init(b, &asks[i], now_s, &asking[count++]);
	if (!rc)
		rc = budget_windows_room(b, asking, count, ei);
	for (size_t i = 0; !rc && i < count; i++) {
		struct asking *k = &asking[i];
		int64_t sum = 0, oldest = k->at;
		if (!sum_of(b, k, &sum, &oldest))
			return budget_err(b, ei, "sum");
		if (sum < (int64_t)k->ask->rate.count)
			continue;
		*denied = (size_t)(k->ask - asks);
		*retry_s = (oldest + k->back + 1) * k->width - now_s;
		return OK;
	}
	for (size_t i = 0; !rc && i < count; i++)
		if (!add(b, &asking[i]))
			rc = budget_err(b, ei, "add");
	*denied = n;
	return rc;
}

/* Ends the open transaction; what it counted is lost if it cannot be kept. */
static enum err budget_end(struct budget *b, enum err rc, struct errinfo *ei)
{
	if (!budget_done(b, rc ? Q_ROLLBACK : Q_COMMIT) && !rc) {
		rc = budget_err(b, ei, "commit");
		budget_done(b, Q_ROLLBACK);
	}
	if (rc) {
		budget_windows_forget(b);
		b->key_day = -1;
	}
	b->open = 0;
	return rc;
}

enum err budget_take(struct budget *b, const struct budget_ask *asks, size_t n, int64_t now_ms, size_t *denied,
    int64_t *retry_s, struct errinfo *ei)
{
	int64_t wait_s = 0;
	enum err rc = OK;

	*denied = n;
	atomic_fetch_add(&b->coming, 1);
	pthread_mutex_lock(&b->lock);
	/* Whoever comes next goes on in the same transaction, so one is open only while somebody will end it. */
	bool last = atomic_fetch_sub(&b->coming, 1) == 1 && !b->held;
	if (in_file(b, asks, n) && !b->open++ && !budget_done(b, Q_BEGIN)) {
		rc = budget_err(b, ei, "begin");
		b->open = 0;
	} else {
		/* Reads of a batch share what it costs to begin and end one. */
		if (b->deferred && b->held && !b->open)
			b->open = budget_done(b, Q_READ);
		rc = take_all(b, asks, n, now_ms / 1000, denied, &wait_s, ei);
		if (!rc)
			rc = budget_windows_due(b, now_ms, ei);
		if (b->open && (rc || last || b->open >= TAKES_MAX))
			rc = budget_end(b, rc, ei);
	}
	pthread_mutex_unlock(&b->lock);
	if (retry_s)
		*retry_s = wait_s > 0 ? wait_s : 1;
	return rc;
}

void budget_defer(struct budget *b)
{
	pthread_mutex_lock(&b->lock);
	b->deferred = true;
	/* It writes the counters of many at a time, all over the file; others touch a few pages. Only an advice. */
	(void)sqlite3_exec(b->conn, "PRAGMA cache_size=-1024", NULL, NULL, NULL);
	if (!b->held && !b->open)
		budget_filter_make(b);
	pthread_mutex_unlock(&b->lock);
}

/* A portion, if nobody is about to write; the lock is free in between. */
static void tick_portion(struct budget *b)
{
	struct errinfo ei = {.code = OK};

	pthread_mutex_lock(&b->lock);
	/* also where nothing is to be written: there it is seen whether another process has */
	if (!b->held && !b->open && budget_windows_portion(b, clock_now_ms(), &ei) != OK)
		log_err(LOG_WARN, "budget", &ei);
	pthread_mutex_unlock(&b->lock);
}

void budget_tick(struct budget *b)
{
	for (unsigned i = 0; i < SHELVES; i += SHELF_PORTION)
		tick_portion(b);
	pthread_mutex_lock(&b->lock);
	if (!b->held && !b->open && b->deferred)
		budget_filter_make(b);
	pthread_mutex_unlock(&b->lock);
	budget_shown_write(b, clock_now_ms());
}

void budget_hold(struct budget *b)
{
	pthread_mutex_lock(&b->lock);
	b->held++;
	pthread_mutex_unlock(&b->lock);
}

void budget_release(struct budget *b)
{
	struct errinfo ei = {.code = OK};
	enum err rc = OK;

	pthread_mutex_lock(&b->lock);
	bug_if(!b->held);
	b->held--;
	if (!b->held && b->deferred)
		rc = budget_windows_due(b, clock_now_ms(), &ei);
	else if (!b->held && b->windows_added)
		rc = budget_windows_write(b, b->windows_ms, &ei);
	if (b->open && !b->held)
		rc = budget_end(b, rc, &ei);
	if (rc)
		log_err(LOG_WARN, "budget", &ei);
	pthread_mutex_unlock(&b->lock);
}

enum err budget_count(struct budget *b, const char *site, struct slice form, enum budget_tally what, int64_t n,
    int64_t now_ms, struct errinfo *ei)
{
	sqlite3_stmt *q = b->q[Q_TALLY];
	enum err rc = OK;

	pthread_mutex_lock(&b->lock);
	sqlite3_bind_int64(q, 1, now_ms / 1000 / DAY_S);
	sqlite3_bind_text(q, 2, site, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(q, 3, form.ptr ? form.ptr : "", (int)form.len, SQLITE_TRANSIENT);
	sqlite3_bind_int(q, 4, what);
	sqlite3_bind_int64(q, 5, n);
	if (!budget_done(b, Q_TALLY))
		rc = budget_err(b, ei, "tally");
	pthread_mutex_unlock(&b->lock);
	return rc;
}

enum err budget_each(struct budget *b, const char *site, int64_t since_ms,
    bool (*cb)(int64_t day, struct slice form, enum budget_tally what, int64_t n, void *arg), void *arg,
    struct errinfo *ei)
{
	sqlite3_stmt *q = b->q[Q_EACH];
	int rc;

	pthread_mutex_lock(&b->lock);
	sqlite3_bind_text(q, 1, site, -1, SQLITE_TRANSIENT);
	sqlite3_bind_int64(q, 2, since_ms / 1000 / DAY_S);
	while ((rc = sqlite3_step(q)) == SQLITE_ROW)
		if (!cb(sqlite3_column_int64(q, 0), slice_make(sqlite3_column_text(q, 1),
		        (size_t)sqlite3_column_bytes(q, 1)), (enum budget_tally)sqlite3_column_int(q, 2),
		        sqlite3_column_int64(q, 3), arg)) {
			rc = SQLITE_DONE;
			break;
		}
	sqlite3_reset(q);
	pthread_mutex_unlock(&b->lock);
	return rc == SQLITE_DONE ? OK : budget_err(b, ei, "each");
}

enum err budget_purge(struct budget *b, int64_t now_ms, struct errinfo *ei)
{
	int64_t day = now_ms / 1000 / DAY_S;
	enum err rc = OK;

	pthread_mutex_lock(&b->lock);
	rc = budget_windows_drop(b, ei);
	sqlite3_bind_int64(b->q[Q_FORGET_KEYS], 1, day - 1);
	sqlite3_bind_int64(b->q[Q_FORGET_SLOTS], 1, now_ms / 1000);
	sqlite3_bind_int64(b->q[Q_FORGET_TALLIES], 1, day - TALLY_DAYS);
	if (!rc && (!budget_done(b, Q_FORGET_KEYS) || !budget_done(b, Q_FORGET_SLOTS) || !budget_done(b, Q_FORGET_TALLIES)))
		rc = budget_err(b, ei, "purge");
	pthread_mutex_unlock(&b->lock);
	return rc;
}

#include "store/daily.h"

#include "store/db_priv.h"

#define STMTS(X)                                                                             \
	X(ADD, DB_WRITE, 0,                                                                   \
	    "INSERT INTO daily(day, form, what, n) VALUES(?1, ?2, ?3, ?4)"                    \
	    " ON CONFLICT(day, form, what) DO UPDATE SET n = n + excluded.n")                 \
	X(EACH, DB_READ, 4,                                                                   \
	    "SELECT day, form, what, n FROM daily WHERE day >= ?1 AND day <= ?2 ORDER BY day, form, what") \
	X(PURGE, DB_WRITE, 0, "DELETE FROM daily WHERE day < ?1")
DB_STMTS(daily, DAILY, STMTS)

#define DAY_MS (INT64_C(24) * 3600 * 1000)

static const char *const daily_whats[DAILY_WHAT__MAX] = {
	[DAILY_SHOWN] = "shown",
	[DAILY_SENT] = "sent",
	[DAILY_CONFIRMED] = "confirmed",
	[DAILY_DENIED] = "denied",
	[DAILY_EXPIRED] = "expired",
	[DAILY_WITHDRAWN] = "withdrawn",
	[DAILY_REVIEW] = "review",
	[DAILY_REFUSED] = "refused",
	[DAILY_UNKNOWN_FIELDS] = "unknown_fields",
	[DAILY_DELIVERED] = "delivered",
	[DAILY_BOUNCED] = "bounced",
	[DAILY_BLOCKED] = "blocked",
	[DAILY_COMPLAINED] = "complained",
};

const char *daily_what_name(enum daily_what w)
{
	return w > 0 && w < DAILY_WHAT__MAX ? daily_whats[w] : "?";
}

int64_t daily_day(int64_t ms)
{
	return ms >= 0 ? ms / DAY_MS : (ms - DAY_MS + 1) / DAY_MS;
}

enum err daily_add(struct db *db, int64_t day, struct slice form, enum daily_what what, int64_t n,
    struct errinfo *ei)
{
	sqlite3_stmt *q = daily_stmt(db, ADD);
	db_bind_i64(q, 1, day);
	db_bind_text(q, 2, form);
	db_bind_i64(q, 3, what);
	db_bind_i64(q, 4, n);
	return db_run(db, q, ei);
}

enum err daily_each(struct db *db, int64_t from, int64_t to,
    bool (*cb)(int64_t day, struct slice form, enum daily_what what, int64_t n, void *arg), void *arg,
    struct errinfo *ei)
{
	sqlite3_stmt *q = daily_stmt(db, EACH);
	bool row;
	enum err e;
	db_bind_i64(q, 1, from);
	db_bind_i64(q, 2, to);
	while (!(e = db_row(db, q, &row, ei)) && row) {
		if (!cb(sqlite3_column_int64(q, 0), db_col(q, 1), (enum daily_what)sqlite3_column_int(q, 2),
		        sqlite3_column_int64(q, 3), arg))
			break;
	}
	db_end(q);
	return e;
}

enum err daily_purge(struct db *db, int64_t before_day, struct errinfo *ei)
{
	sqlite3_stmt *q = daily_stmt(db, PURGE);
	db_bind_i64(q, 1, before_day);
	return db_run(db, q, ei);
}

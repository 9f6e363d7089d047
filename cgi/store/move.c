#include "store/move.h"

#include "store/db_priv.h"

#define STMTS(X)                                                                                         \
	X(PUT, DB_WRITE, 0,                                                                               \
	    "INSERT INTO move(person_id, generation, asked_ms, expires_ms, address_ct) VALUES(?1, 1, ?2, ?3, ?4)" \
	    " ON CONFLICT(person_id) DO UPDATE SET generation = (generation + 1) & 65535,"                \
	    " asked_ms = excluded.asked_ms, expires_ms = excluded.expires_ms, address_ct = excluded.address_ct") \
	X(GET, DB_READ, 4, "SELECT generation, asked_ms, expires_ms, address_ct FROM move WHERE person_id = ?1") \
	X(END, DB_WRITE, 0, "UPDATE move SET address_ct = NULL WHERE person_id = ?1")                     \
	X(EXPIRE, DB_WRITE, 0, "UPDATE move SET address_ct = NULL WHERE address_ct IS NOT NULL AND expires_ms < ?1")
DB_STMTS(move, MOVE, STMTS)

#define MOVE_PLACE "move:address_ct"

enum err move_put(struct db *db, int64_t person_id, struct slice address, int64_t now_ms, int64_t expires_ms,
    int *generation, struct errinfo *ei)
{
	struct buf *sealed = &db->scratch[0];
	struct move m;
	buf_reset(sealed);
	enum err e = seal_put(db, person_id, MOVE_PLACE, person_id, address, sealed, ei);
	if (e)
		return e;
	sqlite3_stmt *q = move_stmt(db, PUT);
	db_bind_i64(q, 1, person_id);
	db_bind_i64(q, 2, now_ms);
	db_bind_i64(q, 3, expires_ms);
	db_bind_blob(q, 4, sealed->data, sealed->len);
	e = db_run(db, q, ei);
	if (!e)
		e = move_get(db, person_id, &m, NULL, ei);
	*generation = e ? 0 : m.generation;
	return e;
}

enum err move_get(struct db *db, int64_t person_id, struct move *out, struct buf *address, struct errinfo *ei)
{
	sqlite3_stmt *q = move_stmt(db, GET);
	bool row;
	db_bind_i64(q, 1, person_id);
	enum err e = db_row(db, q, &row, ei);
	if (e)
		return e;
	if (!row)
		return err_set(ei, E_NOT_FOUND, "no new address waits");
	*out = (struct move){.person_id = person_id, .generation = sqlite3_column_int(q, 0),
	    .asked_ms = sqlite3_column_int64(q, 1), .expires_ms = sqlite3_column_int64(q, 2),
	    .open = sqlite3_column_type(q, 3) != SQLITE_NULL};
	if (out->open && address)
		e = seal_get(db, person_id, MOVE_PLACE, person_id, db_col(q, 3), address, ei);
	db_end(q);
	return e;
}

enum err move_end(struct db *db, int64_t person_id, struct errinfo *ei)
{
	sqlite3_stmt *q = move_stmt(db, END);
	db_bind_i64(q, 1, person_id);
	return db_run(db, q, ei);
}

enum err move_expire(struct db *db, int64_t before_ms, struct errinfo *ei)
{
	sqlite3_stmt *q = move_stmt(db, EXPIRE);
	db_bind_i64(q, 1, before_ms);
	return db_run(db, q, ei);
}

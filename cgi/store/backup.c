#include "store/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "store/db_priv.h"
#include "store/meta.h"

#define PATH_BYTES 4200
/* Pages per step: a reader holds its view, and other threads of this process go on in between. */
#define STEP_PAGES 4096

static const char *const metas[PACK_KIND__MAX] = {[PACK_DATA] = "backup_data", [PACK_KEYS] = "backup_keys"};

static bool path_of(char dst[static PATH_BYTES], const char *dir, const char *name)
{
	int n = snprintf(dst, PATH_BYTES, "%s/%s", dir, name);

	return n > 0 && n < PATH_BYTES;
}

static void copy_remove(const char *path)
{
	static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
	char p[PATH_BYTES + 16];

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		snprintf(p, sizeof p, "%s%s", path, ends[i]);
		unlink(p);
	}
}

/* One at a time: they share the folder of the copy. The kernel lets go when the process dies. */
static enum err backup_lock(struct store *s, int *fd, struct errinfo *ei)
{
	char path[PATH_BYTES];
	bool ok = path_of(path, s->dir, "backup.lock");

	*fd = ok ? file_open(path, O_RDWR, 0600) : -1;
	if (*fd < 0)
		return err_errno(ei, E_IO, errno, "%s: cannot lock", path);
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
		return OK;
	return errno == EWOULDBLOCK ? err_set(ei, E_BUSY, "another backup of site %s runs", s->site)
	    : err_errno(ei, E_IO, errno, "%s: cannot lock", path);
}

/* All pages as one transaction sees them. */
static enum err pages(sqlite3 *from, sqlite3 *to, const char *path, struct errinfo *ei)
{
	sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
	int rc = b ? SQLITE_OK : sqlite3_errcode(to);

	while (b && (rc == SQLITE_OK || rc == SQLITE_BUSY || rc == SQLITE_LOCKED))
		rc = sqlite3_backup_step(b, STEP_PAGES);
	if (b)
		sqlite3_backup_finish(b);
	return rc == SQLITE_DONE ? OK : db_conn_error(to, rc, path, ei);
}

/* The copy is ours alone and goes soon, so nothing of it has to be durable. */
static enum err snapshot(const char *db, const char *path, struct errinfo *ei)
{
	sqlite3 *from = NULL, *to = NULL;
	int64_t n;
	enum err e;

	copy_remove(path);
	e = db_connect(&from, db, SQLITE_OPEN_READONLY, ei);
	if (!e)
		e = db_exec(from, "BEGIN", ei);
	if (!e)
		e = db_exec_int(from, "SELECT count(*) FROM sqlite_schema", &n, ei);
	if (!e)
		e = db_connect(&to, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, ei);
	if (!e)
		e = db_exec(to, "PRAGMA synchronous=OFF; PRAGMA journal_mode=MEMORY", ei);
	if (!e)
		e = pages(from, to, path, ei);
	if (!e)
		e = db_check(to, "PRAGMA quick_check(1)", db, ei);
	/* Out of WAL mode: one file, as long as the pages say. */
	if (!e)
		e = db_exec(to, "PRAGMA journal_mode=DELETE", ei);
	sqlite3_close(to);
	sqlite3_close(from);
	return e;
}

static enum err ids_read(const char *path, struct pack_manifest *m, struct errinfo *ei)
{
	static const char *const sql[JOURNAL_INTS] = {"SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'person'), 0)",
	    "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'request'), 0)",
	    "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'outbox'), 0)",
	    "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'event'), 0)"};
	sqlite3 *conn;
	int64_t schema = 0;
	enum err e = db_connect(&conn, path, SQLITE_OPEN_READONLY, ei);

	for (int i = 0; !e && i < JOURNAL_INTS; i++)
		e = db_exec_int(conn, sql[i], &m->ids[i], ei);
	if (!e)
		e = db_exec_int(conn, "PRAGMA user_version", &schema, ei);
	m->schema = (int)schema;
	sqlite3_close(conn);
	return e;
}

static enum err pack_data(struct store *s, struct pack_writer *w, struct pack_manifest *m, const char *tmp,
    struct errinfo *ei)
{
	enum err e = snapshot(s->data_path, tmp, ei);

	if (!e)
		e = ids_read(tmp, m, ei);
	return e ? e : pack_add(w, "data.db", tmp, ei);
}

static enum err pack_keys(struct store *s, struct pack_writer *w, struct pack_manifest *m, const char *tmp,
    struct errinfo *ei)
{
	sqlite3 *conn;
	enum err e;

	copy_remove(tmp);
	e = store_backup_keys(s, tmp, ei);
	if (!e)
		e = db_connect(&conn, tmp, SQLITE_OPEN_READONLY, ei);
	if (e)
		return e;
	e = db_exec_int(conn, "SELECT coalesce(max(id), 0) FROM slot", &m->ids[0], ei);
	sqlite3_close(conn);
	if (!e)
		e = pack_add(w, "keys.db", tmp, ei);
	return e ? e : pack_add(w, "site.keys", s->ring_path, ei);
}

static enum err note_done(struct store *s, enum pack_kind kind, int64_t now_ms, struct errinfo *ei)
{
	char text[32];
	struct db *db;
	enum err e = store_write_begin(s, &db, ei);

	if (e)
		return e;
	snprintf(text, sizeof text, "%" PRId64, now_ms);
	e = meta_put(db, metas[kind], slice_from(text), ei);
	if (!e)
		return store_write_commit(s, ei);
	store_write_rollback(s);
	return e;
}

enum err backup_write(struct store *s, enum pack_kind kind, const char *path, const unsigned char pub[BOX_PUBLIC_BYTES],
    int64_t now_ms, struct backup_done *out, struct errinfo *ei)
{
	struct pack_head head = {.kind = kind, .made_ms = now_ms};
	struct pack_writer *w = NULL;
	char tmp[PATH_BYTES];
	int fd = -1;
	enum err e;

	memset(out, 0, sizeof *out);
	if (!path_of(tmp, s->dir, "backup.tmp") || !slice_copy(slice_from(s->site), head.site, sizeof head.site))
		return err_set(ei, E_LIMIT, "%s: path too long", s->dir);
	keyring_fingerprint(s->ring, out->m.ring);
	e = backup_lock(s, &fd, ei);
	if (!e)
		e = pack_create(&w, path, &head, pub, ei);
	if (!e)
		e = kind == PACK_DATA ? pack_data(s, w, &out->m, tmp, ei) : pack_keys(s, w, &out->m, tmp, ei);
	if (e)
		pack_abandon(w);
	else
		e = pack_finish(w, &out->m, &out->bytes, ei);
	if (fd >= 0)
		copy_remove(tmp);
	if (!e)
		e = note_done(s, kind, now_ms, ei);
	if (fd >= 0)
		close(fd);
	return e;
}

enum err backup_last(struct db *db, enum pack_kind kind, int64_t *at_ms, struct errinfo *ei)
{
	unsigned long long n = 0;
	struct buf b;
	enum err e;

	buf_init(&b, 64);
	e = meta_get(db, metas[kind], &b, ei);
	*at_ms = !e && slice_u64(buf_slice(&b), &n) ? (int64_t)n : 0;
	buf_free(&b);
	return e == E_NOT_FOUND ? OK : e;
}

/* ---- the way back */

static bool manifest_has(const struct pack_manifest *m, const char *const *names, size_t n)
{
	bool same = m->nfiles == n;

	for (size_t i = 0; same && i < n; i++)
		same = strcmp(m->files[i].name, names[i]) == 0;
	return same;
}

static enum err unpack_one(const char *dir, const char *site, const char *path, enum pack_kind kind,
    const struct crypt_key *secret, struct pack_manifest *m, struct errinfo *ei)
{
	static const char *const names[] = {"data.db", "keys.db", "site.keys"};
	struct pack_head h;
	enum err e = pack_head_read(path, &h, ei);

	if (e)
		return e;
	if (h.kind != kind)
		return err_set(ei, E_INVALID, "%s: is a backup of %s, one of %s is needed here", path, pack_kind_name(h.kind),
		    pack_kind_name(kind));
	if (strcmp(h.site, site) != 0)
		return err_set(ei, E_INVALID, "%s: is a backup of site %s, not of %s", path, h.site, site);
	e = pack_read(path, secret, dir, m, ei);
	if (e)
		return e;
	if (!manifest_has(m, names + (kind == PACK_KEYS), kind == PACK_KEYS ? 2 : 1))
		return err_set(ei, E_INVALID, "%s: holds other files than a backup of %s has", path, pack_kind_name(kind));
	if (m->schema > store_schema_version())
		return err_set(ei, E_CONFLICT, "%s: was made by a newer program (schema %d, this one knows %d). Install that one", path,
		    m->schema, store_schema_version());
	return OK;
}

enum err backup_unpack(const char *dir, const char *site, const char *data, const char *keys,
    const struct crypt_key *secret, struct pack_manifest *data_m, struct pack_manifest *keys_m, struct errinfo *ei)
{
	enum err e = unpack_one(dir, site, keys, PACK_KEYS, secret, keys_m, ei);

	if (!e)
		e = unpack_one(dir, site, data, PACK_DATA, secret, data_m, ei);
	if (!e && memcmp(data_m->ring, keys_m->ring, sizeof data_m->ring) != 0)
		e = err_set(ei, E_CONFLICT, "%s and %s belong to different keys: they are of two sites of the same name", data, keys);
	return e;
}

enum err backup_missing_slots(const char *dir, int64_t *missing, struct errinfo *ei)
{
	char path[PATH_BYTES];
	sqlite3 *conn = NULL;
	sqlite3_stmt *q = NULL;
	int64_t slots = 0;
	enum err e = path_of(path, dir, "keys.db") ? db_connect(&conn, path, SQLITE_OPEN_READWRITE, ei)
	    : err_set(ei, E_LIMIT, "%s: path too long", dir);

	*missing = 0;
	if (!e)
		e = db_exec_int(conn, "SELECT coalesce(max(id), 0) FROM slot", &slots, ei);
	sqlite3_close(conn);
	conn = NULL;
	path_of(path, dir, "data.db");
	if (!e)
		e = db_connect(&conn, path, SQLITE_OPEN_READWRITE, ei);
	if (e)
		return e;
	int rc = sqlite3_prepare_v2(conn, "SELECT count(*) FROM person WHERE id > ?1 AND address_ct IS NOT NULL", -1, &q, NULL);
	db_bind_i64(q, 1, slots);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(q);
	if (rc == SQLITE_ROW)
		*missing = sqlite3_column_int64(q, 0);
	else
		e = db_conn_error(conn, rc, "persons without a key", ei);
	sqlite3_finalize(q);
	sqlite3_close(conn);
	return e;
}

/* How far behind the highest known id the new ones begin. */
#define IDS_APART 65536

static enum err settle_run(sqlite3 *conn, const char *sql, int64_t a, const char *name, int64_t *changed, struct errinfo *ei)
{
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v2(conn, sql, -1, &q, NULL);

	if (rc == SQLITE_OK) {
		if (sqlite3_bind_parameter_count(q) > 0)
			db_bind_i64(q, 1, a);
		if (sqlite3_bind_parameter_count(q) > 1)
			db_bind_text(q, 2, slice_from(name));
		rc = sqlite3_step(q);
	}
	sqlite3_finalize(q);
	if (changed)
		*changed = sqlite3_changes(conn);
	return rc == SQLITE_DONE ? OK : db_conn_error(conn, rc, sql, ei);
}

/* AUTOINCREMENT goes on behind what stands in sqlite_sequence. */
static enum err settle_ids(sqlite3 *conn, const int64_t ids[JOURNAL_INTS], struct backup_settled *out, struct errinfo *ei)
{
	static const char *const tables[] = {"person", "request", "outbox"};
	enum err e = OK;

	for (size_t i = 0; !e && i < sizeof tables / sizeof *tables; i++) {
		char sql[160];
		int64_t now = 0;

		snprintf(sql, sizeof sql, "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = '%s'), 0)", tables[i]);
		e = db_exec_int(conn, sql, &now, ei);
		out->ids[i] = now > ids[i] ? now : ids[i];
		if (!e)
			e = settle_run(conn, "DELETE FROM sqlite_sequence WHERE ?1 > 0 AND name = ?2", 1, tables[i], NULL, ei);
		if (!e)
			e = settle_run(conn, "INSERT INTO sqlite_sequence(seq, name) VALUES(?1, ?2)", out->ids[i] + IDS_APART, tables[i],
			    NULL, ei);
	}
	return e;
}

static enum err settle_data(sqlite3 *conn, const int64_t ids[JOURNAL_INTS], int64_t now_ms, struct backup_settled *out,
    struct errinfo *ei)
{
	enum err e = db_exec(conn, "PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; BEGIN IMMEDIATE", ei);

	/* 4: unknown, and settled: neither looked up nor sent by itself (store/outbox.h). */
	if (!e)
		e = settle_run(conn, "UPDATE outbox SET state = 4, done_ms = ?1, result_code = 'restored', result_text = 'under way "
		    "when the backup was made; it may have been sent since', slots_ct = CASE WHEN person_id = 0 THEN NULL ELSE "
		    "slots_ct END WHERE done_ms IS NULL", now_ms, "", &out->mails, ei);
	if (!e)
		e = settle_run(conn, "DELETE FROM intake", 0, "", &out->intakes, ei);
	if (!e)
		e = settle_run(conn, "UPDATE contact SET action = 1 WHERE action = 2", 0, "", &out->lists, ei);
	if (!e)
		e = settle_ids(conn, ids, out, ei);
	if (!e)
		e = db_exec(conn, "COMMIT", ei);
	return e;
}

/* The slot of the first person to come, so that those before it are not made. */
static enum err settle_slots(const char *dir, int64_t last, struct errinfo *ei)
{
	char path[PATH_BYTES];
	sqlite3 *conn = NULL;
	enum err e = path_of(path, dir, "keys.db") ? db_connect(&conn, path, SQLITE_OPEN_READWRITE, ei)
	    : err_set(ei, E_LIMIT, "%s: path too long", dir);

	if (!e)
		e = db_exec(conn, "PRAGMA synchronous=FULL", ei);
	if (!e)
		e = settle_run(conn, "INSERT INTO slot(id, key, state) VALUES(?1, zeroblob(32), 1) ON CONFLICT(id) DO NOTHING", last,
		    "", NULL, ei);
	sqlite3_close(conn);
	return e;
}

enum err backup_settle(const char *dir, const int64_t ids[JOURNAL_INTS], int64_t now_ms, struct backup_settled *out,
    struct errinfo *ei)
{
	char path[PATH_BYTES];
	sqlite3 *conn = NULL;
	enum err e = path_of(path, dir, "data.db") ? db_connect(&conn, path, SQLITE_OPEN_READWRITE, ei)
	    : err_set(ei, E_LIMIT, "%s: path too long", dir);

	memset(out, 0, sizeof *out);
	if (!e)
		e = settle_data(conn, ids, now_ms, out, ei);
	sqlite3_close(conn);
	return e ? e : settle_slots(dir, out->ids[0] + IDS_APART, ei);
}

/*
 * keyslot: keys.db. One read-write connection per store under a mutex; writes
 * happen under the site's write lock. The cache holds 32 blocks of 256 keys, filled 16 at a time: sign-ups use one
 * after the other, those who confirm or leave come from anywhere.
 */
#include "store/keyslot.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/file.h"
#include "store/db_priv.h"

#define KEYS_APPLICATION_ID 0x4a57524b /* "JWRK" */
#define KEYS_VERSION 1
/* Slots are made in portions, so that no sign-up waits for all 4,096. */
#define KEYS_PORTION 512
#define KEYS_RANGE 16
#define KEYS_BLOCKS 32
#define KEYS_BLOCK 256
#define KEYS_BLOCK_BYTES ((size_t)KEYS_BLOCK * CRYPT_KEY_BYTES)

#define STR_(x) #x
#define STR(x) STR_(x)

enum { SLOT_LIVE, SLOT_ERASED };

static const char keys_schema[] =
	"BEGIN IMMEDIATE;"
	"CREATE TABLE slot (id INTEGER PRIMARY KEY, key BLOB NOT NULL CHECK (length(key) = 32),"
	" state INTEGER NOT NULL) STRICT;"
	"PRAGMA application_id=1247236683;"
	"PRAGMA user_version=" STR(KEYS_VERSION) ";"
	"COMMIT";
_Static_assert(KEYS_APPLICATION_ID == 1247236683, "application_id of keys.db");

enum { KQ_RANGE, KQ_MAX, KQ_INSERT, KQ_ERASE, KQ_VERSION, KQ_BEGIN, KQ_COMMIT, KQ_ROLLBACK, KQ__MAX };
static const char *const keys_sql[KQ__MAX] = {
	[KQ_RANGE] = "SELECT id, key, state FROM slot WHERE id >= ?1 AND id < ?2",
	[KQ_MAX] = "SELECT coalesce(max(id), 0) FROM slot",
	[KQ_INSERT] = "INSERT INTO slot(id, key, state) VALUES(?1, ?2, 0)",
	[KQ_ERASE] = ("INSERT INTO slot(id, key, state) VALUES(?1, zeroblob(32), 1)"
	    " ON CONFLICT(id) DO UPDATE SET key = zeroblob(32), state = 1"),
	[KQ_VERSION] = "PRAGMA data_version",
	[KQ_BEGIN] = "BEGIN IMMEDIATE",
	[KQ_COMMIT] = "COMMIT",
	[KQ_ROLLBACK] = "ROLLBACK",
};

struct keys_block {
	int64_t first; /* id of its first slot; -1: empty */
	uint64_t used; /* tick of last use */
	unsigned char *keys; /* KEYS_BLOCK_BYTES, locked if the system allows */
	bool loaded[KEYS_BLOCK / KEYS_RANGE];
	bool live[KEYS_BLOCK];
};

struct keyslots {
	pthread_mutex_t mu;
	char *path;
	sqlite3 *conn; /* NULL after an I/O error, opened again at the next use */
	sqlite3_stmt *q[KQ__MAX];
	int64_t max_id;  /* last slot made */
	int64_t used_id; /* highest slot asked for by an insert */
	int64_t data_version;
	uint64_t tick;
	struct keys_block blocks[KEYS_BLOCKS];
};

static void keys_wipe(struct keyslots *k)
{
	for (int i = 0; i < KEYS_BLOCKS; i++) {
		struct keys_block *b = &k->blocks[i];
		if (b->keys && b->first >= 0)
			crypt_wipe(b->keys, KEYS_BLOCK_BYTES);
		b->first = -1;
		memset(b->loaded, 0, sizeof b->loaded);
		memset(b->live, 0, sizeof b->live);
	}
}

static void keys_disconnect(struct keyslots *k)
{
	for (int i = 0; i < KQ__MAX; i++) {
		sqlite3_finalize(k->q[i]);
		k->q[i] = NULL;
	}
	sqlite3_close(k->conn);
	k->conn = NULL;
	keys_wipe(k);
}

static enum err keys_error(struct keyslots *k, int rc, const char *what, struct errinfo *ei)
{
	enum err e = db_conn_error(k->conn, rc, what, ei);
	if (e == E_IO)
		keys_disconnect(k);
	return e;
}

static enum err keys_step(struct keyslots *k, int id, int64_t *value, struct errinfo *ei)
{
	int rc = sqlite3_step(k->q[id]);
	if (rc == SQLITE_ROW && value)
		*value = sqlite3_column_int64(k->q[id], 0);
	sqlite3_reset(k->q[id]);
	sqlite3_clear_bindings(k->q[id]);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? OK : keys_error(k, rc, keys_sql[id], ei);
}

static enum err keys_identity(struct keyslots *k, bool create, struct errinfo *ei)
{
	int64_t version = 0, app = 0;
	enum err e = db_exec_int(k->conn, "PRAGMA user_version", &version, ei);
	if (!e)
		e = db_exec_int(k->conn, "PRAGMA application_id", &app, ei);
	if (e)
		return e;
	if (version == 0 && app == 0 && create)
		return db_exec(k->conn, keys_schema, ei);
	if (app != KEYS_APPLICATION_ID)
		return err_set(ei, E_DENIED, "%s: is not a key database of Jawort", k->path);
	if (version != KEYS_VERSION)
		return err_set(ei, E_CONFLICT, "%s: has schema %lld, this program knows %d", k->path, (long long)version,
		    KEYS_VERSION);
	return OK;
}

static enum err keys_connect(struct keyslots *k, bool create, struct errinfo *ei)
{
	enum err e = db_connect(&k->conn, k->path, SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0), ei);
	if (!e)
		e = db_exec(k->conn, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;"
		    "PRAGMA cell_size_check=ON; PRAGMA cache_size=-512; PRAGMA temp_store=MEMORY;", ei);
	if (!e)
		e = keys_identity(k, create, ei);
	for (int i = 0; !e && i < KQ__MAX; i++) {
		int rc = sqlite3_prepare_v3(k->conn, keys_sql[i], -1, SQLITE_PREPARE_PERSISTENT, &k->q[i], NULL);
		if (rc != SQLITE_OK)
			e = db_conn_error(k->conn, rc, keys_sql[i], ei);
	}
	if (!e)
		e = keys_step(k, KQ_MAX, &k->max_id, ei);
	if (!e)
		e = keys_step(k, KQ_VERSION, &k->data_version, ei);
	if (e && k->conn)
		keys_disconnect(k);
	return e;
}

/* The mutex is held: a connection after this. */
static enum err keys_ready(struct keyslots *k, struct errinfo *ei)
{
	return k->conn ? OK : keys_connect(k, false, ei);
}

enum err keyslots_open(struct keyslots **out, const char *path, bool create, struct errinfo *ei)
{
	struct keyslots *k = calloc(1, sizeof *k);
	enum err e;
	*out = NULL;
	if (k)
		k->path = strdup(path);
	if (!k || !k->path) {
		free(k);
		return err_set(ei, E_NOMEM, "%s: no memory", path);
	}
	pthread_mutex_init(&k->mu, NULL);
	for (int i = 0; i < KEYS_BLOCKS; i++)
		k->blocks[i].first = -1;
	e = keys_connect(k, create, ei);
	if (e)
		keyslots_close(k);
	else
		*out = k;
	return e;
}

void keyslots_close(struct keyslots *k)
{
	if (!k)
		return;
	keys_disconnect(k);
	for (int i = 0; i < KEYS_BLOCKS; i++) {
		if (k->blocks[i].keys)
			munmap(k->blocks[i].keys, KEYS_BLOCK_BYTES);
	}
	pthread_mutex_destroy(&k->mu);
	free(k->path);
	free(k);
}

/* Makes slots up to at least id. Mutex and write lock are held. */
static enum err keys_extend(struct keyslots *k, int64_t id, struct errinfo *ei)
{
	unsigned char key[CRYPT_KEY_BYTES];
	enum err e = keys_step(k, KQ_BEGIN, NULL, ei);
	int64_t last = 0;
	if (e)
		return e;
	/* Another process may have made some. */
	e = keys_step(k, KQ_MAX, &last, ei);
	int64_t want = id > last ? id : last;
	for (int64_t n = last + 1; !e && n < want + KEYS_PORTION; n++) {
		crypt_random(key, sizeof key);
		db_bind_i64(k->q[KQ_INSERT], 1, n);
		db_bind_blob(k->q[KQ_INSERT], 2, key, sizeof key);
		e = keys_step(k, KQ_INSERT, NULL, ei);
	}
	crypt_wipe(key, sizeof key);
	if (!e)
		e = keys_step(k, KQ_COMMIT, NULL, ei);
	if (e && k->conn)
		keys_disconnect(k); /* rolls back */
	if (!e)
		e = keys_step(k, KQ_MAX, &k->max_id, ei);
	return e;
}

enum err keyslots_need(struct store *s, int64_t id, struct errinfo *ei)
{
	struct keyslots *k = s->slots;
	enum err e;
	bug_if(!lock_mine(s));
	if (id > STORE_ID_MAX)
		return err_set(ei, E_LIMIT, "%s: no ids left", k->path);
	pthread_mutex_lock(&k->mu);
	e = keys_ready(k, ei);
	if (!e && id > k->used_id)
		k->used_id = id;
	if (!e && id > k->max_id)
		e = keys_extend(k, id, ei);
	pthread_mutex_unlock(&k->mu);
	return e;
}

bool keyslots_low(struct store *s)
{
	struct keyslots *k = s->slots;
	pthread_mutex_lock(&k->mu);
	bool low = k->max_id - k->used_id < KEYSLOT_BLOCK - KEYS_PORTION;
	pthread_mutex_unlock(&k->mu);
	return low;
}

/* Last person id given, from data.db: what keys.db must be ahead of. */
static enum err keys_used(struct store *s, int64_t *used, struct errinfo *ei)
{
	sqlite3 *conn = NULL;
	enum err e = db_connect(&conn, s->data_path, SQLITE_OPEN_READONLY, ei);
	if (!e)
		e = db_exec_int(conn, "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'person'), 0)",
		    used, ei);
	sqlite3_close(conn);
	return e;
}

enum err keyslot_reserve(struct store *s, struct errinfo *ei)
{
	struct keyslots *k = s->slots;
	pthread_mutex_lock(&k->mu);
	int64_t used = k->used_id;
	pthread_mutex_unlock(&k->mu);
	enum err e = used ? OK : keys_used(s, &used, ei);
	if (!e)
		e = lock_take(s, ei);
	if (e)
		return e;
	pthread_mutex_lock(&k->mu);
	if (used > k->used_id)
		k->used_id = used;
	e = keys_ready(k, ei);
	if (!e)
		e = keys_step(k, KQ_MAX, &k->max_id, ei);
	while (!e && k->max_id - k->used_id < KEYSLOT_BLOCK - KEYS_PORTION)
		e = keys_extend(k, k->max_id + 1, ei);
	pthread_mutex_unlock(&k->mu);
	lock_release(s);
	return e;
}

static struct keys_block *keys_block_of(struct keyslots *k, int64_t id)
{
	int64_t first = id - id % KEYS_BLOCK;
	struct keys_block *b = &k->blocks[0];
	for (int i = 0; i < KEYS_BLOCKS; i++) {
		if (k->blocks[i].first == first) {
			k->blocks[i].used = ++k->tick;
			return &k->blocks[i];
		}
		if (k->blocks[i].used < b->used)
			b = &k->blocks[i];
	}
	if (!b->keys) {
		void *p = mmap(NULL, KEYS_BLOCK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (p == MAP_FAILED)
			return NULL;
		b->keys = p;
		/* Not an error under RLIMIT_MEMLOCK; out of core dumps in any case. */
		(void)!mlock(p, KEYS_BLOCK_BYTES);
		madvise(p, KEYS_BLOCK_BYTES, MADV_DONTDUMP);
	} else if (b->first >= 0) {
		crypt_wipe(b->keys, KEYS_BLOCK_BYTES);
	}
	memset(b->loaded, 0, sizeof b->loaded);
	memset(b->live, 0, sizeof b->live);
	b->first = first;
	b->used = ++k->tick;
	return b;
}

static enum err keys_load(struct keyslots *k, struct keys_block *b, size_t range, struct errinfo *ei)
{
	sqlite3_stmt *q = k->q[KQ_RANGE];
	int rc;
	db_bind_i64(q, 1, b->first + (int64_t)(range * KEYS_RANGE));
	db_bind_i64(q, 2, b->first + (int64_t)((range + 1) * KEYS_RANGE));
	while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
		size_t at = (size_t)(sqlite3_column_int64(q, 0) - b->first);
		b->live[at] = sqlite3_column_int(q, 2) == SLOT_LIVE &&
		    db_col_bytes(q, 1, b->keys + at * CRYPT_KEY_BYTES, CRYPT_KEY_BYTES);
	}
	db_end(q);
	if (rc != SQLITE_DONE)
		return keys_error(k, rc, "reading keys", ei);
	b->loaded[range] = true;
	return OK;
}

static enum err keys_lookup(struct keyslots *k, int64_t id, struct crypt_key *out, struct errinfo *ei)
{
	struct keys_block *b = keys_block_of(k, id);
	size_t at;
	enum err e = OK;
	if (!b)
		return err_set(ei, E_NOMEM, "%s: no memory for keys", k->path);
	at = (size_t)(id - b->first);
	/* The highest range is still growing: look again for a slot that was not there. */
	if (!b->loaded[at / KEYS_RANGE] || (!b->live[at] && id > 0))
		e = keys_load(k, b, at / KEYS_RANGE, ei);
	if (e)
		return e;
	if (!b->live[at])
		return err_set(ei, E_NOT_FOUND, "%s: key slot %lld is erased or was never made", k->path, (long long)id);
	memcpy(out->bytes, b->keys + at * CRYPT_KEY_BYTES, CRYPT_KEY_BYTES);
	return OK;
}

/* Once per borrow: has another process changed keys.db (an erasure, new slots)? Then the cache goes. */
static enum err keys_fresh(struct keyslots *k, struct db *db, struct errinfo *ei)
{
	int64_t version = 0;
	if (db->keys_checked)
		return OK;
	enum err e = keys_step(k, KQ_VERSION, &version, ei);
	if (e)
		return e;
	if (version != k->data_version)
		keys_wipe(k);
	k->data_version = version;
	db->keys_checked = true;
	return OK;
}

enum err keyslot_get(struct db *db, int64_t person_id, struct crypt_key *out, struct errinfo *ei)
{
	struct keyslots *k = db->store->slots;
	enum err e;
	if (person_id < 1 || person_id > STORE_ID_MAX)
		return err_set(ei, E_NOT_FOUND, "%s: no key slot %lld", k->path, (long long)person_id);
	pthread_mutex_lock(&k->mu);
	e = keys_ready(k, ei);
	if (!e)
		e = keys_fresh(k, db, ei);
	if (!e)
		e = keys_lookup(k, person_id, out, ei);
	pthread_mutex_unlock(&k->mu);
	return e;
}

/* Everything into the file and the WAL emptied: the old key is nowhere any more. */
static enum err keys_truncate(struct keyslots *k, struct errinfo *ei)
{
	int rc = sqlite3_wal_checkpoint_v2(k->conn, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	return rc == SQLITE_OK ? OK : keys_error(k, rc, "emptying the WAL after an erasure", ei);
}

static enum err keys_erase(struct keyslots *k, const int64_t *ids, size_t count, struct errinfo *ei)
{
	enum err e = keys_ready(k, ei);
	if (!e)
		e = keys_step(k, KQ_BEGIN, NULL, ei);
	if (e)
		return e;
	for (size_t i = 0; !e && i < count; i++) {
		db_bind_i64(k->q[KQ_ERASE], 1, ids[i]);
		e = keys_step(k, KQ_ERASE, NULL, ei);
	}
	if (!e)
		e = keys_step(k, KQ_COMMIT, NULL, ei);
	if (e && k->conn)
		keys_disconnect(k); /* rolls back */
	if (!e)
		e = keys_truncate(k, ei);
	keys_wipe(k);
	return e;
}

enum err keyslots_erase(struct store *s, const int64_t *ids, size_t count, struct errinfo *ei)
{
	enum err e = lock_take(s, ei);
	if (e)
		return e;
	pthread_mutex_lock(&s->slots->mu);
	e = keys_erase(s->slots, ids, count, ei);
	pthread_mutex_unlock(&s->slots->mu);
	lock_release(s);
	return e;
}

enum err keyslot_erase(struct store *s, int64_t person_id, struct errinfo *ei)
{
	return keyslots_erase(s, &person_id, 1, ei);
}

enum err keyslots_backup(struct keyslots *k, const char *path, struct errinfo *ei)
{
	pthread_mutex_lock(&k->mu);
	enum err e = keys_ready(k, ei);
	if (!e)
		e = db_copy(k->conn, path, ei);
	pthread_mutex_unlock(&k->mu);
	return e;
}

enum err keyslots_check(struct keyslots *k, const char *path, const char *pragma, struct errinfo *ei)
{
	pthread_mutex_lock(&k->mu);
	enum err e = keys_ready(k, ei);
	if (!e)
		e = db_check(k->conn, pragma, path, ei);
	pthread_mutex_unlock(&k->mu);
	return e;
}

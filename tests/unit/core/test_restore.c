#include "lib/world.h"

#include "base/box.h"
#include "core/logbook.h"
#include "core/restore.h"
#include "core/retention.h"
#include "store/backup.h"
#include "store/erasure.h"
#include "store/journal.h"
#include "store/keyslot.h"
#include "store/meta.h"
#include "store/suppression.h"

/*
 * A site that is backed up, lives on for a while, and comes back from its backups in another folder. Times: the
 * backups are made at WORLD_NOW, life goes on for a day, then the disk dies.
 */

static const char HOST[] = "data: data\nkeys: keys\nsites: sites/*.yaml\nbackup: { journal: disk }\n";

struct backups {
	struct world w;
	unsigned char pub[BOX_PUBLIC_BYTES];
	struct crypt_key *secret;
	char data[100], keys[100], journal[100], stage[100], old[100];
	struct store *back; /* what came back */
};

static const char *const people[] = {"ada@verein.test", "bob@verein.test", "cleo@verein.test", "dora@verein.test",
    "emil@verein.test"};
#define N (sizeof(people) / sizeof(people[0]))

static void signup_confirmed(struct backups *b, const char *address)
{
	bool fresh;

	world_signup(&b->w, "news", address, "news", "de");
	world_act(&b->w, world_last_mail(&b->w).confirm, CONFIRM_ACT_CONFIRM, &fresh);
	assert_true(fresh);
}

static int64_t id_of(struct backups *b, const char *address)
{
	int64_t id;

	world_state(&b->w, address, &id);
	assert_true(id > 0);
	return id;
}

static void back_up(struct backups *b)
{
	struct backup_done done;

	assert_ok(journal_flush(b->w.store, b->w.now_ms, EI));
	assert_ok(backup_write(b->w.store, PACK_DATA, b->data, b->pub, b->w.now_ms, &done, EI));
	assert_int_equal(done.m.schema, store_schema_version());
	assert_ok(backup_write(b->w.store, PACK_KEYS, b->keys, b->pub, b->w.now_ms, &done, EI));
	assert_int_equal(done.m.nfiles, 2);
}

static int setup(void **state)
{
	struct backups *b = calloc(1, sizeof(*b));
	struct world *w = &b->w;

	world_folder(w);
	world_write(w, "jawort.yaml", HOST);
	world_write(w, "sites/club.yaml", WORLD_SITE);
	world_write(w, "disk/here", "");
	world_load(w);
	world_start(w);
	b->secret = crypt_key_new();
	box_pair(b->pub, b->secret);
	snprintf(b->data, sizeof(b->data), "%s/data.jwb", w->root);
	snprintf(b->keys, sizeof(b->keys), "%s/keys.jwb", w->root);
	snprintf(b->journal, sizeof(b->journal), "%s/disk/club.journal", w->root);
	snprintf(b->stage, sizeof(b->stage), "%s/stage", w->root);
	for (size_t i = 0; i < N - 1; i++)
		signup_confirmed(b, people[i]);
	world_signup(w, "news", people[N - 1], "news", "de"); /* pending */
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct backups *b = *state;

	store_close(b->back);
	crypt_key_free(b->secret);
	world_close(&b->w);
	free(b);
	return 0;
}

/* A day later; the journal is kept alive by the worker. */
static void a_day(struct backups *b)
{
	for (int h = 0; h < 24; h++) {
		world_wait(&b->w, HOUR_MS);
		assert_ok(journal_beat(b->w.store, b->w.now_ms, 30 * DAY_MS, EI));
	}
}

static enum err restore(struct backups *b, int64_t accept_ms, struct restore_report *rep)
{
	const struct restore r = {.site = b->w.conf->sites[0], .data = b->data, .keys = b->keys, .secret = b->secret,
	    .journal = file_exists(b->journal) ? b->journal : NULL, .accept_gap_ms = accept_ms, .now_ms = b->w.now_ms};

	restore_discard(b->stage);
	assert_ok(file_mkdir(b->stage, 0700, EI));
	memset(EI, 0, sizeof(*EI));
	return restore_stage(&r, b->stage, rep, EI);
}

static void open_back(struct backups *b)
{
	char keys[200];
	const struct store_opts o = {.site = "club", .dir = b->stage, .keys_path = keys};

	snprintf(keys, sizeof(keys), "%s/site.keys", b->stage);
	assert_ok(store_open(&b->back, &o, EI));
}

static enum person_state state_back(struct backups *b, const char *address, int64_t *id)
{
	struct person p = {.id = 0};
	struct db *db;
	enum err rc;

	assert_ok(store_read(b->back, &db, EI));
	rc = person_find_address(db, STORE_EMAIL, slice_from(address), &p, EI);
	store_read_end(b->back, db);
	if (id)
		*id = p.id;
	return rc ? PERSON_STATE__MAX : p.state;
}

/* Yesterday's backup, and who was erased today is still gone. */
static void test_erased_stays_gone(void **state)
{
	struct backups *b = *state;
	struct restore_report rep;
	struct crypt_key key;
	struct person p;
	struct db *db;
	int64_t ada = id_of(b, people[0]), late;

	back_up(b);
	assert_ok(person_erase(b->w.store, ada, ERASURE_REQUEST, b->w.now_ms + 1, EI));
	/* Somebody comes after the backup and is erased, too. */
	signup_confirmed(b, "late@verein.test");
	late = id_of(b, "late@verein.test");
	assert_ok(person_erase(b->w.store, late, ERASURE_REQUEST, b->w.now_ms + 2, EI));
	a_day(b);
	assert_ok(restore(b, 0, &rep));
	assert_int_equal(rep.erased, 1);
	assert_int_equal(rep.unknown, 1);
	assert_int_equal(rep.gap_ms, 0);
	assert_int_equal(rep.persons, N);
	open_back(b);
	assert_int_equal(state_back(b, people[0], NULL), PERSON_STATE__MAX);
	assert_int_equal(state_back(b, people[1], NULL), PERSON_ACTIVE);
	assert_int_equal(state_back(b, people[N - 1], NULL), PERSON_PENDING);
	assert_ok(store_read(b->back, &db, EI));
	assert_int_equal(keyslot_get(db, ada, &key, EI), E_NOT_FOUND);
	assert_int_equal(keyslot_get(db, late, &key, EI), E_NOT_FOUND);
	assert_ok(person_get(db, ada, &p, EI));
	assert_int_equal(p.state, PERSON_ERASED);
	store_read_end(b->back, db);
	assert_ok(store_check(b->back, EI));
	/* Gone also from the files themselves: no slot of theirs holds anything. */
	assert_ok(erasure_finish(b->back, b->w.now_ms, NULL, EI));
}

static bool sum_row(const struct outbox_row *r, void *arg)
{
	int *n = arg;

	n[r->state]++;
	return true;
}

/* Who left, was blocked, or had a mail on its way: nothing of that begins again. */
static void test_nobody_is_written_to_again(void **state)
{
	struct backups *b = *state;
	const struct outbox_filter all = {.state = OUTBOX_STATE__MAX, .limit = 100};
	struct suppression block = {.channel = STORE_EMAIL, .reason = SUPPRESSION_OBJECTED};
	struct restore_report rep;
	int n[OUTBOX_STATE__MAX] = {0};
	bool fresh, has;
	unsigned count;
	struct db *db;

	back_up(b);
	world_wait(&b->w, HOUR_MS);
	world_leave(&b->w, world_last_mail(&b->w).out, WITHDRAW_PAGE, &fresh); /* emil, pending: forgotten */
	{
		struct world_mail mails[16];
		size_t m = world_mails(&b->w, 0, mails, 16);

		for (size_t i = 0; i < m; i++)
			if (mails[i].person_id == id_of(b, people[1]))
				world_leave(&b->w, mails[i].out, WITHDRAW_PAGE, &fresh);
	}
	assert_int_equal(world_state(&b->w, people[1], NULL), PERSON_UNSUBSCRIBED);
	memset(block.lookup, 3, sizeof(block.lookup));
	block.since_ms = b->w.now_ms;
	assert_ok(store_write_begin(b->w.store, &db, EI));
	assert_ok(suppression_add(db, &block, EI));
	assert_ok(store_write_commit(b->w.store, EI));
	a_day(b);
	assert_ok(restore(b, 0, &rep));
	assert_int_equal(rep.left, 1);
	assert_int_equal(rep.erased, 1);
	assert_int_equal(rep.blocked, 1);
	assert_int_equal(rep.settled.mails, N - 1);
	open_back(b);
	assert_int_equal(state_back(b, people[1], NULL), PERSON_UNSUBSCRIBED);
	assert_int_equal(state_back(b, people[N - 1], NULL), PERSON_STATE__MAX);
	assert_ok(store_read(b->back, &db, EI));
	assert_ok(suppression_has(db, STORE_EMAIL, block.lookup, SLICE("news"), b->w.now_ms, &has, NULL, EI));
	assert_true(has);
	assert_ok(outbox_each(db, &all, sum_row, n, EI));
	store_read_end(b->back, db);
	assert_int_equal(n[OUTBOX_QUEUED] + n[OUTBOX_SENDING] + n[OUTBOX_HELD], 0);
	assert_int_equal(n[OUTBOX_UNKNOWN], N - 1);
	/* Nothing to claim, and "all again" does not mean them either. */
	assert_ok(store_write_begin(b->back, &db, EI));
	assert_ok(outbox_retry_all(db, b->w.now_ms, &count, EI));
	assert_int_equal(count, 0);
	assert_ok(outbox_claim(db, b->w.now_ms + DAY_MS, 100, SLICE("a"), NULL, NULL, &count, EI));
	assert_int_equal(count, 0);
	assert_ok(store_write_commit(b->back, EI));
}

/* Ids that were given away after the backup mean nobody any more: not in links, not in the journal of the next time. */
static void test_ids_are_not_used_again(void **state)
{
	struct backups *b = *state;
	struct restore_report rep;
	struct person_new n = {.channel = STORE_EMAIL, .state = PERSON_PENDING, .address = SLICE("new@verein.test"),
	    .now_ms = WORLD_NOW};
	struct request_new q = {.form = SLICE("news"), .purposes = SLICE("news"), .created_ms = WORLD_NOW,
	    .expires_ms = WORLD_NOW + 1};
	int64_t id, lost = 0, request;
	struct db *db;

	back_up(b);
	for (int i = 0; i < 3; i++) {
		char address[40];

		snprintf(address, sizeof(address), "lost%d@verein.test", i);
		signup_confirmed(b, address);
		lost = id_of(b, address);
	}
	request = world_last_mail(&b->w).request_id;
	a_day(b);
	assert_ok(restore(b, 0, &rep));
	open_back(b);
	assert_ok(store_write_begin(b->back, &db, EI));
	assert_ok(person_insert(db, &n, &id, EI));
	q.person_id = id;
	assert_true(id > lost + 60000);
	assert_ok(request_insert(db, &q, &id, EI));
	assert_true(id > request + 60000);
	assert_ok(store_write_commit(b->back, EI));
	/* And it can be read: its slot was made. */
	assert_int_equal(state_back(b, "new@verein.test", &id), PERSON_PENDING);
}

/* Erased, and the evidence stays for its time: so it is again. When that has gone too, nothing comes back. */
static void test_kept_evidence(void **state)
{
	struct backups *b = *state;
	const int64_t until = WORLD_NOW + 1000 * DAY_MS;
	struct erasure_kept kept;
	struct restore_report rep;
	struct crypt_key key;
	struct db *db;
	int64_t ada = id_of(b, people[0]);

	back_up(b);
	assert_ok(store_write_begin(b->w.store, &db, EI));
	assert_ok(erasure_ask_keep(db, ada, ERASURE_REQUEST, until, b->w.now_ms + 1, EI));
	assert_ok(store_write_commit(b->w.store, EI));
	assert_ok(erasure_finish(b->w.store, b->w.now_ms, NULL, EI));
	a_day(b);
	assert_ok(restore(b, 0, &rep));
	assert_int_equal(rep.erased, 1);
	open_back(b);
	assert_int_equal(state_back(b, people[0], NULL), PERSON_STATE__MAX);
	assert_ok(store_read(b->back, &db, EI));
	assert_ok(erasure_kept_get(db, ada, &kept, EI));
	assert_int_equal(kept.until_ms, until);
	assert_ok(keyslot_get(db, ada, &key, EI));
	store_read_end(b->back, db);
	store_close(b->back);
	b->back = NULL;
	/* A backup that knows it as kept, and the journal of the day on which it ended. */
	unlink(b->data);
	unlink(b->keys);
	back_up(b);
	assert_ok(store_write_begin(b->w.store, &db, EI));
	assert_ok(erasure_ask_rest(db, ada, EI));
	assert_ok(store_write_commit(b->w.store, EI));
	assert_ok(erasure_finish(b->w.store, b->w.now_ms, NULL, EI));
	assert_ok(restore(b, 0, &rep));
	open_back(b);
	assert_ok(store_read(b->back, &db, EI));
	assert_int_equal(erasure_kept_get(db, ada, &kept, EI), E_NOT_FOUND);
	assert_int_equal(keyslot_get(db, ada, &key, EI), E_NOT_FOUND);
	assert_int_equal(person_address(db, ada, &(struct buf){.max_bytes = 1}, EI), E_NOT_FOUND);
	store_read_end(b->back, db);
}

/* A log that was signed further than the backup goes on under another name, each time. */
static void test_log_does_not_fork(void **state)
{
	struct backups *b = *state;
	struct logbook_report grown;
	struct restore_report rep;
	char first[256];

	assert_ok(logbook_advance(b->w.conf->sites[0], b->w.store, b->w.now_ms, &grown, EI));
	back_up(b);
	signup_confirmed(b, "more@verein.test");
	assert_ok(logbook_advance(b->w.conf->sites[0], b->w.store, b->w.now_ms, &grown, EI));
	a_day(b);
	assert_ok(restore(b, 0, &rep));
	assert_int_equal(rep.journal.signed_size, grown.last.size);
	assert_true(rep.events < grown.last.size);
	assert_string_equal(rep.origin, "www.verein.test/j/log/2");
	snprintf(first, sizeof(first), "%s", rep.origin);
	open_back(b);
	assert_ok(logbook_advance(b->w.conf->sites[0], b->back, b->w.now_ms, &grown, EI));
	store_close(b->back);
	b->back = NULL;
	/* The journal remembers the name, so that the same backup restored once more gets a third. */
	assert_ok(journal_restored(b->w.store, rep.events, rep.turn, b->w.now_ms, EI));
	assert_ok(restore(b, 0, &rep));
	assert_string_equal(rep.origin, "www.verein.test/j/log/3");
}

/* A journal that does not reach the present: refused, with what to write; accepted only if the time named is enough. */
static void test_gaps(void **state)
{
	struct backups *b = *state;
	struct restore_report rep;

	back_up(b);
	a_day(b);
	world_wait(&b->w, 5 * HOUR_MS + 12 * MINUTE_MS);
	assert_int_equal(restore(b, 0, &rep), E_CONFLICT);
	assert_non_null(strstr(EI->text, "ends on 2026-11-22T14:05:09.123Z"));
	assert_non_null(strstr(EI->text, "5 h 12 min"));
	assert_non_null(strstr(EI->text, "--accept-gap 6h"));
	assert_int_equal(restore(b, 5 * HOUR_MS, &rep), E_CONFLICT);
	assert_ok(restore(b, 6 * HOUR_MS, &rep));
	assert_int_equal(rep.gap_ms, 5 * HOUR_MS + 12 * MINUTE_MS);
	/* None at all: since the backup. */
	unlink(b->journal);
	assert_int_equal(restore(b, 24 * HOUR_MS, &rep), E_CONFLICT);
	assert_non_null(strstr(EI->text, "no journal"));
	assert_ok(restore(b, 30 * HOUR_MS, &rep));
}

/* Minutes after the backup, lines that the backup knows of are gone: whoever was erased in them would be back. */
static void test_cut_journal(void **state)
{
	struct backups *b = *state;
	struct restore_report rep;
	struct buf text;

	buf_init(&text, 1 << 20);
	assert_ok(journal_flush(b->w.store, b->w.now_ms, EI));
	assert_ok(file_read(&text, b->journal, EI));
	assert_ok(person_erase(b->w.store, id_of(b, people[0]), ERASURE_REQUEST, b->w.now_ms, EI));
	back_up(b);
	world_wait(&b->w, 10 * MINUTE_MS);
	assert_ok(restore(b, 0, &rep));
	assert_ok(file_write(b->journal, buf_slice(&text), 0600, EI));
	assert_int_equal(restore(b, 0, &rep), E_CONFLICT);
	assert_non_null(strstr(EI->text, "was cut off"));
	assert_non_null(strstr(EI->text, "--accept-gap 1h"));
	assert_ok(restore(b, HOUR_MS, &rep));
	buf_free(&text);
}

/* Altered or foreign journals are refused whatever is accepted. */
static void test_altered_journal(void **state)
{
	struct backups *b = *state;
	struct restore_report rep;
	struct buf text;

	back_up(b);
	assert_ok(person_erase(b->w.store, id_of(b, people[0]), ERASURE_REQUEST, b->w.now_ms, EI));
	a_day(b);
	buf_init(&text, 1 << 20);
	assert_ok(file_read(&text, b->journal, EI));
	char *at = strstr(text.data, "erased 1 ");
	assert_non_null(at);
	at[7] = '2';
	assert_ok(file_write(b->journal, buf_slice(&text), 0600, EI));
	assert_int_equal(restore(b, 100 * DAY_MS, &rep), E_DENIED);
	assert_non_null(strstr(EI->text, "altered"));
	buf_free(&text);
}

/* Keys from before people came: said, with how many; and slots made ahead carry a backup of the data over. */
static void test_older_keys(void **state)
{
	struct backups *b = *state;
	struct backup_done done;
	struct restore_report rep;

	back_up(b);
	/* Newer data with yesterday's keys: the slots were made ahead, so all of it opens. */
	signup_confirmed(b, "next@verein.test");
	a_day(b);
	unlink(b->data);
	assert_ok(backup_write(b->w.store, PACK_DATA, b->data, b->pub, b->w.now_ms, &done, EI));
	assert_ok(restore(b, 0, &rep));
	assert_int_equal(rep.persons, N + 1);
	open_back(b);
	assert_int_equal(state_back(b, "next@verein.test", NULL), PERSON_ACTIVE);
}

/* Each part in the other's place, of another site, with another key: refused before anything is written. */
static void test_wrong_files(void **state)
{
	struct backups *b = *state;
	struct restore_report rep;
	struct restore r = {.site = b->w.conf->sites[0], .data = b->keys, .keys = b->data, .secret = b->secret,
	    .now_ms = b->w.now_ms};
	struct crypt_key *other = crypt_key_new();
	struct conf_site foreign = *b->w.conf->sites[0];
	unsigned char pub[BOX_PUBLIC_BYTES];

	back_up(b);
	assert_ok(file_mkdir(b->stage, 0700, EI));
	assert_int_equal(restore_stage(&r, b->stage, &rep, EI), E_INVALID);
	r.data = b->data;
	r.keys = b->keys;
	foreign.id = "other";
	r.site = &foreign;
	assert_int_equal(restore_stage(&r, b->stage, &rep, EI), E_INVALID);
	assert_int_equal(restore_look(&r, &rep, EI), E_INVALID);
	r.site = b->w.conf->sites[0];
	box_pair(pub, other);
	r.secret = other;
	assert_int_equal(restore_stage(&r, b->stage, &rep, EI), E_DENIED);
	crypt_key_free(other);
}

/* Yesterday's data without today's keys, and what is in a backup before it is locked: no name, no address. */
static void test_data_alone_reveals_nothing(void **state)
{
	struct backups *b = *state;
	static const char *const words[] = {"ada@verein.test", "verein.test\"", "Lovelace", "192.0.2", "bob@"};
	struct restore_report rep;
	struct buf raw;
	char path[200];

	world_signup_as(&b->w, "both", "gerda@verein.test", "events", "de", "Lovelace");
	back_up(b);
	buf_init(&raw, 64u << 20);
	assert_ok(file_read(&raw, b->data, EI));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_null(memmem(raw.data, raw.len, words[i], strlen(words[i])));
	assert_ok(file_mkdir(b->stage, 0700, EI));
	assert_ok(pack_read(b->data, b->secret, b->stage, &rep.data, EI));
	buf_reset(&raw);
	snprintf(path, sizeof(path), "%s/data.db", b->stage);
	assert_ok(file_read(&raw, path, EI));
	assert_non_null(memmem(raw.data, raw.len, "Vereinspost", 11));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], "verein.test\"") != 0)
			assert_null(memmem(raw.data, raw.len, words[i], strlen(words[i])));
	/* And never a key in it. */
	assert_int_equal(rep.data.nfiles, 1);
	buf_free(&raw);
}

/* The place of a site is taken only when it is free, and with one step. */
static void test_place(void **state)
{
	struct backups *b = *state;
	struct restore_report rep;
	char dir[200], ring[200];

	back_up(b);
	assert_ok(restore(b, DAY_MS, &rep));
	snprintf(dir, sizeof(dir), "%s/data/club", b->w.root);
	snprintf(ring, sizeof(ring), "%s/keys/club.keys", b->w.root);
	assert_int_equal(restore_place(b->stage, dir, ring, EI), E_CONFLICT);
	snprintf(dir, sizeof(dir), "%s/there/club", b->w.root);
	snprintf(ring, sizeof(ring), "%s/there/keys/club.keys", b->w.root);
	world_write(&b->w, "there/keys/x", "");
	assert_ok(restore_place(b->stage, dir, ring, EI));
	assert_false(file_exists(b->stage));
	const struct store_opts o = {.site = "club", .dir = dir, .keys_path = ring};
	assert_ok(store_open(&b->back, &o, EI));
	assert_int_equal(state_back(b, people[0], NULL), PERSON_ACTIVE);
}

/* -n: the same findings, and nothing is there afterwards. */
static void test_look(void **state)
{
	struct backups *b = *state;
	char ring[200];
	struct restore r = {.site = b->w.conf->sites[0], .data = b->data, .keys = b->keys, .secret = b->secret, .ring = ring,
	    .journal = b->journal};
	struct restore_report rep;

	snprintf(ring, sizeof(ring), "%s/keys/club.keys", b->w.root);
	back_up(b);
	assert_ok(person_erase(b->w.store, id_of(b, people[0]), ERASURE_REQUEST, b->w.now_ms + 1, EI));
	a_day(b);
	r.now_ms = b->w.now_ms;
	assert_ok(restore_look(&r, &rep, EI));
	assert_int_equal(rep.erased, 1);
	assert_false(file_exists(b->stage));
	r.now_ms += DAY_MS;
	assert_int_equal(restore_look(&r, &rep, EI), E_CONFLICT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_erased_stays_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nobody_is_written_to_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ids_are_not_used_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kept_evidence, setup, teardown),
		cmocka_unit_test_setup_teardown(test_log_does_not_fork, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gaps, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cut_journal, setup, teardown),
		cmocka_unit_test_setup_teardown(test_altered_journal, setup, teardown),
		cmocka_unit_test_setup_teardown(test_older_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrong_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_data_alone_reveals_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_place, setup, teardown),
		cmocka_unit_test_setup_teardown(test_look, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The log on its timer: what the worker does with it, and what the owner gets. */
#include "lib/world.h"
#include "unit/mail/golden.h"

#include "core/logkeep.h"
#include "store/meta.h"

static struct logkeep_state state_of(struct world *w)
{
	struct logkeep_state s;
	struct db *db = world_read(w);

	assert_ok(logkeep_read(db, &s, EI));
	store_read_end(w->store, db);
	return s;
}

static int64_t advance(struct world *w, bool at_once)
{
	struct logbook_report rep;

	assert_ok(logkeep_advance(site_conf(w->site), w->store, at_once, w->now_ms, &rep, EI));
	return rep.added;
}

static void mail(struct world *w)
{
	assert_ok(logkeep_mail(w->site, w->store, w->now_ms, EI));
}

struct owner_mails {
	unsigned n;
	unsigned char hash[32];
	char slots[OUTBOX_SLOTS_MAX_BYTES];
};

static bool count_owner(const struct outbox_row *r, void *arg)
{
	struct owner_mails *m = arg;

	if (r->kind == OUTBOX_OWNER) {
		m->n++;
		memcpy(m->hash, r->mail_hash, 32);
		assert_int_equal(r->person_id, 0);
		assert_int_equal(r->state, OUTBOX_QUEUED);
	}
	return true;
}

static void get_slots(const struct outbox_row *r, void *arg)
{
	struct owner_mails *m = arg;

	assert_true(slice_copy(r->slots, m->slots, sizeof(m->slots)));
}

static struct owner_mails owner_mails(struct world *w)
{
	const struct outbox_filter all = {.state = OUTBOX_STATE__MAX, .limit = 1000};
	struct owner_mails m = {.n = 0};
	struct db *db = world_read(w);
	struct anchor a;
	struct buf source;
	unsigned long long id;

	assert_ok(outbox_each(db, &all, count_owner, &m, EI));
	if (m.n) {
		buf_init(&source, 100);
		assert_ok(anchor_last(db, ANCHOR_MAIL, &a, &source, NULL, EI));
		assert_true(slice_u64(buf_slice(&source), &id));
		assert_ok(outbox_get(db, (int64_t)id, get_slots, &m, EI));
		buf_free(&source);
	}
	store_read_end(w->store, db);
	return m;
}

static void test_advance_when_due(void **state)
{
	struct world *w = *state;

	assert_int_equal(advance(w, false), 0);
	world_signup(w, "news", "ada@example.org", "news", "de");
	assert_true(advance(w, false) > 0); /* the first one at once */
	world_signup(w, "news", "bea@example.org", "news", "de");
	world_wait(w, 59 * MINUTE_MS);
	assert_int_equal(advance(w, false), 0);
	world_wait(w, 2 * MINUTE_MS);
	assert_true(advance(w, false) > 0);
	world_signup(w, "news", "cleo@example.org", "news", "de");
	assert_int_equal(advance(w, false), 0);
	assert_true(advance(w, true) > 0);
	assert_int_equal(state_of(w).last.size, state_of(w).events);
}

/* One mail a day with the newest checkpoint, to the controller, and only if the log has grown. */
static void test_daily_mail(void **state)
{
	struct world *w = *state;

	mail(w);
	assert_int_equal(owner_mails(w).n, 0); /* nothing to tell */
	world_signup(w, "news", "ada@example.org", "news", "de");
	advance(w, true);
	mail(w);
	assert_int_equal(owner_mails(w).n, 1);
	assert_non_null(strstr(owner_mails(w).slots, "daten@verein.test"));
	assert_int_equal(state_of(w).mail.size, state_of(w).last.size);
	world_signup(w, "news", "bea@example.org", "news", "de");
	advance(w, true);
	mail(w);
	assert_int_equal(owner_mails(w).n, 1); /* today's is out */
	world_wait(w, DAY_MS);
	mail(w);
	assert_int_equal(owner_mails(w).n, 2);
	world_wait(w, DAY_MS);
	advance(w, false);
	mail(w);
	assert_int_equal(owner_mails(w).n, 2); /* nothing new */
}

static void test_other_owners(void **state)
{
	struct world *w = *state;
	char *none = world_replace(WORLD_SITE, "mode: live\n", "mode: live\nevidence: { anchor_mail: none }\n");
	char *other = world_replace(WORLD_SITE, "mode: live\n", "mode: live\nevidence: { anchor_to: kanzlei@anwalt.test }\n");

	world_reload(w, none);
	world_signup(w, "news", "ada@example.org", "news", "de");
	advance(w, true);
	mail(w);
	assert_int_equal(owner_mails(w).n, 0);
	world_reload(w, other);
	mail(w);
	assert_int_equal(owner_mails(w).n, 1);
	assert_non_null(strstr(owner_mails(w).slots, "kanzlei@anwalt.test"));
	free(none);
	free(other);
}

/* The signed lines come out of the mail as they went in: what is kept in a mailbox can be checked. */
static void test_note_in_mail(void **state)
{
	struct world *w = *state;
	struct message_slots v;
	struct message m;
	struct note_key keys[LOGBOOK_KEYS_MAX];
	struct checkpoint cp;
	struct buf note, stored;
	struct owner_mails mails;
	struct slice text;
	const char *at;
	struct db *db;

	world_signup(w, "news", "ada@example.org", "news", "de");
	advance(w, true);
	mail(w);
	mails = owner_mails(w);
	db = world_read(w);
	buf_init_arena(&note, &w->arena, NOTE_MAX_BYTES);
	buf_init_arena(&stored, &w->arena, MESSAGE_STORED_MAX_BYTES);
	assert_ok(checkpoint_last(db, &cp, &note, EI));
	assert_ok(text_get(db, mails.hash, &stored, NULL, EI));
	store_read_end(w->store, db);
	assert_ok(message_slots_read(&w->arena, slice_from(mails.slots), &v, EI));
	assert_ok(message_load_fill(&w->arena, buf_slice(&stored), &v, &m, EI));
	at = memmem(m.text.ptr, m.text.len, note.data, note.len - 1);
	assert_non_null(at);
	logbook_keys(store_keyring(w->store), SLICE("www.verein.test/j/log"), keys);
	assert_int_equal(note_verify(slice_make(at, note.len), keys, 1, &text, NULL), NOTE_GOOD);
	assert_int_equal(m.html.len, 0);
	assert_int_equal(m.list_unsubscribe.len, 0);
}

static void test_golden(void **state)
{
	static const char note[] = "www.verein.test/j/log\n17\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
	    "\xe2\x80\x94 www.verein.test/j/log "
	    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
	static const char *const langs[] = {"de", "en"};
	const struct checkpoint cp = {.size = 17, .at_ms = WORLD_NOW};
	struct message_slots v = {.date_ms = WORLD_NOW};
	struct world *w = *state;

	v.value[MESSAGE_TO] = SLICE("daten@verein.test");
	v.value[MESSAGE_MESSAGE_ID] = SLICE("1@verein.test");
	v.value[MESSAGE_BOUNDARY] = SLICE("=_jw_1");
	for (int i = 0; i < 2; i++) {
		struct buf stored, mime;
		struct message m;
		char file[64];
		buf_init_arena(&stored, &w->arena, MESSAGE_STORED_MAX_BYTES);
		buf_init_arena(&mime, &w->arena, MESSAGE_MIME_MAX_BYTES);
		assert_ok(logkeep_mail_render(w->site, &w->arena, langs[i], &cp, SLICE(note), &stored, EI));
		assert_ok(message_load_fill(&w->arena, buf_slice(&stored), &v, &m, EI));
		message_mime(&mime, &m);
		snprintf(file, sizeof(file), "letter/log.%s.eml", langs[i]);
		golden_check(file, buf_slice(&mime));
	}
}

/* What stands still says so until it goes on. */
static void test_failure_is_kept(void **state)
{
	struct world *w = *state;
	struct logbook_report rep;
	struct db *db;

	world_signup(w, "news", "ada@example.org", "news", "de");
	advance(w, true);
	world_signup(w, "news", "bea@example.org", "news", "de");
	/* Somebody says that another log was signed here. */
	assert_ok(store_write_begin(w->store, &db, EI));
	assert_ok(meta_put(db, "log_origin", SLICE("elsewhere.test/log"), EI));
	assert_ok(store_write_commit(w->store, EI));
	assert_int_equal(logkeep_advance(site_conf(w->site), w->store, true, w->now_ms, &rep, EI), E_CONFLICT);
	assert_non_null(strstr(state_of(w).failed, "Nothing is signed"));
	assert_int_equal(state_of(w).failed_ms, w->now_ms);
	assert_ok(store_write_begin(w->store, &db, EI));
	assert_ok(meta_put(db, "log_origin", SLICE("www.verein.test/j/log"), EI));
	assert_ok(store_write_commit(w->store, EI));
	assert_true(advance(w, true) > 0);
	assert_string_equal(state_of(w).failed, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define EACH(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	    EACH(test_advance_when_due), EACH(test_daily_mail), EACH(test_other_owners), EACH(test_note_in_mail),
	    EACH(test_golden), EACH(test_failure_is_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

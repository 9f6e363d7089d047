#include "store_test.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/log.h"
#include "store/checkpoint.h"
#include "store/db_priv.h"
#include "store/erasure.h"
#include "store/event.h"
#include "store/journal.h"
#include "store/person.h"
#include "store/suppression.h"

/* A site with a second path, "disk", beside it. */
struct second {
	struct site t;
	char disk[100], file[140];
};

static void second_open(struct second *s)
{
	struct store_opts o = site_opts(&s->t, true);
	o.journal = s->disk;
	assert_ok(store_open(&s->t.store, &o, EI));
}

static int setup(void **state)
{
	struct second *s = calloc(1, sizeof *s);
	site_folder(&s->t);
	snprintf(s->disk, sizeof s->disk, "%s/disk", s->t.root);
	snprintf(s->file, sizeof s->file, "%s/example.journal", s->disk);
	assert_ok(file_mkdir(s->disk, 0700, EI));
	second_open(s);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct second *s = *state;
	log_capture(NULL, NULL);
	store_close(s->t.store);
	site_remove(s->t.root);
	free(s);
	return 0;
}

static int64_t person(struct second *s, const char *address)
{
	struct person_new n = {.channel = STORE_EMAIL, .state = PERSON_ACTIVE, .address = slice_from(address), .now_ms = NOW};
	struct event_new e = {.time_ms = NOW, .kind = EVENT_REQUESTED};
	struct db *w;
	int64_t id;
	assert_ok(store_write_begin(s->t.store, &w, EI));
	assert_ok(person_insert(w, &n, &id, EI));
	e.person_id = id;
	assert_ok(event_append(w, &e, NULL, EI));
	assert_ok(store_write_commit(s->t.store, EI));
	return id;
}

struct seen {
	struct journal_record r[64];
	unsigned n, of[JOURNAL_KIND__MAX];
	struct journal_end end;
};

static bool see(const struct journal_record *r, const unsigned char mac[JOURNAL_MAC_BYTES], void *arg)
{
	struct seen *s = arg;
	(void)mac;
	assert_true(s->n < 64);
	s->r[s->n++] = *r;
	s->of[r->kind]++;
	return true;
}

static enum err look(const struct second *s, struct seen *out)
{
	memset(out, 0, sizeof *out);
	return journal_read(s->file, store_keyring(s->t.store), "example", see, out, &out->end, EI);
}

static void whole(struct buf *out, const char *path)
{
	buf_reset(out);
	assert_ok(file_read(out, path, EI));
}

static unsigned count_of(struct buf text, const char *word)
{
	unsigned n = 0;
	for (const char *at = text.data; (at = strstr(at, word)) != NULL; at++)
		n++;
	return n;
}

static int64_t waiting(const struct second *s)
{
	struct journal_state st;
	struct db *r;
	assert_ok(store_read(s->t.store, &r, EI));
	assert_ok(journal_state(r, &st, EI));
	store_read_end(s->t.store, r);
	return st.waiting;
}

static void test_erasure_is_there_before_it_answers(void **state)
{
	struct second *s = *state;
	struct seen v;
	int64_t a = person(s, "ada@example.org"), b = person(s, "bob@example.org");
	assert_ok(person_erase(s->t.store, b, ERASURE_REQUEST, NOW + 5, EI));
	assert_ok(look(s, &v));
	assert_int_equal(v.of[JOURNAL_ERASED], 1);
	assert_int_equal(v.r[0].v[0], b);
	assert_int_equal(v.r[0].at_ms, NOW + 5);
	/* With it: how far the ids were given away, and the number of events. */
	assert_int_equal(v.of[JOURNAL_ALIVE], 1);
	assert_true(v.end.ids[0] >= b && v.end.ids[3] == 2);
	assert_int_equal(waiting(s), 0);
	assert_ok(person_erase(s->t.store, a, ERASURE_REQUEST, NOW + 6, EI));
	assert_ok(look(s, &v));
	assert_int_equal(v.of[JOURNAL_ERASED], 2);
	assert_int_equal(v.end.n, 4);
	/* No address, and nothing that looks like one. */
	struct buf text;
	buf_init(&text, 1 << 20);
	whole(&text, s->file);
	assert_null(strchr(text.data, '@'));
	assert_null(strstr(text.data, "example.org"));
	buf_free(&text);
}

static void test_what_else_is_written(void **state)
{
	struct second *s = *state;
	struct suppression block = {.channel = STORE_EMAIL, .reason = SUPPRESSION_OBJECTED, .since_ms = NOW,
	    .purpose = SLICE("news")};
	struct event_new e = {.time_ms = NOW, .kind = EVENT_WITHDRAWN, .person_id = person(s, "eve@example.org")};
	struct checkpoint c = {.size = 2, .at_ms = NOW};
	struct seen v;
	struct db *w;
	memset(c.root, 7, sizeof c.root);
	memset(block.lookup, 9, sizeof block.lookup);
	assert_ok(store_write_begin(s->t.store, &w, EI));
	assert_ok(suppression_add(w, &block, EI));
	assert_ok(event_append(w, &e, NULL, EI));
	assert_ok(checkpoint_put(w, &c, SLICE("note"), EI));
	assert_ok(store_write_commit(s->t.store, EI));
	assert_ok(journal_flush(s->t.store, NOW + 1, EI));
	assert_ok(look(s, &v));
	assert_int_equal(v.of[JOURNAL_LEFT], 1);
	assert_int_equal(v.of[JOURNAL_BLOCKED], 1);
	assert_int_equal(v.end.signed_size, 2);
	assert_memory_equal(v.end.signed_root, c.root, 32);
	for (unsigned i = 0; i < v.n; i++) {
		if (v.r[i].kind == JOURNAL_BLOCKED) {
			assert_memory_equal(v.r[i].blob, block.lookup, sizeof block.lookup);
			assert_string_equal(v.r[i].word, "news");
			assert_int_equal(v.r[i].v[3], 0);
		}
	}
	unsigned lines = v.n;
	/* Nothing new: nothing is written. Prolonged: it is. */
	assert_ok(journal_flush(s->t.store, NOW + 2, EI));
	assert_ok(look(s, &v));
	assert_int_equal(v.n, lines);
	block.reason = SUPPRESSION_OWNER;
	assert_ok(store_write_begin(s->t.store, &w, EI));
	assert_ok(suppression_add(w, &block, EI));
	assert_ok(store_write_commit(s->t.store, EI));
	assert_ok(journal_flush(s->t.store, NOW + 3, EI));
	assert_ok(look(s, &v));
	assert_int_equal(v.of[JOURNAL_BLOCKED], 2);
}

static void test_signs_of_life(void **state)
{
	struct second *s = *state;
	struct seen v;
	assert_ok(journal_beat(s->t.store, NOW, 0, EI));
	assert_ok(journal_beat(s->t.store, NOW + 10 * 60000, 0, EI));
	assert_ok(look(s, &v));
	assert_int_equal(v.of[JOURNAL_ALIVE], 1);
	assert_ok(journal_beat(s->t.store, NOW + JOURNAL_ALIVE_MS, 0, EI));
	assert_ok(look(s, &v));
	assert_int_equal(v.of[JOURNAL_ALIVE], 2);
	assert_int_equal(v.end.at_ms, NOW + JOURNAL_ALIVE_MS);
	assert_int_equal(v.end.first_ms, NOW);
}

/* Every byte of the file: changed, it does not pass; nor does a file without one of its lines. */
static void test_altered(void **state)
{
	struct second *s = *state;
	struct buf text;
	struct journal_end end;
	int64_t a = person(s, "a@example.org"), b = person(s, "b@example.org");
	unsigned flips = 0;
	assert_ok(person_erase(s->t.store, a, ERASURE_REQUEST, NOW, EI));
	assert_ok(person_erase(s->t.store, b, ERASURE_REQUEST, NOW, EI));
	buf_init(&text, 1 << 20);
	whole(&text, s->file);
	for (size_t i = 0; i < text.len; i++) {
		text.data[i] ^= 1;
		/* The last line end turned into something else makes the last line one that a power cut left. */
		enum err e = journal_parse(buf_slice(&text), store_keyring(s->t.store), "example", NULL, NULL, &end, EI);
		assert_true(e || (i == text.len - 1 && end.torn && end.n == 3));
		text.data[i] ^= 1;
		flips++;
	}
	assert_int_equal(flips, text.len);
	for (size_t at = 0; at < text.len;) {
		struct buf less;
		size_t next = slice_find(buf_slice(&text), '\n', at) + 1;
		buf_init(&less, 1 << 20);
		buf_add(&less, text.data, at);
		buf_add(&less, text.data + next, text.len - next);
		enum err e = journal_parse(buf_slice(&less), store_keyring(s->t.store), "example", NULL, NULL, &end, EI);
		assert_true(e || next == text.len);
		buf_free(&less);
		at = next;
	}
	assert_int_equal(journal_parse(buf_slice(&text), store_keyring(s->t.store), "other", NULL, NULL, &end, EI), E_DENIED);
	assert_int_equal(journal_parse(SLICE(""), store_keyring(s->t.store), "example", NULL, NULL, &end, EI), E_INVALID);
	assert_int_equal(journal_parse(SLICE("hello\n"), store_keyring(s->t.store), "example", NULL, NULL, &end, EI), E_INVALID);
	buf_free(&text);
}

static char said[4096];
static void note(const char *line, void *arg)
{
	(void)arg;
	strncpy(said + strlen(said), line, sizeof said - strlen(said) - 1);
}

/* The second disk is not there: the erasure happens, is said loudly, waits, and is written when the disk is back. */
static void test_disk_missing(void **state)
{
	struct second *s = *state;
	struct seen v;
	char away[140];
	int64_t a = person(s, "a@example.org");
	assert_ok(journal_beat(s->t.store, NOW, 0, EI));
	snprintf(away, sizeof away, "%s.away", s->disk);
	assert_int_equal(rename(s->disk, away), 0);
	said[0] = '\0';
	log_capture(note, NULL);
	assert_ok(person_erase(s->t.store, a, ERASURE_REQUEST, NOW + 1, EI));
	log_capture(NULL, NULL);
	assert_non_null(strstr(said, "journal_failed"));
	assert_non_null(strstr(said, "level=error"));
	assert_int_equal(waiting(s), 1);
	assert_int_equal(rename(away, s->disk), 0);
	assert_ok(journal_beat(s->t.store, NOW + 2, 0, EI));
	assert_int_equal(waiting(s), 0);
	assert_ok(look(s, &v));
	assert_int_equal(v.of[JOURNAL_ERASED], 1);
	assert_int_equal(v.end.base_n, 0);
}

/* A line that a power cut left half is written over. */
static void test_torn(void **state)
{
	struct second *s = *state;
	struct seen v;
	int64_t a = person(s, "a@example.org");
	assert_ok(journal_beat(s->t.store, NOW, 0, EI));
	FILE *f = fopen(s->file, "ab");
	assert_true(fputs("2 2026-11-21T14:05:09.123Z era", f) > 0);
	fclose(f);
	assert_ok(look(s, &v));
	assert_true(v.end.torn);
	assert_ok(person_erase(s->t.store, a, ERASURE_REQUEST, NOW + 1, EI));
	assert_ok(look(s, &v));
	assert_false(v.end.torn);
	assert_int_equal(v.of[JOURNAL_ERASED], 1);
}

/* Cut off, altered, gone: said, put aside, and made anew with everything that was in it. */
static void test_made_anew(void **state)
{
	struct second *s = *state;
	struct seen v;
	struct buf text;
	int64_t ids[4];
	buf_init(&text, 1 << 20);
	for (int i = 0; i < 4; i++) {
		char address[32];
		snprintf(address, sizeof address, "p%d@example.org", i);
		ids[i] = person(s, address);
	}
	for (int i = 0; i < 3; i++) {
		assert_ok(person_erase(s->t.store, ids[i], ERASURE_REQUEST, NOW + i, EI));
		whole(&text, s->file);
		if (i == 0)
			assert_int_equal(truncate(s->file, (off_t)text.len - 120), 0);
		else if (i == 1)
			assert_int_equal(unlink(s->file), 0);
		else
			assert_int_equal(truncate(s->file, 0), 0);
		said[0] = '\0';
		log_capture(note, NULL);
		assert_ok(journal_beat(s->t.store, NOW + (i + 1) * JOURNAL_ALIVE_MS, 0, EI));
		log_capture(NULL, NULL);
		assert_non_null(strstr(said, "journal_broken"));
		assert_ok(look(s, &v));
		assert_int_equal(v.of[JOURNAL_ERASED], i + 1);
	}
	assert_ok(person_erase(s->t.store, ids[3], ERASURE_REQUEST, NOW + 9, EI));
	assert_ok(look(s, &v));
	assert_int_equal(v.of[JOURNAL_ERASED], 4);
	buf_free(&text);
}

/* Old lines go, the chain still holds and still knows its file. */
static void test_trimmed(void **state)
{
	struct second *s = *state;
	struct seen *v = calloc(1, sizeof *v);
	struct journal_end end;
	int64_t now = NOW;
	struct stat st;
	for (int i = 0; i < 2600; i++) {
		now += JOURNAL_ALIVE_MS;
		assert_ok(journal_beat(s->t.store, now, INT64_C(30) * 86400000, EI));
	}
	assert_int_equal(stat(s->file, &st), 0);
	assert_true(st.st_size < 400 * 1024);
	assert_ok(journal_read(s->file, store_keyring(s->t.store), "example", NULL, NULL, &end, EI));
	assert_true(end.base_n > 0 && end.first_ms >= now - INT64_C(75) * 86400000);
	assert_int_equal(end.n, 2600);
	said[0] = '\0';
	log_capture(note, NULL);
	assert_ok(person_erase(s->t.store, person(s, "z@example.org"), ERASURE_REQUEST, now, EI));
	log_capture(NULL, NULL);
	assert_null(strstr(said, "journal_broken"));
	free(v);
}

/* What was erased before there was a journal is in it from its first day. */
static void test_begun_late(void **state)
{
	struct second *s = *state;
	struct store_opts o = site_opts(&s->t, false);
	struct seen v;
	store_close(s->t.store);
	assert_ok(store_open(&s->t.store, &o, EI));
	assert_ok(person_erase(s->t.store, person(s, "a@example.org"), ERASURE_REQUEST, NOW, EI));
	assert_false(file_exists(s->file));
	store_close(s->t.store);
	second_open(s);
	assert_ok(journal_beat(s->t.store, NOW + 1, 0, EI));
	assert_ok(look(s, &v));
	assert_int_equal(v.of[JOURNAL_ERASED], 1);
}

/* Exactly those after which a person does not want mail: the table in SQL says what event_departs() says. */
static void test_who_departs(void **state)
{
	struct second *s = *state;
	struct seen v;
	unsigned departed = 0;
	assert_ok(journal_flush(s->t.store, NOW, EI));
	for (int kind = 1; kind < EVENT_KIND__MAX; kind++) {
		char address[32];
		snprintf(address, sizeof address, "eve%d@example.org", kind);
		struct event_new e = {.time_ms = NOW, .kind = (enum event_kind)kind, .person_id = person(s, address)};
		struct db *w;
		assert_ok(store_write_begin(s->t.store, &w, EI));
		assert_ok(event_append(w, &e, NULL, EI));
		assert_int_equal(w->wakes, event_departs(e.kind)); /* the worker writes it at once */
		assert_ok(store_write_commit(s->t.store, EI));
		departed += event_departs(e.kind);
		assert_ok(journal_flush(s->t.store, NOW + kind, EI));
		assert_ok(look(s, &v));
		assert_int_equal(v.of[JOURNAL_LEFT], departed);
		if (event_departs(e.kind)) {
			assert_int_equal(v.r[v.n - 2].v[0], e.person_id);
			assert_int_equal(v.r[v.n - 2].v[1], kind);
		}
	}
	assert_int_equal(departed, 7);
}

/*
 * Many wait from when the second disk was away. Somebody is erased: that one stands there before the answer, the others
 * need not. What is written is marked with the erasure itself, so that a crash before writes it once more.
 */
static void test_brief(void **state)
{
	struct second *s = *state;
	struct journal_end end;
	struct keep *k;
	char away[140], line[40];
	struct buf text;
	int64_t last = 0;
	assert_ok(journal_flush(s->t.store, NOW, EI));
	snprintf(away, sizeof away, "%s.away", s->disk);
	assert_int_equal(rename(s->disk, away), 0);
	log_capture(note, NULL);
	for (int i = 0; i < 520; i++) {
		char address[32];
		struct db *w;
		snprintf(address, sizeof address, "p%d@example.org", i);
		last = person(s, address);
		assert_ok(store_write_begin(s->t.store, &w, EI));
		assert_ok(erasure_ask(w, last, ERASURE_REQUEST, NOW, EI));
		assert_ok(store_write_commit(s->t.store, EI));
		said[0] = '\0';
	}
	assert_ok(erasure_finish(s->t.store, NOW, NULL, EI));
	log_capture(NULL, NULL);
	assert_int_equal(waiting(s), 520);
	assert_int_equal(rename(away, s->disk), 0);
	last = person(s, "last@example.org");
	assert_ok(person_erase(s->t.store, last, ERASURE_REQUEST, NOW + 1, EI));
	assert_int_equal(waiting(s), 20);
	buf_init(&text, 1 << 20);
	whole(&text, s->file);
	snprintf(line, sizeof line, " erased %" PRId64 " ", last);
	assert_non_null(strstr(text.data, line));
	/* A journal that lacks something does not say that it reaches the present. */
	assert_int_equal(count_of(text, " alive "), 1);
	assert_ok(journal_brief(s->t.store, NOW + 2, &k, EI));
	assert_non_null(k);
	journal_brief_end(k); /* as if it died here */
	assert_int_equal(waiting(s), 20);
	assert_ok(journal_flush(s->t.store, NOW + 3, EI));
	assert_int_equal(waiting(s), 0);
	whole(&text, s->file);
	assert_int_equal(count_of(text, " erased "), 541);
	assert_ok(journal_parse(buf_slice(&text), store_keyring(s->t.store), "example", NULL, NULL, &end, EI));
	assert_false(end.torn);
	buf_free(&text);
}

/* An older line altered: an erasure does not read them all, the sign of life does. */
static void test_old_line_altered(void **state)
{
	struct second *s = *state;
	struct buf text;
	struct seen v;
	int64_t a = person(s, "a@example.org"), b = person(s, "b@example.org");
	buf_init(&text, 1 << 20);
	assert_ok(person_erase(s->t.store, a, ERASURE_REQUEST, NOW, EI));
	whole(&text, s->file);
	strstr(text.data, " erased ")[8] ^= 1;
	assert_ok(file_write(s->file, buf_slice(&text), 0600, EI));
	buf_free(&text);
	assert_ok(person_erase(s->t.store, b, ERASURE_REQUEST, NOW + 1, EI));
	said[0] = '\0';
	log_capture(note, NULL);
	assert_ok(journal_beat(s->t.store, NOW + JOURNAL_ALIVE_MS, 0, EI));
	log_capture(NULL, NULL);
	assert_non_null(strstr(said, "journal_broken"));
	assert_ok(look(s, &v));
	assert_int_equal(v.of[JOURNAL_ERASED], 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_erasure_is_there_before_it_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_else_is_written, setup, teardown),
		cmocka_unit_test_setup_teardown(test_signs_of_life, setup, teardown),
		cmocka_unit_test_setup_teardown(test_altered, setup, teardown),
		cmocka_unit_test_setup_teardown(test_disk_missing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_torn, setup, teardown),
		cmocka_unit_test_setup_teardown(test_made_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(test_trimmed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_begun_late, setup, teardown),
		cmocka_unit_test_setup_teardown(test_who_departs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_brief, setup, teardown),
		cmocka_unit_test_setup_teardown(test_old_line_altered, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

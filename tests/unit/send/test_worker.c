/* The worker with a real store and the fakes of Mailjet and Brevo; time is set, so nothing waits. */
#include "unit/send/fake.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/file.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/enc.h"
#include "base/log.h"
#include "conf/conf.h"
#include "mail/message.h"
#include "mail/provider.h"
#include "send/wake.h"
#include "send/worker.h"
#include "store/event.h"
#include "store/outbox.h"
#include "store/person.h"
#include "store/text.h"

#define NOW INT64_C(1795269909123)
/* Long, so that a busy machine fails nobody; short only where no answer is what a test is about. */
#define PATIENCE_MS 20000
#define IMPATIENCE_MS 400
static unsigned patience_ms = PATIENCE_MS;

static struct world {
	char root[64], data[96], keys[96], site_file[96], journal[96], mails[96], key_path[96];
	struct fake fake, brevo;
	char brevo_journal[96], brevo_key[96];
	struct conf *loaded;
	struct conf_report report;
	struct conf conf;
	struct conf_site site;
	const struct conf_site *sites[1];
	const char *route[3];
	struct store_opts so;
	char so_dir[128], so_keys[128];
	struct store *store;
	int64_t now;
	int leftovers;
	char ca_path[96];
	const char *ca_file;
	char last_file[512];
	char log[65536];
} w;
static struct errinfo ei;

static void on_log(const char *line, void *arg)
{
	size_t len = strlen(w.log);

	(void)arg;
	snprintf(w.log + len, sizeof(w.log) - len, "%s\n", line);
}

static void must(enum err e, int line)
{
	if (e)
		fail_msg("line %d: %s %s", line, err_name(e), ei.text);
}
#define MUST(call) must(call, __LINE__)

static void open_store(void)
{
	MUST(store_open(&w.store, &w.so, &ei));
}

static void close_store(void)
{
	store_close(w.store);
	w.store = NULL;
}

static void write_key(const char *key)
{
	unlink(w.key_path);
	MUST(file_write(w.key_path, slice_from(key), 0600, &ei));
}

static void at(int64_t seconds)
{
	w.now = NOW + seconds * 1000;
	clock_set_ms(w.now);
}

static const char host_yaml[] = "data: data\nkeys: keys\nsites: example.yaml\n";
static const char site_yaml[] =
    "site: example\n"
    "base_url: https://www.example.org/j\n"
    "origins: [https://www.example.org]\n"
    "languages: [de, en]\n"
    "controller: { name: Beispiel, address: [Gasse 1, 10115 Berlin], country: DE, state: BE,\n"
    "  email: daten@example.org, imprint: https://www.example.org/impressum }\n"
    "dpo: none\n"
    "purposes:\n"
    "  news: { channel: email, title: { de: Post, en: Mail }, content: { de: Neues, en: News },\n"
    "    frequency: { de: monatlich, en: monthly } }\n"
    "forms:\n"
    "  news: { purposes: [news] }\n"
    "mail:\n"
    "  from: { name: Beispiel, email: news@example.org }\n"
    "  route: [mailjet]\n"
    "  mailjet: { key_file: mailjet.key }\n"
    "  brevo: { key_file: brevo.key }\n"
    "  smtp: { url: \"smtp://mail.example.org\", starttls: true, user: news, password_file: mailjet.key }\n"
    "processors:\n"
    "  mailjet: { contract_party: Mailjet SAS, address: [75012 Paris], country: FR, us_affiliate: true,\n"
    "    contract: { date: 2026-03-01 }, privacy_url: https://mailjet.test/p,\n"
    "    subprocessors_url: https://mailjet.test/s,\n"
    "    transfer: { mechanism: [scc], scc_module: 2, tia_date: 2026-03-01 } }\n"
    "hosting: self\n"
    "mode: live\n";

static void load_conf(void)
{
	char path[128];
	struct conf_opts o = {.path = path};

	snprintf(path, sizeof(path), "%s/jawort.yaml", w.root);
	MUST(file_write(path, slice_from(host_yaml), 0600, &ei));
	MUST(file_write(w.site_file, slice_from(site_yaml), 0600, &ei));
	conf_report_init(&w.report);
	MUST(conf_load(&o, &w.loaded, &w.report, &ei));
	if (w.loaded->nbroken)
		fail_msg("%s", w.loaded->broken[0].first);
	/* Copies that the tests may change. */
	w.conf = *w.loaded;
	w.site = *w.loaded->sites[0];
	w.sites[0] = &w.site;
	w.conf.sites = w.sites;
}

static int setup(void **state)
{
	(void)state;
	memset(&w, 0, sizeof(w));
	snprintf(w.root, sizeof(w.root), "/tmp/jawort-send-XXXXXX");
	assert_non_null(mkdtemp(w.root));
	snprintf(w.data, sizeof(w.data), "%s/data", w.root);
	snprintf(w.keys, sizeof(w.keys), "%s/keys", w.root);
	snprintf(w.site_file, sizeof(w.site_file), "%s/example.yaml", w.root);
	snprintf(w.journal, sizeof(w.journal), "%s/journal", w.root);
	snprintf(w.mails, sizeof(w.mails), "%s/mails", w.root);
	snprintf(w.key_path, sizeof(w.key_path), "%s/mailjet.key", w.root);
	MUST(crypt_init(&ei));
	MUST(file_mkdir(w.data, 0700, &ei));
	MUST(file_mkdir(w.keys, 0700, &ei));
	write_key("KEY:SECRET\n");
	fake_start(&w.fake, "KEY:SECRET", w.journal);
	at(0);
	patience_ms = PATIENCE_MS;
	w.route[0] = "mailjet";
	load_conf();
	w.site.mail.route = (struct conf_list){w.route, 1};
	w.site.mail.mailjet.endpoint = w.fake.endpoint;
	w.site.mail.dir.path = w.mails;
	snprintf(w.so_dir, sizeof(w.so_dir), "%s/example", w.data);
	snprintf(w.so_keys, sizeof(w.so_keys), "%s/example.keys", w.keys);
	w.so = (struct store_opts){.site = "example", .dir = w.so_dir, .keys_path = w.so_keys, .create = true};
	open_store();
	log_capture(on_log, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	log_capture(NULL, NULL);
	store_close(w.store);
	fake_stop(&w.fake);
	if (w.brevo.pid)
		fake_stop(&w.brevo);
	conf_free(w.loaded);
	conf_report_free(&w.report);
	tree_remove(w.root);
	clock_set_ms(-1);
	return 0;
}

/* --- filling the outbox ------------------------------------------------------------ */

static void stored_text(struct buf *out, const char *subject)
{
	struct message m = {
		.from_name = SLICE("Beispiel"), .from_addr = SLICE("news@example.org"),
		.to = message_slot_marker(MESSAGE_TO), .subject = slice_from(subject),
		.text = message_slot_marker(MESSAGE_LINK), .html = SLICE("<p>Hallo</p>"),
		.list_unsubscribe = message_slot_marker(MESSAGE_UNSUBSCRIBE), .list_id = SLICE("news.www.example.org"),
		.message_id = message_slot_marker(MESSAGE_MESSAGE_ID), .boundary = message_slot_marker(MESSAGE_BOUNDARY),
		.zone = SLICE("Europe/Berlin"), .lang = SLICE("de"),
	};

	MUST(message_store(out, &m, &ei));
}

static void slots_json(struct buf *out, const char *to)
{
	struct message_slots v = {.date_ms = w.now};

	v.value[MESSAGE_TO] = slice_from(to);
	v.value[MESSAGE_LINK] = SLICE("https://www.example.org/j/c/abcdefgh");
	v.value[MESSAGE_UNSUBSCRIBE] = SLICE("https://www.example.org/j/u/abcdefgh");
	v.value[MESSAGE_MESSAGE_ID] = SLICE("1.a@www.example.org");
	v.value[MESSAGE_BOUNDARY] = SLICE("=_jawort_1");
	MUST(message_slots_write(out, &v, &ei));
}

/* To a new person, or (kind nothing) to nobody that is held. hash: of its text, if that is not to be stored. */
static int64_t add_mail_with(enum outbox_kind kind, const char *to, const char *subject, const unsigned char *hash)
{
	struct buf text, slots;
	struct outbox_new n = {.channel = STORE_EMAIL, .kind = kind, .created_ms = w.now, .next_ms = w.now};
	struct person_new p = {.channel = STORE_EMAIL, .state = PERSON_PENDING, .address = slice_from(to), .lang = SLICE("de"),
		.now_ms = w.now};
	struct db *db;
	int64_t id = 0;

	buf_init(&text, MESSAGE_STORED_MAX_BYTES);
	buf_init(&slots, 4096);
	stored_text(&text, subject);
	slots_json(&slots, to);
	MUST(store_write_begin(w.store, &db, &ei));
	if (hash)
		memcpy(n.mail_hash, hash, sizeof(n.mail_hash));
	else
		MUST(text_put(db, TEXT_MAIL, "de", MESSAGE_FORMAT, buf_slice(&text), n.mail_hash, &ei));
	if (kind != OUTBOX_NOTHING)
		MUST(person_insert(db, &p, &n.person_id, &ei));
	n.slots = buf_slice(&slots);
	MUST(outbox_add(db, &n, &id, &ei));
	MUST(store_write_commit(w.store, &ei));
	buf_free(&text);
	buf_free(&slots);
	return id;
}

static int64_t add_mail_of(enum outbox_kind kind, const char *to)
{
	return add_mail_with(kind, to, "Bitte bestätigen", NULL);
}

static int64_t add_mail(const char *to)
{
	return add_mail_of(OUTBOX_CONFIRM, to);
}

/* --- looking ------------------------------------------------------------------------ */

struct row {
	enum outbox_state state;
	int64_t next_ms, person_id, done_ms;
	int attempt;
	char code[40], provider[20], provider_id[100];
};

static void row_copy(const struct outbox_row *r, void *arg)
{
	struct row *out = arg;

	out->state = r->state;
	out->next_ms = r->next_ms;
	out->done_ms = r->done_ms;
	out->person_id = r->person_id;
	out->attempt = r->attempt;
	slice_copy(r->result_code, out->code, sizeof(out->code));
	slice_copy(r->provider, out->provider, sizeof(out->provider));
	slice_copy(r->provider_id, out->provider_id, sizeof(out->provider_id));
}

static struct row row_of(int64_t id)
{
	struct row r = {0};
	struct db *db;

	MUST(store_read(w.store, &db, &ei));
	MUST(outbox_get(db, id, row_copy, &r, &ei));
	store_read_end(w.store, db);
	return r;
}

static void check_row(int64_t id, enum outbox_state state, const char *code, int line)
{
	struct row r = row_of(id);

	if (r.state != state || strcmp(r.code, code) != 0)
		fail_msg("line %d: row is %s %s, not %s %s\n%s", line, outbox_state_name(r.state), r.code,
		    outbox_state_name(state), code, w.log);
}
#define ROW(id, state, code) check_row(id, state, code, __LINE__)

struct events {
	int of[EVENT_KIND__MAX];
	char core[2000], fields[2000];
};

static bool on_event(const struct event_row *r, void *arg)
{
	struct events *e = arg;

	e->of[r->kind]++;
	slice_copy(r->plain[EVENT_CORE], e->core, sizeof(e->core));
	slice_copy(r->plain[EVENT_FIELDS], e->fields, sizeof(e->fields));
	return true;
}

static struct events events_of(int64_t id)
{
	struct events e = {0};
	struct db *db;
	struct row r = row_of(id);

	MUST(store_read(w.store, &db, &ei));
	MUST(event_each(db, r.person_id, 0, on_event, &e, &ei));
	store_read_end(w.store, db);
	return e;
}

static int64_t events_all(void)
{
	int64_t last = 0;
	struct db *db;

	MUST(store_read(w.store, &db, &ei));
	MUST(event_size(db, &last, &ei));
	store_read_end(w.store, db);
	return last;
}

static enum err leftover(struct store *st, const struct conf_site *site, void *arg)
{
	assert_non_null(st);
	assert_string_equal(site->id, "example");
	(*(int *)arg)++;
	return OK;
}

static enum err run_once(void)
{
	const struct worker_opts o = {.conf = &w.conf, .once = true, .stop_fd = -1, .timeout_ms = patience_ms,
		.ca_file = w.ca_file, .leftover = leftover, .arg = &w.leftovers};
	enum err e;

	close_store();
	e = worker_run(&o, &ei);
	open_store();
	return e;
}

#define POSTS() fake_count(&w.fake, "\"url\":\"/v3.1/send\"")
#define LOOKUPS() fake_count(&w.fake, "\"url\":\"/v3/REST/message?CustomID=")

/* The values of the mail stand with the evidence, tokens hidden, with the sum of what left. */
static void proof_is_there(const struct events *e, const char *to)
{
	static const char *const has[] = {"\"link\":\"https://www.example.org/j/c/abcd****\"",
	    "\"unsubscribe\":\"https://www.example.org/j/u/abcd****\"", "\"message_id\":\"1.a@www.example.org\"",
	    "\"date_header\":\"", "\"sha256\":\""};

	assert_non_null(strstr(e->fields, to));
	for (size_t i = 0; i < sizeof(has) / sizeof(has[0]); i++)
		if (!strstr(e->fields, has[i]))
			fail_msg("%s is not in %s", has[i], e->fields);
	assert_null(strstr(e->fields, "abcdefgh"));
}

/* --- cases -------------------------------------------------------------------------- */

static void accepted(void **state)
{
	int64_t id = add_mail("anna@example.net");
	struct events e;
	struct row r;

	(void)state;
	MUST(run_once());
	ROW(id, OUTBOX_ACCEPTED, "ok");
	r = row_of(id);
	assert_string_equal(r.provider, "mailjet");
	assert_true(strlen(r.provider_id) >= 16 && strspn(r.provider_id, "0123456789") == strlen(r.provider_id));
	assert_int_equal(r.attempt, 1);
	e = events_of(id);
	assert_int_equal(e.of[EVENT_MAIL_ACCEPTED], 1);
	assert_int_equal(e.of[EVENT_MAIL_FAILED], 0);
	assert_non_null(strstr(e.core, r.provider_id));
	proof_is_there(&e, "anna@example.net");
	assert_int_equal(POSTS(), 1);
	assert_int_equal(fake_count(&w.fake, "\"CustomID\":\"example-"), 1);
	assert_int_equal(w.leftovers, 1);
	/* Nothing personal in any line. */
	assert_null(strstr(w.log, "anna"));
	assert_null(strstr(w.log, "/c/abc"));
	assert_null(strstr(w.log, "SECRET"));
	/* And not again. */
	MUST(run_once());
	assert_int_equal(POSTS(), 1);
}

/* A mail without a person goes out like others, leaves no event, and its address goes with it. */
static void to_nobody(void **state)
{
	int64_t id = add_mail_of(OUTBOX_NOTHING, "anna@example.net"), late;

	(void)state;
	MUST(run_once());
	ROW(id, OUTBOX_ACCEPTED, "ok");
	assert_int_equal(POSTS(), 1);
	assert_int_equal(fake_count(&w.fake, "anna@example.net"), 1);
	assert_int_equal(events_all(), 0);
	assert_null(strstr(w.log, "anna"));
	/* Nobody waits longer for it than for the link. */
	late = add_mail_of(OUTBOX_NOTHING, "bert@example.net");
	at(16 * 60);
	MUST(run_once());
	ROW(late, OUTBOX_FAILED, "expired");
	assert_int_equal(POSTS(), 1);
	assert_int_equal(events_all(), 0);
}

static void a_whole_batch(void **state)
{
	int64_t ids[130];

	(void)state;
	for (int i = 0; i < 130; i++) {
		char to[40];

		snprintf(to, sizeof(to), "p%d@example.net", i);
		ids[i] = add_mail(to);
	}
	MUST(run_once());
	for (int i = 0; i < 130; i++)
		ROW(ids[i], OUTBOX_ACCEPTED, "ok");
	assert_int_equal(POSTS(), 130);
}

static void rate_limit_is_tried_later(void **state)
{
	int64_t id = add_mail("a+429@example.net");
	struct row r;

	(void)state;
	MUST(run_once());
	ROW(id, OUTBOX_QUEUED, "mj-0429");
	r = row_of(id);
	assert_true(r.next_ms >= w.now + 22000 && r.next_ms <= w.now + 38000);
	assert_int_equal(events_of(id).of[EVENT_MAIL_FAILED], 0);
	/* Not before its time. */
	MUST(run_once());
	assert_int_equal(POSTS(), 1);
	at(40);
	MUST(run_once());
	assert_int_equal(POSTS(), 2);
	r = row_of(id);
	assert_true(r.next_ms >= w.now + 45000);
}

static void server_error_then_fine(void **state)
{
	int64_t id = add_mail("a+flaky@example.net");

	(void)state;
	MUST(run_once());
	ROW(id, OUTBOX_QUEUED, "mj-0500");
	at(60);
	MUST(run_once());
	ROW(id, OUTBOX_ACCEPTED, "ok");
	assert_int_equal(row_of(id).attempt, 2);
}

static void html_page_is_tried_later(void **state)
{
	int64_t id = add_mail("a+html@example.net");

	(void)state;
	MUST(run_once());
	ROW(id, OUTBOX_QUEUED, "http-502");
}

static void retries_end(void **state)
{
	int64_t id = add_mail("a+500@example.net");
	struct events e;

	(void)state;
	MUST(run_once());
	at(48 * 3600 + 1);
	MUST(run_once());
	/* The link in it is dead: it is not even tried. */
	ROW(id, OUTBOX_FAILED, "expired");
	e = events_of(id);
	proof_is_there(&e, "a+500@example.net");
	assert_int_equal(POSTS(), 1);
	assert_int_equal(events_of(id).of[EVENT_MAIL_FAILED], 1);
}

static void bad_address_fails(void **state)
{
	int64_t id = add_mail("a+badaddress@example.net");
	struct events e;

	(void)state;
	MUST(run_once());
	ROW(id, OUTBOX_FAILED, "mj-0013");
	e = events_of(id);
	proof_is_there(&e, "a+badaddress@example.net");
	assert_int_equal(events_of(id).of[EVENT_MAIL_FAILED], 1);
	assert_null(strstr(w.log, "badaddress"));
	assert_null(strstr(w.log, "mail_hold"));
}

/* No answer: the mail is there, and only a look-up knows. */
static void timeout_is_looked_up(void **state)
{
	int64_t id = add_mail("a+timeout@example.net");

	(void)state;
	patience_ms = IMPATIENCE_MS;
	MUST(run_once());
	ROW(id, OUTBOX_UNKNOWN, "no-answer");
	MUST(run_once());
	assert_int_equal(LOOKUPS(), 0);
	at(WORKER_LOOKUP_S + 1);
	MUST(run_once());
	ROW(id, OUTBOX_ACCEPTED, "ok");
	assert_int_equal(POSTS(), 1);
	assert_int_equal(LOOKUPS(), 1);
	assert_int_equal(events_of(id).of[EVENT_MAIL_ACCEPTED], 1);
}

static void cut_answers_are_looked_up(void **state)
{
	int64_t cut = add_mail("a+cut@example.net"), noid = add_mail("a+noid@example.net");

	(void)state;
	patience_ms = IMPATIENCE_MS;
	MUST(run_once());
	ROW(cut, OUTBOX_UNKNOWN, "unreadable");
	ROW(noid, OUTBOX_UNKNOWN, "no-id");
	at(WORKER_LOOKUP_S + 1);
	MUST(run_once());
	ROW(cut, OUTBOX_ACCEPTED, "ok");
	ROW(noid, OUTBOX_ACCEPTED, "ok");
	assert_int_equal(POSTS(), 2);
}

/* It never arrived: sent again, after the look-up said so. */
static void lost_is_sent_again(void **state)
{
	int64_t id = add_mail("a+lost@example.net");

	(void)state;
	patience_ms = IMPATIENCE_MS;
	MUST(run_once());
	ROW(id, OUTBOX_UNKNOWN, "no-answer");
	at(WORKER_LOOKUP_S + 1);
	MUST(run_once());
	ROW(id, OUTBOX_UNKNOWN, "no-answer");
	assert_int_equal(LOOKUPS(), 1);
	assert_int_equal(POSTS(), 2);
}

/* A failed look-up must not become a second mail. */
static void lookup_that_fails_waits(void **state)
{
	int64_t id = add_mail("a+timeout@example.net");

	(void)state;
	patience_ms = IMPATIENCE_MS;
	MUST(run_once());
	w.site.mail.mailjet.endpoint = "http://127.0.0.1:1";
	at(WORKER_LOOKUP_S + 1);
	MUST(run_once());
	ROW(id, OUTBOX_UNKNOWN, "not-sent");
	assert_true(row_of(id).next_ms > w.now);
	w.site.mail.mailjet.endpoint = w.fake.endpoint;
	at(WORKER_LOOKUP_S + 600);
	MUST(run_once());
	ROW(id, OUTBOX_ACCEPTED, "ok");
	assert_int_equal(POSTS(), 1);
}

static int count_in_log(const char *text)
{
	int n = 0;

	for (const char *p = w.log; (p = strstr(p, text)); p++)
		n++;
	return n;
}

static void wrong_key_holds_the_queue(void **state)
{
	int64_t ids[40];

	(void)state;
	write_key("KEY:WRONG\n");
	for (int i = 0; i < 40; i++) {
		char to[40];

		snprintf(to, sizeof(to), "h%d@example.net", i);
		ids[i] = add_mail(to);
	}
	MUST(run_once());
	ROW(ids[0], OUTBOX_HELD, "mj-0015");
	/* One line, and not one request per mail. */
	assert_int_equal(count_in_log("event=mail_hold "), 1);
	assert_non_null(strstr(w.log, "mail.mailjet.key_file"));
	assert_true(POSTS() <= WORKER_PARALLEL);
	for (int i = 0; i < 40; i++)
		assert_int_equal(row_of(ids[i]).done_ms, 0);
	/* Mended: one mail goes first, then all. */
	write_key("KEY:SECRET\n");
	at(WORKER_HOLD_CHECK_S + 1);
	MUST(run_once());
	for (int i = 0; i < 40; i++)
		ROW(ids[i], OUTBOX_ACCEPTED, "ok");
	assert_int_equal(events_of(ids[0]).of[EVENT_MAIL_FAILED], 0);
}

static void a_missing_key_file_holds(void **state)
{
	int64_t id = add_mail("anna@example.net");

	(void)state;
	unlink(w.key_path);
	MUST(run_once());
	assert_int_equal(row_of(id).state, OUTBOX_QUEUED);
	assert_int_equal(row_of(id).attempt, 0);
	assert_int_equal(count_in_log("event=mail_hold "), 1);
	write_key("no colon here\n");
	MUST(run_once());
	assert_non_null(strstr(w.log, "KEY:SECRET"));
	write_key("KEY:SECRET\n");
	MUST(run_once());
	ROW(id, OUTBOX_ACCEPTED, "ok");
}

/* A worker that died with a row in "sending": looked up, and here it never left. */
static void rows_of_a_dead_worker(void **state)
{
	int64_t id = add_mail("anna@example.net");
	struct db *db;

	(void)state;
	MUST(store_write_begin(w.store, &db, &ei));
	struct row r;
	MUST(outbox_claim(db, w.now, 10, SLICE("dead"), row_copy, &r, NULL, &ei));
	MUST(store_write_commit(w.store, &ei));
	MUST(run_once());
	assert_int_equal(row_of(id).state, OUTBOX_UNKNOWN);
	assert_int_equal(POSTS(), 0);
	at(WORKER_LOOKUP_S + 1);
	MUST(run_once());
	ROW(id, OUTBOX_ACCEPTED, "ok");
	assert_int_equal(LOOKUPS(), 1);
	assert_int_equal(POSTS(), 1);
}

/* kill -9 while ten requests are under way and the provider has all of them. */
static void kill_loses_and_doubles_nothing(void **state)
{
	int64_t ids[10];
	pid_t child;

	(void)state;
	for (int i = 0; i < 10; i++) {
		char to[40];

		snprintf(to, sizeof(to), "k%d+timeout@example.net", i);
		ids[i] = add_mail(to);
	}
	close_store();
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		const struct worker_opts o = {.conf = &w.conf, .once = true, .stop_fd = -1, .timeout_ms = 600000};

		worker_run(&o, &ei);
		_exit(0);
	}
	for (int i = 0; i < 3000 && POSTS() < 10; i++)
		usleep(20000);
	assert_int_equal(POSTS(), 10);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	open_store();
	for (int i = 0; i < 10; i++)
		assert_int_equal(row_of(ids[i]).state, OUTBOX_SENDING);
	MUST(run_once());
	for (int i = 0; i < 10; i++)
		assert_int_equal(row_of(ids[i]).state, OUTBOX_UNKNOWN);
	at(WORKER_LOOKUP_S + 1);
	MUST(run_once());
	for (int i = 0; i < 10; i++)
		ROW(ids[i], OUTBOX_ACCEPTED, "ok");
	assert_int_equal(POSTS(), 10);
	assert_int_equal(LOOKUPS(), 10);
}

static int files_in(const char *dir)
{
	DIR *d = opendir(dir);
	int n = 0;

	for (struct dirent *e; d && (e = readdir(d));) {
		n += e->d_name[0] != '.';
		if (e->d_name[0] != '.')
			snprintf(w.last_file, sizeof(w.last_file), "%s/%s", dir, e->d_name);
	}
	if (d)
		closedir(d);
	return n;
}

/* The sum that the evidence keeps is that of the very bytes that were handed over. */
static void proof_is_of_what_left(void **state)
{
	int64_t id = add_mail("anna@example.net");
	unsigned char hash[CRYPT_HASH_BYTES];
	char hex[ENC_HEX_BYTES(sizeof(hash))];
	struct events e;
	struct buf eml;

	(void)state;
	w.route[0] = "dir";
	MUST(run_once());
	assert_int_equal(files_in(w.mails), 1);
	buf_init(&eml, 1u << 20);
	MUST(file_read(&eml, w.last_file, &ei));
	assert_non_null(strstr(eml.data, "/c/abcdefgh"));
	crypt_sha256(hash, eml.data, eml.len);
	buf_free(&eml);
	e = events_of(id);
	assert_int_equal(e.of[EVENT_MAIL_ACCEPTED], 1);
	assert_non_null(strstr(e.fields, enc_hex(hash, sizeof(hash), hex)));
}

static void dir_gets_files(void **state)
{
	int64_t id = add_mail("anna@example.net");

	(void)state;
	w.route[0] = "dir";
	MUST(run_once());
	ROW(id, OUTBOX_ACCEPTED, "ok");
	assert_string_equal(row_of(id).provider, "dir");
	assert_int_equal(files_in(w.mails), 1);
	assert_int_equal(POSTS(), 0);
}

/* A dead worker and a folder: the same mail is the same file. */
static void dir_repeats_into_the_same_file(void **state)
{
	int64_t id = add_mail("anna@example.net");
	struct db *db;
	struct row r;

	(void)state;
	w.route[0] = "dir";
	MUST(run_once());
	MUST(store_write_begin(w.store, &db, &ei));
	assert_int_equal(outbox_retry(db, id, w.now, &ei), E_CONFLICT); /* accepted */
	store_write_rollback(w.store);
	id = add_mail("berta@example.net");
	MUST(store_write_begin(w.store, &db, &ei));
	MUST(outbox_claim(db, w.now, 10, SLICE("dead"), row_copy, &r, NULL, &ei));
	MUST(store_write_commit(w.store, &ei));
	MUST(run_once());
	at(WORKER_LOOKUP_S + 1);
	MUST(run_once());
	ROW(id, OUTBOX_ACCEPTED, "ok");
	assert_int_equal(files_in(w.mails), 2);
}

static void the_next_provider_of_the_route(void **state)
{
	int64_t id = add_mail("anna@example.net");

	(void)state;
	w.route[1] = "dir";
	w.site.mail.route.n = 2;
	w.site.mail.mailjet.endpoint = "http://127.0.0.1:1";
	MUST(run_once());
	ROW(id, OUTBOX_ACCEPTED, "ok");
	assert_string_equal(row_of(id).provider, "dir");
	assert_int_equal(count_in_log("event=mail_hold "), 1);
}

/* An uncertain mail stays with its provider: only that one can be asked. */
static void unknown_does_not_change_provider(void **state)
{
	int64_t id = add_mail("a+timeout@example.net");

	(void)state;
	patience_ms = IMPATIENCE_MS;
	w.route[1] = "dir";
	w.site.mail.route.n = 2;
	MUST(run_once());
	ROW(id, OUTBOX_UNKNOWN, "no-answer");
	at(WORKER_LOOKUP_S + 1);
	MUST(run_once());
	ROW(id, OUTBOX_ACCEPTED, "ok");
	assert_string_equal(row_of(id).provider, "mailjet");
	assert_int_equal(files_in(w.mails), 0);
}

/* --- Brevo ---------------------------------------------------------------------------- */

static void brevo_start(const char *first, const char *second, const char *more, const char *value)
{
	snprintf(w.brevo_journal, sizeof(w.brevo_journal), "%s/brevo-journal", w.root);
	snprintf(w.brevo_key, sizeof(w.brevo_key), "%s/brevo.key", w.root);
	MUST(file_write(w.brevo_key, SLICE("xkeysib-17\n"), 0600, &ei));
	fake_start_as(&w.brevo, "tests/fakes/brevo.mjs", "xkeysib-17", w.brevo_journal, more, value);
	w.site.mail.brevo.endpoint = w.brevo.endpoint;
	w.route[0] = first;
	w.route[1] = second;
	w.site.mail.route.n = second ? 2 : 1;
}

#define BREVO_POSTS() fake_count(&w.brevo, "\"url\":\"/v3/smtp/email\"")
#define BREVO_LOOKUPS() fake_count(&w.brevo, "\"url\":\"/v3/smtp/statistics/events?")

static void brevo_accepts(void **state)
{
	int64_t id = add_mail("anna@example.net");
	struct events e;
	struct row r;

	(void)state;
	brevo_start("brevo", NULL, NULL, NULL);
	MUST(run_once());
	ROW(id, OUTBOX_ACCEPTED, "ok");
	r = row_of(id);
	e = events_of(id);
	assert_string_equal(r.provider, "brevo");
	assert_non_null(strstr(r.provider_id, "@smtp-relay.mailin.fr>"));
	assert_int_equal(e.of[EVENT_MAIL_ACCEPTED], 1);
	assert_non_null(strstr(e.core, r.provider_id + 1)); /* the bracket is written as \u003c */
	assert_non_null(strstr(e.core, "brevo"));
	assert_int_equal(BREVO_POSTS(), 1);
	assert_int_equal(fake_count(&w.brevo, "\"auth\":true"), 1);
	assert_int_equal(fake_count(&w.brevo, "\"tags\":[\"example-"), 1);
	assert_null(strstr(w.log, "anna"));
	assert_null(strstr(w.log, "xkeysib"));
}

/* The answer is lost, the mail is not: asked again with its key it is not sent a second time, then its id is found. */
static void brevo_knows_its_key(void **state)
{
	int64_t id = add_mail("a+timeout@example.net");

	(void)state;
	brevo_start("brevo", NULL, NULL, NULL);
	patience_ms = IMPATIENCE_MS;
	MUST(run_once());
	ROW(id, OUTBOX_UNKNOWN, "no-answer");
	at(WORKER_LOOKUP_S + 1);
	MUST(run_once());
	ROW(id, OUTBOX_UNKNOWN, "duplicate_parameter");
	assert_int_equal(BREVO_POSTS(), 2);
	assert_int_equal(BREVO_LOOKUPS(), 0);
	at(200);
	MUST(run_once());
	ROW(id, OUTBOX_ACCEPTED, "ok");
	assert_non_null(strstr(row_of(id).provider_id, "@smtp-relay.mailin.fr>"));
	assert_int_equal(BREVO_POSTS(), 2);
	assert_int_equal(BREVO_LOOKUPS(), 1);
	assert_int_equal(events_of(id).of[EVENT_MAIL_ACCEPTED], 1);
}

/* Its events come late: "not there" is tried with the same key, so there is still one mail. */
static void brevo_events_come_late(void **state)
{
	int64_t id = add_mail("a+timeout@example.net");

	(void)state;
	brevo_start("brevo", NULL, "--lag", "3600000");
	patience_ms = IMPATIENCE_MS;
	MUST(run_once());
	at(40);
	MUST(run_once());
	ROW(id, OUTBOX_UNKNOWN, "duplicate_parameter");
	at(200);
	MUST(run_once());
	ROW(id, OUTBOX_UNKNOWN, "duplicate_parameter");
	assert_int_equal(BREVO_LOOKUPS(), 1);
	assert_int_equal(BREVO_POSTS(), 3);
	assert_int_equal(fake_count(&w.brevo, "\"status\":201"), 0);
}

/* It never arrived. First again with the key; when Brevo may have forgotten the key, only after a look-up. */
static void brevo_lost_is_sent_again(void **state)
{
	int64_t id = add_mail("a+lost@example.net");

	(void)state;
	brevo_start("brevo", NULL, NULL, NULL);
	MUST(run_once());
	ROW(id, OUTBOX_UNKNOWN, "no-answer");
	at(40);
	MUST(run_once());
	ROW(id, OUTBOX_UNKNOWN, "no-answer");
	assert_int_equal(BREVO_POSTS(), 2);
	assert_int_equal(BREVO_LOOKUPS(), 0);
	assert_true(row_of(id).next_ms >= w.now + 45000);
	at(40 + 601);
	MUST(run_once());
	assert_int_equal(BREVO_LOOKUPS(), 1);
	assert_int_equal(BREVO_POSTS(), 3);
}

static void brevo_killed_worker(void **state)
{
	int64_t id = add_mail("anna@example.net");
	struct db *db;
	struct row r;

	(void)state;
	brevo_start("brevo", NULL, NULL, NULL);
	MUST(store_write_begin(w.store, &db, &ei));
	MUST(outbox_claim(db, w.now, 10, SLICE("dead"), row_copy, &r, NULL, &ei));
	MUST(store_write_commit(w.store, &ei));
	MUST(run_once());
	at(WORKER_LOOKUP_S + 1);
	MUST(run_once());
	ROW(id, OUTBOX_ACCEPTED, "ok");
	assert_int_equal(BREVO_POSTS(), 1);
	assert_int_equal(BREVO_LOOKUPS(), 0);
}

static void brevo_wrong_key_holds(void **state)
{
	int64_t id = add_mail("anna@example.net");

	(void)state;
	brevo_start("brevo", NULL, NULL, NULL);
	unlink(w.brevo_key);
	MUST(file_write(w.brevo_key, SLICE("wrong\n"), 0600, &ei));
	MUST(run_once());
	ROW(id, OUTBOX_HELD, "unauthorized");
	assert_non_null(strstr(w.log, "mail.brevo.key_file"));
	unlink(w.brevo_key);
	MUST(file_write(w.brevo_key, SLICE("xkeysib-17\n"), 0600, &ei));
	at(WORKER_HOLD_CHECK_S + 1);
	MUST(run_once());
	ROW(id, OUTBOX_ACCEPTED, "ok");
}

/* Mailjet is away: Brevo takes the mail, and the evidence says so. */
static void brevo_takes_over(void **state)
{
	int64_t id = add_mail("anna@example.net");
	struct events e;

	(void)state;
	brevo_start("mailjet", "brevo", NULL, NULL);
	w.site.mail.mailjet.endpoint = "http://127.0.0.1:1";
	MUST(run_once());
	ROW(id, OUTBOX_ACCEPTED, "ok");
	e = events_of(id);
	assert_string_equal(row_of(id).provider, "brevo");
	assert_non_null(strstr(e.core, "brevo"));
	assert_non_null(strstr(e.core, row_of(id).provider_id + 1));
	assert_null(strstr(e.core, "mailjet"));
	assert_int_equal(count_in_log("event=mail_hold "), 1);
	assert_int_equal(BREVO_POSTS(), 1);
}

/* An uncertain mail is asked for where it may be, whoever is first on the route by now. */
static void unknown_is_asked_where_it_may_be(void **state)
{
	int64_t at_mailjet = add_mail("a+timeout@example.net"), at_brevo;

	(void)state;
	brevo_start("mailjet", "brevo", NULL, NULL);
	patience_ms = IMPATIENCE_MS;
	MUST(run_once());
	ROW(at_mailjet, OUTBOX_UNKNOWN, "no-answer");
	w.route[0] = "brevo";
	w.route[1] = "mailjet";
	at_brevo = add_mail("b+timeout@example.net");
	MUST(run_once());
	ROW(at_brevo, OUTBOX_UNKNOWN, "no-answer");
	w.route[0] = "brevo";
	at(WORKER_LOOKUP_S + 1);
	MUST(run_once());
	ROW(at_mailjet, OUTBOX_ACCEPTED, "ok");
	assert_string_equal(row_of(at_mailjet).provider, "mailjet");
	w.route[0] = "mailjet";
	w.route[1] = "brevo";
	at(200);
	MUST(run_once());
	ROW(at_brevo, OUTBOX_ACCEPTED, "ok");
	assert_string_equal(row_of(at_brevo).provider, "brevo");
	assert_int_equal(POSTS(), 1);
	assert_int_equal(fake_count(&w.brevo, "a+timeout"), 0);
}

/* Where it may be nobody can ask: a second mail is better than none. */
static void unknown_goes_elsewhere_if_it_must(void **state)
{
	int64_t id = add_mail("a+timeout@example.net");

	(void)state;
	brevo_start("mailjet", "brevo", NULL, NULL);
	patience_ms = IMPATIENCE_MS;
	MUST(run_once());
	ROW(id, OUTBOX_UNKNOWN, "no-answer");
	unlink(w.key_path);
	at(WORKER_LOOKUP_S + 1);
	MUST(run_once());
	assert_string_equal(row_of(id).provider, "brevo");
	assert_int_equal(BREVO_POSTS(), 1);
}

static void smtp_without_answer_is_sent_once_more(void **state)
{
	int64_t id = add_mail("anna@example.net");
	struct script s[3];

	(void)state;
	patience_ms = IMPATIENCE_MS;
	w.route[0] = "smtp";
	w.site.mail.smtp.user = "";
	w.site.mail.smtp.host = "127.0.0.1";
	w.site.mail.smtp.tls = CONF_TLS_OFF;
	w.site.mail.smtp.starttls = false;
	for (int i = 0; i < 3; i++) {
		s[i] = (struct script){.greeting = "220 fake ESMTP\r\n",
			.steps = {{"\r\n", "250 fake\r\n"}, {"\r\n", "250 ok\r\n"}, {"\r\n", "250 ok\r\n"}, {"\r\n", "354 go\r\n"},
			    {"\r\n.\r\n", NULL}}};
		script_start(&s[i]);
		w.site.mail.smtp.port = (unsigned)s[i].port;
		at(i * (WORKER_LOOKUP_S + 1));
		MUST(run_once());
		script_end(&s[i]);
		ROW(id, OUTBOX_UNKNOWN, i == 0 ? "no-answer" : "unknown-final");
		/* The third worker has nothing to do. */
		assert_int_equal(s[i].len > 0, i < 2);
	}
	assert_true(row_of(id).done_ms > 0);
	assert_int_equal(events_of(id).of[EVENT_MAIL_FAILED], 1);
}

/* A login that may not use this sender: nobody's mail is given up for that. */
static void smtp_that_refuses_the_sender_holds(void **state)
{
	int64_t id = add_mail("anna@example.net");
	struct script s = {.greeting = "220 fake ESMTP\r\n", .steps = {{"\r\n", "250 fake\r\n"},
	    {"\r\n", "553 5.7.1 <news@example.org>: Sender address rejected: not owned by user\r\n"}, {"QUIT", NULL}}};

	(void)state;
	w.route[0] = "smtp";
	w.site.mail.smtp.user = "";
	w.site.mail.smtp.host = "127.0.0.1";
	w.site.mail.smtp.tls = CONF_TLS_OFF;
	w.site.mail.smtp.starttls = false;
	script_start(&s);
	w.site.mail.smtp.port = (unsigned)s.port;
	MUST(run_once());
	script_end(&s);
	ROW(id, OUTBOX_HELD, "smtp-553");
	assert_int_equal(count_in_log("event=mail_hold "), 1);
	assert_non_null(strstr(w.log, "mail.from.email"));
}

/* --- smtp: a server that others wrote ----------------------------------------------- */

/* A certificate of its own for 127.0.0.1, which is the only authority that the worker knows. */
static void smtpd_start(struct fake *f, bool implicit, const char *sender)
{
	char cert[96], key[96], command[500];
	int out[2], port = 0;
	FILE *in;

	snprintf(cert, sizeof(cert), "%s/cert.pem", w.root);
	snprintf(key, sizeof(key), "%s/key.pem", w.root);
	snprintf(command, sizeof(command), "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=x "
	    "-addext subjectAltName=IP:127.0.0.1 -keyout %s -out %s 2>/dev/null", key, cert);
	snprintf(f->journal, sizeof(f->journal), "%s/smtp-journal", w.root);
	assert_int_equal(pipe(out), 0);
	f->pid = fork();
	assert_true(f->pid >= 0);
	if (f->pid == 0) {
		dup2(out[1], 1);
		close(out[0]);
		close(out[1]);
		execl("/bin/sh", "sh", "-c", "eval \"$1\" && shift && exec \"$@\" 2>/dev/null", "sh", command, "/usr/bin/python3", "tests/fakes/smtpd.py", "--cert",
		    cert, "--key", key, "--user", "news", "--password", "secret", "--sender", sender, "--journal", f->journal,
		    implicit ? "--implicit" : (char *)NULL, (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	in = fdopen(out[0], "r");
	if (fscanf(in, "port %d", &port) != 1)
		fail_msg("smtpd.py did not start; is python3-aiosmtpd installed?");
	fclose(in);
	w.route[0] = "smtp";
	w.site.mail.smtp.user = "news";
	w.site.mail.smtp.host = "127.0.0.1";
	w.site.mail.smtp.port = (unsigned)port;
	w.site.mail.smtp.tls = implicit ? CONF_TLS_IMPLICIT : CONF_TLS_STARTTLS;
	write_key("secret\n");
	w.ca_file = strcpy(w.ca_path, cert);
}

static void smtp_server_takes_it(bool implicit)
{
	int64_t id, nobody, busy;
	struct fake f;

	smtpd_start(&f, implicit, "news@example.org");
	id = add_mail("anna@example.net");
	nobody = add_mail("nobody@example.net");
	busy = add_mail("busy@example.net");
	MUST(run_once());
	ROW(id, OUTBOX_ACCEPTED, "smtp-250");
	ROW(nobody, OUTBOX_FAILED, "smtp-550");
	ROW(busy, OUTBOX_QUEUED, "smtp-451");
	assert_int_equal(fake_count(&f, "\"from\": \"news@example.org\", \"to\": [\"anna@example.net\"], \"authenticated\": true, "
	    "\"tls\": true, \"bare\": false, \"defects\": []"), 1);
	assert_int_equal(fake_count(&f, "/j/c/"), 1);
	assert_int_equal(fake_count(&f, ""), 1);
	fake_stop(&f);
}

static void smtp_server_by_starttls(void **state)
{
	(void)state;
	smtp_server_takes_it(false);
}

static void smtp_server_by_tls(void **state)
{
	(void)state;
	smtp_server_takes_it(true);
}

/* Wrong password, a sender of somebody else, a certificate of nobody: the mail waits, and none has left. */
static void smtp_server_refuses(void **state)
{
	int64_t id;
	struct fake f;

	(void)state;
	smtpd_start(&f, false, "news@example.org");
	write_key("wrong\n");
	id = add_mail("anna@example.net");
	MUST(run_once());
	ROW(id, OUTBOX_HELD, "smtp-535");
	assert_null(strstr(w.log, "wrong"));
	write_key("secret\n");
	w.ca_file = NULL;
	MUST(run_once());
	ROW(id, OUTBOX_QUEUED, "not-sent");
	assert_int_equal(fake_count(&f, "anna"), 0);
	fake_stop(&f);
	smtpd_start(&f, false, "other@example.org");
	at(WORKER_HOLD_CHECK_S);
	MUST(run_once());
	ROW(id, OUTBOX_HELD, "smtp-553");
	assert_int_equal(fake_count(&f, "anna"), 0);
	fake_stop(&f);
}

static void try_out_sends_nothing(void **state)
{
	int64_t id = add_mail("anna@example.net");

	(void)state;
	w.site.mode = CONF_TRY_OUT;
	MUST(run_once());
	ROW(id, OUTBOX_ACCEPTED, "ok");
	assert_string_equal(row_of(id).provider, "log");
	assert_int_equal(POSTS(), 0);
}

static void plain_http_to_strangers_is_refused(void **state)
{
	int64_t id = add_mail("anna@example.net");

	(void)state;
	w.site.mail.mailjet.endpoint = "http://mailjet.example.com";
	MUST(run_once());
	ROW(id, OUTBOX_HELD, "endpoint");
}

static void a_text_that_is_gone_fails(void **state)
{
	struct outbox_new n = {.channel = STORE_EMAIL, .kind = OUTBOX_CONFIRM, .created_ms = NOW, .next_ms = NOW};
	struct person_new p = {.channel = STORE_EMAIL, .state = PERSON_PENDING, .address = SLICE("x@example.net"),
		.lang = SLICE("de"), .now_ms = NOW};
	struct db *db;
	int64_t id;

	(void)state;
	MUST(store_write_begin(w.store, &db, &ei));
	MUST(person_insert(db, &p, &n.person_id, &ei));
	n.slots = SLICE("{\"to\":\"x@example.net\"}");
	MUST(outbox_add(db, &n, &id, &ei));
	MUST(store_write_commit(w.store, &ei));
	MUST(run_once());
	ROW(id, OUTBOX_FAILED, "bad-mail");
	assert_non_null(strstr(w.log, "mail_refused"));
}

/* The mail of a file is, byte for byte, that of this text to this person. */
static void file_is(int64_t id, const char *to, const char *subject)
{
	struct row r = row_of(id);
	char path[256];
	struct buf text, slots, want, got;
	struct message_slots v;
	struct message m;
	struct arena a;

	arena_init(&a, ARENA_REQUEST_MAX_BYTES);
	buf_init(&text, MESSAGE_STORED_MAX_BYTES);
	buf_init(&slots, 4096);
	buf_init(&want, MESSAGE_MIME_MAX_BYTES);
	buf_init(&got, MESSAGE_MIME_MAX_BYTES);
	stored_text(&text, subject);
	slots_json(&slots, to);
	MUST(message_slots_read(&a, buf_slice(&slots), &v, &ei));
	MUST(message_load_fill(&a, buf_slice(&text), &v, &m, &ei));
	message_mime(&want, &m);
	snprintf(path, sizeof(path), "%s/%s", w.mails, r.provider_id);
	MUST(file_read(&got, path, &ei));
	if (!slice_eq(buf_slice(&got), buf_slice(&want)))
		fail_msg("%s, %s: got\n%.*s", to, subject, SLICE_FMT(buf_slice(&got)));
	buf_free(&text);
	buf_free(&slots);
	buf_free(&want);
	buf_free(&got);
	arena_free(&a);
}

/*
 * More texts in one batch than are kept at hand, in every order: each person gets the right one. Those whose text is
 * not in the store fail, and they alone: also where their turn is just behind another such mail.
 */
static void many_texts_in_a_batch(void **state)
{
	enum { TEXTS = 7, MAILS = 84 };
	static const unsigned char gone[3][STORE_HASH_BYTES] = {{1, 2, 3}, {0}, {4, 5, 6}};
	static int64_t ids[MAILS];
	static char to[MAILS][40], subject[MAILS][40];

	(void)state;
	w.route[0] = "dir";
	for (int i = 0; i < MAILS; i++) {
		/* one after the other, then back and forth, then each a few times */
		int text = i < 28 ? i % TEXTS : i < 56 ? i * i % TEXTS : i / 4 % TEXTS;
		int lost = i % 11 - 8;

		snprintf(to[i], sizeof(to[i]), "p%d@example.net", i);
		snprintf(subject[i], sizeof(subject[i]), "Brief Nummer %d", text);
		ids[i] = add_mail_with(OUTBOX_CONFIRM, to[i], subject[i], lost >= 0 ? gone[lost] : NULL);
	}
	MUST(run_once());
	for (int i = 0; i < MAILS; i++) {
		if (i % 11 >= 8) {
			ROW(ids[i], OUTBOX_FAILED, "bad-mail");
			continue;
		}
		ROW(ids[i], OUTBOX_ACCEPTED, "ok");
		file_is(ids[i], to[i], subject[i]);
	}
}

static void only_one_worker(void **state)
{
	char path[128];
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/worker.lock", w.data);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(run_once(), E_BUSY);
	close(fd);
	MUST(run_once());
}

static void backoff_grows_between_limits(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		uint32_t mid = WORKER_RETRY_MAX_S, s = worker_backoff_s(i);

		if (i < 11)
			mid = WORKER_RETRY_MIN_S << (i > 1 ? i - 1 : 0);
		if (mid > WORKER_RETRY_MAX_S)
			mid = WORKER_RETRY_MAX_S;
		assert_in_range(s, mid * 3 / 4 < WORKER_RETRY_MIN_S ? WORKER_RETRY_MIN_S : mid * 3 / 4, mid * 5 / 4 + 1);
		assert_true(s <= WORKER_RETRY_MAX_S);
	}
}

/* --- the running worker -------------------------------------------------------------- */

static atomic_uint turns;

static void on_turn(void *arg)
{
	(void)arg;
	atomic_fetch_add(&turns, 1);
}

/* The worker has looked at all sites and gone to sleep so many times more. */
static void wait_turns(unsigned n)
{
	unsigned from = atomic_load(&turns);

	for (int i = 0; i < 6000 && atomic_load(&turns) - from < n; i++)
		usleep(10000);
	assert_true(atomic_load(&turns) - from >= n);
}

static void *run_thread(void *arg)
{
	const struct worker_opts o = {.conf = &w.conf, .stop_fd = *(int *)arg, .timeout_ms = patience_ms, .alive = on_turn, .alive_ms = 20};
	static enum err e;
	static struct errinfo mine;

	e = worker_run(&o, &mine);
	return &e;
}

static void sleeps_and_wakes(void **state)
{
	int p[2];
	int64_t id;
	pthread_t t;
	void *e;

	(void)state;
	clock_set_ms(-1);
	w.now = clock_now_ms();
	assert_int_equal(pipe(p), 0);
	assert_int_equal(pthread_create(&t, NULL, run_thread, &p[0]), 0);
	wait_turns(3);
	id = add_mail("anna@example.net");
	wait_turns(10);
	/* It does not poll: nothing happens until it is told. */
	assert_int_equal(POSTS(), 0);
	MUST(wake_site(w.data, "example", &ei));
	for (int i = 0; i < 1200 && row_of(id).state != OUTBOX_ACCEPTED; i++)
		usleep(50000);
	ROW(id, OUTBOX_ACCEPTED, "ok");
	assert_int_equal(write(p[1], "x", 1), 1);
	pthread_join(t, &e);
	assert_int_equal(*(enum err *)e, OK);
	close(p[0]);
	close(p[1]);
}

/* Somebody wakes, and the worker has read it: whoever reads the file empties it. */
static void wake_is_read(void)
{
	char path[300];
	struct stat st = {.st_size = -1};

	MUST(wake_site(w.data, "example", &ei));
	snprintf(path, sizeof(path), "%s/wake", w.data);
	for (int i = 0; i < 300 && (stat(path, &st) || st.st_size); i++)
		usleep(10000);
	assert_int_equal(st.st_size, 0);
}

/* While a provider lets a mail wait, the wake file is read on, one time after the other. */
static void wakes_while_mails_are_under_way(void **state)
{
	int p[2];
	int64_t stuck;
	pthread_t t;
	void *e;

	(void)state;
	clock_set_ms(-1);
	w.now = clock_now_ms();
	patience_ms = 12000;
	assert_int_equal(pipe(p), 0);
	assert_int_equal(pthread_create(&t, NULL, run_thread, &p[0]), 0);
	wait_turns(3);
	stuck = add_mail("a+timeout@example.net");
	MUST(wake_site(w.data, "example", &ei));
	for (int i = 0; i < 1200 && POSTS() == 0; i++)
		usleep(10000);
	for (int i = 0; i < 3; i++)
		wake_is_read();
	assert_int_equal(row_of(stuck).state, OUTBOX_SENDING);
	assert_int_equal(write(p[1], "x", 1), 1);
	pthread_join(t, &e);
	assert_int_equal(*(enum err *)e, OK);
	close(p[0]);
	close(p[1]);
}

#define IDLE_SITES 40

/* Databases that are open in this process: each has its data.db. */
static int databases_open(void)
{
	char link[300], to[300];
	int n = 0;
	DIR *d = opendir("/proc/self/fd");

	for (struct dirent *e; (e = readdir(d)) != NULL;) {
		ssize_t len;

		snprintf(link, sizeof(link), "/proc/self/fd/%s", e->d_name);
		len = readlink(link, to, sizeof(to) - 1);
		to[len > 0 ? len : 0] = '\0';
		n += strstr(to, "/write.lock") != NULL;
	}
	closedir(d);
	return n;
}

/* Forty sites with nothing to do hold nothing; the one that gets a mail is opened again, and sends it. */
static void idle_sites_are_closed(void **state)
{
	static struct conf_site copies[IDLE_SITES];
	static const struct conf_site *all[IDLE_SITES + 1];
	static char ids[IDLE_SITES][8];
	char last[200];
	int p[2], open = 99;
	int64_t id;
	pthread_t t;
	void *e;

	(void)state;
	clock_set_ms(-1);
	w.now = clock_now_ms();
	w.route[0] = "dir";
	all[0] = &w.site;
	for (int i = 0; i < IDLE_SITES; i++) {
		snprintf(ids[i], sizeof(ids[i]), "s%d", i);
		copies[i] = w.site;
		copies[i].id = ids[i];
		all[i + 1] = &copies[i];
	}
	w.conf.sites = all;
	w.conf.nsites = IDLE_SITES + 1;
	assert_int_equal(pipe(p), 0);
	assert_int_equal(pthread_create(&t, NULL, run_thread, &p[0]), 0);
	snprintf(last, sizeof(last), "%s/s%d/data.db", w.data, IDLE_SITES - 1);
	for (int i = 0; i < 2400 && access(last, F_OK) != 0; i++)
		usleep(50000);
	for (int i = 0; i < 1200 && open > 4 + 1; i++) {
		usleep(50000);
		open = databases_open(); /* ours is one of them */
	}
	assert_true(open <= 4 + 1);
	id = add_mail("anna@example.net");
	MUST(wake_site(w.data, "example", &ei));
	for (int i = 0; i < 1200 && row_of(id).state != OUTBOX_ACCEPTED; i++)
		usleep(50000);
	assert_int_equal(row_of(id).state, OUTBOX_ACCEPTED);
	for (int i = 0; i < 1200 && databases_open() > 4 + 1; i++)
		usleep(50000);
	assert_true(databases_open() <= 4 + 1);
	assert_int_equal(write(p[1], "x", 1), 1);
	pthread_join(t, &e);
	assert_int_equal(*(enum err *)e, OK);
	close(p[0]);
	close(p[1]);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(accepted), T(to_nobody), T(a_whole_batch), T(rate_limit_is_tried_later), T(server_error_then_fine),
		T(html_page_is_tried_later), T(retries_end), T(bad_address_fails), T(timeout_is_looked_up),
		T(cut_answers_are_looked_up), T(lost_is_sent_again), T(lookup_that_fails_waits),
		T(wrong_key_holds_the_queue), T(a_missing_key_file_holds), T(rows_of_a_dead_worker), T(kill_loses_and_doubles_nothing), T(dir_gets_files),
		T(proof_is_of_what_left), T(dir_repeats_into_the_same_file), T(the_next_provider_of_the_route), T(brevo_accepts), T(brevo_knows_its_key), T(brevo_events_come_late), T(brevo_lost_is_sent_again),
		T(brevo_killed_worker), T(brevo_wrong_key_holds), T(brevo_takes_over), T(unknown_is_asked_where_it_may_be),
		T(unknown_goes_elsewhere_if_it_must), T(unknown_does_not_change_provider),
		T(smtp_without_answer_is_sent_once_more), T(smtp_that_refuses_the_sender_holds), T(smtp_server_by_starttls), T(smtp_server_by_tls), T(smtp_server_refuses), T(try_out_sends_nothing), T(plain_http_to_strangers_is_refused),
		T(a_text_that_is_gone_fails), T(many_texts_in_a_batch), T(only_one_worker), T(backoff_grows_between_limits), T(sleeps_and_wakes),
		T(wakes_while_mails_are_under_way),
		T(idle_sites_are_closed),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * /my and /my/TOKEN by the real program over FastCGI: test_my PATH/jawort
 * One service for all; beside it a second handle on the site's data (lib/world.h) looks at what the requests have done.
 * "Changes nothing" means: not one value of one row of data.db or keys.db is another one.
 */
#include "lib/world.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <time.h>

#include "core/token.h"
#include "http/fcgi.h"

#define ANSWER_MAX_MS 60000
#define START_MAX_MS 60000
#define HOUR_S 3600

static const char HOST[] =
    "data: data\nkeys: keys\nsites: sites/*.yaml\n"
    "budgets: { rights: 5/24h, per_prefix: 40/1h, per_site: 100000/24h, confirm: 1000/24h, confirm_host: 1000/24h }\n";

static const char *program;
static struct {
	struct world w;
	char socket[100];
	pid_t pid;
} run;

/* ---- the service */

static void service_start(void)
{
	char conf[100], listen[120];
	int64_t end = clock_mono_ms() + START_MAX_MS;

	snprintf(run.socket, sizeof(run.socket), "%s/fcgi.sock", run.w.root);
	snprintf(conf, sizeof(conf), "%s/jawort.yaml", run.w.root);
	snprintf(listen, sizeof(listen), "unix:%s", run.socket);
	run.pid = fork();
	assert_true(run.pid >= 0);
	if (!run.pid) {
		snprintf(conf, sizeof(conf), "%s/serve.log", run.w.root);
		if (!freopen(conf, "w", stderr))
			_exit(126);
		snprintf(conf, sizeof(conf), "%s/jawort.yaml", run.w.root);
		execl(program, program, "serve", "-c", conf, "--listen", listen, "--threads", "2", (char *)NULL);
		_exit(127);
	}
	for (;;) {
		int fd = fc_connect(run.socket);
		if (fd >= 0) {
			close(fd);
			return;
		}
		if (clock_mono_ms() > end || waitpid(run.pid, NULL, WNOHANG))
			fail_msg("serve does not listen at %s", run.socket);
		poll(NULL, 0, 20);
	}
}

static int up(void **state)
{
	(void)state;
	world_folder(&run.w);
	world_clock(&run.w, (int64_t)time(NULL) * 1000);
	world_write(&run.w, "jawort.yaml", HOST);
	world_write(&run.w, "sites/club.yaml", WORLD_SITE);
	world_load(&run.w);
	world_start(&run.w);
	service_start();
	return 0;
}

static int down(void **state)
{
	int status = -1;

	(void)state;
	kill(run.pid, SIGTERM);
	waitpid(run.pid, &status, 0);
	world_close(&run.w);
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -1;
}

/* ---- asking */

struct ask {
	const char *method, *uri;
	struct slice body;      /* ptr NULL: none */
	const char *type;       /* NULL: a form */
	const char *encoding, *remote, *length; /* NULL: as it is */
};

static void ask_pairs(struct buf *b, const struct ask *q)
{
	const char *remote = q->remote ? q->remote : "192.0.2.7";
	struct buf length;

	buf_init(&length, 32);
	if (q->body.ptr)
		buf_printf(&length, "%zu", q->body.len);
	fc_pair(b, "REQUEST_METHOD", q->method);
	fc_pair(b, "REQUEST_URI", q->uri);
	fc_pair(b, "CONTENT_TYPE", !q->body.ptr ? "" : q->type ? q->type : "application/x-www-form-urlencoded");
	fc_pair(b, "CONTENT_LENGTH", q->length ? q->length : length.len ? length.data : "");
	fc_pair(b, "SERVER_PROTOCOL", "HTTP/1.1");
	fc_pair(b, "HTTPS", "on");
	fc_pair(b, "SERVER_PORT", "443");
	fc_pair(b, "REMOTE_ADDR", remote);
	fc_pair(b, "HTTP_HOST", "www.verein.test");
	if (q->encoding)
		fc_pair(b, "HTTP_CONTENT_ENCODING", q->encoding);
	buf_free(&length);
}

/* The answer, until fc_answer_free(). */
static unsigned ask_full(const struct ask *q, struct fc_answer *a)
{
	struct buf b, pairs;
	int fd = fc_connect(run.socket);

	assert_true(fd >= 0);
	buf_init(&b, 4u << 20);
	buf_init(&pairs, 65536);
	ask_pairs(&pairs, q);
	fc_begin(&b, 1, 1, 0);
	fc_stream(&b, FC_PARAMS, 1, buf_slice(&pairs), 65535);
	fc_stream(&b, FC_STDIN, 1, q->body, 32768);
	fc_answer_init(a);
	(void)fc_send(fd, b.data, b.len); /* who is refused by the head alone need not be read to the end */
	if (!fc_read(fd, 1, ANSWER_MAX_MS, a))
		fail_msg("%s %s: no answer", q->method, q->uri);
	close(fd);
	buf_free(&pairs);
	buf_free(&b);
	return a->status;
}

static bool has(const struct fc_answer *a, const char *text)
{
	return a->body.len && memmem(a->body.ptr, a->body.len, text, strlen(text));
}

static unsigned ask(const char *method, const char *uri, const char *body, struct fc_answer *a)
{
	const struct ask q = {.method = method, .uri = uri, .body = body ? slice_from(body) : (struct slice){NULL, 0}};

	return ask_full(&q, a);
}

/* Only the status. */
static unsigned status_of(const char *method, const char *uri, const char *body)
{
	struct fc_answer a;
	unsigned status = ask(method, uri, body, &a);

	fc_answer_free(&a);
	return status;
}

/* ---- people and links */

static const char *uri_of(enum token_purpose purpose, int64_t id, int64_t lives_s, const char *site)
{
	struct token t = {.purpose = purpose, .id = id, .expires_ms = lives_s ? ((int64_t)time(NULL) + lives_s) * 1000 : 0};
	char text[TOKEN_BYTES], uri[100];

	token_make(store_keyring(run.w.store), site, &t, text);
	snprintf(uri, sizeof(uri), "/j/my/%s", text);
	return arena_str(&run.w.arena, slice_from(uri));
}

static int64_t member(const char *address)
{
	struct world_mail m;

	world_clock(&run.w, (int64_t)time(NULL) * 1000);
	world_signup(&run.w, "both", address, "news,events", "de");
	m = world_last_mail(&run.w);
	assert_int_equal(world_act(&run.w, m.confirm, CONFIRM_ACT_CONFIRM, NULL).state, CONFIRM_DONE);
	return m.person_id;
}

static const char *hub(int64_t id)
{
	return uri_of(TOKEN_HUB, id, HOUR_S / 4, "club");
}

static size_t events_of(int64_t id, enum event_kind kind)
{
	struct world_event v[64];
	size_t n = world_events(&run.w, id, 0, v, 64), found = 0;

	for (size_t i = 0; i < n; i++)
		found += v[i].kind == kind;
	return found;
}

/* ---- what is stored */

struct dump {
	struct buf text;
	sqlite3 *db;
};

static void dump_table(struct dump *d, const char *table)
{
	char sql[200];
	sqlite3_stmt *q;

	snprintf(sql, sizeof(sql), "SELECT * FROM \"%s\" ORDER BY 1, 2", table);
	if (sqlite3_prepare_v2(d->db, sql, -1, &q, NULL) != SQLITE_OK) { /* of one column */
		*strrchr(sql, ',') = '\0';
		assert_int_equal(sqlite3_prepare_v2(d->db, sql, -1, &q, NULL), SQLITE_OK);
	}
	buf_printf(&d->text, "\n%s", table);
	while (sqlite3_step(q) == SQLITE_ROW)
		for (int i = 0; i < sqlite3_column_count(q); i++) {
			const void *p = sqlite3_column_blob(q, i);
			int n = sqlite3_column_bytes(q, i);
			buf_printf(&d->text, "|%d:", n);
			buf_add(&d->text, p ? p : "", p ? (size_t)n : 0);
		}
	sqlite3_finalize(q);
}

static void dump_file(struct dump *d, const char *name)
{
	char path[200];
	sqlite3_stmt *q;

	snprintf(path, sizeof(path), "%s/data/club/%s", run.w.root, name);
	assert_int_equal(sqlite3_open_v2(path, &d->db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(d->db, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name", -1, &q,
	    NULL), SQLITE_OK);
	while (sqlite3_step(q) == SQLITE_ROW)
		dump_table(d, (const char *)sqlite3_column_text(q, 0));
	sqlite3_finalize(q);
	sqlite3_close(d->db);
}

/* Two of them are equal if no value of any row is another one. */
static void stored(unsigned char out[CRYPT_HASH_BYTES])
{
	struct dump d = {.db = NULL};

	buf_init(&d.text, 64u << 20);
	dump_file(&d, "data.db");
	dump_file(&d, "keys.db");
	assert_true(buf_ok(&d.text) && d.text.len > 10000);
	crypt_sha256(out, d.text.data, d.text.len);
	buf_free(&d.text);
}

/* Until what was answered has been worked on. */
static void settle(void)
{
	int64_t end = clock_mono_ms() + ANSWER_MAX_MS;

	while (world_intake(&run.w))
		if (poll(NULL, 0, 5), clock_mono_ms() > end)
			fail_msg("the intake is not worked on");
}

/* ---- methods */

static void test_methods(void **state)
{
	static const char *const others[] = {"PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "PROPFIND", "get"};
	static const struct {
		const char *uri; /* NULL: a good link */
		const char *allow;
	} rows[] = {{"/j/my", "GET, HEAD, POST"}, {"/j/my/sent", "GET, HEAD"}, {NULL, "GET, HEAD, POST"}};
	const char *link = hub(member("methods@example.org"));
	unsigned char before[CRYPT_HASH_BYTES], after[CRYPT_HASH_BYTES];
	struct fc_answer a, head;

	(void)state;
	settle();
	stored(before);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *uri = rows[i].uri ? rows[i].uri : link;
		assert_int_equal(ask("GET", uri, NULL, &a), 200);
		assert_true(has(&a, "<h1>"));
		assert_int_equal(ask("HEAD", uri, NULL, &head), 200);
		assert_int_equal(head.body.len, 0);
		/* the same head: what may be kept, and how long it is */
		assert_true(slice_eq(fc_header(&a, "Content-Length"), fc_header(&head, "Content-Length")));
		assert_true(slice_eq(fc_header(&a, "Cache-Control"), fc_header(&head, "Cache-Control")));
		fc_answer_free(&a);
		fc_answer_free(&head);
		for (size_t m = 0; m < sizeof(others) / sizeof(others[0]); m++) {
			unsigned status = ask(others[m], uri, "action=erase", &a);
			if (status != 405 || !slice_eq_str(fc_header(&a, "Allow"), rows[i].allow))
				fail_msg("%s %s: %u, Allow \"%.*s\"", others[m], uri, status, SLICE_FMT(fc_header(&a, "Allow")));
			fc_answer_free(&a);
		}
	}
	assert_int_equal(status_of("POST", "/j/my/sent", "email=x"), 405);
	stored(after);
	assert_memory_equal(before, after, sizeof(before));
}

/* ---- reading changes nothing, whatever a scanner hangs onto the link */

static void test_reading(void **state)
{
	static const char *const tails[] = {"", "?lang=en", "?erase=1", "?erase=1&action=erase&never=1", "?action=export&format=json",
	    "?action=withdraw&p=news", "?lang=xx&lang=en&%25=%C3%BC", "?action=moved"};
	int64_t id = member("reading@example.org");
	const char *links[] = {hub(id), uri_of(TOKEN_HUB, id, -HOUR_S, "club"), uri_of(TOKEN_MOVE, id, HOUR_S, "club"),
	    uri_of(TOKEN_HUB, 999999, HOUR_S, "club"), "/j/my"};
	unsigned char before[CRYPT_HASH_BYTES], after[CRYPT_HASH_BYTES];
	char uri[300];

	(void)state;
	settle();
	stored(before);
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		for (size_t k = 0; k < sizeof(tails) / sizeof(tails[0]); k++) {
			snprintf(uri, sizeof(uri), "%s%s", links[i], tails[k]);
			/* a body of a GET is no form */
			assert_int_equal(status_of("GET", uri, k % 2 ? "action=erase" : NULL), 200);
			assert_int_equal(status_of("HEAD", uri, NULL), 200);
		}
	stored(after);
	assert_memory_equal(before, after, sizeof(before));
}

/* ---- links that open nothing, or not this */

static const char *cut(const char *uri, size_t chars, const char *tail)
{
	char out[200];

	snprintf(out, sizeof(out), "%.*s%s", (int)(strlen("/j/my/") + chars), uri, tail);
	return arena_str(&run.w.arena, slice_from(out));
}

static const char *flipped(const char *uri, size_t at)
{
	char *out = arena_str(&run.w.arena, slice_from(uri));

	out[strlen("/j/my/") + at] = out[strlen("/j/my/") + at] == 'A' ? 'B' : 'A';
	return out;
}

static void test_tokens(void **state)
{
	int64_t id = member("tokens@example.org");
	const char *good = hub(id);
	const struct {
		int row;
		const char *uri;
		unsigned status;
		const char *text;
	} rows[] = {
	    {__LINE__, uri_of(TOKEN_CONFIRM, id, HOUR_S, "club"), 404, NULL},
	    {__LINE__, uri_of(TOKEN_UNSUBSCRIBE, id, 0, "club"), 404, NULL},
	    {__LINE__, uri_of(TOKEN_HEALTH, 1, 0, "club"), 404, NULL},
	    {__LINE__, uri_of(TOKEN_HUB, id, HOUR_S, "other"), 404, NULL},
	    {__LINE__, cut(good, 42, ""), 404, NULL},
	    {__LINE__, cut(good, 43, "A"), 404, NULL},
	    {__LINE__, cut(good, 43, "/"), 404, NULL},
	    {__LINE__, cut(good, 0, "%2e%2e"), 400, NULL},
	    {__LINE__, flipped(good, 0), 404, NULL},
	    {__LINE__, flipped(good, 21), 404, NULL},
	    {__LINE__, flipped(good, 42), 404, NULL},
	    {__LINE__, uri_of(TOKEN_HUB, id, -1, "club"), 200, "Der Link gilt nicht mehr"},
	    {__LINE__, uri_of(TOKEN_HUB, id, -400 * 24 * HOUR_S, "club"), 200, "Der Link gilt nicht mehr"},
	    {__LINE__, uri_of(TOKEN_HUB, 999999, HOUR_S, "club"), 200, "Wir haben nichts mehr zu Ihnen"},
	};
	unsigned char before[CRYPT_HASH_BYTES], after[CRYPT_HASH_BYTES];
	struct fc_answer a;

	(void)state;
	settle();
	stored(before);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (int post = 0; post < 2; post++) {
			unsigned status = ask(post ? "POST" : "GET", rows[i].uri, post ? "action=erase" : NULL, &a);
			if (status != rows[i].status || (rows[i].text && !has(&a, rows[i].text)) || has(&a, "tokens@example.org"))
				fail_msg("row %d, %s: %u", rows[i].row, post ? "POST" : "GET", status);
			assert_true(slice_eq_str(fc_header(&a, "Cache-Control"), "no-store"));
			fc_answer_free(&a);
		}
	/* one that came to a new address: it confirms that address and nothing else */
	assert_int_equal(status_of("POST", uri_of(TOKEN_MOVE, id, HOUR_S, "club"), "action=erase"), 400);
	assert_int_equal(ask("POST", uri_of(TOKEN_MOVE, id, HOUR_S, "club"), "action=moved", &a), 200);
	assert_true(has(&a, "Dieser Link gilt nicht mehr"));
	fc_answer_free(&a);
	stored(after);
	assert_memory_equal(before, after, sizeof(before));
}

/* ---- bodies */

static void test_bodies(void **state)
{
	static char large[16 * 1024 + 2], edge[16 * 1024 + 1];
	const char *link = hub(member("bodies@example.org"));
	const struct {
		int row;
		struct slice body;
		const char *type, *encoding, *length;
		unsigned status;
	} rows[] = {
	    {__LINE__, SLICE(""), NULL, NULL, NULL, 400},
	    {__LINE__, SLICE("action="), NULL, NULL, NULL, 400},
	    {__LINE__, SLICE("action=destroy"), NULL, NULL, NULL, 400},
	    {__LINE__, SLICE("action=Erase"), NULL, NULL, NULL, 400},
	    {__LINE__, SLICE("action=erase%00"), NULL, NULL, NULL, 400},
	    {__LINE__, SLICE("never=1&p=news"), NULL, NULL, NULL, 400},
	    {__LINE__, SLICE("action=moved"), NULL, NULL, NULL, 400},
	    {__LINE__, SLICE("action=export"), NULL, NULL, NULL, 400},
	    {__LINE__, SLICE("action=export&format=xml"), NULL, NULL, NULL, 400},
	    {__LINE__, SLICE("action=export&format=data"), NULL, NULL, NULL, 400},
	    {__LINE__, SLICE("action=rectify&last_name=%ff%fe"), NULL, NULL, NULL, 400},
	    {__LINE__, SLICE("action=rectify&last_name=%00"), NULL, NULL, NULL, 400},
	    {__LINE__, SLICE("action=erase%zz"), NULL, NULL, NULL, 400},
	    {__LINE__, SLICE("action=move&email=nobody"), NULL, NULL, NULL, 422},
	    {__LINE__, SLICE("{\"action\":\"erase\"}"), "application/json", NULL, NULL, 415},
	    {__LINE__, SLICE("action=erase"), "text/plain", NULL, NULL, 415},
	    {__LINE__, SLICE("action=erase"), NULL, "gzip", NULL, 415},
	    {__LINE__, slice_make(large, sizeof(large) - 1), NULL, NULL, NULL, 413},
	    {__LINE__, SLICE("action=erase"), NULL, NULL, "99999999999999999999", 400},
	    {__LINE__, SLICE("action=erase"), NULL, NULL, "-1", 400},
	    {__LINE__, slice_make(edge, sizeof(edge) - 1), NULL, NULL, NULL, 400},
	};
	unsigned char before[CRYPT_HASH_BYTES], after[CRYPT_HASH_BYTES];

	(void)state;
	memset(large, 'a', sizeof(large) - 1);
	memset(edge, 'a', sizeof(edge) - 1);
	settle();
	stored(before);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct ask q = {.method = "POST", .uri = link, .body = rows[i].body, .type = rows[i].type,
		    .encoding = rows[i].encoding, .length = rows[i].length};
		struct fc_answer a;
		if (ask_full(&q, &a) != rows[i].status)
			fail_msg("row %d: %u, not %u", rows[i].row, a.status, rows[i].status);
		fc_answer_free(&a);
	}
	assert_int_equal(status_of("POST", "/j/my", large), 413);
	stored(after);
	assert_memory_equal(before, after, sizeof(before));
}

/* ---- a button pressed twice */

struct press {
	const char *uri, *body;
	unsigned status;
};

static void *press_run(void *arg)
{
	struct press *p = arg;
	struct fc_answer a;
	const struct ask q = {.method = "POST", .uri = p->uri, .body = slice_from(p->body)};

	p->status = ask_full(&q, &a);
	fc_answer_free(&a);
	return NULL;
}

/* Both at once, on two connections, and a third time behind them. */
static void press_twice(const char *uri, const char *body)
{
	struct press p[2] = {{uri, body, 0}, {uri, body, 0}};
	pthread_t t[2];

	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&t[i], NULL, press_run, &p[i]), 0);
	for (int i = 0; i < 2; i++) {
		pthread_join(t[i], NULL);
		if (p[i].status != 200)
			fail_msg("%s: %u", body, p[i].status);
	}
	assert_int_equal(status_of("POST", uri, body), 200);
}

static void test_twice(void **state)
{
	static const struct {
		const char *body;
		enum event_kind kind;
	} rows[] = {
	    {"action=rectify&last_name=King", EVENT_CHANGED}, {"action=restrict", EVENT_RESTRICTED},
	    {"action=export&format=json", EVENT_EXPORTED}, {"action=release", EVENT_UNRESTRICTED},
	    {"action=withdraw&p=news", EVENT_WITHDRAWN}, {"action=object", EVENT_OBJECTED}, {"action=erase", EVENT_ERASED},
	};
	int64_t id = member("twice@example.org");
	const char *link = hub(id);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t mails = world_mail_count(&run.w);
		press_twice(link, rows[i].body);
		if (events_of(id, rows[i].kind) != 1)
			fail_msg("%s: %zu events", rows[i].body, events_of(id, rows[i].kind));
		if (rows[i].kind == EVENT_ERASED)
			continue; /* what waited for the person goes, the certificate comes */
		if (world_mail_count(&run.w) != mails + 1)
			fail_msg("%s: %zu mails", rows[i].body, world_mail_count(&run.w) - mails);
	}
	assert_int_equal(world_last_mail(&run.w).kind, OUTBOX_ERASED);
	assert_int_equal(world_state(&run.w, "twice@example.org", NULL), PERSON_STATE__MAX);
}

/* ---- headers */

enum class { OPEN, SEALED };

static void headers_check(int row, const struct fc_answer *a, enum class class)
{
	static const struct {
		const char *name, *open, *sealed;
	} want[] = {
	    {"Cache-Control", "public, max-age=60", "no-store"},
	    {"Referrer-Policy", "strict-origin-when-cross-origin", "no-referrer"},
	    {"X-Robots-Tag", "", "noindex, nofollow"},
	    {"X-Content-Type-Options", "nosniff", "nosniff"},
	    {"Cross-Origin-Opener-Policy", "same-origin", "same-origin"},
	    {"Cross-Origin-Resource-Policy", "same-site", "same-site"},
	    {"Access-Control-Allow-Origin", "", ""},
	    {"Set-Cookie", "", ""},
	};
	struct slice csp = fc_header(a, "Content-Security-Policy");

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		struct slice got = fc_header(a, want[i].name);
		if (!slice_eq_str(got, class == OPEN ? want[i].open : want[i].sealed))
			fail_msg("row %d: %s: %.*s", row, want[i].name, SLICE_FMT(got));
	}
	for (size_t i = 0; i < 3; i++) {
		static const char *const parts[] = {"default-src 'none'", "frame-ancestors 'none'", "form-action 'self'"};
		if (!memmem(csp.ptr, csp.len, parts[i], strlen(parts[i])))
			fail_msg("row %d: no %s in %.*s", row, parts[i], SLICE_FMT(csp));
	}
	assert_null(memmem(csp.ptr, csp.len, "unsafe", 6));
}

static void test_headers(void **state)
{
	int64_t id = member("headers@example.org");
	const char *link = hub(id);
	const struct {
		int row;
		const char *method, *uri, *body;
		unsigned status;
		enum class class;
		const char *type;
	} rows[] = {
	    {__LINE__, "GET", "/j/my", NULL, 200, OPEN, "text/html; charset=utf-8"},
	    {__LINE__, "GET", "/j/my/sent", NULL, 200, OPEN, "text/html; charset=utf-8"},
	    {__LINE__, "POST", "/j/my", "email=nobody", 422, SEALED, "text/html; charset=utf-8"},
	    {__LINE__, "POST", "/j/my", "email=headers%40example.org", 303, SEALED, ""},
	    {__LINE__, "POST", "/j/my", "email=a%ff%40example.org", 400, SEALED, "text/html; charset=utf-8"},
	    {__LINE__, "GET", link, NULL, 200, SEALED, "text/html; charset=utf-8"},
	    {__LINE__, "POST", link, "action=restrict", 200, SEALED, "text/html; charset=utf-8"},
	    {__LINE__, "POST", link, "action=rectify&email=x&last_name=%3Cb%3E", 200, SEALED, "text/html; charset=utf-8"},
	    {__LINE__, "POST", link, "action=move&email=x", 422, SEALED, "text/html; charset=utf-8"},
	    {__LINE__, "POST", link, "action=export&format=json", 200, SEALED, "application/json; charset=utf-8"},
	    {__LINE__, "POST", link, "action=export&format=csv", 200, SEALED, "text/csv; charset=utf-8"},
	    {__LINE__, "POST", link, "action=export&format=html", 200, SEALED, "text/html; charset=utf-8"},
	    {__LINE__, "POST", link, "action=x", 400, SEALED, "text/html; charset=utf-8"},
	    {__LINE__, "PUT", link, "x", 405, SEALED, "text/html; charset=utf-8"},
	    {__LINE__, "GET", "/j/my/x", NULL, 404, SEALED, "text/html; charset=utf-8"},
	    {__LINE__, "GET", uri_of(TOKEN_HUB, id, -1, "club"), NULL, 200, SEALED, "text/html; charset=utf-8"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fc_answer a;
		bool file;
		if (ask(rows[i].method, rows[i].uri, rows[i].body, &a) != rows[i].status)
			fail_msg("row %d: %u, not %u", rows[i].row, a.status, rows[i].status);
		headers_check(rows[i].row, &a, rows[i].class);
		assert_true(slice_eq_str(fc_header(&a, "Content-Type"), rows[i].type));
		file = slice_starts(fc_header(&a, "Content-Disposition"), SLICE("attachment; filename="));
		assert_int_equal(file, rows[i].body && (strstr(rows[i].body, "=json") || strstr(rows[i].body, "=csv")));
		assert_int_equal(fc_header(&a, "ETag").len > 0, slice_eq_str(slice_from(rows[i].uri), "/j/my") && a.status == 200);
		fc_answer_free(&a);
	}
	settle();
}

/* ---- who asks for a link, and how often */

static void test_same_answer(void **state)
{
	static const char *const asked[] = {"email=same%40example.org", "email=nobody-here%40example.org",
	    "email=same%40example.org&lang=en&x=y"};
	struct fc_answer first, a;

	(void)state;
	member("same@example.org");
	assert_int_equal(ask("POST", "/j/my?lang=de", asked[0], &first), 303);
	assert_true(slice_eq_str(fc_header(&first, "Location"), "https://www.verein.test/j/my/sent?lang=de"));
	for (size_t i = 1; i < 3; i++) {
		assert_int_equal(ask("POST", "/j/my?lang=de", asked[i], &a), 303);
		assert_true(slice_eq(buf_slice(&first.raw), buf_slice(&a.raw)));
		fc_answer_free(&a);
	}
	fc_answer_free(&first);
	settle();
}

static void test_too_often(void **state)
{
	struct ask q = {.method = "POST", .uri = "/j/my", .body = SLICE("email=often%40example.org"), .remote = "203.0.113.9"};
	const char *link = hub(member("often@example.org"));
	unsigned passed = 0, status;
	struct fc_answer a;

	(void)state;
	for (;;) {
		status = ask_full(&q, &a);
		if (status != 303 || ++passed > 80)
			break;
		fc_answer_free(&a);
	}
	assert_int_equal(status, 429);
	assert_true(passed >= 40); /* more if an hour has just ended */
	assert_true(fc_header(&a, "Retry-After").len > 0);
	headers_check(__LINE__, &a, SEALED);
	fc_answer_free(&a);
	/* they were counted, and the mailbox gets what its own budget allows */
	settle();
	assert_int_equal(world_last_mail(&run.w).kind, OUTBOX_LINK);
	/* another network goes on, and so does who has a link */
	q.remote = "198.51.100.9";
	assert_int_equal(ask_full(&q, &a), 303);
	fc_answer_free(&a);
	q = (struct ask){.method = "POST", .uri = link, .body = SLICE("action=restrict"), .remote = "203.0.113.9"};
	assert_int_equal(ask_full(&q, &a), 200);
	fc_answer_free(&a);
	settle();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_methods), cmocka_unit_test(test_reading), cmocka_unit_test(test_tokens),
	    cmocka_unit_test(test_bodies), cmocka_unit_test(test_twice), cmocka_unit_test(test_headers),
	    cmocka_unit_test(test_same_answer), cmocka_unit_test(test_too_often),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: test_my PATH/jawort\n");
		return 2;
	}
	program = argv[1];
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, up, down);
}

#ifndef JAWORT_TESTS_FAULT_APPWORLD_H
#define JAWORT_TESTS_FAULT_APPWORLD_H
/*
 * appworld: the whole service in this process, from the parameters of a request
 * to the bytes of its answer (front/exchange, web/app, core, store with its
 * writer threads), and the tokens that its mails carry. Fails by bug_if().
 */
#include "lib/world.h"

#include <sqlite3.h>

#include "front/exchange_priv.h"
#include "web/app.h"

#define APP_HOST \
	"data: data\nkeys: keys\nsites: sites/*.yaml\n" \
	"budgets: { confirm: 1000000/24h, confirm_host: 1000000/24h, per_prefix: 1000000/1h," \
	" per_site: 1000000/24h }\n"

struct appworld {
	struct world w; /* folder and tools; its own site and store are not used */
	struct app *app;
	struct front_app front;
	struct exchange x;
	char data[200], keys[200], data_db[220];
	char v[80];      /* wording of the form "news" */
	int64_t after;   /* last mail whose tokens were taken */
	uint64_t people; /* addresses given out */
};

struct ask {
	const char *method, *path, *accept, *type;
	const char *body; /* NULL: none */
};

struct ask_body {
	const char *at;
	size_t left;
};

static inline size_t ask_read(void *ctx, char *dst, size_t n)
{
	struct ask_body *b = ctx;
	n = n < b->left ? n : b->left;
	if (!n)
		return 0;
	memcpy(dst, b->at, n);
	b->at += n;
	b->left -= n;
	return n;
}

/* One request; the status of the bytes that came out, 0 if there are none. */
static inline unsigned app_ask(struct appworld *aw, const struct ask *a)
{
	static char store[12][400];
	char *env[13], **at = env;
	struct ask_body body = {.at = a->body, .left = a->body ? strlen(a->body) : 0};
	const struct exchange_source src = {.next = exchange_next_env, .next_ctx = &at, .read = ask_read,
	    .read_ctx = &body};
	const char *query = strchr(a->path, '?');
	unsigned status = 0;
	int n = 0;

	snprintf(store[n++], 400, "REQUEST_METHOD=%s", a->method);
	snprintf(store[n++], 400, "REQUEST_URI=/j%s", a->path);
	snprintf(store[n++], 400, "QUERY_STRING=%s", query ? query + 1 : "");
	snprintf(store[n++], 400, "HTTP_HOST=www.verein.test");
	snprintf(store[n++], 400, "HTTP_ORIGIN=https://www.verein.test");
	snprintf(store[n++], 400, "REMOTE_ADDR=192.0.2.77");
	snprintf(store[n++], 400, "HTTP_ACCEPT=%s", a->accept ? a->accept : "text/html");
	snprintf(store[n++], 400, "HTTP_ACCEPT_LANGUAGE=de-DE,de;q=0.9,en;q=0.5");
	if (a->body) {
		snprintf(store[n++], 400, "CONTENT_LENGTH=%zu", body.left);
		snprintf(store[n++], 400, "CONTENT_TYPE=%s", a->type ? a->type : "application/x-www-form-urlencoded");
	}
	for (int i = 0; i < n; i++)
		env[i] = store[i];
	env[n] = NULL;
	exchange_run(&aw->x, &src);
	struct slice out = exchange_answer(&aw->x);
	if (sscanf(out.len ? out.ptr : "", "Status: %u", &status) != 1)
		return 0;
	return status;
}

static inline int64_t app_count(struct appworld *aw, const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *q = NULL;
	bug_if(sqlite3_open_v2(aw->data_db, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK);
	sqlite3_busy_timeout(db, 10000);
	bug_if(sqlite3_prepare_v2(db, sql, -1, &q, NULL) != SQLITE_OK || sqlite3_step(q) != SQLITE_ROW);
	int64_t n = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	sqlite3_close(db);
	return n;
}

/* Sign-ups that nobody has worked on; waits until there are none, at most so long. */
static inline bool app_settle(struct appworld *aw, int64_t most_ms)
{
	int64_t until = clock_mono_ms() + most_ms;
	while (app_count(aw, "SELECT count(*) FROM intake")) {
		if (clock_mono_ms() > until)
			return false;
		usleep(500);
	}
	return true;
}

static inline void app_signup_body(struct appworld *aw, char *dst, size_t n)
{
	snprintf(dst, n, "email=m%llu@example.org&v=%s&ok=1&first_name=Ada&lang=de",
	    (unsigned long long)++aw->people, aw->v);
}

/* The tokens of the next mail to a new person: a sign-up, worked on. */
static inline void app_tokens(struct appworld *aw, char confirm[static 64], char out[static 64])
{
	const struct store_opts o = {.site = "club", .dir = aw->data, .keys_path = aw->keys, .brief = true};
	struct world_mail *m = calloc(64, sizeof(*m));
	size_t n;

	bug_if(!m || store_open(&aw->w.store, &o, EI) != OK);
	n = world_mails(&aw->w, aw->after, m, 64);
	bug_if(n < 1);
	snprintf(confirm, 64, "%s", m[n - 1].confirm);
	snprintf(out, 64, "%s", m[n - 1].out);
	aw->after = m[n - 1].id;
	free(m);
	store_close(aw->w.store);
	aw->w.store = NULL;
	arena_reset(&aw->w.arena);
}

static inline void app_world_begin(struct appworld *aw)
{
	struct app_opts o = {.writer_threads = 1};
	char path[200];

	memset(aw, 0, sizeof(*aw));
	world_folder(&aw->w);
	clock_set_ms(-1);
	world_write(&aw->w, "jawort.yaml", APP_HOST);
	world_write(&aw->w, "sites/club.yaml", WORLD_SITE);
	snprintf(path, sizeof(path), "%s/jawort.yaml", aw->w.root);
	snprintf(aw->data, sizeof(aw->data), "%s/data/club", aw->w.root);
	snprintf(aw->keys, sizeof(aw->keys), "%s/keys/club.keys", aw->w.root);
	snprintf(aw->data_db, sizeof(aw->data_db), "%s/data.db", aw->data);
	o.conf_path = path;
	bug_if(app_new(&aw->app, &o, EI) != OK);
	aw->front = (struct front_app){.ctx = aw->app, .handle = app_handle, .body_limit = app_body_limit,
	    .refuse = app_refuse};
	exchange_init(&aw->x, &aw->front);
	/* the tools of the world read links with a site of their own */
	world_load(&aw->w);
	bug_if(site_new(&aw->w.site, aw->w.conf, aw->w.conf->sites[0], EI) != OK);
	snprintf(aw->v, sizeof(aw->v), "%s", world_consent(&aw->w, "news", "de")->v);
}

static inline void app_world_end(struct appworld *aw)
{
	exchange_free(&aw->x);
	app_free(aw->app);
	site_free(aw->w.site);
	conf_free(aw->w.conf);
	conf_report_free(&aw->w.rep);
	arena_free(&aw->w.arena);
	world_remove(aw->w.root);
}

#endif

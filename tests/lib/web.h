#ifndef JAWORT_TESTS_WEB_H
#define JAWORT_TESTS_WEB_H
/*
 * web: the whole application with requests built by hand, as the front would
 * give them, and beside it a second handle on the site's data, to look at what the
 * requests have done (world.h). Include before anything else of a test.
 */
#include "lib/world.h"

#include <time.h>

#include <jansson.h>

#include "web/app.h"
#include "web/request.h"
#include "web/response.h"

static const char WEB_HOST[] =
    "data: data\nkeys: keys\nsites: sites/*.yaml\ntrusted_proxies: [10.0.0.0/8]\n"
    "budgets: { confirm: 1000/24h, confirm_host: 1000/24h, per_prefix: 1000/1h, per_site: 100000/24h }\n";

#define WEB_PAIRS_MAX 24

struct web {
	struct world w;
	struct app *app;
	struct arena arena;
	struct request req;
	struct response res;
	struct buf wire; /* the whole answer as it leaves */
	char *body;      /* NUL-terminated copy in the arena */
	const char *remote;
};

struct web_params {
	const char *names[WEB_PAIRS_MAX], *values[WEB_PAIRS_MAX];
	size_t n, at;
};

static inline bool web_next(void *ctx, struct slice *name, struct slice *value)
{
	struct web_params *p = ctx;

	if (p->at == p->n)
		return false;
	*name = slice_from(p->names[p->at]);
	*value = slice_from(p->values[p->at++]);
	return true;
}

static inline void web_param(struct web_params *p, const char *name, const char *value)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->names[i], name) == 0) {
			p->values[i] = value;
			return;
		}
	assert_true(p->n < WEB_PAIRS_MAX);
	p->names[p->n] = name;
	p->values[p->n++] = value;
}

/*
 * One request; further parameters as pairs "HTTP_ACCEPT", "…", ended by NULL. url is
 * path and query. Returns the status; the answer stays in t->res, t->body, t->wire.
 */
static inline unsigned web_ask(struct web *t, const char *method, const char *url, const char *body, ...)
{
	struct web_params p = {.n = 0};
	unsigned refused;
	char length[24];
	const char *name;
	va_list ap;

	response_free(&t->res);
	arena_reset(&t->arena);
	buf_reset(&t->wire);
	web_param(&p, "REQUEST_METHOD", method);
	web_param(&p, "REQUEST_URI", url);
	web_param(&p, "HTTP_HOST", "www.verein.test");
	web_param(&p, "HTTPS", "on");
	web_param(&p, "SERVER_PORT", "443");
	web_param(&p, "REMOTE_ADDR", t->remote ? t->remote : "192.0.2.77");
	if (body) {
		snprintf(length, sizeof(length), "%zu", strlen(body));
		web_param(&p, "CONTENT_LENGTH", length);
		web_param(&p, "CONTENT_TYPE", "application/x-www-form-urlencoded");
	}
	va_start(ap, body);
	while ((name = va_arg(ap, const char *)) != NULL)
		web_param(&p, name, va_arg(ap, const char *));
	va_end(ap);
	refused = request_from_params(&t->req, &t->arena, web_next, &p);
	response_init(&t->res, &t->arena);
	if (refused)
		app_refuse(t->app, &t->req, refused, &t->res);
	else {
		if (body && *body)
			request_set_body(&t->req, slice_from(arena_str(&t->arena, slice_from(body))));
		app_handle(t->app, &t->req, &t->res);
	}
	assert_true(response_ok(&t->res));
	response_write(&t->res, strcmp(method, "HEAD") == 0, &t->wire);
	assert_true(buf_ok(&t->wire));
	/* Bytes may hold NUL (tiles); the copy ends with one more. */
	t->body = (char *)arena_dup(&t->arena, buf_slice(&t->res.body)).ptr;
	assert_non_null(t->body);
	return t->res.status;
}

#define web_get(t, url) web_ask(t, "GET", url, NULL, (char *)NULL)
#define web_post(t, url, body) web_ask(t, "POST", url, body, (char *)NULL)

static inline const char *web_header(struct web *t, const char *name)
{
	struct slice v = response_header_get(&t->res, name);

	return v.ptr ? arena_str(&t->arena, v) : "";
}

static inline bool web_has(const struct web *t, const char *text)
{
	return strstr(t->body, text) != NULL;
}

/* What each header must not be: twice, or a cookie. */
static inline void web_sound(struct web *t)
{
	for (size_t i = 0; i < t->res.count; i++) {
		assert_string_not_equal(t->res.fields[i].name, "Set-Cookie");
		for (size_t k = 0; k < i; k++)
			if (strcasecmp(t->res.fields[i].name, t->res.fields[k].name) == 0)
				fail_msg("%s twice", t->res.fields[i].name);
	}
}

static inline struct app_opts web_opts(const struct web *t, char path[static 100])
{
	snprintf(path, 100, "%s/jawort.yaml", t->w.root);
	return (struct app_opts){.conf_path = path, .writer_threads = 1};
}

static inline void web_start(struct web *t)
{
	char path[100];
	struct app_opts o = web_opts(t, path);

	assert_ok(app_new(&t->app, &o, EI));
	assert_non_null(t->app);
}

static inline void web_folder(struct web *t)
{
	memset(t, 0, sizeof(*t));
	world_folder(&t->w);
	arena_init(&t->arena, ARENA_REQUEST_MAX_BYTES);
	response_init(&t->res, &t->arena);
	buf_init(&t->wire, 4u * 1024u * 1024u);
	world_write(&t->w, "jawort.yaml", WEB_HOST);
}

static inline void web_open(struct web *t, const char *site_yaml)
{
	web_folder(t);
	world_write(&t->w, "sites/club.yaml", site_yaml);
	web_start(t);
	world_load(&t->w);
	world_start(&t->w);
}

static inline void web_close(struct web *t)
{
	response_free(&t->res);
	app_free(t->app);
	buf_free(&t->wire);
	arena_free(&t->arena);
	world_close(&t->w);
}

static inline int web_setup(void **state)
{
	struct web *t = malloc(sizeof(*t));

	assert_non_null(t);
	web_open(t, WORLD_SITE);
	*state = t;
	return 0;
}

static inline int web_teardown(void **state)
{
	web_close(*state);
	free(*state);
	return 0;
}

/* Waits until the sign-ups that were answered have become persons and mails. */
static inline void web_settle(struct web *t)
{
	const struct timespec pause = {.tv_nsec = 2000000};

	for (int i = 0; i < 30000; i++) {
		if (world_intake(&t->w) == 0)
			return;
		nanosleep(&pause, NULL);
	}
	fail_msg("sign-ups are not worked on");
}

/* A good body for a form in German. */
static inline const char *web_body(struct web *t, const char *form, const char *address)
{
	static char body[512];

	snprintf(body, sizeof(body), "email=%s&p=news&last_name=L&v=%s&lang=de", address,
	    world_consent(&t->w, form, "de")->v);
	return body;
}

/* Signs up by POST and gives the mail. */
static inline struct world_mail web_signup(struct web *t, const char *form, const char *address)
{
	char url[64];

	snprintf(url, sizeof(url), "/j/s/%s", form);
	assert_int_equal(web_post(t, url, web_body(t, form, address)), 303);
	web_settle(t);
	return world_last_mail(&t->w);
}

static inline unsigned web_press(struct web *t, const char *path, const char *token, const char *body)
{
	char url[512];

	snprintf(url, sizeof(url), "/j%s%s", path, token);
	return body ? web_post(t, url, body) : web_get(t, url);
}

#endif

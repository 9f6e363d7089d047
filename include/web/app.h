#ifndef JAWORT_WEB_APP_H
#define JAWORT_WEB_APP_H
/*
 * app: the running service: configuration, sites, stores and the writer pool,
 * and the one function that answers a request.
 *
 * Everything that comes from configuration lives in a generation. A reload
 * makes a new one beside the old and swaps; requests under way keep theirs. A site
 * that cannot start (broken file, wrong keys) is down alone: its pages answer
 * 503, the log says why.
 *
 * There may be thousands of sites: one is compiled, rendered and its databases opened when somebody asks for it, and
 * closed when others were asked for since; never while a request uses it, and not before what a sign-up left to be
 * done is done.
 *
 * Threads: app_handle() and app_finish() from any number of threads; app_reload() from one.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "web/request.h"
#include "web/response.h"

struct app;
struct conf;

struct app_opts {
	const char *conf_path;
	const char *credentials_dir; /* NULL: none */
	const char *only_site;       /* CGI: host and this site; NULL: all */
	unsigned writer_threads;     /* 1..8 */
	/* Tells the worker that a site has new mails; from a writer thread. NULL: nobody is told. */
	void (*wake)(const struct conf *c, const char *site);
	bool ticks;                  /* app_tick() will be called: counters of budgets may wait for it */
	bool brief;                  /* one request (CGI): no checks that read whole files */
	int64_t look_bytes;          /* databases up to here are looked through at the start, others beside; 0: as store_opts */
	unsigned open_max;           /* sites that stay open, rendered and with their databases; 0: as many as is good */
};

/*
 * E_INVALID: host file broken (findings are in the log). Single sites may be down.
 * Creates data and keys of a site where none of them exist.
 */
enum err app_new(struct app **out, const struct app_opts *o, struct errinfo *ei);
void app_free(struct app *a);
/* Requests are taken from here on: what need not be there before is made now (ready files). Once. */
void app_started(struct app *a);
/* These fit struct front_app; ctx is the struct app. */
void app_handle(void *ctx, struct request *req, struct response *res);
bool app_finish(void *ctx, struct request *req, struct response *res);
size_t app_body_limit(void *ctx, const struct request *req);
void app_reload(void *ctx);
/*
 * About once a second, from the thread of app_reload(): while a site is down because its data could not be
 * opened (disk full, say), everything is loaded again every 30 s, so that it comes back without anybody's help. Writes
 * what budgets have counted, and closes databases that nobody has used for some time.
 */
void app_tick(void *ctx);
/*
 * What the front refuses by itself (400, 413, 414, 431, 503): fills a readable page. req
 * holds what could be read so far; it may be almost empty.
 */
void app_refuse(void *ctx, const struct request *req, unsigned status, struct response *res);
/* Sites in service and sites down. */
void app_sites(struct app *a, unsigned *up, unsigned *down);
/* What is open at present. */
struct app_open {
	unsigned stores, stores_peak; /* databases of sites */
	uint64_t stores_opened;       /* how often some were opened */
	unsigned sites;               /* rendered */
};
void app_open_count(struct app *a, struct app_open *out);
/* host file's settings of the present generation; valid until the next reload. */
const struct conf *app_conf(struct app *a);

#endif

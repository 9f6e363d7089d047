#ifndef JAWORT_WEB_PAGE_PRIV_H
#define JAWORT_WEB_PAGE_PRIV_H
/*
 * page: what a handler of a route gets, and the few calls with which pages
 * answer. One struct page per request, in its arena.
 */
#include <stdbool.h>
#include "base/arena.h"
#include "core/confirm.h"
#include "core/gate.h"
#include "core/site.h"
#include "store/writer.h"
#include "text/view.h"
#include "web/generation_priv.h"
#include "web/request.h"
#include "web/response.h"

/* Headers of an answer, by what is in it. */
enum page_class {
	PAGE_PUBLIC, /* form: cacheable, may be framed by nobody */
	PAGE_NOTICE, /* notice: cacheable, readable from anywhere */
	PAGE_TOKEN,  /* a token or a person is in it: never stored, no referrer */
	PAGE_ASSET,
	PAGE_DATA,   /* JSON about the service */
	PAGE_FRAME,  /* form that the owner's pages may show in a frame */
	PAGE_CLASS__MAX
};

struct route;

/* What a page waits for; see page_write(). */
struct page_wait {
	struct writer_job job;
	struct page *page;
	void (*answer)(struct page *p, void *arg, enum err rc, struct errinfo *ei);
	bool (*slow)(const void *arg);
	bool alone; /* no others wait behind its answer */
	void *arg;
};

struct page {
	struct app *app;
	struct generation *generation; /* held */
	const struct route *route;
	bool *parked; /* to be set by who parks the request; NULL: it may not be */
	struct generation_site *gs;
	struct generation_live *live; /* open as long as the request lasts */
	const struct site *site;
	struct store *store;          /* NULL where the route does not need it */
	struct writer_pool *writers;
	struct budget *budget;
	struct request *req;
	struct response *res;
	struct arena *arena;
	struct slice client_ip; /* of the visitor, behind trusted proxies too */
	struct slice arg;   /* FORM or TOKEN of the route */
	const char *lang;   /* of the site's languages */
	bool lang_asked;    /* ?lang= named it */
	enum page_class class;
	bool shared;        /* scripts of the listed origins may read the answer (CORS) */
};

/* Renders a template into the response with status and headers of the page's class. */
void page_send(struct page *p, unsigned status, const char *tpl, struct view *v);
/* As page_send for a body that is there already; tpl names the sheet for the CSP (NULL: none). */
void page_send_html(struct page *p, unsigned status, const char *tpl, struct slice html);
/*
 * page/error.html, or {state,title,text,errors} for who prefers JSON; key "page.large" stands for
 * page.large.title and page.large.text.
 */
void page_error(struct page *p, unsigned status, const char *key);
/* As page_error, with seconds until it works again (Retry-After and in words). */
void page_retry(struct page *p, unsigned status, const char *key, int64_t seconds);
/* An internal failure: 503 with Retry-After for what passes, logged with the request's id. */
void page_failed(struct page *p, enum err rc, const struct errinfo *ei);
/* Only the line in the log of page_failed, for who answers in another way. */
void page_failed_log(struct page *p, enum err rc, const struct errinfo *ei);
/* Then somebody may ask about it, and the id leads to the lines of the log. Not for what is only missing or too often. */
bool page_fault_may_be_ours(unsigned status);
/* The key of a phrase from its two halves: "page.large", ".title". */
struct slice page_key(struct page *p, const char *head, const char *tail);
/* Base view with what every page shows; path (below base_url) for the language links, NULL: none. */
struct view *page_view(struct page *p, const char *tpl, const char *path);
/* Sets status, type and headers of the class for a body of another kind. */
void page_head(struct page *p, unsigned status, const char *type, const char *tpl);
/* 304 if If-None-Match holds etag (quoted); sets ETag in any case. True: answered. */
bool page_etag(struct page *p, struct slice etag);
/* The same with a validator over the body that is there already; what the client has is not sent again. */
void page_etag_body(struct page *p);
/*
 * Has the writer run a job, then calls answer with the result: at once, or from another thread where the front can
 * park requests. So a handler calls it last; answer's arg and what it points to lie in the arena.
 */
void page_write(struct page *p, enum err (*run)(struct db *db, void *arg, struct errinfo *ei), void *run_arg,
    void (*answer)(struct page *p, void *arg, enum err rc, struct errinfo *ei), void *arg);
/* The same where slow(arg), asked after the commit, may say that answer waits for the disk itself. */
void page_write_slow(struct page *p, enum err (*run)(struct db *db, void *arg, struct errinfo *ei), void *run_arg,
    void (*answer)(struct page *p, void *arg, enum err rc, struct errinfo *ei), bool (*slow)(const void *arg), void *arg);
/* Fields of an urlencoded body. False: answered (400, 415). */
bool page_form(struct page *p, struct form *out);
bool page_wants_json(const struct page *p);
/* A file of static/ as it is, with its validator. */
void page_asset_send(struct page *p, const char *name, const char *type);

/* Handlers, one file each family. */
void page_form_get(struct page *p);
void page_form_post(struct page *p);
void page_sent_get(struct page *p);
void page_confirm_get(struct page *p);
void page_confirm_post(struct page *p);
void page_unsub_get(struct page *p);
void page_unsub_post(struct page *p);
void page_my_get(struct page *p);
void page_my_post(struct page *p);
void page_my_sent_get(struct page *p);
void page_hub_get(struct page *p);
void page_hub_post(struct page *p);
void page_hook_mailjet_post(struct page *p);
void page_hook_brevo_post(struct page *p);
void page_notice_get(struct page *p);
void page_notice_part_get(struct page *p);
void page_notice_text_get(struct page *p);
void page_notice_md_get(struct page *p);
void page_notice_schema_get(struct page *p);
void page_versions_get(struct page *p);
void page_version_get(struct page *p);
void page_version_part_get(struct page *p);
void page_difference_get(struct page *p);
void page_notice_json_get(struct page *p);
void page_css_get(struct page *p);
void page_script_get(struct page *p);
void page_script_v1_get(struct page *p);
void page_wellknown_get(struct page *p);
void page_log_checkpoint_get(struct page *p);
void page_log_tile_get(struct page *p);
void page_health_get(struct page *p);

#endif

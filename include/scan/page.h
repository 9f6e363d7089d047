#ifndef JAWORT_SCAN_PAGE_H
#define JAWORT_SCAN_PAGE_H
/*
 * page: what one file of a static website loads, shows and sends, as far as it
 * can be seen without running it. HTML is read by a real parser (WHATWG rules,
 * libgumbo); style sheets and scripts by small readers of our own. Nothing is
 * fetched, nothing is run.
 *
 * Input is hostile: PAGE_MAX_BYTES a file, PAGE_MEMORY_BYTES and PAGE_TIME_MS
 * of the parser per page, no recursion. What is over is E_LIMIT; what was seen
 * until then has been told.
 * Threads: one struct page belongs to one thread.
 */
#include <stdbool.h>
#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

#define PAGE_MAX_BYTES (4u * 1024u * 1024u)
#define PAGE_MEMORY_BYTES (256u * 1024u * 1024u)
#define PAGE_TIME_MS 3000
#define PAGE_HOST_BYTES 254
#define PAGE_URL_BYTES 1024

enum page_way {
	PAGE_SCRIPT, PAGE_STYLE, PAGE_FONT, PAGE_IMAGE, PAGE_MEDIA, PAGE_FRAME, PAGE_OBJECT, PAGE_HINT, /* loaded at once */
	PAGE_LATER,   /* stands in a data- attribute or a script that is held back */
	PAGE_MENTION, /* a known host named in a script */
	PAGE_FORM,    /* where a form is sent */
	PAGE_CONTACT, /* the same, and the form asks for a message or an address */
	PAGE_LINK,    /* a plain link */
	PAGE_MAIL, PAGE_PHONE,      /* mailto: and tel: */
	PAGE_ADDRESS, PAGE_NUMBER,  /* text that looks like a mail address, a telephone number */
	PAGE_STORE,   /* a script that keeps something on the device */
	PAGE_WORDING, /* value of a field "v" in the form that is told of next; url is the value */
	PAGE_POLICY,  /* <meta> with a Content-Security-Policy; url is the policy, not cut */
	PAGE__MAX
};
const char *page_way_name(enum page_way w);

struct page_seen {
	enum page_way way;
	struct slice url;   /* as a browser would take it, cut at PAGE_URL_BYTES; empty where there is none */
	struct slice host;  /* lower case, without port; empty: the website itself */
	unsigned line, column;
};
typedef void page_seen_fn(const struct page_seen *s, void *arg);

struct page {
	struct arena mem;
	page_seen_fn *seen;
	void *arg;
};
void page_init(struct page *p, page_seen_fn *seen, void *arg);
void page_free(struct page *p);
/* E_LIMIT: too large, too deep or too slow to read. E_NOMEM. */
enum err page_html(struct page *p, struct slice text, struct errinfo *ei);
/* line: of the first byte. Never fails. */
void page_css(struct page *p, struct slice text, unsigned line);
void page_script(struct page *p, struct slice text, unsigned line);
/*
 * Host of a URL as browsers read it ("//a.b/c", " HTTPS:\\a.b", "https://user@A.b:8/"), in lower case in
 * buf; empty for one without host (relative, mailto:, data:).
 */
struct slice page_host(struct slice url, char buf[static PAGE_HOST_BYTES]);

#endif

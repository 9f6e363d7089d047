#ifndef JAWORT_CMD_MAILCHECK_PRIV_H
#define JAWORT_CMD_MAILCHECK_PRIV_H
/*
 * mailcheck: is a finished mail clean? Nothing that a mail program would fetch, every link below base_url, at an
 * address that stands in the site's configuration or at the competent authority, small, and with the headers of a list.
 * Sources: RFC 2369, RFC 8058, RFC 2919, RFC 3834; TDDDG section 25; CSS and HTML attributes that load.
 */
#include "base/buf.h"
#include "conf/conf.h"
#include "mail/message.h"

#define MAILCHECK_MAX_BYTES (20u * 1024u)

struct mailcheck_told {
	void (*say)(void *arg, const char *what, const char *mend);
	void *arg;
};

/* Parts: images, sheets, scripts, what loads, links, size. Number of things said. */
size_t mailcheck_parts(const struct conf_site *s, const struct message *m, const struct mailcheck_told *to);
/* The same of a mail that arrived, without its size: what others added, and what they made of the links. */
size_t mailcheck_arrived(const struct conf_site *s, struct slice text, struct slice html, const struct mailcheck_told *to);
/* Headers of a list mail. */
size_t mailcheck_headers(const struct conf_site *s, const struct message *m, const struct mailcheck_told *to);

#endif

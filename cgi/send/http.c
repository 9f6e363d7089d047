#include "send/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "send/curllib_priv.h"

#define PARALLEL_DEFAULT 16
/* Servers close idle connections after a time; an old one is not worth the risk of a half-sent request. */
#define CONNECTION_AGE_MAX_S 20L

/*
 * Each transfer has both buffers for itself: by default 64 and 16 KB, 2.5 MB for 32. A mail's request is some 12 KB, and
 * an answer less than one; 16 KB is the least that libcurl gives for the way out.
 */
#define UPLOAD_BUFFER_BYTES 16384L
#define ANSWER_BUFFER_BYTES 4096L

struct http {
	CURLM *multi; /* NULL until the first call */
	long parallel;
	unsigned connect_timeout_ms, total_timeout_ms;
	char *ca_file;
	size_t active;
	struct http_call *calls; /* under way */
};

struct impl {
	CURL *easy;
	struct curl_slist *headers;
	size_t uploaded; /* bytes of the body that curl took */
	char error[CURL_ERROR_SIZE];
};

struct http *http_new(const struct http_opts *o)
{
	struct http *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->parallel = o->parallel ? (long)o->parallel : PARALLEL_DEFAULT;
	h->connect_timeout_ms = o->connect_timeout_ms ? o->connect_timeout_ms : HTTP_CONNECT_TIMEOUT_MS;
	h->total_timeout_ms = o->total_timeout_ms ? o->total_timeout_ms : HTTP_TOTAL_TIMEOUT_MS;
	h->ca_file = o->ca_file ? strdup(o->ca_file) : NULL;
	if (o->ca_file && !h->ca_file) {
		http_free(h);
		return NULL;
	}
	return h;
}

static enum err multi_open(struct http *h, struct errinfo *ei)
{
	enum err e = curllib_load(ei);

	if (e || h->multi)
		return e;
	h->multi = curl_multi_init();
	if (!h->multi)
		return err_set(ei, E_NOMEM, "send: no memory");
	curl_multi_setopt(h->multi, CURLMOPT_MAX_HOST_CONNECTIONS, h->parallel);
	curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)HTTP_PARALLEL_MAX);
	return OK;
}

static void impl_free(struct http *h, struct http_call *c)
{
	struct impl *im = c->impl;

	if (!im)
		return;
	if (im->easy) {
		curl_multi_remove_handle(h->multi, im->easy);
		curl_easy_cleanup(im->easy);
	}
	curl_slist_free_all(im->headers);
	free(im);
	c->impl = NULL;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	for (struct http_call *c = h->calls; c; c = c->next)
		impl_free(h, c);
	if (h->multi)
		curl_multi_cleanup(h->multi);
	free(h->ca_file);
	free(h);
}

void http_call_free(struct http_call *c)
{
	if (c->reply.max_bytes)
		buf_free(&c->reply);
	if (c->wanted.max_bytes)
		buf_free(&c->wanted);
}

static bool loopback(const char *host)
{
	unsigned a, b, c, d;
	char end;

	if (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
		return true;
	return sscanf(host, "%3u.%3u.%3u.%3u%c", &a, &b, &c, &d, &end) == 4 && a == 127 && b < 256 && c < 256 &&
	    d < 256;
}

static bool is_smtp(const struct http_call *c)
{
	return c->mail_from || c->smtp_login;
}

/* What the rules of the header say about scheme and host. */
static enum err target_check(const char *scheme, const char *host, const struct http_call *c,
    struct errinfo *ei)
{
	bool smtp = is_smtp(c);

	if (strcmp(scheme, smtp ? "smtps" : "https") == 0)
		return OK;
	if (strcmp(scheme, smtp ? "smtp" : "http") != 0)
		return err_set(ei, E_DENIED, "send: %s:// cannot be used here; use %s://", scheme,
		    smtp ? "smtps" : "https");
	if (loopback(host) || (smtp && c->starttls))
		return OK;
	return err_set(ei, E_DENIED, "send: %s:// without TLS is allowed towards loopback only; use %s://", scheme,
	    smtp ? "smtps" : "https");
}

static enum err url_check(const struct http_call *c, struct errinfo *ei)
{
	CURLU *u = curl_url();
	char *scheme = NULL, *host = NULL, *user = NULL;
	enum err e;

	if (!u)
		return err_set(ei, E_NOMEM, "send: no memory");
	if (curl_url_set(u, CURLUPART_URL, c->url, CURLU_NON_SUPPORT_SCHEME) ||
	    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) || curl_url_get(u, CURLUPART_HOST, &host, 0))
		e = err_set(ei, E_INVALID, "send: the endpoint is no URL");
	else if (curl_url_get(u, CURLUPART_USER, &user, 0) == CURLUE_OK)
		e = err_set(ei, E_INVALID, "send: the endpoint holds a user name; put it where keys belong");
	else
		e = target_check(scheme, host, c, ei);
	curl_free(scheme);
	curl_free(host);
	curl_free(user);
	curl_url_cleanup(u);
	return e;
}

static bool has_control(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return true;
	return false;
}

/* Envelope addresses become SMTP commands as they are: CR LF in them would be commands of their own. */
static bool envelope_ok(const char *s)
{
	return *s && !has_control(s) && !strpbrk(s, " <>");
}

static enum err call_check(const struct http_call *c, struct errinfo *ei)
{
	if (has_control(c->url) || strchr(c->url, ' '))
		return err_set(ei, E_INVALID, "send: the URL holds a control character or a space");
	if (c->mail_from && (!c->rcpt_to || !envelope_ok(c->mail_from) || !envelope_ok(c->rcpt_to)))
		return err_set(ei, E_INVALID, "send: sender or recipient holds a control character, a space or <>");
	if (!is_smtp(c) && (!c->method || !*c->method || has_control(c->method) || strchr(c->method, ' ')))
		return err_set(ei, E_INVALID, "send: no such method");
	if (c->nheaders > HTTP_HEADERS_MAX)
		return err_set(ei, E_INVALID, "send: over %d headers", HTTP_HEADERS_MAX);
	for (size_t i = 0; i < c->nheaders; i++)
		if (has_control(c->headers[i].name) || has_control(c->headers[i].value))
			return err_set(ei, E_INVALID, "send: header %zu holds a control character", i);
	return url_check(c, ei);
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
	struct http_call *c = arg;

	buf_add(&c->reply, p, size * n);
	return buf_ok(&c->reply) ? size * n : 0;
}

static size_t on_upload(char *dst, size_t size, size_t n, void *arg)
{
	struct http_call *c = arg;
	struct impl *im = c->impl;
	struct slice rest = slice_sub(c->body, im->uploaded, size * n);

	if (rest.len)
		memcpy(dst, rest.ptr, rest.len);
	im->uploaded += rest.len;
	return rest.len;
}

static bool header_add(struct impl *im, const char *name, const char *value)
{
	struct curl_slist *more;
	struct buf b;

	buf_init(&b, 4096);
	buf_printf(&b, *value ? "%s: %s" : "%s:%s", name, value);
	more = buf_ok(&b) ? curl_slist_append(im->headers, b.data) : NULL;
	buf_free(&b);
	if (more)
		im->headers = more;
	return more != NULL;
}

static bool credentials_set(CURL *e, const struct http_call *c)
{
	char user[512], password[512];
	bool ok = slice_copy(c->user, user, sizeof(user)) && slice_copy(c->password, password, sizeof(password));

	if (ok && c->user.len) {
		curl_easy_setopt(e, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		curl_easy_setopt(e, CURLOPT_USERNAME, user);
		curl_easy_setopt(e, CURLOPT_PASSWORD, password);
	}
	explicit_bzero(user, sizeof(user));
	explicit_bzero(password, sizeof(password));
	return ok;
}

static bool setup_http(struct impl *im, struct http_call *c)
{
	CURL *e = im->easy;

	curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, c->method);
	if (c->body.len) {
		/*
		 * Not POSTFIELDS: when a kept connection dies without an answer, curl sends a body
		 * that it can rewind once more by itself, and the other side may have had it already.
		 */
		curl_easy_setopt(e, CURLOPT_POST, 1L);
		curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)c->body.len);
		curl_easy_setopt(e, CURLOPT_READFUNCTION, on_upload);
		curl_easy_setopt(e, CURLOPT_READDATA, c);
	}
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	for (size_t i = 0; i < c->nheaders; i++)
		if (!header_add(im, c->headers[i].name, c->headers[i].value))
			return false;
	if (!header_add(im, "User-Agent", "jawort") || !header_add(im, "Expect", ""))
		return false;
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, im->headers);
	return true;
}

static bool setup_smtp(struct impl *im, struct http_call *c)
{
	CURL *e = im->easy;

	im->headers = curl_slist_append(NULL, c->rcpt_to);
	curl_easy_setopt(e, CURLOPT_MAIL_FROM, c->mail_from);
	curl_easy_setopt(e, CURLOPT_MAIL_RCPT, im->headers);
	curl_easy_setopt(e, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(e, CURLOPT_READFUNCTION, on_upload);
	curl_easy_setopt(e, CURLOPT_READDATA, c);
	curl_easy_setopt(e, CURLOPT_INFILESIZE_LARGE, (curl_off_t)c->body.len);
	curl_easy_setopt(e, CURLOPT_SASL_IR, 1L);
	if (c->starttls)
		curl_easy_setopt(e, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
	return im->headers != NULL;
}

/* Without a recipient curl sends one command when it is in. */
static bool setup_login(struct impl *im, struct http_call *c)
{
	CURL *e = im->easy;

	curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, "NOOP");
	curl_easy_setopt(e, CURLOPT_SASL_IR, 1L);
	if (c->starttls)
		curl_easy_setopt(e, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
	return true;
}

/*
 * Connections share the parsed authorities (some 600 KB) only where no folder of them is set beside the file. Debian's
 * folder holds the same ones; where there is no file the folder stays.
 */
static void authorities_set(const struct http *h, CURL *e)
{
	char *file = NULL;

	if (h->ca_file)
		curl_easy_setopt(e, CURLOPT_CAINFO, h->ca_file);
	if (curl_easy_getinfo(e, CURLINFO_CAINFO, &file) == CURLE_OK && file && access(file, R_OK) == 0)
		curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
}

static bool setup(struct http *h, struct http_call *c)
{
	struct impl *im = c->impl;
	CURL *e = im->easy;
	char source[64];

	curl_easy_setopt(e, CURLOPT_URL, c->url);
	curl_easy_setopt(e, CURLOPT_PRIVATE, c);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, im->error);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, is_smtp(c) ? "smtp,smtps" : "http,https");
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_PROXY, "");
	curl_easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)h->connect_timeout_ms);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)h->total_timeout_ms);
	curl_easy_setopt(e, CURLOPT_MAXAGE_CONN, CONNECTION_AGE_MAX_S);
	authorities_set(h, e);
	curl_easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER_BYTES);
	curl_easy_setopt(e, CURLOPT_BUFFERSIZE, ANSWER_BUFFER_BYTES);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
	if (c->source) {
		snprintf(source, sizeof(source), "host!%s", c->source);
		curl_easy_setopt(e, CURLOPT_INTERFACE, source);
	}
	if (!credentials_set(e, c))
		return false;
	if (c->smtp_login)
		return setup_login(im, c);
	return c->mail_from ? setup_smtp(im, c) : setup_http(im, c);
}

enum err http_start(struct http *h, struct http_call *c, struct errinfo *ei)
{
	enum err e = multi_open(h, ei);
	struct impl *im;

	if (!e)
		e = call_check(c, ei);
	if (e)
		return e;
	if (h->active >= HTTP_PARALLEL_MAX)
		return err_set(ei, E_LIMIT, "send: %d calls are under way", HTTP_PARALLEL_MAX);
	buf_init(&c->reply, HTTP_BODY_MAX_BYTES);
	buf_init(&c->wanted, HTTP_WANTED_MAX_BYTES);
	c->outcome = HTTP_PENDING;
	c->status = 0;
	c->refused_us = false;
	c->retry_after[0] = c->error[0] = c->date[0] = c->local_ip[0] = '\0';
	c->impl = im = calloc(1, sizeof(*im));
	if (im)
		im->easy = curl_easy_init();
	if (!im || !im->easy || !setup(h, c) || curl_multi_add_handle(h->multi, im->easy)) {
		impl_free(h, c);
		return err_set(ei, E_NOMEM, "send: the request cannot be set up");
	}
	c->next = h->calls;
	h->calls = c;
	h->active++;
	return OK;
}

/* Could a byte of the request have reached the other side? */
static bool was_sent(CURL *e, CURLcode rc)
{
	long request_bytes = 0;
	curl_off_t pretransfer_us = 0;

	switch (rc) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ENGINE_INITFAILED:
	case CURLE_USE_SSL_FAILED:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_URL_MALFORMAT:
	case CURLE_OUT_OF_MEMORY:
		return false;
	default:
		break;
	}
	curl_easy_getinfo(e, CURLINFO_REQUEST_SIZE, &request_bytes);
	curl_easy_getinfo(e, CURLINFO_PRETRANSFER_TIME_T, &pretransfer_us);
	return request_bytes > 0 || pretransfer_us > 0;
}

/*
 * Greeting, EHLO, STARTTLS, login and MAIL are about us; RCPT, DATA and what follows are about the mail. A refused MAIL is
 * told from a refused RCPT by libcurl's words only; without them it counts as about the mail.
 */
static bool refuses_us(const struct impl *im, CURLcode rc)
{
	switch (rc) {
	case CURLE_REMOTE_ACCESS_DENIED:
	case CURLE_LOGIN_DENIED:
	case CURLE_USE_SSL_FAILED:
		return true;
	case CURLE_WEIRD_SERVER_REPLY:
		return im->uploaded == 0;
	default:
		return strncmp(im->error, "MAIL failed", strlen("MAIL failed")) == 0;
	}
}

/*
 * SMTP: a refusal ends with an error of curl and the server's number; a number
 * of 2xx or 3xx beside an error means that the end of the message may have arrived.
 */
static enum http_outcome outcome_smtp(struct http_call *c, CURLcode rc)
{
	struct impl *im = c->impl;

	if (rc == CURLE_OK) {
		c->status = 250;
		return HTTP_ANSWER;
	}
	if (c->status >= 400 && c->status <= 599) {
		c->refused_us = refuses_us(im, rc);
		return HTTP_ANSWER;
	}
	c->status = 0;
	return im->uploaded > 0 ? HTTP_LOST : HTTP_NOT_SENT;
}

/* Brevo has no Retry-After; with 429 it says in a header of its own in how many seconds its window ends. */
static void retry_after_take(struct http_call *c, CURL *easy)
{
	struct curl_header *header;

	if (curl_easy_header(easy, "Retry-After", 0, CURLH_HEADER, -1, &header) == CURLHE_OK ||
	    (c->status == 429 &&
	        curl_easy_header(easy, "x-sib-ratelimit-reset", 0, CURLH_HEADER, -1, &header) == CURLHE_OK))
		snprintf(c->retry_after, sizeof(c->retry_after), "%s", header->value);
}

static void header_take(CURL *e, const char *name, char *dst, size_t n)
{
	struct curl_header *header;

	if (curl_easy_header(e, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK)
		snprintf(dst, n, "%s", header->value);
}

/* A header may be there many times; values over the limit are left out. */
static void wanted_take(CURL *e, struct http_call *c)
{
	struct curl_header *header;

	for (size_t i = 0; curl_easy_header(e, c->want, i, CURLH_HEADER, -1, &header) == CURLHE_OK; i++) {
		if (c->wanted.len + strlen(header->value) + 1 > HTTP_WANTED_MAX_BYTES)
			return;
		buf_add_str(&c->wanted, header->value);
		buf_add_char(&c->wanted, '\n');
		if (i + 1 == header->amount)
			return;
	}
}

static void call_finish(struct http *h, struct http_call *c, CURLcode rc)
{
	struct impl *im = c->impl;
	struct http_call **at = &h->calls;
	char *ip = NULL;
	long status = 0;

	curl_easy_getinfo(im->easy, CURLINFO_RESPONSE_CODE, &status);
	c->status = (int)status;
	if (is_smtp(c))
		c->outcome = outcome_smtp(c, rc);
	else if (rc == CURLE_OK)
		c->outcome = HTTP_ANSWER;
	else
		c->outcome = was_sent(im->easy, rc) ? HTTP_LOST : HTTP_NOT_SENT;
	if (c->outcome != HTTP_ANSWER)
		snprintf(c->error, sizeof(c->error), "%s", curl_easy_strerror(rc));
	retry_after_take(c, im->easy);
	if (c->want)
		wanted_take(im->easy, c);
	header_take(im->easy, "Date", c->date, sizeof(c->date));
	if (curl_easy_getinfo(im->easy, CURLINFO_LOCAL_IP, &ip) == CURLE_OK && ip)
		snprintf(c->local_ip, sizeof(c->local_ip), "%s", ip);
	impl_free(h, c);
	while (*at && *at != c)
		at = &(*at)->next;
	if (*at)
		*at = c->next;
	c->next = NULL;
	h->active--;
}

struct http_call *http_finished(struct http *h)
{
	CURLMsg *msg;
	int left;
	char *tag = NULL;

	while (h->multi && (msg = curl_multi_info_read(h->multi, &left))) {
		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &tag);
		call_finish(h, (struct http_call *)(void *)tag, msg->data.result);
		return (struct http_call *)(void *)tag;
	}
	return NULL;
}

struct http_call *http_wait(struct http *h, int timeout_ms, int fd)
{
	int64_t end = clock_mono_ms() + timeout_ms;
	struct curl_waitfd extra = {.fd = fd, .events = CURL_WAIT_POLLIN};

	if (!h->multi)
		return NULL;
	for (;;) {
		struct http_call *done;
		int running, wait_ms = 1000;

		curl_multi_perform(h->multi, &running);
		done = http_finished(h);
		if (done || h->active == 0 || extra.revents)
			return done;
		if (timeout_ms >= 0) {
			int64_t left = end - clock_mono_ms();

			if (left <= 0)
				return NULL;
			wait_ms = left < wait_ms ? (int)left : wait_ms;
		}
		curl_multi_poll(h->multi, &extra, fd >= 0 ? 1 : 0, wait_ms, NULL);
	}
}

size_t http_active(const struct http *h)
{
	return h->active;
}

enum err http_do(struct http *h, struct http_call *c, struct errinfo *ei)
{
	enum err e = http_start(h, c, ei);

	while (!e && c->outcome == HTTP_PENDING)
		http_wait(h, -1, -1);
	return e;
}

/* doctor: what arrives when somebody asks from outside, at base_url. */
#include "cmd/doctor_priv.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/crypt.h"
#include "conf/secret.h"

#define URL_MAX_BYTES 4096
#define SECRET_MAX_BYTES 4096
/* A loopback address of our own: told apart from that of the web server. */
#define OWN_LOOPBACK "127.83.1.7"

static bool loopback(const char *ip)
{
	return strncmp(ip, "127.", 4) == 0 || strcmp(ip, "::1") == 0 || strncmp(ip, "::ffff:127.", 11) == 0;
}

static bool is_address(const char *ip)
{
	unsigned char raw[16];

	return inet_pton(AF_INET, ip, raw) == 1 || inet_pton(AF_INET6, ip, raw) == 1;
}

/* Networks that no visitor of the open net comes from. */
static bool private_net(const char *ip)
{
	unsigned char a[16];

	if (inet_pton(AF_INET, ip, a) == 1)
		return a[0] == 10 || (a[0] == 172 && a[1] >= 16 && a[1] < 32) || (a[0] == 192 && a[1] == 168) || a[0] == 127;
	return inet_pton(AF_INET6, ip, a) == 1 && ((a[0] & 0xfe) == 0xfc || (a[0] == 0xfe && (a[1] & 0xc0) == 0x80));
}

static enum err get(struct doctor *d, const char *url, const char *source, struct http_call *c, struct errinfo *ei)
{
	*c = (struct http_call){.method = "GET", .url = url, .source = source};
	return http_do(d->http, c, ei);
}

static void field(const json_t *root, const char *key, char *dst, size_t n)
{
	const char *s = json_string_value(json_object_get(root, key));

	snprintf(dst, n, "%s", s ? s : "");
}

/* True if it is our own /healthz that speaks. */
static bool told(struct doctor *d, const struct http_call *c)
{
	char forwarded[8];
	json_error_t je;
	json_t *root = c->status == 200 ? json_loadb(c->reply.data, c->reply.len, 0, &je) : NULL;

	d->seen = root && json_object_get(root, "client");
	field(root, "client", d->seen_client, sizeof(d->seen_client));
	field(root, "remote", d->seen_remote, sizeof(d->seen_remote));
	field(root, "forwarded_for", forwarded, sizeof(forwarded));
	d->seen_forwarded = forwarded[0] != '\0';
	slice_copy(slice_from(c->local_ip), d->seen_local, sizeof(d->seen_local));
	json_decref(root);
	return d->seen;
}

static void public_wrong(struct doctor *d, const struct http_call *c)
{
	if (c->outcome != HTTP_ANSWER) {
		doctor_finding(d, "%s does not answer: %s", d->site->base_url, c->error);
		doctor_mend(d, "is the web server up (systemctl status nginx), the name in DNS, the certificate valid?");
	} else if (c->status >= 500) {
		doctor_finding(d, "%s: the web server answers %d: it does not reach the program", d->site->base_url, c->status);
		doctor_mend(d, "see socket and service answers; fastcgi_pass must name that socket, and the web server's user must "
		    "be in its group: jawort nginx --site %s", d->site->id);
	} else {
		doctor_finding(d, "%s: something else answers there (%d)", d->site->base_url, c->status);
		doctor_mend(d, "put the block of this site into the web server's configuration: jawort nginx --site %s; or does "
		    "base_url name another machine?", d->site->id);
	}
}

void check_public(struct doctor *d)
{
	struct errinfo ei = {.code = OK};
	struct http_call c = {.method = NULL};
	struct buf url;
	enum err e;

	if (!d->store) {
		doctor_skip(d, "the site's keys do not open");
		return;
	}
	buf_init(&url, URL_MAX_BYTES);
	buf_add_str(&url, d->site->base_url);
	doctor_health_path(d, &url);
	e = get(d, url.data, NULL, &c, &ei);
	if (!e && c.outcome == HTTP_ANSWER && loopback(c.local_ip)) {
		http_call_free(&c);
		e = get(d, url.data, OWN_LOOPBACK, &c, &ei);
	}
	if (e) {
		doctor_finding(d, "%s cannot be asked: %s", d->site->base_url, ei.text);
		doctor_mend(d, "base_url must be https");
	} else if (c.outcome != HTTP_ANSWER || !told(d, &c)) {
		public_wrong(d, &c);
	} else {
		doctor_ok(d, "%s leads here", d->site->base_url);
	}
	http_call_free(&c);
	buf_free(&url);
}

static void client_lost(struct doctor *d)
{
	doctor_finding(d, "all visitors look like \"%s\" (asked from %s)", d->seen_client, d->seen_local);
	if (d->seen_forwarded)
		doctor_mend(d, "a proxy stands before the web server: trusted_proxies: [%s] in %s, then: systemctl reload jawort-serve",
		    d->seen_remote, d->conf->file);
	else
		doctor_mend(d, "the web server must pass the visitor's address: fastcgi_param REMOTE_ADDR $remote_addr (jawort nginx); "
		    "if it stands behind a proxy itself, that one must set X-Forwarded-For, and trusted_proxies name it");
}

/*
 * Seen as what we are: fine. Seen as something else: a translated address on the way may be, the web server's own
 * or a private one for somebody from outside may not.
 */
void check_client(struct doctor *d)
{
	const char *seen = d->seen_client, *local = d->seen_local;

	if (!d->seen) {
		doctor_skip(d, "the public address does not lead here");
		return;
	}
	if (strcmp(seen, local) == 0) {
		doctor_ok(d, "asked from %s, seen as %s", local, seen);
	} else if (!is_address(seen) || loopback(seen) || (private_net(seen) && !private_net(local))
	    || (d->seen_forwarded && strcmp(seen, d->seen_remote) == 0)) {
		client_lost(d);
	} else {
		doctor_ok(d, "asked from %s, seen as %s: an address translated on the way", local, seen);
	}
}

/* ---- hook */

static int hook_ask(struct doctor *d, const char *provider, struct slice in_path, struct slice password, char error[static 200])
{
	struct errinfo ei = {.code = OK};
	struct http_call c = {.method = "POST", .body = SLICE("[]"), .nheaders = 1,
	    .headers = {{"Content-Type", "application/json"}}};
	struct buf url;
	int status = 0;

	buf_init(&url, URL_MAX_BYTES);
	buf_printf(&url, "%s/hook/%s", d->site->base_url, provider);
	if (in_path.len)
		buf_printf(&url, "/%.*s", SLICE_FMT(in_path));
	c.url = url.data;
	if (password.len) {
		c.user = SLICE("jawort");
		c.password = password;
	}
	if (http_do(d->http, &c, &ei) != OK)
		snprintf(error, 200, "%.190s", ei.text);
	else if (c.outcome != HTTP_ANSWER)
		snprintf(error, 200, "%s", c.error);
	else
		status = c.status;
	http_call_free(&c);
	crypt_wipe(url.data, url.len);
	buf_free(&url);
	return status;
}

static void hook_verdict(struct doctor *d, const char *provider, int wrong, int by_head, int by_path, const char *error)
{
	if (!wrong) {
		doctor_finding(d, "%s/hook/%s does not answer: %s", d->site->base_url, provider, error);
		doctor_mend(d, "pages are answered at this address, so look for a rule of its own for /hook/ in web server or firewall");
	} else if (wrong == 200) {
		doctor_finding(d, "%s: the hook answers 200 to a wrong secret: it is not ours that answers", provider);
		doctor_mend(d, "see public address; what answers POST at %s/hook/%s?", d->site->base_url, provider);
	} else if (wrong != 401) {
		doctor_finding(d, "%s: the hook answers %d where 401 is expected", provider, wrong);
		doctor_mend(d, "see public address; POST to %s/hook/ must be passed on, up to 1 MiB; after a change of the site "
		    "file: systemctl reload jawort-serve", d->site->base_url);
	} else if (by_path != 200) {
		doctor_finding(d, "%s: the hook does not accept the secret of its file (%d)", provider, by_path);
		doctor_mend(d, "can serve read the secret file (its log says hook_is_shut if not)? After a change: systemctl reload "
		    "jawort-serve, and enter the new address at the provider");
	} else {
		doctor_ok(d, "%s: 401 without the secret, 200 with it%s", provider,
		    by_head == 200 ? "" : ". Only in the path: the web server keeps back the Authorization header");
	}
}

static void hook_look(struct doctor *d, const struct conf_hook *h)
{
	struct errinfo ei = {.code = OK};
	char which[128], error[200] = "";
	struct buf secret;
	int wrong, by_head = 0, by_path = 0;

	snprintf(which, sizeof(which), "mail.hooks.%s.secret_file", h->id);
	buf_init(&secret, SECRET_MAX_BYTES);
	if (conf_secret_read(d->conf, d->site, which, &secret, &ei) != OK) {
		doctor_skip(d, "%s: its secret cannot be read, see owners and modes", h->id);
		buf_free(&secret);
		return;
	}
	wrong = hook_ask(d, h->id, SLICE("not-the-secret"), SLICE(""), error);
	if (wrong == 401) {
		by_head = hook_ask(d, h->id, SLICE(""), buf_slice(&secret), error);
		by_path = by_head == 200 ? 200 : hook_ask(d, h->id, buf_slice(&secret), SLICE(""), error);
	}
	crypt_wipe(secret.data, secret.len);
	buf_free(&secret);
	hook_verdict(d, h->id, wrong, by_head, by_path, error);
}

void check_hook(struct doctor *d)
{
	const struct conf_mail *m = &d->site->mail;

	if (!m->nhooks) {
		doctor_skip(d, "no hook is configured: what the provider says of bounces and complaints is not heard "
		    "(mail.hooks)");
		return;
	}
	/* One finding for one fault. */
	if (!d->seen) {
		doctor_skip(d, "the public address does not lead here");
		return;
	}
	for (size_t i = 0; i < m->nhooks; i++)
		hook_look(d, &m->hooks[i]);
}

/* ---- /my */

/* GET below base_url; the values of one header into `got`, one per line. 0: no answer, then `got` says why. */
static int mine_ask(struct doctor *d, const char *path, const char *header, char got[static 200])
{
	struct errinfo ei = {.code = OK};
	struct http_call c = {.method = "GET", .want = header};
	struct buf url;
	int status = 0;

	buf_init(&url, URL_MAX_BYTES);
	buf_printf(&url, "%s%s", d->site->base_url, path);
	c.url = url.data;
	got[0] = '\0';
	if (http_do(d->http, &c, &ei) != OK)
		snprintf(got, 200, "%.190s", ei.text);
	else if (c.outcome != HTTP_ANSWER)
		snprintf(got, 200, "%s", c.error);
	else
		status = c.status;
	if (status)
		slice_copy(buf_slice(&c.wanted), got, 200);
	http_call_free(&c);
	buf_free(&url);
	return status;
}

/* A page behind a link shows what is held about somebody: nobody on the way may keep it or learn the link. */
static void mine_headers(struct doctor *d)
{
	static const struct {
		const char *header, *value;
	} wanted[] = {{"Cache-Control", "no-store\n"}, {"Referrer-Policy", "no-referrer\n"}};
	char got[200];

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		int status = mine_ask(d, "/my/not-a-link", wanted[i].header, got);
		if (status && strcmp(got, wanted[i].value) == 0)
			continue;
		got[strcspn(got, "\n")] = '\0';
		doctor_finding(d, "%s/my/... answers %d with %s: %s where %.*s is expected", d->site->base_url, status,
		    wanted[i].header, *got ? got : "nothing", (int)strlen(wanted[i].value) - 1, wanted[i].value);
		doctor_mend(d, "the web server must pass /my/ on to the program and leave its headers alone: no cache, no "
		    "add_header or fastcgi_hide_header of its own there (jawort nginx --site %s)", d->site->id);
		return;
	}
}

void check_rights(struct doctor *d)
{
	char got[200];
	int status;

	if (!d->seen) {
		doctor_skip(d, "the public address does not lead here");
		return;
	}
	status = mine_ask(d, "/my", "Content-Type", got);
	if (status != 200) {
		doctor_finding(d, "%s/my answers %d%s%s where 200 is expected", d->site->base_url, status, status ? "" : ": ",
		    status ? "" : got);
		doctor_mend(d, "look for a rule of its own for /my in web server or firewall: every mail and the privacy notice lead "
		    "there (jawort nginx --site %s)", d->site->id);
		return;
	}
	mine_headers(d);
	if (!doctor_found(d))
		doctor_ok(d, "%s/my is there, and what it shows is not kept on the way", d->site->base_url);
}

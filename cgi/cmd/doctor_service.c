/* doctor: socket, service and worker on this machine, asked as a web server asks. */
#include "cmd/doctor_priv.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/alive_priv.h"
#include "cmd/fcgi_ask_priv.h"
#include "core/version.h"

#define ANSWER_MAX_BYTES (1024u * 1024u)
#define ANSWER_TIMEOUT_MS 5000
/* RFC 5737: nobody's. If this arrives, any visitor's would. */
#define NOBODY "203.0.113.7"

static void socket_dead(struct doctor *d, const char *path, int err)
{
	if (err == ENOENT) {
		doctor_finding(d, "there is no socket %s", path);
		doctor_mend(d, "systemctl start jawort.socket (or jawort serve); is `listen` the path that the web server names?");
	} else if (err == ECONNREFUSED) {
		doctor_finding(d, "%s is there, but nobody listens", path);
		doctor_mend(d, "systemctl restart jawort.socket jawort-serve; why it ended: journalctl -u jawort-serve");
	} else {
		doctor_finding(d, "%s cannot be used: %s", path, err == EACCES ? "permission denied" : "no working socket");
		doctor_mend(d, "ls -l '%s'; run doctor as root", path);
	}
}

void check_socket(struct doctor *d)
{
	const char *path = alive_socket(d->conf);
	int err = alive_serve(d->conf);
	struct stat st;

	d->socket_ok = err == 0;
	if (err) {
		socket_dead(d, path, err);
		return;
	}
	if (stat(path, &st) == 0 && (st.st_mode & 002)) {
		doctor_finding(d, "%s has mode %04o: every user of this machine can write to it, and claim any visitor's address",
		    path, st.st_mode & 07777);
		doctor_mend(d, "SocketMode=0660 in jawort.socket, or serve --group www-data; now: chmod 660 '%s'", path);
		return;
	}
	doctor_ok(d, "%s, somebody listens", path);
}

void check_worker(struct doctor *d)
{
	if (alive_worker(d->conf)) {
		doctor_ok(d, "runs");
		return;
	}
	doctor_finding(d, "nobody holds %s/worker.lock", d->conf->data);
	doctor_mend(d, "systemctl start jawort-worker; why it ended: journalctl -u jawort-worker. Run from cron instead: "
	    "jawort worker --once every minute");
}

/* ---- a request through the socket */

static enum err ask(struct doctor *d, const char *path, struct buf *out, struct fcgi_answer *a, struct errinfo *ei)
{
	const char *query = strchr(path, '?');
	const struct fcgi_param params[] = {
	    {"REQUEST_METHOD", "GET"}, {"REQUEST_URI", path}, {"QUERY_STRING", query ? query + 1 : ""},
	    {"SERVER_PROTOCOL", "HTTP/1.1"}, {"REMOTE_ADDR", NOBODY}, {"HTTP_HOST", d->site->base_host},
	    {"HTTPS", strncmp(d->site->base_url, "https:", 6) == 0 ? "on" : ""},
	};

	return fcgi_ask(alive_socket(d->conf), params, sizeof(params) / sizeof(params[0]), ANSWER_TIMEOUT_MS, out, a, ei);
}

static void serve_status(struct doctor *d, unsigned status)
{
	doctor_finding(d, "serve answers %u for this site", status);
	if (status == 503)
		doctor_mend(d, "its site is down: jawort status says why; then: systemctl reload jawort-serve");
	else
		doctor_mend(d, "it runs with another configuration than %s: systemctl reload jawort-serve; is it started with "
		    "the same -c?", d->args->conf);
}

static void serve_told(struct doctor *d, struct slice body)
{
	json_error_t je;
	json_t *root = json_loadb(body.len ? body.ptr : "", body.len, 0, &je);
	const char *version = json_string_value(json_object_get(root, "version"));
	const char *client = json_string_value(json_object_get(root, "client"));

	if (!version || !client) {
		doctor_finding(d, "serve answers, but not as this program does");
		doctor_mend(d, "an older one runs, or with other keys: systemctl restart jawort-serve");
	} else if (strcmp(version, JAWORT_VERSION) != 0) {
		doctor_finding(d, "serve is version %.40s, this program %s", version, JAWORT_VERSION);
		doctor_mend(d, "systemctl restart jawort-serve jawort-worker");
	} else if (strcmp(client, NOBODY) != 0) {
		doctor_finding(d, "serve takes %s for %.64s", NOBODY, client);
		doctor_mend(d, "take %s out of trusted_proxies", NOBODY);
	} else {
		doctor_ok(d, "FastCGI request answered, version %s", version);
	}
	json_decref(root);
}

void check_serve(struct doctor *d)
{
	struct errinfo ei = {.code = OK};
	struct fcgi_answer a;
	struct buf path, out;
	enum err e;

	if (!d->socket_ok || !d->store) {
		doctor_skip(d, "%s", d->socket_ok ? "the site's keys do not open" : "there is no socket to ask through");
		return;
	}
	buf_init(&path, 4096);
	buf_init(&out, ANSWER_MAX_BYTES);
	buf_add_str(&path, d->site->base_path);
	doctor_health_path(d, &path);
	e = ask(d, path.data, &out, &a, &ei);
	if (e) {
		doctor_finding(d, "%s", ei.text);
		doctor_mend(d, "systemctl restart jawort-serve; its log: journalctl -u jawort-serve");
	} else if (a.status != 200) {
		serve_status(d, a.status);
	} else {
		serve_told(d, a.body);
	}
	buf_free(&path);
	buf_free(&out);
}

#include "conf/conf_priv.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include "base/enc.h"
#include "text/url.h"

/* "10.0.0.0/8", "::1", "192.0.2.7" */
static bool host_prefix_ok(const char *s)
{
	char addr[64];
	unsigned char bytes[16];
	unsigned long long bits = 0;
	const char *slash = strchr(s, '/');
	bool v6;

	if (!slice_copy(slice_make(s, slash ? (size_t)(slash - s) : strlen(s)), addr, sizeof(addr)))
		return false;
	v6 = inet_pton(AF_INET6, addr, bytes) == 1;
	if (!v6 && inet_pton(AF_INET, addr, bytes) != 1)
		return false;
	return !slash || (slice_u64(slice_from(slash + 1), &bits) && bits <= (v6 ? 128 : 32));
}

/* No TCP: whoever reaches such a port could send any parameter, also a false address of the visitor. */
static bool host_listen_ok(const char *s)
{
	/* sun_path holds 108 bytes with its NUL. */
	if (strncmp(s, "unix:", 5) == 0)
		return s[5] == '/' && strlen(s + 5) < 108;
	return strcmp(s, "fd:0") == 0;
}

/* An address below another one, as paths are written; links are not followed. */
static bool host_inside(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	while (n > 1 && dir[n - 1] == '/')
		n--;
	return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

static void host_backup(struct conf_bind *b, const struct conf *c)
{
	unsigned char pub[32];
	int line, col;

	conf_bind_place(b, "backup.public_key", &line, &col);
	if (*c->backup.public_key && !enc_b64url_decode(slice_from(c->backup.public_key), pub, sizeof(pub)))
		conf_sink_error(b->sink, line, col, "backup.public_key: \"%.60s\" is no public key. jawort key new --backup makes "
		    "one: 43 letters and digits", c->backup.public_key);
	conf_bind_place(b, "backup.journal", &line, &col);
	if (*c->backup.journal && host_inside(c->backup.journal, c->data))
		conf_sink_error(b->sink, line, col, "backup.journal lies inside data: it would be lost together with the data. Name "
		    "a folder on another disk or machine");
}

/* The web server reads this folder, and serve removes files from it. */
static void host_ready(struct conf_bind *b, const struct conf *c)
{
	int line, col;

	conf_bind_place(b, "ready", &line, &col);
	if (*c->ready && (host_inside(c->ready, c->data) || host_inside(c->ready, c->keys)))
		conf_sink_error(b->sink, line, col, "ready lies inside data or keys, which a web server must not be able to read. "
		    "Name a folder of its own, such as /var/cache/jawort/ready");
}

void conf_check_host(struct conf_bind *b, const struct conf *c)
{
	char path[60];
	int line, col;

	conf_bind_place(b, "listen", &line, &col);
	if (!host_listen_ok(c->listen))
		conf_sink_error(b->sink, line, col,
		    "listen: \"%.100s\" cannot be used. Write unix:/run/jawort/jawort.sock or fd:0", c->listen);
	host_backup(b, c);
	host_ready(b, c);
	for (size_t i = 0; i < c->trusted_proxies.n; i++) {
		snprintf(path, sizeof(path), "trusted_proxies[%zu]", i);
		conf_bind_place(b, path, &line, &col);
		if (!host_prefix_ok(c->trusted_proxies.v[i]))
			conf_sink_error(b->sink, line, col, "trusted_proxies: \"%.60s\" is neither an address nor a prefix. "
			    "Write 127.0.0.1 or 10.0.0.0/8", c->trusted_proxies.v[i]);
	}
}

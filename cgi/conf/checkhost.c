#include "conf/conf_priv.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
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

void conf_check_host(struct conf_bind *b, const struct conf *c)
{
	char path[60];
	int line, col;

	conf_bind_place(b, "listen", &line, &col);
	if (!host_listen_ok(c->listen))
		conf_sink_error(b->sink, line, col,
		    "listen: \"%.100s\" cannot be used. Write unix:/run/jawort/jawort.sock or fd:0", c->listen);
	for (size_t i = 0; i < c->trusted_proxies.n; i++) {
		snprintf(path, sizeof(path), "trusted_proxies[%zu]", i);
		conf_bind_place(b, path, &line, &col);
		if (!host_prefix_ok(c->trusted_proxies.v[i]))
			conf_sink_error(b->sink, line, col, "trusted_proxies: \"%.60s\" is neither an address nor a prefix. "
			    "Write 127.0.0.1 or 10.0.0.0/8", c->trusted_proxies.v[i]);
	}
}

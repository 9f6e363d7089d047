#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"

#define OUT_MAX_BYTES (1024u * 1024u)

/* What a web server must tell us, and nothing else: no cookie of another part of the site gets in. */
static const struct {
	const char *name, *value;
} params[] = {
    {"REQUEST_METHOD", "$request_method"},
    {"REQUEST_URI", "$request_uri"},
    {"QUERY_STRING", "$query_string"},
    {"CONTENT_TYPE", "$content_type"},
    {"CONTENT_LENGTH", "$content_length"},
    {"REMOTE_ADDR", "$remote_addr"},
    {"SERVER_PORT", "$server_port"},
    {"SERVER_PROTOCOL", "$server_protocol"},
    {"HTTPS", "$https if_not_empty"},
    {"HTTP_HOST", "$http_host"},
    {"HTTP_ACCEPT", "$http_accept"},
    {"HTTP_ACCEPT_LANGUAGE", "$http_accept_language"},
    {"HTTP_CONTENT_ENCODING", "$http_content_encoding"},
    {"HTTP_ORIGIN", "$http_origin"},
    {"HTTP_REFERER", "$http_referer"},
    {"HTTP_IF_NONE_MATCH", "$http_if_none_match"},
    {"HTTP_SEC_PURPOSE", "$http_sec_purpose"},
    {"HTTP_X_FORWARDED_FOR", "$http_x_forwarded_for"},
    {"HTTP_AUTHORIZATION", "$http_authorization"},
};

/* A socket that is handed over has the name that our systemd unit gives it. */
static void pass(struct buf *b, const char *listen)
{
	buf_printf(b, "    fastcgi_pass %s;\n", strcmp(listen, "fd:0") == 0 ? "unix:/run/jawort/jawort.sock" : listen);
}

static void http_part(struct buf *b)
{
	buf_add_str(b,
	    "# jawort, http level: once, inside http { } (for example /etc/nginx/conf.d/jawort.conf)\n"
	    "# Only POST counts against the limit; an empty key is not counted.\n"
	    "map $request_method $jawort_post {\n"
	    "    default \"\";\n"
	    "    POST    $binary_remote_addr;\n"
	    "}\n"
	    "limit_req_zone $jawort_post zone=jawort_post:1m rate=30r/m;\n");
}

static void site_part(struct buf *b, const struct conf *c, const struct conf_site *s)
{
	const char *path = *s->base_path ? s->base_path : "";

	buf_printf(b,
	    "\n# jawort, site %s: inside the server { } of %s\n"
	    "location ^~ %s/ {\n"
	    "    # Paths carry tokens: they are not logged, and what is sent on is only what is needed.\n"
	    "    access_log off;\n"
	    "    limit_req zone=jawort_post burst=20 nodelay;\n"
	    "    limit_req_status 429;\n"
	    "    client_max_body_size 1m;\n"
	    "    fastcgi_request_buffering on;\n"
	    "    fastcgi_buffers 16 32k;\n"
	    "    fastcgi_buffer_size 32k;\n"
	    "    fastcgi_read_timeout 30s;\n"
	    "    fastcgi_pass_request_headers off;\n",
	    s->id, s->base_host, path);
	for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++)
		buf_printf(b, "    fastcgi_param %-22s %s;\n", params[i].name, params[i].value);
	pass(b, c->listen);
	buf_add_str(b, "}\n");
}

int cmd_nginx(const struct cmd_args *a)
{
	bool http = !a->format || strcmp(a->format, "http") == 0;
	bool server = !a->format || strcmp(a->format, "server") == 0;
	struct conf *c;
	struct buf b;
	int rc;

	if (a->n || (!http && !server))
		return cmd_usage("nginx [--site S] [--format http|server]");
	rc = cmd_load(a, &c);
	if (rc)
		return rc;
	buf_init(&b, OUT_MAX_BYTES);
	if (http)
		http_part(&b);
	for (size_t i = 0; server && i < c->nsites; i++)
		if (!a->site || strcmp(a->site, c->sites[i]->id) == 0)
			site_part(&b, c, c->sites[i]);
	if (a->site && !cmd_site(a, c))
		rc = CMD_USAGE;
	else
		rc = cmd_print(&b);
	buf_free(&b);
	conf_free(c);
	return rc;
}

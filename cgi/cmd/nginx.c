#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/nginx_priv.h"
#include "core/embed.h"
#include "text/phrase.h"

/* What belongs to none of the sites, and what each adds. */
#define OUT_MAX_BYTES (64u * 1024u)
#define OUT_SITE_MAX_BYTES (32u * 1024u) /* with maps for languages that no other site has */
#define OUT_FORM_MAX_BYTES (4u * 1024u) /* of ready files; two forms' worth for the notice */

/* What a web server must tell us, and nothing else: no cookie of another part of the site gets in. */
static const struct {
	const char *name, *value;
} params[] = {
    {"REQUEST_METHOD", "$request_method"},
    {"REQUEST_URI", "$request_uri"},
    {"DOCUMENT_URI", "$document_uri"}, /* in SSI the part's own address; REQUEST_URI is that of the page */
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

/* Pages for what nginx answers by itself, in the words of the program. nginx takes at most 4 KB a text. */
static const struct {
	const char *name, *key;
	int status;
} own_pages[] = {
    {"busy", "page.bare.busy", 429},
    {"down", "page.bare.down", 503},
    {"large", "page.bare.large", 413},
};
#define OWN_PAGES (sizeof(own_pages) / sizeof(own_pages[0]))

static enum err own_page(struct buf *b, const struct phrases *words, const char *key, struct errinfo *ei)
{
	struct buf title, text, name;
	const struct phrase *t, *p;
	enum err rc = E_NOT_FOUND;

	buf_init(&title, 512);
	buf_init(&text, 2048);
	buf_init(&name, 128);
	buf_printf(&name, "%s.title", key);
	t = phrases_get(words, buf_slice(&name));
	buf_reset(&name);
	buf_printf(&name, "%s.text", key);
	p = phrases_get(words, buf_slice(&name));
	if (t && p)
		rc = phrase_html_inline(&title, t, NULL, ei);
	if (!rc)
		rc = phrase_html_inline(&text, p, NULL, ei);
	buf_printf(b, "'<!doctype html><html lang=\"%s\"><meta charset=\"utf-8\"><meta name=\"viewport\" "
	    "content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\"><title>%s</title>"
	    "<h1>%s</h1><p>%s</p></html>'", phrases_lang(words), title.data, title.data, text.data);
	buf_free(&title);
	buf_free(&text);
	buf_free(&name);
	return rc;
}

static enum err own_words(struct phrases **out, const char *lang, const char *file, struct errinfo *ei)
{
	const struct embedded_file *f = embed_find(file);

	*out = phrases_new(lang);
	if (!*out || !f)
		return err_set(ei, E_NOMEM, "words");
	return phrases_load(*out, f->name, slice_make(f->data, f->len), false, ei);
}

static enum err http_part(struct buf *b, struct errinfo *ei)
{
	struct phrases *de = NULL, *en = NULL;
	enum err rc = own_words(&de, "de", "de/web.txt", ei);

	if (!rc)
		rc = own_words(&en, "en", "en/web.txt", ei);
	buf_add_str(b,
	    "# jawort, http level: once, inside http { } (for example /etc/nginx/conf.d/jawort.conf)\n"
	    "# Only sign-ups and questions about one's data count against the limit (an empty key is not counted): a\n"
	    "# withdrawal, and what people do with the link to their data, is never refused.\n"
	    "map \"$request_method $uri\" $jawort_signup {\n"
	    "    default              \"\";\n"
	    "    \"~^POST .*/s/[^/]+$\" $binary_remote_addr;\n"
	    "    \"~^POST .*/my$\"      $binary_remote_addr;\n"
	    "}\n"
	    "limit_req_zone $jawort_signup zone=jawort_signup:1m rate=30r/m;\n"
	    "map $http_accept_language $jawort_lang {\n"
	    "    default en;\n"
	    "    \"~*^de\"  de;\n"
	    "}\n");
	for (size_t i = 0; !rc && i < OWN_PAGES; i++) {
		buf_printf(b, "map $jawort_lang $jawort_%s {\n    en ", own_pages[i].name);
		rc = own_page(b, en, own_pages[i].key, ei);
		buf_add_str(b, ";\n    de ");
		if (!rc)
			rc = own_page(b, de, own_pages[i].key, ei);
		buf_add_str(b, ";\n}\n");
	}
	phrases_free(de);
	phrases_free(en);
	return rc;
}

/* A path inside a regular expression. */
static void add_quoted(struct buf *b, const char *path)
{
	for (; *path; path++) {
		if (strchr(".+*?()[]{}|^$", *path))
			buf_add_char(b, '\\');
		buf_add_char(b, *path);
	}
}

/* Most sites of a host have the same path below different names: one line does for all. */
static bool path_is_new(const struct conf *c, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(c->sites[i]->base_path, c->sites[at]->base_path) == 0)
			return false;
	return true;
}

/* "/j/c/TOKEN?x" is logged as "/j/c/...": the kind of page, nothing behind it. */
static void log_masks(struct buf *b, const struct conf *c)
{
	buf_add_str(b, "map $request_uri $jawort_uri {\n    default $request_uri;\n");
	for (size_t i = 0; i < c->nsites; i++) {
		if (!path_is_new(c, i))
			continue;
		buf_add_str(b, "    \"~^(?<jawort_kind>");
		add_quoted(b, c->sites[i]->base_path);
		buf_add_str(b, "/[^/?]*)[/?]\" \"$jawort_kind/...\";\n");
	}
	buf_add_str(b, "}\nmap $http_referer $jawort_referer {\n    default $http_referer;\n");
	for (size_t i = 0; i < c->nsites; i++) {
		if (!path_is_new(c, i))
			continue;
		buf_add_str(b, "    \"~^https?://[^/]*");
		add_quoted(b, c->sites[i]->base_path);
		buf_add_str(b, "/\" \"-\";\n");
	}
	buf_add_str(b, "}\n");
}

/*
 * The block of a site keeps no log, but what nginx refuses before it knows the location (a broken header, say)
 * is logged by the server, request line and all.
 */
static void log_part(struct buf *b, const struct conf *c)
{
	buf_add_str(b,
	    "# For the access log of the server, with shortened addresses and without tokens:\n"
	    "#     access_log /var/log/nginx/access.log jawort_masked;\n"
	    "map $remote_addr $jawort_ip {\n"
	    "    default \"0.0.0.0\";\n"
	    "    \"~^(?<jawort_net>\\d+\\.\\d+\\.\\d+)\\.\" \"$jawort_net.0\";\n"
	    "    \"~^(?<jawort_net6>[0-9a-f]+:[0-9a-f]+):\" \"$jawort_net6::\";\n"
	    "}\n");
	log_masks(b, c);
	buf_add_str(b,
	    "log_format jawort_masked '$jawort_ip - - [$time_local] \"$request_method $jawort_uri $server_protocol\" '\n"
	    "    '$status $body_bytes_sent \"$jawort_referer\" \"$http_user_agent\"';\n");
}

/* Once per server block: what is shown while the program cannot answer. */
static void pages_part(struct buf *b)
{
	buf_add_str(b, "\n# jawort: once in each server { } that has one of the locations below\n");
	for (size_t i = 0; i < OWN_PAGES; i++)
		buf_printf(b, "location @jawort_%s {\n    internal;\n    access_log off;\n"
		    "    error_log stderr emerg;\n"
		    "    default_type \"text/html; charset=utf-8\";\n    add_header Retry-After 60 always;\n"
		    "    add_header Cache-Control no-store always;\n    return %d $jawort_%s;\n}\n",
		    own_pages[i].name, own_pages[i].status, own_pages[i].name);
}

/* What a location must say that hands requests over. */
static void program_part(struct buf *b, const struct conf *c, bool cache)
{
	buf_add_str(b,
	    "    # Paths carry tokens: no log quotes them. nginx's error log prints the request line with each refusal and\n"
	    "    # with each failed connection, so only its emergencies go there; `jawort status` says whether we answer.\n"
	    "    access_log off;\n"
	    "    error_log stderr emerg;\n"
	    "    limit_req_log_level info;\n"
	    "    limit_req zone=jawort_signup burst=20 nodelay;\n"
	    "    limit_req_status 429;\n"
	    "    error_page 429 @jawort_busy;\n"
	    "    error_page 413 @jawort_large;\n"
	    "    error_page 502 504 = @jawort_down;\n"
	    "    client_max_body_size 1m;\n"
	    "    fastcgi_request_buffering on;\n"
	    "    fastcgi_buffers 16 32k;\n"
	    "    fastcgi_buffer_size 32k;\n"
	    "    fastcgi_read_timeout 30s;\n"
	    "    fastcgi_pass_request_headers off;\n");
	for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++)
		buf_printf(b, "    fastcgi_param %-22s %s;\n", params[i].name, params[i].value);
	if (cache)
		nginx_cache_site(b);
	pass(b, c->listen);
	buf_add_str(b, "}\n");
}

static void site_part(struct buf *b, const struct conf *c, const struct conf_site *s, bool cache)
{
	const char *path = *s->base_path ? s->base_path : "";

	buf_printf(b, "\n# jawort, site %s: inside the server { } of %s\nlocation ^~ %s/ {\n", s->id, s->base_host, path);
	program_part(b, c, cache);
}

static enum err server_part(struct buf *b, const struct conf *c, const char *site, const struct nginx_parts *parts,
    struct errinfo *ei)
{
	struct voices *voices = parts->ready ? voices_new(c) : NULL;
	enum err rc = parts->ready && !voices ? err_set(ei, E_NOMEM, "words") : OK;

	pages_part(b);
	if (parts->ready) {
		buf_add_str(b, "# What has no ready file.\nlocation @jawort_program {\n");
		program_part(b, c, parts->cache);
	}
	for (size_t i = 0; !rc && i < c->nsites; i++) {
		if (site && strcmp(site, c->sites[i]->id) != 0)
			continue;
		site_part(b, c, c->sites[i], parts->cache);
		if (parts->ready)
			rc = nginx_ready_site(b, c, c->sites[i], voices, ei);
	}
	voices_free(voices);
	return rc;
}

enum err nginx_text(struct buf *b, const struct conf *c, const char *site, const struct nginx_parts *parts,
    struct errinfo *ei)
{
	enum err rc = OK;

	if (parts->ready && !*c->ready)
		return err_set(ei, E_INVALID, "%s names no folder for ready files. Add, for example: ready: "
		    "/var/cache/jawort/ready", c->file);
	if (parts->http) {
		rc = http_part(b, ei);
		log_part(b, c);
	}
	if (parts->http && parts->cache)
		nginx_cache_http(b, c);
	if (parts->http && parts->ready)
		nginx_ready_http(b, c);
	if (!rc && parts->server)
		rc = server_part(b, c, site, parts, ei);
	if (!rc && !buf_ok(b))
		rc = err_set(ei, E_NOMEM, "the block for nginx");
	return rc;
}

int cmd_nginx(const struct cmd_args *a)
{
	const struct nginx_parts parts = {.http = !a->format || strcmp(a->format, "http") == 0,
	    .server = !a->format || strcmp(a->format, "server") == 0, .cache = a->cache, .ready = a->ready};
	struct errinfo ei = {.code = OK};
	struct conf *c;
	struct buf b;
	size_t forms = 0;
	int rc;

	if (a->n || (!parts.http && !parts.server))
		return cmd_usage("nginx [--site S] [--format http|server] [--cache] [--ready]");
	rc = cmd_load(a, &c);
	if (rc)
		return rc;
	for (size_t i = 0; i < c->nsites; i++)
		forms += c->sites[i]->nforms + 2;
	buf_init(&b, OUT_MAX_BYTES + c->nsites * OUT_SITE_MAX_BYTES + forms * OUT_FORM_MAX_BYTES);
	if (nginx_text(&b, c, a->site, &parts, &ei) != OK)
		rc = cmd_fail("nginx", &ei);
	if (a->site && !cmd_site(a, c))
		rc = CMD_USAGE;
	else if (!rc)
		rc = cmd_print(&b);
	buf_free(&b);
	conf_free(c);
	return rc;
}

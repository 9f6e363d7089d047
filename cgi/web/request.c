#include "web/request.h"

#include <string.h>

#include "base/bug.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "text/url.h"
#include "text/utf8.h"

/* What is needed to fill a request but is no part of it. */
struct raw {
	struct request *req;
	struct slice request_uri;
	struct slice document_uri;
	struct slice script_name;
	struct slice path_info;
	struct slice query_string;
	struct slice content_length;
	struct slice https;
	struct slice scheme;
	struct slice port;
	struct slice purpose;
};

/* PLAIN: must be UTF-8. LENIENT: sent by browsers as they like; not UTF-8 counts as absent. */
enum param_kind { PARAM_RAW, PARAM_PLAIN, PARAM_LENIENT };

#define IN_REQ(field) offsetof(struct request, field)
#define IN_RAW(field) offsetof(struct raw, field)

static const struct {
	struct slice name;
	enum param_kind kind;
	size_t offset;
} params[] = {
	{SLICE_LIT("REQUEST_URI"), PARAM_RAW, IN_RAW(request_uri)},
	{SLICE_LIT("DOCUMENT_URI"), PARAM_RAW, IN_RAW(document_uri)},
	{SLICE_LIT("SCRIPT_NAME"), PARAM_RAW, IN_RAW(script_name)},
	{SLICE_LIT("PATH_INFO"), PARAM_RAW, IN_RAW(path_info)},
	{SLICE_LIT("QUERY_STRING"), PARAM_RAW, IN_RAW(query_string)},
	{SLICE_LIT("CONTENT_LENGTH"), PARAM_RAW, IN_RAW(content_length)},
	{SLICE_LIT("HTTPS"), PARAM_RAW, IN_RAW(https)},
	{SLICE_LIT("REQUEST_SCHEME"), PARAM_RAW, IN_RAW(scheme)},
	{SLICE_LIT("SERVER_PORT"), PARAM_RAW, IN_RAW(port)},
	{SLICE_LIT("HTTP_PURPOSE"), PARAM_RAW, IN_RAW(purpose)},
	{SLICE_LIT("REQUEST_METHOD"), PARAM_PLAIN, IN_REQ(method_name)},
	{SLICE_LIT("HTTP_HOST"), PARAM_PLAIN, IN_REQ(host)},
	{SLICE_LIT("CONTENT_TYPE"), PARAM_LENIENT, IN_REQ(content_type)},
	{SLICE_LIT("HTTP_CONTENT_ENCODING"), PARAM_PLAIN, IN_REQ(content_encoding)},
	{SLICE_LIT("HTTP_ACCEPT"), PARAM_LENIENT, IN_REQ(accept)},
	{SLICE_LIT("HTTP_ACCEPT_LANGUAGE"), PARAM_LENIENT, IN_REQ(accept_language)},
	{SLICE_LIT("HTTP_ACCEPT_ENCODING"), PARAM_LENIENT, IN_REQ(accept_encoding)},
	{SLICE_LIT("HTTP_ORIGIN"), PARAM_PLAIN, IN_REQ(origin)},
	{SLICE_LIT("HTTP_REFERER"), PARAM_LENIENT, IN_REQ(referer)},
	{SLICE_LIT("HTTP_USER_AGENT"), PARAM_LENIENT, IN_REQ(user_agent)},
	{SLICE_LIT("HTTP_AUTHORIZATION"), PARAM_LENIENT, IN_REQ(authorization)},
	{SLICE_LIT("HTTP_COOKIE"), PARAM_LENIENT, IN_REQ(cookie)},
	{SLICE_LIT("HTTP_IF_NONE_MATCH"), PARAM_LENIENT, IN_REQ(if_none_match)},
	{SLICE_LIT("HTTP_SEC_PURPOSE"), PARAM_LENIENT, IN_REQ(sec_purpose)},
	{SLICE_LIT("HTTP_X_FORWARDED_FOR"), PARAM_LENIENT, IN_REQ(forwarded_for)},
	{SLICE_LIT("REMOTE_ADDR"), PARAM_PLAIN, IN_REQ(remote_addr)},
	{SLICE_LIT("JAWORT_SITE"), PARAM_PLAIN, IN_REQ(site_override)},
};

static const struct {
	struct slice name;
	enum request_method method;
} methods[] = {
	{SLICE_LIT("GET"), REQUEST_GET},
	{SLICE_LIT("POST"), REQUEST_POST},
	{SLICE_LIT("HEAD"), REQUEST_HEAD},
	{SLICE_LIT("OPTIONS"), REQUEST_OPTIONS},
};

static bool has_control(struct slice s, bool tab)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		if ((c < 0x20 && !(tab && c == '\t')) || c == 0x7f)
			return true;
	}
	return false;
}

static unsigned request_put(struct raw *raw, size_t row, struct slice value)
{
	if (params[row].kind != PARAM_RAW && !utf8_valid(value)) {
		if (params[row].kind == PARAM_PLAIN)
			return 400;
		value = SLICE("");
	}
	struct slice copy = arena_dup(raw->req->arena, value);
	char *base = params[row].kind == PARAM_RAW ? (char *)raw : (char *)raw->req;
	memcpy(base + params[row].offset, &copy, sizeof(copy));
	return arena_ok(raw->req->arena) ? 0 : 503;
}

static unsigned request_collect(struct raw *raw, request_next_fn *next, void *ctx)
{
	struct slice name, value;
	size_t total = 0;
	while (next(ctx, &name, &value)) {
		total += name.len + value.len;
		if (total > REQUEST_PARAMS_MAX_BYTES)
			return 431;
		bool header = slice_starts(name, SLICE("HTTP_"));
		if (!name.len || has_control(name, false) || has_control(value, header))
			return 400;
		for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++) {
			/* lengths first: most differ, and there are twenty names times thirty rows */
			if (name.len != params[i].name.len || memcmp(name.ptr, params[i].name.ptr, name.len) != 0)
				continue;
			unsigned status = request_put(raw, i, value);
			if (status)
				return status;
			break;
		}
	}
	return 0;
}

/* "." and ".." between slashes. */
static bool has_dot_segment(struct slice decoded)
{
	struct slice rest = decoded, piece;
	while (slice_split(&rest, '/', &piece))
		if (slice_eq_str(piece, ".") || slice_eq_str(piece, ".."))
			return true;
	return false;
}

static bool path_decode(struct arena *a, struct slice path, struct slice *out)
{
	return path.len && path.ptr[0] == '/' && url_decode(a, path, false, out) && utf8_valid(*out) &&
	    !utf8_has_control(*out, false) && !has_dot_segment(*out);
}

/* A path that the web server gives decoded, as it would stand in a URL. */
static struct slice path_encode(struct arena *a, struct slice decoded)
{
	struct buf b;
	buf_init_arena(&b, a, 4 * REQUEST_URI_MAX_BYTES);
	struct slice rest = decoded, piece;
	for (bool first = true; slice_split(&rest, '/', &piece); first = false) {
		if (!first)
			buf_add_char(&b, '/');
		url_encode(&b, piece);
	}
	return buf_ok(&b) ? buf_slice(&b) : SLICE("");
}

static unsigned path_from_decoded(struct request *req, struct slice decoded)
{
	if (decoded.len > REQUEST_URI_MAX_BYTES)
		return 414;
	if (!decoded.len || decoded.ptr[0] != '/' || !utf8_valid(decoded) || utf8_has_control(decoded, false) ||
	    has_dot_segment(decoded))
		return 400;
	req->path_decoded = decoded;
	req->path = path_encode(req->arena, decoded);
	return req->path.len ? 0 : 503;
}

/*
 * Where a web server rewrote the address, or asks for a part of a page by SSI
 * (nginx then still sends the REQUEST_URI of the page around it), DOCUMENT_URI
 * differs and is what its access rules looked at; so it counts.
 */
static unsigned request_path(struct request *req, const struct raw *raw)
{
	if (!raw->request_uri.len) {
		struct slice whole = raw->document_uri;
		if (!whole.len) {
			struct buf b;
			buf_init_arena(&b, req->arena, REQUEST_PARAMS_MAX_BYTES + 1);
			buf_add_slice(&b, raw->script_name);
			buf_add_slice(&b, raw->path_info);
			whole = buf_slice(&b);
		}
		req->query = raw->query_string;
		return path_from_decoded(req, whole);
	}
	if (raw->request_uri.len > REQUEST_URI_MAX_BYTES)
		return 414;
	size_t mark = slice_find(raw->request_uri, '?', 0);
	req->path = slice_sub(raw->request_uri, 0, mark);
	req->query = slice_sub(raw->request_uri, mark + 1, raw->request_uri.len);
	if (!path_decode(req->arena, req->path, &req->path_decoded))
		return arena_ok(req->arena) ? 400 : 503;
	if (!raw->document_uri.len || slice_eq(raw->document_uri, req->path_decoded))
		return 0;
	req->query = raw->query_string;
	return path_from_decoded(req, raw->document_uri);
}

/* Lower case; false if it is no host name, address or address with port. */
static bool host_normalise(struct arena *a, struct slice *host)
{
	char *p = arena_alloc(a, host->len + 1);
	if (!p)
		return false;
	for (size_t i = 0; i < host->len; i++) {
		char c = host->ptr[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		bool ok = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c && strchr("-._:[]", c));
		if (!ok)
			return false;
		p[i] = c;
	}
	*host = slice_make(p, host->len);
	return true;
}

static unsigned request_numbers(struct request *req, const struct raw *raw)
{
	unsigned long long n = 0;
	if (raw->content_length.len && (!slice_u64(raw->content_length, &n) || n > SIZE_MAX / 2))
		return 400;
	req->content_length = (size_t)n;
	req->body_state = n ? REQUEST_BODY_AHEAD : REQUEST_BODY_NONE;
	if (slice_u64(raw->port, &n) && n <= 65535)
		req->server_port = (unsigned)n;
	req->https = slice_ieq(raw->https, SLICE("on")) || slice_eq_str(raw->https, "1") ||
	    slice_ieq(raw->scheme, SLICE("https"));
	return 0;
}

static void request_id_make(char id[static REQUEST_ID_CHARS + 1])
{
	unsigned char random[REQUEST_ID_CHARS];
	crypt_random(random, sizeof(random));
	for (size_t i = 0; i < REQUEST_ID_CHARS; i++)
		id[i] = "abcdefghijklmnopqrstuvwxyz234567"[random[i] & 31];
	id[REQUEST_ID_CHARS] = '\0';
}

unsigned request_from_params(struct request *req, struct arena *a, request_next_fn *next, void *ctx)
{
	struct raw raw = {.req = req};
	*req = (struct request){.arena = a, .method = REQUEST_OTHER, .received_ms = clock_now_ms()};
	request_id_make(req->id);
	unsigned status = request_collect(&raw, next, ctx);
	if (status)
		return status;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (slice_eq(req->method_name, methods[i].name))
			req->method = methods[i].method;
	if (!req->method_name.len)
		return 400;
	status = request_path(req, &raw);
	if (status)
		return status;
	if (req->path.len + req->query.len > REQUEST_URI_MAX_BYTES)
		return 414;
	if (!host_normalise(a, &req->host))
		return arena_ok(a) ? 400 : 503;
	if (!req->sec_purpose.len)
		req->sec_purpose = utf8_valid(raw.purpose) ? raw.purpose : SLICE("");
	return request_numbers(req, &raw);
}

void request_set_body(struct request *req, struct slice body)
{
	bug_if(body.len != req->content_length);
	req->body = body;
	if (body.len)
		req->body_state = REQUEST_BODY_READ;
}

const struct form *request_query(struct request *req)
{
	static const struct form none;
	if (req->query_form)
		return req->query_form;
	if (!req->query.len)
		return &none;
	struct form *f = arena_alloc(req->arena, sizeof(*f));
	if (!f || form_parse(req->arena, req->query, f, NULL) != OK)
		return NULL;
	req->query_form = f;
	return f;
}

struct slice request_query_get(struct request *req, const char *name)
{
	const struct form *f = request_query(req);
	return f ? form_get(f, name) : (struct slice){NULL, 0};
}

bool request_type_is(const struct request *req, const char *media_type)
{
	struct slice type = slice_sub(req->content_type, 0, slice_find(req->content_type, ';', 0));
	return slice_ieq(slice_trim(type), slice_from(media_type));
}

/* "0.8" in thousandths; what is no number counts as 1000, as if it were absent. */
static unsigned quality_parse(struct slice s)
{
	if (s.len < 1 || s.len > 5 || (s.ptr[0] != '0' && s.ptr[0] != '1') || (s.len > 1 && s.ptr[1] != '.'))
		return 1000;
	unsigned q = (unsigned)(s.ptr[0] - '0') * 1000, unit = 100;
	for (size_t i = 2; i < s.len; i++, unit /= 10) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return 1000;
		q += (unsigned)(s.ptr[i] - '0') * unit;
	}
	return q > 1000 ? 1000 : q;
}

/* 3: the type itself, 2: "text/" and a star, 1: star/star, 0: another type. */
static unsigned range_fits(struct slice range, struct slice type)
{
	if (slice_ieq(range, type))
		return 3;
	if (slice_eq_str(range, "*/*"))
		return 1;
	size_t slash = slice_find(type, '/', 0);
	bool family = range.len == slash + 2 && range.ptr[range.len - 1] == '*' &&
	    slice_ieq(slice_sub(range, 0, slash + 1), slice_sub(type, 0, slash + 1));
	return family ? 2 : 0;
}

unsigned request_accepts(const struct request *req, const char *media_type)
{
	if (!req->accept.len)
		return 1000;
	struct slice rest = req->accept, piece, type = slice_from(media_type);
	unsigned best = 0, quality = 0;
	while (slice_split(&rest, ',', &piece)) {
		struct slice params_rest = piece, part;
		if (!slice_split(&params_rest, ';', &part))
			continue;
		unsigned fit = range_fits(slice_trim(part), type), q = 1000;
		while (slice_split(&params_rest, ';', &part)) {
			part = slice_trim(part);
			if (part.len > 2 && (part.ptr[0] | 32) == 'q' && part.ptr[1] == '=')
				q = quality_parse(slice_sub(part, 2, part.len));
		}
		if (fit > best) {
			best = fit;
			quality = q;
		}
	}
	return quality;
}

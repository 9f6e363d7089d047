#include "web/response.h"

#include <string.h>

#include "text/url.h"

static const struct {
	unsigned status;
	const char *reason;
} reasons[] = {
	{200, "OK"},
	{201, "Created"},
	{202, "Accepted"},
	{204, "No Content"},
	{301, "Moved Permanently"},
	{302, "Found"},
	{303, "See Other"},
	{304, "Not Modified"},
	{307, "Temporary Redirect"},
	{308, "Permanent Redirect"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{406, "Not Acceptable"},
	{409, "Conflict"},
	{410, "Gone"},
	{413, "Content Too Large"},
	{414, "URI Too Long"},
	{415, "Unsupported Media Type"},
	{422, "Unprocessable Content"},
	{429, "Too Many Requests"},
	{431, "Request Header Fields Too Large"},
	{500, "Internal Server Error"},
	{501, "Not Implemented"},
	{502, "Bad Gateway"},
	{503, "Service Unavailable"},
};

static const char plain_type[] = "text/plain; charset=utf-8";

void response_init(struct response *res, struct arena *a)
{
	*res = (struct response){.arena = a, .status = 200};
	buf_init(&res->body, RESPONSE_BODY_MAX_BYTES);
}

void response_reset(struct response *res)
{
	if (res->body.cap_bytes > RESPONSE_BODY_KEEP_BYTES) {
		buf_free(&res->body);
		buf_init(&res->body, RESPONSE_BODY_MAX_BYTES);
	}
	buf_reset(&res->body);
	res->status = 200;
	res->content_type = NULL;
	res->count = 0;
	res->failed = false;
}

void response_free(struct response *res)
{
	buf_free(&res->body);
	res->count = 0;
}

static bool name_is_token(const char *name)
{
	for (const char *p = name; *p; p++) {
		char lower = (char)(*p | 32);
		if (!(lower >= 'a' && lower <= 'z') && !(*p >= '0' && *p <= '9') && *p != '-' && *p != '_')
			return false;
	}
	return *name != '\0';
}

static bool value_is_clean(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

/* These would contradict what response_write() says itself. */
static bool name_is_ours(const char *name)
{
	static const char *const ours[] = {"Status", "Content-Type", "Content-Length"};
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (slice_ieq(slice_from(name), slice_from(ours[i])))
			return true;
	return false;
}

void response_header(struct response *res, const char *name, struct slice value)
{
	if (res->count == RESPONSE_HEADERS_MAX || !name_is_token(name) || name_is_ours(name) ||
	    !value_is_clean(value)) {
		res->failed = true;
		return;
	}
	struct slice copy = arena_dup(res->arena, value);
	if (!arena_ok(res->arena)) {
		res->failed = true;
		return;
	}
	res->fields[res->count++] = (struct response_field){.name = name, .value = copy};
}

void response_header_cstr(struct response *res, const char *name, const char *value)
{
	response_header(res, name, slice_from(value));
}

static void response_header_drop(struct response *res, const char *name)
{
	size_t kept = 0;
	for (size_t i = 0; i < res->count; i++)
		if (!slice_ieq(slice_from(res->fields[i].name), slice_from(name)))
			res->fields[kept++] = res->fields[i];
	res->count = kept;
}

void response_header_set(struct response *res, const char *name, struct slice value)
{
	response_header_drop(res, name);
	response_header(res, name, value);
}

struct slice response_header_get(const struct response *res, const char *name)
{
	for (size_t i = 0; i < res->count; i++)
		if (slice_ieq(slice_from(res->fields[i].name), slice_from(name)))
			return res->fields[i].value;
	return (struct slice){NULL, 0};
}

void response_redirect(struct response *res, unsigned status, struct slice url)
{
	res->status = status;
	res->content_type = NULL;
	buf_reset(&res->body);
	response_header_set(res, "Location", url);
}

void response_add_param(struct response *res, const char *name, struct slice value)
{
	struct slice url = response_header_get(res, "Location");
	if (!url.ptr) {
		res->failed = true;
		return;
	}
	size_t end = slice_find(url, '#', 0);
	struct slice head = slice_sub(url, 0, end);
	struct buf b;
	buf_init_arena(&b, res->arena, 32 * 1024);
	buf_add_slice(&b, head);
	buf_add_char(&b, slice_find(head, '?', 0) < head.len ? '&' : '?');
	url_encode(&b, slice_from(name));
	buf_add_char(&b, '=');
	url_encode(&b, value);
	buf_add_slice(&b, slice_sub(url, end, url.len));
	if (!buf_ok(&b)) {
		res->failed = true;
		return;
	}
	response_header_set(res, "Location", buf_slice(&b));
}

const char *response_reason(unsigned status)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Unknown";
}

void response_plain(struct response *res, unsigned status, const char *id)
{
	response_reset(res);
	res->status = status;
	res->content_type = plain_type;
	response_header_cstr(res, "Cache-Control", "no-store");
	response_header_cstr(res, "X-Content-Type-Options", "nosniff");
	response_header_cstr(res, "Content-Security-Policy", "default-src 'none'");
	if (status == 503)
		response_header_cstr(res, "Retry-After", "60");
	buf_printf(&res->body, "%u %s\n", status, response_reason(status));
	if (id)
		buf_printf(&res->body, "Request %s\n", id);
}

bool response_ok(const struct response *res)
{
	return !res->failed && buf_ok(&res->body) && res->status >= 200 && res->status <= 599;
}

/* Without a single allocation: this is what is left when memory is the trouble. */
#define LAST_RESORT(status, more)                                                            \
	"Status: " status "\r\nContent-Type: text/plain; charset=utf-8\r\n" more                \
	"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"                       \
	"Content-Security-Policy: default-src 'none'\r\n"

struct slice response_last_resort(const struct response *res, bool head_only)
{
	static const char broken[] = LAST_RESORT("500 Internal Server Error", "")
	    "Content-Length: 26\r\n\r\n500 Internal Server Error\n";
	static const char starved[] = LAST_RESORT("503 Service Unavailable", "Retry-After: 60\r\n")
	    "Content-Length: 24\r\n\r\n503 Service Unavailable\n";
	bool memory = !res->failed || !buf_ok(&res->body) || !arena_ok(res->arena);
	struct slice s = memory ? SLICE(starved) : SLICE(broken);
	return head_only ? slice_sub(s, 0, s.len - (memory ? 24 : 26)) : s;
}

void response_write(const struct response *res, bool head_only, struct buf *out)
{
	if (!response_ok(res)) {
		buf_add_slice(out, response_last_resort(res, head_only));
		return;
	}
	bool bodiless = res->status == 204 || res->status == 304;
	buf_add_str(out, "Status: ");
	buf_add_u64(out, res->status);
	buf_add_char(out, ' ');
	buf_add_str(out, response_reason(res->status));
	buf_add_str(out, "\r\n");
	if (res->content_type && !bodiless) {
		buf_add_str(out, "Content-Type: ");
		buf_add_str(out, res->content_type);
		buf_add_str(out, "\r\n");
	}
	if (!bodiless) {
		buf_add_str(out, "Content-Length: ");
		buf_add_u64(out, res->body.len);
		buf_add_str(out, "\r\n");
	}
	for (size_t i = 0; i < res->count; i++) {
		buf_add_str(out, res->fields[i].name);
		buf_add_str(out, ": ");
		buf_add_slice(out, res->fields[i].value);
		buf_add_str(out, "\r\n");
	}
	buf_add_str(out, "\r\n");
	if (!head_only && !bodiless)
		buf_add_slice(out, buf_slice(&res->body));
}

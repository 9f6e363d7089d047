#include "text/url.h"

#include <arpa/inet.h>
#include <string.h>

#define URL_HOST_MAX_BYTES 254 /* 253 and a trailing dot */

static bool url_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool url_is_alnum(char c)
{
	return url_is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int url_hex_value(char c)
{
	if (url_is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Byte of the escape "%XX" at s[i], or -1 if there is none. */
static int url_escape_value(struct slice s, size_t i)
{
	if (i + 2 >= s.len || s.ptr[i] != '%')
		return -1;
	int high = url_hex_value(s.ptr[i + 1]);
	int low = url_hex_value(s.ptr[i + 2]);
	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static bool url_bytes_valid(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		if (c <= 0x20 || c >= 0x7f || c == '\\' || c == '"' || c == '<' || c == '>')
			return false;
	}
	return true;
}

/* Letters, digits, "-", "_", "." without empty labels; "%" never: browsers would decode it. */
static bool url_name_valid(struct slice host)
{
	if (host.len == 0 || host.len > URL_HOST_MAX_BYTES || host.ptr[0] == '.')
		return false;
	for (size_t i = 0; i < host.len; i++) {
		char c = host.ptr[i];
		if (!url_is_alnum(c) && c != '-' && c != '_' && c != '.')
			return false;
		if (c == '.' && i > 0 && host.ptr[i - 1] == '.')
			return false;
	}
	return true;
}

static bool url_ipv6_valid(struct slice inner)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;

	return slice_copy(inner, text, sizeof(text)) && inet_pton(AF_INET6, text, &address) == 1;
}

static bool url_port_parse(struct slice s, unsigned *out)
{
	unsigned long long n;

	if (s.len == 0 || s.len > 5 || !slice_u64(s, &n) || n < 1 || n > 65535)
		return false;
	*out = (unsigned)n;
	return true;
}

static bool url_authority_parse(struct slice authority, struct url *out)
{
	size_t host_len = slice_find(authority, ':', 0);

	if (authority.len > 0 && authority.ptr[0] == '[') {
		size_t close = slice_find(authority, ']', 0);
		if (close == authority.len || !url_ipv6_valid(slice_sub(authority, 1, close - 1)))
			return false;
		host_len = close + 1;
	} else if (!url_name_valid(slice_sub(authority, 0, host_len))) {
		return false;
	}
	out->host = slice_sub(authority, 0, host_len);
	if (host_len == authority.len)
		return true;
	return authority.ptr[host_len] == ':' &&
	    url_port_parse(slice_sub(authority, host_len + 1, authority.len), &out->port);
}

/* The next query or fragment from here on, or the next slash if that ends it, too. */
static size_t url_part_end(struct slice s, size_t from, bool slash_ends)
{
	while (from < s.len && s.ptr[from] != '?' && s.ptr[from] != '#' && !(slash_ends && s.ptr[from] == '/'))
		from++;
	return from;
}

bool url_parse(struct slice s, struct url *out)
{
	memset(out, 0, sizeof(*out));
	if (!url_bytes_valid(s))
		return false;
	size_t colon = slice_find(s, ':', 0);
	out->scheme = slice_sub(s, 0, colon);
	if (slice_ieq(out->scheme, SLICE("https")))
		out->port = 443;
	else if (slice_ieq(out->scheme, SLICE("http")))
		out->port = 80;
	else
		return false;
	struct slice rest = slice_sub(s, colon, s.len);
	if (!slice_starts(rest, SLICE("://")))
		return false;
	rest = slice_sub(rest, 3, rest.len);
	size_t end = url_part_end(rest, 0, true);
	if (!url_authority_parse(slice_sub(rest, 0, end), out))
		return false;
	size_t path_end = url_part_end(rest, end, false);
	out->path = slice_sub(rest, end, path_end - end);
	size_t hash = slice_find(rest, '#', path_end);
	if (path_end < hash)
		out->query = slice_sub(rest, path_end + 1, hash - path_end - 1);
	if (hash < rest.len)
		out->fragment = slice_sub(rest, hash + 1, rest.len);
	return true;
}

bool url_same_origin(const struct url *a, const struct url *b)
{
	return slice_ieq(a->scheme, b->scheme) && slice_ieq(a->host, b->host) && a->port == b->port;
}

/*
 * Takes the dots and separators of a path as a lenient server would: "%2e" is a
 * dot, "%2f" and "%5c" are separators (nginx decodes before it normalises).
 */
static bool url_path_has_dot_segment(struct slice path)
{
	bool only_dots = true;
	unsigned dots = 0;

	for (size_t i = 0; i < path.len; i++) {
		int c = url_escape_value(path, i);
		if (c >= 0)
			i += 2;
		else
			c = (unsigned char)path.ptr[i];
		if (c == '/' || c == '\\') {
			if (only_dots && (dots == 1 || dots == 2))
				return true;
			only_dots = true;
			dots = 0;
		} else if (c == '.') {
			dots++;
		} else {
			only_dots = false;
		}
	}
	return only_dots && (dots == 1 || dots == 2);
}

bool url_below(const struct url *u, const struct url *prefix)
{
	struct slice path = u->path.len ? u->path : SLICE("/");
	struct slice top = prefix->path.len ? prefix->path : SLICE("/");

	if (!url_same_origin(u, prefix) || url_path_has_dot_segment(path) || !slice_starts(path, top))
		return false;
	return path.len == top.len || top.ptr[top.len - 1] == '/' || path.ptr[top.len] == '/';
}

static void url_add_lower(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		buf_add_char(out, c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c);
	}
}

void url_add_origin(struct buf *out, const struct url *u)
{
	url_add_lower(out, u->scheme);
	buf_add_str(out, "://");
	url_add_lower(out, u->host);
	if (u->port != (slice_ieq(u->scheme, SLICE("https")) ? 443u : 80u)) {
		buf_add_char(out, ':');
		buf_add_u64(out, u->port);
	}
}

bool url_decode(struct arena *a, struct slice s, bool plus, struct slice *out)
{
	char *dst = arena_alloc(a, s.len + 1);
	size_t n = 0;

	*out = slice_make(NULL, 0);
	if (!dst)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		if (c == '%') {
			int value = url_escape_value(s, i);
			if (value < 0)
				return false;
			c = (char)(unsigned char)value;
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		dst[n++] = c;
	}
	*out = slice_make(dst, n);
	return true;
}

void url_encode(struct buf *out, struct slice s)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		if (url_is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~') {
			buf_add_char(out, c);
			continue;
		}
		const char escape[3] = {'%', hex[(unsigned char)c >> 4], hex[(unsigned char)c & 15]};
		buf_add(out, escape, sizeof(escape));
	}
}

#include "http/fcgi.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

int fc_connect(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	if (!slice_copy(slice_from(path), addr.sun_path, sizeof(addr.sun_path)))
		return -1;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		int saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

void fc_record(struct buf *b, unsigned type, unsigned id, const void *content, size_t len, unsigned padding)
{
	static const char zeros[255];
	const char header[8] = {1, (char)type, (char)(id >> 8), (char)id, (char)(len >> 8), (char)len,
	    (char)padding, 0};
	buf_add(b, header, sizeof(header));
	buf_add(b, content, len);
	buf_add(b, zeros, padding);
}

void fc_begin(struct buf *b, unsigned id, unsigned role, unsigned flags)
{
	const char body[8] = {(char)(role >> 8), (char)role, (char)flags};
	fc_record(b, FC_BEGIN, id, body, sizeof(body), 0);
}

static void pair_length(struct buf *pairs, uint32_t n, bool long_form)
{
	if (n < 128 && !long_form) {
		buf_add_char(pairs, (char)n);
		return;
	}
	const char four[4] = {(char)(n >> 24 | 0x80), (char)(n >> 16), (char)(n >> 8), (char)n};
	buf_add(pairs, four, 4);
}

void fc_pair_lengths(struct buf *pairs, uint32_t name_len, uint32_t value_len)
{
	pair_length(pairs, name_len, true);
	pair_length(pairs, value_len, true);
}

void fc_pair_bytes(struct buf *pairs, struct slice name, struct slice value, bool long_form)
{
	pair_length(pairs, (uint32_t)name.len, long_form);
	pair_length(pairs, (uint32_t)value.len, long_form);
	buf_add_slice(pairs, name);
	buf_add_slice(pairs, value);
}

void fc_pair(struct buf *pairs, const char *name, const char *value)
{
	fc_pair_bytes(pairs, slice_from(name), slice_from(value), false);
}

void fc_stream(struct buf *b, unsigned type, unsigned id, struct slice content, size_t chunk)
{
	for (size_t at = 0; at < content.len; at += chunk) {
		struct slice part = slice_sub(content, at, chunk);
		fc_record(b, type, id, part.ptr, part.len, 0);
	}
	fc_record(b, type, id, "", 0, 0);
}

void fc_common_pairs(struct buf *pairs, const char *method, const char *uri, long long content_length)
{
	struct slice u = slice_from(uri);
	size_t mark = slice_find(u, '?', 0);
	fc_pair_bytes(pairs, SLICE("QUERY_STRING"), slice_sub(u, mark + 1, u.len), false);
	fc_pair(pairs, "REQUEST_METHOD", method);
	fc_pair(pairs, "CONTENT_TYPE", content_length < 0 ? "" : "application/x-www-form-urlencoded");
	char number[24] = "";
	if (content_length >= 0)
		snprintf(number, sizeof(number), "%lld", content_length);
	fc_pair(pairs, "CONTENT_LENGTH", number);
	fc_pair_bytes(pairs, SLICE("SCRIPT_NAME"), slice_sub(u, 0, mark), false);
	fc_pair(pairs, "REQUEST_URI", uri);
	if (slice_find(u, '%', 0) == u.len) /* servers send it decoded */
		fc_pair_bytes(pairs, SLICE("DOCUMENT_URI"), slice_sub(u, 0, mark), false);
	fc_pair(pairs, "DOCUMENT_ROOT", "/usr/share/nginx/html");
	fc_pair(pairs, "SERVER_PROTOCOL", "HTTP/1.1");
	fc_pair(pairs, "REQUEST_SCHEME", "https");
	fc_pair(pairs, "HTTPS", "on");
	fc_pair(pairs, "GATEWAY_INTERFACE", "CGI/1.1");
	fc_pair(pairs, "SERVER_SOFTWARE", "nginx/1.22.1");
	fc_pair(pairs, "REMOTE_ADDR", "192.0.2.7");
	fc_pair(pairs, "REMOTE_PORT", "50318");
	fc_pair(pairs, "SERVER_ADDR", "192.0.2.1");
	fc_pair(pairs, "SERVER_PORT", "443");
	fc_pair(pairs, "SERVER_NAME", "www.example.org");
	fc_pair(pairs, "HTTP_HOST", "www.example.org");
	fc_pair(pairs, "HTTP_USER_AGENT", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0");
	fc_pair(pairs, "HTTP_ACCEPT", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
	fc_pair(pairs, "HTTP_ACCEPT_LANGUAGE", "de,en-US;q=0.7,en;q=0.3");
}

void fc_request(struct buf *b, unsigned id, unsigned flags, const char *method, const char *uri,
    struct slice body)
{
	struct buf pairs;
	buf_init(&pairs, 128 * 1024);
	fc_common_pairs(&pairs, method, uri, body.ptr ? (long long)body.len : -1);
	fc_begin(b, id, 1, flags);
	fc_stream(b, FC_PARAMS, id, buf_slice(&pairs), 65535);
	fc_stream(b, FC_STDIN, id, body, 32768);
	buf_free(&pairs);
}

bool fc_send(int fd, const void *p, size_t n)
{
	const char *at = p;
	while (n) {
		ssize_t sent = send(fd, at, n, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return false;
		at += sent;
		n -= (size_t)sent;
	}
	return true;
}

void fc_answer_init(struct fc_answer *a)
{
	*a = (struct fc_answer){.ended = false};
	buf_init(&a->raw, 64 * 1024 * 1024);
}

void fc_answer_free(struct fc_answer *a)
{
	buf_free(&a->raw);
}

static bool read_exact(int fd, void *dst, size_t n, int64_t until_ms, struct fc_answer *a)
{
	char *at = dst;
	while (n) {
		int64_t left = until_ms - clock_mono_ms();
		struct pollfd p = {.fd = fd, .events = POLLIN};
		if (left <= 0 || poll(&p, 1, (int)left) <= 0) {
			a->timed_out = true;
			return false;
		}
		ssize_t got = recv(fd, at, n, MSG_DONTWAIT);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got <= 0) {
			a->closed = true;
			return false;
		}
		at += got;
		n -= (size_t)got;
	}
	return true;
}

static void answer_record(struct fc_answer *a, unsigned want_id, const unsigned char *h,
    const unsigned char *content, size_t len)
{
	unsigned type = h[1], id = (unsigned)(h[2] << 8 | h[3]);
	if (type == FC_STDOUT && id == want_id)
		buf_add(&a->raw, content, len);
	if (type == FC_UNKNOWN_TYPE)
		a->unknown_types++;
	if (type == FC_GET_VALUES_RESULT)
		a->value_results++;
	if (type != FC_END || len != 8)
		return;
	if (id != want_id) {
		a->cant_mpx += content[4] == 1;
		return;
	}
	a->ended = true;
	a->id = id;
	a->protocol = content[4];
}

static void answer_split(struct fc_answer *a)
{
	struct slice all = buf_slice(&a->raw);
	const char *gap = all.len ? memmem(all.ptr, all.len, "\r\n\r\n", 4) : NULL;
	if (!gap)
		return;
	a->head = slice_sub(all, 0, (size_t)(gap - all.ptr) + 2);
	a->body = slice_sub(all, a->head.len + 2, all.len);
	unsigned long long status = 0;
	if (slice_u64(slice_sub(fc_header(a, "Status"), 0, 3), &status))
		a->status = (unsigned)status;
}

bool fc_read(int fd, unsigned id, int timeout_ms, struct fc_answer *a)
{
	unsigned char h[8], content[65535 + 255];
	int64_t until = clock_mono_ms() + timeout_ms;
	while (!a->ended) {
		if (!read_exact(fd, h, sizeof(h), until, a))
			break;
		size_t len = (size_t)(h[4] << 8 | h[5]);
		if (!read_exact(fd, content, len + h[6], until, a))
			break;
		answer_record(a, id, h, content, len);
	}
	answer_split(a);
	return a->ended;
}

struct slice fc_header(const struct fc_answer *a, const char *name)
{
	struct slice rest = a->head, line;
	while (slice_split(&rest, '\n', &line)) {
		size_t colon = slice_find(line, ':', 0);
		if (colon < line.len && slice_ieq(slice_sub(line, 0, colon), slice_from(name)))
			return slice_trim(slice_sub(line, colon + 1, line.len));
	}
	return (struct slice){NULL, 0};
}

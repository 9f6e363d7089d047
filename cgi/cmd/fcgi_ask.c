#include "cmd/fcgi_ask_priv.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

enum { BEGIN = 1, END = 3, PARAMS = 4, STDIN = 5, STDOUT = 6 };
#define HEADER_BYTES 8
#define REQUEST_MAX_BYTES 16384
#define RAW_MAX_BYTES (1024u * 1024u)

static void record(struct buf *b, unsigned type, struct slice content)
{
	const unsigned char head[HEADER_BYTES] = {1, (unsigned char)type, 0, 1, (unsigned char)(content.len >> 8),
	    (unsigned char)content.len, 0, 0};

	buf_add(b, head, sizeof(head));
	buf_add_slice(b, content);
}

/* Lengths over 127 take four bytes (section 3.4). */
static void length(struct buf *b, size_t n)
{
	if (n > 127) {
		buf_add_char(b, (char)(0x80 | n >> 24));
		buf_add_char(b, (char)(n >> 16));
		buf_add_char(b, (char)(n >> 8));
	}
	buf_add_char(b, (char)n);
}

static void request(struct buf *b, const struct fcgi_param *params, size_t n)
{
	static const char responder[8] = {0, 1, 0, 0, 0, 0, 0, 0};
	struct buf pairs;

	buf_init(&pairs, REQUEST_MAX_BYTES);
	for (size_t i = 0; i < n; i++) {
		length(&pairs, strlen(params[i].name));
		length(&pairs, strlen(params[i].value));
		buf_add_str(&pairs, params[i].name);
		buf_add_str(&pairs, params[i].value);
	}
	record(b, BEGIN, slice_make(responder, sizeof(responder)));
	record(b, PARAMS, buf_slice(&pairs));
	record(b, PARAMS, SLICE(""));
	record(b, STDIN, SLICE(""));
	if (!buf_ok(&pairs))
		buf_fail(b);
	buf_free(&pairs);
}

/* Takes whole records off raw; STDOUT goes to out. True: the end of the request was among them. */
static enum err records(struct slice raw, struct buf *out, bool *ended)
{
	*ended = false;
	buf_reset(out);
	while (raw.len >= HEADER_BYTES && !*ended) {
		const unsigned char *h = (const unsigned char *)raw.ptr;
		size_t content = (size_t)(h[4] << 8 | h[5]), total = HEADER_BYTES + content + h[6];
		if (h[0] != 1)
			return E_UPSTREAM;
		if (raw.len < total)
			return OK;
		if (h[1] == STDOUT)
			buf_add(out, raw.ptr + HEADER_BYTES, content);
		*ended = h[1] == END;
		raw = slice_sub(raw, total, raw.len);
	}
	return buf_ok(out) ? OK : E_LIMIT;
}

static enum err answer_read(int fd, int64_t until_ms, struct buf *out, struct errinfo *ei)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	bool ended = false;
	struct buf raw;
	char part[8192];
	enum err e = OK;

	buf_init(&raw, RAW_MAX_BYTES);
	while (!e && !ended) {
		int64_t left = until_ms - clock_mono_ms();
		ssize_t got;
		if (left <= 0 || poll(&p, 1, (int)left) == 0) {
			e = err_set(ei, E_BUSY, "it takes the connection but does not answer");
			break;
		}
		got = read(fd, part, sizeof(part));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			e = err_set(ei, E_IO, "it closes the connection without an answer");
			break;
		}
		buf_add(&raw, part, (size_t)got);
		e = records(buf_slice(&raw), out, &ended);
		if (e)
			err_set(ei, e, "what comes back is not FastCGI");
	}
	buf_free(&raw);
	return e;
}

static void answer_split(const struct buf *out, struct fcgi_answer *a)
{
	struct slice rest = buf_slice(out), line;
	unsigned long long n;

	a->status = 200;
	while (slice_split(&rest, '\n', &line)) {
		line = slice_trim(line);
		if (!line.len)
			break;
		if (slice_ieq(slice_sub(line, 0, 7), SLICE("Status:")) && slice_u64(slice_sub(slice_trim(slice_sub(line, 7, line.len)), 0, 3), &n))
			a->status = (unsigned)n;
	}
	a->body = rest;
}

static enum err socket_open(const char *path, int timeout_ms, int *fd, struct errinfo *ei)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	const struct timeval t = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};

	*fd = -1;
	if (!slice_copy(slice_from(path), at.sun_path, sizeof(at.sun_path)))
		return err_set(ei, E_INVALID, "%s: too long for a socket", path);
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return err_errno(ei, E_IO, errno, "socket");
	setsockopt(*fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
	if (connect(*fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return OK;
	if (errno == EAGAIN || errno == ETIMEDOUT)
		return err_set(ei, E_BUSY, "it does not take the connection");
	return err_errno(ei, errno == ENOENT ? E_NOT_FOUND : E_IO, errno, "%s", path);
}

enum err fcgi_ask(const char *path, const struct fcgi_param *params, size_t n, int timeout_ms, struct buf *out,
    struct fcgi_answer *answer, struct errinfo *ei)
{
	int64_t until_ms = clock_mono_ms() + timeout_ms;
	struct buf req;
	enum err e;
	int fd = -1;

	buf_init(&req, REQUEST_MAX_BYTES);
	request(&req, params, n);
	e = buf_ok(&req) ? socket_open(path, timeout_ms, &fd, ei) : err_set(ei, E_LIMIT, "the request is too long");
	if (!e && send(fd, req.data, req.len, MSG_NOSIGNAL) != (ssize_t)req.len)
		e = err_set(ei, E_IO, "it closes the connection without an answer");
	if (!e)
		e = answer_read(fd, until_ms, out, ei);
	if (!e)
		answer_split(out, answer);
	if (fd >= 0)
		close(fd);
	buf_free(&req);
	return e;
}

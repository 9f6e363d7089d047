#include "front/fcgi_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "front/record_priv.h"
#include "front/stop_priv.h"

/* The layout that libfcgi has had since 2003; another one must not be compiled against blindly. */
_Static_assert(offsetof(FCGX_Request, requestId) == 0, "libfcgi: FCGX_Request changed");
_Static_assert(offsetof(FCGX_Request, in) == 2 * sizeof(int), "libfcgi: FCGX_Request changed");
_Static_assert(offsetof(FCGX_Request, ipcFd) == 2 * sizeof(int) + 5 * sizeof(void *),
    "libfcgi: FCGX_Request changed");
_Static_assert(offsetof(FCGX_Request, keepConnection) == offsetof(FCGX_Request, ipcFd) + 2 * sizeof(int),
    "libfcgi: FCGX_Request changed");
_Static_assert(offsetof(FCGX_Request, detached) == offsetof(FCGX_Request, ipcFd) + 7 * sizeof(int),
    "libfcgi: FCGX_Request changed");

struct fcgi {
	FCGX_Request request;
	int relay_fd; /* memory file for requests that were taken from the socket; -1 until needed */
};

enum err fcgi_start(struct errinfo *ei)
{
	/* Where libfcgi closes a connection itself it would wait 2 s for the peer. */
	setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "0", 1);
	int failed = FCGX_Init();
	stop_keep();
	return failed ? err_set(ei, E_NOMEM, "libfcgi does not start (%d)", failed) : OK;
}

struct fcgi *fcgi_new(void)
{
	struct fcgi *f = calloc(1, sizeof(*f));
	if (f)
		f->relay_fd = -1;
	return f;
}

void fcgi_free(struct fcgi *f)
{
	if (!f)
		return;
	if (f->relay_fd >= 0)
		close(f->relay_fd);
	free(f);
}

static size_t body_bytes(void *ctx, char *dst, size_t n)
{
	int got = FCGX_GetStr(dst, (int)n, ctx);
	return got > 0 ? (size_t)got : 0;
}

#define RECORD_STDOUT 6
#define RECORD_END 3
/* The largest content that is a multiple of eight: only the last record of an answer needs padding. */
#define RECORD_CONTENT_MAX 65528u
/* Records per system call: one and a half megabytes. */
#define PIECES_MAX 24

/* FastCGI specification 1.0, section 3.3. */
static void record_header(unsigned char h[static RECORD_HEADER_BYTES], int type, unsigned id, size_t content)
{
	const unsigned char bytes[RECORD_HEADER_BYTES] = {1, (unsigned char)type, (unsigned char)(id >> 8),
	    (unsigned char)id, (unsigned char)(content >> 8), (unsigned char)content, (unsigned char)(-content & 7u), 0};
	memcpy(h, bytes, sizeof(bytes));
}

/* Where pieces go, and who must know before this thread waits for the peer. */
struct outlet {
	int fd;
	void (*stuck)(void *ctx);
	void *ctx;
};

static ssize_t outlet_send(struct outlet *o, struct iovec *v, int n)
{
	struct msghdr m = {.msg_iov = v, .msg_iovlen = (size_t)n};
	struct pollfd room = {.fd = o->fd, .events = POLLOUT};
	ssize_t sent = sendmsg(o->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent >= 0 || errno != EAGAIN)
		return sent;
	if (o->stuck)
		o->stuck(o->ctx);
	o->stuck = NULL;
	if (poll(&room, 1, FRONT_SEND_MAX_MS) <= 0)
		return -1;
	return sendmsg(o->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static bool pieces_write(struct outlet *o, struct iovec *v, int n)
{
	while (n > 0) {
		ssize_t sent = outlet_send(o, v, n);
		if (sent <= 0)
			return false;
		for (; n > 0 && (size_t)sent >= v->iov_len; v++, n--)
			sent -= (ssize_t)v->iov_len;
		if (n > 0) {
			v->iov_base = (char *)v->iov_base + sent;
			v->iov_len -= (size_t)sent;
		}
	}
	return true;
}

/*
 * The answer, the records around it and the end of the request in one system call. libfcgi would send 8 KiB at a
 * time and the end apart, and each piece wakes the web server.
 */
bool fcgi_write(int fd, unsigned id, struct slice out, void (*stuck)(void *ctx), void *ctx)
{
	struct outlet o = {.fd = fd, .stuck = stuck, .ctx = ctx};
	static char zeros[8];
	unsigned char headers[PIECES_MAX][RECORD_HEADER_BYTES], end[3 * RECORD_HEADER_BYTES] = {0};
	struct iovec v[3 * PIECES_MAX + 1];
	size_t at = 0;
	record_header(end, RECORD_STDOUT, id, 0);
	record_header(end + RECORD_HEADER_BYTES, RECORD_END, id, RECORD_HEADER_BYTES);
	do {
		int n = 0;
		for (int i = 0; i < PIECES_MAX && at < out.len; i++) {
			size_t content = out.len - at < RECORD_CONTENT_MAX ? out.len - at : RECORD_CONTENT_MAX;
			record_header(headers[i], RECORD_STDOUT, id, content);
			v[n++] = (struct iovec){headers[i], RECORD_HEADER_BYTES};
			/* only read from */
			v[n++] = (struct iovec){(char *)(uintptr_t)(out.ptr + at), content};
			v[n++] = (struct iovec){zeros, -content & 7u};
			at += content;
		}
		if (at == out.len)
			v[n++] = (struct iovec){end, sizeof(end)};
		if (!pieces_write(&o, v, n))
			return false;
	} while (at < out.len);
	return true;
}

/* The request that libfcgi has opened, up to its last byte. */
static bool request_read(struct fcgi *f, bool malformed, struct exchange *x)
{
	FCGX_Request *r = &f->request;
	char **at = r->envp;
	struct exchange_source src = {
	    .next = exchange_next_env,
	    .next_ctx = &at,
	    .read = body_bytes,
	    .read_ctx = r->in,
	    .malformed = malformed,
	};
	exchange_read(x, &src);
	return !FCGX_GetError(r->in);
}

static enum fcgi_end read_from(struct fcgi *f, int fd, bool malformed, struct exchange *x)
{
	FCGX_Request *r = &f->request;
	FCGX_InitRequest(r, -1, 0);
	r->ipcFd = fd;
	r->keepConnection = 1; /* else the first FCGX_Accept_r closes it */
	if (FCGX_Accept_r(r) < 0)
		return FCGI_END_LOST;
	bool whole = request_read(f, malformed, x);
	/* Not FCGX_Finish_r: it would answer, and wait for the peer to close a connection that the list of connections
	 * still holds. */
	FCGX_Free(r, 0);
	return whole ? FCGI_END_OK : FCGI_END_FAILED;
}

/* The request's bytes in a file in memory: libfcgi reads them from its start. */
static bool relay_fill(struct fcgi *f, const struct fcgi_job *job)
{
	if (f->relay_fd < 0) {
		f->relay_fd = memfd_create("fcgi", MFD_CLOEXEC);
		if (f->relay_fd >= 0 && fcntl(f->relay_fd, F_SETFL, O_RDWR | O_APPEND)) {
			close(f->relay_fd);
			f->relay_fd = -1;
		}
	}
	if (f->relay_fd < 0 || ftruncate(f->relay_fd, 0))
		return false;
	for (size_t done = 0; done < job->len;) {
		ssize_t n = write(f->relay_fd, job->bytes + done, job->len - done);
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return lseek(f->relay_fd, 0, SEEK_SET) == 0;
}

static enum fcgi_end read_relayed(struct fcgi *f, const struct fcgi_job *job, struct exchange *x)
{
	if (!relay_fill(f, job))
		return FCGI_END_FAILED;
	enum fcgi_end end = read_from(f, f->relay_fd, job->malformed, x);
	if (end == FCGI_END_LOST)
		f->relay_fd = -1;
	/* a large request must not keep its memory */
	if (end != FCGI_END_OK || ftruncate(f->relay_fd, 0))
		return FCGI_END_FAILED;
	return FCGI_END_OK;
}

enum fcgi_end fcgi_read(struct fcgi *f, const struct fcgi_job *job, struct exchange *x)
{
	return job->bytes ? read_relayed(f, job, x) : read_from(f, job->fd, job->malformed, x);
}

static void selftest_handle(void *ctx, struct request *req, struct response *res)
{
	(void)ctx;
	res->content_type = "text/plain";
	buf_add_slice(&res->body, req->path);
	buf_add_slice(&res->body, req->body);
}

static size_t selftest_limit(void *ctx, const struct request *req)
{
	(void)ctx;
	(void)req;
	return 64;
}

/* A POST on a kept connection. */
static void selftest_request(struct buf *b)
{
	static const char head[] = "\1\1\0\7\0\10\0\0" "\0\1\1\0\0\0\0\0";
	static const char pairs[] = "\13\7REQUEST_URI/s/news" "\16\1CONTENT_LENGTH4" "\16\4REQUEST_METHODPOST";
	static const char tail[] = "\1\4\0\7\0\0\0\0" "\1\5\0\7\0\4\0\0" "body" "\1\5\0\7\0\0\0\0";
	const char params_header[8] = {1, 4, 0, 7, 0, (char)(sizeof(pairs) - 1), 0, 0};
	buf_add(b, head, sizeof(head) - 1);
	buf_add(b, params_header, sizeof(params_header));
	buf_add(b, pairs, sizeof(pairs) - 1);
	buf_add(b, tail, sizeof(tail) - 1);
}

/* STDOUT of request 7 with path and body in it, then END_REQUEST with status 0. */
static bool selftest_answer(int fd)
{
	static const char last[] = "\1\3\0\7\0\10\0\0" "\0\0\0\0\0";
	char out[1024];
	ssize_t got = recv(fd, out, sizeof(out), MSG_DONTWAIT);
	return got > 40 && !memcmp(out, "\1\6\0\7", 4) && memmem(out, (size_t)got, "/s/newsbody", 11) &&
	    memmem(out, (size_t)got, last, sizeof(last) - 1);
}

#define SELFTEST_ID 7

static enum err selftest_once(struct fcgi *f, struct exchange *x, int fd[2], bool relayed, struct errinfo *ei)
{
	struct buf b;
	buf_init(&b, 1024);
	selftest_request(&b);
	struct fcgi_job job = {.fd = fd[0], .bytes = relayed ? b.data : NULL, .len = b.len};
	bool written = relayed || write(fd[1], b.data, b.len) == (ssize_t)b.len;
	enum fcgi_end end = written ? fcgi_read(f, &job, x) : FCGI_END_FAILED;
	buf_free(&b);
	if (end == FCGI_END_OK) {
		exchange_handle(x);
		exchange_end(x);
		end = fcgi_write(fd[0], SELFTEST_ID, exchange_answer(x), NULL, NULL) ? end : FCGI_END_FAILED;
	}
	if (end != FCGI_END_OK || !selftest_answer(fd[1]))
		return err_set(ei, E_UPSTREAM, "libfcgi does not keep a connection as this program expects "
		    "(%s, end %d). Use libfcgi 2.4.2 to 2.4.7", relayed ? "relayed" : "direct", (int)end);
	return OK;
}

enum err fcgi_selftest(struct errinfo *ei)
{
	static const struct front_app app = {.handle = selftest_handle, .body_limit = selftest_limit};
	int fd[2];
	struct exchange x;
	struct fcgi *f = fcgi_new();
	if (!f)
		return err_set(ei, E_NOMEM, "no memory");
	enum err e = OK;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd)) {
		e = err_errno(ei, E_IO, errno, "socketpair");
		fcgi_free(f);
		return e;
	}
	exchange_init(&x, &app);
	/* the second time on the same, kept connection */
	for (int i = 0; i < 3 && !e; i++)
		e = selftest_once(f, &x, fd, i == 2, ei);
	close(fd[0]);
	close(fd[1]);
	exchange_free(&x);
	fcgi_free(f);
	return e;
}

#ifdef JAWORT_NO_PARKING
void fcgi_accept_loop(struct fcgi *f, int listen_fd, struct exchange *x)
{
	FCGX_Request *r = &f->request;
	fcntl(listen_fd, F_SETFL, 0);
	FCGX_InitRequest(r, listen_fd, 0);
	while (FCGX_Accept_r(r) >= 0) {
		if (request_read(f, false, x)) {
			exchange_handle(x);
			exchange_end(x);
			fcgi_write(r->ipcFd, (unsigned)r->requestId, exchange_answer(x), NULL, NULL);
		}
		FCGX_Free(r, !r->keepConnection);
	}
}
#endif

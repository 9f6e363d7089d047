#include "front/fcgi_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "front/exchange_priv.h"
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
	struct exchange exchange;
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

struct fcgi *fcgi_new(const struct front_app *app)
{
	struct fcgi *f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	f->relay_fd = -1;
	exchange_init(&f->exchange, app);
	return f;
}

void fcgi_free(struct fcgi *f)
{
	if (!f)
		return;
	if (f->relay_fd >= 0)
		close(f->relay_fd);
	exchange_free(&f->exchange);
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
static void record_header(unsigned char h[static RECORD_HEADER_BYTES], int type, int id, size_t content)
{
	const unsigned char bytes[RECORD_HEADER_BYTES] = {1, (unsigned char)type, (unsigned char)(id >> 8),
	    (unsigned char)id, (unsigned char)(content >> 8), (unsigned char)content, (unsigned char)(-content & 7u), 0};
	memcpy(h, bytes, sizeof(bytes));
}

static bool pieces_write(int fd, struct iovec *v, int n)
{
	while (n > 0) {
		ssize_t sent = writev(fd, v, n);
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
static bool answer_write(int fd, int id, struct slice out)
{
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
		if (!pieces_write(fd, v, n))
			return false;
	} while (at < out.len);
	return true;
}

/* The request that libfcgi has opened, up to the last byte of its answer. */
static bool request_run(struct fcgi *f, bool malformed, const struct fcgi_job *job)
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
	exchange_run(&f->exchange, &src);
	struct slice out = exchange_answer(&f->exchange);
	if (FCGX_GetError(r->in))
		return false;
	if (job && job->sending)
		job->sending(job->ctx);
	return answer_write(r->ipcFd, r->requestId, out);
}

static enum fcgi_end answer_on(struct fcgi *f, int fd, const struct fcgi_job *job)
{
	FCGX_Request *r = &f->request;
	FCGX_InitRequest(r, -1, 0);
	r->ipcFd = fd;
	r->keepConnection = 1; /* else the first FCGX_Accept_r closes it */
	if (FCGX_Accept_r(r) < 0)
		return FCGI_END_LOST;
	bool sent = request_run(f, job->malformed, job);
	/* Not FCGX_Finish_r: it would end the answer a second time, and wait for the peer to close a connection that the
	 * list of connections still holds. */
	FCGX_Free(r, 0);
	return sent ? FCGI_END_OK : FCGI_END_FAILED;
}

/* The request's bytes in a file in memory: libfcgi reads them from its start and appends the answer. */
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

static bool relay_send(struct fcgi *f, const struct fcgi_job *job)
{
	off_t at = (off_t)job->len, end = lseek(f->relay_fd, 0, SEEK_END);
	while (at < end)
		if (sendfile(job->fd, f->relay_fd, &at, (size_t)(end - at)) <= 0)
			return false;
	return end >= 0;
}

static enum fcgi_end answer_relayed(struct fcgi *f, const struct fcgi_job *job)
{
	if (!relay_fill(f, job))
		return FCGI_END_FAILED;
	enum fcgi_end end = answer_on(f, f->relay_fd, job);
	if (end == FCGI_END_LOST)
		f->relay_fd = -1;
	if (end != FCGI_END_OK || !relay_send(f, job))
		return FCGI_END_FAILED;
	/* a large request or answer must not keep its memory */
	return ftruncate(f->relay_fd, 0) ? FCGI_END_FAILED : FCGI_END_OK;
}

enum fcgi_end fcgi_answer(struct fcgi *f, const struct fcgi_job *job)
{
	return job->bytes ? answer_relayed(f, job) : answer_on(f, job->fd, job);
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

static enum err selftest_once(struct fcgi *f, int fd[2], bool relayed, struct errinfo *ei)
{
	struct buf b;
	buf_init(&b, 1024);
	selftest_request(&b);
	struct fcgi_job job = {.fd = fd[0], .bytes = relayed ? b.data : NULL, .len = b.len};
	bool written = relayed || write(fd[1], b.data, b.len) == (ssize_t)b.len;
	enum fcgi_end end = written ? fcgi_answer(f, &job) : FCGI_END_FAILED;
	buf_free(&b);
	if (end != FCGI_END_OK || !selftest_answer(fd[1]))
		return err_set(ei, E_UPSTREAM, "libfcgi does not keep a connection as this program expects "
		    "(%s, end %d). Use libfcgi 2.4.2 to 2.4.7", relayed ? "relayed" : "direct", (int)end);
	return OK;
}

enum err fcgi_selftest(struct errinfo *ei)
{
	static const struct front_app app = {.handle = selftest_handle, .body_limit = selftest_limit};
	int fd[2];
	struct fcgi *f = fcgi_new(&app);
	if (!f)
		return err_set(ei, E_NOMEM, "no memory");
	enum err e = OK;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd)) {
		e = err_errno(ei, E_IO, errno, "socketpair");
		fcgi_free(f);
		return e;
	}
	/* the second time on the same, kept connection */
	for (int i = 0; i < 3 && !e; i++)
		e = selftest_once(f, fd, i == 2, ei);
	close(fd[0]);
	close(fd[1]);
	fcgi_free(f);
	return e;
}

#ifdef JAWORT_NO_PARKING
void fcgi_accept_loop(struct fcgi *f, int listen_fd)
{
	fcntl(listen_fd, F_SETFL, 0);
	FCGX_InitRequest(&f->request, listen_fd, 0);
	while (FCGX_Accept_r(&f->request) >= 0) {
		request_run(f, false, NULL);
		FCGX_Free(&f->request, !f->request.keepConnection);
	}
}
#endif

/*
 * echo_app: the smallest application behind the front, for tests of the front.
 *     echo_app SOCKET [THREADS]      FastCGI;  "-" inherits the socket
 *     (GATEWAY_INTERFACE set)        CGI
 * Every POST to /effect or /hook that reaches the application adds one byte to
 * the file named by ECHO_EFFECTS: the effect that a broken request must not have.
 * With ECHO_PARK in the environment every request is parked and resumed by another thread, those that are due
 * together at once, as a commit does it.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/enc.h"
#include "base/log.h"
#include "front/front.h"

static atomic_uint reloads;

static void effect_add(char mark)
{
	const char *path = getenv("ECHO_EFFECTS");
	int fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
	if (fd < 0)
		return;
	if (write(fd, &mark, 1) != 1)
		abort();
	close(fd);
}

static unsigned query_number(struct request *req, const char *name)
{
	unsigned long long n = 0;
	return slice_u64(request_query_get(req, name), &n) ? (unsigned)n : 0;
}

static void echo_answer(void *ctx, struct request *req, struct response *res)
{
	(void)ctx;
	res->content_type = "text/plain; charset=utf-8";
	unsigned kb = query_number(req, "kb");
	if (req->method == REQUEST_POST &&
	    (slice_eq_str(req->path_decoded, "/effect") || slice_eq_str(req->path_decoded, "/hook")))
		effect_add('e');
	if (slice_eq_str(req->path_decoded, "/bare")) {
		buf_add_str(&res->body, "ok\n");
		return;
	}
	unsigned char hash[CRYPT_HASH_BYTES];
	char hex[ENC_HEX_BYTES(CRYPT_HASH_BYTES)];
	crypt_sha256(hash, req->body.ptr ? req->body.ptr : "", req->body.len);
	buf_printf(&res->body, "method %.*s\npath %.*s\nquery %.*s\nhost %.*s\nbody %zu %s\nreloads %u\n",
	    SLICE_FMT(req->method_name), SLICE_FMT(req->path_decoded), SLICE_FMT(req->query), SLICE_FMT(req->host),
	    req->body.len, enc_hex(hash, sizeof(hash), hex), atomic_load(&reloads));
	for (unsigned i = 0; i < kb * 16; i++)
		buf_add_str(&res->body, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\n");
}

/* A request on the shelf; in its arena. */
struct parked {
	struct request *req;
	int64_t due_ms;
	struct parked *next;
	bool alone;
};

static pthread_mutex_t shelf_lock = PTHREAD_MUTEX_INITIALIZER;
static struct parked *shelf;

static void *shelf_main(void *arg)
{
	for (;; nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL)) {
		struct parked *due = NULL;
		int64_t now = clock_mono_ms();
		pthread_mutex_lock(&shelf_lock);
		for (struct parked **at = &shelf, *p; (p = *at) != NULL;) {
			if (p->due_ms > now) {
				at = &p->next;
				continue;
			}
			*at = p->next;
			p->next = due;
			due = p;
		}
		pthread_mutex_unlock(&shelf_lock);
		while (due) {
			struct request *req = due->req;
			due = due->next;
			req->parking->resume(req);
		}
	}
	return arg;
}

static bool echo_park(struct request *req, unsigned ms)
{
	struct parked *p = getenv("ECHO_PARK") ? arena_alloc(req->arena, sizeof(*p)) : NULL;
	if (!p || !req->parking || !req->parking->park(req))
		return false;
	*p = (struct parked){.req = req, .due_ms = clock_mono_ms() + ms};
	req->parked = p;
	pthread_mutex_lock(&shelf_lock);
	p->next = shelf;
	shelf = p;
	pthread_mutex_unlock(&shelf_lock);
	return true;
}

static void echo_handle(void *ctx, struct request *req, struct response *res)
{
	unsigned ms = query_number(req, "ms");
	if (echo_park(req, ms))
		return;
	if (ms)
		nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000}, NULL);
	echo_answer(ctx, req, res);
}

/* ?slow=MS: its finishing takes so long, and it says so before. */
static bool echo_finish(void *ctx, struct request *req, struct response *res)
{
	struct parked *p = req->parked;
	unsigned ms = query_number(req, "slow");
	if (ms && !p->alone) {
		p->alone = true;
		return false;
	}
	if (ms)
		nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000}, NULL);
	echo_answer(ctx, req, res);
	return true;
}

static void shelf_start(void *ctx)
{
	(void)ctx;
	pthread_t t;
	if (getenv("ECHO_PARK") && pthread_create(&t, NULL, shelf_main, NULL))
		abort();
}

static size_t echo_limit(void *ctx, const struct request *req)
{
	(void)ctx;
	return slice_eq_str(req->path_decoded, "/hook") ? 1024 * 1024 : 16 * 1024;
}

static void echo_reload(void *ctx)
{
	(void)ctx;
	atomic_fetch_add(&reloads, 1);
}

static void echo_after(void *ctx)
{
	(void)ctx;
	effect_add('a');
}

int main(int argc, char **argv)
{
	struct errinfo ei = {.code = OK};
	struct front_app app = {
	    .handle = echo_handle,
	    .finish = echo_finish,
	    .started = shelf_start,
	    .body_limit = echo_limit,
	    .reload = echo_reload,
	    .after_cgi = echo_after,
	};
	log_setup(LOG_WARN, LOG_LOGFMT);
	if (crypt_init(&ei) != OK)
		return 1;
	if (front_is_cgi())
		return front_cgi(&app, &ei) == OK ? 0 : 1;
	if (argc < 2) {
		fprintf(stderr, "echo_app SOCKET [THREADS]\n");
		return 2;
	}
	struct front_options opt = {.listen = strcmp(argv[1], "-") ? argv[1] : NULL};
	unsigned long long threads = 0;
	if (argc > 2 && slice_u64(slice_from(argv[2]), &threads))
		opt.threads = (unsigned)threads;
	enum err e = front_serve(&opt, &app, &ei);
	if (e != OK)
		fprintf(stderr, "%s: %s\n", err_name(e), ei.text);
	return e == OK ? 0 : 1;
}

#include "front/front.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front/exchange_priv.h"

extern char **environ;

/* A web server that dies in the middle must not leave a process behind. */
#define CGI_ALARM_S 30

bool front_is_cgi(void)
{
	const char *gateway = getenv("GATEWAY_INTERFACE");
	return gateway && *gateway;
}

/*
 * Only what CGI means as request parameters: the environment of a process holds
 * more (PATH, locale, credentials), which is not the request's business.
 */
static bool name_is_param(struct slice name)
{
	static const struct slice exact[] = {
	    SLICE_LIT("REQUEST_METHOD"), SLICE_LIT("REQUEST_URI"), SLICE_LIT("REQUEST_SCHEME"),
	    SLICE_LIT("DOCUMENT_URI"), SLICE_LIT("SCRIPT_NAME"), SLICE_LIT("PATH_INFO"),
	    SLICE_LIT("QUERY_STRING"), SLICE_LIT("CONTENT_TYPE"), SLICE_LIT("CONTENT_LENGTH"),
	    SLICE_LIT("REMOTE_ADDR"), SLICE_LIT("SERVER_PORT"), SLICE_LIT("SERVER_NAME"), SLICE_LIT("HTTPS"),
	    SLICE_LIT("JAWORT_SITE"),
	};
	if (slice_starts(name, SLICE("HTTP_")))
		return true;
	for (size_t i = 0; i < sizeof(exact) / sizeof(exact[0]); i++)
		if (slice_eq(name, exact[i]))
			return true;
	return false;
}

static bool env_next(void *ctx, struct slice *name, struct slice *value)
{
	while (exchange_next_env(ctx, name, value))
		if (name_is_param(*name))
			return true;
	return false;
}

/*
 * RFC 3875 section 4.2: no more than CONTENT_LENGTH bytes may be read; standard
 * input may be the visitor's socket and never end.
 */
struct cgi_input {
	size_t left_bytes;
};

static void input_init(struct cgi_input *in)
{
	unsigned long long n = 0;
	in->left_bytes = slice_u64(slice_from(getenv("CONTENT_LENGTH")), &n) ? (size_t)n : 0;
}

/* Up to n bytes, with patience for pipes; the alarm bounds it. */
static size_t stdin_read(void *ctx, char *dst, size_t n)
{
	struct cgi_input *in = ctx;
	size_t got = 0;
	if (n > in->left_bytes)
		n = in->left_bytes;
	while (got < n) {
		ssize_t r = read(STDIN_FILENO, dst + got, n - got);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0) {
			in->left_bytes = 0;
			return got;
		}
		got += (size_t)r;
	}
	in->left_bytes -= got;
	return got;
}

static enum err stdout_write(struct slice out, struct errinfo *ei)
{
	for (size_t done = 0; done < out.len;) {
		ssize_t n = write(STDOUT_FILENO, out.ptr + done, out.len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(ei, E_IO, errno, "cannot write the answer");
		done += (size_t)n;
	}
	return OK;
}

/* The web server waits until nobody holds these any more; after_cgi may take its time. */
static void streams_release(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0) {
		close(STDIN_FILENO);
		close(STDOUT_FILENO);
		return;
	}
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	if (null > STDERR_FILENO)
		close(null);
}

enum err front_cgi(const struct front_app *app, struct errinfo *ei)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigaction(SIGPIPE, &ignore, NULL);
	alarm(CGI_ALARM_S);
	struct exchange x;
	exchange_init(&x, app);
	char **at = environ;
	struct cgi_input input;
	input_init(&input);
	struct exchange_source src = {
	    .next = env_next,
	    .next_ctx = &at,
	    .read = stdin_read,
	    .read_ctx = &input,
	};
	exchange_run(&x, &src);
	enum err e = stdout_write(exchange_answer(&x), ei);
	exchange_free(&x);
	streams_release();
	alarm(0);
	if (app->after_cgi)
		app->after_cgi(app->ctx);
	return e;
}

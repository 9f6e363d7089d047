#include "front/exchange_priv.h"

#include <string.h>

#include "base/log.h"

#define HEAD_MAX_BYTES (256u * 1024u)
/* A sign-up takes 8 KB of it, a form 4: with 64 KB each, 32 sign-ups that wait for their commit took 2 MB. */
#define ARENA_BLOCK_BYTES (16u * 1024u)
/* A worker's buffers shrink back to nothing beyond this. */
#define KEEP_BYTES (256u * 1024u)
/* What a peer may send beyond its limit before we stop to listen. */
#define DRAIN_MAX_BYTES (8u * 1024u * 1024u)

void exchange_init(struct exchange *x, const struct front_app *app)
{
	*x = (struct exchange){.app = app};
	arena_init_blocks(&x->arena, ARENA_REQUEST_MAX_BYTES, ARENA_BLOCK_BYTES);
	response_init(&x->res, &x->arena);
	buf_init(&x->body, FRONT_BODY_MAX_BYTES);
	buf_init(&x->out, RESPONSE_BODY_MAX_BYTES + HEAD_MAX_BYTES);
}

void exchange_free(struct exchange *x)
{
	response_free(&x->res);
	buf_free(&x->body);
	buf_free(&x->out);
	arena_free(&x->arena);
}

static void buf_renew(struct buf *b)
{
	if (b->cap_bytes > KEEP_BYTES) {
		size_t max = b->max_bytes;
		buf_free(b);
		buf_init(b, max);
	}
	buf_reset(b);
}

/* Everything up to the end, at most DRAIN_MAX_BYTES. True if there was anything. */
static bool body_drain(const struct exchange_source *src)
{
	char sink[4096];
	size_t total = 0, got;
	do {
		got = src->read(src->read_ctx, sink, sizeof(sink));
		total += got;
	} while (got == sizeof(sink) && total < DRAIN_MAX_BYTES);
	return total > 0;
}

/* 0, or the status with which to refuse. libfcgi and CGI both hand over cut-off bodies without a word. */
static unsigned body_read(struct exchange *x, const struct exchange_source *src)
{
	size_t want = x->req.content_length;
	size_t limit = want ? x->app->body_limit(x->app->ctx, &x->req) : 0;
	if (limit > FRONT_BODY_MAX_BYTES)
		limit = FRONT_BODY_MAX_BYTES;
	if (want > limit)
		return 413;
	char chunk[4096];
	while (x->body.len < want) {
		size_t n = want - x->body.len < sizeof(chunk) ? want - x->body.len : sizeof(chunk);
		size_t got = src->read(src->read_ctx, chunk, n);
		buf_add(&x->body, chunk, got);
		if (got < n)
			return 400;
		if (!buf_ok(&x->body))
			return 503;
	}
	return 0;
}

static void exchange_refuse(struct exchange *x, unsigned status)
{
	log_event(LOG_DEBUG, "refused", LOG_I("status", (int64_t)status), LOG_S("id", x->req.id));
	if (x->app->refuse)
		x->app->refuse(x->app->ctx, &x->req, status, &x->res);
	else
		response_plain(&x->res, status, x->req.id);
}

void exchange_clear(struct exchange *x)
{
	arena_reset(&x->arena);
	response_reset(&x->res);
	buf_renew(&x->body);
	buf_renew(&x->out);
}

void exchange_read(struct exchange *x, const struct exchange_source *src)
{
	exchange_clear(x);
	unsigned status = request_from_params(&x->req, &x->arena, src->next, src->next_ctx);
	if (src->malformed)
		status = 400;
	if (!status)
		status = body_read(x, src);
	bool more = body_drain(src);
	if (!status && more)
		status = 400;
	if (!status)
		request_set_body(&x->req, buf_slice(&x->body));
	x->refused = status;
}

void exchange_handle(struct exchange *x)
{
	if (x->refused)
		exchange_refuse(x, x->refused);
	else
		x->app->handle(x->app->ctx, &x->req, &x->res);
}

void exchange_end(struct exchange *x)
{
	if (!x->refused && !response_ok(&x->res))
		log_event(LOG_ERROR, "response-failed", LOG_S("id", x->req.id));
	response_write(&x->res, x->req.method == REQUEST_HEAD, &x->out);
}

void exchange_run(struct exchange *x, const struct exchange_source *src)
{
	exchange_read(x, src);
	exchange_handle(x);
	exchange_end(x);
}

struct slice exchange_answer(const struct exchange *x)
{
	if (!buf_ok(&x->out))
		return response_last_resort(&x->res, x->req.method == REQUEST_HEAD);
	return buf_slice(&x->out);
}

bool exchange_next_env(void *ctx, struct slice *name, struct slice *value)
{
	char ***at = ctx;
	if (!*at || !**at)
		return false;
	struct slice pair = slice_from(*(*at)++);
	size_t eq = slice_find(pair, '=', 0);
	*name = slice_sub(pair, 0, eq);
	*value = slice_sub(pair, eq + 1, pair.len);
	return true;
}

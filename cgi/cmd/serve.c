#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/footprint.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "conf/conf.h"
#include "front/front.h"
#include "send/wake.h"
#include "web/app.h"

extern char **environ;

#define SERVE_WRITERS 8
#define SERVE_WORKER_RESTART_MS 1000

struct serving {
	struct app *app;
	const char *conf;
	pid_t worker;         /* 0: none */
	int64_t worker_start; /* monotonic ms */
	bool with_worker;
	struct notify manager;
};

/* The worker is a process of its own, with its own memory and later its own rights. */
static pid_t worker_spawn(const char *conf)
{
	char self[] = "/proc/self/exe", verb[] = "worker", dash_c[] = "-c";
	char *path = strdup(conf);
	char *argv[] = {self, verb, dash_c, path, NULL};
	posix_spawnattr_t attr;
	sigset_t none;
	pid_t pid = 0;

	posix_spawnattr_init(&attr);
	sigemptyset(&none);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	if (!path || posix_spawn(&pid, self, NULL, &attr, argv, environ) != 0)
		pid = 0;
	posix_spawnattr_destroy(&attr);
	free(path);
	return pid;
}

static void worker_look_after(struct serving *s)
{
	int status;

	if (!s->with_worker)
		return;
	if (s->worker && waitpid(s->worker, &status, WNOHANG) == s->worker) {
		log_event(LOG_WARN, "worker_ended", LOG_I("status", status));
		s->worker = 0;
	}
	if (s->worker || clock_mono_ms() - s->worker_start < SERVE_WORKER_RESTART_MS)
		return;
	s->worker_start = clock_mono_ms();
	s->worker = worker_spawn(s->conf);
}

static void worker_end(struct serving *s)
{
	if (!s->worker)
		return;
	kill(s->worker, SIGTERM);
	waitpid(s->worker, NULL, 0);
}

static void serve_handle(void *ctx, struct request *req, struct response *res)
{
	app_handle(((struct serving *)ctx)->app, req, res);
}

static bool serve_finish(void *ctx, struct request *req, struct response *res)
{
	return app_finish(((struct serving *)ctx)->app, req, res);
}

static size_t serve_limit(void *ctx, const struct request *req)
{
	return app_body_limit(((struct serving *)ctx)->app, req);
}

static void serve_refuse(void *ctx, const struct request *req, unsigned status, struct response *res)
{
	app_refuse(((struct serving *)ctx)->app, req, status, res);
}

static void serve_reload(void *ctx)
{
	struct serving *s = ctx;

	notify_reloading(&s->manager);
	app_reload(s->app);
	if (s->worker)
		kill(s->worker, SIGHUP);
	notify_ready(&s->manager);
}

static void serve_started(void *ctx)
{
	struct serving *s = ctx;
	unsigned up, down;

	app_sites(s->app, &up, &down);
	log_event(LOG_INFO, "serving", LOG_I("sites", up), LOG_I("down", down));
	worker_look_after(s);
	notify_ready(&s->manager);
	app_started(s->app);
	footprint_trim();
}

static void serve_tick(void *ctx)
{
	struct serving *s = ctx;

	notify_alive(&s->manager);
	worker_look_after(s);
	app_tick(s->app);
	footprint_look();
}

static void serve_wake(const struct conf *c, const char *site)
{
	struct errinfo ei = {.code = OK};

	if (wake_site(c->data, site, &ei) != OK)
		log_err(LOG_WARN, "wake", &ei);
}

/* Threads made from here on, of the writer pool too, leave signals to the main thread. */
static void block_signals(void)
{
	sigset_t all;

	sigfillset(&all);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGILL);
	sigdelset(&all, SIGABRT);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
}

int cmd_serve(const struct cmd_args *a)
{
	const struct app_opts ao = {.conf_path = a->conf, .credentials_dir = getenv("CREDENTIALS_DIRECTORY"),
	    .writer_threads = SERVE_WRITERS, .wake = serve_wake, .ticks = true};
	struct serving s = {.conf = a->conf, .with_worker = a->with_worker,
	    .worker_start = -SERVE_WORKER_RESTART_MS};
	const struct front_app app = {.ctx = &s, .handle = serve_handle, .finish = serve_finish,
	    .body_limit = serve_limit, .refuse = serve_refuse, .reload = serve_reload, .started = serve_started, .tick = serve_tick};
	struct front_options fo = {.listen = a->listen, .group = a->group, .threads = a->threads};
	struct errinfo ei = {.code = OK};
	const struct conf *c;
	enum err rc;

	if (a->n)
		return cmd_usage("serve takes no \"%s\"", a->words[0]);
	cmd_harden();
	footprint_setup();
	cmd_notify(&s.manager);
	block_signals();
	rc = app_new(&s.app, &ao, &ei);
	if (rc) {
		cmd_fail("serve", &ei);
		return rc == E_INVALID || rc == E_NOT_FOUND ? CMD_BAD_CONFIG : CMD_FAILED;
	}
	c = app_conf(s.app);
	log_setup(c->log.level, c->log.format);
	if (!fo.listen)
		fo.listen = c->listen;
	if (strcmp(fo.listen, "fd:0") == 0)
		fo.listen = "inherit";
	if (!fo.threads)
		fo.threads = (unsigned)c->threads;
	rc = front_serve(&fo, &app, &ei);
	notify_stopping(&s.manager);
	worker_end(&s);
	/* A request that hangs may still use it; the process ends without it. */
	if (rc != E_BUSY)
		app_free(s.app);
	notify_close(&s.manager);
	log_event(LOG_INFO, "stopped");
	return rc ? cmd_fail("serve", &ei) : CMD_DONE;
}

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "front/front.h"
#include "web/app.h"

extern char **environ;

struct answering {
	struct app *app;
	const char *conf;
	bool inline_mail;
};

/* "worker --once" in a session of its own, so that it outlives this process and the web server's patience. */
static void mail_spawn(const char *conf)
{
	char self[] = "/proc/self/exe", verb[] = "worker", once[] = "--once", dash_c[] = "-c";
	char *path = strdup(conf);
	char *argv[] = {self, verb, once, dash_c, path, NULL};
	/* Not a CGI start of its own. */
	char *env[] = {NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	pid_t pid;

	if (!path)
		return;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID);
	if (posix_spawn(&pid, self, &files, &attr, argv, env) != 0)
		log_event(LOG_ERROR, "cgi_worker", LOG_S("mend", "run `jawort worker --once` from cron"));
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	free(path);
}

static void answer(void *ctx, struct request *req, struct response *res)
{
	app_handle(((struct answering *)ctx)->app, req, res);
}

static size_t limit(void *ctx, const struct request *req)
{
	return app_body_limit(((struct answering *)ctx)->app, req);
}

static void refuse(void *ctx, const struct request *req, unsigned status, struct response *res)
{
	app_refuse(((struct answering *)ctx)->app, req, status, res);
}

static void after(void *ctx)
{
	struct answering *an = ctx;

	app_free(an->app);
	an->app = NULL;
	if (an->inline_mail)
		mail_spawn(an->conf);
}

int cmd_cgi(const struct cmd_args *a)
{
	const char *only = getenv("JAWORT_SITE");
	const struct app_opts o = {.conf_path = a->conf, .credentials_dir = getenv("CREDENTIALS_DIRECTORY"),
	    .only_site = only && *only ? only : NULL, .writer_threads = 1, .brief = true};
	struct answering an = {.conf = a->conf};
	const struct front_app app = {.ctx = &an, .handle = answer, .body_limit = limit, .refuse = refuse,
	    .after_cgi = after};
	const char *method = getenv("REQUEST_METHOD");
	struct errinfo ei = {.code = OK};
	enum err rc;

	log_setup(LOG_WARN, LOG_LOGFMT);
	/*
	 * Apache's mod_cgid sends SIGTERM as soon as the answer has left, and SIGKILL 3 s later: the mail must
	 * be on its way by then. front_cgi() ends by an alarm. The worker sets handlers of its own.
	 */
	signal(SIGTERM, SIG_IGN);
	rc = app_new(&an.app, &o, &ei);
	if (rc) {
		static const char sorry[] = "Status: 503 Service Unavailable\r\nContent-Type: text/plain\r\n"
		    "Retry-After: 60\r\n\r\nNot available at the moment. Please try again in a minute.\n";
		cmd_fail("cgi", &ei);
		return write(1, sorry, sizeof(sorry) - 1) < 0 ? CMD_FAILED : CMD_DONE;
	}
	an.inline_mail = app_conf(an.app)->cgi_mail == CONF_CGI_INLINE && method && strcmp(method, "POST") == 0;
	rc = front_cgi(&app, &ei);
	if (an.app)
		app_free(an.app);
	return rc ? cmd_fail("cgi", &ei) : CMD_DONE;
}

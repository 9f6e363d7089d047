/*
 * starve [SECONDS [THREADS]]: does a client ever wait for nothing because the
 * web server keeps connections open? 64 clients share a pool of at most 48 kept
 * connections, in the manner of nginx: a request takes an idle one or opens a
 * new one, and gives it back after the answer. 4 threads serve.
 * Exit 0: every client got answers, all of them 200. Exit 1: not so.
 * Built a second time with JAWORT_NO_PARKING it must exit 1, or this test
 * would prove nothing.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "front/front.h"
#include "http/fcgi.h"

#define CLIENTS 64
#define POOL_MAX 48

static char socket_path[64];
static int64_t end_ms;
static struct buf request;

static pthread_mutex_t pool_lock = PTHREAD_MUTEX_INITIALIZER;
static int pool[POOL_MAX];
static size_t pool_count;

struct client {
	pthread_t thread;
	unsigned long answers, bad, opened;
};

static int pool_take(struct client *c)
{
	int fd = -1;
	pthread_mutex_lock(&pool_lock);
	if (pool_count)
		fd = pool[--pool_count];
	pthread_mutex_unlock(&pool_lock);
	if (fd < 0) {
		fd = fc_connect(socket_path);
		c->opened++;
	}
	return fd;
}

static void pool_give(int fd)
{
	pthread_mutex_lock(&pool_lock);
	if (pool_count < POOL_MAX) {
		pool[pool_count++] = fd;
		fd = -1;
	}
	pthread_mutex_unlock(&pool_lock);
	if (fd >= 0)
		close(fd);
}

static void client_once(struct client *c)
{
	struct fc_answer a;
	int fd = pool_take(c);
	int64_t left = end_ms - clock_mono_ms();
	if (fd < 0 || left <= 0)
		return;
	fc_answer_init(&a);
	bool ended = fc_send(fd, request.data, request.len) && fc_read(fd, 1, (int)left, &a);
	if (ended && a.status == 200)
		c->answers++;
	else if (!a.timed_out)
		c->bad++;
	fc_answer_free(&a);
	if (ended)
		pool_give(fd);
	else
		close(fd);
}

static void *client_main(void *arg)
{
	while (clock_mono_ms() < end_ms)
		client_once(arg);
	return NULL;
}

static void app_handle(void *ctx, struct request *req, struct response *res)
{
	(void)ctx;
	(void)req;
	res->content_type = "text/html; charset=utf-8";
	for (int i = 0; i < 64; i++)
		buf_add_str(&res->body, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\n");
}

static size_t app_limit(void *ctx, const struct request *req)
{
	(void)ctx;
	(void)req;
	return 0;
}

static int server_main(unsigned threads)
{
	struct errinfo ei;
	struct front_options opt = {.listen = socket_path, .threads = threads};
	struct front_app app = {.handle = app_handle, .body_limit = app_limit};
	if (crypt_init(&ei) != OK || front_serve(&opt, &app, &ei) != OK) {
		fprintf(stderr, "%s\n", ei.text);
		return 1;
	}
	return 0;
}

/* CPU time of the ended server in microseconds. */
static double server_cpu_us(void)
{
	struct rusage r;
	getrusage(RUSAGE_CHILDREN, &r);
	return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1e6 +
	    (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}

static int report(const struct client *clients, double cpu_us, unsigned seconds)
{
	unsigned long answers = 0, bad = 0, opened = 0, starved = 0;
	for (size_t i = 0; i < CLIENTS; i++) {
		answers += clients[i].answers;
		bad += clients[i].bad;
		opened += clients[i].opened;
		starved += clients[i].answers == 0;
	}
	printf("%lu answers in %u s, %lu connections, %lu of %d clients without any answer, %lu failures, "
	    "%.1f us CPU each\n", answers, seconds, opened, starved, CLIENTS, bad,
	    answers ? cpu_us / (double)answers : 0);
	return starved || bad || !answers;
}

int main(int argc, char **argv)
{
	unsigned seconds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 5;
	unsigned threads = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 4;
	static struct client clients[CLIENTS];
	char folder[] = "/tmp/starve-XXXXXX";
	if (!mkdtemp(folder))
		return 2;
	snprintf(socket_path, sizeof(socket_path), "%s/s.sock", folder);
	pid_t server = fork();
	if (!server)
		_exit(server_main(threads));
	signal(SIGPIPE, SIG_IGN);
	for (int i = 0, fd = -1; i < 500 && fd < 0; i++) {
		usleep(10000);
		fd = fc_connect(socket_path);
		if (fd >= 0)
			close(fd);
	}
	buf_init(&request, 65536);
	fc_request(&request, 1, FC_KEEP, "GET", "/s/news", (struct slice){NULL, 0});
	end_ms = clock_mono_ms() + (int64_t)seconds * 1000;
	for (size_t i = 0; i < CLIENTS; i++)
		if (pthread_create(&clients[i].thread, NULL, client_main, &clients[i]))
			return 2;
	for (size_t i = 0; i < CLIENTS; i++)
		pthread_join(clients[i].thread, NULL);
	kill(server, SIGTERM);
	int status = 0;
	waitpid(server, &status, 0);
	int failed = report(clients, server_cpu_us(), seconds);
	buf_free(&request);
	unlink(socket_path);
	rmdir(folder);
	return failed ? 1 : 0;
}

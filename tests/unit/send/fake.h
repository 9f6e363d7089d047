#ifndef TESTS_SEND_FAKE_H
#define TESTS_SEND_FAKE_H
/* Starts the fakes of tests/fakes and small TCP servers for the tests of the send room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"

struct fake {
	pid_t pid;
	char endpoint[64];
	char journal[128];
};

/* more: one further option with its value, or NULL. */
static inline void fake_start_as(struct fake *f, const char *script, const char *key, const char *journal,
    const char *more, const char *value)
{
	int out[2], port = 0;
	FILE *in;

	snprintf(f->journal, sizeof(f->journal), "%s", journal);
	assert_int_equal(pipe(out), 0);
	f->pid = fork();
	assert_true(f->pid >= 0);
	if (f->pid == 0) {
		dup2(out[1], 1);
		close(out[0]);
		close(out[1]);
		execlp("node", "node", script, "--key", key, "--journal", journal, "--sender", "*@example.org", more, value,
		    (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	in = fdopen(out[0], "r");
	if (fscanf(in, "port %d", &port) != 1)
		fail_msg("%s did not start; is node installed?", script);
	fclose(in);
	snprintf(f->endpoint, sizeof(f->endpoint), "http://127.0.0.1:%d", port);
}

static inline void fake_start(struct fake *f, const char *key, const char *journal)
{
	fake_start_as(f, "tests/fakes/mailjet.mjs", key, journal, NULL, NULL);
}

static inline void fake_stop(struct fake *f)
{
	kill(f->pid, SIGTERM);
	waitpid(f->pid, NULL, 0);
}

/* Lines of the journal that hold a text. */
static inline int fake_count(const struct fake *f, const char *text)
{
	struct buf b;
	int n = 0;
	struct slice rest, line;

	buf_init(&b, 16u << 20);
	if (file_read(&b, f->journal, NULL) == OK) {
		rest = buf_slice(&b);
		while (slice_split(&rest, '\n', &line))
			n += line.len && memmem(line.ptr, line.len, text, strlen(text)) != NULL;
	}
	buf_free(&b);
	return n;
}

/*
 * A server of one connection: sends first, then for each thing it reads (up to
 * "until") sends the next answer; an answer NULL closes the connection.
 */
struct script {
	const char *greeting;
	struct {
		const char *until;
		const char *answer;
	} steps[12];
	int listener, port;
	pthread_t thread;
	char got[65536];
	size_t len;
};

static inline void *script_run(void *arg)
{
	struct script *s = arg;
	int fd = accept(s->listener, NULL, NULL);
	size_t from = 0;

	if (fd < 0)
		return NULL;
	if (s->greeting && write(fd, s->greeting, strlen(s->greeting)) < 0)
		goto out;
	for (int i = 0; s->steps[i].until; i++) {
		while (!memmem(s->got + from, s->len - from, s->steps[i].until, strlen(s->steps[i].until))) {
			ssize_t n = read(fd, s->got + s->len, sizeof(s->got) - 1 - s->len);

			if (n <= 0)
				goto out;
			s->len += (size_t)n;
		}
		from = s->len;
		if (!s->steps[i].answer || write(fd, s->steps[i].answer, strlen(s->steps[i].answer)) < 0)
			break;
	}
out:
	close(fd);
	return NULL;
}

static inline void script_start(struct script *s)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);

	s->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(s->listener, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(s->listener, 4), 0);
	assert_int_equal(getsockname(s->listener, (struct sockaddr *)&a, &n), 0);
	s->port = ntohs(a.sin_port);
	assert_int_equal(pthread_create(&s->thread, NULL, script_run, s), 0);
}

static inline void script_end(struct script *s)
{
	shutdown(s->listener, SHUT_RDWR);
	close(s->listener);
	pthread_join(s->thread, NULL);
}

static inline void tree_remove(const char *path)
{
	DIR *d = opendir(path);

	for (struct dirent *e; d && (e = readdir(d));) {
		char sub[4400];
		struct stat st;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (snprintf(sub, sizeof(sub), "%s/%s", path, e->d_name) >= (int)sizeof(sub))
			continue;
		if (lstat(sub, &st) == 0 && S_ISDIR(st.st_mode))
			tree_remove(sub);
		else
			unlink(sub);
	}
	if (d)
		closedir(d);
	rmdir(path);
}

#endif

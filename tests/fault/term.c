/*
 * term: sign-ups over kept connections from 16 clients; after a second SIGTERM (or the signal named) to the
 * service. A request that was sent whole before the signal, on a connection that the service had answered
 * before, must be answered whole; what is acknowledged is printed, an address a line.
 *     term SOCKET PID V [SIGNAL-NUMBER]
 * Exit 0: all owed answers came. 1: some did not. 2: too little load to say anything.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/fcgi.h"

#define CLIENTS 16

static const char *socket_path, *v;
static _Atomic int64_t signal_ms;
static atomic_uint answered, owed, other, number;
static pthread_mutex_t out = PTHREAD_MUTEX_INITIALIZER;

static void request(struct buf *b, const char *address)
{
	struct buf pairs;
	char body[200], len[24];
	snprintf(body, sizeof(body), "email=%s&v=%s&ok=1&lang=de", address, v);
	snprintf(len, sizeof(len), "%zu", strlen(body));
	buf_init(&pairs, 4096);
	fc_pair(&pairs, "REQUEST_METHOD", "POST");
	fc_pair(&pairs, "REQUEST_URI", "/j/s/news");
	fc_pair(&pairs, "HTTP_HOST", "www.verein.test");
	fc_pair(&pairs, "HTTP_ORIGIN", "https://www.verein.test");
	fc_pair(&pairs, "REMOTE_ADDR", "192.0.2.7");
	fc_pair(&pairs, "CONTENT_LENGTH", len);
	fc_pair(&pairs, "CONTENT_TYPE", "application/x-www-form-urlencoded");
	buf_reset(b);
	fc_begin(b, 1, 1, FC_KEEP);
	fc_stream(b, FC_PARAMS, 1, buf_slice(&pairs), 65535);
	fc_stream(b, FC_STDIN, 1, slice_from(body), 32768);
	buf_free(&pairs);
}

/* One request; false when the connection is over. */
static bool turn(int fd, struct buf *b, bool known)
{
	struct fc_answer a;
	char address[60];
	snprintf(address, sizeof(address), "t%d-%u@example.org", (int)getpid(), atomic_fetch_add(&number, 1));
	request(b, address);
	bool sent = fc_send(fd, b->data, b->len);
	int64_t at = clock_mono_ms(), stop = atomic_load(&signal_ms);
	bool due = sent && known && (!stop || at < stop);
	fc_answer_init(&a);
	bool ok = sent && fc_read(fd, 1, 6000, &a) && a.ended;
	if (ok && a.status == 303) {
		atomic_fetch_add(&answered, 1);
		pthread_mutex_lock(&out);
		printf("%s\n", address);
		pthread_mutex_unlock(&out);
	} else if (ok) {
		atomic_fetch_add(&other, 1);
	} else if (due) {
		atomic_fetch_add(&owed, 1);
	}
	fc_answer_free(&a);
	return ok;
}

static void *client(void *arg)
{
	struct buf b;
	bool known = false;
	int fd = fc_connect(socket_path);
	(void)arg;
	buf_init(&b, 65536);
	while (fd >= 0 && turn(fd, &b, known))
		known = true;
	buf_free(&b);
	if (fd >= 0)
		close(fd);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t t[CLIENTS];
	if (argc < 4)
		return 2;
	socket_path = argv[1];
	v = argv[3];
	for (int i = 0; i < CLIENTS; i++)
		if (pthread_create(&t[i], NULL, client, NULL))
			return 2;
	/* Load: at least a second of it, and on a slow machine as long as it takes to say something. */
	usleep(1000 * 1000);
	for (int i = 0; i < 600 && atomic_load(&answered) < 100; i++)
		usleep(100 * 1000);
	atomic_store(&signal_ms, clock_mono_ms());
	kill((pid_t)atoi(argv[2]), argc > 4 ? atoi(argv[4]) : SIGTERM);
	for (int i = 0; i < CLIENTS; i++)
		pthread_join(t[i], NULL);
	fprintf(stderr, "  %u acknowledged, %u other answers, %u owed and not given\n", answered, other, owed);
	return answered < 50 ? 2 : owed || other ? 1 : 0;
}

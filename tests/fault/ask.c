/*
 * ask: asks a running `serve` over its socket, for the scripts of this folder.
 *     ask SOCKET get PATH            "STATUS RETRY-AFTER LENGTH" (RETRY-AFTER "-" without one)
 *     ask SOCKET signup PATH V ADDRESS
 *     ask SOCKET body PATH
 *     ask SOCKET value PATH          value of the hidden field "v" of the form
 *     ask SOCKET idle N SECONDS      N connections that send nothing, "held N" once they are open
 * Exit 0: an answer came, 1: none.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http/fcgi.h"

#define WAIT_MS 8000

static void pairs_add(struct buf *pairs, const char *method, const char *uri, size_t body_len)
{
	char number[24];
	const char *query = strchr(uri, '?');
	snprintf(number, sizeof(number), "%zu", body_len);
	fc_pair(pairs, "REQUEST_METHOD", method);
	fc_pair(pairs, "REQUEST_URI", uri);
	fc_pair(pairs, "QUERY_STRING", query ? query + 1 : "");
	fc_pair(pairs, "SERVER_PROTOCOL", "HTTP/1.1");
	fc_pair(pairs, "HTTP_HOST", "www.verein.test");
	fc_pair(pairs, "HTTP_ORIGIN", "https://www.verein.test");
	fc_pair(pairs, "REMOTE_ADDR", "192.0.2.7");
	if (!body_len)
		return;
	fc_pair(pairs, "CONTENT_LENGTH", number);
	fc_pair(pairs, "CONTENT_TYPE", "application/x-www-form-urlencoded");
}

static bool ask(const char *path, const char *method, const char *uri, const char *body, struct fc_answer *a)
{
	struct buf b, pairs;
	int fd = fc_connect(path);
	fc_answer_init(a);
	if (fd < 0)
		return false;
	buf_init(&b, 1024 * 1024);
	buf_init(&pairs, 65536);
	pairs_add(&pairs, method, uri, strlen(body));
	fc_begin(&b, 1, 1, 0);
	fc_stream(&b, FC_PARAMS, 1, buf_slice(&pairs), 65535);
	fc_stream(&b, FC_STDIN, 1, slice_from(body), 32768);
	bool ok = fc_send(fd, b.data, b.len) && fc_read(fd, 1, WAIT_MS, a);
	buf_free(&pairs);
	buf_free(&b);
	close(fd);
	return ok;
}

static int value(const struct fc_answer *a)
{
	const char *at = memmem(a->body.ptr, a->body.len, "name=\"v\" value=\"", 16);
	if (!at)
		return 1;
	printf("%.*s\n", (int)strcspn(at + 16, "\""), at + 16);
	return 0;
}

static int idle(const char *path, int n, unsigned seconds)
{
	int open = 0;
	for (int i = 0; i < n; i++)
		open += fc_connect(path) >= 0;
	printf("held %d\n", open);
	fflush(stdout);
	sleep(seconds);
	return open == n ? 0 : 1;
}

int main(int argc, char **argv)
{
	char body[400] = "";
	static struct fc_answer a; /* its memory goes with the program */
	if (argc < 4)
		return 2;
	if (strcmp(argv[2], "idle") == 0 && argc == 5)
		return idle(argv[1], atoi(argv[3]), (unsigned)atoi(argv[4]));
	bool post = strcmp(argv[2], "signup") == 0 && argc == 6;
	if (post)
		snprintf(body, sizeof(body), "email=%s&v=%s&ok=1&lang=de", argv[5], argv[4]);
	if (!ask(argv[1], post ? "POST" : "GET", argv[3], body, &a)) {
		printf("0 - 0\n");
		return 1;
	}
	if (strcmp(argv[2], "value") == 0)
		return value(&a);
	if (strcmp(argv[2], "body") == 0)
		return fwrite(a.body.ptr, 1, a.body.len, stdout) != a.body.len;
	struct slice retry = fc_header(&a, "Retry-After");
	if (!retry.len)
		retry = SLICE("-");
	printf("%u %.*s %zu\n", a.status, SLICE_FMT(retry), a.body.len);
	fc_answer_free(&a);
	return 0;
}

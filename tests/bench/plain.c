/*
 * plain: what this machine can do with the same libraries and nothing of the product: the measure of figures that
 * are times, which mean nothing without the machine they were taken on.
 *     plain SOCKET THREADS BYTES FOLDER
 * Speaks FastCGI by libfcgi, THREADS threads. GET is answered with a page of BYTES from memory. POST is a sign-up as
 * sqlite_limit has it: three rows that are on the disk before the 303, committed in groups by one thread, the address
 * hashed and a random token made. No consent, no encryption, no evidence, no budgets, no follow-up. Ends on SIGTERM.
 */
#include <fcgiapp.h>
#include <pthread.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rows.h"

#define THREADS_MAX 256
#define BATCH_MAX 128

struct job {
	unsigned char hash[ROWS_HASH_BYTES], token[ROWS_HASH_BYTES]; /* of the address; of a random token */
	char email[256];
	int done;
	pthread_cond_t wake;
	struct job *next;
};

static const char schema[] = ROWS_SCHEMA;

enum { BEGIN, PERSON, EVENT, OUTBOX, COMMIT, STMT__MAX };
static const char *const sql[STMT__MAX] = {
    "BEGIN IMMEDIATE",
    ROWS_PERSON,
    ROWS_EVENT,
    ROWS_OUTBOX,
    "COMMIT",
};

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work = PTHREAD_COND_INITIALIZER;
static struct job *head, **tail = &head;
static sqlite3 *db;
static sqlite3_stmt *stmt[STMT__MAX];
static unsigned char key[crypto_generichash_KEYBYTES];
static char *page;
static size_t page_bytes;
static int listener;

static void fail(const char *what)
{
	fprintf(stderr, "plain: %s: %s\n", what, db ? sqlite3_errmsg(db) : "cannot");
	exit(1);
}

static void run(int s)
{
	if (sqlite3_step(stmt[s]) != SQLITE_DONE)
		fail(sql[s]);
	sqlite3_reset(stmt[s]);
}

static void rows(const struct job *j)
{
	static char body[ROWS_BODY_BYTES];
	memset(body, 'b', sizeof(body));
	sqlite3_bind_blob(stmt[PERSON], 1, j->hash, ROWS_HASH_BYTES, SQLITE_STATIC);
	sqlite3_bind_text(stmt[PERSON], 2, j->email, -1, SQLITE_STATIC);
	sqlite3_bind_blob(stmt[PERSON], 3, j->token, ROWS_HASH_BYTES, SQLITE_STATIC);
	run(PERSON);
	sqlite3_int64 id = sqlite3_last_insert_rowid(db);
	sqlite3_bind_int64(stmt[EVENT], 1, id);
	sqlite3_bind_blob(stmt[EVENT], 2, j->hash, ROWS_HASH_BYTES, SQLITE_STATIC);
	run(EVENT);
	sqlite3_bind_int64(stmt[OUTBOX], 1, id);
	sqlite3_bind_text(stmt[OUTBOX], 2, body, ROWS_BODY_BYTES, SQLITE_STATIC);
	run(OUTBOX);
}

/* Up to BATCH_MAX of those that wait. */
static unsigned take(struct job *batch[BATCH_MAX])
{
	unsigned n = 0;
	pthread_mutex_lock(&mu);
	while (!head)
		pthread_cond_wait(&work, &mu);
	while (head && n < BATCH_MAX) {
		batch[n++] = head;
		head = head->next;
	}
	if (!head)
		tail = &head;
	pthread_mutex_unlock(&mu);
	return n;
}

static void *writer(void *arg)
{
	struct job *batch[BATCH_MAX];
	(void)arg;
	for (;;) {
		unsigned n = take(batch);
		run(BEGIN);
		for (unsigned i = 0; i < n; i++)
			rows(batch[i]);
		run(COMMIT);
		pthread_mutex_lock(&mu);
		for (unsigned i = 0; i < n; i++) {
			batch[i]->done = 1;
			pthread_cond_signal(&batch[i]->wake);
		}
		pthread_mutex_unlock(&mu);
	}
	return NULL;
}

/* The value of email=, as it comes; -1: none. */
static int email_read(FCGX_Request *r, char *out, size_t size)
{
	char body[2048];
	int n = FCGX_GetStr(body, sizeof(body) - 1, r->in);
	body[n < 0 ? 0 : n] = '\0';
	const char *at = strstr(body, "email=");
	if (!at)
		return -1;
	snprintf(out, size, "%.*s", (int)strcspn(at + 6, "&"), at + 6);
	return 0;
}

static void signup(FCGX_Request *r)
{
	struct job j = {.wake = PTHREAD_COND_INITIALIZER};
	unsigned char token[ROWS_HASH_BYTES];
	if (email_read(r, j.email, sizeof(j.email))) {
		FCGX_FPrintF(r->out, "Status: 400 Bad Request\r\nContent-Type: text/plain\r\n\r\n");
		return;
	}
	crypto_generichash(j.hash, sizeof(j.hash), (const unsigned char *)j.email, strlen(j.email), key, sizeof(key));
	randombytes_buf(token, sizeof(token));
	crypto_generichash(j.token, sizeof(j.token), token, sizeof(token), key, sizeof(key));
	pthread_mutex_lock(&mu);
	*tail = &j;
	tail = &j.next;
	pthread_cond_signal(&work);
	while (!j.done)
		pthread_cond_wait(&j.wake, &mu);
	pthread_mutex_unlock(&mu);
	FCGX_FPrintF(r->out, "Status: 303 See Other\r\nLocation: /sent\r\n\r\n");
}

static void answer(FCGX_Request *r)
{
	const char *method = FCGX_GetParam("REQUEST_METHOD", r->envp);
	if (method && strcmp(method, "POST") == 0) {
		signup(r);
		return;
	}
	FCGX_FPrintF(r->out, "Content-Type: text/html; charset=utf-8\r\n\r\n");
	FCGX_PutStr(page, (int)page_bytes, r->out);
}

static void *worker(void *arg)
{
	FCGX_Request r;
	(void)arg;
	FCGX_InitRequest(&r, listener, 0);
	while (FCGX_Accept_r(&r) == 0) {
		answer(&r);
		FCGX_Finish_r(&r);
	}
	return NULL;
}

static void database_open(const char *folder)
{
	char path[600];
	snprintf(path, sizeof(path), "%s/plain.db", folder);
	if (sqlite3_open(path, &db) || sqlite3_exec(db, schema, NULL, NULL, NULL))
		fail(path);
	for (int i = 0; i < STMT__MAX; i++)
		if (sqlite3_prepare_v2(db, sql[i], -1, &stmt[i], NULL))
			fail(sql[i]);
}

int main(int argc, char **argv)
{
	pthread_t thread;
	unsigned long threads = argc == 5 ? strtoul(argv[2], NULL, 10) : 0;
	if (threads < 1 || threads > THREADS_MAX) {
		fprintf(stderr, "usage: plain SOCKET THREADS BYTES FOLDER\n");
		return 2;
	}
	page_bytes = strtoul(argv[3], NULL, 10);
	page = malloc(page_bytes);
	if (!page || sodium_init() < 0 || FCGX_Init())
		fail("start");
	memset(page, 'x', page_bytes);
	randombytes_buf(key, sizeof(key));
	database_open(argv[4]);
	umask(0);
	listener = FCGX_OpenSocket(argv[1], 512);
	if (listener < 0)
		fail(argv[1]);
	pthread_create(&thread, NULL, writer, NULL);
	for (unsigned long i = 1; i < threads; i++)
		pthread_create(&thread, NULL, worker, NULL);
	worker(NULL);
	return 0;
}

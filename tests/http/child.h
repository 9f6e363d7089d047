#ifndef JAWORT_TESTS_HTTP_CHILD_H
#define JAWORT_TESTS_HTTP_CHILD_H
/*
 * child: the process under test (echo_app), its socket and the file in which it
 * notes its effects. Functions fail the running test themselves.
 */
#include <sys/resource.h>
#include <sys/types.h>

extern const char *echo_path;
extern char folder[64]; /* everything of this run */
extern char socket_path[96];
extern char effects_path[96];

struct child {
	pid_t pid;
};

/* folder + "/" + name in dst, which is returned. */
const char *child_path(char *dst, size_t n, const char *name);
/* files: RLIMIT_NOFILE, 0 leaves it. */
struct child child_start(const char *listen_at, const char *threads, rlim_t files);
/* Is killed at teardown if the test leaves it behind. */
void child_note(pid_t pid);
void child_wait_ready(const char *path);
/* Start at socket_path and wait until it listens. */
struct child child_serve(const char *threads, rlim_t files);
/* Exit status after at most timeout_ms; -1 if it still runs or died by a signal. */
int child_wait(struct child *c, int timeout_ms);
/* SIGTERM; must end well. */
void child_end(struct child *c);
/* cmocka teardown. */
int child_teardown(void **state);
/* Bytes in the file of effects. */
long child_effects(void);
/* One request on a connection of its own; 0 without an answer. */
unsigned child_status_of(const char *method, const char *uri, const char *body);

#endif

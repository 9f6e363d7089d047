/*
 * A service manager in small: hands a listening socket over, hears what serve and worker say about themselves, and
 * looks at what they have given up. Usage: manager JAWORT CONF FOLDER
 * As root it starts them as nobody, who must be able to write to FOLDER.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <poll.h>
#include <unistd.h>

#define WATCHDOG_US 1500000
#define PATIENCE_MS 30000
#define NOBODY 65534

static int failed;

static void check(int ok, const char *what)
{
	printf("%s %s\n", ok ? "ok" : "FAILED", what);
	failed += !ok;
}

static int bound(const char *path, int type)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at))) {
		perror(path);
		exit(1);
	}
	chmod(path, 0666);
	return fd;
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Waits for a datagram that begins so; others are skipped. Milliseconds it took, -1 if it never came. */
static long heard(int fd, const char *start, int limit_ms)
{
	long begin = now_ms();
	char text[256];

	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		long left = begin + limit_ms - now_ms();
		ssize_t n;

		if (left <= 0 || poll(&p, 1, (int)left) <= 0)
			return -1;
		n = recv(fd, text, sizeof(text) - 1, 0);
		text[n > 0 ? n : 0] = '\0';
		if (strncmp(text, start, strlen(start)) == 0)
			return now_ms() - begin;
	}
}

static void hush(int fd)
{
	char text[256];

	while (recv(fd, text, sizeof(text), MSG_DONTWAIT) > 0)
		;
}

/* The line of a /proc file that begins so, behind its name. */
static const char *proc_line(pid_t pid, const char *file, const char *name)
{
	static char line[512];
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, file);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, name, strlen(name)) == 0) {
			fclose(f);
			return line + strlen(name) + strspn(line + strlen(name), " \t");
		}
	if (f)
		fclose(f);
	return "";
}

static pid_t start(char *const argv[], const char *notify, int listener)
{
	pid_t pid = fork();

	if (pid == 0) {
		char id[32], usec[32];

		snprintf(id, sizeof(id), "%ld", (long)getpid());
		snprintf(usec, sizeof(usec), "%d", WATCHDOG_US);
		setenv("NOTIFY_SOCKET", notify, 1);
		setenv("WATCHDOG_USEC", usec, 1);
		setenv("WATCHDOG_PID", id, 1);
		if (listener >= 0) {
			setenv("LISTEN_PID", id, 1);
			setenv("LISTEN_FDS", "1", 1);
			if (listener != 3)
				dup2(listener, 3);
			else
				fcntl(3, F_SETFD, 0);
		}
		if (geteuid() == 0 && (setgid(NOBODY) || setuid(NOBODY)))
			_exit(126);
		execv(argv[0], argv);
		_exit(127);
	}
	return pid;
}

static void given_up(pid_t pid)
{
	char path[64];
	struct stat st;

	check(proc_line(pid, "status", "NoNewPrivs:")[0] == '1', "no new privileges");
	check(proc_line(pid, "limits", "Max core file size")[0] == '0', "no core files");
	/* The files in /proc of what cannot be dumped belong to root: nobody of the same user may look into it. */
	snprintf(path, sizeof(path), "/proc/%ld/mem", (long)pid);
	check(stat(path, &st) == 0 && st.st_uid == 0, "not dumpable");
	check(proc_line(pid, "status", "Uid:")[0] != '0', "(and not root anyway)");
}

static void watchdog(int fd)
{
	long first = -1, second = -1;

	/* A busy machine may hold one up; a process that says it too seldom never gets there. */
	for (int i = 0; i < 5 && (first < 0 || second < 0); i++) {
		hush(fd);
		first = heard(fd, "WATCHDOG=1", WATCHDOG_US / 1000);
		second = heard(fd, "WATCHDOG=1", WATCHDOG_US / 1000);
	}
	check(first >= 0 && second >= 0, "two signs of life, each within the interval");
}

static void life(const char *what, pid_t pid, int fd)
{
	int status = -1;

	printf("# %s\n", what);
	check(heard(fd, "READY=1", PATIENCE_MS) >= 0, "says that it is ready");
	given_up(pid);
	watchdog(fd);
	hush(fd);
	kill(pid, SIGHUP);
	check(heard(fd, "RELOADING=1\nMONOTONIC_USEC=", PATIENCE_MS) >= 0, "says that it reloads");
	check(heard(fd, "READY=1", PATIENCE_MS) >= 0, "and that it is ready again");
	watchdog(fd);
	/* A process that does not run must not say that it lives. */
	kill(pid, SIGSTOP);
	usleep(100000);
	hush(fd);
	check(heard(fd, "WATCHDOG=1", WATCHDOG_US / 1000 + 500) < 0, "silent while it is stopped");
	kill(pid, SIGCONT);
	kill(pid, SIGTERM);
	check(heard(fd, "STOPPING=1", PATIENCE_MS) >= 0, "says that it stops");
	waitpid(pid, &status, 0);
	check(status == 0, "ends with 0");
}

int main(int argc, char **argv)
{
	char notify[100], door[100];
	int fd, listener;

	if (argc != 4)
		return 2;
	snprintf(notify, sizeof(notify), "%s/notify", argv[3]);
	snprintf(door, sizeof(door), "%s/door", argv[3]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	fd = bound(notify, SOCK_DGRAM | SOCK_CLOEXEC);
	listener = bound(door, SOCK_STREAM | SOCK_CLOEXEC);
	if (listen(listener, 16))
		return 1;
	char serve_verb[] = "serve", worker_verb[] = "worker", dash_c[] = "-c";
	char *serve[] = {argv[1], serve_verb, dash_c, argv[2], NULL};
	char *worker[] = {argv[1], worker_verb, dash_c, argv[2], NULL};
	life("serve, with the manager's socket", start(serve, notify, listener), fd);
	check(access(door, F_OK) == 0, "the manager's socket is still there");
	life("worker", start(worker, notify, -1), fd);
	return failed ? 1 : 0;
}

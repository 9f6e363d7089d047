/*
 * slowsync: a slower disk, and on demand a slower program, without changing either. For LD_PRELOAD.
 *     SLOW_US  microseconds that every fsync and fdatasync waits before it starts; -1: it does nothing at all,
 *              for what needs many databases and no durability
 *     BURN_US  microseconds of CPU that every accept4, fdatasync and execution burns: a planted
 *              regression, with which the gate of CI shows that it sees one
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static long number(const char *name)
{
	const char *text = getenv(name);
	return text ? strtol(text, NULL, 10) : 0;
}

/* False: no sync is wanted. */
static int slow(void)
{
	struct timespec t;
	long us = number("SLOW_US");
	t.tv_sec = us / 1000000;
	t.tv_nsec = us % 1000000 * 1000;
	if (us > 0)
		while (nanosleep(&t, &t))
			;
	return us >= 0;
}

static long cpu_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (long)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void burn(void)
{
	long us = number("BURN_US"), end = us > 0 ? cpu_us() + us : 0;
	while (us > 0 && cpu_us() < end)
		;
}

__attribute__((constructor)) static void begin(void)
{
	burn();
}

int fdatasync(int fd)
{
	int (*real)(int);
	*(void **)&real = dlsym(RTLD_NEXT, "fdatasync");
	if (!slow())
		return 0;
	burn();
	return real(fd);
}

int fsync(int fd)
{
	int (*real)(int);
	*(void **)&real = dlsym(RTLD_NEXT, "fsync");
	return slow() ? real(fd) : 0;
}

int accept4(int fd, struct sockaddr *from, socklen_t *len, int flags)
{
	int (*real)(int, struct sockaddr *, socklen_t *, int);
	*(void **)&real = dlsym(RTLD_NEXT, "accept4");
	burn();
	return real(fd, from, len, flags);
}

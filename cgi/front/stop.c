#include "front/stop_priv.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void signals_ours(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
}

/* Never runs: the signals are blocked. It is there so that libfcgi finds a handler and leaves it. */
static void signal_stub(int signo)
{
	(void)signo;
}

void stop_keep(void)
{
	struct sigaction stub = {.sa_handler = signal_stub, .sa_flags = SA_RESTART};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigaction(SIGTERM, &stub, NULL);
	sigaction(SIGINT, &stub, NULL);
	sigaction(SIGHUP, &stub, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGUSR1, &ignore, NULL);
}

enum err stop_open(struct stop *s, struct errinfo *ei)
{
	sigset_t set;
	signals_ours(&set);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL))
		return err_set(ei, E_IO, "cannot block signals");
	stop_keep();
	s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->signal_fd < 0 ? err_errno(ei, E_IO, errno, "signalfd") : OK;
}

enum stop_wish stop_next(struct stop *s)
{
	struct signalfd_siginfo info;
	if (read(s->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return STOP_NONE;
	return info.ssi_signo == SIGHUP ? STOP_RELOAD : STOP_END;
}

void stop_close(struct stop *s)
{
	sigset_t set;
	signals_ours(&set);
	if (s->signal_fd >= 0)
		close(s->signal_fd);
	s->signal_fd = -1;
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

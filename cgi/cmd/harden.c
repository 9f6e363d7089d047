/*
 * harden: what a process that serves gives up for good, whoever started it: new privileges by a
 * set-user-id program, memory images (keys are in memory), and being looked into by others of the same user.
 */
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/log.h"
#include "cmd/cmd.h"

void cmd_harden(void)
{
	const struct rlimit none = {0, 0};

	/* Where a sandbox forbids the call it has set the limit itself. */
	setrlimit(RLIMIT_CORE, &none);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		log_event(LOG_WARN, "harden", LOG_S("text", "the kernel refused no_new_privs or non-dumpable"));
}

void cmd_notify(struct notify *n)
{
	notify_open(n, getenv("NOTIFY_SOCKET"), getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"));
}

#include "base/bug.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"

/* Set while a bug is reported: a second one, in the log itself, must not come round again. */
static _Thread_local int bug_depth;

_Noreturn void bug_at(const char *file, int line, const char *what)
{
	static const char last_words[] = "level=error event=bug what=\"bug while reporting a bug\"\n";

	if (bug_depth++ > 0) {
		ssize_t n = write(STDERR_FILENO, last_words, sizeof(last_words) - 1);
		(void)n;
		abort();
	}
	log_event(LOG_ERROR, "bug", LOG_S("file", file), LOG_I("line", line), LOG_S("what", what));
	abort();
}

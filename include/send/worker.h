#ifndef JAWORT_SEND_WORKER_H
#define JAWORT_SEND_WORKER_H
/*
 * worker: takes mails from the outbox of every site to the provider of its
 * mail.route, and settles what became of them.
 *
 * Life of a row: queued -> sending (claimed, durable) -> request -> accepted |
 * failed | queued again | unknown | held. Claims and settlements are one
 * transaction of <= 100 rows under the site's write lock. A kill at any point
 * loses no mail: rows left in "sending" belong to nobody once the next worker has
 * the lock file; they become unknown. An unknown row is looked up at the provider
 * (Mailjet, by CustomID) WORKER_LOOKUP_S later and sent if it is not there; where a
 * provider cannot be asked it is sent once more, and only once: a second
 * confirmation mail is harmless, a lost one is not. The state held is the hold of a
 * provider made visible: its rows are tried again every WORKER_HOLD_CHECK_S, one
 * first, and when there are no such rows any more (outbox retry) at once.
 *
 * A second worker on the same data directory waits for the first one's lock
 * file (DATA/worker.lock); with once it returns at once.
 *
 * Sleeps on inotify of DATA/wake until that file is written or the next row is
 * due; it never polls the sites.
 * Threads: the caller's thread only.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"

struct conf;
struct conf_site;
struct store;

#define WORKER_BATCH_MAX 100
#define WORKER_PARALLEL 32
/* nice(2): with serve on the same processors it gets a tenth of the time, and all that serve leaves. */
#define WORKER_NICE 10
#define WORKER_RETRY_MIN_S 30
#define WORKER_RETRY_MAX_S (6 * 3600)
/* Retries end after this long; then the mail failed ("expired"). */
#define WORKER_GIVE_UP_S (3 * 86400)
#define WORKER_HOLD_CHECK_S 300
/* An answer that was lost: the provider needs a moment until the mail can be found. */
#define WORKER_LOOKUP_S 30
#define WORKER_UPKEEP_S 3600
/* Between two writings of the journal of erasures. */
#define WORKER_JOURNAL_S 5

struct worker_opts {
	const struct conf *conf; /* frozen; must outlive the run */
	bool once;               /* send what is due, then return */
	int stop_fd;             /* readable: finish what is under way and return; -1: none */
	unsigned timeout_ms;     /* of one request; 0: HTTP_TOTAL_TIMEOUT_MS */
	const char *ca_file;     /* NULL: the system's */
	/*
	 * Turns what is left in the intake into mails (CGI mode, crash). Called
	 * per site at start and after each wake. NULL: none. An error is logged and
	 * does not end the worker.
	 */
	enum err (*leftover)(struct store *st, const struct conf_site *site, void *arg);
	/*
	 * Retention, checkpoints and so on: per site at start, once an hour, more often where evidence.checkpoint_every says
	 * so, and at the start of each day (UTC). NULL: none.
	 */
	enum err (*upkeep)(struct store *st, const struct conf_site *site, void *arg);
	/*
	 * Writes who left into the journal of erasures: per site after leftover, but not twice in WORKER_JOURNAL_S (with
	 * once: after each). Called where there may be nothing to write. NULL: none.
	 */
	enum err (*journal)(struct store *st, const struct conf_site *site, void *arg);
	/* Called as long as the loop runs, at least every alive_ms; tells a service manager so. NULL: none. */
	void (*alive)(void *arg);
	unsigned alive_ms; /* 0: whenever the loop turns */
	void *arg;
};

/*
 * OK: stopped, or once and nothing more is due. E_BUSY: once, and another
 * worker holds the lock. E_IO: lock file or wake file cannot be used.
 */
enum err worker_run(const struct worker_opts *o, struct errinfo *ei);

/* Seconds until the next try after so many (1..): exponential, +-25 % jitter, between the limits. */
uint32_t worker_backoff_s(unsigned attempts);

#endif

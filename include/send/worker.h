#ifndef JAWORT_SEND_WORKER_H
#define JAWORT_SEND_WORKER_H
/*
 * worker: takes mails from the outbox of every site to the provider of its
 * mail.route, and settles what became of them.
 *
 * Life of a row: queued -> sending (claimed, durable) -> request -> accepted |
 * failed | queued again | unknown. Claims and settlements are one transaction
 * of <= 100 rows under the site's write lock. A kill at any point loses no mail:
 * a row left in "sending" counts as unknown after WORKER_STALE_S and is looked
 * up at the provider (Mailjet, by CustomID) before it is sent again; where a
 * provider cannot be asked it is sent once more, and only once: a second
 * confirmation mail is harmless, a lost one is not.
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
#define WORKER_PARALLEL 16
#define WORKER_RETRY_MIN_S 30
#define WORKER_RETRY_MAX_S (6 * 3600)
/* Retries end after this long; then the mail failed ("expired"). */
#define WORKER_GIVE_UP_S (3 * 86400)
#define WORKER_HOLD_CHECK_S 300
#define WORKER_STALE_S 120
#define WORKER_UPKEEP_S 3600

struct worker_opts {
	const struct conf *conf; /* frozen; must outlive the run */
	bool once;               /* send what is due, then return */
	int stop_fd;             /* readable: finish the batch under way and return; -1: none */
	/*
	 * Turns what is left in the intake into mails (CGI mode, crash). Called
	 * per site at start and after each wake. NULL: none. An error is logged and
	 * does not end the worker.
	 */
	enum err (*leftover)(struct store *st, const struct conf_site *site, void *arg);
	/* Retention, checkpoints and so on: per site at start and once an hour. NULL: none. */
	enum err (*upkeep)(struct store *st, const struct conf_site *site, void *arg);
	void *arg;
};

/*
 * OK: stopped, or once and nothing more is due. E_BUSY: once, and another
 * worker holds the lock. E_IO: lock file or wake file cannot be used.
 */
enum err worker_run(const struct worker_opts *o, struct errinfo *ei);

/* Seconds until the next try after so many failed ones (1..): exponential with +-25 % jitter, between the two limits. */
uint32_t worker_backoff_s(unsigned attempts);

#endif

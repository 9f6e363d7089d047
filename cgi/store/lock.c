/*
 * lock: DATA/<site>/write.lock. Writers of all processes take turns through
 * flock(2): SQLite's own busy handler polls, and a process that commits row by row then starves the
 * others. The kernel lets the lock go when a process dies.
 */
#include <errno.h>
#include <sys/file.h>

#include "store/db_priv.h"

static _Thread_local const struct store *lock_holder;

bool lock_mine(const struct store *s)
{
	return lock_holder == s;
}

enum err lock_take(struct store *s, struct errinfo *ei)
{
	int rc;
	/* Two stores at once in one thread could wait for each other; inside a transaction it would hang. */
	bug_if(lock_holder != NULL);
	pthread_mutex_lock(&s->write_mu);
	do {
		rc = flock(s->lock_fd, LOCK_EX);
	} while (rc < 0 && errno == EINTR);
	if (rc < 0) {
		int saved = errno;
		pthread_mutex_unlock(&s->write_mu);
		return err_errno(ei, E_IO, saved, "%s/write.lock: cannot lock", s->dir);
	}
	lock_holder = s;
	return OK;
}

void lock_release(struct store *s)
{
	bug_if(lock_holder != s);
	lock_holder = NULL;
	flock(s->lock_fd, LOCK_UN);
	pthread_mutex_unlock(&s->write_mu);
}

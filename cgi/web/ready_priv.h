#ifndef JAWORT_WEB_READY_PRIV_H
#define JAWORT_WEB_READY_PRIV_H
/*
 * Who writes the ready files: a thread behind the service, so that neither the start nor a reload waits for it. It
 * renders one site at a time and holds none. It writes what the present generation shows, leaves alone what is the same
 * already, and removes what the generation does not show.
 */
#include <stdbool.h>
#include "base/err.h"
#include "web/generation_priv.h"
#include "web/ready.h"

#define READY_TMP ".ready-"

struct ready;

/* The present generation, held for the caller. */
typedef struct generation *ready_source(void *arg);

/* Starts the thread and a first pass. E_NOMEM. source is called from the thread until ready_free(). */
enum err ready_new(struct ready **out, ready_source *source, void *arg, struct errinfo *ei);
/* There is a new generation. Any thread; NULL is fine. */
void ready_kick(struct ready *r);
/* Ends the thread, which finishes the file at hand. NULL is fine. */
void ready_free(struct ready *r);

/*
 * Removes our files in a site's folder that are not wanted; wanted NULL: all, and the folder if that leaves it empty. Errors as
 * ready_drop().
 */
enum err ready_sweep(const char *dir, const char *site, bool (*wanted)(void *arg, const char *name), void *arg,
    struct errinfo *ei);
/*
 * One page and its ".gz" at path, unless it is there with these bytes. Its time comes from the bytes, for nginx makes
 * its validator from it. On an error neither is there.
 */
enum err ready_put(const char *path, struct slice bytes, struct errinfo *ei);

#endif

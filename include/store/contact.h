#ifndef JAWORT_STORE_CONTACT_H
#define JAWORT_STORE_CONTACT_H
/*
 * contact: what a provider's contact list has still to be told. One row per person and purpose, written in the
 * transaction of the change itself; a newer word replaces an older one, and turn keeps an answer to the older one
 * from settling it. Rows are removed when the provider has heard it.
 *
 * The address is the person's, read when it is needed; only a deletion keeps it, sealed under the intake
 * key, because it outlives the person's key. It goes with the row.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "store/db.h"

enum contact_action {
	CONTACT_ADD = 1,   /* put on the list; who has left there stays away */
	CONTACT_ADD_AGAIN, /* had left here and has confirmed anew: that is newer than what the list says */
	CONTACT_UNSUB,
	CONTACT_DELETE,    /* the whole contact, after an erasure */
	CONTACT_ACTION__MAX
};
const char *contact_action_name(enum contact_action a);

struct contact {
	int64_t id;
	int64_t person_id;
	char purpose[64]; /* "" for CONTACT_DELETE */
	enum contact_action action;
	int64_t turn;
	int attempt; /* tries so far */
	int64_t created_ms;
	bool readable; /* false: the address is gone (person erased, other key); the row is of no use */
};

enum err contact_put(struct db *db, struct slice provider, int64_t person_id, struct slice purpose,
    enum contact_action action, int64_t now_ms, struct errinfo *ei);
/* Instead of all other words about this person: delete. Before the person's key goes. */
enum err contact_put_delete(struct db *db, struct slice provider, int64_t person_id, struct slice address,
    int64_t now_ms, struct errinfo *ei);
/* The first that is due; its address is appended. E_NOT_FOUND: none (no text is made). */
enum err contact_next(struct db *db, struct slice provider, int64_t now_ms, struct contact *out, struct buf *address,
    struct errinfo *ei);
/* INT64_MAX: none waits. */
enum err contact_next_due(struct db *db, struct slice provider, int64_t *next_ms, struct errinfo *ei);
/* The provider has heard it. Does nothing if there is a newer word. */
enum err contact_done(struct db *db, const struct contact *c, struct errinfo *ei);
/* Again at next_ms; 0: refused for good, the row stays to be seen. Not if there is a newer word. */
enum err contact_again(struct db *db, const struct contact *c, int64_t next_ms, struct slice code,
    struct errinfo *ei);
/* Why it waits: kept beside the row, which stays due. Not if there is a newer word. */
enum err contact_note(struct db *db, const struct contact *c, struct slice code, struct errinfo *ei);
/* Somebody mended what was wrong: all that wait or were refused are due now. *count: so many. */
enum err contact_retry_all(struct db *db, int64_t now_ms, unsigned *count, struct errinfo *ei);
/* Waiting and refused ones; each may be NULL. */
enum err contact_counts(struct db *db, int64_t *waiting, int64_t *refused, struct errinfo *ei);

/* What an admin should know first: a refused row, else one whose last try came to nothing. Nobody's address is in it. */
struct contact_trouble {
	char provider[32], purpose[64], code[32];
	enum contact_action action;
	bool refused;
};
/* E_NOT_FOUND: all goes well (no text is made). */
enum err contact_trouble(struct db *db, struct contact_trouble *out, struct errinfo *ei);

#endif

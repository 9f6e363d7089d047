#ifndef JAWORT_CORE_CONTACT_H
#define JAWORT_CORE_CONTACT_H
/*
 * contact: which changes of a consent a provider's contact list has to hear of (store/contact.h holds them, the
 * worker carries them). Called in the transaction of the change, so that neither is without the other.
 *
 * Mailjet and Brevo, where they stand in mail.route and the site is live. Additions and withdrawals: purposes with a
 * provider_list, told to the first of the two on the route, since the list's number is one of its numbers. Deletion:
 * everybody, told to both: Mailjet makes a contact of every recipient, Brevo keeps a log of every mail.
 * Sources: GDPR Art. 7(3), 17(1), 19.
 */
#include "base/arena.h"
#include "base/err.h"
#include "core/site.h"
#include "store/contact.h"
#include "store/db.h"

/* Who keeps the lists: the first on the route that can. NULL: nobody. */
const char *contact_keeper(const struct conf_site *c);
/* For each of the purposes (comma list) that has a list. */
enum err contact_changed(struct db *db, const struct site *s, int64_t person_id, struct slice purposes,
    enum contact_action action, int64_t now_ms, struct errinfo *ei);
/* Before erasure_ask(), while the address can still be read. */
enum err contact_erased(struct db *db, const struct site *s, int64_t person_id, int64_t now_ms, struct errinfo *ei);

#endif

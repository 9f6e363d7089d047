#ifndef JAWORT_MAIL_MAILJET_CONTACT_H
#define JAWORT_MAIL_MAILJET_CONTACT_H
/*
 * mailjet_contact: requests about one contact, and what their answers mean. All of them may be repeated without
 * harm, so an answer that was lost is simply asked for again.
 * Source: Mailjet, REST reference (contactslist/managecontact, contact) and v4 contacts (deletion).
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"
#include "mail/provider.h"

enum mailjet_contact_step {
	MAILJET_CONTACT_ADD,       /* Action addnoforce */
	MAILJET_CONTACT_ADD_AGAIN, /* addforce */
	MAILJET_CONTACT_UNSUB,
	MAILJET_CONTACT_FIND,      /* who is it: the number that deletion needs */
	MAILJET_CONTACT_DELETE,
	MAILJET_CONTACT__MAX
};

/*
 * what: number of the list, and for MAILJET_CONTACT_DELETE that of the contact. email: not for DELETE.
 * E_INVALID: what is no number.
 */
enum err mailjet_contact_build(struct arena *a, const struct provider_settings *s, enum mailjet_contact_step step,
    struct slice what, struct slice email, struct provider_request *out, struct errinfo *ei);
/*
 * ACCEPTED (FIND: provider_id is the number), PERMANENT with code "absent" (FIND, DELETE: there is no such contact),
 * PERMANENT, RETRY, HOLD. Never UNKNOWN.
 */
void mailjet_contact_read(enum mailjet_contact_step step, const struct provider_reply *r,
    struct provider_result *out);

#endif

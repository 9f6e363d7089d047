#ifndef JAWORT_MAIL_BREVO_CONTACT_H
#define JAWORT_MAIL_BREVO_CONTACT_H
/*
 * brevo_contact: requests about one contact, and what their answers mean. All of them may be repeated without
 * harm, so an answer that was lost is simply asked for again.
 *
 * Nobody is ever taken off Brevo's own block list (emailBlacklisted): it holds for the whole account, and who left
 * there stays away. Leaving here takes the contact off the list only.
 * Source: developers.brevo.com/reference/create-contact, update-contact, delete-contact,
 * delete-an-smtp-transactional-log.
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"
#include "mail/provider.h"

enum brevo_contact_step {
	BREVO_CONTACT_ADD,    /* makes the contact if there is none */
	BREVO_CONTACT_REMOVE, /* from the list; the contact stays */
	BREVO_CONTACT_DELETE,
	BREVO_CONTACT_FORGET, /* the log of mails to this address, with the stored previews */
	BREVO_CONTACT__MAX
};

/* list: number of the list, for ADD and REMOVE. E_INVALID: it is no number. */
enum err brevo_contact_build(struct arena *a, const struct provider_settings *s, enum brevo_contact_step step,
    struct slice list, struct slice email, struct provider_request *out, struct errinfo *ei);
/*
 * ACCEPTED, PERMANENT with code "absent" (REMOVE, DELETE, FORGET: there is nothing of the kind), PERMANENT, RETRY,
 * HOLD. Never UNKNOWN.
 */
void brevo_contact_read(enum brevo_contact_step step, const struct provider_reply *r, struct provider_result *out);

#endif

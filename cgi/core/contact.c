#include "core/contact.h"

#include "base/crypt.h"
#include "store/person.h"

static const struct slice provider = SLICE_LIT("mailjet");

static bool told(const struct conf_site *c)
{
	return c->mode == CONF_LIVE && conf_list_has(&c->mail.route, "mailjet");
}

enum err contact_changed(struct db *db, const struct site *s, int64_t person_id, struct slice purposes,
    enum contact_action action, int64_t now_ms, struct errinfo *ei)
{
	const struct conf_site *c = site_conf(s);
	struct slice one;
	enum err rc = OK;

	while (told(c) && !rc && slice_split(&purposes, ',', &one)) {
		const struct conf_purpose *p = conf_purpose_by_id(c, one);
		if (p && p->provider_list[0])
			rc = contact_put(db, provider, person_id, one, action, now_ms, ei);
	}
	return rc;
}

enum err contact_erased(struct db *db, const struct site *s, int64_t person_id, int64_t now_ms, struct errinfo *ei)
{
	struct buf address;
	enum err rc;

	if (!told(site_conf(s)))
		return OK;
	buf_init(&address, PERSON_ADDRESS_MAX_BYTES);
	rc = person_address(db, person_id, &address, ei);
	if (!rc)
		rc = contact_put_delete(db, provider, person_id, buf_slice(&address), now_ms, ei);
	crypt_wipe(address.data, address.len);
	buf_free(&address);
	/* Erased before: it was said then. */
	return rc == E_NOT_FOUND ? OK : rc;
}

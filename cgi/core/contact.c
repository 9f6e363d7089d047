#include "core/contact.h"

#include "base/crypt.h"
#include "store/person.h"

/* Those that keep contact lists, in no order. */
static const char *const keepers[] = {"mailjet", "brevo"};
#define NKEEPERS (sizeof(keepers) / sizeof(keepers[0]))

static bool keeps(const char *provider)
{
	for (size_t i = 0; i < NKEEPERS; i++)
		if (slice_eq_str(slice_from(provider), keepers[i]))
			return true;
	return false;
}

const char *contact_keeper(const struct conf_site *c)
{
	for (size_t i = 0; i < c->mail.route.n; i++)
		if (keeps(c->mail.route.v[i]))
			return c->mail.route.v[i];
	return NULL;
}

enum err contact_changed(struct db *db, const struct site *s, int64_t person_id, struct slice purposes,
    enum contact_action action, int64_t now_ms, struct errinfo *ei)
{
	const struct conf_site *c = site_conf(s);
	const char *keeper = c->mode == CONF_LIVE ? contact_keeper(c) : NULL;
	struct slice one;
	enum err rc = OK;

	while (keeper && !rc && slice_split(&purposes, ',', &one)) {
		const struct conf_purpose *p = conf_purpose_by_id(c, one);
		if (p && p->provider_list[0])
			rc = contact_put(db, slice_from(keeper), person_id, one, action, now_ms, ei);
	}
	return rc;
}

static enum err erased_at_all(struct db *db, const struct conf_site *c, int64_t person_id, struct slice address,
    int64_t now_ms, struct errinfo *ei)
{
	enum err rc = OK;

	for (size_t i = 0; !rc && i < NKEEPERS; i++)
		if (conf_list_has(&c->mail.route, keepers[i]))
			rc = contact_put_delete(db, slice_from(keepers[i]), person_id, address, now_ms, ei);
	return rc;
}

enum err contact_erased(struct db *db, const struct site *s, int64_t person_id, int64_t now_ms, struct errinfo *ei)
{
	const struct conf_site *c = site_conf(s);
	struct buf address;
	enum err rc;

	if (c->mode != CONF_LIVE || !contact_keeper(c))
		return OK;
	buf_init(&address, PERSON_ADDRESS_MAX_BYTES);
	rc = person_address(db, person_id, &address, ei);
	if (!rc)
		rc = erased_at_all(db, c, person_id, buf_slice(&address), now_ms, ei);
	crypt_wipe(address.data, address.len);
	buf_free(&address);
	/* Erased before: it was said then. */
	return rc == E_NOT_FOUND ? OK : rc;
}

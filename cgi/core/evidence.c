#include "core/evidence.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/buf.h"
#include "conf/show.h"
#include "store/notice.h"
#include "store/text.h"

/*
 * The configuration that an event names is in the text store: usually since config apply or the start of serve, but the
 * worker and the command line may be the first that run with it.
 */
static enum err config_keep(struct db *db, const struct site *s, struct errinfo *ei)
{
	const struct conf_site *c = site_conf(s);
	unsigned char hash[STORE_HASH_BYTES];
	enum err rc = text_get(db, c->hash, NULL, NULL, ei);
	struct buf b;

	if (rc != E_NOT_FOUND)
		return rc;
	buf_init(&b, TEXT_BODY_MAX_BYTES);
	conf_canonical(c, &b);
	rc = buf_ok(&b) ? text_put(db, TEXT_CONFIG, "", 1, buf_slice(&b), hash, ei) :
	    err_set(ei, E_LIMIT, "configuration of %s is too large to be stored", c->id);
	buf_free(&b);
	return rc;
}

enum err evidence_append(struct db *db, const struct site *s, struct event_new *e, struct errinfo *ei)
{
	const char *lang = e->lang.len ? site_lang(s, e->lang) : NULL;
	struct notice_version notice;
	enum err rc = E_NOT_FOUND;

	if (!e->notice_hash) {
		rc = notice_current(db, lang ? lang : site_lang_default(s), &notice, ei);
		if (rc && rc != E_NOT_FOUND)
			return rc;
		if (!rc)
			e->notice_hash = notice.hash;
	}
	rc = OK;
	if (!e->config_hash) {
		e->config_hash = site_conf(s)->hash;
		rc = config_keep(db, s, ei);
	}
	if (!rc)
		rc = event_append(db, e, NULL, ei);
	e->notice_hash = NULL;
	return rc;
}

static struct slice ip_text(struct arena *a, int family, const void *addr)
{
	char text[INET6_ADDRSTRLEN];

	if (!inet_ntop(family, addr, text, sizeof(text)))
		return SLICE("");
	return arena_dup(a, slice_from(text));
}

struct slice evidence_ip(struct arena *a, const struct conf_site *c, struct slice ip)
{
	/* ::ffff:0:0/96 (RFC 4291 section 2.5.5.2): an IPv4 address in other clothes */
	static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	unsigned char v4[4], v6[16];
	char text[INET6_ADDRSTRLEN];

	if (c->ip == CONF_IP_NONE || !slice_copy(ip, text, sizeof(text)))
		return SLICE("");
	if (inet_pton(AF_INET, text, v4) == 1) {
		if (c->ip == CONF_IP_TRUNCATED)
			v4[3] = 0;
		return ip_text(a, AF_INET, v4);
	}
	if (inet_pton(AF_INET6, text, v6) != 1)
		return SLICE("");
	if (memcmp(v6, mapped, sizeof(mapped)) == 0) {
		memcpy(v4, v6 + 12, 4);
		v4[3] = c->ip == CONF_IP_TRUNCATED ? 0 : v4[3];
		return ip_text(a, AF_INET, v4);
	}
	if (c->ip == CONF_IP_TRUNCATED)
		memset(v6 + 6, 0, 10);
	return ip_text(a, AF_INET6, v6);
}

/*
 * Rules about what is stored against what the configuration says now: is the notice in force that of today (L10), and
 * what does a change ask for (L42)?
 */
#include "core/lint_priv.h"

#include <string.h>

#include "base/crypt.h"
#include "conf/show.h"
#include "core/notice.h"
#include "core/notice_change.h"
#include "store/notice.h"
#include "store/text.h"

/* True: the notice in force in this language is another one; v is filled then. */
static bool differs(struct lint *l, struct db *db, const char *lang, struct notice_version *v)
{
	unsigned char hash[STORE_HASH_BYTES];
	struct errinfo ei = {.code = OK};
	struct buf body;

	if (notice_current(db, lang, v, &ei) != OK)
		return false;
	buf_init_arena(&body, l->a, NOTICE_MAX_BYTES);
	if (notice_body(l->site, l->a, lang, &body, &ei) != OK)
		return false;
	crypt_sha256(hash, body.data, body.len);
	return memcmp(hash, v->hash, sizeof(hash)) != 0;
}

/* One finding for each key that somebody must hear of; that of a consent weighs more. */
static void changes(struct lint *l, struct db *db, const struct notice_version *v)
{
	struct errinfo ei = {.code = OK};
	struct buf before, after;

	buf_init_arena(&before, l->a, TEXT_BODY_MAX_BYTES);
	buf_init_arena(&after, l->a, TEXT_BODY_MAX_BYTES);
	if (text_get(db, v->config_hash, &before, NULL, &ei) != OK)
		return;
	conf_canonical(l->conf, &after);
	for (const struct notice_change *x = notice_changes(l->a, buf_slice(&before), buf_slice(&after)); x; x = x->next) {
		const char *path = arena_str(l->a, x->path);
		if (path && x->duty != NOTICE_DUTY_NONE)
			lint_key(l, CONF_WARNING, x->duty == NOTICE_DUTY_CONSENT ? "L42-consent" : "L42-tell", path, path, NULL);
	}
}

void lint_store(struct lint *l)
{
	struct errinfo ei = {.code = OK};
	struct notice_version v;
	bool told = false;
	struct db *db;

	if (store_read(l->store, &db, &ei) != OK)
		return;
	for (size_t i = 0; i < l->conf->languages.n; i++) {
		const char *lang = l->conf->languages.v[i];
		if (!differs(l, db, lang, &v))
			continue;
		lint_key(l, CONF_WARNING, "L10-stored", "site", lang, lint_text(l, "%lld", (long long)v.no), NULL);
		if (!told)
			changes(l, db, &v);
		told = true;
	}
	store_read_end(l->store, db);
}

#ifndef JAWORT_WEB_GENERATION_PRIV_H
#define JAWORT_WEB_GENERATION_PRIV_H
/*
 * generation: one loaded configuration with everything rendered from it:
 * words, templates, forms and notices of each site. Immutable but for its
 * reference count; freed when the last request that uses it has ended.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include "base/crypt.h"
#include "base/slice.h"
#include "conf/conf.h"
#include "core/letter.h"
#include "core/site.h"
#include "store/db.h"

/* A rendered page, ready to be copied. */
struct generation_page {
	struct slice body;
	char etag[2 + 16 + 1]; /* with quotes */
};

struct generation_notice {
	struct generation_page page;
	struct generation_page part;
	/* Validators begin with the notice's hash. The page also holds the owner's colour and the like, so what came
	 * out is part of its own. */
	char page_etag[2 + 64 + 1 + 16 + 1], part_etag[2 + 64 + 1];
	char hash_hex[65];
	int64_t no;
	int64_t valid_from_ms;
};

/* SHA-256 of the secret in mail.hooks.PROVIDER.secret_file; the secret itself is not kept. */
enum generation_hook_of { GENERATION_HOOK_MAILJET, GENERATION_HOOK_BREVO, GENERATION_HOOKS };
struct generation_hook {
	bool set;
	unsigned char hash[CRYPT_HASH_BYTES];
};

struct generation_site {
	const struct conf_site *conf;
	struct site *site; /* NULL: down */
	struct store *store;
	struct letter_cache *letters;
	struct arena arena;
	struct generation_page *forms;     /* [form * languages + lang] */
	struct generation_page *fragments; /* likewise */
	struct generation_notice *notices; /* [lang] */
	struct generation_hook hooks[GENERATION_HOOKS];
};

struct generation {
	atomic_int refs;
	struct conf *conf;
	struct generation_site *sites; /* [conf->nsites] */
	unsigned up, down;
	unsigned shut; /* of those down: for want of disk, lock or memory, so that another try may do */
};

typedef struct store *generation_open_store(void *arg, const struct conf_site *site);
/*
 * Builds all of conf (which it takes over). open_store gives the store of a
 * site; a site for which anything fails is down, with a log line. NULL without memory.
 * open_store NULL: only words and templates, enough for a route that is `light`; no store, nothing rendered ahead.
 */
struct generation *generation_new(struct conf *conf, generation_open_store *open_store, void *arg);
/* Makes the rest of one that was built without stores. One thread only. */
void generation_complete(struct generation *g, generation_open_store *open_store, void *arg);
void generation_release(struct generation *g);

/* NULL if nothing was rendered ahead. */
const struct generation_page *generation_form(const struct generation_site *gs, const struct conf_form *form,
    const char *lang, bool fragment);
const struct generation_notice *generation_notice(const struct generation_site *gs, const char *lang);
const struct generation_site *generation_site(const struct generation *g, const struct conf_site *c);

#endif

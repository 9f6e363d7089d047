#ifndef JAWORT_WEB_GENERATION_PRIV_H
#define JAWORT_WEB_GENERATION_PRIV_H
/*
 * generation: one loaded configuration and what is made from it: words,
 * templates, forms and notices of each site. A site is compiled and rendered when
 * somebody asks for it, and forgotten when many others were asked for since; what was
 * made once is only copied. Freed when the last request that uses it has ended.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/crypt.h"
#include "base/slice.h"
#include "conf/conf.h"
#include "core/letter.h"
#include "core/site.h"
#include "store/db.h"
#include "web/shelf_priv.h"

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
};

/* SHA-256 of the secret in mail.hooks.PROVIDER.secret_file; the secret itself is not kept. */
enum generation_hook_of { GENERATION_HOOK_MAILJET, GENERATION_HOOK_BREVO, GENERATION_HOOKS };
struct generation_hook {
	bool set;
	unsigned char hash[CRYPT_HASH_BYTES];
};

/* The notice in force in one language, as it was when the texts were stored. */
struct generation_stamp {
	char hash_hex[65];
	int64_t no;
	int64_t valid_from_ms;
};

struct app_store;
struct generation;

/* What is always there of a site; little, for there may be thousands. */
struct generation_site {
	struct shelf_item item; /* of live; on the shelf of the generation */
	struct generation *of;
	const struct conf_site *conf;
	bool up;                /* may be opened */
	bool whole;             /* texts are stored, notices known */
	bool waits;             /* sign-ups were found that nobody has worked on */
	uint64_t made;          /* which making of the site this is; the same as long as it is taken over unchanged */
	struct app_store *store;
	struct voices *own;     /* of a site with templates of its own; NULL: that of all */
	struct generation_stamp *stamps; /* [lang] */
	struct generation_hook hooks[GENERATION_HOOKS];
	struct generation_live *live; /* while it is open */
};

/* An open site: compiled, and what was rendered of it so far. */
struct generation_live {
	const struct generation_site *gs;
	struct site *site;
	struct letter_cache *letters;
	pthread_mutex_t lock; /* who has it renders */
	size_t nforms, nnotices;
	struct generation_page *_Atomic *forms;     /* [(form * languages + lang) * 2 + fragment] */
	struct generation_notice *_Atomic *notices; /* [lang] */
};

struct generation {
	atomic_int refs;
	struct conf *conf;
	struct voices *voices;
	struct generation_site *sites; /* [conf->nsites] */
	struct shelf shelf;
	struct arena arena; /* of stamps */
	unsigned up, down;
	unsigned shut; /* of those down: for want of disk, lock or memory, so that another try may do */
};

/* Who has the databases. */
struct generation_stores {
	/* NULL: no memory. */
	struct app_store *(*find)(void *arg, const struct conf_site *site);
	/* The data of the site are as they were when it was last put away. */
	bool (*same)(void *arg, struct app_store *st);
	/* Open until put. */
	enum err (*get)(void *arg, struct app_store *st, struct store **out, struct errinfo *ei);
	void (*put)(void *arg, struct app_store *st);
	void *arg;
};

/* So many sites are kept rendered. */
#define GENERATION_LIVE_MAX 64

/*
 * Builds all of conf (which it takes over): each site is compiled, its texts are stored, its notices looked up; then
 * it may be closed. A site for which anything fails is down, with a log line. NULL without memory.
 * A site of `last` (NULL: none) whose configuration, words and data are the same is not looked at again.
 * stores NULL: only words and templates, enough for a route that needs no more. live_max 0: GENERATION_LIVE_MAX.
 */
struct generation *generation_new(struct conf *conf, const struct generation_stores *stores, unsigned live_max,
    const struct generation *last);
/* Makes the rest of one that was built without stores. One thread only. */
void generation_complete(struct generation *g, const struct generation_stores *stores);
void generation_release(struct generation *g);

/* The site open until generation_close(). It must be up. */
enum err generation_open(struct generation_site *gs, struct generation_live **out, struct errinfo *ei);
void generation_close(struct generation_site *gs);

/* Rendered at the first call, then only given out; NULL: it cannot be. Good until generation_close(). */
const struct generation_page *generation_form(struct generation_live *l, const struct conf_form *form,
    const char *lang, bool fragment, struct errinfo *ei);
const struct generation_notice *generation_notice(struct generation_live *l, const char *lang, struct errinfo *ei);
const struct generation_stamp *generation_stamp(const struct generation_live *l, const char *lang);
struct generation_site *generation_site(const struct generation *g, const struct conf_site *c);

#endif

#ifndef JAWORT_WEB_READY_H
#define JAWORT_WEB_READY_H
/*
 * ready: forms and notices as files that a web server hands out by itself, also while serve is down. The bytes are
 * those of the program's answers; serve writes them (host key `ready`), and `jawort nginx --ready` prints where
 * they are and with which headers.
 *
 * The name of a file holds a key over its headers and the site's address. So a block for nginx that is older than
 * the configuration or the program never sends a page with headers that do not fit (a style sheet's hash, say): it
 * finds no file of that name, and the program answers.
 *
 * DIR/SITE/form-FORM.LANG.KEY.html, notice.LANG.KEY.html and part.LANG.KEY.html, each beside one with ".gz".
 */
#include <stdbool.h>
#include "base/buf.h"
#include "base/err.h"
#include "core/site.h"
#include "web/response.h"

enum ready_kind {
	READY_FORM,   /* GET /s/FORM */
	READY_NOTICE, /* GET /n */
	READY_PART,   /* GET /n.html */
	READY__MAX
};

#define READY_KEY_CHARS 12

/*
 * What the program sends with a page of this kind besides Content-Language and ETag, into res (made with
 * response_init), and their key with its NUL. The same for all languages and forms of a site. E_NOMEM.
 */
enum err ready_headers(const struct site *s, enum ready_kind kind, struct response *res, char key[READY_KEY_CHARS + 1],
    struct errinfo *ei);
/* Appends the name below DIR/SITE/. form: only for READY_FORM. */
void ready_name(struct buf *b, enum ready_kind kind, const char *form, const char *lang, const char *key);
/* A name that ready_name() makes, with or without ".gz", or what a crash left of writing one. */
bool ready_name_is(const char *name);
/*
 * Removes the files of a site, so that the program answers until it writes them again; what is not ours stays. E_IO: one
 * could not be removed and would still be handed out; the others are gone. No folder is no error.
 */
enum err ready_drop(const char *dir, const char *site, struct errinfo *ei);

#endif

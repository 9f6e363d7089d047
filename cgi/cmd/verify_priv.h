#ifndef JAWORT_CMD_VERIFY_PRIV_H
#define JAWORT_CMD_VERIFY_PRIV_H
/* verify: words for both of its uses. */
#include "base/arena.h"
#include "base/buf.h"
#include "cmd/cmd.h"
#include "proof/check.h"
#include "text/phrase.h"
#include "text/view.h"

struct verify_words {
	struct arena a;
	struct phrases *words;
	struct view *view;
	struct buf out;
	const char *lang;
};

enum err verify_words_open(struct verify_words *w, const struct cmd_args *a, struct errinfo *ei);
void verify_words_close(struct verify_words *w);
/* A phrase with the values of the view, wrapped, and a line end. */
void verify_say(struct verify_words *w, const char *key, unsigned indent);
void verify_count(struct verify_words *w, const char *name, size_t n);

/* The whole site. An exit code. */
int verify_site(const struct cmd_args *a, struct verify_words *w);

#endif

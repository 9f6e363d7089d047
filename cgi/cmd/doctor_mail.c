/* doctor: the mails of every form in every language, as they would be made now. */
#include "cmd/doctor_priv.h"

#include <string.h>

#include "cmd/mailcheck_priv.h"
#include "cmd/sample_priv.h"

#define ARENA_BYTES (8u * 1024u * 1024u)
#define SAID_MAX 20

/* Those of a list come first. */
static const enum outbox_kind kinds[] = {OUTBOX_CONFIRM, OUTBOX_ALREADY, OUTBOX_NOTICE, OUTBOX_GOODBYE,
    OUTBOX_LINK, OUTBOX_NOTHING, OUTBOX_CHANGED, OUTBOX_MOVE, OUTBOX_MOVED, OUTBOX_RESTRICTED, OUTBOX_RELEASED,
    OUTBOX_OBJECTED, OUTBOX_EXPORTED, OUTBOX_ERASED};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))
#define KINDS_OF_LIST 3

struct told {
	struct doctor *d;
	const char *form, *lang, *kind;
	size_t said;
	/* The same fault of a template shows in every form: it is told once. */
	char last[256];
};

static void tell(void *arg, const char *what, const char *mend)
{
	struct told *t = arg;

	if (t->said == SAID_MAX || strncmp(what, t->last, sizeof(t->last) - 1) == 0)
		return;
	slice_copy(slice_sub(slice_from(what), 0, sizeof(t->last) - 1), t->last, sizeof(t->last));
	t->said++;
	doctor_finding(t->d, "mail \"%s\" of form %s, %s: %s", t->kind, t->form, t->lang, what);
	doctor_mend(t->d, "%s", mend);
}

static void one(struct told *t, const struct conf_form *form, const char *lang, enum outbox_kind kind, size_t (*fn)(const struct conf_site *, const struct message *,
    const struct mailcheck_told *))
{
	const struct mailcheck_told to = {tell, t};
	struct errinfo ei = {.code = OK};
	struct message m;
	struct arena a;

	t->form = form->id;
	t->lang = lang;
	t->kind = outbox_kind_name(kind);
	arena_init(&a, ARENA_BYTES);
	if (sample_mail(t->d->speaks, &a, form, kind, lang, &m, &ei) != OK)
		tell(t, ei.text, "correct your copy of the template; jawort mail preview shows the mail");
	else
		fn(t->d->site, &m, &to);
	arena_free(&a);
}

/* Number of mails looked at. */
static size_t all(struct told *t, size_t nkinds, size_t (*fn)(const struct conf_site *, const struct message *,
    const struct mailcheck_told *))
{
	const struct conf_site *s = t->d->site;
	size_t seen = 0;

	for (size_t f = 0; f < s->nforms; f++)
		for (size_t l = 0; l < s->languages.n; l++)
			for (size_t k = 0; k < nkinds; k++, seen++)
				one(t, &s->forms[f], s->languages.v[l], kinds[k], fn);
	return seen;
}

void check_mail(struct doctor *d)
{
	struct told t = {.d = d};
	size_t n;

	if (!d->speaks) {
		doctor_skip(d, "words or templates do not open");
		return;
	}
	n = all(&t, KINDS, mailcheck_parts);
	if (!t.said)
		doctor_ok(d, "%zu mails: nothing is loaded, all links are yours, below %u kB", n, MAILCHECK_MAX_BYTES / 1024);
}

void check_headers(struct doctor *d)
{
	struct told t = {.d = d};
	size_t n;

	if (!d->speaks) {
		doctor_skip(d, "words or templates do not open");
		return;
	}
	n = all(&t, KINDS_OF_LIST, mailcheck_headers);
	if (!t.said)
		doctor_ok(d, "%zu mails: List-Unsubscribe with one click, List-Id, and the link in the text", n);
}

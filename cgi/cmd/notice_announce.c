/* notice announce: tells the people on the list, by mail, how the notice changed. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cmd/notice_priv.h"
#include "cmd/sample_priv.h"
#include "core/announce.h"
#include "send/wake.h"
#include "text/jsonw.h"

/* Some 14 ms of work under the writers' lock; 500 would be 70. */
#define BATCH_PEOPLE 100
/* Between two transactions, at least: the service writes sign-ups meanwhile. */
#define PAUSE_MIN_MS 20

static const char *const duty_names[NOTICE_DUTY__MAX] = {"none", "tell", "consent"};
static const char consent_words[] =
    "What people consented to changed too (consent). Ask them for it anew: until they said yes, nobody may be sent the\n"
    "changed thing (Art. 4(11), 7 GDPR; `jawort notice diff` names the keys). This mail does not replace that.\n";

struct telling {
	struct notice_call *c;
	struct store *st;
	struct announce *an;
	struct announce_count n;
	int64_t queued;
};

/* Only what is in force can be announced. */
static enum err applied(struct notice_call *c, struct errinfo *ei)
{
	const struct conf_site *cs = c->cs;
	enum err rc = OK;

	for (size_t i = 0; !rc && i < cs->languages.n; i++) {
		rc = notice_call_body(c, cs->languages.v[i], ei);
		if (!rc)
			rc = notice_call_live(c, NULL, ei);
		if (!rc && c->live.no && memcmp(c->live.hash, c->hash, sizeof(c->hash)) != 0)
			rc = err_set(ei, E_CONFLICT, "the notice in force (%s) is not that of this configuration; `jawort config "
			    "apply` puts it into force, `jawort notice diff` shows what changes", cs->languages.v[i]);
	}
	return rc;
}

static enum err step_mail(const struct telling *t, const struct announce_step *s, struct message *m, struct errinfo *ei)
{
	const struct letter l = {.kind = OUTBOX_NOTICE, .lang = s->lang, .notice = &s->letter};

	return sample_letter(t->c->site, t->c->arena, &l, m, ei);
}

/* ---- for people ---- */

static void headings_write(struct buf *out, struct slice summary)
{
	struct slice one;

	while (slice_split(&summary, '\n', &one))
		buf_printf(out, "    %.*s\n", SLICE_FMT(one));
}

static void steps_write(const struct telling *t)
{
	struct buf *out = t->c->out;

	for (const struct announce_step *s = announce_steps(t->an); s; s = s->next) {
		if (!s->people)
			continue;
		buf_printf(out, "%s: %lld who know version %lld, now %lld (%s)\n", s->lang, (long long)s->people,
		    (long long)s->from.no, (long long)s->to.no, duty_names[s->duty]);
		headings_write(out, s->letter.summary);
		buf_printf(out, "    %.*s\n", SLICE_FMT(s->letter.diff_url));
	}
}

static void count_write(const struct telling *t)
{
	const struct announce_count *n = &t->n;
	struct buf *out = t->c->out;

	steps_write(t);
	buf_printf(out, "%lld get a mail. %lld know the present notice, for %lld nothing changed that must be told.\n",
	    (long long)n->due, (long long)n->present, (long long)n->needless);
	buf_printf(out, "No mail: %lld unconfirmed, %lld unsubscribed, %lld bounced, %lld suppressed, %lld restricted, %lld "
	    "active but blocked.\n", (long long)n->states[PERSON_PENDING], (long long)n->states[PERSON_UNSUBSCRIBED],
	    (long long)n->states[PERSON_BOUNCED], (long long)n->states[PERSON_SUPPRESSED],
	    (long long)n->states[PERSON_RESTRICTED], (long long)n->blocked);
	if (n->states[PERSON_RESTRICTED])
		buf_add_str(out, "Data of the restricted may only be kept (Art. 18(2) GDPR); tell them when the restriction ends.\n");
	if (n->consent)
		buf_printf(out, "\n%s", consent_words);
}

static enum err mails_write(const struct telling *t, struct errinfo *ei)
{
	struct message m;
	enum err rc = OK;

	for (const struct announce_step *s = announce_steps(t->an); !rc && s; s = s->next) {
		if (!s->people || !s->duty)
			continue;
		rc = step_mail(t, s, &m, ei);
		if (!rc)
			buf_printf(t->c->out, "\n---- %s, from version %lld\nSubject: %.*s\n\n%.*s", s->lang, (long long)s->from.no,
			    SLICE_FMT(m.subject), SLICE_FMT(m.text));
	}
	return rc;
}

/* ---- for programs ---- */

static enum err step_json(const struct telling *t, struct jsonw *w, const struct announce_step *s, struct errinfo *ei)
{
	struct slice rest = s->letter.summary, one;
	struct message m;
	enum err rc = OK;

	jsonw_object(w);
	jsonw_kcstr(w, "lang", s->lang);
	jsonw_kint(w, "from", s->from.no);
	jsonw_kint(w, "to", s->to.no);
	jsonw_kcstr(w, "duty", duty_names[s->duty]);
	jsonw_kint(w, "people", s->people);
	jsonw_key(w, "changed");
	jsonw_array(w);
	while (slice_split(&rest, '\n', &one))
		jsonw_str(w, one);
	jsonw_end_array(w);
	jsonw_kstr(w, "diff_url", s->letter.diff_url);
	if (s->duty)
		rc = step_mail(t, s, &m, ei);
	if (s->duty && !rc) {
		jsonw_kstr(w, "subject", m.subject);
		jsonw_kstr(w, "text", m.text);
	}
	jsonw_end_object(w);
	return rc;
}

static enum err telling_json(const struct telling *t, struct errinfo *ei)
{
	const struct announce_count *n = &t->n;
	enum err rc = OK;
	struct jsonw w;

	jsonw_init(&w, t->c->out);
	jsonw_object(&w);
	jsonw_kcstr(&w, "site", t->c->cs->id);
	jsonw_kint(&w, "due", n->due);
	jsonw_kint(&w, "consent", n->consent);
	jsonw_kint(&w, "needless", n->needless);
	jsonw_kint(&w, "present", n->present);
	jsonw_kint(&w, "blocked", n->blocked);
	jsonw_kint(&w, "restricted", n->states[PERSON_RESTRICTED]);
	jsonw_kint(&w, "queued", t->queued);
	jsonw_key(&w, "steps");
	jsonw_array(&w);
	for (const struct announce_step *s = announce_steps(t->an); !rc && s; s = s->next)
		if (s->people)
			rc = step_json(t, &w, s, ei);
	jsonw_end_array(&w);
	jsonw_end_object(&w);
	buf_add_char(t->c->out, '\n');
	return rc;
}

/* ---- the work ---- */

static bool agreed(void)
{
	static const char *const words[] = {"y", "yes", "j", "ja"};
	char line[16];

	fputs("Send them? [y/N] ", stderr);
	if (!fgets(line, sizeof(line), stdin))
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_ieq(slice_trim(slice_from(line)), slice_from(words[i])))
			return true;
	return false;
}

static void pause_ms(int64_t ms)
{
	struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&ts, NULL);
}

/* As long as a batch took, the lock is free afterwards: at most half of the time is ours. */
static enum err queue_all(struct telling *t, struct errinfo *ei)
{
	bool more = true;
	enum err rc = OK;

	while (!rc && more) {
		int64_t begun = clock_mono_ms(), took;
		unsigned queued = 0;
		rc = announce_batch(t->an, BATCH_PEOPLE, &queued, &more, ei);
		t->queued += queued;
		took = clock_mono_ms() - begun;
		if (!rc && more)
			pause_ms(took > PAUSE_MIN_MS ? took : PAUSE_MIN_MS);
	}
	return rc;
}

static int send_all(struct telling *t, struct errinfo *ei)
{
	const char *id = t->c->cs->id;
	struct errinfo none = {.code = OK};
	enum err rc = queue_all(t, ei);

	if (t->queued && wake_site(t->c->conf->data, id, &none) != OK)
		log_err(LOG_WARN, "wake", &none);
	if (rc) {
		fprintf(stderr, "%lld mails were queued before this; run it again for the others: nobody gets a second one.\n",
		    (long long)t->queued);
		return cmd_fail("notice announce", ei);
	}
	if (t->c->args->json) {
		if (telling_json(t, ei) != OK)
			return cmd_fail("notice announce", ei);
		return cmd_print(t->c->out);
	}
	printf("%lld mails queued.\n", (long long)t->queued);
	return CMD_DONE;
}

/* What would be done, or what stands against it; -1: go on. */
static int report(struct telling *t, struct errinfo *ei)
{
	const struct cmd_args *a = t->c->args;
	bool stop = t->n.consent && !a->tell_only;
	bool last = a->dry || stop || !t->n.due;
	int code;

	if (a->json && !last)
		return -1;
	if (!a->json)
		count_write(t);
	if (a->json ? telling_json(t, ei) : a->dry ? mails_write(t, ei) : OK)
		return cmd_fail("notice announce", ei);
	if (!a->json && stop && !a->dry)
		buf_add_str(t->c->out, "Nothing was sent. --tell-only sends it all the same.\n");
	code = cmd_print(t->c->out);
	buf_reset(t->c->out);
	if (code || !last)
		return code ? code : -1;
	return stop ? CMD_FINDINGS : CMD_DONE;
}

static int telling_run(struct telling *t, struct errinfo *ei)
{
	const struct cmd_args *a = t->c->args;
	int code;

	if (announce_new(&t->an, t->c->site, t->st, ei) || announce_count(t->an, &t->n, ei))
		return cmd_fail("notice announce", ei);
	code = report(t, ei);
	if (code >= 0)
		return code;
	if (!a->yes && !isatty(STDIN_FILENO))
		return cmd_usage("this sends %lld mails: say --yes, or look first with -n", (long long)t->n.due);
	if (!a->yes && !agreed()) {
		fputs("Nothing was sent.\n", stderr);
		return CMD_DONE;
	}
	return send_all(t, ei);
}

int notice_announce(struct notice_call *c, struct errinfo *ei)
{
	struct telling t = {.c = c};
	int code;

	if (applied(c, ei) || cmd_store(c->conf, c->cs, false, &t.st, ei))
		return cmd_fail("notice announce", ei);
	code = telling_run(&t, ei);
	announce_free(t.an);
	store_close(t.st);
	return code;
}

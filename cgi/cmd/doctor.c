#include "cmd/doctor_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/lint.h"
#include "core/token.h"

#define OUT_MAX_BYTES (8u * 1024u * 1024u)
#define NOTE_MAX_BYTES 4096
#define TIMEOUT_MS 10000
#define HEALTH_TOKEN_MS 60000

/* In this order they run and are shown. docs/doctor.md has a section for each; a test looks. */
const struct doctor_check doctor_checks[] = {
    {"config", "configuration", false, check_config,
        "A site whose file is wrong answers 503; a duty that is missing makes consent worth less."},
    {"modes", "owners and modes", false, check_modes,
        "Who reads a key can read and forge everything; what the service cannot write, it cannot store."},
    {"disk", "disk", false, check_disk,
        "A sign-up is answered only when it is on disk; without room every sign-up gets an error."},
    {"clock", "clock", false, check_clock,
        "Times are evidence, and links in mails expire by this clock."},
    {"socket", "socket", false, check_socket,
        "Through it the web server asks; without it every visitor gets an error page."},
    {"worker", "worker", false, check_worker,
        "Without it no mail leaves and nothing is erased in time."},
    {"site", "site opens", true, check_site,
        "Words, templates and data must open, or all pages of this site answer 503."},
    {"times", "times in the data", true, check_times,
        "Events from the future mean that a clock was wrong when they were written."},
    {"serve", "service answers", true, check_serve,
        "A service that hangs or runs with old files looks alive from outside."},
    {"public", "public address", true, check_public,
        "Forms, and the links in all mails, lead there."},
    {"client", "visitor's address", true, check_client,
        "Limits count per visitor's network: if all look alike, one of them locks out all others, and the evidence "
        "names nobody."},
    {"pages", "pages with a form", true, check_pages,
        "A page that shows an old wording, or forbids the form to work, loses sign-ups and nobody notices."},
    {"rights", "people's own data", true, check_rights,
        "Every mail and the privacy notice send people to /my; who cannot ask there complains elsewhere, and a page that is "
        "kept on the way shows one person's data to another."},
    {"hook", "provider's hook", true, check_hook,
        "Bounces, complaints and withdrawals at the provider arrive here."},
    {"login", "provider login", true, check_login,
        "While the provider does not let us in, all mails wait."},
    {"sender", "sender validated", true, check_sender,
        "Providers refuse mails from a sender that they do not know."},
    {"domain", "sender's domain signed", true, check_domain,
        "Without a signature of your own domain (DKIM) DMARC fails, and large mail services refuse or hide the mail."},
    {"log", "the log of events", true, check_log,
        "Without signed states of the log, kept outside, nobody can be shown later that the evidence was not altered."},
    {"outbox", "mails on their way", true, check_outbox,
        "Somebody waits for each of these mails."},
    {"backup", "backups", true, check_backup,
        "Without one, a broken disk ends the list and every proof; with one that is not known to erase again, people come "
        "back who were erased."},
    {"mail", "mails are clean", true, check_mail,
        "Whatever loads from elsewhere or leads elsewhere tracks people before they consented, and looks like spam."},
    {"headers", "list headers", true, check_headers,
        "Mail programs show \"unsubscribe\" by them; without them the provider adds its own, and withdrawals there "
        "are lost."},
};
const size_t doctor_check_count = sizeof(doctor_checks) / sizeof(doctor_checks[0]);

/* ---- notes */

static char *format(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));
static char *format(const char *fmt, va_list ap)
{
	struct buf b;

	buf_init(&b, NOTE_MAX_BYTES);
	buf_vprintf(&b, fmt, ap);
	if (!buf_ok(&b)) {
		buf_reset(&b);
		buf_add_str(&b, "(too long to be shown)");
	}
	return buf_detach(&b, NULL);
}

static void note(struct doctor *d, enum doctor_result r, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));
static void note(struct doctor *d, enum doctor_result r, const char *fmt, va_list ap)
{
	struct doctor_note *more;

	if (d->n == d->cap) {
		more = realloc(d->notes, (d->cap + 64) * sizeof(*more));
		bug_if(!more);
		d->notes = more;
		d->cap += 64;
	}
	d->notes[d->n++] = (struct doctor_note){.check = d->check, .site = d->site ? d->site->id : NULL, .result = r,
	    .text = format(fmt, ap)};
	d->counts[r]++;
}

void doctor_ok(struct doctor *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note(d, DOCTOR_OK, fmt, ap);
	va_end(ap);
}

void doctor_finding(struct doctor *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note(d, DOCTOR_FINDING, fmt, ap);
	va_end(ap);
}

void doctor_skip(struct doctor *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note(d, DOCTOR_SKIPPED, fmt, ap);
	va_end(ap);
}

void doctor_mend(struct doctor *d, const char *fmt, ...)
{
	struct doctor_note *last = &d->notes[d->n - 1];
	va_list ap;

	bug_if(last->result != DOCTOR_FINDING || last->mend);
	va_start(ap, fmt);
	last->mend = format(fmt, ap);
	va_end(ap);
}

size_t doctor_found(const struct doctor *d)
{
	size_t found = 0;

	for (size_t i = d->n; i > 0 && d->notes[i - 1].check == d->check
	    && d->notes[i - 1].site == (d->site ? d->site->id : NULL); i--)
		found += d->notes[i - 1].result == DOCTOR_FINDING;
	return found;
}

/* ---- what several checks need */

const struct doctor_login *doctor_login(struct doctor *d, const struct conf_site *s)
{
	size_t i = 0;

	while (d->conf->sites[i] != s)
		i++;
	if (!d->logins[i].asked)
		d->logins[i].n = trial_ask(d->conf, s, PROVIDER_PROBE_LOGIN, d->logins[i].answers);
	d->logins[i].asked = true;
	return &d->logins[i];
}

bool doctor_health_path(struct doctor *d, struct buf *out)
{
	const struct token t = {.purpose = TOKEN_HEALTH, .id = 1, .expires_ms = clock_now_ms() + HEALTH_TOKEN_MS};
	char text[TOKEN_BYTES];

	if (!d->store)
		return false;
	token_make(store_keyring(d->store), d->site->id, &t, text);
	buf_printf(out, "/healthz?t=%s", text);
	return buf_ok(out);
}

/* ---- the run */

static void run(struct doctor *d, bool per_site)
{
	for (size_t i = 0; i < doctor_check_count; i++) {
		size_t before = d->n;
		if (doctor_checks[i].per_site != per_site)
			continue;
		d->check = &doctor_checks[i];
		d->check->run(d);
		bug_if(d->n == before);
	}
}

static void run_site(struct doctor *d, const struct conf_site *s)
{
	struct errinfo ei = {.code = OK};

	d->site = s;
	d->seen = d->seen_forwarded = false;
	d->site_error[0] = d->store_error[0] = '\0';
	if (site_new(&d->speaks, d->conf, s, &ei) != OK) {
		slice_copy(slice_from(ei.text), d->site_error, sizeof(d->site_error));
		d->speaks = NULL;
	}
	if (cmd_store(d->conf, s, false, &d->store, &ei) != OK) {
		slice_copy(slice_from(ei.text), d->store_error, sizeof(d->store_error));
		d->store = NULL;
	}
	run(d, true);
	store_close(d->store);
	site_free(d->speaks);
	d->store = NULL;
	d->speaks = NULL;
	d->site = NULL;
}

static bool colours(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && *no) && term && strcmp(term, "dumb") != 0;
}

static int report(struct doctor *d)
{
	struct buf b;
	int rc;

	buf_init(&b, OUT_MAX_BYTES);
	if (d->args->json)
		doctor_json(&b, d);
	else
		doctor_lines(&b, d, colours());
	rc = cmd_print(&b);
	buf_free(&b);
	return rc;
}

static int verdict(const struct doctor *d)
{
	for (size_t i = 0; i < d->report->n; i++)
		if (d->report->items[i].severity == CONF_ERROR && !*d->report->items[i].id)
			return CMD_BAD_CONFIG;
	return d->counts[DOCTOR_FINDING] ? CMD_FINDINGS : CMD_DONE;
}

static int examine_sample(struct doctor *d)
{
	int rc;

	d->site = cmd_site(d->args, d->conf);
	if (!d->site)
		return CMD_USAGE;
	doctor_sample(d);
	d->site = NULL;
	rc = report(d);
	return rc ? rc : d->counts[DOCTOR_FINDING] ? CMD_FINDINGS : CMD_DONE;
}

static int examine(struct doctor *d)
{
	const struct http_opts o = {.parallel = 1, .total_timeout_ms = TIMEOUT_MS};
	int rc;

	/* Without a host file there is nothing else to look at. */
	if (!d->conf) {
		d->check = &doctor_checks[0];
		check_config(d);
		rc = report(d);
		return rc ? rc : CMD_BAD_CONFIG;
	}
	if (d->args->sample)
		return examine_sample(d);
	d->http = http_new(&o);
	d->logins = calloc(d->conf->nsites + 1, sizeof(*d->logins));
	if (!d->http || !d->logins)
		return CMD_FAILED;
	run(d, false);
	for (size_t i = 0; i < d->conf->nsites; i++)
		if (!d->args->site || strcmp(d->args->site, d->conf->sites[i]->id) == 0)
			run_site(d, d->conf->sites[i]);
	rc = report(d);
	return rc ? rc : verdict(d);
}

static bool known_site(const struct cmd_args *a, const struct conf *c)
{
	if (!a->site || !c || conf_site_by_id(c, a->site))
		return true;
	for (size_t i = 0; i < c->nbroken; i++)
		if (strcmp(c->broken[i].id, a->site) == 0)
			return true;
	return false;
}

int cmd_doctor(const struct cmd_args *a)
{
	const struct conf_opts o = {.path = a->conf, .credentials_dir = getenv("CREDENTIALS_DIRECTORY")};
	struct errinfo ei = {.code = OK};
	struct conf_report rep;
	struct conf *c = NULL;
	struct doctor d = {.args = a, .report = &rep};
	int rc;

	for (size_t i = 0; i < a->n; i++)
		if (a->sample || strncmp(a->words[i], "http", 4) != 0)
			return cmd_usage("doctor takes no \"%s\"", a->words[i]);
	conf_report_init(&rep);
	if (conf_load(&o, &c, &rep, &ei) != OK)
		slice_copy(slice_from(ei.text), d.site_error, sizeof(d.site_error));
	d.conf = c;
	/* What `config check` says beyond the load; a fault of ours here is no fault of the site. */
	for (size_t i = 0; c && i < c->nsites; i++)
		lint_conf(c->sites[i], &rep, &ei);
	/* Only doctor speaks here: whatever the others log is in its notes as well. */
	log_setup(LOG_ERROR, LOG_LOGFMT);
	if (!known_site(a, c))
		rc = cmd_usage("there is no site \"%s\" in %s", a->site, a->conf);
	else
		rc = examine(&d);
	http_free(d.http);
	for (size_t i = 0; i < d.n; i++) {
		free(d.notes[i].text);
		free(d.notes[i].mend);
	}
	free(d.notes);
	free(d.logins);
	conf_report_free(&rep);
	conf_free(c);
	return rc;
}

#ifndef JAWORT_CMD_DOCTOR_PRIV_H
#define JAWORT_CMD_DOCTOR_PRIV_H
/*
 * doctor: a table of checks, each a function that looks at one thing and notes what it saw. A check notes at least
 * one line: ok, a finding with how to mend it, or that it could not look and why. Nothing that doctor does changes
 * anything: it opens databases for reading, and what it asks others has no effect there.
 */
#include <stdbool.h>
#include <stddef.h>
#include "cmd/cmd.h"
#include "core/site.h"
#include "mail/message.h"
#include "send/http.h"
#include "send/trial.h"

enum doctor_result { DOCTOR_OK, DOCTOR_FINDING, DOCTOR_SKIPPED, DOCTOR_RESULT__MAX };

struct doctor;
struct doctor_sample;

struct doctor_check {
	const char *id;
	const char *title;
	bool per_site;
	void (*run)(struct doctor *d);
	const char *why; /* what goes wrong while this is not as it should be */
};
extern const struct doctor_check doctor_checks[];
extern const size_t doctor_check_count;
/* Those of `doctor --sample`, by rule of data/rules.txt. */
extern const struct doctor_check doctor_sample_checks[];
extern const size_t doctor_sample_check_count;

struct doctor_note {
	const struct doctor_check *check;
	const char *site; /* NULL: the host */
	enum doctor_result result;
	char *text; /* what was looked at, what was found; heap */
	char *mend; /* finding: how to mend it; NULL otherwise */
};

/* What the provider's login said, asked once per site. */
struct doctor_login {
	bool asked;
	size_t n;
	struct trial_answer answers[TRIAL_MAX];
};

struct doctor {
	const struct cmd_args *args;
	const struct conf *conf;
	const struct conf_report *report;
	const struct doctor_check *check; /* the one that runs */
	const struct conf_site *site;     /* while checks of a site run */
	struct site *speaks;              /* NULL: its words or templates are wrong */
	struct store *store;              /* NULL: its data cannot be opened */
	char site_error[ERR_TEXT_BYTES], store_error[ERR_TEXT_BYTES];
	struct http *http;
	struct doctor_login *logins;      /* per site of conf */
	bool socket_ok;
	/* The site's own answer through its public address; "" where none came. */
	char seen_client[64], seen_remote[64], seen_local[64];
	bool seen_forwarded, seen;
	struct doctor_sample *sample;     /* while a received mail is looked at */
	struct doctor_note *notes;
	size_t n, cap;
	size_t counts[DOCTOR_RESULT__MAX];
};

void doctor_ok(struct doctor *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void doctor_finding(struct doctor *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void doctor_skip(struct doctor *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* How to mend the last finding. */
void doctor_mend(struct doctor *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Findings of the running check so far. */
size_t doctor_found(const struct doctor *d);
const struct doctor_login *doctor_login(struct doctor *d, const struct conf_site *s);
/* base_url + path with a token that lets /healthz speak; false without the site's keys. */
bool doctor_health_path(struct doctor *d, struct buf *out);

void check_config(struct doctor *d);
void check_modes(struct doctor *d);
void check_disk(struct doctor *d);
void check_clock(struct doctor *d);
void check_socket(struct doctor *d);
void check_worker(struct doctor *d);
void check_site(struct doctor *d);
void check_times(struct doctor *d);
void check_log(struct doctor *d);
void check_serve(struct doctor *d);
void check_public(struct doctor *d);
void check_client(struct doctor *d);
void check_rights(struct doctor *d);
void check_hook(struct doctor *d);
void check_login(struct doctor *d);
void check_sender(struct doctor *d);
void check_domain(struct doctor *d);
void check_outbox(struct doctor *d);
void check_backup(struct doctor *d);
void check_mail(struct doctor *d);
void check_headers(struct doctor *d);
void check_pages(struct doctor *d);
void check_sample(struct doctor *d);
void check_sample_measure(struct doctor *d);
void check_sample_leave(struct doctor *d);
/* Runs them over the file of --sample; d->site is set. */
void doctor_sample(struct doctor *d);

/* The report: lines of at most 80 columns, or JSON. */
void doctor_lines(struct buf *b, const struct doctor *d, bool colour);
void doctor_json(struct buf *b, const struct doctor *d);

#endif

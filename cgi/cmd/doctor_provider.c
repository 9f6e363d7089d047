/* doctor: what the providers of the route say to the questions that each of them can answer (mail/provider.h). */
#include "cmd/doctor_priv.h"

#include <string.h>

static void answer(struct doctor *d, const struct trial_answer *a)
{
	if (a->res.class_ == PROVIDER_ACCEPTED) {
		doctor_ok(d, "%s: %s", a->provider, a->res.text);
		return;
	}
	doctor_finding(d, "%s: %s", a->provider, a->res.text);
	if (a->res.class_ == PROVIDER_RETRY)
		doctor_mend(d, "does this machine reach it (name, firewall, mail.%s)? Look at the provider's status page; mails wait "
		    "and are tried again by themselves", a->provider);
	else
		doctor_mend(d, "do what the line above says, then: jawort outbox retry --site %s", d->site->id);
}

/* Asked and nobody could say: dir and log are no providers, and an SMTP server has no such question. */
static void none(struct doctor *d)
{
	struct buf route;

	if (d->site->mode == CONF_TRY_OUT) {
		doctor_skip(d, "mode try-out: mails stay on this machine");
		return;
	}
	buf_init(&route, 1000);
	trial_route(d->conf, d->site, &route);
	doctor_skip(d, "%s cannot be asked that; jawort mail test ADDRESS shows it", route.data);
	buf_free(&route);
}

/* Not listed by itself, but all of its domain may send: what a provider calls authenticated. */
static bool by_domain(struct doctor *d, struct trial_answer *a)
{
	struct trial_answer domains[TRIAL_MAX];
	size_t n = strcmp(a->res.code, "unlisted") == 0 ? trial_ask(d->conf, d->site, PROVIDER_PROBE_DOMAIN, domains) : 0;

	for (size_t i = 0; i < n; i++)
		if (strcmp(domains[i].provider, a->provider) == 0 && domains[i].res.class_ == PROVIDER_ACCEPTED)
			return true;
	return false;
}

static void probe(struct doctor *d, enum provider_probe what)
{
	struct trial_answer answers[TRIAL_MAX];
	const struct doctor_login *l = doctor_login(d, d->site);
	size_t n = trial_ask(d->conf, d->site, what, answers), told = 0;

	for (size_t i = 0; i < n; i++) {
		const struct trial_answer *login = NULL;
		for (size_t k = 0; k < l->n; k++)
			if (strcmp(l->answers[k].provider, answers[i].provider) == 0)
				login = &l->answers[k];
		/* One finding for one fault. */
		if (login && login->res.class_ != PROVIDER_ACCEPTED)
			continue;
		if (by_domain(d, &answers[i]))
			doctor_ok(d, "%s: every address of the sender's domain may send", answers[i].provider);
		else
			answer(d, &answers[i]);
		told++;
	}
	if (n && !told)
		doctor_skip(d, "the login does not work");
	else if (!n)
		none(d);
}

void check_login(struct doctor *d)
{
	const struct doctor_login *l = doctor_login(d, d->site);

	for (size_t i = 0; i < l->n; i++)
		answer(d, &l->answers[i]);
	if (!l->n)
		none(d);
}

void check_sender(struct doctor *d)
{
	probe(d, PROVIDER_PROBE_SENDER);
}

void check_domain(struct doctor *d)
{
	probe(d, PROVIDER_PROBE_DOMAIN);
}

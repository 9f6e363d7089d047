/*
 * Measures (Art. 25 and 32): only what is in effect by this configuration and this program. What no program can
 * see (disks, people, updates) stands here only where the operator states it.
 */
#include "core/ropa_priv.h"

#include <stdio.h>
#include <string.h>

static bool keys_apart(const struct ropa_ctx *x)
{
	size_t n = strlen(x->host->data);

	return strncmp(x->host->keys, x->host->data, n) != 0 || (x->host->keys[n] != '/' && x->host->keys[n] != '\0');
}

static bool starts(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

static bool tls_visitors(const struct ropa_ctx *x)
{
	return starts(x->c->base_url, "https://");
}

/* Every provider that leaves this machine; a site that sends nowhere has nothing to encrypt. */
static bool tls_provider(const struct ropa_ctx *x)
{
	const struct conf_mail *m = &x->c->mail;
	char key[64];
	bool any = false;

	for (size_t i = 0; i < m->route.n; i++) {
		const char *name = m->route.v[i], *at;

		if (strcmp(name, "dir") == 0 || strcmp(name, "log") == 0)
			continue;
		any = true;
		if (strcmp(name, "smtp") == 0) {
			if (m->smtp.tls == CONF_TLS_OFF)
				return false;
			continue;
		}
		snprintf(key, sizeof(key), "mail.%s.endpoint", name);
		at = conf_item_value(x->c, key);
		if (!at || !starts(at, "https://"))
			return false;
	}
	return any;
}

static bool tracking_off(const struct ropa_ctx *x)
{
	return conf_list_has(&x->c->mail.route, "mailjet");
}

/* The oldest day counts where several providers stand on the route; one without a day: nothing is claimed. */
static const struct conf_date *account_date(const struct ropa_ctx *x)
{
	const struct conf_date *oldest = NULL;

	for (size_t i = 0; i < x->f.nfirms; i++) {
		const struct conf_date *d = &x->f.firms[i].p->tracking_off_on;

		if (!x->f.firms[i].mail)
			continue;
		if (!d->year)
			return NULL;
		if (!oldest || strcmp(d->text, oldest->text) < 0)
			oldest = d;
	}
	return oldest;
}

static bool tracking_account(const struct ropa_ctx *x)
{
	return account_date(x) != NULL;
}

static bool limits(const struct ropa_ctx *x)
{
	return x->host->budgets.confirm.count > 0 && x->host->budgets.per_prefix.count > 0;
}

static bool ip_none(const struct ropa_ctx *x)
{
	return x->c->ip == CONF_IP_NONE;
}

static bool ip_short(const struct ropa_ctx *x)
{
	return x->c->ip == CONF_IP_TRUNCATED;
}

static bool ip_full(const struct ropa_ctx *x)
{
	return x->c->ip == CONF_IP_FULL;
}

static bool address_only(const struct ropa_ctx *x)
{
	for (size_t i = 0; i < x->f.nfields; i++)
		if (x->f.fields[i].required)
			return false;
	return true;
}

static bool stated(const struct ropa_ctx *x, const char *what)
{
	return conf_list_has(&x->host->measures, what);
}

static bool separate_users(const struct ropa_ctx *x)
{
	return stated(x, "separate_users");
}

static bool disk_encryption(const struct ropa_ctx *x)
{
	return stated(x, "disk_encryption");
}

static bool backups_apart(const struct ropa_ctx *x)
{
	return stated(x, "backups_apart");
}

static bool updates(const struct ropa_ctx *x)
{
	return stated(x, "updates");
}

static bool access_list(const struct ropa_ctx *x)
{
	return stated(x, "access_list");
}

/* Rows of one goal follow each other. */
static const struct ropa_measure measures[] = {
    {"person_key", "confidential", NULL, "program"},
    {"keys_apart", "confidential", keys_apart, "keys"},
    {"tls_visitors", "confidential", tls_visitors, "base_url"},
    {"tls_provider", "confidential", tls_provider, "mail.route"},
    {"no_logs", "confidential", NULL, "program"},
    {"same_answer", "confidential", NULL, "program"},
    {"tokens", "confidential", NULL, "links.confirm"},
    {"no_side_effect", "integrity", NULL, "program"},
    {"log", "integrity", NULL, "program"},
    {"durable", "available", NULL, "program"},
    {"limits", "available", limits, "budgets.confirm"},
    {"ip_none", "minimal", ip_none, "evidence.ip"},
    {"ip_short", "minimal", ip_short, "evidence.ip"},
    {"ip_full", "minimal", ip_full, "retention.ip"},
    {"address_only", "minimal", address_only, "forms.*.fields"},
    {"no_tracking", "minimal", NULL, "program"},
    {"tracking_off", "minimal", tracking_off, "mail.route"},
    {"tracking_account", "minimal", tracking_account, "processors.*.tracking_off_on"},
    {"no_device", "minimal", NULL, "program"},
    {"expire", "minimal", NULL, "retention.unconfirmed"},
    {"overwrite", "minimal", NULL, "program"},
    {"one_click", "rights", NULL, "program"},
    {"separate_users", "stated", separate_users, "measures"},
    {"disk_encryption", "stated", disk_encryption, "measures"},
    {"backups_apart", "stated", backups_apart, "measures"},
    {"updates", "stated", updates, "measures"},
    {"access_list", "stated", access_list, "measures"},
};

const struct ropa_measure *ropa_measures(size_t *n)
{
	*n = sizeof(measures) / sizeof(measures[0]);
	return measures;
}

bool ropa_measure_on(const struct ropa_ctx *x, const struct ropa_measure *m)
{
	return !m->applies || m->applies(x);
}

static void measure_values(struct ropa_ctx *x)
{
	const struct conf_site *c = x->c;

	if (account_date(x))
		view_text(x->v, "tracking_off_on", notice_date(&x->w, account_date(x)));
	view_text(x->v, "confirm_link", notice_duration(&x->w, c->links.confirm, false));
	view_text(x->v, "ip_retention", notice_duration(&x->w, c->retention.ip, true));
	view_text(x->v, "unconfirmed", notice_duration(&x->w, c->retention.unconfirmed, true));
	view_int(x->v, "confirm_budget", x->host->budgets.confirm.count);
	view_text(x->v, "confirm_window", notice_duration(&x->w, x->host->budgets.confirm.per, true));
	view_int(x->v, "prefix_budget", x->host->budgets.per_prefix.count);
	view_text(x->v, "prefix_window", notice_duration(&x->w, x->host->budgets.per_prefix.per, true));
}

static struct slice words_of(struct ropa_ctx *x, const char *before, const char *id)
{
	struct buf key;

	buf_init_arena(&key, x->r->a, 80);
	buf_printf(&key, "ropa.%s.%s", before, id);
	return buf_ok(&key) ? ropa_say(x, key.data) : SLICE("");
}

/* "… (club, firm)" where the sites of one host say different things. */
static struct slice for_some(struct ropa_ctx *x, struct slice text, const char *const *ids, size_t n)
{
	struct buf b;

	buf_init_arena(&b, x->r->a, 65536);
	buf_add_slice(&b, text);
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%s%s", i ? ", " : " (", ids[i]);
	buf_add_str(&b, ")");
	return buf_slice(&b);
}

struct said {
	struct slice text;
	const char **ids;
	size_t n;
};

/* The sites that count: all, but for a host only those that it runs for others. */
struct counted {
	struct ropa_ctx *site;
	size_t n;
};

/* What each site says about a measure, equal words together. */
static void measure_add(struct ropa_ctx *x, const struct ropa_measure *m, const struct counted *all)
{
	struct said *said = arena_alloc(x->r->a, all->n * sizeof(*said));
	size_t count = 0;

	for (size_t i = 0; said && i < all->n && !x->w.err; i++) {
		struct slice text;
		size_t k = 0;

		if (!ropa_measure_on(&all->site[i], m))
			continue;
		text = words_of(&all->site[i], "measure", m->id);
		x->w.err = all->site[i].w.err;
		while (k < count && !slice_eq(said[k].text, text))
			k++;
		if (k == count)
			said[count++] = (struct said){.text = text, .ids = arena_alloc(x->r->a, all->n * sizeof(*said->ids))};
		if (said[k].ids)
			said[k].ids[said[k].n++] = all->site[i].c->id;
	}
	for (size_t k = 0; k < count; k++)
		ropa_value(x, said[k].n == all->n ? said[k].text : for_some(x, said[k].text, said[k].ids, said[k].n));
}

static bool anywhere(const struct counted *all, const struct ropa_measure *m)
{
	for (size_t i = 0; i < all->n; i++)
		if (ropa_measure_on(&all->site[i], m))
			return true;
	return false;
}

static void counted_make(struct ropa_ctx *x, struct counted *all, struct errinfo *ei)
{
	const struct ropa *r = x->r;

	all->site = arena_alloc(r->a, r->nsites * sizeof(*all->site));
	for (size_t i = 0; all->site && !x->w.err && i < r->nsites; i++) {
		if (r->kind == ROPA_HOST && site_conf(r->sites[i])->hosting_kind != CONF_NAMED)
			continue;
		x->w.err = ropa_ctx_site(&all->site[all->n], x->r, r->sites[i], ei);
		if (!x->w.err)
			measure_values(&all->site[all->n++]);
	}
}

void ropa_measures_add(struct ropa_ctx *x, struct errinfo *ei)
{
	static const char *const articles[ROPA__MAX] = {[ROPA_OWNER] = "30(1)(g); 32(1)", [ROPA_HOST] = "30(2)(d); 32(1)",
	    [ROPA_AVV] = "28(3)(c); 32", [ROPA_TIA] = ""};
	struct counted all = {.n = 0};
	const char *goal = "";

	counted_make(x, &all, ei);
	if (!all.n || x->w.err)
		return;
	ropa_section(x, "measures", "", ropa_say(x, "ropa.section.measures"));
	for (size_t k = 0; k < sizeof(measures) / sizeof(measures[0]) && !x->w.err; k++) {
		if (!anywhere(&all, &measures[k]))
			continue;
		if (strcmp(goal, measures[k].goal) != 0)
			ropa_row(x, measures[k].goal, articles[x->r->kind], words_of(x, "goal", measures[k].goal));
		goal = measures[k].goal;
		measure_add(x, &measures[k], &all);
	}
}

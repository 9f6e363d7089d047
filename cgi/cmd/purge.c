#include <stdio.h>

#include "base/clock.h"
#include "cmd/cmd.h"
#include "core/retention.h"
#include "core/site.h"
#include "store/budget.h"
#include "text/jsonw.h"

/* "7d", "3y": as one writes it in the configuration. */
static void period_add(struct buf *out, struct conf_duration d)
{
	if (d.n)
		buf_printf(out, "%d%c", d.n, d.unit);
}

static void report_json(struct jsonw *w, const struct conf_site *c, const struct retention_report *rep)
{
	size_t n;
	const struct retention_row *rows = retention_rows(&n);

	jsonw_object(w);
	jsonw_kcstr(w, "site", c->id);
	jsonw_key(w, "rows");
	jsonw_array(w);
	for (size_t i = 0; i < n; i++) {
		const struct keep *k = keep_of(rows[i].kind);
		struct buf period;

		buf_init(&period, 32);
		period_add(&period, keep_period(c, rows[i].kind));
		jsonw_object(w);
		jsonw_kcstr(w, "id", rows[i].id);
		jsonw_kint(w, "n", retention_count(rep, &rows[i]));
		jsonw_kcstr(w, "kind", k->id);
		jsonw_kcstr(w, "period", period.data);
		jsonw_kcstr(w, "key", k->key);
		jsonw_kcstr(w, "basis", k->basis);
		jsonw_end_object(w);
		buf_free(&period);
	}
	jsonw_end_array(w);
	jsonw_end_object(w);
}

/* "     3  people who never confirmed        retention.unconfirmed: 7d; GDPR Art. ..." */
static void report_text(struct buf *out, const struct conf_site *c, const struct retention_report *rep, bool dry)
{
	size_t n;
	const struct retention_row *rows = retention_rows(&n);

	buf_printf(out, "%s: %s\n", c->id, dry ? "would go now" : "gone");
	for (size_t i = 0; i < n; i++) {
		const struct keep *k = keep_of(rows[i].kind);

		buf_printf(out, "%8u  %-42s %s: ", retention_count(rep, &rows[i]), rows[i].what, k->key ? k->key : "fixed");
		period_add(out, keep_period(c, rows[i].kind));
		buf_printf(out, "; %s\n", k->basis);
	}
}

static enum err look(struct store *st, const struct conf_site *c, struct retention_report *rep, struct errinfo *ei)
{
	struct db *db;
	enum err rc = store_read(st, &db, ei);

	if (rc)
		return rc;
	rc = retention_look(db, c, clock_now_ms(), rep, ei);
	store_read_end(st, db);
	return rc;
}

static enum err run(struct store *st, const struct conf *conf, const struct conf_site *c, struct retention_report *rep,
    struct errinfo *ei)
{
	struct site *s = NULL;
	enum err rc = site_new(&s, conf, c, ei);

	if (!rc)
		rc = retention_run(s, st, clock_now_ms(), rep, ei);
	site_free(s);
	return rc;
}

static int site_purge(const struct cmd_args *a, const struct conf *conf, const struct conf_site *c, struct jsonw *w,
    struct buf *out)
{
	struct retention_report rep = {.mails = 0};
	struct errinfo ei = {.code = OK};
	struct store *st;
	enum err rc = cmd_store(conf, c, false, &st, &ei);

	if (rc)
		return cmd_fail("purge", &ei);
	rc = a->dry ? look(st, c, &rep, &ei) : run(st, conf, c, &rep, &ei);
	store_close(st);
	if (rc)
		return cmd_fail("purge", &ei);
	if (a->json)
		report_json(w, c, &rep);
	else
		report_text(out, c, &rep, a->dry);
	return CMD_DONE;
}

static int sites_purge(const struct cmd_args *a, const struct conf *c, struct jsonw *w, struct buf *out)
{
	const struct conf_site *one = a->site ? cmd_site(a, c) : NULL;
	int rc = CMD_DONE;

	if (a->site)
		return one ? site_purge(a, c, one, w, out) : CMD_USAGE;
	for (size_t i = 0; i < c->nsites; i++) {
		int e = site_purge(a, c, c->sites[i], w, out);

		rc = e ? e : rc;
	}
	return rc;
}

/* Counters of the whole host; they are a help, not evidence, and their end is not worth an error. */
static void host_purge(const struct cmd_args *a, const struct conf *c)
{
	struct errinfo ei = {.code = OK};
	struct budget *b;

	if (a->dry || budget_open(&b, c->data, &ei) != OK)
		return;
	budget_purge(b, clock_now_ms(), &ei);
	budget_close(b);
}

int cmd_purge(const struct cmd_args *a)
{
	struct conf *c;
	struct jsonw w;
	struct buf b;
	int rc, e;

	if (a->n)
		return cmd_usage("purge takes no \"%s\"", a->words[0]);
	rc = cmd_load(a, &c);
	if (rc)
		return rc;
	buf_init(&b, 8u << 20);
	jsonw_init(&w, &b);
	if (a->json)
		jsonw_array(&w);
	rc = sites_purge(a, c, &w, &b);
	host_purge(a, c);
	if (a->json) {
		jsonw_end_array(&w);
		buf_add_char(&b, '\n');
	}
	e = cmd_print(&b);
	buf_free(&b);
	conf_free(c);
	return rc ? rc : e;
}

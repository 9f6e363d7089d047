#ifndef JAWORT_CONF_TEST_H
#define JAWORT_CONF_TEST_H
/* What the tests of the conf room share: a folder of files, a good site, and its mutations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/clock.h"
#include "base/file.h"
#include "conf/conf.h"

/* Line numbers matter: tests name them. */
static const char GOOD_SITE[] =
    "site: club\n"                                                   /* 1 */
    "base_url: https://www.verein.test/j\n"                          /* 2 */
    "origins: [https://www.verein.test]\n"                           /* 3 */
    "languages: [de, en]\n"                                          /* 4 */
    "controller:\n"                                                  /* 5 */
    "  name: Radverein Nordstadt e. V.\n"                            /* 6 */
    "  address: [Gasse 1, 10115 Berlin]\n"                           /* 7 */
    "  country: DE\n"                                                /* 8 */
    "  state: BE\n"                                                  /* 9 */
    "  email: daten@verein.test\n"                                   /* 10 */
    "  imprint: https://www.verein.test/impressum\n"                 /* 11 */
    "dpo: none\n"                                                    /* 12 */
    "purposes:\n"                                                    /* 13 */
    "  news:\n"                                                      /* 14 */
    "    channel: email\n"                                           /* 15 */
    "    title: { de: Vereinspost, en: Club mail }\n"                /* 16 */
    "    content: { de: Termine und Berichte, en: Dates and reports }\n" /* 17 */
    "    frequency: { de: monatlich, en: monthly }\n"                /* 18 */
    "forms:\n"                                                       /* 19 */
    "  news:\n"                                                      /* 20 */
    "    purposes: [news]\n"                                         /* 21 */
    "    fields: [first_name?]\n"                                    /* 22 */
    "mail:\n"                                                        /* 23 */
    "  from: { name: Radverein, email: post@verein.test }\n"         /* 24 */
    "  route: [mailjet]\n"                                           /* 25 */
    "  mailjet: { key_file: mailjet.key }\n"                         /* 26 */
    "processors:\n"                                                  /* 27 */
    "  mailjet:\n"                                                   /* 28 */
    "    contract_party: Mailjet SAS\n"                              /* 29 */
    "    address: [13-13 bis rue de l’Aubrac, 75012 Paris]\n"        /* 30 */
    "    country: FR\n"                                              /* 31 */
    "    us_affiliate: true\n"                                       /* 32 */
    "    contract: { date: 2026-03-01 }\n"                           /* 33 */
    "    privacy_url: https://mailjet.test/privacy\n"                /* 34 */
    "    subprocessors_url: https://mailjet.test/sub\n"              /* 35 */
    "    transfer: { mechanism: [scc], scc_module: 2, tia_date: 2026-03-01 }\n" /* 36 */
    "hosting: self\n"                                                /* 37 */
    "retention: { unconfirmed: 7d }\n"                               /* 38 */
    "links: { confirm: 48h }\n"                                      /* 39 */
    "mode: live\n";                                                  /* 40 */

struct world {
	char dir[64];
	struct conf *conf;
	struct conf_report rep;
	struct errinfo ei;
	enum err err;
	unsigned failed; /* rows */
};

#define WORLD_NOW_MS 1795255509000 /* 2026-11-21 */

static inline void world_write_n(struct world *w, const char *name, const char *text, size_t n, mode_t mode)
{
	char path[200];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", w->dir, name);
	f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static inline void world_write(struct world *w, const char *name, const char *text)
{
	world_write_n(w, name, text, strlen(text), 0644);
}

static inline void world_open(struct world *w)
{
	char sites[100];

	memset(w, 0, sizeof(*w));
	snprintf(w->dir, sizeof(w->dir), "/tmp/conf-test-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(sites, sizeof(sites), "%s/sites", w->dir);
	assert_int_equal(mkdir(sites, 0755), 0);
	conf_report_init(&w->rep);
	clock_set_ms(WORLD_NOW_MS);
	world_write(w, "jawort.yaml", "data: data\n");
}

static inline void world_load_opts(struct world *w, struct conf_opts o)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/jawort.yaml", w->dir);
	o.path = path;
	conf_report_free(&w->rep);
	w->err = conf_load(&o, &w->conf, &w->rep, &w->ei);
}

static inline void world_load(struct world *w)
{
	conf_free(w->conf);
	w->conf = NULL;
	world_load_opts(w, (struct conf_opts){0});
}

static inline void world_close(struct world *w)
{
	char cmd[100];

	conf_free(w->conf);
	conf_report_free(&w->rep);
	clock_set_ms(-1);
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", w->dir);
	if (system(cmd) != 0)
		print_message("%s stays\n", w->dir);
	assert_int_equal(w->failed, 0);
}

/* text with the first from replaced by to; from must be there. Heap. */
static inline char *text_replace(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	size_t n;
	char *out;

	if (!at)
		fail_msg("\"%s\" is not in the text", from);
	n = strlen(text) - strlen(from) + strlen(to) + 1;
	out = malloc(n);
	assert_non_null(out);
	snprintf(out, n, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	return out;
}

static inline void world_site(struct world *w, const char *text)
{
	world_write(w, "sites/club.yaml", text);
	world_load(w);
}

/* All findings as lines, without the folder. Heap. */
static inline char *world_lines(struct world *w)
{
	struct buf b;
	char *out;
	size_t skip = strlen(w->dir) + 1;

	buf_init(&b, 1 << 20);
	for (size_t i = 0; i < w->rep.n; i++) {
		struct conf_finding f = w->rep.items[i];

		f.file += skip;
		conf_finding_line(&b, &f);
		buf_add_char(&b, '\n');
	}
	out = buf_detach(&b, NULL);
	buf_free(&b);
	assert_non_null(out);
	return out;
}

/* A mutation of GOOD_SITE and what must be said about it. */
struct mutation {
	int row;
	const char *from, *to;
	const char *say; /* must occur in the lines; NULL: no finding at all */
};

static inline void mutation_check(struct world *w, const struct mutation *m, bool runs)
{
	char *text = text_replace(GOOD_SITE, m->from, m->to);
	char *lines;

	world_site(w, text);
	lines = world_lines(w);
	if (w->err)
		fail_msg("row %d: load failed: %s", m->row, w->ei.text);
	/* All rows are tried before the test fails (world_close). */
	if (m->say ? !strstr(lines, m->say) : lines[0] != '\0') {
		print_message("row %d: expected \"%s\", got:\n%s", m->row, m->say ? m->say : "(nothing)", lines);
		w->failed++;
	}
	if (w->conf->nsites != (runs ? 1u : 0u)) {
		print_message("row %d: site %s:\n%s", m->row, runs ? "does not run" : "runs", lines);
		w->failed++;
	}
	free(lines);
	free(text);
}

#endif

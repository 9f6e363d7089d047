/*
 * conf: the first byte chooses: 'h' host file, else site file; the rest is the
 * text. Whatever it says, findings have a place and a text, at most 50 are kept,
 * and what loads without an error has no NULL string and one canonical form.
 */
#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "conf/conf_priv.h"
#include "conf/show.h"
#include "fuzz.h"
#include "text/utf8.h"

static void check_report(const struct conf_report *r, const struct conf_sink *sink)
{
	FUZZ_MUST(r->n <= CONF_FINDINGS_MAX && r->n + r->dropped == sink->n);
	for (size_t i = 0; i < r->n; i++) {
		const struct conf_finding *f = &r->items[i];
		struct buf line;

		FUZZ_MUST(f->text[0] && f->line >= 0 && (f->line == 0) == (f->col == 0));
		buf_init(&line, 16384);
		conf_finding_line(&line, f);
		FUZZ_MUST(buf_ok(&line) && strchr(line.data, ':'));
		buf_free(&line);
	}
}

static void check_items(const struct conf_item *items, size_t n, bool host)
{
	for (size_t i = 0; i < n; i++) {
		FUZZ_MUST(items[i].path && items[i].value);
		FUZZ_MUST(conf_key_find(host, items[i].path));
		FUZZ_MUST(!utf8_has_control(slice_from(items[i].value), false));
		FUZZ_MUST(i == 0 || strcmp(items[i - 1].path, items[i].path) < 0);
	}
}

static void check_site(const struct conf_site *s)
{
	unsigned char hash[32];

	FUZZ_MUST(s->id[0] && s->base_url[0] && s->base_host[0] && s->languages.n && s->npurposes && s->nforms);
	FUZZ_MUST(s->origins.n && s->origins.v[0][0] && s->look.home[0] && s->mail.from.email[0]);
	for (size_t i = 0; i < s->nforms; i++)
		FUZZ_MUST(s->forms[i].npurposes && s->forms[i].purposes[0]);
	for (size_t i = 0; i < s->nprocessors; i++)
		FUZZ_MUST(s->processors[i].contract_party && s->processors[i].contract.date.text);
	FUZZ_MUST(s->hosting.country && s->controller.phone && s->representative.name && s->dpo.email);
	conf_hash(s, hash);
	FUZZ_MUST(memcmp(hash, s->hash, 32) == 0);
}

static void run_site(struct conf_bind *b, struct slice text)
{
	struct conf_site s = {.file = "site.yaml"};
	struct conf_node *root = NULL;
	bool good = conf_load_site(b, text, &root, &s);

	FUZZ_MUST(good == (b->sink->errors == 0));
	check_items(s.items, s.nitems, false);
	if (good)
		check_site(&s);
}

static void run_host(struct conf_bind *b, struct slice text)
{
	struct conf c = {.file = "jawort.yaml"};

	conf_load_host(b, text, &c);
	check_items(c.items, c.nitems, true);
	if (b->sink->errors)
		return;
	FUZZ_MUST(c.data[0] && c.keys[0] && c.listen[0] && c.sites_glob[0] && c.threads >= 1 && c.threads <= 256);
	FUZZ_MUST(c.budgets.confirm.count && c.budgets.per_site.per.seconds);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a, tmp;
	struct conf_report rep;
	struct conf_sink sink;
	struct conf_bind b = {.sink = &sink, .a = &a, .tmp = &tmp, .file = "dir/file.yaml"};

	if (size == 0 || size > 65536)
		return 0;
	clock_set_ms(1795255509000);
	arena_init(&a, 16u << 20);
	arena_init(&tmp, 32u << 20);
	conf_report_init(&rep);
	conf_sink_init(&sink, &rep, b.file);
	b.host = data[0] == 'h';
	if (b.host)
		run_host(&b, slice_make(data + 1, size - 1));
	else
		run_site(&b, slice_make(data + 1, size - 1));
	check_report(&rep, &sink);
	conf_sink_free(&sink);
	conf_report_free(&rep);
	arena_free(&a);
	arena_free(&tmp);
	return 0;
}

/* The site file that `jawort init` writes: what was answered, and what is proposed with a mark. */
#include "cmd/init_priv.h"

#include <string.h>

#include "base/clock.h"
#include "conf/country.h"
#include "conf/key.h"
#include "core/when.h"

/*
 * Two kinds of lines ask to be looked at; init_confirm.c knows them by these shapes:
 *     key: value  # please confirm: hint
 *     # key: ?  # please fill in: hint          (the "?" is what is missing)
 */
static void remark(struct init *in, struct buf *b, const char *mark, const char *hint)
{
	buf_printf(b, "  # %s", init_say(in, mark));
	if (hint)
		buf_printf(b, ": %s", init_say(in, hint));
	buf_add_char(b, '\n');
}

void init_quoted(struct buf *b, const char *s)
{
	buf_add_char(b, '"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			buf_add_char(b, '\\');
		buf_add_char(b, *s);
	}
	buf_add_char(b, '"');
}

static void line(struct buf *b, const char *key, const char *value)
{
	buf_printf(b, "%s: ", key);
	init_quoted(b, value);
	buf_add_char(b, '\n');
}

static void suppose(struct init *in, struct buf *b, const char *key, const char *value, const char *hint)
{
	if (!value)
		return;
	buf_printf(b, "%s: ", key);
	init_quoted(b, value);
	remark(in, b, "init.yaml.confirm", hint);
}

/* A value that YAML has no need to quote: true, [DE, BE]. */
static void suppose_bare(struct init *in, struct buf *b, const char *key, const char *value, const char *hint)
{
	if (!value)
		return;
	buf_printf(b, "%s: %s", key, value);
	remark(in, b, "init.yaml.confirm", hint);
}

static void fill_in(struct init *in, struct buf *b, const char *indent, const char *text, const char *hint)
{
	buf_printf(b, "%s# %s", indent, text);
	remark(in, b, "init.yaml.fill", hint);
}

static void list(struct buf *b, const char *const *v, size_t n, const char *before)
{
	buf_add_char(b, '[');
	for (size_t i = 0; i < n; i++) {
		struct buf one;
		if (i)
			buf_add_str(b, ", ");
		buf_init(&one, 1024);
		buf_printf(&one, "%s%s", i ? "" : before, v[i]);
		init_quoted(b, buf_ok(&one) && one.data ? one.data : "");
		buf_free(&one);
	}
	buf_add_str(b, "]");
}

static void text_in(struct init *in, struct buf *b, const char *key, const char *value)
{
	buf_printf(b, "    %s: { %s: ", key, in->lang);
	init_quoted(b, value);
	buf_add_str(b, " }\n");
}

/* ---- parts of the file */

static void head(struct init *in, struct buf *b)
{
	const struct conf_date as_of = {.text = prefill_as_of()};
	struct slice rest, one;

	view_cstr(in->view, "host", in->host);
	view_text(in->view, "date", when_date(&in->a, clock_now_ms(), "Europe/Berlin", in->lang));
	view_text(in->view, "as_of", when_date(&in->a, clock_parse_iso(as_of.text, strlen(as_of.text)), "UTC", in->lang));
	rest = slice_from(init_block(in, "init.yaml.head", 0));
	while (slice_split(&rest, '\n', &one))
		buf_printf(b, "# %.*s\n", SLICE_FMT(one));
}

static void controller(struct init *in, struct buf *b)
{
	struct buf imprint;

	buf_add_str(b, "controller:\n");
	line(b, "  name", in->name);
	suppose(in, b, "  represented_by", in->represented, "init.yaml.represented");
	buf_add_str(b, "  address: ");
	list(b, in->lines, in->nlines, "");
	buf_printf(b, "\n  country: %s\n", in->country);
	if (in->land && strcmp(in->country, "DE") == 0)
		buf_printf(b, "  state: %s\n", in->land);
	suppose(in, b, "  email", in->from, "init.yaml.email");
	buf_init_arena(&imprint, &in->a, 1024);
	buf_printf(&imprint, "%s/%s", in->origin, strcmp(in->lang, "de") == 0 ? "impressum" : "imprint");
	buf_add_char(&imprint, '\0');
	suppose(in, b, "  imprint", imprint.data, "init.yaml.imprint");
	suppose_bare(in, b, "dpo", "none", "init.yaml.dpo");
}

static void mail(struct init *in, struct buf *b, const char *mails)
{
	bool none = strcmp(in->provider, "none") == 0;
	const char *domain = strchr(in->from, '@');
	struct buf url;

	buf_add_str(b, "mail:\n  from: { name: ");
	init_quoted(b, in->name);
	buf_add_str(b, ", email: ");
	init_quoted(b, in->from);
	buf_printf(b, " }\n  route: [%s]\n", none ? "dir" : in->provider);
	if (strcmp(in->provider, "smtp") == 0) {
		buf_init_arena(&url, &in->a, 1024);
		buf_printf(&url, "smtps://mail.%s:465", domain ? domain + 1 : in->host);
		buf_add_char(&url, '\0');
		buf_add_str(b, "  smtp:\n");
		suppose(in, b, "    url", url.data, "init.yaml.smtp");
		line(b, "    user", in->from);
		buf_add_str(b, "    password_file: ../provider/smtp.pass\n");
	} else if (!none) {
		buf_printf(b, "  # %s\n  %s: { key_file: ../provider/%s.key }\n", init_say(in, "init.yaml.key"),
		    in->provider, in->provider);
		buf_printf(b, "  # %s\n  hooks: { %s: { secret_file: ../hooks/%s.secret } }\n", init_say(in, "init.yaml.hook"),
		    in->provider, in->provider);
	}
	buf_printf(b, "  dir: { path: ");
	init_quoted(b, mails);
	buf_add_str(b, " }\n");
}

/* Where the lines of a firm go. */
struct firm_out {
	struct init *in;
	struct buf *b;
	const char *indent;
};

static const char *joined(struct init *in, const char *a, const char *c)
{
	struct buf b;

	buf_init_arena(&b, &in->a, 1024);
	buf_printf(&b, "%s%s", a, c);
	buf_add_char(&b, '\0');
	return buf_ok(&b) ? b.data : "";
}

/* What the data know is to be confirmed, what they do not know is to be filled in: text is that line. */
static void firm_fact(struct firm_out *o, const char *key, const char *value, const char *text, const char *hint)
{
	if (value)
		suppose(o->in, o->b, joined(o->in, o->indent, key), value, hint);
	else if (text)
		fill_in(o->in, o->b, o->indent, text, hint);
}

static void firm_word(struct firm_out *o, const char *key, const char *value, const char *hint)
{
	suppose_bare(o->in, o->b, joined(o->in, o->indent, key), value, hint);
}

/* "???" keeps a site from going live with a name that nobody compared with the contract. */
static void firm_name(struct firm_out *o, const struct init_firm *f)
{
	const char *doubt = f->known ? "??? " : "";

	firm_fact(o, "contract_party", joined(o->in, doubt, f->party), NULL, "init.yaml.party");
	if (!f->nlines) {
		fill_in(o->in, o->b, o->indent, "address: [?]", "init.yaml.address");
		return;
	}
	buf_printf(o->b, "%saddress: ", o->indent);
	list(o->b, f->lines, f->nlines, doubt);
	remark(o->in, o->b, "init.yaml.confirm", "init.yaml.address");
}

static void firm_transfer(struct firm_out *o, const struct prefill *p)
{
	struct firm_out below = {o->in, o->b, joined(o->in, o->indent, "  ")};
	const char *mechanism = p->mechanism ? p->mechanism : "scc", *module = p->scc_module ? p->scc_module : "2";

	buf_printf(o->b, "%stransfer:\n", o->indent);
	firm_word(&below, "mechanism", joined(o->in, joined(o->in, "[", mechanism), "]"), "init.yaml.mechanism");
	firm_word(&below, "scc_module", joined(o->in, joined(o->in, "[", module), "]"), "init.yaml.module");
	fill_in(o->in, o->b, below.indent, "tia_date: ?", "init.yaml.tia");
}

void init_transfer_text(struct init *in, const char *indent, struct buf *b)
{
	static const struct prefill nothing = {0};
	struct firm_out o = {in, b, indent};

	firm_transfer(&o, &nothing);
}

static void firm(struct init *in, struct buf *b, const char *indent, const struct init_firm *f)
{
	static const struct prefill nothing = {0};
	const struct prefill *p = f->known ? f->known : &nothing;
	struct firm_out o = {in, b, indent};

	firm_name(&o, f);
	firm_word(&o, "country", f->country, "init.yaml.seat");
	firm_fact(&o, "parent", p->parent, NULL, "init.yaml.parent");
	firm_word(&o, "parent_country", p->parent_country, "init.yaml.parent");
	/* "All stays in the EEA" is a sentence of the notice: nobody says it without having been asked. */
	if (p->us_affiliate || strcmp(f->country, "US") != 0)
		firm_word(&o, "us_affiliate", p->us_affiliate ? p->us_affiliate : "false",
		    p->us_affiliate ? "init.yaml.us" : "init.yaml.us.not");
	if (p->storage)
		firm_word(&o, "storage_locations", joined(in, joined(in, "[", p->storage), "]"), "init.yaml.storage");
	else
		fill_in(in, b, indent, "storage_locations: [?]", "init.yaml.storage");
	fill_in(in, b, indent, "contract: { date: ?, covers: [duration, data, purpose, instructions, subprocessors, deletion, audit] }", "init.yaml.contract");
	firm_fact(&o, "privacy_url", p->privacy_url, "privacy_url: ?", "init.yaml.privacy");
	firm_fact(&o, "subprocessors_url", p->subprocessors_url, "subprocessors_url: ?", "init.yaml.sub");
	fill_in(in, b, indent, "subprocessors_checked_on: ?", "init.yaml.checked");
	if (p->kind && strcmp(p->kind, "mail") == 0) {
		fill_in(in, b, indent, "tracking_off_on: ?", "init.yaml.tracking");
		fill_in(in, b, indent, "retention: ?", "init.yaml.retention");
	}
	if (!conf_country_eea(f->country) || p->us_affiliate)
		firm_transfer(&o, p);
}

static void processors(struct init *in, struct buf *b)
{
	const struct prefill *p = prefill_find("mail", slice_from(in->provider));
	bool elsewhere = strcmp(in->hosting, "elsewhere") == 0;
	struct init_firm sender = {.known = p};
	struct slice rest, one;

	if (p || elsewhere)
		buf_add_str(b, "processors:\n");
	if (p) {
		sender.party = p->party;
		sender.country = p->country;
		rest = slice_from(p->address);
		while (sender.nlines < INIT_LINES_MAX && slice_split(&rest, '\n', &one)) {
			char *copy = arena_alloc(&in->a, one.len + 1);
			if (copy && slice_copy(one, copy, one.len + 1))
				sender.lines[sender.nlines++] = copy;
		}
		buf_printf(b, "  %s:\n", p->id);
		firm(in, b, "    ", &sender);
	}
	if (elsewhere) {
		buf_printf(b, "  %s:\n", in->firm.id);
		firm(in, b, "    ", &in->firm);
	}
}

static void hosting(struct init *in, struct buf *b)
{
	if (strcmp(in->hosting, "rented") == 0) {
		buf_add_str(b, "hosting:\n");
		firm(in, b, "  ", &in->firm);
		return;
	}
	if (strcmp(in->hosting, "elsewhere") == 0)
		buf_printf(b, "# %s\n", init_say(in, "init.yaml.self"));
	buf_add_str(b, "hosting: self\n");
	if (strcmp(in->hosting, "elsewhere") == 0 && conf_key_find(false, "website.host"))
		buf_printf(b, "website: { host: %s }\n", in->firm.id);
}

void init_site_text(struct init *in, const char *mails, struct buf *b)
{
	head(in, b);
	line(b, "site", in->id);
	if (strcmp(in->hosting, "elsewhere") == 0)
		line(b, "base_url", in->base);
	else
		buf_printf(b, "base_url: \"%s/j\"\n", in->origin);
	buf_printf(b, "origins: [\"%s\"]\nlanguages: [%s]\n", in->origin, in->lang);
	buf_printf(b, "# %s\nmode: try-out\n", init_say(in, "init.yaml.mode"));
	controller(in, b);
	buf_add_str(b, "purposes:\n  news:\n");
	text_in(in, b, "title", in->title);
	text_in(in, b, "content", in->content);
	text_in(in, b, "frequency", in->often);
	if (prefill_find("mail", slice_from(in->provider)))
		fill_in(in, b, "    ", "provider_list: ?", "init.yaml.list");
	buf_add_str(b, "forms:\n  news: { purposes: [news] }\n");
	mail(in, b, mails);
	processors(in, b);
	hosting(in, b);
}

/* The questions of `jawort init`: what each answer must look like, and what it means. */
#include "cmd/init_priv.h"

#include <stdio.h>
#include <string.h>

#include "conf/country.h"
#include "conf/key.h"
#include "core/country.h"
#include "text/addr.h"
#include "text/url.h"
#include "text/utf8.h"

#define PIECES_MAX 12

static const char *keep(struct init *in, struct slice s)
{
	char *p = arena_alloc(&in->a, s.len + 1);

	if (!p)
		return "";
	memcpy(p, s.ptr ? s.ptr : "", s.len);
	p[s.len] = '\0';
	return p;
}

static size_t pieces(struct slice typed, char sep, struct slice out[static PIECES_MAX])
{
	struct slice one;
	size_t n = 0;

	while (n < PIECES_MAX && slice_split(&typed, sep, &one)) {
		one = slice_trim(one);
		if (one.len)
			out[n++] = one;
	}
	return n;
}

/* ---- who */

/* Who acts for an organisation follows from its legal form in most cases; the owner confirms it. */
static const struct {
	const char *form, *de, *en;
} acts[] = {
    {"e. V.", "den Vorstand", "its board"},
    {"e.V.", "den Vorstand", "its board"},
    {"eV", "den Vorstand", "its board"},
    {"gGmbH", "die Geschäftsführung", "its managing directors"},
    {"GmbH", "die Geschäftsführung", "its managing directors"},
    {"UG", "die Geschäftsführung", "its managing directors"},
    {"UG (haftungsbeschränkt)", "die Geschäftsführung", "its managing directors"},
    {"KG", "die Geschäftsführung", "its managing directors"},
    {"AG", "den Vorstand", "its board"},
    {"SE", "den Vorstand", "its board"},
    {"eG", "den Vorstand", "its board"},
    {"Stiftung", "den Vorstand", "its board"},
    {"Verein", "den Vorstand", "its board"},
};

static const char *take_who(struct init *in, const char *typed)
{
	struct slice name = slice_from(typed);

	in->name = typed;
	in->represented = NULL;
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		struct slice form = slice_from(acts[i].form);

		if (slice_ends(name, form) && name.len > form.len && name.ptr[name.len - form.len - 1] == ' ')
			in->represented = strcmp(in->lang, "de") == 0 ? acts[i].de : acts[i].en;
	}
	return NULL;
}

/* ---- where */

/* Name in German or English, or code; NULL if it is none. */
static const char *country_read(struct init *in, struct slice s)
{
	const char *code;
	char upper[3] = "";

	for (size_t i = 0; (code = country_at(i)); i++)
		if (slice_ieq(s, slice_from(code)) || slice_ieq(s, slice_from(country_name(code, "de"))) ||
		    slice_ieq(s, slice_from(country_name(code, "en"))))
			return code;
	if (s.len != 2)
		return NULL;
	for (size_t i = 0; i < 2; i++)
		upper[i] = (char)(s.ptr[i] >= 'a' && s.ptr[i] <= 'z' ? s.ptr[i] - 32 : s.ptr[i]);
	return conf_country_known(upper) ? keep(in, slice_from(upper)) : NULL;
}

static const char *take_address(struct init *in, const char *typed)
{
	struct slice part[PIECES_MAX];
	size_t n = pieces(slice_from(typed), ',', part);
	const char *country = n > 2 ? country_read(in, part[n - 1]) : NULL;

	if (country)
		n--;
	if (n < 2)
		return "init.bad.address";
	if (n > INIT_LINES_MAX)
		return "init.bad.lines";
	in->country = country ? country : "DE";
	in->nlines = n;
	for (size_t i = 0; i < n; i++)
		in->lines[i] = keep(in, part[i]);
	return NULL;
}

/* ISO 3166-2:DE; towns that lie in one Land only, for a proposal. */
static const struct {
	const char *code, *de, *en, *towns;
} lands[] = {
    {"BW", "Baden-Württemberg", "Baden-Württemberg", "Stuttgart,Karlsruhe,Mannheim,Freiburg,Heidelberg,Ulm"},
    {"BY", "Bayern", "Bavaria", "München,Nürnberg,Augsburg,Regensburg,Würzburg"},
    {"BE", "Berlin", "Berlin", "Berlin"},
    {"BB", "Brandenburg", "Brandenburg", "Potsdam,Cottbus"},
    {"HB", "Bremen", "Bremen", "Bremen,Bremerhaven"},
    {"HH", "Hamburg", "Hamburg", "Hamburg"},
    {"HE", "Hessen", "Hesse", "Wiesbaden,Frankfurt am Main,Kassel,Darmstadt"},
    {"MV", "Mecklenburg-Vorpommern", "Mecklenburg-Western Pomerania", "Schwerin,Rostock"},
    {"NI", "Niedersachsen", "Lower Saxony", "Hannover,Braunschweig,Oldenburg,Osnabrück,Göttingen"},
    {"NW", "Nordrhein-Westfalen", "North Rhine-Westphalia",
        "Düsseldorf,Köln,Dortmund,Essen,Duisburg,Bochum,Wuppertal,Bielefeld,Bonn,Münster,Aachen"},
    {"RP", "Rheinland-Pfalz", "Rhineland-Palatinate", "Mainz,Koblenz,Trier,Kaiserslautern"},
    {"SL", "Saarland", "Saarland", "Saarbrücken"},
    {"SN", "Sachsen", "Saxony", "Dresden,Leipzig,Chemnitz"},
    {"ST", "Sachsen-Anhalt", "Saxony-Anhalt", "Magdeburg,Halle (Saale)"},
    {"SH", "Schleswig-Holstein", "Schleswig-Holstein", "Kiel,Lübeck,Flensburg"},
    {"TH", "Thüringen", "Thuringia", "Erfurt,Jena,Gera,Weimar"},
};
#define LANDS (sizeof(lands) / sizeof(lands[0]))

static bool asked_land(const struct init *in)
{
	return in->country && strcmp(in->country, "DE") == 0;
}

/* "10115 Berlin" without its number. */
static struct slice town_of(const struct init *in)
{
	struct slice s = in->nlines ? slice_from(in->lines[in->nlines - 1]) : SLICE("");

	while (s.len && (s.ptr[0] == ' ' || (s.ptr[0] >= '0' && s.ptr[0] <= '9')))
		s = slice_sub(s, 1, s.len);
	return s;
}

static const char *suggest_land(struct init *in)
{
	struct slice town = town_of(in);

	for (size_t i = 0; i < LANDS; i++) {
		struct slice part[PIECES_MAX];
		size_t n = pieces(slice_from(lands[i].towns), ',', part);

		for (size_t k = 0; k < n; k++)
			if (slice_eq(part[k], town))
				return strcmp(in->lang, "de") == 0 ? lands[i].de : lands[i].en;
	}
	return NULL;
}

static const char *take_land(struct init *in, const char *typed)
{
	struct slice s = slice_from(typed);
	struct buf all;

	for (size_t i = 0; i < LANDS; i++)
		if (slice_ieq(s, slice_from(lands[i].code)) || slice_ieq(s, slice_from(lands[i].de)) ||
		    slice_ieq(s, slice_from(lands[i].en))) {
			in->land = lands[i].code;
			return NULL;
		}
	buf_init_arena(&all, &in->a, 1024);
	for (size_t i = 0; i < LANDS; i++)
		buf_printf(&all, "%s%s", i ? ", " : "", strcmp(in->lang, "de") == 0 ? lands[i].de : lands[i].en);
	view_text(in->view, "choices", buf_slice(&all));
	return "init.bad.land";
}

/* ---- mails */

static const char *take_from(struct init *in, const char *typed)
{
	static const char *const nobody[] = {"noreply", "no-reply", "no_reply", "donotreply", "do-not-reply", "keine-antwort"};
	struct addr ad;

	if (addr_parse(&in->a, slice_from(typed), &ad) != ADDR_OK)
		return "init.bad.from";
	for (size_t i = 0; i < sizeof(nobody) / sizeof(nobody[0]); i++)
		if (slice_ieq(ad.local, slice_from(nobody[i])))
			return "init.bad.noreply";
	in->from = keep(in, ad.full);
	return NULL;
}

static const char *take_what(struct init *in, const char *typed)
{
	struct slice s = slice_from(typed), title = SLICE("Newsletter"), content = s;
	size_t colon = slice_find(s, ':', 0);

	if (colon < s.len) {
		title = slice_trim(slice_sub(s, 0, colon));
		content = slice_trim(slice_sub(s, colon + 1, s.len));
	}
	if (!title.len || !content.len)
		return "init.bad.what";
	in->title = keep(in, title);
	in->content = keep(in, content);
	return NULL;
}

static const char *suggest_often(struct init *in)
{
	return init_say(in, "init.often.usual");
}

static const char *take_often(struct init *in, const char *typed)
{
	in->often = typed;
	return NULL;
}

/* ---- the website */

/* https:// may be left out; the rest of the address is taken as it is. */
static const char *url_read(struct init *in, const char *typed, struct url *u)
{
	struct buf b;

	buf_init_arena(&b, &in->a, INIT_ANSWER_BYTES + 16);
	if (!strstr(typed, "://"))
		buf_add_str(&b, "https://");
	buf_add_str(&b, typed);
	if (!url_parse(buf_slice(&b), u) || u->query.len || u->fragment.len ||
	    (slice_find(u->host, '.', 0) == u->host.len && !conf_host_loopback(u->host)))
		return "init.bad.url";
	if (!slice_ieq(u->scheme, SLICE("https")) && !conf_host_loopback(u->host))
		return "init.bad.http";
	return NULL;
}

static const char *origin_of(struct init *in, const struct url *u)
{
	struct buf b;

	buf_init_arena(&b, &in->a, INIT_ANSWER_BYTES + 16);
	url_add_origin(&b, u);
	return keep(in, buf_slice(&b));
}

/* "www.turn-verein.example.org" -> "turn-verein" */
static const char *id_of(struct init *in, struct slice host)
{
	char id[33];
	size_t n = 0;

	if (slice_starts(host, SLICE("www.")))
		host = slice_sub(host, 4, host.len);
	for (size_t i = 0; i < host.len && host.ptr[i] != '.' && n < sizeof(id) - 1; i++) {
		char c = host.ptr[i];
		c = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c == '-' && n))
			id[n++] = c;
	}
	return keep(in, n ? slice_make(id, n) : SLICE("site"));
}

static const char *take_url(struct init *in, const char *typed)
{
	struct url u;
	const char *bad = url_read(in, typed, &u);
	const char *after;

	if (bad)
		return bad;
	in->origin = origin_of(in, &u);
	after = strstr(in->origin, "://");
	in->host = after ? after + 3 : in->origin;
	in->id = id_of(in, u.host);
	return NULL;
}

/* ---- who helps */

static bool route_knows(const char *provider)
{
	const struct conf_key *k = conf_key_find(false, "mail.route");
	struct slice rest = slice_from(k ? k->words : ""), word;

	while (slice_split(&rest, ' ', &word))
		if (slice_eq_str(word, provider))
			return true;
	return false;
}

static bool there_brevo(void)
{
	return route_knows("brevo");
}

static const struct init_choice providers[] = {
    {"mailjet", "init.choice.mailjet", NULL},
    {"brevo", "init.choice.brevo", there_brevo},
    {"smtp", "init.choice.smtp", NULL},
    {"none", "init.choice.none", NULL},
    {NULL, NULL, NULL},
};

static const struct init_choice hostings[] = {
    {"self", "init.choice.self", NULL},
    {"rented", "init.choice.rented", NULL},
    {"elsewhere", "init.choice.elsewhere", NULL},
    {NULL, NULL, NULL},
};

/* By number, as the dialogue shows them, or by id. */
static const char *choice_read(struct init *in, const struct init_choice *all, const char *typed)
{
	unsigned long long number = 0, n = 0;
	struct buf names;

	if (!slice_u64(slice_from(typed), &number))
		number = 0;
	buf_init_arena(&names, &in->a, 256);
	for (; all->id; all++) {
		if (all->there && !all->there())
			continue;
		n++;
		if (n == number || slice_ieq(slice_from(typed), slice_from(all->id)))
			return all->id;
		buf_printf(&names, "%s%s", n > 1 ? ", " : "", all->id);
	}
	view_text(in->view, "choices", buf_slice(&names));
	return NULL;
}

static const char *take_provider(struct init *in, const char *typed)
{
	in->provider = choice_read(in, providers, typed);
	return in->provider ? NULL : "init.bad.choice";
}

static const char *suggest_none(struct init *in)
{
	(void)in;
	return "none";
}

static const char *take_hosting(struct init *in, const char *typed)
{
	in->hosting = choice_read(in, hostings, typed);
	return in->hosting ? NULL : "init.bad.choice";
}

static const char *suggest_self(struct init *in)
{
	(void)in;
	return "self";
}

static bool asked_host(const struct init *in)
{
	return in->hosting && strcmp(in->hosting, "self") != 0;
}

static bool asked_base(const struct init *in)
{
	return in->hosting && strcmp(in->hosting, "elsewhere") == 0;
}

static void firm_known(struct init *in, const struct prefill *p)
{
	struct slice rest = slice_from(p->address), line;

	in->firm = (struct init_firm){.known = p, .id = p->id, .party = p->party, .country = p->country};
	while (in->firm.nlines < INIT_LINES_MAX && slice_split(&rest, '\n', &line))
		in->firm.lines[in->firm.nlines++] = keep(in, line);
}

static const char *take_host(struct init *in, const char *typed)
{
	struct slice part[PIECES_MAX];
	size_t n = pieces(slice_from(typed), ',', part);
	const struct prefill *p = prefill_find("host", slice_from(typed));
	const char *country;

	if (p) {
		firm_known(in, p);
		return NULL;
	}
	if (n < 2)
		return "init.bad.host";
	if (n > INIT_LINES_MAX + 2)
		return "init.bad.lines";
	country = country_read(in, part[n - 1]);
	if (!country) {
		view_text(in->view, "typed", part[n - 1]);
		return "init.bad.country";
	}
	in->firm = (struct init_firm){.id = "host", .party = keep(in, part[0]), .country = country};
	for (size_t i = 1; i + 1 < n; i++)
		in->firm.lines[in->firm.nlines++] = keep(in, part[i]);
	return NULL;
}

static const char *suggest_base(struct init *in)
{
	struct slice host = slice_from(in->host ? in->host : "");
	struct buf b;

	if (!host.len)
		return NULL;
	if (slice_starts(host, SLICE("www.")))
		host = slice_sub(host, 4, host.len);
	buf_init_arena(&b, &in->a, INIT_ANSWER_BYTES + 32);
	buf_printf(&b, "https://%s.%.*s/j", strcmp(in->lang, "de") == 0 ? "abo" : "news", SLICE_FMT(host));
	return keep(in, buf_slice(&b));
}

static const char *take_base(struct init *in, const char *typed)
{
	struct url u;
	const char *bad = url_read(in, typed, &u), *origin;
	struct buf b;

	if (bad)
		return bad;
	origin = origin_of(in, &u);
	view_cstr(in->view, "host", in->host ? in->host : "");
	if (in->origin && strcmp(origin, in->origin) == 0)
		return "init.bad.base";
	while (u.path.len && u.path.ptr[u.path.len - 1] == '/')
		u.path.len--;
	if (!u.path.len)
		u.path = SLICE("/j");
	buf_init_arena(&b, &in->a, INIT_ANSWER_BYTES + 32);
	buf_printf(&b, "%s%.*s", origin, SLICE_FMT(u.path));
	in->base = keep(in, buf_slice(&b));
	return NULL;
}

/* ---- the table */

const struct init_question init_questions[INIT__MAX] = {
	[INIT_WHO] = {"who", 1, NULL, NULL, NULL, take_who, true},
	[INIT_ADDRESS] = {"address", 2, NULL, NULL, NULL, take_address, true},
	[INIT_LAND] = {"land", 3, NULL, asked_land, suggest_land, take_land, true},
	[INIT_FROM] = {"from", 4, NULL, NULL, NULL, take_from, true},
	[INIT_WHAT] = {"what", 5, NULL, NULL, NULL, take_what, true},
	[INIT_OFTEN] = {"often", 6, NULL, NULL, suggest_often, take_often, false},
	[INIT_URL] = {"url", 7, NULL, NULL, NULL, take_url, true},
	[INIT_PROVIDER] = {"provider", 8, providers, NULL, suggest_none, take_provider, true},
	[INIT_HOSTING] = {"hosting", 9, hostings, NULL, suggest_self, take_hosting, false},
	[INIT_HOST] = {"firm", 0, NULL, asked_host, NULL, take_host, true},
	[INIT_BASE] = {"base", 0, NULL, asked_base, suggest_base, take_base, true},
};

bool init_asked(const struct init *in, enum init_answer which)
{
	return !init_questions[which].asked || init_questions[which].asked(in);
}

const char *init_suggest(struct init *in, enum init_answer which)
{
	return init_questions[which].suggest ? init_questions[which].suggest(in) : NULL;
}

const char *init_take(struct init *in, enum init_answer which, struct slice typed)
{
	const char *bad = NULL, *text;

	typed = slice_trim(typed);
	view_text(in->view, "typed", utf8_valid(typed) ? utf8_prefix(typed, 60) : SLICE(""));
	view_int(in->view, "max", INIT_ANSWER_BYTES);
	if (!utf8_valid(typed) || utf8_has_control(typed, false))
		bad = "init.bad.control";
	else if (!typed.len)
		bad = "init.bad.empty";
	else if (typed.len > INIT_ANSWER_BYTES)
		bad = "init.bad.long";
	text = keep(in, bad ? SLICE("") : typed);
	if (!bad)
		bad = init_questions[which].take(in, text);
	if (bad)
		return init_say(in, bad);
	in->typed[which] = text;
	return NULL;
}

/* The form's address depends on the website's; the Land on the address. */
void init_forget(struct init *in, enum init_answer which)
{
	in->typed[which] = NULL;
	if (which == INIT_ADDRESS) {
		in->typed[INIT_LAND] = NULL;
		in->land = NULL;
	}
	if (which == INIT_URL || which == INIT_HOSTING) {
		in->typed[INIT_BASE] = NULL;
		in->base = NULL;
	}
	if (which == INIT_HOSTING)
		in->typed[INIT_HOST] = NULL;
}

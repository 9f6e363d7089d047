/*
 * Whatever changes the processing changes the notice, and nothing else does: a walk over generated configurations,
 * each of which differs from the one before in one key. The table of keys (conf/key.h) says of each key in which
 * rows of the notice it shows; a key without rows must never change the notice, one with rows must, unless the rest
 * of the configuration makes it idle. NOTICE_SEED and NOTICE_STEPS change the walk.
 */
#include "core/notice.h"

#include "lib/world.h"

#include "base/crypt.h"
#include "conf/key.h"

#define STEPS 3000
#define CHOICES 4
#define HOST 1 /* the key stands in the host file */

struct gen;
struct key {
	const char *path;
	const char *values[CHOICES]; /* as written in YAML; "-": the key is absent */
	bool (*idle)(const struct gen *g); /* true: changing it says nothing new */
	int file;
};

static size_t key_at(const char *path);
static const char *value_of(const struct gen *g, const char *path);

static bool is(const struct gen *g, const char *path, const char *value)
{
	return strcmp(value_of(g, path), value) == 0;
}

static bool absent(const struct gen *g, const char *path)
{
	return is(g, path, "-");
}

/* ---- when a key says nothing: what the firm can reach decides */

static bool holds(const struct gen *g, const char *path, const char *word)
{
	return strstr(value_of(g, path), word) != NULL;
}

static bool reaches_us(const struct gen *g)
{
	return holds(g, "processors.mailjet.storage_locations", "US") || is(g, "processors.mailjet.us_affiliate", "true") ||
	    is(g, "processors.mailjet.parent_country", "US");
}

static bool reaches_decided(const struct gen *g)
{
	return holds(g, "processors.mailjet.storage_locations", "CH") ||
	    is(g, "processors.mailjet.parent_country", "GB");
}

static bool idle_clauses(const struct gen *g)
{
	return !reaches_us(g) && !reaches_decided(g);
}

static bool idle_checked(const struct gen *g)
{
	return !reaches_us(g) || !holds(g, "processors.mailjet.transfer.mechanism", "dpf");
}

static bool idle_affiliate(const struct gen *g)
{
	return holds(g, "processors.mailjet.storage_locations", "US") || is(g, "processors.mailjet.parent_country", "US");
}

/* Its own country is said beside its name; else it counts only outside the EEA. */
static bool idle_parent_country(const struct gen *g)
{
	return absent(g, "processors.mailjet.parent");
}

static bool idle_state(const struct gen *g)
{
	return !is(g, "controller.country", "DE") || !is(g, "regime", "gdpr") || !absent(g, "notice.authority");
}

static bool idle_ip(const struct gen *g)
{
	return is(g, "evidence.ip", "none");
}

static bool idle_form(const struct gen *g)
{
	return absent(g, "forms.all.fields");
}

static bool idle_list(const struct gen *g)
{
	return is(g, "mail.route", "[dir]");
}

/* Depends on country by country what it covers: at least one pair must show. */
static bool idle_mechanism(const struct gen *g)
{
	(void)g;
	return true;
}

static bool idle_embed_eea(const struct gen *g)
{
	return is(g, "website.embeds.film.country", "FR") && absent(g, "website.embeds.film.parent_country") &&
	    absent(g, "website.embeds.film.us_affiliate");
}

static bool idle_embed_checked(const struct gen *g)
{
	return idle_embed_eea(g) || !holds(g, "website.embeds.film.transfer.mechanism", "dpf");
}


/* Reached in some other way as well. */
static bool idle_embed_us(const struct gen *g)
{
	return is(g, "website.embeds.film.country", "US") || !absent(g, "website.embeds.film.parent_country") ||
	    !absent(g, "website.embeds.film.us_affiliate");
}

/* The website's server is said by website.host then, wherever the forms stand. */
static bool idle_origins(const struct gen *g)
{
	return !absent(g, "website.host");
}

static bool idle_contact(const struct gen *g)
{
	return !holds(g, "website.contact.by", "form");
}

static bool idle_host(const struct gen *g)
{
	return is(g, "hosting", "self");
}

#define T(de, en) "{ de: \"" de "\", en: \"" en "\" }"
#define D(n) {n, "11d", "12d"}
/* Groups stand together, as YAML wants them. */
static const struct key KEYS[] = {
	{"budgets.confirm", {"-", "1/24h"}, NULL, HOST},
	{"budgets.confirm_host", {"-", "3/24h"}, NULL, HOST},
	{"budgets.rights", {"-", "2/24h"}, NULL, HOST},
	{"budgets.per_prefix", {"-", "10/1h"}, NULL, HOST},
	{"budgets.per_site", {"-", "1000/24h"}, NULL, HOST},
	{"threads", {"-", "3"}, NULL, HOST},
	{"listen", {"-", "unix:/run/other.sock"}, NULL, HOST},
	{"trusted_proxies", {"-", "[10.0.0.0/8]"}, NULL, HOST},
	{"measures", {"-", "[separate_users]"}, NULL, HOST},
	{"log.level", {"-", "debug"}, NULL, HOST},
	{"log.format", {"-", "json"}, NULL, HOST},
	{"cgi.mail", {"-", "cron"}, NULL, HOST},

	{"base_url", {"https://www.a.example/j", "https://abo.a.example/j"}, NULL, 0},
	{"origins", {"[https://www.a.example]", "[https://abo.a.example]", "[https://www.a.example, https://abo.a.example]"},
	    idle_origins, 0},
	{"time_zone", {"-", "Europe/Vienna"}, NULL, 0},
	{"address", {"-", "du"}, NULL, 0},
	{"regime", {"gdpr", "dsg-ekd", "kdg"}, NULL, 0},
	{"controller.name", {"Beispiel", "Muster AG"}, NULL, 0},
	{"controller.legal_form", {"-", "GmbH & Co. KG"}, NULL, 0},
	{"controller.represented_by", {"-", "den Vorstand", "Vera Beispiel"}, NULL, 0},
	{"controller.address", {"[Weg 1, 10115 Berlin]", "[Weg 2, 10115 Berlin]"}, NULL, 0},
	{"controller.country", {"DE", "AT", "FR"}, NULL, 0},
	{"controller.state", {"BE", "BY", "HH"}, idle_state, 0},
	{"controller.email", {"a@a.example", "b@a.example"}, NULL, 0},
	{"controller.phone", {"-", "+49 30 1", "+49 30 2"}, NULL, 0},
	{"controller.imprint", {"https://www.a.example/i", "https://www.a.example/impressum"}, NULL, 0},
	{"dpo.name", {"-", "Dora Beispiel", "Die Stelle"}, NULL, 0},
	{"dpo.email", {"d@a.example", "e@a.example"}, NULL, 0},
	{"dpo.address", {"-", "[Weg 3, 10115 Berlin]"}, NULL, 0},
	{"representative.name", {"-", "Rolf Beispiel", "Vertretung GmbH"}, NULL, 0},
	{"representative.address", {"[Gasse 1, 1010 Wien]", "[Gasse 2, 1010 Wien]"}, NULL, 0},
	{"representative.country", {"AT", "IT"}, NULL, 0},
	{"representative.email", {"r@a.example", "s@a.example"}, NULL, 0},
	{"joint.with", {"-", "[\"Partner, Platz 1\"]", "[\"Partner, Platz 1\", \"Dritte, Platz 2\"]"}, NULL, 0},
	{"joint.essence", {T("Wir teilen.", "We share."), T("Sie tun es.", "They do it.")}, NULL, 0},
	{"joint.contact", {"wir", "sie"}, NULL, 0},
	{"purposes.news.basis", {"consent"}, NULL, 0},
	{"purposes.news.channel", {"email"}, NULL, 0},
	{"purposes.news.title", {T("Post", "Mail"), T("Brief", "Letter")}, NULL, 0},
	{"purposes.news.content", {T("Termine", "dates"), T("Berichte", "reports")}, NULL, 0},
	{"purposes.news.frequency", {T("monatlich", "monthly"), T("jede Woche", "weekly")}, NULL, 0},
	{"purposes.news.advertiser", {"-", "Die Tochter AG"}, NULL, 0},
	{"purposes.news.provider_list", {"-", "\"12345\""}, idle_list, 0},
	{"purposes.news.special", {"-", T("Glauben", "faith"), T("Gesundheit", "health")}, NULL, 0},
	{"purposes.news.opt_in", {"-", "double"}, NULL, 0},
	{"purposes.news.tracking", {"-", "none"}, NULL, 0},
	{"purposes.news.collected", {"-", "here"}, NULL, 0},
	{"purposes.news.last_sent", {"-", "2026-10-01", "2026-09-01"}, NULL, 0},
	{"purposes.tips.title", {T("Tipps", "Tips")}, NULL, 0},
	{"purposes.tips.content", {T("Tipps", "tips")}, NULL, 0},
	{"purposes.tips.frequency", {T("selten", "rarely")}, NULL, 0},
	{"forms.all.purposes", {"[news]", "[news, tips]"}, idle_form, 0},
	{"forms.all.title", {"-", T("Bestellen", "Order")}, NULL, 0},
	{"forms.all.fields", {"-", "[first_name?]", "[last_name]"}, NULL, 0},
	{"forms.all.fields_reason", {"-", "Anrede"}, NULL, 0},
	{"forms.all.old_text", {"-", "3d"}, NULL, 0},
	{"forms.all.next", {"-", "[https://www.a.example/danke]"}, NULL, 0},
	{"forms.all.pages", {"-", "[https://www.example.org/brief/]"}, NULL, 0},
	{"mail.from.name", {"-", "Die Post"}, NULL, 0},
	{"mail.from.email", {"p@a.example", "q@a.example"}, NULL, 0},
	{"mail.reply_to", {"-", "o@a.example"}, NULL, 0},
	{"mail.route", {"[dir]", "[mailjet, dir]"}, NULL, 0},
	{"mail.mailjet.key_file", {"mailjet.key", "other.key"}, NULL, 0},
	{"mail.mailjet.endpoint", {"-", "https://api.eu.mailjet.example"}, NULL, 0},
	{"mail.brevo.key_file", {"-", "brevo.key"}, NULL, 0},
	{"mail.brevo.endpoint", {"-", "https://api.eu.brevo.example"}, NULL, 0},
	{"mail.smtp.url", {"-", "smtps://mail.a.example", "smtp://127.0.0.1:25"}, NULL, 0},
	{"mail.smtp.user", {"-", "u"}, NULL, 0},
	{"mail.smtp.password_file", {"smtp.pass", "other.pass"}, NULL, 0},
	{"mail.dir.path", {"mails", "mails2"}, NULL, 0},
	{"mail.hooks.mailjet.secret_file", {"-", "hook.secret"}, NULL, 0},
	{"processors.mailjet.contract_party", {"Mailjet SAS", "Anderes SAS"}, NULL, 0},
	{"processors.mailjet.address", {"[Rue 1, 75012 Paris]", "[Rue 2, 75012 Paris]"}, NULL, 0},
	{"processors.mailjet.country", {"FR", "BE"}, NULL, 0},
	{"processors.mailjet.parent", {"-", "Mutter AB", "Vater AB"}, NULL, 0},
	{"processors.mailjet.parent_country", {"-", "US", "GB", "SE"}, idle_parent_country, 0},
	{"processors.mailjet.us_affiliate", {"-", "true"}, idle_affiliate, 0},
	{"processors.mailjet.role", {"-", T("Versand", "sending"), T("Archiv", "archive")}, NULL, 0},
	{"processors.mailjet.task", {"-", T("schicken", "send"), T("lagern", "store")}, NULL, 0},
	{"processors.mailjet.data", {"-", T("alles", "all"), T("nichts", "nothing")}, NULL, 0},
	{"processors.mailjet.storage_locations", {"-", "[DE]", "[DE, US]", "[CH]"}, NULL, 0},
	{"processors.mailjet.contract.date", {"2026-03-01", "2026-03-02"}, NULL, 0},
	{"processors.mailjet.contract.covers", {"-", "[duration, data, purpose, instructions, subprocessors, deletion, audit]"},
	    NULL, 0},
	{"processors.mailjet.contract.copy", {"-", "avv.pdf"}, NULL, 0},
	{"processors.mailjet.privacy_url", {"-", "https://p.example/a", "https://p.example/b"}, NULL, 0},
	{"processors.mailjet.subprocessors_url", {"-", "https://p.example/c", "https://p.example/d"}, NULL, 0},
	{"processors.mailjet.subprocessors_checked_on", {"-", "2026-11-01"}, NULL, 0},
	{"processors.mailjet.tracking_off_on", {"-", "2026-11-01"}, NULL, 0},
	{"processors.mailjet.transfer.mechanism", {"[scc]", "[adequacy, scc]", "[dpf, scc]", "[scc, bcr]"}, idle_mechanism, 0},
	{"processors.mailjet.transfer.scc_module", {"[2]", "[2, 3]"}, idle_clauses, 0},
	{"processors.mailjet.transfer.tia_date", {"2026-03-01", "2026-04-01"}, idle_clauses, 0},
	{"processors.mailjet.transfer.dpf.listed", {"true"}, NULL, 0},
	{"processors.mailjet.transfer.dpf.checked_on", {"2026-11-01", "2026-11-02"}, idle_checked, 0},
	{"processors.mailjet.retention", {"-", "90d", "30d"}, NULL, 0},
	{"processors.mailjet.certificates", {"-", "[ISO 27001]"}, NULL, 0},
	{"processors.mailjet.hosts", {"-", "[m.example]"}, NULL, 0},
	{"hosting.contract_party", {"self", "Haus GmbH", "Hof GmbH"}, NULL, 0},
	{"hosting.address", {"[Hostweg 1, 50667 K]"}, NULL, 0},
	{"hosting.country", {"DE", "AT"}, idle_host, 0},
	{"hosting.contract.date", {"2026-03-01", "2026-03-02"}, idle_host, 0},
	{"website.host", {"-", "self"}, NULL, 0},
	{"website.logs", D("-"), NULL, 0},
	{"website.log_fields", {"-", T("Zeit", "time"), T("IP", "IP")}, NULL, 0},
	{"website.hosts", {"-", "[m.a.example]"}, NULL, 0},
	{"website.files", {"-", "local"}, NULL, 0},
	{"website.cdn", {"-", "[mailjet]"}, NULL, 0},
	{"website.device", {"-", "none"}, NULL, 0},
	{"website.storage.cart.name", {"-", "cart", "basket"}, NULL, 0},
	{"website.storage.cart.purpose", {T("Korb", "cart"), T("Kasse", "till")}, NULL, 0},
	{"website.storage.cart.duration", {T("ein Tag", "a day"), T("zwei Tage", "two days")}, NULL, 0},
	{"website.storage.cart.basis", {"needed", "consent"}, NULL, 0},
	{"website.contact.by", {"-", "[mail]", "[mail, phone]", "[mail, phone, form]"}, NULL, 0},
	{"website.contact.retention", {"11d", "12d"}, NULL, 0},
	{"website.contact.processor", {"-", "mailjet"}, idle_contact, 0},
	{"website.statistics.tool", {"-", "GoatCounter", "Matomo"}, NULL, 0},
	{"website.statistics.ip", {"truncated", "none"}, NULL, 0},
	{"website.statistics.processor", {"-", "mailjet"}, NULL, 0},
	{"website.statistics.retention", {"11d", "12d"}, NULL, 0},
	{"website.statistics.optout", {T("hier", "here"), T("dort", "there")}, NULL, 0},
	{"website.embeds.film.kind", {"video", "map"}, NULL, 0},
	{"website.embeds.film.name", {"-", "Filme", "Videos"}, NULL, 0},
	{"website.embeds.film.company", {"Film SAS", "Video SAS"}, NULL, 0},
	{"website.embeds.film.address", {"[Rue 3, 75012 Paris]", "[Rue 4, 75012 Paris]"}, NULL, 0},
	{"website.embeds.film.country", {"FR", "US"}, NULL, 0},
	{"website.embeds.film.parent", {"-", "Opa Inc."}, NULL, 0},
	{"website.embeds.film.parent_country", {"-", "US"}, idle_embed_us, 0},
	{"website.embeds.film.us_affiliate", {"-", "true"}, idle_embed_us, 0},
	{"website.embeds.film.privacy_url", {"https://f.example/a", "https://f.example/b"}, NULL, 0},
	{"website.embeds.film.hosts", {"-", "[f.example]"}, NULL, 0},
	{"website.embeds.film.transfer.mechanism", {"[scc]", "[scc, bcr]", "[dpf, scc]"}, idle_mechanism, 0},
	{"website.embeds.film.transfer.scc_module", {"[1]", "[2]"}, idle_embed_eea, 0},
	{"website.embeds.film.transfer.tia_date", {"2026-03-01", "2026-04-01"}, idle_embed_eea, 0},
	{"website.embeds.film.transfer.dpf.listed", {"true"}, NULL, 0},
	{"website.embeds.film.transfer.dpf.checked_on", {"2026-11-01", "2026-11-02"}, idle_embed_checked, 0},
	{"website.links", {"-", "[Mastodon]", "[Mastodon, Forum]"}, NULL, 0},
	{"website.profiles.page.name", {"-", "Portal", "Netz"}, NULL, 0},
	{"website.profiles.page.company", {"Portal Ltd", "Netz Ltd"}, NULL, 0},
	{"website.profiles.page.url", {"-", "https://n.example/a", "https://n.example/b"}, NULL, 0},
	{"website.profiles.page.arrangement_url", {"https://n.example/c", "https://n.example/d"}, NULL, 0},
	{"website.texts.own.title", {"-", T("Mehr", "More"), T("Anderes", "Other")}, NULL, 0},
	{"website.texts.own.text", {T("Ein Satz.", "A sentence."), T("Zwei.", "Two.")}, NULL, 0},
	{"retention.unconfirmed", D("-"), NULL, 0},
	{"retention.evidence", {"-", "2y", "400d"}, NULL, 0},
	{"retention.erase_evidence_on_request", {"-", "true"}, NULL, 0},
	{"retention.ip", D("-"), idle_ip, 0},
	{"retention.requests", D("-"), NULL, 0},
	{"retention.deny_block", D("-"), NULL, 0},
	{"retention.backups", D("-"), NULL, 0},
	{"retention.backup_keys", {"-", "2d", "48h"}, NULL, 0},
	{"retention.logs", D("-"), NULL, 0},
	{"links.confirm", {"-", "24h", "12h"}, NULL, 0},
	{"links.rights", {"-", "20m"}, NULL, 0},
	{"evidence.ip", {"none", "truncated", "full"}, NULL, 0},
	{"evidence.checkpoint_every", {"-", "2h"}, NULL, 0},
	{"evidence.anchor_mail", {"-", "none"}, NULL, 0},
	{"evidence.anchor_to", {"-", "keep@b.example"}, NULL, 0},
	{"evidence.tsa.url", {"https://tsa.example/a", "https://tsa.example/b"}, NULL, 0},
	{"evidence.tsa.ca_file", {"tsa.pem", "other.pem"}, NULL, 0},
	{"addresses.allow", {"-", "[a.example]"}, NULL, 0},
	{"addresses.deny", {"-", "[b.example]"}, NULL, 0},
	{"look.accent", {"-", "\"#17604f\""}, NULL, 0},
	{"look.home", {"https://www.a.example/", "https://home.a.example/"}, NULL, 0},
	{"notice.target_countries", {"-", "[CH]", "[GB]"}, NULL, 0},
	{"notice.log_fields", {"-", T("Zeit", "time"), T("IP", "IP")}, NULL, 0},
	{"notice.authority", {"-", "iedpc", "itgpdp"}, NULL, 0},
	{"transparency.publish", {"-", "tiles"}, NULL, 0},
	{"waivers", {"-", "{ L39: \"one reason\" }", "{ L39: \"another\" }"}, NULL, 0},
};
#define N (sizeof(KEYS) / sizeof(KEYS[0]))

/* Keys that this walk leaves alone, and why. */
static const struct {
	const char *path, *why;
} LEFT[] = {
	{"data", "a place on this machine"},
	{"keys", "a place on this machine"},
	{"sites", "a place on this machine"},
	{"backup.public_key", "who can open a backup changes nothing for the people in it"},
	{"backup.journal", "a place on this machine"},
	{"ready", "a place on this machine"},
	{"templates", "an owner's own words may say anything; each change is a new version"},
	{"site", "another site"},
	{"languages", "another notice for each"},
	{"accept_draft", "needs a language of one's own (test_site.c)"},
	{"mode", "a transfer without safeguard: refused in live, open in try-out (test_notice.c)"},
	{"dpo", "with dpo.name"},
	{"hosting", "with hosting.contract_party"},
	{"mail.smtp.starttls", "needs a server elsewhere"},
	{"website.statistics", "with website.statistics.tool"},
	{"website.statistics.cookies", "needs an entry under website.storage (test_notice.c)"},
	{"website.embeds.*.remember", "needs an entry under website.storage (test_notice.c)"},
	{"website.embeds.*.withdraw", "with remember"},
};

struct gen {
	size_t choice[N];
};

static size_t key_at(const char *path)
{
	for (size_t i = 0; i < N; i++)
		if (strcmp(KEYS[i].path, path) == 0)
			return i;
	if (strcmp(path, "hosting") == 0)
		return key_at("hosting.contract_party");
	fail_msg("%s is not in the table", path);
	return 0;
}

static const char *value_of(const struct gen *g, const char *path)
{
	size_t i = key_at(path);

	return KEYS[i].values[g->choice[i]];
}

static size_t values(size_t i)
{
	size_t n = 0;

	while (n < CHOICES && KEYS[i].values[n])
		n++;
	return n;
}

/* ---- writing ---- */

/* Members of a group that is off are off as well. */
static bool written(const struct gen *g, size_t i)
{
	static const char *const groups[][2] = {{"dpo.", "dpo.name"}, {"representative.", "representative.name"},
	    {"joint.", "joint.with"}, {"mail.smtp.", "mail.smtp.url"}, {"mail.smtp.password_file", "mail.smtp.user"},
	    {"website.log", "website.host"}, {"website.storage.", "website.storage.cart.name"},
	    {"website.contact.", "website.contact.by"}, {"website.statistics.", "website.statistics.tool"},
	    {"website.embeds.", "website.embeds.film.name"}, {"website.profiles.", "website.profiles.page.name"},
	    {"website.texts.", "website.texts.own.title"},
	    {"mail.brevo.", "mail.brevo.key_file"}};

	for (size_t k = 0; k < sizeof(groups) / sizeof(groups[0]); k++)
		if (strncmp(KEYS[i].path, groups[k][0], strlen(groups[k][0])) == 0 && absent(g, groups[k][1]))
			return false;
	/* "all local" and "nothing on the device" are said or contradicted, not both */
	if ((strcmp(KEYS[i].path, "website.cdn") == 0 && !absent(g, "website.files")) ||
	    (strncmp(KEYS[i].path, "website.storage.", 16) == 0 && !absent(g, "website.device")))
		return false;
	if (strncmp(KEYS[i].path, "hosting.", 8) == 0 && is(g, "hosting", "self"))
		return false;
	return strcmp(KEYS[i].values[g->choice[i]], "-") != 0;
}

/* "a.b.c" below "a.x" opens b and writes c. */
static void leaf(struct buf *b, const char *before, const char *path, const char *value)
{
	size_t same = 0, depth = 0;

	for (size_t i = 0; path[i] && path[i] == before[i]; i++)
		if (path[i] == '.') {
			same = i + 1;
			depth++;
		}
	for (const char *at = path + same, *dot; at; at = dot ? dot + 1 : NULL, depth++) {
		dot = strchr(at, '.');
		buf_printf(b, "%*s%.*s:", (int)(2 * depth), "", dot ? (int)(dot - at) : (int)strlen(at), at);
		buf_printf(b, dot ? "\n" : " %s\n", value);
	}
}

static void gen_write(const struct gen *g, int file, struct buf *b)
{
	const char *before = "";

	buf_reset(b);
	if (!file)
		buf_add_str(b, "site: gen\nlanguages: [de, en]\nmode: live\n");
	for (size_t i = 0; i < N; i++) {
		if (KEYS[i].file != file || !written(g, i))
			continue;
		leaf(b, before, KEYS[i].path, KEYS[i].values[g->choice[i]]);
		before = KEYS[i].path;
	}
	if (!file && absent(g, "dpo.name"))
		buf_add_str(b, "dpo: none\n");
	if (!file && is(g, "hosting", "self"))
		buf_add_str(b, "hosting: self\n");
}

/* ---- the notice of a configuration ---- */

struct walk {
	char root[64];
	struct buf text;
	struct arena arena;
	uint64_t seed;
	size_t tried[N], shown[N];
};

static void put(struct walk *w, const char *name, const struct buf *text)
{
	struct errinfo ei = {0};
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", w->root, name);
	assert_int_equal(file_write(path, buf_slice(text), 0600, &ei), OK);
}

static void bodies_hash(struct walk *w, const struct conf *c, unsigned char hash[32])
{
	struct errinfo ei = {0};
	struct buf all;
	struct site *s;

	buf_init_arena(&all, &w->arena, 2 * NOTICE_MAX_BYTES);
	if (site_new(&s, c, c->sites[0], &ei) || notice_body(s, &w->arena, "de", &all, &ei) ||
	    notice_body(s, &w->arena, "en", &all, &ei))
		fail_msg("%s\n%s", ei.text, w->text.data);
	crypt_sha256(hash, all.data, all.len);
	site_free(s);
	arena_reset(&w->arena);
}

static void gen_hash(struct walk *w, const struct gen *g, unsigned char hash[32])
{
	char conf_path[128];
	struct conf_opts o = {.path = conf_path};
	struct errinfo ei = {0};
	struct conf_report rep;
	struct conf *c;

	gen_write(g, HOST, &w->text);
	buf_add_str(&w->text, "sites: site.yaml\n");
	put(w, "jawort.yaml", &w->text);
	gen_write(g, 0, &w->text);
	put(w, "site.yaml", &w->text);
	snprintf(conf_path, sizeof(conf_path), "%s/jawort.yaml", w->root);
	conf_report_init(&rep);
	if (conf_load(&o, &c, &rep, &ei))
		fail_msg("%s", ei.text);
	if (c->nbroken)
		fail_msg("%s\n%s", c->broken[0].first, w->text.data);
	bodies_hash(w, c, hash);
	conf_free(c);
	conf_report_free(&rep);
}

/* SplitMix64: the same walk everywhere. */
static size_t next_below(struct walk *w, size_t n)
{
	uint64_t z = w->seed += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return (size_t)((z ^ (z >> 31)) % n);
}

static bool shows(size_t i)
{
	const struct conf_key *k = conf_key_find(KEYS[i].file == HOST, KEYS[i].path);

	if (!k)
		fail_msg("%s is no key", KEYS[i].path);
	return k->notice != NULL;
}

static void step(struct walk *w, struct gen *g, size_t i, unsigned char hash[32])
{
	size_t n = values(i), was = g->choice[i];
	unsigned char now[32];
	bool member, changed;

	if (n < 2)
		return;
	member = written(g, i);
	g->choice[i] = (was + 1 + next_below(w, n - 1)) % n;
	member |= written(g, i);
	gen_hash(w, g, now);
	changed = memcmp(now, hash, 32) != 0;
	memcpy(hash, now, 32);
	w->tried[i]++;
	w->shown[i] += changed;
	if (changed && !shows(i))
		fail_msg("%s: \"%s\" -> \"%s\" changes the notice, but its key names no row", KEYS[i].path,
		    KEYS[i].values[was], KEYS[i].values[g->choice[i]]);
	if (!changed && shows(i) && member && !(KEYS[i].idle && KEYS[i].idle(g)))
		fail_msg("%s: \"%s\" -> \"%s\" does not change the notice\n%s", KEYS[i].path, KEYS[i].values[was],
		    KEYS[i].values[g->choice[i]], getenv("NOTICE_TEXT") ? w->text.data : "");
}

static void elsewhere(struct walk *w, struct gen *g, unsigned char hash[32])
{
	for (size_t i = 0; i < N; i++)
		g->choice[i] = next_below(w, values(i));
	gen_hash(w, g, hash);
}

static void test_walk(void **state)
{
	const char *seed = getenv("NOTICE_SEED"), *steps = getenv("NOTICE_STEPS");
	size_t most = steps ? strtoul(steps, NULL, 10) : STEPS;
	struct walk w = {.root = "/dev/shm/jawort-keys-XXXXXX", .seed = seed ? strtoull(seed, NULL, 10) : 1};
	struct gen g = {{0}};
	unsigned char hash[32];

	(void)state;
	if (access("/dev/shm", W_OK) != 0)
		snprintf(w.root, sizeof(w.root), "/tmp/jawort-keys-XXXXXX");
	assert_non_null(mkdtemp(w.root));
	buf_init(&w.text, 1u << 20);
	arena_init(&w.arena, 16u << 20);
	for (size_t n = 0; n < most; n++) {
		if (n % 50 == 0)
			elsewhere(&w, &g, hash);
		step(&w, &g, n < 20 * N ? n % N : next_below(&w, N), hash);
	}
	for (size_t i = 0; i < N; i++) {
		/* what is idle in most configurations is looked for */
		for (size_t n = 0; values(i) > 1 && shows(i) && !w.shown[i] && n < 500; n++) {
			elsewhere(&w, &g, hash);
			step(&w, &g, i, hash);
		}
		if (values(i) > 1 && shows(i) && !w.shown[i])
			fail_msg("%s never changed the notice in %zu tries", KEYS[i].path, w.tried[i]);
	}
	buf_free(&w.text);
	arena_free(&w.arena);
	world_remove(w.root);
}

/* ---- every key of the reference is in one of the two tables ---- */

static bool covers(const char *pattern, const char *path)
{
	while (*pattern && *path) {
		size_t a = strcspn(pattern, "."), b = strcspn(path, ".");
		if (!(a == 1 && *pattern == '*') && (a != b || memcmp(pattern, path, a) != 0))
			return false;
		pattern += a + (pattern[a] == '.');
		path += b + (path[b] == '.');
	}
	return !*pattern && !*path;
}

static void test_every_key_is_walked(void **state)
{
	size_t n, missing = 0;
	const struct conf_key *all = conf_keys(&n);

	(void)state;
	for (size_t k = 0; k < n; k++) {
		bool found = false;
		for (size_t i = 0; i < N; i++)
			found |= covers(all[k].path, KEYS[i].path);
		for (size_t i = 0; i < sizeof(LEFT) / sizeof(LEFT[0]); i++)
			found |= strcmp(all[k].path, LEFT[i].path) == 0;
		if (!found)
			fprintf(stderr, "%s: give it two values in KEYS, or a reason in LEFT\n", all[k].path);
		missing += !found;
	}
	assert_int_equal(missing, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_key_is_walked),
		cmocka_unit_test(test_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

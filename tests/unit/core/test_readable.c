/*
 * Plain language, counted: the first Wiener Sachtextformel on the rendered German notice (at most 9) and
 * on the words of forms, pages and mails (at most 7). And what it must not be won by: each row states its
 * facts, in each language, and German and English are built alike.
 *
 *     WSTF = 0.1935 MS + 0.1672 SL + 0.1297 IW - 0.0327 ES - 0.875
 *     MS % of words with three or more syllables, SL words per sentence,
 *     IW % of words with more than six letters, ES % of words with one syllable
 *
 * Counted are sentences of four or more words. Not counted: headings, data lines ("Inhalt: ..."), legal
 * references in brackets (short pieces would lower the figure), numbers. Links count as one word of two
 * syllables, and so does a placeholder where a phrase is counted as written.
 */
#include "core/notice_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "text/utf8.h"
#include "unit/core/embedded_set.h"
#include "unit/core/notice_world.h"

#define NOTICE_MOST 9.0
#define FORM_MOST 7.0
#define WORD_MAX 200

struct count {
	double words, sentences, three, one, seven;
	/* of the sentence that is open */
	double w, w3, w1, w7;
};

static bool is_vowel(uint32_t c)
{
	return c < 128 ? c && strchr("aeiouy", (int)c) != NULL : c == 0xe4 || c == 0xf6 || c == 0xfc || c == 0xe9 || c == 0xe8;
}

static bool is_pair(uint32_t a, uint32_t b)
{
	static const char *const pairs[] = {"au", "eu", "ei", "ai", "ie", "aa", "ee", "oo", "ey", "ay", "oe", "ou"};

	if (a == 0xe4 && b == 'u')
		return true;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (a == (uint32_t)pairs[i][0] && b == (uint32_t)pairs[i][1])
			return true;
	return false;
}

static unsigned syllables(const uint32_t *w, size_t n)
{
	unsigned k = 0;

	for (size_t i = 0; i < n;) {
		if (w[i] == 'q' && i + 1 < n && w[i + 1] == 'u')
			i += 2;
		else if (!is_vowel(w[i]))
			i++;
		else {
			k++;
			/* "Familie", "Kopien": the ending is two */
			bool split = n > 4 && i > 0 && (w[i - 1] == 'l' || w[i - 1] == 'p') && w[i] == 'i' && i + 1 < n &&
			    w[i + 1] == 'e' && (i + 2 == n || (i + 3 == n && w[i + 2] == 'n'));
			i += i + 1 < n && is_pair(w[i], w[i + 1]) && !split ? 2 : 1;
		}
	}
	return k ? k : 1;
}

static void word_add(struct count *c, const uint32_t *w, size_t n)
{
	size_t letters = 0;
	unsigned k = syllables(w, n);

	for (size_t i = 0; i < n; i++)
		letters += w[i] != '-';
	c->w++;
	c->w3 += k >= 3;
	c->w1 += k == 1;
	c->w7 += letters > 6;
}

static void sentence_end(struct count *c)
{
	if (c->w >= 4) {
		c->sentences++;
		c->words += c->w;
		c->three += c->w3;
		c->one += c->w1;
		c->seven += c->w7;
	}
	c->w = c->w3 = c->w1 = c->w7 = 0;
}

static bool is_letter(uint32_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= 0xc0 && c < 0x250 && c != 0xd7 && c != 0xf7);
}

static uint32_t lower(uint32_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 0xc0 && c <= 0xde) ? c + 0x20 : c;
}

/* "(Art. 6 Abs. 1 ...)" is left out as a whole; returns the byte behind it, or from. */
static size_t skip_reference(struct slice s, size_t from)
{
	static const char *const marks[] = {"Art.", "§", "DSGVO", "UWG", "Beschluss"};
	size_t to = from, depth = 0;

	do {
		depth += s.ptr[to] == '(';
		depth -= s.ptr[to] == ')';
	} while (++to < s.len && depth);
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (memmem(s.ptr + from, to - from, marks[i], strlen(marks[i])))
			return to;
	return from;
}

/* "{name}", a link or a mail address: one word of two syllables. Returns the byte behind it, or from. */
static size_t skip_value(struct slice s, size_t from)
{
	size_t to = from;

	if (s.ptr[from] == '{')
		return slice_find(s, '}', from) + 1;
	while (to < s.len && s.ptr[to] != ' ' && s.ptr[to] != '\n')
		to++;
	if (!memmem(s.ptr + from, to - from, "://", 3) && !memchr(s.ptr + from, '@', to - from))
		return from;
	while (to > from && strchr(".,;:)", s.ptr[to - 1]))
		to--;
	return to;
}

static const struct {
	const char *text;
} SHORT[] = {{"Art. "}, {"Abs. "}, {"Buchst. "}, {"Nr. "}, {"e. V."}, {"z. B."}};

static size_t skip_short(struct slice s, size_t from)
{
	for (size_t i = 0; i < sizeof(SHORT) / sizeof(SHORT[0]); i++)
		if (slice_starts(slice_sub(s, from, s.len), slice_from(SHORT[i].text)))
			return from + strlen(SHORT[i].text);
	return from;
}

/* A list item "what: value", which is no sentence. */
static bool data_line(struct slice p)
{
	size_t colon = slice_find(p, ':', 0);

	return slice_starts(p, SLICE("* ")) && colon < 42 && colon < p.len && slice_find(p, '.', 0) == p.len;
}

static void paragraph(struct count *c, struct slice p)
{
	static const uint32_t value[] = {'x', 'a', 'x', 'a'};
	uint32_t word[WORD_MAX];
	size_t n = 0;
	bool start = true;

	if (!p.len || data_line(p))
		return;
	for (size_t i = 0; i < p.len;) {
		uint32_t cp = (unsigned char)p.ptr[i];
		size_t to = p.ptr[i] == '(' ? skip_reference(p, i) : start ? skip_value(p, i) : i, len = 1;
		if (to == i && start)
			to = skip_short(p, i);
		if (to > i) {
			if (p.ptr[i] != '(' && to - i > 5 && !skip_short(p, i))
				word_add(c, value, 4);
			else if (p.ptr[i] == '{' || memchr(p.ptr + i, '@', to - i) || memchr(p.ptr + i, '/', to - i))
				word_add(c, value, 4);
			i = to;
			continue;
		}
		if (cp >= 0x80) {
			len = cp >= 0xf0 ? 4 : cp >= 0xe0 ? 3 : 2;
			cp = len == 2 && i + 1 < p.len ? (cp & 0x1f) << 6 | ((unsigned char)p.ptr[i + 1] & 0x3f) : 0x2000;
		}
		if ((is_letter(cp) || (cp == '-' && n)) && n < WORD_MAX) {
			word[n++] = lower(cp);
		} else {
			if (n)
				word_add(c, word, n);
			n = 0;
			if ((cp == '.' || cp == '?') && (i + 1 == p.len || strchr(" \n", p.ptr[i + 1])) &&
			    !(i && p.ptr[i - 1] >= '0' && p.ptr[i - 1] <= '9'))
				sentence_end(c);
		}
		start = !is_letter(cp);
		i += len;
	}
	if (n)
		word_add(c, word, n);
	sentence_end(c);
}

static void text(struct count *c, struct slice s)
{
	struct slice line;

	while (slice_split(&s, '\n', &line))
		paragraph(c, slice_trim(line));
}

static double wstf(const struct count *c)
{
	double percent = 100.0 / c->words;

	return 0.1935 * c->three * percent + 0.1672 * c->words / c->sentences + 0.1297 * c->seven * percent -
	    0.0327 * c->one * percent - 0.875;
}

/* ---- the counter itself */

static const struct {
	int line;
	const char *word;
	unsigned syllables;
} WORDS[] = {
	{__LINE__, "Haus", 1}, {__LINE__, "Adresse", 3}, {__LINE__, "Einwilligung", 4}, {__LINE__, "Familie", 4},
	{__LINE__, "Kopien", 3}, {__LINE__, "Quelle", 2}, {__LINE__, "überträgt", 3}, {__LINE__, "Mäuse", 2},
	{__LINE__, "die", 1}, {__LINE__, "Neue", 2}, {__LINE__, "mm", 1}, {__LINE__, "IP-Adresse", 4},
};

static void test_syllables(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++) {
		uint32_t w[WORD_MAX];
		size_t n = 0;
		for (const unsigned char *p = (const unsigned char *)WORDS[i].word; *p; p++) {
			uint32_t cp = *p;
			if (*p >= 0xc0) {
				cp = (uint32_t)(*p & 0x1f) << 6 | (p[1] & 0x3f);
				p++;
			}
			w[n++] = lower(cp);
		}
		if (syllables(w, n) != WORDS[i].syllables)
			fail_msg("row of line %d: %u", WORDS[i].line, syllables(w, n));
	}
}

/* Counted by hand: 6 words, 1 sentence; three syllables: Adresse, löschen wir ... */
static void test_formula(void **state)
{
	struct count c = {0};

	(void)state;
	text(&c, SLICE("Wir löschen Ihre Adresse (Art. 17 DSGVO) bald.\n* Inhalt: Termine und Berichte\nKurz und gut.\n"));
	assert_int_equal((int)c.sentences, 1);
	assert_int_equal((int)c.words, 5);
	assert_int_equal((int)c.three, 1);
	assert_int_equal((int)c.one, 2);
	assert_int_equal((int)c.seven, 2);
	/* 0.1935*20 + 0.1672*5 + 0.1297*40 - 0.0327*40 - 0.875 = 7.711 */
	assert_true(wstf(&c) > 7.70 && wstf(&c) < 7.72);
	c = (struct count){0};
	text(&c, SLICE("Schreiben Sie an daten@verein.test oder rufen Sie an. Mehr unter https://a.test/b. {contact} ist auch da."));
	assert_int_equal((int)c.sentences, 2);
	/* a bad text is seen as one */
	c = (struct count){0};
	text(&c, SLICE("Die Verarbeitung personenbezogener Daten erfolgt ausschließlich zur ordnungsgemäßen Durchführung der "
	    "Newsletterversendung gemäß datenschutzrechtlicher Bestimmungen."));
	assert_true(wstf(&c) > 15);
}

/* ---- the notice as people read it */

static void notice_count(struct count *c, const struct site *s, struct notice_doc *d)
{
	struct errinfo ei = {0};

	for (size_t i = 0; i < d->nsections; i++)
		for (size_t k = 0; k < d->sections[i].nblocks; k++) {
			const struct notice_block *b = &d->sections[i].blocks[k];
			struct buf out;
			if (!b->row->key || strcmp(b->row->id, "W9") == 0)
				continue; /* words of the owner are the owner's */
			buf_init_arena(&out, &world.arena, 1u << 16);
			if (phrase_plain_block(&out, phrases_get(site_words(s, "de"), slice_from(b->row->key)), b->view, UINT32_MAX,
			    0, &ei))
				fail_msg("%s", ei.text);
			text(c, buf_slice(&out));
		}
}

static void test_notice_is_plain(void **state)
{
	static const char *const sites[] = {"club", "firm", "world", "site", "portal"};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(sites) / sizeof(sites[0]); i++) {
		struct conf_site conf = world_copy(sites[i / 2]);
		struct count c = {0};
		struct errinfo ei = {0};
		struct notice_doc d;
		struct site *s;
		conf.address = i % 2 ? CONF_DU : CONF_SIE;
		s = world_site(&conf);
		assert_int_equal(notice_doc_make(&d, s, &world.arena, "de", NULL, &ei), OK);
		notice_count(&c, s, &d);
		assert_true(c.sentences > 60);
		print_message("%s %s: WSTF %.2f, %d sentences, %.1f words each\n", sites[i / 2], i % 2 ? "du" : "Sie", wstf(&c),
		    (int)c.sentences, c.words / c.sentences);
		if (wstf(&c) > NOTICE_MOST)
			fail_msg("%s: WSTF %.2f", sites[i / 2], wstf(&c));
		arena_reset(&world.arena);
		site_free(s);
	}
}

/* ---- forms, pages and mails as written */

struct group {
	const char *prefix;
	struct count c;
};

static void group_one(struct slice key, const struct phrase *ph, void *arg)
{
	struct group *g = arg;

	if (slice_starts(key, slice_from(g->prefix)))
		text(&g->c, phrase_source(ph));
}

static void test_forms_and_mails_are_plain(void **state)
{
	static const char *const prefixes[] = {"form.", "error.", "page.", "mail."};

	(void)state;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		struct group g = {.prefix = prefixes[i]};
		phrases_each(all.words[DE], group_one, &g);
		assert_true(g.c.sentences > 5);
		print_message("%s WSTF %.2f, %d sentences\n", prefixes[i], wstf(&g.c), (int)g.c.sentences);
		if (wstf(&g.c) > FORM_MOST)
			fail_msg("%s: WSTF %.2f", prefixes[i], wstf(&g.c));
	}
}

/* ---- what each row must state, so that short is not bare */

static const struct {
	int line;
	const char *key, *de, *en; /* facts separated by ";", words for the same fact by "|" */
} FACTS[] = {
	{__LINE__, "n01.controller", "{controller_block}", "{controller_block}"},
	{__LINE__, "n02.representative", "{controller_country};{representative_block}", "{controller_country};{representative_block}"},
	{__LINE__, "n03.dpo", "{dpo_block}", "{dpo_block}"},
	{__LINE__, "n04.joint", "{joint_block};{joint_essence};{joint_contact};gegen jeden", "{joint_block};{joint_essence};{joint_contact};against each"},
	{__LINE__, "n05.news", "{fields_used};{content};{frequency};{advertiser};eingewilligt;Art. 6 Abs. 1 Buchst. a", "{fields_used};{content};{frequency};{advertiser};consented;6(1)(a)"},
	{__LINE__, "n05.special", "{special_topic};ausdrücklich;Art. 9 Abs. 2 Buchst. a", "{special_topic};explicitly;9(2)(a)"},
	{__LINE__, "n07.check", "{confirm_link};{unconfirmed};Buchst. c;Buchst. f;Interesse", "{confirm_link};{unconfirmed};(c);(f);interest"},
	{__LINE__, "n08.proof", "Seite;angekreuzt;Zeiten;{ip_text};Buchst. c;Buchst. f;gesperrt", "page;ticked;times;{ip_text};(c);(f);locked"},
	{__LINE__, "n09.abuse", "{abuse_controls};{abuse_retention_dative};Interesse;Buchst. f", "{abuse_controls};{abuse_retention_dative};interest;(f)"},
	{__LINE__, "n10.requests", "Vermerk;Buchst. c", "note;(c)"},
	{__LINE__, "n11.suppression", "Code;Datum über;Löschen;Interesse;Buchst. f;Art. 21", "code;data about;erasure;interest;(f);21(3)"},
	{__LINE__, "n11.deny", "{deny_block}", "{deny_block}"},
	{__LINE__, "n12.off", "keine Bilder;ohne Umweg;nicht, ob", "no tracking images;straight;not measure"},
	{__LINE__, "n13.logs", "{host_name};{log_fields};{log_days_dative}", "{host_name};{log_fields};{log_days_dative}"},
	{__LINE__, "n13.site", "{host_name};{log_fields};{log_days_dative}", "{host_name};{log_fields};{log_days_dative}"},
	{__LINE__, "n13.site.open", "{host_name};{log_fields};richtet sich danach;{host_privacy_url}", "{host_name};{log_fields};measure is;{host_privacy_url}"},
	{__LINE__, "n13.interest", "Interesse;Buchst. f", "interest;(f)"},
	{__LINE__, "n14.none", "speichern nichts;gelesen;Dritten", "store nothing;read;third parties"},
	{__LINE__, "n14.list", "unbedingt nötig;Ja;Buchst. a", "strictly needed;yes;(a)"},
	{__LINE__, "n15.data", "{field_list};{browser_list};{delivery}", "{field_list};{browser_list};{delivery}"},
	{__LINE__, "n16.must", "Kein Gesetz;kein Vertrag;{must_field};freiwillig", "No law;no contract;{must_field};optional"},
	{__LINE__, "n17.intro", "Auftrag;Art. 28", "behalf;Art. 28"},
	{__LINE__, "n17.processor", "{address};{task};{data};{storage_locations};{parent};{reach};{safeguard};{contract_date};{privacy_url};{subprocessors_url}", "{address};{task};{data};{storage_locations};{parent};{reach};{safeguard};{contract_date};{privacy_url};{subprocessors_url}"},
	{__LINE__, "n17.contacts", "{contract_party};noch niemand bestätigt;löschen", "{contract_party};nobody has confirmed;erased"},
	{__LINE__, "n19.disclosure", "Gesetz;Gerichte;verkaufen", "law;Courts;sell"},
	{__LINE__, "n20.dpf", "{recipient};{task};Datenschutzrahmen;2023/1795;{dpf_checked_on}", "{recipient};{task};Privacy Framework;2023/1795;{dpf_checked_on}"},
	{__LINE__, "n20.scc", "{recipient};{country};{task};Standardvertragsklauseln;{scc_module};{tia_date}", "{recipient};{country};{task};standard contractual clauses;{scc_module};{tia_date}"},
	{__LINE__, "n20.affiliate", "{storage_locations};{group_countries};nicht auszuschließen", "{storage_locations};{group_countries};cannot be excluded"},
	{__LINE__, "n20.copy", "Kopie;{contact}", "copy;{contact}"},
	{__LINE__, "n22.rights", "Auskunft;Berichtigung;Löschung;Einschränkung;Art. 15;Art. 16;Art. 17;Art. 18;Art. 19;Art. 20", "Access;Rectification;Erasure;Restriction;Art. 15;Art. 16;Art. 17;Art. 18;Art. 19;Art. 20"},
	{__LINE__, "n22.ways", "{contact};Ausweis;einem Monat;kostet nichts;zwei Monate", "{contact};ID;one month;free;two months"},
	{__LINE__, "n23.objection", "Werbung;ohne Grund;berechtigtes Interesse", "advertising;without a reason;legitimate interest"},
	{__LINE__, "n23.objection.rest", "besonderen Lage;zwingende Gründe;Ansprüche", "particular situation;compelling grounds;claims"},
	{__LINE__, "n24.withdraw", "jederzeit;Zukunft;Link;{contact};bleibt rechtmäßig", "any time;future;link;{contact};stays lawful"},
	{__LINE__, "n25.complaint", "jeder Aufsichtsbehörde;wohn;arbeite;Verstoßes;{authority_block}", "any data protection authority;live;work;breach;{authority_block}"},
	{__LINE__, "n26.automated", "kein Programm allein;kein Profil;Filter;{contact}", "No program alone;no profile;filter;{contact}"},
	{__LINE__, "n33.change", "vorher;eigenen Mail;fragen wir neu", "first;separate email;ask again"},
	/* the website: what, data, recipient, basis, period, how to object */
	{__LINE__, "m.contact.mail", "Adresse;Zeit;Text", "address;time;text"},
	{__LINE__, "m.contact.phone", "Nummer;notieren", "number;note"},
	{__LINE__, "m.contact.form", "Zeit;nicht antworten", "time;cannot answer"},
	{__LINE__, "m.contact", "antworten;Buchst. b;Buchst. f;Interesse;{contact_retention}", "answer;(b);(f);interest;{contact_retention}"},
	{__LINE__, "m.fonts.local", "Schriften;IP-Adresse;keine weitere Firma", "Fonts;IP address;no further company"},
	{__LINE__, "m.cdn", "{cdn_name};{cdn_task};IP-Adresse;Zeit;Browser;Seite", "{cdn_name};{cdn_task};IP address;time;browser;page"},
	{__LINE__, "m.cdn.kept", "{cdn_retention_dative}", "{cdn_retention_dative}"},
	{__LINE__, "m.cdn.open", "richtet sich danach;{cdn_privacy_url}", "measure is;{cdn_privacy_url}"},
	{__LINE__, "m.cdn.interest", "Interesse;Buchst. f", "interest;(f)"},
	{__LINE__, "m.stats.plain", "{stats_tool};{stats_where};Zeit;Browser;{stats_ip};nichts gespeichert;{stats_retention_dative};Interesse;Buchst. f;widersprechen;{stats_optout}", "{stats_tool};{stats_where};time;browser;{stats_ip};Nothing is stored;{stats_retention_dative};interest;(f);object;{stats_optout}"},
	{__LINE__, "m.stats.consent", "{stats_tool};{stats_where};Zeit;Browser;{stats_ip};{stats_cookies};{stats_retention_dative};Einwilligung;Buchst. a;widerrufen;{stats_optout};{device_ref}", "{stats_tool};{stats_where};time;browser;{stats_ip};{stats_cookies};{stats_retention_dative};consent;(a);withdraw;{stats_optout};{device_ref}"},
	{__LINE__, "m.embed.click", "erst, wenn;{embed_company};IP-Adresse;Cookies;{embed_address};{embed_country};{embed_privacy_url};Einwilligung;Buchst. a;{device_ref}", "only when;{embed_company};IP address;cookies;{embed_address};{embed_country};{embed_privacy_url};consent;(a);{device_ref}"},
	{__LINE__, "m.embed.page", "verlassen|verlässt;neu laden|neu lädst", "leave;reload"},
	{__LINE__, "m.embed.stored", "Browser;widerrufen;{embed_withdraw}", "browser;withdraw;{embed_withdraw}"},
	{__LINE__, "m.social.links", "{social_names};einfache Links;Erst wenn", "{social_names};plain links;Only when"},
	{__LINE__, "m.social.profile", "{social_name};{social_company};gemeinsam verantwortlich;Art. 26;Interesse;Buchst. f;{social_arrangement_url};löschen|löscht", "{social_name};{social_company};jointly responsible;Art. 26;interest;(f);{social_arrangement_url};erase"},
	{__LINE__, "m.own", "{controller_name};selbst geschrieben", "{controller_name};wrote this section"},
};

/* Spaces that do not break count as spaces. */
static bool states(struct slice source, struct slice fact)
{
	static char plain[8192];
	size_t n = 0;
	struct slice one;

	for (size_t i = 0; i < source.len && n < sizeof(plain); i++) {
		bool wide = i + 1 < source.len && memcmp(source.ptr + i, "\xc2\xa0", 2) == 0;
		plain[n++] = wide ? ' ' : source.ptr[i];
		i += wide;
	}
	while (slice_split(&fact, '|', &one))
		if (memmem(plain, n, one.ptr, one.len))
			return true;
	return false;
}

static void facts_of(int lang, const char *key, const char *facts, int line)
{
	struct slice rest = slice_from(facts), fact;
	const struct phrase *ph;
	char full[80];

	snprintf(full, sizeof(full), "notice.%s", key);
	ph = phrases_get(all.words[lang], slice_from(full));
	if (!ph)
		fail_msg("row of line %d: no phrase %s", line, full);
	while (slice_split(&rest, ';', &fact))
		if (!states(phrase_source(ph), fact))
			fail_msg("row of line %d: %s in %s does not state \"%.*s\"", line, full, FOLDERS[lang], SLICE_FMT(fact));
}

static void test_facts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(FACTS) / sizeof(FACTS[0]); i++) {
		facts_of(DE, FACTS[i].key, FACTS[i].de, FACTS[i].line);
		facts_of(DU, FACTS[i].key, FACTS[i].de, FACTS[i].line);
		facts_of(EN, FACTS[i].key, FACTS[i].en, FACTS[i].line);
	}
}

/* ---- German and English are built alike: paragraphs, list items, numbers */

struct shape {
	size_t paragraphs, items, strong;
	unsigned long numbers; /* sum of all numbers, whatever their order */
};

static struct shape shape_of(const struct phrase *ph)
{
	struct slice rest = phrase_source(ph), line;
	struct shape s = {0};
	bool open = false;

	while (slice_split(&rest, '\n', &line)) {
		bool item = slice_starts(line, SLICE("* "));
		s.items += item;
		s.paragraphs += line.len && !item && !open;
		open = line.len && !item;
		for (size_t i = 0; i + 1 < line.len; i++)
			s.strong += line.ptr[i] == '*' && line.ptr[i + 1] == '*';
		for (size_t i = 0; i < line.len; i++) {
			unsigned long n = 0;
			while (i < line.len && line.ptr[i] >= '0' && line.ptr[i] <= '9')
				n = n * 10 + (unsigned long)(line.ptr[i++] - '0');
			s.numbers += n;
		}
	}
	return s;
}

static void shape_one(struct slice key, const struct phrase *ph, void *arg)
{
	const struct phrase *en = phrases_get(all.words[EN], key);
	struct shape a, b;
	size_t *wrong = arg;

	if (!en || !slice_starts(key, SLICE("notice.")))
		return;
	a = shape_of(ph);
	b = shape_of(en);
	if (a.paragraphs == b.paragraphs && a.items == b.items && a.strong == b.strong && a.numbers == b.numbers)
		return;
	print_message("%.*s: de %zu/%zu/%zu/%lu, en %zu/%zu/%zu/%lu\n", SLICE_FMT(key), a.paragraphs, a.items, a.strong,
	    a.numbers, b.paragraphs, b.items, b.strong, b.numbers);
	++*wrong;
}

static void test_languages_are_built_alike(void **state)
{
	size_t wrong = 0;

	(void)state;
	phrases_each(all.words[DE], shape_one, &wrong);
	phrases_each(all.words[DU], shape_one, &wrong);
	assert_int_equal(wrong, 0);
}

static int up(void **state)
{
	return world_up(state) || set_load(state);
}

static int down(void **state)
{
	return set_free(state) || world_down(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_syllables),
		cmocka_unit_test(test_formula),
		cmocka_unit_test(test_notice_is_plain),
		cmocka_unit_test(test_forms_and_mails_are_plain),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_languages_are_built_alike),
	};

	return cmocka_run_group_tests(tests, up, down);
}

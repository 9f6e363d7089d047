/* The table of the notice: every row, what makes it appear, what fills it, what law asks for it. */
#include "core/notice_priv.h"

#include <string.h>

#include "core/contact.h"

bool notice_always(const struct notice_facts *f, size_t i)
{
	(void)f;
	(void)i;
	return true;
}

static bool hub(const struct notice_facts *f, size_t i)
{
	(void)i;
	return f->hub;
}

static bool no_hub(const struct notice_facts *f, size_t i)
{
	return !hub(f, i);
}

static bool third(const struct notice_facts *f, size_t i)
{
	(void)i;
	return f->third.n > 0;
}

static bool no_third(const struct notice_facts *f, size_t i)
{
	return !third(f, i);
}

static bool held_abroad(const struct notice_facts *f, size_t i)
{
	(void)i;
	return f->nholders > 0 && f->held.n > 0;
}

static bool held_here(const struct notice_facts *f, size_t i)
{
	(void)i;
	return f->nholders > 0 && f->held.n == 0;
}

static bool held_by_none(const struct notice_facts *f, size_t i)
{
	(void)i;
	return f->nholders == 0;
}

static bool no_firm(const struct notice_facts *f, size_t i)
{
	(void)i;
	return f->nfirms == 0;
}

static bool nobody(const struct notice_facts *f, size_t i)
{
	(void)i;
	return f->nall == 0;
}

/* Services on a click get data, but nobody else does. */
static bool click_only(const struct notice_facts *f, size_t i)
{
	return no_firm(f, i) && f->nall > 0;
}

static bool one_firm(const struct notice_facts *f, size_t i)
{
	(void)i;
	return f->nfirms == 1;
}

static bool firms(const struct notice_facts *f, size_t i)
{
	(void)i;
	return f->nfirms > 1;
}

static bool processor(const struct notice_facts *f, size_t i)
{
	return !f->firms[i].embed;
}

/* The provider keeps a contact of everybody it ever wrote to (docs/providers/mailjet.md). */
static bool contacts(const struct notice_facts *f, size_t i)
{
	return f->firms[i].mail && strcmp(f->firms[i].p->id, "mailjet") == 0;
}

static bool imprint(const struct notice_facts *f, size_t i)
{
	(void)i;
	return *f->conf->controller.imprint != '\0';
}

static bool representative(const struct notice_facts *f, size_t i)
{
	(void)i;
	return f->conf->representative_set;
}

static bool dpo(const struct notice_facts *f, size_t i)
{
	(void)i;
	return f->conf->dpo_kind == CONF_NAMED;
}

static bool no_dpo(const struct notice_facts *f, size_t i)
{
	return !dpo(f, i);
}

static bool church(const struct notice_facts *f, size_t i)
{
	(void)i;
	return f->conf->regime != CONF_GDPR;
}

static bool joint(const struct notice_facts *f, size_t i)
{
	(void)i;
	return f->conf->joint.with.n > 0;
}

static bool by_mail(const struct notice_facts *f, size_t i)
{
	return f->conf->purposes[i].channel == CONF_EMAIL;
}

static bool special(const struct notice_facts *f, size_t i)
{
	return by_mail(f, i) && f->conf->purposes[i].special.n > 0;
}

/* The mail provider reports bounces and complaints to us. */
static bool hooked(const struct notice_facts *f, size_t i)
{
	(void)i;
	return f->conf->mail.nhooks > 0;
}

/* Confirmed people are put on a list at the provider. */
static bool listed(const struct notice_facts *f, size_t i)
{
	(void)i;
	for (size_t p = 0; p < f->conf->npurposes; p++)
		if (*f->conf->purposes[p].provider_list && contact_keeper(f->conf))
			return true;
	return false;
}

static bool log_public(const struct notice_facts *f, size_t i)
{
	(void)i;
	return f->log_public;
}

static bool hosted(const struct notice_facts *f)
{
	return f->conf->hosting_kind == CONF_NAMED;
}

static bool site_hosted(const struct notice_facts *f, size_t i)
{
	(void)i;
	return f->form_here && hosted(f);
}

static bool site_own(const struct notice_facts *f, size_t i)
{
	(void)i;
	return f->form_here && !hosted(f);
}

static bool form_hosted(const struct notice_facts *f, size_t i)
{
	(void)i;
	return f->form_elsewhere && hosted(f);
}

static bool form_own(const struct notice_facts *f, size_t i)
{
	(void)i;
	return f->form_elsewhere && !hosted(f);
}

/* ---- N20: one firm and what protects data that it could reach outside the EEA ---- */

static bool seat_outside(const struct notice_facts *f, size_t i)
{
	(void)i;
	return f->third.n > 0 && strcmp(f->third.v[0], f->conf->controller.country) == 0;
}

static bool direct_decided(const struct notice_facts *f, size_t i)
{
	return f->firms[i].direct.decided.n > 0;
}

static bool direct_dpf(const struct notice_facts *f, size_t i)
{
	return f->firms[i].direct.dpf;
}

static bool direct_fallback(const struct notice_facts *f, size_t i)
{
	return f->firms[i].scc && (direct_decided(f, i) || direct_dpf(f, i));
}

static bool direct_scc(const struct notice_facts *f, size_t i)
{
	return f->firms[i].scc && f->firms[i].direct.rest.n > 0;
}

static bool direct_bcr(const struct notice_facts *f, size_t i)
{
	return f->firms[i].bcr && !f->firms[i].scc && f->firms[i].direct.rest.n > 0;
}

static bool open_safeguard(const struct notice_facts *f, size_t i)
{
	const struct notice_firm *x = &f->firms[i];

	return !x->scc && !x->bcr && (x->direct.rest.n > 0 || x->group.rest.n > 0);
}

static bool group(const struct notice_facts *f, size_t i)
{
	return f->firms[i].group.all.n > 0;
}

static bool group_stored(const struct notice_facts *f, size_t i)
{
	return group(f, i) && f->firms[i].p->storage_locations.n > 0;
}

static bool group_seated(const struct notice_facts *f, size_t i)
{
	return group(f, i) && f->firms[i].p->storage_locations.n == 0;
}

static bool group_decided(const struct notice_facts *f, size_t i)
{
	return f->firms[i].group.decided.n > 0;
}

static bool group_dpf(const struct notice_facts *f, size_t i)
{
	return f->firms[i].group.dpf;
}

static bool group_scc(const struct notice_facts *f, size_t i)
{
	return f->firms[i].scc && f->firms[i].group.rest.n > 0;
}

static bool group_fallback(const struct notice_facts *f, size_t i)
{
	return f->firms[i].scc && (group_decided(f, i) || group_dpf(f, i));
}

/* Binding rules beside another safeguard, or for the group. */
static bool more_bcr(const struct notice_facts *f, size_t i)
{
	const struct notice_firm *x = &f->firms[i];

	return x->bcr && !direct_bcr(f, i) && (x->direct.all.n > 0 || x->group.all.n > 0);
}

/* Art. 46 safeguards of which a copy can be asked for. */
static bool copies(const struct notice_facts *f, size_t i)
{
	(void)i;
	for (size_t k = 0; k < f->nall; k++) {
		const struct notice_firm *x = &f->firms[k];
		if ((x->scc || x->bcr) && (x->direct.all.n || x->group.all.n))
			return true;
	}
	return false;
}

/* ---- the end ---- */

static bool german(const struct notice_facts *f, size_t i)
{
	(void)i;
	return strcmp(f->conf->controller.country, "DE") == 0;
}

static bool not_german(const struct notice_facts *f, size_t i)
{
	return !german(f, i);
}

static bool evidence_erased(const struct notice_facts *f, size_t i)
{
	(void)i;
	return f->conf->retention.erase_evidence;
}

static bool authority_known(const struct notice_facts *f, size_t i)
{
	(void)i;
	return f->authority != NULL;
}

static bool authority_unknown(const struct notice_facts *f, size_t i)
{
	(void)i;
	return !f->authority;
}

static bool targets_ch(const struct notice_facts *f, size_t i)
{
	(void)i;
	return conf_list_has(&f->conf->notice.target_countries, "CH");
}

static bool targets_uk(const struct notice_facts *f, size_t i)
{
	(void)i;
	return conf_list_has(&f->conf->notice.target_countries, "GB");
}

#define TOP NOTICE_TOP, NOTICE_ONCE, "summary", NULL, NULL
#define BOX NOTICE_BOX, NOTICE_ONCE, "objection", NULL, NULL
#define FOOT NOTICE_FOOT, NOTICE_ONCE, "footer", NULL, NULL
#define BODY NOTICE_BODY, NOTICE_ONCE
#define PURPOSE NOTICE_BODY, NOTICE_PER_PURPOSE, "purpose", "notice.n05.news.title", NULL
#define FIRM NOTICE_BODY, NOTICE_PER_FIRM
#define FILES NOTICE_BODY, NOTICE_PER_FIRM, "cdn", "notice.m.cdn.title", NULL
#define CONTACT BODY, "contact", "notice.m.contact.title", NULL
#define EMBED NOTICE_BODY, NOTICE_PER_EMBED, "embeds", "notice.m.embed.title"
#define LOGS BODY, "logs", "notice.n13.logs.title", NULL
#define DEVICE BODY, "device"
#define ABROAD FIRM, "transfer", "notice.n20.intro.title", NULL
#define P(key) "notice." key

/*
 * id, place, per, section, title, subtitle, words, trigger, filler, articles, legitimate interest.
 * Order: as people read it.
 */
static const struct notice_row rows[] = {
    {"summary", TOP, P("summary"), hub, NULL, "12(1)", false},
    {"summary", TOP, P("summary.nohub"), no_hub, NULL, "12(1)", false},
    {"summary", TOP, P("summary.transfer.own"), held_by_none, NULL, "12(1); 13(1)(e)", false},
    {"summary", TOP, P("summary.transfer.none"), held_here, notice_fill_recipients, "12(1); 13(1)(e)-(f)",
        false},
    {"summary", TOP, P("summary.transfer.some"), held_abroad, notice_fill_recipients, "12(1); 13(1)(e)-(f)",
        false},

    {"N23", BOX, P("n23.objection"), notice_always, NULL, "21(2)-(4)", false},
    {"N23", BOX, NULL, notice_always, notice_fill_interests, "21(1); 13(1)(d)", false},
    {"N23", BOX, P("n23.objection.rest"), notice_always, NULL, "21(1)", false},
    {"N23", BOX, P("n23.ways.hub"), hub, NULL, "12(2); 21(5)", false},
    {"N23", BOX, P("n23.ways"), no_hub, NULL, "12(2)", false},

    {"N1", BODY, "controller", P("n01.controller.title"), NULL, P("n01.controller"), notice_always,
        notice_fill_controller, "13(1)(a)", false},
    {"N1", BODY, "controller", P("n01.controller.title"), NULL, P("n01.imprint"), imprint, NULL,
        "E-Commerce Directive 5", false},
    {"N2", BODY, "controller", P("n01.controller.title"), NULL, P("n02.representative"), representative,
        notice_fill_representative, "13(1)(a); 27", false},
    {"N3", BODY, "controller", P("n01.controller.title"), NULL, P("n03.dpo"), dpo, notice_fill_dpo,
        "13(1)(b); 37-39", false},
    {"N3", BODY, "controller", P("n01.controller.title"), NULL, P("n03.nodpo"), no_dpo, NULL, "12(2)", false},
    {"N31", BODY, "controller", P("n01.controller.title"), NULL, P("n31.church"), church,
        notice_fill_regime, "91",
        false},
    {"N4", BODY, "joint", P("n04.joint.title"), NULL, P("n04.joint"), joint, notice_fill_joint,
        "13(1)(a); 26(2)", false},

    {"N5", PURPOSE, P("n05.news"), by_mail, notice_fill_purpose, "13(1)(c); 6(1)(a); ePrivacy Directive 13",
        false},
    {"N5", PURPOSE, P("n05.special"), special, notice_fill_special, "9(2)(a)", false},
    {"N12", BODY, "measuring", P("n12.off.title"), NULL, P("n12.off"), notice_always, NULL,
        "12(1); ePrivacy Directive 5(3)",
        false},
    {"N7", BODY, "check", P("n07.check.title"), NULL, P("n07.check"), notice_always, notice_fill_check,
        "13(1)(c)-(d); 6(1)(c) with 7(1), 32; 6(1)(f)", true},
    {"N8", BODY, "proof", P("n08.proof.title"), NULL, P("n08.proof"), notice_always, notice_fill_proof,
        "13(1)(c)-(d); 6(1)(c) with 5(2), 7(1); 6(1)(f); 17(3)(e)", true},
    {"N9", BODY, "abuse", P("n09.abuse.title"), NULL, P("n09.abuse"), notice_always, notice_fill_abuse,
        "13(1)(c)-(d); 6(1)(f)", true},
    {"N10", BODY, "requests", P("n10.requests.title"), NULL, P("n10.requests"), notice_always, NULL,
        "13(1)(c); 6(1)(c) with 5(2), 12, 15-22", false},
    {"N11", BODY, "suppression", P("n11.suppression.title"), NULL, P("n11.suppression"), notice_always, NULL,
        "13(1)(c)-(d); 6(1)(f); 17(3)(b); 21(3)", true},
    {"N11", BODY, "suppression", P("n11.suppression.title"), NULL, P("n11.deny"), notice_always,
        notice_fill_deny,
        "13(1)(c); 13(2)(a)", true},
    {"N11", BODY, "suppression", P("n11.suppression.title"), NULL, P("n11.provider"), hooked, NULL,
        "13(1)(c); 6(1)(f)", true},
    {"N28", BODY, "log", P("n28.log.title"), NULL, P("n28.log"), log_public, notice_fill_log,
        "13(1)(c)-(d); 6(1)(f); 25", true},

    {"N13", BODY, "logs", P("n13.logs.title"), NULL, P("n13.logs"), site_hosted, notice_fill_logs,
        "13(1)(c)-(e); 13(2)(a)", true},
    {"N13", BODY, "logs", P("n13.logs.title"), NULL, P("n13.logs.self"), site_own, notice_fill_logs,
        "13(1)(c)-(d); 13(2)(a)", true},
    {"N13", LOGS, P("n13.site"), notice_site_firm, notice_fill_site_logs, "13(1)(c)-(e); 13(2)(a)", true},
    {"N13", LOGS, P("n13.site.open"), notice_site_firm_open, notice_fill_site_logs, "13(1)(c)-(e); 13(2)(a)", true},
    {"N13", LOGS, P("n13.site.self"), notice_site_self, notice_fill_site_logs, "13(1)(c)-(d); 13(2)(a)", true},
    {"N13", LOGS, P("n13.site.self.open"), notice_site_self_open, notice_fill_site_logs, "13(1)(c)-(d); 13(2)(a)",
        true},
    {"N13", BODY, "logs", P("n13.form.title"), NULL, P("n13.form"), form_hosted, notice_fill_form_logs,
        "13(1)(c)-(e); 13(2)(a)", true},
    {"N13", BODY, "logs", P("n13.form.title"), NULL, P("n13.form.self"), form_own, notice_fill_form_logs,
        "13(1)(c)-(d); 13(2)(a)", true},
    {"N13", BODY, "logs", P("n13.form.title"), NULL, P("n13.interest"), notice_always, NULL,
        "13(1)(d); 6(1)(f)",
        true},

    {"W3", CONTACT, P("m.contact.mail"), notice_contact_mail, NULL, "13(1)(c); 13(2)(e)", true},
    {"W3", CONTACT, P("m.contact.phone"), notice_contact_phone, NULL, "13(1)(c); 13(2)(e)", true},
    {"W3", CONTACT, P("m.contact.form"), notice_contact_form, NULL, "13(1)(c); 13(2)(e)", true},
    {"W3", CONTACT, P("m.contact.firm"), notice_contact_firm, notice_fill_contact, "13(1)(e); 28", true},
    {"W3", CONTACT, P("m.contact"), notice_contact, notice_fill_contact,
        "13(1)(c)-(d); 6(1)(b); 6(1)(f); 13(2)(a)", true},
    {"W1", BODY, "files", P("m.fonts.local.title"), NULL, P("m.fonts.local"), notice_files_local, NULL,
        "12(1); 13(1)(e)", false},
    {"W2", FILES, P("m.cdn"), notice_cdn, notice_fill_cdn, "13(1)(c)-(e); 6(1)(f); 28", true},
    {"W2", FILES, P("m.cdn.kept"), notice_cdn_kept, notice_fill_cdn, "13(2)(a)", true},
    {"W2", FILES, P("m.cdn.open"), notice_cdn_open, notice_fill_cdn, "13(2)(a)", true},
    {"W2", BODY, "cdn", P("m.cdn.title"), NULL, P("m.cdn.interest"), notice_any_cdn, NULL, "13(1)(d); 6(1)(f)", true},
    {"W4", BODY, "statistics", P("m.stats.none.title"), NULL, P("m.stats.none"), notice_stats_none, NULL, "12(1)",
        false},
    {"W5", BODY, "statistics", P("m.stats.plain.title"), NULL, P("m.stats.plain"), notice_stats_plain,
        notice_fill_stats, "13(1)(c)-(e); 6(1)(f); 13(2)(a); 21(1)", true},
    {"W5", BODY, "statistics", P("m.stats.consent.title"), NULL, P("m.stats.consent"), notice_stats_consent,
        notice_fill_stats, "13(1)(c); 6(1)(a); 7(3); 13(1)(e); 13(2)(a); ePrivacy Directive 5(3)", false},
    {"W6", EMBED, P("m.embed.name"), P("m.embed.click"), notice_always, notice_fill_embed,
        "13(1)(c); 6(1)(a); 13(1)(e); ePrivacy Directive 5(3)", false},
    {"W6", EMBED, NULL, P("m.embed.page"), notice_embed_page, NULL, "13(2)(c); 7(3)", false},
    {"W6", EMBED, NULL, P("m.embed.stored"), notice_embed_stored, notice_fill_embed, "13(2)(c); 7(3)", false},
    {"W7", BODY, "social", P("m.social.links.title"), NULL, P("m.social.links"), notice_links, notice_fill_links,
        "12(1); 13(1)(e)", false},
    {"W8", NOTICE_BODY, NOTICE_PER_PROFILE, "profiles", P("m.social.profile.title"), NULL, P("m.social.profile"),
        notice_always, notice_fill_profile, "13(1)(c)-(d); 6(1)(f); 26", true},

    {"N14", DEVICE, P("n14.list.title"), NULL, NULL, notice_storage, notice_fill_storage,
        "ePrivacy Directive 5(3); 13(2)(a)", false},
    {"N14", DEVICE, P("n14.list.title"), NULL, P("n14.list"), notice_storage, notice_fill_device,
        "ePrivacy Directive 5(3)", false},
    {"N14", BODY, "device", P("n14.none.title"), NULL, P("n14.none"), notice_always, NULL,
        "ePrivacy Directive 5(3)", false},
    {"N14", DEVICE, P("n14.none.title"), NULL, P("n14.site"), notice_device_none, NULL, "ePrivacy Directive 5(3)",
        false},

    {"N15", BODY, "data", P("n15.data.title"), NULL, P("n15.data"), notice_always, notice_fill_data,
        "13(2)(e); 14(2)(f)", false},
    {"N15", BODY, "data", P("n15.data.title"), NULL, P("n15.site"), notice_has_website, NULL, "12(1)", false},
    {"N16", BODY, "must", P("n16.must.title"), NULL, P("n16.must"), notice_always, notice_fill_must,
        "13(2)(e)",
        false},

    {"N17", BODY, "recipients", P("n17.intro.title"), NULL, P("n17.intro"), firms, NULL, "13(1)(e); 28",
        false},
    {"N17", BODY, "recipients", P("n17.intro.title"), NULL, P("n17.intro.one"), one_firm, NULL,
        "13(1)(e); 28",
        false},
    {"N17", FIRM, "recipients", P("n17.intro.title"), P("n17.processor.title"), P("n17.processor"),
        processor,
        notice_fill_firm, "13(1)(e); 28", false},
    {"N17", FIRM, "recipients", P("n17.intro.title"), NULL, P("n17.contacts"), contacts, notice_fill_contacts,
        "13(1)(e); 28(3)", false},
    {"N17", BODY, "recipients", P("n17.intro.title"), NULL, P("n17.list"), listed, NULL, "13(1)(e); 19", false},
    {"N18", BODY, "recipients", P("n18.none.title"), NULL, P("n18.none"), nobody, NULL, "13(1)(e)", false},
    {"N18", BODY, "recipients", P("n18.none.title"), NULL, P("n18.own"), click_only, NULL, "13(1)(e)", false},
    {"W6", BODY, "recipients", P("n18.none.title"), NULL, P("n17.embeds"), notice_embeds, notice_fill_embed_names,
        "13(1)(e)", false},
    {"N19", BODY, "recipients", P("n18.none.title"), NULL, P("n19.disclosure"), notice_always, NULL,
        "13(1)(e); 6(1)(c); 6(1)(f)", false},

    {"N20", BODY, "transfer", P("n20.none.title"), NULL, P("n20.none"), no_third, NULL, "13(1)(f)", false},
    {"N20", BODY, "transfer", P("n20.intro.title"), NULL, P("n20.intro"), third, NULL, "13(1)(f); 44", false},
    {"N20", BODY, "transfer", P("n20.intro.title"), NULL, P("n20.seat"), seat_outside, notice_fill_seat,
        "13(1)(f)",
        false},
    {"N20", ABROAD, P("n20.adequacy"), direct_decided, notice_fill_adequacy, "13(1)(f); 45", false},
    {"N20", ABROAD, P("n20.dpf"), direct_dpf, notice_fill_dpf,
        "13(1)(f); 45; Decision (EU) 2023/1795", false},
    {"N20", ABROAD, P("n20.scc.fallback"), direct_fallback, notice_fill_fallback,
        "13(1)(f); 46(2)(c)", false},
    {"N20", ABROAD, P("n20.scc"), direct_scc, notice_fill_scc, "13(1)(f); 46(2)(c)", false},
    {"N20", ABROAD, P("n20.bcr"), direct_bcr, notice_fill_bcr, "13(1)(f); 46(2)(b); 47", false},
    {"N20", ABROAD, P("n20.affiliate"), group_stored, notice_fill_affiliate, "12(1); 13(1)(f)", false},
    {"N20", ABROAD, P("n20.affiliate.seat"), group_seated, notice_fill_affiliate, "12(1); 13(1)(f)",
        false},
    {"N20", ABROAD, P("n20.adequacy.more"), group_decided, notice_fill_adequacy_group,
        "13(1)(f); 45", false},
    {"N20", ABROAD, P("n20.dpf.more"), group_dpf, notice_fill_dpf,
        "13(1)(f); 45; Decision (EU) 2023/1795", false},
    {"N20", ABROAD, P("n20.scc.fallback"), group_fallback, notice_fill_fallback,
        "13(1)(f); 46(2)(c)", false},
    {"N20", ABROAD, P("n20.scc.more"), group_scc, notice_fill_fallback, "13(1)(f); 46(2)(c)", false},
    {"N20", ABROAD, P("n20.bcr.more"), more_bcr, NULL, "13(1)(f); 46(2)(b); 47", false},
    {"N20", ABROAD, P("n20.open"), open_safeguard, notice_fill_open, "13(1)(f); 44", false},
    {"N20", BODY, "transfer", P("n20.intro.title"), NULL, P("n20.copy"), copies, NULL, "13(1)(f)", false},

    {"N21", BODY, "retention", P("n21.table.title"), NULL, NULL, notice_always, notice_fill_keeps,
        "13(2)(a); 5(1)(e)", false},
    {"N21", BODY, "retention", P("n21.table.title"), NULL, P("n21.table"), notice_always, NULL,
        "13(2)(a); 17", false},
    {"N21", BODY, "retention", P("n21.table.title"), NULL, P("n21.evidence.de"), german, notice_fill_evidence,
        "13(2)(a); 17(3)(e); BGB 195, 199(1)", false},
    {"N21", BODY, "retention", P("n21.table.title"), NULL, P("n21.evidence"), not_german,
        notice_fill_evidence,
        "13(2)(a); 17(3)(e)", false},
    {"N21", BODY, "retention", P("n21.table.title"), NULL, P("n21.evidence.erase"), evidence_erased, NULL,
        "13(2)(a); 17(1)", false},

    {"N24", BODY, "withdraw", P("n24.withdraw.title"), NULL, P("n24.withdraw"), notice_always, NULL,
        "13(2)(c); 7(3)", false},
    {"N22", BODY, "rights", P("n22.rights.title"), NULL, P("n22.rights"), notice_always, NULL,
        "13(2)(b); 15-20", false},
    {"N22", BODY, "rights", P("n22.rights.title"), NULL, P("n22.ways.hub"), hub, NULL, "12(2)-(6)", false},
    {"N22", BODY, "rights", P("n22.rights.title"), NULL, P("n22.ways"), no_hub, NULL, "12(2)-(6)", false},
    {"N25", BODY, "complaint", P("n25.complaint.title"), NULL, P("n25.complaint"), authority_known,
        notice_fill_authority, "13(2)(d); 77", false},
    {"N25", BODY, "complaint", P("n25.complaint.title"), NULL, P("n25.complaint.any"), authority_unknown,
        NULL,
        "13(2)(d); 77", false},
    {"N26", BODY, "automated", P("n26.automated.title"), NULL, P("n26.automated"), notice_always, NULL,
        "13(2)(f); 22", false},

    {"N29", BODY, "ch", P("n29.ch.title"), NULL, P("n29.ch"), targets_ch, notice_fill_ch, "DSG (CH) 19",
        false},
    {"N30", BODY, "uk", P("n30.uk.title"), NULL, P("n30.uk"), targets_uk, notice_fill_uk,
        "UK GDPR 13; PECR 22", false},
    {"W9", BODY, "own", P("m.own.title"), NULL, P("m.own"), notice_slots, NULL, "12(1)", false},
    {"W9", NOTICE_BODY, NOTICE_PER_SLOT, "own", P("m.own.title"), P("m.own.name"), P("m.own.text"), notice_always,
        notice_fill_slot, "12(1)", false},
    {"N33", BODY, "change", P("n33.change.title"), NULL, P("n33.change"), notice_always, NULL, "13(3); 7",
        false},

    {"footer", FOOT, P("footer"), notice_always, notice_fill_footer, "12(1)", false},
};

const struct notice_row *notice_rows(size_t *n)
{
	*n = sizeof(rows) / sizeof(rows[0]);
	return rows;
}

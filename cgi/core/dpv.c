#include "core/dpv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/enc.h"
#include "core/embed.h"
#include "core/entry.h"
#include "text/jsonw.h"

#define STATES_MAX_BYTES (1024u * 1024u)
#define SLOTS_MAX 32

/* What an event is to the consent (DPV 2.3, consent-status). */
enum duration { UNTIL_WITHDRAWAL, UNTIL_ASKED_AGAIN, WHILE_LINK };
static const struct kind_row {
	enum event_kind kind;
	const char *state;  /* NULL: none */
	const char *method; /* of the one who indicates it */
	bool by_person;     /* else the controller */
	enum duration valid;
} kind_rows[] = {
    {EVENT_REQUESTED, "dpv:ConsentRequested", "form sent, own tick for each purpose", true, WHILE_LINK},
    {EVENT_RENEWED, "dpv:ConsentRequested", "new confirmation link asked for", true, WHILE_LINK},
    {EVENT_CONFIRMED, "dpv:ConsentGiven", "tick in the form, then button behind the mailed link (POST)", true,
        UNTIL_WITHDRAWAL},
    {EVENT_PURPOSE_ADDED, "dpv:ConsentGiven", "tick in the form, then button behind the mailed link (POST)", true,
        UNTIL_WITHDRAWAL},
    {EVENT_RECONFIRMED, "dpv:RenewedConsentGiven", "tick in the form, then button behind the mailed link (POST)", true,
        UNTIL_WITHDRAWAL},
    {EVENT_IMPORTED, "dpv:ConsentGiven", "taken over from elsewhere, with its proof", true, UNTIL_WITHDRAWAL},
    {EVENT_DENIED, "dpv:ConsentRefused", "button \"that was not me\"", true, UNTIL_ASKED_AGAIN},
    {EVENT_EXPIRED, "dpv:ConsentExpired", "not confirmed in time", false, UNTIL_ASKED_AGAIN},
    {EVENT_WITHDRAWN, "dpv:ConsentWithdrawn", "withdrawal", true, UNTIL_ASKED_AGAIN},
    {EVENT_OBJECTED, "dpv:ConsentWithdrawn", "objection", true, UNTIL_ASKED_AGAIN},
    {EVENT_COMPLAINED, "dpv:ConsentWithdrawn", "mail marked as spam", true, UNTIL_ASKED_AGAIN},
    {EVENT_BOUNCED, "dpv:ConsentRevoked", "mailbox does not exist", false, UNTIL_ASKED_AGAIN},
    {EVENT_SUPPRESSED, "dpv:ConsentRevoked", "address blocked", false, UNTIL_ASKED_AGAIN},
    {EVENT_ERASED, "dpv:ConsentWithdrawn", "erasure", true, UNTIL_ASKED_AGAIN},
};

/* Form fields as personal data (DPV-PD 2.3). */
static const struct {
	const char *field, *type;
} data_types[] = {
    {"first_name", "pd:Name"}, {"last_name", "pd:Name"}, {"organization", "pd:Professional"},
};

/* Rights that every record names (GDPR articles as DPV has them), and below which page. The notice names the authority. */
static const struct {
	const char *name, *page;
} rights[] = {
    {"eu-gdpr:A7-3", "my"}, {"eu-gdpr:A13", "n"}, {"eu-gdpr:A15", "my"}, {"eu-gdpr:A16", "my"}, {"eu-gdpr:A17", "my"},
    {"eu-gdpr:A18", "my"}, {"eu-gdpr:A20", "my"}, {"eu-gdpr:A21", "my"}, {"eu-gdpr:A77", "n"},
};

struct slot {
	char purpose[64];
	char lang[16];
	char uuid[37];
	char created[CLOCK_ISO_BYTES];
	struct buf states;
	bool given;       /* a consent was given and not ended: the next one renews it */
	size_t count;
	unsigned char text[STORE_HASH_BYTES], notice[STORE_HASH_BYTES];
	bool has_text, has_notice;
};

struct dpv_person {
	const struct site *s;
	const char *base;
	int64_t id;
	struct slot slot[SLOTS_MAX];
	size_t n;
	bool failed;
};

struct slice dpv_context(void)
{
	const struct embedded_file *f = embed_find("data/27560/context.jsonld");

	return slice_make(f->data, f->len);
}

struct slice dpv_schema(void)
{
	const struct embedded_file *f = embed_find("data/27560/schema.json");

	return slice_make(f->data, f->len);
}

/* ---- parties and processes: what all records share */

/* BASE#WHAT-ID */
static void add_iri(struct jsonw *j, const struct conf_site *c, const char *what, const char *id)
{
	char iri[600];

	snprintf(iri, sizeof(iri), "%s#%s%s%s", c->base_url, what, *id ? "-" : "", id);
	jsonw_cstr(j, iri);
}

static void add_loc(struct jsonw *j, const char *country)
{
	char iri[16];

	snprintf(iri, sizeof(iri), "loc:%.8s", country);
	jsonw_cstr(j, iri);
}

static void add_types(struct jsonw *j, const char *a, const char *b)
{
	jsonw_key(j, "@type");
	jsonw_array(j);
	jsonw_cstr(j, a);
	jsonw_cstr(j, b);
	jsonw_end_array(j);
}

static void add_lines(struct jsonw *j, const char *key, const struct conf_list *l, const char *country)
{
	char text[1024];
	size_t n = 0;

	for (size_t i = 0; i < l->n && n < sizeof(text); i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", n ? ", " : "", l->v[i]);
	if (*country && n < sizeof(text))
		snprintf(text + n, sizeof(text) - n, "%s%s", n ? ", " : "", country);
	jsonw_kcstr(j, key, n || *country ? text : "not stated");
}

static void add_text(struct jsonw *j, const char *key, const struct conf_text *t)
{
	if (!t->n)
		return;
	jsonw_key(j, key);
	jsonw_array(j);
	for (size_t i = 0; i < t->n; i++) {
		jsonw_object(j);
		jsonw_kcstr(j, "@value", t->v[i].value);
		jsonw_kcstr(j, "@language", t->v[i].lang);
		jsonw_end_object(j);
	}
	jsonw_end_array(j);
}

static void add_prefixed(struct jsonw *j, const char *prefix, const char *value)
{
	char text[600];

	if (!*value)
		return;
	snprintf(text, sizeof(text), "%s%s", prefix, value);
	jsonw_cstr(j, text);
}

static void add_controller(struct jsonw *j, const struct conf_site *c)
{
	jsonw_object(j);
	jsonw_key(j, "@id");
	add_iri(j, c, "controller", "");
	add_types(j, "dpv:Organisation", "dpv:DataController");
	jsonw_kcstr(j, "dpv:hasIdentifier", "controller");
	jsonw_kcstr(j, "dpv:hasName", c->controller.name);
	add_lines(j, "dpv:hasAddress", &c->controller.address, c->controller.country);
	jsonw_key(j, "dpv:hasContact");
	jsonw_array(j);
	add_prefixed(j, "mailto:", c->controller.email);
	add_prefixed(j, "tel:", c->controller.phone);
	add_prefixed(j, "", c->controller.imprint);
	jsonw_end_array(j);
	jsonw_end_object(j);
}

static void add_processor(struct jsonw *j, const struct conf_site *c, const struct conf_processor *p)
{
	buf_add_char(j->out, '\n');
	jsonw_object(j);
	jsonw_key(j, "@id");
	add_iri(j, c, "processor", p->id);
	add_types(j, "dpv:Organisation", "dpv:DataProcessor");
	jsonw_kcstr(j, "dpv:hasIdentifier", p->id);
	jsonw_kcstr(j, "dpv:hasName", *p->contract_party ? p->contract_party : p->id);
	add_lines(j, "dpv:hasAddress", &p->address, p->country);
	jsonw_key(j, "dpv:hasContact");
	jsonw_array(j);
	add_prefixed(j, "", p->privacy_url);
	jsonw_end_array(j);
	jsonw_end_object(j);
}

/* ISO 8601 period of a duration: P3Y, P30D, PT48H. */
static void add_period(struct jsonw *j, const struct conf_duration *d)
{
	char text[32];
	char unit = (char)(d->unit - 'a' + 'A');

	snprintf(text, sizeof(text), d->unit == 'y' || d->unit == 'd' ? "P%d%c" : "PT%d%c", d->n, unit);
	jsonw_cstr(j, text);
}

static void add_duration(struct jsonw *j, const char *type, const char *text, const struct conf_duration *d)
{
	jsonw_key(j, "dpv:hasDuration");
	jsonw_object(j);
	jsonw_kcstr(j, "@type", type);
	jsonw_key(j, "rdf:value");
	if (d)
		add_period(j, d);
	else
		jsonw_cstr(j, text);
	jsonw_end_object(j);
}

static void add_locations(struct jsonw *j, const struct conf_site *c, const char *type)
{
	const struct conf_processor *h = &c->hosting;

	jsonw_object(j);
	jsonw_kcstr(j, "@type", type);
	jsonw_key(j, "dpv:hasLocation");
	jsonw_array(j);
	if (c->hosting_kind != CONF_NAMED)
		add_loc(j, *c->controller.country ? c->controller.country : "EEA");
	for (size_t i = 0; c->hosting_kind == CONF_NAMED && i < h->storage_locations.n; i++)
		add_loc(j, h->storage_locations.v[i]);
	if (c->hosting_kind == CONF_NAMED && !h->storage_locations.n && *h->country)
		add_loc(j, h->country);
	for (size_t i = 0; i < c->nprocessors; i++)
		for (size_t k = 0; k < c->processors[i].storage_locations.n; k++)
			add_loc(j, c->processors[i].storage_locations.v[k]);
	jsonw_end_array(j);
	jsonw_end_object(j);
}

static void add_storage(struct jsonw *j, const struct conf_site *c)
{
	jsonw_key(j, "dpv:hasStorageCondition");
	jsonw_array(j);
	add_locations(j, c, "dpv:StorageLocation");
	jsonw_object(j);
	jsonw_kcstr(j, "@type", "dpv:StorageDuration");
	add_duration(j, "dpv:UntilEventDuration", "withdrawal of the consent", NULL);
	jsonw_end_object(j);
	jsonw_object(j);
	jsonw_kcstr(j, "@type", "dpv:StorageDeletion");
	add_duration(j, "dpv:TemporalDuration", NULL, &c->retention.evidence);
	jsonw_end_object(j);
	jsonw_end_array(j);
}

static void add_datum(struct jsonw *j, const char *type, const char *id, bool required)
{
	jsonw_object(j);
	add_types(j, "dpv:PersonalData", type);
	jsonw_kcstr(j, "dct:identifier", id);
	jsonw_kcstr(j, "dpv:hasNecessity", required ? "dpv:Required" : "dpv:Optional");
	jsonw_end_object(j);
}

static bool form_asks(const struct conf_form *f, const struct conf_purpose *p, const char *field, bool *required)
{
	bool ours = false;

	for (size_t i = 0; i < f->npurposes; i++)
		ours = ours || f->purposes[i] == p;
	for (size_t i = 0; ours && i < f->nfields; i++)
		if (strcmp(f->fields[i].name, field) == 0) {
			*required = *required || f->fields[i].required;
			return true;
		}
	return false;
}

static void add_data(struct jsonw *j, const struct conf_site *c, const struct conf_purpose *p)
{
	jsonw_key(j, "dpv:hasPersonalData");
	jsonw_array(j);
	add_datum(j, p->channel == CONF_EMAIL ? "pd:EmailAddress" : "pd:TelephoneNumber",
	    p->channel == CONF_EMAIL ? "email" : "phone", true);
	for (size_t i = 0; i < sizeof(data_types) / sizeof(data_types[0]); i++) {
		bool asked = false, required = false;
		for (size_t k = 0; k < c->nforms; k++)
			asked = form_asks(&c->forms[k], p, data_types[i].field, &required) || asked;
		if (asked)
			add_datum(j, data_types[i].type, data_types[i].field, required);
	}
	if (c->ip != CONF_IP_NONE)
		add_datum(j, "pd:IPAddress", "ip", true);
	if (p->special.n)
		add_datum(j, "dpv:SpecialCategoryPersonalData", "topic", true);
	jsonw_end_array(j);
}

static void add_recipients(struct jsonw *j, const struct conf_site *c)
{
	jsonw_key(j, "dpv:hasRecipient");
	jsonw_array(j);
	add_iri(j, c, "controller", "");
	for (size_t i = 0; i < c->nprocessors; i++)
		add_iri(j, c, "processor", c->processors[i].id);
	if (c->hosting_kind == CONF_NAMED)
		add_iri(j, c, "processor", c->hosting.id);
	jsonw_end_array(j);
}

/* On what a transfer to a firm rests (GDPR Art. 45, 46); geographic_restrictions of the standard. */
static void add_transfer(struct jsonw *j, const struct conf_site *c, const struct conf_processor *p)
{
	if (!p->transfer.mechanism.n)
		return;
	jsonw_object(j);
	jsonw_kcstr(j, "@type", "dpv:Permission");
	jsonw_key(j, "dpv:hasRecipient");
	add_iri(j, c, "processor", p->id);
	jsonw_key(j, "dpv:hasLegalBasis");
	jsonw_array(j);
	for (size_t i = 0; i < p->transfer.mechanism.n; i++) {
		const char *m = p->transfer.mechanism.v[i];
		jsonw_cstr(j, strcmp(m, "scc") == 0 ? "eu-gdpr:A46-2-c" : strcmp(m, "bcr") == 0 ? "eu-gdpr:A46-2-b"
		    : "eu-gdpr:A45-3");
	}
	jsonw_end_array(j);
	jsonw_end_object(j);
}

static void add_process(struct jsonw *j, const struct conf_site *c, const struct conf_purpose *p)
{
	buf_add_char(j->out, '\n');
	jsonw_object(j);
	jsonw_key(j, "@id");
	add_iri(j, c, "process", p->id);
	jsonw_kcstr(j, "@type", "dpv:Process");
	jsonw_kcstr(j, "dct:identifier", p->id);
	add_text(j, "dct:title", &p->title);
	add_text(j, "dct:description", &p->content);
	jsonw_kcstr(j, "dpv:hasPurpose", "dpv:DirectMarketing");
	jsonw_key(j, "dpv:hasLegalBasis");
	jsonw_array(j);
	jsonw_cstr(j, "eu-gdpr:A6-1-a");
	if (p->special.n)
		jsonw_cstr(j, "eu-gdpr:A9-2-a");
	jsonw_end_array(j);
	add_data(j, c, p);
	jsonw_kcstr(j, "dpv:hasDataSource", "dpv:DataSubjectDataSource");
	jsonw_key(j, "dpv:hasProcessing");
	jsonw_array(j);
	jsonw_cstr(j, "dpv:Collect");
	jsonw_cstr(j, "dpv:Store");
	jsonw_cstr(j, "dpv:Use");
	jsonw_end_array(j);
	jsonw_kcstr(j, "dpv:hasAutomationLevel", "dpv:FullAutomation");
	add_storage(j, c);
	jsonw_key(j, "dpv:hasProcessingCondition");
	add_locations(j, c, "dpv:ProcessingLocation");
	add_recipients(j, c);
	jsonw_key(j, "dpv:hasRule");
	jsonw_array(j);
	for (size_t i = 0; i < c->nprocessors; i++)
		add_transfer(j, c, &c->processors[i]);
	jsonw_end_array(j);
	jsonw_end_object(j);
}

enum err dpv_open(const struct site *s, struct buf *out, struct errinfo *ei)
{
	const struct conf_site *c = site_conf(s);
	struct slice context = dpv_context(), own;
	struct jsonw j;
	size_t colon = slice_find(context, ':', 0);

	/* The file is {"@context": ...}: its value, without the brace behind it. */
	own = slice_trim(slice_sub(context, colon + 1, context.len));
	own.len--;
	jsonw_init(&j, out);
	jsonw_object(&j);
	jsonw_key(&j, "@context");
	jsonw_raw(&j, slice_trim(own));
	jsonw_key(&j, "@graph");
	jsonw_array(&j);
	buf_add_char(out, '\n');
	add_controller(&j, c);
	for (size_t i = 0; i < c->nprocessors; i++)
		add_processor(&j, c, &c->processors[i]);
	if (c->hosting_kind == CONF_NAMED)
		add_processor(&j, c, &c->hosting);
	for (size_t i = 0; i < c->npurposes; i++)
		add_process(&j, c, &c->purposes[i]);
	return buf_ok(out) ? OK : err_set(ei, E_LIMIT, "the parties of the records do not fit");
}

void dpv_close(struct buf *out)
{
	buf_add_str(out, "\n]}\n");
}

/* ---- records */

static const struct kind_row *kind_row(enum event_kind kind)
{
	for (size_t i = 0; i < sizeof(kind_rows) / sizeof(kind_rows[0]); i++)
		if (kind_rows[i].kind == kind)
			return &kind_rows[i];
	return NULL;
}

bool dpv_kind(enum event_kind kind)
{
	return kind_row(kind) != NULL;
}

struct dpv_person *dpv_person_new(const struct site *s)
{
	struct dpv_person *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->s = s;
	p->base = site_conf(s)->base_url;
	for (size_t i = 0; i < SLOTS_MAX; i++)
		buf_init(&p->slot[i].states, STATES_MAX_BYTES);
	return p;
}

void dpv_person_free(struct dpv_person *p)
{
	for (size_t i = 0; p && i < SLOTS_MAX; i++)
		buf_free(&p->slot[i].states);
	free(p);
}

void dpv_person_begin(struct dpv_person *p, int64_t person_id)
{
	p->id = person_id;
	p->n = 0;
	p->failed = false;
}

/* UUID of version 8 over the commitment of the first event and the purpose. */
static void slot_uuid(struct slot *sl, const unsigned char commitment[STORE_HASH_BYTES])
{
	static const size_t dashes[] = {8, 13, 18, 23};
	const struct crypt_part parts[] = {{commitment, STORE_HASH_BYTES}, {sl->purpose, strlen(sl->purpose)}};
	unsigned char h[CRYPT_HASH_BYTES];
	char hex[ENC_HEX_BYTES(16)];
	size_t at = 0;

	crypt_sha256_parts(h, parts, 2);
	h[6] = (unsigned char)((h[6] & 0x0f) | 0x80);
	h[8] = (unsigned char)((h[8] & 0x3f) | 0x80);
	enc_hex(h, 16, hex);
	for (size_t i = 0, d = 0; i < 32; i++) {
		if (d < 4 && at == dashes[d]) {
			sl->uuid[at++] = '-';
			d++;
		}
		sl->uuid[at++] = hex[i];
	}
	sl->uuid[at] = '\0';
}

static struct slot *slot_find(struct dpv_person *p, struct slice purpose)
{
	for (size_t i = 0; i < p->n; i++)
		if (slice_eq_str(purpose, p->slot[i].purpose))
			return &p->slot[i];
	return NULL;
}

static struct slot *slot_add(struct dpv_person *p, struct slice purpose, const struct event_row *r)
{
	struct slot *sl = p->n < SLOTS_MAX ? &p->slot[p->n] : NULL;

	if (!sl || !slice_copy(purpose, sl->purpose, sizeof(sl->purpose))) {
		p->failed = true;
		return NULL;
	}
	buf_reset(&sl->states);
	sl->given = sl->has_text = sl->has_notice = false;
	sl->count = 0;
	sl->lang[0] = '\0';
	slot_uuid(sl, r->commitment);
	clock_iso(r->time_ms, sl->created);
	p->n++;
	return sl;
}

/* ni:///sha-256;... (RFC 6920): a text by its hash. */
static void add_ni(struct buf *out, const unsigned char hash[STORE_HASH_BYTES])
{
	char text[ENC_B64URL_BYTES(STORE_HASH_BYTES)];

	buf_add_str(out, "ni:///sha-256;");
	buf_add_str(out, enc_b64url(hash, STORE_HASH_BYTES, text));
}

static void add_notices(struct dpv_person *p, const struct slot *sl, struct buf *out)
{
	char hex[ENC_HEX_BYTES(STORE_HASH_BYTES)];

	if (sl->has_text) {
		buf_add_str(out, "{\"@id\":\"");
		add_ni(out, sl->text);
		buf_add_str(out, "\",\"@type\":\"dpv:ConsentNotice\",\"dct:language\":\"");
		buf_add_str(out, sl->lang);
		buf_printf(out, "\",\"dct:identifier\":\"%s\"}", enc_hex(sl->text, STORE_HASH_BYTES, hex));
	}
	if (sl->has_notice) {
		enc_hex(sl->notice, STORE_HASH_BYTES, hex);
		buf_printf(out, "%s{\"@id\":\"%s/n/v/%s\",\"@type\":\"dpv:PrivacyNotice\",\"dct:language\":\"%s\","
		    "\"dct:identifier\":\"%s\"}", sl->has_text ? "," : "", p->base, hex, sl->lang, hex);
	}
}

static void add_validity(struct buf *out, const struct conf_site *c, enum duration d)
{
	static const char *const until[] = {[UNTIL_WITHDRAWAL] = "withdrawal of the consent",
	    [UNTIL_ASKED_AGAIN] = "new request by the person"};

	if (d == WHILE_LINK)
		buf_printf(out, "{\"@type\":\"dpv:TemporalDuration\",\"rdf:value\":\"PT%lldS\"}",
		    (long long)c->links.confirm.seconds);
	else
		buf_printf(out, "{\"@type\":\"dpv:UntilEventDuration\",\"rdf:value\":\"%s\"}", until[d]);
}

static void slot_state(struct dpv_person *p, struct slot *sl, const struct kind_row *k, const struct event_row *r)
{
	struct buf *out = &sl->states;
	char iso[CLOCK_ISO_BYTES], hex[ENC_HEX_BYTES(STORE_HASH_BYTES)];
	struct slice core = r->plain[EVENT_CORE], lang = entry_str(core, "lang");
	bool gives = k->valid == UNTIL_WITHDRAWAL;

	if (lang.len)
		slice_copy(lang, sl->lang, sizeof(sl->lang));
	if (gives || k->kind == EVENT_REQUESTED) {
		sl->has_text = entry_hash(core, "text_hash", sl->text) || sl->has_text;
		sl->has_notice = entry_hash(core, "notice_hash", sl->notice) || sl->has_notice;
	}
	buf_printf(out, "%s{\"@type\":[\"%s\"%s],\"dpv:isIndicatedAtTime\":\"%s\",\"dpv:isIndicatedBy\":\"",
	    sl->count++ ? ",\n" : "", gives && sl->given ? "dpv:RenewedConsentGiven" : k->state,
	    gives ? ",\"dpv:ExpressedConsent\"" : "", clock_iso(r->time_ms, iso));
	if (k->by_person)
		buf_add_str(out, "dpv:DataSubject");
	else
		buf_printf(out, "%s#controller", p->base);
	buf_add_str(out, "\",\"dpv:hasIndicationMethod\":");
	struct jsonw j;
	jsonw_init(&j, out);
	jsonw_cstr(&j, k->method);
	buf_add_str(out, ",\"dpv:hasDuration\":");
	add_validity(out, site_conf(p->s), k->valid);
	buf_printf(out, ",\"jawort:event\":%lld,\"jawort:kind\":\"%s\",\"jawort:commitment\":\"%s\"}",
	    (long long)r->seq, event_kind_name(r->kind), enc_hex(r->commitment, STORE_HASH_BYTES, hex));
	sl->given = k->valid == WHILE_LINK ? sl->given : gives;
}

/* Only what asks for a consent or gives it opens a record. */
static bool opens(enum event_kind kind)
{
	const struct kind_row *k = kind_row(kind);

	return kind == EVENT_REQUESTED || (k && k->valid == UNTIL_WITHDRAWAL);
}

void dpv_event(struct dpv_person *p, const struct event_row *r)
{
	const struct kind_row *k = kind_row(r->kind);
	struct slice rest = r->present[EVENT_CORE] ? entry_purposes(r->plain[EVENT_CORE]) : SLICE(""), one;
	bool all = !rest.len;

	if (!k || !r->present[EVENT_CORE])
		return;
	for (size_t i = 0; all && i < p->n; i++)
		slot_state(p, &p->slot[i], k, r);
	while (!all && slice_split(&rest, ',', &one)) {
		struct slice id = slice_sub(one, 1, one.len < 2 ? 0 : one.len - 2);
		struct slot *sl = slot_find(p, id);
		if (!sl && opens(r->kind))
			sl = slot_add(p, id, r);
		if (sl)
			slot_state(p, sl, k, r);
	}
}

static void add_rights(struct buf *out, const char *base)
{
	buf_add_str(out, ",\"dpv:hasConsentControl\":{\"@type\":\"dpv:WithdrawConsent\",\"dpv:isExercisedAt\":\"");
	buf_printf(out, "%s/my\"},\n\"dpv:hasRight\":[", base);
	for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++)
		buf_printf(out, "%s{\"@type\":[\"dpv:DataSubjectRight\",\"%s\"],\"dpv:isExercisedAt\":\"%s/%s\"}",
		    i ? "," : "", rights[i].name, base, rights[i].page);
	buf_add_char(out, ']');
}

static void slot_record(struct dpv_person *p, const struct slot *sl, struct buf *out)
{
	const struct conf_site *c = site_conf(p->s);

	buf_printf(out, ",\n{\"@id\":\"urn:uuid:%s\",\"@type\":\"dpv:ConsentRecord\",\"dct:identifier\":\"%s\","
	    "\"dct:conformsTo\":\"dpv-27560:record-eu-gdpr\",\"dct:created\":\"%s\",\"dct:language\":\"%s\",\n",
	    sl->uuid, sl->uuid, sl->created, sl->lang);
	buf_printf(out, "\"dpv:hasDataSubject\":{\"@id\":\"%s#person-%lld\",\"@type\":\"dpv:DataSubject\"},"
	    "\"dpv:hasDataController\":\"%s#controller\",\"dpv:hasJurisdiction\":\"loc:%s\","
	    "\"dpv:hasApplicableLaw\":\"legal-eu:law-GDPR\",\n\"dpv:hasNotice\":[", p->base, (long long)p->id, p->base,
	    *c->controller.country ? c->controller.country : "EEA");
	add_notices(p, sl, out);
	if (conf_purpose_by_id(c, slice_from(sl->purpose)))
		buf_printf(out, "],\"dpv:hasProcess\":\"%s#process-%s\"", p->base, sl->purpose);
	else /* the purpose has left the configuration: what it was stands in the texts */
		buf_printf(out, "],\"dpv:hasProcess\":{\"@id\":\"%s#process-%s\",\"@type\":\"dpv:Process\","
		    "\"dct:identifier\":\"%s\"}", p->base, sl->purpose, sl->purpose);
	add_rights(out, p->base);
	buf_add_str(out, ",\n\"dpv:hasConsentStatus\":[");
	buf_add_slice(out, buf_slice(&sl->states));
	buf_add_str(out, "]}");
}

enum err dpv_person_end(struct dpv_person *p, struct buf *out, struct errinfo *ei)
{
	for (size_t i = 0; i < p->n; i++) {
		p->failed = p->failed || !buf_ok(&p->slot[i].states);
		slot_record(p, &p->slot[i], out);
	}
	if (p->failed || !buf_ok(out))
		return err_set(ei, E_LIMIT, "person %lld has more consents than a record holds", (long long)p->id);
	return OK;
}

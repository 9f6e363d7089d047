#include "core/gate.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/enc.h"
#include "base/log.h"
#include "core/evidence.h"
#include "core/formtoken.h"
#include "store/intake.h"
#include "store/text.h"
#include "text/jsonw.h"
#include "text/url.h"
#include "text/utf8.h"

/* Fields that every form knows. Declared extra fields come on top; anything else does not exist. */
static const struct gate_field {
	const char *name;
	size_t max_bytes;
	bool repeat;
	const char *error; /* phrase if it is too long or holds controls; NULL: such a value counts as absent */
} gate_fields[] = {
    {"email", 1024, false, "error.email.invalid"},
    {"p", 64, true, "error.field.characters"},
    {"ok", 8, false, NULL},
    {"v", 64, false, NULL},
    {"page", 2048, false, NULL},
    {"lang", 16, false, NULL},
    {"next", 2048, false, NULL},
    {"n", 64, false, NULL},
    {"t", 256, false, NULL},
    {"r", 64, false, NULL},
};
#define GATE_FIELDS (sizeof(gate_fields) / sizeof(gate_fields[0]))

static const char *const addr_errors[ADDR__MAX] = {
    [ADDR_EMPTY] = "error.email.missing",
    [ADDR_LONG] = "error.email.long",
    [ADDR_MANY] = "error.email.many",
    [ADDR_NO_AT] = "error.email.invalid",
    [ADDR_LOCAL] = "error.email.invalid",
    [ADDR_DOMAIN] = "error.email.invalid",
    [ADDR_NON_ASCII] = "error.email.letters",
    [ADDR_CONTROL] = "error.email.invalid",
};

const char *gate_address_error(enum addr_result r)
{
	return addr_errors[r];
}

void gate_honeypot(const struct site *s, const struct conf_form *form, char out[static GATE_HONEYPOT_BYTES])
{
	static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
	const char *site = site_conf(s)->id;
	unsigned char hash[CRYPT_HASH_BYTES];
	const struct crypt_part parts[] = {{"honeypot", 9}, {site, strlen(site) + 1}, {form->id, strlen(form->id)}};

	crypt_sha256_parts(hash, parts, sizeof(parts) / sizeof(parts[0]));
	for (size_t i = 0; i < GATE_HONEYPOT_BYTES - 1; i++)
		out[i] = letters[hash[i] % (i ? 32 : 24)];
	out[GATE_HONEYPOT_BYTES - 1] = '\0';
}

enum gate_origin gate_origin(const struct site *s, struct slice origin)
{
	const struct conf_site *c = site_conf(s);
	struct url from, listed;

	if (!origin.len || slice_eq_str(origin, "null"))
		return GATE_ORIGIN_ABSENT;
	if (!url_parse(origin, &from))
		return GATE_ORIGIN_FOREIGN;
	if (url_parse(slice_from(c->base_url), &listed) && url_same_origin(&from, &listed))
		return GATE_ORIGIN_OWN;
	for (size_t i = 0; i < c->origins.n; i++)
		if (url_parse(slice_from(c->origins.v[i]), &listed) && url_same_origin(&from, &listed))
			return GATE_ORIGIN_OWN;
	return GATE_ORIGIN_FOREIGN;
}

bool gate_next_allowed(const struct conf_form *form, struct slice next)
{
	struct url u, allowed;

	if (!url_parse(next, &u))
		return false;
	for (size_t i = 0; i < form->next.n; i++)
		if (url_parse(slice_from(form->next.v[i]), &allowed) && url_below(&u, &allowed))
			return true;
	return false;
}

static bool refused(const struct gate_answer *out, const char *field)
{
	for (size_t i = 0; i < out->nerrors; i++)
		if (strcmp(out->errors[i].field, field) == 0)
			return true;
	return false;
}

/* One message for a field, the first: a second one would only repeat that something is wrong with it. */
static void gate_refuse(struct gate_answer *out, const char *field, const char *key, size_t max)
{
	if (out->nerrors < GATE_ERRORS_MAX && !refused(out, field))
		out->errors[out->nerrors++] = (struct gate_error){.field = field, .key = key, .max = max,
		    .twice = strstr(key, ".twice") != NULL};
}

static const struct conf_field *extra_field(const struct conf_form *form, struct slice name)
{
	for (size_t i = 0; i < form->nfields; i++)
		if (slice_eq_str(name, form->fields[i].name))
			return &form->fields[i];
	return NULL;
}

static const struct gate_field *common_field(struct slice name)
{
	for (size_t i = 0; i < GATE_FIELDS; i++)
		if (slice_eq_str(name, gate_fields[i].name))
			return &gate_fields[i];
	return NULL;
}

/* A field that the visitor sees is named in the message; of the others there is nothing to point at. */
static const char *gate_twice(const struct gate_field *g, const struct conf_field *x)
{
	bool seen = x || strcmp(g->name, "email") == 0 || strcmp(g->name, "ok") == 0;

	return seen ? "error.field.twice" : "error.form.twice";
}

/* Known fields come once, fit and hold no controls; unknown ones are counted and forgotten. */
static void gate_shape(const struct gate_input *in, const char *honeypot, struct gate_answer *out)
{
	for (size_t i = 0; i < in->fields->count; i++) {
		const struct form_field *f = &in->fields->fields[i];
		const struct gate_field *g = common_field(f->name);
		const struct conf_field *x = g ? NULL : extra_field(in->form, f->name);
		const char *name = g ? g->name : x ? x->name : NULL;
		if (!name) {
			out->unknown_fields += !slice_eq_str(f->name, honeypot);
			continue;
		}
		if (!(g && g->repeat) && form_count(in->fields, name) > 1) {
			if (form_get(in->fields, name).ptr == f->value.ptr)
				gate_refuse(out, name, gate_twice(g, x), 0);
			continue;
		}
		if (x && utf8_count(f->value) > GATE_FIELD_MAX_CHARS)
			gate_refuse(out, name, "error.field.long", GATE_FIELD_MAX_CHARS);
		else if (x && utf8_has_control(f->value, false))
			gate_refuse(out, name, "error.field.characters", 0);
		else if (g && g->error && (f->value.len > g->max_bytes || utf8_has_control(f->value, false)))
			gate_refuse(out, name, f->value.len > g->max_bytes && g == gate_fields ? "error.email.long"
			    : g->error, 0);
	}
}

/* The value of an optional helper field; nothing if it is too long or holds controls. */
static struct slice gate_value(const struct gate_input *in, const char *name)
{
	const struct gate_field *g = common_field(slice_from(name));
	struct slice v = form_get(in->fields, name);

	if (!v.ptr || !g || v.len > g->max_bytes || utf8_has_control(v, false))
		return SLICE("");
	return v;
}

/* The live wording of which v is the hash, in whatever language it was shown. */
static const struct consent *gate_wording(const struct site *s, const struct conf_form *form, struct slice v)
{
	const struct conf_site *c = site_conf(s);

	for (size_t i = 0; i < c->languages.n; i++) {
		const struct consent *k = site_consent(s, form, c->languages.v[i]);
		if (k && consent_v_matches(k, v))
			return k;
	}
	return NULL;
}

static void gate_purposes(const struct gate_input *in, struct arena *a, struct gate_answer *out)
{
	struct slice p;
	struct buf b;

	buf_init_arena(&b, a, 4096);
	if (in->form->npurposes == 1 && slice_eq_str(form_get(in->fields, "ok"), "1"))
		buf_add_str(&b, in->form->purposes[0]->id);
	for (size_t i = 0; (p = form_nth(in->fields, "p", i)).ptr; i++) {
		if (!consent_item(out->consent, p))
			continue;
		if (b.len)
			buf_add_char(&b, ',');
		buf_add_slice(&b, p);
	}
	out->purposes = consent_purposes(a, out->consent, buf_slice(&b));
	if (!out->purposes.len && in->form->npurposes == 1)
		gate_refuse(out, "ok", "error.consent.missing", 0);
	else if (!out->purposes.len)
		gate_refuse(out, "p", "error.consent.none", 0);
}

/* domain is entry, or lies below it. */
static bool domain_in(const struct conf_list *l, struct slice domain)
{
	for (size_t i = 0; i < l->n; i++) {
		struct slice entry = slice_from(l->v[i]);
		if (slice_ieq(domain, entry))
			return true;
		if (domain.len > entry.len && domain.ptr[domain.len - entry.len - 1] == '.'
		    && slice_ieq(slice_sub(domain, domain.len - entry.len, entry.len), entry))
			return true;
	}
	return false;
}

bool gate_domain_welcome(const struct conf_site *c, struct slice domain)
{
	if (c->addresses.allow.n && !domain_in(&c->addresses.allow, domain))
		return false;
	return !domain_in(&c->addresses.deny, domain);
}

static void gate_address(const struct gate *g, struct arena *a, struct gate_answer *out, struct addr *addr)
{
	enum addr_result r;

	if (refused(out, "email"))
		return;
	r = addr_parse(a, out->email, addr);
	if (r != ADDR_OK)
		gate_refuse(out, "email", gate_address_error(r), 0);
	else if (!gate_domain_welcome(site_conf(g->site), addr->domain))
		gate_refuse(out, "email", "error.email.domain", 0);
}

/* Declared extra fields as a JSON object in their declared order; empty if none was filled. */
static struct slice gate_extras(const struct gate_input *in, struct arena *a, struct gate_answer *out)
{
	struct jsonw w;
	struct buf b;
	bool any = false;

	buf_init_arena(&b, a, INTAKE_PLAIN_MAX_BYTES / 2);
	jsonw_init(&w, &b);
	jsonw_object(&w);
	for (size_t i = 0; i < in->form->nfields; i++) {
		const struct conf_field *f = &in->form->fields[i];
		struct slice v = slice_trim(form_get(in->fields, f->name));
		if (!v.len && f->required && !refused(out, f->name))
			gate_refuse(out, f->name, "error.field.missing", 0);
		if (!v.len)
			continue;
		jsonw_kstr(&w, f->name, v);
		any = true;
	}
	jsonw_end_object(&w);
	return any ? buf_slice(&b) : SLICE("");
}

/* MAC over what was typed, with its time: "<seconds>.<mac>". */
static void review_sign(const struct gate *g, const struct gate_answer *out, const struct conf_form *form,
    struct slice extras, int64_t at_s, char text[static 64])
{
	unsigned id;
	struct crypt_key *k = crypt_key_new();
	unsigned char mac[CRYPT_TAG_BYTES], hash[CRYPT_HASH_BYTES];
	char b64[ENC_B64URL_BYTES(sizeof(mac))];
	const struct crypt_part parts[] = {{&at_s, sizeof(at_s)}, {form->id, strlen(form->id) + 1},
	    {out->email.ptr, out->email.len}, {"\n", 1}, {out->purposes.ptr, out->purposes.len}, {"\n", 1},
	    {extras.ptr, extras.len}, {"\n", 1},
	    {out->consent->hash, CRYPT_HASH_BYTES}};
	struct buf b;

	text[0] = '\0';
	if (!k)
		return;
	crypt_key_derive(k, keyring_token_current(store_keyring(g->store), &id), "review");
	crypt_sha256_parts(hash, parts, sizeof(parts) / sizeof(parts[0]));
	crypt_keyed(mac, sizeof(mac), k, hash, sizeof(hash));
	crypt_key_free(k);
	enc_b64url(mac, sizeof(mac), b64);
	buf_init(&b, 63);
	buf_printf(&b, "%lld.%s", (long long)at_s, b64);
	slice_copy(buf_slice(&b), text, 64);
	buf_free(&b);
}

static bool review_valid(const struct gate *g, const struct gate_answer *out, const struct conf_form *form,
    struct slice extras, struct slice r)
{
	struct slice rest = r, at_text;
	unsigned long long at_s;
	int64_t now_s = clock_now_ms() / 1000;
	char want[64];

	if (!slice_split(&rest, '.', &at_text) || !slice_u64(at_text, &at_s) || at_s > INT64_MAX / 1000)
		return false;
	if ((int64_t)at_s > now_s + 60 || now_s - (int64_t)at_s > GATE_REVIEW_TTL_MS / 1000)
		return false;
	review_sign(g, out, form, extras, (int64_t)at_s, want);
	return strlen(want) == r.len && crypt_equal(want, r.ptr, r.len);
}

enum err gate_write(struct db *db, void *row, struct errinfo *ei)
{
	int64_t id;

	return intake_put(db, row, &id, ei);
}

static enum err gate_row(const struct gate *g, struct arena *a, const struct gate_input *in,
    const struct gate_answer *out, struct slice address, struct slice extras, struct intake *row, struct errinfo *ei)
{
	*row = (struct intake){
	    .at_ms = clock_now_ms(),
	    .channel = STORE_EMAIL,
	    .form = slice_from(in->form->id),
	    .lang = slice_from(out->lang),
	    .address = address,
	    .page = out->page,
	    .ip = evidence_ip(a, site_conf(g->site), in->remote_ip),
	    .fields = extras,
	    .purposes = out->purposes,
	    .source = in->source,
	};

	memcpy(row->consent_hash, out->consent->hash, sizeof(row->consent_hash));
	if (in->source.len > GATE_SOURCE_MAX_BYTES || !utf8_valid(in->source) || utf8_has_control(in->source, false))
		return err_set(ei, E_INVALID, "the source of a sign-up has up to %d bytes on one line", GATE_SOURCE_MAX_BYTES);
	return arena_ok(a) ? OK : err_set(ei, E_NOMEM, "sign-up");
}

/* Where the form stood, by the Referer header: without query and fragment, which may say more than we need. */
static struct slice gate_page(struct slice referer)
{
	struct url u;

	if (referer.len > 2048 || !url_parse(referer, &u))
		return SLICE("");
	return slice_sub(referer, 0, slice_find(slice_sub(referer, 0, slice_find(referer, '#', 0)), '?', 0));
}

struct slice gate_prefix(struct arena *a, struct slice ip)
{
	static const unsigned char mapped[12] = {[10] = 0xff, 0xff}; /* ::ffff:192.0.2.1, a listener for both */
	unsigned char v6[16] = {0}, v4[4];
	char text[INET6_ADDRSTRLEN];

	if (!slice_copy(ip, text, sizeof(text)))
		return SLICE("");
	if (inet_pton(AF_INET, text, v4) == 1)
		return arena_dup(a, slice_make(v4, 3));
	if (inet_pton(AF_INET6, text, v6) == 1 && memcmp(v6, mapped, sizeof(mapped)) == 0)
		return arena_dup(a, slice_make(v6 + 12, 3));
	if (inet_pton(AF_INET6, text, v6) == 1)
		return arena_dup(a, slice_make(v6, 7));
	return SLICE("");
}

/* Counts for `status`; a broken counter never stops anybody. */
static void gate_tally(const struct gate *g, const struct conf_form *form, enum budget_tally what, size_t n)
{
	struct errinfo ei = {.code = OK};

	if (!g->budget || !n)
		return;
	if (budget_count(g->budget, site_conf(g->site)->id, slice_from(form->id), what, (int64_t)n, clock_now_ms(), &ei))
		log_err(LOG_WARN, "budget", &ei);
}

/* Only what is known without looking who it is: the network and the site as a whole. */
static bool gate_limited(const struct gate *g, struct arena *a, const struct gate_input *in, struct gate_answer *out)
{
	const struct conf *host = site_host(g->site);
	struct slice id = slice_from(site_conf(g->site)->id);
	const struct budget_ask asks[] = {
	    {BUDGET_PREFIX, SLICE(""), gate_prefix(a, in->remote_ip), host->budgets.per_prefix},
	    {BUDGET_SITE, id, SLICE(""), host->budgets.per_site},
	};
	struct errinfo ei = {.code = OK};
	size_t denied;

	if (!g->budget)
		return false;
	if (budget_take(g->budget, asks, 2, clock_now_ms(), &denied, &out->retry_s, &ei) != OK) {
		log_err(LOG_WARN, "budget", &ei);
		return false;
	}
	if (denied < 2)
		gate_tally(g, in->form, denied ? BUDGET_T_SITE : BUDGET_T_PREFIX, 1);
	return denied < 2;
}

/* A script says how long the form was open, and that is too short, too long or made up. Nothing said: fine. */
static bool gate_hasty(const struct gate *g, const struct gate_input *in)
{
	struct slice t = form_get(in->fields, "t");
	enum formtoken r = formtoken_check(store_keyring(g->store), in->form->id, t, clock_now_ms());

	return r != FORMTOKEN_ABSENT && r != FORMTOKEN_GOOD;
}

/* When the live wording came into force: that is how long the older one has been old. */
static enum err live_since(struct db *db, const struct consent *live, int64_t *ms, struct errinfo *ei)
{
	struct text_info info;
	enum err rc = text_get(db, live->hash, NULL, &info, ei);

	*ms = info.created_ms;
	return rc;
}

/*
 * An older wording that is in the text store, says the same in other words, and was
 * replaced not longer ago than forms.*.old_text. NULL otherwise.
 */
static const struct consent *gate_older_in(const struct gate *g, struct db *db, struct arena *a,
    const struct conf_form *form, struct slice v, struct errinfo *ei)
{
	unsigned char prefix[CONSENT_V_BYTES];
	struct consent *old = arena_alloc(a, sizeof(*old));
	const struct consent *live;
	struct text_info info;
	const char *lang;
	int64_t since;
	struct buf body;

	if (!old || v.len != CONSENT_V_CHARS || !enc_b64url_decode(v, prefix, sizeof(prefix)))
		return NULL;
	buf_init_arena(&body, a, CONSENT_MAX_BYTES);
	if (text_find(db, TEXT_CONSENT, prefix, sizeof(prefix), &info, ei) != OK
	    || text_get(db, info.hash, &body, NULL, ei) != OK || consent_parse(old, buf_slice(&body), ei) != OK)
		return NULL;
	lang = site_lang(g->site, old->lang);
	live = lang ? site_consent(g->site, form, lang) : NULL;
	if (!live || !consent_same_facts(live, old) || live_since(db, live, &since, ei) != OK)
		return NULL;
	return clock_now_ms() - since <= form->old_text.seconds * 1000 ? old : NULL;
}

static const struct consent *gate_older(const struct gate *g, struct arena *a, const struct conf_form *form,
    struct slice v)
{
	struct errinfo ei = {.code = OK};
	const struct consent *old;
	struct db *db;

	if (store_read(g->store, &db, &ei) != OK)
		return NULL;
	old = gate_older_in(g, db, a, form, v, &ei);
	store_read_end(g->store, db);
	return old;
}

bool gate_takes_wording(const struct gate *g, struct arena *a, const struct conf_form *form, struct slice v)
{
	return gate_wording(g->site, form, v) || gate_older(g, a, form, v);
}

/* Language, wording and helper fields of the answer. False: the wording shown is refused. */
static bool gate_start(const struct gate *g, struct arena *a, const struct gate_input *in, struct gate_answer *out)
{
	struct slice v = gate_value(in, "v"), lang = gate_value(in, "lang");
	const struct consent *shown = v.len ? gate_wording(g->site, in->form, v) : NULL;

	if (v.len && !shown)
		shown = gate_older(g, a, in->form, v);
	memset(out, 0, sizeof(*out));
	out->lang = shown ? site_lang(g->site, shown->lang) : site_lang(g->site, lang);
	if (!out->lang)
		out->lang = in->lang;
	out->consent = shown ? shown : site_consent(g->site, in->form, out->lang);
	/* As it came: browsers cut spaces off themselves, and nothing is repaired here (isemail counts it as bad). */
	out->email = form_get(in->fields, "email");
	out->page = gate_value(in, "page");
	if (!out->page.len)
		out->page = gate_page(in->referer);
	out->next = gate_value(in, "next");
	if (out->next.len && !gate_next_allowed(in->form, out->next))
		out->next = SLICE("");
	return !v.len || shown;
}

/* Where a field stands in the form: address, extra fields as declared, boxes. */
static size_t field_place(const struct conf_form *form, const char *field)
{
	if (strcmp(field, "email") == 0)
		return 0;
	for (size_t i = 0; i < form->nfields; i++)
		if (strcmp(form->fields[i].name, field) == 0)
			return i + 1;
	return SIZE_MAX;
}

/* Errors in the order of the fields, so that the summary reads like the form. Few: insertion will do. */
static void gate_order(const struct conf_form *form, struct gate_answer *out)
{
	for (size_t i = 1; i < out->nerrors; i++) {
		struct gate_error e = out->errors[i];
		size_t at = i;
		for (; at > 0 && field_place(form, out->errors[at - 1].field) > field_place(form, e.field); at--)
			out->errors[at] = out->errors[at - 1];
		out->errors[at] = e;
	}
}

enum err gate_judge(const struct gate *g, struct arena *a, const struct gate_input *in, struct gate_answer *out,
    struct intake *row, struct errinfo *ei)
{
	char honeypot[GATE_HONEYPOT_BYTES];
	bool live = gate_start(g, a, in, out);
	struct addr addr;
	struct slice extras;
	bool doubt;

	gate_honeypot(g->site, in->form, honeypot);
	gate_shape(in, honeypot, out);
	gate_address(g, a, out, &addr);
	extras = gate_extras(in, a, out);
	gate_purposes(in, a, out);
	gate_order(in->form, out);
	gate_tally(g, in->form, BUDGET_T_UNKNOWN, out->unknown_fields);
	if (!live || out->nerrors) {
		out->result = live ? GATE_INPUT : GATE_CHANGED;
		gate_tally(g, in->form, live ? BUDGET_T_INPUT : BUDGET_T_CHANGED, 1);
		return OK;
	}
	doubt = form_get(in->fields, honeypot).len || !gate_value(in, "v").len || in->origin == GATE_ORIGIN_FOREIGN ||
	    gate_hasty(g, in);
	if (doubt && !review_valid(g, out, in->form, extras, gate_value(in, "r"))) {
		review_sign(g, out, in->form, extras, clock_now_ms() / 1000, out->review);
		out->result = GATE_REVIEW;
		gate_tally(g, in->form, BUDGET_T_REVIEW, 1);
		if (form_get(in->fields, honeypot).len)
			gate_tally(g, in->form, BUDGET_T_HONEYPOT, 1);
		if (in->origin == GATE_ORIGIN_FOREIGN)
			gate_tally(g, in->form, BUDGET_T_ORIGIN, 1);
		if (gate_hasty(g, in))
			gate_tally(g, in->form, BUDGET_T_TOKEN, 1);
		return OK;
	}
	if (gate_limited(g, a, in, out)) {
		out->result = GATE_LIMITED;
		return OK;
	}
	out->result = GATE_ACCEPTED;
	return gate_row(g, a, in, out, addr.full, extras, row, ei);
}

static enum err gate_write_alone(struct store *st, struct intake *row, struct errinfo *ei)
{
	struct db *db;
	enum err rc = store_write_begin(st, &db, ei);

	if (rc)
		return rc;
	rc = gate_write(db, row, ei);
	if (!rc)
		return store_write_commit(st, ei);
	store_write_rollback(st);
	return rc;
}

enum err gate_accept(const struct gate *g, struct arena *a, const struct gate_input *in, struct gate_answer *out,
    struct errinfo *ei)
{
	struct intake row;
	enum err rc = gate_judge(g, a, in, out, &row, ei);

	if (rc || out->result != GATE_ACCEPTED)
		return rc;
	return g->writers ? writer_run(g->writers, g->store, gate_write, &row, ei) : gate_write_alone(g->store, &row, ei);
}

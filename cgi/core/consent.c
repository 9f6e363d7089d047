#include "core/consent.h"

#include <string.h>

#include "base/buf.h"
#include "base/enc.h"
#include "text/utf8.h"

#define FIRST_LINE "jawort-consent 1\n"

static void consent_seal(struct consent *c)
{
	char full[ENC_B64URL_BYTES(CRYPT_HASH_BYTES)];

	crypt_sha256(c->hash, c->canonical.ptr, c->canonical.len);
	enc_b64url(c->hash, sizeof(c->hash), full);
	memcpy(c->v, full, CONSENT_V_CHARS);
	c->v[CONSENT_V_CHARS] = '\0';
}

/* The phrase for a purpose's channel, rendered without line breaks inside a paragraph. */
static enum err purpose_text(struct buf *out, const struct conf_purpose *p, const char *lang,
    const struct phrases *words, struct view *base, struct errinfo *ei)
{
	const char *key = p->channel == CONF_SMS ? "form.consent.sms" : "form.consent.news";
	const struct phrase *ph = phrases_get(words, slice_from(key));
	const char *title = conf_text_get(&p->title, lang);
	const char *content = conf_text_get(&p->content, lang);
	const char *frequency = conf_text_get(&p->frequency, lang);
	struct view *v = view_child(base);

	if (!ph)
		return err_set(ei, E_INVALID, "the words of language %s lack %s", lang, key);
	if (!*title || !*content || !*frequency)
		return err_set(ei, E_INVALID, "purposes.%s: title, content and frequency are needed in %s",
		    p->id, lang);
	view_cstr(v, "title", title);
	view_cstr(v, "content", content);
	view_cstr(v, "frequency", frequency);
	view_cstr(v, "advertiser", p->advertiser);
	return phrase_plain_block(out, ph, v, UINT32_MAX, 0, ei);
}

/* What was agreed to, apart from our words for it. */
static void purpose_facts(const struct conf_purpose *p, const char *lang, char hex[static ENC_HEX_BYTES(8)])
{
	const char *const values[] = {p->channel == CONF_SMS ? "sms" : "email", p->advertiser,
	    conf_text_get(&p->title, lang), conf_text_get(&p->content, lang), conf_text_get(&p->frequency, lang)};
	struct crypt_part parts[sizeof(values) / sizeof(values[0])];
	unsigned char hash[CRYPT_HASH_BYTES];

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		parts[i] = (struct crypt_part){values[i], strlen(values[i]) + 1};
	crypt_sha256_parts(hash, parts, sizeof(parts) / sizeof(parts[0]));
	enc_hex(hash, 8, hex);
}

static enum err canonical_purpose(struct buf *all, struct arena *a, const struct conf_purpose *p, const char *lang,
    const struct phrases *words, struct view *base, struct errinfo *ei)
{
	char facts[ENC_HEX_BYTES(8)];
	struct buf one;
	struct slice text;
	enum err rc;

	buf_init_arena(&one, a, CONSENT_MAX_BYTES);
	rc = purpose_text(&one, p, lang, words, base, ei);
	if (rc)
		return rc;
	text = slice_trim(buf_slice(&one));
	purpose_facts(p, lang, facts);
	buf_printf(all, "purpose: %s %zu %s\n", p->id, text.len, facts);
	buf_add_slice(all, text);
	buf_add_char(all, '\n');
	return OK;
}

enum err consent_build(struct consent *out, struct arena *a, const struct conf_site *site,
    const struct conf_form *form, const char *lang, const struct phrases *words, struct view *base,
    struct errinfo *ei)
{
	struct buf all;
	enum err rc;

	(void)site;
	if (form->npurposes > CONSENT_ITEMS_MAX)
		return err_set(ei, E_LIMIT, "form %s has more than %d purposes", form->id, CONSENT_ITEMS_MAX);
	buf_init_arena(&all, a, CONSENT_MAX_BYTES);
	buf_add_str(&all, FIRST_LINE);
	buf_printf(&all, "form: %s\nlang: %s\n", form->id, lang);
	for (size_t i = 0; i < form->npurposes; i++) {
		rc = canonical_purpose(&all, a, form->purposes[i], lang, words, base, ei);
		if (rc)
			return rc;
	}
	if (!buf_ok(&all))
		return err_set(ei, E_LIMIT, "the consent text of form %s is too long", form->id);
	return consent_parse(out, buf_slice(&all), ei);
}

/* One "name: value" line; moves *at behind it. */
static bool head_line(struct slice s, size_t *at, const char *name, struct slice *value)
{
	size_t end = slice_find(s, '\n', *at);
	struct slice line = slice_sub(s, *at, end - *at);
	struct slice key = slice_from(name);

	if (end >= s.len || !slice_starts(line, key))
		return false;
	*value = slice_sub(line, key.len, line.len);
	*at = end + 1;
	return true;
}

static bool read_item(struct slice s, size_t *at, struct consent_item *item)
{
	struct slice value, name, size;
	unsigned long long bytes;

	if (!head_line(s, at, "purpose: ", &value) || !slice_split(&value, ' ', &name) || !name.len)
		return false;
	if (!slice_split(&value, ' ', &size) || !slice_u64(size, &bytes) || bytes > s.len - *at || value.len != 16)
		return false;
	item->facts = value;
	item->purpose = name;
	item->text = slice_sub(s, *at, (size_t)bytes);
	*at += (size_t)bytes;
	if (*at >= s.len || s.ptr[*at] != '\n')
		return false;
	(*at)++;
	return true;
}

enum err consent_parse(struct consent *out, struct slice canonical, struct errinfo *ei)
{
	size_t at = strlen(FIRST_LINE);

	memset(out, 0, sizeof(*out));
	if (!slice_starts(canonical, SLICE(FIRST_LINE)) || !utf8_valid(canonical))
		return err_set(ei, E_INVALID, "not a stored consent text of format 1");
	if (!head_line(canonical, &at, "form: ", &out->form) || !head_line(canonical, &at, "lang: ", &out->lang))
		return err_set(ei, E_INVALID, "stored consent text without form or language");
	while (at < canonical.len) {
		if (out->n == CONSENT_ITEMS_MAX)
			return err_set(ei, E_LIMIT, "stored consent text with too many purposes");
		if (!read_item(canonical, &at, &out->items[out->n]))
			return err_set(ei, E_INVALID, "stored consent text is damaged at byte %zu", at);
		out->n++;
	}
	if (!out->n)
		return err_set(ei, E_INVALID, "stored consent text without a purpose");
	out->canonical = canonical;
	consent_seal(out);
	return OK;
}

bool consent_same_facts(const struct consent *a, const struct consent *b)
{
	if (a->n != b->n || !slice_eq(a->form, b->form) || !slice_eq(a->lang, b->lang))
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct consent_item *other = consent_item(b, a->items[i].purpose);
		if (!other || !slice_eq(other->facts, a->items[i].facts))
			return false;
	}
	return true;
}

const struct consent_item *consent_item(const struct consent *c, struct slice purpose)
{
	for (size_t i = 0; i < c->n; i++)
		if (slice_eq(c->items[i].purpose, purpose))
			return &c->items[i];
	return NULL;
}

bool consent_v_matches(const struct consent *c, struct slice v)
{
	char full[ENC_B64URL_BYTES(CRYPT_HASH_BYTES)];

	if (v.len < CONSENT_V_MIN_CHARS || v.len >= sizeof(full))
		return false;
	enc_b64url(c->hash, sizeof(c->hash), full);
	return memcmp(full, v.ptr, v.len) == 0;
}

void consent_item_view(const struct consent_item *item, struct view *v)
{
	size_t from = 0;

	while (from < item->text.len) {
		size_t end = slice_find(item->text, '\n', from);
		while (end < item->text.len && !slice_starts(slice_sub(item->text, end, 2), SLICE("\n\n")))
			end = slice_find(item->text, '\n', end + 1);
		view_text(view_item(v, "paragraphs"), "text", slice_sub(item->text, from, end - from));
		from = end + 2;
	}
}

bool consent_list_has(struct slice list, struct slice purpose)
{
	struct slice one;

	while (slice_split(&list, ',', &one))
		if (slice_eq(one, purpose))
			return true;
	return false;
}

struct slice consent_purposes(struct arena *a, const struct consent *c, struct slice wanted)
{
	struct buf b;

	buf_init_arena(&b, a, 4096);
	for (size_t i = 0; i < c->n; i++) {
		if (!consent_list_has(wanted, c->items[i].purpose))
			continue;
		if (b.len)
			buf_add_char(&b, ',');
		buf_add_slice(&b, c->items[i].purpose);
	}
	return buf_slice(&b);
}

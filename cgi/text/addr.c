#include "text/addr.h"

#include <string.h>

#include <idn2.h>

#include "base/buf.h"
#include "text/utf8.h"

#define ADDR_LOCAL_MAX_BYTES 64  /* RFC 5321 section 4.5.3.1.1 */
#define ADDR_LABEL_MAX_BYTES 63  /* RFC 1035 section 2.3.4 */

static bool addr_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool addr_is_alnum(char c)
{
	return addr_is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* atext of RFC 5322 section 3.2.3 */
static bool addr_is_atext(char c)
{
	return addr_is_alnum(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

/* "user%host" and "host!user": old mail servers send that on to the host. */
static bool addr_is_route(struct slice local)
{
	for (size_t i = 0; i + 1 < local.len; i++)
		if (local.ptr[i] == '%' && addr_is_alnum(local.ptr[i + 1]))
			return true;
	for (size_t i = 1; i < local.len; i++)
		if (local.ptr[i] == '!' && addr_is_alnum(local.ptr[i - 1]))
			return true;
	return false;
}

static bool addr_is_ascii(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] >= 0x80)
			return false;
	return true;
}

/* Mail programs decode "=?utf-8?q?a=40x?=" even where the standard forbids it. */
static bool addr_is_encoded_word(struct slice local)
{
	for (size_t i = 0; i + 1 < local.len; i++) {
		if (local.ptr[i] == '=' && local.ptr[i + 1] == '?' && i + 2 < local.len && addr_is_alnum(local.ptr[i + 2]))
			return true;
		if (local.ptr[i] == '?' && local.ptr[i + 1] == '=' && i > 0 && addr_is_alnum(local.ptr[i - 1]))
			return true;
	}
	return false;
}

static bool addr_has_empty_atom(struct slice local)
{
	for (size_t i = 0; i + 1 < local.len; i++)
		if (local.ptr[i] == '.' && local.ptr[i + 1] == '.')
			return true;
	return local.ptr[0] == '.' || local.ptr[local.len - 1] == '.';
}

static bool addr_is_blank(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] != ' ')
			return false;
	return true;
}

static enum addr_result addr_local_check(struct slice local)
{
	if (local.len > ADDR_LOCAL_MAX_BYTES)
		return ADDR_LONG;
	if (!addr_is_ascii(local))
		return ADDR_NON_ASCII;
	for (size_t i = 0; i < local.len; i++)
		if (local.ptr[i] != '.' && !addr_is_atext(local.ptr[i]))
			return ADDR_LOCAL;
	if (addr_has_empty_atom(local) || addr_is_route(local) || addr_is_encoded_word(local))
		return ADDR_LOCAL;
	return ADDR_OK;
}

/*
 * Code points that UTS 46 drops without a trace: an address typed with them
 * would be repaired, not validated.
 */
static const struct addr_range {
	uint32_t first, last;
} addr_vanishing[] = {
	{0x00ad, 0x00ad},   /* soft hyphen */
	{0x034f, 0x034f},   /* grapheme joiner */
	{0x115f, 0x1160},   /* Hangul fillers */
	{0x17b4, 0x17b5},   /* Khmer inherent vowels */
	{0x180b, 0x180f},   /* Mongolian variation selectors */
	{0x200b, 0x200b},   /* zero width space */
	{0x200e, 0x200f},   /* direction marks */
	{0x2060, 0x206f},   /* word joiner, invisible operators, format characters */
	{0x3164, 0x3164},   /* Hangul filler */
	{0xfe00, 0xfe0f},   /* variation selectors */
	{0xfeff, 0xfeff},   /* byte order mark */
	{0xffa0, 0xffa0},   /* half width Hangul filler */
	{0x1bca0, 0x1bca3}, /* shorthand format controls */
	{0xe0000, 0xe0fff}, /* tags, variation selectors */
};

static bool addr_domain_has_vanishing(struct slice domain)
{
	size_t at = 0;

	for (uint32_t cp; (cp = utf8_next(domain, &at)) != UINT32_MAX;)
		for (size_t i = 0; i < sizeof(addr_vanishing) / sizeof(addr_vanishing[0]); i++)
			if (cp >= addr_vanishing[i].first && cp <= addr_vanishing[i].last)
				return true;
	return false;
}

/* Letters, digits, hyphens inside; what libidn2 gives back is not believed either. */
static bool addr_label_valid(struct slice label)
{
	if (label.len == 0 || label.len > ADDR_LABEL_MAX_BYTES)
		return false;
	if (label.ptr[0] == '-' || label.ptr[label.len - 1] == '-')
		return false;
	for (size_t i = 0; i < label.len; i++)
		if (!addr_is_alnum(label.ptr[i]) && label.ptr[i] != '-')
			return false;
	return true;
}

static bool addr_all_digits(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!addr_is_digit(s.ptr[i]))
			return false;
	return true;
}

/* A last label that old resolvers read as a number: "1", "0x7f". */
static bool addr_tld_is_number(struct slice tld)
{
	if (!slice_starts(tld, SLICE("0x")) && !slice_starts(tld, SLICE("0X")))
		return addr_all_digits(tld);
	for (size_t i = 2; i < tld.len; i++)
		if (!strchr("0123456789abcdefABCDEF", tld.ptr[i]))
			return false;
	return true;
}

/* Two ASCII letters: the one kind of single label behind which there are mailboxes. */
static bool addr_is_country(struct slice label)
{
	return label.len == 2 && addr_is_alnum(label.ptr[0]) && !addr_is_digit(label.ptr[0]) &&
	    addr_is_alnum(label.ptr[1]) && !addr_is_digit(label.ptr[1]);
}

static bool addr_labels_valid(struct slice domain)
{
	struct slice rest = domain, label, last = {NULL, 0};
	size_t count = 0;

	while (slice_split(&rest, '.', &label)) {
		if (!addr_label_valid(label))
			return false;
		last = label;
		count++;
	}
	return count == 1 ? addr_is_country(last) : !addr_tld_is_number(last);
}

static bool addr_has_ace(struct slice domain)
{
	struct slice rest = domain, label;

	while (slice_split(&rest, '.', &label))
		if (slice_ieq(slice_sub(label, 0, 4), SLICE("xn--")))
			return true;
	return false;
}

/*
 * The A-labels of a NUL-terminated domain in arena memory; false if it is none.
 * Not IDN2_USE_STD3_ASCII_RULES: libidn2 2.3 then drops "_", a no-break space
 * and others silently ("mül_ler.de" becomes müller.de). Without it they come
 * out as ASCII, where addr_label_valid() finds them.
 */
static bool addr_idn_lookup(struct arena *a, const char *domain, struct slice *out)
{
	uint8_t *ace = NULL;

	if (idn2_lookup_u8((const uint8_t *)domain, &ace, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT) != IDN2_OK)
		return false;
	*out = arena_dup(a, slice_from((const char *)ace));
	idn2_free(ace);
	return arena_ok(a);
}

static size_t addr_ascii_count(struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += (unsigned char)s.ptr[i] < 0x80;
	return n;
}

/*
 * Does the encoded domain say what was typed? Two things must hold.
 * Decoding and encoding it gives the same bytes: "xn--a-" and friends decode to
 * plain ASCII, even to "@", and come back different. And it has no more ASCII
 * than was typed: fullwidth letters, ligatures, "ideographic full stop" and
 * the like would turn into ASCII letters and dots silently.
 */
static bool addr_ace_is_faithful(struct arena *a, struct slice typed, struct slice domain)
{
	char *unicode = NULL;
	struct slice again;
	char *ace = arena_str(a, domain);

	if (!ace || idn2_to_unicode_8z8z(ace, &unicode, 0) != IDN2_OK)
		return false;
	bool same = addr_ascii_count(slice_from(unicode)) <= addr_ascii_count(typed) &&
	    addr_idn_lookup(a, unicode, &again) && slice_eq(again, domain);
	idn2_free(unicode);
	return same;
}

static void addr_lower(char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] >= 'A' && s[i] <= 'Z')
			s[i] = (char)(s[i] + ('a' - 'A'));
}

static enum addr_result addr_domain_convert(struct arena *a, struct slice typed, struct slice *out)
{
	if (addr_domain_has_vanishing(typed))
		return ADDR_DOMAIN;
	if (addr_is_ascii(typed) && !addr_labels_valid(typed))
		return ADDR_DOMAIN;
	char *lower = arena_str(a, typed);
	if (!lower)
		return ADDR_DOMAIN;
	addr_lower(lower, typed.len);
	*out = slice_make(lower, typed.len);
	if (addr_is_ascii(typed) && !addr_has_ace(typed))
		return ADDR_OK;
	if (!addr_idn_lookup(a, lower, out) || !addr_labels_valid(*out))
		return ADDR_DOMAIN;
	return addr_ace_is_faithful(a, typed, *out) ? ADDR_OK : ADDR_DOMAIN;
}

static enum addr_result addr_join(struct arena *a, struct slice local, struct slice domain, struct addr *out)
{
	struct buf full;

	if (local.len + 1 + domain.len > ADDR_MAX_BYTES)
		return ADDR_LONG;
	buf_init_arena(&full, a, ADDR_MAX_BYTES + 1);
	buf_add_slice(&full, local);
	buf_add_char(&full, '@');
	buf_add_slice(&full, domain);
	if (!buf_ok(&full))
		return ADDR_DOMAIN;
	out->full = buf_slice(&full);
	out->local = slice_sub(out->full, 0, local.len);
	out->domain = slice_sub(out->full, local.len + 1, domain.len);
	return ADDR_OK;
}

enum addr_result addr_parse(struct arena *a, struct slice typed, struct addr *out)
{
	struct slice s = typed, local, domain;

	memset(out, 0, sizeof(*out));
	if (addr_is_blank(s))
		return ADDR_EMPTY;
	if (s.len > ADDR_MAX_BYTES)
		return ADDR_LONG;
	if (!utf8_valid(s) || utf8_has_control(s, false))
		return ADDR_CONTROL;
	if (s.ptr[0] == ' ' || s.ptr[s.len - 1] == ' ')
		return s.ptr[0] == ' ' ? ADDR_LOCAL : ADDR_DOMAIN;
	size_t at = slice_find(s, '@', 0);
	if (at == s.len)
		return ADDR_NO_AT;
	if (slice_find(s, '@', at + 1) < s.len)
		return ADDR_MANY;
	for (const char *c = ",; "; *c; c++)
		if (slice_find(s, *c, 0) < s.len)
			return ADDR_MANY;
	local = slice_sub(s, 0, at);
	domain = slice_sub(s, at + 1, s.len);
	if (local.len == 0 || domain.len == 0)
		return ADDR_NO_AT;
	enum addr_result result = addr_local_check(local);
	if (result == ADDR_OK)
		result = addr_domain_convert(a, domain, &domain);
	return result == ADDR_OK ? addr_join(a, local, domain, out) : result;
}

struct slice addr_fold(struct arena *a, const struct addr *ad)
{
	char *copy = arena_str(a, ad->full);

	if (!copy)
		return slice_make(NULL, 0);
	addr_lower(copy, ad->full.len);
	return slice_make(copy, ad->full.len);
}

/* Start of the last code point of a text. */
static size_t addr_last_start(struct slice s)
{
	size_t i = s.len > 0 ? s.len - 1 : 0;

	while (i > 0 && ((unsigned char)s.ptr[i] & 0xc0) == 0x80)
		i--;
	return i;
}

/* An ellipsis alone would let a browser break the line behind it; word joiners hold the address together. */
#define MASKED "\xe2\x81\xa0…\xe2\x81\xa0"

struct slice addr_mask(struct arena *a, struct slice full)
{
	struct buf out;
	size_t at = slice_find(full, '@', 0);
	struct slice local = slice_sub(full, 0, at);

	buf_init_arena(&out, a, full.len + sizeof(MASKED));
	if (at < full.len)
		buf_add_slice(&out, utf8_prefix(local, 1));
	buf_add_str(&out, MASKED);
	if (at < full.len && utf8_count(local) > 2)
		buf_add_slice(&out, slice_sub(local, addr_last_start(local), local.len));
	buf_add_slice(&out, slice_sub(full, at, full.len));
	return buf_ok(&out) ? buf_slice(&out) : slice_make(NULL, 0);
}

#include "mail/provider.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "mail/provider_priv.h"
#include "mail/slot_priv.h"

#define RETRY_AFTER_MAX_S 86400

static const struct provider *const table[] = {
	&provider_mailjet, &provider_brevo, &provider_smtp, &provider_dir, &provider_log,
};
#define NTABLE (sizeof(table) / sizeof(table[0]))

const struct provider *provider_at(size_t i)
{
	return i < NTABLE ? table[i] : NULL;
}

const struct provider *provider_find(struct slice name)
{
	for (size_t i = 0; i < NTABLE; i++)
		if (slice_eq_str(name, table[i]->name))
			return table[i];
	return NULL;
}

const char *provider_class_name(enum provider_class c)
{
	static const char *const names[PROVIDER_CLASS__MAX] = {
		[PROVIDER_ACCEPTED] = "accepted",
		[PROVIDER_PERMANENT] = "permanent",
		[PROVIDER_RETRY] = "retry",
		[PROVIDER_HOLD] = "hold",
		[PROVIDER_UNKNOWN] = "unknown",
	};

	return names[c];
}

const char *provider_probe_name(enum provider_probe p)
{
	static const char *const names[PROVIDER_PROBE__MAX] = {
		[PROVIDER_PROBE_LOGIN] = "login",
		[PROVIDER_PROBE_SENDER] = "sender",
		[PROVIDER_PROBE_DOMAIN] = "domain",
	};

	return names[p];
}

static bool status_fits(int row, int status)
{
	return row == 0 || row == status || (row < 10 && row == status / 100);
}

const struct provider_rule *provider_rule_find(const struct provider_rule *rules, size_t n, int status,
    const char *code, struct slice related)
{
	for (size_t i = 0; i < n; i++) {
		if (!status_fits(rules[i].status, status))
			continue;
		if (rules[i].code && (!code || strcmp(rules[i].code, code) != 0))
			continue;
		if (rules[i].related && !slice_starts(related, slice_from(rules[i].related)))
			continue;
		return &rules[i];
	}
	return NULL;
}

void provider_result_set(struct provider_result *out, const struct provider_rule *rule, int status,
    const char *code)
{
	out->class_ = rule->class_;
	out->alarm = rule->alarm;
	out->status = status;
	if (code)
		snprintf(out->code, sizeof(out->code), "%s", code);
	else if (rule->code)
		snprintf(out->code, sizeof(out->code), "%s", rule->code);
	else
		snprintf(out->code, sizeof(out->code), "http-%d", status);
	snprintf(out->text, sizeof(out->text), "%s", rule->meaning);
}

bool provider_custom_id_ok(struct slice s)
{
	if (s.len == 0 || s.len > 64)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
		        c == '_' || c == '-'))
			return false;
	}
	return true;
}

enum err provider_message_check(const struct message *m, const char *provider, struct errinfo *ei)
{
	const struct {
		const char *name;
		struct slice s;
	} parts[] = {{"from_name", m->from_name}, {"subject", m->subject}, {"text", m->text}, {"html", m->html}};

	if (!slot_addr_ok(m->from_addr) || !slot_addr_ok(m->to))
		return err_set(ei, E_INVALID, "mail for %s: sender or recipient is no bare mail address", provider);
	if (m->reply_to.len && !slot_addr_ok(m->reply_to))
		return err_set(ei, E_INVALID, "mail for %s: reply_to is no bare mail address", provider);
	if (m->list_unsubscribe.len && !slot_url_ok(m->list_unsubscribe))
		return err_set(ei, E_INVALID, "mail for %s: list_unsubscribe is no https URL", provider);
	if (!m->text.len)
		return err_set(ei, E_INVALID, "mail for %s: no text part", provider);
	if (!provider_custom_id_ok(m->custom_id))
		return err_set(ei, E_INVALID, "mail for %s: custom_id must be 1..64 of letters, digits, . _ -", provider);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!message_inert(parts[i].s))
			return err_set(ei, E_INVALID, "mail for %s: %s holds \"[[var:\", \"[[data:\", \"[[unsub\", "
			    "\"{{\" or \"{%%\", which a provider would replace", provider, parts[i].name);
	return OK;
}

static bool two_digits(const char *p, int *out)
{
	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return false;
	*out = (p[0] - '0') * 10 + (p[1] - '0');
	return true;
}

/* The only form that RFC 9110 lets a server write. */
int64_t provider_date_ms(struct slice s)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm tm = {0};
	int century, year;
	const char *month;

	if (s.len != 29 || memcmp(s.ptr + 25, " GMT", 4) != 0 || s.ptr[19] != ':' || s.ptr[22] != ':')
		return -1;
	for (month = months; *month; month += 3)
		if (memcmp(month, s.ptr + 8, 3) == 0)
			break;
	if (!*month || !two_digits(s.ptr + 5, &tm.tm_mday) || !two_digits(s.ptr + 12, &century) ||
	    !two_digits(s.ptr + 14, &year) || !two_digits(s.ptr + 17, &tm.tm_hour) ||
	    !two_digits(s.ptr + 20, &tm.tm_min) || !two_digits(s.ptr + 23, &tm.tm_sec))
		return -1;
	tm.tm_mon = (int)(month - months) / 3;
	tm.tm_year = century * 100 + year - 1900;
	return (int64_t)timegm(&tm) * 1000;
}

uint32_t provider_retry_after(struct slice value, int64_t now_ms)
{
	unsigned long long s;
	int64_t at;

	value = slice_trim(value);
	if (slice_u64(value, &s))
		return s > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S : (uint32_t)s;
	at = provider_date_ms(value);
	if (at < 0 || at <= now_ms)
		return 0;
	at = (at - now_ms + 999) / 1000;
	return at > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S : (uint32_t)at;
}

#include "text/csp.h"

#include <string.h>

/* The first directive that a policy has decides; NULL ends. Forms have no fallback. */
static const char *const directives[CSP_USE__MAX][4] = {
    [CSP_SCRIPT] = {"script-src-elem", "script-src", "default-src"},
    [CSP_STYLE] = {"style-src-elem", "style-src", "default-src"},
    [CSP_CONNECT] = {"connect-src", "default-src"},
    [CSP_FRAME] = {"frame-src", "child-src", "default-src"},
    [CSP_FORM] = {"form-action"},
};

const char *csp_directive(enum csp_use use)
{
	return use == CSP_SCRIPT || use == CSP_STYLE ? directives[use][1] : directives[use][0];
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\f' || c == '\r' || c == '\n';
}

/* The next word; white space of any kind and amount between them. */
static bool word_next(struct slice *rest, struct slice *word)
{
	size_t from = 0, to;

	while (from < rest->len && blank(rest->ptr[from]))
		from++;
	for (to = from; to < rest->len && !blank(rest->ptr[to]); to++)
		;
	*word = slice_sub(*rest, from, to - from);
	*rest = slice_sub(*rest, to, rest->len);
	return word->len > 0;
}

static bool word_begins(struct slice word, const char *head)
{
	return word.len >= strlen(head) && slice_ieq(slice_sub(word, 0, strlen(head)), slice_from(head));
}

/* "*.example.org" is what lies below it. */
static bool host_fits(struct slice pattern, struct slice host)
{
	if (slice_eq_str(pattern, "*"))
		return true;
	if (!slice_starts(pattern, SLICE("*.")))
		return slice_ieq(pattern, host);
	pattern = slice_sub(pattern, 1, pattern.len);
	return host.len > pattern.len && slice_ieq(slice_sub(host, host.len - pattern.len, pattern.len), pattern);
}

/* http allows https as well (section 6.7.2.8). */
static bool scheme_fits(struct slice scheme, const struct url *what)
{
	return slice_ieq(scheme, what->scheme) || (slice_ieq(scheme, SLICE("http")) && slice_ieq(what->scheme, SLICE("https")));
}

/* Without a port that of the scheme; ":*" is any. */
static bool port_fits(struct slice port, const struct url *what)
{
	unsigned long long n;

	if (!port.len)
		return what->port == (slice_ieq(what->scheme, SLICE("https")) ? 443u : 80u);
	return slice_eq_str(port, "*") || (slice_u64(port, &n) && n == what->port);
}

/* A path that ends with "/" is a folder, else the file itself. */
static bool path_fits(struct slice path, const struct url *what)
{
	if (path.len < 2)
		return true;
	return slice_ends(path, SLICE("/")) ? slice_starts(what->path, path) : slice_eq(what->path, path);
}

/* [scheme://]host[:port][/path]; without a scheme that of the page, or https. */
static bool source_fits(struct slice source, const struct url *what, const struct url *page)
{
	struct slice rest = source, host, port = SLICE(""), path;
	size_t colon = slice_find(source, ':', 0), slash;

	if (colon + 2 < source.len && slice_starts(slice_sub(source, colon, 3), SLICE("://"))) {
		if (!scheme_fits(slice_sub(source, 0, colon), what))
			return false;
		rest = slice_sub(source, colon + 3, source.len);
	} else if (!scheme_fits(page->scheme, what)) {
		return false;
	}
	slash = slice_find(rest, '/', 0);
	path = slice_sub(rest, slash, rest.len);
	host = slice_sub(rest, 0, slash);
	/* The last colon, but not one inside of the brackets of IPv6. */
	for (size_t i = host.len; i > 0 && host.ptr[i - 1] != ']'; i--)
		if (host.ptr[i - 1] == ':') {
			port = slice_sub(host, i, host.len);
			host = slice_sub(host, 0, i - 1);
			break;
		}
	return host_fits(host, what->host) && port_fits(port, what) && path_fits(path, what);
}

static bool word_allows(struct slice word, enum csp_use use, const struct url *what, const struct url *page)
{
	if (slice_ieq(word, SLICE("'self'")))
		return url_same_origin(what, page);
	if (word_begins(word, "'nonce-") || word_begins(word, "'sha") || slice_ieq(word, SLICE("'strict-dynamic'")))
		return use == CSP_SCRIPT || use == CSP_STYLE;
	if (word.ptr[0] == '\'')
		return false;
	if (slice_eq_str(word, "*"))
		return true;
	if (word.ptr[word.len - 1] == ':')
		return scheme_fits(slice_sub(word, 0, word.len - 1), what);
	return source_fits(word, what, page);
}

/* The words of a directive; false: the policy does not have it. The first of that name counts. */
static bool directive_find(struct slice policy, const char *name, struct slice *words)
{
	struct slice one, head;

	while (slice_split(&policy, ';', &one))
		if (word_next(&one, &head) && slice_ieq(head, slice_from(name))) {
			*words = one;
			return true;
		}
	return false;
}

static bool policy_allows(struct slice policy, enum csp_use use, const struct url *what, const struct url *page)
{
	struct slice words, word;

	for (size_t i = 0; i < 4 && directives[use][i]; i++) {
		if (!directive_find(policy, directives[use][i], &words))
			continue;
		while (word_next(&words, &word))
			if (word_allows(word, use, what, page))
				return true;
		return false;
	}
	return true;
}

bool csp_allows(struct slice policies, enum csp_use use, const struct url *what, const struct url *page)
{
	struct slice line, policy;

	while (slice_split(&policies, '\n', &line))
		while (slice_split(&line, ',', &policy))
			if (!policy_allows(policy, use, what, page))
				return false;
	return true;
}

/*
 * css: the inline sheet of a page: from the whole style sheets only the rules
 * whose classes, attributes and elements occur in its template and the
 * template's parts. Runs at build time, needs nothing but libc.
 *
 *     css OUTDIR TEMPLATES SHEET... -- page/form.html page/sent.html ...
 * writes OUTDIR/css/page/form.css ... Exit 1 with a reason on stderr.
 *
 * It keeps too much rather than too little: a rule goes only if one of its
 * :where() groups has no alternative that could match.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PART_DEPTH_MAX 8
#define PATH_BYTES 1024

struct str {
	char *p;
	size_t len, cap;
};
/* A piece of text that belongs to somebody else. */
struct piece {
	const char *p;
	size_t len;
};

static void fail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
static void fail(const char *fmt, ...)
{
	va_list ap;

	fputs("css: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static void str_add(struct str *s, const char *p, size_t len)
{
	if (s->len + len + 1 > s->cap) {
		s->cap = (s->len + len + 1) * 2;
		s->p = realloc(s->p, s->cap);
		if (!s->p)
			fail("no memory");
	}
	memcpy(s->p + s->len, p, len);
	s->len += len;
	s->p[s->len] = '\0';
}

static void str_puts(struct str *s, const char *p)
{
	str_add(s, p, strlen(p));
}

static struct piece piece_of(const struct str *s)
{
	return (struct piece){s->p ? s->p : "", s->len};
}

static const char *piece_find(struct piece h, const char *needle)
{
	return h.len ? memmem(h.p, h.len, needle, strlen(needle)) : NULL;
}

static bool piece_starts(struct piece h, const char *prefix)
{
	return h.len >= strlen(prefix) && memcmp(h.p, prefix, strlen(prefix)) == 0;
}

static void file_read(struct str *out, const char *path)
{
	FILE *f = fopen(path, "rb");
	char block[8192];
	size_t n;

	if (!f)
		fail("%s: %s", path, strerror(errno));
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		str_add(out, block, n);
	if (ferror(f))
		fail("%s: cannot be read", path);
	fclose(f);
}

/* The template with its parts in place. */
static void body_read(struct str *out, const char *dir, const char *name, unsigned depth)
{
	char path[PATH_BYTES], part[256];
	struct str text = {0};
	const char *at, *tag, *end;

	if (depth > PART_DEPTH_MAX)
		fail("%s: parts nest more than %d deep", name, PART_DEPTH_MAX);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file_read(&text, path);
	for (at = text.p; at && (tag = strstr(at, "{{>")) != NULL; at = end + 2) {
		end = strstr(tag, "}}");
		if (!end || (size_t)(end - tag) >= sizeof(part))
			fail("%s: a {{>part}} has no end", name);
		str_add(out, at, (size_t)(tag - at));
		snprintf(part, sizeof(part), "%.*s", (int)(end - tag - 3), tag + 3);
		body_read(out, dir, part, depth + 1);
	}
	if (at)
		str_puts(out, at);
	free(text.p);
}

static bool tight(char c)
{
	return c != '\0' && strchr("{};,>", c) != NULL;
}

/* Comments, needless space and last semicolons go. */
static void minify(struct str *out, struct piece in)
{
	for (size_t i = 0; i < in.len; i++) {
		char c = in.p[i], last = out->len ? out->p[out->len - 1] : '\0';

		if (c == '/' && i + 1 < in.len && in.p[i + 1] == '*') {
			const char *end = memmem(in.p + i + 2, in.len - i - 2, "*/", 2);

			i = end ? (size_t)(end - in.p) + 1 : in.len;
			continue;
		}
		if (isspace((unsigned char)c)) {
			if (last != '\0' && last != ' ' && last != ':' && !tight(last))
				str_add(out, " ", 1);
			continue;
		}
		if (tight(c) && last == ' ')
			out->len--;
		if (c == '}' && out->len && out->p[out->len - 1] == ';')
			out->len--;
		str_add(out, &c, 1);
	}
}

/* Next piece up to a comma outside parentheses. */
static bool next_part(struct piece *rest, struct piece *part)
{
	int depth = 0;
	size_t i;

	if (!rest->p)
		return false;
	for (i = 0; i < rest->len && !(rest->p[i] == ',' && depth == 0); i++)
		depth += (rest->p[i] == '(') - (rest->p[i] == ')');
	*part = (struct piece){rest->p, i};
	if (i < rest->len)
		*rest = (struct piece){rest->p + i + 1, rest->len - i - 1};
	else
		rest->p = NULL;
	return true;
}

static bool name_char(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_';
}

/* Does any class="..." of the page hold this class? */
static bool class_used(struct piece body, struct piece name)
{
	const char *end = body.p + body.len;

	for (const char *at = piece_find(body, "class=\""); at;
	     at = piece_find((struct piece){at, (size_t)(end - at)}, "class=\"")) {
		const char *stop;

		at += strlen("class=\"");
		stop = memchr(at, '"', (size_t)(end - at));
		for (const char *w = at; stop && w + name.len <= stop; w++)
			if (memcmp(w, name.p, name.len) == 0 && (w == at || w[-1] == ' ') &&
			    (w + name.len == stop || w[name.len] == ' '))
				return true;
	}
	return false;
}

/* [name] or [name=value]: present, or filled by a {{value}}. */
static bool attribute_used(struct piece body, struct piece a)
{
	char name[128], want[160];
	const char *eq = memchr(a.p, '=', a.len);
	size_t len = eq ? (size_t)(eq - a.p) : a.len;

	snprintf(name, sizeof(name), "%.*s=\"{{", (int)len, a.p);
	if (piece_find(body, name))
		return true;
	if (eq && eq[1] == '"')
		snprintf(want, sizeof(want), "%.*s", (int)a.len, a.p);
	else if (eq)
		snprintf(want, sizeof(want), "%.*s=\"%.*s", (int)len, a.p, (int)(a.len - len - 1), eq + 1);
	else
		snprintf(want, sizeof(want), "%.*s", (int)len, a.p);
	return piece_find(body, want) != NULL;
}

/* The selector without what stands in parentheses, :not(...) included. */
static void without_brackets(struct str *out, struct piece sel)
{
	int depth = 0;

	for (size_t i = 0; i < sel.len; i++) {
		depth += sel.p[i] == '(';
		if (depth == 0)
			str_add(out, sel.p + i, 1);
		depth -= sel.p[i] == ')';
	}
}

/* Words and phrases may bring these into any page. */
static const char *const always[] = {"html", "body", "p", "ul", "li", "a", "strong", "br"};

static bool element_used(struct piece body, struct piece name)
{
	char tag[32];

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		if (strlen(always[i]) == name.len && memcmp(always[i], name.p, name.len) == 0)
			return true;
	snprintf(tag, sizeof(tag), "<%.*s", (int)name.len, name.p);
	return piece_find(body, tag) != NULL;
}

static bool alternative_used(struct piece body, struct piece sel)
{
	struct str flat = {0};
	bool used = true;
	size_t word = 0, end;

	without_brackets(&flat, sel);
	for (size_t i = 0; used && i < flat.len; i++) {
		size_t j = i + 1;

		if (flat.p[i] == ' ')
			word = i + 1;
		if (flat.p[i] == '.' && strncmp(flat.p + i, ".jawort-", 8) == 0) {
			while (j < flat.len && name_char(flat.p[j]))
				j++;
			used = class_used(body, (struct piece){flat.p + i + 1, j - i - 1});
		} else if (flat.p[i] == '[') {
			while (j < flat.len && flat.p[j] != ']')
				j++;
			used = attribute_used(body, (struct piece){flat.p + i + 1, j - i - 1});
		}
	}
	for (end = word; used && end < flat.len && isalnum((unsigned char)flat.p[end]); end++)
		;
	if (used && end > word)
		used = element_used(body, (struct piece){flat.p + word, end - word});
	free(flat.p);
	return used;
}

static bool group_used(struct piece body, struct piece group)
{
	struct piece alt;

	while (next_part(&group, &alt))
		if (alternative_used(body, alt))
			return true;
	return false;
}

/* One selector of a list: every :where(...) in it must have an alternative on the page. */
static bool selector_used(struct piece body, struct piece sel)
{
	int depth = 0;
	size_t start = 0;

	/* "@page NAME": the page that has a class of that name. */
	if (piece_starts(sel, "@page "))
		return class_used(body, (struct piece){sel.p + strlen("@page "), sel.len - strlen("@page ")});
	if (!piece_find(sel, ":where("))
		return !piece_find(sel, "keyframes") || piece_find(body, "jawort-mark");
	for (size_t i = 0; i < sel.len; i++) {
		if (sel.p[i] == '(' && depth++ == 0)
			start = i + 1;
		if (sel.p[i] == ')' && --depth == 0 &&
		    !group_used(body, (struct piece){sel.p + start, i - start}))
			return false;
	}
	return true;
}

static bool rule_used(struct piece body, struct piece sel)
{
	struct piece part;

	if (piece_find(sel, "aria-busy"))
		return false; /* only scripts set it */
	while (next_part(&sel, &part))
		if (selector_used(body, part))
			return true;
	return false;
}

static void keep_used(struct str *out, struct piece css, struct piece body)
{
	int depth = 0;
	size_t start = 0, open = 0;

	for (size_t i = 0; i < css.len; i++) {
		struct piece sel, inner;
		struct str kept = {0};

		if (css.p[i] == '{' && depth++ == 0)
			open = i;
		if (css.p[i] != '}' || --depth > 0)
			continue;
		sel = (struct piece){css.p + start, open - start};
		inner = (struct piece){css.p + open + 1, i - open - 1};
		if (piece_starts(sel, "@layer") || piece_starts(sel, "@media")) {
			keep_used(&kept, inner, body);
			if (kept.len) {
				str_add(out, sel.p, sel.len + 1);
				str_add(out, kept.p, kept.len);
				str_puts(out, "}");
			}
		} else if (rule_used(body, sel)) {
			str_add(out, css.p + start, i + 1 - start);
		}
		free(kept.p);
		start = i + 1;
	}
	if (depth != 0)
		fail("braces of a sheet do not match");
}

static bool token_read(struct piece css, struct piece name)
{
	char want[96];

	snprintf(want, sizeof(want), "var(%.*s", (int)name.len, name.p);
	return piece_find(css, want) != NULL;
}

/* Custom properties that no kept rule reads go; true if one went (another may then be free to go). */
static bool drop_tokens(struct str *out, struct piece css)
{
	bool dropped = false;

	for (size_t i = 0; i < css.len; i++) {
		bool begins = i > 0 && (css.p[i - 1] == '{' || css.p[i - 1] == ';') && css.len - i > 2 &&
			memcmp(css.p + i, "--", 2) == 0;
		size_t end = i, stop;

		while (begins && end < css.len && name_char(css.p[end]))
			end++;
		if (css.p[i] == '}' && out->len && out->p[out->len - 1] == ';')
			out->len--;
		if (!begins || css.p[end] != ':' || token_read(css, (struct piece){css.p + i, end - i})) {
			str_add(out, css.p + i, 1);
			continue;
		}
		for (stop = end; css.p[stop] != ';' && css.p[stop] != '}'; stop++)
			;
		i = css.p[stop] == ';' ? stop : stop - 1;
		dropped = true;
	}
	return dropped;
}

static void make_dirs(char *path)
{
	for (char *s = strchr(path + 1, '/'); s; s = strchr(s + 1, '/')) {
		*s = '\0';
		if (mkdir(path, 0777) && errno != EEXIST)
			fail("%s: %s", path, strerror(errno));
		*s = '/';
	}
}

static void page_write(const char *outdir, const char *name, const struct str *css)
{
	char path[PATH_BYTES];
	size_t stem = strlen(name) - strlen(".html");
	FILE *f;

	snprintf(path, sizeof(path), "%s/css/%.*s.css", outdir, (int)stem, name);
	make_dirs(path);
	f = fopen(path, "wb");
	if (!f)
		fail("%s: %s", path, strerror(errno));
	if (fwrite(css->p, 1, css->len, f) != css->len || fclose(f))
		fail("%s: cannot be written", path);
}

static void page_make(const char *outdir, const char *dir, const char *name, const struct str *sheets)
{
	struct str body = {0}, css = {0};
	bool more = true;

	if (strlen(name) <= strlen(".html") || strcmp(name + strlen(name) - strlen(".html"), ".html") != 0)
		fail("%s: a page must end in .html", name);
	body_read(&body, dir, name, 0);
	keep_used(&css, piece_of(sheets), piece_of(&body));
	while (more) {
		struct str less = {0};

		more = drop_tokens(&less, piece_of(&css));
		free(css.p);
		css = less;
	}
	page_write(outdir, name, &css);
	free(body.p);
	free(css.p);
}

int main(int argc, char **argv)
{
	struct str sheets = {0};
	int i;

	if (argc < 6)
		fail("usage: css OUTDIR TEMPLATES SHEET... -- PAGE...");
	for (i = 3; i < argc && strcmp(argv[i], "--") != 0; i++) {
		struct str raw = {0};

		file_read(&raw, argv[i]);
		minify(&sheets, piece_of(&raw));
		free(raw.p);
	}
	for (i++; i < argc; i++)
		page_make(argv[1], argv[2], argv[i], &sheets);
	free(sheets.p);
	return 0;
}

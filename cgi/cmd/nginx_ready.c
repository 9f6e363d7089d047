/*
 * nginx_ready: forms and notices from the ready files that serve writes (web/ready.h). A file is given for GET and
 * HEAD without a query, or with ?lang= alone; whatever else comes, and whatever has no file, goes to the program.
 */
#include <stdio.h>
#include <string.h>

#include "cmd/nginx_priv.h"
#include "web/lang.h"
#include "web/ready.h"

/* The languages of most sites of a host are the same: one set of maps does for all of them. */
static bool same_languages(const struct conf_site *a, const struct conf_site *b)
{
	if (a->languages.n != b->languages.n)
		return false;
	for (size_t i = 0; i < a->languages.n; i++)
		if (strcmp(a->languages.v[i], b->languages.v[i]) != 0)
			return false;
	return true;
}

/* The first site with the same languages gives the maps their number. */
static size_t map_of(const struct conf *c, const struct conf_site *s)
{
	size_t i = 0;

	while (!same_languages(c->sites[i], s))
		i++;
	return i;
}

/*
 * What Chrome, Edge, Firefox and Safari send as they come is found by one look into a table; patterns take longer.
 * With its own settings nginx takes at most 46 bytes, two of them before the header.
 */
static const char *const usual[] = {
    "*", "de", "de-DE", "de-DE,de;q=0.9", "de-DE,de;q=0.9,en;q=0.8", "de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7",
    "de-AT,de;q=0.9", "de-AT,de;q=0.9,en-US;q=0.8,en;q=0.7", "de-CH,de;q=0.9", "de-CH,de;q=0.9,en-US;q=0.8,en;q=0.7",
    "de,en-US;q=0.7,en;q=0.3", "de,en;q=0.9", "de,en;q=0.5", "en", "en-US", "en-GB", "en-US,en;q=0.9", "en-US,en;q=0.5",
    "en-GB,en;q=0.9", "en-GB,en;q=0.5", "en-GB,en-US;q=0.9,en;q=0.8", "en-US,en;q=0.9,de;q=0.8",
    "en-US,en;q=0.9,de-DE;q=0.8,de;q=0.7", "en-US,en;q=0.7,de;q=0.3", "en,de;q=0.9", "en,de;q=0.5",
};
#define USUAL (sizeof(usual) / sizeof(usual[0]))

/* "de" takes "de-AT" as well, "pt-BR" only itself. */
static void add_tag(struct buf *b, const char *tag)
{
	buf_printf(b, "%s%s", tag, strchr(tag, '-') ? "" : "(?:-[a-z0-9-]*)?");
}

/* A look at what is not there: the language, with whatever weight. */
static void add_without(struct buf *b, const struct conf_site *s, size_t from, size_t to)
{
	buf_add_str(b, "(?!(?:.*,)? *(?:");
	for (size_t i = from; i < to; i++) {
		buf_add_str(b, i > from ? "|" : "");
		add_tag(b, s->languages.v[i]);
	}
	buf_add_str(b, ") *(?:[;,]|$))");
}

/* The language at one weight. " *+" gives nothing back: thousands of spaces cost no more than as many letters. */
static void weighed(struct buf *b, const char *lang, const char *weight)
{
	/* the language first, so that its first letter is looked for and not each place tried */
	buf_add_str(b, "    \"~*(?<![^ ,|])");
	add_tag(b, lang);
	buf_printf(b, " *+%s(?:,|$)\" %s;\n", weight, lang);
}

/*
 * The rules of web/lang.h. nginx takes the first that fits, so weights fall from line to line, and languages of one weight
 * come in the site's order. Of a weight the first decimal counts.
 */
static void weights(struct buf *b, const struct conf_site *s)
{
	char weight[32];

	for (size_t i = 0; i < s->languages.n; i++)
		weighed(b, s->languages.v[i], "(?:; *q=1[.0-9]* *+)?");
	for (int digit = 9; digit >= 0; digit--)
		for (size_t i = 0; i < s->languages.n; i++) {
			snprintf(weight, sizeof(weight), digit ? "; *q=0\\.%d[0-9]* *+" : "; *q=0\\.0+[1-9][0-9]* *+", digit);
			weighed(b, s->languages.v[i], weight);
		}
	/* "*" stands for what is not named */
	for (size_t i = 0; i < s->languages.n; i++) {
		buf_add_str(b, "    \"~*^\\|\\|");
		add_without(b, s, i, i + 1);
		buf_printf(b, "(?:.*,)? *\\* *(?:;(?! *q=0(?:\\.0*)? *(?:,|$))[^,]*)?(?:,|$)\" %s;\n", s->languages.v[i]);
	}
}

/*
 * Query, origin and header in one key, so that nginx looks once. What a page of a listed origin may read of a form depends on
 * who asks, so such requests go to the program. Patterns for the query, because nginx compares plain words without
 * regard to case.
 */
static void page_map(struct buf *b, const struct conf_site *s, size_t no, enum ready_kind kind)
{
	const char *const *tags = (const char *const *)s->languages.v;
	const char *first = tags[0];

	buf_printf(b, "map \"$args|%s|$http_accept_language\" $jawort_ready%s%zu {\n    default %s;\n    \"||\" %s;\n",
	    kind == READY_FORM ? "$http_origin" : "", kind == READY_FORM ? "_form" : "", no, first, first);
	for (size_t i = 0; i < USUAL; i++)
		buf_printf(b, "    \"||%s\" %s;\n", usual[i], lang_pick(slice_from(usual[i]), tags, s->languages.n));
	for (size_t i = 0; i < s->languages.n; i++)
		buf_printf(b, "    \"~^lang=%s\\|\\|\" %s;\n", tags[i], tags[i]);
	buf_add_str(b, "    # Any other query or an origin: the program.\n    \"~^(?!\\|\\|)\" \"\";\n    \"~*^\\|\\|");
	add_without(b, s, 0, s->languages.n);
	buf_printf(b, "[^*]*$\" %s;\n", first);
	weights(b, s);
	buf_add_str(b, "}\n");
}

void nginx_ready_http(struct buf *b, const struct conf *c)
{
	buf_add_str(b, "# Ready files: in which language, as the program would choose. What browsers send, then patterns.\n");
	for (size_t i = 0; i < c->nsites; i++)
		if (map_of(c, c->sites[i]) == i) {
			page_map(b, c->sites[i], i, READY_FORM);
			page_map(b, c->sites[i], i, READY_NOTICE);
		}
}

/* nginx has no way to write a dollar sign; no header of ours has one. */
static enum err add_value(struct buf *b, const char *before, struct slice v, struct errinfo *ei)
{
	buf_printf(b, "\"%s", before);
	for (size_t i = 0; i < v.len; i++) {
		if (v.ptr[i] == '$')
			return err_set(ei, E_INVALID, "a header cannot be written for nginx, for it has a \"$\": %.*s", (int)v.len, v.ptr);
		if (v.ptr[i] == '"' || v.ptr[i] == '\\')
			buf_add_char(b, '\\');
		buf_add_char(b, v.ptr[i]);
	}
	buf_add_char(b, '"');
	return OK;
}

/* One kind of page of one site: its headers, printed into each location of it. */
struct kind_part {
	struct buf headers;
	char key[READY_KEY_CHARS + 1];
};

static enum err kind_make(const struct site *s, enum ready_kind kind, struct kind_part *out, struct errinfo *ei)
{
	struct response res;
	struct arena a;
	enum err rc;

	arena_init(&a, 1024 * 1024);
	response_init(&res, &a);
	rc = ready_headers(s, kind, &res, out->key, ei);
	for (size_t i = 0; !rc && i < res.count; i++) {
		/* gzip_vary would say so in a line of its own, and have nginx look for the packed file each time */
		bool vary = strcmp(res.fields[i].name, "Vary") == 0;
		buf_printf(&out->headers, "    add_header %s ", res.fields[i].name);
		rc = add_value(&out->headers, vary ? "Accept-Encoding, " : "", res.fields[i].value, ei);
		buf_add_str(&out->headers, ";\n");
	}
	response_free(&res);
	arena_free(&a);
	return rc;
}

static void location(struct buf *b, const struct conf *c, const struct conf_site *s, enum ready_kind kind,
    const struct kind_part *k, const char *form)
{
	static const char *const paths[READY__MAX] = {"/s/", "/n", "/n.html"};
	size_t no = map_of(c, s);
	struct buf var, name;

	buf_init(&var, 100);
	buf_init(&name, 1024);
	buf_printf(&var, "$jawort_ready%s%zu", kind == READY_FORM ? "_form" : "", no);
	ready_name(&name, kind, form, var.data, k->key);
	buf_printf(b, "location = %s%s%s {\n"
	    "    access_log off;\n"
	    "    error_log stderr emerg;\n"
	    "    client_max_body_size 1m;\n"
	    "    error_page 413 @jawort_large;\n"
	    "    # No such file, or no GET. What goes wrong in the program then still has its page.\n"
	    "    error_page 404 405 = @jawort_program;\n"
	    "    recursive_error_pages on;\n"
	    "    types { }\n"
	    "    default_type \"text/html; charset=utf-8\";\n"
	    "    gzip_static on;\n"
	    "    gzip_vary off;\n"
	    "    # Read and sent with the headers in one piece: for pages of this size cheaper by a fifth.\n"
	    "    sendfile off;\n"
	    "    max_ranges 0;\n"
	    "    # No date: the time of a file comes from its bytes, for the sake of ETag.\n"
	    "    add_header Last-Modified \"\";\n"
	    "    open_file_cache max=100;\n"
	    "    open_file_cache_valid 1s;\n"
	    "    include snippets/jawort-headers*.conf;\n",
	    s->base_path, paths[kind], kind == READY_FORM ? form : "");
	buf_add_slice(b, buf_slice(&k->headers));
	buf_printf(b, "    add_header Content-Language %s;\n    alias \"%s/%s/%s\";\n}\n", var.data,
	    c->ready, s->id, name.data);
	buf_free(&var);
	buf_free(&name);
}

enum err nginx_ready_site(struct buf *b, const struct conf *c, const struct conf_site *s, struct voices *voices,
    struct errinfo *ei)
{
	struct kind_part kinds[READY__MAX];
	struct site *site = NULL;
	enum err rc = *s->templates ? site_new(&site, c, s, ei) : site_new_with(&site, voices, c, s, ei);

	for (int k = 0; k < READY__MAX; k++) {
		buf_init(&kinds[k].headers, 16 * 1024);
		if (!rc)
			rc = kind_make(site, (enum ready_kind)k, &kinds[k], ei);
	}
	for (size_t i = 0; !rc && i < s->nforms; i++)
		location(b, c, s, READY_FORM, &kinds[READY_FORM], s->forms[i].id);
	if (!rc) {
		location(b, c, s, READY_NOTICE, &kinds[READY_NOTICE], NULL);
		location(b, c, s, READY_PART, &kinds[READY_PART], NULL);
	}
	for (int k = 0; k < READY__MAX; k++)
		buf_free(&kinds[k].headers);
	site_free(site);
	return rc;
}

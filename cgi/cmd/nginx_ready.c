/*
 * nginx_ready: forms and notices from the ready files that serve writes (web/ready.h). A file is given for GET and
 * HEAD without a query, or with ?lang= alone, where the language is beyond doubt; whatever else comes, and whatever
 * has no file, goes to the program.
 */
#include <string.h>

#include "cmd/nginx_priv.h"
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

/* A subtag as in "pt-BR" is more than these patterns can weigh. */
static bool plain_tags(const struct conf_site *s)
{
	for (size_t i = 0; i < s->languages.n; i++)
		if (strchr(s->languages.v[i], '-'))
			return false;
	return true;
}

/* A language that the site does not have: it may stand anywhere without an effect. Not "*". */
static void add_foreign(struct buf *b, const struct conf_site *s)
{
	buf_add_str(b, "(?!(");
	for (size_t i = 0; i < s->languages.n; i++)
		buf_printf(b, "%s%s", i ? "|" : "", s->languages.v[i]);
	buf_add_str(b, ")([-;, ]|$))[a-z0-9-]+(;q=[01](\\.[0-9]+)?)?");
}

/*
 * The program weighs (web/lang.c). Beyond doubt is: no header; none of the site's languages and no "*"; the first of
 * the site's languages without a weight and all behind it with less.
 */
static void language_map(struct buf *b, const struct conf_site *s, size_t no)
{
	buf_printf(b, "map $http_accept_language $jawort_ready_lang%zu {\n    default \"\";\n    \"\" %s;\n    \"*\" %s;\n", no,
	    s->languages.v[0], s->languages.v[0]);
	if (plain_tags(s)) {
		buf_add_str(b, "    \"~*^");
		add_foreign(b, s);
		buf_add_str(b, "(, ?");
		add_foreign(b, s);
		buf_printf(b, ")*$\" %s;\n", s->languages.v[0]);
	}
	for (size_t i = 0; plain_tags(s) && i < s->languages.n; i++) {
		buf_add_str(b, "    \"~*^(");
		add_foreign(b, s);
		buf_printf(b, ", ?)*%s(-[a-z0-9]+)*(, ?[a-z0-9*-]+;q=0(\\.[0-9]+)?)*$\" %s;\n", s->languages.v[i],
		    s->languages.v[i]);
	}
	buf_add_str(b, "}\n");
}

/*
 * What a page of a listed origin may read of a form depends on who asks, so such requests go to the program. Patterns, because
 * nginx compares plain words without regard to case.
 */
static void query_map(struct buf *b, const struct conf_site *s, size_t no)
{
	buf_printf(b, "map $request_method?$args $jawort_ready%zu {\n    default \"\";\n"
	    "    \"~^(GET|HEAD)\\?$\" $jawort_ready_lang%zu;\n", no, no);
	for (size_t i = 0; i < s->languages.n; i++)
		buf_printf(b, "    \"~^(GET|HEAD)\\?lang=%s$\" %s;\n", s->languages.v[i], s->languages.v[i]);
	buf_printf(b, "}\nmap $http_origin $jawort_ready_form%zu {\n    default \"\";\n    \"\" $jawort_ready%zu;\n}\n", no, no);
}

void nginx_ready_http(struct buf *b, const struct conf *c)
{
	buf_add_str(b,
	    "# Ready files: in which language, as the program would choose; \"\" sends the request to the program.\n");
	for (size_t i = 0; i < c->nsites; i++)
		if (map_of(c, c->sites[i]) == i) {
			language_map(b, c->sites[i], i);
			query_map(b, c->sites[i], i);
		}
}

/* nginx has no way to write a dollar sign; no header of ours has one. */
static enum err add_value(struct buf *b, struct slice v, struct errinfo *ei)
{
	buf_add_char(b, '"');
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
		buf_printf(&out->headers, "    add_header %s ", res.fields[i].name);
		rc = add_value(&out->headers, res.fields[i].value, ei);
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
	    "    gzip_vary on;\n"
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

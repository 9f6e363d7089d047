/*
 * nginx_cache: forms and notices from nginx's cache for a second. A copy is shared by requests that must get
 * the same bytes: same address, same language, same kinds accepted, same page around. Only what the program
 * calls public is kept, only answers 200 to GET, and nothing behind a path with a token is ever looked up.
 */
#include <string.h>

#include "cmd/nginx_priv.h"

/* Every site must have the language: elsewhere the second choice of a visitor decides. */
static bool spoken_everywhere(const struct conf *c, const char *lang)
{
	for (size_t i = 0; i < c->nsites; i++) {
		const struct conf_list *l = &c->sites[i]->languages;
		bool found = false;

		for (size_t k = 0; k < l->n; k++)
			found = found || strcmp(l->v[k], lang) == 0;
		if (!found)
			return false;
	}
	return true;
}

/*
 * A header whose first language alone has the highest weight comes down to that language; any other header
 * stands for itself.
 */
static void language_map(struct buf *b, const struct conf *c)
{
	const struct conf_list *l = c->nsites ? &c->sites[0]->languages : NULL;

	buf_add_str(b, "map $http_accept_language $jawort_cache_lang {\n    default $http_accept_language;\n");
	for (size_t i = 0; l && i < l->n; i++)
		if (spoken_everywhere(c, l->v[i]))
			buf_printf(b, "    \"~*^%s(-[a-z0-9]+)?(, ?[a-z0-9*-]+;q=0(\\.[0-9]+)?)*$\" %s;\n", l->v[i], l->v[i]);
	buf_add_str(b, "}\n");
}

void nginx_cache_http(struct buf *b, const struct conf *c)
{
	buf_add_str(b,
	    "# Forms and notices for one second, also while the program restarts.\n"
	    "fastcgi_cache_path /var/lib/nginx/jawort levels=1 keys_zone=jawort:1m max_size=16m inactive=10m\n"
	    "    use_temp_path=off;\n"
	    "map \"$request_method $uri\" $jawort_uncached {\n"
	    "    default 1;\n"
	    "    \"~^GET .*/(s/[a-z0-9_-]+|n(\\.(html|md|txt|json))?)$\" \"\";\n"
	    "}\n"
	    "map $upstream_http_cache_control $jawort_not_public {\n"
	    "    default 1;\n"
	    "    \"~^public\" \"\";\n"
	    "}\n");
	language_map(b, c);
}

void nginx_cache_site(struct buf *b)
{
	buf_add_str(b,
	    "    fastcgi_cache jawort;\n"
	    "    # Line ends stand in no header, so no part can pass for two. In SSI only $uri is that of the part.\n"
	    "    fastcgi_cache_key \"$host$request_uri\\n$uri$is_args$args\\n$jawort_cache_lang\\n$http_accept\\n$http_origin\";\n"
	    "    fastcgi_cache_bypass $jawort_uncached;\n"
	    "    fastcgi_no_cache $jawort_uncached $jawort_not_public;\n"
	    "    # A second, whatever browsers are told; what varies is in the key.\n"
	    "    fastcgi_ignore_headers Cache-Control Vary;\n"
	    "    fastcgi_cache_valid 200 1s;\n"
	    "    fastcgi_cache_lock on;\n"
	    "    fastcgi_cache_lock_timeout 1s;\n"
	    "    fastcgi_cache_use_stale updating error timeout http_503;\n");
}

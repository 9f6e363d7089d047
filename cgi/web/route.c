#include "web/route_priv.h"

#include <string.h>

const struct route routes[] = {
    {"/s/", "", ROUTE_FORM, PAGE_PUBLIC, ROUTE_BODY_MAX_BYTES, ROUTE_WORDS, page_form_get, page_form_post},
    {"/s/", "/sent", ROUTE_FORM, PAGE_PUBLIC, 0, ROUTE_WORDS, page_sent_get, NULL},
    {"/c/", "", ROUTE_TOKEN, PAGE_TOKEN, ROUTE_BODY_MAX_BYTES, ROUTE_STORE, page_confirm_get, page_confirm_post},
    {"/u/", "", ROUTE_TOKEN, PAGE_TOKEN, ROUTE_BODY_MAX_BYTES, ROUTE_STORE, page_unsub_get, page_unsub_post},
    {"/my", "", ROUTE_PLAIN, PAGE_PUBLIC, ROUTE_BODY_MAX_BYTES, ROUTE_WORDS, page_my_get, page_my_post},
    {"/my/sent", "", ROUTE_PLAIN, PAGE_PUBLIC, 0, ROUTE_WORDS, page_my_sent_get, NULL},
    {"/my/", "", ROUTE_TOKEN, PAGE_TOKEN, ROUTE_BODY_MAX_BYTES, ROUTE_STORE, page_hub_get, page_hub_post},
    {"/hook/mailjet/", "", ROUTE_TOKEN, PAGE_TOKEN, ROUTE_HOOK_MAX_BYTES, ROUTE_STORE, NULL, page_hook_mailjet_post},
    {"/hook/mailjet", "", ROUTE_PLAIN, PAGE_TOKEN, ROUTE_HOOK_MAX_BYTES, ROUTE_STORE, NULL, page_hook_mailjet_post},
    {"/hook/brevo/", "", ROUTE_TOKEN, PAGE_TOKEN, ROUTE_HOOK_MAX_BYTES, ROUTE_STORE, NULL, page_hook_brevo_post},
    {"/hook/brevo", "", ROUTE_PLAIN, PAGE_TOKEN, ROUTE_HOOK_MAX_BYTES, ROUTE_STORE, NULL, page_hook_brevo_post},
    {"/n", "", ROUTE_PLAIN, PAGE_NOTICE, 0, ROUTE_NOTICE, page_notice_get, NULL},
    {"/n.html", "", ROUTE_PLAIN, PAGE_NOTICE, 0, ROUTE_NOTICE, page_notice_part_get, NULL},
    {"/n.txt", "", ROUTE_PLAIN, PAGE_NOTICE, 0, ROUTE_NOTICE, page_notice_text_get, NULL},
    {"/n.md", "", ROUTE_PLAIN, PAGE_NOTICE, 0, ROUTE_NOTICE, page_notice_md_get, NULL},
    {"/n.json", "", ROUTE_PLAIN, PAGE_NOTICE, 0, ROUTE_NOTICE, page_notice_json_get, NULL},
    {"/n.schema.json", "", ROUTE_PLAIN, PAGE_ASSET, 0, ROUTE_WORDS, page_notice_schema_get, NULL},
    {"/n/versions", "", ROUTE_PLAIN, PAGE_NOTICE, 0, ROUTE_STORE, page_versions_get, NULL},
    {"/n/v/", ".html", ROUTE_HASH, PAGE_NOTICE, 0, ROUTE_STORE, page_version_part_get, NULL},
    {"/n/v/", "", ROUTE_HASH, PAGE_NOTICE, 0, ROUTE_STORE, page_version_get, NULL},
    {"/n/diff", "", ROUTE_PLAIN, PAGE_NOTICE, 0, ROUTE_STORE, page_difference_get, NULL},
    {"/jawort.css", "", ROUTE_PLAIN, PAGE_ASSET, 0, ROUTE_WORDS, page_css_get, NULL},
    {"/jawort.js", "", ROUTE_PLAIN, PAGE_ASSET, 0, ROUTE_WORDS, page_script_get, NULL},
    {"/jawort.v1.js", "", ROUTE_PLAIN, PAGE_ASSET, 0, ROUTE_WORDS, page_script_v1_get, NULL},
    {"/.well-known/jawort", "", ROUTE_PLAIN, PAGE_DATA, 0, ROUTE_STORE, page_wellknown_get, NULL},
    {"/log/checkpoint", "", ROUTE_PLAIN, PAGE_DATA, 0, ROUTE_STORE, page_log_checkpoint_get, NULL},
    {"/log/tile/", "", ROUTE_PATH, PAGE_DATA, 0, ROUTE_STORE, page_log_tile_get, NULL},
    {"/healthz", "", ROUTE_PLAIN, PAGE_TOKEN, 0, ROUTE_STORE, page_health_get, NULL},
    {"/readyz", "", ROUTE_PLAIN, PAGE_TOKEN, 0, ROUTE_STORE, page_health_get, NULL},
};
const size_t route_count = sizeof(routes) / sizeof(routes[0]);

static bool argument(const struct route *r, struct slice rest, struct slice *arg)
{
	struct slice path = slice_from(r->path), tail = slice_from(r->tail);

	if (!slice_starts(rest, path) || !slice_ends(rest, tail) || rest.len <= path.len + tail.len)
		return false;
	*arg = slice_sub(rest, path.len, rest.len - path.len - tail.len);
	return r->arg == ROUTE_PATH || slice_find(*arg, '/', 0) == arg->len;
}

const struct route *route_find(struct slice rest, struct slice *arg)
{
	*arg = SLICE("");
	for (size_t i = 0; i < route_count; i++) {
		const struct route *r = &routes[i];
		if (r->arg == ROUTE_PLAIN ? slice_eq_str(rest, r->path) : argument(r, rest, arg))
			return r;
	}
	return NULL;
}

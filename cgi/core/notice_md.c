/* The notice as Markdown: read back from the same HTML that is hashed, so that neither can say more. */
#include "core/notice_priv.h"

#include "text/block.h"

/* The version block as it stands below the page. */
static enum err version_html(const struct site *s, struct view *v, const char *lang,
    const struct notice_stamp *stamp, struct buf *out, struct errinfo *ei)
{
	const struct phrase *p = phrases_get(site_words(s, lang), SLICE("notice.n32.version"));
	const struct phrase *title = phrases_get(site_words(s, lang), SLICE("notice.n32.version.title"));
	enum err rc;

	if (!p || !title)
		return err_set(ei, E_INVALID, "the words of language %s lack notice.n32.version", lang);
	notice_stamp_fill(v, s, lang, stamp);
	buf_add_str(out, "<h2>");
	rc = phrase_html_inline(out, title, v, ei);
	buf_add_str(out, "</h2>");
	return rc ? rc : phrase_html_block(out, p, v, 3, ei);
}

enum err notice_markdown(const struct site *s, struct arena *a, const char *lang,
    const struct notice_stamp *stamp, struct buf *out, struct errinfo *ei)
{
	struct view *v = site_view(s, a, lang);
	struct blocks all;
	struct buf html;
	enum err rc;

	buf_init_arena(&html, a, NOTICE_MAX_BYTES);
	rc = notice_body(s, a, lang, &html, ei);
	if (!rc && stamp)
		rc = version_html(s, v, lang, stamp, &html, ei);
	if (!rc && !buf_ok(&html))
		rc = err_set(ei, E_LIMIT, "the notice is longer than %u bytes", NOTICE_MAX_BYTES);
	if (!rc)
		rc = blocks_read(&all, a, buf_slice(&html), ei);
	if (rc)
		return rc;
	buf_printf(out, "# %.*s\n\n", SLICE_FMT(site_say(s, lang, "notice.title", v)));
	blocks_markdown(&all, 0, out);
	return buf_ok(out) ? OK : err_set(ei, E_LIMIT, "the notice is longer than %u bytes", NOTICE_MAX_BYTES);
}

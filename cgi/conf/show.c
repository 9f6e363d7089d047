#include "conf/show.h"
#include <string.h>
#include "base/crypt.h"
#include "conf/key.h"
#include "text/jsonw.h"

#define SHOW_CANONICAL_MAX_BYTES (16u * 1024u * 1024u)

static void show_escaped(struct buf *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '\\')
			buf_add_str(out, "\\\\");
		else if (*s == '\n')
			buf_add_str(out, "\\n");
		else
			buf_add_char(out, *s);
	}
}

void conf_canonical(const struct conf_site *s, struct buf *out)
{
	buf_add_str(out, "jawort-conf 1\n");
	for (size_t i = 0; i < s->nitems; i++) {
		const struct conf_key *k = conf_key_find(false, s->items[i].path);

		if (k && (k->type == CONF_T_SECRET || k->type == CONF_T_PATH))
			continue;
		buf_add_str(out, s->items[i].path);
		buf_add_str(out, " = ");
		show_escaped(out, s->items[i].value);
		buf_add_char(out, '\n');
	}
}

void conf_hash(const struct conf_site *s, unsigned char out[32])
{
	struct buf b;

	buf_init(&b, SHOW_CANONICAL_MAX_BYTES);
	conf_canonical(s, &b);
	crypt_sha256(out, b.data, b.len);
	buf_free(&b);
}

static void show_text(struct buf *out, const char *file, const struct conf_item *items, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		buf_add_str(out, items[i].path);
		buf_add_str(out, ": ");
		show_escaped(out, items[i].value);
		if (items[i].line)
			buf_printf(out, "  # %s:%d\n", file, items[i].line);
		else
			buf_add_str(out, "  # default\n");
	}
}

static void show_json(struct buf *out, const char *file, const struct conf_item *items, size_t n)
{
	struct jsonw w;
	struct buf origin;

	jsonw_init(&w, out);
	jsonw_object(&w);
	jsonw_kcstr(&w, "file", file);
	jsonw_key(&w, "keys");
	jsonw_object(&w);
	buf_init(&origin, 8192);
	for (size_t i = 0; i < n; i++) {
		buf_reset(&origin);
		if (items[i].line)
			buf_printf(&origin, "%s:%d", file, items[i].line);
		else
			buf_add_str(&origin, "default");
		jsonw_key(&w, items[i].path);
		jsonw_object(&w);
		jsonw_kcstr(&w, "value", items[i].value);
		jsonw_kstr(&w, "origin", buf_slice(&origin));
		jsonw_end_object(&w);
	}
	buf_free(&origin);
	jsonw_end_object(&w);
	jsonw_end_object(&w);
	buf_add_char(out, '\n');
}

void conf_show(struct buf *out, const struct conf *c, const struct conf_site *site, bool json)
{
	const char *file = site ? site->file : c->file;
	const struct conf_item *items = site ? site->items : c->items;
	size_t n = site ? site->nitems : c->nitems;

	if (json)
		show_json(out, file, items, n);
	else
		show_text(out, file, items, n);
}

#include "core/lint_priv.h"

#include <string.h>

#include "base/file.h"

#define OWNER_FILE_MAX_BYTES (256u * 1024u)

bool lint_owner_any(const struct site *s)
{
	return *site_conf(s)->templates || *site_host(s)->templates;
}

bool lint_owner_read(struct lint *l, const char *name, struct slice *text, const char **file)
{
	const char *const owners[] = {l->conf->templates, l->host ? l->host->templates : ""};
	struct errinfo ei = {.code = OK};
	struct buf b;

	for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
		if (!*owners[i])
			continue;
		*file = lint_text(l, "%s/%s", owners[i], name);
		buf_init_arena(&b, l->a, OWNER_FILE_MAX_BYTES);
		if (file_read(&b, *file, &ei) == OK) {
			*text = buf_slice(&b);
			return true;
		}
	}
	return false;
}

static void place_line(struct lint_place *p, struct slice text, size_t at)
{
	p->line = p->col = 1;
	for (size_t i = 0; i < at && i < text.len; i++) {
		p->line += text.ptr[i] == '\n';
		p->col = text.ptr[i] == '\n' ? 1 : p->col + 1;
	}
}

struct lint_place lint_owner_find(struct lint *l, const char *const *names, const char *needle)
{
	struct lint_place first = {.name = names[0], .file = l->conf->file};
	bool any = false;

	if (!conf_item_place(l->conf, "templates", &first.line, &first.col))
		first.line = first.col = 1;
	for (size_t i = 0; names[i]; i++) {
		struct lint_place p = {.name = names[i]};
		const char *const list[] = {needle, NULL};
		struct slice text;
		size_t at = 0;
		bool here;

		if (!lint_owner_read(l, names[i], &text, &p.file))
			continue;
		here = needle && lint_word(list, text, &at);
		if (here || !any) {
			place_line(&p, text, at);
			first = p;
			any = true;
		}
		if (here || !needle)
			break;
	}
	return first;
}

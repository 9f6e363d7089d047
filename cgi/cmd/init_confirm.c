/* What `jawort init` only supposed, or did not know, is asked, and the site file rewritten line by line. */
#include "cmd/init_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "conf/secret.h"
#include "core/embed.h"
#include "core/lint.h"
#include "text/utf8.h"

#define TEXT_MAX_BYTES (1024u * 1024u)
#define VALUE_BYTES 1024
#define DEPTH_MAX 8
#define LINES_MAX 4000
#define DOUBT "??? "

/* Marks in both languages: the file may have been written in the other one. */
struct marks {
	const char *confirm[2], *fill[2];
};

/* A marked line, cut into what stays and what is asked. Slices lie in the file's text or in the arena. */
struct marked {
	bool fill;
	struct slice before, after; /* "  contract: { date: ", " }" */
	const char *value;          /* as shown and proposed; "" if it is missing */
	struct slice raw;           /* the same as it stands in the file */
	bool list;
	struct slice hint;
};

struct confirm {
	const struct cmd_args *args;
	struct init *in;
	struct marks marks;
	const char *path;
	struct slice lines[LINES_MAX];
	size_t nlines;
	size_t done, open;
	bool ended; /* the input has */
};

/* ---- marks */

static const char *mark_of(struct init *in, const char *file, const char *key, const char *lang)
{
	const struct embedded_file *f = embed_find(file);
	struct phrases *words = phrases_new(lang);
	struct errinfo ei = {.code = OK};
	const char *out = "";
	struct buf b;

	buf_init_arena(&b, &in->a, 256);
	if (words && f && phrases_load(words, f->name, slice_make(f->data, f->len), false, &ei) == OK) {
		buf_printf(&b, "  # %.*s", SLICE_FMT(slice_trim(phrase_source(phrases_get(words, slice_from(key))))));
		buf_add_char(&b, '\0');
		out = buf_ok(&b) ? b.data : "";
	}
	phrases_free(words);
	return out;
}

static void marks_load(struct confirm *c)
{
	static const char *const langs[2] = {"de", "en"}, *const files[2] = {"de/init.txt", "en/init.txt"};

	for (size_t i = 0; i < 2; i++) {
		c->marks.confirm[i] = mark_of(c->in, files[i], "init.yaml.confirm", langs[i]);
		c->marks.fill[i] = mark_of(c->in, files[i], "init.yaml.fill", langs[i]);
	}
}

/* Where the mark begins; line.len if it is not there. rest: what stands behind it. */
static size_t mark_find(struct slice line, const char *const mark[2], struct slice *rest)
{
	for (size_t i = 0; i < 2; i++) {
		size_t n = strlen(mark[i]);
		const char *at = n ? memmem(line.ptr, line.len, mark[i], n) : NULL;

		if (!at)
			continue;
		*rest = slice_sub(line, (size_t)(at - line.ptr) + n, line.len);
		if (slice_starts(*rest, SLICE(":")))
			*rest = slice_sub(*rest, 1, rest->len);
		*rest = slice_trim(*rest);
		return (size_t)(at - line.ptr);
	}
	return line.len;
}

/* ---- values */

/* The next scalar of a flow list, quoted or bare; s moves behind it. */
static void scalar_read(struct slice *s, struct buf *out)
{
	bool quoted = slice_starts(*s, SLICE("\""));
	size_t i = quoted;

	for (; i < s->len && s->ptr[i] != (quoted ? '"' : ','); i++) {
		if (quoted && s->ptr[i] == '\\' && i + 1 < s->len)
			i++;
		buf_add_char(out, s->ptr[i]);
	}
	*s = slice_sub(*s, i + quoted, s->len);
}

/* "[\"??? a\", b]" or a single scalar, as people type it: "a, b". */
static const char *value_plain(struct init *in, struct slice s, bool list)
{
	struct buf b;

	if (list)
		s = slice_sub(s, 1, s.len - 2);
	buf_init_arena(&b, &in->a, VALUE_BYTES);
	for (s = slice_trim(s); s.len; s = slice_trim(s)) {
		if (slice_starts(s, SLICE(","))) {
			buf_add_str(&b, ", ");
			s = slice_trim(slice_sub(s, 1, s.len));
		}
		scalar_read(&s, &b);
		if (!list)
			break;
	}
	buf_add_char(&b, '\0');
	if (!buf_ok(&b))
		return "";
	return strncmp(b.data, DOUBT, sizeof(DOUBT) - 1) == 0 ? b.data + sizeof(DOUBT) - 1 : b.data;
}

static void item_write(struct buf *out, struct slice one)
{
	char item[VALUE_BYTES];

	if (slice_copy(one, item, sizeof(item)))
		init_quoted(out, item);
}

/* "Name, dsb@firm.test, street, town": the data protection officer; what has an @ is the mail address. */
static void officer_write(struct init *in, struct buf *out, const char *typed)
{
	struct slice rest = slice_from(typed), one, name = SLICE(""), email = SLICE("");
	struct buf address;

	buf_init_arena(&address, &in->a, VALUE_BYTES);
	while (slice_split(&rest, ',', &one)) {
		one = slice_trim(one);
		if (slice_find(one, '@', 0) < one.len) {
			email = one;
		} else if (!name.len) {
			name = one;
		} else if (one.len) {
			buf_add_str(&address, address.len ? ", " : "");
			item_write(&address, one);
		}
	}
	buf_add_str(out, "{ name: ");
	item_write(out, name);
	if (email.len)
		buf_add_str(out, ", email: ");
	if (email.len)
		item_write(out, email);
	if (address.len)
		buf_printf(out, ", address: [%.*s]", SLICE_FMT(buf_slice(&address)));
	buf_add_str(out, " }");
}

static void value_write(struct init *in, struct buf *out, const struct marked *m, const char *typed)
{
	struct slice rest = slice_from(typed), one;
	char item[VALUE_BYTES];
	size_t n = 0;

	if (slice_eq(slice_trim(m->before), SLICE("dpo:")) && strcmp(typed, "none") != 0) {
		officer_write(in, out, typed);
		return;
	}

	/* Taken as it is: only the doubt goes. A comma may stand inside an item. */
	if (typed == m->value) {
		size_t at = slice_starts(m->raw, SLICE("[")) ? 2 : 1;
		bool doubt = slice_starts(slice_sub(m->raw, at, m->raw.len), SLICE(DOUBT));

		buf_add_slice(out, doubt ? slice_sub(m->raw, 0, at) : m->raw);
		if (doubt)
			buf_add_slice(out, slice_sub(m->raw, at + sizeof(DOUBT) - 1, m->raw.len));
		return;
	}
	if (!m->list) {
		init_quoted(out, typed);
		return;
	}
	buf_add_char(out, '[');
	while (slice_split(&rest, ',', &one)) {
		if (!slice_copy(slice_trim(one), item, sizeof(item)) || !*item)
			continue;
		if (n++)
			buf_add_str(out, ", ");
		init_quoted(out, item);
	}
	buf_add_char(out, ']');
}

/* ---- lines */

static bool marked_confirm(struct confirm *c, struct slice line, struct marked *m)
{
	size_t at = mark_find(line, c->marks.confirm, &m->hint), colon;
	struct slice head = slice_sub(line, 0, at), value;

	colon = slice_find(head, ':', 0);
	if (at == line.len || colon == head.len)
		return false;
	value = slice_trim(slice_sub(head, colon + 1, head.len));
	m->list = slice_starts(value, SLICE("[")) && slice_ends(value, SLICE("]"));
	m->before = slice_sub(head, 0, colon + 2);
	m->after = SLICE("");
	m->raw = value;
	m->value = value_plain(c->in, value, m->list);
	return true;
}

/* "    # contract: { date: ? }  # please fill in: ..." */
static bool marked_fill(struct confirm *c, struct slice line, struct marked *m)
{
	size_t at = mark_find(line, c->marks.fill, &m->hint), hash, ask;
	struct slice head = slice_sub(line, 0, at);
	struct buf b;

	hash = slice_find(head, '#', 0);
	ask = slice_find(head, '?', 0);
	if (at == line.len || hash == head.len || ask == head.len || hash > ask)
		return false;
	m->fill = true;
	m->value = "";
	buf_init_arena(&b, &c->in->a, VALUE_BYTES);
	buf_add_slice(&b, slice_sub(head, 0, hash));
	buf_add_slice(&b, slice_sub(head, hash + 2, ask - hash - 2));
	m->before = buf_slice(&b);
	m->after = slice_sub(head, ask + 1, head.len);
	m->list = slice_starts(m->after, SLICE("]"));
	if (m->list && slice_ends(m->before, SLICE("["))) {
		m->before.len--;
		m->after = slice_sub(m->after, 1, m->after.len);
	}
	return buf_ok(&b);
}

/* "processors.mailjet.contract_party" of a line, by the indents of the lines above it. */
static void line_path(const struct confirm *c, size_t no, struct slice before, struct buf *out)
{
	struct slice names[DEPTH_MAX];
	size_t n = 0, indent = 0;

	while (indent < before.len && before.ptr[indent] == ' ')
		indent++;
	names[n++] = slice_sub(before, indent, slice_find(before, ':', 0) - indent);
	for (size_t i = no; i > 0 && indent > 0 && n < DEPTH_MAX; i--) {
		struct slice l = c->lines[i - 1];
		size_t in = 0;

		while (in < l.len && l.ptr[in] == ' ')
			in++;
		if (in >= indent || in == l.len || l.ptr[in] == '#')
			continue;
		names[n++] = slice_sub(l, in, slice_find(l, ':', in) - in);
		indent = in;
	}
	while (n--)
		buf_printf(out, "%.*s%s", SLICE_FMT(names[n]), n ? "." : "");
}

/* ---- the file as it would be */

static void text_join(const struct confirm *c, const char *mode, struct buf *out)
{
	for (size_t i = 0; i < c->nlines; i++) {
		bool is_mode = slice_starts(c->lines[i], SLICE("mode:"));

		if (mode && is_mode)
			buf_printf(out, "mode: %s", mode);
		else
			buf_add_slice(out, c->lines[i]);
		if (i + 1 < c->nlines)
			buf_add_char(out, '\n');
	}
}

/* As config check: what needs the data of law, and the pages. */
static enum err text_lint(const struct conf *conf, struct conf_report *rep, struct errinfo *ei)
{
	struct site *s = NULL;
	enum err rc;

	if (!conf->nsites)
		return OK;
	rc = site_new(&s, conf, conf->sites[0], ei);
	if (!rc)
		rc = lint_conf(conf->sites[0], rep, ei);
	if (!rc)
		rc = lint_pages(s, rep, ei);
	site_free(s);
	return rc;
}

/* Loads a text as the only site of a configuration that is written for this alone. whole: looks at the duties too. */
static enum err text_load(struct slice text, bool whole, struct conf_report *rep, struct errinfo *ei)
{
	char dir[] = "/tmp/jawort-init-XXXXXX", host[64], site[64];
	struct conf_opts o = {.path = host};
	struct conf *conf = NULL;
	enum err rc;

	if (!mkdtemp(dir))
		return err_set(ei, E_IO, "%s cannot be made", dir);
	snprintf(host, sizeof(host), "%s/jawort.yaml", dir);
	snprintf(site, sizeof(site), "%s/site.yaml", dir);
	rc = file_create(host, SLICE("data: data\nkeys: keys\nsites: site.yaml\n"), 0600, ei);
	if (!rc)
		rc = file_create(site, text, 0600, ei);
	if (!rc)
		rc = conf_load(&o, &conf, rep, ei);
	if (!rc && whole)
		rc = text_lint(conf, rep, ei);
	conf_free(conf);
	unlink(site);
	unlink(host);
	rmdir(dir);
	return rc;
}

static const char *first_error(struct init *in, const struct conf_report *rep)
{
	for (size_t i = 0; i < rep->n; i++) {
		struct buf b;

		if (rep->items[i].severity != CONF_ERROR)
			continue;
		buf_init_arena(&b, &in->a, 4096);
		buf_add_str(&b, rep->items[i].text);
		buf_add_char(&b, '\0');
		return buf_ok(&b) ? b.data : "?";
	}
	return NULL;
}

/* Puts the line into the text and sees whether it can be read; NULL: yes. */
static const char *line_try(struct confirm *c, size_t no, struct slice with)
{
	struct slice before = c->lines[no];
	struct conf_report rep;
	struct errinfo ei = {.code = OK};
	const char *bad;
	struct buf text;

	c->lines[no] = with;
	conf_report_init(&rep);
	buf_init(&text, TEXT_MAX_BYTES);
	text_join(c, NULL, &text);
	if (text_load(buf_slice(&text), false, &rep, &ei) != OK)
		bad = "?";
	else
		bad = first_error(c->in, &rep);
	buf_free(&text);
	conf_report_free(&rep);
	if (bad)
		c->lines[no] = before;
	return bad;
}

/* ---- asking */

static const char *typed_bad(struct confirm *c, size_t no, const struct marked *m, const char *typed)
{
	struct buf b;
	const char *bad;

	view_int(c->in->view, "max", INIT_ANSWER_BYTES);
	if (!utf8_valid(slice_from(typed)) || utf8_has_control(slice_from(typed), false))
		return init_say(c->in, "init.bad.control");
	if (!*typed)
		return init_say(c->in, "init.bad.empty");
	buf_init_arena(&b, &c->in->a, VALUE_BYTES * 2);
	buf_add_slice(&b, m->before);
	value_write(c->in, &b, m, typed);
	buf_add_slice(&b, m->after);
	bad = buf_ok(&b) ? line_try(c, no, buf_slice(&b)) : "?";
	if (!bad)
		return NULL;
	view_cstr(c->in->view, "text", bad);
	return init_say(c->in, "init.confirm.bad");
}

static void marked_ask(struct confirm *c, size_t no, const struct marked *m)
{
	char line[INIT_ANSWER_BYTES + 2], typed[INIT_ANSWER_BYTES + 2];
	struct buf path;
	bool too_long;

	buf_init_arena(&path, &c->in->a, 512);
	line_path(c, no, m->before, &path);
	view_text(c->in->view, "key", buf_slice(&path));
	view_text(c->in->view, "hint", m->hint);
	printf("\n%s\n", init_block(c->in, m->fill ? "init.confirm.fresh" : "init.confirm.item", 0));
	for (;;) {
		const char *bad;

		if (*m->value)
			printf("   > [%s] ", m->value);
		else
			printf("   > ");
		fflush(stdout);
		if (!init_line(line, sizeof(line), &too_long)) {
			c->ended = true;
			return;
		}
		if (slice_eq(slice_trim(slice_from(line)), SLICE("-"))) {
			c->open++;
			return;
		}
		slice_copy(slice_trim(slice_from(line)), typed, sizeof(typed));
		bad = too_long ? init_say(c->in, "init.bad.long") : typed_bad(c, no, m, *typed ? typed : m->value);
		if (!bad) {
			c->done++;
			return;
		}
		init_show(c->in, bad);
	}
}

/* ---- what an answer brings with it */

static size_t indent_of(struct slice line)
{
	size_t n = 0;

	while (n < line.len && line.ptr[n] == ' ')
		n++;
	return n;
}

/* Does the firm of this line say already what protects data outside the EEA? */
static bool transfer_there(const struct confirm *c, size_t no)
{
	size_t indent = indent_of(c->lines[no]), first = no;

	while (first > 0 && indent_of(c->lines[first - 1]) >= indent)
		first--;
	for (size_t i = first; i < c->nlines && indent_of(c->lines[i]) >= indent; i++)
		if (slice_starts(slice_trim(c->lines[i]), SLICE("transfer:")))
			return true;
	return false;
}

/* "us_affiliate: true" instead of the false that was supposed: the questions about the transfer follow. */
static void transfer_add(struct confirm *c, size_t no)
{
	struct slice line = c->lines[no], rest, one;
	size_t indent = indent_of(line), n = 0;
	struct slice more[8];
	char before[16];
	struct buf text;

	if (indent >= sizeof(before) || !slice_eq(slice_sub(line, indent, line.len), SLICE("us_affiliate: \"true\"")) ||
	    transfer_there(c, no))
		return;
	buf_init_arena(&text, &c->in->a, VALUE_BYTES * 2);
	snprintf(before, sizeof(before), "%*s", (int)indent, "");
	init_transfer_text(c->in, before, &text);
	rest = buf_slice(&text);
	while (n < 8 && slice_split(&rest, '\n', &one))
		if (one.len)
			more[n++] = one;
	if (!buf_ok(&text) || c->nlines + n > LINES_MAX)
		return;
	memmove(c->lines + no + 1 + n, c->lines + no + 1, (c->nlines - no - 1) * sizeof(c->lines[0]));
	memcpy(c->lines + no + 1, more, n * sizeof(more[0]));
	c->nlines += n;
}

static void lines_split(struct confirm *c, struct slice text)
{
	struct slice one;

	c->nlines = 0;
	while (c->nlines < LINES_MAX && slice_split(&text, '\n', &one))
		c->lines[c->nlines++] = one;
}

static size_t lines_ask(struct confirm *c)
{
	size_t found = 0;

	for (size_t i = 0; i < c->nlines && !c->ended; i++) {
		struct marked m = {.fill = false};

		if (!marked_fill(c, c->lines[i], &m)) {
			m = (struct marked){.fill = false};
			if (!marked_confirm(c, c->lines[i], &m))
				continue;
		}
		if (found++ == 0)
			printf("%s\n\n%s\n", c->path, init_block(c->in, "init.confirm.hello", 0));
		marked_ask(c, i, &m);
		transfer_add(c, i);
	}
	return found;
}

/* ---- going live */

/* A provider that has no secret cannot send; a site without any provider cannot either. */
static bool secrets_there(const struct confirm *c, const struct conf *conf, const struct conf_site *s)
{
	static const char *const names[] = {"key_file", "password_file"};
	bool sender = false;

	for (size_t i = 0; i < s->mail.route.n; i++)
		for (size_t k = 0; k < 2; k++) {
			struct errinfo ei = {.code = OK};
			char which[80];
			const char *value;
			struct buf b;

			snprintf(which, sizeof(which), "mail.%s.%s", s->mail.route.v[i], names[k]);
			value = conf_item_value(s, which);
			if (!value || !*value)
				continue;
			sender = true;
			buf_init(&b, 8192);
			if (conf_secret_read(conf, s, which, &b, &ei) != OK) {
				init_show(c->in, ei.text);
				sender = false;
			}
			buf_free(&b);
			if (!sender)
				return false;
		}
	if (!sender)
		init_show(c->in, init_say(c->in, "init.confirm.nobody"));
	return sender;
}

static void finding_show(struct confirm *c, const struct conf_finding *f)
{
	enum law_lang lang = strcmp(c->in->lang, "de") == 0 ? LAW_DE : LAW_EN;
	struct buf b;

	buf_init_arena(&b, &c->in->a, 4096);
	buf_printf(&b, "%s%s", f->id, *f->id ? ": " : "");
	conf_finding_what(&b, f, lang);
	buf_add_str(&b, ". ");
	conf_finding_mend(&b, f, lang);
	buf_add_char(&b, '\0');
	if (buf_ok(&b))
		init_show(c->in, b.data);
}

/* Errors are in the way, warnings are only shown. */
static bool live_ready(struct confirm *c, struct slice text)
{
	struct errinfo ei = {.code = OK};
	struct conf_report rep;
	bool ready;

	conf_report_init(&rep);
	ready = text_load(text, true, &rep, &ei) == OK;
	if (!ready)
		init_show(c->in, ei.text);
	ready = ready && !first_error(c->in, &rep);
	if (rep.n)
		printf("\n%s\n", init_say(c->in, "init.confirm.still"));
	for (size_t i = 0; i < rep.n; i++)
		finding_show(c, &rep.items[i]);
	conf_report_free(&rep);
	return ready;
}

static bool yes(struct confirm *c)
{
	static const char *const words[] = {"ja", "j", "yes", "y"};
	char line[16];
	bool too_long;

	printf("\n%s\n   > ", init_say(c->in, "init.confirm.live"));
	fflush(stdout);
	if (!init_line(line, sizeof(line), &too_long))
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_ieq(slice_trim(slice_from(line)), slice_from(words[i])))
			return true;
	return false;
}

static enum err go_live(struct confirm *c, const struct conf *conf, const struct conf_site *s, struct errinfo *ei)
{
	bool usual = strcmp(c->args->conf, CMD_CONF_DEFAULT) == 0;
	struct buf text, command;
	enum err rc = OK;

	/* The notice in force is still that of the try-out; the check would say so (L10). */
	buf_init_arena(&command, &c->in->a, 1024);
	buf_printf(&command, "jawort config apply%s%s && systemctl reload jawort-serve jawort-worker", usual ? "" : " -c ",
	    usual ? "" : c->args->conf);
	buf_init(&text, TEXT_MAX_BYTES);
	text_join(c, "live", &text);
	if (live_ready(c, buf_slice(&text)) && secrets_there(c, conf, s) && yes(c)) {
		rc = file_write(c->path, buf_slice(&text), 0644, ei);
		view_text(c->in->view, "command", buf_slice(&command));
		if (!rc)
			printf("\n%s\n", init_say(c->in, "init.confirm.islive"));
	}
	buf_free(&text);
	return rc;
}

static enum err site_confirm(struct confirm *c, const struct conf *conf, const struct conf_site *s, struct errinfo *ei)
{
	struct buf text, out;
	enum err rc;

	c->path = s->file;
	c->done = c->open = 0;
	buf_init(&text, TEXT_MAX_BYTES);
	buf_init(&out, TEXT_MAX_BYTES);
	rc = file_read(&text, s->file, ei);
	lines_split(c, buf_slice(&text));
	view_cstr(c->in->view, "path", s->file);
	if (!rc && !lines_ask(c))
		printf("%s\n", init_say(c->in, "init.confirm.none"));
	if (!rc && c->ended) {
		printf("\n\n%s\n", init_say(c->in, "init.aborted"));
		rc = err_set(ei, E_CONFLICT, "the input has ended");
	}
	text_join(c, NULL, &out);
	if (!rc && c->done && !c->args->dry)
		rc = file_write(s->file, buf_slice(&out), 0644, ei);
	if (!rc && (c->done || c->open)) {
		view_int(c->in->view, "done", (int64_t)c->done);
		view_int(c->in->view, "open", (int64_t)c->open);
		printf("\n%s\n", init_say(c->in, "init.confirm.done"));
	}
	if (!rc && s->mode == CONF_TRY_OUT && !c->args->dry)
		rc = go_live(c, conf, s, ei);
	buf_free(&text);
	buf_free(&out);
	return rc;
}

int init_confirm(const struct cmd_args *a, struct init *in)
{
	struct confirm *c = calloc(1, sizeof(*c));
	struct errinfo ei = {.code = OK};
	struct conf *conf = NULL;
	int rc = c ? cmd_load(a, &conf) : CMD_FAILED;

	if (!rc) {
		c->args = a;
		c->in = in;
		marks_load(c);
	}
	for (size_t i = 0; !rc && i < conf->nsites; i++) {
		if (a->site && strcmp(a->site, conf->sites[i]->id) != 0)
			continue;
		if (site_confirm(c, conf, conf->sites[i], &ei) != OK)
			rc = c->ended ? CMD_FAILED : cmd_fail("init", &ei);
	}
	conf_free(conf);
	free(c);
	return rc;
}

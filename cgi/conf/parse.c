#include "conf/conf_priv.h"
#include <string.h>
#include <yaml.h>
#include "text/utf8.h"

/*
 * Only events are used, never the document API, so that anchors, tags and
 * duplicates are seen before anything could resolve them. Implicit typing does
 * not exist here: every scalar is its text.
 */
struct parse {
	yaml_parser_t yaml;
	yaml_event_t ev;
	struct arena *a;
	struct conf_sink *sink;
	struct conf_node *stack[CONF_DEPTH_MAX];
	size_t depth;
	size_t nodes;
	struct conf_node *root;
	struct slice key; /* ptr NULL: the next scalar in a mapping is a key */
	int key_line, key_col;
	unsigned documents;
	struct slice text;
};

static void parse_where(struct slice text, size_t at, int *line, int *col)
{
	*line = 1;
	*col = 1;
	for (size_t i = 0; i < at && i < text.len; i++) {
		if (text.ptr[i] == '\n') {
			++*line;
			*col = 1;
		} else if (((unsigned char)text.ptr[i] & 0xC0) != 0x80) {
			++*col;
		}
	}
}

static bool parse_bytes(struct conf_sink *sink, struct slice text)
{
	size_t at = 0;
	int line, col;

	while (at < text.len) {
		size_t before = at;
		uint32_t cp = utf8_next(text, &at);

		if (cp != 0 && cp != UINT32_MAX)
			continue;
		parse_where(text, before, &line, &col);
		if (cp == 0)
			conf_sink_error(sink, line, col, "a NUL byte stands here. The file must be plain UTF-8 text");
		else
			conf_sink_error(sink, line, col, "this is not UTF-8. Save the file with the encoding UTF-8");
		return false;
	}
	return true;
}

static struct conf_node *parse_node(struct parse *p, enum conf_node_kind kind)
{
	struct conf_node *n = arena_alloc(p->a, sizeof(*n));

	if (!n)
		return NULL;
	n->kind = kind;
	n->line = (int)p->ev.start_mark.line + 1;
	n->col = (int)p->ev.start_mark.column + 1;
	n->key = p->key;
	n->key_line = p->key_line;
	n->key_col = p->key_col;
	return n;
}

struct conf_node *conf_node_child(const struct conf_node *map, const char *key)
{
	if (!map || map->kind != CONF_N_MAP)
		return NULL;
	for (struct conf_node *c = map->first; c; c = c->next)
		if (slice_eq_str(c->key, key))
			return c;
	return NULL;
}

static bool parse_stop(struct parse *p, const char *why)
{
	conf_sink_error(p->sink, (int)p->ev.start_mark.line + 1, (int)p->ev.start_mark.column + 1, "%s", why);
	return false;
}

/* Duplicates are reported and dropped: the first one stays, and reading goes on. */
static void parse_attach(struct parse *p, struct conf_node *n)
{
	struct conf_node *up = p->depth ? p->stack[p->depth - 1] : NULL;
	struct conf_node *twin;

	if (!up) {
		p->root = n;
		return;
	}
	twin = NULL;
	if (up->kind == CONF_N_MAP)
		for (twin = up->first; twin && !slice_eq(twin->key, n->key); twin = twin->next)
			continue;
	p->key = (struct slice){0};
	if (twin) {
		conf_sink_error(p->sink, n->key_line, n->key_col,
		    "key \"%.*s\" stands here for the second time, first in line %d. Keep one of them",
		    SLICE_FMT(n->key), twin->key_line);
		return;
	}
	if (up->last)
		up->last->next = n;
	else
		up->first = n;
	up->last = n;
	up->children++;
}

static void parse_refuse(struct parse *p, bool anchor, const char *tag)
{
	int line = (int)p->ev.start_mark.line + 1, col = (int)p->ev.start_mark.column + 1;

	if (anchor)
		conf_sink_error(p->sink, line, col, "anchors (&name) are not used here. Write the value out");
	if (tag)
		conf_sink_error(p->sink, line, col, "tags (%.60s) are not used here. Every value is text; leave the tag away",
		    tag);
}

static bool parse_key(struct parse *p, struct slice text)
{
	p->key = arena_dup(p->a, text);
	p->key_line = (int)p->ev.start_mark.line + 1;
	p->key_col = (int)p->ev.start_mark.column + 1;
	if (!arena_ok(p->a))
		return parse_stop(p, "out of memory");
	if (text.len == 0)
		return parse_stop(p, "a key is empty. Write its name before the colon");
	if (slice_eq_str(text, "<<"))
		return parse_stop(p, "merge keys (<<) are not used here. Write the keys out");
	return true;
}

static bool parse_scalar(struct parse *p)
{
	struct conf_node *up = p->depth ? p->stack[p->depth - 1] : NULL;
	struct slice text = slice_make(p->ev.data.scalar.value, p->ev.data.scalar.length);
	struct conf_node *n;

	parse_refuse(p, p->ev.data.scalar.anchor != NULL, (const char *)p->ev.data.scalar.tag);
	if (up && up->kind == CONF_N_MAP && !p->key.ptr)
		return parse_key(p, text);
	/* Block scalars ("|", ">") end with a line end that nobody typed as content. */
	if (p->ev.data.scalar.style == YAML_LITERAL_SCALAR_STYLE ||
	    p->ev.data.scalar.style == YAML_FOLDED_SCALAR_STYLE)
		while (text.len && text.ptr[text.len - 1] == '\n')
			text.len--;
	if (memchr(text.ptr ? text.ptr : "", 0, text.len))
		return parse_stop(p, "a value holds \\0. Take it out");
	if (up && up->children > CONF_CHILDREN_MAX)
		return parse_stop(p, "more than 4000 entries in one mapping or list");
	n = parse_node(p, CONF_N_SCALAR);
	if (!n)
		return parse_stop(p, "out of memory");
	n->value = arena_dup(p->a, text);
	parse_attach(p, n);
	return true;
}

static bool parse_open(struct parse *p, enum conf_node_kind kind)
{
	struct conf_node *up = p->depth ? p->stack[p->depth - 1] : NULL;
	struct conf_node *n;

	if (kind == CONF_N_MAP)
		parse_refuse(p, p->ev.data.mapping_start.anchor != NULL, (const char *)p->ev.data.mapping_start.tag);
	else
		parse_refuse(p, p->ev.data.sequence_start.anchor != NULL, (const char *)p->ev.data.sequence_start.tag);
	if (up && up->kind == CONF_N_MAP && !p->key.ptr)
		return parse_stop(p, "a list or mapping stands where a key should be. Keys are plain words");
	if (up && up->children > CONF_CHILDREN_MAX)
		return parse_stop(p, "more than 4000 entries in one mapping or list");
	if (p->depth == CONF_DEPTH_MAX)
		return parse_stop(p, "nested too deeply (16 levels)");
	n = parse_node(p, kind);
	if (!n)
		return parse_stop(p, "out of memory");
	parse_attach(p, n);
	p->stack[p->depth++] = n;
	p->key = (struct slice){0};
	return true;
}

static bool parse_document(struct parse *p)
{
	if (++p->documents > 1)
		return parse_stop(p, "a second document (---) begins. One file holds one configuration");
	if (p->ev.data.document_start.tag_directives.start != p->ev.data.document_start.tag_directives.end)
		return parse_stop(p, "%TAG directives are not used here");
	return true;
}

static bool parse_event(struct parse *p)
{
	if (++p->nodes > 2 * CONF_NODES_MAX)
		return parse_stop(p, "more than 20000 values. Split the file");
	switch (p->ev.type) {
	case YAML_DOCUMENT_START_EVENT:
		return parse_document(p);
	case YAML_ALIAS_EVENT:
		return parse_stop(p, "aliases (*name) are not used here. Write the value out; "
				     "a text that begins with * needs quotes");
	case YAML_SCALAR_EVENT:
		return parse_scalar(p);
	case YAML_SEQUENCE_START_EVENT:
		return parse_open(p, CONF_N_SEQ);
	case YAML_MAPPING_START_EVENT:
		return parse_open(p, CONF_N_MAP);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		p->depth--;
		return true;
	default:
		return true;
	}
}

static void parse_syntax(struct parse *p)
{
	const yaml_parser_t *y = &p->yaml;
	int line = (int)y->problem_mark.line + 1, col = (int)y->problem_mark.column + 1;
	size_t at = y->problem_mark.index;
	const char *hint = "Compare the indent with the lines above; texts with \": \", \"#\", \"*\" or \"&\" need quotes";

	if (y->error == YAML_READER_ERROR) {
		parse_where(p->text, y->problem_offset, &line, &col);
		hint = "Take the character out";
	} else if (p->text.len && line >= 1) {
		/* index counts characters; walk there to see what stands. */
		size_t i = 0, n = 0;

		while (i < p->text.len && n < at)
			n += utf8_next(p->text, &i) != UINT32_MAX;
		if (i < p->text.len && p->text.ptr[i] == '\t')
			hint = "A TAB stands here; YAML indents with spaces only";
	}
	conf_sink_error(p->sink, line, col, "not valid YAML: %s%s%s. %s", y->problem ? y->problem : "unreadable",
	    y->context ? ", " : "", y->context ? y->context : "", hint);
}

static bool parse_events(struct parse *p)
{
	bool end = false;

	while (!end) {
		bool ok;

		if (!yaml_parser_parse(&p->yaml, &p->ev)) {
			parse_syntax(p);
			return false;
		}
		end = p->ev.type == YAML_STREAM_END_EVENT;
		ok = parse_event(p);
		yaml_event_delete(&p->ev);
		if (!ok)
			return false;
	}
	return true;
}

bool conf_parse(struct arena *a, struct conf_sink *sink, struct slice text, struct conf_node **root)
{
	struct parse p = {.a = a, .sink = sink};
	bool ok;

	*root = NULL;
	if (slice_starts(text, SLICE("\xEF\xBB\xBF"))) /* byte order mark */
		text = slice_sub(text, 3, text.len);
	if (!parse_bytes(sink, text))
		return false;
	p.text = text;
	if (!yaml_parser_initialize(&p.yaml)) {
		conf_sink_error(sink, 0, 0, "out of memory");
		return false;
	}
	yaml_parser_set_encoding(&p.yaml, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&p.yaml, (const unsigned char *)(text.ptr ? text.ptr : ""), text.len);
	ok = parse_events(&p);
	yaml_parser_delete(&p.yaml);
	*root = p.root;
	if (ok && !arena_ok(a)) {
		conf_sink_error(sink, 0, 0, "out of memory");
		ok = false;
	}
	if (ok && (!p.root || p.root->kind != CONF_N_MAP)) {
		conf_sink_error(sink, p.root ? p.root->line : 0, p.root ? p.root->col : 0,
		    "the file must hold keys and values (\"key: value\"), one below the other");
		ok = false;
	}
	return ok;
}

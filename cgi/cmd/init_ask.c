/* The dialogue of `jawort init` on a terminal. */
#include "cmd/init_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/embed.h"
#include "text/utf8.h"

#define INDENT 5
#define LABEL_COLUMNS 10 /* at least as wide as the widest init.label */

const char *init_lang(const struct cmd_args *a)
{
	static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
	const char *said = a->lang;

	for (size_t i = 0; !said && i < sizeof(names) / sizeof(names[0]); i++) {
		said = getenv(names[i]);
		if (said && !*said)
			said = NULL;
	}
	return said && strncmp(said, "de", 2) == 0 ? "de" : "en";
}

enum err init_open(struct init *in, const struct cmd_args *a, struct errinfo *ei)
{
	const struct embedded_file *f;

	memset(in, 0, sizeof(*in));
	arena_init(&in->a, 4u * 1024u * 1024u);
	in->lang = init_lang(a);
	in->words = phrases_new(in->lang);
	in->view = view_new(&in->a);
	f = embed_find(strcmp(in->lang, "de") == 0 ? "de/init.txt" : "en/init.txt");
	if (!in->words || !in->view || !f)
		return err_set(ei, E_NOMEM, "words of init");
	for (size_t i = 0; i < INIT__MAX; i++)
		in->given[i] = a->answer[i];
	return phrases_load(in->words, f->name, slice_make(f->data, f->len), false, ei);
}

void init_close(struct init *in)
{
	phrases_free(in->words);
	arena_free(&in->a);
}

const char *init_block(struct init *in, const char *key, unsigned indent)
{
	const struct phrase *p = phrases_get(in->words, slice_from(key));
	struct errinfo ei = {.code = OK};
	struct buf b;

	buf_init_arena(&b, &in->a, 8192);
	if (!p || phrase_plain_block(&b, p, in->view, INIT_COLUMNS, indent, &ei) != OK)
		return "";
	buf_add_char(&b, '\0');
	return buf_ok(&b) ? b.data : "";
}

const char *init_say(struct init *in, const char *key)
{
	const struct phrase *p = phrases_get(in->words, slice_from(key));
	struct errinfo ei = {.code = OK};
	struct buf b;

	buf_init_arena(&b, &in->a, 8192);
	if (!p || phrase_plain(&b, p, in->view, &ei) != OK)
		return "";
	buf_add_char(&b, '\0');
	return buf_ok(&b) ? b.data : "";
}

bool init_line(char *out, size_t bytes, bool *too_long)
{
	size_t n = 0;
	int c;

	*too_long = false;
	while ((c = getchar()) != EOF && c != '\n') {
		if (n + 1 < bytes)
			out[n++] = (char)(c ? c : 1); /* NUL counts as the control that it is */
		else
			*too_long = true;
	}
	out[n] = '\0';
	return c != EOF;
}

/* ---- one question */

static const char *phrase_of(const struct init *in, const char *before, const char *id, char key[static 64])
{
	snprintf(key, 64, "init.%s.%s", before, id);
	return phrases_get(in->words, slice_from(key)) ? key : NULL;
}

static void known_hosts(struct init *in)
{
	const struct prefill *p;
	struct buf b;

	buf_init_arena(&b, &in->a, 1024);
	for (size_t i = 0; (p = prefill_at(i)); i++)
		if (strcmp(p->kind, "host") == 0)
			buf_printf(&b, "%s%s", b.len ? ", " : "", p->name);
	view_text(in->view, "known", buf_slice(&b));
}

static void choices_show(struct init *in, const struct init_choice *c)
{
	unsigned n = 0;

	for (; c->id; c++)
		if (!c->there || c->there())
			printf("%*s%u  %s\n", INDENT, "", ++n, init_say(in, c->phrase));
}

/* What Enter takes is shown as people type it: the number of a choice. */
static const char *default_of(struct init *in, enum init_answer which)
{
	const struct init_choice *c = init_questions[which].choices;
	const char *s = in->typed[which] ? in->typed[which] : init_suggest(in, which);
	unsigned n = 0;
	char *number = c && s ? arena_alloc(&in->a, 4) : NULL;

	for (; number && c->id; c++) {
		if (c->there && !c->there())
			continue;
		n++;
		if (strcmp(c->id, s) == 0) {
			snprintf(number, 4, "%u", n % 100);
			return number;
		}
	}
	return s;
}

static void question_show(struct init *in, enum init_answer which)
{
	const struct init_question *q = &init_questions[which];
	char ask[64], hint[64];

	known_hosts(in);
	phrase_of(in, "ask", q->id, ask);
	if (q->number)
		printf("\n%u/9  %s\n", q->number, init_say(in, ask));
	else
		printf("\n%*s%s\n", INDENT, "", init_say(in, ask));
	if (q->hint && phrase_of(in, "hint", q->id, hint))
		printf("%s\n", init_block(in, hint, INDENT));
	if (q->choices)
		choices_show(in, q->choices);
}

void init_show(struct init *in, const char *text)
{
	struct view *v = view_child(in->view);
	const struct phrase *p = phrases_get(in->words, SLICE("init.bad.text"));
	struct errinfo ei = {.code = OK};
	struct buf b;

	view_cstr(v, "text", text);
	buf_init_arena(&b, &in->a, 8192);
	if (p && phrase_plain_block(&b, p, v, INIT_COLUMNS, INDENT, &ei) == OK)
		printf("%.*s\n", SLICE_FMT(buf_slice(&b)));
}

/* false: the input has ended. */
static bool question_ask(struct init *in, enum init_answer which)
{
	char line[INIT_ANSWER_BYTES + 2];
	const char *usual = default_of(in, which), *bad;
	bool too_long;

	question_show(in, which);
	for (;;) {
		if (usual)
			printf("   > [%s] ", usual);
		else
			printf("   > ");
		fflush(stdout);
		if (!init_line(line, sizeof(line), &too_long))
			return false;
		if (slice_trim(slice_from(line)).len == 0 && usual)
			bad = init_take(in, which, slice_from(usual));
		else
			bad = init_take(in, which, slice_from(line));
		if (!bad)
			return true;
		init_show(in, bad);
	}
}

/* ---- all of them */

static const char *shown(struct init *in, enum init_answer which)
{
	char key[64];

	if (!init_questions[which].choices)
		return in->typed[which];
	return init_say(in, phrase_of(in, "choice", which == INIT_PROVIDER ? in->provider : in->hosting, key) ?
	    key : "");
}

/* Numbers of the overview count what is asked here, follow-ups too. */
static size_t review_show(struct init *in, enum init_answer order[static INIT__MAX])
{
	const char *label;
	size_t n = 0;
	char key[64];

	printf("\n%s\n\n", init_say(in, "init.review"));
	for (enum init_answer i = 0; i < INIT__MAX; i++) {
		if (!init_asked(in, i))
			continue;
		order[n++] = i;
		phrase_of(in, "label", init_questions[i].id, key);
		label = init_say(in, key);
		printf("%3zu  %s%*s  %s\n", n, label, LABEL_COLUMNS - (int)utf8_count(slice_from(label)), "", shown(in, i));
	}
	view_int(in->view, "max", (int64_t)n);
	printf("\n%s\n", init_block(in, "init.review.ask", INDENT));
	return n;
}

static bool ask_open(struct init *in)
{
	for (enum init_answer i = 0; i < INIT__MAX; i++)
		if (init_asked(in, i) && !in->typed[i] && !question_ask(in, i))
			return false;
	return true;
}

/* true: write. */
static bool review(struct init *in)
{
	enum init_answer order[INIT__MAX];
	char line[16];
	bool too_long;

	for (;;) {
		size_t n = review_show(in, order);
		unsigned long long number;
		struct slice s;

		printf("   > ");
		fflush(stdout);
		if (!init_line(line, sizeof(line), &too_long))
			return false;
		s = slice_trim(slice_from(line));
		if (!s.len && !too_long)
			return true;
		if (slice_ieq(s, SLICE("q")))
			return false;
		if (!too_long && slice_u64(s, &number) && number >= 1 && number <= n) {
			enum init_answer which = order[number - 1];
			const char *before = in->typed[which];
			init_forget(in, which);
			in->typed[which] = before; /* what Enter takes */
			if (!question_ask(in, which) || !ask_open(in))
				return false;
			continue;
		}
		init_show(in, init_say(in, "init.review.bad"));
	}
}

int init_dialogue(struct init *in)
{
	printf("%s\n", init_block(in, "init.hello", 0));
	if (ask_open(in) && review(in))
		return CMD_DONE;
	printf("\n\n%s\n", init_say(in, "init.aborted"));
	return CMD_FAILED;
}

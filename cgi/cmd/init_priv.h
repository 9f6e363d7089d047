#ifndef JAWORT_CMD_INIT_PRIV_H
#define JAWORT_CMD_INIT_PRIV_H
/*
 * The parts of `jawort init`: questions (init_answer.c), the dialogue on a
 * terminal (init_ask.c), the site file (init_yaml.c), confirming what was only
 * supposed (init_confirm.c). All memory is the arena's.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "cmd/cmd.h"
#include "core/prefill.h"
#include "text/phrase.h"
#include "text/view.h"

#define INIT_ANSWER_BYTES 400 /* one answer as typed */
#define INIT_LINES_MAX 5
#define INIT_COLUMNS 78

/* In the order in which it is asked; init_questions[] has a row for each. */
enum init_answer {
	INIT_WHO, INIT_ADDRESS, INIT_LAND, INIT_FROM, INIT_WHAT, INIT_OFTEN, INIT_URL, INIT_PROVIDER, INIT_HOSTING,
	INIT_HOST, INIT_BASE, INIT__MAX
};

/* A firm that runs a server: known to us, or as typed. */
struct init_firm {
	const struct prefill *known; /* NULL: typed */
	const char *id, *party, *country;
	const char *lines[INIT_LINES_MAX];
	size_t nlines;
};

struct init {
	struct arena a;
	struct phrases *words;
	const char *lang;
	struct view *view;             /* what the words of a message name */
	const char *given[INIT__MAX];  /* by option or file; NULL */
	const char *typed[INIT__MAX];  /* accepted, as typed; NULL: not (yet) answered */
	/* what the answers mean */
	const char *name, *represented;
	const char *lines[INIT_LINES_MAX];
	size_t nlines;
	const char *country, *land;
	const char *from;
	const char *title, *content, *often;
	const char *origin, *host, *id; /* "https://www.example.org", "www.example.org", "example" */
	const char *base;
	const char *provider, *hosting;
	struct init_firm firm;
};

struct init_choice {
	const char *id;     /* as option and in a file */
	const char *phrase; /* in the dialogue; NULL: not shown there */
	bool (*there)(void); /* NULL: always */
};

struct init_question {
	const char *id;     /* key of an answers file; phrases init.ask.ID, init.hint.ID */
	unsigned number;    /* 1..9; 0: belongs to the one before it */
	const struct init_choice *choices; /* ends with an id of NULL; NULL: free text */
	bool (*asked)(const struct init *in);              /* NULL: always */
	const char *(*suggest)(struct init *in);           /* NULL, or NULL back: nothing to propose */
	/* NULL: taken; else the key of a phrase that says what is wrong. typed is trimmed, valid and not empty. */
	const char *(*take)(struct init *in, const char *typed);
	bool hint;
};
extern const struct init_question init_questions[INIT__MAX];

/* NULL: accepted; else the message, in words for people. */
const char *init_take(struct init *in, enum init_answer which, struct slice typed);
bool init_asked(const struct init *in, enum init_answer which);
/* What a question proposes; NULL: nothing. */
const char *init_suggest(struct init *in, enum init_answer which);
/* Forgets what an answer said, and what was derived from it. */
void init_forget(struct init *in, enum init_answer which);

/* A phrase in one line, or wrapped at INIT_COLUMNS with an indent; "" without memory. */
const char *init_say(struct init *in, const char *key);
const char *init_block(struct init *in, const char *key, unsigned indent);
/* "de" or "en": --lang, else LC_ALL, LC_MESSAGES, LANG. */
const char *init_lang(const struct cmd_args *a);
enum err init_open(struct init *in, const struct cmd_args *a, struct errinfo *ei);
void init_close(struct init *in);

/* A text of others, wrapped and indented. */
void init_show(struct init *in, const char *text);
/* Asks what is not given. CMD_DONE, or CMD_FAILED after saying that nothing was written. */
int init_dialogue(struct init *in);
/* A line from stdin without its end, trimmed; false at the end of input. too_long: more than the buffer took. */
bool init_line(char *out, size_t bytes, bool *too_long);

/* The site file. mails: folder for mail.dir. */
/* Questions about the transfer out of the EEA, as lines of a firm that is indented so far. */
void init_transfer_text(struct init *in, const char *indent, struct buf *b);
void init_site_text(struct init *in, const char *mails, struct buf *out);
/* A YAML double-quoted scalar. */
void init_quoted(struct buf *b, const char *s);
/* Asks for what the files of the sites mark, and rewrites them. */
int init_confirm(const struct cmd_args *a, struct init *in);

#endif

#ifndef JAWORT_CMD_CMD_H
#define JAWORT_CMD_CMD_H
/*
 * cmd: the command line. One file per verb; the table of verbs and that of
 * options are the only places that know their names. Reports go to stdout,
 * errors and logs to stderr.
 */
#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/notify.h"
#include "conf/conf.h"
#include "store/db.h"

enum cmd_exit {
	CMD_DONE = 0,
	CMD_FAILED = 1,
	CMD_USAGE = 2,
	CMD_FINDINGS = 3,   /* findings or drift */
	CMD_BAD_CONFIG = 4,
	CMD_TRY_LATER = 75
};

#define CMD_ARGS_MAX 16
#define CMD_ANSWERS 11
#define CMD_CONF_DEFAULT "/etc/jawort/jawort.yaml"

struct cmd_args {
	const char *conf;    /* -c */
	const char *site;    /* --site; NULL */
	const char *lang;    /* --lang; NULL */
	const char *format;  /* --format; NULL */
	const char *as;      /* --as; NULL */
	const char *kind;    /* --kind; NULL */
	const char *form;    /* --form; NULL */
	const char *listen;  /* --listen; NULL */
	const char *group;   /* --group; NULL */
	const char *file;    /* -o; NULL: stdout */
	const char *event;   /* person evidence --event; NULL */
	const char *sample;  /* doctor --sample; NULL */
	const char *key;     /* verify --key; NULL */
	const char *ca;      /* verify --ca; NULL */
	bool deep;           /* verify --deep */
	const char *keys;    /* backup, restore --keys; NULL */
	const char *to;      /* restore --to; NULL */
	const char *secret;  /* restore --secret; NULL */
	const char *journal; /* restore --journal; NULL */
	const char *accept_gap; /* restore --accept-gap; NULL */
	bool schema, context; /* export 27560 */
	unsigned threads;    /* --threads; 0 */
	bool json, dry, yes, once, now, with_worker, cache, ready, why, tell_only;
	const char *purposes, *source, *by; /* person */
	bool never_again, with_evidence; /* person erase */
	const char *map, *wording; /* import; NULL */
	bool ask, skip_faulty; /* import */
	const char *right, *received, *reason; /* dsar; NULL */
	bool refused; /* dsar answer */
	bool ropa_host, avv, tia; /* ropa */
	bool backup;         /* key new --backup */
	bool drill;          /* restore --drill */
	bool add, confirm;   /* init */
	const char *answers; /* init --answers; NULL */
	const char *answer[CMD_ANSWERS]; /* init --who and so on, in the order of its questions; NULL */
	const char *words[CMD_ARGS_MAX]; /* what is not an option, behind the verb */
	size_t n;
};

struct cmd_verb {
	const char *name;
	int (*run)(const struct cmd_args *a);
	const char *usage; /* behind "jawort " */
	const char *what;  /* one line */
	const char *help;  /* more, for `jawort help VERB` */
};
extern const struct cmd_verb cmd_verbs[];
extern const size_t cmd_verb_count;

int cmd_init(const struct cmd_args *a);
int cmd_serve(const struct cmd_args *a);
int cmd_worker(const struct cmd_args *a);
int cmd_cgi(const struct cmd_args *a);
int cmd_config(const struct cmd_args *a);
int cmd_person(const struct cmd_args *a);
int cmd_status(const struct cmd_args *a);
int cmd_verify(const struct cmd_args *a);
int cmd_export(const struct cmd_args *a);
int cmd_import(const struct cmd_args *a);
int cmd_form(const struct cmd_args *a);
int cmd_notice(const struct cmd_args *a);
int cmd_ropa(const struct cmd_args *a);
int cmd_outbox(const struct cmd_args *a);
int cmd_mail(const struct cmd_args *a);
int cmd_doctor(const struct cmd_args *a);
int cmd_nginx(const struct cmd_args *a);
int cmd_key(const struct cmd_args *a);
int cmd_backup(const struct cmd_args *a);
int cmd_restore(const struct cmd_args *a);
int cmd_dsar(const struct cmd_args *a);
int cmd_purge(const struct cmd_args *a);
int cmd_log(const struct cmd_args *a);
int cmd_version(const struct cmd_args *a);
int cmd_help(const struct cmd_args *a);

/* Prints "jawort: text" and how to get help; CMD_USAGE. */
int cmd_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Prints the error and its place in our source; the exit code that fits its class. */
int cmd_fail(const char *what, const struct errinfo *ei);
/* Loads configuration and prints findings to stderr. CMD_DONE or CMD_BAD_CONFIG. */
int cmd_load(const struct cmd_args *a, struct conf **out);
/* The site named by --site, or the only one. NULL after a message. */
const struct conf_site *cmd_site(const struct cmd_args *a, const struct conf *c);
/* Opens the site's store as the service does. create: make it where nothing is. */
enum err cmd_store(const struct conf *c, const struct conf_site *s, bool create, struct store **out,
    struct errinfo *ei);
/* serve and worker: gives up privileges and memory images; before anything else is opened. */
void cmd_harden(void);
/* The service manager of the environment, if there is one. notify_close() ends it. */
void cmd_notify(struct notify *n);
/* Writes buf to stdout; CMD_DONE or CMD_FAILED. */
int cmd_print(const struct buf *b);

#endif

#ifndef JAWORT_CORE_ROPA_PRIV_H
#define JAWORT_CORE_ROPA_PRIV_H
/*
 * The model of a record, shared by cgi/core/ropa*.c and their test.
 */
#include "core/notice_priv.h"
#include "core/ropa.h"

struct ropa_value {
	struct ropa_value *next;
	struct slice text;
};
struct ropa_row {
	struct ropa_row *next;
	const char *id;       /* "purpose" */
	const char *articles; /* GDPR; "" for measures and questions */
	struct slice label;
	struct ropa_value *values, *last;
	bool open;            /* a person must fill it in */
};
struct ropa_section {
	struct ropa_section *next;
	struct slice id, title; /* "send-news" */
	struct ropa_row *rows, *last;
};
struct ropa {
	enum ropa_kind kind;
	const struct site *const *sites;
	size_t nsites;
	const char *lang;
	int64_t now_ms;
	struct arena *a;
	struct phrases *words; /* of the records; what they lack (notice.*, word.*) comes from the first site */
	struct ropa_section *sections, *last;
};

/* One site at hand. */
struct ropa_ctx {
	struct ropa *r;
	struct notice_facts f;
	struct notice_doc d;
	struct notice_walk w;
	const struct conf *host;
	const struct conf_site *c;
	const struct ropa_activity *act; /* owner's record: the activity at hand */
	struct view *v;                  /* values of the words at hand */
};

/* A row of a table: filled from the configuration, or open. */
struct ropa_line {
	const char *id;       /* words ropa.label.ID */
	const char *articles;
	bool (*applies)(const struct ropa_ctx *x, size_t i); /* NULL: always */
	void (*fill)(struct ropa_ctx *x, size_t i);          /* NULL: for a person */
};

/* An activity of the controller (Art. 30(1)(b)-(f)); words ropa.ID.title, .purpose, .basis, .persons, .data. */
struct ropa_activity {
	const char *id;
	bool per_purpose;
	bool (*applies)(const struct ropa_ctx *x, size_t i); /* NULL: always */
	bool own_data;   /* ropa.ID.data; else filled by code */
	bool mail, list; /* the mail provider gets data: with mails of ours; with its list */
	const char *keeps[3]; /* rows of N21 */
};
const struct ropa_activity *ropa_activities(size_t *n);

/* A technical or organisational measure (Art. 25, 32). */
struct ropa_measure {
	const char *id;    /* words ropa.measure.ID */
	const char *goal;  /* words ropa.goal.GOAL */
	bool (*applies)(const struct ropa_ctx *x); /* NULL: built in, cannot be switched off */
	const char *source; /* key of the configuration, or "program" */
};
const struct ropa_measure *ropa_measures(size_t *n);
/* Is it really in effect for this site? */
bool ropa_measure_on(const struct ropa_ctx *x, const struct ropa_measure *m);

/* E_INVALID, E_NOMEM as for the notice. */
enum err ropa_ctx_site(struct ropa_ctx *x, struct ropa *r, const struct site *s, struct errinfo *ei);
void ropa_section(struct ropa_ctx *x, const char *id, const char *more, struct slice title);
struct ropa_row *ropa_row(struct ropa_ctx *x, const char *id, const char *articles, struct slice label);
void ropa_value(struct ropa_ctx *x, struct slice text);
/* Words with the values of x->v. */
struct slice ropa_say(struct ropa_ctx *x, const char *key);
struct slice ropa_say_with(struct ropa_ctx *x, const struct view *v, const char *key);
void ropa_said(struct ropa_ctx *x, const char *key);
void ropa_lines(struct ropa_ctx *x, const struct ropa_line *lines, size_t n, size_t i);
/* "Hetzner Online GmbH, Industriestr. 25, 91710 Gunzenhausen, Deutschland"; fills x->v with all about the firm. */
struct slice ropa_firm(struct ropa_ctx *x, size_t i);
/* The controller with address, on one line. */
struct slice ropa_controller(struct ropa_ctx *x);
struct slice ropa_fields(struct ropa_ctx *x, const struct conf_purpose *p);
void ropa_proof_data(struct ropa_ctx *x);
void ropa_log_data(struct ropa_ctx *x);
/* Adds a value for what protects data on their way to firm i; false: it has no way out of the EEA. */
bool ropa_safeguards(struct ropa_ctx *x, size_t i);
/* The same with the name of the firm before each. */
bool ropa_transfer(struct ropa_ctx *x, size_t firm);

/* The parts of the four records. */
void ropa_owner(struct ropa_ctx *x);
void ropa_host_site(struct ropa_ctx *x);
void ropa_host_firm(struct ropa_ctx *x);
enum err ropa_avv(struct ropa_ctx *x, struct errinfo *ei);
void ropa_tia(struct ropa_ctx *x);
/* Measures of these sites; what does not hold for all of them names those for which it does. */
void ropa_measures_add(struct ropa_ctx *x, struct errinfo *ei);

#endif

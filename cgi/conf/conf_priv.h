#ifndef JAWORT_CONF_PRIV_H
#define JAWORT_CONF_PRIV_H
/*
 * What the files of the conf room share. The way of a file:
 * conf_parse (YAML -> nodes) -> conf_bind_* (nodes -> struct, by the key
 * table) -> conf_finish_site (what follows from other keys) -> conf_check_*
 * (duties). All complain to one sink.
 */
#include <stdbool.h>
#include <stddef.h>
#include "base/arena.h"
#include "base/slice.h"
#include "conf/conf.h"
#include "conf/country.h"
#include "conf/key.h"

#define CONF_FILE_MAX_BYTES (1024u * 1024u)
#define CONF_DEPTH_MAX 16
#define CONF_NODES_MAX 20000
#define CONF_CHILDREN_MAX 4000
#define CONF_VALUE_MAX_BYTES 4000
#define CONF_TREE_MAX_BYTES (32u * 1024u * 1024u)
#define CONF_PATH_MAX_BYTES 256

enum conf_scope {
	CONF_S_HOST, CONF_S_SITE, CONF_S_PURPOSE, CONF_S_FORM, CONF_S_PROCESSOR, CONF_S_HOOK,
	CONF_S_EMBED, CONF_S_STORAGE, CONF_S_PROFILE, CONF_S_SLOT, CONF_S__MAX
};
#define CONF_NOWHERE 0xffffu /* offset of a key that a later step takes from the nodes */

struct conf_sink {
	struct conf_report *rep;
	const char *file;
	size_t n, errors;
	bool tryout;
	const struct conf_text *waivers; /* reasons by rule, or NULL */
	char *first; /* first error as a line, heap */
};
void conf_sink_init(struct conf_sink *s, struct conf_report *rep, const char *file);
void conf_sink_free(struct conf_sink *s);
/* id and basis must be static strings. */
void conf_sink_add(struct conf_sink *s, enum conf_severity sev, const char *id, int line, int col,
    const char *basis, const char *fmt, ...) __attribute__((format(printf, 7, 8)));
/*
 * A duty: words is an id of data/findings.txt, whose rule gives id and basis unless rule names another one; then up
 * to four values, then NULL. In mode try-out an error becomes a warning. Waivers of the sink are looked up.
 */
void conf_sink_law(struct conf_sink *s, enum conf_severity sev, const char *rule, const char *words, int line, int col,
    ...) __attribute__((sentinel));
#define conf_sink_error(s, line, col, ...) conf_sink_add(s, CONF_ERROR, "", line, col, "", __VA_ARGS__)

enum conf_node_kind { CONF_N_SCALAR, CONF_N_MAP, CONF_N_SEQ };
struct conf_node {
	enum conf_node_kind kind;
	int line, col;         /* of the value; 0: a default */
	struct slice key;      /* NUL behind it */
	int key_line, key_col;
	struct slice value;    /* NUL behind it */
	struct conf_node *first, *last, *next;
	size_t children;
};
/* false: cannot be read to the end; *root may hold what was read. */
bool conf_parse(struct arena *a, struct conf_sink *sink, struct slice text, struct conf_node **root);
struct conf_node *conf_node_child(const struct conf_node *map, const char *key);

struct conf_place {
	const char *path;
	int line, col;
	struct conf_place *next;
};
struct conf_item_node {
	struct conf_item it;
	struct conf_item_node *next;
};
struct conf_bind {
	struct conf_sink *sink;
	struct arena *a;   /* lives as long as the configuration */
	struct arena *tmp; /* until the load is done */
	const char *file;
	const char *credentials_dir;
	bool host;
	bool bad_value; /* a value did not fit: what depends on several keys would only mislead now */
	struct conf_item_node *items;
	size_t nitems;
	struct conf_place *groups;
};
/* Fills base (struct conf or struct conf_site) from the nodes, with defaults and missing keys. */
void conf_bind_root(struct conf_bind *b, const struct conf_node *root, enum conf_scope scope, void *base);
/* Items sorted by path. */
const struct conf_item *conf_bind_items(struct conf_bind *b, size_t *n);
void conf_bind_item(struct conf_bind *b, const char *path, const char *value, int line, int col);
bool conf_bind_has_group(const struct conf_bind *b, const char *path);
/* Line of a key, or of the nearest group around it. */
void conf_bind_place(const struct conf_bind *b, const char *path, int *line, int *col);
/* Stores one value of the type of k at base. Complains and returns false if it does not fit. */
bool conf_value_set(struct conf_bind *b, const struct conf_key *k, const char *path, const struct conf_node *n,
    void *base);
bool conf_value_word(const char *words, struct slice s, unsigned *index);
bool conf_value_id(struct slice s);
bool conf_value_date(struct slice s, struct conf_date *out);
bool conf_value_language(struct slice s);

/* The whole way from text to struct. True: the site may run. *root for what a broken file still says. */
bool conf_load_site(struct conf_bind *b, struct slice text, struct conf_node **root, struct conf_site *s);
/* The same for the host file; errors are in the sink. */
void conf_load_host(struct conf_bind *b, struct slice text, struct conf *c);

/* Nearest of the names by edit distance, NULL if none is near. */
const char *conf_near(struct slice word, const char *const *names, size_t n);

/* Splits a base URL into what sites are found by. false: not usable. Strings in arena. */
bool conf_base_split(struct arena *a, struct slice url, const char **base, const char **host, const char **path);
void conf_finish_site(struct conf_bind *b, const struct conf_node *root, struct conf_site *s);
void conf_finish_host(struct conf_bind *b, struct conf *c);
void conf_check_site(struct conf_bind *b, const struct conf_site *s);
/* What the keys of website say together (checksite.c). */
void conf_check_website(struct conf_bind *b, const struct conf_site *s);
void conf_check_host(struct conf_bind *b, const struct conf *c);
/* "Articles 13(1)(e), 28 GDPR" of "L20"; "" if unknown. */
const char *conf_law_basis(const char *id);

#endif

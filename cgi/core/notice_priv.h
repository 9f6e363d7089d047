#ifndef JAWORT_CORE_NOTICE_PRIV_H
#define JAWORT_CORE_NOTICE_PRIV_H
/*
 * The model of the notice, shared by the files cgi/core/notice*.c and their
 * test: facts taken from the configuration, the table of rows, and the
 * document that a walk over the table makes of them. HTML, plain text and JSON
 * come from the same document, so none can say more than another.
 * All memory is the arena's.
 */
#include "core/adequacy.h"
#include "core/authority.h"
#include "core/notice.h"

struct notice_codes {
	const char **v;
	size_t n;
};

/* How data could leave the EEA through one firm: countries, and what protects them there. */
struct notice_reach {
	struct notice_codes all;
	struct notice_codes decided; /* covered by an adequacy decision that the owner names */
	bool dpf;                    /* the USA, covered by the framework */
	struct notice_codes rest;    /* neither */
};

struct notice_firm {
	const struct conf_processor *p;
	bool hosting;
	bool mail; /* stands on the mail route */
	struct notice_reach direct; /* its seat and its places of storage */
	struct notice_reach group;  /* its parent and affiliates, where the firm itself is elsewhere */
	bool scc, bcr;
	bool site;   /* serves the website only: data of subscribers never get there */
	const struct conf_embed *embed; /* a service on the website that decides for itself; NULL: a processor */
};

struct notice_field {
	const char *name;
	bool required;
};
#define NOTICE_FIELDS_MAX 8

struct notice_facts {
	const struct conf_site *conf;
	const char *lang;
	bool hub;          /* people can see their data at my_url */
	bool log_public;   /* tiles: the checksums themselves are published */
	const struct authority *authority; /* NULL: unknown */
	struct notice_firm *firms;         /* processors in file order, then hosting, then embeds */
	size_t nfirms;                     /* without embeds */
	size_t nall;
	size_t nholders;                   /* firms that get data of subscribers */
	struct notice_codes third;         /* all countries outside the EEA from which access is possible */
	struct notice_codes held;          /* the same for holders only: what is true of data of subscribers */
	bool form_here, form_elsewhere;    /* forms stand on pages of the same host; of others */
	struct notice_field fields[NOTICE_FIELDS_MAX]; /* of all forms */
	size_t nfields;
};

/* E_INVALID: a live site sends data to a country without any safeguard. E_NOMEM. */
enum err notice_facts_read(struct notice_facts *f, const struct conf_site *conf, struct arena *a,
    const char *lang,
    bool hub, struct errinfo *ei);
/* Fields of the forms that offer a purpose (NULL: of all forms); required where any form requires them. */
size_t notice_fields(const struct conf_site *c, const struct conf_purpose *p,
    struct notice_field out[static NOTICE_FIELDS_MAX]);
bool notice_codes_has(const struct notice_codes *c, const char *code);
/* All countries where data are or can be reached, for laws that want them listed. */
struct notice_codes notice_countries(const struct notice_facts *f, struct arena *a);

enum notice_place { NOTICE_TOP, NOTICE_BOX, NOTICE_BODY, NOTICE_FOOT, NOTICE_PLACE__MAX };
/* Neighbouring rows of the same kind are walked together, once per purpose or firm. */
enum notice_per {
	NOTICE_ONCE, NOTICE_PER_PURPOSE, NOTICE_PER_FIRM, NOTICE_PER_EMBED, NOTICE_PER_PROFILE, NOTICE_PER_SLOT,
	NOTICE_PER__MAX
};
/* How often a row of this kind is asked. */
size_t notice_times(const struct notice_facts *f, enum notice_per per);

struct notice_walk;
struct notice_row {
	const char *id;       /* "N5"; "summary" and "footer" have no number */
	enum notice_place place;
	enum notice_per per;
	const char *section;  /* anchor; rows of one section follow each other */
	const char *title;    /* heading, if this row is the first of its section that applies */
	const char *subtitle; /* smaller heading of the block, or NULL */
	const char *key;      /* words of the block; NULL: a table or list that fill makes */
	bool (*applies)(const struct notice_facts *f, size_t i);
	void (*fill)(struct notice_walk *w, struct view *v, size_t i); /* NULL: nothing to fill */
	const char *articles; /* GDPR where no other act is named */
	bool interest;        /* rests on Art. 6(1)(f): listed in the box of N23 */
};
const struct notice_row *notice_rows(size_t *n);
/* The trigger of rows that always stand. */
bool notice_always(const struct notice_facts *f, size_t i);
/* Triggers of the rows about the website (notice_site.c). */
typedef bool notice_trigger_fn(const struct notice_facts *f, size_t i);
notice_trigger_fn notice_has_website, notice_site_firm, notice_site_firm_open, notice_site_self, notice_site_self_open,
    notice_files_local, notice_cdn, notice_cdn_kept, notice_cdn_open, notice_any_cdn, notice_device_none,
    notice_storage, notice_contact, notice_contact_mail, notice_contact_phone, notice_contact_form,
    notice_contact_firm, notice_stats_none, notice_stats_plain, notice_stats_consent, notice_embeds,
    notice_embed_page, notice_embed_stored, notice_links, notice_profiles, notice_slots;
/* Names a processor in one of the keys of website. */
bool notice_firm_is(const struct notice_firm *f, const char *name);
bool notice_firm_cdn(const struct notice_facts *f, const struct notice_firm *firm);

struct notice_block {
	const struct notice_row *row;
	struct view *view;
	size_t index; /* purpose or firm, where the row stands once for each */
};
struct notice_section {
	const char *anchor;
	const char *title; /* phrase; NULL in top, box and foot */
	unsigned number;   /* 0 in top, box and foot */
	size_t index;      /* purpose, if there is one section for each */
	struct view *view;
	bool interest;
	struct notice_block *blocks;
	size_t nblocks;
};
struct notice_doc {
	const struct notice_facts *facts;
	struct view *root;
	struct notice_section *sections; /* in the order of reading: top, box, body, foot */
	size_t nsections;
};

struct notice_walk {
	const struct site *site;
	const struct notice_facts *f;
	struct arena *a;
	const char *lang;
	struct notice_doc *doc;
	enum err err;
	struct errinfo *ei;
};

enum err notice_doc_make(struct notice_doc *d, const struct site *s, struct arena *a, const char *lang,
    const struct notice_stamp *stamp, struct errinfo *ei);

/*
 * The block's name, the same in every version and language: "n24.withdraw",
 * "n17.processor:mailjet" (the purpose or firm as the configuration names it).
 */
struct slice notice_block_id(const struct notice_doc *d, struct arena *a, const struct notice_block *b);
/* Its text, a paragraph or an item of a list a line. */
enum err notice_block_text(const struct site *s, struct arena *a, const char *lang, const struct notice_block *b,
    struct buf *out, struct errinfo *ei);
/* Its smaller heading; empty: it has none. */
struct slice notice_block_title(const struct site *s, struct arena *a, const char *lang, const struct notice_block *b);
/* Does "13(1)(c)-(d); 6(1)(f)" hold Art. 13(1)(d)? letter 0: the paragraph as a whole ("13(3)"). */
bool notice_articles_have(const char *articles, unsigned paragraph, char letter);

/* What the version block names. */
void notice_stamp_fill(struct view *v, const struct site *s, const char *lang, const struct notice_stamp *stamp);

/* ---- words for values (notice_words.c) */
struct slice notice_say(struct notice_walk *w, const struct view *v, const char *key);
/* "A", "A und B", "A, B und C"; with last "word.comma" a plain list. */
struct slice notice_join(struct notice_walk *w, const struct slice *items, size_t n, const char *last);
struct slice notice_duration(struct notice_walk *w, struct conf_duration d, bool dative);
struct slice notice_date(struct notice_walk *w, const struct conf_date *d);
struct slice notice_country(struct notice_walk *w, const char *code, bool in);
struct slice notice_country_list(struct notice_walk *w, const struct notice_codes *c, bool in,
    const char *last);
struct slice notice_lines(struct arena *a, const char *first, const struct conf_list *rest, const char *last);
struct slice notice_authority_lines(struct arena *a, const struct authority *au);
/* Joined labels of the fields that are required (or not); n may be 0. */
struct slice notice_labels(struct notice_walk *w, const struct notice_field *fields, size_t n, bool required);

/* ---- fillers, in the order of the table */
typedef void notice_fill_fn(struct notice_walk *w, struct view *v, size_t i);
notice_fill_fn notice_fill_recipients, notice_fill_controller, notice_fill_representative, notice_fill_dpo,
    notice_fill_joint, notice_fill_regime, notice_fill_purpose, notice_fill_special, notice_fill_check,
    notice_fill_proof, notice_fill_abuse, notice_fill_deny, notice_fill_log, notice_fill_logs,
    notice_fill_form_logs, notice_fill_data, notice_fill_must, notice_fill_firm, notice_fill_seat,
    notice_fill_adequacy, notice_fill_dpf, notice_fill_scc, notice_fill_fallback, notice_fill_bcr,
    notice_fill_open, notice_fill_affiliate, notice_fill_adequacy_group, notice_fill_keeps,
    notice_fill_evidence, notice_fill_authority, notice_fill_ch, notice_fill_uk, notice_fill_interests,
    notice_fill_footer, notice_fill_contacts, notice_fill_site_logs, notice_fill_cdn, notice_fill_device, notice_fill_storage,
    notice_fill_contact, notice_fill_stats, notice_fill_embed, notice_fill_embed_names, notice_fill_links, notice_fill_profile,
    notice_fill_slot;
/* What is delivered, sent or shown by a firm. */
struct slice notice_firm_task(struct notice_walk *w, struct view *v, const struct notice_firm *f);
/* Name and country of the parent company; either may be missing. */
struct slice notice_parent(struct notice_walk *w, const struct conf_processor *p);
/* "; § 25 Abs. 1 TDDDG", or the directive where the controller sits elsewhere. */
struct slice notice_device_law(struct notice_walk *w, struct view *v);
/* How long evidence stays, as the rest of a sentence. */
struct slice notice_evidence_rule(struct notice_walk *w, struct view *v);
/* Its values for other words: {nth} where it counts in years to the end of a year, else {duration} only. */
void notice_evidence_fill(struct notice_walk *w, struct view *v, bool *years);
/* The i-th kind of data of N21; false behind the last. Words only where it applies. */
struct notice_kept {
	const char *key; /* "notice.keep.pending" */
	bool applies;
	struct slice what, how_long;
};
bool notice_kept(struct notice_walk *w, struct view *v, size_t i, struct notice_kept *out);

#endif

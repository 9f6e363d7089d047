#ifndef JAWORT_CONF_CONF_H
#define JAWORT_CONF_CONF_H
/*
 * conf: the whole configuration as frozen plain structs: one host file and one
 * file per site. What may stand in them: conf/key.h (one table).
 *
 * Invariants
 * - After conf_load() nothing changes any more; any thread may read. A reload
 *   makes a new struct conf; the old one is freed when its last reader is gone
 *   (the caller counts readers).
 * - Strings are UTF-8, without controls, NUL-terminated and never NULL: what
 *   is absent and has no default is "". Lists with n == 0 are absent or empty.
 * - Paths are absolute or relative to the working directory (already resolved
 *   against the file they stand in). Exception: secret files, see conf/secret.h.
 * - Orders (purposes, forms, processors, languages) are those of the file.
 * - No secret is ever in here.
 *
 * Limits: file 1 MiB, 16 levels, 20,000 values, 4,000 bytes per value, 4,096
 * site files.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/slice.h"
#include "conf/duration.h"
#include "conf/report.h"

struct conf_list {
	const char *const *v;
	size_t n;
};

/* A text per language, in file order. */
struct conf_text_item {
	const char *lang; /* "de" */
	const char *value;
};
struct conf_text {
	const struct conf_text_item *v;
	size_t n;
};
/* Value for lang ("de-du" finds "de"), else that of the first language, "" if there is none. */
const char *conf_text_get(const struct conf_text *t, const char *lang);
/* Without fallback: NULL if the language is not there. */
const char *conf_text_exact(const struct conf_text *t, const char *lang);

/* ISO 8601 day; year 0 means not set. */
struct conf_date {
	int year, month, day;
	const char *text; /* "2026-03-01" or "" */
};

enum conf_channel { CONF_EMAIL, CONF_SMS, CONF_VOICE, CONF_CHANNEL__MAX };
enum conf_basis { CONF_CONSENT, CONF_EXISTING, CONF_BASIS__MAX };
/* Of each of these only the first word is served; the others exist so that the answer is a reason (docs/law.md). */
enum conf_opt_in { CONF_DOUBLE, CONF_SINGLE, CONF_OPT_IN__MAX };
enum conf_tracking { CONF_TRACK_NONE, CONF_TRACK_OPENS, CONF_TRACK_CLICKS, CONF_TRACK_BOTH, CONF_TRACK__MAX };
enum conf_collected { CONF_HERE, CONF_ELSEWHERE, CONF_COLLECTED__MAX };
/* What of the log of checksums is public (order of the key's words). Entries are never served. */
enum conf_publish { CONF_PUBLISH_NONE, CONF_PUBLISH_CHECKPOINTS, CONF_PUBLISH_TILES, CONF_PUBLISH_ENTRIES, CONF_PUBLISH__MAX };
enum conf_anchor_mail { CONF_ANCHOR_DAILY, CONF_ANCHOR_NONE, CONF_ANCHOR__MAX };
enum conf_address { CONF_SIE, CONF_DU, CONF_ADDRESS__MAX };
enum conf_ip { CONF_IP_NONE, CONF_IP_TRUNCATED, CONF_IP_FULL, CONF_IP__MAX };
enum conf_mode { CONF_LIVE, CONF_TRY_OUT, CONF_MODE__MAX };
enum conf_cgi_mail { CONF_CGI_INLINE, CONF_CGI_CRON, CONF_CGI__MAX };
enum conf_named { CONF_UNSET, CONF_NONE, CONF_NAMED }; /* key absent, "none"/"self", a mapping */
enum conf_tls { CONF_TLS_IMPLICIT, CONF_TLS_STARTTLS, CONF_TLS_OFF };
enum conf_regime { CONF_GDPR, CONF_KDG, CONF_DSG_EKD, CONF_REGIME__MAX };

struct conf_purpose {
	const char *id;
	enum conf_channel channel;
	enum conf_basis basis;
	enum conf_opt_in opt_in;
	enum conf_tracking tracking;
	enum conf_collected collected;
	struct conf_date last_sent; /* of the last mailing, as the owner wrote it down */
	struct conf_text title;     /* "Newsletter" */
	struct conf_text content;   /* what is sent */
	struct conf_text frequency; /* "about once a month" */
	const char *provider_list;  /* id of the provider's list, "" if none */
	const char *advertiser;     /* default controller.name */
	struct conf_text special;   /* what the topic reveals (Article 9), empty if nothing */
};

struct conf_field {
	const char *name; /* first_name, last_name, organization */
	bool required;    /* "first_name?" is optional */
};

struct conf_form {
	const char *id;
	struct conf_text title; /* empty: made from the purposes */
	const struct conf_purpose *const *purposes; /* at least one */
	size_t npurposes;
	const struct conf_field *fields;
	size_t nfields;
	struct conf_duration old_text; /* grace for pages with an older wording */
	const char *fields_reason; /* why a field is required (L08) */
	struct conf_list next;     /* URLs under which "next" may lie */
	struct conf_list pages;    /* URLs of pages where it stands, for doctor */
};

/* Who handles data for the controller: processors.* and hosting. */
struct conf_processor {
	const char *id; /* "mailjet"; "hosting" for the host */
	const char *contract_party;
	struct conf_list address; /* lines */
	const char *country;      /* ISO 3166-1 alpha-2, upper case */
	const char *parent;         /* name of the parent company */
	const char *parent_country;
	bool us_affiliate;
	struct conf_text role;      /* "Versand der Mails" */
	struct conf_text task;      /* "Mails verschicken, Adressliste führen" */
	struct conf_text data;      /* which data */
	struct conf_list storage_locations; /* country codes */
	struct {
		struct conf_date date;
		struct conf_list covers;
		const char *copy; /* path of the signed contract, for the owner */
	} contract;
	const char *privacy_url;
	const char *subprocessors_url;
	struct conf_date subprocessors_checked_on;
	struct conf_date tracking_off_on; /* day on which the account was seen not to measure */
	struct {
		struct conf_list mechanism;  /* adequacy, dpf, scc, bcr */
		struct conf_list scc_module; /* "2", "3" */
		struct conf_date tia_date;
		struct {
			bool listed;
			struct conf_date checked_on;
		} dpf;
	} transfer;
	struct conf_duration retention; /* how long they keep it, if stated */
	struct conf_list hosts;         /* from which the website loads its files; for notice scan */
	struct conf_list certificates;  /* as in its contract: for the records, never praise in a notice */
};

/* A service of somebody else that a page of the website shows: a video, a map. */
struct conf_embed {
	const char *id;
	const char *kind;        /* video, map, audio, post */
	const char *name;        /* "YouTube" */
	struct conf_processor firm; /* who runs it, as a recipient of its own; keys that an embed lacks are empty */
	const char *remember;    /* page: asked each time; stored: kept on the device */
	struct conf_text withdraw; /* how to take the click back */
	struct conf_list hosts;  /* for notice scan */
};

/* Something the website keeps on the visitor's device. */
struct conf_storage {
	const char *id;
	const char *name;  /* "_pk_id" */
	struct conf_text purpose, duration;
	const char *basis; /* needed, consent */
};

/* A page of the controller at a social network. */
struct conf_profile {
	const char *id;
	const char *name, *company;
	const char *url, *arrangement_url;
};

/* Words of the owner in the notice. */
struct conf_slot {
	const char *id;
	struct conf_text title, text;
};

/* The website around the forms, so that the notice can be its whole notice. */
struct conf_website {
	bool set;                   /* the mapping is there */
	const char *host;           /* "", self, or the name of a processor */
	struct conf_duration logs;  /* n 0: the host alone decides */
	struct conf_text log_fields;
	struct conf_list hosts;     /* further hosts of its own */
	const char *files;          /* "local" or "" */
	struct conf_list cdn;       /* names of processors that deliver files */
	const char *device;         /* "none": nothing is kept on the device */
	const struct conf_storage *storage;
	size_t nstorage;
	struct {
		struct conf_list by;    /* mail, phone, form */
		struct conf_duration retention;
		const char *processor;  /* who runs the form, "" : nobody else */
	} contact;
	enum conf_named statistics_kind; /* not said, none, a mapping */
	struct {
		const char *tool;
		const char *ip;         /* truncated, none */
		const char *processor;  /* where it runs, "" : own server */
		struct conf_list cookies;
		struct conf_duration retention;
		struct conf_text optout;
	} statistics;
	const struct conf_embed *embeds;
	size_t nembeds;
	struct conf_list links;     /* networks to which plain links lead */
	const struct conf_profile *profiles;
	size_t nprofiles;
	const struct conf_slot *texts;
	size_t ntexts;
};

struct conf_contact {
	const char *name;
	struct conf_list address;
	const char *country;
	const char *email;
};

struct conf_hook {
	const char *id; /* provider */
	const char *secret_file;
};

struct conf_mail {
	struct {
		const char *name;
		const char *email;
	} from;
	const char *reply_to;    /* "" : from */
	struct conf_list route;  /* provider names, first that works: mailjet brevo smtp dir log */
	struct {
		const char *key_file; /* one line KEY:SECRET; read by conf_secret_read */
		const char *endpoint; /* base URL without version and without "/" at the end */
		bool set;             /* the mapping is there */
	} mailjet;
	struct {
		const char *key_file; /* one line, the key alone */
		const char *endpoint;
		bool set;
	} brevo;
	struct {
		const char *url; /* smtps://host[:port] or smtp://host[:port] */
		const char *user;
		const char *password_file;
		bool starttls;   /* smtp:// with STARTTLS demanded */
		bool set;
		/* taken from url: */
		const char *host;
		unsigned port;   /* 465 or 587 if not stated */
		enum conf_tls tls;
	} smtp;
	struct {
		const char *path; /* folder, resolved */
		bool set;
	} dir;
	const struct conf_hook *hooks;
	size_t nhooks;
};

/* One key of a site (or the host) as it is in effect, for show, canonical text and line numbers. */
struct conf_item {
	const char *path;  /* "purposes.news.title.de", "origins[0]" */
	const char *value; /* as written, or the default */
	int line, col;     /* 0: default */
};

struct conf_site {
	const char *file;
	const char *id;       /* [a-z0-9-]{1,32}, name of the data directory */
	const char *base_url; /* scheme://host[:port][/path] without "/" at the end; host in lower case */
	const char *base_host; /* host[:port] as a browser sends it; default ports left out */
	const char *base_path; /* "" or "/j" */
	struct conf_list origins;
	struct conf_list languages; /* at least one; first = default */
	bool accept_draft;          /* languages that nobody reviewed are used */
	const char *time_zone;      /* "Europe/Berlin" */
	enum conf_address address;  /* German form of address */
	enum conf_mode mode;
	enum conf_regime regime;
	struct {
		const char *name, *legal_form, *represented_by;
		struct conf_list address;
		const char *country, *state;
		const char *email, *phone, *imprint;
	} controller;
	enum conf_named dpo_kind;
	struct conf_contact dpo;
	bool representative_set;
	struct conf_contact representative;
	struct {
		struct conf_list with;   /* "Name, address" of each other controller */
		struct conf_text essence;
		const char *contact;
	} joint;
	const struct conf_purpose *purposes;
	size_t npurposes;
	const struct conf_form *forms;
	size_t nforms;
	struct conf_mail mail;
	const struct conf_processor *processors;
	size_t nprocessors;
	enum conf_named hosting_kind; /* CONF_NONE: the controller's own server */
	struct conf_processor hosting;
	struct conf_website website;
	struct {
		struct conf_duration unconfirmed, evidence, ip, requests, deny_block, backups, backup_keys, logs;
		bool erase_evidence; /* retention.erase_evidence_on_request */
	} retention;
	struct {
		struct conf_duration confirm, rights;
	} links;
	enum conf_ip ip; /* evidence.ip */
	struct {
		struct conf_duration every;        /* evidence.checkpoint_every */
		enum conf_anchor_mail anchor_mail;
		const char *anchor_to;             /* "" only if controller.email is */
		const char *tsa_url;               /* "" : none */
		const char *tsa_ca_file;
	} log;
	struct {
		struct conf_list allow, deny; /* domains of addresses */
	} addresses;
	struct {
		const char *accent; /* "#1c4da1" */
		const char *home;   /* link back to the site; default first origin */
	} look;
	const char *templates; /* owner's folder, "" if none */
	struct {
		struct conf_list target_countries;
		struct conf_text log_fields;      /* what the web server writes down */
		const char *authority;            /* slug in the list of authorities, "" : by country and state */
	} notice;
	enum conf_publish publish; /* transparency.publish */
	struct conf_text waivers;  /* reason by rule: "L39" */
	unsigned char hash[32]; /* conf_hash of this site */
	char hash_hex[65];
	const struct conf_item *items; /* sorted by path */
	size_t nitems;
};

/* A site that cannot run. id is the file's stem and base_url "" where they are not readable. */
struct conf_broken {
	const char *file;
	const char *id;
	const char *base_url;
	const char *base_host;
	const char *base_path;
	size_t nerrors;
	const char *first; /* first error as a line */
	bool kept;         /* conf_opts.last: its last good state is among the sites and goes on serving */
};

struct conf {
	const char *file;
	const char *data;
	const char *keys;
	const char *credentials_dir; /* "" if none */
	const char *sites_glob;
	const char *listen;          /* "unix:/path" or "fd:0" (handed over) */
	const char *ready;           /* folder of ready files, "": none */
	struct conf_list trusted_proxies; /* addresses and prefixes */
	struct {
		struct conf_rate confirm, confirm_host, rights, per_prefix, per_site;
	} budgets;
	int threads;           /* 1..256 */
	const char *templates; /* "" : built in */
	struct {
		enum log_level level;
		enum log_format format;
	} log;
	enum conf_cgi_mail cgi_mail;
	struct {
		const char *public_key; /* base64url, "": none */
		const char *journal;    /* folder, "": none */
	} backup;
	struct conf_list measures; /* stated by the operator, words of the key table */
	const struct conf_item *items;
	size_t nitems;
	const struct conf_site *const *sites; /* by file name */
	size_t nsites;
	const struct conf_broken *broken;
	size_t nbroken;
	void *priv; /* memory, conf room only */
};

struct conf_opts {
	const char *path;            /* host file */
	const char *credentials_dir; /* $CREDENTIALS_DIRECTORY or NULL */
	const char *only_site;       /* load this site only (CGI); NULL: all. Matched by id, or by file stem if broken */
	const struct conf *last;     /* reload: a site that is broken now keeps its state of last; NULL otherwise.
	                              * Sites are shared by count, last may be freed at any time after the call. */
};

/*
 * OK: *out is filled; single sites may be in out->broken. E_INVALID: host file
 * broken, *out is NULL. E_NOT_FOUND: no host file. E_NOMEM. E_IO. rep must be
 * initialised and gets all findings of all files (also warnings); ei may be NULL.
 */
enum err conf_load(const struct conf_opts *opts, struct conf **out, struct conf_report *rep, struct errinfo *ei);
void conf_free(struct conf *c);

const struct conf_site *conf_site_by_id(const struct conf *c, const char *id);

struct conf_match {
	const struct conf_site *site;     /* one of the two is set */
	const struct conf_broken *broken; /* answer 503 */
	struct slice rest; /* path below base_url: "" or "/s/news" */
};
/*
 * The longest base_url that matches Host ("www.example.org", "localhost:8080";
 * ASCII case-blind) and path (exact, at a "/" boundary; without query). Default
 * ports 80 and 443 count as absent. False: no such site.
 */
bool conf_site_match(const struct conf *c, struct slice host, struct slice path, struct conf_match *out);
/* The site only; NULL also for a broken one. */
const struct conf_site *conf_site_find(const struct conf *c, struct slice host, struct slice path);

const struct conf_purpose *conf_purpose_by_id(const struct conf_site *s, struct slice id);
const struct conf_form *conf_form_by_id(const struct conf_site *s, struct slice id);
const struct conf_processor *conf_processor_by_id(const struct conf_site *s, const char *id);
bool conf_list_has(const struct conf_list *l, const char *value);
/* Mails leave this machine: mode live and a provider on the route that is not dir, log or on a loopback address. */
bool conf_site_real(const struct conf_site *s);
/* Reason for which a finding of this rule is put aside, or NULL. An error only where its rule allows it. */
const char *conf_law_waived(const struct conf_text *waivers, const char *rule, enum conf_severity severity);
/* Where a key stands, for messages; false: default or unknown path. */
bool conf_item_place(const struct conf_site *s, const char *path, int *line, int *col);
/* Value in effect as text; NULL: unknown path. */
const char *conf_item_value(const struct conf_site *s, const char *path);

#endif

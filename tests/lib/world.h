#ifndef JAWORT_TESTS_WORLD_H
#define JAWORT_TESTS_WORLD_H
/*
 * world: one site as the rules see it, in a folder of its own: configuration
 * written as YAML, site, store, writers, a fixed clock, and the mails that wait in
 * the outbox with their links. Sign-ups are worked on when a test says so
 * (world_turn), never behind its back. Include before anything else of a test.
 * The folder lies in /dev/shm where there is one: thousands of commits are
 * made here, and what a power cut does to them is tested elsewhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <dirent.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/bug.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "base/file.h"
#include "base/log.h"
#include "conf/conf.h"
#include "core/confirm.h"
#include "core/gate.h"
#include "core/letter.h"
#include "core/site.h"
#include "core/texts.h"
#include "core/turn.h"
#include "core/withdraw.h"
#include "mail/message.h"
#include "store/event.h"
#include "store/intake.h"
#include "store/outbox.h"
#include "store/person.h"
#include "store/request.h"
#include "store/text.h"

#define WORLD_NOW INT64_C(1795269909123) /* 2026-11-21T14:05:09.123Z */
#define MINUTE_MS INT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

static const char WORLD_HOST[] = "data: data\nkeys: keys\nsites: sites/*.yaml\n";

/* Two purposes; a form with one, one with both (and required fields), one more with the first. */
static const char WORLD_SITE[] =
    "site: club\n"
    "base_url: https://www.verein.test/j\n"
    "origins: [https://www.verein.test, \"https://shop.verein.test:8443\"]\n"
    "languages: [de, en]\n"
    "controller:\n"
    "  name: Radverein Nordstadt & Söhne e. V.\n"
    "  represented_by: den Vorstand\n"
    "  address: [Gasse 1, 10115 Berlin]\n"
    "  country: DE\n"
    "  state: BE\n"
    "  email: daten@verein.test\n"
    "  imprint: https://www.verein.test/impressum\n"
    "dpo: none\n"
    "purposes:\n"
    "  news:\n"
    "    channel: email\n"
    "    title: { de: Vereinspost, en: Club mail }\n"
    "    content: { de: \"Termine & Berichte mit 3 > 2 Gängen\", en: Dates and reports }\n"
    "    frequency: { de: monatlich, en: monthly }\n"
    "  events:\n"
    "    channel: email\n"
    "    title: { de: Ausfahrten, en: Rides }\n"
    "    content: { de: Ausfahrten am Wochenende, en: Weekend rides }\n"
    "    frequency: { de: wöchentlich, en: weekly }\n"
    "forms:\n"
    "  news:\n"
    "    purposes: [news]\n"
    "    fields: [first_name?]\n"
    "    next: [\"https://www.verein.test/danke/\", \"https://shop.verein.test:8443/ok\"]\n"
    "  both:\n"
    "    purposes: [news, events]\n"
    "    fields: [last_name, organization?]\n"
    "    fields_reason: für die Anrede\n"
    "  extra:\n"
    "    purposes: [news]\n"
    "mail:\n"
    "  from: { name: Radverein, email: post@verein.test }\n"
    "  route: [dir]\n"
    "  dir: { path: ../mails }\n"
    "hosting: self\n"
    "retention: { unconfirmed: 7d, deny_block: 30d }\n"
    "links: { confirm: 48h }\n"
    "look: { accent: \"#17604f\" }\n"
    "mode: live\n";

struct world {
	char root[64];
	struct conf *conf;
	struct conf_report rep;
	struct site *site;
	struct store *store;
	struct writer_pool *writers;
	struct letter_cache *letters;
	struct turn turn;
	struct arena arena;
	int64_t now_ms;
};

static struct errinfo world_ei;
#define EI (&world_ei)

/* Says the text of the error, not only its number. */
#define assert_ok(call)                                                        \
	do {                                                                    \
		enum err e_ = (call);                                           \
		if (e_)                                                         \
			print_error("%s:%d: %s: %s\n", __FILE__, __LINE__, err_name(e_), world_ei.text); \
		assert_int_equal(e_, OK);                                       \
	} while (0)

#define assert_slice(got, want)                                                \
	do {                                                                    \
		struct slice s_ = (got);                                        \
		if (!slice_eq_str(s_, want))                                    \
			fail_msg("\"%.*s\" is not \"%s\"", SLICE_FMT(s_), want); \
	} while (0)

static inline void world_remove(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;

	bug_if(strlen(path) > 4000);
	while (d && (e = readdir(d)) != NULL) {
		char sub[4400];
		struct stat st;
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (snprintf(sub, sizeof(sub), "%s/%s", path, e->d_name) >= (int)sizeof(sub))
			continue;
		if (lstat(sub, &st) == 0 && S_ISDIR(st.st_mode))
			world_remove(sub);
		else
			unlink(sub);
	}
	if (d)
		closedir(d);
	rmdir(path);
}

static inline void world_write(const struct world *w, const char *name, const char *text)
{
	char path[400], *slash;

	snprintf(path, sizeof(path), "%s/%s", w->root, name);
	slash = strrchr(path, '/');
	*slash = '\0';
	assert_ok(file_mkdir(path, 0700, EI));
	*slash = '/';
	assert_ok(file_write(path, slice_from(text), 0600, EI));
}

/* text with the first from replaced by to; from must be there. Heap. */
static inline char *world_replace(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	size_t n;
	char *out;

	if (!at)
		fail_msg("\"%s\" is not in the text", from);
	n = strlen(text) - strlen(from) + strlen(to) + 1;
	out = malloc(n);
	assert_non_null(out);
	snprintf(out, n, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	return out;
}

static inline void world_clock(struct world *w, int64_t now_ms)
{
	w->now_ms = now_ms;
	clock_set_ms(now_ms);
}

static inline void world_wait(struct world *w, int64_t ms)
{
	world_clock(w, w->now_ms + ms);
}

static inline void world_folder(struct world *w)
{
	memset(w, 0, sizeof(*w));
	snprintf(w->root, sizeof(w->root), "%s/jawort-test-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(w->root));
	assert_ok(crypt_init(EI));
	log_setup(LOG_ERROR, LOG_LOGFMT);
	world_clock(w, WORLD_NOW);
	arena_init(&w->arena, 64u * 1024u * 1024u);
	conf_report_init(&w->rep);
}

static inline void world_load(struct world *w)
{
	char path[100];
	const struct conf_opts o = {.path = path};
	struct buf line;

	snprintf(path, sizeof(path), "%s/jawort.yaml", w->root);
	assert_ok(conf_load(&o, &w->conf, &w->rep, EI));
	buf_init(&line, 4096);
	for (size_t i = 0; w->conf->nsites != 1 && i < w->rep.n; i++) {
		buf_reset(&line);
		conf_finding_line(&line, &w->rep.items[i]);
		print_error("%s\n", line.data);
	}
	buf_free(&line);
	assert_int_equal(w->conf->nsites, 1);
}

/* Site and store of w->conf; the store is opened if it is not. */
static inline void world_start(struct world *w)
{
	const struct conf_site *c = w->conf->sites[0];
	struct texts_report rep;
	char dir[200], keys[200];
	struct store_opts o = {.site = c->id, .dir = dir, .keys_path = keys, .journal = w->conf->backup.journal, .create = true};

	assert_ok(site_new(&w->site, w->conf, c, EI));
	w->letters = letter_cache_new();
	assert_non_null(w->letters);
	w->turn = (struct turn){.site = w->site, .letters = w->letters};
	if (!w->store) {
		snprintf(dir, sizeof(dir), "%s/%s", w->conf->data, c->id);
		snprintf(keys, sizeof(keys), "%s/%s.keys", w->conf->keys, c->id);
		assert_ok(store_open(&w->store, &o, EI));
		w->writers = writer_pool_new(1);
		assert_non_null(w->writers);
		assert_ok(writer_attach(w->writers, w->store, NULL, NULL, EI));
	}
	assert_ok(texts_apply(w->site, w->store, false, &rep, EI));
}

static inline void world_open(struct world *w, const char *site_yaml)
{
	world_folder(w);
	world_write(w, "jawort.yaml", WORLD_HOST);
	world_write(w, "sites/club.yaml", site_yaml);
	world_load(w);
	world_start(w);
}

/* Another text of the site file over the same data, as after a reload. */
static inline void world_reload(struct world *w, const char *site_yaml)
{
	site_free(w->site);
	letter_cache_free(w->letters);
	conf_free(w->conf);
	world_write(w, "sites/club.yaml", site_yaml);
	world_load(w);
	world_start(w);
}

static inline void world_close(struct world *w)
{
	writer_pool_free(w->writers);
	store_close(w->store);
	letter_cache_free(w->letters);
	site_free(w->site);
	conf_free(w->conf);
	conf_report_free(&w->rep);
	arena_free(&w->arena);
	clock_set_ms(-1);
	world_remove(w->root);
}

static inline int world_setup(void **state)
{
	struct world *w = malloc(sizeof(*w));

	assert_non_null(w);
	world_open(w, WORLD_SITE);
	*state = w;
	return 0;
}

static inline int world_teardown(void **state)
{
	world_close(*state);
	free(*state);
	return 0;
}

/* ---- things a visitor does */

static inline const struct conf_form *world_form(const struct world *w, const char *id)
{
	const struct conf_form *f = conf_form_by_id(site_conf(w->site), slice_from(id));

	assert_non_null(f);
	return f;
}

static inline const struct consent *world_consent(const struct world *w, const char *form, const char *lang)
{
	const struct consent *c = site_consent(w->site, world_form(w, form), lang);

	assert_non_null(c);
	return c;
}

/* A urlencoded body through the gate. Fields of the input that a test wants otherwise: in. */
static inline struct gate_answer world_gate_input(struct world *w, struct gate_input in, const char *form,
    const char *body)
{
	const struct gate g = {.site = w->site, .store = w->store, .writers = w->writers};
	struct form *f = arena_alloc(&w->arena, sizeof(*f));
	struct gate_answer out;

	in.form = world_form(w, form);
	if (!in.lang)
		in.lang = "de";
	in.fields = f;
	assert_ok(form_parse(&w->arena, slice_from(arena_str(&w->arena, slice_from(body))), f, EI));
	assert_ok(gate_accept(&g, &w->arena, &in, &out, EI));
	return out;
}

static inline struct gate_answer world_gate(struct world *w, const char *form, const char *body)
{
	return world_gate_input(w, (struct gate_input){.remote_ip = SLICE("192.0.2.77"), .origin = GATE_ORIGIN_OWN},
	    form, body);
}

static inline void world_turn(struct world *w)
{
	assert_ok(turn_all(w->store, &w->turn, EI));
}

/* A good sign-up, durable and worked on. purposes: comma list. */
static inline void world_signup_as(struct world *w, const char *form, const char *address, const char *purposes,
    const char *lang, const char *last_name)
{
	char body[1024];
	size_t n = (size_t)snprintf(body, sizeof(body), "email=%s&v=%s&lang=%s&last_name=%s", address,
	    world_consent(w, form, lang)->v, lang, last_name);
	struct slice rest = slice_from(purposes), one;
	struct gate_answer a;

	while (slice_split(&rest, ',', &one))
		n += (size_t)snprintf(body + n, sizeof(body) - n, "&p=%.*s", SLICE_FMT(one));
	a = world_gate(w, form, body);
	assert_int_equal(a.result, GATE_ACCEPTED);
	world_turn(w);
}

static inline void world_signup(struct world *w, const char *form, const char *address, const char *purposes,
    const char *lang)
{
	world_signup_as(w, form, address, purposes, lang, "Lovelace");
}

static inline struct confirm_info world_act(struct world *w, const char *token, enum confirm_action action,
    bool *fresh)
{
	const struct confirm c = {.site = w->site, .store = w->store, .writers = w->writers, .letters = w->letters};
	struct confirm_info info;

	assert_ok(confirm_act(&c, &w->arena, slice_from(token), action, SLICE("192.0.2.99"), &info, fresh, EI));
	return info;
}

static inline struct withdraw_info world_leave(struct world *w, const char *token, enum withdraw_way way, bool *fresh)
{
	struct withdraw_info info;

	assert_ok(withdraw_act(w->site, w->store, w->writers, &w->arena, slice_from(token), way,
	    SLICE("192.0.2.99"), &info, fresh, EI));
	return info;
}

static inline struct db *world_read(struct world *w)
{
	struct db *db;

	assert_ok(store_read(w->store, &db, EI));
	return db;
}

static inline struct confirm_info world_look(struct world *w, const char *token)
{
	struct db *db = world_read(w);
	struct confirm_info info;

	assert_ok(confirm_look(db, w->site, &w->arena, slice_from(token), &info, EI));
	store_read_end(w->store, db);
	return info;
}

static inline struct withdraw_info world_look_out(struct world *w, const char *token)
{
	struct db *db = world_read(w);
	struct withdraw_info info;

	assert_ok(withdraw_look(db, w->site, &w->arena, slice_from(token), &info, EI));
	store_read_end(w->store, db);
	return info;
}

/* ---- what is in the database */

/* State of an address; PERSON_STATE__MAX: no row. id may be NULL. */
static inline enum person_state world_state(struct world *w, const char *address, int64_t *id)
{
	struct db *db = world_read(w);
	struct person p;
	enum err rc = person_find_address(db, STORE_EMAIL, slice_from(address), &p, EI);

	store_read_end(w->store, db);
	if (rc != E_NOT_FOUND)
		assert_ok(rc);
	if (id)
		*id = rc ? 0 : p.id;
	return rc ? PERSON_STATE__MAX : p.state;
}

struct world_mail {
	int64_t id, person_id, request_id;
	enum outbox_kind kind;
	unsigned char hash[STORE_HASH_BYTES];
	struct message_slots slots; /* arena of the world */
	char confirm[64];           /* token of the link; "" if none */
	char out[64];               /* unsubscribe token */
};

struct world_mails {
	struct world *w;
	struct world_mail *v;
	size_t n, max;
};

static inline void world_token(const struct world *w, struct slice url, const char *path, char out[static 64])
{
	struct slice base = slice_from(site_conf(w->site)->base_url), p = slice_from(path);

	out[0] = '\0';
	if (!url.len)
		return;
	assert_true(slice_starts(url, base));
	url = slice_sub(url, base.len, url.len);
	assert_true(slice_starts(url, p));
	assert_true(slice_copy(slice_sub(url, p.len, url.len), out, 64));
}

static inline bool world_mail_row(const struct outbox_row *r, void *arg)
{
	struct world_mails *m = arg;
	struct world_mail *one = &m->v[m->n];

	assert_true(m->n < m->max);
	*one = (struct world_mail){.id = r->id, .person_id = r->person_id, .request_id = r->request_id,
	    .kind = r->kind};
	memcpy(one->hash, r->mail_hash, sizeof(one->hash));
	m->n++;
	return true;
}

static inline void world_mail_slots(const struct outbox_row *r, void *arg)
{
	struct world_mails *m = arg;
	struct world_mail *one = &m->v[m->n];

	assert_true(r->readable);
	assert_ok(message_slots_read(&m->w->arena, arena_dup(&m->w->arena, r->slots), &one->slots, EI));
	if (r->kind == OUTBOX_CONFIRM)
		world_token(m->w, one->slots.value[MESSAGE_LINK], "/c/", one->confirm);
	world_token(m->w, one->slots.value[MESSAGE_UNSUBSCRIBE], "/u/", one->out);
}

/* Outbox rows behind after_id, oldest first. */
static inline size_t world_mails(struct world *w, int64_t after_id, struct world_mail *v, size_t max)
{
	const struct outbox_filter f = {.state = OUTBOX_STATE__MAX, .after_id = after_id, .limit = (unsigned)max};
	struct world_mails m = {.w = w, .v = v, .max = max};
	struct db *db = world_read(w);
	size_t n;

	assert_ok(outbox_each(db, &f, world_mail_row, &m, EI));
	n = m.n;
	for (m.n = 0; m.n < n; m.n++)
		assert_ok(outbox_get(db, v[m.n].id, world_mail_slots, &m, EI));
	store_read_end(w->store, db);
	return n;
}

/* The newest mail; there must be one. */
static inline struct world_mail world_last_mail(struct world *w)
{
	struct world_mail *all = calloc(512, sizeof(*all)), last;
	size_t n = world_mails(w, 0, all, 512);

	assert_true(n > 0);
	last = all[n - 1];
	free(all);
	return last;
}

static inline size_t world_mail_count(struct world *w)
{
	struct world_mail *all = calloc(512, sizeof(*all));
	size_t n = world_mails(w, 0, all, 512);

	free(all);
	return n;
}

/* The mail as it would leave. */
static inline struct message world_message(struct world *w, const struct world_mail *m)
{
	struct db *db = world_read(w);
	struct message out;
	struct buf stored;

	buf_init_arena(&stored, &w->arena, MESSAGE_STORED_MAX_BYTES);
	assert_ok(text_get(db, m->hash, &stored, NULL, EI));
	store_read_end(w->store, db);
	assert_ok(message_load_fill(&w->arena, buf_slice(&stored), &m->slots, &out, EI));
	return out;
}

struct world_event {
	int64_t seq;
	enum event_kind kind;
	bool verified, core;
	char *json, *ip, *fields; /* arena of the world */
};

struct world_events {
	struct world *w;
	struct world_event *v;
	size_t n, max;
};

static inline bool world_event_row(const struct event_row *r, void *arg)
{
	struct world_events *e = arg;
	struct world_event *one = &e->v[e->n];

	assert_true(e->n < e->max);
	*one = (struct world_event){.seq = r->seq, .kind = r->kind, .verified = event_verify(r),
	    .core = r->present[EVENT_CORE]};
	one->json = arena_str(&e->w->arena, r->plain[EVENT_CORE]);
	one->ip = arena_str(&e->w->arena, r->plain[EVENT_IP]);
	one->fields = arena_str(&e->w->arena, r->plain[EVENT_FIELDS]);
	e->n++;
	return true;
}

static inline size_t world_events(struct world *w, int64_t person, int64_t after_seq, struct world_event *v,
    size_t max)
{
	struct world_events e = {.w = w, .v = v, .max = max};
	struct db *db = world_read(w);

	assert_ok(event_each(db, person, after_seq, world_event_row, &e, EI));
	store_read_end(w->store, db);
	return e.n;
}

struct world_purposes {
	const char *id;
	enum purpose_state state;
};

static inline bool world_purpose_row(const struct purpose *p, void *arg)
{
	struct world_purposes *s = arg;

	if (slice_eq_str(p->id, s->id))
		s->state = p->state;
	return true;
}

/* PURPOSE_STATE__MAX: not there. */
static inline enum purpose_state world_purpose(struct world *w, int64_t person, const char *id)
{
	struct world_purposes s = {.id = id, .state = PURPOSE_STATE__MAX};
	struct db *db = world_read(w);

	assert_ok(purpose_each(db, person, world_purpose_row, &s, EI));
	store_read_end(w->store, db);
	return s.state;
}

static inline bool world_count_row(const struct request_row *r, void *arg)
{
	(void)r;
	++*(size_t *)arg;
	return true;
}

static inline size_t world_pending(struct world *w, int64_t person)
{
	struct db *db = world_read(w);
	size_t n = 0;

	assert_ok(request_pending(db, person, world_count_row, &n, EI));
	store_read_end(w->store, db);
	return n;
}

static inline int64_t world_intake(struct world *w)
{
	struct db *db = world_read(w);
	int64_t n;

	assert_ok(intake_count(db, &n, EI));
	store_read_end(w->store, db);
	return n;
}

/* ---- bytes on disk */

/* In how many files below path do the bytes occur? */
static inline size_t world_files_with(const char *path, const void *bytes, size_t n)
{
	DIR *d = opendir(path);
	struct dirent *e;
	size_t found = 0;

	bug_if(strlen(path) > 4000);
	while (d && (e = readdir(d)) != NULL) {
		char sub[4400];
		struct stat st;
		struct buf all;
		if (e->d_name[0] == '.')
			continue;
		if (snprintf(sub, sizeof(sub), "%s/%s", path, e->d_name) >= (int)sizeof(sub))
			continue;
		if (lstat(sub, &st) == 0 && S_ISDIR(st.st_mode)) {
			found += world_files_with(sub, bytes, n);
			continue;
		}
		buf_init(&all, 256u * 1024u * 1024u);
		assert_ok(file_read(&all, sub, EI));
		found += memmem(all.data, all.len, bytes, n) != NULL;
		buf_free(&all);
	}
	if (d)
		closedir(d);
	return found;
}

#endif

#include "core/announce.h"

#include <stdlib.h>
#include <string.h>

#include "base/bug.h"
#include "base/clock.h"
#include "base/enc.h"
#include "core/evidence.h"
#include "core/notice.h"
#include "core/notice_diff.h"
#include "store/event.h"
#include "store/suppression.h"
#include "store/text.h"

#define VERSIONS_ARENA_BYTES (16u * 1024u * 1024u)
#define SCRATCH_BYTES (32u * 1024u * 1024u)
#define WALK_PEOPLE 500
#define SUMMARY_BYTES 4096
#define URL_HASH_BYTES 8 /* of a link in a mail: short, and more than notice_find() asks for */

struct versions {
	struct arena *a;
	struct notice_version *v; /* newest first, all languages */
	size_t n, max;
};

struct announce {
	const struct site *site;
	struct store *store;
	struct letter_cache *letters;
	struct versions versions;
	struct announce_step *steps;
	struct arena arena;   /* versions, steps */
	struct arena scratch; /* one difference, or one mail */
	int64_t after_id;     /* people up to here are done */
	uint64_t queued;
	int64_t begun_ms;
};

/* ---- versions */

static bool version_keep(const struct notice_version *v, void *arg)
{
	struct versions *all = arg;

	if (all->n == all->max) {
		size_t max = all->max ? 2 * all->max : 32;
		struct notice_version *more = arena_alloc(all->a, max * sizeof(*more));
		if (!more)
			return false;
		if (all->n)
			memcpy(more, all->v, all->n * sizeof(*more));
		all->v = more;
		all->max = max;
	}
	all->v[all->n++] = *v;
	return true;
}

/* The newest of a language that was in force at a time; NULL: none yet. */
static const struct notice_version *version_at(const struct announce *an, const char *lang, int64_t at_ms)
{
	for (size_t i = 0; i < an->versions.n; i++) {
		const struct notice_version *v = &an->versions.v[i];
		if (strcmp(v->lang, lang) == 0 && v->valid_from_ms <= at_ms)
			return v;
	}
	return NULL;
}

static const struct notice_version *version_now(const struct announce *an, const char *lang)
{
	return version_at(an, lang, INT64_MAX);
}

static const struct notice_version *version_by_hash(const struct announce *an, const unsigned char *hash)
{
	for (size_t i = 0; i < an->versions.n; i++)
		if (memcmp(an->versions.v[i].hash, hash, STORE_HASH_BYTES) == 0)
			return &an->versions.v[i];
	return NULL;
}

/* The one before; of somebody whose evidence names none. NULL: there never was another. */
static const struct notice_version *version_before(const struct announce *an, const struct notice_version *v)
{
	for (size_t i = 0; i < an->versions.n; i++)
		if (an->versions.v[i].no < v->no && strcmp(an->versions.v[i].lang, v->lang) == 0)
			return &an->versions.v[i];
	return NULL;
}

enum err announce_new(struct announce **out, const struct site *s, struct store *st, struct errinfo *ei)
{
	const struct conf_site *c = site_conf(s);
	struct announce *an = calloc(1, sizeof(*an));
	struct db *db;
	enum err rc;

	*out = NULL;
	if (!an)
		return err_set(ei, E_NOMEM, "announcement");
	an->site = s;
	an->store = st;
	an->letters = letter_cache_new();
	an->versions.a = &an->arena;
	an->begun_ms = clock_now_ms();
	arena_init(&an->arena, VERSIONS_ARENA_BYTES);
	arena_init(&an->scratch, SCRATCH_BYTES);
	rc = store_read(st, &db, ei);
	if (!rc) {
		rc = notice_each(db, NULL, version_keep, &an->versions, ei);
		store_read_end(st, db);
	}
	if (!rc && (!an->letters || !arena_ok(&an->arena)))
		rc = err_set(ei, E_NOMEM, "announcement");
	for (size_t i = 0; !rc && i < c->languages.n; i++)
		if (!version_now(an, c->languages.v[i]))
			rc = err_set(ei, E_NOT_FOUND, "no notice of %s (%s) is in force yet; `jawort config apply` stores the first "
			    "one", c->id, c->languages.v[i]);
	if (rc) {
		announce_free(an);
		return rc;
	}
	*out = an;
	return OK;
}

void announce_free(struct announce *an)
{
	if (!an)
		return;
	letter_cache_free(an->letters);
	arena_free(&an->arena);
	arena_free(&an->scratch);
	free(an);
}

const struct announce_step *announce_steps(const struct announce *an)
{
	return an->steps;
}

/* ---- what changed between two versions */

/* Headings of what differs, each once, in the order of the notice. What has no heading stands above the first. */
static struct slice step_summary(struct announce *an, const char *lang, const struct notice_diff *d)
{
	struct slice short_form = site_say(an->site, lang, "notice.summary.title", site_view(an->site, &an->scratch, lang));
	struct slice last = {0};
	struct buf b;

	buf_init_arena(&b, &an->arena, SUMMARY_BYTES);
	for (const struct notice_diff_item *it = d->first; it; it = it->next) {
		/* The summary says in short what the sections say. */
		if (!it->section.len || slice_eq(it->section, last) || slice_eq(it->section, short_form))
			continue;
		last = it->section;
		buf_add_str(&b, b.len ? "\n" : "");
		buf_add_slice(&b, it->section);
	}
	if (!b.len)
		buf_add_slice(&b, short_form);
	return buf_slice(&b);
}

static enum err step_duty(struct announce *an, struct db *db, struct announce_step *s, struct errinfo *ei)
{
	struct buf before, after;
	enum err rc;

	buf_init_arena(&before, &an->scratch, TEXT_BODY_MAX_BYTES);
	buf_init_arena(&after, &an->scratch, TEXT_BODY_MAX_BYTES);
	rc = text_get(db, s->from.config_hash, &before, NULL, ei);
	if (!rc)
		rc = text_get(db, s->to.config_hash, &after, NULL, ei);
	if (rc)
		return rc;
	for (const struct notice_change *x = notice_changes(&an->scratch, buf_slice(&before), buf_slice(&after)); x; x = x->next)
		s->duty = x->duty > s->duty ? x->duty : s->duty;
	return arena_ok(&an->scratch) ? OK : err_set(ei, E_NOMEM, "what changed");
}

static enum err step_fill(struct announce *an, struct db *db, struct announce_step *s, struct errinfo *ei)
{
	char from[ENC_HEX_BYTES(URL_HASH_BYTES)], to[ENC_HEX_BYTES(URL_HASH_BYTES)];
	struct notice_diff diff;
	struct buf before, after, url;
	enum err rc;

	arena_reset(&an->scratch);
	buf_init_arena(&before, &an->scratch, NOTICE_MAX_BYTES);
	buf_init_arena(&after, &an->scratch, NOTICE_MAX_BYTES);
	rc = text_get(db, s->from.hash, &before, NULL, ei);
	if (!rc)
		rc = text_get(db, s->to.hash, &after, NULL, ei);
	if (!rc)
		rc = notice_diff_make(&diff, &an->scratch, buf_slice(&before), buf_slice(&after), ei);
	if (rc)
		return rc;
	s->letter.summary = step_summary(an, s->lang, &diff);
	arena_reset(&an->scratch);
	rc = step_duty(an, db, s, ei);
	buf_init_arena(&url, &an->scratch, 256);
	buf_printf(&url, "/n/diff?from=%s&to=%s", enc_hex(s->from.hash, URL_HASH_BYTES, from),
	    enc_hex(s->to.hash, URL_HASH_BYTES, to));
	s->letter.diff_url = site_url(an->site, &an->arena, url.data, "");
	s->letter.valid_from_ms = s->to.valid_from_ms;
	arena_reset(&an->scratch);
	return rc;
}

static enum err step_get(struct announce *an, struct db *db, const char *lang, const struct notice_version *from,
    const struct notice_version *to, struct announce_step **out, struct errinfo *ei)
{
	struct announce_step *s;
	enum err rc;

	for (s = an->steps; s; s = s->next)
		if (strcmp(s->lang, lang) == 0 && memcmp(s->from.hash, from->hash, sizeof(from->hash)) == 0) {
			*out = s;
			return OK;
		}
	s = arena_alloc(&an->arena, sizeof(*s));
	if (!s)
		return err_set(ei, E_NOMEM, "announcement");
	*s = (struct announce_step){.lang = lang, .from = *from, .to = *to};
	rc = step_fill(an, db, s, ei);
	if (rc)
		return rc;
	s->next = an->steps;
	an->steps = *out = s;
	return OK;
}

/* ---- what a person knows */

struct known {
	bool named; /* the event names a notice */
	unsigned char hash[STORE_HASH_BYTES];
	int64_t seq, at_ms;
};

/* The core is canonical JSON of ours (docs/evidence.md): within a string these quotes would be escaped. */
static void known_read(const struct event_row *r, void *arg)
{
	static const char key[] = "\"notice_hash\":\"";
	struct slice core = r->plain[EVENT_CORE];
	struct known *k = arg;
	const char *at = r->present[EVENT_CORE] ? memmem(core.ptr, core.len, key, sizeof(key) - 1) : NULL;
	size_t from = at ? (size_t)(at - core.ptr) + sizeof(key) - 1 : 0;

	if (r->seq < k->seq)
		return;
	k->seq = r->seq;
	k->at_ms = r->time_ms;
	k->named = at && enc_hex_decode(slice_sub(core, from, 2 * STORE_HASH_BYTES), k->hash, sizeof(k->hash));
}

/*
 * The version that the person knows, in their language: by the hash in their evidence. Where that is of another
 * language, by its time. NULL: nothing but the present one was ever there.
 */
static enum err known_version(const struct announce *an, struct db *db, const struct person *p,
    const struct notice_version *now, const struct notice_version **out, struct errinfo *ei)
{
	const struct notice_version *v = NULL;
	struct known k = {.named = false};
	enum err rc = event_last(db, p->id, EVENT_CONFIRMED, EVENT_NOTICE_ANNOUNCED, known_read, &k, ei);

	*out = version_before(an, now);
	if (!rc || rc == E_NOT_FOUND)
		rc = event_last(db, p->id, EVENT_PURPOSE_ADDED, EVENT_RECONFIRMED, known_read, &k, ei);
	if (rc && rc != E_NOT_FOUND)
		return rc;
	if (!k.seq)
		return OK;
	if (k.named)
		v = version_by_hash(an, k.hash);
	if (v && strcmp(v->lang, now->lang) != 0)
		v = v == version_now(an, v->lang) ? now : version_at(an, now->lang, k.at_ms);
	else if (!v)
		v = version_at(an, now->lang, k.at_ms);
	if (v)
		*out = v;
	return OK;
}

/* *step NULL: knows the present one. */
static enum err person_step(struct announce *an, struct db *db, const struct person *p, struct announce_step **step,
    struct errinfo *ei)
{
	const char *lang = site_lang(an->site, slice_from(p->lang));
	const struct notice_version *now, *known;
	enum err rc;

	*step = NULL;
	lang = lang ? lang : site_lang_default(an->site);
	now = version_now(an, lang);
	rc = known_version(an, db, p, now, &known, ei);
	if (rc || !known || memcmp(known->hash, now->hash, sizeof(now->hash)) == 0)
		return rc;
	return step_get(an, db, lang, known, now, step, ei);
}

static enum err person_blocked(struct db *db, const struct person *p, bool *blocked, struct errinfo *ei)
{
	return suppression_has(db, p->channel, p->lookup, SLICE(""), clock_now_ms(), blocked, NULL, ei);
}

/* ---- walking */

struct people {
	struct person p[WALK_PEOPLE];
	unsigned n;
};

static bool people_keep(const struct person *p, void *arg)
{
	struct people *all = arg;

	all->p[all->n++] = *p;
	return all->n < WALK_PEOPLE;
}

static enum err count_one(struct announce *an, struct db *db, const struct person *p, struct announce_count *out,
    struct errinfo *ei)
{
	struct announce_step *step;
	bool blocked = false;
	enum err rc;

	if (p->channel != STORE_EMAIL)
		return OK;
	rc = person_step(an, db, p, &step, ei);
	if (!rc && step)
		rc = person_blocked(db, p, &blocked, ei);
	if (rc)
		return rc;
	if (!step || blocked) {
		*(step ? &out->blocked : &out->present) += 1;
		return OK;
	}
	step->people++;
	*(step->duty ? &out->due : &out->needless) += 1;
	out->consent += step->duty == NOTICE_DUTY_CONSENT;
	return OK;
}

enum err announce_count(struct announce *an, struct announce_count *out, struct errinfo *ei)
{
	struct people *all = malloc(sizeof(*all));
	int64_t after = 0;
	struct db *db;
	enum err rc;

	memset(out, 0, sizeof(*out));
	if (!all)
		return err_set(ei, E_NOMEM, "announcement");
	for (struct announce_step *s = an->steps; s; s = s->next)
		s->people = 0;
	rc = store_read(an->store, &db, ei);
	if (rc) {
		free(all);
		return rc;
	}
	rc = person_counts(db, out->states, ei);
	do {
		all->n = 0;
		if (!rc)
			rc = person_each(db, PERSON_ACTIVE, after, WALK_PEOPLE, people_keep, all, ei);
		for (unsigned i = 0; !rc && i < all->n; i++)
			rc = count_one(an, db, &all->p[i], out, ei);
		after = all->n ? all->p[all->n - 1].id : 0;
	} while (!rc && all->n == WALK_PEOPLE);
	store_read_end(an->store, db);
	free(all);
	return rc;
}

/* ---- mails */

static enum err tell(struct announce *an, struct db *db, const struct person *p, const struct announce_step *step,
    struct errinfo *ei)
{
	struct letter_send send = {.letter = {.kind = OUTBOX_NOTICE, .lang = step->lang, .notice = &step->letter},
	    .person_id = p->id, .asked_ms = step->to.valid_from_ms, .now_ms = clock_now_ms()};
	unsigned char mail_hash[STORE_HASH_BYTES];
	struct buf address, version;
	struct event_new e = {.person_id = p->id, .time_ms = send.now_ms, .kind = EVENT_NOTICE_ANNOUNCED,
	    .lang = slice_from(step->lang), .mail_hash = mail_hash, .notice_hash = step->to.hash};
	enum err rc;

	arena_reset(&an->scratch);
	buf_init_arena(&address, &an->scratch, PERSON_ADDRESS_MAX_BYTES);
	buf_init_arena(&version, &an->scratch, 32);
	rc = person_address(db, p->id, &address, ei);
	send.address = buf_slice(&address);
	send.due_ms = an->begun_ms + (int64_t)(an->queued / ANNOUNCE_PORTION) * ANNOUNCE_PORTION_MS;
	if (!rc)
		rc = letter_queue(db, an->site, an->letters, &an->scratch, &send, mail_hash, ei);
	buf_printf(&version, "%lld", (long long)step->to.no);
	e.detail = buf_slice(&version);
	if (!rc)
		rc = evidence_append(db, an->site, &e, ei);
	an->queued += !rc;
	return rc;
}

/* As found before, or changed since: looked at again, now that nobody else writes. */
static enum err tell_again(struct announce *an, struct db *db, int64_t id, unsigned *queued, struct errinfo *ei)
{
	struct announce_step *step;
	bool blocked = false;
	struct person p;
	enum err rc = person_get(db, id, &p, ei);

	if (rc || p.state != PERSON_ACTIVE || p.channel != STORE_EMAIL)
		return rc;
	rc = person_step(an, db, &p, &step, ei);
	if (rc || !step || !step->duty)
		return rc;
	rc = person_blocked(db, &p, &blocked, ei);
	if (rc || blocked)
		return rc;
	rc = tell(an, db, &p, step, ei);
	*queued += !rc;
	return rc;
}

static enum err still_current(const struct announce *an, struct db *db, struct errinfo *ei)
{
	const struct conf_site *c = site_conf(an->site);
	struct notice_version now;
	enum err rc = OK;

	for (size_t i = 0; !rc && i < c->languages.n; i++) {
		rc = notice_current(db, c->languages.v[i], &now, ei);
		if (!rc && now.no != version_now(an, c->languages.v[i])->no)
			rc = err_set(ei, E_CONFLICT, "another notice came into force meanwhile; look at it and announce again");
	}
	return rc;
}

/* Who is due, read only: the writers' lock is not held while people who need nothing are walked over. */
static enum err batch_find(struct announce *an, struct people *all, int64_t ids[ANNOUNCE_BATCH_MAX], unsigned limit,
    unsigned *n, bool *more, struct errinfo *ei)
{
	struct announce_step *step;
	struct db *db;
	enum err rc = store_read(an->store, &db, ei);

	if (rc)
		return rc;
	do {
		all->n = 0;
		rc = person_each(db, PERSON_ACTIVE, an->after_id, WALK_PEOPLE, people_keep, all, ei);
		for (unsigned i = 0; !rc && i < all->n && *n < limit; i++) {
			rc = person_step(an, db, &all->p[i], &step, ei);
			if (!rc && step && step->duty)
				ids[(*n)++] = all->p[i].id;
			an->after_id = all->p[i].id;
		}
	} while (!rc && all->n == WALK_PEOPLE && *n < limit);
	*more = *n == limit;
	store_read_end(an->store, db);
	return rc;
}

enum err announce_batch(struct announce *an, unsigned limit, unsigned *queued, bool *more, struct errinfo *ei)
{
	struct people *all = malloc(sizeof(*all));
	int64_t ids[ANNOUNCE_BATCH_MAX];
	unsigned n = 0;
	struct db *db;
	enum err rc;

	*queued = 0;
	bug_if(limit < 1 || limit > ANNOUNCE_BATCH_MAX);
	if (!all)
		return err_set(ei, E_NOMEM, "announcement");
	rc = batch_find(an, all, ids, limit, &n, more, ei);
	free(all);
	if (rc || !n)
		return rc;
	rc = store_write_begin(an->store, &db, ei);
	if (rc)
		return rc;
	rc = still_current(an, db, ei);
	for (unsigned i = 0; !rc && i < n; i++)
		rc = tell_again(an, db, ids[i], queued, ei);
	if (rc) {
		store_write_rollback(an->store);
		*queued = 0;
		return rc;
	}
	return store_write_commit(an->store, ei);
}

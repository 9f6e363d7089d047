/* Events, texts and records of a bundle, each against the others. */
#include "proof/check_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"

static const char *const parts[] = {"core", "ip", "fields"};
#define NPARTS 3

/* Hashes in a core. Configurations need not be there: they name files of the owner. */
static const struct {
	const char *key;
	bool must;
} text_keys[] = {{"text_hash", true}, {"mail_hash", true}, {"notice_hash", true}, {"config_hash", false}};
#define NTEXT_KEYS (sizeof(text_keys) / sizeof(text_keys[0]))

/* One part: with text and salt it must give its C. */
static bool part_check(struct check *c, size_t i, const json_t *part, const char *name, unsigned char out[32])
{
	bool salt = json_object_get(part, "salt"), text = json_object_get(part, "text");
	struct slice t = check_str(part, "text");
	unsigned char s[32], hash[32];

	check_hex(part, "c", out);
	if (salt != text) {
		check_fault(c, CHECK_MEMBER, "salt and text come together", "/bundle/events/%zu/%s", i, name);
		return false;
	}
	if (!salt) {
		c->r->parts_gone++;
		return true;
	}
	check_hex(part, "salt", s);
	const struct crypt_part joined[] = {{s, sizeof(s)}, {t.ptr, t.len}};
	crypt_sha256_parts(hash, joined, 2);
	c->r->parts++;
	if (memcmp(hash, out, sizeof(hash)) == 0)
		return true;
	check_fault(c, CHECK_PART, "", "/bundle/events/%zu/%s/text", i, name);
	return false;
}

static bool commitment_check(struct check *c, size_t i, const json_t *e, struct check_event *out)
{
	unsigned char all[NPARTS * 32];
	struct merkle_hash leaf;
	bool good = true;

	for (size_t p = 0; p < NPARTS; p++)
		good = part_check(c, i, json_object_get(e, parts[p]), parts[p], all + p * 32) && good;
	merkle_leaf(&leaf, all, sizeof(all));
	check_hex(e, "commitment", out->leaf.b);
	if (merkle_equal(&leaf, &out->leaf))
		return good;
	check_fault(c, CHECK_COMMITMENT, "", "/bundle/events/%zu/commitment", i);
	return false;
}

static void line_add(struct check *c, const json_t *core, const struct check_event *e)
{
	const json_t *list = json_object_get(core, "purposes"), *one;
	struct check_line *l;
	size_t i, n = 0;

	if (c->r->nlines == CHECK_LINES_MAX)
		return;
	l = &c->r->line[c->r->nlines++];
	*l = (struct check_line){.seq = e->seq, .time_ms = e->time_ms};
	check_plain(check_str(core, "kind"), l->kind, sizeof(l->kind));
	json_array_foreach(list, i, one)
		if (json_is_string(one) && n + 2 < sizeof(l->purposes)) {
			snprintf(l->purposes + n, sizeof(l->purposes) - n, "%s", n ? ", " : "");
			n = strlen(l->purposes);
			check_plain(slice_make(json_string_value(one), json_string_length(one)), l->purposes + n,
			    sizeof(l->purposes) - n);
			n = strlen(l->purposes);
		}
}

static void core_fault(struct check *c, size_t i, const char *key)
{
	char detail[CHECK_DETAIL_BYTES];

	snprintf(detail, sizeof(detail), "\"%s\" in it", key);
	check_fault(c, CHECK_CORE, detail, "/bundle/events/%zu/core/text", i);
}

/* What the core says of itself must fit what stands around it. */
static void core_check(struct check *c, size_t i, const json_t *e, struct check_event *ev, int64_t before)
{
	const json_t *part = json_object_get(e, "core");
	struct slice text = check_str(part, "text"), when;
	json_t *core;

	ev->time_ms = -1;
	if (!json_object_get(part, "text"))
		return;
	core = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, NULL);
	when = check_str(core, "time");
	ev->time_ms = when.len ? clock_parse_iso(when.ptr, when.len) : -1;
	if (!json_is_object(core) || json_integer_value(json_object_get(core, "v")) != 1)
		core_fault(c, i, "v");
	else if (json_integer_value(json_object_get(core, "seq")) != ev->seq)
		core_fault(c, i, "seq");
	else if (json_integer_value(json_object_get(core, "person")) != c->r->person)
		core_fault(c, i, "person");
	else if (ev->time_ms < 0)
		core_fault(c, i, "time");
	else if (!check_str(core, "kind").len)
		core_fault(c, i, "kind");
	else if (json_integer_value(json_object_get(core, "prev")) != before)
		check_fault(c, CHECK_CHAIN, "\"prev\" is not the event before it", "/bundle/events/%zu/core/text", i);
	else
		line_add(c, core, ev);
	json_decref(core);
}

void check_events(struct check *c)
{
	const json_t *events = json_object_get(c->root, "events"), *e;
	int64_t before = 0;
	size_t i;

	c->r->events = json_array_size(events);
	c->event = calloc(c->r->events + 1, sizeof(*c->event));
	if (!c->event) {
		check_fault(c, CHECK_JSON, "no memory", "/bundle/events");
		return;
	}
	c->nevents = c->r->events;
	if (!c->nevents)
		check_fault(c, CHECK_CHAIN, "there is none", "/bundle/events");
	json_array_foreach(events, i, e) {
		struct check_event *ev = &c->event[i];
		ev->seq = json_integer_value(json_object_get(e, "seq"));
		if (ev->seq <= before)
			check_fault(c, CHECK_CHAIN, "numbers must grow", "/bundle/events/%zu/seq", i);
		ev->good = commitment_check(c, i, e, ev);
		core_check(c, i, e, ev, before);
		before = ev->seq;
	}
}

/* ---- texts */

struct known {
	unsigned char hash[32];
	size_t at; /* in the file */
	bool named;
};

/* A file may hold as many texts as it likes: they are sorted, so that checking them does not take the square of it. */
static int known_order(const void *x, const void *y)
{
	const struct known *a = x, *b = y;
	int order = memcmp(a->hash, b->hash, sizeof(a->hash));

	return order ? order : (a->at > b->at) - (a->at < b->at);
}

static int known_match(const void *hash, const void *known)
{
	return memcmp(hash, ((const struct known *)known)->hash, 32);
}

static struct known *known_find(struct known *k, size_t n, const unsigned char hash[32])
{
	return bsearch(hash, k, n, sizeof(*k), known_match);
}

static void names_check(struct check *c, struct known *k, size_t n)
{
	const json_t *events = json_object_get(c->root, "events"), *e;
	unsigned char hash[32];
	size_t i;

	json_array_foreach(events, i, e) {
		struct slice text = check_str(json_object_get(e, "core"), "text");
		json_t *core = text.len ? json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, NULL) : NULL;
		for (size_t t = 0; t < NTEXT_KEYS; t++) {
			struct known *found = check_hex(core, text_keys[t].key, hash) ? known_find(k, n, hash) : NULL;
			if (found)
				found->named = true;
			else if (text_keys[t].must && json_object_get(core, text_keys[t].key))
				check_fault(c, CHECK_TEXT_GONE, text_keys[t].key, "/bundle/events/%zu/core/text", i);
		}
		json_decref(core);
		if (check_hex(e, "shown", hash)) {
			struct known *page = known_find(k, n, hash);
			if (page)
				page->named = true;
			else
				check_fault(c, CHECK_TEXT_GONE, "", "/bundle/events/%zu/shown", i);
		}
	}
}

void check_texts(struct check *c)
{
	const json_t *texts = json_object_get(c->root, "texts"), *t;
	struct known *k = calloc(json_array_size(texts) + 1, sizeof(*k));
	unsigned char hash[32];
	size_t i;

	if (!k) {
		check_fault(c, CHECK_JSON, "no memory", "/bundle/texts");
		return;
	}
	c->r->texts = json_array_size(texts);
	json_array_foreach(texts, i, t) {
		struct slice body = check_str(t, "body");
		check_hex(t, "hash", k[i].hash);
		k[i].at = i;
		crypt_sha256(hash, body.ptr, body.len);
		if (memcmp(hash, k[i].hash, sizeof(hash)) != 0)
			check_fault(c, CHECK_TEXT, "", "/bundle/texts/%zu/body", i);
	}
	qsort(k, c->r->texts, sizeof(*k), known_order);
	names_check(c, k, c->r->texts);
	for (i = 0; i < c->r->texts; i++) {
		bool twice = i && memcmp(k[i - 1].hash, k[i].hash, sizeof(k[i].hash)) == 0;
		/* Of two with one hash the search may have met either. */
		bool same_named = i + 1 < c->r->texts && memcmp(k[i + 1].hash, k[i].hash, sizeof(k[i].hash)) == 0;
		if (twice || (!k[i].named && !same_named))
			check_fault(c, CHECK_TEXT_LOOSE, "", "/bundle/texts/%zu/hash", k[i].at);
	}
	free(k);
}

/* ---- records of ISO/IEC TS 27560 */

/* Events whose numbers do not grow are a fault already. */
static int event_match(const void *seq, const void *event)
{
	int64_t a = *(const int64_t *)seq, b = ((const struct check_event *)event)->seq;

	return (a > b) - (a < b);
}

static const struct check_event *event_find(const struct check *c, int64_t seq)
{
	return c->nevents ? bsearch(&seq, c->event, c->nevents, sizeof(*c->event), event_match) : NULL;
}

static void state_check(struct check *c, const json_t *s, size_t r, size_t i)
{
	const struct check_event *e = event_find(c, json_integer_value(json_object_get(s, "jawort:event")));
	struct slice when = check_str(s, "dpv:isIndicatedAtTime");
	unsigned char hash[32];

	if (e && check_hex(s, "jawort:commitment", hash) && memcmp(hash, e->leaf.b, 32) == 0 && when.len
	    && clock_parse_iso(when.ptr, when.len) == e->time_ms)
		return;
	check_fault(c, CHECK_RECORD, "", "/bundle/records/@graph/%zu/dpv:hasConsentStatus/%zu", r, i);
}

void check_records(struct check *c)
{
	const json_t *graph = json_object_get(json_object_get(c->root, "records"), "@graph"), *r, *s;
	size_t i, k;

	json_array_foreach(graph, i, r) {
		const json_t *states = json_object_get(r, "dpv:hasConsentStatus");
		if (!slice_eq_str(check_str(r, "@type"), "dpv:ConsentRecord"))
			continue;
		c->r->records++;
		if (!json_array_size(states))
			check_fault(c, CHECK_RECORD, "it has no state", "/bundle/records/@graph/%zu", i);
		json_array_foreach(states, k, s)
			state_check(c, s, i, k);
	}
	if (!json_is_array(graph))
		check_fault(c, CHECK_RECORD, "there is no \"@graph\"", "/bundle/records");
}

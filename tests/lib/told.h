#ifndef JAWORT_TESTS_TOLD_H
#define JAWORT_TESTS_TOLD_H
/* told: mails of a world that have left by Mailjet, and what Mailjet tells about them. */
#include "lib/world.h"

#include "core/events.h"
#include "store/hook.h"

static inline void told_claimed(const struct outbox_row *r, void *arg)
{
	int64_t *ids = arg;

	ids[++ids[0]] = r->id;
}

/* Everything that waits in the outbox is accepted by the provider, as message 7000000000000000000 + its number. */
static inline void told_send(struct world *w)
{
	int64_t ids[OUTBOX_CLAIM_MAX + 1] = {0};
	struct db *db;

	assert_ok(store_write_begin(w->store, &db, EI));
	assert_ok(outbox_claim(db, w->now_ms, OUTBOX_CLAIM_MAX, SLICE("try"), told_claimed, ids, NULL, EI));
	for (int64_t i = 1; i <= ids[0]; i++) {
		char id[32];
		struct outbox_result r = {.state = OUTBOX_ACCEPTED, .result_class = 1, .code = SLICE("ok"),
		    .provider = SLICE("mailjet"), .now_ms = w->now_ms};
		snprintf(id, sizeof(id), "%lld", 7000000000000000000LL + (long long)ids[i]);
		r.provider_id = slice_from(id);
		assert_ok(outbox_settle(db, ids[i], SLICE("try"), &r, EI));
	}
	assert_ok(store_write_commit(w->store, EI));
}

static inline void told_created(const struct outbox_row *r, void *arg)
{
	*(int64_t *)arg = r->created_ms;
}

/* Our name of a mail; of one that is not there any more with the present time. */
static inline const char *told_name(struct world *w, int64_t mail)
{
	struct db *db = world_read(w);
	int64_t created = w->now_ms;
	char *s = arena_alloc(&w->arena, 64);
	enum err rc = outbox_get(db, mail, told_created, &created, EI);

	store_read_end(w->store, db);
	if (rc != E_NOT_FOUND)
		assert_ok(rc);
	snprintf(s, 64, "club-%lld-%lld", (long long)mail, (long long)created);
	return s;
}

/* A body arrives and is worked on. */
static inline struct events_report told_body(struct world *w, const char *body)
{
	struct events_report rep;
	struct db *db;

	assert_ok(store_write_begin(w->store, &db, EI));
	assert_ok(hook_put(db, SLICE("mailjet"), slice_from(body), w->now_ms, NULL, EI));
	assert_ok(store_write_commit(w->store, EI));
	assert_ok(events_all(w->site, w->store, &rep, EI));
	return rep;
}

/* One event: what is '"event":"spam"' and the like. Time 0: now. */
static inline struct events_report told_at(struct world *w, int64_t mail, const char *what, int64_t time_ms)
{
	static int n;
	char body[500];

	/* With a number of its own: the same body twice is stored once. */
	snprintf(body, sizeof(body), "[{%s,\"time\":%lld,\"CustomID\":\"%s\",\"Payload\":\"%d\"}]", what,
	    (long long)((time_ms ? time_ms : w->now_ms) / 1000), told_name(w, mail), n++);
	return told_body(w, body);
}

#define TOLD_SENT "\"event\":\"sent\""
#define TOLD_HARD "\"event\":\"bounce\",\"hard_bounce\":true"
#define TOLD_SOFT "\"event\":\"bounce\",\"hard_bounce\":false"
#define TOLD_SPAM "\"event\":\"spam\""
#define TOLD_UNSUB "\"event\":\"unsub\""
#define TOLD_BLOCKED "\"event\":\"blocked\""

#endif

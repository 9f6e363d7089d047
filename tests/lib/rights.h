#ifndef JAWORT_TESTS_RIGHTS_H
#define JAWORT_TESTS_RIGHTS_H
/* rights: the decisions of core/rights.h over a world, short enough to stand in a test. */
#include "lib/world.h"

#include "core/rights.h"

static inline struct rights rights_of(struct world *w, enum withdraw_way way)
{
	return (struct rights){.site = w->site, .store = w->store, .writers = way == WITHDRAW_HUB ? w->writers : NULL,
	    .letters = w->letters, .way = way, .ip = way == WITHDRAW_HUB ? SLICE("192.0.2.99") : SLICE("")};
}

static inline struct rights_person *rights_seen(struct world *w, int64_t id)
{
	struct rights_person *p = arena_alloc(&w->arena, sizeof(*p));
	struct db *db = world_read(w);

	assert_ok(rights_look(db, w->site, &w->arena, id, p, EI));
	store_read_end(w->store, db);
	return p;
}

static inline enum err rights_seen_rc(struct world *w, int64_t id)
{
	struct rights_person *p = arena_alloc(&w->arena, sizeof(*p));
	struct db *db = world_read(w);
	enum err rc = rights_look(db, w->site, &w->arena, id, p, EI);

	store_read_end(w->store, db);
	return rc;
}

static inline struct rights_found rights_found_of(struct world *w, const char *address)
{
	struct rights_found f;
	struct db *db = world_read(w);

	assert_ok(rights_find(db, slice_from(address), &f, EI));
	store_read_end(w->store, db);
	return f;
}

static inline struct rights_erasure rights_preview(struct world *w, int64_t id)
{
	struct rights_erasure e;
	struct db *db = world_read(w);

	assert_ok(rights_erase_look(db, w->site, &w->arena, id, &e, EI));
	store_read_end(w->store, db);
	return e;
}

enum rights_verb { DO_RESTRICT, DO_RELEASE, DO_OBJECT, DO_BLOCK, DO_WITHDRAW, DO_ERASE };

static inline struct rights_done rights_do(struct world *w, int64_t id, enum rights_verb v, enum withdraw_way way)
{
	const struct rights r = rights_of(w, way);
	struct rights_done d;

	switch (v) {
	case DO_RESTRICT:
		assert_ok(rights_restrict(&r, &w->arena, id, &d, EI));
		break;
	case DO_RELEASE:
		assert_ok(rights_release(&r, &w->arena, id, &d, EI));
		break;
	case DO_OBJECT:
		assert_ok(rights_object(&r, &w->arena, id, &d, EI));
		break;
	case DO_BLOCK:
		assert_ok(rights_block(&r, &w->arena, id, &d, EI));
		break;
	case DO_WITHDRAW:
		assert_ok(rights_withdraw(&r, &w->arena, id, SLICE(""), &d, EI));
		break;
	case DO_ERASE:
		assert_ok(rights_erase(&r, &w->arena, id, false, false, &d, EI));
		break;
	}
	return d;
}

#endif

#ifndef JAWORT_TESTS_NOTICE_WORLD_H
#define JAWORT_TESTS_NOTICE_WORLD_H
/*
 * The configurations of tests/golden/conf, loaded once, and sites made of them:
 * for the tests of the notice. For programs that include cmocka.h before.
 */
#include "conf/conf.h"
#include "core/site.h"

#define NOTICE_CONF "tests/golden/conf/jawort.yaml"

static struct {
	struct conf *conf;
	struct conf_report rep;
	struct arena arena;
} world;

static int world_up(void **state)
{
	struct conf_opts opts = {.path = NOTICE_CONF};
	struct errinfo ei = {0};

	(void)state;
	conf_report_init(&world.rep);
	if (conf_load(&opts, &world.conf, &world.rep, &ei))
		fail_msg("%s", ei.text);
	for (size_t i = 0; i < world.conf->nbroken; i++)
		fail_msg("%s: %s", world.conf->broken[i].file, world.conf->broken[i].first);
	arena_init(&world.arena, 8u * 1024u * 1024u);
	return 0;
}

static int world_down(void **state)
{
	(void)state;
	arena_free(&world.arena);
	conf_free(world.conf);
	conf_report_free(&world.rep);
	return 0;
}

/* A copy that a test may change before it makes a site of it. */
static struct conf_site world_copy(const char *id)
{
	const struct conf_site *c = conf_site_by_id(world.conf, id);

	assert_non_null(c);
	return *c;
}

static struct site *world_site(const struct conf_site *c)
{
	struct errinfo ei = {0};
	struct site *s;

	if (site_new(&s, world.conf, c, &ei))
		fail_msg("%s", ei.text);
	return s;
}

#endif

/*
 * forge: bundles for two verifiers to agree on.
 *     forge FOLDER [keep]
 * 40 good ones (good-NN.json) and 10 forged in different ways (forged-WAY.json), the site's keys (keys.txt), and
 * all of one site in a folder of its own. It goes at the end; with keep it stays, and its name is printed.
 */
#include "lib/world.h"

#include "lib/bundles.h"

#define GOOD 40

static void put(const char *folder, const char *name, const struct buf *b)
{
	char path[4400];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_ok(file_write(path, buf_slice(b), 0600, EI));
}

static void one(struct world *w, const char *folder, unsigned i, int how)
{
	char address[64], name[64];
	struct buf b;

	snprintf(address, sizeof(address), "person%u@example.org", i);
	buf_init(&b, BUNDLE_MAX_BYTES);
	bundles_make(w, address, &b);
	if (how >= 0)
		bundles_forge(w, &b, (enum bundles_forgery)how);
	if (how >= 0)
		snprintf(name, sizeof(name), "forged-%s.json", bundles_forgeries[how]);
	else
		snprintf(name, sizeof(name), "good-%02u.json", i);
	put(folder, name, &b);
	buf_free(&b);
}

int main(int argc, char **argv)
{
	struct world w;
	struct buf keys;
	char address[64];
	unsigned n;

	if (argc < 2) {
		fprintf(stderr, "usage: forge FOLDER\n");
		return 2;
	}
	world_open(&w, WORLD_SITE);
	for (unsigned i = 0; i < GOOD; i++) {
		bundles_person(&w, i, address);
		if (i % 13 == 12)
			bundles_checkpoint(&w);
		if (i == 20)
			assert_ok(event_drop_ip(w.store, w.now_ms + 1, 1000, &n, EI));
	}
	/* The last ones are behind the newest checkpoint. */
	for (unsigned i = 0; i < GOOD; i++)
		one(&w, argv[1], i, -1);
	bundles_checkpoint(&w);
	for (int how = 0; how < FORGED__MAX; how++)
		one(&w, argv[1], 33, how); /* comes back: five events */
	buf_init(&keys, 65536);
	bundles_keys(&w, &keys);
	put(argv[1], "keys.txt", &keys);
	buf_free(&keys);
	if (argc > 2) {
		writer_pool_free(w.writers);
		store_close(w.store);
		printf("%s\n", w.root);
		return 0;
	}
	world_close(&w);
	return 0;
}

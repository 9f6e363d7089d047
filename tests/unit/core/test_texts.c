/* Everything that can be shown is stored before it is shown, once. */
#include "core/texts.h"

#include "lib/world.h"

#include "core/formpage.h"
#include "store/shown.h"

static struct texts_report apply(struct world *w, bool dry)
{
	struct texts_report r;

	assert_ok(texts_apply(w->site, w->store, dry, &r, EI));
	return r;
}

static bool stored(struct world *w, const unsigned char *hash, enum text_kind kind, const char *lang)
{
	struct db *db = world_read(w);
	struct text_info info;
	enum err rc = text_get(db, hash, NULL, &info, NULL);

	store_read_end(w->store, db);
	if (rc == E_NOT_FOUND)
		return false;
	assert_int_equal(rc, OK);
	assert_int_equal(info.kind, kind);
	assert_string_equal(info.lang, lang);
	return true;
}

static void test_again(void **state)
{
	struct world *w = *state;
	struct texts_report r = apply(w, false);

	/* configuration; per language: notice, and per form consent, page, mail */
	assert_int_equal(r.total, 1 + 2 * (1 + 3 * 3));
	assert_int_equal(r.stored, 0);
	assert_int_equal(r.notices, 0);
	r = apply(w, true);
	assert_int_equal(r.stored, 0);
}

static void test_all_kinds(void **state)
{
	static const char *const langs[] = {"de", "en"};
	struct world *w = *state;

	assert_true(stored(w, site_conf(w->site)->hash, TEXT_CONFIG, ""));
	for (size_t f = 0; f < site_conf(w->site)->nforms; f++)
		for (int l = 0; l < 2; l++) {
			const struct formpage page = {.form = &site_conf(w->site)->forms[f], .lang = langs[l]};
			const struct consent *c = site_consent(w->site, page.form, langs[l]);
			unsigned char hash[CRYPT_HASH_BYTES], found[CRYPT_HASH_BYTES];
			struct db *db;
			struct buf b;
			assert_true(stored(w, c->hash, TEXT_CONSENT, langs[l]));
			buf_init_arena(&b, &w->arena, SITE_PAGE_MAX_BYTES);
			assert_ok(formpage_render(w->site, &w->arena, FORMPAGE_PAGE, &page, &b, EI));
			crypt_sha256(hash, b.data, b.len);
			assert_true(stored(w, hash, TEXT_FORM, langs[l]));
			db = world_read(w);
			assert_ok(shown_find(db, c->form, slice_from(langs[l]), c->hash,
			    INT64_MAX, found, EI));
			store_read_end(w->store, db);
			assert_memory_equal(found, hash, sizeof(found));
		}
}

/* A dry run says what would be new and writes nothing; a real one does, and what was there stays. */
static void test_change(void **state)
{
	struct world *w = *state;
	char *yaml = world_replace(WORLD_SITE, "de: wöchentlich", "de: täglich");
	unsigned char old[CRYPT_HASH_BYTES];
	struct texts_report dry, real;
	struct site *keep = w->site;

	memcpy(old, world_consent(w, "both", "de")->hash, sizeof(old));
	world_write(w, "sites/club.yaml", yaml);
	conf_free(w->conf);
	world_load(w);
	assert_ok(site_new(&w->site, w->conf, w->conf->sites[0], EI));
	site_free(keep);
	dry = apply(w, true);
	assert_false(stored(w, world_consent(w, "both", "de")->hash, TEXT_CONSENT, "de"));
	/* configuration; in German the consent, page and mail of one form, and the notice if it names the purpose */
	assert_true(dry.stored >= 4);
	real = apply(w, false);
	assert_int_equal(real.stored, dry.stored);
	assert_int_equal(real.notices, dry.notices);
	assert_true(stored(w, world_consent(w, "both", "de")->hash, TEXT_CONSENT, "de"));
	assert_true(stored(w, old, TEXT_CONSENT, "de"));
	assert_int_equal(apply(w, false).stored, 0);
	free(yaml);
	world_reload(w, WORLD_SITE);
	assert_memory_equal(old, world_consent(w, "both", "de")->hash, sizeof(old));
}

/* Secrets are no part of what is kept for ever. */
static void test_no_secret(void **state)
{
	struct world *w = *state;
	struct db *db = world_read(w);
	struct buf b;

	buf_init_arena(&b, &w->arena, TEXT_BODY_MAX_BYTES);
	assert_ok(text_get(db, site_conf(w->site)->hash, &b, NULL, EI));
	store_read_end(w->store, db);
	assert_non_null(strstr(b.data, "Radverein"));
	assert_null(strstr(b.data, w->root));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_again), cmocka_unit_test(test_all_kinds), cmocka_unit_test(test_change),
	    cmocka_unit_test(test_no_secret),
	};
	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}

#include "store_test.h"

#include "base/box.h"
#include "store/pack.h"

struct box {
	char root[64], path[100], in[100];
	unsigned char pub[BOX_PUBLIC_BYTES];
	struct crypt_key *secret;
	struct pack_manifest m;
	size_t bytes;
	unsigned char *content;
};

static void put(const char *path, const void *p, size_t n)
{
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	fclose(f);
}

/* A backup with a file of so many bytes and a small one. */
static enum err make(struct box *b, size_t bytes)
{
	struct pack_head h = {.kind = PACK_DATA, .site = "example", .made_ms = NOW};
	struct pack_writer *w;
	int64_t size;
	b->bytes = bytes;
	free(b->content);
	b->content = malloc(bytes + 1);
	for (size_t i = 0; i < bytes; i++)
		b->content[i] = (unsigned char)(i * 31 + (i >> 8));
	put(b->in, b->content, bytes);
	enum err e = pack_create(&w, b->path, &h, b->pub, EI);
	if (e)
		return e;
	assert_ok(pack_add(w, "data.db", b->in, EI));
	assert_ok(pack_add(w, "site.keys", b->in, EI));
	b->m = (struct pack_manifest){.schema = 3, .ids = {1, 2, 3, 4}};
	memset(b->m.ring, 5, sizeof b->m.ring);
	e = pack_finish(w, &b->m, &size, EI);
	struct stat st;
	assert_int_equal(stat(b->path, &st), 0);
	assert_int_equal(st.st_size, size);
	assert_int_equal(st.st_mode & 0777, 0600);
	return e;
}

static int setup(void **state)
{
	struct box *b = calloc(1, sizeof *b);
	snprintf(b->root, sizeof b->root, "/tmp/jawort-pack-XXXXXX");
	assert_non_null(mkdtemp(b->root));
	snprintf(b->path, sizeof b->path, "%s/backup", b->root);
	snprintf(b->in, sizeof b->in, "%s/in", b->root);
	assert_ok(crypt_init(EI));
	b->secret = crypt_key_new();
	box_pair(b->pub, b->secret);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct box *b = *state;
	site_remove(b->root);
	crypt_key_free(b->secret);
	free(b->content);
	free(b);
	return 0;
}

static void test_back(void **state)
{
	static const size_t sizes[] = {0, 1, 100, 65535 - 18, 65536, 65537, 131072, 200000};
	struct box *b = *state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct pack_manifest m;
		struct buf got;
		char dir[120], path[160];
		unlink(b->path);
		assert_ok(make(b, sizes[i]));
		assert_ok(pack_read(b->path, b->secret, NULL, &m, EI));
		snprintf(dir, sizeof dir, "%s/out%zu", b->root, i);
		assert_ok(file_mkdir(dir, 0700, EI));
		assert_ok(pack_read(b->path, b->secret, dir, &m, EI));
		assert_int_equal(m.nfiles, 2);
		assert_int_equal(m.schema, 3);
		assert_int_equal(m.ids[3], 4);
		assert_int_equal(m.head.made_ms, NOW);
		assert_string_equal(m.head.site, "example");
		for (int f = 0; f < 2; f++) {
			snprintf(path, sizeof path, "%s/%s", dir, m.files[f].name);
			buf_init(&got, 1 << 20);
			assert_ok(file_read(&got, path, EI));
			assert_int_equal(got.len, sizes[i]);
			assert_memory_equal(got.data, b->content, sizes[i]);
			buf_free(&got);
		}
		/* What is there is not written over. */
		assert_int_equal(pack_read(b->path, b->secret, dir, &m, EI), E_CONFLICT);
		assert_int_equal(make(b, 1), E_CONFLICT);
	}
}

static void test_head_is_readable(void **state)
{
	struct box *b = *state;
	struct pack_head h;
	assert_ok(make(b, 10));
	assert_ok(pack_head_read(b->path, &h, EI));
	assert_string_equal(h.site, "example");
	assert_int_equal(h.kind, PACK_DATA);
	assert_int_equal(pack_head_read(b->in, &h, EI), E_INVALID);
	assert_int_equal(pack_head_read("/tmp/jawort-pack-nothing", &h, EI), E_NOT_FOUND);
	assert_string_equal(pack_kind_name(PACK_KEYS), "keys");
	assert_string_equal(pack_kind_name((enum pack_kind)9), "?");
}

static void test_another_key(void **state)
{
	struct box *b = *state;
	struct crypt_key *other = crypt_key_new();
	unsigned char pub[BOX_PUBLIC_BYTES], nothing[BOX_PUBLIC_BYTES] = {0};
	struct pack_head h = {.kind = PACK_DATA, .site = "example", .made_ms = NOW};
	struct pack_writer *w;
	struct pack_manifest m;
	assert_ok(make(b, 10));
	box_pair(pub, other);
	assert_int_equal(pack_read(b->path, other, NULL, &m, EI), E_DENIED);
	assert_non_null(strstr(site_ei.text, "another key"));
	crypt_key_free(other);
	/* A public key that is none leaves nothing behind. */
	unlink(b->path);
	assert_int_equal(pack_create(&w, b->path, &h, nothing, EI), E_INVALID);
	char part[140];
	snprintf(part, sizeof part, "%s.part", b->path);
	assert_false(file_exists(part));
}

/* Every byte of a small backup, and every length: what is not whole and unchanged does not pass. */
static void test_damage(void **state)
{
	struct box *b = *state;
	struct pack_manifest m;
	struct buf all;
	assert_ok(make(b, 300));
	buf_init(&all, 1 << 20);
	assert_ok(file_read(&all, b->path, EI));
	for (size_t i = 0; i < all.len; i++) {
		all.data[i] ^= 0x20;
		put(b->path, all.data, all.len);
		assert_int_not_equal(pack_read(b->path, b->secret, NULL, &m, EI), OK);
		all.data[i] ^= 0x20;
	}
	for (size_t n = 0; n < all.len; n++) {
		put(b->path, all.data, n);
		assert_int_not_equal(pack_read(b->path, b->secret, NULL, &m, EI), OK);
	}
	buf_add_char(&all, 'x');
	put(b->path, all.data, all.len);
	assert_int_not_equal(pack_read(b->path, b->secret, NULL, &m, EI), OK);
	buf_free(&all);
}

/* Pieces swapped or left out, cut off at the border of a piece. */
static void test_pieces(void **state)
{
	struct box *b = *state;
	struct pack_manifest m;
	struct buf all;
	struct pack_head h;
	size_t head, piece = PACK_PIECE_BYTES + STREAM_OVERHEAD_BYTES;
	assert_ok(make(b, 150000));
	buf_init(&all, 1 << 20);
	assert_ok(file_read(&all, b->path, EI));
	assert_ok(pack_head_parse(buf_slice(&all), &h, &head, EI));
	head += CRYPT_KEY_BYTES + BOX_OVERHEAD_BYTES + STREAM_HEADER_BYTES;
	assert_true(all.len > head + 3 * piece);
	for (size_t cut = head; cut < all.len; cut += piece) {
		put(b->path, all.data, cut);
		assert_int_equal(pack_read(b->path, b->secret, NULL, &m, EI), E_DENIED);
		assert_non_null(strstr(site_ei.text, "too early"));
	}
	char *tmp = malloc(piece);
	memcpy(tmp, all.data + head, piece);
	memmove(all.data + head, all.data + head + piece, piece);
	memcpy(all.data + head + piece, tmp, piece);
	put(b->path, all.data, all.len);
	assert_int_equal(pack_read(b->path, b->secret, NULL, &m, EI), E_DENIED);
	free(tmp);
	buf_free(&all);
}

/* What a crash left under the name of the part is written over; what is abandoned leaves nothing. */
static void test_part(void **state)
{
	struct box *b = *state;
	struct pack_head h = {.kind = PACK_KEYS, .site = "example", .made_ms = NOW};
	struct pack_writer *w;
	char part[140];
	snprintf(part, sizeof part, "%s.part", b->path);
	put(part, "half", 4);
	assert_ok(pack_create(&w, b->path, &h, b->pub, EI));
	assert_true(file_exists(part));
	assert_false(file_exists(b->path));
	pack_abandon(w);
	assert_false(file_exists(part));
	assert_ok(make(b, 5));
	assert_false(file_exists(part));
}

static const struct {
	const char *text;
	bool ok;
} manifests[] = {
	{"jawort-manifest 1\nsite a\nkind data\nmade 2026-11-21T14:05:09.123Z\nschema 3\nids 1 2 3 4\n"
	 "ring 00112233445566778899aabbccddeeff\nfile data.db 5 "
	 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n", true},
	{"", false},
	{"jawort-manifest 2\nsite a\nkind data\n", false},
	{"jawort-manifest 1\nsite ../a\nkind data\nmade 2026-11-21\nschema 3\nids 1 2 3 4\n"
	 "ring 00112233445566778899aabbccddeeff\nfile data.db 5 "
	 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n", false},
	{"jawort-manifest 1\nsite a\nkind data\nmade 2026-11-21\nschema 3\nids 1 2 3\n"
	 "ring 00112233445566778899aabbccddeeff\nfile data.db 5 "
	 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n", false},
	{"jawort-manifest 1\nsite a\nkind data\nmade 2026-11-21\nschema 3\nids 1 2 3 4\n"
	 "ring 00112233445566778899aabbccddeeff\nfile ../data.db 5 "
	 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n", false},
	{"jawort-manifest 1\nsite a\nkind data\nmade 2026-11-21\nschema 3\nids 1 2 3 4\n"
	 "ring 00112233445566778899aabbccddeeff\n", false},
};

static void test_manifest(void **state)
{
	struct pack_manifest m, back;
	struct buf b;
	char name[32];
	int64_t n;
	(void)state;
	for (size_t i = 0; i < sizeof manifests / sizeof *manifests; i++)
		assert_int_equal(pack_manifest_parse(slice_from(manifests[i].text), &m, EI) == OK, manifests[i].ok);
	assert_ok(pack_manifest_parse(slice_from(manifests[0].text), &m, EI));
	buf_init(&b, 4096);
	pack_manifest_write(&b, &m);
	assert_string_equal(b.data, manifests[0].text);
	assert_ok(pack_manifest_parse(buf_slice(&b), &back, EI));
	assert_memory_equal(&m, &back, sizeof m);
	buf_free(&b);
	assert_true(pack_part_parse(SLICE("file keys.db 77"), name, &n));
	assert_string_equal(name, "keys.db");
	assert_int_equal(n, 77);
	assert_true(pack_part_parse(SLICE("manifest 300"), name, &n));
	assert_string_equal(name, "");
	assert_false(pack_part_parse(SLICE("manifest 5000"), name, &n));
	assert_false(pack_part_parse(SLICE("file a/b 1"), name, &n));
	assert_false(pack_part_parse(SLICE("file .a 1"), name, &n));
	assert_false(pack_part_parse(SLICE("file a"), name, &n));
	assert_false(pack_part_parse(SLICE(""), name, &n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_head_is_readable, setup, teardown),
		cmocka_unit_test_setup_teardown(test_another_key, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pieces, setup, teardown),
		cmocka_unit_test_setup_teardown(test_part, setup, teardown),
		cmocka_unit_test(test_manifest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

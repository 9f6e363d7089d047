/* pack: what stands open at the beginning of a backup, and what it says about its contents. */
#include <string.h>

#include "fuzz.h"
#include "store/pack.h"

static void head(struct slice s)
{
	struct errinfo ei = {.code = OK};
	struct pack_head h, again;
	struct buf b;
	size_t n, m;

	if (pack_head_parse(s, &h, &n, &ei) != OK)
		return;
	FUZZ_MUST(n <= s.len && n <= PACK_HEAD_MAX_BYTES);
	FUZZ_MUST(*h.site && !strchr(h.site, '/') && h.kind > 0 && h.kind < PACK_KIND__MAX && h.made_ms >= 0);
	buf_init(&b, 4096);
	pack_head_write(&b, &h);
	FUZZ_MUST(pack_head_parse(buf_slice(&b), &again, &m, &ei) == OK && m == b.len);
	FUZZ_MUST(memcmp(&h, &again, sizeof(h)) == 0);
	buf_free(&b);
}

static void manifest(struct slice s)
{
	struct errinfo ei = {.code = OK};
	struct pack_manifest m, again;
	struct buf b;

	if (pack_manifest_parse(s, &m, &ei) != OK)
		return;
	FUZZ_MUST(m.nfiles > 0 && m.nfiles <= PACK_FILES_MAX);
	for (size_t i = 0; i < m.nfiles; i++)
		FUZZ_MUST(*m.files[i].name && *m.files[i].name != '.' && !strchr(m.files[i].name, '/') && m.files[i].bytes >= 0);
	buf_init(&b, 4096);
	pack_manifest_write(&b, &m);
	FUZZ_MUST(pack_manifest_parse(buf_slice(&b), &again, &ei) == OK && memcmp(&m, &again, sizeof(m)) == 0);
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = slice_make(data, size);
	char name[32];
	int64_t n;

	if (size > 8192)
		return 0;
	head(s);
	manifest(s);
	if (pack_part_parse(s, name, &n))
		FUZZ_MUST(n >= 0 && !strchr(name, '/') && name[0] != '.');
	return 0;
}

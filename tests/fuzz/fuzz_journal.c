/* journal: as it is, and line by line with the right sums, so that what is behind them is read too. */
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "store/journal.h"

static struct keyring *ring_of(void)
{
	static struct keyring *ring;
	char path[64];

	if (ring)
		return ring;
	FUZZ_MUST(crypt_init(NULL) == OK);
	snprintf(path, sizeof(path), "/tmp/jawort-fuzz-%ld.keys", (long)getpid());
	unlink(path);
	FUZZ_MUST(keyring_create(&ring, path, NULL) == OK);
	unlink(path);
	return ring;
}

struct seen {
	int64_t n;
};

static bool see(const struct journal_record *r, const unsigned char mac[JOURNAL_MAC_BYTES], void *arg)
{
	struct seen *s = arg;

	(void)mac;
	FUZZ_MUST(r->n == s->n + 1 && r->kind > 0 && r->kind < JOURNAL_KIND__MAX && r->at_ms >= 0);
	FUZZ_MUST(strlen(r->word) < sizeof(r->word));
	s->n = r->n;
	return true;
}

static void sealed(struct slice text)
{
	static const unsigned char mac[JOURNAL_MAC_BYTES];
	struct keyring *ring = ring_of();
	struct journal_end made, read;
	struct errinfo ei = {.code = OK};
	struct seen s = {.n = 7};
	struct slice line;
	struct buf b;
	enum err rc;

	buf_init(&b, 1u << 20);
	journal_begin(&b, ring, "site", 7, mac, &made);
	while (slice_split(&text, '\n', &line)) {
		size_t start = b.len;

		if (line.len > 400)
			continue;
		buf_add_slice(&b, line);
		journal_seal(&b, start, ring, &made);
	}
	rc = journal_parse(buf_slice(&b), ring, "site", see, &s, &read, &ei);
	FUZZ_MUST(rc == OK || rc == E_INVALID || rc == E_DENIED);
	FUZZ_MUST(rc || (read.bytes == b.len && !read.torn && read.n == s.n));
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct errinfo ei = {.code = OK};
	struct journal_end end;

	if (size > 65536)
		return 0;
	journal_parse(slice_make(data, size), ring_of(), "site", NULL, NULL, &end, &ei);
	FUZZ_MUST(end.bytes <= size);
	sealed(slice_make(data, size));
	return 0;
}

#ifndef JAWORT_TESTS_BUNDLES_H
#define JAWORT_TESTS_BUNDLES_H
/*
 * bundles: people in a world (lib/world.h, which comes first), their bundles, and ten ways to forge one. The forger has the
 * site's signing key where it says so: then only the log can convict.
 */
#include "base/enc.h"
#include "core/bundle.h"
#include "core/logbook.h"
#include "core/retention.h"
#include "proof/check.h"
#include "store/keyring.h"

static const char *const bundles_ways[] = {"asks", "confirms", "leaves", "comes back", "two purposes", "denies"};
#define BUNDLES_WAYS (sizeof(bundles_ways) / sizeof(bundles_ways[0]))

/* Person i does what the way says; the address of it. */
static inline void bundles_person(struct world *w, unsigned i, char address[64])
{
	unsigned way = i % BUNDLES_WAYS;
	struct world_mail m;

	snprintf(address, 64, "person%u@example.org", i);
	world_signup_as(w, way == 4 ? "both" : "news", address, way == 4 ? "news,events" : "news", i % 2 ? "en" : "de",
	    "N%C3%A4he%20%22x%22%20%3C%5C%3E");
	m = world_last_mail(w);
	world_wait(w, 1500 + i);
	if (way == 0)
		return;
	if (way == 5) { /* who denies while pending is erased: comes again instead */
		world_wait(w, HOUR_MS);
		world_signup(w, "extra", address, "news", "de");
		return;
	}
	world_act(w, m.confirm, CONFIRM_ACT_CONFIRM, NULL);
	world_wait(w, MINUTE_MS);
	if (way == 2 || way == 3)
		world_leave(w, m.out, WITHDRAW_PAGE, NULL);
	if (way == 3) {
		world_wait(w, DAY_MS);
		world_signup(w, "news", address, "news", "de");
		m = world_last_mail(w);
		world_act(w, m.confirm, CONFIRM_ACT_CONFIRM, NULL);
	}
}

static inline void bundles_checkpoint(struct world *w)
{
	struct logbook_report rep;

	assert_ok(logbook_advance(site_conf(w->site), w->store, w->now_ms, &rep, EI));
}

/* Appends the bundle of an address. */
static inline void bundles_make(struct world *w, const char *address, struct buf *out)
{
	struct db *db = world_read(w);
	struct person p;

	assert_ok(person_find_address(db, STORE_EMAIL, slice_from(address), &p, EI));
	assert_ok(bundle_write(db, w->site, &p, w->now_ms, out, EI));
	store_read_end(w->store, db);
	assert_true(buf_ok(out));
}

/* The site's keys, one a line. */
static inline void bundles_keys(struct world *w, struct buf *out)
{
	struct db *db = world_read(w);
	struct note_key keys[LOGBOOK_KEYS_MAX];
	struct buf origin;
	size_t n;

	buf_init(&origin, 512);
	assert_ok(logbook_origin(db, site_conf(w->site), &origin, EI));
	n = logbook_keys(store_keyring(w->store), buf_slice(&origin), keys);
	for (size_t i = 0; i < n; i++) {
		note_vkey_add(out, &keys[i]);
		buf_add_char(out, '\n');
	}
	buf_free(&origin);
	store_read_end(w->store, db);
}

/* ---- forging */

/* Bytes [from, to) become text. */
static inline void bundles_splice(struct buf *b, size_t from, size_t to, const char *text)
{
	struct buf out;

	assert_true(from <= to && to <= b->len);
	buf_init(&out, BUNDLE_MAX_BYTES);
	buf_add(&out, b->data, from);
	buf_add_str(&out, text);
	buf_add(&out, b->data + to, b->len - to);
	buf_reset(b);
	buf_add_slice(b, buf_slice(&out));
	buf_free(&out);
	assert_true(buf_ok(b));
}

/* Where text is for the nth time (from 1), from a place on. */
static inline size_t bundles_find(const struct buf *b, size_t from, const char *text, unsigned nth)
{
	const char *at = b->data + from;

	for (; nth; nth--, at++) {
		at = memmem(at, b->len - (size_t)(at - b->data), text, strlen(text));
		if (!at)
			fail_msg("\"%s\" is not in the bundle", text);
	}
	return (size_t)(at - b->data) - 1;
}

static inline void bundles_change(struct buf *b, const char *from, unsigned nth, const char *to)
{
	size_t at = bundles_find(b, 0, from, nth);

	bundles_splice(b, at, at + strlen(from), to);
}

/* The signature anew, by a seed, under the name that the key in the file has. */
static inline void bundles_resign(struct buf *b, const struct crypt_key *seed)
{
	static const char mid[] = ",\"signature\":\n{\"key\":\"";
	unsigned char text[16 + CRYPT_HASH_BYTES] = "jawort-bundle 1\n", sig[CRYPT_SIGN_BYTES];
	size_t from = strlen("{\"bundle\":\n"), at = bundles_find(b, 0, mid, 1), name = at + strlen(mid);
	struct note_key k = {.name = slice_make(b->data + name, strcspn(b->data + name, "+"))};
	struct buf line;

	buf_init(&line, 4096);
	crypt_sign_public(k.pub, seed);
	crypt_sha256(text + 16, b->data + from, at - from);
	crypt_sign(sig, seed, text, sizeof(text));
	buf_add_str(&line, mid);
	note_vkey_add(&line, &k);
	buf_add_str(&line, "\",\"ed25519\":\"");
	enc_b64_add(&line, sig, sizeof(sig));
	buf_add_str(&line, "\"}\n}\n");
	assert_true(buf_ok(&line));
	bundles_splice(b, at, b->len, line.data);
	buf_free(&line);
}

static inline struct crypt_key *bundles_stranger(void)
{
	struct crypt_key *k = crypt_key_new();

	assert_non_null(k);
	memset(k->bytes, 0x5a, sizeof(k->bytes));
	return k;
}

/* A line of the array of events: from its start to behind its end. */
static inline void bundles_event(const struct buf *b, unsigned nth, size_t *from, size_t *to)
{
	*from = bundles_find(b, 0, "\n{\"seq\":", 1) + 1;
	for (; nth > 1; nth--)
		*from = bundles_find(b, *from, "\n,{\"seq\":", 1) + 1;
	for (*to = *from; *to < b->len && b->data[*to] != '\n'; ++*to)
		;
}

/* A part with another text, its C and the commitment made to fit: only the tree can tell. */
static inline void bundles_rewrite(struct buf *b)
{
	unsigned char salt[32], c[3][32], all[97] = {0}, hash[32];
	char hex[65];
	size_t from, to, at, text, end;
	static const char *const parts[] = {"\"core\":{\"c\":\"", "\"ip\":{\"c\":\"", "\"fields\":{\"c\":\""};

	bundles_event(b, 1, &from, &to);
	at = bundles_find(b, from, "\"ip\":{\"c\":\"", 1);
	assert_true(enc_hex_decode(slice_make(b->data + bundles_find(b, at, "\"salt\":\"", 1) + 8, 64), salt, 32));
	text = bundles_find(b, at, "\"text\":\"", 1) + 8;
	end = text + strcspn(b->data + text, "\"");
	bundles_splice(b, text, end, "198.51.100.0");
	const struct crypt_part joined[] = {{salt, 32}, {"198.51.100.0", 12}};
	crypt_sha256_parts(hash, joined, 2);
	enc_hex(hash, 32, hex);
	at += strlen(parts[1]);
	bundles_splice(b, at, at + 64, hex);
	for (int i = 0; i < 3; i++) {
		at = bundles_find(b, from, parts[i], 1) + strlen(parts[i]);
		assert_true(enc_hex_decode(slice_make(b->data + at, 64), c[i], 32));
		memcpy(all + 1 + 32 * i, c[i], 32);
	}
	crypt_sha256(hash, all, sizeof(all));
	enc_hex(hash, 32, hex);
	at = bundles_find(b, from, "\"commitment\":\"", 1) + 14;
	char old[65];
	memcpy(old, b->data + at, 64);
	old[64] = '\0';
	bundles_splice(b, at, at + 64, hex);
	at = bundles_find(b, 0, old, 1); /* the record tells the same story */
	bundles_splice(b, at, at + 64, hex);
}

enum bundles_forgery {
	FORGED_BYTE,       /* one character of a text, nothing else */
	FORGED_STRANGER,   /* signed by another key, which is in its list as well */
	FORGED_PART,       /* the form's page in a core; site's key */
	FORGED_DROP,       /* the second event left out; site's key */
	FORGED_SWAP,       /* two events in the wrong order; site's key */
	FORGED_TEXT,       /* a word of the wording; site's key */
	FORGED_REWRITTEN,  /* another address, every sum made to fit; site's key */
	FORGED_PATH,       /* a hash of a path; site's key */
	FORGED_CHECKPOINT, /* another root; site's key for the file, not for the checkpoint */
	FORGED_RECORD,     /* another day in the consent record; site's key */
	FORGED__MAX
};
static const char *const bundles_forgeries[FORGED__MAX] = {"byte", "stranger", "part", "drop", "swap", "text",
    "rewritten", "path", "checkpoint", "record"};
/* What our verifier must say of each. */
static const enum check_fault_kind bundles_faults[FORGED__MAX] = {CHECK_SIGNATURE, CHECK_KEY, CHECK_PART, CHECK_CHAIN,
    CHECK_CHAIN, CHECK_TEXT, CHECK_PATH, CHECK_PATH, CHECK_CHECKPOINT, CHECK_RECORD};

static inline void forge_stranger(struct buf *b)
{
	struct crypt_key *k = bundles_stranger();
	size_t at, end;
	char key[600];

	bundles_resign(b, k);
	at = bundles_find(b, 0, "\n{\"key\":\"", 1) + 9;
	snprintf(key, sizeof(key), "%.*s", (int)strcspn(b->data + at, "\""), b->data + at);
	at = bundles_find(b, 0, "\"keys\":[\n\"", 1) + 10;
	end = at + strcspn(b->data + at, "\"");
	bundles_splice(b, at, end, key);
	bundles_resign(b, k);
	crypt_key_free(k);
}

static inline void forge_events(struct buf *b, bool drop)
{
	size_t a, ae, c, ce;
	char *first, *second;

	bundles_event(b, 1, &a, &ae);
	bundles_event(b, 2, &c, &ce);
	if (drop) {
		bundles_splice(b, c, ce, "");
		return;
	}
	first = strndup(b->data + a, ae - a);
	second = strndup(b->data + c + 1, ce - c - 1); /* without its comma */
	bundles_splice(b, c + 1, ce, first);
	bundles_splice(b, a, ae, second);
	free(first);
	free(second);
}

static inline void forge_hex(struct buf *b, size_t at)
{
	b->data[at] = b->data[at] == '0' ? '1' : '0';
}

/* b: the bundle of a person with at least three events. */
static inline void bundles_forge(struct world *w, struct buf *b, enum bundles_forgery how)
{
	const struct crypt_key *seed = keyring_sign(store_keyring(w->store));
	size_t at;

	switch (how) {
	case FORGED_BYTE:
		bundles_change(b, "\"body\":\"jawort-consent", 1, "\"body\":\"jawort-Consent");
		return;
	case FORGED_STRANGER:
		forge_stranger(b);
		return;
	case FORGED_PART:
		bundles_change(b, "\\\"form\\\":\\\"news\\\"", 1, "\\\"form\\\":\\\"both\\\"");
		break;
	case FORGED_DROP:
	case FORGED_SWAP:
		forge_events(b, how == FORGED_DROP);
		break;
	case FORGED_TEXT:
		bundles_change(b, "form: news", 1, "form: else");
		break;
	case FORGED_REWRITTEN:
		bundles_rewrite(b);
		break;
	case FORGED_PATH:
		at = bundles_find(b, 0, "\"path\":[\"", 1);
		forge_hex(b, at + 9);
		break;
	case FORGED_CHECKPOINT:
		at = bundles_find(b, 0, "\"note\":\"", 1);
		at = bundles_find(b, at, "\\n", 2) + 2;
		b->data[at] = b->data[at] == 'A' ? 'B' : 'A';
		break;
	case FORGED_RECORD:
		at = bundles_find(b, 0, "\"dpv:isIndicatedAtTime\":\"", 1) + 25;
		forge_hex(b, at + 9);
		break;
	default:
		break;
	}
	bundles_resign(b, seed);
}

#endif

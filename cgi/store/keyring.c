#include "store/keyring.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/enc.h"
#include "base/file.h"

#define RING_FILE_MAX_BYTES (64u * 1024u)
#define RING_FIRST_LINE "jawort-keys 1"

enum ring_kind { RING_LOOKUP, RING_INTAKE, RING_TOKEN, RING_SIGN, RING__MAX };
static const char *const ring_names[RING__MAX] = {"lookup", "intake", "token", "sign"};

#define RING_ID_MAX 255
_Static_assert(offsetof(struct crypt_siv, key) == 0, "a token key is the start of what belongs to it");
_Static_assert(KEYRING_TOKEN_MAX == RING_ID_MAX && KEYRING_SIGN_MAX == RING_ID_MAX, "ids are one byte");

/* Of lookup and intake there is one each, under whatever id. */
static const bool ring_many[RING__MAX] = {[RING_TOKEN] = true, [RING_SIGN] = true};

/* Keys of kind token are the first member of a struct crypt_siv. */
struct keyring {
	struct {
		struct crypt_key *key[RING_ID_MAX + 1];
		int64_t created_ms[RING_ID_MAX + 1];
		unsigned current; /* last in the file */
	} of[RING__MAX];
};

void keyring_free(struct keyring *k)
{
	if (!k)
		return;
	for (int kind = 0; kind < RING__MAX; kind++) {
		for (int i = 0; i <= RING_ID_MAX; i++)
			crypt_key_free(k->of[kind].key[i]);
	}
	free(k);
}

static enum ring_kind ring_kind_of(struct slice name)
{
	for (int i = 0; i < RING__MAX; i++) {
		if (slice_eq_str(name, ring_names[i]))
			return (enum ring_kind)i;
	}
	return RING__MAX;
}

/* Puts the key into its place; the place must be free. */
static enum err ring_put(struct keyring *k, enum ring_kind kind, unsigned id, struct slice hex, int64_t created_ms,
    const char **why)
{
	struct crypt_key **place = &k->of[kind].key[id];
	if (*place || (!ring_many[kind] && k->of[kind].current)) {
		*why = ring_many[kind] ? "this id is there twice" : "there may be only one key of this kind";
		return E_INVALID;
	}
	*place = kind == RING_TOKEN ? (struct crypt_key *)crypt_siv_new() : crypt_key_new();
	if (!*place)
		return E_NOMEM;
	if (!enc_hex_decode(hex, (*place)->bytes, CRYPT_KEY_BYTES)) {
		*why = "the key is not 64 hexadecimal digits";
		return E_INVALID;
	}
	if (kind == RING_TOKEN)
		crypt_siv_derive((struct crypt_siv *)*place);
	k->of[kind].created_ms[id] = created_ms;
	k->of[kind].current = id;
	return OK;
}

/* "KIND ID HEX64 CREATED" */
static enum err ring_line(struct keyring *k, struct slice line, const char **why)
{
	struct slice kind_name, id_text, hex, created;
	unsigned long long id = 0;
	int64_t created_ms;
	bool fits = slice_split(&line, ' ', &kind_name) && slice_split(&line, ' ', &id_text) &&
	    slice_split(&line, ' ', &hex) && slice_split(&line, ' ', &created) && line.len == 0;
	enum ring_kind kind;
	*why = "a line is KIND ID KEY CREATED with one space between";
	if (!fits)
		return E_INVALID;
	kind = ring_kind_of(kind_name);
	*why = "KIND is one of lookup, intake, token, sign";
	if (kind == RING__MAX)
		return E_INVALID;
	*why = "ID is a number from 1 to 255";
	if (!slice_u64(id_text, &id) || id < 1 || id > RING_ID_MAX)
		return E_INVALID;
	*why = "CREATED is a time like 2026-11-21T14:05:09.123Z";
	created_ms = clock_parse_iso(created.ptr, created.len);
	if (created_ms < 0)
		return E_INVALID;
	return ring_put(k, kind, (unsigned)id, hex, created_ms, why);
}

static enum err ring_complete(const struct keyring *k, const char *path, struct errinfo *ei)
{
	for (int i = 0; i < RING__MAX; i++) {
		if (!k->of[i].current)
			return err_set(ei, E_INVALID, "%s: no key of kind \"%s\"; restore the file from its backup",
			    path, ring_names[i]);
	}
	return OK;
}

static enum err ring_parse(struct keyring *k, struct slice text, const char *path, struct errinfo *ei)
{
	struct slice line;
	const char *why = "";
	if (!slice_split(&text, '\n', &line) || !slice_eq_str(line, RING_FIRST_LINE))
		return err_set(ei, E_INVALID, "%s:1: the first line is not \"" RING_FIRST_LINE "\"", path);
	for (int no = 2; slice_split(&text, '\n', &line); no++) {
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		enum err e = ring_line(k, line, &why);
		if (e == E_NOMEM)
			return err_set(ei, e, "%s: no memory for keys", path);
		if (e)
			return err_set(ei, e, "%s:%d: %s", path, no, why);
	}
	return ring_complete(k, path, ei);
}

enum err keyring_load(struct keyring **out, const char *path, struct errinfo *ei)
{
	struct buf b;
	struct keyring *k;
	enum err e;
	*out = NULL;
	buf_init(&b, RING_FILE_MAX_BYTES);
	e = file_read_secret(&b, path, ei);
	if (e)
		goto out;
	k = calloc(1, sizeof *k);
	if (!k) {
		e = err_set(ei, E_NOMEM, "%s: no memory", path);
		goto out;
	}
	e = ring_parse(k, buf_slice(&b), path, ei);
	if (e)
		keyring_free(k);
	else
		*out = k;
out:
	crypt_wipe(b.data, b.len);
	buf_free(&b);
	return e;
}

/* In a setgid directory the group may read, and never write. */
static mode_t ring_mode(const char *path)
{
	return file_mode_at(path, 0600) & ~(mode_t)0020;
}

static void ring_add_line(struct buf *b, enum ring_kind kind, unsigned id)
{
	unsigned char key[CRYPT_KEY_BYTES];
	char hex[ENC_HEX_BYTES(CRYPT_KEY_BYTES)];
	char when[CLOCK_ISO_BYTES];
	crypt_random(key, sizeof key);
	buf_printf(b, "%s %u %s %s\n", ring_names[kind], id, enc_hex(key, sizeof key, hex),
	    clock_iso(clock_now_ms(), when));
	crypt_wipe(key, sizeof key);
	crypt_wipe(hex, sizeof hex);
}

static enum err ring_mkdir(const char *path, struct errinfo *ei)
{
	const char *slash = strrchr(path, '/');
	char *dir;
	enum err e;
	if (!slash || slash == path)
		return OK;
	dir = strndup(path, (size_t)(slash - path));
	if (!dir)
		return err_set(ei, E_NOMEM, "%s: no memory", path);
	e = file_mkdir(dir, 0700, ei);
	free(dir);
	return e;
}

enum err keyring_create(struct keyring **out, const char *path, struct errinfo *ei)
{
	struct buf b;
	enum err e;
	*out = NULL;
	e = ring_mkdir(path, ei);
	if (e)
		return e;
	buf_init(&b, RING_FILE_MAX_BYTES);
	buf_add_str(&b, RING_FIRST_LINE "\n"
	    "# Keys of one site. Without this file its data cannot be read. Keep a backup apart from the data.\n");
	for (int i = 0; i < RING__MAX; i++)
		ring_add_line(&b, (enum ring_kind)i, 1);
	e = buf_ok(&b) ? file_create(path, buf_slice(&b), ring_mode(path), ei)
	               : err_set(ei, E_NOMEM, "%s: no memory", path);
	crypt_wipe(b.data, b.len);
	buf_free(&b);
	return e ? e : keyring_load(out, path, ei);
}

static enum err ring_free_id(const char *path, enum ring_kind kind, unsigned *id, struct errinfo *ei)
{
	struct keyring *k;
	enum err e = keyring_load(&k, path, ei);
	if (e)
		return e;
	for (*id = 1; *id <= RING_ID_MAX && k->of[kind].key[*id];)
		(*id)++;
	keyring_free(k);
	return *id <= RING_ID_MAX ? OK : err_set(ei, E_LIMIT, "%s: all 255 %s ids are in use; old ones may be deleted from "
	    "the file, what was made with them is then worthless", path, ring_names[kind]);
}

static enum err ring_rotate(const char *path, enum ring_kind kind, struct errinfo *ei)
{
	struct buf b;
	unsigned id;
	enum err e = ring_free_id(path, kind, &id, ei);
	if (e)
		return e;
	buf_init(&b, RING_FILE_MAX_BYTES);
	e = file_read_secret(&b, path, ei);
	if (!e && b.len > 0 && b.data[b.len - 1] != '\n')
		buf_add_char(&b, '\n');
	ring_add_line(&b, kind, id);
	if (!e)
		e = buf_ok(&b) ? file_write(path, buf_slice(&b), ring_mode(path), ei)
		               : err_set(ei, E_LIMIT, "%s: too large", path);
	crypt_wipe(b.data, b.len);
	buf_free(&b);
	return e;
}

enum err keyring_rotate_token(const char *path, struct errinfo *ei)
{
	return ring_rotate(path, RING_TOKEN, ei);
}

enum err keyring_rotate_sign(const char *path, struct errinfo *ei)
{
	return ring_rotate(path, RING_SIGN, ei);
}

static const struct crypt_key *ring_current(const struct keyring *k, enum ring_kind kind)
{
	return k->of[kind].key[k->of[kind].current];
}

const struct crypt_key *keyring_lookup(const struct keyring *k)
{
	return ring_current(k, RING_LOOKUP);
}

const struct crypt_key *keyring_intake(const struct keyring *k)
{
	return ring_current(k, RING_INTAKE);
}

const struct crypt_key *keyring_sign(const struct keyring *k)
{
	return ring_current(k, RING_SIGN);
}

const struct crypt_key *keyring_token_current(const struct keyring *k, unsigned *id)
{
	*id = k->of[RING_TOKEN].current;
	return ring_current(k, RING_TOKEN);
}

const struct crypt_key *keyring_token(const struct keyring *k, unsigned id)
{
	return id <= RING_ID_MAX ? k->of[RING_TOKEN].key[id] : NULL;
}

const struct crypt_siv *keyring_token_siv(const struct keyring *k, unsigned id)
{
	return (const struct crypt_siv *)keyring_token(k, id);
}

static const struct crypt_key *ring_at(const struct keyring *k, enum ring_kind kind, size_t i,
    struct keyring_entry *e)
{
	for (unsigned id = 1; id <= RING_ID_MAX; id++) {
		if (!k->of[kind].key[id] || i-- > 0)
			continue;
		if (e)
			*e = (struct keyring_entry){id, k->of[kind].created_ms[id], id == k->of[kind].current};
		return k->of[kind].key[id];
	}
	return NULL;
}

const struct crypt_key *keyring_sign_at(const struct keyring *k, size_t i, struct keyring_entry *e)
{
	return ring_at(k, RING_SIGN, i, e);
}

bool keyring_token_at(const struct keyring *k, size_t i, struct keyring_entry *e)
{
	return ring_at(k, RING_TOKEN, i, e) != NULL;
}

void keyring_fingerprint(const struct keyring *k, unsigned char out[KEYRING_FINGERPRINT_BYTES])
{
	struct crypt_key derived;
	unsigned char hash[CRYPT_HASH_BYTES];
	crypt_key_derive(&derived, keyring_lookup(k), "fingerprint");
	crypt_sha256(hash, derived.bytes, sizeof derived.bytes);
	memcpy(out, hash, KEYRING_FINGERPRINT_BYTES);
	crypt_wipe(&derived, sizeof derived);
}

/* What ties a bundle to the log: paths, checkpoints, keys, and the signature over the whole. */
#include "core/bundle_priv.h"

#include <string.h>

#include "base/crypt.h"
#include "base/enc.h"
#include "store/anchor.h"
#include "store/checkpoint.h"
#include "store/keyring.h"
#include "text/note.h"

#define SIZES_MAX 3

void bundle_log_open(struct bundle *b)
{
	struct checkpoint last;
	enum err rc;

	/* The newest checkpoint may be signed by a key that was added since the store was opened. */
	bundle_fail(b, store_rekey(db_store(b->db), b->ei));
	b->ring = db_keyring(b->db);
	rc = checkpoint_last(b->db, &last, NULL, b->ei);
	buf_init_arena(&b->origin, b->a, NOTE_NAME_MAX_BYTES + 1);
	bundle_fail(b, logbook_origin(b->db, b->c, &b->origin, b->ei));
	if (rc && rc != E_NOT_FOUND)
		bundle_fail(b, rc);
	b->newest = rc ? 0 : last.size;
	if (b->newest)
		bundle_fail(b, logbook_open(&b->log, b->db, b->ei));
}

void bundle_log_close(struct bundle *b)
{
	logbook_close(b->log);
}

/* ---- paths */

static void size_add(int64_t sizes[SIZES_MAX], size_t *n, int64_t size)
{
	size_t at = *n;

	for (size_t i = 0; i < *n; i++)
		if (sizes[i] == size)
			return;
	for (; at && sizes[at - 1] > size; at--)
		sizes[at] = sizes[at - 1];
	sizes[at] = size;
	++*n;
}

/* The newest checkpoint, which all events share; and the first ones that somebody else can vouch for. */
static size_t sizes_of(struct bundle *b, int64_t seq, int64_t sizes[SIZES_MAX])
{
	static const enum anchor_kind kinds[] = {ANCHOR_MAIL, ANCHOR_STAMP};
	size_t n = 0;

	if (seq > b->newest)
		return 0;
	size_add(sizes, &n, b->newest);
	for (size_t i = 0; i < 2; i++) {
		struct anchor at;
		enum err rc = anchor_covering(b->db, kinds[i], seq, &at, NULL, NULL, b->ei);
		if (!rc)
			size_add(sizes, &n, at.size);
		else if (rc != E_NOT_FOUND)
			bundle_fail(b, rc);
	}
	return n;
}

static void remember(struct bundle *b, int64_t size)
{
	struct bundle_point **at = &b->points, *p;

	while (*at && (*at)->size < size)
		at = &(*at)->next;
	if (*at && (*at)->size == size)
		return;
	p = arena_alloc(b->a, sizeof(*p));
	if (!p) {
		bundle_fail(b, err_set(b->ei, E_NOMEM, "a bundle"));
		return;
	}
	*p = (struct bundle_point){.next = *at, .size = size};
	*at = p;
}

static void add_path(struct bundle *b, const struct logbook_proof *p)
{
	char hex[ENC_HEX_BYTES(MERKLE_HASH_BYTES)];

	jsonw_object(&b->w);
	jsonw_kint(&b->w, "size", p->at.size);
	jsonw_key(&b->w, "path");
	jsonw_array(&b->w);
	for (unsigned i = 0; i < p->path.n; i++)
		jsonw_cstr(&b->w, enc_hex(p->path.hash[i].b, MERKLE_HASH_BYTES, hex));
	jsonw_end_array(&b->w);
	jsonw_end_object(&b->w);
}

void bundle_proofs(struct bundle *b, int64_t seq)
{
	int64_t sizes[SIZES_MAX];
	size_t n = sizes_of(b, seq, sizes);

	jsonw_key(&b->w, "proofs");
	jsonw_array(&b->w);
	for (size_t i = 0; !b->rc && i < n; i++) {
		struct logbook_proof p;
		bundle_fail(b, logbook_prove_at(b->log, seq, sizes[i], &p, NULL, b->ei));
		if (b->rc)
			break;
		add_path(b, &p);
		remember(b, p.at.size);
	}
	jsonw_end_array(&b->w);
}

/* ---- checkpoints */

static void add_stamps(struct bundle *b, int64_t size)
{
	struct anchor at;
	struct buf data, text;
	enum err rc;

	jsonw_key(&b->w, "stamps");
	jsonw_array(&b->w);
	buf_init_arena(&data, b->a, ANCHOR_DATA_MAX_BYTES);
	buf_init_arena(&text, b->a, 2 * ANCHOR_DATA_MAX_BYTES);
	rc = anchor_covering(b->db, ANCHOR_STAMP, size, &at, NULL, &data, b->ei);
	if (rc && rc != E_NOT_FOUND)
		bundle_fail(b, rc);
	if (!rc && at.size == size && data.len) {
		enc_b64_add(&text, data.data, data.len);
		jsonw_str(&b->w, buf_slice(&text));
	}
	jsonw_end_array(&b->w);
}

static void add_point(struct bundle *b, struct bundle_point *p)
{
	struct checkpoint c;
	struct buf note;

	buf_init_arena(&note, b->a, NOTE_MAX_BYTES);
	bundle_fail(b, checkpoint_covering(b->db, p->size, &c, &note, b->ei));
	bundle_line(b);
	jsonw_object(&b->w);
	jsonw_kint(&b->w, "size", p->size);
	jsonw_kstr(&b->w, "note", buf_slice(&note));
	add_stamps(b, p->size);
	jsonw_end_object(&b->w);
	p->origin = slice_sub(buf_slice(&note), 0, slice_find(buf_slice(&note), '\n', 0));
}

void bundle_checkpoints(struct bundle *b)
{
	jsonw_key(&b->w, "checkpoints");
	jsonw_array(&b->w);
	for (struct bundle_point *p = b->points; p && !b->rc; p = p->next)
		add_point(b, p);
	bundle_line(b);
	jsonw_end_array(&b->w);
}

/* ---- keys */

static void add_vkey(struct bundle *b, const struct note_key *k)
{
	struct buf text;

	buf_init_arena(&text, b->a, NOTE_VKEY_MAX_BYTES + 1);
	note_vkey_add(&text, k);
	jsonw_str(&b->w, buf_slice(&text));
}

/* All keys of the site under one name of the log: older ones have signed older checkpoints. */
static void add_vkeys(struct bundle *b, struct slice origin)
{
	struct note_key keys[LOGBOOK_KEYS_MAX];
	size_t n = logbook_keys(b->ring, origin, keys);

	for (size_t i = 0; i < n; i++) {
		bundle_line(b);
		add_vkey(b, &keys[i]);
	}
}

static bool origin_done(const struct bundle *b, const struct bundle_point *end)
{
	if (slice_eq(end->origin, buf_slice(&b->origin)))
		return true;
	for (const struct bundle_point *p = b->points; p != end; p = p->next)
		if (slice_eq(p->origin, end->origin))
			return true;
	return false;
}

void bundle_keys(struct bundle *b)
{
	jsonw_key(&b->w, "keys");
	jsonw_array(&b->w);
	add_vkeys(b, buf_slice(&b->origin));
	for (const struct bundle_point *p = b->points; p && !b->rc; p = p->next)
		if (!origin_done(b, p))
			add_vkeys(b, p->origin);
	bundle_line(b);
	jsonw_end_array(&b->w);
}

/* ---- signature */

void bundle_signature(struct bundle *b, size_t from)
{
	const struct crypt_key *seed = keyring_sign(b->ring);
	unsigned char text[sizeof(BUNDLE_FORMAT) + CRYPT_HASH_BYTES] = BUNDLE_FORMAT "\n", sig[CRYPT_SIGN_BYTES];
	struct note_key k = {.name = buf_slice(&b->origin)};
	struct buf line;

	if (!buf_ok(b->out))
		return;
	crypt_sign_public(k.pub, seed);
	crypt_sha256(text + sizeof(BUNDLE_FORMAT), b->out->data + from, b->out->len - from);
	crypt_sign(sig, seed, text, sizeof(text));
	buf_init_arena(&line, b->a, 128);
	enc_b64_add(&line, sig, sizeof(sig));
	buf_add_str(b->out, ",\"signature\":\n");
	jsonw_init(&b->w, b->out);
	jsonw_object(&b->w);
	jsonw_key(&b->w, "key");
	add_vkey(b, &k);
	jsonw_kstr(&b->w, "ed25519", buf_slice(&line));
	jsonw_end_object(&b->w);
	buf_add_str(b->out, "\n}\n");
}

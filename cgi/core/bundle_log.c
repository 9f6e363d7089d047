/* What ties a bundle to the log: paths, checkpoints, keys, and the signature over the whole. */
#include "core/bundle_priv.h"

#include <string.h>

#include "base/crypt.h"
#include "base/enc.h"
#include "store/keyring.h"
#include "text/note.h"

void bundle_proofs(struct bundle *b, int64_t seq)
{
	(void)seq;
	jsonw_key(&b->w, "proofs");
	jsonw_array(&b->w);
	jsonw_end_array(&b->w);
}

void bundle_checkpoints(struct bundle *b)
{
	jsonw_key(&b->w, "checkpoints");
	jsonw_array(&b->w);
	jsonw_end_array(&b->w);
}

static struct slice origin(const struct bundle *b)
{
	return slice_from(strstr(b->c->base_url, "://") + 3);
}

static void add_vkey(struct bundle *b, const struct crypt_key *seed)
{
	struct note_key k = {.name = origin(b)};
	struct buf text;

	crypt_sign_public(k.pub, seed);
	buf_init_arena(&text, b->a, NOTE_VKEY_MAX_BYTES + 1);
	note_vkey_add(&text, &k);
	jsonw_str(&b->w, buf_slice(&text));
}

void bundle_keys(struct bundle *b)
{
	jsonw_key(&b->w, "keys");
	jsonw_array(&b->w);
	add_vkey(b, keyring_sign(db_keyring(b->db)));
	jsonw_end_array(&b->w);
}

void bundle_signature(struct bundle *b, size_t from)
{
	const struct crypt_key *seed = keyring_sign(db_keyring(b->db));
	unsigned char sig[CRYPT_SIGN_BYTES], hash[CRYPT_HASH_BYTES];
	struct buf text;
	struct jsonw w;

	if (!buf_ok(b->out))
		return;
	buf_init_arena(&text, b->a, 1024);
	crypt_sha256(hash, b->out->data + from, b->out->len - from);
	buf_add_str(&text, BUNDLE_FORMAT "\n");
	buf_add(&text, hash, sizeof(hash));
	crypt_sign(sig, seed, text.data, text.len);
	buf_reset(&text);
	enc_b64_add(&text, sig, sizeof(sig));
	buf_add_str(b->out, ",\"signature\":\n");
	jsonw_init(&w, b->out);
	jsonw_object(&w);
	b->w = w;
	jsonw_key(&b->w, "key");
	add_vkey(b, seed);
	jsonw_kstr(&b->w, "ed25519", buf_slice(&text));
	jsonw_end_object(&b->w);
	buf_add_str(b->out, "\n}\n");
}

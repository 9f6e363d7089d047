#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "cmd/backup_priv.h"
#include "cmd/cmd.h"
#include "conf/secret.h"
#include "core/logbook.h"
#include "text/jsonw.h"

struct ring {
	struct keyring *keys;
	struct buf path;
	struct buf origin; /* name of the log, and so of the keys */
};

/* The name stands in the data; where there are none yet, it follows from the configuration. */
static enum err origin_read(const struct conf *c, const struct conf_site *s, struct buf *out, struct errinfo *ei)
{
	struct store *st = NULL;
	struct db *db;
	enum err rc = cmd_store(c, s, false, &st, ei);

	if (rc == E_NOT_FOUND)
		return logbook_origin(NULL, s, out, ei);
	if (!rc)
		rc = store_read(st, &db, ei);
	if (!rc) {
		rc = logbook_origin(db, s, out, ei);
		store_read_end(st, db);
	}
	store_close(st);
	return rc;
}

static void show_text(const struct ring *r, struct buf *out)
{
	struct keyring_entry e;
	struct note_key k = {.name = buf_slice(&r->origin)};
	const struct crypt_key *seed;
	char when[CLOCK_ISO_BYTES];

	for (int current = 1; current >= 0; current--) {
		for (size_t i = 0; (seed = keyring_sign_at(r->keys, i, &e)); i++) {
			if (e.current != (current == 1))
				continue;
			crypt_sign_public(k.pub, seed);
			note_vkey_add(out, &k);
			buf_printf(out, "  %s %.10s\n", e.current ? "signs, since" : "signed, from", clock_iso(e.created_ms, when));
		}
	}
}

static void show_json_one(struct jsonw *w, const struct ring *r, const struct crypt_key *seed,
    const struct keyring_entry *e)
{
	char text[ENC_B64URL_BYTES(CRYPT_SIGN_PUBLIC_BYTES)], when[CLOCK_ISO_BYTES];
	struct note_key k = {.name = buf_slice(&r->origin)};
	struct buf vkey;

	buf_init(&vkey, NOTE_VKEY_MAX_BYTES);
	crypt_sign_public(k.pub, seed);
	note_vkey_add(&vkey, &k);
	jsonw_object(w);
	jsonw_kint(w, "id", e->id);
	jsonw_kbool(w, "signs", e->current);
	jsonw_kcstr(w, "created", clock_iso(e->created_ms, when));
	jsonw_kcstr(w, "key", enc_b64url(k.pub, sizeof(k.pub), text));
	jsonw_kstr(w, "vkey", buf_slice(&vkey));
	jsonw_end_object(w);
	buf_free(&vkey);
}

static void show_json(const struct conf_site *s, const struct ring *r, struct buf *out)
{
	char text[ENC_B64URL_BYTES(CRYPT_SIGN_PUBLIC_BYTES)];
	unsigned char pub[CRYPT_SIGN_PUBLIC_BYTES];
	const struct crypt_key *seed;
	struct keyring_entry e;
	struct jsonw w;

	crypt_sign_public(pub, keyring_sign(r->keys));
	jsonw_init(&w, out);
	jsonw_object(&w);
	jsonw_kcstr(&w, "site", s->id);
	jsonw_kcstr(&w, "algorithm", "Ed25519");
	jsonw_kcstr(&w, "key", enc_b64url(pub, sizeof(pub), text));
	jsonw_kstr(&w, "origin", buf_slice(&r->origin));
	jsonw_key(&w, "keys");
	jsonw_array(&w);
	for (size_t i = 0; (seed = keyring_sign_at(r->keys, i, &e)); i++)
		show_json_one(&w, r, seed, &e);
	jsonw_end_array(&w);
	jsonw_end_object(&w);
	buf_add_char(out, '\n');
}

static int key_show(const struct cmd_args *a, const struct conf *c, const struct conf_site *s, struct ring *r)
{
	struct errinfo ei = {.code = OK};
	struct buf out;
	int rc;

	if (keyring_load(&r->keys, r->path.data, &ei) || origin_read(c, s, &r->origin, &ei))
		return cmd_fail("key", &ei);
	buf_init(&out, 256 * 1024);
	if (a->json)
		show_json(s, r, &out);
	else
		show_text(r, &out);
	rc = cmd_print(&out);
	buf_free(&out);
	return rc;
}

static int key_rotate(const struct cmd_args *a, struct ring *r)
{
	bool sign = a->n == 2 && strcmp(a->words[1], "sign") == 0;
	struct errinfo ei = {.code = OK};

	if (!sign && (a->n != 2 || strcmp(a->words[1], "token") != 0))
		return cmd_usage("key rotate sign|token");
	if (a->dry) {
		printf("Would add a %s key to %s. Older ones stay.\n", a->words[1], r->path.data);
		return CMD_DONE;
	}
	if (sign ? keyring_rotate_sign(r->path.data, &ei) : keyring_rotate_token(r->path.data, &ei))
		return cmd_fail("key", &ei);
	printf("A new %s key is in %s. Older ones stay, so that %s.\nRunning programs use it after a reload: systemctl "
	    "reload jawort-serve jawort-worker\n", a->words[1], r->path.data,
	    sign ? "what they signed can be checked" : "links in mails stay good");
	return CMD_DONE;
}

int cmd_key(const struct cmd_args *a)
{
	struct ring r = {.keys = NULL};
	const struct conf_site *s;
	struct conf *c;
	int rc;
	bool show = a->n == 1 && strcmp(a->words[0], "show-public") == 0;

	if (a->n == 1 && a->backup && strcmp(a->words[0], "new") == 0)
		return cmd_key_backup(a);
	if (!show && (!a->n || strcmp(a->words[0], "rotate") != 0))
		return cmd_usage("key show-public, key rotate sign|token, key new --backup");
	rc = cmd_load(a, &c);
	if (rc)
		return rc;
	buf_init(&r.path, 4096);
	buf_init(&r.origin, NOTE_NAME_MAX_BYTES);
	s = cmd_site(a, c);
	if (!s)
		rc = CMD_USAGE;
	else {
		conf_keyring_path(c, s->id, &r.path);
		rc = show ? key_show(a, c, s, &r) : key_rotate(a, &r);
	}
	keyring_free(r.keys);
	buf_free(&r.origin);
	buf_free(&r.path);
	conf_free(c);
	return rc;
}

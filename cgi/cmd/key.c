#include <stdio.h>
#include <string.h>

#include "base/enc.h"
#include "cmd/backup_priv.h"
#include "conf/secret.h"
#include "text/jsonw.h"

static enum err public_key(const struct conf *c, const struct conf_site *s, unsigned char pub[CRYPT_SIGN_PUBLIC_BYTES],
    struct errinfo *ei)
{
	struct keyring *k;
	struct buf path;
	enum err rc;

	buf_init(&path, 4096);
	conf_keyring_path(c, s->id, &path);
	rc = keyring_load(&k, path.data, ei);
	buf_free(&path);
	if (rc)
		return rc;
	crypt_sign_public(pub, keyring_sign(k));
	keyring_free(k);
	return OK;
}

static void public_key_print(const struct cmd_args *a, const struct conf_site *s, const unsigned char *pub,
    struct buf *out)
{
	char text[ENC_B64URL_BYTES(CRYPT_SIGN_PUBLIC_BYTES)];
	struct jsonw w;

	enc_b64url(pub, CRYPT_SIGN_PUBLIC_BYTES, text);
	if (!a->json) {
		buf_printf(out, "%s\n", text);
		return;
	}
	jsonw_init(&w, out);
	jsonw_object(&w);
	jsonw_kcstr(&w, "site", s->id);
	jsonw_kcstr(&w, "algorithm", "Ed25519");
	jsonw_kcstr(&w, "key", text);
	jsonw_end_object(&w);
	buf_add_char(out, '\n');
}

int cmd_key(const struct cmd_args *a)
{
	unsigned char pub[CRYPT_SIGN_PUBLIC_BYTES];
	struct errinfo ei = {.code = OK};
	const struct conf_site *s;
	struct conf *c;
	struct buf b;
	int rc;

	if (a->n == 1 && a->backup && strcmp(a->words[0], "new") == 0)
		return cmd_key_backup(a);
	if (a->n != 1 || strcmp(a->words[0], "show-public") != 0)
		return cmd_usage("key show-public|new --backup");
	rc = cmd_load(a, &c);
	if (rc)
		return rc;
	buf_init(&b, 1024);
	s = cmd_site(a, c);
	if (!s)
		rc = CMD_USAGE;
	else if (public_key(c, s, pub, &ei) != OK)
		rc = cmd_fail("key", &ei);
	else {
		public_key_print(a, s, pub, &b);
		rc = cmd_print(&b);
	}
	buf_free(&b);
	conf_free(c);
	return rc;
}

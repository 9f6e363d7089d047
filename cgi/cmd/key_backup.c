/* key new --backup: the pair of keys of backups. The secret half must not stay on this machine. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/enc.h"
#include "base/file.h"
#include "cmd/backup_priv.h"
#include "text/jsonw.h"

#define SECRET_FILE_MAX_BYTES 1024

static void secret_line(struct buf *out, const struct crypt_key *secret)
{
	char text[ENC_B64URL_BYTES(CRYPT_KEY_BYTES)];

	buf_printf(out, BACKUP_SECRET_WORD " %s\n", enc_b64url(secret->bytes, CRYPT_KEY_BYTES, text));
	crypt_wipe(text, sizeof(text));
}

/* "jawort-backup-secret KEY", other lines are ignored. */
static bool secret_parse(struct slice text, struct crypt_key *out)
{
	struct slice line, word;

	while (slice_split(&text, '\n', &line)) {
		line = slice_trim(line);
		if (slice_split(&line, ' ', &word) && slice_eq_str(word, BACKUP_SECRET_WORD))
			return line.ptr && enc_b64url_decode(slice_trim(line), out->bytes, CRYPT_KEY_BYTES);
	}
	return false;
}

static enum err stdin_read(struct buf *out, struct errinfo *ei)
{
	char part[256];
	size_t n;

	while ((n = fread(part, 1, sizeof(part), stdin)) > 0)
		buf_add(out, part, n);
	crypt_wipe(part, sizeof(part));
	return buf_ok(out) && !ferror(stdin) ? OK : err_set(ei, E_IO, "the secret key cannot be read from standard input");
}

enum err backup_secret_read(const char *path, struct crypt_key **out, struct errinfo *ei)
{
	struct buf b;
	enum err rc;

	*out = NULL;
	buf_init(&b, SECRET_FILE_MAX_BYTES);
	rc = strcmp(path, "-") == 0 ? stdin_read(&b, ei) : file_read_secret(&b, path, ei);
	if (!rc)
		*out = crypt_key_new();
	if (!rc && !*out)
		rc = err_set(ei, E_NOMEM, "no memory for a key");
	if (!rc && !secret_parse(buf_slice(&b), *out))
		rc = err_set(ei, E_INVALID, "%s: holds no line \"" BACKUP_SECRET_WORD " KEY\"; it is what jawort key new --backup "
		    "wrote", path);
	if (rc) {
		crypt_key_free(*out);
		*out = NULL;
	}
	if (b.data)
		crypt_wipe(b.data, b.len);
	buf_free(&b);
	return rc;
}

static int print_pair(const struct cmd_args *a, const struct crypt_key *secret, const char *public_text)
{
	struct jsonw w;
	struct buf b;
	int rc;

	buf_init(&b, 4096);
	if (a->json) {
		jsonw_init(&w, &b);
		jsonw_object(&w);
		jsonw_kcstr(&w, "public_key", public_text);
		jsonw_kcstr(&w, "secret_file", a->file);
		jsonw_end_object(&w);
		buf_add_char(&b, '\n');
	} else {
		buf_printf(&b, "# Into jawort.yaml:\nbackup: { public_key: %s }\n", public_text);
	}
	if (!a->file) {
		buf_add_str(&b, "\n# Not on this machine: whoever has this line can open every backup, and without it nobody can.\n");
		secret_line(&b, secret);
	} else if (!a->json) {
		buf_printf(&b, "# The secret key is in %s. Take it off this machine: whoever has it can open every backup, and "
		    "without it nobody can.\n", a->file);
	}
	rc = cmd_print(&b);
	crypt_wipe(b.data, b.len);
	buf_free(&b);
	return rc;
}

int cmd_key_backup(const struct cmd_args *a)
{
	char text[ENC_B64URL_BYTES(BOX_PUBLIC_BYTES)];
	unsigned char pub[BOX_PUBLIC_BYTES];
	struct errinfo ei = {.code = OK};
	struct crypt_key *secret;
	struct buf b;
	enum err e = OK;
	int rc;

	if (a->json && !a->file)
		return cmd_usage("key new --backup --json needs -o FILE for the secret key");
	secret = crypt_key_new();
	if (!secret)
		return CMD_FAILED;
	box_pair(pub, secret);
	buf_init(&b, SECRET_FILE_MAX_BYTES);
	secret_line(&b, secret);
	if (a->file)
		e = file_create(a->file, buf_slice(&b), 0600, &ei);
	rc = e ? cmd_fail("key", &ei) : print_pair(a, secret, enc_b64url(pub, sizeof(pub), text));
	crypt_wipe(b.data, b.len);
	buf_free(&b);
	crypt_key_free(secret);
	return rc;
}

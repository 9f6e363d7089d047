#ifndef JAWORT_CMD_BACKUP_PRIV_H
#define JAWORT_CMD_BACKUP_PRIV_H
/* backup_priv: what the verbs backup, restore and key new --backup share. */
#include "base/box.h"
#include "cmd/cmd.h"

#define BACKUP_SECRET_WORD "jawort-backup-secret"

/* key new --backup */
int cmd_key_backup(const struct cmd_args *a);
/* From a file as key new --backup writes it; "-": standard input. *out: crypt_key_free(). */
enum err backup_secret_read(const char *path, struct crypt_key **out, struct errinfo *ei);

#endif

#ifndef JAWORT_CMD_NOTICE_PRIV_H
#define JAWORT_CMD_NOTICE_PRIV_H
/*
 * notice: what the verbs of `jawort notice` share.
 */
#include "base/crypt.h"
#include "base/enc.h"
#include "cmd/cmd.h"
#include "core/notice.h"
#include "store/notice.h"

#define NOTICE_ARENA_BYTES (16u * 1024u * 1024u)

/* One call about one site: the notice as the configuration makes it now, and the version in force. */
struct notice_call {
	const struct cmd_args *args;
	const struct conf *conf;
	const struct conf_site *cs;
	struct site *site;
	struct arena *arena;
	struct buf *out;
	const char *lang;
	struct buf body; /* as it would be hashed */
	unsigned char hash[CRYPT_HASH_BYTES];
	char hex[ENC_HEX_BYTES(CRYPT_HASH_BYTES)];
	struct notice_version live; /* no 0: nothing is stored, or the store is not there */
};

/* body, hash and hex of a language; E_INVALID as notice_body(). */
enum err notice_call_body(struct notice_call *c, const char *lang, struct errinfo *ei);
/* Reads what is in force; *old, if wanted, gets its stored bytes. A store that is not there is no error. */
enum err notice_call_live(struct notice_call *c, struct buf *old, struct errinfo *ei);

/* One site each; what they write goes to c->out. The exit code. */
int notice_show(struct notice_call *c, struct errinfo *ei);
int notice_export(struct notice_call *c, struct errinfo *ei);
int notice_difference(struct notice_call *c, struct errinfo *ei);
/* Mails to the people on the list (notice_announce.c). */
int notice_announce(struct notice_call *c, struct errinfo *ei);
/* Walks a folder; all sites of the configuration. */
int notice_check(const struct cmd_args *a, const struct conf *c);
/* Walks a folder and compares it with the configuration of one site (notice_scan.c). */
int notice_scan(const struct cmd_args *a);

#endif

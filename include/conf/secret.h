#ifndef JAWORT_CONF_SECRET_H
#define JAWORT_CONF_SECRET_H
/*
 * secret: reads what key_file, password_file and secret_file name. A relative
 * name is looked up beside the site file first, then in the credentials
 * directory, then in the keys directory. Contents pass straight to the caller;
 * configuration never keeps them.
 *
 * systemd hands over a whole folder under one name (LoadCredential=provider:/etc/jawort/provider): its
 * file mailjet.key is then the credential "provider_mailjet.key". So "../provider/mailjet.key" in a site file
 * means the file itself for whoever may read it, and that credential for the others.
 */
#include "base/buf.h"
#include "base/err.h"
#include "conf/conf.h"

/*
 * which: "mail.mailjet.key_file", "mail.brevo.key_file", "mail.smtp.password_file",
 * "mail.hooks.mailjet.secret_file", "mail.hooks.brevo.secret_file". One line without its line end goes to out
 * (at most 4 KiB; the caller wipes it with crypt_wipe).
 * E_NOT_FOUND not configured or no such file, E_DENIED mode or owner (the text
 * names the chmod), E_INVALID empty, more than one line, or controls in it.
 */
enum err conf_secret_read(const struct conf *c, const struct conf_site *s, const char *which, struct buf *out,
    struct errinfo *ei);
/*
 * Appends the path of the site's key file: KEYS/SITE.keys; where KEYS is the credentials directory and has
 * no such file, KEYS/keys_SITE.keys if that is there.
 */
void conf_keyring_path(const struct conf *c, const char *site, struct buf *out);

#endif

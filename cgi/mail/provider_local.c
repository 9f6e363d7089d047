/* Mails that stay on this machine: as files (dir) or as lines in the log (log). For trying out. */
#include "mail/provider_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"

static const struct provider_rule dir_rules[] = {
	{0, "ok", NULL, PROVIDER_ACCEPTED, false, "written as a file"},
	{0, "no-folder", NULL, PROVIDER_HOLD, true, "the folder of mail.dir.path cannot be made or written"},
	{0, "bad-message", NULL, PROVIDER_PERMANENT, true, "the mail cannot be written as a message"},
};
static const struct provider_rule log_rules[] = {
	{0, "ok", NULL, PROVIDER_ACCEPTED, false, "noted in the log"},
	{0, "bad-message", NULL, PROVIDER_PERMANENT, true, "the mail cannot be written as a message"},
};
enum { RULE_OK, DIR_NO_FOLDER, DIR_BAD };
enum { LOG_BAD = 1 };

/* "20261121T140509Z-<custom id>.eml": the same mail always gets the same name, so a repeat replaces it. */
static bool file_name(const struct message *m, char *dst, size_t n)
{
	char iso[CLOCK_ISO_BYTES];
	int len;

	clock_iso(m->date_ms, iso);
	len = snprintf(dst, n, "%.4s%.2s%.2sT%.2s%.2s%.2sZ-%.*s.eml", iso, iso + 5, iso + 8, iso + 11, iso + 14,
	    iso + 17, SLICE_FMT(m->custom_id));
	return len > 0 && (size_t)len < n;
}

static int dir_write(const struct provider_settings *s, const struct message *m, const char *name,
    struct errinfo *ei)
{
	struct buf mime, path;
	int rule = DIR_BAD;

	buf_init(&mime, MESSAGE_MIME_MAX_BYTES);
	buf_init(&path, 4096);
	message_mime(&mime, m);
	buf_add_str(&path, s->dir);
	buf_add_char(&path, '/');
	buf_add_str(&path, name);
	if (!buf_ok(&mime) || !buf_ok(&path))
		goto out;
	rule = DIR_NO_FOLDER;
	if (file_mkdir(s->dir, 0750, ei))
		goto out;
	if (file_write(path.data, buf_slice(&mime), 0640, ei))
		goto out;
	rule = RULE_OK;
out:
	buf_free(&mime);
	buf_free(&path);
	return rule;
}

static void dir_deliver(const struct provider_settings *s, const struct message *m,
    struct provider_result *out)
{
	struct errinfo ei = {0};
	char name[PROVIDER_ID_BYTES];
	size_t len;
	int rule = DIR_BAD;

	memset(out, 0, sizeof(*out));
	if (!provider_message_check(m, "dir", &ei) && file_name(m, name, sizeof(name)))
		rule = s->dir && *s->dir ? dir_write(s, m, name, &ei) : DIR_NO_FOLDER;
	provider_result_set(out, &dir_rules[rule], 0, NULL);
	if (rule == RULE_OK) {
		snprintf(out->provider_id, sizeof(out->provider_id), "%s", name);
		return;
	}
	len = strlen(out->text);
	if (ei.text[0])
		snprintf(out->text + len, sizeof(out->text) - len, ": %s", ei.text);
}

static void log_deliver(const struct provider_settings *s, const struct message *m,
    struct provider_result *out)
{
	memset(out, 0, sizeof(*out));
	if (provider_message_check(m, "log", NULL)) {
		provider_result_set(out, &log_rules[LOG_BAD], 0, NULL);
		return;
	}
	log_event(LOG_INFO, "mail", LOG_S("site", s->site ? s->site : ""), LOG_SL("id", m->custom_id),
	    LOG_SL("subject", m->subject), LOG_I("text_bytes", (int64_t)m->text.len),
	    LOG_I("html_bytes", (int64_t)m->html.len));
	provider_result_set(out, &log_rules[RULE_OK], 0, NULL);
	snprintf(out->provider_id, sizeof(out->provider_id), "%.*s", SLICE_FMT(m->custom_id));
}

const struct provider provider_dir = {
	.name = "dir",
	.kind = PROVIDER_LOCAL,
	.list_id = true,
	.deliver = dir_deliver,
	.rules = dir_rules,
	.nrules = sizeof(dir_rules) / sizeof(dir_rules[0]),
};

const struct provider provider_log = {
	.name = "log",
	.kind = PROVIDER_LOCAL,
	.list_id = true,
	.deliver = log_deliver,
	.rules = log_rules,
	.nrules = sizeof(log_rules) / sizeof(log_rules[0]),
};

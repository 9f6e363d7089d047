#include "core/logkeep.h"

#include <stdio.h>
#include <string.h>

#include "base/bug.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "base/enc.h"
#include "base/log.h"
#include "core/when.h"
#include "mail/message.h"
#include "store/event.h"
#include "store/meta.h"
#include "store/outbox.h"
#include "store/text.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define META_FAILED "log_failed" /* time in ms, space, why */
#define MAIL "mail/log.txt"

/* ---- state */

static enum err failed_read(struct db *db, struct logkeep_state *out, struct errinfo *ei)
{
	struct slice rest, at;
	unsigned long long ms;
	struct buf b;
	enum err rc;

	buf_init(&b, 2 * ERR_TEXT_BYTES);
	rc = meta_get(db, META_FAILED, &b, ei);
	rest = buf_slice(&b);
	if (!rc && rest.len && slice_split(&rest, ' ', &at) && slice_u64(at, &ms)) {
		out->failed_ms = (int64_t)ms;
		slice_copy(slice_sub(rest, 0, sizeof(out->failed) - 1), out->failed, sizeof(out->failed));
	}
	buf_free(&b);
	return rc == E_NOT_FOUND ? OK : rc;
}

enum err logkeep_read(struct db *db, struct logkeep_state *out, struct errinfo *ei)
{
	enum err rc;

	memset(out, 0, sizeof(*out));
	rc = checkpoint_last(db, &out->last, NULL, ei);
	if (!rc || rc == E_NOT_FOUND)
		rc = anchor_last(db, ANCHOR_MAIL, &out->mail, NULL, NULL, ei);
	if (!rc || rc == E_NOT_FOUND)
		rc = anchor_last(db, ANCHOR_STAMP, &out->stamp, NULL, NULL, ei);
	if (!rc || rc == E_NOT_FOUND)
		rc = event_size(db, &out->events, ei);
	return rc ? rc : failed_read(db, out, ei);
}

static enum err note_put(struct store *st, struct slice value, struct errinfo *ei)
{
	struct db *db;
	enum err rc = store_write_begin(st, &db, ei);

	if (rc)
		return rc;
	rc = meta_put(db, META_FAILED, value, ei);
	if (rc)
		store_write_rollback(st);
	else
		rc = store_write_commit(st, ei);
	return rc;
}

enum err logkeep_note(struct store *st, const char *why, int64_t now_ms, struct errinfo *ei)
{
	struct logkeep_state now;
	struct buf value;
	struct db *db;
	enum err rc = store_read(st, &db, ei);

	if (rc)
		return rc;
	memset(&now, 0, sizeof(now));
	rc = failed_read(db, &now, ei);
	store_read_end(st, db);
	if (rc || strcmp(now.failed, why) == 0)
		return rc; /* known: no write every hour */
	buf_init(&value, 2 * ERR_TEXT_BYTES);
	if (*why)
		buf_printf(&value, "%lld %s", (long long)now_ms, why);
	rc = note_put(st, buf_slice(&value), ei);
	buf_free(&value);
	return rc;
}

/* ---- checkpoint */

static enum err is_due(const struct conf_site *c, struct store *st, bool at_once, int64_t now_ms, bool *due,
    struct errinfo *ei)
{
	struct db *db;
	enum err rc;

	*due = at_once;
	if (at_once)
		return OK;
	rc = store_read(st, &db, ei);
	if (rc)
		return rc;
	rc = logbook_due(db, c->log.every.seconds, now_ms, due, ei);
	store_read_end(st, db);
	return rc;
}

enum err logkeep_advance(const struct conf_site *c, struct store *st, bool at_once, int64_t now_ms,
    struct logbook_report *out, struct errinfo *ei)
{
	struct errinfo again = {.code = OK};
	bool due = false;
	enum err rc = is_due(c, st, at_once, now_ms, &due, ei);

	memset(out, 0, sizeof(*out));
	if (rc || !due)
		return rc;
	rc = logbook_advance(c, st, now_ms, out, ei);
	if (rc == E_CONFLICT || rc == E_DENIED) {
		log_event(LOG_ERROR, "log_refused", LOG_S("site", c->id), LOG_S("text", ei->text));
		logkeep_note(st, ei->text, now_ms, &again);
	} else if (!rc)
		rc = logkeep_note(st, "", now_ms, ei);
	if (!rc && out->added)
		log_event(LOG_INFO, "checkpoint", LOG_S("site", c->id), LOG_I("size", out->last.size),
		    LOG_I("added", out->added));
	return rc;
}

/* ---- anchors */

enum err logkeep_anchor_due(struct db *db, const struct conf_site *c, enum anchor_kind k, int64_t now_ms, bool *due,
    struct errinfo *ei)
{
	bool wanted = k == ANCHOR_MAIL ? c->log.anchor_mail == CONF_ANCHOR_DAILY && *c->log.anchor_to != '\0'
	    : *c->log.tsa_url != '\0';
	struct checkpoint last;
	struct anchor a = {.size = 0};
	enum err rc;

	*due = false;
	if (!wanted)
		return OK;
	rc = checkpoint_last(db, &last, NULL, ei);
	if (rc)
		return rc == E_NOT_FOUND ? OK : rc;
	rc = anchor_last(db, k, &a, NULL, NULL, ei);
	if (rc && rc != E_NOT_FOUND)
		return rc;
	*due = last.size > a.size && (!a.size || a.at_ms / DAY_MS != now_ms / DAY_MS);
	return OK;
}

/* ---- the mail */

enum err logkeep_mail_render(const struct site *s, struct arena *a, const char *lang, const struct checkpoint *cp,
    struct slice note, struct buf *stored, struct errinfo *ei)
{
	const struct conf_site *c = site_conf(s);
	struct view *v = site_view(s, a, lang);
	struct message m = {.from_name = slice_from(c->mail.from.name), .from_addr = slice_from(c->mail.from.email)};
	struct buf text;
	enum err rc;

	/* The signature line ends in a newline that lines do not have. */
	view_lines(v, "checkpoint", slice_sub(note, 0, note.len - 1));
	view_int(v, "events", cp->size);
	view_text(v, "time", when_full(a, cp->at_ms, c->time_zone, lang));
	buf_init_arena(&text, a, NOTE_MAX_BYTES);
	rc = site_render(s, MAIL, lang, v, &text, ei);
	if (rc)
		return rc;
	m.to = message_slot_marker(MESSAGE_TO);
	m.subject = site_say(s, lang, "mail.log.subject", v);
	m.text = buf_slice(&text);
	m.message_id = message_slot_marker(MESSAGE_MESSAGE_ID);
	m.boundary = message_slot_marker(MESSAGE_BOUNDARY);
	m.zone = slice_from(c->time_zone);
	m.lang = slice_from(lang);
	return message_store(stored, &m, ei);
}

static struct slice random_id(struct arena *a, const char *head, const char *tail)
{
	unsigned char raw[16];
	char text[ENC_B64URL_BYTES(sizeof(raw))];
	struct buf b;

	crypt_random(raw, sizeof(raw));
	buf_init_arena(&b, a, 512);
	buf_printf(&b, "%s%s%s", head, enc_b64url(raw, sizeof(raw), text), tail);
	return buf_slice(&b);
}

static enum err slots_make(const struct conf_site *c, struct arena *a, int64_t now_ms, struct buf *out,
    struct errinfo *ei)
{
	const char *at = strchr(c->mail.from.email, '@');
	struct message_slots slots = {.date_ms = now_ms};

	slots.value[MESSAGE_TO] = slice_from(c->log.anchor_to);
	slots.value[MESSAGE_MESSAGE_ID] = random_id(a, "", at ? at : "@localhost");
	slots.value[MESSAGE_BOUNDARY] = random_id(a, "=_jw_", "");
	return message_slots_write(out, &slots, ei);
}

/* Text, row and anchor in one transaction: no mail without its note here, and no second one after a crash. */
static enum err mail_queue(struct db *db, const struct site *s, struct arena *a, int64_t now_ms, struct errinfo *ei)
{
	const struct conf_site *c = site_conf(s);
	const char *lang = site_lang_default(s);
	struct outbox_new row = {.channel = STORE_EMAIL, .kind = OUTBOX_OWNER, .created_ms = now_ms, .next_ms = now_ms};
	struct anchor anchor = {.kind = ANCHOR_MAIL, .at_ms = now_ms};
	struct checkpoint last;
	struct buf note, stored, slots;
	char number[24];
	int64_t id = 0;
	enum err rc;

	buf_init_arena(&note, a, NOTE_MAX_BYTES);
	buf_init_arena(&stored, a, MESSAGE_STORED_MAX_BYTES);
	buf_init_arena(&slots, a, OUTBOX_SLOTS_MAX_BYTES);
	rc = checkpoint_last(db, &last, &note, ei);
	if (!rc)
		rc = logkeep_mail_render(s, a, lang, &last, buf_slice(&note), &stored, ei);
	if (!rc)
		rc = text_put(db, TEXT_MAIL, lang, MESSAGE_FORMAT, buf_slice(&stored), row.mail_hash, ei);
	if (!rc)
		rc = slots_make(c, a, now_ms, &slots, ei);
	row.slots = buf_slice(&slots);
	if (!rc)
		rc = outbox_add(db, &row, &id, ei);
	snprintf(number, sizeof(number), "%lld", (long long)id);
	anchor.size = last.size;
	anchor.source = slice_from(number);
	return rc ? rc : anchor_put(db, &anchor, ei);
}

enum err logkeep_mail(const struct site *s, struct store *st, int64_t now_ms, struct errinfo *ei)
{
	struct arena a;
	struct db *db;
	bool due = false;
	enum err rc = store_write_begin(st, &db, ei);

	if (rc)
		return rc;
	arena_init(&a, ARENA_REQUEST_MAX_BYTES);
	rc = logkeep_anchor_due(db, site_conf(s), ANCHOR_MAIL, now_ms, &due, ei);
	if (!rc && due)
		rc = mail_queue(db, s, &a, now_ms, ei);
	if (rc || !due)
		store_write_rollback(st);
	else
		rc = store_write_commit(st, ei);
	arena_free(&a);
	return rc;
}

#include "mail/message.h"

#include "base/clock.h"
#include "text/mime.h"

static void header_wrapped(struct buf *out, const char *name, const char *before, struct slice value,
    const char *after)
{
	struct buf b;

	buf_init(&b, MESSAGE_URL_MAX_BYTES + 100);
	buf_add_str(&b, before);
	buf_add_slice(&b, value);
	buf_add_str(&b, after);
	if (buf_ok(&b))
		mime_header_raw(out, name, buf_slice(&b));
	else
		buf_fail(out);
	buf_free(&b);
}

static void headers_add(struct buf *out, const struct message *m)
{
	char date[CLOCK_RFC5322_BYTES], zone[64];

	if (!slice_copy(m->zone, zone, sizeof(zone)))
		buf_fail(out);
	mime_header_mailbox(out, "From", m->from_name, m->from_addr);
	mime_header_mailbox(out, "To", SLICE(""), m->to);
	if (m->reply_to.len)
		mime_header_mailbox(out, "Reply-To", SLICE(""), m->reply_to);
	mime_header(out, "Subject", m->subject);
	mime_header_raw(out, "Date", slice_from(clock_rfc5322(m->date_ms, zone, date)));
	header_wrapped(out, "Message-ID", "<", m->message_id, ">");
	mime_header_raw(out, "Auto-Submitted", SLICE("auto-generated"));
	mime_header_raw(out, "X-Auto-Response-Suppress", SLICE("All"));
	if (m->list_unsubscribe.len) {
		/* A List-Unsubscribe without List-Id costs a point at SpamAssassin on short mails. */
		if (m->list_id.len)
			header_wrapped(out, "List-Id", "<", m->list_id, ">");
		header_wrapped(out, "List-Unsubscribe", "<", m->list_unsubscribe, ">");
		mime_header_raw(out, "List-Unsubscribe-Post", SLICE("List-Unsubscribe=One-Click"));
	}
	if (m->lang.len)
		mime_header_raw(out, "Content-Language", m->lang);
	mime_header_raw(out, "MIME-Version", SLICE("1.0"));
}

static void part_head_add(struct buf *out, const char *type)
{
	header_wrapped(out, "Content-Type", type, SLICE(""), "; charset=utf-8");
	mime_header_raw(out, "Content-Transfer-Encoding", SLICE("quoted-printable"));
	buf_add_str(out, "\r\n");
}

static void part_add(struct buf *out, struct slice boundary, const char *type, struct slice text)
{
	buf_add_str(out, "--");
	buf_add_slice(out, boundary);
	buf_add_str(out, "\r\n");
	part_head_add(out, type);
	mime_quoted_printable(out, text);
}

void message_mime(struct buf *out, const struct message *m)
{
	headers_add(out, m);
	if (!m->html.len) {
		part_head_add(out, "text/plain");
		mime_quoted_printable(out, m->text);
		return;
	}
	header_wrapped(out, "Content-Type", "multipart/alternative; boundary=\"", m->boundary, "\"");
	buf_add_str(out, "\r\n");
	part_add(out, m->boundary, "text/plain", m->text);
	part_add(out, m->boundary, "text/html", m->html);
	buf_add_str(out, "--");
	buf_add_slice(out, m->boundary);
	buf_add_str(out, "--\r\n");
}

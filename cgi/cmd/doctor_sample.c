/*
 * doctor --sample FILE: a mail of ours as it arrived in somebody's mailbox: what did the provider make of it? Nobody
 * is asked, and signatures are not computed: names of domains and lists of fields are compared as text.
 */
#include "cmd/doctor_priv.h"

#include <string.h>

#include "base/file.h"
#include "cmd/mailcheck_priv.h"
#include "text/eml.h"
#include "text/url.h"

#define ARENA_BYTES (64u * 1024u * 1024u)
#define SIGNATURES_MAX 16
#define LINKS_MAX 16

static const char mend_tracking[] = "switch off the measuring of opens and clicks in the provider's account (docs/providers), "
    "then send another one: jawort mail test ADDRESS";
static const char mend_signed[] = "enter the DKIM record that the provider shows for the sender's domain; what it signs besides is its "
    "to change";

const struct doctor_check doctor_sample_checks[] = {
    {"sample", "mail is ours", true, check_sample,
        "What is not a mail of this site says nothing about it."},
    {"L13", "nothing measures", true, check_sample_measure,
        "If the provider adds pixels or rewrites links, people are measured without consent and the evidence breaks."},
    {"L27", "one click to leave", true, check_sample_leave,
        "Mail programs show their button only if both list fields arrive and a DKIM signature covers them (RFC 8058); "
        "large mail services demand a signature of the sender's domain."},
};
const size_t doctor_sample_check_count = sizeof(doctor_sample_checks) / sizeof(doctor_sample_checks[0]);

struct doctor_sample {
	struct arena arena;
	struct buf raw;
	struct eml mail;
	bool readable;
};

static bool field(struct doctor *d, const char *name, size_t n, struct slice *out)
{
	return eml_field(d->sample->mail.head, &d->sample->arena, name, n, out);
}

/* What stands behind the "@" of the last address in From; empty: none. */
static struct slice from_address(struct doctor *d)
{
	struct slice from;
	size_t open, close;

	if (!field(d, "From", 0, &from))
		return SLICE("");
	for (open = from.len; open > 0 && from.ptr[open - 1] != '<'; open--)
		;
	close = slice_find(from, '>', open);
	return slice_trim(slice_sub(from, open, close - open));
}

static struct slice domain_of(struct slice address)
{
	return slice_sub(address, slice_find(address, '@', 0) + 1, address.len);
}

void check_sample(struct doctor *d)
{
	struct slice from;

	if (!d->sample->readable) {
		doctor_finding(d, "%s: %s", d->args->sample, d->site_error);
		doctor_mend(d, "save the mail whole, as it arrived (\"show source\", \"save as .eml\"), and name that file");
		return;
	}
	from = from_address(d);
	if (!slice_ieq(from, slice_from(d->site->mail.from.email))) {
		doctor_finding(d, "the sender is %.*s, not %s", SLICE_FMT(slice_sub(from, 0, 200)), d->site->mail.from.email);
		doctor_mend(d, "if it is a mail of this site, the provider put a sender of its own in the place of yours: validate "
		    "mail.from.email there; else take another mail");
	}
	if (!d->sample->mail.text.len && !d->sample->mail.html.len) {
		doctor_finding(d, "it has no text");
		doctor_mend(d, "save the mail whole, with its content");
	}
	if (!doctor_found(d))
		doctor_ok(d, "from %s", d->site->mail.from.email);
}

/* Of one link that is rewritten everywhere the first places tell enough. */
static void tell_measure(void *arg, const char *what, const char *mend)
{
	struct doctor *d = arg;

	(void)mend;
	if (doctor_found(d) >= LINKS_MAX)
		return;
	doctor_finding(d, "%s", what);
	doctor_mend(d, "%s", mend_tracking);
}

void check_sample_measure(struct doctor *d)
{
	const struct mailcheck_told to = {tell_measure, d};

	if (!d->sample->readable) {
		doctor_skip(d, "the mail cannot be read");
		return;
	}
	if (!mailcheck_arrived(d->site, d->sample->mail.text, d->sample->mail.html, &to))
		doctor_ok(d, "no image, nothing is loaded, all links are yours");
}

/* ---- list fields and signature */

/* One of the addresses in angle brackets leads below base_url. */
static bool leads_home(const struct conf_site *s, struct slice list)
{
	struct slice piece;
	struct url u, base;

	if (!url_parse(slice_from(s->base_url), &base))
		return false;
	while (slice_split(&list, ',', &piece)) {
		piece = slice_trim(piece);
		if (piece.len < 2 || piece.ptr[0] != '<' || piece.ptr[piece.len - 1] != '>')
			continue;
		if (url_parse(slice_sub(piece, 1, piece.len - 2), &u) && url_below(&u, &base))
			return true;
	}
	return false;
}

static void look_list(struct doctor *d)
{
	struct slice list, post;

	if (!field(d, "List-Unsubscribe", 0, &list)) {
		doctor_finding(d, "List-Unsubscribe did not arrive");
		doctor_mend(d, "the provider took it out: ask it, or take another one; our mails always have it");
	} else if (!leads_home(d->site, list)) {
		doctor_finding(d, "List-Unsubscribe leads elsewhere: %.*s", SLICE_FMT(slice_sub(list, 0, 200)));
		doctor_mend(d, "the provider put its own in the place of ours: switch that off in its account, or who leaves there "
		    "is not heard here");
	}
	if (!field(d, "List-Unsubscribe-Post", 0, &post) || !slice_ieq(post, SLICE("List-Unsubscribe=One-Click"))) {
		doctor_finding(d, "List-Unsubscribe-Post did not arrive as \"List-Unsubscribe=One-Click\"");
		doctor_mend(d, "the provider took it out: ask it, or take another one; our mails always have it");
	}
}

/* A tag of a signature, "d=example.org;" (RFC 6376 section 3.2), without the white space that folding left. */
static struct slice tag(struct doctor *d, struct slice signature, char name)
{
	struct slice piece;
	struct buf b;

	buf_init_arena(&b, &d->sample->arena, EML_MAX_BYTES);
	while (slice_split(&signature, ';', &piece)) {
		piece = slice_trim(piece);
		if (piece.len < 2 || piece.ptr[0] != name || slice_trim(slice_sub(piece, 1, piece.len)).ptr[0] != '=')
			continue;
		for (size_t i = slice_find(piece, '=', 0) + 1; i < piece.len; i++)
			if (!strchr(" \t\r\n", piece.ptr[i]) || !piece.ptr[i])
				buf_add_char(&b, piece.ptr[i]);
		break;
	}
	return buf_slice(&b);
}

static bool covers(struct slice fields, const char *name)
{
	struct slice one;

	while (slice_split(&fields, ':', &one))
		if (slice_ieq(slice_trim(one), slice_from(name)))
			return true;
	return false;
}

static bool lies_below(struct slice host, struct slice domain)
{
	return domain.len && host.len > domain.len && host.ptr[host.len - domain.len - 1] == '.' &&
	    slice_ieq(slice_sub(host, host.len - domain.len, domain.len), domain);
}

/* Relaxed alignment of DMARC (RFC 7489 section 3.1.1), without the list of public suffixes: the same, or one below the other. */
static bool aligned(struct slice signer, struct slice from)
{
	return slice_ieq(signer, from) || lies_below(from, signer) || lies_below(signer, from);
}

static void look_signed(struct doctor *d)
{
	struct slice signature, from = domain_of(from_address(d)), signer = SLICE("");
	bool covered = false, ours = false;
	size_t n = 0;

	for (; n < SIGNATURES_MAX && field(d, "DKIM-Signature", n, &signature); n++) {
		struct slice fields = tag(d, signature, 'h');
		signer = tag(d, signature, 'd');
		ours = ours || aligned(signer, from);
		covered = covered || (covers(fields, "List-Unsubscribe") && covers(fields, "List-Unsubscribe-Post"));
	}
	if (!n) {
		doctor_finding(d, "there is no DKIM-Signature");
		doctor_mend(d, "%s", mend_signed);
		return;
	}
	if (!ours) {
		doctor_finding(d, "signed by %.*s only, not by the sender's domain %.*s", SLICE_FMT(slice_sub(signer, 0, 200)),
		    SLICE_FMT(slice_sub(from, 0, 200)));
		doctor_mend(d, "%s", mend_signed);
	}
	if (!covered) {
		doctor_finding(d, "no DKIM-Signature covers both List-Unsubscribe and List-Unsubscribe-Post (h=)");
		doctor_mend(d, "the provider must sign both, or mail programs show no button: ask it, or take another one");
	}
}

void check_sample_leave(struct doctor *d)
{
	if (!d->sample->readable) {
		doctor_skip(d, "the mail cannot be read");
		return;
	}
	look_list(d);
	look_signed(d);
	if (!doctor_found(d))
		doctor_ok(d, "both list fields arrived, and a signature of the sender's domain covers them");
}

void doctor_sample(struct doctor *d)
{
	struct doctor_sample s = {.readable = false};
	struct errinfo ei = {.code = OK};

	arena_init(&s.arena, ARENA_BYTES);
	buf_init(&s.raw, EML_MAX_BYTES);
	s.readable = file_read(&s.raw, d->args->sample, &ei) == OK &&
	    eml_read(&s.mail, &s.arena, buf_slice(&s.raw), &ei) == OK;
	slice_copy(slice_from(ei.text), d->site_error, sizeof(d->site_error));
	d->sample = &s;
	for (size_t i = 0; i < doctor_sample_check_count; i++) {
		d->check = &doctor_sample_checks[i];
		d->check->run(d);
	}
	d->sample = NULL;
	arena_free(&s.arena);
	buf_free(&s.raw);
}

#ifndef JAWORT_CORE_SHEET_PRIV_H
#define JAWORT_CORE_SHEET_PRIV_H
/* What the files of the sheet share: the person's events, read once, and the view that is filled from them. */
#include <stdbool.h>
#include "core/sheet.h"
#include "mail/sent.h"
#include "store/event.h"
#include "store/eventcore.h"
#include "store/person.h"
#include "text/phrase.h"
#include "text/view.h"

#define SHEET_SUM_CHARS 16

struct sheet_event {
	int64_t seq, time_ms;
	enum event_kind kind;
	struct slice form;
	unsigned char commitment[STORE_HASH_BYTES];
	bool present[EVENT_PART__MAX];
	bool sound;             /* what is there gives the commitment */
	struct eventcore core;  /* zeros where it is gone */
	struct slice ip, fields;
	/* The mail made again, once sheet_mail() was asked for it. */
	struct sent *sent;
	struct message *mail;
};

struct sheet {
	struct db *db;
	const struct site *site;
	struct arena *a;
	const struct sheet_opts *o;
	struct person person;
	struct slice email;
	bool kept;             /* erased: what is here is kept for evidence only, until gone_until_ms */
	int64_t gone_ms, gone_until_ms;
	struct sheet_event *events;
	size_t n, room;
	struct phrases *words;
	struct view *v;
	enum err err;           /* from within a callback */
	struct errinfo *ei;
};

/* Person and events; slices are arena memory. */
enum err sheet_events_read(struct sheet *s, int64_t person_id);
/* The newest event of a kind, with that request unless it is 0, before the event before_seq unless that is 0. NULL. */
const struct sheet_event *sheet_last(const struct sheet *s, enum event_kind kind, int64_t request, int64_t before_seq);
/* Is it a press of the button that confirms? */
bool sheet_is_yes(const struct sheet_event *e);
/* The newest of those, with that request unless it is 0. NULL. */
const struct sheet_event *sheet_yes(const struct sheet *s, int64_t request);
/* The mail of an event made again. E_NOT_FOUND: what was filled in is gone, or its text is. */
enum err sheet_mail_load(struct sheet *s, const struct sheet_event *e, struct sent *sent, struct message *m);
/* The same, kept with the event: mails are read once. NULL: not there. */
const struct message *sheet_mail(struct sheet *s, struct sheet_event *e);
/* The form page of an event. E_NOT_FOUND. */
enum err sheet_form_load(struct sheet *s, const struct sheet_event *e, unsigned char hash[STORE_HASH_BYTES],
    struct buf *body);

/* Words for what stands here, else NULL: "evidence.kind.", "changed". '-' becomes '_'. Arena memory. */
const char *sheet_key(struct sheet *s, const char *head, struct slice name, const char *tail);
/* A moment in words of the sheet's language and the site's zone. */
struct slice sheet_when(struct sheet *s, int64_t ms);
/* Hex in groups of four; chars 0: all. */
struct slice sheet_sum(struct sheet *s, const unsigned char hash[STORE_HASH_BYTES], size_t chars);
/* The words HEAD NAME as plain text; NAME itself where there are none. */
struct slice sheet_say(struct sheet *s, const char *head, struct slice name);
/* Label of a form field in words; its name where there are none. */
struct slice sheet_label(struct sheet *s, struct slice field);

/* The parts of the page, each into s->v. */
void sheet_log_view(struct sheet *s);
void sheet_gone_view(struct sheet *s);
void sheet_ip_view(struct view *v, const struct sheet_event *e, const char *name);
void sheet_seen_view(struct sheet *s);
void sheet_acts_view(struct sheet *s);
void sheet_mails_view(struct sheet *s);
void sheet_annex_view(struct sheet *s);
/* Each event is proven against the log, not only shown. */
enum err sheet_proof_view(struct sheet *s);

#endif

/* The proofs: each event is led to the root of a signed checkpoint, and the signature and the anchors are looked at. */
#include "core/sheet_priv.h"

#include <string.h>

#include "core/logbook.h"
#include "store/anchor.h"
#include "text/note.h"

#define NOTE_BYTES 65536
#define LEAVES_MAX_BYTES (1u << 20)

struct proofs {
	struct sheet *s;
	struct logbook *log;
	struct checkpoint at; /* the one that all are led to; size 0: none */
	struct buf note, origin;
	struct note_key keys[LOGBOOK_KEYS_MAX];
	size_t nkeys;
};

/* A checkpoint that covers all events, else the newest there is. */
static enum err checkpoint_choose(struct proofs *p)
{
	struct sheet *s = p->s;
	enum err rc = checkpoint_covering(s->db, s->events[s->n - 1].seq, &p->at, &p->note, s->ei);

	if (rc == E_NOT_FOUND)
		rc = checkpoint_last(s->db, &p->at, &p->note, s->ei);
	if (rc == E_NOT_FOUND)
		p->at.size = 0;
	return rc == E_NOT_FOUND ? OK : rc;
}

/* How many of the events lead to the root. What is covered and does not is altered. */
static enum err paths_walk(struct proofs *p, size_t *proven, struct buf *uncovered)
{
	struct sheet *s = p->s;

	for (size_t i = 0; i < s->n; i++) {
		struct logbook_proof path;
		enum err rc;

		if (s->events[i].seq > p->at.size) {
			buf_printf(uncovered, "%s%lld", uncovered->len ? ", " : "", (long long)s->events[i].seq);
			continue;
		}
		rc = logbook_prove_at(p->log, s->events[i].seq, p->at.size, &path, NULL, s->ei);
		if (!rc && path.at.size == p->at.size && memcmp(path.leaf.b, s->events[i].commitment, STORE_HASH_BYTES) == 0)
			(*proven)++;
		else if (!rc || rc == E_CONFLICT || rc == E_NOT_FOUND)
			view_bool(s->v, "altered", true);
		else
			return rc;
	}
	return OK;
}

/* The first anchor behind an event, or else the newest there is: what it says, and up to which event. */
static void anchor_view(struct proofs *p, struct view *v, enum anchor_kind kind, int64_t seq, int64_t *shown)
{
	struct sheet *s = p->s;
	struct anchor a;
	struct buf source;
	struct view *item;
	int64_t upto = 0;

	buf_init_arena(&source, s->a, 4096);
	if (anchor_covering(s->db, kind, seq, &a, &source, NULL, s->ei)
	    && anchor_last(s->db, kind, &a, &source, NULL, s->ei))
		return;
	for (size_t i = 0; i < s->n && s->events[i].seq <= a.size; i++)
		upto = s->events[i].seq;
	if (!upto || upto == *shown)
		return;
	*shown = upto;
	item = view_item(v, "anchors");
	view_cstr(item, "anchor_key", kind == ANCHOR_MAIL ? "evidence.anchor.mail" : "evidence.anchor.stamp");
	view_text(item, "time", sheet_when(s, a.at_ms));
	view_text(item, "source", buf_slice(&source));
	view_int(item, "upto", upto);
}

/* What was confirmed counts first: an event of today, still without an anchor, takes nothing from it. */
static void anchors_view(struct proofs *p, struct view *v)
{
	const struct sheet_event *yes = sheet_yes(p->s, 0);

	view_list(v, "anchors");
	for (int k = ANCHOR_MAIL; k < ANCHOR_KIND__MAX; k++) {
		int64_t shown = 0;

		if (yes)
			anchor_view(p, v, (enum anchor_kind)k, yes->seq, &shown);
		anchor_view(p, v, (enum anchor_kind)k, p->s->events[p->s->n - 1].seq, &shown);
	}
}

static void key_view(struct proofs *p, size_t which)
{
	struct buf b;

	buf_init_arena(&b, p->s->a, 1024);
	note_vkey_add(&b, &p->keys[which]);
	view_text(p->s->v, "key", buf_slice(&b));
}

static enum err checkpoint_view(struct proofs *p)
{
	struct sheet *s = p->s;
	struct view *v = view_item(s->v, "checkpoint");
	size_t proven = 0, signer = p->nkeys - 1;
	struct slice text;
	struct buf uncovered;
	enum err rc;
	bool good;

	buf_init_arena(&uncovered, s->a, LEAVES_MAX_BYTES);
	rc = paths_walk(p, &proven, &uncovered);
	if (rc)
		return rc;
	good = note_verify(buf_slice(&p->note), p->keys, p->nkeys, &text, &signer) == NOTE_GOOD;
	if (!good)
		view_bool(s->v, "altered", true);
	key_view(p, good ? signer : p->nkeys - 1);
	view_text(v, "verdict", sheet_say(s, "evidence.sign.", good ? SLICE("good") : SLICE("bad")));
	view_int(v, "proven", (int64_t)proven);
	view_int(v, "all", (int64_t)s->n);
	view_int(v, "size", p->at.size);
	view_text(v, "time", sheet_when(s, p->at.at_ms));
	view_text(v, "root", sheet_sum(s, p->at.root, 0));
	view_text(v, "note", buf_slice(&p->note));
	view_text(s->v, "uncovered", buf_slice(&uncovered));
	anchors_view(p, v);
	return OK;
}

static struct slice leaves(struct sheet *s, int64_t less)
{
	struct buf b;

	buf_init_arena(&b, s->a, LEAVES_MAX_BYTES);
	for (size_t i = 0; i < s->n; i++)
		buf_printf(&b, "%s%lld", i ? ", " : "", (long long)(s->events[i].seq - less));
	return buf_slice(&b);
}

static enum err proofs_view(struct proofs *p)
{
	struct sheet *s = p->s;
	enum err rc = logbook_origin(s->db, site_conf(s->site), &p->origin, s->ei);

	if (rc)
		return rc;
	p->nkeys = logbook_keys(db_keyring(s->db), buf_slice(&p->origin), p->keys);
	view_text(s->v, "origin", buf_slice(&p->origin));
	view_text(s->v, "leaves", leaves(s, 1));
	view_text(s->v, "uncovered", leaves(s, 0));
	key_view(p, p->nkeys - 1);
	rc = s->n ? checkpoint_choose(p) : OK;
	return rc || !p->at.size ? rc : checkpoint_view(p);
}

enum err sheet_proof_view(struct sheet *s)
{
	struct proofs p = {.s = s};
	struct buf file;
	enum err rc;

	buf_init_arena(&file, s->a, 128);
	buf_printf(&file, "%s-%lld.json", site_conf(s->site)->id, (long long)s->person.id);
	view_text(s->v, "file", buf_slice(&file));
	buf_init_arena(&p.note, s->a, NOTE_BYTES);
	buf_init_arena(&p.origin, s->a, NOTE_NAME_MAX_BYTES + 1);
	rc = logbook_open(&p.log, s->db, s->ei);
	if (!rc)
		rc = proofs_view(&p);
	logbook_close(p.log);
	return rc;
}

#include "core/import.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/contact.h"
#include "core/evidence.h"
#include "core/gate.h"
#include "core/import_priv.h"
#include "store/erasure.h"
#include "store/person.h"
#include "store/suppression.h"
#include "text/form.h"
#include "text/utf8.h"

#define HEAD_ARENA_BYTES (4u * 1024u * 1024u)
#define SOURCE_UNSAID "import"

static const char *const fate_names[IMPORT_FATE__MAX] = {"taken", "blocking", "asked", "here", "blocked", "erased",
    "left", "twice", "unproven", "refused", "later", "faulty"};

const char *import_fate_name(enum import_fate f)
{
	return (unsigned)f < IMPORT_FATE__MAX ? fate_names[f] : "?";
}

/* Addresses of this file, by the beginning of their keyed code. */
struct seen {
	uint64_t *slot; /* 0: free */
	size_t mask;
};

struct importing {
	const struct site *s;
	struct store *st;
	struct import_reader r;
	struct arena a; /* of one row */
	struct seen seen;
	void (*note)(const struct import_note *n, void *arg);
	void *arg;
	struct import_report *out;
	int64_t now_ms;
	struct errinfo *ei;
};

static bool seen_init(struct seen *s, int64_t rows)
{
	size_t room = 1024;

	while (room < (size_t)rows * 2)
		room *= 2;
	s->slot = calloc(room, sizeof(*s->slot));
	s->mask = room - 1;
	return s->slot != NULL;
}

/* Was it there? It is now. */
static bool seen_add(struct seen *s, const unsigned char lookup[PERSON_LOOKUP_BYTES])
{
	uint64_t h;
	size_t at;

	memcpy(&h, lookup, sizeof(h));
	h += h == 0;
	for (at = (size_t)h & s->mask; s->slot[at]; at = (at + 1) & s->mask)
		if (s->slot[at] == h)
			return true;
	s->slot[at] = h;
	return false;
}

static void tell(struct importing *w, const struct import_row *row, enum import_fate fate, const char *text)
{
	const struct import_note n = {.fate = fate, .line = row->line, .column = row->column, .text = text};

	w->out->n[fate]++;
	if (fate != IMPORT_TAKEN && fate != IMPORT_ASKED)
		w->note(&n, w->arg);
}

/* ---- the first time through: faults */

static enum err check_all(struct importing *w)
{
	struct import_row row;
	enum err rc = OK;

	while (rc != E_NOT_FOUND) {
		arena_reset(&w->a);
		rc = import_reader_next(&w->r, &w->a, &row, w->ei);
		if (rc == E_INVALID) {
			w->out->n[IMPORT_FAULTY]++;
			w->note(&w->r.bad, w->arg);
		} else if (rc && rc != E_NOT_FOUND) {
			return rc;
		}
		w->out->rows += rc != E_NOT_FOUND;
	}
	return OK;
}

/* ---- the second time: people */

static bool kept_found(const struct erasure_kept *k, void *arg)
{
	(void)k;
	*(bool *)arg = true;
	return false;
}

/* What is here about the address; IMPORT_TAKEN: nothing. */
static enum err look(struct importing *w, struct db *db, const unsigned char lookup[PERSON_LOOKUP_BYTES],
    enum import_fate *fate)
{
	struct person p;
	bool blocked = false, kept = false;
	enum err rc = suppression_has(db, STORE_EMAIL, lookup, SLICE(""), w->now_ms, &blocked, NULL, w->ei);

	*fate = IMPORT_BLOCKED;
	if (rc || blocked)
		return rc;
	rc = person_find(db, STORE_EMAIL, lookup, &p, w->ei);
	*fate = IMPORT_HERE;
	if (rc != E_NOT_FOUND)
		return rc;
	rc = erasure_kept_each(db, STORE_EMAIL, lookup, kept_found, &kept, w->ei);
	*fate = kept ? IMPORT_ERASED : IMPORT_TAKEN;
	return rc;
}

static enum err take_purposes(struct importing *w, struct db *db, const struct import_row *row, int64_t id)
{
	struct slice rest = row->purposes, one;
	enum err rc = OK;

	while (!rc && slice_split(&rest, ',', &one))
		rc = purpose_set(db, id, one, PURPOSE_ACTIVE, w->now_ms, 0, NULL, w->ei);
	if (!rc && contact_keeper(site_conf(w->s)))
		rc = contact_changed(db, w->s, id, row->purposes, CONTACT_ADD, w->now_ms, w->ei);
	return rc;
}

static enum err take(struct importing *w, struct db *db, const struct import_row *row)
{
	const struct person_new n = {.channel = STORE_EMAIL, .state = PERSON_ACTIVE, .address = row->address,
	    .fields = import_fields(&w->r, &w->a, row), .lang = slice_from(row->lang), .now_ms = w->now_ms};
	struct event_new e = {.time_ms = w->now_ms, .kind = EVENT_IMPORTED, .purposes = row->purposes,
	    .lang = slice_from(row->lang), .fields = import_proof(&w->a, row),
	    .ip = evidence_ip(&w->a, site_conf(w->s), row->value[IMPORT_IP])};
	enum err rc;

	if (!arena_ok(&w->a))
		return err_set(w->ei, E_NOMEM, "import");
	rc = person_insert(db, &n, &e.person_id, w->ei);
	if (!rc)
		rc = take_purposes(w, db, row, e.person_id);
	return rc ? rc : evidence_append(db, w->s, &e, w->ei);
}

static enum err block(struct importing *w, struct db *db, const struct import_row *row,
    const unsigned char lookup[PERSON_LOOKUP_BYTES])
{
	static const enum suppression_reason reasons[] = {[IMPORT_THERE_OBJECTED] = SUPPRESSION_OBJECTED,
	    [IMPORT_THERE_COMPLAINED] = SUPPRESSION_COMPLAINED, [IMPORT_THERE_BLOCKED] = SUPPRESSION_OWNER};
	struct suppression s = {.channel = STORE_EMAIL, .reason = reasons[row->there], .since_ms = w->now_ms};

	memcpy(s.lookup, lookup, sizeof(s.lookup));
	return suppression_add(db, &s, w->ei);
}

static void ask_field(struct form *f, const char *name, struct slice value)
{
	if (f->count < FORM_FIELDS_MAX && value.len)
		f->fields[f->count++] = (struct form_field){slice_from(name), value};
}

/* As if the person had sent the form: through the gate, and only the mail's button counts. */
static enum err ask(struct importing *w, struct db *db, const struct import_row *row, enum import_fate *fate)
{
	const struct conf_form *form = w->r.o->form;
	const struct gate g = {.site = w->s, .store = w->st};
	struct form *f = arena_alloc(&w->a, sizeof(*f));
	struct gate_input in = {.form = form, .fields = f, .lang = row->lang, .origin = GATE_ORIGIN_OWN,
	    .source = utf8_prefix(row->value[IMPORT_SOURCE], GATE_SOURCE_MAX_BYTES / 4)};
	struct slice rest = row->purposes, one;
	struct gate_answer answer;
	struct intake intake;
	enum err rc;

	if (!f)
		return err_set(w->ei, E_NOMEM, "import");
	f->count = 0;
	if (!in.source.len || utf8_has_control(in.source, false))
		in.source = SLICE(SOURCE_UNSAID);
	ask_field(f, "email", row->address);
	ask_field(f, "lang", slice_from(row->lang));
	ask_field(f, "v", slice_from(site_consent(w->s, form, row->lang)->v));
	while (slice_split(&rest, ',', &one))
		ask_field(f, "p", one);
	for (size_t i = 0; i < w->r.nfields; i++)
		ask_field(f, w->r.field[i], row->field[i]);
	rc = gate_judge(&g, &w->a, &in, &answer, &intake, w->ei);
	if (rc)
		return rc;
	*fate = answer.result == GATE_ACCEPTED ? IMPORT_ASKED : IMPORT_REFUSED;
	return *fate == IMPORT_REFUSED || !db_is_writer(db) ? OK : gate_write(db, &intake, w->ei);
}

static const char *const fate_texts[IMPORT_FATE__MAX] = {
    [IMPORT_BLOCKING] = "blocked from now on, as it was there",
    [IMPORT_HERE] = "is here already; nothing was changed",
    [IMPORT_BLOCKED] = "is blocked here, and stays so",
    [IMPORT_ERASED] = "was erased here; who wants to come back signs up",
    [IMPORT_LEFT] = "had left there, or had no mailbox any more",
    [IMPORT_TWICE] = "stands further up in this file",
    [IMPORT_REFUSED] = "cannot be asked: the form does not take the address, needs a field, or lacks the purpose",
    [IMPORT_LATER] = "is not asked today: budgets.per_site is reached; import the file again tomorrow",
};

/* What a row without its like here leads to. */
static enum err row_new(struct importing *w, struct db *db, const struct import_row *row,
    const unsigned char lookup[PERSON_LOOKUP_BYTES], enum import_fate *fate)
{
	bool writes = db_is_writer(db);

	if (row->there >= IMPORT_THERE_OBJECTED) {
		*fate = IMPORT_BLOCKING;
		return writes ? block(w, db, row, lookup) : OK;
	}
	if (row->there == IMPORT_THERE_LEFT) {
		*fate = IMPORT_LEFT;
		return OK;
	}
	if (!row->lacks) {
		*fate = IMPORT_TAKEN;
		return writes ? take(w, db, row) : OK;
	}
	*fate = IMPORT_UNPROVEN;
	if (!w->r.o->form)
		return OK;
	*fate = IMPORT_LATER;
	if (w->out->n[IMPORT_ASKED] >= (int64_t)site_host(w->s)->budgets.per_site.count)
		return OK;
	return ask(w, db, row, fate);
}

static enum err row_do(struct importing *w, struct db *db, const struct import_row *row)
{
	unsigned char lookup[PERSON_LOOKUP_BYTES];
	enum import_fate fate = IMPORT_TWICE;
	enum err rc = OK;

	person_lookup(db_keyring(db), STORE_EMAIL, row->address, lookup);
	if (!seen_add(&w->seen, lookup)) {
		rc = look(w, db, lookup, &fate);
		if (!rc && fate == IMPORT_TAKEN)
			rc = row_new(w, db, row, lookup, &fate);
	}
	if (!rc)
		tell(w, row, fate, fate == IMPORT_UNPROVEN ? row->lacks : fate_texts[fate]);
	return rc;
}

/* Up to a batch of rows. E_NOT_FOUND: that was the last. */
static enum err rows_do(struct importing *w, struct db *db)
{
	struct import_row row;

	for (unsigned n = 0; n < IMPORT_BATCH; n++) {
		enum err rc;
		arena_reset(&w->a);
		rc = import_reader_next(&w->r, &w->a, &row, w->ei);
		if (rc == E_INVALID)
			continue;
		if (!rc)
			rc = row_do(w, db, &row);
		if (rc)
			return rc;
	}
	return OK;
}

static enum err batch_write(struct importing *w)
{
	struct import_report before = *w->out;
	struct db *db;
	enum err rc = store_write_begin(w->st, &db, w->ei), end;

	if (rc)
		return rc;
	w->now_ms = clock_now_ms();
	rc = rows_do(w, db);
	if (rc && rc != E_NOT_FOUND) {
		store_write_rollback(w->st);
		*w->out = before;
		return rc;
	}
	end = store_write_commit(w->st, w->ei);
	if (end)
		*w->out = before;
	return end ? end : rc;
}

static enum err batch_look(struct importing *w)
{
	struct db *db;
	enum err rc = store_read(w->st, &db, w->ei);

	if (rc)
		return rc;
	w->now_ms = clock_now_ms();
	rc = rows_do(w, db);
	store_read_end(w->st, db);
	return rc;
}

static enum err people_all(struct importing *w, bool dry)
{
	enum err rc;

	if (!seen_init(&w->seen, w->out->rows))
		return err_set(w->ei, E_NOMEM, "import");
	do
		rc = dry ? batch_look(w) : batch_write(w);
	while (!rc);
	free(w->seen.slot);
	return rc == E_NOT_FOUND ? OK : rc;
}

/* The reader at the first row behind the names. */
static enum err begin(struct importing *w, struct arena *head, struct slice file, const struct import_opts *o)
{
	enum err rc;

	arena_reset(head);
	rc = import_reader_open(&w->r, w->s, head, file, o, w->out->unused, sizeof(w->out->unused), w->ei);
	if (rc == E_INVALID && w->r.bad.line) {
		w->out->n[IMPORT_FAULTY]++;
		w->note(&w->r.bad, w->arg);
	}
	return rc;
}

enum err import_run(const struct site *s, struct store *st, struct slice file, const struct import_opts *o,
    void (*note)(const struct import_note *n, void *arg), void *arg, struct import_report *out, struct errinfo *ei)
{
	struct importing *w = calloc(1, sizeof(*w));
	struct arena head;
	bool broken;
	enum err rc;

	memset(out, 0, sizeof(*out));
	if (!w)
		return err_set(ei, E_NOMEM, "import");
	*w = (struct importing){.s = s, .st = st, .note = note, .arg = arg, .out = out, .ei = ei};
	arena_init(&head, HEAD_ARENA_BYTES);
	arena_init(&w->a, ARENA_REQUEST_MAX_BYTES);
	rc = begin(w, &head, file, o);
	broken = rc == E_INVALID && w->r.bad.line;
	if (!rc)
		rc = check_all(w);
	if (!rc && (o->skip || !out->n[IMPORT_FAULTY])) {
		rc = begin(w, &head, file, o);
		if (!rc)
			rc = people_all(w, o->dry);
		out->written = !rc && !o->dry;
	}
	arena_free(&w->a);
	arena_free(&head);
	free(w);
	return broken ? OK : rc;
}

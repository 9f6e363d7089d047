#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "cmd/cmd.h"
#include "core/logkeep.h"
#include "text/jsonw.h"

#define OUT_MAX_BYTES (256u * 1024u)

struct logged {
	const struct cmd_args *a;
	const struct conf_site *site;
	struct store *store;
	struct buf *out;
	struct errinfo *ei;
};

/* ---- checkpoint */

static void checkpoint_json(struct jsonw *w, const struct checkpoint *cp, struct slice note)
{
	char hex[ENC_HEX_BYTES(STORE_HASH_BYTES)], iso[CLOCK_ISO_BYTES];

	jsonw_object(w);
	jsonw_kint(w, "size", cp->size);
	jsonw_kcstr(w, "root", enc_hex(cp->root, sizeof(cp->root), hex));
	jsonw_kcstr(w, "time", clock_iso(cp->at_ms, iso));
	jsonw_kstr(w, "note", note);
	jsonw_end_object(w);
}

static enum err checkpoint_print(struct logged *l, struct db *db)
{
	struct checkpoint cp;
	struct jsonw w;
	struct buf note;
	enum err rc;

	buf_init(&note, NOTE_MAX_BYTES);
	rc = checkpoint_last(db, &cp, &note, l->ei);
	if (!rc && l->a->json) {
		jsonw_init(&w, l->out);
		checkpoint_json(&w, &cp, buf_slice(&note));
		buf_add_char(l->out, '\n');
	} else if (!rc)
		buf_add_slice(l->out, buf_slice(&note));
	buf_free(&note);
	return rc;
}

static enum err log_checkpoint(struct logged *l)
{
	struct logbook_report rep;
	struct db *db;
	enum err rc = OK;

	if (l->a->now)
		rc = logkeep_advance(l->site, l->store, true, clock_now_ms(), &rep, l->ei);
	if (!rc)
		rc = store_read(l->store, &db, l->ei);
	if (rc)
		return rc;
	rc = checkpoint_print(l, db);
	store_read_end(l->store, db);
	return rc == E_NOT_FOUND ? err_set(l->ei, E_NOT_FOUND, "no checkpoint yet. The worker makes one every %lld minutes if "
	    "there are new events; \"log checkpoint --now\" makes one at once", (long long)(l->site->log.every.seconds / 60))
	    : rc;
}

/* ---- prove */

static void proof_json(struct logged *l, const struct logbook_proof *p, struct slice note)
{
	char hex[ENC_HEX_BYTES(MERKLE_HASH_BYTES)];
	struct jsonw w;

	jsonw_init(&w, l->out);
	jsonw_object(&w);
	jsonw_kint(&w, "seq", p->seq);
	jsonw_kint(&w, "leaf_index", p->seq - 1);
	jsonw_kcstr(&w, "leaf_hash", enc_hex(p->leaf.b, sizeof(p->leaf.b), hex));
	jsonw_key(&w, "path");
	jsonw_array(&w);
	for (unsigned i = 0; i < p->path.n; i++)
		jsonw_cstr(&w, enc_hex(p->path.hash[i].b, sizeof(p->path.hash[i].b), hex));
	jsonw_end_array(&w);
	jsonw_key(&w, "checkpoint");
	checkpoint_json(&w, &p->at, note);
	jsonw_end_object(&w);
	buf_add_char(l->out, '\n');
}

static enum err log_prove(struct logged *l)
{
	struct logbook_proof p;
	struct logbook *b = NULL;
	unsigned long long seq = 0;
	struct buf note;
	struct db *db;
	enum err rc;

	slice_u64(slice_from(l->a->words[1]), &seq);
	rc = store_read(l->store, &db, l->ei);
	if (rc)
		return rc;
	buf_init(&note, NOTE_MAX_BYTES);
	rc = logbook_open(&b, db, l->ei);
	if (!rc)
		rc = logbook_prove(b, seq > INT64_MAX ? 0 : (int64_t)seq, &p, &note, l->ei);
	if (!rc)
		proof_json(l, &p, buf_slice(&note));
	logbook_close(b);
	buf_free(&note);
	store_read_end(l->store, db);
	return rc;
}

/* ---- restart */

static enum err log_restart(struct logged *l)
{
	struct db *db;
	enum err rc;

	if (!l->a->yes || l->a->dry) {
		buf_add_str(l->out, "Would give the log a new name. Do this only after data were restored that are older than what "
		    "was signed:\nthe events between are lost, and proofs of them no longer fit. With --yes it is done.\n");
		return OK;
	}
	rc = logbook_restart(l->site, l->store, l->ei);
	if (!rc)
		rc = logkeep_note(l->store, "", clock_now_ms(), l->ei);
	if (!rc)
		rc = store_read(l->store, &db, l->ei);
	if (rc)
		return rc;
	buf_add_str(l->out, "The log goes on as ");
	rc = logbook_origin(db, l->site, l->out, l->ei);
	buf_add_str(l->out, "\n");
	store_read_end(l->store, db);
	return rc;
}

static const struct {
	const char *name;
	size_t words;
	enum err (*run)(struct logged *l);
} verbs[] = {{"checkpoint", 1, log_checkpoint}, {"prove", 2, log_prove}, {"restart", 1, log_restart}};

static int log_run(struct logged *l, const struct conf *c, size_t verb)
{
	enum err rc = cmd_store(c, l->site, false, &l->store, l->ei);
	int code;

	if (!rc)
		rc = verbs[verb].run(l);
	store_close(l->store);
	/* Altered or older data are a finding, not a fault of this program. */
	code = rc ? cmd_fail("log", l->ei) : cmd_print(l->out);
	return rc == E_CONFLICT || rc == E_DENIED ? CMD_FINDINGS : code;
}

int cmd_log(const struct cmd_args *a)
{
	struct errinfo ei = {.code = OK};
	struct logged l = {.a = a, .ei = &ei};
	struct buf out;
	struct conf *c;
	size_t verb = 0;
	int rc;

	while (verb < 3 && (!a->n || strcmp(a->words[0], verbs[verb].name) != 0))
		verb++;
	if (verb == 3 || a->n != verbs[verb].words)
		return cmd_usage("log checkpoint [--now], log prove SEQ, log restart");
	rc = cmd_load(a, &c);
	if (rc)
		return rc;
	buf_init(&out, OUT_MAX_BYTES);
	l.out = &out;
	l.site = cmd_site(a, c);
	rc = l.site ? log_run(&l, c, verb) : CMD_USAGE;
	buf_free(&out);
	conf_free(c);
	return rc;
}

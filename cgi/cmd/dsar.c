/* `jawort dsar`: requests about rights, and until when they must be answered. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/cmd.h"
#include "core/register.h"
#include "store/person.h"
#include "text/addr.h"
#include "text/jsonw.h"
#include "text/utf8.h"

#define DAY_MS INT64_C(86400000)
#define LIST_MAX 200
#define OUT_MAX_BYTES (1024u * 1024u)

struct desk {
	const struct cmd_args *a;
	const struct conf_site *conf;
	struct site *site;
	struct store *store;
	struct arena arena;
	int64_t id;    /* of show, answer, extend */
	int64_t today;
	int64_t overdue;
	struct buf out;
	struct jsonw w;
};

/* What does what is asked; ADDRESS and --by are put in. */
static const char *const does[DSAR_RIGHT__MAX] = {
    [DSAR_ACCESS] = "export", [DSAR_RECTIFY] = "rectify", [DSAR_ERASE] = "erase", [DSAR_RESTRICT] = "restrict",
    [DSAR_OBJECT] = "object", [DSAR_WITHDRAW] = "withdraw",
};

/* ---- reports */

static bool is_overdue(const struct desk *d, const struct dsar *r)
{
	return r->state == DSAR_OPEN && r->due_day < d->today;
}

static void json_day(struct jsonw *w, const char *key, int64_t day)
{
	char text[REGISTER_DAY_BYTES];

	jsonw_kcstr(w, key, day ? register_day_text(day, text) : NULL);
}

static void json_members(struct desk *d, const struct dsar *r)
{
	char iso[CLOCK_ISO_BYTES];

	jsonw_kint(&d->w, "id", r->id);
	jsonw_kint(&d->w, "person", r->person_id);
	jsonw_kcstr(&d->w, "right", dsar_right_name(r->right));
	jsonw_kcstr(&d->w, "state", dsar_state_name(r->state));
	jsonw_kcstr(&d->w, "way", r->way);
	json_day(&d->w, "received", r->received_day);
	json_day(&d->w, "due", r->due_day);
	json_day(&d->w, "extended", r->extended_day);
	jsonw_kcstr(&d->w, "settled", r->settled_ms ? clock_iso(r->settled_ms, iso) : NULL);
	jsonw_kbool(&d->w, "overdue", is_overdue(d, r));
}

static void line(struct desk *d, const struct dsar *r)
{
	char received[REGISTER_DAY_BYTES], due[REGISTER_DAY_BYTES], iso[CLOCK_ISO_BYTES];

	buf_printf(&d->out, "%6lld  %-9s %-8s came %s by %-7s", (long long)r->id,
	    is_overdue(d, r) ? "OVERDUE" : dsar_state_name(r->state), dsar_right_name(r->right),
	    register_day_text(r->received_day, received), r->way);
	if (r->state == DSAR_OPEN)
		buf_printf(&d->out, " due %s%s\n", register_day_text(r->due_day, due), r->extended_day ? " (extended)" : "");
	else
		buf_printf(&d->out, " on  %.10s\n", clock_iso(r->settled_ms, iso));
}

static bool list_one(const struct dsar *r, void *arg)
{
	struct desk *d = arg;

	d->overdue += is_overdue(d, r);
	if (!d->a->json) {
		line(d, r);
		return true;
	}
	jsonw_object(&d->w);
	json_members(d, r);
	jsonw_end_object(&d->w);
	return true;
}

static enum err list(struct desk *d, struct db *db, struct errinfo *ei)
{
	enum err rc;

	if (d->a->json)
		jsonw_array(&d->w);
	rc = dsar_each(db, LIST_MAX, list_one, d, ei);
	if (d->a->json) {
		jsonw_end_array(&d->w);
		buf_add_char(&d->out, '\n');
	} else if (!rc && !d->out.len) {
		buf_add_str(&d->out, "There are no requests.\n");
	}
	return rc;
}

/* The row itself, and in words what to do. */
static void told(struct desk *d, const struct dsar *r, struct slice address, struct slice note)
{
	if (d->a->json) {
		jsonw_object(&d->w);
		json_members(d, r);
		jsonw_kstr(&d->w, "address", address);
		jsonw_kstr(&d->w, "note", note);
		jsonw_end_object(&d->w);
		buf_add_char(&d->out, '\n');
		return;
	}
	line(d, r);
	if (address.len)
		buf_printf(&d->out, "        from %.*s\n", SLICE_FMT(address));
	if (note.len)
		buf_printf(&d->out, "        %.*s\n", SLICE_FMT(note));
	if (r->state != DSAR_OPEN)
		return;
	if (!r->person_id)
		buf_printf(&d->out, "        Nothing is held about this address: answer that, then `jawort dsar answer %lld`.\n",
		    (long long)r->id);
	else if (does[r->right] && address.len)
		buf_printf(&d->out, "        `jawort person %s %.*s --by %s` does it, and answers this.\n", does[r->right],
		    SLICE_FMT(address), r->way);
	else
		buf_printf(&d->out, "        When it is done: `jawort dsar answer %lld`.\n", (long long)r->id);
}

static enum err show(struct desk *d, struct db *db, struct errinfo *ei)
{
	struct buf address, note;
	struct person p;
	struct dsar r;
	enum err rc;

	buf_init_arena(&address, &d->arena, PERSON_ADDRESS_MAX_BYTES);
	buf_init_arena(&note, &d->arena, DSAR_NOTE_MAX_BYTES);
	rc = dsar_get(db, d->id, &r, &address, &note, ei);
	if (!rc && r.person_id)
		rc = person_get(db, r.person_id, &p, ei);
	if (!rc && r.person_id && p.state != PERSON_ERASED)
		rc = person_address(db, r.person_id, &address, ei);
	if (!rc)
		told(d, &r, buf_slice(&address), buf_slice(&note));
	return rc;
}

/* ---- what changes the register */

/* A request about somebody whose evidence alone is left counts as one about nobody. */
static enum err add(struct desk *d, struct db *db, struct errinfo *ei)
{
	enum dsar_right right = dsar_right_from_name(slice_from(d->a->right));
	int64_t day = d->today;
	struct person p = {.id = 0};
	struct addr addr;
	struct dsar r;
	enum err rc;

	if (addr_parse(&d->arena, slice_from(d->a->words[1]), &addr) != ADDR_OK)
		return err_set(ei, E_INVALID, "this is not an e-mail address");
	if (d->a->received)
		day = clock_parse_iso(d->a->received, strlen(d->a->received)) / DAY_MS;
	rc = person_find_address(db, STORE_EMAIL, addr.full, &p, ei);
	if (!rc || rc == E_NOT_FOUND)
		rc = register_add(db, d->site, p.id, addr.full, right, slice_from(d->a->by), day, &r, ei);
	if (!rc)
		told(d, &r, addr.full, SLICE(""));
	return rc;
}

static enum err answer(struct desk *d, struct db *db, struct errinfo *ei)
{
	struct slice note = slice_from(d->a->reason);
	enum err rc = dsar_settle(db, d->id, d->a->refused ? DSAR_REFUSED : DSAR_ANSWERED, note, clock_now_ms(), ei);

	return rc ? rc : show(d, db, ei);
}

static enum err extend(struct desk *d, struct db *db, struct errinfo *ei)
{
	struct dsar r;
	enum err rc = register_extend(db, d->site, d->id, slice_from(d->a->reason), &r, ei);

	if (!rc)
		rc = show(d, db, ei);
	if (!rc && !d->a->json)
		buf_add_str(&d->out, "        Tell the person now, with the reason (Art. 12(3) GDPR).\n");
	return rc;
}

static const struct verb {
	const char *name;
	enum err (*run)(struct desk *d, struct db *db, struct errinfo *ei);
	bool writes, word, id;
	const char *usage;
} verbs[] = {
    {"list", list, false, false, false, "dsar list"},
    {"show", show, false, true, true, "dsar show ID"},
    {"add", add, true, true, false, "dsar add ADDRESS --right access|rectify|erase|restrict|object|withdraw|other "
        "--by letter|phone|reply [--received 2026-11-02]"},
    {"answer", answer, true, true, true, "dsar answer ID [--refused --reason TEXT]"},
    {"extend", extend, true, true, true, "dsar extend ID --reason TEXT"},
};

static const struct verb *verb_find(const struct cmd_args *a)
{
	for (size_t i = 0; a->n && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(a->words[0], verbs[i].name) == 0)
			return &verbs[i];
	return NULL;
}

static int run_write(struct desk *d, const struct verb *v)
{
	struct errinfo ei = {.code = OK};
	struct db *db;
	enum err rc = store_write_begin(d->store, &db, &ei);

	if (rc)
		return cmd_fail(v->usage, &ei);
	rc = v->run(d, db, &ei);
	/* -n: all of it happens, and is taken back. */
	if (rc || d->a->dry)
		store_write_rollback(d->store);
	else
		rc = store_write_commit(d->store, &ei);
	if (!rc && d->a->dry && !d->a->json)
		buf_add_str(&d->out, "        Nothing was done.\n");
	return rc ? cmd_fail("dsar", &ei) : CMD_DONE;
}

static int run_read(struct desk *d, const struct verb *v)
{
	struct errinfo ei = {.code = OK};
	struct db *db;
	enum err rc = store_read(d->store, &db, &ei);

	if (rc)
		return cmd_fail("dsar", &ei);
	rc = v->run(d, db, &ei);
	store_read_end(d->store, db);
	return rc ? cmd_fail("dsar", &ei) : CMD_DONE;
}

static int desk_run(struct desk *d, const struct conf *c, const struct verb *v)
{
	struct errinfo ei = {.code = OK};
	enum err rc = site_new(&d->site, c, d->conf, &ei);
	int code;

	if (!rc)
		rc = cmd_store(c, d->conf, false, &d->store, &ei);
	arena_init(&d->arena, ARENA_REQUEST_MAX_BYTES);
	buf_init(&d->out, OUT_MAX_BYTES);
	jsonw_init(&d->w, &d->out);
	d->today = register_day(d->conf, clock_now_ms());
	code = rc ? cmd_fail("dsar", &ei) : v->writes ? run_write(d, v) : run_read(d, v);
	if (!code)
		code = cmd_print(&d->out);
	if (!code && d->overdue)
		code = CMD_FINDINGS;
	buf_free(&d->out);
	arena_free(&d->arena);
	store_close(d->store);
	site_free(d->site);
	return code;
}

static bool by_known(const char *by)
{
	return by && (strcmp(by, "letter") == 0 || strcmp(by, "phone") == 0 || strcmp(by, "reply") == 0);
}

/* Options that a verb needs. */
static int args_check(const struct verb *v, const struct cmd_args *a)
{
	struct slice reason = slice_from(a->reason);

	if (v->run == add && (!by_known(a->by) || !a->right
	    || dsar_right_from_name(slice_from(a->right)) == DSAR_RIGHT__MAX))
		return cmd_usage("%s", v->usage);
	if (v->run == add && a->received && clock_parse_iso(a->received, strlen(a->received)) < 0)
		return cmd_usage("--received is a day like 2026-11-02, not \"%s\"", a->received);
	if ((v->run == extend || (v->run == answer && a->refused)) && !reason.len)
		return cmd_usage("%s: the reason is needed, it is what the person is told", v->usage);
	if (reason.len > DSAR_NOTE_MAX_BYTES || !utf8_valid(reason) || utf8_has_control(reason, false))
		return cmd_usage("--reason has up to %d bytes on one line", DSAR_NOTE_MAX_BYTES);
	return CMD_DONE;
}

int cmd_dsar(const struct cmd_args *a)
{
	const struct verb *v = verb_find(a);
	struct desk d = {.a = a};
	unsigned long long id = 0;
	struct conf *c;
	int code;

	if (!v)
		return cmd_usage("dsar list|add ADDRESS|show ID|answer ID|extend ID");
	if (a->n != (v->word ? 2 : 1) || (v->id && (!slice_u64(slice_from(a->words[1]), &id) || id > STORE_ID_MAX)))
		return cmd_usage("%s", v->usage);
	d.id = (int64_t)id;
	code = args_check(v, a);
	if (!code)
		code = cmd_load(a, &c);
	if (code)
		return code;
	d.conf = cmd_site(a, c);
	code = d.conf ? desk_run(&d, c, v) : CMD_USAGE;
	conf_free(c);
	return code;
}

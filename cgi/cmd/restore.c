#include <fcntl.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "cmd/backup_priv.h"
#include "conf/secret.h"
#include "core/restore.h"
#include "text/jsonw.h"

/* Where everything of one run lies. */
struct run {
	const struct cmd_args *args;
	const struct conf *conf;
	const struct conf_site *site;
	struct restore ask;
	struct restore_report rep;
	char base[PATH_MAX];    /* folder above the site's */
	char dir[PATH_MAX];     /* DATA/<site>, or DIR/<site> */
	char ring[PATH_MAX];    /* KEYS/<site>.keys, or DIR/keys/<site>.keys */
	char stage[PATH_MAX];
	char journal[PATH_MAX];
	int lock;
	int64_t start_mono;
};

static bool put(char dst[static PATH_MAX], const char *dir, const char *sub, const char *name, const char *end)
{
	int n = snprintf(dst, PATH_MAX, "%s/%s%s%s", dir, sub, name, end);

	return n > 0 && n < PATH_MAX;
}

static bool run_paths(struct run *r)
{
	const char *id = r->site->id, *to = r->args->to;
	const char *above = to ? to : r->args->drill ? NULL : r->conf->data;
	char work[PATH_MAX];
	struct buf keys;
	bool ok;

	/* A drill works beside the data, where there is room for them and nobody else reads. */
	if (!above)
		above = r->conf->data;
	snprintf(work, sizeof(work), ".%s-", r->args->drill ? "drill" : "restore");
	ok = snprintf(r->base, PATH_MAX, "%s", above) < PATH_MAX && put(r->dir, above, "", id, "") &&
	    put(r->stage, above, work, id, "");
	buf_init(&keys, PATH_MAX);
	if (to)
		ok = ok && put(r->ring, to, "keys/", id, ".keys");
	else if (ok) {
		conf_keyring_path(r->conf, id, &keys);
		ok = buf_ok(&keys) && slice_copy(buf_slice(&keys), r->ring, sizeof(r->ring));
	}
	buf_free(&keys);
	if (!r->args->journal && !*r->conf->backup.journal)
		return ok;
	return ok && (r->args->journal ? snprintf(r->journal, PATH_MAX, "%s", r->args->journal) < PATH_MAX
	    : put(r->journal, r->conf->backup.journal, "", id, ".journal"));
}

/* The folder of the keys is new where all goes elsewhere (--to). */
static enum err ring_folder(const struct run *r, struct errinfo *ei)
{
	char folder[PATH_MAX];

	if (!r->args->to)
		return OK;
	return put(folder, r->args->to, "keys", "", "") ? file_mkdir(folder, 0700, ei) : err_set(ei, E_LIMIT, "--to is too long");
}

static int run_ask(struct run *r, struct errinfo *ei)
{
	struct conf_duration gap = {.seconds = 0};
	struct crypt_key *secret;

	if (r->args->accept_gap && !conf_duration_parse(slice_from(r->args->accept_gap), &gap))
		return cmd_usage("--accept-gap: \"%s\" is no time like 5h or 2d", r->args->accept_gap);
	if (!run_paths(r)) {
		err_set(ei, E_LIMIT, "a path is too long");
		return cmd_fail("restore", ei);
	}
	if (backup_secret_read(r->args->secret, &secret, ei) != OK)
		return cmd_fail("restore", ei);
	r->ask = (struct restore){.site = r->site, .data = r->args->words[0], .keys = r->args->keys, .secret = secret,
	    .ring = file_exists(r->ring) ? r->ring : NULL, .journal = *r->journal ? r->journal : NULL,
	    .accept_gap_ms = gap.seconds * 1000, .now_ms = clock_now_ms()};
	return CMD_DONE;
}

/* ---- what it found */

static const char *times(int64_t ms, char dst[static CLOCK_ISO_BYTES])
{
	return ms ? clock_iso(ms, dst) : "-";
}

static void print_json(const struct run *r, struct buf *out)
{
	const struct restore_report *p = &r->rep;
	char iso[CLOCK_ISO_BYTES];
	struct jsonw w;

	jsonw_init(&w, out);
	jsonw_object(&w);
	jsonw_kcstr(&w, "site", r->site->id);
	jsonw_kcstr(&w, "data", times(p->data.head.made_ms, iso));
	jsonw_kcstr(&w, "keys", times(p->keys.head.made_ms, iso));
	jsonw_kcstr(&w, "journal", p->journal.n ? times(p->journal.at_ms, iso) : NULL);
	jsonw_kint(&w, "gap_s", p->gap_ms / 1000);
	jsonw_kint(&w, "persons", p->persons);
	jsonw_kint(&w, "events", p->events);
	jsonw_kint(&w, "erased", p->erased);
	jsonw_kint(&w, "erased_unknown", p->unknown);
	jsonw_kint(&w, "left", p->left);
	jsonw_kint(&w, "blocked", p->blocked);
	jsonw_kint(&w, "mails_held", p->settled.mails);
	jsonw_kint(&w, "signups_dropped", p->settled.intakes);
	jsonw_kcstr(&w, "log", *p->origin ? p->origin : NULL);
	jsonw_kcstr(&w, "dir", r->args->drill || r->args->dry ? NULL : r->dir);
	jsonw_kint(&w, "ms", clock_mono_ms() - r->start_mono);
	jsonw_end_object(&w);
	buf_add_char(out, '\n');
}

static void print_text(const struct run *r, struct buf *b)
{
	const struct restore_report *p = &r->rep;
	char iso[CLOCK_ISO_BYTES];

	buf_printf(b, "data of %s", times(p->data.head.made_ms, iso));
	buf_printf(b, ", keys of %s, both whole\n", times(p->keys.head.made_ms, iso));
	if (p->journal.n)
		buf_printf(b, "journal up to %s%s\n", times(p->journal.at_ms, iso), p->gap_ms ? "; a gap was accepted" : "");
	else
		buf_add_str(b, "no journal of erasures was read\n");
	if (!r->args->dry)
		buf_printf(b, "%lld persons, %lld events: databases sound, every address opens\n", (long long)p->persons,
		    (long long)p->events);
	buf_printf(b, "%s: %lld erased%s, %lld left the lists, %lld addresses blocked\n", r->args->dry ? "would be done again"
	    : "done again", (long long)p->erased, p->unknown ? " (and some who came after the backup)" : "", (long long)p->left,
	    (long long)p->blocked);
	if (p->settled.mails)
		buf_printf(b, "%lld mails were under way and may have been sent since: they are not sent again by themselves. jawort "
		    "outbox list shows them as unknown, jawort outbox retry ID sends one\n", (long long)p->settled.mails);
	if (p->settled.intakes)
		buf_printf(b, "%lld sign-ups that waited at that moment are left out, like all later ones\n",
		    (long long)p->settled.intakes);
	if (*p->origin)
		buf_printf(b, "the log of commitments goes on as %s; proofs under its old name stay good\n", p->origin);
}

static int print_report(const struct run *r, const char *end)
{
	struct buf b;
	int rc;

	buf_init(&b, 65536);
	if (r->args->json)
		print_json(r, &b);
	else {
		print_text(r, &b);
		buf_printf(&b, "%s\n", end);
	}
	rc = cmd_print(&b);
	buf_free(&b);
	return rc;
}

/* ---- doing it */

/* Two restores of one site do not meet; what an earlier one left is of no use. */
static enum err stage_begin(struct run *r, struct errinfo *ei)
{
	char path[PATH_MAX + 8];
	enum err rc = file_mkdir(r->base, 0750, ei);

	if (rc)
		return rc;
	snprintf(path, sizeof(path), "%s.lock", r->stage);
	r->lock = file_open(path, O_RDWR, 0600);
	if (r->lock < 0)
		return err_errno(ei, E_IO, errno, "%s: cannot lock", path);
	if (flock(r->lock, LOCK_EX | LOCK_NB) < 0)
		return err_set(ei, E_BUSY, "another restore of site %s runs", r->site->id);
	restore_discard(r->stage);
	return file_mkdir(r->stage, file_mode_at(r->stage, 0700), ei);
}

static void stage_end(struct run *r, bool discard)
{
	char path[PATH_MAX + 8];

	if (r->lock < 0)
		return;
	if (discard)
		restore_discard(r->stage);
	snprintf(path, sizeof(path), "%s.lock", r->stage);
	unlink(path);
	close(r->lock);
}

/* A second path that cannot be written does not undo what was restored. */
static void journal_tell(const struct run *r)
{
	struct errinfo ei = {.code = OK};
	struct store *st;
	enum err rc;

	if (r->args->to || !*r->conf->backup.journal)
		return;
	rc = cmd_store(r->conf, r->site, false, &st, &ei);
	if (!rc) {
		rc = journal_restored(st, r->rep.events, r->rep.turn, clock_now_ms(), &ei);
		store_close(st);
	}
	if (rc)
		fprintf(stderr, "jawort: restore: the journal of erasures could not be written: %s\n", ei.text);
}

static int run_stage(struct run *r)
{
	struct errinfo ei = {.code = OK};
	bool placed = false;
	enum err rc;
	int code;

	if (!r->args->drill && file_exists(r->dir) && rmdir(r->dir) < 0) {
		err_set(&ei, E_CONFLICT, "%s exists: a restore never replaces data. Stop the service and move it away, or try with "
		    "--drill", r->dir);
		return cmd_fail("restore", &ei);
	}
	rc = stage_begin(r, &ei);
	if (!rc)
		rc = restore_stage(&r->ask, r->stage, &r->rep, &ei);
	if (!rc && !r->args->drill) {
		rc = ring_folder(r, &ei);
		if (!rc)
			rc = restore_place(r->stage, r->dir, r->ring, &ei);
		placed = !rc;
	}
	stage_end(r, !placed);
	if (rc)
		return cmd_fail("restore", &ei);
	if (placed)
		journal_tell(r);
	code = print_report(r, r->args->drill ? "drill: all of it works; nothing was changed" : "restored");
	if (!code && placed && !r->args->json)
		printf("%s\n", r->dir);
	return code;
}

static int run_look(struct run *r)
{
	struct errinfo ei = {.code = OK};

	if (restore_look(&r->ask, &r->rep, &ei) != OK)
		return cmd_fail("restore", &ei);
	return print_report(r, r->ask.ring ? "nothing was written" :
	    "nothing was written; the key file of the site is not here, so the journal was not read");
}

int cmd_restore(const struct cmd_args *a)
{
	struct run *r = calloc(1, sizeof(*r));
	struct errinfo ei = {.code = OK};
	struct conf *c = NULL;
	int rc;

	if (!r)
		return CMD_FAILED;
	if (a->n != 1 || !a->keys || !a->secret) {
		free(r);
		return cmd_usage("restore FILE --keys FILE --secret FILE|-");
	}
	r->args = a;
	r->lock = -1;
	r->start_mono = clock_mono_ms();
	rc = cmd_load(a, &c);
	if (!rc) {
		r->conf = c;
		r->site = cmd_site(a, c);
		rc = r->site ? run_ask(r, &ei) : CMD_USAGE;
	}
	if (!rc)
		rc = a->dry ? run_look(r) : run_stage(r);
	crypt_key_free((struct crypt_key *)(uintptr_t)r->ask.secret);
	conf_free(c);
	free(r);
	return rc;
}

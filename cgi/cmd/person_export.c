#include "base/file.h"
#include "base/log.h"
#include "cmd/person_priv.h"
#include "send/wake.h"

#define VERB "person export"

/* Who is there now, else the evidence that an erasure kept. */
static int64_t export_whom(const struct rights_found *f)
{
	return f->person_id ? f->person_id : f->nkept ? f->kept[f->nkept - 1] : 0;
}

static int export_out(const struct person_desk *d, const struct buf *out)
{
	const struct cmd_args *a = d->call->args;
	struct errinfo ei = {.code = OK};

	if (wake_site(d->call->conf->data, d->call->site->id, &ei) != OK)
		log_err(LOG_WARN, "wake", &ei);
	if (!a->file)
		return cmd_print(out);
	/* Only who asked for it may read the file. */
	return file_write(a->file, buf_slice(out), 0600, &ei) ? cmd_fail(VERB, &ei) : CMD_DONE;
}

static int export_run(struct person_desk *d)
{
	const struct cmd_args *a = d->call->args;
	enum rights_format f = rights_format_from_name(slice_from(a->format ? a->format : "json"));
	int64_t id = export_whom(&d->found);
	struct errinfo ei = {.code = OK};
	struct buf out;
	int code;

	if (f == RIGHTS_FORMAT__MAX)
		return cmd_usage("--format is json, csv, html or data");
	if (!id) {
		err_set(&ei, E_NOT_FOUND, "nothing is held about this address");
		return cmd_fail(VERB, &ei);
	}
	buf_init(&out, RIGHTS_EXPORT_MAX_BYTES);
	if (rights_export(&d->rights, &d->arena, id, f, &out, &ei) != OK)
		code = cmd_fail(VERB, &ei);
	else
		code = export_out(d, &out);
	buf_free(&out);
	return code;
}

int person_verb_export(const struct person_call *c)
{
	struct person_desk d;
	int code = person_desk_open(&d, c, VERB);

	if (!code)
		code = export_run(&d);
	person_desk_close(&d);
	return code;
}

/* Checkpoints of the log, and the way of each event into their trees. */
#include "proof/check_priv.h"

#include <stdlib.h>
#include <string.h>

static const char *const verdicts[NOTE_VERDICT__MAX] = {
    [NOTE_MALFORMED] = "not a signed note", [NOTE_UNKNOWN] = "signed by none of the keys",
    [NOTE_FORGED] = "its signature is wrong",
};

/* Those that hold are kept, by size. */
static void point_check(struct check *c, size_t i, const json_t *o)
{
	struct check_point *p = &c->good[c->ngood];
	int64_t size = json_integer_value(json_object_get(o, "size"));
	struct slice text;
	enum note_verdict v = note_verify(check_str(o, "note"), c->key, c->nkeys, &text, NULL);

	if (v != NOTE_GOOD)
		check_fault(c, CHECK_CHECKPOINT, verdicts[v], "/bundle/checkpoints/%zu/note", i);
	else if (!note_checkpoint_read(text, &p->text))
		check_fault(c, CHECK_CHECKPOINT, "not the text of a checkpoint", "/bundle/checkpoints/%zu/note", i);
	else if (p->text.size != (uint64_t)size)
		check_fault(c, CHECK_CHECKPOINT, "another size than beside it", "/bundle/checkpoints/%zu/size", i);
	else if (c->ngood && (uint64_t)size <= c->good[c->ngood - 1].text.size)
		check_fault(c, CHECK_CHECKPOINT, "sizes must grow", "/bundle/checkpoints/%zu/size", i);
	else
		c->ngood++;
	c->r->stamps += json_array_size(json_object_get(o, "stamps"));
	if (size > c->r->newest_size)
		c->r->newest_size = size;
}

void check_points(struct check *c)
{
	const json_t *points = json_object_get(c->root, "checkpoints"), *o;
	size_t i;

	c->r->checkpoints = json_array_size(points);
	c->good = calloc(c->r->checkpoints + 1, sizeof(*c->good));
	if (!c->good) {
		check_fault(c, CHECK_JSON, "no memory", "/bundle/checkpoints");
		return;
	}
	json_array_foreach(points, i, o)
		point_check(c, i, o);
}

static int point_match(const void *size, const void *point)
{
	uint64_t a = *(const uint64_t *)size, b = ((const struct check_point *)point)->text.size;

	return (a > b) - (a < b);
}

static const struct check_point *point_of(const struct check *c, int64_t size)
{
	uint64_t want = (uint64_t)size;

	return c->ngood ? bsearch(&want, c->good, c->ngood, sizeof(*c->good), point_match) : NULL;
}

static bool path_good(const struct check *c, const struct check_event *e, const json_t *proof)
{
	const json_t *path = json_object_get(proof, "path"), *one;
	const struct check_point *p = point_of(c, json_integer_value(json_object_get(proof, "size")));
	struct merkle_hash hash[MERKLE_PROOF_MAX], root;
	size_t i;

	if (!p || json_array_size(path) > MERKLE_PROOF_MAX)
		return false;
	json_array_foreach(path, i, one) {
		json_t *holder = json_pack("{s:O}", "h", one);
		bool ok = check_hex(holder, "h", hash[i].b);
		json_decref(holder);
		if (!ok)
			return false;
	}
	memcpy(root.b, p->text.root, sizeof(root.b));
	return merkle_verify(&e->leaf, (uint64_t)e->seq - 1, p->text.size, hash, json_array_size(path), &root);
}

void check_paths(struct check *c)
{
	const json_t *events = json_object_get(c->root, "events"), *e, *proof;
	size_t i, k;

	json_array_foreach(events, i, e) {
		const json_t *proofs = json_object_get(e, "proofs");
		bool newest = false;
		json_array_foreach(proofs, k, proof) {
			newest = newest || json_integer_value(json_object_get(proof, "size")) == c->r->newest_size;
			if (i < c->nevents && !path_good(c, &c->event[i], proof))
				check_fault(c, CHECK_PATH, "", "/bundle/events/%zu/proofs/%zu", i, k);
		}
		if (i < c->nevents && c->event[i].seq > c->r->newest_size)
			c->r->uncovered++;
		else if (!newest)
			check_fault(c, CHECK_PATH_GONE, "", "/bundle/events/%zu/proofs", i);
	}
}

/* note: signed notes, checkpoints and verifier keys as somebody sends them. */
#include <string.h>

#include "fuzz.h"
#include "text/note.h"

static const char vkey[] = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

static void inside(struct slice whole, struct slice part)
{
	FUZZ_MUST(part.len == 0 || (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len));
}

/* What is read is written as it was: one spelling. */
static void check_checkpoint(struct slice s)
{
	struct note_checkpoint c;
	struct buf b;

	if (!note_checkpoint_read(s, &c))
		return;
	inside(s, c.origin);
	inside(s, c.rest);
	buf_init(&b, 70000);
	note_checkpoint_add(&b, c.origin, c.size, c.root);
	if (buf_ok(&b))
		FUZZ_MUST(slice_starts(s, buf_slice(&b)));
	buf_free(&b);
}

static void check_vkey(struct slice s)
{
	struct note_key k;
	struct buf b;

	if (!note_vkey_read(s, &k))
		return;
	inside(s, k.name);
	buf_init(&b, NOTE_VKEY_MAX_BYTES);
	note_vkey_add(&b, &k);
	FUZZ_MUST(buf_ok(&b) && slice_eq(buf_slice(&b), s));
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = slice_make(data, size), text;
	struct note_key keys[2];
	size_t signer = 99;
	enum note_verdict v;

	if (crypt_init(NULL) || !note_vkey_read(SLICE(vkey), &keys[0]))
		return 0;
	keys[1] = (struct note_key){.name = SLICE("example.com/behind-the-sofa")};
	v = note_verify(s, keys, 2, &text, &signer);
	FUZZ_MUST(v < NOTE_VERDICT__MAX);
	inside(s, text);
	if (v == NOTE_GOOD)
		FUZZ_MUST(signer == 0 && slice_eq_str(text, "This is an example message.\n"));
	if (v != NOTE_MALFORMED)
		check_checkpoint(text);
	check_checkpoint(s);
	check_vkey(s);
	return 0;
}

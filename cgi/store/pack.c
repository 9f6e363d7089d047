/* pack: the texts in a backup, read and written. Writing a file: pack_write.c, reading one: pack_read.c. */
#include "store/pack.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"

#define HEAD_FIRST "jawort-backup 1"
#define MANIFEST_FIRST "jawort-manifest 1"
#define PART_MAX_BYTES (INT64_C(1) << 48)

static const char *const kind_names[PACK_KIND__MAX] = {[PACK_DATA] = "data", [PACK_KEYS] = "keys"};

const char *pack_kind_name(enum pack_kind k)
{
	return k > 0 && k < PACK_KIND__MAX ? kind_names[k] : "?";
}

static enum pack_kind kind_of(struct slice name)
{
	int k = 1;

	while (k < PACK_KIND__MAX && !slice_eq_str(name, kind_names[k]))
		k++;
	return (enum pack_kind)k;
}

void pack_key_id(unsigned char out[PACK_KEY_ID_BYTES], const unsigned char pub[BOX_PUBLIC_BYTES])
{
	unsigned char hash[CRYPT_HASH_BYTES];

	crypt_sha256(hash, pub, BOX_PUBLIC_BYTES);
	memcpy(out, hash, PACK_KEY_ID_BYTES);
}

/* "WORD REST" with this word; REST into *value. */
static bool line_is(struct slice line, const char *word, struct slice *value)
{
	const size_t n = strlen(word);

	if (line.len <= n || memcmp(line.ptr, word, n) != 0 || line.ptr[n] != ' ')
		return false;
	*value = slice_sub(line, n + 1, line.len);
	return value->len > 0;
}

static bool is_name(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (i > 0 && strchr("._-", c))))
			return false;
	}
	return s.len > 0;
}

static bool number(struct slice s, int64_t max, int64_t *out)
{
	unsigned long long n;

	if (!slice_u64(s, &n) || n > (unsigned long long)max)
		return false;
	*out = (int64_t)n;
	return true;
}

/* site, kind and made, in this order, in both texts. */
static void head_lines(struct buf *out, const struct pack_head *h)
{
	char when[CLOCK_ISO_BYTES];

	buf_printf(out, "site %s\nkind %s\nmade %s\n", h->site, pack_kind_name(h->kind), clock_iso(h->made_ms, when));
}

static bool head_take(struct slice *text, struct pack_head *h)
{
	struct slice line, v;

	if (!slice_split(text, '\n', &line) || !line_is(line, "site", &v) || !is_name(v) ||
	    !slice_copy(v, h->site, sizeof(h->site)))
		return false;
	if (!slice_split(text, '\n', &line) || !line_is(line, "kind", &v))
		return false;
	h->kind = kind_of(v);
	if (h->kind == PACK_KIND__MAX || !slice_split(text, '\n', &line) || !line_is(line, "made", &v))
		return false;
	h->made_ms = clock_parse_iso(v.ptr, v.len);
	return h->made_ms >= 0;
}

void pack_head_write(struct buf *out, const struct pack_head *h)
{
	char hex[ENC_HEX_BYTES(PACK_KEY_ID_BYTES)];

	buf_add_str(out, HEAD_FIRST "\n");
	head_lines(out, h);
	buf_printf(out, "key %s\n\n", enc_hex(h->key, sizeof(h->key), hex));
}

enum err pack_head_parse(struct slice text, struct pack_head *out, size_t *bytes, struct errinfo *ei)
{
	struct slice rest = text, line, v;
	bool ok;

	memset(out, 0, sizeof(*out));
	*bytes = 0;
	if (!slice_split(&rest, '\n', &line) || !slice_eq_str(line, HEAD_FIRST))
		return err_set(ei, E_INVALID, "does not begin with \"" HEAD_FIRST "\"; is it a backup made by jawort backup?");
	ok = head_take(&rest, out) && slice_split(&rest, '\n', &line) && line_is(line, "key", &v) &&
	    enc_hex_decode(v, out->key, sizeof(out->key)) && slice_split(&rest, '\n', &line) && !line.len && rest.ptr;
	if (!ok)
		return err_set(ei, E_INVALID, "the lines at its beginning are damaged");
	*bytes = (size_t)(rest.ptr - text.ptr);
	return *bytes <= PACK_HEAD_MAX_BYTES ? OK : err_set(ei, E_INVALID, "the lines at its beginning are too long");
}

void pack_manifest_write(struct buf *out, const struct pack_manifest *m)
{
	char hex[ENC_HEX_BYTES(DIGEST_BYTES)];

	buf_add_str(out, MANIFEST_FIRST "\n");
	head_lines(out, &m->head);
	buf_printf(out, "schema %d\nids", m->schema);
	for (int i = 0; i < JOURNAL_INTS; i++)
		buf_printf(out, " %" PRId64, m->ids[i]);
	buf_printf(out, "\nring %s\n", enc_hex(m->ring, sizeof(m->ring), hex));
	for (size_t i = 0; i < m->nfiles; i++)
		buf_printf(out, "file %s %" PRId64 " %s\n", m->files[i].name, m->files[i].bytes,
		    enc_hex(m->files[i].hash, DIGEST_BYTES, hex));
}

static bool ids_take(struct slice v, int64_t ids[JOURNAL_INTS])
{
	struct slice one;

	for (int i = 0; i < JOURNAL_INTS; i++)
		if (!slice_split(&v, ' ', &one) || !number(one, STORE_ID_MAX, &ids[i]))
			return false;
	return v.ptr == NULL;
}

static bool file_take(struct slice v, struct pack_manifest *m)
{
	struct pack_file *f = &m->files[m->nfiles];
	struct slice name, size, hash;

	if (m->nfiles == PACK_FILES_MAX || !slice_split(&v, ' ', &name) || !slice_split(&v, ' ', &size) ||
	    !slice_split(&v, ' ', &hash) || v.ptr)
		return false;
	m->nfiles++;
	return is_name(name) && slice_copy(name, f->name, sizeof(f->name)) && number(size, PART_MAX_BYTES, &f->bytes) &&
	    enc_hex_decode(hash, f->hash, sizeof(f->hash));
}

static bool manifest_take(struct slice text, struct pack_manifest *m)
{
	struct slice line, v;
	int64_t schema = 0;

	if (!slice_split(&text, '\n', &line) || !slice_eq_str(line, MANIFEST_FIRST) || !head_take(&text, &m->head))
		return false;
	if (!slice_split(&text, '\n', &line) || !line_is(line, "schema", &v) || !number(v, 100000, &schema))
		return false;
	m->schema = (int)schema;
	if (!slice_split(&text, '\n', &line) || !line_is(line, "ids", &v) || !ids_take(v, m->ids))
		return false;
	if (!slice_split(&text, '\n', &line) || !line_is(line, "ring", &v) || !enc_hex_decode(v, m->ring, sizeof(m->ring)))
		return false;
	while (slice_split(&text, '\n', &line) && text.ptr)
		if (!line_is(line, "file", &v) || !file_take(v, m))
			return false;
	return line.len == 0 && m->nfiles > 0;
}

enum err pack_manifest_parse(struct slice text, struct pack_manifest *out, struct errinfo *ei)
{
	memset(out, 0, sizeof(*out));
	if (manifest_take(text, out))
		return OK;
	return err_set(ei, E_INVALID, "its list of contents is not one of this program; was it made by a newer one?");
}

bool pack_part_parse(struct slice line, char name[static 32], int64_t *bytes)
{
	struct slice v, word;

	name[0] = '\0';
	if (line_is(line, "manifest", &v))
		return number(v, 4096, bytes);
	if (!line_is(line, "file", &v) || !slice_split(&v, ' ', &word) || !is_name(word) || !slice_copy(word, name, 32))
		return false;
	return v.ptr && number(v, PART_MAX_BYTES, bytes);
}

#include "front/record_priv.h"

#include <string.h>

#include "front/front.h"

enum {
	REC_BEGIN = 1,
	REC_ABORT = 2,
	REC_END = 3,
	REC_PARAMS = 4,
	REC_STDIN = 5,
	REC_GET_VALUES = 9,
	REC_GET_VALUES_RESULT = 10,
	REC_UNKNOWN_TYPE = 11
};
enum { ROLE_RESPONDER = 1 };
enum { END_COMPLETE = 0, END_CANT_MPX = 1, END_UNKNOWN_ROLE = 3 };

struct record {
	unsigned type;
	uint16_t id;
	size_t content_len;
	size_t total_len;
	const unsigned char *content;
};

void record_scan_init(struct record_scan *s)
{
	*s = (struct record_scan){.pair = PAIR_NAME_LEN};
}

static void reply_header(struct record_scan *s, unsigned type, uint16_t id, size_t content_len)
{
	const unsigned char header[RECORD_HEADER_BYTES] = {
	    1, (unsigned char)type, (unsigned char)(id >> 8), (unsigned char)id,
	    (unsigned char)(content_len >> 8), (unsigned char)content_len, 0, 0};
	memcpy(s->reply, header, sizeof(header));
	s->reply_len = sizeof(header) + content_len;
}

static void reply_end(struct record_scan *s, uint16_t id, unsigned protocol_status)
{
	memset(s->reply + RECORD_HEADER_BYTES, 0, 8);
	s->reply[RECORD_HEADER_BYTES + 4] = (unsigned char)protocol_status;
	reply_header(s, REC_END, id, 8);
}

static void reply_unknown_type(struct record_scan *s, unsigned type)
{
	memset(s->reply + RECORD_HEADER_BYTES, 0, 8);
	s->reply[RECORD_HEADER_BYTES] = (unsigned char)type;
	reply_header(s, REC_UNKNOWN_TYPE, 0, 8);
}

/* What FCGI_GET_VALUES may ask (section 4.1). One request at a time on each connection. */
static const struct {
	const char *name;
	const char *value;
} variables[] = {
	{"FCGI_MAX_CONNS", "512"},
	{"FCGI_MAX_REQS", "512"},
	{"FCGI_MPXS_CONNS", "0"},
};
#define VARIABLES (sizeof(variables) / sizeof(variables[0]))

/* Each variable at most once, however often it is asked for: the reply has a fixed size. */
static bool reply_values(struct record_scan *s, const struct record *r)
{
	bool asked[VARIABLES] = {false};
	for (size_t at = 0; at < r->content_len;) {
		/* names of variables are short: longer lengths are nothing we know */
		size_t name_len = r->content[at++];
		if (name_len > 127 || at == r->content_len || r->content[at] > 127)
			return false;
		size_t value_len = r->content[at++];
		if (r->content_len - at < name_len + value_len)
			return false;
		for (size_t i = 0; i < VARIABLES; i++)
			if (strlen(variables[i].name) == name_len &&
			    !memcmp(r->content + at, variables[i].name, name_len))
				asked[i] = true;
		at += name_len + value_len;
	}
	size_t len = 0;
	for (size_t i = 0; i < VARIABLES; i++) {
		if (!asked[i])
			continue;
		unsigned char *p = s->reply + RECORD_HEADER_BYTES + len;
		size_t name_len = strlen(variables[i].name), value_len = strlen(variables[i].value);
		p[0] = (unsigned char)name_len;
		p[1] = (unsigned char)value_len;
		memcpy(p + 2, variables[i].name, name_len);
		memcpy(p + 2 + name_len, variables[i].value, value_len);
		len += 2 + name_len + value_len;
	}
	reply_header(s, REC_GET_VALUES_RESULT, 0, len);
	return true;
}

/* One byte of a length field: 1 byte below 0x80, else 4 bytes (section 3.4). True when it is complete. */
static bool pair_length_byte(struct record_scan *s, unsigned char byte)
{
	if (!s->len_have) {
		s->len_want = byte & 0x80 ? 4 : 1;
		s->len_now = byte & 0x7f;
	} else {
		s->len_now = s->len_now << 8 | byte;
	}
	if (++s->len_have < s->len_want)
		return false;
	s->len_have = 0;
	return true;
}

/* Behind both lengths. False if they cannot be. */
static bool pair_open(struct record_scan *s)
{
	if (s->name_len > REQUEST_PARAMS_MAX_BYTES || s->value_len > REQUEST_PARAMS_MAX_BYTES)
		return false;
	if (!s->name_len)
		s->malformed = true;
	s->pair = s->name_len ? PAIR_NAME : s->value_len ? PAIR_VALUE : PAIR_NAME_LEN;
	s->need_bytes = s->name_len ? s->name_len : s->value_len;
	return true;
}

static bool pair_length(struct record_scan *s, unsigned char byte)
{
	if (!pair_length_byte(s, byte))
		return true;
	if (s->pair == PAIR_NAME_LEN) {
		s->name_len = s->len_now;
		s->pair = PAIR_VALUE_LEN;
		return true;
	}
	s->value_len = s->len_now;
	return pair_open(s);
}

static bool pairs_feed(struct record_scan *s, const unsigned char *p, size_t n)
{
	while (n) {
		if (s->pair == PAIR_NAME_LEN || s->pair == PAIR_VALUE_LEN) {
			if (!pair_length(s, *p))
				return false;
			p++;
			n--;
			continue;
		}
		size_t take = n < s->need_bytes ? n : s->need_bytes;
		if (memchr(p, '\0', take) || (s->pair == PAIR_NAME && memchr(p, '=', take)))
			s->malformed = true;
		p += take;
		n -= take;
		s->need_bytes -= take;
		if (s->need_bytes)
			continue;
		bool to_value = s->pair == PAIR_NAME && s->value_len;
		s->need_bytes = to_value ? s->value_len : 0;
		s->pair = to_value ? PAIR_VALUE : PAIR_NAME_LEN;
	}
	return true;
}

static enum record_verdict scan_cut(struct record_scan *s, const struct record *r)
{
	s->cut_at = s->at;
	s->cut_bytes = r->total_len;
	return RECORD_CUT;
}

static enum record_verdict scan_management(struct record_scan *s, const struct record *r)
{
	if (r->type == REC_BEGIN)
		return RECORD_BAD;
	if (r->type != REC_GET_VALUES)
		reply_unknown_type(s, r->type);
	else if (!reply_values(s, r))
		return RECORD_BAD;
	return scan_cut(s, r);
}

static enum record_verdict scan_begin(struct record_scan *s, const struct record *r)
{
	if (r->content_len != 8)
		return RECORD_BAD;
	if (s->begun && r->id == s->id)
		return RECORD_BAD;
	if (s->begun) {
		reply_end(s, r->id, END_CANT_MPX);
		return scan_cut(s, r);
	}
	if ((r->content[0] << 8 | r->content[1]) != ROLE_RESPONDER) {
		reply_end(s, r->id, END_UNKNOWN_ROLE);
		return RECORD_BAD;
	}
	s->begun = true;
	s->id = r->id;
	s->keep = r->content[2] & 1;
	return RECORD_MORE;
}

static enum record_verdict scan_params(struct record_scan *s, const struct record *r)
{
	if (s->params_done)
		return RECORD_BAD;
	if (!r->content_len) {
		/* the stream may not end inside a pair */
		if (s->pair != PAIR_NAME_LEN || s->len_have)
			return RECORD_BAD;
		size_t padding = r->total_len - RECORD_HEADER_BYTES;
		if (padding) {
			s->cut_at = s->at + RECORD_HEADER_BYTES;
			s->cut_bytes = padding;
			return RECORD_CUT;
		}
		s->params_done = true;
		return RECORD_MORE;
	}
	s->params_bytes += r->content_len;
	if (s->params_bytes > REQUEST_PARAMS_MAX_BYTES || !pairs_feed(s, r->content, r->content_len))
		return RECORD_BAD;
	return RECORD_MORE;
}

static enum record_verdict scan_stdin(struct record_scan *s, const struct record *r)
{
	if (!s->params_done)
		return RECORD_BAD;
	if (!r->content_len)
		return RECORD_WHOLE;
	s->stdin_bytes += r->content_len;
	if (s->stdin_bytes > RECORD_DROP_MAX_BYTES)
		return RECORD_BAD;
	/* One byte above the maximum is enough for the answer 413. */
	return s->stdin_bytes > FRONT_BODY_MAX_BYTES + 65536 ? scan_cut(s, r) : RECORD_MORE;
}

static enum record_verdict scan_one(struct record_scan *s, const struct record *r)
{
	if (!r->id)
		return scan_management(s, r);
	if (r->type == REC_BEGIN)
		return scan_begin(s, r);
	if (!s->begun)
		/* a late abort of a request that was answered is in order, all else is not */
		return r->type == REC_ABORT ? scan_cut(s, r) : RECORD_BAD;
	if (r->id != s->id)
		/* of a request that we refused to multiplex */
		return scan_cut(s, r);
	if (r->type == REC_PARAMS)
		return scan_params(s, r);
	if (r->type == REC_STDIN)
		return scan_stdin(s, r);
	if (r->type == REC_ABORT)
		reply_end(s, r->id, END_COMPLETE);
	return RECORD_BAD;
}

enum record_verdict record_scan(struct record_scan *s, const unsigned char *p, size_t len)
{
	s->reply_len = 0;
	while (len - s->at >= RECORD_HEADER_BYTES) {
		const unsigned char *h = p + s->at;
		if (h[0] != 1)
			return RECORD_BAD;
		struct record r = {
		    .type = h[1],
		    .id = (uint16_t)(h[2] << 8 | h[3]),
		    .content_len = (size_t)(h[4] << 8 | h[5]),
		    .content = h + RECORD_HEADER_BYTES,
		};
		r.total_len = RECORD_HEADER_BYTES + r.content_len + h[6];
		if (len - s->at < r.total_len)
			return RECORD_MORE;
		enum record_verdict v = scan_one(s, &r);
		if (v == RECORD_MORE || v == RECORD_WHOLE)
			s->at += r.total_len;
		if (v != RECORD_MORE)
			return v;
	}
	return s->at < len && p[s->at] != 1 ? RECORD_BAD : RECORD_MORE;
}

size_t record_cut(const struct record_scan *s, unsigned char *p, size_t len)
{
	if (s->cut_at != s->at)
		p[s->at + 6] = 0; /* only padding goes: the header must not announce it */
	memmove(p + s->cut_at, p + s->cut_at + s->cut_bytes, len - s->cut_at - s->cut_bytes);
	return len - s->cut_bytes;
}

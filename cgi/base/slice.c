#include "base/slice.h"

#include <limits.h>
#include <string.h>

struct slice slice_from(const char *cstr)
{
	return cstr ? (struct slice){ cstr, strlen(cstr) } : (struct slice){ NULL, 0 };
}

struct slice slice_make(const void *ptr, size_t len)
{
	return (struct slice){ ptr, len };
}

/* memcmp() on NULL is undefined even for no bytes. */
static bool bytes_eq(const char *a, const char *b, size_t n)
{
	return n == 0 || memcmp(a, b, n) == 0;
}

bool slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && bytes_eq(a.ptr, b.ptr, a.len);
}

bool slice_eq_str(struct slice a, const char *b)
{
	/* most differ here, and their length need not be known */
	if (a.len && a.ptr[0] != b[0])
		return false;
	return slice_eq(a, slice_from(b));
}

/* Not tolower(): that asks the locale. */
static char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool slice_ieq(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		if (ascii_lower(a.ptr[i]) != ascii_lower(b.ptr[i]))
			return false;
	}
	return true;
}

bool slice_starts(struct slice a, struct slice prefix)
{
	return a.len >= prefix.len && bytes_eq(a.ptr, prefix.ptr, prefix.len);
}

bool slice_ends(struct slice a, struct slice suffix)
{
	if (suffix.len == 0)
		return true;
	return a.len >= suffix.len && bytes_eq(a.ptr + (a.len - suffix.len), suffix.ptr, suffix.len);
}

size_t slice_find(struct slice a, char c, size_t from)
{
	if (from >= a.len)
		return a.len;
	const char *hit = memchr(a.ptr + from, c, a.len - from);
	return hit ? (size_t)(hit - a.ptr) : a.len;
}

struct slice slice_sub(struct slice a, size_t from, size_t len)
{
	if (!a.ptr)
		return a;
	if (from > a.len)
		from = a.len;
	if (len > a.len - from)
		len = a.len - from;
	return (struct slice){ a.ptr + from, len };
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice a)
{
	while (a.len > 0 && is_blank(a.ptr[0])) {
		a.ptr++;
		a.len--;
	}
	while (a.len > 0 && is_blank(a.ptr[a.len - 1]))
		a.len--;
	return a;
}

bool slice_split(struct slice *rest, char sep, struct slice *piece)
{
	if (!rest->ptr)
		return false;
	size_t at = slice_find(*rest, sep, 0);
	*piece = (struct slice){ rest->ptr, at };
	/* An empty rest with a pointer is one more piece ("a,"); without, it is the end. */
	if (at == rest->len)
		*rest = (struct slice){ NULL, 0 };
	else
		*rest = (struct slice){ rest->ptr + at + 1, rest->len - at - 1 };
	return true;
}

bool slice_u64(struct slice a, unsigned long long *out)
{
	unsigned long long n = 0;

	if (a.len == 0)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		if (a.ptr[i] < '0' || a.ptr[i] > '9')
			return false;
		unsigned digit = (unsigned)(a.ptr[i] - '0');
		if (n > (ULLONG_MAX - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*out = n;
	return true;
}

bool slice_copy(struct slice a, char *dst, size_t dst_bytes)
{
	if (dst_bytes == 0)
		return false;
	dst[0] = '\0';
	if (a.len >= dst_bytes || (a.len > 0 && memchr(a.ptr, '\0', a.len)))
		return false;
	if (a.len > 0)
		memcpy(dst, a.ptr, a.len);
	dst[a.len] = '\0';
	return true;
}

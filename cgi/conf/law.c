#include "conf/law.h"
#include <string.h>
#include "conf/law_rule_table.h"
#include "conf/law_ruling_table.h"
#include "conf/law_words_table.h"

#define COUNT(t) (sizeof(t) / sizeof((t)[0]))
#define VALUE_MAX_BYTES 120

/* All three kinds begin with their id. */
static const void *law_find(const void *table, size_t n, size_t size, const char *id)
{
	for (size_t i = 0; i < n; i++) {
		const void *row = (const char *)table + i * size;

		if (strcmp(*(const char *const *)row, id) == 0)
			return row;
	}
	return NULL;
}

const struct law_rule *law_rule_find(const char *id)
{
	return law_find(LAW_RULE_TABLE, COUNT(LAW_RULE_TABLE), sizeof(LAW_RULE_TABLE[0]), id);
}

const struct law_rule *law_rule_at(size_t i)
{
	return i < COUNT(LAW_RULE_TABLE) ? &LAW_RULE_TABLE[i] : NULL;
}

const struct law_words *law_words_find(const char *id)
{
	return law_find(LAW_WORDS_TABLE, COUNT(LAW_WORDS_TABLE), sizeof(LAW_WORDS_TABLE[0]), id);
}

const struct law_words *law_words_at(size_t i)
{
	return i < COUNT(LAW_WORDS_TABLE) ? &LAW_WORDS_TABLE[i] : NULL;
}

const struct law_ruling *law_ruling_find(const char *id)
{
	return law_find(LAW_RULING_TABLE, COUNT(LAW_RULING_TABLE), sizeof(LAW_RULING_TABLE[0]), id);
}

const struct law_ruling *law_ruling_at(size_t i)
{
	return i < COUNT(LAW_RULING_TABLE) ? &LAW_RULING_TABLE[i] : NULL;
}

const char *law_rulings_as_of(void)
{
	return LAW_RULING_AS_OF;
}

enum law_lang law_lang_of(const char *tag)
{
	if (!tag || strncmp(tag, "de", 2) != 0)
		return LAW_EN;
	return tag[2] == '\0' || tag[2] == '-' || tag[2] == '_' || tag[2] == '.' ? LAW_DE : LAW_EN;
}

static void law_value(struct buf *out, const char *value)
{
	size_t n = value ? strlen(value) : 0;

	if (n > VALUE_MAX_BYTES) {
		n = VALUE_MAX_BYTES;
		while (n && ((unsigned char)value[n] & 0xc0) == 0x80)
			n--;
	}
	if (n)
		buf_add_slice(out, slice_make(value, n));
}

void law_say(struct buf *out, const char *text, const char *const args[static LAW_ARGS_MAX])
{
	for (; *text; text++) {
		if (text[0] == '{' && text[1] >= '1' && text[1] <= '0' + LAW_ARGS_MAX && text[2] == '}') {
			law_value(out, args[text[1] - '1']);
			text += 2;
		} else {
			buf_add_char(out, *text);
		}
	}
}

#include "text/nobreak_priv.h"

#include <string.h>

#include "text/html.h"

/* Words behind a number. */
static const struct slice nobreak_units[] = {
	SLICE_LIT("Uhr"), SLICE_LIT("Jahr"), SLICE_LIT("Jahre"), SLICE_LIT("Jahren"), SLICE_LIT("Tag"),
	SLICE_LIT("Tage"), SLICE_LIT("Tagen"), SLICE_LIT("Stunde"), SLICE_LIT("Stunden"), SLICE_LIT("Minute"),
	SLICE_LIT("Minuten"), SLICE_LIT("Monat"), SLICE_LIT("Monate"), SLICE_LIT("Monaten"), SLICE_LIT("Woche"),
	SLICE_LIT("Wochen"), SLICE_LIT("Prozent"), SLICE_LIT("Euro"), SLICE_LIT("day"), SLICE_LIT("days"),
	SLICE_LIT("hour"), SLICE_LIT("hours"), SLICE_LIT("minute"), SLICE_LIT("minutes"), SLICE_LIT("month"),
	SLICE_LIT("months"), SLICE_LIT("week"), SLICE_LIT("weeks"), SLICE_LIT("year"), SLICE_LIT("years"),
};
/* Behind "21." */
static const struct slice nobreak_months_de[] = {
	SLICE_LIT("Januar"), SLICE_LIT("Jänner"), SLICE_LIT("Februar"), SLICE_LIT("März"), SLICE_LIT("April"),
	SLICE_LIT("Mai"), SLICE_LIT("Juni"), SLICE_LIT("Juli"), SLICE_LIT("August"), SLICE_LIT("September"),
	SLICE_LIT("Oktober"), SLICE_LIT("November"), SLICE_LIT("Dezember"),
};
/* Behind "21" */
static const struct slice nobreak_months_en[] = {
	SLICE_LIT("January"), SLICE_LIT("February"), SLICE_LIT("March"), SLICE_LIT("April"), SLICE_LIT("May"),
	SLICE_LIT("June"), SLICE_LIT("July"), SLICE_LIT("August"), SLICE_LIT("September"), SLICE_LIT("October"),
	SLICE_LIT("November"), SLICE_LIT("December"),
};
/* With a dot, before a number; and before a single letter. */
static const struct slice nobreak_before_number[] = {
	SLICE_LIT("Art"), SLICE_LIT("Abs"), SLICE_LIT("Nr"), SLICE_LIT("No"), SLICE_LIT("Ziff"), SLICE_LIT("Kap"),
	SLICE_LIT("Rn"), SLICE_LIT("Erwgr"),
};
static const struct slice nobreak_before_letter[] = {SLICE_LIT("Buchst"), SLICE_LIT("lit")};

#define NOBREAK_HAS(table, word) nobreak_has(table, sizeof(table) / sizeof(table)[0], word)

static bool nobreak_has(const struct slice *table, size_t n, struct slice word)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(table[i], word))
			return true;
	return false;
}

static bool nobreak_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Bytes of other letters count as letters: they are UTF-8 of umlauts and the like. */
static bool nobreak_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

/* The letters and digits that end before at. */
static struct slice nobreak_word_before(struct slice s, size_t at)
{
	size_t from = at;
	while (from > 0 && (nobreak_letter(s.ptr[from - 1]) || nobreak_digit(s.ptr[from - 1])))
		from--;
	return slice_sub(s, from, at - from);
}

static struct slice nobreak_word_after(struct slice s, size_t from)
{
	size_t at = from;
	while (at < s.len && nobreak_letter(s.ptr[at]))
		at++;
	return slice_sub(s, from, at - from);
}

static bool nobreak_day(struct slice word)
{
	return (word.len == 1 || word.len == 2) && nobreak_digit(word.ptr[0]) &&
	    nobreak_digit(word.ptr[word.len - 1]);
}

/* "word. |next" */
static bool nobreak_behind_dot(struct slice s, size_t at)
{
	struct slice word = nobreak_word_before(s, at - 1);
	struct slice next = nobreak_word_after(s, at + 1);
	bool dotted = at + 1 + next.len < s.len && s.ptr[at + 1 + next.len] == '.';
	if (nobreak_day(word))
		return NOBREAK_HAS(nobreak_months_de, next);
	if (word.len == 1)
		return next.len == 1 && dotted; /* e. V., z. B., d. h. */
	if (NOBREAK_HAS(nobreak_before_number, word))
		return nobreak_digit(s.ptr[at + 1]);
	return next.len == 1 && NOBREAK_HAS(nobreak_before_letter, word);
}

/* "14 |next" */
static bool nobreak_behind_number(struct slice s, size_t at)
{
	if (s.ptr[at + 1] == '%')
		return true;
	struct slice next = nobreak_word_after(s, at + 1);
	if (NOBREAK_HAS(nobreak_units, next) || slice_eq_str(next, "€"))
		return true;
	return nobreak_day(nobreak_word_before(s, at)) && NOBREAK_HAS(nobreak_months_en, next);
}

bool nobreak_at(struct slice s, size_t at)
{
	if (at == 0 || at + 1 >= s.len || s.ptr[at + 1] == ' ')
		return false;
	char prev = s.ptr[at - 1];
	if (prev == '.')
		return nobreak_behind_dot(s, at);
	if (nobreak_digit(prev))
		return nobreak_behind_number(s, at);
	return at >= 2 && prev == '\xA7' && s.ptr[at - 2] == '\xC2'; /* § in UTF-8 */
}

void nobreak_html_text(struct buf *out, struct slice s)
{
	size_t from = 0;
	for (size_t at = slice_find(s, ' ', 0); at < s.len; at = slice_find(s, ' ', at + 1)) {
		if (!nobreak_at(s, at))
			continue;
		html_text(out, slice_sub(s, from, at - from));
		buf_add(out, "\xC2\xA0", 2);
		from = at + 1;
	}
	html_text(out, slice_sub(s, from, s.len - from));
}

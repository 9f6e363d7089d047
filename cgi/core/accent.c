#include "core/accent.h"

#include <math.h>
#include <stdio.h>

#define LIGHT_SLIP "#f5f7f6"
#define DARK_SLIP "#232827"
#define WHITE "#ffffff"
#define BLACK "#000000"
#define INK "#0c100e"
#define TEXT_RATIO 4.5
#define LIGHT_RATIO 4.6
#define DARK_RATIO 5.6

struct rgb {
	int part[3];
};

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool accent_valid(struct slice hex)
{
	if (hex.len != 7 || hex.ptr[0] != '#')
		return false;
	for (size_t i = 1; i < hex.len; i++)
		if (hex_digit(hex.ptr[i]) < 0)
			return false;
	return true;
}

static struct rgb rgb_parse(struct slice hex)
{
	struct rgb c;

	for (size_t i = 0; i < 3; i++)
		c.part[i] = hex_digit(hex.ptr[1 + 2 * i]) * 16 + hex_digit(hex.ptr[2 + 2 * i]);
	return c;
}

static void rgb_hex(struct rgb c, char out[ACCENT_HEX_BYTES])
{
	snprintf(out, ACCENT_HEX_BYTES, "#%02x%02x%02x", (unsigned)c.part[0] & 255U, (unsigned)c.part[1] & 255U,
	    (unsigned)c.part[2] & 255U);
}

static bool rgb_same(struct rgb a, struct rgb b)
{
	return a.part[0] == b.part[0] && a.part[1] == b.part[1] && a.part[2] == b.part[2];
}

/* Relative luminance of WCAG 2.2, 0 (black) to 1 (white). */
static double rgb_luminance(struct rgb c)
{
	static const double weight[3] = {0.2126, 0.7152, 0.0722};
	double sum = 0;

	for (size_t i = 0; i < 3; i++) {
		double x = c.part[i] / 255.0;

		sum += weight[i] * (x <= 0.04045 ? x / 12.92 : pow((x + 0.055) / 1.055, 2.4));
	}
	return sum;
}

static double rgb_ratio(struct rgb a, struct rgb b)
{
	double x = rgb_luminance(a), y = rgb_luminance(b);

	return x > y ? (x + 0.05) / (y + 0.05) : (y + 0.05) / (x + 0.05);
}

/* percent of b in a; halves go to the even neighbour, so that the result does not drift to one side. */
static struct rgb rgb_mix(struct rgb a, struct rgb b, int percent)
{
	double t = percent / 100.0;
	struct rgb c;

	for (size_t i = 0; i < 3; i++)
		c.part[i] = (int)nearbyint(a.part[i] * (1 - t) + b.part[i] * t);
	return c;
}

/* The colour, moved towards pole no further than the contrast on ground asks for. */
static struct rgb rgb_towards(struct rgb colour, struct rgb pole, struct rgb ground, double want)
{
	for (int percent = 0; percent <= 100; percent++) {
		struct rgb c = rgb_mix(colour, pole, percent);

		if (rgb_ratio(c, ground) >= want)
			return c;
	}
	return pole;
}

static struct rgb rgb_on(struct rgb fill)
{
	struct rgb white = rgb_parse(SLICE(WHITE));

	return rgb_ratio(fill, white) >= TEXT_RATIO ? white : rgb_parse(SLICE(INK));
}

static struct rgb accent_parse(struct slice hex)
{
	return rgb_parse(accent_valid(hex) ? hex : SLICE(ACCENT_DEFAULT));
}

static void add_token(struct buf *out, const char *name, struct rgb value)
{
	char hex[ACCENT_HEX_BYTES];

	rgb_hex(value, hex);
	buf_printf(out, "--jawort-%s:%s", name, hex);
}

static void add_fill(struct buf *out, struct rgb fill)
{
	add_token(out, "accent", fill);
	buf_add_char(out, ';');
	add_token(out, "accent-text", rgb_on(fill));
}

void accent_css(struct buf *out, struct slice hex)
{
	struct rgb fill = accent_parse(hex);
	struct rgb link = rgb_towards(fill, rgb_parse(SLICE(BLACK)), rgb_parse(SLICE(LIGHT_SLIP)), LIGHT_RATIO);
	struct rgb dark = rgb_towards(fill, rgb_parse(SLICE(WHITE)), rgb_parse(SLICE(DARK_SLIP)), DARK_RATIO);
	bool own_link = !rgb_same(link, fill); /* the dark sheet must then take it back */

	buf_add_str(out, ":root{");
	add_fill(out, fill);
	if (own_link) {
		buf_add_char(out, ';');
		add_token(out, "link", link);
	}
	buf_add_str(out, "}@media(prefers-color-scheme:dark){:root{");
	add_fill(out, dark);
	if (own_link) {
		buf_add_char(out, ';');
		add_token(out, "link", dark);
	}
	buf_add_str(out, "}}");
}

struct accent_pair accent_pair(struct slice hex)
{
	struct rgb fill = accent_parse(hex);
	struct accent_pair p;

	rgb_hex(fill, p.fill);
	rgb_hex(rgb_on(fill), p.text);
	return p;
}

/*
 * mailpage: shows the mails of a folder as static pages, for the demo of `make run`.
 *     mailpage MAILS PAGES
 * reads MAILS/NAME.eml (as the provider "dir" writes them) and writes
 *     PAGES/index.html       the list, newest first; loads itself again every few seconds
 *     PAGES/NAME.html        heads, text part, and a frame with
 *     PAGES/NAME.part.html   the HTML part
 * A mail that has its page is not read into it again. Exit 0 done, 1 with a text.
 * A name sorts by time because it begins with the time. Not for foreign mails: it knows
 * what our own look like (RFC 2045 quoted-printable and base64, RFC 2047 words in UTF-8).
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAIL_MAX_BYTES (1024u * 1024u)
#define MAILS_MAX 2000
#define HEAD_MAX_BYTES 2000

struct mail {
	char from[HEAD_MAX_BYTES], to[HEAD_MAX_BYTES], subject[HEAD_MAX_BYTES], date[HEAD_MAX_BYTES];
	char lang[16];
	char *text, *html;
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "mailpage: %s: errno %d\n", what, errno);
	exit(1);
}

static void *memory(size_t n)
{
	void *p = calloc(1, n);
	if (!p)
		die("memory");
	return p;
}

static char *file_text(const char *path)
{
	FILE *f = fopen(path, "rb");
	char *s = memory(MAIL_MAX_BYTES + 1);
	if (!f)
		die(path);
	s[fread(s, 1, MAIL_MAX_BYTES, f)] = 0;
	fclose(f);
	/* lines end in LF from here on */
	char *to = s;
	for (const char *from = s; *from; from++)
		if (from[0] != '\r' || from[1] != '\n')
			*to++ = *from;
	*to = 0;
	return s;
}

static int hex(int c)
{
	const char *digits = "0123456789abcdef", *p = c ? strchr(digits, tolower(c)) : NULL;
	return p ? (int)(p - digits) : -1;
}

/* In place; word: the "Q" encoding of header fields, where "_" is a space. */
static void decode_qp(char *s, bool word)
{
	char *to = s;
	while (*s) {
		if (*s == '=' && s[1] == '\n') {
			s += 2;
		} else if (*s == '=' && hex(s[1]) >= 0 && hex(s[2]) >= 0) {
			*to++ = (char)(hex(s[1]) * 16 + hex(s[2]));
			s += 3;
		} else {
			*to++ = word && *s == '_' ? ' ' : *s;
			s++;
		}
	}
	*to = 0;
}

static void decode_base64(char *s)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned bits = 0, have = 0;
	char *to = s;
	for (; *s && *s != '='; s++) {
		const char *p = strchr(digits, *s);
		if (!p)
			continue;
		bits = bits << 6 | (unsigned)(p - digits);
		have += 6;
		if (have >= 8) {
			have -= 8;
			*to++ = (char)(bits >> have & 255);
		}
	}
	*to = 0;
}

/* "=?UTF-8?Q?...?=" words of a header field; white space between two words is dropped (RFC 2047 section 6.2). */
static void decode_words(char *s)
{
	char *to = s;
	bool after_word = false;
	while (*s) {
		char *mark = !strncasecmp(s, "=?utf-8?", 8) && s[8] && s[9] == '?' ? s + 10 : NULL;
		char *end = mark ? strstr(mark, "?=") : NULL;
		if (!end) {
			after_word = after_word && isspace((unsigned char)*s);
			*to++ = *s++;
			continue;
		}
		while (after_word && isspace((unsigned char)to[-1]))
			to--;
		*end = 0;
		if (toupper((unsigned char)s[8]) == 'B')
			decode_base64(mark);
		else
			decode_qp(mark, true);
		size_t n = strlen(mark);
		memmove(to, mark, n);
		to += n;
		s = end + 2;
		after_word = true;
	}
	*to = 0;
}

/* Value of a field of the head that ends at the first empty line; "" if it is not there. */
static void head_get(const char *part, const char *name, char dst[HEAD_MAX_BYTES])
{
	size_t len = strlen(name), n = 0;
	dst[0] = 0;
	for (const char *line = part; *line && *line != '\n';) {
		bool hit = !strncasecmp(line, name, len) && line[len] == ':';
		const char *p = hit ? line + len + 1 : line;
		do {
			for (; *p && *p != '\n'; p++)
				if (hit && n + 1 < HEAD_MAX_BYTES && (n || !isspace((unsigned char)*p)))
					dst[n++] = *p == '\t' ? ' ' : *p;
			p += *p == '\n';
		} while (*p == ' ' || *p == '\t');
		line = p;
		if (hit)
			break;
	}
	dst[n] = 0;
}

static void part_read(struct mail *m, char *part)
{
	char type[HEAD_MAX_BYTES], coding[HEAD_MAX_BYTES];
	char *body = strstr(part, "\n\n");
	head_get(part, "Content-Type", type);
	head_get(part, "Content-Transfer-Encoding", coding);
	body = body ? body + 2 : part + strlen(part);
	if (!strcasecmp(coding, "quoted-printable"))
		decode_qp(body, false);
	else if (!strcasecmp(coding, "base64"))
		decode_base64(body);
	if (!strncasecmp(type, "text/html", 9))
		m->html = body;
	else
		m->text = body;
}

static void mail_read(struct mail *m, char *s)
{
	char type[HEAD_MAX_BYTES], lang[HEAD_MAX_BYTES], mark[HEAD_MAX_BYTES + 8];
	head_get(s, "From", m->from);
	head_get(s, "To", m->to);
	head_get(s, "Subject", m->subject);
	head_get(s, "Date", m->date);
	head_get(s, "Content-Type", type);
	head_get(s, "Content-Language", lang);
	snprintf(m->lang, sizeof(m->lang), "%.15s", lang[0] ? lang : "de");
	decode_words(m->from);
	decode_words(m->subject);
	char *name = strstr(type, "boundary=\"");
	if (!name) {
		part_read(m, s);
		return;
	}
	name += strlen("boundary=\"");
	name[strcspn(name, "\"")] = 0;
	snprintf(mark, sizeof(mark), "\n--%s", name);
	char *part = strstr(s, mark);
	while (part && strncmp(part + strlen(mark), "--", 2) != 0) {
		char *start = part + strlen(mark), *next = strstr(start, mark);
		start += *start == '\n';
		if (next)
			*next = 0;
		part_read(m, start);
		if (next)
			*next = '\n';
		part = next;
	}
}

static void put_char(FILE *f, int c)
{
	const char *names[] = {['<'] = "&lt;", ['>'] = "&gt;", ['&'] = "&amp;", ['"'] = "&quot;"};
	if (c > 0 && c <= '>' && names[c])
		fputs(names[c], f);
	else
		fputc(c, f);
}

static void put(FILE *f, const char *s)
{
	for (; *s; s++)
		put_char(f, (unsigned char)*s);
}

/* Text with its addresses as links. */
static void put_linked(FILE *f, const char *s)
{
	while (*s) {
		size_t n = !strncmp(s, "http://", 7) || !strncmp(s, "https://", 8) ? strcspn(s, " \n\t<>\"") : 0;
		if (!n) {
			put_char(f, (unsigned char)*s++);
			continue;
		}
		fputs("<a href=\"", f);
		for (size_t i = 0; i < n; i++)
			put_char(f, (unsigned char)s[i]);
		fputs("\">", f);
		for (; n; n--)
			put_char(f, (unsigned char)*s++);
		fputs("</a>", f);
	}
}

static FILE *page_open(const char *path, const char *title, const char *more)
{
	FILE *f = fopen(path, "w");
	if (!f)
		die(path);
	fputs("<!doctype html>\n<html lang=\"de\">\n<head>\n<meta charset=\"utf-8\">\n<title>", f);
	put(f, title);
	fprintf(f, "</title>\n<meta name=\"viewport\" content=\"width=device-width\">\n%s"
	    "<link rel=\"stylesheet\" href=\"/j/jawort.css\">\n<link rel=\"stylesheet\" href=\"/style.css\">\n"
	    "<style>pre{white-space:pre-wrap;overflow-wrap:anywhere}iframe{width:100%%;height:60rem;border:1px solid}"
	    "dd{margin:0 0 .5rem;overflow-wrap:anywhere}</style>\n"
	    "</head>\n<body>\n<header><strong>Postfach auf diesem Rechner</strong> <a href=\"/\">Zur Startseite</a> "
	    "<a href=\"/en/\" hreflang=\"en\" lang=\"en\">English site</a></header>\n<main>\n", more);
	return f;
}

/* A page appears whole or not at all. */
static void page_close(FILE *f, const char *path, const char *final)
{
	fputs("</main>\n</body>\n</html>\n", f);
	if (fclose(f) || rename(path, final))
		die(final);
}

static void part_write(const char *path, const char *html)
{
	const char *head = strstr(html, "<head>");
	FILE *f = fopen(path, "w");
	if (!f)
		die(path);
	/* A link leaves the frame. */
	fprintf(f, "%.*s<base target=\"_top\">%s", head ? (int)(head + 6 - html) : 0, html, head ? head + 6 : html);
	if (fclose(f))
		die(path);
}

static void mail_write(const struct mail *m, const char *dir, const char *name)
{
	char tmp[4096], final[4096], part[4096];
	snprintf(tmp, sizeof(tmp), "%s/%s.new", dir, name);
	snprintf(final, sizeof(final), "%s/%s.html", dir, name);
	snprintf(part, sizeof(part), "%s/%s.part.html", dir, name);
	if (m->html)
		part_write(part, m->html);
	FILE *f = page_open(tmp, m->subject, "");
	const char *rows[][2] = {{"Von", m->from}, {"An", m->to}, {"Datum", m->date}};
	fprintf(f, "<p><a href=\"/mails/\">Alle Mails</a></p>\n<h1 lang=\"%s\">", m->lang);
	put(f, m->subject);
	fputs("</h1>\n<dl>", f);
	for (size_t i = 0; i < 3; i++) {
		fprintf(f, "<dt>%s</dt><dd>", rows[i][0]);
		put(f, rows[i][1]);
		fputs("</dd>", f);
	}
	fputs("</dl>\n", f);
	if (m->text) {
		fprintf(f, "<h2>Als Text</h2>\n<pre lang=\"%s\">", m->lang);
		put_linked(f, m->text);
		fputs("</pre>\n", f);
	}
	if (m->html)
		fprintf(f, "<h2>Als Seite</h2>\n<iframe title=\"Die Mail als Seite\" "
		    "sandbox=\"allow-top-navigation-by-user-activation\" src=\"%s.part.html\"></iframe>\n", name);
	page_close(f, tmp, final);
}

static int newest_first(const void *a, const void *b)
{
	return strcmp(*(char *const *)b, *(char *const *)a);
}

/* Names without ".eml", only those that need no escaping anywhere. */
static size_t names_read(const char *dir, char **names)
{
	DIR *d = opendir(dir);
	size_t n = 0;
	if (!d)
		return 0; /* no mail yet */
	for (struct dirent *e; n < MAILS_MAX && (e = readdir(d));) {
		size_t len = strlen(e->d_name);
		if (len < 5 || e->d_name[0] == '.' || strcmp(e->d_name + len - 4, ".eml") != 0 ||
		    strspn(e->d_name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") != len)
			continue;
		names[n] = memory(len + 1);
		memcpy(names[n++], e->d_name, len - 4);
	}
	closedir(d);
	qsort(names, n, sizeof(*names), newest_first);
	return n;
}

static void list_row(FILE *f, const char *mails, const char *pages, const char *name)
{
	char path[4096];
	struct stat st;
	snprintf(path, sizeof(path), "%s/%s.eml", mails, name);
	char *s = file_text(path);
	struct mail *m = memory(sizeof(*m));
	mail_read(m, s);
	snprintf(path, sizeof(path), "%s/%s.html", pages, name);
	if (stat(path, &st))
		mail_write(m, pages, name);
	fprintf(f, "<li><a lang=\"%s\" href=\"%s.html\">", m->lang, name);
	put(f, m->subject);
	fputs("</a><br>", f);
	put(f, m->to);
	fputs(", ", f);
	put(f, m->date);
	fputs("</li>\n", f);
	free(m);
	free(s);
}

int main(int argc, char **argv)
{
	char tmp[4096], final[4096];
	char **names = memory(MAILS_MAX * sizeof(*names));
	if (argc != 3) {
		fputs("usage: mailpage MAILS PAGES\n", stderr);
		return 2;
	}
	if (mkdir(argv[2], 0755) && errno != EEXIST)
		die(argv[2]);
	snprintf(tmp, sizeof(tmp), "%s/index.new", argv[2]);
	snprintf(final, sizeof(final), "%s/index.html", argv[2]);
	size_t n = names_read(argv[1], names);
	FILE *f = page_open(tmp, "Postfach", "<meta http-equiv=\"refresh\" content=\"3\">\n");
	fputs("<h1>Postfach</h1>\n<p>Diese Mails hat Jawort geschrieben. Keine davon hat den Rechner verlassen.</p>\n"
	    "<p lang=\"en\">Jawort wrote these emails. None of them has left this machine.</p>\n", f);
	if (!n)
		fputs("<p>Noch keine Mail. <span lang=\"en\">No email yet.</span></p>\n", f);
	else
		fputs("<ol>\n", f);
	for (size_t i = 0; i < n; i++) {
		list_row(f, argv[1], argv[2], names[i]);
		free(names[i]);
	}
	if (n)
		fputs("</ol>\n", f);
	page_close(f, tmp, final);
	free(names);
	return 0;
}

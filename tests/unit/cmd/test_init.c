/*
 * `jawort init` as an owner meets it: on a terminal of its own (a pseudo-terminal), by options and by a file of
 * answers; what it writes is loaded again, never only looked at.
 */
#include "cmd/init_priv.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/file.h"
#include "conf/country.h"
#include "conf/key.h"
#include "text/utf8.h"

#define OUT_BYTES 400000
#define PROMPT "   > "
#define END "\x04" /* Ctrl-D */
#define TALK_MAX_MS 30000

static char dir[] = "/tmp/jawort-test-init-XXXXXX";
static char conf_path[80], site_path[80], out[OUT_BYTES];

static int up(void **state)
{
	struct errinfo ei = {0};

	(void)state;
	assert_int_equal(crypt_init(&ei), OK);
	clock_set_ms(INT64_C(1795270509123)); /* 21 November 2026: what was looked at in November is fresh */
	return 0;
}

static void sweep(const char *path)
{
	const char *argv[] = {"rm", "-rf", path, NULL};
	pid_t pid = fork();

	if (pid == 0) {
		execvp("rm", (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

static int fresh(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/jawort-test-init-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(conf_path, sizeof(conf_path), "%s/jawort.yaml", dir);
	snprintf(site_path, sizeof(site_path), "%s/sites/verein.yaml", dir);
	return 0;
}

static int gone(void **state)
{
	(void)state;
	sweep(dir);
	return 0;
}

static size_t entries(const char *path)
{
	DIR *d = opendir(path);
	size_t n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n > 2 ? n - 2 : 0;
}

/*
 * Runs the verb on a pseudo-terminal and answers each prompt with the next line; what it prints is in out. Without
 * answers left the terminal says that the input has ended.
 */
static int talk(const struct cmd_args *a, const char *const *lines, size_t nlines)
{
	struct winsize size = {.ws_row = 24, .ws_col = 80};
	size_t len = 0, seen = 0, next = 0;
	int fd, status = 0;
	pid_t pid = forkpty(&fd, NULL, NULL, &size);

	assert_true(pid >= 0);
	if (pid == 0) {
		int rc = cmd_init(a);
		fflush(stdout);
		_exit(rc);
	}
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t n;
		const char *prompt;

		if (poll(&p, 1, TALK_MAX_MS) <= 0) {
			kill(pid, SIGKILL);
			fail_msg("no answer; the end of what was said: %s", out + (len > 400 ? len - 400 : 0));
		}
		n = read(fd, out + len, OUT_BYTES - 1 - len);
		if (n <= 0)
			break;
		len += (size_t)n;
		out[len] = '\0';
		prompt = strstr(out + seen, PROMPT);
		if (!prompt || strchr(prompt, '\n'))
			continue;
		seen = len;
		if (next < nlines) {
			const char *line = lines[next++];
			assert_int_equal(write(fd, line, strlen(line)), (ssize_t)strlen(line));
			if (strcmp(line, END) != 0)
				assert_int_equal(write(fd, "\n", 1), 1);
		} else {
			assert_int_equal(write(fd, END, 1), 1);
		}
	}
	close(fd);
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void has(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("\"%s\" is missing in: %s", what, text);
}

static char *slurp(const char *path)
{
	static struct buf b;
	struct errinfo ei = {0};

	buf_free(&b);
	buf_init(&b, 1u << 20);
	if (file_read(&b, path, &ei))
		fail_msg("%s", ei.text);
	buf_add_char(&b, '\0');
	return b.data;
}

/* Loads what was written; errors: how many there must be. */
static struct conf *load(size_t errors)
{
	const struct conf_opts o = {.path = conf_path};
	struct conf_report rep;
	struct errinfo ei = {0};
	struct conf *c = NULL;

	conf_report_init(&rep);
	if (conf_load(&o, &c, &rep, &ei))
		fail_msg("%s", ei.text);
	for (size_t i = 0; i < rep.n; i++)
		if (rep.items[i].severity == CONF_ERROR && !errors)
			fail_msg("%s:%d: %s", rep.items[i].file, rep.items[i].line, rep.items[i].text);
	assert_int_equal(conf_report_count(&rep, CONF_ERROR), errors);
	conf_report_free(&rep);
	return c;
}

/* ---- the dialogue */

/* A club with Mailjet and a website at a host in the USA; wrong answers on the way. */
static const char *const CLUB[] = {
	"", "Turnverein Musterstadt e. V.",
	"Musterweg 2", "Musterweg 2, 10115 Berlin",
	"Preußen", "",
	"post", "no-reply@verein.example.org", "post@verein.example.org",
	"Vereinspost:", "Vereinspost: Termine, Berichte",
	"",
	"http://www.verein.example.org", "www.verein.example.org",
	"9", "1",
	"3",
	"Irgendwer", "GitHub",
	"https://www.verein.example.org/j", "",
	"x", "5", "Vereinsbrief: Termine", "",
};
#define CLUB_COUNT (sizeof(CLUB) / sizeof(CLUB[0]))

static const struct cmd_args *in_german(void)
{
	static struct cmd_args a;

	a = (struct cmd_args){.conf = conf_path, .lang = "de"};
	return &a;
}

static void test_club_on_a_terminal(void **state)
{
	static const char *const said[] = {"Hier fehlt die Antwort.", "Straße und Ort mit einem Komma", "ist kein Bundesland",
		"keine gültige Mail-Adresse", "kann niemand antworten", "Titel und Inhalt", "Bitte https:// schreiben",
		"steht nicht zur Wahl", "kennt Jawort nicht", "braucht einen Namen für diesen Server",
		"eine Nummer von 1 bis 11", "[Berlin]", "<jawort-form src=\"https://abo.verein.example.org/j/s/news\">",
		"<script type=\"module\" src=\"https://abo.verein.example.org/j/jawort.js\">", "init --confirm"};
	struct conf *c;
	const struct conf_site *s;

	(void)state;
	assert_int_equal(talk(in_german(), CLUB, CLUB_COUNT), CMD_DONE);
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
		has(out, said[i]);
	c = load(0);
	s = conf_site_by_id(c, "verein");
	assert_non_null(s);
	assert_int_equal(s->mode, CONF_TRY_OUT);
	assert_string_equal(s->controller.name, "Turnverein Musterstadt e. V.");
	assert_string_equal(s->controller.represented_by, "den Vorstand");
	assert_int_equal(s->controller.address.n, 2);
	assert_string_equal(s->controller.country, "DE");
	assert_string_equal(s->controller.state, "BE");
	assert_string_equal(s->base_url, "https://abo.verein.example.org/j");
	assert_string_equal(s->origins.v[0], "https://www.verein.example.org");
	assert_string_equal(conf_text_get(&s->purposes[0].title, "de"), "Vereinsbrief");
	assert_string_equal(conf_text_get(&s->purposes[0].content, "de"), "Termine");
	assert_string_equal(conf_text_get(&s->purposes[0].frequency, "de"), "etwa einmal im Monat");
	assert_string_equal(s->mail.route.v[0], "mailjet");
	assert_int_equal(s->nprocessors, 2);
	assert_string_equal(s->processors[0].contract_party, "??? Mailjet SAS");
	assert_true(s->processors[0].us_affiliate);
	assert_string_equal(s->processors[1].country, "US");
	assert_string_equal(s->processors[1].transfer.mechanism.v[0], "scc");
	conf_free(c);
	has(slurp(site_path), "# bitte bestätigen");
	snprintf(out, sizeof(out), "%s/nginx/verein.conf", dir);
	has(slurp(out), "location ^~ /j/");
}

/* 80 columns, but for what cannot be broken: addresses and paths. */
static void test_fits_eighty_columns(void **state)
{
	struct slice rest, line;

	(void)state;
	assert_int_equal(talk(in_german(), CLUB, CLUB_COUNT), CMD_DONE);
	rest = slice_from(out);
	while (slice_split(&rest, '\n', &line)) {
		line = slice_trim(line);
		if (utf8_count(line) > 80 && !memmem(line.ptr, line.len, "/", 1))
			fail_msg("%zu columns: %.*s", utf8_count(line), SLICE_FMT(line));
	}
}

/* Wherever the input ends, nothing is there that was not there before. */
static void test_end_of_input_leaves_nothing(void **state)
{
	const char *lines[CLUB_COUNT + 1];

	(void)state;
	for (size_t n = 0; n < CLUB_COUNT; n++) {
		memcpy(lines, CLUB, n * sizeof(lines[0]));
		lines[n] = n % 2 ? END : "q"; /* "q" is an answer like any other, but in the overview */
		assert_int_equal(talk(in_german(), lines, n + 1), CMD_FAILED);
		has(out, "Es wurde nichts geschrieben.");
		assert_int_equal(entries(dir), 0);
	}
}

static void test_line_that_is_too_long_or_unseen(void **state)
{
	static char longer[INIT_ANSWER_BYTES + 50];
	const char *const lines[] = {longer, "a\x1b[31mb", "\xff\xfe", "e\xe2\x80\xae", "Verein"};

	(void)state;
	memset(longer, 'a', sizeof(longer) - 1);
	assert_int_equal(talk(in_german(), lines, 5), CMD_FAILED);
	has(out, "Das ist zu lang: höchstens 400 Zeichen.");
	has(out, "Zeichen, die man nicht sieht");
	has(out, "2/9"); /* and then went on */
}

/* ---- options and files */

static struct cmd_args firm_args(void)
{
	struct cmd_args a = {.conf = conf_path, .lang = "en", .yes = true};

	a.answer[INIT_WHO] = "Muster \"Werkzeuge\" \\ GmbH";
	a.answer[INIT_ADDRESS] = "Werkstr. 1, 80331 München";
	a.answer[INIT_FROM] = "post@firma.example.org";
	a.answer[INIT_WHAT] = "News: tools: and courses";
	a.answer[INIT_URL] = "https://www.verein.example.org/";
	a.answer[INIT_PROVIDER] = conf_key_find(false, "mail.brevo.key_file") ? "brevo" : "mailjet";
	a.answer[INIT_HOSTING] = "rented";
	a.answer[INIT_HOST] = "hetzner";
	return a;
}

/* A firm with a provider and a German host. */
static void test_firm_by_options(void **state)
{
	struct cmd_args a = firm_args();
	const struct conf_site *s;
	struct conf *c;

	(void)state;
	assert_int_equal(talk(&a, NULL, 0), CMD_DONE);
	assert_null(strstr(out, PROMPT));
	c = load(0);
	s = conf_site_by_id(c, "verein");
	assert_string_equal(s->controller.name, "Muster \"Werkzeuge\" \\ GmbH");
	assert_string_equal(s->controller.represented_by, "its managing directors");
	assert_string_equal(s->controller.state, "BY");
	assert_string_equal(s->base_url, "https://www.verein.example.org/j");
	assert_string_equal(conf_text_get(&s->purposes[0].content, "en"), "tools: and courses");
	assert_int_equal(s->hosting_kind, CONF_NAMED);
	assert_string_equal(s->hosting.contract_party, "??? Hetzner Online GmbH");
	assert_string_equal(s->hosting.country, "DE");
	assert_string_equal(s->mail.route.v[0], a.answer[INIT_PROVIDER]);
	conf_free(c);
}

static void test_nothing_is_written_twice(void **state)
{
	struct cmd_args a = firm_args();
	struct conf *c;
	char *before;

	(void)state;
	assert_int_equal(talk(&a, NULL, 0), CMD_DONE);
	before = strdup(slurp(site_path));
	a.answer[INIT_WHO] = "Somebody else";
	assert_int_equal(talk(&a, NULL, 0), CMD_FAILED);
	has(out, "Nothing was written");
	assert_string_equal(slurp(site_path), before);
	free(before);
	/* a further site goes beside it */
	a.answer[INIT_URL] = "https://other.example.org";
	assert_int_equal(talk(&a, NULL, 0), CMD_DONE);
	has(out, "other.conf");
	assert_null(strstr(out, "http.conf"));
	c = load(0);
	assert_int_equal(c->nsites, 2);
	conf_free(c);
}

static void test_n_writes_nothing(void **state)
{
	struct cmd_args a = firm_args();

	(void)state;
	a.dry = true;
	assert_int_equal(talk(&a, NULL, 0), CMD_DONE);
	has(out, "controller:");
	assert_int_equal(entries(dir), 0);
}

/* What cannot be written completely is not written at all: a file is where a folder must be. */
static void test_failure_takes_back(void **state)
{
	struct cmd_args a = firm_args();
	struct errinfo ei = {0};
	char path[100];

	(void)state;
	snprintf(path, sizeof(path), "%s/nginx/verein.conf", dir);
	snprintf(out, sizeof(out), "%s/nginx", dir);
	assert_int_equal(file_mkdir(out, 0755, &ei), OK);
	assert_int_equal(file_create(path, SLICE("mine"), 0644, &ei), OK);
	assert_int_equal(talk(&a, NULL, 0), CMD_FAILED);
	assert_false(file_exists(conf_path));
	assert_false(file_exists(site_path));
	assert_string_equal(slurp(path), "mine");
}

static const struct {
	int line;
	const char *text, *says;
	int rc;
} FILES[] = {
	{__LINE__, "# all of it\nwho: Verein\naddress: Weg 1, 10115 Berlin\nfrom: post@verein.example.org\n"
	    "what: Post: Termine\nurl: www.verein.example.org\n", "Written:", CMD_DONE},
	{__LINE__, "who: Verein\n", "Missing: address, from, what, url", CMD_USAGE},
	{__LINE__, "who: Verein\nwho: Verein\n", ":2: \"who\" stands there twice", CMD_FAILED},
	{__LINE__, "who Verein\n", ":1: not \"key: value\"", CMD_FAILED},
	{__LINE__, "\n\nhwo: Verein\n", ":3: not \"key: value\"", CMD_FAILED},
	{__LINE__, "who: Verein\naddress: Weg\n", "address: Please put a comma", CMD_USAGE},
	{__LINE__, "who: Verein\nhosting: cloud\n", "Possible: self, rented, elsewhere", CMD_USAGE},
	{__LINE__, "who: \xff\n", "cannot be seen", CMD_USAGE},
};

static void test_answers_from_a_file(void **state)
{
	struct cmd_args a = {.conf = conf_path, .lang = "en", .yes = true};
	struct errinfo ei = {0};
	char path[100];

	(void)state;
	for (size_t i = 0; i < sizeof(FILES) / sizeof(FILES[0]); i++) {
		snprintf(path, sizeof(path), "%s.answers", dir);
		a.answers = path;
		assert_int_equal(file_write(path, slice_from(FILES[i].text), 0600, &ei), OK);
		if (talk(&a, NULL, 0) != FILES[i].rc || !strstr(out, FILES[i].says))
			fail_msg("row of line %d: %s", FILES[i].line, out);
		unlink(path);
		if (FILES[i].rc != CMD_DONE)
			assert_int_equal(entries(dir), 0);
		sweep(dir);
		assert_int_equal(file_mkdir(dir, 0700, &ei), OK);
	}
}

/* ---- confirming */

/*
 * Answers that bring questions with them: somebody is named as data protection officer, and a German host has a firm
 * in the USA that gets at the data. Neither needs an editor.
 */
static void test_confirm_brings_questions(void **state)
{
	const char *lines[64];
	size_t n = 0;
	struct cmd_args a = firm_args();
	struct conf *c;
	char *text;

	(void)state;
	assert_int_equal(talk(&a, NULL, 0), CMD_DONE);
	text = strdup(slurp(site_path));
	for (char *save = text, *l = text; (l = strchr(save, '\n')); save = l + 1) {
		*l = '\0';
		if (save[0] == '#' || !strstr(save, "  # please "))
			continue;
		if (strncmp(save, "dpo:", 4) == 0) {
			lines[n++] = "Jo Hansen, Werkstr. 1, dsb@firma.example.org, 80331 München";
		} else if (strstr(save, "us_affiliate: false") && strncmp(save, "  us", 4) == 0) {
			lines[n++] = "true";
			lines[n++] = "";
			lines[n++] = "";
			lines[n++] = "gestern"; /* asked again */
			lines[n++] = "2026-11-02";
		} else {
			lines[n++] = "-";
		}
	}
	free(text);
	a = (struct cmd_args){.conf = conf_path, .lang = "en", .confirm = true};
	assert_int_equal(talk(&a, lines, n), CMD_DONE);
	has(out, "hosting.transfer.tia_date is missing");
	has(out, "Confirmed: 5.");
	c = load(0);
	assert_string_equal(c->sites[0]->dpo.name, "Jo Hansen");
	assert_string_equal(c->sites[0]->dpo.email, "dsb@firma.example.org");
	assert_int_equal(c->sites[0]->dpo.address.n, 2);
	assert_true(c->sites[0]->hosting.us_affiliate);
	assert_string_equal(c->sites[0]->hosting.transfer.mechanism.v[0], "scc");
	assert_string_equal(c->sites[0]->hosting.transfer.tia_date.text, "2026-11-02");
	conf_free(c);
}

static void test_confirm_and_go_live(void **state)
{
	/* answers: represented, email, imprint, dpo; provider's and host's facts by Enter but for what is missing */
	const char *lines[64];
	size_t n = 0;
	struct cmd_args a = firm_args();
	struct errinfo ei = {0};
	struct conf *c;
	struct stat st;
	char key[100], *text;

	(void)state;
	a.answer[INIT_PROVIDER] = "mailjet";
	assert_int_equal(talk(&a, NULL, 0), CMD_DONE);
	a = (struct cmd_args){.conf = conf_path, .lang = "en", .confirm = true};
	/* open answers stay marked, and such a site cannot go live */
	for (size_t i = 0; i < 40; i++)
		lines[i] = "-";
	assert_int_equal(talk(&a, lines, 40), CMD_DONE);
	has(out, "Confirmed: 0. Open:");
	assert_null(strstr(out, "yes or no"));
	text = strdup(slurp(site_path));
	for (const char *p = text; (p = strstr(p, "please ")); p++)
		n++;
	assert_true(n > 20);
	/* the head of the file says both once */
	n -= 2;
	for (size_t i = 0; i < n; i++)
		lines[i] = "";
	{
		size_t i = 0;
		for (char *save = text, *l = text; (l = strchr(save, '\n')); save = l + 1) {
			*l = '\0';
			if (save[0] == '#' || !strstr(save, "  # please "))
				continue;
			if (strstr(save, "date: ?,") || strstr(save, "tia_date: ?") || strstr(save, "_on: ?"))
				lines[i] = "2026-11-01";
			else if (strstr(save, "[?]"))
				lines[i] = "DE";
			else if (strstr(save, "provider_list: ?"))
				lines[i] = "12345";
			else if (strstr(save, "retention: ?"))
				lines[i] = "90d";
			else if (strstr(save, "?  # please fill"))
				lines[i] = "https://firm.example.org/x";
			i++;
		}
		assert_int_equal(i, n);
	}
	free(text);
	lines[n] = "yes";
	snprintf(key, sizeof(key), "%s/provider/mailjet.key", dir);
	/* without the provider's key it is not even asked */
	assert_int_equal(talk(&a, lines, n), CMD_DONE);
	has(out, "mailjet.key");
	assert_int_equal(file_create(key, SLICE("key:secret\n"), 0600, &ei), OK);
	assert_null(strstr(slurp(site_path), "  # please "));
	assert_null(strstr(slurp(site_path), "\"???"));
	assert_int_equal(talk(&a, lines + n, 1), CMD_DONE);
	has(out, "nothing is left to confirm");
	has(out, "mode: live");
	has(out, "jawort config apply -c ");
	/* nothing is left that an owner without a lawyer could have forgotten; only the names are invented ones */
	for (char *p = out; (p = strstr(p, "     L")); p++)
		if (strncmp(p, "     L01: ", 10) != 0)
			fail_msg("%.300s", p);
	c = load(0);
	assert_int_equal(c->sites[0]->mode, CONF_LIVE);
	assert_string_equal(c->sites[0]->processors[0].contract_party, "Mailjet SAS");
	assert_string_equal(c->sites[0]->processors[0].contract.date.text, "2026-11-01");
	assert_string_equal(c->sites[0]->hosting.storage_locations.v[0], "DE");
	assert_false(c->sites[0]->hosting.us_affiliate);
	assert_string_equal(c->sites[0]->purposes[0].provider_list, "12345");
	assert_int_equal(c->sites[0]->nprocessors, 1);
	assert_int_equal(c->sites[0]->processors[0].retention.n, 90);
	assert_int_equal(c->sites[0]->mail.nhooks, 1);
	snprintf(key, sizeof(key), "%s/hooks/mailjet.secret", dir);
	assert_int_equal(strlen(slurp(key)), 48);
	assert_int_equal(stat(key, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	conf_free(c);
}

static void test_confirm_refuses_and_ends_cleanly(void **state)
{
	static const char *const lines[] = {"", "not an address", "ok@verein.example.org", "ftp://x", END};
	struct cmd_args a = firm_args();
	char *before;

	(void)state;
	assert_int_equal(talk(&a, NULL, 0), CMD_DONE);
	before = strdup(slurp(site_path));
	a = (struct cmd_args){.conf = conf_path, .lang = "en", .confirm = true};
	assert_int_equal(talk(&a, lines, 5), CMD_FAILED);
	has(out, "controller.email: \"not an address\"");
	has(out, "That does not work: controller.imprint");
	has(out, "Nothing was written.");
	assert_string_equal(slurp(site_path), before);
	free(before);
}

/* ---- tables */

static void test_every_question_has_its_words(void **state)
{
	static const char *const parts[] = {"ask", "label"};

	(void)state;
	assert_int_equal((int)INIT__MAX, CMD_ANSWERS);
	for (int l = 0; l < 2; l++) {
		struct cmd_args a = {.lang = l ? "en" : "de"};
		struct errinfo ei = {0};
		struct init in;
		unsigned last = 0;
		assert_int_equal(init_open(&in, &a, &ei), OK);
		for (size_t i = 0; i < INIT__MAX; i++) {
			const struct init_question *q = &init_questions[i];
			char key[64];
			for (size_t k = 0; k < 2; k++) {
				snprintf(key, sizeof(key), "init.%s.%s", parts[k], q->id);
				assert_non_null(phrases_get(in.words, slice_from(key)));
			}
			snprintf(key, sizeof(key), "init.hint.%s", q->id);
			assert_true(!q->hint || phrases_get(in.words, slice_from(key)));
			for (const struct init_choice *c = q->choices; c && c->id; c++)
				assert_non_null(phrases_get(in.words, slice_from(c->phrase)));
			assert_true(q->number == 0 || q->number == last + 1);
			last = q->number ? q->number : last;
			assert_true(last <= 9);
		}
		init_close(&in);
	}
}

static const struct {
	int line;
	enum init_answer which;
	const char *typed;
	bool good;
} ANSWERS[] = {
	{__LINE__, INIT_ADDRESS, "Weg 1, 1010 Wien, Österreich", true},
	{__LINE__, INIT_ADDRESS, "Weg 1, 1010 Wien, at", true},
	{__LINE__, INIT_ADDRESS, "Weg 1,,, 10115 Berlin", true},
	{__LINE__, INIT_ADDRESS, ",", false},
	{__LINE__, INIT_ADDRESS, "a,b,c,d,e,f,g", false},
	{__LINE__, INIT_LAND, "nw", true},
	{__LINE__, INIT_LAND, "Bavaria", true},
	{__LINE__, INIT_LAND, "B", false},
	{__LINE__, INIT_FROM, "a@b@c", false},
	{__LINE__, INIT_FROM, "NoReply@verein.example.org", false},
	{__LINE__, INIT_WHAT, ": x", false},
	{__LINE__, INIT_WHAT, "Neues", true},
	{__LINE__, INIT_URL, "verein", false},
	{__LINE__, INIT_URL, "https://verein.example.org?x=1", false},
	{__LINE__, INIT_URL, "https://müller.example", false},
	{__LINE__, INIT_URL, "javascript://x.example", false},
	{__LINE__, INIT_URL, "http://localhost:8080", true},
	{__LINE__, INIT_URL, "http://verein.example.org", false},
	{__LINE__, INIT_PROVIDER, "0", false},
	{__LINE__, INIT_PROVIDER, "SMTP", true},
	{__LINE__, INIT_PROVIDER, "postcard", false},
	{__LINE__, INIT_HOSTING, "2", true},
	{__LINE__, INIT_HOST, "Firma", false},
	{__LINE__, INIT_HOST, "Firma, Narnia", false},
	{__LINE__, INIT_HOST, "Firma, US", true},
	{__LINE__, INIT_HOST, "Hetzner Online GmbH", true},
	{__LINE__, INIT_BASE, "abo.example.org", true},
	{__LINE__, INIT_BASE, "http://abo.example.org/j", false},
};

static void test_answers_are_checked(void **state)
{
	struct cmd_args a = {.lang = "de"};
	struct errinfo ei = {0};
	struct init in;

	(void)state;
	for (size_t i = 0; i < sizeof(ANSWERS) / sizeof(ANSWERS[0]); i++) {
		const char *bad;
		assert_int_equal(init_open(&in, &a, &ei), OK);
		bad = init_take(&in, ANSWERS[i].which, slice_from(ANSWERS[i].typed));
		if ((bad == NULL) != ANSWERS[i].good || (bad && !*bad))
			fail_msg("row of line %d: %s", ANSWERS[i].line, bad ? bad : "accepted");
		assert_true((in.typed[ANSWERS[i].which] != NULL) == ANSWERS[i].good);
		init_close(&in);
	}
}

static void test_proposals_are_complete(void **state)
{
	const struct prefill *p;
	size_t n = 0;

	(void)state;
	for (; (p = prefill_at(n)); n++) {
		assert_true(strcmp(p->kind, "mail") == 0 || strcmp(p->kind, "host") == 0);
		assert_true(p->name && p->party && p->address && p->country && p->source);
		assert_true(conf_country_known(p->country));
		assert_true(!p->parent_country || (p->parent && conf_country_known(p->parent_country)));
		/* who can be reached from outside the EEA needs what protects the data there */
		if (!conf_country_eea(p->country) || p->us_affiliate)
			assert_true(p->mechanism && p->scc_module);
		assert_ptr_equal(prefill_find(p->kind, slice_from(p->id)), p);
		assert_ptr_equal(prefill_find(p->kind, slice_from(p->name)), p);
	}
	assert_true(n > 10);
	assert_null(prefill_find("mail", SLICE("hetzner")));
	assert_null(prefill_find("host", SLICE("")));
	assert_int_equal(strlen(prefill_as_of()), 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_club_on_a_terminal, fresh, gone),
		cmocka_unit_test_setup_teardown(test_fits_eighty_columns, fresh, gone),
		cmocka_unit_test_setup_teardown(test_end_of_input_leaves_nothing, fresh, gone),
		cmocka_unit_test_setup_teardown(test_line_that_is_too_long_or_unseen, fresh, gone),
		cmocka_unit_test_setup_teardown(test_firm_by_options, fresh, gone),
		cmocka_unit_test_setup_teardown(test_nothing_is_written_twice, fresh, gone),
		cmocka_unit_test_setup_teardown(test_n_writes_nothing, fresh, gone),
		cmocka_unit_test_setup_teardown(test_failure_takes_back, fresh, gone),
		cmocka_unit_test_setup_teardown(test_answers_from_a_file, fresh, gone),
		cmocka_unit_test_setup_teardown(test_confirm_and_go_live, fresh, gone),
		cmocka_unit_test_setup_teardown(test_confirm_brings_questions, fresh, gone),
		cmocka_unit_test_setup_teardown(test_confirm_refuses_and_ends_cleanly, fresh, gone),
		cmocka_unit_test(test_every_question_has_its_words),
		cmocka_unit_test(test_answers_are_checked),
		cmocka_unit_test(test_proposals_are_complete),
	};

	return cmocka_run_group_tests(tests, up, NULL);
}

/*
 * alloc: every allocation of every kind of request fails, one after the other: the n-th once, then the n-th
 * and all behind it, for n = 1, 2, 3 until a run meets no failure. No crash and no leak (AddressSanitizer), an
 * answer that a visitor can be given, no half consent in the database, and the next request works.
 * Counted are those of our own code and of SQLite and jansson, in all threads; libc's and libidn2's inner
 * ones are out of reach.
 *     alloc [KIND]   ALLOC_STEP=7 tries only every seventh after the first 40, and fewer after 400
 * Control run, red: alloc planted   (a copy whose failure nobody looks at)
 */
#include "fault/appworld.h"

#include <jansson.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "fault/invariants.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#define LEAKS() __lsan_do_recoverable_leak_check()
#else
#define LEAKS() 0
#endif

/* ---- the allocator */

static atomic_bool armed, for_ever;
static atomic_llong countdown, calls, hits;
static atomic_llong skipped_ms; /* time that tests jump over */

static _Thread_local bool exempt; /* what the test itself does in between */

static bool fails(void)
{
	if (exempt || !atomic_load(&armed))
		return false;
	atomic_fetch_add(&calls, 1);
	int64_t left = atomic_fetch_sub(&countdown, 1);
	if (left > 1 || (left < 1 && !atomic_load(&for_ever)))
		return false;
	atomic_fetch_add(&hits, 1);
	return true;
}

#define WRAP(type, name, params, args, failure)              \
	type __real_##name params;                            \
	type __wrap_##name params;                            \
	type __wrap_##name params                             \
	{                                                     \
		return fails() ? failure : __real_##name args; \
	}
WRAP(void *, malloc, (size_t n), (n), NULL)
WRAP(void *, calloc, (size_t k, size_t n), (k, n), NULL)
WRAP(void *, realloc, (void *p, size_t n), (p, n), NULL)
WRAP(char *, strdup, (const char *s), (s), NULL)

int64_t __real_clock_mono_ms(void);
int64_t __wrap_clock_mono_ms(void);
int64_t __wrap_clock_mono_ms(void)
{
	return __real_clock_mono_ms() + atomic_load(&skipped_ms);
}

static sqlite3_mem_methods under;

static void *sqlite_malloc(int n)
{
	return fails() ? NULL : under.xMalloc(n);
}

static void *sqlite_realloc(void *p, int n)
{
	return fails() ? NULL : under.xRealloc(p, n);
}

static void *json_alloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

static void hooks(void)
{
	sqlite3_mem_methods m;
	bug_if(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &under) != SQLITE_OK);
	m = under;
	m.xMalloc = sqlite_malloc;
	m.xRealloc = sqlite_realloc;
	bug_if(sqlite3_config(SQLITE_CONFIG_MALLOC, &m) != SQLITE_OK);
	json_set_alloc_funcs(json_alloc, free);
}

/* ---- the kinds of requests; %c and %u are tokens of a new person, %v the wording, %m a new address */

static const struct kind {
	const char *name, *method, *path, *body, *accept, *type;
	const char *setup; /* body of a POST to /c/ before it */
	unsigned good;     /* the answer without a failure */
} kinds[] = {
	{"form", "GET", "/s/news?lang=de", NULL, NULL, NULL, NULL, 200},
	{"fragment", "GET", "/s/news?fragment&id=a&h=3", NULL, NULL, NULL, NULL, 200},
	{"frame", "GET", "/s/news?frame", NULL, NULL, NULL, NULL, 200},
	{"token", "GET", "/s/news?token", NULL, NULL, NULL, NULL, 200},
	{"sent", "GET", "/s/news/sent?lang=de", NULL, NULL, NULL, NULL, 200},
	{"sign-up", "POST", "/s/news", "email=%m&v=%v&ok=1&first_name=Ada&lang=de", NULL, NULL, NULL, 303},
	{"sign-up json", "POST", "/s/news", "email=%m&v=%v&ok=1&lang=en", "application/json", NULL, NULL, 200},
	{"sign-up multipart", "POST", "/s/news",
	    "--xx\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\n%m\r\n"
	    "--xx\r\nContent-Disposition: form-data; name=\"v\"\r\n\r\n%v\r\n"
	    "--xx\r\nContent-Disposition: form-data; name=\"ok\"\r\n\r\n1\r\n--xx--\r\n",
	    NULL, "multipart/form-data; boundary=xx", NULL, 303},
	{"422", "POST", "/s/both", "email=x@@y&last_name=&lang=de", NULL, NULL, NULL, 422},
	{"422 json", "POST", "/s/news", "email=x&v=%v", "application/json", NULL, NULL, 422},
	{"409", "POST", "/s/news", "email=%m&v=00000000&ok=1", NULL, NULL, NULL, 409},
	{"review", "POST", "/s/news", "email=%m&ok=1", NULL, NULL, NULL, 200},
	{"confirm page", "GET", "/c/%c", NULL, NULL, NULL, NULL, 200},
	{"confirm", "POST", "/c/%c", "action=confirm", NULL, NULL, NULL, 200},
	{"confirm again", "POST", "/c/%c", "action=confirm", NULL, NULL, "action=confirm", 200},
	{"deny", "POST", "/c/%c", "action=deny", NULL, NULL, NULL, 200},
	{"renew", "POST", "/c/%c", "action=renew", NULL, NULL, NULL, 200},
	{"leave page", "GET", "/u/%u", NULL, NULL, NULL, "action=confirm", 200},
	{"leave", "POST", "/u/%u", "action=withdraw", NULL, NULL, "action=confirm", 200},
	{"one-click", "POST", "/u/%u", "List-Unsubscribe=One-Click", NULL, NULL, "action=confirm", 200},
	{"cancel", "POST", "/u/%u", "List-Unsubscribe=One-Click", NULL, NULL, NULL, 200},
	{"notice", "GET", "/n?lang=de", NULL, NULL, NULL, NULL, 200},
	{"notice part", "GET", "/n.html", NULL, NULL, NULL, NULL, 200},
	{"notice text", "GET", "/n.txt", NULL, NULL, NULL, NULL, 200},
	{"notice json", "GET", "/n.json", NULL, NULL, NULL, NULL, 200},
	{"unknown", "GET", "/nothing/here", NULL, NULL, NULL, NULL, 404},
	{"method", "POST", "/n", "a=b", NULL, NULL, NULL, 405},
	{"bad query", "GET", "/s/news?lang=%%FF", NULL, NULL, NULL, NULL, 400},
};
/* So many tries in one database. */
#define WORLD_TRIES 200
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static struct appworld aw;
static unsigned failures;

static void complain(const struct kind *k, int64_t n, const char *mode, const char *what, int64_t x)
{
	if (failures++ < 30)
		printf("  %s, allocation %lld %s: %s (%lld)\n", k->name, (long long)n, mode, what, (long long)x);
}

static bool wants(const struct kind *k, char c)
{
	const char mark[] = {'%', c, '\0'};
	return strstr(k->path, mark) || (k->body && strstr(k->body, mark));
}

struct filled {
	char path[400], body[600], confirm[64], out[64];
};

static void fill(char *dst, size_t n, const char *from, const struct filled *f)
{
	size_t at = 0;
	for (; *from && at < n - 1; from++) {
		char one[100];
		if (*from != '%' || !strchr("cuvm%", from[1])) {
			dst[at++] = *from;
			continue;
		}
		switch (*++from) {
		case 'c': snprintf(one, sizeof(one), "%s", f->confirm); break;
		case 'u': snprintf(one, sizeof(one), "%s", f->out); break;
		case 'v': snprintf(one, sizeof(one), "%s", aw.v); break;
		case 'm': snprintf(one, sizeof(one), "m%llu@example.org", (unsigned long long)++aw.people); break;
		default: snprintf(one, sizeof(one), "%%"); break;
		}
		at += (size_t)snprintf(dst + at, n - at, "%s", one);
	}
	dst[at < n ? at : n - 1] = '\0';
}

/*
 * A sign-up that must work, and the follow-up of everything before it. One that was failing just now may only
 * begin its pause after the time was moved on: then once more.
 */
static bool next_works(void)
{
	char body[300];
	const struct ask a = {.method = "POST", .path = "/s/news", .body = body};
	for (int i = 0; i < 5; i++) {
		app_signup_body(&aw, body, sizeof(body));
		atomic_fetch_add(&skipped_ms, 100 * 1000); /* past the longest pause of the follow-up */
		if (app_ask(&aw, &a) != 303)
			return false;
		if (app_settle(&aw, 2000))
			return true;
	}
	return false;
}

/* A new person, and what has to happen before the request. */
static void prepare(const struct kind *k, struct filled *f)
{
	char path[100];
	const struct ask a = {.method = "POST", .path = path, .body = k->setup};
	bug_if(!next_works());
	app_tokens(&aw, f->confirm, f->out);
	snprintf(path, sizeof(path), "/c/%s", f->confirm);
	bug_if(k->setup && app_ask(&aw, &a) != 200);
}

static bool status_fits(const struct kind *k, unsigned status, bool hit)
{
	if (!hit)
		return status == k->good;
	return status == k->good || status == 200 || status == 303 || status == 503 ||
	    (status >= 400 && status < 500);
}

static void look(const struct kind *k, int64_t n, const char *mode)
{
	int64_t rows;
	const char *broken = invariants_broken(aw.data_db, &rows);
	if (broken)
		complain(k, n, mode, broken, rows);
}

/* One run; true if an allocation failed in it. */
static bool run(const struct kind *k, struct filled *f, int64_t n, bool ever, bool *fresh)
{
	const char *mode = ever ? "and all after it" : "once";
	const struct ask a = {.method = k->method, .path = f->path, .accept = k->accept, .type = k->type,
	    .body = k->body ? f->body : NULL};
	bool person = wants(k, 'c') || wants(k, 'u');
	if (person && !*fresh)
		prepare(k, f);
	*fresh = true;
	fill(f->path, sizeof(f->path), k->path, f);
	if (k->body)
		fill(f->body, sizeof(f->body), k->body, f);
	/* a new worker's first request takes its memory from the heap */
	exchange_free(&aw.x);
	exchange_init(&aw.x, &aw.front);
	hits = calls = 0;
	countdown = n;
	for_ever = ever;
	armed = true;
	unsigned status = app_ask(&aw, &a);
	exempt = true;
	if (strcmp(k->method, "POST") == 0)
		for (int i = 0; i < 200 && !hits && !app_settle(&aw, 1); i++)
			;
	armed = exempt = false;
	bool hit = hits > 0;
	if (!status_fits(k, status, hit))
		complain(k, n, mode, "answer", status);
	struct slice out = exchange_answer(&aw.x);
	if (status == 503 && !memmem(out.ptr, out.len, "\r\nRetry-After: ", 15))
		complain(k, n, mode, "503 without Retry-After", status);
	/* it may have been done although its answer could not be made */
	if (strcmp(k->method, "POST") == 0)
		*fresh = false;
	if (hit && strcmp(k->method, "POST") == 0) {
		if (!next_works())
			complain(k, n, mode, "the next sign-up does not work", 0);
		look(k, n, mode);
	}
	return hit;
}

/* What holds in the database is read after each try, so it must stay small. */
static void world_again(const struct kind *k)
{
	if (LEAKS())
		complain(k, 0, "", "memory is lost", 0);
	app_world_end(&aw);
	app_world_begin(&aw);
}

static void kind_run(const struct kind *k, int64_t step)
{
	int64_t points[2];
	struct filled f = {.path = ""};
	for (int ever = 0; ever < 2; ever++) {
		bool fresh = false;
		int64_t n = 1;
		for (int tries = 1; n < 20000 && run(k, &f, n, ever, &fresh); tries++) {
			n += n < 40 ? 1 : n < 400 || step == 1 ? step : step * 8;
			if (tries % WORLD_TRIES == 0) {
				world_again(k);
				fresh = false;
			}
		}
		points[ever] = n - 1;
	}
	if (!next_works())
		complain(k, 0, "", "the service does not go on", 0);
	look(k, 0, "at the end");
	if (LEAKS())
		complain(k, 0, "", "memory is lost", 0);
	printf("%-18s %5lld allocations, once; %5lld for ever\n", k->name, (long long)points[0],
	    (long long)points[1]);
	fflush(stdout);
	if (points[0] < 1)
		complain(k, 0, "", "no allocation was counted", 0);
}

/* What this test is there to find: memory taken without a look. Ends by AddressSanitizer or a signal. */
static int planted(void)
{
	armed = true;
	countdown = 2;
	char *a = malloc(16), *b = malloc(16);
	memcpy(b, "no look at b", 13);
	memcpy(a, b, 13);
	return a[0] == 'n' ? 0 : 1;
}

int main(int argc, char **argv)
{
	const char *step = getenv("ALLOC_STEP");
	hooks();
	if (argc > 1 && strcmp(argv[1], "planted") == 0)
		return planted();
	app_world_begin(&aw);
	for (size_t i = 0; i < KINDS; i++)
		if (argc < 2 || strcmp(argv[1], kinds[i].name) == 0) {
			kind_run(&kinds[i], step ? atol(step) : 1);
			world_again(&kinds[i]);
		}
	app_world_end(&aw);
	if (LEAKS())
		failures++;
	printf("%zu kinds of requests: %u failures\n", KINDS, failures);
	return failures ? 1 : 0;
}

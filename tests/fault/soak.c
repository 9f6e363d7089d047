/*
 * soak: many requests of every kind in one process; after a warm-up the memory must not grow any more.
 *     soak [REQUESTS-OF-EACH-KIND]    (20000)
 * Prints per kind the growth of the resident set in KiB over the last nine tenths. Red above LIMIT_KB.
 * Control run: soak leak   (100 bytes forgotten per request of the first kind) must be red.
 */
#include "fault/appworld.h"

#include <fcntl.h>
#include <malloc.h>

/* Of 18,000 requests: seven bytes each. Measured is 0. */
#define LIMIT_KB 128

static const struct ask asks[] = {
	{"GET", "/s/news?lang=de", NULL, NULL, NULL},
	{"GET", "/s/news?fragment&id=a&h=3", NULL, NULL, NULL},
	{"GET", "/s/news?frame", NULL, NULL, NULL},
	{"GET", "/s/news/sent?lang=en", NULL, NULL, NULL},
	{"POST", "/s/both", NULL, NULL, "email=x@@y&last_name=&lang=de"},
	{"POST", "/s/news", NULL, NULL, "email=a@example.org&v=00000000&ok=1"},
	{"POST", "/s/news", NULL, NULL, "email=a@example.org&ok=1"},
	{"POST", "/s/news", "application/json", NULL, "email=x"},
	{"GET", "/c/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", NULL, NULL, NULL},
	{"POST", "/u/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", NULL, NULL, "List-Unsubscribe=One-Click"},
	{"GET", "/c/%c", NULL, NULL, NULL},
	{"POST", "/c/%c", NULL, NULL, "action=confirm"},
	{"GET", "/u/%u", NULL, NULL, NULL},
	{"GET", "/n?lang=de", NULL, NULL, NULL},
	{"GET", "/n.txt", NULL, NULL, NULL},
	{"GET", "/n.json", NULL, NULL, NULL},
	{"GET", "/jawort.js", NULL, NULL, NULL},
	{"GET", "/nothing", NULL, NULL, NULL},
	{"POST", "/s/news", NULL, NULL, "signup"},
};
#define ASKS (sizeof(asks) / sizeof(asks[0]))

static long resident_kb(void)
{
	long pages = 0, all = 0;
	FILE *f = fopen("/proc/self/statm", "r");
	malloc_trim(0);
	bug_if(!f || fscanf(f, "%ld %ld", &all, &pages) != 2);
	fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static unsigned descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;
	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

static void forget(size_t n)
{
	void *volatile p = malloc(n);
	memset(p, 1, n);
}

int main(int argc, char **argv)
{
	static struct appworld aw;
	bool leak = argc > 1 && strcmp(argv[1], "leak") == 0;
	long each = argc > 1 && !leak ? atol(argv[1]) : 20000;
	char confirm[64], out[64], path[200], body[300];
	unsigned bad = 0, files;
	app_world_begin(&aw);
	app_signup_body(&aw, body, sizeof(body));
	bug_if(app_ask(&aw, &(struct ask){"POST", "/s/news", NULL, NULL, body}) != 303 || !app_settle(&aw, 5000));
	app_tokens(&aw, confirm, out);
	log_capture(NULL, NULL);
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC), err = dup(STDERR_FILENO);
	dup2(null, STDERR_FILENO);
	files = descriptors();
	for (size_t k = 0; k < (leak ? 1 : ASKS); k++) {
		struct ask a = asks[k];
		bool signup = a.body && strcmp(a.body, "signup") == 0;
		const char *mark = strchr(a.path, '%');
		long warm = 0;
		unsigned status = 0;
		if (mark) {
			snprintf(path, sizeof(path), "%.*s%s", (int)(mark - a.path), a.path,
			    mark[1] == 'c' ? confirm : out);
			a.path = path;
		}
		if (signup)
			a.body = body;
		for (long i = 0; i < each; i++) {
			if (signup)
				app_signup_body(&aw, body, sizeof(body));
			status = app_ask(&aw, &a);
			if (leak)
				forget(100);
			if (i == each / 10)
				warm = resident_kb();
		}
		if (signup)
			app_settle(&aw, 60000);
		long grown = resident_kb() - warm;
		printf("%-4s %-30.30s %u  %+5ld KiB\n", a.method, asks[k].path, status, grown);
		fflush(stdout);
		/* sign-ups fill the caches of SQLite to their configured size */
		bad += grown > (signup ? LIMIT_KB + 20 * 1024 : LIMIT_KB) || status >= 500 || status == 0;
	}
	dup2(err, STDERR_FILENO);
	if (descriptors() > files + 4)
		bad++, printf("descriptors: %u, then %u\n", files, descriptors());
	app_world_end(&aw);
	printf("%ld requests of each kind: %u grow\n", each, bad);
	return bad ? 1 : 0;
}

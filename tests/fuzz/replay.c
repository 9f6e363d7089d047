/*
 * replay: runs a fuzz target once over files, or over all files of folders,
 * without libFuzzer: any compiler, any sanitizer, valgrind. Prints the number
 * of inputs; a broken invariant aborts.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "fuzz.h"

#define REPLAY_MAX_BYTES (1024u * 1024u)

static unsigned long replay_count;

static int replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	unsigned char *bytes = f ? malloc(REPLAY_MAX_BYTES) : NULL;

	if (!bytes) {
		fprintf(stderr, "replay: cannot read %s\n", path);
		if (f)
			fclose(f);
		return 1;
	}
	size_t n = fread(bytes, 1, REPLAY_MAX_BYTES, f);
	fclose(f);
	/* An exact copy, so that a sanitizer sees reads behind the end. */
	unsigned char *exact = malloc(n ? n : 1);
	for (size_t i = 0; exact && i < n; i++)
		exact[i] = bytes[i];
	free(bytes);
	if (!exact)
		return 1;
	LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	replay_count++;
	return 0;
}

static int replay_folder(const char *path)
{
	DIR *d = opendir(path);
	int bad = 0;

	if (!d) {
		fprintf(stderr, "replay: cannot open %s\n", path);
		return 1;
	}
	for (struct dirent *e; (e = readdir(d));) {
		char file[4096];
		if (e->d_name[0] == '.')
			continue;
		int n = snprintf(file, sizeof(file), "%s/%s", path, e->d_name);
		bad |= n < 0 || (size_t)n >= sizeof(file) || replay_file(file);
	}
	closedir(d);
	return bad;
}

int main(int argc, char **argv)
{
	int bad = argc < 2;

	for (int i = 1; i < argc; i++) {
		struct stat st;
		if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
			bad |= replay_folder(argv[i]);
		else
			bad |= replay_file(argv[i]);
	}
	printf("%s: %lu inputs\n", argv[0], replay_count);
	return bad || replay_count == 0;
}

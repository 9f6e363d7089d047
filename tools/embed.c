/*
 * embed: files into one C source and its header (include/core/embed.h looks
 * them up). Runs at build time, needs nothing but libc.
 *
 *     embed OUT.c OUT.h ROOT=PREFIX FILE... ROOT=PREFIX FILE...
 * A word with "=" sets from where on: a file ROOT/x/y gets the name PREFIX x/y.
 * Every entry ends in a NUL that is not counted. Exit 1 with a reason on stderr.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX 1024
#define NAME_BYTES 256

static char names[FILES_MAX][NAME_BYTES];
static size_t sizes[FILES_MAX];
static size_t count;

static int complain(const char *path, const char *why)
{
	fprintf(stderr, "embed: %s: %s\n", path, why);
	return 1;
}

static int add_bytes(FILE *out, const char *path)
{
	FILE *in = fopen(path, "rb");
	int c, column = 0;

	if (!in)
		return complain(path, strerror(errno));
	fprintf(out, "static const unsigned char file_%zu[] = {", count);
	while ((c = getc(in)) != EOF) {
		fprintf(out, "%s%d,", column++ % 24 == 0 ? "\n\t" : "", c);
		sizes[count]++;
	}
	fputs("\n\t0};\n", out);
	if (ferror(in))
		return complain(path, "cannot be read");
	fclose(in);
	return 0;
}

static int add_file(FILE *out, const char *path, const char *root, const char *prefix)
{
	size_t skip = strlen(root);

	if (count >= FILES_MAX)
		return complain(path, "too many files; raise FILES_MAX");
	if (strncmp(path, root, skip) != 0 || path[skip] != '/')
		return complain(path, "does not lie in the root named before it");
	if (snprintf(names[count], NAME_BYTES, "%s%s", prefix, path + skip + 1) >= NAME_BYTES)
		return complain(path, "name too long");
	if (strpbrk(names[count], "\"\\\n"))
		return complain(path, "a name may not hold quotes, backslashes or line ends");
	if (add_bytes(out, path))
		return 1;
	count++;
	return 0;
}

static int write_table(FILE *out)
{
	fputs("\nconst struct embedded_file embedded_files[] = {\n", out);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "\t{\"%s\", file_%zu, %zu},\n", names[i], i, sizes[i]);
	fprintf(out, "};\nconst size_t embedded_count = %zu;\n", count);
	return ferror(out) ? complain("output", "cannot be written") : 0;
}

static int write_header(const char *path)
{
	FILE *out = fopen(path, "wb");

	if (!out)
		return complain(path, strerror(errno));
	fputs("/* Made by tools/embed; do not edit. */\n"
	      "#ifndef JAWORT_EMBEDDED_H\n#define JAWORT_EMBEDDED_H\n#include <stddef.h>\n\n"
	      "struct embedded_file {\n"
	      "\tconst char *name;          /* \"page/form.html\", \"de/form.txt\", \"css/page/form.css\" */\n"
	      "\tconst unsigned char *data; /* NUL behind it */\n"
	      "\tsize_t len;\n};\n\n"
	      "extern const struct embedded_file embedded_files[];\nextern const size_t embedded_count;\n\n#endif\n",
	      out);
	return fclose(out) ? complain(path, "cannot be written") : 0;
}

int main(int argc, char **argv)
{
	const char *root = "", *prefix = "";
	FILE *out;

	if (argc < 5)
		return complain("usage", "embed OUT.c OUT.h ROOT=PREFIX FILE...");
	if (write_header(argv[2]))
		return 1;
	out = fopen(argv[1], "wb");
	if (!out)
		return complain(argv[1], strerror(errno));
	fputs("/* Made by tools/embed; do not edit. */\n#include \"embedded.h\"\n\n", out);
	for (int i = 3; i < argc; i++) {
		char *eq = strchr(argv[i], '=');

		if (eq) {
			*eq = '\0';
			root = argv[i];
			prefix = eq + 1;
		} else if (add_file(out, argv[i], root, prefix)) {
			return 1;
		}
	}
	return write_table(out) || fclose(out) ? 1 : 0;
}

#!/bin/sh
# embed.sh NAME FILE...: writes a C header to stdout that holds the files as bytes.
#
#     static const struct embed NAME[] = {{"0001_init.sql", bytes, size}, ...};
#     #define NAME_COUNT n
# The name of an entry is the file's base name; order is that of the arguments.
# Every entry ends in a NUL that is not counted, so text may be used as a string.
set -eu

name=$1
shift
printf '/* Made by tools/embed.sh; do not edit. */\n'
printf '#ifndef JAWORT_EMBED\n#define JAWORT_EMBED\n#include <stddef.h>\n'
printf 'struct embed {\n\tconst char *name;\n\tconst unsigned char *bytes;\n\tsize_t size;\n};\n#endif\n'

n=0
for f in "$@"; do
	printf 'static const unsigned char %s_%d[] = {\n' "$name" "$n"
	od -An -v -tx1 "$f" | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g'
	printf '0x00};\n'
	n=$((n + 1))
done

upper=$(printf '%s' "$name" | tr 'a-z' 'A-Z')
printf '#define %s_COUNT %d\n' "$upper" "$n"
printf 'static const struct embed %s[] = {\n' "$name"
n=0
for f in "$@"; do
	printf '\t{"%s", %s_%d, sizeof(%s_%d) - 1},\n' "${f##*/}" "$name" "$n" "$name" "$n"
	n=$((n + 1))
done
printf '};\n'

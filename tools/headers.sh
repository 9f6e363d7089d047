#!/bin/sh
# Compiles each public header alone: a contract must be complete by itself.
set -eu
cd "${1:-.}"
bad=0
for h in include/*/*.h; do
	${CC:-cc} -std=c11 -D_GNU_SOURCE -Iinclude -Wall -Wextra -Werror -fsyntax-only -x c "$h" || { echo "$h does not stand alone" >&2; bad=1; }
done
[ "$bad" = 0 ] && echo "headers: clean"
exit "$bad"

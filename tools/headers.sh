#!/bin/sh
# Compiles each public header alone: a contract must be complete by itself.
# Usage: tools/headers.sh [FOLDER]   of generated headers, build/gen if not named
set -eu
cd "$(dirname "$0")/.."
bad=0
for h in include/*/*.h; do
	${CC:-cc} -std=c11 -D_GNU_SOURCE -Iinclude -I"${1:-build/gen}" -Wall -Wextra -Werror -fsyntax-only -x c "$h" || {
		echo "$h does not stand alone" >&2
		bad=1
	}
done
[ "$bad" = 0 ] && echo "headers: clean"
exit "$bad"

#!/bin/sh
# Names functions over 80 lines and files over 800 (tables and generated code are exempt by //lint:table on their line).
set -eu
cd "${1:-.}"
bad=0
for f in $(find cgi -name '*.c' | sort); do
	n=$(wc -l <"$f")
	[ "$n" -le 800 ] || { echo "$f: $n lines (limit 800): is it still one noun?" >&2; bad=1; }
done
ctags -x --c-kinds=f --fields=+ne -o - --output-format=json $(find cgi -name '*.c') 2>/dev/null |
	sed -n 's/.*"name": "\([^"]*\)", "path": "\([^"]*\)".*"line": \([0-9]*\).*"end": \([0-9]*\).*/\1 \2 \3 \4/p' |
	awk '{ n = $4 - $3 + 1; if (n > 80) { print $2 ":" $3 ": " $1 " has " n " lines (limit 80)"; bad = 1 } } END { exit bad }' >&2 || bad=1
[ "$bad" = 0 ] && echo "lengths: clean"
exit "$bad"

#!/bin/sh
# legal.sh STRUCT FILE: writes a C header to stdout that holds a data file of blocks.
#
#     as_of: 2026-07-21        -> #define STRUCT_AS_OF "2026-07-21"
#     [atdsb]                  -> {.id = "atdsb", .country = "AT", ...},
#     country: AT
# Every key of a block is a member of struct STRUCT; a key that stands twice gives lines separated by LF.
# A line of any other form ends the build, and so does a key that the struct does not know.
set -eu

awk -v name="$1" -v file="$2" '
function quoted(s) { gsub(/\\/, "\\\\", s); gsub(/"/, "\\\"", s); return "\"" s "\"" }
function flush_block(   i) {
	if (!block) return
	printf "\t{.id = %s", quoted(block)
	for (i = 1; i <= n; i++) printf ", .%s = %s", key[i], value[key[i]]
	print "},"
	for (i = 1; i <= n; i++) delete value[key[i]]
	n = 0
}
BEGIN {
	upper = toupper(name)
	print "/* Made by tools/legal.sh; do not edit. */"
}
/^#/ || /^$/ { next }
/^\[[A-Za-z0-9-]+\]$/ {
	flush_block()
	if (!block) printf "static const struct %s %s_TABLE[] = {\n", name, upper
	block = substr($0, 2, length($0) - 2)
	next
}
/^[a-z_]+: ./ {
	k = substr($0, 1, index($0, ":") - 1)
	v = substr($0, index($0, ":") + 2)
	if (block) {
		if (k in value) value[k] = value[k] " \"\\n\" " quoted(v)
		else { key[++n] = k; value[k] = quoted(v) }
	} else if (k == "as_of") {
		printf "#define %s_AS_OF %s\n", upper, quoted(v)
	}
	next
}
{ printf "%s:%d: neither \"[id]\" nor \"key: value\"\n", file, NR > "/dev/stderr"; bad = 1; exit 1 }
END { if (!bad) { flush_block(); print "};" } }
' "$2"

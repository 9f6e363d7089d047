#!/bin/sh
# Checks that every source includes only rooms it may see, that third-party
# headers stay in their room, and that no banned call is used.
# Usage: tools/layers.sh [ROOT]   exit 0 clean, 1 with one line per finding.
set -eu
root=${1:-.}
cd "$root"
# room: rooms it may include (docs/rooms.md has the picture)
table='
base  base
text  base text
conf  base text conf
store base text conf store
mail  base text conf mail
core  base text conf store mail core
web   base text conf store mail core web
stamp base stamp
front base text conf store mail core web front
send  base text conf store mail stamp send
scan  base text conf scan
proof base text proof
cmd   base text conf store mail core web front stamp send scan proof cmd
'
# header pattern: files that may include it
confined='
sqlite3.h    cgi/store/
curl/        cgi/send/curllib_priv.h
openssl/     cgi/stamp/
gumbo.h      cgi/scan/html.c
fcgiapp.h    cgi/front/fcgi.c
fcgi_stdio.h none
sodium.h     cgi/base/
yaml.h       cgi/conf/
jansson.h    cgi/mail/ cgi/web/ cgi/store/ cgi/proof/ cgi/cmd/
idn2.h       cgi/text/
zlib.h       cgi/text/gzip.c
'
banned='sprintf vsprintf strcpy strcat strncpy strncat strtok strtok_r gets atoi atol rand srand system popen alloca strerror gmtime localtime ctime ctime_r asctime asctime_r mktemp tmpnam'
getenv_ok='cgi/front/|cgi/cmd/|cgi/base/clock.c'

out=$(mktemp)
trap 'rm -f "$out"' EXIT
find cgi include -name '*.[ch]' | sort | while read -r f; do
	room=$(echo "$f" | cut -d/ -f2)
	awk -v f="$f" -v room="$room" -v table="$table" -v confined="$confined" -v banned="$banned" -v getenv_ok="$getenv_ok" '
	BEGIN {
		n = split(table, rows, "\n")
		for (i = 1; i <= n; i++) {
			m = split(rows[i], w, " ")
			if (m && w[1] == room)
				for (j = 2; j <= m; j++) may[w[j]] = 1
		}
		n = split(confined, rows, "\n")
		for (i = 1; i <= n; i++) {
			m = split(rows[i], w, " ")
			if (m) { place[w[1]] = ""; for (j = 2; j <= m; j++) place[w[1]] = place[w[1]] " " w[j] }
		}
		nb = split(banned, ban, " ")
	}
	/^[ \t]*#[ \t]*include[ \t]*"/ {
		split($0, q, "\"")
		h = q[2]
		if (h ~ /\.\.\//) print f ":" FNR ": include with ../"
		split(h, p, "/")
		if (h !~ /\//) { if (h !~ /^(embedded|migrations)\.h$/) print f ":" FNR ": \"" h "\" names no room" }
		else if (!(p[1] in may)) print f ":" FNR ": room " room " must not see " h
	}
	/^[ \t]*#[ \t]*include[ \t]*[<"]/ {
		for (h in place)
			if (index($0, h)) {
				ok = 0
				m = split(place[h], w, " ")
				for (j = 1; j <= m; j++) if (index(f, w[j]) == 1) ok = 1
				if (!ok) print f ":" FNR ": " h " is confined to" place[h]
			}
		next
	}
	{
		line = $0
		gsub(/"([^"\\]|\\.)*"/, "\"\"", line)
		if (incomment) { if (index(line, "*/")) { sub(/.*\*\//, "", line); incomment = 0 } else next }
		gsub(/\/\*.*\*\//, "", line)
		if (match(line, /\/\*/)) { incomment = 1; line = substr(line, 1, RSTART - 1) }
		sub(/\/\/.*/, "", line)
		for (i = 1; i <= nb; i++)
			if (line ~ ("(^|[^A-Za-z0-9_])" ban[i] "[ \t]*\\("))
				print f ":" FNR ": banned call " ban[i]
		if (line ~ /(^|[^A-Za-z0-9_])getenv[ \t]*\(/ && f !~ getenv_ok)
			print f ":" FNR ": getenv outside front, cmd and clock"
	}' "$f" >>"$out"
done
if [ -s "$out" ]; then
	cat "$out" >&2
	echo "layers: $(wc -l <"$out") findings; the table is at the top of tools/layers.sh" >&2
	exit 1
fi
echo "layers: clean"

# Sourced by bench.sh and gate.sh: nginx, the service and the fake provider in the folder $run, all on loopback.
# Ports: new connections, kept connections, 1-s cache, any path (many sites), TLS before the fake, fake, black hole, ready
# files, the plain program.
port_kept=$((port + 1))
port_cache=$((port + 2))
port_any=$((port + 3))
port_tls=$((port + 4))
port_fake=$((port + 5))
port_hole=$((port + 6))
port_ready=$((port + 7))
port_plain=$((port + 8))
url=http://127.0.0.1:$port/j
worker_pid= serve_pid= nginx_pid= fake_pid= hole_pid= sampler_pid= plain_pid=
# Words before `jawort serve` and `jawort worker` (env, taskset); data_now=any keeps the data that is there; ready_now=yes:
# the configuration asks for ready files; serve_looks=yes waits until a large database was looked through beside.
serve_by= worker_by= data_now=empty ready_now= serve_looks=

fail() {
	echo "bench: $*" >&2
	exit 1
}

# A folder for files and, as a socket's path must be short, one for the socket.
place_make() {
	mkdir -p "$build/bench"
	run=$(mktemp -d "$build/bench/run.XXXXXX")
	run=$(cd "$run" && pwd)
	short=$(mktemp -d)
	socket=$short/jawort.sock
	: >"$run/serve.log"
	mkdir -p "$run/conf/sites" "$run/conf/keys" "$run/tmp" "$run/www" "$run/mails"
	chmod 700 "$run/conf/keys"
	echo 'key:secret' >"$run/conf/keys/mailjet.key"
	chmod 600 "$run/conf/keys/mailjet.key"
}

# Everything that runs, ended and waited for.
parts_stop() {
	serve_stop
	local p
	for p in $fake_pid $hole_pid $nginx_pid $sampler_pid $plain_pid; do kill "$p" 2>/dev/null || true; done
	wait 2>/dev/null || true
	fake_pid= hole_pid= nginx_pid= sampler_pid= plain_pid=
}

place_remove() {
	parts_stop
	crowd_out
	[ -n "${BENCH_KEEP:-}" ] || rm -rf "$run"
	rm -rf "$short"
}

# conf_make dir|mailjet [ENDPOINT]: one site whose mails go there. Budgets that never end: they are not what is measured.
conf_make() {
	cat >"$run/conf/jawort.yaml" <<END
data: ../data
keys: keys
sites: sites/*.yaml
listen: unix:$socket
${ready_now:+ready: $run/ready}
threads: ${threads:-32}
budgets: { confirm: 1000000/24h, confirm_host: 1000000/24h, rights: 1000000/24h, per_prefix: 1000000/1h, per_site: 1000000/24h }
END
	sed -e "s/@PORT@/$port/g" -e "s#@FAKE@#${2:-http://127.0.0.1:1}#" -e "s/@ROUTE@/$1/" \
		tests/bench/site.yaml >"$run/conf/sites/bench.yaml"
}

# What the shipped block has, but for its limit on POST (rate and burst) and the place of the cache. Beside it servers
# that keep connections to the service, that have the block of --cache, that pass every path, and TLS before the fake.
nginx_make() {
	local http server cached ready
	(ready_now=yes; conf_make dir)
	http=$("$jawort" nginx -c "$run/conf/jawort.yaml" --cache --ready --format http |
		sed -e 's#rate=[0-9]*r/m#rate=1000000r/s#' -e "s#/var/lib/nginx/jawort#$run/tmp/cache#")
	server=$("$jawort" nginx -c "$run/conf/jawort.yaml" --format server | sed 's#burst=[0-9]*#burst=10000#')
	cached=$("$jawort" nginx -c "$run/conf/jawort.yaml" --cache --format server | sed 's#burst=[0-9]*#burst=10000#')
	ready=$("$jawort" nginx -c "$run/conf/jawort.yaml" --ready --format server | sed 's#burst=[0-9]*#burst=10000#')
	conf_make dir
	certificate_make
	cat >"$run/nginx.conf" <<END
daemon off;
$([ "$(id -u)" != 0 ] || echo "user root;")
pid $run/tmp/nginx.pid;
error_log $run/nginx.log warn;
worker_processes 1;
worker_rlimit_nofile 4096;
events { worker_connections 1024; }
http {
    types { text/html html; }
    access_log off;
    keepalive_requests 1000000;
    client_body_temp_path $run/tmp/body;
    fastcgi_temp_path $run/tmp/fastcgi;
    proxy_temp_path $run/tmp/proxy;
    scgi_temp_path $run/tmp/scgi;
    uwsgi_temp_path $run/tmp/uwsgi;
    upstream kept { server unix:$socket; keepalive 32; }
    upstream fake { server 127.0.0.1:$port_fake; keepalive 64; }
$http
    server {
        listen 127.0.0.1:$port backlog=1024;
        root $run/www;
        open_file_cache max=100;
$(static_same form s/news; static_same notice n)
$server
    }
    server {
        listen 127.0.0.1:$port_kept backlog=1024;
$(printf '%s\n' "$server" | sed -e 's#fastcgi_pass unix:.*#fastcgi_pass kept; fastcgi_keep_conn on;\
    fastcgi_param JAWORT_SITE bench;#')
    }
    server {
        listen 127.0.0.1:$port_cache backlog=1024;
$(printf '%s\n' "$cached" | sed 's#fastcgi_pass unix:.*#&\
    fastcgi_param JAWORT_SITE bench;#')
    }
    server {
        listen 127.0.0.1:$port_ready backlog=1024;
$ready
    }
    server {
        listen 127.0.0.1:$port_plain backlog=1024;
        location / { include /etc/nginx/fastcgi_params; fastcgi_pass unix:$short/plain.sock; }
    }
    server {
        listen 127.0.0.1:$port_any backlog=1024;
$(printf '%s\n' "$server" | sed 's#location ^~ /j/#location /#')
    }
    server {
        listen 127.0.0.1:$port_tls ssl backlog=1024;
        ssl_certificate $run/tls.pem;
        ssl_certificate_key $run/tls.key;
        location / { proxy_pass http://fake; proxy_http_version 1.1; proxy_set_header Connection ""; }
    }
}
END
	nginx -c "$run/nginx.conf" -p "$run" -e "$run/nginx.log" &
	nginx_pid=$!
}

# static_same NAME PATH: the file NAME.html once more, with the headers that the block for ready files has for PATH.
static_same() {
	printf '    location = /same/%s.html {\n        alias %s/www/ready-%s.html;\n        max_ranges 0;\n' "$1" "$run" "$1"
	printf '        types { }\n        default_type "text/html; charset=utf-8";\n'
	printf '%s\n' "$ready" | sed -n "\\#^location = /j/$2 {#,/^}/{ /add_header/{ s/\\\$jawort[a-z0-9_]*/de/; p } }"
	printf '    }\n'
}

# An authority for nobody but this run, and its certificate for 127.0.0.1.
certificate_make() {
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 \
		-keyout "$run/tls.key" -out "$run/tls.pem" 2>"$run/openssl.log" || fail "openssl: see $run/openssl.log"
}

# plain_start THREADS BYTES: the program that is nothing but the libraries.
plain_start() {
	rm -f "$run"/plain.db* "$short/plain.sock"
	"$build/bench/plain" "$short/plain.sock" "$1" "$2" "$run" &
	plain_pid=$!
	wait_for 5 test -S "$short/plain.sock" || fail "the plain program does not start"
}
plain_stop() {
	kill "$plain_pid"
	wait "$plain_pid" 2>/dev/null || true
	plain_pid=
	rm -f "$run"/plain.db*
}

# The fake of the provider answers after 50 ms; the hole takes every request and answers none within this run.
fake_start() {
	${fake_by:-} "$build/bench/provider" "$port_fake" 50 >"$run/fake.out" &
	fake_pid=$!
	wait_for 5 grep -q '^port' "$run/fake.out" || fail "the fake provider does not start"
}
hole_start() {
	"$build/bench/provider" "$port_hole" 100000000 >"$run/hole.out" &
	hole_pid=$!
	wait_for 5 grep -q '^port' "$run/hole.out" || fail "the black hole does not start"
}
# Without what the last round left in its memory.
fake_again() {
	if [ -n "$fake_pid" ]; then
		kill "$fake_pid"
		wait "$fake_pid" || true
	fi
	fake_start
}

# wait_for SECONDS COMMAND...
wait_for() {
	local n=$(($1 * 20))
	shift
	until "$@" >/dev/null 2>&1; do
		n=$((n - 1))
		[ "$n" -gt 0 ] || return 1
		sleep 0.05
	done
}

# serve_start [worker]: with empty databases, or with those that are there (data_now=any).
serve_start() {
	[ "$data_now" = any ] || rm -rf "$run/data" "$run"/conf/keys/bench.keys*
	# Not deleted before the end: for minutes ext4 walks past each inode that was free not long ago when it makes a file.
	[ ! -d "$run/mails" ] || mv "$run/mails" "$(mktemp -d "$run/sent.XXXXXX")"
	mkdir -p "$run/data" "$run/mails"
	looks_before=$(looks_count)
	$serve_by "$jawort" serve -c "$run/conf/jawort.yaml" 2>>"$run/serve.log" &
	serve_pid=$!
	wait_for "${start_s:-10}" test -S "$socket" || { tail -n 5 "$run/serve.log" >&2; fail "jawort serve does not start"; }
	# A large database is served at once and looked through beside: that is not what is measured.
	[ -z "$serve_looks" ] || ! data_large || wait_for 120 looked_through || fail "the databases are not looked through after 120 s"
	[ "${1:-}" != worker ] || worker_start
	[ -z "$nginx_pid" ] || wait_for 5 curl -sf -o /dev/null "${probe:-$url/s/news}" || fail "no form at ${probe:-$url/s/news}"
}

data_large() { [ "$(stat -c %s "$run/data/bench/data.db")" -gt 16777216 ]; }
looks_count() { grep -c event=looked_through "$run/serve.log" || true; }
looked_through() { [ "$(looks_count)" -gt "$looks_before" ]; }

worker_start() {
	$worker_by "$jawort" worker -c "$run/conf/jawort.yaml" 2>>"$run/worker.log" &
	worker_pid=$!
}

# A part that is gone already is told by its exit code, too. $! may be another's by now: names are emptied at once.
serve_stop() {
	local p
	for p in ${worker_pid:-} ${serve_pid:-}; do
		kill "$p" 2>/dev/null || true
		wait "$p" || echo "bench: a part of the service ended with $?; see its log in $run" >&2
	done
	worker_pid= serve_pid=
}

ask() { "$build/bench/ask" "$run/data/bench/data.db" "$1"; }
# Mails that the provider took over.
sent_count() { ask 'SELECT count(*) FROM outbox WHERE state = 2'; }
intake_empty() { [ "$(ask 'SELECT count(*) FROM intake')" = 0 ]; }

# What a browser sends from the form: the hash of the text shown goes with it.
signup_body() {
	local v
	v=$(curl -sf "$url/s/news?lang=de" | sed -n 's/.*name="v" value="\([^"]*\)".*/\1/p' | head -n 1)
	[ -n "$v" ] || fail "the form has no field v"
	printf 'email={N}%%40bench.example&ok=1&lang=de&v=%s&first_name=&page=http%%3A%%2F%%2F127.0.0.1%%2Fnews' "$v"
}

mails_there() { ls "$run/mails" | grep -q eml; }
# In the order of their names; too many for one command line.
mails_text() { (cd "$run/mails" && ls | grep 'eml$' | xargs cat) | tr -d '\r' | sed -e ':a' -e '/=$/N;s/=\n//;ta'; }

# crowd_make PEOPLE: a database with so many confirmed people, made of one by crowd.c and kept for later runs;
# crowd_in and crowd_out put it to its place and back. Sign-ups of the runs stay in it; with a fifth more it is made anew.
crowd_make() {
	local key link
	key=$(cat cgi/store/migrations/*.sql tests/bench/crowd.c | sha256sum | cut -c1-12)
	crowd=$build/bench/crowd-$1-$key
	if [ -d "$crowd/data" ]; then
		[ "$("$build/bench/ask" "$crowd/data/bench/data.db" 'SELECT max(id) FROM person')" -gt $(($1 * 6 / 5)) ] || return 0
	fi
	rm -rf "$build/bench/crowd-$1-"*
	conf_make dir
	serve_start worker
	"$build/bench/load" -c 1 -n 1 -b "$(signup_body)" "$port" /j/s/news >/dev/null || fail "no first sign-up"
	wait_for 10 mails_there || fail "no mail for the first sign-up"
	link=$(mails_text | grep -o '/j/c/[A-Za-z0-9_-]*' | head -n 1)
	curl -sf -o /dev/null -d action=confirm "http://127.0.0.1:$port$link" || fail "the first sign-up is not confirmed"
	wait_for 10 intake_empty || fail "the first sign-up is left"
	serve_stop
	"$build/bench/crowd" "$run/data/bench" "$1" >"$run/crowd.out" || fail "crowd: see above"
	mkdir -p "$crowd.new"
	mv "$run/data" "$run"/conf/keys/bench.keys* "$crowd.new/"
	mv "$crowd.new" "$crowd"
}

# Read once, so that it is in memory as that of a running service is.
crowd_in() {
	rm -rf "$run/data" "$run"/conf/keys/bench.keys*
	cp -p "$crowd"/bench.keys* "$run/conf/keys/"
	mv "$crowd/data" "$run/data"
	data_now=any
	rm -f "$run"/data/budget.db*
	cat "$run/data/bench/data.db" "$run/data/bench/keys.db" >/dev/null
}

crowd_out() {
	[ "$data_now" = any ] || return 0
	mv "$run/data" "$crowd/data"
	rm -f "$run"/conf/keys/bench.keys*
	data_now=empty
}

# sites_make N: a configuration of N sites s1..sN, each at the path of its name.
sites_make() {
	conf_make dir
	mkdir -p "$run/conf/many"
	sed -i 's#^sites: .*#sites: many/*.yaml#' "$run/conf/jawort.yaml"
	awk -v n="$1" -v folder="$run/conf/many" -v port="$port_any" '
		{ line[NR] = $0 }
		END { for (i = 1; i <= n; i++) {
			out = folder "/s" i ".yaml"
			for (k = 1; k <= NR; k++) {
				s = line[k]
				sub(/^site: bench/, "site: s" i, s)
				if (s ~ /^base_url:/) s = "base_url: http://127.0.0.1:" port "/s" i
				print s >out
			}
			close(out)
		} }' "$run/conf/sites/bench.yaml"
	awk -v n="$1" 'BEGIN { for (i = 1; i <= n; i++) print "/s" i "/s/news" }' >"$run/sites.paths"
	probe=http://127.0.0.1:$port_any/s1/s/news
}

# Nothing, if only root may look (see pss_mb).
descriptors() { [ ! -r "/proc/$1/fd" ] || ls "/proc/$1/fd" | wc -l; }

# CPU time of a process in microseconds; its memory in MB now, its share of that (libraries are shared), the highest.
cpu_us() { awk -v hz="$(getconf CLK_TCK)" '{ printf "%.0f\n", ($14 + $15) * 1000000 / hz }' "/proc/$1/stat"; }
rss_mb() { awk '/^VmRSS/ { printf "%.1f\n", $2 / 1024 }' "/proc/$1/status"; }
# Of one or more processes. Only root may look so deep: the program forbids it to others of its user.
pss_mb() {
	awk '/^Pss:/ { n += $2 } END { printf "%.1f\n", n / 1024 }' $(printf '/proc/%s/smaps_rollup ' "$@") 2>/dev/null || true
}
rss_top_mb() { awk '/^VmHWM/ { printf "%.1f\n", $2 / 1024 }' "/proc/$1/status"; }

# sampler_start FILE: five times a second the sum of Pss of both processes, and how many connections the worker has
# to the fake behind TLS.
sampler_start() {
	local at
	at=$(printf '0100007F:%04X' "$port_tls")
	while sleep 0.2; do
		echo "$(pss_mb "$serve_pid" "$worker_pid" | grep . || echo 0) $(awk -v at="$at" '$3 == at && $4 == "01"' /proc/net/tcp | wc -l)" >>"$1"
	done &
	sampler_pid=$!
}
sampler_stop() {
	kill "$sampler_pid"
	wait "$sampler_pid" 2>/dev/null || true
	sampler_pid=
}
# top FILE COLUMN
top() { awk -v c="$2" '$c + 0 > m { m = $c + 0 } END { print m + 0 }' "$1"; }

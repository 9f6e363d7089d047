#!/bin/sh
# Measures the service beside what nginx and SQLite can do on this machine in the same minutes, and prints one table.
# Usage: make bench   (BENCH_S=2 seconds of each run, ROUNDS=3 runs of which the median counts, ONLY=form,signup,...
# parts, see the end; BENCH_PEOPLE=1000000, 0: no crowd; BENCH_SITES=1000; BENCH_KEEP=1 keeps the folder). Everything
# on loopback; about 10 minutes. docs/performance.md explains.
set -eu
cd "$(dirname "$0")/../.."
build=$(mkdir -p "${BUILD:-build}" && cd "${BUILD:-build}" && pwd)
jawort=${JAWORT:-$build/jawort}
seconds=${BENCH_S:-3}
rounds=${ROUNDS:-3}
port=${BENCH_PORT:-8790}
people=${BENCH_PEOPLE:-1000000}
sites=${BENCH_SITES:-1000}
PATH=$PATH:/usr/sbin:/usr/local/sbin
export LC_ALL=C
. tests/bench/service.sh

for p in nginx wrk node curl openssl taskset; do
	command -v "$p" >/dev/null || fail "$p is missing: make deps-test"
done

# note NAME VALUE: one reading of a figure.
note() { echo "$1 $2" >>"$run/readings"; }
# field NAME LINE: value of name=value in a line.
field() { printf '%s\n' "$2" | tr ' ' '\n' | sed -n "s/^$1=//p"; }
quotient() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.4f\n", b ? a / b : 0 }'; }
wanted() { case ",${ONLY:-}," in ,, | *",$1,"*) ;; *) return 1 ;; esac; }

# wrk_run NAME URL: requests a second and p99; fails on anything but 2xx.
wrk_run() {
	wrk -t1 -c32 -d"${seconds}s" --timeout 6s --latency "$2" >"$run/wrk.out"
	! grep -E 'Non-2xx|Socket errors' "$run/wrk.out" >&2 || fail "$1: answers that are none"
	note "$1.rate" "$(sed -n 's/^Requests\/sec: *//p' "$run/wrk.out")"
	note "$1.p99_ms" "$(awk '$1 == "99%" { v = $2 + 0; if ($2 ~ /us$/) v /= 1000; else if ($2 !~ /ms$/) v *= 1000
		print v }' "$run/wrk.out")"
	wrk_count=$(awk '/ requests in / { print $1 }' "$run/wrk.out")
}

form_round() {
	local before
	wrk_run static "http://127.0.0.1:$port/form.html"
	plain_start 8 "$(wc -c <"$run/www/form.html")"
	before=$(cpu_us "$plain_pid")
	wrk_run plain "http://127.0.0.1:$port_plain/"
	note plain.cpu_us "$(quotient $(($(cpu_us "$plain_pid") - before)) "$wrk_count")"
	plain_stop
	before=$(cpu_us "$serve_pid")
	wrk_run form "$url/s/news"
	note form.cpu_us "$(quotient $(($(cpu_us "$serve_pid") - before)) "$wrk_count")"
	before=$(cpu_us "$serve_pid")
	wrk_run kept "http://127.0.0.1:$port_kept/j/s/news"
	note kept.cpu_us "$(quotient $(($(cpu_us "$serve_pid") - before)) "$wrk_count")"
	before=$(cpu_us "$serve_pid")
	wrk_run notice "http://127.0.0.1:$port_kept/j/n"
	note notice.cpu_us "$(quotient $(($(cpu_us "$serve_pid") - before)) "$wrk_count")"
	before=$(cpu_us "$serve_pid")
	wrk_run fragment "http://127.0.0.1:$port_kept/j/n.html"
	note fragment.cpu_us "$(quotient $(($(cpu_us "$serve_pid") - before)) "$wrk_count")"
}

form_part() {
	local r
	serve_start worker
	sleep 1
	note serve.idle_mb "$(rss_mb "$serve_pid")"
	note worker.idle_mb "$(rss_mb "$worker_pid")"
	note serve.own_mb "$(pss_mb "$serve_pid")"
	note worker.own_mb "$(pss_mb "$worker_pid")"
	curl -sf -o "$run/www/form.html" "$url/s/news" || fail "no form"
	note form.bytes "$(wc -c <"$run/www/form.html")"
	for r in $(seq "$rounds"); do form_round; done
	note serve.form_mb "$(rss_top_mb "$serve_pid")"
	serve_stop
}

# CPU of nginx's worker per request, in nanoseconds: the clock of the scheduler counts finer than that of /proc/PID/stat.
# The worker is nginx's first child; those of the cache come after it.
nginx_ns() { awk '{ print $1 }' "/proc/$(awk '{ print $1 }' "/proc/$nginx_pid/task/$nginx_pid/children")/schedstat"; }
wrk_nginx() {
	local before
	before=$(nginx_ns)
	wrk_run "$1" "$2"
	note "$1.nginx_us" "$(quotient $(($(nginx_ns) - before)) $((wrk_count * 1000)))"
}

# The form and the notice from nginx's cache of a second and as ready files, each beside a bare file with the same page and
# beside a file that is answered with the same bytes, headers and all.
cache_round() {
	local page before at
	for page in form notice; do
		at=/j/$([ "$page" = form ] && echo s/news || echo n)
		wrk_nginx "static_$page" "http://127.0.0.1:$port/ready-$page.html"
		# In turns: what these two differ by is less than what two runs of one of them do.
		wrk_nginx "ready_$page" "http://127.0.0.1:$port_ready$at"
		wrk_nginx "same_$page" "http://127.0.0.1:$port/same/$page.html"
		wrk_nginx "same_$page" "http://127.0.0.1:$port/same/$page.html"
		wrk_nginx "ready_$page" "http://127.0.0.1:$port_ready$at"
		# The first answer of all is the one that others wait for, and nginx looks only twice a second.
		curl -sf -o /dev/null -H Accept: "http://127.0.0.1:$port_cache$at" || fail "no $page through the cache"
		before=$(cpu_us "$serve_pid")
		wrk_run "cache_$page" "http://127.0.0.1:$port_cache$at"
		note "cache_$page.cpu_us" "$(quotient $(($(cpu_us "$serve_pid") - before)) "$wrk_count")"
	done
}

# Byte for byte what the ready file is answered with, but for the date of the answer. While ready files are still being
# written the copy may be of the one before. A name of its own: nginx keeps what it knows of a file for a while.
same_check() {
	local i
	for i in $(seq 20); do
		! same_once 2>/dev/null || return 0
		sleep 0.3
	done
	same_once || fail "the file to compare with has other bytes"
}
same_once() {
	local page at
	for page in form notice; do
		at=/j/$([ "$page" = form ] && echo s/news || echo n)
		cp -p "$run"/ready/bench/$([ "$page" = form ] && echo form-news || echo notice).de.*.html "$run/www/ready-$page.html"
		curl -sfi "http://127.0.0.1:$port_ready$at" | grep -av '^Date: ' >"$run/tmp/$page.ready"
		curl -sfi "http://127.0.0.1:$port/same/$page.html" | grep -av '^Date: ' >"$run/tmp/$page.same"
		cmp "$run/tmp/$page.ready" "$run/tmp/$page.same" || return 1
	done
}

# Not one of them by the program.
ready_wait() {
	wait_for 20 sh -c "[ \$(ls '$run/ready/bench' 2>/dev/null | grep -c gz) -ge 3 ]" || fail "no ready files"
	curl -sf -D- -o /dev/null "http://127.0.0.1:$port_ready/j/s/news" | grep -qi '^etag: "[0-9a-f]*-' ||
		fail "nginx does not hand out the ready file"
}

cache_part() {
	local r
	ready_now=yes
	conf_make dir
	serve_start
	ready_wait
	same_check
	note notice.bytes "$(wc -c <"$run/www/ready-notice.html")"
	for r in $(seq "$rounds"); do cache_round; done
	serve_stop
	ready_now=
	conf_make dir
}

# What the last round has left to be written would be paid for by this one.
settle() {
	sync
	sleep 0.3
}

limit_round() {
	local line
	settle
	line=$("$build/bench/sqlite_limit" "$run" 128 2)
	note limit.rate "$(field rate "$line")"
	note limit.p99_ms "$(field p99_ms "$line")"
	line=$("$build/bench/sqlite_limit" "$run" 1 1)
	note single.rate "$(field rate "$line")"
}

# Mails that were taken over; none by the black hole, some by all others.
sent_note() {
	local sent
	sent=$(sent_count)
	if [ "$1" = hole ]; then
		[ "$sent" = 0 ] || fail "hole: $sent mails were taken"
	else
		[ "$sent" -gt 0 ] || fail "$1: no mail was taken; see worker.log in $run"
	fi
	note "$1.sent" "$sent"
}

# signup_round NAME [worker]: 32 clients into an empty database; its CPU includes the follow-up work of every row.
signup_round() {
	local name=$1 line body serve_before ok people_before whole
	settle
	serve_start "${2:-}"
	body=$(signup_body)
	people_before=$(ask 'SELECT count(*) FROM person')
	whole=$(date +%s%3N)
	serve_before=$(cpu_us "$serve_pid")
	line=$("$build/bench/load" -c "${clients:-32}" -s "$((seconds + 1))" ${load_by:-} -b "$body" "$port" /j/s/news) ||
		fail "$name: $line"
	[ -z "$worker_pid" ] || sent_note "$name"
	wait_for 30 intake_empty || fail "$name: sign-ups are left in the intake"
	whole=$(($(date +%s%3N) - whole))
	ok=$(field ok "$line")
	[ "$(ask 'SELECT count(*) FROM person')" = $((people_before + ok)) ] || fail "$name: $ok acknowledged, others stored"
	note "$name.cpu_us" "$(quotient $(($(cpu_us "$serve_pid") - serve_before)) "$ok")"
	note "$name.rate" "$(field rate "$line")"
	note "$name.whole_rate" "$(quotient $((ok * 1000)) "$whole")"
	note "$name.p50_ms" "$(field p50_ms "$line")"
	note "$name.p99_ms" "$(field p99_ms "$line")"
	note "$name.asked" "$(field asked "$line")"
	note "$name.serve_mb" "$(rss_top_mb "$serve_pid")"
	[ -z "$worker_pid" ] || note "$name.worker_mb" "$(rss_top_mb "$worker_pid")"
}

# Links from the mails of this round, up to 20,000 of each kind: two seconds, so that the first WAL to be carried into the
# database, once in a while, has the share it has in a long run. Who presses one has got the mail: the queue is empty.
links_round() {
	local kind line action before
	mails_wait
	settle
	mails_text >"$run/mails.txt"
	for kind in c u; do
		grep -o "/j/$kind/[A-Za-z0-9_-]*" "$run/mails.txt" | about_in_order | head -n 20000 >"$run/links.$kind"
		[ -s "$run/links.$kind" ] || fail "no mail has a link /$kind/"
		[ "$kind" = c ] && action=action=confirm || action=List-Unsubscribe=One-Click
		before=$(cpu_us "$serve_pid")
		line=$("$build/bench/load" -c 32 -s 10 -b "$action" -f "$run/links.$kind" "$port" /) || fail "links /$kind/: $line"
		note "link_$kind.cpu_us" "$(quotient $(($(cpu_us "$serve_pid") - before)) "$(field ok "$line")")"
		note "link_$kind.rate" "$(field rate "$line")"
		note "link_$kind.p99_ms" "$(field p99_ms "$line")"
	done
}
# Each once. Who signed up first opens the mail first, more or less: shuffled by the thousand.
about_in_order() {
	awk 'BEGIN { srand(1) } !seen[$0]++ { printf "%d %.9f %s\n", ++n / 1000, rand(), $0 }' | sort -k1,1n -k2,2n | cut -d' ' -f3
}
# A slow disk leaves fewer mails, which makes the figures shorter, not wrong; none at all is a failure above.
mails_wait() {
	local n
	for n in $(seq 60); do
		[ "$(ask 'SELECT count(*) FROM outbox WHERE state < 2')" != 0 ] || return 0
		sleep 1
	done
	printf 'bench: only %s mails after 60 s\n' "$(ls "$run/mails" | wc -l)" >&2
}

# What is compared is measured in turns, so that a slow minute is in both.
signup_rounds() {
	local r
	if wanted hole; then hole_start; fi
	if wanted crowd && [ "$people" != 0 ]; then crowd_make "$people"; fi
	for r in $(seq "$rounds"); do
		if wanted limit; then limit_round; fi
		if wanted signup || wanted hole || wanted crowd; then
			plain_round
			alone_round
		fi
		if wanted signup; then drain_round; fi
		if wanted signup || wanted hole; then alone_round; fi
		if wanted hole; then hole_round; fi
		if wanted crowd && [ "$people" != 0 ]; then crowd_round; fi
		if wanted slow; then slow_round; fi
	done
}

# The same sign-ups into the plain program, with as many threads as serve has.
plain_round() {
	local before line
	settle
	plain_start 32 4096
	before=$(cpu_us "$plain_pid")
	line=$("$build/bench/load" -c 32 -s "$((seconds + 1))" -b 'email={N}%40bench.example&ok=1' "$port_plain" /) ||
		fail "plain: $line"
	note plain_signup.cpu_us "$(quotient $(($(cpu_us "$plain_pid") - before)) "$(field ok "$line")")"
	note plain_signup.rate "$(field rate "$line")"
	note plain_signup.p99_ms "$(field p99_ms "$line")"
	plain_stop
}

# Twice in each round: others are compared with it.
alone_round() {
	conf_make dir
	signup_round alone
	serve_stop
}

drain_round() {
	conf_make dir
	signup_round dir worker
	links_round
	serve_stop
	fake_again
	conf_make mailjet "http://127.0.0.1:$port_fake"
	signup_round fake worker
	serve_stop
}

# The worker's transfers wait for answers that do not come; nobody here waits until it sees that.
hole_round() {
	conf_make mailjet "http://127.0.0.1:$port_hole"
	signup_round hole worker
	kill -9 "$worker_pid"
	wait "$worker_pid" 2>/dev/null || true
	worker_pid=
	serve_stop
}

crowd_round() {
	conf_make dir
	crowd_in
	serve_looks=yes
	signup_round crowd
	serve_looks=
	note crowd.people "$(ask 'SELECT count(*) FROM person')"
	serve_stop
	crowd_out
}

# A disk that needs 5 ms more for each sync, for us and for the one-row limit.
slow_round() {
	local line slower="env LD_PRELOAD=$build/bench/slowsync.so SLOW_US=5000"
	line=$($slower "$build/bench/sqlite_limit" "$run" 1 2)
	note slow_single.rate "$(field rate "$line")"
	conf_make dir
	serve_by=$slower
	signup_round slow
	serve_stop
	# As many threads as clients: a thread waits with its sign-up.
	threads=128
	clients=128
	conf_make dir
	signup_round slow_many
	serve_stop
	serve_by= threads= clients=
}

# How fast a queue drains: the worker on one core, the fake on another, nothing else. Counted: what was taken in each
# window.
worker_part() {
	local r from line cpu apart
	apart=$([ "$(nproc)" -lt 2 ] || echo taskset -c)
	fake_by=${apart:+$apart 1}
	fake_again
	fake_by=
	conf_make mailjet "http://127.0.0.1:$port_fake"
	serve_start
	line=$("$build/bench/load" -c 32 -s 15 -n $((seconds * rounds * 1500)) -b "$(signup_body)" "$port" /j/s/news) ||
		fail "worker: $line"
	wait_for 30 intake_empty || fail "worker: sign-ups are left in the intake"
	serve_stop
	worker_by=${apart:+$apart 0}
	for r in $(seq "$rounds"); do
		from=$(date +%s%3N)
		worker_start
		sleep "$seconds"
		cpu=$(cpu_us "$worker_pid")
		line=$(ask "SELECT count(*) FROM outbox WHERE state = 2 AND started_ms >= $from")
		[ "$line" -gt 0 ] || fail "worker: no mail was taken; see worker.log in $run"
		note worker.cpu_us "$(quotient "$cpu" "$line")"
		kill "$worker_pid"
		wait "$worker_pid" || fail "the worker ended with $?"
		worker_pid=
		note worker.rate "$(ask "SELECT count(*) * 1000.0 / max(1, max(done_ms) - min(started_ms)) FROM outbox
			WHERE state = 2 AND started_ms >= $from")"
	done
	worker_by=
}

# Memory of both while sign-ups come in and mails go out over TLS. Pss: a page that two processes share counts
# half in each, so the sum is what both together take.
tls_part() {
	fake_again
	conf_make mailjet "https://127.0.0.1:$port_tls"
	worker_by="env LD_PRELOAD=$build/bench/trust.so TRUST_CA=$run/tls.pem"
	serve_start worker
	sleep 1
	note both.idle_mb "$(pss_mb "$serve_pid" "$worker_pid")"
	sampler_start "$run/samples"
	"$build/bench/load" -c 32 -s "$((seconds + 2))" -b "$(signup_body)" "$port" /j/s/news >"$run/load.out" ||
		fail "tls: $(cat "$run/load.out")"
	sampler_stop
	[ "$(sent_count)" -gt 0 ] || fail "tls: no mail was taken; see worker.log in $run"
	[ "$(top "$run/samples" 1)" = 0 ] || note both.top_mb "$(top "$run/samples" 1)"
	note tls.connections "$(top "$run/samples" 2)"
	note tls.serve_mb "$(rss_top_mb "$serve_pid")"
	note tls.worker_mb "$(rss_top_mb "$worker_pid")"
	serve_stop
	worker_by=
}

# Many sites, one visitor each, then silence. Their databases are made without waiting for the disk.
sites_part() {
	local line start
	sites_make "$sites"
	start=$(date +%s%3N)
	start_s=120
	serve_by="env LD_PRELOAD=$build/bench/slowsync.so SLOW_US=-1"
	worker_by=$serve_by
	serve_start worker
	start_s= serve_by= worker_by=
	note sites.start_ms $(($(date +%s%3N) - start))
	line=$("$build/bench/load" -c 8 -s 120 -f "$run/sites.paths" "$port_any" /) || fail "sites: $line"
	[ "$(field ok "$line")" = "$sites" ] || fail "sites: $line"
	sleep 8 # what nobody has used for 5 s is closed
	note sites.fds "$(descriptors "$serve_pid")"
	note sites.mb "$(rss_mb "$serve_pid")"
	note sites.worker_fds "$(descriptors "$worker_pid")"
	note sites.worker_mb "$(rss_mb "$worker_pid")"
	serve_stop
	probe=
	conf_make dir
}

# Eight times the clients that already take all that the machine can do, without a pause: signing up, then reading.
flood_part() {
	local line
	conf_make dir
	clients=256 load_by=-o
	signup_round flood
	note flood.sane 1
	line=$("$build/bench/load" -o -c 256 -s "$seconds" "$port" /j/s/news) || fail "256 clients: $line"
	note flood_form.p99_ms "$(field p99_ms "$line")"
	note flood_form.rate "$(field rate "$line")"
	note flood_form.asked "$(field asked "$line")"
	clients= load_by=
	serve_stop
}

cgi_once() {
	GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=GET REQUEST_URI=/j/s/news QUERY_STRING= HTTP_HOST=127.0.0.1:$port \
		SERVER_PROTOCOL=HTTP/1.1 REMOTE_ADDR=127.0.0.1 JAWORT_SITE=bench JAWORT_CONF="$run/conf/jawort.yaml" \
		"$jawort" >"$run/cgi.out" 2>>"$run/cgi.log"
}

cgi_part() {
	local n=40 i start before
	cgi_once
	grep -q '^Status: 200' "$run/cgi.out" || { head -n 3 "$run/cgi.out" "$run/cgi.log" >&2; fail "CGI gives no form"; }
	times >"$run/times"
	before=$(children_of "$run/times")
	start=$(date +%s%N)
	for i in $(seq "$n"); do cgi_once; done
	note cgi.wall_ms "$(quotient $(($(date +%s%N) - start)) $((n * 1000000)))"
	times >"$run/times"
	note cgi.cpu_ms "$(quotient $(($(children_of "$run/times") - before)) $((n * 1000)))"
}
# The second line of what `times` prints is about children: "0m0.10s 0m0.02s".
children_of() { awk 'NR == 2 { gsub(/[ms]/, " "); printf "%.0f\n", ($1 * 60 + $2 + $3 * 60 + $4) * 1000000 }' "$1"; }

starve_part() {
	local line
	line=$("$build/http/starve" 30) && note starve.ok 1 || note starve.ok 0
	note starve.without "$(printf '%s\n' "$line" | sed -n 's/.* \([0-9]*\) of .* without.*/\1/p')"
	note starve.cpu_us "$(printf '%s\n' "$line" | sed -n 's/.* \([0-9.]*\) us CPU each/\1/p')"
	line=$("$build/http/starve_blocking" 5) && note starve.blind 1 || note starve.blind 0
	note starve.blocking "$(printf '%s\n' "$line" | sed -n 's/.* \([0-9]*\) of .* without.*/\1/p')"
}

# What others did meanwhile, in percent of all processors: busy time of the machine without our own.
busy_us() { awk -v hz="$(getconf CLK_TCK)" '$1 == "cpu" { printf "%.0f\n", ($2 + $3 + $4 + $7 + $8) * 1000000 / hz }' /proc/stat; }
foreign_percent() {
	local own all
	own=$(children_of "$run/times")
	all=$((($(date +%s) - started) * 1000000 * $(nproc)))
	awk -v busy="$(($(busy_us) - busy))" -v own="$own" -v all="$all" 'BEGIN {
		p = (busy - own) * 100 / all; printf "%d\n", p < 0 ? 0 : p }'
}

# What the host took ("steal"), in percent of all processors.
steal_ticks() { awk '$1 == "cpu" { print $9 }' /proc/stat; }
steal_percent() {
	awk -v ticks="$(($(steal_ticks) - steal))" -v hz="$(getconf CLK_TCK)" -v s="$(($(date +%s) - started))" -v n="$(nproc)" \
		'BEGIN { printf "%.1f\n", s ? ticks * 100 / (hz * s * n) : 0 }'
}

started=$(date +%s)
busy=$(busy_us)
steal=$(steal_ticks)
load=$(cut -d' ' -f1 /proc/loadavg)
place_make
trap place_remove EXIT
trap 'exit 130' INT TERM HUP PIPE
conf_make dir
nginx_make
if wanted form; then form_part; fi
if wanted cache; then cache_part; fi
signup_rounds # limit, signup, hole, crowd, slow
if wanted worker; then worker_part; fi
if wanted tls; then tls_part; fi
if wanted sites; then sites_part; fi
if wanted flood; then flood_part; fi
if wanted cgi; then cgi_part; fi
if wanted starve; then starve_part; fi
parts_stop
# not in a subshell, which has no children yet
times >"$run/times"
foreign=$(foreign_percent)
noisy=$([ "$foreign" -le 12 ] || echo noisy)
sh tests/bench/table.sh "$run/readings" "$noisy"
echo
echo "Medians of $rounds rounds; $(($(date +%s) - started)) s in all; load average before: $load; other processes" \
	"used $foreign % of the processors. The host took $(steal_percent) % of them (steal)."
[ -z "$noisy" ] || echo "THE MACHINE WAS NOT QUIET: only CPU per request and memory count, no rate, ratio or p99."

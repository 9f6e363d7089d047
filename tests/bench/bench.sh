#!/bin/sh
# Measures the service beside what nginx and SQLite can do on this machine in the same minutes, and prints one table.
# Usage: make bench   (BENCH_S=2 seconds of each run, ROUNDS=3 runs of which the median counts, ONLY=form,signup,...
# parts; BENCH_KEEP=1 keeps the folder). Everything on loopback; under 4 minutes. docs/performance.md explains.
set -eu
cd "$(dirname "$0")/../.."
build=$(mkdir -p "${BUILD:-build}" && cd "${BUILD:-build}" && pwd)
jawort=${JAWORT:-$build/jawort}
seconds=${BENCH_S:-3}
rounds=${ROUNDS:-3}
port=${BENCH_PORT:-8790}
port_kept=$((port + 1))
url=http://127.0.0.1:$port/j
PATH=$PATH:/usr/sbin:/usr/local/sbin
export LC_ALL=C
. tests/bench/service.sh

for p in nginx wrk node curl; do
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

limit_part() {
	local r line
	for r in $(seq "$rounds"); do
		line=$("$build/bench/sqlite_limit" "$run" 128 2)
		note limit.rate "$(field rate "$line")"
		note limit.p99_ms "$(field p99_ms "$line")"
	done
	line=$("$build/bench/sqlite_limit" "$run" 1 1)
	note single.rate "$(field rate "$line")"
}

# What a browser sends from the form: the hash of the text shown goes with it.
signup_body() {
	local v
	v=$(curl -sf "$url/s/news?lang=de" | sed -n 's/.*name="v" value="\([^"]*\)".*/\1/p' | head -n 1)
	[ -n "$v" ] || fail "the form has no field v"
	printf 'email={N}%%40bench.example&ok=1&lang=de&v=%s&first_name=&page=http%%3A%%2F%%2F127.0.0.1%%2Fnews' "$v"
}

# signup_round NAME [worker]: 32 clients into an empty database; its CPU includes the follow-up work of every row.
signup_round() {
	local name=$1 line body serve_before worker_before=0 ok
	serve_start "${2:-}"
	body=$(signup_body)
	serve_before=$(cpu_us "$serve_pid")
	[ -z "$worker_pid" ] || worker_before=$(cpu_us "$worker_pid")
	line=$("$build/bench/load" -c 32 -s "$((seconds + 1))" -b "$body" "$port" /j/s/news) || fail "$name: $line"
	[ -z "$worker_pid" ] || note "$name.sent" "$(ask "SELECT count(*) FROM outbox WHERE state = 2")"
	wait_for 20 intake_empty || fail "$name: sign-ups are left in the intake"
	ok=$(field ok "$line")
	[ "$(ask 'SELECT count(*) FROM person')" = "$ok" ] || fail "$name: $ok acknowledged, others stored"
	note "$name.cpu_us" "$(quotient $(($(cpu_us "$serve_pid") - serve_before)) "$ok")"
	note "$name.rate" "$(field rate "$line")"
	note "$name.p50_ms" "$(field p50_ms "$line")"
	note "$name.p99_ms" "$(field p99_ms "$line")"
	note "$name.serve_mb" "$(rss_top_mb "$serve_pid")"
	[ -z "$worker_pid" ] || note "$name.worker_mb" "$(rss_top_mb "$worker_pid")"
}

# Links from the mails of the last round, a third of them for each round of each figure.
links_part() {
	local n kind r line action
	# Fewer mails make the figures shorter, not wrong; none at all is a failure below.
	wait_for 15 mails_enough || printf 'bench: only %s mails after 15 s\n' "$(ls "$run/mails" | wc -l)" >&2
	cat "$run"/mails/*.eml | tr -d '\r' | sed -e ':a' -e '/=$/N;s/=\n//;ta' >"$run/mails.txt"
	for kind in c u; do
		grep -o "/j/$kind/[A-Za-z0-9_-]*" "$run/mails.txt" | sort -u | head -n $((rounds * 5000)) >"$run/links.$kind"
		n=$(($(wc -l <"$run/links.$kind") / rounds))
		[ "$n" -gt 0 ] || fail "no mail has a link /$kind/"
		split -d -l "$n" "$run/links.$kind" "$run/links.$kind."
		[ "$kind" = c ] && action=action=confirm || action=List-Unsubscribe=One-Click
		for r in $(seq 0 $((rounds - 1))); do
			line=$("$build/bench/load" -c 32 -s 10 -b "$action" -f "$run/links.$kind.0$r" "$port" /) ||
				fail "links /$kind/: $line"
			note "link_$kind.rate" "$(field rate "$line")"
			note "link_$kind.p99_ms" "$(field p99_ms "$line")"
		done
	done
}
mails_enough() { [ "$(ls "$run/mails" | wc -l)" -ge $((rounds * 4000)) ]; }

signup_part() {
	local r
	for r in $(seq "$rounds"); do
		signup_round alone
		serve_stop
	done
	for r in $(seq "$rounds"); do
		signup_round dir worker
		[ "$r" -lt "$rounds" ] || links_part
		serve_stop
	done
	fake_start 50
	conf_make mailjet
	for r in $(seq "$rounds"); do
		signup_round fake worker
		serve_stop
	done
	fake_stop
	conf_make dir
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

started=$(date +%s)
busy=$(busy_us)
load=$(cut -d' ' -f1 /proc/loadavg)
worker_pid= serve_pid= nginx_pid= fake_pid=
place_make
trap place_remove EXIT
trap 'exit 130' INT TERM HUP
conf_make dir
nginx_make
if wanted form; then form_part; fi
if wanted limit; then limit_part; fi
if wanted signup; then signup_part; fi
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
	"used $foreign % of the processors."
[ -z "$noisy" ] || echo "THE MACHINE WAS NOT QUIET: only CPU per request and memory count, no rate, ratio or p99."

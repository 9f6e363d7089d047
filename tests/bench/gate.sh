#!/bin/sh
# For CI: has the service become slower? CPU time per request in units of a yardstick that runs in the same seconds
# (yardstick.c), and ratios of things measured in turns; no absolute times, so a busy or a slow machine does not matter.
# Of $rounds rounds the best counts: neighbours can only make a figure worse, a regression is in every round. The limits
# leave half as much again over what was measured when they were set.
# Usage: sh tests/bench/gate.sh   (ONLY=form,signup,...; BURN_US=40 plants a slow-down, which must make it fail)
set -eu
cd "$(dirname "$0")/../.."
build=$(mkdir -p "${BUILD:-build}" && cd "${BUILD:-build}" && pwd)
jawort=${JAWORT:-$build/jawort}
rounds=${ROUNDS:-3}
port=${BENCH_PORT:-$((20000 + $$ % 1400 * 9))}
PATH=$PATH:/usr/sbin:/usr/local/sbin
export LC_ALL=C

fail() {
	echo "gate: $*" >&2
	exit 1
}
. tests/bench/service.sh
planted=${BURN_US:+env LD_PRELOAD=$build/bench/slowsync.so BURN_US=$BURN_US}
unset BURN_US
serve_by=$planted
field() { printf '%s\n' "$2" | tr ' ' '\n' | sed -n "s/^$1=//p"; }
wanted() { case ",${ONLY:-}," in ,, | *",$1,"*) ;; *) return 1 ;; esac; }
# reading NAME VALUE
reading() { echo "$1 $2" >>"$run/readings"; }

# beside COMMAND...: runs it with the yardstick at its side; sets line and unit_us.
beside() {
	"$build/bench/yardstick" 1.5 >"$run/unit" &
	unit_pid=$!
	line=$("$@") || fail "$* said: $line"
	wait "$unit_pid"
	unit_us=$(field unit_us "$(cat "$run/unit")")
}
# units CPU_US COUNT
units() { awk -v cpu="$1" -v n="$2" -v unit="$unit_us" 'BEGIN { printf "%.3f\n", n ? cpu / n / unit : 999 }'; }

form_round() {
	local before
	before=$(cpu_us "$serve_pid")
	beside "$build/bench/load" -c 16 -s 1.5 "$port" /j/s/news
	reading form "$(units $(($(cpu_us "$serve_pid") - before)) "$(field ok "$line")")"
}

# signup_round NAME: CPU of an acknowledged sign-up, with all that is done behind the answer.
signup_round() {
	local before body
	body=$(signup_body)
	before=$(cpu_us "$serve_pid")
	beside "$build/bench/load" -c 32 -s 1.5 -b "$body" "$port" /j/s/news
	wait_for 60 intake_empty || fail "$1: sign-ups are left in the intake"
	reading "$1" "$(units $(($(cpu_us "$serve_pid") - before)) "$(field ok "$line")")"
}

cgi_starts() {
	local i
	for i in $(seq 20); do
		GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=GET REQUEST_URI=/j/s/news QUERY_STRING= HTTP_HOST=127.0.0.1:$port \
			SERVER_PROTOCOL=HTTP/1.1 REMOTE_ADDR=127.0.0.1 JAWORT_SITE=bench JAWORT_CONF="$run/conf/jawort.yaml" \
			$planted "$jawort" >"$run/cgi.out" 2>>"$run/cgi.log"
	done
	times >"$run/times"
	awk 'NR == 2 { gsub(/[ms]/, " "); printf "cpu_us=%.0f\n", ($1 * 60 + $2 + $3 * 60 + $4) * 1000000 }' "$run/times"
}
# In a subshell of its own, whose children are these starts only.
cgi_round() {
	beside cgi_starts
	grep -q '^Status: 200' "$run/cgi.out" || fail "CGI gives no form; see cgi.log"
	reading cgi "$(units "$(field cpu_us "$line")" 20)"
}

# 20 ms more per sync: so slow a disk that the processors do not matter. How many sign-ups share one commit?
group_round() {
	local slower="env LD_PRELOAD=$build/bench/slowsync.so SLOW_US=20000" single
	line=$($slower "$build/bench/sqlite_limit" "$run" 1 1)
	single=$(field rate "$line")
	serve_by="$slower"
	serve_start
	line=$("$build/bench/load" -c 32 -s 2 -b "$(signup_body)" "$port" /j/s/news) || fail "slow disk: $line"
	reading group "$(awk -v a="$(field rate "$line")" -v b="$single" 'BEGIN { printf "%.2f\n", a / b }')"
	serve_stop
	serve_by=$planted
}

# Transfers under way, on average: mails a second times the 50 ms that each answer takes. And CPU of a mail.
worker_round() {
	local from n cpu
	from=$(date +%s%3N)
	worker_start
	beside sleep 1.5
	cpu=$(cpu_us "$worker_pid")
	reading worker_mb "$(rss_mb "$worker_pid")"
	n=$(ask "SELECT count(*) FROM outbox WHERE state = 2 AND started_ms >= $from")
	[ "$n" -gt 0 ] || fail "the worker: no mail was taken; see worker.log in $run"
	kill "$worker_pid"
	wait "$worker_pid" || fail "the worker ended with $?"
	worker_pid=
	reading mail "$(units "$cpu" "$n")"
	reading parallel "$(ask "SELECT round(count(*) * 50.0 / max(1, max(done_ms) - min(started_ms)), 2) FROM outbox
		WHERE state = 2 AND started_ms >= $from")"
}

flood() {
	serve_start
	line=$("$build/bench/load" -o -c 256 -s 2 -b "$(signup_body)" "$port" /j/s/news) || fail "256 clients sign up: $line"
	wait_for 60 intake_empty || fail "256 clients: sign-ups are left in the intake"
	[ "$(ask 'SELECT count(*) FROM person')" = "$(field ok "$line")" ] || fail "256 clients: not all acknowledged are stored"
	line=$("$build/bench/load" -o -c 256 -s 1 "$port" /j/s/news) || fail "256 clients read: $line"
	reading flood 1
	serve_stop
}

best() { awk -v name="$1" -v way="$2" '$1 == name { if (n++ == 0 || (way == "<=" ? $2 < v : $2 > v)) v = $2 } END { if (n) print v }' "$run/readings"; }
# judge NAME WAY LIMIT WHAT
judge() {
	local value
	value=$(best "$1" "$2")
	[ -n "$value" ] || return 0
	if awk -v v="$value" -v way="$2" -v limit="$3" 'BEGIN { exit !(way == "<=" ? v <= limit : v >= limit) }'; then
		passed=$((passed + 1))
		printf 'ok      %-64s %9s  %s %s\n' "$4" "$value" "$2" "$3"
	else
		failed=$((failed + 1))
		printf 'FAILED  %-64s %9s  %s %s\n' "$4" "$value" "$2" "$3"
	fi
}

place_make
trap place_remove EXIT
trap 'exit 130' INT TERM HUP PIPE
: >"$run/readings"
conf_make dir
nginx_make
if wanted crowd; then crowd_make 20000; fi
for r in $(seq "$rounds"); do
	conf_make dir
	if wanted form || wanted signup || wanted crowd; then
		serve_start
		sleep 1
		reading idle_mb "$(rss_mb "$serve_pid")"
		if wanted form; then form_round; fi
		if wanted signup || wanted crowd; then
			signup_round signup
			reading serve_mb "$(rss_top_mb "$serve_pid")"
		fi
		serve_stop
	fi
	if wanted crowd; then
		crowd_in
		serve_looks=yes
		serve_start
		signup_round crowd
		serve_stop
		serve_looks=
		crowd_out
	fi
	if wanted cgi; then cgi_round; fi
	if wanted group; then group_round; fi
done
if wanted worker; then
	fake_start
	conf_make mailjet "http://127.0.0.1:$port_fake"
	serve_start
	line=$("$build/bench/load" -c 16 -s 10 -n $((rounds * 2500)) -b "$(signup_body)" "$port" /j/s/news) || fail "worker: $line"
	wait_for 60 intake_empty || fail "worker: sign-ups are left in the intake"
	for r in $(seq "$rounds"); do worker_round; done
	serve_stop
fi
if wanted flood; then flood; fi

passed=0 failed=0
judge form "<=" 1.15 "CPU of a form, in units of the yardstick"
judge signup "<=" 4.7 "CPU of a sign-up and what follows"
if wanted crowd; then
	reading flat "$(awk -v a="$(best crowd "<=")" -v b="$(best signup "<=")" 'BEGIN { printf "%.3f\n", a / b }')"
fi
judge flat "<=" 1.5 "  the same among 20,000 people / in an empty database"
judge cgi "<=" 130 "CPU of a form by CGI"
judge mail "<=" 17 "CPU of the worker per mail"
judge idle_mb "<=" 7 "MB of memory of serve at rest"
judge serve_mb "<=" 15 "  highest, with sign-ups"
judge worker_mb "<=" 16 "MB of memory of the worker, 32 mails under way"
judge parallel ">=" 8 "transfers of the worker under way"
judge group ">=" 9 "sign-ups per commit on a slow disk, 32 clients"
judge flood ">=" 1 "256 clients: nothing but 2xx, 3xx, 503 with Retry-After"
echo
sed 's/^/  /' "$run/readings" | sort -s -k1,1
echo "# pass $passed"
[ "$failed" = 0 ]

#!/bin/sh
# What the log of events costs of a sign-up: the same sign-ups through nginx and `serve`, durable, with their follow-up
# work, once by the product and once by a build that keeps no events (no_events.c), in turns. CPU time of all of `serve`
# until the intake is empty; to the product's is added what the worker needs for an event later, in the checkpoint.
# Of each the least counts, as neighbours can only add; the pairs are printed beside it. Exit 1 above 15 %.
# Usage: sh tests/bench/log_share.sh   (ROUNDS=5, SIGNUPS=6000)
set -eu
cd "$(dirname "$0")/../.."
build=$(mkdir -p "${BUILD:-build}" && cd "${BUILD:-build}" && pwd)
jawort=$build/jawort
rounds=${ROUNDS:-5}
signups=${SIGNUPS:-6000}
limit=15
port=${BENCH_PORT:-$((20000 + $$ % 1400 * 9))}
PATH=$PATH:/usr/sbin:/usr/local/sbin
export LC_ALL=C
. tests/bench/service.sh
field() { printf '%s\n' "$2" | tr ' ' '\n' | sed -n "s/^$1=//p"; }

# sets cpu: microseconds of serve for all sign-ups of this round
signups_by() {
	local line before kept
	jawort=$1
	serve_start
	before=$(cpu_us "$serve_pid")
	line=$("$build/bench/load" -c 32 -s 120 -n "$signups" -b "$(signup_body)" "$port" /j/s/news) || fail "sign-ups: $line"
	wait_for 60 intake_empty || fail "sign-ups are left in the intake"
	cpu=$(($(cpu_us "$serve_pid") - before))
	kept=$(ask 'SELECT count(*) FROM event')
	[ "$(ask 'SELECT count(*) FROM person')" = "$signups" ] || fail "not all $signups are stored"
	[ "$kept" = "$2" ] || fail "$kept events instead of $2: this compares something else"
	serve_stop
}

place_make
trap place_remove EXIT
trap 'exit 130' INT TERM HUP PIPE
load=$(cut -d' ' -f1 /proc/loadavg)
conf_make dir
nginx_make
later=$("$build/bench/log" grow 200000 | sed -n 's/^checkpoint over .* \([0-9.]*\) us an event$/\1/p')
[ -n "$later" ] || fail "no figure for the checkpoint"
signups_by "$build/jawort" "$signups"
for r in $(seq "$rounds"); do
	signups_by "$build/bench/no_events" 0
	without=$cpu
	signups_by "$build/jawort" "$signups"
	echo "$cpu $without"
done >"$run/pairs"
awk -v n="$signups" -v later="$later" -v load="$load" -v limit="$limit" '
	function share(with, without) { return (with - without) * 100 / with }
	{
		with = $1 / n + later
		without = $2 / n
		pair[NR] = share(with, without)
		if (NR == 1 || with < w) w = with
		if (NR == 1 || without < o) o = without
	}
	END {
		for (i = 2; i <= NR; i++)
			for (k = i; k > 1 && pair[k - 1] > pair[k]; k--) { t = pair[k]; pair[k] = pair[k - 1]; pair[k - 1] = t }
		printf "events and their log: %.1f %% of a sign-up, must be at most %d %%: %.1f us of CPU with, %.1f us of it in" \
			" the checkpoint, %.1f without (the least of %d rounds each; by pairs %.1f to %.1f, median %.1f %%;" \
			" load before %s)\n", share(w, o), limit, w, later, o, NR, pair[1], pair[NR], pair[int((NR + 1) / 2)], load
		exit share(w, o) > limit
	}' "$run/pairs"

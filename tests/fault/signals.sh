#!/bin/bash
# SIGTERM under load, SIGHUP with a good and a broken file, no descriptors left, a shifted clock, a disk that was
# full at the start. Usage: signals.sh BUILD   (JAWORT_TEST=1: the build reads JAWORT_CLOCK_OFFSET_S)
set -u
build=$1
. "$(dirname "$0")/lib.sh"
ms() { echo $(($(date +%s%N) / 1000000)); }

term() {
	local rc t0 i
	serve_start || return
	v=$("$ask" "$socket" value '/j/s/news?lang=de')
	"$build/fault/term" "$socket" "$pid" "$v" >>"$dir/acknowledged"
	rc=$?
	t0=$(ms)
	wait "$pid"; i=$?
	pid=
	[ $rc = 0 ] || bad "SIGTERM: owed answers are missing, or there was no load ($rc)"
	[ $i = 0 ] || { bad "SIGTERM: exit status $i"; grep -v event=post "$dir/serve.log" | tail -n 5; }
	[ $(($(ms) - t0)) -lt 5000 ] || bad "SIGTERM: took $(($(ms) - t0)) ms"
	[ ! -e "$socket" ] || bad "the socket is still there"
}

# Control: SIGKILL must owe answers, or the count above says nothing. One in three is enough: the moment may be a lull.
term_control() {
	local rc i
	for i in 1 2 3; do
		serve_start || return
		"$build/fault/term" "$socket" "$pid" "$v" 9 >>"$dir/acknowledged" 2>"$dir/control"
		rc=$?
		wait "$pid" 2>/dev/null
		pid=
		rm -f "$socket"
		say "  control run with SIGKILL:$(cat "$dir/control")"
		[ $rc != 1 ] || return 0
	done
	bad "a killed service owes nothing: the test sees nothing"
}

logged() { # PATTERN
	local i
	for i in $(seq 400); do grep -q "$1" "$dir/serve.log" && return 0; sleep 0.05; done
	return 1
}

shows() { "$ask" "$socket" body '/j/s/news?lang=de' | grep -q "$1"; }

# The contract's 2 s, the best of five: a neighbour may take the machine away once, a slow reload is slow each time.
hup_soon() {
	local title from
	for title in Eilbrief Fahrplan Postkarte Rundbrief Zeitung; do
		site_write "$title"
		from=$(date +%s%N)
		kill -HUP "$pid"
		for i in $(seq 400); do shows "$title" && break; sleep 0.05; done
		[ $((($(date +%s%N) - from) / 1000000)) -gt 2000 ] || return 0
	done
	bad "SIGHUP: five times the new title was not there after 2 s"
}

hup() {
	local i
	serve_start || return
	shows Vereinspost || bad "the first title is not there"
	site_write Radlerbrief
	kill -HUP "$pid"
	for i in $(seq 400); do shows Radlerbrief && break; sleep 0.05; done
	shows Radlerbrief || bad "SIGHUP: the new title is not there"
	hup_soon
	site_write Radlerbrief
	kill -HUP "$pid"
	for i in $(seq 400); do shows Radlerbrief && break; sleep 0.05; done
	echo 'site: [' >"$dir/sites/club.yaml"
	kill -HUP "$pid"
	logged 'level=error event=config' || bad "SIGHUP with a broken file: the log is silent"
	sleep 0.5
	shows Radlerbrief || bad "SIGHUP with a broken file: the last good one is gone"
	cp "$conf" "$dir/good.yaml"
	echo 'dota: x' >"$conf"
	kill -HUP "$pid"
	logged 'event=reload .*last good' || bad "SIGHUP with a broken host file: the log is silent"
	sleep 0.5
	shows Radlerbrief || bad "SIGHUP with a broken host file: the last good one is gone"
	cp "$dir/good.yaml" "$conf"
	site_write Vereinspost
	kill -HUP "$pid"
	for i in $(seq 400); do shows Vereinspost && break; sleep 0.05; done
	shows Vereinspost || bad "SIGHUP: the mended file is not taken"
	v=$("$ask" "$socket" value '/j/s/news?lang=de')
	signup
	[ "$status" = 303 ] || bad "after the reloads: $answer"
	serve_end || bad "exit status $?"
}

emfile() {
	local idle i got=0
	ulimit -S -n 64
	serve_start || return
	ulimit -S -n 1024
	"$ask" "$socket" idle 200 4 >"$dir/idle" &
	idle=$!
	for i in $(seq 400); do grep -q held "$dir/idle" && break; sleep 0.05; done
	for i in 1 2 3; do [ "$(status_of '/j/s/news?lang=de')" = 200 ] && got=$((got + 1)); done
	say "  $(cat "$dir/idle") connections with 64 descriptors: $got of 3 requests answered meanwhile"
	[ $got -ge 1 ] || bad "nobody is answered while 200 hold connections"
	wait $idle
	kill -0 "$pid" 2>/dev/null || bad "serve has ended"
	signup
	[ "$status" = 303 ] || bad "after the rush: $answer"
	[ "$(status_of '/j/s/news?lang=de')" = 200 ] || bad "after the rush: no form"
	grep -q 'event=accept-paused' "$dir/serve.log" || bad "the limit was never reached: nothing was tested"
	serve_end || bad "exit status $?"
}

# Starts at times far off; order of the evidence is by number, so nothing is refused.
clocks() {
	local off
	for off in -86400 315360000 -86400; do
		JAWORT_CLOCK_OFFSET_S=$off serve_start || return
		v=$("$ask" "$socket" value '/j/s/news?lang=de')
		signup
		[ "$status" = 303 ] || bad "clock $off s: $answer"
		local before after
		before=$(awk '{ print $14 + $15 }' "/proc/$pid/stat")
		sleep 1
		after=$(awk '{ print $14 + $15 }' "/proc/$pid/stat")
		[ $((after - before)) -lt 30 ] || bad "clock $off s: busy, $((after - before)) ticks in a second"
		serve_end || bad "exit status $?"
	done
	serve_start && everybody
	grep -q "ts=$(date -u -d '+3650 days' +%Y)" "$dir/serve.log" || bad "the clock was never shifted: nothing was tested"
	serve_end
}

conf_write
say "SIGTERM under load"; term; term; term_control
say "SIGHUP"; hup
say "no descriptors left"; emfile
if [ -n "${JAWORT_TEST:-}" ]; then say "clock: a day back, ten years ahead, back"; clocks; else serve_start && everybody; serve_end; fi
say "$failed failures"
exit $((failed > 0))

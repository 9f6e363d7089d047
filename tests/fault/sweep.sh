#!/bin/bash
# Every single failing system call of the running service, one after the other (strace injects them), and a full
# disk. The request that is hit gets 503 with Retry-After or is stored; forms and notices go on; the next
# sign-up works without a restart; whoever was acknowledged is held.
# Usage: sweep.sh BUILD [full]
set -u
build=$1
full=${2:-}
. "$(dirname "$0")/lib.sh"
most=14
[ -n "$full" ] && most=80
refused=0
injected=0

# inject CALL ERRNO N: one sign-up with the N-th such call of each thread failing. False if none did.
inject() {
	local log=$dir/strace.out err=$dir/strace.err s i hits
	: >"$log"; : >"$err"
	settled
	strace -f -p "$pid" -o "$log" -e trace="$1" -e inject="$1:error=$2:when=$3" 2>"$err" &
	s=$!
	for i in $(seq 2000); do grep -q attached "$err" && break; sleep 0.01; done
	signup
	[ "$(status_of '/j/s/news?lang=de')" = 200 ] || bad "$1 $2 #$3: the form is not there"
	[ "$(status_of '/j/n?lang=de')" = 200 ] || bad "$1 $2 #$3: the notice is not there"
	kill -INT $s; wait $s 2>/dev/null
	hits=$(grep -c INJECTED "$log")
	case $status in
	303) ;;
	503)
		refused=$((refused + 1))
		[ "$hits" -gt 0 ] || bad "$1 $2 #$3: 503 without a fault"
		set -- "$1" "$2" "$3" $answer
		[ "$5" != - ] || bad "$1 $2 #$3: 503 without Retry-After"
		;;
	*) bad "$1 $2 #$3: answer $answer" ;;
	esac
	kill -0 "$pid" 2>/dev/null || { bad "$1 $2 #$3: serve has ended"; tail -n 3 "$dir/serve.log"; serve_start; }
	signup
	[ "$status" = 303 ] || { sleep 0.2; bad "$1 $2 #$3: the next sign-up answers $answer"; }
	[ "$hits" -gt 0 ] && injected=$((injected + 1))
	[ "$hits" -gt 0 ]
}

sweep() { # CALL ERRNO MUST: at least so many refusals
	local n=1 r=$refused
	while [ $n -le $most ] && inject "$1" "$2" $n; do n=$((n + 1)); done
	say "  $1 $2: $((n - 1)) places, $((refused - r)) refused"
	[ $((refused - r)) -ge "$3" ] || bad "$1 $2: at least $3 sign-ups must be refused, else nothing was tested"
}

# The same while a new site's files are made: whatever is left half done, the next start completes.
start_fault() { # CALL ERRNO N
	local log=$dir/strace.out s i child
	rm -rf "$dir/data" "$dir/keys" "$socket"
	mkdir "$dir/data"
	: >"$log"
	strace -f -o "$log" -e trace="$1" -e inject="$1:error=$2:when=$3" \
		"$jawort" serve -c "$conf" --threads 2 >>"$dir/serve.log" 2>&1 &
	s=$!
	for i in $(seq 600); do
		[ -S "$socket" ] && break
		kill -0 $s 2>/dev/null || break
		sleep 0.05
	done
	child=$(cat /proc/$s/task/$s/children 2>/dev/null)
	[ -n "$child" ] && kill -TERM $child 2>/dev/null
	wait $s 2>/dev/null
	i=$?
	[ $i -lt 128 ] || { bad "$1 $2 #$3 at the start: ended by signal $((i - 128))"; tail -n 2 "$dir/serve.log"; }
	rm -f "$socket"
	serve_start || { bad "$1 $2 #$3 at the start: what is left cannot be started"; tail -n 3 "$dir/serve.log"; }
	signup
	[ "$status" = 303 ] || bad "$1 $2 #$3 at the start, then without a fault: $answer"
	serve_end || bad "exit status $?"
	grep -q INJECTED "$log"
}

start_sweep() { # CALL ERRNO
	local n=1 places=0
	while [ $n -lt 20000 ] && start_fault "$1" "$2" $n; do
		places=$((places + 1))
		if [ -n "$full" ]; then n=$((n < 12 ? n + 1 : n * 3 / 2)); else n=$((n * 2 + 1)); fi
	done
	say "  $1 $2: $places places up to the ${n}th call"
}

disk_full() {
	mkdir -p "$dir/data"
	if ! mount -t tmpfs -o size=$1 tmpfs "$dir/data" 2>/dev/null; then
		say "  skipped: this user may not mount a tmpfs (run as root for it)"
		return 0
	fi
	serve_start || return
	v=$("$ask" "$socket" value '/j/s/news?lang=de')
	signup
	[ "$status" = 303 ] || bad "the first sign-up answers $answer"
	# what the service has written may be used again, so it takes some sign-ups until it needs room
	dd if=/dev/zero of="$dir/data/filler" bs=4096 2>/dev/null
	local i full_after=0
	for i in $(seq 3000); do
		signup
		[ "$status" = 303 ] || { full_after=$i; break; }
	done
	[ "$status" = 503 ] || bad "a full disk answers $answer"
	[ "$(echo "$answer" | cut -d' ' -f2)" != - ] || bad "no Retry-After"
	for i in 1 2 3; do
		signup
		[ "$status" = 503 ] || [ "$status" = 303 ] || bad "still full: $answer"
		[ "$(status_of '/j/s/news?lang=de')" = 200 ] || bad "the form is not there"
		[ "$(status_of '/j/n?lang=de')" = 200 ] || bad "the notice is not there"
	done
	rm "$dir/data/filler"
	signup
	[ "$status" = 303 ] || bad "with room again: $answer"
	say "  $1: refused at sign-up $full_after after the disk was full, accepted again without a restart"
	everybody
	serve_end || bad "exit status $?"
	umount "$dir/data"
}

# No room for the site's files at the start: the site is down alone, and comes back when there is room.
full_at_start() {
	local i
	rm -rf "$dir/data" "$dir/keys" "$dir/acknowledged"
	mkdir "$dir/data"
	mount -t tmpfs -o size=64k tmpfs "$dir/data" 2>/dev/null || return 0
	"$jawort" serve -c "$conf" --threads 4 >>"$dir/serve.log" 2>&1 &
	pid=$!
	for i in $(seq 600); do [ -S "$socket" ] && break; sleep 0.05; done
	answer=$("$ask" "$socket" get '/j/s/news?lang=de')
	case $answer in "503 -"* | 200* | 0*) bad "full at the start: $answer" ;; esac
	mount -o remount,size=8m "$dir/data"
	for i in $(seq 40); do [ "$(status_of '/j/s/news?lang=de')" = 200 ] && break; sleep 1; done
	[ "$(status_of '/j/s/news?lang=de')" = 200 ] || bad "full at the start: the site does not come back"
	v=$("$ask" "$socket" value '/j/s/news?lang=de')
	signup
	[ "$status" = 303 ] || bad "full at the start, then room: $answer"
	say "  full at the start: ${i} s after there was room the site was back"
	everybody
	serve_end || bad "exit status $?"
	umount "$dir/data"
}

conf_write
say "disk full"
disk_full 2m
[ -n "$full" ] && full_at_start
rm -rf "$dir/data" "$dir/keys" "$dir/acknowledged"
mkdir -p "$dir/data"

say "single failing calls"
if ! strace -o /dev/null -e inject=getpid:error=EIO true 2>/dev/null; then
	say "  skipped: strace may not trace here"
	exit $((failed > 0))
fi
serve_start || exit 1
v=$("$ask" "$socket" value '/j/s/news?lang=de')
signup
sweep fdatasync EIO 1
# One commit is one write of the WAL: store/walfile_priv.h gathers (several writes: tests/unit/store/test_fault.c).
sweep pwrite64 ENOSPC 1
sweep openat EIO 0
sweep accept4 EMFILE 0
if [ -n "$full" ]; then
	sweep fdatasync ENOSPC 1
	sweep pwrite64 EIO 1
	sweep openat ENOSPC 0
	sweep fsync EIO 0
	sweep ftruncate EIO 0
fi
everybody
serve_end || bad "exit status $? at SIGTERM"
rm -f "$dir/acknowledged"
say "single failing calls while a site is made"
start_sweep fsync EIO
start_sweep openat ENOSPC
start_sweep fdatasync EIO
if [ -n "$full" ]; then
	start_sweep pwrite64 ENOSPC
	start_sweep ftruncate EIO
	start_sweep openat EMFILE
fi
say "$injected faults, $refused sign-ups refused, $failed failures"
exit $((failed > 0))

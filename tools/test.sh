#!/bin/bash
# Everything that CI runs, one part after the other; the first that fails ends the run and shows its output.
# Usage: tools/test.sh [PART,PART...]   parts: see the calls of `part` at the end. Logs: build/test/PART.log
set -eu
cd "$(dirname "$0")/.."
only=${1:-}
logs=build/test
jobs=$(nproc)
mkdir -p "$logs"
passed=0
started=$SECONDS

make_() { make --no-print-directory -j"$jobs" WERROR=-Werror "$@"; }
# Instrumented code confuses gcc's own warnings; the parts build and clang are there to see them.
make_asan() { make_ BUILD=build-asan SAN=address,undefined WERROR= CFLAGS=-Wno-format-truncation "$@"; }
make_tsan() { make_ BUILD=build-tsan SAN=thread WERROR= CFLAGS=-Wno-format-truncation "$@"; }
node_tests() { node --test --test-concurrency=1 --test-reporter=spec "$@"; }

# cmocka and Node.js each say how many tests passed, the replayer how many inputs.
count() {
	awk '/\[  PASSED  \] [0-9]+ test/ { n += $4 } /^(# |ℹ )pass [0-9]+/ { n += $3 }
		/: [0-9]+ inputs$/ { n += $(NF - 1) } /^[a-z]+: (clean|unchanged|parse)$/ { n++ } END { print n + 0 }' "$1"
}

part() {
	local name=$1 what=$2 t=$SECONDS n
	shift 2
	case ",$only," in ,, | *",$name,"*) ;; *) return 0 ;; esac
	printf '%-8s %-66s ' "$name" "$what"
	if ! "$@" >"$logs/$name.log" 2>&1 </dev/null; then
		echo "FAILED after $((SECONDS - t)) s"
		echo
		tail -n 150 "$logs/$name.log"
		echo
		echo "The part '$name' failed (all of its output: $logs/$name.log; again: make test ONLY=$name)."
		echo "$passed passed, 1 failed"
		exit 1
	fi
	n=$(count "$logs/$name.log")
	# A part that tests nothing has gone wrong somewhere else; the two builds have their exit code only.
	case $name:$n in build:* | clang:*) ;; *:0)
		echo "FAILED: it ran nothing; see $logs/$name.log"
		exit 1
		;;
	esac
	passed=$((passed + n))
	printf '%5d ok %4d s\n' "$n" $((SECONDS - t))
}

build() { make_ all build/tools/mailpage; }
clang_() { make_ BUILD=build-clang CC=clang objects; }
unit_() { make_asan unit-programs && make_asan -j1 unit; }
# Threads meet in the writer of the store, in the application and in the front. Each command says what to do when it
# fails: part() asks with `if`, and there `set -e` means nothing.
tsan() {
	make_tsan unit-programs || return
	local t
	for t in $(ls build-tsan/unit/store/test_writer* build-tsan/unit/web/test_* 2>/dev/null | grep -v '\.d$'); do
		echo "== $t"
		TSAN_OPTIONS=halt_on_error=1 "$t" || return
	done
	make_tsan build-tsan/http/test_front build-tsan/http/echo_app || return
	for t in test_mixed test_stop 'test_parked*'; do
		TSAN_OPTIONS="halt_on_error=1 report_thread_leaks=0 suppressions=$PWD/tests/http/tsan.supp" ECHO_PARK=1 \
			build-tsan/http/test_front build-tsan/http/echo_app "$t" || return
	done
}
fuzz() { make_asan -j1 fuzz-replay && make_ FUZZ_S=5 fuzz; }
http() { make_asan -j1 http-test; }
fakes() { node_tests tests/fakes/test_*.mjs; }
e2e() { make_asan all && node_tests tests/e2e/*.test.mjs; }
doctor() { make_asan all && node_tests tests/doctor/*.test.mjs; }
fault() { make_ all fault-programs && node_tests tests/fault/*.test.mjs; }
mails() { make_ mails-programs && make_ -j1 mails; }
faults() { make_ -j1 faults && make_asan -j1 faults; }

part build "gcc, no warnings" build
part lint "rooms, lengths, headers, schema" make_ -j1 lint
part clang "clang, no warnings" clang_
part unit "unit tests and golden files, AddressSanitizer and UBSan" unit_
part tsan "writer, application and front, ThreadSanitizer" tsan
part http "FastCGI and CGI over real sockets; starvation" http
part fuzz "fuzz targets: seeds, then 5 s of new inputs each" fuzz
part fakes "the fakes of Mailjet and Brevo against their own clients" fakes
part e2e "nginx, serve, worker and Chromium" e2e
part mails "mails: three foreign parsers, SpamAssassin, what mail programs support" mails
part evidence "bundles before two verifiers; records before JSON-LD and JSON Schema" make_ -j1 evidence
part doctor "planted faults, each found; a control run without any; mail test" doctor
part fault "kill -9 under load, delivery under faults, an outage" fault
part faults "power cuts, failing calls and allocations, signals; control runs" faults
part deploy "units, install, manual pages, nginx and its cache" make_ -j1 deploy-test
part abuse "floods, foreign corpora, guessing who is on the list" make_ -j1 abuse
part bench "CPU per request beside a yardstick, and ratios: not slower than it was" make_ -j1 bench-gate
echo "$passed passed, 0 failed ($(((SECONDS - started) / 60)) min $(((SECONDS - started) % 60)) s)"

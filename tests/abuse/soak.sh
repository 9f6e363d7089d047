#!/bin/bash
# The long forms of what `make test` runs in short; the last result is written to docs/soak.md.
# Usage: tests/abuse/soak.sh BUILD FUZZ_BUILD   (PARTS="walk fuzz" runs some; FUZZ_RUNS, FUZZ_S, CUTS, STEPS: how much)
set -u
cd "$(dirname "$0")/../.."
build=$1
fuzz=$2
runs=${FUZZ_RUNS:-1000000}
cuts=${CUTS:-1000}
steps=${STEPS:-1000000}
parts=${PARTS:-enumerate bomb corpora power delivery walk fuzz}
logs=$build/soak
rows=$logs/rows
failed=0
mkdir -p "$logs"
: >"$rows"
export ABUSE=$build/abuse JAWORT=$build/jawort SOAK=1

# row WHAT HOW_MUCH COMMAND...: what the command says last that a reader wants stands in $say.
row() {
	local what=$1 much=$2 t=$SECONDS result=passed
	shift 2
	echo "== $what: $much"
	if ! nice "$@" >"$logs/log" 2>&1 </dev/null; then
		result=FAILED
		failed=1
		tail -n 40 "$logs/log"
	fi
	say=$(eval "$say")
	[ -z "$say" ] || result="$result: $say"
	echo "| $what | $much | $result | $((SECONDS - t)) s |" | tee -a "$rows"
}
tests() { node --test --test-concurrency=1 --test-reporter=spec "tests/abuse/$1.test.mjs"; }
export -f tests

for part in $parts; do
	case $part in
	enumerate)
		say="grep -a 'all known' $logs/log | sed 's/  */ /g' | awk '{ print \$1 \" t \" \$9 \" and \" \$NF }' | paste -sd ';' | sed 's/;/; /g'"
		row "Guessing who is on the list, and two planted faults" "2 × 20,000" bash -c 'tests enumerate'
		;;
	bomb)
		say="sed -n 's/.*: mails per site/mails per site/p' $logs/log | head -n 1"
		row "One address as the target of a flood" "100,000 sign-ups" bash -c 'tests bomb'
		;;
	corpora)
		say="sed -n 's/^\([0-9]* requests\).*/\1/p' $logs/log | paste -sd ' ' | sed 's/requests /requests, /'"
		row "Naughty strings and malformed UTF-8, every stored one read back" "all" bash -c 'tests corpora'
		;;
	power)
		say="grep -ai 'lost\|acknowledged' $logs/log | tail -n 1 | tr -d '|'"
		row "Power cuts" "$cuts" env JAWORT_CUTS="$cuts" "$build/fault/powercut"
		;;
	delivery)
		say="sed -n 's/^\(seed .*\)/\1/p' $logs/log | head -n 1"
		row "Delivery: random faults of the provider, kill -9 of the worker; two planted faults" "10,000 sign-ups" \
			node --test --test-reporter=spec tests/fault/delivery.test.mjs
		;;
	walk)
		say=":"
		row "Random walk over states and database" "$steps steps" env JAWORT_WALK_STEPS="$steps" "$build/unit/core/test_walk"
		;;
	fuzz)
		for t in tests/fuzz/fuzz_*.c; do
			t=$(basename "$t" .c)
			t=${t#fuzz_}
			mkdir -p "$fuzz/corpus/$t"
			say="sed -n 's/^stat::number_of_executed_units: *\(.*\)/\1 inputs/p' $logs/log"
			row "Fuzz target \`$t\`" "$runs inputs${FUZZ_S:+ or $FUZZ_S s}" "$fuzz/fuzz/$t" -verbosity=0 -print_final_stats=1 -rss_limit_mb=2048 \
				-timeout=10 -artifact_prefix="$fuzz/corpus/$t-" -runs="$runs" -max_total_time="${FUZZ_S:-0}" "$fuzz/corpus/$t" "tests/fuzz/corpus/$t"
		done
		;;
	*) echo "soak: there is no part \"$part\"" >&2; exit 2 ;;
	esac
done

{
	sed '/^<!-- result -->$/,$d' docs/soak.md
	echo "<!-- result -->"
	echo "Run of $(date -u +%Y-%m-%d), commit $(git rev-parse --short HEAD), $(nproc) cores, at low priority beside other work:"
	echo
	echo "| what | how much | result | time |"
	echo "|---|---|---|---|"
	cat "$rows"
	[ -z "${NOT_RUN:-}" ] || printf '\nNot run this time: %s.\n' "$NOT_RUN"
} >"$logs/soak.md" && cp "$logs/soak.md" docs/soak.md
exit $failed

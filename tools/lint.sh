#!/bin/sh
# Everything that reads the source without running it. First finding stops; each checker says what to mend.
# Usage: tools/lint.sh [FOLDER]   of generated headers; `make lint` makes them first
set -eu
cd "$(dirname "$0")/.."
sh tools/layers.sh
sh tools/lengths.sh
sh tools/headers.sh "${1:-build/gen}"
sh tools/migration-hash.sh && echo "migrations: unchanged"
for f in tools/*.sh .ci/run; do
	sh -n "$f" || bash -n "$f"
done
echo "scripts: parse"

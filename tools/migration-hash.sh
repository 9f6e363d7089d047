#!/bin/sh
# Migrations never change after release: fails if cgi/store/migrations/*.sql and SHA256SUMS differ.
# A new migration is added to SHA256SUMS by hand: (cd cgi/store/migrations && sha256sum *.sql >SHA256SUMS)
set -eu

cd "$(dirname "$0")/../cgi/store/migrations"
sha256sum --quiet --strict -c SHA256SUMS
for f in *.sql; do
	if ! grep -q "  $f\$" SHA256SUMS; then
		echo "cgi/store/migrations/$f: not in SHA256SUMS; add its line when it is finished" >&2
		exit 1
	fi
done

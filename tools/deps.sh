#!/bin/sh
# Installs what is missing by package name, and nothing else. Under a second when nothing is missing.
# Usage: tools/deps.sh build|test|servers
#   build  what building and `make run` need
#   test   the same and what `make test` needs: Chromium, Java, Node.js packages
#   servers  the same and what `make test-servers` and `make test-systemd` need
set -eu
cd "$(dirname "$0")/.."
kind=${1:-}
build='gcc libc6-dev make pkg-config libfcgi-dev libsodium-dev libsqlite3-dev libcurl4-openssl-dev
	libjansson-dev libyaml-dev libidn2-dev libgumbo-dev zlib1g-dev libssl-dev ca-certificates curl nginx-light'
tests='clang libclang-rt-14-dev libcmocka-dev universal-ctags nodejs npm chromium fonts-dejavu-core
	default-jre-headless wrk openssl strace procps systemd mandoc python3 python3-cryptography python3-aiosmtpd libmime-tools-perl spamassassin'
# lighttpd and caddy bring services that start at once: for machines that are made for tests.
servers='apache2-bin lighttpd caddy systemd-container'
case $kind in
build) want=$build ;;
test) want="$build $tests" ;;
servers) want="$build $tests $servers" ;;
*)
	echo "usage: tools/deps.sh build|test|servers" >&2
	exit 2
	;;
esac

# A program that came some other way serves as well, and Debian's would stand beside it.
instead() {
	case $1 in
	gcc | clang | curl | npm | wrk | strace | chromium | python3) command -v "$1" ;;
	nodejs) command -v node ;;
	default-jre-headless) command -v java ;;
	python3-cryptography) python3 -c "import cryptography" ;;
	universal-ctags) ctags --version 2>/dev/null | grep Universal ;;
	nginx-light) PATH=$PATH:/usr/sbin:/usr/local/sbin command -v nginx ;;
	libcurl4-openssl-dev) pkg-config --exists libcurl ;;
	*) false ;;
	esac >/dev/null 2>&1
}

if ! command -v dpkg-query >/dev/null 2>&1; then
	echo "This machine has no dpkg, so packages cannot be installed here. Needed, by their Debian names:" >&2
	echo " " $want >&2
	exit 2
fi
have="
$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' | sed -n 's/^ii *//p')
"
missing=
for p in $want; do
	case $have in
	*"
$p
"*) ;;
	*) instead "$p" || missing="$missing $p" ;;
	esac
done

packages() {
	line="apt-get update && apt-get install -y --no-install-recommends$missing"
	if [ "$(id -u)" = 0 ]; then
		sudo=
	elif command -v sudo >/dev/null 2>&1 && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
		sudo=sudo
	else
		echo "Packages are missing. Please run as root:" >&2
		echo "  $line" >&2
		exit 2
	fi
	echo "Installing:$missing"
	log=$(mktemp)
	if ! { $sudo apt-get update -q && $sudo env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -q --no-install-recommends $missing; } >"$log" 2>&1 </dev/null; then
		cat "$log" >&2
		rm -f "$log"
		echo "apt-get failed; the line was: $line" >&2
		exit 1
	fi
	rm -f "$log"
}
[ -z "$missing" ] || packages

# Packages of the npm registry, at the versions of the lock file and without their scripts.
npm_folder() {
	[ "$1/node_modules/.package-lock.json" -nt "$1/package-lock.json" ] && return
	echo "Installing npm packages of $1"
	(cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
	touch "$1/node_modules/.package-lock.json"
}
if [ "$kind" != build ]; then
	for d in tests/fakes tests/e2e tests/abuse tests/mails tests/evidence; do
		[ ! -f "$d/package-lock.json" ] || npm_folder "$d"
	done
fi

#!/bin/sh
# Installs what is missing by package name, and nothing else. Under a second when nothing is missing.
# Usage: tools/deps.sh build|test
set -eu
kind=${1:-build}
build='gcc make pkg-config libfcgi-dev libsodium-dev libsqlite3-dev libcurl4-openssl-dev libjansson-dev
	libyaml-dev libidn2-dev libc6-dev ca-certificates curl nginx-light'
tests='clang libclang-rt-14-dev libcmocka-dev universal-ctags pmccabe nodejs npm chromium default-jre-headless
	fonts-noto-core sqlite3 strace wrk mandoc procps openssl python3'
case $kind in
build) want=$build ;;
test) want="$build $tests" ;;
*)
	echo "usage: tools/deps.sh build|test" >&2
	exit 2
	;;
esac
missing=
have=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' 2>/dev/null | sed -n 's/^ii *//p')
for p in $want; do
	case "
$have
" in
	*"
$p
"*) ;;
	*)
		# a newer program of the same name, installed by other means, serves as well
		case $p in
		nodejs) command -v node >/dev/null 2>&1 && continue ;;
		npm) command -v npm >/dev/null 2>&1 && continue ;;
		default-jre-headless) command -v java >/dev/null 2>&1 && continue ;;
		clang) command -v clang >/dev/null 2>&1 && continue ;;
		gcc) command -v gcc >/dev/null 2>&1 && continue ;;
		nginx-light) command -v nginx >/dev/null 2>&1 || [ -x /usr/sbin/nginx ] && continue ;;
		esac
		missing="$missing $p"
		;;
	esac
done
[ -n "$missing" ] || exit 0
line="apt-get update && apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" = 0 ]; then
	sudo=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
	sudo=sudo
elif command -v sudo >/dev/null 2>&1 && [ -t 0 ]; then
	sudo=sudo
else
	echo "Packages are missing. Please run as root:" >&2
	echo "  $line" >&2
	exit 2
fi
echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null

#!/bin/bash
# Proves on a fresh Debian 12 what the README promises: makes one in a folder, clones this repository's last commit
# into it and runs a command there as root. Not part of CI. Needs root and debootstrap.
# Usage: tools/bare-debian.sh FOLDER [COMMAND...]     default command: make test
#   MIRROR=URL   where packages come from; default: where this machine's come from
# The folder may be there already from another run; the clone in it is made anew. Remove it with rm -rf when no
# mount is left in it (findmnt | grep FOLDER).
set -eu
cd "$(dirname "$0")/.."
[ $# -ge 1 ] || { sed -n 's/^# //p' "$0" | head -6 >&2; exit 2; }
[ "$(id -u)" = 0 ] || { echo "bare-debian.sh must run as root" >&2; exit 2; }
top=$1
shift
[ $# -gt 0 ] || set -- make test
mirror=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' | sed -n 's#/debian/*$#/debian#p' | head -n 1)}

if [ ! -x "$top/usr/bin/apt-get" ]; then
	debootstrap --variant=minbase bookworm "$top" "$mirror"
	cat >"$top/etc/apt/sources.list" <<END
deb $mirror bookworm main
deb $mirror bookworm-updates main
deb ${mirror%/debian}/debian-security bookworm-security main
END
fi
top=$(cd "$top" && pwd)
# The network as it is here: names, and certificates of a proxy if there are any.
cp /etc/resolv.conf /etc/hosts "$top/etc/"
if [ -d /usr/local/share/ca-certificates ]; then
	mkdir -p "$top/usr/local/share/ca-certificates"
	cp -r /usr/local/share/ca-certificates/. "$top/usr/local/share/ca-certificates/"
fi

mounted=
unmount() { for m in $mounted; do umount -R -l "$m" || true; done; }
trap unmount EXIT
mount_() { # kind target
	mount -t "$1" "$1" "$top/$2"
	mounted="$top/$2 $mounted"
}
mount_ proc proc
mount_ sysfs sys
# with what is mounted in it (pts, shm); a slave, so that unmounting stays here
mount --rbind /dev "$top/dev"
mount --make-rslave "$top/dev"
mounted="$top/dev $mounted"

inside() {
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" \
		DEBIAN_FRONTEND=noninteractive NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt \
		${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} chroot "$top" "$@"
}
inside sh -c 'command -v git >/dev/null && command -v make >/dev/null ||
	{ apt-get update -q && apt-get install -y -q --no-install-recommends git make ca-certificates; } >/dev/null'
rm -rf "$top/root/jawort"
git clone -q --no-local . "$top/root/jawort"
echo "In $top: $*"
inside sh -c 'cd /root/jawort && exec "$@"' sh "$@"

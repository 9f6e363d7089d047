#!/bin/bash
# Boots a systemd of its own in a container whose files are this machine's, with a memory layer above them, and tries
# the shipped units there: two users, keys as credentials, one sign-up, reload, kill -9, a process that hangs.
# Usage: tests/deploy/systemd.sh BUILD   (root; about 30 s)
set -eu
cd "$(dirname "$0")/../.."
build=$1
[ "$(id -u)" = 0 ] || { echo "make test-systemd: a container needs root" >&2; exit 2; }
dir=$(mktemp -d)
root=$dir/root
clean() {
	umount "$root" "$dir/layer" 2>/dev/null || true
	rm -rf "$dir"
}
trap clean EXIT
mkdir -p "$root" "$dir/layer" "$dir/out"
mount -t tmpfs -o size=600m tmpfs "$dir/layer"
mkdir "$dir/layer/up" "$dir/layer/work"
mount -t overlay overlay -o "lowerdir=/,upperdir=$dir/layer/up,workdir=$dir/layer/work" "$root"

make --no-print-directory BUILD="$build" DESTDIR="$root" PREFIX=/usr install >"$dir/install.log" 2>&1 ||
	{ cat "$dir/install.log"; exit 1; }
rm -f "$root"/etc/systemd/system/multi-user.target.wants/*.service "$root"/etc/nginx/sites-enabled/*
rm -rf "$root/etc/jawort" "$root/var/lib/jawort"
mkdir -p "$root/etc/jawort/sites"
sed -e 's#^data:.*#data: /var/lib/jawort#' -e '/^keys:/d' demo/conf/jawort.yaml >"$root/etc/jawort/jawort.yaml"
sed -e 's#path: .*mails#path: /var/lib/jawort/mails#' demo/conf/sites/demo.yaml >"$root/etc/jawort/sites/demo.yaml"

cat >"$root/etc/systemd/system/try.service" <<'END'
[Service]
Type=exec
ExecStart=/bin/bash /try.sh
END
ln -s ../try.service "$root/etc/systemd/system/multi-user.target.wants/try.service"
cat >"$root/try.sh" <<'END'
exec >/out/log 2>&1
check() { if "${@:2}"; then echo "ok $1"; else echo "FAILED $1"; fi; }
state() { systemctl show -p "$2" --value "$1"; }
get() { curl -s -o /dev/null -w '%{http_code}' -H 'Host: localhost:8080' "$@"; }
until_() { for _ in $(seq 100); do "$@" >/dev/null 2>&1 && return 0; sleep 0.1; done; return 1; }
status_is() { [ "$(get "$2")" = "$1" ]; }
systemd-sysusers
systemd-tmpfiles --create jawort.conf
# A watchdog that does not need minutes.
mkdir -p /etc/systemd/system/jawort-serve.service.d
printf '[Service]\nWatchdogSec=2s\n' >/etc/systemd/system/jawort-serve.service.d/test.conf
systemctl daemon-reload
check "init as root" jawort init --yes
check "units start" systemctl enable --now jawort.socket jawort-serve jawort-worker
jawort nginx --format http >/etc/nginx/conf.d/jawort.conf
{ echo 'server { listen 127.0.0.1:8099; server_name localhost;'; jawort nginx --format server; echo '}'; } >/etc/nginx/sites-enabled/j
check "nginx takes the block" nginx -t
check "nginx starts" systemctl restart nginx
url=http://127.0.0.1:8099/j
check "a form" until_ status_is 200 $url/s/news
v=$(curl -s -H 'Host: localhost:8080' $url/s/news | grep -o 'name="v" value="[^"]*"' | cut -d'"' -f4)
check "a sign-up" [ "$(get -d "email=anna@example.org&ok=1&p=news&v=$v" $url/s/news)" = 303 ]
check "a mail" until_ grep -rql anna@example.org /var/lib/jawort/mails
check "evidence, read by root" jawort person find anna@example.org --json
for u in jawort-serve jawort-worker; do
	pid=$(state $u MainPID)
	check "$u: not root" [ "$(stat -c %U /proc/$pid/cmdline)" != root -o "$(awk '/^Uid/{print $2}' /proc/$pid/status)" != 0 ]
	check "$u: seccomp" grep -q '^Seccomp:.*2' /proc/$pid/status
	check "$u: no capability" grep -q '^CapBnd:.*0000000000000000' /proc/$pid/status
	check "$u: only its own credentials" [ -z "$(ls /run/credentials/$u.service | grep -v '^keys_')" ]
done
check "serve has no network" [ "$(nsenter -t "$(state jawort-serve MainPID)" -n ip -o link 2>/dev/null | grep -vc ' lo:')" = 0 ]
check "keys are root's" [ "$(stat -c %a%U /etc/jawort/keys)" = 700root ]
for u in jawort jawort-worker; do check "$u cannot read keys" eval "! runuser -u $u -- cat /etc/jawort/keys/demo.keys 2>/dev/null"; done
old=$(state jawort-serve MainPID)
check "reload" systemctl reload jawort-serve jawort-worker
sleep 3
check "the same process after it" [ "$(state jawort-serve MainPID)" = "$old" ]
check "watchdog content for 3 s" [ "$(state jawort-serve NRestarts)" = 0 ]
kill -9 "$old"
check "answers again after kill -9" until_ status_is 200 $url/s/news
check "restarted by systemd" [ "$(state jawort-serve NRestarts)" = 1 ]
kill -STOP "$(state jawort-serve MainPID)"
sleep 4
check "a process that hangs is replaced" until_ status_is 200 $url/s/news
check "by the watchdog" eval "journalctl -u jawort-serve | grep -q -i watchdog"
systemctl restart jawort-serve & n=0
while kill -0 $! 2>/dev/null; do [ "$(get $url/s/news)" = 200 ] || n=$((n + 1)); done
check "no request refused during a restart" [ $n = 0 ]
echo 'listen: [' >/etc/jawort/jawort.yaml
systemctl restart jawort-worker
sleep 1
check "a broken configuration is not tried over and over" [ "$(state jawort-worker NRestarts)" = 0 ]
check "and ends with 4" [ "$(state jawort-worker ExecMainStatus)" = 4 ]
journalctl --no-pager -u jawort-serve -u jawort-worker >/out/journal
systemctl poweroff
END
timeout -k 5 120 systemd-nspawn -q --register=no --keep-unit -D "$root" --private-network --bind="$dir/out:/out" --boot \
	-- systemd.unit=multi-user.target >"$dir/console" 2>&1 </dev/null || { tail -30 "$dir/console"; cat "$dir/out/log"; exit 1; }
cat "$dir/out/log"
if grep -q ^FAILED "$dir/out/log" || [ "$(grep -c ^ok "$dir/out/log")" -lt 25 ]; then
	tail -60 "$dir/out/journal"
	exit 1
fi

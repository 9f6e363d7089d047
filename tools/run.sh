#!/bin/sh
# The service with a demo site: nginx, `jawort serve` and `jawort worker` on http://localhost:8080.
# Usage: tools/run.sh   (PORT=8081 for another port; RUN=folder for another place than run/; JAWORT=program
# for one that is built already)
# Data, keys and mails live in run/ and are there again next time. Ends on Ctrl-C or SIGTERM.
set -eu
cd "$(dirname "$0")/.."
port=${PORT:-8080}
mkdir -p "${RUN:-run}"
run=$(cd "${RUN:-run}" && pwd)
PATH=$PATH:/usr/sbin:/usr/local/sbin
url=http://localhost:$port
jawort=${JAWORT:-build/jawort}
socket=$run/jawort.sock
# A socket's path has 107 bytes at most.
[ ${#socket} -le 100 ] || socket=$(mktemp -d)/jawort.sock

fail() {
	echo "make run: $*" >&2
	exit 1
}

# Who listens already? curl's 7 is "refused", which is what we want.
port_check() {
	local code=0
	curl -s -o /dev/null --max-time 2 "$url/" || code=$?
	[ "$code" = 7 ] || fail "port $port is taken by another program. End that one, or: make run PORT=8081"
}

pids=
started() {
	pids="$pids $1"
	echo "$1" >"$run/$2.pid"
}
# Stops all parts, nginx first; a part that ends with an error is named.
end() {
	local status=$1 p code
	trap - EXIT INT TERM HUP
	for p in $(printf '%s\n' $pids | sort -rn); do kill "$p" 2>/dev/null || true; done
	for p in $pids; do
		code=0
		wait "$p" || code=$?
		[ "$code" = 0 ] || {
			echo "make run: process $p ended with $code; logs: $run/log" >&2
			status=1
		}
	done
	rm -f "$socket" "$run"/*.pid
	[ -z "$pids" ] || printf '\nEnded. Data and mails are still in %s.\n' "$run"
	exit "$status"
}

# A copy of the demo's configuration at this place and port; changes of the copy are kept.
conf_make() {
	[ -f "$run/conf/sites/demo.yaml" ] || {
		mkdir -p "$run/conf/sites"
		cp demo/conf/jawort.yaml "$run/conf/jawort.yaml"
		cp demo/conf/sites/*.yaml "$run/conf/sites/"
	}
	sed -i -e "s#^listen:.*#listen: unix:$socket#" "$run/conf/jawort.yaml"
	sed -i -e "s#localhost:[0-9]*#localhost:$port#g" "$run"/conf/sites/*.yaml
	mkdir -p "$run/mails" "$run/site" "$run/log" "$run/tmp"
}

# The two parts that `jawort nginx` prints, in the smallest frame that makes a server of them.
nginx_make() {
	local six= user=
	# As root, nginx would serve as nobody, who may not read this folder.
	[ "$(id -u)" != 0 ] || user="user $(id -un) $(id -gn);"
	[ ! -s /proc/net/if_inet6 ] || six="listen [::1]:$port;"
	cat >"$run/nginx.conf" <<END
daemon off;
$user
pid $run/tmp/nginx.pid;
error_log $run/log/nginx-error.log warn;
worker_processes 2;
events { worker_connections 512; }
http {
    types { text/html html; text/css css; image/svg+xml svg; text/plain txt; }
    charset utf-8;
    access_log $run/log/nginx-access.log;
    client_body_temp_path $run/tmp/body;
    fastcgi_temp_path $run/tmp/fastcgi;
    proxy_temp_path $run/tmp/proxy;
    scgi_temp_path $run/tmp/scgi;
    uwsgi_temp_path $run/tmp/uwsgi;
$("$jawort" nginx -c "$run/conf/jawort.yaml" --format http)
    server {
        listen 127.0.0.1:$port;
        $six
        server_name localhost;
        root $run/site;
        index index.html;
        location /mails/ { add_header Cache-Control no-store; }
$("$jawort" nginx -c "$run/conf/jawort.yaml" --format server)
    }
}
END
}

wait_for() {
	local n=0
	until "$@" >/dev/null 2>&1; do
		n=$((n + 1))
		[ "$n" -lt 100 ] || return 1
		for p in $pids; do kill -0 "$p" 2>/dev/null || return 1; done
		sleep 0.1
	done
}

# The owner's pages with the form as plain HTML, as it would be pasted into them.
site_make() {
	local lang page
	mkdir -p "$run/site/en"
	for page in demo/site/*; do
		case $page in */index.html | */en) continue ;; esac
		sed "s#localhost:8080#localhost:$port#g" "$page" >"$run/site/${page##*/}"
	done
	for lang in de:index.html en:en/index.html; do
		page=${lang#*:} lang=${lang%%:*}
		curl -sfS -o "$run/tmp/form.$lang" "$url/j/s/news?fragment&lang=$lang" || return 1
		sed -e "s#localhost:8080#localhost:$port#g" \
			-e "/^@FORM_[A-Z]*@\$/{r $run/tmp/form.$lang
d
}" "demo/site/$page" >"$run/tmp/page" && mv "$run/tmp/page" "$run/site/$page"
	done
}

mails_show() {
	local now
	now=$(ls "$run/mails" | wc -l)
	[ "$now" = "${mails_shown:-}" ] || build/tools/mailpage "$run/mails" "$run/site/mails"
	mails_shown=$now
}

show_log() { tail -n 15 "$run/log/serve.log" "$run/log/worker.log" "$run/log/nginx-error.log" >&2 2>/dev/null || true; }

port_check
[ -n "${JAWORT:-}" ] || make --no-print-directory -j"$(nproc)" all
make --no-print-directory build/tools/mailpage
conf_make
nginx_make
trap 'end 0' INT TERM HUP
trap 'end 1' EXIT
"$jawort" serve -c "$run/conf/jawort.yaml" 2>>"$run/log/serve.log" &
started $! serve
wait_for test -S "$socket" || { show_log; fail "jawort serve did not start; its log: $run/log/serve.log"; }
"$jawort" worker -c "$run/conf/jawort.yaml" 2>>"$run/log/worker.log" &
started $! worker
nginx -c "$run/nginx.conf" -p "$run" -e "$run/log/nginx-error.log" &
started $! nginx
wait_for curl -sf -o /dev/null "$url/j/s/news" || { show_log; fail "no form at $url/j/s/news; logs: $run/log"; }
site_make || fail "the form could not be fetched; log: $run/log/serve.log"
mails_show

cat <<END

Jawort is running. Open in a browser:
  $url/              demo site in German, with the form
  $url/en/           the same in English
  $url/j/s/news      the form on a page of its own
  $url/mails/        the mails that were sent (none leaves this machine)
  $url/j/n           the privacy notice
Look up a person:
  $jawort person find ADDRESS -c $run/conf/jawort.yaml
Configuration: $run/conf   logs: $run/log   Start afresh: rm -r $run
Ctrl-C ends everything.
END

while :; do
	# a wait that a signal interrupts, unlike sleep in the foreground
	sleep 1 &
	wait $! || true
	mails_show
	for p in $pids; do
		kill -0 "$p" 2>/dev/null && continue
		# ended by the signal that also ends us? Then the trap is next.
		sleep 1 &
		wait $! || true
		show_log
		fail "a part of the service has ended; logs: $run/log"
	done
done

# Sourced by bench.sh: nginx, the service and the fake provider in the folder $run, all on loopback.

fail() {
	echo "bench: $*" >&2
	exit 1
}

# A folder for files and, as a socket's path must be short, one for the socket.
place_make() {
	mkdir -p "$build/bench"
	run=$(mktemp -d "$build/bench/run.XXXXXX")
	run=$(cd "$run" && pwd)
	short=$(mktemp -d)
	socket=$short/jawort.sock
	mkdir -p "$run/conf/sites" "$run/conf/keys" "$run/tmp" "$run/www" "$run/mails"
	chmod 700 "$run/conf/keys"
	echo 'key:secret' >"$run/conf/keys/mailjet.key"
	chmod 600 "$run/conf/keys/mailjet.key"
}

# Everything that runs, ended and waited for.
parts_stop() {
	serve_stop
	[ -z "$fake_pid" ] || kill "$fake_pid" 2>/dev/null || true
	[ -z "$nginx_pid" ] || kill "$nginx_pid" 2>/dev/null || true
	wait 2>/dev/null || true
	fake_pid= nginx_pid=
}

place_remove() {
	parts_stop
	[ -n "${BENCH_KEEP:-}" ] || rm -rf "$run"
	rm -rf "$short"
}

# conf_make dir|mailjet: one site whose mails go there. Budgets that never end: they are not what is measured.
conf_make() {
	cat >"$run/conf/jawort.yaml" <<END
data: ../data
keys: keys
sites: sites/*.yaml
listen: unix:$socket
budgets: { confirm: 1000000/24h, confirm_host: 1000000/24h, rights: 1000000/24h, per_prefix: 1000000/1h, per_site: 1000000/24h }
END
	sed -e "s/@PORT@/$port/g" -e "s#@FAKE@#${fake_url:-http://127.0.0.1:1}#" -e "s/@ROUTE@/$1/" \
		tests/bench/site.yaml >"$run/conf/sites/bench.yaml"
}

# What the shipped block has, but for its limit on POST (rate and burst); a second server keeps connections to the service.
nginx_make() {
	local http server
	http=$("$jawort" nginx -c "$run/conf/jawort.yaml" --format http | sed 's#rate=[0-9]*r/m#rate=1000000r/s#')
	server=$("$jawort" nginx -c "$run/conf/jawort.yaml" --format server | sed 's#burst=[0-9]*#burst=10000#')
	cat >"$run/nginx.conf" <<END
daemon off;
$([ "$(id -u)" != 0 ] || echo "user root;")
pid $run/tmp/nginx.pid;
error_log $run/nginx.log warn;
worker_processes 1;
worker_rlimit_nofile 4096;
events { worker_connections 1024; }
http {
    types { text/html html; }
    access_log off;
    keepalive_requests 1000000;
    client_body_temp_path $run/tmp/body;
    fastcgi_temp_path $run/tmp/fastcgi;
    proxy_temp_path $run/tmp/proxy;
    scgi_temp_path $run/tmp/scgi;
    uwsgi_temp_path $run/tmp/uwsgi;
    upstream kept { server unix:$socket; keepalive 32; }
$http
    server {
        listen 127.0.0.1:$port backlog=1024;
        root $run/www;
        open_file_cache max=100;
$server
    }
    server {
        listen 127.0.0.1:$port_kept backlog=1024;
$(printf '%s\n' "$server" | sed -e 's#fastcgi_pass unix:.*#fastcgi_pass kept; fastcgi_keep_conn on;\
    fastcgi_param JAWORT_SITE bench;#')
    }
}
END
	nginx -c "$run/nginx.conf" -p "$run" -e "$run/nginx.log" &
	nginx_pid=$!
}

# fake_start MS: the fake of the provider answers that much later.
fake_start() {
	node tests/fakes/mailjet.mjs --latency "$1" >"$run/fake.out" &
	fake_pid=$!
	wait_for 5 grep -q '^port' "$run/fake.out" || fail "the fake provider does not start"
	fake_url=http://127.0.0.1:$(sed -n 's/^port //p' "$run/fake.out")
}

fake_stop() {
	kill "$fake_pid"
	wait "$fake_pid" || true
	fake_pid=
}

# wait_for SECONDS COMMAND...
wait_for() {
	local n=$(($1 * 20))
	shift
	until "$@" >/dev/null 2>&1; do
		n=$((n - 1))
		[ "$n" -gt 0 ] || return 1
		sleep 0.05
	done
}

# serve_start [worker]: with empty databases.
serve_start() {
	rm -rf "$run/data" "$run/mails" "$run"/conf/keys/bench.keys*
	mkdir -p "$run/data" "$run/mails"
	"$jawort" serve -c "$run/conf/jawort.yaml" 2>>"$run/serve.log" &
	serve_pid=$!
	wait_for 10 test -S "$socket" || { tail -n 5 "$run/serve.log" >&2; fail "jawort serve does not start"; }
	[ "${1:-}" != worker ] || worker_start
	[ -z "${nginx_pid:-}" ] || wait_for 5 curl -sf -o /dev/null "$url/s/news" || fail "no form at $url/s/news"
}

worker_start() {
	"$jawort" worker -c "$run/conf/jawort.yaml" 2>>"$run/worker.log" &
	worker_pid=$!
}

# $! of a process that has ended may be another's by now: names are emptied at once.
serve_stop() {
	local p
	for p in ${worker_pid:-} ${serve_pid:-}; do
		kill "$p" 2>/dev/null || continue
		wait "$p" || echo "bench: a part of the service ended with $?; see its log in $run" >&2
	done
	worker_pid= serve_pid=
}

ask() { "$build/bench/ask" "$run/data/bench/data.db" "$1"; }
intake_empty() { [ "$(ask 'SELECT count(*) FROM intake')" = 0 ]; }

# CPU time of a process in microseconds; its memory in MB now, its share of that (libraries are shared), the highest.
cpu_us() { awk -v hz="$(getconf CLK_TCK)" '{ printf "%.0f\n", ($14 + $15) * 1000000 / hz }' "/proc/$1/stat"; }
rss_mb() { awk '/^VmRSS/ { printf "%.1f\n", $2 / 1024 }' "/proc/$1/status"; }
pss_mb() { awk '/^Pss:/ { printf "%.1f\n", $2 / 1024 }' "/proc/$1/smaps_rollup"; }
rss_top_mb() { awk '/^VmHWM/ { printf "%.1f\n", $2 / 1024 }' "/proc/$1/status"; }

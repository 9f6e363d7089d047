#!/bin/sh
# table.sh READINGS [noisy]: the table of `make bench`, from lines "name value", of which the median counts.
# noisy: other programs had the machine too; what depends on that gets no verdict.
# Times depend on the machine. Their "must" was set where the plain program (plain.c) needs what stands in there[]; where
# it needs more, "ok*" says that a time meets the must in the measure of this machine, and only so.
set -eu
sort -k1,1 -k2,2g "$1" | awk -v noisy="${2:-}" '
function med(name) { return n[name] ? v[name, int((n[name] + 1) / 2)] : "" }
BEGIN { there["plain.cpu_us"] = 22.3; there["plain_signup.cpu_us"] = 93; there["plain_signup.p99_ms"] = 10.4 }
# A time, and the reading of the plain program that goes with it.
function time_row(what, value, digits, must, aim, plain,    slower) {
	slower = med(plain) / there[plain]
	if (value != "" && value + 0 > must && value + 0 <= must * slower && !(noisy && what !~ /CPU/)) {
		starred = 1
		printf "%-62s %9." digits "f  %8s  %8s  %s\n", what, value, "<= " must, "<= " aim, "ok*"
	} else {
		row(what, value, digits, "<=", must, aim)
	}
}
# What is it, from which to which, in which digits; rows with neither must nor aim are there to be read.
function row(what, value, digits, sign, must, aim,    state) {
	if (value == "")
		return
	state = must == "" && aim == "" ? "-" : "short"
	if (meets(value, sign, must != "" ? must : aim))
		state = "ok"
	if (state != "-" && noisy && what !~ /CPU|MB|an answer|nothing but|descriptors|at once/)
		state = "?"
	printf "%-62s %9." digits "f  %8s  %8s  %s\n", what, value, must == "" ? "" : sign " " must,
		aim == "" ? "" : sign " " aim, state
}
function meets(value, sign, limit) { return limit != "" && (sign == ">=" ? value + 0 >= limit : value + 0 <= limit) }
function ratio(a, b) { return med(a) == "" || med(b) == "" || med(b) == 0 ? "" : med(a) / med(b) }
{ v[$1, ++n[$1]] = $2 }
END {
	printf "%-62s %9s  %8s  %8s  %s\n", "figure", "value", "must", "aim", ""
	row("nginx, static file of the same bytes, requests/s", med("static.rate"), 0)
	row("plain program, page of the same bytes, requests/s", med("plain.rate"), 0)
	row("  / static", ratio("plain.rate", "static.rate"), 3)
	row("  own CPU us", med("plain.cpu_us"), 1)
	row("form GET through nginx, requests/s", med("form.rate"), 0)
	row("form GET / static", ratio("form.rate", "static.rate"), 3, ">=", 0.19)
	row("form GET, p99 ms", med("form.p99_ms"), 2, "<=", 5)
	time_row("form GET, own CPU us", med("form.cpu_us"), 1, 35, 25, "plain.cpu_us")
	row("form GET with kept connections / static", ratio("kept.rate", "static.rate"), 3, ">=", "", 0.28)
	row("form GET with kept connections, p99 ms", med("kept.p99_ms"), 2, "<=", "", 4)
	time_row("form GET with kept connections, own CPU us", med("kept.cpu_us"), 1, 35, 25, "plain.cpu_us")
	row("form GET, own CPU / plain program", ratio("form.cpu_us", "plain.cpu_us"), 2)
	row("form, bytes", med("form.bytes"), 0)
	row("notice with kept connections, own CPU us", med("notice.cpu_us"), 1)
	row("notice, own CPU / form", ratio("notice.cpu_us", "kept.cpu_us"), 2, "<=", "", 1.1)
	row("fragment of the notice, own CPU / form", ratio("fragment.cpu_us", "kept.cpu_us"), 2, "<=", "", 1.1)
	cached("form")
	cached("notice")
	row("SQLite, 128 sign-ups of 3 rows per commit, sign-ups/s", med("limit.rate"), 0)
	row("SQLite, one sign-up per commit, sign-ups/s", med("single.rate"), 0)
	row("plain program, sign-ups/s", med("plain_signup.rate"), 0)
	row("  / SQLite at 128 per commit", ratio("plain_signup.rate", "limit.rate"), 3)
	row("  p99 ms", med("plain_signup.p99_ms"), 1)
	row("  CPU us per sign-up", med("plain_signup.cpu_us"), 0)
	signup("alone", "no worker")
	signup("dir", "worker into files")
	signup("fake", "worker into a fake of 50 ms")
	row("sign-ups, worker into files / no worker", ratio("dir.rate", "alone.rate"), 2, ">=", 0.8, 0.95)
	row("sign-ups, worker into the fake / no worker", ratio("fake.rate", "alone.rate"), 2, ">=", 0.8, 0.95)
	row("sign-ups, worker into the fake / no worker: p99", ratio("fake.p99_ms", "alone.p99_ms"), 2, "<=", 2)
	row("sign-ups/s, provider takes and never answers", med("hole.rate"), 0)
	row("  / no worker", ratio("hole.rate", "alone.rate"), 2, ">=", 0.9)
	row("  / no worker: p99", ratio("hole.p99_ms", "alone.p99_ms"), 2, "<=", 1.1)
	row("people stored", med("crowd.people"), 0)
	row("  sign-ups/s among them, no worker", med("crowd.rate"), 0)
	row("  / empty", ratio("crowd.rate", "alone.rate"), 2, ">=", 0.7, 0.9)
	row("  p99 ms", med("crowd.p99_ms"), 1)
	row("  CPU us of serve per sign-up", med("crowd.cpu_us"), 0)
	row("5 ms more per sync: SQLite, one sign-up per commit", med("slow_single.rate"), 0)
	row("  sign-ups/s, 32 clients", med("slow.rate"), 0)
	row("  / one per commit", ratio("slow.rate", "slow_single.rate"), 1, ">=", 10)
	row("  p99 ms", med("slow.p99_ms"), 1)
	row("  sign-ups/s, 128 clients, 128 threads", med("slow_many.rate"), 0)
	row("  / one per commit", ratio("slow_many.rate", "slow_single.rate"), 1, ">=", "", 25)
	row("  p99 ms", med("slow_many.p99_ms"), 1)
	row("worker on one core into the fake of 50 ms, mails/s", med("worker.rate"), 0, ">=", 500, 1500)
	row("  CPU us of the worker per mail", med("worker.cpu_us"), 0)
	row("256 clients: nothing but 2xx, 3xx, 503 with Retry-After", med("flood.sane"), 0, ">=", 1)
	row("  sign-ups/s", med("flood.rate"), 0)
	row("  answers 503", med("flood.asked"), 0)
	row("  p99 ms", med("flood.p99_ms"), 1, "<=", 250)
	row("  forms/s", med("flood_form.rate"), 0)
	row("  answers 503", med("flood_form.asked"), 0)
	row("  p99 ms", med("flood_form.p99_ms"), 1, "<=", 250)
	row("confirm POST, requests/s", med("link_c.rate"), 0)
	row("confirm POST / sign-ups with worker, follow-up included", ratio("link_c.rate", "dir.whole_rate"), 2, ">=", 1)
	row("  / sign-ups that were answered meanwhile", ratio("link_c.rate", "dir.rate"), 2)
	row("  CPU us of serve per confirmation", med("link_c.cpu_us"), 0)
	time_row("confirm POST, p99 ms", med("link_c.p99_ms"), 1, 15, 8, "plain_signup.p99_ms")
	row("one-click POST, requests/s", med("link_u.rate"), 0)
	row("one-click POST / sign-ups with worker, follow-up included", ratio("link_u.rate", "dir.whole_rate"), 2, ">=", 1)
	row("  / sign-ups that were answered meanwhile", ratio("link_u.rate", "dir.rate"), 2)
	row("  CPU us of serve per one-click", med("link_u.cpu_us"), 0)
	time_row("one-click POST, p99 ms", med("link_u.p99_ms"), 1, 15, 8, "plain_signup.p99_ms")
	row("serve, MB of memory: idle", med("serve.idle_mb"), 1, "<=", 10, 8)
	row("  without its share of what others map too", med("serve.own_mb"), 1)
	row("serve, MB of memory: highest, forms", med("serve.form_mb"), 1, "<=", 24, 16)
	row("serve, MB of memory: highest, sign-ups", med("fake.serve_mb"), 1, "<=", 24, 16)
	row("worker, MB of memory: idle", med("worker.idle_mb"), 1, "<=", 10, 8)
	row("  without its share of what others map too", med("worker.own_mb"), 1)
	row("worker, MB of memory: highest, into files", med("dir.worker_mb"), 1, "<=", 24, 16)
	row("worker, MB of memory: highest, into the fake", med("fake.worker_mb"), 1, "<=", 24, 16)
	row("serve and worker, MB of memory (Pss): idle", med("both.idle_mb"), 1, "<=", 10, 8)
	row("  highest, sign-ups and mails over TLS, MB", med("both.top_mb"), 1, "<=", 24, 16)
	row("  serve alone then, MB (RSS)", med("tls.serve_mb"), 1, "<=", 24, 16)
	row("  worker alone then, MB (RSS)", med("tls.worker_mb"), 1, "<=", 24, 16)
	row("  connections over TLS at once", med("tls.connections"), 0, ">=", 32)
	row("many sites, one hit each, then idle: descriptors", med("sites.fds"), 0, "<=", 511)
	row("  MB of serve", med("sites.mb"), 1, "<=", 40)
	row("  descriptors of worker", med("sites.worker_fds"), 0, "<=", 511)
	row("  MB of worker", med("sites.worker_mb"), 1, "<=", 40)
	row("  first start to first form, no syncs, ms", med("sites.start_ms"), 0)
	row("CGI: form, start to end, ms", med("cgi.wall_ms"), 2)
	row("CGI: form, CPU ms", med("cgi.cpu_ms"), 2, "<=", 5, 2)
	row("4 threads, 48 kept connections, 64 clients: without an answer", med("starve.without"), 0, "<=", 0, 0)
	row("  nothing but 200", med("starve.ok"), 0, ">=", 1, 1)
	row("  CPU us per request", med("starve.cpu_us"), 1)
	row("  the same with libfcgi alone: without an answer", med("starve.blocking"), 0, ">=", 1, 1)
	if (starred) {
		print ""
		print "* more than the must, but no more of what the plain program needs here than the must is of what it needs where"
		print "  the must was set: page " there["plain.cpu_us"] " us, sign-up " there["plain_signup.cpu_us"] " us, p99 " \
			there["plain_signup.p99_ms"] " ms."
	}
}
function cached(page) {
	row(page " through a cache of 1 s, requests/s", med("cache_" page ".rate"), 0)
	row("  / bare static file", ratio("cache_" page ".rate", "static_" page ".rate"), 3, ">=", 0.5, 0.6)
	row("  p99 ms", med("cache_" page ".p99_ms"), 2)
	row("  CPU us of serve", med("cache_" page ".cpu_us"), 2)
	row(page " as ready file, requests/s", med("ready_" page ".rate"), 0)
	row("  / static file of the same bytes, headers and all", ratio("ready_" page ".rate", "same_" page ".rate"), 3, ">=", 0.95, 1)
	row("  / bare static file", ratio("ready_" page ".rate", "static_" page ".rate"), 3)
	row("  CPU us of nginx: ready file", med("ready_" page ".nginx_us"), 2)
	row("  same bytes", med("same_" page ".nginx_us"), 2)
	row("  bare file", med("static_" page ".nginx_us"), 2)
	row("  p99 ms", med("ready_" page ".p99_ms"), 2)
}
function signup(name, what) {
	row("sign-ups/s, " what, med(name ".rate"), 0)
	row("  / SQLite at 128 per commit", ratio(name ".rate", "limit.rate"), 3, ">=", 0.25, 0.35)
	row("  p50 ms", med(name ".p50_ms"), 1)
	time_row("  p99 ms", med(name ".p99_ms"), 1, 15, 8, "plain_signup.p99_ms")
	time_row("  CPU us of serve per sign-up, follow-up included", med(name ".cpu_us"), 0, 120, 90, "plain_signup.cpu_us")
	row("  the same / plain program", ratio(name ".cpu_us", "plain_signup.cpu_us"), 2)
	row("  rate / plain program", ratio(name ".rate", "plain_signup.rate"), 2)
	row("  sign-ups/s until nothing of them is left to do", med(name ".whole_rate"), 0)
	row("  mails sent meanwhile", med(name ".sent"), 0)
}'

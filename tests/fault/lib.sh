# For the scripts of this folder: a site in a folder of its own, served by the real program.
# Needs $build. Sets $dir $socket $conf.
dir=$(mktemp -d "${TMPDIR:-/tmp}/jawort-fault-XXXXXX")
socket=$dir/s.sock
conf=$dir/jawort.yaml
jawort=$build/jawort
ask=$build/fault/ask
look=$build/fault/look
pid=
failed=0

say() { printf '%s\n' "$*"; }
bad() { failed=$((failed + 1)); say "  FAILED: $*"; }

site_write() { # TITLE
	cat >"$dir/sites/club.yaml" <<-END
	site: club
	base_url: https://www.verein.test/j
	origins: [https://www.verein.test]
	languages: [de, en]
	controller: { name: Radverein Nordstadt e. V., represented_by: den Vorstand, address: [Gasse 1, 10115 Berlin], country: DE, state: BE, email: daten@verein.test, imprint: https://www.verein.test/impressum }
	dpo: none
	purposes:
	  news: { channel: email, title: { de: $1, en: Club mail }, content: { de: Termine, en: Dates }, frequency: { de: monatlich, en: monthly } }
	forms:
	  news: { purposes: [news], fields: [first_name?] }
	mail: { from: { name: Radverein, email: post@verein.test }, route: [dir], dir: { path: ../mails } }
	hosting: self
	mode: live
	END
}

conf_write() {
	mkdir -p "$dir/sites" "$dir/data" "$dir/mails"
	cat >"$conf" <<-END
	data: data
	keys: keys
	sites: sites/*.yaml
	listen: unix:$socket
	budgets: { confirm: 100/24h, confirm_host: 100/24h, per_prefix: 1000000/1h, per_site: 1000000/24h }
	END
	site_write Vereinspost
}

# serve_start [OPTIONS...]
serve_start() {
	"$jawort" serve -c "$conf" --threads 4 "$@" >>"$dir/serve.log" 2>&1 &
	pid=$!
	local i
	for i in $(seq 1200); do
		[ -S "$socket" ] && [ "$("$ask" "$socket" get '/j/s/news?lang=de' | cut -d' ' -f1)" = 200 ] && return 0
		sleep 0.05
	done
	bad "serve does not answer"
	tail -n 5 "$dir/serve.log"
	return 1
}

serve_end() {
	[ -n "$pid" ] || return 0
	kill -TERM "$pid" 2>/dev/null
	wait "$pid"
	local rc=$?
	pid=
	return $rc
}

clean_up() {
	[ -n "$pid" ] && kill -KILL "$pid" 2>/dev/null
	if mountpoint -q "$dir/data" 2>/dev/null; then umount "$dir/data"; fi
	rm -rf "$dir"
}
trap clean_up EXIT

number=0
# One sign-up; its answer in $answer, its status in $status.
signup() {
	number=$((number + 1))
	answer=$("$ask" "$socket" signup /j/s/news "$v" "f$number@example.org")
	status=${answer%% *}
	[ "$status" = 303 ] && echo "f$number@example.org" >>"$dir/acknowledged"
	return 0
}

status_of() { "$ask" "$socket" get "$1" | cut -d' ' -f1; }

# Until the last one acknowledged is done to its end: else a fault that is meant for the next sign-up meets what this one left.
settled() {
	local i
	for i in $(seq 200); do
		tail -n 1 "$dir/acknowledged" 2>/dev/null | "$look" "$dir/data/club" "$dir/keys/club.keys" club | grep -q "$(printf '\t-')" || return 0
		sleep 0.05
	done
	bad "the last sign-up is not done after 10 s"
}

# Everybody who was acknowledged is held, and somebody who never asked is not (so this can fail).
everybody() {
	local i missing=
	touch "$dir/acknowledged"
	for i in $(seq 60); do
		missing=$( (cat "$dir/acknowledged"; echo never@example.org) |
			"$look" "$dir/data/club" "$dir/keys/club.keys" club | awk -F'\t' '$2 == "-" || /!/ { print $1 }')
		[ "$missing" = never@example.org ] && break
		sleep 0.5
	done
	[ "$missing" = never@example.org ] || bad "acknowledged, but not held: $(echo $missing | head -c 300)"
	say "  $(wc -l <"$dir/acknowledged") acknowledged sign-ups, all held"
}

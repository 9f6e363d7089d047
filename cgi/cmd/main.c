#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/log.h"
#include "base/slice.h"
#include "cmd/cmd.h"
#include "front/front.h"

const struct cmd_verb cmd_verbs[] = {
    {"init", cmd_init, "init [-c FILE] [--lang de|en] [--answers FILE] [--yes] [-n] [--add|--confirm]",
        "make configuration, keys and databases",
        "Asks nine questions at most and writes the host file, a site file (mode try-out), the block for nginx and the\n"
        "keys. What is there already stays as it is, so it can be run again; then it makes keys and databases of\n"
        "sites that are new.\n\n"
        "--add        ask for a further site\n"
        "--confirm    ask for the facts that the site file marks, and go live\n"
        "--answers F  answers from a file, one a line: \"who: ...\"; or as options: --who --address --land --from\n"
        "             --what --often --url --provider mailjet|brevo|smtp|none --hosting self|rented|elsewhere\n"
        "             --firm \"NAME, COUNTRY\" --base URL\n"
        "--yes        ask nothing: what is not answered is taken as proposed\n"
        "-n           print the files instead of writing them\n"},
    {"serve", cmd_serve, "serve [-c FILE] [--listen ADDRESS] [--threads N] [--group G] [--with-worker]",
        "answer the web server (FastCGI)",
        "Runs in the foreground, logs to stderr, ends on SIGTERM, takes over a changed configuration on SIGHUP.\n"
        "ADDRESS: unix:/path, or fd:0 for a socket handed over by systemd or as descriptor 0. The group of the\n"
        "socket is that of --group: the web server must be in it.\n"
        "--with-worker starts the worker beside it, as a process of its own.\n"},
    {"worker", cmd_worker, "worker [-c FILE] [--once]", "send mails",
        "Takes mails from the outbox of every site to the provider. Runs in the foreground; --once sends what is\n"
        "due and ends (75 if another worker is at it).\n"},
    {"config", cmd_config, "config check|apply|show|explain [KEY] [--site S] [--lang L] [--json] [-n]",
        "look at the configuration, take over its texts",
        "check    every finding with file:line:column, why and how to mend it, one a line; docs/law.md has the rules.\n"
        "         --lang de or en, else as the terminal; exit 4: wrong, 3: findings\n"
        "apply    store forms, mails and notices as they are now (-n: only count)\n"
        "show     all keys in effect with their origin\n"
        "explain  what a key means: config explain retention.unconfirmed\n"},
    {"doctor", cmd_doctor, "doctor [PAGE...] [--sample FILE] [--site S] [--json]", "what is wrong, why it matters, how to mend it",
        "Looks at configuration, modes, disk, clock, socket, worker, public address, visitor's address, hook,\n"
        "provider, sender and mails, and changes nothing. Run it as root: it reads all keys, asks the provider and\n"
        "opens the site's public address. Exit 0: nothing found, 3: findings, 4: configuration broken.\n"
        "PAGE: addresses of your pages with a form; without any, look.home and origins are looked at.\n"
        "--sample FILE: looks at a mail that arrived, saved as .eml, instead: does the provider measure, did the list\n"
        "fields arrive, are they signed?\n"},
    {"status", cmd_status, "status [--site S] [--json]", "is everything up, what waits, what was refused",
        "Per site: up or down and why, persons by state, what waits in the outbox, held providers, the notice in\n"
        "force, and the figures of today and of seven days (UTC). No personal data. Exit 3: a site is down, the\n"
        "worker's daily look at its own evidence found some that proves nothing, or a request is overdue.\n"},
    {"person", cmd_person, "person find|evidence|add|withdraw|export|rectify|restrict|release|object|block|erase ADDRESS [--site S] [--json]",
        "what is held about an address; rights of a person, as at /my",
        "find      state, purposes and every event, with the hashes of the texts that were shown\n"
        "evidence  a sheet to be printed: what was shown, ticked, sent and confirmed, what came after, what has been\n"
        "          erased since, the proofs. --as form, mail or notice: that text as it was, byte for byte, of the\n"
        "          newest event that has one, or of event N; keys in links are masked. -o writes a file for you alone\n"
        "add       --form F --purposes P,P --source TEXT [FIELD=VALUE ...]: a sign-up that came on paper; the person still\n"
        "          gets the confirmation mail, and nothing is sent before the click. No names in TEXT\n"
        "withdraw  ends all, or --purposes P alone\n"
        "export    all that is held: --format json, csv or text; -o writes a file for you alone\n"
        "rectify   FIELD=VALUE ... (empty: taken away), --lang L; email=NEW sends a link to the new address, which counts\n"
        "          when it is pressed\n"
        "restrict  nothing is sent, nothing expires (Art. 18); release ends that\n"
        "object    ends all and blocks the address for ever (Art. 21); block is your own decision\n"
        "erase     -n shows what goes now, what stays restricted, why and until when. --never-again: block as well;\n"
        "          --with-evidence: what policy would keep, or kept, goes too\n\n"
        "--by reply, letter or phone: how it reached you; it stands in the evidence. The person gets a mail about it.\n"
        "Those that change something ask first; --yes answers. -n: shows it only.\n"},
    {"dsar", cmd_dsar, "dsar list|add ADDRESS|show ID|answer ID|extend ID [--site S] [--json]",
        "requests about rights, and until when they must be answered",
        "list    open ones by their term, then those answered lately; what came through /my and the person verbs is\n"
        "        among them, answered at once. No addresses\n"
        "add     a request that came by letter, phone or mail: --right access|rectify|erase|restrict|object|withdraw|other\n"
        "        --by letter|phone|reply [--received 2026-11-02]\n"
        "show    one of them, with the address, and the verb that does what is asked; that verb answers it as well\n"
        "answer  was answered otherwise; --refused --reason TEXT: with the reason that the person was told (Art. 12(4))\n"
        "extend  --reason TEXT: two months more, once, while the first month runs; tell the person (Art. 12(3))\n\n"
        "The term is a month from receipt. status names what is overdue. Exit 3 of list: something is overdue.\n"},
    {"export", cmd_export, "export csv|json|27560 [-o FILE] [--schema|--context] [--site S]",
        "everybody on the list; the consent records of all",
        "csv, json  who is on a list now, with purposes and fields; made safe for spreadsheets\n"
        "27560      consent records after ISO/IEC TS 27560 (JSON-LD, DPV 2.3) of everybody who ever confirmed, without\n"
        "           addresses; --schema and --context print the JSON Schema and the JSON-LD context that belong to them\n"},
    {"import", cmd_import, "import FILE [--map OURS=COLUMN,...] [--purposes P,P] [--source TEXT] [--wording FILE] [--lang L]\n"
        "         [--skip-faulty] [--ask --form F] [--yes] [-n] [--site S] [--json]",
        "people from another product, with the proof of their consent",
        "FILE is CSV in UTF-8 with a first row of names: address, lang, purposes, state, the fields that forms ask for,\n"
        "and the proof: consent_time, consent_source, consent_wording; consent_method, confirm_time, consent_ip, proof.\n"
        "Exports of Mailchimp and listmonk are understood as they are; docs/import.md has both.\n\n"
        "--map          which column is what: --map address=E-Mail,first_name=Vorname\n"
        "--purposes     for all rows, where no column says it\n"
        "--source       where the consents were given, for all rows that do not say it: --source \"form on our page\"\n"
        "--wording F    the words agreed to, from a file, for all rows that do not say them\n"
        "--skip-faulty  leaves faulty rows out; without it one fault means that nothing is imported\n"
        "--ask          rows without proof get the confirmation mail of --form; without it they are refused. Asking\n"
        "               people who never wished for mail is advertising itself: think before\n"
        "-n             says what would happen\n\n"
        "Whoever is here already, has left, was erased or is blocked stays as they are. Exit 3: some were refused.\n"},
    {"verify", cmd_verify, "verify [FILE] [--key FILE|KEY] [--ca FILE] [--deep] [--site S] [--lang de|en] [--json]",
        "is the evidence what was written down?",
        "FILE     a bundle (person evidence ADDRESS --as bundle): needs nothing but the file and the site's public key,\n"
        "         neither configuration nor network. --key: a key, or a file of keys, from `jawort key show-public`;\n"
        "         without it the key in the file is used, which proves nothing about who made it.\n"
        "         --ca: certificates (PEM) of the authority whose time stamps are in the file\n"
        "no FILE  the whole site: order, gaps, altered, removed or added events, texts, signed states of the log.\n"
        "         Needs no person's key. --deep: opens every event too, and compares what stands beside it\n"
        "Exit 3: something is wrong; each with its place.\n"},
    {"form", cmd_form, "form list|show|snippet [FORM] [--as WAY] [--lang L] [--site S] [--json]",
        "forms, and what to paste to show them",
        "list     every form with its address\n"
        "show     wording, fields and \"v\" of a form\n"
        "snippet  what to paste into a page, with what its Content-Security-Policy must allow. WAY: two-line,\n"
        "         html, iframe, ssi, hugo, jekyll, eleventy or astro\n"},
    {"notice", cmd_notice, "notice show|diff|export|check|scan|announce [DIR] [--site S] [--lang L] [--format F] [-o FILE] [--json]",
        "the privacy notice",
        "show    as it is now. F: text, html, md or json. --why: where each block comes from instead: keys with\n"
        "        file and line, data of law, articles\n"
        "diff    against the notice in force: which keys and rows change, who must be told, whether consent must be\n"
        "        asked anew. Exit 3: it differs\n"
        "export  for a build, with a mark of its version. F: fragment, html, md, txt or json; -o writes a file\n"
        "check   looks through a built site for exported notices and pasted forms. Exit 3: one is out of date, or\n"
        "        none was found; each with file and line\n"
        "scan    reads a built site: what it loads from others, its forms, embeds, fonts and scripts; what the notice\n"
        "        lacks, and what it declares without need (exit 3). Fetches nothing. --lang de: findings in German\n"
        "announce [-n] [--yes] [--tell-only]\n"
        "        one mail to each person on the list whom the notice in force tells something that they must be told.\n"
        "        -n: how many, and the mail. A second run mails nobody twice. Exit 3: it needs a new consent, which no\n"
        "        such mail replaces; --tell-only sends it all the same\n"},
    {"ropa", cmd_ropa, "ropa [--host|--avv|--tia] [--site S] [--lang de|en] [--format html|csv|json]",
        "records for authorities and contracts",
        "Without more: the record of processing activities of a site (Art. 30(1) GDPR). Facts come from the\n"
        "configuration; what it does not know is marked as open.\n\n"
        "--host   the record of who runs this server for others, over all sites (Art. 30(2))\n"
        "--avv    the annex to the contract between host and owner (Art. 28(3))\n"
        "--tia    assessment of transfers, per firm from which countries outside the EEA can be reached\n\n"
        "The page (html) is made for the printer: jawort ropa >record.html\n"},
    {"outbox", cmd_outbox, "outbox list|retry|drop [ID ...] [--site S] [--json] [-n]", "mails on their way",
        "list   what became of every mail; who gets it is sealed and not shown\n"
        "retry  due now: the mails named, or everything that waits\n"
        "drop   these mails will not be sent\n"},
    {"mail", cmd_mail, "mail preview|test [FORM|ADDRESS] [--kind K] [--site S] [--lang L] [--format text|html|mime] [-n]",
        "the mails to visitors as they are now; a test mail",
        "preview [FORM] [--kind K]     K: confirm (without --kind), already, goodbye, link (the way to one's own data),\n"
        "                              nothing (asked, and we hold nothing) or notice (it changed). Nothing is sent.\n"
        "test ADDRESS [--form F] [-n]  sends one at once by the configured route, marked as a test, and shows what the\n"
        "                              provider said. Its links open nothing; no person is made, no consent noted. In\n"
        "                              mode try-out it goes to dir or log only. -n: shows it, sends nothing.\n"
        "                              Exit 75: not taken now, or unknown; 1: refused.\n"},
    {"nginx", cmd_nginx, "nginx [-c FILE] [--site S] [--format http|server] [--cache] [--ready]", "the block for nginx",
        "Two parts: one for the http level, one for the server block; --format prints one of them.\n"
        "--cache: nginx keeps forms and notices for a second, per language.\n"
        "--ready: nginx hands out the ready files (key ready), also while serve is down.\n"},
    {"backup", cmd_backup, "backup FILE|FOLDER [--keys FILE|FOLDER] [--site S] [--json] [-n]", "a backup while serving",
        "Locked to backup.public_key; whoever makes it cannot open it. Data and keys never share a file: --keys names\n"
        "where the keys go. Into a folder: all sites, under a name with the time, and what has run out there is\n"
        "removed (retention.backups, retention.backup_keys). -n: what it would write and remove.\n\n"
        "backup /mnt/b/data --keys /mnt/k/keys\n"},
    {"restore", cmd_restore,
        "restore FILE --keys FILE --secret FILE|- [--site S] [--to DIR] [--drill] [--accept-gap TIME] [--json] [-n]",
        "a site out of its backups",
        "Everything is checked before the site's folder is made, which must not exist. Whoever was erased since is\n"
        "erased again, from the journal of erasures (backup.journal, or --journal FILE).\n\n"
        "--secret      the file that key new --backup wrote; - reads it from standard input\n"
        "--to DIR      into DIR/SITE and DIR/keys instead of data and keys\n"
        "--drill       does all of it beside the running site, reports, and leaves nothing\n"
        "--accept-gap  how much time without a journal is accepted, like 5h; without it such a restore is refused\n"
        "-n            opens and compares the files, and says what the journal would do; writes nothing\n"},
    {"purge", cmd_purge, "purge [--site S] [--json] [-n]", "what has run out goes now",
        "The worker does the same once an hour. -n: how much of each kind would go and why; changes nothing.\n"
        "Kinds, periods and their legal basis: docs/retention.md.\n"},
    {"key", cmd_key, "key show-public|rotate sign|rotate token [--site S] [--json] [-n] | key new --backup [-o FILE] [--json]",
        "keys of a site, keys of backups",
        "show-public  every key that signed or signs checkpoints and evidence of this site, the present one first, as\n"
        "             verifier keys (C2SP signed-note). With them anybody can check what the site signed.\n"
        "rotate sign  a new key signs from the next reload on; what older keys signed stays good\n"
        "rotate token a new key makes the links in mails; links that were mailed stay good\n"
        "new --backup a pair of keys for backups: the public one for the configuration, the secret one into FILE or\n"
        "             printed. Keep that off this machine: without it no backup opens.\n"},
    {"log", cmd_log, "log checkpoint|prove|restart [SEQ] [--now] [--yes] [--site S] [--json]", "the log of events",
        "checkpoint [--now]  the newest signed state of the log; --now makes one first, if there are new events\n"
        "prove SEQ           proof, as JSON, that event SEQ is in a signed state of the log\n"
        "restart --yes       after data were restored that are older than what was signed: a log under a new name\n"},
    {"version", cmd_version, "version [--json]", "version of the program and its libraries", ""},
    {"help", cmd_help, "help [VERB]", "this text", ""},
};
const size_t cmd_verb_count = sizeof(cmd_verbs) / sizeof(cmd_verbs[0]);

static const struct cmd_option {
	const char *name;
	enum { OPT_STRING, OPT_FLAG, OPT_NUMBER } kind;
	size_t offset;
} options[] = {
    {"-c", OPT_STRING, offsetof(struct cmd_args, conf)},
    {"--site", OPT_STRING, offsetof(struct cmd_args, site)},
    {"--lang", OPT_STRING, offsetof(struct cmd_args, lang)},
    {"--format", OPT_STRING, offsetof(struct cmd_args, format)},
    {"--form", OPT_STRING, offsetof(struct cmd_args, form)},
    {"--as", OPT_STRING, offsetof(struct cmd_args, as)},
    {"--kind", OPT_STRING, offsetof(struct cmd_args, kind)},
    {"--listen", OPT_STRING, offsetof(struct cmd_args, listen)},
    {"--group", OPT_STRING, offsetof(struct cmd_args, group)},
    {"-o", OPT_STRING, offsetof(struct cmd_args, file)},
    {"--sample", OPT_STRING, offsetof(struct cmd_args, sample)},
    {"--key", OPT_STRING, offsetof(struct cmd_args, key)},
    {"--ca", OPT_STRING, offsetof(struct cmd_args, ca)},
    {"--deep", OPT_FLAG, offsetof(struct cmd_args, deep)},
    {"--keys", OPT_STRING, offsetof(struct cmd_args, keys)},
    {"--to", OPT_STRING, offsetof(struct cmd_args, to)},
    {"--secret", OPT_STRING, offsetof(struct cmd_args, secret)},
    {"--journal", OPT_STRING, offsetof(struct cmd_args, journal)},
    {"--accept-gap", OPT_STRING, offsetof(struct cmd_args, accept_gap)},
    {"--backup", OPT_FLAG, offsetof(struct cmd_args, backup)},
    {"--drill", OPT_FLAG, offsetof(struct cmd_args, drill)},
    {"--schema", OPT_FLAG, offsetof(struct cmd_args, schema)},
    {"--context", OPT_FLAG, offsetof(struct cmd_args, context)},
    {"--why", OPT_FLAG, offsetof(struct cmd_args, why)},
    {"--tell-only", OPT_FLAG, offsetof(struct cmd_args, tell_only)},
    {"--threads", OPT_NUMBER, offsetof(struct cmd_args, threads)},
    {"--purposes", OPT_STRING, offsetof(struct cmd_args, purposes)},
    {"--source", OPT_STRING, offsetof(struct cmd_args, source)},
    {"--by", OPT_STRING, offsetof(struct cmd_args, by)},
    {"--map", OPT_STRING, offsetof(struct cmd_args, map)},
    {"--wording", OPT_STRING, offsetof(struct cmd_args, wording)},
    {"--ask", OPT_FLAG, offsetof(struct cmd_args, ask)},
    {"--skip-faulty", OPT_FLAG, offsetof(struct cmd_args, skip_faulty)},
    {"--right", OPT_STRING, offsetof(struct cmd_args, right)},
    {"--received", OPT_STRING, offsetof(struct cmd_args, received)},
    {"--reason", OPT_STRING, offsetof(struct cmd_args, reason)},
    {"--refused", OPT_FLAG, offsetof(struct cmd_args, refused)},
    {"--never-again", OPT_FLAG, offsetof(struct cmd_args, never_again)},
    {"--with-evidence", OPT_FLAG, offsetof(struct cmd_args, with_evidence)},
    {"--event", OPT_STRING, offsetof(struct cmd_args, event)},
    {"--json", OPT_FLAG, offsetof(struct cmd_args, json)},
    {"-n", OPT_FLAG, offsetof(struct cmd_args, dry)},
    {"--dry-run", OPT_FLAG, offsetof(struct cmd_args, dry)},
    {"--yes", OPT_FLAG, offsetof(struct cmd_args, yes)},
    {"--once", OPT_FLAG, offsetof(struct cmd_args, once)},
    {"--now", OPT_FLAG, offsetof(struct cmd_args, now)},
    {"--with-worker", OPT_FLAG, offsetof(struct cmd_args, with_worker)},
    {"--cache", OPT_FLAG, offsetof(struct cmd_args, cache)},
    {"--ready", OPT_FLAG, offsetof(struct cmd_args, ready)},
    {"--host", OPT_FLAG, offsetof(struct cmd_args, ropa_host)},
    {"--avv", OPT_FLAG, offsetof(struct cmd_args, avv)},
    {"--tia", OPT_FLAG, offsetof(struct cmd_args, tia)},
    {"--add", OPT_FLAG, offsetof(struct cmd_args, add)},
    {"--confirm", OPT_FLAG, offsetof(struct cmd_args, confirm)},
    {"--answers", OPT_STRING, offsetof(struct cmd_args, answers)},
    {"--who", OPT_STRING, offsetof(struct cmd_args, answer[0])},
    {"--address", OPT_STRING, offsetof(struct cmd_args, answer[1])},
    {"--land", OPT_STRING, offsetof(struct cmd_args, answer[2])},
    {"--from", OPT_STRING, offsetof(struct cmd_args, answer[3])},
    {"--what", OPT_STRING, offsetof(struct cmd_args, answer[4])},
    {"--often", OPT_STRING, offsetof(struct cmd_args, answer[5])},
    {"--url", OPT_STRING, offsetof(struct cmd_args, answer[6])},
    {"--provider", OPT_STRING, offsetof(struct cmd_args, answer[7])},
    {"--hosting", OPT_STRING, offsetof(struct cmd_args, answer[8])},
    {"--firm", OPT_STRING, offsetof(struct cmd_args, answer[9])},
    {"--base", OPT_STRING, offsetof(struct cmd_args, answer[10])},
};

static const struct cmd_option *option_find(const char *name)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (strcmp(options[i].name, name) == 0)
			return &options[i];
	return NULL;
}

static int option_set(struct cmd_args *a, const struct cmd_option *o, const char *value)
{
	char *at = (char *)a + o->offset;
	unsigned long long n;

	if (o->kind == OPT_FLAG) {
		*(bool *)at = true;
		return CMD_DONE;
	}
	if (!value)
		return cmd_usage("%s needs a value", o->name);
	if (o->kind == OPT_STRING) {
		*(const char **)at = value;
		return CMD_DONE;
	}
	if (!slice_u64(slice_from(value), &n) || n < 1 || n > 1000)
		return cmd_usage("%s: \"%s\" is not a number from 1 to 1000", o->name, value);
	*(unsigned *)at = (unsigned)n;
	return CMD_DONE;
}

static int args_read(struct cmd_args *a, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		const struct cmd_option *o = option_find(argv[i]);
		int rc;
		if (!o && argv[i][0] == '-' && argv[i][1])
			return cmd_usage("there is no option %s", argv[i]);
		if (!o && a->n == CMD_ARGS_MAX)
			return cmd_usage("too many words");
		if (!o) {
			a->words[a->n++] = argv[i];
			continue;
		}
		rc = option_set(a, o, i + 1 < argc ? argv[i + 1] : NULL);
		if (rc)
			return rc;
		i += o->kind != OPT_FLAG;
	}
	return CMD_DONE;
}

int main(int argc, char **argv)
{
	struct cmd_args a = {.conf = CMD_CONF_DEFAULT};
	struct errinfo ei = {.code = OK};
	const char *conf = getenv("JAWORT_CONF");

	if (conf && *conf)
		a.conf = conf;
	if (crypt_init(&ei) != OK)
		return cmd_fail("start", &ei);
	if (front_is_cgi())
		return cmd_cgi(&a);
	if (argc < 2)
		return cmd_usage("which verb?");
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return cmd_help(&a);
	if (strcmp(argv[1], "--version") == 0)
		return cmd_version(&a);
	for (size_t i = 0; i < cmd_verb_count; i++) {
		int rc;
		if (strcmp(cmd_verbs[i].name, argv[1]) != 0)
			continue;
		rc = args_read(&a, argc - 2, argv + 2);
		return rc ? rc : cmd_verbs[i].run(&a);
	}
	return cmd_usage("there is no verb \"%s\"", argv[1]);
}

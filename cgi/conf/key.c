#include "conf/key.h"
#include <stddef.h>
#include <string.h>
#include "conf/conf_priv.h"

#define HOST(m) CONF_S_HOST, offsetof(struct conf, m)
#define SITE(m) CONF_S_SITE, offsetof(struct conf_site, m)
#define PURP(m) CONF_S_PURPOSE, offsetof(struct conf_purpose, m)
#define FORM(m) CONF_S_FORM, offsetof(struct conf_form, m)
#define PROC(m) CONF_S_PROCESSOR, offsetof(struct conf_processor, m)
#define HOOK(m) CONF_S_HOOK, offsetof(struct conf_hook, m)
#define EMBD(m) CONF_S_EMBED, offsetof(struct conf_embed, m)
#define STOR(m) CONF_S_STORAGE, offsetof(struct conf_storage, m)
#define PROF(m) CONF_S_PROFILE, offsetof(struct conf_profile, m)
#define SLOT(m) CONF_S_SLOT, offsetof(struct conf_slot, m)

#define V "1.0"
#define ZONES \
	"Europe/Berlin Europe/Vienna Europe/Zurich Europe/Vaduz Europe/Luxembourg Europe/Brussels Europe/Amsterdam " \
	"Europe/Paris Europe/Rome Europe/Madrid Europe/Prague Europe/Warsaw Europe/Copenhagen Europe/Stockholm " \
	"Europe/Oslo Europe/Budapest Europe/Bratislava Europe/Ljubljana Europe/Zagreb Europe/Malta UTC"
#define MEASURES "separate_users disk_encryption backups_apart updates access_list"
#define COVERS "duration data purpose instructions subprocessors deletion audit persons confidentiality security assistance"

/* Order: as in the reference. host, type, required, default, words, since, finding, notice rows, doc, place. */
static const struct conf_key KEYS[] = {
	/* ---- host file */
	{"data", true, CONF_T_PATH, CONF_OPTIONAL, "/var/lib/jawort", NULL, V, NULL, NULL,
	    "Folder of all data; each site has a folder of its own below it.", HOST(data)},
	{"keys", true, CONF_T_PATH, CONF_OPTIONAL, "=credentials", NULL, V, "L35", NULL,
	    "Folder of the keys, mode 0700, never in the same backup as data. $CREDENTIALS_DIRECTORY names the folder "
	    "that systemd hands over. Default: that folder if there is one, else /etc/jawort/keys.", HOST(keys)},
	{"sites", true, CONF_T_PATH, CONF_OPTIONAL, "sites/*.yaml", NULL, V, NULL, NULL,
	    "Site files; * and ? stand for any characters.", HOST(sites_glob)},
	{"listen", true, CONF_T_STRING, CONF_OPTIONAL, "unix:/run/jawort/jawort.sock", NULL, V, NULL, NULL,
	    "Where serve takes FastCGI requests: unix:/path, or fd:0 for a socket that was handed over.", HOST(listen)},
	{"ready", true, CONF_T_PATH, CONF_OPTIONAL, NULL, NULL, V, NULL, NULL,
	    "Folder into which serve writes forms and notices as files, so that nginx hands them out by itself (jawort nginx "
	    "--ready), also while serve is down. The web server must be able to read it. Default: none are written.", HOST(ready)},
	{"trusted_proxies", true, CONF_T_LIST, CONF_OPTIONAL, NULL, NULL, V, NULL, NULL,
	    "Addresses or prefixes (10.0.0.0/8) whose X-Forwarded-For is believed. Empty: nobody's.",
	    HOST(trusted_proxies)},
	{"threads", true, CONF_T_INT, CONF_OPTIONAL, "32", "1 256", V, NULL, NULL,
	    "Threads that answer requests.", HOST(threads)},
	{"templates", true, CONF_T_PATH, CONF_OPTIONAL, NULL, NULL, V, NULL, NULL,
	    "Folder whose files replace shipped templates for all sites.", HOST(templates)},
	{"budgets.confirm", true, CONF_T_RATE, CONF_OPTIONAL, "2/24h", NULL, V, NULL, NULL,
	    "Confirmation mails to one address per site.", HOST(budgets.confirm)},
	{"budgets.confirm_host", true, CONF_T_RATE, CONF_OPTIONAL, "4/24h", NULL, V, NULL, NULL,
	    "Confirmation mails to one address over all sites.", HOST(budgets.confirm_host)},
	{"budgets.rights", true, CONF_T_RATE, CONF_OPTIONAL, "3/24h", NULL, V, NULL, NULL,
	    "Mails with a link to one's own data, per address.", HOST(budgets.rights)},
	{"budgets.per_prefix", true, CONF_T_RATE, CONF_OPTIONAL, "20/1h", NULL, V, NULL, NULL,
	    "Sign-ups from one network (IPv4 /24, IPv6 /56).", HOST(budgets.per_prefix)},
	{"budgets.per_site", true, CONF_T_RATE, CONF_OPTIONAL, "2000/24h", NULL, V, NULL, NULL,
	    "Sign-ups of one site.", HOST(budgets.per_site)},
	{"log.level", true, CONF_T_ENUM, CONF_OPTIONAL, "info", "error warn info debug", V, NULL, NULL,
	    "Least important line that is still written.", HOST(log.level)},
	{"log.format", true, CONF_T_ENUM, CONF_OPTIONAL, "logfmt", "logfmt json", V, NULL, NULL,
	    "Form of log lines on stderr.", HOST(log.format)},
	{"backup.public_key", true, CONF_T_STRING, CONF_OPTIONAL, NULL, NULL, V, "L35", NULL,
	    "Public key to which backups are locked; jawort key new --backup makes it. The secret one lies elsewhere.",
	    HOST(backup.public_key)},
	{"backup.journal", true, CONF_T_PATH, CONF_OPTIONAL, NULL, NULL, V, "L35", NULL,
	    "Folder on another disk or machine for the journals of erasures, one file per site. A restored backup erases "
	    "again whoever is named there.", HOST(backup.journal)},
	{"measures", true, CONF_T_ENUM_LIST, CONF_OPTIONAL, NULL, MEASURES, V, NULL, NULL,
	    "Measures that no program can see and that you state: two users for serve and worker, encrypted disks, backups "
	    "in another place, security updates, a list of who has access. The records (jawort ropa) name them as yours.",
	    HOST(measures)},
	{"cgi.mail", true, CONF_T_ENUM, CONF_OPTIONAL, "inline", "inline cron", V, NULL, NULL,
	    "When started as CGI: send mails right after the answer (inline), or leave them to a cron job that runs "
	    "jawort worker --once (cron).", HOST(cgi_mail)},

	/* ---- site file */
	{"site", false, CONF_T_ID, CONF_ALWAYS, NULL, NULL, V, NULL, NULL,
	    "Name of the site; also the name of its data folder. Never change it once people have signed up.", SITE(id)},
	{"base_url", false, CONF_T_URL, CONF_ALWAYS, NULL, NULL, V, "L38", "N22",
	    "Address under which the web server hands requests over. All links in mails begin with it.", SITE(base_url)},
	{"origins", false, CONF_T_URL_LIST, CONF_OPTIONAL, "=origin of base_url", NULL, V, NULL, "N13",
	    "Web sites on which the forms stand: scheme, host and port.", SITE(origins)},
	{"languages", false, CONF_T_LIST, CONF_OPTIONAL, "de", "language", V, "L41", NULL,
	    "Languages of forms, mails and notice; the first is the default.", SITE(languages)},
	{"accept_draft", false, CONF_T_BOOL, CONF_OPTIONAL, "false", NULL, V, NULL, NULL,
	    "true: use a language of your own although nobody is named in its reviewer.txt who read the words.",
	    SITE(accept_draft)},
	{"time_zone", false, CONF_T_WORD, CONF_OPTIONAL, "Europe/Berlin", ZONES, V, NULL, NULL,
	    "Zone of the times that people see.", SITE(time_zone)},
	{"address", false, CONF_T_ENUM, CONF_OPTIONAL, "sie", "sie du", V, NULL, "all",
	    "Form of address in German texts.", SITE(address)},
	{"mode", false, CONF_T_ENUM, CONF_OPTIONAL, "live", "live try-out", V, NULL, NULL,
	    "try-out: mails go to dir or log only, each page has a banner, duties are warnings.", SITE(mode)},
	{"regime", false, CONF_T_ENUM, CONF_OPTIONAL, "gdpr", "gdpr kdg dsg-ekd", V, NULL, "N31",
	    "Law of the controller: gdpr, or that of a church.", SITE(regime)},
	{"templates", false, CONF_T_PATH, CONF_OPTIONAL, NULL, NULL, V, NULL, NULL,
	    "Folder whose files replace shipped templates for this site.", SITE(templates)},

	{"controller.name", false, CONF_T_STRING, CONF_LIVE_ONLY, NULL, NULL, V, "L01", "N1 N5",
	    "Full legal name of whoever decides about the data.", SITE(controller.name)},
	{"controller.legal_form", false, CONF_T_STRING, CONF_OPTIONAL, NULL, NULL, V, NULL, "N1",
	    "Legal form, if the name does not say it.", SITE(controller.legal_form)},
	{"controller.represented_by", false, CONF_T_STRING, CONF_OPTIONAL, NULL, NULL, V, NULL, "N1",
	    "Who acts for the controller.", SITE(controller.represented_by)},
	{"controller.address", false, CONF_T_LIST, CONF_LIVE_ONLY, NULL, "one", V, "L01", "N1",
	    "Postal address, one line per entry, without the country.", SITE(controller.address)},
	{"controller.country", false, CONF_T_COUNTRY, CONF_LIVE_ONLY, NULL, NULL, V, "L24", "N1 N2 N25",
	    "Country of the seat.", SITE(controller.country)},
	{"controller.state", false, CONF_T_STRING, CONF_OPTIONAL, NULL, NULL, V, "L24", "N25",
	    "In Germany the Land (BW BY BE BB HB HH HE MV NI NW RP SL SN ST SH TH); it decides which authority is "
	    "competent.", SITE(controller.state)},
	{"controller.email", false, CONF_T_EMAIL, CONF_LIVE_ONLY, NULL, NULL, V, "L01", "N1 N3 N22 N24",
	    "Mailbox for questions about data protection. Somebody must read it.", SITE(controller.email)},
	{"controller.phone", false, CONF_T_STRING, CONF_OPTIONAL, NULL, NULL, V, NULL, "N1",
	    "Telephone number, optional.", SITE(controller.phone)},
	{"controller.imprint", false, CONF_T_URL, CONF_LIVE_ONLY, NULL, NULL, V, "L01", "N1",
	    "Address of the imprint page.", SITE(controller.imprint)},

	{"dpo", false, CONF_T_NONE, CONF_OPTIONAL, NULL, "none", V, "L03", "N3",
	    "The word none, or the data protection officer as a mapping (dpo.name and so on).", SITE(dpo_kind)},
	{"dpo.name", false, CONF_T_STRING, CONF_OPTIONAL, NULL, NULL, V, NULL, "N3",
	    "Name or function.", SITE(dpo.name)},
	{"dpo.email", false, CONF_T_EMAIL, CONF_WITH_GROUP, NULL, NULL, V, "L03", "N3",
	    "Mailbox of the officer; a functional address is enough.", SITE(dpo.email)},
	{"dpo.address", false, CONF_T_LIST, CONF_OPTIONAL, NULL, "one", V, NULL, "N3",
	    "Postal address, if it is another one.", SITE(dpo.address)},
	{"representative.name", false, CONF_T_STRING, CONF_WITH_GROUP, NULL, NULL, V, "L02", "N2",
	    "Representative in the Union of a controller outside the EEA.", SITE(representative.name)},
	{"representative.address", false, CONF_T_LIST, CONF_WITH_GROUP, NULL, "one", V, "L02", "N2",
	    "Postal address of the representative.", SITE(representative.address)},
	{"representative.country", false, CONF_T_COUNTRY, CONF_WITH_GROUP, NULL, NULL, V, "L02", "N2",
	    "Country of the representative.", SITE(representative.country)},
	{"representative.email", false, CONF_T_EMAIL, CONF_WITH_GROUP, NULL, NULL, V, "L02", "N2",
	    "Mailbox of the representative.", SITE(representative.email)},
	{"joint.with", false, CONF_T_LIST, CONF_WITH_GROUP, NULL, NULL, V, "L40", "N4",
	    "Others who decide together with the controller: name and address, one entry each.", SITE(joint.with)},
	{"joint.essence", false, CONF_T_TEXT, CONF_WITH_GROUP, NULL, NULL, V, "L40", "N4",
	    "What was agreed, in one sentence.", SITE(joint.essence)},
	{"joint.contact", false, CONF_T_STRING, CONF_WITH_GROUP, NULL, NULL, V, "L40", "N4",
	    "Who answers requests.", SITE(joint.contact)},

	{"purposes.*.channel", false, CONF_T_ENUM, CONF_OPTIONAL, "email", "email sms voice", V, "L29", "N5 N27",
	    "How people are reached. This version serves email.", PURP(channel)},
	{"purposes.*.basis", false, CONF_T_ENUM, CONF_OPTIONAL, "consent", "consent existing-customers", V, "L30", "N5",
	    "Legal basis of the mails; consent is the one served.", PURP(basis)},
	{"purposes.*.opt_in", false, CONF_T_ENUM, CONF_OPTIONAL, NULL, "double single", V, "L11", NULL,
	    "double: every address is confirmed by a mail; the one served.", PURP(opt_in)},
	{"purposes.*.tracking", false, CONF_T_ENUM, CONF_OPTIONAL, NULL, "none opens clicks both", V, "L14", NULL,
	    "Whether mails measure opens or clicks; none is the one served.", PURP(tracking)},
	{"purposes.*.collected", false, CONF_T_ENUM, CONF_OPTIONAL, NULL, "here elsewhere", V, "L45", NULL,
	    "Where the addresses come from: from forms of this site (here), the one served.", PURP(collected)},
	{"purposes.*.last_sent", false, CONF_T_DATE, CONF_OPTIONAL, NULL, NULL, V, "L43", NULL,
	    "Day of the last mailing, as you note it; after twelve months without one the check asks to renew consent.",
	    PURP(last_sent)},
	{"purposes.*.title", false, CONF_T_TEXT, CONF_ALWAYS, NULL, NULL, V, "L04", "N5",
	    "What people subscribe to, in two or three words.", PURP(title)},
	{"purposes.*.content", false, CONF_T_TEXT, CONF_LIVE_ONLY, NULL, NULL, V, "L04", "N5",
	    "What the mails are about. Firms that advertise in them must be named.", PURP(content)},
	{"purposes.*.frequency", false, CONF_T_TEXT, CONF_LIVE_ONLY, NULL, NULL, V, "L04", "N5",
	    "How often mails come.", PURP(frequency)},
	{"purposes.*.advertiser", false, CONF_T_STRING, CONF_OPTIONAL, "=controller.name", NULL, V, "L04", "N5",
	    "Whose advertising it is.", PURP(advertiser)},
	{"purposes.*.provider_list", false, CONF_T_STRING, CONF_OPTIONAL, NULL, NULL, V, NULL, "N17",
	    "Number of the list at the mail provider on which confirmed people are put.", PURP(provider_list)},
	{"purposes.*.special", false, CONF_T_TEXT, CONF_OPTIONAL, NULL, NULL, V, "L39", "N5",
	    "If the topic reveals something sensitive (health, faith, politics): what.", PURP(special)},

	{"forms.*.purposes", false, CONF_T_LIST, CONF_ALWAYS, NULL, NULL, V, "L07", "N5",
	    "Purposes that this form offers, one unticked box each.", CONF_S_FORM, CONF_NOWHERE},
	{"forms.*.title", false, CONF_T_TEXT, CONF_OPTIONAL, NULL, NULL, V, NULL, NULL,
	    "Heading of the form. Default: made from the purposes.", FORM(title)},
	{"forms.*.fields", false, CONF_T_FIELDS, CONF_OPTIONAL, NULL, "first_name last_name organization", V, "L08",
	    "N15", "Fields beside the address; a question mark makes a field optional (first_name?).", FORM(fields)},
	{"forms.*.old_text", false, CONF_T_DURATION, CONF_OPTIONAL, "30d", NULL, V, NULL, NULL,
	    "How long a page that still shows an older wording of the same content is accepted after the wording "
	    "changed; the evidence keeps the wording that was shown. If title, content, frequency or sender changed, the "
	    "visitor always sees the new text first.", FORM(old_text)},
	{"forms.*.fields_reason", false, CONF_T_STRING, CONF_OPTIONAL, NULL, NULL, V, "L08", NULL,
	    "Why a field must be filled in. Without a reason a required field is reported.", FORM(fields_reason)},
	{"forms.*.next", false, CONF_T_URL_LIST, CONF_OPTIONAL, NULL, NULL, V, NULL, NULL,
	    "Pages to which a sign-up may lead; an address below one of them is fine too.", FORM(next)},
	{"forms.*.pages", false, CONF_T_URL_LIST, CONF_OPTIONAL, NULL, NULL, V, NULL, NULL,
	    "Pages of the website on which this form stands: doctor looks there.", FORM(pages)},

	{"mail.from.name", false, CONF_T_STRING, CONF_OPTIONAL, "=controller.name", NULL, V, NULL, NULL,
	    "Name that stands as sender.", SITE(mail.from.name)},
	{"mail.from.email", false, CONF_T_EMAIL, CONF_ALWAYS, NULL, NULL, V, NULL, NULL,
	    "Address that stands as sender. Its domain needs SPF, DKIM and DMARC.", SITE(mail.from.email)},
	{"mail.reply_to", false, CONF_T_EMAIL, CONF_OPTIONAL, NULL, NULL, V, NULL, NULL,
	    "Where answers go, if not to the sender.", SITE(mail.reply_to)},
	{"mail.route", false, CONF_T_ENUM_LIST, CONF_LIVE_ONLY, NULL, "mailjet brevo smtp dir log", V, NULL, "N17",
	    "Providers, tried in this order.", SITE(mail.route)},
	{"mail.mailjet.key_file", false, CONF_T_SECRET, CONF_WITH_GROUP, NULL, NULL, V, NULL, NULL,
	    "File with one line KEY:SECRET, mode 0640 or 0600.", SITE(mail.mailjet.key_file)},
	{"mail.mailjet.endpoint", false, CONF_T_URL, CONF_OPTIONAL, "https://api.mailjet.com", NULL, V, NULL, NULL,
	    "Base URL of the API without version. http:// only towards this machine.", SITE(mail.mailjet.endpoint)},
	{"mail.brevo.key_file", false, CONF_T_SECRET, CONF_WITH_GROUP, NULL, NULL, V, NULL, NULL,
	    "File with the API key, one line, mode 0640 or 0600.", SITE(mail.brevo.key_file)},
	{"mail.brevo.endpoint", false, CONF_T_URL, CONF_OPTIONAL, "https://api.brevo.com", NULL, V, NULL, NULL,
	    "Base URL of the API without version. http:// only towards this machine.", SITE(mail.brevo.endpoint)},
	{"mail.smtp.url", false, CONF_T_STRING, CONF_WITH_GROUP, NULL, NULL, V, NULL, NULL,
	    "smtps://host:465, or smtp://host:587 with mail.smtp.starttls. Plain smtp:// only towards this machine.",
	    SITE(mail.smtp.url)},
	{"mail.smtp.starttls", false, CONF_T_BOOL, CONF_OPTIONAL, "false", NULL, V, NULL, NULL,
	    "With smtp://: demand STARTTLS before anything is sent.", SITE(mail.smtp.starttls)},
	{"mail.smtp.user", false, CONF_T_STRING, CONF_OPTIONAL, NULL, NULL, V, NULL, NULL,
	    "Name for logging in; none: no login.", SITE(mail.smtp.user)},
	{"mail.smtp.password_file", false, CONF_T_SECRET, CONF_OPTIONAL, NULL, NULL, V, NULL, NULL,
	    "File with the password, one line.", SITE(mail.smtp.password_file)},
	{"mail.dir.path", false, CONF_T_PATH, CONF_WITH_GROUP, NULL, NULL, V, NULL, NULL,
	    "Folder that gets one .eml file per mail.", SITE(mail.dir.path)},
	{"mail.hooks.*.secret_file", false, CONF_T_SECRET, CONF_WITH_GROUP, NULL, NULL, V, NULL, "N11 N15 N21",
	    "File with the secret that stands in the address which the provider calls.", HOOK(secret_file)},

	{"processors.*.contract_party", false, CONF_T_STRING, CONF_LIVE_ONLY, NULL, NULL, V, "L20", "N17 N18",
	    "Full name of the firm in the contract.", PROC(contract_party)},
	{"processors.*.address", false, CONF_T_LIST, CONF_LIVE_ONLY, NULL, "one", V, "L20", "N17 N18",
	    "Its postal address, one line per entry.", PROC(address)},
	{"processors.*.country", false, CONF_T_COUNTRY, CONF_LIVE_ONLY, NULL, NULL, V, "L20", "N17 N20",
	    "Country of its seat.", PROC(country)},
	{"processors.*.parent", false, CONF_T_STRING, CONF_OPTIONAL, NULL, NULL, V, NULL, "N17 N20",
	    "Parent company, as the notice shall name it.", PROC(parent)},
	{"processors.*.parent_country", false, CONF_T_COUNTRY, CONF_OPTIONAL, NULL, NULL, V, "L21", "N20",
	    "Country of the parent company.", PROC(parent_country)},
	{"processors.*.us_affiliate", false, CONF_T_BOOL, CONF_OPTIONAL, "false", NULL, V, "L21", "N20",
	    "true if a firm of its group in the USA could get at the data.", PROC(us_affiliate)},
	{"processors.*.role", false, CONF_T_TEXT, CONF_OPTIONAL, NULL, NULL, V, NULL, "N17 N18",
	    "What it is for us (\"sending the mails\").", PROC(role)},
	{"processors.*.task", false, CONF_T_TEXT, CONF_OPTIONAL, NULL, NULL, V, NULL, "N17 N18",
	    "What it does with the data.", PROC(task)},
	{"processors.*.data", false, CONF_T_TEXT, CONF_OPTIONAL, NULL, NULL, V, NULL, "N17 N18",
	    "Which data it gets.", PROC(data)},
	{"processors.*.storage_locations", false, CONF_T_COUNTRY_LIST, CONF_OPTIONAL, NULL, NULL, V, "L21", "N17 N20",
	    "Countries in which the data lie.", PROC(storage_locations)},
	{"processors.*.contract.date", false, CONF_T_DATE, CONF_LIVE_ONLY, NULL, NULL, V, "L20", "N17",
	    "Date of the processing contract.", PROC(contract.date)},
	{"processors.*.contract.covers", false, CONF_T_ENUM_LIST, CONF_OPTIONAL, NULL, COVERS, V, "L20", NULL,
	    "What the contract settles (Article 28(3)); what is missing in a list given here is reported.",
	    PROC(contract.covers)},
	{"processors.*.contract.copy", false, CONF_T_STRING, CONF_OPTIONAL, NULL, NULL, V, NULL, NULL,
	    "Where the owner keeps the signed contract.", PROC(contract.copy)},
	{"processors.*.privacy_url", false, CONF_T_URL, CONF_OPTIONAL, NULL, NULL, V, "L20", "N17",
	    "Its privacy notice.", PROC(privacy_url)},
	{"processors.*.subprocessors_url", false, CONF_T_URL, CONF_OPTIONAL, NULL, NULL, V, "L20", "N17",
	    "Its list of sub-processors.", PROC(subprocessors_url)},
	{"processors.*.subprocessors_checked_on", false, CONF_T_DATE, CONF_OPTIONAL, NULL, NULL, V, "L46", NULL,
	    "Day on which somebody last read that list.", PROC(subprocessors_checked_on)},
	{"processors.*.tracking_off_on", false, CONF_T_DATE, CONF_OPTIONAL, NULL, NULL, V, "L13", NULL,
	    "Of a mail provider: day on which somebody last saw in the account that opens and clicks are not measured.",
	    PROC(tracking_off_on)},
	{"processors.*.transfer.mechanism", false, CONF_T_ENUM_LIST, CONF_OPTIONAL, NULL, "adequacy dpf scc bcr", V,
	    "L21", "N20", "What protects data outside the EEA: adequacy decision, Data Privacy Framework, standard "
	    "contractual clauses, binding corporate rules.", PROC(transfer.mechanism)},
	{"processors.*.transfer.scc_module", false, CONF_T_ENUM_LIST, CONF_OPTIONAL, NULL, "1 2 3 4", V, "L21", "N20",
	    "Module of the standard contractual clauses 2021/914.", PROC(transfer.scc_module)},
	{"processors.*.transfer.tia_date", false, CONF_T_DATE, CONF_OPTIONAL, NULL, NULL, V, "L21", "N20",
	    "Date of the transfer impact assessment.", PROC(transfer.tia_date)},
	{"processors.*.transfer.dpf.listed", false, CONF_T_BOOL, CONF_OPTIONAL, "false", NULL, V, "L22", "N20",
	    "true if the firm stands on the list of the Data Privacy Framework.", PROC(transfer.dpf.listed)},
	{"processors.*.transfer.dpf.checked_on", false, CONF_T_DATE, CONF_OPTIONAL, NULL, NULL, V, "L22", "N20",
	    "Day on which somebody last looked at that list.", PROC(transfer.dpf.checked_on)},
	{"processors.*.retention", false, CONF_T_DURATION, CONF_OPTIONAL, NULL, NULL, V, NULL, "N21",
	    "How long it keeps its own logs about us, after the contract.", PROC(retention)},
	{"processors.*.certificates", false, CONF_T_LIST, CONF_OPTIONAL, NULL, NULL, V, NULL, NULL,
	    "Certificates it showed (Article 28(5)), for the records. The notice never names them.", PROC(certificates)},
	{"processors.*.hosts", false, CONF_T_LIST, CONF_OPTIONAL, NULL, NULL, V, NULL, NULL,
	    "Host names from which the website loads what this firm delivers; notice scan looks for them.", PROC(hosts)},
	{"hosting", false, CONF_T_NONE, CONF_LIVE_ONLY, NULL, "none self", V, "L23", "N13 N18",
	    "Who runs the server: the word self, or the keys of a processor (hosting.contract_party and so on).",
	    SITE(hosting_kind)},

	{"website.host", false, CONF_T_STRING, CONF_OPTIONAL, NULL, NULL, V, NULL, "N13 N18",
	    "Who runs the server of the website, if not the one of the forms: self, or a name from processors.",
	    SITE(website.host)},
	{"website.logs", false, CONF_T_DURATION, CONF_OPTIONAL, NULL, NULL, V, NULL, "N13",
	    "With website.host: how long the logs of that server stay. None: the notice says that its host decides.",
	    SITE(website.logs)},
	{"website.log_fields", false, CONF_T_TEXT, CONF_OPTIONAL, NULL, NULL, V, NULL, "N13",
	    "With website.host: what that server writes down.", SITE(website.log_fields)},
	{"website.hosts", false, CONF_T_LIST, CONF_OPTIONAL, NULL, NULL, V, NULL, NULL,
	    "Further host names of the website's own; notice scan takes nothing there for a third party.",
	    SITE(website.hosts)},
	{"website.files", false, CONF_T_WORD, CONF_OPTIONAL, NULL, "local", V, NULL, "W1",
	    "local: fonts, styles and scripts all come from the website itself.", SITE(website.files)},
	{"website.cdn", false, CONF_T_LIST, CONF_OPTIONAL, NULL, NULL, V, NULL, "W2",
	    "Names from processors: firms that deliver fonts, styles, scripts or pictures of the website.",
	    SITE(website.cdn)},
	{"website.device", false, CONF_T_WORD, CONF_OPTIONAL, NULL, "none", V, NULL, "N14",
	    "none: the whole website stores nothing on the device and reads nothing there.", SITE(website.device)},
	{"website.storage.*.name", false, CONF_T_STRING, CONF_WITH_GROUP, NULL, NULL, V, NULL, "N14",
	    "Name of a cookie or another entry on the device.", STOR(name)},
	{"website.storage.*.purpose", false, CONF_T_TEXT, CONF_WITH_GROUP, NULL, NULL, V, NULL, "N14",
	    "What it is for.", STOR(purpose)},
	{"website.storage.*.duration", false, CONF_T_TEXT, CONF_WITH_GROUP, NULL, NULL, V, NULL, "N14",
	    "How long it stays (\"13 months\", \"until you close the browser\").", STOR(duration)},
	{"website.storage.*.basis", false, CONF_T_WORD, CONF_WITH_GROUP, NULL, "needed consent", V, NULL, "N14",
	    "needed: the service asked for does not work without it; consent: only after a yes.", STOR(basis)},
	{"website.contact.by", false, CONF_T_ENUM_LIST, CONF_WITH_GROUP, NULL, "mail phone form", V, NULL, "W3",
	    "Ways in which the website offers to get in touch.", SITE(website.contact.by)},
	{"website.contact.retention", false, CONF_T_DURATION, CONF_WITH_GROUP, NULL, NULL, V, NULL, "W3 N21",
	    "How long messages stay after the matter is settled.", SITE(website.contact.retention)},
	{"website.contact.processor", false, CONF_T_STRING, CONF_OPTIONAL, NULL, NULL, V, NULL, "W3 N17",
	    "Name from processors: who receives the contact form for us.", SITE(website.contact.processor)},
	{"website.statistics", false, CONF_T_NONE, CONF_OPTIONAL, NULL, "none", V, NULL, "W4 W5",
	    "The word none, or how visits are counted (website.statistics.tool and so on).",
	    SITE(website.statistics_kind)},
	{"website.statistics.tool", false, CONF_T_STRING, CONF_WITH_GROUP, NULL, NULL, V, NULL, "W5",
	    "Name of the program (Matomo, GoatCounter).", SITE(website.statistics.tool)},
	{"website.statistics.ip", false, CONF_T_WORD, CONF_WITH_GROUP, NULL, "truncated none", V, NULL, "W5",
	    "What it keeps of the IP address.", SITE(website.statistics.ip)},
	{"website.statistics.processor", false, CONF_T_STRING, CONF_OPTIONAL, NULL, NULL, V, NULL, "W5 N17",
	    "Name from processors: who runs it. None: it runs on our own server.", SITE(website.statistics.processor)},
	{"website.statistics.cookies", false, CONF_T_LIST, CONF_OPTIONAL, NULL, NULL, V, NULL, "W5 N14",
	    "Cookies it sets, only after a yes; each must stand under website.storage too. None: it works without.",
	    SITE(website.statistics.cookies)},
	{"website.statistics.retention", false, CONF_T_DURATION, CONF_WITH_GROUP, NULL, NULL, V, NULL, "W5 N21",
	    "How long the data about single visits stay.", SITE(website.statistics.retention)},
	{"website.statistics.optout", false, CONF_T_TEXT, CONF_WITH_GROUP, NULL, NULL, V, NULL, "W5",
	    "How to object, or with cookies how to take the yes back: an address or a short instruction.",
	    SITE(website.statistics.optout)},
	{"website.embeds.*.kind", false, CONF_T_WORD, CONF_WITH_GROUP, NULL, "video map audio post", V, NULL, "W6",
	    "What is shown. It must load only after a click.", EMBD(kind)},
	{"website.embeds.*.name", false, CONF_T_STRING, CONF_WITH_GROUP, NULL, NULL, V, NULL, "W6",
	    "Name of the service, as people know it.", EMBD(name)},
	{"website.embeds.*.company", false, CONF_T_STRING, CONF_WITH_GROUP, NULL, NULL, V, NULL, "W6",
	    "Full name of the firm that runs it.", EMBD(firm.contract_party)},
	{"website.embeds.*.address", false, CONF_T_LIST, CONF_WITH_GROUP, NULL, "one", V, NULL, "W6",
	    "Its postal address, one line per entry.", EMBD(firm.address)},
	{"website.embeds.*.country", false, CONF_T_COUNTRY, CONF_WITH_GROUP, NULL, NULL, V, "L21", "W6 N20",
	    "Country of its seat.", EMBD(firm.country)},
	{"website.embeds.*.parent", false, CONF_T_STRING, CONF_OPTIONAL, NULL, NULL, V, NULL, "W6",
	    "Parent company.", EMBD(firm.parent)},
	{"website.embeds.*.parent_country", false, CONF_T_COUNTRY, CONF_OPTIONAL, NULL, NULL, V, "L21", "W6 N20",
	    "Country of the parent company.", EMBD(firm.parent_country)},
	{"website.embeds.*.us_affiliate", false, CONF_T_BOOL, CONF_OPTIONAL, "false", NULL, V, "L21", "N20",
	    "true if a firm of its group in the USA could get at the data.", EMBD(firm.us_affiliate)},
	{"website.embeds.*.privacy_url", false, CONF_T_URL, CONF_WITH_GROUP, NULL, NULL, V, NULL, "W6",
	    "Its privacy notice.", EMBD(firm.privacy_url)},
	{"website.embeds.*.remember", false, CONF_T_WORD, CONF_OPTIONAL, "page", "page stored", V, NULL, "W6 N14",
	    "page: each page asks anew. stored: the yes is kept on the device, under a name in website.storage.",
	    EMBD(remember)},
	{"website.embeds.*.withdraw", false, CONF_T_TEXT, CONF_OPTIONAL, NULL, NULL, V, NULL, "W6",
	    "With remember stored: how to take the yes back.", EMBD(withdraw)},
	{"website.embeds.*.hosts", false, CONF_T_LIST, CONF_OPTIONAL, NULL, NULL, V, NULL, NULL,
	    "Host names from which it loads, where notice scan does not know them.", EMBD(hosts)},
	{"website.embeds.*.transfer.mechanism", false, CONF_T_ENUM_LIST, CONF_OPTIONAL, NULL, "adequacy dpf scc bcr", V,
	    "L21", "N20", "What protects data outside the EEA, as for a processor.", EMBD(firm.transfer.mechanism)},
	{"website.embeds.*.transfer.scc_module", false, CONF_T_ENUM_LIST, CONF_OPTIONAL, NULL, "1 2 3 4", V, "L21",
	    "N20", "Module of the standard contractual clauses 2021/914.", EMBD(firm.transfer.scc_module)},
	{"website.embeds.*.transfer.tia_date", false, CONF_T_DATE, CONF_OPTIONAL, NULL, NULL, V, "L21", "N20",
	    "Date of the transfer impact assessment.", EMBD(firm.transfer.tia_date)},
	{"website.embeds.*.transfer.dpf.listed", false, CONF_T_BOOL, CONF_OPTIONAL, "false", NULL, V, "L22", "N20",
	    "true if the firm stands on the list of the Data Privacy Framework.", EMBD(firm.transfer.dpf.listed)},
	{"website.embeds.*.transfer.dpf.checked_on", false, CONF_T_DATE, CONF_OPTIONAL, NULL, NULL, V, "L22", "N20",
	    "Day on which somebody last looked at that list.", EMBD(firm.transfer.dpf.checked_on)},
	{"website.links", false, CONF_T_LIST, CONF_OPTIONAL, NULL, NULL, V, NULL, "W7",
	    "Social networks to which plain links lead: nothing of theirs is loaded.", SITE(website.links)},
	{"website.profiles.*.name", false, CONF_T_STRING, CONF_WITH_GROUP, NULL, NULL, V, NULL, "W8",
	    "Social network on which we have a page.", PROF(name)},
	{"website.profiles.*.company", false, CONF_T_STRING, CONF_WITH_GROUP, NULL, NULL, V, NULL, "W8",
	    "Full name of the firm that runs it and decides together with us.", PROF(company)},
	{"website.profiles.*.url", false, CONF_T_URL, CONF_OPTIONAL, NULL, NULL, V, NULL, "W8",
	    "Address of our page there.", PROF(url)},
	{"website.profiles.*.arrangement_url", false, CONF_T_URL, CONF_WITH_GROUP, NULL, NULL, V, "L40", "W8",
	    "Where the arrangement between both can be read.", PROF(arrangement_url)},
	{"website.texts.*.title", false, CONF_T_TEXT, CONF_WITH_GROUP, NULL, NULL, V, NULL, "W9",
	    "Heading of words of your own in the notice.", SLOT(title)},
	{"website.texts.*.text", false, CONF_T_TEXT, CONF_WITH_GROUP, NULL, NULL, V, NULL, "W9",
	    "What the notice shall say beside; it is marked as yours.", SLOT(text)},

	{"retention.unconfirmed", false, CONF_T_DURATION, CONF_OPTIONAL, "7d", NULL, V, "L17", "N7 N21",
	    "Sign-ups that nobody confirmed.", SITE(retention.unconfirmed)},
	{"retention.evidence", false, CONF_T_DURATION, CONF_OPTIONAL, "3y", NULL, V, "L19", "N8 N21",
	    "Evidence after withdrawal, to 31 December of the last year.", SITE(retention.evidence)},
	{"retention.erase_evidence_on_request", false, CONF_T_BOOL, CONF_OPTIONAL, "false", NULL, V, NULL, "N21",
	    "Who asks for erasure has the evidence erased as well, at once.", SITE(retention.erase_evidence)},
	{"retention.ip", false, CONF_T_DURATION, CONF_OPTIONAL, "30d", NULL, V, "L47", "N8 N21",
	    "IP addresses in the evidence.", SITE(retention.ip)},
	{"retention.requests", false, CONF_T_DURATION, CONF_OPTIONAL, "3y", NULL, V, "L18", "N10 N21",
	    "Notes of requests about rights.", SITE(retention.requests)},
	{"retention.deny_block", false, CONF_T_DURATION, CONF_OPTIONAL, "30d", NULL, V, NULL, "N11 N21",
	    "How long an address is left alone after \"That was not me\".", SITE(retention.deny_block)},
	{"retention.backups", false, CONF_T_DURATION, CONF_OPTIONAL, "30d", NULL, V, "L35", "N21",
	    "After this time the last backup is overwritten.", SITE(retention.backups)},
	{"retention.backup_keys", false, CONF_T_DURATION, CONF_OPTIONAL, "7d", NULL, V, "L35", "N21",
	    "After this time the last backup of the keys is overwritten, at most 7 days: an erased person's key is in it "
	    "no longer than that.", SITE(retention.backup_keys)},
	{"retention.logs", false, CONF_T_DURATION, CONF_OPTIONAL, "7d", NULL, V, "L23", "N13 N21",
	    "Logs of the web server.", SITE(retention.logs)},
	{"links.confirm", false, CONF_T_DURATION, CONF_OPTIONAL, "48h", NULL, V, "L16", "N7",
	    "How long the link in the confirmation mail works.", SITE(links.confirm)},
	{"links.rights", false, CONF_T_DURATION, CONF_OPTIONAL, "15m", NULL, V, "L16", NULL,
	    "How long a mailed link to one's own data works.", SITE(links.rights)},
	{"evidence.ip", false, CONF_T_ENUM, CONF_OPTIONAL, "truncated", "none truncated full", V, "L47", "N8 N15 N21",
	    "What of the IP address goes into the evidence.", SITE(ip)},
	{"evidence.checkpoint_every", false, CONF_T_DURATION, CONF_OPTIONAL, "1h", NULL, V, NULL, NULL,
	    "How often the log of events is signed, if there are new ones; besides at the start of each day (UTC). Short times "
	    "let who reads the public log see when somebody signed up.", SITE(log.every)},
	{"evidence.anchor_mail", false, CONF_T_ENUM, CONF_OPTIONAL, "daily", "daily none", V, NULL, NULL,
	    "Once a day the signed state of the log is mailed to you: kept in your mailbox it shows later that nothing was "
	    "altered since.", SITE(log.anchor_mail)},
	{"evidence.anchor_to", false, CONF_T_EMAIL, CONF_OPTIONAL, "=controller.email", NULL, V, NULL, NULL,
	    "Who gets that mail. Best a mailbox on another server.", SITE(log.anchor_to)},
	{"evidence.tsa.url", false, CONF_T_URL, CONF_WITH_GROUP, NULL, NULL, V, NULL, NULL,
	    "Time stamp authority (RFC 3161) that stamps the signed state of the log once a day. It gets a checksum, "
	    "nothing else.", SITE(log.tsa_url)},
	{"evidence.tsa.ca_file", false, CONF_T_PATH, CONF_WITH_GROUP, NULL, NULL, V, NULL, NULL,
	    "Certificates (PEM) that the authority's stamps must lead to.", SITE(log.tsa_ca_file)},
	{"addresses.allow", false, CONF_T_LIST, CONF_OPTIONAL, NULL, NULL, V, NULL, NULL,
	    "Domains whose addresses may sign up, for example [example.org]; subdomains count. Empty: all.",
	    SITE(addresses.allow)},
	{"addresses.deny", false, CONF_T_LIST, CONF_OPTIONAL, NULL, NULL, V, NULL, NULL,
	    "Domains whose addresses are turned away with a clear message; subdomains count.", SITE(addresses.deny)},
	{"look.accent", false, CONF_T_COLOR, CONF_OPTIONAL, "#1c4da1", NULL, V, NULL, NULL,
	    "Colour of buttons and links; readable shades are derived.", SITE(look.accent)},
	{"look.home", false, CONF_T_URL, CONF_OPTIONAL, "=first of origins", NULL, V, NULL, "footer",
	    "Where \"back to the site\" leads.", SITE(look.home)},
	{"notice.target_countries", false, CONF_T_COUNTRY_LIST, CONF_OPTIONAL, NULL, NULL, V, "L44", "N29 N30",
	    "Countries outside the EEA at which the offer aims (CH, GB).", SITE(notice.target_countries)},
	{"notice.log_fields", false, CONF_T_TEXT, CONF_OPTIONAL, NULL, NULL, V, "L23", "N13",
	    "What the web server writes into its log.", SITE(notice.log_fields)},
	{"notice.authority", false, CONF_T_STRING, CONF_OPTIONAL, NULL, NULL, V, "L24", "N25",
	    "Short name of the competent authority, if it does not follow from country and state.",
	    SITE(notice.authority)},
	{"transparency.publish", false, CONF_T_ENUM, CONF_OPTIONAL, "checkpoints", "none checkpoints tiles entries", V, "L37",
	    "N28", "What of the log of events is public at /log/: nothing; its signed state (how many events there are, and one "
	    "checksum); or tiles, the salted checksums themselves, so that others can watch that nothing is altered. Entries "
	    "are not served.", SITE(publish)},
	{"waivers", false, CONF_T_REASONS, CONF_OPTIONAL, NULL, NULL, V, NULL, NULL,
	    "Findings of config check that you put aside, each with its reason: { L39: \"no children among our "
	    "readers\" }. The reason is printed. Warnings always may be, errors only of the rules that docs/law.md names.",
	    SITE(waivers)},
};

static const char *const TYPES[CONF_T__MAX] = {
	[CONF_T_STRING] = "text", [CONF_T_ID] = "name (a-z 0-9 - _)", [CONF_T_TEXT] = "text per language",
	[CONF_T_BOOL] = "true or false", [CONF_T_INT] = "number", [CONF_T_DURATION] = "duration (30s 10m 48h 7d 3y)",
	[CONF_T_RATE] = "rate (COUNT/DURATION)", [CONF_T_DATE] = "date (2026-03-01)", [CONF_T_URL] = "URL",
	[CONF_T_EMAIL] = "e-mail address", [CONF_T_ENUM] = "one word of a list", [CONF_T_WORD] = "one word of a list",
	[CONF_T_COUNTRY] = "country code (DE)", [CONF_T_COLOR] = "colour (#rrggbb)", [CONF_T_PATH] = "path",
	[CONF_T_SECRET] = "name of a secret file", [CONF_T_LIST] = "list of texts", [CONF_T_URL_LIST] = "list of URLs",
	[CONF_T_COUNTRY_LIST] = "list of country codes", [CONF_T_ENUM_LIST] = "list of words",
	[CONF_T_REASONS] = "reason per rule", [CONF_T_FIELDS] = "list of form fields", [CONF_T_NONE] = "word or mapping",
};

const struct conf_key *conf_keys(size_t *n)
{
	*n = sizeof(KEYS) / sizeof(KEYS[0]);
	return KEYS;
}

const char *conf_type_name(enum conf_type t)
{
	return (unsigned)t < CONF_T__MAX ? TYPES[t] : "";
}

/* One path segment against one pattern segment; "x[3]" is an element of x, "x.de" a language of a text. */
static bool key_match(const char *pattern, const char *path, bool text)
{
	while (*pattern) {
		size_t pl = strcspn(pattern, "."), cl = strcspn(path, ".[");

		if (cl == 0)
			return false;
		if (!(pl == 1 && *pattern == '*') && (pl != cl || memcmp(pattern, path, pl) != 0))
			return false;
		pattern += pl;
		path += cl;
		if (*path == '[')
			return *pattern == '\0';
		if (*pattern == '\0')
			return *path == '\0' || text;
		if (*path != '.')
			return false;
		pattern++;
		path++;
	}
	return false;
}

const struct conf_key *conf_key_find(bool host, const char *path)
{
	static const char hosting[] = "hosting.";
	char alias[CONF_PATH_MAX_BYTES];
	size_t n = strlen(path);

	if (!host && strncmp(path, hosting, sizeof(hosting) - 1) == 0) {
		if (n + 8 >= sizeof(alias))
			return NULL;
		memcpy(alias, "processors.*.", 13);
		memcpy(alias + 13, path + sizeof(hosting) - 1, n - (sizeof(hosting) - 1) + 1);
		path = alias;
	}
	/* most rows differ in their first letter; no pattern begins with a "*" */
	for (size_t i = 0; i < sizeof(KEYS) / sizeof(KEYS[0]); i++)
		if (KEYS[i].host == host && KEYS[i].path[0] == path[0] && key_match(KEYS[i].path, path, KEYS[i].type == CONF_T_TEXT))
			return &KEYS[i];
	return NULL;
}

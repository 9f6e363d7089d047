/* keep: which kind each stored column is. A column that is missing here fails the tests. */
#include <string.h>

#include "core/keep.h"

#define ONE(a) {a}, 1
#define TWO(a, b) {a, b}, 2
#define THREE(a, b, c) {a, b, c}, 3

static const struct keep_column columns[] = {
    {"data", "migration", "n name sha256 at_ms", ONE(KEEP_SETUP)},
    {"data", "meta", "k v", ONE(KEEP_SETUP)},
    {"data", "text", "hash kind lang format created_ms body", ONE(KEEP_TEXTS)},
    {"data", "notice", "no lang hash config_hash valid_from_ms", ONE(KEEP_TEXTS)},
    {"data", "shown", "no form lang consent_hash page_hash from_ms", ONE(KEEP_TEXTS)},
    {"data", "intake", "id at_ms channel form lang consent_hash sealed", ONE(KEEP_INTAKE)},
    /* Number, state and times of a person outlive an erasure and say nothing about anybody then. */
    {"data", "person", "id channel state created_ms changed_ms", TWO(KEEP_EVIDENCE, KEEP_LOG)},
    {"data", "person", "lookup lang address_ct fields_ct confirmed_ms", THREE(KEEP_PENDING, KEEP_SENDING, KEEP_EVIDENCE)},
    {"data", "person_purpose", "person_id purpose state since_ms request_id consent_hash",
        THREE(KEEP_PENDING, KEEP_SENDING, KEEP_EVIDENCE)},
    {"data", "request", "id person_id form lang purposes consent_hash intake_ms state created_ms expires_ms settled_ms "
        "mailed_ms mails generation fields_ct page_ct", TWO(KEEP_PENDING, KEEP_EVIDENCE)},
    {"data", "event", "seq person_id time_ms kind form commitment c_core c_ip c_fields", ONE(KEEP_LOG)},
    {"data", "event", "core_ct fields_ct", TWO(KEEP_PENDING, KEEP_EVIDENCE)},
    {"data", "event", "ip_ct", ONE(KEEP_IP)},
    {"data", "checkpoint", "size root at_ms note", ONE(KEEP_LOG)},
    {"data", "tile", "level n root hashes", ONE(KEEP_LOG)},
    {"data", "anchor", "id size kind at_ms source data", ONE(KEEP_LOG)},
    {"data", "outbox", "id channel person_id request_id kind mail_hash slots_ct state attempt attempt_id started_ms next_ms "
        "provider provider_id result_class result_code result_text created_ms done_ms", ONE(KEEP_MAILS)},
    {"data", "suppression", "channel lookup purpose reason since_ms until_ms journaled", TWO(KEEP_DENY, KEEP_SUPPRESSION)},
    {"data", "erasure", "person_id asked_ms reason keys_done_ms done_ms journaled", ONE(KEEP_LOG)},
    {"data", "erasure", "keep_until_ms keep_lookup", ONE(KEEP_EVIDENCE)},
    {"data", "move", "person_id generation asked_ms expires_ms address_ct", ONE(KEEP_MOVE)},
    {"data", "dsar", "id person_id asks way state received_day due_day extended_day settled_ms address_ct note_ct", ONE(KEEP_REQUESTS)},
    {"data", "daily", "day form what n", ONE(KEEP_COUNTS)},
    {"data", "hook", "id at_ms provider digest body_ct", ONE(KEEP_HOOKS)},
    {"data", "contact", "id provider person_id purpose action turn address_ct state attempt next_ms result_code created_ms",
        ONE(KEEP_LISTS)},
    {"keys", "slot", "id key state", ONE(KEEP_KEYS)},
    {"budget", "secret", "day key", ONE(KEEP_ABUSE)},
    {"budget", "slot", "class subject width at n", ONE(KEEP_ABUSE)},
    {"budget", "tally", "day site form what n", ONE(KEEP_REFUSED)},
};

const struct keep_column *keep_columns(size_t *n)
{
	*n = sizeof(columns) / sizeof(columns[0]);
	return columns;
}

static bool has(const char *list, const char *word)
{
	struct slice rest = slice_from(list), one;

	while (slice_split(&rest, ' ', &one))
		if (slice_eq_str(one, word))
			return true;
	return false;
}

const struct keep_column *keep_column_find(const char *db, const char *table, const char *column)
{
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		if (strcmp(columns[i].db, db) == 0 && strcmp(columns[i].table, table) == 0 && has(columns[i].columns, column))
			return &columns[i];
	return NULL;
}

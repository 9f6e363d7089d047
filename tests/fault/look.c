/*
 * look: what the store holds about many addresses, for the kill test.
 *     look DATA/<site> KEYS/<site>.keys SITE <ADDRESSES
 * One line each: ADDRESS TAB state, "-" if nothing is held TAB kinds of its events with commas.
 */
#include <stdio.h>
#include <string.h>

#include "base/crypt.h"
#include "store/db.h"
#include "store/event.h"
#include "store/person.h"

static bool kind_print(const struct event_row *r, void *arg)
{
	int *n = arg;

	printf("%s%s", (*n)++ ? "," : "", event_kind_name(r->kind));
	if (!event_verify(r))
		printf("!");
	return true;
}

static enum err look(struct db *db, const char *address, struct errinfo *ei)
{
	struct person p;
	int n = 0;
	enum err rc = person_find_address(db, STORE_EMAIL, slice_from(address), &p, ei);

	printf("%s\t", address);
	if (rc == E_NOT_FOUND) {
		printf("-\t\n");
		return OK;
	}
	if (rc)
		return rc;
	printf("%s\t", person_state_name(p.state));
	rc = event_each(db, p.id, 0, kind_print, &n, ei);
	printf("\n");
	return rc;
}

int main(int argc, char **argv)
{
	struct errinfo ei = {.code = OK};
	struct store_opts o = {0};
	struct store *st = NULL;
	struct db *db = NULL;
	char line[512];
	enum err rc;

	if (argc != 4)
		return 2;
	o.dir = argv[1];
	o.keys_path = argv[2];
	o.site = argv[3];
	rc = crypt_init(&ei);
	if (!rc)
		rc = store_open(&st, &o, &ei);
	if (!rc)
		rc = store_read(st, &db, &ei);
	while (!rc && fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		rc = look(db, line, &ei);
	}
	if (db)
		store_read_end(st, db);
	store_close(st);
	if (rc)
		fprintf(stderr, "look: %s\n", ei.text);
	return rc ? 1 : 0;
}

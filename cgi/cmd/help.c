#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"

static void help_all(void)
{
	puts("jawort: sign-up forms with consent, double opt-in, proof and privacy notice\n");
	for (size_t i = 0; i < cmd_verb_count; i++)
		printf("  %-9s %s\n", cmd_verbs[i].name, cmd_verbs[i].what);
	puts("\nOptions: -c FILE (host file, default " CMD_CONF_DEFAULT " or $JAWORT_CONF), --site S, --json,\n"
	     "-n (show what would change). Exit: 0 done, 1 failed, 2 usage, 3 findings, 4 bad configuration,\n"
	     "75 try again later. `jawort help VERB` says more.");
}

int cmd_help(const struct cmd_args *a)
{
	if (!a->n) {
		help_all();
		return CMD_DONE;
	}
	for (size_t i = 0; i < cmd_verb_count; i++) {
		const struct cmd_verb *v = &cmd_verbs[i];
		if (strcmp(v->name, a->words[0]) != 0)
			continue;
		printf("jawort %s\n    %s\n", v->usage, v->what);
		if (*v->help)
			printf("\n%s", v->help);
		return CMD_DONE;
	}
	return cmd_usage("there is no verb \"%s\"", a->words[0]);
}

#ifndef JAWORT_CMD_MAILTEST_PRIV_H
#define JAWORT_CMD_MAILTEST_PRIV_H
#include "cmd/cmd.h"

/* mail test ADDRESS: words[1] is the address. An exit code. */
int mailtest_run(const struct cmd_args *a);

#endif

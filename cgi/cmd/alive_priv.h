#ifndef JAWORT_CMD_ALIVE_PRIV_H
#define JAWORT_CMD_ALIVE_PRIV_H
/* alive: are the two processes there? Asked from outside, without a request. */
#include <stdbool.h>
#include "conf/conf.h"

/* Path of the socket of `listen`; what systemd hands over has the name that our unit gives it. */
const char *alive_socket(const struct conf *c);
/* 0: somebody listens there; an errno value otherwise. */
int alive_serve(const struct conf *c);
/* It holds its lock file for as long as it runs. */
bool alive_worker(const struct conf *c);

#endif

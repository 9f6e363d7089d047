#ifndef JAWORT_BASE_CPUS_H
#define JAWORT_BASE_CPUS_H
/* cpus: on how many processors this process may run (sched_getaffinity(2)), at least 1. Any thread. */

unsigned cpus_usable(void);

#endif

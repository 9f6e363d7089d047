#ifndef JAWORT_BASE_CPUS_H
#define JAWORT_BASE_CPUS_H
/* cpus: on how many processors this process may run (sched_getaffinity(2)); 1 if that cannot be told. */

unsigned cpus_usable(void);

#endif

#include "base/cpus.h"

#include <sched.h>

unsigned cpus_usable(void)
{
	cpu_set_t set;

	/* fails on a machine with more processors than a set has bits */
	return sched_getaffinity(0, sizeof(set), &set) ? 1 : (unsigned)CPU_COUNT(&set);
}

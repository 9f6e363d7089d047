#ifndef JAWORT_BASE_FOOTPRINT_H
#define JAWORT_BASE_FOOTPRINT_H
/*
 * footprint: what a process that stays keeps of the machine's memory while it has little to do.
 *
 * Two things cost memory that nobody uses. Freed heap: glibc gives each thread an arena, up to eight times the number of
 * processors, and each keeps what its thread once needed (mallopt(3)). And pages of the program and its libraries that
 * only the start needed: tables of symbols and relocations, parsers; the kernel leaves them in the process for ever.
 * Such a page comes back from the page cache when it is used again, without reading the disk while memory suffices.
 *
 * Nothing of it fails, and nothing depends on it: it changes where memory is, never what is in it.
 */
#include <stdbool.h>

/* Before the first thread is made. */
void footprint_setup(void);
/* Gives back both. Takes some ms and the locks of malloc in turn: at the end of a start, or when there is rest. */
void footprint_trim(void);
/* Gives back pages of code alone: after libraries were loaded. */
void footprint_trim_code(void);
/*
 * For a process that is about to sleep for a second or more: trims, if it has done work since. true: it trimmed.
 * Threads: this and footprint_look() always from the same one.
 */
bool footprint_rest(void);
/*
 * For a thread that wakes about once a second beside others that work: footprint_rest(), when the process used less than
 * 1 % of a processor since the last call. Calls within FOOTPRINT_LOOK_MS after another do nothing.
 */
#define FOOTPRINT_LOOK_MS 500
bool footprint_look(void);

#endif

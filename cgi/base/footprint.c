#include "base/footprint.h"

#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cpus.h"

/*
 * Arenas of malloc. Small pieces come from a cache of each thread, without a lock, so two serve many threads. With two
 * processors a second one brought no more sign-ups, but 1.5 MB that lay free in one while the other grew.
 */
#define HEAP_ARENAS 2
#define HEAP_ARENAS_SMALL 1
#define CPUS_SMALL 2
/* From here on a piece is a mapping of its own, which goes back at once. Set, or it would grow by itself. */
#define HEAP_MMAP_BYTES (128 * 1024)
/* What may stay free at the end of the heap. */
#define HEAP_TRIM_BYTES (128 * 1024)
#define HEAP_PAD_BYTES (64 * 1024)

/* Less work since the last time is not worth another. */
#define WORK_MIN_US 100000

void footprint_setup(void)
{
	mallopt(M_ARENA_MAX, cpus_usable() > CPUS_SMALL ? HEAP_ARENAS : HEAP_ARENAS_SMALL);
	mallopt(M_MMAP_THRESHOLD, HEAP_MMAP_BYTES);
	mallopt(M_TRIM_THRESHOLD, HEAP_TRIM_BYTES);
	mallopt(M_TOP_PAD, HEAP_PAD_BYTES);
}

/*
 * Segments that were never writable hold what the file holds, so the kernel can take the pages and bring them again. Those
 * with relocations are writable segments, also where they are read-only by now (RELRO): they stay.
 */
static int object_trim(struct dl_phdr_info *o, size_t size, void *arg)
{
	const uintptr_t page = *(const uintptr_t *)arg;

	(void)size;
	for (int i = 0; i < o->dlpi_phnum; i++) {
		const ElfW(Phdr) *h = &o->dlpi_phdr[i];
		uintptr_t from = (o->dlpi_addr + h->p_vaddr) & ~(page - 1);
		uintptr_t end = (o->dlpi_addr + h->p_vaddr + h->p_filesz + page - 1) & ~(page - 1);

		if (h->p_type == PT_LOAD && !(h->p_flags & PF_W))
			/* only an advice: where the kernel refuses it, as for the vdso, the pages stay */
			(void)madvise((void *)from, end - from, MADV_DONTNEED); /* NOLINT(performance-no-int-to-ptr) */
	}
	return 0;
}

void footprint_trim_code(void)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	dl_iterate_phdr(object_trim, &page);
}

void footprint_trim(void)
{
	malloc_trim(0);
	footprint_trim_code();
}

static int64_t cpu_us(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t))
		return 0;
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

bool footprint_rest(void)
{
	static int64_t trimmed_us = -WORK_MIN_US; /* the start is work */

	if (cpu_us() - trimmed_us < WORK_MIN_US)
		return false;
	footprint_trim();
	trimmed_us = cpu_us();
	return true;
}

bool footprint_look(void)
{
	static int64_t looked_ms, looked_us;
	int64_t now_ms = clock_mono_ms(), now_us = cpu_us();
	int64_t passed_ms = now_ms - looked_ms, used_us = now_us - looked_us;

	if (passed_ms < FOOTPRINT_LOOK_MS)
		return false;
	looked_ms = now_ms;
	looked_us = now_us;
	/* a hundredth of the time in between, in microseconds */
	return used_us < passed_ms * 10 && footprint_rest();
}

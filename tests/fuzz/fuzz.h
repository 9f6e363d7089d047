#ifndef JAWORT_FUZZ_H
#define JAWORT_FUZZ_H
/*
 * fuzz: what every target shares. Targets are built with clang's libFuzzer or,
 * with replay.c, by any compiler:
 *     clang -g -O1 -fsanitize=fuzzer,address,undefined -std=c11 -D_GNU_SOURCE -Iinclude -Icgi \
 *         tests/fuzz/fuzz_x.c cgi/text/{utf8,html,url,form,addr,mime,jsonw}.c cgi/base/...c -lsodium -lidn2
 *     gcc -g -O1 -fsanitize=address,undefined ... tests/fuzz/fuzz_x.c tests/fuzz/replay.c ...
 *     ./fuzz_x -max_total_time=30 NEW_INPUTS tests/fuzz/corpus/x
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An invariant of the target; broken: the input is a finding. */
#define FUZZ_MUST(cond) ((cond) ? (void)0 : fuzz_broken(__FILE__, __LINE__, #cond))

static inline _Noreturn void fuzz_broken(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: broken: %s\n", file, line, what);
	abort();
}

#endif

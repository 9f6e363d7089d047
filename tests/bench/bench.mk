# Measurements; docs/performance.md says what each figure is. Included by the Makefile.
BENCH := $(BUILD)/bench

# BENCH_S=2 takes shorter runs, ROUNDS=1 fewer of them.
bench: $(BUILD)/jawort $(BENCH)/load $(BENCH)/sqlite_limit $(BENCH)/ask $(BUILD)/http/starve $(BUILD)/http/starve_blocking
	@BUILD=$(BUILD) sh tests/bench/bench.sh

$(BENCH)/%: tests/bench/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE $(WARN) $(WERROR) -O2 -o $@ $< -lsqlite3

# Measurements; docs/performance.md says what each figure is. Included by the Makefile.
BENCH := $(BUILD)/bench
BENCH_PROGRAMS := $(addprefix $(BENCH)/,load provider sqlite_limit ask crowd plain yardstick slowsync.so trust.so)

bench-programs: $(BENCH_PROGRAMS)

# BENCH_S=2 takes shorter runs, ROUNDS=1 fewer of them.
bench: $(BUILD)/jawort $(BENCH_PROGRAMS) $(BUILD)/http/starve $(BUILD)/http/starve_blocking
	@BUILD=$(BUILD) sh tests/bench/bench.sh

# For CI: CPU per request in units of a yardstick, and ratios; no absolute times.
bench-gate: $(BUILD)/jawort $(BENCH_PROGRAMS)
	@BUILD=$(BUILD) sh tests/bench/gate.sh

$(BENCH)/%.so: tests/bench/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE $(WARN) $(WERROR) -O2 -fPIC -shared -o $@ $<

# What bundle, verify and export cost: make bench-evidence PEOPLE=333334 (a million events)
bench-evidence: $(BENCH)/evidence
	$(BENCH)/evidence $(or $(PEOPLE),20000)
$(BENCH)/evidence: tests/bench/evidence.c $(LINK_cmd:%=$(BUILD)/%.a)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -Itests $(LDFLAGS_ALL) -o $@ $< $(LINK_cmd:%=$(BUILD)/%.a) $(LIBS) -lcmocka

# How long one erasure takes: make bench-erase PEOPLE=100000
bench-erase: $(BENCH)/erase
	$(BENCH)/erase $(or $(PEOPLE),100000) $(BENCH)
$(BENCH)/erase: tests/bench/erase.c tests/lib/world.h $(LINK_core:%=$(BUILD)/%.a)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -DJAWORT_TEST -Itests $(LDFLAGS_ALL) -o $@ $< $(LINK_core:%=$(BUILD)/%.a) $(LIBS) -lcmocka

$(BENCH)/plain $(BENCH)/sqlite_limit: tests/bench/rows.h
$(BENCH)/plain: tests/bench/plain.c
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE $(WARN) $(WERROR) -O2 -o $@ $< -lfcgi -lsodium -lsqlite3 -lpthread

$(BENCH)/%: tests/bench/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE $(WARN) $(WERROR) -O2 -o $@ $< -lsqlite3

.PHONY: bench-programs bench-gate bench-evidence bench-erase

# What the log of events costs: its share of a sign-up (fails above 15 %), a checkpoint over a million new events, proofs.
.PHONY: bench-log
bench-log: $(BUILD)/bench/log $(BUILD)/bench/no_events $(BUILD)/jawort $(BENCH_PROGRAMS)
	$(Q)BUILD=$(BUILD) sh tests/bench/log_share.sh
	$(Q)$(BUILD)/bench/log signup
	$(Q)$(BUILD)/bench/log grow $(if $(FULL),5000000)
$(BUILD)/bench/no_events: tests/bench/no_events.c $(BUILD)/jawort
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -Wl,--wrap=evidence_append -o $@ $< $(BUILD)/cgi/cmd/main.o \
		$(LINK_cmd:%=$(BUILD)/%.a) $(LIBS)
$(BUILD)/bench/log: tests/bench/log.c tests/lib/world.h $(LINK_core:%=$(BUILD)/%.a)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -DJAWORT_TEST -Itests -MMD -MP -MF $@.d $(LDFLAGS_ALL) -Wl,--wrap=event_append -o $@ $< \
		$(LINK_core:%=$(BUILD)/%.a) $(LIBS) -lcmocka

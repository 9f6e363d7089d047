# Misuse: corpora that others wrote, floods, guessing who is on a list, logs. Included by the Makefile.
#     make abuse           what `make test` runs
#     make soak            the long forms; docs/soak.md has the last result
ABUSE := $(BUILD)/abuse
ABUSE_LINK := $(LINK_cmd:%=$(BUILD)/%.a)

.PHONY: abuse abuse-programs abuse-deps soak
abuse-programs: $(ABUSE)/addrcheck $(ABUSE)/formcheck $(ABUSE)/enumerate $(ABUSE)/jawort-clock $(ABUSE)/jawort-delay $(ABUSE)/jawort-skip
abuse-deps:
	@cd tests/abuse && { [ node_modules/.package-lock.json -nt package-lock.json ] || \
		{ npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && touch node_modules/.package-lock.json; }; }
abuse: $(BUILD)/jawort abuse-programs abuse-deps
	ABUSE=$(ABUSE) JAWORT=$(BUILD)/jawort node --test --test-concurrency=1 --test-reporter=spec tests/abuse/*.test.mjs

$(ABUSE)/addrcheck $(ABUSE)/formcheck: $(ABUSE)/%: tests/abuse/%.c $(LINK_text:%=$(BUILD)/%.a)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)
$(ABUSE)/enumerate: tests/abuse/enumerate.c tests/http/fcgi.c $(LINK_base:%=$(BUILD)/%.a)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -Itests $(LDFLAGS_ALL) -o $@ $^ $(LIBS)

# The program with a clock that can be set from outside (JAWORT_CLOCK_OFFSET_S): a day passes between two starts.
$(ABUSE)/jawort-clock: cgi/base/clock.c $(BUILD)/cgi/cmd/main.o $(ABUSE_LINK)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -DJAWORT_TEST $(LDFLAGS_ALL) -o $@ $^ $(LIBS)
# The program with a planted fault, put around the gate by the linker: it looks up who the address belongs to, and
# answers a suppressed one 200 us later, or without storing anything.
PLANT := -Wl,--wrap=gate_judge -Wl,--wrap=writer_run -Wl,--wrap=writer_submit -Wl,--wrap=ask_accept
$(ABUSE)/jawort-delay: PLANTED := -DPLANT_DELAY_US=200
$(ABUSE)/jawort-skip: PLANTED := -DPLANT_SKIP
$(ABUSE)/jawort-delay $(ABUSE)/jawort-skip: tests/abuse/plant.c $(BUILD)/cgi/cmd/main.o $(ABUSE_LINK)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(PLANTED) $(PLANT) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)

# The long forms, at low priority; some hours on two cores. PARTS="walk bomb" runs some of them.
SOAK_FUZZ := $(BUILD)-fuzz
soak: $(BUILD)/jawort abuse-programs abuse-deps fault-programs $(BUILD)/fault/powercut $(BUILD)/unit/core/test_walk
	$(Q)nice $(MAKE) BUILD=$(SOAK_FUZZ) CC=clang SAN=fuzzer-no-link,address,undefined \
		$(patsubst tests/fuzz/fuzz_%.c,$(SOAK_FUZZ)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
	bash tests/abuse/soak.sh $(BUILD) $(SOAK_FUZZ)

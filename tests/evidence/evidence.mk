# Evidence seen from outside: a second verifier, JSON-LD and JSON Schema by others. Included by the Makefile.
EVIDENCE := $(BUILD)/evidence
.PHONY: evidence-programs
evidence-programs: $(EVIDENCE)/forge

$(EVIDENCE)/%: tests/evidence/%.c $(LINK_cmd:%=$(BUILD)/%.a)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -DJAWORT_TEST -Itests -MMD -MP -MF $@.d $(LDFLAGS_ALL) -o $@ $< $(LINK_cmd:%=$(BUILD)/%.a) $(LIBS) -lcmocka

evidence-deps:
	@cd tests/evidence && { [ node_modules/.package-lock.json -nt package-lock.json ] || \
		{ npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && touch node_modules/.package-lock.json; }; }
evidence: $(BUILD)/jawort evidence-programs evidence-deps
	BUILD=$(BUILD) node --test --test-reporter=spec tests/evidence/*.test.mjs
.PHONY: evidence evidence-deps

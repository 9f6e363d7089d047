# Evidence seen from outside: a second verifier, JSON-LD and JSON Schema by others. Included by the Makefile.
EVIDENCE := $(BUILD)/evidence
.PHONY: evidence-programs
evidence-programs: $(EVIDENCE)/forge

$(EVIDENCE)/%: tests/evidence/%.c $(LINK_cmd:%=$(BUILD)/%.a)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -DJAWORT_TEST -Itests -MMD -MP -MF $@.d $(LDFLAGS_ALL) -o $@ $< $(LINK_cmd:%=$(BUILD)/%.a) $(LIBS) -lcmocka

# Faults: what is left after kills. Included by the Makefile.
.PHONY: fault-programs
fault-programs: $(BUILD)/fault/look
$(BUILD)/fault/look: tests/fault/look.c $(LINK_store:%=$(BUILD)/%.a)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)

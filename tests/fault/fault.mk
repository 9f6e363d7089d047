# Faults: kills, power cuts, single errors, missing memory, signals. Included by the Makefile.
FAULT := $(BUILD)/fault
FAULT_LINK := $(LINK_web:%=$(BUILD)/%.a)
FAULT_CFLAGS = $(CFLAGS_ALL) -DJAWORT_TEST -Itests -MMD -MP -MF $@.d
.PHONY: fault-programs powercut

fault-programs: $(FAULT)/look $(FAULT)/powercut

$(FAULT)/look: tests/fault/look.c $(LINK_store:%=$(BUILD)/%.a)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)

$(FAULT)/powercut: tests/fault/powercut.c tests/fault/crashvfs.c $(FAULT_LINK)
	@mkdir -p $(@D)
	$(Q)$(CC) $(FAULT_CFLAGS) $(LDFLAGS_ALL) -Wl,--wrap=sqlite3_exec,--wrap=fsync -o $@ $(filter %.c,$^) \
		$(FAULT_LINK) $(LIBS) -lcmocka

# JAWORT_CUTS=1000 is the full run.
powercut: $(FAULT)/powercut
	$(FAULT)/powercut control
	$(FAULT)/powercut

# Needs SAN=address,undefined: a leak or a wrong access is what it looks for.
FAULT_WEB := $(LINK_front:%=$(BUILD)/%.a)
FAULT_WRAP := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup,--wrap=clock_mono_ms
$(FAULT)/alloc: tests/fault/alloc.c tests/fault/appworld.h $(FAULT_WEB)
	@mkdir -p $(@D)
	$(Q)$(CC) $(FAULT_CFLAGS) $(LDFLAGS_ALL) $(FAULT_WRAP) -o $@ $(filter %.c,$^) $(FAULT_WEB) $(LIBS) -lcmocka

$(FAULT)/ask: tests/fault/ask.c tests/http/fcgi.c $(LINK_base:%=$(BUILD)/%.a)
	@mkdir -p $(@D)
	$(Q)$(CC) $(FAULT_CFLAGS) $(LDFLAGS_ALL) -o $@ $(filter %.c %.a,$^) $(LIBS)

$(FAULT)/term: tests/fault/term.c tests/http/fcgi.c $(LINK_base:%=$(BUILD)/%.a)
	@mkdir -p $(@D)
	$(Q)$(CC) $(FAULT_CFLAGS) $(LDFLAGS_ALL) -o $@ $(filter %.c %.a,$^) $(LIBS)

$(FAULT)/clock: tests/fault/clock.c tests/lib/world.h $(FAULT_LINK)
	@mkdir -p $(@D)
	$(Q)$(CC) $(FAULT_CFLAGS) $(LDFLAGS_ALL) -o $@ $< $(FAULT_LINK) $(LIBS) -lcmocka

# Faults: kills, power cuts, single errors, missing memory, signals. Included by the Makefile.
FAULT := $(BUILD)/fault
FAULT_LINK := $(LINK_web:%=$(BUILD)/%.a)
FAULT_CFLAGS = $(CFLAGS_ALL) -DJAWORT_TEST -Itests -MMD -MP -MF $@.d
.PHONY: fault-programs faults

fault-programs: $(FAULT)/look $(FAULT)/jawort-haste $(FAULT)/jawort-forget $(FAULT)/jawort-drop $(FAULT)/jawort-clock \
	$(FAULT)/jawort-halfway

# FULL=1: 1,000 cuts, every call, every allocation, 20,000 requests of each kind (docs/reliability.md).
# Without a sanitizer: what needs speed or the program as it is shipped. With SAN: memory, clocks and signals.
ifeq ($(SAN),)
faults: all $(FAULT)/powercut $(FAULT)/logcut $(FAULT)/soak $(FAULT)/ask $(FAULT)/look
	@echo "power cuts"
	$(Q)$(FAULT)/powercut control
	$(Q)$(if $(FULL),JAWORT_CUTS=1000) $(FAULT)/powercut
	@echo "the log of events: kills and power cuts"
	$(Q)$(FAULT)/logcut control 2>/dev/null
	$(Q)$(FAULT)/logcut power $(if $(FULL),1000,200)
	$(Q)$(FAULT)/logcut kill $(if $(FULL),1000,200)
	$(Q)bash tests/fault/sweep.sh $(BUILD) $(if $(FULL),full)
	@echo "memory over many requests; first the control run"
	$(Q)! $(FAULT)/soak leak
	$(Q)$(FAULT)/soak $(if $(FULL),20000,2000)
else
faults: all $(FAULT)/alloc $(FAULT)/clock $(FAULT)/ask $(FAULT)/term $(FAULT)/look
	$(Q)$(FAULT)/clock
	$(Q)JAWORT_TEST=1 bash tests/fault/signals.sh $(BUILD)
	@echo "missing memory; first the control run, which must crash"
	$(Q)! $(FAULT)/alloc planted 2>/dev/null
	$(Q)ALLOC_STEP=$(if $(FULL),1,13) $(FAULT)/alloc 2>$(FAULT)/alloc.log || { grep -v ^ts= $(FAULT)/alloc.log | tail -n 60; exit 1; }
endif

$(FAULT)/look: tests/fault/look.c $(LINK_store:%=$(BUILD)/%.a)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)

# The program with a clock that runs faster; and with a planted fault each, for the control runs of delivery.test.mjs.
HASTE_LINK := $(LINK_cmd:%=$(BUILD)/%.a)
HASTE_WRAP := -Wl,--wrap=clock_now_ms,--wrap=epoll_wait,--wrap=http_new,--wrap=provider_find
$(FAULT)/jawort-forget: PLANTED := -DPLANT_FORGET
$(FAULT)/jawort-drop: PLANTED := -DPLANT_DROP
$(FAULT)/jawort-haste $(FAULT)/jawort-forget $(FAULT)/jawort-drop: tests/fault/haste.c $(BUILD)/cgi/cmd/main.o $(HASTE_LINK)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(PLANTED) $(LDFLAGS_ALL) $(HASTE_WRAP) -o $@ $^ $(LIBS)

# The program with a clock that can be set from outside (JAWORT_CLOCK_OFFSET_S); and with a fault, for the control run of
# erase.test.mjs.
$(FAULT)/jawort-clock: cgi/base/clock.c $(BUILD)/cgi/cmd/main.o $(HASTE_LINK)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -DJAWORT_TEST $(LDFLAGS_ALL) -o $@ $^ $(LIBS)
$(FAULT)/jawort-halfway: tests/fault/halfway.c $(BUILD)/cgi/cmd/main.o $(HASTE_LINK)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -Wl,--wrap=keyslots_erase,--wrap=store_truncate_wal -o $@ $^ $(LIBS)

$(FAULT)/powercut: tests/fault/powercut.c tests/fault/crashvfs.c $(FAULT_LINK)
	@mkdir -p $(@D)
	$(Q)$(CC) $(FAULT_CFLAGS) $(LDFLAGS_ALL) -Wl,--wrap=sqlite3_exec,--wrap=fsync -o $@ $(filter %.c,$^) \
		$(FAULT_LINK) $(LIBS) -lcmocka

$(FAULT)/logcut: tests/fault/logcut.c tests/fault/crashvfs.c $(FAULT_LINK)
	@mkdir -p $(@D)
	$(Q)$(CC) $(FAULT_CFLAGS) $(LDFLAGS_ALL) -Wl,--wrap=checkpoint_put,--wrap=fsync -o $@ $(filter %.c,$^) \
		$(FAULT_LINK) $(LIBS) -lcmocka

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

$(FAULT)/soak: tests/fault/soak.c tests/fault/appworld.h $(FAULT_WEB)
	@mkdir -p $(@D)
	$(Q)$(CC) $(FAULT_CFLAGS) $(LDFLAGS_ALL) -o $@ $< $(FAULT_WEB) $(LIBS) -lcmocka

# Fuzz targets: tests/fuzz/fuzz_<x>.c with seeds in tests/fuzz/corpus/<x>/. Included by the Makefile.
#     make fuzz FUZZ_S=600        each target for ten minutes; findings and new seeds stay in build-fuzz/
#     make fuzz FUZZ=addr         one target
FUZZ_S ?= 60
FUZZ ?= $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_LINK := $(BUILD)/proof.a $(BUILD)/stamp.a $(BUILD)/scan.a $(LINK_front:%=$(BUILD)/%.a)
FUZZ_MAKE = $(MAKE) BUILD=build-fuzz CC=clang SAN=fuzzer-no-link,address,undefined

.PHONY: fuzz fuzz-run fuzz-replay
fuzz:
	$(Q)$(FUZZ_MAKE) FUZZ_S=$(FUZZ_S) FUZZ="$(FUZZ)" fuzz-run

# With libFuzzer: first all seeds, then new inputs for a while. What it finds is printed and kept. Each target by itself,
# so that `make -j2` runs two.
fuzz-run: $(FUZZ:%=fuzz-run-%)
fuzz-run-%: $(BUILD)/fuzz/%
	@mkdir -p $(BUILD)/corpus/$* tests/fuzz/corpus/$*
	@$(BUILD)/fuzz/$* -verbosity=0 -print_final_stats=1 -rss_limit_mb=2048 -timeout=10 \
		-artifact_prefix=$(BUILD)/corpus/$*- -max_total_time=$(FUZZ_S) \
		$(BUILD)/corpus/$* tests/fuzz/corpus/$* 2>$(BUILD)/corpus/$*.log || \
		{ echo "== $*"; cat $(BUILD)/corpus/$*.log; exit 1; }
	@sed -n 's/^stat::number_of_executed_units: */== $*: inputs /p' $(BUILD)/corpus/$*.log

# Without libFuzzer: the seeds once, with any compiler and sanitizer.
fuzz-replay: $(FUZZ:%=$(BUILD)/replay/%)
	@set -e; for t in $(FUZZ); do $(BUILD)/replay/$$t tests/fuzz/corpus/$$t; done

$(BUILD)/fuzz/%: tests/fuzz/fuzz_%.c $(FUZZ_LINK)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -Itests/fuzz -MMD -MP -MF $@.d $(LDFLAGS_ALL) -fsanitize=fuzzer -o $@ $< \
		$(FUZZ_LINK) $(LIBS)
$(BUILD)/replay/%: tests/fuzz/fuzz_%.c tests/fuzz/replay.c $(FUZZ_LINK)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -Itests/fuzz $(LDFLAGS_ALL) -o $@ $< tests/fuzz/replay.c $(FUZZ_LINK) $(LIBS)

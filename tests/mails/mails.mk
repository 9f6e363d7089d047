# Gates for mails: three foreign parsers, SpamAssassin, what mail programs support, sizes. Included by the Makefile.
#     make mails               what `make test` runs
#     make mail-pictures OUT=folder    every mail as a picture: 320 and 600 pixels, light and dark
MAILS := $(BUILD)/mails

.PHONY: mails mails-programs mails-deps mail-pictures
mails-programs: $(MAILS)/mailset
mails-deps:
	@cd tests/mails && { [ node_modules/.package-lock.json -nt package-lock.json ] || \
		{ npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && touch node_modules/.package-lock.json; }; }
mails: mails-programs mails-deps
	MAILS=$(MAILS) node --test --test-concurrency=2 --test-reporter=spec tests/mails/*.test.mjs
mail-pictures: mails-programs
	@test -n "$(OUT)" || { echo "make mail-pictures: OUT=folder is missing" >&2; exit 2; }
	MAILS=$(MAILS) node tests/mails/pictures.mjs $(OUT)

$(MAILS)/mailset: tests/mails/mailset.c $(LINK_core:%=$(BUILD)/%.a)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)

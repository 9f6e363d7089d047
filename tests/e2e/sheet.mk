# A picture of every page, state and mail in both languages and all modes, and montages of them:
#   make sheet OUT=folder [MODES=light,narrow]   (modes: tests/e2e/show.mjs, and print)
# The links that have expired need a clock that can be set: the build with sanitizers, or JAWORT=program.
.PHONY: sheet
sheet:
	@test -n "$(OUT)" || { echo "make sheet: OUT=folder is missing" >&2; exit 2; }
	$(if $(JAWORT),,$(Q)$(MAKE) --no-print-directory BUILD=build-asan SAN=address,undefined CFLAGS=-Wno-format-truncation all)
	node tests/e2e/sheet.mjs $(OUT) $(MODES)

# Jawort. One Makefile, no recursion. Rooms are built as archives; each may use only those to its left.
BUILD ?= build
PREFIX ?= /usr/local
CC ?= gcc
SAN ?=
V ?=

ROOMS := base text conf store mail core web front stamp send scan proof cmd

STD := -std=c11 -D_GNU_SOURCE -Iinclude -I$(BUILD)/gen -Icgi
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings \
	-Wformat=2 -Wundef -Wvla -Wimplicit-fallthrough
HARD := -fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE -ftrivial-auto-var-init=zero
# clang 14 takes the last of these only with its own word of assent.
HARD += $(if $(findstring clang,$(CC)),-enable-trivial-auto-var-init-zero-knowing-it-will-be-removed-from-clang)
# Builds with a sanitizer are for tests only, and have what tests need beside (a clock that can be set from outside).
ifeq ($(SAN),)
OPT := -O2 -g -D_FORTIFY_SOURCE=3
else
OPT := -O1 -g -fno-omit-frame-pointer -fsanitize=$(SAN) -fno-sanitize-recover=all -DJAWORT_TEST
endif
WERROR ?= $(if $(CI),-Werror)
CFLAGS_ALL := $(STD) $(WARN) $(WERROR) $(HARD) $(OPT) $(CFLAGS)
LDFLAGS_ALL := -pie -Wl,-z,relro,-z,now,-z,noexecstack $(if $(SAN),-fsanitize=$(SAN)) $(LDFLAGS)
# The HTML parser is linked in, so that running needs no package for it; only `notice scan` touches its pages.
LIBS := -lfcgi -lsqlite3 -ljansson -lyaml -lidn2 -lsodium -lz -l:libgumbo.a -lpthread -lm
Q := $(if $(V),,@)

SRC := $(sort $(wildcard cgi/*/*.c))
OBJ := $(SRC:%.c=$(BUILD)/%.o)

.PHONY: all objects deps deps-test run test lint unit unit-programs golden fuzz bench install uninstall clean
all: $(BUILD)/jawort
objects: $(OBJ)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -MMD -MP -c $< -o $@

define room
$(BUILD)/$(1).a: $$(patsubst %.c,$(BUILD)/%.o,$$(filter-out cgi/cmd/main.c,$$(wildcard cgi/$(1)/*.c)))
	@rm -f $$@
	$(Q)ar rcs $$@ $$^
endef
$(foreach r,$(ROOMS),$(eval $(call room,$(r))))

# Templates, words and style sheets, compiled in as embedded_files[]; a small sheet per page.
GEN := $(BUILD)/gen
EMBED_TEXT := $(sort $(shell find templates -type f \( -name '*.html' -o -name '*.txt' \)))
EMBED_STATIC := $(sort $(wildcard static/*))
# Context and schema of the consent records, printed by `export 27560`.
EMBED_DATA := $(sort $(wildcard data/27560/*))
PAGES := $(patsubst templates/%,%,$(sort $(filter-out %_fragment.html,$(wildcard templates/page/*.html templates/sheet/*.html))))
PAGE_CSS := $(PAGES:%.html=$(GEN)/css/%.css)

$(BUILD)/tools/%: tools/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE $(WARN) $(WERROR) -O1 -o $@ $<

$(GEN)/css.done: $(BUILD)/tools/css static/jawort.css static/page.css static/notice.css static/record.css static/evidence.css $(EMBED_TEXT)
	@mkdir -p $(@D)
	$(Q)$(BUILD)/tools/css $(GEN) templates static/jawort.css static/page.css static/notice.css static/record.css static/evidence.css -- $(PAGES)
	@touch $@

$(GEN)/embedded.c: $(BUILD)/tools/embed $(GEN)/css.done $(EMBED_TEXT) $(EMBED_STATIC) $(EMBED_DATA)
	$(Q)$(BUILD)/tools/embed $@ $(GEN)/embedded.h templates= $(EMBED_TEXT) static=static/ $(EMBED_STATIC) data=data/ $(EMBED_DATA) \
		$(GEN)= $(PAGE_CSS)

# The schema's steps, in the order of their numbers.
MIGRATIONS := $(sort $(wildcard cgi/store/migrations/*.sql))
$(GEN)/migrations.h: tools/embed.sh $(MIGRATIONS)
	@mkdir -p $(@D)
	$(Q)sh tools/embed.sh migrations $(MIGRATIONS) >$@.new
	@mv $@.new $@

# Facts of law (data/), compiled in as tables of the core room.
$(GEN)/core/%_table.h $(GEN)/scan/%_table.h: tools/legal.sh
	@mkdir -p $(@D)
	$(Q)sh tools/legal.sh $* $(filter data/%,$^) >$@.new
	@mv $@.new $@
$(GEN)/conf/%_table.h: tools/legal.sh
	@mkdir -p $(@D)
	$(Q)sh tools/legal.sh $* $(filter data/%,$^) >$@.new
	@mv $@.new $@
$(GEN)/conf/law_rule_table.h: data/rules.txt
$(GEN)/conf/law_words_table.h: data/findings.txt
$(GEN)/conf/law_ruling_table.h: data/rulings.txt
$(BUILD)/cgi/conf/law.o: $(GEN)/conf/law_rule_table.h $(GEN)/conf/law_words_table.h $(GEN)/conf/law_ruling_table.h
$(GEN)/core/authority_table.h: data/authorities.txt
$(GEN)/core/adequacy_table.h: data/adequacy.txt
$(GEN)/core/prefill_table.h: data/prefill.txt
$(BUILD)/cgi/core/authority.o: $(GEN)/core/authority_table.h
$(BUILD)/cgi/core/adequacy.o: $(GEN)/core/adequacy_table.h
$(BUILD)/cgi/core/prefill.o: $(GEN)/core/prefill_table.h
$(GEN)/scan/module_table.h: data/embeds.txt
$(BUILD)/cgi/scan/module.o: $(GEN)/scan/module_table.h

$(OBJ): | $(GEN)/embedded.c $(GEN)/migrations.h
$(BUILD)/cgi/store/migrate.o: $(GEN)/migrations.h
$(BUILD)/embed.a: $(GEN)/embedded.c
	$(Q)$(CC) $(CFLAGS_ALL) -c $< -o $(GEN)/embedded.o
	@rm -f $@
	$(Q)ar rcs $@ $(GEN)/embedded.o

# What a room may be linked with (itself and what stands to its left).
LINK_base := base
LINK_text := text base
LINK_conf := conf text base
LINK_store := store conf text base
LINK_mail := mail conf text base
LINK_core := core embed store mail conf text base
LINK_web := web core embed store mail conf text base
LINK_front := front web core embed store mail conf text base
LINK_send := send stamp store mail conf text base
LINK_stamp := stamp base
LINK_scan := scan conf text base
LINK_proof := proof text base
LINK_cmd := cmd proof scan send stamp front web core embed store mail conf text base

$(BUILD)/jawort: $(BUILD)/cgi/cmd/main.o $(LINK_cmd:%=$(BUILD)/%.a)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)

# Unit tests: tests/unit/<room>/test_<x>.c, one program each.
TESTS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(sort $(wildcard tests/unit/*/test_*.c)))
define unittest
$(BUILD)/unit/$(1)/%: tests/unit/$(1)/%.c $(LINK_$(1):%=$(BUILD)/%.a)
	@mkdir -p $$(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -DJAWORT_TEST -Itests -MMD -MP -MF $$@.d $(LDFLAGS_ALL) -o $$@ $$< $(LINK_$(1):%=$(BUILD)/%.a) $(LIBS) -lcmocka
endef
$(foreach r,$(ROOMS),$(eval $(call unittest,$(r))))
# make unit ROOM=text   runs one room's tests
unit: $(filter $(BUILD)/unit/$(if $(ROOM),$(ROOM)/)%,$(TESTS))
	@set -e; for t in $^; do echo "== $$t"; case $$t in /*) $$t ;; *) ./$$t ;; esac; done
unit-programs: $(TESTS)
# Writes the expected files anew from what the program makes now. Read the difference before you commit it.
golden:
	GOLDEN=write UPDATE_GOLDEN=1 $(MAKE) -k unit
	git --no-pager diff --stat tests/golden

-include tests/deploy/deploy.mk
-include tests/e2e/sheet.mk
-include $(wildcard tests/http/tests.mk tests/fuzz/fuzz.mk tests/fault/fault.mk tests/bench/bench.mk tests/abuse/abuse.mk tests/evidence/evidence.mk \
	tests/mails/mails.mk)

# What is missing on this machine, by package name.
deps:
	@sh tools/deps.sh build
deps-test:
	@sh tools/deps.sh test

# The service with a demo site at http://localhost:8080 (PORT=8081 for another port).
run: deps
	@sh tools/run.sh

# Everything that CI runs; tools/test.sh has the list, ONLY=lint,e2e runs a part of it.
test: deps-test
	@bash tools/test.sh $(ONLY)

lint: $(GEN)/embedded.c $(GEN)/migrations.h
	@sh tools/lint.sh $(GEN)

# systemd looks into /usr/lib and /usr/local/lib; with another PREFIX name one of them: LIBDIR=/usr/local/lib.
LIBDIR ?= $(PREFIX)/lib
# No prefix is compiled in; only the units name the place of the program.
install: $(BUILD)/jawort
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/doc/jawort
	install -m 755 $(BUILD)/jawort $(DESTDIR)$(PREFIX)/bin/jawort
	install -m 644 README.md LICENSE $(wildcard docs/*.md docs/providers/*.md) $(DESTDIR)$(PREFIX)/share/doc/jawort
	set -e; for f in $(wildcard docs/*.1 docs/*.5); do \
		install -D -m 644 $$f $(DESTDIR)$(PREFIX)/share/man/man$${f##*.}/$${f##*/}; done
	set -e; for f in deploy/systemd/jawort*.service deploy/systemd/jawort*.timer deploy/systemd/jawort.socket; do \
		install -D -m 644 $$f $(DESTDIR)$(LIBDIR)/systemd/system/$${f##*/}; done
	sed -i 's#/usr/local/bin/#$(PREFIX)/bin/#' $(DESTDIR)$(LIBDIR)/systemd/system/jawort*.service
	install -D -m 644 deploy/systemd/jawort.sysusers $(DESTDIR)$(LIBDIR)/sysusers.d/jawort.conf
	install -D -m 644 deploy/systemd/jawort.tmpfiles $(DESTDIR)$(LIBDIR)/tmpfiles.d/jawort.conf
	install -d $(DESTDIR)$(PREFIX)/share/doc/jawort/examples
	install -m 644 $(wildcard deploy/*.conf deploy/Caddyfile) $(DESTDIR)$(PREFIX)/share/doc/jawort/examples

# Data, keys, configuration and users stay.
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/jawort $(patsubst docs/%,$(DESTDIR)$(PREFIX)/share/man/man1/%,$(wildcard docs/*.1)) \
		$(patsubst docs/%,$(DESTDIR)$(PREFIX)/share/man/man5/%,$(wildcard docs/*.5)) \
		$(DESTDIR)$(LIBDIR)/systemd/system/jawort-serve.service $(DESTDIR)$(LIBDIR)/systemd/system/jawort-worker.service \
		$(DESTDIR)$(LIBDIR)/systemd/system/jawort-backup.service $(DESTDIR)$(LIBDIR)/systemd/system/jawort-backup.timer \
		$(DESTDIR)$(LIBDIR)/systemd/system/jawort.socket $(DESTDIR)$(LIBDIR)/sysusers.d/jawort.conf \
		$(DESTDIR)$(LIBDIR)/tmpfiles.d/jawort.conf
	rm -rf $(DESTDIR)$(PREFIX)/share/doc/jawort

clean:
	rm -rf $(BUILD) build-*

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

# Tests of the front over real sockets. Included by the Makefile.
HTTP_LINK := $(LINK_front:%=$(BUILD)/%.a)
HTTP_CFLAGS = $(CFLAGS_ALL) -DJAWORT_TEST -Itests
HTTP_BIN := $(BUILD)/http

.PHONY: http-test
http-test: $(HTTP_BIN)/test_front $(HTTP_BIN)/echo_app $(HTTP_BIN)/starve $(HTTP_BIN)/starve_blocking $(HTTP_BIN)/test_my $(BUILD)/jawort
	$(HTTP_BIN)/test_my $(BUILD)/jawort
	$(HTTP_BIN)/test_front $(HTTP_BIN)/echo_app
	@echo "the same with every request parked:"
	ECHO_PARK=1 $(HTTP_BIN)/test_front $(HTTP_BIN)/echo_app
	$(HTTP_BIN)/starve 5
	@echo "the same without parking must starve clients:"
	$(HTTP_BIN)/starve_blocking 5; test $$? -eq 1

$(HTTP_BIN)/echo_app: tests/http/echo_app.c $(HTTP_LINK)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HTTP_CFLAGS) -MMD -MP -MF $@.d $(LDFLAGS_ALL) -o $@ $< $(HTTP_LINK) $(LIBS)

$(HTTP_BIN)/test_front: tests/http/test_front.c tests/http/child.c tests/http/hostile.c tests/http/fcgi.c
$(HTTP_BIN)/starve: tests/http/starve.c tests/http/fcgi.c
$(HTTP_BIN)/test_my: tests/http/test_my.c tests/http/fcgi.c tests/lib/world.h
$(HTTP_BIN)/test_front $(HTTP_BIN)/starve $(HTTP_BIN)/test_my: $(wildcard tests/http/*.h) $(HTTP_LINK)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HTTP_CFLAGS) $(LDFLAGS_ALL) -o $@ $(filter %.c,$^) $(HTTP_LINK) $(LIBS) -lcmocka

# The front's own sources again, with the loop that libfcgi's manual shows.
$(HTTP_BIN)/starve_blocking: tests/http/starve.c tests/http/fcgi.c $(wildcard cgi/front/*.c) $(HTTP_LINK)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HTTP_CFLAGS) -DJAWORT_NO_PARKING $(LDFLAGS_ALL) -o $@ $(filter %.c,$^) \
		$(filter-out $(BUILD)/front.a,$(HTTP_LINK)) $(LIBS)

-include $(wildcard $(HTTP_BIN)/*.d)

# Installation, units, manual pages, nginx's cache and ready files; behind the other web servers only on demand.
$(BUILD)/deploy/manager: tests/deploy/manager.c
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE $(WARN) $(WERROR) -O1 -o $@ $<

NODE_TEST := node --test --test-concurrency=1 --test-reporter=spec
.PHONY: deploy-test test-servers test-systemd
deploy-test: $(BUILD)/jawort $(BUILD)/deploy/manager
	BUILD=$(BUILD) $(NODE_TEST) tests/deploy/units.test.mjs
	JAWORT=$(BUILD)/jawort $(NODE_TEST) tests/deploy/cache.test.mjs tests/deploy/ready.test.mjs tests/deploy/many.test.mjs \
	    tests/deploy/cgi.test.mjs

# The same life behind nginx, Apache, lighttpd and Caddy; installs what is missing.
test-servers: $(BUILD)/jawort
	@sh tools/deps.sh servers
	JAWORT=$(BUILD)/jawort $(NODE_TEST) tests/deploy/servers.test.mjs

# The units under a systemd of its own in a container over this machine's files (nothing is written to them). Root only.
test-systemd: $(BUILD)/jawort
	@sh tools/deps.sh servers
	bash tests/deploy/systemd.sh $(BUILD)

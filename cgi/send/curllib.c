#define CURLLIB_LOADER
#include "send/curllib_priv.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/footprint.h"

#define CURLLIB_FILE "libcurl.so.4"

struct curllib curllib;

static pthread_mutex_t curllib_lock = PTHREAD_MUTEX_INITIALIZER;
static bool curllib_ready;

#define CURLLIB_NAME(name) #name,
static const char *const names[] = {CURLLIB_FUNCTIONS(CURLLIB_NAME)};
#define NAMES (sizeof(names) / sizeof(names[0]))
_Static_assert(sizeof(struct curllib) == NAMES * sizeof(void *), "one pointer a name");

/* The library stays loaded until the process ends: it has state of its own (TLS). */
static enum err curllib_open(struct errinfo *ei)
{
	void *lib, *found[NAMES];

	/* libcurl brings GnuTLS for LDAP and RTMP, which we never speak; left alone it tests itself at loading, 0.9 MB. */
	setenv("GNUTLS_NO_IMPLICIT_INIT", "1", 0);
	lib = dlopen(CURLLIB_FILE, RTLD_LAZY | RTLD_LOCAL);
	if (!lib)
		return err_set(ei, E_UPSTREAM, "%s cannot be loaded. Install the package libcurl4", CURLLIB_FILE);
	for (size_t i = 0; i < NAMES; i++) {
		found[i] = dlsym(lib, names[i]);
		if (!found[i])
			return err_set(ei, E_UPSTREAM, "%s has no %s: it is older than 7.84", CURLLIB_FILE, names[i]);
	}
	memcpy(&curllib, found, sizeof(curllib));
	if (curllib.curl_global_init_(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(ei, E_UPSTREAM, "%s does not start", CURLLIB_FILE);
	curllib_ready = true;
	footprint_trim_code();
	return OK;
}

enum err curllib_load(struct errinfo *ei)
{
	enum err rc = OK;

	pthread_mutex_lock(&curllib_lock);
	if (!curllib_ready)
		rc = curllib_open(ei);
	pthread_mutex_unlock(&curllib_lock);
	return rc;
}

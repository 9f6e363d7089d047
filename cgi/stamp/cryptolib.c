#include "stamp/cryptolib_priv.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#define CRYPTOLIB_FILE "libcrypto.so.3"

#define CRYPTOLIB_NAME(name) #name,
static const char *const names[] = {CRYPTOLIB_FUNCTIONS(CRYPTOLIB_NAME)};
#define NAMES (sizeof(names) / sizeof(names[0]))
_Static_assert(sizeof(struct cryptolib) == NAMES * sizeof(void *), "one pointer a name");

static struct cryptolib lib_functions;
static pthread_mutex_t lib_lock = PTHREAD_MUTEX_INITIALIZER;
static bool lib_ready;

/* Stays loaded until the process ends, as libcurl does, which uses the same one. */
static enum err lib_open(struct errinfo *ei)
{
	void *lib = dlopen(CRYPTOLIB_FILE, RTLD_NOW | RTLD_LOCAL);
	void *found[NAMES];

	if (!lib)
		return err_set(ei, E_UPSTREAM, "%s cannot be loaded. Install the package libssl3", CRYPTOLIB_FILE);
	for (size_t i = 0; i < NAMES; i++) {
		found[i] = dlsym(lib, names[i]);
		if (!found[i])
			return err_set(ei, E_UPSTREAM, "%s has no %s", CRYPTOLIB_FILE, names[i]);
	}
	memcpy(&lib_functions, found, sizeof(lib_functions));
	lib_ready = true;
	return OK;
}

const struct cryptolib *cryptolib(struct errinfo *ei)
{
	enum err rc = OK;

	pthread_mutex_lock(&lib_lock);
	if (!lib_ready)
		rc = lib_open(ei);
	pthread_mutex_unlock(&lib_lock);
	return rc ? NULL : &lib_functions;
}

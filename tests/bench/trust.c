/*
 * trust: one more authority that libcurl believes, for LD_PRELOAD. TRUST_CA is a PEM file. The program takes
 * the system's authorities and nothing else, on purpose; a measurement on loopback needs one that is thrown
 * away afterwards. Whatever libcurl loads into a store, this file comes beside it.
 */
#include <dlfcn.h>
#include <stdlib.h>

int X509_STORE_load_file(void *store, const char *file);
int X509_STORE_load_path(void *store, const char *path);

/* The program loads libcurl late and for itself alone, so RTLD_NEXT finds nothing; the library is there by now. */
static int (*real(const char *name))(void *, const char *)
{
	int (*found)(void *, const char *) = NULL;
	void *lib = dlopen("libcrypto.so.3", RTLD_LAZY | RTLD_NOLOAD);
	if (lib)
		*(void **)&found = dlsym(lib, name);
	if (!found)
		abort();
	return found;
}

static int add(void *store)
{
	const char *file = getenv("TRUST_CA");
	return !file || real("X509_STORE_load_file")(store, file);
}

int X509_STORE_load_file(void *store, const char *file)
{
	return real("X509_STORE_load_file")(store, file) && add(store);
}

int X509_STORE_load_path(void *store, const char *path)
{
	return real("X509_STORE_load_path")(store, path) && add(store);
}

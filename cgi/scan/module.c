#include "scan/module.h"

#include <string.h>

#include "scan/module_table.h"

#define MODULE_COUNT (sizeof(MODULE_TABLE) / sizeof(MODULE_TABLE[0]))

bool module_host_in(struct slice host, struct slice name)
{
	if (!name.len || host.len < name.len || !slice_ends(host, name))
		return false;
	return host.len == name.len || host.ptr[host.len - name.len - 1] == '.';
}

const struct module *module_of_host(struct slice host)
{
	const struct module *best = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < MODULE_COUNT; i++) {
		struct slice rest = slice_from(MODULE_TABLE[i].host), name;
		while (slice_split(&rest, '\n', &name))
			if (name.len > longest && module_host_in(host, name)) {
				best = &MODULE_TABLE[i];
				longest = name.len;
			}
	}
	return best;
}

const struct module *module_of_script(struct slice path)
{
	for (size_t i = 0; path.len && i < MODULE_COUNT; i++) {
		struct slice rest = slice_from(MODULE_TABLE[i].script), name;
		while (slice_split(&rest, '\n', &name))
			if (name.len && memmem(path.ptr, path.len, name.ptr, name.len))
				return &MODULE_TABLE[i];
	}
	return NULL;
}

const struct module *module_at(size_t i)
{
	return i < MODULE_COUNT ? &MODULE_TABLE[i] : NULL;
}

const char *module_as_of(void)
{
	return MODULE_AS_OF;
}

#ifndef JAWORT_CONF_COUNTRY_H
#define JAWORT_CONF_COUNTRY_H
/*
 * country: which codes exist (ISO 3166-1 alpha-2, upper case; ISO 3166-2:DE
 * without "DE-"), who is in the EEA, and which hosts are this machine. Static
 * data, no state. Names of countries: core/country.h.
 */
#include <stdbool.h>
#include "base/slice.h"

bool conf_country_known(const char *code);
bool conf_country_eea(const char *code);
bool conf_country_de_state(const char *code);
/* localhost, 127.0.0.0/8, [::1]; without port. */
bool conf_host_loopback(struct slice host);

#endif

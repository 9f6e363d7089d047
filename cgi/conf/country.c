#include "conf/conf_priv.h"
#include <string.h>
#include <arpa/inet.h>

/*
 * ISO 3166-1 alpha-2, all assigned codes. Which countries have an adequacy
 * decision changes with time and is data of the notice, not of this table; the
 * EEA changes by treaty only.
 */
static const char CODES[] =
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ "
    "CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO "
    "FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE "
    "JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO "
    "MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW "
    "PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM "
    "TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";
/* 27 member states, Iceland, Liechtenstein, Norway. */
static const char EEA[] =
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK";
/* German Länder, ISO 3166-2:DE. */
static const char STATES[] = "BW BY BE BB HB HH HE MV NI NW RP SL SN ST SH TH";

static bool country_in(const char *list, const char *code)
{
	if (strlen(code) != 2)
		return false;
	for (const char *p = list; *p; p += p[2] ? 3 : 2)
		if (memcmp(p, code, 2) == 0)
			return true;
	return false;
}

bool conf_country_known(const char *code)
{
	return country_in(CODES, code);
}

bool conf_country_eea(const char *code)
{
	return country_in(EEA, code);
}

bool conf_country_de_state(const char *code)
{
	return country_in(STATES, code);
}

bool conf_host_loopback(struct slice host)
{
	char text[64];
	struct in_addr v4;
	struct in6_addr v6;

	if (slice_ieq(host, SLICE("localhost")))
		return true;
	if (host.len > 2 && host.ptr[0] == '[')
		host = slice_sub(host, 1, host.len - 2);
	if (!slice_copy(host, text, sizeof(text)))
		return false;
	if (inet_pton(AF_INET, text, &v4) == 1)
		return (ntohl(v4.s_addr) >> 24) == 127;
	return inet_pton(AF_INET6, text, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

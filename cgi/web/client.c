#include "web/client_priv.h"

#include <arpa/inet.h>
#include <string.h>

/* Network-order bytes of an address; 0 if it is none. */
static size_t address_bytes(struct slice s, unsigned char out[16])
{
	char text[INET6_ADDRSTRLEN];

	if (!slice_copy(s, text, sizeof(text)))
		return 0;
	if (inet_pton(AF_INET, text, out) == 1)
		return 4;
	return inet_pton(AF_INET6, text, out) == 1 ? 16 : 0;
}

static bool prefix_holds(struct slice prefix, const unsigned char *addr, size_t n)
{
	size_t slash = slice_find(prefix, '/', 0);
	unsigned long long bits;
	unsigned char net[16];

	if (address_bytes(slice_sub(prefix, 0, slash), net) != n)
		return false;
	if (!slice_u64(slice_sub(prefix, slash + 1, prefix.len), &bits) || bits > n * 8)
		bits = n * 8;
	if (memcmp(net, addr, bits / 8) != 0)
		return false;
	return bits % 8 == 0 || (net[bits / 8] ^ addr[bits / 8]) >> (8 - bits % 8) == 0;
}

static bool trusted(const struct conf *host, struct slice ip)
{
	unsigned char addr[16];
	size_t n = address_bytes(ip, addr);

	for (size_t i = 0; n && i < host->trusted_proxies.n; i++)
		if (prefix_holds(slice_from(host->trusted_proxies.v[i]), addr, n))
			return true;
	return false;
}

/* The last piece behind a comma; *rest is what stands left of it. */
static struct slice last_piece(struct slice *rest)
{
	size_t from = rest->len;
	struct slice piece;

	while (from && rest->ptr[from - 1] != ',')
		from--;
	piece = slice_trim(slice_sub(*rest, from, rest->len));
	*rest = slice_sub(*rest, 0, from ? from - 1 : 0);
	return piece;
}

struct slice client_address(const struct conf *host, const struct request *req)
{
	struct slice now = req->remote_addr, rest = req->forwarded_for;

	while (rest.len && trusted(host, now)) {
		unsigned char addr[16];
		struct slice next = last_piece(&rest);
		if (!address_bytes(next, addr))
			break;
		now = next;
	}
	return now;
}

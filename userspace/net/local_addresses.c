// SPDX-License-Identifier: BSD-3-Clause
#include "net/local_addresses.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdlib.h>

#include "net/sockaddr.h"

static bool is_link_local(const struct transport_addr *addr)
{
	return addr->family == AF_INET6 && addr->ip[0] == 0xfe &&
	       (addr->ip[1] & 0xc0) == 0x80;
}

/*
 * By the address, not by the interface: service addresses of anycast and of
 * load balancers live on lo.
 */
static bool is_loopback(const struct transport_addr *addr)
{
	static const uint8_t one[16] = { [15] = 1 };

	return addr->family == AF_INET ? addr->ip[0] == 127
				       : !memcmp(addr->ip, one, sizeof(one));
}

/* Is it an address to list, when we are looking for loopback ones or others? */
static bool counts(const struct ifaddrs *ifa, bool loopback,
		   struct transport_addr *addr)
{
	if (!ifa->ifa_addr || !(ifa->ifa_flags & IFF_UP))
		return false;
	if (ifa->ifa_addr->sa_family != AF_INET &&
	    ifa->ifa_addr->sa_family != AF_INET6)
		return false;
	net_sockaddr_to((const union net_sockaddr *)ifa->ifa_addr, addr);
	addr->port = 0;
	return is_loopback(addr) == loopback && !is_link_local(addr);
}

static bool is_listed(const struct transport_addr *v, size_t n,
		      const struct transport_addr *addr)
{
	while (n--)
		if (transport_addr_equal(&v[n], addr))
			return true;
	return false;
}

int local_addresses(struct transport_addr **v, size_t *n)
{
	struct ifaddrs *all, *ifa;
	struct transport_addr addr;
	size_t max = 0;
	bool loopback = false;

	if (getifaddrs(&all))
		return -errno;
	for (ifa = all; ifa; ifa = ifa->ifa_next)
		max++;
	*n = 0;
	*v = calloc(max ? max : 1, sizeof(**v));
	if (!*v) {
		freeifaddrs(all);
		return -ENOMEM;
	}
	do {
		for (ifa = all; ifa; ifa = ifa->ifa_next)
			if (counts(ifa, loopback, &addr) &&
			    !is_listed(*v, *n, &addr))
				(*v)[(*n)++] = addr;
		loopback = !loopback;
	} while (*n == 0 && loopback);
	freeifaddrs(all);
	return 0;
}

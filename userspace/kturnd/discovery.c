// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/discovery.h"

#include "kturnd/endpoints.h"
#include "net/sockaddr.h"

uint16_t discovery_alt_port(const struct kturnd_config *cfg)
{
	return (uint16_t)(cfg->alt_listening_port ?: cfg->listening_port + 1);
}

static void fill_site(const struct kturnd_config *cfg, int family,
		      struct turn_discovery_site *site)
{
	const struct config_addrs *ips = &cfg->listening_ip;
	size_t n = 0;

	for (size_t i = 0; i < ips->n && n < 2; i++) {
		const struct transport_addr *ip = &ips->v[i];

		if (ip->family != family || net_addr_is_wildcard(ip) ||
		    (n && transport_addr_same_ip(ip, &site->local[0])))
			continue;
		site->local[n] = *ip;
		site->told[n++] = endpoints_public(cfg, ip);
	}
	if (n < 2)
		*site = (struct turn_discovery_site){ 0 };
}

void discovery_fill(const struct kturnd_config *cfg,
		    struct turn_discovery *discovery)
{
	*discovery = (struct turn_discovery){
		.on = cfg->rfc5780,
		.ports = { (uint16_t)cfg->listening_port,
			   discovery_alt_port(cfg) },
	};
	if (!cfg->rfc5780)
		return;
	fill_site(cfg, AF_INET, &discovery->sites[0]);
	fill_site(cfg, AF_INET6, &discovery->sites[1]);
}

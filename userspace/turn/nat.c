// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdlib.h>

#include "turn/nat.h"

int turn_nat_add(struct turn_nat *nat, const struct transport_addr *private_ip,
		 const struct transport_addr *public_ip)
{
	struct turn_nat_address *v;

	for (size_t i = 0; i < nat->n; i++)
		if (transport_addr_same_ip(&nat->v[i].private_ip, private_ip) ||
		    transport_addr_same_ip(&nat->v[i].public_ip, public_ip))
			return -EEXIST;
	v = reallocarray(nat->v, nat->n + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	nat->v = v;
	v[nat->n++] = (struct turn_nat_address){ *private_ip, *public_ip };
	return 0;
}

void turn_nat_free(struct turn_nat *nat)
{
	free(nat->v);
	*nat = (struct turn_nat){ 0 };
}

static void replace_ip(struct transport_addr *addr,
		       const struct transport_addr *ip)
{
	uint16_t port = addr->port;

	*addr = *ip;
	addr->port = port;
}

void turn_nat_public_to_private(const struct turn_nat *nat,
				struct transport_addr *peer)
{
	for (size_t i = 0; i < nat->n; i++) {
		if (transport_addr_same_ip(&nat->v[i].public_ip, peer)) {
			replace_ip(peer, &nat->v[i].private_ip);
			return;
		}
	}
}

void turn_nat_private_to_public(const struct turn_nat *nat,
				struct transport_addr *peer)
{
	for (size_t i = 0; i < nat->n; i++) {
		if (transport_addr_same_ip(&nat->v[i].private_ip, peer)) {
			replace_ip(peer, &nat->v[i].public_ip);
			return;
		}
	}
}

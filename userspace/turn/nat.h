/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A 1:1 NAT in front of the server (external-ip). Clients know its relay
 * addresses by their public form. Two clients of one relay give that to each
 * other, so the way between them would lead to the NAT and, if that turns
 * packets round at all, back. Inside the server such peers have their private
 * form: they get it when a client names them, and lose it when one is told.
 */
#ifndef KTURN_TURN_NAT_H
#define KTURN_TURN_NAT_H

#include <stddef.h>

#include "stun/addr.h"

/**
 * struct turn_nat_address - an address of this host and what it is outside
 * @private_ip: as bound
 * @public_ip: as clients and peers know it
 */
struct turn_nat_address {
	struct transport_addr private_ip;
	struct transport_addr public_ip;
};

/**
 * struct turn_nat - all of them, each address once; owned
 * @v: the addresses; ports do not matter
 * @n: how many
 */
struct turn_nat {
	struct turn_nat_address *v;
	size_t n;
};

/**
 * turn_nat_add() - one more address
 * @nat: the NAT
 * @private_ip: as bound
 * @public_ip: as clients know it
 *
 * Return: 0, -EEXIST if either of them is there already, -ENOMEM.
 */
int turn_nat_add(struct turn_nat *nat, const struct transport_addr *private_ip,
		 const struct transport_addr *public_ip);

/** turn_nat_free() - give back what was added */
void turn_nat_free(struct turn_nat *nat);

/**
 * turn_nat_public_to_private() - a peer as a client names it
 * @nat: the NAT
 * @peer: changed if it is this server; the port stays
 */
void turn_nat_public_to_private(const struct turn_nat *nat,
				struct transport_addr *peer);

/**
 * turn_nat_private_to_public() - a peer as a client is to be told of it
 * @nat: the NAT
 * @peer: changed if it is this server; the port stays
 */
void turn_nat_private_to_public(const struct turn_nat *nat,
				struct transport_addr *peer);

#endif /* KTURN_TURN_NAT_H */

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NAT behaviour discovery (RFC 5780): a client learns what the NATs before it
 * do by having the server answer from another address, another port, to
 * another port, or in fragments.
 *
 * Only over UDP, and only where the operator switched it on, for these answers
 * go to whoever the request claims to be from. So none has more padding than
 * its request, on the wire none is more than three times as long, and a source
 * gets so many a second of those that plain Binding requests do not get.
 */
#ifndef KTURN_TURN_DISCOVERY_H
#define KTURN_TURN_DISCOVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stun/addr.h"

struct turn_request;

/**
 * struct turn_discovery_site - the two addresses of a family
 * @local: as bound, port 0; family 0: there is none
 * @told: as clients know them
 */
struct turn_discovery_site {
	struct transport_addr local[2];
	struct transport_addr told[2];
};

/**
 * struct turn_discovery - where it is served
 * @on: serve it
 * @ports: the server listens on both, at both addresses of a site
 * @sites: of IPv4 and IPv6, in either order
 */
struct turn_discovery {
	bool on;
	uint16_t ports[2];
	struct turn_discovery_site sites[2];
};

/* CHANGE-REQUEST, PADDING, RESPONSE-PORT */
#define TURN_DISCOVERY_ATTRS 3

/**
 * turn_discovery_unknown() - attributes of RFC 5780 that are not served here
 * @req: a request: any but a Binding request over UDP, where @on, and one with
 *	CHANGE-REQUEST where the server has no other address
 * @types: filled with those that the request has
 *
 * Return: how many. They are refused as unknown ones are (section 6.1).
 */
size_t turn_discovery_unknown(const struct turn_request *req,
			      uint16_t types[static TURN_DISCOVERY_ATTRS]);

#endif /* KTURN_TURN_DISCOVERY_H */

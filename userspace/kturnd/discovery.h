/* SPDX-License-Identifier: BSD-3-Clause */
/* NAT behaviour discovery (RFC 5780): from the options to addresses and ports. */
#ifndef KTURN_KTURND_DISCOVERY_H
#define KTURN_KTURND_DISCOVERY_H

#include "kturnd/config.h"
#include "turn/discovery.h"

/** discovery_alt_port() - the other port that clients are served on */
uint16_t discovery_alt_port(const struct kturnd_config *cfg);

/**
 * discovery_fill() - what the protocol core wants to know
 * @cfg: the configuration
 * @discovery: filled. Of each family the first two listening-ip, as coturn
 *	takes them; none if there are fewer.
 */
void discovery_fill(const struct kturnd_config *cfg,
		    struct turn_discovery *discovery);

#endif /* KTURN_KTURND_DISCOVERY_H */

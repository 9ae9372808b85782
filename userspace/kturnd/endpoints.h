/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From the configuration and the addresses of this host to where the server
 * listens and relays.
 */
#ifndef KTURN_KTURND_ENDPOINTS_H
#define KTURN_KTURND_ENDPOINTS_H

#include "kturnd/config.h"
#include "kturnd/report.h"
#include "net/relay_socket.h"
#include "turn/discovery.h"

/**
 * struct listen_address - where clients may come in
 * @addr: address and port, maybe a wildcard
 * @optional: nobody asked for it: a host without this address family is fine
 * @auxiliary: an aux-server: no relay address follows from it
 * @ways: how: LISTEN_UDP, LISTEN_DTLS, LISTEN_TCP, LISTEN_TLS
 */
struct listen_address {
	struct transport_addr addr;
	bool optional;
	bool auxiliary;
	unsigned int ways;
};

/**
 * struct endpoints - where the server listens and relays
 * @listen: listening addresses
 * @listen_count: how many
 * @discovery: what of @listen serves NAT behaviour discovery
 * @relays: relay addresses with their ports
 */
struct endpoints {
	struct listen_address *listen;
	size_t listen_count;
	struct turn_discovery discovery;
	struct relay_addresses relays;
};

/**
 * endpoints_resolve() - find out
 * @cfg: the configuration
 * @endpoints: filled; to be freed in any case
 * @report: gets errors: addresses that are not this host's, ports in use
 */
void endpoints_resolve(const struct kturnd_config *cfg,
		       struct endpoints *endpoints, struct report *report);

/** endpoints_public() - what clients are told for an address of ours */
struct transport_addr endpoints_public(const struct kturnd_config *cfg,
				       const struct transport_addr *bound);

/** endpoints_free() - forget all; nobody may use the relays any more */
void endpoints_free(struct endpoints *endpoints);

#endif /* KTURN_KTURND_ENDPOINTS_H */

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many connections there may be, in all and from one source. Shared by all
 * workers; asked when a connection begins or ends, and when its client gets or
 * loses its allocation.
 *
 * Against the limit of its source a connection counts only while its client
 * has no allocation: many users behind one NAT are no attack, many connections
 * that never come to anything are.
 */
#ifndef KTURN_NET_CONNECTIONS_H
#define KTURN_NET_CONNECTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "stun/addr.h"

struct connections;

/**
 * struct connection_limits - the limits; 0 stands for any number
 * @max: connections at a time
 * @max_idle: those without an allocation from one source: an IPv4 address, or
 *	an IPv6 prefix of 64 bits
 * @handshakes: TLS and DTLS handshakes of one source per second; those of some seconds
 *	may come at once
 */
struct connection_limits {
	uint32_t max;
	uint32_t max_idle;
	uint32_t handshakes;
};

/**
 * connections_new() - nobody is connected
 * @limits: for good
 *
 * Return: NULL without memory or random numbers.
 */
struct connections *connections_new(const struct connection_limits *limits);

/** connections_free() - free it; NULL is fine */
void connections_free(struct connections *connections);

/**
 * connections_enter() - may this one connect?
 * @connections: all of them
 * @source: its transport address
 *
 * Return: 0, and it counts, without an allocation; -EUSERS if there are too
 * many; -EDQUOT if there are too many from there; -ENOMEM.
 */
int connections_enter(struct connections *connections,
		      const struct transport_addr *source);

/**
 * connections_serve() - its client has an allocation now, or has none any more
 * @connections: all of them
 * @source: its transport address
 * @served: it has one; it had none before, or the other way round
 *
 * One that has none any more may bring its source beyond the limit. Without
 * memory to count it, it goes on as if it had one.
 *
 * Return: what it counts as now.
 */
bool connections_serve(struct connections *connections,
		       const struct transport_addr *source, bool served);

/**
 * connections_leave() - it is gone
 * @connections: all of them
 * @source: its transport address
 * @served: as it counted last
 */
void connections_leave(struct connections *connections,
		       const struct transport_addr *source, bool served);

/**
 * connections_handshake() - may a handshake begin?
 * @connections: all of them
 * @source: transport address of the client, which has proved that it is there
 * @now: monotonic time in milliseconds
 *
 * Those of TLS and DTLS count alike, and so do those of clients that have an
 * allocation: a DTLS client may begin anew at any time.
 *
 * Return: false if there are too many, or without memory to count it.
 */
bool connections_handshake(struct connections *connections,
			   const struct transport_addr *source, uint64_t now);

#endif /* KTURN_NET_CONNECTIONS_H */

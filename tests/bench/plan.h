/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sessions by number, each with a client, a relayed transport address, a peer
 * and a channel of its own: what sessions.c installs and session_frames.c
 * makes packets for. lab.py and scale_guest.py route these addresses.
 */
#ifndef KTURN_TESTS_BENCH_PLAN_H
#define KTURN_TESTS_BENCH_PLAN_H

#include <arpa/inet.h>
#include <err.h>
#include <stdint.h>
#include <string.h>

#include "stun/addr.h"

#define PLAN_SERVER_PORT	3478
/* Beyond the server's: a port of both kinds takes two look-ups. */
#define PLAN_FIRST_PORT		4096
#define PLAN_PORTS		50000

/**
 * struct session - what there is of one session
 * @client: client's transport address
 * @server: server transport address
 * @relayed: relayed transport address
 * @peer: peer's transport address
 * @number: channel number
 */
struct session {
	struct transport_addr client;
	struct transport_addr server;
	struct transport_addr relayed;
	struct transport_addr peer;
	uint16_t number;
};

/* The address @offset beyond the first of a block, in the last 32 bits. */
static inline struct transport_addr plan_addr(int family, const char *block,
					      uint32_t offset, uint16_t port)
{
	struct transport_addr a = { .family = (uint16_t)family, .port = port };
	uint32_t low;
	uint8_t *at;

	if (inet_pton(family, block, a.ip) != 1)
		errx(1, "not an address: %s", block);
	at = a.ip + (family == AF_INET ? 0 : 12);
	memcpy(&low, at, sizeof(low));
	low = htonl(ntohl(low) + offset);
	memcpy(at, &low, sizeof(low));
	return a;
}

/* Addresses as 100.64.0.0/16 for clients, 10.3.0.0/16 relayed, 198.18.0.0/15 for peers. */
static inline struct session plan_session(int family, uint32_t i)
{
	const uint16_t port = (uint16_t)(PLAN_FIRST_PORT + i % PLAN_PORTS);
	const uint32_t host = 1 + i / PLAN_PORTS;
	const bool v4 = family == AF_INET;

	return (struct session){
		.client = plan_addr(family, v4 ? "100.64.0.0" : "fd00:1:1::",
				    host, port),
		.server = plan_addr(family, v4 ? "10.0.1.1" : "fd00:1::1", 0,
				    PLAN_SERVER_PORT),
		.relayed = plan_addr(family, v4 ? "10.3.0.0" : "fd00:2:3::",
				     host, port),
		.peer = plan_addr(family, v4 ? "198.18.0.0" : "fd00:2:2::",
				  1 + i % 100000, port),
		.number = (uint16_t)(0x4000 + i % 0x1000),
	};
}

#endif /* KTURN_TESTS_BENCH_PLAN_H */

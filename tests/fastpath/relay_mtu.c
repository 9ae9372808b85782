// SPDX-License-Identifier: BSD-3-Clause
/*
 * How much fits, and what the sender of more is told.
 */
#include "relay_mtu.h"

#include <netinet/in.h>

#define DATA_INDICATION_ROOM 48

size_t relay_headers(const struct relay *r)
{
	return r->family == AF_INET ? 28 : 48;
}

size_t relay_fits(const struct relay *r, enum direction dir, size_t mtu)
{
	return mtu - relay_headers(r) -
	       (dir == TO_PEER ? 0 : RELAY_CHANNEL_DATA_HEADER);
}

uint32_t relay_told_mtu(const struct relay *r, enum direction dir,
			uint32_t mtu)
{
	if (dir == TO_PEER)
		return mtu + RELAY_CHANNEL_DATA_HEADER;
	if (r->family == AF_INET)
		return mtu - RELAY_CHANNEL_DATA_HEADER;
	mtu -= DATA_INDICATION_ROOM;
	return mtu < 1280 ? 1280 : mtu;
}

bool relay_limit_is(struct relay *r, enum direction dir, size_t mtu)
{
	size_t most = relay_fits(r, dir, mtu);
	uint8_t buf[PACKET_MAX];
	struct udp_packet in = relay_message(r, dir, buf, most + 1);

	return relay_drops(r, dir, &in, KTURN_A_DROPPED_TOO_BIG) &&
	       relay_expect_too_big(r, dir, &in,
				    relay_told_mtu(r, dir, mtu)) &&
	       relay_forwards_bytes(r, dir, most);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Relaying data in userspace; the other direction is in turn.h. */
#ifndef KTURN_TURN_RELAY_H
#define KTURN_TURN_RELAY_H

#include "stun/message.h"
#include "turn/server.h"

/** turn_relay_channel_data() - ChannelData from a client (RFC 8656 12.6) */
void turn_relay_channel_data(struct turn_server *srv,
			     const struct turn_5tuple *tuple,
			     const uint8_t *buf, size_t len, uint64_t now);

/** turn_relay_send() - a Send indication from a client (RFC 8656 11.2) */
void turn_relay_send(struct turn_server *srv, const struct turn_5tuple *tuple,
		     const struct stun_message *msg, uint64_t now);

#endif /* KTURN_TURN_RELAY_H */

/* SPDX-License-Identifier: BSD-3-Clause */
/* Relaying data in userspace; the other direction is in turn.h. */
#ifndef KTURN_TURN_RELAY_H
#define KTURN_TURN_RELAY_H

#include "stun/builder.h"
#include "stun/message.h"
#include "turn/server.h"

/** turn_relay_channel_data() - ChannelData from a client (RFC 8656 12.6) */
void turn_relay_channel_data(struct turn_server *srv,
			     const struct turn_5tuple *tuple,
			     const uint8_t *buf, size_t len, uint64_t now);

/** turn_relay_send() - a Send indication from a client (RFC 8656 11.2) */
void turn_relay_send(struct turn_server *srv, const struct turn_5tuple *tuple,
		     const struct stun_message *msg, uint64_t now);

/** turn_indication_txid() - transaction id of an indication: differs each time */
void turn_indication_txid(struct turn_server *srv, struct stun_txid *txid);

/** turn_put_peer() - XOR-PEER-ADDRESS, as clients know the peer */
void turn_put_peer(struct stun_builder *b, const struct turn_server *srv,
		   const struct transport_addr *peer);

#endif /* KTURN_TURN_RELAY_H */

// SPDX-License-Identifier: BSD-3-Clause
/*
 * The relay path in userspace: what the module does not take. Payload is never
 * copied; headers are taken off and put on in the buffer it came in.
 */
#include <string.h>

#include "stun/builder.h"
#include "stun/channel_data.h"
#include "stun/fingerprint.h"
#include "turn/allocation.h"
#include "turn/mobility.h"
#include "turn/police.h"
#include "turn/refused_peer.h"
#include "turn/relay.h"
#include "turn/tcp.h"
#include "turn/transfer.h"

#define UDP_PAYLOAD_MAX 65507

static void to_peer(struct turn_allocation *a, const struct turn_leg *leg,
		    const struct transport_addr *peer, const uint8_t *payload,
		    size_t len, unsigned int flags)
{
	turn_count_flow(&a->to_peer, len);
	turn_count_flow(&a->srv->stats.to_peer, len);
	a->srv->ops->send_peer(a->srv->env, leg->relay.handle, peer, payload,
			       len, flags);
}

/* Whose data comes by this 5-tuple, be it one that its client moved away from? */
static struct turn_allocation *sender(struct turn_server *srv,
				      const struct turn_5tuple *tuple,
				      uint64_t now)
{
	struct turn_allocation *a = turn_allocation_find(srv, tuple, now);

	if (!a)
		return turn_mobility_by_former(srv, tuple);
	if (a->mobility)
		turn_mobility_heard(a, tuple);
	return a;
}

void turn_relay_channel_data(struct turn_server *srv,
			     const struct turn_5tuple *tuple,
			     const uint8_t *buf, size_t len, uint64_t now)
{
	struct turn_allocation *a = sender(srv, tuple, now);
	struct channel_data cd;
	struct turn_channel *c;
	struct turn_leg *leg;

	if (!a) {
		if (!turn_transfer_pass_on(srv, tuple, buf, len))
			turn_drop(srv, TURN_DROP_NO_ALLOCATION);
		return;
	}
	if (channel_data_parse(&cd, buf, len)) {
		turn_drop(srv, TURN_DROP_WRONG_LENGTH);
		return;
	}
	c = turn_channel_by_number(a, cd.number, now);
	if (!c) {
		turn_drop(srv, TURN_DROP_NO_CHANNEL);
		return;
	}
	leg = turn_leg(a, c->peer.family);
	if (c->permission->expires <= now || !turn_leg_alive(leg, now)) {
		turn_drop(srv, TURN_DROP_NO_PERMISSION);
		return;
	}
	if (!turn_police(a, TURN_TO_PEER, cd.len, now))
		return;
	turn_count_flow(&c->to_peer, cd.len);
	to_peer(a, leg, &c->peer, cd.payload, cd.len, 0);
}

void turn_relay_send(struct turn_server *srv, const struct turn_5tuple *tuple,
		     const struct stun_message *msg, uint64_t now)
{
	struct turn_allocation *a = sender(srv, tuple, now);
	struct transport_addr named, peer;
	struct stun_bytes data;
	struct turn_leg *leg;

	if (!a) {
		if (!turn_transfer_pass_on(srv, tuple, msg->data, msg->len))
			turn_drop(srv, TURN_DROP_NO_ALLOCATION);
		return;
	}
	if (a->tcp) {
		turn_drop(srv, TURN_DROP_UNEXPECTED);
		return;
	}
	if (msg->unknown_count || msg->bad_attribute ||
	    stun_get_address(msg, STUN_ATTR_XOR_PEER_ADDRESS, &named) ||
	    stun_get_bytes(msg, STUN_ATTR_DATA, &data)) {
		turn_drop(srv, TURN_DROP_BAD_INDICATION);
		return;
	}
	peer = named;
	turn_nat_public_to_private(&srv->cfg->nat, &peer);
	leg = turn_leg(a, peer.family);
	if (!turn_permission_find(a, &peer, now) || !turn_leg_alive(leg, now)) {
		turn_drop(srv, TURN_DROP_NO_PERMISSION);
		return;
	}
	/* The permission is for the IP address; the filter judges ports too. */
	if (!turn_peer_filter_permits(&srv->cfg->peers, &named)) {
		turn_refused_peer(a, &named);
		turn_drop(srv, TURN_DROP_FORBIDDEN);
		return;
	}
	if (!turn_police(a, TURN_TO_PEER, data.len, now))
		return;
	to_peer(a, leg, &peer, data.data, data.len,
		stun_has(msg, STUN_ATTR_DONT_FRAGMENT) ? TURN_SEND_DF : 0);
}

static void send_client(struct turn_allocation *a, const uint8_t *buf,
			size_t len, size_t payload_len)
{
	turn_count_flow(&a->to_client, payload_len);
	turn_count_flow(&a->srv->stats.to_client, payload_len);
	a->srv->ops->send_client(a->srv->env, &a->tuple, buf, len);
}

/* RFC 8656, section 12.7 */
static void send_channel_data(struct turn_channel *c, uint8_t *payload,
			      size_t len)
{
	struct turn_allocation *a = c->allocation;
	size_t total = CHANNEL_DATA_HEADER_LEN + len;
	uint8_t *msg;

	if (total > UDP_PAYLOAD_MAX) {
		turn_drop(a->srv, TURN_DROP_TOO_BIG);
		return;
	}
	msg = channel_data_push(payload, c->number, (uint16_t)len);
	if (turn_is_stream(&a->tuple)) {
		size_t padded = channel_data_stream_len((uint16_t)len);

		memset(msg + total, 0, padded - total);
		total = padded;
	}
	turn_count_flow(&c->to_client, len);
	send_client(a, msg, total, len);
}

void turn_indication_txid(struct turn_server *srv, struct stun_txid *txid)
{
	uint64_t id[] = { ++srv->indications, 0 };

	/* Nobody answers an indication: its id has to differ, no more. */
	id[1] = siphash(&srv->id_key, id, sizeof(id));
	memcpy(txid->bytes, (uint8_t *)id + sizeof(id) - STUN_TXID_LEN,
	       STUN_TXID_LEN);
}

void turn_put_peer(struct stun_builder *b, const struct turn_server *srv,
		   const struct transport_addr *peer)
{
	struct transport_addr outside = *peer;

	turn_nat_private_to_public(&srv->cfg->nat, &outside);
	stun_put_address(b, STUN_ATTR_XOR_PEER_ADDRESS, &outside);
}

/* RFC 8656, section 11.3: the attributes in front end where the payload is. */
static void send_data_indication(struct turn_allocation *a,
				 const struct transport_addr *peer,
				 uint8_t *payload, size_t len)
{
	size_t front = STUN_HEADER_LEN + STUN_ATTR_HEADER_LEN + 4 +
		       transport_addr_ip_len(peer) + STUN_ATTR_HEADER_LEN;
	struct turn_server *srv = a->srv;
	struct stun_builder b;
	struct stun_txid txid;
	ssize_t total;

	if (len > TURN_PAYLOAD_MAX) {
		turn_drop(srv, TURN_DROP_TOO_BIG);
		return;
	}
	turn_indication_txid(srv, &txid);
	stun_build(&b, payload - front, front + len + TURN_TAILROOM,
		   STUN_INDICATION, STUN_DATA, &txid);
	turn_put_peer(&b, srv, peer);
	stun_put_space(&b, STUN_ATTR_DATA, len);
	if (srv->cfg->fingerprint)
		stun_put_fingerprint(&b);
	total = stun_build_end(&b);
	if (total < 0) {
		turn_drop(srv, TURN_DROP_TOO_BIG);
		return;
	}
	send_client(a, payload - front, (size_t)total, len);
}

void turn_server_peer_datagram(struct turn_server *srv,
			       struct turn_allocation *a,
			       const struct transport_addr *peer,
			       uint8_t *buf, size_t len, uint64_t now)
{
	struct turn_channel *c;

	if (!turn_leg_alive(turn_leg(a, peer->family), now)) {
		turn_drop(srv, TURN_DROP_NO_ALLOCATION);
		return;
	}
	c = turn_channel_by_peer(a, peer, now);
	if (c ? c->permission->expires <= now :
		!turn_permission_find(a, peer, now)) {
		turn_drop(srv, TURN_DROP_NO_PERMISSION);
		return;
	}
	if (!turn_police(a, TURN_TO_CLIENT, len, now))
		return;
	if (c)
		send_channel_data(c, buf, len);
	else
		send_data_indication(a, peer, buf, len);
}

/* RFC 8656, section 11.5: errors that say why a packet was dropped. */
static bool icmp_relayed(uint16_t family, uint8_t type)
{
	if (family == AF_INET)
		return type == 3 || type == 11;
	return type >= 1 && type <= 3;
}

void turn_server_peer_icmp(struct turn_server *srv, struct turn_allocation *a,
			   const struct transport_addr *peer,
			   const struct stun_icmp *icmp, uint64_t now)
{
	struct stun_builder b;
	struct stun_txid txid;
	ssize_t len;

	if (!icmp_relayed(peer->family, icmp->type) ||
	    !turn_leg_alive(turn_leg(a, peer->family), now) ||
	    !turn_permission_find(a, peer, now)) {
		turn_drop(srv, TURN_DROP_NO_PERMISSION);
		return;
	}
	turn_indication_txid(srv, &txid);
	stun_build(&b, srv->reply, sizeof(srv->reply), STUN_INDICATION,
		   STUN_DATA, &txid);
	turn_put_peer(&b, srv, peer);
	stun_put_icmp(&b, icmp);
	if (srv->cfg->fingerprint)
		stun_put_fingerprint(&b);
	len = stun_build_end(&b);
	if (len > 0)
		srv->ops->reply_client(srv->env, &a->tuple, srv->reply,
				       (size_t)len);
}

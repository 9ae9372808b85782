// SPDX-License-Identifier: BSD-3-Clause
/*
 * What the module drops, and what it leaves to the server: RFC 8656 sections
 * 11.3, 12.4 and 12.6.
 */
#include "relay_fixture.h"

static struct fastpath_error err;

static struct transport_addr other_peer(const struct relay *r)
{
	struct transport_addr a = r->peer_addr;

	a.ip[r->family == AF_INET ? 3 : 15] = 77;
	return a;
}

static struct udp_packet channel_data(struct relay *r, uint8_t *buf,
				      uint16_t number, size_t len)
{
	return relay_datagram(r, TO_PEER, buf,
			      relay_channel_data(buf, number, NULL, len, 0));
}

static void set_length(uint8_t *buf, uint16_t len)
{
	buf[2] = len >> 8;
	buf[3] = len;
}

TEST_F(relay, a_length_beyond_the_datagram_is_dropped)
{
	static const size_t sizes[] = { 0, 1, 3, 4, 172 };
	struct udp_packet in;
	uint8_t buf[200];
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		in = channel_data(&self->r, buf, RELAY_CHANNEL, sizes[i]);
		set_length(buf, sizes[i] + 1);
		EXPECT_TRUE(relay_drops(&self->r, TO_PEER, &in,
					KTURN_A_DROPPED_WRONG_LENGTH));
		set_length(buf, sizes[i] + 4);
		EXPECT_TRUE(relay_drops(&self->r, TO_PEER, &in,
					KTURN_A_DROPPED_WRONG_LENGTH));
		set_length(buf, 0xffff);
		EXPECT_TRUE(relay_drops(&self->r, TO_PEER, &in,
					KTURN_A_DROPPED_WRONG_LENGTH));
	}
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(relay, an_unbound_channel_is_dropped)
{
	static const uint16_t numbers[] = { 0x4001, 0x4fff, 0x5000, 0x7fff };
	struct udp_packet in;
	uint8_t buf[200];
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		in = channel_data(&self->r, buf, numbers[i], 100);
		EXPECT_TRUE(relay_drops(&self->r, TO_PEER, &in,
					KTURN_A_DROPPED_UNBOUND_CHANNEL));
	}
	EXPECT_TRUE(relay_settled(&self->r));
}

/* First bytes outside 0x40 to 0x7f are no ChannelData (RFC 7983). */
TEST_F(relay, what_is_not_channel_data_is_left_to_the_server)
{
	static const uint8_t first[] = { 0x00, 0x01, 0x03, 0x04, 0x16, 0x3f,
					 0x80, 0xc0, 0xff };
	struct udp_packet in;
	uint8_t buf[200];
	size_t i;

	for (i = 0; i < sizeof(first); i++) {
		in = channel_data(&self->r, buf, first[i] << 8, 100);
		EXPECT_TRUE(relay_passes(&self->r, TO_PEER, &in,
					 KTURN_A_PASSED_STUN));
	}
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(relay, a_binding_request_is_left_to_the_server)
{
	static const uint8_t request[20] = { 0x00, 0x01, 0x00, 0x00, 0x21, 0x12,
					     0xa4, 0x42, 1, 2, 3, 4, 5, 6 };
	struct udp_packet in = relay_datagram(&self->r, TO_PEER, request,
					      sizeof(request));

	in.tos = 0xb9;
	in.hops = 1;
	EXPECT_TRUE(relay_passes(&self->r, TO_PEER, &in, KTURN_A_PASSED_STUN));
	in.hops = 255;
	EXPECT_TRUE(relay_passes(&self->r, TO_PEER, &in, KTURN_A_PASSED_STUN));
	EXPECT_TRUE(relay_settled(&self->r));
}

/* Too short for a header; the server knows what to do with them. */
TEST_F(relay, fewer_than_four_bytes_are_left_to_the_server)
{
	static const uint8_t data[3] = { 0x40, 0x00, 0x00 };
	struct udp_packet in;
	size_t len;

	for (len = 0; len <= sizeof(data); len++) {
		in = relay_datagram(&self->r, TO_PEER, data, len);
		EXPECT_TRUE(relay_passes(&self->r, TO_PEER, &in,
					 KTURN_A_PASSED_STUN))
			TH_LOG("%zu bytes", len);
	}
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(path, another_5_tuple_is_not_touched)
{
	uint8_t buf[200];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 100);
	bool to_peer = variant->dir == TO_PEER;

	/* To the same socket: no client of the server's has this port. */
	if (to_peer) {
		in.src.port++;
		EXPECT_TRUE(relay_passes(&self->r, TO_PEER, &in, 0));
		in.src.port--;
		in.src = other_peer(&self->r);
		EXPECT_TRUE(relay_passes(&self->r, TO_PEER, &in, 0));
	}
	/* To other sockets: ports and addresses crossed. */
	in = relay_message(&self->r, variant->dir, buf, 100);
	in.dst.port = to_peer ? RELAY_RELAYED_PORT : RELAY_SERVER_PORT;
	ASSERT_EQ(0, wire_send_udp(wire_in(&self->r, variant->dir), &in));
	EXPECT_TRUE(relay_counted(&self->r));
}

TEST_F(relay, a_peer_without_permission_is_dropped)
{
	uint8_t buf[200];
	struct udp_packet in = relay_message(&self->r, TO_CLIENT, buf, 100);

	in.src = other_peer(&self->r);
	EXPECT_TRUE(relay_drops(&self->r, TO_CLIENT, &in,
				KTURN_A_DROPPED_NO_PERMISSION));
	in.src.port = 1;
	EXPECT_TRUE(relay_drops(&self->r, TO_CLIENT, &in,
				KTURN_A_DROPPED_NO_PERMISSION));
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(relay, a_peer_without_channel_is_left_to_the_server)
{
	static const size_t sizes[] = { 0, 1, 100, 1400 };
	struct udp_packet in;
	uint8_t buf[1500];
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		in = relay_message(&self->r, TO_CLIENT, buf, sizes[i]);
		in.src.port++;
		in.tos = 0x2e << 2;
		EXPECT_TRUE(relay_passes(&self->r, TO_CLIENT, &in,
					 KTURN_A_PASSED_NO_CHANNEL));
	}
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(path, a_permission_deleted_and_installed_again)
{
	struct fastpath_permission permission = {
		.allocation_id = self->r.allocation.id,
		.peer = self->r.peer_addr,
	};
	uint8_t buf[200];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 100);
	int i;

	for (i = 0; i < 3; i++) {
		EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
		ASSERT_EQ(0, fastpath_permission_del(self->r.fastpath,
						     &permission, &err));
		EXPECT_TRUE(relay_drops(&self->r, variant->dir, &in,
					KTURN_A_DROPPED_NO_PERMISSION));
		EXPECT_TRUE(relay_quiet(&self->r));
		ASSERT_EQ(0, relay_permit(&self->r, RELAY_TIMEOUT_MS));
	}
	EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(path, a_channel_deleted_and_bound_again)
{
	uint8_t buf[200];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 100);
	int i;

	for (i = 0; i < 3; i++) {
		EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
		ASSERT_EQ(0, fastpath_channel_del(self->r.fastpath,
						  self->r.allocation.id,
						  RELAY_CHANNEL, &err));
		if (variant->dir == TO_PEER) {
			EXPECT_TRUE(relay_drops(&self->r, TO_PEER, &in,
						KTURN_A_DROPPED_UNBOUND_CHANNEL));
		} else {
			EXPECT_TRUE(relay_passes(&self->r, TO_CLIENT, &in,
						 KTURN_A_PASSED_NO_CHANNEL));
		}
		EXPECT_TRUE(relay_quiet(&self->r));
		ASSERT_EQ(0, relay_bind(&self->r, RELAY_TIMEOUT_MS));
	}
	EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(path, an_allocation_deleted_and_made_again)
{
	uint8_t buf[200];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 100);
	int i;

	for (i = 0; i < 3; i++) {
		EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
		ASSERT_EQ(0, fastpath_allocation_del(self->r.fastpath,
						     self->r.allocation.id,
						     &err));
		EXPECT_TRUE(relay_passes(&self->r, variant->dir, &in, 0));
		ASSERT_EQ(0, relay_install(&self->r, RELAY_TIMEOUT_MS));
	}
	ASSERT_EQ(0, fastpath_flush(self->r.fastpath, &err));
	EXPECT_TRUE(relay_passes(&self->r, variant->dir, &in, 0));
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(path, a_channel_bound_to_another_peer)
{
	uint8_t buf[200];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 100);

	EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
	ASSERT_EQ(0, fastpath_channel_del(self->r.fastpath,
					  self->r.allocation.id,
					  RELAY_CHANNEL, &err));
	if (variant->dir == TO_CLIENT) {
		EXPECT_TRUE(relay_passes(&self->r, TO_CLIENT, &in,
					 KTURN_A_PASSED_NO_CHANNEL));
	}
	self->r.peer_addr.port += 5;
	ASSERT_EQ(0, relay_bind(&self->r, RELAY_TIMEOUT_MS));
	in = relay_message(&self->r, variant->dir, buf, 100);
	EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
	EXPECT_TRUE(relay_settled(&self->r));
}

/* Another channel of the same client's, and its counters. */
TEST_F(relay, two_channels_are_counted_apart)
{
	struct fastpath_channel channel = {
		.allocation_id = self->r.allocation.id,
		.number = 0x7fff,
		.peer = self->r.peer_addr,
		.timeout_ms = RELAY_TIMEOUT_MS,
	};
	uint8_t buf[200];
	struct udp_packet in, out;
	struct fastpath_allocation a;
	static struct frame f;

	channel.peer.port++;
	ASSERT_EQ(0, fastpath_channel_new(self->r.fastpath, &channel, &err));
	in = channel_data(&self->r, buf, channel.number, 33);
	ASSERT_EQ(0, wire_send_udp(&self->r.client, &in));
	ASSERT_EQ(0, wire_receive(&self->r.peer, &f, PACKET_TIMEOUT_MS));
	out = relay_output(&self->r, TO_PEER, &in);
	out.dst = channel.peer;
	EXPECT_TRUE(frame_is_udp(&f, &self->r.peer, &out));
	self->r.want.to_peer.packets++;
	self->r.want.to_peer.bytes += 33;
	EXPECT_TRUE(relay_forwards_bytes(&self->r, TO_PEER, 11));
	EXPECT_TRUE(relay_forwards_bytes(&self->r, TO_CLIENT, 12));
	ASSERT_EQ(0, fastpath_allocation_get(self->r.fastpath,
					     self->r.allocation.id, &a, &err));
	EXPECT_EQ(2, a.to_peer.packets);
	EXPECT_EQ(44, a.to_peer.bytes);
	EXPECT_EQ(1, a.to_client.packets);
	EXPECT_EQ(12, a.to_client.bytes);
	EXPECT_EQ(2, a.channels);
	EXPECT_EQ(1, a.permissions);
	EXPECT_TRUE(relay_settled(&self->r));
}

/* The server is about to install the rest, and relays meanwhile. */
TEST_F(path, an_allocation_that_is_handed_over_drops_nothing)
{
	struct relay *r = &self->r;
	const bool to_peer = variant->dir == TO_PEER;
	uint8_t buf[200], other[200];
	struct udp_packet in = relay_message(r, variant->dir, buf, 100);
	struct udp_packet wrong = in;

	ASSERT_EQ(0, fastpath_flush(r->fastpath, &err));
	ASSERT_EQ(0, fastpath_allocation_new(r->fastpath, &r->allocation,
					     &err));
	EXPECT_TRUE(relay_passes(r, variant->dir, &in,
				 KTURN_A_PASSED_NO_CHANNEL));
	ASSERT_EQ(0, relay_permit(r, RELAY_TIMEOUT_MS));
	EXPECT_TRUE(relay_passes(r, variant->dir, &in,
				 KTURN_A_PASSED_NO_CHANNEL));
	ASSERT_EQ(0, relay_bind(r, RELAY_TIMEOUT_MS));
	EXPECT_TRUE(relay_forwards(r, variant->dir, &in));

	/* From now on it knows what is wrong. */
	if (to_peer)
		wrong = channel_data(r, other, RELAY_CHANNEL + 1, 100);
	else
		wrong.src = other_peer(r);
	EXPECT_TRUE(relay_drops(r, variant->dir, &wrong,
				to_peer ? KTURN_A_DROPPED_UNBOUND_CHANNEL :
					  KTURN_A_DROPPED_NO_PERMISSION));
	EXPECT_TRUE(relay_settled(r));
}

/* The peer is this host, or the client is: leave it to the stack. */
TEST_F(relay, a_peer_on_this_host_is_left_to_the_server)
{
	uint8_t buf[200];
	struct udp_packet in;

	ASSERT_EQ(0, fastpath_flush(self->r.fastpath, &err));
	self->r.peer_addr = variant->family == AF_INET ?
			    self->r.allocation.relayed_ipv4 :
			    self->r.allocation.relayed_ipv6;
	self->r.peer_addr.port = 7777;
	ASSERT_EQ(0, relay_install(&self->r, RELAY_TIMEOUT_MS));
	in = relay_message(&self->r, TO_PEER, buf, 100);
	EXPECT_TRUE(relay_passes(&self->r, TO_PEER, &in, KTURN_A_PASSED_LOCAL));
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_HARNESS_MAIN

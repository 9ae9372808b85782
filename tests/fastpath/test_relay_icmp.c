// SPDX-License-Identifier: BSD-3-Clause
/*
 * Packets too big or too old to go on: the sender is told, as a router would
 * tell it (RFC 8656 sections 13 and 14), from the address that it sent to,
 * about the packet as it sent it.
 */
#include "relay_fixture.h"
#include "relay_mtu.h"

/* The device that a datagram leaves by. */
static const char *out_device(enum direction dir)
{
	return dir == TO_PEER ? "rp" : "rc";
}

TEST_F(path, a_hop_limit_used_up)
{
	uint8_t buf[300];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 200);

	in.hops = 1;
	EXPECT_TRUE(relay_drops(&self->r, variant->dir, &in,
				KTURN_A_DROPPED_HOP_LIMIT));
	EXPECT_TRUE(relay_expect_time_exceeded(&self->r, variant->dir, &in));
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(path, every_size_around_the_mtu)
{
	size_t limit = relay_fits(&self->r, variant->dir, 1400), len;
	uint8_t buf[2000];
	struct udp_packet in;

	ASSERT_EQ(0, netns_run(&self->r.ns, NETNS_RELAY,
			       "ip link set dev %s mtu 1400",
			       out_device(variant->dir)));
	for (len = limit - 5; len <= limit; len++) {
		EXPECT_TRUE(relay_forwards_bytes(&self->r, variant->dir, len))
			TH_LOG("%zu bytes", len);
	}
	for (len = limit + 1; len <= limit + 5; len++) {
		in = relay_message(&self->r, variant->dir, buf, len);
		EXPECT_TRUE(relay_drops(&self->r, variant->dir, &in,
					KTURN_A_DROPPED_TOO_BIG));
		EXPECT_TRUE(relay_expect_too_big(&self->r, variant->dir, &in,
						 relay_told_mtu(&self->r,
								variant->dir,
								1400)))
			TH_LOG("%zu bytes", len);
	}
	EXPECT_TRUE(relay_settled(&self->r));
}

/* The everyday case: a peer's full packet grows by four bytes. */
TEST_F(relay, a_full_packet_of_the_peers)
{
	size_t len = 1500 - relay_headers(&self->r);
	uint8_t buf[2000];
	struct udp_packet in = relay_message(&self->r, TO_CLIENT, buf, len);

	EXPECT_TRUE(relay_drops(&self->r, TO_CLIENT, &in,
				KTURN_A_DROPPED_TOO_BIG));
	EXPECT_TRUE(relay_expect_too_big(&self->r, TO_CLIENT, &in,
					 relay_told_mtu(&self->r, TO_CLIENT,
							1500)));
	EXPECT_TRUE(relay_settled(&self->r));
}

/* Padding is not sent on, so it counts for nothing. */
TEST_F(relay, padding_beyond_the_mtu)
{
	size_t limit = relay_fits(&self->r, TO_PEER, 1400);
	uint8_t buf[2000];
	struct udp_packet in;
	size_t len;

	ASSERT_EQ(0, netns_run(&self->r.ns, NETNS_RELAY,
			       "ip link set dev rp mtu 1400"));
	len = relay_channel_data(buf, RELAY_CHANNEL, NULL, limit, 3);
	in = relay_datagram(&self->r, TO_PEER, buf, len);
	EXPECT_TRUE(relay_forwards(&self->r, TO_PEER, &in));
	EXPECT_TRUE(relay_settled(&self->r));
}

/* IPv4 without DF: fragmented here, as by any router. */
TEST_F(path, too_big_and_fragmentable)
{
	size_t limit = relay_fits(&self->r, variant->dir, 1400);
	uint8_t buf[2000];
	struct udp_packet in;

	if (variant->family != AF_INET)
		SKIP(return, "routers do not fragment IPv6");
	ASSERT_EQ(0, netns_run(&self->r.ns, NETNS_RELAY,
			       "ip link set dev %s mtu 1400",
			       out_device(variant->dir)));
	in = relay_message(&self->r, variant->dir, buf, limit);
	in.df = false;
	EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
	in = relay_message(&self->r, variant->dir, buf, limit + 1);
	in.df = false;
	ASSERT_EQ(0, wire_send_udp(variant->dir == TO_PEER ?
				   &self->r.client : &self->r.peer, &in));
	EXPECT_TRUE(relay_expect_fragments(&self->r, variant->dir, &in, 1400));
	EXPECT_TRUE(relay_settled(&self->r));
}

/*
 * No IPv6 sender has to send less than 1280 bytes, so what grows beyond a link
 * of that MTU is fragmented here.
 */
TEST_F(relay, a_link_of_the_least_mtu)
{
	size_t most = 1280 - relay_headers(&self->r), len;
	uint8_t buf[2000];
	struct udp_packet in;

	if (variant->family != AF_INET6)
		SKIP(return, "IPv4 links may be smaller");
	ASSERT_EQ(0, netns_run(&self->r.ns, NETNS_RELAY,
			       "ip link set dev rc mtu 1280"));
	for (len = most - RELAY_CHANNEL_DATA_HEADER + 1; len <= most; len++) {
		in = relay_message(&self->r, TO_CLIENT, buf, len);
		ASSERT_EQ(0, wire_send_udp(&self->r.peer, &in));
		EXPECT_TRUE(relay_expect_fragments(&self->r, TO_CLIENT, &in,
						   1280));
	}
	in = relay_message(&self->r, TO_CLIENT, buf, most + 1);
	EXPECT_TRUE(relay_drops(&self->r, TO_CLIENT, &in,
				KTURN_A_DROPPED_TOO_BIG));
	EXPECT_TRUE(relay_expect_too_big(&self->r, TO_CLIENT, &in, 1280));
	EXPECT_TRUE(relay_forwards_bytes(&self->r, TO_CLIENT,
					 most - RELAY_CHANNEL_DATA_HEADER));
	EXPECT_TRUE(relay_settled(&self->r));
}

/* The device takes more than the path does, and the route knows. */
TEST_F(path, the_mtu_of_a_route)
{
	size_t limit = relay_fits(&self->r, variant->dir, 1350);
	bool v4 = variant->family == AF_INET, to_peer = variant->dir == TO_PEER;
	uint8_t buf[2000];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf,
					     limit + 1);

	ASSERT_EQ(0, netns_run(&self->r.ns, NETNS_RELAY,
			       "ip route add %s dev %s mtu lock 1350",
			       v4 ? (to_peer ? "198.51.100.1/32"
					     : "192.0.2.1/32")
				  : (to_peer ? "2001:db8:2::1/128"
					     : "2001:db8:1::1/128"),
			       out_device(variant->dir)));
	EXPECT_TRUE(relay_drops(&self->r, variant->dir, &in,
				KTURN_A_DROPPED_TOO_BIG));
	EXPECT_TRUE(relay_expect_too_big(&self->r, variant->dir, &in,
					 relay_told_mtu(&self->r, variant->dir,
							1350)));
	EXPECT_TRUE(relay_forwards_bytes(&self->r, variant->dir, limit));
	EXPECT_TRUE(relay_settled(&self->r));
}

/* A peer that obeys gets through: that is what path MTU discovery is for. */
TEST_F(path, a_socket_learns_the_mtu)
{
	bool to_peer = variant->dir == TO_PEER;
	struct relay *r = &self->r;
	int fd = to_peer ? r->client_fd : r->peer_fd, i;
	size_t limit = relay_fits(r, variant->dir, 1400);
	uint8_t buf[2000];
	struct udp_packet in = relay_message(r, variant->dir, buf, limit + 1);
	struct sockaddr_storage ss;
	socklen_t len = transport_addr_to_sockaddr(&in.dst, &ss);
	int mtu = 0;
	socklen_t size = sizeof(mtu);

	ASSERT_EQ(0, netns_run(&r->ns, NETNS_RELAY,
			       "ip link set dev %s mtu 1400",
			       out_device(variant->dir)));
	ASSERT_EQ(0, connect(fd, (struct sockaddr *)&ss, len));
	for (i = 0; i < 100 && mtu != 1400 && (mtu <= 0 || mtu >= 1500); i++) {
		(void)!send(fd, in.data, in.len, 0);
		ASSERT_EQ(0, getsockopt(fd, variant->family == AF_INET ?
					IPPROTO_IP : IPPROTO_IPV6,
					variant->family == AF_INET ?
					14 : 24, &mtu, &size));
	}
	EXPECT_EQ((int)relay_told_mtu(r, variant->dir, 1400), mtu);
}

TEST_HARNESS_MAIN

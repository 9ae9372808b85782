// SPDX-License-Identifier: BSD-3-Clause
/*
 * Client and peer of different address families (RFC 8656 section 13): what is
 * special there. Headers are tested in test_relay_headers.c.
 */
#include "relay_fixture.h"

FIXTURE(families) {
	struct relay r;
};

FIXTURE_VARIANT(families) {
	int client, peer;
	enum direction dir;
};

FIXTURE_VARIANT_ADD(families, ipv4_client_ipv6_peer_to_peer) {
	.client = AF_INET,
	.peer = AF_INET6,
	.dir = TO_PEER,
};

FIXTURE_VARIANT_ADD(families, ipv4_client_ipv6_peer_to_client) {
	.client = AF_INET,
	.peer = AF_INET6,
	.dir = TO_CLIENT,
};

FIXTURE_VARIANT_ADD(families, ipv6_client_ipv4_peer_to_peer) {
	.client = AF_INET6,
	.peer = AF_INET,
	.dir = TO_PEER,
};

FIXTURE_VARIANT_ADD(families, ipv6_client_ipv4_peer_to_client) {
	.client = AF_INET6,
	.peer = AF_INET,
	.dir = TO_CLIENT,
};

FIXTURE_SETUP(families)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	ASSERT_EQ(0, relay_open_between(&self->r, variant->client,
					variant->peer));
}

FIXTURE_TEARDOWN(families)
{
	relay_close(&self->r);
}

TEST_F(families, all_lengths)
{
	size_t len;

	for (len = 0; len <= 1200; len = len < 20 ? len + 1 : len * 2)
		EXPECT_TRUE(relay_forwards_bytes(&self->r, variant->dir, len))
			TH_LOG("%zu bytes", len);
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(families, padding)
{
	uint8_t buf[300];
	struct udp_packet in;
	size_t pad, len;

	if (variant->dir != TO_PEER)
		SKIP(return, "peers send no ChannelData");
	for (pad = 1; pad <= 3; pad++) {
		len = relay_channel_data(buf, RELAY_CHANNEL, NULL, 101, pad);
		in = relay_datagram(&self->r, TO_PEER, buf, len);
		EXPECT_TRUE(relay_forwards(&self->r, TO_PEER, &in));
	}
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(families, what_was_damaged_stays_so)
{
	uint8_t buf[300];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 101);

	in.bad_checksum = 0x1111;
	EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
	EXPECT_TRUE(relay_settled(&self->r));
}

/* IPv6 has no UDP without a checksum, and computing one is not ours. */
TEST_F(families, no_checksum)
{
	uint8_t buf[300];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 101);

	if (in.src.family != AF_INET)
		SKIP(return, "IPv6 sockets drop such a datagram");
	in.no_checksum = true;
	EXPECT_TRUE(relay_passes(&self->r, variant->dir, &in,
				 KTURN_A_PASSED_CHECKSUM));
	EXPECT_TRUE(relay_settled(&self->r));
}

/* Sent by a socket whose device computes checksums, or should have. */
TEST_F(families, checksum_left_to_the_device)
{
	struct relay *r = &self->r;
	bool to_peer = variant->dir == TO_PEER;
	uint8_t buf[300];
	struct udp_packet in = relay_message(r, variant->dir, buf, 101);
	struct sockaddr_storage ss;
	socklen_t len = transport_addr_to_sockaddr(&in.dst, &ss);

	ASSERT_EQ(0, netns_offload_checksum(&r->ns, to_peer ? NETNS_CLIENT :
						     NETNS_PEER,
					    to_peer ? "c" : "p", 1));
	ASSERT_EQ((ssize_t)in.len,
		  sendto(to_peer ? r->client_fd : r->peer_fd, in.data, in.len,
			 0, (struct sockaddr *)&ss, len));
	in.tos = 0;
	EXPECT_TRUE(relay_expect_output(r, variant->dir, &in));
	EXPECT_TRUE(relay_settled(r));
}

TEST_F(families, at_the_input_hook)
{
	ASSERT_EQ(0, relay_set_hook(&self->r, KTURN_HOOK_INPUT));
	EXPECT_TRUE(relay_forwards_bytes(&self->r, variant->dir, 100));
	EXPECT_TRUE(relay_forwards_bytes(&self->r, variant->dir, 1000));
	EXPECT_TRUE(relay_settled(&self->r));
}

/* What goes out in fragments goes out so from there, too. */
TEST_F(families, fragments_from_the_input_hook)
{
	uint8_t buf[2000];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 1300);

	if (in.src.family != AF_INET)
		SKIP(return, "routers do not fragment IPv6");
	in.df = false;
	ASSERT_EQ(0, relay_set_hook(&self->r, KTURN_HOOK_INPUT));
	ASSERT_EQ(0, wire_send_udp(wire_in(&self->r, variant->dir), &in));
	EXPECT_TRUE(relay_expect_fragments(&self->r, variant->dir, &in, 1280));
	EXPECT_TRUE(relay_settled(&self->r));
}

/* No IPv6 sender can be asked for less than 1280 bytes. */
TEST_F(families, what_ipv6_cannot_make_smaller)
{
	uint8_t buf[2000];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf,
					     variant->dir == TO_PEER ? 1228 :
								       1232);

	if (in.src.family != AF_INET6)
		SKIP(return, "IPv4 links may be smaller");
	ASSERT_EQ(0, netns_run(&self->r.ns, NETNS_RELAY,
			       "ip link set dev %s mtu 1200",
			       variant->dir == TO_PEER ? "rp" : "rc"));
	ASSERT_EQ(0, wire_send_udp(wire_in(&self->r, variant->dir), &in));
	EXPECT_TRUE(relay_expect_fragments(&self->r, variant->dir, &in, 1200));
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(families, a_permission_that_is_taken_back)
{
	struct fastpath_permission p = {
		.allocation_id = self->r.allocation.id,
		.peer = self->r.peer_addr,
	};
	struct fastpath_error err;
	uint8_t buf[300];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 101);

	EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
	ASSERT_EQ(0, fastpath_permission_del(self->r.fastpath, &p, &err));
	EXPECT_TRUE(relay_drops(&self->r, variant->dir, &in,
				KTURN_A_DROPPED_NO_PERMISSION));
	EXPECT_TRUE(relay_quiet(&self->r));
	ASSERT_EQ(0, relay_permit(&self->r, RELAY_TIMEOUT_MS));
	EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_HARNESS_MAIN

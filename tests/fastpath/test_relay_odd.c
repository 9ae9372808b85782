// SPDX-License-Identifier: BSD-3-Clause
/*
 * Packets of kinds that the module leaves to the stack: fragments, options,
 * extension headers, several datagrams in one skb, lengths that disagree.
 */
#include "relay_fixture.h"

#include <errno.h>
#include <netinet/udp.h>
#include <sys/socket.h>

static void put16(uint8_t *p, uint16_t value)
{
	p[0] = value >> 8;
	p[1] = value;
}

/* Send bytes @from to @from + @len of the IP payload as a fragment. */
static int send_fragment_v4(const struct wire *w, const uint8_t *ip,
			    size_t from, size_t len, bool more)
{
	uint8_t fragment[2000];

	memcpy(fragment, ip, 20);
	put16(fragment + 2, 20 + len);
	put16(fragment + 6, from / 8 | (more ? 0x2000 : 0));
	memcpy(fragment + 20, ip + 20 + from, len);
	packet_set_ipv4_checksum(fragment);
	return wire_send(w, fragment, 20 + len);
}

static int send_fragment_v6(const struct wire *w, const uint8_t *ip,
			    size_t from, size_t len, bool more)
{
	uint8_t fragment[2000], header[8] = { 17, 0, 0, 0, 1, 2, 3, 4 };

	memcpy(fragment, ip, 40);
	put16(fragment + 4, 8 + len);
	fragment[6] = 44;
	put16(header + 2, from | more);
	memcpy(fragment + 40, header, sizeof(header));
	memcpy(fragment + 48, ip + 40 + from, len);
	return wire_send(w, fragment, 48 + len);
}

static int send_in_fragments(struct relay *r, enum direction dir,
			     const struct udp_packet *in, size_t split)
{
	bool v4 = r->family == AF_INET;
	int (*send_fragment)(const struct wire *w, const uint8_t *ip,
			     size_t from, size_t len, bool more) =
		v4 ? send_fragment_v4 : send_fragment_v6;
	uint8_t ip[PACKET_MAX];
	size_t len = packet_build(ip, in) - (v4 ? 20 : 40);
	const struct wire *w = wire_in(r, dir);
	int err = send_fragment(w, ip, 0, split, true);

	return err ? err : send_fragment(w, ip, split, len - split, false);
}

TEST_F(path, fragments)
{
	uint8_t buf[1500];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 1000);
	static const size_t splits[] = { 8, 16, 512, 1000 };
	size_t i;

	in.df = false;
	for (i = 0; i < sizeof(splits) / sizeof(*splits); i++) {
		in.id = 100 + i;
		ASSERT_EQ(0, send_in_fragments(&self->r, variant->dir, &in,
					       splits[i]));
		EXPECT_TRUE(relay_expect_passed(&self->r, variant->dir, &in,
						0));
	}
	EXPECT_GE(2 * i, relay_passed_since_booked(&self->r,
						   KTURN_A_PASSED_OTHER));
	EXPECT_TRUE(relay_settled(&self->r));
	EXPECT_TRUE(relay_forwards_bytes(&self->r, variant->dir, 1000));
}

/* "hook input" sees the datagram whole, and may forward it. */
TEST_F(path, fragments_at_the_input_hook)
{
	uint8_t buf[1500];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 1000);
	struct fastpath_flow *flow = variant->dir == TO_PEER ?
				     &self->r.want.to_peer :
				     &self->r.want.to_client;
	struct fastpath_stats stats;
	uint64_t forwarded;

	in.df = false;
	ASSERT_EQ(0, relay_set_hook(&self->r, KTURN_HOOK_INPUT));
	ASSERT_EQ(0, send_in_fragments(&self->r, variant->dir, &in, 512));
	stats = relay_stats(&self->r);
	forwarded = variant->dir == TO_PEER ? stats.to_peer.packets
					     : stats.to_client.packets;
	ASSERT_GE(1, forwarded);
	if (forwarded) {
		EXPECT_TRUE(relay_expect_output(&self->r, variant->dir, &in));
	} else {
		EXPECT_TRUE(relay_expect_passed(&self->r, variant->dir, &in,
						0));
		EXPECT_GE(1, relay_passed_since_booked(&self->r,
						       KTURN_A_PASSED_OTHER));
	}
	EXPECT_EQ(forwarded, flow->packets);
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(path, ip_options)
{
	static const uint8_t nops[4] = { 1, 1, 1, 0 };
	uint8_t buf[300];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 100);

	if (variant->family != AF_INET)
		SKIP(return, "extension headers are tested below");
	in.options = nops;
	in.options_len = sizeof(nops);
	EXPECT_TRUE(relay_passes(&self->r, variant->dir, &in,
				 KTURN_A_PASSED_IP_OPTIONS));
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(path, ipv6_extension_headers)
{
	static const uint8_t padding[8] = { 17, 0, 1, 4, 0, 0, 0, 0 };
	static const uint8_t types[] = { IPPROTO_HOPOPTS, IPPROTO_DSTOPTS };
	uint8_t buf[300];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 100);
	size_t i;

	if (variant->family != AF_INET6)
		SKIP(return, "IPv4 has options instead");
	in.options = padding;
	in.options_len = sizeof(padding);
	for (i = 0; i < sizeof(types); i++) {
		in.next_header = types[i];
		EXPECT_TRUE(relay_passes(&self->r, variant->dir, &in,
					 KTURN_A_PASSED_IP_OPTIONS))
			TH_LOG("extension header of type %u", types[i]);
	}
	EXPECT_TRUE(relay_settled(&self->r));
}

/* An ICMP packet that looks like ours in every other way. */
TEST_F(path, another_protocol)
{
	uint8_t buf[300], ip[PACKET_MAX];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 100);
	size_t len = packet_build(ip, &in);

	/* UDP-Lite: nobody listens, and nobody may mistake it for UDP. */
	ip[variant->family == AF_INET ? 9 : 6] = 136;
	if (variant->family == AF_INET)
		packet_set_ipv4_checksum(ip);
	ASSERT_EQ(0, wire_send(wire_in(&self->r, variant->dir), ip, len));
	EXPECT_TRUE(relay_counted(&self->r));
}

/* Sends @n datagrams of @r's channel from a socket, in one skb. */
static int send_in_one_skb(struct relay *r, enum direction dir,
			   const struct udp_packet *in, const void *all,
			   size_t len)
{
	int fd = dir == TO_PEER ? r->client_fd : r->peer_fd;
	int segment = in->len;
	struct sockaddr_storage ss;
	socklen_t ss_len = transport_addr_to_sockaddr(&in->dst, &ss);

	if (setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &segment,
		       sizeof(segment)) < 0)
		return -errno;
	return sendto(fd, all, len, 0, (struct sockaddr *)&ss, ss_len) ==
	       (ssize_t)len ? 0 : -EIO;
}

/* The sender's stack hands several datagrams over in one skb. */
TEST_F(path, several_datagrams_in_one_skb)
{
	uint8_t buf[400], all[4 * sizeof(buf)];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 100);
	int i;

	for (i = 0; i < 4; i++)
		memcpy(all + i * in.len, buf, in.len);
	ASSERT_EQ(0, send_in_one_skb(&self->r, variant->dir, &in, all,
				     4 * in.len));
	/* As a socket sends them. */
	in.hops = 64;
	in.tos = 0;
	for (i = 0; i < 4; i++)
		EXPECT_TRUE(relay_expect_output(&self->r, variant->dir, &in));
	EXPECT_TRUE(relay_settled(&self->r));
}

/* Of one client, but not of one channel: each is judged by itself. */
TEST_F(relay, channels_mixed_in_one_skb)
{
	uint8_t buf[200], all[3 * 104];
	struct udp_packet in = relay_message(&self->r, TO_PEER, buf, 100);

	memcpy(all, buf, in.len);
	memcpy(all + in.len, buf, in.len);
	all[in.len + 1] = 0x01;		/* 0x4001, unbound */
	memcpy(all + 2 * in.len, buf, in.len);
	ASSERT_EQ(0, send_in_one_skb(&self->r, TO_PEER, &in, all, 3 * in.len));
	in.hops = 64;
	in.tos = 0;
	EXPECT_TRUE(relay_expect_output(&self->r, TO_PEER, &in));
	EXPECT_TRUE(relay_expect_output(&self->r, TO_PEER, &in));
	self->r.want.dropped[KTURN_A_DROPPED_UNBOUND_CHANNEL]++;
	EXPECT_TRUE(relay_settled(&self->r));
}

/* ChannelData first, then what only the server understands. */
TEST_F(relay, a_stun_message_in_one_skb_with_channel_data)
{
	uint8_t buf[200], all[2 * 104];
	struct udp_packet in = relay_message(&self->r, TO_PEER, buf, 100);
	struct udp_packet stun;

	memcpy(all, buf, in.len);
	memset(all + in.len, 0, in.len);
	ASSERT_EQ(0, send_in_one_skb(&self->r, TO_PEER, &in, all, 2 * in.len));
	in.hops = 64;
	in.tos = 0;
	stun = in;
	stun.data = all + in.len;
	EXPECT_TRUE(relay_expect_output(&self->r, TO_PEER, &in));
	EXPECT_TRUE(relay_expect_passed(&self->r, TO_PEER, &stun,
					KTURN_A_PASSED_STUN));
	EXPECT_TRUE(relay_settled(&self->r));
}

/* UDP length beyond the packet: the stack drops it, the module must not act. */
TEST_F(path, a_udp_length_beyond_the_packet)
{
	static const int lies[] = { 1, 2, 4, 100, 30000 };
	uint8_t buf[300];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 100);
	size_t i;

	for (i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		in.length_lie = lies[i];
		ASSERT_EQ(0, wire_send_udp(wire_in(&self->r, variant->dir),
					   &in));
	}
	EXPECT_GE(i, relay_passed_since_booked(&self->r, KTURN_A_PASSED_OTHER));
	EXPECT_TRUE(relay_settled(&self->r));
}

/* UDP length below 8, its own header. */
TEST_F(path, a_udp_length_of_nothing)
{
	uint8_t buf[300];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 100);
	int length;

	for (length = 0; length < 8; length++) {
		in.length_lie = length - 8 - (int)in.len;
		ASSERT_EQ(0, wire_send_udp(wire_in(&self->r, variant->dir),
					   &in));
	}
	EXPECT_GE(8, relay_passed_since_booked(&self->r, KTURN_A_PASSED_OTHER));
	EXPECT_TRUE(relay_settled(&self->r));
}

/*
 * The UDP datagram ends before its IP packet: a legal oddity (the rest is no
 * data, RFC 9868 makes options of it).
 */
TEST_F(path, a_udp_length_short_of_the_packet)
{
	uint8_t buf[300], ip[PACKET_MAX];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 100);
	size_t len = packet_build(ip, &in);

	memset(ip + len, 0xcc, 12);
	if (variant->family == AF_INET) {
		put16(ip + 2, len + 12);
		packet_set_ipv4_checksum(ip);
	} else {
		put16(ip + 4, len + 12 - 40);
	}
	ASSERT_EQ(0, wire_send(wire_in(&self->r, variant->dir), ip, len + 12));
	EXPECT_TRUE(relay_expect_passed(&self->r, variant->dir, &in,
					KTURN_A_PASSED_OTHER));
	EXPECT_TRUE(relay_settled(&self->r));
}

/* Unicast IP in a broadcast frame: RFC 1122 section 3.3.6 warns of it. */
TEST_F(path, a_broadcast_frame)
{
	uint8_t buf[300];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 100);
	struct wire w = *wire_in(&self->r, variant->dir);

	memset(w.remote_mac, 0xff, sizeof(w.remote_mac));
	ASSERT_EQ(0, wire_send_udp(&w, &in));
	EXPECT_TRUE(relay_expect_passed(&self->r, variant->dir, &in, 0));
	EXPECT_GE(1, relay_passed_since_booked(&self->r, KTURN_A_PASSED_OTHER));
	EXPECT_TRUE(relay_settled(&self->r));
}

/* A frame for another host, seen because of a promiscuous device. */
TEST_F(path, a_frame_for_another_host)
{
	uint8_t buf[300];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 100);
	struct wire w = *wire_in(&self->r, variant->dir);

	ASSERT_EQ(0, netns_run(&self->r.ns, NETNS_RELAY,
			       "ip link set dev %s promisc on",
			       variant->dir == TO_PEER ? "rc" : "rp"));
	w.remote_mac[5] ^= 0x77;
	ASSERT_EQ(0, wire_send_udp(&w, &in));
	EXPECT_TRUE(relay_settled(&self->r));
}

/* An IPv4 header that does not add up never gets as far as the hook. */
TEST_F(path, a_bad_ipv4_header_checksum)
{
	uint8_t buf[300], ip[PACKET_MAX];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 100);
	size_t len = packet_build(ip, &in);

	if (variant->family != AF_INET)
		SKIP(return, "IPv6 headers have no checksum");
	ip[10] ^= 1;
	ASSERT_EQ(0, wire_send(wire_in(&self->r, variant->dir), ip, len));
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: BSD-3-Clause
/*
 * The door of XDP: what goes by it, and what it passes up to the hook and why.
 * What is forwarded either way comes out the same; which way it went the
 * counters tell.
 */
#include "relay_fixture.h"

#include <string.h>
#include <sys/socket.h>

#include "relay_leg.h"
#include "relay_mtu.h"
#include "rtnl.h"

#define SIZE 172

/* Unless another kind of XDP is asked for. */
static void __attribute__((constructor)) choose_xdp(void)
{
	setenv("KTURN_DOOR", "xdp", 0);
}

static struct nl_sock *open_rtnl(struct relay *r)
{
	return netns_rtnl(&r->ns, NETNS_RELAY);
}

/* So many went by XDP; and so many were passed up, for this reason. */
static bool by_xdp(struct relay *r, uint64_t forwarded, int reason,
		   uint64_t passed)
{
	struct fastpath_xdp_stats xdp = relay_stats(r).xdp;
	bool same = xdp.forwarded == forwarded;
	int i;

	if (!same)
		printf("# XDP forwarded %llu, want %llu\n",
		       (unsigned long long)xdp.forwarded,
		       (unsigned long long)forwarded);
	for (i = KTURN_A_XDP_PASSED_NO_CHANNEL; i <= KTURN_A_XDP_PASSED_MAX;
	     i++) {
		uint64_t want = i == reason ? passed : 0;

		if (xdp.passed[i] != want)
			printf("# XDP passed %s %llu, want %llu\n",
			       fastpath_xdp_passed_name(i),
			       (unsigned long long)xdp.passed[i],
			       (unsigned long long)want);
		same &= xdp.passed[i] == want;
	}
	return same;
}

/* Forwarded, by the hook, because XDP passed it up for this reason. */
static bool bytes_go_up(struct relay *r, enum direction dir, size_t len,
			int reason)
{
	uint64_t forwarded = relay_stats(r).xdp.forwarded;

	return relay_forwards_bytes(r, dir, len) &&
	       by_xdp(r, forwarded, reason, 1);
}

static bool goes_up(struct relay *r, enum direction dir, int reason)
{
	return bytes_go_up(r, dir, SIZE, reason);
}

static bool is_native(void)
{
	return !strcmp(getenv("KTURN_DOOR"), "xdp");
}

static bool set_mtus(struct relay *r, uint32_t mtu)
{
	bool done = true;
	int i;

	for (i = 0; i < NETNS_ENDS && done; i++) {
		const struct netns_end *end = &netns_ends[i];
		struct nl_sock *sk = netns_rtnl(&r->ns, end->id);

		done = sk && !rtnl_set_mtu(sk, end->device, mtu);
		rtnl_close(sk);
	}
	return done;
}

TEST_F(path, plain_datagrams_go_by_xdp)
{
	struct fastpath_error err;
	struct fastpath_net net;
	int i;

	ASSERT_EQ(0, fastpath_net_get(self->r.fastpath, &net, &err));
	EXPECT_TRUE(net.xdp);
	for (i = 0; i < 5; i++)
		EXPECT_TRUE(relay_forwards_bytes(&self->r, variant->dir, SIZE));
	EXPECT_TRUE(by_xdp(&self->r, 5, 0, 0));
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(relay, what_is_the_servers_goes_up)
{
	uint8_t stun[20] = { 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42 };
	struct udp_packet in = relay_datagram(&self->r, TO_PEER, stun,
					      sizeof(stun));

	EXPECT_TRUE(relay_passes(&self->r, TO_PEER, &in, KTURN_A_PASSED_STUN));
	EXPECT_TRUE(by_xdp(&self->r, 0, KTURN_A_XDP_PASSED_NO_CHANNEL, 1));
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(path, an_unknown_neighbour_is_for_the_hook_to_find)
{
	struct nl_sock *sk = open_rtnl(&self->r);
	const struct netns_end *out = leg_end(variant->dir);

	ASSERT_EQ(0, rtnl_neighbour_delete(sk, out->device,
					   leg_host(&self->r, variant->dir)));
	EXPECT_TRUE(goes_up(&self->r, variant->dir,
			    KTURN_A_XDP_PASSED_NEIGHBOUR));
	EXPECT_TRUE(relay_forwards_bytes(&self->r, variant->dir, SIZE));
	EXPECT_TRUE(by_xdp(&self->r, 1, KTURN_A_XDP_PASSED_NEIGHBOUR, 1));
	EXPECT_TRUE(relay_settled(&self->r));
	rtnl_close(sk);
}

TEST_F(path, the_input_chain_is_not_bypassed)
{
	ASSERT_EQ(0, relay_set_hook(&self->r, KTURN_HOOK_INPUT));
	EXPECT_TRUE(goes_up(&self->r, variant->dir, KTURN_A_XDP_PASSED_HOOK));
	ASSERT_EQ(0, relay_set_hook(&self->r, KTURN_HOOK_PREROUTING));
	EXPECT_TRUE(relay_forwards_bytes(&self->r, variant->dir, SIZE));
	EXPECT_TRUE(by_xdp(&self->r, 1, KTURN_A_XDP_PASSED_HOOK, 1));
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(path, the_last_hop_is_for_the_hook_to_tell)
{
	uint8_t buf[300];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, SIZE);

	in.hops = 1;
	ASSERT_TRUE(relay_drops(&self->r, variant->dir, &in,
				KTURN_A_DROPPED_HOP_LIMIT));
	EXPECT_TRUE(relay_expect_time_exceeded(&self->r, variant->dir, &in));
	EXPECT_TRUE(by_xdp(&self->r, 0, KTURN_A_XDP_PASSED_HOP_LIMIT, 1));
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(path, what_is_too_big_is_for_the_hook_to_tell)
{
	struct nl_sock *sk = open_rtnl(&self->r);
	const char *device = leg_end(variant->dir)->device;
	uint8_t buf[1500];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 1400);
	uint32_t mtu = relay_told_mtu(&self->r, variant->dir, 1400);

	ASSERT_EQ(0, rtnl_set_mtu(sk, device, 1400));
	ASSERT_TRUE(relay_drops(&self->r, variant->dir, &in,
				KTURN_A_DROPPED_TOO_BIG));
	EXPECT_TRUE(relay_expect_too_big(&self->r, variant->dir, &in, mtu));
	EXPECT_TRUE(by_xdp(&self->r, 0, KTURN_A_XDP_PASSED_MTU, 1));
	EXPECT_TRUE(relay_settled(&self->r));
	rtnl_close(sk);
}

/* A sender that leaves the checksum to its device does not tell XDP. */
TEST_F(path, a_partial_checksum_is_for_the_hook_to_see)
{
	const struct netns_end *far = leg_far_end(!variant->dir);
	int fd = variant->dir == TO_PEER ? self->r.client_fd : self->r.peer_fd;
	uint8_t buf[300];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, SIZE);
	struct sockaddr_storage ss;
	socklen_t len = transport_addr_to_sockaddr(&in.dst, &ss);

	ASSERT_EQ(0, netns_offload_checksum(&self->r.ns, far->id, far->device,
					    1));
	ASSERT_EQ((ssize_t)in.len, sendto(fd, in.data, in.len, 0,
					  (struct sockaddr *)&ss, len));
	EXPECT_TRUE(relay_expect_output(&self->r, variant->dir, &in));
	EXPECT_TRUE(by_xdp(&self->r, 0, KTURN_A_XDP_PASSED_CHECKSUM, 1));
	EXPECT_TRUE(relay_settled(&self->r));
}

/* One frame in 65,536 looks as if its checksum were partial, and it is whole. */
TEST_F(path, a_whole_checksum_like_a_partial_one)
{
	uint8_t buf[300], ip[PACKET_MAX], sums[4];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, SIZE);
	uint8_t *word = buf + in.len - 2, *check;
	uint16_t pseudo = packet_pseudo_sum(&in), sum;

	/* With 0 for the word: what it lacks to come to the wanted sum. */
	memset(word, 0, 2);
	check = ip + packet_build(ip, &in) - in.len - 2;
	sum = ~(check[0] << 8 | check[1]);
	memcpy(sums, (uint8_t[]){ sum >> 8, sum, pseudo >> 8, pseudo }, 4);
	sum = ~packet_checksum(0, sums, sizeof(sums));
	memcpy(word, (uint8_t[]){ sum >> 8, sum }, 2);

	packet_build(ip, &in);
	ASSERT_EQ(pseudo, check[0] << 8 | check[1]);
	EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
	EXPECT_TRUE(by_xdp(&self->r, 1, 0, 0));
	EXPECT_TRUE(relay_settled(&self->r));
}

/* Where devices say what they can, one that takes no frames is not given any. */
TEST_F(path, a_device_that_takes_no_frames)
{
	const struct netns_end *far = leg_far_end(variant->dir);

	if (!strcmp(getenv("KTURN_IN_VM"), "6.1"))
		SKIP(return, "veth does not say on 6.1 what it takes");
	if (!is_native())
		SKIP(return, "generic XDP has skbs, which every device takes");
	ASSERT_EQ(0, netns_set_gro(&self->r.ns, far->id, far->device, 0));
	EXPECT_TRUE(goes_up(&self->r, variant->dir,
			    KTURN_A_XDP_PASSED_OUTPUT_DEVICE));
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(path, a_frame_in_several_pieces_goes_up)
{
	if (!is_native())
		SKIP(return, "generic XDP has skbs, in one piece");
	ASSERT_TRUE(set_mtus(&self->r, 9000));
	EXPECT_TRUE(bytes_go_up(&self->r, variant->dir, 5000,
				KTURN_A_XDP_PASSED_FRAME));
	EXPECT_TRUE(relay_forwards_bytes(&self->r, variant->dir, SIZE));
	EXPECT_TRUE(by_xdp(&self->r, 1, KTURN_A_XDP_PASSED_FRAME, 1));
	EXPECT_TRUE(relay_settled(&self->r));
}

/* To the client a packet grows by the ChannelData header. */
TEST_F(path, a_frame_without_room_in_front)
{
	const char *device = leg_end(!variant->dir)->device;

	if (!is_native())
		SKIP(return, "skbs have room, or the hook makes some");
	ASSERT_EQ(0, netns_enter(&self->r.ns, NETNS_RELAY));
	ASSERT_EQ(0, relay_door_narrow(self->r.door, device));
	if (variant->dir == TO_CLIENT) {
		EXPECT_TRUE(goes_up(&self->r, TO_CLIENT,
				    KTURN_A_XDP_PASSED_HEADROOM));
	} else {
		EXPECT_TRUE(relay_forwards_bytes(&self->r, TO_PEER, SIZE));
		EXPECT_TRUE(by_xdp(&self->r, 1, 0, 0));
	}
	EXPECT_TRUE(relay_settled(&self->r));
}

/* A frame that a switch sent everywhere. */
TEST_F(path, a_frame_to_another_goes_up)
{
	struct wire *w = wire_in(&self->r, variant->dir);
	uint8_t buf[300];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, SIZE);

	w->remote_mac[5] ^= 0xff;
	ASSERT_EQ(0, wire_send_udp(w, &in));
	w->remote_mac[5] ^= 0xff;
	EXPECT_TRUE(relay_quiet(&self->r));
	EXPECT_TRUE(by_xdp(&self->r, 0, KTURN_A_XDP_PASSED_OTHER, 1));
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(path, what_is_beyond_a_limit_ends_in_xdp)
{
	struct fastpath_net net = { .max_bps = 1 };
	uint8_t buf[300];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, SIZE);
	struct fastpath_error err;

	ASSERT_EQ(0, fastpath_net_set(self->r.fastpath, FASTPATH_NET_MAX_BPS,
				      &net, &err));
	EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
	EXPECT_TRUE(relay_drops(&self->r, variant->dir, &in,
				KTURN_A_DROPPED_RATE));
	EXPECT_TRUE(relay_settled(&self->r));
	EXPECT_EQ(1, relay_stats(&self->r).xdp.dropped);
	EXPECT_TRUE(by_xdp(&self->r, 1, 0, 0));
}

TEST_HARNESS_MAIN

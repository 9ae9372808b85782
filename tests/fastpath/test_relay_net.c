// SPDX-License-Identifier: BSD-3-Clause
/*
 * What else is attached to the network: taps, filters, conntrack, another
 * relay; and where the module hooks.
 */
#include "relay_fixture.h"

#include <fcntl.h>
#include <stdlib.h>

static struct fastpath_error err;

/* tcpdump's copy shares its bytes with the packet that the module rewrites. */
TEST_F(path, a_tap_sees_the_packet_as_it_came)
{
	const char *device = variant->dir == TO_PEER ? "rc" : "rp";
	uint8_t buf[1500];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 1000);
	const uint8_t *mac = variant->dir == TO_PEER ? netns_mac_rc
						      : netns_mac_rp;
	const uint8_t *from = variant->dir == TO_PEER ? netns_mac_c
						       : netns_mac_p;
	static struct frame f;
	struct wire tap;
	int i;

	if (self->r.door)
		SKIP(return, "taps are behind XDP");
	ASSERT_EQ(0, wire_open(&tap, &self->r.ns, NETNS_RELAY, device, mac,
			       from));
	for (i = 0; i < 3; i++) {
		EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
		ASSERT_EQ(0, wire_receive(&tap, &f, PACKET_TIMEOUT_MS));
		EXPECT_TRUE(frame_is_udp(&f, &tap, &in));
	}
	wire_close(&tap);
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(path, two_relays_with_the_same_addresses)
{
	static struct relay other;

	ASSERT_EQ(0, relay_open(&other, variant->family));
	EXPECT_TRUE(relay_forwards_bytes(&self->r, variant->dir, 10));
	EXPECT_TRUE(relay_forwards_bytes(&other, variant->dir, 20));
	EXPECT_TRUE(relay_settled(&self->r));
	EXPECT_TRUE(relay_settled(&other));
	ASSERT_EQ(0, fastpath_flush(other.fastpath, &err));
	EXPECT_TRUE(relay_forwards_bytes(&self->r, variant->dir, 30));
	EXPECT_TRUE(relay_settled(&self->r));
	relay_close(&other);
	EXPECT_TRUE(relay_forwards_bytes(&self->r, variant->dir, 40));
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(path, no_hook_at_all)
{
	uint8_t buf[300];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 100);
	int i;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, relay_set_hook(&self->r, KTURN_HOOK_NONE));
		EXPECT_TRUE(relay_passes(&self->r, variant->dir, &in, 0));
		ASSERT_EQ(0, relay_set_hook(&self->r, KTURN_HOOK_PREROUTING));
		EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
	}
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(path, the_input_hook)
{
	static const size_t sizes[] = { 0, 1, 172, 1200 };
	uint8_t buf[300];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 100);
	size_t i;

	ASSERT_EQ(0, relay_set_hook(&self->r, KTURN_HOOK_INPUT));
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		ASSERT_TRUE(relay_forwards_bytes(&self->r, variant->dir,
						 sizes[i]));
	}
	in.tos = 0xb9;
	in.hops = 2;
	in.df = false;
	EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
	EXPECT_TRUE(relay_settled(&self->r));
	ASSERT_EQ(0, relay_set_hook(&self->r, KTURN_HOOK_PREROUTING));
	EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
	EXPECT_TRUE(relay_settled(&self->r));
}

static int filter(struct relay *r, const char *hook, const char *rule)
{
	return netns_run(&r->ns, NETNS_RELAY,
			 "nft 'table inet t { chain c { type filter hook %s"
			 " priority 0; %s drop; }; }'", hook, rule);
}

/* The port that a direction's datagrams arrive at, and leave from. */
static int in_port(enum direction dir)
{
	return dir == TO_PEER ? RELAY_SERVER_PORT : RELAY_RELAYED_PORT;
}

static int out_port(enum direction dir)
{
	return dir == TO_PEER ? RELAY_RELAYED_PORT : RELAY_SERVER_PORT;
}

TEST_F(path, the_input_hook_comes_after_the_input_chain)
{
	const struct wire *w = wire_in(&self->r, variant->dir);
	uint8_t buf[300], rule[32];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 100);

	snprintf((char *)rule, sizeof(rule), "udp dport %d",
		 in_port(variant->dir));
	ASSERT_EQ(0, filter(&self->r, "input", (char *)rule));
	EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
	ASSERT_EQ(0, relay_set_hook(&self->r, KTURN_HOOK_INPUT));
	ASSERT_EQ(0, wire_send_udp(w, &in));
	EXPECT_TRUE(relay_settled(&self->r));
	ASSERT_EQ(0, netns_run(&self->r.ns, NETNS_RELAY, "nft flush ruleset"));
	EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(path, the_input_hook_leaves_through_the_output_chain)
{
	uint8_t buf[300], rule[32];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 100);

	snprintf((char *)rule, sizeof(rule), "udp sport %d",
		 out_port(variant->dir));
	ASSERT_EQ(0, filter(&self->r, "output", (char *)rule));
	EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
	ASSERT_EQ(0, relay_set_hook(&self->r, KTURN_HOOK_INPUT));
	EXPECT_TRUE(relay_drops(&self->r, variant->dir, &in,
				KTURN_A_DROPPED_OUTPUT));
	EXPECT_TRUE(relay_settled(&self->r));
	ASSERT_EQ(0, netns_run(&self->r.ns, NETNS_RELAY, "nft flush ruleset"));
	EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
	EXPECT_TRUE(relay_settled(&self->r));
}

static int conntrack_entries(const struct relay *r)
{
	char text[32] = "";
	ssize_t len = -1;
	int fd;

	if (netns_enter(&r->ns, NETNS_RELAY))
		return -1;
	fd = open("/proc/sys/net/netfilter/nf_conntrack_count",
		  O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		len = read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	return len > 0 ? atoi(text) : -1;
}

TEST_F(path, conntrack_sees_nothing_at_prerouting)
{
	uint8_t buf[300];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 100);

	ASSERT_EQ(0, netns_run(&self->r.ns, NETNS_RELAY,
			       "nft 'table inet t { chain c { type filter hook"
			       " prerouting priority 0; ct state invalid drop;"
			       " }; }'"));
	ASSERT_EQ(0, conntrack_entries(&self->r));
	EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
	EXPECT_EQ(0, conntrack_entries(&self->r));

	/* The count does count: left to the server, the packet has an entry. */
	ASSERT_EQ(0, relay_set_hook(&self->r, KTURN_HOOK_NONE));
	EXPECT_TRUE(relay_passes(&self->r, variant->dir, &in, 0));
	EXPECT_EQ(1, conntrack_entries(&self->r));

	ASSERT_EQ(0, relay_set_hook(&self->r, KTURN_HOOK_INPUT));
	EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_HARNESS_MAIN

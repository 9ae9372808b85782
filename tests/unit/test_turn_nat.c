// SPDX-License-Identifier: BSD-3-Clause
/* Two clients behind the same 1:1 NAT as their relay (external-ip). */
#include <kselftest_harness.h>

#include "turn_client.h"

#define OUTSIDE		"203.0.113.1"
#define PRIVATE		"192.0.2.1"
#define OTHER		":50001"	/* the second relay socket of the world */

FIXTURE(nat)
{
	struct world *w;
	struct client c;
};

FIXTURE_SETUP(nat)
{
	struct transport_addr inside = addr(PRIVATE), outside = addr(OUTSIDE);

	self->w = world_new();
	self->w->external_ip = true;
	ASSERT_EQ(0, turn_nat_add(&self->w->cfg->nat, &inside, &outside));
	self->c = client_new(5000);
	ASSERT_EQ(0, allocate(self->w, &self->c));
}

FIXTURE_TEARDOWN(nat)
{
	EXPECT_EQ(0, world_free(self->w));
}

static bool sent_to(struct world *w, const char *peer)
{
	struct transport_addr want = addr(peer);

	return transport_addr_equal(&want, &w->to_peer_addr);
}

TEST_F(nat, a_channel_to_the_public_address_leads_to_the_private_one)
{
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4000, OUTSIDE OTHER));
	send_channel_data(self->w, &self->c, 0x4000, "hello");
	EXPECT_TRUE(peer_got(self->w, "hello"));
	EXPECT_TRUE(sent_to(self->w, PRIVATE OTHER));
	/* The same again is a refresh, not another peer. */
	EXPECT_EQ(0, bind_channel(self->w, &self->c, 0x4000, OUTSIDE OTHER));
	EXPECT_EQ(400, bind_channel(self->w, &self->c, 0x4001, OUTSIDE OTHER));
}

TEST_F(nat, the_module_is_told_the_private_address)
{
	struct transport_addr want = addr(PRIVATE OTHER);
	size_t i;

	turn_server_fastpath_up(self->w->srv, self->w->now);
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4000, OUTSIDE OTHER));
	ASSERT_LT(0, self->w->fp_n_peers);
	/* The permission, then the channel, whose port counts. */
	for (i = 0; i < self->w->fp_n_peers; i++)
		EXPECT_TRUE(transport_addr_same_ip(&want,
						   &self->w->fp_peers[i].peer));
	EXPECT_TRUE(transport_addr_equal(&want, &self->w->fp_peers[i - 1].peer));
	EXPECT_EQ(0x4000, self->w->fp_peers[i - 1].channel);
}

TEST_F(nat, indications)
{
	struct transport_addr want = addr(OUTSIDE OTHER), got;
	struct stun_message msg;

	ASSERT_EQ(0, permit(self->w, &self->c, OUTSIDE));
	send_indication(self->w, &self->c, OUTSIDE OTHER, "hello", false);
	EXPECT_TRUE(peer_got(self->w, "hello"));
	EXPECT_TRUE(sent_to(self->w, PRIVATE OTHER));

	peer_sends(self->w, 0, PRIVATE OTHER, "olleh", 5);
	ASSERT_EQ(0, stun_message_decode(&msg, self->w->to_client,
				self->w->to_client_len));
	ASSERT_EQ(0, stun_get_address(&msg, STUN_ATTR_XOR_PEER_ADDRESS, &got));
	EXPECT_TRUE(transport_addr_equal(&want, &got));
}

/* Whoever denies private addresses means those that clients name. */
TEST_F(nat, the_filter_judges_what_the_client_names)
{
	struct transport_addr first = addr("192.0.2.0"), last = addr("192.0.2.255");

	ASSERT_EQ(0, turn_peer_filter_deny(&self->w->cfg->peers, &first, &last));
	EXPECT_EQ(403, bind_channel(self->w, &self->c, 0x4000, PRIVATE OTHER));
	EXPECT_EQ(403, permit(self->w, &self->c, PRIVATE));
	EXPECT_EQ(0, bind_channel(self->w, &self->c, 0x4000, OUTSIDE OTHER));
}

TEST_F(nat, others_stay_who_they_are)
{
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4000,
				  "198.51.100.99:9"));
	send_channel_data(self->w, &self->c, 0x4000, "hello");
	EXPECT_TRUE(sent_to(self->w, "198.51.100.99:9"));
}

TEST_F(nat, an_address_is_added_once)
{
	struct transport_addr inside = addr(PRIVATE), outside = addr(OUTSIDE);
	struct transport_addr another = addr("203.0.113.2");

	EXPECT_EQ(-EEXIST, turn_nat_add(&self->w->cfg->nat, &inside, &another));
	EXPECT_EQ(-EEXIST, turn_nat_add(&self->w->cfg->nat, &another, &outside));
}

TEST_HARNESS_MAIN

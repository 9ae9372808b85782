// SPDX-License-Identifier: BSD-3-Clause
/* CreatePermission, ChannelBind: RFC 8656, sections 9, 10 and 12. */
#include <kselftest_harness.h>

#include "turn_client.h"

#define PEER	"198.51.100.99:9"
#define OTHER	"198.51.100.98:9"

FIXTURE(permission)
{
	struct world *w;
	struct client c;
};

FIXTURE_SETUP(permission)
{
	self->w = world_new();
	self->c = client_new(5000);
	ASSERT_EQ(0, allocate(self->w, &self->c));
}

FIXTURE_TEARDOWN(permission)
{
	EXPECT_EQ(0, world_free(self->w));
}

static uint64_t permissions(struct world *w)
{
	return turn_server_stats(w->srv)->permissions;
}

static bool may_send(struct world *w, struct client *c, const char *peer)
{
	forget_trace(w);
	send_indication(w, c, peer, "x", false);
	return strcmp(w->trace, "peer ") == 0;
}

TEST_F(permission, rfc8656_5_without_allocation_is_437)
{
	struct client other = client_new(5001);

	meet(self->w, &other);
	EXPECT_EQ(437, permit(self->w, &other, PEER));
	EXPECT_EQ(437, bind_channel(self->w, &other, 0x4000, PEER));
}

TEST_F(permission, rfc8656_10_2_no_or_invalid_peer_is_400)
{
	struct transport_addr a = addr(PEER);
	struct stun_builder *b;

	begin(self->w, &self->c, STUN_CREATE_PERMISSION);
	EXPECT_EQ(400, finish(self->w));
	/* A valid one does not help an invalid one. */
	b = begin(self->w, &self->c, STUN_CREATE_PERMISSION);
	stun_put_address(b, STUN_ATTR_XOR_PEER_ADDRESS, &a);
	stun_put_address(b, STUN_ATTR_XOR_PEER_ADDRESS, &a);
	self->w->request[STUN_HEADER_LEN + 12 + 5] = 3;	/* family 3 */
	EXPECT_EQ(400, finish(self->w));
	EXPECT_EQ(0, permissions(self->w));
}

TEST_F(permission, rfc8656_10_2_other_family_is_443)
{
	EXPECT_EQ(443, permit(self->w, &self->c, "[2001:db8:1::9]:9"));
	EXPECT_EQ(443, bind_channel(self->w, &self->c, 0x4000,
				    "[2001:db8:1::9]:9"));
	EXPECT_EQ(0, permissions(self->w));
}

TEST_F(permission, rfc8656_10_2_denied_is_403)
{
	EXPECT_EQ(403, permit(self->w, &self->c, "127.0.0.1"));
	EXPECT_EQ(403, permit(self->w, &self->c, "0.0.0.0"));
	EXPECT_EQ(403, permit(self->w, &self->c, "224.0.0.1"));
	EXPECT_EQ(403, bind_channel(self->w, &self->c, 0x4000, "127.0.0.1:9"));
	EXPECT_EQ(403, bind_channel(self->w, &self->c, 0x4000, "198.51.100.99:0"));
	EXPECT_EQ(0, permissions(self->w));
}

TEST_F(permission, the_default_list_is_warned_about_once_for_each_range)
{
	struct client c = client_new(5001);

	turn_peer_filter_deny_default(&self->w->cfg->peers);
	ASSERT_EQ(0, allocate(self->w, &c));
	forget_trace(self->w);
	EXPECT_EQ(403, permit(self->w, &self->c, "10.0.0.1"));
	EXPECT_STREQ("warning reply ", self->w->trace);
	EXPECT_EQ(403, permit(self->w, &c, "10.0.0.2"));
	EXPECT_EQ(403, bind_channel(self->w, &c, 0x4000, "10.0.0.2:9"));
	EXPECT_STREQ("warning reply reply reply ", self->w->trace);
	EXPECT_EQ(403, bind_channel(self->w, &c, 0x4000, "192.168.0.2:9"));
	EXPECT_STREQ("warning reply reply reply warning reply ",
		     self->w->trace);
}

TEST_F(permission, rfc8656_10_2_several_peers_all_or_none)
{
	struct transport_addr a = addr(PEER), b = addr(OTHER);
	struct transport_addr bad = addr("127.0.0.1:9");

	begin(self->w, &self->c, STUN_CREATE_PERMISSION);
	stun_put_address(&self->w->b, STUN_ATTR_XOR_PEER_ADDRESS, &a);
	stun_put_address(&self->w->b, STUN_ATTR_XOR_PEER_ADDRESS, &bad);
	EXPECT_EQ(403, finish(self->w));
	EXPECT_EQ(0, permissions(self->w));
	begin(self->w, &self->c, STUN_CREATE_PERMISSION);
	stun_put_address(&self->w->b, STUN_ATTR_XOR_PEER_ADDRESS, &a);
	stun_put_address(&self->w->b, STUN_ATTR_XOR_PEER_ADDRESS, &b);
	stun_put_address(&self->w->b, STUN_ATTR_XOR_PEER_ADDRESS, &a);
	EXPECT_EQ(0, finish(self->w));
	EXPECT_EQ(2, permissions(self->w));
	EXPECT_TRUE(may_send(self->w, &self->c, PEER));
	EXPECT_TRUE(may_send(self->w, &self->c, OTHER));
}

TEST_F(permission, rfc8656_9_whatever_the_port)
{
	ASSERT_EQ(0, permit(self->w, &self->c, PEER));
	EXPECT_TRUE(may_send(self->w, &self->c, "198.51.100.99:12345"));
	EXPECT_FALSE(may_send(self->w, &self->c, OTHER));
}

TEST_F(permission, rfc8656_9_ends_after_300_seconds)
{
	ASSERT_EQ(0, permit(self->w, &self->c, PEER));
	advance(self->w, 299999);
	EXPECT_TRUE(may_send(self->w, &self->c, PEER));
	advance(self->w, 1);
	EXPECT_FALSE(may_send(self->w, &self->c, PEER));
	EXPECT_EQ(0, permissions(self->w));
}

TEST_F(permission, rfc8656_9_late_timers_change_nothing)
{
	ASSERT_EQ(0, permit(self->w, &self->c, PEER));
	self->w->now += 300000;
	EXPECT_FALSE(may_send(self->w, &self->c, PEER));
}

TEST_F(permission, rfc8656_9_is_refreshed_by_both_methods)
{
	ASSERT_EQ(0, permit(self->w, &self->c, PEER));
	advance(self->w, 200000);
	ASSERT_EQ(0, permit(self->w, &self->c, PEER));
	advance(self->w, 200000);
	EXPECT_TRUE(may_send(self->w, &self->c, PEER));
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4000, PEER));
	advance(self->w, 150000);
	EXPECT_TRUE(may_send(self->w, &self->c, PEER));
	EXPECT_EQ(1, permissions(self->w));
}

TEST_F(permission, rfc8656_11_2_is_not_refreshed_by_data)
{
	ASSERT_EQ(0, permit(self->w, &self->c, PEER));
	advance(self->w, 200000);
	EXPECT_TRUE(may_send(self->w, &self->c, PEER));
	advance(self->w, 100000);
	EXPECT_FALSE(may_send(self->w, &self->c, PEER));
}

TEST_F(permission, rfc8656_10_2_limit_is_508)
{
	self->w->cfg->max_permissions = 2;
	EXPECT_EQ(0, permit(self->w, &self->c, "198.51.100.1"));
	EXPECT_EQ(0, permit(self->w, &self->c, "198.51.100.2"));
	EXPECT_EQ(508, permit(self->w, &self->c, "198.51.100.3"));
	EXPECT_EQ(508, bind_channel(self->w, &self->c, 0x4000, "198.51.100.3:9"));
	EXPECT_EQ(0, permit(self->w, &self->c, "198.51.100.1"));
	EXPECT_EQ(2, permissions(self->w));
}

TEST_F(permission, lifetimes_can_be_chosen)
{
	self->w->cfg->permission_lifetime = 10;
	self->w->cfg->channel_lifetime = 20;
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4000, PEER));
	advance(self->w, 10000);
	EXPECT_FALSE(may_send(self->w, &self->c, PEER));
	EXPECT_EQ(1, turn_server_stats(self->w->srv)->channels);
	advance(self->w, 10000);
	EXPECT_EQ(0, turn_server_stats(self->w->srv)->channels);
	EXPECT_EQ(0, permissions(self->w));
}

/* --- ChannelBind ----------------------------------------------------------- */

TEST_F(permission, rfc8656_12_2_both_attributes_are_needed)
{
	struct transport_addr a = addr(PEER);

	stun_put_channel_number(begin(self->w, &self->c, STUN_CHANNEL_BIND),
				0x4000);
	EXPECT_EQ(400, finish(self->w));
	stun_put_address(begin(self->w, &self->c, STUN_CHANNEL_BIND),
			 STUN_ATTR_XOR_PEER_ADDRESS, &a);
	EXPECT_EQ(400, finish(self->w));
}

TEST_F(permission, rfc8656_12_2_range)
{
	EXPECT_EQ(400, bind_channel(self->w, &self->c, 0x3fff, PEER));
	EXPECT_EQ(0, bind_channel(self->w, &self->c, 0x4000, PEER));
	EXPECT_EQ(0, bind_channel(self->w, &self->c, 0x4fff, OTHER));
	EXPECT_EQ(400, bind_channel(self->w, &self->c, 0x5000, "198.51.100.1:1"));
	self->w->cfg->rfc5766_channels = true;
	EXPECT_EQ(0, bind_channel(self->w, &self->c, 0x5000, "198.51.100.1:1"));
	EXPECT_EQ(0, bind_channel(self->w, &self->c, 0x7fff, "198.51.100.1:2"));
	EXPECT_EQ(400, bind_channel(self->w, &self->c, 0x8000, "198.51.100.1:3"));
}

TEST_F(permission, rfc8656_12_2_number_and_peer_are_bound_once)
{
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4000, PEER));
	EXPECT_EQ(400, bind_channel(self->w, &self->c, 0x4000, OTHER));
	EXPECT_EQ(400, bind_channel(self->w, &self->c, 0x4001, PEER));
	EXPECT_EQ(0, bind_channel(self->w, &self->c, 0x4000, PEER));
	/* The same IP address with another port is another peer. */
	EXPECT_EQ(0, bind_channel(self->w, &self->c, 0x4001, "198.51.100.99:10"));
	EXPECT_EQ(2, turn_server_stats(self->w->srv)->channels);
	EXPECT_EQ(1, permissions(self->w));
}

TEST_F(permission, rfc8656_12_other_allocations_do_not_matter)
{
	struct client other = client_new(5001);

	ASSERT_EQ(0, allocate(self->w, &other));
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4000, PEER));
	EXPECT_EQ(0, bind_channel(self->w, &other, 0x4000, PEER));
	EXPECT_FALSE(may_send(self->w, &other, OTHER));
}

TEST_F(permission, rfc8656_12_ends_after_600_seconds)
{
	ASSERT_EQ(0, refresh(self->w, &self->c, 3600));
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4000, PEER));
	advance(self->w, 599999);
	EXPECT_EQ(1, turn_server_stats(self->w->srv)->channels);
	EXPECT_EQ(400, bind_channel(self->w, &self->c, 0x4000, OTHER));
	advance(self->w, 1);
	EXPECT_EQ(0, turn_server_stats(self->w->srv)->channels);
	EXPECT_EQ(0, bind_channel(self->w, &self->c, 0x4000, OTHER));
	EXPECT_EQ(0, bind_channel(self->w, &self->c, 0x4001, PEER));
}

TEST_F(permission, rfc8656_12_expired_but_not_swept_can_be_bound_anew)
{
	ASSERT_EQ(0, refresh(self->w, &self->c, 3600));
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4000, PEER));
	self->w->now += 600000;
	EXPECT_EQ(0, bind_channel(self->w, &self->c, 0x4000, OTHER));
	EXPECT_EQ(1, turn_server_stats(self->w->srv)->channels);
}

TEST_F(permission, rfc8656_12_channel_outlives_its_permission)
{
	ASSERT_EQ(0, refresh(self->w, &self->c, 3600));
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4000, PEER));
	advance(self->w, 300000);
	forget_trace(self->w);
	send_channel_data(self->w, &self->c, 0x4000, "x");
	EXPECT_STREQ("", self->w->trace);
	EXPECT_EQ(1, drops(self->w, TURN_DROP_NO_PERMISSION));
	/* CreatePermission alone revives it. */
	ASSERT_EQ(0, permit(self->w, &self->c, PEER));
	forget_trace(self->w);
	send_channel_data(self->w, &self->c, 0x4000, "x");
	EXPECT_STREQ("peer ", self->w->trace);
}

TEST_F(permission, channel_limit_is_508)
{
	self->w->cfg->max_channels = 1;
	EXPECT_EQ(0, bind_channel(self->w, &self->c, 0x4000, PEER));
	EXPECT_EQ(508, bind_channel(self->w, &self->c, 0x4001, OTHER));
	EXPECT_EQ(0, bind_channel(self->w, &self->c, 0x4000, PEER));
}

TEST_F(permission, new_rules_end_what_they_deny)
{
	struct turn_config *cfg = world_config();
	struct transport_addr denied = addr(PEER);

	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4000, PEER));
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4001, OTHER));
	ASSERT_EQ(0, turn_peer_filter_deny(&cfg->peers, &denied, &denied));
	turn_server_set_config(self->w->srv, cfg);
	turn_config_put(self->w->cfg);
	self->w->cfg = cfg;
	EXPECT_EQ(1, permissions(self->w));
	EXPECT_FALSE(may_send(self->w, &self->c, PEER));
	EXPECT_TRUE(may_send(self->w, &self->c, OTHER));
}

TEST_HARNESS_MAIN

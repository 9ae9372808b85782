// SPDX-License-Identifier: BSD-3-Clause
/* A daemon dies, the module goes on, and the next daemon takes over. */
#include <kselftest_harness.h>

#include "turn_client.h"

#define PEER	"198.51.100.99:9"
#define OTHER	"198.51.100.98:9"
#define CHANNEL	0x4000

/* What the module knows of the session, and two workers of the next daemon. */
FIXTURE(orphan)
{
	struct world *w, *other;
	struct client c;
	struct turn_fastpath_peer peers[4];
	struct turn_adoption from;
	uint8_t userdata[TURN_USERDATA_MAX];
};

typedef FIXTURE_DATA(orphan) orphan_t;

/* A session with a channel and a permission more, as the module has it. */
static void die(orphan_t *self)
{
	struct world *dead = world_new();
	struct turn_fastpath_allocation *a = &dead->fp_allocation;

	turn_server_fastpath_up(dead->srv, dead->now);
	if (allocate(dead, &self->c) || bind_channel(dead, &self->c, CHANNEL, PEER) ||
	    permit(dead, &self->c, OTHER))
		abort();
	memcpy(self->userdata, dead->fp_userdata, sizeof(self->userdata));
	self->peers[0] = (struct turn_fastpath_peer){
		.id = 7, .peer = addr(PEER), .permission_ms = 200000,
	};
	self->peers[0].peer.port = 0;
	self->peers[1] = (struct turn_fastpath_peer){
		.id = 7, .peer = addr(PEER), .channel = CHANNEL,
		.channel_ms = 500000,
	};
	self->peers[2] = self->peers[0];
	self->peers[2].peer = addr(OTHER);
	self->peers[2].peer.port = 0;
	self->from = (struct turn_adoption){
		.id = 7, .tuple = self->c.tuple,
		.relayed_ipv4 = a->relayed_ipv4, .timeout_ms = 590000,
		.userdata = self->userdata, .userdata_len = a->userdata_len,
		.peers = self->peers, .n_peers = 3,
	};
	world_free(dead);
}

FIXTURE_SETUP(orphan)
{
	memset(self, 0, sizeof(*self));
	self->c = client_new(5000);
	die(self);
	self->w = world_new();
	self->w->random = 99;
	self->other = world_join(self->w);
}

FIXTURE_TEARDOWN(orphan)
{
	world_free(self->other);
	EXPECT_EQ(0, world_free(self->w));
}

static int adopt(orphan_t *self)
{
	int err = turn_server_adopt(self->w->srv, &self->from, self->w->now);

	turn_server_fastpath_up(self->w->srv, self->w->now);
	turn_server_fastpath_up(self->other->srv, self->w->now);
	return err;
}

TEST_F(orphan, it_goes_on_in_the_worker_that_hears_its_client)
{
	ASSERT_EQ(0, adopt(self));
	EXPECT_EQ(1, turn_shared_orphans(self->w->shared));
	EXPECT_EQ(1, turn_shared_allocations(self->w->shared));
	EXPECT_EQ(1, open_relays(self->w));
	EXPECT_EQ(0, turn_server_stats(self->w->srv)->allocations);
	forget_trace(self->w);
	EXPECT_EQ(0, refresh(self->w, &self->c, 600));
	EXPECT_TRUE(reply_signed(self->w));
	EXPECT_EQ(0, turn_shared_orphans(self->w->shared));
	EXPECT_EQ(1, turn_server_stats(self->w->srv)->allocations);
	EXPECT_EQ(1, turn_server_stats(self->w->srv)->offloaded);
	/* The module has it already: nothing is installed. */
	EXPECT_EQ(NULL, strstr(self->w->trace, "fp-new"));
	EXPECT_NE(NULL, strstr(self->w->trace, "fp-set"));
	EXPECT_EQ(0, refresh(self->w, &self->c, 0));
	EXPECT_NE(NULL, strstr(self->w->trace, "fp-del"));
	EXPECT_EQ(0, turn_shared_allocations(self->w->shared));
}

TEST_F(orphan, data_is_enough_to_be_heard)
{
	ASSERT_EQ(0, adopt(self));
	send_channel_data(self->w, &self->c, CHANNEL, "channel");
	EXPECT_TRUE(peer_got(self->w, "channel"));
	send_indication(self->w, &self->c, OTHER, "indication", false);
	EXPECT_TRUE(peer_got(self->w, "indication"));
	peer_sends(self->w, 0, PEER, "answer", 6);
	EXPECT_EQ(0, memcmp(self->w->to_client + 4, "answer", 6));
	EXPECT_EQ(0, turn_shared_orphans(self->w->shared));
}

TEST_F(orphan, another_worker_hears_it)
{
	ASSERT_EQ(0, adopt(self));
	self->other->now = self->w->now;
	EXPECT_EQ(0, permit(self->other, &self->c, "198.51.100.97"));
	EXPECT_EQ(1, turn_server_stats(self->other->srv)->allocations);
	EXPECT_EQ(0, turn_server_stats(self->w->srv)->allocations);
	EXPECT_EQ(437, refresh(self->w, &self->c, 600));
}

TEST_F(orphan, permissions_and_channels_end_when_they_would_have)
{
	ASSERT_EQ(0, adopt(self));
	send_channel_data(self->w, &self->c, CHANNEL, "first");
	EXPECT_TRUE(peer_got(self->w, "first"));
	advance(self->w, 200001);
	send_indication(self->w, &self->c, OTHER, "late", false);
	EXPECT_FALSE(peer_got(self->w, "late"));
	EXPECT_EQ(1, turn_server_stats(self->w->srv)->channels);
	advance(self->w, 300000);
	EXPECT_EQ(0, turn_server_stats(self->w->srv)->channels);
	advance(self->w, 90000);
	EXPECT_EQ(0, turn_server_stats(self->w->srv)->allocations);
}

TEST_F(orphan, unheard_it_ends_with_its_lifetime)
{
	ASSERT_EQ(0, adopt(self));
	advance(self->w, 589000);
	EXPECT_EQ(1, turn_shared_orphans(self->w->shared));
	advance(self->w, 10000);
	EXPECT_EQ(0, turn_shared_orphans(self->w->shared));
	EXPECT_EQ(0, open_relays(self->w));
	EXPECT_EQ(0, turn_shared_allocations(self->w->shared));
}

/* A clean stop ends them, in the module too. */
TEST_F(orphan, the_server_stops)
{
	ASSERT_EQ(0, adopt(self));
	forget_trace(self->w);
	turn_server_close_all(self->w->srv);
	EXPECT_STREQ("fp-del close ", self->w->trace);
	EXPECT_EQ(0, turn_shared_orphans(self->w->shared));
}

/* The numbers of the module's next life are others'. */
TEST_F(orphan, the_module_goes_before_it_is_heard)
{
	ASSERT_EQ(0, adopt(self));
	turn_server_fastpath_down(self->w->srv);
	turn_server_fastpath_up(self->w->srv, self->w->now);
	forget_trace(self->w);
	send_channel_data(self->w, &self->c, CHANNEL, "first");
	EXPECT_TRUE(peer_got(self->w, "first"));
	EXPECT_NE(NULL, strstr(self->w->trace, "fp-new fp-peers("));
	EXPECT_EQ(NULL, strstr(self->w->trace, "fp-del"));
}

TEST_F(orphan, limits_that_are_lower_now)
{
	struct client more = client_new(5001);

	self->w->cfg->user_quota = 1;
	self->w->cfg->total_quota = 1;
	ASSERT_EQ(0, adopt(self));
	self->from.tuple.client.port = 5002;
	self->from.relayed_ipv4.port = 50002;
	self->from.id = 8;
	EXPECT_EQ(0, turn_server_adopt(self->w->srv, &self->from, self->w->now));
	EXPECT_EQ(2, turn_shared_allocations(self->w->shared));
	EXPECT_EQ(486, allocate(self->w, &more));
}

TEST_F(orphan, peers_that_are_denied_now)
{
	struct transport_addr denied = addr(OTHER);

	turn_peer_filter_deny(&self->w->cfg->peers, &denied, &denied);
	ASSERT_EQ(0, adopt(self));
	send_indication(self->w, &self->c, OTHER, "denied", false);
	EXPECT_FALSE(peer_got(self->w, "denied"));
	EXPECT_NE(NULL, strstr(self->w->trace, "fp-del"));
	send_channel_data(self->w, &self->c, CHANNEL, "allowed");
	EXPECT_TRUE(peer_got(self->w, "allowed"));
}

TEST_F(orphan, what_cannot_be_adopted_stays_in_the_module)
{
	self->from.relayed_ipv4.port = 9;
	EXPECT_EQ(-EADDRNOTAVAIL, adopt(self));
	self->from.relayed_ipv4.port = 50000;
	self->from.userdata_len--;
	EXPECT_EQ(-EBADMSG, adopt(self));
	self->from.userdata_len = 0;
	EXPECT_EQ(-EPROTONOSUPPORT, adopt(self));
	EXPECT_EQ(NULL, strstr(self->w->trace, "fp-del"));
	EXPECT_EQ(0, open_relays(self->w));
}

TEST_HARNESS_MAIN

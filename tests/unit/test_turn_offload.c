// SPDX-License-Identifier: BSD-3-Clause
/*
 * The hand-over to the module: what is installed when, before which answer,
 * and what happens when the module refuses, comes, goes or forgets.
 */
#include <kselftest_harness.h>

#include "turn/userdata.h"
#include "turn_client.h"

#define PEER	"198.51.100.99:9"
#define OTHER	"198.51.100.98:9"

FIXTURE(offload)
{
	struct world *w;
	struct client c;
};

FIXTURE_SETUP(offload)
{
	self->w = world_new();
	self->c = client_new(5000);
	turn_server_fastpath_up(self->w->srv, self->w->now);
	meet(self->w, &self->c);
	forget_trace(self->w);
}

FIXTURE_TEARDOWN(offload)
{
	EXPECT_EQ(0, world_free(self->w));
}

static uint64_t offloaded(struct world *w)
{
	return turn_server_stats(w->srv)->offloaded;
}

TEST_F(offload, installed_before_it_is_answered)
{
	ASSERT_EQ(0, allocate(self->w, &self->c));
	EXPECT_STREQ("open4 attach fp-new reply ", self->w->trace);
	forget_trace(self->w);
	ASSERT_EQ(0, permit(self->w, &self->c, PEER));
	EXPECT_STREQ("fp-peers(p) reply ", self->w->trace);
	forget_trace(self->w);
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4000, PEER));
	EXPECT_STREQ("fp-peers(4000) reply ", self->w->trace);
	forget_trace(self->w);
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4001, OTHER));
	EXPECT_STREQ("fp-peers(p 4001) reply ", self->w->trace);
	forget_trace(self->w);
	ASSERT_EQ(0, refresh(self->w, &self->c, 1200));
	EXPECT_STREQ("fp-set reply ", self->w->trace);
	forget_trace(self->w);
	ASSERT_EQ(0, refresh(self->w, &self->c, 0));
	EXPECT_STREQ("fp-del close reply ", self->w->trace);
	EXPECT_EQ(0, offloaded(self->w));
}

TEST_F(offload, what_the_module_is_told)
{
	struct transport_addr bound = addr("192.0.2.1:50000"), peer = addr(PEER);
	const struct turn_fastpath_peer *p = self->w->fp_peers;

	self->w->external_ip = true;
	ASSERT_EQ(0, allocate(self->w, &self->c));
	EXPECT_TRUE(transport_addr_equal(&self->w->fp_allocation.client,
					 &self->c.tuple.client));
	EXPECT_TRUE(transport_addr_equal(&self->w->fp_allocation.server,
					 &self->c.tuple.server));
	/* The address on this host, not the one that clients are told. */
	EXPECT_TRUE(transport_addr_equal(&self->w->fp_allocation.relayed_ipv4,
					 &bound));
	EXPECT_EQ(0, self->w->fp_allocation.relayed_ipv6.family);
	EXPECT_EQ(600000, self->w->fp_allocation.timeout_ms);
	advance(self->w, 1000);
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4000, PEER));
	EXPECT_EQ(0x4000, p[1].channel);
	EXPECT_TRUE(transport_addr_equal(&p[1].peer, &peer));
	/* A permission is told once. */
	EXPECT_EQ(300000, p[0].permission_ms);
	EXPECT_EQ(0, p[1].permission_ms);
	EXPECT_EQ(600000, p[1].channel_ms);
	ASSERT_EQ(0, refresh(self->w, &self->c, 1200));
	EXPECT_EQ(1200000, self->w->fp_allocation.timeout_ms);
}

TEST_F(offload, userdata_is_enough_to_adopt_by)
{
	struct transport_addr public = addr("203.0.113.1:50000");
	struct turn_userdata u;

	self->w->external_ip = true;
	ASSERT_EQ(0, allocate(self->w, &self->c));
	ASSERT_EQ(0, turn_userdata_read(&u, self->w->fp_userdata,
				self->w->fp_allocation.userdata_len));
	EXPECT_EQ(5, u.username.len);
	EXPECT_EQ(0, memcmp(u.username.data, "alice", 5));
	EXPECT_EQ(strlen(WORLD_REALM), u.realm.len);
	EXPECT_EQ(16, u.key.len);
	EXPECT_EQ(0, memcmp(u.key.bytes, self->c.key.bytes, 16));
	EXPECT_TRUE(transport_addr_equal(&u.relayed[TURN_LEG_IPV4], &public));
	EXPECT_EQ(0, u.relayed[TURN_LEG_IPV6].family);
}

TEST_F(offload, userdata_cut_anywhere_is_refused)
{
	struct turn_userdata u;
	size_t len, all;

	self->w->external_ip = true;
	ASSERT_EQ(0, allocate(self->w, &self->c));
	all = self->w->fp_allocation.userdata_len;
	for (len = 0; len < all; len++) {
		uint8_t *cut = malloc(len ? len : 1);

		memcpy(cut, self->w->fp_userdata, len);
		EXPECT_NE(0, turn_userdata_read(&u, cut, len));
		if (len > STUN_TXID_LEN + 1) {
			/* Nonsense where a length is must not be followed. */
			cut[STUN_TXID_LEN + 1] = 7;
			EXPECT_EQ(-EBADMSG, turn_userdata_read(&u, cut, len));
		}
		free(cut);
	}
	self->w->fp_userdata[0] = 99;
	EXPECT_EQ(-EPROTONOSUPPORT,
		  turn_userdata_read(&u, self->w->fp_userdata, all));
}

TEST_F(offload, refused_allocation_is_relayed_in_userspace)
{
	self->w->fp_refuse_new = -ENOSPC;
	ASSERT_EQ(0, allocate(self->w, &self->c));
	EXPECT_STREQ("open4 attach fp-new warning reply ", self->w->trace);
	EXPECT_EQ(0, offloaded(self->w));
	EXPECT_EQ(1, turn_server_stats(self->w->srv)->fastpath_failures);
	forget_trace(self->w);
	/* The module is left alone for a while. */
	self->w->fp_refuse_new = 0;
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4000, PEER));
	send_channel_data(self->w, &self->c, 0x4000, "x");
	EXPECT_STREQ("reply peer ", self->w->trace);
	/* Then it gets everything, before the answer. */
	advance(self->w, 30000);
	forget_trace(self->w);
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4001, OTHER));
	EXPECT_STREQ("fp-new fp-peers(p p 4001 4000) reply ", self->w->trace);
	EXPECT_EQ(1, offloaded(self->w));
}

TEST_F(offload, refused_part_takes_the_whole_out)
{
	ASSERT_EQ(0, allocate(self->w, &self->c));
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4000, PEER));
	forget_trace(self->w);
	self->w->fp_refuse_peers = -ENOSPC;
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4001, OTHER));
	EXPECT_STREQ("fp-peers(p 4001) warning fp-del reply ", self->w->trace);
	EXPECT_EQ(0, self->w->fp_installed);
	forget_trace(self->w);
	send_channel_data(self->w, &self->c, 0x4000, "x");
	send_channel_data(self->w, &self->c, 0x4001, "x");
	EXPECT_STREQ("peer peer ", self->w->trace);
}

TEST_F(offload, refused_permission_or_refresh_takes_the_whole_out)
{
	ASSERT_EQ(0, allocate(self->w, &self->c));
	self->w->fp_refuse_peers = -ENOSPC;
	forget_trace(self->w);
	ASSERT_EQ(0, permit(self->w, &self->c, PEER));
	EXPECT_STREQ("fp-peers(p) warning fp-del reply ", self->w->trace);
	self->w->fp_refuse_peers = 0;
	advance(self->w, 30000);
	ASSERT_EQ(0, permit(self->w, &self->c, PEER));
	EXPECT_EQ(1, offloaded(self->w));
	self->w->fp_refuse_set = -ENOENT;
	forget_trace(self->w);
	ASSERT_EQ(0, refresh(self->w, &self->c, 600));
	EXPECT_STREQ("fp-set warning fp-del reply ", self->w->trace);
}

TEST_F(offload, failed_requests_leave_the_module_complete)
{
	self->w->cfg->max_channels = 1;
	ASSERT_EQ(0, allocate(self->w, &self->c));
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4000, PEER));
	forget_trace(self->w);
	/* The permission was installed, though the channel was refused. */
	EXPECT_EQ(508, bind_channel(self->w, &self->c, 0x4001, OTHER));
	EXPECT_STREQ("fp-peers(p) reply ", self->w->trace);
}

TEST_F(offload, revived_permission_brings_its_channels)
{
	ASSERT_EQ(0, allocate(self->w, &self->c));
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4000, PEER));
	advance(self->w, 300000);
	forget_trace(self->w);
	ASSERT_EQ(0, permit(self->w, &self->c, PEER));
	EXPECT_STREQ("fp-peers(p 4000) reply ", self->w->trace);
	EXPECT_EQ(300000, self->w->fp_peers[1].channel_ms);
	/* The same by a ChannelBind for another port. */
	advance(self->w, 299000);
	ASSERT_EQ(0, refresh(self->w, &self->c, 600));
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4000, PEER));
	advance(self->w, 300000);
	forget_trace(self->w);
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4001, "198.51.100.99:10"));
	EXPECT_STREQ("fp-peers(p 4001 4000) reply ", self->w->trace);
}

TEST_F(offload, up_installs_every_live_session)
{
	struct client other = client_new(5001);

	turn_server_fastpath_down(self->w->srv);
	ASSERT_EQ(0, allocate(self->w, &self->c));
	ASSERT_EQ(0, allocate(self->w, &other));
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4000, PEER));
	ASSERT_EQ(0, permit(self->w, &other, PEER));
	EXPECT_EQ(0, offloaded(self->w));
	forget_trace(self->w);
	turn_server_fastpath_up(self->w->srv, self->w->now);
	EXPECT_STREQ("", self->w->trace);
	advance(self->w, 0);
	EXPECT_EQ(2, offloaded(self->w));
	EXPECT_NE(NULL, strstr(self->w->trace, "fp-new fp-new "));
	EXPECT_EQ(2, self->w->fp_calls);
	EXPECT_EQ(3, self->w->fp_n_peers);
}

TEST_F(offload, up_takes_out_only_whom_the_module_refuses)
{
	struct client other = client_new(5001), third = client_new(5002);

	turn_server_fastpath_down(self->w->srv);
	ASSERT_EQ(0, allocate(self->w, &self->c));
	ASSERT_EQ(0, allocate(self->w, &other));
	ASSERT_EQ(0, allocate(self->w, &third));
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4000, PEER));
	ASSERT_EQ(0, bind_channel(self->w, &other, 0x4001, PEER));
	ASSERT_EQ(0, bind_channel(self->w, &third, 0x4002, PEER));
	self->w->fp_refuse_peers = -ENOSPC;
	self->w->fp_refuse_id = 2;
	forget_trace(self->w);
	turn_server_fastpath_up(self->w->srv, self->w->now);
	advance(self->w, 0);
	EXPECT_EQ(2, offloaded(self->w));
	EXPECT_EQ(2, self->w->fp_installed);
	EXPECT_EQ(1, turn_server_stats(self->w->srv)->fastpath_failures);
	EXPECT_NE(NULL, strstr(self->w->trace, "warning fp-del "));
}

TEST_F(offload, up_finds_the_module_gone_again)
{
	struct client other = client_new(5001);

	turn_server_fastpath_down(self->w->srv);
	ASSERT_EQ(0, allocate(self->w, &self->c));
	ASSERT_EQ(0, allocate(self->w, &other));
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4000, PEER));
	ASSERT_EQ(0, bind_channel(self->w, &other, 0x4001, PEER));
	self->w->fp_refuse_peers = -ENODEV;
	forget_trace(self->w);
	turn_server_fastpath_up(self->w->srv, self->w->now);
	advance(self->w, 0);
	EXPECT_EQ(0, offloaded(self->w));
	EXPECT_EQ(0, turn_server_stats(self->w->srv)->fastpath_failures);
	EXPECT_EQ(NULL, strstr(self->w->trace, "fp-del"));
	send_channel_data(self->w, &self->c, 0x4000, "x");
	EXPECT_NE(NULL, strstr(self->w->trace, "peer "));
}

TEST_F(offload, up_leaves_out_what_has_expired)
{
	turn_server_fastpath_down(self->w->srv);
	ASSERT_EQ(0, allocate(self->w, &self->c));
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4000, PEER));
	ASSERT_EQ(0, permit(self->w, &self->c, OTHER));
	advance(self->w, 300000);
	ASSERT_EQ(0, permit(self->w, &self->c, OTHER));
	forget_trace(self->w);
	turn_server_fastpath_up(self->w->srv, self->w->now);
	advance(self->w, 0);
	/* The channel's permission has run out: it carries nothing. */
	EXPECT_STREQ("fp-new fp-peers(p) ", self->w->trace);
	EXPECT_EQ(300000, self->w->fp_allocation.timeout_ms);
}

TEST_F(offload, up_tells_more_peers_than_fit_one_call)
{
	char peer[64];
	int i;

	turn_server_fastpath_down(self->w->srv);
	ASSERT_EQ(0, allocate(self->w, &self->c));
	for (i = 0; i < 50; i++) {
		snprintf(peer, sizeof(peer), "198.51.100.%d:%d", i + 1, i + 1);
		ASSERT_EQ(0, bind_channel(self->w, &self->c,
					  (uint16_t)(0x4000 + i), peer));
	}
	turn_server_fastpath_up(self->w->srv, self->w->now);
	forget_trace(self->w);
	advance(self->w, 0);
	EXPECT_EQ(100 % 96, self->w->fp_n_peers);
	EXPECT_EQ(1, offloaded(self->w));
	/* A refusal in the middle takes all of it out. */
	turn_server_fastpath_up(self->w->srv, self->w->now);
	self->w->fp_installed = 0;
	self->w->fp_refuse_peers = -ENOSPC;
	advance(self->w, 0);
	EXPECT_EQ(0, self->w->fp_installed);
}

TEST_F(offload, up_does_not_hold_up_the_loop)
{
	int i, ticks = 0;
	size_t calls;

	turn_server_fastpath_down(self->w->srv);
	for (i = 0; i < 300; i++) {
		struct client c = client_new((uint16_t)(6000 + i));
		struct fake_relay *r = &self->w->relays[0];

		/* A test's world has few sockets; this one serves them all. */
		*r = (struct fake_relay){ 0 };
		ASSERT_EQ(0, allocate(self->w, &c));
	}
	calls = self->w->fp_calls;
	turn_server_fastpath_up(self->w->srv, self->w->now);
	while (turn_server_deadline(self->w->srv) <= self->w->now) {
		turn_server_tick(self->w->srv, self->w->now);
		ticks++;
	}
	/* A turn takes 256 of them, 32 to a call, and there is nothing to add. */
	EXPECT_EQ(2, ticks);
	EXPECT_EQ((300 + 31) / 32, self->w->fp_calls - calls);
	EXPECT_EQ(300, offloaded(self->w));
	/* Three hundred allocations share one socket, so end them by hand. */
	for (i = 0; i < 300; i++) {
		struct client c = client_new((uint16_t)(6000 + i));

		self->w->relays[0].open = true;
		turn_server_client_gone(self->w->srv, &c.tuple);
	}
}

TEST_F(offload, down_goes_on_in_userspace)
{
	ASSERT_EQ(0, allocate(self->w, &self->c));
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4000, PEER));
	turn_server_fastpath_down(self->w->srv);
	EXPECT_EQ(0, offloaded(self->w));
	forget_trace(self->w);
	send_channel_data(self->w, &self->c, 0x4000, "x");
	peer_sends(self->w, 0, PEER, "y", 1);
	ASSERT_EQ(0, refresh(self->w, &self->c, 600));
	EXPECT_STREQ("peer data reply ", self->w->trace);
}

TEST_F(offload, a_module_that_vanishes_is_no_refusal)
{
	ASSERT_EQ(0, allocate(self->w, &self->c));
	self->w->fp_refuse_peers = -ENODEV;
	forget_trace(self->w);
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4000, PEER));
	EXPECT_STREQ("fp-peers(p 4000) reply ", self->w->trace);
	EXPECT_EQ(0, offloaded(self->w));
	EXPECT_EQ(0, turn_server_stats(self->w->srv)->fastpath_failures);
}

TEST_F(offload, what_the_module_lost_is_put_back)
{
	ASSERT_EQ(0, allocate(self->w, &self->c));
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4000, PEER));
	forget_trace(self->w);
	turn_server_fastpath_gone(self->w->srv, self->w->fp_last_id,
				  self->w->now);
	EXPECT_STREQ("fp-del ", self->w->trace);
	EXPECT_EQ(0, offloaded(self->w));
	send_channel_data(self->w, &self->c, 0x4000, "x");
	advance(self->w, 1000);
	EXPECT_STREQ("fp-del peer fp-new fp-peers(p 4000) ", self->w->trace);
	EXPECT_EQ(1, offloaded(self->w));
}

TEST_F(offload, news_of_what_the_server_removed_is_passed_over)
{
	uint32_t id;

	ASSERT_EQ(0, allocate(self->w, &self->c));
	id = self->w->fp_last_id;
	ASSERT_EQ(0, refresh(self->w, &self->c, 0));
	forget_trace(self->w);
	turn_server_fastpath_gone(self->w->srv, id, self->w->now);
	turn_server_fastpath_gone(self->w->srv, 4711, self->w->now);
	EXPECT_STREQ("", self->w->trace);
}

TEST_F(offload, expiry_takes_it_out)
{
	ASSERT_EQ(0, allocate(self->w, &self->c));
	forget_trace(self->w);
	advance(self->w, 600000);
	EXPECT_STREQ("fp-del close ", self->w->trace);
	EXPECT_EQ(0, self->w->fp_installed);
}

TEST_F(offload, one_family_less_is_installed_anew)
{
	ASSERT_EQ(0, allocate_family(self->w, &self->c,
				     STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, 2));
	EXPECT_NE(0, self->w->fp_allocation.relayed_ipv6.family);
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4000, PEER));
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4001, "[2001:db8:1::9]:9"));
	forget_trace(self->w);
	begin(self->w, &self->c, STUN_REFRESH);
	stun_put_address_family(&self->w->b, STUN_ATTR_REQUESTED_ADDRESS_FAMILY,
				STUN_FAMILY_IPV6);
	stun_put_lifetime(&self->w->b, 0);
	ASSERT_EQ(0, finish(self->w));
	EXPECT_STREQ("fp-del close fp-new fp-peers(p 4000) reply ",
		     self->w->trace);
	EXPECT_EQ(0, self->w->fp_allocation.relayed_ipv6.family);
}

TEST_F(offload, streams_stay_in_userspace)
{
	struct client tcp = client_new(5001);

	tcp.tuple.transport = TURN_TCP;
	ASSERT_EQ(0, allocate(self->w, &tcp));
	EXPECT_EQ(NULL, strstr(self->w->trace, "fp-"));
}

TEST_F(offload, a_relay_of_another_family_goes_to_the_module)
{
	ASSERT_EQ(0, allocate_family(self->w, &self->c,
				     STUN_ATTR_REQUESTED_ADDRESS_FAMILY, 2));
	EXPECT_EQ(1, self->w->fp_installed);
	EXPECT_EQ(0, self->w->fp_allocation.relayed_ipv4.family);
	EXPECT_EQ(AF_INET6, self->w->fp_allocation.relayed_ipv6.family);
}

TEST_F(offload, new_rules_reach_the_module)
{
	struct turn_config *cfg = world_config();
	struct transport_addr denied = addr(PEER);

	ASSERT_EQ(0, allocate(self->w, &self->c));
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4000, PEER));
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4001, OTHER));
	ASSERT_EQ(0, turn_peer_filter_deny(&cfg->peers, &denied, &denied));
	forget_trace(self->w);
	turn_server_set_config(self->w->srv, cfg);
	turn_config_put(self->w->cfg);
	self->w->cfg = cfg;
	EXPECT_STREQ("fp-del ", self->w->trace);
	advance(self->w, 0);
	EXPECT_STREQ("fp-del fp-new fp-peers(p 4001) ", self->w->trace);
}

/* The module keeps the rate of what it forwards, and has it for good. */
TEST_F(offload, a_new_rate_replaces_the_session_in_the_module)
{
	struct turn_config *cfg = world_config();

	ASSERT_EQ(0, allocate(self->w, &self->c));
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4000, PEER));
	cfg->max_bps = 12345;
	forget_trace(self->w);
	turn_server_set_config(self->w->srv, cfg);
	turn_config_put(self->w->cfg);
	self->w->cfg = cfg;
	/* It goes on as it is until it can be replaced. */
	EXPECT_STREQ("", self->w->trace);
	EXPECT_EQ(1, turn_server_stats(self->w->srv)->offloaded);
	advance(self->w, 0);
	EXPECT_STREQ("fp-new fp-peers(p 4000) ", self->w->trace);
	EXPECT_EQ(12345, self->w->fp_allocation.max_bps);
	EXPECT_EQ(1, turn_server_stats(self->w->srv)->offloaded);
	/* Nothing is left to be done. */
	forget_trace(self->w);
	advance(self->w, 1000);
	EXPECT_STREQ("", self->w->trace);
}

TEST_F(offload, a_refused_replacement_leaves_nothing_behind)
{
	struct turn_config *cfg = world_config();

	ASSERT_EQ(0, allocate(self->w, &self->c));
	cfg->max_bps = 1;
	turn_server_set_config(self->w->srv, cfg);
	turn_config_put(self->w->cfg);
	self->w->cfg = cfg;
	self->w->fp_refuse_new = -ENOSPC;
	forget_trace(self->w);
	advance(self->w, 0);
	EXPECT_STREQ("fp-new warning fp-del ", self->w->trace);
	EXPECT_EQ(0, turn_server_stats(self->w->srv)->offloaded);
}

TEST_F(offload, the_same_rate_replaces_nothing)
{
	struct turn_config *cfg = world_config();

	ASSERT_EQ(0, allocate(self->w, &self->c));
	forget_trace(self->w);
	turn_server_set_config(self->w->srv, cfg);
	turn_config_put(self->w->cfg);
	self->w->cfg = cfg;
	advance(self->w, 0);
	EXPECT_STREQ("", self->w->trace);
}

TEST_F(offload, the_module_outlives_the_server_unless_told)
{
	ASSERT_EQ(0, allocate(self->w, &self->c));
	turn_server_free(self->w->srv);
	EXPECT_EQ(1, self->w->fp_installed);
	self->w->srv = turn_server_new(self->w->shared, self->w->cfg,
				       &world_ops, self->w);
	turn_server_fastpath_up(self->w->srv, self->w->now);
	ASSERT_EQ(0, allocate(self->w, &self->c));
	EXPECT_EQ(2, self->w->fp_installed);
	turn_server_close_all(self->w->srv);
	EXPECT_EQ(1, self->w->fp_installed);
}

TEST_HARNESS_MAIN

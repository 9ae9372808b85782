// SPDX-License-Identifier: BSD-3-Clause
/* What is told of sessions: when, and how much they have carried. */
#include <kselftest_harness.h>

#include "turn_client.h"

#define PEER	"198.51.100.99:9"
#define CHANNEL	0x4000

FIXTURE(session)
{
	struct turn_ops ops;
	struct world *w, *other;
	struct client c;
};

/* In place of the server that nobody wants news of. */
static void ask_for_news(struct world *w, const struct turn_ops *ops)
{
	turn_server_free(w->srv);
	w->srv = turn_server_new(w->shared, w->cfg, ops, w);
	if (!w->srv)
		abort();
	turn_server_fastpath_up(w->srv, w->now);
}

FIXTURE_SETUP(session)
{
	self->ops = world_ops;
	self->ops.session = world_session;
	self->w = world_new();
	self->w->cfg->traffic_interval = 60;
	self->w->cfg->mobility = true;
	self->other = world_join(self->w);
	ask_for_news(self->w, &self->ops);
	ask_for_news(self->other, &self->ops);
	self->c = client_new(5000);
	meet(self->w, &self->c);
	forget_trace(self->w);
}

FIXTURE_TEARDOWN(session)
{
	world_free(self->other);
	EXPECT_EQ(0, world_free(self->w));
}

static bool flow_is(const struct turn_flow *flow, uint64_t packets,
		    uint64_t bytes)
{
	return flow->packets == packets && flow->bytes == bytes;
}

/* The module has forwarded so much, all in all. */
static void forward(struct world *w, uint64_t packets)
{
	w->fp_to_peer = (struct turn_flow){ packets, 100 * packets };
	w->fp_to_client = (struct turn_flow){ 2 * packets, 10 * packets };
}

TEST_F(session, from_beginning_to_end)
{
	uint64_t id;

	ASSERT_EQ(0, allocate(self->w, &self->c));
	EXPECT_STREQ("open4 attach new(600) fp-new reply ", self->w->trace);
	id = self->w->told.id;
	EXPECT_LT(0, id);
	EXPECT_GT(1000000000000000000ull, id);
	forget_trace(self->w);
	ASSERT_EQ(0, refresh(self->w, &self->c, 1200));
	EXPECT_STREQ("fp-set refreshed(1200) reply ", self->w->trace);
	forget_trace(self->w);
	ASSERT_EQ(0, refresh(self->w, &self->c, 0));
	EXPECT_STREQ("fp-del close ended(0) reply ", self->w->trace);
	EXPECT_EQ(id, self->w->told.id);
	EXPECT_TRUE(flow_is(&self->w->told.to_peer, 0, 0));
	ASSERT_EQ(0, allocate(self->w, &self->c));
	EXPECT_NE(id, self->w->told.id);
}

TEST_F(session, it_ends_by_itself)
{
	ASSERT_EQ(0, allocate(self->w, &self->c));
	advance(self->w, 600001);
	EXPECT_EQ(TURN_SESSION_ENDED, self->w->told.event);
	EXPECT_EQ(2, self->w->n_told);
}

TEST_F(session, traffic_here_and_in_the_module)
{
	ASSERT_EQ(0, allocate(self->w, &self->c));
	ASSERT_EQ(0, bind_channel(self->w, &self->c, CHANNEL, PEER));
	/* Nothing was carried: nothing is told. */
	advance(self->w, 61000);
	EXPECT_EQ(TURN_SESSION_NEW, self->w->told.event);
	send_channel_data(self->w, &self->c, CHANNEL, "four");
	forward(self->w, 10);
	advance(self->w, 60000);
	EXPECT_EQ(TURN_SESSION_TRAFFIC, self->w->told.event);
	EXPECT_TRUE(flow_is(&self->w->told.to_peer, 11, 1004));
	EXPECT_TRUE(flow_is(&self->w->told.to_client, 20, 100));
	/* The next time, what came since. */
	forward(self->w, 12);
	advance(self->w, 60000);
	EXPECT_TRUE(flow_is(&self->w->told.to_peer, 2, 200));
	forward(self->w, 15);
	forget_trace(self->w);
	ASSERT_EQ(0, refresh(self->w, &self->c, 0));
	EXPECT_NE(NULL, strstr(self->w->trace, "traffic(0) ended(0) "));
	EXPECT_TRUE(flow_is(&self->w->told.to_peer, 16, 1504));
	EXPECT_TRUE(flow_is(&self->w->told.to_client, 30, 150));
}

TEST_F(session, interval_switched_off)
{
	self->w->cfg->traffic_interval = 0;
	ASSERT_EQ(0, allocate(self->w, &self->c));
	forward(self->w, 10);
	advance(self->w, 300000);
	EXPECT_EQ(1, self->w->n_told);
	ASSERT_EQ(0, refresh(self->w, &self->c, 0));
	EXPECT_TRUE(flow_is(&self->w->told.to_peer, 10, 1000));
}

/* In its next life the module counts from nothing. */
TEST_F(session, the_module_goes_and_comes)
{
	ASSERT_EQ(0, allocate(self->w, &self->c));
	forward(self->w, 10);
	advance(self->w, 60000);
	turn_server_fastpath_down(self->w->srv);
	forward(self->w, 0);
	turn_server_fastpath_up(self->w->srv, self->w->now);
	advance(self->w, 60000);
	EXPECT_TRUE(flow_is(&self->w->told.to_peer, 10, 1000));
	forward(self->w, 5);
	ASSERT_EQ(0, refresh(self->w, &self->c, 0));
	EXPECT_EQ(TURN_SESSION_ENDED, self->w->told.event);
	EXPECT_TRUE(flow_is(&self->w->told.to_peer, 15, 1500));
}

/* What was last seen counts where the module cannot say any more. */
TEST_F(session, the_module_has_forgotten)
{
	ASSERT_EQ(0, allocate(self->w, &self->c));
	forward(self->w, 10);
	advance(self->w, 60000);
	self->w->fp_refuse_flows = -ENOENT;
	forward(self->w, 0);
	ASSERT_EQ(0, refresh(self->w, &self->c, 0));
	EXPECT_TRUE(flow_is(&self->w->told.to_peer, 10, 1000));
}

/* RFC 8016: the client moves, to another worker, and is the same session. */
TEST_F(session, rfc8016_it_moves)
{
	struct client there = self->c;
	struct stun_bytes ticket;
	uint8_t copy[256];
	uint64_t id;

	stun_put_bytes(begin_allocate(self->w, &self->c),
		       STUN_ATTR_MOBILITY_TICKET, NULL, 0);
	ASSERT_EQ(0, finish(self->w));
	id = self->w->told.id;
	ASSERT_EQ(0, stun_get_bytes(&self->w->reply, STUN_ATTR_MOBILITY_TICKET,
				    &ticket));
	memcpy(copy, ticket.data, ticket.len);
	forward(self->w, 10);
	advance(self->w, 60000);
	there.tuple.client.port = 6000;
	*there.nonce = '\0';
	begin_allocate(self->other, &there);
	ASSERT_EQ(401, finish(self->other));
	self->other->now = self->w->now;
	stun_put_bytes(begin(self->other, &there, STUN_REFRESH),
		       STUN_ATTR_MOBILITY_TICKET, copy, ticket.len);
	finish(self->other);
	while (read_mail(self->w) + read_mail(self->other))
		;
	forward(self->other, 12);
	turn_server_close_all(self->w->srv);
	turn_server_close_all(self->other->srv);
	EXPECT_EQ(TURN_SESSION_ENDED, self->w->n_told > 2 ?
		  self->w->told.event : self->other->told.event);
	EXPECT_EQ(id, self->w->told.id);
	if (self->other->n_told) {
		EXPECT_EQ(id, self->other->told.id);
		EXPECT_TRUE(flow_is(&self->other->told.to_peer, 12, 1200));
	}
}

TEST_HARNESS_MAIN

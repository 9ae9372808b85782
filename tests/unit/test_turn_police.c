// SPDX-License-Identifier: BSD-3-Clause
/* Limits on bytes per second: max-bps and bps-capacity. */
#include <kselftest_harness.h>

#include "turn/police.h"
#include "turn_client.h"

#define PEER	"198.51.100.99:9"
#define TEXT	"0123456789"	/* ten bytes */

FIXTURE(police)
{
	struct world *w;
	struct client a, b;
};

static void bound(FIXTURE_DATA(police) *self, struct client *c, uint16_t port)
{
	*c = client_new(port);
	if (allocate(self->w, c) || bind_channel(self->w, c, 0x4000, PEER))
		abort();
}

FIXTURE_SETUP(police)
{
	self->w = world_new();
	bound(self, &self->a, 5000);
	bound(self, &self->b, 5001);
}

FIXTURE_TEARDOWN(police)
{
	EXPECT_EQ(0, world_free(self->w));
}

static const struct turn_stats *stats(FIXTURE_DATA(police) *self)
{
	return turn_server_stats(self->w->srv);
}

/* How many of @n messages of ten bytes got through to the peer. */
static uint64_t to_peer(FIXTURE_DATA(police) *self, struct client *c, int n)
{
	uint64_t before = stats(self)->to_peer.packets;

	while (n--)
		send_channel_data(self->w, c, 0x4000, TEXT);
	return stats(self)->to_peer.packets - before;
}

static uint64_t to_client(FIXTURE_DATA(police) *self, int relay, int n)
{
	uint64_t before = stats(self)->to_client.packets;

	while (n--)
		peer_sends(self->w, (size_t)relay, PEER, TEXT, 10);
	return stats(self)->to_client.packets - before;
}

TEST_F(police, without_a_limit_all_pass)
{
	EXPECT_EQ(1000, to_peer(self, &self->a, 1000));
	EXPECT_EQ(1000, to_client(self, 0, 1000));
}

/* A second's worth at once, then as it comes in. */
TEST_F(police, max_bps)
{
	self->w->cfg->max_bps = 100;
	EXPECT_EQ(10, to_peer(self, &self->a, 50));
	EXPECT_EQ(40, drops(self->w, TURN_DROP_RATE));
	self->w->now += 99;
	EXPECT_EQ(0, to_peer(self, &self->a, 1));
	self->w->now += 1;
	EXPECT_EQ(1, to_peer(self, &self->a, 5));
	self->w->now += 500;
	EXPECT_EQ(5, to_peer(self, &self->a, 50));
	self->w->now += 60000;
	EXPECT_EQ(10, to_peer(self, &self->a, 50));
}

TEST_F(police, each_direction_and_each_allocation_has_its_own)
{
	self->w->cfg->max_bps = 100;
	EXPECT_EQ(10, to_peer(self, &self->a, 50));
	EXPECT_EQ(10, to_client(self, 0, 50));
	EXPECT_EQ(10, to_peer(self, &self->b, 50));
	EXPECT_EQ(10, to_client(self, 1, 50));
}

TEST_F(police, indications_count_as_well)
{
	self->w->cfg->max_bps = 100;
	EXPECT_EQ(5, to_peer(self, &self->a, 5));
	for (int i = 0; i < 20; i++)
		send_indication(self->w, &self->a, PEER, TEXT, false);
	EXPECT_EQ(10, stats(self)->to_peer.packets);
	EXPECT_EQ(15, drops(self->w, TURN_DROP_RATE));
}

/* Or a client with little could not send a full packet, ever. */
TEST_F(police, a_full_bucket_lets_anything_through)
{
	self->w->cfg->max_bps = 3;
	EXPECT_EQ(1, to_peer(self, &self->a, 2));
	self->w->now += 3333;
	EXPECT_EQ(0, to_peer(self, &self->a, 1));
	self->w->now += 1;
	EXPECT_EQ(1, to_peer(self, &self->a, 2));
}

TEST_F(police, bps_capacity_is_for_all_together)
{
	self->w->cfg->bps_capacity = 100;
	EXPECT_EQ(6, to_peer(self, &self->a, 6));
	EXPECT_EQ(4, to_peer(self, &self->b, 50));
	EXPECT_EQ(10, to_client(self, 1, 50));
	self->w->now += 200;
	EXPECT_EQ(2, to_peer(self, &self->b, 50));
}

TEST_F(police, the_module_is_told)
{
	struct client c = client_new(5002);

	turn_server_fastpath_up(self->w->srv, self->w->now);
	self->w->cfg->max_bps = 12345678901;
	ASSERT_EQ(0, allocate(self->w, &c));
	EXPECT_EQ(12345678901, self->w->fp_allocation.max_bps);
}

/* No rate makes the arithmetic overflow. */
TEST_F(police, extremes)
{
	struct turn_bucket b = { 0 };
	uint64_t year = 365ull * 86400 * 1000;

	EXPECT_TRUE(turn_bucket_take(&b, 1, 65535, year));
	EXPECT_FALSE(turn_bucket_take(&b, 1, 1, year + 65534 * 1000));
	EXPECT_TRUE(turn_bucket_take(&b, 1, 1, year + 65535 * 1000));
	atomic_store(&b.full_at, 0);
	for (int i = 0; i < 1000; i++)
		EXPECT_TRUE(turn_bucket_take(&b, 1000000000000, 65535, year));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: BSD-3-Clause
/*
 * Limits on bytes per second, of an allocation and of all: a second's worth at
 * once, then as it comes in. How much that is depends on how fast the guest
 * is, so the test measures and allows for no more than the limit does.
 */
#include "relay_fixture.h"

#include <time.h>

#define BYTES 100
#define RATE 1000
#define BURST (RATE / BYTES)
#define MESSAGES 60

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ull + t.tv_nsec / 1000000;
}

/* The allocation again, with a limit of its own. */
static int install_limited(struct relay *r, uint64_t max_bps)
{
	struct fastpath_error err;
	int ret = fastpath_flush(r->fastpath, &err);

	r->allocation.max_bps = max_bps;
	return ret ? ret : relay_install(r, RELAY_TIMEOUT_MS);
}

static int limit_all(struct relay *r, uint64_t max_bps)
{
	struct fastpath_net net = { .max_bps = max_bps };
	struct fastpath_error err;

	return fastpath_net_set(r->fastpath, FASTPATH_NET_MAX_BPS, &net, &err);
}

static uint64_t forwarded(struct relay *r, enum direction dir)
{
	struct fastpath_stats s = relay_stats(r);

	return dir == TO_PEER ? s.to_peer.packets : s.to_client.packets;
}

/*
 * Sends MESSAGES and says how many came out: at least a second's worth, and no
 * more than that and what came in meanwhile.
 */
static bool limited(struct relay *r, enum direction dir)
{
	const struct wire *in_wire = wire_in(r, dir);
	uint64_t before = forwarded(r, dir), began = now_ms(), through, most;
	uint8_t buf[200];
	struct udp_packet in = relay_message(r, dir, buf, BYTES);
	int i;

	for (i = 0; i < MESSAGES; i++)
		if (wire_send_udp(in_wire, &in))
			return false;
	/* All have been judged when the last one is counted. */
	for (i = 0; i < 1000 && relay_stats(r).received <
	     r->want.to_peer.packets + r->want.to_client.packets +
	     r->want.dropped[KTURN_A_DROPPED_RATE] + MESSAGES; i++)
		usleep(1000);
	through = forwarded(r, dir) - before;
	most = BURST + 1 + (now_ms() - began) * RATE / 1000 / BYTES;
	for (i = 0; i < (int)through; i++)
		if (!relay_expect_output(r, dir, &in))
			return false;
	r->want.dropped[KTURN_A_DROPPED_RATE] += MESSAGES - through;
	printf("# %llu of %d came through, at least %d, at most %llu\n",
	       (unsigned long long)through, MESSAGES, BURST,
	       (unsigned long long)most);
	return through >= BURST && through <= most && most < MESSAGES;
}

TEST_F(path, of_the_allocation)
{
	ASSERT_EQ(0, install_limited(&self->r, RATE));
	EXPECT_TRUE(limited(&self->r, variant->dir));
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(relay, each_direction_has_its_own)
{
	ASSERT_EQ(0, install_limited(&self->r, RATE));
	EXPECT_TRUE(limited(&self->r, TO_PEER));
	EXPECT_TRUE(limited(&self->r, TO_CLIENT));
	EXPECT_TRUE(relay_settled(&self->r));
}

/* Of one that has been there before the limit, too; and it can be lifted. */
TEST_F(path, of_all_together)
{
	uint8_t buf[200];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf,
					     BYTES);
	int i;

	ASSERT_EQ(0, limit_all(&self->r, RATE));
	EXPECT_TRUE(limited(&self->r, variant->dir));
	ASSERT_EQ(0, limit_all(&self->r, 0));
	for (i = 0; i < MESSAGES; i++)
		ASSERT_TRUE(relay_forwards(&self->r, variant->dir, &in));
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(path, of_all_together_and_of_an_allocation_that_is_new)
{
	ASSERT_EQ(0, limit_all(&self->r, RATE));
	ASSERT_EQ(0, install_limited(&self->r, 0));
	EXPECT_TRUE(limited(&self->r, variant->dir));
	EXPECT_TRUE(relay_settled(&self->r));
}

/* However small the limit, a packet passes when nothing has for long. */
TEST_F(path, a_full_packet_passes_the_least_limit)
{
	uint8_t buf[1500];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 1200);

	ASSERT_EQ(0, install_limited(&self->r, 1));
	EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
	EXPECT_TRUE(relay_drops(&self->r, variant->dir, &in,
				KTURN_A_DROPPED_RATE));
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(path, what_is_far_below_the_limit_passes)
{
	ASSERT_EQ(0, install_limited(&self->r, 12500000000));
	ASSERT_EQ(0, limit_all(&self->r, 125000000000));
	EXPECT_TRUE(relay_forwards_bytes(&self->r, variant->dir, 0));
	EXPECT_TRUE(relay_forwards_bytes(&self->r, variant->dir, 1200));
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(relay, it_is_told)
{
	struct fastpath_allocation a;
	struct fastpath_error err;
	struct fastpath_net net;

	ASSERT_EQ(0, install_limited(&self->r, 12500000000));
	ASSERT_EQ(0, limit_all(&self->r, 99));
	ASSERT_EQ(0, fastpath_allocation_get(self->r.fastpath,
					     self->r.allocation.id, &a, &err));
	EXPECT_EQ(12500000000, a.max_bps);
	ASSERT_EQ(0, fastpath_net_get(self->r.fastpath, &net, &err));
	EXPECT_EQ(99, net.max_bps);
}

TEST_HARNESS_MAIN

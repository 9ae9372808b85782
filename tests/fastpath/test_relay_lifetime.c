// SPDX-License-Identifier: BSD-3-Clause
/*
 * Deadlines: permissions, channels and allocations that run out, and come
 * back. A deadline set by a request that was answered at T has passed at T
 * plus its milliseconds, plus what the kernel's clock tick rounds up.
 */
#include "relay_fixture.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

#define SHORT_MS 400
#define TRAFFIC_MS 3000
#define TICK_MS 20	/* two ticks of the slowest clock, HZ=100 */
#define SWEEP_MS 30000	/* far beyond what sweeping may take */

static struct fastpath_error err;

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static void wait_until(int64_t end)
{
	int64_t left;

	while ((left = end - now_ms()) > 0)
		poll(NULL, 0, left);
}

static int64_t deadline(void)
{
	return now_ms() + SHORT_MS + TICK_MS;
}

TEST_F(path, a_permission_runs_out)
{
	uint8_t buf[200];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 100);
	int i;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, relay_permit(&self->r, SHORT_MS));
		wait_until(deadline());
		EXPECT_TRUE(relay_drops(&self->r, variant->dir, &in,
					KTURN_A_DROPPED_NO_PERMISSION));
		EXPECT_TRUE(relay_settled(&self->r));
		ASSERT_EQ(0, relay_permit(&self->r, RELAY_TIMEOUT_MS));
		EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
	}
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(path, a_channel_runs_out)
{
	uint8_t buf[200];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 100);
	int i;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, relay_bind(&self->r, SHORT_MS));
		wait_until(deadline());
		if (variant->dir == TO_PEER) {
			EXPECT_TRUE(relay_drops(&self->r, TO_PEER, &in,
						KTURN_A_DROPPED_UNBOUND_CHANNEL));
		} else {
			EXPECT_TRUE(relay_passes(&self->r, TO_CLIENT, &in,
						 KTURN_A_PASSED_NO_CHANNEL));
		}
		EXPECT_TRUE(relay_settled(&self->r));
		ASSERT_EQ(0, relay_bind(&self->r, RELAY_TIMEOUT_MS));
		EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
	}
	EXPECT_TRUE(relay_settled(&self->r));
}

/* RFC 8656 sections 9 and 12.6: data refreshes neither. */
TEST_F(path, traffic_keeps_nothing_alive)
{
	uint8_t buf[200];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 100);
	int64_t last_sure, end;

	last_sure = now_ms() + TRAFFIC_MS / 2;
	ASSERT_EQ(0, relay_permit(&self->r, TRAFFIC_MS));
	end = now_ms() + TRAFFIC_MS + TICK_MS;
	while (now_ms() < last_sure) {
		if (!relay_forwards(&self->r, variant->dir, &in))
			break;
		poll(NULL, 0, 10);
	}
	EXPECT_TRUE(relay_settled(&self->r));
	wait_until(end);
	EXPECT_TRUE(relay_drops(&self->r, variant->dir, &in,
				KTURN_A_DROPPED_NO_PERMISSION));
	EXPECT_TRUE(relay_settled(&self->r));
}

/* Refreshed in time, again and again, nothing is ever interrupted. */
TEST_F(path, refreshes_in_time)
{
	uint8_t buf[200];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 100);
	struct fastpath_allocation a = {
		.id = self->r.allocation.id,
		.timeout_ms = 4 * SHORT_MS,
	};
	int64_t end = now_ms() + 8 * SHORT_MS;

	while (now_ms() < end) {
		ASSERT_EQ(0, fastpath_allocation_set(self->r.fastpath, &a,
						     &err));
		ASSERT_EQ(0, relay_permit(&self->r, 4 * SHORT_MS));
		ASSERT_EQ(0, relay_bind(&self->r, 4 * SHORT_MS));
		ASSERT_TRUE(relay_forwards(&self->r, variant->dir, &in));
		poll(NULL, 0, 20);
	}
	EXPECT_TRUE(relay_settled(&self->r));
}

/*
 * Until the sweep the module knows the allocation and counts what it passes;
 * after it the 5-tuple is unknown.
 */
static bool passes_expired(struct relay *r, enum direction dir,
			   const struct udp_packet *in)
{
	return relay_passes(r, dir, in, 0) &&
	       relay_passed_since_booked(r, KTURN_A_PASSED_EXPIRED) <= 1;
}

TEST_F(path, an_allocation_runs_out)
{
	uint8_t buf[200];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 100);
	struct fastpath_allocation a = {
		.id = self->r.allocation.id,
		.timeout_ms = SHORT_MS,
	};
	int64_t end;
	int ret = 0;

	ASSERT_EQ(0, fastpath_allocation_set(self->r.fastpath, &a, &err));
	wait_until(deadline());
	for (end = now_ms() + SWEEP_MS; !ret && now_ms() < end;) {
		ASSERT_TRUE(passes_expired(&self->r, variant->dir, &in));
		EXPECT_TRUE(relay_settled(&self->r));
		ret = fastpath_allocation_get(self->r.fastpath, a.id, &a, &err);
		a.id = self->r.allocation.id;
		poll(NULL, 0, 50);
	}
	EXPECT_EQ(-ENOENT, ret);
	EXPECT_TRUE(relay_passes(&self->r, variant->dir, &in, 0));
	EXPECT_TRUE(relay_settled(&self->r));
	ASSERT_EQ(0, relay_install(&self->r, RELAY_TIMEOUT_MS));
	EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
	EXPECT_TRUE(relay_settled(&self->r));
}

/* Its permission and channel must not outlive it. */
TEST_F(relay, what_is_swept_is_gone)
{
	struct fastpath_allocation a = {
		.id = self->r.allocation.id,
		.timeout_ms = SHORT_MS,
	};
	int64_t end = now_ms() + SWEEP_MS;
	struct fastpath_net net;

	ASSERT_EQ(0, fastpath_net_get(self->r.fastpath, &net, &err));
	EXPECT_EQ(1, net.allocations);
	EXPECT_EQ(1, net.permissions);
	EXPECT_EQ(1, net.channels);
	ASSERT_EQ(0, fastpath_allocation_set(self->r.fastpath, &a, &err));
	do {
		poll(NULL, 0, 50);
		ASSERT_EQ(0, fastpath_net_get(self->r.fastpath, &net, &err));
	} while (net.allocations && now_ms() < end);
	EXPECT_EQ(0, net.allocations);
	EXPECT_EQ(0, net.permissions);
	EXPECT_EQ(0, net.channels);
}

/* Swept or not, a permission and a channel that ran out can be had again. */
TEST_F(path, after_the_sweep)
{
	uint8_t buf[200];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 100);
	int64_t end = now_ms() + SWEEP_MS;
	struct fastpath_net net;

	ASSERT_EQ(0, relay_permit(&self->r, SHORT_MS));
	ASSERT_EQ(0, relay_bind(&self->r, SHORT_MS));
	do {
		poll(NULL, 0, 50);
		ASSERT_EQ(0, fastpath_net_get(self->r.fastpath, &net, &err));
	} while ((net.permissions || net.channels) && now_ms() < end);
	EXPECT_EQ(0, net.permissions);
	EXPECT_EQ(0, net.channels);
	EXPECT_EQ(1, net.allocations);
	EXPECT_TRUE(relay_drops(&self->r, variant->dir, &in,
				variant->dir == TO_PEER ?
				KTURN_A_DROPPED_UNBOUND_CHANNEL :
				KTURN_A_DROPPED_NO_PERMISSION));
	EXPECT_TRUE(relay_quiet(&self->r));
	ASSERT_EQ(0, relay_permit(&self->r, RELAY_TIMEOUT_MS));
	ASSERT_EQ(0, relay_bind(&self->r, RELAY_TIMEOUT_MS));
	EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_HARNESS_MAIN

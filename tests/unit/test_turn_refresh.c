// SPDX-License-Identifier: BSD-3-Clause
/* Refresh requests (RFC 8656, section 8.2), single and dual allocations. */
#include <kselftest_harness.h>

#include "turn_client.h"

#define PEER4 "198.51.100.99:9"
#define PEER6 "[2001:db8:1::9]:9"

FIXTURE(refresh)
{
	struct world *w;
	struct client c;
};

FIXTURE_SETUP(refresh)
{
	self->w = world_new();
	self->c = client_new(5000);
}

FIXTURE_TEARDOWN(refresh)
{
	EXPECT_EQ(0, world_free(self->w));
}

static int refresh_family(struct world *w, struct client *c, uint8_t family,
			  uint32_t lifetime)
{
	begin(w, c, STUN_REFRESH);
	stun_put_address_family(&w->b, STUN_ATTR_REQUESTED_ADDRESS_FAMILY,
				family);
	stun_put_lifetime(&w->b, lifetime);
	return finish(w);
}

static int allocate_dual(struct world *w, struct client *c)
{
	return allocate_family(w, c, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, 2);
}

static uint32_t lifetime(struct world *w)
{
	uint32_t seconds = UINT32_MAX;

	stun_get_lifetime(&w->reply, &seconds);
	return seconds;
}

TEST_F(refresh, rfc8656_5_without_allocation_is_437)
{
	meet(self->w, &self->c);
	EXPECT_EQ(437, refresh(self->w, &self->c, 600));
	EXPECT_TRUE(reply_signed(self->w));
}

TEST_F(refresh, rfc8656_8_2_lifetime_as_for_allocate)
{
	ASSERT_EQ(0, allocate(self->w, &self->c));
	ASSERT_EQ(0, refresh(self->w, &self->c, 60));
	EXPECT_EQ(600, lifetime(self->w));
	ASSERT_EQ(0, refresh(self->w, &self->c, 1800));
	EXPECT_EQ(1800, lifetime(self->w));
	ASSERT_EQ(0, refresh(self->w, &self->c, 99999));
	EXPECT_EQ(3600, lifetime(self->w));
	begin(self->w, &self->c, STUN_REFRESH);
	ASSERT_EQ(0, finish(self->w));
	EXPECT_EQ(600, lifetime(self->w));
	EXPECT_EQ(self->w->now + 600000, turn_server_deadline(self->w->srv));
}

TEST_F(refresh, rfc8656_8_2_keeps_it_alive_for_hours)
{
	int i;

	self->w->cfg->nonce_lifetime = 0;
	ASSERT_EQ(0, allocate(self->w, &self->c));
	for (i = 0; i < 100; i++) {
		advance(self->w, 599000);
		ASSERT_EQ(0, refresh(self->w, &self->c, 600));
	}
	EXPECT_EQ(1, open_relays(self->w));
	advance(self->w, 600000);
	EXPECT_EQ(0, open_relays(self->w));
}

TEST_F(refresh, rfc8656_8_2_zero_deletes)
{
	ASSERT_EQ(0, allocate(self->w, &self->c));
	ASSERT_EQ(0, permit(self->w, &self->c, PEER4));
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4000, PEER4));
	ASSERT_EQ(0, refresh(self->w, &self->c, 0));
	EXPECT_EQ(0, lifetime(self->w));
	EXPECT_TRUE(reply_signed(self->w));
	EXPECT_EQ(0, open_relays(self->w));
	EXPECT_EQ(0, turn_server_stats(self->w->srv)->permissions);
	EXPECT_EQ(0, turn_server_stats(self->w->srv)->channels);
	/* The retransmission: "equivalent to a success response". */
	EXPECT_EQ(437, send_again(self->w));
}

TEST_F(refresh, rfc8656_8_2_other_family_is_443)
{
	ASSERT_EQ(0, allocate(self->w, &self->c));
	EXPECT_EQ(443, refresh_family(self->w, &self->c, STUN_FAMILY_IPV6, 600));
	EXPECT_EQ(443, refresh_family(self->w, &self->c, 7, 600));
	EXPECT_EQ(443, refresh_family(self->w, &self->c, STUN_FAMILY_IPV6, 0));
	EXPECT_EQ(0, refresh_family(self->w, &self->c, STUN_FAMILY_IPV4, 600));
}

TEST_F(refresh, malformed_attribute_is_400)
{
	ASSERT_EQ(0, allocate(self->w, &self->c));
	stun_put_lifetime(begin(self->w, &self->c, STUN_REFRESH), 600);
	self->w->request[STUN_HEADER_LEN + 3] = 3;
	EXPECT_EQ(400, finish(self->w));
}

TEST_F(refresh, rfc8656_8_1_one_family_of_two_is_deleted)
{
	ASSERT_EQ(0, allocate_dual(self->w, &self->c));
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4000, PEER4));
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4001, PEER6));
	ASSERT_EQ(0, refresh_family(self->w, &self->c, STUN_FAMILY_IPV4, 0));
	EXPECT_EQ(1, open_relays(self->w));
	EXPECT_EQ(1, turn_server_stats(self->w->srv)->permissions);
	EXPECT_EQ(1, turn_server_stats(self->w->srv)->channels);
	forget_trace(self->w);
	send_channel_data(self->w, &self->c, 0x4000, "gone");
	send_channel_data(self->w, &self->c, 0x4001, "there");
	EXPECT_STREQ("peer ", self->w->trace);
	EXPECT_TRUE(peer_got(self->w, "there"));
	EXPECT_EQ(443, permit(self->w, &self->c, PEER4));
	EXPECT_EQ(443, refresh_family(self->w, &self->c, STUN_FAMILY_IPV4, 600));
	ASSERT_EQ(0, refresh_family(self->w, &self->c, STUN_FAMILY_IPV6, 0));
	EXPECT_EQ(0, open_relays(self->w));
	EXPECT_EQ(437, refresh(self->w, &self->c, 600));
}

TEST_F(refresh, rfc8656_8_1_families_end_apart)
{
	ASSERT_EQ(0, allocate_dual(self->w, &self->c));
	advance(self->w, 500000);
	ASSERT_EQ(0, refresh_family(self->w, &self->c, STUN_FAMILY_IPV6, 600));
	advance(self->w, 100000);
	EXPECT_EQ(1, open_relays(self->w));
	EXPECT_TRUE(self->w->relays[1].open);
	advance(self->w, 500000);
	EXPECT_EQ(0, open_relays(self->w));
	EXPECT_EQ(0, turn_server_stats(self->w->srv)->allocations);
}

TEST_F(refresh, rfc8656_8_1_without_family_both_are_refreshed_or_deleted)
{
	ASSERT_EQ(0, allocate_dual(self->w, &self->c));
	advance(self->w, 500000);
	ASSERT_EQ(0, refresh(self->w, &self->c, 600));
	advance(self->w, 500000);
	EXPECT_EQ(2, open_relays(self->w));
	ASSERT_EQ(0, refresh(self->w, &self->c, 0));
	EXPECT_EQ(0, open_relays(self->w));
}

TEST_HARNESS_MAIN

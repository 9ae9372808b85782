// SPDX-License-Identifier: BSD-3-Clause
/* Quotas: counted exactly, over all workers, and back on every way out. */
#include <kselftest_harness.h>

#include "turn_client.h"

FIXTURE(quota)
{
	struct world *w;
};

FIXTURE_SETUP(quota)
{
	self->w = world_new();
}

FIXTURE_TEARDOWN(quota)
{
	EXPECT_EQ(0, world_free(self->w));
}

static struct client alice(uint16_t port)
{
	return client_new(port);
}

static struct client bob(uint16_t port)
{
	struct client c = client_new(port);

	c.username = "bob";
	c.password = "hunter2";
	return c;
}

TEST_F(quota, rfc8656_7_2_step10_user_quota_is_486)
{
	struct client a = alice(1), a2 = alice(2), a3 = alice(3), b = bob(4);

	self->w->cfg->user_quota = 2;
	EXPECT_EQ(0, allocate(self->w, &a));
	EXPECT_EQ(0, allocate(self->w, &a2));
	EXPECT_EQ(486, allocate(self->w, &a3));
	EXPECT_TRUE(reply_signed(self->w));
	EXPECT_EQ(2, open_relays(self->w));
	EXPECT_EQ(0, allocate(self->w, &b));
}

TEST_F(quota, total_quota_is_486)
{
	struct client a = alice(1), b = bob(2), c = bob(3);

	self->w->cfg->total_quota = 2;
	EXPECT_EQ(0, allocate(self->w, &a));
	EXPECT_EQ(0, allocate(self->w, &b));
	EXPECT_EQ(486, allocate(self->w, &c));
}

TEST_F(quota, back_on_every_way_out)
{
	struct client c = alice(1);
	struct world *w = self->w;

	w->cfg->user_quota = 1;
	ASSERT_EQ(0, allocate(w, &c));
	ASSERT_EQ(0, refresh(w, &c, 0));		/* deleted */
	ASSERT_EQ(0, allocate(w, &c));
	advance(w, 600000);				/* expired by timer */
	ASSERT_EQ(0, allocate(w, &c));
	w->now += 600000;				/* expired, found late */
	ASSERT_EQ(0, allocate(w, &c));
	turn_server_client_gone(w->srv, &c.tuple);	/* connection closed */
	ASSERT_EQ(0, allocate(w, &c));
	turn_server_close_all(w->srv);			/* stopped */
	EXPECT_EQ(0, turn_shared_allocations(w->shared));
	w->refuse_ipv4 = -EADDRINUSE;			/* never came to be */
	ASSERT_EQ(508, allocate(w, &c));
	w->refuse_ipv4 = 0;
	w->cfg->max_lifetime = 3600;
	ASSERT_EQ(0, allocate(w, &c));
	EXPECT_EQ(1, turn_shared_allocations(w->shared));
}

TEST_F(quota, dual_allocation_is_one)
{
	struct client c = alice(1);

	self->w->cfg->user_quota = 1;
	EXPECT_EQ(0, allocate_family(self->w, &c,
				     STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, 2));
}

static int allocate_pair(struct world *w, struct client *c)
{
	meet(w, c);
	stun_put_even_port(begin_allocate(w, c), true);
	return finish(w);
}

TEST_F(quota, reserved_port_counts_until_it_is_used)
{
	struct client a = alice(1), rtcp = alice(2), more = alice(3);
	uint8_t token[STUN_RESERVATION_TOKEN_LEN];

	self->w->cfg->user_quota = 2;
	ASSERT_EQ(0, allocate_pair(self->w, &a));
	ASSERT_EQ(0, stun_get_reservation_token(&self->w->reply, token));
	EXPECT_EQ(486, allocate(self->w, &more));
	meet(self->w, &rtcp);
	stun_put_reservation_token(begin_allocate(self->w, &rtcp), token);
	ASSERT_EQ(0, finish(self->w));
	EXPECT_EQ(2, turn_shared_allocations(self->w->shared));
	advance(self->w, 30000);
	EXPECT_EQ(2, turn_shared_allocations(self->w->shared));
	EXPECT_EQ(486, allocate(self->w, &more));
}

TEST_F(quota, no_room_for_the_reserved_port)
{
	struct client a = alice(1);

	self->w->cfg->user_quota = 1;
	EXPECT_EQ(486, allocate_pair(self->w, &a));
	EXPECT_EQ(0, open_relays(self->w));
	EXPECT_EQ(0, turn_shared_allocations(self->w->shared));
}

TEST_F(quota, shared_between_workers)
{
	struct client a = alice(1), b = alice(2);
	struct turn_server *first = self->w->srv, *second;

	self->w->cfg->user_quota = 1;
	ASSERT_EQ(0, allocate(self->w, &a));
	second = turn_server_new(self->w->shared, self->w->cfg, &world_ops,
				 self->w);
	self->w->srv = second;
	EXPECT_EQ(486, allocate(self->w, &b));
	self->w->srv = first;
	ASSERT_EQ(0, refresh(self->w, &a, 0));
	self->w->srv = second;
	EXPECT_EQ(0, allocate(self->w, &b));
	turn_server_free(second);
	self->w->srv = first;
}

TEST_F(quota, new_rest_credentials_are_no_new_user)
{
	static const struct {
		const char *name;
		int code;
	} cases[] = {
		{ "1700000001:dora", 0 },
		{ "1700000002:dora", 486 },
		{ "1700000002:emil", 0 },
	};
	struct turn_config *cfg = world_config();
	size_t i;

	/* Static users by such names: whose quota it is, names alone decide. */
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, turn_config_add_user(cfg, cases[i].name, "secret"));
	ASSERT_EQ(0, turn_config_add_secret(cfg, "north"));
	cfg->user_quota = 1;
	turn_server_set_config(self->w->srv, cfg);
	turn_config_put(self->w->cfg);
	self->w->cfg = cfg;
	for (i = 0; i < 3; i++) {
		struct client c = client_new((uint16_t)(10 + i));

		c.username = cases[i].name;
		EXPECT_EQ(cases[i].code, allocate(self->w, &c));
	}
}

TEST_F(quota, nobodys_allocations_have_no_user_quota)
{
	struct client a = alice(1), b = alice(2), c = alice(3);

	self->w->cfg->auth = TURN_AUTH_NONE;
	self->w->cfg->user_quota = 1;
	self->w->cfg->total_quota = 2;
	begin_allocate(self->w, &a);
	EXPECT_EQ(0, finish(self->w));
	begin_allocate(self->w, &b);
	EXPECT_EQ(0, finish(self->w));
	begin_allocate(self->w, &c);
	EXPECT_EQ(486, finish(self->w));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: BSD-3-Clause
/* Several realms in one server, by ORIGIN, with users and quotas of their own. */
#include <kselftest_harness.h>

#include "turn_client.h"

FIXTURE(realm)
{
	struct world *w;
	struct turn_realm *other;
	struct client c;
};

FIXTURE_SETUP(realm)
{
	struct turn_config *cfg;

	self->w = world_new();
	self->c = client_new(5000);
	cfg = self->w->cfg;
	ASSERT_EQ(0, turn_config_add_realm(cfg, "other.org", &self->other));
	ASSERT_EQ(0, turn_config_add_origin(cfg, "https://Other.org:443/call",
					    self->other));
	ASSERT_EQ(0, turn_realm_add_user(self->other, "alice", "second"));
	ASSERT_EQ(0, turn_realm_add_user(self->other, "dan", "third"));
}

FIXTURE_TEARDOWN(realm)
{
	EXPECT_EQ(0, world_free(self->w));
}

static int ask(struct world *w, struct client *c, const char *origin)
{
	struct stun_builder *b = begin_allocate(w, c);

	if (origin)
		stun_put_string(b, STUN_ATTR_ORIGIN, origin);
	return finish(w);
}

TEST_F(realm, origin_leads_to_a_realm)
{
	static const char *const same[] = {
		"https://other.org", "https://other.org:443", "HTTPS://OTHER.ORG",
		"https://other.org/", "https://other.org/page?a=b",
	};
	static const char *const others[] = {
		"https://other.org:8443", "http://other.org", "other.org",
		"https://other.org.example", "null", "",
	};
	struct world *w = self->w;
	size_t i;

	for (i = 0; i < sizeof(same) / sizeof(*same); i++) {
		*self->c.nonce = '\0';
		EXPECT_EQ(401, ask(w, &self->c, same[i]));
		EXPECT_STREQ("other.org", self->c.realm);
	}
	for (i = 0; i < sizeof(others) / sizeof(*others); i++) {
		*self->c.nonce = '\0';
		EXPECT_EQ(401, ask(w, &self->c, others[i]));
		EXPECT_STREQ(WORLD_REALM, self->c.realm);
	}
}

TEST_F(realm, users_are_those_of_the_realm)
{
	struct client dan = client_new(5001);
	struct world *w = self->w;

	self->c.password = "second";
	EXPECT_EQ(401, ask(w, &self->c, "https://other.org"));
	/* From now on REALM says it. */
	EXPECT_EQ(0, ask(w, &self->c, NULL));
	EXPECT_TRUE(reply_signed(w));
	EXPECT_EQ(0, refresh(w, &self->c, 600));

	dan.username = "dan";
	dan.password = "third";
	EXPECT_EQ(401, ask(w, &dan, NULL));
	EXPECT_EQ(401, ask(w, &dan, NULL));	/* not in the default realm */
}

TEST_F(realm, rfc8656_5_the_same_name_in_another_realm_is_441)
{
	struct client second = self->c;
	struct world *w = self->w;

	ASSERT_EQ(0, allocate(w, &self->c));
	second.txid = 100;
	second.password = "second";
	ASSERT_EQ(401, ask(w, &second, "https://other.org"));
	EXPECT_EQ(441, refresh(w, &second, 600));
	EXPECT_EQ(437, ask(w, &second, NULL));
	EXPECT_EQ(0, refresh(w, &self->c, 600));
}

TEST_F(realm, origin_can_be_held_against_the_realm)
{
	struct world *w = self->w;

	w->cfg->check_origin = true;
	self->c.password = "second";
	EXPECT_EQ(401, ask(w, &self->c, "https://other.org"));
	EXPECT_EQ(441, ask(w, &self->c, "https://elsewhere.org"));
	EXPECT_EQ(0, ask(w, &self->c, "https://other.org"));
	EXPECT_EQ(0, refresh(w, &self->c, 600));
}

TEST_F(realm, quotas_of_its_own)
{
	struct client clients[4];
	struct world *w = self->w;
	size_t i;

	w->cfg->user_quota = 1;
	self->other->user_quota = 2;
	self->other->total_quota = 3;
	for (i = 0; i < 4; i++) {
		clients[i] = client_new((uint16_t)(i + 1));
		clients[i].username = i < 3 ? "alice" : "dan";
		clients[i].password = i < 3 ? "second" : "third";
		ask(w, &clients[i], "https://other.org");
	}
	EXPECT_EQ(0, ask(w, &clients[0], NULL));
	EXPECT_EQ(0, ask(w, &clients[1], NULL));
	EXPECT_EQ(486, ask(w, &clients[2], NULL));
	EXPECT_EQ(0, ask(w, &clients[3], NULL));
	self->other->user_quota = 9;
	EXPECT_EQ(486, ask(w, &clients[2], NULL));
	/* The user of that name in the default realm is somebody else. */
	EXPECT_EQ(0, allocate(w, &self->c));
	EXPECT_EQ(0, refresh(w, &clients[0], 0));
	EXPECT_EQ(0, ask(w, &clients[2], NULL));
}

TEST_F(realm, rate_of_its_own)
{
	struct world *w = self->w;

	turn_server_fastpath_up(w->srv, w->now);
	w->cfg->max_bps = 1000;
	self->other->max_bps = 50;
	self->c.password = "second";
	ask(w, &self->c, "https://other.org");
	ASSERT_EQ(0, ask(w, &self->c, NULL));
	ASSERT_EQ(0, bind_channel(w, &self->c, 0x4000, "198.51.100.99:9"));
	advance(w, 10);
	EXPECT_EQ(50, w->fp_allocation.max_bps);
}

TEST_F(realm, source_quota_counts_by_address)
{
	struct client same = client_new(5001);
	struct client other = client_at("198.51.100.8:1", "192.0.2.1:3478");
	struct client six = client_new6(1);
	struct client neighbour = client_at("[2001:db8::8]:1",
					    "[2001:db8::1]:3478");

	self->w->cfg->source_quota = 1;
	EXPECT_EQ(0, allocate(self->w, &self->c));
	same.username = "bob";
	same.password = "hunter2";
	EXPECT_EQ(486, allocate(self->w, &same));
	EXPECT_EQ(0, allocate(self->w, &other));
	EXPECT_EQ(0, allocate(self->w, &six));
	EXPECT_EQ(486, allocate(self->w, &neighbour));
	EXPECT_EQ(0, refresh(self->w, &self->c, 0));
	begin_allocate(self->w, &same);
	EXPECT_EQ(0, finish(self->w));
}

TEST_F(realm, configuration)
{
	struct turn_config *cfg = turn_config_new();
	struct turn_realm *again;
	char longest[TURN_ORIGIN_MAX + 1];

	memset(longest, 'o', TURN_ORIGIN_MAX);
	longest[TURN_ORIGIN_MAX] = '\0';
	ASSERT_EQ(0, turn_config_set_realm(cfg, "a.org"));
	ASSERT_EQ(0, turn_config_add_realm(cfg, "a.org", &again));
	EXPECT_EQ(&cfg->realm, again);
	ASSERT_EQ(0, turn_config_add_realm(cfg, "b.org", &again));
	EXPECT_EQ(cfg->realms, again);
	ASSERT_EQ(0, turn_config_add_realm(cfg, "b.org", &again));
	EXPECT_EQ(NULL, cfg->realms->next);
	EXPECT_EQ(-EINVAL, turn_config_add_realm(cfg, "", &again));
	EXPECT_EQ(-EBUSY, turn_config_set_realm(cfg, "c.org"));
	EXPECT_EQ(0, turn_config_add_origin(cfg, "http://b.org:80", cfg->realms));
	EXPECT_EQ(-EEXIST, turn_config_add_origin(cfg, "http://b.org",
						  &cfg->realm));
	EXPECT_EQ(-EMSGSIZE, turn_config_add_origin(cfg, longest, &cfg->realm));
	EXPECT_EQ(-EMSGSIZE, turn_config_add_origin(cfg, "", &cfg->realm));
	turn_config_put(cfg);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: BSD-3-Clause
/* The load generator's TURN client against a server made of a few lines. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <kselftest_harness.h>

#include "bench/client.h"
#include "bench/credentials.h"
#include "stun/builder.h"
#include "stun/message.h"

#define S 1000000000ULL

FIXTURE(client) {
	struct login login;
	struct transport_addr peers[3];
	struct client c;
	struct stun_key key;
	uint64_t now;
	uint8_t request[CLIENT_REQUEST_MAX];
	size_t len;
	struct stun_message msg;
};

FIXTURE_SETUP(client)
{
	self->login.user = "alice";
	self->login.password = "secret";
	self->login.crypto = stun_crypto_new();
	ASSERT_NE(NULL, self->login.crypto);
	for (unsigned int i = 0; i < 3; i++) {
		char text[32];

		snprintf(text, sizeof(text), "192.0.2.9:%u", 4000 + i);
		ASSERT_EQ(0, transport_addr_parse(&self->peers[i], text));
	}
	ASSERT_EQ(0, stun_key_long_term(self->login.crypto, STUN_PASSWORD_MD5,
					stun_bytes("alice"),
					stun_bytes("realm"),
					stun_bytes("secret"), &self->key));
	client_init(&self->c, &self->login, self->peers, 3);
	self->now = 5 * S;
}

FIXTURE_TEARDOWN(client)
{
	stun_crypto_free(self->login.crypto);
}

/* What the client sends now: its method, 0 for nothing. */
static uint16_t sends(FIXTURE_DATA(client) *self)
{
	self->len = client_request(&self->c, self->now, self->request,
				   sizeof(self->request));
	if (!self->len ||
	    stun_message_decode(&self->msg, self->request, self->len) !=
		    STUN_OK)
		return 0;
	return self->msg.method;
}

/* Is what it has sent signed with the right key? */
static bool is_signed(FIXTURE_DATA(client) *self)
{
	return !stun_check_integrity(self->login.crypto, &self->msg,
				     STUN_HMAC_SHA1, &self->key);
}

static void refuse(FIXTURE_DATA(client) *self, unsigned int code,
		   const char *nonce)
{
	struct stun_builder b;
	uint8_t buf[1024];

	stun_build_response(&b, buf, sizeof(buf), STUN_ERROR, &self->msg);
	stun_put_error_code(&b, code, NULL);
	if (nonce) {
		stun_put_string(&b, STUN_ATTR_REALM, "realm");
		stun_put_string(&b, STUN_ATTR_NONCE, nonce);
	}
	client_response(&self->c, buf, (size_t)stun_build_end(&b), self->now);
}

static void grant_with(FIXTURE_DATA(client) *self, const struct stun_key *key,
		       uint32_t lifetime)
{
	struct stun_builder b;
	uint8_t buf[1024];
	struct transport_addr relayed;

	transport_addr_parse(&relayed, "203.0.113.1:50000");
	stun_build_response(&b, buf, sizeof(buf), STUN_SUCCESS, &self->msg);
	if (self->msg.method == STUN_ALLOCATE)
		stun_put_address(&b, STUN_ATTR_XOR_RELAYED_ADDRESS, &relayed);
	if (self->msg.method != STUN_CHANNEL_BIND)
		stun_put_lifetime(&b, lifetime);
	stun_put_integrity(&b, self->login.crypto, STUN_HMAC_SHA1, key);
	client_response(&self->c, buf, (size_t)stun_build_end(&b), self->now);
}

static void grant(FIXTURE_DATA(client) *self)
{
	grant_with(self, &self->key, 600);
}

static void make_ready(FIXTURE_DATA(client) *self)
{
	client_start(&self->c, self->now);
	sends(self);
	refuse(self, 401, "nonce");
	for (int i = 0; i < 4; i++) {
		sends(self);
		grant(self);
	}
}

TEST_F(client, allocates_and_binds)
{
	client_start(&self->c, self->now);
	EXPECT_EQ(STUN_ALLOCATE, sends(self));
	EXPECT_FALSE(stun_has(&self->msg, STUN_ATTR_USERNAME));
	EXPECT_FALSE(stun_has(&self->msg, STUN_ATTR_LIFETIME));
	refuse(self, 401, "nonce");

	EXPECT_EQ(STUN_ALLOCATE, sends(self));
	EXPECT_TRUE(is_signed(self));
	grant(self);
	EXPECT_EQ(50000, self->c.relayed.port);

	for (uint16_t i = 0; i < 3; i++) {
		struct transport_addr peer;
		uint16_t number;

		EXPECT_EQ(CLIENT_STARTING, self->c.state);
		ASSERT_EQ(STUN_CHANNEL_BIND, sends(self));
		EXPECT_TRUE(is_signed(self));
		EXPECT_EQ(0, stun_get_channel_number(&self->msg, &number));
		EXPECT_EQ(0x4000 + i, number);
		EXPECT_EQ(0, stun_get_address(&self->msg,
					      STUN_ATTR_XOR_PEER_ADDRESS,
					      &peer));
		EXPECT_EQ(4000 + i, peer.port);
		grant(self);
	}
	EXPECT_EQ(CLIENT_READY, self->c.state);
	EXPECT_EQ(0, sends(self));
}

/*
 * For an hour: channels, and with them permissions, at least each 240 s, the
 * allocation at least each 300 s; neither much more often.
 */
TEST_F(client, keeps_all_alive)
{
	unsigned int binds = 0, refreshes = 0;
	uint64_t end, bound[3], refreshed;

	make_ready(self);
	refreshed = self->now;
	for (int i = 0; i < 3; i++)
		bound[i] = self->now;
	end = self->now + 3600 * S;
	while (client_due(&self->c) < end) {
		uint16_t method, number;

		self->now = client_due(&self->c);
		method = sends(self);
		if (!method)
			continue;
		EXPECT_FALSE(stun_has(&self->msg, STUN_ATTR_LIFETIME));
		if (method == STUN_REFRESH) {
			EXPECT_LE(self->now - refreshed, 300 * S);
			refreshed = self->now;
			refreshes++;
		} else {
			ASSERT_EQ(0, stun_get_channel_number(&self->msg,
							     &number));
			ASSERT_LT(number - 0x4000, 3);
			EXPECT_LE(self->now - bound[number - 0x4000],
				  240 * S);
			bound[number - 0x4000] = self->now;
			binds++;
		}
		grant(self);
		EXPECT_EQ(CLIENT_READY, self->c.state);
	}
	EXPECT_LE(3 * 14, binds);
	EXPECT_LE(binds, 3 * 20);
	EXPECT_LE(11, refreshes);
	EXPECT_LE(refreshes, 16);
}

/* Clients that were set up together do not come back together. */
TEST_F(client, spreads_what_it_sends)
{
	uint64_t least = UINT64_MAX, most = 0;

	for (int i = 0; i < 100; i++) {
		client_init(&self->c, &self->login, self->peers, 3);
		make_ready(self);
		if (client_due(&self->c) < least)
			least = client_due(&self->c);
		if (client_due(&self->c) > most)
			most = client_due(&self->c);
	}
	EXPECT_GT(most - least, 30 * S);
}

TEST_F(client, sends_again_the_same)
{
	uint8_t first[CLIENT_REQUEST_MAX];
	size_t len;

	client_start(&self->c, self->now);
	EXPECT_EQ(STUN_ALLOCATE, sends(self));
	len = self->len;
	memcpy(first, self->request, len);
	for (int i = 0; i < 4; i++) {
		EXPECT_EQ(0, sends(self));
		EXPECT_EQ(self->now + (S / 2 << i), client_due(&self->c));
		self->now = client_due(&self->c);
		EXPECT_EQ(STUN_ALLOCATE, sends(self));
		ASSERT_EQ(len, self->len);
		EXPECT_EQ(0, memcmp(first, self->request, len));
	}
	self->now = client_due(&self->c);
	EXPECT_EQ(0, sends(self));
	EXPECT_EQ(CLIENT_FAILED, self->c.state);
	EXPECT_STREQ("no answer", self->c.failure.reason);
	EXPECT_EQ(CLIENT_NEVER, client_due(&self->c));
}

TEST_F(client, believes_icmp_in_the_end)
{
	client_start(&self->c, self->now);
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(STUN_ALLOCATE, sends(self));
		client_unreachable(&self->c);
		self->now = client_due(&self->c);
	}
	EXPECT_EQ(0, sends(self));
	EXPECT_EQ(CLIENT_FAILED, self->c.state);
	EXPECT_STREQ("nobody listens there (ICMP port unreachable)",
		     self->c.failure.reason);
}

/* A server that is being restarted may be back any moment. */
TEST_F(client, is_patient_once_it_is_ready)
{
	make_ready(self);
	self->now = client_due(&self->c);
	for (int i = 0; i < 4; i++) {
		EXPECT_EQ(STUN_CHANNEL_BIND, sends(self));
		client_unreachable(&self->c);
		self->now = client_due(&self->c);
	}
	EXPECT_EQ(STUN_CHANNEL_BIND, sends(self));
	grant(self);
	EXPECT_EQ(CLIENT_READY, self->c.state);
}

TEST_F(client, takes_a_fresh_nonce)
{
	struct stun_bytes nonce;

	make_ready(self);
	self->now = client_due(&self->c);
	EXPECT_EQ(STUN_CHANNEL_BIND, sends(self));
	refuse(self, 438, "fresher");
	EXPECT_EQ(STUN_CHANNEL_BIND, sends(self));
	EXPECT_EQ(0, stun_get_bytes(&self->msg, STUN_ATTR_NONCE, &nonce));
	EXPECT_EQ(7, nonce.len);
	EXPECT_TRUE(is_signed(self));
	grant(self);
	EXPECT_EQ(CLIENT_READY, self->c.state);
}

TEST_F(client, gives_up_on_wrong_credentials)
{
	char text[200];

	client_start(&self->c, self->now);
	for (int i = 0; i < 4; i++) {
		ASSERT_EQ(STUN_ALLOCATE, sends(self));
		refuse(self, 401, "nonce");
	}
	EXPECT_EQ(CLIENT_FAILED, self->c.state);
	client_failure_print(&self->c.failure, text, sizeof(text));
	EXPECT_STREQ("refused Allocate: 401 Unauthenticated", text);
}

TEST_F(client, tells_who_was_refused)
{
	char text[200];

	client_start(&self->c, self->now);
	sends(self);
	refuse(self, 401, "nonce");
	for (int i = 0; i < 2; i++) {
		sends(self);
		grant(self);
	}
	sends(self);
	refuse(self, 403, NULL);
	EXPECT_EQ(CLIENT_FAILED, self->c.state);
	client_failure_print(&self->c.failure, text, sizeof(text));
	EXPECT_STREQ("refused ChannelBind to 192.0.2.9:4001: 403 Forbidden",
		     text);
}

TEST_F(client, trusts_no_forgery)
{
	struct stun_key wrong = { .len = 16 };

	client_start(&self->c, self->now);
	sends(self);
	refuse(self, 401, "nonce");
	sends(self);
	grant_with(self, &wrong, 600);
	EXPECT_EQ(0, self->c.relayed.family);

	/* of another transaction, and of another method */
	self->msg.txid.bytes[0] ^= 1;
	grant(self);
	EXPECT_EQ(0, self->c.relayed.family);
	self->msg.txid.bytes[0] ^= 1;
	self->msg.method = STUN_REFRESH;
	grant(self);
	EXPECT_EQ(0, self->c.relayed.family);
	self->msg.method = STUN_ALLOCATE;
	grant(self);
	EXPECT_EQ(AF_INET, self->c.relayed.family);
}

TEST_F(client, prints_no_control_characters)
{
	struct stun_builder b;
	uint8_t buf[200];

	client_start(&self->c, self->now);
	sends(self);
	stun_build_response(&b, buf, sizeof(buf), STUN_ERROR, &self->msg);
	stun_put_error_code(&b, 500, "\033[2Jgone");
	client_response(&self->c, buf, (size_t)stun_build_end(&b), self->now);
	EXPECT_STREQ("?[2Jgone", self->c.failure.reason);
}

TEST_F(client, names_the_alternate_server)
{
	struct stun_builder b;
	uint8_t buf[200];
	struct transport_addr other;

	transport_addr_parse(&other, "192.0.2.7:3478");
	client_start(&self->c, self->now);
	sends(self);
	stun_build_response(&b, buf, sizeof(buf), STUN_ERROR, &self->msg);
	stun_put_error_code(&b, 300, NULL);
	stun_put_address(&b, STUN_ATTR_ALTERNATE_SERVER, &other);
	client_response(&self->c, buf, (size_t)stun_build_end(&b), self->now);
	EXPECT_EQ(300, self->c.failure.code);
	EXPECT_STREQ("Try Alternate (192.0.2.7:3478)", self->c.failure.reason);
}

TEST_F(client, gives_back)
{
	uint32_t lifetime = 1;

	make_ready(self);
	client_release(&self->c, self->now);
	EXPECT_EQ(STUN_REFRESH, sends(self));
	EXPECT_EQ(0, stun_get_lifetime(&self->msg, &lifetime));
	EXPECT_EQ(0, lifetime);
	grant_with(self, &self->key, 0);
	EXPECT_EQ(CLIENT_GONE, self->c.state);
	EXPECT_EQ(CLIENT_NEVER, client_due(&self->c));
}

TEST_F(client, gives_back_what_is_gone)
{
	make_ready(self);
	client_release(&self->c, self->now);
	sends(self);
	refuse(self, 437, NULL);
	EXPECT_EQ(CLIENT_GONE, self->c.state);
}

TEST_F(client, has_nothing_to_give_back)
{
	client_start(&self->c, self->now);
	sends(self);
	client_release(&self->c, self->now);
	EXPECT_EQ(CLIENT_GONE, self->c.state);
	EXPECT_EQ(0, sends(self));
}

/* A request of the other address family, for peers of that family. */
TEST_F(client, asks_for_the_family_of_its_peers)
{
	uint8_t family = 0;

	ASSERT_EQ(0, transport_addr_parse(&self->peers[0],
					  "[2001:db8::9]:4000"));
	client_start(&self->c, self->now);
	sends(self);
	EXPECT_EQ(0, stun_get_address_family(&self->msg,
					     STUN_ATTR_REQUESTED_ADDRESS_FAMILY,
					     &family));
	EXPECT_EQ(STUN_FAMILY_IPV6, family);
}

/* As the benchmark does, whose clients are one another's peers. */
TEST_F(client, binds_peers_that_are_known_later)
{
	uint16_t number;

	self->c.peer_count = 0;
	client_start(&self->c, self->now);
	EXPECT_EQ(STUN_ALLOCATE, sends(self));
	refuse(self, 401, "nonce");
	EXPECT_EQ(STUN_ALLOCATE, sends(self));
	grant(self);
	EXPECT_EQ(CLIENT_READY, self->c.state);
	EXPECT_EQ(0, sends(self));

	self->c.peer_count = 2;
	client_start(&self->c, self->now);
	for (uint16_t i = 0; i < 2; i++) {
		EXPECT_EQ(CLIENT_STARTING, self->c.state);
		ASSERT_EQ(STUN_CHANNEL_BIND, sends(self));
		EXPECT_EQ(0, stun_get_channel_number(&self->msg, &number));
		EXPECT_EQ(0x4000 + i, number);
		grant(self);
	}
	EXPECT_EQ(CLIENT_READY, self->c.state);
	EXPECT_EQ(0, sends(self));
}

TEST_F(client, numbers_channels_by_the_peer)
{
	uint16_t number;

	self->c.first_peer = 7;
	client_start(&self->c, self->now);
	sends(self);
	grant(self);
	for (uint16_t i = 7; i < 10; i++) {
		ASSERT_EQ(STUN_CHANNEL_BIND, sends(self));
		EXPECT_EQ(0, stun_get_channel_number(&self->msg, &number));
		EXPECT_EQ(0x4000 + i, number);
		grant(self);
	}
	EXPECT_EQ(CLIENT_READY, self->c.state);
}

TEST_F(client, asks_for_a_lifetime)
{
	uint32_t lifetime;

	self->c.lifetime = 3600;
	client_start(&self->c, self->now);
	EXPECT_EQ(STUN_ALLOCATE, sends(self));
	EXPECT_EQ(0, stun_get_lifetime(&self->msg, &lifetime));
	EXPECT_EQ(3600, lifetime);
	grant_with(self, &self->key, 3600);
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(STUN_CHANNEL_BIND, sends(self));
		EXPECT_FALSE(stun_has(&self->msg, STUN_ATTR_LIFETIME));
		grant(self);
	}

	self->now = self->c.refresh_at;
	self->c.rebind_at = CLIENT_NEVER;
	EXPECT_EQ(STUN_REFRESH, sends(self));
	EXPECT_EQ(0, stun_get_lifetime(&self->msg, &lifetime));
	EXPECT_EQ(3600, lifetime);
	grant_with(self, &self->key, 3600);

	client_release(&self->c, self->now);
	EXPECT_EQ(STUN_REFRESH, sends(self));
	EXPECT_EQ(0, stun_get_lifetime(&self->msg, &lifetime));
	EXPECT_EQ(0, lifetime);
}

TEST(credentials_of_turn_rest)
{
	struct credentials c;

	/* computed with openssl dgst -sha1 -hmac north -binary | base64 */
	ASSERT_EQ(0, credentials_from_secret(&c, "bob", "north", 1700000000));
	EXPECT_STREQ("1700000000:bob", c.user);
	EXPECT_STREQ("7tNSWpJ3gOxGfEgOjt+kaWhBC20=", c.password);
	ASSERT_EQ(0, credentials_from_secret(&c, NULL, "north", 1700000000));
	EXPECT_STREQ("1700000000", c.user);
	EXPECT_STREQ("CWyHi3zCeWqXBir9thl4m+iZPRY=", c.password);
}

TEST(credentials_as_they_are)
{
	char longer[STUN_TEXT_MAX + 2];
	struct credentials c;

	ASSERT_EQ(0, credentials_from_password(&c, "alice", "secret"));
	EXPECT_STREQ("alice", c.user);
	EXPECT_STREQ("secret", c.password);
	ASSERT_EQ(0, credentials_from_password(&c, NULL, NULL));
	EXPECT_STREQ("", c.user);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	EXPECT_EQ(-EMSGSIZE, credentials_from_password(&c, longer, "x"));
	EXPECT_EQ(-EMSGSIZE, credentials_from_secret(&c, longer, "x", 1));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: BSD-3-Clause
/*
 * Long-term credentials in the order of RFC 8489 section 9.2.4, nonces without
 * state, TURN REST credentials, and what strangers get.
 */
#include <kselftest_harness.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "turn_client.h"

FIXTURE(auth)
{
	struct world *w;
	struct client c;
};

FIXTURE_SETUP(auth)
{
	self->w = world_new();
	self->c = client_new(5000);
}

FIXTURE_TEARDOWN(auth)
{
	EXPECT_EQ(0, world_free(self->w));
}

static void use_config(struct world *w, struct turn_config *cfg)
{
	turn_server_set_config(w->srv, cfg);
	turn_config_put(w->cfg);
	w->cfg = cfg;
}

/* A request whose credentials are put by the test itself. */
static int finish_raw(struct world *w, const char *username, const char *realm,
		      const char *nonce)
{
	struct client *c = w->sender;
	ssize_t len;

	if (username)
		stun_put_string(&w->b, STUN_ATTR_USERNAME, username);
	if (realm)
		stun_put_string(&w->b, STUN_ATTR_REALM, realm);
	if (nonce)
		stun_put_string(&w->b, STUN_ATTR_NONCE, nonce);
	stun_put_integrity(&w->b, w->crypto, STUN_HMAC_SHA1, &c->key);
	len = stun_build_end(&w->b);
	if (len < 0)
		abort();
	w->request_len = (size_t)len;
	return send_again(w);
}

TEST_F(auth, rfc8489_9_2_4_no_integrity_is_401_with_realm_and_nonce)
{
	struct stun_bytes realm, nonce;

	begin_allocate(self->w, &self->c);
	ASSERT_EQ(401, finish(self->w));
	ASSERT_EQ(0, stun_get_bytes(&self->w->reply, STUN_ATTR_REALM, &realm));
	ASSERT_EQ(0, stun_get_bytes(&self->w->reply, STUN_ATTR_NONCE, &nonce));
	EXPECT_EQ(strlen(WORLD_REALM), realm.len);
	EXPECT_EQ(0, memcmp(realm.data, WORLD_REALM, realm.len));
	EXPECT_FALSE(stun_has(&self->w->reply, STUN_ATTR_USERNAME));
	EXPECT_FALSE(stun_has(&self->w->reply, STUN_ATTR_MESSAGE_INTEGRITY));
	EXPECT_EQ(0, open_relays(self->w));
}

TEST_F(auth, rfc8489_9_2_4_nonces_differ_between_addresses_and_ports)
{
	struct client other_port = client_new(5001);
	struct client other_ip = client_at("198.51.100.8:5000",
					   "192.0.2.1:3478");

	meet(self->w, &self->c);
	meet(self->w, &other_port);
	meet(self->w, &other_ip);
	EXPECT_STRNE(self->c.nonce, other_port.nonce);
	EXPECT_STRNE(self->c.nonce, other_ip.nonce);
	EXPECT_STRNE(other_port.nonce, other_ip.nonce);
}

TEST_F(auth, rfc8489_9_2_4_missing_attributes_are_400)
{
	struct client *c = &self->c;
	struct world *w = self->w;

	meet(w, c);
	begin_allocate(w, c);
	EXPECT_EQ(400, finish_raw(w, NULL, c->realm, c->nonce));
	EXPECT_FALSE(stun_has(&w->reply, STUN_ATTR_NONCE));
	EXPECT_FALSE(stun_has(&w->reply, STUN_ATTR_REALM));
	begin_allocate(w, c);
	EXPECT_EQ(400, finish_raw(w, c->username, NULL, c->nonce));
	begin_allocate(w, c);
	EXPECT_EQ(400, finish_raw(w, c->username, c->realm, NULL));
	begin_allocate(w, c);
	EXPECT_EQ(0, finish_raw(w, c->username, c->realm, c->nonce));
}

TEST_F(auth, rfc8489_9_2_4_userhash_of_nobody_is_401)
{
	static const uint8_t hash[STUN_USERHASH_LEN] = { 1 };
	struct client *c = &self->c;

	meet(self->w, c);
	stun_put_bytes(begin_allocate(self->w, c), STUN_ATTR_USERHASH, hash,
		       sizeof(hash));
	EXPECT_EQ(401, finish_raw(self->w, NULL, c->realm, c->nonce));
}

TEST_F(auth, rfc8489_9_2_4_unknown_user_and_wrong_password_are_401)
{
	self->c.username = "mallory";
	EXPECT_EQ(401, allocate(self->w, &self->c));
	EXPECT_TRUE(stun_has(&self->w->reply, STUN_ATTR_NONCE));
	self->c.username = "alice";
	self->c.password = "wrong";
	make_key(self->w, &self->c);
	begin_allocate(self->w, &self->c);
	EXPECT_EQ(401, finish(self->w));
	EXPECT_FALSE(stun_has(&self->w->reply, STUN_ATTR_MESSAGE_INTEGRITY));
	self->c.password = "secret";
	make_key(self->w, &self->c);
	begin_allocate(self->w, &self->c);
	EXPECT_EQ(0, finish(self->w));
}

TEST_F(auth, rfc8489_9_2_4_success_is_signed)
{
	ASSERT_EQ(0, allocate(self->w, &self->c));
	EXPECT_TRUE(reply_signed(self->w));
	EXPECT_FALSE(stun_has(&self->w->reply, STUN_ATTR_USERNAME));
	EXPECT_FALSE(stun_has(&self->w->reply, STUN_ATTR_NONCE));
}

TEST_F(auth, rfc8489_14_6_sha256_integrity_is_checked_where_it_is_present)
{
	meet(self->w, &self->c);
	self->c.hmac = STUN_HMAC_SHA256;
	begin_allocate(self->w, &self->c);
	EXPECT_EQ(0, finish(self->w));
	/* No PASSWORD-ALGORITHM, so it "was processed as MD5". */
	EXPECT_TRUE(reply_signed(self->w));
	self->c.key.bytes[0] ^= 1;
	begin(self->w, &self->c, STUN_REFRESH);
	EXPECT_EQ(401, finish(self->w));
}

TEST_F(auth, rfc8489_9_2_4_stale_nonce_is_438_with_a_new_one)
{
	char old[sizeof(self->c.nonce)];

	ASSERT_EQ(0, allocate(self->w, &self->c));
	strcpy(old, self->c.nonce);
	self->w->cfg->nonce_lifetime = 60;
	self->w->now += 59000;
	begin(self->w, &self->c, STUN_REFRESH);
	EXPECT_EQ(0, finish(self->w));
	self->w->now += 1000;
	begin(self->w, &self->c, STUN_REFRESH);
	EXPECT_EQ(438, finish(self->w));
	EXPECT_TRUE(stun_has(&self->w->reply, STUN_ATTR_REALM));
	EXPECT_STRNE(old, self->c.nonce);
	begin(self->w, &self->c, STUN_REFRESH);
	EXPECT_EQ(0, finish(self->w));
}

TEST_F(auth, nonce_lifetime_0_is_for_ever)
{
	self->w->cfg->nonce_lifetime = 0;
	meet(self->w, &self->c);
	self->w->now += 90ull * 24 * 3600 * 1000;
	EXPECT_EQ(0, allocate(self->w, &self->c));
}

TEST_F(auth, forged_nonces_are_438)
{
	size_t i;

	meet(self->w, &self->c);
	for (i = 0; self->c.nonce[i]; i++) {
		struct client c = self->c;

		c.nonce[i] = c.nonce[i] == 'x' ? 'y' : 'x';
		begin_allocate(self->w, &c);
		EXPECT_EQ(438, finish(self->w));
	}
	strcat(self->c.nonce, "AAAA");
	begin_allocate(self->w, &self->c);
	EXPECT_EQ(438, finish(self->w));
}

TEST_F(auth, nonces_of_other_clients_are_438)
{
	struct client other = client_new(5001);

	meet(self->w, &self->c);
	meet(self->w, &other);
	strcpy(other.nonce, self->c.nonce);
	begin_allocate(self->w, &other);
	EXPECT_EQ(438, finish(self->w));
}

TEST_F(auth, wrong_credentials_come_before_stale_nonce)
{
	meet(self->w, &self->c);
	self->c.nonce[0] ^= 1;
	self->c.key.bytes[0] ^= 1;
	begin_allocate(self->w, &self->c);
	EXPECT_EQ(401, finish(self->w));
}

TEST_F(auth, rfc8656_5_another_user_is_441)
{
	struct client bob;

	ASSERT_EQ(0, allocate(self->w, &self->c));
	bob = self->c;
	bob.username = "bob";
	bob.password = "hunter2";
	bob.txid = 100;
	make_key(self->w, &bob);
	EXPECT_EQ(441, refresh(self->w, &bob, 600));
	EXPECT_TRUE(reply_signed(self->w));
	EXPECT_EQ(441, permit(self->w, &bob, "198.51.100.99"));
	EXPECT_EQ(441, bind_channel(self->w, &bob, 0x4000,
				    "198.51.100.99:9"));
	begin_allocate(self->w, &bob);
	EXPECT_EQ(437, finish(self->w));
	EXPECT_EQ(0, refresh(self->w, &self->c, 600));
}

TEST_F(auth, rfc8489_6_3_unknown_attributes_come_after_authentication)
{
	static const uint8_t value[4];
	uint16_t types[4];

	stun_put_bytes(begin_allocate(self->w, &self->c), 0x7f01, value, 4);
	EXPECT_EQ(401, finish(self->w));
	stun_put_bytes(begin_allocate(self->w, &self->c), 0x7f01, value, 4);
	stun_put_bytes(&self->w->b, 0x7f02, value, 4);
	EXPECT_EQ(420, finish(self->w));
	EXPECT_TRUE(reply_signed(self->w));
	ASSERT_EQ(2, stun_get_unknown_attributes(&self->w->reply, types, 4));
	EXPECT_EQ(0x7f01, types[0]);
	EXPECT_EQ(0x7f02, types[1]);
	/* Comprehension-optional ones do not matter. */
	stun_put_bytes(begin_allocate(self->w, &self->c), 0xff01, value, 4);
	EXPECT_EQ(0, finish(self->w));
}

TEST_F(auth, static_user_by_key)
{
	struct turn_config *cfg = world_config();
	uint8_t key[16];

	meet(self->w, &self->c);
	self->c.username = "carol";
	self->c.password = "pw";
	make_key(self->w, &self->c);
	memcpy(key, self->c.key.bytes, sizeof(key));
	ASSERT_EQ(0, turn_config_add_user_key(cfg, "carol", key));
	EXPECT_EQ(-EEXIST, turn_config_add_user_key(cfg, "carol", key));
	use_config(self->w, cfg);
	begin_allocate(self->w, &self->c);
	EXPECT_EQ(0, finish(self->w));
}

TEST_F(auth, session_outlives_its_user)
{
	struct turn_config *cfg = turn_config_new();

	ASSERT_EQ(0, allocate(self->w, &self->c));
	ASSERT_EQ(0, turn_config_set_realm(cfg, WORLD_REALM));
	use_config(self->w, cfg);
	EXPECT_EQ(0, refresh(self->w, &self->c, 600));
	EXPECT_EQ(0, refresh(self->w, &self->c, 0));
	begin_allocate(self->w, &self->c);
	EXPECT_EQ(401, finish(self->w));
}

/* --- TURN REST ------------------------------------------------------------- */

static void rest_password(const char *secret, const char *username,
			  char password[64])
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int len;

	HMAC(EVP_sha1(), secret, (int)strlen(secret),
	     (const unsigned char *)username, strlen(username), mac, &len);
	EVP_EncodeBlock((unsigned char *)password, mac, (int)len);
}

static int rest_allocate(struct world *w, uint16_t port, const char *username,
			 const char *secret)
{
	struct client c = client_new(port);
	char password[64];

	rest_password(secret, username, password);
	c.username = username;
	c.password = password;
	return allocate(w, &c);
}

static struct turn_config *rest_config(const char *secret, const char *other)
{
	struct turn_config *cfg = world_config();

	if (turn_config_add_secret(cfg, secret) ||
	    (other && turn_config_add_secret(cfg, other)))
		abort();
	return cfg;
}

TEST_F(auth, rest_credentials_until_they_expire)
{
	struct world *w = self->w;

	use_config(w, rest_config("north", NULL));
	EXPECT_EQ(0, rest_allocate(w, 1, "1700000001:dora", "north"));
	EXPECT_EQ(0, rest_allocate(w, 2, "1700000001", "north"));
	EXPECT_EQ(401, rest_allocate(w, 3, "1700000000:dora", "north"));
	EXPECT_EQ(401, rest_allocate(w, 4, "1700000001:dora", "south"));
	EXPECT_EQ(401, rest_allocate(w, 5, "1700000001x:dora", "north"));
	EXPECT_EQ(401, rest_allocate(w, 6, "dora:1700000001", "north"));
	EXPECT_EQ(401, rest_allocate(w, 7, ":dora", "north"));
	EXPECT_EQ(401, rest_allocate(w, 8, "99999999999999999999:dora",
				     "north"));
}

TEST_F(auth, rest_any_of_several_secrets)
{
	use_config(self->w, rest_config("old", "new"));
	EXPECT_EQ(0, rest_allocate(self->w, 1, "1700000001:dora", "old"));
	EXPECT_EQ(0, rest_allocate(self->w, 2, "1700000001:dora", "new"));
	EXPECT_EQ(401, rest_allocate(self->w, 3, "1700000001:dora", "older"));
}

TEST_F(auth, rest_separator_can_be_chosen)
{
	struct turn_config *cfg = rest_config("north", NULL);

	cfg->rest_separator = '-';
	use_config(self->w, cfg);
	EXPECT_EQ(0, rest_allocate(self->w, 1, "1700000001-dora", "north"));
	EXPECT_EQ(401, rest_allocate(self->w, 2, "1700000001:dora", "north"));
}

TEST_F(auth, rest_session_outlives_its_credentials)
{
	char password[64];

	use_config(self->w, rest_config("north", NULL));
	rest_password("north", "1700000001:dora", password);
	self->c.username = "1700000001:dora";
	self->c.password = password;
	ASSERT_EQ(0, allocate(self->w, &self->c));
	self->w->wall += 3600;
	EXPECT_EQ(0, refresh(self->w, &self->c, 600));
}

TEST_F(auth, static_users_beside_rest)
{
	use_config(self->w, rest_config("north", NULL));
	EXPECT_EQ(0, allocate(self->w, &self->c));
}

/* --- without authentication ------------------------------------------------ */

TEST_F(auth, no_auth)
{
	self->w->cfg->auth = TURN_AUTH_NONE;
	begin_allocate(self->w, &self->c);
	EXPECT_EQ(0, finish(self->w));
	EXPECT_FALSE(stun_has(&self->w->reply, STUN_ATTR_MESSAGE_INTEGRITY));
	EXPECT_EQ(0, refresh(self->w, &self->c, 600));
	EXPECT_EQ(0, permit(self->w, &self->c, "198.51.100.99"));
}

TEST_F(auth, binding)
{
	struct transport_addr mapped;

	begin(self->w, &self->c, STUN_BINDING);
	ASSERT_EQ(0, finish(self->w));
	ASSERT_EQ(0, stun_get_address(&self->w->reply,
				      STUN_ATTR_XOR_MAPPED_ADDRESS, &mapped));
	EXPECT_TRUE(transport_addr_equal(&mapped, &self->c.tuple.client));
	self->w->cfg->secure_stun = true;
	begin(self->w, &self->c, STUN_BINDING);
	EXPECT_EQ(NO_REPLY, finish(self->w));	/* see the next test */
	self->w->cfg->secure_stun = false;
	self->w->cfg->no_stun = true;
	begin(self->w, &self->c, STUN_BINDING);
	EXPECT_EQ(NO_REPLY, finish(self->w));
}

TEST_F(auth, secure_stun)
{
	struct stun_builder *b;

	self->w->cfg->secure_stun = true;
	b = begin(self->w, &self->c, STUN_BINDING);
	/* 20 bytes are too few to answer with a challenge. */
	stun_put_string(b, STUN_ATTR_SOFTWARE, "a client that says more");
	EXPECT_EQ(401, finish(self->w));
	begin(self->w, &self->c, STUN_BINDING);
	EXPECT_EQ(0, finish(self->w));
	EXPECT_TRUE(reply_signed(self->w));
}

TEST_F(auth, stun_only)
{
	self->w->cfg->stun_only = true;
	begin_allocate(self->w, &self->c);
	EXPECT_EQ(NO_REPLY, finish(self->w));
	begin(self->w, &self->c, STUN_BINDING);
	EXPECT_EQ(0, finish(self->w));
}

TEST_F(auth, strangers_get_at_most_three_times_what_they_send)
{
	static const uint16_t methods[] = {
		STUN_BINDING, STUN_ALLOCATE, STUN_REFRESH,
		STUN_CREATE_PERMISSION, STUN_CHANNEL_BIND,
	};
	static const uint8_t filler[64];
	struct world *w = self->w;
	size_t m, fill, secure;

	strcpy(w->cfg->software, "a server with a very long name indeed");
	for (secure = 0; secure < 2; secure++)
	for (m = 0; m < sizeof(methods) / sizeof(*methods); m++)
	for (fill = 0; fill < 64; fill += 4) {
		struct client c = fill % 8 ? client_new6(1) : client_new(1);
		struct stun_builder *b = begin(w, &c, methods[m]);

		w->cfg->secure_stun = secure;
		w->cfg->fingerprint = fill % 16 == 0;
		if (methods[m] == STUN_ALLOCATE)
			stun_put_requested_transport(b, IPPROTO_UDP);
		if (fill)
			stun_put_bytes(b, 0xff01, filler, fill - 4);
		w->to_client_len = 0;
		if (finish(w) != NO_REPLY)
			EXPECT_GE(3 * w->request_len, w->to_client_len);
		/* A client that can succeed is always told how. */
		if (methods[m] == STUN_ALLOCATE)
			EXPECT_NE(0, w->to_client_len);
	}
	EXPECT_LT(0, drops(w, TURN_DROP_AMPLIFICATION));
	EXPECT_EQ(0, open_relays(w));
}

TEST_F(auth, longest_unamplified_realm)
{
	struct turn_config *cfg = turn_config_new();
	char realm[TURN_REALM_UNAMPLIFIED + 1];

	memset(realm, 'r', TURN_REALM_UNAMPLIFIED);
	realm[TURN_REALM_UNAMPLIFIED] = '\0';
	ASSERT_EQ(0, turn_config_set_realm(cfg, realm));
	use_config(self->w, cfg);
	begin_allocate(self->w, &self->c);
	EXPECT_EQ(401, finish(self->w));
	EXPECT_EQ(28, self->w->request_len);
	EXPECT_EQ(84, self->w->to_client_len);
}

TEST_F(auth, a_longer_realm_still_works)
{
	struct turn_config *cfg = turn_config_new();
	char realm[TURN_REALM_MAX + 1];

	memset(realm, 'r', TURN_REALM_MAX);
	realm[TURN_REALM_MAX] = '\0';
	ASSERT_EQ(0, turn_config_set_realm(cfg, realm));
	ASSERT_EQ(0, turn_config_add_user(cfg, "alice", "secret"));
	use_config(self->w, cfg);
	EXPECT_EQ(0, allocate(self->w, &self->c));
}

/* --- the configuration ----------------------------------------------------- */

TEST(config_refuses_nonsense)
{
	struct turn_config *cfg = turn_config_new();
	char longest[TURN_USERNAME_MAX + 1];

	memset(longest, 'n', TURN_USERNAME_MAX);
	longest[TURN_USERNAME_MAX] = '\0';
	EXPECT_EQ(-EINVAL, turn_config_add_user(cfg, "alice", "pw"));
	EXPECT_EQ(-EINVAL, turn_config_set_realm(cfg, ""));
	EXPECT_EQ(0, turn_config_set_realm(cfg, "r"));
	EXPECT_EQ(-EINVAL, turn_config_add_user(cfg, "", "pw"));
	EXPECT_EQ(-EMSGSIZE, turn_config_add_user(cfg, longest, "pw"));
	EXPECT_EQ(0, turn_config_add_user(cfg, "alice", "pw"));
	EXPECT_EQ(-EEXIST, turn_config_add_user(cfg, "alice", "pw"));
	EXPECT_EQ(-EBUSY, turn_config_set_realm(cfg, "other"));
	EXPECT_EQ(-EINVAL, turn_config_add_secret(cfg, ""));
	turn_config_put(cfg);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: BSD-3-Clause
/* Third-party authorization (RFC 7635), with tokens that the test seals. */
#include <kselftest_harness.h>
#include <openssl/evp.h>

#include "turn/access_token.h"
#include "turn_client.h"

#define SERVER		"turn1.example"
#define KID		"22BIjxU93h/IgwEb"
#define NOW		1700000000u	/* world_new()'s */

static const uint8_t long_term_key[32] = { 1, 2, 3, 4 };

struct token_spec {
	const char *server;
	uint8_t mac_key[64];
	uint16_t mac_len;
	uint64_t seconds;
	uint32_t lifetime;
};

static const struct token_spec good = {
	.server = SERVER, .mac_key = { 9, 8, 7 }, .mac_len = 20,
	.seconds = NOW, .lifetime = 3600,
};

/* Figure 4, as an authorization server makes it. Return: length. */
static size_t seal(const struct token_spec *spec, uint8_t out[256])
{
	uint8_t plain[128];
	struct stun_writer p = stun_writer(plain, sizeof(plain));
	struct stun_writer w = stun_writer(out, 256);
	static const uint8_t nonce[12] = "fresh nonce";
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t *sealed;
	int len, rest;

	stun_write_u16(&p, spec->mac_len);
	stun_write_bytes(&p, spec->mac_key, spec->mac_len);
	stun_write_u32(&p, (uint32_t)(spec->seconds >> 16));
	stun_write_u16(&p, (uint16_t)spec->seconds);
	stun_write_u16(&p, 32000);	/* half a second */
	stun_write_u32(&p, spec->lifetime);
	stun_write_u16(&w, sizeof(nonce));
	stun_write_bytes(&w, nonce, sizeof(nonce));
	sealed = stun_write_space(&w, p.len + 16);
	if (!sealed || p.failed || !ctx ||
	    !EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, long_term_key,
				nonce) ||
	    !EVP_EncryptUpdate(ctx, NULL, &len, (const uint8_t *)spec->server,
			       (int)strlen(spec->server)) ||
	    !EVP_EncryptUpdate(ctx, sealed, &len, plain, (int)p.len) ||
	    !EVP_EncryptFinal_ex(ctx, sealed + len, &rest) ||
	    !EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, sealed + p.len))
		abort();
	EVP_CIPHER_CTX_free(ctx);
	return w.len;
}

static struct turn_oauth_key_setup key_setup(void)
{
	return (struct turn_oauth_key_setup){
		.kid = KID, .key = long_term_key,
		.key_len = sizeof(long_term_key), .algorithm = "A256GCM",
	};
}

static void take_tokens(struct turn_config *cfg)
{
	const struct turn_oauth_key_setup setup = key_setup();

	strcpy(cfg->oauth_server_name, SERVER);
	if (turn_config_add_oauth_key(cfg, &setup))
		abort();
}

FIXTURE(token)
{
	struct world *w;
	struct client c;
};

FIXTURE_SETUP(token)
{
	self->w = world_new();
	take_tokens(self->w->cfg);
	self->c = client_new(5000);
	self->c.username = KID;
}

FIXTURE_TEARDOWN(token)
{
	EXPECT_EQ(0, world_free(self->w));
}

/* Sends what @w->b holds with a token, signed with the token's key. */
static int finish_token(struct world *w, struct client *c,
			const struct token_spec *spec)
{
	uint8_t sealed[256];

	stun_put_bytes(&w->b, STUN_ATTR_ACCESS_TOKEN, sealed,
		       seal(spec, sealed));
	c->key.len = (uint8_t)spec->mac_len;
	memcpy(c->key.bytes, spec->mac_key, spec->mac_len);
	return finish(w);
}

static int allocate_token(struct world *w, struct client *c,
			  const struct token_spec *spec)
{
	meet(w, c);
	begin_allocate(w, c);
	return finish_token(w, c, spec);
}

static uint32_t lifetime(struct world *w)
{
	uint32_t seconds = 0;

	if (stun_get_lifetime(&w->reply, &seconds))
		abort();
	return seconds;
}

TEST_F(token, rfc7635_4_challenge_names_the_server)
{
	struct stun_bytes name;

	stun_put_lifetime(begin_allocate(self->w, &self->c), 600);
	ASSERT_EQ(401, finish(self->w));
	ASSERT_EQ(0, stun_get_bytes(&self->w->reply,
				    STUN_ATTR_THIRD_PARTY_AUTHORIZATION, &name));
	EXPECT_EQ(strlen(SERVER), name.len);
	EXPECT_EQ(0, memcmp(name.data, SERVER, name.len));
	EXPECT_GE(3 * self->w->request_len, self->w->to_client_len);
	begin_allocate(self->w, &self->c);
	*self->c.nonce = '\0';
	ASSERT_EQ(401, finish(self->w));
	EXPECT_TRUE(stun_has(&self->w->reply,
			     STUN_ATTR_THIRD_PARTY_AUTHORIZATION));
	EXPECT_GE(3 * self->w->request_len, self->w->to_client_len);
}

TEST_F(token, rfc7635_9_session)
{
	struct client *c = &self->c;
	struct world *w = self->w;

	ASSERT_EQ(0, allocate_token(w, c, &good));
	EXPECT_TRUE(reply_signed(w));
	EXPECT_EQ(600, lifetime(w));
	/* "only in Allocate and Refresh requests" */
	EXPECT_EQ(0, permit(w, c, "198.51.100.99"));
	EXPECT_TRUE(reply_signed(w));
	EXPECT_EQ(0, bind_channel(w, c, 0x4000, "198.51.100.99:9"));
	stun_put_lifetime(begin(w, c, STUN_REFRESH), 0);
	EXPECT_EQ(0, finish_token(w, c, &good));
}

TEST_F(token, rfc7635_6_2_keys_of_other_lengths)
{
	static const uint16_t lens[] = { 16, 32, 64 };
	struct token_spec spec = good;
	size_t i;

	for (i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
		struct client c = self->c;

		c.tuple.client.port = (uint16_t)(i + 1);
		spec.mac_len = lens[i];
		EXPECT_EQ(0, allocate_token(self->w, &c, &spec));
		EXPECT_TRUE(reply_signed(self->w));
		EXPECT_EQ(0, permit(self->w, &c, "198.51.100.99"));
	}
}

/* As coturn's clients do. */
TEST_F(token, sixteen_bytes_of_a_key_of_twenty)
{
	struct stun_builder *b;
	uint8_t sealed[256];
	size_t len = seal(&good, sealed);

	meet(self->w, &self->c);
	b = begin_allocate(self->w, &self->c);
	stun_put_bytes(b, STUN_ATTR_ACCESS_TOKEN, sealed, len);
	self->c.key.len = 16;
	memcpy(self->c.key.bytes, good.mac_key, 16);
	EXPECT_EQ(0, finish(self->w));
	EXPECT_TRUE(reply_signed(self->w));
	EXPECT_EQ(0, permit(self->w, &self->c, "198.51.100.99"));
}

TEST_F(token, rfc7635_9_lifetime_is_that_of_the_token)
{
	struct token_spec spec = good, fresh = good;
	struct client *c = &self->c;
	struct world *w = self->w;

	spec.lifetime = 100;
	spec.seconds = NOW - 60;
	ASSERT_EQ(0, allocate_token(w, c, &spec));
	EXPECT_EQ(45, lifetime(w));
	/* Without the token, by its key alone, it gets no further. */
	w->now += 10000;
	w->wall += 10;
	EXPECT_EQ(0, refresh(w, c, 600));
	EXPECT_GE(36, lifetime(w));
	/* A new token, of another key, replaces it. */
	fresh.mac_key[0] ^= 1;
	stun_put_lifetime(begin(w, c, STUN_REFRESH), 600);
	EXPECT_EQ(0, finish_token(w, c, &fresh));
	EXPECT_EQ(600, lifetime(w));
	EXPECT_EQ(0, permit(w, c, "198.51.100.99"));
	memcpy(c->key.bytes, spec.mac_key, spec.mac_len);
	EXPECT_EQ(401, permit(w, c, "198.51.100.99"));
	/* It ends with its lifetime, as any allocation. */
	advance(w, 601000);
	EXPECT_EQ(0, open_relays(w));
}

TEST_F(token, rfc7635_7_refused_with_401)
{
	struct token_spec spec = good;
	struct client *c = &self->c;
	struct world *w = self->w;
	uint8_t sealed[256];
	size_t len, i;

	spec.server = "turn2.example.org";
	EXPECT_EQ(401, allocate_token(w, c, &spec));
	spec = good;
	spec.seconds = NOW - 3605;
	EXPECT_EQ(401, allocate_token(w, c, &spec));
	spec.seconds = NOW + 3605;
	EXPECT_EQ(401, allocate_token(w, c, &spec));
	c->username = "another kid";
	EXPECT_EQ(401, allocate_token(w, c, &good));
	c->username = KID;
	len = seal(&good, sealed);
	for (i = 0; i < len; i++) {
		struct stun_builder *b = begin_allocate(w, c);

		sealed[i] ^= 1;
		stun_put_bytes(b, STUN_ATTR_ACCESS_TOKEN, sealed, len);
		sealed[i] ^= 1;
		memcpy(c->key.bytes, good.mac_key, good.mac_len);
		c->key.len = 20;
		EXPECT_EQ(401, finish(w));
	}
	for (i = 0; i < len; i++) {
		stun_put_bytes(begin_allocate(w, c), STUN_ATTR_ACCESS_TOKEN,
			       sealed, i);
		memcpy(c->key.bytes, good.mac_key, good.mac_len);
		c->key.len = 20;
		EXPECT_EQ(401, finish(w));
	}
	/* A right token, but the key of another. */
	stun_put_bytes(begin_allocate(w, c), STUN_ATTR_ACCESS_TOKEN, sealed, len);
	c->key.bytes[0] ^= 1;
	EXPECT_EQ(401, finish(w));
	EXPECT_EQ(0, open_relays(w));
	EXPECT_EQ(0, allocate_token(w, c, &good));
}

TEST_F(token, rfc7635_7_stale_nonce)
{
	meet(self->w, &self->c);
	self->c.nonce[3] ^= 1;
	EXPECT_EQ(438, allocate_token(self->w, &self->c, &good));
	EXPECT_EQ(0, allocate_token(self->w, &self->c, &good));
}

TEST_F(token, rfc7635_7_unexpected_token_is_420)
{
	uint16_t types[4];

	*self->w->cfg->oauth_server_name = '\0';
	EXPECT_EQ(420, allocate_token(self->w, &self->c, &good));
	ASSERT_EQ(1, stun_get_unknown_attributes(&self->w->reply, types, 4));
	EXPECT_EQ(STUN_ATTR_ACCESS_TOKEN, types[0]);
	self->w->cfg->auth = TURN_AUTH_NONE;
	EXPECT_EQ(420, allocate_token(self->w, &self->c, &good));
}

TEST_F(token, rfc8656_5_tokens_and_users_do_not_mix)
{
	struct client alice = client_new(5000);
	struct world *w = self->w;

	ASSERT_EQ(0, allocate_token(w, &self->c, &good));
	alice.txid = 50;
	meet(w, &alice);
	EXPECT_EQ(441, permit(w, &alice, "198.51.100.99"));
	ASSERT_EQ(0, permit(w, &self->c, "198.51.100.99"));
	alice.tuple.client.port = 5001;
	*alice.nonce = '\0';
	ASSERT_EQ(0, allocate(w, &alice));
	self->c.tuple = alice.tuple;
	memcpy(self->c.nonce, alice.nonce, sizeof(alice.nonce));
	begin(w, &self->c, STUN_REFRESH);
	EXPECT_EQ(441, finish_token(w, &self->c, &good));
}

/* Many users have the same kid: it is the key's name, not theirs. */
TEST_F(token, user_quota_counts_those_of_a_token)
{
	struct client other = client_new(5001), same = client_new(5002);
	struct token_spec another = good;

	another.mac_key[0] ^= 1;
	other.username = same.username = KID;
	self->w->cfg->user_quota = 1;
	EXPECT_EQ(0, allocate_token(self->w, &self->c, &good));
	EXPECT_EQ(486, allocate_token(self->w, &same, &good));
	EXPECT_EQ(0, allocate_token(self->w, &other, &another));
	EXPECT_EQ(0, refresh(self->w, &self->c, 0));
	EXPECT_EQ(0, allocate_token(self->w, &same, &good));
}

/* A first request that leaves room for all that there is to offer. */
static void meet_modern(struct world *w, struct client *c)
{
	c->modern = true;
	c->username = KID;
	stun_put_string(begin_allocate(w, c), STUN_ATTR_SOFTWARE,
			"a client that says what it is at some length");
	if (finish(w) != 401)
		abort();
}

/* RFC 8489 9.2.5: a client that hashes names hashes that of the key, too. */
TEST_F(token, rfc8489_9_2_userhash_and_sha256)
{
	struct client *c = &self->c;
	struct client same = client_new(5002);

	self->w->cfg->user_quota = 1;
	meet_modern(self->w, c);
	meet_modern(self->w, &same);
	ASSERT_TRUE(c->userhash);
	EXPECT_EQ(STUN_HMAC_SHA256, c->hmac);
	EXPECT_EQ(0, allocate_token(self->w, c, &good));
	EXPECT_TRUE(reply_signed(self->w));
	EXPECT_EQ(0, permit(self->w, c, "198.51.100.99"));
	EXPECT_EQ(486, allocate_token(self->w, &same, &good));
	c->username = "another kid";
	stun_put_lifetime(begin(self->w, c, STUN_REFRESH), 600);
	EXPECT_EQ(401, finish_token(self->w, c, &good));
}

/* As coturn has it: the key's realm, not that of the challenge. */
TEST_F(token, sessions_count_in_the_realm_of_the_key)
{
	struct client others[] = { client_new(5001), client_new(5002) };
	struct turn_oauth_key_setup setup = key_setup();
	struct token_spec another = good;
	struct turn_realm *realm;

	ASSERT_EQ(0, turn_config_add_realm(self->w->cfg, "example.net", &realm));
	realm->total_quota = 1;
	setup.kid = "of the realm";
	setup.realm = realm;
	ASSERT_EQ(0, turn_config_add_oauth_key(self->w->cfg, &setup));
	another.mac_key[0] ^= 1;
	for (int i = 0; i < 2; i++)
		others[i].username = setup.kid;
	EXPECT_EQ(0, allocate_token(self->w, &others[0], &good));
	EXPECT_EQ(0, permit(self->w, &others[0], "198.51.100.99"));
	EXPECT_EQ(486, allocate_token(self->w, &others[1], &another));
	EXPECT_EQ(0, allocate_token(self->w, &self->c, &good));
	stun_put_lifetime(begin(self->w, &others[0], STUN_REFRESH), 0);
	EXPECT_EQ(0, finish_token(self->w, &others[0], &good));
	EXPECT_EQ(0, allocate_token(self->w, &others[1], &another));
}

TEST_F(token, users_with_passwords_beside)
{
	struct client alice = client_new(5001);

	EXPECT_EQ(0, allocate(self->w, &alice));
}

TEST(keys)
{
	struct turn_config *cfg = turn_config_new();
	struct turn_oauth_key_setup setup = key_setup();
	struct stun_bytes text;
	struct stun_key key;
	const struct turn_oauth_key *with;
	uint8_t sealed[256];
	uint32_t left;

	take_tokens(cfg);
	EXPECT_EQ(-EEXIST, turn_config_add_oauth_key(cfg, &setup));
	setup.kid = "brief";
	setup.timestamp = NOW - 100;
	setup.lifetime = 200;
	EXPECT_EQ(0, turn_config_add_oauth_key(cfg, &setup));
	setup.kid = "other";
	setup.algorithm = "A256CBC-HS512";
	EXPECT_EQ(-EOPNOTSUPP, turn_config_add_oauth_key(cfg, &setup));
	setup.algorithm = "";
	setup.key_len = 31;
	EXPECT_EQ(-EINVAL, turn_config_add_oauth_key(cfg, &setup));
	setup.algorithm = "A128GCM";
	EXPECT_EQ(0, turn_config_add_oauth_key(cfg, &setup));

	text = (struct stun_bytes){ sealed, seal(&good, sealed) };
	with = turn_oauth_key_find(cfg, stun_bytes("brief"));
	EXPECT_EQ(0, turn_access_token_open(cfg, with, text, NOW, &key, &left));
	EXPECT_EQ(3605, left);
	EXPECT_EQ(-ENOKEY, turn_access_token_open(cfg, with, text, NOW + 100,
						  &key, &left));
	EXPECT_EQ(-ENOKEY, turn_access_token_open(cfg, with, text, NOW - 101,
						  &key, &left));
	EXPECT_EQ(-ENOKEY, turn_access_token_open(cfg, NULL, text, NOW,
						  &key, &left));
	turn_config_put(cfg);
}

TEST_HARNESS_MAIN

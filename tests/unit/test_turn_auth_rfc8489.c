// SPDX-License-Identifier: BSD-3-Clause
/*
 * What RFC 8489 adds to the long-term credentials of RFC 5389: password
 * algorithms, user names as hashes, the nonce cookie that keeps others from
 * taking them out of a challenge, and users that are looked up elsewhere.
 */
#include <kselftest_harness.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "turn_client.h"

static const uint8_t both[] = { 0, 2, 0, 0, 0, 1, 0, 0 };
static const uint8_t md5_only[] = { 0, 1, 0, 0 };

FIXTURE(rfc8489)
{
	struct world *w;
	struct client c;
};

FIXTURE_SETUP(rfc8489)
{
	self->w = world_new();
	self->c = client_new(5000);
	self->c.modern = true;
}

FIXTURE_TEARDOWN(rfc8489)
{
	EXPECT_EQ(0, world_free(self->w));
}

static void use_config(struct world *w, struct turn_config *cfg)
{
	turn_server_set_config(w->srv, cfg);
	turn_config_put(w->cfg);
	w->cfg = cfg;
}

/* A challenge to a client that says more than the least it could. */
static int challenge(struct world *w, struct client *c)
{
	*c->nonce = '\0';
	stun_put_lifetime(begin_allocate(w, c), 600);
	return finish(w);
}

static bool offers(const struct client *c, const void *list, size_t len)
{
	return c->algorithms_len == len &&
	       (len == 0 || memcmp(c->algorithms, list, len) == 0);
}

static int allocate_with(struct world *w, struct client *c, const void *list,
			 size_t list_len, const void *choice, size_t choice_len)
{
	struct stun_builder *b = begin_allocate(w, c);

	c->algorithm = 0;	/* finish() puts none */
	if (list)
		stun_put_bytes(b, STUN_ATTR_PASSWORD_ALGORITHMS, list, list_len);
	if (choice)
		stun_put_bytes(b, STUN_ATTR_PASSWORD_ALGORITHM, choice,
			       choice_len);
	return finish(w);
}

static void database(struct world *w, unsigned int lookups)
{
	w->cfg->lookups = lookups;
	w->db_user = "erin";
	w->db_password = "database";
}

TEST_F(rfc8489, s9_2_4_challenge_offers_sha256_before_md5)
{
	ASSERT_EQ(401, challenge(self->w, &self->c));
	EXPECT_TRUE(offers(&self->c, both, sizeof(both)));
	EXPECT_EQ(0, strncmp(self->c.nonce, "obMatJos2wAAA", 13));
	EXPECT_FALSE(stun_has(&self->w->reply, STUN_ATTR_USERHASH));
	EXPECT_FALSE(stun_has(&self->w->reply, STUN_ATTR_MESSAGE_INTEGRITY));
}

TEST_F(rfc8489, s9_2_4_session_with_sha256_and_userhash)
{
	struct client *c = &self->c;
	struct world *w = self->w;

	ASSERT_EQ(401, challenge(w, c));
	EXPECT_EQ(STUN_PASSWORD_SHA256, c->algorithm);
	EXPECT_TRUE(c->userhash);
	begin_allocate(w, c);
	ASSERT_EQ(0, finish(w));
	EXPECT_TRUE(reply_signed_by(w, STUN_HMAC_SHA256));
	EXPECT_FALSE(stun_has(&w->reply, STUN_ATTR_NONCE));
	EXPECT_EQ(0, permit(w, c, "198.51.100.99"));
	EXPECT_TRUE(reply_signed_by(w, STUN_HMAC_SHA256));
	EXPECT_EQ(0, bind_channel(w, c, 0x4000, "198.51.100.99:9"));
	EXPECT_EQ(0, refresh(w, c, 0));
	EXPECT_TRUE(reply_signed_by(w, STUN_HMAC_SHA256));
}

/* "MUST be used" as well where the key is MD5's, but was chosen. */
TEST_F(rfc8489, s9_2_4_chosen_md5_is_answered_with_sha256_integrity)
{
	struct client *c = &self->c;
	struct world *w = self->w;

	ASSERT_EQ(401, challenge(w, c));
	c->algorithm = STUN_PASSWORD_MD5;
	make_key(w, c);
	begin_allocate(w, c);
	ASSERT_EQ(0, finish(w));
	EXPECT_TRUE(reply_signed_by(w, STUN_HMAC_SHA256));
	/* It may sign with the older attribute all the same. */
	c->hmac = STUN_HMAC_SHA1;
	EXPECT_EQ(0, refresh(w, c, 600));
	EXPECT_TRUE(reply_signed_by(w, STUN_HMAC_SHA256));
}

TEST_F(rfc8489, s9_2_4_without_algorithm_it_is_md5_and_sha1)
{
	struct client *c = &self->c;

	c->modern = false;
	ASSERT_EQ(401, challenge(self->w, c));
	EXPECT_TRUE(stun_has(&self->w->reply, STUN_ATTR_PASSWORD_ALGORITHMS));
	begin_allocate(self->w, c);
	ASSERT_EQ(0, finish(self->w));
	EXPECT_TRUE(reply_signed_by(self->w, STUN_HMAC_SHA1));
}

TEST_F(rfc8489, s9_2_4_error_responses_are_signed_likewise)
{
	ASSERT_EQ(401, challenge(self->w, &self->c));
	EXPECT_EQ(437, refresh(self->w, &self->c, 600));
	EXPECT_TRUE(reply_signed_by(self->w, STUN_HMAC_SHA256));
}

TEST_F(rfc8489, s9_2_4_half_or_changed_algorithms_are_400)
{
	static const uint8_t sha256[] = { 0, 2, 0, 0 }, sha999[] = { 3, 231, 0, 0 };
	static const uint8_t reversed[] = { 0, 1, 0, 0, 0, 2, 0, 0 };
	static const uint8_t longer[] = { 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0 };
	static const uint8_t params[] = { 0, 2, 0, 4, 1, 2, 3, 4 };
	struct client *c = &self->c;
	struct world *w = self->w;

	ASSERT_EQ(401, challenge(w, c));
	EXPECT_EQ(400, allocate_with(w, c, both, 8, NULL, 0));
	EXPECT_FALSE(stun_has(&w->reply, STUN_ATTR_NONCE));
	EXPECT_FALSE(stun_has(&w->reply, STUN_ATTR_REALM));
	EXPECT_EQ(400, allocate_with(w, c, NULL, 0, sha256, 4));
	EXPECT_EQ(400, allocate_with(w, c, md5_only, 4, md5_only, 4));
	EXPECT_EQ(400, allocate_with(w, c, reversed, 8, sha256, 4));
	EXPECT_EQ(400, allocate_with(w, c, longer, 12, sha256, 4));
	EXPECT_EQ(400, allocate_with(w, c, both, 8, sha999, 4));
	EXPECT_EQ(400, allocate_with(w, c, both, 8, params, 8));
	EXPECT_EQ(400, allocate_with(w, c, both, 8, both, 8));
	EXPECT_EQ(0, open_relays(w));
	EXPECT_EQ(0, allocate_with(w, c, both, 8, sha256, 4));
}

/* The order: 400 for the algorithms comes before 401 and 438. */
TEST_F(rfc8489, s9_2_4_algorithms_are_checked_before_the_rest)
{
	ASSERT_EQ(401, challenge(self->w, &self->c));
	self->c.key.bytes[0] ^= 1;
	self->c.nonce[strlen(self->c.nonce) - 1] ^= 1;
	EXPECT_EQ(400, allocate_with(self->w, &self->c, both, 8, NULL, 0));
}

/*
 * Somebody on the way takes the offer out of the challenge, and the nonce
 * cookie as well, so that the client does not see that it is gone.
 */
TEST_F(rfc8489, s9_2_1_bid_down_is_noticed)
{
	struct client *c = &self->c;
	size_t i;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(401, challenge(self->w, c));
		c->modern = false;
		c->algorithm = 0;
		c->hmac = STUN_HMAC_SHA1;
		if (i == 0) {		/* no list */
			c->nonce[9] = 'Q';
		} else if (i == 1) {	/* neither list nor hashes */
			c->nonce[9] = 'A';
			c->userhash = false;
		} else {		/* no cookie at all */
			memmove(c->nonce, c->nonce + 13, 16);
			c->userhash = false;
		}
		make_key(self->w, c);
		begin_allocate(self->w, c);
		EXPECT_EQ(438, finish(self->w));
		EXPECT_EQ(0, strncmp(c->nonce, "obMatJos2wAAA", 13));
		c->modern = true;
	}
}

TEST_F(rfc8489, s9_2_4_stale_nonce_comes_with_the_offer)
{
	struct client *c = &self->c;

	ASSERT_EQ(401, challenge(self->w, c));
	self->w->cfg->nonce_lifetime = 60;
	self->w->now += 60000;
	c->algorithms_len = 0;
	begin(self->w, c, STUN_ALLOCATE);
	stun_put_requested_transport(&self->w->b, IPPROTO_UDP);
	memcpy(c->algorithms, both, sizeof(both));
	c->algorithms_len = sizeof(both);
	EXPECT_EQ(438, finish(self->w));
	EXPECT_TRUE(stun_has(&self->w->reply, STUN_ATTR_PASSWORD_ALGORITHMS));
	begin_allocate(self->w, c);
	EXPECT_EQ(0, finish(self->w));
}

TEST_F(rfc8489, s14_6_truncated_integrity_is_401)
{
	struct client *c = &self->c;
	struct world *w = self->w;

	ASSERT_EQ(401, challenge(w, c));
	begin_allocate(w, c);
	ASSERT_EQ(0, finish(w));
	stun_put_lifetime(begin(w, c, STUN_REFRESH), 600);
	ASSERT_EQ(0, finish(w));
	/* Take four bytes off MESSAGE-INTEGRITY-SHA256, the last attribute. */
	w->request_len -= 4;
	w->request[3] = (uint8_t)(w->request[3] - 4);
	w->request[w->request_len - 29] = 28;
	EXPECT_EQ(401, send_again(w));
}

TEST_F(rfc8489, s14_4_userhash_of_nobody_and_of_others)
{
	struct client *c = &self->c;

	ASSERT_EQ(401, challenge(self->w, c));
	c->username = "mallory";
	begin_allocate(self->w, c);
	EXPECT_EQ(401, finish(self->w));
	c->username = "bob";	/* with alice's password */
	make_key(self->w, c);
	begin_allocate(self->w, c);
	EXPECT_EQ(401, finish(self->w));
	c->password = "hunter2";
	make_key(self->w, c);
	begin_allocate(self->w, c);
	EXPECT_EQ(0, finish(self->w));
}

TEST_F(rfc8489, rfc8656_5_another_user_by_hash_is_441)
{
	struct client bob;

	ASSERT_EQ(401, challenge(self->w, &self->c));
	begin_allocate(self->w, &self->c);
	ASSERT_EQ(0, finish(self->w));
	bob = self->c;
	bob.username = "bob";
	bob.password = "hunter2";
	bob.txid = 100;
	make_key(self->w, &bob);
	EXPECT_EQ(441, refresh(self->w, &bob, 600));
	EXPECT_TRUE(reply_signed_by(self->w, STUN_HMAC_SHA256));
	/* By its name, it is the same user as by its hash. */
	self->c.userhash = false;
	EXPECT_EQ(0, refresh(self->w, &self->c, 600));
}

TEST_F(rfc8489, session_by_hash_outlives_its_user)
{
	struct turn_config *cfg = turn_config_new();

	ASSERT_EQ(401, challenge(self->w, &self->c));
	begin_allocate(self->w, &self->c);
	ASSERT_EQ(0, finish(self->w));
	ASSERT_EQ(0, turn_config_set_realm(cfg, WORLD_REALM));
	use_config(self->w, cfg);
	EXPECT_EQ(0, refresh(self->w, &self->c, 600));
}

/* --- what is offered ------------------------------------------------------- */

TEST_F(rfc8489, a_user_with_an_md5_key_only_can_use_md5_only)
{
	struct turn_config *cfg = world_config();
	struct client *c = &self->c;
	uint8_t key[16];

	ASSERT_EQ(401, challenge(self->w, c));
	begin_allocate(self->w, c);
	ASSERT_EQ(0, finish(self->w));	/* under SHA-256 */

	make_key(self->w, c);
	memcpy(key, c->key.bytes, sizeof(key));
	ASSERT_EQ(0, turn_config_add_user_key(cfg, "carol", key));
	use_config(self->w, cfg);
	/* The session goes on as it was, until its nonce is stale. */
	EXPECT_EQ(0, refresh(self->w, c, 0));
	EXPECT_TRUE(reply_signed_by(self->w, STUN_HMAC_SHA256));

	ASSERT_EQ(401, challenge(self->w, c));
	EXPECT_TRUE(offers(c, md5_only, sizeof(md5_only)));
	EXPECT_EQ(0, strncmp(c->nonce, "obMatJos2wAAA", 13));
	begin_allocate(self->w, c);
	EXPECT_EQ(0, finish(self->w));
	EXPECT_TRUE(reply_signed_by(self->w, STUN_HMAC_SHA256));
}

/* A session under SHA-256 whose nonce grows old after such a reload. */
TEST_F(rfc8489, session_survives_that_its_algorithm_is_not_offered_any_more)
{
	static const uint8_t key[16];
	struct turn_config *cfg = world_config();
	struct client *c = &self->c;

	ASSERT_EQ(401, challenge(self->w, c));
	begin_allocate(self->w, c);
	ASSERT_EQ(0, finish(self->w));
	ASSERT_EQ(0, turn_config_add_user_key(cfg, "carol", key));
	cfg->nonce_lifetime = 60;
	use_config(self->w, cfg);
	self->w->now += 60000;
	EXPECT_EQ(438, refresh(self->w, c, 600));
	EXPECT_TRUE(offers(c, md5_only, sizeof(md5_only)));
	EXPECT_EQ(0, refresh(self->w, c, 600));
	EXPECT_TRUE(reply_signed_by(self->w, STUN_HMAC_SHA256));
}

TEST_F(rfc8489, the_offer_can_be_switched_off)
{
	self->w->cfg->no_password_algorithms = true;
	ASSERT_EQ(401, challenge(self->w, &self->c));
	EXPECT_TRUE(offers(&self->c, NULL, 0));
	EXPECT_NE(0, strncmp(self->c.nonce, "obMatJos2", 9));
	begin_allocate(self->w, &self->c);
	EXPECT_EQ(0, finish(self->w));
	EXPECT_TRUE(reply_signed_by(self->w, STUN_HMAC_SHA1));
}

/* Request of 28 bytes, 84 for the response; see reply.c for the order. */
TEST_F(rfc8489, s9_2_4_the_offer_shrinks_with_the_room_for_it)
{
	static const struct {
		size_t realm;
		bool algorithms;
		bool cookie;
		size_t len;
	} cases[] = {
		{ 8, true, true, 84 }, { 9, false, true, 76 },
		{ 20, false, true, 84 }, { 21, false, false, 76 },
		{ 32, false, false, 84 },
	};
	struct world *w = self->w;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct turn_config *cfg = turn_config_new();
		struct client c = client_new(1);
		char realm[64] = "";

		memset(realm, 'r', cases[i].realm);
		ASSERT_EQ(0, turn_config_set_realm(cfg, realm));
		ASSERT_EQ(0, turn_config_add_user(cfg, "alice", "secret"));
		use_config(w, cfg);
		c.modern = true;
		begin_allocate(w, &c);
		ASSERT_EQ(401, finish(w));
		EXPECT_EQ(28, w->request_len);
		EXPECT_EQ(cases[i].len, w->to_client_len);
		EXPECT_EQ(cases[i].algorithms, c.algorithms_len != 0);
		EXPECT_EQ(cases[i].cookie, !strncmp(c.nonce, "obMatJos2", 9));
		/* With LIFETIME, too, all of it fits. */
		ASSERT_EQ(401, challenge(w, &c));
		EXPECT_TRUE(offers(&c, both, sizeof(both)));
		EXPECT_GE(3 * w->request_len, w->to_client_len);
		begin_allocate(w, &c);
		EXPECT_EQ(0, finish(w));
		EXPECT_EQ(0, refresh(w, &c, 0));
	}
}

TEST_F(rfc8489, streams_get_the_whole_offer)
{
	struct turn_config *cfg = turn_config_new();

	ASSERT_EQ(0, turn_config_set_realm(cfg, "a.realm.of.32.bytes.example.com."));
	use_config(self->w, cfg);
	self->c.tuple.transport = TURN_TCP;
	begin_allocate(self->w, &self->c);
	ASSERT_EQ(401, finish(self->w));
	EXPECT_TRUE(offers(&self->c, both, sizeof(both)));
}

/* --- TURN REST ------------------------------------------------------------- */

static void rest_client(struct client *c, const char *secret, char password[64])
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int len;

	c->username = "1700000001:dora";
	HMAC(EVP_sha1(), secret, (int)strlen(secret),
	     (const unsigned char *)c->username, strlen(c->username), mac, &len);
	EVP_EncodeBlock((unsigned char *)password, mac, (int)len);
	c->password = password;
}

/* Who is asked for a name that is a hash cannot tell its expiry. */
TEST_F(rfc8489, rest_users_can_use_sha256_but_not_userhash)
{
	struct turn_config *cfg = world_config();
	char password[64];

	ASSERT_EQ(0, turn_config_add_secret(cfg, "north"));
	use_config(self->w, cfg);
	rest_client(&self->c, "north", password);
	ASSERT_EQ(401, challenge(self->w, &self->c));
	EXPECT_FALSE(self->c.userhash);
	EXPECT_EQ(STUN_PASSWORD_SHA256, self->c.algorithm);
	begin_allocate(self->w, &self->c);
	EXPECT_EQ(0, finish(self->w));
	EXPECT_TRUE(reply_signed_by(self->w, STUN_HMAC_SHA256));
}

/* --- OpaqueString ---------------------------------------------------------- */

#define COMPOSED	"andr\u00e9"
#define DECOMPOSED	"andre\u0301"

/* Whichever form the operator's file and the client's keyboard make of it. */
TEST_F(rfc8489, s14_3_user_name_and_password_are_prepared)
{
	struct turn_config *cfg = world_config();
	struct client *c = &self->c;

	ASSERT_EQ(0, turn_config_add_user(cfg, DECOMPOSED, DECOMPOSED));
	EXPECT_EQ(-EEXIST, turn_config_add_user(cfg, COMPOSED, "other"));
	EXPECT_EQ(-EILSEQ, turn_config_add_user(cfg, "tab\t", "pw"));
	EXPECT_EQ(-EILSEQ, turn_config_add_user(cfg, "latin", "\xe9"));
	use_config(self->w, cfg);
	c->username = COMPOSED;
	c->password = COMPOSED;
	ASSERT_EQ(401, challenge(self->w, c));
	begin_allocate(self->w, c);
	ASSERT_EQ(0, finish(self->w));
	/* By name, and by a client that prepared the key only. */
	c->userhash = false;
	EXPECT_EQ(0, refresh(self->w, c, 600));
	c->username = DECOMPOSED;
	EXPECT_EQ(0, refresh(self->w, c, 0));
	begin_allocate(self->w, c);
	EXPECT_EQ(0, finish(self->w));
}

TEST_F(rfc8489, s9_2_4_user_name_that_is_no_opaque_string_is_401)
{
	struct client *c = &self->c;

	c->modern = false;
	c->username = "\xff\xfe";
	EXPECT_EQ(401, allocate(self->w, c));
	c->username = "alice\t";
	EXPECT_EQ(401, allocate(self->w, c));
	database(self->w, TURN_LOOKUP_USERS);
	EXPECT_EQ(401, allocate(self->w, c));
	EXPECT_EQ(0, self->w->db_calls);
}

TEST_F(rfc8489, s9_2_2_realm_is_prepared)
{
	struct turn_config *cfg = turn_config_new();

	EXPECT_EQ(-EILSEQ, turn_config_set_realm(cfg, "a\tb"));
	ASSERT_EQ(0, turn_config_set_realm(cfg, "cafe\u0301.example"));
	EXPECT_STREQ("caf\u00e9.example", cfg->realm.name);
	turn_config_put(cfg);
}

/* --- users that are looked up ---------------------------------------------- */

TEST_F(rfc8489, lookup_by_name_with_an_md5_key)
{
	struct client *c = &self->c;

	database(self->w, TURN_LOOKUP_USERS);
	c->username = "erin";
	c->password = "database";
	ASSERT_EQ(401, challenge(self->w, c));
	EXPECT_EQ(0, self->w->db_calls);
	EXPECT_FALSE(c->userhash);
	EXPECT_TRUE(offers(c, md5_only, sizeof(md5_only)));
	begin_allocate(self->w, c);
	EXPECT_EQ(0, finish(self->w));
	EXPECT_EQ(1, self->w->db_calls);
	EXPECT_TRUE(reply_signed_by(self->w, STUN_HMAC_SHA256));
	/* The session has its key; nobody is asked again. */
	EXPECT_EQ(0, refresh(self->w, c, 600));
	EXPECT_EQ(1, self->w->db_calls);
}

TEST_F(rfc8489, lookup_by_hash_with_a_sha256_key)
{
	struct client *c = &self->c;

	database(self->w, TURN_LOOKUP_USERS | TURN_LOOKUP_SHA256 |
			  TURN_LOOKUP_USERHASH);
	c->username = "erin";
	c->password = "database";
	ASSERT_EQ(401, challenge(self->w, c));
	EXPECT_TRUE(c->userhash);
	begin_allocate(self->w, c);
	EXPECT_EQ(0, finish(self->w));
	EXPECT_TRUE(reply_signed_by(self->w, STUN_HMAC_SHA256));
	c->userhash = false;
	EXPECT_EQ(0, refresh(self->w, c, 600));
	EXPECT_EQ(1, self->w->db_calls);
}

TEST_F(rfc8489, lookup_of_static_users_asks_nobody)
{
	database(self->w, TURN_LOOKUP_USERS);
	ASSERT_EQ(401, challenge(self->w, &self->c));
	begin_allocate(self->w, &self->c);
	EXPECT_EQ(0, finish(self->w));
	EXPECT_EQ(0, self->w->db_calls);
}

TEST_F(rfc8489, lookup_of_nobody_and_wrong_password_are_401)
{
	struct client *c = &self->c;

	database(self->w, TURN_LOOKUP_USERS);
	c->username = "erin";
	c->password = "wrong";
	EXPECT_EQ(401, allocate(self->w, c));
	c->username = "mallory";
	begin_allocate(self->w, c);
	EXPECT_EQ(401, finish(self->w));
	EXPECT_EQ(2, self->w->db_calls);
}

/* Who may be anywhere must not make a database work. */
TEST_F(rfc8489, lookup_needs_a_valid_nonce)
{
	struct client *c = &self->c;

	database(self->w, TURN_LOOKUP_USERS);
	c->username = "erin";
	c->password = "database";
	ASSERT_EQ(401, challenge(self->w, c));
	c->nonce[strlen(c->nonce) - 2] ^= 1;
	begin_allocate(self->w, c);
	EXPECT_EQ(438, finish(self->w));
	EXPECT_EQ(0, self->w->db_calls);
}

TEST_F(rfc8489, lookup_that_takes_time)
{
	struct client *c = &self->c;
	struct world *w = self->w;

	database(w, TURN_LOOKUP_USERS);
	c->username = "erin";
	c->password = "database";
	ASSERT_EQ(401, challenge(w, c));
	w->db_result = TURN_LOOKUP_LATER;
	begin_allocate(w, c);
	EXPECT_EQ(NO_REPLY, finish(w));
	EXPECT_EQ(0, open_relays(w));
	/* The answer has come: the shell gives in again what it was shown. */
	ASSERT_EQ(w->request_len, w->db_request_len);
	EXPECT_EQ(0, memcmp(w->request, w->db_request, w->request_len));
	w->db_result = TURN_LOOKUP_FOUND;
	EXPECT_EQ(0, send_again(w));
	EXPECT_EQ(1, open_relays(w));
}

TEST_F(rfc8489, lookup_that_fails_is_500)
{
	database(self->w, TURN_LOOKUP_USERS);
	self->w->db_result = TURN_LOOKUP_ERROR;
	self->c.username = "erin";
	EXPECT_EQ(500, allocate(self->w, &self->c));
	EXPECT_FALSE(stun_has(&self->w->reply, STUN_ATTR_MESSAGE_INTEGRITY));
	/* Who is known without it goes on. */
	self->c.username = "alice";
	make_key(self->w, &self->c);
	begin_allocate(self->w, &self->c);
	EXPECT_EQ(0, finish(self->w));
}

TEST_F(rfc8489, lookup_of_secrets)
{
	struct world *w = self->w;
	char password[64];

	w->cfg->lookups = TURN_LOOKUP_SECRETS;
	w->db_secrets[0] = "old";
	w->db_secrets[1] = "new";
	rest_client(&self->c, "new", password);
	ASSERT_EQ(401, challenge(w, &self->c));
	EXPECT_FALSE(self->c.userhash);
	EXPECT_TRUE(offers(&self->c, both, sizeof(both)));
	w->db_result = TURN_LOOKUP_LATER;
	begin_allocate(w, &self->c);
	EXPECT_EQ(NO_REPLY, finish(w));
	w->db_result = TURN_LOOKUP_FOUND;
	EXPECT_EQ(0, send_again(w));
	rest_client(&self->c, "older", password);
	make_key(w, &self->c);
	self->c.tuple.client.port++;
	ASSERT_EQ(401, challenge(w, &self->c));
	begin_allocate(w, &self->c);
	EXPECT_EQ(401, finish(w));
}

TEST_HARNESS_MAIN

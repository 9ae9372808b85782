// SPDX-License-Identifier: BSD-3-Clause
/* What a user database said a moment ago, on a clock of the test's own. */
#include <stdio.h>
#include <string.h>

#include <kselftest_harness.h>

#include "kturnd/user_cache.h"

#define LIFETIME 5000

static const uint8_t some_key[USERDB_KEY_LEN] = "0123456789abcde";

FIXTURE(cache)
{
	struct user_cache *cache;
	uint8_t key[USERDB_KEY_LEN];
};

FIXTURE_SETUP(cache)
{
	self->cache = user_cache_new(LIFETIME);
	ASSERT_NE(NULL, self->cache);
}

FIXTURE_TEARDOWN(cache)
{
	user_cache_free(self->cache);
}

static struct user_id id_of(struct user_cache *cache, const char *realm,
			    const char *name)
{
	struct user_id id = { 0 };

	user_cache_id(cache, realm, stun_bytes(name), &id);
	return id;
}

TEST_F(cache, found_and_not_found)
{
	struct user_id alice = id_of(self->cache, "r", "alice");
	struct user_id bob = id_of(self->cache, "r", "bob");

	EXPECT_EQ(USER_NOT_KNOWN, user_cache_get(self->cache, &alice, 1,
						 self->key));
	user_cache_put(self->cache, &alice, 1, some_key, 0);
	user_cache_put(self->cache, &bob, 1, NULL, 0);
	EXPECT_EQ(USER_IS_THERE, user_cache_get(self->cache, &alice, LIFETIME,
						self->key));
	EXPECT_EQ(0, memcmp(some_key, self->key, sizeof(some_key)));
	EXPECT_EQ(USER_IS_NOT_THERE, user_cache_get(self->cache, &bob, LIFETIME,
						    self->key));
}

TEST_F(cache, not_for_long)
{
	struct user_id alice = id_of(self->cache, "r", "alice");

	user_cache_put(self->cache, &alice, 1, some_key, 0);
	EXPECT_EQ(USER_NOT_KNOWN, user_cache_get(self->cache, &alice,
						 1 + LIFETIME, self->key));
	user_cache_put(self->cache, &alice, 1 + LIFETIME, NULL, 0);
	EXPECT_EQ(USER_IS_NOT_THERE, user_cache_get(self->cache, &alice,
						    2 + LIFETIME, self->key));
}

TEST_F(cache, realm_and_name_are_two_things)
{
	struct user_id one = id_of(self->cache, "a", "bc");
	struct user_id other = id_of(self->cache, "ab", "c");

	user_cache_put(self->cache, &one, 1, some_key, 0);
	EXPECT_EQ(USER_NOT_KNOWN, user_cache_get(self->cache, &other, 1,
						 self->key));
}

TEST_F(cache, forget)
{
	struct user_id alice = id_of(self->cache, "r", "alice");
	unsigned int age = user_cache_age(self->cache);

	user_cache_put(self->cache, &alice, 1, some_key, age);
	user_cache_forget(self->cache);
	EXPECT_EQ(USER_NOT_KNOWN, user_cache_get(self->cache, &alice, 1,
						 self->key));
	/* An answer to what was asked before the change. */
	user_cache_put(self->cache, &alice, 1, some_key, age);
	EXPECT_EQ(USER_NOT_KNOWN, user_cache_get(self->cache, &alice, 1,
						 self->key));
	age = user_cache_age(self->cache);
	user_cache_put(self->cache, &alice, 1, some_key, age);
	EXPECT_EQ(USER_IS_THERE, user_cache_get(self->cache, &alice, 1,
						self->key));
}

/* A hundred thousand names take no more memory; the newest are known. */
TEST_F(cache, many)
{
	unsigned int known = 0;
	char name[32];

	for (unsigned int i = 0; i < 100000; i++) {
		struct user_id id;

		snprintf(name, sizeof(name), "user%u", i);
		id = id_of(self->cache, "r", name);
		user_cache_put(self->cache, &id, 1 + i / 100, NULL, 0);
		known += user_cache_get(self->cache, &id, 2, self->key) ==
			 USER_IS_NOT_THERE;
	}
	EXPECT_EQ(100000, known);
}

TEST(no_lifetime)
{
	struct user_cache *cache = user_cache_new(0);
	struct user_id alice;
	uint8_t key[USERDB_KEY_LEN];

	ASSERT_NE(NULL, cache);
	alice = id_of(cache, "r", "alice");
	user_cache_put(cache, &alice, 1, some_key, 0);
	EXPECT_EQ(USER_NOT_KNOWN, user_cache_get(cache, &alice, 1, key));
	user_cache_free(cache);
}

TEST_HARNESS_MAIN

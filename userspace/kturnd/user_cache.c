// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/user_cache.h"

#include <errno.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* 16,384 users in a megabyte. */
#define SETS	4096
#define WAYS	4

#define SEED_LEN 16

/**
 * struct entry - a user
 * @id: who
 * @until: believed until then; 0: never used
 * @there: there is such a user
 * @key: his key
 */
struct entry {
	struct user_id id;
	uint64_t until;
	bool there;
	uint8_t key[USERDB_KEY_LEN];
};

/**
 * struct user_cache - see user_cache.h
 * @lock: for @entries and @age
 * @lifetime: in milliseconds
 * @age: number of times that all was forgotten
 * @seed: secret, so that nobody chooses who shares a set
 * @entries: in sets of WAYS
 */
struct user_cache {
	pthread_mutex_t lock;
	uint64_t lifetime;
	unsigned int age;
	uint8_t seed[SEED_LEN];
	struct entry entries[SETS][WAYS];
};

struct user_cache *user_cache_new(uint64_t lifetime_ms)
{
	struct user_cache *cache = calloc(1, sizeof(*cache));

	if (!cache)
		return NULL;
	if (getrandom(cache->seed, SEED_LEN, 0) != SEED_LEN) {
		free(cache);
		return NULL;
	}
	pthread_mutex_init(&cache->lock, NULL);
	cache->lifetime = lifetime_ms;
	return cache;
}

void user_cache_free(struct user_cache *cache)
{
	if (!cache)
		return;
	pthread_mutex_destroy(&cache->lock);
	explicit_bzero(cache, sizeof(*cache));
	free(cache);
}

int user_cache_id(const struct user_cache *cache, const char *realm,
		  struct stun_bytes name, struct user_id *id)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	/* With its zero, so that "a" and "bc" are not "ab" and "c". */
	size_t realm_size = strlen(realm) + 1;
	bool good = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) &&
		    EVP_DigestUpdate(ctx, cache->seed, SEED_LEN) &&
		    EVP_DigestUpdate(ctx, realm, realm_size) &&
		    EVP_DigestUpdate(ctx, name.data, name.len) &&
		    EVP_DigestFinal_ex(ctx, id->bytes, NULL);

	EVP_MD_CTX_free(ctx);
	return good ? 0 : -EIO;
}

static struct entry *set_of(struct user_cache *cache, const struct user_id *id)
{
	uint32_t number;

	memcpy(&number, id->bytes, sizeof(number));
	return cache->entries[number % SETS];
}

enum user_known user_cache_get(struct user_cache *cache,
			       const struct user_id *id, uint64_t now,
			       uint8_t key[static USERDB_KEY_LEN])
{
	enum user_known known = USER_NOT_KNOWN;
	struct entry *set = set_of(cache, id);

	pthread_mutex_lock(&cache->lock);
	for (int i = 0; i < WAYS; i++) {
		if (set[i].until <= now ||
		    memcmp(&set[i].id, id, sizeof(*id)) != 0)
			continue;
		known = set[i].there ? USER_IS_THERE : USER_IS_NOT_THERE;
		memcpy(key, set[i].key, USERDB_KEY_LEN);
		break;
	}
	pthread_mutex_unlock(&cache->lock);
	return known;
}

unsigned int user_cache_age(struct user_cache *cache)
{
	unsigned int age;

	pthread_mutex_lock(&cache->lock);
	age = cache->age;
	pthread_mutex_unlock(&cache->lock);
	return age;
}

/* His own place, else that of who is forgotten first. */
static struct entry *choose(struct entry *set, const struct user_id *id)
{
	struct entry *first = &set[0];

	for (int i = 0; i < WAYS; i++) {
		if (memcmp(&set[i].id, id, sizeof(*id)) == 0)
			return &set[i];
		if (set[i].until < first->until)
			first = &set[i];
	}
	return first;
}

void user_cache_put(struct user_cache *cache, const struct user_id *id,
		    uint64_t now, const uint8_t *key, unsigned int age)
{
	struct entry *entry;

	if (!cache->lifetime)
		return;
	pthread_mutex_lock(&cache->lock);
	if (age == cache->age) {
		entry = choose(set_of(cache, id), id);
		*entry = (struct entry){
			.id = *id, .until = now + cache->lifetime,
			.there = key,
		};
		if (key)
			memcpy(entry->key, key, USERDB_KEY_LEN);
	}
	pthread_mutex_unlock(&cache->lock);
}

void user_cache_forget(struct user_cache *cache)
{
	pthread_mutex_lock(&cache->lock);
	cache->age++;
	explicit_bzero(cache->entries, sizeof(cache->entries));
	pthread_mutex_unlock(&cache->lock);
}

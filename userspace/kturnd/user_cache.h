/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a user database said a moment ago: keys of users, and that there is no
 * such user. Any thread may use it. Its memory is fixed, whatever names clients
 * think of: a name that needs a place takes that of the one to be forgotten
 * first among a few.
 */
#ifndef KTURN_KTURND_USER_CACHE_H
#define KTURN_KTURND_USER_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "stun/integrity.h"
#include "userdb/userdb.h"

/* A user of a realm, as SHA-256 of both and of something secret. */
#define USER_ID_LEN 32

struct user_id {
	uint8_t bytes[USER_ID_LEN];
};

/** enum user_known - what is known of a user */
enum user_known {
	USER_NOT_KNOWN,		/* nothing: ask */
	USER_IS_THERE,
	USER_IS_NOT_THERE,
};

struct user_cache;

/**
 * user_cache_new() - make a cache
 * @lifetime_ms: how long anything is believed; 0: not at all
 *
 * Return: the cache, or NULL without memory.
 */
struct user_cache *user_cache_new(uint64_t lifetime_ms);

/** user_cache_free() - wipe and free; NULL is fine */
void user_cache_free(struct user_cache *cache);

/** user_cache_id() - the id of a user; 0 or -EIO */
int user_cache_id(const struct user_cache *cache, const char *realm,
		  struct stun_bytes name, struct user_id *id);

/**
 * user_cache_get() - what is known of a user?
 * @cache: the cache
 * @id: the user
 * @now: the time in milliseconds
 * @key: filled if he is there
 *
 * Return: enum user_known.
 */
enum user_known user_cache_get(struct user_cache *cache,
			       const struct user_id *id, uint64_t now,
			       uint8_t key[static USERDB_KEY_LEN]);

/**
 * user_cache_age() - number of times that all was forgotten
 * @cache: the cache
 *
 * To be asked before the database is, and given to user_cache_put(): an answer
 * that is older than a change must not be remembered.
 */
unsigned int user_cache_age(struct user_cache *cache);

/**
 * user_cache_put() - remember what the database said
 * @cache: the cache
 * @id: of this user
 * @now: the time in milliseconds
 * @key: his key; NULL: there is no such user
 * @age: see user_cache_age()
 */
void user_cache_put(struct user_cache *cache, const struct user_id *id,
		    uint64_t now, const uint8_t *key, unsigned int age);

/** user_cache_forget() - forget all, for users were changed */
void user_cache_forget(struct user_cache *cache);

#endif /* KTURN_KTURND_USER_CACHE_H */

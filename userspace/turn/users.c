// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "turn/base64.h"
#include "turn/opaque_string.h"
#include "turn/siphash.h"
#include "turn/table.h"
#include "turn/users.h"

/*
 * The operator chooses the names in this table, so its hash needs no secret:
 * a stranger's name can at most land in a chain that is as long as it is.
 */
static const struct siphash_key users_hash_key = { { 0, 0 } };

/**
 * struct turn_user - a static user
 * @by_name: in the table of names
 * @by_hash: in the table of hashes
 * @all: the next one
 * @userhash: USERHASH
 * @md5: key
 * @sha256: key; its length is 0 if the password is not known
 * @name_len: length of the name
 * @name: user name
 */
struct turn_user {
	struct turn_table_node by_name;
	struct turn_table_node by_hash;
	struct turn_user *all;
	uint8_t userhash[STUN_USERHASH_LEN];
	struct stun_key md5;
	struct stun_key sha256;
	size_t name_len;
	char name[];
};

/**
 * struct turn_users - the static users of a realm
 * @by_name: by name
 * @by_hash: by USERHASH
 * @all: list of them
 * @md5_only: some are known by their MD5 key only
 */
struct turn_users {
	struct turn_table by_name;
	struct turn_table by_hash;
	struct turn_user *all;
	bool md5_only;
};

struct turn_secrets {
	size_t n;
	char **v;
};

static void user_free(struct turn_user *user)
{
	if (user) {
		OPENSSL_cleanse(&user->md5, sizeof(user->md5));
		OPENSSL_cleanse(&user->sha256, sizeof(user->sha256));
	}
	free(user);
}

void turn_users_free(struct turn_users *users)
{
	struct turn_user *user;

	if (!users)
		return;
	while ((user = users->all)) {
		users->all = user->all;
		user_free(user);
	}
	turn_table_free(&users->by_name);
	turn_table_free(&users->by_hash);
	free(users);
}

void turn_secrets_free(struct turn_secrets *secrets)
{
	size_t i;

	if (!secrets)
		return;
	for (i = 0; i < secrets->n; i++) {
		OPENSSL_cleanse(secrets->v[i], strlen(secrets->v[i]));
		free(secrets->v[i]);
	}
	free(secrets->v);
	free(secrets);
}

bool turn_users_any(const struct turn_users *users)
{
	return users && users->all;
}

size_t turn_secrets_count(const struct turn_secrets *secrets)
{
	return secrets ? secrets->n : 0;
}

struct stun_bytes turn_secret(const struct turn_secrets *secrets, size_t index)
{
	return stun_bytes(secrets->v[index]);
}

const struct turn_user *turn_user_by_name(const struct turn_realm *realm,
					  struct stun_bytes username)
{
	struct turn_table_node *n;
	uint64_t hash;

	if (!realm->users)
		return NULL;
	hash = siphash(&users_hash_key, username.data, username.len);
	for (n = turn_table_first(&realm->users->by_name, hash); n;
	     n = turn_table_next(n)) {
		struct turn_user *u =
			container_of(n, struct turn_user, by_name);

		if (u->name_len == username.len &&
		    memcmp(u->name, username.data, username.len) == 0)
			return u;
	}
	return NULL;
}

/* It is a hash already. */
static uint64_t userhash_bits(const uint8_t userhash[static STUN_USERHASH_LEN])
{
	uint64_t bits;

	memcpy(&bits, userhash, sizeof(bits));
	return bits;
}

const struct turn_user *
turn_user_by_hash(const struct turn_realm *realm,
		  const uint8_t userhash[static STUN_USERHASH_LEN])
{
	struct turn_table_node *n;

	if (!realm->users)
		return NULL;
	for (n = turn_table_first(&realm->users->by_hash,
				  userhash_bits(userhash)); n;
	     n = turn_table_next(n)) {
		struct turn_user *u =
			container_of(n, struct turn_user, by_hash);

		if (memcmp(u->userhash, userhash, STUN_USERHASH_LEN) == 0)
			return u;
	}
	return NULL;
}

struct stun_bytes turn_user_name(const struct turn_user *user)
{
	return (struct stun_bytes){ (const uint8_t *)user->name,
				    user->name_len };
}

const struct stun_key *turn_user_key(const struct turn_user *user,
				     uint16_t algorithm)
{
	const struct stun_key *key = algorithm == STUN_PASSWORD_SHA256 ?
				     &user->sha256 : &user->md5;

	return key->len ? key : NULL;
}

struct turn_nonce_offer turn_users_offer(const struct turn_config *cfg,
					 const struct turn_realm *realm)
{
	bool lookup = cfg->lookups & TURN_LOOKUP_USERS;
	bool sha256 = !(realm->users && realm->users->md5_only) &&
		      (!lookup || cfg->lookups & TURN_LOOKUP_SHA256);
	/* A hash tells nothing of when a TURN REST name expires. */
	bool userhash = !turn_secrets_count(realm->secrets) &&
			!(cfg->lookups & TURN_LOOKUP_SECRETS) &&
			(!lookup || cfg->lookups & TURN_LOOKUP_USERHASH);

	if (cfg->no_password_algorithms)
		return (struct turn_nonce_offer){ 0 };
	return (struct turn_nonce_offer){
		.cookie = true,
		.userhash = userhash,
		.algorithms = sha256 ? TURN_ALGORITHMS_SHA256_MD5 :
				       TURN_ALGORITHMS_MD5,
	};
}

static struct turn_users *users_new(void)
{
	struct turn_users *users = calloc(1, sizeof(*users));

	if (users && (turn_table_init(&users->by_name) ||
		      turn_table_init(&users->by_hash))) {
		turn_users_free(users);
		return NULL;
	}
	return users;
}

static int check_name(const struct turn_realm *realm, struct stun_bytes name)
{
	if (!realm->name[0])
		return -EINVAL;
	if (name.len >= TURN_USERNAME_MAX)
		return -EMSGSIZE;
	return turn_user_by_name(realm, name) ? -EEXIST : 0;
}

/* Takes @user over if it returns 0. */
static int insert_user(struct turn_realm *realm, struct turn_user *user)
{
	if (!realm->users)
		realm->users = users_new();
	if (!realm->users)
		return -ENOMEM;
	user->all = realm->users->all;
	realm->users->all = user;
	realm->users->md5_only |= user->sha256.len == 0;
	turn_table_insert(&realm->users->by_name, &user->by_name,
			  siphash(&users_hash_key, user->name, user->name_len));
	turn_table_insert(&realm->users->by_hash, &user->by_hash,
			  userhash_bits(user->userhash));
	return 0;
}

/* The keys that follow from a password. */
static int make_keys(struct stun_crypto *crypto, const struct turn_realm *realm,
		     struct turn_user *user, const char *password)
{
	struct stun_bytes name = turn_user_name(user), prepared;
	struct stun_bytes in = stun_bytes(realm->name);
	uint8_t buf[OPAQUE_STRING_MAX];
	int err = opaque_string(stun_bytes(password), buf, &prepared);

	if (!err)
		err = stun_key_long_term(crypto, STUN_PASSWORD_MD5, name, in,
					 prepared, &user->md5);
	if (!err)
		err = stun_key_long_term(crypto, STUN_PASSWORD_SHA256, name, in,
					 prepared, &user->sha256);
	OPENSSL_cleanse(buf, sizeof(buf));
	return err;
}

/* One of @password and @md5 is there: the password, or a key of it. */
static int fill_user(const struct turn_realm *realm, struct turn_user *user,
		     const char *password, const uint8_t *md5)
{
	struct stun_crypto *crypto = stun_crypto_new();
	int err;

	if (!crypto)
		return -ENOMEM;
	err = stun_userhash(crypto, turn_user_name(user),
			    stun_bytes(realm->name), user->userhash);
	if (!err && password)
		err = make_keys(crypto, realm, user, password);
	if (!err && md5) {
		user->md5.len = 16;
		memcpy(user->md5.bytes, md5, 16);
	}
	stun_crypto_free(crypto);
	return err;
}

static int add_user(struct turn_realm *realm, const char *text,
		    const char *password, const uint8_t *md5)
{
	uint8_t buf[OPAQUE_STRING_MAX];
	struct turn_user *user;
	struct stun_bytes name;
	int err = opaque_string(stun_bytes(text), buf, &name);

	if (!err)
		err = check_name(realm, name);
	if (err)
		return err;
	user = calloc(1, sizeof(*user) + name.len + 1);
	if (!user)
		return -ENOMEM;
	memcpy(user->name, name.data, name.len);
	user->name_len = name.len;
	err = fill_user(realm, user, password, md5);
	if (!err)
		err = insert_user(realm, user);
	if (err)
		user_free(user);
	return err;
}

int turn_realm_add_user(struct turn_realm *realm, const char *name,
			const char *password)
{
	return add_user(realm, name, password, NULL);
}

int turn_realm_add_user_key(struct turn_realm *realm, const char *name,
			    const uint8_t key[static 16])
{
	return add_user(realm, name, NULL, key);
}

int turn_realm_add_secret(struct turn_realm *realm, const char *secret)
{
	struct turn_secrets *s = realm->secrets;
	char **v, *copy;

	if (!*secret)
		return -EINVAL;
	if (!s)
		s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	realm->secrets = s;
	v = reallocarray(s->v, s->n + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	s->v = v;
	copy = strdup(secret);
	if (!copy)
		return -ENOMEM;
	v[s->n++] = copy;
	return 0;
}

int turn_config_add_user(struct turn_config *cfg, const char *name,
			 const char *password)
{
	return turn_realm_add_user(&cfg->realm, name, password);
}

int turn_config_add_user_key(struct turn_config *cfg, const char *name,
			     const uint8_t key[static 16])
{
	return turn_realm_add_user_key(&cfg->realm, name, key);
}

int turn_config_add_secret(struct turn_config *cfg, const char *secret)
{
	return turn_realm_add_secret(&cfg->realm, secret);
}

/* Length of the expiry time in front, 0 if there is none. */
static size_t rest_prefix(const struct turn_config *cfg,
			  struct stun_bytes username)
{
	size_t i;

	for (i = 0; i < username.len; i++)
		if (username.data[i] < '0' || username.data[i] > '9')
			break;
	if (i < username.len && username.data[i] != (uint8_t)cfg->rest_separator)
		return 0;
	return i;
}

int turn_user_rest_expiry(const struct turn_config *cfg,
			  struct stun_bytes username, uint64_t *expiry)
{
	size_t len = rest_prefix(cfg, username);
	uint64_t t = 0;
	size_t i;

	/* 19 digits never overflow 64 bits. */
	if (len == 0 || len > 19)
		return -EINVAL;
	for (i = 0; i < len; i++)
		t = t * 10 + (username.data[i] - '0');
	*expiry = t;
	return 0;
}

int turn_user_rest_key(struct stun_crypto *crypto,
		       const struct turn_rest_user *user, struct stun_key *key)
{
	char password[BASE64_LEN(STUN_HMAC_SHA1_LEN) + 1];
	uint8_t mac[STUN_HMAC_SHA1_LEN];
	unsigned int mac_len;
	int err;

	if (!HMAC(EVP_sha1(), user->secret.data, (int)user->secret.len,
		  user->username.data, user->username.len, mac, &mac_len))
		return -EIO;
	base64_encode(password, mac, sizeof(mac));
	err = stun_key_long_term(crypto, user->algorithm, user->username,
				 stun_bytes(user->realm), stun_bytes(password),
				 key);
	OPENSSL_cleanse(password, sizeof(password));
	return err;
}

struct stun_bytes turn_user_quota_name(const struct turn_config *cfg,
				       const struct turn_realm *realm,
				       struct stun_bytes username)
{
	size_t len;

	if (!turn_secrets_count(realm->secrets) &&
	    !(cfg->lookups & TURN_LOOKUP_SECRETS))
		return username;
	len = rest_prefix(cfg, username);
	if (len == 0 || username.len - len <= 1)
		return username;
	return (struct stun_bytes){ username.data + len + 1,
				    username.len - len - 1 };
}

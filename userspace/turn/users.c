// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "turn/base64.h"
#include "turn/siphash.h"
#include "turn/table.h"
#include "turn/users.h"

/*
 * The operator chooses the names in this table, so its hash needs no secret:
 * a stranger's name can at most land in a chain that is as long as it is.
 */
static const struct siphash_key users_hash_key = { { 0, 0 } };

struct turn_user {
	struct turn_table_node node;
	struct turn_user *all;
	struct stun_key key;
	size_t name_len;
	char name[];
};

struct turn_users {
	struct turn_table table;
	struct turn_user *all;
};

struct turn_secrets {
	size_t n;
	char **v;
};

void turn_users_free(struct turn_users *users)
{
	struct turn_user *user;

	if (!users)
		return;
	while ((user = users->all)) {
		users->all = user->all;
		OPENSSL_cleanse(&user->key, sizeof(user->key));
		free(user);
	}
	turn_table_free(&users->table);
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

int turn_user_static_key(const struct turn_config *cfg,
			 struct stun_bytes username, struct stun_key *key)
{
	struct turn_table_node *n;
	uint64_t hash;

	if (!cfg->users)
		return -ENOENT;
	hash = siphash(&users_hash_key, username.data, username.len);
	for (n = turn_table_first(&cfg->users->table, hash); n;
	     n = turn_table_next(n)) {
		struct turn_user *u = container_of(n, struct turn_user, node);

		if (u->name_len == username.len &&
		    memcmp(u->name, username.data, username.len) == 0) {
			*key = u->key;
			return 0;
		}
	}
	return -ENOENT;
}

static struct turn_users *users_new(void)
{
	struct turn_users *users = calloc(1, sizeof(*users));

	if (users && turn_table_init(&users->table)) {
		free(users);
		return NULL;
	}
	return users;
}

static int add_user(struct turn_config *cfg, const char *name,
		    const struct stun_key *key)
{
	size_t len = strlen(name);
	struct turn_user *user;
	struct stun_key other;

	if (!len || !cfg->realm[0])
		return -EINVAL;
	if (len >= TURN_USERNAME_MAX)
		return -EMSGSIZE;
	if (turn_user_static_key(cfg, stun_bytes(name), &other) == 0)
		return -EEXIST;
	if (!cfg->users)
		cfg->users = users_new();
	user = cfg->users ? malloc(sizeof(*user) + len + 1) : NULL;
	if (!user)
		return -ENOMEM;
	user->key = *key;
	user->name_len = len;
	memcpy(user->name, name, len + 1);
	user->all = cfg->users->all;
	cfg->users->all = user;
	turn_table_insert(&cfg->users->table, &user->node,
			  siphash(&users_hash_key, name, len));
	return 0;
}

int turn_config_add_user(struct turn_config *cfg, const char *name,
			 const char *password)
{
	struct stun_crypto *crypto = stun_crypto_new();
	struct stun_key key;
	int err;

	if (!crypto)
		return -ENOMEM;
	err = stun_key_long_term(crypto, STUN_PASSWORD_MD5, stun_bytes(name),
				 stun_bytes(cfg->realm), stun_bytes(password),
				 &key);
	stun_crypto_free(crypto);
	if (!err)
		err = add_user(cfg, name, &key);
	OPENSSL_cleanse(&key, sizeof(key));
	return err;
}

int turn_config_add_user_key(struct turn_config *cfg, const char *name,
			     const uint8_t key[static 16])
{
	struct stun_key k = { .len = 16 };

	memcpy(k.bytes, key, 16);
	return add_user(cfg, name, &k);
}

int turn_config_add_secret(struct turn_config *cfg, const char *secret)
{
	struct turn_secrets *s = cfg->secrets;
	char **v, *copy;

	if (!*secret)
		return -EINVAL;
	if (!s)
		s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	cfg->secrets = s;
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

int turn_user_rest_key(const struct turn_config *cfg,
		       struct stun_crypto *crypto, size_t index,
		       struct stun_bytes username, struct stun_key *key)
{
	const char *secret = cfg->secrets->v[index];
	char password[BASE64_LEN(STUN_HMAC_SHA1_LEN) + 1];
	uint8_t mac[STUN_HMAC_SHA1_LEN];
	unsigned int mac_len;
	int err;

	if (!HMAC(EVP_sha1(), secret, (int)strlen(secret), username.data,
		  username.len, mac, &mac_len))
		return -EIO;
	base64_encode(password, mac, sizeof(mac));
	err = stun_key_long_term(crypto, STUN_PASSWORD_MD5, username,
				 stun_bytes(cfg->realm), stun_bytes(password),
				 key);
	OPENSSL_cleanse(password, sizeof(password));
	return err;
}

struct stun_bytes turn_user_quota_name(const struct turn_config *cfg,
				       struct stun_bytes username)
{
	size_t len;

	if (!turn_secrets_count(cfg->secrets))
		return username;
	len = rest_prefix(cfg, username);
	if (len == 0 || username.len - len <= 1)
		return username;
	return (struct stun_bytes){ username.data + len + 1,
				    username.len - len - 1 };
}

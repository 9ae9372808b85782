// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "turn/access_token.h"
#include "turn/shared.h"

#define TAG_LEN		16
#define NONCE_MIN	8
#define NONCE_MAX	64
#define PLAIN_MAX	(2 + STUN_KEY_MAX + 8 + 4)

/* "The RECOMMENDED value for the allowed Delta is 5 seconds." */
#define DELTA 5

struct turn_oauth_key {
	struct turn_oauth_key *next;
	const EVP_CIPHER *cipher;
	uint8_t key[TURN_OAUTH_KEY_MAX];
	uint64_t from;		/* seconds since 1970 */
	uint64_t until;
	const struct turn_realm *realm;
	char kid[];
};

void turn_oauth_keys_free(struct turn_config *cfg)
{
	struct turn_oauth_key *key;

	while ((key = cfg->oauth_keys)) {
		cfg->oauth_keys = key->next;
		OPENSSL_cleanse(key->key, sizeof(key->key));
		free(key);
	}
}

static struct turn_oauth_key *find_key(const struct turn_config *cfg,
				       struct stun_bytes kid)
{
	struct turn_oauth_key *key;

	for (key = cfg->oauth_keys; key; key = key->next)
		if (turn_bytes_equal(stun_bytes(key->kid), kid))
			return key;
	return NULL;
}

const struct turn_oauth_key *turn_oauth_key_find(const struct turn_config *cfg,
						 struct stun_bytes kid)
{
	return find_key(cfg, kid);
}

const struct turn_oauth_key *
turn_oauth_key_find_hash(const struct turn_config *cfg,
			 struct stun_crypto *crypto, const char *realm,
			 const uint8_t hash[static STUN_USERHASH_LEN])
{
	uint8_t made[STUN_USERHASH_LEN];
	const struct turn_oauth_key *key;

	for (key = cfg->oauth_keys; key; key = key->next)
		if (stun_userhash(crypto, stun_bytes(key->kid),
				  stun_bytes(realm), made) == 0 &&
		    memcmp(made, hash, sizeof(made)) == 0)
			return key;
	return NULL;
}

struct stun_bytes turn_oauth_key_id(const struct turn_oauth_key *key)
{
	return stun_bytes(key->kid);
}

const struct turn_realm *turn_oauth_key_realm(const struct turn_oauth_key *key)
{
	return key->realm;
}

/* Names as RFC 7518 5.1 has them. */
static const EVP_CIPHER *find_cipher(const char *algorithm)
{
	if (!*algorithm || strcmp(algorithm, "A256GCM") == 0)
		return EVP_aes_256_gcm();
	if (strcmp(algorithm, "A128GCM") == 0)
		return EVP_aes_128_gcm();
	return NULL;
}

int turn_config_add_oauth_key(struct turn_config *cfg,
			      const struct turn_oauth_key_setup *setup)
{
	const EVP_CIPHER *cipher = find_cipher(setup->algorithm);
	size_t kid_len = strlen(setup->kid), key_len;
	struct turn_oauth_key *key;

	if (!cipher)
		return -EOPNOTSUPP;
	key_len = (size_t)EVP_CIPHER_get_key_length(cipher);
	if (!kid_len || setup->key_len < key_len)
		return -EINVAL;
	if (find_key(cfg, stun_bytes(setup->kid)))
		return -EEXIST;
	key = calloc(1, sizeof(*key) + kid_len + 1);
	if (!key)
		return -ENOMEM;
	memcpy(key->kid, setup->kid, kid_len + 1);
	memcpy(key->key, setup->key, key_len);
	key->cipher = cipher;
	key->from = setup->timestamp;
	key->until = setup->lifetime ? setup->timestamp + setup->lifetime :
				       UINT64_MAX;
	key->realm = setup->realm;
	key->next = cfg->oauth_keys;
	cfg->oauth_keys = key;
	return 0;
}

/*
 * AEAD decryption (RFC 5116), the server's name being the associated data: a
 * token for another server does not open. Return: length of the plain text, or
 * -1 if it is not authentic.
 */
static int decrypt(const struct turn_oauth_key *key, const char *server,
		   struct stun_bytes nonce, struct stun_bytes sealed,
		   uint8_t plain[static PLAIN_MAX])
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	struct stun_bytes text = { sealed.data, sealed.len - TAG_LEN };
	uint8_t tag[TAG_LEN];
	int len = 0, rest = 0;
	bool ok;

	memcpy(tag, sealed.data + text.len, TAG_LEN);
	ok = ctx && EVP_DecryptInit_ex(ctx, key->cipher, NULL, NULL, NULL) &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)nonce.len,
				 NULL) > 0 &&
	     EVP_DecryptInit_ex(ctx, NULL, NULL, key->key, nonce.data) &&
	     EVP_DecryptUpdate(ctx, NULL, &len, (const uint8_t *)server,
			       (int)strlen(server)) &&
	     EVP_DecryptUpdate(ctx, plain, &len, text.data, (int)text.len) &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, tag) > 0 &&
	     EVP_DecryptFinal_ex(ctx, plain + len, &rest) > 0;
	EVP_CIPHER_CTX_free(ctx);
	return ok ? len + rest : -1;
}

/* Figure 4, the part in the clear. Return: is the rest of a possible length? */
static bool split(struct stun_bytes token, struct stun_bytes *nonce,
		  struct stun_bytes *sealed)
{
	struct stun_reader r = stun_reader(token.data, token.len);

	nonce->len = stun_read_u16(&r);
	nonce->data = stun_read_bytes(&r, nonce->len);
	sealed->len = r.left;
	sealed->data = stun_read_bytes(&r, r.left);
	return stun_reader_ok(&r) && nonce->len >= NONCE_MIN &&
	       nonce->len <= NONCE_MAX && sealed->len > TAG_LEN &&
	       sealed->len - TAG_LEN <= PLAIN_MAX;
}

/* Figure 4, the encrypted block. The timestamp's last 16 bits are fractions. */
static int read_block(struct stun_reader *r, uint64_t now, struct stun_key *key,
		      uint32_t *left)
{
	uint16_t key_len = stun_read_u16(r);
	const uint8_t *mac_key = stun_read_bytes(r, key_len);
	uint64_t seconds = (uint64_t)stun_read_u32(r) << 16;
	uint64_t away, good_for;

	seconds |= stun_read_u16(r);
	stun_read_u16(r);
	good_for = (uint64_t)stun_read_u32(r) + DELTA;
	if (!stun_reader_ok(r) || r->left || !key_len || key_len > STUN_KEY_MAX)
		return -EBADMSG;
	/* "lifetime + Delta > abs(RDnew - TS)" */
	away = now > seconds ? now - seconds : seconds - now;
	if (good_for <= away)
		return -EKEYEXPIRED;
	good_for -= away;
	*left = good_for < UINT32_MAX ? (uint32_t)good_for : UINT32_MAX;
	key->len = (uint8_t)key_len;
	memcpy(key->bytes, mac_key, key_len);
	return 0;
}

int turn_access_token_open(const struct turn_config *cfg,
			   const struct turn_oauth_key *with,
			   struct stun_bytes token, uint64_t now,
			   struct stun_key *key, uint32_t *left)
{
	struct stun_bytes nonce, sealed;
	uint8_t plain[PLAIN_MAX];
	struct stun_reader r;
	int len, err;

	if (!with || now < with->from || now >= with->until)
		return -ENOKEY;
	if (!split(token, &nonce, &sealed))
		return -EBADMSG;
	len = decrypt(with, cfg->oauth_server_name, nonce, sealed, plain);
	if (len < 0)
		return -EBADMSG;
	r = stun_reader(plain, (size_t)len);
	err = read_block(&r, now, key, left);
	OPENSSL_cleanse(plain, sizeof(plain));
	return err;
}

// SPDX-License-Identifier: BSD-3-Clause
#include "bench/credentials.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

static int copy(char to[static STUN_TEXT_MAX + 1], const char *from)
{
	int len = snprintf(to, STUN_TEXT_MAX + 1, "%s", from);

	return len > STUN_TEXT_MAX ? -EMSGSIZE : 0;
}

int credentials_from_password(struct credentials *c, const char *user,
			      const char *password)
{
	*c = (struct credentials){ 0 };
	if (!user)
		return 0;
	return copy(c->user, user) || copy(c->password, password) ? -EMSGSIZE
								  : 0;
}

int credentials_from_secret(struct credentials *c, const char *user,
			    const char *secret, uint64_t expires)
{
	uint8_t mac[EVP_MAX_MD_SIZE];
	unsigned int mac_len;
	int len;

	*c = (struct credentials){ 0 };
	len = snprintf(c->user, sizeof(c->user), "%" PRIu64 "%s%s", expires,
		       user ? ":" : "", user ? user : "");
	if (len > STUN_TEXT_MAX)
		return -EMSGSIZE;
	if (!HMAC(EVP_sha1(), secret, (int)strlen(secret),
		  (const uint8_t *)c->user, (size_t)len, mac, &mac_len))
		return -EIO;
	EVP_EncodeBlock((uint8_t *)c->password, mac, (int)mac_len);
	return 0;
}

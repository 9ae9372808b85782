/* SPDX-License-Identifier: BSD-3-Clause */
/* User name and password, given or made of a shared secret. */
#ifndef KTURN_BENCH_CREDENTIALS_H
#define KTURN_BENCH_CREDENTIALS_H

#include <stdint.h>

#include "stun/attribute.h"

/**
 * struct credentials - zero-terminated texts; no user name, no credentials
 * @user: user name
 * @password: password
 */
struct credentials {
	char user[STUN_TEXT_MAX + 1];
	char password[STUN_TEXT_MAX + 1];
};

/**
 * credentials_from_password() - take them as they are
 * @c: filled
 * @user: user name, or NULL for no credentials
 * @password: password
 *
 * Return: 0, or -EMSGSIZE if one is longer than a STUN text may be.
 */
int credentials_from_password(struct credentials *c, const char *user,
			      const char *password);

/**
 * credentials_from_secret() - make them as a TURN REST service does
 * @c: filled: the user name is "EXPIRES:USER", the password the base64 of its
 *	HMAC-SHA1 with the secret
 * @user: what follows the time stamp; NULL: nothing does
 * @secret: the secret shared with the server
 * @expires: until when they are good, in seconds since 1970
 *
 * Return: 0, -EMSGSIZE likewise, -EIO if OpenSSL failed.
 */
int credentials_from_secret(struct credentials *c, const char *user,
			    const char *secret, uint64_t expires);

#endif /* KTURN_BENCH_CREDENTIALS_H */

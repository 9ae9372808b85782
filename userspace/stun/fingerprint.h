/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * FINGERPRINT (RFC 8489, section 14.7): a CRC that tells STUN from what else
 * may come to the same port. It protects against nothing but mistakes.
 */
#ifndef KTURN_STUN_FINGERPRINT_H
#define KTURN_STUN_FINGERPRINT_H

#include "stun/builder.h"
#include "stun/message.h"

/**
 * stun_check_fingerprint() - verify the attribute
 * @msg: a decoded message
 *
 * Return: 0 if right, -ENOENT if absent, -EBADMSG if wrong, in which case the
 * message is to be discarded silently.
 */
__attribute__((warn_unused_result))
int stun_check_fingerprint(const struct stun_message *msg);

/**
 * stun_put_fingerprint() - append the attribute, last of all
 * @b: the builder
 */
void stun_put_fingerprint(struct stun_builder *b);

#endif /* KTURN_STUN_FINGERPRINT_H */

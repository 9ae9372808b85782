/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What reading and writing an address value share; private to this folder.
 */
#ifndef KTURN_STUN_VALUE_H
#define KTURN_STUN_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "stun/addr.h"
#include "stun/header.h"

/** stun_address_is_xored() - is this one of the XOR- address types? */
bool stun_address_is_xored(uint16_t type);

/**
 * stun_address_xor() - veil or unveil an address (RFC 8489, section 14.2)
 * @addr: changed in place; doing it twice gives it back
 * @txid: transaction id of the message
 */
void stun_address_xor(struct transport_addr *addr,
		      const struct stun_txid *txid);

#endif /* KTURN_STUN_VALUE_H */

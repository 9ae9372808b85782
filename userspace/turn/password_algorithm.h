/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PASSWORD-ALGORITHMS and PASSWORD-ALGORITHM (RFC 8489, sections 14.11 and
 * 14.12): what a challenge offers, and what a request made of that.
 */
#ifndef KTURN_TURN_PASSWORD_ALGORITHM_H
#define KTURN_TURN_PASSWORD_ALGORITHM_H

#include "turn/nonce.h"
#include "turn/request.h"

/** turn_put_password_algorithms() - PASSWORD-ALGORITHMS, unless it is none */
void turn_put_password_algorithms(struct stun_builder *b,
				  enum turn_algorithms algorithms);

/** turn_password_algorithms_len() - length of the attribute, in bytes */
size_t turn_password_algorithms_len(enum turn_algorithms algorithms);

/**
 * turn_password_algorithm() - which algorithm did the client choose?
 * @req: the request; its @algorithm and @hmac are set
 * @nonce: NONCE
 *
 * Return: 0, or 400 if it did not choose from what was offered.
 */
unsigned int turn_password_algorithm(struct turn_request *req,
				     struct stun_bytes nonce);

#endif /* KTURN_TURN_PASSWORD_ALGORITHM_H */

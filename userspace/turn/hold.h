/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports this server has reserved (EVEN-PORT with R bit). Any server may use
 * them up through the shared table; the one that reserved them sees to it that
 * they are closed if nobody does.
 */
#ifndef KTURN_TURN_HOLD_H
#define KTURN_TURN_HOLD_H

#include "turn/request.h"

/**
 * turn_hold() - reserve a socket for who has the token
 * @req: the Allocate request; its user's quota counts the port
 * @relay: the socket, attached to nobody
 * @token: filled
 *
 * Return: 0, -EDQUOT or -ENOMEM.
 */
int turn_hold(struct turn_request *req, const struct turn_relay *relay,
	      uint8_t token[static STUN_RESERVATION_TOKEN_LEN]);

/** turn_hold_end_all() - close what nobody has used */
void turn_hold_end_all(struct turn_server *srv);

#endif /* KTURN_TURN_HOLD_H */

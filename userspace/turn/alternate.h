/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Other servers that clients are sent to (RFC 8489, section 10): those of one
 * list in turn.
 */
#ifndef KTURN_TURN_ALTERNATE_H
#define KTURN_TURN_ALTERNATE_H

#include <stdbool.h>
#include <stddef.h>

#include "stun/addr.h"

struct turn_request;

/**
 * struct turn_alternates - a list of servers
 * @v: their transport addresses, of either family
 * @n: how many
 */
struct turn_alternates {
	struct transport_addr *v;
	size_t n;
};

/**
 * turn_alternates_add() - add a server
 * @list: the list
 * @server: its transport address
 *
 * Return: 0, -EINVAL if it lacks address or port, -ENOMEM.
 */
int turn_alternates_add(struct turn_alternates *list,
			const struct transport_addr *server);

/** turn_alternates_free() - free what is in it */
void turn_alternates_free(struct turn_alternates *list);

/**
 * turn_redirect() - send the client of an Allocate request elsewhere
 * @req: the request, authenticated if anybody has to be
 *
 * Return: true if the 300 was sent; false if the client is to be served here:
 * there is no alternate server of its address family, or the next one is this
 * one.
 */
bool turn_redirect(struct turn_request *req);

#endif /* KTURN_TURN_ALTERNATE_H */

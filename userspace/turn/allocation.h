/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of allocations, permissions and channels. */
#ifndef KTURN_TURN_ALLOCATION_H
#define KTURN_TURN_ALLOCATION_H

#include "turn/request.h"

/**
 * turn_allocation_new() - make an allocation, without any leg
 * @req: the Allocate request, authenticated
 *
 * Return: the allocation, found by its 5-tuple from now on; NULL without
 * memory.
 */
struct turn_allocation *turn_allocation_new(struct turn_request *req);

/**
 * turn_allocation_open() - give it a leg
 * @a: the allocation
 * @relay: socket of a family that it does not have yet; taken over
 * @expires: when the leg ends
 */
void turn_allocation_open(struct turn_allocation *a,
			  const struct turn_relay *relay, uint64_t expires);

/**
 * turn_allocation_find() - the allocation of a 5-tuple
 * @srv: the server
 * @tuple: 5-tuple
 * @now: the time; one that has run out is ended here
 *
 * Return: the allocation or NULL.
 */
struct turn_allocation *turn_allocation_find(struct turn_server *srv,
					     const struct turn_5tuple *tuple,
					     uint64_t now);

/** turn_allocation_expires() - when its last leg ends */
uint64_t turn_allocation_expires(const struct turn_allocation *a);

/** turn_allocation_refresh() - give the legs of a family a new end */
void turn_allocation_refresh(struct turn_allocation *a, int leg,
			     uint64_t expires);

/**
 * turn_permission_restore() - a permission as it was
 * @a: the allocation
 * @peer: the peer
 * @expires: its end
 *
 * Return: the permission, or NULL without memory, or beyond the limit.
 */
struct turn_permission *
turn_permission_restore(struct turn_allocation *a,
			const struct transport_addr *peer, uint64_t expires);

/**
 * turn_channel_restore() - a channel as it was
 * @a: the allocation, with its permissions
 * @number: channel number
 * @peer: the peer
 * @expires: its end
 *
 * Return: 0 or -ENOMEM.
 */
int turn_channel_restore(struct turn_allocation *a, uint16_t number,
			 const struct transport_addr *peer, uint64_t expires);

/** turn_allocation_close_leg() - end one leg, and the allocation with the last
 * @a: the allocation
 * @leg: which
 * @now: the time
 * @why: for the log
 *
 * Return: true if the allocation still lives.
 */
bool turn_allocation_close_leg(struct turn_allocation *a, int leg,
			       uint64_t now, const char *why);

/**
 * turn_allocation_end() - end it: here is the only way out of life
 * @a: the allocation; freed
 * @why: for the log
 *
 * Closes its sockets, gives back its quota, and takes it out of the module if
 * it is in there.
 */
void turn_allocation_end(struct turn_allocation *a, const char *why);

/** turn_allocation_rekey() - from now on it is found by this 5-tuple */
void turn_allocation_rekey(struct turn_allocation *a,
			   const struct turn_5tuple *tuple);

/**
 * turn_allocation_detach() - take it out of its server, with all it has
 * @a: the allocation; belongs to the caller, and may be used by another thread
 *
 * It stays in the module, and so does its quota.
 */
void turn_allocation_detach(struct turn_allocation *a);

/**
 * turn_allocation_attach() - put it into a server
 * @a: the allocation, detached; its fastpath_id holds in @srv
 * @srv: the server
 *
 * Return: 0; or -ENOMEM, and it is as it was.
 */
int turn_allocation_attach(struct turn_allocation *a, struct turn_server *srv);

/**
 * turn_allocation_discard() - end a detached one
 * @a: the allocation; freed. Its server is one that may close its sockets.
 * @why: for the log
 */
void turn_allocation_discard(struct turn_allocation *a, const char *why);

/* The same for a permission or a channel, as parts of that. */
void turn_permission_detach(struct turn_permission *p);
int turn_permission_attach(struct turn_permission *p);
void turn_channel_detach(struct turn_channel *c);
int turn_channel_attach(struct turn_channel *c);

/**
 * turn_permission_find() - a permission that is alive
 * @a: the allocation
 * @peer: the peer; its port is ignored
 * @now: the time
 */
struct turn_permission *turn_permission_find(struct turn_allocation *a,
					     const struct transport_addr *peer,
					     uint64_t now);

/**
 * turn_permission_install() - install or refresh a permission
 * @a: the allocation
 * @peer: the peer; its port is ignored
 * @now: the time
 *
 * Return: the permission; NULL at the limit or without memory.
 */
struct turn_permission *
turn_permission_install(struct turn_allocation *a,
			const struct transport_addr *peer, uint64_t now);

/** turn_permission_release() - a channel does not need it any more */
void turn_permission_release(struct turn_permission *p);

/** turn_permissions_end() - end those of a leg that are @doomed, channels too
 * @a: the allocation
 * @doomed: which
 *
 * Return: how many there were.
 */
size_t turn_permissions_end(struct turn_allocation *a,
			    bool (*doomed)(const struct turn_server *srv,
					   const struct transport_addr *peer));

/** turn_channel_by_number() - a channel that is alive, or NULL */
struct turn_channel *turn_channel_by_number(struct turn_allocation *a,
					    uint16_t number, uint64_t now);

/** turn_channel_by_peer() - a channel that is alive, or NULL */
struct turn_channel *turn_channel_by_peer(struct turn_allocation *a,
					  const struct transport_addr *peer,
					  uint64_t now);

/** turn_channel_end() - unbind and free it */
void turn_channel_end(struct turn_channel *c);

/** turn_lifetime() - lifetime in seconds by RFC 8656, sections 7.2 and 8.2
 * @req: the request; a LIFETIME of 0 counts as absent. No longer than its
 *	access token is good for (RFC 7635, section 9).
 */
uint32_t turn_lifetime(const struct turn_request *req);

/**
 * turn_allocation_take_token() - live by the token of a request from now on
 * @a: the allocation
 * @req: an authenticated request; without a token nothing is done
 */
void turn_allocation_take_token(struct turn_allocation *a,
				const struct turn_request *req);

#endif /* KTURN_TURN_ALLOCATION_H */

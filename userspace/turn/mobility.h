/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mobility (RFC 8016): a client that shows its ticket on another 5-tuple takes
 * its allocation along.
 *
 * All servers share a directory of the allocations that have a ticket, so that
 * whichever server a client comes to finds the one that has its allocation.
 * From there it moves as transfer.h says.
 */
#ifndef KTURN_TURN_MOBILITY_H
#define KTURN_TURN_MOBILITY_H

#include "turn/request.h"

/* How long a retransmission of the Refresh that moved is known as such. */
#define TURN_MOBILITY_REPEAT 40000

/**
 * struct turn_mobility - of an allocation whose client may move
 * @node: in the directory
 * @id: as in tickets
 * @owner: the server that has the allocation, or gets it just now; written
 *	under the shared lock
 * @allocation: the allocation; NULL while it is on its way; as @owner
 * @ticket: number of the ticket that is valid
 * @txid: of the Refresh request that moved it last
 * @moved: when that was
 * @has_former: the client has not been heard on its 5-tuple since
 * @former: 5-tuple before that
 * @by_former: in the server's table, if @has_former
 * @passes_on: another server that passes on what comes by @former, or by the
 *	5-tuple if there is no former; or NULL
 */
struct turn_mobility {
	struct turn_table_node node;
	uint64_t id;
	struct turn_server *owner;
	struct turn_allocation *allocation;
	uint32_t ticket;
	struct stun_txid txid;
	uint64_t moved;
	bool has_former;
	struct turn_5tuple former;
	struct turn_table_node by_former;
	struct turn_server *passes_on;
};

/**
 * turn_mobility_wish() - does an Allocate request ask for a ticket?
 * @req: the request
 * @wished: filled
 *
 * Return: 0, or an error code (RFC 8016, section 3.1.2).
 */
unsigned int turn_mobility_wish(const struct turn_request *req, bool *wished);

/** turn_mobility_new() - let the client of an allocation move; 0 or -ENOMEM */
int turn_mobility_new(struct turn_allocation *a);

/** turn_mobility_end() - the allocation ends; without mobility, nothing */
void turn_mobility_end(struct turn_allocation *a);

/** turn_mobility_put_ticket() - MOBILITY-TICKET in the response, if any */
void turn_mobility_put_ticket(struct turn_request *req);

/**
 * turn_mobility_find() - the allocation that a Refresh with a ticket means
 * @req: the request; @allocation, @moves and @refusal are filled (RFC 8016,
 *	section 3.2.2). A refusal is for after authentication.
 *
 * Return: false if another server has been asked: it answers.
 */
bool turn_mobility_find(struct turn_request *req);

/**
 * turn_mobility_move() - the client is at the request's 5-tuple from now on
 * @req: a Refresh request with @moves
 *
 * Return: false if another server had asked, and got the allocation.
 */
bool turn_mobility_move(struct turn_request *req);

/** turn_mobility_heard() - data came from the client by @tuple */
void turn_mobility_heard(struct turn_allocation *a,
			 const struct turn_5tuple *tuple);

/** turn_mobility_forget() - the former 5-tuple is anybody's */
void turn_mobility_forget(struct turn_allocation *a);

/** turn_mobility_left() - is @tuple not the client's, but its former one? */
bool turn_mobility_left(const struct turn_allocation *a,
			const struct turn_5tuple *tuple);

/** turn_mobility_by_former() - the allocation whose client moved away, or NULL */
struct turn_allocation *
turn_mobility_by_former(const struct turn_server *srv,
			const struct turn_5tuple *tuple);

/** turn_mobility_give() - while on its way: @to is the owner, or will be */
void turn_mobility_give(struct turn_allocation *a, struct turn_server *to,
			bool arrived);

#endif /* KTURN_TURN_MOBILITY_H */

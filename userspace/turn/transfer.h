/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Allocations that go from one server to another, and datagrams that came to
 * the wrong one: parcels that the shell carries from worker to worker, in
 * order between any two.
 *
 *	client         its new worker                 its allocation's worker
 *	  Refresh ----> ASK: the request -----------> authenticates; refuses by
 *	                                              REPLY, or takes its hands off
 *	                takes over, serves <--------- HAND: allocation and request
 *	  <-- success
 *
 * What still comes to the old worker goes on to the new one (DATA), until that
 * one says that the 5-tuple is forgotten (FORGET).
 */
#ifndef KTURN_TURN_TRANSFER_H
#define KTURN_TURN_TRANSFER_H

#include "turn/request.h"

/* Parcels that have not been dealt with yet, of all servers, at most. */
#define TURN_PARCELS_MAX 1024

/** turn_transfer_ask() - another server has what this request is about */
void turn_transfer_ask(struct turn_request *req, struct turn_server *owner);

/** turn_transfer_hand() - give the request's allocation to who asked for it */
void turn_transfer_hand(struct turn_request *req);

/** turn_transfer_reply() - send the client a response by who asked for it */
void turn_transfer_reply(struct turn_request *req, const uint8_t *buf,
			 size_t len);

/** turn_transfer_forget() - @to need not pass on any more what comes by @tuple */
void turn_transfer_forget(struct turn_server *srv, struct turn_server *to,
			  const struct turn_5tuple *tuple);

/**
 * turn_transfer_pass_on() - a datagram for an allocation that has gone
 * @srv: the server that it came to
 * @tuple: the 5-tuple that it came by
 * @buf: the datagram
 * @len: its length in bytes
 *
 * Return: whether somebody else has it now.
 */
bool turn_transfer_pass_on(struct turn_server *srv,
			   const struct turn_5tuple *tuple,
			   const uint8_t *buf, size_t len);

/** turn_transfer_drop() - this 5-tuple is this server's own, from now on */
void turn_transfer_drop(struct turn_server *srv,
			const struct turn_5tuple *tuple);

/**
 * turn_serve_forwarded() - something that came to another server
 * @srv: the server
 * @by: the server that it came to, and whose worker answers
 * @tuple: on this 5-tuple
 * @buf: the datagram
 * @len: its length in bytes
 * @asks: that server wants the allocation, if it may have it
 * @now: the time
 */
void turn_serve_forwarded(struct turn_server *srv, struct turn_server *by,
			  const struct turn_5tuple *tuple,
			  const uint8_t *buf, size_t len, bool asks,
			  uint64_t now);

/** turn_transfer_end() - the server ends */
void turn_transfer_end(struct turn_server *srv);

#endif /* KTURN_TURN_TRANSFER_H */

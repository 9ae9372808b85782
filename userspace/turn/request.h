/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A request on its way through the server: authenticated, served, answered.
 * Each function that serves or refuses sends exactly one response.
 */
#ifndef KTURN_TURN_REQUEST_H
#define KTURN_TURN_REQUEST_H

#include "stun/builder.h"
#include "turn/server.h"

/**
 * struct turn_request - a request
 * @srv: the server
 * @tuple: 5-tuple it came on
 * @msg: the message
 * @allocation: that of the 5-tuple or of the ticket, NULL if there is none
 * @reply_by: server whose worker has the client's connection; NULL for @srv
 * @asked_by: server that the request came to and wants the allocation; or NULL
 * @has_ticket: a Refresh with MOBILITY-TICKET
 * @moves: its client is to move to @tuple
 * @refusal: error code that it gets once it is authenticated, or 0
 * @now: the time
 * @realm: the realm it is in
 * @authenticated: the sender has shown that it knows @key
 * @owner: with the very key that the allocation was made with
 * @token_left: how long the access token is good for that it came with, or that
 *	its allocation lives by, in seconds; 0 if it is none
 * @token_name: what @key is counted as in the user quota, if a token told it: no
 *	user's name begins with a zero
 * @algorithm: password algorithm that @key is made with
 * @hmac: integrity attribute that the response gets
 * @key: the user's key
 * @username: the user's name, at least as long as the request is served; empty
 *	without authentication
 * @headers: bytes that travel with request and response, where they count in
 *	how much longer this one may be
 * @b: the response being built
 */
struct turn_request {
	struct turn_server *srv;
	const struct turn_5tuple *tuple;
	const struct stun_message *msg;
	struct turn_allocation *allocation;
	struct turn_server *reply_by;
	struct turn_server *asked_by;
	bool has_ticket;
	bool moves;
	unsigned int refusal;
	const struct turn_realm *realm;
	uint64_t now;
	bool authenticated;
	bool owner;
	uint32_t token_left;
	uint8_t token_name[1 + sizeof(uint64_t)];
	uint16_t algorithm;
	enum stun_hmac hmac;
	struct stun_key key;
	struct stun_bytes username;
	size_t headers;
	struct stun_builder b;
};

/**
 * turn_authenticate() - the long-term credential mechanism (RFC 8489 9.2.4)
 * @req: the request; on success its credentials are filled in
 *
 * Return: true if the request may be served; false if it was refused, and the
 * response is sent.
 */
bool turn_authenticate(struct turn_request *req);

/** turn_is_owner() - is the sender the user who made the 5-tuple's allocation? */
static inline bool turn_is_owner(const struct turn_request *req)
{
	return req->owner || (req->token_left && req->allocation->token_until) ||
	       (turn_made_by(req->allocation, req->username) &&
		strcmp(req->allocation->realm, req->realm->name) == 0);
}

/** turn_quota_claim() - whose slot will the request's allocation take? */
struct turn_quota_claim turn_quota_claim(const struct turn_request *req);

/** turn_reply_begin() - start a success response in @req->b */
struct stun_builder *turn_reply_begin(struct turn_request *req);

/**
 * turn_reply_end() - finish what is in @req->b and send it
 *
 * Adds SOFTWARE, integrity and FINGERPRINT. A response to a request that was
 * not authenticated is at most three times as long as that.
 */
void turn_reply_end(struct turn_request *req);

/**
 * turn_reply_begin_error() - start an error response in @req->b, with its
 * ERROR-CODE
 *
 * Return: @req->b; NULL if its sender gets no more answers just now, and then
 * nothing is to be sent.
 */
struct stun_builder *turn_reply_begin_error(struct turn_request *req,
					    unsigned int code);

/** turn_reply_end_error() - turn_reply_end() for error responses */
void turn_reply_end_error(struct turn_request *req, unsigned int code);

/** turn_reply_error() - refuse a request */
void turn_reply_error(struct turn_request *req, unsigned int code);

/** turn_reply_address_if_it_fits() - add to @req->b what is merely nice */
void turn_reply_address_if_it_fits(struct turn_request *req, uint16_t type,
				   const struct transport_addr *addr);

/**
 * turn_reply_unknown() - refuse with 420 and the unknown attributes, those of
 * turn_discovery_unknown() among them
 *
 * An ACCESS-TOKEN is among them, where none is taken.
 */
void turn_reply_unknown(struct turn_request *req);

/** turn_unexpected_token() - has it an ACCESS-TOKEN although none is taken? */
static inline bool turn_unexpected_token(const struct turn_request *req)
{
	return stun_has(req->msg, STUN_ATTR_ACCESS_TOKEN) &&
	       (req->srv->cfg->auth == TURN_AUTH_NONE ||
		!req->srv->cfg->oauth_server_name[0]);
}

/** turn_reply_challenge() - refuse with 401 or 438, a realm and a nonce */
void turn_reply_challenge(struct turn_request *req, unsigned int code);

/* The methods. Those but Binding, Allocate and ConnectionBind need @req->allocation. */
void turn_serve_binding(struct turn_request *req);
void turn_serve_allocate(struct turn_request *req);
void turn_serve_refresh(struct turn_request *req);
void turn_serve_create_permission(struct turn_request *req);
void turn_serve_channel_bind(struct turn_request *req);
void turn_serve_connect(struct turn_request *req);
void turn_serve_connection_bind(struct turn_request *req);

#endif /* KTURN_TURN_REQUEST_H */

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A TURN client (RFC 8656) without sockets and without a clock: it makes an
 * allocation, binds channels, keeps both alive, and gives the allocation back.
 * One request is under way at a time.
 *
 *	client_start(c, now);
 *	at client_due(c):	len = client_request(c, now, buf, sizeof(buf));
 *				send that
 *	when STUN arrives:	client_response(c, data, len, now);
 *
 * Times are nanoseconds of any one clock.
 */
#ifndef KTURN_BENCH_CLIENT_H
#define KTURN_BENCH_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "stun/addr.h"
#include "stun/attribute.h"
#include "stun/header.h"
#include "stun/integrity.h"

#define CLIENT_REQUEST_MAX	4096
#define CLIENT_NEVER		UINT64_MAX
#define CLIENT_REASON_MAX	96

/**
 * struct login - long-term credentials, shared by the clients of a thread
 * @user: user name
 * @password: password
 * @crypto: the thread's
 * @realm: the server's realm, zero-terminated; empty until it was sent
 * @key: made of the three texts, once @realm is known
 */
struct login {
	const char *user;
	const char *password;
	struct stun_crypto *crypto;
	char realm[STUN_TEXT_MAX + 1];
	struct stun_key key;
};

/**
 * enum client_state - what a client is about
 * @CLIENT_IDLE: nothing yet
 * @CLIENT_STARTING: making its allocation and channels
 * @CLIENT_READY: all there, and kept alive
 * @CLIENT_RELEASING: giving it back
 * @CLIENT_GONE: given back
 * @CLIENT_FAILED: the server refused or does not answer; see struct
 *	client_failure. What it has may live on until it expires.
 */
enum client_state {
	CLIENT_IDLE,
	CLIENT_STARTING,
	CLIENT_READY,
	CLIENT_RELEASING,
	CLIENT_GONE,
	CLIENT_FAILED,
};

/**
 * struct client_failure - what went wrong
 * @method: of the request
 * @peer: what ChannelBind was asked for
 * @code: the error's code; 0: no answer, or none of any use
 * @reason: the error's reason phrase, or what was wrong with the answer
 */
struct client_failure {
	uint16_t method;
	uint16_t code;
	struct transport_addr peer;
	char reason[CLIENT_REASON_MAX];
};

/**
 * struct client - one client and its allocation
 * @login: credentials
 * @peers: the peers to bind channels to
 * @peer_count: how many
 * @first_peer: which of all peers the first is, where the channels' numbers are
 *	to say so; see client_channel_number()
 * @lifetime: to ask for, for the allocation, in seconds; 0: as the server likes
 * @state: what it is about
 * @relayed: its relayed transport address, once it has one
 * @failure: why it failed
 * @bound: channels bound in this round of binding or refreshing
 * @due: when client_request() has something to send
 * @refresh_at: when to refresh the allocation
 * @rebind_at: when to start the next round of refreshing channels
 * @waiting: a request is under way
 * @method: its method
 * @txid: its transaction id
 * @sends: how often it was sent
 * @unreachable: how often ICMP said that nobody listens there
 * @challenges: challenges answered since the last success
 * @nonce: the latest, zero-terminated; empty until there is one
 */
struct client {
	struct login *login;
	const struct transport_addr *peers;
	unsigned int peer_count;
	unsigned int first_peer;
	uint32_t lifetime;
	enum client_state state;
	struct transport_addr relayed;
	struct client_failure failure;
	unsigned int bound;
	uint64_t due;
	uint64_t refresh_at;
	uint64_t rebind_at;
	bool waiting;
	uint16_t method;
	struct stun_txid txid;
	unsigned int sends;
	unsigned int unreachable;
	unsigned int challenges;
	char nonce[STUN_TEXT_MAX + 1];
};

/**
 * client_init() - fill in a client
 * @c: the client
 * @login: credentials; must outlive it
 * @peers: as in struct client; must outlive it
 * @peer_count: how many; the relayed address is of their family, that is, of
 *	@peers[0]'s, even if there are to be none yet
 *
 * Of the other members, the caller may set @first_peer and @lifetime.
 */
void client_init(struct client *c, struct login *login,
		 const struct transport_addr *peers, unsigned int peer_count);

/**
 * client_start() - make the allocation and the channels
 * @c: the client; one that is ready binds those peers that were added since
 * @now: the time
 */
void client_start(struct client *c, uint64_t now);

/** client_release() - give the allocation back, if there is one */
void client_release(struct client *c, uint64_t now);

/** client_due() - when to call client_request(); CLIENT_NEVER: not now */
static inline uint64_t client_due(const struct client *c)
{
	return c->due;
}

/**
 * client_request() - what to send now
 * @c: the client
 * @now: the time
 * @buf: where the request goes
 * @cap: room there, in bytes
 *
 * Return: its length in bytes, or 0 if there is nothing to send.
 */
size_t client_request(struct client *c, uint64_t now, uint8_t *buf,
		      size_t cap);

/**
 * client_response() - take a STUN message from the server
 * @c: the client
 * @data: the datagram; what is no answer to the request is passed over
 * @len: its length in bytes
 * @now: the time
 */
void client_response(struct client *c, const uint8_t *data, size_t len,
		     uint64_t now);

/**
 * client_unreachable() - an ICMP error came back: nobody listens there
 * @c: the client; while it starts, a few of them are an answer
 */
void client_unreachable(struct client *c);

/**
 * client_channel_number() - the number of the channel to a peer
 * @peer: which of all peers; the first one's is 0x4000
 */
uint16_t client_channel_number(unsigned int peer);

/**
 * client_failure_print() - say what went wrong
 * @failure: what
 * @buf: where to; "refused ChannelBind to 192.0.2.1:99: 403 Forbidden"
 * @size: room there
 */
void client_failure_print(const struct client_failure *failure, char *buf,
			  size_t size);

#endif /* KTURN_BENCH_CLIENT_H */

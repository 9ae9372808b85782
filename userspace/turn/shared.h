/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the servers of all workers have in common: quotas, reserved ports, the
 * key of the nonces. Any thread may call these functions; they are only used
 * when allocations come and go, so one lock does for all of it.
 */
#ifndef KTURN_TURN_SHARED_H
#define KTURN_TURN_SHARED_H

#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "stun/attribute.h"
#include "turn/police.h"
#include "turn/siphash.h"
#include "turn/table.h"
#include "turn/ticket.h"
#include "turn/turn.h"

/* Memory against the chance that a stranger shares a flooder's limit. */
#define TURN_SOURCES 16384

/**
 * struct turn_shared - shared state
 * @nonce_key: signs nonces; never changes
 * @hash_key: of the tables here; never changes
 * @ticket_key: of mobility tickets; never changes
 * @lock: for the rest
 * @holders: who holds a slot, by kind and name
 * @reservations: reserved ports, by token
 * @tcp_ids: connections with peers that wait for their client
 * @mobiles: allocations whose clients may move, by id
 * @orphans: allocations of an earlier daemon, by 5-tuple
 * @n_orphans: how many; read without the lock
 * @last_mobile: last id given to one
 * @last_session: number of the last that news were told of; changed without
 *	the lock
 * @parcels: on their way from server to server; changed without the lock
 * @limits: of the rate of all allocations; taken from without the lock
 * @sources: limits of what strangers get, by the hash of their address
 * @told_ranges: default ranges of the peer filter that were logged, as bits
 * @slots: quota slots in use: allocations and reserved ports
 */
struct turn_shared {
	struct siphash_key nonce_key;
	struct siphash_key hash_key;
	struct turn_ticket_key ticket_key;
	pthread_mutex_t lock;
	struct turn_table holders;
	struct turn_table reservations;
	struct turn_table tcp_ids;
	struct turn_table mobiles;
	struct turn_table orphans;
	uint64_t n_orphans;
	uint64_t last_mobile;
	uint64_t last_session;
	uint32_t parcels;
	struct turn_bucket limits[TURN_DIRS];
	struct turn_bucket sources[TURN_SOURCES];
	uint32_t told_ranges;
	uint64_t slots;
};

/** turn_bytes_equal() - compare two names; the empty one may be NULL */
static inline bool turn_bytes_equal(struct stun_bytes a, struct stun_bytes b)
{
	return a.len == b.len &&
	       (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* Who has a quota. */
enum turn_quota_kind {
	TURN_QUOTA_USER,	/* a user of a realm */
	TURN_QUOTA_REALM,	/* all users of a realm */
	TURN_QUOTA_SOURCE,	/* a client's IP address, or IPv6 /64 */
	TURN_QUOTA_KINDS
};

/**
 * struct turn_quota - one slot of the quotas, held by an allocation or by a
 * reserved port
 * @holders: whose it is; all NULL while no slot is held
 */
struct turn_quota {
	struct turn_quota_holder *holders[TURN_QUOTA_KINDS];
};

/**
 * struct turn_quota_claim - who wants a slot
 * @cfg: for the limits
 * @realm: the user's realm
 * @name: user name; empty for nobody's, which no user quota limits
 * @source: client's transport address
 * @anyway: it gets one, whatever the limits
 */
struct turn_quota_claim {
	const struct turn_config *cfg;
	const struct turn_realm *realm;
	struct stun_bytes name;
	const struct transport_addr *source;
	bool anyway;
};

/**
 * turn_quota_take() - take a slot
 * @shared: shared state
 * @claim: who wants it
 * @quota: filled
 *
 * Return: 0, -EDQUOT at a limit (486), -ENOMEM.
 */
int turn_quota_take(struct turn_shared *shared,
		    const struct turn_quota_claim *claim,
		    struct turn_quota *quota);

/** turn_quota_move() - hand a slot over; nothing is held in @quota after */
static inline struct turn_quota turn_quota_move(struct turn_quota *quota)
{
	struct turn_quota moved = *quota;

	*quota = (struct turn_quota){ 0 };
	return moved;
}

/** turn_quota_drop() - give a slot back; nothing to do if none is held */
void turn_quota_drop(struct turn_shared *shared, struct turn_quota *quota);

/**
 * turn_reservation_put() - keep a bound relay socket for who has the token
 * @shared: shared state
 * @token: random, drawn by the caller
 * @relay: the socket, attached to nobody
 * @quota: the slot it occupies; taken over
 *
 * Return: 0, or -ENOMEM.
 */
int turn_reservation_put(struct turn_shared *shared,
			 const uint8_t token[static STUN_RESERVATION_TOKEN_LEN],
			 const struct turn_relay *relay,
			 struct turn_quota *quota);

/**
 * turn_reservation_take() - claim a reserved socket; its slot is given back
 * @shared: shared state
 * @token: as received
 * @relay: filled
 *
 * Return: 0, or -ENOENT if nothing is reserved under that token (any more).
 */
int turn_reservation_take(struct turn_shared *shared,
			  const uint8_t token[static STUN_RESERVATION_TOKEN_LEN],
			  struct turn_relay *relay);

#endif /* KTURN_TURN_SHARED_H */

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside of the server: the objects and who holds them. Only files in this
 * folder include this.
 *
 * The server owns its allocations; an allocation owns its relay sockets (one
 * leg per address family), permissions and channels. A channel points at the
 * permission of its peer's IP address, which therefore stays, expired, as long
 * as a channel needs it. All of them are found through tables of the server,
 * so that one costs a relayed datagram one lookup, and an allocation with a
 * single channel no table of its own.
 */
#ifndef KTURN_TURN_SERVER_H
#define KTURN_TURN_SERVER_H

#include <sys/queue.h>

#include "stun/integrity.h"
#include "turn/opaque_string.h"
#include "turn/shared.h"
#include "turn/table.h"
#include "turn/timers.h"
#include "turn/turn.h"

LIST_HEAD(turn_allocation_list, turn_allocation);
LIST_HEAD(turn_permission_list, turn_permission);
LIST_HEAD(turn_channel_list, turn_channel);
LIST_HEAD(turn_connection_list, turn_connection);
LIST_HEAD(turn_hold_list, turn_hold);

/**
 * struct turn_server - one worker's server
 * @shared: with the other workers
 * @cfg: configuration, held
 * @ops: outputs
 * @env: their first argument
 * @crypto: OpenSSL's contexts
 * @id_key: of transaction ids
 * @secret: of all tables below
 * @by_tuple: allocations by 5-tuple
 * @by_fastpath_id: allocations in the module by their id there
 * @by_former: allocations whose client has moved, by the 5-tuple before
 * @detours: 5-tuples whose allocation another server has now
 * @permissions: by allocation and IP address
 * @channels_by_number: by allocation and number
 * @channels_by_peer: by allocation and peer's transport address
 * @connections: with peers (RFC 6062), by CONNECTION-ID
 * @allocations: all of them
 * @holds: reservations made here
 * @has_orphans: it has adopted allocations of an earlier daemon
 * @orphan_timer: of these, to look for those that have run out
 * @orphans_ending: some that are about to end
 * @timers: all that ends
 * @stats: counters
 * @last_serial: of allocations
 * @indications: Data indications made, for their transaction ids
 * @redirects: clients sent elsewhere, or nearly so
 * @fastpath_complain_after: when the next refusal of the module is a warning
 * @tick_left: timers that may still fire in this turn_server_tick()
 * @fastpath_up: the module is there
 * @fastpath_ups: how often it has appeared
 * @ending: other servers may have ended before
 * @draining: refuse new allocations
 * @reply: where responses are built
 * @name: name of the user whose request is being served, where it is not in
 *	the request as it should be
 */
struct turn_server {
	struct turn_shared *shared;
	struct turn_config *cfg;
	const struct turn_ops *ops;
	void *env;
	struct stun_crypto *crypto;
	struct siphash_key id_key;
	struct turn_table_secret secret;

	struct turn_table by_tuple;
	struct turn_table by_fastpath_id;
	struct turn_table by_former;
	struct turn_table detours;
	struct turn_table permissions;
	struct turn_table channels_by_number;
	struct turn_table channels_by_peer;
	struct turn_table connections;
	struct turn_allocation_list allocations;
	struct turn_hold_list holds;
	bool has_orphans;
	struct turn_timer orphan_timer;
	struct turn_allocation_list orphans_ending;
	struct turn_timers timers;
	struct turn_stats stats;
	uint64_t last_serial;
	uint64_t indications;
	unsigned int redirects;
	uint64_t fastpath_complain_after;
	unsigned int tick_left;
	bool fastpath_up;
	uint32_t fastpath_ups;
	bool ending;
	bool draining;
	uint8_t reply[TURN_REPLY_MAX];
	uint8_t name[OPAQUE_STRING_MAX];
};

/**
 * struct turn_leg - a relayed transport address with its end
 * @relay: the socket; its handle is NULL if this family is not relayed
 * @expires: when it ends
 */
struct turn_leg {
	struct turn_relay relay;
	uint64_t expires;
};

/* Index of a leg, by family. */
enum { TURN_LEG_IPV4, TURN_LEG_IPV6, TURN_LEGS };

/**
 * struct turn_allocation - RFC 8656, section 6
 * @by_tuple: in the server's table
 * @by_fastpath_id: in the server's table while @fastpath_id is not 0
 * @link: in the server's list
 * @srv: the server
 * @tuple: 5-tuple
 * @serial: number within the server; keys the tables of what it owns
 * @txid: of the Allocate request, to know its retransmissions
 * @mobility: if its client may move, or NULL
 * @session: for news of it, or NULL
 * @legs: relayed transport addresses
 * @timer: set to when the first leg ends
 * @permissions: list of permissions
 * @channels: list of channels
 * @n_permissions: how many
 * @n_channels: how many
 * @tcp: peers are reached by TCP (RFC 6062)
 * @connections: with them
 * @n_connections: how many
 * @key: of the user; the password is not kept
 * @token_until: when the access token runs out by which it was made or last
 *	refreshed; 0 if it lives by no token
 * @quota: slot
 * @max_bps: most bytes per second each way, by its realm; 0: as for all
 * @limits: of its rate, by direction
 * @has_token: the Allocate request reserved a port
 * @token: RESERVATION-TOKEN it was given
 * @refused_family: enum stun_family that a dual Allocate did not get, or 0
 * @refused_code: why
 * @fastpath_id: id in the module; 0 if it is not there
 * @offload_stale: it is, but otherwise than it should be
 * @offload_timer: set to when it is to be installed
 * @offload_after: before that, do not try on the client's requests either
 * @to_peer: relayed in userspace
 * @to_client: relayed in userspace
 * @realm: realm that the user was authenticated in, behind @username
 * @username: user name, both zero-terminated
 */
struct turn_allocation {
	struct turn_table_node by_tuple;
	struct turn_table_node by_fastpath_id;
	LIST_ENTRY(turn_allocation) link;
	struct turn_server *srv;
	struct turn_5tuple tuple;
	uint64_t serial;
	struct stun_txid txid;
	struct turn_mobility *mobility;
	struct turn_session *session;
	struct turn_leg legs[TURN_LEGS];
	struct turn_timer timer;

	struct turn_permission_list permissions;
	struct turn_channel_list channels;
	uint32_t n_permissions;
	uint32_t n_channels;
	bool tcp;
	struct turn_connection_list connections;
	uint32_t n_connections;

	struct stun_key key;
	uint64_t token_until;
	struct turn_quota quota;
	uint64_t max_bps;
	struct turn_bucket limits[TURN_DIRS];
	bool has_token;
	uint8_t token[STUN_RESERVATION_TOKEN_LEN];
	uint8_t refused_family;
	uint16_t refused_code;

	uint32_t fastpath_id;
	bool offload_stale;
	struct turn_timer offload_timer;
	uint64_t offload_after;

	struct turn_flow to_peer;
	struct turn_flow to_client;
	const char *realm;
	size_t username_len;
	char username[];
};

/**
 * struct turn_permission - RFC 8656, section 9
 * @node: in the server's table
 * @link: in the allocation's list
 * @allocation: the allocation
 * @peer: the peer's IP address, port 0
 * @expires: when it ends; 0 once it has ended
 * @timer: set to @expires
 * @n_channels: channels that point here
 */
struct turn_permission {
	struct turn_table_node node;
	LIST_ENTRY(turn_permission) link;
	struct turn_allocation *allocation;
	struct transport_addr peer;
	uint64_t expires;
	struct turn_timer timer;
	uint32_t n_channels;
};

/**
 * struct turn_channel - RFC 8656, section 12
 * @by_number: in the server's table
 * @by_peer: in the server's table
 * @link: in the allocation's list
 * @allocation: the allocation
 * @permission: of the peer's IP address
 * @peer: the peer's transport address
 * @number: channel number
 * @expires: when it ends
 * @timer: set to @expires
 * @to_peer: relayed in userspace
 * @to_client: relayed in userspace
 */
struct turn_channel {
	struct turn_table_node by_number;
	struct turn_table_node by_peer;
	LIST_ENTRY(turn_channel) link;
	struct turn_allocation *allocation;
	struct turn_permission *permission;
	struct transport_addr peer;
	uint16_t number;
	uint64_t expires;
	struct turn_timer timer;
	struct turn_flow to_peer;
	struct turn_flow to_client;
};

/* Counters are read by other threads; see struct turn_stats. */
static inline void turn_add(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static inline void turn_count(uint64_t *counter)
{
	turn_add(counter, 1);
}

static inline void turn_uncount(uint64_t *counter)
{
	__atomic_store_n(counter, *counter - 1, __ATOMIC_RELAXED);
}

static inline void turn_count_flow(struct turn_flow *flow, size_t len)
{
	turn_count(&flow->packets);
	turn_add(&flow->bytes, len);
}

static inline void turn_drop(struct turn_server *srv, enum turn_drop reason)
{
	turn_count(&srv->stats.drops[reason]);
}

/** turn_max_bps() - limit of its rate, bytes per second each way; 0: none */
static inline uint64_t turn_max_bps(const struct turn_allocation *a)
{
	return a->max_bps ? a->max_bps : a->srv->cfg->max_bps;
}

/** turn_maker() - name of the user who made the allocation */
static inline struct stun_bytes turn_maker(const struct turn_allocation *a)
{
	return (struct stun_bytes){ (const uint8_t *)a->username,
				    a->username_len };
}

/** turn_made_by() - is this the name of the user who made the allocation? */
static inline bool turn_made_by(const struct turn_allocation *a,
				struct stun_bytes username)
{
	return turn_bytes_equal(turn_maker(a), username);
}

/** turn_leg_index() - TURN_LEG_IPV4 or TURN_LEG_IPV6 */
static inline int turn_leg_index(uint16_t family)
{
	return family == AF_INET6 ? TURN_LEG_IPV6 : TURN_LEG_IPV4;
}

/** turn_leg() - the leg that reaches peers of this family; may not be open */
static inline struct turn_leg *turn_leg(struct turn_allocation *a,
					uint16_t family)
{
	return &a->legs[turn_leg_index(family)];
}

/** turn_leg_alive() - is it open, and has it not run out? */
static inline bool turn_leg_alive(const struct turn_leg *leg, uint64_t now)
{
	return leg->relay.handle && leg->expires > now;
}

/** turn_server_check_peers() - end what leads to peers that are denied now */
void turn_server_check_peers(struct turn_allocation *a);

/** turn_log() - a line for the log, formatted as printf does */
__attribute__((format(printf, 4, 5)))
void turn_log(struct turn_server *srv, enum turn_log_level level,
	      const struct turn_allocation *a, const char *format, ...);

#endif /* KTURN_TURN_SERVER_H */

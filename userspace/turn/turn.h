/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The TURN protocol (RFC 8656) as a state machine: datagrams, the time and the
 * module's news in; datagrams, relay sockets and fast-path updates out. It
 * owns no socket and reads no clock.
 *
 * One struct turn_server per worker thread; none of its functions may be
 * called by two threads at a time. What all servers share (quotas, port
 * reservations, the nonce key) is in struct turn_shared, which locks by
 * itself.
 *
 * Outputs are calls through struct turn_ops. They are made while an input
 * function runs, and must not call back into the server.
 *
 * @now is a monotonic time in milliseconds, the same clock in all workers. It
 * must not go backwards from call to call.
 */
#ifndef KTURN_TURN_TURN_H
#define KTURN_TURN_TURN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stun/addr.h"
#include "stun/integrity.h"
#include "stun/message.h"
#include "turn/config.h"

struct turn_server;
struct turn_shared;
struct turn_allocation;
struct turn_connection;
struct turn_parcel;

/*
 * Room around a received payload, so that headers need no copy: a Data
 * indication takes 48 bytes in front; behind come padding and FINGERPRINT.
 */
#define TURN_HEADROOM	64
#define TURN_TAILROOM	16

/* Largest payload relayed to a client: what fits a UDP datagram as DATA. */
#define TURN_PAYLOAD_MAX (65507 - 48 - 12)

/* Longest message that turn_ops.reply_client() is given. */
#define TURN_REPLY_MAX 2048

/* Opaque bytes with an allocation in the module; KTURN_USERDATA_MAX. */
#define TURN_USERDATA_MAX 256

#define TURN_NEVER UINT64_MAX

/** enum turn_transport - between client and server */
enum turn_transport {
	TURN_UDP,
	TURN_TCP,
	TURN_TLS,
	TURN_DTLS,
};

#define TURN_TRANSPORTS (TURN_DTLS + 1)

/**
 * struct turn_5tuple - a client's way to the server (RFC 8656, section 3.2)
 * @client: client's transport address as the server sees it
 * @server: local transport address that the client sends to; never a wildcard
 * @transport: enum turn_transport
 *
 * Hashed and compared as memory; there is no padding in it.
 */
struct turn_5tuple {
	struct transport_addr client;
	struct transport_addr server;
	uint16_t transport;
};

_Static_assert(sizeof(struct turn_5tuple) == 42, "no padding");

/* --- outputs --------------------------------------------------------------- */

/** enum turn_lookup_result - what a database says */
enum turn_lookup_result {
	TURN_LOOKUP_FOUND,
	TURN_LOOKUP_UNKNOWN,	/* there is none: 401 */
	TURN_LOOKUP_LATER,	/* being asked; the request comes again */
	TURN_LOOKUP_ERROR,	/* it cannot be asked: 500 */
};

/**
 * struct turn_user_query - who is that, and what is the key?
 * @realm: realm
 * @username: user name after OpaqueString; empty if only its hash is known
 * @userhash: USERHASH, STUN_USERHASH_LEN bytes; NULL if the name is known
 * @algorithm: STUN_PASSWORD_MD5 or STUN_PASSWORD_SHA256; the latter only under
 *	TURN_LOOKUP_SHA256
 * @tuple: on which 5-tuple the request came
 * @request: the request, whole: what to give to turn_server_datagram() again
 * @key: result: the user's key of that algorithm
 * @name: result where @userhash was asked for: the user name
 * @name_len: its length
 */
struct turn_user_query {
	const char *realm;
	struct stun_bytes username;
	const uint8_t *userhash;
	uint16_t algorithm;
	const struct turn_5tuple *tuple;
	struct stun_bytes request;
	struct stun_key key;
	uint8_t name[TURN_USERNAME_MAX];
	size_t name_len;
};

/**
 * struct turn_secret_query - a TURN REST secret of a realm
 * @realm: realm
 * @index: which: 0 and up, until there is none
 * @tuple: on which 5-tuple the request came
 * @request: the request, whole, as in struct turn_user_query
 * @secret: result; must stay while the server's input function runs
 */
struct turn_secret_query {
	const char *realm;
	size_t index;
	const struct turn_5tuple *tuple;
	struct stun_bytes request;
	struct stun_bytes secret;
};

/**
 * struct turn_relay_request - what kind of relay socket is needed
 * @family: AF_INET or AF_INET6
 * @tcp: peers come and are reached by TCP (RFC 6062); neither of the next two
 * @even_port: the port must be even (EVEN-PORT)
 * @reserve_next: also bind the next higher port (EVEN-PORT with R bit)
 */
struct turn_relay_request {
	int family;
	bool tcp;
	bool even_port;
	bool reserve_next;
};

/**
 * struct turn_relay - a bound relay socket
 * @handle: the shell's own
 * @bound: address as bound on this host: what the module must know. Never a
 *	wildcard.
 * @relayed: relayed transport address as clients and peers see it: @bound, or
 *	the public address of a 1:1 NAT (external-ip)
 */
struct turn_relay {
	void *handle;
	struct transport_addr bound;
	struct transport_addr relayed;
};

/**
 * struct turn_flow - what one direction has relayed in userspace
 * @packets: datagrams
 * @bytes: application data in them
 */
struct turn_flow {
	uint64_t packets;
	uint64_t bytes;
};

/**
 * struct turn_fastpath_allocation - an allocation as the module takes it
 * @client: client's transport address
 * @server: server transport address
 * @relayed_ipv4: bound IPv4 relay address, or family 0
 * @relayed_ipv6: bound IPv6 relay address, or family 0
 * @timeout_ms: time to live from now
 * @max_bps: limit in bytes per second, each way; 0: none
 * @userdata: opaque bytes by which a later daemon adopts the allocation
 * @userdata_len: how many, at most TURN_USERDATA_MAX
 * @id: result: its id in the module
 * @error: result: 0 or a negative errno
 */
struct turn_fastpath_allocation {
	struct transport_addr client;
	struct transport_addr server;
	struct transport_addr relayed_ipv4;
	struct transport_addr relayed_ipv6;
	uint32_t timeout_ms;
	uint64_t max_bps;
	const uint8_t *userdata;
	size_t userdata_len;
	uint32_t id;
	int error;
};

/**
 * struct turn_fastpath_peer - a permission, a channel, or both
 * @id: id of the allocation
 * @error: result: 0 or a negative errno
 * @peer: the peer's IP address; with a channel also its port
 * @permission_ms: time to live of the permission from now; 0: only the
 *	channel, for an entry before this one brought the permission
 * @channel: channel number, or 0: only the permission
 * @channel_ms: time to live of the channel from now
 */
struct turn_fastpath_peer {
	uint32_t id;
	int error;
	struct transport_addr peer;
	uint32_t permission_ms;
	uint16_t channel;
	uint32_t channel_ms;
};

/**
 * struct turn_fastpath_ops - the module
 * @allocations_new: install allocations; each @id or @error is filled
 * @allocation_set: give one a new time to live
 * @allocation_move: the same, and its client is at @tuple from now on; if it
 *	was already, the 5-tuple before that is forgotten; @timeout_ms 0
 *	leaves the time to live as it is
 * @allocation_del: remove one with all that belongs to it
 * @allocation_flows: what it has forwarded for one; asked for only where there
 *	is turn_ops.session. Nothing depends on it, so errors are of no consequence.
 * @peers_set: install or refresh, for each of @count entries in order, the
 *	permission and then the channel; each @error is filled
 *
 * All are synchronous: when they return, the module does what was asked. Many
 * at a time cost less than one by one. Errors are negative errnos; -ENODEV
 * when the module is gone, after which the shell also calls
 * turn_server_fastpath_down() soon.
 *
 * An allocation in the module is complete, or it is not there: where
 * allocation_set, allocation_move or an entry of peers_set fails, the server removes the
 * allocation and relays it in userspace.
 */
struct turn_fastpath_ops {
	void (*allocations_new)(void *env,
				struct turn_fastpath_allocation *allocations,
				size_t count);
	int (*allocation_set)(void *env, uint32_t id, uint32_t timeout_ms);
	int (*allocation_move)(void *env, uint32_t id,
			       const struct turn_5tuple *tuple,
			       uint32_t timeout_ms);
	int (*allocation_del)(void *env, uint32_t id);
	int (*allocation_flows)(void *env, uint32_t id,
				struct turn_flow *to_peer,
				struct turn_flow *to_client);
	void (*peers_set)(void *env, struct turn_fastpath_peer *peers,
			  size_t count);
};

/**
 * enum turn_session_event - what has become of a session, that is an allocation
 * @TURN_SESSION_NEW: it has begun
 * @TURN_SESSION_REFRESHED: its client has refreshed it
 * @TURN_SESSION_TRAFFIC: what it has carried since that was last told
 * @TURN_SESSION_ENDED: it is over; what it has carried in all
 */
enum turn_session_event {
	TURN_SESSION_NEW,
	TURN_SESSION_REFRESHED,
	TURN_SESSION_TRAFFIC,
	TURN_SESSION_ENDED,
};

/**
 * struct turn_session_report - news of a session
 * @event: what has happened
 * @id: of at most 18 digits; the same all its life, and no other session's
 * @tuple: 5-tuple that its client has now
 * @username: user name, "" without authentication
 * @realm: realm it was authenticated in
 * @lifetime: seconds that it has been given
 * @to_peer: application data relayed, by the module too; of the last two events
 * @to_client: likewise
 */
struct turn_session_report {
	enum turn_session_event event;
	uint64_t id;
	struct turn_5tuple tuple;
	const char *username;
	const char *realm;
	uint32_t lifetime;
	struct turn_flow to_peer;
	struct turn_flow to_client;
};

/** enum turn_log_level - as syslog has them, but fewer */
enum turn_log_level {
	TURN_LOG_ERROR,
	TURN_LOG_WARNING,
	TURN_LOG_INFO,
	TURN_LOG_DEBUG,
};

/* turn_ops.send_peer(): the client asked for DF (DONT-FRAGMENT). */
#define TURN_SEND_DF 1u

/**
 * struct turn_ops - what the server needs done
 * @relay_open: bind a relay socket. @next is filled when @reserve_next was
 *	asked for: a second bound socket, attached to nobody. Returns 0,
 *	-EAFNOSUPPORT if the family is not relayed here (440), or another
 *	negative errno (508).
 * @relay_adopt: bind a relay socket to @bound again, for an allocation whose
 *	client is known by @tuple. Returns 0, -EADDRNOTAVAIL if that is no relay
 *	address (any more) or clients do not come to that server address (any
 *	more), -EADDRINUSE, or another negative errno. For turn_server_adopt().
 * @relay_attach: from now on datagrams at this socket go to
 *	turn_server_peer_datagram() with @allocation, on this worker. Comes
 *	after relay_open; for a reserved socket perhaps in another worker than
 *	opened it, so an unattached socket must not be tied to its opener.
 * @relay_detach: datagrams at it go nowhere and wait, until it is attached in
 *	another worker
 * @relay_close: close it. The allocation it was attached to must not be
 *	used again. An unattached one may be closed by any worker.
 * @send_client: send relayed data. @buf lies in the buffer of the datagram
 *	being handled (headroom included) and is left alone by the server once
 *	its input function has returned, so the shell need not copy it.
 * @reply_client: send a message of the server's own making. @buf is valid
 *	during the call only: send or copy.
 * @send_peer: send to a peer from a relay socket; buffer as @send_client.
 *	@flags: TURN_SEND_DF.
 * @peer_connect: connect to a peer from a TCP relay. @handle is filled. Returns
 *	0, and turn_server_peer_connected() follows, but not before this
 *	returns; or a negative errno.
 * @peer_close: close a connection with a peer, and the client's that is bound
 *	to it
 * @stream_move: this 5-tuple is a client data connection from now on, of the
 *	server whose @env is @owner: what comes by it is no message any more.
 *	It goes there with @id, for turn_server_connection_bound().
 * @random: fill with unpredictable bytes; must not fail
 * @wall_time: seconds since 1970, for TURN REST credentials
 * @log: a line for the log; @allocation may be NULL
 * @user_find: find a user that is not in the configuration. Called under
 *	TURN_LOOKUP_USERS, and only for requests that carry a valid nonce, so
 *	that their sender is where it says. TURN_LOOKUP_LATER drops the request
 *	without a word: the shell keeps a copy of it, in bounded memory, and
 *	gives it to turn_server_datagram() again when it has the answer at
 *	hand. (If the copy is lost, the client's retransmission does the same.)
 * @secret_find: find a TURN REST secret, likewise, under TURN_LOOKUP_SECRETS
 * @session: news of sessions, valid during the call; NULL where nobody wants
 *	them
 * @fastpath: the module, NULL if there never is one
 * @post: carry a parcel to the worker whose turn_server_new() was given @to_env,
 *	and call turn_server_parcel() there. Parcels between two workers keep
 *	their order. Returns 0, or a negative errno: then the parcel stays the
 *	caller's. NULL where there is one worker only.
 *
 * Sending never fails towards the server: what cannot be sent is the shell's
 * to count.
 */
struct turn_ops {
	int (*relay_open)(void *env, const struct turn_relay_request *request,
			  struct turn_relay *relay, struct turn_relay *next);
	int (*relay_adopt)(void *env, const struct turn_5tuple *tuple,
			   const struct transport_addr *bound,
			   struct turn_relay *relay);
	void (*relay_attach)(void *env, void *handle,
			     struct turn_allocation *allocation);
	void (*relay_detach)(void *env, void *handle);
	void (*relay_close)(void *env, void *handle);
	void (*send_client)(void *env, const struct turn_5tuple *tuple,
			    const uint8_t *buf, size_t len);
	void (*reply_client)(void *env, const struct turn_5tuple *tuple,
			     const uint8_t *buf, size_t len);
	void (*send_peer)(void *env, void *handle,
			  const struct transport_addr *peer,
			  const uint8_t *buf, size_t len, unsigned int flags);
	int (*peer_connect)(void *env, void *relay,
			    const struct transport_addr *peer,
			    struct turn_connection *connection, void **handle);
	void (*peer_close)(void *env, void *handle);
	void (*stream_move)(void *env, const struct turn_5tuple *tuple,
			    void *owner, uint32_t id);
	void (*random)(void *env, void *buf, size_t len);
	uint64_t (*wall_time)(void *env);
	void (*log)(void *env, enum turn_log_level level,
		    const struct turn_allocation *allocation, const char *text);
	enum turn_lookup_result (*user_find)(void *env,
					     struct turn_user_query *query);
	enum turn_lookup_result (*secret_find)(void *env,
					       struct turn_secret_query *query);
	void (*session)(void *env, const struct turn_session_report *report);
	const struct turn_fastpath_ops *fastpath;
	int (*post)(void *env, void *to_env, struct turn_parcel *parcel);
};

/* --- set-up ---------------------------------------------------------------- */

#define TURN_SHARED_KEY_LEN 32

/**
 * turn_shared_new() - what the servers of all workers have in common
 * @key: random bytes: nonces are signed with them. Keeping them over a restart
 *	keeps the clients' nonces valid.
 *
 * Return: the shared state, or NULL without memory.
 */
struct turn_shared *turn_shared_new(const uint8_t key[static TURN_SHARED_KEY_LEN]);

/** turn_shared_free() - after the last server is freed; NULL is fine */
void turn_shared_free(struct turn_shared *shared);

/**
 * turn_shared_allocations() - what counts towards the quotas right now
 * @shared: the shared state; any thread may ask
 *
 * Return: allocations of all workers, and ports they have reserved.
 */
uint64_t turn_shared_allocations(const struct turn_shared *shared);

/**
 * typedef turn_user_fn - a user with allocations, once for each realm
 * @name: user name, without the time stamp of TURN REST credentials
 * @len: its length
 * @allocations: how many the user has, reserved ports included
 *
 * Return: false to end the walk.
 */
typedef bool turn_user_fn(void *arg, const char *name, size_t len,
			  uint32_t allocations);

/**
 * turn_shared_foreach_user() - who uses the server right now?
 * @shared: the shared state; any thread may ask
 * @fn: called for each user, with the shared state locked
 * @arg: for @fn
 */
void turn_shared_foreach_user(struct turn_shared *shared, turn_user_fn *fn,
			      void *arg);

/**
 * turn_server_new() - make a server
 * @shared: shared with the other workers; must live longer
 * @cfg: configuration; the server takes its own reference
 * @ops: outputs; must live longer
 * @env: first argument of all @ops
 *
 * Return: the server, or NULL without memory or OpenSSL's hashes.
 */
struct turn_server *turn_server_new(struct turn_shared *shared,
				    struct turn_config *cfg,
				    const struct turn_ops *ops, void *env);

/**
 * turn_server_free() - end all allocations and free the server
 * @srv: the server; NULL is fine
 *
 * Closes the relays. Allocations stay in the module, so that a restarted
 * daemon may adopt them, unless turn_server_close_all() came first.
 */
void turn_server_free(struct turn_server *srv);

/**
 * struct turn_adoption - an allocation that the module has kept
 * @id: its id there
 * @tuple: 5-tuple
 * @relayed_ipv4: bound IPv4 relay address, or family 0
 * @relayed_ipv6: bound IPv6 relay address, or family 0
 * @timeout_ms: time that it has left
 * @userdata: what turn_fastpath_allocation.userdata was
 * @userdata_len: its length in bytes
 * @peers: its permissions, with a channel of 0, and its channels
 * @n_peers: how many
 */
struct turn_adoption {
	uint32_t id;
	struct turn_5tuple tuple;
	struct transport_addr relayed_ipv4;
	struct transport_addr relayed_ipv6;
	uint32_t timeout_ms;
	const uint8_t *userdata;
	size_t userdata_len;
	const struct turn_fastpath_peer *peers;
	size_t n_peers;
};

/**
 * turn_server_adopt() - take over an allocation of an earlier daemon
 * @srv: any of the servers, before the first turn_server_fastpath_up()
 * @from: what is known of it
 * @now: the time
 *
 * It goes to the server that hears its client, whichever that is. It has no
 * mobility ticket any more.
 *
 * Return: 0; -EPROTONOSUPPORT or -EBADMSG if the userdata is not to be read,
 * -ENOMEM, or what turn_ops.relay_adopt() returned: then the module keeps it to
 * its end.
 */
int turn_server_adopt(struct turn_server *srv, const struct turn_adoption *from,
		      uint64_t now);

/** turn_shared_orphans() - adopted ones whose client was not heard yet */
uint64_t turn_shared_orphans(const struct turn_shared *shared);

/** turn_server_close_all() - end all allocations, in the module too */
void turn_server_close_all(struct turn_server *srv);

/**
 * turn_server_set_config() - from now on, go by this configuration
 * @srv: the server, which takes its own reference
 * @cfg: the new configuration
 *
 * Allocations go on under the new limits; permissions and channels to peers
 * that are denied now end.
 */
void turn_server_set_config(struct turn_server *srv, struct turn_config *cfg);

/** turn_server_config() - what it goes by now, until it gets another one */
const struct turn_config *turn_server_config(const struct turn_server *srv);

/** turn_server_drain() - refuse new allocations (508), or take them again */
void turn_server_drain(struct turn_server *srv, bool drain);

/* --- inputs ---------------------------------------------------------------- */

/**
 * turn_server_datagram() - something came from a client
 * @srv: the server
 * @tuple: on this 5-tuple
 * @buf: the datagram, or one message of a stream with its padding; writable.
 *	Relayed payload is sent from here.
 * @len: its length in bytes
 * @now: the time
 */
void turn_server_datagram(struct turn_server *srv,
			  const struct turn_5tuple *tuple,
			  uint8_t *buf, size_t len, uint64_t now);

/**
 * turn_server_peer_datagram() - something came to a relay socket
 * @srv: the server
 * @allocation: as given to turn_ops.relay_attach()
 * @peer: from there
 * @buf: the payload, with TURN_HEADROOM writable bytes in front of it and
 *	TURN_TAILROOM behind it
 * @len: length of the payload in bytes
 * @now: the time
 */
void turn_server_peer_datagram(struct turn_server *srv,
			       struct turn_allocation *allocation,
			       const struct transport_addr *peer,
			       uint8_t *buf, size_t len, uint64_t now);

/**
 * turn_server_peer_icmp() - an ICMP error came for what a relay socket sent
 * @srv: the server
 * @allocation: as given to turn_ops.relay_attach()
 * @peer: where the packet was going; port 0 if that is not known
 * @icmp: type and code as on the wire, of the family of @peer
 * @now: the time
 *
 * RFC 8656, section 11.5.
 */
void turn_server_peer_icmp(struct turn_server *srv,
			   struct turn_allocation *allocation,
			   const struct transport_addr *peer,
			   const struct stun_icmp *icmp, uint64_t now);

/**
 * turn_server_peer_connected() - what became of turn_ops.peer_connect()
 * @srv: the server
 * @connection: as given there; gone afterwards if it failed
 * @error: 0 or a negative errno; the handle is closed by turn_ops.peer_close()
 * @now: the time
 */
void turn_server_peer_connected(struct turn_server *srv,
				struct turn_connection *connection, int error,
				uint64_t now);

/**
 * turn_server_peer_accepted() - a peer has connected to a TCP relay
 * @srv: the server
 * @allocation: as given to turn_ops.relay_attach()
 * @peer: who
 * @handle: for turn_ops.peer_close()
 * @now: the time
 *
 * RFC 6062, section 5.3.
 *
 * Return: the connection, of which nothing is to be read yet; NULL: close it.
 */
struct turn_connection *
turn_server_peer_accepted(struct turn_server *srv,
			  struct turn_allocation *allocation,
			  const struct transport_addr *peer, void *handle,
			  uint64_t now);

/**
 * turn_server_connection_bound() - a client data connection has come here
 * @srv: the server
 * @id: as given to turn_ops.stream_move()
 * @connection: filled
 *
 * Return: the handle of the connection with the peer: bytes pass between the
 * two from now on; NULL if there is none any more.
 */
void *turn_server_connection_bound(struct turn_server *srv, uint32_t id,
				   struct turn_connection **connection);

/**
 * turn_server_connection_data() - bytes have passed
 * @srv: the server
 * @connection: by this connection
 * @to_peer: from the client to the peer, or the other way
 * @len: how many
 * @now: the time
 *
 * Return: milliseconds for which no more are to be read; 0: go on.
 */
uint64_t turn_server_connection_data(struct turn_server *srv,
				     struct turn_connection *connection,
				     bool to_peer, size_t len, uint64_t now);

/**
 * turn_server_connection_closed() - the client or the peer closed
 * @srv: the server
 * @connection: gone afterwards, its handle closed by the caller
 */
void turn_server_connection_closed(struct turn_server *srv,
				   struct turn_connection *connection);

/**
 * turn_server_client_gone() - the client's connection was closed (TCP, TLS)
 * @srv: the server
 * @tuple: the 5-tuple, whose allocation ends, unless its client has a ticket
 *	to come back with (RFC 8016)
 */
void turn_server_client_gone(struct turn_server *srv,
			     const struct turn_5tuple *tuple);

/**
 * turn_server_has_client() - is there an allocation on a 5-tuple?
 * @srv: the server
 * @tuple: the 5-tuple
 * @now: the time
 */
bool turn_server_has_client(struct turn_server *srv,
			    const struct turn_5tuple *tuple, uint64_t now);

/**
 * turn_server_parcel() - a parcel has come from another worker's server
 * @srv: the server
 * @parcel: the parcel
 * @now: the time
 *
 * What is sent may lie in the parcel: turn_parcel_free() comes when it is out.
 */
void turn_server_parcel(struct turn_server *srv, struct turn_parcel *parcel,
			uint64_t now);

/**
 * turn_server_parcel_return() - a parcel has come to a server that is ending
 * @srv: the server
 * @parcel: the parcel; an allocation in it ends, in the module too
 */
void turn_server_parcel_return(struct turn_server *srv,
			       struct turn_parcel *parcel);

/** turn_parcel_free() - once it is dealt with; while all servers are there */
void turn_parcel_free(struct turn_parcel *parcel);

/**
 * turn_server_deadline() - when is turn_server_tick() due?
 * @srv: the server
 *
 * Return: a time on the clock of @now, which may have passed; TURN_NEVER if
 * nothing is due.
 */
uint64_t turn_server_deadline(const struct turn_server *srv);

/**
 * turn_server_tick() - do what is due
 * @srv: the server
 * @now: the time
 *
 * Bounded work: when there is more, turn_server_deadline() has passed.
 */
void turn_server_tick(struct turn_server *srv, uint64_t now);

/**
 * turn_server_fastpath_up() - the module is there, and holds nothing of ours
 * @srv: the server
 * @now: the time
 *
 * All live sessions are installed again, some with every turn_server_tick().
 */
void turn_server_fastpath_up(struct turn_server *srv, uint64_t now);

/**
 * turn_server_fastpath_down() - the module is gone, and all it held
 * @srv: the server
 */
void turn_server_fastpath_down(struct turn_server *srv);

/**
 * turn_server_fastpath_gone() - the module lost an allocation or part of it
 * @srv: the server
 * @id: the allocation's id in the module; unknown ids are passed over, so
 *	news of what the server itself removed does no harm
 * @now: the time
 *
 * For notifications with reasons other than expiry, and for expired
 * allocations. What is left is taken out, and installed again a little later.
 */
void turn_server_fastpath_gone(struct turn_server *srv, uint32_t id,
			       uint64_t now);

/* --- looking in ------------------------------------------------------------ */

/**
 * enum turn_drop - why a datagram went nowhere
 * @TURN_DROP_NOT_TURN: neither STUN nor ChannelData, or STUN of RFC 3489
 * @TURN_DROP_MALFORMED: STUN that cannot be read, or FINGERPRINT wrong
 * @TURN_DROP_UNEXPECTED: method or class that no client has to send here
 * @TURN_DROP_NO_ALLOCATION: ChannelData or indication without an allocation
 * @TURN_DROP_NO_CHANNEL: ChannelData on a channel that is not bound
 * @TURN_DROP_NO_PERMISSION: to or from a peer without permission
 * @TURN_DROP_WRONG_LENGTH: ChannelData longer than its datagram
 * @TURN_DROP_BAD_INDICATION: Send indication lacking something, or with
 *	unknown comprehension-required attributes
 * @TURN_DROP_FORBIDDEN: Send indication to a peer that the filter refuses
 * @TURN_DROP_TOO_BIG: payload that fits no message
 * @TURN_DROP_RATE: beyond max-bps or bps-capacity
 * @TURN_DROP_SOURCE_RATE: answer to a stranger, beyond what its address gets
 * @TURN_DROP_DETOUR: too many datagrams wait for the worker that has the
 *	allocation
 * @TURN_DROP_AMPLIFICATION: response that would have been more than three
 *	times as long as an unauthenticated request
 */
enum turn_drop {
	TURN_DROP_NOT_TURN,
	TURN_DROP_MALFORMED,
	TURN_DROP_UNEXPECTED,
	TURN_DROP_NO_ALLOCATION,
	TURN_DROP_NO_CHANNEL,
	TURN_DROP_NO_PERMISSION,
	TURN_DROP_WRONG_LENGTH,
	TURN_DROP_BAD_INDICATION,
	TURN_DROP_FORBIDDEN,
	TURN_DROP_TOO_BIG,
	TURN_DROP_RATE,
	TURN_DROP_SOURCE_RATE,
	TURN_DROP_DETOUR,
	TURN_DROP_AMPLIFICATION,
	TURN_DROP_COUNT,
};

/** turn_drop_name() - a short name, as "no-channel", for metrics */
const char *turn_drop_name(enum turn_drop reason);

/* Error codes counted one by one: 300 to 599, see turn_stats.errors. */
#define TURN_ERROR_MIN 300
#define TURN_ERROR_MAX 599

/**
 * struct turn_stats - what a server has done since it was made
 * @allocations: right now
 * @permissions: right now
 * @channels: right now
 * @connections: with peers (RFC 6062), right now
 * @offloaded: allocations that are in the module right now
 * @allocations_total: ever
 * @by_transport: right now, by enum turn_transport
 * @requests: STUN requests understood
 * @binding_requests: Binding requests among them
 * @binding_successes: success responses to these
 * @binding_errors: error responses to these
 * @successes: success responses
 * @errors: error responses by code, index 0 is TURN_ERROR_MIN
 * @to_peer: relayed from clients to peers in userspace
 * @to_client: relayed from peers to clients in userspace
 * @drops: datagrams that went nowhere, by enum turn_drop
 * @fastpath_failures: allocations the module refused or that were taken out
 *	of it because it refused a part
 *
 * The server's thread writes; any thread may read member by member, by
 * __atomic_load_n(..., __ATOMIC_RELAXED).
 */
struct turn_stats {
	uint64_t allocations;
	uint64_t permissions;
	uint64_t channels;
	uint64_t connections;
	uint64_t offloaded;
	uint64_t allocations_total;
	uint64_t by_transport[TURN_TRANSPORTS];
	uint64_t requests;
	uint64_t binding_requests;
	uint64_t binding_successes;
	uint64_t binding_errors;
	uint64_t successes;
	uint64_t errors[TURN_ERROR_MAX - TURN_ERROR_MIN + 1];
	struct turn_flow to_peer;
	struct turn_flow to_client;
	uint64_t drops[TURN_DROP_COUNT];
	uint64_t fastpath_failures;
};

/** turn_server_stats() - the server's counters */
const struct turn_stats *turn_server_stats(const struct turn_server *srv);

/**
 * struct turn_allocation_info - an allocation, for listings and logs
 * @serial: number of the allocation in this server, from 1
 * @tuple: 5-tuple
 * @tcp: peers are reached by TCP
 * @username: user name, "" without authentication
 * @realm: realm it was authenticated in
 * @relay_ipv4: IPv4 relay; its handle is NULL if there is none
 * @relay_ipv6: IPv6 relay; its handle is NULL if there is none
 * @expires: end of life, on the clock of @now
 * @permissions: number of permissions
 * @channels: number of channels
 * @connections: number of connections with peers
 * @fastpath_id: id in the module, 0 if it is not there
 * @to_peer: relayed in userspace
 * @to_client: relayed in userspace
 */
struct turn_allocation_info {
	uint64_t serial;
	struct turn_5tuple tuple;
	bool tcp;
	const char *username;
	const char *realm;
	struct turn_relay relay_ipv4;
	struct turn_relay relay_ipv6;
	uint64_t expires;
	uint32_t permissions;
	uint32_t channels;
	uint32_t connections;
	uint32_t fastpath_id;
	struct turn_flow to_peer;
	struct turn_flow to_client;
};

/** turn_allocation_info() - fill @info; texts live as long as the allocation */
void turn_allocation_info(const struct turn_allocation *allocation,
			  struct turn_allocation_info *info);

/**
 * struct turn_permission_info - a permission
 * @peer: the peer's IP address, port 0
 * @expires: on the clock of @now
 */
struct turn_permission_info {
	struct transport_addr peer;
	uint64_t expires;
};

/**
 * struct turn_channel_info - a channel
 * @number: channel number
 * @peer: the peer's transport address
 * @expires: on the clock of @now
 * @to_peer: relayed in userspace
 * @to_client: relayed in userspace
 */
struct turn_channel_info {
	uint16_t number;
	struct transport_addr peer;
	uint64_t expires;
	struct turn_flow to_peer;
	struct turn_flow to_client;
};

/*
 * Listings, on the server's thread. A visitor that returns false ends the
 * walk; it must not call the server. No order.
 */
typedef bool (*turn_allocation_fn)(void *arg,
				   const struct turn_allocation *allocation);
typedef bool (*turn_permission_fn)(void *arg,
				   const struct turn_permission_info *info);
typedef bool (*turn_channel_fn)(void *arg,
				const struct turn_channel_info *info);

void turn_server_foreach_allocation(const struct turn_server *srv,
				    turn_allocation_fn fn, void *arg);
void turn_allocation_foreach_permission(const struct turn_allocation *allocation,
					turn_permission_fn fn, void *arg);
void turn_allocation_foreach_channel(const struct turn_allocation *allocation,
				     turn_channel_fn fn, void *arg);

#endif /* KTURN_TURN_TURN_H */

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A world for a turn_server to live in: sockets that are only written down, a
 * clock that a test sets, a module that refuses when told to, and clients that
 * speak TURN. Everything the server does goes into a trace, as words, so that
 * a test can say in which order things happened.
 */
#ifndef KTURN_TESTS_TURN_WORLD_H
#define KTURN_TESTS_TURN_WORLD_H

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stun/builder.h"
#include "stun/channel_data.h"
#include "stun/error_code.h"
#include "stun/fingerprint.h"
#include "stun/integrity.h"
#include "turn/turn.h"

#define WORLD_RELAYS	64
#define WORLD_PEERS	256
#define WORLD_MAIL	64
#define WORLD_REALM	"example.org"
#define NO_REPLY	(-1)

/* A relay socket. */
struct fake_relay {
	bool open;
	struct turn_relay relay;
	struct turn_allocation *allocation;
};

struct world {
	struct turn_shared *shared;
	bool shares;		/* with another world, which frees it */
	struct turn_config *cfg;
	struct turn_server *srv;
	uint64_t now;
	uint64_t wall;

	struct fake_relay relays[WORLD_RELAYS];
	struct turn_relay_request last_request;
	int refuse_ipv4;	/* errno of relay_open() */
	int refuse_ipv6;
	bool external_ip;	/* clients see 203.0.113.1, not what is bound */

	/* the module */
	uint32_t fp_last_id;
	int fp_refuse_new;
	int fp_refuse_set;
	int fp_refuse_peers;
	uint32_t fp_moved;	/* the last allocation that moved */
	uint32_t fp_refuse_id;	/* only of this allocation; 0: of all */
	struct turn_fastpath_allocation fp_allocation;
	uint8_t fp_userdata[TURN_USERDATA_MAX];
	struct turn_fastpath_peer fp_peers[WORLD_PEERS];
	size_t fp_n_peers;	/* of the last call */
	size_t fp_installed;	/* allocations in there */
	size_t fp_calls;	/* that install something */
	int fp_refuse_flows;
	struct turn_flow fp_to_peer;	/* what it has forwarded, of any one */
	struct turn_flow fp_to_client;
	struct turn_session_report told;	/* the last news of a session */
	unsigned int n_told;

	/* connections with peers (RFC 6062) */
	struct turn_connection *connecting;	/* the last that was begun */
	int refuse_connect;
	unsigned int peers_closed;
	uint32_t moved_id;	/* of the last client data connection */

	/* parcels from other worlds, in order, until read_mail() */
	struct turn_parcel *mail[WORLD_MAIL];
	size_t n_mail;
	int refuse_post;

	/* what came out last */
	struct turn_5tuple to_client_tuple;
	uint8_t to_client[66000];
	size_t to_client_len;
	const uint8_t *to_client_at;
	uint8_t to_peer[66000];
	size_t to_peer_len;
	struct transport_addr to_peer_addr;
	unsigned int to_peer_flags;
	size_t n_replies;
	char trace[1024];

	/* the request being made, and the last response */
	struct client *sender;
	struct stun_builder b;
	uint8_t request[4096];
	size_t request_len;
	struct stun_message reply;
	struct stun_crypto *crypto;
	uint64_t random;

	/* what databases say; @db_result first, until it is TURN_LOOKUP_FOUND */
	enum turn_lookup_result db_result;
	const char *db_user;
	const char *db_password;
	const char *db_secrets[2];
	unsigned int db_calls;
	uint8_t db_request[4096];
	size_t db_request_len;
};

struct client {
	struct turn_5tuple tuple;
	const char *username;
	const char *password;
	char realm[128];
	char nonce[128];
	struct stun_key key;
	bool fingerprint;
	enum stun_hmac hmac;
	bool modern;		/* takes what RFC 8489 adds, if it is offered */
	bool userhash;		/* it was: USERHASH instead of USERNAME */
	uint16_t algorithm;	/* it was: PASSWORD-ALGORITHM, or 0 */
	uint8_t algorithms[16];	/* PASSWORD-ALGORITHMS, as received */
	size_t algorithms_len;
	uint8_t txid;		/* of the last request, made different each time */
};

static inline struct transport_addr addr(const char *text)
{
	struct transport_addr a;

	if (transport_addr_parse(&a, text)) {
		fprintf(stderr, "bad address in a test: %s\n", text);
		abort();
	}
	return a;
}

__attribute__((format(printf, 2, 3)))
static inline void trace(struct world *w, const char *format, ...)
{
	size_t used = strlen(w->trace);
	va_list args;

	va_start(args, format);
	vsnprintf(w->trace + used, sizeof(w->trace) - used, format, args);
	va_end(args);
}

/* --- outputs --------------------------------------------------------------- */

static inline struct fake_relay *world_bind(struct world *w, int family,
					    unsigned int index)
{
	struct fake_relay *r = &w->relays[index];
	uint16_t port = (uint16_t)(50000 + index);

	*r = (struct fake_relay){ .open = true };
	r->relay.handle = r;
	r->relay.bound = addr(family == AF_INET ? "192.0.2.1" : "2001:db8::1");
	r->relay.bound.port = port;
	r->relay.relayed = r->relay.bound;
	if (w->external_ip && family == AF_INET) {
		r->relay.relayed = addr("203.0.113.1");
		r->relay.relayed.port = port;
	}
	return r;
}

static inline int world_relay_open(void *env,
				   const struct turn_relay_request *request,
				   struct turn_relay *relay,
				   struct turn_relay *next)
{
	struct world *w = env;
	int refuse = request->family == AF_INET ? w->refuse_ipv4 :
						  w->refuse_ipv6;
	unsigned int i;

	w->last_request = *request;
	if (refuse) {
		trace(w, "open-refused ");
		return refuse;
	}
	for (i = 0; i + 1 < WORLD_RELAYS; i += request->even_port ? 2 : 1) {
		if (w->relays[i].open ||
		    (request->reserve_next && w->relays[i + 1].open))
			continue;
		*relay = world_bind(w, request->family, i)->relay;
		if (request->reserve_next)
			*next = world_bind(w, request->family, i + 1)->relay;
		trace(w, request->family == AF_INET ? "open4 " : "open6 ");
		return 0;
	}
	return -EADDRINUSE;
}

/* The port says which: see world_bind(). */
static inline int world_relay_adopt(void *env, const struct turn_5tuple *tuple,
				    const struct transport_addr *bound,
				    struct turn_relay *relay)
{
	unsigned int index = bound->port - 50000u;
	struct world *w = env;

	if (index >= WORLD_RELAYS || !tuple->server.port)
		return -EADDRNOTAVAIL;
	if (w->relays[index].open)
		return -EADDRINUSE;
	*relay = world_bind(w, bound->family, index)->relay;
	trace(w, "adopt ");
	return 0;
}

static inline void world_relay_attach(void *env, void *handle,
				      struct turn_allocation *allocation)
{
	struct fake_relay *r = handle;

	if (!r->open || r->allocation)
		abort();
	r->allocation = allocation;
	trace(env, "attach ");
}

static inline void world_relay_detach(void *env, void *handle)
{
	struct fake_relay *r = handle;

	if (!r->open || !r->allocation)
		abort();
	r->allocation = NULL;
	trace(env, "detach ");
}

static inline void world_relay_close(void *env, void *handle)
{
	struct fake_relay *r = handle;

	if (!r->open)
		abort();
	r->open = false;
	r->allocation = NULL;
	trace(env, "close ");
}

static inline void world_to_client(struct world *w, const uint8_t *buf,
				   size_t len)
{
	if (len > sizeof(w->to_client))
		abort();
	memcpy(w->to_client, buf, len);
	w->to_client_len = len;
	w->to_client_at = buf;
}

static inline void world_send_client(void *env,
				     const struct turn_5tuple *tuple,
				     const uint8_t *buf, size_t len)
{
	world_to_client(env, buf, len);
	((struct world *)env)->to_client_tuple = *tuple;
	trace(env, "data ");
}

static inline void world_reply_client(void *env,
				      const struct turn_5tuple *tuple,
				      const uint8_t *buf, size_t len)
{
	struct world *w = env;

	world_to_client(w, buf, len);
	w->to_client_tuple = *tuple;
	w->n_replies++;
	trace(w, "reply ");
}

static inline void world_send_peer(void *env, void *handle,
				   const struct transport_addr *peer,
				   const uint8_t *buf, size_t len,
				   unsigned int flags)
{
	struct world *w = env;
	struct fake_relay *r = handle;

	if (!r->open || len > sizeof(w->to_peer))
		abort();
	if (len)
		memcpy(w->to_peer, buf, len);
	w->to_peer_len = len;
	w->to_peer_addr = *peer;
	w->to_peer_flags = flags;
	trace(w, "peer ");
}

static inline int world_peer_connect(void *env, void *relay,
				     const struct transport_addr *peer,
				     struct turn_connection *connection,
				     void **handle)
{
	struct world *w = env;

	(void)relay;
	(void)peer;
	trace(w, "connect ");
	w->connecting = connection;
	*handle = connection;
	return w->refuse_connect;
}

static inline void world_peer_close(void *env, void *handle)
{
	struct world *w = env;

	if (!handle)
		abort();
	w->peers_closed++;
	trace(w, "peer-close ");
}

static inline void world_stream_move(void *env, const struct turn_5tuple *tuple,
				     void *owner, uint32_t id)
{
	struct world *w = env;

	(void)tuple;
	(void)owner;
	w->moved_id = id;
	trace(w, "stream-move ");
}

static inline void world_random(void *env, void *buf, size_t len)
{
	struct world *w = env;
	uint8_t *p = buf;

	while (len--) {
		w->random = w->random * 6364136223846793005u + 1442695040888963407u;
		*p++ = (uint8_t)(w->random >> 56);
	}
}

static inline uint64_t world_wall_time(void *env)
{
	return ((struct world *)env)->wall;
}

static inline void world_log(void *env, enum turn_log_level level,
			     const struct turn_allocation *allocation,
			     const char *text)
{
	(void)allocation;
	if (level == TURN_LOG_ERROR) {
		fprintf(stderr, "the server logged an error: %s\n", text);
		abort();
	}
	if (level == TURN_LOG_WARNING)
		trace(env, "warning ");
}

static inline void world_fp_new(void *env, struct turn_fastpath_allocation *a,
				size_t count)
{
	struct world *w = env;
	size_t i;

	w->fp_calls++;
	for (i = 0; i < count; i++) {
		trace(w, "fp-new ");
		a[i].error = w->fp_refuse_new;
		if (a[i].error)
			continue;
		if (a[i].userdata_len > sizeof(w->fp_userdata))
			abort();
		memcpy(w->fp_userdata, a[i].userdata, a[i].userdata_len);
		a[i].id = ++w->fp_last_id;
		w->fp_allocation = a[i];
		w->fp_installed++;
	}
}

static inline int world_fp_set(void *env, uint32_t id, uint32_t timeout_ms)
{
	struct world *w = env;

	(void)id;
	trace(w, "fp-set ");
	w->fp_allocation.timeout_ms = timeout_ms;
	return w->fp_refuse_set;
}

static inline int world_fp_move(void *env, uint32_t id,
				const struct turn_5tuple *tuple,
				uint32_t timeout_ms)
{
	struct world *w = env;

	trace(w, "fp-move ");
	w->fp_moved = id;
	w->fp_allocation.client = tuple->client;
	w->fp_allocation.server = tuple->server;
	if (timeout_ms)
		w->fp_allocation.timeout_ms = timeout_ms;
	return w->fp_refuse_set;
}

static inline int world_fp_del(void *env, uint32_t id)
{
	struct world *w = env;

	(void)id;
	trace(w, "fp-del ");
	w->fp_installed--;
	return 0;
}

static inline int world_fp_flows(void *env, uint32_t id,
				 struct turn_flow *to_peer,
				 struct turn_flow *to_client)
{
	struct world *w = env;

	(void)id;
	*to_peer = w->fp_to_peer;
	*to_client = w->fp_to_client;
	return w->fp_refuse_flows;
}

static inline void world_session(void *env,
				 const struct turn_session_report *report)
{
	static const char *const names[] = {
		[TURN_SESSION_NEW] = "new",
		[TURN_SESSION_REFRESHED] = "refreshed",
		[TURN_SESSION_TRAFFIC] = "traffic",
		[TURN_SESSION_ENDED] = "ended",
	};
	struct world *w = env;

	w->told = *report;
	w->n_told++;
	trace(w, "%s(%u) ", names[report->event], report->lifetime);
}

static inline void world_fp_peers(void *env, struct turn_fastpath_peer *peers,
				  size_t count)
{
	struct world *w = env;
	size_t i;

	w->fp_calls++;
	trace(w, "fp-peers(");
	for (i = 0; i < count; i++) {
		if (peers[i].channel)
			trace(w, "%s%x", i ? " " : "", peers[i].channel);
		else
			trace(w, "%sp", i ? " " : "");
		if (!w->fp_refuse_id || w->fp_refuse_id == peers[i].id)
			peers[i].error = w->fp_refuse_peers;
		w->fp_peers[i % WORLD_PEERS] = peers[i];
	}
	trace(w, ") ");
	w->fp_n_peers = count;
}

static inline void world_db_asked(struct world *w, struct stun_bytes request)
{
	w->db_calls++;
	if (request.len > sizeof(w->db_request))
		abort();
	memcpy(w->db_request, request.data, request.len);
	w->db_request_len = request.len;
}

static inline enum turn_lookup_result
world_user_find(void *env, struct turn_user_query *q)
{
	struct world *w = env;
	struct stun_bytes user = stun_bytes(w->db_user), realm = stun_bytes(q->realm);
	uint8_t hash[STUN_USERHASH_LEN];

	world_db_asked(w, q->request);
	if (w->db_result != TURN_LOOKUP_FOUND)
		return w->db_result;
	if (stun_userhash(w->crypto, user, realm, hash) ||
	    stun_key_long_term(w->crypto, q->algorithm, user, realm,
			       stun_bytes(w->db_password), &q->key))
		abort();
	if (!q->userhash)
		return q->username.len == user.len &&
		       memcmp(q->username.data, user.data, user.len) == 0 ?
		       TURN_LOOKUP_FOUND : TURN_LOOKUP_UNKNOWN;
	if (memcmp(q->userhash, hash, sizeof(hash)) != 0)
		return TURN_LOOKUP_UNKNOWN;
	memcpy(q->name, user.data, user.len);
	q->name_len = user.len;
	return TURN_LOOKUP_FOUND;
}

static inline enum turn_lookup_result
world_secret_find(void *env, struct turn_secret_query *q)
{
	struct world *w = env;

	world_db_asked(w, q->request);
	if (w->db_result != TURN_LOOKUP_FOUND)
		return w->db_result;
	if (q->index >= 2 || !w->db_secrets[q->index])
		return TURN_LOOKUP_UNKNOWN;
	q->secret = stun_bytes(w->db_secrets[q->index]);
	return TURN_LOOKUP_FOUND;
}

static const struct turn_fastpath_ops world_fastpath_ops = {
	.allocations_new = world_fp_new,
	.allocation_set = world_fp_set,
	.allocation_move = world_fp_move,
	.allocation_del = world_fp_del,
	.allocation_flows = world_fp_flows,
	.peers_set = world_fp_peers,
};

static inline int world_post(void *env, void *to_env,
			     struct turn_parcel *parcel)
{
	struct world *w = env, *to = to_env;

	if (w->refuse_post)
		return w->refuse_post;
	if (to->n_mail == WORLD_MAIL)
		abort();
	to->mail[to->n_mail++] = parcel;
	trace(w, "post ");
	return 0;
}

static const struct turn_ops world_ops = {
	.relay_open = world_relay_open,
	.relay_adopt = world_relay_adopt,
	.relay_attach = world_relay_attach,
	.relay_detach = world_relay_detach,
	.relay_close = world_relay_close,
	.send_client = world_send_client,
	.reply_client = world_reply_client,
	.send_peer = world_send_peer,
	.peer_connect = world_peer_connect,
	.peer_close = world_peer_close,
	.stream_move = world_stream_move,
	.random = world_random,
	.wall_time = world_wall_time,
	.log = world_log,
	.user_find = world_user_find,
	.secret_find = world_secret_find,
	.fastpath = &world_fastpath_ops,
	.post = world_post,
};

/* --- beginning and end ----------------------------------------------------- */

static inline struct turn_config *world_config(void)
{
	struct turn_config *cfg = turn_config_new();

	if (!cfg || turn_config_set_realm(cfg, WORLD_REALM) ||
	    turn_config_add_user(cfg, "alice", "secret") ||
	    turn_config_add_user(cfg, "bob", "hunter2"))
		abort();
	return cfg;
}

/* Allocated, not declared: a struct world is larger than some stacks. */
static inline struct world *world_new(void)
{
	static const uint8_t key[TURN_SHARED_KEY_LEN] = { 1, 2, 3 };
	struct world *w = calloc(1, sizeof(*w));

	if (!w)
		abort();
	w->now = 1000000;
	w->wall = 1700000000;
	w->shared = turn_shared_new(key);
	w->cfg = world_config();
	w->crypto = stun_crypto_new();
	w->srv = turn_server_new(w->shared, w->cfg, &world_ops, w);
	if (!w->shared || !w->crypto || !w->srv)
		abort();
	return w;
}

/* Another worker of the same server; to be freed before the first one. */
static inline struct world *world_join(struct world *first)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w)
		abort();
	w->now = first->now;
	w->wall = first->wall;
	w->shared = first->shared;
	w->shares = true;
	w->random = 4711;
	w->cfg = turn_config_get(first->cfg);
	w->crypto = stun_crypto_new();
	w->srv = turn_server_new(w->shared, w->cfg, &world_ops, w);
	if (!w->crypto || !w->srv)
		abort();
	return w;
}

/* The worker reads its mail: what is there, not what that causes. */
static inline size_t read_mail(struct world *w)
{
	struct turn_parcel *mail[WORLD_MAIL];
	size_t n = w->n_mail, i;

	memcpy(mail, w->mail, sizeof(mail));
	w->n_mail = 0;
	for (i = 0; i < n; i++) {
		turn_server_parcel(w->srv, mail[i], w->now);
		turn_parcel_free(mail[i]);
	}
	return n;
}

/* Return: number of relay sockets that were left open, plus quota slots. */
static inline size_t world_free(struct world *w)
{
	size_t left = 0, i;

	for (i = 0; i < w->n_mail; i++) {
		turn_server_parcel_return(w->srv, w->mail[i]);
		turn_parcel_free(w->mail[i]);
	}
	turn_server_free(w->srv);
	for (i = 0; i < WORLD_RELAYS && !w->shares; i++)
		left += w->relays[i].open;
	if (!w->shares) {
		left += turn_shared_allocations(w->shared);
		turn_shared_free(w->shared);
	}
	turn_config_put(w->cfg);
	stun_crypto_free(w->crypto);
	free(w);
	return left;
}

/* Let time pass as an event loop would: no timer is late. */
static inline void advance(struct world *w, uint64_t ms)
{
	uint64_t end = w->now + ms;

	while (turn_server_deadline(w->srv) <= end) {
		if (turn_server_deadline(w->srv) > w->now)
			w->now = turn_server_deadline(w->srv);
		turn_server_tick(w->srv, w->now);
	}
	w->now = end;
}

static inline void forget_trace(struct world *w)
{
	w->trace[0] = '\0';
}

static inline size_t open_relays(const struct world *w)
{
	size_t n = 0, i;

	for (i = 0; i < WORLD_RELAYS; i++)
		n += w->relays[i].open;
	return n;
}

static inline uint64_t drops(const struct world *w, enum turn_drop reason)
{
	return turn_server_stats(w->srv)->drops[reason];
}

/* --- clients --------------------------------------------------------------- */

static inline struct client client_at(const char *client, const char *server)
{
	return (struct client){
		.tuple = { addr(client), addr(server), TURN_UDP },
		.username = "alice",
		.password = "secret",
	};
}

static inline struct client client_new(uint16_t port)
{
	struct client c = client_at("198.51.100.7:1", "192.0.2.1:3478");

	c.tuple.client.port = port;
	return c;
}

static inline struct client client_new6(uint16_t port)
{
	struct client c = client_at("[2001:db8::7]:1", "[2001:db8::1]:3478");

	c.tuple.client.port = port;
	return c;
}

static inline void make_key(struct world *w, struct client *c)
{
	uint16_t algorithm = c->algorithm ? c->algorithm : STUN_PASSWORD_MD5;

	if (stun_key_long_term(w->crypto, algorithm, stun_bytes(c->username), stun_bytes(c->realm),
			       stun_bytes(c->password), &c->key))
		abort();
}

/* Start a request; put what it needs into the builder, then finish(). */
static inline struct stun_builder *begin(struct world *w, struct client *c,
					 uint16_t method)
{
	struct stun_txid txid = { { ++c->txid, 0xc1 } };

	w->sender = c;
	stun_build(&w->b, w->request, sizeof(w->request), STUN_REQUEST, method,
		   &txid);
	return &w->b;
}

/* What a client of RFC 8489 makes of a challenge (section 9.2.5). */
static inline void keep_offer(struct world *w, struct client *c)
{
	struct stun_password_algorithm first = { 0 };
	struct stun_bytes list;
	struct stun_reader r;
	bool cookie = strncmp(c->nonce, "obMatJos2", 9) == 0;

	c->userhash = cookie && (c->nonce[9] == 'Q' || c->nonce[9] == 'w');
	c->algorithms_len = 0;
	if (stun_get_bytes(&w->reply, STUN_ATTR_PASSWORD_ALGORITHMS, &list) == 0) {
		memcpy(c->algorithms, list.data, list.len);
		c->algorithms_len = list.len;
		r = stun_reader(list.data, list.len);
		if (stun_next_password_algorithm(&r, &first) != 1)
			abort();
	}
	c->algorithm = first.number;
	c->hmac = first.number ? STUN_HMAC_SHA256 : STUN_HMAC_SHA1;
}

static inline void keep_challenge(struct world *w, struct client *c)
{
	struct stun_bytes realm, nonce;

	if (stun_get_bytes(&w->reply, STUN_ATTR_REALM, &realm) ||
	    stun_get_bytes(&w->reply, STUN_ATTR_NONCE, &nonce))
		return;
	memcpy(c->realm, realm.data, realm.len);
	c->realm[realm.len] = '\0';
	memcpy(c->nonce, nonce.data, nonce.len);
	c->nonce[nonce.len] = '\0';
	if (c->modern)
		keep_offer(w, c);
	make_key(w, c);
}

/*
 * Send w->request as it is.
 * Return: 0 for a success response, an error code, or NO_REPLY.
 */
static inline int send_again(struct world *w)
{
	struct stun_error error;
	size_t before = w->n_replies;
	uint8_t *copy = malloc(w->request_len);	/* exact, for ASan */

	if (!copy)
		abort();
	memcpy(copy, w->request, w->request_len);
	turn_server_datagram(w->srv, &w->sender->tuple, copy, w->request_len,
			     w->now);
	free(copy);
	if (w->n_replies == before)
		return NO_REPLY;
	if (stun_message_decode(&w->reply, w->to_client, w->to_client_len) ||
	    memcmp(&w->reply.txid, &w->b.txid, sizeof(w->b.txid)))
		abort();
	if (w->reply.class == STUN_SUCCESS)
		return 0;
	if (stun_get_error_code(&w->reply, &error))
		abort();
	keep_challenge(w, w->sender);
	return error.code;
}

static inline void put_user(struct world *w, struct client *c)
{
	uint8_t hash[STUN_USERHASH_LEN];

	if (!c->userhash) {
		stun_put_string(&w->b, STUN_ATTR_USERNAME, c->username);
		return;
	}
	if (stun_userhash(w->crypto, stun_bytes(c->username),
			  stun_bytes(c->realm), hash))
		abort();
	stun_put_bytes(&w->b, STUN_ATTR_USERHASH, hash, sizeof(hash));
}

/* The end of a request by a client that was challenged. */
static inline void put_credentials(struct world *w, struct client *c)
{
	put_user(w, c);
	stun_put_string(&w->b, STUN_ATTR_REALM, c->realm);
	stun_put_string(&w->b, STUN_ATTR_NONCE, c->nonce);
	if (c->algorithm) {
		stun_put_bytes(&w->b, STUN_ATTR_PASSWORD_ALGORITHMS,
			       c->algorithms, c->algorithms_len);
		stun_put_password_algorithm(&w->b, c->algorithm);
	}
	stun_put_integrity(&w->b, w->crypto, c->hmac, &c->key);
}

/* Credentials if the client was challenged before, then send_again(). */
static inline int finish(struct world *w)
{
	struct client *c = w->sender;
	ssize_t len;

	if (*c->nonce)
		put_credentials(w, c);
	if (c->fingerprint)
		stun_put_fingerprint(&w->b);
	len = stun_build_end(&w->b);
	if (len < 0)
		abort();
	w->request_len = (size_t)len;
	return send_again(w);
}

/* Is there this integrity attribute, made with the user's key, and no other? */
static inline bool reply_signed_by(struct world *w, enum stun_hmac hmac)
{
	enum stun_attr_type other = hmac == STUN_HMAC_SHA1 ?
		STUN_ATTR_MESSAGE_INTEGRITY_SHA256 : STUN_ATTR_MESSAGE_INTEGRITY;

	return !stun_has(&w->reply, other) &&
	       stun_check_integrity(w->crypto, &w->reply, hmac,
				    &w->sender->key) == 0;
}

/* Was the response to an authenticated request signed as it must be? */
static inline bool reply_signed(struct world *w)
{
	return reply_signed_by(w, w->sender->algorithm ? STUN_HMAC_SHA256 :
							 STUN_HMAC_SHA1);
}

static inline struct stun_builder *begin_allocate(struct world *w,
						  struct client *c)
{
	struct stun_builder *b = begin(w, c, STUN_ALLOCATE);

	stun_put_requested_transport(b, IPPROTO_UDP);
	return b;
}

/* Get a nonce, so that the next request is authenticated. */
static inline void meet(struct world *w, struct client *c)
{
	if (!*c->nonce) {
		begin_allocate(w, c);
		if (finish(w) != STUN_ERR_UNAUTHENTICATED)
			abort();
	}
}

static inline int allocate(struct world *w, struct client *c)
{
	meet(w, c);
	begin_allocate(w, c);
	return finish(w);
}

static inline int allocate_family(struct world *w, struct client *c,
				  uint16_t type, uint8_t family)
{
	meet(w, c);
	stun_put_address_family(begin_allocate(w, c), type, family);
	return finish(w);
}

static inline int refresh(struct world *w, struct client *c, uint32_t lifetime)
{
	stun_put_lifetime(begin(w, c, STUN_REFRESH), lifetime);
	return finish(w);
}

static inline int permit(struct world *w, struct client *c, const char *peer)
{
	struct transport_addr a = addr(peer);

	stun_put_address(begin(w, c, STUN_CREATE_PERMISSION),
			 STUN_ATTR_XOR_PEER_ADDRESS, &a);
	return finish(w);
}

static inline int bind_channel(struct world *w, struct client *c,
			       uint16_t number, const char *peer)
{
	struct stun_builder *b = begin(w, c, STUN_CHANNEL_BIND);
	struct transport_addr a = addr(peer);

	stun_put_channel_number(b, number);
	stun_put_address(b, STUN_ATTR_XOR_PEER_ADDRESS, &a);
	return finish(w);
}

/* --- data ------------------------------------------------------------------ */

static inline void send_channel_data(struct world *w, struct client *c,
				     uint16_t number, const char *text)
{
	uint8_t buf[2048];
	size_t len = strlen(text);

	memcpy(buf + CHANNEL_DATA_HEADER_LEN, text, len);
	channel_data_push(buf + CHANNEL_DATA_HEADER_LEN, number, (uint16_t)len);
	turn_server_datagram(w->srv, &c->tuple, buf,
			     CHANNEL_DATA_HEADER_LEN + len, w->now);
}

static inline void send_indication(struct world *w, struct client *c,
				   const char *peer, const char *text,
				   bool dont_fragment)
{
	struct transport_addr a = addr(peer);
	struct stun_txid txid = { { 9 } };
	struct stun_builder b;
	uint8_t buf[2048];
	ssize_t len;

	stun_build(&b, buf, sizeof(buf), STUN_INDICATION, STUN_SEND, &txid);
	stun_put_address(&b, STUN_ATTR_XOR_PEER_ADDRESS, &a);
	if (dont_fragment)
		stun_put_flag(&b, STUN_ATTR_DONT_FRAGMENT);
	stun_put_bytes(&b, STUN_ATTR_DATA, text, strlen(text));
	len = stun_build_end(&b);
	if (len < 0)
		abort();
	turn_server_datagram(w->srv, &c->tuple, buf, (size_t)len, w->now);
}

/* A datagram at the relay socket with this index, with room of exact size. */
static inline void peer_sends(struct world *w, size_t relay, const char *peer,
			      const void *payload, size_t len)
{
	struct transport_addr a = addr(peer);
	uint8_t *buf = malloc(TURN_HEADROOM + len + TURN_TAILROOM);

	if (!buf || !w->relays[relay].allocation)
		abort();
	memset(buf, 0xee, TURN_HEADROOM + len + TURN_TAILROOM);
	if (len)
		memcpy(buf + TURN_HEADROOM, payload, len);
	turn_server_peer_datagram(w->srv, w->relays[relay].allocation, &a,
				  buf + TURN_HEADROOM, len, w->now);
	free(buf);
}

static inline bool peer_got(const struct world *w, const char *text)
{
	return w->to_peer_len == strlen(text) &&
	       memcmp(w->to_peer, text, w->to_peer_len) == 0;
}

#endif /* KTURN_TESTS_TURN_WORLD_H */

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a turn_server does to its world: sockets that are only written down, a
 * module that refuses when told to. All of it goes into a trace, as words, so
 * that a test can say in which order things happened.
 */
#ifndef KTURN_TESTS_TURN_WORLD_OUTPUTS_H
#define KTURN_TESTS_TURN_WORLD_OUTPUTS_H

#include <errno.h>
#include <netinet/in.h>

#include "turn_world_state.h"

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

#endif /* KTURN_TESTS_TURN_WORLD_OUTPUTS_H */

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Clients that speak TURN with the server of a world, and their peers.
 */
#ifndef KTURN_TESTS_TURN_CLIENT_H
#define KTURN_TESTS_TURN_CLIENT_H

#include "stun/channel_data.h"
#include "stun/error_code.h"
#include "stun/fingerprint.h"
#include "stun/integrity.h"
#include "turn_world.h"

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

#endif /* KTURN_TESTS_TURN_CLIENT_H */

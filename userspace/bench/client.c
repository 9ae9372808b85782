// SPDX-License-Identifier: BSD-3-Clause
#include "bench/client.h"

#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "stun/builder.h"
#include "stun/channel_data.h"
#include "stun/message.h"

#define S		1000000000ULL
/* RFC 8489, section 6.2.1, but less patient: an operator sits there. */
#define RTO		(S / 2)
#define SENDS		5
#define RELEASE_SENDS	3		/* nobody waits long for a goodbye */
#define UNREACHABLE	3		/* a server may be about to start */
#define CHALLENGES	3		/* a first one, a stale nonce, and again */
/* Permissions, which ChannelBind refreshes, last for 300 s. */
#define REBIND		(240 * S)
#define DEFAULT_LIFETIME 600

void client_init(struct client *c, struct login *login,
		 const struct transport_addr *peers, unsigned int peer_count)
{
	*c = (struct client){
		.login = login,
		.peers = peers,
		.peer_count = peer_count,
		.due = CLIENT_NEVER,
	};
}

uint16_t client_channel_number(unsigned int peer)
{
	return (uint16_t)(CHANNEL_NUMBER_MIN + peer);
}

void client_start(struct client *c, uint64_t now)
{
	c->state = CLIENT_STARTING;
	c->due = now;
}

void client_release(struct client *c, uint64_t now)
{
	c->waiting = false;
	c->challenges = 0;
	c->state = c->relayed.family ? CLIENT_RELEASING : CLIENT_GONE;
	c->due = c->relayed.family ? now : CLIENT_NEVER;
}

/*
 * Up to a quarter early, at random: thousands of clients that were set up at
 * once must not all come back at once, in the middle of a measurement.
 */
static uint64_t spread(const struct client *c, uint64_t ns)
{
	return ns - ns / 4 / 256 * c->txid.bytes[0];
}

/* What has to be done next, if it is time for it. */
static uint16_t next_method(const struct client *c, uint64_t now)
{
	if (c->state == CLIENT_RELEASING)
		return STUN_REFRESH;
	if (!c->relayed.family)
		return STUN_ALLOCATE;
	if (c->bound < c->peer_count)
		return STUN_CHANNEL_BIND;
	return now >= c->refresh_at ? STUN_REFRESH : 0;
}

/* Nothing is under way: when is the next request due? */
static void schedule(struct client *c, uint64_t now)
{
	if (c->state == CLIENT_GONE || c->state == CLIENT_FAILED)
		c->due = CLIENT_NEVER;
	else if (next_method(c, now))
		c->due = now;
	else
		c->due = c->refresh_at < c->rebind_at ? c->refresh_at
						       : c->rebind_at;
}

static void fail(struct client *c, uint16_t code, const char *reason,
		 size_t reason_len)
{
	bool releasing = c->state == CLIENT_RELEASING;

	c->failure = (struct client_failure){
		.method = c->method,
		.code = code,
	};
	snprintf(c->failure.reason, sizeof(c->failure.reason), "%.*s",
		 (int)reason_len, reason);
	/* The server's words end on somebody's terminal. */
	for (char *p = c->failure.reason; *p; p++)
		*p = iscntrl((unsigned char)*p) ? '?' : *p;
	if (c->method == STUN_CHANNEL_BIND)
		c->failure.peer = c->peers[c->bound];
	c->waiting = false;
	c->due = CLIENT_NEVER;
	/* What the server does not know (any more) is given back, too. */
	c->state = releasing && code ? CLIENT_GONE : CLIENT_FAILED;
}

static void fail_text(struct client *c, const char *reason)
{
	fail(c, 0, reason, strlen(reason));
}

static void put_lifetime(struct stun_builder *b, const struct client *c)
{
	if (c->state == CLIENT_RELEASING)
		stun_put_lifetime(b, 0);
	else if (c->lifetime)
		stun_put_lifetime(b, c->lifetime);
}

static void put_attributes(struct stun_builder *b, const struct client *c)
{
	switch (c->method) {
	case STUN_ALLOCATE:
		stun_put_requested_transport(b, IPPROTO_UDP);
		put_lifetime(b, c);
		if (c->peers[0].family == AF_INET6)
			stun_put_address_family(b,
						STUN_ATTR_REQUESTED_ADDRESS_FAMILY,
						STUN_FAMILY_IPV6);
		break;
	case STUN_CHANNEL_BIND:
		stun_put_channel_number(b, client_channel_number(c->first_peer +
								 c->bound));
		stun_put_address(b, STUN_ATTR_XOR_PEER_ADDRESS,
				 &c->peers[c->bound]);
		break;
	default:
		put_lifetime(b, c);
	}
}

/* The same request each time: it is not kept, but written anew. */
static size_t build(struct client *c, uint8_t *buf, size_t cap)
{
	struct login *login = c->login;
	struct stun_builder b;
	ssize_t len;

	stun_build(&b, buf, cap, STUN_REQUEST, c->method, &c->txid);
	put_attributes(&b, c);
	if (c->nonce[0]) {
		stun_put_string(&b, STUN_ATTR_USERNAME, login->user);
		stun_put_string(&b, STUN_ATTR_REALM, login->realm);
		stun_put_string(&b, STUN_ATTR_NONCE, c->nonce);
		stun_put_integrity(&b, login->crypto, STUN_HMAC_SHA1,
				   &login->key);
	}
	len = stun_build_end(&b);
	if (len < 0) {
		fail_text(c, "the request cannot be encoded");
		return 0;
	}
	return (size_t)len;
}

static bool begin(struct client *c, uint64_t now)
{
	if (c->state == CLIENT_READY && c->bound == c->peer_count &&
	    now >= c->rebind_at) {
		c->bound = 0;
		c->rebind_at = now + spread(c, REBIND);
	}
	c->method = next_method(c, now);
	if (!c->method) {
		schedule(c, now);
		return false;
	}
	if (getrandom(&c->txid, sizeof(c->txid), 0) != sizeof(c->txid)) {
		fail_text(c, "the system gives no random numbers");
		return false;
	}
	c->waiting = true;
	c->sends = 0;
	c->unreachable = 0;
	return true;
}

size_t client_request(struct client *c, uint64_t now, uint8_t *buf, size_t cap)
{
	unsigned int most = c->state == CLIENT_RELEASING ? RELEASE_SENDS
							 : SENDS;

	if (now < c->due)
		return 0;
	if (!c->waiting && !begin(c, now))
		return 0;
	if (c->state == CLIENT_STARTING && c->unreachable >= UNREACHABLE) {
		fail_text(c, "nobody listens there (ICMP port unreachable)");
		return 0;
	}
	if (c->sends == most) {
		fail_text(c, "no answer");
		return 0;
	}
	c->due = now + (RTO << c->sends);
	c->sends++;
	return build(c, buf, cap);
}

void client_unreachable(struct client *c)
{
	c->unreachable++;
}

static void copy_text(const struct stun_message *msg, enum stun_attr_type type,
		      char text[static STUN_TEXT_MAX + 1])
{
	struct stun_bytes value;

	if (stun_get_bytes(msg, type, &value))
		return;
	memcpy(text, value.data, value.len);
	text[value.len] = '\0';
}

/* Keeps what a 401 or 438 says. The key changes only with the realm. */
static int take_challenge(struct client *c, const struct stun_message *msg)
{
	struct login *login = c->login;
	char realm[STUN_TEXT_MAX + 1] = "";

	copy_text(msg, STUN_ATTR_NONCE, c->nonce);
	copy_text(msg, STUN_ATTR_REALM, realm);
	if (!realm[0] || !strcmp(realm, login->realm))
		return 0;
	memcpy(login->realm, realm, sizeof(realm));
	return stun_key_long_term(login->crypto, STUN_PASSWORD_MD5,
				  stun_bytes(login->user), stun_bytes(realm),
				  stun_bytes(login->password), &login->key);
}

static void take_error(struct client *c, const struct stun_message *msg,
		       uint64_t now)
{
	struct transport_addr other;
	struct stun_error error;
	char text[CLIENT_REASON_MAX], addr[TRANSPORT_ADDR_STRLEN];

	if (stun_get_error_code(msg, &error)) {
		fail_text(c, "an error response without an error code");
		return;
	}
	if ((error.code == STUN_ERR_UNAUTHENTICATED ||
	     error.code == STUN_ERR_STALE_NONCE) && c->login->user &&
	    c->challenges < CHALLENGES) {
		c->challenges++;
		c->waiting = false;
		if (take_challenge(c, msg))
			fail_text(c, "OpenSSL cannot make the key (MD5)");
		else
			c->due = now;
		return;
	}
	if (!stun_get_address(msg, STUN_ATTR_ALTERNATE_SERVER, &other)) {
		snprintf(text, sizeof(text), "%.*s (%s)",
			 (int)(error.reason.len > 30 ? 30 : error.reason.len),
			 (const char *)error.reason.data,
			 transport_addr_print(&other, addr));
		fail(c, error.code, text, strlen(text));
		return;
	}
	fail(c, error.code, (const char *)error.reason.data, error.reason.len);
}

static void take_lifetime(struct client *c, const struct stun_message *msg,
			  uint64_t now)
{
	uint32_t lifetime = DEFAULT_LIFETIME;

	stun_get_lifetime(msg, &lifetime);
	/* Half of it, so that a lost answer or two do no harm. */
	c->refresh_at = now + spread(c, lifetime * (S / 2));
}

static void take_success(struct client *c, const struct stun_message *msg,
			 uint64_t now)
{
	switch (c->method) {
	case STUN_ALLOCATE:
		if (stun_get_address(msg, STUN_ATTR_XOR_RELAYED_ADDRESS,
				     &c->relayed)) {
			fail_text(c, "no relayed transport address in the answer");
			return;
		}
		take_lifetime(c, msg, now);
		c->rebind_at = now + spread(c, REBIND);
		break;
	case STUN_CHANNEL_BIND:
		c->bound++;
		break;
	default:
		if (c->state == CLIENT_RELEASING)
			c->state = CLIENT_GONE;
		else
			take_lifetime(c, msg, now);
	}
	if (c->state == CLIENT_STARTING && c->bound == c->peer_count)
		c->state = CLIENT_READY;
	c->waiting = false;
	c->challenges = 0;
	schedule(c, now);
}

void client_response(struct client *c, const uint8_t *data, size_t len,
		     uint64_t now)
{
	struct stun_message msg;

	if (!c->waiting || stun_message_decode(&msg, data, len) != STUN_OK ||
	    memcmp(&msg.txid, &c->txid, sizeof(msg.txid)) != 0 ||
	    msg.method != c->method)
		return;
	if (msg.class == STUN_ERROR) {
		take_error(c, &msg, now);
		return;
	}
	/* A wrong one counts as not received (RFC 8489, section 9.2.5). */
	if (msg.class != STUN_SUCCESS ||
	    (c->nonce[0] && stun_check_integrity(c->login->crypto, &msg,
						 STUN_HMAC_SHA1,
						 &c->login->key)))
		return;
	take_success(c, &msg, now);
}

void client_failure_print(const struct client_failure *failure, char *buf,
			  size_t size)
{
	const char *method = stun_method_name(failure->method);
	char peer[TRANSPORT_ADDR_STRLEN] = "";
	char to[TRANSPORT_ADDR_STRLEN + 4] = "";

	if (failure->peer.family)
		snprintf(to, sizeof(to), " to %s",
			 transport_addr_print(&failure->peer, peer));
	if (failure->code)
		snprintf(buf, size, "refused %s%s: %u %s", method, to,
			 failure->code, failure->reason);
	else
		snprintf(buf, size, "%s%s: %s", method, to, failure->reason);
}

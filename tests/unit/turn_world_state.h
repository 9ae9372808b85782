/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a world for a turn_server is made of, and what it remembers of the
 * server's doings, for tests to look at.
 */
#ifndef KTURN_TESTS_TURN_WORLD_STATE_H
#define KTURN_TESTS_TURN_WORLD_STATE_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stun/builder.h"
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

#endif /* KTURN_TESTS_TURN_WORLD_STATE_H */

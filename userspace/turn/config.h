/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the operator decides about the protocol.
 *
 * A struct turn_config is filled by one thread, then given to the servers of
 * all workers, and from then on nobody changes it: reload makes a new one.
 * It is counted by reference, so the old one lives until the last server has
 * moved on.
 *
 *	cfg = turn_config_new();
 *	turn_config_set_realm(cfg, "example.org");
 *	cfg->auth = TURN_AUTH_LONG_TERM;
 *	turn_config_add_user(cfg, "alice", "secret");
 *	turn_server_set_config(server, cfg);
 *	turn_config_put(cfg);
 */
#ifndef KTURN_TURN_CONFIG_H
#define KTURN_TURN_CONFIG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "turn/alternate.h"
#include "turn/discovery.h"
#include "turn/nat.h"
#include "turn/peer_filter.h"

/* Bytes, without the terminating zero. */
#define TURN_REALM_MAX		127
#define TURN_SOFTWARE_MAX	127
#define TURN_DOMAIN_MAX		255	/* RFC 8489, section 14.16 */
#define TURN_USERNAME_MAX	513	/* RFC 8489, section 14.3: fewer than this */

/*
 * A challenge (401) to the smallest useful Allocate request is at most three
 * times as long as the request, as long as the realm is no longer than this.
 * kturnd warns of longer ones. (To leave room for what RFC 8489 added as well,
 * that request would need a realm of 8 bytes or less; any longer request has
 * that room, and those who know RFC 8489 send such. See reply.c.)
 */
#define TURN_REALM_UNAMPLIFIED	32

/* Longest ORIGIN that a realm can be found by, with a terminating zero. */
#define TURN_ORIGIN_MAX		256

struct turn_users;
struct turn_secrets;
struct turn_origin;
struct turn_oauth_key;

/**
 * struct turn_realm - who belongs together
 * @next: realm of the same configuration
 * @name: realm; set by turn_config_set_realm() or turn_config_add_realm()
 * @users: static users; filled by turn_realm_add_user()
 * @secrets: TURN REST secrets; filled by turn_realm_add_secret()
 * @user_quota: most allocations of one of its users; 0: as for all realms
 * @total_quota: most allocations of its users together; 0: no limit but that
 *	for all realms
 * @max_bps: most application data of an allocation of its users, bytes per
 *	second each way; 0: as for all realms
 */
struct turn_realm {
	struct turn_realm *next;
	char name[TURN_REALM_MAX + 1];
	struct turn_users *users;
	struct turn_secrets *secrets;
	uint32_t user_quota;
	uint32_t total_quota;
	uint64_t max_bps;
};

/*
 * What turn_ops.user_find() and turn_ops.secret_find() can say of realms:
 * bits of turn_config.lookups.
 */
#define TURN_LOOKUP_USERS	1u	/* users by name, with an MD5 key each */
#define TURN_LOOKUP_SHA256	2u	/* and with a SHA-256 key each */
#define TURN_LOOKUP_USERHASH	4u	/* and by USERHASH */
#define TURN_LOOKUP_SECRETS	8u	/* TURN REST secrets */

/** enum turn_auth_mode - how are requests authenticated? */
enum turn_auth_mode {
	TURN_AUTH_NONE,		/* not at all: everybody may allocate */
	TURN_AUTH_LONG_TERM,	/* long-term credentials, RFC 8489 9.2 */
};

/** enum turn_default_family - relay of an Allocate that does not ask for one */
enum turn_default_family {
	TURN_DEFAULT_FAMILY_IPV4,	/* RFC 8656 7.2 */
	TURN_DEFAULT_FAMILY_IPV6,
	TURN_DEFAULT_FAMILY_KEEP,	/* that of the client's own address */
};

/**
 * struct turn_config - the operator's decisions
 * @refs: number of holders
 * @auth: how requests are authenticated
 * @secure_stun: authenticate Binding requests too
 * @log_binding: log Binding requests
 * @no_stun: do not answer Binding requests
 * @stun_only: answer nothing but Binding requests
 * @response_origin: RESPONSE-ORIGIN in responses to Binding requests, as far as
 *	it fits, also where @discovery is not on
 * @discovery: NAT behaviour discovery
 * @discovery_rate: answers for it of the special kinds to a source, per second;
 *	0: any number
 * @unauthorized_rate: error responses to a source that has not shown a key, by
 *	all transports together, per second; 0: any number
 * @fingerprint: FINGERPRINT in every message, not only in responses to
 *	requests that had it
 * @mobility: clients may get tickets to move by (RFC 8016)
 * @rfc5766_channels: accept channel numbers up to 0x7FFF
 * @default_family: see enum turn_default_family
 * @no_password_algorithms: challenge as RFC 5389 has it: without
 *	PASSWORD-ALGORITHMS, USERHASH and the nonce cookie
 * @realm: the default realm
 * @realms: the others; filled by turn_config_add_realm()
 * @origins: which ORIGIN leads to which; filled by turn_config_add_origin()
 * @check_origin: refuse requests (441) whose ORIGIN leads to another realm than
 *	the one they are in
 * @software: SOFTWARE attribute; empty for none
 * @oauth_server_name: by which clients ask an authorization server for tokens;
 *	empty to take none (RFC 7635)
 * @oauth_keys: keys of the tokens; filled by turn_config_add_oauth_key()
 * @lookups: what the shell can look up: TURN_LOOKUP_USERS and its siblings
 * @rest_separator: between expiry time and user name
 * @nonce_lifetime: seconds until a nonce is stale; 0 for never
 * @default_lifetime: of allocations, seconds (RFC 8656: 600)
 * @max_lifetime: of allocations, seconds; lowers @default_lifetime if smaller
 * @permission_lifetime: seconds (RFC 8656: 300)
 * @channel_lifetime: seconds (RFC 8656: 600)
 * @reservation_lifetime: of a port held by EVEN-PORT, seconds (RFC 8656: at
 *	least 30)
 * @user_quota: most allocations of one user, over all workers; 0: no limit
 * @total_quota: most allocations, over all workers; 0: no limit
 * @source_quota: most allocations of one client IP address, or IPv6 /64, over
 *	all workers; 0: no limit
 * @max_bps: most application data of an allocation, bytes per second each
 *	way; 0: no limit
 * @bps_capacity: the same of all allocations together
 * @traffic_interval: seconds between two news of what a session carries, see
 *	turn_ops.session; 0: none but at its end
 * @max_permissions: most permissions of one allocation
 * @max_channels: most channels of one allocation
 * @max_connections: most connections with peers of one allocation (RFC 6062)
 * @no_udp_relay: no allocations for UDP
 * @no_tcp_relay: no allocations for TCP
 * @peers: which peers clients may reach
 * @default_denied_remedy: what an operator can do who wants clients to reach
 *	one that the filter's default refuses, for the log; a static text or NULL
 * @nat: the relay addresses that have another form outside
 * @alternates: where clients are sent that come by UDP or TCP; empty to serve
 *	them here. Filled by turn_alternates_add().
 * @secure_alternates: the same for those that come by TLS or DTLS
 * @alternate_domain: name in the certificate of @secure_alternates, where it
 *	is another than this server's; else empty
 */
struct turn_config {
	atomic_uint refs;

	enum turn_auth_mode auth;
	bool secure_stun;
	bool log_binding;
	bool no_stun;
	bool stun_only;
	bool response_origin;
	struct turn_discovery discovery;
	uint32_t discovery_rate;
	uint32_t unauthorized_rate;
	bool fingerprint;
	bool mobility;
	bool rfc5766_channels;
	enum turn_default_family default_family;

	bool no_password_algorithms;
	struct turn_realm realm;
	struct turn_realm *realms;
	struct turn_origin *origins;
	bool check_origin;
	char software[TURN_SOFTWARE_MAX + 1];
	char oauth_server_name[TURN_DOMAIN_MAX + 1];
	struct turn_oauth_key *oauth_keys;
	unsigned int lookups;
	char rest_separator;

	uint32_t nonce_lifetime;
	uint32_t default_lifetime;
	uint32_t max_lifetime;
	uint32_t permission_lifetime;
	uint32_t channel_lifetime;
	uint32_t reservation_lifetime;

	uint32_t user_quota;
	uint32_t total_quota;
	uint32_t source_quota;
	uint64_t max_bps;
	uint64_t bps_capacity;
	uint32_t traffic_interval;
	uint32_t max_permissions;
	uint32_t max_channels;
	uint32_t max_connections;
	bool no_udp_relay;
	bool no_tcp_relay;

	struct turn_peer_filter peers;
	const char *default_denied_remedy;
	struct turn_nat nat;

	struct turn_alternates alternates;
	struct turn_alternates secure_alternates;
	char alternate_domain[TURN_DOMAIN_MAX + 1];
};

/**
 * turn_config_new() - a configuration with the RFC's values
 *
 * Long-term credentials, but no realm and no users yet; no quotas; the peer
 * filter refuses loopback and multicast only.
 *
 * Return: the configuration, held once, or NULL without memory.
 */
struct turn_config *turn_config_new(void);

/** turn_config_get() - hold it once more */
struct turn_config *turn_config_get(struct turn_config *cfg);

/** turn_config_put() - let go; the last one frees it and wipes its keys */
void turn_config_put(struct turn_config *cfg);

/**
 * turn_config_set_realm() - name the default realm, before users are added
 * @cfg: the configuration
 * @realm: the realm
 *
 * Return: 0, -EINVAL if it is empty, -EMSGSIZE if it is longer than
 * TURN_REALM_MAX, -EILSEQ if OpaqueString does not allow it, -EBUSY if there
 * are users already (whose keys depend on it), or other realms.
 */
int turn_config_set_realm(struct turn_config *cfg, const char *realm);

/**
 * turn_config_add_realm() - add another realm, or find the one of that name
 * @cfg: the configuration, whose default realm has its name
 * @name: realm
 * @realm: filled; belongs to @cfg
 *
 * Return: 0, or what turn_config_set_realm() returns, or -ENOMEM.
 */
int turn_config_add_realm(struct turn_config *cfg, const char *name,
			  struct turn_realm **realm);

/**
 * turn_config_add_origin() - lead clients from an origin to a realm
 * @cfg: the configuration
 * @origin: "https://example.org", with a port where it is not the default
 * @realm: one of @cfg
 *
 * Return: 0, -EMSGSIZE if it is empty or longer than TURN_ORIGIN_MAX allows,
 * -EEXIST, -ENOMEM.
 */
int turn_config_add_origin(struct turn_config *cfg, const char *origin,
			   const struct turn_realm *realm);

/**
 * turn_realm_add_user() - add a static user by password
 * @realm: the realm, with its name
 * @name: user name
 * @password: password; only keys made of it are kept (RFC 8656, section 6)
 *
 * Return: 0, -EINVAL if name, password or realm is empty, -EMSGSIZE if one is
 * too long, -EILSEQ if it is not UTF-8 or has characters that OpaqueString (RFC
 * 8265) does not allow, -EEXIST, -ENOMEM, -EOPNOTSUPP if OpenSSL has no MD5.
 */
int turn_realm_add_user(struct turn_realm *realm, const char *name,
			const char *password);

/**
 * turn_realm_add_user_key() - add a static user by key
 * @realm: the realm, with its name
 * @name: user name
 * @key: MD5("name:realm:password"), 16 bytes
 *
 * Return: as turn_realm_add_user().
 */
int turn_realm_add_user_key(struct turn_realm *realm, const char *name,
			    const uint8_t key[static 16]);

/**
 * turn_realm_add_secret() - add a secret of the TURN REST API
 * @realm: the realm
 * @secret: the secret shared with the web service; several may be valid at a
 *	time, so that they can be exchanged
 *
 * Users are then called "expiry:name", expiry being seconds since 1970, and
 * their password is base64(HMAC-SHA1(secret, user name)).
 *
 * Return: 0, -EINVAL if it is empty, -ENOMEM.
 */
int turn_realm_add_secret(struct turn_realm *realm, const char *secret);

/* The same for the default realm. */
int turn_config_add_user(struct turn_config *cfg, const char *name,
			 const char *password);
int turn_config_add_user_key(struct turn_config *cfg, const char *name,
			     const uint8_t key[static 16]);
int turn_config_add_secret(struct turn_config *cfg, const char *secret);

/* Bytes of the longest key of an authorization server that is used. */
#define TURN_OAUTH_KEY_MAX 32

/**
 * struct turn_oauth_key_setup - a key shared with an authorization server
 * @kid: its id, which clients send as USERNAME
 * @key: the key; what is longer than the algorithm needs is not used
 * @key_len: its length in bytes
 * @algorithm: "A256GCM", which is also what "" means, or "A128GCM"
 * @timestamp: good from then on, seconds since 1970
 * @lifetime: for so many seconds; 0: for ever
 * @realm: sessions of its tokens count in this one; NULL: in that of the request
 */
struct turn_oauth_key_setup {
	const char *kid;
	const uint8_t *key;
	size_t key_len;
	const char *algorithm;
	uint64_t timestamp;
	uint32_t lifetime;
	const struct turn_realm *realm;
};

/**
 * turn_config_add_oauth_key() - take tokens that were made with this key
 * @cfg: the configuration
 * @setup: the key; copied
 *
 * Return: 0, -EINVAL if it has no id or is too short, -EOPNOTSUPP for other
 * algorithms, -EEXIST, -ENOMEM.
 */
int turn_config_add_oauth_key(struct turn_config *cfg,
			      const struct turn_oauth_key_setup *setup);

#endif /* KTURN_TURN_CONFIG_H */

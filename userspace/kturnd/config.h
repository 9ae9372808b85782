/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The configuration: a plain struct that everything else reads.
 *
 * options.c fills it from the table of options, config_file.c and
 * command_line.c feed that. Nothing here opens a socket or looks at the
 * network, so a configuration can be checked on any machine.
 */
#ifndef KTURN_KTURND_CONFIG_H
#define KTURN_KTURND_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kturnd/report.h"
#include "stun/addr.h"
#include "userdb/userdb.h"

#define CONFIG_DEFAULT_PATH	"/etc/turnserver.conf"
#define CONFIG_DEFAULT_ADMIN	"/run/kturnd.sock"
#define CONFIG_DEFAULT_XDP_PIN	"/sys/fs/bpf/kturn"
#define CONFIG_MAX_WORKERS	128

/* enum kernel_relay_mode - may, must or must not the module relay? */
enum kernel_relay_mode {
	KERNEL_RELAY_AUTO,
	KERNEL_RELAY_OFF,
	KERNEL_RELAY_REQUIRE,
};

/* enum kernel_hook_choice - which hook of the module kturnd asks for */
enum kernel_hook_choice {
	KERNEL_HOOK_KEEP,	/* whatever the module is set to */
	KERNEL_HOOK_PREROUTING,
	KERNEL_HOOK_INPUT,
};

/* enum default_family - of an allocation that does not ask for one */
enum default_family {
	DEFAULT_FAMILY_IPV4,
	DEFAULT_FAMILY_IPV6,
	DEFAULT_FAMILY_KEEP,	/* the family the client talks to us in */
};

/* enum log_min_level - least important lines that are logged */
enum log_min_level {
	LOG_MIN_DEBUG,
	LOG_MIN_INFO,
	LOG_MIN_WARN,
	LOG_MIN_WARNING,	/* the same in another spelling */
	LOG_MIN_ERROR,
};

/**
 * struct config_strings - a list of strings, owned
 * @v: the strings
 * @n: how many
 */
struct config_strings {
	char **v;
	size_t n;
};

/** struct config_addrs - a list of addresses, owned */
struct config_addrs {
	struct transport_addr *v;
	size_t n;
};

/**
 * struct config_external - one external-ip
 * @public_ip: what clients are told
 * @private_ip: the address of ours that it stands for; family 0: the only one
 *	of the same family
 */
struct config_external {
	struct transport_addr public_ip;
	struct transport_addr private_ip;
};

struct config_externals {
	struct config_external *v;
	size_t n;
};

/**
 * struct config_range - addresses from @first to @last, both included
 * @first: lowest
 * @last: highest, of the same family
 */
struct config_range {
	struct transport_addr first;
	struct transport_addr last;
};

struct config_ranges {
	struct config_range *v;
	size_t n;
};

/**
 * struct config_user - a static user of the long-term credential mechanism
 * @name: user name
 * @password: password, or NULL if the key was given
 * @key: MD5("name:realm:password"), if @password is NULL
 */
struct config_user {
	char *name;
	char *password;
	uint8_t key[16];
};

struct config_users {
	struct config_user *v;
	size_t n;
};

/**
 * struct config_userdb - a user database
 * @kind: which kind
 * @where: as userdb_open() takes it, with passwords; NULL: there is none
 */
struct config_userdb {
	enum userdb_kind kind;
	char *where;
};

/**
 * struct config_xdp - one xdp-interface
 * @device: its name
 * @generic: above the driver, where that has no native XDP
 */
struct config_xdp {
	char *device;
	bool generic;
};

struct config_xdps {
	struct config_xdp *v;
	size_t n;
};

/**
 * struct kturnd_config - what the operator asked for, with defaults filled in
 *
 * Members are named after their options; durations are in seconds, 0 stands
 * for "no limit" where the option says so.
 */
struct kturnd_config {
	/* where clients come in */
	uint32_t listening_port;
	struct config_addrs listening_ip;
	char *listening_device;
	char *relay_device;
	bool no_udp;
	bool no_tcp;

	/* their connections */
	uint32_t max_connections;	/* 0: half of the files */
	uint32_t max_idle_connections;
	uint32_t max_allocate_timeout;
	uint32_t tls_handshake_timeout;
	uint32_t tls_handshake_rate;	/* per second and source */
	uint32_t connection_queue_size;	/* bytes */

	/* TLS and DTLS; see config_has_tls() and config_has_dtls() */
	uint32_t tls_listening_port;
	uint32_t alt_tls_listening_port;	/* 0: none */
	bool no_tls;
	bool no_dtls;
	bool dtls;			/* asked for by name */
	char *cert;
	char *pkey;
	char *pkey_pwd;
	char *ca_file;
	char *cipher_list;
	char *ec_curve_name;
	char *dh_file;
	bool tlsv1;
	bool tlsv1_1;
	bool no_tlsv1_2;

	/* where peers come in */
	struct config_addrs relay_ip;
	struct config_externals external_ip;
	uint32_t min_port;
	uint32_t max_port;
	enum default_family default_family;
	bool no_udp_relay;
	bool no_tcp_relay;
	uint32_t max_peer_connections;

	/* who may use it */
	char *realm;
	bool lt_cred_mech;
	bool no_auth;
	struct config_users users;
	bool use_auth_secret;
	struct config_strings auth_secrets;
	bool oauth;
	char *server_name;
	struct config_strings oauth_keys;
	char *rest_api_separator;
	bool no_password_algorithms;
	uint32_t unauthorized_rps;
	bool unauthorized_ratelimit;
	bool check_origin;
	bool secure_stun;
	bool mobility;
	bool no_stun;
	bool stun_only;
	uint32_t stale_nonce;
	uint32_t user_quota;
	uint32_t total_quota;
	uint32_t source_quota;
	uint64_t max_bps;
	uint64_t bps_capacity;

	/* who keeps users */
	struct config_userdb userdb;
	uint32_t userdb_cache;
	uint32_t userdb_poll;
	uint32_t userdb_waiting;
	bool userdb_users;		/* found by config_check(): look for */
	bool userdb_secrets;		/* these there */

	/* who is told of sessions */
	char *statsdb;			/* as redis_place_parse() takes it */
	uint32_t statsdb_queue;
	uint32_t statsdb_interval;	/* seconds; 0: only at the end */

	/* which peers they may reach */
	struct config_ranges denied_peer_ip;
	struct config_ranges allowed_peer_ip;
	struct config_ranges nat64_prefix;
	bool default_denied_peers;
	bool no_multicast_peers;
	bool allow_loopback_peers;

	/* NAT behaviour discovery */
	bool rfc5780;
	uint32_t alt_listening_port;	/* 0: the one above listening_port */
	uint32_t rfc5780_rps;
	bool response_origin_only_with_rfc5780;

	/* the protocol */
	bool fingerprint;
	bool software_attribute;
	bool rfc5766_channels;
	struct config_addrs aux_server;
	struct config_addrs alternate_server;
	struct config_addrs tls_alternate_server;
	char *alternate_domain;
	uint32_t max_allocate_lifetime;
	uint32_t channel_lifetime;
	uint32_t permission_lifetime;

	/* the machine */
	enum kernel_relay_mode kernel_relay;
	enum kernel_hook_choice kernel_hook;
	struct config_xdps xdp_interface;
	char *xdp_pin;			/* NULL: CONFIG_DEFAULT_XDP_PIN */
	bool xdp_keep;
	uint32_t relay_threads;		/* 0: one for each CPU */
	uint32_t sock_buf_size;		/* bytes; 0: the system's default */

	/* the daemon */
	char *log_file;
	bool syslog;
	char *syslog_facility;
	bool no_stdout_log;
	bool verbose;
	bool extra_verbose;
	bool log_binding;
	enum log_min_level log_min_level;
	uint32_t drain_min_allocations;
	bool prometheus;
	uint32_t prometheus_port;
	struct config_addrs prometheus_address;	/* the last counts; none: any */
	char *prometheus_path;
	bool prometheus_username_labels;
	char *pidfile;
	char *proc_user;
	char *proc_group;
	char *admin_socket;
};

/** config_init() - fill in the defaults */
void config_init(struct kturnd_config *cfg);

/** config_wipe_text() - overwrite and free a secret; NULL is fine */
void config_wipe_text(char *secret);

/** config_free() - give back all memory; secrets are wiped first */
void config_free(struct kturnd_config *cfg);

/**
 * config_check() - do the options go together?
 * @cfg: the configuration; what follows from what is filled in (a user means
 *	lt-cred-mech, for one)
 * @report: gets errors and warnings
 */
void config_check(struct kturnd_config *cfg, struct report *report);

/** config_has_tls() - are clients served by TLS? As of config_check() */
static inline bool config_has_tls(const struct kturnd_config *cfg)
{
	return cfg->cert && cfg->pkey && !cfg->no_tls;
}

/** config_has_dtls() - are clients served by DTLS? As of config_check() */
static inline bool config_has_dtls(const struct kturnd_config *cfg)
{
	return cfg->cert && cfg->pkey && !cfg->no_dtls;
}

/*
 * Growing the lists: each copies @item to the end. Return 0 or -ENOMEM; what
 * was to be added then still belongs to the caller.
 */
int config_add_string(struct config_strings *list, const char *text);
int config_add_addr(struct config_addrs *list,
		    const struct transport_addr *item);
int config_add_external(struct config_externals *list,
			const struct config_external *item);
int config_add_range(struct config_ranges *list,
		     const struct config_range *item);
int config_add_user(struct config_users *list, const struct config_user *item);
int config_add_xdp(struct config_xdps *list, const struct config_xdp *item);

#endif /* KTURN_KTURND_CONFIG_H */

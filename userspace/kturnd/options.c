// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/options.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turn/config.h"

#define TARGET(member) .target = offsetof(struct kturnd_config, member)
#define HEADING(text) { .doc = text }
#define FLAG(n, l, w, member, d) \
	{ .name = n, .letter = l, .when = w, .set = option_set_flag, \
	  TARGET(member), .doc = d }
#define FLAG_OFF(n, w, member, d) \
	{ .name = n, .when = w, .set = option_set_flag_off, TARGET(member), \
	  .doc = d }
#define NUMBER(n, l, w, member, lo, hi, h, d) \
	{ .name = n, .letter = l, .when = w, .value = OPTION_VALUE, \
	  .set = option_set_number, TARGET(member), .min = lo, .max = hi, \
	  .hint = h, .doc = d }
#define RATE(n, l, w, member, d) \
	{ .name = n, .letter = l, .when = w, .value = OPTION_VALUE, \
	  .set = option_set_rate, TARGET(member), .hint = "BYTES", .doc = d }
#define STRING(n, l, w, member, limit, h, d) \
	{ .name = n, .letter = l, .when = w, .value = OPTION_VALUE, \
	  .set = option_set_string, TARGET(member), .min = 1, .max = limit, \
	  .hint = h, .doc = d }
#define PATH(n, w, member, d) STRING(n, 0, w, member, 4095, "PATH", d)
#define CHOICE(n, l, w, member, words, d) \
	{ .name = n, .letter = l, .when = w, .value = OPTION_VALUE, \
	  .set = option_set_choice, TARGET(member), .choices = words, \
	  .hint = words, .doc = d }
#define LIST(n, l, w, setter, member, h, d) \
	{ .name = n, .letter = l, .when = w, .value = OPTION_VALUE, \
	  .set = setter, TARGET(member), .hint = h, .doc = d }
#define FULFILLED(n, d) \
	{ .name = n, .state = OPTION_FULFILLED, .doc = d }
#define NOT_YET(n, l, v, d) \
	{ .name = n, .letter = l, .value = v, .state = OPTION_NOT_YET, .doc = d }
#define UNSAFE(n, d) \
	{ .name = n, .state = OPTION_MEANINGLESS, .doc = d }
#define MEANINGLESS(n, l, v) \
	{ .name = n, .letter = l, .value = v, .state = OPTION_MEANINGLESS, \
	  .doc = "has no meaning here" }

/* When a reload takes it over. */
#define NOW	OPTION_NOW
#define RESTART	OPTION_RESTART

#define NO_DATABASE	"not available: use userdb, psql-userdb or redis-userdb"

const struct option options[] = {
HEADING("Clients"),
NUMBER("listening-port", 'p', RESTART, listening_port, 1, 65535, "PORT",
       "port for clients; default 3478"),
LIST("listening-ip", 'L', RESTART, option_set_address, listening_ip, "IP",
     "address for clients, may be repeated; default: all addresses of the host"),
STRING("listening-device", 'd', RESTART, listening_device, IFNAMSIZ - 1, "DEVICE",
       "take clients by this device only, which may be a VRF; default: by any"),
{ .name = "aux-server", .when = RESTART, .value = OPTION_VALUE,
  .set = option_set_server, TARGET(aux_server), .min = 3478,
  .hint = "IP[:PORT]",
  .doc = "one more address and port for clients, for all that is spoken at the others; may be repeated" },
FLAG("no-udp", 0, RESTART, no_udp, "no UDP for clients"),
FLAG("no-tcp", 0, RESTART, no_tcp, "no TCP for clients"),

HEADING("Clients' connections"),
NUMBER("max-connections", 0, RESTART, max_connections, 0, UINT32_MAX, "COUNT",
       "connections at a time; 0: half as many as files may be open; default 0"),
NUMBER("max-idle-connections", 0, RESTART, max_idle_connections, 0, UINT32_MAX, "COUNT",
       "connections at a time without an allocation, from one IPv4 address or one IPv6 /64; 0: any number; default 256"),
NUMBER("max-allocate-timeout", 0, RESTART, max_allocate_timeout, 1, 86400, "SECONDS",
       "time that a connection may be without an allocation; default 60"),
NUMBER("tls-handshake-timeout", 0, RESTART, tls_handshake_timeout, 1, 600, "SECONDS",
       "time that a TLS handshake may take; default 10"),
NUMBER("tls-handshake-rate", 0, RESTART, tls_handshake_rate, 0, 100000, "COUNT",
       "TLS and DTLS handshakes per second of one source, as above, those of 4 s at once; 0: any number; default 50"),
NUMBER("connection-queue-size", 0, RESTART, connection_queue_size, 16384, 1 << 26, "BYTES",
       "relayed data that may wait for a client to take it; more is dropped; default 262144"),

HEADING("Peers"),
LIST("relay-ip", 'E', RESTART, option_set_address, relay_ip, "IP",
     "address that peers see, may be repeated; default: the listening addresses, or all of the host's"),
STRING("relay-device", 'i', RESTART, relay_device, IFNAMSIZ - 1, "DEVICE",
       "the same for peers; takes relay-ip, for the addresses must be that device's"),
LIST("external-ip", 'X', RESTART, option_set_external, external_ip, "PUBLIC[/PRIVATE]",
     "behind a 1:1 NAT, the address to tell clients instead of PRIVATE; may be repeated"),
NUMBER("min-port", 0, RESTART, min_port, 1, 65535, "PORT",
       "lowest port for peers; default 49152"),
NUMBER("max-port", 0, RESTART, max_port, 1, 65535, "PORT",
       "highest port for peers; default 65535"),
CHOICE("allocation-default-address-family", 'A', NOW, default_family,
       "ipv4|ipv6|keep",
       "family of an allocation that asks for none; keep: the client's; default ipv4"),
{ .name = "keep-address-family", .letter = 'K', .when = NOW,
  .set = option_set_keep_family, TARGET(default_family),
  .doc = "the same as allocation-default-address-family=keep" },
LIST("denied-peer-ip", 0, NOW, option_set_range, denied_peer_ip, "IP[-IP]",
     "peers that may not be reached: address, range, or address/bits; may be repeated"),
LIST("allowed-peer-ip", 0, NOW, option_set_range, allowed_peer_ip, "IP[-IP]",
     "peers that may be reached although denied, by default too; may be repeated"),
FLAG("default-denied-peers", 0, NOW, default_denied_peers,
     "refuse private, link-local, documentation and other addresses that are nobody's on the Internet; the default"),
FLAG_OFF("no-default-denied-peers", NOW, default_denied_peers,
	 "do not: whatever this host can reach, its clients can, but for denied-peer-ip"),
LIST("nat64-prefix", 0, NOW, option_set_nat64_prefix, nat64_prefix, "IP/BITS",
     "addresses that a NAT64 of this network takes to IPv4 hosts (RFC 6052), judged as those are; may be repeated"),
FLAG("no-multicast-peers", 0, NOW, no_multicast_peers,
     "refuse multicast and broadcast addresses as peers"),
FLAG("allow-loopback-peers", 0, NOW, allow_loopback_peers,
     "allow 127.0.0.0/8 and ::1 as peers: for tests only"),
FLAG("no-udp-relay", 0, NOW, no_udp_relay,
     "no relaying for UDP: answer such requests with 403"),
FLAG("no-tcp-relay", 0, NOW, no_tcp_relay,
     "no relaying for TCP (RFC 6062): answer such requests with 442"),
NUMBER("max-peer-connections", 0, NOW, max_peer_connections, 1, 65535, "COUNT",
       "connections with peers that an allocation for TCP may have at a time; default 128"),

HEADING("TLS and DTLS"),
PATH("cert", NOW, cert, "certificate chain in PEM form; with it and pkey TLS and DTLS are on"),
PATH("pkey", NOW, pkey, "private key of the certificate, in PEM form"),
{ .name = "pkey-pwd", .when = NOW, .value = OPTION_VALUE, .secret = true,
  .set = option_set_string, TARGET(pkey_pwd), .min = 1, .max = 1023,
  .hint = "PASSWORD", .doc = "password of the private key" },
NUMBER("tls-listening-port", 0, RESTART, tls_listening_port, 1, 65535, "PORT",
       "port for TLS and DTLS; default 5349"),
NUMBER("alt-tls-listening-port", 0, RESTART, alt_tls_listening_port, 0, 65535, "PORT",
       "one more port for them; 0: none; default 0"),
FLAG("no-tls", 0, RESTART, no_tls, "no TLS for clients"),
FLAG("no-dtls", 0, RESTART, no_dtls, "no DTLS for clients"),
{ .name = "dtls", .when = RESTART, .set = option_set_dtls, TARGET(no_dtls),
  .doc = "DTLS for clients: so unless no-dtls is given; off is the same as no-dtls" },
PATH("CA-file", NOW, ca_file,
     "clients must have a certificate of an authority in this file; default: they need none"),
STRING("cipher-list", 0, NOW, cipher_list, 4095, "CIPHERS",
       "ciphers allowed, as openssl ciphers takes them, and those of TLS 1.3 by name; default: OpenSSL's"),
STRING("ec-curve-name", 0, NOW, ec_curve_name, 255, "CURVE[:CURVE]",
       "curves allowed; default: OpenSSL's"),
PATH("dh-file", NOW, dh_file, "Diffie-Hellman parameters in PEM form; default: fitting the private key"),
FULFILLED("dh2066", "parameters of 2048 bits or more: always so"),
UNSAFE("dh566", "so short a key is not secure: one fitting the private key is used"),
UNSAFE("dh1066", "so short a key is not secure: one fitting the private key is used"),
FLAG("tlsv1", 0, NOW, tlsv1, "allow TLS 1.0, and DTLS 1.0: not secure"),
FLAG_OFF("no-tlsv1", NOW, tlsv1, "do not; the default"),
FLAG("tlsv1_1", 0, NOW, tlsv1_1, "allow TLS 1.1, and DTLS 1.0: not secure"),
FLAG_OFF("no-tlsv1_1", NOW, tlsv1_1, "do not; the default"),
FLAG("no-tlsv1_2", 0, NOW, no_tlsv1_2, "no TLS 1.2 and no DTLS 1.2"),

HEADING("Credentials"),
FLAG("lt-cred-mech", 'a', NOW, lt_cred_mech, "long-term credentials (RFC 8489 section 9.2)"),
FLAG("no-auth", 'z', NOW, no_auth, "serve everybody"),
{ .name = "user", .letter = 'u', .when = NOW, .value = OPTION_VALUE, .secret = true,
  .set = option_set_user, TARGET(users), .hint = "NAME:PASSWORD",
  .doc = "a user, with a password or with 0x and the MD5 key of it; may be repeated" },
STRING("realm", 'r', NOW, realm, TURN_REALM_MAX, "NAME", "the realm; default: the host's name"),
FLAG("use-auth-secret", 0, NOW, use_auth_secret,
     "credentials with a time stamp, made by a web server (TURN REST)"),
{ .name = "static-auth-secret", .when = NOW, .value = OPTION_VALUE, .secret = true,
  .set = option_set_secret, TARGET(auth_secrets), .hint = "SECRET",
  .doc = "the secret they are made with; several are all valid" },
STRING("rest-api-separator", 'C', NOW, rest_api_separator, 1, "CHARACTER",
       "between time stamp and name in them; default :"),
FLAG("oauth", 0, NOW, oauth, "access tokens of an authorization server (RFC 7635)"),
STRING("server-name", 0, NOW, server_name, TURN_DOMAIN_MAX, "NAME",
       "this server's name, for which tokens are made; default: the realm"),
{ .name = "oauth-key", .when = NOW, .value = OPTION_VALUE, .secret = true,
  .set = option_set_oauth_key, TARGET(oauth_keys), .hint = "ID:KEY[:ALGORITHM]",
  .doc = "a key shared with the authorization server, in base64; A256GCM (the default) or A128GCM; may be repeated; those of a user database count, too" },
{ .name = "stale-nonce", .when = NOW, .value = OPTION_VALUE_MAYBE,
  .set = option_set_stale_nonce, TARGET(stale_nonce), .max = 86400,
  .hint = "SECONDS", .doc = "life of a nonce; 0: as long as the server runs; default 600" },
FLAG("no-password-algorithms", 0, NOW, no_password_algorithms,
     "challenge as RFC 5389 has it, without SHA-256 and USERHASH: for clients that stumble over them"),
FLAG("check-origin-consistency", 0, NOW, check_origin,
     "refuse requests whose ORIGIN belongs to another realm than the one they are in"),
FLAG("unauthorized-ratelimit", 0, NOW, unauthorized_ratelimit,
     "limit the errors sent to a source that has shown no key, over UDP, TCP, TLS and DTLS together: against reflection and guessing"),
NUMBER("unauthorized-ratelimit-rps", 0, NOW, unauthorized_rps, 1, 1000000, "COUNT",
       "so many a second; default 10"),
FLAG("secure-stun", 0, NOW, secure_stun, "ask for credentials even in Binding requests"),
NUMBER("user-quota", 'q', NOW, user_quota, 0, UINT32_MAX, "COUNT",
       "allocations a user may have at a time; 0: any number; default 0"),
NUMBER("total-quota", 'Q', NOW, total_quota, 0, UINT32_MAX, "COUNT",
       "allocations at a time; 0: any number; default 0"),
NUMBER("source-quota", 0, NOW, source_quota, 0, UINT32_MAX, "COUNT",
       "allocations that clients of one IPv4 address or IPv6 /64 may have at a time; 0: any number; default 0"),
RATE("max-bps", 's', NOW, max_bps,
     "bytes per second of an allocation, to peers and to the client each; 0: any number; default 0"),
RATE("bps-capacity", 'B', NOW, bps_capacity,
     "bytes per second of all allocations together, to peers and to clients each; 0: any number; default 0"),

HEADING("User database, as coturn has it"),
{ .name = "userdb", .letter = 'b', .value = OPTION_VALUE,
  .when = RESTART, TARGET(userdb), .set = option_set_userdb, .hint = "PATH",
  .doc = "SQLite file with users, secrets and realms; if PATH is empty " USERDB_SQLITE_DEFAULT },
{ .name = "db", .value = OPTION_VALUE, .when = RESTART, TARGET(userdb),
  .set = option_set_userdb,
  .hint = "PATH", .doc = "the same as userdb" },
{ .name = "psql-userdb", .letter = 'e', .value = OPTION_VALUE, .secret = true,
  .when = RESTART, TARGET(userdb), .set = option_set_psql_userdb, .hint = "WORDS",
  .doc = "PostgreSQL instead: \"host=IP dbname=NAME user=NAME password=TEXT connect_timeout=SECONDS\"" },
{ .name = "redis-userdb", .letter = 'N', .value = OPTION_VALUE, .secret = true,
  .when = RESTART, TARGET(userdb), .set = option_set_redis_userdb, .hint = "WORDS",
  .doc = "Redis instead: \"ip=IP dbname=NUMBER password=TEXT port=PORT connect_timeout=SECONDS\"" },
NUMBER("userdb-cache", 0, RESTART, userdb_cache, 0, 3600, "SECONDS",
       "how long what it says of a user is believed, and that there is none; default 5"),
NUMBER("userdb-poll", 0, RESTART, userdb_poll, 1, 3600, "SECONDS",
       "how often its secrets, origins, realms' options and peer addresses are read; default 10"),
NUMBER("userdb-waiting", 0, RESTART, userdb_waiting, 1, 1000000, "COUNT",
       "requests that may wait for it at a time; default 1024"),

HEADING("News of sessions, as coturn tells them"),
{ .name = "redis-statsdb", .letter = 'O', .value = OPTION_VALUE, .secret = true,
  .when = RESTART, TARGET(statsdb), .set = option_set_statsdb, .hint = "WORDS",
  .doc = "Redis that is told, in the words of redis-userdb: status keys, and messages on turn/realm/*/user/*/allocation/*" },
NUMBER("redis-statsdb-interval", 0, NOW, statsdb_interval, 0, 86400, "SECONDS",
       "how often it is told what a session has carried; 0: only at its end; default 60"),
NUMBER("redis-statsdb-queue", 0, RESTART, statsdb_queue, 16, 10000000, "COUNT",
       "news that may wait for it; more are lost, and counted; default 65536"),

HEADING("Protocol"),
FLAG("fingerprint", 'f', NOW, fingerprint, "FINGERPRINT in all messages"),
FLAG("software-attribute", 0, NOW, software_attribute, "tell name and version; the default"),
FLAG_OFF("no-software-attribute", NOW, software_attribute, "do not"),
FLAG("no-stun", 0, NOW, no_stun, "answer no Binding requests"),
FLAG("stun-only", 'S', NOW, stun_only, "answer nothing but Binding requests"),
FULFILLED("no-stun-backward-compatibility", "no answer to clients of RFC 3489: always so"),
FLAG("rfc5780", 0, RESTART, rfc5780,
     "NAT behaviour discovery over UDP: takes two listening-ip of a family, the first two of which it uses"),
FLAG_OFF("no-rfc5780", RESTART, rfc5780, "do not; the default"),
NUMBER("alt-listening-port", 0, RESTART, alt_listening_port, 0, 65535, "PORT",
       "its other port; 0: the one above listening-port; default 0"),
NUMBER("rfc5780-rps", 0, NOW, rfc5780_rps, 0, 1000000, "COUNT",
       "its answers from another address, to another port or with padding, per second and source; 0: any number; default 10"),
FLAG("response-origin-only-with-rfc5780", 0, NOW, response_origin_only_with_rfc5780,
     "no RESPONSE-ORIGIN in answers to Binding requests without rfc5780"),
FLAG("mobility", 0, NOW, mobility,
     "sessions go on when clients change their addresses (RFC 8016)"),
FLAG("rfc5766-channel-numbers", 0, NOW, rfc5766_channels,
     "accept channel numbers up to 0x7FFF, as old clients use them"),
{ .name = "alternate-server", .when = NOW, .value = OPTION_VALUE,
  .set = option_set_server, TARGET(alternate_server), .min = 3478,
  .hint = "IP[:PORT]",
  .doc = "send clients there (300), to one of each address family in turn; may be repeated" },
{ .name = "tls-alternate-server", .when = NOW, .value = OPTION_VALUE,
  .set = option_set_server, TARGET(tls_alternate_server), .min = 5349,
  .hint = "IP[:PORT]", .doc = "the same for clients of TLS and DTLS" },
STRING("alternate-domain", 0, NOW, alternate_domain, TURN_DOMAIN_MAX, "NAME",
       "name in the certificate of the tls-alternate-servers, if it is another than this server's"),
NUMBER("max-allocate-lifetime", 0, NOW, max_allocate_lifetime, 600, 604800, "SECONDS",
       "longest lifetime of an allocation; default 3600"),
NUMBER("channel-lifetime", 0, NOW, channel_lifetime, 1, 604800, "SECONDS",
       "lifetime of a channel binding; default 600"),
NUMBER("permission-lifetime", 0, NOW, permission_lifetime, 1, 604800, "SECONDS",
       "lifetime of a permission; default 300"),

HEADING("Relaying"),
CHOICE("kernel-relay", 0, NOW, kernel_relay, "auto|off|require",
       "auto: by kturn.ko when it is there, else by kturnd; require: do not start without it; default auto"),
CHOICE("kernel-hook", 0, NOW, kernel_hook, "keep|prerouting|input",
       "where kturn.ko looks at packets: before or after the firewall's INPUT chain; default: as the module is set"),
LIST("xdp-interface", 0, NOW, option_set_xdp, xdp_interface, "DEVICE[,generic]",
     "forward on this device by XDP, before the kernel makes packets of its frames; may be repeated; generic: where its driver has no XDP of its own"),
PATH("xdp-pin", RESTART, xdp_pin,
     "where on a BPF file system what keeps XDP forwarding without kturnd lies; default " CONFIG_DEFAULT_XDP_PIN),
FLAG("xdp-keep", 0, NOW, xdp_keep,
     "leave it there after a stop, too, for the kturnd that starts next"),
NUMBER("relay-threads", 'm', RESTART, relay_threads, 0, CONFIG_MAX_WORKERS, "COUNT",
       "worker threads; 0: one for each CPU; default 0"),
NUMBER("sock-buf-size", 0, RESTART, sock_buf_size, 0, 1 << 30, "BYTES",
       "send and receive buffer of each socket; 0: the system's default"),

HEADING("Daemon"),
{ .name = "log-file", .letter = 'l', .when = NOW, .value = OPTION_VALUE,
  .set = option_set_log_file, TARGET(log_file), .min = 1, .max = 4095,
  .hint = "PATH", .doc = "log to a file too; stdout or -: to standard output; syslog: to syslog" },
FLAG("syslog", 0, NOW, syslog, "log to syslog instead"),
{ .name = "syslog-facility", .when = NOW, .value = OPTION_VALUE, .set = option_set_string,
  TARGET(syslog_facility), .min = 1, .max = 32, .hint = "LOG_NAME",
  .doc = "syslog facility, LOG_DAEMON by default" },
FLAG("no-stdout-log", 0, NOW, no_stdout_log, "do not log to standard output"),
FULFILLED("simple-log", "log to the file by its plain name: always so"),
FULFILLED("new-log-timestamp", "full time stamps in the log: always so"),
FLAG("verbose", 'v', NOW, verbose, "log each session"),
FLAG("Verbose", 'V', NOW, extra_verbose, "log each request"),
CHOICE("log-min-level", 0, NOW, log_min_level, "debug|info|warn|warning|error",
       "leave out what is less important; default debug: leave out nothing"),
FLAG("log-binding", 0, NOW, log_binding, "with verbose, log Binding requests too"),
NUMBER("drain-min-allocations", 0, NOW, drain_min_allocations, 0, UINT32_MAX, "COUNT",
       "a draining server stops when so many allocations are left; default 0"),
FLAG("prometheus", 0, NOW, prometheus, "tell Prometheus what is counted, by HTTP"),
NUMBER("prometheus-port", 0, NOW, prometheus_port, 1, 65535, "PORT",
       "port for that; default 9641"),
LIST("prometheus-address", 0, NOW, option_set_address, prometheus_address, "IP",
     "address for that; default: all addresses of the host"),
STRING("prometheus-path", 0, NOW, prometheus_path, 255, "PATH",
       "path in the URL; default /metrics"),
FLAG("prometheus-username-labels", 0, NOW, prometheus_username_labels,
     "tell how many allocations each user has, for a thousand users at most"),
STRING("pidfile", 0, RESTART, pidfile, 4095, "PATH", "file for the process id"),
STRING("proc-user", 0, RESTART, proc_user, 255, "NAME", "user to become once all is open"),
STRING("proc-group", 0, RESTART, proc_group, 255, "NAME", "group to become"),
STRING("admin-socket", 0, RESTART, admin_socket, 107, "PATH",
       "socket that kturnctl talks to; default " CONFIG_DEFAULT_ADMIN),

HEADING("Not available yet: a warning, then ignored"),
NOT_YET("tcp-proxy-port", 0, OPTION_VALUE, "the PROXY protocol is not available yet"),
NOT_YET("server-relay", 0, OPTION_FLAG, "relaying without permissions is not available"),
NOT_YET("mysql-userdb", 'M', OPTION_VALUE, NO_DATABASE),
NOT_YET("mongo-userdb", 'J', OPTION_VALUE, NO_DATABASE),
NOT_YET("acme-redirect", 0, OPTION_VALUE, "let a web server answer on port 80; kturnd does not speak HTTP to clients"),

HEADING("Without meaning here: a warning, then ignored"),
{ .name = "daemon", .letter = 'o', .state = OPTION_MEANINGLESS,
  .doc = "kturnd stays in the foreground; leave that to the service manager, or to setsid(1)" },
MEANINGLESS("secret-key-file", 0, OPTION_VALUE),
MEANINGLESS("no-loopback-peers", 0, OPTION_FLAG),
MEANINGLESS("no-cli", 0, OPTION_FLAG),
MEANINGLESS("cli-ip", 0, OPTION_VALUE),
MEANINGLESS("cli-port", 0, OPTION_VALUE),
MEANINGLESS("cli-password", 0, OPTION_VALUE),
MEANINGLESS("cli-max-output-sessions", 0, OPTION_VALUE),
MEANINGLESS("web-admin", 0, OPTION_FLAG),
MEANINGLESS("web-admin-ip", 0, OPTION_VALUE),
MEANINGLESS("web-admin-port", 0, OPTION_VALUE),
MEANINGLESS("web-admin-listen-on-workers", 0, OPTION_FLAG),
MEANINGLESS("no-auth-pings", 0, OPTION_FLAG),
MEANINGLESS("no-dynamic-ip-list", 0, OPTION_FLAG),
MEANINGLESS("no-dynamic-realms", 0, OPTION_FLAG),
MEANINGLESS("new-log-timestamp-format", 0, OPTION_VALUE),
MEANINGLESS("udp-self-balance", 0, OPTION_FLAG),
{ .name = "ne", .value = OPTION_VALUE, .state = OPTION_MEANINGLESS,
  .doc = "there is one kind of network engine here; relay-threads sets its threads" },
MEANINGLESS("udp-recvmmsg", 0, OPTION_FLAG),
MEANINGLESS("udp-gso", 0, OPTION_FLAG),
MEANINGLESS("multiplex-peer", 0, OPTION_FLAG),
};

const size_t options_count = sizeof(options) / sizeof(options[0]);

_Static_assert(sizeof(options) / sizeof(options[0]) <= OPTION_MAX,
	       "struct option_reader remembers OPTION_MAX options");

const struct option *option_find(const char *name)
{
	for (size_t i = 0; i < options_count; i++)
		if (options[i].name && strcmp(options[i].name, name) == 0)
			return &options[i];
	return NULL;
}

const struct option *option_find_letter(char letter)
{
	for (size_t i = 0; letter && i < options_count; i++)
		if (options[i].letter == letter)
			return &options[i];
	return NULL;
}

static void warn_once(struct option_reader *reader, const struct option *opt,
		      const struct report_place *place)
{
	bool *warned = &reader->warned[opt - options];

	if (!*warned)
		report_warning(reader->report, place, "%s: ignored: %s",
			       opt->name, opt->doc);
	*warned = true;
}

static void set(struct option_reader *reader, const struct option *opt,
		const char *value, const struct report_place *place)
{
	char why[OPTION_WHY_LEN];

	if (!value && opt->value == OPTION_VALUE) {
		report_error(reader->report, place,
			     "%s: has no value; give %s=%s", opt->name,
			     opt->name, opt->hint);
		return;
	}
	if (!opt->set(reader->cfg, opt, value, why))
		return;
	if (opt->secret || !value)
		report_error(reader->report, place, "%s: the value %s",
			     opt->name, why);
	else
		report_error(reader->report, place, "%s: '%s' %s", opt->name,
			     value, why);
}

void option_apply(struct option_reader *reader, const struct option *opt,
		  const char *value, const struct report_place *place)
{
	switch (opt->state) {
	case OPTION_ACTIVE:
		set(reader, opt, value, place);
		break;
	case OPTION_NOT_YET:
	case OPTION_MEANINGLESS:
		warn_once(reader, opt, place);
		break;
	case OPTION_FULFILLED:
		break;
	}
}

/* Can @a be made @b by changing, adding or leaving out one character? */
static bool nearly(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (*a && *b && strcmp(a + 1, b + 1) == 0) ||
	       (*a && strcmp(a + 1, b) == 0) ||
	       (*b && strcmp(a, b + 1) == 0);
}

const struct option *option_suggest(const char *name)
{
	char dashed[64];
	size_t i;

	snprintf(dashed, sizeof(dashed), "%s", name);
	for (i = 0; dashed[i]; i++)
		if (dashed[i] == '_')
			dashed[i] = '-';
	for (i = 0; i < options_count; i++)
		if (options[i].name &&
		    (strcasecmp(options[i].name, dashed) == 0 ||
		     nearly(options[i].name, dashed)))
			return &options[i];
	return NULL;
}

// SPDX-License-Identifier: BSD-3-Clause
/*
 * Do the options go together? Runs once all of them are known, so its findings
 * belong to no line.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kturnd/config.h"

#define HOST_NAME_LEN 256

static void check_ways_in(const struct kturnd_config *cfg,
			  struct report *report)
{
	if (cfg->no_udp && cfg->no_tcp && !config_has_tls(cfg) &&
	    !config_has_dtls(cfg))
		report_error(report, NULL,
			     "no-udp and no-tcp: no client could reach the server; remove one, or add cert and pkey for TLS and DTLS");
	if (cfg->no_udp_relay && cfg->no_tcp_relay && !cfg->stun_only)
		report_error(report, NULL,
			     "no-udp-relay and no-tcp-relay: nothing could be relayed; remove one, or add stun-only");
	if (cfg->no_stun && cfg->stun_only)
		report_error(report, NULL,
			     "no-stun and stun-only exclude each other; remove one");
	if (cfg->min_port > cfg->max_port)
		report_error(report, NULL,
			     "min-port %u is above max-port %u; exchange them",
			     cfg->min_port, cfg->max_port);
	/* RFC 8656, section 7.2 */
	if (cfg->min_port < 1024)
		report_warning(report, NULL,
			       "min-port %u: peers may take a client for one of this host's services; begin at 1024 or above",
			       cfg->min_port);
}

/* Asked for TLS or DTLS, in any way but by a certificate? */
static const char *asks_for_tls(const struct kturnd_config *cfg)
{
	return cfg->dtls ? "dtls" :
	       cfg->alt_tls_listening_port ? "alt-tls-listening-port" :
	       cfg->ca_file ? "CA-file" : NULL;
}

static void check_tls_versions(struct kturnd_config *cfg,
			       struct report *report)
{
	bool old = cfg->tlsv1 || cfg->tlsv1_1;

	if (old)
		report_warning(report, NULL,
			       "%s: versions before 1.2 are not secure, and weak keys and ciphers are allowed for their sake",
			       cfg->tlsv1 ? "tlsv1" : "tlsv1_1");
	if (!cfg->no_tlsv1_2 || old || cfg->no_dtls)
		return;
	report_warning(report, NULL,
		       "no-tlsv1_2: no version is left for DTLS, which is off therefore");
	cfg->no_dtls = true;
}

static void check_tls(struct kturnd_config *cfg, struct report *report)
{
	if (cfg->no_tls && cfg->no_dtls)
		return;
	if (!cfg->cert != !cfg->pkey)
		report_error(report, NULL,
			     "%s: without %s there is no TLS; add it, or say no-tls and no-dtls",
			     cfg->cert ? "cert" : "pkey",
			     cfg->cert ? "pkey" : "cert");
	else if (cfg->cert)
		check_tls_versions(cfg, report);
	else if (asks_for_tls(cfg))
		report_warning(report, NULL,
			       "%s: without cert and pkey TLS and DTLS are off; add them",
			       asks_for_tls(cfg));
}

static bool is_wildcard(const struct transport_addr *addr)
{
	static const uint8_t zero[16];

	return memcmp(addr->ip, zero, sizeof(zero)) == 0;
}

static void check_relay_addresses(const struct kturnd_config *cfg,
				  struct report *report)
{
	const struct config_externals *ext = &cfg->external_ip;

	for (size_t i = 0; i < cfg->relay_ip.n; i++)
		if (is_wildcard(&cfg->relay_ip.v[i]))
			report_error(report, NULL,
				     "relay-ip: a wildcard address cannot be told to clients; name an address of this host, or leave relay-ip out to use all of them");
	if (cfg->relay_device && !cfg->relay_ip.n)
		report_error(report, NULL,
			     "relay-device: peers reach only addresses of %s; name them by relay-ip",
			     cfg->relay_device);
	for (size_t i = 0; i < ext->n; i++)
		for (size_t j = 0; j < i; j++)
			if (ext->v[i].public_ip.family == ext->v[j].public_ip.family &&
			    (!ext->v[i].private_ip.family || !ext->v[j].private_ip.family))
				report_error(report, NULL,
					     "external-ip: with several of one address family each needs the form PUBLIC/PRIVATE");
}

static size_t count_family(const struct config_addrs *list, int family)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++)
		n += list->v[i].family == family && !is_wildcard(&list->v[i]);
	return n;
}

static void check_discovery(const struct kturnd_config *cfg,
			    struct report *report)
{
	uint32_t alt = cfg->alt_listening_port ?: cfg->listening_port + 1;

	if (!cfg->rfc5780)
		return;
	if (alt > UINT16_MAX || alt == cfg->listening_port)
		report_error(report, NULL,
			     "rfc5780 needs a second port; give alt-listening-port, other than listening-port");
	if (cfg->no_stun)
		report_warning(report, NULL,
			       "rfc5780 has no effect with no-stun");
	if (count_family(&cfg->listening_ip, AF_INET) < 2 &&
	    count_family(&cfg->listening_ip, AF_INET6) < 2)
		report_warning(report, NULL,
			       "rfc5780 has no second address to answer from, so clients cannot learn how NATs filter and map; give two listening-ip of a family");
}

/*
 * Under use-auth-secret coturn asks its database for secrets only. Where users
 * are meant too, lt-cred-mech says so.
 */
static void infer_userdb(struct kturnd_config *cfg)
{
	if (!cfg->userdb.where || cfg->no_auth)
		return;
	cfg->userdb_secrets = cfg->use_auth_secret || cfg->auth_secrets.n;
	cfg->userdb_users = cfg->lt_cred_mech || cfg->users.n ||
			    !cfg->userdb_secrets;
	cfg->lt_cred_mech = true;
}

/*
 * As coturn does it: users mean lt-cred-mech, secrets mean use-auth-secret,
 * and where nothing is said about credentials everybody is served.
 */
static void infer_credentials(struct kturnd_config *cfg)
{
	if (cfg->auth_secrets.n)
		cfg->use_auth_secret = true;
	if (cfg->use_auth_secret || cfg->oauth || (cfg->users.n && !cfg->no_auth))
		cfg->lt_cred_mech = true;
}

static void default_realm(struct kturnd_config *cfg, struct report *report)
{
	char host[HOST_NAME_LEN] = "";

	if (gethostname(host, sizeof(host) - 1) || !host[0])
		strcpy(host, "kturn");
	cfg->realm = strdup(host);
	if (!cfg->realm)
		report_error(report, NULL, "out of memory");
	else
		report_warning(report, NULL,
			       "no realm is set; using the host's name, '%s'",
			       host);
}

/* Could anybody log in? Who is in a database shows when it is asked. */
static void check_somebody(const struct kturnd_config *cfg,
			   struct report *report)
{
	if (cfg->userdb.where)
		return;
	if (cfg->use_auth_secret && !cfg->auth_secrets.n)
		report_error(report, NULL,
			     "use-auth-secret: no secret is known; add static-auth-secret=SECRET");
	else if (cfg->lt_cred_mech && !cfg->users.n && !cfg->auth_secrets.n &&
		 !cfg->oauth)
		report_error(report, NULL,
			     "lt-cred-mech: nobody could log in; add user=NAME:PASSWORD, static-auth-secret=SECRET or a userdb");
}

static void check_credentials(struct kturnd_config *cfg, struct report *report)
{
	bool asked = cfg->lt_cred_mech || cfg->use_auth_secret ||
		     cfg->auth_secrets.n || cfg->oauth;

	if (cfg->no_auth && asked) {
		report_error(report, NULL,
			     "no-auth excludes lt-cred-mech and use-auth-secret; remove one side");
		return;
	}
	infer_userdb(cfg);
	infer_credentials(cfg);
	check_somebody(cfg, report);
	if (!cfg->lt_cred_mech && !cfg->stun_only)
		report_warning(report, NULL,
			       "anybody may use this server as a relay: no user and no secret is set%s",
			       cfg->no_auth ? " (no-auth)" : "; if that is meant, say no-auth");
	if (cfg->lt_cred_mech && !cfg->realm)
		default_realm(cfg, report);
}

static void check_alternates(const struct kturnd_config *cfg,
			     struct report *report)
{
	if ((cfg->alternate_server.n || cfg->tls_alternate_server.n) &&
	    !cfg->lt_cred_mech)
		report_warning(report, NULL,
			       "alternate-server, tls-alternate-server: no effect without credentials, for clients could not tell who sends them there");
}

/* XDP is a door to what the module does at PRE_ROUTING. */
static void check_xdp(const struct kturnd_config *cfg, struct report *report)
{
	if (cfg->xdp_pin && cfg->xdp_pin[0] != '/')
		report_error(report, NULL,
			     "xdp-pin: '%s' is not an absolute path; give one on a BPF file system, such as "
			     CONFIG_DEFAULT_XDP_PIN, cfg->xdp_pin);
	if (!cfg->xdp_interface.n) {
		if (cfg->xdp_keep)
			report_warning(report, NULL,
				       "xdp-keep has no effect without xdp-interface");
		return;
	}
	if (cfg->kernel_relay == KERNEL_RELAY_OFF)
		report_warning(report, NULL,
			       "xdp-interface has no effect with kernel-relay=off");
	if (cfg->kernel_hook == KERNEL_HOOK_INPUT)
		report_warning(report, NULL,
			       "xdp-interface has no effect with kernel-hook=input: XDP would go round the firewall's INPUT chain");
}

static void check_daemon(const struct kturnd_config *cfg,
			 struct report *report)
{
	if (cfg->kernel_relay == KERNEL_RELAY_OFF &&
	    cfg->kernel_hook != KERNEL_HOOK_KEEP)
		report_warning(report, NULL,
			       "kernel-hook has no effect with kernel-relay=off");
	if (cfg->allow_loopback_peers && !cfg->lt_cred_mech)
		report_warning(report, NULL,
			       "allow-loopback-peers without credentials opens this host's own services to everybody");
}

static void check_metrics(const struct kturnd_config *cfg,
			  struct report *report)
{
	const char *path = cfg->prometheus_path;

	if (path && path[0] != '/')
		report_error(report, NULL,
			     "prometheus-path: '%s' does not begin with a slash; give /%s",
			     path, path);
}

void config_check(struct kturnd_config *cfg, struct report *report)
{
	check_tls(cfg, report);
	check_ways_in(cfg, report);
	check_relay_addresses(cfg, report);
	check_discovery(cfg, report);
	check_credentials(cfg, report);
	check_alternates(cfg, report);
	check_daemon(cfg, report);
	check_xdp(cfg, report);
	check_metrics(cfg, report);
}

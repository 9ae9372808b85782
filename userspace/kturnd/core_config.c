// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/core_config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kturnd/oauth_config.h"
#include "version.h"

static const enum turn_default_family families[] = {
	[DEFAULT_FAMILY_IPV4] = TURN_DEFAULT_FAMILY_IPV4,
	[DEFAULT_FAMILY_IPV6] = TURN_DEFAULT_FAMILY_IPV6,
	[DEFAULT_FAMILY_KEEP] = TURN_DEFAULT_FAMILY_KEEP,
};

static void set_values(const struct kturnd_config *cfg,
		       struct turn_config *core)
{
	core->auth = cfg->lt_cred_mech ? TURN_AUTH_LONG_TERM : TURN_AUTH_NONE;
	core->no_password_algorithms = cfg->no_password_algorithms;
	core->check_origin = cfg->check_origin;
	core->secure_stun = cfg->secure_stun;
	core->log_binding = cfg->log_binding;
	core->unauthorized_rate = cfg->unauthorized_ratelimit ?
				  cfg->unauthorized_rps : 0;
	core->response_origin = !cfg->response_origin_only_with_rfc5780;
	core->discovery_rate = cfg->rfc5780_rps;
	core->mobility = cfg->mobility;
	core->no_stun = cfg->no_stun;
	core->stun_only = cfg->stun_only;
	core->no_udp_relay = cfg->no_udp_relay;
	core->no_tcp_relay = cfg->no_tcp_relay;
	core->max_connections = cfg->max_peer_connections;
	core->fingerprint = cfg->fingerprint;
	core->rfc5766_channels = cfg->rfc5766_channels;
	core->default_family = families[cfg->default_family];
	if (cfg->rest_api_separator)
		core->rest_separator = cfg->rest_api_separator[0];
	core->nonce_lifetime = cfg->stale_nonce;
	core->max_lifetime = cfg->max_allocate_lifetime;
	core->permission_lifetime = cfg->permission_lifetime;
	core->channel_lifetime = cfg->channel_lifetime;
	core->user_quota = cfg->user_quota;
	core->total_quota = cfg->total_quota;
	core->source_quota = cfg->source_quota;
	core->max_bps = cfg->max_bps;
	core->bps_capacity = cfg->bps_capacity;
	core->traffic_interval = cfg->statsdb_interval;
	core->peers.no_multicast = cfg->no_multicast_peers;
	core->peers.allow_loopback = cfg->allow_loopback_peers;
	core->peers.own_port_min = (uint16_t)cfg->min_port;
	core->peers.own_port_max = (uint16_t)cfg->max_port;
	if (cfg->default_denied_peers)
		turn_peer_filter_deny_default(&core->peers);
	core->default_denied_remedy =
		"if clients are meant to reach it, allow it by allowed-peer-ip, or all such ranges by no-default-denied-peers";
	if (cfg->alternate_domain)
		snprintf(core->alternate_domain, sizeof(core->alternate_domain),
			 "%s", cfg->alternate_domain);
	if (cfg->software_attribute)
		snprintf(core->software, sizeof(core->software), "kturn-%s",
			 KTURN_VERSION);
}

static const char *explain(int error)
{
	switch (-error) {
	case EEXIST:
		return "is there twice; remove one";
	case EMSGSIZE:
		return "is too long; shorten it";
	case EILSEQ:
		return "has characters that RFC 8265 does not allow, or is not UTF-8; choose another";
	case EOPNOTSUPP:
		return "cannot be added, for OpenSSL has no MD5 here (FIPS mode?)";
	default:
		return strerror(-error);
	}
}

static void add_users(const struct config_users *users,
		      struct turn_config *core, struct report *report)
{
	for (size_t i = 0; i < users->n; i++) {
		const struct config_user *user = &users->v[i];
		int ret = user->password ?
			turn_config_add_user(core, user->name,
					     user->password) :
			turn_config_add_user_key(core, user->name, user->key);

		if (ret)
			report_error(report, NULL, "user: '%s' %s", user->name,
				     explain(ret));
	}
}

static void add_secrets(const struct config_strings *secrets,
			struct turn_config *core, struct report *report)
{
	for (size_t i = 0; i < secrets->n; i++) {
		int ret = turn_config_add_secret(core, secrets->v[i]);

		if (ret)
			report_error(report, NULL,
				     "static-auth-secret: number %zu %s", i + 1,
				     explain(ret));
	}
}

int core_config_add_ranges(const struct kturnd_config *cfg,
			   struct turn_config *core)
{
	const struct config_ranges *denied = &cfg->denied_peer_ip;
	const struct config_ranges *allowed = &cfg->allowed_peer_ip;
	const struct config_ranges *nat64 = &cfg->nat64_prefix;
	int ret = 0;

	for (size_t i = 0; i < denied->n && !ret; i++)
		ret = turn_peer_filter_deny(&core->peers, &denied->v[i].first,
					    &denied->v[i].last);
	for (size_t i = 0; i < allowed->n && !ret; i++)
		ret = turn_peer_filter_allow(&core->peers,
					     &allowed->v[i].first,
					     &allowed->v[i].last);
	for (size_t i = 0; i < nat64->n && !ret; i++)
		ret = turn_peer_filter_add_nat64(&core->peers,
						 &nat64->v[i].first,
						 &nat64->v[i].last);
	return ret;
}

static int add_alternates(const struct config_addrs *from,
			  struct turn_alternates *to)
{
	int ret = 0;

	for (size_t i = 0; i < from->n && !ret; i++)
		ret = turn_alternates_add(to, &from->v[i]);
	return ret;
}

struct turn_config *core_config_make(const struct kturnd_config *cfg,
				     struct report *report)
{
	struct turn_config *core = turn_config_new();
	size_t errors = report->errors;
	int ret;

	if (!core) {
		report_error(report, NULL, "out of memory");
		return NULL;
	}
	set_values(cfg, core);
	ret = cfg->realm ? turn_config_set_realm(core, cfg->realm) : 0;
	if (ret)
		report_error(report, NULL, "realm: '%s' %s", cfg->realm,
			     explain(ret));
	else if (cfg->realm && strlen(cfg->realm) > TURN_REALM_UNAMPLIFIED)
		report_warning(report, NULL,
			       "realm: '%s' has more than %d bytes, so some clients' first requests go unanswered: the answer would be more than three times as long",
			       cfg->realm, TURN_REALM_UNAMPLIFIED);
	add_users(&cfg->users, core, report);
	add_secrets(&cfg->auth_secrets, core, report);
	oauth_config(cfg, core, report);
	ret = core_config_add_ranges(cfg, core);
	if (ret)
		report_error(report, NULL, "denied-peer-ip, allowed-peer-ip, nat64-prefix: %s",
			     strerror(-ret));
	ret = add_alternates(&cfg->alternate_server, &core->alternates);
	if (!ret)
		ret = add_alternates(&cfg->tls_alternate_server,
				     &core->secure_alternates);
	if (ret)
		report_error(report, NULL, "alternate-server: %s",
			     strerror(-ret));
	if (report->errors == errors)
		return core;
	turn_config_put(core);
	return NULL;
}

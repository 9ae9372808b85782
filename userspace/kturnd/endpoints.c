// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/endpoints.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kturnd/discovery.h"
#include "net/listener.h"
#include "net/local_addresses.h"
#include "net/sockaddr.h"
#include "net/stream.h"
#include "net/tcp_listener.h"

#define BY_DATAGRAM	(LISTEN_UDP | LISTEN_DTLS)
#define BY_CONNECTION	(LISTEN_TCP | LISTEN_TLS)

static struct listen_address *find_listen(const struct endpoints *ep,
					  const struct transport_addr *addr)
{
	for (size_t i = 0; i < ep->listen_count; i++)
		if (transport_addr_equal(&ep->listen[i].addr, addr))
			return &ep->listen[i];
	return NULL;
}

/*
 * Listen somewhere, in these ways. Where we do already the ways come together:
 * a second socket of ours would halve the first's share.
 */
static int add_listen(struct endpoints *ep, const struct listen_address *listen)
{
	struct listen_address *v = find_listen(ep, &listen->addr);

	if (!listen->ways)
		return 0;
	if (v) {
		v->ways |= listen->ways;
		return 0;
	}
	v = reallocarray(ep->listen, ep->listen_count + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	ep->listen = v;
	ep->listen[ep->listen_count++] = *listen;
	return 0;
}

/*
 * As with coturn, all ports serve all: what a client speaks is told by its
 * first byte (RFC 7983). Only plain UDP is not on the ports for TLS where there
 * is no DTLS, nor DTLS on the plain port where there is no UDP.
 */
static int add_listen_ports(const struct kturnd_config *cfg,
			    struct endpoints *ep,
			    const struct transport_addr *ip, bool optional)
{
	unsigned int udp = cfg->no_udp ? 0 : LISTEN_UDP;
	unsigned int dtls = config_has_dtls(cfg) ? LISTEN_DTLS : 0;
	unsigned int tls = config_has_tls(cfg) ? LISTEN_TLS : 0;
	unsigned int tcp = cfg->no_tcp ? 0 : LISTEN_TCP;
	struct listen_address plain = {
		.addr = *ip, .optional = optional,
		.ways = udp | (udp ? dtls : 0) | tcp | tls,
	};
	struct listen_address secure = {
		.addr = *ip, .optional = optional,
		.ways = dtls | (dtls ? udp : 0) | tls | (tls ? tcp : 0),
	};
	int ret;

	plain.addr.port = (uint16_t)cfg->listening_port;
	secure.addr.port = (uint16_t)cfg->tls_listening_port;
	ret = add_listen(ep, &plain) ?: add_listen(ep, &secure);
	if (ret || !cfg->alt_tls_listening_port)
		return ret;
	secure.addr.port = (uint16_t)cfg->alt_tls_listening_port;
	return add_listen(ep, &secure);
}

static int resolve_listen(const struct kturnd_config *cfg,
			  struct endpoints *ep)
{
	static const struct transport_addr any4 = { .family = AF_INET };
	static const struct transport_addr any6 = { .family = AF_INET6 };
	int ret = 0;

	if (!cfg->listening_ip.n)
		return add_listen_ports(cfg, ep, &any4, true) ?:
		       add_listen_ports(cfg, ep, &any6, true);
	for (size_t i = 0; i < cfg->listening_ip.n && !ret; i++)
		ret = add_listen_ports(cfg, ep, &cfg->listening_ip.v[i],
				       false);
	return ret;
}

/* As with coturn: more places to come in, for all that is spoken elsewhere. */
static int resolve_auxiliary(const struct kturnd_config *cfg,
			     struct endpoints *ep)
{
	int ret = 0;

	for (size_t i = 0; i < cfg->aux_server.n && !ret; i++) {
		struct listen_address listen = {
			.addr = cfg->aux_server.v[i], .auxiliary = true,
			.ways = (cfg->no_udp ? 0 : LISTEN_UDP) |
				(cfg->no_tcp ? 0 : LISTEN_TCP) |
				(config_has_dtls(cfg) ? LISTEN_DTLS : 0) |
				(config_has_tls(cfg) ? LISTEN_TLS : 0),
		};

		ret = add_listen(ep, &listen);
	}
	return ret;
}

/* The second port of NAT behaviour discovery, where that has two addresses. */
static int resolve_discovery(const struct kturnd_config *cfg,
			     struct endpoints *ep)
{
	struct turn_discovery *discovery = &ep->discovery;
	int ret = 0;

	discovery_fill(cfg, discovery);
	for (int i = 0; i < 4 && !ret; i++) {
		struct listen_address second = {
			.addr = discovery->sites[i / 2].local[i % 2],
			.ways = cfg->no_udp ? 0 : LISTEN_UDP,
		};

		second.addr.port = discovery->ports[1];
		if (second.addr.family && second.ways)
			ret = add_listen(ep, &second);
	}
	return ret;
}

static const char *explain_bind(int error)
{
	switch (-error) {
	case EADDRINUSE:
		return "another program has this port; stop it (ss -lntup shows it), or choose another listening-port, tls-listening-port or aux-server";
	case EADDRNOTAVAIL:
		return "this is no address of this host; name one of its own, and for an address of a NAT before it use external-ip";
	case ENODEV:
		return "there is no such device; name one that ip link shows";
	case EPERM:
		return "keeping to a device takes CAP_NET_RAW; start as root";
	case EACCES:
		return "ports below 1024 are for root; start as root, or with CAP_NET_BIND_SERVICE";
	default:
		return strerror(-error);
	}
}

static int probe_listen(const struct kturnd_config *cfg,
			const struct listen_address *listen)
{
	const char *device = cfg->listening_device;
	int ret = listen->ways & BY_DATAGRAM ?
		  listener_probe(&listen->addr, device) : 0;

	return ret || !(listen->ways & BY_CONNECTION) ?
	       ret : tcp_listener_probe(&listen->addr, device);
}

/* Keep the addresses that can be bound; say what is wrong with the others. */
static void check_listen(const struct kturnd_config *cfg, struct endpoints *ep,
			 struct report *report)
{
	char text[TRANSPORT_ADDR_STRLEN];
	size_t kept = 0;

	for (size_t i = 0; i < ep->listen_count; i++) {
		struct listen_address *listen = &ep->listen[i];
		int ret = probe_listen(cfg, listen);

		if (!ret)
			ep->listen[kept++] = *listen;
		else if (!listen->optional ||
			 (ret != -EAFNOSUPPORT && ret != -EADDRNOTAVAIL))
			report_error(report, NULL,
				     "cannot listen on %s: %s",
				     transport_addr_print(&listen->addr, text),
				     explain_bind(ret));
	}
	ep->listen_count = kept;
	if (!kept && !report->errors)
		report_error(report, NULL,
			     "there is no address to listen on; give listening-ip");
}

struct transport_addr endpoints_public(const struct kturnd_config *cfg,
				       const struct transport_addr *bound)
{
	const struct config_external *ext = cfg->external_ip.v;
	size_t n = cfg->external_ip.n;

	for (size_t i = 0; i < n; i++)
		if (transport_addr_same_ip(&ext[i].private_ip, bound))
			return ext[i].public_ip;
	for (size_t i = 0; i < n; i++)
		if (!ext[i].private_ip.family &&
		    ext[i].public_ip.family == bound->family)
			return ext[i].public_ip;
	return *bound;
}

static int add_relay(const struct kturnd_config *cfg, struct endpoints *ep,
		     const struct transport_addr *ip)
{
	struct relay_addresses *relays = &ep->relays;
	const struct port_range range = {
		.min = (uint16_t)cfg->min_port, .max = (uint16_t)cfg->max_port,
	};
	struct relay_address *v;

	for (size_t i = 0; i < relays->n; i++)
		if (transport_addr_same_ip(&relays->v[i].bound, ip))
			return 0;
	v = reallocarray(relays->v, relays->n + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	relays->v = v;
	v += relays->n;
	v->bound = *ip;
	v->bound.port = 0;
	v->relayed = endpoints_public(cfg, ip);
	v->ports = port_pool_new(range);
	if (!v->ports)
		return -ENOMEM;
	relays->n++;
	return 0;
}

static int add_local_relays(const struct kturnd_config *cfg,
			    struct endpoints *ep, int family)
{
	struct transport_addr *local;
	size_t n;
	int ret = local_addresses(&local, &n);

	if (ret)
		return ret;
	for (size_t i = 0; i < n && !ret; i++)
		if (local[i].family == family)
			ret = add_relay(cfg, ep, &local[i]);
	free(local);
	return ret;
}

/* relay-ip, else the listening addresses; for a wildcard all of the host's. */
static int resolve_relays(const struct kturnd_config *cfg,
			  struct endpoints *ep)
{
	int ret = 0;

	for (size_t i = 0; i < cfg->relay_ip.n && !ret; i++)
		ret = add_relay(cfg, ep, &cfg->relay_ip.v[i]);
	if (cfg->relay_ip.n)
		return ret;
	for (size_t i = 0; i < ep->listen_count && !ret; i++) {
		const struct transport_addr *addr = &ep->listen[i].addr;

		if (ep->listen[i].auxiliary)
			continue;
		ret = net_addr_is_wildcard(addr) ?
			add_local_relays(cfg, ep, addr->family) :
			add_relay(cfg, ep, addr);
	}
	return ret;
}

static void check_relays(const struct kturnd_config *cfg, struct endpoints *ep,
			 struct report *report)
{
	char text[TRANSPORT_ADDR_STRLEN];

	for (size_t i = 0; i < ep->relays.n; i++) {
		const struct transport_addr *bound = &ep->relays.v[i].bound;
		int ret = listener_probe(bound, cfg->relay_device);

		if (ret)
			report_error(report, NULL, "relay-ip: cannot relay on %s: %s",
				     transport_addr_print_ip(bound, text),
				     explain_bind(ret));
	}
	if (!ep->relays.n && !report->errors)
		report_error(report, NULL,
			     "this host has no address to relay on; give relay-ip");
}

void endpoints_resolve(const struct kturnd_config *cfg, struct endpoints *ep,
		       struct report *report)
{
	int ret;

	*ep = (struct endpoints){ 0 };
	ret = resolve_listen(cfg, ep) ?: resolve_auxiliary(cfg, ep) ?:
	      resolve_discovery(cfg, ep);
	if (!ret) {
		check_listen(cfg, ep, report);
		ret = resolve_relays(cfg, ep);
	}
	if (ret)
		report_error(report, NULL, "cannot list addresses: %s",
			     strerror(-ret));
	else
		check_relays(cfg, ep, report);
}

void endpoints_free(struct endpoints *ep)
{
	for (size_t i = 0; i < ep->relays.n; i++)
		port_pool_free(ep->relays.v[i].ports);
	free(ep->relays.v);
	free(ep->listen);
	*ep = (struct endpoints){ 0 };
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attributes: policies, reading, writing. What they mean is written in
 * kturn.yaml.
 */
#include <linux/inetdevice.h>
#include <net/ipv6.h>

#include "nlmsg.h"
#include "version.h"
#include "xdp.h"

static struct netlink_range_validation timeout_range = {
	.min = 1,
	.max = KTURN_TIMEOUT_MAX,
};

static const struct nla_policy endpoint_policy[KTURN_A_ENDPOINT_MAX + 1] = {
	[KTURN_A_ENDPOINT_IPV4] = { .type = NLA_BE32 },
	[KTURN_A_ENDPOINT_IPV6] = NLA_POLICY_EXACT_LEN(sizeof(struct in6_addr)),
	[KTURN_A_ENDPOINT_PORT] = NLA_POLICY_MIN(NLA_BE16, 1),
};

#define POLICY_ENDPOINT	NLA_POLICY_NESTED(endpoint_policy)
#define POLICY_TIMEOUT	NLA_POLICY_FULL_RANGE(NLA_U32, &timeout_range)
#define POLICY_NUMBER							\
	NLA_POLICY_RANGE(NLA_U16, KTURN_CHANNEL_MIN, KTURN_CHANNEL_MAX)
#define POLICY_USERDATA	{ .type = NLA_BINARY, .len = KTURN_USERDATA_MAX }

const struct nla_policy kturn_allocation_new_policy[KTURN_A_ALLOCATION_RELAYED_DEVICE + 1] = {
	[KTURN_A_ALLOCATION_CLIENT] = POLICY_ENDPOINT,
	[KTURN_A_ALLOCATION_SERVER] = POLICY_ENDPOINT,
	[KTURN_A_ALLOCATION_RELAYED_IPV4] = POLICY_ENDPOINT,
	[KTURN_A_ALLOCATION_RELAYED_IPV6] = POLICY_ENDPOINT,
	[KTURN_A_ALLOCATION_TIMEOUT] = POLICY_TIMEOUT,
	[KTURN_A_ALLOCATION_USERDATA] = POLICY_USERDATA,
	[KTURN_A_ALLOCATION_MAX_BPS] = { .type = NLA_U64 },
	[KTURN_A_ALLOCATION_SERVER_DEVICE] = { .type = NLA_U32 },
	[KTURN_A_ALLOCATION_RELAYED_DEVICE] = { .type = NLA_U32 },
};

const struct nla_policy kturn_allocation_set_policy[KTURN_A_ALLOCATION_USERDATA + 1] = {
	[KTURN_A_ALLOCATION_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[KTURN_A_ALLOCATION_CLIENT] = POLICY_ENDPOINT,
	[KTURN_A_ALLOCATION_SERVER] = POLICY_ENDPOINT,
	[KTURN_A_ALLOCATION_TIMEOUT] = POLICY_TIMEOUT,
	[KTURN_A_ALLOCATION_USERDATA] = POLICY_USERDATA,
};

const struct nla_policy kturn_allocation_id_policy[KTURN_A_ALLOCATION_ID + 1] = {
	[KTURN_A_ALLOCATION_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

const struct nla_policy kturn_permission_policy[KTURN_A_PERMISSION_TIMEOUT + 1] = {
	[KTURN_A_PERMISSION_ALLOCATION_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[KTURN_A_PERMISSION_PEER] = POLICY_ENDPOINT,
	[KTURN_A_PERMISSION_TIMEOUT] = POLICY_TIMEOUT,
};

const struct nla_policy kturn_permission_key_policy[KTURN_A_PERMISSION_PEER + 1] = {
	[KTURN_A_PERMISSION_ALLOCATION_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[KTURN_A_PERMISSION_PEER] = POLICY_ENDPOINT,
};

const struct nla_policy kturn_channel_policy[KTURN_A_CHANNEL_TIMEOUT + 1] = {
	[KTURN_A_CHANNEL_ALLOCATION_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[KTURN_A_CHANNEL_NUMBER] = POLICY_NUMBER,
	[KTURN_A_CHANNEL_PEER] = POLICY_ENDPOINT,
	[KTURN_A_CHANNEL_TIMEOUT] = POLICY_TIMEOUT,
};

const struct nla_policy kturn_channel_set_policy[KTURN_A_CHANNEL_TIMEOUT + 1] = {
	[KTURN_A_CHANNEL_ALLOCATION_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[KTURN_A_CHANNEL_NUMBER] = POLICY_NUMBER,
	[KTURN_A_CHANNEL_TIMEOUT] = POLICY_TIMEOUT,
};

const struct nla_policy kturn_channel_key_policy[KTURN_A_CHANNEL_NUMBER + 1] = {
	[KTURN_A_CHANNEL_ALLOCATION_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[KTURN_A_CHANNEL_NUMBER] = POLICY_NUMBER,
};

const struct nla_policy kturn_net_set_policy[KTURN_A_NET_MAX_BPS + 1] = {
	[KTURN_A_NET_HOOK] = NLA_POLICY_MAX(NLA_U32, KTURN_HOOK_INPUT),
	[KTURN_A_NET_MAX_ALLOCATIONS] = { .type = NLA_U32 },
	[KTURN_A_NET_MAX_PERMISSIONS] = { .type = NLA_U32 },
	[KTURN_A_NET_MAX_CHANNELS] = { .type = NLA_U32 },
	[KTURN_A_NET_MAX_BPS] = { .type = NLA_U64 },
};

/* reading */

static int check_ipv4(const struct nlattr *attr, struct kturn_endpoint *ep,
		      struct netlink_ext_ack *extack)
{
	ep->family = AF_INET;
	ep->addr.ip = nla_get_be32(attr);
	if (ipv4_is_zeronet(ep->addr.ip) || ipv4_is_multicast(ep->addr.ip) ||
	    ipv4_is_lbcast(ep->addr.ip)) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "Not a unicast IPv4 address");
		return -EINVAL;
	}
	return 0;
}

static int check_ipv6(const struct nlattr *attr, struct kturn_endpoint *ep,
		      struct netlink_ext_ack *extack)
{
	ep->family = AF_INET6;
	ep->addr.in6 = nla_get_in6_addr(attr);
	if (ipv6_addr_v4mapped(&ep->addr.in6)) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "IPv4-mapped address, give it as ipv4");
		return -EINVAL;
	}
	if (ipv6_addr_any(&ep->addr.in6) || ipv6_addr_is_multicast(&ep->addr.in6)) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "Not a unicast IPv6 address");
		return -EINVAL;
	}
	if (ipv6_addr_type(&ep->addr.in6) & IPV6_ADDR_LINKLOCAL) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "Link-local address, meaningless without an interface");
		return -EINVAL;
	}
	return 0;
}

static int get_endpoint(const struct nlattr *attr, struct kturn_endpoint *ep,
			bool port, struct netlink_ext_ack *extack)
{
	struct nlattr *tb[KTURN_A_ENDPOINT_MAX + 1];
	int err;

	memset(ep, 0, sizeof(*ep));
	/* Validated by the policy of the command, which nests this one. */
	err = nla_parse_nested(tb, KTURN_A_ENDPOINT_MAX, attr, NULL, extack);
	if (err)
		return err;
	if (!tb[KTURN_A_ENDPOINT_IPV4] == !tb[KTURN_A_ENDPOINT_IPV6]) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "Give either ipv4 or ipv6 in an endpoint");
		return -EINVAL;
	}
	if (port && NL_REQ_ATTR_CHECK(extack, attr, tb, KTURN_A_ENDPOINT_PORT)) {
		NL_SET_ERR_MSG(extack, "Endpoint lacks a port");
		return -EINVAL;
	}
	if (!port && tb[KTURN_A_ENDPOINT_PORT]) {
		NL_SET_ERR_MSG_ATTR(extack, tb[KTURN_A_ENDPOINT_PORT],
				    "Permissions are for addresses, without a port");
		return -EINVAL;
	}
	if (port)
		ep->port = nla_get_be16(tb[KTURN_A_ENDPOINT_PORT]);
	if (tb[KTURN_A_ENDPOINT_IPV4])
		return check_ipv4(tb[KTURN_A_ENDPOINT_IPV4], ep, extack);
	return check_ipv6(tb[KTURN_A_ENDPOINT_IPV6], ep, extack);
}

/**
 * kturn_get_endpoint() - read a transport address
 * @attr: nest of the endpoint set
 * @ep: where to
 * @extack: for a refusal
 *
 * Return: 0 or -EINVAL
 */
int kturn_get_endpoint(const struct nlattr *attr, struct kturn_endpoint *ep,
		       struct netlink_ext_ack *extack)
{
	return get_endpoint(attr, ep, true, extack);
}

/**
 * kturn_get_address() - read an IP address
 * @attr: nest of the endpoint set
 * @ep: where to; its port is 0
 * @extack: for a refusal
 *
 * Return: 0 or -EINVAL
 */
int kturn_get_address(const struct nlattr *attr, struct kturn_endpoint *ep,
		      struct netlink_ext_ack *extack)
{
	return get_endpoint(attr, ep, false, extack);
}

/* writing; all return 0 or -EMSGSIZE */

static int put_endpoint(struct sk_buff *msg, int type,
			const struct kturn_endpoint *ep)
{
	struct nlattr *nest;
	int err;

	if (!ep->family)
		return 0;
	nest = nla_nest_start(msg, type);
	if (!nest)
		return -EMSGSIZE;
	if (ep->family == AF_INET)
		err = nla_put_in_addr(msg, KTURN_A_ENDPOINT_IPV4, ep->addr.ip);
	else
		err = nla_put_in6_addr(msg, KTURN_A_ENDPOINT_IPV6,
				       &ep->addr.in6);
	if (!err && ep->port)
		err = nla_put_be16(msg, KTURN_A_ENDPOINT_PORT, ep->port);
	nla_nest_end(msg, nest);
	return err;
}

static int put_flow(struct sk_buff *msg, int type,
		    const struct kturn_flow_stats *flow)
{
	struct nlattr *nest = nla_nest_start(msg, type);
	int err;

	if (!nest)
		return -EMSGSIZE;
	err = nla_put_u64_64bit(msg, KTURN_A_FLOW_PACKETS, flow->packets,
				KTURN_A_FLOW_PAD);
	if (!err)
		err = nla_put_u64_64bit(msg, KTURN_A_FLOW_BYTES, flow->bytes,
					KTURN_A_FLOW_PAD);
	nla_nest_end(msg, nest);
	return err;
}

/* What is left until a deadline, in milliseconds. */
static int put_ifindex(struct sk_buff *msg, int type, int ifindex)
{
	return ifindex ? nla_put_u32(msg, type, ifindex) : 0;
}

static int put_timeout(struct sk_buff *msg, int type,
		       const struct kturn_due *due)
{
	long left = due->expires - jiffies;

	return nla_put_u32(msg, type, left > 0 ? jiffies_to_msecs(left) : 0);
}

int kturn_put_allocation_key(struct sk_buff *msg,
			     const struct kturn_allocation *a)
{
	struct kturn_flow_stats flow[KTURN_DIRS];

	kturn_allocation_stats(a, flow);
	if (nla_put_u32(msg, KTURN_A_ALLOCATION_ID, a->id) ||
	    put_endpoint(msg, KTURN_A_ALLOCATION_CLIENT, &a->client->tuple.client) ||
	    put_endpoint(msg, KTURN_A_ALLOCATION_SERVER, &a->client->tuple.server) ||
	    put_endpoint(msg, KTURN_A_ALLOCATION_RELAYED_IPV4,
			 &a->relayed[KTURN_IPV4].endpoint) ||
	    put_endpoint(msg, KTURN_A_ALLOCATION_RELAYED_IPV6,
			 &a->relayed[KTURN_IPV6].endpoint) ||
	    (a->userdata_len &&
	     nla_put(msg, KTURN_A_ALLOCATION_USERDATA, a->userdata_len,
		     a->userdata)) ||
	    put_flow(msg, KTURN_A_ALLOCATION_TO_PEER, &flow[KTURN_TO_PEER]) ||
	    put_flow(msg, KTURN_A_ALLOCATION_TO_CLIENT, &flow[KTURN_TO_CLIENT]))
		return -EMSGSIZE;
	return 0;
}

int kturn_put_allocation(struct sk_buff *msg, const struct kturn_allocation *a)
{
	if (kturn_put_allocation_key(msg, a) ||
	    put_timeout(msg, KTURN_A_ALLOCATION_TIMEOUT, &a->due) ||
	    nla_put_u32(msg, KTURN_A_ALLOCATION_CHANNELS, a->n_channels) ||
	    nla_put_u32(msg, KTURN_A_ALLOCATION_PERMISSIONS,
			a->n_permissions) ||
	    put_ifindex(msg, KTURN_A_ALLOCATION_SERVER_DEVICE,
			a->device[KTURN_TO_PEER]) ||
	    put_ifindex(msg, KTURN_A_ALLOCATION_RELAYED_DEVICE,
			a->device[KTURN_TO_CLIENT]) ||
	    (a->max_bps &&
	     nla_put_u64_64bit(msg, KTURN_A_ALLOCATION_MAX_BPS, a->max_bps,
			       KTURN_A_ALLOCATION_PAD)))
		return -EMSGSIZE;
	return 0;
}

int kturn_put_permission_key(struct sk_buff *msg,
			     const struct kturn_permission *p)
{
	struct kturn_endpoint peer = {
		.addr = p->key.addr,
		.family = p->key.family,
	};

	if (nla_put_u32(msg, KTURN_A_PERMISSION_ALLOCATION_ID,
			p->key.allocation) ||
	    put_endpoint(msg, KTURN_A_PERMISSION_PEER, &peer))
		return -EMSGSIZE;
	return 0;
}

int kturn_put_permission(struct sk_buff *msg, const struct kturn_permission *p)
{
	if (kturn_put_permission_key(msg, p) ||
	    put_timeout(msg, KTURN_A_PERMISSION_TIMEOUT, &p->due))
		return -EMSGSIZE;
	return 0;
}

int kturn_put_channel_key(struct sk_buff *msg, struct kturn_channel *c)
{
	struct kturn_flow_stats flow[KTURN_DIRS] = {};

	kturn_channel_stats(c, flow);
	if (nla_put_u32(msg, KTURN_A_CHANNEL_ALLOCATION_ID,
			c->allocation->id) ||
	    nla_put_u16(msg, KTURN_A_CHANNEL_NUMBER, c->number) ||
	    put_endpoint(msg, KTURN_A_CHANNEL_PEER, &c->peer) ||
	    put_flow(msg, KTURN_A_CHANNEL_TO_PEER, &flow[KTURN_TO_PEER]) ||
	    put_flow(msg, KTURN_A_CHANNEL_TO_CLIENT, &flow[KTURN_TO_CLIENT]))
		return -EMSGSIZE;
	return 0;
}

int kturn_put_channel(struct sk_buff *msg, struct kturn_channel *c)
{
	if (kturn_put_channel_key(msg, c) ||
	    put_timeout(msg, KTURN_A_CHANNEL_TIMEOUT, &c->due))
		return -EMSGSIZE;
	return 0;
}

int kturn_put_net(struct sk_buff *msg, const struct kturn_net *kn)
{
	if (nla_put_string(msg, KTURN_A_NET_MODULE_VERSION, KTURN_VERSION) ||
	    nla_put_u32(msg, KTURN_A_NET_HOOK, kn->hook) ||
	    nla_put_u32(msg, KTURN_A_NET_MAX_ALLOCATIONS,
			kn->max_allocations) ||
	    nla_put_u32(msg, KTURN_A_NET_MAX_PERMISSIONS,
			kn->max_permissions) ||
	    nla_put_u32(msg, KTURN_A_NET_MAX_CHANNELS, kn->max_channels) ||
	    nla_put_u32(msg, KTURN_A_NET_ALLOCATIONS, kn->n_allocations) ||
	    nla_put_u32(msg, KTURN_A_NET_PERMISSIONS, kn->n_permissions) ||
	    nla_put_u32(msg, KTURN_A_NET_CHANNELS, kn->n_channels) ||
	    nla_put_u64_64bit(msg, KTURN_A_NET_MAX_BPS, kn->max_bps,
			      KTURN_A_NET_PAD) ||
	    (kturn_xdp_available() && nla_put_flag(msg, KTURN_A_NET_XDP)))
		return -EMSGSIZE;
	return 0;
}

/* Counters by reason: attribute numbers are the indices. */
static int put_reasons(struct sk_buff *msg, int type, const u64 *counts,
		       int first, int last, int pad)
{
	struct nlattr *nest = nla_nest_start(msg, type);
	int i;

	if (!nest)
		return -EMSGSIZE;
	for (i = first; i <= last; i++)
		if (nla_put_u64_64bit(msg, i, counts[i], pad))
			return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int put_xdp(struct sk_buff *msg, int type, const struct kturn_stats *sum)
{
	struct nlattr *nest = nla_nest_start(msg, type);

	if (!nest ||
	    nla_put_u64_64bit(msg, KTURN_A_XDP_FORWARDED, sum->xdp_forwarded,
			      KTURN_A_XDP_PAD) ||
	    nla_put_u64_64bit(msg, KTURN_A_XDP_DROPPED, sum->xdp_dropped,
			      KTURN_A_XDP_PAD) ||
	    put_reasons(msg, KTURN_A_XDP_PASSED, sum->xdp_passed,
			KTURN_A_XDP_PASSED_PAD + 1, KTURN_A_XDP_PASSED_MAX,
			KTURN_A_XDP_PASSED_PAD))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

int kturn_put_stats(struct sk_buff *msg, const struct kturn_net *kn)
{
	struct kturn_stats sum;

	kturn_stats_sum(kn->stats, &sum);
	if (nla_put_u64_64bit(msg, KTURN_A_STATS_RECEIVED, sum.received,
			      KTURN_A_STATS_PAD) ||
	    nla_put_u64_64bit(msg, KTURN_A_STATS_HAIRPIN, sum.hairpin,
			      KTURN_A_STATS_PAD) ||
	    put_flow(msg, KTURN_A_STATS_TO_PEER, &sum.flow[KTURN_TO_PEER]) ||
	    put_flow(msg, KTURN_A_STATS_TO_CLIENT,
		     &sum.flow[KTURN_TO_CLIENT]) ||
	    put_reasons(msg, KTURN_A_STATS_PASSED, sum.passed,
			KTURN_A_PASSED_PAD + 1, KTURN_A_PASSED_MAX,
			KTURN_A_PASSED_PAD) ||
	    put_reasons(msg, KTURN_A_STATS_DROPPED, sum.dropped,
			KTURN_A_DROPPED_PAD + 1, KTURN_A_DROPPED_MAX,
			KTURN_A_DROPPED_PAD) ||
	    put_xdp(msg, KTURN_A_STATS_XDP, &sum))
		return -EMSGSIZE;
	return 0;
}

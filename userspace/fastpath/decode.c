// SPDX-License-Identifier: BSD-3-Clause
/* Answers and notifications of the module. */
#include <netinet/in.h>
#include <string.h>

#include "fastpath/internal.h"

static const struct nla_policy endpoint_policy[KTURN_A_ENDPOINT_MAX + 1] = {
	[KTURN_A_ENDPOINT_IPV4] = { .type = NLA_U32 },
	[KTURN_A_ENDPOINT_IPV6] = { .minlen = 16 },
	[KTURN_A_ENDPOINT_PORT] = { .type = NLA_U16 },
};

static const struct nla_policy flow_policy[KTURN_A_FLOW_MAX + 1] = {
	[KTURN_A_FLOW_PACKETS] = { .type = NLA_U64 },
	[KTURN_A_FLOW_BYTES] = { .type = NLA_U64 },
};

static const struct nla_policy allocation_policy[KTURN_A_ALLOCATION_MAX + 1] = {
	[KTURN_A_ALLOCATION_ID] = { .type = NLA_U32 },
	[KTURN_A_ALLOCATION_CLIENT] = { .type = NLA_NESTED },
	[KTURN_A_ALLOCATION_SERVER] = { .type = NLA_NESTED },
	[KTURN_A_ALLOCATION_RELAYED_IPV4] = { .type = NLA_NESTED },
	[KTURN_A_ALLOCATION_RELAYED_IPV6] = { .type = NLA_NESTED },
	[KTURN_A_ALLOCATION_TIMEOUT] = { .type = NLA_U32 },
	[KTURN_A_ALLOCATION_TO_PEER] = { .type = NLA_NESTED },
	[KTURN_A_ALLOCATION_TO_CLIENT] = { .type = NLA_NESTED },
	[KTURN_A_ALLOCATION_CHANNELS] = { .type = NLA_U32 },
	[KTURN_A_ALLOCATION_PERMISSIONS] = { .type = NLA_U32 },
	[KTURN_A_ALLOCATION_DEL_REASON] = { .type = NLA_U32 },
	[KTURN_A_ALLOCATION_MAX_BPS] = { .type = NLA_U64 },
	[KTURN_A_ALLOCATION_SERVER_DEVICE] = { .type = NLA_U32 },
	[KTURN_A_ALLOCATION_RELAYED_DEVICE] = { .type = NLA_U32 },
};

static const struct nla_policy permission_policy[KTURN_A_PERMISSION_MAX + 1] = {
	[KTURN_A_PERMISSION_ALLOCATION_ID] = { .type = NLA_U32 },
	[KTURN_A_PERMISSION_PEER] = { .type = NLA_NESTED },
	[KTURN_A_PERMISSION_TIMEOUT] = { .type = NLA_U32 },
	[KTURN_A_PERMISSION_DEL_REASON] = { .type = NLA_U32 },
};

static const struct nla_policy channel_policy[KTURN_A_CHANNEL_MAX + 1] = {
	[KTURN_A_CHANNEL_ALLOCATION_ID] = { .type = NLA_U32 },
	[KTURN_A_CHANNEL_NUMBER] = { .type = NLA_U16 },
	[KTURN_A_CHANNEL_PEER] = { .type = NLA_NESTED },
	[KTURN_A_CHANNEL_TIMEOUT] = { .type = NLA_U32 },
	[KTURN_A_CHANNEL_TO_PEER] = { .type = NLA_NESTED },
	[KTURN_A_CHANNEL_TO_CLIENT] = { .type = NLA_NESTED },
	[KTURN_A_CHANNEL_DEL_REASON] = { .type = NLA_U32 },
};

static const struct nla_policy net_policy[KTURN_A_NET_MAX + 1] = {
	[KTURN_A_NET_MODULE_VERSION] = { .type = NLA_STRING },
	[KTURN_A_NET_HOOK] = { .type = NLA_U32 },
	[KTURN_A_NET_MAX_ALLOCATIONS] = { .type = NLA_U32 },
	[KTURN_A_NET_MAX_PERMISSIONS] = { .type = NLA_U32 },
	[KTURN_A_NET_MAX_CHANNELS] = { .type = NLA_U32 },
	[KTURN_A_NET_ALLOCATIONS] = { .type = NLA_U32 },
	[KTURN_A_NET_PERMISSIONS] = { .type = NLA_U32 },
	[KTURN_A_NET_CHANNELS] = { .type = NLA_U32 },
	[KTURN_A_NET_MAX_BPS] = { .type = NLA_U64 },
	[KTURN_A_NET_XDP] = { .type = NLA_FLAG },
};

static const struct nla_policy stats_policy[KTURN_A_STATS_MAX + 1] = {
	[KTURN_A_STATS_RECEIVED] = { .type = NLA_U64 },
	[KTURN_A_STATS_TO_PEER] = { .type = NLA_NESTED },
	[KTURN_A_STATS_TO_CLIENT] = { .type = NLA_NESTED },
	[KTURN_A_STATS_HAIRPIN] = { .type = NLA_U64 },
	[KTURN_A_STATS_PASSED] = { .type = NLA_NESTED },
	[KTURN_A_STATS_DROPPED] = { .type = NLA_NESTED },
	[KTURN_A_STATS_XDP] = { .type = NLA_NESTED },
};

static uint32_t get_u32(struct nlattr *attr)
{
	return attr ? nla_get_u32(attr) : 0;
}

static uint64_t get_u64(struct nlattr *attr)
{
	return attr ? nla_get_u64(attr) : 0;
}

static bool get_endpoint(struct transport_addr *addr, struct nlattr *nest)
{
	struct nlattr *tb[KTURN_A_ENDPOINT_MAX + 1];

	memset(addr, 0, sizeof(*addr));
	if (!nest)
		return true;
	if (nla_parse_nested(tb, KTURN_A_ENDPOINT_MAX, nest, endpoint_policy))
		return false;

	if (tb[KTURN_A_ENDPOINT_IPV4]) {
		addr->family = AF_INET;
		memcpy(addr->ip, nla_data(tb[KTURN_A_ENDPOINT_IPV4]), 4);
	} else if (tb[KTURN_A_ENDPOINT_IPV6]) {
		addr->family = AF_INET6;
		memcpy(addr->ip, nla_data(tb[KTURN_A_ENDPOINT_IPV6]), 16);
	} else {
		return false;
	}
	if (tb[KTURN_A_ENDPOINT_PORT])
		addr->port = ntohs(nla_get_u16(tb[KTURN_A_ENDPOINT_PORT]));
	return true;
}

static bool get_flow(struct fastpath_flow *flow, struct nlattr *nest)
{
	struct nlattr *tb[KTURN_A_FLOW_MAX + 1];

	memset(flow, 0, sizeof(*flow));
	if (!nest)
		return true;
	if (nla_parse_nested(tb, KTURN_A_FLOW_MAX, nest, flow_policy))
		return false;

	if (tb[KTURN_A_FLOW_PACKETS])
		flow->packets = nla_get_u64(tb[KTURN_A_FLOW_PACKETS]);
	if (tb[KTURN_A_FLOW_BYTES])
		flow->bytes = nla_get_u64(tb[KTURN_A_FLOW_BYTES]);
	return true;
}

bool fp_decode_allocation(struct nlmsghdr *nlh, struct fastpath_allocation *a)
{
	struct nlattr *tb[KTURN_A_ALLOCATION_MAX + 1];
	struct nlattr *userdata;

	memset(a, 0, sizeof(*a));
	if (genlmsg_parse(nlh, 0, tb, KTURN_A_ALLOCATION_MAX,
			  allocation_policy) ||
	    !tb[KTURN_A_ALLOCATION_ID])
		return false;

	a->id = nla_get_u32(tb[KTURN_A_ALLOCATION_ID]);
	a->timeout_ms = get_u32(tb[KTURN_A_ALLOCATION_TIMEOUT]);
	a->max_bps = get_u64(tb[KTURN_A_ALLOCATION_MAX_BPS]);
	a->server_device = get_u32(tb[KTURN_A_ALLOCATION_SERVER_DEVICE]);
	a->relayed_device = get_u32(tb[KTURN_A_ALLOCATION_RELAYED_DEVICE]);
	a->channels = get_u32(tb[KTURN_A_ALLOCATION_CHANNELS]);
	a->permissions = get_u32(tb[KTURN_A_ALLOCATION_PERMISSIONS]);
	a->del_reason = get_u32(tb[KTURN_A_ALLOCATION_DEL_REASON]);
	userdata = tb[KTURN_A_ALLOCATION_USERDATA];
	if (userdata) {
		a->userdata = nla_data(userdata);
		a->userdata_len = (size_t)nla_len(userdata);
	}
	return get_endpoint(&a->client, tb[KTURN_A_ALLOCATION_CLIENT]) &&
	       get_endpoint(&a->server, tb[KTURN_A_ALLOCATION_SERVER]) &&
	       get_endpoint(&a->relayed_ipv4,
			    tb[KTURN_A_ALLOCATION_RELAYED_IPV4]) &&
	       get_endpoint(&a->relayed_ipv6,
			    tb[KTURN_A_ALLOCATION_RELAYED_IPV6]) &&
	       get_flow(&a->to_peer, tb[KTURN_A_ALLOCATION_TO_PEER]) &&
	       get_flow(&a->to_client, tb[KTURN_A_ALLOCATION_TO_CLIENT]);
}

bool fp_decode_permission(struct nlmsghdr *nlh, struct fastpath_permission *p)
{
	struct nlattr *tb[KTURN_A_PERMISSION_MAX + 1];

	memset(p, 0, sizeof(*p));
	if (genlmsg_parse(nlh, 0, tb, KTURN_A_PERMISSION_MAX,
			  permission_policy) ||
	    !tb[KTURN_A_PERMISSION_ALLOCATION_ID] ||
	    !tb[KTURN_A_PERMISSION_PEER])
		return false;

	p->allocation_id = nla_get_u32(tb[KTURN_A_PERMISSION_ALLOCATION_ID]);
	p->timeout_ms = get_u32(tb[KTURN_A_PERMISSION_TIMEOUT]);
	p->del_reason = get_u32(tb[KTURN_A_PERMISSION_DEL_REASON]);
	return get_endpoint(&p->peer, tb[KTURN_A_PERMISSION_PEER]);
}

bool fp_decode_channel(struct nlmsghdr *nlh, struct fastpath_channel *c)
{
	struct nlattr *tb[KTURN_A_CHANNEL_MAX + 1];

	memset(c, 0, sizeof(*c));
	if (genlmsg_parse(nlh, 0, tb, KTURN_A_CHANNEL_MAX, channel_policy) ||
	    !tb[KTURN_A_CHANNEL_ALLOCATION_ID] ||
	    !tb[KTURN_A_CHANNEL_NUMBER] || !tb[KTURN_A_CHANNEL_PEER])
		return false;

	c->allocation_id = nla_get_u32(tb[KTURN_A_CHANNEL_ALLOCATION_ID]);
	c->number = nla_get_u16(tb[KTURN_A_CHANNEL_NUMBER]);
	c->timeout_ms = get_u32(tb[KTURN_A_CHANNEL_TIMEOUT]);
	c->del_reason = get_u32(tb[KTURN_A_CHANNEL_DEL_REASON]);
	return get_endpoint(&c->peer, tb[KTURN_A_CHANNEL_PEER]) &&
	       get_flow(&c->to_peer, tb[KTURN_A_CHANNEL_TO_PEER]) &&
	       get_flow(&c->to_client, tb[KTURN_A_CHANNEL_TO_CLIENT]);
}

bool fp_decode_net(struct nlmsghdr *nlh, struct fastpath_net *net)
{
	struct nlattr *tb[KTURN_A_NET_MAX + 1];

	memset(net, 0, sizeof(*net));
	if (genlmsg_parse(nlh, 0, tb, KTURN_A_NET_MAX, net_policy) ||
	    !tb[KTURN_A_NET_HOOK])
		return false;

	if (tb[KTURN_A_NET_MODULE_VERSION])
		nla_strlcpy(net->module_version,
			    tb[KTURN_A_NET_MODULE_VERSION],
			    sizeof(net->module_version));
	net->hook = nla_get_u32(tb[KTURN_A_NET_HOOK]);
	net->max_allocations = get_u32(tb[KTURN_A_NET_MAX_ALLOCATIONS]);
	net->max_permissions = get_u32(tb[KTURN_A_NET_MAX_PERMISSIONS]);
	net->max_channels = get_u32(tb[KTURN_A_NET_MAX_CHANNELS]);
	net->max_bps = get_u64(tb[KTURN_A_NET_MAX_BPS]);
	net->allocations = get_u32(tb[KTURN_A_NET_ALLOCATIONS]);
	net->permissions = get_u32(tb[KTURN_A_NET_PERMISSIONS]);
	net->channels = get_u32(tb[KTURN_A_NET_CHANNELS]);
	net->xdp = tb[KTURN_A_NET_XDP];
	return true;
}

/* Counters of a newer module that this program has no name for are left out. */
static void get_counters(uint64_t *counters, int max, struct nlattr *nest)
{
	struct nlattr *attr;
	int left;

	nla_for_each_nested(attr, nest, left) {
		int type = nla_type(attr);

		if (type <= max && nla_len(attr) == sizeof(uint64_t))
			counters[type] = nla_get_u64(attr);
	}
}

/* Absent from the answers of a module that knows no XDP. */
static bool get_xdp(struct fastpath_xdp_stats *xdp, struct nlattr *nest)
{
	static const struct nla_policy policy[KTURN_A_XDP_MAX + 1] = {
		[KTURN_A_XDP_FORWARDED] = { .type = NLA_U64 },
		[KTURN_A_XDP_DROPPED] = { .type = NLA_U64 },
		[KTURN_A_XDP_PASSED] = { .type = NLA_NESTED },
	};
	struct nlattr *tb[KTURN_A_XDP_MAX + 1];

	if (!nest)
		return true;
	if (nla_parse_nested(tb, KTURN_A_XDP_MAX, nest, policy))
		return false;
	xdp->forwarded = get_u64(tb[KTURN_A_XDP_FORWARDED]);
	xdp->dropped = get_u64(tb[KTURN_A_XDP_DROPPED]);
	if (tb[KTURN_A_XDP_PASSED])
		get_counters(xdp->passed, KTURN_A_XDP_PASSED_MAX,
			     tb[KTURN_A_XDP_PASSED]);
	return true;
}

bool fp_decode_stats(struct nlmsghdr *nlh, struct fastpath_stats *stats)
{
	struct nlattr *tb[KTURN_A_STATS_MAX + 1];

	memset(stats, 0, sizeof(*stats));
	if (genlmsg_parse(nlh, 0, tb, KTURN_A_STATS_MAX, stats_policy))
		return false;

	stats->received = get_u64(tb[KTURN_A_STATS_RECEIVED]);
	stats->hairpin = get_u64(tb[KTURN_A_STATS_HAIRPIN]);
	if (tb[KTURN_A_STATS_PASSED])
		get_counters(stats->passed, KTURN_A_PASSED_MAX,
			     tb[KTURN_A_STATS_PASSED]);
	if (tb[KTURN_A_STATS_DROPPED])
		get_counters(stats->dropped, KTURN_A_DROPPED_MAX,
			     tb[KTURN_A_STATS_DROPPED]);
	return get_xdp(&stats->xdp, tb[KTURN_A_STATS_XDP]) &&
	       get_flow(&stats->to_peer, tb[KTURN_A_STATS_TO_PEER]) &&
	       get_flow(&stats->to_client, tb[KTURN_A_STATS_TO_CLIENT]);
}

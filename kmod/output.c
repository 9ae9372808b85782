// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is rare on the way out: new routes, new neighbours, ICMP errors.
 */
#include <linux/icmpv6.h>
#include <net/icmp.h>
#include <net/l3mdev.h>

#include "compat.h"
#include "output.h"
#include "state.h"

/*
 * Keep a route for the packets to come. The reference goes to the path; the
 * caller may go on using the route until its RCU section ends, even if another
 * CPU replaces it at once, because routes are freed after a grace period.
 */
static void path_store(struct kturn_path *path, struct dst_entry *dst,
		       int genid)
{
	struct dst_entry *old;

	WRITE_ONCE(path->genid, genid);
	old = unrcu_pointer(xchg(&path->dst, RCU_INITIALIZER(dst)));
	dst_release(old);
}

/* IPsec, lightweight tunnels and whatever else does not end in plain output. */
static bool dst_is_plain(const struct dst_entry *dst,
			 int (*output)(struct net *net, struct sock *sk,
				       struct sk_buff *skb))
{
	return dst->output == output && !dst->lwtstate && !dst_xfrm(dst);
}

static bool is_local4(struct net *net, __be32 addr, int device)
{
	u32 table = l3mdev_fib_table_by_index(net, device) ?: RT_TABLE_LOCAL;

	return inet_addr_type_table(net, addr, table) == RTN_LOCAL;
}

static bool is_local6(struct net *net, const struct in6_addr *addr, int device)
{
	struct rt6_info *rt = rt6_lookup(net, addr, NULL, device, NULL, 0);
	bool local = rt && rt->rt6i_flags & RTF_LOCAL;

	ip6_rt_put(rt);
	return local;
}

/* What comes to an address that is not the host's (any more) is not for us. */
static bool came_to_us(struct net *net, const struct kturn_way *way)
{
	return way->v6 ?
	       is_local6(net, &way->in->tuple6.daddr, way->from) :
	       is_local4(net, way->in->tuple4.daddr, way->from);
}

/**
 * kturn_route4_lookup() - find a new route for IPv4 datagrams
 * @net: namespace
 * @path: where it is kept
 * @way: how they come and go
 *
 * The route that a socket with the relayed address as its source would take:
 * no mark, default TOS. Whatever is set on the received packet concerns the
 * way it came.
 *
 * Return: the route, good for this RCU section, or ERR_PTR of the negative
 *	KTURN_A_PASSED_* reason why there is none
 */
struct dst_entry *kturn_route4_lookup(struct net *net, struct kturn_path *path,
				      const struct kturn_way *way)
{
	const struct kturn_tuple4 *out = &way->out->tuple4;
	struct flowi4 fl4 = {
		.flowi4_oif = way->to,
		.saddr = out->daddr,
		.daddr = out->saddr,
		.fl4_sport = out->dport,
		.fl4_dport = out->sport,
		.flowi4_proto = IPPROTO_UDP,
		.flowi4_uid = sock_net_uid(net, NULL),
	};
	struct rtable *rt;

	if (!came_to_us(net, way))
		return ERR_PTR(-KTURN_A_PASSED_NO_ROUTE);
	rt = ip_route_output_flow(net, &fl4, NULL);
	if (IS_ERR(rt))
		return ERR_PTR(-KTURN_A_PASSED_NO_ROUTE);
	if (rt->rt_type != RTN_UNICAST || !dst_is_plain(&rt->dst, ip_output)) {
		bool local = rt->rt_type == RTN_LOCAL;

		ip_rt_put(rt);
		return ERR_PTR(local ? -KTURN_A_PASSED_LOCAL :
				       -KTURN_A_PASSED_NO_ROUTE);
	}
	path_store(path, &rt->dst, 0);
	return &rt->dst;
}

/**
 * kturn_route6_lookup() - find a new route for IPv6 datagrams
 * @net: namespace
 * @path: where it is kept
 * @way: how they come and go
 *
 * Return: the route, good for this RCU section, or ERR_PTR of the negative
 *	KTURN_A_PASSED_* reason why there is none
 */
struct dst_entry *kturn_route6_lookup(struct net *net, struct kturn_path *path,
				      const struct kturn_way *way)
{
	const struct kturn_tuple6 *out = &way->out->tuple6;
	struct flowi6 fl6 = {
		.flowi6_oif = way->to,
		.saddr = out->daddr,
		.daddr = out->saddr,
		.fl6_sport = out->dport,
		.fl6_dport = out->sport,
		.flowi6_proto = IPPROTO_UDP,
		.flowi6_uid = sock_net_uid(net, NULL),
	};
	/* Before the tables are read: a change meanwhile is not to be missed. */
	const int genid = rt_genid_ipv6(net);
	struct dst_entry *found;
	struct rt6_info *rt;

	if (!came_to_us(net, way) || !is_local6(net, &out->daddr, way->to))
		return ERR_PTR(-KTURN_A_PASSED_NO_ROUTE);
	found = ip6_dst_lookup_flow(net, NULL, &fl6, NULL);
	if (IS_ERR(found))
		return ERR_PTR(-KTURN_A_PASSED_NO_ROUTE);
	rt = container_of(found, struct rt6_info, dst);
	if (rt->rt6i_flags & RTF_LOCAL || !dst_is_plain(found, ip6_output)) {
		bool local = rt->rt6i_flags & RTF_LOCAL;

		dst_release(found);
		return ERR_PTR(local ? -KTURN_A_PASSED_LOCAL :
				       -KTURN_A_PASSED_NO_ROUTE);
	}
	path_store(path, found, genid);
	return found;
}

/**
 * kturn_too_big4() - tell the sender that a datagram is too big
 * @skb: the datagram as received
 * @mtu: what it may send
 */
void kturn_too_big4(struct sk_buff *skb, unsigned int mtu)
{
	if (!kturn_route_input(skb))
		icmp_send(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, htonl(mtu));
}

/**
 * kturn_too_big6() - tell the sender that a datagram is too big
 * @skb: the datagram as received
 * @mtu: what it may send
 */
void kturn_too_big6(struct sk_buff *skb, unsigned int mtu)
{
	icmpv6_send(skb, ICMPV6_PKT_TOOBIG, 0, max_t(u32, mtu, IPV6_MIN_MTU));
}

/**
 * kturn_hop_limit4() - tell the sender that the TTL is used up
 * @skb: the datagram as received
 */
void kturn_hop_limit4(struct sk_buff *skb)
{
	if (!kturn_route_input(skb))
		icmp_send(skb, ICMP_TIME_EXCEEDED, ICMP_EXC_TTL, 0);
}

/**
 * kturn_hop_limit6() - tell the sender that the hop limit is used up
 * @skb: the datagram as received
 */
void kturn_hop_limit6(struct sk_buff *skb)
{
	icmpv6_send(skb, ICMPV6_TIME_EXCEED, ICMPV6_EXC_HOPLIMIT, 0);
}

/**
 * kturn_send4_first() - send to a neighbour that is not known yet
 * @skb: rewritten IPv4 datagram, its route and device set; always consumed
 *
 * Also to a gateway that speaks IPv6 (RFC 8950).
 *
 * Return: 0 or what refused it
 */
int kturn_send4_first(struct sk_buff *skb)
{
	struct neighbour *neigh;
	bool is_v6gw = false;

	neigh = ip_neigh_for_gw(skb_rtable(skb), skb, &is_v6gw);
	if (IS_ERR(neigh)) {
		kfree_skb(skb);
		return PTR_ERR(neigh);
	}
	return kturn_refusal(neigh_output(neigh, skb, is_v6gw));
}

/**
 * kturn_send6_first() - send to a neighbour that is not known yet
 * @skb: rewritten IPv6 datagram, its route and device set; always consumed
 *
 * Return: 0 or what refused it
 */
int kturn_send6_first(struct sk_buff *skb)
{
	const struct rt6_info *rt =
		container_of(skb_dst(skb), struct rt6_info, dst);
	const struct in6_addr *nexthop =
		rt6_nexthop(rt, &ipv6_hdr(skb)->daddr);
	struct neighbour *neigh = __neigh_create(&nd_tbl, nexthop, skb->dev,
						 false);

	if (IS_ERR(neigh)) {
		kfree_skb(skb);
		return PTR_ERR(neigh);
	}
	return kturn_refusal(neigh_output(neigh, skb, false));
}

static int send_fragment4(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	return kturn_send4(net, skb, false);
}

static int send_fragment6(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	return kturn_send6(net, skb, false);
}

/**
 * kturn_send_fragments() - send a rewritten datagram that is too big
 * @net: namespace
 * @skb: the datagram, its route and device set; always consumed
 * @mtu: length of its fragments, at most the route's MTU
 * @local_out: through the OUTPUT and POSTROUTING chains
 *
 * Return: 0 or what refused it
 */
int kturn_send_fragments(struct net *net, struct sk_buff *skb, unsigned int mtu,
			 bool local_out)
{
	/* Whether it may be fragmented was asked of the packet as received. */
	skb->ignore_df = 1;
	if (skb->protocol == htons(ETH_P_IP))
		return local_out ? kturn_send4(net, skb, true) :
				   ip_do_fragment(net, NULL, skb,
						  send_fragment4);
	IP6CB(skb)->frag_max_size = mtu;
	return local_out ? kturn_send6(net, skb, true) :
			   kturn_ip6_fragment(net, skb, send_fragment6);
}

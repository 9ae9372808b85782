/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way out: route, MTU, ICMP errors, neighbour.
 *
 * Everything here is called in the RCU read side of a netfilter hook with
 * bottom halves off.
 */
#ifndef _KTURN_OUTPUT_H
#define _KTURN_OUTPUT_H

#include <linux/netdevice.h>
#include <net/arp.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/ndisc.h>
#include <net/route.h>

#include "compat.h"
#include "state.h"

/**
 * struct kturn_way - how a datagram comes and goes
 * @in: the flow it was received on
 * @out: the flow whose addresses it leaves with, swapped
 * @from: ifindex of the device that the receiving socket is bound to, or 0
 * @to: the same of the sending one
 * @v6: it came by IPv6
 */
struct kturn_way {
	const struct kturn_flow *in;
	const struct kturn_flow *out;
	int from;
	int to;
	bool v6;
};

struct dst_entry *kturn_route4_lookup(struct net *net, struct kturn_path *path,
				      const struct kturn_way *way);
struct dst_entry *kturn_route6_lookup(struct net *net, struct kturn_path *path,
				      const struct kturn_way *way);

void kturn_too_big4(struct sk_buff *skb, unsigned int mtu);
void kturn_too_big6(struct sk_buff *skb, unsigned int mtu);
void kturn_hop_limit4(struct sk_buff *skb);
void kturn_hop_limit6(struct sk_buff *skb);

/* dst_check() of an IPv4 route, without the indirect call. */
static __always_inline bool kturn_dst4_valid(const struct net *net,
					     const struct dst_entry *dst)
{
	const struct rtable *rt = container_of(dst, struct rtable, dst);

	return READ_ONCE(dst->obsolete) == DST_OBSOLETE_FORCE_CHK &&
	       rt->rt_genid == rt_genid_ipv4(net);
}

/*
 * The same of an IPv6 route, and stricter: after any change of the tables it
 * is looked up again, because the addresses that it leads from and that the
 * datagram came to may be the host's no longer.
 */
static __always_inline bool kturn_dst6_valid(const struct net *net,
					     const struct dst_entry *dst,
					     int genid)
{
	const struct rt6_info *rt = container_of(dst, struct rt6_info, dst);
	const struct fib6_info *from = rcu_dereference(rt->from);

	return READ_ONCE(dst->obsolete) == DST_OBSOLETE_FORCE_CHK &&
	       genid == rt_genid_ipv6(net) && from &&
	       !fib6_check_expired(from) &&
	       (likely(!(rt->rt6i_flags & RTF_EXPIRES)) ||
		time_before(jiffies, READ_ONCE(dst->expires)));
}

/**
 * kturn_route4() - the cached route of a relayed IPv4 datagram
 * @net: namespace
 * @path: where the last route is kept
 *
 * Cached routes do not pin a device that goes away: the kernel moves the
 * routes of such a device to its blackhole and makes them invalid.
 *
 * Return: the route, good for this RCU section, or NULL: look it up
 */
static __always_inline struct dst_entry *
kturn_route4(struct net *net, struct kturn_path *path)
{
	struct dst_entry *dst = rcu_dereference(path->dst);

	return likely(dst && kturn_dst4_valid(net, dst)) ? dst : NULL;
}

/**
 * kturn_route6() - the cached route of a relayed IPv6 datagram
 * @net: namespace
 * @path: where the last route is kept
 *
 * Return: the route, good for this RCU section, or NULL: look it up
 */
static __always_inline struct dst_entry *
kturn_route6(struct net *net, struct kturn_path *path)
{
	struct dst_entry *dst = rcu_dereference(path->dst);

	return likely(dst && kturn_dst6_valid(net, dst, READ_ONCE(path->genid))) ?
	       dst : NULL;
}

/* dst_mtu() of an IPv4 route; short where no smaller path MTU is known. */
static __always_inline unsigned int kturn_mtu4(const struct dst_entry *dst)
{
	const struct rtable *rt = container_of(dst, struct rtable, dst);

	if (unlikely(rt->rt_pmtu || dst_metric_raw(dst, RTAX_MTU)))
		return dst_mtu(dst);
	return min_t(unsigned int, READ_ONCE(dst->dev->mtu), IP_MAX_MTU);
}

/* dst_mtu() of an IPv6 route, which every link's least MTU saves us often. */
static __always_inline unsigned int kturn_mtu6(const struct dst_entry *dst,
					       unsigned int len)
{
	return likely(len <= IPV6_MIN_MTU) ? IPV6_MIN_MTU : dst_mtu(dst);
}

/* Congestion is news of the queue, not the loss of this packet. */
static __always_inline int kturn_refusal(int err)
{
	return net_xmit_eval(err);
}

/**
 * kturn_neigh4() - the neighbour that an IPv4 route leads to, if it is known
 * @dst: the route
 * @dev: its device
 * @daddr: where to
 *
 * Return: the neighbour, good for this RCU section, or NULL, also if it is a
 *	gateway that speaks IPv6
 */
static __always_inline struct neighbour *
kturn_neigh4(const struct dst_entry *dst, struct net_device *dev, __be32 daddr)
{
	const struct rtable *rt = container_of(dst, struct rtable, dst);

	if (unlikely(rt->rt_gw_family == AF_INET6))
		return NULL;
	return __ipv4_neigh_lookup_noref(dev,
					 (__force u32)rt_nexthop(rt, daddr));
}

/**
 * kturn_neigh6() - the neighbour that an IPv6 route leads to, if it is known
 * @dst: the route
 * @dev: its device
 * @daddr: where to
 *
 * Return: the neighbour, good for this RCU section, or NULL
 */
static __always_inline struct neighbour *
kturn_neigh6(const struct dst_entry *dst, struct net_device *dev,
	     const struct in6_addr *daddr)
{
	const struct rt6_info *rt = container_of(dst, struct rt6_info, dst);

	return __ipv6_neigh_lookup_noref(dev, rt6_nexthop(rt, daddr));
}

int kturn_send4_first(struct sk_buff *skb);
int kturn_send6_first(struct sk_buff *skb);
int kturn_send_fragments(struct net *net, struct sk_buff *skb, unsigned int mtu,
			 bool local_out);

/**
 * kturn_send4() - send a rewritten IPv4 datagram
 * @net: namespace
 * @skb: the datagram, its route and device set; always consumed
 * @local_out: through the OUTPUT and POSTROUTING chains
 *
 * Return: 0 or what refused it
 */
static __always_inline int kturn_send4(struct net *net, struct sk_buff *skb,
				       bool local_out)
{
	struct neighbour *neigh;

	if (unlikely(local_out))
		return kturn_refusal(ip_local_out(net, NULL, skb));
	neigh = kturn_neigh4(skb_dst(skb), skb->dev, ip_hdr(skb)->daddr);
	if (unlikely(!neigh))
		return kturn_send4_first(skb);
	return kturn_refusal(neigh_output(neigh, skb, false));
}

/**
 * kturn_send6() - send a rewritten IPv6 datagram
 * @net: namespace
 * @skb: the datagram, its route and device set; always consumed
 * @local_out: through the OUTPUT and POSTROUTING chains
 *
 * Return: 0 or what refused it
 */
static __always_inline int kturn_send6(struct net *net, struct sk_buff *skb,
				       bool local_out)
{
	const struct in6_addr *daddr = &ipv6_hdr(skb)->daddr;
	struct neighbour *neigh;

	if (unlikely(local_out))
		return kturn_refusal(ip6_local_out(net, NULL, skb));
	neigh = kturn_neigh6(skb_dst(skb), skb->dev, daddr);
	if (unlikely(!neigh))
		return kturn_send6_first(skb);
	return kturn_refusal(neigh_output(neigh, skb, false));
}

#endif /* _KTURN_OUTPUT_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where kernels differ. Kbuild probes the headers; nothing here looks at a
 * version number, and nothing outside looks at a probe.
 */
#ifndef _KTURN_COMPAT_H
#define _KTURN_COMPAT_H

#include <linux/ip.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <net/genetlink.h>
#include <net/route.h>

/* skb_gso_segment(), before in <linux/netdevice.h> */
#ifdef KTURN_HAVE_NET_GSO_H
#include <net/gso.h>
#endif

/* ip6_fragment(), before in a table because IPv6 could be a module */
#ifdef KTURN_HAVE_IPV6_STUB_FRAGMENT
#include <net/ipv6_stubs.h>
#else
#include <net/ip6_route.h>
#endif

/* Give @skb, as received, the route that its own reception takes. */
static inline int kturn_route_input(struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);

	if (skb_dst(skb))
		return 0;
#ifdef KTURN_HAVE_ROUTE_INPUT_TOS
	return ip_route_input_noref(skb, iph->daddr, iph->saddr, iph->tos,
				    skb->dev);
#else
	return ip_route_input_noref(skb, iph->daddr, iph->saddr,
				    inet_dsfield_to_dscp(iph->tos), skb->dev);
#endif
}

/* Send @skb in fragments; always consumed. */
static inline int kturn_ip6_fragment(struct net *net, struct sk_buff *skb,
				     int (*output)(struct net *net,
						   struct sock *sk,
						   struct sk_buff *skb))
{
#ifdef KTURN_HAVE_IPV6_STUB_FRAGMENT
	return ipv6_stub->ipv6_fragment(net, NULL, skb, output);
#else
	return ip6_fragment(net, NULL, skb, output);
#endif
}

/* What a switch noted about @skb, where the kernel knows of switches. */
static inline void kturn_offload_marks_clear(struct sk_buff *skb)
{
#ifdef CONFIG_NET_SWITCHDEV
	skb->offload_fwd_mark = 0;
	skb->offload_l3_fwd_mark = 0;
#endif
}

/* Parsed attributes of the request that started a dump. */
static inline struct nlattr **kturn_dump_attrs(struct netlink_callback *cb)
{
#ifdef KTURN_HAVE_GENL_INFO_DUMP
	return genl_info_dump(cb)->attrs;
#else
	return genl_dumpit_info(cb)->attrs;
#endif
}

#endif /* _KTURN_COMPAT_H */

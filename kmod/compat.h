/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where kernels differ. Kbuild probes the headers; nothing here looks at a
 * version number, and nothing outside looks at a probe.
 */
#ifndef _KTURN_COMPAT_H
#define _KTURN_COMPAT_H

#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <net/genetlink.h>
#include <net/route.h>
#include <net/xfrm.h>

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

/* Is there anything that xfrm_policy_check() would ask of a received packet? */
static inline bool kturn_has_ipsec_policies(const struct net *net)
{
#ifdef CONFIG_XFRM
	return READ_ONCE(net->xfrm.policy_count[XFRM_POLICY_IN]) ||
	       READ_ONCE(net->xfrm.policy_default[XFRM_POLICY_IN]) !=
	       XFRM_USERPOLICY_ACCEPT;
#else
	return false;
#endif
}

/* The device that a VLAN's lies on: a VLAN's as well, if tags are nested. */
static inline struct net_device *kturn_vlan_below(struct net_device *dev)
{
#if IS_ENABLED(CONFIG_VLAN_8021Q)
	return vlan_dev_priv(dev)->real_dev;
#else
	return dev;
#endif
}

/* How a module says that BPF programs may call its functions. */
#ifndef __bpf_kfunc
#define __bpf_kfunc noinline
#endif
#ifndef BTF_KFUNCS_START
#define BTF_KFUNCS_START(name) BTF_SET8_START(name)
#define BTF_KFUNCS_END(name) BTF_SET8_END(name)
#endif

/* Has this module BTF, by which the kernel finds its functions? */
static inline bool kturn_has_btf(void)
{
#ifdef CONFIG_DEBUG_INFO_BTF_MODULES
	return THIS_MODULE->btf_data_size;
#else
	return false;
#endif
}

/*
 * Does @dev send frames that are redirected to it? Where devices do not say,
 * those are to be counted on that have queues for XDP, having a program.
 */
static inline bool kturn_has_xdp_xmit(const struct net_device *dev)
{
#ifdef KTURN_HAVE_XDP_FEATURES
	return READ_ONCE(dev->xdp_features) & NETDEV_XDP_ACT_NDO_XMIT;
#else
	const struct bpf_xdp_entity *xdp = &dev->xdp_state[XDP_MODE_DRV];

	return dev->netdev_ops->ndo_xdp_xmit &&
	       (READ_ONCE(xdp->prog) || READ_ONCE(xdp->link));
#endif
}

#endif /* _KTURN_COMPAT_H */

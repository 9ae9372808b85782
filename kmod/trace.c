// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tracepoints themselves, and what only they need.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/ipv6.h>

#define CREATE_TRACE_POINTS
#include "trace.h"

/* Source and destination port; 0 where they are not in the packet. */
static void ports(const struct sk_buff *skb, int offset, __be16 *src,
		  __be16 *dst)
{
	const struct udphdr *udp;
	struct udphdr buf;

	udp = skb_header_pointer(skb, offset, sizeof(buf), &buf);
	*src = udp ? udp->source : 0;
	*dst = udp ? udp->dest : 0;
}

static void addrs4(const struct sk_buff *skb, struct sockaddr_in *src,
		   struct sockaddr_in *dst)
{
	const struct iphdr *iph = ip_hdr(skb);

	src->sin_family = AF_INET;
	dst->sin_family = AF_INET;
	src->sin_addr.s_addr = iph->saddr;
	dst->sin_addr.s_addr = iph->daddr;
	ports(skb, iph->ihl * 4, &src->sin_port, &dst->sin_port);
}

static void addrs6(const struct sk_buff *skb, struct sockaddr_in6 *src,
		   struct sockaddr_in6 *dst)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	u8 nexthdr = ip6h->nexthdr;
	__be16 frag_off;
	int offset;

	src->sin6_family = AF_INET6;
	dst->sin6_family = AF_INET6;
	src->sin6_addr = ip6h->saddr;
	dst->sin6_addr = ip6h->daddr;
	offset = ipv6_skip_exthdr(skb, sizeof(*ip6h), &nexthdr, &frag_off);
	if (offset >= 0)
		ports(skb, offset, &src->sin6_port, &dst->sin6_port);
}

/**
 * kturn_trace_addrs() - from where to where a datagram went when it came
 * @skb: datagram as received
 * @src: becomes its source, of either family
 * @dst: becomes its destination
 */
void kturn_trace_addrs(const struct sk_buff *skb, struct sockaddr_in6 *src,
		       struct sockaddr_in6 *dst)
{
	memset(src, 0, sizeof(*src));
	memset(dst, 0, sizeof(*dst));
	if (ip_hdr(skb)->version == 4)
		addrs4(skb, (struct sockaddr_in *)src,
		       (struct sockaddr_in *)dst);
	else
		addrs6(skb, src, dst);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The door of netfilter: PRE_ROUTING or INPUT.
 *
 * The hook is asked about every packet of the namespace and leaves alone
 * whatever it does not fully understand. A datagram of a known allocation that
 * is left alone, or dropped, is counted by its reason. What is understood is
 * engine.h's.
 */
#include <linux/if_vlan.h>
#include <linux/netfilter_bridge.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/dsfield.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/xfrm.h>

#include "miss.h"
#include "relay.h"
#include "state.h"
#include "verdict.h"

struct kturn_view {
	struct sk_buff *skb;
	const struct nf_hook_state *state;
};

/* The stack finds its way by itself. */
struct kturn_exit {
};

#include "engine.h"

/* In both hooks data begins there: less to load than skb_network_header(). */
static __always_inline const void *view_network(const struct kturn_view v)
{
	return v.skb->data;
}

static __always_inline unsigned int view_len(const struct kturn_view v)
{
	return v.skb->len;
}

static __always_inline const struct net_device *
view_device(const struct kturn_view v)
{
	return v.skb->dev;
}

static __always_inline bool view_linear(const struct kturn_view v,
					unsigned int len)
{
	return pskb_may_pull(v.skb, len);
}

static __always_inline u16 view_padding_sum(const struct kturn_view v,
					    unsigned int pad)
{
	unsigned int at = v.skb->len - pad;
	__wsum sum = skb_checksum(v.skb, at, pad, 0);

	return (__force u16)csum_fold(csum_block_add(0, sum, at));
}

/* IPv6 does not go without a checksum, and a partial one may be another's. */
static __always_inline int view_checksum(const struct kturn_view v,
					 const bool v6)
{
	const int udp_offset = headers_len(v6) - sizeof(struct udphdr);

	if (unlikely(v.skb->ip_summed == CHECKSUM_PARTIAL)) {
		if (skb_checksum_start_offset(v.skb) != udp_offset ||
		    v.skb->csum_offset != offsetof(struct udphdr, check))
			return -1;
		return KTURN_CSUM_PSEUDO;
	}
	if (unlikely(v6 && !view_udp(v, v6)->check))
		return -1;
	return KTURN_CSUM_FULL;
}

static __always_inline unsigned int door_pass(const struct kturn_net *kn,
					      const struct kturn_view v,
					      unsigned int reason)
{
	return kturn_pass(kn, v.skb, reason);
}

static __always_inline unsigned int door_drop(const struct kturn_net *kn,
					      const struct kturn_view v,
					      unsigned int reason)
{
	return kturn_drop(kn, v.skb, reason);
}

static __always_inline void door_received(const struct kturn_net *kn)
{
	this_cpu_inc(kn->stats->received);
}

static __always_inline unsigned int
door_at_rest(struct kturn_net *kn, const struct kturn_view v,
	     const struct kturn_flow *flow, enum kturn_dir dir)
{
	return kturn_at_rest(kn, v.skb, flow, dir);
}

static __always_inline unsigned int
door_miss(struct kturn_net *kn, const struct kturn_view v,
	  bool is_channel_data, const bool v6)
{
	return kturn_miss(kn, v.skb, v.state, view_udp(v, v6), is_channel_data,
			  door_unusual(v, v6));
}

/*
 * Ways to get here that are none of ours: bridged frames (br_netfilter), other
 * people's frames, IPsec, reassembled datagrams, a verdict given from process
 * context (nfqueue).
 */
static __always_inline int door_unusual(const struct kturn_view v,
					const bool v6)
{
	const unsigned short family = v6 ? AF_INET6 : AF_INET;
	const unsigned int udp_offset = headers_len(v6) - sizeof(struct udphdr);
	struct sk_buff *skb = v.skb;

	if (unlikely(skb->pkt_type != PACKET_HOST ||
		     (nf_bridge_info_exists(skb) &&
		      v.state->hook == NF_INET_PRE_ROUTING) ||
		     !xfrm_policy_check(NULL, XFRM_POLICY_IN, skb, family) ||
		     (v6 ? IP6CB(skb)->frag_max_size :
			   IPCB(skb)->frag_max_size) ||
		     !softirq_count() ||
		     ntohs(view_udp(v, v6)->len) != skb->len - udp_offset))
		return KTURN_A_PASSED_OTHER;
	if (unlikely(skb_is_gso(skb)))
		return KTURN_A_PASSED_GSO;
	return unlikely(in_vrf(skb->dev)) ? KTURN_IN_VRF : 0;
}

/* A segment is a datagram like any other; if it is the server's, it goes up. */
static void relay_segment(struct kturn_net *kn, struct sk_buff *skb,
			  const struct nf_hook_state *state, bool v6)
{
	unsigned int verdict = v6 ? kturn_relay6(kn, skb, state) :
				    kturn_relay4(kn, skb, state);

	if (verdict == NF_ACCEPT)
		state->okfn(state->net, state->sk, skb);
	else if (verdict == NF_DROP)
		kfree_skb(skb);
}

/*
 * Several datagrams in one skb: of a sender on this host (UDP_SEGMENT), or put
 * together by the receiving device. Each has a ChannelData header of its own
 * or needs one, so they cannot go on as one.
 */
static noinline unsigned int relay_segments(struct kturn_net *kn,
					    const struct kturn_view v, bool v6)
{
	struct sk_buff *segments = NULL, *segment, *next;

	if (!(skb_shinfo(v.skb)->gso_type & ~(SKB_GSO_UDP_L4 | SKB_GSO_DODGY)))
		segments = skb_gso_segment(v.skb,
					   NETIF_F_SG | NETIF_F_HW_CSUM);
	if (IS_ERR_OR_NULL(segments)) {
		this_cpu_inc(kn->stats->received);
		return kturn_pass(kn, v.skb, KTURN_A_PASSED_GSO);
	}
	consume_skb(v.skb);
	skb_list_walk_safe(segments, segment, next) {
		skb_mark_not_on_list(segment);
		relay_segment(kn, segment, v.state, v6);
	}
	return NF_STOLEN;
}

static noinline unsigned int relay_unusual(struct kturn_net *kn,
					   const struct kturn_view v,
					   struct kturn_channel *channel,
					   enum kturn_dir dir, bool v6,
					   int reason)
{
	struct kturn_flow *flow = &channel->flow[dir];

	if (kturn_seen_before(v.skb, v.state))
		return NF_ACCEPT;
	if (reason == KTURN_A_PASSED_GSO)
		return relay_segments(kn, v, v6);
	this_cpu_inc(kn->stats->received);
	if (reason != KTURN_IN_VRF)
		return kturn_pass(kn, v.skb, reason);
	if (time_after_eq(jiffies, READ_ONCE(flow->until)))
		return kturn_at_rest(kn, v.skb, flow, dir);
	if (READ_ONCE(kturn_path(channel, dir)->special))
		return relay_set_apart(kn, v, channel, dir, v6);
	return kturn_pass(kn, v.skb, KTURN_A_PASSED_OTHER);
}

static __always_inline unsigned int
door_relay_unusual(struct kturn_net *kn, const struct kturn_view v,
		   struct kturn_channel *channel, enum kturn_dir dir,
		   const bool v6, int reason)
{
	return relay_unusual(kn, v, channel, dir, v6, reason);
}

static __always_inline unsigned int
door_hop_limit(const struct kturn_packet *p, const bool v6)
{
	struct sk_buff *skb = p->view.skb;

	v6 ? kturn_hop_limit6(skb) : kturn_hop_limit4(skb);
	return kturn_drop(p->kn, skb, KTURN_A_DROPPED_HOP_LIMIT);
}

/*
 * Its sender is asked to send less at a time, but not where it allows for
 * fragmentation, nor below what IPv6 makes every sender count on.
 */
static __always_inline bool door_may_fragment(const struct kturn_packet *p,
					      const bool v6)
{
	if (v6)
		return view_len(p->view) <= IPV6_MIN_MTU;
	return !(view_ip(p->view)->frag_off & htons(IP_DF));
}

static noinline unsigned int too_big(const struct kturn_net *kn,
				     struct sk_buff *skb, unsigned int mtu,
				     bool v6)
{
	v6 ? kturn_too_big6(skb, mtu) : kturn_too_big4(skb, mtu);
	return kturn_drop(kn, skb, KTURN_A_DROPPED_TOO_BIG);
}

static __always_inline unsigned int
door_too_big(const struct kturn_packet *p, unsigned int mtu, const bool v6)
{
	return too_big(p->kn, p->view.skb, mtu, v6);
}

/* The stack can send to wherever there is a route. */
static __always_inline bool door_reach(struct kturn_packet *p,
				       const struct dst_entry *dst, int grows,
				       unsigned int len, const bool v6,
				       unsigned int *verdict)
{
	return true;
}

static __always_inline bool door_make_room(struct kturn_packet *p,
					   const struct dst_entry *dst,
					   int grows, unsigned int *verdict)
{
	unsigned int room = LL_RESERVED_SPACE(dst->dev) + max(grows, 0);
	struct sk_buff *skb = p->view.skb;

	if (unlikely(skb_cow(skb, room)) ||
	    unlikely(p->rw.pad && pskb_trim(skb, skb->len - p->rw.pad))) {
		*verdict = kturn_pass(p->kn, skb, KTURN_A_PASSED_NO_MEMORY);
		return false;
	}
	return true;
}

static __always_inline void *door_move(struct kturn_packet *p, int grows)
{
	return grows < 0 ? __skb_pull(p->view.skb, -grows) :
			   __skb_push(p->view.skb, grows);
}

static __always_inline void door_rewritten(struct kturn_packet *p, void *network,
					   const struct kturn_form in,
					   const struct kturn_form out)
{
	struct sk_buff *skb = p->view.skb;

	skb_reset_network_header(skb);
	skb_set_transport_header(skb,
				 headers_len(out.v6) - sizeof(struct udphdr));
	if (in.v6 != out.v6)
		skb->protocol = htons(out.v6 ? ETH_P_IPV6 : ETH_P_IP);
	if (p->rw.csum == KTURN_CSUM_PSEUDO)
		skb->csum_start = skb_transport_header(skb) - skb->head;
	else
		skb->ip_summed = CHECKSUM_NONE;
}

/* What skb_scrub_packet() does, of which half needs not be done here. */
static __always_inline void forget_the_way_here(struct sk_buff *skb)
{
	skb_orphan(skb);
	skb_dst_drop(skb);
	skb_ext_reset(skb);
	nf_reset_ct(skb);
	nf_reset_trace(skb);
	ipvs_reset(skb);
	kturn_offload_marks_clear(skb);
	skb->skb_iif = 0;
	skb->ignore_df = 0;
	skb->mark = 0;
	skb_set_delivery_time(skb, 0, 0);
}

/* Nothing that was noted about the packet on its way here goes on with it. */
static __always_inline void scrub(struct sk_buff *skb, struct dst_entry *dst,
				  u32 hash, const bool v6)
{
	forget_the_way_here(skb);
	__skb_set_sw_hash(skb, hash, true);
	skb->priority = rt_tos2priority(v6 ? ipv6_get_dsfield(ipv6_hdr(skb)) :
					     ip_hdr(skb)->tos);
	skb->dev = dst->dev;
	skb_dst_set_noref(skb, dst);
	if (v6)
		memset(IP6CB(skb), 0, sizeof(*IP6CB(skb)));
	else
		memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
}

static __always_inline int door_send(struct kturn_packet *p,
				     struct dst_entry *dst, void *network,
				     unsigned int len,
				     unsigned int fragment_len, const bool v6)
{
	bool local_out = p->view.state->hook == NF_INET_LOCAL_IN;
	struct sk_buff *skb = p->view.skb;
	struct net *net = p->kn->net;

	scrub(skb, dst, p->rw.hash, v6);
	if (unlikely(fragment_len))
		return kturn_send_fragments(net, skb, fragment_len, local_out);
	return v6 ? kturn_send6(net, skb, local_out) :
		    kturn_send4(net, skb, local_out);
}

/* Sent or refused: its skb is gone. */
static __always_inline unsigned int door_sent(const struct kturn_packet *p)
{
	return NF_STOLEN;
}

/*
 * Out of line, so that packets of other ports save no registers, and all that
 * is inline in there, so that what is looked up by is not kept in memory.
 */
static noinline unsigned int __flatten relay4(struct kturn_net *kn,
					      struct sk_buff *skb,
					      unsigned int kind,
					      const struct nf_hook_state *state)
{
	return look_up(kn, (struct kturn_view){ skb, state }, kind, false);
}

static noinline unsigned int __flatten relay6(struct kturn_net *kn,
					      struct sk_buff *skb,
					      unsigned int kind,
					      const struct nf_hook_state *state)
{
	return look_up(kn, (struct kturn_view){ skb, state }, kind, true);
}

/*
 * IP options, extension headers, fragments: only counted. Fragments but for
 * the first cannot be told apart.
 */
static unsigned int odd(struct kturn_net *kn, struct sk_buff *skb,
			const struct nf_hook_state *state, int udp_offset,
			bool fragment)
{
	struct udphdr buf;
	const struct udphdr *udp;

	udp = skb_header_pointer(skb, udp_offset, sizeof(buf), &buf);
	if (!udp || !kturn_port_kind(kn, udp->dest))
		return NF_ACCEPT;
	return kturn_miss(kn, skb, state, udp, false,
			  fragment ? KTURN_A_PASSED_OTHER :
				     KTURN_A_PASSED_IP_OPTIONS);
}

static __always_inline const struct udphdr *udp_header(const struct sk_buff *skb,
						       const bool v6)
{
	return view_udp((struct kturn_view){ (struct sk_buff *)skb }, v6);
}

/* To whom a datagram in the usual form is; most are for somebody else. */
static __always_inline unsigned int usual4(struct kturn_net *kn,
					   struct sk_buff *skb,
					   const struct nf_hook_state *state)
{
	unsigned int kind = kturn_port_kind(kn, udp_header(skb, false)->dest);

	return kind ? relay4(kn, skb, kind, state) : NF_ACCEPT;
}

static __always_inline unsigned int usual6(struct kturn_net *kn,
					   struct sk_buff *skb,
					   const struct nf_hook_state *state)
{
	unsigned int kind = kturn_port_kind(kn, udp_header(skb, true)->dest);

	return kind ? relay6(kn, skb, kind, state) : NF_ACCEPT;
}

/* Not in the usual form, or not in one piece. */
static noinline unsigned int unusual4(struct kturn_net *kn, struct sk_buff *skb,
				      const struct nf_hook_state *state)
{
	const struct iphdr *iph = ip_hdr(skb);

	if (iph->frag_off & htons(IP_OFFSET))
		return NF_ACCEPT;
	if (iph->ihl != 5 || ip_is_fragment(iph))
		return odd(kn, skb, state, iph->ihl * 4, ip_is_fragment(iph));
	if (!pskb_may_pull(skb, sizeof(struct kturn_headers4)))
		return NF_ACCEPT;
	return usual4(kn, skb, state);
}

static noinline unsigned int unusual6(struct kturn_net *kn, struct sk_buff *skb,
				      const struct nf_hook_state *state)
{
	u8 nexthdr = ipv6_hdr(skb)->nexthdr;
	__be16 frag_off = 0;
	int offset;

	if (nexthdr == IPPROTO_UDP) {
		if (!pskb_may_pull(skb, sizeof(struct kturn_headers6)))
			return NF_ACCEPT;
		return usual6(kn, skb, state);
	}
	offset = ipv6_skip_exthdr(skb, sizeof(struct ipv6hdr), &nexthdr,
				  &frag_off);
	if (offset < 0 || nexthdr != IPPROTO_UDP || frag_off & htons(IP6_OFFSET))
		return NF_ACCEPT;
	return odd(kn, skb, state, offset, frag_off != 0);
}

/* Its own, so that the hook needs no frame. */
static noinline unsigned int other6(struct kturn_net *kn, struct sk_buff *skb,
				    const struct nf_hook_state *state)
{
	return ipv6_ext_hdr(ipv6_hdr(skb)->nexthdr) ?
	       unusual6(kn, skb, state) : NF_ACCEPT;
}

static __always_inline const void *network_header(const struct sk_buff *skb)
{
	return view_network((struct kturn_view){ (struct sk_buff *)skb });
}

/* The hook of IPv4. */
unsigned int kturn_relay4(void *priv, struct sk_buff *skb,
			  const struct nf_hook_state *state)
{
	const struct iphdr *iph = network_header(skb);

	if (iph->protocol != IPPROTO_UDP)
		return NF_ACCEPT;
	if (unlikely(iph->ihl != 5 || ip_is_fragment(iph) ||
		     skb_headlen(skb) < sizeof(struct kturn_headers4)))
		return unusual4(priv, skb, state);
	return usual4(priv, skb, state);
}

/* The hook of IPv6. */
unsigned int kturn_relay6(void *priv, struct sk_buff *skb,
			  const struct nf_hook_state *state)
{
	const struct ipv6hdr *ip6h = network_header(skb);

	if (ip6h->nexthdr != IPPROTO_UDP)
		return other6(priv, skb, state);
	if (unlikely(skb_headlen(skb) < sizeof(struct kturn_headers6)))
		return unusual6(priv, skb, state);
	return usual6(priv, skb, state);
}

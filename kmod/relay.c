// SPDX-License-Identifier: GPL-2.0-only
/*
 * A packet: parse, look up, decide.
 *
 * The hook is asked about every packet of the namespace and leaves alone
 * whatever it does not fully understand. A datagram of a known allocation that
 * is left alone, or dropped, is counted by its reason.
 *
 * Functions marked __always_inline are written once and compiled for each
 * address family: @v6 is a constant in them.
 */
#include <linux/if_vlan.h>
#include <linux/netfilter_bridge.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/dsfield.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/xfrm.h>

#include "flow.h"
#include "output.h"
#include "relay.h"
#include "rewrite.h"
#include "trace.h"

/* A datagram that belongs to a channel. */
struct kturn_packet {
	struct kturn_net *kn;
	struct sk_buff *skb;
	struct kturn_channel *channel;
	enum kturn_dir dir;
	struct kturn_rewrite rw;
	u16 data_len;
	bool local_out;
};

static unsigned int pass(const struct kturn_net *kn, const struct sk_buff *skb,
			 unsigned int reason)
{
	this_cpu_inc(kn->stats->passed[reason]);
	trace_kturn_pass(skb, reason);
	return NF_ACCEPT;
}

static unsigned int drop(const struct kturn_net *kn, const struct sk_buff *skb,
			 unsigned int reason)
{
	this_cpu_inc(kn->stats->dropped[reason]);
	trace_kturn_drop(skb, reason);
	return NF_DROP;
}

static __always_inline unsigned int headers_len(const bool v6)
{
	return v6 ? sizeof(struct kturn_headers6) :
		    sizeof(struct kturn_headers4);
}

static __always_inline const struct udphdr *udp_header(const struct sk_buff *skb,
						       const bool v6)
{
	return (const void *)(skb_network_header(skb) + headers_len(v6) -
			      sizeof(struct udphdr));
}

static const struct kturn_channel_data *
channel_data(const struct udphdr *udp)
{
	return (const void *)(udp + 1);
}

/* Is it ChannelData, by its first byte (RFC 8656 section 12)? */
static __always_inline bool is_channel_data(struct sk_buff *skb, const bool v6)
{
	const unsigned int len = headers_len(v6) + KTURN_CHANNEL_DATA_LEN;
	const struct kturn_channel_data *cd;

	if (ntohs(udp_header(skb, v6)->len) <
	    sizeof(struct udphdr) + KTURN_CHANNEL_DATA_LEN)
		return false;
	if (!pskb_may_pull(skb, len))
		return false;
	cd = channel_data(udp_header(skb, v6));
	return (cd->number & htons(0xc000)) == htons(KTURN_CHANNEL_MIN);
}

/*
 * Ways to get here that are none of ours: bridged frames (br_netfilter), other
 * people's frames, VRFs, IPsec, reassembled datagrams, a verdict given from
 * process context (nfqueue).
 */
static __always_inline int unusual(struct sk_buff *skb, const bool v6)
{
	const unsigned short family = v6 ? AF_INET6 : AF_INET;
	const unsigned int udp_offset = headers_len(v6) - sizeof(struct udphdr);

	if (unlikely(skb->pkt_type != PACKET_HOST ||
		     nf_bridge_info_exists(skb) ||
		     netif_is_l3_slave(skb->dev) ||
		     netif_is_l3_master(skb->dev) ||
		     !xfrm_policy_check(NULL, XFRM_POLICY_IN, skb, family) ||
		     (v6 ? IP6CB(skb)->frag_max_size :
			   IPCB(skb)->frag_max_size) ||
		     !softirq_count() ||
		     ntohs(udp_header(skb, v6)->len) != skb->len - udp_offset))
		return KTURN_A_PASSED_OTHER;
	return unlikely(skb_is_gso(skb)) ? KTURN_A_PASSED_GSO : 0;
}

/*
 * Of a flow that does not forward (any more): a channel, its permission or its
 * allocation has run out, or the channel joins two families.
 */
static noinline unsigned int at_rest(struct kturn_net *kn,
				     const struct sk_buff *skb,
				     const struct kturn_flow *flow,
				     enum kturn_dir dir)
{
	const struct kturn_channel *channel =
		container_of(flow, struct kturn_channel, flow[dir]);
	const struct kturn_allocation *allocation = channel->allocation;
	struct kturn_permission *permission;

	if (time_after_eq(jiffies, READ_ONCE(allocation->due.expires)))
		return pass(kn, skb, KTURN_A_PASSED_EXPIRED);
	if (dir == KTURN_TO_PEER &&
	    time_after_eq(jiffies, READ_ONCE(channel->due.expires)))
		return drop(kn, skb, KTURN_A_DROPPED_UNBOUND_CHANNEL);
	permission = kturn_permission_find(kn, allocation, &channel->peer);
	if (!permission ||
	    time_after_eq(jiffies, READ_ONCE(permission->due.expires)))
		return drop(kn, skb, KTURN_A_DROPPED_NO_PERMISSION);
	if (time_after_eq(jiffies, READ_ONCE(channel->due.expires)))
		return pass(kn, skb, KTURN_A_PASSED_NO_CHANNEL);
	if (allocation->tuple.client.family != channel->peer.family)
		return pass(kn, skb, KTURN_A_PASSED_FAMILY);
	/* Refreshed since its time was looked at. */
	return pass(kn, skb, KTURN_A_PASSED_OTHER);
}

/*
 * No channel: from the client of an allocation. One that is just handed over
 * to the module comes before its channels; until then the server knows better.
 */
static unsigned int miss_client(struct kturn_net *kn,
				const struct sk_buff *skb,
				const struct kturn_allocation *allocation,
				bool is_channel_data)
{
	if (time_after_eq(jiffies, READ_ONCE(allocation->due.expires)))
		return pass(kn, skb, KTURN_A_PASSED_EXPIRED);
	if (!is_channel_data)
		return pass(kn, skb, KTURN_A_PASSED_STUN);
	if (unlikely(!READ_ONCE(allocation->had_channel)))
		return pass(kn, skb, KTURN_A_PASSED_NO_CHANNEL);
	return drop(kn, skb, KTURN_A_DROPPED_UNBOUND_CHANNEL);
}

/* The same to the relayed transport address: its permissions may be to come. */
static unsigned int miss_peer(struct kturn_net *kn, const struct sk_buff *skb,
			      const struct kturn_allocation *allocation,
			      const struct kturn_endpoint *peer)
{
	struct kturn_permission *permission;

	if (time_after_eq(jiffies, READ_ONCE(allocation->due.expires)))
		return pass(kn, skb, KTURN_A_PASSED_EXPIRED);
	if (unlikely(!READ_ONCE(allocation->had_permission)))
		return pass(kn, skb, KTURN_A_PASSED_NO_CHANNEL);
	permission = kturn_permission_find(kn, allocation, peer);
	if (!permission ||
	    time_after_eq(jiffies, READ_ONCE(permission->due.expires)))
		return drop(kn, skb, KTURN_A_DROPPED_NO_PERMISSION);
	return pass(kn, skb, KTURN_A_PASSED_NO_CHANNEL);
}

static void tuple_fill(struct kturn_five_tuple *t, const struct sk_buff *skb,
		       const struct udphdr *udp)
{
	memset(t, 0, sizeof(*t));
	if (ip_hdr(skb)->version == 4) {
		t->client.addr.ip = ip_hdr(skb)->saddr;
		t->server.addr.ip = ip_hdr(skb)->daddr;
		t->client.family = AF_INET;
	} else {
		t->client.addr.in6 = ipv6_hdr(skb)->saddr;
		t->server.addr.in6 = ipv6_hdr(skb)->daddr;
		t->client.family = AF_INET6;
	}
	t->server.family = t->client.family;
	t->client.port = udp->source;
	t->server.port = udp->dest;
}

/*
 * To a port that allocations use, but of no channel. @reason, unless 0, is why
 * it is not looked at any closer.
 */
static noinline unsigned int miss(struct kturn_net *kn, struct sk_buff *skb,
				  const struct udphdr *udp,
				  bool is_channel_data, int reason)
{
	struct kturn_allocation *allocation;
	struct kturn_five_tuple t;

	tuple_fill(&t, skb, udp);
	allocation = kturn_allocation_by_relayed(kn, &t.server);
	if (allocation)
		return reason ? pass(kn, skb, reason) :
				miss_peer(kn, skb, allocation, &t.client);
	allocation = kturn_allocation_by_client(kn, &t);
	if (allocation)
		return reason ? pass(kn, skb, reason) :
				miss_client(kn, skb, allocation, is_channel_data);
	return NF_ACCEPT;
}

/*
 * How is the UDP checksum field to be understood? Negative where it cannot be
 * carried over: IPv6 does not go without, and a partial one may be another's.
 */
static __always_inline int checksum_kind(const struct sk_buff *skb,
					 const bool v6)
{
	const int udp_offset = headers_len(v6) - sizeof(struct udphdr);

	if (unlikely(skb->ip_summed == CHECKSUM_PARTIAL)) {
		if (skb_checksum_start_offset(skb) != udp_offset ||
		    skb->csum_offset != offsetof(struct udphdr, check))
			return -1;
		return KTURN_CSUM_PSEUDO;
	}
	if (unlikely(v6 && !udp_header(skb, v6)->check))
		return -1;
	return KTURN_CSUM_FULL;
}

/*
 * Bytes behind the ChannelData message leave the datagram and its checksum.
 * They ought to be 0, but nothing says that they are.
 */
static noinline u16 padding_sum(const struct sk_buff *skb, unsigned int pad)
{
	unsigned int at = skb->len - pad;
	__wsum sum = skb_checksum(skb, at, pad, 0);

	return (__force u16)csum_fold(csum_block_add(0, sum, at));
}

/* Bytes behind a ChannelData message; negative if it is not all there. */
static __always_inline int padding_len(const struct udphdr *udp)
{
	return ntohs(udp->len) - sizeof(struct udphdr) -
	       KTURN_CHANNEL_DATA_LEN - ntohs(channel_data(udp)->len);
}

/*
 * A datagram that may be fragmented further on needs an identification among
 * all that this host sends to that peer (RFC 8656 section 14); to one that may
 * not it means nothing (RFC 6864 section 4.1).
 */
static noinline void identify(struct net *net, struct iphdr *iph)
{
	__be16 old = iph->id;

	__ip_select_ident(net, iph, 1);
	csum_replace2(&iph->check, old, iph->id);
}

/* Exchange the headers; a ChannelData header comes or goes. */
static __always_inline void exchange_headers(struct kturn_packet *p,
					     const bool v6)
{
	const unsigned int udp_offset = headers_len(v6) - sizeof(struct udphdr);
	struct sk_buff *skb = p->skb;
	const void *from = skb->data;
	struct kturn_channel_data *cd;
	void *to;

	if (p->dir == KTURN_TO_PEER)
		to = __skb_pull(skb, KTURN_CHANNEL_DATA_LEN);
	else
		to = __skb_push(skb, KTURN_CHANNEL_DATA_LEN);
	if (v6)
		kturn_rewrite6(to, from, &p->rw);
	else
		kturn_rewrite4(to, from, &p->rw);
	if (p->dir == KTURN_TO_CLIENT) {
		cd = to + headers_len(v6);
		cd->number = v6 ? p->rw.out->tuple6.number :
				  p->rw.out->tuple4.number;
		cd->len = htons(p->data_len);
	}
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, udp_offset);
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
static __always_inline void scrub(struct kturn_packet *p, struct dst_entry *dst,
				  const bool v6)
{
	struct sk_buff *skb = p->skb;

	forget_the_way_here(skb);
	__skb_set_sw_hash(skb, p->rw.flow->hash, true);
	skb->priority = rt_tos2priority(v6 ? ipv6_get_dsfield(ipv6_hdr(skb)) :
					     ip_hdr(skb)->tos);
	skb->dev = dst->dev;
	skb_dst_set_noref(skb, dst);
	if (v6)
		memset(IP6CB(skb), 0, sizeof(*IP6CB(skb)));
	else
		memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
}

/* From here on it is ours: rewritten, sent, counted. */
static __always_inline unsigned int send(struct kturn_packet *p,
					 struct dst_entry *dst, const bool v6)
{
	struct kturn_flow_stats __percpu *total = &p->kn->stats->flow[p->dir];
	struct kturn_path *path = kturn_path(p->channel, p->dir);
	struct net *net = p->kn->net;
	int err;

	exchange_headers(p, v6);
	if (!v6 && unlikely(!(ip_hdr(p->skb)->frag_off & htons(IP_DF))))
		identify(net, ip_hdr(p->skb));
	scrub(p, dst, v6);
	err = v6 ? kturn_send6(net, p->skb, p->local_out) :
		   kturn_send4(net, p->skb, p->local_out);
	trace_kturn_forward(p->channel, p->dir, p->data_len, err);
	if (unlikely(err)) {
		this_cpu_inc(p->kn->stats->dropped[KTURN_A_DROPPED_OUTPUT]);
		return NF_STOLEN;
	}
	atomic64_inc(&path->packets);
	atomic64_add(p->data_len, &path->bytes);
	this_cpu_inc(total->packets);
	this_cpu_add(total->bytes, p->data_len);
	return NF_STOLEN;
}

/* Hop limit, route, MTU, room: what a router looks at. */
static __always_inline unsigned int forward(struct kturn_packet *p,
					    const bool v6)
{
	struct kturn_path *path = kturn_path(p->channel, p->dir);
	struct sk_buff *skb = p->skb;
	unsigned int len = skb->len + p->rw.len_delta;
	struct dst_entry *dst;
	unsigned int mtu, room;

	if (unlikely((v6 ? ipv6_hdr(skb)->hop_limit : ip_hdr(skb)->ttl) <= 1)) {
		v6 ? kturn_hop_limit6(skb) : kturn_hop_limit4(skb);
		return drop(p->kn, skb, KTURN_A_DROPPED_HOP_LIMIT);
	}
	dst = v6 ? kturn_route6(p->kn->net, path, p->rw.out) :
		   kturn_route4(p->kn->net, path, p->rw.out);
	if (IS_ERR(dst))
		return pass(p->kn, skb, -PTR_ERR(dst));

	mtu = v6 ? kturn_mtu6(dst, len) : kturn_mtu4(dst);
	if (unlikely(len > mtu)) {
		bool told = v6 ? kturn_too_big6(skb, mtu, p->rw.len_delta) :
				 kturn_too_big4(skb, mtu, p->rw.len_delta);

		return told ? drop(p->kn, skb, KTURN_A_DROPPED_TOO_BIG) :
			      pass(p->kn, skb, KTURN_A_PASSED_MTU);
	}
	room = LL_RESERVED_SPACE(dst->dev) + KTURN_CHANNEL_DATA_LEN;
	if (unlikely(skb_cow(skb, room)))
		return pass(p->kn, skb, KTURN_A_PASSED_NO_MEMORY);
	if (unlikely(p->rw.pad && pskb_trim(skb, skb->len - p->rw.pad)))
		return pass(p->kn, skb, KTURN_A_PASSED_NO_MEMORY);
	return send(p, dst, v6);
}

/* To the client: all of the data, behind a ChannelData header. */
static __always_inline unsigned int
relay_to_client(struct kturn_net *kn, struct sk_buff *skb,
		struct kturn_flow *flow, const struct nf_hook_state *state,
		const bool v6)
{
	struct kturn_channel *channel =
		container_of(flow, struct kturn_channel, flow[KTURN_TO_CLIENT]);
	const struct kturn_flow *out = &channel->flow[KTURN_TO_PEER];
	const u16 data_len = ntohs(udp_header(skb, v6)->len) -
			     sizeof(struct udphdr);
	const int csum = checksum_kind(skb, v6);
	struct kturn_packet p = {
		.kn = kn,
		.skb = skb,
		.channel = channel,
		.dir = KTURN_TO_CLIENT,
		.data_len = data_len,
		.local_out = state->hook == NF_INET_LOCAL_IN,
		.rw = {
			.flow = flow,
			.out = out,
			.csum = csum,
			.len_delta = KTURN_CHANNEL_DATA_LEN,
			.csum_delta = (__force u16)htons(data_len),
			.csum_pad = 0,
			.pad = 0,
		},
	};

	if (unlikely(csum < 0))
		return pass(kn, skb, KTURN_A_PASSED_CHECKSUM);
	return forward(&p, v6);
}

/* To the peer: the data of a ChannelData message. */
static __always_inline unsigned int
relay_to_peer(struct kturn_net *kn, struct sk_buff *skb,
	      struct kturn_flow *flow, const struct nf_hook_state *state,
	      const bool v6)
{
	struct kturn_channel *channel =
		container_of(flow, struct kturn_channel, flow[KTURN_TO_PEER]);
	const struct kturn_flow *out = &channel->flow[KTURN_TO_CLIENT];
	const struct udphdr *udp = udp_header(skb, v6);
	const __be16 len = channel_data(udp)->len;
	const int pad = padding_len(udp);
	const int csum = checksum_kind(skb, v6);
	struct kturn_packet p = {
		.kn = kn,
		.skb = skb,
		.channel = channel,
		.dir = KTURN_TO_PEER,
		.data_len = ntohs(len),
		.local_out = state->hook == NF_INET_LOCAL_IN,
		.rw = {
			.flow = flow,
			.out = out,
			.csum = csum,
			.len_delta = -(int)KTURN_CHANNEL_DATA_LEN - pad,
			.csum_delta = (u16)~(__force u16)len,
			.csum_pad = 0,
			.pad = pad,
		},
	};

	if (unlikely(csum < 0))
		return pass(kn, skb, KTURN_A_PASSED_CHECKSUM);
	if (unlikely(pad < 0))
		return drop(kn, skb, KTURN_A_DROPPED_WRONG_LENGTH);
	if (unlikely(pad > 3))
		return pass(kn, skb, KTURN_A_PASSED_OTHER);
	if (unlikely(pad)) {
		p.rw.csum_pad = kturn_sum_less(pad);
		p.rw.csum_delta += padding_sum(skb, pad);
	}
	return forward(&p, v6);
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
					    struct sk_buff *skb,
					    const struct nf_hook_state *state,
					    bool v6)
{
	struct sk_buff *segments, *segment, *next;

	if (skb_shinfo(skb)->gso_type & ~(SKB_GSO_UDP_L4 | SKB_GSO_DODGY))
		return pass(kn, skb, KTURN_A_PASSED_GSO);
	segments = skb_gso_segment(skb, NETIF_F_SG | NETIF_F_HW_CSUM);
	if (IS_ERR_OR_NULL(segments))
		return pass(kn, skb, KTURN_A_PASSED_GSO);
	consume_skb(skb);
	skb_list_walk_safe(segments, segment, next) {
		skb_mark_not_on_list(segment);
		relay_segment(kn, segment, state, v6);
	}
	return NF_STOLEN;
}

/* A datagram of a channel. */
static __always_inline unsigned int relay(struct kturn_net *kn,
					  struct sk_buff *skb,
					  struct kturn_flow *flow,
					  const enum kturn_dir dir,
					  const struct nf_hook_state *state,
					  const bool v6)
{
	int reason = unusual(skb, v6);

	if (unlikely(reason))
		return reason == KTURN_A_PASSED_GSO ?
		       relay_segments(kn, skb, state, v6) :
		       pass(kn, skb, reason);
	if (unlikely(time_after_eq(jiffies, READ_ONCE(flow->until))))
		return at_rest(kn, skb, flow, dir);
	if (dir == KTURN_TO_PEER)
		return relay_to_peer(kn, skb, flow, state, v6);
	return relay_to_client(kn, skb, flow, state, v6);
}

static __always_inline struct kturn_flow *find(struct kturn_net *kn,
					       const struct sk_buff *skb,
					       __be16 number, const bool v6)
{
	const struct udphdr *udp = udp_header(skb, v6);
	struct kturn_tuple6 tuple6;
	struct kturn_tuple4 tuple4;

	if (v6) {
		kturn_tuple6_set(&tuple6, ipv6_hdr(skb), udp, number);
		return kturn_flow6_find(kn, &tuple6);
	}
	kturn_tuple4_set(&tuple4, ip_hdr(skb), udp, number);
	return kturn_flow4_find(kn, &tuple4);
}

/* To a port that allocations use, either their server's or a relayed one. */
static __always_inline unsigned int look_up(struct kturn_net *kn,
					    struct sk_buff *skb,
					    unsigned int kind,
					    const struct nf_hook_state *state,
					    const bool v6)
{
	struct kturn_flow *flow;
	bool is_cd = false;

	if (kind & KTURN_PORT_RELAYED) {
		flow = find(kn, skb, 0, v6);
		if (likely(flow))
			return relay(kn, skb, flow, KTURN_TO_CLIENT, state, v6);
	}
	if (kind & KTURN_PORT_SERVER) {
		is_cd = is_channel_data(skb, v6);
		if (likely(is_cd)) {
			flow = find(kn, skb,
				    channel_data(udp_header(skb, v6))->number,
				    v6);
			if (likely(flow))
				return relay(kn, skb, flow, KTURN_TO_PEER,
					     state, v6);
		}
	}
	return miss(kn, skb, udp_header(skb, v6), is_cd, unusual(skb, v6));
}

/* Out of line, so that packets of other ports save no registers. */
static noinline unsigned int relay4(struct kturn_net *kn, struct sk_buff *skb,
				    unsigned int kind,
				    const struct nf_hook_state *state)
{
	return look_up(kn, skb, kind, state, false);
}

static noinline unsigned int relay6(struct kturn_net *kn, struct sk_buff *skb,
				    unsigned int kind,
				    const struct nf_hook_state *state)
{
	return look_up(kn, skb, kind, state, true);
}

/*
 * IP options, extension headers, fragments: only counted. Fragments but for
 * the first cannot be told apart.
 */
static unsigned int odd(struct kturn_net *kn, struct sk_buff *skb,
			int udp_offset, bool fragment)
{
	struct udphdr buf;
	const struct udphdr *udp;

	udp = skb_header_pointer(skb, udp_offset, sizeof(buf), &buf);
	if (!udp || !kturn_port_kind(kn, udp->dest))
		return NF_ACCEPT;
	return miss(kn, skb, udp, false,
		    fragment ? KTURN_A_PASSED_OTHER : KTURN_A_PASSED_IP_OPTIONS);
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
		return odd(kn, skb, iph->ihl * 4, ip_is_fragment(iph));
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
	return odd(kn, skb, offset, frag_off != 0);
}

/* The hook of IPv4. */
unsigned int kturn_relay4(void *priv, struct sk_buff *skb,
			  const struct nf_hook_state *state)
{
	const struct iphdr *iph = ip_hdr(skb);

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
	const u8 nexthdr = ipv6_hdr(skb)->nexthdr;

	if (unlikely(nexthdr != IPPROTO_UDP))
		return ipv6_ext_hdr(nexthdr) ? unusual6(priv, skb, state) :
					       NF_ACCEPT;
	if (unlikely(skb_headlen(skb) < sizeof(struct kturn_headers6)))
		return unusual6(priv, skb, state);
	return usual6(priv, skb, state);
}

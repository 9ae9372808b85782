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
#include <net/l3mdev.h>
#include <net/xfrm.h>

#include "flow.h"
#include "miss.h"
#include "output.h"
#include "police.h"
#include "relay.h"
#include "rewrite.h"
#include "trace.h"
#include "verdict.h"

/* What a Data indication adds to a peer's datagram. */
#define KTURN_DATA_INDICATION_LEN	48

/* What a datagram looks like on one side of the relay. */
struct kturn_form {
	bool v6;
	bool channel_data;
};

/* A datagram that belongs to a channel. */
struct kturn_packet {
	struct kturn_net *kn;
	struct sk_buff *skb;
	struct kturn_channel *channel;
	struct kturn_channel *twin;	/* it leaves by, if it does */
	struct kturn_path *path;	/* the way out */
	enum kturn_dir dir;		/* of the channel it came by */
	struct kturn_rewrite rw;
	u16 data_len;
	bool local_out;
	bool policed;
};

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

static __always_inline bool in_vrf(const struct net_device *dev)
{
	return netif_is_l3_slave(dev) || netif_is_l3_master(dev);
}

/* Would a socket that is bound to this device (or to none) receive it? */
static bool came_by(const struct sk_buff *skb, int device)
{
	if (!device)
		return !in_vrf(skb->dev);
	return skb->dev->ifindex == device ||
	       l3mdev_master_ifindex_rcu(skb->dev) == device;
}

/*
 * Ways to get here that are none of ours: bridged frames (br_netfilter), other
 * people's frames, IPsec, reassembled datagrams, a verdict given from process
 * context (nfqueue).
 */
static __always_inline int unusual(struct sk_buff *skb,
				   const struct nf_hook_state *state,
				   const bool v6)
{
	const unsigned short family = v6 ? AF_INET6 : AF_INET;
	const unsigned int udp_offset = headers_len(v6) - sizeof(struct udphdr);

	if (unlikely(skb->pkt_type != PACKET_HOST ||
		     (nf_bridge_info_exists(skb) &&
		      state->hook == NF_INET_PRE_ROUTING) ||
		     !xfrm_policy_check(NULL, XFRM_POLICY_IN, skb, family) ||
		     (v6 ? IP6CB(skb)->frag_max_size :
			   IPCB(skb)->frag_max_size) ||
		     !softirq_count() ||
		     ntohs(udp_header(skb, v6)->len) != skb->len - udp_offset))
		return KTURN_A_PASSED_OTHER;
	if (unlikely(skb_is_gso(skb)))
		return KTURN_A_PASSED_GSO;
	return unlikely(in_vrf(skb->dev)) ? KTURN_IN_VRF : 0;
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

/* IP, UDP and, where there is one, ChannelData header. */
static __always_inline int form_len(const struct kturn_form form)
{
	return headers_len(form.v6) +
	       (form.channel_data ? KTURN_CHANNEL_DATA_LEN : 0);
}

static __always_inline void *make_room(struct sk_buff *skb, int grows)
{
	return grows < 0 ? __skb_pull(skb, -grows) : __skb_push(skb, grows);
}

static __always_inline void rewrite(void *to, const void *from,
				    const struct kturn_rewrite *rw,
				    const bool v6_in, const bool v6_out)
{
	if (v6_in && v6_out)
		kturn_rewrite6(to, from, rw);
	else if (v6_in)
		kturn_rewrite64(to, from, rw);
	else if (v6_out)
		kturn_rewrite46(to, from, rw);
	else
		kturn_rewrite4(to, from, rw);
}

/* Exchange the headers, ChannelData's as well. */
static __always_inline void exchange_headers(struct kturn_packet *p,
					     const struct kturn_form in,
					     const struct kturn_form out)
{
	const unsigned int headers = headers_len(out.v6);
	struct sk_buff *skb = p->skb;
	const void *from = skb->data;
	void *to = make_room(skb, form_len(out) - form_len(in));
	struct kturn_channel_data *cd;

	rewrite(to, from, &p->rw, in.v6, out.v6);
	if (out.channel_data) {
		cd = to + headers;
		cd->number = out.v6 ? p->rw.out->tuple6.number :
				      p->rw.out->tuple4.number;
		cd->len = htons(p->data_len);
	}
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, headers - sizeof(struct udphdr));
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
static __always_inline void scrub(struct kturn_packet *p, struct dst_entry *dst,
				  const bool v6)
{
	struct sk_buff *skb = p->skb;

	forget_the_way_here(skb);
	__skb_set_sw_hash(skb, p->rw.hash, true);
	skb->priority = rt_tos2priority(v6 ? ipv6_get_dsfield(ipv6_hdr(skb)) :
					     ip_hdr(skb)->tos);
	skb->dev = dst->dev;
	skb_dst_set_noref(skb, dst);
	if (v6)
		memset(IP6CB(skb), 0, sizeof(*IP6CB(skb)));
	else
		memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
}

static __always_inline void count(const struct kturn_packet *p,
				  struct kturn_path *path, enum kturn_dir dir)
{
	struct kturn_flow_stats __percpu *total = &p->kn->stats->flow[dir];

	atomic64_inc(&path->packets);
	atomic64_add(p->data_len, &path->bytes);
	this_cpu_inc(total->packets);
	this_cpu_add(total->bytes, p->data_len);
}

static __always_inline void count_forwarded(const struct kturn_packet *p)
{
	count(p, kturn_path(p->channel, p->dir), p->dir);
	if (!p->twin)
		return;
	count(p, &p->twin->to_client, KTURN_TO_CLIENT);
	this_cpu_inc(p->kn->stats->hairpin);
}

/* From here on it is ours: rewritten, sent, counted. */
static __always_inline unsigned int send(struct kturn_packet *p,
					 struct dst_entry *dst,
					 unsigned int fragment_len,
					 const struct kturn_form in,
					 const struct kturn_form out)
{
	struct net *net = p->kn->net;
	struct sk_buff *skb = p->skb;
	int err;

	exchange_headers(p, in, out);
	if (!out.v6 && unlikely(!(ip_hdr(skb)->frag_off & htons(IP_DF))))
		identify(net, ip_hdr(skb));
	scrub(p, dst, out.v6);
	if (unlikely(fragment_len))
		err = kturn_send_fragments(net, skb, fragment_len,
					   p->local_out);
	else
		err = out.v6 ? kturn_send6(net, skb, p->local_out) :
			       kturn_send4(net, skb, p->local_out);
	trace_kturn_forward(p->channel, p->dir, p->data_len, err);
	if (unlikely(err)) {
		this_cpu_inc(p->kn->stats->dropped[KTURN_A_DROPPED_OUTPUT]);
		return NF_STOLEN;
	}
	count_forwarded(p);
	return NF_STOLEN;
}

/*
 * May its sender be asked to send less at a time? Not where it allows for
 * fragmentation, nor below what IPv6 makes every sender count on.
 */
static bool sender_can_shrink(const struct sk_buff *skb, bool v6)
{
	if (v6)
		return skb->len > IPV6_MIN_MTU;
	return ip_hdr(skb)->frag_off & htons(IP_DF);
}

static noinline unsigned int too_big(const struct kturn_net *kn,
				     struct sk_buff *skb, unsigned int mtu,
				     bool v6)
{
	v6 ? kturn_too_big6(skb, mtu) : kturn_too_big4(skb, mtu);
	return kturn_drop(kn, skb, KTURN_A_DROPPED_TOO_BIG);
}

/*
 * What a packet that fits may grow by. A peer whose datagrams become or were
 * IPv6 is asked to leave room for a Data indication (RFC 8656 section 13).
 */
static __always_inline int growth(const struct kturn_packet *p,
				  const struct kturn_form in,
				  const struct kturn_form out)
{
	if (p->dir == KTURN_TO_CLIENT && (in.v6 || out.v6))
		return headers_len(out.v6) - headers_len(in.v6) +
		       KTURN_DATA_INDICATION_LEN;
	return form_len(out) - form_len(in);
}

/*
 * What is rare takes the parts of a packet: of a struct kturn_packet whose
 * address nobody has, forward() keeps nothing in memory.
 */
static noinline struct dst_entry *
find_route(struct net *net, struct kturn_path *path,
	   const struct kturn_channel *channel, enum kturn_dir dir,
	   const struct kturn_channel *twin, bool v6_in, bool v6_out)
{
	const struct kturn_way way = {
		.in = &channel->flow[dir],
		.out = twin ? &twin->flow[KTURN_TO_PEER] : &channel->flow[!dir],
		.from = channel->allocation->device[dir],
		.to = twin ? twin->allocation->device[KTURN_TO_PEER] :
			     channel->allocation->device[!dir],
		.v6 = v6_in,
	};

	return v6_out ? kturn_route6_lookup(net, path, &way) :
			kturn_route4_lookup(net, path, &way);
}

/* Between two clients the limits of both hold. */
static noinline bool within_limits(struct kturn_net *kn,
				   const struct kturn_channel *channel,
				   enum kturn_dir dir,
				   const struct kturn_channel *twin, u16 bytes)
{
	return kturn_police(kn, channel->allocation, dir, bytes) &&
	       (!twin || kturn_police(kn, twin->allocation, KTURN_TO_CLIENT,
				      bytes));
}

/* Hop limit, route, MTU, room: what a router looks at; and limits. */
static __always_inline unsigned int forward(struct kturn_packet *p,
					    const struct kturn_form in,
					    const struct kturn_form out)
{
	const int grows = form_len(out) - form_len(in);
	struct sk_buff *skb = p->skb;
	unsigned int len = skb->len + grows - p->rw.pad;
	unsigned int mtu, room, fragment_len = 0;
	struct dst_entry *dst;

	if (unlikely((in.v6 ? ipv6_hdr(skb)->hop_limit : ip_hdr(skb)->ttl) <= 1)) {
		in.v6 ? kturn_hop_limit6(skb) : kturn_hop_limit4(skb);
		return kturn_drop(p->kn, skb, KTURN_A_DROPPED_HOP_LIMIT);
	}
	dst = out.v6 ? kturn_route6(p->kn->net, p->path) :
		       kturn_route4(p->kn->net, p->path);
	if (unlikely(!dst)) {
		dst = find_route(p->kn->net, p->path, p->channel, p->dir,
				 p->twin, in.v6, out.v6);
		if (IS_ERR(dst))
			return kturn_pass(p->kn, skb, -PTR_ERR(dst));
	}

	mtu = out.v6 ? kturn_mtu6(dst, len) : kturn_mtu4(dst);
	if (!in.v6 && out.v6 && !(ip_hdr(skb)->frag_off & htons(IP_DF)))
		mtu = IPV6_MIN_MTU;	/* RFC 7915 section 4 */
	if (unlikely(len > mtu)) {
		if (sender_can_shrink(skb, in.v6))
			return too_big(p->kn, skb, mtu - growth(p, in, out),
				       in.v6);
		fragment_len = mtu;
	}
	if (p->policed &&
	    !within_limits(p->kn, p->channel, p->dir, p->twin, p->data_len))
		return kturn_drop(p->kn, skb, KTURN_A_DROPPED_RATE);
	room = LL_RESERVED_SPACE(dst->dev) + max(grows, 0);
	if (unlikely(skb_cow(skb, room)))
		return kturn_pass(p->kn, skb, KTURN_A_PASSED_NO_MEMORY);
	if (unlikely(p->rw.pad && pskb_trim(skb, skb->len - p->rw.pad)))
		return kturn_pass(p->kn, skb, KTURN_A_PASSED_NO_MEMORY);
	return send(p, dst, fragment_len, in, out);
}

static __always_inline void take_padding_off(struct kturn_packet *p,
					     unsigned int pad)
{
	p->rw.pad = pad;
	p->rw.len_delta -= pad;
	p->rw.csum_pad = kturn_sum_less(pad);
	p->rw.csum_delta += padding_sum(p->skb, pad);
}

/* What the datagram itself says: its length and its checksum. */
static __always_inline unsigned int relay_as(struct kturn_packet *p,
					     const struct kturn_form in,
					     const struct kturn_form out)
{
	const struct udphdr *udp = udp_header(p->skb, in.v6);
	const int udp_data = ntohs(udp->len) - sizeof(*udp);
	const __be16 len = in.channel_data ? channel_data(udp)->len :
					     htons(udp_data);
	const int pad = in.channel_data ?
			udp_data - (int)KTURN_CHANNEL_DATA_LEN - ntohs(len) : 0;
	const int csum = checksum_kind(p->skb, in.v6);

	if (unlikely(csum < 0 || (!in.v6 && out.v6 && !udp->check)))
		return kturn_pass(p->kn, p->skb, KTURN_A_PASSED_CHECKSUM);
	p->data_len = ntohs(len);
	p->rw.csum = csum;
	p->rw.len_delta = form_len(out) - headers_len(out.v6) -
			  form_len(in) + headers_len(in.v6);
	if (in.channel_data != out.channel_data)
		p->rw.csum_delta = in.channel_data ? (u16)~(__force u16)len :
						     (__force u16)len;
	if (unlikely(pad < 0))
		return kturn_drop(p->kn, p->skb, KTURN_A_DROPPED_WRONG_LENGTH);
	if (unlikely(pad > 3))
		return kturn_pass(p->kn, p->skb, KTURN_A_PASSED_OTHER);
	if (unlikely(pad))
		take_padding_off(p, pad);
	return forward(p, in, out);
}

static __always_inline struct kturn_packet
packet_of(struct kturn_net *kn, struct sk_buff *skb,
	  struct kturn_channel *channel, enum kturn_dir dir,
	  const struct nf_hook_state *state)
{
	const struct kturn_flow *flow = &channel->flow[dir];

	return (struct kturn_packet) {
		.kn = kn,
		.skb = skb,
		.channel = channel,
		.path = kturn_path(channel, dir),
		.dir = dir,
		.local_out = state->hook == NF_INET_LOCAL_IN,
		.rw = {
			.out = &channel->flow[!dir],
			.hash = flow->hash,
			.sum = flow->csum,
			.sum_pseudo = flow->csum_pseudo,
		},
	};
}

/* The same family on both sides, from client to peer or the other way. */
static __always_inline unsigned int
relay_plain(struct kturn_net *kn, struct sk_buff *skb,
	    struct kturn_channel *channel, const enum kturn_dir dir,
	    const struct nf_hook_state *state, const bool v6)
{
	struct kturn_packet p = packet_of(kn, skb, channel, dir, state);
	const bool to_peer = dir == KTURN_TO_PEER;

	return relay_as(&p, (struct kturn_form){ v6, to_peer },
			(struct kturn_form){ v6, !to_peer });
}

/* The channel of another client of this relay that is the peer, if it may. */
static struct kturn_channel *usable_twin(const struct kturn_channel *channel)
{
	struct kturn_channel *twin = rcu_dereference(channel->twin);
	const struct kturn_flow *back;

	if (!twin)
		return NULL;
	back = &twin->flow[KTURN_TO_CLIENT];
	return time_before(jiffies, READ_ONCE(back->until)) ? twin : NULL;
}

/*
 * Straight to the other client: what the two channels do one after the other,
 * in one go. Their sums add up, because what is between them cancels out.
 * What many such calls are, IPv4 on both sides, has a copy of its own.
 */
static noinline unsigned int relay_between(struct kturn_net *kn,
					   struct sk_buff *skb,
					   struct kturn_channel *channel,
					   struct kturn_channel *twin,
					   const struct nf_hook_state *state,
					   bool v6)
{
	const struct kturn_flow *back = &twin->flow[KTURN_TO_CLIENT];
	struct kturn_packet p = packet_of(kn, skb, channel, KTURN_TO_PEER,
					  state);
	bool v6_out = twin->client_family == AF_INET6;

	if (!came_by(skb, channel->allocation->device[KTURN_TO_PEER]))
		return kturn_pass(kn, skb, KTURN_A_PASSED_OTHER);
	p.twin = twin;
	p.policed = channel->allocation->policed || twin->allocation->policed;
	p.path = &twin->to_client;
	p.rw.out = &twin->flow[KTURN_TO_PEER];
	p.rw.hash = back->hash;
	p.rw.sum += back->csum;
	p.rw.sum_pseudo += back->csum_pseudo;
	if (!v6 && !v6_out)
		return relay_as(&p, (struct kturn_form){ false, true },
				(struct kturn_form){ false, true });
	return relay_as(&p, (struct kturn_form){ v6, true },
			(struct kturn_form){ v6_out, true });
}

/* From one address family to the other, limited, or bound to a device. */
static noinline unsigned int relay_special(struct kturn_net *kn,
					   struct sk_buff *skb,
					   struct kturn_channel *channel,
					   enum kturn_dir dir,
					   const struct nf_hook_state *state,
					   bool v6)
{
	const bool to_peer = dir == KTURN_TO_PEER;
	const u16 family = to_peer ? channel->peer.family :
				     channel->client_family;
	struct kturn_packet p = packet_of(kn, skb, channel, dir, state);

	if (!came_by(skb, channel->allocation->device[dir]))
		return kturn_pass(kn, skb, KTURN_A_PASSED_OTHER);
	p.policed = channel->allocation->policed;
	return relay_as(&p, (struct kturn_form){ v6, to_peer },
			(struct kturn_form){ family == AF_INET6, !to_peer });
}

/* What one look at a channel sets apart from the plain. */
static __always_inline unsigned int
relay_set_apart(struct kturn_net *kn, struct sk_buff *skb,
		struct kturn_channel *channel, const enum kturn_dir dir,
		const struct nf_hook_state *state, const bool v6)
{
	struct kturn_channel *twin =
		dir == KTURN_TO_PEER ? usable_twin(channel) : NULL;

	if (twin)
		return relay_between(kn, skb, channel, twin, state, v6);
	return relay_special(kn, skb, channel, dir, state, v6);
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
	struct sk_buff *segments = NULL, *segment, *next;

	if (!(skb_shinfo(skb)->gso_type & ~(SKB_GSO_UDP_L4 | SKB_GSO_DODGY)))
		segments = skb_gso_segment(skb, NETIF_F_SG | NETIF_F_HW_CSUM);
	if (IS_ERR_OR_NULL(segments)) {
		this_cpu_inc(kn->stats->received);
		return kturn_pass(kn, skb, KTURN_A_PASSED_GSO);
	}
	consume_skb(skb);
	skb_list_walk_safe(segments, segment, next) {
		skb_mark_not_on_list(segment);
		relay_segment(kn, segment, state, v6);
	}
	return NF_STOLEN;
}

static noinline unsigned int relay_unusual(struct kturn_net *kn,
					   struct sk_buff *skb,
					   struct kturn_channel *channel,
					   enum kturn_dir dir,
					   const struct nf_hook_state *state,
					   bool v6, int reason)
{
	struct kturn_flow *flow = &channel->flow[dir];

	if (kturn_seen_before(skb, state))
		return NF_ACCEPT;
	if (reason == KTURN_A_PASSED_GSO)
		return relay_segments(kn, skb, state, v6);
	this_cpu_inc(kn->stats->received);
	if (reason != KTURN_IN_VRF)
		return kturn_pass(kn, skb, reason);
	if (time_after_eq(jiffies, READ_ONCE(flow->until)))
		return kturn_at_rest(kn, skb, flow, dir);
	if (READ_ONCE(kturn_path(channel, dir)->special))
		return relay_set_apart(kn, skb, channel, dir, state, v6);
	return kturn_pass(kn, skb, KTURN_A_PASSED_OTHER);
}

/* A datagram of a channel. */
static __always_inline unsigned int relay(struct kturn_net *kn,
					  struct sk_buff *skb,
					  struct kturn_flow *flow,
					  const enum kturn_dir dir,
					  const struct nf_hook_state *state,
					  const bool v6)
{
	struct kturn_channel *channel =
		container_of(flow, struct kturn_channel, flow[dir]);
	int reason = unusual(skb, state, v6);

	if (unlikely(reason))
		return relay_unusual(kn, skb, channel, dir, state, v6, reason);
	this_cpu_inc(kn->stats->received);
	if (unlikely(time_after_eq(jiffies, READ_ONCE(flow->until))))
		return kturn_at_rest(kn, skb, flow, dir);
	if (unlikely(READ_ONCE(kturn_path(channel, dir)->special)))
		return relay_set_apart(kn, skb, channel, dir, state, v6);
	return relay_plain(kn, skb, channel, dir, state, v6);
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
	return kturn_miss(kn, skb, state, udp_header(skb, v6), is_cd,
			  unusual(skb, state, v6));
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

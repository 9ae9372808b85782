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

#include "output.h"
#include "relay.h"
#include "rewrite.h"
#include "state.h"

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

static unsigned int pass(const struct kturn_net *kn, unsigned int reason)
{
	this_cpu_inc(kn->stats->passed[reason]);
	return NF_ACCEPT;
}

static unsigned int drop(const struct kturn_net *kn, unsigned int reason)
{
	this_cpu_inc(kn->stats->dropped[reason]);
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

	if (unlikely(skb_is_gso(skb)))
		return KTURN_A_PASSED_GSO;
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
	return 0;
}

/*
 * Of a flow that does not forward (any more): a channel, its permission or its
 * allocation has run out, or the channel joins two families.
 */
static noinline unsigned int at_rest(struct kturn_packet *p)
{
	struct kturn_allocation *allocation = p->channel->allocation;
	struct kturn_permission *permission;

	if (time_after_eq(jiffies, READ_ONCE(allocation->due.expires)))
		return pass(p->kn, KTURN_A_PASSED_EXPIRED);
	if (p->dir == KTURN_TO_PEER &&
	    time_after_eq(jiffies, READ_ONCE(p->channel->due.expires)))
		return drop(p->kn, KTURN_A_DROPPED_UNBOUND_CHANNEL);
	permission = kturn_permission_find(p->kn, allocation,
					   &p->channel->peer);
	if (!permission ||
	    time_after_eq(jiffies, READ_ONCE(permission->due.expires)))
		return drop(p->kn, KTURN_A_DROPPED_NO_PERMISSION);
	if (time_after_eq(jiffies, READ_ONCE(p->channel->due.expires)))
		return pass(p->kn, KTURN_A_PASSED_NO_CHANNEL);
	if (allocation->tuple.client.family != p->channel->peer.family)
		return pass(p->kn, KTURN_A_PASSED_FAMILY);
	/* Refreshed since its time was looked at. */
	return pass(p->kn, KTURN_A_PASSED_OTHER);
}

/* No channel: from the client of an allocation. */
static unsigned int miss_client(struct kturn_net *kn,
				const struct kturn_allocation *allocation,
				bool is_channel_data)
{
	if (time_after_eq(jiffies, READ_ONCE(allocation->due.expires)))
		return pass(kn, KTURN_A_PASSED_EXPIRED);
	if (!is_channel_data)
		return pass(kn, KTURN_A_PASSED_STUN);
	return drop(kn, KTURN_A_DROPPED_UNBOUND_CHANNEL);
}

/* No channel: to the relayed transport address of an allocation. */
static unsigned int miss_peer(struct kturn_net *kn,
			      const struct kturn_allocation *allocation,
			      const struct kturn_endpoint *peer)
{
	struct kturn_permission *permission;

	if (time_after_eq(jiffies, READ_ONCE(allocation->due.expires)))
		return pass(kn, KTURN_A_PASSED_EXPIRED);
	permission = kturn_permission_find(kn, allocation, peer);
	if (!permission ||
	    time_after_eq(jiffies, READ_ONCE(permission->due.expires)))
		return drop(kn, KTURN_A_DROPPED_NO_PERMISSION);
	return pass(kn, KTURN_A_PASSED_NO_CHANNEL);
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
		return reason ? pass(kn, reason) :
				miss_peer(kn, allocation, &t.client);
	allocation = kturn_allocation_by_client(kn, &t);
	if (allocation)
		return reason ? pass(kn, reason) :
				miss_client(kn, allocation, is_channel_data);
	return NF_ACCEPT;
}

/* Can the UDP checksum be carried over? Says how. */
static __always_inline bool checksum_kind(struct kturn_packet *p, const bool v6)
{
	const unsigned int udp_offset = headers_len(v6) - sizeof(struct udphdr);
	const struct sk_buff *skb = p->skb;

	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		p->rw.csum = KTURN_CSUM_PSEUDO;
		return skb_checksum_start_offset(skb) == udp_offset &&
		       skb->csum_offset == offsetof(struct udphdr, check);
	}
	p->rw.csum = KTURN_CSUM_FULL;
	return !v6 || udp_header(skb, v6)->check;
}

/*
 * Bytes behind the ChannelData message leave the datagram and its checksum.
 * They ought to be 0, but nothing says that they are.
 */
static void padding_sum(struct kturn_packet *p)
{
	unsigned int at = p->skb->len - p->rw.pad;
	__wsum sum = skb_checksum(p->skb, at, p->rw.pad, 0);

	p->rw.csum_delta += (__force u16)csum_fold(csum_block_add(0, sum, at));
}

/*
 * ChannelData: how long is it, and what has to be taken off? False with a
 * verdict where it does not add up.
 */
static __always_inline bool parse_channel_data(struct kturn_packet *p,
					       unsigned int *verdict,
					       const bool v6)
{
	const struct udphdr *udp = udp_header(p->skb, v6);
	const struct kturn_channel_data *cd = channel_data(udp);
	int pad = ntohs(udp->len) - sizeof(*udp) - sizeof(*cd) - ntohs(cd->len);

	if (unlikely(pad < 0)) {
		*verdict = drop(p->kn, KTURN_A_DROPPED_WRONG_LENGTH);
		return false;
	}
	if (unlikely(pad > 3)) {
		*verdict = pass(p->kn, KTURN_A_PASSED_OTHER);
		return false;
	}
	p->data_len = ntohs(cd->len);
	p->rw.csum_delta = (u16)~(__force u16)cd->len;
	p->rw.len_delta = -(int)KTURN_CHANNEL_DATA_LEN - pad;
	p->rw.pad = pad;
	if (unlikely(pad))
		padding_sum(p);
	return true;
}

static __always_inline void parse_peer_data(struct kturn_packet *p,
					    const bool v6)
{
	const struct udphdr *udp = udp_header(p->skb, v6);

	p->data_len = ntohs(udp->len) - sizeof(*udp);
	p->rw.csum_delta = (__force u16)htons(p->data_len);
	p->rw.len_delta = KTURN_CHANNEL_DATA_LEN;
	p->rw.pad = 0;
}

/*
 * A datagram that may be fragmented further on needs an identification among
 * all that this host sends to that peer (RFC 8656 section 14); to one that may
 * not it means nothing (RFC 6864 section 4.1).
 */
static __always_inline void identify(struct kturn_packet *p)
{
	const struct iphdr *iph = ip_hdr(p->skb);
	struct iphdr sent;

	p->rw.id = iph->id;
	if (likely(iph->frag_off & htons(IP_DF)))
		return;
	sent.protocol = IPPROTO_UDP;
	sent.saddr = p->rw.out->tuple4.daddr;
	sent.daddr = p->rw.out->tuple4.saddr;
	__ip_select_ident(p->kn->net, &sent, 1);
	p->rw.id = sent.id;
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

/* Nothing that was noted about the packet on its way here goes on with it. */
static __always_inline void scrub(struct kturn_packet *p, struct dst_entry *dst,
				  const bool v6)
{
	struct sk_buff *skb = p->skb;

	skb_orphan(skb);
	skb_scrub_packet(skb, true);
	skb_set_delivery_time(skb, 0, 0);
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
	struct kturn_path *path = kturn_path(p->channel, p->dir);
	struct net *net = p->kn->net;
	int err;

	if (!v6)
		identify(p);
	exchange_headers(p, v6);
	scrub(p, dst, v6);
	err = v6 ? kturn_send6(net, p->skb, p->local_out) :
		   kturn_send4(net, p->skb, p->local_out);
	if (unlikely(err)) {
		this_cpu_inc(p->kn->stats->dropped[KTURN_A_DROPPED_OUTPUT]);
		return NF_STOLEN;
	}
	atomic64_inc(&path->packets);
	atomic64_add(p->data_len, &path->bytes);
	this_cpu_inc(p->kn->stats->flow[p->dir].packets);
	this_cpu_add(p->kn->stats->flow[p->dir].bytes, p->data_len);
	return NF_STOLEN;
}

/* Hop limit, route, MTU, room: what a router looks at. */
static __always_inline unsigned int forward(struct kturn_packet *p,
					    const bool v6)
{
	struct kturn_path *path = kturn_path(p->channel, p->dir);
	struct sk_buff *skb = p->skb;
	struct dst_entry *dst;
	unsigned int mtu, room;
	int reason;

	if (unlikely((v6 ? ipv6_hdr(skb)->hop_limit : ip_hdr(skb)->ttl) <= 1)) {
		v6 ? kturn_hop_limit6(skb) : kturn_hop_limit4(skb);
		return drop(p->kn, KTURN_A_DROPPED_HOP_LIMIT);
	}
	reason = v6 ? kturn_route6(p->kn->net, path, p->rw.out, &dst) :
		      kturn_route4(p->kn->net, path, p->rw.out, &dst);
	if (unlikely(reason))
		return pass(p->kn, reason);

	mtu = dst_mtu(dst);
	if (unlikely(skb->len + p->rw.len_delta > mtu)) {
		bool told = v6 ? kturn_too_big6(skb, mtu, p->rw.len_delta) :
				 kturn_too_big4(skb, mtu, p->rw.len_delta);

		return told ? drop(p->kn, KTURN_A_DROPPED_TOO_BIG) :
			      pass(p->kn, KTURN_A_PASSED_MTU);
	}
	room = LL_RESERVED_SPACE(dst->dev) + KTURN_CHANNEL_DATA_LEN;
	if (unlikely(skb_cow(skb, room)))
		return pass(p->kn, KTURN_A_PASSED_NO_MEMORY);
	if (unlikely(p->rw.pad && pskb_trim(skb, skb->len - p->rw.pad)))
		return pass(p->kn, KTURN_A_PASSED_NO_MEMORY);
	return send(p, dst, v6);
}

/* A datagram of a channel. */
static __always_inline unsigned int relay(struct kturn_net *kn,
					  struct sk_buff *skb,
					  struct kturn_flow *flow,
					  enum kturn_dir dir,
					  const struct nf_hook_state *state,
					  const bool v6)
{
	struct kturn_packet p = {
		.kn = kn,
		.skb = skb,
		.dir = dir,
		.channel = container_of(flow, struct kturn_channel, flow[dir]),
		.local_out = state->hook == NF_INET_LOCAL_IN,
	};
	unsigned int verdict;
	int reason;

	p.rw.flow = flow;
	p.rw.out = &p.channel->flow[!dir];

	reason = unusual(skb, v6);
	if (unlikely(reason))
		return pass(kn, reason);
	if (unlikely(time_after_eq(jiffies, READ_ONCE(flow->until))))
		return at_rest(&p);
	if (unlikely(!checksum_kind(&p, v6)))
		return pass(kn, KTURN_A_PASSED_CHECKSUM);
	if (dir == KTURN_TO_PEER) {
		if (unlikely(!parse_channel_data(&p, &verdict, v6)))
			return verdict;
	} else {
		parse_peer_data(&p, v6);
	}
	return forward(&p, v6);
}

static unsigned int relay4(struct kturn_net *kn, struct sk_buff *skb,
			   unsigned int kind, const struct nf_hook_state *state)
{
	const struct kturn_headers4 *h = (const void *)ip_hdr(skb);
	struct kturn_tuple4 tuple = {
		.saddr = h->ip.saddr,
		.daddr = h->ip.daddr,
		.sport = h->udp.source,
		.dport = h->udp.dest,
	};
	struct kturn_flow *flow;
	bool is_cd = false;

	if (kind & KTURN_PORT_RELAYED) {
		flow = kturn_flow4_find(kn, &tuple);
		if (likely(flow))
			return relay(kn, skb, flow, KTURN_TO_CLIENT, state,
				     false);
	}
	if (kind & KTURN_PORT_SERVER) {
		is_cd = is_channel_data(skb, false);
		if (likely(is_cd)) {
			tuple.number =
				channel_data(udp_header(skb, false))->number;
			flow = kturn_flow4_find(kn, &tuple);
			if (likely(flow))
				return relay(kn, skb, flow, KTURN_TO_PEER,
					     state, false);
		}
	}
	return miss(kn, skb, udp_header(skb, false), is_cd,
		    unusual(skb, false));
}

static unsigned int relay6(struct kturn_net *kn, struct sk_buff *skb,
			   unsigned int kind, const struct nf_hook_state *state)
{
	const struct kturn_headers6 *h = (const void *)ipv6_hdr(skb);
	struct kturn_tuple6 tuple = {
		.saddr = h->ip.saddr,
		.daddr = h->ip.daddr,
		.sport = h->udp.source,
		.dport = h->udp.dest,
	};
	struct kturn_flow *flow;
	bool is_cd = false;

	if (kind & KTURN_PORT_RELAYED) {
		flow = kturn_flow6_find(kn, &tuple);
		if (likely(flow))
			return relay(kn, skb, flow, KTURN_TO_CLIENT, state,
				     true);
	}
	if (kind & KTURN_PORT_SERVER) {
		is_cd = is_channel_data(skb, true);
		if (likely(is_cd)) {
			tuple.number =
				channel_data(udp_header(skb, true))->number;
			flow = kturn_flow6_find(kn, &tuple);
			if (likely(flow))
				return relay(kn, skb, flow, KTURN_TO_PEER,
					     state, true);
		}
	}
	return miss(kn, skb, udp_header(skb, true), is_cd, unusual(skb, true));
}

/*
 * IP options, extension headers, fragments: only counted. Fragments but for
 * the first cannot be told apart.
 */
static noinline unsigned int odd(struct kturn_net *kn, struct sk_buff *skb,
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

static noinline unsigned int odd6(struct kturn_net *kn, struct sk_buff *skb)
{
	u8 nexthdr = ipv6_hdr(skb)->nexthdr;
	__be16 frag_off = 0;
	int offset;

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
	struct kturn_net *kn = priv;
	unsigned int kind;

	if (iph->protocol != IPPROTO_UDP)
		return NF_ACCEPT;
	if (unlikely(iph->frag_off & htons(IP_OFFSET)))
		return NF_ACCEPT;
	if (unlikely(iph->ihl != 5 || ip_is_fragment(iph)))
		return odd(kn, skb, iph->ihl * 4, ip_is_fragment(iph));
	if (unlikely(!pskb_may_pull(skb, sizeof(struct kturn_headers4))))
		return NF_ACCEPT;
	kind = kturn_port_kind(kn, udp_header(skb, false)->dest);
	if (!kind)
		return NF_ACCEPT;
	return relay4(kn, skb, kind, state);
}

/* The hook of IPv6. */
unsigned int kturn_relay6(void *priv, struct sk_buff *skb,
			  const struct nf_hook_state *state)
{
	struct kturn_net *kn = priv;
	unsigned int kind;

	if (ipv6_hdr(skb)->nexthdr != IPPROTO_UDP) {
		if (likely(!ipv6_ext_hdr(ipv6_hdr(skb)->nexthdr)))
			return NF_ACCEPT;
		return odd6(kn, skb);
	}
	if (unlikely(!pskb_may_pull(skb, sizeof(struct kturn_headers6))))
		return NF_ACCEPT;
	kind = kturn_port_kind(kn, udp_header(skb, true)->dest);
	if (!kind)
		return NF_ACCEPT;
	return relay6(kn, skb, kind, state);
}

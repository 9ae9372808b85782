/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What becomes of a datagram: look up, decide, rewrite. The rules are written
 * here once and compiled for every door that packets come in by: relay.c is
 * that of netfilter, xdp.c that of XDP.
 *
 * A door defines
 *
 *	struct kturn_view	a packet as it was received, handed on by value
 *	struct kturn_exit	what it knows of the way out by then
 *
 * includes this file, and defines what is declared below. Whatever a door does
 * not understand it passes on, untouched, to the next one.
 *
 * Functions marked __always_inline are written once and compiled for each
 * address family as well: @v6 is a constant in them.
 */
#ifndef _KTURN_ENGINE_H
#define _KTURN_ENGINE_H

#include <net/l3mdev.h>

#include "flow.h"
#include "output.h"
#include "police.h"
#include "rewrite.h"
#include "trace.h"

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
	struct kturn_view view;
	struct kturn_channel *channel;
	struct kturn_channel *twin;	/* it leaves by, if it does */
	struct kturn_path *path;	/* the way out */
	enum kturn_dir dir;		/* of the channel it came by */
	struct kturn_rewrite rw;
	struct kturn_exit exit;
	u16 data_len;
	bool policed;
};

/* --- what a door says of a packet ----------------------------------------- */

/* Its network header. */
static __always_inline const void *view_network(const struct kturn_view v);
/* Bytes from there to its end. */
static __always_inline unsigned int view_len(const struct kturn_view v);
/* The device that it came by. */
static __always_inline const struct net_device *
view_device(const struct kturn_view v);
/* Are so many bytes of it, from the network header on, there to be read? */
static __always_inline bool view_linear(const struct kturn_view v,
					unsigned int len);
/*
 * How is the UDP checksum field to be understood? Negative where it cannot be
 * carried over.
 */
static __always_inline int view_checksum(const struct kturn_view v,
					 const bool v6);
/* One's complement sum of so many bytes at its end. */
static __always_inline u16 view_padding_sum(const struct kturn_view v,
					    unsigned int pad);

/* --- what a door does; verdicts are the door's own ------------------------- */

/* Anything odd about it: not 0, and door_relay_unusual() knows what. */
static __always_inline int door_unusual(const struct kturn_view v,
					const bool v6);
static __always_inline unsigned int
door_relay_unusual(struct kturn_net *kn, const struct kturn_view v,
		   struct kturn_channel *channel, enum kturn_dir dir,
		   const bool v6, int reason);
/* It is to an allocation: count it, if it goes no further than this door. */
static __always_inline void door_received(const struct kturn_net *kn);
/* Of no channel, or of one that has run out. */
static __always_inline unsigned int
door_miss(struct kturn_net *kn, const struct kturn_view v,
	  bool is_channel_data, const bool v6);
static __always_inline unsigned int
door_at_rest(struct kturn_net *kn, const struct kturn_view v,
	     const struct kturn_flow *flow, enum kturn_dir dir);

/* Leave it as it is, KTURN_A_PASSED_*; drop it, KTURN_A_DROPPED_*. */
static __always_inline unsigned int door_pass(const struct kturn_net *kn,
					      const struct kturn_view v,
					      unsigned int reason);
static __always_inline unsigned int door_drop(const struct kturn_net *kn,
					      const struct kturn_view v,
					      unsigned int reason);
/* Its hop limit is used up. */
static __always_inline unsigned int
door_hop_limit(const struct kturn_packet *p, const bool v6);
/* May it leave in fragments? If not, tell its sender of the MTU. */
static __always_inline bool door_may_fragment(const struct kturn_packet *p,
					      const bool v6);
static __always_inline unsigned int
door_too_big(const struct kturn_packet *p, unsigned int mtu, const bool v6);
/* Can this door send to there? @len: of the IP packet. If not, @verdict. */
static __always_inline bool door_reach(struct kturn_packet *p,
				       const struct dst_entry *dst, int grows,
				       unsigned int len, const bool v6,
				       unsigned int *verdict);
/* Room for headers that grow by so much, and the padding off; or pass it. */
static __always_inline bool door_make_room(struct kturn_packet *p,
					   const struct dst_entry *dst,
					   int grows, unsigned int *verdict);
/*
 * From here on the packet is ours. Move its network header, which is written
 * then; make the change known; send it.
 */
static __always_inline void *door_move(struct kturn_packet *p, int grows);
static __always_inline void door_rewritten(struct kturn_packet *p, void *network,
					   const struct kturn_form in,
					   const struct kturn_form out);
static __always_inline int door_send(struct kturn_packet *p,
				     struct dst_entry *dst, void *network,
				     unsigned int len,
				     unsigned int fragment_len, const bool v6);
/* The verdict on what was sent, and on what could not be. */
static __always_inline unsigned int door_sent(const struct kturn_packet *p);

/* --- reading --------------------------------------------------------------- */

static __always_inline unsigned int headers_len(const bool v6)
{
	return v6 ? sizeof(struct kturn_headers6) :
		    sizeof(struct kturn_headers4);
}

static __always_inline const struct iphdr *
view_ip(const struct kturn_view v)
{
	return view_network(v);
}

static __always_inline const struct ipv6hdr *
view_ip6(const struct kturn_view v)
{
	return view_network(v);
}

static __always_inline const struct udphdr *
view_udp(const struct kturn_view v, const bool v6)
{
	return view_network(v) + headers_len(v6) - sizeof(struct udphdr);
}

static const struct kturn_channel_data *
channel_data(const struct udphdr *udp)
{
	return (const void *)(udp + 1);
}

/* Is it ChannelData, by its first byte (RFC 8656 section 12)? */
static __always_inline bool is_channel_data(const struct kturn_view v,
					    const bool v6)
{
	const struct kturn_channel_data *cd;

	if (ntohs(view_udp(v, v6)->len) <
	    sizeof(struct udphdr) + KTURN_CHANNEL_DATA_LEN)
		return false;
	if (!view_linear(v, headers_len(v6) + KTURN_CHANNEL_DATA_LEN))
		return false;
	cd = channel_data(view_udp(v, v6));
	return (cd->number & htons(0xc000)) == htons(KTURN_CHANNEL_MIN);
}

static __always_inline bool in_vrf(const struct net_device *dev)
{
	return netif_is_l3_slave(dev) || netif_is_l3_master(dev);
}

/* Would a socket that is bound to this device (or to none) receive it? */
static bool came_by(const struct net_device *dev, int device)
{
	if (!device)
		return !in_vrf(dev);
	return dev->ifindex == device ||
	       l3mdev_master_ifindex_rcu(dev) == device;
}

/* --- sending ---------------------------------------------------------------- */

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

/* Exchange the headers, ChannelData's as well. Returns the network header. */
static __always_inline void *exchange_headers(struct kturn_packet *p,
					      const struct kturn_form in,
					      const struct kturn_form out)
{
	const void *from = view_network(p->view);
	void *to = door_move(p, form_len(out) - form_len(in));
	struct kturn_channel_data *cd;

	rewrite(to, from, &p->rw, in.v6, out.v6);
	if (out.channel_data) {
		cd = to + headers_len(out.v6);
		cd->number = out.v6 ? p->rw.out->tuple6.number :
				      p->rw.out->tuple4.number;
		cd->len = htons(p->data_len);
	}
	door_rewritten(p, to, in, out);
	return to;
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
					 unsigned int len,
					 unsigned int fragment_len,
					 const struct kturn_form in,
					 const struct kturn_form out)
{
	void *network = exchange_headers(p, in, out);
	struct iphdr *iph = network;
	int err;

	if (!out.v6 && unlikely(!(iph->frag_off & htons(IP_DF))))
		identify(p->kn->net, iph);
	err = door_send(p, dst, network, len, fragment_len, out.v6);
	trace_kturn_forward(p->channel, p->dir, p->data_len, err);
	if (unlikely(err)) {
		this_cpu_inc(p->kn->stats->dropped[KTURN_A_DROPPED_OUTPUT]);
		return door_sent(p);
	}
	count_forwarded(p);
	return door_sent(p);
}

/* --- deciding --------------------------------------------------------------- */

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
	const struct kturn_view v = p->view;
	unsigned int len = view_len(v) + grows - p->rw.pad;
	unsigned int mtu, verdict, fragment_len = 0;
	struct dst_entry *dst;

	if (unlikely((in.v6 ? view_ip6(v)->hop_limit : view_ip(v)->ttl) <= 1))
		return door_hop_limit(p, in.v6);
	dst = out.v6 ? kturn_route6(p->kn->net, p->path) :
		       kturn_route4(p->kn->net, p->path);
	if (unlikely(!dst)) {
		dst = find_route(p->kn->net, p->path, p->channel, p->dir,
				 p->twin, in.v6, out.v6);
		if (IS_ERR(dst))
			return door_pass(p->kn, v, -PTR_ERR(dst));
	}

	mtu = out.v6 ? kturn_mtu6(dst, len) : kturn_mtu4(dst);
	if (!in.v6 && out.v6 && !(view_ip(v)->frag_off & htons(IP_DF)))
		mtu = IPV6_MIN_MTU;	/* RFC 7915 section 4 */
	if (unlikely(len > mtu)) {
		if (!door_may_fragment(p, in.v6))
			return door_too_big(p, mtu - growth(p, in, out),
					    in.v6);
		fragment_len = mtu;
	}
	if (!door_reach(p, dst, grows, len, out.v6, &verdict))
		return verdict;
	if (p->policed &&
	    !within_limits(p->kn, p->channel, p->dir, p->twin, p->data_len))
		return door_drop(p->kn, v, KTURN_A_DROPPED_RATE);
	if (!door_make_room(p, dst, grows, &verdict))
		return verdict;
	return send(p, dst, len, fragment_len, in, out);
}

/*
 * Bytes behind the ChannelData message leave the datagram and its checksum.
 * They ought to be 0, but nothing says that they are.
 */
static __always_inline void take_padding_off(struct kturn_packet *p,
					     unsigned int pad)
{
	p->rw.pad = pad;
	p->rw.len_delta -= pad;
	p->rw.csum_pad = kturn_sum_less(pad);
	p->rw.csum_delta += view_padding_sum(p->view, pad);
}

/* What the datagram itself says: its length and its checksum. */
static __always_inline unsigned int relay_as(struct kturn_packet *p,
					     const struct kturn_form in,
					     const struct kturn_form out)
{
	const struct udphdr *udp = view_udp(p->view, in.v6);
	const int udp_data = ntohs(udp->len) - sizeof(*udp);
	const __be16 len = in.channel_data ? channel_data(udp)->len :
					     htons(udp_data);
	const int pad = in.channel_data ?
			udp_data - (int)KTURN_CHANNEL_DATA_LEN - ntohs(len) : 0;
	const int csum = view_checksum(p->view, in.v6);

	if (unlikely(csum < 0 || (!in.v6 && out.v6 && !udp->check)))
		return door_pass(p->kn, p->view, KTURN_A_PASSED_CHECKSUM);
	p->data_len = ntohs(len);
	p->rw.csum = csum;
	p->rw.len_delta = form_len(out) - headers_len(out.v6) -
			  form_len(in) + headers_len(in.v6);
	if (in.channel_data != out.channel_data)
		p->rw.csum_delta = in.channel_data ? (u16)~(__force u16)len :
						     (__force u16)len;
	if (unlikely(pad < 0))
		return door_drop(p->kn, p->view, KTURN_A_DROPPED_WRONG_LENGTH);
	if (unlikely(pad > 3))
		return door_pass(p->kn, p->view, KTURN_A_PASSED_OTHER);
	if (unlikely(pad))
		take_padding_off(p, pad);
	return forward(p, in, out);
}

static __always_inline struct kturn_packet
packet_of(struct kturn_net *kn, const struct kturn_view v,
	  struct kturn_channel *channel, enum kturn_dir dir)
{
	const struct kturn_flow *flow = &channel->flow[dir];

	return (struct kturn_packet) {
		.kn = kn,
		.view = v,
		.channel = channel,
		.path = kturn_path(channel, dir),
		.dir = dir,
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
relay_plain(struct kturn_net *kn, const struct kturn_view v,
	    struct kturn_channel *channel, const enum kturn_dir dir,
	    const bool v6)
{
	struct kturn_packet p = packet_of(kn, v, channel, dir);
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
					   const struct kturn_view v,
					   struct kturn_channel *channel,
					   struct kturn_channel *twin, bool v6)
{
	const struct kturn_flow *back = &twin->flow[KTURN_TO_CLIENT];
	struct kturn_packet p = packet_of(kn, v, channel, KTURN_TO_PEER);
	bool v6_out = twin->client_family == AF_INET6;

	if (!came_by(view_device(v), channel->allocation->device[KTURN_TO_PEER]))
		return door_pass(kn, v, KTURN_A_PASSED_OTHER);
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
					   const struct kturn_view v,
					   struct kturn_channel *channel,
					   enum kturn_dir dir, bool v6)
{
	const bool to_peer = dir == KTURN_TO_PEER;
	const u16 family = to_peer ? channel->peer.family :
				     channel->client_family;
	struct kturn_packet p = packet_of(kn, v, channel, dir);

	if (!came_by(view_device(v), channel->allocation->device[dir]))
		return door_pass(kn, v, KTURN_A_PASSED_OTHER);
	p.policed = channel->allocation->policed;
	return relay_as(&p, (struct kturn_form){ v6, to_peer },
			(struct kturn_form){ family == AF_INET6, !to_peer });
}

/* What one look at a channel sets apart from the plain. */
static __always_inline unsigned int
relay_set_apart(struct kturn_net *kn, const struct kturn_view v,
		struct kturn_channel *channel, const enum kturn_dir dir,
		const bool v6)
{
	struct kturn_channel *twin =
		dir == KTURN_TO_PEER ? usable_twin(channel) : NULL;

	if (twin)
		return relay_between(kn, v, channel, twin, v6);
	return relay_special(kn, v, channel, dir, v6);
}

/* A datagram of a channel. */
static __always_inline unsigned int relay(struct kturn_net *kn,
					  const struct kturn_view v,
					  struct kturn_flow *flow,
					  const enum kturn_dir dir,
					  const bool v6)
{
	struct kturn_channel *channel =
		container_of(flow, struct kturn_channel, flow[dir]);
	int reason = door_unusual(v, v6);

	if (unlikely(reason))
		return door_relay_unusual(kn, v, channel, dir, v6, reason);
	door_received(kn);
	if (unlikely(time_after_eq(jiffies, READ_ONCE(flow->until))))
		return door_at_rest(kn, v, flow, dir);
	if (unlikely(READ_ONCE(kturn_path(channel, dir)->special)))
		return relay_set_apart(kn, v, channel, dir, v6);
	return relay_plain(kn, v, channel, dir, v6);
}

static __always_inline struct kturn_flow *find(struct kturn_net *kn,
					       const struct kturn_view v,
					       __be16 number, const bool v6)
{
	const struct udphdr *udp = view_udp(v, v6);

	if (v6)
		return kturn_flow6_find(kn, kturn_words6(view_ip6(v), udp,
							 number));
	return kturn_flow4_find(kn, kturn_words4(view_ip(v), udp, number));
}

/* To a port that allocations use, either their server's or a relayed one. */
static __always_inline unsigned int look_up(struct kturn_net *kn,
					    const struct kturn_view v,
					    unsigned int kind, const bool v6)
{
	struct kturn_flow *flow;
	bool is_cd = false;

	if (kind & KTURN_PORT_RELAYED) {
		flow = find(kn, v, 0, v6);
		if (likely(flow))
			return relay(kn, v, flow, KTURN_TO_CLIENT, v6);
	}
	if (kind & KTURN_PORT_SERVER) {
		is_cd = is_channel_data(v, v6);
		if (likely(is_cd)) {
			flow = find(kn, v,
				    channel_data(view_udp(v, v6))->number, v6);
			if (likely(flow))
				return relay(kn, v, flow, KTURN_TO_PEER, v6);
		}
	}
	return door_miss(kn, v, is_cd, v6);
}

#endif /* _KTURN_ENGINE_H */

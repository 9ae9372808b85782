// SPDX-License-Identifier: GPL-2.0-only
/*
 * The door of XDP: datagrams of channels go on before the kernel has built an
 * skb of them, on devices to which a BPF program is attached that calls
 * bpf_kturn_xdp().
 *
 * Nobody has looked at these frames, so this door checks what the way to
 * PRE_ROUTING checks, and finds the way from here to the wire as well. It takes
 * only what is plain; everything else it passes up as it came, to PRE_ROUTING,
 * which judges it, counts it, tells senders and asks for neighbours. What
 * goes up is therefore received, passed or dropped there, and counted here
 * only by why it went.
 */
#include <linux/bpf.h>
#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/if_vlan.h>
#include <linux/rtnetlink.h>
#include <net/addrconf.h>
#include <net/dsfield.h>
#include <net/ip6_checksum.h>
#include <net/xdp.h>

#include "compat.h"
#include "state.h"
#include "xdp.h"

/* @in received the frame; @dev is the VLAN's, where there is a tag. */
struct kturn_view {
	struct xdp_buff *xdp;
	struct net_device *in;
	struct net_device *dev;
	void *network;
	unsigned int len;
};

/* @dev gets the frame: the one below, where the route leads into a VLAN. */
struct kturn_exit {
	struct neighbour *neigh;
	struct net_device *dev;
};

#include "engine.h"

/* What bpf_kturn_xdp() returns beside the index of a device. */
#define KTURN_XDP_PASS	0
#define KTURN_XDP_DROP	(-XDP_DROP)
#define KTURN_XDP_TX	(-XDP_TX)

static bool available __ro_after_init;

/* --- what this door says of a packet --------------------------------------- */

static __always_inline const void *view_network(const struct kturn_view v)
{
	return v.network;
}

static __always_inline unsigned int view_len(const struct kturn_view v)
{
	return v.len;
}

static __always_inline const struct net_device *
view_device(const struct kturn_view v)
{
	return v.dev;
}

/* Frames in several pieces are passed up. */
static __always_inline bool view_linear(const struct kturn_view v,
					unsigned int len)
{
	return v.len >= len;
}

static __always_inline u16 view_padding_sum(const struct kturn_view v,
					    unsigned int pad)
{
	unsigned int at = v.len - pad;
	__wsum sum = csum_partial(v.network + at, pad, 0);

	return (__force u16)csum_fold(csum_block_add(0, sum, at));
}

/* The checksum of the pseudo header and of what comes to @sum. */
static __always_inline __sum16 checksum(const struct kturn_view v, __wsum sum,
					const bool v6)
{
	const u16 len = ntohs(view_udp(v, v6)->len);

	if (v6)
		return csum_ipv6_magic(&view_ip6(v)->saddr,
				       &view_ip6(v)->daddr, len, IPPROTO_UDP,
				       sum);
	return csum_tcpudp_magic(view_ip(v)->saddr, view_ip(v)->daddr, len,
				 IPPROTO_UDP, sum);
}

/* One that is right is no partial one, or as good as none. */
static noinline bool checksum_is_right(void *network, bool v6)
{
	const struct kturn_view v = { .network = network };
	const struct udphdr *udp = view_udp(v, v6);

	return !checksum(v, csum_partial(udp, ntohs(udp->len), 0), v6);
}

/*
 * A frame does not say whether its checksum is partial, as those of senders on
 * this host are (veth, virtio). It is if it is what a partial one would be, and
 * wrong: one frame in 65,536 from elsewhere has to be summed up to see, which
 * goes by this door as those around it do.
 */
static __always_inline int view_checksum(const struct kturn_view v,
					 const bool v6)
{
	const __sum16 check = view_udp(v, v6)->check;

	if (unlikely(!check))
		return v6 ? -1 : KTURN_CSUM_FULL;
	if (likely(check != (__force __sum16)~checksum(v, 0, v6)))
		return KTURN_CSUM_FULL;
	return checksum_is_right(v.network, v6) ? KTURN_CSUM_FULL : -1;
}

/* --- verdicts --------------------------------------------------------------- */

static __always_inline int pass_up(const struct kturn_net *kn,
				   const struct kturn_view v,
				   unsigned int reason)
{
	this_cpu_inc(kn->stats->xdp_passed[reason]);
	trace_kturn_xdp_pass(v.dev, v.len, reason);
	return KTURN_XDP_PASS;
}

static __always_inline unsigned int door_pass(const struct kturn_net *kn,
					      const struct kturn_view v,
					      unsigned int reason)
{
	switch (reason) {
	case KTURN_A_PASSED_CHECKSUM:
		return pass_up(kn, v, KTURN_A_XDP_PASSED_CHECKSUM);
	case KTURN_A_PASSED_NO_ROUTE:
	case KTURN_A_PASSED_LOCAL:
		return pass_up(kn, v, KTURN_A_XDP_PASSED_NO_ROUTE);
	default:
		return pass_up(kn, v, KTURN_A_XDP_PASSED_OTHER);
	}
}

/* What is beyond a limit ends here: that is what floods are made of. */
static __always_inline unsigned int door_drop(const struct kturn_net *kn,
					      const struct kturn_view v,
					      unsigned int reason)
{
	if (reason != KTURN_A_DROPPED_RATE)
		return pass_up(kn, v, KTURN_A_XDP_PASSED_OTHER);
	this_cpu_inc(kn->stats->received);
	this_cpu_inc(kn->stats->dropped[reason]);
	this_cpu_inc(kn->stats->xdp_dropped);
	trace_kturn_xdp_drop(v.dev, v.len, reason);
	return KTURN_XDP_DROP;
}

/* Those that go up are received there. */
static __always_inline void door_received(const struct kturn_net *kn)
{
}

static __always_inline unsigned int
door_at_rest(struct kturn_net *kn, const struct kturn_view v,
	     const struct kturn_flow *flow, enum kturn_dir dir)
{
	return pass_up(kn, v, KTURN_A_XDP_PASSED_NO_CHANNEL);
}

static __always_inline unsigned int
door_miss(struct kturn_net *kn, const struct kturn_view v,
	  bool is_channel_data, const bool v6)
{
	return pass_up(kn, v, KTURN_A_XDP_PASSED_NO_CHANNEL);
}

/* Whatever is unusual was passed up before it was looked up. */
static __always_inline int door_unusual(const struct kturn_view v,
					const bool v6)
{
	return 0;
}

static __always_inline unsigned int
door_relay_unusual(struct kturn_net *kn, const struct kturn_view v,
		   struct kturn_channel *channel, enum kturn_dir dir,
		   const bool v6, int reason)
{
	return KTURN_XDP_PASS;
}

static __always_inline unsigned int
door_hop_limit(const struct kturn_packet *p, const bool v6)
{
	return pass_up(p->kn, p->view, KTURN_A_XDP_PASSED_HOP_LIMIT);
}

static __always_inline bool door_may_fragment(const struct kturn_packet *p,
					      const bool v6)
{
	return false;
}

static __always_inline unsigned int
door_too_big(const struct kturn_packet *p, unsigned int mtu, const bool v6)
{
	return pass_up(p->kn, p->view, KTURN_A_XDP_PASSED_MTU);
}

/* --- the way out ------------------------------------------------------------- */

static __always_inline struct neighbour *
next_hop(const struct kturn_packet *p, const struct dst_entry *dst,
	 const bool v6)
{
	return v6 ? kturn_neigh6(dst, dst->dev, &p->rw.out->tuple6.saddr) :
		    kturn_neigh4(dst, dst->dev, p->rw.out->tuple4.saddr);
}

/* As neigh_output(): what has been quiet for long is sent to, and asked. */
static __always_inline bool is_reachable(struct neighbour *neigh)
{
	const u8 state = READ_ONCE(neigh->nud_state);

	if (likely(state & NUD_CONNECTED))
		return true;
	return state & NUD_VALID && !neigh_event_send(neigh, NULL);
}

/*
 * Back by the same device, with XDP_TX? Not by a virtual one: veth does not
 * wake the other end then, unless it has a program.
 */
static __always_inline bool turns_back(const struct kturn_view v,
				       const struct net_device *dev)
{
	return dev == v.in && !dev->rtnl_link_ops;
}

/* Does a device send frames that never were an skb? */
static __always_inline bool takes_frames(const struct kturn_view v,
					 const struct net_device *dev)
{
	if (unlikely(dev->type != ARPHRD_ETHER || !(dev->flags & IFF_UP) ||
		     !netif_carrier_ok(dev) ||
		     !list_empty(&dev->adj_list.lower)))
		return false;
	return kturn_has_xdp_xmit(dev) || turns_back(v, dev) ||
	       /* Generic XDP: there is an skb. */
	       rcu_access_pointer(v.in->xdp_prog);
}

/* The device below a VLAN's, which may be in another namespace. */
static noinline struct net_device *vlan_below(struct net_device *dev)
{
	struct net_device *below = kturn_vlan_below(dev);

	return dev->flags & IFF_UP && net_eq(dev_net(below), dev_net(dev)) ?
	       below : dev;
}

static __always_inline bool has_headroom(const struct xdp_buff *xdp,
					 const void *network,
					 unsigned int link_len)
{
	/* Ethernet headers are kept, and copied, in aligned words. */
	return network - HH_DATA_ALIGN(link_len) >=
	       xdp->data_hard_start + sizeof(struct xdp_frame);
}

static __always_inline unsigned int link_len(const struct dst_entry *dst,
					     const struct net_device *dev)
{
	return likely(dev == dst->dev) ? ETH_HLEN : VLAN_ETH_HLEN;
}

/* 0, or why the packet cannot leave by this door. */
static __always_inline unsigned int
find_exit(struct kturn_packet *p, const struct dst_entry *dst, int grows,
	  unsigned int len, const bool v6)
{
	struct net_device *dev = dst->dev;
	struct neighbour *neigh = next_hop(p, dst, v6);

	if (unlikely(len > READ_ONCE(dev->mtu)))
		return KTURN_A_XDP_PASSED_MTU;
	if (unlikely(!neigh || !is_reachable(neigh)))
		return KTURN_A_XDP_PASSED_NEIGHBOUR;
	if (unlikely(is_vlan_dev(dev)))
		dev = vlan_below(dev);
	if (unlikely(!takes_frames(p->view, dev)))
		return KTURN_A_XDP_PASSED_OUTPUT_DEVICE;
	if (unlikely(!has_headroom(p->view.xdp, p->view.network - grows,
				   link_len(dst, dev))))
		return KTURN_A_XDP_PASSED_HEADROOM;
	p->exit.neigh = neigh;
	p->exit.dev = dev;
	return 0;
}

static __always_inline bool door_reach(struct kturn_packet *p,
				       const struct dst_entry *dst, int grows,
				       unsigned int len, const bool v6,
				       unsigned int *verdict)
{
	unsigned int reason = find_exit(p, dst, grows, len, v6);

	if (likely(!reason))
		return true;
	*verdict = pass_up(p->kn, p->view, reason);
	return false;
}

static __always_inline bool door_make_room(struct kturn_packet *p,
					   const struct dst_entry *dst,
					   int grows, unsigned int *verdict)
{
	return true;
}

/* --- sending ------------------------------------------------------------------ */

static __always_inline void *door_move(struct kturn_packet *p, int grows)
{
	return p->view.network - grows;
}

static __always_inline void door_rewritten(struct kturn_packet *p, void *network,
					   const struct kturn_form in,
					   const struct kturn_form out)
{
}

static u16 vlan_tci(struct net_device *vlan, const void *network, bool v6)
{
	const u8 tos = v6 ? ipv6_get_dsfield(network) :
			    ipv4_get_dsfield(network);

	return vlan_dev_vlan_id(vlan) |
	       vlan_dev_get_egress_qos_mask(vlan, rt_tos2priority(tos));
}

/* With the tag of a VLAN, or where the neighbour has no header kept yet. */
static noinline void write_link_header(void *network,
				       const struct neighbour *neigh,
				       struct net_device *dev, bool v6)
{
	struct vlan_hdr *tag = network - VLAN_HLEN;
	struct ethhdr *eth = network - ETH_HLEN;
	const __be16 proto = htons(v6 ? ETH_P_IPV6 : ETH_P_IP);

	if (is_vlan_dev(dev)) {
		eth = network - VLAN_ETH_HLEN;
		tag->h_vlan_TCI = htons(vlan_tci(dev, network, v6));
		tag->h_vlan_encapsulated_proto = proto;
		eth->h_proto = vlan_dev_vlan_proto(dev);
	} else {
		eth->h_proto = proto;
	}
	neigh_ha_snapshot(eth->h_dest, neigh, dev);
	ether_addr_copy(eth->h_source, dev->dev_addr);
}

/* The Ethernet header that the neighbour keeps, as neigh_hh_output() does. */
static __always_inline void copy_link_header(void *network,
					     const struct hh_cache *hh)
{
	unsigned int seq;

	do {
		seq = read_seqbegin(&hh->hh_lock);
		memcpy(network - HH_DATA_MOD, hh->hh_data, HH_DATA_MOD);
	} while (read_seqretry(&hh->hh_lock, seq));
}

/* Ethernet knows no shorter frames, and not every device fills them up. */
static noinline void fill_up(struct xdp_buff *xdp)
{
	void *end = xdp->data + ETH_ZLEN;

	if (end > xdp_data_hard_end(xdp))
		return;
	memset(xdp->data_end, 0, end - xdp->data_end);
	xdp->data_end = end;
}

/* The frame as it leaves. What was noted about it on its way here is gone. */
static __always_inline void set_frame(struct xdp_buff *xdp, void *data,
				      void *end)
{
	const bool no_meta = xdp_data_meta_unsupported(xdp);

	xdp->data = data;
	xdp->data_meta = data + no_meta;
	xdp->data_end = end;
	if (unlikely(end - data < ETH_ZLEN))
		fill_up(xdp);
}

static __always_inline int door_send(struct kturn_packet *p,
				     struct dst_entry *dst, void *network,
				     unsigned int len,
				     unsigned int fragment_len, const bool v6)
{
	struct neighbour *neigh = p->exit.neigh;

	if (likely(p->exit.dev == dst->dev &&
		   READ_ONCE(neigh->hh.hh_len) == ETH_HLEN))
		copy_link_header(network, &neigh->hh);
	else
		write_link_header(network, neigh, dst->dev, v6);
	set_frame(p->view.xdp, network - link_len(dst, p->exit.dev),
		  network + len);
	this_cpu_inc(p->kn->stats->received);
	this_cpu_inc(p->kn->stats->xdp_forwarded);
	return 0;
}

static __always_inline unsigned int door_sent(const struct kturn_packet *p)
{
	const struct net_device *dev = p->exit.dev;

	return turns_back(p->view, dev) ? KTURN_XDP_TX : dev->ifindex;
}

/* --- looking at frames ---------------------------------------------------------- */

/*
 * May its tag have been taken off, and be noted where XDP cannot see it? Where
 * no device lies on top of this one it does not matter.
 */
static __always_inline bool may_be_tagged(const struct net_device *dev)
{
	return !list_empty(&dev->adj_list.upper) &&
	       dev->features & (NETIF_F_HW_VLAN_CTAG_RX |
				NETIF_F_HW_VLAN_STAG_RX);
}

static bool is_taken(const struct net_device *dev)
{
	return rcu_access_pointer(dev->rx_handler) || in_vrf(dev);
}

/*
 * Would the stack bring it to PRE_ROUTING as a packet for this host, and we be
 * there? 0, or why it is passed up.
 */
static __always_inline unsigned int check_in(const struct kturn_net *kn,
					     const struct kturn_view v)
{
	const struct ethhdr *eth = v.xdp->data;

	if (unlikely(READ_ONCE(kn->hooked) != KTURN_HOOK_PREROUTING ||
		     kturn_has_ipsec_policies(kn->net)))
		return KTURN_A_XDP_PASSED_HOOK;
	if (unlikely(xdp_buff_has_frags(v.xdp)))
		return KTURN_A_XDP_PASSED_FRAME;
	if (unlikely(is_taken(v.dev) ||
		     (v.dev == v.in ? may_be_tagged(v.in) : is_taken(v.in))))
		return KTURN_A_XDP_PASSED_DEVICE;
	if (unlikely(!ether_addr_equal_64bits(eth->h_dest, v.dev->dev_addr)))
		return KTURN_A_XDP_PASSED_OTHER;
	return 0;
}

/* As far as it must be UDP to be looked at, and not in need of the stack. */
static __always_inline bool is_udp4(const struct kturn_view v)
{
	const struct kturn_headers4 *h = v.network;

	return v.len >= sizeof(*h) && h->ip.protocol == IPPROTO_UDP &&
	       *(const u8 *)h == 0x45 &&
	       !(h->ip.frag_off & htons(IP_MF | IP_OFFSET));
}

static __always_inline bool is_udp6(const struct kturn_view v)
{
	const struct kturn_headers6 *h = v.network;

	return v.len >= sizeof(*h) && h->ip.nexthdr == IPPROTO_UDP &&
	       h->ip.version == 6;
}

static __always_inline bool is_whole4(const struct kturn_view v)
{
	const struct kturn_headers4 *h = v.network;
	const unsigned int len = ntohs(h->ip.tot_len);

	return len <= v.len &&
	       ntohs(h->udp.len) + sizeof(h->ip) == len &&
	       ntohs(h->udp.len) >= sizeof(h->udp) &&
	       !ip_fast_csum(&h->ip, 5);
}

static __always_inline bool is_whole6(const struct kturn_view v)
{
	const struct kturn_headers6 *h = v.network;
	const struct inet6_dev *idev = __in6_dev_get(v.dev);
	const unsigned int len = ntohs(h->ip.payload_len);

	return len + sizeof(h->ip) <= v.len &&
	       h->udp.len == h->ip.payload_len && len >= sizeof(h->udp) &&
	       idev && !idev->cnf.disable_ipv6;
}

/* @v.len is what there is of the frame, and then the packet's own length. */
static __always_inline int receive_ip(struct kturn_net *kn,
				      struct kturn_view v, const bool v6)
{
	unsigned int kind, reason;

	if (!(v6 ? is_udp6(v) : is_udp4(v)))
		return KTURN_XDP_PASS;
	kind = kturn_port_kind(kn, view_udp(v, v6)->dest);
	if (!kind)
		return KTURN_XDP_PASS;
	reason = check_in(kn, v);
	if (unlikely(reason))
		return pass_up(kn, v, reason);
	if (unlikely(!(v6 ? is_whole6(v) : is_whole4(v))))
		return pass_up(kn, v, KTURN_A_XDP_PASSED_OTHER);
	v.len = ntohs(view_udp(v, v6)->len) +
		(v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr));
	return look_up(kn, v, kind, v6);
}

static __always_inline int receive(struct kturn_net *kn, struct kturn_view v,
				   __be16 proto)
{
	if (proto == htons(ETH_P_IP))
		return receive_ip(kn, v, false);
	if (proto == htons(ETH_P_IPV6))
		return receive_ip(kn, v, true);
	return KTURN_XDP_PASS;
}

/* One tag, of a VLAN that has a device in this namespace. */
static noinline __flatten int receive_tagged(struct kturn_net *kn,
					     struct xdp_buff *xdp,
					     struct net_device *in)
{
	const struct vlan_ethhdr *eth = xdp->data;
	const void *network = eth + 1;
	struct net_device *dev;

	if (network > xdp->data_end)
		return KTURN_XDP_PASS;
	dev = __vlan_find_dev_deep_rcu(in, eth->h_vlan_proto,
				       ntohs(eth->h_vlan_TCI) & VLAN_VID_MASK);
	if (!dev || !(dev->flags & IFF_UP) || !net_eq(dev_net(dev), kn->net))
		return KTURN_XDP_PASS;
	return receive(kn, (struct kturn_view){ xdp, in, dev, (void *)network,
						xdp->data_end - network },
		       eth->h_vlan_encapsulated_proto);
}

static __always_inline int receive_frame(struct xdp_buff *xdp)
{
	struct net_device *dev = READ_ONCE(xdp->rxq->dev);
	const struct ethhdr *eth = xdp->data;
	const void *network = eth + 1;
	struct kturn_net *kn;

	/* veth forgets it while a program that is taken off still runs. */
	if (unlikely(!dev))
		return KTURN_XDP_PASS;
	kn = kturn_net(dev_net(dev));
	/* The map of ports comes with the first allocation. */
	if (network > xdp->data_end || !rcu_access_pointer(kn->ports) ||
	    dev->type != ARPHRD_ETHER)
		return KTURN_XDP_PASS;
	if (unlikely(eth_type_vlan(eth->h_proto)))
		return receive_tagged(kn, xdp, dev);
	return receive(kn, (struct kturn_view){ xdp, dev, dev, (void *)network,
						xdp->data_end - network },
		       eth->h_proto);
}

/**
 * bpf_kturn_xdp() - forward a datagram of a channel, before it is an skb
 * @ctx: the frame as its device received it, from the Ethernet header on
 *
 * For XDP programs. A frame that is forwarded is rewritten, Ethernet header
 * included; all others are as they were. Pointers that a program has into the
 * frame are no good afterwards.
 *
 * Context: as XDP programs run: bottom halves disabled.
 * Return: 0: pass it on; beyond 0: redirect it to the device of this index;
 *	below 0: an XDP action, negated: XDP_TX or XDP_DROP.
 */
__bpf_kfunc __flatten int bpf_kturn_xdp(struct xdp_md *ctx)
{
	int verdict;

	rcu_read_lock();
	verdict = receive_frame((struct xdp_buff *)ctx);
	rcu_read_unlock();
	return verdict;
}

BTF_KFUNCS_START(kturn_xdp_kfuncs)
BTF_ID_FLAGS(func, bpf_kturn_xdp)
BTF_KFUNCS_END(kturn_xdp_kfuncs)

static const struct btf_kfunc_id_set kturn_xdp_kfunc_set = {
	.owner = THIS_MODULE,
	.set = &kturn_xdp_kfuncs,
};

/**
 * kturn_xdp_available() - can XDP programs call bpf_kturn_xdp()?
 */
bool kturn_xdp_available(void)
{
	return available;
}

/**
 * kturn_xdp_init() - let XDP programs call bpf_kturn_xdp()
 *
 * The kernel finds it by the module's BTF. Without, the module goes without
 * this door, and says so.
 */
void __init kturn_xdp_init(void)
{
	int err;

	if (!kturn_has_btf()) {
		pr_info("kturn: no XDP: the module was built without BTF\n");
		return;
	}
	err = register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP,
					&kturn_xdp_kfunc_set);
	if (err)
		pr_warn("kturn: no XDP: the kernel refused a kfunc (error %d)\n",
			err);
	available = !err;
}

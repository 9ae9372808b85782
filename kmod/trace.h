/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints: what became of each datagram of an allocation, for perf, bpftrace
 * and tracefs. They cost nothing until they are enabled.
 *
 *	kturn:kturn_forward	sent on, or refused by the way out (err)
 *	kturn:kturn_pass	left to the server, and why
 *	kturn:kturn_drop	dropped, and why
 *	kturn:kturn_xdp_pass	passed up by XDP, and why; then met once more
 *	kturn:kturn_xdp_drop	dropped by XDP, and why
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kturn

#if !defined(_KTURN_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _KTURN_TRACE_H

#include <linux/in6.h>
#include <linux/skbuff.h>
#include <linux/tracepoint.h>

#include "state.h"

void kturn_trace_addrs(const struct sk_buff *skb, struct sockaddr_in6 *src,
		       struct sockaddr_in6 *dst);

/* So that perf knows them by number, too. */
TRACE_DEFINE_ENUM(KTURN_A_PASSED_STUN);
TRACE_DEFINE_ENUM(KTURN_A_PASSED_NO_CHANNEL);
TRACE_DEFINE_ENUM(KTURN_A_PASSED_EXPIRED);
TRACE_DEFINE_ENUM(KTURN_A_PASSED_IP_OPTIONS);
TRACE_DEFINE_ENUM(KTURN_A_PASSED_GSO);
TRACE_DEFINE_ENUM(KTURN_A_PASSED_CHECKSUM);
TRACE_DEFINE_ENUM(KTURN_A_PASSED_NO_ROUTE);
TRACE_DEFINE_ENUM(KTURN_A_PASSED_LOCAL);
TRACE_DEFINE_ENUM(KTURN_A_PASSED_NO_MEMORY);
TRACE_DEFINE_ENUM(KTURN_A_PASSED_OTHER);
TRACE_DEFINE_ENUM(KTURN_A_DROPPED_UNBOUND_CHANNEL);
TRACE_DEFINE_ENUM(KTURN_A_DROPPED_NO_PERMISSION);
TRACE_DEFINE_ENUM(KTURN_A_DROPPED_WRONG_LENGTH);
TRACE_DEFINE_ENUM(KTURN_A_DROPPED_TOO_BIG);
TRACE_DEFINE_ENUM(KTURN_A_DROPPED_HOP_LIMIT);
TRACE_DEFINE_ENUM(KTURN_A_DROPPED_OUTPUT);
TRACE_DEFINE_ENUM(KTURN_A_DROPPED_RATE);

TRACE_DEFINE_ENUM(KTURN_A_XDP_PASSED_NO_CHANNEL);
TRACE_DEFINE_ENUM(KTURN_A_XDP_PASSED_HOOK);
TRACE_DEFINE_ENUM(KTURN_A_XDP_PASSED_DEVICE);
TRACE_DEFINE_ENUM(KTURN_A_XDP_PASSED_FRAME);
TRACE_DEFINE_ENUM(KTURN_A_XDP_PASSED_CHECKSUM);
TRACE_DEFINE_ENUM(KTURN_A_XDP_PASSED_HOP_LIMIT);
TRACE_DEFINE_ENUM(KTURN_A_XDP_PASSED_NO_ROUTE);
TRACE_DEFINE_ENUM(KTURN_A_XDP_PASSED_MTU);
TRACE_DEFINE_ENUM(KTURN_A_XDP_PASSED_NEIGHBOUR);
TRACE_DEFINE_ENUM(KTURN_A_XDP_PASSED_OUTPUT_DEVICE);
TRACE_DEFINE_ENUM(KTURN_A_XDP_PASSED_HEADROOM);
TRACE_DEFINE_ENUM(KTURN_A_XDP_PASSED_OTHER);

TRACE_EVENT(kturn_forward,
	    TP_PROTO(const struct kturn_channel *channel, enum kturn_dir dir,
		     u16 len, int err),
	    TP_ARGS(channel, dir, len, err),
	    TP_STRUCT__entry(__field(u32, allocation)
			     __field(u16, number)
			     __field(u16, len)
			     __field(u8, to_client)
			     __field(int, err)),
	    TP_fast_assign(__entry->allocation = channel->allocation->id;
			   __entry->number = channel->number;
			   __entry->len = len;
			   __entry->to_client = dir == KTURN_TO_CLIENT;
			   __entry->err = err;),
	    TP_printk("allocation=%u channel=0x%04x to=%s len=%u err=%d",
		      __entry->allocation, __entry->number,
		      __entry->to_client ? "client" : "peer", __entry->len,
		      __entry->err)
);

DECLARE_EVENT_CLASS(kturn_verdict,
		    TP_PROTO(const struct sk_buff *skb, unsigned int reason),
		    TP_ARGS(skb, reason),
		    TP_STRUCT__entry(__field(const void *, skbaddr)
				     __field(u32, netns)
				     __field(u32, len)
				     __field(u8, reason)
				     __array(u8, src,
					     sizeof(struct sockaddr_in6))
				     __array(u8, dst,
					     sizeof(struct sockaddr_in6))),
		    TP_fast_assign(__entry->skbaddr = skb;
				   __entry->netns = dev_net(skb->dev)->ns.inum;
				   __entry->len = skb->len;
				   __entry->reason = reason;
				   kturn_trace_addrs(skb,
						     (void *)__entry->src,
						     (void *)__entry->dst);),
		    TP_printk("reason=%s netns=%u len=%u src=%pISpc dst=%pISpc",
			      __print_symbolic(__entry->reason,
					       { KTURN_A_PASSED_STUN, "stun" },
					       { KTURN_A_PASSED_NO_CHANNEL, "no-channel" },
					       { KTURN_A_PASSED_EXPIRED, "expired" },
					       { KTURN_A_PASSED_IP_OPTIONS, "ip-options" },
					       { KTURN_A_PASSED_GSO, "gso" },
					       { KTURN_A_PASSED_CHECKSUM, "checksum" },
					       { KTURN_A_PASSED_NO_ROUTE, "no-route" },
					       { KTURN_A_PASSED_LOCAL, "local" },
					       { KTURN_A_PASSED_NO_MEMORY, "no-memory" },
					       { KTURN_A_PASSED_OTHER, "other" }),
			      __entry->netns, __entry->len, __entry->src,
			      __entry->dst)
);

/* Its names are the class's. */
DEFINE_EVENT(kturn_verdict, kturn_pass,
	     TP_PROTO(const struct sk_buff *skb, unsigned int reason),
	     TP_ARGS(skb, reason)
);

DEFINE_EVENT_PRINT(kturn_verdict, kturn_drop,
		   TP_PROTO(const struct sk_buff *skb, unsigned int reason),
		   TP_ARGS(skb, reason),
		   TP_printk("reason=%s netns=%u len=%u src=%pISpc dst=%pISpc",
			     __print_symbolic(__entry->reason,
					      { KTURN_A_DROPPED_UNBOUND_CHANNEL,
						"unbound-channel" },
					      { KTURN_A_DROPPED_NO_PERMISSION, "no-permission" },
					      { KTURN_A_DROPPED_WRONG_LENGTH, "wrong-length" },
					      { KTURN_A_DROPPED_TOO_BIG, "too-big" },
					      { KTURN_A_DROPPED_HOP_LIMIT, "hop-limit" },
					      { KTURN_A_DROPPED_OUTPUT, "output" },
					      { KTURN_A_DROPPED_RATE, "rate" }),
			     __entry->netns, __entry->len, __entry->src,
			     __entry->dst)
);

DECLARE_EVENT_CLASS(kturn_xdp,
		    TP_PROTO(const struct net_device *dev, unsigned int len,
			     unsigned int reason),
		    TP_ARGS(dev, len, reason),
		    TP_STRUCT__entry(__field(u32, netns)
				     __field(int, ifindex)
				     __field(u32, len)
				     __field(u8, reason)),
		    TP_fast_assign(__entry->netns = dev_net(dev)->ns.inum;
				   __entry->ifindex = dev->ifindex;
				   __entry->len = len;
				   __entry->reason = reason;),
		    TP_printk("reason=%s netns=%u ifindex=%d len=%u",
			      __print_symbolic(__entry->reason,
					       { KTURN_A_XDP_PASSED_NO_CHANNEL, "no-channel" },
					       { KTURN_A_XDP_PASSED_HOOK, "hook" },
					       { KTURN_A_XDP_PASSED_DEVICE, "device" },
					       { KTURN_A_XDP_PASSED_FRAME, "frame" },
					       { KTURN_A_XDP_PASSED_CHECKSUM, "checksum" },
					       { KTURN_A_XDP_PASSED_HOP_LIMIT, "hop-limit" },
					       { KTURN_A_XDP_PASSED_NO_ROUTE, "no-route" },
					       { KTURN_A_XDP_PASSED_MTU, "mtu" },
					       { KTURN_A_XDP_PASSED_NEIGHBOUR, "neighbour" },
					       { KTURN_A_XDP_PASSED_OUTPUT_DEVICE,
						 "output-device" },
					       { KTURN_A_XDP_PASSED_HEADROOM, "headroom" },
					       { KTURN_A_XDP_PASSED_OTHER, "other" }),
			      __entry->netns, __entry->ifindex, __entry->len)
);

/* Its names are the class's. */
DEFINE_EVENT(kturn_xdp, kturn_xdp_pass,
	     TP_PROTO(const struct net_device *dev, unsigned int len,
		      unsigned int reason),
	     TP_ARGS(dev, len, reason)
);

DEFINE_EVENT_PRINT(kturn_xdp, kturn_xdp_drop,
		   TP_PROTO(const struct net_device *dev, unsigned int len,
			    unsigned int reason),
		   TP_ARGS(dev, len, reason),
		   TP_printk("reason=%s netns=%u ifindex=%d len=%u",
			     __print_symbolic(__entry->reason,
					      { KTURN_A_DROPPED_RATE, "rate" }),
			     __entry->netns, __entry->ifindex, __entry->len)
);

#endif /* _KTURN_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way out: route, MTU, ICMP errors, neighbour.
 *
 * Everything here is called in the RCU read side of a netfilter hook with
 * bottom halves off.
 */
#ifndef _KTURN_OUTPUT_H
#define _KTURN_OUTPUT_H

#include <linux/types.h>

struct dst_entry;
struct kturn_flow;
struct kturn_path;
struct net;
struct sk_buff;

int kturn_route4(struct net *net, struct kturn_path *path,
		 const struct kturn_flow *out, struct dst_entry **dst);
int kturn_route6(struct net *net, struct kturn_path *path,
		 const struct kturn_flow *out, struct dst_entry **dst);

bool kturn_too_big4(struct sk_buff *skb, unsigned int mtu, int len_delta);
bool kturn_too_big6(struct sk_buff *skb, unsigned int mtu, int len_delta);
void kturn_hop_limit4(struct sk_buff *skb);
void kturn_hop_limit6(struct sk_buff *skb);

int kturn_send4(struct net *net, struct sk_buff *skb, bool local_out);
int kturn_send6(struct net *net, struct sk_buff *skb, bool local_out);

#endif /* _KTURN_OUTPUT_H */

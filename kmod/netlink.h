/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The generic netlink family: requests, dumps, notifications.
 */
#ifndef _KTURN_NETLINK_H
#define _KTURN_NETLINK_H

#include "uapi/kturn.h"

struct kturn_allocation;
struct kturn_channel;
struct kturn_net;
struct kturn_permission;

struct netlink_callback;
struct sk_buff;

extern struct genl_family kturn_family;

/* Multicast groups, by index. */
enum { KTURN_GROUP_EVENTS };

int kturn_netlink_init(void);
void kturn_netlink_exit(void);

int kturn_nl_dump_start(struct netlink_callback *cb);
int kturn_nl_member_dump_start(struct netlink_callback *cb);
int kturn_nl_allocation_get_dumpit(struct sk_buff *skb,
				   struct netlink_callback *cb);
int kturn_nl_permission_get_dumpit(struct sk_buff *skb,
				   struct netlink_callback *cb);
int kturn_nl_channel_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb);

void kturn_notify_allocation(struct kturn_net *kn,
			     const struct kturn_allocation *allocation,
			     enum kturn_del_reason reason);
void kturn_notify_permission(struct kturn_net *kn,
			     const struct kturn_permission *permission,
			     enum kturn_del_reason reason);
void kturn_notify_channel(struct kturn_net *kn,
			  struct kturn_channel *channel,
			  enum kturn_del_reason reason);

#endif /* _KTURN_NETLINK_H */

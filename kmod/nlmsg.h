/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attributes: policies, reading, writing.
 */
#ifndef _KTURN_NLMSG_H
#define _KTURN_NLMSG_H

#include <net/genetlink.h>

#include "state.h"

extern const struct nla_policy kturn_allocation_new_policy[KTURN_A_ALLOCATION_RELAYED_DEVICE + 1];
extern const struct nla_policy kturn_allocation_set_policy[KTURN_A_ALLOCATION_USERDATA + 1];
extern const struct nla_policy kturn_allocation_id_policy[KTURN_A_ALLOCATION_ID + 1];
extern const struct nla_policy kturn_permission_policy[KTURN_A_PERMISSION_TIMEOUT + 1];
extern const struct nla_policy kturn_permission_key_policy[KTURN_A_PERMISSION_PEER + 1];
extern const struct nla_policy kturn_channel_policy[KTURN_A_CHANNEL_TIMEOUT + 1];
extern const struct nla_policy kturn_channel_set_policy[KTURN_A_CHANNEL_TIMEOUT + 1];
extern const struct nla_policy kturn_channel_key_policy[KTURN_A_CHANNEL_NUMBER + 1];
extern const struct nla_policy kturn_net_set_policy[KTURN_A_NET_MAX_BPS + 1];

int kturn_get_endpoint(const struct nlattr *attr, struct kturn_endpoint *ep,
		       struct netlink_ext_ack *extack);
int kturn_get_address(const struct nlattr *attr, struct kturn_endpoint *ep,
		      struct netlink_ext_ack *extack);

int kturn_put_allocation_key(struct sk_buff *msg,
			     const struct kturn_allocation *allocation);
int kturn_put_allocation(struct sk_buff *msg,
			 const struct kturn_allocation *allocation);
int kturn_put_permission_key(struct sk_buff *msg,
			     const struct kturn_permission *permission);
int kturn_put_permission(struct sk_buff *msg,
			 const struct kturn_permission *permission);
int kturn_put_channel_key(struct sk_buff *msg, struct kturn_channel *channel);
int kturn_put_channel(struct sk_buff *msg, struct kturn_channel *channel);
int kturn_put_net(struct sk_buff *msg, const struct kturn_net *kn);
int kturn_put_stats(struct sk_buff *msg, const struct kturn_net *kn);

#endif /* _KTURN_NLMSG_H */

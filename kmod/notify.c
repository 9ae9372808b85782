// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notifications: what is gone, and why.
 */
#include "netlink.h"
#include "nlmsg.h"

static struct sk_buff *event_begin(struct kturn_net *kn, u8 cmd, void **hdr)
{
	struct sk_buff *msg;

	if (kn->closing ||
	    !genl_has_listeners(&kturn_family, kn->net, KTURN_GROUP_EVENTS))
		return NULL;
	msg = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!msg)
		return NULL;
	*hdr = genlmsg_put(msg, 0, 0, &kturn_family, 0, cmd);
	return msg;
}

static void event_send(struct kturn_net *kn, struct sk_buff *msg, void *hdr)
{
	genlmsg_end(msg, hdr);
	genlmsg_multicast_netns(&kturn_family, kn->net, msg, 0,
				KTURN_GROUP_EVENTS, GFP_KERNEL);
}

/**
 * kturn_notify_allocation() - tell that an allocation goes
 * @kn: namespace
 * @allocation: the allocation, with all that belongs to it
 * @reason: why
 *
 * Context: kturn_net.lock.
 */
void kturn_notify_allocation(struct kturn_net *kn,
			     const struct kturn_allocation *allocation,
			     enum kturn_del_reason reason)
{
	struct sk_buff *msg;
	void *hdr;

	msg = event_begin(kn, KTURN_CMD_ALLOCATION_DEL_NTF, &hdr);
	if (!msg)
		return;
	if (kturn_put_allocation_key(msg, allocation) ||
	    nla_put_u32(msg, KTURN_A_ALLOCATION_DEL_REASON, reason))
		nlmsg_free(msg);
	else
		event_send(kn, msg, hdr);
}

/**
 * kturn_notify_permission() - tell that a permission goes
 * @kn: namespace
 * @permission: the permission
 * @reason: why
 *
 * Context: kturn_net.lock.
 */
void kturn_notify_permission(struct kturn_net *kn,
			     const struct kturn_permission *permission,
			     enum kturn_del_reason reason)
{
	struct sk_buff *msg;
	void *hdr;

	msg = event_begin(kn, KTURN_CMD_PERMISSION_DEL_NTF, &hdr);
	if (!msg)
		return;
	if (kturn_put_permission_key(msg, permission) ||
	    nla_put_u32(msg, KTURN_A_PERMISSION_DEL_REASON, reason))
		nlmsg_free(msg);
	else
		event_send(kn, msg, hdr);
}

/**
 * kturn_notify_channel() - tell that a channel goes
 * @kn: namespace
 * @channel: the channel
 * @reason: why
 *
 * Context: kturn_net.lock.
 */
void kturn_notify_channel(struct kturn_net *kn, struct kturn_channel *channel,
			  enum kturn_del_reason reason)
{
	struct sk_buff *msg;
	void *hdr;

	msg = event_begin(kn, KTURN_CMD_CHANNEL_DEL_NTF, &hdr);
	if (!msg)
		return;
	if (kturn_put_channel_key(msg, channel) ||
	    nla_put_u32(msg, KTURN_A_CHANNEL_DEL_REASON, reason))
		nlmsg_free(msg);
	else
		event_send(kn, msg, hdr);
}

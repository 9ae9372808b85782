// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generic netlink family: check, act, answer. What each command means is
 * written in kturn.yaml.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <net/genetlink.h>

#include "hook.h"
#include "netlink.h"
#include "nlmsg.h"
#include "police.h"
#include "state.h"

/* A missing attribute is named in the text as well, for people. */
#define REQUIRE(info, attr, name) ({					\
	struct genl_info *__i = (info);					\
	bool __missing = GENL_REQ_ATTR_CHECK(__i, attr);		\
									\
	if (__missing)							\
		NL_SET_ERR_MSG(__i->extack, "Attribute " name " is missing"); \
	__missing;							\
})

static struct kturn_net *info_net(const struct genl_info *info)
{
	return kturn_net(genl_info_net((struct genl_info *)info));
}

static unsigned long deadline(const struct nlattr *timeout)
{
	return jiffies + msecs_to_jiffies(nla_get_u32(timeout));
}

/* An answer is one message of the command that asked for it. */
struct answer {
	struct sk_buff *msg;
	void *hdr;
};

static int answer_begin_sized(struct answer *answer, struct genl_info *info,
			      size_t payload)
{
	answer->msg = genlmsg_new(payload, GFP_KERNEL);
	if (!answer->msg)
		return -ENOMEM;
	answer->hdr = genlmsg_put_reply(answer->msg, info, &kturn_family, 0,
					info->genlhdr->cmd);
	return 0;
}

static int answer_begin(struct answer *answer, struct genl_info *info)
{
	return answer_begin_sized(answer, info, GENLMSG_DEFAULT_SIZE);
}

static int answer_send(struct answer *answer, struct genl_info *info, int err)
{
	if (err) {
		nlmsg_free(answer->msg);
		return err;
	}
	genlmsg_end(answer->msg, answer->hdr);
	return genlmsg_reply(answer->msg, info);
}

/* allocations */

static struct kturn_allocation *
find_allocation(struct kturn_net *kn, struct genl_info *info, int attr)
{
	struct kturn_allocation *allocation;

	allocation = xa_load(&kn->allocations, nla_get_u32(info->attrs[attr]));
	if (!allocation)
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[attr],
				    "No allocation with this id");
	return allocation;
}

static int get_relayed(struct genl_info *info, int attr, u16 family,
		       struct kturn_endpoint *relayed)
{
	const struct nlattr *nla = info->attrs[attr];
	int err;

	if (!nla)
		return 0;
	err = kturn_get_endpoint(nla, relayed, info->extack);
	if (err)
		return err;
	if (relayed->family != family) {
		NL_SET_ERR_MSG_ATTR(info->extack, nla,
				    "Relayed address is of the other family");
		return -EINVAL;
	}
	return 0;
}

static int get_five_tuple(struct genl_info *info,
			  struct kturn_five_tuple *tuple)
{
	struct nlattr **a = info->attrs;
	int err;

	if (REQUIRE(info, KTURN_A_ALLOCATION_CLIENT, "client") ||
	    REQUIRE(info, KTURN_A_ALLOCATION_SERVER, "server"))
		return -EINVAL;
	err = kturn_get_endpoint(a[KTURN_A_ALLOCATION_CLIENT], &tuple->client,
				 info->extack);
	if (err)
		return err;
	err = kturn_get_endpoint(a[KTURN_A_ALLOCATION_SERVER], &tuple->server,
				 info->extack);
	if (err)
		return err;
	if (tuple->client.family != tuple->server.family) {
		NL_SET_ERR_MSG_ATTR(info->extack, a[KTURN_A_ALLOCATION_SERVER],
				    "Client and server are of different families");
		return -EINVAL;
	}
	return 0;
}

static int get_new_allocation(struct genl_info *info,
			      struct kturn_five_tuple *tuple,
			      struct kturn_endpoint relayed[KTURN_FAMILIES])
{
	int err;

	err = get_five_tuple(info, tuple);
	if (err)
		return err;
	if (REQUIRE(info, KTURN_A_ALLOCATION_TIMEOUT, "timeout"))
		return -EINVAL;
	if (!info->attrs[KTURN_A_ALLOCATION_RELAYED_IPV4] &&
	    REQUIRE(info, KTURN_A_ALLOCATION_RELAYED_IPV6,
		    "relayed-ipv4 or relayed-ipv6"))
		return -EINVAL;
	err = get_relayed(info, KTURN_A_ALLOCATION_RELAYED_IPV4, AF_INET,
			  &relayed[KTURN_IPV4]);
	if (err)
		return err;
	return get_relayed(info, KTURN_A_ALLOCATION_RELAYED_IPV6, AF_INET6,
			   &relayed[KTURN_IPV6]);
}

static int get_userdata(const struct nlattr *attr, void **userdata)
{
	*userdata = NULL;
	if (!attr || !nla_len(attr))
		return 0;
	*userdata = nla_memdup(attr, GFP_KERNEL);
	return *userdata ? 0 : -ENOMEM;
}

/* How fast and by which devices its packets go. */
static void get_constraints(struct nlattr **a,
			    struct kturn_allocation *allocation)
{
	if (a[KTURN_A_ALLOCATION_MAX_BPS])
		allocation->max_bps = nla_get_u64(a[KTURN_A_ALLOCATION_MAX_BPS]);
	if (a[KTURN_A_ALLOCATION_SERVER_DEVICE])
		allocation->device[KTURN_TO_PEER] =
			nla_get_u32(a[KTURN_A_ALLOCATION_SERVER_DEVICE]);
	if (a[KTURN_A_ALLOCATION_RELAYED_DEVICE])
		allocation->device[KTURN_TO_CLIENT] =
			nla_get_u32(a[KTURN_A_ALLOCATION_RELAYED_DEVICE]);
}

/* The first allocation of a namespace attaches the packet path to it. */
static int activate(struct kturn_net *kn, struct netlink_ext_ack *extack)
{
	int err;

	err = kturn_state_ports(kn);
	if (err)
		return err;
	err = kturn_hook_set(kn, kn->hook);
	if (err)
		NL_SET_ERR_MSG(extack, "Cannot register the netfilter hooks");
	return err;
}

/* NLM_F_REPLACE: who allocates anew has given up what the 5-tuple had. */
static void replace_allocation(struct kturn_net *kn,
			       const struct genl_info *info,
			       const struct kturn_five_tuple *tuple)
{
	struct kturn_allocation *old;

	if (!(info->nlhdr->nlmsg_flags & NLM_F_REPLACE))
		return;
	old = kturn_allocation_by_client(kn, tuple);
	if (old && kturn_allocation_has(old, tuple))
		kturn_allocation_del(kn, old, KTURN_DEL_REASON_REQUESTED);
}

static int kturn_nl_allocation_new_doit(struct sk_buff *skb,
					struct genl_info *info)
{
	const struct nlattr *blob = info->attrs[KTURN_A_ALLOCATION_USERDATA];
	struct kturn_endpoint relayed[KTURN_FAMILIES] = {};
	struct kturn_net *kn = info_net(info);
	struct kturn_allocation *allocation;
	struct kturn_five_tuple tuple;
	struct answer answer;
	void *userdata;
	int err;

	err = get_new_allocation(info, &tuple, relayed);
	if (err)
		return err;
	err = get_userdata(blob, &userdata);
	if (err)
		return err;
	err = answer_begin_sized(&answer, info, nla_total_size(sizeof(u32)));
	if (err)
		goto err_userdata;

	mutex_lock(&kn->lock);
	err = activate(kn, info->extack);
	if (err)
		goto err_unlock;
	replace_allocation(kn, info, &tuple);
	allocation = kturn_allocation_new(kn, &tuple, relayed,
					  deadline(info->attrs[KTURN_A_ALLOCATION_TIMEOUT]),
					  info->extack);
	if (IS_ERR(allocation)) {
		err = PTR_ERR(allocation);
		goto err_unlock;
	}
	get_constraints(info->attrs, allocation);
	allocation->policed = allocation->max_bps || kn->max_bps;
	allocation->userdata = userdata;
	allocation->userdata_len = userdata ? nla_len(blob) : 0;
	err = nla_put_u32(answer.msg, KTURN_A_ALLOCATION_ID, allocation->id);
	mutex_unlock(&kn->lock);
	return answer_send(&answer, info, err);

err_unlock:
	mutex_unlock(&kn->lock);
	nlmsg_free(answer.msg);
err_userdata:
	kfree(userdata);
	return err;
}

/* @tuple: where the client has moved to, or NULL; that can be refused. */
static int allocation_set(struct kturn_net *kn, struct genl_info *info,
			  const struct kturn_five_tuple *tuple, void **userdata)
{
	const struct nlattr *timeout = info->attrs[KTURN_A_ALLOCATION_TIMEOUT];
	const struct nlattr *blob = info->attrs[KTURN_A_ALLOCATION_USERDATA];
	struct kturn_allocation *allocation;
	int err;

	allocation = find_allocation(kn, info, KTURN_A_ALLOCATION_ID);
	if (!allocation)
		return -ENOENT;
	if (tuple) {
		err = kturn_allocation_move(kn, allocation, tuple,
					    info->extack);
		if (err)
			return err;
	}
	if (timeout)
		kturn_allocation_refresh(kn, allocation, deadline(timeout));
	if (blob) {
		swap(allocation->userdata, *userdata);
		allocation->userdata_len = nla_len(blob);
	}
	return 0;
}

static int kturn_nl_allocation_set_doit(struct sk_buff *skb,
					struct genl_info *info)
{
	const struct nlattr *blob = info->attrs[KTURN_A_ALLOCATION_USERDATA];
	bool moved = info->attrs[KTURN_A_ALLOCATION_CLIENT] ||
		     info->attrs[KTURN_A_ALLOCATION_SERVER];
	struct kturn_net *kn = info_net(info);
	struct kturn_five_tuple tuple;
	void *userdata;
	int err;

	if (REQUIRE(info, KTURN_A_ALLOCATION_ID, "id"))
		return -EINVAL;
	if (moved) {
		err = get_five_tuple(info, &tuple);
		if (err)
			return err;
	}
	err = get_userdata(blob, &userdata);
	if (err)
		return err;

	mutex_lock(&kn->lock);
	err = allocation_set(kn, info, moved ? &tuple : NULL, &userdata);
	mutex_unlock(&kn->lock);
	kfree(userdata);
	return err;
}

static int kturn_nl_allocation_get_doit(struct sk_buff *skb,
					struct genl_info *info)
{
	struct kturn_net *kn = info_net(info);
	struct kturn_allocation *allocation;
	struct answer answer;
	int err;

	if (REQUIRE(info, KTURN_A_ALLOCATION_ID, "id"))
		return -EINVAL;
	err = answer_begin(&answer, info);
	if (err)
		return err;
	mutex_lock(&kn->lock);
	allocation = find_allocation(kn, info, KTURN_A_ALLOCATION_ID);
	err = allocation ? kturn_put_allocation(answer.msg, allocation) :
			   -ENOENT;
	mutex_unlock(&kn->lock);
	return answer_send(&answer, info, err);
}

static int kturn_nl_allocation_del_doit(struct sk_buff *skb,
					struct genl_info *info)
{
	struct kturn_net *kn = info_net(info);
	struct kturn_allocation *allocation;

	if (REQUIRE(info, KTURN_A_ALLOCATION_ID, "id"))
		return -EINVAL;
	mutex_lock(&kn->lock);
	allocation = find_allocation(kn, info, KTURN_A_ALLOCATION_ID);
	if (allocation)
		kturn_allocation_del(kn, allocation,
				     KTURN_DEL_REASON_REQUESTED);
	mutex_unlock(&kn->lock);
	return allocation ? 0 : -ENOENT;
}

/* permissions */

static int check_relays(const struct kturn_allocation *allocation,
			const struct kturn_endpoint *peer, int attr,
			struct genl_info *info)
{
	int slot = peer->family == AF_INET ? KTURN_IPV4 : KTURN_IPV6;

	if (allocation->relayed[slot].endpoint.family)
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[attr],
			    "Allocation has no relayed address of the peer's family");
	return -EAFNOSUPPORT;
}

static int get_permission_key(struct genl_info *info,
			      struct kturn_endpoint *peer)
{
	if (REQUIRE(info, KTURN_A_PERMISSION_ALLOCATION_ID, "allocation-id") ||
	    REQUIRE(info, KTURN_A_PERMISSION_PEER, "peer"))
		return -EINVAL;
	return kturn_get_address(info->attrs[KTURN_A_PERMISSION_PEER], peer,
				 info->extack);
}

static struct kturn_permission *
find_permission(struct kturn_net *kn, struct genl_info *info,
		const struct kturn_allocation *allocation,
		const struct kturn_endpoint *peer)
{
	struct kturn_permission *permission;

	permission = kturn_permission_find(kn, allocation, peer);
	if (!permission)
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[KTURN_A_PERMISSION_PEER],
				    "No permission for this peer");
	return permission;
}

static int permission_put(struct kturn_net *kn, struct genl_info *info,
			  const struct kturn_endpoint *peer)
{
	unsigned long expires =
		deadline(info->attrs[KTURN_A_PERMISSION_TIMEOUT]);
	struct kturn_permission *permission;
	struct kturn_allocation *allocation;
	int err;

	allocation = find_allocation(kn, info,
				     KTURN_A_PERMISSION_ALLOCATION_ID);
	if (!allocation)
		return -ENOENT;
	err = check_relays(allocation, peer, KTURN_A_PERMISSION_PEER, info);
	if (err)
		return err;
	if (info->genlhdr->cmd == KTURN_CMD_PERMISSION_SET) {
		permission = find_permission(kn, info, allocation, peer);
		if (!permission)
			return -ENOENT;
	} else {
		permission = kturn_permission_find(kn, allocation, peer);
		if (!permission || info->nlhdr->nlmsg_flags & NLM_F_EXCL)
			return kturn_permission_new(kn, allocation, peer,
						    expires, info->extack);
	}
	kturn_permission_refresh(kn, permission, expires);
	return 0;
}

/* permission-new and permission-set */
static int kturn_nl_permission_put_doit(struct sk_buff *skb,
					struct genl_info *info)
{
	struct kturn_net *kn = info_net(info);
	struct kturn_endpoint peer;
	int err;

	err = get_permission_key(info, &peer);
	if (err)
		return err;
	if (REQUIRE(info, KTURN_A_PERMISSION_TIMEOUT, "timeout"))
		return -EINVAL;
	mutex_lock(&kn->lock);
	err = permission_put(kn, info, &peer);
	mutex_unlock(&kn->lock);
	return err;
}

static int kturn_nl_permission_get_doit(struct sk_buff *skb,
					struct genl_info *info)
{
	struct kturn_permission *permission = NULL;
	struct kturn_net *kn = info_net(info);
	struct kturn_allocation *allocation;
	struct kturn_endpoint peer;
	struct answer answer;
	int err;

	err = get_permission_key(info, &peer);
	if (err)
		return err;
	err = answer_begin(&answer, info);
	if (err)
		return err;
	mutex_lock(&kn->lock);
	allocation = find_allocation(kn, info,
				     KTURN_A_PERMISSION_ALLOCATION_ID);
	if (allocation)
		permission = find_permission(kn, info, allocation, &peer);
	err = permission ? kturn_put_permission(answer.msg, permission) :
			   -ENOENT;
	mutex_unlock(&kn->lock);
	return answer_send(&answer, info, err);
}

static int kturn_nl_permission_del_doit(struct sk_buff *skb,
					struct genl_info *info)
{
	struct kturn_permission *permission = NULL;
	struct kturn_net *kn = info_net(info);
	struct kturn_allocation *allocation;
	struct kturn_endpoint peer;
	int err;

	err = get_permission_key(info, &peer);
	if (err)
		return err;
	mutex_lock(&kn->lock);
	allocation = find_allocation(kn, info,
				     KTURN_A_PERMISSION_ALLOCATION_ID);
	if (allocation)
		permission = find_permission(kn, info, allocation, &peer);
	if (permission)
		kturn_permission_del(kn, permission,
				     KTURN_DEL_REASON_REQUESTED);
	mutex_unlock(&kn->lock);
	return permission ? 0 : -ENOENT;
}

/* channels */

static struct kturn_channel *find_channel(struct kturn_net *kn,
					  struct genl_info *info)
{
	const struct nlattr *number = info->attrs[KTURN_A_CHANNEL_NUMBER];
	struct kturn_allocation *allocation;
	struct kturn_channel *channel;

	allocation = find_allocation(kn, info, KTURN_A_CHANNEL_ALLOCATION_ID);
	if (!allocation)
		return NULL;
	channel = kturn_channel_find(allocation, nla_get_u16(number));
	if (!channel)
		NL_SET_ERR_MSG_ATTR(info->extack, number,
				    "No channel with this number");
	return channel;
}

static bool lacks_channel_key(struct genl_info *info)
{
	return REQUIRE(info, KTURN_A_CHANNEL_ALLOCATION_ID, "allocation-id") ||
	       REQUIRE(info, KTURN_A_CHANNEL_NUMBER, "number");
}

static int channel_put(struct kturn_net *kn, struct genl_info *info,
		       const struct kturn_endpoint *peer)
{
	u16 number = nla_get_u16(info->attrs[KTURN_A_CHANNEL_NUMBER]);
	unsigned long expires = deadline(info->attrs[KTURN_A_CHANNEL_TIMEOUT]);
	struct kturn_allocation *allocation;
	struct kturn_channel *channel;
	int err;

	allocation = find_allocation(kn, info, KTURN_A_CHANNEL_ALLOCATION_ID);
	if (!allocation)
		return -ENOENT;
	err = check_relays(allocation, peer, KTURN_A_CHANNEL_PEER, info);
	if (err)
		return err;
	channel = kturn_channel_find(allocation, number);
	if (channel && !memcmp(&channel->peer, peer, sizeof(*peer)) &&
	    !(info->nlhdr->nlmsg_flags & NLM_F_EXCL)) {
		kturn_channel_refresh(kn, channel, expires);
		return 0;
	}
	return kturn_channel_new(kn, allocation, number, peer, expires,
				 info->extack);
}

static int kturn_nl_channel_new_doit(struct sk_buff *skb,
				     struct genl_info *info)
{
	struct kturn_net *kn = info_net(info);
	struct kturn_endpoint peer;
	int err;

	if (lacks_channel_key(info) ||
	    REQUIRE(info, KTURN_A_CHANNEL_PEER, "peer") ||
	    REQUIRE(info, KTURN_A_CHANNEL_TIMEOUT, "timeout"))
		return -EINVAL;
	err = kturn_get_endpoint(info->attrs[KTURN_A_CHANNEL_PEER], &peer,
				 info->extack);
	if (err)
		return err;
	mutex_lock(&kn->lock);
	err = channel_put(kn, info, &peer);
	mutex_unlock(&kn->lock);
	return err;
}

static int kturn_nl_channel_set_doit(struct sk_buff *skb,
				     struct genl_info *info)
{
	struct kturn_net *kn = info_net(info);
	struct kturn_channel *channel;

	if (lacks_channel_key(info) ||
	    REQUIRE(info, KTURN_A_CHANNEL_TIMEOUT, "timeout"))
		return -EINVAL;
	mutex_lock(&kn->lock);
	channel = find_channel(kn, info);
	if (channel)
		kturn_channel_refresh(kn, channel,
				      deadline(info->attrs[KTURN_A_CHANNEL_TIMEOUT]));
	mutex_unlock(&kn->lock);
	return channel ? 0 : -ENOENT;
}

static int kturn_nl_channel_get_doit(struct sk_buff *skb,
				     struct genl_info *info)
{
	struct kturn_net *kn = info_net(info);
	struct kturn_channel *channel;
	struct answer answer;
	int err;

	if (lacks_channel_key(info))
		return -EINVAL;
	err = answer_begin(&answer, info);
	if (err)
		return err;
	mutex_lock(&kn->lock);
	channel = find_channel(kn, info);
	err = channel ? kturn_put_channel(answer.msg, channel) : -ENOENT;
	mutex_unlock(&kn->lock);
	return answer_send(&answer, info, err);
}

static int kturn_nl_channel_del_doit(struct sk_buff *skb,
				     struct genl_info *info)
{
	struct kturn_net *kn = info_net(info);
	struct kturn_channel *channel;

	if (lacks_channel_key(info))
		return -EINVAL;
	mutex_lock(&kn->lock);
	channel = find_channel(kn, info);
	if (channel)
		kturn_channel_del(kn, channel, KTURN_DEL_REASON_REQUESTED);
	mutex_unlock(&kn->lock);
	return channel ? 0 : -ENOENT;
}

/* the namespace */

static int kturn_nl_net_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct kturn_net *kn = info_net(info);
	struct answer answer;
	int err;

	err = answer_begin(&answer, info);
	if (err)
		return err;
	mutex_lock(&kn->lock);
	err = kturn_put_net(answer.msg, kn);
	mutex_unlock(&kn->lock);
	return answer_send(&answer, info, err);
}

static void set_limit(u32 *limit, const struct nlattr *attr)
{
	if (attr)
		*limit = nla_get_u32(attr);
}

static int kturn_nl_net_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *max_bps = info->attrs[KTURN_A_NET_MAX_BPS];
	const struct nlattr *hook = info->attrs[KTURN_A_NET_HOOK];
	struct kturn_net *kn = info_net(info);
	int err = 0;

	mutex_lock(&kn->lock);
	/* A namespace without allocations, ever, is not attached yet. */
	if (hook && rcu_access_pointer(kn->ports))
		err = kturn_hook_set(kn, nla_get_u32(hook));
	if (err) {
		NL_SET_ERR_MSG_ATTR(info->extack, hook,
				    "Cannot register the netfilter hooks");
	} else {
		set_limit(&kn->hook, hook);
		set_limit(&kn->max_allocations,
			  info->attrs[KTURN_A_NET_MAX_ALLOCATIONS]);
		set_limit(&kn->max_permissions,
			  info->attrs[KTURN_A_NET_MAX_PERMISSIONS]);
		set_limit(&kn->max_channels,
			  info->attrs[KTURN_A_NET_MAX_CHANNELS]);
		if (max_bps)
			kturn_police_net(kn, nla_get_u64(max_bps));
	}
	mutex_unlock(&kn->lock);
	return err;
}

static int kturn_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct answer answer;
	int err;

	err = answer_begin(&answer, info);
	if (err)
		return err;
	return answer_send(&answer, info,
			   kturn_put_stats(answer.msg, info_net(info)));
}

static int kturn_nl_flush_doit(struct sk_buff *skb, struct genl_info *info)
{
	kturn_flush(info_net(info));
	return 0;
}

/* the family */

/* For commands without attributes: one that is given is refused. */
static const struct nla_policy no_attributes[2];

static const struct genl_ops kturn_ops[] = {
	{
		.cmd = KTURN_CMD_ALLOCATION_NEW,
		.flags = GENL_ADMIN_PERM,
		.policy = kturn_allocation_new_policy,
		.maxattr = ARRAY_SIZE(kturn_allocation_new_policy) - 1,
		.doit = kturn_nl_allocation_new_doit,
	},
	{
		.cmd = KTURN_CMD_ALLOCATION_SET,
		.flags = GENL_ADMIN_PERM,
		.policy = kturn_allocation_set_policy,
		.maxattr = ARRAY_SIZE(kturn_allocation_set_policy) - 1,
		.doit = kturn_nl_allocation_set_doit,
	},
	{
		.cmd = KTURN_CMD_ALLOCATION_GET,
		.flags = GENL_ADMIN_PERM,
		.policy = kturn_allocation_id_policy,
		.maxattr = ARRAY_SIZE(kturn_allocation_id_policy) - 1,
		.doit = kturn_nl_allocation_get_doit,
		.start = kturn_nl_dump_start,
		.dumpit = kturn_nl_allocation_get_dumpit,
	},
	{
		.cmd = KTURN_CMD_ALLOCATION_DEL,
		.flags = GENL_ADMIN_PERM,
		.policy = kturn_allocation_id_policy,
		.maxattr = ARRAY_SIZE(kturn_allocation_id_policy) - 1,
		.doit = kturn_nl_allocation_del_doit,
	},
	{
		.cmd = KTURN_CMD_PERMISSION_NEW,
		.flags = GENL_ADMIN_PERM,
		.policy = kturn_permission_policy,
		.maxattr = ARRAY_SIZE(kturn_permission_policy) - 1,
		.doit = kturn_nl_permission_put_doit,
	},
	{
		.cmd = KTURN_CMD_PERMISSION_SET,
		.flags = GENL_ADMIN_PERM,
		.policy = kturn_permission_policy,
		.maxattr = ARRAY_SIZE(kturn_permission_policy) - 1,
		.doit = kturn_nl_permission_put_doit,
	},
	{
		.cmd = KTURN_CMD_PERMISSION_GET,
		.flags = GENL_ADMIN_PERM,
		.policy = kturn_permission_key_policy,
		.maxattr = ARRAY_SIZE(kturn_permission_key_policy) - 1,
		.doit = kturn_nl_permission_get_doit,
		.start = kturn_nl_member_dump_start,
		.dumpit = kturn_nl_permission_get_dumpit,
	},
	{
		.cmd = KTURN_CMD_PERMISSION_DEL,
		.flags = GENL_ADMIN_PERM,
		.policy = kturn_permission_key_policy,
		.maxattr = ARRAY_SIZE(kturn_permission_key_policy) - 1,
		.doit = kturn_nl_permission_del_doit,
	},
	{
		.cmd = KTURN_CMD_CHANNEL_NEW,
		.flags = GENL_ADMIN_PERM,
		.policy = kturn_channel_policy,
		.maxattr = ARRAY_SIZE(kturn_channel_policy) - 1,
		.doit = kturn_nl_channel_new_doit,
	},
	{
		.cmd = KTURN_CMD_CHANNEL_SET,
		.flags = GENL_ADMIN_PERM,
		.policy = kturn_channel_set_policy,
		.maxattr = ARRAY_SIZE(kturn_channel_set_policy) - 1,
		.doit = kturn_nl_channel_set_doit,
	},
	{
		.cmd = KTURN_CMD_CHANNEL_GET,
		.flags = GENL_ADMIN_PERM,
		.policy = kturn_channel_key_policy,
		.maxattr = ARRAY_SIZE(kturn_channel_key_policy) - 1,
		.doit = kturn_nl_channel_get_doit,
		.start = kturn_nl_member_dump_start,
		.dumpit = kturn_nl_channel_get_dumpit,
	},
	{
		.cmd = KTURN_CMD_CHANNEL_DEL,
		.flags = GENL_ADMIN_PERM,
		.policy = kturn_channel_key_policy,
		.maxattr = ARRAY_SIZE(kturn_channel_key_policy) - 1,
		.doit = kturn_nl_channel_del_doit,
	},
	{
		.cmd = KTURN_CMD_NET_GET,
		.flags = GENL_ADMIN_PERM,
		.policy = no_attributes,
		.maxattr = ARRAY_SIZE(no_attributes) - 1,
		.doit = kturn_nl_net_get_doit,
	},
	{
		.cmd = KTURN_CMD_NET_SET,
		.flags = GENL_ADMIN_PERM,
		.policy = kturn_net_set_policy,
		.maxattr = ARRAY_SIZE(kturn_net_set_policy) - 1,
		.doit = kturn_nl_net_set_doit,
	},
	{
		.cmd = KTURN_CMD_STATS_GET,
		.flags = GENL_ADMIN_PERM,
		.policy = no_attributes,
		.maxattr = ARRAY_SIZE(no_attributes) - 1,
		.doit = kturn_nl_stats_get_doit,
	},
	{
		.cmd = KTURN_CMD_FLUSH,
		.flags = GENL_ADMIN_PERM,
		.policy = no_attributes,
		.maxattr = ARRAY_SIZE(no_attributes) - 1,
		.doit = kturn_nl_flush_doit,
	},
};

/* Events carry the daemon's blobs: not for everyone's ears. */
static const struct genl_multicast_group kturn_groups[] = {
	[KTURN_GROUP_EVENTS] = {
		.name = KTURN_MCGRP_EVENTS,
		.flags = GENL_MCAST_CAP_NET_ADMIN,
	},
};

struct genl_family kturn_family __ro_after_init = {
	.name = KTURN_FAMILY_NAME,
	.version = KTURN_FAMILY_VERSION,
	.module = THIS_MODULE,
	.netnsok = true,
	.parallel_ops = true,
	.ops = kturn_ops,
	.n_ops = ARRAY_SIZE(kturn_ops),
	.mcgrps = kturn_groups,
	.n_mcgrps = ARRAY_SIZE(kturn_groups),
	/* Commands from here on could not carry NLM_F_EXCL. */
	.resv_start_op = __KTURN_CMD_MAX,
};

int __init kturn_netlink_init(void)
{
	return genl_register_family(&kturn_family);
}

void kturn_netlink_exit(void)
{
	genl_unregister_family(&kturn_family);
}

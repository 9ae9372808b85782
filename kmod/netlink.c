// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generic netlink family: check, act, answer. What each command means is
 * written in kturn.yaml.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "compat.h"
#include "netlink.h"
#include "nlmsg.h"
#include "relay.h"
#include "state.h"

static struct genl_family kturn_family;

enum { KTURN_GROUP_EVENTS };

/* A missing attribute is named in the text as well, for people. */
#define REQUIRE(info, attr, name) ({					\
	bool __missing = GENL_REQ_ATTR_CHECK(info, attr);		\
									\
	if (__missing)							\
		NL_SET_ERR_MSG((info)->extack, "Attribute " name " is missing"); \
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

static int answer_begin(struct answer *answer, struct genl_info *info)
{
	answer->msg = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!answer->msg)
		return -ENOMEM;
	answer->hdr = genlmsg_put_reply(answer->msg, info, &kturn_family, 0,
					info->genlhdr->cmd);
	return 0;
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

static int get_new_allocation(struct genl_info *info,
			      struct kturn_five_tuple *tuple,
			      struct kturn_endpoint relayed[KTURN_FAMILIES])
{
	struct nlattr **a = info->attrs;
	int err;

	if (REQUIRE(info, KTURN_A_ALLOCATION_CLIENT, "client") ||
	    REQUIRE(info, KTURN_A_ALLOCATION_SERVER, "server") ||
	    REQUIRE(info, KTURN_A_ALLOCATION_TIMEOUT, "timeout"))
		return -EINVAL;
	if (!a[KTURN_A_ALLOCATION_RELAYED_IPV4] &&
	    REQUIRE(info, KTURN_A_ALLOCATION_RELAYED_IPV6,
		    "relayed-ipv4 or relayed-ipv6"))
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

/* The first allocation of a namespace attaches the packet path to it. */
static int activate(struct kturn_net *kn, struct netlink_ext_ack *extack)
{
	int err;

	err = kturn_state_ports(kn);
	if (err)
		return err;
	err = kturn_relay_hook(kn, kn->hook);
	if (err)
		NL_SET_ERR_MSG(extack, "Cannot register the netfilter hooks");
	return err;
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
	err = answer_begin(&answer, info);
	if (err)
		goto err_userdata;

	mutex_lock(&kn->lock);
	err = activate(kn, info->extack);
	if (err)
		goto err_unlock;
	allocation = kturn_allocation_new(kn, &tuple, relayed,
					  deadline(info->attrs[KTURN_A_ALLOCATION_TIMEOUT]),
					  info->extack);
	if (IS_ERR(allocation)) {
		err = PTR_ERR(allocation);
		goto err_unlock;
	}
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

static int kturn_nl_allocation_set_doit(struct sk_buff *skb,
					struct genl_info *info)
{
	const struct nlattr *timeout = info->attrs[KTURN_A_ALLOCATION_TIMEOUT];
	const struct nlattr *blob = info->attrs[KTURN_A_ALLOCATION_USERDATA];
	struct kturn_net *kn = info_net(info);
	struct kturn_allocation *allocation;
	void *userdata;
	int err;

	if (REQUIRE(info, KTURN_A_ALLOCATION_ID, "id"))
		return -EINVAL;
	err = get_userdata(blob, &userdata);
	if (err)
		return err;

	mutex_lock(&kn->lock);
	allocation = find_allocation(kn, info, KTURN_A_ALLOCATION_ID);
	if (!allocation) {
		mutex_unlock(&kn->lock);
		kfree(userdata);
		return -ENOENT;
	}
	if (timeout)
		kturn_allocation_refresh(kn, allocation, deadline(timeout));
	if (blob) {
		swap(allocation->userdata, userdata);
		allocation->userdata_len = nla_len(blob);
	}
	mutex_unlock(&kn->lock);
	kfree(userdata);
	return 0;
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
		if (!permission)
			return kturn_permission_new(kn, allocation, peer,
						    expires, info->extack);
		if (info->nlhdr->nlmsg_flags & NLM_F_EXCL) {
			NL_SET_ERR_MSG_ATTR(info->extack,
					    info->attrs[KTURN_A_PERMISSION_PEER],
					    "Peer has a permission already");
			return -EEXIST;
		}
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

/* dumps */

/**
 * struct kturn_dump - how far a dump has come
 * @id: allocation to go on with
 * @last: allocation to end with
 * @number: channel to go on with
 * @key: permission to go on after
 *
 * Allocations are walked by id, channels by number, permissions by address:
 * whatever comes and goes meanwhile, nothing is walked twice.
 */
struct kturn_dump {
	unsigned long id;
	unsigned long last;
	u32 number;
	struct kturn_permission_key key;
};

static_assert(sizeof(struct kturn_dump) <=
	      sizeof_field(struct netlink_callback, ctx));

static struct kturn_dump *dump_of(struct netlink_callback *cb)
{
	return (struct kturn_dump *)cb->ctx;
}

static int kturn_nl_dump_start(struct netlink_callback *cb)
{
	dump_of(cb)->last = U32_MAX;
	return 0;
}

/* Dumps of permissions and channels may be of one allocation. */
static int kturn_nl_member_dump_start(struct netlink_callback *cb)
{
	struct kturn_net *kn = kturn_net(sock_net(cb->skb->sk));
	struct nlattr **attrs = kturn_dump_attrs(cb);
	struct kturn_dump *dump = dump_of(cb);
	bool found;

	BUILD_BUG_ON(KTURN_A_PERMISSION_ALLOCATION_ID !=
		     (int)KTURN_A_CHANNEL_ALLOCATION_ID);
	BUILD_BUG_ON(KTURN_A_PERMISSION_PEER != (int)KTURN_A_CHANNEL_NUMBER);

	dump->last = U32_MAX;
	if (!attrs)
		return 0;
	if (attrs[KTURN_A_CHANNEL_NUMBER]) {
		NL_SET_ERR_MSG_ATTR(cb->extack, attrs[KTURN_A_CHANNEL_NUMBER],
				    "A dump can only be narrowed down by allocation-id");
		return -EINVAL;
	}
	if (!attrs[KTURN_A_CHANNEL_ALLOCATION_ID])
		return 0;
	dump->id = nla_get_u32(attrs[KTURN_A_CHANNEL_ALLOCATION_ID]);
	dump->last = dump->id;
	mutex_lock(&kn->lock);
	found = xa_load(&kn->allocations, dump->id);
	mutex_unlock(&kn->lock);
	if (found)
		return 0;
	NL_SET_ERR_MSG_ATTR(cb->extack, attrs[KTURN_A_CHANNEL_ALLOCATION_ID],
			    "No allocation with this id");
	return -ENOENT;
}

static void *dump_put_header(struct sk_buff *skb, struct netlink_callback *cb,
			     u8 cmd)
{
	void *hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				cb->nlh->nlmsg_seq, &kturn_family, NLM_F_MULTI,
				cmd);

	if (hdr)
		genl_dump_check_consistent(cb, hdr);
	return hdr;
}

static int dump_end_message(struct sk_buff *skb, void *hdr, int err)
{
	if (err)
		genlmsg_cancel(skb, hdr);
	else
		genlmsg_end(skb, hdr);
	return err;
}

static int dump_allocation(struct sk_buff *skb, struct netlink_callback *cb,
			   const struct kturn_allocation *allocation)
{
	void *hdr = dump_put_header(skb, cb, KTURN_CMD_ALLOCATION_GET);

	if (!hdr)
		return -EMSGSIZE;
	return dump_end_message(skb, hdr,
				kturn_put_allocation(skb, allocation));
}

static int dump_permissions(struct sk_buff *skb, struct netlink_callback *cb,
			    const struct kturn_allocation *allocation)
{
	struct kturn_dump *dump = dump_of(cb);
	struct kturn_permission *permission;

	while ((permission = kturn_permission_after(allocation, &dump->key))) {
		void *hdr = dump_put_header(skb, cb, KTURN_CMD_PERMISSION_GET);

		if (!hdr ||
		    dump_end_message(skb, hdr,
				     kturn_put_permission(skb, permission)))
			return -EMSGSIZE;
		dump->key = permission->key;
	}
	return 0;
}

static int dump_channels(struct sk_buff *skb, struct netlink_callback *cb,
			 const struct kturn_allocation *allocation)
{
	struct kturn_dump *dump = dump_of(cb);
	struct kturn_channel *channel;

	while ((channel = kturn_channel_from(allocation, dump->number))) {
		void *hdr = dump_put_header(skb, cb, KTURN_CMD_CHANNEL_GET);

		if (!hdr || dump_end_message(skb, hdr,
					     kturn_put_channel(skb, channel)))
			return -EMSGSIZE;
		dump->number = channel->number + 1;
	}
	return 0;
}

/* As much as fits into @skb, of each allocation what @put writes. */
static int dump(struct sk_buff *skb, struct netlink_callback *cb,
		int (*put)(struct sk_buff *skb, struct netlink_callback *cb,
			   const struct kturn_allocation *allocation))
{
	struct kturn_net *kn = kturn_net(sock_net(cb->skb->sk));
	struct kturn_dump *dump = dump_of(cb);
	struct kturn_allocation *allocation;
	int err = 0;

	mutex_lock(&kn->lock);
	cb->seq = kn->generation;
	while (dump->id <= dump->last) {
		unsigned long id = dump->id;

		allocation = xa_find(&kn->allocations, &id, dump->last,
				     XA_PRESENT);
		if (!allocation)
			break;
		if (id != dump->id) {
			dump->id = id;
			dump->number = 0;
			memset(&dump->key, 0, sizeof(dump->key));
		}
		err = put(skb, cb, allocation);
		if (err)
			break;
		dump->id++;
		dump->number = 0;
		memset(&dump->key, 0, sizeof(dump->key));
		/* A lone datagram of empty allocations may take long. */
		cond_resched();
	}
	mutex_unlock(&kn->lock);
	/* An object that does not fit now does the next time. */
	return skb->len ?: err;
}

static int kturn_nl_allocation_get_dumpit(struct sk_buff *skb,
					  struct netlink_callback *cb)
{
	return dump(skb, cb, dump_allocation);
}

static int kturn_nl_permission_get_dumpit(struct sk_buff *skb,
					  struct netlink_callback *cb)
{
	return dump(skb, cb, dump_permissions);
}

static int kturn_nl_channel_get_dumpit(struct sk_buff *skb,
				       struct netlink_callback *cb)
{
	return dump(skb, cb, dump_channels);
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
	const struct nlattr *hook = info->attrs[KTURN_A_NET_HOOK];
	struct kturn_net *kn = info_net(info);
	int err = 0;

	mutex_lock(&kn->lock);
	/* A namespace without allocations, ever, is not attached yet. */
	if (hook && rcu_access_pointer(kn->ports))
		err = kturn_relay_hook(kn, nla_get_u32(hook));
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
	struct kturn_net *kn = info_net(info);

	mutex_lock(&kn->lock);
	kturn_flush(kn);
	mutex_unlock(&kn->lock);
	return 0;
}

/* notifications */

static struct sk_buff *event_begin(struct kturn_net *kn, u8 cmd, void **hdr)
{
	struct sk_buff *msg;

	if (!genl_has_listeners(&kturn_family, kn->net, KTURN_GROUP_EVENTS))
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

/* the family */

/* For commands without attributes: one that is given is refused. */
static const struct nla_policy no_attributes[2];

#define OP(command, pol, ...) {						\
	.cmd = KTURN_CMD_##command,					\
	.policy = pol,							\
	.maxattr = ARRAY_SIZE(pol) - 1,					\
	.flags = GENL_ADMIN_PERM,					\
	__VA_ARGS__							\
}

static const struct genl_ops kturn_ops[] = {
	OP(ALLOCATION_NEW, kturn_allocation_new_policy,
	   .doit = kturn_nl_allocation_new_doit),
	OP(ALLOCATION_SET, kturn_allocation_set_policy,
	   .doit = kturn_nl_allocation_set_doit),
	OP(ALLOCATION_GET, kturn_allocation_id_policy,
	   .doit = kturn_nl_allocation_get_doit,
	   .start = kturn_nl_dump_start,
	   .dumpit = kturn_nl_allocation_get_dumpit),
	OP(ALLOCATION_DEL, kturn_allocation_id_policy,
	   .doit = kturn_nl_allocation_del_doit),
	OP(PERMISSION_NEW, kturn_permission_policy,
	   .doit = kturn_nl_permission_put_doit),
	OP(PERMISSION_SET, kturn_permission_policy,
	   .doit = kturn_nl_permission_put_doit),
	OP(PERMISSION_GET, kturn_permission_key_policy,
	   .doit = kturn_nl_permission_get_doit,
	   .start = kturn_nl_member_dump_start,
	   .dumpit = kturn_nl_permission_get_dumpit),
	OP(PERMISSION_DEL, kturn_permission_key_policy,
	   .doit = kturn_nl_permission_del_doit),
	OP(CHANNEL_NEW, kturn_channel_policy,
	   .doit = kturn_nl_channel_new_doit),
	OP(CHANNEL_SET, kturn_channel_set_policy,
	   .doit = kturn_nl_channel_set_doit),
	OP(CHANNEL_GET, kturn_channel_key_policy,
	   .doit = kturn_nl_channel_get_doit,
	   .start = kturn_nl_member_dump_start,
	   .dumpit = kturn_nl_channel_get_dumpit),
	OP(CHANNEL_DEL, kturn_channel_key_policy,
	   .doit = kturn_nl_channel_del_doit),
	OP(NET_GET, no_attributes, .doit = kturn_nl_net_get_doit),
	OP(NET_SET, kturn_net_set_policy, .doit = kturn_nl_net_set_doit),
	OP(STATS_GET, no_attributes, .doit = kturn_nl_stats_get_doit),
	OP(FLUSH, no_attributes, .doit = kturn_nl_flush_doit),
};

/* Events carry the daemon's blobs: not for everyone's ears. */
static const struct genl_multicast_group kturn_groups[] = {
	[KTURN_GROUP_EVENTS] = {
		.name = KTURN_MCGRP_EVENTS,
		.flags = GENL_MCAST_CAP_NET_ADMIN,
	},
};

static struct genl_family kturn_family __ro_after_init = {
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

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dumps, restartable and without a walk from the beginning.
 */
#include <net/sock.h>

#include "compat.h"
#include "netlink.h"
#include "nlmsg.h"

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

int kturn_nl_dump_start(struct netlink_callback *cb)
{
	dump_of(cb)->last = U32_MAX;
	return 0;
}

/* Dumps of permissions and channels may be of one allocation. */
int kturn_nl_member_dump_start(struct netlink_callback *cb)
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

int kturn_nl_allocation_get_dumpit(struct sk_buff *skb,
				   struct netlink_callback *cb)
{
	return dump(skb, cb, dump_allocation);
}

int kturn_nl_permission_get_dumpit(struct sk_buff *skb,
				   struct netlink_callback *cb)
{
	return dump(skb, cb, dump_permissions);
}

int kturn_nl_channel_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump(skb, cb, dump_channels);
}

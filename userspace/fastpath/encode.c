// SPDX-License-Identifier: BSD-3-Clause
/* Requests to the module. */
#include <netinet/in.h>

#include "fastpath/internal.h"

/**
 * fp_message() - begin a request
 * @fp: the connection
 * @family: id of the family
 * @cmd: command
 * @flags: NLM_F_*, besides NLM_F_REQUEST
 *
 * Return: the message, to be given to fp_queue(); NULL if it is too long.
 */
struct nl_msg *fp_message(struct fastpath *fp, uint16_t family, uint8_t cmd,
			  int flags)
{
	struct nl_msg *msg = fp->scratch;

	/* One message, written over and over: fp_queue() copies it. */
	nlmsg_hdr(msg)->nlmsg_len = NLMSG_HDRLEN;
	if (!genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0,
			 NLM_F_REQUEST | flags, cmd, KTURN_FAMILY_VERSION))
		return NULL;
	return msg;
}

/* An address that is not given is not sent; the module says what it needs. */
static int put_endpoint(struct nl_msg *msg, int type,
			const struct transport_addr *addr, bool with_port)
{
	struct nlattr *nest;
	int ret;

	if (!addr->family)
		return 0;
	nest = nla_nest_start(msg, NLA_F_NESTED | type);
	if (!nest)
		return -NLE_NOMEM;

	if (addr->family == AF_INET)
		ret = nla_put(msg, KTURN_A_ENDPOINT_IPV4, 4, addr->ip);
	else
		ret = nla_put(msg, KTURN_A_ENDPOINT_IPV6, 16, addr->ip);
	if (!ret && with_port)
		ret = nla_put_u16(msg, KTURN_A_ENDPOINT_PORT,
				  htons(addr->port));
	return ret ? ret : nla_nest_end(msg, nest);
}

static int put_constraints(struct nl_msg *msg,
			   const struct fastpath_allocation *a)
{
	return (a->max_bps && nla_put_u64(msg, KTURN_A_ALLOCATION_MAX_BPS,
					  a->max_bps)) ||
	       (a->server_device &&
		nla_put_u32(msg, KTURN_A_ALLOCATION_SERVER_DEVICE,
			    a->server_device)) ||
	       (a->relayed_device &&
		nla_put_u32(msg, KTURN_A_ALLOCATION_RELAYED_DEVICE,
			    a->relayed_device));
}

static int put_allocation(struct nl_msg *msg, enum kturn_cmd cmd,
			  const struct fastpath_allocation *a)
{
	int ret = 0;

	if (cmd != KTURN_CMD_ALLOCATION_NEW)
		ret = nla_put_u32(msg, KTURN_A_ALLOCATION_ID, a->id);
	if (ret || cmd == KTURN_CMD_ALLOCATION_DEL)
		return ret;

	ret = put_endpoint(msg, KTURN_A_ALLOCATION_CLIENT, &a->client, true) ||
	      put_endpoint(msg, KTURN_A_ALLOCATION_SERVER, &a->server, true);
	if (!ret && cmd == KTURN_CMD_ALLOCATION_NEW)
		ret = put_endpoint(msg, KTURN_A_ALLOCATION_RELAYED_IPV4,
				   &a->relayed_ipv4, true) ||
		      put_endpoint(msg, KTURN_A_ALLOCATION_RELAYED_IPV6,
				   &a->relayed_ipv6, true) ||
		      put_constraints(msg, a);
	if (ret)
		return ret;

	if (a->timeout_ms)
		ret = nla_put_u32(msg, KTURN_A_ALLOCATION_TIMEOUT,
				  a->timeout_ms);
	if (!ret && a->userdata)
		ret = nla_put(msg, KTURN_A_ALLOCATION_USERDATA,
			      (int)a->userdata_len, a->userdata);
	return ret;
}

static int put_permission(struct nl_msg *msg, enum kturn_cmd cmd,
			  const struct fastpath_permission *p)
{
	return nla_put_u32(msg, KTURN_A_PERMISSION_ALLOCATION_ID,
			   p->allocation_id) ||
	       put_endpoint(msg, KTURN_A_PERMISSION_PEER, &p->peer, false) ||
	       (cmd != KTURN_CMD_PERMISSION_DEL &&
		nla_put_u32(msg, KTURN_A_PERMISSION_TIMEOUT, p->timeout_ms));
}

static int put_channel(struct nl_msg *msg, enum kturn_cmd cmd,
		       const struct fastpath_channel *c)
{
	return nla_put_u32(msg, KTURN_A_CHANNEL_ALLOCATION_ID,
			   c->allocation_id) ||
	       nla_put_u16(msg, KTURN_A_CHANNEL_NUMBER, c->number) ||
	       (cmd == KTURN_CMD_CHANNEL_NEW &&
		put_endpoint(msg, KTURN_A_CHANNEL_PEER, &c->peer, true)) ||
	       (cmd != KTURN_CMD_CHANNEL_DEL &&
		nla_put_u32(msg, KTURN_A_CHANNEL_TIMEOUT, c->timeout_ms));
}

/**
 * fp_encode_request() - one change
 * @fp: the connection
 * @request: the change; its command is one that struct fastpath_request lists
 *
 * Return: the message, NULL if it is longer than any valid one.
 */
struct nl_msg *fp_encode_request(struct fastpath *fp,
				 const struct fastpath_request *request)
{
	const int flags = (request->excl ? NLM_F_EXCL : 0) |
			  (request->replace ? NLM_F_REPLACE : 0);
	struct nl_msg *msg = fp_message(fp, fp->family, request->cmd, flags);
	int ret;

	if (!msg)
		return NULL;
	if (request->cmd < KTURN_CMD_PERMISSION_NEW)
		ret = put_allocation(msg, request->cmd, &request->allocation);
	else if (request->cmd < KTURN_CMD_CHANNEL_NEW)
		ret = put_permission(msg, request->cmd, &request->permission);
	else
		ret = put_channel(msg, request->cmd, &request->channel);
	return ret ? NULL : msg;
}

struct nl_msg *fp_encode_net(struct fastpath *fp, unsigned int which,
			     const struct fastpath_net *net)
{
	struct nl_msg *msg = fp_message(fp, fp->family, KTURN_CMD_NET_SET, 0);

	if (!msg ||
	    ((which & FASTPATH_NET_HOOK) &&
	     nla_put_u32(msg, KTURN_A_NET_HOOK, net->hook)) ||
	    ((which & FASTPATH_NET_MAX_ALLOCATIONS) &&
	     nla_put_u32(msg, KTURN_A_NET_MAX_ALLOCATIONS,
			 net->max_allocations)) ||
	    ((which & FASTPATH_NET_MAX_PERMISSIONS) &&
	     nla_put_u32(msg, KTURN_A_NET_MAX_PERMISSIONS,
			 net->max_permissions)) ||
	    ((which & FASTPATH_NET_MAX_CHANNELS) &&
	     nla_put_u32(msg, KTURN_A_NET_MAX_CHANNELS, net->max_channels)) ||
	    ((which & FASTPATH_NET_MAX_BPS) &&
	     nla_put_u64(msg, KTURN_A_NET_MAX_BPS, net->max_bps)))
		return NULL;
	return msg;
}

/* A request that names an allocation at most: id 0 leaves even that out. */
struct nl_msg *fp_encode_id(struct fastpath *fp, uint8_t cmd, int flags,
			    int attr, uint32_t id)
{
	struct nl_msg *msg = fp_message(fp, fp->family, cmd, flags);

	if (msg && id && nla_put_u32(msg, attr, id))
		return NULL;
	return msg;
}

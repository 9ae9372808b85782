// SPDX-License-Identifier: BSD-3-Clause
/*
 * rtnetlink requests. They are small: none outgrows libnl's default message,
 * so that results of adding attributes need no check but the kernel's.
 */
#include "rtnl.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdio.h>

/* IF_OPER_UP, from <linux/if.h>, which does not go with <net/if.h>. */
#define OPER_UP 6

struct nl_sock *rtnl_open(void)
{
	struct nl_sock *sk = nl_socket_alloc();

	if (sk && nl_connect(sk, NETLINK_ROUTE)) {
		nl_socket_free(sk);
		sk = NULL;
	}
	if (!sk)
		printf("# cannot open an rtnetlink socket\n");
	return sk;
}

void rtnl_close(struct nl_sock *sk)
{
	nl_socket_free(sk);
}

/* A request with its fixed header; NULL without memory. */
static struct nl_msg *request(int type, int flags, const void *header,
			      size_t len)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, NLM_F_REQUEST | flags);

	if (msg && nlmsg_append(msg, (void *)header, len, NLMSG_ALIGNTO)) {
		nlmsg_free(msg);
		msg = NULL;
	}
	return msg;
}

static int carry_out(struct nl_sock *sk, struct nl_msg *msg, const char *what)
{
	int err = nl_send_sync(sk, msg);	/* frees it, too */

	if (!err)
		return 0;
	printf("# rtnetlink, %s: %s\n", what, nl_geterror(err));
	return -EIO;
}

int rtnl_veth(struct nl_sock *sk, const char *name, const uint8_t mac[6],
	      const char *peer, const uint8_t peer_mac[6], int peer_ns)
{
	struct ifinfomsg link = { .ifi_family = AF_UNSPEC };
	struct nlattr *info, *data, *other;
	struct nl_msg *msg = request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL,
				     &link, sizeof(link));

	if (!msg)
		return -ENOMEM;
	nla_put_string(msg, IFLA_IFNAME, name);
	nla_put(msg, IFLA_ADDRESS, 6, mac);
	info = nla_nest_start(msg, IFLA_LINKINFO);
	nla_put_string(msg, IFLA_INFO_KIND, "veth");
	data = nla_nest_start(msg, IFLA_INFO_DATA);
	other = nla_nest_start(msg, VETH_INFO_PEER);
	nlmsg_append(msg, &link, sizeof(link), NLMSG_ALIGNTO);
	nla_put_string(msg, IFLA_IFNAME, peer);
	nla_put(msg, IFLA_ADDRESS, 6, peer_mac);
	nla_put_u32(msg, IFLA_NET_NS_FD, peer_ns);
	nla_nest_end(msg, other);
	nla_nest_end(msg, data);
	nla_nest_end(msg, info);
	return carry_out(sk, msg, name);
}

/* The socket's namespace is the calling thread's, so names mean the same. */
int rtnl_up(struct nl_sock *sk, const char *device)
{
	struct ifinfomsg link = {
		.ifi_index = if_nametoindex(device),
		.ifi_flags = IFF_UP,
		.ifi_change = IFF_UP,
	};
	struct nl_msg *msg = request(RTM_NEWLINK, 0, &link, sizeof(link));

	return msg ? carry_out(sk, msg, device) : -ENOMEM;
}

static int read_operstate(struct nl_msg *msg, void *operstate)
{
	struct nlattr *state = nlmsg_find_attr(nlmsg_hdr(msg),
					       sizeof(struct ifinfomsg),
					       IFLA_OPERSTATE);

	if (state)
		*(int *)operstate = nla_get_u8(state);
	return NL_OK;
}

int rtnl_is_up(struct nl_sock *sk, const char *device)
{
	struct ifinfomsg link = { .ifi_index = if_nametoindex(device) };
	struct nl_msg *msg = request(RTM_GETLINK, 0, &link, sizeof(link));
	int err, operstate = 0;

	if (!msg)
		return -ENOMEM;
	nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, read_operstate,
			    &operstate);
	err = nl_send_auto(sk, msg);
	nlmsg_free(msg);
	if (err >= 0)
		err = nl_recvmsgs_default(sk);
	if (err >= 0)
		err = nl_wait_for_ack(sk);
	if (err >= 0)
		return operstate == OPER_UP;
	printf("# rtnetlink, %s: %s\n", device, nl_geterror(err));
	return -EIO;
}

int rtnl_address(struct nl_sock *sk, const char *device, const char *addr)
{
	struct transport_addr a;
	struct ifaddrmsg header = {
		.ifa_flags = IFA_F_NODAD | IFA_F_PERMANENT,
		.ifa_index = if_nametoindex(device),
	};
	struct nl_msg *msg;

	if (transport_addr_parse(&a, addr))
		return -EINVAL;
	header.ifa_family = a.family;
	header.ifa_prefixlen = a.family == AF_INET ? 24 : 64;
	msg = request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &header,
		      sizeof(header));
	if (!msg)
		return -ENOMEM;
	nla_put(msg, IFA_LOCAL, transport_addr_ip_len(&a), a.ip);
	nla_put(msg, IFA_ADDRESS, transport_addr_ip_len(&a), a.ip);
	return carry_out(sk, msg, addr);
}

int rtnl_neighbour(struct nl_sock *sk, const char *device, const char *addr,
		   const uint8_t mac[6])
{
	struct transport_addr a;
	struct ndmsg header = {
		.ndm_ifindex = if_nametoindex(device),
		.ndm_state = NUD_PERMANENT,
	};
	struct nl_msg *msg;

	if (transport_addr_parse(&a, addr))
		return -EINVAL;
	header.ndm_family = a.family;
	msg = request(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, &header,
		      sizeof(header));
	if (!msg)
		return -ENOMEM;
	nla_put(msg, NDA_DST, transport_addr_ip_len(&a), a.ip);
	nla_put(msg, NDA_LLADDR, 6, mac);
	return carry_out(sk, msg, addr);
}

int rtnl_default_route(struct nl_sock *sk, const char *gateway)
{
	struct transport_addr a;
	struct rtmsg header = {
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_BOOT,
		.rtm_scope = RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
	};
	struct nl_msg *msg;

	if (transport_addr_parse(&a, gateway))
		return -EINVAL;
	header.rtm_family = a.family;
	msg = request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &header,
		      sizeof(header));
	if (!msg)
		return -ENOMEM;
	nla_put(msg, RTA_GATEWAY, transport_addr_ip_len(&a), a.ip);
	return carry_out(sk, msg, gateway);
}

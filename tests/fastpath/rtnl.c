// SPDX-License-Identifier: BSD-3-Clause
/*
 * rtnetlink requests. They are small: none outgrows libnl's default message,
 * so that results of adding attributes need no check but the kernel's.
 */
#include "rtnl.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/ipv6_route.h>
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
#include <string.h>
#include <unistd.h>

/* IF_OPER_UP, from <linux/if.h>, which does not go with <net/if.h>. */
#define OPER_UP 6

/*
 * The kernel looks at once at a link that comes up, if the device's index is
 * another than that of the device at the other end, else within a second.
 */
#define FIRST_VETH_INDEX 1000

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
	static int index = FIRST_VETH_INDEX;
	const struct ifinfomsg far = { .ifi_family = AF_UNSPEC };
	const struct ifinfomsg link = { .ifi_family = AF_UNSPEC,
					.ifi_index = index++ };
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
	nlmsg_append(msg, (void *)&far, sizeof(far), NLMSG_ALIGNTO);
	nla_put_string(msg, IFLA_IFNAME, peer);
	nla_put(msg, IFLA_ADDRESS, 6, peer_mac);
	nla_put_u32(msg, IFLA_NET_NS_FD, peer_ns);
	nla_nest_end(msg, other);
	nla_nest_end(msg, data);
	nla_nest_end(msg, info);
	return carry_out(sk, msg, name);
}

/* The socket's namespace is the calling thread's, so names mean the same. */
int rtnl_link(struct nl_sock *sk, const char *name, const char *kind,
	      const char *under, const uint8_t mac[6],
	      const struct rtnl_attr *attrs)
{
	struct ifinfomsg link = { .ifi_family = AF_UNSPEC };
	struct nl_msg *msg = request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL,
				     &link, sizeof(link));
	struct nlattr *info, *data;

	if (!msg)
		return -ENOMEM;
	nla_put_string(msg, IFLA_IFNAME, name);
	if (under)
		nla_put_u32(msg, IFLA_LINK, if_nametoindex(under));
	if (mac)
		nla_put(msg, IFLA_ADDRESS, 6, mac);
	info = nla_nest_start(msg, IFLA_LINKINFO);
	nla_put_string(msg, IFLA_INFO_KIND, kind);
	data = nla_nest_start(msg, IFLA_INFO_DATA);
	for (; attrs->type; attrs++)
		nla_put(msg, attrs->type, attrs->len, attrs->value);
	nla_nest_end(msg, data);
	nla_nest_end(msg, info);
	return carry_out(sk, msg, name);
}

static int set_number(struct nl_sock *sk, const char *device, int attr,
		      uint32_t value)
{
	struct ifinfomsg link = { .ifi_index = if_nametoindex(device) };
	struct nl_msg *msg = request(RTM_NEWLINK, 0, &link, sizeof(link));

	if (!msg)
		return -ENOMEM;
	nla_put_u32(msg, attr, value);
	return carry_out(sk, msg, device);
}

int rtnl_enslave(struct nl_sock *sk, const char *device, const char *master)
{
	return set_number(sk, device, IFLA_MASTER, if_nametoindex(master));
}

int rtnl_set_mtu(struct nl_sock *sk, const char *device, uint32_t mtu)
{
	return set_number(sk, device, IFLA_MTU, mtu);
}

static int set_flags(struct nl_sock *sk, const char *device, unsigned int flags)
{
	struct ifinfomsg link = {
		.ifi_index = if_nametoindex(device),
		.ifi_flags = flags,
		.ifi_change = IFF_UP,
	};
	struct nl_msg *msg = request(RTM_NEWLINK, 0, &link, sizeof(link));

	return msg ? carry_out(sk, msg, device) : -ENOMEM;
}

int rtnl_up(struct nl_sock *sk, const char *device)
{
	return set_flags(sk, device, IFF_UP);
}

int rtnl_down(struct nl_sock *sk, const char *device)
{
	return set_flags(sk, device, 0);
}

int rtnl_delete(struct nl_sock *sk, const char *device)
{
	struct ifinfomsg link = { .ifi_index = if_nametoindex(device) };
	struct nl_msg *msg = request(RTM_DELLINK, 0, &link, sizeof(link));

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

static int change_address(struct nl_sock *sk, int type, int flags,
			  const char *device, const char *addr)
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
	msg = request(type, flags, &header, sizeof(header));
	if (!msg)
		return -ENOMEM;
	nla_put(msg, IFA_LOCAL, transport_addr_ip_len(&a), a.ip);
	nla_put(msg, IFA_ADDRESS, transport_addr_ip_len(&a), a.ip);
	return carry_out(sk, msg, addr);
}

/* Is there a local route to this IPv6 address, in any table? */
static bool is_local6(const struct transport_addr *addr)
{
	FILE *routes = fopen("/proc/thread-self/net/ipv6_route", "re");
	char line[256], want[33], dst[33];
	unsigned int prefix, flags;
	bool found = false;
	int i;

	for (i = 0; i < 16; i++)
		snprintf(want + 2 * i, 3, "%02x", addr->ip[i]);
	while (routes && !found && fgets(line, sizeof(line), routes))
		found = sscanf(line, "%32s %x %*s %*x %*s %*x %*x %*x %x", dst,
			       &prefix, &flags) == 3 &&
			prefix == 128 && flags & RTF_LOCAL &&
			!strcmp(dst, want);
	if (routes)
		fclose(routes);
	return found;
}

/* The kernel takes an IPv6 address into use a little later than it says. */
static int wait_until_local(const char *text)
{
	struct transport_addr addr;
	int i;

	if (transport_addr_parse(&addr, text))
		return -EINVAL;
	for (i = 0; i < 5000; i++) {
		if (addr.family == AF_INET || is_local6(&addr))
			return 0;
		usleep(1000);
	}
	printf("# %s does not become a local address\n", text);
	return -ETIME;
}

int rtnl_address(struct nl_sock *sk, const char *device, const char *addr)
{
	int err = change_address(sk, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL,
				 device, addr);

	return err ? err : wait_until_local(addr);
}

int rtnl_address_delete(struct nl_sock *sk, const char *device,
			const char *addr)
{
	return change_address(sk, RTM_DELADDR, 0, device, addr);
}

static int change_neighbour(struct nl_sock *sk, int type, int flags,
			    const char *device, const char *addr,
			    const uint8_t *mac)
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
	msg = request(type, flags, &header, sizeof(header));
	if (!msg)
		return -ENOMEM;
	nla_put(msg, NDA_DST, transport_addr_ip_len(&a), a.ip);
	if (mac)
		nla_put(msg, NDA_LLADDR, 6, mac);
	return carry_out(sk, msg, addr);
}

int rtnl_neighbour(struct nl_sock *sk, const char *device, const char *addr,
		   const uint8_t mac[6])
{
	return change_neighbour(sk, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE,
				device, addr, mac);
}

int rtnl_neighbour_delete(struct nl_sock *sk, const char *device,
			  const char *addr)
{
	return change_neighbour(sk, RTM_DELNEIGH, 0, device, addr, NULL);
}

/* RTA_VIA is for a gateway of the other family (RFC 8950). */
static int put_gateway(struct nl_msg *msg, int family, const char *gateway)
{
	struct transport_addr a;
	size_t len;
	struct {
		struct rtvia header;
		uint8_t ip[16];
	} via;

	if (transport_addr_parse(&a, gateway))
		return -EINVAL;
	len = transport_addr_ip_len(&a);
	if (a.family == family)
		return nla_put(msg, RTA_GATEWAY, len, a.ip);
	via.header.rtvia_family = a.family;
	memcpy(&via.header.rtvia_addr, a.ip, len);
	return nla_put(msg, RTA_VIA, sizeof(via.header) + len, &via);
}

/* Two gateways by the same device, with equal shares. */
static int put_gateways(struct nl_msg *msg, int family,
			const struct rtnl_route *route)
{
	const char *gateways[] = { route->gateway, route->gateway2 };
	struct nlattr *multipath = nla_nest_start(msg, RTA_MULTIPATH);
	struct rtnexthop *hop;
	int i, err = 0;

	for (i = 0; i < 2 && !err; i++) {
		hop = nlmsg_reserve(msg, sizeof(*hop), NLMSG_ALIGNTO);
		if (!hop)
			return -ENOMEM;
		memset(hop, 0, sizeof(*hop));
		hop->rtnh_ifindex = if_nametoindex(route->device);
		err = put_gateway(msg, family, gateways[i]);
		hop->rtnh_len = (uint8_t *)nlmsg_tail(nlmsg_hdr(msg)) -
				(uint8_t *)hop;
	}
	nla_nest_end(msg, multipath);
	return err;
}

static int put_next_hop(struct nl_msg *msg, int family,
			const struct rtnl_route *route)
{
	if (route->gateway2)
		return put_gateways(msg, family, route);
	if (route->device)
		nla_put_u32(msg, RTA_OIF, if_nametoindex(route->device));
	return route->gateway ? put_gateway(msg, family, route->gateway) : 0;
}

static void put_mtu(struct nl_msg *msg, uint32_t mtu)
{
	struct nlattr *metrics = nla_nest_start(msg, RTA_METRICS);

	nla_put_u32(msg, RTAX_LOCK, 1 << RTAX_MTU);
	nla_put_u32(msg, RTAX_MTU, mtu);
	nla_nest_end(msg, metrics);
}

static int change_route(struct nl_sock *sk, int type, int flags,
			const struct rtnl_route *route)
{
	struct rtmsg header = {
		.rtm_protocol = RTPROT_BOOT,
		.rtm_scope = type == RTM_DELROUTE ? RT_SCOPE_NOWHERE :
			     RT_SCOPE_UNIVERSE,
		.rtm_type = route->type ? route->type :
			    type == RTM_DELROUTE ? RTN_UNSPEC : RTN_UNICAST,
	};
	struct transport_addr a;
	struct nl_msg *msg;
	int err;

	if (transport_addr_parse(&a, route->dst ? route->dst : route->gateway))
		return -EINVAL;
	header.rtm_family = a.family;
	header.rtm_dst_len = route->dst ? transport_addr_ip_len(&a) * 8 : 0;
	msg = request(type, flags, &header, sizeof(header));
	if (!msg)
		return -ENOMEM;
	if (route->dst)
		nla_put(msg, RTA_DST, transport_addr_ip_len(&a), a.ip);
	nla_put_u32(msg, RTA_TABLE, route->table ? route->table :
		    RT_TABLE_MAIN);
	err = put_next_hop(msg, a.family, route);
	if (err) {
		nlmsg_free(msg);
		return -EINVAL;
	}
	if (route->mtu)
		put_mtu(msg, route->mtu);
	return carry_out(sk, msg, route->dst ? route->dst : route->gateway);
}

int rtnl_route(struct nl_sock *sk, const struct rtnl_route *route)
{
	return change_route(sk, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE,
			    route);
}

int rtnl_default_route(struct nl_sock *sk, const char *gateway)
{
	const struct rtnl_route route = { .gateway = gateway };

	return rtnl_route(sk, &route);
}

int rtnl_route_delete(struct nl_sock *sk, const struct rtnl_route *route)
{
	const struct rtnl_route which = {
		.dst = route->dst,
		.table = route->table,
	};

	return change_route(sk, RTM_DELROUTE, 0, &which);
}

static int change_rule(struct nl_sock *sk, int type, int flags,
		       const char *src, uint32_t table)
{
	struct fib_rule_hdr header = { .action = FR_ACT_TO_TBL };
	struct transport_addr a;
	struct nl_msg *msg;

	if (transport_addr_parse(&a, src))
		return -EINVAL;
	header.family = a.family;
	header.src_len = transport_addr_ip_len(&a) * 8;
	msg = request(type, flags, &header, sizeof(header));
	if (!msg)
		return -ENOMEM;
	nla_put(msg, FRA_SRC, transport_addr_ip_len(&a), a.ip);
	nla_put_u32(msg, FRA_TABLE, table);
	return carry_out(sk, msg, src);
}

int rtnl_rule(struct nl_sock *sk, const char *src, uint32_t table)
{
	return change_rule(sk, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, src,
			   table);
}

int rtnl_rule_delete(struct nl_sock *sk, const char *src, uint32_t table)
{
	return change_rule(sk, RTM_DELRULE, 0, src, table);
}

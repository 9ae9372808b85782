// SPDX-License-Identifier: BSD-3-Clause
/*
 * Network namespaces for tests of the packet path.
 */
#include "netns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rtnl.h"

#define LINK_POLLS 2000
#define LINK_POLL_MS 5
#define RECEIVE_BUFFER (64 << 20)

const uint8_t netns_mac_c[6] = { 2, 0, 0, 0, 0, 0xc1 };
const uint8_t netns_mac_rc[6] = { 2, 0, 0, 0, 0, 0xc2 };
const uint8_t netns_mac_rp[6] = { 2, 0, 0, 0, 0, 0xe2 };
const uint8_t netns_mac_p[6] = { 2, 0, 0, 0, 0, 0xe1 };

const struct netns_end netns_ends[NETNS_ENDS] = {
	{ NETNS_CLIENT, "c", { "192.0.2.1", "2001:db8:1::1" },
	  { "192.0.2.2", "2001:db8:1::2" }, netns_mac_c, netns_mac_rc, true },
	{ NETNS_RELAY, "rc", { "192.0.2.2", "2001:db8:1::2" },
	  { "192.0.2.1", "2001:db8:1::1" }, netns_mac_rc, netns_mac_c, false },
	{ NETNS_RELAY, "rp", { "198.51.100.2", "2001:db8:2::2" },
	  { "198.51.100.1", "2001:db8:2::1" }, netns_mac_rp, netns_mac_p,
	  false },
	{ NETNS_PEER, "p", { "198.51.100.1", "2001:db8:2::1" },
	  { "198.51.100.2", "2001:db8:2::2" }, netns_mac_p, netns_mac_rp,
	  true },
};

static int complain(const char *what, int err)
{
	printf("# %s: %s\n", what, strerror(-err));
	return err;
}

int netns_enter(const struct netns *n, enum netns_id id)
{
	if (setns(n->fd[id], CLONE_NEWNET) < 0)
		return complain("setns", -errno);
	return 0;
}

static int make_links(const struct netns *n)
{
	struct nl_sock *sk = netns_rtnl(n, NETNS_RELAY);
	int err;

	if (!sk)
		return -EIO;
	err = rtnl_veth(sk, "rc", netns_mac_rc, "c", netns_mac_c,
			n->fd[NETNS_CLIENT]);
	if (!err)
		err = rtnl_veth(sk, "rp", netns_mac_rp, "p", netns_mac_p,
				n->fd[NETNS_PEER]);
	rtnl_close(sk);
	return err;
}

/* What the kernel finds out later would undo routes and drop packets. */
static int wait_for_link(struct nl_sock *sk, const char *device)
{
	int i, up = 0;

	for (i = 0; i < LINK_POLLS && !up; i++) {
		if (i)
			poll(NULL, 0, LINK_POLL_MS);
		up = rtnl_is_up(sk, device);
	}
	return up > 0 ? 0 : complain(device, -ENETDOWN);
}

static int bring_up(const struct netns *n, const struct netns_end *end)
{
	struct nl_sock *sk = netns_rtnl(n, end->id);
	int err;

	if (!sk)
		return -EIO;
	err = rtnl_up(sk, "lo");
	if (!err)
		err = rtnl_up(sk, end->device);
	rtnl_close(sk);
	return err;
}

int netns_wait_for_link(const struct netns *n, enum netns_id id,
			const char *device)
{
	struct nl_sock *sk = netns_rtnl(n, id);
	int err;

	if (!sk)
		return -EIO;
	err = wait_for_link(sk, device);
	rtnl_close(sk);
	return err;
}

static int give_addresses(struct nl_sock *sk, const struct netns_end *end,
			  const char *device, const uint8_t *neighbour_mac)
{
	int i, err = 0;

	for (i = 0; i < 2 && !err; i++) {
		err = rtnl_address(sk, device, end->addr[i]);
		if (!err && neighbour_mac)
			err = rtnl_neighbour(sk, device, end->neighbour[i],
					     neighbour_mac);
		if (!err && end->gateway)
			err = rtnl_default_route(sk, end->neighbour[i]);
	}
	return err;
}

int netns_settle(const struct netns *n, enum netns_end_id end,
		 const char *device, const uint8_t *neighbour_mac)
{
	struct nl_sock *sk = netns_rtnl(n, netns_ends[end].id);
	int err;

	if (!sk)
		return -EIO;
	err = give_addresses(sk, &netns_ends[end], device, neighbour_mac);
	rtnl_close(sk);
	return err;
}

int netns_unsettle(const struct netns *n, enum netns_end_id end)
{
	const struct netns_end *e = &netns_ends[end];
	struct nl_sock *sk = netns_rtnl(n, e->id);
	int i, err = 0;

	if (!sk)
		return -EIO;
	for (i = 0; i < 2 && !err; i++)
		err = rtnl_address_delete(sk, e->device, e->addr[i]);
	rtnl_close(sk);
	return err;
}

static int quieten(const struct netns *n)
{
	static const struct {
		const char *path, *value;
	} settings[] = {
		{ "net/ipv4/icmp_ratelimit", "0" },
		{ "net/ipv6/icmp/ratelimit", "0" },
		{ "net/ipv4/conf/all/rp_filter", "0" },
		{ "net/ipv4/conf/default/rp_filter", "0" },
		{ "net/ipv6/conf/default/router_solicitations", "0" },
		{ "net/ipv6/conf/default/accept_dad", "0" },
		{ "net/ipv6/conf/default/addr_gen_mode", "1" },
	};
	int id, err;
	size_t i;

	for (id = 0; id < NETNS_COUNT; id++)
		for (i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
			err = netns_sysctl(n, id, settings[i].path,
					   settings[i].value);
			if (err)
				return err;
		}
	return 0;
}

int netns_open(struct netns *n)
{
	int id, i, err;

	for (id = 0; id < NETNS_COUNT; id++)
		n->fd[id] = -1;
	for (id = 0; id < NETNS_COUNT; id++) {
		if (unshare(CLONE_NEWNET) < 0)
			return complain("unshare", -errno);
		n->fd[id] = open("/proc/thread-self/ns/net",
				 O_RDONLY | O_CLOEXEC);
		if (n->fd[id] < 0)
			return complain("/proc/thread-self/ns/net", -errno);
	}
	err = quieten(n);
	if (!err)
		err = make_links(n);
	for (i = 0; i < NETNS_ENDS && !err; i++)
		err = bring_up(n, &netns_ends[i]);
	for (i = 0; i < NETNS_ENDS && !err; i++) {
		const struct netns_end *end = &netns_ends[i];

		err = netns_wait_for_link(n, end->id, end->device);
		if (!err)
			err = netns_settle(n, i, end->device,
					   end->neighbour_mac);
	}
	return err ? err : netns_enter(n, NETNS_RELAY);
}

void netns_close(struct netns *n)
{
	int id;

	for (id = 0; id < NETNS_COUNT; id++) {
		if (n->fd[id] >= 0)
			close(n->fd[id]);
		n->fd[id] = -1;
	}
}

static int run(const char *command)
{
	int status;

	fflush(stdout);
	status = system(command);
	if (status < 0)
		return complain(command, -errno);
	status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
	if (status)
		printf("# '%s': status %d\n", command, status);
	return status;
}

int netns_run(const struct netns *n, enum netns_id id, const char *fmt, ...)
{
	char command[1024];
	va_list args;
	int status;

	va_start(args, fmt);
	status = vsnprintf(command, sizeof(command), fmt, args);
	va_end(args);
	if (status < 0 || (size_t)status >= sizeof(command))
		return -E2BIG;
	status = netns_enter(n, id);
	return status ? status : run(command);
}

int netns_modprobe(const char *name)
{
	char text[64];

	snprintf(text, sizeof(text), "/sys/module/%s", name);
	if (!access(text, F_OK))
		return 0;
	snprintf(text, sizeof(text), "modprobe %s", name);
	return run(text) ? -ENOENT : 0;
}

struct nl_sock *netns_rtnl(const struct netns *n, enum netns_id id)
{
	return netns_enter(n, id) ? NULL : rtnl_open();
}

int netns_sysctl(const struct netns *n, enum netns_id id, const char *path,
		 const char *value)
{
	char file[256];
	ssize_t len;
	int fd, err = netns_enter(n, id);

	if (err)
		return err;
	snprintf(file, sizeof(file), "/proc/sys/%s", path);
	fd = open(file, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return complain(file, -errno);
	len = write(fd, value, strlen(value));
	err = len < 0 ? complain(file, -errno) : 0;
	close(fd);
	return err;
}

static int set_offload(const struct netns *n, enum netns_id id,
		       const char *device, uint32_t command, int on)
{
	struct ethtool_value value = { .cmd = command, .data = !!on };
	struct ifreq request = { .ifr_data = (void *)&value };
	int fd, err = netns_enter(n, id);

	if (err)
		return err;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return complain("socket", -errno);
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
	err = ioctl(fd, SIOCETHTOOL, &request) < 0 ?
	      complain("SIOCETHTOOL", -errno) : 0;
	close(fd);
	return err;
}

int netns_offload_checksum(const struct netns *n, enum netns_id id,
			   const char *device, int on)
{
	return set_offload(n, id, device, ETHTOOL_STXCSUM, on);
}

int netns_set_gro(const struct netns *n, enum netns_id id, const char *device,
		  int on)
{
	return set_offload(n, id, device, ETHTOOL_SGRO, on);
}

static int option_on(int fd, int level, int name)
{
	int one = 1;

	return setsockopt(fd, level, name, &one, sizeof(one));
}

int netns_udp_socket(const struct netns *n, enum netns_id id,
		     const struct transport_addr *addr)
{
	struct sockaddr_storage ss;
	socklen_t len = transport_addr_to_sockaddr(addr, &ss);
	int size = RECEIVE_BUFFER, fd, err = netns_enter(n, id);

	if (err)
		return err;
	fd = socket(addr->family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return complain("socket", -errno);
	err = setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (addr->family == AF_INET)
		err |= option_on(fd, IPPROTO_IP, IP_RECVTTL) |
		       option_on(fd, IPPROTO_IP, IP_RECVTOS);
	else
		err |= option_on(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT) |
		       option_on(fd, IPPROTO_IPV6, IPV6_RECVTCLASS) |
		       option_on(fd, IPPROTO_IPV6, IPV6_V6ONLY);
	if (err || bind(fd, (struct sockaddr *)&ss, len) < 0) {
		err = complain("UDP socket", -errno);
		close(fd);
		return err;
	}
	return fd;
}

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
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

const uint8_t netns_mac_c[6] = { 2, 0, 0, 0, 0, 0xc1 };
const uint8_t netns_mac_rc[6] = { 2, 0, 0, 0, 0, 0xc2 };
const uint8_t netns_mac_rp[6] = { 2, 0, 0, 0, 0, 0xe2 };
const uint8_t netns_mac_p[6] = { 2, 0, 0, 0, 0, 0xe1 };

/* %d: a thread that is in the relay's namespace. */
static const char client_setup[] =
	"link set dev lo up\n"
	"link add name c address 02:00:00:00:00:c1 type veth"
	" peer name rc address 02:00:00:00:00:c2 netns %d\n"
	"link set dev c addrgenmode none\n"
	"link set dev c up\n"
	"addr add 192.0.2.1/24 dev c\n"
	"addr add 2001:db8:1::1/64 dev c nodad\n"
	"neigh replace 192.0.2.2 lladdr 02:00:00:00:00:c2 dev c\n"
	"neigh replace 2001:db8:1::2 lladdr 02:00:00:00:00:c2 dev c\n"
	"route add default via 192.0.2.2\n"
	"route add default via 2001:db8:1::2\n";

static const char peer_setup[] =
	"link set dev lo up\n"
	"link add name p address 02:00:00:00:00:e1 type veth"
	" peer name rp address 02:00:00:00:00:e2 netns %d\n"
	"link set dev p addrgenmode none\n"
	"link set dev p up\n"
	"addr add 198.51.100.1/24 dev p\n"
	"addr add 2001:db8:2::1/64 dev p nodad\n"
	"neigh replace 198.51.100.2 lladdr 02:00:00:00:00:e2 dev p\n"
	"neigh replace 2001:db8:2::2 lladdr 02:00:00:00:00:e2 dev p\n"
	"route add default via 198.51.100.2\n"
	"route add default via 2001:db8:2::2\n";

static const char relay_setup[] =
	"link set dev lo up\n"
	"link set dev rc addrgenmode none\n"
	"link set dev rp addrgenmode none\n"
	"link set dev rc up\n"
	"link set dev rp up\n"
	"addr add 192.0.2.2/24 dev rc\n"
	"addr add 198.51.100.2/24 dev rp\n"
	"addr add 2001:db8:1::2/64 dev rc nodad\n"
	"addr add 2001:db8:2::2/64 dev rp nodad\n"
	"neigh replace 192.0.2.1 lladdr 02:00:00:00:00:c1 dev rc\n"
	"neigh replace 2001:db8:1::1 lladdr 02:00:00:00:00:c1 dev rc\n"
	"neigh replace 198.51.100.1 lladdr 02:00:00:00:00:e1 dev rp\n"
	"neigh replace 2001:db8:2::1 lladdr 02:00:00:00:00:e1 dev rp\n";

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

/* Feed commands to "ip", which runs in @id while this thread waits in relay. */
static int ip_batch(const struct netns *n, enum netns_id id, const char *batch)
{
	int status, err = netns_enter(n, id);
	FILE *ip;

	if (err)
		return err;
	ip = popen("ip -batch -", "w");
	if (!ip)
		return complain("popen ip", -errno);
	err = netns_enter(n, NETNS_RELAY);
	fprintf(ip, batch, gettid());
	status = pclose(ip);
	if (err)
		return err;
	if (status) {
		printf("# ip in namespace %d: status %#x\n", id, status);
		return -EIO;
	}
	return 0;
}

static int quieten(const struct netns *n)
{
	static const char *const zero[] = {
		"net/ipv4/icmp_ratelimit",
		"net/ipv6/icmp/ratelimit",
		"net/ipv4/conf/all/rp_filter",
		"net/ipv4/conf/default/rp_filter",
		"net/ipv6/conf/all/router_solicitations",
		"net/ipv6/conf/default/router_solicitations",
		"net/ipv6/conf/default/accept_dad",
	};
	int id, err;
	size_t i;

	for (id = 0; id < NETNS_COUNT; id++)
		for (i = 0; i < sizeof(zero) / sizeof(*zero); i++) {
			err = netns_sysctl(n, id, zero[i], "0");
			if (err)
				return err;
		}
	return 0;
}

int netns_open(struct netns *n)
{
	int id, err;

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
		err = ip_batch(n, NETNS_CLIENT, client_setup);
	if (!err)
		err = ip_batch(n, NETNS_PEER, peer_setup);
	if (!err)
		err = ip_batch(n, NETNS_RELAY, relay_setup);
	return err;
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
	if (status)
		return status;
	fflush(stdout);
	status = system(command);
	if (status < 0)
		return complain(command, -errno);
	status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
	if (status)
		printf("# '%s': status %d\n", command, status);
	return status;
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

int netns_offload_checksum(const struct netns *n, enum netns_id id,
			   const char *device, int on)
{
	struct ethtool_value value = { .cmd = ETHTOOL_STXCSUM, .data = !!on };
	struct ifreq request = { .ifr_data = (void *)&value };
	int fd, err = netns_enter(n, id);

	if (err)
		return err;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return complain("socket", -errno);
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
	err = ioctl(fd, SIOCETHTOOL, &request) < 0 ?
	      complain("ETHTOOL_STXCSUM", -errno) : 0;
	close(fd);
	return err;
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
	int size = 4 << 20, fd, err = netns_enter(n, id);

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

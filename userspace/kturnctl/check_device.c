// SPDX-License-Identifier: BSD-3-Clause
#include "kturnctl/check_device.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if_arp.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/socket.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kturnd/xdp_host.h"

/* linux/netdev.h, of Linux 6.3, which older headers lack. */
#define NETDEV_CMD_DEV_GET		1
#define NETDEV_A_DEV_IFINDEX		1
#define NETDEV_A_DEV_XDP_FEATURES	3
#define NETDEV_XDP_ACT_BASIC		(1ull << 0)
#define NETDEV_XDP_ACT_NDO_XMIT		(1ull << 2)
#define NETDEV_XDP_ACT_RX_SG		(1ull << 5)

/* --- ethtool ------------------------------------------------------------------ */

static bool ask_ethtool(int fd, const char *name, void *what)
{
	struct ifreq request = { .ifr_data = what };

	memcpy(request.ifr_name, name, strnlen(name, IFNAMSIZ - 1));
	return !ioctl(fd, SIOCETHTOOL, &request);
}

static void ask_settings(int fd, struct check_device *dev)
{
	struct ethtool_drvinfo driver = { .cmd = ETHTOOL_GDRVINFO };
	struct ethtool_channels channels = { .cmd = ETHTOOL_GCHANNELS };
	struct ethtool_value flags = { .cmd = ETHTOOL_GFLAGS };

	if (ask_ethtool(fd, dev->name, &driver))
		snprintf(dev->driver, sizeof(dev->driver), "%.32s",
			 driver.driver);
	if (ask_ethtool(fd, dev->name, &channels))
		dev->queues = channels.rx_count + channels.combined_count;
	if (ask_ethtool(fd, dev->name, &flags))
		dev->lro = flags.data & ETH_FLAG_LRO ? ANSWER_YES : ANSWER_NO;
}

static int ask_type(int fd, struct check_device *dev)
{
	struct ifreq request = { 0 };

	memcpy(request.ifr_name, dev->name, sizeof(dev->name));
	if (ioctl(fd, SIOCGIFHWADDR, &request))
		return -errno;
	if (request.ifr_hwaddr.sa_family != ARPHRD_ETHER)
		return -EMEDIUMTYPE;
	if (!ioctl(fd, SIOCGIFMTU, &request))
		dev->mtu = (unsigned int)request.ifr_mtu;
	return 0;
}

/* --- netlink family netdev, since Linux 6.3 ------------------------------------- */

static int take_features(struct nl_msg *msg, void *arg)
{
	struct check_device *dev = arg;
	const struct nlattr *attr = nlmsg_find_attr(nlmsg_hdr(msg), GENL_HDRLEN,
						    NETDEV_A_DEV_XDP_FEATURES);
	uint64_t features;

	if (!attr || nla_len(attr) < (int)sizeof(features))
		return NL_OK;
	features = nla_get_u64(attr);
	dev->native = features & NETDEV_XDP_ACT_BASIC ? ANSWER_YES : ANSWER_NO;
	dev->takes_frames = features & NETDEV_XDP_ACT_NDO_XMIT ? ANSWER_YES :
								 ANSWER_NO;
	dev->pieces = features & NETDEV_XDP_ACT_RX_SG ? ANSWER_YES : ANSWER_NO;
	return NL_OK;
}

static void ask_features_by(struct nl_sock *sk, struct check_device *dev)
{
	int family = genl_connect(sk) ? -1 : genl_ctrl_resolve(sk, "netdev");
	struct nl_msg *msg = family < 0 ? NULL : nlmsg_alloc();

	if (!msg)
		return;
	if (genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, 0,
			NETDEV_CMD_DEV_GET, 1) &&
	    !nla_put_u32(msg, NETDEV_A_DEV_IFINDEX, dev->ifindex) &&
	    nl_send_auto(sk, msg) >= 0) {
		nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM,
				    take_features, dev);
		nl_recvmsgs_default(sk);
	}
	nlmsg_free(msg);
}

static void ask_features(struct check_device *dev)
{
	struct nl_sock *sk = nl_socket_alloc();

	if (!sk)
		return;
	ask_features_by(sk, dev);
	nl_socket_free(sk);
}

int check_device_ask(struct check_device *dev, const char *name)
{
	int fd, ret;

	*dev = (struct check_device){ .ifindex = if_nametoindex(name) };
	if (!dev->ifindex)
		return -ENODEV;
	snprintf(dev->name, sizeof(dev->name), "%s", name);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	ret = ask_type(fd, dev);
	if (!ret) {
		ask_settings(fd, dev);
		ask_features(dev);
		xdp_host_query(dev->ifindex, &dev->attached);
	}
	close(fd);
	return ret;
}

// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/xdp_links.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/socket.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

/* Datagrams taken at once. */
#define READ_BATCH 256

/**
 * struct xdp_links - a subscription
 * @sk: the socket
 * @buf: a datagram
 */
struct xdp_links {
	struct nl_sock *sk;
	_Alignas(struct nlmsghdr) unsigned char buf[16384];
};

static int subscribe(struct nl_sock *sk)
{
	nl_socket_disable_seq_check(sk);
	if (nl_connect(sk, NETLINK_ROUTE) ||
	    nl_socket_add_membership(sk, RTNLGRP_LINK) ||
	    nl_socket_set_nonblocking(sk))
		return -ENOTCONN;
	return 0;
}

int xdp_links_open(struct xdp_links **out)
{
	struct xdp_links *links = calloc(1, sizeof(*links));
	int ret = -ENOMEM;

	*out = NULL;
	if (!links)
		return -ENOMEM;
	links->sk = nl_socket_alloc();
	if (links->sk)
		ret = subscribe(links->sk);
	if (ret) {
		xdp_links_close(links);
		return ret;
	}
	*out = links;
	return 0;
}

int xdp_links_fd(const struct xdp_links *links)
{
	return nl_socket_get_fd(links->sk);
}

/* A bridge tells of its ports' going, too, in a family of its own. */
static bool is_gone(const struct nlmsghdr *nlh)
{
	const struct ifinfomsg *info = nlmsg_data(nlh);

	return nlh->nlmsg_type == RTM_DELLINK &&
	       nlmsg_valid_hdr(nlh, sizeof(*info)) &&
	       info->ifi_family == AF_UNSPEC;
}

void xdp_links_read(struct xdp_links *links,
		    void (*gone)(void *arg, uint32_t ifindex), void *arg)
{
	for (int i = 0; i < READ_BATCH; i++) {
		struct sockaddr_nl from = { 0 };
		socklen_t from_len = sizeof(from);
		ssize_t len = recvfrom(nl_socket_get_fd(links->sk), links->buf,
				       sizeof(links->buf), 0,
				       (struct sockaddr *)&from, &from_len);
		struct nlmsghdr *nlh = (void *)links->buf;
		int left = (int)len;

		if (len < 0 && errno == EAGAIN)
			break;
		if (len < 0 || from.nl_pid)
			continue;
		for (; nlmsg_ok(nlh, left); nlh = nlmsg_next(nlh, &left))
			if (is_gone(nlh)) {
				const struct ifinfomsg *info = nlmsg_data(nlh);

				gone(arg, (uint32_t)info->ifi_index);
			}
	}
}

void xdp_links_close(struct xdp_links *links)
{
	if (!links)
		return;
	nl_socket_free(links->sk);
	free(links);
}

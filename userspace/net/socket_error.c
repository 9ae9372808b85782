// SPDX-License-Identifier: BSD-3-Clause
#include "net/socket_error.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

#include "net/sockaddr.h"

/* The kernel says behind an error which router sent it; nobody here asks. */
union error_info {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(struct sock_extended_err) +
			      sizeof(struct sockaddr_in6))];
};

static bool is_extended_error(const struct cmsghdr *cmsg)
{
	return (cmsg->cmsg_level == IPPROTO_IP &&
		cmsg->cmsg_type == IP_RECVERR) ||
	       (cmsg->cmsg_level == IPPROTO_IPV6 &&
		cmsg->cmsg_type == IPV6_RECVERR);
}

/* The MTU is all the data that RFC 8656, section 18.13, has with an error. */
static bool tells_mtu(uint16_t family, const struct stun_icmp *icmp)
{
	return family == AF_INET ? icmp->type == ICMP_DEST_UNREACH &&
				   icmp->code == ICMP_FRAG_NEEDED
				 : icmp->type == ICMP6_PACKET_TOO_BIG;
}

static void read_info(const struct sock_extended_err *info, uint16_t family,
		      struct socket_error *error)
{
	struct stun_icmp *icmp = &error->icmp;

	if (info->ee_origin == SO_EE_ORIGIN_ICMP ||
	    info->ee_origin == SO_EE_ORIGIN_ICMP6) {
		icmp->type = info->ee_type;
		icmp->code = info->ee_code;
	} else if (info->ee_origin == SO_EE_ORIGIN_LOCAL &&
		   info->ee_errno == EMSGSIZE) {
		error->local = true;
		icmp->type = family == AF_INET ? ICMP_DEST_UNREACH
					       : ICMP6_PACKET_TOO_BIG;
		icmp->code = family == AF_INET ? ICMP_FRAG_NEEDED : 0;
	}
	if (tells_mtu(family, icmp))
		icmp->data = info->ee_info;
}

bool socket_error_read(const struct udp_socket *sock,
		       struct socket_error *error)
{
	union net_sockaddr peer = { .any.sa_family = sock->family };
	union error_info control;
	struct msghdr msg = {
		.msg_name = &peer,
		.msg_namelen = sizeof(peer),
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;

	if (recvmsg(sock->fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return false;
	*error = (struct socket_error){ 0 };
	net_sockaddr_to(&peer, &error->peer);
	for (cmsg = CMSG_FIRSTHDR(&msg); cmsg; cmsg = CMSG_NXTHDR(&msg, cmsg)) {
		struct sock_extended_err info;

		if (!is_extended_error(cmsg))
			continue;
		memcpy(&info, CMSG_DATA(cmsg), sizeof(info));
		read_info(&info, sock->family, error);
	}
	return true;
}

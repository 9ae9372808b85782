// SPDX-License-Identifier: BSD-3-Clause
/*
 * ICMP errors about what the module has forwarded: they find the socket that
 * has the datagram's source address, as if it had sent it, and a smaller path
 * MTU holds for the next datagram. TO_PEER: errors about what went to the peer.
 */
#include "relay_fixture.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "relay_leg.h"
#include "relay_mtu.h"

/* An ICMP error as a host or router reports it, and as a socket reads it. */
struct icmp_error {
	const char *what;
	uint8_t type, code;
	uint32_t mtu;
	int err;
};

static const struct icmp_error icmp_errors[] = {
	{ "port unreachable", 3, 3, 0, ECONNREFUSED },
	{ "host unreachable", 3, 1, 0, EHOSTUNREACH },
	{ "prohibited", 3, 13, 0, EHOSTUNREACH },
	{ "time exceeded", 11, 0, 0, EHOSTUNREACH },
	{ "fragmentation needed", 3, 4, 1300, EMSGSIZE },
};

static const struct icmp_error icmpv6_errors[] = {
	{ "port unreachable", 1, 4, 0, ECONNREFUSED },
	{ "address unreachable", 1, 3, 0, EHOSTUNREACH },
	{ "prohibited", 1, 1, 0, EACCES },
	{ "time exceeded", 3, 0, 0, EHOSTUNREACH },
	{ "packet too big", 2, 0, 1300, EMSGSIZE },
};

#define ERRORS (sizeof(icmp_errors) / sizeof(*icmp_errors))

/* What the queued error has to say, and about what. */
static bool error_is(const struct sock_extended_err *ee,
		     const struct icmp_error *want, int family)
{
	int origin = family == AF_INET ? SO_EE_ORIGIN_ICMP : SO_EE_ORIGIN_ICMP6;

	if (ee->ee_errno == (uint32_t)want->err && ee->ee_origin == origin &&
	    ee->ee_type == want->type && ee->ee_code == want->code &&
	    ee->ee_info == want->mtu)
		return true;
	printf("# %s: errno %u, origin %u, type %u, code %u, info %u\n",
	       want->what, ee->ee_errno, ee->ee_origin, ee->ee_type,
	       ee->ee_code, ee->ee_info);
	return false;
}

/* Is this error, about @out, the next in the socket's queue? */
static bool socket_is_told(int fd, const struct icmp_error *want,
			   const struct udp_packet *out)
{
	struct pollfd poller = { .fd = fd };
	struct sockaddr_storage ss;
	struct transport_addr to;
	uint8_t data[2000];
	char control[512];
	struct iovec iov = { data, sizeof(data) };
	struct msghdr msg = {
		.msg_name = &ss, .msg_namelen = sizeof(ss),
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct sock_extended_err ee = { 0 };
	struct cmsghdr *c;
	ssize_t len;

	poll(&poller, 1, PACKET_TIMEOUT_MS);
	len = recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT);
	if (len < 0) {
		printf("# %s: the socket was told nothing\n", want->what);
		return false;
	}
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
		if ((c->cmsg_level == IPPROTO_IP &&
		     c->cmsg_type == IP_RECVERR) ||
		    (c->cmsg_level == IPPROTO_IPV6 &&
		     c->cmsg_type == IPV6_RECVERR))
			memcpy(&ee, CMSG_DATA(c), sizeof(ee));
	if (!error_is(&ee, want, out->dst.family))
		return false;
	transport_addr_from_sockaddr(&to, (void *)&ss, msg.msg_namelen);
	if (transport_addr_equal(&to, &out->dst) && (size_t)len == out->len &&
	    !memcmp(data, out->data, len))
		return true;
	printf("# %s: not about the datagram that was forwarded\n", want->what);
	packet_dump("got", data, len);
	return false;
}

/* Forward a datagram; its receiver answers with an error. */
static bool error_reaches_socket(struct relay *r, enum direction dir,
				 const struct icmp_error *error)
{
	uint8_t buf[300], ip[PACKET_MAX], icmp[PACKET_MAX];
	struct udp_packet in = relay_message(r, dir, buf, 100), out;
	int fd = leg_socket(r, dir);
	size_t len;

	if (fd < 0 || !relay_forwards(r, dir, &in))
		return false;
	out = relay_output(r, dir, &in);
	len = packet_build(ip, &out);
	len = packet_build_icmp_error(icmp, &out.dst, &out.src, error->type,
				      error->code, error->mtu, ip, len);
	return !wire_send(leg_wire(r, dir), icmp, len) &&
	       socket_is_told(fd, error, &out);
}

TEST_F(path, every_error_reaches_the_socket)
{
	const struct icmp_error *errors = variant->family == AF_INET ?
					  icmp_errors : icmpv6_errors;
	struct relay *r = &self->r;
	size_t i;

	for (i = 0; i < ERRORS; i++) {
		EXPECT_TRUE(error_reaches_socket(r, variant->dir, &errors[i]))
			TH_LOG("%s", errors[i].what);
	}
	EXPECT_TRUE(relay_settled(r));
}

/* A real one: nobody has the port any more, and its host says so. */
TEST_F(path, a_receiver_that_is_gone)
{
	const struct icmp_error *error = variant->family == AF_INET ?
					 &icmp_errors[0] : &icmpv6_errors[0];
	struct relay *r = &self->r;
	int *receiver = variant->dir == TO_PEER ? &r->peer_fd : &r->client_fd;
	uint8_t buf[300];
	struct udp_packet in = relay_message(r, variant->dir, buf, 100), out;
	int fd = leg_socket(r, variant->dir);

	ASSERT_LE(0, fd);
	close(*receiver);
	*receiver = -1;
	EXPECT_TRUE(relay_forwards(r, variant->dir, &in));
	out = relay_output(r, variant->dir, &in);
	EXPECT_TRUE(socket_is_told(fd, error, &out));
	EXPECT_TRUE(relay_settled(r));
}

/* Somewhere on the path there is a link of 1300 bytes. */
TEST_F(path, a_smaller_path_mtu)
{
	const struct icmp_error *error = variant->family == AF_INET ?
					 &icmp_errors[ERRORS - 1] :
					 &icmpv6_errors[ERRORS - 1];
	struct relay *r = &self->r;
	size_t most = relay_fits(r, variant->dir, 1400);

	EXPECT_TRUE(relay_forwards_bytes(r, variant->dir, most));
	EXPECT_TRUE(error_reaches_socket(r, variant->dir, error));
	EXPECT_TRUE(relay_limit_is(r, variant->dir, 1300));
	EXPECT_TRUE(relay_settled(r));
}

TEST_HARNESS_MAIN

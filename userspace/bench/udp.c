// SPDX-License-Identifier: BSD-3-Clause
#include "bench/udp.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000ULL

static uint64_t to_ns(struct timespec ts)
{
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t realtime_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return to_ns(ts);
}

uint64_t monotonic_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return to_ns(ts);
}

socklen_t udp_name_from(union udp_name *name,
			const struct transport_addr *addr)
{
	struct sockaddr_storage ss;
	socklen_t len = transport_addr_to_sockaddr(addr, &ss);

	memset(name, 0, sizeof(*name));
	memcpy(name, &ss, len);
	return len;
}

bool udp_name_equal(const union udp_name *a, const union udp_name *b)
{
	if (a->any.sa_family != b->any.sa_family)
		return false;
	if (a->any.sa_family == AF_INET)
		return a->in.sin_port == b->in.sin_port &&
		       a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
	return a->in6.sin6_port == b->in6.sin6_port &&
	       !memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr,
		       sizeof(a->in6.sin6_addr));
}

static int set_int(int fd, int option, int value)
{
	return setsockopt(fd, SOL_SOCKET, option, &value, sizeof(value)) ?
	       -errno : 0;
}

/* With CAP_NET_ADMIN beyond net.core.rmem_max, otherwise up to it. */
static void set_buffers(int fd, unsigned int bytes)
{
	if (set_int(fd, SO_RCVBUFFORCE, (int)bytes))
		set_int(fd, SO_RCVBUF, (int)bytes);
	if (set_int(fd, SO_SNDBUFFORCE, (int)bytes))
		set_int(fd, SO_SNDBUF, (int)bytes);
}

static int attach(int fd, const struct transport_addr *local,
		  const struct transport_addr *remote)
{
	union udp_name name;
	socklen_t len;

	if (local->family) {
		len = udp_name_from(&name, local);
		if (bind(fd, &name.any, len))
			return -errno;
	}
	if (remote) {
		len = udp_name_from(&name, remote);
		if (connect(fd, &name.any, len))
			return -errno;
	}
	return 0;
}

int udp_open(const struct transport_addr *local,
	     const struct transport_addr *remote, unsigned int buffer,
	     bool share)
{
	int family = remote ? remote->family : local->family;
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int ret;

	if (fd < 0)
		return -errno;
	ret = set_int(fd, SO_TIMESTAMPNS, 1);
	if (!ret && share)
		ret = set_int(fd, SO_REUSEPORT, 1);
	if (!ret)
		ret = attach(fd, local, remote);
	if (ret) {
		close(fd);
		return ret;
	}
	set_buffers(fd, buffer);
	return fd;
}

int udp_local(int fd, struct transport_addr *addr)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &len))
		return -errno;
	return transport_addr_from_sockaddr(addr, (struct sockaddr *)&ss, len);
}

unsigned int udp_buffer(int fd)
{
	int bytes = 0;
	socklen_t len = sizeof(bytes);

	getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, &len);
	/* The kernel doubles what is asked for, for its own overhead. */
	return (unsigned int)bytes / 2;
}

uint32_t udp_drops(int fd)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(info);

	getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len);
	return info[SK_MEMINFO_DROPS];
}

int udp_batch_init(struct udp_batch *batch, size_t room)
{
	batch->memory = malloc(UDP_BATCH * room);
	if (!batch->memory)
		return -ENOMEM;
	batch->room = room;
	for (unsigned int i = 0; i < UDP_BATCH; i++) {
		batch->iovs[i].iov_base = batch->memory + i * room;
		batch->msgs[i].msg_hdr = (struct msghdr){
			.msg_name = &batch->names[i],
			.msg_iov = &batch->iovs[i],
			.msg_iovlen = 1,
		};
	}
	return 0;
}

void udp_batch_free(struct udp_batch *batch)
{
	free(batch->memory);
	batch->memory = NULL;
}

int udp_receive(struct udp_batch *batch, int fd)
{
	int got;

	for (unsigned int i = 0; i < UDP_BATCH; i++) {
		struct msghdr *hdr = &batch->msgs[i].msg_hdr;

		batch->iovs[i].iov_len = batch->room;
		hdr->msg_namelen = sizeof(batch->names[i]);
		hdr->msg_control = &batch->control[i];
		hdr->msg_controllen = sizeof(batch->control[i]);
	}
	got = recvmmsg(fd, batch->msgs, UDP_BATCH, MSG_DONTWAIT, NULL);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	return got;
}

uint64_t udp_arrival(struct udp_batch *batch, unsigned int i)
{
	struct msghdr *hdr = &batch->msgs[i].msg_hdr;
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(hdr);
	struct timespec ts;

	if (!cmsg || cmsg->cmsg_level != SOL_SOCKET ||
	    cmsg->cmsg_type != SCM_TIMESTAMPNS)
		return realtime_ns();
	memcpy(&ts, CMSG_DATA(cmsg), sizeof(ts));
	return to_ns(ts);
}

// SPDX-License-Identifier: BSD-3-Clause
#include "net/receive.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

union packet_info {
	struct cmsghdr align;
	char in[CMSG_SPACE(sizeof(struct in_pktinfo))];
	char in6[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

struct receive_pool {
	struct mmsghdr msgs[RECEIVE_BUFFERS];
	struct iovec iovs[RECEIVE_BUFFERS];
	union net_sockaddr names[RECEIVE_BUFFERS];
	union packet_info infos[RECEIVE_BUFFERS];
	uint8_t *memory;
	unsigned int used;
	uint16_t round;
};

#define POOL_BYTES ((size_t)RECEIVE_BUFFERS * RECEIVE_BUFFER_SIZE)

/* Put back what the kernel changes in a message header. */
static void rearm(struct receive_pool *pool, unsigned int index,
		  bool with_info)
{
	struct msghdr *hdr = &pool->msgs[index].msg_hdr;

	hdr->msg_namelen = sizeof(pool->names[index]);
	hdr->msg_control = with_info ? &pool->infos[index] : NULL;
	hdr->msg_controllen = with_info ? sizeof(pool->infos[index]) : 0;
}

/*
 * Mapped, not allocated: of a buffer made for the largest datagram only the
 * first page or two are ever touched, and only those take memory.
 */
struct receive_pool *receive_pool_new(void)
{
	struct receive_pool *pool = calloc(1, sizeof(*pool));
	unsigned int i;

	if (!pool)
		return NULL;
	pool->memory = mmap(NULL, POOL_BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pool->memory == MAP_FAILED) {
		free(pool);
		return NULL;
	}
	for (i = 0; i < RECEIVE_BUFFERS; i++) {
		pool->iovs[i] = (struct iovec){
			.iov_base = pool->memory + i * RECEIVE_BUFFER_SIZE +
				    TURN_HEADROOM,
			.iov_len = RECEIVE_DATAGRAM_MAX,
		};
		pool->msgs[i].msg_hdr = (struct msghdr){
			.msg_name = &pool->names[i],
			.msg_iov = &pool->iovs[i],
			.msg_iovlen = 1,
		};
	}
	return pool;
}

void receive_pool_free(struct receive_pool *pool)
{
	if (pool)
		munmap(pool->memory, POOL_BYTES);
	free(pool);
}

void receive_pool_reset(struct receive_pool *pool)
{
	pool->used = 0;
	pool->round++;
}

bool receive_pool_full(const struct receive_pool *pool)
{
	return pool->used == RECEIVE_BUFFERS;
}

uint8_t *receive_pool_take(struct receive_pool *pool)
{
	return pool->memory + (size_t)pool->used++ * RECEIVE_BUFFER_SIZE;
}

/*
 * Asking for more datagrams than there are costs a useless look at the
 * socket's queue, asking for fewer another round of the event loop. So the
 * next burst follows from this one; but datagrams that came alone, each in a
 * round of its own, as those of a voice call do, are expected to go on so.
 */
static void adapt_burst(const struct receive_pool *pool,
			struct udp_socket *sock, unsigned int asked,
			unsigned int got)
{
	bool alone = asked == 1 && (uint16_t)(pool->round - sock->round) > 1;
	unsigned int next = got < asked || alone ? got : 2 * asked;

	sock->burst = (uint16_t)(next < 1 ? 1 :
				 next > RECEIVE_BURST ? RECEIVE_BURST : next);
	sock->round = pool->round;
}

/* Read up to @want datagrams into the pool; how many, or -1 and errno. */
static int read_some(struct receive_pool *pool, const struct udp_socket *sock,
		     unsigned int want)
{
	struct mmsghdr *msgs = &pool->msgs[pool->used];
	struct msghdr *one = &msgs->msg_hdr;
	ssize_t len;

	for (unsigned int i = 0; i < want; i++)
		rearm(pool, pool->used + i, sock->wildcard);
	if (want > 1 || one->msg_control)
		return recvmmsg(sock->fd, msgs, want, MSG_DONTWAIT, NULL);
	/* The same for one, without the headers that describe several. */
	len = recvfrom(sock->fd, one->msg_iov->iov_base, one->msg_iov->iov_len,
		       MSG_DONTWAIT, one->msg_name, &one->msg_namelen);
	msgs->msg_len = (unsigned int)len;
	return len < 0 ? -1 : 1;
}

unsigned int receive_batch(struct receive_pool *pool, struct udp_socket *sock,
			   unsigned int *first)
{
	unsigned int left = RECEIVE_BUFFERS - pool->used;
	unsigned int want = sock->burst < left ? sock->burst : left;
	int ret = read_some(pool, sock, want);
	unsigned int got = ret < 0 ? 0 : (unsigned int)ret;

	adapt_burst(pool, sock, want, got);
	*first = pool->used;
	pool->used += got;
	return got;
}

/* The address a datagram was sent to, if it is one that we may answer from. */
static bool local_address(struct msghdr *hdr, struct transport_addr *to)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(hdr);

	if (!cmsg)
		return false;
	if (cmsg->cmsg_level == IPPROTO_IP && cmsg->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo info;

		memcpy(&info, CMSG_DATA(cmsg), sizeof(info));
		to->family = AF_INET;
		memcpy(to->ip, &info.ipi_addr, sizeof(info.ipi_addr));
		/* They differ for multicast and broadcast. */
		return info.ipi_addr.s_addr == info.ipi_spec_dst.s_addr;
	}
	if (cmsg->cmsg_level == IPPROTO_IPV6 &&
	    cmsg->cmsg_type == IPV6_PKTINFO) {
		struct in6_pktinfo info;

		memcpy(&info, CMSG_DATA(cmsg), sizeof(info));
		to->family = AF_INET6;
		memcpy(to->ip, &info.ipi6_addr, sizeof(info.ipi6_addr));
		return !IN6_IS_ADDR_MULTICAST(&info.ipi6_addr);
	}
	return false;
}

bool receive_get(struct receive_pool *pool, unsigned int index,
		 struct datagram *datagram)
{
	struct msghdr *hdr = &pool->msgs[index].msg_hdr;

	datagram->buf = pool->iovs[index].iov_base;
	datagram->len = pool->msgs[index].msg_len;
	net_sockaddr_to(&pool->names[index], &datagram->from);
	datagram->to = (struct transport_addr){ 0 };
	return !hdr->msg_control || local_address(hdr, &datagram->to);
}

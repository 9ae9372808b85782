// SPDX-License-Identifier: BSD-3-Clause
#include "net/send.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "net/sockaddr.h"

/* Source address for one datagram of a wildcard socket. */
union source_info {
	struct cmsghdr align;
	char in[CMSG_SPACE(sizeof(struct in_pktinfo))];
	char in6[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

/**
 * struct send_entry - a queued datagram
 * @iov: where it lies
 * @to: destination, if @to_len is not 0
 * @source: control message, if @source_len is not 0
 * @to_len: size of @to
 * @source_len: size of @source
 * @next: next entry of the same socket, or SEND_NONE
 * @df: must not be fragmented
 */
struct send_entry {
	struct iovec iov;
	union net_sockaddr to;
	union source_info source;
	socklen_t to_len;
	uint16_t source_len;
	uint16_t next;
	bool df;
};

struct send_queue {
	struct send_stats stats;
	unsigned int used;
	size_t copied;
	unsigned int sockets;
	struct udp_socket *busy[SEND_ENTRIES];
	unsigned int full_count;
	struct udp_socket *full[SEND_ENTRIES];
	struct mmsghdr msgs[SEND_ENTRIES];
	struct send_entry entries[SEND_ENTRIES];
	uint8_t copies[SEND_COPY_BYTES];
};

struct send_queue *send_queue_new(void)
{
	return calloc(1, sizeof(struct send_queue));
}

void send_queue_free(struct send_queue *queue)
{
	free(queue);
}

const struct send_stats *send_queue_stats(const struct send_queue *queue)
{
	return &queue->stats;
}

static void set_source(struct send_entry *entry,
		       const struct transport_addr *from)
{
	struct cmsghdr *cmsg = &entry->source.align;

	if (from->family == AF_INET) {
		struct in_pktinfo info = { 0 };

		memcpy(&info.ipi_spec_dst, from->ip,
		       sizeof(info.ipi_spec_dst));
		cmsg->cmsg_level = IPPROTO_IP;
		cmsg->cmsg_type = IP_PKTINFO;
		cmsg->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(cmsg), &info, sizeof(info));
		entry->source_len = sizeof(entry->source.in);
	} else {
		struct in6_pktinfo info = { 0 };

		memcpy(&info.ipi6_addr, from->ip, sizeof(info.ipi6_addr));
		cmsg->cmsg_level = IPPROTO_IPV6;
		cmsg->cmsg_type = IPV6_PKTINFO;
		cmsg->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(cmsg), &info, sizeof(info));
		entry->source_len = sizeof(entry->source.in6);
	}
}

/* Append an entry to its socket's chain, in the order of sending. */
static void chain(struct send_queue *queue, struct udp_socket *sock,
		  uint16_t index)
{
	if (sock->send_first == SEND_NONE) {
		sock->send_first = index;
		queue->busy[queue->sockets++] = sock;
	} else {
		queue->entries[sock->send_last].next = index;
	}
	sock->send_last = index;
}

void send_queue_add(struct send_queue *queue, const struct send_target *target,
		    const uint8_t *buf, size_t len)
{
	struct send_entry *entry;

	if (queue->used == SEND_ENTRIES)
		send_queue_flush(queue);
	entry = &queue->entries[queue->used];
	entry->iov.iov_base = (void *)(uintptr_t)buf;
	entry->iov.iov_len = len;
	entry->to_len = target->sock->connected ? 0 :
			net_sockaddr_from(&entry->to, target->to);
	entry->source_len = 0;
	entry->next = SEND_NONE;
	entry->df = target->df;
	if (target->from)
		set_source(entry, target->from);
	chain(queue, target->sock, (uint16_t)queue->used++);
}

void send_queue_copy(struct send_queue *queue,
		     const struct send_target *target,
		     const uint8_t *buf, size_t len)
{
	uint8_t *copy;

	if (len > SEND_COPY_MAX) {
		queue->stats.failed++;
		return;
	}
	/* Flush before the copy: afterwards its memory would count as free. */
	if (len > SEND_COPY_BYTES - queue->copied ||
	    queue->used == SEND_ENTRIES)
		send_queue_flush(queue);
	copy = queue->copies + queue->copied;
	queue->copied += len;
	memcpy(copy, buf, len);
	send_queue_add(queue, target, copy, len);
}

static void count_drop(struct send_stats *stats, int error)
{
	switch (error) {
	case EAGAIN:
	case ENOBUFS:
	case ENOMEM:
		stats->full++;
		break;
	case ENETUNREACH:
	case EHOSTUNREACH:
	case ENETDOWN:
	case EADDRNOTAVAIL:
	case EPERM:
	case EACCES:
		stats->unreachable++;
		break;
	case EMSGSIZE:
		stats->too_big++;
		break;
	default:
		stats->failed++;
	}
}

/*
 * One datagram, as is common towards peers, each of whose allocations has a
 * socket of its own, goes without the headers that describe several. Returns
 * how many were sent, or -1 and errno.
 */
static int try_send(int fd, struct mmsghdr *msgs, unsigned int count)
{
	const struct msghdr *one = &msgs->msg_hdr;

	if (count > 1 || one->msg_controllen || one->msg_iovlen != 1)
		return sendmmsg(fd, msgs, count, MSG_DONTWAIT);
	return sendto(fd, one->msg_iov->iov_base, one->msg_iov->iov_len,
		      MSG_DONTWAIT, one->msg_name, one->msg_namelen) < 0 ?
	       -1 : 1;
}

static bool may_be_of_another(const struct udp_socket *sock, int error)
{
	return sock->reports_errors && error != EAGAIN && error != ENOBUFS &&
	       error != ENOMEM && error != EINTR;
}

/*
 * A socket reports an ICMP error that an earlier datagram met with once, in
 * place of sending this one: which then goes all the same.
 */
static int send_some(struct udp_socket *sock, struct mmsghdr *msgs,
		     unsigned int count)
{
	int sent = try_send(sock->fd, msgs, count);

	if (sent < 0 && may_be_of_another(sock, errno)) {
		sock->error_waits = true;
		sent = try_send(sock->fd, msgs, count);
	}
	return sent;
}

/* A socket too many is told of when it is full again. */
static void note_full(struct send_queue *queue, struct udp_socket *sock)
{
	if (queue->full_count < SEND_ENTRIES)
		queue->full[queue->full_count++] = sock;
}

struct udp_socket *send_queue_full(struct send_queue *queue)
{
	return queue->full_count ? queue->full[--queue->full_count] : NULL;
}

/*
 * Send prepared messages through one socket. sendmmsg() stops at the first
 * message that fails: drop that one and go on behind it, for the next may go
 * elsewhere; but a full buffer is full for all of them.
 */
static void send_messages(struct send_queue *queue, struct udp_socket *sock,
			  unsigned int count)
{
	struct mmsghdr *msgs = queue->msgs;

	while (count) {
		int sent = send_some(sock, msgs, count);

		if (sent > 0) {
			queue->stats.sent += (unsigned int)sent;
			msgs += sent;
			count -= (unsigned int)sent;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN) {
			queue->stats.full += count;
			note_full(queue, sock);
			return;
		}
		count_drop(&queue->stats, errno);
		msgs++;
		count--;
	}
}

/* Send a socket's chain, in runs of entries that agree about DF. */
static void send_chain(struct send_queue *queue, struct udp_socket *sock)
{
	uint16_t index = sock->send_first;

	sock->send_first = SEND_NONE;
	while (index != SEND_NONE) {
		bool df = queue->entries[index].df;
		unsigned int count = 0;

		while (index != SEND_NONE && queue->entries[index].df == df) {
			struct send_entry *entry = &queue->entries[index];

			queue->msgs[count++].msg_hdr = (struct msghdr){
				.msg_name = entry->to_len ? &entry->to : NULL,
				.msg_namelen = entry->to_len,
				.msg_iov = &entry->iov,
				.msg_iovlen = 1,
				.msg_control = entry->source_len ?
					&entry->source : NULL,
				.msg_controllen = entry->source_len,
			};
			index = entry->next;
		}
		if (df != sock->df)
			udp_socket_set_df(sock, df);
		send_messages(queue, sock, count);
	}
}

void send_queue_flush(struct send_queue *queue)
{
	for (unsigned int i = 0; i < queue->sockets; i++)
		send_chain(queue, queue->busy[i]);
	queue->sockets = 0;
	queue->used = 0;
	queue->copied = 0;
}

// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/stream_transport.h"

static ssize_t tcp_read(struct stream_socket *sock, uint8_t *buf, size_t len)
{
	ssize_t got = recv(sock->fd, buf, len, MSG_DONTWAIT);

	if (got >= 0)
		return got;
	return errno == EINTR ? -EAGAIN : -errno;
}

static ssize_t tcp_write(struct stream_socket *sock, const struct iovec *iov,
			 unsigned int count)
{
	const struct msghdr msg = {
		.msg_iov = (struct iovec *)(uintptr_t)iov,
		.msg_iovlen = count,
	};
	ssize_t sent;

	/* Alone, it goes without the header that describes several. */
	sent = count == 1 ?
		send(sock->fd, iov->iov_base, iov->iov_len,
		     MSG_DONTWAIT | MSG_NOSIGNAL) :
		sendmsg(sock->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent >= 0)
		return sent;
	return errno == EINTR || errno == ENOBUFS || errno == ENOMEM ?
	       -EAGAIN : -errno;
}

static void tcp_shutdown(struct stream_socket *sock)
{
	shutdown(sock->fd, SHUT_WR);
}

static bool tcp_ready(const struct stream_socket *sock)
{
	(void)sock;
	return true;
}

static void tcp_close(struct stream_socket *sock)
{
	close(sock->fd);
}

const struct stream_transport stream_transport_tcp = {
	.read = tcp_read,
	.write = tcp_write,
	.shutdown = tcp_shutdown,
	.ready = tcp_ready,
	.close = tcp_close,
};

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How bytes get over a client's connection: as they are (TCP), or by TLS. All
 * else about a stream is the same for both.
 */
#ifndef KTURN_NET_STREAM_TRANSPORT_H
#define KTURN_NET_STREAM_TRANSPORT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct stream_socket;

/**
 * struct stream_transport - a way to read and write
 * @read: read what is there, up to @len bytes. Returns how many; 0 at the end
 *	of the stream; -EAGAIN if there is nothing now; another negative errno
 *	if the connection is broken.
 * @write: write what the connection takes at once, of @count pieces in order.
 *	Returns the number of bytes taken, perhaps fewer than there are; -EAGAIN
 *	if none; another negative errno if the connection is broken. Bytes that
 *	were not taken are offered again first, see struct stream_socket.
 * @shutdown: say that no more will be written; NULL where that cannot be said
 * @close: end the connection and free what belongs to it; never waits
 */
struct stream_transport {
	ssize_t (*read)(struct stream_socket *sock, uint8_t *buf, size_t len);
	ssize_t (*write)(struct stream_socket *sock, const struct iovec *iov,
			 unsigned int count);
	void (*shutdown)(struct stream_socket *sock);
	void (*close)(struct stream_socket *sock);
};

/**
 * struct stream_socket - a connection
 * @fd: non-blocking
 * @transport: how to use it
 * @committed: so many bytes behind those taken by the last write must be
 *	offered again as they were: a part of their record has left. 0 for TCP.
 */
struct stream_socket {
	int fd;
	const struct stream_transport *transport;
	size_t committed;
};

/* Bytes as they are. */
extern const struct stream_transport stream_transport_tcp;

#endif /* KTURN_NET_STREAM_TRANSPORT_H */

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How bytes get over a client's connection: as they are (TCP), or by TLS. All
 * else about a stream is the same for both.
 */
#ifndef KTURN_NET_STREAM_TRANSPORT_H
#define KTURN_NET_STREAM_TRANSPORT_H

#include <openssl/ssl.h>
#include <stdbool.h>
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
 * @write: write what the connection takes at once, of @count pieces in order,
 *	each a message or the rest of one. Returns the number of bytes taken,
 *	perhaps fewer than there are; -EAGAIN if none; another negative errno if
 *	the connection is broken. Without pieces only what is unsent is written.
 * @shutdown: say that no more will be written
 * @ready: has the handshake been made, if there is one?
 * @close: end the connection and free what belongs to it; never waits
 */
struct stream_transport {
	ssize_t (*read)(struct stream_socket *sock, uint8_t *buf, size_t len);
	ssize_t (*write)(struct stream_socket *sock, const struct iovec *iov,
			 unsigned int count);
	void (*shutdown)(struct stream_socket *sock);
	bool (*ready)(const struct stream_socket *sock);
	void (*close)(struct stream_socket *sock);
};

/**
 * struct stream_socket - a connection
 * @fd: non-blocking
 * @transport: how to use it
 * @ssl: of TLS; the stream must not be moved in memory
 * @unsent: records of TLS that the connection did not take yet
 * @unsent_len: their length in bytes
 * @more: there may be more to read, or to learn by reading, that no event of
 *	the descriptor tells of
 * @broken: of TLS: nothing may be written any more, not even an end
 * @crowd: of TLS: when the pieces written together so far would all have come,
 *	had they come at a modest pace; worker_now()
 */
struct stream_socket {
	int fd;
	const struct stream_transport *transport;
	SSL *ssl;
	uint8_t *unsent;
	size_t unsent_len;
	bool more;
	bool broken;
	uint64_t crowd;
};

/* Bytes as they are. */
extern const struct stream_transport stream_transport_tcp;

/* TLS; stream_tls_begin() chooses it. */
extern const struct stream_transport stream_transport_tls;

/**
 * stream_tls_begin() - speak TLS over a connection from now on
 * @sock: nothing was read from it yet
 * @ssl: in accepting state, without BIOs; taken over in any case
 *
 * The handshake is made while reading. A handshake that fails is told by
 * -ECONNABORTED.
 *
 * Return: 0 or -ENOMEM.
 */
int stream_tls_begin(struct stream_socket *sock, SSL *ssl);

#endif /* KTURN_NET_STREAM_TRANSPORT_H */

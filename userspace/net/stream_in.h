/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages out of a client's stream. STUN and ChannelData follow each other
 * without a frame around them (RFC 8489, section 6.2.2; RFC 8656, section
 * 12.5), and come in pieces that have nothing to do with them.
 *
 * What was read is handled where it was read to. Only the piece of a message
 * at its end is kept, in memory of its own size, until the rest comes.
 */
#ifndef KTURN_NET_STREAM_IN_H
#define KTURN_NET_STREAM_IN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Longest message: what fits a UDP datagram. None that is longer could be
 * relayed or answered.
 */
#define STREAM_MESSAGE_MAX 65535

/*
 * Longest message of a client without an allocation: any request of RFC 8656
 * with the longest attributes that RFC 8489 allows for credentials.
 */
#define STREAM_REQUEST_MAX 4096

/**
 * struct stream_in - a piece of a message that waits for its rest
 * @held: the piece, or NULL
 * @len: its length in bytes
 */
struct stream_in {
	uint8_t *held;
	size_t len;
};

/**
 * stream_in_begin() - put the piece in front of what is to be read
 * @in: has no piece any more
 * @buf: gets it; room for STREAM_MESSAGE_MAX bytes
 *
 * Return: its length in bytes.
 */
size_t stream_in_begin(struct stream_in *in, uint8_t *buf);

/**
 * stream_in_next() - length of the first message
 * @buf: begins with a message
 * @len: bytes that are there
 * @max: length from which on it is refused
 * @rfc5766: the channel numbers of RFC 5766 are in use
 *
 * Return: its length with padding, all of which is there; 0 if its end is
 * still missing; -EBADMSG if this is no message; -EMSGSIZE if it is too long.
 */
ssize_t stream_in_next(const uint8_t *buf, size_t len, size_t max,
		       bool rfc5766);

/**
 * stream_in_keep() - keep a piece until the next stream_in_begin()
 * @in: has no piece
 * @buf: the piece
 * @len: its length in bytes; may be 0
 *
 * Return: 0 or -ENOMEM.
 */
int stream_in_keep(struct stream_in *in, const uint8_t *buf, size_t len);

/** stream_in_free() - forget the piece */
void stream_in_free(struct stream_in *in);

#endif /* KTURN_NET_STREAM_IN_H */

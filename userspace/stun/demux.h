/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What has arrived? STUN, ChannelData, or nothing of ours (RFC 7983), and
 * where it ends on a stream.
 */
#ifndef KTURN_STUN_DEMUX_H
#define KTURN_STUN_DEMUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * enum stun_packet_kind - protocol of a datagram, by its first byte
 * @STUN_PACKET_OTHER: neither; also an empty datagram
 * @STUN_PACKET_MESSAGE: a STUN message
 * @STUN_PACKET_CHANNEL_DATA: a ChannelData message
 */
enum stun_packet_kind {
	STUN_PACKET_OTHER,
	STUN_PACKET_MESSAGE,
	STUN_PACKET_CHANNEL_DATA,
};

/**
 * stun_packet_classify() - tell by the first byte, as RFC 7983 does
 * @data: the datagram
 * @len: its length in bytes
 * @rfc5766: the channel numbers of RFC 5766 (up to 0x7FFF) are accepted, so
 *	first bytes 80 to 127 are ChannelData as well
 */
static inline enum stun_packet_kind
stun_packet_classify(const void *data, size_t len, bool rfc5766)
{
	const uint8_t *first = data;

	if (len == 0)
		return STUN_PACKET_OTHER;
	if (*first <= 3)
		return STUN_PACKET_MESSAGE;
	if (*first >= 64 && *first <= (rfc5766 ? 127 : 79))
		return STUN_PACKET_CHANNEL_DATA;
	return STUN_PACKET_OTHER;
}

/**
 * stun_frame_len() - length of the first message on a stream
 * @data: bytes received so far
 * @len: how many
 * @rfc5766: as for stun_packet_classify()
 *
 * Over TCP and TLS messages follow each other without a frame around them
 * (RFC 8489, section 6.2.2; RFC 8656, section 12.5). Four bytes are enough to
 * know where the first one ends.
 *
 * Return: its length in bytes with padding, which may be more than @len; 0 if
 * that cannot be known yet; -EBADMSG if this is no TURN stream (any more), in
 * which case the connection is to be closed.
 */
ssize_t stun_frame_len(const void *data, size_t len, bool rfc5766);

#endif /* KTURN_STUN_DEMUX_H */

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ChannelData messages (RFC 8656, sections 12.4 to 12.6): four bytes in front
 * of the application data. This is the relay path, hence all inline.
 */
#ifndef KTURN_STUN_CHANNEL_DATA_H
#define KTURN_STUN_CHANNEL_DATA_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHANNEL_DATA_HEADER_LEN		4
#define CHANNEL_NUMBER_MIN		0x4000
#define CHANNEL_NUMBER_MAX		0x4fff
#define CHANNEL_NUMBER_MAX_RFC5766	0x7fff	/* before RFC 7983 */

/**
 * channel_number_valid() - may a client bind this number?
 * @number: host byte order
 * @rfc5766: also accept the range of RFC 5766
 */
static inline bool channel_number_valid(uint16_t number, bool rfc5766)
{
	return number >= CHANNEL_NUMBER_MIN &&
	       number <= (rfc5766 ? CHANNEL_NUMBER_MAX_RFC5766
				  : CHANNEL_NUMBER_MAX);
}

/**
 * struct channel_data - a received ChannelData message
 * @payload: application data, inside the datagram
 * @number: channel number, host byte order; not checked against any range
 * @len: length of @payload in bytes; 0 is valid
 */
struct channel_data {
	const uint8_t *payload;
	uint16_t number;
	uint16_t len;
};

/**
 * channel_data_parse() - read the message in a datagram or a stream's frame
 * @cd: filled on success
 * @buf: the datagram
 * @buf_len: its length in bytes
 *
 * The length field may fall short of the datagram: what is left over is
 * padding, which clients may add over UDP and must add over streams.
 *
 * Return: 0, or -EBADMSG if the datagram is shorter than the header or than
 * what the length field says (to be discarded, RFC 8656, section 12.6).
 */
static inline int channel_data_parse(struct channel_data *cd, const void *buf,
				     size_t buf_len)
{
	const uint8_t *p = buf;

	if (buf_len < CHANNEL_DATA_HEADER_LEN)
		return -EBADMSG;
	cd->number = (uint16_t)(p[0] << 8 | p[1]);
	cd->len = (uint16_t)(p[2] << 8 | p[3]);
	cd->payload = p + CHANNEL_DATA_HEADER_LEN;
	return cd->len > buf_len - CHANNEL_DATA_HEADER_LEN ? -EBADMSG : 0;
}

/**
 * channel_data_push() - write the header in front of a payload, in place
 * @payload: application data with CHANNEL_DATA_HEADER_LEN bytes of headroom
 * @number: channel number, host byte order
 * @len: length of the payload in bytes
 *
 * Return: start of the message, which is CHANNEL_DATA_HEADER_LEN + @len long.
 */
static inline uint8_t *channel_data_push(uint8_t *payload, uint16_t number,
					 uint16_t len)
{
	uint8_t *p = payload - CHANNEL_DATA_HEADER_LEN;

	p[0] = (uint8_t)(number >> 8);
	p[1] = (uint8_t)number;
	p[2] = (uint8_t)(len >> 8);
	p[3] = (uint8_t)len;
	return p;
}

/**
 * channel_data_stream_len() - length of the message on a stream
 * @len: length of the payload in bytes
 *
 * Over TCP and TLS the message is padded to a multiple of four (section 12.5).
 *
 * Return: length in bytes, with header and padding.
 */
static inline size_t channel_data_stream_len(uint16_t len)
{
	return (CHANNEL_DATA_HEADER_LEN + (size_t)len + 3) & ~(size_t)3;
}

#endif /* KTURN_STUN_CHANNEL_DATA_H */

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What every datagram carries in front, so that whoever receives it knows all
 * about it. Network byte order:
 *
 *	 0                   1                   2                   3
 *	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *	+---------------------------------------------------------------+
 *	|                      magic, PAYLOAD_MAGIC                     |
 *	+---------------------------------------------------------------+
 *	|                     run: a random number                      |
 *	+---------------------------------------------------------------+
 *	|                             flow                              |
 *	+---------------+-------------+-+-------------------------------+
 *	|      way      |      0      |M|      length of all of it      |
 *	+---------------+-------------+-+-------------------------------+
 *	|                   sequence number, 64 bits                    |
 *	+---------------------------------------------------------------+
 *	|       time of sending, nanoseconds since 1970, 64 bits        |
 *	+---------------------------------------------------------------+
 *
 * M: sent while the measurement was on, not before it.
 */
#ifndef KTURN_BENCH_PAYLOAD_H
#define KTURN_BENCH_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAYLOAD_MAGIC		0xb74b5442u	/* neither STUN nor ChannelData */
#define PAYLOAD_HEADER_LEN	32
/* What a ChannelData message in a UDP datagram over IPv4 has room for. */
#define PAYLOAD_MAX		(65535 - 20 - 8 - 4)

/**
 * struct payload - what a datagram says of itself
 * @run: tells this run's datagrams from those of others
 * @flow: number of the flow
 * @way: enum way
 * @measured: it counts
 * @len: length in bytes, header included
 * @sequence: counts the datagrams of this flow and way, from 0
 * @sent_ns: when it was sent, CLOCK_REALTIME
 */
struct payload {
	uint32_t run;
	uint32_t flow;
	uint8_t way;
	bool measured;
	uint16_t len;
	uint64_t sequence;
	uint64_t sent_ns;
};

/** payload_write() - write the header */
void payload_write(uint8_t header[static PAYLOAD_HEADER_LEN],
		   const struct payload *payload);

/** payload_stamp() - write the time of sending into a header that is there */
void payload_stamp(uint8_t header[static PAYLOAD_HEADER_LEN], uint64_t ns);

/**
 * payload_read() - read the header of what has arrived
 * @payload: filled on success
 * @data: the whole payload
 * @len: its length in bytes
 *
 * Return: 0; -ENOMSG if this is none of ours; -EBADMSG if it is, but its
 * length has changed on the way.
 */
__attribute__((warn_unused_result))
int payload_read(struct payload *payload, const void *data, size_t len);

#endif /* KTURN_BENCH_PAYLOAD_H */

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The 20 bytes in front of every STUN message (RFC 8489, section 5).
 */
#ifndef KTURN_STUN_HEADER_H
#define KTURN_STUN_HEADER_H

#include <stdint.h>

#define STUN_MAGIC_COOKIE	0x2112A442u
#define STUN_HEADER_LEN		20
#define STUN_TXID_LEN		12

/* UDP carries no more, and the length field is 16 bits of multiples of four. */
#define STUN_MESSAGE_MAX	(STUN_HEADER_LEN + 65532)

/** enum stun_class - RFC 8489, section 5 */
enum stun_class {
	STUN_REQUEST	= 0,
	STUN_INDICATION	= 1,
	STUN_SUCCESS	= 2,
	STUN_ERROR	= 3,
};

/** enum stun_method - RFC 8489 18.2, RFC 8656 17, RFC 6062 6.1 */
enum stun_method {
	STUN_BINDING		= 0x001,
	STUN_ALLOCATE		= 0x003,
	STUN_REFRESH		= 0x004,
	STUN_SEND		= 0x006,
	STUN_DATA		= 0x007,
	STUN_CREATE_PERMISSION	= 0x008,
	STUN_CHANNEL_BIND	= 0x009,
	STUN_CONNECT		= 0x00a,
	STUN_CONNECTION_BIND	= 0x00b,
	STUN_CONNECTION_ATTEMPT	= 0x00c,
};

/** struct stun_txid - transaction id, as it is on the wire */
struct stun_txid {
	uint8_t bytes[STUN_TXID_LEN];
};

/**
 * stun_type_pack() - interleave class and method into the type field
 * @class: enum stun_class
 * @method: 12 bits
 *
 * Return: message type, host byte order.
 */
static inline uint16_t stun_type_pack(enum stun_class class, uint16_t method)
{
	return (uint16_t)((method & 0xf80) << 2 | (method & 0x070) << 1 |
			  (method & 0x00f) |
			  (class & 2) << 7 | (class & 1) << 4);
}

/** stun_type_class() - class of a message type in host byte order */
static inline enum stun_class stun_type_class(uint16_t type)
{
	return (enum stun_class)((type >> 7 & 2) | (type >> 4 & 1));
}

/** stun_type_method() - method of a message type in host byte order */
static inline uint16_t stun_type_method(uint16_t type)
{
	return (type >> 2 & 0xf80) | (type >> 1 & 0x070) | (type & 0x00f);
}

/**
 * stun_method_name() - the RFC's name, for logs and metrics
 * @method: 12 bits
 *
 * Return: a static string, "unknown" for methods it has no name for.
 */
const char *stun_method_name(uint16_t method);

/** stun_class_name() - "request", "indication", "success" or "error" */
const char *stun_class_name(enum stun_class class);

#endif /* KTURN_STUN_HEADER_H */

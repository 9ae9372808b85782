/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Attribute types: code points, names, and the lengths their values may have.
 */
#ifndef KTURN_STUN_ATTRIBUTE_H
#define KTURN_STUN_ATTRIBUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STUN_ATTR_HEADER_LEN 4

/*
 * Types from 0x8000 on are comprehension-optional: who does not know them may
 * pass over them. The decoder treats "names only" types as unknown.
 */
enum stun_attr_type {
	/* RFC 8489 */
	STUN_ATTR_MAPPED_ADDRESS		= 0x0001,
	STUN_ATTR_USERNAME			= 0x0006,
	STUN_ATTR_MESSAGE_INTEGRITY		= 0x0008,
	STUN_ATTR_ERROR_CODE			= 0x0009,
	STUN_ATTR_UNKNOWN_ATTRIBUTES		= 0x000a,
	STUN_ATTR_REALM				= 0x0014,
	STUN_ATTR_NONCE				= 0x0015,
	STUN_ATTR_MESSAGE_INTEGRITY_SHA256	= 0x001c,
	STUN_ATTR_PASSWORD_ALGORITHM		= 0x001d,
	STUN_ATTR_USERHASH			= 0x001e,
	STUN_ATTR_XOR_MAPPED_ADDRESS		= 0x0020,
	STUN_ATTR_PASSWORD_ALGORITHMS		= 0x8002,
	STUN_ATTR_ALTERNATE_DOMAIN		= 0x8003,
	STUN_ATTR_SOFTWARE			= 0x8022,
	STUN_ATTR_ALTERNATE_SERVER		= 0x8023,
	STUN_ATTR_FINGERPRINT			= 0x8028,

	/* RFC 8656 */
	STUN_ATTR_CHANNEL_NUMBER		= 0x000c,
	STUN_ATTR_LIFETIME			= 0x000d,
	STUN_ATTR_XOR_PEER_ADDRESS		= 0x0012,
	STUN_ATTR_DATA				= 0x0013,
	STUN_ATTR_XOR_RELAYED_ADDRESS		= 0x0016,
	STUN_ATTR_REQUESTED_ADDRESS_FAMILY	= 0x0017,
	STUN_ATTR_EVEN_PORT			= 0x0018,
	STUN_ATTR_REQUESTED_TRANSPORT		= 0x0019,
	STUN_ATTR_DONT_FRAGMENT			= 0x001a,
	STUN_ATTR_RESERVATION_TOKEN		= 0x0022,
	STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY	= 0x8000,
	STUN_ATTR_ADDRESS_ERROR_CODE		= 0x8001,
	STUN_ATTR_ICMP				= 0x8004,

	/*
	 * Which in RFC 8656's drafts was this number: coturn and its clients
	 * know no other.
	 */
	STUN_ATTR_DRAFT_ADDITIONAL_ADDRESS_FAMILY = 0x8032,

	/* RFC 5780 */
	STUN_ATTR_CHANGE_REQUEST		= 0x0003,
	STUN_ATTR_PADDING			= 0x0026,
	STUN_ATTR_RESPONSE_PORT			= 0x0027,
	STUN_ATTR_RESPONSE_ORIGIN		= 0x802b,
	STUN_ATTR_OTHER_ADDRESS			= 0x802c,

	/*
	 * RFC 6062, 7635, 8016, 8445, and ORIGIN; of those that nobody needs
	 * here, the names only
	 */
	STUN_ATTR_ACCESS_TOKEN			= 0x001b,
	STUN_ATTR_PRIORITY			= 0x0024,
	STUN_ATTR_USE_CANDIDATE			= 0x0025,
	STUN_ATTR_CONNECTION_ID			= 0x002a,
	STUN_ATTR_ICE_CONTROLLED		= 0x8029,
	STUN_ATTR_ICE_CONTROLLING		= 0x802a,
	STUN_ATTR_THIRD_PARTY_AUTHORIZATION	= 0x802e,
	STUN_ATTR_ORIGIN			= 0x802f,
	STUN_ATTR_MOBILITY_TICKET		= 0x8030,
};

/* Values of address family fields (RFC 8489, section 14.1). */
enum stun_family {
	STUN_FAMILY_IPV4 = 1,
	STUN_FAMILY_IPV6 = 2,
};

/* Password algorithm numbers (RFC 8489, section 18.5). */
enum stun_password_algorithm_number {
	STUN_PASSWORD_MD5	= 1,
	STUN_PASSWORD_SHA256	= 2,
};

/* Fixed lengths, in bytes */
#define STUN_HMAC_SHA1_LEN		20
#define STUN_HMAC_SHA256_LEN		32
#define STUN_HMAC_SHA256_MIN_LEN	16
#define STUN_USERHASH_LEN		32
#define STUN_RESERVATION_TOKEN_LEN	8

/*
 * Longest text a receiver must take (RFC 8489: "763 or fewer octets").
 * Longer USERNAME, REALM, NONCE and SOFTWARE values count as malformed.
 */
#define STUN_TEXT_MAX			763

/*
 * All types in use lie in 0x0000 to 0x003F and 0x8000 to 0x803F, so the low
 * six bits and the top bit are a perfect hash of them: their slot.
 */
#define STUN_ATTR_SLOTS			128
#define STUN_ATTR_SLOT(type)		(((type) & 0x3f) | ((type) >> 9 & 0x40))

/**
 * stun_attr_slot() - index of a type in tables of STUN_ATTR_SLOTS entries
 * @type: attribute type, host byte order
 *
 * Return: the slot, or -1 for types outside the two ranges.
 */
static inline int stun_attr_slot(uint16_t type)
{
	return type & 0x7fc0 ? -1 : STUN_ATTR_SLOT(type);
}

/**
 * stun_attr_decoded() - is the type one that the decoder understands?
 * @type: attribute type, host byte order
 *
 * Types of which it only has the name are not.
 */
bool stun_attr_decoded(uint16_t type);

/**
 * stun_attr_len_valid() - may a value of this type have this length?
 * @type: a type that stun_attr_decoded() knows
 * @len: length of the value in bytes, without padding
 */
bool stun_attr_len_valid(uint16_t type, size_t len);

/**
 * stun_attr_name() - the RFC's name of a type, for logs
 * @type: attribute type, host byte order
 *
 * Return: a static string, "unknown" for types it has no name for.
 */
const char *stun_attr_name(uint16_t type);

/** stun_attr_required() - is the type comprehension-required? */
static inline bool stun_attr_required(uint16_t type)
{
	return type < 0x8000;
}

/**
 * stun_attr_closing_rank() - place among the types that close a message
 * @type: attribute type, host byte order
 *
 * Behind an attribute that has a rank only those of higher rank still count
 * (RFC 8489, sections 14.5 to 14.7). A malformed one closes all the same.
 *
 * Return: 0 for types that do not close it.
 */
static inline int stun_attr_closing_rank(uint16_t type)
{
	switch (type) {
	case STUN_ATTR_MESSAGE_INTEGRITY:
		return 1;
	case STUN_ATTR_MESSAGE_INTEGRITY_SHA256:
		return 2;
	case STUN_ATTR_FINGERPRINT:
		return 3;
	default:
		return 0;
	}
}

/** stun_attr_padding() - bytes of padding behind a value of @len bytes */
static inline size_t stun_attr_padding(size_t len)
{
	return -len & 3;
}

#endif /* KTURN_STUN_ATTRIBUTE_H */

// SPDX-License-Identifier: BSD-3-Clause
#include "stun/attribute.h"

/**
 * struct attr_rule - what there is to know about a type
 * @name: the RFC's name; NULL marks a slot that no type uses
 * @min: shortest value, in bytes
 * @max: longest value, in bytes
 * @multiple: the length is a multiple of this; 0 if we only have the name
 */
struct attr_rule {
	const char *name;
	uint16_t min;
	uint16_t max;
	uint16_t multiple;
};

#define RANGE(type, name, min, max, multiple) \
	[STUN_ATTR_SLOT(STUN_ATTR_##type)] = { name, min, max, multiple }
#define FIXED(type, name, len)	RANGE(type, name, len, len, 1)
#define UP_TO(type, name, max)	RANGE(type, name, 0, max, 1)
#define NAME_ONLY(type, name)	RANGE(type, name, 0, 0, 0)
/*
 * 8 bytes for IPv4, 20 for IPv6: multiples of four, and of them 12 and 16 go
 * with neither family, which stun_get_address() sees.
 */
#define ADDRESS(type, name)	RANGE(type, name, 8, 20, 4)

static const struct attr_rule rules[STUN_ATTR_SLOTS] = {
	/* RFC 8489 */
	ADDRESS(MAPPED_ADDRESS, "MAPPED-ADDRESS"),
	UP_TO(USERNAME, "USERNAME", STUN_TEXT_MAX),
	FIXED(MESSAGE_INTEGRITY, "MESSAGE-INTEGRITY", STUN_HMAC_SHA1_LEN),
	RANGE(ERROR_CODE, "ERROR-CODE", 4, 4 + STUN_TEXT_MAX, 1),
	RANGE(UNKNOWN_ATTRIBUTES, "UNKNOWN-ATTRIBUTES", 0, UINT16_MAX, 2),
	UP_TO(REALM, "REALM", STUN_TEXT_MAX),
	UP_TO(NONCE, "NONCE", STUN_TEXT_MAX),
	RANGE(MESSAGE_INTEGRITY_SHA256, "MESSAGE-INTEGRITY-SHA256",
	      STUN_HMAC_SHA256_MIN_LEN, STUN_HMAC_SHA256_LEN, 4),
	RANGE(PASSWORD_ALGORITHM, "PASSWORD-ALGORITHM", 4, UINT16_MAX, 1),
	FIXED(USERHASH, "USERHASH", STUN_USERHASH_LEN),
	ADDRESS(XOR_MAPPED_ADDRESS, "XOR-MAPPED-ADDRESS"),
	UP_TO(PASSWORD_ALGORITHMS, "PASSWORD-ALGORITHMS", UINT16_MAX),
	UP_TO(ALTERNATE_DOMAIN, "ALTERNATE-DOMAIN", 255),
	UP_TO(SOFTWARE, "SOFTWARE", STUN_TEXT_MAX),
	ADDRESS(ALTERNATE_SERVER, "ALTERNATE-SERVER"),
	FIXED(FINGERPRINT, "FINGERPRINT", 4),

	/* RFC 8656 */
	FIXED(CHANNEL_NUMBER, "CHANNEL-NUMBER", 4),
	FIXED(LIFETIME, "LIFETIME", 4),
	ADDRESS(XOR_PEER_ADDRESS, "XOR-PEER-ADDRESS"),
	UP_TO(DATA, "DATA", UINT16_MAX),
	ADDRESS(XOR_RELAYED_ADDRESS, "XOR-RELAYED-ADDRESS"),
	FIXED(REQUESTED_ADDRESS_FAMILY, "REQUESTED-ADDRESS-FAMILY", 4),
	FIXED(EVEN_PORT, "EVEN-PORT", 1),
	FIXED(REQUESTED_TRANSPORT, "REQUESTED-TRANSPORT", 4),
	FIXED(DONT_FRAGMENT, "DONT-FRAGMENT", 0),
	FIXED(RESERVATION_TOKEN, "RESERVATION-TOKEN",
	      STUN_RESERVATION_TOKEN_LEN),
	FIXED(ADDITIONAL_ADDRESS_FAMILY, "ADDITIONAL-ADDRESS-FAMILY", 4),
	RANGE(ADDRESS_ERROR_CODE, "ADDRESS-ERROR-CODE", 4, 4 + STUN_TEXT_MAX, 1),
	FIXED(ICMP, "ICMP", 8),
	FIXED(DRAFT_ADDITIONAL_ADDRESS_FAMILY, "ADDITIONAL-ADDRESS-FAMILY", 4),

	/* RFC 5780; the RFC's two bytes behind RESPONSE-PORT may be padding */
	FIXED(CHANGE_REQUEST, "CHANGE-REQUEST", 4),
	UP_TO(PADDING, "PADDING", UINT16_MAX),
	RANGE(RESPONSE_PORT, "RESPONSE-PORT", 2, 4, 2),
	ADDRESS(RESPONSE_ORIGIN, "RESPONSE-ORIGIN"),
	ADDRESS(OTHER_ADDRESS, "OTHER-ADDRESS"),

	/* RFC 6062, 7635, 8016, 8445, and draft-johnston-tram-stun-origin */
	UP_TO(ACCESS_TOKEN, "ACCESS-TOKEN", UINT16_MAX),
	NAME_ONLY(PRIORITY, "PRIORITY"),
	NAME_ONLY(USE_CANDIDATE, "USE-CANDIDATE"),
	FIXED(CONNECTION_ID, "CONNECTION-ID", 4),
	NAME_ONLY(ICE_CONTROLLED, "ICE-CONTROLLED"),
	NAME_ONLY(ICE_CONTROLLING, "ICE-CONTROLLING"),
	UP_TO(THIRD_PARTY_AUTHORIZATION, "THIRD-PARTY-AUTHORIZATION",
	      STUN_TEXT_MAX),
	UP_TO(ORIGIN, "ORIGIN", STUN_TEXT_MAX),
	UP_TO(MOBILITY_TICKET, "MOBILITY-TICKET", STUN_TEXT_MAX),
};

bool stun_attr_decoded(uint16_t type)
{
	int slot = stun_attr_slot(type);

	return slot >= 0 && rules[slot].multiple != 0;
}

bool stun_attr_len_valid(uint16_t type, size_t len)
{
	const struct attr_rule *rule = &rules[STUN_ATTR_SLOT(type)];

	return len >= rule->min && len <= rule->max &&
	       (len & (rule->multiple - 1u)) == 0;
}

const char *stun_attr_name(uint16_t type)
{
	int slot = stun_attr_slot(type);

	return slot >= 0 && rules[slot].name ? rules[slot].name : "unknown";
}

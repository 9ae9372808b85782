/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A received STUN message, and reading what is in it.
 *
 * stun_message_decode() walks the attributes once and notes where each known
 * one lies; the stun_get_*() functions then read single values. Nothing is
 * copied or allocated: a struct stun_message points into the datagram and is
 * good as long as the datagram is.
 *
 * Every stun_get_*() returns 0, -ENOENT if the attribute is absent, or
 * -EBADMSG if its value is not one the RFC allows. On failure the output is
 * untouched. Numbers come out in host byte order.
 */
#ifndef KTURN_STUN_MESSAGE_H
#define KTURN_STUN_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stun/addr.h"
#include "stun/attribute.h"
#include "stun/header.h"
#include "stun/reader.h"

/* More unknown comprehension-required types than this are not listed. */
#define STUN_UNKNOWN_MAX 64

/**
 * enum stun_decode_result - what stun_message_decode() found
 * @STUN_OK: a STUN message. It may have unknown attributes.
 * @STUN_NOT_STUN: wrong first bits, length or magic cookie. Nothing of the
 *	message may be used. Discard silently (RFC 8489, section 6.3).
 * @STUN_BAD_FRAMING: the header is right, but an attribute runs past the end.
 *	Class, method and transaction id may be used; no attribute counts as
 *	present. Discard silently or answer 400.
 * @STUN_BAD_ATTRIBUTE: framing is right, but the value of a known attribute
 *	has a length that the RFC does not allow; see @bad_attribute. It counts
 *	as absent, all the rest may be used. A request is to be answered 400.
 */
enum stun_decode_result {
	STUN_OK,
	STUN_NOT_STUN,
	STUN_BAD_FRAMING,
	STUN_BAD_ATTRIBUTE,
};

/**
 * struct stun_attr_ref - where an attribute's value lies
 * @offset: from the end of the STUN header, in bytes
 * @len: length of the value in bytes, without padding
 */
struct stun_attr_ref {
	uint16_t offset;
	uint16_t len;
};

/**
 * struct stun_message - a decoded message
 * @data: the datagram, starting with the STUN header
 * @len: its length in bytes
 * @txid: transaction id
 * @class: enum stun_class
 * @method: 12 bits; not necessarily one that enum stun_method knows
 * @bad_attribute: type of the first malformed attribute, 0 if there is none
 * @unknown_count: number of entries in @unknown
 * @unknown: comprehension-required types that the decoder does not know,
 *	each once, in the order of their first appearance, host byte order
 * @attrs_end: where the attributes before integrity and FINGERPRINT end, as
 *	an offset like those in @ref
 * @present: bit set of the slots in @ref that are filled
 * @ref: first occurrence of each known type, by stun_attr_slot(); the others
 *	are not initialised
 *
 * After MESSAGE-INTEGRITY only MESSAGE-INTEGRITY-SHA256 and FINGERPRINT count,
 * after MESSAGE-INTEGRITY-SHA256 only FINGERPRINT, after FINGERPRINT nothing;
 * what does not count is neither present, nor unknown, nor malformed
 * (RFC 8489, sections 14.5 to 14.7).
 */
struct stun_message {
	const uint8_t *data;
	size_t len;
	struct stun_txid txid;
	enum stun_class class;
	uint16_t method;
	uint16_t bad_attribute;
	uint16_t unknown_count;
	uint16_t attrs_end;
	uint16_t unknown[STUN_UNKNOWN_MAX];
	uint64_t present[STUN_ATTR_SLOTS / 64];
	struct stun_attr_ref ref[STUN_ATTR_SLOTS];
};

/**
 * stun_message_decode() - check a datagram and find its attributes
 * @msg: filled as the result says
 * @data: the datagram; on a stream, exactly the frame (stun_frame_len())
 * @len: its length in bytes
 *
 * Integrity and FINGERPRINT are found but not verified.
 *
 * Return: enum stun_decode_result.
 */
__attribute__((warn_unused_result))
enum stun_decode_result stun_message_decode(struct stun_message *msg,
					    const void *data, size_t len);

/** stun_has() - is the attribute present? Unknown types never are. */
bool stun_has(const struct stun_message *msg, enum stun_attr_type type);

/**
 * stun_mark_present() - have stun_has() say so
 * @msg: a message that was not decoded, to be answered
 * @type: a type that is looked for, but not read
 * @present: is it there?
 */
void stun_mark_present(struct stun_message *msg, enum stun_attr_type type,
		       bool present);

/**
 * stun_get_bytes() - an attribute's value as it is
 * @msg: the message
 * @type: any type that is decoded; for texts (USERNAME, REALM, NONCE, SOFTWARE),
 *	DATA, and as a base of the typed functions below
 * @value: filled; points into the datagram, no terminating zero
 */
int stun_get_bytes(const struct stun_message *msg, enum stun_attr_type type,
		   struct stun_bytes *value);

/**
 * stun_get_before() - the message up to an attribute, which integrity and
 * FINGERPRINT cover
 * @msg: the message
 * @type: the attribute
 * @before: filled: all bytes from the header up to it
 */
int stun_get_before(const struct stun_message *msg, enum stun_attr_type type,
		    struct stun_bytes *before);

/**
 * stun_get_address() - a transport address
 * @msg: the message
 * @type: MAPPED-ADDRESS, ALTERNATE-SERVER, or one of the XOR- types
 * @addr: filled. -EBADMSG if the family is neither IPv4 nor IPv6, or does not
 *	go with the length.
 */
int stun_get_address(const struct stun_message *msg, enum stun_attr_type type,
		     struct transport_addr *addr);

/** stun_get_channel_number() - CHANNEL-NUMBER; not checked against a range */
int stun_get_channel_number(const struct stun_message *msg, uint16_t *number);

/** stun_get_connection_id() - CONNECTION-ID (RFC 6062 6.2.1) */
int stun_get_connection_id(const struct stun_message *msg, uint32_t *id);

/** stun_get_lifetime() - LIFETIME, in seconds */
int stun_get_lifetime(const struct stun_message *msg, uint32_t *seconds);

/** stun_get_requested_transport() - REQUESTED-TRANSPORT, an IPPROTO_ number */
int stun_get_requested_transport(const struct stun_message *msg,
				 uint8_t *protocol);

/**
 * stun_get_address_family() - the family asked for
 * @msg: the message
 * @type: REQUESTED-ADDRESS-FAMILY or ADDITIONAL-ADDRESS-FAMILY
 * @family: filled with what is there, which need not be in enum stun_family:
 *	RFC 8656 answers 440 for families it does not know, not 400
 */
int stun_get_address_family(const struct stun_message *msg,
			    enum stun_attr_type type, uint8_t *family);

/** stun_get_even_port() - EVEN-PORT; @reserve is its R bit */
int stun_get_even_port(const struct stun_message *msg, bool *reserve);

/** stun_get_reservation_token() - RESERVATION-TOKEN */
int stun_get_reservation_token(const struct stun_message *msg,
			       uint8_t token[static STUN_RESERVATION_TOKEN_LEN]);

/**
 * struct stun_error - an ERROR-CODE or ADDRESS-ERROR-CODE
 * @code: 300 to 699
 * @family: ADDRESS-ERROR-CODE only, else 0: the family byte as it is
 * @reason: the reason phrase, UTF-8 by the RFC, unchecked here
 */
struct stun_error {
	uint16_t code;
	uint8_t family;
	struct stun_bytes reason;
};

/** stun_get_error_code() - ERROR-CODE */
int stun_get_error_code(const struct stun_message *msg,
			struct stun_error *error);

/** stun_get_address_error_code() - ADDRESS-ERROR-CODE (RFC 8656 18.12) */
int stun_get_address_error_code(const struct stun_message *msg,
				struct stun_error *error);

/**
 * struct stun_icmp - an ICMP attribute (RFC 8656, section 18.13)
 * @type: ICMP or ICMPv6 type
 * @code: its code
 * @data: the next hop's MTU for "too big", else 0
 */
struct stun_icmp {
	uint8_t type;
	uint8_t code;
	uint32_t data;
};

/** stun_get_change_request() - CHANGE-REQUEST (RFC 5780 7.2) */
int stun_get_change_request(const struct stun_message *msg, bool *change_ip,
			    bool *change_port);

/** stun_get_response_port() - RESPONSE-PORT (RFC 5780 7.5) */
int stun_get_response_port(const struct stun_message *msg, uint16_t *port);

/** stun_get_icmp() - ICMP */
int stun_get_icmp(const struct stun_message *msg, struct stun_icmp *icmp);

/**
 * struct stun_password_algorithm - one algorithm (RFC 8489 14.11 and 14.12)
 * @number: enum stun_password_algorithm_number, or one yet unknown
 * @parameters: empty for those known
 */
struct stun_password_algorithm {
	uint16_t number;
	struct stun_bytes parameters;
};

/** stun_get_password_algorithm() - PASSWORD-ALGORITHM */
int stun_get_password_algorithm(const struct stun_message *msg,
				struct stun_password_algorithm *algorithm);

/**
 * stun_next_password_algorithm() - walk through PASSWORD-ALGORITHMS
 * @list: a reader over the value: stun_get_bytes(), then stun_reader()
 * @algorithm: filled
 *
 * Return: 1 if there was one, 0 at the end, -EBADMSG if the list is malformed.
 */
int stun_next_password_algorithm(struct stun_reader *list,
				 struct stun_password_algorithm *algorithm);

/**
 * stun_get_unknown_attributes() - UNKNOWN-ATTRIBUTES
 * @msg: the message
 * @types: filled, host byte order
 * @max: room in @types; further ones are left out
 *
 * Return: how many were filled in, or the usual errors.
 */
int stun_get_unknown_attributes(const struct stun_message *msg,
				uint16_t *types, size_t max);

/**
 * struct stun_attr - one attribute met while iterating
 * @type: attribute type, host byte order
 * @value: its value, inside the datagram, without padding
 */
struct stun_attr {
	uint16_t type;
	struct stun_bytes value;
};

/**
 * stun_attr_reader() - a reader over the attributes in their order
 * @msg: the message; after STUN_BAD_FRAMING it has none
 *
 * It ends before MESSAGE-INTEGRITY, MESSAGE-INTEGRITY-SHA256 or FINGERPRINT,
 * whichever comes first: nothing behind them counts but they themselves.
 */
struct stun_reader stun_attr_reader(const struct stun_message *msg);

/**
 * stun_next_attr() - the next attribute, known or not
 * @attrs: from stun_attr_reader()
 * @attr: filled
 *
 * Return: 1 if there was one, 0 at the end, -EBADMSG if it runs past the end
 * (which cannot happen with attributes that stun_message_decode() accepted).
 */
int stun_next_attr(struct stun_reader *attrs, struct stun_attr *attr);

/**
 * stun_next_peer_address() - walk through all XOR-PEER-ADDRESS attributes
 * @msg: the message, a CreatePermission request for one
 * @attrs: from stun_attr_reader()
 * @addr: filled
 *
 * Return: 1 if there was one, 0 at the end, -EBADMSG if its family is neither
 * IPv4 nor IPv6 or does not go with the length.
 */
int stun_next_peer_address(const struct stun_message *msg,
			   struct stun_reader *attrs,
			   struct transport_addr *addr);

#endif /* KTURN_STUN_MESSAGE_H */

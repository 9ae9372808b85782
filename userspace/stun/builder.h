/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Building STUN messages.
 *
 *	struct stun_builder b;
 *
 *	stun_build(&b, buf, sizeof(buf), STUN_SUCCESS, STUN_REFRESH, &txid);
 *	stun_put_lifetime(&b, 600);
 *	stun_put_integrity(&b, crypto, STUN_HMAC_SHA1, &key);
 *	stun_put_fingerprint(&b);
 *	len = stun_build_end(&b);
 *
 * Failure is sticky: once something did not fit or was not allowed, the rest
 * does nothing, and stun_build_end() says so. Padding is zero. Numbers are
 * given in host byte order.
 */
#ifndef KTURN_STUN_BUILDER_H
#define KTURN_STUN_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "stun/addr.h"
#include "stun/attribute.h"
#include "stun/error_code.h"
#include "stun/header.h"
#include "stun/message.h"
#include "stun/writer.h"

/**
 * struct stun_builder - a message being written
 * @w: the buffer
 * @txid: transaction id, which the XOR- addresses need
 * @closed: stun_attr_closing_rank() of what was put last
 * @error: 0, or the first failure that is not lack of room
 */
struct stun_builder {
	struct stun_writer w;
	struct stun_txid txid;
	int closed;
	int error;
};

/**
 * stun_build() - start a message: write its header
 * @b: the builder
 * @buf: where the message goes
 * @cap: room in @buf, in bytes
 * @class: enum stun_class
 * @method: 12 bits
 * @txid: transaction id; for responses that of the request. Copied.
 */
void stun_build(struct stun_builder *b, void *buf, size_t cap,
		enum stun_class class, uint16_t method,
		const struct stun_txid *txid);

/**
 * stun_build_response() - start the response to a request
 * @b: the builder
 * @buf: where the message goes; not the request's own buffer
 * @cap: room in @buf, in bytes
 * @class: STUN_SUCCESS or STUN_ERROR
 * @request: gives method and transaction id
 */
static inline void stun_build_response(struct stun_builder *b, void *buf,
				       size_t cap, enum stun_class class,
				       const struct stun_message *request)
{
	stun_build(b, buf, cap, class, request->method, &request->txid);
}

/**
 * stun_build_end() - finish the message: fill in its length
 * @b: the builder
 *
 * Return: length of the message in bytes; -EMSGSIZE if something did not fit;
 * -EINVAL if something was put that cannot be encoded, or where receivers
 * ignore it (behind integrity or FINGERPRINT); -EIO if OpenSSL failed.
 */
__attribute__((warn_unused_result))
ssize_t stun_build_end(struct stun_builder *b);

/**
 * stun_build_set_length() - write the header's length field
 * @b: the builder, not failed
 * @total: length of the message that it shall tell of, in bytes with header
 *
 * For integrity and FINGERPRINT, which are computed over a length that
 * includes themselves; stun_build_end() sets the final one.
 */
void stun_build_set_length(struct stun_builder *b, size_t total);

/** stun_build_fail() - mark the message failed; the first @error is kept */
void stun_build_fail(struct stun_builder *b, int error);

/**
 * stun_put_bytes() - an attribute with this value
 * @b: the builder
 * @type: attribute type
 * @value: its value; may be NULL if @len is 0
 * @len: length in bytes. A length not allowed for the type is -EINVAL.
 */
void stun_put_bytes(struct stun_builder *b, uint16_t type, const void *value,
		    size_t len);

/** stun_put_string() - the same with a zero-terminated string */
void stun_put_string(struct stun_builder *b, uint16_t type, const char *text);

/** stun_put_flag() - an attribute without value: DONT-FRAGMENT */
void stun_put_flag(struct stun_builder *b, uint16_t type);

/**
 * stun_put_space() - an attribute whose value is there, or will be
 * @b: the builder
 * @type: attribute type, DATA for one
 * @len: length of the value in bytes
 *
 * Writes the attribute's header and padding around @len bytes that it leaves
 * as they are: so a payload received at the right offset need not be moved.
 *
 * Return: where the value lies; NULL on failure.
 */
uint8_t *stun_put_space(struct stun_builder *b, uint16_t type, size_t len);

/**
 * stun_put_address() - a transport address
 * @b: the builder
 * @type: MAPPED-ADDRESS, ALTERNATE-SERVER, or one of the XOR- types
 * @addr: the address; "no address" is -EINVAL
 */
void stun_put_address(struct stun_builder *b, uint16_t type,
		      const struct transport_addr *addr);

/** stun_put_channel_number() - CHANNEL-NUMBER */
void stun_put_channel_number(struct stun_builder *b, uint16_t number);

/** stun_put_connection_id() - CONNECTION-ID */
void stun_put_connection_id(struct stun_builder *b, uint32_t id);

/** stun_put_lifetime() - LIFETIME, in seconds */
void stun_put_lifetime(struct stun_builder *b, uint32_t seconds);

/** stun_put_requested_transport() - REQUESTED-TRANSPORT, an IPPROTO_ number */
void stun_put_requested_transport(struct stun_builder *b, uint8_t protocol);

/** stun_put_address_family() - REQUESTED- or ADDITIONAL-ADDRESS-FAMILY */
void stun_put_address_family(struct stun_builder *b, uint16_t type,
			     uint8_t family);

/** stun_put_even_port() - EVEN-PORT with or without its R bit */
void stun_put_even_port(struct stun_builder *b, bool reserve);

/** stun_put_reservation_token() - RESERVATION-TOKEN */
void stun_put_reservation_token(struct stun_builder *b,
		const uint8_t token[static STUN_RESERVATION_TOKEN_LEN]);

/**
 * stun_put_error_code() - ERROR-CODE
 * @b: the builder
 * @code: 300 to 699
 * @reason: reason phrase, UTF-8; NULL for the recommended one
 */
void stun_put_error_code(struct stun_builder *b, unsigned int code,
			 const char *reason);

/** stun_put_address_error_code() - ADDRESS-ERROR-CODE (RFC 8656 18.12) */
void stun_put_address_error_code(struct stun_builder *b, uint8_t family,
				 unsigned int code, const char *reason);

/** stun_put_icmp() - ICMP (RFC 8656 18.13) */
void stun_put_icmp(struct stun_builder *b, const struct stun_icmp *icmp);

/** stun_put_unknown_attributes() - UNKNOWN-ATTRIBUTES */
void stun_put_unknown_attributes(struct stun_builder *b, const uint16_t *types,
				 size_t count);

/** stun_put_password_algorithm() - PASSWORD-ALGORITHM without parameters */
void stun_put_password_algorithm(struct stun_builder *b, uint16_t number);

/** stun_put_password_algorithms() - PASSWORD-ALGORITHMS without parameters */
void stun_put_password_algorithms(struct stun_builder *b,
				  const uint16_t *numbers, size_t count);

#endif /* KTURN_STUN_BUILDER_H */

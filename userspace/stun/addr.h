/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transport addresses: an IP address with a port, as RFC 8489 calls them.
 *
 * The protocol core keys its tables by them, so they are plain values without
 * padding: two equal addresses are equal as memory, and may be hashed so.
 */
#ifndef KTURN_STUN_ADDR_H
#define KTURN_STUN_ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

/* "[" + 45 characters of IPv6 + "]:65535" and the terminating zero. */
#define TRANSPORT_ADDR_STRLEN 56

/**
 * struct transport_addr - an IP address and a port
 * @family: AF_INET, AF_INET6, or 0 (AF_UNSPEC) for "no address"
 * @port: port, host byte order
 * @ip: the address, network byte order; IPv4 uses the first four bytes
 *
 * Unused bytes are always zero: every function here that writes one sees to
 * it, and a zero-initialised struct is "no address". Scope ids of link-local
 * IPv6 addresses are not kept; TURN cannot express them.
 */
struct transport_addr {
	uint16_t family;
	uint16_t port;
	uint8_t ip[16];
};

_Static_assert(sizeof(struct transport_addr) == 20,
	       "hashed and compared as memory, so it must have no padding");

/**
 * transport_addr_equal() - same family, IP address and port
 * @a: one address
 * @b: the other
 */
static inline bool transport_addr_equal(const struct transport_addr *a,
					const struct transport_addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/**
 * transport_addr_same_ip() - same family and IP address, whatever the ports
 * @a: one address
 * @b: the other
 *
 * This is how permissions compare peers (RFC 8656, section 9).
 */
static inline bool transport_addr_same_ip(const struct transport_addr *a,
					  const struct transport_addr *b)
{
	return a->family == b->family &&
	       memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

/**
 * transport_addr_ip_len() - number of bytes of @ip that carry the address
 * @a: the address
 *
 * Return: 4, 16, or 0 for "no address".
 */
static inline size_t transport_addr_ip_len(const struct transport_addr *a)
{
	return a->family == AF_INET ? 4 : a->family == AF_INET6 ? 16 : 0;
}

/**
 * transport_addr_from_ip() - make one from raw bytes
 * @addr: filled; zeroed on failure
 * @family: AF_INET or AF_INET6
 * @ip: 4 or 16 bytes, network byte order
 * @port: host byte order
 *
 * Return: 0, or -EAFNOSUPPORT for another family.
 */
int transport_addr_from_ip(struct transport_addr *addr, int family,
			   const void *ip, uint16_t port);

/**
 * transport_addr_from_sockaddr() - take over a socket address
 * @addr: filled; zeroed on failure
 * @sa: a struct sockaddr_in or sockaddr_in6; a v4-mapped IPv6 address stays
 *	IPv6, see transport_addr_unmap()
 * @len: its size in bytes
 *
 * Return: 0, -EAFNOSUPPORT for another family, -EINVAL if @len is too short.
 */
int transport_addr_from_sockaddr(struct transport_addr *addr,
				 const struct sockaddr *sa, socklen_t len);

/**
 * transport_addr_to_sockaddr() - make a socket address
 * @addr: the address
 * @ss: filled, zeroed first
 *
 * Return: size of the socket address in bytes, 0 for "no address".
 */
socklen_t transport_addr_to_sockaddr(const struct transport_addr *addr,
				     struct sockaddr_storage *ss);

/**
 * transport_addr_parse() - read "192.0.2.1:3478" or "[2001:db8::1]:3478"
 * @addr: filled; zeroed on failure
 * @text: the address; without a port ("192.0.2.1", "2001:db8::1",
 *	"[2001:db8::1]") the port is 0. No names, no spaces, no scope ids.
 *
 * Return: 0, or -EINVAL.
 */
int transport_addr_parse(struct transport_addr *addr, const char *text);

/**
 * transport_addr_print() - write "192.0.2.1:3478" or "[2001:db8::1]:3478"
 * @addr: the address; "no address" prints as "-"
 * @buf: where to
 *
 * Return: @buf, so that it can stand in an argument list.
 */
const char *transport_addr_print(const struct transport_addr *addr,
				 char buf[static TRANSPORT_ADDR_STRLEN]);

/**
 * transport_addr_print_ip() - the same without port and brackets
 * @addr: the address; "no address" prints as "-"
 * @buf: where to
 *
 * Return: @buf.
 */
const char *transport_addr_print_ip(const struct transport_addr *addr,
				    char buf[static TRANSPORT_ADDR_STRLEN]);

/**
 * transport_addr_unmap() - turn ::ffff:192.0.2.1 into 192.0.2.1
 * @addr: changed in place if it is a v4-mapped IPv6 address, else left alone
 *
 * Dual-stack sockets report IPv4 peers so. Everything that compares or
 * filters addresses must see the one canonical form.
 */
void transport_addr_unmap(struct transport_addr *addr);

/**
 * transport_addr_embedded_ipv4() - the IPv4 address inside an IPv6 one
 * @addr: an address
 * @inner: filled with the IPv4 address and the port of @addr; zeroed if none
 *
 * Knows v4-mapped (::ffff:0:0/96), v4-compatible (::/96 except :: and ::1),
 * NAT64 (64:ff9b::/96; 64:ff9b:1::/48 as prefixes of 96 bits), IPv4-translated
 * (::ffff:0:0:0/96), 6to4 (2002::/16) and Teredo (2001::/32, the client's
 * address). Packets to such addresses may end at the IPv4 host, so an address
 * filter has to judge both the outer and the inner address.
 *
 * Return: true if there is one.
 */
bool transport_addr_embedded_ipv4(const struct transport_addr *addr,
				  struct transport_addr *inner);

/** transport_addr_is_tunneled() - is it of 6to4 (2002::/16) or Teredo (2001::/32)? */
bool transport_addr_is_tunneled(const struct transport_addr *addr);

#endif /* KTURN_STUN_ADDR_H */

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets made by hand and packets caught, compared byte by byte.
 *
 * Whatever is expected is built here from nothing, every checksum computed in
 * full over the finished packet; nothing is shared with the module, which
 * changes headers and updates checksums in place.
 */
#ifndef KTURN_TESTS_PACKET_H
#define KTURN_TESTS_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "netns.h"
#include "stun/addr.h"

#define PACKET_MAX 66000
#define PACKET_TIMEOUT_MS 3000

/**
 * struct udp_packet - a UDP datagram in its IP packet
 * @src: source transport address
 * @dst: destination transport address
 * @data: UDP payload
 * @len: its length in bytes
 * @hops: TTL or hop limit
 * @tos: DSCP and ECN: TOS or traffic class
 * @df: IPv4: don't fragment
 * @no_checksum: UDP checksum 0
 * @bad_checksum: added to the right UDP checksum (0 leaves it right)
 * @length_lie: added to the UDP length field
 * @id: IPv4 identification
 * @flow_label: IPv6
 * @options: IPv4 options or IPv6 extension headers (the first's type in
 *	@next_header), put in front of the UDP header
 * @options_len: their length in bytes, a multiple of 4 (IPv4) or 8 (IPv6)
 * @next_header: IPv6: type of the first extension header
 */
struct udp_packet {
	struct transport_addr src, dst;
	const void *data;
	size_t len;
	uint8_t hops, tos;
	bool df, no_checksum;
	uint16_t bad_checksum, id;
	int length_lie;
	uint32_t flow_label;
	const void *options;
	size_t options_len;
	uint8_t next_header;
};

/**
 * struct frame - a frame that was caught
 * @len: length in bytes
 * @ip: where its IP packet begins, behind the Ethernet header and VLAN tags
 * @csum_not_ready: the UDP checksum field holds the pseudo header's sum: it
 *	was left to the device (CHECKSUM_PARTIAL)
 * @data: from the Ethernet header on
 */
struct frame {
	size_t len, ip;
	bool csum_not_ready;
	uint8_t data[PACKET_MAX];
};

/**
 * struct wire - one end of a veth, to put frames on and catch them
 * @fd: AF_PACKET socket; sees what arrives, not what is sent
 * @mac: this end's Ethernet address
 * @remote_mac: the other end's
 * @tags: VLAN tags as they are on the wire: put into frames that are sent, and
 *	expected in those that are caught
 * @tags_len: their length in bytes, 0, 4 or 8
 * @ifindex: for a device without Ethernet header, 0 for others: its frames
 *	are caught with a header made up of the two addresses
 */
struct wire {
	int fd;
	uint8_t mac[6], remote_mac[6];
	uint8_t tags[8];
	size_t tags_len;
	int ifindex;
};

/**
 * packet_build() - make the IP packet
 * @buf: where to, PACKET_MAX bytes
 * @p: what it is to be
 *
 * Return: its length in bytes.
 */
size_t packet_build(uint8_t *buf, const struct udp_packet *p);

/**
 * packet_build_icmp_error() - make the IP packet of an ICMP error
 * @buf: where to, PACKET_MAX bytes
 * @src: who sends it
 * @dst: who is told
 * @type: ICMP or ICMPv6 type, by the family of @src
 * @code: and code
 * @mtu: MTU that it reports, 0 where there is none
 * @about: the packet that it is about
 * @about_len: its length in bytes; all of it is quoted
 *
 * Return: its length in bytes.
 */
size_t packet_build_icmp_error(uint8_t *buf, const struct transport_addr *src,
			       const struct transport_addr *dst, uint8_t type,
			       uint8_t code, uint32_t mtu,
			       const uint8_t *about, size_t about_len);

/**
 * packet_set_ipv4_checksum() - compute it anew, after changes by hand
 * @ip: IPv4 header
 */
void packet_set_ipv4_checksum(uint8_t *ip);

/**
 * packet_checksum() - the Internet checksum (RFC 1071)
 * @start: sum of what went before, 0 at first
 * @data: further bytes
 * @len: how many; odd only for the last call
 *
 * Return: the sum, folded to 16 bits and not complemented.
 */
uint16_t packet_checksum(uint16_t start, const void *data, size_t len);

/**
 * packet_pseudo_sum() - sum of a datagram's pseudo header
 * @p: the datagram
 *
 * Return: the sum, folded and not complemented: what the checksum field holds
 * where the device is to fill it in (CHECKSUM_PARTIAL).
 */
uint16_t packet_pseudo_sum(const struct udp_packet *p);

/**
 * wire_open() - catch and send frames on a device
 * @w: filled
 * @n: the namespaces
 * @id: in which
 * @device: name of the device
 * @mac: its Ethernet address
 * @remote_mac: Ethernet address to send frames to
 *
 * Return: 0, or a negative errno.
 */
int wire_open(struct wire *w, const struct netns *n, enum netns_id id,
	      const char *device, const uint8_t mac[6],
	      const uint8_t remote_mac[6]);

/**
 * wire_open_bare() - catch and send packets on a device without Ethernet
 * @w: filled
 * @n: the namespaces
 * @id: in which
 * @device: name of the device, a tunnel's
 *
 * Return: 0, or a negative errno.
 */
int wire_open_bare(struct wire *w, const struct netns *n, enum netns_id id,
		   const char *device);

/**
 * wire_set_tags() - what is in front of the EtherType from now on
 * @w: the wire
 * @tags: VLAN tags, each a TPID (0x8100 or 0x88a8) and its TCI
 * @len: their length in bytes
 */
void wire_set_tags(struct wire *w, const void *tags, size_t len);

/**
 * wire_close() - stop
 * @w: the wire
 */
void wire_close(struct wire *w);

/**
 * wire_send() - put an IP packet on the wire
 * @w: the wire
 * @ip: the packet
 * @len: its length in bytes
 *
 * Return: 0, or a negative errno.
 */
int wire_send(const struct wire *w, const void *ip, size_t len);

/**
 * wire_send_udp() - build a datagram and put it on the wire
 * @w: the wire
 * @p: the datagram
 *
 * Return: 0, or a negative errno.
 */
int wire_send_udp(const struct wire *w, const struct udp_packet *p);

/**
 * wire_receive() - the next IP frame that arrives
 * @w: the wire
 * @f: filled
 * @timeout_ms: how long to wait for it
 *
 * Neighbour discovery, ARP and multicast housekeeping are left out.
 *
 * Return: 0, or a negative errno (-ETIME).
 */
int wire_receive(const struct wire *w, struct frame *f, int timeout_ms);

/**
 * wire_drain() - throw away what has been caught
 * @fd: the wire's socket
 *
 * Return: number of frames that wire_receive() would have given.
 */
uint64_t wire_drain(int fd);

/**
 * frame_is_udp() - is the frame this datagram, byte by byte?
 * @f: the frame
 * @w: where it was caught: its Ethernet addresses and tags are compared too
 * @want: the datagram. What the relay has to choose (IPv4 identification,
 *	IPv6 flow label) is taken from the frame.
 *
 * Prints both on stdout where they differ.
 */
bool frame_is_udp(const struct frame *f, const struct wire *w,
		  const struct udp_packet *want);

/**
 * frame_add_fragment() - put a datagram together again
 * @whole: what there is of it so far; empty (length 0) at first
 * @f: the next fragment, in order
 * @mtu: length of the longest packet that is allowed
 * @more: whether there are more to come
 *
 * The complete one has the headers of the first, without those of a fragment.
 *
 * Return: whether the fragment fits the ones before.
 */
bool frame_add_fragment(struct frame *whole, const struct frame *f, size_t mtu,
			bool *more);

/**
 * frame_is_icmp_error() - is the frame this ICMP error about this packet?
 * @f: the frame
 * @src: who sends the error
 * @dst: who is told
 * @type: ICMP or ICMPv6 type, by the family of @src
 * @code: and code
 * @mtu: MTU that it reports, 0 where there is none
 * @about: the packet that it is about, as its sender sent it
 * @about_len: its length in bytes
 *
 * The quoted packet is compared byte by byte, as far as it is quoted (8 bytes
 * of UDP at least), the checksums are verified. Prints what differs.
 */
bool frame_is_icmp_error(const struct frame *f,
			 const struct transport_addr *src,
			 const struct transport_addr *dst, uint8_t type,
			 uint8_t code, uint32_t mtu, const uint8_t *about,
			 size_t about_len);

/**
 * frame_udp_port() - destination port of a UDP frame
 * @f: the frame
 *
 * Return: the port, 0 if it is not UDP.
 */
uint16_t frame_udp_port(const struct frame *f);

/**
 * packet_dump() - print bytes as diagnostics
 * @what: printed in front
 * @data: the bytes
 * @len: how many
 */
void packet_dump(const char *what, const void *data, size_t len);

#endif /* KTURN_TESTS_PACKET_H */

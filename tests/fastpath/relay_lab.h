/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client, a relay and a peer, for tests that say what becomes of a datagram.
 *
 * The relay's namespace holds one allocation with one permission and one
 * channel. Instead of a daemon there are two plain UDP sockets, bound to the
 * server's and the relayed transport address: what they receive is what the
 * module passed up. Every expectation is booked in @want, and relay_settled()
 * then holds the module's counters against it, all of them.
 */
#ifndef KTURN_TESTS_RELAY_LAB_H
#define KTURN_TESTS_RELAY_LAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fastpath/fastpath.h"
#include "netns.h"
#include "packet.h"
#include "relay_door.h"

#define RELAY_CHANNEL 0x4000
#define RELAY_TIMEOUT_MS 600000

#define RELAY_SERVER_PORT 3478
#define RELAY_RELAYED_PORT 49152
#define RELAY_CLIENT_PORT 50000
#define RELAY_PEER_PORT 5000

enum direction {
	TO_PEER,
	TO_CLIENT
};

/**
 * struct relay - the set-up
 * @ns: the namespaces
 * @client: the client's end of its link
 * @peer: the peer's end of its link
 * @fastpath: netlink to the module, in the relay's namespace
 * @family: address family of the client's side
 * @peer_family: of the peer's, the relayed transport address with it
 * @allocation: the allocation, its @id filled in
 * @peer_addr: the peer's transport address
 * @client_fd: UDP socket in the client
 * @server_fd: UDP socket at the server transport address
 * @relayed_fd: UDP socket at the relayed transport address
 * @peer_fd: UDP socket in the peer
 * @fence_fd: UDP socket in the relay, for relay_settled()
 * @fences: how many fences there have been
 * @door: XDP, if the lab is run with it
 * @want: what the module's counters have to be
 * @scratch: expected ChannelData
 */
struct relay {
	struct netns ns;
	struct wire client, peer;
	struct fastpath *fastpath;
	int family, peer_family;
	struct fastpath_allocation allocation;
	struct transport_addr peer_addr;
	int client_fd, server_fd, relayed_fd, peer_fd, fence_fd;
	uint32_t fences;
	struct relay_door *door;
	struct fastpath_stats want;
	uint8_t scratch[PACKET_MAX];
};

/**
 * relay_open() - set everything up
 * @r: filled
 * @family: AF_INET or AF_INET6
 *
 * The process stays on one CPU, so that packets keep their order.
 *
 * Return: 0, or a negative errno; the reason is on stdout. -ENODEV: the
 * module is not loaded.
 */
int relay_open(struct relay *r, int family);

/**
 * relay_open_between() - the same with a peer of another address family
 * @r: filled
 * @family: AF_INET or AF_INET6, of the client's side
 * @peer_family: of the peer's
 *
 * Return: as relay_open()
 */
int relay_open_between(struct relay *r, int family, int peer_family);

/**
 * relay_close() - take it down
 * @r: the set-up
 */
void relay_close(struct relay *r);

/**
 * relay_install() - allocation, permission and channel anew
 * @r: the set-up
 * @timeout_ms: for all three
 *
 * Return: 0, or a negative errno; the reason is on stdout.
 */
int relay_install(struct relay *r, uint32_t timeout_ms);

/**
 * relay_permit() - install or refresh the peer's permission
 * @r: the set-up
 * @timeout_ms: its time to live
 *
 * Return: 0, or a negative errno; the reason is on stdout.
 */
int relay_permit(struct relay *r, uint32_t timeout_ms);

/**
 * relay_bind() - install or refresh RELAY_CHANNEL to the peer
 * @r: the set-up
 * @timeout_ms: its time to live
 *
 * Return: 0, or a negative errno; the reason is on stdout.
 */
int relay_bind(struct relay *r, uint32_t timeout_ms);

/**
 * relay_set_hook() - let the module look elsewhere
 * @r: the set-up
 * @hook: where
 *
 * Return: 0, or a negative errno; the reason is on stdout.
 */
int relay_set_hook(struct relay *r, enum kturn_hook hook);

/**
 * relay_fill() - bytes that depend on their place
 * @buf: filled
 * @len: how many
 */
void relay_fill(void *buf, size_t len);

/**
 * relay_channel_data() - make a ChannelData message
 * @buf: where to
 * @number: channel number
 * @data: application data, or NULL for relay_fill()'s
 * @len: its length in bytes
 * @pad: bytes of padding behind it, all 0xa5
 *
 * Return: length of the message in bytes, padding included.
 */
size_t relay_channel_data(uint8_t *buf, uint16_t number, const void *data,
			  size_t len, size_t pad);

/**
 * relay_datagram() - a datagram to the relay
 * @r: the set-up
 * @dir: TO_PEER: from the client to the server transport address; TO_CLIENT:
 *	from the peer to the relayed transport address
 * @data: UDP payload
 * @len: its length in bytes
 */
struct udp_packet relay_datagram(const struct relay *r, enum direction dir,
				 const void *data, size_t len);

/**
 * relay_message() - a datagram that the module has to forward
 * @r: the set-up
 * @dir: its direction
 * @buf: for the UDP payload, PACKET_MAX bytes
 * @len: length of the application data in bytes
 */
struct udp_packet relay_message(const struct relay *r, enum direction dir,
				uint8_t *buf, size_t len);

/**
 * relay_output() - what a datagram is when it leaves the relay
 * @r: the set-up; its scratch buffer is used
 * @dir: its direction
 * @in: the datagram as it came; ChannelData on any channel, or peer's data
 *
 * DSCP, ECN and DF are copied and the hop limit is one less (RFC 8656
 * sections 13 and 14), as after a router. What was IPv6 and becomes IPv4 may
 * be fragmented up to a length of 1260 bytes (RFC 7915 section 5.1).
 */
struct udp_packet relay_output(struct relay *r, enum direction dir,
			       const struct udp_packet *in);

/**
 * relay_expect_output() - a datagram is to come out, and to be counted
 * @r: the set-up
 * @dir: its direction
 * @in: the datagram as it was sent
 *
 * Return: whether it did, byte by byte.
 */
bool relay_expect_output(struct relay *r, enum direction dir,
			 const struct udp_packet *in);

/**
 * relay_forwards() - send a datagram; the module forwards it
 * @r: the set-up
 * @dir: its direction
 * @in: the datagram
 *
 * Return: whether it did, byte by byte.
 */
bool relay_forwards(struct relay *r, enum direction dir,
		    const struct udp_packet *in);

/**
 * relay_forwards_bytes() - the same for a plain datagram of some size
 * @r: the set-up
 * @dir: its direction
 * @len: length of the application data in bytes
 *
 * Return: whether it did, byte by byte.
 */
bool relay_forwards_bytes(struct relay *r, enum direction dir, size_t len);

/**
 * wire_in() - the sender's end of its link
 * @r: the set-up
 * @dir: which way it sends
 */
struct wire *wire_in(struct relay *r, enum direction dir);

/** wire_out() - the receiver's, likewise */
struct wire *wire_out(struct relay *r, enum direction dir);

/**
 * relay_catch() - this datagram is to arrive
 * @w: where
 * @want: the datagram
 *
 * Return: whether it did, byte by byte.
 */
bool relay_catch(const struct wire *w, const struct udp_packet *want);

/**
 * relay_expect_fragments() - a datagram is to come out in fragments
 * @r: the set-up
 * @dir: its direction
 * @in: the datagram as it was sent
 * @mtu: length of the longest
 *
 * Return: whether it did: put together again, byte by byte.
 */
bool relay_expect_fragments(struct relay *r, enum direction dir,
			    const struct udp_packet *in, size_t mtu);

/**
 * relay_expect_too_big() - the sender is to be told of an MTU
 * @r: the set-up
 * @dir: direction of the datagram
 * @in: the datagram as it was sent
 * @mtu: the MTU
 *
 * Return: whether it was, about this datagram.
 */
bool relay_expect_too_big(struct relay *r, enum direction dir,
			  const struct udp_packet *in, uint32_t mtu);

/**
 * relay_expect_time_exceeded() - the sender is to be told of the hop limit
 * @r: the set-up
 * @dir: direction of the datagram
 * @in: the datagram as it was sent
 *
 * Return: whether it was, about this datagram.
 */
bool relay_expect_time_exceeded(struct relay *r, enum direction dir,
				const struct udp_packet *in);

/**
 * relay_expect_passed() - a datagram is to reach the server's socket
 * @r: the set-up
 * @dir: its direction
 * @in: the datagram as it was sent
 * @reason: KTURN_A_PASSED_*, or 0 if nothing counts it
 *
 * Return: whether it did, with payload, source, TOS and TTL untouched.
 */
bool relay_expect_passed(struct relay *r, enum direction dir,
			 const struct udp_packet *in, int reason);

/**
 * relay_passes() - send a datagram; the module leaves it to the server
 * @r: the set-up
 * @dir: its direction
 * @in: the datagram
 * @reason: KTURN_A_PASSED_*, or 0 if nothing counts it
 *
 * Return: whether it did.
 */
bool relay_passes(struct relay *r, enum direction dir,
		  const struct udp_packet *in, int reason);

/**
 * relay_drops() - send a datagram; the module drops it
 * @r: the set-up
 * @dir: its direction
 * @in: the datagram
 * @reason: KTURN_A_DROPPED_*
 *
 * That nothing came out is found by relay_settled().
 *
 * Return: whether it could be sent.
 */
bool relay_drops(struct relay *r, enum direction dir,
		 const struct udp_packet *in, int reason);

/**
 * relay_quiet() - nothing else came out anywhere
 * @r: the set-up
 *
 * Waits until all that was sent has been dealt with: a fence follows it
 * through the same queues. Then no frame may be left on either wire, and no
 * datagram at the server's sockets.
 */
bool relay_quiet(struct relay *r);

/**
 * relay_counted() - the module's counters are what was booked
 * @r: the set-up
 */
bool relay_counted(struct relay *r);

/**
 * relay_settled() - relay_quiet() and relay_counted()
 * @r: the set-up
 *
 * What every test ends with.
 */
bool relay_settled(struct relay *r);

/**
 * relay_passed_since_booked() - book what a passed counter has moved
 * @r: the set-up
 * @reason: KTURN_A_PASSED_*
 *
 * For where the contract leaves the number open; the caller judges it.
 *
 * Return: by how much it is beyond what was booked before.
 */
uint64_t relay_passed_since_booked(struct relay *r, int reason);

/**
 * relay_stats() - the module's counters now
 * @r: the set-up
 *
 * Return: all of them 0 (and a line on stdout) if they cannot be had.
 */
struct fastpath_stats relay_stats(struct relay *r);

/**
 * relay_print_stats() - the module's counters as diagnostics, zeros left out
 * @r: the set-up
 */
void relay_print_stats(struct relay *r);

#endif /* KTURN_TESTS_RELAY_LAB_H */

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Three network namespaces in a row, for tests of the packet path:
 *
 *   client                        relay                         peer
 *   ┌──────────────────┐          ┌──────────────────┐          ┌──────────────────┐
 *   │ 192.0.2.1      c ├──────────┤ rc     192.0.2.2 │          │                  │
 *   │ 2001:db8:1::1    │   veth   │    2001:db8:1::2 │          │                  │
 *   │                  │          │ rp  198.51.100.2 ├──────────┤ p   198.51.100.1 │
 *   │                  │          │    2001:db8:2::2 │   veth   │    2001:db8:2::1 │
 *   └──────────────────┘          └──────────────────┘          └──────────────────┘
 *
 * Nothing in them sends on its own (no autoconfiguration, no duplicate address
 * detection, neighbours are permanent), so every frame seen is accounted for.
 * ICMP errors are not rate limited. The namespaces die with the process.
 */
#ifndef KTURN_TESTS_NETNS_H
#define KTURN_TESTS_NETNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stun/addr.h"

struct nl_sock;

enum netns_id {
	NETNS_CLIENT,
	NETNS_RELAY,
	NETNS_PEER,
	NETNS_COUNT
};

/**
 * struct netns - the three namespaces
 * @fd: one file descriptor for each, to enter it by
 */
struct netns {
	int fd[NETNS_COUNT];
};

/* The four ends of the two links; that across from an end is the end ^ 1. */
enum netns_end_id {
	NETNS_C,
	NETNS_RC,
	NETNS_RP,
	NETNS_P,
	NETNS_ENDS
};

/**
 * struct netns_end - one end of a link, and who is beyond
 * @id: namespace
 * @device: its device
 * @addr: its addresses, IPv4 and IPv6
 * @neighbour: those of the other end
 * @mac: its Ethernet address
 * @neighbour_mac: that of the other end
 * @gateway: the neighbour is its default gateway
 */
struct netns_end {
	enum netns_id id;
	const char *device;
	const char *addr[2], *neighbour[2];
	const uint8_t *mac, *neighbour_mac;
	bool gateway;
};

extern const struct netns_end netns_ends[NETNS_ENDS];

/* Ethernet addresses: the last byte tells whose. */
extern const uint8_t netns_mac_c[6], netns_mac_rc[6];
extern const uint8_t netns_mac_rp[6], netns_mac_p[6];

/**
 * netns_open() - make the namespaces, their links, addresses and neighbours
 * @n: filled
 *
 * The calling thread is left in the relay's namespace.
 *
 * Return: 0, or a negative errno; the reason is on stdout.
 */
int netns_open(struct netns *n);

/**
 * netns_settle() - give an end's addresses and neighbours to a device
 * @n: the namespaces
 * @end: the end
 * @device: name of the device, once it is up
 * @neighbour_mac: Ethernet address of the neighbours, NULL for a device that
 *	knows none
 *
 * Leaves the calling thread in the end's namespace.
 *
 * Return: 0, or a negative errno; the reason is on stdout.
 */
int netns_settle(const struct netns *n, enum netns_end_id end,
		 const char *device, const uint8_t *neighbour_mac);

/**
 * netns_unsettle() - take an end's addresses from its device
 * @n: the namespaces
 * @end: the end
 *
 * Leaves the calling thread in the end's namespace.
 *
 * Return: 0, or a negative errno; the reason is on stdout.
 */
int netns_unsettle(const struct netns *n, enum netns_end_id end);

/**
 * netns_wait_for_link() - wait until a device may be given packets
 * @n: the namespaces
 * @id: in which
 * @device: its name; a kind of device that knows whether its link is up
 *
 * Return: 0, or a negative errno; the reason is on stdout.
 */
int netns_wait_for_link(const struct netns *n, enum netns_id id,
			const char *device);

/**
 * netns_close() - let go of the namespaces; sockets keep theirs alive
 * @n: the namespaces
 */
void netns_close(struct netns *n);

/**
 * netns_enter() - move the calling thread
 * @n: the namespaces
 * @id: where to
 *
 * Return: 0, or a negative errno.
 */
int netns_enter(const struct netns *n, enum netns_id id);

/**
 * netns_run() - run a shell command in a namespace
 * @n: the namespaces
 * @id: in which
 * @fmt: the command, as for printf()
 *
 * Leaves the calling thread in that namespace.
 *
 * Return: exit status of the command, or a negative errno; a status other
 * than 0 is also told on stdout.
 */
int netns_run(const struct netns *n, enum netns_id id, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * netns_modprobe() - load a module of the kernel's, unless it is there
 * @name: its name
 *
 * Return: 0, or a negative errno; the reason is on stdout.
 */
int netns_modprobe(const char *name);

/**
 * netns_rtnl() - enter a namespace and open a socket there: rtnl_close() it
 * @n: the namespaces
 * @id: which
 *
 * Return: the socket, or NULL; the reason is on stdout.
 */
struct nl_sock *netns_rtnl(const struct netns *n, enum netns_id id);

/**
 * netns_sysctl() - write a setting under /proc/sys
 * @n: the namespaces
 * @id: in which
 * @path: below /proc/sys/, with slashes
 * @value: what to write
 *
 * Return: 0, or a negative errno.
 */
int netns_sysctl(const struct netns *n, enum netns_id id, const char *path,
		 const char *value);

/**
 * netns_offload_checksum() - let a device fill in checksums, or do not
 * @n: the namespaces
 * @id: in which
 * @device: name of the device
 * @on: veth defers them (CHECKSUM_PARTIAL goes across) when true
 *
 * Return: 0, or a negative errno.
 */
int netns_offload_checksum(const struct netns *n, enum netns_id id,
			   const char *device, int on);

/**
 * netns_set_gro() - let a device put packets together, or do not
 * @n: the namespaces
 * @id: in which
 * @device: name of the device
 * @on: whether; a veth with it takes frames that never were an skb
 *
 * Return: 0, or a negative errno.
 */
int netns_set_gro(const struct netns *n, enum netns_id id, const char *device,
		  int on);

/**
 * netns_udp_socket() - a UDP socket in a namespace
 * @n: the namespaces
 * @id: in which
 * @addr: what to bind it to
 *
 * The socket does not block and reports TTL and TOS of what it receives
 * (IP_RECVTTL and so on). It asks for a large receive buffer.
 *
 * Return: the socket, or a negative errno.
 */
int netns_udp_socket(const struct netns *n, enum netns_id id,
		     const struct transport_addr *addr);

#endif /* KTURN_TESTS_NETNS_H */

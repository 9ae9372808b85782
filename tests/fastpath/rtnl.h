/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rtnetlink requests that set up a test's namespaces, and change them under
 * traffic. Running ip(8) instead takes half a second a time in an emulated
 * guest.
 */
#ifndef KTURN_TESTS_RTNL_H
#define KTURN_TESTS_RTNL_H

#include <stdbool.h>
#include <stdint.h>

#include "stun/addr.h"

struct nl_sock;

/**
 * rtnl_open() - a socket in the calling thread's namespace
 *
 * Return: the socket, or NULL.
 */
struct nl_sock *rtnl_open(void);

/**
 * rtnl_close() - close it
 * @sk: the socket, or NULL
 */
void rtnl_close(struct nl_sock *sk);

/* All others return 0 or a negative errno, the reason being on stdout. */

/**
 * rtnl_veth() - make a pair of devices
 * @sk: a socket in the first one's namespace
 * @name: of the first
 * @mac: of the first
 * @peer: name of the second
 * @peer_mac: of the second
 * @peer_ns: namespace of the second, as a file descriptor
 */
int rtnl_veth(struct nl_sock *sk, const char *name, const uint8_t mac[6],
	      const char *peer, const uint8_t peer_mac[6], int peer_ns);

/**
 * struct rtnl_attr - an attribute of a kind of device
 * @type: IFLA_<KIND>_*; 0 ends a list
 * @len: length of its value in bytes
 * @value: its value
 */
struct rtnl_attr {
	uint16_t type, len;
	const void *value;
};

/**
 * rtnl_link() - make a device of some kind
 * @sk: a socket in its namespace
 * @name: its name
 * @kind: as in "ip link add type KIND"
 * @under: name of the device that it is on top of, or NULL
 * @mac: its Ethernet address, or NULL
 * @attrs: its attributes
 */
int rtnl_link(struct nl_sock *sk, const char *name, const char *kind,
	      const char *under, const uint8_t mac[6],
	      const struct rtnl_attr *attrs);

/**
 * rtnl_enslave() - put a device into a bond, a bridge or a VRF
 * @sk: a socket in its namespace
 * @device: its name
 * @master: name of the bond, bridge or VRF
 */
int rtnl_enslave(struct nl_sock *sk, const char *device, const char *master);

/**
 * rtnl_up() - set a device up
 * @sk: a socket in its namespace
 * @device: its name
 */
int rtnl_up(struct nl_sock *sk, const char *device);

/**
 * rtnl_down() - set a device down
 * @sk: a socket in its namespace
 * @device: its name
 */
int rtnl_down(struct nl_sock *sk, const char *device);

/**
 * rtnl_set_mtu() - set a device's MTU
 * @sk: a socket in its namespace
 * @device: its name
 * @mtu: in bytes
 */
int rtnl_set_mtu(struct nl_sock *sk, const char *device, uint32_t mtu);

/**
 * rtnl_delete() - delete a device
 * @sk: a socket in its namespace
 * @device: its name
 *
 * The kernel answers when nothing refers to the device any more.
 */
int rtnl_delete(struct nl_sock *sk, const char *device);

/**
 * rtnl_is_up() - may packets be given to a device?
 * @sk: a socket in its namespace
 * @device: its name
 *
 * Its operational state (RFC 2863) must be up. IFF_RUNNING takes a new device
 * that said nothing yet for up too, and its queue may then drop what it gets.
 *
 * Return: 1 or 0, or a negative errno.
 */
int rtnl_is_up(struct nl_sock *sk, const char *device);

/**
 * rtnl_address() - give a device an address
 * @sk: a socket in its namespace
 * @device: its name
 * @addr: the address; the prefix is /24 or /64
 *
 * Waits until it is in use, for which its device has to be up.
 */
int rtnl_address(struct nl_sock *sk, const char *device, const char *addr);

/**
 * rtnl_address_delete() - take an address from a device
 * @sk: a socket in its namespace
 * @device: its name
 * @addr: the address, as rtnl_address() gave it
 */
int rtnl_address_delete(struct nl_sock *sk, const char *device,
			const char *addr);

/**
 * rtnl_neighbour() - make a neighbour known for good
 * @sk: a socket in the namespace
 * @device: where the neighbour is
 * @addr: its address
 * @mac: its Ethernet address
 */
int rtnl_neighbour(struct nl_sock *sk, const char *device, const char *addr,
		   const uint8_t mac[6]);

/**
 * rtnl_neighbour_delete() - forget a neighbour
 * @sk: a socket in the namespace
 * @device: where it is
 * @addr: its address
 */
int rtnl_neighbour_delete(struct nl_sock *sk, const char *device,
			  const char *addr);

/**
 * rtnl_default_route() - send everything else to a gateway
 * @sk: a socket in the namespace
 * @gateway: its address
 */
int rtnl_default_route(struct nl_sock *sk, const char *gateway);

/**
 * struct rtnl_route - a route
 * @dst: the host that it leads to, NULL for all that have no other
 * @type: RTN_*, 0 for RTN_UNICAST
 * @device: name of the device to send by, NULL to leave it to the gateways
 * @gateway: address of the gateway, or NULL; may be of the other family
 * @gateway2: of a second one, to share the load with
 * @mtu: path MTU in bytes, locked; 0 for the device's
 * @table: routing table, 0 for the main one
 */
struct rtnl_route {
	const char *dst;
	uint8_t type;
	const char *device, *gateway, *gateway2;
	uint32_t mtu, table;
};

/**
 * rtnl_route() - add a route, or replace that to the same host
 * @sk: a socket in the namespace
 * @route: the route
 */
int rtnl_route(struct nl_sock *sk, const struct rtnl_route *route);

/**
 * rtnl_route_delete() - delete the route to a host
 * @sk: a socket in the namespace
 * @route: its destination and table
 */
int rtnl_route_delete(struct nl_sock *sk, const struct rtnl_route *route);

/**
 * rtnl_rule() - have a source address looked up in a table of its own
 * @sk: a socket in the namespace
 * @src: the address
 * @table: routing table
 */
int rtnl_rule(struct nl_sock *sk, const char *src, uint32_t table);

/**
 * rtnl_rule_delete() - undo rtnl_rule()
 * @sk: a socket in the namespace
 * @src: the address
 * @table: routing table
 */
int rtnl_rule_delete(struct nl_sock *sk, const char *src, uint32_t table);

#endif /* KTURN_TESTS_RTNL_H */

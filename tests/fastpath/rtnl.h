/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The few rtnetlink requests that set up a test's namespaces. Running ip(8)
 * instead takes half a second a time in an emulated guest.
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
 * rtnl_up() - set a device up
 * @sk: a socket in its namespace
 * @device: its name
 */
int rtnl_up(struct nl_sock *sk, const char *device);

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
 */
int rtnl_address(struct nl_sock *sk, const char *device, const char *addr);

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
 * rtnl_default_route() - send everything else to a gateway
 * @sk: a socket in the namespace
 * @gateway: its address
 */
int rtnl_default_route(struct nl_sock *sk, const char *gateway);

#endif /* KTURN_TESTS_RTNL_H */

/* SPDX-License-Identifier: BSD-3-Clause */
/* The addresses of this host. */
#ifndef KTURN_NET_LOCAL_ADDRESSES_H
#define KTURN_NET_LOCAL_ADDRESSES_H

#include <stddef.h>

#include "stun/addr.h"

/**
 * local_addresses() - list them
 * @v: filled; to be freed with free()
 * @n: filled: how many
 *
 * Those of interfaces that are up, each once, port 0. Without loopback
 * addresses, unless there are no others, and without link-local IPv6
 * addresses, which mean nothing without an interface.
 *
 * Return: 0 or a negative errno.
 */
int local_addresses(struct transport_addr **v, size_t *n);

#endif /* KTURN_NET_LOCAL_ADDRESSES_H */

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The door by which packets come to the module: the hook of netfilter, or XDP
 * in front of it. All tests hold for either; the environment chooses:
 *
 *	KTURN_DOOR=xdp		native XDP on both of the relay's devices
 *	KTURN_DOOR=xdp-generic	generic XDP
 *	KTURN_DOOR_TALLY=FILE	what became of the packets of each lab, for
 *				tests/fastpath/run to add up
 */
#ifndef KTURN_TESTS_RELAY_DOOR_H
#define KTURN_TESTS_RELAY_DOOR_H

#include <stdbool.h>

#include "fastpath/fastpath.h"
#include "netns.h"

struct relay_door;

/**
 * relay_door_open() - attach the XDP program, if it is asked for
 * @door: filled; NULL where it is not
 * @n: the namespaces; the thread is left in the relay's
 *
 * Return: 0, or a negative errno; the reason is on stdout.
 */
int relay_door_open(struct relay_door **door, const struct netns *n);

/**
 * relay_door_attach() - attach it to one more device, or once more
 * @door: the door, or NULL: nothing is done
 * @device: a device of the namespace that the thread is in
 *
 * Return: 0, or a negative errno; the reason is on stdout.
 */
int relay_door_attach(const struct relay_door *door, const char *device);

/**
 * relay_door_shut() - take the program away, which holds the module
 * @door: the door, or NULL: nothing is done
 * @n: the namespaces; the thread is left in the relay's
 *
 * Return: 0, or a negative errno; the reason is on stdout.
 */
int relay_door_shut(struct relay_door *door, const struct netns *n);

/**
 * relay_door_reopen() - put it back where it was
 * @door: the door, or NULL: nothing is done
 * @n: the namespaces; the thread is left in the relay's
 *
 * Return: 0, or a negative errno; the reason is on stdout.
 */
int relay_door_reopen(struct relay_door *door, const struct netns *n);

/**
 * relay_door_narrow() - on a device leave frames no room in front
 * @door: the door, which is native XDP
 * @device: a device of the namespace that the thread is in
 *
 * Return: 0, or a negative errno; the reason is on stdout.
 */
int relay_door_narrow(struct relay_door *door, const char *device);

/**
 * relay_door_close() - note what it has done, and take it away
 * @door: the door, or NULL
 * @fastpath: to ask the module, or NULL
 */
void relay_door_close(struct relay_door *door, struct fastpath *fastpath);

#endif /* KTURN_TESTS_RELAY_DOOR_H */

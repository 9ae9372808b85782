/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The program for XDP on the configured devices: what should be attached where,
 * against what is. Knows no clock and no event loop; whoever notices that
 * something may have changed calls xdp_door_check().
 *
 * A loaded program holds the module: it is loaded to be attached and not kept
 * besides, and xdp_door_hold() lets go of all. Links are pinned by the device's name, so
 * that the next daemon finds them after a crash.
 */
#ifndef KTURN_KTURND_XDP_DOOR_H
#define KTURN_KTURND_XDP_DOOR_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kturnd/config.h"
#include "kturnd/xdp_kernel.h"

struct xdp_door;

/**
 * enum xdp_state - of a device
 * @XDP_ATTACHED: the program is there
 * @XDP_WAITING: the module, its function or the program is not; see @reason
 * @XDP_NO_DEVICE: there is no such device now
 * @XDP_FOREIGN: somebody else's program is there, and stays
 * @XDP_REFUSED: the driver would not have it
 * @XDP_TAKEN_OFF: somebody took it off, and it stays off
 */
enum xdp_state {
	XDP_ATTACHED,
	XDP_WAITING,
	XDP_NO_DEVICE,
	XDP_FOREIGN,
	XDP_REFUSED,
	XDP_TAKEN_OFF,
};

/**
 * struct xdp_device - one configured device
 * @name: its name
 * @generic: the generic mode was asked for
 * @state: see there
 * @ifindex: its index when last looked at, or 0
 * @link: link to the program, or -1
 * @pinned: the link will outlive us
 * @program: id of the program, while attached
 * @since: when it was attached, in milliseconds
 * @retry_at: when to try again after a refusal
 * @retry_wait: how long that was waited for, in milliseconds
 * @reason: why not, or what else an operator should know; may be empty
 */
struct xdp_device {
	char name[IFNAMSIZ];
	bool generic;
	enum xdp_state state;
	uint32_t ifindex;
	int link;
	bool pinned;
	uint32_t program;
	uint64_t since;
	uint64_t retry_at;
	uint64_t retry_wait;
	char reason[XDP_WHY_LEN];
};

/**
 * xdp_door_new() - no device yet, and no module
 * @kernel: who is asked
 * @arg: for it
 *
 * Return: NULL without memory.
 */
struct xdp_door *xdp_door_new(const struct xdp_kernel *kernel, void *arg);

/**
 * xdp_door_free() - the end
 * @door: the door, or NULL
 * @keep: leave the program on its devices
 */
void xdp_door_free(struct xdp_door *door, bool keep);

/**
 * xdp_door_configure() - these devices from now on
 * @door: the door
 * @list: the devices
 * @now: the time in milliseconds, as for all that take it
 *
 * Those that stay as they are go on without a gap; what is pinned for others,
 * by an earlier daemon, goes.
 *
 * Return: 0 or -ENOMEM, and nothing has changed then.
 */
int xdp_door_configure(struct xdp_door *door, const struct config_xdps *list,
		       uint64_t now);

/**
 * xdp_door_module() - the module has come, or may not be used any more
 * @door: the door
 * @reason: NULL if its function can be called, else why not
 * @now: the time
 *
 * Where it has come, an earlier xdp_door_hold() is over.
 */
void xdp_door_module(struct xdp_door *door, const char *reason, uint64_t now);

/**
 * xdp_door_hold() - let go of devices and module, or go on
 * @door: the door
 * @hold: which of them
 * @now: the time
 *
 * Going on also puts the program back where somebody took it off.
 */
void xdp_door_hold(struct xdp_door *door, bool hold, uint64_t now);

/**
 * xdp_door_device_gone() - a device went away
 * @door: the door
 * @ifindex: its index
 *
 * What comes after it by this name and index is another one.
 */
void xdp_door_device_gone(struct xdp_door *door, uint32_t ifindex);

/** xdp_door_check() - see what has changed, and do what can be done */
void xdp_door_check(struct xdp_door *door, uint64_t now);

/** xdp_door_count() - number of devices */
size_t xdp_door_count(const struct xdp_door *door);

/** xdp_door_device() - one of them */
const struct xdp_device *xdp_door_device(const struct xdp_door *door,
					 size_t i);

/** xdp_state_name() - as status and metrics call it: "attached", ... */
const char *xdp_state_name(enum xdp_state state);

#endif /* KTURN_KTURND_XDP_DOOR_H */

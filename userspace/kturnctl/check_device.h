/* SPDX-License-Identifier: BSD-3-Clause */
/* What a device says of itself, where that matters to XDP. */
#ifndef KTURN_KTURNCTL_CHECK_DEVICE_H
#define KTURN_KTURNCTL_CHECK_DEVICE_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "kturnd/xdp_kernel.h"

/* enum answer - what is known of something */
enum answer {
	ANSWER_UNKNOWN,
	ANSWER_NO,
	ANSWER_YES,
};

/**
 * struct check_device - a device
 * @name: its name
 * @ifindex: its index
 * @driver: its driver; empty: it does not say
 * @native: has the driver XDP of its own, as it is set up now?
 * @takes_frames: can XDP on another device send frames by it?
 * @pieces: does its XDP take frames in several pieces?
 * @queues: receive queues; 0: it does not say
 * @lro: does it join packets in hardware?
 * @mtu: bytes; 0: it does not say
 * @attached: programs on it
 */
struct check_device {
	char name[IFNAMSIZ];
	uint32_t ifindex;
	char driver[33];
	enum answer native;
	enum answer takes_frames;
	enum answer pieces;
	unsigned int queues;
	enum answer lro;
	unsigned int mtu;
	struct xdp_attached attached;
};

/**
 * check_device_ask() - fill in all about a device
 * @dev: filled
 * @name: its name
 *
 * Return: 0; -ENODEV if there is no such device, -EMEDIUMTYPE if it is not of
 * Ethernet, or another negative errno.
 */
int check_device_ask(struct check_device *dev, const char *name);

#endif /* KTURN_KTURNCTL_CHECK_DEVICE_H */

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is asked of the kernel about XDP: small calls, behind pointers so that
 * tests can play the kernel.
 */
#ifndef KTURN_KTURND_XDP_KERNEL_H
#define KTURN_KTURND_XDP_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for why something failed. */
#define XDP_WHY_LEN 320

/**
 * struct xdp_link - a link, which holds a program on a device
 * @ifindex: of the device; 0: it is gone, or the program was taken off it
 * @program: its id
 */
struct xdp_link {
	uint32_t ifindex;
	uint32_t program;
};

/**
 * struct xdp_attached - what is attached to a device
 * @native: id of the program in its driver; 0: none
 * @generic: id of the program above it
 * @offloaded: id of the program in its hardware
 */
struct xdp_attached {
	uint32_t native;
	uint32_t generic;
	uint32_t offloaded;
};

/**
 * struct xdp_kernel - the calls
 * @load: the program, which calls the module's function and so holds the
 *	module; @why is filled on failure. Returns a file descriptor
 * @attach: returns a link: the program stays while that is open, or pinned
 * @replace: puts another program into a link, without a gap
 * @inspect: what a link is now
 * @query: what a device has; by nobody's privileges
 * @pin: gives a link a name by which it outlives the process
 * @open_pinned: the link of that name; -ENOENT if there is none
 * @unpin: takes the name away
 * @pinned: calls @fn for each name
 * @close: of a program or a link
 * @ifindex: of the device of that name now; 0: there is none
 *
 * @arg is what xdp_door_new() was given. They return 0, or as said, or a
 * negative errno.
 */
struct xdp_kernel {
	int (*load)(void *arg, char why[static XDP_WHY_LEN]);
	int (*attach)(void *arg, int program, uint32_t ifindex, bool generic);
	int (*replace)(void *arg, int link, int program);
	int (*inspect)(void *arg, int link, struct xdp_link *info);
	int (*query)(void *arg, uint32_t ifindex,
		     struct xdp_attached *attached);
	int (*pin)(void *arg, int link, const char *name);
	int (*open_pinned)(void *arg, const char *name);
	int (*unpin)(void *arg, const char *name);
	void (*pinned)(void *arg, void (*fn)(void *fn_arg, const char *name),
		       void *fn_arg);
	void (*close)(void *arg, int fd);
	uint32_t (*ifindex)(void *arg, const char *device);
};

#endif /* KTURN_KTURND_XDP_KERNEL_H */

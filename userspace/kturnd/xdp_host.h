/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel of this host, as xdp_door.h asks it: libbpf, and the directory
 * that links are pinned in.
 */
#ifndef KTURN_KTURND_XDP_HOST_H
#define KTURN_KTURND_XDP_HOST_H

#include <sys/types.h>

#include "kturnd/xdp_kernel.h"
#include "kturnd/xdp_loader.h"

/**
 * struct xdp_host - for struct xdp_kernel's calls
 * @pins: the directory, or -1
 * @loader: who loads the program, or NULL: this process does
 */
struct xdp_host {
	int pins;
	struct xdp_loader *loader;
};

extern const struct xdp_kernel xdp_host_kernel;

/** xdp_host_built() - was kturnd built with what XDP needs? */
bool xdp_host_built(void);

/**
 * xdp_host_load() - load the program in this process
 * @why: filled on failure
 *
 * Takes CAP_BPF, CAP_NET_ADMIN and, to look the module's function up,
 * CAP_SYS_ADMIN.
 *
 * Return: a file descriptor, or a negative errno.
 */
int xdp_host_load(char why[static XDP_WHY_LEN]);

/**
 * xdp_host_query() - what a device has, see struct xdp_kernel
 */
int xdp_host_query(uint32_t ifindex, struct xdp_attached *attached);

/**
 * xdp_pins_path() - where this network namespace's links are pinned
 * @dir: xdp-pin
 * @path: filled
 * @size: its size in bytes
 *
 * Each namespace has a directory of its own below @dir.
 *
 * Return: 0 or a negative errno.
 */
int xdp_pins_path(const char *dir, char *path, size_t size);

/**
 * xdp_pins_open() - the directory for links
 * @dir: xdp-pin
 * @create: make it where it is not; else it is no failure if it is not there
 * @owner: who shall be able to use it, with what is in it
 * @group: likewise
 * @why: filled on failure
 *
 * Return: a file descriptor, -ENOENT if there is none and none was to be made,
 * or another negative errno.
 */
int xdp_pins_open(const char *dir, bool create, uid_t owner, gid_t group,
		  char why[static XDP_WHY_LEN]);

/** xdp_pins_foreach() - call @fn with the name of each pinned link */
void xdp_pins_foreach(int pins, void (*fn)(void *arg, const char *name),
		      void *arg);

#endif /* KTURN_KTURND_XDP_HOST_H */

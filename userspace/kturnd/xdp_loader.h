/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A process that loads the program for a daemon that has given its privileges
 * up: looking a module's function up takes CAP_SYS_ADMIN, which is too much to
 * keep for who talks to the network. It does nothing else, holds no socket and
 * no file, and ends with the daemon.
 */
#ifndef KTURN_KTURND_XDP_LOADER_H
#define KTURN_KTURND_XDP_LOADER_H

#include "kturnd/xdp_kernel.h"

struct xdp_loader;

/**
 * xdp_loader_start() - start the process
 * @loader: filled
 * @load: what it calls when asked: as xdp_host_load()
 *
 * While there are the privileges to, and but one thread.
 *
 * Return: 0 or a negative errno.
 */
int xdp_loader_start(struct xdp_loader **loader,
		     int (*load)(char why[static XDP_WHY_LEN]));

/**
 * xdp_loader_load() - have it load the program
 * @loader: the loader
 * @why: filled on failure
 *
 * Waits for a few seconds at most.
 *
 * Return: a file descriptor, or a negative errno.
 */
int xdp_loader_load(struct xdp_loader *loader, char why[static XDP_WHY_LEN]);

/** xdp_loader_stop() - end the process; NULL is fine */
void xdp_loader_stop(struct xdp_loader *loader);

#endif /* KTURN_KTURND_XDP_LOADER_H */

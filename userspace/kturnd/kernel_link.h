/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker's connection to kturn.ko: the protocol core's wishes, as netlink
 * requests.
 */
#ifndef KTURN_KTURND_KERNEL_LINK_H
#define KTURN_KTURND_KERNEL_LINK_H

#include "fastpath/fastpath.h"
#include "kturnd/log.h"
#include "net/worker.h"

/**
 * struct kernel_link - one worker's connection
 * @fp: the connection; used on the worker's thread only, once that runs
 * @limit: for what is logged about failures
 * @server_device: that the listeners keep to, or NULL
 * @relayed_device: that the relay sockets keep to, or NULL
 */
struct kernel_link {
	struct fastpath *fp;
	struct log_limit limit;
	const char *server_device;
	const char *relayed_device;
};

/* For struct worker_setup; worker_user() has to be a struct kernel_link. */
extern const struct turn_fastpath_ops kernel_link_ops;

/*
 * News, for worker_post().
 *
 * kernel_link_up: the module is there; @arg is not used.
 * kernel_link_down: the module is gone; @arg is not used.
 * kernel_link_off: take the sessions out of the module, for it is not to be
 *	used any more; @arg is not used.
 * kernel_link_gone: the module lost allocations; @arg is a struct kernel_ids
 *	of them, which is freed.
 * kernel_link_compare: the module holds these and no other allocations; @arg
 *	is a struct kernel_ids in ascending order, which is freed.
 */
worker_fn kernel_link_up, kernel_link_down, kernel_link_off, kernel_link_gone,
	  kernel_link_compare;

/**
 * struct kernel_ids - ids of allocations in the module
 * @n: how many
 * @v: the ids
 */
struct kernel_ids {
	size_t n;
	uint32_t v[];
};

#endif /* KTURN_KTURND_KERNEL_LINK_H */

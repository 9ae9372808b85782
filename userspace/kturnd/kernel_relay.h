/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who relays: kturn.ko or this process? Watches the module come and go, tells
 * the workers, and says so in the log.
 */
#ifndef KTURN_KTURND_KERNEL_RELAY_H
#define KTURN_KTURND_KERNEL_RELAY_H

#include <stdbool.h>
#include <stddef.h>

#include "kturnd/config.h"
#include "kturnd/kernel_link.h"

struct event_base;
struct kernel_relay;
struct worker;
struct xdp;

/**
 * kernel_relay_new() - open connections, for the daemon and each worker
 * @cfg: the configuration
 * @base: the main thread's event loop
 * @workers: number of workers
 * @xdp: who is told of the module's coming and going, too; or NULL
 *
 * While there is the privilege to; nothing is asked of the module yet.
 *
 * Return: NULL without memory.
 */
struct kernel_relay *kernel_relay_new(const struct kturnd_config *cfg,
				      struct event_base *base,
				      unsigned int workers, struct xdp *xdp);

/** kernel_relay_link() - the connection of a worker, for worker_new() */
struct kernel_link *kernel_relay_link(struct kernel_relay *relay,
				      unsigned int worker);

/** kernel_relay_ops() - for struct worker_setup: NULL if there never is one */
const struct turn_fastpath_ops *
kernel_relay_ops(const struct kernel_relay *relay);

/**
 * kernel_relay_start() - look for the module, begin to watch it
 * @relay: the relay
 * @workers: the workers, which live until kernel_relay_free()
 * @count: how many
 *
 * Says who relays, and why.
 *
 * Return: 0, or a negative errno if the configuration requires the module and
 * it cannot be used; that is logged.
 */
int kernel_relay_start(struct kernel_relay *relay, struct worker **workers,
		       unsigned int count);

/**
 * kernel_relay_configure() - go by another configuration from now on
 * @relay: the relay, started
 * @cfg: kernel-relay, kernel-hook and bps-capacity
 * @report: gets warnings about what could not be done
 *
 * Where the kernel may not relay any more, sessions go on in userspace.
 */
void kernel_relay_configure(struct kernel_relay *relay,
			    const struct kturnd_config *cfg,
			    struct report *report);

/** kernel_relay_up() - does the kernel relay right now? */
bool kernel_relay_up(const struct kernel_relay *relay);

/**
 * kernel_relay_stats() - what the module counts
 * @relay: the relay
 * @stats: filled
 * @net: filled
 *
 * Return: false if the module is not there, or does not answer.
 */
bool kernel_relay_stats(struct kernel_relay *relay,
			struct fastpath_stats *stats, struct fastpath_net *net);

/** kernel_relay_reason() - why so, in words for an operator */
const char *kernel_relay_reason(const struct kernel_relay *relay);

/** kernel_relay_free() - close the connections, once no worker runs */
void kernel_relay_free(struct kernel_relay *relay);

#endif /* KTURN_KTURND_KERNEL_RELAY_H */

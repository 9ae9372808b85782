/* SPDX-License-Identifier: BSD-3-Clause */
/* News of this namespace's devices, by rtnetlink. */
#ifndef KTURN_KTURND_XDP_LINKS_H
#define KTURN_KTURND_XDP_LINKS_H

#include <stdint.h>

struct xdp_links;

/** xdp_links_open() - subscribe; returns 0 or a negative errno */
int xdp_links_open(struct xdp_links **links);

/** xdp_links_fd() - readable when there is news */
int xdp_links_fd(const struct xdp_links *links);

/**
 * xdp_links_read() - take the news
 * @links: the subscription
 * @gone: called for each device that went away, with its index
 * @arg: for it
 *
 * That a device came or changed is told by there being news at all; so is that
 * some were lost.
 */
void xdp_links_read(struct xdp_links *links,
		    void (*gone)(void *arg, uint32_t ifindex), void *arg);

/** xdp_links_close() - unsubscribe; NULL is fine */
void xdp_links_close(struct xdp_links *links);

#endif /* KTURN_KTURND_XDP_LINKS_H */

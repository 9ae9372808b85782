/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The packet path under XDP.
 */
#ifndef _KTURN_XDP_H
#define _KTURN_XDP_H

#include <linux/types.h>

struct xdp_md;

int bpf_kturn_xdp(struct xdp_md *ctx);
bool kturn_xdp_available(void);
void kturn_xdp_init(void);

#endif /* _KTURN_XDP_H */

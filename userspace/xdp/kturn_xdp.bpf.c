// SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause)
/*
 * The program that opens kturn.ko's door under XDP. All that is known of
 * packets is known there; this asks it, and sends where it says.
 *
 * "frags": it may be attached to devices whose frames come in several pieces
 * as well; the module passes these on.
 */
#include "kturn.bpf.h"

SEC("xdp.frags")
int kturn_xdp(struct xdp_md *ctx)
{
	return kturn_relay(ctx);
}

/* The kernel lets only such programs call its functions. */
char LICENSE[] SEC("license") = "Dual BSD/GPL";

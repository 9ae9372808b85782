// SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause)
/*
 * The program that opens kturn.ko's door under XDP. All that is known of
 * packets is known there; this asks it, and sends where it says.
 *
 * "frags": it may be attached to devices whose frames come in several pieces
 * as well; the module passes these on.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

/* Of kturn.ko, see kmod/xdp.c. */
extern int bpf_kturn_xdp(struct xdp_md *ctx) __ksym;

SEC("xdp.frags")
int kturn_xdp(struct xdp_md *ctx)
{
	int verdict = bpf_kturn_xdp(ctx);

	if (verdict > 0)
		return bpf_redirect(verdict, 0);
	return verdict ? -verdict : XDP_PASS;
}

/* The kernel lets only such programs call its functions. */
char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * The module's door under XDP, for programs: kturn_xdp.bpf.c is nothing else,
 * others may look at frames before or after.
 */
#ifndef KTURN_BPF_H
#define KTURN_BPF_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

/* Of kturn.ko, see kmod/xdp.c. */
extern int bpf_kturn_xdp(struct xdp_md *ctx) __ksym;

/**
 * kturn_relay() - forward a frame that a channel carries
 * @ctx: the frame as received; pointers into it are no good afterwards
 *
 * Return: what the program returns then: XDP_TX, XDP_REDIRECT or XDP_DROP; or
 *	XDP_PASS, and the frame is as it was.
 */
static inline int kturn_relay(struct xdp_md *ctx)
{
	int verdict = bpf_kturn_xdp(ctx);

	if (verdict > 0)
		return bpf_redirect(verdict, 0);
	return verdict ? -verdict : XDP_PASS;
}

#endif /* KTURN_BPF_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What becomes of a datagram of an allocation that is not forwarded: counted by
 * its reason, and told to whoever traces.
 */
#ifndef _KTURN_VERDICT_H
#define _KTURN_VERDICT_H

#include <linux/netfilter.h>

#include "state.h"
#include "trace.h"

/**
 * kturn_pass() - leave a datagram, untouched, to the server's sockets
 * @kn: the namespace's state
 * @skb: the datagram
 * @reason: KTURN_A_PASSED_*
 *
 * Context: softirq, or process context with bottom halves disabled.
 */
static inline unsigned int kturn_pass(const struct kturn_net *kn,
				      const struct sk_buff *skb,
				      unsigned int reason)
{
	this_cpu_inc(kn->stats->passed[reason]);
	trace_kturn_pass(skb, reason);
	return NF_ACCEPT;
}

/**
 * kturn_drop() - drop a datagram
 * @kn: the namespace's state
 * @skb: the datagram, freed by netfilter
 * @reason: KTURN_A_DROPPED_*
 *
 * Context: as kturn_pass().
 */
static inline unsigned int kturn_drop(const struct kturn_net *kn,
				      const struct sk_buff *skb,
				      unsigned int reason)
{
	this_cpu_inc(kn->stats->dropped[reason]);
	trace_kturn_drop(skb, reason);
	return NF_DROP;
}

#endif /* _KTURN_VERDICT_H */

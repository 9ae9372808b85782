/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters of a network namespace: one set per CPU, added up when asked for.
 */
#ifndef _KTURN_STATS_H
#define _KTURN_STATS_H

#include <linux/percpu.h>
#include <linux/types.h>

#include "uapi/kturn.h"

/* What one direction has forwarded. */
struct kturn_flow_stats {
	u64 packets;
	u64 bytes;
};

/**
 * struct kturn_stats - totals of a network namespace
 * @received: datagrams to allocations, each of them once
 * @hairpin: of the forwarded, straight from client to client: once to a peer
 *	and once to a client
 * @flow: forwarded, by direction
 * @passed: left to the server, by KTURN_A_PASSED_*
 * @dropped: dropped, by KTURN_A_DROPPED_*
 * @xdp_forwarded: of the forwarded, by XDP; from client to client once
 * @xdp_dropped: of the dropped, by XDP
 * @xdp_passed: passed up by XDP, and received then by who is above, by
 *	KTURN_A_XDP_PASSED_*
 */
struct kturn_stats {
	u64 received;
	u64 hairpin;
	struct kturn_flow_stats flow[2];
	u64 passed[KTURN_A_PASSED_MAX + 1];
	u64 dropped[KTURN_A_DROPPED_MAX + 1];
	u64 xdp_forwarded;
	u64 xdp_dropped;
	u64 xdp_passed[KTURN_A_XDP_PASSED_MAX + 1];
};

void kturn_stats_sum(const struct kturn_stats __percpu *stats,
		     struct kturn_stats *sum);

#endif /* _KTURN_STATS_H */

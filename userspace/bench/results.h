/* SPDX-License-Identifier: BSD-3-Clause */
/* What is counted: by each thread for itself, then added up. */
#ifndef KTURN_BENCH_RESULTS_H
#define KTURN_BENCH_RESULTS_H

#include <stdint.h>

#include "bench/histogram.h"

/**
 * enum way - the two ways through a relay
 * @WAY_TO_PEER: from a client; round trips, too, are counted here
 * @WAY_TO_CLIENT: from a peer
 */
enum way {
	WAY_TO_PEER,
	WAY_TO_CLIENT,
	WAYS,
};

/**
 * struct way_results - one way's datagrams
 * @sent: datagrams sent
 * @sent_bytes: bytes of payload in them
 * @received: those that arrived, each counted once
 * @received_bytes: bytes of payload in them
 * @reordered: those among @received that one sent later had overtaken
 * @duplicates: arrivals of what had arrived before
 * @stale: arrivals that came too late to tell whether they had; not in @received
 * @host_drops: datagrams that this host's own sockets had no room for
 * @latency: from sending to arrival, of those in @received
 */
struct way_results {
	uint64_t sent;
	uint64_t sent_bytes;
	uint64_t received;
	uint64_t received_bytes;
	uint64_t reordered;
	uint64_t duplicates;
	uint64_t stale;
	uint64_t host_drops;
	struct histogram latency;
};

/**
 * struct results - everything of a thread, or of all
 * @ways: by enum way
 * @echoed: round trips: what peers of this process sent back
 * @skipped: datagrams not sent because this program fell behind its rate
 * @send_errors: datagrams that the system refused to send
 * @send_errno: why it refused the first of them
 * @refused: ICMP errors ("port unreachable") that came back
 * @damaged: arrivals whose length had changed, or that were never sent
 * @misrouted: arrivals at a socket, or on a channel, that was not theirs
 * @foreign: arrivals that are none of this run's
 * @clock_steps: arrivals before they were sent: the clock was set meanwhile
 * @stalls: how often nothing came back and the window was opened anew
 * @lost_allocations: allocations that could not be kept to the end
 * @cpu_ns: processor time used while it measured
 * @busiest_ns: the same of the thread that used most
 */
struct results {
	struct way_results ways[WAYS];
	uint64_t echoed;
	uint64_t skipped;
	uint64_t send_errors;
	int send_errno;
	uint64_t refused;
	uint64_t damaged;
	uint64_t misrouted;
	uint64_t foreign;
	uint64_t clock_steps;
	uint64_t stalls;
	uint64_t lost_allocations;
	uint64_t cpu_ns;
	uint64_t busiest_ns;
};

/** results_merge() - add one thread's to the sum */
void results_merge(struct results *sum, const struct results *other);

/** results_lost() - datagrams of one way that were sent and did not arrive */
uint64_t results_lost(const struct way_results *way);

/**
 * results_lost_here() - those among them that did reach this host
 * @way: the way
 *
 * Its sockets had no room for them: this program was too slow, not the relay.
 */
uint64_t results_lost_here(const struct way_results *way);

#endif /* KTURN_BENCH_RESULTS_H */

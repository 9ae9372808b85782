/* SPDX-License-Identifier: BSD-3-Clause */
/* What all workers have counted, for the admin socket and for metrics. */
#ifndef KTURN_KTURND_TOTALS_H
#define KTURN_KTURND_TOTALS_H

#include "net/worker.h"

struct daemon;

/**
 * struct totals - sums over all workers
 * @turn: of the protocol cores
 * @send: of the sockets
 * @streams: of the connections
 * @dtls: of the DTLS associations
 * @stream_out: of what they were sent
 */
struct totals {
	struct turn_stats turn;
	struct send_stats send;
	struct stream_stats streams;
	struct dtls_stats dtls;
	struct stream_out_stats stream_out;
};

/**
 * totals_gather() - add all workers up
 * @totals: filled
 * @daemon: the daemon, whose workers go on counting meanwhile
 */
void totals_gather(struct totals *totals, const struct daemon *daemon);

#endif /* KTURN_KTURND_TOTALS_H */

// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/totals.h"

#include "kturnd/daemon.h"

static uint64_t load(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* All structs are counters and nothing else. */
static void add_all(void *sum, const void *counters, size_t size)
{
	uint64_t *to = sum;
	const uint64_t *from = counters;

	for (size_t i = 0; i < size / sizeof(*to); i++)
		to[i] += load(&from[i]);
}

_Static_assert(sizeof(struct turn_stats) % sizeof(uint64_t) == 0 &&
	       sizeof(struct send_stats) % sizeof(uint64_t) == 0 &&
	       sizeof(struct stream_stats) % sizeof(uint64_t) == 0 &&
	       sizeof(struct dtls_stats) % sizeof(uint64_t) == 0 &&
	       sizeof(struct stream_out_stats) % sizeof(uint64_t) == 0,
	       "counters and nothing else");

void totals_gather(struct totals *totals, const struct daemon *daemon)
{
	*totals = (struct totals){ 0 };
	for (unsigned int i = 0; i < daemon->worker_count; i++) {
		const struct worker *worker = daemon->workers[i];

		add_all(&totals->turn, worker_turn_stats(worker),
			sizeof(totals->turn));
		add_all(&totals->send, worker_send_stats(worker),
			sizeof(totals->send));
		add_all(&totals->streams, worker_stream_stats(worker),
			sizeof(totals->streams));
		add_all(&totals->dtls, worker_dtls_stats(worker),
			sizeof(totals->dtls));
		add_all(&totals->stream_out, worker_stream_out_stats(worker),
			sizeof(totals->stream_out));
	}
}

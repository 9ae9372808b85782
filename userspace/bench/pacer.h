/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When to send: at a rate, or as answers come. Without a clock of its own;
 * times are nanoseconds of any one clock.
 */
#ifndef KTURN_BENCH_PACER_H
#define KTURN_BENCH_PACER_H

#include <stdbool.h>
#include <stdint.h>

/* What could not be sent for so long is not sent any more. */
#define PACER_CATCH_UP_NS	20000000
#define PACER_NEVER		UINT64_MAX

/**
 * struct pacer - an even rate
 * @rate: datagrams per second, not 0
 * @start: when it began
 * @scheduled: datagrams whose time has come so far
 * @skipped: those among them that were given up
 *
 * It does not slow down when the relay does: a datagram whose time has come is
 * due. Where the sender itself falls behind, PACER_CATCH_UP_NS worth of
 * datagrams are caught up with at once; the rest is skipped, and counted, lest
 * a burst be measured that nobody asked for.
 */
struct pacer {
	uint64_t rate;
	uint64_t start;
	uint64_t scheduled;
	uint64_t skipped;
};

/**
 * pacer_due() - how many datagrams to send now
 * @pacer: the pacer; they count as scheduled from now on
 * @now: not before the last call's
 * @most: no more than so many; the others stay due
 */
uint64_t pacer_due(struct pacer *pacer, uint64_t now, uint64_t most);

/** pacer_next() - when the next datagram is due */
uint64_t pacer_next(const struct pacer *pacer);

/* After so long without an arrival, what is under way counts as lost. */
#define WINDOW_STALL_NS		200000000

/**
 * struct window - bounds what is under way, for sending flat out
 * @limit: datagrams that may be under way; 0 for no bound
 * @in_flight: how many are
 * @moved: when the last arrival, or sending into an empty window, was
 * @stalls: how often everything under way had to be given up
 */
struct window {
	uint64_t limit;
	uint64_t in_flight;
	uint64_t moved;
	uint64_t stalls;
};

/** window_room() - how many datagrams may be sent now */
uint64_t window_room(const struct window *window);

/** window_sent() - one more is under way */
void window_sent(struct window *window, uint64_t now);

/**
 * window_arrived() - some have arrived, or been overtaken
 * @window: the window
 * @count: how many; more than there are is all of them
 * @now: the time
 */
void window_arrived(struct window *window, uint64_t count, uint64_t now);

/**
 * window_stalled() - has nothing come for too long?
 * @window: the window
 * @now: the time
 *
 * Return: true if so; then the window is empty again, and the caller must not
 * report those datagrams to window_arrived() any more.
 */
bool window_stalled(struct window *window, uint64_t now);

#endif /* KTURN_BENCH_PACER_H */

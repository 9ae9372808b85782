// SPDX-License-Identifier: BSD-3-Clause
#include "bench/pacer.h"

#define NS_PER_S 1000000000

/* For years at any rate, so 64 bits are not enough on the way. */
typedef unsigned __int128 wide;

uint64_t pacer_due(struct pacer *pacer, uint64_t now, uint64_t most)
{
	uint64_t catch_up = pacer->rate * (PACER_CATCH_UP_NS / 1000000) / 1000 +
			    1;
	uint64_t due = (uint64_t)((wide)(now - pacer->start) * pacer->rate /
				  NS_PER_S) - pacer->scheduled;

	if (due > catch_up) {
		pacer->skipped += due - catch_up;
		pacer->scheduled += due - catch_up;
		due = catch_up;
	}
	if (due > most)
		due = most;
	pacer->scheduled += due;
	return due;
}

uint64_t pacer_next(const struct pacer *pacer)
{
	wide after = ((wide)(pacer->scheduled + 1) * NS_PER_S + pacer->rate -
		      1) / pacer->rate;

	return pacer->start + (uint64_t)after;
}

uint64_t window_room(const struct window *window)
{
	if (!window->limit)
		return UINT64_MAX;
	return window->in_flight < window->limit ?
	       window->limit - window->in_flight : 0;
}

void window_sent(struct window *window, uint64_t now)
{
	if (!window->in_flight++)
		window->moved = now;
}

void window_arrived(struct window *window, uint64_t count, uint64_t now)
{
	window->in_flight -= count < window->in_flight ? count :
							 window->in_flight;
	window->moved = now;
}

bool window_stalled(struct window *window, uint64_t now)
{
	/* The clock was read before the last arrival's: not stalled. */
	if (!window->in_flight || now < window->moved ||
	    now - window->moved < WINDOW_STALL_NS)
		return false;
	window->in_flight = 0;
	window->stalls++;
	return true;
}

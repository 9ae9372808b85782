// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdlib.h>

#include "turn/timers.h"

static void place(struct turn_timers *timers, size_t i,
		  struct turn_timer_slot slot)
{
	timers->heap[i] = slot;
	slot.timer->pos = i + 1;
}

static void sift_up(struct turn_timers *timers, size_t i,
		    struct turn_timer_slot slot)
{
	while (i > 0) {
		size_t parent = (i - 1) / 2;

		if (timers->heap[parent].due <= slot.due)
			break;
		place(timers, i, timers->heap[parent]);
		i = parent;
	}
	place(timers, i, slot);
}

static void sift_down(struct turn_timers *timers, size_t i,
		      struct turn_timer_slot slot)
{
	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= timers->set)
			break;
		if (child + 1 < timers->set &&
		    timers->heap[child + 1].due < timers->heap[child].due)
			child++;
		if (timers->heap[child].due >= slot.due)
			break;
		place(timers, i, timers->heap[child]);
		i = child;
	}
	place(timers, i, slot);
}

void turn_timers_free(struct turn_timers *timers)
{
	free(timers->heap);
	*timers = (struct turn_timers){ 0 };
}

int turn_timers_reserve(struct turn_timers *timers, size_t more)
{
	size_t room = timers->room ? timers->room : 64;
	struct turn_timer_slot *heap;

	while (room < timers->added + more)
		room *= 2;
	if (room == timers->room)
		return 0;
	heap = realloc(timers->heap, room * sizeof(*heap));
	if (!heap)
		return -ENOMEM;
	timers->heap = heap;
	timers->room = room;
	return 0;
}

int turn_timer_add(struct turn_timers *timers, struct turn_timer *timer,
		   turn_timer_fn fire)
{
	if (turn_timers_reserve(timers, 1))
		return -ENOMEM;
	timers->added++;
	*timer = (struct turn_timer){ .fire = fire };
	return 0;
}

void turn_timer_remove(struct turn_timers *timers, struct turn_timer *timer)
{
	turn_timer_unset(timers, timer);
	timers->added--;
}

void turn_timer_set(struct turn_timers *timers, struct turn_timer *timer,
		    uint64_t due)
{
	const struct turn_timer_slot slot = { due, timer };
	uint64_t before = timer->due;

	timer->due = due;
	if (timer->pos == 0)
		sift_up(timers, timers->set++, slot);
	else if (due < before)
		sift_up(timers, timer->pos - 1, slot);
	else
		sift_down(timers, timer->pos - 1, slot);
}

void turn_timer_unset(struct turn_timers *timers, struct turn_timer *timer)
{
	struct turn_timer_slot last;
	size_t i = timer->pos - 1;

	if (timer->pos == 0)
		return;
	timer->pos = 0;
	last = timers->heap[--timers->set];
	if (last.timer == timer)
		return;
	if (i > 0 && timers->heap[(i - 1) / 2].due > last.due)
		sift_up(timers, i, last);
	else
		sift_down(timers, i, last);
}

uint64_t turn_timers_next(const struct turn_timers *timers)
{
	return timers->set ? timers->heap[0].due : UINT64_MAX;
}

struct turn_timer *turn_timers_take(struct turn_timers *timers, uint64_t now,
				    turn_timer_fn fire)
{
	struct turn_timer *timer;

	if (turn_timers_next(timers) > now || !timers->set)
		return NULL;
	timer = timers->heap[0].timer;
	if (timer->fire != fire)
		return NULL;
	turn_timer_unset(timers, timer);
	return timer;
}

bool turn_timers_fire(struct turn_timers *timers, uint64_t now)
{
	struct turn_timer *timer;

	if (turn_timers_next(timers) > now || !timers->set)
		return false;
	timer = timers->heap[0].timer;
	turn_timer_unset(timers, timer);
	timer->fire(timer, now);
	return true;
}

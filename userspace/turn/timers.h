/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All that ends or is due at some time, in a binary heap. A timer lies inside
 * its object. Room in the heap is made when a timer is added, so that setting
 * it later cannot fail.
 */
#ifndef KTURN_TURN_TIMERS_H
#define KTURN_TURN_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct turn_timer;

/* The timer is not set any more; it may be set again, or removed and freed. */
typedef void (*turn_timer_fn)(struct turn_timer *timer, uint64_t now);

/**
 * struct turn_timer - in each object
 * @due: when, if set
 * @pos: place in the heap plus one; 0 if not set
 * @fire: what is done then
 */
struct turn_timer {
	uint64_t due;
	size_t pos;
	turn_timer_fn fire;
};

/**
 * struct turn_timer_slot - a place in the heap
 * @due: of @timer; here as well, so that sifting stays within the heap
 * @timer: the timer
 */
struct turn_timer_slot {
	uint64_t due;
	struct turn_timer *timer;
};

/**
 * struct turn_timers - the heap
 * @heap: timers that are set; none is due before its parent
 * @set: how many
 * @added: how many there are, set or not
 * @room: size of @heap
 */
struct turn_timers {
	struct turn_timer_slot *heap;
	size_t set;
	size_t added;
	size_t room;
};

/** turn_timers_free() - give the heap back; the timers are their objects' */
void turn_timers_free(struct turn_timers *timers);

/** turn_timers_reserve() - see to it that so many can be added; 0 or -ENOMEM */
int turn_timers_reserve(struct turn_timers *timers, size_t more);

/** turn_timer_add() - make a timer, not set yet. Return: 0 or -ENOMEM. */
int turn_timer_add(struct turn_timers *timers, struct turn_timer *timer,
		   turn_timer_fn fire);

/** turn_timer_remove() - before its object is freed */
void turn_timer_remove(struct turn_timers *timers, struct turn_timer *timer);

/** turn_timer_set() - make it due at a time, whether it was set or not */
void turn_timer_set(struct turn_timers *timers, struct turn_timer *timer,
		    uint64_t due);

/** turn_timer_unset() - make it never due */
void turn_timer_unset(struct turn_timers *timers, struct turn_timer *timer);

/** turn_timers_next() - when the first is due; UINT64_MAX if none is set */
uint64_t turn_timers_next(const struct turn_timers *timers);

/**
 * turn_timers_take() - unset the first timer, if it is due and of a kind
 * @timers: the timers
 * @now: the time
 * @fire: the kind
 *
 * For a function that, being fired, does the work of others like it as well.
 *
 * Return: the timer, or NULL
 */
struct turn_timer *turn_timers_take(struct turn_timers *timers, uint64_t now,
				    turn_timer_fn fire);

/** turn_timers_fire() - fire the first one if it is due. Return: did it? */
bool turn_timers_fire(struct turn_timers *timers, uint64_t now);

#endif /* KTURN_TURN_TIMERS_H */

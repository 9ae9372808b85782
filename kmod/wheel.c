// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deadlines, sorted into a ring of one-second slots.
 */
#include <linux/jiffies.h>
#include <linux/kernel.h>

#include "wheel.h"

/* Slots of a wheel that was empty are not caught up with one by one. */
void kturn_wheel_init(struct kturn_wheel *wheel)
{
	wheel->time = jiffies;
}

static void kturn_wheel_file(struct kturn_wheel *wheel, struct kturn_due *due)
{
	long ahead = due->expires - wheel->time;
	unsigned long ticks;

	/* The slot ahead of the cursor is the first that can still be swept. */
	ticks = ahead <= 0 ? 1 : DIV_ROUND_UP((unsigned long)ahead, HZ);
	ticks = min_t(unsigned long, ticks, KTURN_WHEEL_SLOTS - 1);
	hlist_add_head(&due->link,
		       &wheel->slots[(wheel->cursor + ticks) %
				     KTURN_WHEEL_SLOTS]);
}

/**
 * kturn_wheel_add() - put a new deadline on the wheel
 * @wheel: the wheel
 * @due: the deadline
 * @kind: what it is part of
 * @expires: jiffies
 */
void kturn_wheel_add(struct kturn_wheel *wheel, struct kturn_due *due,
		     enum kturn_due_kind kind, unsigned long expires)
{
	due->kind = kind;
	WRITE_ONCE(due->expires, expires);
	kturn_wheel_file(wheel, due);
}

/**
 * kturn_wheel_move() - give an object another deadline
 * @wheel: the wheel
 * @due: deadline that is on it
 * @expires: jiffies
 */
void kturn_wheel_move(struct kturn_wheel *wheel, struct kturn_due *due,
		      unsigned long expires)
{
	hlist_del(&due->link);
	WRITE_ONCE(due->expires, expires);
	kturn_wheel_file(wheel, due);
}

/**
 * kturn_wheel_del() - take a deadline off the wheel
 * @due: the deadline
 */
void kturn_wheel_del(struct kturn_due *due)
{
	hlist_del(&due->link);
}

/**
 * kturn_wheel_expired() - the next deadline that has passed
 * @wheel: the wheel
 * @budget: deadlines that may be looked at; what it was is taken off
 *
 * Turns the wheel up to now. What lay in a slot because its deadline was
 * beyond the ring is filed anew; a million of those may lie in one slot.
 *
 * Return: a deadline that the caller takes off the wheel; NULL if none has
 *	passed, or with no @budget left
 */
struct kturn_due *kturn_wheel_expired(struct kturn_wheel *wheel,
				      unsigned int *budget)
{
	for (;;) {
		struct hlist_head *slot = &wheel->slots[wheel->cursor];
		struct kturn_due *due;
		struct hlist_node *next;

		hlist_for_each_entry_safe(due, next, slot, link) {
			if (!*budget)
				return NULL;
			--*budget;
			if (time_after_eq(jiffies, due->expires))
				return due;
			hlist_del(&due->link);
			kturn_wheel_file(wheel, due);
		}
		if (time_before(jiffies, wheel->time + HZ))
			return NULL;
		wheel->time += HZ;
		wheel->cursor = (wheel->cursor + 1) % KTURN_WHEEL_SLOTS;
	}
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Deadlines, sorted into a ring of one-second slots, so that a sweep looks
 * only at what is due: refreshing costs two list operations, a tick of an idle
 * second nothing, and a million objects no timer.
 *
 * Callers hold kturn_net.lock. Deadlines are jiffies; packets compare them
 * themselves, the sweep only cleans up.
 */
#ifndef _KTURN_WHEEL_H
#define _KTURN_WHEEL_H

#include <linux/list.h>
#include <linux/types.h>

#define KTURN_WHEEL_SLOTS	256

enum kturn_due_kind {
	KTURN_DUE_ALLOCATION,
	KTURN_DUE_PERMISSION,
	KTURN_DUE_CHANNEL,
};

/**
 * struct kturn_due - a deadline on the wheel
 * @link: in a slot
 * @expires: the deadline
 * @kind: what it is part of
 */
struct kturn_due {
	struct hlist_node link;
	unsigned long expires;
	u8 kind;
};

/**
 * struct kturn_wheel - the ring
 * @slots: deadlines; those beyond the ring lie in its farthest slot
 * @time: jiffies up to which slots have been swept
 * @cursor: the slot swept last
 */
struct kturn_wheel {
	struct hlist_head slots[KTURN_WHEEL_SLOTS];
	unsigned long time;
	unsigned int cursor;
};

void kturn_wheel_init(struct kturn_wheel *wheel);
void kturn_wheel_add(struct kturn_wheel *wheel, struct kturn_due *due,
		     enum kturn_due_kind kind, unsigned long expires);
void kturn_wheel_move(struct kturn_wheel *wheel, struct kturn_due *due,
		      unsigned long expires);
void kturn_wheel_del(struct kturn_due *due);
struct kturn_due *kturn_wheel_expired(struct kturn_wheel *wheel,
				      unsigned int *budget);

#endif /* _KTURN_WHEEL_H */

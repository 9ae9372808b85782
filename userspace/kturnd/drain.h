/* SPDX-License-Identifier: BSD-3-Clause */
/* Ending when nobody minds: no new sessions, then wait for those there are. */
#ifndef KTURN_KTURND_DRAIN_H
#define KTURN_KTURND_DRAIN_H

#include <stdbool.h>
#include <stdint.h>

struct daemon;

/**
 * drain_set() - refuse new allocations from now on, or take them again
 * @daemon: the running daemon
 * @drain: which
 *
 * A draining daemon stops once no more than drain-min-allocations are left.
 */
void drain_set(struct daemon *daemon, bool drain);

/** drain_left() - sessions that would be waited for: with reserved ports */
uint64_t drain_left(const struct daemon *daemon);

/** drain_free() - forget the timer, before the event loop goes */
void drain_free(struct daemon *daemon);

#endif /* KTURN_KTURND_DRAIN_H */

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Limits on bytes per second: of an allocation (max-bps) and of all together
 * (bps-capacity), application data, each direction by itself. The module keeps
 * the same limits for what it forwards.
 */
#ifndef KTURN_TURN_POLICE_H
#define KTURN_TURN_POLICE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct turn_allocation;

enum turn_dir {
	TURN_TO_PEER,
	TURN_TO_CLIENT,
	TURN_DIRS
};

/**
 * struct turn_bucket - a token bucket that holds a second's worth
 * @full_at: when it will be full again, in nanoseconds of the server's clock
 */
struct turn_bucket {
	atomic_uint_least64_t full_at;
};

/**
 * turn_bucket_take() - may so much pass now?
 * @bucket: the bucket; any thread may take from it
 * @rate: bytes per second, not 0
 * @bytes: how much
 * @now: milliseconds
 *
 * A full bucket lets anything through, however small the rate.
 *
 * Return: whether it may; if so it is taken.
 */
bool turn_bucket_take(struct turn_bucket *bucket, uint64_t rate, size_t bytes,
		      uint64_t now);

/**
 * turn_police_pause() - what a stream has carried counts as well
 * @a: the allocation
 * @dir: its direction
 * @bytes: how much
 * @now: milliseconds
 *
 * Nothing is dropped from a stream: it is read later instead.
 *
 * Return: milliseconds for which it is not to be read; 0: none.
 */
uint64_t turn_police_pause(struct turn_allocation *a, enum turn_dir dir,
			   size_t bytes, uint64_t now);

/**
 * turn_police() - may an allocation's data pass now?
 * @a: the allocation
 * @dir: its direction
 * @bytes: how much
 * @now: milliseconds
 *
 * Return: whether it may; a drop is counted here.
 */
bool turn_police(struct turn_allocation *a, enum turn_dir dir, size_t bytes,
		 uint64_t now);

#endif /* KTURN_TURN_POLICE_H */

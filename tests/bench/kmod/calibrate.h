/* SPDX-License-Identifier: GPL-2.0-only */
/* Does a clock count instructions? */
#ifndef KTURN_BENCH_CALIBRATE_H
#define KTURN_BENCH_CALIBRATE_H

#include <linux/kernel.h>

/*
 * What @clock says that a million instructions took: a loop of two, half a
 * million times. The least of some attempts, as an interrupt may come in
 * between.
 */
static inline u64 bench_calibrate(u64 (*clock)(void))
{
	u64 start, least = U64_MAX;
	int i;

	for (i = 0; i < 3; i++) {
		u32 left = 500000;

		start = clock();
		asm volatile("1: dec %0; jnz 1b" : "+r" (left) : : "cc");
		least = min(least, clock() - start);
	}
	return least;
}

#endif /* KTURN_BENCH_CALIBRATE_H */

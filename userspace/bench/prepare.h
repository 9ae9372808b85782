/* SPDX-License-Identifier: BSD-3-Clause */
/* What has to be known, and allowed, before the first socket is opened. */
#ifndef KTURN_BENCH_PREPARE_H
#define KTURN_BENCH_PREPARE_H

#include "bench/generator.h"

/**
 * prepare() - find the server and the peers, make credentials, raise limits
 * @run: @options are set; the rest of what does not change is filled
 *
 * Return: 0, or a negative errno after saying what is wrong.
 */
int prepare(struct run *run);

#endif /* KTURN_BENCH_PREPARE_H */

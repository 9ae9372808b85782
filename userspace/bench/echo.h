/* SPDX-License-Identifier: BSD-3-Clause */
/* Being the peers of a kturn-bench on another host. */
#ifndef KTURN_BENCH_ECHO_H
#define KTURN_BENCH_ECHO_H

#include "bench/options.h"

/**
 * echo_run() - send everything back where it came from, until a signal comes
 * @o: the command line; @peer_listen, @channels, @threads, @socket_buffer
 *
 * SIGINT and SIGTERM must be blocked.
 *
 * Return: exit status.
 */
int echo_run(const struct options *o);

#endif /* KTURN_BENCH_ECHO_H */

/* SPDX-License-Identifier: BSD-3-Clause */
/* Threads that leave signals to the main thread, and waiting by its clock. */
#ifndef KTURN_NET_THREAD_H
#define KTURN_NET_THREAD_H

#include <pthread.h>
#include <stdint.h>

/**
 * thread_start() - start a thread in which all signals are blocked
 * @thread: filled
 * @run: what it does
 * @arg: for @run
 * @name: at most 15 bytes of it are shown by ps and top
 *
 * Return: 0 or a negative errno.
 */
int thread_start(pthread_t *thread, void *(*run)(void *), void *arg,
		 const char *name);

/** thread_cond_init() - a condition for thread_cond_wait_until() */
void thread_cond_init(pthread_cond_t *cond);

/**
 * thread_cond_wait_until() - wait for a condition, for so long at most
 * @cond: made by thread_cond_init()
 * @lock: held
 * @due: monotonic time in milliseconds
 */
void thread_cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock,
			    uint64_t due);

#endif /* KTURN_NET_THREAD_H */

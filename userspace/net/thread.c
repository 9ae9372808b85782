// SPDX-License-Identifier: BSD-3-Clause
#include "net/thread.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>

int thread_start(pthread_t *thread, void *(*run)(void *), void *arg,
		 const char *name)
{
	sigset_t all, old;
	char shown[16];
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(thread, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ret)
		return -ret;
	snprintf(shown, sizeof(shown), "%s", name);
	pthread_setname_np(*thread, shown);
	return 0;
}

void thread_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}

void thread_cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock,
			    uint64_t due)
{
	const struct timespec ts = {
		.tv_sec = (time_t)(due / 1000),
		.tv_nsec = (long)(due % 1000) * 1000000,
	};

	pthread_cond_timedwait(cond, lock, &ts);
}

// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/drain.h"

#include <event2/event.h>

#include "kturnd/daemon.h"
#include "kturnd/notify.h"

/* How often to look whether it is empty. */
#define LOOK_MS 200

/* How often to log how many are left, if that has changed. */
#define TELL_MS 10000

uint64_t drain_left(const struct daemon *daemon)
{
	return turn_shared_allocations(daemon->setup.shared);
}

static void tell(struct daemon *daemon, uint64_t left)
{
	struct drain *drain = &daemon->drain;
	uint64_t now = worker_now();

	if (left == drain->told || now < drain->told_at + TELL_MS)
		return;
	drain->told = left;
	drain->told_at = now;
	log_info("draining: %llu sessions left", (unsigned long long)left);
	notify_status("draining: %llu sessions left",
		      (unsigned long long)left);
}

static void look(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *daemon = arg;
	uint64_t left = drain_left(daemon);

	(void)fd;
	(void)what;
	tell(daemon, left);
	if (left > daemon->cfg->drain_min_allocations)
		return;
	log_info("drained, with %llu sessions left: stopping",
		 (unsigned long long)left);
	event_base_loopbreak(daemon->base);
}

static void tell_server(struct worker *worker, void *arg)
{
	turn_server_drain(worker_server(worker), arg != NULL);
}

static int start_looking(struct daemon *daemon)
{
	const struct timeval wait = { .tv_usec = 1000 * LOOK_MS };
	struct drain *drain = &daemon->drain;

	if (!drain->timer)
		drain->timer = event_new(daemon->base, -1, EV_PERSIST, look,
					 daemon);
	return drain->timer ? event_add(drain->timer, &wait) : -1;
}

void drain_set(struct daemon *daemon, bool on)
{
	struct drain *drain = &daemon->drain;
	uint64_t left = drain_left(daemon);

	if (on == drain->on)
		return;
	if (on && start_looking(daemon)) {
		log_error("cannot drain: out of memory");
		return;
	}
	if (!on)
		event_del(drain->timer);
	drain->on = on;
	drain->told = left;
	drain->told_at = worker_now();
	for (unsigned int i = 0; i < daemon->worker_count; i++)
		if (worker_post(daemon->workers[i], tell_server,
				on ? daemon : NULL))
			log_error("out of memory: worker %u does not hear of draining",
				  i);
	if (on)
		log_info("draining: no new sessions; stopping when no more than %u of %llu are left",
			 daemon->cfg->drain_min_allocations,
			 (unsigned long long)left);
	else
		log_info("not draining any more: new sessions are welcome");
	notify_status(on ? "draining" : "serving");
}

void drain_free(struct daemon *daemon)
{
	if (daemon->drain.timer)
		event_free(daemon->drain.timer);
	daemon->drain.timer = NULL;
}

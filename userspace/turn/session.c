// SPDX-License-Identifier: BSD-3-Clause
#include "turn/session.h"

#include <stdlib.h>

/* Eighteen digits, as coturn prints them: some that no other server has. */
#define ID_SPACE 100000000ull

static void tell(struct turn_allocation *a, enum turn_session_event event,
		 uint32_t lifetime, const struct turn_flow flows[TURN_DIRS])
{
	const struct turn_session_report report = {
		.event = event,
		.id = a->session->id,
		.tuple = a->tuple,
		.username = a->username,
		.realm = a->realm,
		.lifetime = lifetime,
		.to_peer = flows[TURN_TO_PEER],
		.to_client = flows[TURN_TO_CLIENT],
	};

	a->srv->ops->session(a->srv->env, &report);
}

/* As the module counts now, if it can be asked. */
void turn_session_look(struct turn_allocation *a)
{
	const struct turn_fastpath_ops *fastpath = a->srv->ops->fastpath;
	struct turn_session *s = a->session;
	struct turn_flow seen[TURN_DIRS];

	if (!s || !a->fastpath_id || !a->srv->fastpath_up ||
	    fastpath->allocation_flows(a->srv->env, a->fastpath_id,
				       &seen[TURN_TO_PEER],
				       &seen[TURN_TO_CLIENT]))
		return;
	memcpy(s->present, seen, sizeof(seen));
}

/* All that it has carried, here and in the module. */
static void total(const struct turn_allocation *a,
		  struct turn_flow flows[TURN_DIRS])
{
	const struct turn_session *s = a->session;

	flows[TURN_TO_PEER] = a->to_peer;
	flows[TURN_TO_CLIENT] = a->to_client;
	for (int i = 0; i < TURN_DIRS; i++) {
		flows[i].packets += s->past[i].packets + s->present[i].packets;
		flows[i].bytes += s->past[i].bytes + s->present[i].bytes;
	}
}

/* What came since the last time, if anything did. */
static void tell_traffic(struct turn_allocation *a)
{
	struct turn_session *s = a->session;
	struct turn_flow now[TURN_DIRS], since[TURN_DIRS];
	uint64_t any = 0;

	total(a, now);
	for (int i = 0; i < TURN_DIRS; i++) {
		since[i].packets = now[i].packets - s->told[i].packets;
		since[i].bytes = now[i].bytes - s->told[i].bytes;
		any |= since[i].packets | since[i].bytes;
	}
	memcpy(s->told, now, sizeof(now));
	if (any)
		tell(a, TURN_SESSION_TRAFFIC, 0, since);
}

static void set_timer(struct turn_allocation *a, uint64_t now)
{
	uint32_t interval = a->srv->cfg->traffic_interval;

	/* A reload may switch it on: look again after a while. */
	turn_timer_set(&a->srv->timers, &a->session->timer,
		       now + 1000 * (uint64_t)(interval ?: 60));
}

static void fire(struct turn_timer *timer, uint64_t now)
{
	struct turn_session *s = container_of(timer, struct turn_session,
					      timer);
	struct turn_allocation *a = s->allocation;

	if (a->srv->cfg->traffic_interval) {
		turn_session_look(a);
		tell_traffic(a);
	}
	set_timer(a, now);
}

static uint64_t new_id(struct turn_server *srv)
{
	struct turn_shared *shared = srv->shared;

	return __atomic_add_fetch(&shared->last_session, 1, __ATOMIC_RELAXED) +
	       ID_SPACE * (siphash(&shared->hash_key, "session", 7) >> 32);
}

void turn_session_begin(struct turn_allocation *a, uint32_t lifetime,
			uint64_t now)
{
	static const struct turn_flow none[TURN_DIRS];

	if (!a->srv->ops->session)
		return;
	a->session = calloc(1, sizeof(*a->session));
	if (!a->session ||
	    turn_timer_add(&a->srv->timers, &a->session->timer, fire)) {
		free(a->session);
		a->session = NULL;
		turn_log(a->srv, TURN_LOG_ERROR, a,
			 "out of memory: there will be no statistics of it");
		return;
	}
	a->session->allocation = a;
	a->session->id = new_id(a->srv);
	set_timer(a, now);
	tell(a, TURN_SESSION_NEW, lifetime, none);
}

void turn_session_refresh(struct turn_allocation *a, uint32_t lifetime)
{
	static const struct turn_flow none[TURN_DIRS];

	if (a->session)
		tell(a, TURN_SESSION_REFRESHED, lifetime, none);
}

void turn_session_settle(struct turn_allocation *a)
{
	struct turn_session *s = a->session;

	for (int i = 0; s && i < TURN_DIRS; i++) {
		s->past[i].packets += s->present[i].packets;
		s->past[i].bytes += s->present[i].bytes;
		s->present[i] = (struct turn_flow){ 0 };
	}
}

void turn_session_end(struct turn_allocation *a)
{
	struct turn_flow flows[TURN_DIRS];

	if (!a->session)
		return;
	tell_traffic(a);
	total(a, flows);
	tell(a, TURN_SESSION_ENDED, 0, flows);
	free(a->session);
	a->session = NULL;
}

void turn_session_attach(struct turn_allocation *a)
{
	if (!a->session)
		return;
	turn_timer_add(&a->srv->timers, &a->session->timer, fire);
	/* Its server has its own clock's time, which is not known here: at once. */
	turn_timer_set(&a->srv->timers, &a->session->timer, 0);
}

void turn_session_detach(struct turn_allocation *a)
{
	if (a->session)
		turn_timer_remove(&a->srv->timers, &a->session->timer);
}

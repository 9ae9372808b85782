// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/status.h"

#include <json-c/json.h>
#include <unistd.h>

#include "kturnd/daemon.h"
#include "kturnd/drain.h"
#include "version.h"

/* Totals over all workers; their threads go on counting meanwhile. */
struct totals {
	struct turn_stats turn;
	struct send_stats send;
};

static uint64_t load(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static void add_flow(struct turn_flow *sum, const struct turn_flow *flow)
{
	sum->packets += load(&flow->packets);
	sum->bytes += load(&flow->bytes);
}

static void add_worker(struct totals *sum, const struct worker *worker)
{
	const struct turn_stats *turn = worker_turn_stats(worker);
	const struct send_stats *send = worker_send_stats(worker);

	sum->turn.allocations += load(&turn->allocations);
	sum->turn.permissions += load(&turn->permissions);
	sum->turn.channels += load(&turn->channels);
	sum->turn.offloaded += load(&turn->offloaded);
	add_flow(&sum->turn.to_peer, &turn->to_peer);
	add_flow(&sum->turn.to_client, &turn->to_client);
	for (int i = 0; i < TURN_DROP_COUNT; i++)
		sum->turn.drops[i] += load(&turn->drops[i]);
	sum->send.full += load(&send->full);
	sum->send.unreachable += load(&send->unreachable);
	sum->send.too_big += load(&send->too_big);
	sum->send.failed += load(&send->failed);
}

static void put_number(struct json_object *object, const char *name,
		       uint64_t number)
{
	json_object_object_add(object, name, json_object_new_uint64(number));
}

static void put_text(struct json_object *object, const char *name,
		     const char *text)
{
	json_object_object_add(object, name, json_object_new_string(text));
}

static void put_flow(struct json_object *object, const char *name,
		     const struct turn_flow *flow)
{
	struct json_object *value = json_object_new_object();

	put_number(value, "packets", flow->packets);
	put_number(value, "bytes", flow->bytes);
	json_object_object_add(object, name, value);
}

static void put_userspace(struct json_object *reply, const struct totals *sum)
{
	struct json_object *userspace = json_object_new_object();
	struct json_object *dropped = json_object_new_object();

	for (int i = 0; i < TURN_DROP_COUNT; i++)
		put_number(dropped, turn_drop_name((enum turn_drop)i),
			   sum->turn.drops[i]);
	put_number(dropped, "send-buffer-full", sum->send.full);
	put_number(dropped, "send-unreachable", sum->send.unreachable);
	put_number(dropped, "send-too-big", sum->send.too_big);
	put_number(dropped, "send-failed", sum->send.failed);
	put_flow(userspace, "to_peer", &sum->turn.to_peer);
	put_flow(userspace, "to_client", &sum->turn.to_client);
	json_object_object_add(userspace, "dropped", dropped);
	json_object_object_add(reply, "userspace", userspace);
}

static void put_listeners(struct json_object *reply,
			  const struct endpoints *endpoints)
{
	struct json_object *array = json_object_new_array();
	char text[TRANSPORT_ADDR_STRLEN];

	for (size_t i = 0; i < endpoints->listen_count; i++)
		json_object_array_add(array, json_object_new_string(
			transport_addr_print(&endpoints->listen[i].addr,
					     text)));
	json_object_object_add(reply, "listeners", array);
}

void status_answer(const struct daemon *daemon, struct json_object *reply)
{
	struct totals sum = { 0 };

	for (unsigned int i = 0; i < daemon->worker_count; i++)
		add_worker(&sum, daemon->workers[i]);
	put_text(reply, "version", KTURN_VERSION);
	put_number(reply, "pid", (uint64_t)getpid());
	put_number(reply, "uptime", (worker_now() - daemon->started) / 1000);
	put_text(reply, "relay",
		 kernel_relay_up(daemon->kernel) ? "kernel" : "userspace");
	put_text(reply, "reason", kernel_relay_reason(daemon->kernel));
	put_number(reply, "workers", daemon->worker_count);
	json_object_object_add(reply, "draining",
			       json_object_new_boolean(daemon->drain.on));
	put_number(reply, "left", drain_left(daemon));
	put_number(reply, "allocations", sum.turn.allocations);
	put_number(reply, "permissions", sum.turn.permissions);
	put_number(reply, "channels", sum.turn.channels);
	put_number(reply, "offloaded", sum.turn.offloaded);
	put_userspace(reply, &sum);
	put_listeners(reply, &daemon->endpoints);
}

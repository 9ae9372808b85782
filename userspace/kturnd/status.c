// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/status.h"

#include <json-c/json.h>
#include <unistd.h>

#include "kturnd/daemon.h"
#include "kturnd/drain.h"
#include "kturnd/statsdb.h"
#include "kturnd/totals.h"
#include "kturnd/xdp.h"
#include "version.h"

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
	put_number(dropped, "send-too-big",
		   sum->send.too_big + sum->dtls.too_big);
	put_number(dropped, "send-failed", sum->send.failed);
	put_number(dropped, "slow-client", sum->stream_out.slow);
	put_number(dropped, "dtls-stray", sum->dtls.strays);
	put_flow(userspace, "to_peer", &sum->turn.to_peer);
	put_flow(userspace, "to_client", &sum->turn.to_client);
	json_object_object_add(userspace, "dropped", dropped);
	json_object_object_add(reply, "userspace", userspace);
}

static void put_connections(struct json_object *reply,
			    const struct stream_stats *streams)
{
	struct json_object *connections = json_object_new_object();
	struct json_object *ended = json_object_new_object();

	for (int i = 0; i < STREAM_END_COUNT; i++)
		put_number(ended, stream_end_name((enum stream_end)i),
			   streams->ended[i]);
	put_number(connections, "open", streams->open);
	put_number(connections, "accepted", streams->accepted);
	json_object_object_add(connections, "ended", ended);
	json_object_object_add(reply, "connections", connections);
}

static void put_dtls(struct json_object *reply, const struct dtls_stats *dtls)
{
	struct json_object *associations = json_object_new_object();
	struct json_object *ended = json_object_new_object();

	for (int i = 0; i < DTLS_END_COUNT; i++)
		put_number(ended, dtls_end_name((enum dtls_end)i),
			   dtls->ended[i]);
	put_number(associations, "open", dtls->open);
	put_number(associations, "accepted", dtls->accepted);
	put_number(associations, "cookies_sent", dtls->verified);
	json_object_object_add(associations, "ended", ended);
	json_object_object_add(reply, "dtls", associations);
}

static void put_statsdb(struct json_object *reply,
			const struct daemon *daemon)
{
	const struct statsdb_counts counts = statsdb_counts(daemon->statsdb);
	struct json_object *statsdb;

	if (!daemon->statsdb)
		return;
	statsdb = json_object_new_object();
	put_number(statsdb, "told", counts.told);
	put_number(statsdb, "waiting", counts.waiting);
	put_number(statsdb, "lost", counts.lost);
	json_object_object_add(reply, "statsdb", statsdb);
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
	struct totals sum;

	totals_gather(&sum, daemon);
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
	put_number(reply, "adopted_unheard",
		   turn_shared_orphans(daemon->setup.shared));
	put_userspace(reply, &sum);
	put_connections(reply, &sum.streams);
	put_dtls(reply, &sum.dtls);
	put_statsdb(reply, daemon);
	put_listeners(reply, &daemon->endpoints);
	json_object_object_add(reply, "xdp", xdp_answer(daemon->xdp));
}

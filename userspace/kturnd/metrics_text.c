// SPDX-License-Identifier: BSD-3-Clause
/*
 * Names without "kturn_" in front are coturn's, so that dashboards go on; but
 * ours tell of sessions that are still alive, too. Traffic is application
 * data.
 */
#include "kturnd/metrics_text.h"

#include <errno.h>
#include <event2/buffer.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kturnd/daemon.h"
#include "kturnd/statsdb.h"
#include "kturnd/totals.h"
#include "kturnd/xdp.h"
#include "version.h"

#define LABEL_LEN (3 * TURN_USERNAME_MAX + 1)

/* Counters and nothing else, so they can be added up as an array. */
#define STATS_WORDS (sizeof(struct fastpath_stats) / sizeof(uint64_t))

static void add_stats(struct fastpath_stats *sum,
		      const struct fastpath_stats *more)
{
	uint64_t *to = (uint64_t *)sum;
	const uint64_t *from = (const uint64_t *)more;

	for (size_t i = 0; i < STATS_WORDS; i++)
		to[i] += from[i];
}

void kernel_totals_take(struct kernel_totals *totals,
			const struct fastpath_stats *stats)
{
	if (stats->received < totals->now.received)
		add_stats(&totals->before, &totals->now);
	totals->now = *stats;
}

void kernel_totals_get(const struct kernel_totals *totals,
		       struct fastpath_stats *sum)
{
	*sum = totals->before;
	add_stats(sum, &totals->now);
}

const char *metrics_label(const char *text, size_t len, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n + 3 < size; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\')
			n += (size_t)sprintf(out + n, "\\%c", c);
		else if (c < ' ' || c >= 0x7f || c == '%')
			n += (size_t)sprintf(out + n, "%%%02x", c);
		else
			out[n++] = (char)c;
	}
	out[n] = '\0';
	return out;
}

static void head(struct evbuffer *out, const char *name, const char *type,
		 const char *help)
{
	evbuffer_add_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help,
			    name, type);
}

/**
 * struct metric - one without labels
 * @name: its name
 * @help: what it is
 * @value: how many
 */
struct metric {
	const char *name;
	const char *help;
	uint64_t value;
};

static void put_all(struct evbuffer *out, const char *type,
		    const struct metric *metrics, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		head(out, metrics[i].name, type, metrics[i].help);
		evbuffer_add_printf(out, "%s %" PRIu64 "\n", metrics[i].name,
				    metrics[i].value);
	}
}

#define GAUGES(out, metrics) \
	put_all(out, "gauge", metrics, sizeof(metrics) / sizeof((metrics)[0]))
#define COUNTERS(out, metrics) \
	put_all(out, "counter", metrics, sizeof(metrics) / sizeof((metrics)[0]))

/* coturn's counters of traffic: twice, with and without a realm. */
static void put_traffic(struct evbuffer *out, const char *realm,
			const struct turn_flow *to_peer,
			const struct turn_flow *to_client)
{
	const struct {
		const char *name, *what;
		uint64_t value;
	} all[] = {
		{ "rcvp", "packets received from clients", to_peer->packets },
		{ "rcvb", "bytes received from clients", to_peer->bytes },
		{ "sentp", "packets sent to clients", to_client->packets },
		{ "sentb", "bytes sent to clients", to_client->bytes },
		{ "peer_rcvp", "packets received from peers", to_client->packets },
		{ "peer_rcvb", "bytes received from peers", to_client->bytes },
		{ "peer_sentp", "packets sent to peers", to_peer->packets },
		{ "peer_sentb", "bytes sent to peers", to_peer->bytes },
	};
	char name[64], label[LABEL_LEN];

	metrics_label(realm, strlen(realm), label, sizeof(label));
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		snprintf(name, sizeof(name), "turn_traffic_%s", all[i].name);
		head(out, name, "counter", all[i].what);
		evbuffer_add_printf(out, "%s{realm=\"%s\"} %" PRIu64 "\n", name,
				    label, all[i].value);
		snprintf(name, sizeof(name), "turn_total_traffic_%s",
			 all[i].name);
		put_all(out, "counter", &(struct metric){
			name, all[i].what, all[i].value }, 1);
	}
}

static void put_binding(struct evbuffer *out, const struct turn_stats *turn)
{
	const struct metric counters[] = {
		{ "stun_binding_request", "Binding requests",
		  turn->binding_requests },
		{ "stun_binding_response", "success responses to these",
		  turn->binding_successes },
		{ "stun_binding_error", "error responses to these",
		  turn->binding_errors },
	};

	COUNTERS(out, counters);
}

static void put_transports(struct evbuffer *out, const struct turn_stats *turn)
{
	/* As coturn calls them. */
	static const char *const names[TURN_TRANSPORTS] = {
		[TURN_UDP] = "UDP", [TURN_TCP] = "TCP",
		[TURN_TLS] = "TLS/TCP", [TURN_DTLS] = "DTLS/UDP",
	};

	head(out, "turn_total_allocations", "gauge",
	     "allocations right now, by the client's transport");
	for (int i = 0; i < TURN_TRANSPORTS; i++)
		evbuffer_add_printf(out,
				    "turn_total_allocations{type=\"%s\"} %" PRIu64 "\n",
				    names[i], turn->by_transport[i]);
}

static void put_flow(struct evbuffer *out, const char *unit, const char *by,
		     uint64_t to_peer, uint64_t to_client)
{
	static const char format[] =
		"kturn_relayed_%s_total{by=\"%s\",direction=\"%s\"} %" PRIu64 "\n";

	evbuffer_add_printf(out, format, unit, by, "to_peer", to_peer);
	evbuffer_add_printf(out, format, unit, by, "to_client", to_client);
}

static void put_relayed(struct evbuffer *out, const struct turn_stats *turn,
			const struct fastpath_stats *kernel)
{
	const struct metric hairpin[] = { {
		"kturn_hairpin_packets_total",
		"datagrams that the kernel took from client to client at once, in both directions' counts",
		kernel->hairpin,
	} };

	head(out, "kturn_relayed_packets_total", "counter",
	     "datagrams relayed by the kernel module and by kturnd itself");
	put_flow(out, "packets", "kernel", kernel->to_peer.packets,
		 kernel->to_client.packets);
	put_flow(out, "packets", "userspace", turn->to_peer.packets,
		 turn->to_client.packets);
	head(out, "kturn_relayed_bytes_total", "counter",
	     "application data in them");
	put_flow(out, "bytes", "kernel", kernel->to_peer.bytes,
		 kernel->to_client.bytes);
	put_flow(out, "bytes", "userspace", turn->to_peer.bytes,
		 turn->to_client.bytes);
	COUNTERS(out, hairpin);
}

static void put_drop(struct evbuffer *out, const char *by, const char *reason,
		     uint64_t value)
{
	evbuffer_add_printf(out,
			    "kturn_dropped_packets_total{by=\"%s\",reason=\"%s\"} %" PRIu64 "\n",
			    by, reason, value);
}

static void put_drops(struct evbuffer *out, const struct totals *sum,
		      const struct fastpath_stats *kernel)
{
	head(out, "kturn_dropped_packets_total", "counter",
	     "datagrams that went nowhere, by who dropped them and why");
	for (unsigned int i = 0; i <= KTURN_A_DROPPED_MAX; i++)
		if (fastpath_dropped_name(i))
			put_drop(out, "kernel", fastpath_dropped_name(i),
				 kernel->dropped[i]);
	for (int i = 0; i < TURN_DROP_COUNT; i++)
		put_drop(out, "userspace", turn_drop_name((enum turn_drop)i),
			 sum->turn.drops[i]);
	put_drop(out, "userspace", "send-buffer-full", sum->send.full);
	put_drop(out, "userspace", "send-unreachable", sum->send.unreachable);
	put_drop(out, "userspace", "send-too-big",
		 sum->send.too_big + sum->dtls.too_big);
	put_drop(out, "userspace", "send-failed", sum->send.failed);
	put_drop(out, "userspace", "slow-client", sum->stream_out.slow);
	put_drop(out, "userspace", "dtls-stray", sum->dtls.strays);
	head(out, "kturn_passed_packets_total", "counter",
	     "datagrams that the kernel left to kturnd, by reason");
	for (unsigned int i = 0; i <= KTURN_A_PASSED_MAX; i++)
		if (fastpath_passed_name(i))
			evbuffer_add_printf(out,
					    "kturn_passed_packets_total{reason=\"%s\"} %" PRIu64 "\n",
					    fastpath_passed_name(i),
					    kernel->passed[i]);
}

static void put_door(struct evbuffer *out, const char *door, uint64_t packets)
{
	evbuffer_add_printf(out,
			    "kturn_forwarded_packets_total{door=\"%s\"} %" PRIu64 "\n",
			    door, packets);
}

/* From client to client is one packet, and in both directions' figures. */
static void put_doors(struct evbuffer *out, const struct turn_stats *turn,
		      const struct fastpath_stats *kernel)
{
	uint64_t all = kernel->to_peer.packets + kernel->to_client.packets -
		       kernel->hairpin;
	const struct metric dropped[] = { {
		"kturn_xdp_dropped_packets_total",
		"datagrams that the kernel dropped by XDP, in its other counts too",
		kernel->xdp.dropped,
	} };

	head(out, "kturn_forwarded_packets_total", "counter",
	     "datagrams by where they were when they were forwarded: XDP, netfilter's hook, kturnd");
	put_door(out, "xdp", kernel->xdp.forwarded);
	/* Added up at different moments. */
	put_door(out, "netfilter", all > kernel->xdp.forwarded ?
				   all - kernel->xdp.forwarded : 0);
	put_door(out, "userspace",
		 turn->to_peer.packets + turn->to_client.packets);
	COUNTERS(out, dropped);
	head(out, "kturn_xdp_passed_packets_total", "counter",
	     "datagrams that XDP passed up to netfilter's hook, by reason");
	for (unsigned int i = 0; i <= KTURN_A_XDP_PASSED_MAX; i++)
		if (fastpath_xdp_passed_name(i))
			evbuffer_add_printf(out,
					    "kturn_xdp_passed_packets_total{reason=\"%s\"} %" PRIu64 "\n",
					    fastpath_xdp_passed_name(i),
					    kernel->xdp.passed[i]);
}

/* A device's name may hold anything but a slash and a space. */
static void put_device(struct evbuffer *out, const char *metric,
		       const struct xdp_device *dev, uint64_t value)
{
	char label[3 * IFNAMSIZ + 1];

	evbuffer_add_printf(out, "%s{device=\"%s\",mode=\"%s\"} %" PRIu64 "\n",
			    metric,
			    metrics_label(dev->name, strlen(dev->name), label,
					  sizeof(label)),
			    dev->generic ? "generic" : "native", value);
}

static void put_devices(struct evbuffer *out, const struct xdp_door *door)
{
	size_t n = xdp_door_count(door);

	if (!n)
		return;
	head(out, "kturn_xdp_attached", "gauge",
	     "1 while the program is attached to the device, else 0");
	for (size_t i = 0; i < n; i++)
		put_device(out, "kturn_xdp_attached", xdp_door_device(door, i),
			   xdp_door_device(door, i)->state == XDP_ATTACHED);
	head(out, "kturn_xdp_attached_seconds", "gauge",
	     "since it was attached, or taken over");
	for (size_t i = 0; i < n; i++)
		if (xdp_door_device(door, i)->state == XDP_ATTACHED)
			put_device(out, "kturn_xdp_attached_seconds",
				   xdp_door_device(door, i),
				   (worker_now() - xdp_door_device(door, i)->since) / 1000);
	head(out, "kturn_xdp_program_id", "gauge", "id of the program there");
	for (size_t i = 0; i < n; i++)
		if (xdp_door_device(door, i)->state == XDP_ATTACHED)
			put_device(out, "kturn_xdp_program_id",
				   xdp_door_device(door, i),
				   xdp_door_device(door, i)->program);
}

static void put_requests(struct evbuffer *out, const struct turn_stats *turn)
{
	const struct metric counters[] = {
		{ "kturn_requests_total", "STUN requests understood",
		  turn->requests },
		{ "kturn_success_responses_total", "success responses",
		  turn->successes },
		{ "kturn_allocations_created_total",
		  "allocations made since the start", turn->allocations_total },
		{ "kturn_offload_failures_total",
		  "allocations that the kernel module did not take",
		  turn->fastpath_failures },
	};

	COUNTERS(out, counters);
	head(out, "kturn_error_responses_total", "counter",
	     "error responses, by code");
	for (int i = 0; i <= TURN_ERROR_MAX - TURN_ERROR_MIN; i++)
		if (turn->errors[i])
			evbuffer_add_printf(out,
					    "kturn_error_responses_total{code=\"%d\"} %" PRIu64 "\n",
					    TURN_ERROR_MIN + i,
					    turn->errors[i]);
}

static void put_objects(struct evbuffer *out, const struct turn_stats *turn)
{
	const struct metric gauges[] = {
		{ "kturn_allocations", "allocations right now",
		  turn->allocations },
		{ "kturn_permissions", "permissions right now",
		  turn->permissions },
		{ "kturn_channels", "channels right now", turn->channels },
		{ "kturn_allocations_offloaded",
		  "allocations that are in the kernel module right now",
		  turn->offloaded },
	};

	GAUGES(out, gauges);
}

static void put_module(struct evbuffer *out, const struct fastpath_net *net)
{
	const struct metric gauges[] = {
		{ "kturn_module_allocations", "allocations in the module",
		  net->allocations },
		{ "kturn_module_permissions", "permissions in the module",
		  net->permissions },
		{ "kturn_module_channels", "channels in the module",
		  net->channels },
		{ "kturn_module_max_allocations", "the module's limit",
		  net->max_allocations },
		{ "kturn_module_max_permissions", "the module's limit",
		  net->max_permissions },
		{ "kturn_module_max_channels", "the module's limit",
		  net->max_channels },
	};

	GAUGES(out, gauges);
}

static void put_daemon(struct evbuffer *out, const struct daemon *daemon)
{
	const struct metric gauges[] = {
		{ "kturn_uptime_seconds", "since the start",
		  (worker_now() - daemon->started) / 1000 },
		{ "kturn_workers", "worker threads", daemon->worker_count },
		{ "kturn_kernel_relay",
		  "1 while the kernel relays channels that are bound now, else 0",
		  kernel_relay_up(daemon->kernel) },
		{ "kturn_draining", "1 while no new sessions are taken",
		  daemon->drain.on },
	};

	head(out, "kturn_build_info", "gauge", "always 1");
	evbuffer_add_printf(out, "kturn_build_info{version=\"%s\"} 1\n",
			    KTURN_VERSION);
	GAUGES(out, gauges);
}

static void put_statsdb(struct evbuffer *out, const struct daemon *daemon)
{
	const struct statsdb_counts counts = statsdb_counts(daemon->statsdb);
	const struct metric counters[] = {
		{ "kturn_statsdb_told_total",
		  "news of sessions that Redis has been told", counts.told },
		{ "kturn_statsdb_lost_total",
		  "those lost, for Redis could not be told in time",
		  counts.lost },
	};

	if (daemon->statsdb)
		COUNTERS(out, counters);
}

/* Users being written down, no more than are allowed. */
struct user_list {
	struct evbuffer *out;
	unsigned int left;
	uint64_t others;
};

static bool put_user(void *arg, const char *name, size_t len,
		     uint32_t allocations)
{
	struct user_list *list = arg;
	char label[LABEL_LEN];

	/* Who comes by access token has no name. */
	if (!list->left || !name[0]) {
		list->others += allocations;
		return true;
	}
	list->left--;
	evbuffer_add_printf(list->out,
			    "kturn_user_allocations{user=\"%s\"} %u\n",
			    metrics_label(name, len, label, sizeof(label)),
			    allocations);
	return true;
}

static void put_users(struct evbuffer *out, const struct daemon *daemon)
{
	struct user_list list = { .out = out, .left = METRICS_USERS_MAX };

	if (!daemon->cfg->prometheus_username_labels)
		return;
	head(out, "kturn_user_allocations", "gauge",
	     "allocations and reserved ports of a user right now");
	turn_shared_foreach_user(daemon->setup.shared, put_user, &list);
	put_all(out, "gauge", &(struct metric){
		"kturn_other_users_allocations",
		"those of users beyond the first thousand, and of access tokens", list.others }, 1);
}

int metrics_text(const struct daemon *daemon, struct kernel_totals *kernel,
		 struct evbuffer *out)
{
	struct fastpath_stats stats;
	struct fastpath_net net;
	struct turn_flow to_peer, to_client;
	struct totals sum;
	bool module = kernel_relay_stats(daemon->kernel, &stats, &net);

	if (module)
		kernel_totals_take(kernel, &stats);
	kernel_totals_get(kernel, &stats);
	totals_gather(&sum, daemon);
	to_peer = (struct turn_flow){
		sum.turn.to_peer.packets + stats.to_peer.packets,
		sum.turn.to_peer.bytes + stats.to_peer.bytes,
	};
	to_client = (struct turn_flow){
		sum.turn.to_client.packets + stats.to_client.packets,
		sum.turn.to_client.bytes + stats.to_client.bytes,
	};
	put_traffic(out, daemon->cfg->realm ?: "", &to_peer, &to_client);
	put_binding(out, &sum.turn);
	put_transports(out, &sum.turn);
	put_daemon(out, daemon);
	put_objects(out, &sum.turn);
	put_relayed(out, &sum.turn, &stats);
	put_doors(out, &sum.turn, &stats);
	put_devices(out, xdp_door(daemon->xdp));
	put_drops(out, &sum, &stats);
	put_requests(out, &sum.turn);
	if (module)
		put_module(out, &net);
	put_statsdb(out, daemon);
	put_users(out, daemon);
	return evbuffer_get_length(out) ? 0 : -ENOMEM;
}

// SPDX-License-Identifier: BSD-3-Clause
/*
 * Installs sessions in the module through userspace/fastpath, as many as
 * asked for, and says what that took. Commands are read from stdin, a line
 * each, and answered with a line of JSON:
 *
 *	add N		N more sessions: all their allocations, then their
 *			permissions, then their channels, WINDOW of each to a
 *			call of fastpath_submit()
 *	delete N	the N oldest sessions, by deleting their allocations
 *	flush		all that are left
 *	stats		what the module holds and has forwarded
 *
 * Times are nanoseconds of the machine: instructions, where it counts them.
 * They include whatever else the machine did meanwhile: growing tables,
 * freeing memory.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "fastpath/fastpath.h"
#include "plan.h"

/* Requests to a call of fastpath_submit(). */
#define WINDOW 1024

#define TIMEOUT_MS 3600000

/* As long as kturnd's for a user name of the REST kind, SHA-256. */
static const uint8_t blob[80] = { 1 };

/**
 * struct sessions - those that there are
 * @fp: connection to the module
 * @family: of all addresses
 * @ids: ids of the allocations, by session number
 * @first: the oldest that was not deleted
 * @count: the number of the next one
 * @requests: a window of them
 */
struct sessions {
	struct fastpath *fp;
	int family;
	uint32_t *ids;
	uint32_t first;
	uint32_t count;
	struct fastpath_request requests[WINDOW];
};

/* What one kind of request took. */
struct cost {
	uint64_t total;
	uint64_t longest;
};

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void submit(struct sessions *s, size_t n, struct cost *cost)
{
	struct fastpath_error error;
	uint64_t start = now(), took;

	if (fastpath_submit(s->fp, s->requests, n, &error))
		errx(1, "%s", error.text);
	took = now() - start;
	cost->total += took;
	if (took > cost->longest)
		cost->longest = took;
}

static void ask_allocation(struct sessions *s, uint32_t i,
			   struct fastpath_request *request)
{
	struct session session = plan_session(s->family, i);

	*request = (struct fastpath_request){
		.cmd = KTURN_CMD_ALLOCATION_NEW,
		.allocation = {
			.client = session.client,
			.server = session.server,
			.timeout_ms = TIMEOUT_MS,
			.userdata = blob,
			.userdata_len = sizeof(blob),
		},
	};
	if (s->family == AF_INET)
		request->allocation.relayed_ipv4 = session.relayed;
	else
		request->allocation.relayed_ipv6 = session.relayed;
}

static void ask_permission(struct sessions *s, uint32_t i,
			   struct fastpath_request *request)
{
	*request = (struct fastpath_request){
		.cmd = KTURN_CMD_PERMISSION_NEW,
		.permission = {
			.allocation_id = s->ids[i],
			.peer = plan_session(s->family, i).peer,
			.timeout_ms = TIMEOUT_MS,
		},
	};
}

static void ask_channel(struct sessions *s, uint32_t i,
			struct fastpath_request *request)
{
	struct session session = plan_session(s->family, i);

	*request = (struct fastpath_request){
		.cmd = KTURN_CMD_CHANNEL_NEW,
		.channel = {
			.allocation_id = s->ids[i],
			.number = session.number,
			.peer = session.peer,
			.timeout_ms = TIMEOUT_MS,
		},
	};
}

static void ask_deletion(struct sessions *s, uint32_t i,
			 struct fastpath_request *request)
{
	*request = (struct fastpath_request){
		.cmd = KTURN_CMD_ALLOCATION_DEL,
		.allocation = { .id = s->ids[i] },
	};
}

typedef void (*ask_fn)(struct sessions *s, uint32_t i,
		       struct fastpath_request *request);

/* One request for each of n sessions; making them is no part of the cost. */
static void ask_window(struct sessions *s, uint32_t first, uint32_t n,
		       ask_fn ask, struct cost *cost)
{
	for (uint32_t i = 0; i < n; i++)
		ask(s, first + i, &s->requests[i]);
	submit(s, n, cost);
}

static void print_cost(const char *name, const struct cost *cost)
{
	printf("\"%s\": {\"total\": %llu, \"longest\": %llu}", name,
	       (unsigned long long)cost->total,
	       (unsigned long long)cost->longest);
}

static void add(struct sessions *s, uint32_t n)
{
	struct cost allocations = { 0 }, permissions = { 0 }, channels = { 0 };
	uint32_t end = s->count + n;

	s->ids = realloc(s->ids, end * sizeof(*s->ids));
	if (!s->ids)
		err(1, "memory");
	while (s->count < end) {
		uint32_t left = end - s->count;
		uint32_t window = left < WINDOW ? left : WINDOW;

		ask_window(s, s->count, window, ask_allocation, &allocations);
		for (uint32_t i = 0; i < window; i++)
			s->ids[s->count + i] = s->requests[i].allocation.id;
		ask_window(s, s->count, window, ask_permission, &permissions);
		ask_window(s, s->count, window, ask_channel, &channels);
		s->count += window;
	}
	printf("{");
	print_cost("allocation", &allocations);
	printf(", ");
	print_cost("permission", &permissions);
	printf(", ");
	print_cost("channel", &channels);
	printf("}\n");
}

static void delete(struct sessions *s, uint32_t n)
{
	struct cost deletions = { 0 };

	if (n > s->count - s->first)
		errx(1, "there are not so many");
	while (n) {
		uint32_t window = n < WINDOW ? n : WINDOW;

		ask_window(s, s->first, window, ask_deletion, &deletions);
		s->first += window;
		n -= window;
	}
	printf("{");
	print_cost("delete", &deletions);
	printf("}\n");
}

static void flush(struct sessions *s)
{
	struct fastpath_error error;
	struct cost cost;
	uint64_t start = now();

	if (fastpath_flush(s->fp, &error))
		errx(1, "%s", error.text);
	cost.total = now() - start;
	cost.longest = cost.total;
	s->first = s->count;
	printf("{");
	print_cost("flush", &cost);
	printf("}\n");
}

static void stats(struct sessions *s)
{
	struct fastpath_error error;
	struct fastpath_stats stats;
	struct fastpath_net net;

	if (fastpath_net_get(s->fp, &net, &error) ||
	    fastpath_stats_get(s->fp, &stats, &error))
		errx(1, "%s", error.text);
	printf("{\"allocations\": %u, \"permissions\": %u, \"channels\": %u, \"to-peer\": %llu, \"to-client\": %llu}\n",
	       net.allocations, net.permissions, net.channels,
	       (unsigned long long)stats.to_peer.packets,
	       (unsigned long long)stats.to_client.packets);
}

static void raise_limits(struct sessions *s)
{
	const struct fastpath_net net = {
		.max_allocations = UINT32_MAX,
		.max_permissions = UINT32_MAX,
		.max_channels = UINT32_MAX,
	};
	struct fastpath_error error;

	if (fastpath_net_set(s->fp, FASTPATH_NET_MAX_ALLOCATIONS |
			     FASTPATH_NET_MAX_PERMISSIONS |
			     FASTPATH_NET_MAX_CHANNELS, &net, &error))
		errx(1, "%s", error.text);
}

static void obey(struct sessions *s, const char *command, uint32_t n)
{
	if (!strcmp(command, "add") && n)
		add(s, n);
	else if (!strcmp(command, "delete") && n)
		delete(s, n);
	else if (!strcmp(command, "flush"))
		flush(s);
	else if (!strcmp(command, "stats"))
		stats(s);
	else
		errx(2, "not a command: %s %u", command, n);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct fastpath_error error;
	struct sessions *s = calloc(1, sizeof(*s));
	char line[64], command[16];

	if (!s)
		err(1, "memory");
	if (argc != 2 || (strcmp(argv[1], "4") && strcmp(argv[1], "6")))
		errx(2, "usage: sessions 4|6");
	s->family = argv[1][0] == '4' ? AF_INET : AF_INET6;
	if (fastpath_open(&s->fp, &error) || fastpath_attach(s->fp, &error))
		errx(1, "%s", error.text);
	raise_limits(s);
	while (fgets(line, sizeof(line), stdin)) {
		unsigned int n = 0;

		if (sscanf(line, "%15s %u", command, &n) >= 1)
			obey(s, command, n);
	}
	fastpath_close(s->fp);
	free(s->ids);
	free(s);
	return 0;
}

// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/kernel_link.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Sessions, and permissions and channels, in one fastpath_submit(). */
#define SESSIONS_AT_ONCE 32
#define PEERS_AT_ONCE 96

static struct kernel_link *link_of(void *env)
{
	return worker_user(env);
}

/* The module going away is news of its own, and no failure. */
static int failed(void *env, int ret, const struct fastpath_error *err)
{
	char text[FASTPATH_ERROR_TEXT + 64];

	if (ret == -ENODEV)
		return ret;
	snprintf(text, sizeof(text), "worker %u: kernel relay: %s",
		 worker_number(env), err->text);
	log_text_limited(&link_of(env)->limit, TURN_LOG_WARNING, text);
	return ret;
}

/* Asked for each time: a device may have been made anew. */
static uint32_t device_index(const char *device)
{
	return device ? if_nametoindex(device) : 0;
}

/*
 * A daemon that was killed leaves its allocations behind, so that their calls
 * go on. A client that allocates anew has given its old session up.
 */
static void ask_allocation(const struct kernel_link *link,
			   const struct turn_fastpath_allocation *allocation,
			   struct fastpath_request *request,
			   struct fastpath_error *err)
{
	*request = (struct fastpath_request){
		.cmd = KTURN_CMD_ALLOCATION_NEW,
		.replace = true,
		.why = err,
		.allocation = {
			.client = allocation->client,
			.server = allocation->server,
			.relayed_ipv4 = allocation->relayed_ipv4,
			.relayed_ipv6 = allocation->relayed_ipv6,
			.timeout_ms = allocation->timeout_ms,
			.max_bps = allocation->max_bps,
			.server_device = device_index(link->server_device),
			.relayed_device = device_index(link->relayed_device),
			.userdata = allocation->userdata,
			.userdata_len = allocation->userdata_len,
		},
	};
}

static void take_allocation(void *env, struct fastpath_request *request,
			    struct turn_fastpath_allocation *allocation)
{
	struct fastpath_error *err = request->why;

	if (request->error == -EEXIST)
		snprintf(err->text, sizeof(err->text),
			 "the relayed address belongs to an earlier session; relaying this one in userspace");
	allocation->error = request->error;
	allocation->id = request->allocation.id;
	if (request->error)
		failed(env, request->error, err);
}

static void allocations_new(void *env,
			    struct turn_fastpath_allocation *allocations,
			    size_t count)
{
	struct fastpath_request requests[SESSIONS_AT_ONCE];
	struct fastpath_error errors[SESSIONS_AT_ONCE];

	while (count) {
		size_t n = count < SESSIONS_AT_ONCE ? count : SESSIONS_AT_ONCE;

		for (size_t i = 0; i < n; i++)
			ask_allocation(link_of(env), &allocations[i],
				       &requests[i], &errors[i]);
		fastpath_submit(link_of(env)->fp, requests, n, NULL);
		for (size_t i = 0; i < n; i++)
			take_allocation(env, &requests[i], &allocations[i]);
		allocations += n;
		count -= n;
	}
}

static int allocation_set(void *env, uint32_t id, uint32_t timeout_ms)
{
	const struct fastpath_allocation a = {
		.id = id, .timeout_ms = timeout_ms,
	};
	struct fastpath_error err;
	int ret = fastpath_allocation_set(link_of(env)->fp, &a, &err);

	return ret ? failed(env, ret, &err) : 0;
}

static int allocation_move(void *env, uint32_t id,
			   const struct turn_5tuple *tuple, uint32_t timeout_ms)
{
	const struct fastpath_allocation a = {
		.id = id,
		.client = tuple->client,
		.server = tuple->server,
		.timeout_ms = timeout_ms,
	};
	struct fastpath_error err;
	int ret = fastpath_allocation_set(link_of(env)->fp, &a, &err);

	return ret ? failed(env, ret, &err) : 0;
}

static int allocation_del(void *env, uint32_t id)
{
	struct fastpath_error err;
	int ret = fastpath_allocation_del(link_of(env)->fp, id, &err);

	/* Gone already is what was wanted. */
	if (!ret || ret == -ENOENT)
		return 0;
	return failed(env, ret, &err);
}

static int allocation_flows(void *env, uint32_t id, struct turn_flow *to_peer,
			    struct turn_flow *to_client)
{
	struct fastpath_allocation a;
	struct fastpath_error err;
	int ret = fastpath_allocation_get(link_of(env)->fp, id, &a, &err);

	if (ret)
		return ret;
	*to_peer = (struct turn_flow){ a.to_peer.packets, a.to_peer.bytes };
	*to_client = (struct turn_flow){ a.to_client.packets,
					 a.to_client.bytes };
	return 0;
}

/* Returns the number of requests, at most two. */
static size_t ask_peer(const struct turn_fastpath_peer *peer,
		       struct fastpath_request *requests)
{
	size_t n = 0;

	if (peer->permission_ms)
		requests[n++] = (struct fastpath_request){
			.cmd = KTURN_CMD_PERMISSION_NEW,
			.permission = {
				.allocation_id = peer->id,
				.peer = peer->peer,
				.timeout_ms = peer->permission_ms,
			},
		};
	if (peer->channel)
		requests[n++] = (struct fastpath_request){
			.cmd = KTURN_CMD_CHANNEL_NEW,
			.channel = {
				.allocation_id = peer->id,
				.number = peer->channel,
				.peer = peer->peer,
				.timeout_ms = peer->channel_ms,
			},
		};
	return n;
}

/* As many peers as fit; returns how many. */
static size_t set_some(void *env, struct turn_fastpath_peer *peers,
		       size_t count)
{
	struct fastpath_request requests[2 * PEERS_AT_ONCE];
	size_t asked[PEERS_AT_ONCE], n = 0, at = 0;
	struct fastpath_error err;
	int ret;

	if (count > PEERS_AT_ONCE)
		count = PEERS_AT_ONCE;
	for (size_t i = 0; i < count; i++) {
		asked[i] = ask_peer(&peers[i], &requests[n]);
		n += asked[i];
	}
	ret = fastpath_submit(link_of(env)->fp, requests, n, &err);
	if (ret)
		failed(env, ret, &err);
	for (size_t i = 0; i < count; i++) {
		peers[i].error = 0;
		for (; asked[i]; asked[i]--, at++)
			if (!peers[i].error)
				peers[i].error = requests[at].error;
	}
	return count;
}

static void peers_set(void *env, struct turn_fastpath_peer *peers,
		      size_t count)
{
	while (count) {
		size_t n = set_some(env, peers, count);

		peers += n;
		count -= n;
	}
}

const struct turn_fastpath_ops kernel_link_ops = {
	.allocations_new = allocations_new,
	.allocation_set = allocation_set,
	.allocation_move = allocation_move,
	.allocation_del = allocation_del,
	.allocation_flows = allocation_flows,
	.peers_set = peers_set,
};

void kernel_link_up(struct worker *worker, void *arg)
{
	struct kernel_link *link = worker_user(worker);
	struct fastpath_error err;
	int ret;

	(void)arg;
	ret = fastpath_attach(link->fp, &err);
	if (ret) {
		failed(worker, ret, &err);
		return;
	}
	turn_server_fastpath_up(worker_server(worker), worker_now());
}

void kernel_link_down(struct worker *worker, void *arg)
{
	(void)arg;
	turn_server_fastpath_down(worker_server(worker));
}

static bool take_out(void *arg, const struct turn_allocation *allocation)
{
	struct turn_allocation_info info;

	turn_allocation_info(allocation, &info);
	return !info.fastpath_id ||
	       allocation_del(arg, info.fastpath_id) != -ENODEV;
}

void kernel_link_off(struct worker *worker, void *arg)
{
	turn_server_foreach_allocation(worker_server(worker), take_out,
				       worker);
	kernel_link_down(worker, arg);
}

void kernel_link_gone(struct worker *worker, void *arg)
{
	struct kernel_ids *ids = arg;

	for (size_t i = 0; i < ids->n; i++)
		turn_server_fastpath_gone(worker_server(worker), ids->v[i],
					  worker_now());
	free(ids);
}

static int compare_ids(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/**
 * struct comparison - our allocations against the module's
 * @present: what the module holds
 * @lost: what it should hold but does not
 * @room: room in @lost
 */
struct comparison {
	const struct kernel_ids *present;
	struct kernel_ids *lost;
	size_t room;
};

static bool note_lost(void *arg, const struct turn_allocation *allocation)
{
	struct comparison *cmp = arg;
	struct turn_allocation_info info;

	turn_allocation_info(allocation, &info);
	if (info.fastpath_id && cmp->lost->n < cmp->room &&
	    !bsearch(&info.fastpath_id, cmp->present->v, cmp->present->n,
		     sizeof(uint32_t), compare_ids))
		cmp->lost->v[cmp->lost->n++] = info.fastpath_id;
	return true;
}

void kernel_link_compare(struct worker *worker, void *arg)
{
	struct kernel_ids *present = arg;
	struct comparison cmp = {
		.present = present,
		.room = worker_turn_stats(worker)->allocations,
	};

	cmp.lost = calloc(1, sizeof(*cmp.lost) + cmp.room * sizeof(uint32_t));
	if (cmp.lost) {
		turn_server_foreach_allocation(worker_server(worker),
					       note_lost, &cmp);
		kernel_link_gone(worker, cmp.lost);
	}
	free(present);
}

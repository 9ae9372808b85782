// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/kernel_link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Peers that go into one fastpath_submit(). */
#define PEERS_AT_ONCE 32

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

/**
 * struct stale_search - looking for an earlier daemon's allocation
 * @client: of this client
 * @server: at this address
 * @id: found, or 0
 */
struct stale_search {
	const struct transport_addr *client;
	const struct transport_addr *server;
	uint32_t id;
};

static int match_stale(const struct fastpath_allocation *a, void *arg)
{
	struct stale_search *search = arg;

	if (!a)
		search->id = 0;
	else if (transport_addr_equal(&a->client, search->client) &&
		 transport_addr_equal(&a->server, search->server))
		search->id = a->id;
	return 0;
}

/*
 * A daemon that was killed leaves its allocations behind, so that their calls
 * go on. A client that allocates anew has given its old session up.
 */
static int replace_stale(struct fastpath *fp, struct fastpath_allocation *a,
			 struct fastpath_error *err)
{
	struct stale_search search = {
		.client = &a->client, .server = &a->server,
	};
	int ret = fastpath_allocation_dump(fp, match_stale, &search, err);

	if (ret < 0)
		return ret;
	if (!search.id) {
		snprintf(err->text, sizeof(err->text),
			 "the relayed address belongs to an earlier session; relaying this one in userspace");
		return -EEXIST;
	}
	ret = fastpath_allocation_del(fp, search.id, err);
	if (ret && ret != -ENOENT)
		return ret;
	return fastpath_allocation_new(fp, a, err);
}

static int allocation_new(void *env,
			  const struct turn_fastpath_allocation *allocation,
			  uint32_t *id)
{
	struct fastpath *fp = link_of(env)->fp;
	struct fastpath_error err;
	struct fastpath_allocation a = {
		.client = allocation->client,
		.server = allocation->server,
		.relayed_ipv4 = allocation->relayed_ipv4,
		.relayed_ipv6 = allocation->relayed_ipv6,
		.timeout_ms = allocation->timeout_ms,
		.max_bps = allocation->max_bps,
		.userdata = allocation->userdata,
		.userdata_len = allocation->userdata_len,
	};
	int ret = fastpath_allocation_new(fp, &a, &err);

	if (ret == -EEXIST)
		ret = replace_stale(fp, &a, &err);
	if (ret)
		return failed(env, ret, &err);
	*id = a.id;
	return 0;
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

static int allocation_del(void *env, uint32_t id)
{
	struct fastpath_error err;
	int ret = fastpath_allocation_del(link_of(env)->fp, id, &err);

	/* Gone already is what was wanted. */
	if (!ret || ret == -ENOENT)
		return 0;
	return failed(env, ret, &err);
}

/* A permission and perhaps a channel; returns the number of requests. */
static size_t peer_requests(uint32_t id, const struct turn_fastpath_peer *peer,
			    struct fastpath_request *requests)
{
	requests[0] = (struct fastpath_request){
		.cmd = KTURN_CMD_PERMISSION_NEW,
		.permission = {
			.allocation_id = id,
			.peer = peer->peer,
			.timeout_ms = peer->permission_ms,
		},
	};
	if (!peer->channel)
		return 1;
	requests[1] = (struct fastpath_request){
		.cmd = KTURN_CMD_CHANNEL_NEW,
		.channel = {
			.allocation_id = id,
			.number = peer->channel,
			.peer = peer->peer,
			.timeout_ms = peer->channel_ms,
		},
	};
	return 2;
}

static int peers_set(void *env, uint32_t id,
		     const struct turn_fastpath_peer *peers, size_t count)
{
	struct fastpath_request requests[2 * PEERS_AT_ONCE];
	struct fastpath *fp = link_of(env)->fp;
	struct fastpath_error err;
	size_t i = 0;

	while (i < count) {
		size_t n = 0, end = i + PEERS_AT_ONCE;
		int ret;

		for (; i < count && i < end; i++)
			n += peer_requests(id, &peers[i], &requests[n]);
		ret = fastpath_submit(fp, requests, n, &err);
		if (ret)
			return failed(env, ret, &err);
	}
	return 0;
}

const struct turn_fastpath_ops kernel_link_ops = {
	.allocation_new = allocation_new,
	.allocation_set = allocation_set,
	.allocation_del = allocation_del,
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

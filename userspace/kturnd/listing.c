// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/listing.h"

#include <errno.h>
#include <json-c/json.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "net/worker.h"

/* A worker that is busy for longer than this has a problem worth telling. */
#define PATIENCE_SECONDS 5

enum listing_what {
	LIST_ALLOCATIONS,
	LIST_PERMISSIONS,
	LIST_CHANNELS,
	LIST_KINDS,
};

static const char *const kinds[LIST_KINDS] = {
	[LIST_ALLOCATIONS] = "allocations",
	[LIST_PERMISSIONS] = "permissions",
	[LIST_CHANNELS] = "channels",
};

/**
 * struct listing_part - what one worker writes down
 * @listing: the whole
 * @array: its objects
 * @client: client of the allocation being visited
 * @transport: by which it speaks to us
 * @offloaded: it is in the module
 * @now: the time
 */
struct listing_part {
	struct listing *listing;
	struct json_object *array;
	struct transport_addr client;
	const char *transport;
	bool offloaded;
	uint64_t now;
};

/**
 * struct listing - a listing under way
 * @lock: for @waiting and @refs
 * @done: signalled when @waiting becomes 0
 * @waiting: workers that have not written down their part
 * @refs: holders: the asker and those workers
 * @what: what is listed
 * @count: number of parts
 * @parts: one for each worker
 */
struct listing {
	pthread_mutex_t lock;
	pthread_cond_t done;
	unsigned int waiting;
	unsigned int refs;
	enum listing_what what;
	unsigned int count;
	struct listing_part parts[];
};

static void add_addr(struct json_object *object, const char *name,
		     const struct transport_addr *addr)
{
	char text[TRANSPORT_ADDR_STRLEN];

	json_object_object_add(object, name,
		json_object_new_string(transport_addr_print(addr, text)));
}

/* Who it belongs to; a client may come from one address by UDP and by TCP. */
static void add_client(struct json_object *object,
		       const struct listing_part *part)
{
	add_addr(object, "client", &part->client);
	json_object_object_add(object, "transport",
			       json_object_new_string(part->transport));
}

static void add_expires(struct json_object *object, uint64_t expires,
			uint64_t now)
{
	uint64_t left = expires > now ? (expires - now) / 1000 : 0;

	json_object_object_add(object, "expires",
			       json_object_new_int64((int64_t)left));
}

static bool note_permission(void *arg, const struct turn_permission_info *info)
{
	struct listing_part *part = arg;
	struct json_object *object = json_object_new_object();
	char text[TRANSPORT_ADDR_STRLEN];

	add_client(object, part);
	json_object_object_add(object, "peer",
		json_object_new_string(transport_addr_print_ip(&info->peer,
							       text)));
	add_expires(object, info->expires, part->now);
	json_object_object_add(object, "offloaded",
			       json_object_new_boolean(part->offloaded));
	json_object_array_add(part->array, object);
	return true;
}

static bool note_channel(void *arg, const struct turn_channel_info *info)
{
	struct listing_part *part = arg;
	struct json_object *object = json_object_new_object();

	add_client(object, part);
	json_object_object_add(object, "number",
			       json_object_new_int(info->number));
	add_addr(object, "peer", &info->peer);
	add_expires(object, info->expires, part->now);
	json_object_object_add(object, "offloaded",
			       json_object_new_boolean(part->offloaded));
	json_object_array_add(part->array, object);
	return true;
}

static void add_relayed(struct json_object *array,
			const struct turn_relay *relay)
{
	char text[TRANSPORT_ADDR_STRLEN];

	if (relay->handle)
		json_object_array_add(array, json_object_new_string(
			transport_addr_print(&relay->relayed, text)));
}

static const char *transport_name(uint16_t transport)
{
	static const char *const names[] = {
		[TURN_UDP] = "udp",
		[TURN_TCP] = "tcp",
		[TURN_TLS] = "tls",
		[TURN_DTLS] = "dtls",
	};

	return names[transport];
}

static void note_allocation(struct listing_part *part,
			    const struct turn_allocation_info *info)
{
	struct json_object *object = json_object_new_object();
	struct json_object *relayed = json_object_new_array();

	add_relayed(relayed, &info->relay_ipv4);
	add_relayed(relayed, &info->relay_ipv6);
	add_client(object, part);
	add_addr(object, "server", &info->tuple.server);
	json_object_object_add(object, "relayed", relayed);
	json_object_object_add(object, "username",
			       json_object_new_string(info->username));
	json_object_object_add(object, "realm",
			       json_object_new_string(info->realm));
	add_expires(object, info->expires, part->now);
	json_object_object_add(object, "channels",
			       json_object_new_int64(info->channels));
	json_object_object_add(object, "permissions",
			       json_object_new_int64(info->permissions));
	json_object_object_add(object, "connections",
			       json_object_new_int64(info->connections));
	json_object_object_add(object, "offloaded",
			       json_object_new_boolean(info->fastpath_id != 0));
	json_object_array_add(part->array, object);
}

static bool visit(void *arg, const struct turn_allocation *allocation)
{
	struct listing_part *part = arg;
	struct turn_allocation_info info;

	turn_allocation_info(allocation, &info);
	part->client = info.tuple.client;
	part->transport = transport_name(info.tuple.transport);
	part->offloaded = info.fastpath_id != 0;
	if (part->listing->what == LIST_PERMISSIONS)
		turn_allocation_foreach_permission(allocation,
						   note_permission, part);
	else if (part->listing->what == LIST_CHANNELS)
		turn_allocation_foreach_channel(allocation, note_channel,
						part);
	else
		note_allocation(part, &info);
	return true;
}

static void let_go(struct listing *listing)
{
	unsigned int left;

	pthread_mutex_lock(&listing->lock);
	left = --listing->refs;
	pthread_mutex_unlock(&listing->lock);
	if (left)
		return;
	for (unsigned int i = 0; i < listing->count; i++)
		json_object_put(listing->parts[i].array);
	pthread_cond_destroy(&listing->done);
	pthread_mutex_destroy(&listing->lock);
	free(listing);
}

/* On the worker's thread */
static void write_down(struct worker *worker, void *arg)
{
	struct listing_part *part = arg;
	struct listing *listing = part->listing;

	part->now = worker_now();
	turn_server_foreach_allocation(worker_server(worker), visit, part);
	pthread_mutex_lock(&listing->lock);
	if (--listing->waiting == 0)
		pthread_cond_signal(&listing->done);
	pthread_mutex_unlock(&listing->lock);
	let_go(listing);
}

static struct listing *listing_new(enum listing_what what, unsigned int count)
{
	struct listing *listing;

	listing = calloc(1, sizeof(*listing) +
			 count * sizeof(listing->parts[0]));
	if (!listing)
		return NULL;
	pthread_mutex_init(&listing->lock, NULL);
	pthread_cond_init(&listing->done, NULL);
	listing->refs = 1;
	listing->what = what;
	listing->count = count;
	for (unsigned int i = 0; i < count; i++) {
		listing->parts[i].listing = listing;
		listing->parts[i].array = json_object_new_array();
	}
	return listing;
}

static int ask(struct listing *listing, struct worker **workers)
{
	for (unsigned int i = 0; i < listing->count; i++) {
		pthread_mutex_lock(&listing->lock);
		listing->waiting++;
		listing->refs++;
		pthread_mutex_unlock(&listing->lock);
		if (!worker_post(workers[i], write_down, &listing->parts[i]))
			continue;
		pthread_mutex_lock(&listing->lock);
		listing->waiting--;
		listing->refs--;
		pthread_mutex_unlock(&listing->lock);
		return -ENOMEM;
	}
	return 0;
}

static int wait_for_all(struct listing *listing)
{
	struct timespec until;
	int ret = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_SECONDS;
	pthread_mutex_lock(&listing->lock);
	while (listing->waiting && !ret)
		ret = pthread_cond_timedwait(&listing->done, &listing->lock,
					     &until);
	ret = listing->waiting ? -ETIMEDOUT : 0;
	pthread_mutex_unlock(&listing->lock);
	return ret;
}

/* One array out of the workers'. */
static void join(struct listing *listing, struct json_object *reply)
{
	struct json_object *all = json_object_new_array();

	for (unsigned int i = 0; i < listing->count; i++) {
		struct json_object *part = listing->parts[i].array;
		size_t n = json_object_array_length(part);

		for (size_t j = 0; j < n; j++)
			json_object_array_add(all, json_object_get(
				json_object_array_get_idx(part, j)));
	}
	json_object_object_add(reply, kinds[listing->what], all);
}

static int find_kind(struct json_object *request)
{
	struct json_object *what;
	const char *text;

	if (!json_object_object_get_ex(request, "what", &what))
		return LIST_ALLOCATIONS;
	text = json_object_get_string(what);
	for (int i = 0; text && i < LIST_KINDS; i++)
		if (strcmp(text, kinds[i]) == 0)
			return i;
	return -EINVAL;
}

int listing_answer(struct worker **workers, unsigned int count,
		   struct json_object *request, struct json_object *reply)
{
	int what = find_kind(request), ret;
	struct listing *listing;

	if (what < 0) {
		json_object_object_add(reply, "error", json_object_new_string(
			"list: \"what\" must be allocations, permissions or channels"));
		return what;
	}
	listing = listing_new((enum listing_what)what, count);
	if (!listing)
		return -ENOMEM;
	ret = ask(listing, workers);
	if (!ret)
		ret = wait_for_all(listing);
	if (!ret)
		join(listing, reply);
	else if (ret == -ETIMEDOUT)
		json_object_object_add(reply, "error", json_object_new_string(
			"list: a worker is too busy to answer; try again"));
	let_go(listing);
	return ret;
}

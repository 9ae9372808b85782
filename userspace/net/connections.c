// SPDX-License-Identifier: BSD-3-Clause
#include "net/connections.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "turn/table.h"

/**
 * struct source_key - what counts as one source
 * @family: AF_INET or AF_INET6
 * @ip: IPv4 address, or the first half of an IPv6 address
 */
struct source_key {
	uint64_t family;
	uint8_t ip[8];
};

/* Handshakes that a source may make at once: those of so many seconds. */
#define BURST_SECONDS 4

/* Buckets that are looked through for each handshake. */
#define SWEEP 4

#define SECOND_US 1000000ull

/**
 * struct source - a source with connections that have no allocation, or that
 *	has made handshakes lately
 * @node: in the table
 * @key: which
 * @shaken: if its handshakes came as evenly as they may, when the next would
 *	come, in microseconds
 * @idle: connections without an allocation
 */
struct source {
	struct turn_table_node node;
	struct source_key key;
	uint64_t shaken;
	uint32_t idle;
};

/**
 * struct connections - all of them
 * @lock: for all that follows
 * @sources: by struct source_key
 * @secret: of that table
 * @limits: the limits
 * @count: how many there are
 * @hand: bucket that is looked through next
 */
struct connections {
	pthread_mutex_t lock;
	struct turn_table sources;
	struct turn_table_secret secret;
	struct connection_limits limits;
	uint32_t count;
	size_t hand;
};

struct connections *connections_new(const struct connection_limits *limits)
{
	struct connections *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	if (turn_table_init(&c->sources) ||
	    getrandom(&c->secret, sizeof(c->secret), 0) !=
	    (ssize_t)sizeof(c->secret)) {
		turn_table_free(&c->sources);
		free(c);
		return NULL;
	}
	pthread_mutex_init(&c->lock, NULL);
	c->limits = *limits;
	return c;
}

void connections_free(struct connections *c)
{
	if (!c)
		return;
	for (size_t i = 0; i <= c->sources.mask; i++) {
		struct turn_table_node *node = c->sources.buckets[i].first;

		while (node) {
			struct turn_table_node *next = node->next;

			free(container_of(node, struct source, node));
			node = next;
		}
	}
	turn_table_free(&c->sources);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static struct source_key key_of(const struct transport_addr *addr)
{
	struct source_key key = { .family = addr->family };

	memcpy(key.ip, addr->ip, addr->family == AF_INET ? 4 : 8);
	return key;
}

static struct source *find(const struct connections *c,
			   const struct source_key *key, uint64_t hash)
{
	struct turn_table_node *n;

	for (n = turn_table_first(&c->sources, hash); n;
	     n = turn_table_next(n)) {
		struct source *source = container_of(n, struct source, node);

		if (!memcmp(&source->key, key, sizeof(*key)))
			return source;
	}
	return NULL;
}

/* The source of @addr, a new one perhaps. Return: NULL without memory. */
static struct source *find_or_add(struct connections *c,
				  const struct transport_addr *addr)
{
	const struct source_key key = key_of(addr);
	uint64_t hash = turn_table_hash(&c->secret, &key, sizeof(key));
	struct source *source = find(c, &key, hash);

	if (source)
		return source;
	source = calloc(1, sizeof(*source));
	if (!source)
		return NULL;
	source->key = key;
	turn_table_insert(&c->sources, &source->node, hash);
	return source;
}

/* One more without an allocation, as long as there are fewer than @max. */
static int add_idle(struct connections *c, const struct transport_addr *addr,
		    uint32_t max)
{
	struct source *source = find_or_add(c, addr);

	if (!source)
		return -ENOMEM;
	if (source->idle >= max)
		return -EDQUOT;
	source->idle++;
	return 0;
}

static void remove_idle(struct connections *c,
			const struct transport_addr *addr)
{
	const struct source_key key = key_of(addr);
	uint64_t hash = turn_table_hash(&c->secret, &key, sizeof(key));
	struct source *source = find(c, &key, hash);

	if (--source->idle || source->shaken)
		return;
	turn_table_remove(&c->sources, &source->node);
	free(source);
}

int connections_enter(struct connections *c,
		      const struct transport_addr *source)
{
	int ret;

	pthread_mutex_lock(&c->lock);
	if (c->limits.max && c->count >= c->limits.max)
		ret = -EUSERS;
	else
		ret = add_idle(c, source, c->limits.max_idle ?: UINT32_MAX);
	c->count += !ret;
	pthread_mutex_unlock(&c->lock);
	return ret;
}

bool connections_serve(struct connections *c,
		       const struct transport_addr *source, bool served)
{
	pthread_mutex_lock(&c->lock);
	if (served)
		remove_idle(c, source);
	else
		served = add_idle(c, source, UINT32_MAX) != 0;
	pthread_mutex_unlock(&c->lock);
	return served;
}

void connections_leave(struct connections *c,
		       const struct transport_addr *source, bool served)
{
	pthread_mutex_lock(&c->lock);
	if (!served)
		remove_idle(c, source);
	c->count--;
	pthread_mutex_unlock(&c->lock);
}

/* Forget sources that have been quiet for long enough, some at a time. */
static void sweep(struct connections *c, uint64_t now_us)
{
	for (int i = 0; i < SWEEP; i++) {
		size_t bucket = c->hand++ & c->sources.mask;
		struct turn_table_node *node, *next;

		for (node = c->sources.buckets[bucket].first; node;
		     node = next) {
			struct source *source =
				container_of(node, struct source, node);

			next = node->next;
			if (source->idle || source->shaken > now_us)
				continue;
			turn_table_remove(&c->sources, node);
			free(source);
		}
	}
}

static bool may_shake(struct connections *c, struct source *source,
		      uint64_t now_us)
{
	uint64_t next = source->shaken > now_us ? source->shaken : now_us;

	if (next > now_us + BURST_SECONDS * SECOND_US)
		return false;
	source->shaken = next + SECOND_US / c->limits.handshakes;
	return true;
}

bool connections_handshake(struct connections *c,
			   const struct transport_addr *addr, uint64_t now)
{
	struct source *source;
	bool may;

	if (!c->limits.handshakes)
		return true;
	pthread_mutex_lock(&c->lock);
	source = find_or_add(c, addr);
	may = source && may_shake(c, source, now * 1000);
	sweep(c, now * 1000);
	pthread_mutex_unlock(&c->lock);
	return may;
}

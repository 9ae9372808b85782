// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/kernel_adopt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kturnd/log.h"
#include "net/worker.h"

/**
 * struct left_allocation - an allocation that the module has
 * @a: all of it but the userdata
 * @userdata_len: length in bytes
 * @userdata: with the user's key
 */
struct left_allocation {
	struct fastpath_allocation a;
	size_t userdata_len;
	uint8_t userdata[TURN_USERDATA_MAX];
};

/**
 * struct leftovers - all that it has
 * @allocations: allocations
 * @n: how many
 * @peers: their permissions and channels, in the end by allocation
 * @n_peers: how many
 * @room: for how many allocations
 * @peers_room: and peers
 * @peers_before: how many there were before the list being read now
 */
struct leftovers {
	struct left_allocation *allocations;
	size_t n, room;
	struct turn_fastpath_peer *peers;
	size_t n_peers, peers_room;
	size_t peers_before;
};

static void *grow(void *v, size_t n, size_t *room, size_t size)
{
	size_t more = *room ? 2 * *room : 64;
	void *grown;

	if (n < *room)
		return v;
	grown = reallocarray(v, more, size);
	if (grown)
		*room = more;
	return grown;
}

static int note_allocation(const struct fastpath_allocation *a, void *arg)
{
	struct leftovers *left = arg;
	struct left_allocation *grown, *to;

	if (!a) {
		left->n = 0;
		return 0;
	}
	grown = grow(left->allocations, left->n, &left->room, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	left->allocations = grown;
	to = &grown[left->n++];
	to->a = *a;
	to->userdata_len = a->userdata_len < sizeof(to->userdata) ?
			   a->userdata_len : sizeof(to->userdata);
	if (to->userdata_len)
		memcpy(to->userdata, a->userdata, to->userdata_len);
	return 0;
}

static int note_peer(struct leftovers *left,
		     const struct turn_fastpath_peer *peer)
{
	struct turn_fastpath_peer *grown;

	grown = grow(left->peers, left->n_peers, &left->peers_room,
		     sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	left->peers = grown;
	grown[left->n_peers++] = *peer;
	return 0;
}

static int note_permission(const struct fastpath_permission *p, void *arg)
{
	struct leftovers *left = arg;
	struct turn_fastpath_peer peer = { 0 };

	if (!p) {
		left->n_peers = left->peers_before;
		return 0;
	}
	peer.id = p->allocation_id;
	peer.peer = p->peer;
	peer.permission_ms = p->timeout_ms;
	return note_peer(left, &peer);
}

static int note_channel(const struct fastpath_channel *c, void *arg)
{
	struct leftovers *left = arg;
	struct turn_fastpath_peer peer = { 0 };

	if (!c) {
		left->n_peers = left->peers_before;
		return 0;
	}
	peer.id = c->allocation_id;
	peer.peer = c->peer;
	peer.channel = c->number;
	peer.channel_ms = c->timeout_ms;
	return note_peer(left, &peer);
}

static int read_all(struct fastpath *fp, struct leftovers *left,
		    struct fastpath_error *err)
{
	int ret = fastpath_allocation_dump(fp, note_allocation, left, err);

	if (ret < 0 || !left->n)
		return ret;
	ret = fastpath_permission_dump(fp, 0, note_permission, left, err);
	left->peers_before = left->n_peers;
	return ret < 0 ? ret :
	       fastpath_channel_dump(fp, 0, note_channel, left, err);
}

static int by_id(const void *a, const void *b)
{
	const struct turn_fastpath_peer *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

/* The first of an allocation's, or where it would be. */
static size_t first_of(const struct leftovers *left, uint32_t id)
{
	size_t low = 0, high = left->n_peers;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (left->peers[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int adopt(struct turn_server *server, const struct leftovers *left,
		 const struct left_allocation *from)
{
	size_t first = first_of(left, from->a.id), end = first;
	struct turn_adoption adoption = {
		.id = from->a.id,
		.tuple = {
			.client = from->a.client,
			.server = from->a.server,
			.transport = TURN_UDP,
		},
		.relayed_ipv4 = from->a.relayed_ipv4,
		.relayed_ipv6 = from->a.relayed_ipv6,
		.timeout_ms = from->a.timeout_ms,
		.userdata = from->userdata,
		.userdata_len = from->userdata_len,
	};

	while (end < left->n_peers && left->peers[end].id == from->a.id)
		end++;
	adoption.peers = left->n_peers ? left->peers + first : NULL;
	adoption.n_peers = end - first;
	return turn_server_adopt(server, &adoption, worker_now());
}

static void adopt_all(struct turn_server *server, const struct leftovers *left)
{
	size_t adopted = 0;
	int last = 0;

	for (size_t i = 0; i < left->n; i++) {
		int ret = adopt(server, left, &left->allocations[i]);

		if (ret)
			last = ret;
		else
			adopted++;
	}
	if (left->n)
		log_info("the module has kept %zu sessions of an earlier kturnd: %zu of them go on here",
			 left->n, adopted);
	if (adopted < left->n)
		log_warning("%zu sessions in the module cannot be adopted (%s): they end when their lifetime does",
			    left->n - adopted, strerror(-last));
}

void kernel_adopt(struct fastpath *fp, struct turn_server *server)
{
	struct leftovers left = { 0 };
	struct fastpath_error err = { 0 };
	int ret = read_all(fp, &left, &err);

	if (ret < 0) {
		log_warning("cannot read what sessions the module has kept: %s",
			    err.text[0] ? err.text : strerror(-ret));
	} else {
		if (left.n_peers)
			qsort(left.peers, left.n_peers, sizeof(*left.peers),
			      by_id);
		adopt_all(server, &left);
	}
	if (left.allocations)
		explicit_bzero(left.allocations,
			       left.n * sizeof(*left.allocations));
	free(left.allocations);
	free(left.peers);
}

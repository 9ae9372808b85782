// SPDX-License-Identifier: BSD-3-Clause
/*
 * Allocations, permissions and channels through the client library: what was
 * installed is what is found, changed, listed and gone.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "netlink_fixture.h"

#define SAME_ADDR(a, b) EXPECT_TRUE(transport_addr_equal(&(a), &(b)))

/* Deadlines: no later than asked for, and not much of it gone. */
#define EXPECT_TIMEOUT(asked, seen) do {	\
	EXPECT_LE(seen, asked);			\
	EXPECT_GT(seen, (asked) - 30000);	\
} while (0)

TEST_F(netlink, allocation_comes_back_as_it_went)
{
	struct fastpath_allocation a = make_allocation(7), seen;
	char blob[KTURN_USERDATA_MAX];

	memset(blob, 0xa5, sizeof(blob));
	a.userdata = blob;
	a.userdata_len = sizeof(blob);
	ASSERT_DONE(fastpath_allocation_new(self->fp, &a, &self->err));
	EXPECT_NE(0, a.id);

	ASSERT_DONE(fastpath_allocation_get(self->fp, a.id, &seen,
					    &self->err));
	EXPECT_EQ(a.id, seen.id);
	SAME_ADDR(a.client, seen.client);
	SAME_ADDR(a.server, seen.server);
	SAME_ADDR(a.relayed_ipv4, seen.relayed_ipv4);
	SAME_ADDR(a.relayed_ipv6, seen.relayed_ipv6);
	EXPECT_TIMEOUT(a.timeout_ms, seen.timeout_ms);
	ASSERT_EQ(sizeof(blob), seen.userdata_len);
	EXPECT_EQ(0, memcmp(blob, seen.userdata, sizeof(blob)));
	EXPECT_EQ(0, seen.channels);
	EXPECT_EQ(0, seen.permissions);
	EXPECT_EQ(0, seen.to_peer.packets);
	EXPECT_EQ(0, seen.to_client.bytes);
}

TEST_F(netlink, allocation_of_ipv6_alone)
{
	struct fastpath_allocation a = make_allocation(1), seen;

	a.client = addr("[2001:db8:1::1]:5");
	a.server = addr("[2001:db8:1::2]:3478");
	a.relayed_ipv4.family = 0;
	ASSERT_DONE(fastpath_allocation_new(self->fp, &a, &self->err));
	ASSERT_DONE(fastpath_allocation_get(self->fp, a.id, &seen,
					    &self->err));
	SAME_ADDR(a.client, seen.client);
	SAME_ADDR(a.relayed_ipv6, seen.relayed_ipv6);
	EXPECT_EQ(0, seen.relayed_ipv4.family);
	EXPECT_EQ(0, seen.userdata_len);
}

TEST_F(netlink, allocation_set_changes_what_is_given)
{
	struct fastpath_allocation a = make_allocation(1), change, seen;

	a.userdata = "before";
	a.userdata_len = 6;
	ASSERT_DONE(fastpath_allocation_new(self->fp, &a, &self->err));

	change = (struct fastpath_allocation){
		.id = a.id,
		.timeout_ms = 20 * MINUTE_MS,
	};
	ASSERT_DONE(fastpath_allocation_set(self->fp, &change, &self->err));
	ASSERT_DONE(fastpath_allocation_get(self->fp, a.id, &seen,
					    &self->err));
	EXPECT_TIMEOUT(20u * MINUTE_MS, seen.timeout_ms);
	ASSERT_EQ(6, seen.userdata_len);
	EXPECT_EQ(0, memcmp("before", seen.userdata, 6));

	change = (struct fastpath_allocation){
		.id = a.id,
		.userdata = "later",
		.userdata_len = 5,
	};
	ASSERT_DONE(fastpath_allocation_set(self->fp, &change, &self->err));
	ASSERT_DONE(fastpath_allocation_get(self->fp, a.id, &seen,
					    &self->err));
	EXPECT_TIMEOUT(20u * MINUTE_MS, seen.timeout_ms);
	ASSERT_EQ(5, seen.userdata_len);
	EXPECT_EQ(0, memcmp("later", seen.userdata, 5));
}

TEST_F(netlink, allocation_del_takes_all_that_belongs_to_it)
{
	struct fastpath_allocation a = make_allocation(1);
	struct fastpath_channel c = {
		.number = 0x7fff,
		.peer = addr("203.0.113.1:5000"),
		.timeout_ms = MINUTE_MS,
	};
	struct fastpath_net net;

	ASSERT_DONE(fastpath_allocation_new(self->fp, &a, &self->err));
	c.allocation_id = a.id;
	ASSERT_DONE(fastpath_bind(self->fp, &c, MINUTE_MS, &self->err));
	ASSERT_DONE(fastpath_allocation_del(self->fp, a.id, &self->err));

	ASSERT_DONE(fastpath_net_get(self->fp, &net, &self->err));
	EXPECT_EQ(0, net.allocations);
	EXPECT_EQ(0, net.permissions);
	EXPECT_EQ(0, net.channels);
	EXPECT_EQ(-ENOENT, fastpath_allocation_del(self->fp, a.id,
						   &self->err));
	/* "No such allocation" is not "no module". */
	EXPECT_TRUE(fastpath_attached(self->fp));

	/* Its addresses are free again. */
	ASSERT_DONE(fastpath_allocation_new(self->fp, &a, &self->err));
}

/* A client that comes back, to a daemon that knows nothing of its past. */
TEST_F(netlink, allocation_new_replaces_if_told_to)
{
	struct fastpath_allocation a = make_allocation(1), seen;
	struct fastpath_request request = {
		.cmd = KTURN_CMD_ALLOCATION_NEW,
		.allocation = make_allocation(1),
	};
	struct fastpath_permission p = {
		.peer = addr("203.0.113.1:1"), .timeout_ms = MINUTE_MS,
	};

	ASSERT_DONE(fastpath_allocation_new(self->fp, &a, &self->err));
	p.allocation_id = a.id;
	ASSERT_DONE(fastpath_permission_new(self->fp, &p, &self->err));

	EXPECT_EQ(-EEXIST, fastpath_submit(self->fp, &request, 1, &self->err));
	request.replace = true;
	request.allocation.relayed_ipv4.port++;
	ASSERT_DONE(fastpath_submit(self->fp, &request, 1, &self->err));
	EXPECT_NE(a.id, request.allocation.id);
	EXPECT_EQ(-ENOENT, fastpath_allocation_get(self->fp, a.id, &seen,
						   &self->err));
	ASSERT_DONE(fastpath_allocation_get(self->fp, request.allocation.id,
					    &seen, &self->err));
	EXPECT_EQ(0, seen.permissions);
	SAME_ADDR(request.allocation.relayed_ipv4, seen.relayed_ipv4);

	/* Another client's relayed address is not given away by it. */
	request.allocation = make_allocation(2);
	request.allocation.relayed_ipv4 = seen.relayed_ipv4;
	EXPECT_EQ(-EEXIST, fastpath_submit(self->fp, &request, 1, &self->err));
}

TEST_F(netlink, permission_new_refreshes)
{
	struct fastpath_allocation a = make_allocation(1);
	struct fastpath_permission p = {
		.peer = addr("203.0.113.1"),
		.timeout_ms = MINUTE_MS,
	};
	struct fastpath_request excl = {
		.cmd = KTURN_CMD_PERMISSION_NEW,
		.excl = true,
	};
	struct fastpath_net net;

	ASSERT_DONE(fastpath_allocation_new(self->fp, &a, &self->err));
	p.allocation_id = a.id;
	ASSERT_DONE(fastpath_permission_new(self->fp, &p, &self->err));
	ASSERT_DONE(fastpath_permission_new(self->fp, &p, &self->err));
	excl.permission = p;
	EXPECT_EQ(-EEXIST, fastpath_submit(self->fp, &excl, 1, &self->err));

	ASSERT_DONE(fastpath_net_get(self->fp, &net, &self->err));
	EXPECT_EQ(1, net.permissions);
	ASSERT_DONE(fastpath_permission_del(self->fp, &p, &self->err));
	EXPECT_EQ(-ENOENT, fastpath_permission_del(self->fp, &p, &self->err));
}

static int take_channel(const struct fastpath_channel *c, void *arg)
{
	struct fastpath_channel *seen = arg;

	if (c)
		*seen = *c;
	return 0;
}

TEST_F(netlink, channel_new_refreshes_and_leaves_the_permission)
{
	struct fastpath_allocation a = make_allocation(1);
	struct fastpath_channel c = {
		.number = 0x4000,
		.peer = addr("[2001:db8:3::1]:5000"),
		.timeout_ms = MINUTE_MS,
	}, seen = { 0 };
	struct fastpath_request excl = {
		.cmd = KTURN_CMD_CHANNEL_NEW,
		.excl = true,
	};

	ASSERT_DONE(fastpath_allocation_new(self->fp, &a, &self->err));
	c.allocation_id = a.id;
	EXPECT_EQ(-ENOENT, fastpath_channel_new(self->fp, &c, &self->err));
	ASSERT_DONE(fastpath_bind(self->fp, &c, MINUTE_MS, &self->err));

	c.timeout_ms = 10 * MINUTE_MS;
	ASSERT_DONE(fastpath_channel_new(self->fp, &c, &self->err));
	ASSERT_DONE(fastpath_channel_dump(self->fp, a.id, take_channel, &seen,
					  &self->err));
	EXPECT_EQ(a.id, seen.allocation_id);
	EXPECT_EQ(0x4000, seen.number);
	SAME_ADDR(c.peer, seen.peer);
	EXPECT_TIMEOUT(c.timeout_ms, seen.timeout_ms);

	excl.channel = c;
	EXPECT_EQ(-EEXIST, fastpath_submit(self->fp, &excl, 1, &self->err));
	ASSERT_DONE(fastpath_channel_del(self->fp, a.id, c.number,
					 &self->err));
	EXPECT_EQ(-ENOENT, fastpath_channel_del(self->fp, a.id, c.number,
						&self->err));
}

/* One failure in the middle of a datagram harms no other request. */
TEST_F(netlink, requests_of_one_datagram_stand_alone)
{
	struct fastpath_request requests[5];

	for (unsigned int i = 0; i < 5; i++)
		requests[i] = (struct fastpath_request){
			.cmd = KTURN_CMD_ALLOCATION_NEW,
			.allocation = make_allocation(i == 3 ? 1 : i),
		};
	EXPECT_EQ(-EEXIST,
		  fastpath_submit(self->fp, requests, 5, &self->err));
	EXPECT_EQ(EEXIST, self->err.code);
	EXPECT_NE('\0', self->err.text[0]);
	for (unsigned int i = 0; i < 5; i++) {
		EXPECT_EQ(i == 3 ? -EEXIST : 0, requests[i].error);
		EXPECT_EQ(i == 3, requests[i].allocation.id == 0);
	}
}

#define MANY 5000

struct count {
	unsigned int begun;
	unsigned int n;
	unsigned int wrong;
	uint8_t seen[MANY];
};

static int count_allocation(const struct fastpath_allocation *a, void *arg)
{
	struct count *count = arg;
	unsigned int i;

	if (!a) {
		count->begun++;
		count->n = 0;
		memset(count->seen, 0, sizeof(count->seen));
		return 0;
	}
	count->n++;
	i = (unsigned int)(a->client.ip[3] - 1) * 50000 + a->client.port -
	    10000;
	if (i >= MANY || count->seen[i]++ || a->channels != 1 ||
	    a->permissions != 1)
		count->wrong++;
	return 0;
}

static int count_channel(const struct fastpath_channel *c, void *arg)
{
	struct count *count = arg;

	if (!c) {
		count->n = 0;
		return 0;
	}
	count->n++;
	if (c->number != 0x4000 + c->peer.port)
		count->wrong++;
	return 0;
}

static int count_permission(const struct fastpath_permission *p, void *arg)
{
	struct count *count = arg;

	count->n = p ? count->n + 1 : 0;
	return 0;
}

static int end_at_once(const struct fastpath_allocation *a, void *arg)
{
	(void)arg;
	return a ? -ECANCELED : 0;
}

/* Install MANY allocations with a channel each; returns 0 or an errno. */
static int install_many(struct fastpath *fp, struct fastpath_error *err)
{
	struct fastpath_request *all = calloc(MANY, 3 * sizeof(*all));
	struct fastpath_request *rest = all + MANY;
	int ret;

	for (unsigned int i = 0; i < MANY; i++)
		all[i] = (struct fastpath_request){
			.cmd = KTURN_CMD_ALLOCATION_NEW,
			.allocation = make_allocation(i),
		};
	ret = fastpath_submit(fp, all, MANY, err);
	for (unsigned int i = 0; i < MANY && !ret; i++) {
		struct transport_addr peer = addr("203.0.113.1:1");

		peer.port = (uint16_t)(1 + i % 16000);
		rest[2 * i] = (struct fastpath_request){
			.cmd = KTURN_CMD_PERMISSION_NEW,
			.permission = {
				.allocation_id = all[i].allocation.id,
				.peer = peer,
				.timeout_ms = 5 * MINUTE_MS,
			},
		};
		rest[2 * i + 1] = (struct fastpath_request){
			.cmd = KTURN_CMD_CHANNEL_NEW,
			.channel = {
				.allocation_id = all[i].allocation.id,
				.number = (uint16_t)(0x4000 + peer.port),
				.peer = peer,
				.timeout_ms = 10 * MINUTE_MS,
			},
		};
	}
	if (!ret)
		ret = fastpath_submit(fp, rest, 2 * MANY, err);
	free(all);
	return ret;
}

TEST_F_TIMEOUT(netlink, dumps_of_many, 120)
{
	struct count *count = calloc(1, sizeof(*count));

	ASSERT_DONE(install_many(self->fp, &self->err));
	ASSERT_DONE(fastpath_allocation_dump(self->fp, count_allocation,
					     count, &self->err));
	EXPECT_EQ(1, count->begun);
	EXPECT_EQ(MANY, count->n);
	EXPECT_EQ(0, count->wrong);
	ASSERT_DONE(fastpath_channel_dump(self->fp, 0, count_channel, count,
					  &self->err));
	EXPECT_EQ(MANY, count->n);
	EXPECT_EQ(0, count->wrong);
	ASSERT_DONE(fastpath_permission_dump(self->fp, 0, count_permission,
					     count, &self->err));
	EXPECT_EQ(MANY, count->n);

	/* A dump that its reader ends leaves a connection that works. */
	EXPECT_EQ(-ECANCELED,
		  fastpath_allocation_dump(self->fp, end_at_once, NULL,
					   &self->err));
	ASSERT_DONE(fastpath_allocation_dump(self->fp, count_allocation,
					     count, &self->err));
	EXPECT_EQ(MANY, count->n);
	free(count);
}

struct disturbance {
	struct count count;
	struct fastpath *fp;
	unsigned int next;
	unsigned int left;
};

/* While a list is read, something is added to what is listed. */
static int disturb(const struct fastpath_allocation *a, void *arg)
{
	struct disturbance *d = arg;
	struct fastpath_allocation new;

	if (a && d->left && d->count.n == 10) {
		new = make_allocation(d->next++);
		d->left--;
		if (fastpath_allocation_new(d->fp, &new, NULL))
			d->count.wrong++;
	}
	if (!a) {
		d->count.begun++;
		d->count.n = 0;
	} else {
		d->count.n++;
	}
	return 0;
}

TEST_F_TIMEOUT(netlink, dump_begins_again_when_disturbed, 120)
{
	struct disturbance *d = calloc(1, sizeof(*d));

	ASSERT_DONE(install_many(self->fp, &self->err));
	ASSERT_DONE(fastpath_open(&d->fp, &self->err));
	d->next = MANY;
	d->left = 1;
	ASSERT_DONE(fastpath_allocation_dump(self->fp, disturb, d,
					     &self->err));
	EXPECT_EQ(2, d->count.begun);
	EXPECT_EQ(MANY + 1, d->count.n);
	EXPECT_EQ(0, d->count.wrong);

	/* Without end: it says that the list cannot be trusted. */
	d->left = 1000;
	EXPECT_EQ(1, fastpath_allocation_dump(self->fp, disturb, d,
					      &self->err));
	EXPECT_EQ(0, d->count.wrong);
	fastpath_close(d->fp);
	free(d);
}

TEST_F(netlink, dump_of_one_allocation)
{
	struct count *count = calloc(1, sizeof(*count));
	uint32_t ids[2];

	for (unsigned int i = 0; i < 2; i++) {
		struct fastpath_allocation a = make_allocation(i);

		ASSERT_DONE(fastpath_allocation_new(self->fp, &a,
						    &self->err));
		ids[i] = a.id;
		for (uint16_t k = 1; k <= 3 + i; k++) {
			struct fastpath_channel c = {
				.allocation_id = a.id,
				.number = (uint16_t)(0x4000 + k),
				.peer = addr("203.0.113.1:1"),
				.timeout_ms = MINUTE_MS,
			};

			c.peer.port = k;
			ASSERT_DONE(fastpath_bind(self->fp, &c, MINUTE_MS,
						  &self->err));
		}
	}
	for (unsigned int i = 0; i < 2; i++) {
		ASSERT_DONE(fastpath_channel_dump(self->fp, ids[i],
						  count_channel, count,
						  &self->err));
		EXPECT_EQ(3 + i, count->n);
		ASSERT_DONE(fastpath_permission_dump(self->fp, ids[i],
						     count_permission, count,
						     &self->err));
		EXPECT_EQ(1, count->n);
	}
	EXPECT_EQ(-ENOENT, fastpath_channel_dump(self->fp, 0x7ffffff0,
						 count_channel, count,
						 &self->err));
	free(count);
}

TEST_F(netlink, net_settings)
{
	struct fastpath_net net, change = {
		.hook = KTURN_HOOK_INPUT,
		.max_allocations = 11,
		.max_permissions = 12,
		.max_channels = 13,
	};

	ASSERT_DONE(fastpath_net_get(self->fp, &net, &self->err));
	EXPECT_EQ(KTURN_HOOK_PREROUTING, net.hook);
	EXPECT_NE('\0', net.module_version[0]);
	EXPECT_NE(0, net.max_allocations);

	ASSERT_DONE(fastpath_net_set(self->fp, FASTPATH_NET_HOOK, &change,
				     &self->err));
	change.max_channels = 14;
	ASSERT_DONE(fastpath_net_set(self->fp, FASTPATH_NET_MAX_CHANNELS,
				     &change, &self->err));
	ASSERT_DONE(fastpath_net_get(self->fp, &change, &self->err));
	EXPECT_EQ(KTURN_HOOK_INPUT, change.hook);
	EXPECT_EQ(14, change.max_channels);
	EXPECT_EQ(net.max_allocations, change.max_allocations);
	EXPECT_EQ(net.max_permissions, change.max_permissions);

	for (int hook = KTURN_HOOK_NONE; hook <= KTURN_HOOK_INPUT; hook++) {
		change.hook = (enum kturn_hook)hook;
		ASSERT_DONE(fastpath_net_set(self->fp, FASTPATH_NET_HOOK,
					     &change, &self->err));
		ASSERT_DONE(fastpath_net_get(self->fp, &net, &self->err));
		EXPECT_EQ(hook, net.hook);
	}
}

/* A limit below what there is deletes nothing. */
TEST_F(netlink, limit_below_what_there_is)
{
	struct fastpath_net net = { .max_allocations = 1 };
	struct fastpath_allocation a;

	for (unsigned int i = 0; i < 3; i++) {
		a = make_allocation(i);
		ASSERT_DONE(fastpath_allocation_new(self->fp, &a,
						    &self->err));
	}
	ASSERT_DONE(fastpath_net_set(self->fp, FASTPATH_NET_MAX_ALLOCATIONS,
				     &net, &self->err));
	ASSERT_DONE(fastpath_net_get(self->fp, &net, &self->err));
	EXPECT_EQ(3, net.allocations);
	a = make_allocation(3);
	EXPECT_EQ(-ENOSPC, fastpath_allocation_new(self->fp, &a, &self->err));
}

TEST_F(netlink, flush_leaves_settings)
{
	struct fastpath_net net = { .max_channels = 99 };
	struct fastpath_allocation a;

	ASSERT_DONE(fastpath_net_set(self->fp, FASTPATH_NET_MAX_CHANNELS,
				     &net, &self->err));
	for (unsigned int i = 0; i < 100; i++) {
		a = make_allocation(i);
		ASSERT_DONE(fastpath_allocation_new(self->fp, &a,
						    &self->err));
	}
	ASSERT_DONE(fastpath_flush(self->fp, &self->err));
	ASSERT_DONE(fastpath_net_get(self->fp, &net, &self->err));
	EXPECT_EQ(0, net.allocations);
	EXPECT_EQ(99, net.max_channels);
	ASSERT_DONE(fastpath_flush(self->fp, &self->err));
}

TEST_F(netlink, namespaces_do_not_see_one_another)
{
	struct count *count = calloc(1, sizeof(*count));
	struct fastpath_net net = { .hook = KTURN_HOOK_NONE };
	struct fastpath_allocation a = make_allocation(1);
	struct fastpath *other;

	ASSERT_DONE(fastpath_allocation_new(self->fp, &a, &self->err));
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	ASSERT_DONE(fastpath_open(&other, &self->err));

	ASSERT_DONE(fastpath_allocation_dump(other, count_allocation, count,
					     &self->err));
	EXPECT_EQ(0, count->n);
	EXPECT_EQ(-ENOENT, fastpath_allocation_del(other, a.id, &self->err));
	/* The same 5-tuple and relayed addresses are free here. */
	ASSERT_DONE(fastpath_allocation_new(other, &a, &self->err));
	ASSERT_DONE(fastpath_net_set(other, FASTPATH_NET_HOOK, &net,
				     &self->err));
	ASSERT_DONE(fastpath_flush(other, &self->err));

	ASSERT_DONE(fastpath_net_get(self->fp, &net, &self->err));
	EXPECT_EQ(1, net.allocations);
	EXPECT_EQ(KTURN_HOOK_PREROUTING, net.hook);
	fastpath_close(other);
	free(count);
}

TEST_F(netlink, totals_begin_at_zero)
{
	struct fastpath_stats stats;

	ASSERT_DONE(fastpath_stats_get(self->fp, &stats, &self->err));
	EXPECT_EQ(0, stats.to_peer.packets);
	EXPECT_EQ(0, stats.to_client.bytes);
	for (int i = 0; i <= KTURN_A_PASSED_MAX; i++)
		EXPECT_EQ(0, stats.passed[i]);
	for (int i = 0; i <= KTURN_A_DROPPED_MAX; i++)
		EXPECT_EQ(0, stats.dropped[i]);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: BSD-3-Clause
/*
 * Notifications: what is gone, why, and with which counters; and the module's
 * own coming and going.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "netlink_fixture.h"

#define MAX_EVENTS 64
#define PATIENCE_MS 10000

/**
 * struct listener - a watch and what it has seen
 * @watch: the watch
 * @events: events in order; blobs are kept in @blobs
 * @blobs: what allocations carried
 * @n: number of events
 */
struct listener {
	struct fastpath_watch *watch;
	struct fastpath_event events[MAX_EVENTS];
	char blobs[MAX_EVENTS][KTURN_USERDATA_MAX + 1];
	int n;
};

FIXTURE(events)
{
	struct fastpath *fp;
	struct fastpath_error err;
	struct listener l;
};

FIXTURE_SETUP(events)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	ASSERT_DONE(fastpath_watch_open(&self->l.watch, &self->err));
	ASSERT_DONE(fastpath_open(&self->fp, &self->err));
	ASSERT_TRUE(fastpath_attached(self->fp)) {
		TH_LOG("the module kturn is not loaded");
	}
	ASSERT_TRUE(fastpath_watch_present(self->l.watch));
}

FIXTURE_TEARDOWN(events)
{
	fastpath_close(self->fp);
	fastpath_watch_close(self->l.watch);
}

static void take_event(const struct fastpath_event *event, void *arg)
{
	struct listener *l = arg;

	if (l->n == MAX_EVENTS)
		return;
	l->events[l->n] = *event;
	if (event->type == FASTPATH_EVENT_ALLOCATION)
		memcpy(l->blobs[l->n], event->allocation.userdata,
		       event->allocation.userdata_len);
	l->n++;
}

/* Listen until there are that many events in all, or patience is at its end. */
static int hear(struct listener *l, int n)
{
	struct pollfd pollfd = {
		.fd = fastpath_watch_fd(l->watch),
		.events = POLLIN,
	};
	struct fastpath_error err;

	while (l->n < n) {
		if (poll(&pollfd, 1, PATIENCE_MS) != 1)
			return l->n;
		if (fastpath_watch_read(l->watch, take_event, l, &err) < 0) {
			printf("# %s\n", err.text);
			return -1;
		}
	}
	return l->n;
}

/* Nothing else is under way: all notifications precede the answer. */
static bool silent(struct listener *l)
{
	return fastpath_watch_read(l->watch, take_event, l, NULL) == 0;
}

/* Allocation, permission and channel, with a blob. */
static int install(struct fastpath *fp, unsigned int timeout_ms,
		   struct fastpath_channel *c, struct fastpath_error *err)
{
	struct fastpath_allocation a = make_allocation(1);
	int ret;

	a.timeout_ms = timeout_ms;
	a.userdata = "blob";
	a.userdata_len = 4;
	ret = fastpath_allocation_new(fp, &a, err);
	*c = (struct fastpath_channel){
		.allocation_id = a.id,
		.number = 0x4000,
		.peer = addr("203.0.113.1:5000"),
		.timeout_ms = timeout_ms,
	};
	return ret ? ret : fastpath_bind(fp, c, timeout_ms, err);
}

TEST_F(events, requested)
{
	struct fastpath_permission p = { .peer = addr("203.0.113.1") };
	struct fastpath_event *e = self->l.events;
	struct fastpath_channel c;

	ASSERT_DONE(install(self->fp, MINUTE_MS, &c, &self->err));
	ASSERT_TRUE(silent(&self->l));

	ASSERT_DONE(fastpath_channel_del(self->fp, c.allocation_id, c.number,
					 &self->err));
	p.allocation_id = c.allocation_id;
	ASSERT_DONE(fastpath_permission_del(self->fp, &p, &self->err));
	ASSERT_DONE(fastpath_allocation_del(self->fp, c.allocation_id,
					    &self->err));
	ASSERT_EQ(3, hear(&self->l, 3));

	EXPECT_EQ(FASTPATH_EVENT_CHANNEL, e[0].type);
	EXPECT_EQ(c.allocation_id, e[0].channel.allocation_id);
	EXPECT_EQ(0x4000, e[0].channel.number);
	EXPECT_TRUE(transport_addr_equal(&c.peer, &e[0].channel.peer));
	EXPECT_EQ(KTURN_DEL_REASON_REQUESTED, e[0].channel.del_reason);

	EXPECT_EQ(FASTPATH_EVENT_PERMISSION, e[1].type);
	EXPECT_EQ(c.allocation_id, e[1].permission.allocation_id);
	EXPECT_TRUE(transport_addr_equal(&p.peer, &e[1].permission.peer));
	EXPECT_EQ(KTURN_DEL_REASON_REQUESTED, e[1].permission.del_reason);

	EXPECT_EQ(FASTPATH_EVENT_ALLOCATION, e[2].type);
	EXPECT_EQ(c.allocation_id, e[2].allocation.id);
	EXPECT_EQ(KTURN_DEL_REASON_REQUESTED, e[2].allocation.del_reason);
	EXPECT_EQ(AF_INET, e[2].allocation.client.family);
	EXPECT_EQ(3478, e[2].allocation.server.port);
	EXPECT_EQ(AF_INET6, e[2].allocation.relayed_ipv6.family);
	EXPECT_STREQ("blob", self->l.blobs[2]);
	EXPECT_TRUE(silent(&self->l));
}

/* What goes with its allocation is not told of one by one. */
TEST_F(events, allocation_stands_for_what_it_had)
{
	struct fastpath_channel c;

	ASSERT_DONE(install(self->fp, MINUTE_MS, &c, &self->err));
	ASSERT_DONE(fastpath_allocation_del(self->fp, c.allocation_id,
					    &self->err));
	ASSERT_EQ(1, hear(&self->l, 1));
	EXPECT_EQ(FASTPATH_EVENT_ALLOCATION, self->l.events[0].type);
	EXPECT_TRUE(silent(&self->l));
}

TEST_F(events, flushed)
{
	struct fastpath_channel c;

	ASSERT_DONE(install(self->fp, MINUTE_MS, &c, &self->err));
	ASSERT_DONE(fastpath_flush(self->fp, &self->err));
	ASSERT_EQ(1, hear(&self->l, 1));
	EXPECT_EQ(FASTPATH_EVENT_ALLOCATION, self->l.events[0].type);
	EXPECT_EQ(KTURN_DEL_REASON_FLUSHED,
		  self->l.events[0].allocation.del_reason);
	EXPECT_TRUE(silent(&self->l));
}

/* The sweep looks once a second; what is due in one second has no order. */
TEST_F(events, expired_one_after_the_other)
{
	struct fastpath_event *e = self->l.events;
	struct fastpath_permission p = {
		.peer = addr("203.0.113.1"),
		.timeout_ms = 3000,
	};
	struct fastpath_channel c;

	ASSERT_DONE(install(self->fp, 6000, &c, &self->err));
	p.allocation_id = c.allocation_id;
	c.timeout_ms = 100;
	ASSERT_DONE(fastpath_channel_new(self->fp, &c, &self->err));
	ASSERT_DONE(fastpath_permission_new(self->fp, &p, &self->err));
	ASSERT_EQ(3, hear(&self->l, 3));

	EXPECT_EQ(FASTPATH_EVENT_CHANNEL, e[0].type);
	EXPECT_EQ(KTURN_DEL_REASON_EXPIRED, e[0].channel.del_reason);
	EXPECT_EQ(FASTPATH_EVENT_PERMISSION, e[1].type);
	EXPECT_EQ(KTURN_DEL_REASON_EXPIRED, e[1].permission.del_reason);
	EXPECT_EQ(FASTPATH_EVENT_ALLOCATION, e[2].type);
	EXPECT_EQ(KTURN_DEL_REASON_EXPIRED, e[2].allocation.del_reason);
}

/* A refresh in time keeps an object. */
TEST_F(events, refreshed_is_not_expired)
{
	struct fastpath_channel c;

	ASSERT_DONE(install(self->fp, 500, &c, &self->err));
	c.timeout_ms = MINUTE_MS;
	ASSERT_DONE(fastpath_bind(self->fp, &c, MINUTE_MS, &self->err));
	/* The allocation alone was not refreshed, and takes them along. */
	ASSERT_EQ(1, hear(&self->l, 1));
	EXPECT_EQ(FASTPATH_EVENT_ALLOCATION, self->l.events[0].type);
}

TEST_F(events, other_namespaces_hear_nothing)
{
	struct fastpath_channel c;
	struct fastpath *other;

	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	ASSERT_DONE(fastpath_open(&other, &self->err));
	ASSERT_DONE(install(other, MINUTE_MS, &c, &self->err));
	ASSERT_DONE(fastpath_flush(other, &self->err));
	fastpath_close(other);
	EXPECT_TRUE(silent(&self->l));
}

/* Far more notifications than a socket holds: the loss is told. */
TEST_F_TIMEOUT(events, overrun_is_told, 120)
{
	enum { N = 10000 };
	struct fastpath_request *all = calloc(N, sizeof(*all));
	bool overrun = false;
	int before, n;

	for (unsigned int i = 0; i < N; i++)
		all[i] = (struct fastpath_request){
			.cmd = KTURN_CMD_ALLOCATION_NEW,
			.allocation = make_allocation(i),
		};
	ASSERT_DONE(fastpath_submit(self->fp, all, N, &self->err));
	ASSERT_DONE(fastpath_flush(self->fp, &self->err));
	do {
		before = self->l.n;
		n = fastpath_watch_read(self->l.watch, take_event, &self->l,
					&self->err);
		for (int i = before; i < self->l.n; i++)
			overrun |= self->l.events[i].type ==
				   FASTPATH_EVENT_OVERRUN;
		self->l.n = 0;
	} while (n > 0);
	EXPECT_EQ(0, n);
	EXPECT_TRUE(overrun);
	EXPECT_TRUE(fastpath_watch_present(self->l.watch));
	free(all);
}

/*
 * The module goes and comes back. What is loaded is what the guest's runner
 * loaded before, and it is loaded again whatever happens in between.
 */
static int run(const char *command)
{
	int status = system(command);

	if (status)
		printf("# %s: status %d\n", command, status);
	return status;
}

static int reload(void)
{
	char command[512];

	snprintf(command, sizeof(command), "insmod %s",
		 getenv("KTURN_KO") ? getenv("KTURN_KO") : "KTURN_KO");
	return run(command);
}

static int ignore_allocation(const struct fastpath_allocation *a, void *arg)
{
	(void)a;
	(void)arg;
	return 0;
}

TEST_F(events, module_goes_and_comes)
{
	struct fastpath_event *e = self->l.events;
	struct fastpath_channel c;
	struct fastpath_net net;

	ASSERT_NE(NULL, getenv("KTURN_KO"));
	ASSERT_DONE(install(self->fp, MINUTE_MS, &c, &self->err));
	ASSERT_EQ(0, run("rmmod kturn"));

	/* Whatever is called says so, and says it in words. */
	EXPECT_EQ(-ENODEV, fastpath_channel_new(self->fp, &c, &self->err));
	EXPECT_EQ(ENODEV, self->err.code);
	EXPECT_NE(NULL, strstr(self->err.text, "not loaded"));
	EXPECT_FALSE(fastpath_attached(self->fp));
	EXPECT_EQ(-ENODEV, fastpath_net_get(self->fp, &net, &self->err));
	EXPECT_EQ(-ENODEV, fastpath_allocation_dump(self->fp,
						    ignore_allocation, NULL,
						    &self->err));
	EXPECT_EQ(-ENODEV, fastpath_attach(self->fp, &self->err));

	ASSERT_EQ(0, reload());
	/* It is there, and yet nobody used it unasked. */
	EXPECT_EQ(-ENODEV, fastpath_net_get(self->fp, &net, &self->err));
	ASSERT_DONE(fastpath_attach(self->fp, &self->err));
	EXPECT_EQ(-ENOENT, fastpath_channel_new(self->fp, &c, &self->err));
	ASSERT_DONE(fastpath_net_get(self->fp, &net, &self->err));
	EXPECT_EQ(0, net.allocations);

	ASSERT_LE(2, hear(&self->l, 2));
	EXPECT_EQ(FASTPATH_EVENT_GONE, e[self->l.n - 2].type);
	EXPECT_EQ(FASTPATH_EVENT_UP, e[self->l.n - 1].type);
	EXPECT_TRUE(fastpath_watch_present(self->l.watch));

	/* Events of the new life are heard. */
	self->l.n = 0;
	ASSERT_DONE(install(self->fp, MINUTE_MS, &c, &self->err));
	ASSERT_DONE(fastpath_flush(self->fp, &self->err));
	ASSERT_EQ(1, hear(&self->l, 1));
	EXPECT_EQ(FASTPATH_EVENT_ALLOCATION, e[0].type);
}

/* Each kind of call finds the module gone for itself. */
TEST_F(events, every_call_notices)
{
	struct fastpath *dump, *get, *batch;
	struct fastpath_request requests[100];
	struct fastpath_net net;

	ASSERT_NE(NULL, getenv("KTURN_KO"));
	ASSERT_DONE(fastpath_open(&dump, &self->err));
	ASSERT_DONE(fastpath_open(&get, &self->err));
	ASSERT_DONE(fastpath_open(&batch, &self->err));
	ASSERT_EQ(0, run("rmmod kturn"));

	EXPECT_EQ(-ENODEV, fastpath_allocation_dump(dump, ignore_allocation,
						    NULL, &self->err));
	EXPECT_EQ(-ENODEV, fastpath_net_get(get, &net, &self->err));
	for (unsigned int i = 0; i < 100; i++)
		requests[i] = (struct fastpath_request){
			.cmd = KTURN_CMD_ALLOCATION_NEW,
			.allocation = make_allocation(i),
		};
	EXPECT_EQ(-ENODEV, fastpath_submit(batch, requests, 100, &self->err));
	for (unsigned int i = 0; i < 100; i++)
		EXPECT_EQ(-ENODEV, requests[i].error);

	EXPECT_EQ(0, reload());
	fastpath_close(batch);
	fastpath_close(get);
	fastpath_close(dump);
}

/* Batch after batch until the module goes; returns how many it did not take. */
static unsigned int submit_until_gone(struct fastpath *fp,
				      struct fastpath_request *requests,
				      unsigned int n)
{
	unsigned int gone = 0;

	for (unsigned int round = 0; round < 10000 && !gone; round++) {
		for (unsigned int i = 0; i < n; i++)
			requests[i] = (struct fastpath_request){
				.cmd = KTURN_CMD_ALLOCATION_NEW,
				.allocation = make_allocation(i),
			};
		fastpath_submit(fp, requests, n, NULL);
		for (unsigned int i = 0; i < n; i++)
			gone += requests[i].error == -ENODEV;
		fastpath_flush(fp, NULL);
	}
	return gone;
}

/* From one request on the module was gone: those before were done. */
TEST_F_TIMEOUT(events, module_goes_in_the_middle_of_a_batch, 120)
{
	static struct fastpath_request requests[2000];
	unsigned int gone;
	int status;
	pid_t pid;

	ASSERT_NE(NULL, getenv("KTURN_KO"));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(run("rmmod kturn"));
	gone = submit_until_gone(self->fp, requests, 2000);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);

	EXPECT_NE(0, gone);
	EXPECT_FALSE(fastpath_attached(self->fp));
	for (unsigned int i = 0; i < 2000; i++) {
		int expected = i < 2000 - gone ? 0 : -ENODEV;

		EXPECT_EQ(expected, requests[i].error);
	}
	EXPECT_EQ(0, reload());
}

TEST_HARNESS_MAIN

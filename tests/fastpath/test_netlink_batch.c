// SPDX-License-Identifier: BSD-3-Clause
/*
 * Many requests at a time: each gets its own verdict, in words if asked for,
 * whatever becomes of its neighbours; nothing gets lost unnoticed; and what
 * takes the module long does not make others wait.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "fastpath/internal.h"
#include "netlink_fixture.h"

/* More than go out at once, however that is counted. */
#define COUNT (3 * FP_BATCH)

/* Long enough for a flush to be seen. */
#define CROWD 40000

static struct fastpath_request bind_request(uint32_t id, unsigned int i)
{
	struct fastpath_request request = {
		.cmd = KTURN_CMD_CHANNEL_NEW,
		.channel = {
			.allocation_id = id,
			.number = (uint16_t)(KTURN_CHANNEL_MIN + i),
			.peer = addr("203.0.113.1:1"),
			.timeout_ms = MINUTE_MS,
		},
	};

	request.channel.peer.port = (uint16_t)(1 + i);
	return request;
}

static int one_allocation(struct fastpath *fp, uint32_t *id,
			  struct fastpath_error *err)
{
	struct fastpath_allocation a = make_allocation(0);
	struct fastpath_permission p = {
		.peer = addr("203.0.113.1:1"), .timeout_ms = MINUTE_MS,
	};
	int ret = fastpath_allocation_new(fp, &a, err);

	*id = p.allocation_id = a.id;
	return ret ? ret : fastpath_permission_new(fp, &p, err);
}

TEST_F(netlink, errors_in_a_batch_have_words_of_their_own)
{
	static struct fastpath_request requests[COUNT];
	static struct fastpath_error errors[COUNT];
	struct fastpath_net net;
	unsigned int bad = 0;
	uint32_t id;

	ASSERT_DONE(one_allocation(self->fp, &id, &self->err));
	for (unsigned int i = 0; i < COUNT; i++) {
		requests[i] = bind_request(id, i);
		requests[i].why = &errors[i];
		if (i % 5 == 1)
			requests[i].channel.allocation_id = id + 1;
		else if (i % 5 == 3)
			requests[i].channel.number = 1;
	}
	EXPECT_EQ(-ENOENT,
		  fastpath_submit(self->fp, requests, COUNT, &self->err));
	EXPECT_STREQ(errors[1].text, self->err.text);
	for (unsigned int i = 0; i < COUNT; i++) {
		if (i % 5 == 1) {
			EXPECT_EQ(-ENOENT, requests[i].error);
			EXPECT_NE(NULL, strstr(errors[i].text, "allocation-id"));
			bad++;
		} else if (i % 5 == 3) {
			EXPECT_EQ(-ERANGE, requests[i].error);
			EXPECT_NE(NULL, strstr(errors[i].text, "number"));
			bad++;
		} else {
			EXPECT_EQ(0, requests[i].error);
			EXPECT_EQ(0, errors[i].code);
		}
	}
	ASSERT_DONE(fastpath_net_get(self->fp, &net, &self->err));
	EXPECT_EQ(COUNT - bad, net.channels);
}

TEST_F(netlink, one_failure_at_the_end_of_a_batch)
{
	static struct fastpath_request requests[FP_BATCH];
	uint32_t id;

	ASSERT_DONE(one_allocation(self->fp, &id, &self->err));
	for (unsigned int i = 0; i < FP_BATCH; i++)
		requests[i] = bind_request(id, i);
	requests[FP_BATCH - 1].channel.number = KTURN_CHANNEL_MIN;
	EXPECT_EQ(-EEXIST,
		  fastpath_submit(self->fp, requests, FP_BATCH, &self->err));
	for (unsigned int i = 0; i < FP_BATCH; i++)
		EXPECT_EQ(i == FP_BATCH - 1 ? -EEXIST : 0, requests[i].error);
}

static void set_buffer(struct fastpath *fp, int size)
{
	setsockopt(nl_socket_get_fd(fp->sk), SOL_SOCKET, SO_RCVBUFFORCE, &size,
		   sizeof(size));
}

/* Requests that all fail, so that each has an answer. */
static void ask_in_vain(struct fastpath_request *requests, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		requests[i] = bind_request(0x7fffffff, i);
}

/* A socket too small for its answers: no refusal passes for a success. */
TEST_F(netlink, answers_lost_are_told)
{
	static struct fastpath_request requests[FP_BATCH];
	struct fastpath_net net;
	unsigned int lost = 0;

	ask_in_vain(requests, FP_BATCH);
	set_buffer(self->fp, 4096);
	EXPECT_GT(0, fastpath_submit(self->fp, requests, FP_BATCH, &self->err));
	for (unsigned int i = 0; i < FP_BATCH; i++) {
		EXPECT_TRUE(requests[i].error == -ENOBUFS ||
			    requests[i].error == -ENOENT);
		lost += requests[i].error == -ENOBUFS;
	}
	EXPECT_NE(0, lost);
	/* And it is over with that. */
	ASSERT_DONE(fastpath_net_get(self->fp, &net, &self->err));
}

/* The window follows the buffer, and keeps it from overflowing. */
TEST_F(netlink, window_fits_the_buffer)
{
	static struct fastpath_request requests[FP_BATCH];

	EXPECT_EQ(FP_BATCH, self->fp->window);
	set_buffer(self->fp, 8192);
	self->fp->window = fp_socket_window(self->fp->sk);
	EXPECT_LE(1, self->fp->window);
	EXPECT_GE(16, self->fp->window);
	ask_in_vain(requests, FP_BATCH);
	EXPECT_EQ(-ENOENT,
		  fastpath_submit(self->fp, requests, FP_BATCH, &self->err));
	for (unsigned int i = 0; i < FP_BATCH; i++)
		EXPECT_EQ(-ENOENT, requests[i].error);
}

/* The largest answers, a refusal of each kind and the largest requests. */
TEST_F(netlink, window_has_room_for_the_longest)
{
	static struct fastpath_request requests[FP_BATCH];
	char blob[KTURN_USERDATA_MAX] = "";

	for (unsigned int i = 0; i < FP_BATCH; i++) {
		requests[i] = (struct fastpath_request){
			.cmd = KTURN_CMD_ALLOCATION_NEW,
			.allocation = make_allocation(i),
		};
		requests[i].allocation.userdata = blob;
		requests[i].allocation.userdata_len = sizeof(blob);
	}
	ASSERT_DONE(fastpath_submit(self->fp, requests, FP_BATCH, &self->err));
	/* All there by now. */
	EXPECT_EQ(-EEXIST,
		  fastpath_submit(self->fp, requests, FP_BATCH, &self->err));
	for (unsigned int i = 0; i < FP_BATCH; i++)
		EXPECT_EQ(-EEXIST, requests[i].error);
}

static uint64_t milliseconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* Somebody else's flush, on a thread of its own. */
struct flush {
	struct fastpath *fp;
	uint64_t took;
	int ret;
	atomic_bool done;
};

static void *flush_thread(void *arg)
{
	struct flush *flush = arg;
	uint64_t start = milliseconds();

	flush->ret = fastpath_flush(flush->fp, NULL);
	flush->took = milliseconds() - start;
	flush->done = true;
	return NULL;
}

static int crowd(struct fastpath *fp, struct fastpath_error *err)
{
	struct fastpath_request *all = calloc(CROWD, sizeof(*all));
	int ret = -ENOMEM;

	for (unsigned int i = 0; all && i < CROWD; i++)
		all[i] = (struct fastpath_request){
			.cmd = KTURN_CMD_ALLOCATION_NEW,
			.allocation = make_allocation(i),
		};
	if (all)
		ret = fastpath_submit(fp, all, CROWD, err);
	free(all);
	return ret;
}

TEST_F_TIMEOUT(netlink, flush_lets_others_in, 120)
{
	struct flush flush = { 0 };
	struct fastpath_net net = { 0 };
	uint64_t longest = 0;
	unsigned int asked = 0;
	pthread_t thread;

	ASSERT_DONE(crowd(self->fp, &self->err));
	ASSERT_DONE(fastpath_open(&flush.fp, &self->err));
	ASSERT_EQ(0, pthread_create(&thread, NULL, flush_thread, &flush));
	while (!flush.done) {
		uint64_t start = milliseconds(), took;

		ASSERT_DONE(fastpath_net_get(self->fp, &net, &self->err));
		took = milliseconds() - start;
		if (took > longest)
			longest = took;
		asked++;
	}
	pthread_join(thread, NULL);
	fastpath_close(flush.fp);
	EXPECT_EQ(0, flush.ret);
	TH_LOG("flush of %u: %llu ms; %u others asked meanwhile, the longest for %llu ms",
	       CROWD, (unsigned long long)flush.took, asked,
	       (unsigned long long)longest);
	EXPECT_LT(10, asked);
	EXPECT_LT(longest, flush.took / 2);
	ASSERT_DONE(fastpath_net_get(self->fp, &net, &self->err));
	EXPECT_EQ(0, net.allocations);
}

TEST_HARNESS_MAIN

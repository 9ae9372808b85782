// SPDX-License-Identifier: BSD-3-Clause
/* Requests that wait for a user database: once each, in order, bounded. */
#include <errno.h>
#include <string.h>

#include <kselftest_harness.h>

#include "kturnd/user_waiting.h"

#define LIMIT 4

FIXTURE(waiting)
{
	struct user_waiting waiting;
	struct turn_5tuple tuple;
	uint8_t bytes[USER_WAITING_REQUEST_MAX + 1];
};

FIXTURE_SETUP(waiting)
{
	memset(self, 0, sizeof(*self));
	user_waiting_init(&self->waiting, LIMIT);
}

/* Nothing is left behind, or the leak checker says so. */
FIXTURE_TEARDOWN(waiting)
{
	struct waiting_request *request;
	struct waiting_user *user;

	while ((user = user_waiting_first(&self->waiting))) {
		struct waiting_requests requests =
			user_waiting_done(&self->waiting, user);

		while ((request = SLIST_FIRST(&requests))) {
			SLIST_REMOVE_HEAD(&requests, next);
			waiting_request_free(request);
		}
	}
	EXPECT_EQ(0, self->waiting.count);
}

/* A request of @len bytes, told from others by @mark, for a user. */
static int add(struct user_waiting *waiting, struct turn_5tuple *tuple,
	       uint8_t *bytes, const char *name, uint8_t mark, size_t len)
{
	const struct turn_user_query query = {
		.realm = "r", .username = stun_bytes(name), .tuple = tuple,
		.request = { bytes, len },
	};
	struct user_id id = { 0 };

	bytes[0] = mark;
	memcpy(id.bytes, name, strlen(name));
	return user_waiting_add(waiting, &id, &query, NULL, NULL);
}

#define ADD(name, mark, len) \
	add(&self->waiting, &self->tuple, self->bytes, name, mark, len)

static unsigned int count(const struct waiting_user *user)
{
	const struct waiting_request *request;
	unsigned int n = 0;

	SLIST_FOREACH(request, &user->requests, next)
		n++;
	return n;
}

TEST_F(waiting, first_come_first)
{
	struct waiting_user *alice, *bob;

	EXPECT_EQ(0, ADD("alice", 1, 20));
	EXPECT_EQ(0, ADD("bob", 1, 20));
	EXPECT_EQ(0, ADD("alice", 2, 20));
	alice = user_waiting_first(&self->waiting);
	bob = user_waiting_first(&self->waiting);
	ASSERT_NE(NULL, alice);
	ASSERT_NE(NULL, bob);
	EXPECT_STREQ("alice", alice->name);
	EXPECT_STREQ("r", alice->realm);
	EXPECT_EQ(2, count(alice));
	EXPECT_STREQ("bob", bob->name);
	EXPECT_EQ(1, count(bob));
	EXPECT_EQ(NULL, user_waiting_first(&self->waiting));
	/* One who is being asked for is still found. */
	EXPECT_EQ(0, ADD("bob", 2, 20));
	EXPECT_EQ(2, count(bob));
	STAILQ_INSERT_TAIL(&self->waiting.order, alice, order);
	STAILQ_INSERT_TAIL(&self->waiting.order, bob, order);
}

TEST_F(waiting, a_retransmission_waits_once)
{
	struct waiting_user *alice;

	for (int i = 0; i < 10; i++)
		EXPECT_EQ(0, ADD("alice", 1, 20));
	EXPECT_EQ(1, self->waiting.count);
	/* The same from elsewhere is another request. */
	self->tuple.client.port = 7;
	EXPECT_EQ(0, ADD("alice", 1, 20));
	EXPECT_EQ(2, self->waiting.count);
	alice = STAILQ_FIRST(&self->waiting.order);
	EXPECT_EQ(2, count(alice));
}

TEST_F(waiting, bounded)
{
	for (uint8_t i = 0; i < LIMIT; i++)
		EXPECT_EQ(0, ADD(i % 2 ? "alice" : "bob", i, 20));
	EXPECT_EQ(-ENOBUFS, ADD("alice", LIMIT, 20));
	EXPECT_EQ(-ENOBUFS, ADD("carol", 1, 20));
	EXPECT_EQ(0, ADD("alice", 1, 20));
	EXPECT_EQ(LIMIT, self->waiting.count);
}

/* Long requests are asked for, but not kept; and count as well. */
TEST_F(waiting, long_requests)
{
	struct waiting_user *alice;

	EXPECT_EQ(0, ADD("alice", 1, USER_WAITING_REQUEST_MAX + 1));
	EXPECT_EQ(0, ADD("alice", 2, USER_WAITING_REQUEST_MAX + 1));
	alice = STAILQ_FIRST(&self->waiting.order);
	ASSERT_NE(NULL, alice);
	EXPECT_EQ(0, count(alice));
	EXPECT_EQ(1, self->waiting.count);
	EXPECT_EQ(0, ADD("b", 1, USER_WAITING_REQUEST_MAX + 1));
	EXPECT_EQ(0, ADD("c", 1, USER_WAITING_REQUEST_MAX + 1));
	EXPECT_EQ(0, ADD("d", 1, USER_WAITING_REQUEST_MAX + 1));
	EXPECT_EQ(-ENOBUFS, ADD("e", 1, USER_WAITING_REQUEST_MAX + 1));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: BSD-3-Clause
/*
 * Parts of net/ and of the log that need no network: the ports of a relay
 * address, the mailbox, how much is read at a time, the bound on log lines.
 */
#include <event2/event.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "kturnd/log.h"
#include "net/mailbox.h"
#include "net/port_pool.h"
#include "net/receive.h"

static const struct port_range six = { .min = 49999, .max = 50004 };

TEST(ports_from_start_and_round)
{
	struct port_pool *pool = port_pool_new(six);

	ASSERT_NE(NULL, pool);
	EXPECT_EQ(6, port_pool_size(pool));
	EXPECT_EQ(50003, port_pool_take(pool, 4, false, false));
	EXPECT_EQ(50004, port_pool_take(pool, 4, false, false));
	EXPECT_EQ(49999, port_pool_take(pool, 4, false, false));
	EXPECT_EQ(50001, port_pool_take(pool, 4 + 6 * 1000, true, false) + 1);
	EXPECT_EQ(50001, port_pool_take(pool, 0, false, false));
	EXPECT_EQ(50002, port_pool_take(pool, 0, false, false));
	EXPECT_EQ(0, port_pool_take(pool, 0, false, false));
	port_pool_put(pool, 50001);
	EXPECT_EQ(0, port_pool_take(pool, 0, true, false));
	EXPECT_EQ(50001, port_pool_take(pool, 3, false, false));
	port_pool_free(pool);
}

TEST(ports_in_pairs)
{
	struct port_pool *pool = port_pool_new(six);

	ASSERT_NE(NULL, pool);
	EXPECT_EQ(50002, port_pool_take(pool, 2, true, true));
	EXPECT_EQ(50000, port_pool_take(pool, 2, true, true));
	/* 50004 is even, but 50005 is outside; 49999 is odd. */
	EXPECT_EQ(0, port_pool_take(pool, 0, true, true));
	EXPECT_EQ(50004, port_pool_take(pool, 0, true, false));
	EXPECT_EQ(49999, port_pool_take(pool, 0, false, false));
	port_pool_put(pool, 50001);
	EXPECT_EQ(0, port_pool_take(pool, 0, true, true));
	port_pool_put(pool, 50000);
	EXPECT_EQ(50000, port_pool_take(pool, 5, true, true));
	port_pool_free(pool);
}

#define GRABBERS 4
#define ALL_PORTS 65535

struct grab {
	struct port_pool *pool;
	unsigned int *owner;
	unsigned int number;
};

static void *grab_all(void *arg)
{
	struct grab *grab = arg;
	uint16_t port;

	while ((port = port_pool_take(grab->pool, grab->number * 16000, false,
				      false)))
		__atomic_fetch_add(&grab->owner[port], 1, __ATOMIC_RELAXED);
	return NULL;
}

TEST(ports_have_one_owner)
{
	const struct port_range all = { .min = 64000, .max = ALL_PORTS };
	static unsigned int owner[ALL_PORTS + 1];
	struct port_pool *pool = port_pool_new(all);
	pthread_t threads[GRABBERS];
	struct grab grabs[GRABBERS];

	ASSERT_NE(NULL, pool);
	for (unsigned int i = 0; i < GRABBERS; i++) {
		grabs[i] = (struct grab){ pool, owner, i };
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, grab_all,
					    &grabs[i]));
	}
	for (unsigned int i = 0; i < GRABBERS; i++)
		pthread_join(threads[i], NULL);
	for (unsigned int port = all.min; port <= all.max; port++)
		EXPECT_EQ(1, owner[port]);
	port_pool_free(pool);
}

#define LETTERS 1000

struct reader {
	struct event_base *base;
	unsigned int next;
	unsigned int wrong;
};

static void on_letter(void *owner, void *arg)
{
	struct reader *reader = owner;
	unsigned int number = (unsigned int)(uintptr_t)arg;

	reader->wrong += number != reader->next++;
	if (reader->next == LETTERS)
		event_base_loopbreak(reader->base);
}

static void *write_letters(void *box)
{
	for (uintptr_t i = 0; i < LETTERS; i++)
		mailbox_post(box, on_letter, (void *)i);
	return NULL;
}

TEST(mail_arrives_in_order)
{
	struct reader reader = { .base = event_base_new() };
	struct mailbox *box;
	pthread_t writer;

	ASSERT_NE(NULL, reader.base);
	box = mailbox_new(reader.base, &reader);
	ASSERT_NE(NULL, box);
	ASSERT_EQ(0, pthread_create(&writer, NULL, write_letters, box));
	event_base_dispatch(reader.base);
	pthread_join(writer, NULL);
	EXPECT_EQ(LETTERS, reader.next);
	EXPECT_EQ(0, reader.wrong);
	mailbox_free(box);
	event_base_free(reader.base);
}

TEST(mail_that_waits_is_delivered_at_the_end)
{
	struct reader reader = { .base = event_base_new() };
	struct mailbox *box = mailbox_new(reader.base, &reader);

	ASSERT_NE(NULL, box);
	ASSERT_EQ(0, mailbox_post(box, on_letter, (void *)0));
	mailbox_free(box);
	EXPECT_EQ(1, reader.next);
	event_base_free(reader.base);
}

TEST(log_lines_are_bounded)
{
	struct log_limit limit = LOG_LIMIT_INIT;
	uint64_t suppressed = 1;
	int i;

	for (i = 0; i < LOG_LIMIT_LINES; i++) {
		EXPECT_TRUE(log_limit_pass(&limit, 100, &suppressed));
		EXPECT_EQ(0, suppressed);
	}
	for (i = 0; i < 7; i++)
		EXPECT_FALSE(log_limit_pass(&limit, 100, &suppressed));
	EXPECT_TRUE(log_limit_pass(&limit, 101, &suppressed));
	EXPECT_EQ(7, suppressed);
	EXPECT_TRUE(log_limit_pass(&limit, 101, &suppressed));
	EXPECT_EQ(0, suppressed);
}

/* --- bursts ------------------------------------------------------------------ */

FIXTURE(reader) {
	struct receive_pool *pool;
	struct udp_socket sock;
	int sender;
};

FIXTURE_SETUP(reader)
{
	int fds[2];

	/* Any datagrams do: nobody asks where they come from. */
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fds));
	self->pool = receive_pool_new();
	ASSERT_NE(NULL, self->pool);
	self->sock = (struct udp_socket){ .fd = fds[0], .burst = 1 };
	self->sender = fds[1];
	/* Rounds in which there was nothing to read. */
	receive_pool_reset(self->pool);
	receive_pool_reset(self->pool);
}

FIXTURE_TEARDOWN(reader)
{
	receive_pool_free(self->pool);
	close(self->sock.fd);
	close(self->sender);
}

/* Number of datagrams that a round of the event loop reads. */
static unsigned int read_round(struct _test_data_reader *self)
{
	unsigned int first;
	unsigned int got = receive_batch(self->pool, &self->sock, &first);

	receive_pool_reset(self->pool);
	return got;
}

static void queue(struct _test_data_reader *self, int count)
{
	while (count-- > 0)
		if (send(self->sender, "", 1, 0) != 1)
			abort();
}

TEST_F(reader, asks_for_one_where_one_comes_at_a_time)
{
	for (int i = 0; i < 5; i++) {
		/* Others have been read since. */
		receive_pool_reset(self->pool);
		queue(self, 1);
		EXPECT_EQ(1, read_round(self));
		EXPECT_EQ(1, self->sock.burst);
	}
}

TEST_F(reader, asks_for_more_where_more_is_left)
{
	queue(self, 8);
	EXPECT_EQ(1, read_round(self));
	EXPECT_EQ(1, read_round(self));
	EXPECT_EQ(2, read_round(self));
	EXPECT_EQ(4, read_round(self));
	EXPECT_EQ(0, read_round(self));
	EXPECT_EQ(1, self->sock.burst);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: BSD-3-Clause
/*
 * Parts of clients' connections that need no network: messages out of a
 * stream cut anywhere, what becomes of those that a client does not take, how
 * many connections there may be.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "net/connections.h"
#include "net/stream_in.h"
#include "net/stream_out.h"
#include "stun/channel_data.h"

/* --- in ---------------------------------------------------------------------- */

/* A Binding request, ChannelData with padding, empty ChannelData, ... */
static const uint8_t messages[] = {
	0x00, 0x01, 0x00, 0x00, 0x21, 0x12, 0xa4, 0x42,
	1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
	0x40, 0x00, 0x00, 0x05, 'h', 'e', 'l', 'l', 'o', 0, 0, 0,
	0x4f, 0xff, 0x00, 0x00,
	0x40, 0x01, 0x00, 0x04, 'f', 'o', 'u', 'r',
	0x00, 0x11, 0x00, 0x04, 0x21, 0x12, 0xa4, 0x42,
	1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x80, 0x22, 0x00, 0x00,
};

static const size_t lengths[] = { 20, 12, 4, 8, 24 };

#define MESSAGES (sizeof(lengths) / sizeof(lengths[0]))

/**
 * struct taker - takes messages out of pieces
 * @in: what it keeps
 * @buf: where it reads to
 * @n: messages taken
 * @at: bytes of them
 */
struct taker {
	struct stream_in in;
	uint8_t buf[sizeof(messages)];
	size_t n;
	size_t at;
};

/* Hand it a piece; false if what comes out is not what went in. */
static bool take(struct taker *taker, const uint8_t *piece, size_t piece_len)
{
	size_t len = stream_in_begin(&taker->in, taker->buf), at = 0;
	ssize_t frame;

	memcpy(taker->buf + len, piece, piece_len);
	len += piece_len;
	while ((frame = stream_in_next(taker->buf + at, len - at,
				       STREAM_REQUEST_MAX, false)) > 0) {
		if (taker->n == MESSAGES ||
		    (size_t)frame != lengths[taker->n] ||
		    memcmp(taker->buf + at, messages + taker->at,
			   (size_t)frame))
			return false;
		at += (size_t)frame;
		taker->at += (size_t)frame;
		taker->n++;
	}
	return frame == 0 &&
	       !stream_in_keep(&taker->in, taker->buf + at, len - at);
}

TEST(messages_cut_at_any_two_points)
{
	for (size_t a = 0; a <= sizeof(messages); a++) {
		for (size_t b = a; b <= sizeof(messages); b++) {
			struct taker taker = { 0 };

			ASSERT_TRUE(take(&taker, messages, a));
			ASSERT_TRUE(take(&taker, messages + a, b - a));
			ASSERT_TRUE(take(&taker, messages + b,
					 sizeof(messages) - b));
			ASSERT_EQ(MESSAGES, taker.n);
			ASSERT_EQ(0, taker.in.len);
			ASSERT_EQ(NULL, taker.in.held);
		}
	}
}

TEST(messages_byte_by_byte)
{
	struct taker taker = { 0 };

	for (size_t i = 0; i < sizeof(messages); i++)
		ASSERT_TRUE(take(&taker, messages + i, 1));
	EXPECT_EQ(MESSAGES, taker.n);
	EXPECT_EQ(0, taker.in.len);
}

TEST(a_piece_is_kept_and_can_be_forgotten)
{
	struct taker taker = { 0 };

	ASSERT_TRUE(take(&taker, messages, 25));
	EXPECT_EQ(1, taker.n);
	EXPECT_EQ(5, taker.in.len);
	stream_in_free(&taker.in);
	EXPECT_EQ(0, taker.in.len);
}

static ssize_t next(const char *bytes, size_t len, size_t max, bool rfc5766)
{
	return stream_in_next((const uint8_t *)bytes, len, max, rfc5766);
}

TEST(what_is_no_message)
{
	/* RFC 7983: TLS, TURN channel numbers of RFC 5766 only, RTP */
	EXPECT_EQ(-EBADMSG, next("\x16", 1, 4096, false));
	EXPECT_EQ(-EBADMSG, next("\x50", 1, 4096, false));
	EXPECT_EQ(0, next("\x50", 1, 4096, true));
	EXPECT_EQ(-EBADMSG, next("\x80", 1, 4096, true));
	/* RFC 8489, section 5: the length of STUN is a multiple of four. */
	EXPECT_EQ(0, next("\x00\x01\x00", 3, 4096, false));
	EXPECT_EQ(-EBADMSG, next("\x00\x01\x00\x02", 4, 4096, false));
}

TEST(what_is_too_long)
{
	EXPECT_EQ(0, next("\x40\x00\x0f\xfc", 4, 4096, false));
	EXPECT_EQ(-EMSGSIZE, next("\x40\x00\x0f\xfd", 4, 4096, false));
	EXPECT_EQ(0, next("\x00\x01\x0f\xec", 4, 4096, false));
	EXPECT_EQ(-EMSGSIZE, next("\x00\x01\x0f\xf0", 4, 4096, false));
	EXPECT_EQ(-EMSGSIZE, next("\x40\x00\xff\xff", 4, STREAM_MESSAGE_MAX,
				  false));
}

/* --- out --------------------------------------------------------------------- */

#define LIMIT 65536

FIXTURE(out) {
	struct event_base *base;
	struct stream_queue *queue;
	struct stream_out out;
	int client;
	int ready;
};

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	++*(int *)arg;
}

FIXTURE_SETUP(out)
{
	int fds[2], size = 4096;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds));
	setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	self->client = fds[1];
	self->base = event_base_new();
	self->queue = stream_queue_new();
	ASSERT_NE(NULL, self->base);
	ASSERT_NE(NULL, self->queue);
	self->out.sock.fd = fds[0];
	self->out.sock.transport = &stream_transport_tcp;
	stream_out_init(&self->out, LIMIT);
	ASSERT_EQ(0, stream_out_attach(&self->out, self->base, on_writable,
				       &self->ready));
}

FIXTURE_TEARDOWN(out)
{
	stream_queue_flush(self->queue);
	stream_out_detach(&self->out);
	stream_out_free(&self->out);
	close(self->out.sock.fd);
	close(self->client);
	stream_queue_free(self->queue);
	event_base_free(self->base);
}

#define MESSAGE_LEN 1000

/* A ChannelData message that says which one it is. */
static const uint8_t *numbered(unsigned int number)
{
	static uint8_t ring[STREAM_ENTRIES + 1][MESSAGE_LEN];
	uint8_t *buf = ring[number % (STREAM_ENTRIES + 1)];

	memset(buf, (int)(number & 0xff), MESSAGE_LEN);
	channel_data_push(buf + CHANNEL_DATA_HEADER_LEN, (uint16_t)(0x4000 +
			  number % 0x1000),
			  MESSAGE_LEN - CHANNEL_DATA_HEADER_LEN);
	return buf;
}

/* Relay messages from a number on, so many in a round. */
static void relay(struct _test_data_out *self, unsigned int from,
		  unsigned int count, unsigned int round)
{
	for (unsigned int i = 0; i < count; i++) {
		stream_queue_relay(self->queue, &self->out,
				   numbered(from + i), MESSAGE_LEN);
		if ((i + 1) % round == 0)
			stream_queue_flush(self->queue);
	}
	stream_queue_flush(self->queue);
}

/*
 * Read all that comes; return the number of messages, and complain of one that
 * is damaged or that comes after one with a higher number.
 */
static unsigned int read_all(struct __test_metadata *_metadata,
			     struct _test_data_out *self)
{
	static uint8_t buf[4 * LIMIT];
	unsigned int count = 0, last = 0;
	size_t len = 0;

	for (;;) {
		ssize_t got = recv(self->client, buf + len, sizeof(buf) - len,
				   MSG_DONTWAIT);

		if (got > 0) {
			len += (size_t)got;
			continue;
		}
		if (!stream_out_waiting(&self->out))
			break;
		stream_out_resume(self->queue, &self->out);
	}
	EXPECT_EQ(0, len % MESSAGE_LEN);
	for (size_t at = 0; at + MESSAGE_LEN <= len; at += MESSAGE_LEN) {
		unsigned int number = (unsigned int)(buf[at] << 8 |
						     buf[at + 1]) - 0x4000;

		EXPECT_EQ(0, memcmp(buf + at, numbered(number), MESSAGE_LEN));
		EXPECT_TRUE(!count || number > last);
		last = number;
		count++;
	}
	return count;
}

TEST_F(out, what_fits_goes_at_once)
{
	relay(self, 1, 3, 3);
	EXPECT_EQ(0, stream_out_waiting(&self->out));
	EXPECT_FALSE(event_pending(&self->out.writable, EV_WRITE, NULL));
	EXPECT_EQ(3, read_all(_metadata, self));
	EXPECT_EQ(3, stream_queue_stats(self->queue)->sent);
}

TEST_F(out, what_does_not_fit_waits_for_room)
{
	uint8_t buf[8192];

	relay(self, 1, 40, 40);
	EXPECT_NE(0, stream_out_waiting(&self->out));
	event_base_loop(self->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	EXPECT_EQ(0, self->ready);
	while (recv(self->client, buf, MESSAGE_LEN, MSG_DONTWAIT) > 0)
		;
	event_base_loop(self->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	EXPECT_EQ(1, self->ready);
}

TEST_F(out, a_slow_client_loses_whole_messages)
{
	static const unsigned int rounds[] = { 1, 2, 7, STREAM_ENTRIES };

	for (size_t i = 0; i < sizeof(rounds) / sizeof(rounds[0]); i++) {
		const struct stream_out_stats *stats =
			stream_queue_stats(self->queue);
		uint64_t sent = stats->sent, slow = stats->slow;

		relay(self, 0, 400, rounds[i]);
		EXPECT_GT(stream_out_waiting(&self->out), LIMIT / 2);
		EXPECT_LE(stream_out_waiting(&self->out), LIMIT + MESSAGE_LEN);
		EXPECT_LE(self->out.room, 2 * LIMIT);
		EXPECT_EQ(400, stats->sent - sent + stats->slow - slow);
		EXPECT_EQ(stats->sent - sent, read_all(_metadata, self));
		/* Nothing waits: nothing is kept, and the next one goes. */
		EXPECT_EQ(0, self->out.room);
		EXPECT_FALSE(event_pending(&self->out.writable, EV_WRITE,
					   NULL));
		relay(self, 500, 1, 1);
		EXPECT_EQ(1, read_all(_metadata, self));
	}
	EXPECT_EQ(NULL, stream_queue_failed(self->queue));
}

TEST_F(out, responses_find_room_where_relayed_data_does_not)
{
	uint64_t slow;

	relay(self, 0, 400, 10);
	slow = stream_queue_stats(self->queue)->slow;
	for (unsigned int i = 0; i < 10; i++)
		stream_queue_reply(self->queue, &self->out, numbered(500 + i),
				   MESSAGE_LEN);
	EXPECT_EQ(NULL, stream_queue_failed(self->queue));
	EXPECT_EQ(400 - slow + 10, read_all(_metadata, self));
}

TEST_F(out, a_response_follows_what_came_before)
{
	stream_queue_relay(self->queue, &self->out, numbered(1), MESSAGE_LEN);
	stream_queue_reply(self->queue, &self->out, numbered(2), MESSAGE_LEN);
	stream_queue_relay(self->queue, &self->out, numbered(3), MESSAGE_LEN);
	stream_queue_flush(self->queue);
	EXPECT_EQ(3, read_all(_metadata, self));
}

TEST_F(out, who_reads_no_response_is_given_up)
{
	for (unsigned int i = 0; i < 200; i++)
		stream_queue_reply(self->queue, &self->out, numbered(i),
				   MESSAGE_LEN);
	EXPECT_EQ(-ENOBUFS, self->out.error);
	EXPECT_LE(stream_out_waiting(&self->out), LIMIT + STREAM_REPLY_ROOM);
	EXPECT_EQ(&self->out, stream_queue_failed(self->queue));
	EXPECT_EQ(NULL, stream_queue_failed(self->queue));
}

TEST_F(out, a_broken_connection_is_told_once)
{
	shutdown(self->client, SHUT_RDWR);
	relay(self, 0, 10, 2);
	EXPECT_EQ(-EPIPE, self->out.error);
	EXPECT_EQ(&self->out, stream_queue_failed(self->queue));
	relay(self, 0, 10, 2);
	EXPECT_EQ(NULL, stream_queue_failed(self->queue));
	EXPECT_EQ(0, stream_queue_stats(self->queue)->slow);
}

/* --- limits ------------------------------------------------------------------ */

static struct transport_addr addr(const char *text)
{
	struct transport_addr addr = { 0 };

	if (transport_addr_parse(&addr, text))
		abort();
	return addr;
}

TEST(connections_in_all)
{
	const struct connection_limits limits = { .max = 2 };
	const struct transport_addr a = addr("192.0.2.1:1000");
	const struct transport_addr b = addr("192.0.2.2:1000");
	struct connections *c = connections_new(&limits);

	ASSERT_NE(NULL, c);
	EXPECT_EQ(0, connections_enter(c, &a));
	EXPECT_EQ(0, connections_enter(c, &b));
	EXPECT_EQ(-EUSERS, connections_enter(c, &a));
	connections_leave(c, &b, false);
	EXPECT_EQ(0, connections_enter(c, &a));
	/* An allocation is no reason for more of them. */
	EXPECT_TRUE(connections_serve(c, &a, true));
	EXPECT_EQ(-EUSERS, connections_enter(c, &b));
	connections_leave(c, &a, true);
	connections_leave(c, &a, false);
	EXPECT_EQ(0, connections_enter(c, &b));
	connections_free(c);
}

TEST(connections_of_a_source)
{
	const struct connection_limits limits = { .max_idle = 2 };
	const struct transport_addr a = addr("[2001:db8::1]:1000");
	const struct transport_addr same = addr("[2001:db8::ffff:0:0:1]:2000");
	const struct transport_addr other = addr("[2001:db8:0:1::1]:1000");
	const struct transport_addr v4 = addr("32.1.13.184:1000");
	struct connections *c = connections_new(&limits);

	ASSERT_NE(NULL, c);
	EXPECT_EQ(0, connections_enter(c, &a));
	EXPECT_EQ(0, connections_enter(c, &same));
	EXPECT_EQ(-EDQUOT, connections_enter(c, &a));
	EXPECT_EQ(0, connections_enter(c, &other));
	EXPECT_EQ(0, connections_enter(c, &v4));
	/* With an allocation it does not count; without it any more it does. */
	EXPECT_TRUE(connections_serve(c, &same, true));
	EXPECT_EQ(0, connections_enter(c, &a));
	EXPECT_FALSE(connections_serve(c, &same, false));
	connections_leave(c, &a, false);
	EXPECT_EQ(-EDQUOT, connections_enter(c, &a));
	connections_leave(c, &a, false);
	EXPECT_EQ(0, connections_enter(c, &a));
	connections_free(c);
}

TEST(handshakes_of_a_source)
{
	const struct connection_limits limits = { .handshakes = 10 };
	const struct transport_addr a = addr("192.0.2.1:1000");
	const struct transport_addr b = addr("192.0.2.2:1000");
	struct connections *c = connections_new(&limits);
	uint64_t now = 1000000;
	int at_once = 0, later = 0;

	ASSERT_NE(NULL, c);
	while (at_once < 1000 && !connections_enter(c, &a) &&
	       connections_handshake(c, &a, now)) {
		connections_leave(c, &a, false);
		at_once++;
	}
	/* Four seconds' worth; that they have gone again does not help. */
	EXPECT_GE(at_once, 40);
	EXPECT_LE(at_once, 42);
	EXPECT_EQ(0, connections_enter(c, &b));
	EXPECT_TRUE(connections_handshake(c, &b, now));
	/* And then as many as may be in a second. */
	for (int ms = 0; ms < 10000; ms++)
		later += connections_handshake(c, &a, now + (uint64_t)ms);
	EXPECT_GE(later, 99);
	EXPECT_LE(later, 101);
	connections_free(c);
}

/* One with an allocation counts as no connection, but its handshakes do. */
TEST(handshakes_of_a_source_with_allocations)
{
	const struct connection_limits limits = { .handshakes = 1 };
	const struct transport_addr a = addr("192.0.2.1:1000");
	struct connections *c = connections_new(&limits);
	uint64_t now = 1000000;
	int at_once = 0;

	ASSERT_NE(NULL, c);
	ASSERT_EQ(0, connections_enter(c, &a));
	ASSERT_TRUE(connections_serve(c, &a, true));
	while (at_once < 100 && connections_handshake(c, &a, now))
		at_once++;
	EXPECT_GE(at_once, 4);
	EXPECT_LE(at_once, 5);
	connections_leave(c, &a, true);
	EXPECT_FALSE(connections_handshake(c, &a, now));
	EXPECT_TRUE(connections_handshake(c, &a, now + 10000));
	connections_free(c);
}

TEST_HARNESS_MAIN

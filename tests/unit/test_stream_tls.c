// SPDX-License-Identifier: BSD-3-Clause
/*
 * TLS over a client's connection, on a pair of sockets: what a client gets with
 * each read, and what becomes of messages that it takes slowly or not at all.
 */
#include <errno.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include <kselftest_harness.h>

#include "net/stream_transport.h"
#include "tls_world.h"

#define RECORD_MAX 16384
#define MESSAGE_LEN 1000
#define MESSAGES 64

FIXTURE(tls) {
	struct tls_world world;
	struct stream_socket sock;
	SSL_CTX *server_ctx;
	SSL_CTX *client_ctx;
	SSL *client;
	int fd;
	struct iovec messages[MESSAGES];
	uint8_t data[MESSAGES * MESSAGE_LEN];
};

/* Both ends take turns until they agree. */
static bool shake_hands(struct _test_data_tls *self)
{
	uint8_t byte;

	for (int i = 0; i < 20; i++) {
		int done = SSL_do_handshake(self->client);

		self->sock.transport->read(&self->sock, &byte, 1);
		if (done == 1 && self->sock.transport->ready(&self->sock))
			return true;
	}
	return false;
}

FIXTURE_SETUP(tls)
{
	int fds[2];

	ASSERT_EQ(0, tls_world_open(&self->world));
	tls_world_usual(&self->world, "server");
	self->server_ctx = SSL_CTX_new(TLS_server_method());
	self->client_ctx = SSL_CTX_new(TLS_client_method());
	ASSERT_EQ(1, SSL_CTX_use_certificate_file(self->server_ctx,
			tls_world_path(&self->world, "server.pem"),
			SSL_FILETYPE_PEM));
	ASSERT_EQ(1, SSL_CTX_use_PrivateKey_file(self->server_ctx,
			tls_world_path(&self->world, "server.key"),
			SSL_FILETYPE_PEM));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds));
	self->sock.fd = fds[0];
	self->fd = fds[1];
	self->client = SSL_new(self->client_ctx);
	SSL_set_fd(self->client, self->fd);
	SSL_set_connect_state(self->client);
	ASSERT_EQ(0, stream_tls_begin(&self->sock, SSL_new(self->server_ctx)));
	SSL_set_accept_state(self->sock.ssl);
	ASSERT_TRUE(shake_hands(self));
	for (unsigned int i = 0; i < MESSAGES; i++) {
		uint8_t *message = self->data + (size_t)i * MESSAGE_LEN;

		memset(message, (int)i, MESSAGE_LEN);
		self->messages[i] = (struct iovec){ message, MESSAGE_LEN };
	}
}

FIXTURE_TEARDOWN(tls)
{
	self->sock.transport->close(&self->sock);
	SSL_free(self->client);
	close(self->fd);
	SSL_CTX_free(self->server_ctx);
	SSL_CTX_free(self->client_ctx);
	tls_world_close(&self->world);
	ERR_clear_error();
}

static ssize_t write_messages(struct _test_data_tls *self, unsigned int from,
			      unsigned int count)
{
	return self->sock.transport->write(&self->sock, self->messages + from,
					   count);
}

/*
 * Have the client read until there is no more: @lens gets the length of each
 * read, of which there are as many as returned; what came has to be what the
 * messages from @from on are.
 */
static unsigned int read_all(struct __test_metadata *_metadata,
			     struct _test_data_tls *self, unsigned int from,
			     size_t *lens)
{
	const uint8_t *expected = self->data + (size_t)from * MESSAGE_LEN;
	uint8_t buf[RECORD_MAX];
	unsigned int reads = 0;
	size_t got;

	while (SSL_read_ex(self->client, buf, sizeof(buf), &got)) {
		EXPECT_EQ(0, memcmp(buf, expected, got));
		expected += got;
		lens[reads++] = got;
	}
	return reads;
}

TEST_F(tls, a_message_is_a_record_at_the_pace_of_speech)
{
	size_t lens[MESSAGES];

	for (int i = 0; i < 50; i++) {
		EXPECT_EQ(MESSAGE_LEN, write_messages(self, 0, 1));
		EXPECT_EQ(1, read_all(_metadata, self, 0, lens));
		EXPECT_EQ(MESSAGE_LEN, lens[0]);
	}
	/* Also when many had to wait for a moment. */
	EXPECT_EQ(30 * MESSAGE_LEN, write_messages(self, 0, 30));
	EXPECT_EQ(30, read_all(_metadata, self, 0, lens));
	EXPECT_EQ(2 * MESSAGE_LEN, write_messages(self, 0, 2));
	EXPECT_EQ(2, read_all(_metadata, self, 0, lens));
}

/* As if so much time went by. */
static void pass(struct _test_data_tls *self, uint64_t ms)
{
	self->sock.crowd -= ms < self->sock.crowd ? ms : self->sock.crowd;
}

/* A busy host has messages wait all the time, but does not make more of them. */
TEST_F(tls, a_message_is_a_record_also_where_they_always_wait)
{
	size_t lens[MESSAGES];

	for (int i = 0; i < 100; i++) {
		EXPECT_EQ(10 * MESSAGE_LEN, write_messages(self, 0, 10));
		EXPECT_EQ(10, read_all(_metadata, self, 0, lens));
		pass(self, 10 * 20);
	}
}

TEST_F(tls, where_many_come_they_share_records)
{
	size_t lens[MESSAGES];

	for (int i = 0; i < 10; i++) {
		EXPECT_EQ(20 * MESSAGE_LEN, write_messages(self, 3, 20));
		read_all(_metadata, self, 3, lens);
	}
	EXPECT_EQ(20 * MESSAGE_LEN, write_messages(self, 3, 20));
	EXPECT_EQ(2, read_all(_metadata, self, 3, lens));
	EXPECT_EQ(16 * MESSAGE_LEN, lens[0]);
	EXPECT_EQ(4 * MESSAGE_LEN, lens[1]);
	/* A single one goes as ever. */
	EXPECT_EQ(MESSAGE_LEN, write_messages(self, 0, 1));
	EXPECT_EQ(1, read_all(_metadata, self, 0, lens));
	/* Until they come more slowly again. */
	pass(self, 1000);
	EXPECT_EQ(3 * MESSAGE_LEN, write_messages(self, 0, 3));
	EXPECT_EQ(3, read_all(_metadata, self, 0, lens));
}

TEST_F(tls, long_messages_have_records_of_their_own)
{
	const struct iovec long_ones[] = {
		{ self->data, 9000 }, { self->data + 9000, 9000 },
		{ self->data + 18000, 500 }, { self->data + 18500, 20000 },
		{ self->data + 38500, 100 }, { self->data + 38600, 100 },
	};
	size_t lens[MESSAGES];

	for (int i = 0; i < 10; i++) {
		write_messages(self, 0, 20);
		read_all(_metadata, self, 0, lens);
	}
	EXPECT_EQ(38700, self->sock.transport->write(&self->sock, long_ones,
						     6));
	EXPECT_EQ(5, read_all(_metadata, self, 0, lens));
	EXPECT_EQ(9000, lens[0]);
	EXPECT_EQ(9500, lens[1]);
	EXPECT_EQ(RECORD_MAX, lens[2]);
	EXPECT_EQ(20000 - RECORD_MAX, lens[3]);
	EXPECT_EQ(200, lens[4]);
}

/* What is taken is taken whole, and comes out in order, whoever shares. */
TEST_F(tls, a_slow_client_gets_what_was_taken)
{
	size_t lens[4 * MESSAGES];
	int size = 4096;

	setsockopt(self->sock.fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	for (int i = 0; i < 20; i++) {
		ssize_t taken = write_messages(self, 0, MESSAGES);
		size_t got = 0;
		unsigned int reads;

		ASSERT_GT(taken, 0);
		EXPECT_EQ(0, taken % MESSAGE_LEN);
		EXPECT_NE(0, self->sock.unsent_len);
		EXPECT_EQ(-EAGAIN, write_messages(self, 0, MESSAGES));
		do {
			const uint8_t *rest = self->data + got;
			uint8_t buf[RECORD_MAX];
			size_t len;

			while (SSL_read_ex(self->client, buf, sizeof(buf),
					   &len)) {
				ASSERT_EQ(0, memcmp(buf, rest, len));
				rest += len;
				got += len;
			}
			self->sock.transport->write(&self->sock, NULL, 0);
		} while (got < (size_t)taken);
		EXPECT_EQ(0, self->sock.unsent_len);
		reads = read_all(_metadata, self, 0, lens);
		EXPECT_EQ(0, reads);
	}
}

TEST_F(tls, a_broken_connection_takes_nothing)
{
	shutdown(self->fd, SHUT_RDWR);
	EXPECT_EQ(-EPIPE, write_messages(self, 0, 20));
}

TEST_HARNESS_MAIN

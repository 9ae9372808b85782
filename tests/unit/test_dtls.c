// SPDX-License-Identifier: BSD-3-Clause
/*
 * DTLS clients in memory: a worker's associations on one side, OpenSSL's
 * client on the other, and a clock and a network that the test makes.
 */
#include <kselftest_harness.h>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <time.h>

#include "dtls_client.h"
#include "net/connections.h"
#include "net/dtls.h"
#include "net/dtls_hello.h"
#include "net/receive.h"
#include "tls_world.h"

#define CLIENTS 4

/* What the protocol core has seen of a client. */
struct seen {
	char text[256];
	unsigned int received;
	unsigned int gone;
	bool serves;
};

FIXTURE(dtls)
{
	struct tls_world world;
	struct dtls dtls;
	struct connections *connections;
	struct dtls_client *client[CLIENTS];
	struct seen seen[CLIENTS];
	size_t sent, longest;
	bool room;
	uint64_t now;
	uint8_t buf[RECEIVE_DATAGRAM_MAX];
};

typedef FIXTURE_DATA(dtls) world_t;

/* Clients differ in their ports. */
static struct turn_5tuple tuple_of(unsigned int i)
{
	struct turn_5tuple tuple = { .transport = TURN_DTLS };

	transport_addr_parse(&tuple.client, "192.0.2.2:40000");
	transport_addr_parse(&tuple.server, "192.0.2.1:5349");
	tuple.client.port = (uint16_t)(40000 + i);
	return tuple;
}

static unsigned int index_of(const struct turn_5tuple *tuple)
{
	return tuple->client.port - 40000u;
}

static void send_to_client(void *env, const struct turn_5tuple *tuple,
			   const uint8_t *buf, size_t len)
{
	unsigned int i = index_of(tuple);
	world_t *w = env;

	w->sent++;
	if (len > w->longest)
		w->longest = len;
	w->room = !connections_enter(w->connections, &tuple->client);
	if (w->room)
		connections_leave(w->connections, &tuple->client, false);
	if (i < CLIENTS)
		dtls_queue_put(&w->client[i]->in, buf, len);
}

/* Answers what it gets, as a server does, and writes into it. */
static void received(void *env, const struct turn_5tuple *tuple, uint8_t *buf,
		     size_t len, uint64_t now)
{
	world_t *w = env;
	struct seen *seen = &w->seen[index_of(tuple)];

	snprintf(seen->text, sizeof(seen->text), "%.*s", (int)len, buf);
	seen->received++;
	for (size_t i = 0; i < len; i++)
		buf[i] ^= 1;
	dtls_reply(&w->dtls, tuple, buf, len, now);
}

static bool serves(void *env, const struct turn_5tuple *tuple, uint64_t now)
{
	world_t *w = env;

	(void)now;
	return w->seen[index_of(tuple)].serves;
}

static void gone(void *env, const struct turn_5tuple *tuple)
{
	world_t *w = env;

	w->seen[index_of(tuple)].gone++;
}

static const struct dtls_ops ops = {
	.send = send_to_client,
	.received = received,
	.serves = serves,
	.gone = gone,
};

static struct tls_context *context_of(struct tls_world *world,
				      const char *name)
{
	char cert[64], pkey[64], why[TLS_WHY_LEN];
	struct tls_options options = { 0 };

	tls_world_usual(world, name);
	snprintf(cert, sizeof(cert), "%s.pem", name);
	snprintf(pkey, sizeof(pkey), "%s.key", name);
	options.cert = tls_world_path(world, cert);
	options.pkey = tls_world_path(world, pkey);
	return tls_context_new(&options, why);
}

static void use_certificate(world_t *w, const char *name)
{
	struct tls_context *tls = context_of(&w->world, name);

	dtls_set_context(&w->dtls, tls);
	tls_context_put(tls);
}

FIXTURE_SETUP(dtls)
{
	struct dtls_options options = {
		.allocate_timeout = 60000,
		.handshake_timeout = DTLS_HANDSHAKE_TIMEOUT,
		.retransmit = 1,
	};
	static const struct connection_limits limits = {
		.max = CLIENTS, .max_idle = CLIENTS - 1, .handshakes = 2,
	};

	memset(self, 0, sizeof(*self));
	self->now = 1000000;
	self->connections = connections_new(&limits);
	options.connections = self->connections;
	ASSERT_EQ(0, tls_world_open(&self->world));
	ASSERT_EQ(0, dtls_init(&self->dtls, &ops, self, &options));
	use_certificate(self, "first");
	for (int i = 0; i < CLIENTS; i++)
		self->client[i] = dtls_client_new();
}

FIXTURE_TEARDOWN(dtls)
{
	dtls_free(&self->dtls);
	for (int i = 0; i < CLIENTS; i++)
		dtls_client_free(self->client[i]);
	connections_free(self->connections);
	tls_world_close(&self->world);
	ERR_clear_error();
}

/* --- the network ----------------------------------------------------------- */

static void to_server(world_t *w, unsigned int i, const void *buf, size_t len)
{
	struct turn_5tuple tuple = tuple_of(i);

	memcpy(w->buf, buf, len);
	dtls_receive(&w->dtls, &tuple, w->buf, len, sizeof(w->buf), w->now);
}

/* Carry what the client has sent. Return: how many datagrams. */
static unsigned int carry(world_t *w, unsigned int i)
{
	struct dtls_datagram *d;
	unsigned int n = 0;

	for (; (d = dtls_queue_get(&w->client[i]->out)); n++)
		to_server(w, i, d->buf, d->len);
	return n;
}

static void step(world_t *w, unsigned int i)
{
	SSL_do_handshake(w->client[i]->ssl);
	carry(w, i);
}

static bool connected(world_t *w, unsigned int i)
{
	for (int n = 0; n < 6; n++)
		step(w, i);
	return SSL_do_handshake(w->client[i]->ssl) == 1;
}

/* Does a message come there, and its answer back? */
static bool echoes(world_t *w, unsigned int i, const char *text)
{
	char answer[64] = "";

	dtls_queue_lose(&w->client[i]->in);
	SSL_write(w->client[i]->ssl, text, (int)strlen(text));
	carry(w, i);
	SSL_read(w->client[i]->ssl, answer, sizeof(answer) - 1);
	for (char *p = answer; *p; p++)
		*p ^= 1;
	return strcmp(w->seen[i].text, text) == 0 && strcmp(answer, text) == 0;
}

/* The client forgets everything and begins anew from the same port. */
static void restart(world_t *w, unsigned int i)
{
	dtls_client_free(w->client[i]);
	w->client[i] = dtls_client_new();
}

/* Sleep as long as the servers's timers want, and let them fire. */
static void wait_and_tick(world_t *w)
{
	struct timespec ts = { .tv_nsec = 2000000 };

	nanosleep(&ts, NULL);
	w->now += 100;
	dtls_tick(&w->dtls, w->now);
}

/* --- tests ----------------------------------------------------------------- */

TEST_F(dtls, rfc6347_handshake_and_data)
{
	ASSERT_TRUE(connected(self, 0));
	EXPECT_EQ(DTLS1_2_VERSION, SSL_version(self->client[0]->ssl));
	EXPECT_TRUE(echoes(self, 0, "hello"));
	EXPECT_TRUE(echoes(self, 0, "again"));
	EXPECT_EQ(1, self->dtls.stats.open);
	EXPECT_EQ(1, self->dtls.stats.accepted);
	EXPECT_EQ(1, self->dtls.stats.verified);
	EXPECT_EQ(0, self->seen[0].gone);
}

TEST_F(dtls, rfc6347_4_2_1_no_state_before_the_cookie)
{
	struct dtls_datagram *d;
	size_t hello;

	SSL_do_handshake(self->client[0]->ssl);
	d = dtls_queue_get(&self->client[0]->out);
	ASSERT_NE(NULL, d);
	hello = d->len;
	for (unsigned int i = 0; i < 20000; i++)
		to_server(self, CLIENTS + i, d->buf, hello);
	EXPECT_EQ(20000, self->sent);
	EXPECT_EQ(20000, self->dtls.stats.verified);
	EXPECT_LE(self->longest, hello);
	EXPECT_EQ(0, self->dtls.stats.open);
	EXPECT_EQ(0, self->dtls.by_tuple.count);
	EXPECT_EQ(0, self->dtls.timers.added);
}

/* The client's hello with its cookie, not yet delivered. */
static struct dtls_datagram *second_hello(world_t *w, unsigned int i)
{
	step(w, i);
	SSL_do_handshake(w->client[i]->ssl);
	return dtls_queue_get(&w->client[i]->out);
}

TEST_F(dtls, rfc6347_4_2_1_cookie_is_of_one_client)
{
	struct dtls_datagram *d = second_hello(self, 0);
	struct dtls_hello hello;

	ASSERT_NE(NULL, d);
	ASSERT_TRUE(dtls_hello_parse(&hello, d->buf, d->len));
	EXPECT_EQ(DTLS_COOKIE_LEN, hello.cookie_len);
	to_server(self, 1, d->buf, d->len);
	EXPECT_EQ(0, self->dtls.stats.open);
	d->buf[hello.cookie - d->buf] ^= 1;
	to_server(self, 0, d->buf, d->len);
	EXPECT_EQ(0, self->dtls.stats.open);
	d->buf[hello.cookie - d->buf] ^= 1;
	d->buf[hello.random - d->buf] ^= 1;
	to_server(self, 0, d->buf, d->len);
	EXPECT_EQ(0, self->dtls.stats.open);
	d->buf[hello.random - d->buf] ^= 1;
	self->now += 180000;
	to_server(self, 0, d->buf, d->len);
	EXPECT_EQ(0, self->dtls.stats.open);
	self->now -= 180000;
	to_server(self, 0, d->buf, d->len);
	EXPECT_EQ(1, self->dtls.stats.open);
}

TEST_F(dtls, mutilated_hellos)
{
	struct dtls_datagram *d = second_hello(self, 0), copy;
	struct dtls_hello hello;

	ASSERT_NE(NULL, d);
	copy = *d;
	for (size_t len = 0; len < copy.len; len++) {
		uint8_t *exact = malloc(len ?: 1);

		/* At its end begins memory that must not be read. */
		memcpy(exact, copy.buf, len);
		dtls_hello_parse(&hello, exact, len);
		if (len)
			dtls_is_handshake(exact, len);
		free(exact);
		to_server(self, 0, copy.buf, len);
	}
	for (size_t bit = 0; bit < 8 * copy.len; bit++) {
		struct dtls_datagram flipped = copy;

		flipped.buf[bit / 8] ^= (uint8_t)(1 << bit % 8);
		to_server(self, 1, flipped.buf, flipped.len);
		dtls_queue_lose(&self->client[1]->in);
	}
	EXPECT_EQ(0, self->dtls.stats.open);
}

TEST_F(dtls, rfc6347_4_2_4_lost_flights_are_sent_again)
{
	int n;

	step(self, 0);
	step(self, 0);
	EXPECT_EQ(1, self->dtls.stats.open);
	for (n = 0; n < 3; n++) {
		EXPECT_NE(0, self->client[0]->in.used);
		dtls_queue_lose(&self->client[0]->in);
		for (int i = 0; i < 100 && !self->client[0]->in.used; i++)
			wait_and_tick(self);
	}
	EXPECT_TRUE(connected(self, 0));
	EXPECT_TRUE(echoes(self, 0, "hello"));
}

TEST_F(dtls, rfc6347_4_2_4_last_flight_lost)
{
	struct timespec second = { .tv_sec = 1, .tv_nsec = 10000000 };

	step(self, 0);
	step(self, 0);
	step(self, 0);
	/* The server is done, and the client does not hear of it. */
	dtls_queue_lose(&self->client[0]->in);
	EXPECT_NE(1, SSL_do_handshake(self->client[0]->ssl));
	nanosleep(&second, NULL);
	DTLSv1_handle_timeout(self->client[0]->ssl);
	EXPECT_LT(0, carry(self, 0));
	EXPECT_TRUE(connected(self, 0));
	EXPECT_TRUE(echoes(self, 0, "hello"));
}

TEST_F(dtls, handshakes_do_not_take_forever)
{
	step(self, 0);
	step(self, 0);
	EXPECT_EQ(1, self->dtls.stats.open);
	self->now += DTLS_HANDSHAKE_TIMEOUT;
	dtls_tick(&self->dtls, self->now);
	EXPECT_EQ(0, self->dtls.stats.open);
	EXPECT_EQ(1, self->dtls.stats.ended[DTLS_END_HANDSHAKE]);
	EXPECT_EQ(0, self->seen[0].gone);
}

TEST_F(dtls, repeated_hellos_change_nothing)
{
	struct dtls_datagram *d = second_hello(self, 0), copy;
	uint64_t sent;

	ASSERT_NE(NULL, d);
	copy = *d;
	to_server(self, 0, copy.buf, copy.len);
	sent = self->sent;
	to_server(self, 0, copy.buf, copy.len);
	EXPECT_EQ(sent, self->sent);
	ASSERT_TRUE(connected(self, 0));
	sent = self->sent;
	to_server(self, 0, copy.buf, copy.len);
	EXPECT_EQ(sent, self->sent);
	EXPECT_TRUE(echoes(self, 0, "hello"));
	EXPECT_EQ(1, self->dtls.stats.accepted);
}

TEST_F(dtls, rfc6347_4_2_8_client_begins_anew)
{
	ASSERT_TRUE(connected(self, 0));
	ASSERT_TRUE(echoes(self, 0, "one"));
	restart(self, 0);
	ASSERT_TRUE(connected(self, 0));
	EXPECT_EQ(1, self->seen[0].gone);
	EXPECT_TRUE(echoes(self, 0, "two"));
	EXPECT_EQ(1, self->dtls.stats.open);
}

TEST_F(dtls, rfc6347_4_2_8_a_hello_alone_ends_nothing)
{
	struct dtls_client *first;

	ASSERT_TRUE(connected(self, 0));
	first = self->client[0];
	/* Somebody who can even read what is sent to the client. */
	self->client[0] = dtls_client_new();
	step(self, 0);
	step(self, 0);
	dtls_client_free(self->client[0]);
	self->client[0] = first;
	dtls_queue_lose(&first->in);
	EXPECT_TRUE(echoes(self, 0, "still here"));
	self->now += DTLS_HANDSHAKE_TIMEOUT;
	dtls_tick(&self->dtls, self->now);
	EXPECT_TRUE(echoes(self, 0, "and here"));
	EXPECT_EQ(0, self->seen[0].gone);
	EXPECT_EQ(1, self->dtls.stats.open);
}

TEST_F(dtls, client_closes)
{
	ASSERT_TRUE(connected(self, 0));
	SSL_shutdown(self->client[0]->ssl);
	carry(self, 0);
	EXPECT_EQ(1, self->seen[0].gone);
	EXPECT_EQ(0, self->dtls.stats.open);
	EXPECT_EQ(1, self->dtls.stats.ended[DTLS_END_CLIENT]);
	EXPECT_EQ(1, SSL_shutdown(self->client[0]->ssl));
}

TEST_F(dtls, server_closes)
{
	char byte;

	ASSERT_TRUE(connected(self, 0));
	dtls_close_all(&self->dtls);
	EXPECT_EQ(0, self->dtls.stats.open);
	EXPECT_EQ(0, SSL_read(self->client[0]->ssl, &byte, 1));
	EXPECT_EQ(SSL_RECEIVED_SHUTDOWN,
		  SSL_get_shutdown(self->client[0]->ssl));
}

TEST_F(dtls, without_an_allocation_it_ends)
{
	ASSERT_TRUE(connected(self, 0));
	ASSERT_TRUE(connected(self, 1));
	self->seen[1].serves = true;
	ASSERT_TRUE(echoes(self, 1, "allocate"));
	self->now += 60000;
	dtls_tick(&self->dtls, self->now);
	EXPECT_EQ(1, self->seen[0].gone);
	EXPECT_EQ(1, self->dtls.stats.ended[DTLS_END_IDLE]);
	EXPECT_EQ(1, self->dtls.stats.open);
	self->now += 3600000;
	dtls_tick(&self->dtls, self->now);
	EXPECT_EQ(1, self->dtls.stats.open);
	self->seen[1].serves = false;
	for (int i = 0; i < 2; i++) {
		self->now += 60000;
		dtls_tick(&self->dtls, self->now);
	}
	EXPECT_EQ(0, self->dtls.stats.open);
}

TEST_F(dtls, as_many_as_there_may_be)
{
	for (unsigned int i = 0; i < CLIENTS - 1; i++)
		ASSERT_TRUE(connected(self, i));
	EXPECT_FALSE(connected(self, CLIENTS - 1));
	EXPECT_LT(0, self->dtls.stats.ended[DTLS_END_SOURCE]);
	/* Who has an allocation is no attacker. */
	self->seen[0].serves = true;
	ASSERT_TRUE(echoes(self, 0, "allocate"));
	restart(self, CLIENTS - 1);
	EXPECT_TRUE(connected(self, CLIENTS - 1));
	EXPECT_EQ(CLIENTS, self->dtls.stats.open);
}

/* A client that has its answer may be there again before anything else is. */
TEST_F(dtls, counted_before_the_answer_leaves)
{
	for (unsigned int i = 0; i < CLIENTS - 1; i++)
		ASSERT_TRUE(connected(self, i));
	ASSERT_TRUE(echoes(self, 0, "binding"));
	EXPECT_FALSE(self->room);
	self->seen[0].serves = true;
	ASSERT_TRUE(echoes(self, 0, "allocate"));
	EXPECT_TRUE(self->room);
}

/* Also of one that has a session: it goes on with that. */
TEST_F(dtls, handshakes_of_a_source)
{
	unsigned int made = 0;

	ASSERT_TRUE(connected(self, 0));
	self->seen[0].serves = true;
	ASSERT_TRUE(echoes(self, 0, "allocate"));
	while (made < 100 && !self->dtls.stats.ended[DTLS_END_RATE]) {
		restart(self, 1);
		if (connected(self, 1))
			made++;
	}
	EXPECT_GE(made, 7);
	EXPECT_LE(made, 9);
	EXPECT_TRUE(echoes(self, 0, "still here"));
	EXPECT_EQ(2, self->dtls.stats.open);
	self->now += 1000;
	restart(self, 1);
	EXPECT_TRUE(connected(self, 1));
}

TEST_F(dtls, new_certificate_for_new_clients)
{
	X509 *first, *second;

	ASSERT_TRUE(connected(self, 0));
	use_certificate(self, "second");
	EXPECT_TRUE(echoes(self, 0, "with the first"));
	ASSERT_TRUE(connected(self, 1));
	first = SSL_get0_peer_certificate(self->client[0]->ssl);
	second = SSL_get0_peer_certificate(self->client[1]->ssl);
	EXPECT_NE(0, X509_cmp(first, second));
	EXPECT_TRUE(echoes(self, 0, "still"));
}

TEST_F(dtls, several_records_in_a_datagram)
{
	uint8_t both[512];
	size_t len = 0;
	struct dtls_datagram *d;

	ASSERT_TRUE(connected(self, 0));
	SSL_write(self->client[0]->ssl, "one", 3);
	SSL_write(self->client[0]->ssl, "two!", 4);
	while ((d = dtls_queue_get(&self->client[0]->out))) {
		memcpy(both + len, d->buf, d->len);
		len += d->len;
	}
	to_server(self, 0, both, len);
	EXPECT_EQ(2, self->seen[0].received);
	EXPECT_STREQ("two!", self->seen[0].text);
}

TEST_F(dtls, forged_and_replayed_records_are_passed_over)
{
	struct dtls_datagram *d;

	ASSERT_TRUE(connected(self, 0));
	SSL_write(self->client[0]->ssl, "once", 4);
	d = dtls_queue_get(&self->client[0]->out);
	ASSERT_NE(NULL, d);
	d->buf[d->len - 1] ^= 1;
	to_server(self, 0, d->buf, d->len);
	EXPECT_EQ(0, self->seen[0].received);
	d->buf[d->len - 1] ^= 1;
	to_server(self, 0, d->buf, d->len);
	to_server(self, 0, d->buf, d->len);
	EXPECT_EQ(1, self->seen[0].received);
	EXPECT_TRUE(echoes(self, 0, "next"));
}

TEST_F(dtls, strays)
{
	static const uint8_t data[] = "\x17\xfe\xfd\0\1\0\0\0\0\0\1\0\4abcd";

	to_server(self, 0, data, sizeof(data) - 1);
	to_server(self, 0, "\x16", 1);
	EXPECT_EQ(2, self->dtls.stats.strays);
	EXPECT_EQ(0, self->sent);
}

TEST_F(dtls, largest_record)
{
	static uint8_t big[DTLS_CLIENT_DATAGRAM];
	struct turn_5tuple tuple = tuple_of(0);

	ASSERT_TRUE(connected(self, 0));
	dtls_send(&self->dtls, &tuple, big, 16384);
	EXPECT_EQ(16384, SSL_read(self->client[0]->ssl, big, sizeof(big)));
	dtls_send(&self->dtls, &tuple, big, 16385);
	EXPECT_EQ(1, self->dtls.stats.too_big);
	EXPECT_TRUE(echoes(self, 0, "goes on"));
}

TEST_F(dtls, handshake_fits_small_paths)
{
	ASSERT_TRUE(connected(self, 0));
	EXPECT_LE(self->longest, 1200);
}

TEST_HARNESS_MAIN

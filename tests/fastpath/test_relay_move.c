// SPDX-License-Identifier: BSD-3-Clause
/*
 * A client that moves to another 5-tuple (RFC 8016 section 3.2.2): its channels
 * go on, and no datagram is lost.
 */
#include "relay_fixture.h"

#include <poll.h>
#include <time.h>

#include "flood.h"

#define MOVES 100

static struct fastpath_error err;

/* Where the lab's client may go: other ports, and the other address family. */
static struct transport_addr endpoint(int family, bool server, uint16_t port)
{
	static const char *const ip[2][2] = {
		{ "192.0.2.1", "2001:db8:1::1" },
		{ "192.0.2.2", "2001:db8:1::2" },
	};
	struct transport_addr a;

	if (transport_addr_parse(&a, ip[server][family == AF_INET6]))
		printf("# no address\n");
	a.port = port;
	return a;
}

static int move(struct relay *r, struct transport_addr client,
		struct transport_addr server)
{
	struct fastpath_allocation a = {
		.id = r->allocation.id, .client = client, .server = server,
	};
	int ret = fastpath_allocation_set(r->fastpath, &a, &err);

	if (ret) {
		printf("# %s\n", err.text);
		return ret;
	}
	r->allocation.client = client;
	r->allocation.server = server;
	return 0;
}

/* To another port of the client's, as after a change of its NAT's binding. */
static int move_to_port(struct relay *r, uint16_t port)
{
	return move(r, endpoint(r->family, false, port), r->allocation.server);
}

static int move_to_family(struct relay *r, int family)
{
	return move(r, endpoint(family, false, RELAY_CLIENT_PORT + 1),
		    endpoint(family, true, RELAY_SERVER_PORT));
}

static int other_family(int family)
{
	return family == AF_INET ? AF_INET6 : AF_INET;
}

/* ChannelData that the client sends from where it was. */
static struct udp_packet message_from(struct relay *r,
				      struct transport_addr client,
				      struct transport_addr server,
				      uint8_t *buf)
{
	struct udp_packet in = relay_message(r, TO_PEER, buf, 100);

	in.src = client;
	in.dst = server;
	return in;
}

TEST_F(path, goes_on_from_another_port)
{
	struct relay *r = &self->r;

	EXPECT_TRUE(relay_forwards_bytes(r, variant->dir, 100));
	ASSERT_EQ(0, move_to_port(r, RELAY_CLIENT_PORT + 1));
	EXPECT_TRUE(relay_forwards_bytes(r, variant->dir, 101));
	EXPECT_TRUE(relay_forwards_bytes(r, !variant->dir, 33));
	EXPECT_TRUE(relay_settled(r));
}

TEST_F(path, goes_on_at_another_server_port)
{
	struct relay *r = &self->r;

	ASSERT_EQ(0, move(r, endpoint(r->family, false, 7),
			  endpoint(r->family, true, RELAY_SERVER_PORT + 1)));
	EXPECT_TRUE(relay_forwards_bytes(r, variant->dir, 100));
	EXPECT_TRUE(relay_forwards_bytes(r, !variant->dir, 101));
	EXPECT_TRUE(relay_settled(r));
}

TEST_F(path, goes_on_over_the_other_address_family_and_back)
{
	struct relay *r = &self->r;
	int i, family = variant->family;
	size_t len;

	for (i = 0; i < 4; i++) {
		EXPECT_TRUE(relay_forwards_bytes(r, variant->dir, 100));
		family = other_family(family);
		ASSERT_EQ(0, move_to_family(r, family));
		for (len = 0; len <= 1200; len = len < 8 ? len + 1 : len * 2)
			EXPECT_TRUE(relay_forwards_bytes(r, variant->dir, len))
				TH_LOG("move %d, %zu bytes", i, len);
	}
	EXPECT_TRUE(relay_settled(r));
}

/* "The TURN server MUST continue receiving and processing data on the old" */
TEST_F(relay, what_comes_from_the_former_address_is_forwarded)
{
	struct relay *r = &self->r;
	struct transport_addr client = r->allocation.client;
	struct transport_addr server = r->allocation.server;
	uint8_t buf[200];
	struct udp_packet in;
	int i;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, i ? move_to_family(r, other_family(r->family)) :
				 move_to_port(r, RELAY_CLIENT_PORT + 1));
		in = message_from(r, client, server, buf);
		EXPECT_TRUE(relay_forwards(r, TO_PEER, &in));
		EXPECT_TRUE(relay_forwards_bytes(r, TO_CLIENT, 50));
		EXPECT_TRUE(relay_forwards(r, TO_PEER, &in));
		client = r->allocation.client;
		server = r->allocation.server;
	}
	EXPECT_TRUE(relay_settled(r));
}

/* Which of the two sockets has got something? -1 for none. */
static int wait_for_either(int first, int second)
{
	struct pollfd p[2] = {
		{ .fd = first, .events = POLLIN },
		{ .fd = second, .events = POLLIN },
	};

	if (poll(p, 2, PACKET_TIMEOUT_MS) <= 0)
		return -1;
	return p[0].revents ? 0 : 1;
}

/* "...until it receives [...] ChannelData [...] on the new 5-tuple" */
TEST_F(relay, once_heard_on_the_new_the_former_address_is_anybodys)
{
	struct relay *r = &self->r;
	struct transport_addr client = r->allocation.client;
	uint8_t buf[200];
	struct udp_packet in;
	static struct frame f;
	time_t end = time(NULL) + 10;
	int where;

	ASSERT_EQ(0, move_to_port(r, RELAY_CLIENT_PORT + 1));
	in = message_from(r, client, r->allocation.server, buf);
	EXPECT_TRUE(relay_forwards_bytes(r, TO_PEER, 100));
	do {
		ASSERT_EQ(0, wire_send_udp(&r->client, &in));
		where = wait_for_either(r->peer.fd, r->server_fd);
		if (where == 0) {
			ASSERT_EQ(0, wire_receive(&r->peer, &f, 0));
			r->want.to_peer.packets++;
			r->want.to_peer.bytes += 100;
		}
	} while (where == 0 && time(NULL) < end);
	ASSERT_EQ(1, where);
	EXPECT_TRUE(relay_expect_passed(r, TO_PEER, &in, 0));
	EXPECT_TRUE(relay_forwards_bytes(r, TO_PEER, 100));
	EXPECT_TRUE(relay_settled(r));
}

TEST_F(relay, the_same_5_tuple_again_forgets_the_former)
{
	struct relay *r = &self->r;
	struct transport_addr client = r->allocation.client;
	uint8_t buf[200];
	struct udp_packet in;

	ASSERT_EQ(0, move_to_port(r, RELAY_CLIENT_PORT + 1));
	ASSERT_EQ(0, move_to_port(r, RELAY_CLIENT_PORT + 1));
	in = message_from(r, client, r->allocation.server, buf);
	EXPECT_TRUE(relay_passes(r, TO_PEER, &in, 0));
	EXPECT_TRUE(relay_forwards_bytes(r, TO_PEER, 100));
	EXPECT_TRUE(relay_forwards_bytes(r, TO_CLIENT, 100));
	EXPECT_TRUE(relay_settled(r));
}

/* The NAT's old binding may be another client's by now. */
TEST_F(relay, the_former_5_tuple_is_free_for_another_allocation)
{
	struct relay *r = &self->r;
	struct fastpath_allocation other = r->allocation;
	struct fastpath_channel c = {
		.number = RELAY_CHANNEL,
		.peer = r->peer_addr,
		.timeout_ms = RELAY_TIMEOUT_MS,
	};

	(r->family == AF_INET ? &other.relayed_ipv4 :
				&other.relayed_ipv6)->port++;
	ASSERT_EQ(0, move_to_port(r, RELAY_CLIENT_PORT + 1));
	ASSERT_EQ(0, fastpath_allocation_new(r->fastpath, &other, &err));
	c.allocation_id = other.id;
	ASSERT_EQ(0, fastpath_bind(r->fastpath, &c, RELAY_TIMEOUT_MS, &err));
	EXPECT_TRUE(relay_forwards_bytes(r, TO_PEER, 100));
	EXPECT_TRUE(relay_forwards_bytes(r, TO_CLIENT, 100));

	/* Nor does anybody's former one stand in the way of a move. */
	ASSERT_EQ(0, move_to_port(r, RELAY_CLIENT_PORT + 2));
	other.client.port = RELAY_CLIENT_PORT + 1;
	other.timeout_ms = 0;
	ASSERT_EQ(0, fastpath_allocation_set(r->fastpath, &other, &err));
	EXPECT_TRUE(relay_forwards_bytes(r, TO_PEER, 100));
	EXPECT_TRUE(relay_settled(r));
}

/* A refused move changes nothing. */
TEST_F(relay, the_5_tuple_of_another_allocation_is_taken)
{
	struct relay *r = &self->r;
	struct fastpath_allocation other = r->allocation;

	other.client.port++;
	(r->family == AF_INET ? &other.relayed_ipv4 :
				&other.relayed_ipv6)->port++;
	ASSERT_EQ(0, fastpath_allocation_new(r->fastpath, &other, &err));
	EXPECT_EQ(-EEXIST, move_to_port(r, RELAY_CLIENT_PORT + 1));
	EXPECT_TRUE(relay_forwards_bytes(r, TO_PEER, 100));
	EXPECT_TRUE(relay_forwards_bytes(r, TO_CLIENT, 100));
	EXPECT_TRUE(relay_settled(r));
}

static int keep(const struct fastpath_channel *channel, void *arg)
{
	if (channel)
		*(struct fastpath_channel *)arg = *channel;
	return 0;
}

/* Counters, deadlines and what is listed are the allocation's, as before. */
TEST_F(relay, what_is_listed_goes_on_too)
{
	struct relay *r = &self->r;
	struct transport_addr client = r->allocation.client;
	struct fastpath_allocation a;
	struct fastpath_channel c;
	uint8_t buf[200];
	struct udp_packet in;
	int i;

	EXPECT_TRUE(relay_forwards_bytes(r, TO_PEER, 10));
	EXPECT_TRUE(relay_forwards_bytes(r, TO_CLIENT, 20));
	ASSERT_EQ(0, move_to_port(r, RELAY_CLIENT_PORT + 1));
	in = message_from(r, client, r->allocation.server, buf);
	EXPECT_TRUE(relay_forwards(r, TO_PEER, &in));
	EXPECT_TRUE(relay_forwards_bytes(r, TO_CLIENT, 20));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, fastpath_allocation_get(r->fastpath,
						     r->allocation.id, &a,
						     &err));
		EXPECT_TRUE(transport_addr_equal(&r->allocation.client,
						 &a.client));
		EXPECT_EQ(1, a.channels);
		EXPECT_EQ(2, a.to_peer.packets);
		EXPECT_EQ(110, a.to_peer.bytes);
		EXPECT_EQ(2, a.to_client.packets);
		EXPECT_EQ(40, a.to_client.bytes);
		ASSERT_EQ(0, fastpath_channel_dump(r->fastpath,
						   r->allocation.id, keep, &c,
						   &err));
		EXPECT_EQ(110, c.to_peer.bytes);
		EXPECT_EQ(40, c.to_client.bytes);
		EXPECT_LT(RELAY_TIMEOUT_MS / 2, c.timeout_ms);
		/* The second time without a former 5-tuple. */
		ASSERT_EQ(0, move_to_port(r, RELAY_CLIENT_PORT + 1));
	}
	EXPECT_TRUE(relay_settled(r));
}

/* What ends a channel, or its permission, ends it at the former address too. */
TEST_F(relay, nothing_outlives_its_channel_at_the_former_address)
{
	struct relay *r = &self->r;
	struct transport_addr client = r->allocation.client;
	struct fastpath_permission permission = {
		.allocation_id = r->allocation.id, .peer = r->peer_addr,
	};
	uint8_t buf[200];
	struct udp_packet in;

	ASSERT_EQ(0, move_to_port(r, RELAY_CLIENT_PORT + 1));
	in = message_from(r, client, r->allocation.server, buf);
	ASSERT_EQ(0, fastpath_permission_del(r->fastpath, &permission, &err));
	EXPECT_TRUE(relay_drops(r, TO_PEER, &in, KTURN_A_DROPPED_NO_PERMISSION));
	EXPECT_TRUE(relay_settled(r));
	ASSERT_EQ(0, relay_permit(r, RELAY_TIMEOUT_MS));
	EXPECT_TRUE(relay_forwards(r, TO_PEER, &in));
	ASSERT_EQ(0, fastpath_channel_del(r->fastpath, r->allocation.id,
					  RELAY_CHANNEL, &err));
	/* Its client is moving, so the server is to say what is bound. */
	EXPECT_TRUE(relay_passes(r, TO_PEER, &in, KTURN_A_PASSED_NO_CHANNEL));
	ASSERT_EQ(0, fastpath_allocation_del(r->fastpath, r->allocation.id,
					     &err));
	EXPECT_TRUE(relay_passes(r, TO_PEER, &in, 0));
	EXPECT_TRUE(relay_settled(r));
}

static uint64_t dropped(const struct fastpath_stats *stats)
{
	uint64_t total = 0;
	int i;

	for (i = 0; i <= KTURN_A_DROPPED_MAX; i++)
		total += stats->dropped[i];
	return total;
}

/*
 * Moves under a flood, to and fro between ports and families: none is lost. Of
 * what the client sends, some may come just as it is not at that address any
 * more, and goes to the server; of what the peer sends, nothing does.
 */
TEST_F_TIMEOUT(path, no_datagram_is_lost_under_traffic, 120)
{
	struct relay *r = &self->r;
	bool to_peer = variant->dir == TO_PEER;
	struct transport_addr client = r->allocation.client;
	struct transport_addr server = r->allocation.server;
	uint8_t buf[200];
	struct udp_packet in = relay_message(r, variant->dir, buf, 100);
	static struct flood flood;
	int fds[2] = { to_peer ? r->peer.fd : r->client.fd,
		       to_peer ? r->server_fd : r->relayed_fd };
	uint64_t seen[2] = { 0 }, sent;
	struct fastpath_stats stats = { 0 };
	time_t end;
	int i;

	ASSERT_EQ(0, flood_start(&flood, to_peer ? &r->client : &r->peer, &in,
				 1));
	for (i = 0; i < MOVES; i++) {
		ASSERT_TRUE(flood_wait(&flood, 10, fds, seen, 2));
		ASSERT_EQ(0, i & 1 ? move(r, client, server) :
			     i & 2 ? move_to_port(r, 1000 + i) :
				     move_to_family(r, other_family(r->family)));
	}
	sent = flood_stop(&flood);
	for (end = time(NULL) + 10; time(NULL) < end; poll(NULL, 0, 1)) {
		for (i = 0; i < 2; i++)
			seen[i] += flood_drain(fds[i]);
		if (seen[0] + seen[1] == sent)
			break;
	}
	stats = relay_stats(r);
	EXPECT_EQ(sent, seen[0] + seen[1])
		relay_print_stats(r);
	EXPECT_EQ(seen[0], stats.to_peer.packets + stats.to_client.packets);
	EXPECT_EQ(0, dropped(&stats));
	EXPECT_LT(0, seen[0]);
	EXPECT_TRUE(to_peer || !seen[1]);
	EXPECT_TRUE(relay_forwards_bytes(r, variant->dir, 100));
}

TEST_HARNESS_MAIN

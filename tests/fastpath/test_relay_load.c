// SPDX-License-Identifier: BSD-3-Clause
/*
 * Many flows, two processors, and changes under traffic: every packet that was
 * sent is accounted for in the end.
 */
#include "relay_fixture.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "flood.h"

#define ALLOCATIONS 1000
#define PEERS 10	/* of each allocation: 10,000 channels in all */
#define HITS 2000

static struct fastpath_error err;

static struct transport_addr with_port(struct transport_addr a, int more)
{
	a.port += more;
	return a;
}

/* Allocations differ in their ports, peers in the last byte of the address. */
static struct transport_addr peer_number(const struct relay *r, int i)
{
	struct transport_addr a = r->peer_addr;

	a.ip[r->family == AF_INET ? 3 : 15] = 10 + i;
	return a;
}

static uint16_t channel_number(int allocation, int peer)
{
	return 0x4000 + (allocation * 7 + peer * 3) % 0x1000;
}

static int install_allocations(struct relay *r, uint32_t *ids)
{
	static struct fastpath_request requests[ALLOCATIONS];
	int i, ret;

	memset(requests, 0, sizeof(requests));
	for (i = 0; i < ALLOCATIONS; i++) {
		struct fastpath_allocation *a = &requests[i].allocation;

		requests[i].cmd = KTURN_CMD_ALLOCATION_NEW;
		*a = r->allocation;
		a->client.port += i;
		if (r->family == AF_INET)
			a->relayed_ipv4.port += i;
		else
			a->relayed_ipv6.port += i;
		a->timeout_ms = RELAY_TIMEOUT_MS;
	}
	ret = fastpath_submit(r->fastpath, requests, ALLOCATIONS, &err);
	if (ret)
		printf("# %s\n", err.text);
	for (i = 0; i < ALLOCATIONS; i++)
		ids[i] = requests[i].allocation.id;
	return ret;
}

static int install_channels(struct relay *r, const uint32_t *ids)
{
	static struct fastpath_request requests[2 * ALLOCATIONS * PEERS];
	struct fastpath_request *q = requests;
	int i, j, ret;

	memset(requests, 0, sizeof(requests));
	for (i = 0; i < ALLOCATIONS; i++)
		for (j = 0; j < PEERS; j++) {
			q->cmd = KTURN_CMD_PERMISSION_NEW;
			q->permission.allocation_id = ids[i];
			q->permission.peer = peer_number(r, j);
			q->permission.timeout_ms = RELAY_TIMEOUT_MS;
			q++;
			q->cmd = KTURN_CMD_CHANNEL_NEW;
			q->channel.allocation_id = ids[i];
			q->channel.number = channel_number(i, j);
			q->channel.peer = peer_number(r, j);
			q->channel.timeout_ms = RELAY_TIMEOUT_MS;
			q++;
		}
	ret = fastpath_submit(r->fastpath, requests, q - requests, &err);
	if (ret)
		printf("# %s\n", err.text);
	return ret;
}

static int make_room(struct relay *r)
{
	struct fastpath_net net = {
		.max_allocations = 2 * ALLOCATIONS,
		.max_permissions = 2 * ALLOCATIONS * PEERS,
		.max_channels = 2 * ALLOCATIONS * PEERS,
	};
	int i, ret = 0;

	for (i = 0; i < PEERS && !ret; i++)
		ret = netns_run(&r->ns, NETNS_RELAY,
				r->family == AF_INET ?
				"ip neigh add 198.51.100.%d lladdr"
				" 02:00:00:00:00:e1 dev rp" :
				"ip neigh add 2001:db8:2::%x lladdr"
				" 02:00:00:00:00:e1 dev rp", 10 + i);
	if (ret)
		return -EIO;
	return fastpath_net_set(r->fastpath, FASTPATH_NET_MAX_ALLOCATIONS |
				FASTPATH_NET_MAX_PERMISSIONS |
				FASTPATH_NET_MAX_CHANNELS, &net, &err);
}

/* One datagram of one of the flows, from wire to wire. */
static bool hit(struct relay *r, enum direction dir, int allocation, int peer)
{
	uint8_t data[64], message[sizeof(data) + 4];
	size_t len = rand() % sizeof(data), message_len;
	uint16_t number = channel_number(allocation, peer);
	struct udp_packet in, out;
	static struct frame f;

	relay_fill(data, len);
	message_len = relay_channel_data(message, number, data, len, 0);
	in = relay_datagram(r, dir, message, message_len);
	out = relay_datagram(r, !dir, data, len);
	if (dir == TO_PEER) {
		in.src.port += allocation;
		out.src = with_port(out.dst, allocation);
		out.dst = peer_number(r, peer);
	} else {
		in.data = data;
		in.len = len;
		in.dst.port += allocation;
		in.src = peer_number(r, peer);
		out.data = message;
		out.len = message_len;
		out.src = out.dst;
		out.dst = with_port(r->allocation.client, allocation);
	}
	out.hops--;
	if (wire_send_udp(wire_in(r, dir), &in) ||
	    wire_receive(wire_out(r, dir), &f, PACKET_TIMEOUT_MS))
		return false;
	return frame_is_udp(&f, wire_out(r, dir), &out);
}

TEST_F_TIMEOUT(path, ten_thousand_channels, 120)
{
	static uint32_t ids[ALLOCATIONS];
	struct fastpath_stats stats = { 0 };
	int i;

	srand(1);
	ASSERT_EQ(0, fastpath_flush(self->r.fastpath, &err));
	ASSERT_EQ(0, make_room(&self->r));
	ASSERT_EQ(0, install_allocations(&self->r, ids));
	ASSERT_EQ(0, install_channels(&self->r, ids));
	for (i = 0; i < HITS; i++) {
		ASSERT_TRUE(hit(&self->r, variant->dir, rand() % ALLOCATIONS,
				rand() % PEERS))
			TH_LOG("hit %d", i);
	}
	stats = relay_stats(&self->r);
	EXPECT_EQ(HITS, variant->dir == TO_PEER ? stats.to_peer.packets
						: stats.to_client.packets);
	EXPECT_TRUE(relay_quiet(&self->r));
	ASSERT_EQ(0, fastpath_flush(self->r.fastpath, &err));
}

/* Two processors at once: both in one flow, or one in each direction. */
TEST_F_TIMEOUT(path, two_processors, 120)
{
	uint8_t buf[2][200];
	struct udp_packet in[2];
	static struct flood flood[2];
	enum direction other = TO_PEER;
	uint64_t sent[2], seen[2] = { 0 }, forwarded = 0;
	int fds[2] = { self->r.peer.fd, self->r.client.fd }, i;
	struct fastpath_stats stats = { 0 };
	time_t end;

	in[0] = relay_message(&self->r, variant->dir, buf[0], 100);
	in[1] = relay_message(&self->r, other, buf[1], 100);
	ASSERT_EQ(0, flood_start(&flood[0], wire_in(&self->r, variant->dir),
				 &in[0], 0));
	ASSERT_EQ(0, flood_start(&flood[1], wire_in(&self->r, other), &in[1],
				 1));
	EXPECT_TRUE(flood_wait(&flood[0], 5000, fds, seen, 2));
	EXPECT_TRUE(flood_wait(&flood[1], 1000, fds, seen, 2));
	for (i = 0; i < 2; i++)
		sent[i] = flood_stop(&flood[i]);
	for (end = time(NULL) + 10; time(NULL) < end; poll(NULL, 0, 1)) {
		for (i = 0; i < 2; i++)
			seen[i] += flood_drain(fds[i]);
		stats = relay_stats(&self->r);
		forwarded = stats.to_peer.packets + stats.to_client.packets;
		if (forwarded == sent[0] + sent[1] &&
		    seen[0] + seen[1] == forwarded)
			break;
	}
	EXPECT_EQ(sent[0] + sent[1], forwarded)
		relay_print_stats(&self->r);
	EXPECT_EQ(forwarded, seen[0] + seen[1]);
	EXPECT_EQ(100 * forwarded, stats.to_peer.bytes + stats.to_client.bytes);
}

/* Everything deleted and made anew in all orders while packets arrive. */
static int change_something(struct relay *r, int step)
{
	struct fastpath_permission permission = {
		.allocation_id = r->allocation.id,
		.peer = r->peer_addr,
	};
	int ret = 0;

	switch (step % 4) {
	case 0:
		ret = fastpath_channel_del(r->fastpath, r->allocation.id,
					   RELAY_CHANNEL, &err);
		return ret ? ret : relay_bind(r, RELAY_TIMEOUT_MS);
	case 1:
		ret = fastpath_permission_del(r->fastpath, &permission, &err);
		return ret ? ret : relay_permit(r, RELAY_TIMEOUT_MS);
	case 2:
		ret = fastpath_allocation_del(r->fastpath, r->allocation.id,
					      &err);
		return ret ? ret : relay_install(r, RELAY_TIMEOUT_MS);
	default:
		ret = fastpath_flush(r->fastpath, &err);
		return ret ? ret : relay_install(r, RELAY_TIMEOUT_MS);
	}
}

static uint64_t sum(const struct fastpath_stats *stats)
{
	uint64_t total = 0;
	int i;

	for (i = 0; i <= KTURN_A_DROPPED_MAX; i++)
		total += stats->dropped[i];
	return total;
}

TEST_F_TIMEOUT(path, deletion_under_traffic, 120)
{
	uint8_t buf[200];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 100);
	static struct flood flood;
	int fds[2] = { wire_out(&self->r, variant->dir)->fd,
		       variant->dir == TO_PEER ? self->r.server_fd
					       : self->r.relayed_fd };
	uint64_t seen[2] = { 0 }, sent, total = 0;
	struct fastpath_stats stats = { 0 };
	time_t end;
	int i;

	ASSERT_EQ(0, flood_start(&flood, wire_in(&self->r, variant->dir), &in,
				 1));
	for (i = 0; i < 100; i++) {
		ASSERT_TRUE(flood_wait(&flood, 10, fds, seen, 2));
		ASSERT_EQ(0, change_something(&self->r, i));
	}
	EXPECT_TRUE(flood_wait(&flood, 10, fds, seen, 2));
	sent = flood_stop(&flood);
	for (end = time(NULL) + 10; time(NULL) < end; poll(NULL, 0, 1)) {
		for (i = 0; i < 2; i++)
			seen[i] += flood_drain(fds[i]);
		stats = relay_stats(&self->r);
		total = seen[0] + seen[1] + sum(&stats);
		if (total == sent)
			break;
	}
	EXPECT_EQ(sent, total)
		relay_print_stats(&self->r);
	EXPECT_EQ(seen[0], stats.to_peer.packets + stats.to_client.packets);
	EXPECT_LT(0, seen[0]);
	EXPECT_EQ(0, stats.dropped[KTURN_A_DROPPED_OUTPUT]);
	EXPECT_EQ(0, stats.dropped[KTURN_A_DROPPED_WRONG_LENGTH]);
	EXPECT_TRUE(relay_forwards_bytes(&self->r, variant->dir, 100));
}

/* Hooks come and go: each packet is forwarded or reaches the server. */
TEST_F_TIMEOUT(path, another_hook_under_traffic, 120)
{
	static const enum kturn_hook hooks[] = {
		KTURN_HOOK_NONE, KTURN_HOOK_PREROUTING, KTURN_HOOK_INPUT,
	};
	uint8_t buf[200];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 100);
	static struct flood flood;
	int fds[2] = { wire_out(&self->r, variant->dir)->fd,
		       variant->dir == TO_PEER ? self->r.server_fd
					       : self->r.relayed_fd };
	uint64_t seen[2] = { 0 }, sent;
	int i;

	ASSERT_EQ(0, flood_start(&flood, wire_in(&self->r, variant->dir), &in,
				 1));
	for (i = 0; i < 30; i++) {
		ASSERT_TRUE(flood_wait(&flood, 10, fds, seen, 2));
		ASSERT_EQ(0, relay_set_hook(&self->r, hooks[i % 3]));
	}
	sent = flood_stop(&flood);
	EXPECT_EQ(sent, flood_wait_for_all(sent, fds, seen, 2));
	EXPECT_LT(0, seen[0]);
	EXPECT_LT(0, seen[1]);
}

/* A namespace deleted with all it holds, packets arriving to the end. */
TEST_F_TIMEOUT(path, a_namespace_deleted_under_traffic, 120)
{
	static struct relay other;
	static struct flood flood;
	uint8_t buf[200];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 100);
	struct wire w;
	uint64_t seen = 0;
	int i;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, relay_open(&other, variant->family));
		w = *wire_in(&other, variant->dir);
		wire_in(&other, variant->dir)->fd = -1;
		/* Threads hold the namespace that they were started in. */
		ASSERT_EQ(0, netns_enter(&self->r.ns, NETNS_RELAY));
		ASSERT_EQ(0, flood_start(&flood, &w, &in, 1));
		ASSERT_TRUE(flood_wait(&flood, 100, &w.fd, &seen, 1));
		relay_close(&other);
		/* Ends by itself, when its end of the veth is gone. */
		ASSERT_EQ(0, pthread_join(flood.thread, NULL));
		EXPECT_GT(FLOOD_MAX, flood.sent);
		wire_close(&w);
	}
	EXPECT_TRUE(relay_forwards_bytes(&self->r, variant->dir, 100));
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_HARNESS_MAIN

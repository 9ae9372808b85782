// SPDX-License-Identifier: BSD-3-Clause
/*
 * Two clients of one relay, each being the other's peer: what one sends on its
 * channel goes straight out on the other's, rewritten once.
 *
 * The lab's client is one of them, its peer's host has the other. What the
 * first takes for its peer is the relayed transport address of the second.
 */
#include "relay_fixture.h"

#include <string.h>

#define OTHER_CHANNEL 0x4abc
#define OTHER_PORT 5001
#define OTHER_RELAYED_PORT 49153

/**
 * struct side - one of the two clients
 * @allocation: its allocation
 * @channel: its channel to the other one
 * @wire: its end of its link
 */
struct side {
	struct fastpath_allocation allocation;
	struct fastpath_channel channel;
	const struct wire *wire;
};

FIXTURE(hairpin) {
	struct relay r;
	struct side side[2];
	struct fastpath_error err;
	uint8_t scratch[2000];
};

/* Families of the two clients, and of what is between their allocations. */
FIXTURE_VARIANT(hairpin) {
	int client[2], between;
};

FIXTURE_VARIANT_ADD(hairpin, ipv4_to_ipv4) {
	.client = { AF_INET, AF_INET },
	.between = AF_INET,
};

FIXTURE_VARIANT_ADD(hairpin, ipv4_to_ipv6) {
	.client = { AF_INET, AF_INET6 },
	.between = AF_INET,
};

FIXTURE_VARIANT_ADD(hairpin, ipv6_to_ipv4) {
	.client = { AF_INET6, AF_INET },
	.between = AF_INET6,
};

FIXTURE_VARIANT_ADD(hairpin, ipv6_to_ipv6) {
	.client = { AF_INET6, AF_INET6 },
	.between = AF_INET6,
};

FIXTURE_VARIANT_ADD(hairpin, ipv4_to_ipv4_by_ipv6) {
	.client = { AF_INET, AF_INET },
	.between = AF_INET6,
};

static struct transport_addr at(const char *ip, uint16_t port)
{
	struct transport_addr a = { 0 };

	if (transport_addr_parse(&a, ip))
		printf("# no address: %s\n", ip);
	a.port = port;
	return a;
}

static void choose(struct side *s, int family, int between, bool first)
{
	static const char *const hosts[2][2][2] = {
		{ { "192.0.2.1", "192.0.2.2" },
		  { "2001:db8:1::1", "2001:db8:1::2" } },
		{ { "198.51.100.1", "198.51.100.2" },
		  { "2001:db8:2::1", "2001:db8:2::2" } },
	};
	const char *const *host = hosts[!first][family == AF_INET6];
	bool v4 = between == AF_INET;
	struct transport_addr relayed = at(v4 ? "198.51.100.2" : "2001:db8:2::2",
					   first ? RELAY_RELAYED_PORT :
						   OTHER_RELAYED_PORT);

	memset(s, 0, sizeof(*s));
	s->allocation.client = at(host[0], first ? RELAY_CLIENT_PORT :
						   OTHER_PORT);
	s->allocation.server = at(host[1], RELAY_SERVER_PORT);
	*(v4 ? &s->allocation.relayed_ipv4 : &s->allocation.relayed_ipv6) =
		relayed;
	s->allocation.timeout_ms = RELAY_TIMEOUT_MS;
	s->channel.number = first ? RELAY_CHANNEL : OTHER_CHANNEL;
	s->channel.timeout_ms = RELAY_TIMEOUT_MS;
}

static const struct transport_addr *relayed_of(const struct side *s)
{
	return s->allocation.relayed_ipv4.family ? &s->allocation.relayed_ipv4
						 : &s->allocation.relayed_ipv6;
}

static int permit(FIXTURE_DATA(hairpin) *self, const struct side *s,
		  uint32_t timeout_ms)
{
	struct fastpath_permission p = {
		.allocation_id = s->allocation.id,
		.peer = s->channel.peer,
		.timeout_ms = timeout_ms,
	};

	return fastpath_permission_new(self->r.fastpath, &p, &self->err);
}

static int bind_channel(FIXTURE_DATA(hairpin) *self, struct side *s)
{
	return fastpath_channel_new(self->r.fastpath, &s->channel, &self->err);
}

static int allocate(FIXTURE_DATA(hairpin) *self, struct side *s,
		    const struct side *other)
{
	int err = fastpath_allocation_new(self->r.fastpath, &s->allocation,
					  &self->err);

	s->channel.allocation_id = s->allocation.id;
	s->channel.peer = *relayed_of(other);
	return err ? err : permit(self, s, RELAY_TIMEOUT_MS);
}

FIXTURE_SETUP(hairpin)
{
	struct side *s = self->side;

	setvbuf(stdout, NULL, _IOLBF, 0);
	ASSERT_EQ(0, relay_open_between(&self->r, variant->client[0],
					variant->between));
	ASSERT_EQ(0, fastpath_flush(self->r.fastpath, &self->err));
	choose(&s[0], variant->client[0], variant->between, true);
	choose(&s[1], variant->client[1], variant->between, false);
	s[0].wire = &self->r.client;
	s[1].wire = &self->r.peer;
	ASSERT_EQ(0, allocate(self, &s[0], &s[1]));
	ASSERT_EQ(0, allocate(self, &s[1], &s[0]));
	ASSERT_EQ(0, bind_channel(self, &s[0]));
	ASSERT_EQ(0, bind_channel(self, &s[1]));
}

FIXTURE_TEARDOWN(hairpin)
{
	relay_close(&self->r);
}

static struct udp_packet message(const struct side *s, uint8_t *buf, size_t len,
				 size_t pad)
{
	return (struct udp_packet) {
		.src = s->allocation.client,
		.dst = s->allocation.server,
		.data = buf,
		.len = relay_channel_data(buf, s->channel.number, NULL, len,
					  pad),
		.hops = 64,
		.tos = 0xb9,
		.df = true,
		.id = 0x1234,
	};
}

/* What comes out at the other client for a message from @from. */
static struct udp_packet output(FIXTURE_DATA(hairpin) *self, int from,
				const struct udp_packet *in)
{
	const struct side *to = &self->side[!from];
	const uint8_t *data = in->data;
	struct udp_packet out = *in;

	out.src = to->allocation.server;
	out.dst = to->allocation.client;
	out.hops--;
	out.data = self->scratch;
	out.len = relay_channel_data(self->scratch, to->channel.number,
				     data + 4, data[2] << 8 | data[3], 0);
	if (in->src.family == AF_INET6 && out.src.family == AF_INET)
		out.df = 28 + out.len > 1260;
	return out;
}

static void book(FIXTURE_DATA(hairpin) *self, size_t data_len)
{
	self->r.want.to_peer.packets++;
	self->r.want.to_peer.bytes += data_len;
	self->r.want.to_client.packets++;
	self->r.want.to_client.bytes += data_len;
	self->r.want.hairpin++;
}

static bool goes_through(FIXTURE_DATA(hairpin) *self, int from,
			 const struct udp_packet *in)
{
	struct udp_packet out = output(self, from, in);

	book(self, out.len - 4);
	return !wire_send_udp(self->side[from].wire, in) &&
	       relay_catch(self->side[!from].wire, &out);
}

static bool goes_through_bytes(FIXTURE_DATA(hairpin) *self, int from,
			       size_t len, size_t pad)
{
	uint8_t buf[2000];
	struct udp_packet in = message(&self->side[from], buf, len, pad);

	return goes_through(self, from, &in);
}

/* Left to the server, which does the one half and then the other. */
static bool is_left_to_the_server(FIXTURE_DATA(hairpin) *self)
{
	uint8_t buf[200];
	struct udp_packet in = message(&self->side[0], buf, 100, 0);

	return relay_passes(&self->r, TO_PEER, &in, KTURN_A_PASSED_LOCAL);
}

static int forbid(FIXTURE_DATA(hairpin) *self, const struct side *s)
{
	struct fastpath_permission p = {
		.allocation_id = s->allocation.id,
		.peer = s->channel.peer,
	};

	return fastpath_permission_del(self->r.fastpath, &p, &self->err);
}

TEST_F(hairpin, both_ways_and_all_lengths)
{
	size_t len;
	int from;

	for (from = 0; from < 2; from++)
		for (len = 0; len <= 1200; len = len < 8 ? len + 1 : len * 2)
			EXPECT_TRUE(goes_through_bytes(self, from, len, 0))
				TH_LOG("%zu bytes from %d", len, from);
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(hairpin, padding_ends_here)
{
	size_t pad, len;

	for (pad = 1; pad <= 3; pad++)
		for (len = 99; len < 101; len++)
			EXPECT_TRUE(goes_through_bytes(self, 0, len, pad));
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(hairpin, what_was_damaged_stays_so)
{
	uint8_t buf[300];
	struct udp_packet in = message(&self->side[0], buf, 200, 0);

	in.bad_checksum = 0x0101;
	EXPECT_TRUE(goes_through(self, 0, &in));
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(hairpin, both_allocations_count_it)
{
	struct fastpath_allocation a;
	int i;

	EXPECT_TRUE(goes_through_bytes(self, 0, 100, 0));
	EXPECT_TRUE(goes_through_bytes(self, 0, 50, 0));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, fastpath_allocation_get(self->r.fastpath,
						     self->side[i].allocation.id,
						     &a, &self->err));
		EXPECT_EQ(i ? 0 : 2, a.to_peer.packets);
		EXPECT_EQ(i ? 0 : 150, a.to_peer.bytes);
		EXPECT_EQ(i ? 2 : 0, a.to_client.packets);
		EXPECT_EQ(i ? 150 : 0, a.to_client.bytes);
	}
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(hairpin, without_the_other_channel_the_server_does_it)
{
	struct side *other = &self->side[1];

	ASSERT_EQ(0, fastpath_channel_del(self->r.fastpath,
					  other->allocation.id,
					  other->channel.number, &self->err));
	EXPECT_TRUE(is_left_to_the_server(self));
	ASSERT_EQ(0, bind_channel(self, other));
	EXPECT_TRUE(goes_through_bytes(self, 0, 100, 0));
	EXPECT_TRUE(goes_through_bytes(self, 1, 100, 0));
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(hairpin, without_the_other_allocation_it_is_an_address_like_any)
{
	struct side *other = &self->side[1];

	ASSERT_EQ(0, fastpath_allocation_del(self->r.fastpath,
					     other->allocation.id,
					     &self->err));
	EXPECT_TRUE(is_left_to_the_server(self));
	ASSERT_EQ(0, allocate(self, other, &self->side[0]));
	ASSERT_EQ(0, bind_channel(self, other));
	EXPECT_TRUE(goes_through_bytes(self, 0, 100, 0));
	EXPECT_TRUE(relay_settled(&self->r));
}

/* The permission of each side counts, whatever the other one grants. */
TEST_F(hairpin, without_a_permission)
{
	struct side *first = &self->side[0], *other = &self->side[1];
	uint8_t buf[200];
	struct udp_packet in = message(first, buf, 100, 0);

	ASSERT_EQ(0, forbid(self, other));
	EXPECT_TRUE(is_left_to_the_server(self));
	ASSERT_EQ(0, permit(self, other, RELAY_TIMEOUT_MS));
	EXPECT_TRUE(goes_through_bytes(self, 0, 100, 0));
	ASSERT_EQ(0, forbid(self, first));
	self->r.want.dropped[KTURN_A_DROPPED_NO_PERMISSION]++;
	ASSERT_EQ(0, wire_send_udp(first->wire, &in));
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(hairpin, too_big_for_the_other_client)
{
	bool v4_in = variant->client[0] == AF_INET;
	bool v4_out = variant->client[1] == AF_INET;
	size_t limit = 1400 - (v4_out ? 28 : 48) - 4;
	uint32_t mtu = 1400 + (v4_in ? 20 : 40) - (v4_out ? 20 : 40);
	uint8_t buf[2000];
	struct udp_packet in = message(&self->side[0], buf, limit + 1, 0);

	ASSERT_EQ(0, netns_run(&self->r.ns, NETNS_RELAY,
			       "ip link set dev rp mtu 1400"));
	EXPECT_TRUE(goes_through_bytes(self, 0, limit, 0));
	self->r.want.dropped[KTURN_A_DROPPED_TOO_BIG]++;
	ASSERT_EQ(0, wire_send_udp(self->side[0].wire, &in));
	EXPECT_TRUE(relay_expect_too_big(&self->r, TO_PEER, &in, mtu));
	EXPECT_TRUE(relay_settled(&self->r));
}

static int move(FIXTURE_DATA(hairpin) *self, struct side *s, uint16_t port)
{
	struct fastpath_allocation a = {
		.id = s->allocation.id,
		.client = s->allocation.client,
		.server = s->allocation.server,
	};

	a.client.port = port;
	s->allocation.client = a.client;
	return fastpath_allocation_set(self->r.fastpath, &a, &self->err);
}

/* Somebody whose peer is its own relayed address hears itself. */
TEST_F(hairpin, an_allocation_that_talks_to_itself)
{
	struct side *first = &self->side[0];
	struct side echo = *first;
	uint8_t buf[200], back[200];
	struct udp_packet in, out;

	echo.channel.number = 0x4555;
	echo.channel.peer = *relayed_of(first);
	/* The permission is for the address, which both relayed ones share. */
	ASSERT_EQ(0, bind_channel(self, &echo));
	in = message(&echo, buf, 100, 0);
	out = in;
	out.src = in.dst;
	out.dst = in.src;
	out.hops--;
	out.data = back;
	out.len = relay_channel_data(back, 0x4555, buf + 4, 100, 0);
	ASSERT_EQ(0, wire_send_udp(first->wire, &in));
	EXPECT_TRUE(relay_catch(first->wire, &out));
	book(self, 100);
	/* It moves, and what it sends from where it was comes to it too. */
	ASSERT_EQ(0, move(self, first, 6000));
	out.dst = first->allocation.client;
	ASSERT_EQ(0, wire_send_udp(first->wire, &in));
	EXPECT_TRUE(relay_catch(first->wire, &out));
	book(self, 100);
	ASSERT_EQ(0, fastpath_channel_del(self->r.fastpath,
					  first->allocation.id, 0x4555,
					  &self->err));
	EXPECT_TRUE(goes_through_bytes(self, 0, 100, 0));
	EXPECT_TRUE(relay_settled(&self->r));
}

/* RFC 8016: what the other one sends follows; what was sent before counts. */
TEST_F(hairpin, a_client_that_moves)
{
	struct side *s = self->side;
	uint8_t buf[2][200];
	struct udp_packet former[2];
	int i;

	for (i = 0; i < 2; i++) {
		former[i] = message(&s[i], buf[i], 100, 0);
		ASSERT_EQ(0, move(self, &s[i], 6000 + i));
		EXPECT_TRUE(goes_through_bytes(self, !i, 100, 0));
		EXPECT_TRUE(goes_through(self, i, &former[i]));
	}
	EXPECT_TRUE(goes_through(self, 0, &former[0]));
	EXPECT_TRUE(goes_through_bytes(self, 0, 100, 0));
	EXPECT_TRUE(goes_through_bytes(self, 1, 100, 0));
	ASSERT_EQ(0, fastpath_allocation_del(self->r.fastpath,
					     s[1].allocation.id, &self->err));
	EXPECT_TRUE(is_left_to_the_server(self));
	EXPECT_TRUE(relay_passes(&self->r, TO_PEER, &former[0],
				 KTURN_A_PASSED_LOCAL));
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: BSD-3-Clause
/* Data in userspace, both ways: RFC 8656, sections 11 and 12. */
#include <kselftest_harness.h>

#include "turn_client.h"

#define PEER	"198.51.100.99:9"
#define PEER6	"[2001:db8:1::9]:9"

FIXTURE(relay)
{
	struct world *w;
	struct client c;
};

FIXTURE_SETUP(relay)
{
	self->w = world_new();
	self->c = client_new(5000);
	ASSERT_EQ(0, allocate(self->w, &self->c));
	ASSERT_EQ(0, permit(self->w, &self->c, PEER));
	forget_trace(self->w);
}

FIXTURE_TEARDOWN(relay)
{
	EXPECT_EQ(0, world_free(self->w));
}

static void raw(struct world *w, struct client *c, const void *data, size_t len)
{
	uint8_t *buf = malloc(len ? len : 1);

	if (!buf)
		abort();
	if (len)
		memcpy(buf, data, len);
	turn_server_datagram(w->srv, &c->tuple, buf, len, w->now);
	free(buf);
}

/* The last message to the client is ChannelData with this in it. */
static bool client_got_channel_data(struct world *w, uint16_t number,
				    const char *text)
{
	struct channel_data cd;

	return channel_data_parse(&cd, w->to_client, w->to_client_len) == 0 &&
	       cd.number == number && cd.len == strlen(text) &&
	       memcmp(cd.payload, text, cd.len) == 0;
}

/* --- Send ------------------------------------------------------------------ */

TEST_F(relay, rfc8656_11_2_send)
{
	struct transport_addr peer = addr(PEER);

	send_indication(self->w, &self->c, PEER, "hello", false);
	EXPECT_STREQ("peer ", self->w->trace);
	EXPECT_TRUE(peer_got(self->w, "hello"));
	EXPECT_TRUE(transport_addr_equal(&peer, &self->w->to_peer_addr));
	EXPECT_EQ(0, self->w->to_peer_flags);
	EXPECT_EQ(1, turn_server_stats(self->w->srv)->to_peer.packets);
	EXPECT_EQ(5, turn_server_stats(self->w->srv)->to_peer.bytes);
}

TEST_F(relay, rfc8656_11_2_send_of_nothing)
{
	send_indication(self->w, &self->c, PEER, "", false);
	EXPECT_STREQ("peer ", self->w->trace);
	EXPECT_EQ(0, self->w->to_peer_len);
}

TEST_F(relay, rfc8656_11_2_dont_fragment)
{
	send_indication(self->w, &self->c, PEER, "hello", true);
	EXPECT_EQ(TURN_SEND_DF, self->w->to_peer_flags);
}

TEST_F(relay, rfc8656_11_2_send_without_permission)
{
	send_indication(self->w, &self->c, "198.51.100.98:9", "x", false);
	EXPECT_STREQ("", self->w->trace);
	EXPECT_EQ(1, drops(self->w, TURN_DROP_NO_PERMISSION));
}

TEST_F(relay, rfc8656_11_2_send_to_a_denied_port)
{
	send_indication(self->w, &self->c, "198.51.100.99:0", "x", false);
	EXPECT_STREQ("", self->w->trace);
	EXPECT_EQ(1, drops(self->w, TURN_DROP_FORBIDDEN));
}

TEST_F(relay, rfc8656_5_send_without_allocation)
{
	struct client other = client_new(5001);

	send_indication(self->w, &other, PEER, "x", false);
	send_channel_data(self->w, &other, 0x4000, "x");
	EXPECT_STREQ("", self->w->trace);
	EXPECT_EQ(2, drops(self->w, TURN_DROP_NO_ALLOCATION));
}

TEST_F(relay, rfc8656_11_2_send_lacking_something)
{
	struct transport_addr peer = addr(PEER);
	struct stun_txid txid = { { 1 } };
	struct stun_builder b;
	uint8_t buf[256];
	ssize_t len;

	stun_build(&b, buf, sizeof(buf), STUN_INDICATION, STUN_SEND, &txid);
	stun_put_address(&b, STUN_ATTR_XOR_PEER_ADDRESS, &peer);
	len = stun_build_end(&b);
	raw(self->w, &self->c, buf, (size_t)len);
	stun_build(&b, buf, sizeof(buf), STUN_INDICATION, STUN_SEND, &txid);
	stun_put_bytes(&b, STUN_ATTR_DATA, "x", 1);
	len = stun_build_end(&b);
	raw(self->w, &self->c, buf, (size_t)len);
	/* RFC 8489 6.3.2: unknown comprehension-required attribute */
	stun_build(&b, buf, sizeof(buf), STUN_INDICATION, STUN_SEND, &txid);
	stun_put_address(&b, STUN_ATTR_XOR_PEER_ADDRESS, &peer);
	stun_put_bytes(&b, STUN_ATTR_DATA, "x", 1);
	stun_put_bytes(&b, 0x7f01, "y", 1);
	len = stun_build_end(&b);
	raw(self->w, &self->c, buf, (size_t)len);
	EXPECT_STREQ("", self->w->trace);
	EXPECT_EQ(3, drops(self->w, TURN_DROP_BAD_INDICATION));
}

/* --- Data ------------------------------------------------------------------ */

static void expect_data(struct world *w, struct __test_metadata *_metadata,
			const char *from, const void *payload, size_t len)
{
	struct transport_addr expected = addr(from), got;
	struct stun_message msg;
	struct stun_bytes data;

	ASSERT_EQ(STUN_OK, stun_message_decode(&msg, w->to_client,
					       w->to_client_len));
	EXPECT_EQ(STUN_INDICATION, msg.class);
	EXPECT_EQ(STUN_DATA, msg.method);
	ASSERT_EQ(0, stun_get_address(&msg, STUN_ATTR_XOR_PEER_ADDRESS, &got));
	EXPECT_TRUE(transport_addr_equal(&expected, &got));
	ASSERT_EQ(0, stun_get_bytes(&msg, STUN_ATTR_DATA, &data));
	ASSERT_EQ(len, data.len);
	EXPECT_EQ(0, len ? memcmp(payload, data.data, len) : 0);
}

TEST_F(relay, rfc8656_11_3_data_of_every_length)
{
	uint8_t payload[70];
	size_t len;

	memset(payload, 'd', sizeof(payload));
	for (len = 0; len < sizeof(payload); len++) {
		self->w->cfg->fingerprint = len % 2;
		peer_sends(self->w, 0, PEER, payload, len);
		expect_data(self->w, _metadata, PEER, payload, len);
	}
	EXPECT_EQ(sizeof(payload),
		  turn_server_stats(self->w->srv)->to_client.packets);
}

TEST_F(relay, rfc8656_11_3_data_from_an_ipv6_peer)
{
	struct client c = client_new(5001);

	ASSERT_EQ(0, allocate_family(self->w, &c,
				     STUN_ATTR_REQUESTED_ADDRESS_FAMILY, 2));
	ASSERT_EQ(0, permit(self->w, &c, PEER6));
	peer_sends(self->w, 1, PEER6, "six", 3);
	expect_data(self->w, _metadata, PEER6, "six", 3);
}

TEST_F(relay, rfc8656_11_3_data_without_permission)
{
	peer_sends(self->w, 0, "198.51.100.98:9", "x", 1);
	EXPECT_STREQ("", self->w->trace);
	EXPECT_EQ(1, drops(self->w, TURN_DROP_NO_PERMISSION));
	self->w->now += 300000;
	peer_sends(self->w, 0, PEER, "x", 1);
	EXPECT_EQ(2, drops(self->w, TURN_DROP_NO_PERMISSION));
}

TEST_F(relay, payload_that_fits_no_message)
{
	static const uint8_t payload[65507];

	peer_sends(self->w, 0, PEER, payload, TURN_PAYLOAD_MAX);
	EXPECT_STREQ("data ", self->w->trace);
	peer_sends(self->w, 0, PEER, payload, TURN_PAYLOAD_MAX + 1);
	EXPECT_EQ(1, drops(self->w, TURN_DROP_TOO_BIG));
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4000, PEER));
	peer_sends(self->w, 0, PEER, payload, 65503);
	EXPECT_EQ(65507, self->w->to_client_len);
	peer_sends(self->w, 0, PEER, payload, 65504);
	EXPECT_EQ(2, drops(self->w, TURN_DROP_TOO_BIG));
}

/* --- ChannelData ----------------------------------------------------------- */

TEST_F(relay, rfc8656_12_6_channel_data)
{
	struct transport_addr peer = addr(PEER);

	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4000, PEER));
	forget_trace(self->w);
	send_channel_data(self->w, &self->c, 0x4000, "hello");
	EXPECT_STREQ("peer ", self->w->trace);
	EXPECT_TRUE(peer_got(self->w, "hello"));
	EXPECT_TRUE(transport_addr_equal(&peer, &self->w->to_peer_addr));
	send_channel_data(self->w, &self->c, 0x4000, "");
	EXPECT_EQ(0, self->w->to_peer_len);
	EXPECT_STREQ("peer peer ", self->w->trace);
}

TEST_F(relay, rfc8656_12_6_padding_is_left_behind)
{
	static const uint8_t padded[] = { 0x40, 0, 0, 1, 'p', 0, 0, 0 };

	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4000, PEER));
	raw(self->w, &self->c, padded, sizeof(padded));
	EXPECT_TRUE(peer_got(self->w, "p"));
}

TEST_F(relay, rfc8656_12_6_what_is_discarded)
{
	static const uint8_t short_by_one[] = { 0x40, 0, 0, 2, 'x' };
	static const uint8_t headless[] = { 0x40, 0, 0 };

	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4000, PEER));
	forget_trace(self->w);
	raw(self->w, &self->c, short_by_one, sizeof(short_by_one));
	raw(self->w, &self->c, headless, sizeof(headless));
	EXPECT_EQ(2, drops(self->w, TURN_DROP_WRONG_LENGTH));
	send_channel_data(self->w, &self->c, 0x4001, "x");
	EXPECT_EQ(1, drops(self->w, TURN_DROP_NO_CHANNEL));
	send_channel_data(self->w, &self->c, 0x5000, "x");
	EXPECT_EQ(1, drops(self->w, TURN_DROP_NOT_TURN));
	EXPECT_STREQ("", self->w->trace);
}

TEST_F(relay, rfc8656_12_7_peer_with_a_channel)
{
	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4abc, PEER));
	peer_sends(self->w, 0, PEER, "hi there", 8);
	EXPECT_TRUE(client_got_channel_data(self->w, 0x4abc, "hi there"));
	EXPECT_EQ(12, self->w->to_client_len);
	peer_sends(self->w, 0, PEER, "", 0);
	EXPECT_TRUE(client_got_channel_data(self->w, 0x4abc, ""));
	/* Another port of the same peer has the permission, not the channel. */
	peer_sends(self->w, 0, "198.51.100.99:10", "x", 1);
	expect_data(self->w, _metadata, "198.51.100.99:10", "x", 1);
}

TEST_F(relay, rfc8656_12_5_streams_are_padded)
{
	struct client c = client_new(5001);

	c.tuple.transport = TURN_TCP;
	ASSERT_EQ(0, allocate(self->w, &c));
	ASSERT_EQ(0, bind_channel(self->w, &c, 0x4000, PEER));
	peer_sends(self->w, 1, PEER, "hello", 5);
	EXPECT_EQ(12, self->w->to_client_len);
	EXPECT_TRUE(client_got_channel_data(self->w, 0x4000, "hello"));
	EXPECT_EQ(0, self->w->to_client[9] | self->w->to_client[10] |
		     self->w->to_client[11]);
}

static bool add_flows(void *arg, const struct turn_channel_info *info)
{
	struct turn_channel_info *sum = arg;

	sum->to_peer.bytes += info->to_peer.bytes;
	sum->to_client.bytes += info->to_client.bytes;
	sum->number = info->number;
	return true;
}

static bool last_allocation(void *arg, const struct turn_allocation *a)
{
	*(const struct turn_allocation **)arg = a;
	return true;
}

static bool count_permissions(void *arg, const struct turn_permission_info *info)
{
	(void)info;
	++*(int *)arg;
	return true;
}

TEST_F(relay, listings_and_counters)
{
	const struct turn_allocation *a = NULL;
	struct turn_channel_info sum = { 0 };
	struct turn_allocation_info info;
	int n = 0;

	ASSERT_EQ(0, bind_channel(self->w, &self->c, 0x4000, PEER));
	send_channel_data(self->w, &self->c, 0x4000, "hello");
	peer_sends(self->w, 0, PEER, "hi", 2);
	send_indication(self->w, &self->c, PEER, "abc", false);
	turn_server_foreach_allocation(self->w->srv, last_allocation, &a);
	ASSERT_NE(NULL, a);
	turn_allocation_info(a, &info);
	EXPECT_STREQ("alice", info.username);
	EXPECT_STREQ(WORLD_REALM, info.realm);
	EXPECT_EQ(0, memcmp(&info.tuple, &self->c.tuple, sizeof(info.tuple)));
	EXPECT_EQ(self->w->now + 600000, info.expires);
	EXPECT_EQ(8, info.to_peer.bytes);
	EXPECT_EQ(2, info.to_peer.packets);
	EXPECT_EQ(2, info.to_client.bytes);
	EXPECT_EQ(NULL, info.relay_ipv6.handle);
	EXPECT_EQ(50000, info.relay_ipv4.relayed.port);
	turn_allocation_foreach_channel(a, add_flows, &sum);
	EXPECT_EQ(0x4000, sum.number);
	EXPECT_EQ(5, sum.to_peer.bytes);
	EXPECT_EQ(2, sum.to_client.bytes);
	turn_allocation_foreach_permission(a, count_permissions, &n);
	EXPECT_EQ(1, n);
}

/* --- ICMP ------------------------------------------------------------------ */

TEST_F(relay, rfc8656_11_5_icmp)
{
	struct transport_addr peer = addr(PEER), other = addr("198.51.100.98:9");
	struct turn_allocation *a = self->w->relays[0].allocation;
	struct stun_icmp too_big = { .type = 3, .code = 4, .data = 1280 };
	struct stun_icmp echo = { .type = 8 }, got;
	struct stun_message msg;

	turn_server_peer_icmp(self->w->srv, a, &peer, &too_big, self->w->now);
	ASSERT_EQ(STUN_OK, stun_message_decode(&msg, self->w->to_client,
					       self->w->to_client_len));
	EXPECT_EQ(STUN_DATA, msg.method);
	EXPECT_FALSE(stun_has(&msg, STUN_ATTR_DATA));
	ASSERT_EQ(0, stun_get_icmp(&msg, &got));
	EXPECT_EQ(3, got.type);
	EXPECT_EQ(4, got.code);
	EXPECT_EQ(1280, got.data);
	forget_trace(self->w);
	turn_server_peer_icmp(self->w->srv, a, &other, &too_big, self->w->now);
	turn_server_peer_icmp(self->w->srv, a, &peer, &echo, self->w->now);
	EXPECT_STREQ("", self->w->trace);
}

/* --- what is not TURN ------------------------------------------------------ */

TEST_F(relay, rfc3489_binding_without_cookie_is_ignored)
{
	static const uint8_t old[20] = { 0, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8 };

	raw(self->w, &self->c, old, sizeof(old));
	EXPECT_STREQ("", self->w->trace);
	EXPECT_EQ(1, drops(self->w, TURN_DROP_NOT_TURN));
}

TEST_F(relay, noise_is_ignored)
{
	static const uint8_t noise[] = { 0x80, 0x60, 1, 2, 3, 4 };

	raw(self->w, &self->c, noise, sizeof(noise));
	raw(self->w, &self->c, noise, 0);
	EXPECT_STREQ("", self->w->trace);
	EXPECT_EQ(2, drops(self->w, TURN_DROP_NOT_TURN));
}

TEST_F(relay, rfc8489_6_3_classes_and_methods_nobody_sends_here)
{
	static const enum stun_class classes[] = {
		STUN_INDICATION, STUN_SUCCESS, STUN_ERROR,
	};
	struct stun_txid txid = { { 1 } };
	struct stun_builder b;
	uint8_t buf[20];
	size_t i;

	for (i = 0; i < 3; i++) {
		stun_build(&b, buf, sizeof(buf), classes[i], STUN_ALLOCATE,
			   &txid);
		ASSERT_EQ(20, stun_build_end(&b));
		raw(self->w, &self->c, buf, sizeof(buf));
	}
	begin(self->w, &self->c, STUN_CONNECTION_ATTEMPT);
	EXPECT_EQ(NO_REPLY, finish(self->w));
	begin(self->w, &self->c, STUN_SEND);
	EXPECT_EQ(NO_REPLY, finish(self->w));
	EXPECT_EQ(5, drops(self->w, TURN_DROP_UNEXPECTED));
	/* Binding indications keep NATs awake, and are no mistake. */
	stun_build(&b, buf, sizeof(buf), STUN_INDICATION, STUN_BINDING, &txid);
	ASSERT_EQ(20, stun_build_end(&b));
	raw(self->w, &self->c, buf, sizeof(buf));
	EXPECT_EQ(5, drops(self->w, TURN_DROP_UNEXPECTED));
	EXPECT_STREQ("", self->w->trace);
}

TEST_F(relay, rfc8489_14_7_wrong_fingerprint_is_ignored)
{
	self->c.fingerprint = true;
	begin(self->w, &self->c, STUN_BINDING);
	ASSERT_EQ(0, finish(self->w));
	self->w->request[self->w->request_len - 1] ^= 1;
	EXPECT_EQ(NO_REPLY, send_again(self->w));
	EXPECT_EQ(1, drops(self->w, TURN_DROP_MALFORMED));
}

TEST_HARNESS_MAIN

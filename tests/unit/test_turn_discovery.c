// SPDX-License-Identifier: BSD-3-Clause
/* NAT behaviour discovery (RFC 5780, section 6.1), and what strangers get. */
#include <kselftest_harness.h>

#include "turn_client.h"

#define A1	"192.0.2.1"
#define A2	"192.0.2.2"

FIXTURE(discovery)
{
	struct world *w;
	struct client c;
};

static void add_site(struct turn_discovery_site *site, const char *first,
		     const char *second)
{
	site->local[0] = site->told[0] = addr(first);
	site->local[1] = site->told[1] = addr(second);
}

FIXTURE_SETUP(discovery)
{
	struct turn_discovery *d;

	self->w = world_new();
	self->c = client_new(5000);
	d = &self->w->cfg->discovery;
	d->on = true;
	d->ports[0] = 3478;
	d->ports[1] = 3479;
	add_site(&d->sites[0], A1, A2);
}

FIXTURE_TEARDOWN(discovery)
{
	EXPECT_EQ(0, world_free(self->w));
}

static struct stun_builder *begin_binding(struct world *w, struct client *c)
{
	return begin(w, c, STUN_BINDING);
}

static int change(struct world *w, struct client *c, uint32_t flags)
{
	const uint8_t value[4] = { 0, 0, 0, (uint8_t)flags };

	stun_put_bytes(begin_binding(w, c), STUN_ATTR_CHANGE_REQUEST, value, 4);
	return finish(w);
}

static void put_port(struct stun_builder *b, uint16_t port)
{
	const uint8_t value[4] = { (uint8_t)(port >> 8), (uint8_t)port };

	stun_put_bytes(b, STUN_ATTR_RESPONSE_PORT, value, sizeof(value));
}

/* The response's attribute, as text; "" if it has none. */
static const char *told(struct world *w, enum stun_attr_type type)
{
	static char text[TRANSPORT_ADDR_STRLEN];
	struct transport_addr a;

	if (stun_get_address(&w->reply, type, &a))
		return "";
	return transport_addr_print(&a, text);
}

static const char *left_from(struct world *w)
{
	static char text[TRANSPORT_ADDR_STRLEN];

	return transport_addr_print(&w->to_client_tuple.server, text);
}

TEST_F(discovery, rfc5780_6_1_table_1)
{
	static const struct {
		const char *asked;
		uint32_t flags;
		const char *from, *other;
	} v[] = {
		{ A1 ":3478", 0, A1 ":3478", A2 ":3479" },
		{ A1 ":3478", 4, A2 ":3478", A2 ":3479" },
		{ A1 ":3478", 2, A1 ":3479", A2 ":3479" },
		{ A1 ":3478", 6, A2 ":3479", A2 ":3479" },
		{ A2 ":3479", 0, A2 ":3479", A1 ":3478" },
		{ A2 ":3479", 4, A1 ":3479", A1 ":3478" },
		{ A2 ":3479", 2, A2 ":3478", A1 ":3478" },
		{ A2 ":3479", 6, A1 ":3478", A1 ":3478" },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		self->c.tuple.server = addr(v[i].asked);
		ASSERT_EQ(0, change(self->w, &self->c, v[i].flags));
		EXPECT_STREQ(v[i].from, left_from(self->w));
		EXPECT_STREQ(v[i].from,
			     told(self->w, STUN_ATTR_RESPONSE_ORIGIN));
		EXPECT_STREQ(v[i].other,
			     told(self->w, STUN_ATTR_OTHER_ADDRESS));
		EXPECT_STREQ("198.51.100.7:5000",
			     told(self->w, STUN_ATTR_MAPPED_ADDRESS));
		EXPECT_STREQ("198.51.100.7:5000",
			     told(self->w, STUN_ATTR_XOR_MAPPED_ADDRESS));
		EXPECT_EQ(5000, self->w->to_client_tuple.client.port);
	}
}

TEST_F(discovery, rfc5780_6_1_without_its_attributes)
{
	begin_binding(self->w, &self->c);
	ASSERT_EQ(0, finish(self->w));
	EXPECT_STREQ(A1 ":3478", told(self->w, STUN_ATTR_RESPONSE_ORIGIN));
	EXPECT_STREQ(A2 ":3479", told(self->w, STUN_ATTR_OTHER_ADDRESS));
	EXPECT_STREQ("198.51.100.7:5000",
		     told(self->w, STUN_ATTR_MAPPED_ADDRESS));
}

TEST_F(discovery, rfc5780_6_1_addresses_as_clients_know_them)
{
	self->w->cfg->discovery.sites[0].told[0] = addr("203.0.113.1");
	self->w->cfg->discovery.sites[0].told[1] = addr("203.0.113.2");
	ASSERT_EQ(0, change(self->w, &self->c, 6));
	EXPECT_STREQ(A2 ":3479", left_from(self->w));
	EXPECT_STREQ("203.0.113.2:3479",
		     told(self->w, STUN_ATTR_RESPONSE_ORIGIN));
	EXPECT_STREQ("203.0.113.2:3479",
		     told(self->w, STUN_ATTR_OTHER_ADDRESS));
}

TEST_F(discovery, rfc5780_6_1_ipv6)
{
	struct client c = client_new6(5000);

	add_site(&self->w->cfg->discovery.sites[1], "2001:db8::1",
		 "2001:db8::2");
	ASSERT_EQ(0, change(self->w, &c, 4));
	EXPECT_STREQ("[2001:db8::2]:3478", left_from(self->w));
	begin_binding(self->w, &c);
	ASSERT_EQ(0, finish(self->w));
	EXPECT_STREQ("[2001:db8::2]:3479",
		     told(self->w, STUN_ATTR_OTHER_ADDRESS));
}

static int unknown_attribute(struct world *w, uint16_t type)
{
	uint16_t types[4];

	return stun_get_unknown_attributes(&w->reply, types, 4) == 1 &&
	       types[0] == type;
}

TEST_F(discovery, rfc5780_6_change_request_without_other_address_is_420)
{
	self->c.tuple.server = addr("192.0.2.3:3478");
	EXPECT_EQ(420, change(self->w, &self->c, 2));
	EXPECT_TRUE(unknown_attribute(self->w, STUN_ATTR_CHANGE_REQUEST));
	begin_binding(self->w, &self->c);
	ASSERT_EQ(0, finish(self->w));
	EXPECT_STREQ("", told(self->w, STUN_ATTR_OTHER_ADDRESS));
	EXPECT_STREQ("192.0.2.3:3478",
		     told(self->w, STUN_ATTR_RESPONSE_ORIGIN));
}

TEST_F(discovery, not_switched_on_all_of_it_is_420)
{
	self->w->cfg->discovery.on = false;
	EXPECT_EQ(420, change(self->w, &self->c, 2));
	put_port(begin_binding(self->w, &self->c), 6000);
	EXPECT_EQ(420, finish(self->w));
	EXPECT_TRUE(unknown_attribute(self->w, STUN_ATTR_RESPONSE_PORT));
	stun_put_bytes(begin_binding(self->w, &self->c), STUN_ATTR_PADDING,
		       "1234", 4);
	EXPECT_EQ(420, finish(self->w));
	EXPECT_TRUE(unknown_attribute(self->w, STUN_ATTR_PADDING));
}

TEST_F(discovery, rfc5780_7_only_in_binding_requests_over_udp)
{
	meet(self->w, &self->c);
	put_port(begin_allocate(self->w, &self->c), 6000);
	EXPECT_EQ(420, finish(self->w));
	EXPECT_TRUE(unknown_attribute(self->w, STUN_ATTR_RESPONSE_PORT));
	self->c.tuple.transport = TURN_TCP;
	EXPECT_EQ(420, change(self->w, &self->c, 2));
}

TEST_F(discovery, rfc5780_7_5_response_port)
{
	put_port(begin_binding(self->w, &self->c), 6000);
	ASSERT_EQ(0, finish(self->w));
	EXPECT_EQ(6000, self->w->to_client_tuple.client.port);
	EXPECT_STREQ("198.51.100.7:5000",
		     told(self->w, STUN_ATTR_XOR_MAPPED_ADDRESS));
	put_port(begin_binding(self->w, &self->c), 0);
	EXPECT_EQ(400, finish(self->w));
	EXPECT_EQ(5000, self->w->to_client_tuple.client.port);
}

TEST_F(discovery, rfc5780_7_6_padding_is_returned_never_more_of_it)
{
	static const uint8_t padding[3000];
	static const struct { size_t asked, got; } v[] = {
		{ 0, 0 }, { 4, 4 }, { 7, 4 }, { 1000, 1000 }, { 1500, 1500 },
		{ 3000, 1500 },
	};
	struct stun_bytes got;

	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		stun_put_bytes(begin_binding(self->w, &self->c),
			       STUN_ATTR_PADDING, padding, v[i].asked);
		ASSERT_EQ(0, finish(self->w));
		ASSERT_EQ(0, stun_get_bytes(&self->w->reply,
					    STUN_ATTR_PADDING, &got));
		EXPECT_EQ(v[i].got, got.len);
	}
}

TEST_F(discovery, rfc5780_6_1_padding_with_response_port_is_400)
{
	put_port(begin_binding(self->w, &self->c), 6000);
	stun_put_bytes(&self->w->b, STUN_ATTR_PADDING, "1234", 4);
	EXPECT_EQ(400, finish(self->w));
	EXPECT_EQ(5000, self->w->to_client_tuple.client.port);
}

TEST_F(discovery, on_the_wire_at_most_three_times_the_request)
{
	struct client c = client_new6(5000);

	add_site(&self->w->cfg->discovery.sites[1], "2001:db8::1",
		 "2001:db8::2");
	strcpy(self->w->cfg->software, "a name that is longer than most others");
	begin_binding(self->w, &self->c);
	ASSERT_EQ(0, finish(self->w));
	EXPECT_LE(self->w->to_client_len + 28,
		  3 * (self->w->request_len + 28));
	begin_binding(self->w, &c);
	ASSERT_EQ(0, finish(self->w));
	EXPECT_LE(self->w->to_client_len + 48,
		  3 * (self->w->request_len + 48));
}

TEST_F(discovery, rfc5780_10_a_source_gets_so_many_a_second)
{
	struct client other = client_at("198.51.100.8:5000", A1 ":3478");
	struct client neighbour = client_new(5001);
	int i;

	self->w->cfg->discovery_rate = 5;
	for (i = 0; i < 5; i++)
		EXPECT_EQ(0, change(self->w, &self->c, 6));
	EXPECT_EQ(NO_REPLY, change(self->w, &self->c, 6));
	EXPECT_EQ(NO_REPLY, change(self->w, &neighbour, 2));
	EXPECT_EQ(2, drops(self->w, TURN_DROP_SOURCE_RATE));
	EXPECT_EQ(0, change(self->w, &other, 6));
	/* What plain Binding requests get is not limited. */
	begin_binding(self->w, &self->c);
	EXPECT_EQ(0, finish(self->w));
	advance(self->w, 200);
	EXPECT_EQ(0, change(self->w, &self->c, 6));
	EXPECT_EQ(NO_REPLY, change(self->w, &self->c, 6));
}

/* --- beside it ------------------------------------------------------------- */

TEST_F(discovery, response_origin_without_it)
{
	self->w->cfg->discovery.on = false;
	begin_binding(self->w, &self->c);
	ASSERT_EQ(0, finish(self->w));
	EXPECT_STREQ("", told(self->w, STUN_ATTR_RESPONSE_ORIGIN));
	self->w->cfg->response_origin = true;
	begin_binding(self->w, &self->c);
	ASSERT_EQ(0, finish(self->w));
	EXPECT_STREQ(A1 ":3478", told(self->w, STUN_ATTR_RESPONSE_ORIGIN));
	EXPECT_STREQ("", told(self->w, STUN_ATTR_OTHER_ADDRESS));
	EXPECT_LE(self->w->to_client_len, 3 * self->w->request_len);
}

TEST_F(discovery, strangers_get_so_many_errors_a_second)
{
	struct client other = client_at("198.51.100.8:5000", A1 ":3478");
	struct client six = client_new6(5000), same_64 = client_new6(5001);
	int i;

	same_64.tuple.client = addr("[2001:db8::ffff]:5001");
	ASSERT_EQ(0, allocate(self->w, &self->c));
	self->w->cfg->unauthorized_rate = 3;
	for (i = 0; i < 3; i++) {
		struct client c = client_new((uint16_t)(5001 + i));

		begin_allocate(self->w, &c);
		EXPECT_EQ(401, finish(self->w));
		begin_allocate(self->w, &six);
		*six.nonce = '\0';
		EXPECT_EQ(401, finish(self->w));
	}
	begin_allocate(self->w, &same_64);
	EXPECT_EQ(NO_REPLY, finish(self->w));
	EXPECT_EQ(1, drops(self->w, TURN_DROP_SOURCE_RATE));
	/* Who has shown a key is served, errors included. */
	EXPECT_EQ(0, permit(self->w, &self->c, "198.51.100.99"));
	EXPECT_EQ(437, allocate(self->w, &self->c));
	EXPECT_EQ(0, refresh(self->w, &self->c, 0));
	begin_allocate(self->w, &other);
	EXPECT_EQ(401, finish(self->w));
	advance(self->w, 1000);
	*same_64.nonce = '\0';
	begin_allocate(self->w, &same_64);
	EXPECT_EQ(401, finish(self->w));
}

TEST_F(discovery, rfc8489_16_1_no_other_transport_gets_more_errors)
{
	static const enum turn_transport all[] = {
		TURN_UDP, TURN_TCP, TURN_TLS, TURN_DTLS,
	};
	struct client c = client_new(5001);

	self->w->cfg->unauthorized_rate = 3;
	for (int i = 0; i < 7; i++) {
		c.tuple.transport = all[i % 4];
		*c.nonce = '\0';
		begin_allocate(self->w, &c);
		EXPECT_EQ(i < 3 ? 401 : NO_REPLY, finish(self->w));
	}
	EXPECT_EQ(4, drops(self->w, TURN_DROP_SOURCE_RATE));
	advance(self->w, 1000);
	begin_allocate(self->w, &c);
	EXPECT_EQ(401, finish(self->w));
}

TEST_HARNESS_MAIN

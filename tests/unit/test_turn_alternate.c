// SPDX-License-Identifier: BSD-3-Clause
/* Sending clients to other servers (RFC 8489, section 10). */
#include <kselftest_harness.h>

#include "turn_client.h"

FIXTURE(alternate)
{
	struct world *w;
	struct client c;
};

FIXTURE_SETUP(alternate)
{
	self->w = world_new();
	self->c = client_new(5000);
	self->c.modern = true;
}

FIXTURE_TEARDOWN(alternate)
{
	EXPECT_EQ(0, world_free(self->w));
}

static void add(struct turn_alternates *list, const char *server)
{
	struct transport_addr a = addr(server);

	if (turn_alternates_add(list, &a))
		abort();
}

/* An Allocate request that says enough to be offered SHA-256. */
static int ask(struct world *w, struct client *c)
{
	stun_put_lifetime(begin_allocate(w, c), 600);
	return finish(w);
}

/* ALTERNATE-SERVER number @index of the reply. */
static bool sent_to(struct world *w, unsigned int index, const char *server)
{
	struct stun_reader attrs = stun_attr_reader(&w->reply);
	struct transport_addr want = addr(server), got = { 0 };
	struct stun_attr attr;

	while (stun_next_attr(&attrs, &attr) > 0) {
		if (attr.type != STUN_ATTR_ALTERNATE_SERVER || index--)
			continue;
		transport_addr_from_ip(&got, attr.value.data[1] == 1 ?
				       AF_INET : AF_INET6, attr.value.data + 4,
				       (uint16_t)(attr.value.data[2] << 8 |
						  attr.value.data[3]));
		return transport_addr_equal(&got, &want);
	}
	return false;
}

TEST_F(alternate, rfc8489_10_only_after_authentication_and_signed)
{
	struct world *w = self->w;

	add(&w->cfg->alternates, "192.0.2.50:3478");
	EXPECT_EQ(401, ask(w, &self->c));
	EXPECT_EQ(300, ask(w, &self->c));
	EXPECT_TRUE(sent_to(w, 0, "192.0.2.50:3478"));
	EXPECT_TRUE(reply_signed(w));
	EXPECT_EQ(0, open_relays(w));
	EXPECT_EQ(1, turn_server_stats(w->srv)->errors[300 - TURN_ERROR_MIN]);
	self->c.key.bytes[0] ^= 1;
	EXPECT_EQ(401, ask(w, &self->c));
}

TEST_F(alternate, rfc8489_10_family_of_the_client_first)
{
	struct client c6 = client_new6(5001);
	struct world *w = self->w;

	add(&w->cfg->alternates, "192.0.2.50:3478");
	add(&w->cfg->alternates, "[2001:db8::50]:3478");
	ask(w, &self->c);
	EXPECT_EQ(300, ask(w, &self->c));
	EXPECT_TRUE(sent_to(w, 0, "192.0.2.50:3478"));
	EXPECT_TRUE(sent_to(w, 1, "[2001:db8::50]:3478"));
	ask(w, &c6);
	EXPECT_EQ(300, ask(w, &c6));
	EXPECT_TRUE(sent_to(w, 0, "[2001:db8::50]:3478"));
	EXPECT_TRUE(sent_to(w, 1, "192.0.2.50:3478"));
}

TEST_F(alternate, without_one_of_the_clients_family_it_is_served_here)
{
	add(&self->w->cfg->alternates, "[2001:db8::50]:3478");
	ask(self->w, &self->c);
	EXPECT_EQ(0, ask(self->w, &self->c));
}

TEST_F(alternate, in_turn_and_this_server_among_them)
{
	struct world *w = self->w;

	add(&w->cfg->alternates, "192.0.2.50:3478");
	add(&w->cfg->alternates, "192.0.2.51:3478");
	add(&w->cfg->alternates, "192.0.2.1:3478");
	ask(w, &self->c);
	EXPECT_EQ(300, ask(w, &self->c));
	EXPECT_TRUE(sent_to(w, 0, "192.0.2.50:3478"));
	EXPECT_EQ(300, ask(w, &self->c));
	EXPECT_TRUE(sent_to(w, 0, "192.0.2.51:3478"));
	EXPECT_EQ(0, ask(w, &self->c));
}

TEST_F(alternate, sessions_and_reserved_ports_stay)
{
	static const uint8_t token[STUN_RESERVATION_TOKEN_LEN];
	struct world *w = self->w;
	struct client other;

	ask(w, &self->c);
	ASSERT_EQ(0, ask(w, &self->c));
	add(&w->cfg->alternates, "192.0.2.50:3478");
	EXPECT_EQ(0, refresh(w, &self->c, 600));
	EXPECT_EQ(0, permit(w, &self->c, "198.51.100.99"));
	EXPECT_EQ(437, ask(w, &self->c));
	other = client_new(5001);
	meet(w, &other);
	stun_put_reservation_token(begin_allocate(w, &other), token);
	EXPECT_EQ(508, finish(w));
	begin_allocate(w, &other);
	EXPECT_EQ(300, finish(w));
}

TEST_F(alternate, bad_requests_are_told_so_first)
{
	add(&self->w->cfg->alternates, "192.0.2.50:3478");
	meet(self->w, &self->c);
	begin(self->w, &self->c, STUN_ALLOCATE);
	EXPECT_EQ(400, finish(self->w));
}

TEST_F(alternate, rfc8489_10_alternate_domain)
{
	struct client old = client_new(5001);
	struct world *w = self->w;
	struct stun_bytes domain;

	add(&w->cfg->alternates, "192.0.2.50:3478");
	add(&w->cfg->secure_alternates, "192.0.2.60:5349");
	strcpy(w->cfg->alternate_domain, "other.example.org");
	ask(w, &self->c);
	EXPECT_EQ(300, ask(w, &self->c));
	EXPECT_TRUE(sent_to(w, 0, "192.0.2.50:3478"));
	EXPECT_FALSE(stun_has(&w->reply, STUN_ATTR_ALTERNATE_DOMAIN));

	self->c.tuple.transport = TURN_TLS;
	EXPECT_EQ(300, ask(w, &self->c));
	EXPECT_TRUE(sent_to(w, 0, "192.0.2.60:5349"));
	ASSERT_EQ(0, stun_get_bytes(&w->reply, STUN_ATTR_ALTERNATE_DOMAIN,
				    &domain));
	EXPECT_EQ(0, memcmp(domain.data, "other.example.org", domain.len));
	/* Who signs with MESSAGE-INTEGRITY would not know what it is. */
	old.tuple.transport = TURN_DTLS;
	ask(w, &old);
	EXPECT_EQ(300, ask(w, &old));
	EXPECT_FALSE(stun_has(&w->reply, STUN_ATTR_ALTERNATE_DOMAIN));
}

/* "otherwise, it MUST NOT be sent": anybody could have sent it. */
TEST_F(alternate, rfc8489_14_8_without_authentication_it_is_served_here)
{
	struct world *w = self->w;

	w->cfg->auth = TURN_AUTH_NONE;
	add(&w->cfg->alternates, "192.0.2.50:3478");
	begin_allocate(w, &self->c);
	EXPECT_EQ(0, finish(w));
}

/* Who cannot serve sends elsewhere whom it can. */
TEST_F(alternate, rfc8489_10_a_draining_server_sends_on)
{
	struct client six = client_new6(5001);
	struct world *w = self->w;

	add(&w->cfg->alternates, "192.0.2.50:3478");
	turn_server_drain(w->srv, true);
	ask(w, &self->c);
	EXPECT_EQ(300, ask(w, &self->c));
	EXPECT_TRUE(sent_to(w, 0, "192.0.2.50:3478"));
	ask(w, &six);
	EXPECT_EQ(508, ask(w, &six));
}

TEST_F(alternate, needs_address_and_port)
{
	struct transport_addr a = { 0 };

	EXPECT_EQ(-EINVAL, turn_alternates_add(&self->w->cfg->alternates, &a));
	a = addr("192.0.2.50");
	EXPECT_EQ(-EINVAL, turn_alternates_add(&self->w->cfg->alternates, &a));
}

/* "all the attributes"; padded as any attribute is, not by repeating one. */
TEST_F(alternate, rfc8489_14_13_unknown_attributes_are_all_listed)
{
	uint16_t types[STUN_UNKNOWN_MAX + 1];
	struct stun_bytes list;
	struct stun_builder *b;
	int i;

	meet(self->w, &self->c);
	b = begin_allocate(self->w, &self->c);
	for (i = 0; i < 41; i++)
		stun_put_bytes(b, (uint16_t)(0x7f00 + i), "", 0);
	stun_put_bytes(b, 0x7f00, "", 0);
	EXPECT_EQ(420, finish(self->w));
	ASSERT_EQ(0, stun_get_bytes(&self->w->reply,
				    STUN_ATTR_UNKNOWN_ATTRIBUTES, &list));
	EXPECT_EQ(82, list.len);
	EXPECT_EQ(0, list.data[82]);
	EXPECT_EQ(0, list.data[83]);
	ASSERT_EQ(41, stun_get_unknown_attributes(&self->w->reply, types, 64));
	for (i = 0; i < 41; i++)
		EXPECT_EQ(0x7f00 + i, types[i]);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: BSD-3-Clause
/* Allocate requests: each check of RFC 8656 section 7.2, and retransmissions. */
#include <kselftest_harness.h>

#include "turn_client.h"

FIXTURE(allocate)
{
	struct world *w;
	struct client c;
};

FIXTURE_SETUP(allocate)
{
	self->w = world_new();
	self->c = client_new(5000);
}

FIXTURE_TEARDOWN(allocate)
{
	EXPECT_EQ(0, world_free(self->w));
}

/* The n-th XOR-RELAYED-ADDRESS of the response. */
static struct transport_addr relayed(struct world *w, int n)
{
	struct stun_reader attrs = stun_attr_reader(&w->reply);
	struct transport_addr a = { 0 };
	struct stun_attr attr;

	while (stun_next_attr(&attrs, &attr) > 0) {
		struct stun_message copy = w->reply;

		if (attr.type != STUN_ATTR_XOR_RELAYED_ADDRESS || n-- > 0)
			continue;
		copy.ref[stun_attr_slot(attr.type)].offset =
			(uint16_t)(attr.value.data - w->reply.data -
				   STUN_HEADER_LEN);
		copy.ref[stun_attr_slot(attr.type)].len =
			(uint16_t)attr.value.len;
		stun_get_address(&copy, STUN_ATTR_XOR_RELAYED_ADDRESS, &a);
		break;
	}
	return a;
}

static uint32_t lifetime(struct world *w)
{
	uint32_t seconds = UINT32_MAX;

	stun_get_lifetime(&w->reply, &seconds);
	return seconds;
}

TEST_F(allocate, rfc8656_7_2_success)
{
	struct transport_addr expected = addr("192.0.2.1:50000"), a;

	ASSERT_EQ(0, allocate(self->w, &self->c));
	a = relayed(self->w, 0);
	EXPECT_TRUE(transport_addr_equal(&expected, &a));
	EXPECT_EQ(0, relayed(self->w, 1).family);
	EXPECT_EQ(600, lifetime(self->w));
	ASSERT_EQ(0, stun_get_address(&self->w->reply,
				      STUN_ATTR_XOR_MAPPED_ADDRESS, &a));
	EXPECT_TRUE(transport_addr_equal(&self->c.tuple.client, &a));
	EXPECT_FALSE(stun_has(&self->w->reply, STUN_ATTR_RESERVATION_TOKEN));
}

TEST_F(allocate, rfc8656_7_2_external_address_is_told)
{
	struct transport_addr expected = addr("203.0.113.1:50000"), a;

	self->w->external_ip = true;
	ASSERT_EQ(0, allocate(self->w, &self->c));
	a = relayed(self->w, 0);
	EXPECT_TRUE(transport_addr_equal(&expected, &a));
}

TEST_F(allocate, rfc8656_7_2_step2_a_second_allocation_is_437)
{
	ASSERT_EQ(0, allocate(self->w, &self->c));
	EXPECT_EQ(437, allocate(self->w, &self->c));
	EXPECT_TRUE(reply_signed(self->w));
	EXPECT_EQ(1, open_relays(self->w));
}

TEST_F(allocate, rfc8656_7_2_retransmission_gets_the_same_success)
{
	struct transport_addr first, again;

	ASSERT_EQ(0, allocate(self->w, &self->c));
	first = relayed(self->w, 0);
	advance(self->w, 1500);
	ASSERT_EQ(0, send_again(self->w));
	again = relayed(self->w, 0);
	EXPECT_TRUE(transport_addr_equal(&first, &again));
	EXPECT_EQ(598, lifetime(self->w));
	EXPECT_TRUE(reply_signed(self->w));
	EXPECT_EQ(1, open_relays(self->w));
	EXPECT_EQ(1, turn_server_stats(self->w->srv)->allocations_total);
}

TEST_F(allocate, rfc8656_7_2_step3_transport)
{
	meet(self->w, &self->c);
	begin(self->w, &self->c, STUN_ALLOCATE);
	EXPECT_EQ(400, finish(self->w));
	stun_put_requested_transport(begin(self->w, &self->c, STUN_ALLOCATE),
				     IPPROTO_SCTP);
	EXPECT_EQ(442, finish(self->w));
	EXPECT_EQ(0, open_relays(self->w));
}

TEST_F(allocate, rfc8656_7_2_step3_malformed_transport_is_400)
{
	uint8_t *length;

	meet(self->w, &self->c);
	stun_put_requested_transport(begin(self->w, &self->c, STUN_ALLOCATE),
				     IPPROTO_UDP);
	/* Three bytes and one of padding, before the whole is signed. */
	length = self->w->request + STUN_HEADER_LEN + 3;
	ASSERT_EQ(4, *length);
	*length = 3;
	EXPECT_EQ(400, finish(self->w));
}

TEST_F(allocate, rfc8656_7_2_step4_dont_fragment_is_supported)
{
	meet(self->w, &self->c);
	stun_put_flag(begin_allocate(self->w, &self->c),
		      STUN_ATTR_DONT_FRAGMENT);
	EXPECT_EQ(0, finish(self->w));
}

TEST_F(allocate, rfc8656_7_2_step5_token_goes_with_nothing_else)
{
	static const uint8_t token[STUN_RESERVATION_TOKEN_LEN];
	struct client *c = &self->c;
	struct world *w = self->w;

	meet(w, c);
	stun_put_reservation_token(begin_allocate(w, c), token);
	stun_put_even_port(&w->b, false);
	EXPECT_EQ(400, finish(w));
	stun_put_reservation_token(begin_allocate(w, c), token);
	stun_put_address_family(&w->b, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, 1);
	EXPECT_EQ(400, finish(w));
	stun_put_reservation_token(begin_allocate(w, c), token);
	stun_put_address_family(&w->b, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, 2);
	EXPECT_EQ(400, finish(w));
	stun_put_reservation_token(begin_allocate(w, c), token);
	EXPECT_EQ(508, finish(w));
}

TEST_F(allocate, rfc8656_7_2_step6_both_families_in_two_ways_is_400)
{
	meet(self->w, &self->c);
	begin_allocate(self->w, &self->c);
	stun_put_address_family(&self->w->b,
				STUN_ATTR_REQUESTED_ADDRESS_FAMILY, 1);
	stun_put_address_family(&self->w->b,
				STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, 2);
	EXPECT_EQ(400, finish(self->w));
}

TEST_F(allocate, rfc8656_7_2_step7_requested_family)
{
	struct client c6 = client_new(5001);

	EXPECT_EQ(440, allocate_family(self->w, &self->c,
				       STUN_ATTR_REQUESTED_ADDRESS_FAMILY, 3));
	EXPECT_EQ(0, allocate_family(self->w, &self->c,
				     STUN_ATTR_REQUESTED_ADDRESS_FAMILY, 1));
	EXPECT_EQ(AF_INET, relayed(self->w, 0).family);
	EXPECT_EQ(0, allocate_family(self->w, &c6,
				     STUN_ATTR_REQUESTED_ADDRESS_FAMILY, 2));
	EXPECT_EQ(AF_INET6, relayed(self->w, 0).family);
}

TEST_F(allocate, rfc8656_7_2_step7_family_not_served_is_440)
{
	self->w->refuse_ipv6 = -EAFNOSUPPORT;
	EXPECT_EQ(440, allocate_family(self->w, &self->c,
				       STUN_ATTR_REQUESTED_ADDRESS_FAMILY, 2));
	self->w->refuse_ipv4 = -EAFNOSUPPORT;
	EXPECT_EQ(440, allocate(self->w, &self->c));
	EXPECT_EQ(0, turn_shared_allocations(self->w->shared));
}

TEST_F(allocate, rfc8656_7_2_step7_default_is_ipv4_whatever_the_client)
{
	struct client c6 = client_new6(5001);

	ASSERT_EQ(0, allocate(self->w, &c6));
	EXPECT_EQ(AF_INET, relayed(self->w, 0).family);
}

TEST_F(allocate, default_family_can_be_chosen)
{
	struct client c6 = client_new6(5001);

	self->w->cfg->default_family = TURN_DEFAULT_FAMILY_KEEP;
	ASSERT_EQ(0, allocate(self->w, &c6));
	EXPECT_EQ(AF_INET6, relayed(self->w, 0).family);
	self->w->cfg->default_family = TURN_DEFAULT_FAMILY_IPV6;
	ASSERT_EQ(0, allocate(self->w, &self->c));
	EXPECT_EQ(AF_INET6, relayed(self->w, 0).family);
}

TEST_F(allocate, rfc8656_7_2_step8_no_socket_is_508)
{
	self->w->refuse_ipv4 = -EADDRINUSE;
	EXPECT_EQ(508, allocate(self->w, &self->c));
	EXPECT_EQ(0, turn_shared_allocations(self->w->shared));
	self->w->refuse_ipv4 = 0;
	EXPECT_EQ(0, allocate(self->w, &self->c));
}

TEST_F(allocate, rfc8656_7_2_step8_reserving_goes_not_with_two_families)
{
	meet(self->w, &self->c);
	stun_put_even_port(begin_allocate(self->w, &self->c), true);
	stun_put_address_family(&self->w->b,
				STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, 2);
	EXPECT_EQ(400, finish(self->w));
}

TEST_F(allocate, rfc8656_7_2_step9_dual_allocation)
{
	ASSERT_EQ(0, allocate_family(self->w, &self->c,
				     STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, 2));
	EXPECT_EQ(AF_INET, relayed(self->w, 0).family);
	EXPECT_EQ(AF_INET6, relayed(self->w, 1).family);
	EXPECT_FALSE(stun_has(&self->w->reply, STUN_ATTR_ADDRESS_ERROR_CODE));
	EXPECT_EQ(2, open_relays(self->w));
	EXPECT_EQ(1, turn_shared_allocations(self->w->shared));
}

TEST_F(allocate, dual_allocation_by_the_drafts_number)
{
	struct client other = client_new(5001);

	ASSERT_EQ(0, allocate_family(self->w, &self->c, 0x8032, 2));
	EXPECT_EQ(AF_INET, relayed(self->w, 0).family);
	EXPECT_EQ(AF_INET6, relayed(self->w, 1).family);
	EXPECT_EQ(400, allocate_family(self->w, &other, 0x8032, 1));
}

TEST_F(allocate, rfc8656_7_2_step9_only_ipv6_may_be_additional)
{
	EXPECT_EQ(400, allocate_family(self->w, &self->c,
				       STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, 1));
	EXPECT_EQ(400, allocate_family(self->w, &self->c,
				       STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, 9));
}

TEST_F(allocate, rfc8656_7_2_step9_half_a_dual_allocation_says_why)
{
	struct client other = client_new(5001);
	struct stun_error e;

	self->w->refuse_ipv6 = -EAFNOSUPPORT;
	ASSERT_EQ(0, allocate_family(self->w, &self->c,
				     STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, 2));
	EXPECT_EQ(AF_INET, relayed(self->w, 0).family);
	EXPECT_EQ(0, relayed(self->w, 1).family);
	ASSERT_EQ(0, stun_get_address_error_code(&self->w->reply, &e));
	EXPECT_EQ(440, e.code);
	EXPECT_EQ(STUN_FAMILY_IPV6, e.family);
	/* Again in the answer to a retransmission. */
	ASSERT_EQ(0, send_again(self->w));
	ASSERT_EQ(0, stun_get_address_error_code(&self->w->reply, &e));
	EXPECT_EQ(440, e.code);

	self->w->refuse_ipv6 = 0;
	self->w->refuse_ipv4 = -EADDRINUSE;
	ASSERT_EQ(0, allocate_family(self->w, &other,
				     STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, 2));
	EXPECT_EQ(AF_INET6, relayed(self->w, 0).family);
	ASSERT_EQ(0, stun_get_address_error_code(&self->w->reply, &e));
	EXPECT_EQ(508, e.code);
	EXPECT_EQ(STUN_FAMILY_IPV4, e.family);
}

TEST_F(allocate, rfc8656_7_2_step9_neither_of_two)
{
	self->w->refuse_ipv4 = -EADDRINUSE;
	self->w->refuse_ipv6 = -EAFNOSUPPORT;
	EXPECT_EQ(508, allocate_family(self->w, &self->c,
				       STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, 2));
	self->w->refuse_ipv4 = -EAFNOSUPPORT;
	EXPECT_EQ(440, allocate_family(self->w, &self->c,
				       STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, 2));
}

/* --- EVEN-PORT and RESERVATION-TOKEN --------------------------------------- */

static int allocate_even(struct world *w, struct client *c, bool reserve)
{
	meet(w, c);
	stun_put_even_port(begin_allocate(w, c), reserve);
	return finish(w);
}

static int allocate_token(struct world *w, struct client *c,
			  const uint8_t token[STUN_RESERVATION_TOKEN_LEN])
{
	meet(w, c);
	stun_put_reservation_token(begin_allocate(w, c), token);
	return finish(w);
}

TEST_F(allocate, rfc8656_18_7_even_port)
{
	struct client other = client_new(5001);

	ASSERT_EQ(0, allocate(self->w, &other));
	ASSERT_EQ(0, allocate_even(self->w, &self->c, false));
	EXPECT_EQ(0, relayed(self->w, 0).port % 2);
	EXPECT_TRUE(self->w->last_request.even_port);
	EXPECT_FALSE(self->w->last_request.reserve_next);
	EXPECT_FALSE(stun_has(&self->w->reply, STUN_ATTR_RESERVATION_TOKEN));
}

TEST_F(allocate, rfc8656_7_2_reserved_port_is_the_next)
{
	uint8_t token[STUN_RESERVATION_TOKEN_LEN], again[sizeof(token)];
	struct client rtcp = client_new(5001), late = client_new(5002);
	uint16_t port;

	ASSERT_EQ(0, allocate_even(self->w, &self->c, true));
	port = relayed(self->w, 0).port;
	ASSERT_EQ(0, stun_get_reservation_token(&self->w->reply, token));
	EXPECT_EQ(2, open_relays(self->w));
	/* The answer to a retransmission has the token too. */
	ASSERT_EQ(0, send_again(self->w));
	ASSERT_EQ(0, stun_get_reservation_token(&self->w->reply, again));
	EXPECT_EQ(0, memcmp(token, again, sizeof(token)));

	ASSERT_EQ(0, allocate_token(self->w, &rtcp, token));
	EXPECT_EQ(port + 1, relayed(self->w, 0).port);
	EXPECT_NE(NULL, self->w->relays[1].allocation);
	EXPECT_EQ(508, allocate_token(self->w, &late, token));
	/* The end of the reservation does not touch what came of it. */
	advance(self->w, 60000);
	EXPECT_EQ(2, open_relays(self->w));
}

TEST_F(allocate, rfc8656_7_2_reservation_holds_30_seconds)
{
	uint8_t token[STUN_RESERVATION_TOKEN_LEN];
	struct client rtcp = client_new(5001);

	ASSERT_EQ(0, allocate_even(self->w, &self->c, true));
	ASSERT_EQ(0, stun_get_reservation_token(&self->w->reply, token));
	advance(self->w, 29999);
	EXPECT_EQ(2, open_relays(self->w));
	EXPECT_EQ(2, turn_shared_allocations(self->w->shared));
	advance(self->w, 1);
	EXPECT_EQ(1, open_relays(self->w));
	EXPECT_EQ(1, turn_shared_allocations(self->w->shared));
	EXPECT_EQ(508, allocate_token(self->w, &rtcp, token));
}

TEST_F(allocate, rfc8656_7_2_reservation_is_server_wide)
{
	uint8_t token[STUN_RESERVATION_TOKEN_LEN];
	struct client rtcp = client_new(5001);
	struct turn_server *first = self->w->srv;
	struct turn_server *second;

	ASSERT_EQ(0, allocate_even(self->w, &self->c, true));
	ASSERT_EQ(0, stun_get_reservation_token(&self->w->reply, token));
	/* Another worker, the same shared state. */
	second = turn_server_new(self->w->shared, self->w->cfg, &world_ops,
				 self->w);
	ASSERT_NE(NULL, second);
	self->w->srv = second;
	EXPECT_EQ(0, allocate_token(self->w, &rtcp, token));
	EXPECT_EQ(50001, relayed(self->w, 0).port);
	turn_server_free(second);
	self->w->srv = first;
	EXPECT_EQ(1, open_relays(self->w));
}

TEST_F(allocate, unused_reservation_ends_with_the_server)
{
	ASSERT_EQ(0, allocate_even(self->w, &self->c, true));
	EXPECT_EQ(2, open_relays(self->w));
	/* The teardown counts what is left. */
}

/* --- LIFETIME -------------------------------------------------------------- */

static int allocate_lifetime(struct world *w, uint16_t port, uint32_t seconds)
{
	struct client c = client_new(port);

	meet(w, &c);
	stun_put_lifetime(begin_allocate(w, &c), seconds);
	return finish(w);
}

TEST_F(allocate, rfc8656_7_2_lifetime)
{
	ASSERT_EQ(0, allocate_lifetime(self->w, 1, 0));
	EXPECT_EQ(600, lifetime(self->w));
	ASSERT_EQ(0, allocate_lifetime(self->w, 2, 10));
	EXPECT_EQ(600, lifetime(self->w));
	ASSERT_EQ(0, allocate_lifetime(self->w, 3, 1200));
	EXPECT_EQ(1200, lifetime(self->w));
	ASSERT_EQ(0, allocate_lifetime(self->w, 4, 3601));
	EXPECT_EQ(3600, lifetime(self->w));
	ASSERT_EQ(0, allocate_lifetime(self->w, 5, UINT32_MAX));
	EXPECT_EQ(3600, lifetime(self->w));
}

TEST_F(allocate, a_maximum_below_the_default_lowers_it)
{
	self->w->cfg->max_lifetime = 120;
	ASSERT_EQ(0, allocate(self->w, &self->c));
	EXPECT_EQ(120, lifetime(self->w));
}

TEST_F(allocate, rfc8656_6_expiry)
{
	ASSERT_EQ(0, allocate(self->w, &self->c));
	EXPECT_EQ(self->w->now + 600000, turn_server_deadline(self->w->srv));
	advance(self->w, 599999);
	EXPECT_EQ(1, open_relays(self->w));
	advance(self->w, 1);
	EXPECT_EQ(0, open_relays(self->w));
	EXPECT_EQ(0, turn_shared_allocations(self->w->shared));
	EXPECT_EQ(0, turn_server_stats(self->w->srv)->allocations);
	EXPECT_EQ(TURN_NEVER, turn_server_deadline(self->w->srv));
	EXPECT_EQ(0, allocate(self->w, &self->c));
}

TEST_F(allocate, what_has_expired_is_gone_even_if_the_timer_is_late)
{
	ASSERT_EQ(0, allocate(self->w, &self->c));
	self->w->now += 600000;
	EXPECT_EQ(437, refresh(self->w, &self->c, 600));
	EXPECT_EQ(0, open_relays(self->w));
}

/* --- policy ---------------------------------------------------------------- */

TEST_F(allocate, draining_is_508_for_new_ones_only)
{
	struct client other = client_new(5001);

	ASSERT_EQ(0, allocate(self->w, &self->c));
	turn_server_drain(self->w->srv, true);
	EXPECT_EQ(508, allocate(self->w, &other));
	EXPECT_EQ(0, refresh(self->w, &self->c, 600));
	turn_server_drain(self->w->srv, false);
	EXPECT_EQ(0, allocate(self->w, &other));
}

TEST_F(allocate, software_and_fingerprint)
{
	strcpy(self->w->cfg->software, "kturn");
	ASSERT_EQ(0, allocate(self->w, &self->c));
	EXPECT_TRUE(stun_has(&self->w->reply, STUN_ATTR_SOFTWARE));
	EXPECT_FALSE(stun_has(&self->w->reply, STUN_ATTR_FINGERPRINT));
	self->c.fingerprint = true;
	ASSERT_EQ(0, refresh(self->w, &self->c, 600));
	EXPECT_EQ(0, stun_check_fingerprint(&self->w->reply));
	self->c.fingerprint = false;
	self->w->cfg->fingerprint = true;
	ASSERT_EQ(0, refresh(self->w, &self->c, 600));
	EXPECT_EQ(0, stun_check_fingerprint(&self->w->reply));
}

TEST_F(allocate, client_gone_ends_the_allocation)
{
	self->c.tuple.transport = TURN_TCP;
	ASSERT_EQ(0, allocate(self->w, &self->c));
	turn_server_client_gone(self->w->srv, &self->c.tuple);
	EXPECT_EQ(0, open_relays(self->w));
	turn_server_client_gone(self->w->srv, &self->c.tuple);
}

/* Packets of theirs may have been put in a tunnel by anybody. */
TEST_F(allocate, rfc8656_21_4_clients_at_tunneled_addresses)
{
	static const char *const tunneled[] = {
		"[2002:c633:6407::1]:5000", "[2001:0:1:2:0:ffff:39cc:9bf8]:5000",
	};

	for (int i = 0; i < 2; i++) {
		struct client c = client_at(tunneled[i], "[2001:db8::1]:3478");

		EXPECT_EQ(403, allocate(self->w, &c));
	}
	EXPECT_EQ(0, open_relays(self->w));
}

/* Binding requests of RFC 3489, which had no magic cookie. */
TEST_F(allocate, rfc8489_11_classic_stun_over_dtls_is_500)
{
	uint8_t classic[20] = {
		0, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
	};
	struct client c = client_new(5000);
	struct stun_error error;
	struct world *w = self->w;

	turn_server_datagram(w->srv, &c.tuple, classic, sizeof(classic), w->now);
	EXPECT_EQ(0, w->n_replies);
	c.tuple.transport = TURN_DTLS;
	turn_server_datagram(w->srv, &c.tuple, classic, sizeof(classic), w->now);
	ASSERT_EQ(1, w->n_replies);
	EXPECT_EQ(0, memcmp(classic + 4, w->to_client + 4, 16));
	w->to_client[4] = 0x21;
	w->to_client[5] = 0x12;
	w->to_client[6] = 0xa4;
	w->to_client[7] = 0x42;
	ASSERT_EQ(STUN_OK, stun_message_decode(&w->reply, w->to_client,
					       w->to_client_len));
	EXPECT_EQ(STUN_ERROR, w->reply.class);
	EXPECT_EQ(STUN_BINDING, w->reply.method);
	ASSERT_EQ(0, stun_get_error_code(&w->reply, &error));
	EXPECT_EQ(500, error.code);
	/* Indications, and what is cut off, get nothing. */
	classic[1] = 0x11;
	turn_server_datagram(w->srv, &c.tuple, classic, sizeof(classic), w->now);
	classic[1] = 1;
	turn_server_datagram(w->srv, &c.tuple, classic, 19, w->now);
	classic[3] = 4;
	turn_server_datagram(w->srv, &c.tuple, classic, 20, w->now);
	EXPECT_EQ(1, w->n_replies);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: BSD-3-Clause
/* Mobility (RFC 8016): tickets, moves, and moves from worker to worker. */
#include <kselftest_harness.h>

#include "turn/ticket.h"
#include "turn/transfer.h"
#include "turn_client.h"

#define PEER	"198.51.100.99:9"
#define CHANNEL	0x4000

/* The longest ticket that STUN over UDP should carry: fits any path. */
#define TICKET_MAX 128

struct ticket {
	uint8_t bytes[TICKET_MAX];
	size_t len;
};

/* Two workers; the client comes to the first and may move to the second. */
FIXTURE(mobility)
{
	struct world *w, *other;
	struct client c;
	struct ticket ticket;
};

FIXTURE_SETUP(mobility)
{
	self->w = world_new();
	self->w->cfg->mobility = true;
	turn_server_fastpath_up(self->w->srv, self->w->now);
	self->other = world_join(self->w);
	turn_server_fastpath_up(self->other->srv, self->w->now);
	self->c = client_new(5000);
}

FIXTURE_TEARDOWN(mobility)
{
	world_free(self->other);
	EXPECT_EQ(0, world_free(self->w));
}

static bool keep_ticket(struct world *w, struct ticket *t)
{
	struct stun_bytes value;

	if (stun_get_bytes(&w->reply, STUN_ATTR_MOBILITY_TICKET, &value) ||
	    value.len > TICKET_MAX)
		return false;
	memcpy(t->bytes, value.data, value.len);
	t->len = value.len;
	return true;
}

static int allocate_with(struct world *w, struct client *c, const void *value,
			 size_t len)
{
	meet(w, c);
	stun_put_bytes(begin_allocate(w, c), STUN_ATTR_MOBILITY_TICKET, value,
		       len);
	return finish(w);
}

/* An allocation that may move, with a channel; its ticket is kept. */
static bool settle(FIXTURE_DATA(mobility) *self)
{
	return allocate_with(self->w, &self->c, NULL, 0) == 0 &&
	       keep_ticket(self->w, &self->ticket) &&
	       bind_channel(self->w, &self->c, CHANNEL, PEER) == 0;
}

/* The same client at another address, with a nonce for that. */
static struct client moved(struct world *w, const struct client *c,
			   uint16_t port)
{
	struct client there = *c;

	there.tuple.client.port = port;
	*there.nonce = '\0';
	meet(w, &there);
	return there;
}

static int refresh_with(struct world *w, struct client *c,
			const struct ticket *t)
{
	stun_put_bytes(begin(w, c, STUN_REFRESH), STUN_ATTR_MOBILITY_TICKET,
		       t->bytes, t->len);
	return finish(w);
}

static bool data_goes_to(struct world *w, struct world *relays,
			 const struct client *c)
{
	struct transport_addr peer = addr(PEER);
	uint8_t buf[TURN_HEADROOM + 1 + TURN_TAILROOM] = { 0 };

	turn_server_peer_datagram(w->srv, relays->relays[0].allocation, &peer,
				  buf + TURN_HEADROOM, 1, w->now);
	return memcmp(&w->to_client_tuple, &c->tuple, sizeof(c->tuple)) == 0;
}

static bool comes_through(struct world *w, struct client *c, const char *text)
{
	w->to_peer_len = 0;
	send_channel_data(w, c, CHANNEL, text);
	return peer_got(w, text);
}

static bool same_ticket(const struct ticket *a, const struct ticket *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

TEST_F(mobility, rfc8016_3_1_2_an_empty_ticket_gets_a_ticket)
{
	ASSERT_EQ(0, allocate_with(self->w, &self->c, NULL, 0));
	EXPECT_TRUE(keep_ticket(self->w, &self->ticket));
	EXPECT_LE(32, self->ticket.len);
	EXPECT_TRUE(reply_signed(self->w));
	/* A retransmission is told the same, by a ticket as good. */
	ASSERT_EQ(0, send_again(self->w));
	EXPECT_TRUE(keep_ticket(self->w, &self->ticket));
	/* Who asks for none gets none. */
	self->c = client_new(5001);
	ASSERT_EQ(0, allocate(self->w, &self->c));
	EXPECT_FALSE(keep_ticket(self->w, &self->ticket));
}

TEST_F(mobility, rfc8016_3_1_2_a_ticket_in_allocate_is_400)
{
	EXPECT_EQ(400, allocate_with(self->w, &self->c, "ticket", 6));
	EXPECT_EQ(0, open_relays(self->w));
}

TEST_F(mobility, rfc8016_3_1_2_forbidden_by_policy_is_405)
{
	self->w->cfg->mobility = false;
	EXPECT_EQ(405, allocate_with(self->w, &self->c, NULL, 0));
	EXPECT_EQ(0, open_relays(self->w));
	EXPECT_EQ(400, allocate_with(self->w, &self->c, "ticket", 6));
	EXPECT_EQ(0, allocate(self->w, &self->c));
}

/* Connections with peers stay with the client's own (RFC 6062). */
TEST_F(mobility, rfc8016_3_1_2_tcp_allocations_do_not_move)
{
	self->c.tuple.transport = TURN_TCP;
	meet(self->w, &self->c);
	stun_put_requested_transport(begin(self->w, &self->c, STUN_ALLOCATE),
				     IPPROTO_TCP);
	stun_put_bytes(&self->w->b, STUN_ATTR_MOBILITY_TICKET, NULL, 0);
	EXPECT_EQ(405, finish(self->w));
}

/* "If (D)TLS is not used [...] and authentication also fails" */
TEST_F(mobility, rfc8016_5_nobody_moves_unauthenticated)
{
	self->w->cfg->auth = TURN_AUTH_NONE;
	begin_allocate(self->w, &self->c);
	stun_put_bytes(&self->w->b, STUN_ATTR_MOBILITY_TICKET, NULL, 0);
	EXPECT_EQ(405, finish(self->w));
	self->c.tuple.transport = TURN_TLS;
	begin_allocate(self->w, &self->c);
	stun_put_bytes(&self->w->b, STUN_ATTR_MOBILITY_TICKET, NULL, 0);
	EXPECT_EQ(0, finish(self->w));
}

TEST_F(mobility, rfc8016_3_2_2_a_refresh_with_the_ticket_moves)
{
	struct client there;
	struct ticket next;

	ASSERT_TRUE(settle(self));
	there = moved(self->w, &self->c, 6000);
	forget_trace(self->w);
	ASSERT_EQ(0, refresh_with(self->w, &there, &self->ticket));
	EXPECT_TRUE(reply_signed(self->w));
	/* Install first, answer after. */
	EXPECT_STREQ("fp-move reply ", self->w->trace);
	EXPECT_TRUE(transport_addr_equal(&there.tuple.client,
					 &self->w->fp_allocation.client));
	EXPECT_EQ(600000, self->w->fp_allocation.timeout_ms);
	ASSERT_TRUE(keep_ticket(self->w, &next));
	EXPECT_FALSE(same_ticket(&next, &self->ticket));
	EXPECT_TRUE(data_goes_to(self->w, self->w, &there));
	EXPECT_TRUE(comes_through(self->w, &there, "new"));
	EXPECT_EQ(1, open_relays(self->w));
	/* And on, by the next ticket only. */
	there = moved(self->w, &self->c, 6001);
	EXPECT_EQ(400, refresh_with(self->w, &there, &self->ticket));
	EXPECT_EQ(0, refresh_with(self->w, &there, &next));
}

TEST_F(mobility, rfc8016_3_2_2_from_one_address_family_to_the_other)
{
	struct client there = client_new6(7000);

	ASSERT_TRUE(settle(self));
	meet(self->w, &there);
	ASSERT_EQ(0, refresh_with(self->w, &there, &self->ticket));
	EXPECT_TRUE(data_goes_to(self->w, self->w, &there));
	EXPECT_EQ(AF_INET6, self->w->fp_allocation.client.family);
}

/* "MUST continue receiving and processing data on the old 5-tuple" */
TEST_F(mobility, rfc8016_3_2_2_the_old_5_tuple_is_heard_until_the_new_one_is)
{
	struct client there;

	ASSERT_TRUE(settle(self));
	there = moved(self->w, &self->c, 6000);
	ASSERT_EQ(0, refresh_with(self->w, &there, &self->ticket));
	EXPECT_TRUE(comes_through(self->w, &self->c, "old"));
	EXPECT_EQ(0, refresh(self->w, &self->c, 600));
	EXPECT_TRUE(data_goes_to(self->w, self->w, &there));
	forget_trace(self->w);
	send_indication(self->w, &there, PEER, "new", false);
	EXPECT_TRUE(peer_got(self->w, "new"));
	/* The module forgets it as well. */
	EXPECT_STREQ("fp-move peer ", self->w->trace);
	EXPECT_FALSE(comes_through(self->w, &self->c, "old"));
	EXPECT_EQ(437, refresh(self->w, &self->c, 600));
}

/* A NAT may have given the old address to somebody else. */
TEST_F(mobility, rfc8016_3_2_2_the_old_5_tuple_may_allocate_anew)
{
	struct client there;

	ASSERT_TRUE(settle(self));
	there = moved(self->w, &self->c, 6000);
	ASSERT_EQ(0, refresh_with(self->w, &there, &self->ticket));
	ASSERT_EQ(0, allocate(self->w, &self->c));
	EXPECT_FALSE(comes_through(self->w, &self->c, "old"));
	EXPECT_TRUE(comes_through(self->w, &there, "new"));
	EXPECT_EQ(2, open_relays(self->w));
}

/* "must retain the old [...] attribute for a period of at least 30 seconds" */
TEST_F(mobility, rfc8016_3_2_2_a_retransmission_is_answered_again)
{
	struct ticket next, again;
	struct client there;

	ASSERT_TRUE(settle(self));
	there = moved(self->w, &self->c, 6000);
	ASSERT_EQ(0, refresh_with(self->w, &there, &self->ticket));
	ASSERT_TRUE(keep_ticket(self->w, &next));
	EXPECT_TRUE(comes_through(self->w, &there, "new"));
	advance(self->w, 30000);
	ASSERT_EQ(0, send_again(self->w));
	EXPECT_TRUE(keep_ticket(self->w, &again));
	/* Whichever of the two the client keeps. */
	there = moved(self->w, &self->c, 6001);
	ASSERT_EQ(0, refresh_with(self->w, &there, &again));
	there = moved(self->w, &self->c, 6002);
	EXPECT_EQ(400, refresh_with(self->w, &there, &next));
}

/* "The old ticket can only be used for the purposes of retransmission." */
TEST_F(mobility, rfc8016_3_2_2_an_old_ticket_is_good_for_nothing_else)
{
	struct client there;

	ASSERT_TRUE(settle(self));
	there = moved(self->w, &self->c, 6000);
	ASSERT_EQ(0, refresh_with(self->w, &there, &self->ticket));
	EXPECT_EQ(400, refresh_with(self->w, &there, &self->ticket));
	EXPECT_EQ(400, refresh_with(self->w, &self->c, &self->ticket));
	there.txid = 100;
	ASSERT_EQ(400, refresh_with(self->w, &there, &self->ticket));
	advance(self->w, 41000);
	EXPECT_EQ(400, send_again(self->w));
}

TEST_F(mobility, rfc8016_3_2_2_the_same_5_tuple_is_400)
{
	ASSERT_TRUE(settle(self));
	EXPECT_EQ(400, refresh_with(self->w, &self->c, &self->ticket));
	EXPECT_EQ(0, refresh(self->w, &self->c, 600));
}

TEST_F(mobility, rfc8016_3_2_2_an_invalid_ticket_is_400)
{
	struct ticket t;
	struct client there;
	size_t i;

	ASSERT_TRUE(settle(self));
	there = moved(self->w, &self->c, 6000);
	for (i = 0; i <= self->ticket.len; i++) {
		t = self->ticket;
		if (i < t.len)
			t.bytes[i] ^= 1;
		else
			t.len -= 4;
		EXPECT_EQ(400, refresh_with(self->w, &there, &t))
			TH_LOG("byte %zu", i);
	}
	t.len = 0;
	EXPECT_EQ(400, refresh_with(self->w, &there, &t));
	EXPECT_EQ(0, refresh_with(self->w, &there, &self->ticket));
}

TEST_F(mobility, rfc8016_3_2_2_forbidden_meanwhile_is_405)
{
	struct client there;

	ASSERT_TRUE(settle(self));
	there = moved(self->w, &self->c, 6000);
	self->w->cfg->mobility = false;
	EXPECT_EQ(405, refresh_with(self->w, &there, &self->ticket));
	EXPECT_TRUE(data_goes_to(self->w, self->w, &self->c));
}

TEST_F(mobility, rfc8016_3_2_2_without_its_allocation_is_437)
{
	struct client there;

	ASSERT_TRUE(settle(self));
	there = moved(self->w, &self->c, 6000);
	ASSERT_EQ(0, refresh(self->w, &self->c, 0));
	EXPECT_EQ(437, refresh_with(self->w, &there, &self->ticket));
	EXPECT_TRUE(reply_signed(self->w));
}

TEST_F(mobility, rfc8016_3_2_2_to_a_5_tuple_with_an_allocation_is_437)
{
	struct client there;

	ASSERT_TRUE(settle(self));
	there = moved(self->w, &self->c, 6000);
	ASSERT_EQ(0, allocate(self->w, &there));
	EXPECT_EQ(437, refresh_with(self->w, &there, &self->ticket));
	EXPECT_EQ(0, refresh(self->w, &there, 600));
}

/* "identify that it is the same user [...] 441 (Wrong Credentials)" */
TEST_F(mobility, rfc8016_3_2_2_another_user_is_441)
{
	struct client there;

	ASSERT_TRUE(settle(self));
	there = moved(self->w, &self->c, 6000);
	there.username = "bob";
	there.password = "hunter2";
	make_key(self->w, &there);
	EXPECT_EQ(441, refresh_with(self->w, &there, &self->ticket));
	there.password = "wrong";
	make_key(self->w, &there);
	EXPECT_EQ(401, refresh_with(self->w, &there, &self->ticket));
	EXPECT_TRUE(data_goes_to(self->w, self->w, &self->c));
}

/* Deleted from elsewhere: it need not move for that. */
TEST_F(mobility, rfc8016_3_2_1_delete_from_a_new_5_tuple)
{
	struct client there;

	ASSERT_TRUE(settle(self));
	there = moved(self->w, &self->c, 6000);
	stun_put_bytes(begin(self->w, &there, STUN_REFRESH),
		       STUN_ATTR_MOBILITY_TICKET, self->ticket.bytes,
		       self->ticket.len);
	stun_put_lifetime(&self->w->b, 0);
	EXPECT_EQ(0, finish(self->w));
	EXPECT_FALSE(keep_ticket(self->w, &self->ticket));
	EXPECT_EQ(0, open_relays(self->w));
}

TEST_F(mobility, rfc8016_3_2_2_over_tcp_the_module_has_nothing_to_do_with_it)
{
	struct client there;
	struct ticket next;

	ASSERT_TRUE(settle(self));
	there = self->c;
	there.tuple.transport = TURN_TCP;
	forget_trace(self->w);
	ASSERT_EQ(0, refresh_with(self->w, &there, &self->ticket));
	EXPECT_STREQ("fp-del reply ", self->w->trace);
	EXPECT_EQ(0, self->w->fp_installed);
	EXPECT_TRUE(data_goes_to(self->w, self->w, &there));
	ASSERT_TRUE(keep_ticket(self->w, &next));

	/* Break before make: the client may come back. */
	turn_server_client_gone(self->w->srv, &there.tuple);
	EXPECT_EQ(1, open_relays(self->w));
	there = moved(self->w, &self->c, 6000);
	forget_trace(self->w);
	ASSERT_EQ(0, refresh_with(self->w, &there, &next));
	EXPECT_STREQ("fp-new fp-peers(p 4000) reply ", self->w->trace);
}

TEST_F(mobility, without_a_ticket_a_closed_connection_ends_it)
{
	self->c.tuple.transport = TURN_TCP;
	ASSERT_EQ(0, allocate(self->w, &self->c));
	turn_server_client_gone(self->w->srv, &self->c.tuple);
	EXPECT_EQ(0, open_relays(self->w));
}

/* What the module refuses is relayed in userspace. */
TEST_F(mobility, the_module_refuses_the_move)
{
	struct client there;

	ASSERT_TRUE(settle(self));
	there = moved(self->w, &self->c, 6000);
	self->w->fp_refuse_set = -EEXIST;
	forget_trace(self->w);
	ASSERT_EQ(0, refresh_with(self->w, &there, &self->ticket));
	EXPECT_STREQ("fp-move warning fp-del reply ", self->w->trace);
	EXPECT_TRUE(comes_through(self->w, &there, "new"));
}

/* --- from worker to worker ------------------------------------------------- */

/* A Refresh that another worker gets, with all that it causes. */
static int refresh_at_other(FIXTURE_DATA(mobility) *self, struct client *c,
			    const struct ticket *t)
{
	if (refresh_with(self->other, c, t) != NO_REPLY)
		abort();
	if (read_mail(self->w) != 1 || !read_mail(self->other))
		abort();
	if (stun_message_decode(&self->other->reply, self->other->to_client,
				self->other->to_client_len))
		abort();
	return self->other->reply.class == STUN_SUCCESS ? 0 : -1;
}

TEST_F(mobility, an_allocation_goes_to_the_worker_where_its_client_is)
{
	struct client there;
	struct ticket next;

	ASSERT_TRUE(settle(self));
	there = moved(self->other, &self->c, 6000);
	forget_trace(self->w);
	forget_trace(self->other);
	ASSERT_EQ(0, refresh_at_other(self, &there, &self->ticket));
	EXPECT_STREQ("detach post ", self->w->trace);
	EXPECT_STREQ("post attach fp-move reply ", self->other->trace);
	EXPECT_EQ(self->w->fp_last_id, self->other->fp_moved);
	EXPECT_TRUE(keep_ticket(self->other, &next));
	EXPECT_EQ(0, turn_server_stats(self->w->srv)->allocations);
	EXPECT_EQ(0, turn_server_stats(self->w->srv)->channels);
	EXPECT_EQ(0, turn_server_stats(self->w->srv)->offloaded);
	EXPECT_EQ(1, turn_server_stats(self->other->srv)->allocations);
	EXPECT_EQ(1, turn_server_stats(self->other->srv)->channels);
	EXPECT_EQ(1, turn_server_stats(self->other->srv)->offloaded);
	EXPECT_TRUE(data_goes_to(self->other, self->w, &there));
	EXPECT_TRUE(comes_through(self->other, &there, "new"));
	EXPECT_EQ(0, refresh(self->other, &there, 600));
	EXPECT_EQ(TURN_NEVER, turn_server_deadline(self->w->srv));
	/* All of it ends there, in time. */
	advance(self->other, 601000);
	EXPECT_EQ(0, open_relays(self->w));
	EXPECT_EQ(TURN_NEVER, turn_server_deadline(self->other->srv));
	read_mail(self->w);
}

TEST_F(mobility, what_comes_to_the_old_worker_goes_on)
{
	struct client there;

	ASSERT_TRUE(settle(self));
	there = moved(self->other, &self->c, 6000);
	ASSERT_EQ(0, refresh_at_other(self, &there, &self->ticket));
	EXPECT_FALSE(comes_through(self->w, &self->c, "old"));
	ASSERT_EQ(1, read_mail(self->other));
	EXPECT_TRUE(peer_got(self->other, "old"));
	/* Requests, too; the worker that has the connection answers. */
	EXPECT_EQ(NO_REPLY, permit(self->w, &self->c, "198.51.100.98"));
	ASSERT_EQ(1, read_mail(self->other));
	ASSERT_EQ(1, read_mail(self->w));
	EXPECT_EQ(1, memcmp(&self->w->to_client_tuple, &self->c.tuple,
			    sizeof(self->c.tuple)) == 0);
	EXPECT_EQ(2, turn_server_stats(self->other->srv)->permissions);
	/* Until the client is heard at its new address. */
	EXPECT_TRUE(comes_through(self->other, &there, "new"));
	ASSERT_EQ(1, read_mail(self->w));
	EXPECT_FALSE(comes_through(self->w, &self->c, "old"));
	EXPECT_EQ(0, self->other->n_mail);
	EXPECT_EQ(1, drops(self->w, TURN_DROP_NO_ALLOCATION));
}

TEST_F(mobility, refusals_come_by_the_worker_that_asked)
{
	struct client there;

	ASSERT_TRUE(settle(self));
	there = moved(self->other, &self->c, 6000);
	there.username = "bob";
	there.password = "hunter2";
	make_key(self->other, &there);
	EXPECT_EQ(-1, refresh_at_other(self, &there, &self->ticket));
	EXPECT_EQ(1, turn_server_stats(self->w->srv)->errors[441 - TURN_ERROR_MIN]);
	EXPECT_EQ(1, turn_server_stats(self->w->srv)->allocations);
	EXPECT_TRUE(data_goes_to(self->w, self->w, &self->c));
}

TEST_F(mobility, retransmissions_while_it_is_on_its_way)
{
	struct ticket next, again;
	struct client there;

	ASSERT_TRUE(settle(self));
	there = moved(self->other, &self->c, 6000);
	EXPECT_EQ(NO_REPLY, refresh_with(self->other, &there, &self->ticket));
	EXPECT_EQ(NO_REPLY, send_again(self->other));
	ASSERT_EQ(2, read_mail(self->w));
	/* On its way: the directory says that it is coming. */
	EXPECT_EQ(NO_REPLY, send_again(self->other));
	ASSERT_EQ(1, read_mail(self->other));
	EXPECT_EQ(0, self->w->n_mail);
	ASSERT_EQ(STUN_OK, stun_message_decode(&self->other->reply,
						    self->other->to_client,
						    self->other->to_client_len));
	ASSERT_TRUE(keep_ticket(self->other, &next));
	ASSERT_EQ(0, send_again(self->other));
	EXPECT_TRUE(keep_ticket(self->other, &again));
	EXPECT_EQ(1, turn_server_stats(self->other->srv)->allocations);
}

TEST_F(mobility, it_ends_before_the_other_worker_asks)
{
	struct client there;

	ASSERT_TRUE(settle(self));
	there = moved(self->other, &self->c, 6000);
	EXPECT_EQ(NO_REPLY, refresh_with(self->other, &there, &self->ticket));
	ASSERT_EQ(0, refresh(self->w, &self->c, 0));
	ASSERT_EQ(1, read_mail(self->w));
	EXPECT_EQ(1, turn_server_stats(self->w->srv)->errors[437 - TURN_ERROR_MIN]);
	EXPECT_EQ(1, read_mail(self->other));
	EXPECT_EQ(0, open_relays(self->w));
}

TEST_F(mobility, to_and_fro_and_to_the_same_address)
{
	struct client there, back;
	struct ticket next;
	int i;

	ASSERT_TRUE(settle(self));
	for (i = 0; i < 4; i++) {
		there = moved(self->other, &self->c, 6000);
		ASSERT_EQ(0, refresh_at_other(self, &there, &self->ticket));
		ASSERT_TRUE(keep_ticket(self->other, &next));
		back = moved(self->w, &self->c, 5000);
		EXPECT_EQ(NO_REPLY, refresh_with(self->w, &back, &next));
		read_mail(self->other);
		read_mail(self->w);
		ASSERT_EQ(STUN_OK,
			  stun_message_decode(&self->w->reply,
					      self->w->to_client,
					      self->w->to_client_len));
		ASSERT_EQ(STUN_SUCCESS, self->w->reply.class);
		ASSERT_TRUE(keep_ticket(self->w, &self->ticket));
		EXPECT_TRUE(data_goes_to(self->w, self->w, &back));
		EXPECT_FALSE(comes_through(self->other, &there, "old"));
		read_mail(self->w);
		EXPECT_TRUE(peer_got(self->w, "old"));
	}
	EXPECT_TRUE(comes_through(self->w, &back, "new"));
	read_mail(self->other);
	EXPECT_FALSE(comes_through(self->other, &there, "old"));
	EXPECT_EQ(0, self->w->n_mail);
}

/* The module was loaded anew while it was on its way. */
TEST_F(mobility, another_module_by_the_time_it_arrives)
{
	struct client there;

	ASSERT_TRUE(settle(self));
	there = moved(self->other, &self->c, 6000);
	EXPECT_EQ(NO_REPLY, refresh_with(self->other, &there, &self->ticket));
	ASSERT_EQ(1, read_mail(self->w));
	turn_server_fastpath_down(self->other->srv);
	turn_server_fastpath_up(self->other->srv, self->other->now);
	forget_trace(self->other);
	ASSERT_EQ(1, read_mail(self->other));
	EXPECT_STREQ("attach fp-new fp-peers(p 4000) fp-move reply ",
		     self->other->trace);
}

TEST_F(mobility, a_mailbox_that_takes_nothing)
{
	struct client there;

	ASSERT_TRUE(settle(self));
	there = moved(self->other, &self->c, 6000);
	EXPECT_EQ(NO_REPLY, refresh_with(self->other, &there, &self->ticket));
	self->w->refuse_post = -ENOMEM;
	ASSERT_EQ(1, read_mail(self->w));
	EXPECT_EQ(1, turn_server_stats(self->w->srv)->allocations);
	EXPECT_TRUE(data_goes_to(self->w, self->w, &self->c));
	self->w->refuse_post = 0;
	/* The client sends its request again. */
	EXPECT_EQ(NO_REPLY, send_again(self->other));
	ASSERT_EQ(1, read_mail(self->w));
	ASSERT_EQ(1, read_mail(self->other));
	EXPECT_TRUE(data_goes_to(self->other, self->w, &there));
}

/* Repeated requests do not fill anybody's mailbox. */
TEST_F(mobility, no_more_parcels_than_there_may_be)
{
	struct client there;
	int i;

	ASSERT_TRUE(settle(self));
	there = moved(self->other, &self->c, 6000);
	self->w->shared->parcels += TURN_PARCELS_MAX - 10;
	for (i = 0; i < 12; i++)
		EXPECT_EQ(NO_REPLY,
			  refresh_with(self->other, &there, &self->ticket));
	self->w->shared->parcels -= TURN_PARCELS_MAX - 10;
	EXPECT_EQ(10, self->w->n_mail);
	EXPECT_EQ(2, drops(self->other, TURN_DROP_DETOUR));
	EXPECT_EQ(10, read_mail(self->w));
	EXPECT_EQ(1, read_mail(self->other));
}

TEST_F(mobility, a_server_that_stops_with_one_on_its_way)
{
	struct client there;

	ASSERT_TRUE(settle(self));
	there = moved(self->other, &self->c, 6000);
	EXPECT_EQ(NO_REPLY, refresh_with(self->other, &there, &self->ticket));
	ASSERT_EQ(1, read_mail(self->w));
	EXPECT_EQ(1, self->other->n_mail);
	/* The teardown looks for sockets and quota slots left behind. */
}

TEST(rfc8016_3_3_tickets_are_sealed)
{
	const struct turn_ticket said = { 0x0123456789, 42 };
	const struct turn_ticket next = { said.id, 43 };
	char sealed[TURN_TICKET_LEN + 1], other[TURN_TICKET_LEN + 1];
	struct turn_ticket_key key, another;
	struct turn_ticket got;

	ASSERT_EQ(0, turn_ticket_key_init(&key, "secret", 6));
	ASSERT_EQ(0, turn_ticket_key_init(&another, "Secret", 6));
	ASSERT_EQ(0, turn_ticket_seal(&key, &said, sealed));
	/* What coturn's client has room for. */
	EXPECT_EQ(32, strlen(sealed));
	ASSERT_TRUE(turn_ticket_open(&key, sealed, TURN_TICKET_LEN, &got));
	EXPECT_EQ(said.id, got.id);
	EXPECT_EQ(said.number, got.number);
	EXPECT_FALSE(turn_ticket_open(&another, sealed, TURN_TICKET_LEN, &got));
	EXPECT_FALSE(turn_ticket_open(&key, sealed, TURN_TICKET_LEN - 1, &got));
	/* Tag and text have nothing in common with those of the next one. */
	ASSERT_EQ(0, turn_ticket_seal(&key, &next, other));
	EXPECT_NE(0, memcmp(sealed, other, 20));
	EXPECT_NE(0, memcmp(sealed + 22, other + 22, 10));
	turn_ticket_key_free(&key);
	turn_ticket_key_free(&another);
}

TEST_HARNESS_MAIN

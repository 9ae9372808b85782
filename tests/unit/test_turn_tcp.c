// SPDX-License-Identifier: BSD-3-Clause
/* TCP allocations (RFC 6062): what becomes of connections, and when. */
#include <kselftest_harness.h>

#include "turn_client.h"

#define PEER	"198.51.100.99:9"

/* RFC 6062, sections 5.2 and 5.3 */
#define TIMEOUT	30000

FIXTURE(tcp)
{
	struct world *w;
	struct client c, data;
};

static int allocate_tcp(struct world *w, struct client *c)
{
	meet(w, c);
	stun_put_requested_transport(begin(w, c, STUN_ALLOCATE), IPPROTO_TCP);
	return finish(w);
}

FIXTURE_SETUP(tcp)
{
	self->w = world_new();
	self->c = client_new(5000);
	self->data = client_new(5001);
	self->c.tuple.transport = self->data.tuple.transport = TURN_TCP;
	ASSERT_EQ(0, allocate_tcp(self->w, &self->c));
	meet(self->w, &self->data);
	forget_trace(self->w);
}

FIXTURE_TEARDOWN(tcp)
{
	EXPECT_EQ(0, world_free(self->w));
}

static int connect_to(struct world *w, struct client *c, const char *peer)
{
	struct transport_addr a = addr(peer);

	stun_put_address(begin(w, c, STUN_CONNECT), STUN_ATTR_XOR_PEER_ADDRESS,
			 &a);
	return finish(w);
}

/* The answer to a Connect, which comes later than the request. */
static int answer_of(struct world *w)
{
	struct stun_error error;

	if (stun_message_decode(&w->reply, w->to_client, w->to_client_len) ||
	    w->reply.method != STUN_CONNECT)
		return NO_REPLY;
	if (w->reply.class == STUN_SUCCESS)
		return 0;
	return stun_get_error_code(&w->reply, &error) ? NO_REPLY : error.code;
}

static uint32_t id_of(struct world *w)
{
	uint32_t id = 0;

	stun_get_connection_id(&w->reply, &id);
	return id;
}

static int bind_to(struct world *w, struct client *data, uint32_t id)
{
	stun_put_connection_id(begin(w, data, STUN_CONNECTION_BIND), id);
	return finish(w);
}

/* A connection with the peer; its number. */
static uint32_t connected(struct world *w, struct client *c)
{
	if (connect_to(w, c, PEER) != NO_REPLY)
		abort();
	turn_server_peer_connected(w->srv, w->connecting, 0, w->now);
	return answer_of(w) ? 0 : id_of(w);
}

TEST_F(tcp, rfc6062_5_2_a_peer_that_does_not_answer_is_447_after_30_s)
{
	EXPECT_EQ(NO_REPLY, connect_to(self->w, &self->c, PEER));
	EXPECT_STREQ("connect ", self->w->trace);
	/* While it is tried, a second one to that peer is refused. */
	EXPECT_EQ(446, connect_to(self->w, &self->c, PEER));
	forget_trace(self->w);
	advance(self->w, TIMEOUT - 1);
	EXPECT_STREQ("", self->w->trace);
	advance(self->w, 1);
	EXPECT_STREQ("reply peer-close ", self->w->trace);
	EXPECT_EQ(447, answer_of(self->w));
	EXPECT_TRUE(reply_signed(self->w));
	/* And then it may be tried again. */
	EXPECT_EQ(NO_REPLY, connect_to(self->w, &self->c, PEER));
}

TEST_F(tcp, rfc6062_5_2_a_peer_that_refuses_is_447_at_once)
{
	EXPECT_EQ(NO_REPLY, connect_to(self->w, &self->c, PEER));
	turn_server_peer_connected(self->w->srv, self->w->connecting,
				   -ECONNREFUSED, self->w->now);
	EXPECT_EQ(447, answer_of(self->w));
	EXPECT_EQ(1, self->w->peers_closed);
	self->w->refuse_connect = -ENETUNREACH;
	EXPECT_EQ(447, connect_to(self->w, &self->c, PEER));
	EXPECT_EQ(1, self->w->peers_closed);
}

TEST_F(tcp, rfc6062_5_4_a_connection_that_nobody_binds_ends_after_30_s)
{
	uint32_t id = connected(self->w, &self->c);

	ASSERT_NE(0, id);
	advance(self->w, TIMEOUT - 1);
	EXPECT_EQ(0, self->w->peers_closed);
	advance(self->w, 1);
	EXPECT_EQ(1, self->w->peers_closed);
	EXPECT_EQ(400, bind_to(self->w, &self->data, id));
}

TEST_F(tcp, rfc6062_5_3_an_attempt_that_nobody_binds_ends_after_30_s)
{
	struct transport_addr peer = addr(PEER), told;
	struct fake_relay *relay = &self->w->relays[0];
	int handle;

	EXPECT_EQ(NULL, turn_server_peer_accepted(self->w->srv,
						  relay->allocation, &peer,
						  &handle, self->w->now));
	ASSERT_EQ(0, permit(self->w, &self->c, PEER));
	ASSERT_NE(NULL, turn_server_peer_accepted(self->w->srv,
						  relay->allocation, &peer,
						  &handle, self->w->now));
	ASSERT_EQ(STUN_OK, stun_message_decode(&self->w->reply,
					       self->w->to_client,
					       self->w->to_client_len));
	EXPECT_EQ(STUN_CONNECTION_ATTEMPT, self->w->reply.method);
	ASSERT_EQ(0, stun_get_address(&self->w->reply,
				      STUN_ATTR_XOR_PEER_ADDRESS, &told));
	EXPECT_TRUE(transport_addr_equal(&peer, &told));
	EXPECT_NE(0, id_of(self->w));
	advance(self->w, TIMEOUT);
	EXPECT_EQ(1, self->w->peers_closed);
}

TEST_F(tcp, rfc6062_5_4_once_bound_it_has_no_timeout)
{
	uint32_t id = connected(self->w, &self->c);
	struct turn_connection *connection = NULL;

	advance(self->w, TIMEOUT - 1);
	EXPECT_EQ(0, bind_to(self->w, &self->data, id));
	EXPECT_EQ(id, id_of(self->w));
	EXPECT_EQ(id, self->w->moved_id);
	/* The connection is on its way from another worker, perhaps. */
	advance(self->w, 9999);
	EXPECT_NE(NULL, turn_server_connection_bound(self->w->srv, id,
						     &connection));
	advance(self->w, 300000);
	EXPECT_EQ(0, self->w->peers_closed);
	/* It is bound once. */
	EXPECT_EQ(NULL, turn_server_connection_bound(self->w->srv, id,
						     &connection));
	EXPECT_EQ(400, bind_to(self->w, &self->data, id));
	turn_server_connection_closed(self->w->srv, connection);
}

TEST_F(tcp, rfc6062_5_5_all_end_with_the_allocation)
{
	connected(self->w, &self->c);
	EXPECT_EQ(NO_REPLY, connect_to(self->w, &self->c, "198.51.100.98:9"));
	forget_trace(self->w);
	EXPECT_EQ(0, refresh(self->w, &self->c, 0));
	EXPECT_EQ(2, self->w->peers_closed);
	EXPECT_EQ(0, turn_server_stats(self->w->srv)->connections);
}

TEST_F(tcp, rfc6062_5_4_another_user_cannot_bind)
{
	uint32_t id = connected(self->w, &self->c);
	struct client bob = client_new(5002);

	bob.username = "bob";
	bob.password = "hunter2";
	bob.tuple.transport = TURN_TCP;
	meet(self->w, &bob);
	EXPECT_EQ(400, bind_to(self->w, &bob, id));
	EXPECT_EQ(0, bind_to(self->w, &self->data, id));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: BSD-3-Clause
/*
 * Hostile datagrams: requests, indications and ChannelData of a real session
 * with bytes changed, cut and put in, the same ones in each run; most of them
 * signed after the change, so that they get past authentication. The
 * sanitizers watch; the counters must add up afterwards, and the session must
 * have survived.
 */
#include <kselftest_harness.h>

#include "turn_client.h"

#define MUTATIONS	100000
#define PEER		"198.51.100.99:9"
#define SEEDS		12

struct seed {
	uint8_t bytes[512];
	size_t len;
};

static unsigned int state = 20240229;

static unsigned int rnd(unsigned int below)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % below;
}

static void keep_seed(struct seed *seed, struct stun_builder *b,
		      const uint8_t *bytes)
{
	ssize_t len = stun_build_end(b);

	if (len < 0 || (size_t)len > sizeof(seed->bytes))
		abort();
	memcpy(seed->bytes, bytes, (size_t)len);
	seed->len = (size_t)len;
}

/* What clients send, without credentials: those come after the mutation. */
static void make_seeds(struct seed seeds[SEEDS], struct world *w,
		       struct client *c)
{
	static const uint8_t channel_data[] = { 0x40, 0, 0, 4, 'd', 'a', 't', 'a' };
	struct transport_addr p4 = addr(PEER), p6 = addr("[2001:db8::9]:9");
	static const uint8_t token[STUN_RESERVATION_TOKEN_LEN];
	static const uint8_t long_value[80] = { 0, 12 };
	struct stun_builder *b;

	b = begin(w, c, STUN_BINDING);
	stun_put_fingerprint(b);
	keep_seed(&seeds[0], b, w->request);
	b = begin_allocate(w, c);
	stun_put_lifetime(b, 777);
	stun_put_even_port(b, true);
	keep_seed(&seeds[1], b, w->request);
	b = begin_allocate(w, c);
	stun_put_address_family(b, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, 2);
	stun_put_flag(b, STUN_ATTR_DONT_FRAGMENT);
	keep_seed(&seeds[2], b, w->request);
	b = begin_allocate(w, c);
	stun_put_reservation_token(b, token);
	keep_seed(&seeds[3], b, w->request);
	b = begin(w, c, STUN_REFRESH);
	stun_put_lifetime(b, 1200);
	stun_put_address_family(b, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, 1);
	keep_seed(&seeds[4], b, w->request);
	b = begin(w, c, STUN_CREATE_PERMISSION);
	stun_put_address(b, STUN_ATTR_XOR_PEER_ADDRESS, &p4);
	stun_put_address(b, STUN_ATTR_XOR_PEER_ADDRESS, &p6);
	stun_put_address(b, STUN_ATTR_XOR_PEER_ADDRESS, &p4);
	keep_seed(&seeds[5], b, w->request);
	b = begin(w, c, STUN_CHANNEL_BIND);
	stun_put_channel_number(b, 0x4000);
	stun_put_address(b, STUN_ATTR_XOR_PEER_ADDRESS, &p4);
	keep_seed(&seeds[6], b, w->request);
	stun_build(b, w->request, sizeof(w->request), STUN_INDICATION,
		   STUN_SEND, &w->b.txid);
	stun_put_address(b, STUN_ATTR_XOR_PEER_ADDRESS, &p4);
	stun_put_bytes(b, STUN_ATTR_DATA, "data", 4);
	keep_seed(&seeds[7], b, w->request);
	memcpy(seeds[8].bytes, channel_data, sizeof(channel_data));
	seeds[8].len = sizeof(channel_data);
	b = begin(w, c, STUN_CONNECTION_BIND);
	keep_seed(&seeds[9], b, w->request);
	b = begin_allocate(w, c);
	stun_put_string(b, STUN_ATTR_ORIGIN, "https://example.org:443/page");
	stun_put_password_algorithms(b, (const uint16_t[]){ 2, 1 }, 2);
	stun_put_password_algorithm(b, 2);
	keep_seed(&seeds[10], b, w->request);
	b = begin_allocate(w, c);
	stun_put_bytes(b, STUN_ATTR_ACCESS_TOKEN, long_value, 80);
	stun_put_bytes(b, STUN_ATTR_USERHASH, long_value, STUN_USERHASH_LEN);
	keep_seed(&seeds[11], b, w->request);
}

static void mutate(struct seed *m)
{
	unsigned int changes = rnd(4);

	while (changes--) {
		switch (rnd(4)) {
		case 0:
			m->bytes[rnd((unsigned int)m->len)] = (uint8_t)rnd(256);
			break;
		case 1:
			m->bytes[rnd((unsigned int)m->len)] ^=
				(uint8_t)(1u << rnd(8));
			break;
		case 2:
			m->len = 1 + rnd((unsigned int)m->len);
			break;
		default:
			if (m->len + 4 <= sizeof(m->bytes) / 2)
				m->len += 4;
		}
	}
	/* Mostly with the right length, or little but the header is tested. */
	if (m->len >= 20 && rnd(8)) {
		m->len &= ~(size_t)3;
		m->bytes[2] = (uint8_t)((m->len - 20) >> 8);
		m->bytes[3] = (uint8_t)(m->len - 20);
	}
}

/* Go on building where the mutated attributes end, and sign the whole. */
static void sign(struct world *w, struct client *c, struct seed *m)
{
	ssize_t len;

	if (m->len < 20 || m->bytes[0] > 3 || m->len % 4)
		return;
	w->b = (struct stun_builder){ 0 };
	w->b.w = stun_writer(m->bytes, sizeof(m->bytes));
	w->b.w.len = m->len;
	put_credentials(w, c);
	len = stun_build_end(&w->b);
	if (len > 0)
		m->len = (size_t)len;
}

static void deliver(struct world *w, struct client *c, const struct seed *m)
{
	uint8_t *exact = malloc(m->len);	/* for ASan */

	if (!exact)
		abort();
	memcpy(exact, m->bytes, m->len);
	forget_trace(w);
	turn_server_datagram(w->srv, &c->tuple, exact, m->len, w->now);
	free(exact);
}

/* So that ORIGIN and ACCESS-TOKEN lead somewhere. */
static void add_realm_and_key(struct turn_config *cfg)
{
	static const uint8_t key[32];
	const struct turn_oauth_key_setup setup = {
		.kid = "alice", .key = key, .key_len = sizeof(key),
		.algorithm = "",
	};
	struct turn_realm *realm;

	strcpy(cfg->oauth_server_name, "turn.example.org");
	if (turn_config_add_realm(cfg, "other.org", &realm) ||
	    turn_config_add_origin(cfg, "https://example.org", realm) ||
	    turn_config_add_oauth_key(cfg, &setup))
		abort();
}

FIXTURE(mutations)
{
	struct world *w;
};

FIXTURE_SETUP(mutations)
{
	self->w = world_new();
	turn_server_fastpath_up(self->w->srv, self->w->now);
	self->w->cfg->nonce_lifetime = 0;
	self->w->cfg->rfc5766_channels = true;
	add_realm_and_key(self->w->cfg);
	strcpy(self->w->cfg->software, "kturn");
}

FIXTURE_TEARDOWN(mutations)
{
	EXPECT_EQ(0, world_free(self->w));
}

TEST_F_TIMEOUT(mutations, of_everything_a_client_sends, 120)
{
	const struct turn_stats *stats = turn_server_stats(self->w->srv);
	struct client clients[4], fresh;
	struct seed seeds[SEEDS], m;
	struct world *w = self->w;
	unsigned int i, busy = 0;

	for (i = 0; i < 4; i++) {
		clients[i] = client_new((uint16_t)(5000 + i));
		/* Two know RFC 8489, and ask with room for its offer. */
		clients[i].modern = clients[i].fingerprint = i % 2;
		meet(w, &clients[i]);
	}
	make_seeds(seeds, w, &clients[0]);
	for (i = 0; i < MUTATIONS; i++) {
		struct client *c = &clients[rnd(4)];

		m = seeds[rnd(SEEDS)];
		if (m.len >= 20)
			m.bytes[19] = (uint8_t)i;	/* transaction id */
		mutate(&m);
		if (rnd(4))
			sign(w, c, &m);
		w->refuse_ipv6 = rnd(8) ? 0 : -EAFNOSUPPORT;
		w->fp_refuse_peers = rnd(16) ? 0 : -ENOSPC;
		deliver(w, c, &m);
		busy += stats->allocations > 0;
		if (rnd(16) == 0)
			advance(w, rnd(100000));
	}
	/* Else the mutations would test little but the door. */
	EXPECT_LT(MUTATIONS / 2, busy);
	EXPECT_LT(MUTATIONS / 25, stats->successes);
	EXPECT_LT(0, stats->to_peer.packets);
	EXPECT_LE(stats->offloaded, stats->allocations);
	EXPECT_EQ(w->fp_installed, stats->offloaded);

	fresh = client_new(7000);
	w->refuse_ipv6 = w->fp_refuse_peers = 0;
	EXPECT_EQ(0, allocate(w, &fresh));
	EXPECT_EQ(0, bind_channel(w, &fresh, 0x4000, PEER));
	advance(w, 7200000);
	EXPECT_EQ(0, stats->allocations);
	EXPECT_EQ(0, stats->permissions);
	EXPECT_EQ(0, stats->channels);
	EXPECT_EQ(0, stats->offloaded);
	EXPECT_EQ(0, w->fp_installed);
	EXPECT_EQ(0, turn_shared_allocations(w->shared));
	EXPECT_EQ(0, open_relays(w));
}

TEST_F(mutations, each_byte_of_a_signed_request_matters)
{
	struct client c = client_new(5000);
	struct world *w = self->w;
	size_t i, replies;

	meet(w, &c);
	ASSERT_EQ(0, allocate(w, &c));
	begin(w, &c, STUN_REFRESH);
	stun_put_lifetime(&w->b, 3600);
	ASSERT_EQ(0, finish(w));
	for (i = 0; i < w->request_len; i++) {
		struct seed m = { .len = w->request_len };

		memcpy(m.bytes, w->request, m.len);
		m.bytes[i] ^= 0x04;
		replies = turn_server_stats(w->srv)->successes;
		deliver(w, &c, &m);
		EXPECT_EQ(replies, turn_server_stats(w->srv)->successes);
	}
	EXPECT_EQ(1, turn_server_stats(w->srv)->allocations);
}

TEST_HARNESS_MAIN

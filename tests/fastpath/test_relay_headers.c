// SPDX-License-Identifier: BSD-3-Clause
/*
 * What becomes of every field of the IP header, between all pairs of address
 * families and in both directions, held against what RFC 8656 prefers: DSCP,
 * ECN, DF, hop limit, flow label, fragmentation, and errors to the sender.
 * What is preferred is written down here once more, from sections 13 and 14
 * and from RFC 7915, in terms of whole packets.
 */
#include "relay_fixture.h"

#include <linux/if_ether.h>

/* The way out is narrower than the way in. */
#define MTU_OUT 1400
#define IPV6_LEAST_MTU 1280
#define DATA_INDICATION_ROOM 48
#define CHANNEL_DATA_HEADER 4
#define EXPEDITED_FORWARDING (46 << 2)

FIXTURE(headers) {
	struct relay r;
};

FIXTURE_VARIANT(headers) {
	int client, peer;
	enum direction dir;
};

#define PAIR(name, client_family, peer_family)			\
	FIXTURE_VARIANT_ADD(headers, name##_to_peer) {		\
		.client = client_family,			\
		.peer = peer_family,				\
		.dir = TO_PEER,					\
	};							\
	FIXTURE_VARIANT_ADD(headers, name##_to_client) {	\
		.client = client_family,			\
		.peer = peer_family,				\
		.dir = TO_CLIENT,				\
	}

PAIR(ipv4_client_ipv4_peer, AF_INET, AF_INET);
PAIR(ipv4_client_ipv6_peer, AF_INET, AF_INET6);
PAIR(ipv6_client_ipv4_peer, AF_INET6, AF_INET);
PAIR(ipv6_client_ipv6_peer, AF_INET6, AF_INET6);

FIXTURE_SETUP(headers)
{
	bool to_peer = variant->dir == TO_PEER;

	setvbuf(stdout, NULL, _IOLBF, 0);
	ASSERT_EQ(0, relay_open_between(&self->r, variant->client,
					variant->peer));
	ASSERT_EQ(0, netns_run(&self->r.ns, NETNS_RELAY,
			       "ip link set dev %s mtu %d",
			       to_peer ? "rp" : "rc", MTU_OUT));
}

FIXTURE_TEARDOWN(headers)
{
	relay_close(&self->r);
}

enum outcome {
	FORWARDED,
	FRAGMENTED,
	TOO_BIG,
	TIME_EXCEEDED
};

/* @mtu: what the sender is told, or the length of the longest fragment. */
struct verdict {
	enum outcome outcome;
	uint32_t mtu;
};

static size_t ip_header(const struct transport_addr *addr)
{
	return addr->family == AF_INET ? 20 : 40;
}

static size_t packet_len(const struct udp_packet *p)
{
	return ip_header(&p->src) + 8 + p->len;
}

/* The MTU that makes room for what relaying adds (RFC 8656 section 13). */
static uint32_t told_mtu(enum direction dir, const struct udp_packet *in,
			 const struct udp_packet *out)
{
	bool v6 = in->src.family == AF_INET6 || out->src.family == AF_INET6;
	uint32_t mtu = MTU_OUT + ip_header(&in->src) - ip_header(&out->src);

	if (dir == TO_PEER)
		mtu += CHANNEL_DATA_HEADER;
	else
		mtu -= v6 ? DATA_INDICATION_ROOM : CHANNEL_DATA_HEADER;
	if (in->src.family == AF_INET6 && mtu < IPV6_LEAST_MTU)
		mtu = IPV6_LEAST_MTU;
	return mtu;
}

static struct verdict preferred(enum direction dir, const struct udp_packet *in,
				const struct udp_packet *out)
{
	bool may_fragment = in->src.family == AF_INET && !in->df;
	bool translated = in->src.family == AF_INET &&
			  out->src.family == AF_INET6;
	uint32_t mtu = may_fragment && translated ? IPV6_LEAST_MTU : MTU_OUT;

	if (in->hops <= 1)
		return (struct verdict) { TIME_EXCEEDED, 0 };
	if (packet_len(out) <= mtu)
		return (struct verdict) { FORWARDED, 0 };
	if (may_fragment)
		return (struct verdict) { FRAGMENTED, mtu };
	return (struct verdict) { TOO_BIG, told_mtu(dir, in, out) };
}

static bool came_out(struct relay *r, enum direction dir,
		     const struct udp_packet *in, struct verdict v)
{
	switch (v.outcome) {
	case FORWARDED:
		return relay_expect_output(r, dir, in);
	case FRAGMENTED:
		return relay_expect_fragments(r, dir, in, v.mtu);
	case TOO_BIG:
		r->want.dropped[KTURN_A_DROPPED_TOO_BIG]++;
		return relay_expect_too_big(r, dir, in, v.mtu);
	case TIME_EXCEEDED:
		r->want.dropped[KTURN_A_DROPPED_HOP_LIMIT]++;
		return relay_expect_time_exceeded(r, dir, in);
	}
	return false;
}

static void tell(const struct udp_packet *in, const struct udp_packet *out,
		 struct verdict v, bool same)
{
	static const char *const words[] = {
		"forwarded", "fragments up to", "too big, MTU", "time exceeded"
	};

	printf("# IPv%d %4zu bytes DF %d hops %2d TOS %02x -> IPv%d: prefers %s",
	       in->src.family == AF_INET ? 4 : 6, packet_len(in), in->df,
	       in->hops, in->tos, out->src.family == AF_INET ? 4 : 6,
	       words[v.outcome]);
	if (v.mtu)
		printf(" %u", v.mtu);
	else if (v.outcome == FORWARDED)
		printf(" %4zu bytes DF %d hops %2d TOS %02x", packet_len(out),
		       out->df, out->hops, out->tos);
	printf(": %s\n", same ? "so it came" : "NOT SO");
}

static bool as_preferred(struct relay *r, enum direction dir,
			 const struct udp_packet *in)
{
	struct udp_packet out = relay_output(r, dir, in);
	struct verdict v = preferred(dir, in, &out);
	bool same;

	same = !wire_send_udp(wire_in(r, dir), in) &&
	       came_out(r, dir, in, v);
	tell(in, &out, v, same);
	return same;
}

/* Application data so long that the packet that leaves has @len bytes. */
static size_t data_for(struct relay *r, enum direction dir, size_t len)
{
	const struct transport_addr *to =
		dir == TO_PEER ? &r->peer_addr : &r->allocation.client;

	return len - ip_header(to) - 8 -
	       (dir == TO_PEER ? 0 : CHANNEL_DATA_HEADER);
}

static struct udp_packet packet(struct relay *r, enum direction dir,
				uint8_t *buf, size_t out_len)
{
	return relay_message(r, dir, buf, data_for(r, dir, out_len));
}

TEST_F(headers, dscp_ecn_and_hop_limit)
{
	static const uint8_t ecn[] = { 0, 1, 2, 3 }, hops[] = { 1, 2, 64 };
	uint8_t buf[2000];
	size_t e, h;

	for (h = 0; h < sizeof(hops); h++) {
		for (e = 0; e < sizeof(ecn); e++) {
			struct udp_packet in = packet(&self->r, variant->dir,
						      buf, 200);

			in.tos = EXPEDITED_FORWARDING | ecn[e];
			in.hops = hops[h];
			EXPECT_TRUE(as_preferred(&self->r, variant->dir, &in));
		}
	}
	EXPECT_TRUE(relay_settled(&self->r));
}

/* Around all lengths at which something changes. */
TEST_F(headers, df_and_sizes)
{
	static const size_t edges[] = { 200, 1260, IPV6_LEAST_MTU, MTU_OUT };
	uint8_t buf[2000];
	size_t e;
	int df, more;

	for (df = 0; df <= 1; df++) {
		for (e = 0; e < sizeof(edges) / sizeof(*edges); e++) {
			for (more = -1; more <= 1; more++) {
				struct udp_packet in =
					packet(&self->r, variant->dir, buf,
					       edges[e] + more);

				in.df = df;
				in.tos = EXPEDITED_FORWARDING | 1;
				EXPECT_TRUE(as_preferred(&self->r,
							 variant->dir, &in));
			}
		}
	}
	EXPECT_TRUE(relay_settled(&self->r));
}

/* Flow label of the next IPv6 frame. */
static uint32_t label_of(const struct wire *w)
{
	static struct frame f;
	const uint8_t *ip = f.data + ETH_HLEN;

	if (wire_receive(w, &f, PACKET_TIMEOUT_MS))
		return 0;
	return (ip[1] & 15) << 16 | ip[2] << 8 | ip[3];
}

/* One for each flow, whatever the sender wrote (RFC 6437 section 3). */
TEST_F(headers, flow_label)
{
	bool to_peer = variant->dir == TO_PEER;
	struct fastpath_flow *flow = to_peer ? &self->r.want.to_peer
					     : &self->r.want.to_client;
	const struct wire *in_wire = wire_in(&self->r, variant->dir);
	const struct wire *out_wire = wire_out(&self->r, variant->dir);
	uint32_t labels[4];
	uint8_t buf[2000];
	int i;

	if ((to_peer ? variant->peer : variant->client) != AF_INET6)
		SKIP(return, "IPv4 has none");
	for (i = 0; i < 4; i++) {
		struct udp_packet in = packet(&self->r, variant->dir, buf, 200);

		in.flow_label = i * 0x11111;
		ASSERT_EQ(0, wire_send_udp(in_wire, &in));
		labels[i] = label_of(out_wire);
		flow->packets++;
		flow->bytes += data_for(&self->r, variant->dir, 200);
		EXPECT_NE(0, labels[i]);
		EXPECT_EQ(labels[0], labels[i]);
	}
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: BSD-3-Clause
/*
 * Mutated packets against the module's hook, judged one by one.
 *
 *   tests/vm/run -- tests/fastpath/run build/tests/fuzz/hook [COUNT [SEED]]
 *
 * Valid ChannelData, STUN and peers' datagrams are damaged (bits, lengths,
 * ends, header fields) and sent between namespaces. A model of a few lines
 * says which of them the module has to forward; what comes out is compared
 * byte by byte with what the relay has to make of what went in, damage
 * included, and nothing else may come out. The kernel log is tests/vm/run's to
 * judge.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flood.h"
#include "relay_lab.h"

#define COUNT 100000
#define CHECK_EVERY 5000
#define DATA_MAX 260

static uint64_t state;

/* xorshift64*: the same on every machine, so that a seed says everything. */
static uint32_t rnd(uint32_t below)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)(state * 0x2545f4914f6cdd1dull >> 33) % below;
}

static uint16_t get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static void put16(uint8_t *p, uint16_t value)
{
	p[0] = value >> 8;
	p[1] = value;
}

/* A packet as it was sent: damaged or not. */
struct sample {
	struct relay *r;
	enum direction dir;
	size_t len;
	uint8_t ip[PACKET_MAX];
	uint8_t data[DATA_MAX + 8];
};

static size_t make_stun(uint8_t *buf)
{
	static const uint16_t types[] = { 0x0001, 0x0003, 0x0004, 0x0008,
					  0x0009, 0x0016, 0x0017 };
	size_t len = 4 * rnd(32), i;

	put16(buf, types[rnd(sizeof(types) / sizeof(*types))]);
	put16(buf + 2, len);
	put16(buf + 4, 0x2112);
	put16(buf + 6, 0xa442);
	for (i = 8; i < 20 + len; i++)
		buf[i] = rnd(256);
	return 20 + len;
}

static struct udp_packet make_valid(struct sample *s)
{
	struct relay *r = s->r;
	uint8_t *buf = s->data;
	size_t len = rnd(DATA_MAX + 1);

	if (s->dir == TO_CLIENT) {
		relay_fill(buf, len);
		return relay_datagram(r, TO_CLIENT, buf, len);
	}
	switch (rnd(8)) {
	case 0:
		len = make_stun(buf);
		break;
	case 1:
		len = relay_channel_data(buf, RELAY_CHANNEL + rnd(3), NULL, len,
					 rnd(5));
		break;
	default:
		len = relay_channel_data(buf, RELAY_CHANNEL, NULL, len,
					 -len & 3);
	}
	return relay_datagram(r, TO_PEER, buf, len);
}

static size_t ip_header_len(const struct relay *r)
{
	return r->family == AF_INET ? 20 : 40;
}

/* A length of the sort that breaks parsers. */
static uint16_t odd_length(size_t right)
{
	static const uint16_t edges[] = { 0, 1, 3, 4, 7, 8, 12, 20, 28, 40, 48,
					  0x7fff, 0x8000, 0xfffc, 0xffff };

	if (rnd(2))
		return right + rnd(17) - 8;
	return edges[rnd(sizeof(edges) / sizeof(*edges))];
}

static void lie_about_length(struct sample *s)
{
	bool v4 = s->r->family == AF_INET;
	size_t udp = ip_header_len(s->r);

	switch (rnd(3)) {
	case 0:
		put16(s->ip + (v4 ? 2 : 4), odd_length(s->len - (v4 ? 0 : 40)));
		break;
	case 1:
		put16(s->ip + udp + 4, odd_length(s->len - udp));
		break;
	default:
		put16(s->ip + udp + 10, odd_length(s->len - udp - 12));
	}
}

static void damage(struct sample *s)
{
	size_t headers = ip_header_len(s->r) + 12, i;

	switch (rnd(6)) {
	case 0:		/* bits anywhere */
		for (i = 1 + rnd(4); i; i--)
			s->ip[rnd(s->len)] ^= 1 << rnd(8);
		break;
	case 1:		/* bytes of the headers */
		for (i = 1 + rnd(3); i; i--)
			s->ip[rnd(headers)] = rnd(256);
		break;
	case 2:		/* an end cut off */
		s->len = 1 + rnd(s->len);
		break;
	case 3:		/* an end put on */
		for (i = 1 + rnd(40); i; i--)
			s->ip[s->len++] = rnd(256);
		break;
	default:
		lie_about_length(s);
	}
}

/* Make lengths fit, so that the damage gets further in. */
static void mend(struct sample *s)
{
	size_t udp = ip_header_len(s->r);
	bool v4 = s->r->family == AF_INET;

	if (s->len < udp + 8)
		return;
	if (rnd(2))
		put16(s->ip + (v4 ? 2 : 4), s->len - (v4 ? 0 : 40));
	if (rnd(2))
		put16(s->ip + udp + 4, s->len - udp);
	if (v4 && rnd(8))
		packet_set_ipv4_checksum(s->ip);
}

static void make_sample(struct sample *s)
{
	struct udp_packet p = make_valid(s);
	int times;

	p.hops = 1 + rnd(64);
	p.tos = rnd(256);
	p.df = rnd(2);
	p.no_checksum = !rnd(16);
	p.length_lie = 0;
	s->len = packet_build(s->ip, &p);
	for (times = rnd(4); times; times--)
		damage(s);
	mend(s);
}

static bool headers_plain_v4(struct udp_packet *p, const uint8_t *ip,
			     size_t *len)
{
	if (*len < 28 || ip[0] != 0x45 || ip[9] != 17 || get16(ip + 2) > *len ||
	    get16(ip + 2) < 28 || packet_checksum(0, ip, 20) != 0xffff ||
	    get16(ip + 6) & 0x3fff)
		return false;
	*len = get16(ip + 2);
	p->tos = ip[1];
	p->df = get16(ip + 6) & 0x4000;
	p->hops = ip[8];
	transport_addr_from_ip(&p->src, AF_INET, ip + 12, get16(ip + 20));
	transport_addr_from_ip(&p->dst, AF_INET, ip + 16, get16(ip + 22));
	return true;
}

static bool headers_plain_v6(struct udp_packet *p, const uint8_t *ip,
			     size_t *len)
{
	if (*len < 48 || ip[0] >> 4 != 6 || ip[6] != 17 ||
	    get16(ip + 4) + 40u > *len || get16(ip + 4) < 8)
		return false;
	*len = get16(ip + 4) + 40;
	p->tos = get16(ip) >> 4;
	p->hops = ip[7];
	transport_addr_from_ip(&p->src, AF_INET6, ip + 8, get16(ip + 40));
	transport_addr_from_ip(&p->dst, AF_INET6, ip + 24, get16(ip + 42));
	return true;
}

/* How far the UDP checksum is off, in one's complement; 0 if it is right. */
static uint16_t checksum_error(const struct udp_packet *p, uint16_t checksum)
{
	struct udp_packet right = *p;
	uint8_t ip[PACKET_MAX], word[2];
	size_t len;

	right.no_checksum = false;
	right.bad_checksum = 0;
	len = packet_build(ip, &right);
	put16(word, ~get16(ip + len - p->len - 2));
	return packet_checksum(checksum, word, sizeof(word));
}

/* The model: has the module to forward this? @p is what it is then. */
static bool forwardable(const struct sample *s, struct udp_packet *p)
{
	struct udp_packet flow = relay_datagram(s->r, s->dir, NULL, 0);
	size_t udp = ip_header_len(s->r), len = s->len;
	const uint8_t *ip = s->ip, *cd = ip + udp + 8;
	uint16_t checksum;

	*p = flow;
	if (!(s->r->family == AF_INET ? headers_plain_v4(p, ip, &len)
				      : headers_plain_v6(p, ip, &len)))
		return false;
	if (!transport_addr_equal(&p->src, &flow.src) ||
	    !transport_addr_equal(&p->dst, &flow.dst) ||
	    get16(ip + udp + 4) != len - udp || p->hops <= 1)
		return false;
	p->data = cd;
	p->len = len - udp - 8;
	checksum = get16(ip + udp + 6);
	p->no_checksum = !checksum;
	if (p->no_checksum && s->r->family == AF_INET6)
		return false;
	p->bad_checksum = checksum ? checksum_error(p, checksum) : 0;
	if (s->dir == TO_CLIENT)
		return true;
	return p->len >= 4 && get16(cd) == RELAY_CHANNEL &&
	       get16(cd + 2) + 4u <= p->len && p->len - get16(cd + 2) - 4 <= 3;
}

/* What came out of the relay, apart from ICMP errors. */
static bool next_datagram(const struct wire *w, struct frame *f, int timeout_ms)
{
	while (!wire_receive(w, f, timeout_ms))
		if (frame_udp_port(f))
			return true;
	return false;
}

static bool judge(struct sample *s, uint64_t forwarded[2])
{
	const struct wire *w = s->dir == TO_PEER ? &s->r->peer : &s->r->client;
	static struct frame f;
	struct udp_packet in, out;
	bool expected = forwardable(s, &in);
	bool came = next_datagram(w, &f, expected ? PACKET_TIMEOUT_MS : 0);

	if (came)
		forwarded[s->dir]++;
	if (came != expected) {
		printf("# %s\n", came ? "forwarded, and ought not to be"
				      : "not forwarded");
		return false;
	}
	if (!came)
		return true;
	out = relay_output(s->r, s->dir, &in);
	/* IPv4's reserved flag (RFC 791: must be zero) is nobody's business. */
	if (s->r->family == AF_INET && s->ip[6] & 0x80)
		return true;
	return frame_is_udp(&f, w, &out);
}

static void drain(struct relay *r)
{
	flood_drain(r->server_fd);
	flood_drain(r->relayed_fd);
	flood_drain(r->client_fd);
	flood_drain(r->peer_fd);
	flood_drain(r->client.fd);
	flood_drain(r->peer.fd);
}

static uint64_t all_counted(const struct fastpath_stats *stats)
{
	uint64_t sum = stats->to_peer.packets + stats->to_client.packets;
	int i;

	for (i = 0; i <= KTURN_A_PASSED_MAX; i++)
		sum += stats->passed[i];
	for (i = 0; i <= KTURN_A_DROPPED_MAX; i++)
		sum += stats->dropped[i];
	return sum;
}

/* The module is well: it counts right and forwards both ways. */
static bool healthy(struct relay *r, uint64_t forwarded[2], uint64_t sent)
{
	struct fastpath_stats stats;
	enum direction dir;

	drain(r);
	for (dir = TO_PEER; dir <= TO_CLIENT; dir++) {
		if (!relay_forwards_bytes(r, dir, 172))
			return false;
		forwarded[dir]++;
	}
	stats = relay_stats(r);
	if (stats.to_peer.packets == forwarded[TO_PEER] &&
	    stats.to_client.packets == forwarded[TO_CLIENT] &&
	    all_counted(&stats) <= sent + forwarded[0] + forwarded[1] &&
	    !stats.dropped[KTURN_A_DROPPED_OUTPUT])
		return true;
	printf("# counters do not agree: forwarded %llu and %llu, seen %llu and %llu\n",
	       (unsigned long long)stats.to_peer.packets,
	       (unsigned long long)stats.to_client.packets,
	       (unsigned long long)forwarded[TO_PEER],
	       (unsigned long long)forwarded[TO_CLIENT]);
	return false;
}

static bool run(struct relay *r, uint64_t count, uint64_t forwarded[2])
{
	static struct sample s;
	uint64_t i;

	for (i = 0; i < count; i++) {
		if (i % CHECK_EVERY == 0 && !healthy(r, forwarded, i))
			return false;
		if (i == count / 2 && relay_set_hook(r, KTURN_HOOK_INPUT))
			return false;
		s.r = r;
		s.dir = rnd(2);
		make_sample(&s);
		if (wire_send(s.dir == TO_PEER ? &r->client : &r->peer, s.ip,
			      s.len))
			return false;
		if (!judge(&s, forwarded)) {
			printf("# sample %llu, %s\n", (unsigned long long)i,
			       s.dir == TO_PEER ? "to the peer"
						: "to the client");
			packet_dump("sent", s.ip, s.len);
			return false;
		}
		if (i % 256 == 0)
			drain(r);
	}
	return healthy(r, forwarded, count);
}

int main(int argc, char **argv)
{
	static const int families[] = { AF_INET, AF_INET6 };
	uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 0) : COUNT;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	static struct relay r;
	int i, failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n1..2\n");
	for (i = 0; i < 2; i++) {
		uint64_t forwarded[2] = { 0 };
		bool ok;

		state = seed * 0x9e3779b97f4a7c15ull + i + 1;
		ok = !relay_open(&r, families[i]) &&
		     run(&r, count / 2, forwarded);
		printf("# %llu sent, %llu and %llu forwarded, seed %llu\n",
		       (unsigned long long)count / 2,
		       (unsigned long long)forwarded[TO_PEER],
		       (unsigned long long)forwarded[TO_CLIENT],
		       (unsigned long long)seed);
		printf("%sok %d mutated packets over IPv%d\n", ok ? "" : "not ",
		       i + 1, families[i] == AF_INET ? 4 : 6);
		failed += !ok;
		relay_close(&r);
	}
	return failed ? 1 : 0;
}

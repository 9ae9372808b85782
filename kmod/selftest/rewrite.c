// SPDX-License-Identifier: GPL-2.0-only
/*
 * Header rewriting held against the checksum computed in full, at load of a
 * debug build.
 */
#include <linux/module.h>
#include <linux/random.h>
#include <net/checksum.h>
#include <net/ip6_checksum.h>

#include "../rewrite.h"
#include "../state.h"

#define SELFTEST_ROUNDS		2000
#define SELFTEST_DATA_MAX	64
#define SELFTEST_HEADROOM	24

/* A channel and a datagram, with room for longer headers in front. */
struct selftest {
	struct kturn_flow flow[KTURN_DIRS];
	struct kturn_rewrite rw;
	u8 room[SELFTEST_HEADROOM];
	u8 datagram[sizeof(struct kturn_headers6) + SELFTEST_DATA_MAX + 4];
	unsigned int data_len;
	unsigned int udp_len;
	bool v6[KTURN_DIRS];	/* what comes from client and peer */
};

static unsigned int headers_len(bool v6)
{
	return v6 ? sizeof(struct kturn_headers6) :
		    sizeof(struct kturn_headers4);
}

static struct udphdr *udp_of(void *ip, bool v6)
{
	return ip + headers_len(v6) - sizeof(struct udphdr);
}

/* Sum over pseudo header, UDP header and data: 0 where the checksum is right. */
static __sum16 full_check(void *ip, bool v6)
{
	struct udphdr *udp = udp_of(ip, v6);
	unsigned int len = ntohs(udp->len);
	__wsum sum = csum_partial(udp, len, 0);

	if (v6) {
		struct ipv6hdr *h = ip;

		return csum_ipv6_magic(&h->saddr, &h->daddr, len, IPPROTO_UDP,
				       sum);
	} else {
		struct iphdr *h = ip;

		return csum_tcpudp_magic(h->saddr, h->daddr, len, IPPROTO_UDP,
					 sum);
	}
}

static void random_tuples(struct selftest *t)
{
	__be16 number = htons(0x4000 | (get_random_u32() & 0xfff));
	enum kturn_dir dir;

	for (dir = 0; dir < KTURN_DIRS; dir++) {
		struct kturn_flow *flow = &t->flow[dir];

		get_random_bytes(flow, sizeof(*flow));
		if (t->v6[dir])
			flow->tuple6.number = dir == KTURN_TO_PEER ? number : 0;
		else
			flow->tuple4.number = dir == KTURN_TO_PEER ? number : 0;
	}
	kturn_rewrite_prepare(t->flow, t->v6[KTURN_TO_PEER] ? AF_INET6 : AF_INET,
			      t->v6[KTURN_TO_CLIENT] ? AF_INET6 : AF_INET);
}

static void write_headers(struct selftest *t, void *ip, enum kturn_dir dir)
{
	const struct kturn_flow *flow = &t->flow[dir];
	struct udphdr *udp = udp_of(ip, t->v6[dir]);

	if (t->v6[dir]) {
		struct ipv6hdr *h = ip;

		h->version = 6;
		h->payload_len = htons(t->udp_len);
		h->saddr = flow->tuple6.saddr;
		h->daddr = flow->tuple6.daddr;
		udp->source = flow->tuple6.sport;
		udp->dest = flow->tuple6.dport;
	} else {
		struct iphdr *h = ip;

		h->version = 4;
		h->ihl = 5;
		h->tot_len = htons(t->udp_len + sizeof(*h));
		/* Without a hop left it would not be rewritten. */
		h->ttl = h->ttl ?: 1;
		h->saddr = flow->tuple4.saddr;
		h->daddr = flow->tuple4.daddr;
		h->check = 0;
		h->check = ip_fast_csum(h, sizeof(*h) / 4);
		udp->source = flow->tuple4.sport;
		udp->dest = flow->tuple4.dport;
	}
	udp->len = htons(t->udp_len);
	udp->check = 0;
	udp->check = full_check(ip, t->v6[dir]) ?: CSUM_MANGLED_0;
}

/* A random datagram as the relay receives it in direction @dir. */
static void *random_datagram(struct selftest *t, enum kturn_dir dir)
{
	const struct kturn_flow *flow = &t->flow[dir];
	struct kturn_channel_data *cd;
	void *ip = t->datagram;

	get_random_bytes(t->datagram, sizeof(t->datagram));
	t->data_len = get_random_u32() % (SELFTEST_DATA_MAX + 1);
	t->udp_len = sizeof(struct udphdr) + t->data_len;
	if (dir == KTURN_TO_PEER) {
		t->udp_len += sizeof(*cd);
		cd = ip + headers_len(t->v6[dir]);
		cd->number = t->v6[dir] ? flow->tuple6.number :
					  flow->tuple4.number;
		cd->len = htons(t->data_len);
	}
	write_headers(t, ip, dir);
	return ip;
}

static void rewrite_headers(const struct selftest *t, void *to, const void *from,
			    enum kturn_dir dir)
{
	bool v6_in = t->v6[dir], v6_out = t->v6[!dir];

	if (v6_in && v6_out)
		kturn_rewrite6(to, from, &t->rw);
	else if (v6_in)
		kturn_rewrite64(to, from, &t->rw);
	else if (v6_out)
		kturn_rewrite46(to, from, &t->rw);
	else
		kturn_rewrite4(to, from, &t->rw);
}

static void *rewrite(struct selftest *t, void *ip, enum kturn_dir dir)
{
	const u16 word = (__force u16)htons(t->data_len);
	const struct kturn_flow *flow = &t->flow[dir], *out = &t->flow[!dir];
	int delta = dir == KTURN_TO_PEER ? -4 : 4;
	void *to = ip + headers_len(t->v6[dir]) - headers_len(t->v6[!dir]) -
		   delta;

	t->rw = (struct kturn_rewrite) {
		.out = out,
		.csum = KTURN_CSUM_FULL,
		.len_delta = delta,
		.sum = flow->csum,
		.sum_pseudo = flow->csum_pseudo,
		.csum_delta = dir == KTURN_TO_PEER ? (u16)~word : word,
	};
	rewrite_headers(t, to, ip, dir);
	if (dir == KTURN_TO_CLIENT) {
		struct kturn_channel_data *cd = to + headers_len(t->v6[!dir]);

		cd->number = t->v6[!dir] ? out->tuple6.number :
					   out->tuple4.number;
		cd->len = htons(t->data_len);
	}
	return to;
}

/* @damage is added to the data on its way here; it has to show afterwards. */
static bool round_ok(struct selftest *t, enum kturn_dir dir, bool damage)
{
	void *ip = random_datagram(t, dir);
	u8 *last = ip + headers_len(t->v6[dir]) + t->udp_len -
		   sizeof(struct udphdr) - 1;

	damage = damage && t->data_len;
	if (damage)
		*last ^= 1;
	ip = rewrite(t, ip, dir);
	if (!t->v6[!dir] && ip_fast_csum(ip, 5))
		return false;
	return !full_check(ip, t->v6[!dir]) == !damage;
}

/**
 * kturn_rewrite_selftest() - hold rewriting against full checksums
 *
 * Return: true if it holds
 */
bool __init kturn_rewrite_selftest(void)
{
	static struct selftest t __initdata;
	int i;

	for (i = 0; i < SELFTEST_ROUNDS; i++) {
		enum kturn_dir dir = i & 1;

		t.v6[KTURN_TO_PEER] = i & 2;
		t.v6[KTURN_TO_CLIENT] = i & 4;
		random_tuples(&t);
		if (!round_ok(&t, dir, i & 8)) {
			pr_err("kturn: self-test of rewriting failed: IPv%d to IPv%d, direction %d, %u bytes\n",
			       t.v6[dir] ? 6 : 4, t.v6[!dir] ? 6 : 4, dir,
			       t.data_len);
			return false;
		}
	}
	pr_info("kturn: self-test of rewriting passed\n");
	return true;
}
